/* Tests: common/vault/vault_shm.c
 * Several handles of one process on one vault: they share SQLite's index of the log. */
#include "vault_fixture.h"

#include <pthread.h>

static int did(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) & 0xff;
}

/* ---- the locks themselves ---- */

#define SHARED SQLITE_SHM_SHARED
#define EXCLUSIVE SQLITE_SHM_EXCLUSIVE

static int take(struct vault_handle *h, int first, int count, int kind)
{
    return vault_shm_lock(&h->base, first, count, SQLITE_SHM_LOCK | kind);
}

static void give(struct vault_handle *h, int first, int count, int kind)
{
    assert_int_equal(vault_shm_lock(&h->base, first, count, SQLITE_SHM_UNLOCK | kind), SQLITE_OK);
}

/* Goal: a slot is held by one exclusively or by many shared, each lock is for all of its slots or none, and whoever
 * leaves lets go of everything. */
static void slots_are_locks(void **state)
{
    struct vault_handle h[3] = {{.name = "/sim/a"}, {.name = "/sim/a"}, {.name = "/sim/b"}};
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(vault_shm_join(&h[i], 1), SQLITE_OK);
    for (int slot = 0; slot < SQLITE_SHM_NLOCK; slot++) {
        assert_int_equal(take(&h[0], slot, 1, SHARED), SQLITE_OK);
        assert_int_equal(take(&h[1], slot, 1, SHARED), SQLITE_OK);
        assert_int_equal(take(&h[2], slot, 1, EXCLUSIVE), SQLITE_OK); /* another database */
        give(&h[0], slot, 1, SHARED);
        assert_int_equal(take(&h[0], slot, 1, EXCLUSIVE), SQLITE_BUSY);
        give(&h[1], slot, 1, SHARED);
        assert_int_equal(take(&h[0], slot, 1, EXCLUSIVE), SQLITE_OK);
        assert_int_equal(take(&h[1], slot, 1, SHARED), SQLITE_BUSY);
        assert_int_equal(take(&h[1], slot, 1, EXCLUSIVE), SQLITE_BUSY);
        give(&h[0], slot, 1, EXCLUSIVE);
        give(&h[2], slot, 1, EXCLUSIVE);
    }
    assert_int_equal(take(&h[1], 6, 1, SHARED), SQLITE_OK);
    assert_int_equal(take(&h[0], 4, 4, EXCLUSIVE), SQLITE_BUSY);
    assert_int_equal(take(&h[1], 4, 1, EXCLUSIVE), SQLITE_OK); /* the refused lock left nothing behind */
    assert_int_equal(vault_shm_unmap(&h[1].base, 0), SQLITE_OK);
    assert_int_equal(take(&h[0], 4, 4, EXCLUSIVE), SQLITE_OK);
    assert_int_equal(take(&h[0], 7, 2, EXCLUSIVE), SQLITE_IOERR_SHMLOCK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vault_shm_unmap(&h[i].base, 0), SQLITE_OK);
        vault_shm_leave(&h[i]);
    }
}

/* Goal: regions are the same bytes for all that share them, stay where they are while there are more of them, and are
 * zeros for whoever comes when everybody has gone. */
static void regions_are_shared(void **state)
{
    struct vault_handle h[2] = {{.name = "/sim/a"}, {.name = "/sim/a"}};
    void volatile *page = NULL, *other = NULL;
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(vault_shm_join(&h[i], 1), SQLITE_OK);
    assert_int_equal(vault_shm_map(&h[0].base, 0, VAULT_REGION_BYTES, 0, &page), SQLITE_OK);
    assert_null((void *)page);
    assert_int_equal(vault_shm_map(&h[0].base, 0, VAULT_REGION_BYTES, 1, &page), SQLITE_OK);
    assert_non_null((void *)page);
    memset((void *)page, 7, VAULT_REGION_BYTES);
    assert_int_equal(vault_shm_map(&h[0].base, 40, VAULT_REGION_BYTES, 1, &other), SQLITE_OK);
    assert_non_null((void *)other);
    assert_int_equal(vault_shm_map(&h[1].base, 0, VAULT_REGION_BYTES, 0, &other), SQLITE_OK);
    assert_ptr_equal((void *)other, (void *)page);
    assert_int_equal(vault_shm_unmap(&h[0].base, 1), SQLITE_OK);
    assert_int_equal(((uint8_t volatile *)page)[100], 7);
    assert_int_equal(vault_shm_unmap(&h[1].base, 1), SQLITE_OK);
    assert_int_equal(vault_shm_map(&h[0].base, 0, VAULT_REGION_BYTES, 0, &page), SQLITE_OK);
    assert_null((void *)page);
    assert_int_equal(vault_shm_map(&h[0].base, 0, VAULT_REGION_BYTES, 1, &page), SQLITE_OK);
    assert_int_equal(((uint8_t volatile *)page)[100], 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vault_shm_unmap(&h[i].base, 0), SQLITE_OK);
        vault_shm_leave(&h[i]);
    }
}

/* ---- what SQLite makes of them ---- */

/* Goal: a transaction of one handle shows one commit, whatever another commits meanwhile, and the next shows the last.
 */
static void snapshots_are_isolated(void **state)
{
    sqlite3 *writer = vault_must_open(1), *other = vault_must_open(0), *reader;
    (void)state;
    vault_must(writer, "CREATE TABLE t(n); INSERT INTO t VALUES (1)");
    reader = vault_must_read();
    vault_must(other, "BEGIN");
    vault_must_be(other, "SELECT n FROM t", "1");
    vault_must(reader, "BEGIN");
    vault_must_be(reader, "SELECT n FROM t", "1");
    vault_must(writer, "UPDATE t SET n = 2");
    vault_must_be(other, "SELECT n FROM t", "1");
    vault_must_be(reader, "SELECT n FROM t", "1");
    assert_int_equal(did(other, "UPDATE t SET n = 9"), SQLITE_BUSY); /* it would write over what it did not see */
    vault_must(other, "COMMIT");
    vault_must(reader, "COMMIT");
    vault_must_be(reader, "SELECT n FROM t", "2");
    vault_must(other, "UPDATE t SET n = n + 1");
    vault_must_be(writer, "SELECT n FROM t", "3");
    assert_int_equal(did(reader, "UPDATE t SET n = 9"), SQLITE_READONLY);
    vault_close(writer);
    vault_must_be(reader, "SELECT n FROM t", "3");
    vault_close(other);
    vault_must_be(reader, "SELECT n FROM t", "3");
    vault_close(reader);
    writer = vault_must_open(0);
    vault_must_be(writer, "SELECT n FROM t", "3");
    vault_must_be(writer, "PRAGMA integrity_check", "ok");
    vault_close(writer);
}

/* Goal: one handle writes at a time; the others are busy, or wait as long as they may. */
static void writers_take_turns(void **state)
{
    sqlite3 *one = vault_must_open(1), *two = vault_must_open(0);
    struct error e = {0};
    (void)state;
    vault_must(one, "CREATE TABLE t(n)");
    vault_must(one, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    assert_int_equal(did(two, "BEGIN IMMEDIATE"), SQLITE_BUSY);
    assert_int_equal(vault_error(two, "saving", &e), E_BUSY);
    vault_must(one, "COMMIT");
    vault_must(two, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
    assert_int_equal(did(one, "INSERT INTO t VALUES (3)"), SQLITE_BUSY);
    vault_must(two, "ROLLBACK");
    vault_must(one, "INSERT INTO t VALUES (3)");
    vault_must_be(two, "SELECT sum(n) FROM t", "4");
    vault_close(one);
    vault_close(two);
}

/* Goal: a checkpoint copies what no reader needs the old pages of, and the log is begun anew only when no reader is in
 * it; readers see their own commit through all of it. */
static void checkpoints_spare_readers(void **state)
{
    sqlite3 *writer, *reader;
    (void)state;
    vault_make_two_states(0);
    writer = vault_must_open(0);
    reader = vault_must_read();
    vault_must(writer, "UPDATE v SET n = 2");
    vault_must(reader, "PRAGMA cache_size=1; BEGIN");
    vault_must_be(reader, "SELECT n FROM v", "2");
    for (int round = 0; round < 5; round++) {
        vault_must(writer, "UPDATE v SET n = n + 1; UPDATE t SET b = randomblob(300)");
        vault_must_be(writer, "PRAGMA wal_checkpoint(PASSIVE)", "0");
        vault_must_be(writer, "PRAGMA wal_checkpoint(TRUNCATE)", "1"); /* busy */
        vault_must_be(reader, "SELECT n FROM v", "2");
        vault_must_be(reader, "PRAGMA integrity_check", "ok");
    }
    assert_true(vault_size_of(vault_log_path) > 0);
    vault_must(reader, "COMMIT");
    vault_must_be(writer, "PRAGMA wal_checkpoint(TRUNCATE)", "0");
    assert_int_equal(vault_size_of(vault_log_path), 0);
    vault_must_be(reader, "SELECT n FROM v", "7");
    vault_must(writer, "UPDATE v SET n = 8");
    vault_must_be(reader, "SELECT n FROM v", "8");
    vault_close(reader);
    vault_close(writer);
    assert_int_equal(vault_size_of(vault_log_path), -1);
}

/* Goal: a handle that only reads neither carries the log over nor removes it, even as the last one. */
static void last_reader_leaves_the_log(void **state)
{
    sqlite3 *writer, *reader;
    int code;
    (void)state;
    vault_make_two_states(1);
    writer = vault_must_open(0);
    reader = vault_must_read();
    vault_must_be(reader, "SELECT n FROM v", "2");
    vault_close(writer);
    vault_close(reader);
    assert_true(vault_size_of(vault_log_path) > 0);
    assert_int_equal(vault_state_seen(&code), 2);
    assert_int_equal(vault_size_of(vault_log_path), -1);
}

/* Goal: the wrong key opens no second handle either, and disturbs none that is open. */
static void second_handle_needs_the_key(void **state)
{
    sqlite3 *db = vault_must_open(1), *bad = NULL;
    struct error e = {0};
    (void)state;
    vault_must(db, "CREATE TABLE t(n); INSERT INTO t VALUES (1)");
    assert_int_equal(vault_open(&bad, vault_path, vault_wrong, 0, 0, &e), E_WRONG_KEY);
    assert_int_equal(vault_open(&bad, vault_path, vault_wrong, VAULT_READ, 0, &e), E_WRONG_KEY);
    vault_must(db, "INSERT INTO t VALUES (2)");
    vault_must_be(db, "SELECT sum(n) FROM t", "3");
    vault_close(db);
}

/* ---- threads ---- */

enum { WRITERS = 2, READERS = 3, TURNS = 150 };

static int went_wrong;

static void wrong_if(int is)
{
    if (is)
        __atomic_store_n(&went_wrong, 1, __ATOMIC_SEQ_CST);
}

/* Adds 1 to every row, so that each commit has one number in all of them. */
static void *write_turns(void *unused)
{
    sqlite3 *db = NULL;
    (void)unused;
    wrong_if(vault_open(&db, vault_path, vault_right, 0, 60000, NULL) != 0);
    wrong_if(did(db, "PRAGMA wal_autocheckpoint=40; PRAGMA synchronous=NORMAL") != SQLITE_OK);
    for (int i = 0; i < TURNS; i++) {
        wrong_if(did(db, "UPDATE t SET n = n + 1") != SQLITE_OK);
        if (i % 20 == 0)
            (void)did(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    vault_close(db);
    return NULL;
}

static void *read_turns(void *unused)
{
    sqlite3 *db = NULL;
    char seen[64];
    int last = 0;
    (void)unused;
    for (int i = 0; i < TURNS; i++) {
        int n;
        if (db == NULL)
            wrong_if(vault_open(&db, vault_path, vault_right, i % 2 == 0 ? VAULT_READ : 0, 60000, NULL) != 0);
        wrong_if(vault_ask(db, "SELECT CASE WHEN min(n) = max(n) AND count(*) = 300 THEN min(n) ELSE -1 END FROM t",
                           seen, sizeof seen) != SQLITE_OK);
        n = atoi(seen); // NOLINT(cert-err34-c): what is not a number is 0
        wrong_if(n < last);
        last = n;
        if (i % 7 == 0) {
            vault_close(db);
            db = NULL;
        }
    }
    vault_close(db);
    return NULL;
}

/* Goal: with a handle for each of several threads, every read is one commit, and no write is lost. */
static void threads_share_a_store(void **state)
{
    pthread_t threads[WRITERS + READERS];
    sqlite3 *db = vault_must_open(1);
    char expected[16];
    (void)state;
    vault_must(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, n, b); CREATE INDEX i ON t(n);"
                   "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 300)"
                   "INSERT INTO t SELECT i, 0, randomblob(100) FROM r");
    for (int i = 0; i < WRITERS + READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? write_turns : read_turns, NULL), 0);
    for (int i = 0; i < WRITERS + READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(went_wrong, 0);
    (void)snprintf(expected, sizeof expected, "%d", WRITERS * TURNS);
    vault_must_be(db, "SELECT max(n) FROM t", expected);
    vault_must_be(db, "PRAGMA integrity_check", "ok");
    vault_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_locks), cmocka_unit_test(regions_are_shared), TEST(snapshots_are_isolated),
        TEST(writers_take_turns),          TEST(checkpoints_spare_readers),      TEST(last_reader_leaves_the_log),
        TEST(second_handle_needs_the_key), TEST(threads_share_a_store),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
