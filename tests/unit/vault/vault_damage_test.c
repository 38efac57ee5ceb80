/* Tests: common/vault/vault.c common/vault/vault_page.c common/vault/vault_wal.c
 * The vault: damage is found, crashes are mended. The numbers of traps are those of docs/VAULT.md. */
#include "vault_fixture.h"

/* ---- damage ---- */

/* Goal: a flipped bit in any part of page 1 or another page is refused with a reason, and never read. */
static void flips_in_pages_are_found(void **state)
{
    static const size_t at[] = {0, 7, 15, 16, 20, 24, 99, 100, 2000, 4055, 4056, 4079, 4080, 4095};
    size_t count;
    uint8_t *good;
    int code;
    (void)state;
    vault_make_two_states(0);
    assert_int_equal(vault_state_seen(&code), 1);
    good = vault_load(vault_path, &count);
    for (size_t page = 0; page < count / VAULT_PAGE_BYTES; page++) {
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            size_t where = page * VAULT_PAGE_BYTES + at[i];
            good[where] ^= 0x10;
            vault_save(vault_path, good, count);
            good[where] ^= 0x10;
            assert_int_equal(vault_state_seen(&code), 0);
            /* A flipped file id makes other keys: nothing opens. */
            assert_int_equal(code, page == 0 && at[i] < 16 ? E_WRONG_KEY : E_VERIFY);
        }
    }
    vault_save(vault_path, good, count);
    assert_int_equal(vault_state_seen(&code), 1);
    free(good);
}

/* Goal: pages that were swapped, doubled, zeroed (trap 8), cut off or added are refused. */
static void moved_pages_are_found(void **state)
{
    size_t count, pages;
    uint8_t *good, *bad;
    int code;
    (void)state;
    vault_make_two_states(0);
    good = vault_load(vault_path, &count);
    pages = count / VAULT_PAGE_BYTES;
    bad = malloc(count);
    assert_non_null(bad);
    for (size_t page = 1; page < pages; page++) {
        size_t other = page == 1 ? 2 : 1;
        memcpy(bad, good, count);
        memcpy(bad + page * VAULT_PAGE_BYTES, good + other * VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
        memcpy(bad + other * VAULT_PAGE_BYTES, good + page * VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
        vault_save(vault_path, bad, count);
        assert_int_equal(vault_state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        memcpy(bad + other * VAULT_PAGE_BYTES, good + other * VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
        vault_save(vault_path, bad, count);
        assert_int_equal(vault_state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        memset(bad + page * VAULT_PAGE_BYTES, 0, VAULT_PAGE_BYTES);
        vault_save(vault_path, bad, count);
        assert_int_equal(vault_state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        vault_save(vault_path, good, page * VAULT_PAGE_BYTES);
        assert_int_equal(vault_state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        vault_save(vault_path, good, page * VAULT_PAGE_BYTES + 1000);
        assert_int_equal(vault_state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
    }
    for (size_t cut = 1; cut < VAULT_PAGE_BYTES; cut += 455) {
        vault_save(vault_path, good, cut);
        assert_int_equal(vault_state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
    }
    memcpy(bad, good, count);
    memset(bad, 0, VAULT_PAGE_BYTES);
    vault_save(vault_path, bad, count);
    assert_int_equal(vault_state_seen(&code), 0);
    free(good);
    free(bad);
}

static void touch_and_die(sqlite3 *db)
{
    vault_run(db, "PRAGMA wal_autocheckpoint=0; UPDATE v SET n = 2;");
}

/* Goal (trap 8): pages cut off a database whose log still says how large it is are missed, not read as zeros. */
static void cut_pages_behind_a_log_are_missed(void **state)
{
    sqlite3 *db;
    struct error e = {0};
    char seen[64];
    size_t count;
    uint8_t *good;
    (void)state;
    db = vault_must_open(1);
    vault_must(db, "CREATE TABLE v(n); INSERT INTO v VALUES (1); CREATE TABLE o(b);"
                   "INSERT INTO o VALUES (CAST(zeroblob(40000) AS TEXT));");
    vault_close(db);
    vault_in_dying_child(touch_and_die, 0);
    good = vault_load(vault_path, &count);
    /* The last page ends the value's chain: as zeros it would pass for the end of a value. */
    vault_save(vault_path, good, count - VAULT_PAGE_BYTES);
    free(good);
    db = vault_must_open(0);
    vault_must_be(db, "SELECT n FROM v", "2");
    assert_int_not_equal(vault_ask(db, "SELECT hex(b) FROM o", seen, sizeof seen), SQLITE_OK);
    assert_int_equal(vault_error(db, "reading", &e), E_VERIFY);
    vault_close(db);
}

/* Goal: a page of another store under the same data key is refused: the file id is in the keys. */
static void pages_of_another_store_are_found(void **state)
{
    size_t count[2];
    uint8_t *bytes[2];
    int code;
    (void)state;
    for (int i = 0; i < 2; i++) {
        vault_make_two_states(0);
        bytes[i] = vault_load(vault_path, &count[i]);
        assert_int_equal(unlink(vault_path), 0);
    }
    assert_int_equal(count[0], count[1]);
    memcpy(bytes[0] + count[0] - VAULT_PAGE_BYTES, bytes[1] + count[1] - VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
    vault_save(vault_path, bytes[0], count[0]);
    assert_int_equal(vault_state_seen(&code), 0);
    assert_int_equal(code, E_VERIFY);
    free(bytes[0]);
    free(bytes[1]);
}

/* Goal (trap 3): a log that was changed or cut anywhere shows the state before it or is refused, never anything else.
 */
static void damage_in_the_log_is_found(void **state)
{
    size_t count, log_count;
    uint8_t *good, *log;
    int code;
    (void)state;
    vault_make_two_states(1);
    good = vault_load(vault_path, &count);
    log = vault_load(vault_log_path, &log_count);
    assert_int_equal(vault_state_seen(&code), 2);
    for (size_t at = 0; at < log_count; at += at < 100 ? 1 : at % 7 == 0 ? 257 : 211) {
        int seen;
        vault_save(vault_path, good, count);
        log[at] ^= 0x04;
        vault_save(vault_log_path, log, log_count);
        log[at] ^= 0x04;
        seen = vault_state_seen(&code);
        assert_true(seen == 1 || (seen == 0 && code == E_VERIFY));
        vault_save(vault_path, good, count);
        vault_save(vault_log_path, log, at);
        assert_int_equal(vault_state_seen(&code), 1);
    }
    vault_save(vault_path, good, count);
    vault_save(vault_log_path, log, log_count);
    assert_int_equal(vault_state_seen(&code), 2);
    free(good);
    free(log);
}

/* Goal: a frame that changes after the log was recovered fails loudly: only recovery may take it for a torn one. */
static void frame_changed_while_open_is_an_error(void **state)
{
    sqlite3 *db;
    size_t count;
    uint8_t *log;
    char seen[64];
    struct error e = {0};
    (void)state;
    vault_make_two_states(1);
    db = vault_must_open(0);
    vault_must(db, "PRAGMA cache_size=1");
    vault_must_be(db, "SELECT n FROM v", "2");
    log = vault_load(vault_log_path, &count);
    for (size_t at = VAULT_WAL_HEADER_BYTES + 100; at < count; at += VAULT_FRAME_BYTES)
        log[at] ^= 1;
    vault_save(vault_log_path, log, count);
    free(log);
    assert_int_not_equal(vault_ask(db, "SELECT sum(length(b)) FROM t", seen, sizeof seen), SQLITE_OK);
    assert_int_equal(vault_error(db, "reading", &e), E_VERIFY);
    vault_close(db);
}

/* Goal: what a handle wrote to the log itself it takes from memory only if the disk has it still, byte for byte and
 * in its place: a frame that was changed is an error, and so is one that was put where another stood. */
static void own_frames_are_compared(void **state)
{
    /* As many frames between the two as the memory of them has places, or a multiple. */
    static const size_t apart = 1024 * (size_t)VAULT_FRAME_BYTES;
    sqlite3 *db = vault_must_open(1);
    size_t count;
    uint8_t *log;
    char seen[64];
    struct error e = {0};
    (void)state;
    vault_must(db, "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=1; CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
                   "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 1500)"
                   "INSERT INTO t SELECT i, randomblob(3900) FROM r;");
    vault_must_be(db, "SELECT count(*) FROM t WHERE length(b) = 3900", "1500");
    log = vault_load(vault_log_path, &count);
    assert_true(count > VAULT_WAL_HEADER_BYTES + apart + 400 * (size_t)VAULT_FRAME_BYTES);
    for (size_t at = VAULT_WAL_HEADER_BYTES; at + apart + VAULT_FRAME_BYTES <= count; at += VAULT_FRAME_BYTES)
        memcpy(log + at, log + at + apart, VAULT_FRAME_BYTES);
    vault_save(vault_log_path, log, count);
    assert_int_not_equal(vault_ask(db, "SELECT sum(length(b)) FROM t", seen, sizeof seen), SQLITE_OK);
    assert_int_equal(vault_error(db, "reading", &e), E_VERIFY);
    free(log);
    log = vault_load(vault_log_path, &count);
    for (size_t at = VAULT_WAL_HEADER_BYTES + 600 * (size_t)VAULT_FRAME_BYTES + 100; at < count;
         at += VAULT_FRAME_BYTES)
        log[at] ^= 1;
    vault_save(vault_log_path, log, count);
    free(log);
    assert_int_not_equal(vault_ask(db, "SELECT length(b) FROM t WHERE a > 1000", seen, sizeof seen), SQLITE_OK);
    vault_close(db);
}

/* Goal (trap 7): the wrong key is refused as such, changes nothing, and costs no commit that is still in the log. */
static void wrong_key_changes_nothing(void **state)
{
    size_t count, log_count, again;
    uint8_t *good, *log, *after;
    sqlite3 *db = NULL;
    struct error e = {0};
    int code;
    (void)state;
    vault_make_two_states(1);
    good = vault_load(vault_path, &count);
    log = vault_load(vault_log_path, &log_count);
    assert_int_equal(vault_open(&db, vault_path, vault_wrong, 0, 0, &e), E_WRONG_KEY);
    assert_int_equal(vault_open(&db, vault_path, vault_wrong, 1, 0, &e), E_WRONG_KEY);
    assert_null(db);
    after = vault_load(vault_path, &again);
    assert_int_equal(again, count);
    assert_memory_equal(after, good, count);
    free(after);
    after = vault_load(vault_log_path, &again);
    assert_int_equal(again, log_count);
    assert_memory_equal(after, log, log_count);
    free(after);
    assert_int_equal(vault_state_seen(&code), 2);
    free(good);
    free(log);
}

/* Goal: a plain SQLite database is not taken for a store. */
static void plain_database_is_refused(void **state)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    assert_int_equal(sqlite3_open_v2(vault_path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"), SQLITE_OK);
    vault_must(db, "CREATE TABLE t(a)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(vault_open(&db, vault_path, vault_right, 1, 0, &e), E_WRONG_KEY);
}

/* ---- crashes ---- */

/* Goal (trap 2): a page 1 that a power cut tore during a checkpoint does not shut the store: the log mends it. */
static void torn_page_one_is_mended(void **state)
{
    size_t count, log_count;
    uint8_t *good, *log;
    int code;
    (void)state;
    vault_make_two_states(1);
    good = vault_load(vault_path, &count);
    log = vault_load(vault_log_path, &log_count);
    for (size_t sector = 0; sector < VAULT_PAGE_BYTES; sector += 512) {
        /* What a checkpoint would have written: other bytes, but the file id stays what it is. */
        for (size_t i = sector < 16 ? 16 : sector; i < sector + 512; i++)
            good[i] ^= 0x5a;
        vault_save(vault_path, good, count);
        vault_save(vault_log_path, log, log_count);
        for (size_t i = sector < 16 ? 16 : sector; i < sector + 512; i++)
            good[i] ^= 0x5a;
        assert_int_equal(vault_state_seen(&code), 2);
    }
    free(good);
    free(log);
}

static void append_and_die(sqlite3 *db)
{
    vault_run(db,
              "UPDATE v SET n = 1; BEGIN; UPDATE t SET b = randomblob(300) WHERE a < 60; UPDATE v SET n = 3; COMMIT;");
}

/* Goal (traps 3 and 4): behind a torn tail the log is written on, and what is written there is read again. */
static void log_goes_on_behind_a_torn_tail(void **state)
{
    size_t count, log_count;
    uint8_t *good, *log;
    int code;
    (void)state;
    vault_make_two_states(1);
    good = vault_load(vault_path, &count);
    log = vault_load(vault_log_path, &log_count);
    for (size_t back = 1; back < (size_t)3 * VAULT_FRAME_BYTES; back += 511) {
        vault_save(vault_path, good, count);
        memset(log + log_count - back, 0, back < 512 ? back : 512);
        vault_save(vault_log_path, log, log_count);
        vault_in_dying_child(append_and_die, 0);
        assert_int_equal(vault_state_seen(&code), 3);
    }
    free(good);
    free(log);
}

/* Rollbacks, savepoints, restarts and truncations of the log: each time frames are written where others stood. */
static void write_over_and_die(sqlite3 *db)
{
    vault_run(db, "PRAGMA cache_size=10; PRAGMA wal_autocheckpoint=0;");
    for (int round = 0; round < 3; round++) {
        vault_run(db, "BEGIN; UPDATE t SET b = randomblob(300); UPDATE t SET b = zeroblob(300) WHERE a % 7 = 0;"
                      "UPDATE t SET b = randomblob(300) WHERE a % 3 = 0; UPDATE v SET n = 4; COMMIT;");
        vault_run(db, "BEGIN; UPDATE t SET b = randomblob(300); UPDATE v SET n = 9; ROLLBACK;");
        vault_run(db, "BEGIN; UPDATE v SET n = 5; SAVEPOINT s; DELETE FROM t; UPDATE v SET n = 9; ROLLBACK TO s;"
                      "UPDATE t SET b = zeroblob(300) WHERE a % 5 = 0; COMMIT;");
        if (round < 2)
            vault_run(db, round == 0 ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(RESTART)");
    }
    vault_run(db, "UPDATE v SET n = 6; BEGIN; UPDATE t SET b = randomblob(300); UPDATE v SET n = 9;");
}

/* Goal (trap 4): wherever frames are written over others, a dead process's log gives all that was committed and nothing
 * else. */
static void written_over_frames_are_recovered(void **state)
{
    int code;
    (void)state;
    vault_make_two_states(0);
    vault_in_dying_child(write_over_and_die, 0);
    assert_true(vault_size_of(vault_log_path) > VAULT_FRAME_BYTES);
    assert_int_equal(vault_state_seen(&code), 6);
    assert_int_equal(vault_size_of(vault_log_path), -1); /* closing carried it over */
    assert_int_equal(vault_state_seen(&code), 6);
}

static int savepoint_round;

/* Larger than the cache, partly undone, changed again; then a small commit that depends on the log's checksums. */
static void savepoint_and_die(sqlite3 *db)
{
    char sql[500];
    vault_run(db, "PRAGMA cache_size=5; PRAGMA wal_autocheckpoint=0;");
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; UPDATE t SET b = randomblob(300) WHERE a %% 13 < %d; SAVEPOINT s;"
                   "UPDATE t SET b = randomblob(300) WHERE a %% 17 > %d; UPDATE t SET b = zeroblob(300) WHERE a < %d;"
                   "ROLLBACK TO s; UPDATE t SET b = zeroblob(300) WHERE a < %d; UPDATE v SET n = %d; COMMIT;"
                   "UPDATE v SET n = %d;",
                   savepoint_round % 13, savepoint_round % 7, savepoint_round * 9, savepoint_round % 4,
                   savepoint_round * 2, savepoint_round * 2 + 1);
    vault_run(db, sql);
}

/* Goal (trap 11): what is committed after a savepoint of a large transaction was rolled back survives a crash. */
static void commits_behind_a_savepoint_survive(void **state)
{
    int code;
    (void)state;
    vault_make_two_states(0);
    for (savepoint_round = 1; savepoint_round < 40; savepoint_round++) {
        vault_in_dying_child(savepoint_and_die, 0);
        assert_int_equal(vault_state_seen(&code), savepoint_round * 2 + 1);
    }
}

/* Goal (trap 11): if somebody lets SQLite spill again, the transaction fails loudly and nothing that was committed
 * is lost. */
static void spilling_fails_closed(void **state)
{
    sqlite3 *db;
    int code;
    (void)state;
    vault_make_two_states(0);
    db = vault_must_open(0);
    vault_must(
        db, "PRAGMA cache_spill=ON; PRAGMA cache_size=5; BEGIN; UPDATE v SET n = 9; UPDATE t SET b = randomblob(300)");
    assert_int_equal(sqlite3_exec(db, "UPDATE t SET b = zeroblob(300)", NULL, NULL, NULL), SQLITE_IOERR_WRITE);
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    vault_must(db, "UPDATE v SET n = 8");
    vault_close(db);
    assert_int_equal(vault_state_seen(&code), 8);
}

/* Goal: what is left of a creation that died does not stand in the way of the next. */
static void half_created_store_is_replaced(void **state)
{
    char left[128];
    sqlite3 *db;
    (void)state;
    (void)snprintf(left, sizeof left, "%s.new", vault_path);
    vault_save(left, (const uint8_t *)"half", 4);
    db = vault_must_open(1);
    vault_close(db);
    assert_int_equal(vault_size_of(left), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flips_in_pages_are_found),
        TEST(moved_pages_are_found),
        TEST(cut_pages_behind_a_log_are_missed),
        TEST(pages_of_another_store_are_found),
        TEST(damage_in_the_log_is_found),
        TEST(frame_changed_while_open_is_an_error),
        TEST(own_frames_are_compared),
        TEST(wrong_key_changes_nothing),
        TEST(plain_database_is_refused),
        TEST(torn_page_one_is_mended),
        TEST(log_goes_on_behind_a_torn_tail),
        TEST(written_over_frames_are_recovered),
        TEST(commits_behind_a_savepoint_survive),
        TEST(spilling_fails_closed),
        TEST(half_created_store_is_replaced),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
