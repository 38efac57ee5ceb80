/* Tests: daemon/central/lease.c
 * The lease that the office gives a laptop: a secret that is always the same for one laptop and another for each, an
 * end that moves with every meeting, and neither for a laptop that is revoked. */
#include "office_fixture.h"

#include "lease.h"

static struct lease give(struct central *c, const struct id *device, int revoked, uint64_t now_ms)
{
    struct lease g;
    memset(&g, 0xff, sizeof g);
    PAIR_OK(lease_of(c, device, revoked, now_ms, &g, &pair_e));
    return g;
}

/* Goal: the secret depends on the laptop and the office's master secret alone, and gives neither away. */
static void test_secret(void **state)
{
    struct central *c = *state;
    struct id one = id_new(1), two = id_new(2);
    struct lease a = give(c, &one, 0, 1000), b = give(c, &two, 0, 1000), again = give(c, &one, 0, 5000);
    assert_memory_equal(a.secret, again.secret, 32);
    assert_memory_not_equal(a.secret, b.secret, 32);
    assert_memory_not_equal(a.secret, c->keys->lease_secret, 32);
    assert_memory_equal(b.secret, give(c, &two, 0, 1).secret, 32);
    c->keys->lease_secret[31] ^= 1;
    assert_memory_not_equal(a.secret, give(c, &one, 0, 1000).secret, 32);
}

/* Goal: a revoked laptop gets zeros and no end. */
static void test_revoked(void **state)
{
    struct central *c = *state;
    struct id one = id_new(1);
    struct lease g = give(c, &one, 1, 1000);
    assert_true(sodium_is_zero(g.secret, sizeof g.secret));
    assert_int_equal(g.until_ms, 0);
}

static void set_days(struct central *c, const char *days)
{
    pair_office_write(c, KIND_OFFICE, &pair_everywhere, &c->office, 0, "lease_days", days, NULL);
}

/* Goal: it ends as many days from now as the office says; if it says nothing, or nonsense, after thirty. */
static void test_end(void **state)
{
    struct central *c = *state;
    struct id one = id_new(1);
    static const struct {
        const char *words;
        uint64_t days;
    } table[] = {{"", 30}, {"7", 7}, {"1", 1}, {"400", 400}, {"401", 30}, {"0", 30}, {"-1", 30}, {"", 30}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        set_days(c, table[i].words);
        assert_int_equal(give(c, &one, 0, 12345).until_ms, 12345 + table[i].days * 24 * 3600 * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_secret, office_set_up, office_tear_down),
        cmocka_unit_test_setup_teardown(test_revoked, office_set_up, office_tear_down),
        cmocka_unit_test_setup_teardown(test_end, office_set_up, office_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
