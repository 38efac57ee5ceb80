/* Tests: tests/sim/disk_call.c tests/sim/disk_inode.c common/vault/vault.c
 * The simulated disk under what Satchel keeps on it: stores, key files, and SQLite as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "disk_fixture.h"
#include "passphrase_fixture.h"
#include "vault.h"

/* Shows: the key file's own code survives cuts: it opens with one of the two passphrases, with the second one where
 * the change was acknowledged. */
static void key_file_survives(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    struct keyfile_chain_end end = {0}, got;
    uint64_t acknowledged = 0;
    (void)state;
    assert_int_equal(
        keyfile_create(disk_at("m1/store.keys"), NEW("Ana", "correct horse", 13, KEYFILE_MINIMUM, NULL), key, &e), 0);
    for (int i = 0; i < 100; i++) {
        disk_cut_after(1, 1 + luck_below(&disk_luck, 12), &disk_luck);
        while (end.seq++, keyfile_chain_end_set(disk_at("m1/store.keys"), key, &end, &e) == 0)
            acknowledged = end.seq;
        assert_int_equal(disk_is_dark(1), 1);
        disk_on(1);
        assert_int_equal(keyfile_chain_end_get(disk_at("m1/store.keys"), key, &got, &e), 0);
        assert_true(got.seq == acknowledged || got.seq == acknowledged + 1);
        end.seq = acknowledged = got.seq;
    }
    assert_int_equal(keyfile_open(disk_at("m1/store.keys"), TYPED("correct horse", 13, 0), again, NULL, &e), 0);
    assert_memory_equal(key, again, sizeof key);
}

/* ---- the vault ---- */

static const uint8_t key_of_store[VAULT_KEY_BYTES] = {7};

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t n = -1;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    if (sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    return n;
}

static sqlite3 *open_store(const char *name)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    if (vault_open(&db, disk_at(name), key_of_store, VAULT_CREATE, 0, &e) == 0 &&
        sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t(n INTEGER PRIMARY KEY, v BLOB)", NULL, NULL, NULL) == SQLITE_OK)
        return db;
    if (!disk_is_dark(1))
        fail_msg("the store does not open: %s", e.text);
    vault_close(db);
    return NULL;
}

/* One commit of one row, and work on an older one. Returns 0 where it was acknowledged. */
static int commit_one(sqlite3 *db, int64_t n)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; INSERT INTO t VALUES(%lld, zeroblob(%u)); UPDATE t SET v = zeroblob(%u) WHERE n = %lld;"
                   "COMMIT",
                   (long long)n, luck_below(&disk_luck, 9000), luck_below(&disk_luck, 9000),
                   (long long)luck_below(&disk_luck, (uint32_t)n + 1));
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    if (luck_chance(&disk_luck, 100))
        (void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return 0;
}

/* Shows: a store in the vault survives 300 cuts and kills with every acknowledged commit, sound. */
static void vault_survives(void **state)
{
    struct error e = {0};
    int64_t acknowledged = 0;
    (void)state;
    assert_int_equal(vault_init(&e), 0);
    for (int i = 0; i < 300; i++) {
        sqlite3 *db;
        disk_cut_after(1, 1 + luck_below(&disk_luck, i < 50 ? 20 : 200), &disk_luck);
        if ((db = open_store("m1/store.db")) != NULL) {
            int64_t n = acknowledged;
            while (commit_one(db, ++n) == 0) {
                acknowledged = n;
                if (i % 3 == 0 && luck_chance(&disk_luck, 200))
                    disk_kill(1);
                if (luck_chance(&disk_luck, 20))
                    break;
            }
        }
        vault_close(db);
        if (!disk_is_dark(1))
            disk_cut(1, &disk_luck);
        disk_on(1);
        if ((db = open_store("m1/store.db")) == NULL)
            fail();
        assert_int_equal(number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
        assert_in_range(number(db, "SELECT count(*) FROM t"), acknowledged, acknowledged + 1);
        acknowledged = number(db, "SELECT ifnull(max(n), 0) FROM t");
        vault_close(db);
    }
    assert_true(acknowledged > 300);
}

/* Without it SQLite does not sync the removal of its journal, and a cut may take the last commit back. */
#define EXTRA "PRAGMA synchronous = EXTRA;"

/* Shows: the calls of the shared libsqlite3 land here: a commit of its own VFS is written and synced, its journal's
 * folder too, and a read is one. */
static void sqlite_lands_here(void **state)
{
    sqlite3 *db;
    uint64_t writes = disk_count(3, DISK_WRITE), syncs = disk_count(3, DISK_SYNC);
    (void)state;
    assert_int_equal(sqlite3_open_v2(disk_at("m3/plain.db"), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"),
                     0);
    assert_int_equal(sqlite3_exec(db, EXTRA "CREATE TABLE t(n); INSERT INTO t VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
    assert_true(disk_count(3, DISK_WRITE) >= writes + 4);
    /* of each commit: journal, its folder, database, and the folder again */
    assert_true(disk_count(3, DISK_SYNC) >= syncs + 8);
    assert_true(disk_count(3, DISK_OPEN) > 0 && disk_count(3, DISK_READ) > 0 && disk_count(3, DISK_UNLINK) > 0);
    disk_cut(3, &disk_luck);
    /* a read that fails with EIO is a damaged file to SQLite's unix VFS */
    assert_int_equal(sqlite3_exec(db, "INSERT INTO t VALUES(2)", NULL, NULL, NULL), SQLITE_CORRUPT);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    disk_on(3);
    assert_int_equal(sqlite3_open_v2(disk_at("m3/plain.db"), &db, SQLITE_OPEN_READWRITE, "unix"), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(key_file_survives),
        TEST(vault_survives),
        TEST(sqlite_lands_here),
    };
    if (vault_init(NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
