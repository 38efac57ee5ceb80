/* Tests: common/base/moment.c
 * A local time goes to UTC and back, and a time that is not on the clock is said to be so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "moment.h"

/* A visit at half past two on the kitchen clock is kept in UTC and shown as half past two again, summer and winter. */
static void local_time_goes_there_and_back(void **state)
{
    char moment[MOMENT_TEXT], words[MOMENT_TEXT];
    struct error e;
    (void)state;
    assert_int_equal(moment_from_words("2025-07-31 14:30", moment, &e), 0);
    assert_string_equal(moment, "2025-07-31T12:30:00Z");
    moment_to_words(moment, words);
    assert_string_equal(words, "2025-07-31 14:30 CEST");
    assert_int_equal(moment_from_words("2025-01-31T14:30:15", moment, &e), 0);
    assert_string_equal(moment, "2025-01-31T13:30:15Z");
    moment_to_words(moment, words);
    assert_string_equal(words, "2025-01-31 14:30 CET");
}

/* Goal: what is shown can be typed again, and the zone tells the hour that comes twice. */
static void what_is_shown_can_be_typed(void **state)
{
    static const char *const utc[] = {"2025-07-31T12:30:00Z", "2025-01-31T13:30:00Z", "2025-10-26T00:30:00Z",
                                      "2025-10-26T01:30:00Z"};
    static const char *const shown[] = {"2025-07-31 14:30 CEST", "2025-01-31 14:30 CET", "2025-10-26 02:30 CEST",
                                        "2025-10-26 02:30 CET"};
    char moment[MOMENT_TEXT], words[MOMENT_TEXT];
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof utc / sizeof *utc; i++) {
        moment_to_words(utc[i], words);
        assert_string_equal(words, shown[i]);
        assert_int_equal(moment_from_words(words, moment, &e), 0);
        assert_string_equal(moment, utc[i]);
    }
    assert_int_equal(moment_from_words("2025-07-31 14:30 UTC", moment, &e), 0);
    assert_string_equal(moment, "2025-07-31T14:30:00Z");
    assert_int_equal(moment_from_words("2025-07-31 14:30 PDT", moment, &e), E_INPUT);
    assert_int_equal(moment_from_words("2025-07-31 14:30 CET", moment, &e), E_INPUT); /* in summer it is not */
}

/* Who writes a Z means UTC, and is taken at his word. */
static void utc_stays_utc(void **state)
{
    char moment[MOMENT_TEXT];
    struct error e;
    (void)state;
    assert_int_equal(moment_from_words("2025-07-31T14:30:00Z", moment, &e), 0);
    assert_string_equal(moment, "2025-07-31T14:30:00Z");
}

/* The hour that the clocks skip in spring, and days that no month has, are refused rather than moved. */
static void times_that_are_not_on_the_clock(void **state)
{
    static const char *const wrong[] = {"2025-03-30 02:30",     "2025-04-31 10:00",
                                        "2025-02-29 10:00",     "2025-02-30 10:00 UTC",
                                        "2025-04-31 10:00 UTC", "2025-07-31 14:30 and some words behind it"};
    char moment[MOMENT_TEXT];
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(moment_from_words(wrong[i], moment, &e), E_INPUT);
}

/* Goal: an hour that comes twice is the earlier one, whatever was asked before, and the later one if that is wanted. */
static void the_hour_that_comes_twice_does_not_depend_on_what_was_asked_before(void **state)
{
    static const char *const before[] = {"2025-07-31 14:30", "2025-01-31 14:30"};
    struct tm twice = {.tm_year = 125, .tm_mon = 9, .tm_mday = 26, .tm_hour = 2, .tm_min = 30};
    struct tm skipped = {.tm_year = 125, .tm_mon = 2, .tm_mday = 30, .tm_hour = 2, .tm_min = 30};
    char moment[MOMENT_TEXT];
    struct error e;
    time_t when;
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        assert_int_equal(moment_from_words(before[i], moment, &e), 0);
        assert_int_equal(moment_from_words("2025-10-26 02:30", moment, &e), 0);
        assert_string_equal(moment, "2025-10-26T00:30:00Z");
        assert_int_equal(moment_from_words(before[i], moment, &e), 0);
        assert_int_equal(moment_find_local(&twice, 1, &when), 0);
        assert_int_equal(when, 1761442200);
        assert_int_equal(moment_find_local(&twice, 0, &when), 0);
        assert_int_equal(when, 1761438600);
        assert_int_equal(moment_find_local(&skipped, (int)i, &when), -1);
    }
    assert_int_equal(moment_find_utc(&skipped, &when), 0);
}

/* What is no time goes on as it was typed, for the schema to refuse in its own words. */
static void other_words_are_left_alone(void **state)
{
    static const char *const words[] = {"", "tomorrow", "2025-07-31", "14:30", "2025-07-31 14"};
    char out[MOMENT_TEXT];
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_int_equal(moment_from_words(words[i], out, &e), 0);
        assert_string_equal(out, words[i]);
        moment_to_words(words[i], out);
        assert_string_equal(out, words[i]);
    }
}

/* A time that was written under a wrong clock is marked beside it, in the largest unit. */
static void a_wrong_clock_is_marked_beside_the_time(void **state)
{
    const uint64_t now = 1764500000000, day = 86400000;
    char out[MOMENT_WRITTEN], span[MOMENT_TEXT];
    (void)state;
    moment_written(now << 16, now, now + 1, out);
    assert_string_equal(out, "2025-11-30 11:53 CET");
    moment_written((now + 10 * day) << 16, now + 10 * day, now, out);
    assert_string_equal(out, "2025-12-10 11:53 CET [wrong clock: at least 10 days ahead]");
    moment_written(now << 16, now - 2200 * day, now, out);
    assert_string_equal(out, "2019-11-22 11:53 CET [wrong clock: at least 6 years behind]");
    moment_span(60000, span);
    assert_string_equal(span, "1 minute");
    moment_span(7199999, span);
    assert_string_equal(span, "1 hour");
    moment_span(0, span);
    assert_string_equal(span, "0 minutes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_time_goes_there_and_back),
        cmocka_unit_test(what_is_shown_can_be_typed),
        cmocka_unit_test(utc_stays_utc),
        cmocka_unit_test(times_that_are_not_on_the_clock),
        cmocka_unit_test(the_hour_that_comes_twice_does_not_depend_on_what_was_asked_before),
        cmocka_unit_test(other_words_are_left_alone),
        cmocka_unit_test(a_wrong_clock_is_marked_beside_the_time),
    };
    /* A zone with summer time, written out so that no zone file is needed. */
    (void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
