/* Tests: daemon/server/pace.c
 * The pace at which one laptop is dealt to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pace.h"

static struct id laptop(unsigned number)
{
    struct id id = {{0}};
    id.b[0] = (uint8_t)number;
    id.b[1] = (uint8_t)(number >> 8);
    return id;
}

/* Goal: a laptop that is dealt much in a short time waits, as long as the rate says, and no other one does. */
static void who_pulls_without_end_waits_and_nobody_else(void **state)
{
    struct pace p = {0};
    struct id one = laptop(1), other = laptop(2);
    uint64_t now = 1000;
    (void)state;
    for (uint64_t i = 0; i < PACE_BURST; i += PACE_BEGINNING) {
        assert_int_equal(pace_wait_ms(&p, &one, now), 0);
        pace_spend(&p, &one, PACE_BEGINNING, now);
    }
    assert_int_equal(pace_wait_ms(&p, &one, now), 0); /* what comes without a wait */
    pace_spend(&p, &one, 2 * PACE_PER_SECOND, now);
    assert_in_range(pace_wait_ms(&p, &one, now), 2000, 2001);
    assert_in_range(pace_wait_ms(&p, &one, now + 1500), 500, 502);
    assert_int_equal(pace_wait_ms(&p, &one, now + 2001), 0);
    assert_int_equal(pace_wait_ms(&p, &other, now), 0);
    pace_free(&p);
}

/* Goal: however many laptops come, what is remembered is bounded, and the place of one that was quiet is used again. */
static void what_is_remembered_is_bounded(void **state)
{
    struct pace p = {0};
    (void)state;
    for (unsigned i = 0; i < PACE_LAPTOPS_MAX + 10; i++) {
        struct id id = laptop(i);
        pace_spend(&p, &id, PACE_PER_SECOND, 0);
    }
    assert_int_equal(p.count, PACE_LAPTOPS_MAX);
    for (unsigned i = 0; i < 10; i++) {
        struct id id = laptop(PACE_LAPTOPS_MAX + i);
        pace_spend(&p, &id, PACE_BURST + PACE_PER_SECOND, 2000);
        assert_true(pace_wait_ms(&p, &id, 2000) > 0);
    }
    assert_int_equal(p.count, PACE_LAPTOPS_MAX);
    pace_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_pulls_without_end_waits_and_nobody_else),
        cmocka_unit_test(what_is_remembered_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
