/* Tests: common/key/keyfile.c common/key/keyfile_image.c common/key/keyfile_slot.c common/key/keyfile_attempts.c
 *     common/key/keyfile_lease.c common/key/keyfile_recovery.c
 * A key file with a slot of every type, damaged everywhere: whatever opens gives the right key, and nothing crashes. */
#include "keyfile_fixture.h"

static const uint8_t program[32] = {3, 3}, link_secret[32] = {7, 7};
static uint8_t key[KEYFILE_KEY_BYTES], officer_a[32] = {8}, officer_b[32] = {16}, good[KEYFILE_FILE_MAX + 1];
static size_t count;

static void add_slots(void)
{
    struct keyfile_lease lease = {.secret = {5, 5}, .until_ms = NOW + 1000 * DAY, .seen_ms = NOW};
    struct keyfile_pair pair = keyfile_pair_of(officer_a, officer_b, 1);
    uint8_t again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    keyfile_make(key);
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(
        keyfile_add_passphrase(keyfile_path, key, NEW("Bo", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, link_secret), &e), 0);
    assert_int_equal(keyfile_add_secret(keyfile_path, key, "daemon", program, &e), 0);
    assert_int_equal(keyfile_recovery_set(keyfile_path, key, &pair, 1, &e), 0);
    assert_int_equal(keyfile_open_at("some other words", NOW, again), E_WRONG_KEY);
    count = keyfile_load(good, sizeof good);
    assert_int_equal(count, 104 + 152 + 144 + 224 + 136 + 352 + 80);
}

/* Everything that can be asked of the file. Returns how many of the questions had no answer. */
static int ask(void)
{
    static uint64_t now_ms = NOW + DAY;
    uint8_t again[KEYFILE_KEY_BYTES];
    struct keyfile_slot slots[KEYFILE_SLOTS_MAX];
    struct keyfile_chain_end end;
    struct keyfile_lease lease;
    struct id ids[2];
    struct error e = {0};
    size_t slot_count;
    int failed = 0, code;
    now_ms += 100000;
    code = keyfile_open(keyfile_path, TYPED(PASS, PASS_BYTES, now_ms), again, NULL, &e);
    failed += code != 0;
    assert_true(code != 0 || memcmp(again, key, sizeof key) == 0);
    now_ms += 100000;
    code = keyfile_open(keyfile_path, TYPED(OTHER, OTHER_BYTES, now_ms), again, NULL, &e);
    failed += code != 0;
    assert_true(code != 0 || memcmp(again, key, sizeof key) == 0);
    now_ms += 100000;
    code = keyfile_open_link(keyfile_path, TYPED(OTHER, OTHER_BYTES, now_ms), again, &e);
    failed += code != 0;
    assert_true(code != 0 || memcmp(again, link_secret, sizeof again) == 0);
    code = keyfile_open_secret(keyfile_path, program, again, &e);
    failed += code != 0;
    assert_true(code != 0 || memcmp(again, key, sizeof key) == 0);
    code = keyfile_open_recovery(keyfile_path, officer_a, officer_b, again, ids, &e);
    failed += code != 0;
    assert_true(code != 0 || memcmp(again, key, sizeof key) == 0);
    failed += keyfile_lease_get(keyfile_path, key, now_ms, &lease, &e) != 0;
    failed += keyfile_chain_end_get(keyfile_path, key, &end, &e) != 0;
    failed += keyfile_list(keyfile_path, slots, KEYFILE_SLOTS_MAX, &slot_count, &e) != 0;
    assert_true(keyfile_wait_s(keyfile_path, NOW) <= 60);
    return failed;
}

/* 1 if a flip in this byte says nothing that anybody relies on: what Argon2id should cost (it opens nothing then,
 * but a test of it takes long), the number and the label of slots whose header nothing wraps, who the officers are (the
 * office's signature says so), and the count of wrong passphrases, which may also become a slot of a later type. */
static int is_free(size_t at)
{
    struct keyfile_image image;
    size_t slot = KEYFILE_SLOTS_AT, within;
    uint8_t type;
    memcpy(image.bytes, good, count);
    image.count = count;
    if (at < slot)
        return 0;
    while (slot + keyfile_image_slot(&image, slot) <= at)
        slot += keyfile_image_slot(&image, slot);
    within = at - slot;
    type = good[slot + KEYFILE_AT_TYPE];
    if (type == KEYFILE_PASSPHRASE)
        return within >= KEYFILE_AT_PASSES && within < KEYFILE_AT_FLAGS;
    if (type == KEYFILE_RECOVERY)
        return within == KEYFILE_AT_NUMBER || (within >= KEYFILE_AT_LABEL && within < 64 + 16) ||
               (within >= 64 + 48 && within < 64 + 64) || (within >= 64 + 96 && within < 64 + 160);
    return type == KEYFILE_ATTEMPTS &&
           (within == KEYFILE_AT_NUMBER || within == KEYFILE_AT_TYPE || within >= KEYFILE_AT_LABEL);
}

/* Goal: a flipped bit anywhere makes some answer fail, or says nothing that counts; and it never makes a wrong key. */
static void every_flip_is_found(void **state)
{
    uint8_t bad[KEYFILE_FILE_MAX];
    (void)state;
    add_slots();
    for (size_t i = 0; i < count; i++) {
        int found;
        if (is_free(i) && i % 8 != 0) /* a sample of them */
            continue;
        memcpy(bad, good, count);
        bad[i] ^= (uint8_t)(1 << (i * 5 + 3) % 8);
        keyfile_save(bad, count);
        found = ask() > 0;
        if (!found && !is_free(i))
            print_error("byte %zu\n", i);
        assert_true(found || is_free(i));
    }
    keyfile_save(good, count);
    assert_int_equal(ask(), 0);
}

/* Goal: a file that is cut anywhere else than between two slots is no key file; between two, what is left still opens
 * to the right key alone. */
static void every_cut_is_found(void **state)
{
    struct keyfile_image image;
    size_t edge = KEYFILE_SLOTS_AT;
    (void)state;
    add_slots();
    memcpy(image.bytes, good, count);
    image.count = count;
    for (size_t cut = 0; cut < count; cut++) {
        int is_edge = cut > KEYFILE_SLOTS_AT && cut == edge;
        struct keyfile_slot slot;
        struct error e = {0};
        size_t slots;
        keyfile_save(good, cut);
        assert_int_equal(keyfile_list(keyfile_path, &slot, 1, &slots, &e), is_edge ? 0 : E_VERIFY);
        if (cut == edge)
            edge += keyfile_image_slot(&image, edge);
        if (is_edge || cut % 16 == 0)
            assert_int_equal(ask() == 8, !is_edge);
    }
    good[count] = 0;
    keyfile_save(good, count + 1);
    assert_int_equal(ask(), 8);
}

/* Goal: a second device, a second count, or a number that is taken is damage, not a choice. */
static void doubled_slots_are_found(void **state)
{
    uint8_t bad[KEYFILE_FILE_MAX];
    struct keyfile_image image;
    (void)state;
    add_slots();
    memcpy(image.bytes, good, count);
    image.count = count;
    for (size_t at = KEYFILE_SLOTS_AT; at < count; at += keyfile_image_slot(&image, at)) {
        size_t bytes = keyfile_image_slot(&image, at);
        uint8_t type = good[at + KEYFILE_AT_TYPE];
        struct error e = {0};
        struct keyfile_slot slot;
        size_t slots;
        memcpy(bad, good, count);
        memcpy(bad + count, good + at, bytes);
        keyfile_save(bad, count + bytes);
        assert_int_equal(keyfile_list(keyfile_path, &slot, 1, &slots, &e), E_VERIFY);
        bad[count + KEYFILE_AT_NUMBER] = 77;
        keyfile_save(bad, count + bytes);
        assert_int_equal(keyfile_list(keyfile_path, &slot, 1, &slots, &e),
                         type == KEYFILE_DEVICE || type == KEYFILE_ATTEMPTS ? E_VERIFY : 0);
        (void)ask();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(every_flip_is_found), TEST(every_cut_is_found),
                                       TEST(doubled_slots_are_found)};
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
