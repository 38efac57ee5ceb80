/* Tests: common/vault/vault.c
 * Two vaults on one handle, each under its own key; and carrying one over into another. */
#include "vault_fixture.h"

static char other[128], other_log[140];

static int setup_two(void **state)
{
    sqlite3 *db = NULL;
    if (vault_fixture_set_up(state) != 0)
        return -1;
    (void)snprintf(other, sizeof other, "%s/it's other.db", vault_folder);
    (void)snprintf(other_log, sizeof other_log, "%s-wal", other);
    vault_make_two_states(0);
    if (vault_open(&db, other, vault_wrong, VAULT_CREATE, 0, NULL) != 0)
        return -1;
    vault_must(db, "CREATE TABLE o(n); INSERT INTO o VALUES (1)");
    vault_close(db);
    return 0;
}

static sqlite3 *open_both(int flags)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    assert_int_equal(vault_open(&db, vault_path, vault_right, flags, 0, &e), 0);
    assert_int_equal(vault_attach(db, other, vault_wrong, "odd \"name\"", &e), 0);
    return db;
}

/* Goal: another vault with its own key is attached with the settings of the first, read and written, and detached. */
static void attached_with_its_own_key(void **state)
{
    sqlite3 *db = open_both(0), *alone = NULL;
    struct error e = {0};
    (void)state;
    vault_must_be(db, "PRAGMA \"odd \"\"name\"\"\".synchronous", "2");
    vault_must_be(db, "PRAGMA \"odd \"\"name\"\"\".journal_mode", "wal");
    vault_must_be(db, "PRAGMA \"odd \"\"name\"\"\".secure_delete", "1");
    vault_must_be(db, "SELECT o.n || v.n FROM o, v", "11");
    vault_must(db,
               "BEGIN; UPDATE v SET n = 2; UPDATE o SET n = 2; COMMIT; BEGIN; UPDATE v SET n = 9; UPDATE o SET n = 9;"
               "ROLLBACK; CREATE TABLE \"odd \"\"name\"\"\".p AS SELECT * FROM t");
    vault_must(db, "DETACH \"odd \"\"name\"\"\"");
    vault_must_be(db, "SELECT n FROM v", "2");
    assert_int_equal(vault_open(&alone, other, vault_wrong, 0, 0, &e), 0);
    vault_must_be(alone, "SELECT o.n || '/' || count(*) FROM o, p", "2/400");
    vault_close(alone);
    vault_close(db);
}

/* Goal: without its key nothing is attached: not a vault with the wrong one or none, nor a plain file, nor a new one.
 */
static void attached_only_with_a_key(void **state)
{
    char sql[300], plain[128];
    sqlite3 *db = vault_must_open(0), *maker = NULL;
    struct error e = {0};
    (void)state;
    (void)snprintf(plain, sizeof plain, "%s/plain.db", vault_folder);
    assert_int_equal(sqlite3_open_v2(plain, &maker, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"), SQLITE_OK);
    vault_must(maker, "CREATE TABLE t(a)");
    assert_int_equal(sqlite3_close(maker), SQLITE_OK);
    assert_int_equal(vault_attach(db, other, vault_right, "x", &e), E_WRONG_KEY);
    assert_int_equal(vault_attach(db, plain, vault_right, "x", &e), E_WRONG_KEY);
    assert_int_equal(vault_attach(db, "/nonexistent/x.db", vault_right, "x", &e), E_NO_STORE);
    assert_int_equal(vault_attach(db, "", vault_right, "x", &e), E_INPUT);
    assert_int_equal(vault_attach(db, other, vault_wrong, "main", &e), E_IO);
    (void)snprintf(sql, sizeof sql, "ATTACH '%s' AS x", plain);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)snprintf(sql, sizeof sql, "ATTACH '%s' AS x", vault_path); /* a vault, and no key at hand */
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    vault_must_be(db, "SELECT count(*) FROM pragma_database_list", "1");
    vault_close(db);
}

/* Goal: what is attached to a handle that only reads is only read. */
static void attached_for_reading(void **state)
{
    sqlite3 *db = open_both(VAULT_READ);
    (void)state;
    vault_must_be(db, "SELECT o.n || v.n FROM o, v", "11");
    assert_int_equal(sqlite3_exec(db, "UPDATE o SET n = 2", NULL, NULL, NULL), SQLITE_READONLY);
    vault_close(db);
    assert_int_equal(vault_size_of(other_log), -1);
}

static void both_and_die(sqlite3 *db)
{
    if (vault_attach(db, other, vault_wrong, "other", NULL) != 0)
        _exit(2);
    for (int i = 0; i < 5; i++)
        vault_run(db, "BEGIN; UPDATE v SET n = n + 1; UPDATE o SET n = n + 1; COMMIT");
    vault_run(db, "BEGIN; UPDATE v SET n = 90; UPDATE o SET n = 90");
}

/* Goal: a transaction over two vaults makes no super-journal, and each vault has what was committed when the process
 * dies. */
static void transactions_over_both(void **state)
{
    sqlite3 *db;
    (void)state;
    vault_in_dying_child(both_and_die, 0);
    db = open_both(0);
    vault_must_be(db, "SELECT o.n || '/' || v.n FROM o, v", "6/6");
    vault_close(db);
}

/* Goal: SQLite's backup carries one vault over into another, while the first is in use and is written to. */
static void backup_between_vaults(void **state)
{
    sqlite3 *from = vault_must_open(0), *writer = vault_must_open(0), *to = NULL;
    sqlite3_backup *backup;
    struct error e = {0};
    int rc;
    (void)state;
    assert_int_equal(vault_open(&to, other, vault_wrong, 0, 0, &e), 0);
    backup = sqlite3_backup_init(to, "main", from, "main");
    assert_non_null(backup);
    for (int i = 0; (rc = sqlite3_backup_step(backup, 5)) == SQLITE_OK; i++)
        if (i % 3 == 1 && i < 12)
            vault_must(writer, "UPDATE v SET n = n + 1; UPDATE t SET b = zeroblob(300) WHERE a < 40");
    assert_int_equal(rc, SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    vault_must_be(to, "SELECT n FROM v", "5");
    vault_must_be(to, "SELECT count(*) || '/' || sum(length(b)) FROM t", "400/120000");
    vault_must_be(to, "PRAGMA integrity_check", "ok");
    vault_close(to);
    vault_close(writer);
    vault_close(from);
    assert_int_equal(vault_open(&to, other, vault_right, 0, 0, &e), E_WRONG_KEY);
}

#define TEST_TWO(name) cmocka_unit_test_setup_teardown(name, setup_two, vault_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_TWO(attached_with_its_own_key), TEST_TWO(attached_only_with_a_key), TEST_TWO(attached_for_reading),
        TEST_TWO(transactions_over_both),    TEST_TWO(backup_between_vaults),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
