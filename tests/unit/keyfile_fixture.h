/* A key file in a folder of its own for each test. Shared by the tests of keyfile*.c. */
#ifndef SATCHEL_TESTS_KEYFILE_FIXTURE_H
#define SATCHEL_TESTS_KEYFILE_FIXTURE_H

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
#include "keyfile_private.h"

#define PASS "correct horse battery"
#define PASS_BYTES (sizeof PASS - 1)
#define OTHER "another good passphrase"
#define OTHER_BYTES (sizeof OTHER - 1)
#define NOW 1790000000000ull /* any time */
#define DAY 86400000ull

static char folder[64], path[96];

static inline int setup(void **state)
{
    (void)state;
    /* In memory where that is possible: there are thousands of fsyncs. */
    (void)snprintf(folder, sizeof folder, "/dev/shm/keyfile_test_XXXXXX");
    if (mkdtemp(folder) == NULL) {
        (void)snprintf(folder, sizeof folder, "/tmp/keyfile_test_XXXXXX");
        if (mkdtemp(folder) == NULL)
            return -1;
    }
    (void)snprintf(path, sizeof path, "%s/store.keys", folder);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails where a temporary file was left */
}

/* Makes replacing the file fail, and lets it succeed again. Permissions would not stop a test that runs as root. */
static inline void make_read_only(int on)
{
    char next[104];
    (void)snprintf(next, sizeof next, "%s.new", path);
    assert_int_equal(on ? mkdir(next, 0700) : rmdir(next), 0);
}

static inline size_t load(uint8_t *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t count;
    assert_non_null(file);
    count = fread(bytes, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return count;
}

static inline void save(const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static inline void create(uint8_t key[KEYFILE_KEY_BYTES])
{
    struct error e = {0};
    assert_int_equal(keyfile_create(path, "Ana", PASS, PASS_BYTES, KEYFILE_MINIMUM, key, &e), 0);
}

/* Opens with a passphrase, so late that nobody waits. */
static inline int open_at(const char *passphrase, uint64_t now_ms, uint8_t key[KEYFILE_KEY_BYTES])
{
    struct error e = {0};
    int code = keyfile_open(path, passphrase, strlen(passphrase), now_ms, key, NULL, &e);
    assert_true(code == 0 || (e.text[0] != '\0' && sodium_is_zero(key, KEYFILE_KEY_BYTES)));
    return code;
}

static inline int opens(const char *passphrase, uint8_t key[KEYFILE_KEY_BYTES])
{
    static uint64_t now_ms = NOW;
    now_ms += 1000000;
    return open_at(passphrase, now_ms, key);
}

static inline void must_open(const char *passphrase, const uint8_t key[KEYFILE_KEY_BYTES])
{
    uint8_t again[KEYFILE_KEY_BYTES];
    assert_int_equal(opens(passphrase, again), 0);
    assert_memory_equal(again, key, sizeof again);
}

/* How many slots of a type there are, and the last of them. */
static inline size_t slots_of(uint8_t type, struct keyfile_slot *last)
{
    struct keyfile_slot all[KEYFILE_SLOTS_MAX];
    struct error e = {0};
    size_t count, found = 0;
    assert_int_equal(keyfile_list(path, all, KEYFILE_SLOTS_MAX, &count, &e), 0);
    assert_true(count <= KEYFILE_SLOTS_MAX);
    for (size_t i = 0; i < count; i++)
        if (all[i].type == type) {
            found++;
            if (last != NULL)
                *last = all[i];
        }
    return found;
}

static inline struct keyfile_pair pair_of(const uint8_t secret_a[32], const uint8_t secret_b[32], uint8_t tag)
{
    struct keyfile_pair pair = {.officers = {{{tag, 1}}, {{tag, 2}}}};
    crypto_scalarmult_base(pair.public_keys[0], secret_a);
    crypto_scalarmult_base(pair.public_keys[1], secret_b);
    memset(pair.signature, tag, sizeof pair.signature);
    return pair;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
