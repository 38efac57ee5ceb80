/* A store and its key file in a folder of its own for each test, and what must hold once it has a new data key. Shared
 * by the tests of rekey.c. */
#ifndef SATCHEL_TESTS_REKEY_FIXTURE_H
#define SATCHEL_TESTS_REKEY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"
#include "rekey.h"
#include "vault.h"
#include "vault_private.h"

#define PASS "correct horse battery"
#define PASS_BYTES (sizeof PASS - 1)
#define NOW 1790000000000ull
#define FILE_MAX (1u << 20)

static char folder[64], db_path[96], keys_path[96], next_db[104], next_keys[104];

static inline int setup(void **state)
{
    (void)state;
    /* In memory where that is possible: there are thousands of fsyncs. */
    (void)snprintf(folder, sizeof folder, "/dev/shm/rekey_test_XXXXXX");
    if (mkdtemp(folder) == NULL) {
        (void)snprintf(folder, sizeof folder, "/tmp/rekey_test_XXXXXX");
        if (mkdtemp(folder) == NULL)
            return -1;
    }
    (void)snprintf(db_path, sizeof db_path, "%s/store.db", folder);
    (void)snprintf(keys_path, sizeof keys_path, "%s/store.keys", folder);
    (void)snprintf(next_db, sizeof next_db, "%s.next", db_path);
    (void)snprintf(next_keys, sizeof next_keys, "%s.next", keys_path);
    return 0;
}

/* Removes all files of the folder, or counts them. */
static inline int each_file(int remove)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char name[400];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        count++;
        if (remove)
            assert_int_equal(unlink(name), 0);
    }
    assert_int_equal(closedir(dir), 0);
    return count;
}

static inline int teardown(void **state)
{
    (void)state;
    (void)each_file(1);
    return rmdir(folder);
}

struct bytes {
    uint8_t *p;
    size_t count;
};

static inline struct bytes load(const char *name)
{
    struct bytes b = {malloc(FILE_MAX), 0};
    FILE *file = fopen(name, "rb");
    assert_non_null(b.p);
    assert_non_null(file);
    b.count = fread(b.p, 1, FILE_MAX, file);
    assert_true(b.count < FILE_MAX);
    assert_int_equal(fclose(file), 0);
    return b;
}

static inline void save(const char *name, struct bytes b)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(b.p, 1, b.count, file), b.count);
    assert_int_equal(fclose(file), 0);
}

/* ---- the store ---- */

static inline void run(const uint8_t *key, const char *sql)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    assert_int_equal(vault_open(&db, db_path, key, VAULT_CREATE, 0, &e), 0);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    vault_close(db);
}

static inline void make_store(uint8_t key[KEYFILE_KEY_BYTES])
{
    struct keyfile_head head = {.epoch = 3, .seq = 77, .hash = {9}};
    struct error e = {0};
    assert_int_equal(keyfile_create(keys_path, "Ana", PASS, PASS_BYTES, KEYFILE_MINIMUM, key, &e), 0);
    assert_int_equal(keyfile_head_set(keys_path, key, &head, &e), 0);
    run(key, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r "
             "WHERE i < 240) INSERT INTO t SELECT i, randomblob(900) FROM r");
}

struct content {
    uint8_t hash[32];
};

/* Everything that the store says; it is sound as well. */
static inline struct content read_all(const uint8_t *key)
{
    struct content c;
    crypto_generichash_state hash;
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    struct error e = {0};
    assert_int_equal(vault_open(&db, db_path, key, 0, 0, &e), 0);
    crypto_generichash_init(&hash, NULL, 0, sizeof c.hash);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT a, b FROM t ORDER BY a", -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        int64_t a = sqlite3_column_int64(stmt, 0);
        crypto_generichash_update(&hash, (const uint8_t *)&a, sizeof a);
        crypto_generichash_update(&hash, sqlite3_column_blob(stmt, 1),
                                  (unsigned long long)sqlite3_column_bytes(stmt, 1));
    }
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    crypto_generichash_final(&hash, c.hash, sizeof c.hash);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    (void)sqlite3_finalize(stmt);
    vault_close(db);
    return c;
}

static inline int opens_with(const uint8_t *key)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    int code = vault_open(&db, db_path, key, 0, 0, &e);
    vault_close(db);
    return code;
}

static inline struct rekey_options options(void)
{
    return (struct rekey_options){.db = db_path,
                                  .keys = keys_path,
                                  .passphrase = PASS,
                                  .passphrase_bytes = PASS_BYTES,
                                  .cost = KEYFILE_MINIMUM,
                                  .now_ms = NOW};
}

/* What the key file gives for the passphrase opens the store, which says what it said; old_key opens nothing; nothing
 * is left beside them. */
static inline void must_be_done(const uint8_t *old_key, const uint8_t *key, const struct content *before)
{
    uint8_t again[KEYFILE_KEY_BYTES];
    struct keyfile_head head;
    struct content after;
    struct error e = {0};
    assert_int_equal(keyfile_open(keys_path, PASS, PASS_BYTES, NOW, again, NULL, &e), 0);
    assert_memory_equal(again, key, sizeof again);
    assert_memory_not_equal(again, old_key, sizeof again);
    assert_int_equal(keyfile_head_get(keys_path, again, &head, &e), 0);
    assert_int_equal(head.epoch, 3);
    assert_int_equal(head.seq, 77);
    after = read_all(again);
    assert_memory_equal(&after, before, sizeof after);
    assert_int_equal(opens_with(old_key), E_WRONG_KEY);
    assert_int_equal(access(next_db, F_OK), -1);
    assert_int_equal(access(next_keys, F_OK), -1);
}

static inline void run_to_end(const uint8_t *old_key, const struct content *before)
{
    struct rekey_options o = options();
    uint8_t key[KEYFILE_KEY_BYTES];
    struct error e = {0};
    int code = rekey_run(&o, key, NULL, &e);
    if (code != 0)
        print_error("%s\n", e.text);
    assert_int_equal(code, 0);
    must_be_done(old_key, key, before);
}

#endif
