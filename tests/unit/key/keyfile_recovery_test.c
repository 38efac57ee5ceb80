/* Tests: common/key/keyfile_recovery.c
 * Recovery: two officers of one pair open together what neither opens alone. */
#include "keyfile_fixture.h"

static uint8_t key[KEYFILE_KEY_BYTES], secrets[4][32];

static void officers(void)
{
    keyfile_make(key);
    for (int i = 0; i < 4; i++)
        randombytes_buf(secrets[i], sizeof secrets[i]);
}

/* Opens with officers i and j, and returns the code; ids says who they were taken for. */
static int together(int i, int j, struct id ids[2])
{
    uint8_t again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    int code = keyfile_open_recovery(keyfile_path, secrets[i], secrets[j], again, ids, &e);
    if (code == 0)
        assert_memory_equal(again, key, sizeof key);
    else
        assert_true(sodium_is_zero(again, sizeof again) && id_is_zero(&ids[0]) && id_is_zero(&ids[1]));
    return code;
}

/* Goal: both together open, in either order; one alone, one twice, and two of different pairs open nothing. */
static void two_open_together(void **state)
{
    struct keyfile_pair pairs[2];
    struct id ids[2];
    struct error e = {0};
    (void)state;
    officers();
    assert_int_equal(together(0, 1, ids), E_NOT_FOUND);
    pairs[0] = keyfile_pair_of(secrets[0], secrets[1], 1);
    pairs[1] = keyfile_pair_of(secrets[2], secrets[3], 2);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs, 2, &e), 0);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            if (i / 2 == j / 2 && i != j) {
                assert_int_equal(together(i, j, ids), 0);
                assert_true(id_equal(&ids[0], &pairs[i / 2].officers[i % 2]));
                assert_true(id_equal(&ids[1], &pairs[j / 2].officers[j % 2]));
            } else {
                assert_int_equal(together(i, j, ids), E_WRONG_KEY);
            }
    keyfile_must_open(PASS, key);
}

/* Goal: an officer's own key file is a key file around an X25519 secret. */
static void officers_keep_key_files(void **state)
{
    uint8_t again[KEYFILE_KEY_BYTES], mine[2][32];
    char other[128];
    struct keyfile_pair pair;
    struct id ids[2];
    struct error e = {0};
    (void)state;
    officers();
    for (int i = 0; i < 2; i++) {
        (void)snprintf(other, sizeof other, "%s.officer%d", keyfile_path, i);
        assert_int_equal(keyfile_create(other, NEW("", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), mine[i], &e), 0);
        assert_int_equal(keyfile_open(other, TYPED(OTHER, OTHER_BYTES, NOW), again, NULL, &e), 0);
        assert_memory_equal(again, mine[i], sizeof again);
        assert_int_equal(unlink(other), 0);
    }
    pair = keyfile_pair_of(mine[0], mine[1], 3);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, &pair, 1, &e), 0);
    assert_int_equal(keyfile_open_recovery(keyfile_path, mine[1], mine[0], again, ids, &e), 0);
    assert_memory_equal(again, key, sizeof key);
}

/* Goal: setting replaces all pairs, leaves other slots alone, and writes nothing if they are there already. */
static void setting_replaces_all(void **state)
{
    struct keyfile_pair pairs[3], turned[2];
    struct stat before, after;
    struct keyfile_slot slot;
    struct id ids[2];
    struct error e = {0};
    (void)state;
    officers();
    pairs[0] = keyfile_pair_of(secrets[0], secrets[1], 1);
    pairs[1] = keyfile_pair_of(secrets[1], secrets[2], 2);
    pairs[2] = keyfile_pair_of(secrets[2], secrets[0], 3);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs, 2, &e), 0);
    assert_int_equal(keyfile_slots_of(KEYFILE_RECOVERY, &slot), 2);
    assert_true(id_equal(&slot.officers[0], &pairs[1].officers[0]) &&
                id_equal(&slot.officers[1], &pairs[1].officers[1]));
    assert_int_equal(stat(keyfile_path, &before), 0);
    turned[0] = pairs[1];
    turned[1] = pairs[0];
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, turned, 2, &e), 0);
    assert_int_equal(stat(keyfile_path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    /* A new signature, one pair less, other pairs: written. */
    turned[0].signature[0]++;
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, turned, 2, &e), 0);
    assert_int_equal(stat(keyfile_path, &before), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, &pairs[2], 1, &e), 0);
    {
        struct keyfile_pair listed[KEYFILE_PAIRS_MAX];
        size_t count = 0;
        assert_int_equal(keyfile_recovery_pairs(keyfile_path, listed, &count, &e), 0);
        assert_int_equal(count, 1);
        assert_memory_equal(&listed[0], &pairs[2], sizeof listed[0]);
    }
    assert_int_equal(keyfile_slots_of(KEYFILE_RECOVERY, NULL), 1);
    assert_int_equal(together(0, 1, ids), E_WRONG_KEY);
    assert_int_equal(together(0, 2, ids), 0);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, NULL, 0, &e), 0);
    assert_int_equal(keyfile_slots_of(KEYFILE_RECOVERY, NULL), 0);
    assert_int_equal(together(0, 2, ids), E_NOT_FOUND);
    keyfile_must_open(PASS, key);
}

/* Goal: pairs that are none change nothing; ten fit beside persons, a device and a count. */
static void bad_pairs_are_refused(void **state)
{
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX + 1];
    struct keyfile_lease lease = {.secret = {5}, .until_ms = NOW + DAY, .seen_ms = NOW};
    uint8_t again[KEYFILE_KEY_BYTES];
    struct id ids[2];
    struct error e = {0};
    (void)state;
    officers();
    for (uint8_t i = 0; i <= KEYFILE_PAIRS_MAX; i++)
        pairs[i] = keyfile_pair_of(secrets[0], secrets[1], i);
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs, KEYFILE_PAIRS_MAX + 1, &e), E_LIMIT);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs, KEYFILE_PAIRS_MAX, &e), 0);
    assert_int_equal(keyfile_slots_of(KEYFILE_RECOVERY, NULL), KEYFILE_PAIRS_MAX);
    for (int i = 0; i < 10; i++)
        assert_int_equal(
            keyfile_add_passphrase(keyfile_path, key, NEW("x", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e), 0);
    assert_int_equal(keyfile_opens("some other words", again), E_WRONG_KEY);
    pairs[1].officers[0] = pairs[0].officers[1];
    pairs[1].officers[1] = pairs[0].officers[0];
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs, 2, &e), E_INPUT);
    pairs[1].officers[0] = pairs[1].officers[1];
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs + 1, 1, &e), E_INPUT);
    pairs[2] = keyfile_pair_of(secrets[0], secrets[0], 2);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs + 2, 1, &e), E_INPUT);
    memset(pairs[3].public_keys[1], 0, 32);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, pairs + 3, 1, &e), E_INPUT);
    assert_int_equal(keyfile_slots_of(KEYFILE_RECOVERY, NULL), KEYFILE_PAIRS_MAX);
    assert_int_equal(together(0, 1, ids), 0);
}

/* Goal: nothing but recovery is not enough to leave behind. */
static void recovery_alone_does_not_stay(void **state)
{
    struct keyfile_pair pair;
    struct error e = {0};
    (void)state;
    officers();
    pair = keyfile_pair_of(secrets[0], secrets[1], 1);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, &pair, 1, &e), 0);
    assert_int_equal(keyfile_remove(keyfile_path, key, 0, &e), E_REFUSED);
    assert_int_equal(keyfile_remove(keyfile_path, key, 1, &e),
                     E_NOT_FOUND); /* the pairs go with keyfile_recovery_set alone */
    keyfile_must_open(PASS, key);
}

/* Goal: boxes that somebody else sealed around another key do not pass for this file's key. */
static void forged_boxes_are_found(void **state)
{
    uint8_t bytes[KEYFILE_FILE_MAX], inner[80];
    const uint8_t evil[32] = {6, 6, 6};
    struct keyfile_pair pair;
    struct id ids[2];
    struct error e = {0};
    size_t count;
    (void)state;
    officers();
    pair = keyfile_pair_of(secrets[0], secrets[1], 1);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, &pair, 1, &e), 0);
    count = keyfile_load(bytes, sizeof bytes);
    assert_int_equal(crypto_box_seal(inner, evil, sizeof evil, pair.public_keys[1]), 0);
    assert_int_equal(crypto_box_seal(bytes + count - 128, inner, sizeof inner, pair.public_keys[0]), 0);
    keyfile_save(bytes, count);
    assert_int_equal(together(0, 1, ids), E_VERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_open_together),     TEST(officers_keep_key_files),      TEST(setting_replaces_all),
        TEST(bad_pairs_are_refused), TEST(recovery_alone_does_not_stay), TEST(forged_boxes_are_found),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
