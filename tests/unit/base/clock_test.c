/* Tests: common/base/clock.c
 * The logical clock always rises, follows what it has seen, and a wall clock that is ahead wins nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"

static const uint64_t walls[] = {
    0,         1, 1000, 1732400000000, (1ull << 47) - 2, (1ull << 47) - 1, 1ull << 47, CLOCK_MS_MAX, CLOCK_MS_MAX + 1,
    UINT64_MAX};
static const uint64_t stamps[] = {0,
                                  1,
                                  0xffff,
                                  0x10000,
                                  1732400000000ull << 16,
                                  (1732400000000ull << 16) + 0xffff,
                                  INT64_MAX - 1,
                                  INT64_MAX,
                                  (uint64_t)INT64_MAX + 1,
                                  UINT64_MAX};
enum { WALLS = sizeof walls / sizeof *walls, STAMPS = sizeof stamps / sizeof *stamps };

/* Goal: a clock that runs on gives its own millisecond with a counter of zero. */
static void test_wall_leads(void **state)
{
    (void)state;
    assert_true(clock_next(0, 5) == 5ull << 16);
    assert_true(clock_next(5ull << 16, 6) == 6ull << 16);
    assert_true(clock_next((5ull << 16) + 9, 6) == 6ull << 16);
    assert_true(clock_ms(clock_next(0, 1732400000123)) == 1732400000123);
}

/* Goal: a clock that stands still or goes back counts on, and a full counter carries into the milliseconds. */
static void test_counter(void **state)
{
    (void)state;
    assert_true(clock_next(5ull << 16, 5) == (5ull << 16) + 1);
    assert_true(clock_next((5ull << 16) + 1, 4) == (5ull << 16) + 2);
    assert_true(clock_next((5ull << 16) + 0xffff, 5) == 6ull << 16);
}

/* Goal: whatever the wall says, the next stamp is greater than the last and one that a store can hold, up to the very
 * last stamp there is. */
static void test_always_rises(void **state)
{
    (void)state;
    for (int i = 0; i < STAMPS; i++)
        for (int k = 0; k < WALLS; k++) {
            uint64_t next = clock_next(stamps[i], walls[k]);
            assert_true(next <= INT64_MAX);
            assert_true(next > stamps[i] || stamps[i] >= INT64_MAX);
        }
}

/* Goal: seeing a stamp never moves a clock back. */
static void test_seen(void **state)
{
    (void)state;
    for (int i = 0; i < STAMPS; i++)
        for (int k = 0; k < STAMPS; k++) {
            uint64_t seen = clock_seen(stamps[i], stamps[k]);
            assert_true(seen >= stamps[i] && seen >= stamps[k] && (seen == stamps[i] || seen == stamps[k]));
        }
}

/* Goal: a stamp counts for its receipt's last moment at most, and as it is before it was received. */
static void test_effective(void **state)
{
    (void)state;
    assert_true(clock_effective(7ull << 16, 0) == 7ull << 16);
    assert_true(clock_effective(UINT64_MAX, 0) == UINT64_MAX);
    assert_true(clock_effective(7ull << 16, 8) == 7ull << 16);
    assert_true(clock_effective((7ull << 16) + 0xffff, 7) == (7ull << 16) + 0xffff);
    assert_true(clock_effective(8ull << 16, 7) == (7ull << 16) + 0xffff);
    assert_true(clock_effective(UINT64_MAX, 7) == (7ull << 16) + 0xffff);
    assert_true(clock_effective(5, CLOCK_MS_MAX) == 5);
    assert_true(clock_effective(UINT64_MAX, UINT64_MAX) == UINT64_MAX); /* not a receipt */
    for (int i = 0; i < STAMPS; i++)
        for (int k = 0; k < WALLS; k++)
            assert_true(clock_effective(stamps[i], walls[k]) <= stamps[i]);
}

/* Goal: what was written under a wrong clock is marked: ahead of its receipt, or behind a time that its device knew. */
static void written_under_a_wrong_clock(void **state)
{
    const uint64_t now = 1764500000000, hour = 3600000, year = 365 * 24 * hour;
    (void)state;
    assert_true(clock_off(now << 16, now, now + 5 * hour) == 0);
    assert_true(clock_off(now << 16, now, 0) == 0);
    assert_true(clock_off((now + year) << 16, now + year, now) == (int64_t)year);
    assert_true(clock_off((now + year) << 16, now + year, 0) == 0); /* nobody can know yet */
    assert_true(clock_off(now << 16 | 3, now - 6 * year, now + hour) == -6 * (int64_t)year);
    assert_true(clock_off(now << 16 | 3, now - 6 * year, 0) == -6 * (int64_t)year);
    assert_true(clock_off(now << 16, now, now - CLOCK_FITS_MS) == 0);
    assert_true(clock_off(now << 16, now, now - CLOCK_FITS_MS - 1) == CLOCK_FITS_MS + 1);
    assert_true(clock_off((now + CLOCK_FITS_MS) << 16, now, 0) == 0);
    assert_true(clock_off((now + CLOCK_FITS_MS + 1) << 16, now, 0) == -CLOCK_FITS_MS - 1);
    assert_true(clock_off(INT64_MAX, INT64_MAX, 1) == INT64_MAX - 1);
    assert_true(clock_off(INT64_MAX, 0, INT64_MAX) == -(INT64_MAX >> 16));
}

/* Goal: the wall clock is the system's, in milliseconds. */
static void test_wall(void **state)
{
    time_t before = time(NULL);
    uint64_t wall = clock_wall();
    (void)state;
    /* A second either way: time() may be a tick behind clock_gettime. */
    assert_true(wall / 1000 + 1 >= (uint64_t)before && wall / 1000 <= (uint64_t)time(NULL) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall_leads),
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_always_rises),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_effective),
        cmocka_unit_test(test_wall),
        cmocka_unit_test(written_under_a_wrong_clock),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
