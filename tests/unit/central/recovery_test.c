/* Tests: daemon/central/recovery.c common/key/officers.c daemon/task/task_officer.c
 * Recovery officers: which pairs there are, that each is signed by the office and none can be changed, and that the
 * commands let in nobody who cannot be one. */
#include "office_fixture.h"
#include "task_fixture.h"

#include "officers.h"
#include "recovery.h"

/* A new officer's public key, as words. */
static void new_key(char hex[65])
{
    uint8_t secret[32], public_key[32];
    crypto_box_keypair(public_key, secret);
    office_hex(public_key, sizeof public_key, hex);
}

static void add(struct central *c, const char *login)
{
    char hex[65];
    new_key(hex);
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", login, "--key", hex), 0);
}

static size_t count_pairs(struct central *c, struct keyfile_pair pairs[KEYFILE_PAIRS_MAX])
{
    size_t count = 99;
    PAIR_OK(recovery_pairs(c, pairs, &count, &pair_e));
    return count;
}

/* Goal: every two officers make one pair, the smaller id first, with the keys that they brought; one alone makes none;
 * who is disabled or removed is in none. */
static void test_pairs(void **state)
{
    struct central *c = *state;
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    static const char *const logins[] = {"one", "two", "three", "four", "five"};
    char column[65], hex[65];
    assert_int_equal(count_pairs(c, pairs), 0);
    for (size_t i = 0; i < 5; i++) {
        (void)office_user(c, logins[i], "supervisor");
        add(c, logins[i]);
        assert_int_equal(count_pairs(c, pairs), i * (i + 1) / 2);
    }
    for (size_t i = 0; i < 10; i++) {
        assert_true(id_compare(&pairs[i].officers[0], &pairs[i].officers[1]) < 0);
        for (int j = 0; j < 2; j++) {
            office_text(c->db, "SELECT recovery_key FROM \"user\" WHERE id = ?", &pairs[i].officers[j], column,
                        sizeof column);
            office_hex(pairs[i].public_keys[j], 32, hex);
            assert_string_equal(column, hex);
        }
        for (size_t j = 0; j < i; j++)
            assert_true(!id_equal(&pairs[i].officers[0], &pairs[j].officers[0]) ||
                        !id_equal(&pairs[i].officers[1], &pairs[j].officers[1]));
    }
    assert_int_equal(OFFICE_TASK(c, 3, "user", "disable", "three"), 0);
    assert_int_equal(count_pairs(c, pairs), 6);
    assert_int_equal(OFFICE_TASK(c, 3, "user", "enable", "three"), 0);
    assert_int_equal(count_pairs(c, pairs), 10);
    assert_int_equal(OFFICE_TASK(c, 3, "officer", "remove", "one"), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "officer", "remove", "one"), 2);
    office_says("no officer");
    assert_int_equal(count_pairs(c, pairs), 6);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(OFFICE_TASK(c, 3, "officer", "remove", logins[i]), 0);
    assert_int_equal(count_pairs(c, pairs), 0);
}

/* Goal: a laptop reads just the pairs that the office signed; with any bit changed, a part cut off, in another order,
 * or from another office it takes none. */
static void test_signed(void **state)
{
    struct central *c = *state;
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], read[KEYFILE_PAIRS_MAX], swapped;
    uint8_t bytes[4 * OFFICERS_PAIR_BYTES], other[32], secret[64];
    size_t count, size;
    static const char *const logins[] = {"one", "two", "three"};
    for (size_t i = 0; i < 3; i++) {
        (void)office_user(c, logins[i], "supervisor");
        add(c, logins[i]);
    }
    count = count_pairs(c, pairs);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++)
        officers_pack(&pairs[i], bytes + i * OFFICERS_PAIR_BYTES);
    size = count * OFFICERS_PAIR_BYTES;
    PAIR_OK(officers_read((struct slice){bytes, size}, c->vkey.public_key, read, &count, &pair_e));
    assert_int_equal(count, 3);
    assert_memory_equal(read, pairs, 3 * sizeof *pairs);
    PAIR_OK(officers_read((struct slice){bytes, 0}, c->vkey.public_key, read, &count, &pair_e));
    assert_int_equal(count, 0);
    for (size_t bit = 0; bit < 8 * size; bit += 5) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(officers_read((struct slice){bytes, size}, c->vkey.public_key, read, &count, NULL), E_VERIFY);
        assert_int_equal(count, 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(officers_read((struct slice){bytes, size - 1}, c->vkey.public_key, read, &count, NULL), E_VERIFY);
    crypto_sign_keypair(other, secret);
    assert_int_equal(officers_read((struct slice){bytes, size}, other, read, &count, NULL), E_VERIFY);
    /* The office itself would never write it so: one officer twice, or the greater id first. */
    swapped = pairs[0];
    swapped.officers[0] = pairs[0].officers[1];
    swapped.officers[1] = pairs[0].officers[0];
    officers_sign(&swapped, c->keys->sign_secret);
    officers_pack(&swapped, bytes);
    assert_int_equal(officers_read((struct slice){bytes, size}, c->vkey.public_key, read, &count, NULL), E_VERIFY);
    swapped = pairs[0];
    swapped.officers[1] = pairs[0].officers[0];
    officers_sign(&swapped, c->keys->sign_secret);
    officers_pack(&swapped, bytes);
    assert_int_equal(officers_read((struct slice){bytes, size}, c->vkey.public_key, read, &count, NULL), E_VERIFY);
}

/* Goal: nobody becomes an officer who is disabled, unknown, one already, the sixth, or brings what is no key. */
static void test_refused(void **state)
{
    struct central *c = *state;
    static const char *const logins[] = {"one", "two", "three", "four", "five", "six"};
    char hex[65], none[65];
    uint64_t before;
    memset(none, '0', 64);
    none[64] = 0;
    new_key(hex);
    for (size_t i = 0; i < 6; i++)
        (void)office_user(c, logins[i], "supervisor");
    assert_int_equal(OFFICE_TASK(c, 3, "user", "disable", "six"), 0);
    before = c->tree.size;
    assert_int_equal(OFFICE_TASK(c, 3, "officer", "add", "one"), 2);
    office_says("--out");
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "one", "--key", none), 2);
    office_says("64 hexadecimal");
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "one", "--key", hex + 2), 2);
    /* The same point in other words: X25519 does not look at the highest bit. */
    memcpy(none, hex, sizeof none);
    none[62] = "89abcdef"[none[62] - '0'];
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "one", "--key", none), 2);
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "one", "--key", ""), 2);
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "nobody", "--key", hex), 2);
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "six", "--key", hex), 2);
    office_says("disabled");
    assert_int_equal(OFFICE_TASK(c, 7, "officer", "add", "one", "--key", hex, "--as", "two"), 2);
    assert_int_equal(c->tree.size, before);
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "one", "--key", hex), 0);
    office_says("One officer alone");
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "one", "--key", hex), 2);
    office_says("already");
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "two", "--key", hex), 2);
    office_says("another officer");
    for (size_t i = 1; i < 5; i++)
        add(c, logins[i]);
    assert_int_equal(OFFICE_TASK(c, 3, "user", "disable", "two"), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "user", "enable", "six"), 0);
    new_key(none);
    assert_int_equal(OFFICE_TASK(c, 5, "officer", "add", "six", "--key", none),
                     2); /* or enabling `two` would make six */
    office_says("5 officers");
    assert_int_equal(OFFICE_TASK(c, 3, "officer", "list", "--json"), 0);
    office_says(hex);
    office_says("\"status\": \"disabled\"");
}

/* Goal: if the key file cannot be written, it is said that the user is disabled, or no officer any more, all the
 * same. */
static void test_no_key_file(void **state)
{
    struct central *c = *state;
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    (void)office_user(c, "one", "supervisor");
    (void)office_user(c, "two", "supervisor");
    add(c, "one");
    add(c, "two");
    assert_null(c->folder);
    c->folder = strdup("/nowhere/office");
    assert_int_equal(OFFICE_TASK(c, 3, "user", "disable", "one"), error_status(E_NO_STORE));
    office_says("this is written and holds");
    office_says("/nowhere/office/office.keys");
    assert_int_equal(count_pairs(c, pairs), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "officer", "remove", "two"), error_status(E_NO_STORE));
    office_says("this is written and holds");
    free(c->folder);
    c->folder = NULL;
    assert_int_equal(OFFICE_TASK(c, 3, "officer", "remove", "two"), 2);
    office_says("no officer");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, office_set_up, office_tear_down)
    const struct CMUnitTest tests[] = {TEST(test_pairs), TEST(test_signed), TEST(test_refused), TEST(test_no_key_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
