/* Tests: common/key/keyfile.c common/key/keyfile_next.c common/base/secretfile.c common/base/file.c
 * The small files that open a store, on a disk that fails: the old one or the new one, and never a third. */
#include "file_failure_fixture.h"

#include "keyfile_fixture.h"
#include "secretfile.h"

#define FILE_ROOM 8192

/* --- what is done --- */

static uint8_t data_key[KEYFILE_KEY_BYTES], a_secret[SECRETFILE_BYTES], a_lease[32];
static char secret_path[96];

static int open_it(struct error *e)
{
    uint8_t key[KEYFILE_KEY_BYTES];
    int code = keyfile_open(keyfile_path, TYPED(PASS, PASS_BYTES, NOW), key, NULL, e);
    assert_true(code == 0 ? memcmp(key, data_key, sizeof key) == 0 : sodium_is_zero(key, sizeof key));
    return code;
}

static int set_head(struct error *e)
{
    struct keyfile_chain_end end = {.epoch = 3, .seq = 77, .hash = {9}};
    return keyfile_chain_end_set(keyfile_path, data_key, &end, e);
}

static int add_person(struct error *e)
{
    return keyfile_add_passphrase(keyfile_path, data_key, NEW("Ben", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), e);
}

static int add_program(struct error *e)
{
    return keyfile_add_secret(keyfile_path, data_key, "reports", a_secret, e);
}

static int make_next(struct error *e)
{
    uint8_t key[KEYFILE_KEY_BYTES];
    char next[104];
    struct keyfile_next n = {
        .path = keyfile_path, .next = next, .with = {{PASS, PASS_BYTES}, NULL}, .cost = KEYFILE_MINIMUM, .key = key};
    int code;
    (void)snprintf(next, sizeof next, "%s.next", keyfile_path);
    code = keyfile_next_make(&n, e);
    assert_int_equal(code == 0, !sodium_is_zero(key, sizeof key));
    (void)unlink(next);
    return code;
}

static int set_lease(struct error *e)
{
    struct keyfile_lease lease = {.until_ms = NOW + DAY};
    memcpy(lease.secret, a_lease, sizeof lease.secret);
    return keyfile_lease_set(keyfile_path, data_key, &lease, e);
}

/* --- each of its calls fails --- */

/* In each round the file is the one from before. Returns how many calls there were. */
static uint64_t fail_each(int (*act)(struct error *e), enum file_mood mood)
{
    uint8_t before[FILE_ROOM], after[FILE_ROOM];
    size_t size = keyfile_load(before, sizeof before);
    uint64_t n = 1;
    char begun[104];
    (void)snprintf(begun, sizeof begun, "%s.new", keyfile_path);
    for (int failed = 1; failed; n++) {
        struct error e = {0, ""};
        size_t left;
        int code;
        keyfile_save(before, size);
        file_failure_begin(mood, n);
        code = act(&e);
        failed = file_failure_end();
        if (code != (failed && mood == FILE_BROKEN ? E_IO : 0))
            fail_msg("call %llu: %d %s", (unsigned long long)n, code, e.text);
        assert_true(code == 0 || strstr(e.text, keyfile_folder) != NULL); /* which file it is */
        assert_int_equal(access(begun, F_OK), -1);                        /* nothing of a try is left */
        left = keyfile_load(after, sizeof after);
        if (code != 0 && strstr(e.text, "its folder could not be synced") == NULL) {
            assert_int_equal(left, size);
            assert_memory_equal(after, before, size);
        }
        assert_true(access(keyfile_path, F_OK) == 0 && open_it(&e) == 0);
    }
    keyfile_save(before, size);
    return n - 2;
}

static void a_key_file_is_the_old_one_or_the_new_one(void **state)
{
    /* Goal: if a call to the disk fails the key file is as it was, opens, and the sentence says what could not be
     * done; if it is only interrupted, or does part of what it should, nobody notices. */
    int (*const acts[])(struct error *) = {open_it, set_head, add_person, add_program, make_next, set_lease};
    (void)state;
    keyfile_make(data_key);
    randombytes_buf(a_secret, sizeof a_secret);
    randombytes_buf(a_lease, sizeof a_lease);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        assert_true(fail_each(acts[i], FILE_BROKEN) >= 2);
        assert_true(fail_each(acts[i], FILE_INTERRUPTED) >= 1);
        assert_true(fail_each(acts[i], FILE_SHORT) >= 1);
    }
}

static void a_wrong_passphrase_stays_wrong(void **state)
{
    /* Goal: a disk that fails makes no passphrase right: a guess is refused as wrong, or because the file could not be
     * read; and if it could be counted it was. */
    uint8_t key[KEYFILE_KEY_BYTES];
    int failed = 1;
    (void)state;
    keyfile_make(data_key);
    for (uint64_t n = 1; failed; n++) {
        struct error e = {0, ""};
        int code;
        file_failure_begin(FILE_BROKEN, n);
        code = keyfile_open(keyfile_path, TYPED(OTHER, OTHER_BYTES, NOW + n * DAY), key, NULL, &e);
        failed = file_failure_end();
        assert_true(code == E_WRONG_KEY || (failed && code == E_IO));
        assert_true(sodium_is_zero(key, sizeof key));
        assert_int_equal(keyfile_opens(PASS, key), 0); /* which ends the count */
    }
    assert_int_equal(keyfile_open_at(OTHER, NOW, key), E_WRONG_KEY);
    assert_int_equal(keyfile_slots_of(KEYFILE_ATTEMPTS, NULL), 1);
}

/* --- secrets --- */

static void a_secret_is_there_or_nothing_is(void **state)
{
    /* Goal: a secret that could not be written safely is not there at all, and is not handed out; one that cannot be
     * read is told as that, and not as missing. */
    static const enum file_mood moods[] = {FILE_BROKEN, FILE_INTERRUPTED, FILE_SHORT};
    uint8_t made[SECRETFILE_BYTES], got[SECRETFILE_BYTES];
    (void)state;
    (void)snprintf(secret_path, sizeof secret_path, "%s/secret", keyfile_folder);
    for (size_t i = 0; i < 3; i++) {
        int failed = 1;
        for (uint64_t n = 1; failed; n++) {
            struct error e = {0, ""};
            int code;
            file_failure_begin(moods[i], n);
            code = secretfile_create(secret_path, made, &e);
            failed = file_failure_end();
            assert_int_equal(code, failed && moods[i] == FILE_BROKEN ? E_IO : 0);
            assert_int_equal(code == 0, !sodium_is_zero(made, sizeof made));
            assert_int_equal(access(secret_path, F_OK), code == 0 ? 0 : -1);
            (void)unlink(secret_path);
        }
        assert_int_equal(secretfile_create(secret_path, made, NULL), 0);
        failed = 1;
        for (uint64_t n = 1; failed; n++) {
            struct error e = {0, ""};
            int code;
            file_failure_begin(moods[i], n);
            code = secretfile_read(secret_path, got, &e);
            failed = file_failure_end();
            assert_int_equal(code, failed && moods[i] == FILE_BROKEN ? E_IO : 0);
            if (code == 0)
                assert_memory_equal(got, made, sizeof got);
            else
                assert_true(sodium_is_zero(got, sizeof got));
        }
        assert_int_equal(unlink(secret_path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_file_is_the_old_one_or_the_new_one),
        TEST(a_wrong_passphrase_stays_wrong),
        TEST(a_secret_is_there_or_nothing_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
