/* Tests: common/vault/vault.c
 * Two vaults, each under its own key: SQLite's backup from one into the other, and no ATTACH. */
#include "vault_fixture.h"

static char other[128];

static int setup_two(void **state)
{
    sqlite3 *db = NULL;
    if (vault_fixture_set_up(state) != 0)
        return -1;
    (void)snprintf(other, sizeof other, "%s/it's other.db", vault_folder);
    vault_make_two_states(0);
    if (vault_open(&db, other, vault_wrong, VAULT_CREATE, 0, NULL) != 0)
        return -1;
    vault_must(db, "CREATE TABLE o(n); INSERT INTO o VALUES (1)");
    vault_close(db);
    return 0;
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

/* Goal: another vault cannot be attached in SQL, which has no way to hand in its key. */
static void not_attached_in_sql(void **state)
{
    sqlite3 *db = vault_must_open(0);
    char *sql = sqlite3_mprintf("ATTACH %Q AS other", other);
    (void)state;
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_CANTOPEN);
    sqlite3_free(sql);
    vault_must_be(db, "SELECT count(*) FROM pragma_database_list WHERE name = 'other'", "0");
    vault_close(db);
}

#define TEST_TWO(name) cmocka_unit_test_setup_teardown(name, setup_two, vault_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_TWO(backup_between_vaults),
        TEST_TWO(not_attached_in_sql),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
