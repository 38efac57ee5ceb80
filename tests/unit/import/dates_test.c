/* Tests: daemon/import/dates.c
 * One rule for days and times, whatever another system writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "dates.h"

static void expect_day(const char *text, unsigned orders, const char *day)
{
    char out[MOMENT_TEXT];
    if (dates_day(text, orders, out) != 0)
        fail_msg("%s is no day", text);
    assert_string_equal(out, day);
}

static void expect_moment(const char *text, const char *moment)
{
    char out[MOMENT_TEXT];
    if (dates_moment(text, dates_orders(text), out) != 0)
        fail_msg("%s is no time", text);
    assert_string_equal(out, moment);
}

/* Goal: each form is a day in the orders in which it is one, and in no other. */
static void orders(void **state)
{
    static const struct {
        const char *text;
        unsigned orders;
    } forms[] = {{"2022-03-31", DATES_YEAR_FIRST},
                 {"2022/3/1", DATES_YEAR_FIRST},
                 {"20220331", DATES_YEAR_FIRST},
                 {"03/31/2022", DATES_MONTH_FIRST},
                 {"31.03.2022", DATES_DAY_FIRST},
                 {"3/4/2022", DATES_MONTH_FIRST | DATES_DAY_FIRST},
                 {"31-Mar-2022", DATES_MONTH_NAME},
                 {" 2022-03-31 ", DATES_YEAR_FIRST},
                 {"03-31-2022 12:00:00", DATES_MONTH_FIRST},
                 {"9/1/2022 1:05 PM", DATES_MONTH_FIRST | DATES_DAY_FIRST},
                 {"2024-02-29", DATES_YEAR_FIRST},
                 {"2022-02-29", 0},
                 {"2022-13-01", 0},
                 {"1/2/22", 0}, /* of which century? */
                 {"2022-03/31", 0},
                 {"2022-03", 0},
                 {"2022-03-31x", 0},
                 {"2022-03-31 25:00", 0},
                 {"2022-03-31 13:00 PM", 0},
                 {"31-Mrz-2022", 0},
                 {"", 0},
                 {"not a day", 0},
                 {"20220230", 0},
                 {"00000000", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (dates_orders(forms[i].text) != forms[i].orders)
            fail_msg("%s: %u", forms[i].text, dates_orders(forms[i].text));
}

/* Goal: of the orders that a column leaves the first counts; what is no day in it is none. */
static void the_column_decides(void **state)
{
    char out[MOMENT_TEXT];
    (void)state;
    expect_day("3/4/2022", DATES_MONTH_FIRST | DATES_DAY_FIRST, "2022-03-04");
    expect_day("3/4/2022", dates_orders("3/4/2022") & dates_orders("31/3/2022"), "2022-04-03");
    expect_day("2021-08-22 23:59:59", DATES_YEAR_FIRST, "2021-08-22"); /* as it stands there */
    /* A column that holds both orders tells nothing of a value that may be either. */
    expect_day("31/3/2022", 0, "2022-03-31");
    assert_int_equal(dates_day("3/4/2022", dates_orders("31/3/2022") & dates_orders("3/31/2022"), out), -1);
    assert_int_equal(dates_day("2022-02-30", DATES_ANY, out), -1);
    assert_string_equal(dates_name(DATES_MONTH_FIRST | DATES_DAY_FIRST), "month, day, year");
    assert_string_equal(dates_name(0), "no one order");
}

/* Goal: a time is the clock's here, unless it says otherwise; a day stays a day; a time that no clock here showed is
 * none. */
static void moments(void **state)
{
    char out[MOMENT_TEXT];
    (void)state;
    expect_moment("2022-03-31", "2022-03-31");
    expect_moment("2022-03-31 13:05", "2022-03-31T11:05:00Z");
    expect_moment("1/31/2022 1:05 PM", "2022-01-31T12:05:00Z");
    expect_moment("1/31/2022 12:05 AM", "2022-01-30T23:05:00Z");
    expect_moment("2022-03-31T13:05:59.123Z", "2022-03-31T13:05:59Z");
    expect_moment("2022-03-31T13:05:59+01:00", "2022-03-31T12:05:59Z");
    expect_moment("2022-03-31 13:05:59 -0500", "2022-03-31T18:05:59Z");
    assert_int_equal(dates_moment("2022-03-27 02:30", DATES_ANY, out), -1); /* the clock went from 2 to 3 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(the_column_decides),
        cmocka_unit_test(moments),
    };
    (void)setenv("TZ", "Europe/Berlin", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
