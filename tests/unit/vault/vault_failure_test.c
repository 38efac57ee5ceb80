/* Tests: common/vault/vault.c common/vault/vault_vfs.c
 * The encrypted store without memory: SQLite's allocations are the vault's own, so each of them is one that can fail.
 */
#include "failure_fixture.h"

#include "vault_fixture.h"

/* A row is added in a transaction of its own, and the whole is read. *added: it was committed. */
static int add_and_read(int flags, int *added, struct error *e)
{
    sqlite3 *db = NULL;
    char rows[64];
    int code = vault_open(&db, vault_path, vault_right, flags, 0, e);
    *added = 0;
    if (code != 0) {
        assert_null(db);
        return code;
    }
    if ((flags & VAULT_READ) == 0) {
        if (sqlite3_exec(db, "INSERT INTO t VALUES (NULL, randomblob(9000))", NULL, NULL, NULL) != SQLITE_OK)
            code = vault_error(db, "adding", e);
        else
            *added = 1;
    }
    if (code == 0 &&
        vault_ask(db, "SELECT count(*) || max(b) FROM t ORDER BY random()", rows, sizeof rows) != SQLITE_OK)
        code = vault_error(db, "reading", e);
    vault_close(db);
    return code;
}

static int rows_now(void)
{
    sqlite3 *db = vault_must_open(0);
    char rows[64], sound[64];
    assert_int_equal(vault_ask(db, "SELECT count(*) FROM t WHERE length(b) = 9000", rows, sizeof rows), SQLITE_OK);
    assert_int_equal(vault_ask(db, "PRAGMA integrity_check", sound, sizeof sound), SQLITE_OK);
    assert_string_equal(sound, "ok");
    vault_close(db);
    return atoi(rows); // NOLINT(cert-err34-c): count(*) is a number
}

/* How many allocations and calls there are; each fails once. SQLite goes on without some of them: then nothing is told
 * and all was done. */
static uint64_t fail_all(int flags, int *rows)
{
    uint64_t n = 1, told = 0;
    for (int failed = 1; failed; n++) {
        struct error e = {0, ""};
        int code, added;
        failure_of_store = 0;
        allocation_begin(n);
        code = add_and_read(flags, &added, &e);
        failed = allocation.asked >= n;
        allocation_begin(0);
        if (code != 0) {
            assert_true(failed && (code == E_MEMORY || code == E_FULL || code == E_INTERNAL || code == E_IO));
            assert_true(strlen(e.text) > 0);
            told++;
        }
        *rows += added;
        /* What was said to be in is in, once; what was not is not; and nobody is shut out. */
        if (added || n % 16 == 0)
            assert_int_equal(rows_now(), *rows);
    }
    assert_true(told > 20);
    return n - 2;
}

static void a_store_without_memory_is_whole(void **state)
{
    /* Goal: wherever the memory ends while a store is opened, written, read or closed, the caller is told; what was
     * committed is there, nothing else is, and the store opens again. */
    int rows = 0;
    sqlite3 *db = vault_must_open(1);
    (void)state;
    vault_must(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    vault_close(db);
    assert_true(fail_all(0, &rows) > 100);
    assert_true(fail_all(VAULT_READ, &rows) > 100);
    assert_int_equal(rows_now(), rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_store_without_memory_is_whole)};
    return vault_init(NULL) != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
