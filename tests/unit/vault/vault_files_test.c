/* Tests: common/vault/vault.c common/vault/vault_vfs.c
 * What a vault opens beneath itself: the database, its log, and nothing else; and what follows when that fails. */
#include "vault_fixture.h"

#define RECORDED "recorded-vault"

/* ---- a VFS beneath the shim that writes down what is opened ---- */

static char opened[16][512];
static int opened_count, fail_syncs;
static sqlite3_vfs *below, recorder;
static const sqlite3_io_methods *log_methods_below;
static sqlite3_io_methods log_methods;

static int failing_sync(sqlite3_file *file, int flags)
{
    return fail_syncs ? SQLITE_IOERR_FSYNC : log_methods_below->xSync(file, flags);
}

static int record_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    int seen = 0, rc;
    (void)vfs;
    for (int i = 0; i < opened_count; i++)
        seen = seen || strcmp(opened[i], name == NULL ? "(temporary)" : name) == 0;
    if (!seen && opened_count < 16)
        (void)snprintf(opened[opened_count++], sizeof opened[0], "%s", name == NULL ? "(temporary)" : name);
    rc = below->xOpen(below, name, file, flags, out_flags);
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
        log_methods_below = file->pMethods;
        log_methods = *file->pMethods;
        log_methods.xSync = failing_sync;
        file->pMethods = &log_methods;
    }
    return rc;
}

static int install(void)
{
    static struct vault_vfs shim;
    below = sqlite3_vfs_find("unix");
    recorder = *below;
    recorder.zName = "recorder";
    recorder.xOpen = record_open;
    vault_vfs_fill(&shim, RECORDED, &recorder, 0);
    return sqlite3_vfs_register(&shim.vfs, 0);
}

static sqlite3 *open_recorded(int flags)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    assert_int_equal(vault_open_through(&db, &(struct vault_opening){RECORDED, vault_path, vault_right, flags, 0}, &e),
                     0);
    return db;
}

static void only_the_store(void)
{
    assert_true(opened_count >= 2);
    for (int i = 0; i < opened_count; i++)
        if (strcmp(opened[i], vault_path) != 0 && strcmp(opened[i], vault_log_path) != 0) {
            print_error("%s was opened\n", opened[i]);
            fail();
        }
}

/* ---- tests ---- */

/* Goal: sorts, temporary tables and triggers, savepoints, statements that undo, VACUUM, REINDEX, full-text search, long
 * lists, and closing open no file but the store's database and its log. */
static void nothing_else_is_opened(void **state)
{
    static const char *const all[] = {
        "PRAGMA cache_size=10",
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b, c)",
        ("WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 20000)"
         "INSERT INTO t SELECT i, hex(randomblob(60)), i % 100 FROM r"),
        "SELECT count(*) FROM (SELECT b FROM t ORDER BY b DESC)",
        "SELECT count(*) FROM (SELECT DISTINCT b, c FROM t)",
        "SELECT count(*) FROM (SELECT b FROM t UNION SELECT c FROM t EXCEPT SELECT a FROM t)",
        "SELECT c, group_concat(b) FROM t GROUP BY b, c ORDER BY 2",
        "SELECT a, rank() OVER (PARTITION BY c ORDER BY b) FROM t ORDER BY 2",
        "CREATE INDEX i ON t(b, c)",
        "CREATE TEMP TABLE x AS SELECT * FROM t ORDER BY b",
        "CREATE TEMP TRIGGER g AFTER UPDATE ON t BEGIN INSERT INTO x VALUES (new.a + 100000, new.b, new.c); END",
        "UPDATE t SET c = c + 1 WHERE a % 2 = 0",
        "UPDATE x SET c = (SELECT max(c) FROM t WHERE t.a = x.a)",
        "DROP TRIGGER g",
        ("BEGIN; UPDATE t SET b = hex(randomblob(60)); SAVEPOINT one; DELETE FROM t WHERE a % 3 = 0; SAVEPOINT two;"
         "UPDATE t SET c = 1; ROLLBACK TO two; UPDATE t SET c = 2; RELEASE two; ROLLBACK TO one; COMMIT"),
        "CREATE UNIQUE INDEX u ON t(c, a)",
        "BEGIN; UPDATE OR FAIL t SET c = a; UPDATE OR IGNORE t SET a = a + 1 WHERE a > 100; ROLLBACK",
        "REINDEX",
        "ANALYZE",
        "ALTER TABLE t RENAME COLUMN c TO d",
        "DROP INDEX i; DROP INDEX u; ALTER TABLE t DROP COLUMN d",
        "VACUUM",
        "CREATE VIRTUAL TABLE f USING fts5(b); INSERT INTO f SELECT b FROM t; INSERT INTO f(f) VALUES ('optimize')",
        "SELECT count(*) FROM f WHERE f MATCH 'a*'",
        "CREATE VIRTUAL TABLE s USING rtree(i, x1, x2); INSERT INTO s SELECT a, a, a + 1 FROM t LIMIT 2000",
        "PRAGMA incremental_vacuum; PRAGMA optimize; PRAGMA integrity_check; PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA journal_mode=WAL; PRAGMA user_version=7",
        "UPDATE t SET b = 1 WHERE a < 10",
    };
    char temporary[128];
    sqlite3 *db, *second = NULL;
    char *list = NULL;
    (void)state;
    /* Where SQLite would put what it keeps in files for a while. */
    (void)snprintf(temporary, sizeof temporary, "%s.tmp", vault_folder);
    assert_int_equal(mkdir(temporary, S_IRWXU), 0);
    assert_int_equal(setenv("SQLITE_TMPDIR", temporary, 1), 0);
    db = vault_must_open(VAULT_CREATE);
    vault_close(db);
    opened_count = 0;
    db = open_recorded(0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        vault_must(db, all[i]);
        only_the_store();
    }
    list = malloc(400000);
    assert_non_null(list);
    (void)snprintf(list, 400000, "%s", "SELECT count(*) FROM t WHERE a IN (0");
    for (size_t at = strlen(list), i = 0; i < 50000; i++)
        at += (size_t)snprintf(list + at, 400000 - at, i < 49999 ? ",%zu" : ",%zu)", i);
    vault_must(db, list);
    free(list);
    second = open_recorded(VAULT_READ);
    vault_must(second, "CREATE TEMP TABLE y AS SELECT * FROM t ORDER BY b");
    vault_must_be(second, "PRAGMA integrity_check", "ok");
    vault_close(second);
    vault_close(db);
    only_the_store();
    assert_int_equal(rmdir(temporary), 0); /* empty */
    assert_int_equal(unsetenv("SQLITE_TMPDIR"), 0);
}

/* Goal: this way of looking does see a temporary file if SQLite wants one, and the shim refuses it. */
static void temporary_files_would_be_seen(void **state)
{
    sqlite3 *db = vault_must_open(VAULT_CREATE), *plain = NULL;
    (void)state;
    vault_close(db);
    opened_count = 0;
    assert_int_equal(sqlite3_vfs_register(&recorder, 0), SQLITE_OK);
    assert_int_equal(sqlite3_open_v2(":memory:", &plain, SQLITE_OPEN_READWRITE, "recorder"), SQLITE_OK);
    vault_must(plain,
               "PRAGMA temp_store=FILE; PRAGMA temp.cache_size=1; PRAGMA temp.cache_spill=1;"
               "CREATE TEMP TABLE x AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 5000)"
               "SELECT randomblob(200) FROM r");
    assert_true(opened_count > 0);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_unregister(&recorder), SQLITE_OK);
    opened_count = 0;
    db = open_recorded(0);
    vault_must(db, "PRAGMA temp_store=FILE; PRAGMA temp.cache_size=1; PRAGMA temp.cache_spill=1");
    assert_int_not_equal(
        sqlite3_exec(db,
                     "CREATE TEMP TABLE x AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < "
                     "5000) SELECT randomblob(200) FROM r",
                     NULL, NULL, NULL),
        SQLITE_OK);
    only_the_store();
    vault_close(db);
}

/* Goal (trap 14): after a commit that could not be synced the log is written no more by this process, since nobody
 * knows what others saw; the commit itself may be there afterwards or not, and everything before it is. */
static void a_failed_sync_ends_writing(void **state)
{
    sqlite3 *db;
    struct error e = {0};
    int code, seen;
    (void)state;
    vault_make_two_states(0);
    db = open_recorded(0);
    vault_must(db, "UPDATE v SET n = 2");
    fail_syncs = 1;
    assert_int_not_equal(sqlite3_exec(db, "UPDATE v SET n = 3", NULL, NULL, NULL), SQLITE_OK);
    fail_syncs = 0;
    vault_must_be(db, "SELECT n FROM v", "2");
    assert_int_not_equal(sqlite3_exec(db, "UPDATE v SET n = 4", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(vault_error(db, "saving", &e), E_IO);
    vault_must_be(db, "SELECT n FROM v", "2");
    vault_close(db);
    seen = vault_state_seen(&code);
    assert_true(seen == 2 || seen == 3);
    db = vault_must_open(0);
    vault_must(db, "UPDATE v SET n = 5");
    vault_close(db);
    assert_int_equal(vault_state_seen(&code), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_else_is_opened),
        TEST(temporary_files_would_be_seen),
        TEST(a_failed_sync_ends_writing),
    };
    struct error e = {0};
    if (vault_init(&e) != 0 || install() != SQLITE_OK) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
