/* Tests: common/vault/db.c
 * Statements are bound, cached and given back; transactions, errors, counts and the store's meta are as db.h says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db.h"
#include "db_fixture.h"
#include "vault.h"

static struct db *db;
static struct error e;

static int open_memory(void **state)
{
    (void)state;
    assert_int_equal(db_open_memory(&db, &e), 0);
    return db_exec(db, "CREATE TABLE t(a, b, c)", &e);
}

static int close_it(void **state)
{
    (void)state;
    db_close(db);
    db = NULL;
    return 0;
}

/* How many statements SQLite holds: the cache's and the lent ones. */
static size_t statements(void)
{
    size_t count = 0;
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(db_handle(db), s)) != NULL;)
        count++;
    return count;
}

static int64_t number_of(const char *sql)
{
    sqlite3_stmt *s;
    int64_t value;
    assert_int_equal(db_query(db, &s, &e, sql, ""), 0);
    assert_int_equal(db_next(db, s, &e), 1);
    value = db_int(s, 0);
    assert_int_equal(db_next(db, s, &e), 0);
    return value;
}

/* Goal: each letter of a format binds its type, NULLs too, and each column reader gives it back. */
static void test_binding(void **state)
{
    static const uint8_t bytes[] = {0, 1, 0xff, 0};
    static const struct id id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}, zero;
    const struct slice some = {bytes, sizeof bytes}, empty = {bytes, 0}, none = {NULL, 0};
    sqlite3_stmt *s;
    struct id back;
    (void)state;
    assert_int_equal(db_query(db, &s, &e, "SELECT ?,?,?,?,?,?,?,?,?,?", "iubbbdttnu", INT64_MIN, (uint64_t)INT64_MAX,
                              some, empty, none, &id, "w\xc3\xb6rd", (const char *)NULL, (uint64_t)0),
                     0);
    assert_int_equal(db_next(db, s, &e), 1);
    assert_true(db_int(s, 0) == INT64_MIN);
    assert_true(db_uint(s, 0) == 0); /* there is no such uint */
    assert_true(db_uint(s, 1) == INT64_MAX);
    assert_true(slice_equal(db_slice(s, 2), some));
    assert_true(db_slice(s, 3).p != NULL && db_slice(s, 3).size == 0 && !db_is_null(s, 3));
    assert_true(db_slice(s, 4).p == NULL && db_is_null(s, 4));
    back = db_id(s, 5);
    assert_true(id_equal(&back, &id));
    back = db_id(s, 2); /* four bytes are no id */
    assert_true(id_equal(&back, &zero));
    assert_string_equal(db_text(s, 6), "w\xc3\xb6rd");
    assert_string_equal(db_text(s, 7), "");
    assert_true(db_is_null(s, 7) && db_is_null(s, 8) && !db_is_null(s, 9));
    assert_int_equal(db_next(db, s, &e), 0);
}

/* Goal: a number that SQLite would turn negative is refused, and the statement is free again. */
static void test_too_large(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(db_run(db, &e, "INSERT INTO t VALUES(?,1,1)", "u", (uint64_t)INT64_MAX + 1), E_LIMIT);
    assert_int_equal(db_run(db, NULL, "INSERT INTO t VALUES(?,1,1)", "u", UINT64_MAX), E_LIMIT);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 0);
    assert_int_equal(statements(), 2);
}

/* Goal: a text is prepared once, whoever asks, and what was bound last time is gone. */
static void test_cache(void **state)
{
    char text[] = "SELECT ?1 IS NULL";
    sqlite3_stmt *first, *second;
    (void)state;
    assert_int_equal(db_query(db, &first, &e, "SELECT ?1 IS NULL", "i", (int64_t)5), 0);
    assert_int_equal(db_next(db, first, &e), 1);
    assert_int_equal(db_int(first, 0), 0);
    db_done(db, first);
    assert_int_equal(db_query(db, &second, &e, text, "n"), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(db_next(db, second, &e), 1);
    assert_int_equal(db_int(second, 0), 1);
    assert_int_equal(db_next(db, second, &e), 0);
    assert_int_equal(statements(), 1);
}

/* Goal: one text can be open many times at once: each reader sees its own rows, and afterwards only the cache's
 * statement is left. */
static void test_in_use(void **state)
{
    static const char sql[] = "WITH RECURSIVE n(v) AS (VALUES(?1) UNION ALL SELECT v + 1 FROM n WHERE v < ?1 + 3) "
                              "SELECT v FROM n";
    sqlite3_stmt *s[20];
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int64_t i = 0; i < 20; i++)
            assert_int_equal(db_query(db, &s[i], &e, sql, "i", 100 * i), 0);
        assert_int_equal(statements(), 20);
        for (int64_t row = 0; row < 4; row++)
            for (int64_t i = 0; i < 20; i++) {
                assert_int_equal(db_next(db, s[i], &e), 1);
                assert_int_equal(db_int(s[i], 0), 100 * i + row);
            }
        for (int i = 0; i < 20; i += 2) /* some to their end, some let go before it */
            assert_int_equal(db_next(db, s[i], &e), 0);
        for (int i = 1; i < 20; i += 2)
            db_done(db, s[i]);
        assert_int_equal(statements(), 1);
    }
    db_done(db, NULL);
}

/* Goal: the cache holds so many and no more, whatever texts come, and a statement in use is never thrown out. */
static void test_eviction(void **state)
{
    sqlite3_stmt *kept;
    char sql[64];
    (void)state;
    assert_int_equal(db_query(db, &kept, &e, "SELECT 1 UNION ALL SELECT 2", ""), 0);
    assert_int_equal(db_next(db, kept, &e), 1);
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(sql, sizeof sql, "SELECT %d", i);
        assert_int_equal(number_of(sql), i);
    }
    assert_true(statements() > 200 && statements() <= 256);
    assert_int_equal(db_next(db, kept, &e), 1);
    assert_int_equal(db_int(kept, 0), 2);
    assert_int_equal(db_next(db, kept, &e), 0);
    /* All in use at once: those that find no place are finalized when they are done. */
    {
        sqlite3_stmt *s[600];
        for (int i = 0; i < 600; i++) {
            (void)snprintf(sql, sizeof sql, "SELECT %d + ?", i);
            assert_int_equal(db_query(db, &s[i], &e, sql, "i", (int64_t)1), 0);
        }
        for (int i = 0; i < 600; i++) {
            assert_int_equal(db_next(db, s[i], &e), 1);
            assert_int_equal(db_int(s[i], 0), i + 1);
            assert_int_equal(db_next(db, s[i], &e), 0);
        }
    }
    assert_int_equal(statements(), 256);
}

/* Goal: a failed statement has a code and a sentence without what was bound, and is free again. */
static void test_errors(void **state)
{
    static const char insert[] = "INSERT INTO u VALUES(?)";
    sqlite3_stmt *s;
    size_t before;
    (void)state;
    assert_int_equal(db_exec(db, "CREATE TABLE u(name TEXT UNIQUE CHECK(name <> 'nobody'))", &e), 0);
    assert_int_equal(db_run(db, &e, insert, "t", "Esperanza"), 0);
    before = statements();
    e.text[0] = '\0';
    assert_int_equal(db_run(db, &e, insert, "t", "Esperanza"), E_IO);
    assert_non_null(strstr(e.text, "writing the store"));
    assert_null(strstr(e.text, "Esperanza"));
    assert_int_equal(db_run(db, &e, insert, "t", "nobody"), E_IO);
    assert_null(strstr(e.text, "nobody"));
    assert_int_equal(db_run(db, NULL, insert, "t", "nobody"), E_IO);
    assert_int_equal(db_query(db, &s, &e, "SELECT abs(?)", "i", INT64_MIN), 0);
    assert_int_equal(db_next(db, s, &e), -1);
    assert_int_equal(e.code, E_INTERNAL);
    assert_int_equal(statements(), before + 1);
    /* A table that is not there is our own mistake. */
    assert_int_equal(db_query(db, &s, &e, "SELECT * FROM absent", ""), E_INTERNAL);
    assert_non_null(strstr(e.text, "absent"));
    assert_int_equal(db_exec(db, "nonsense", &e), E_INTERNAL);
    assert_int_equal(db_exec(db, "nonsense", NULL), E_INTERNAL);
    assert_int_equal(statements(), before + 1);
}

/* Goal: rows, rowids and counts are told. */
static void test_counts(void **state)
{
    (void)state;
    assert_int_equal(db_run(db, &e, "INSERT INTO t VALUES(1, 2, 3)", ""), 0);
    assert_int_equal(db_last_rowid(db), 1);
    assert_int_equal(db_run(db, &e, "INSERT INTO t VALUES(1, 2, 3), (4, 5, 6)", ""), 0);
    assert_int_equal(db_changes(db), 2);
    assert_int_equal(db_last_rowid(db), 3);
    assert_int_equal(db_run(db, &e, "UPDATE t SET c = 0 WHERE a = 7", ""), 0);
    assert_int_equal(db_changes(db), 0);
    assert_int_equal(db_run(db, &e, "SELECT a FROM t", ""), 0); /* rows that nobody wants */
}

/* Goal: what is committed stays, what is rolled back goes, and rolling back twice or without a transaction does
 * nothing, also while somebody reads. */
static void test_transactions(void **state)
{
    sqlite3_stmt *s;
    (void)state;
    assert_int_equal(db_in_transaction(db), 0);
    db_rollback(db);
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_not_equal(db_in_transaction(db), 0);
    assert_int_not_equal(db_begin(db, &e), 0); /* they do not nest */
    assert_int_equal(db_run(db, &e, "INSERT INTO t VALUES(1, 1, 1), (2, 2, 2)", ""), 0);
    assert_int_equal(db_commit(db, &e), 0);
    assert_int_equal(db_in_transaction(db), 0);
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_equal(db_run(db, &e, "DELETE FROM t", ""), 0);
    assert_int_equal(db_query(db, &s, &e, "SELECT name FROM meta UNION ALL SELECT 'x' UNION ALL SELECT 'y'", ""), 0);
    assert_int_equal(db_next(db, s, &e), 1);
    db_rollback(db);
    db_rollback(db);
    assert_int_equal(db_in_transaction(db), 0);
    db_done(db, s);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 2);
    assert_int_not_equal(db_commit(db, &e), 0); /* there is none */
    /* If it cannot go back to a savepoint nothing of the transaction stays. */
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_equal(db_exec(db, "SAVEPOINT half", &e), 0);
    assert_int_equal(db_run(db, &e, "DELETE FROM t", ""), 0);
    assert_int_equal(db_back_to(db, "ROLLBACK TO half", &e), 0);
    assert_int_not_equal(db_in_transaction(db), 0);
    assert_int_equal(db_run(db, &e, "DELETE FROM t", ""), 0);
    assert_int_not_equal(db_back_to(db, "ROLLBACK TO other", &e), 0);
    assert_int_equal(db_in_transaction(db), 0);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 2);
}

/* Goal: one row or none: whether there is one, its number, the row itself; no statement stays in use, whatever comes.
 */
static void test_one_row(void **state)
{
    sqlite3_stmt *s, *again;
    uint64_t number = 7;
    (void)state;
    assert_int_equal(db_exists(db, &e, "SELECT 1 FROM t WHERE a = ?", "i", (int64_t)5), 0);
    assert_int_equal(db_number_of(db, &number, &e, "SELECT b FROM t WHERE a = ?", "i", (int64_t)5), 0);
    assert_true(number == 0);
    assert_int_equal(db_first(db, &s, &e, "SELECT b FROM t WHERE a = ?", "i", (int64_t)5), 0);
    assert_int_equal(db_run(db, &e, "INSERT INTO t VALUES(5, 41, 0), (5, 42, 0), (6, NULL, 0), (7, -1, 0)", ""), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(db_exists(db, &e, "SELECT 1 FROM t WHERE a = ?", "i", (int64_t)5), 1);
        assert_int_equal(db_number_of(db, &number, &e, "SELECT b FROM t WHERE a = ?", "i", (int64_t)5), 0);
        assert_true(number == 41);
        assert_int_equal(db_first(db, &s, &e, "SELECT b FROM t WHERE a = ?", "i", (int64_t)5), 1);
        assert_int_equal(db_int(s, 0), 41);
        db_done(db, s);
    }
    for (int64_t a = 6; a < 8; a++) { /* NULL, and less than 0 */
        assert_int_equal(db_number_of(db, &number, &e, "SELECT b FROM t WHERE a = ?", "i", a), 0);
        assert_true(number == 0);
    }
    assert_int_equal(statements(), 3);
    assert_int_equal(db_query(db, &again, &e, "SELECT b FROM t WHERE a = ?", "i", (int64_t)5), 0);
    assert_ptr_equal(s, again);
    db_done(db, again);
    /* What fails says why, to who asks and to who does not. */
    assert_int_equal(db_exists(db, &e, "SELECT 1 FROM nowhere", ""), -1);
    assert_int_equal(e.code, E_INTERNAL);
    assert_int_equal(db_exists(db, NULL, "SELECT 1 FROM t WHERE a = ?", "u", UINT64_MAX), -1);
    assert_int_equal(db_first(db, &s, &e, "SELECT 1 FROM t WHERE a = ?", "u", UINT64_MAX), -1);
    assert_int_equal(e.code, E_LIMIT);
    number = 7;
    assert_int_equal(db_number_of(db, &number, NULL, "SELECT b FROM t WHERE a = ?", "u", UINT64_MAX), E_LIMIT);
    assert_true(number == 0);
}

static void check_text(const char *sql, const char *expected)
{
    sqlite3_stmt *s;
    assert_int_equal(db_first(db, &s, &e, sql, ""), 1);
    assert_int_equal(db_is_null(s, 0), expected == NULL);
    assert_string_equal(db_text(s, 0), expected != NULL ? expected : "");
    db_done(db, s);
}

/* Goal: an id is written and read in SQL as id_format and id_parse do it, and what is none is NULL; nothing that
 * another program reads (a view) can name the functions. */
static void test_ids(void **state)
{
    (void)state;
    check_text("SELECT id_text(x'0123456789abcdef0123456789ABCDEF')", "01234567-89ab-cdef-0123-456789abcdef");
    check_text("SELECT id_text(id_blob('01234567-89AB-cdef-0123-456789abcdef'))",
               "01234567-89ab-cdef-0123-456789abcdef");
    check_text("SELECT hex(id_blob('0123456789abcdef0123456789abcdef'))", "0123456789ABCDEF0123456789ABCDEF");
    check_text("SELECT id_text(NULL)", NULL);
    check_text("SELECT id_text('0123456789abcdef')", NULL);
    check_text("SELECT id_text(x'0123456789abcdef0123456789abcd')", NULL);
    check_text("SELECT id_text(x'')", NULL);
    check_text("SELECT id_blob(NULL)", NULL);
    check_text("SELECT fold('\xc3\x96' || 'BERG')", "oberg");
    check_text("SELECT fold(NULL)", NULL);
    check_text("SELECT digits('+49 (30) 55-1')", "4930551");
    check_text("SELECT digits(NULL)", NULL);
    check_text("SELECT id_blob('')", NULL);
    check_text("SELECT id_blob('0123456789abcdef0123456789abcd')", NULL);
    check_text("SELECT id_blob('0123456789abcdef0123456789abcdef01')", NULL);
    check_text("SELECT id_blob('0123456789abcdef0123456789abcdeg')", NULL);
    assert_int_equal(db_exec(db, "CREATE VIEW v AS SELECT id_text(a) FROM t", &e), 0);
    assert_int_equal(db_exists(db, &e, "SELECT 1 FROM v", ""), -1);
}

/* Goal: meta gives back what was put in, the last one, and says so if it has nothing of that name and size. */
static void test_meta(void **state)
{
    uint8_t out[4] = {9, 9, 9, 9};
    char text[8];
    (void)state;
    assert_int_equal(db_meta_get(db, "key", out, sizeof out, &e), E_NOT_FOUND);
    assert_int_equal(db_meta_set(db, "key", "\1\2\3", 3, &e), 0);
    assert_int_equal(db_meta_get(db, "key", out, sizeof out, &e), E_NOT_FOUND);
    assert_int_equal(db_meta_get(db, "key", out, 2, NULL), E_NOT_FOUND);
    assert_memory_equal(out, "\x9\x9\x9\x9", 4);
    assert_int_equal(db_meta_set(db, "key", "\1\0\3\4", 4, &e), 0);
    assert_int_equal(db_meta_get(db, "key", out, sizeof out, &e), 0);
    assert_memory_equal(out, "\1\0\3\4", 4);
    assert_int_equal(db_meta_set(db, "empty", NULL, 0, &e), 0);
    assert_int_equal(db_meta_get(db, "empty", out, 0, &e), 0);

    assert_int_equal(db_meta_uint(db, "count"), 0);
    assert_int_equal(db_meta_set_uint(db, "count", INT64_MAX, &e), 0);
    assert_true(db_meta_uint(db, "count") == INT64_MAX);
    assert_int_equal(db_meta_set_uint(db, "count", 1ull << 63, &e), E_LIMIT);
    assert_true(db_meta_uint(db, "count") == INT64_MAX);

    db_meta_text(db, "name", text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(db_meta_set_text(db, "name", "Caf\xc3\xa9", &e), 0);
    db_meta_text(db, "name", text, sizeof text);
    assert_string_equal(text, "Caf\xc3\xa9");
    db_meta_text(db, "name", text, 6);
    assert_string_equal(text, "Caf\xc3\xa9");
    db_meta_text(db, "name", text, 5); /* cut before the character, not in it */
    assert_string_equal(text, "Caf");
    db_meta_text(db, "name", text, 1);
    assert_string_equal(text, "");
    assert_int_equal(statements(), 2);
}

/* Goal: closing finalizes what was left open, and closing nothing does nothing. */
static void test_close(void **state)
{
    struct db *other;
    sqlite3_stmt *s;
    (void)state;
    db_close(NULL);
    assert_int_equal(db_open_memory(&other, &e), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(db_query(other, &s, &e, "SELECT 1", ""), 0);
        assert_int_equal(db_next(other, s, &e), 1);
    }
    db_close(other); /* the sanitizer would tell */
}

/* Goal: an encrypted store keeps its meta and its rows; without the file, or with another key, it says which. */
static void test_store(void **state)
{
    static const uint8_t key[32] = {1}, other[32] = {2};
    char folder[] = "/tmp/satchel-db-XXXXXX", path[64];
    struct db *store = NULL;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/store", folder);
    assert_int_equal(db_open(&store, path, key, 0, 0, &e), E_NO_STORE);
    assert_null(store);
    assert_int_equal(db_open(&store, path, key, 1, 0, &e), 0);
    assert_int_equal(db_meta_set_uint(store, "seen", 42, &e), 0);
    assert_int_equal(db_begin(store, &e), 0);
    assert_int_equal(db_meta_set_uint(store, "seen", 43, &e), 0);
    db_close(store); /* in the middle: what was not committed is gone */
    assert_int_equal(db_open(&store, path, other, 0, 0, &e), E_WRONG_KEY);
    assert_null(store);
    assert_int_equal(db_open(&store, path, key, 0, 0, &e), 0);
    assert_int_equal(db_meta_uint(store, "seen"), 42);
    db_close(store);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/store-wal", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/store-lock", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_binding, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_too_large, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_cache, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_in_use, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_eviction, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_errors, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_counts, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_transactions, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_one_row, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_ids, open_memory, close_it),
        cmocka_unit_test_setup_teardown(test_meta, open_memory, close_it),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_store),
    };
    if (vault_init(&e) != 0)
        return 1;
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
