/* The key file: what opens it, what does not, and that damage never passes for a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"

#define FILE_BYTES 256 /* 104 and one slot of 152 */
#define PASS "correct horse battery"
#define PASS_BYTES (sizeof PASS - 1)

static char folder[64], path[96];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/keyfile_test_XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/store.keys", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails where a temporary file was left */
}

static size_t load(uint8_t *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t count;
    assert_non_null(file);
    count = fread(bytes, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return count;
}

static void save(const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void create(uint8_t key[KEYFILE_KEY_BYTES])
{
    struct error e = {0};
    assert_int_equal(keyfile_create(path, PASS, PASS_BYTES, KEYFILE_MINIMUM, key, &e), 0);
}

/* Goal: the passphrase that made a key file gives its key back, another one does not. */
static void opens_with_its_passphrase_only(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    struct stat status;
    (void)state;
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), E_NO_STORE);
    create(key);
    assert_false(sodium_is_zero(key, sizeof key));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, FILE_BYTES);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(keyfile_open(path, "correct horse batterx", PASS_BYTES, again, &e), E_WRONG_KEY);
    assert_true(sodium_is_zero(again, sizeof again));
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES - 1, again, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_open(path, PASS, 0, again, &e), E_WRONG_KEY);
}

/* Goal: neither the key nor the passphrase stands in the file. */
static void holds_no_secret_in_clear(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], bytes[FILE_BYTES];
    (void)state;
    create(key);
    assert_int_equal(load(bytes, sizeof bytes), FILE_BYTES);
    for (size_t i = 0; i + 8 <= sizeof bytes; i++) {
        assert_memory_not_equal(bytes + i, key, 8);
        assert_memory_not_equal(bytes + i, PASS, 8);
    }
}

/* Goal: a passphrase that is too short or too long makes no file, and an existing file is never replaced. */
static void create_refuses(void **state)
{
    static char longest[KEYFILE_PASSPHRASE_MAX + 1];
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_int_equal(keyfile_create(path, "1234567", 7, KEYFILE_MINIMUM, key, &e), E_INPUT);
    assert_int_equal(keyfile_create(path, longest, sizeof longest, KEYFILE_MINIMUM, key, &e), E_INPUT);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(keyfile_create("/nonexistent/folder/x.keys", PASS, PASS_BYTES, KEYFILE_MINIMUM, key, &e),
                     E_NO_STORE);
    create(key);
    assert_int_equal(keyfile_create(path, "another one", 11, KEYFILE_MINIMUM, again, &e), E_EXISTS);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(keyfile_create(path, longest, sizeof longest - 1, KEYFILE_MINIMUM, key, &e), 0);
    assert_int_equal(keyfile_open(path, longest, sizeof longest - 1, again, &e), 0);
}

/* Goal: a new passphrase keeps the key and the head, ends the old one, and cannot be set with a foreign key. */
static void change_keeps_the_key(void **state)
{
    struct keyfile_head head = {.epoch = 2, .seq = 77, .hash = {1, 2, 3}}, seen;
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], foreign[KEYFILE_KEY_BYTES] = {9};
    uint8_t before[FILE_BYTES], after[FILE_BYTES];
    struct error e = {0};
    (void)state;
    create(key);
    assert_int_equal(keyfile_head_set(path, key, &head, &e), 0);
    load(before, sizeof before);
    assert_int_equal(keyfile_change(path, foreign, "new passphrase", 14, KEYFILE_MINIMUM, &e), E_VERIFY);
    assert_int_equal(keyfile_change(path, key, "short", 5, KEYFILE_MINIMUM, &e), E_INPUT);
    load(after, sizeof after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(keyfile_change(path, key, "new passphrase", 14, KEYFILE_MINIMUM, &e), 0);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_open(path, "new passphrase", 14, again, &e), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(keyfile_head_get(path, key, &seen, &e), 0);
    assert_memory_equal(&seen, &head, sizeof head);
}

/* Goal: the head is none at first, comes back as it was set, and only to its key. */
static void head_comes_back(void **state)
{
    static const struct keyfile_head none;
    struct keyfile_head head = {.epoch = UINT64_MAX, .seq = 1ull << 40}, seen;
    uint8_t key[KEYFILE_KEY_BYTES], foreign[KEYFILE_KEY_BYTES] = {9};
    struct error e = {0};
    (void)state;
    assert_int_equal(keyfile_head_get(path, foreign, &seen, &e), E_NO_STORE);
    assert_int_equal(keyfile_head_set(path, foreign, &head, &e), E_NO_STORE);
    create(key);
    assert_int_equal(keyfile_head_get(path, key, &seen, &e), 0);
    assert_memory_equal(&seen, &none, sizeof none);
    memset(head.hash, 0xa5, sizeof head.hash);
    assert_int_equal(keyfile_head_set(path, foreign, &head, &e), E_VERIFY);
    assert_int_equal(keyfile_head_set(path, key, &head, &e), 0);
    assert_int_equal(keyfile_head_get(path, key, &seen, &e), 0);
    assert_memory_equal(&seen, &head, sizeof head);
    assert_int_equal(keyfile_head_get(path, foreign, &seen, &e), E_VERIFY);
}

/* Goal: a flipped bit anywhere in the file is found: by the passphrase, by the head, or by both. */
static void every_flip_is_found(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], good[FILE_BYTES], bad[FILE_BYTES];
    struct keyfile_head head;
    struct error e = {0};
    (void)state;
    create(key);
    load(good, sizeof good);
    for (size_t i = 0; i < sizeof good * 8; i++) {
        int opened, got;
        /* Argon2id's cost: a flip that stays within its bounds only costs time; high ones are seen below. */
        if (i / 8 >= 104 + 12 && i / 8 < 104 + 24 && i / 8 != 104 + 12 && i / 8 != 104 + 17)
            continue;
        memcpy(bad, good, sizeof bad);
        bad[i / 8] ^= (uint8_t)(1 << i % 8);
        save(bad, sizeof bad);
        opened = keyfile_open(path, PASS, PASS_BYTES, again, &e);
        got = keyfile_head_get(path, key, &head, &e);
        if (opened == 0)
            assert_int_equal(got, E_VERIFY);
        else
            assert_true(opened == E_WRONG_KEY || opened == E_VERIFY);
    }
}

/* Goal: a file that is cut anywhere, or that goes on behind its last slot, is not a key file. */
static void every_cut_is_found(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], good[9000] = {0};
    struct keyfile_head head;
    struct error e = {0};
    (void)state;
    create(key);
    load(good, FILE_BYTES);
    for (size_t count = 0; count < FILE_BYTES; count++) {
        save(good, count);
        assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), E_VERIFY);
        assert_int_equal(keyfile_head_get(path, key, &head, &e), E_VERIFY);
    }
    save(good, FILE_BYTES + 1);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), E_VERIFY);
    save(good, sizeof good);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), E_VERIFY);
}

/* Goal: a slot that asks for a terabyte or for hours of work, or that gives a false length, is refused before anything
 * is spent. */
static void forged_costs_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } forged[] = {{12 + 3, 0x10}, {12, 0}, {12, 17}, {16 + 4, 1}, {16 + 7, 0x80}, {16 + 1, 0}, {8, 63}, {8 + 3, 0xff}};
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], good[FILE_BYTES], bad[FILE_BYTES];
    struct error e = {0};
    (void)state;
    create(key);
    load(good, sizeof good);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        memcpy(bad, good, sizeof bad);
        bad[104 + forged[i].at] = forged[i].value;
        save(bad, sizeof bad);
        assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), E_VERIFY);
    }
}

/* Goal: a slot of a later type, before or behind the passphrase's, is stepped over and survives every rewrite. */
static void foreign_slots_are_carried(void **state)
{
    struct keyfile_head head = {.seq = 5};
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], bytes[FILE_BYTES + 160], seen[sizeof bytes];
    uint8_t slot[80] = {'S', 'L', 'O', 'T', 9, 3, 2, 1, sizeof slot};
    struct error e = {0};
    (void)state;
    memset(slot + 64, 0x77, 16);
    create(key);
    load(bytes, FILE_BYTES);
    memmove(bytes + 104 + sizeof slot, bytes + 104, 152);
    memcpy(bytes + 104, slot, sizeof slot);
    memcpy(bytes + 104 + sizeof slot + 152, slot, sizeof slot);
    save(bytes, sizeof bytes);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(keyfile_change(path, key, "new passphrase", 14, KEYFILE_MINIMUM, &e), 0);
    assert_int_equal(keyfile_head_set(path, key, &head, &e), 0);
    assert_int_equal(keyfile_open(path, "new passphrase", 14, again, &e), 0);
    assert_int_equal(load(seen, sizeof seen), sizeof seen);
    assert_memory_equal(seen + 104, slot, sizeof slot);
    assert_memory_equal(seen + 104 + sizeof slot + 152, slot, sizeof slot);
    /* Without a passphrase slot nothing opens, and there is nothing to change. */
    memcpy(bytes + 104 + sizeof slot, slot, sizeof slot);
    save(bytes, 104 + 2 * sizeof slot);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_change(path, key, "new passphrase", 14, KEYFILE_MINIMUM, &e), E_VERIFY);
}

/* Goal: what a crash leaves of a replacement neither shows nor stays. */
static void leftovers_are_replaced(void **state)
{
    struct keyfile_head head = {.seq = 5};
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    char left[128];
    struct error e = {0};
    FILE *file;
    (void)state;
    create(key);
    (void)snprintf(left, sizeof left, "%s.new", path);
    file = fopen(left, "wb");
    assert_non_null(file);
    assert_true(fputs("half a key file, and longer than a whole one", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), 0);
    assert_int_equal(keyfile_head_set(path, key, &head, &e), 0);
    assert_int_equal(access(left, F_OK), -1);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), 0);
}

/* Goal: the cost that programs use is libsodium's MODERATE, and it opens. */
static void moderate_is_moderate(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], bytes[FILE_BYTES];
    struct error e = {0};
    (void)state;
    assert_int_equal(keyfile_create(path, PASS, PASS_BYTES, KEYFILE_MODERATE, key, &e), 0);
    load(bytes, sizeof bytes);
    assert_int_equal(bytes[104 + 12], crypto_pwhash_OPSLIMIT_MODERATE);
    assert_int_equal(bytes[104 + 16 + 3], crypto_pwhash_MEMLIMIT_MODERATE >> 24);
    assert_int_equal(keyfile_open(path, PASS, PASS_BYTES, again, &e), 0);
    assert_memory_equal(key, again, sizeof key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_with_its_passphrase_only),
        TEST(holds_no_secret_in_clear),
        TEST(create_refuses),
        TEST(change_keeps_the_key),
        TEST(head_comes_back),
        TEST(every_flip_is_found),
        TEST(every_cut_is_found),
        TEST(forged_costs_are_refused),
        TEST(foreign_slots_are_carried),
        TEST(leftovers_are_replaced),
        TEST(moderate_is_moderate),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
