/* Tests: common/key/keyfile_attempts.c
 * Wrong passphrases are counted, told, and make the next ones wait. No test here waits: each hands in a time at which
 * nothing is left to wait for. */
#include "keyfile_fixture.h"

static uint8_t key[KEYFILE_KEY_BYTES];

static void wrong_at(uint64_t now_ms)
{
    uint8_t again[KEYFILE_KEY_BYTES];
    assert_int_equal(keyfile_open_at(OTHER, now_ms, again), E_WRONG_KEY);
}

static struct keyfile_opened right_at(uint64_t now_ms)
{
    struct keyfile_opened opened;
    uint8_t again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    assert_int_equal(keyfile_open(keyfile_path, TYPED(PASS, PASS_BYTES, now_ms), again, &opened, &e), 0);
    assert_memory_equal(again, key, sizeof key);
    return opened;
}

/* Goal: the next right passphrase tells how many were wrong, and when the last was; then the count begins anew. */
static void they_are_counted_and_told(void **state)
{
    struct keyfile_opened opened;
    uint8_t again[KEYFILE_KEY_BYTES];
    (void)state;
    keyfile_make(key);
    opened = right_at(NOW);
    assert_int_equal(opened.wrong, 0);
    assert_int_equal(opened.wrong_ms, 0);
    for (uint64_t i = 1; i <= 12; i++) {
        wrong_at(NOW + i * DAY);
        assert_int_equal(keyfile_slots_of(KEYFILE_ATTEMPTS, NULL), 1);
    }
    /* What no passphrase can be is a slip of the hand and does not count. */
    assert_int_equal(keyfile_open_at("short", NOW + 13 * DAY, again), E_WRONG_KEY);
    opened = right_at(NOW + 13 * DAY);
    assert_int_equal(opened.wrong, 12);
    assert_int_equal(opened.wrong_ms, NOW + 12 * DAY);
    assert_int_equal(keyfile_slots_of(KEYFILE_ATTEMPTS, NULL), 0);
    assert_int_equal(right_at(NOW).wrong, 0);
}

/* Goal: the first three are free; then the wait doubles from one second up to a minute. */
static void the_wait_doubles_up_to_a_minute(void **state)
{
    static const unsigned expected[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
    (void)state;
    assert_int_equal(keyfile_wait_s(keyfile_path, NOW), 0);
    keyfile_make(key);
    for (uint64_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        uint64_t last = NOW + i * DAY;
        assert_int_equal(keyfile_wait_s(keyfile_path, last), expected[i]);
        assert_int_equal(keyfile_wait_s(keyfile_path, last + 1000ull * expected[i]), 0);
        if (expected[i] > 0) {
            assert_int_equal(keyfile_wait_s(keyfile_path, last + 1000ull * expected[i] - 1), 1);
            assert_int_equal(keyfile_wait_s(keyfile_path, last + 1), expected[i]);
        }
        wrong_at(NOW + (i + 1) * DAY);
    }
    (void)right_at(NOW + 30 * DAY);
    assert_int_equal(keyfile_wait_s(keyfile_path, NOW), 0);
}

/* Goal: whatever the clock does, nobody waits longer than a minute, and everything is counted. */
static void clocks_that_jump_do_no_harm(void **state)
{
    (void)state;
    keyfile_make(key);
    for (uint64_t i = 1; i <= 20; i++)
        wrong_at(NOW + i * DAY);
    assert_int_equal(keyfile_wait_s(keyfile_path, 0), 60);
    assert_int_equal(keyfile_wait_s(keyfile_path, NOW), 60);
    assert_int_equal(keyfile_wait_s(keyfile_path, UINT64_MAX), 0);
    wrong_at(UINT64_MAX);
    assert_int_equal(keyfile_wait_s(keyfile_path, NOW), 60);
    assert_int_equal(keyfile_wait_s(keyfile_path, UINT64_MAX), 60);
}

/* Goal: the count is written before the passphrase is tried, so that killing the program in between wins nothing. */
static void counted_before_it_is_tried(void **state)
{
    struct keyfile_try t;
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    for (uint64_t i = 1; i <= 3; i++)
        wrong_at(NOW + i * DAY);
    assert_int_equal(keyfile_attempts_begin(&t, keyfile_path, TYPED(PASS, PASS_BYTES, NOW + 4 * DAY), &e), 0);
    assert_int_equal(keyfile_wait_s(keyfile_path, NOW + 4 * DAY), 2);
    /* Neither right nor wrong (no memory, say): as if it had not been. */
    keyfile_attempts_end(&t, E_MEMORY);
    assert_int_equal(keyfile_wait_s(keyfile_path, NOW + 3 * DAY), 1);
    assert_int_equal(right_at(NOW + 5 * DAY).wrong, 3);
}

/* Goal: a lease that has ended, and the link, neither count nor end the count; renewing ends it and tells it. */
static void leases_keep_the_count(void **state)
{
    struct keyfile_lease lease = {.secret = {5}, .until_ms = NOW + 10 * DAY, .seen_ms = NOW};
    struct keyfile_opened opened;
    uint8_t again[KEYFILE_KEY_BYTES], link[32] = {7};
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, PASS, PASS_BYTES, KEYFILE_MINIMUM, link), &e), 0);
    for (uint64_t i = 1; i <= 4; i++)
        wrong_at(NOW + i * DAY);
    assert_int_equal(keyfile_open_at(PASS, NOW + 10 * DAY, again), E_LOCKED);
    assert_int_equal(keyfile_open_link(keyfile_path, TYPED(PASS, PASS_BYTES, NOW + 11 * DAY), again, &e), 0);
    assert_int_equal(keyfile_open_link(keyfile_path, TYPED(OTHER, OTHER_BYTES, NOW + 12 * DAY), again, &e),
                     E_WRONG_KEY);
    lease.until_ms += 30 * DAY;
    assert_int_equal(
        keyfile_lease_renew(keyfile_path, TYPED(PASS, PASS_BYTES, NOW + 13 * DAY), &lease, again, &opened, &e), 0);
    assert_memory_equal(again, key, sizeof key);
    assert_int_equal(opened.wrong, 5);
    assert_int_equal(opened.wrong_ms, NOW + 12 * DAY);
    assert_int_equal(keyfile_slots_of(KEYFILE_ATTEMPTS, NULL), 0);
}

/* Goal: if the file cannot be written, the right passphrase opens and the wrong one does not; nothing is counted. */
static void read_only_media_open(void **state)
{
    uint8_t again[KEYFILE_KEY_BYTES];
    (void)state;
    keyfile_make(key);
    for (uint64_t i = 1; i <= 3; i++)
        wrong_at(NOW + i * DAY);
    keyfile_make_read_only(1);
    assert_int_equal(keyfile_open_at(OTHER, NOW + 4 * DAY, again), E_WRONG_KEY);
    assert_int_equal(right_at(NOW + 5 * DAY).wrong, 3);
    assert_int_equal(right_at(NOW + 6 * DAY).wrong, 3);
    keyfile_make_read_only(0);
    assert_int_equal(right_at(NOW + 7 * DAY).wrong, 3);
    assert_int_equal(right_at(NOW + 8 * DAY).wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(they_are_counted_and_told),  TEST(the_wait_doubles_up_to_a_minute), TEST(clocks_that_jump_do_no_harm),
        TEST(counted_before_it_is_tried), TEST(leases_keep_the_count),           TEST(read_only_media_open),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
