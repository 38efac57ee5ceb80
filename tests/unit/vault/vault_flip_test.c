/* Tests: common/vault/vault_page.c common/vault/vault_wal.c
 * The vault: every single byte of a small store is changed, one at a time.
 *
 * The store has a few pages and all of them are read; its log has three commits, and the rows say which was the last
 * (states 1 to 4). What a reader may see after a flip follows from the byte's place alone, so it is demanded exactly.
 * The sanitizers take several times as long; under them only every 13th byte is changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vault_sim_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 13 };
#else
enum { STRIDE = 1 };
#endif

enum { COMMITS = 3, FRAMES_MAX = 32, PAGES_MAX = 16 };

/* The store's bytes, with the log beside it or without. */
static uint8_t *database, *wal;
static size_t database_count, wal_count;

/* What the log holds: the state that a log shows which ends before frame i, and which pages are in it. */
static int state_before[FRAMES_MAX];
static int logged[PAGES_MAX];

static unsigned long wrong_keys, refusals, earlier, mended; /* what became of the flips */

/* What is in t in each state: of each row its length, its first byte, and whether all are the same. */
static const char *const contents[] = {"", "2000A1,5000A1", "2000A1,5000A1", "2000C1,5000A1", "2000C1,5000D1"};

static void must(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* The first column of the first row as text; 0 if it was refused. */
static int ask(sqlite3 *db, const char *sql, char *out, size_t room)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        (void)snprintf(out, room, "%s", (const char *)sqlite3_column_text(stmt, 0));
    (void)sqlite3_finalize(stmt);
    return rc == SQLITE_ROW;
}

static sqlite3 *must_open(void)
{
    struct error e = {0};
    int code;
    sqlite3 *db = sim_store_open(sim_right, &code, &e);
    assert_int_equal(code, 0);
    return db;
}

static uint8_t *copy(const struct entry *entry, size_t *count)
{
    const struct inode *inode = sim_current(entry);
    uint8_t *bytes;
    assert_non_null(inode);
    *count = inode->now.count;
    bytes = sim_must_have(malloc(*count));
    memcpy(bytes, inode->now.at, *count);
    return bytes;
}

/* One page for the schema, one for v, one of t, and one that a long value overflows into; then a log of three commits,
 * which a dead process left. */
static void make_store(void)
{
    char free_pages[8] = "";
    sqlite3 *db;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE v(n); INSERT INTO v VALUES (1); CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
             "INSERT INTO t VALUES (1, printf('%.2000c', 'A')), (2, printf('%.5000c', 'A'));");
    assert_true(ask(db, "PRAGMA freelist_count", free_pages, sizeof free_pages));
    assert_string_equal(free_pages, "0"); /* a free page is never read, nor what it holds */
    vault_close(db);
    db = must_open();
    must(db, "PRAGMA wal_autocheckpoint=0; UPDATE v SET n = 2");
    must(db, "BEGIN; UPDATE v SET n = 3; UPDATE t SET b = printf('%.2000c', 'C') WHERE a = 1; COMMIT");
    must(db, "BEGIN; UPDATE v SET n = 4; UPDATE t SET b = printf('%.5000c', 'D') WHERE a = 2; COMMIT");
    sim_store_die(db);
    database = copy(&sim_folder[0], &database_count);
    wal = copy(&sim_folder[1], &wal_count);
}

/* The state that the store shows: all rows, a sound structure, and what v says; 0 if any of it was refused. The
 * store's files stay as they are. */
static int look(int *code)
{
    struct error e = {0};
    sqlite3 *db;
    char n[16] = "", seen[64] = "", sound[256] = "";
    db = sim_store_open(sim_right, code, &e);
    if (*code != 0) {
        assert_null(db);
        assert_true(e.text[0] != '\0');
        return 0;
    }
    assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
    if (!ask(db, "SELECT group_concat(length(b) || substr(b, 1, 1) || (trim(b, substr(b, 1, 1)) = '')) FROM t", seen,
             sizeof seen) ||
        !ask(db, "PRAGMA integrity_check", sound, sizeof sound) || !ask(db, "SELECT n FROM v", n, sizeof n)) {
        *code = vault_error(db, "reading", &e);
        assert_int_not_equal(*code, 0);
        vault_close(db);
        return 0;
    }
    vault_close(db);
    assert_string_equal(sound, "ok");
    assert_true(n[0] >= '1' && n[0] <= '1' + COMMITS && n[1] == '\0');
    assert_string_equal(seen, contents[n[0] - '0']); // NOLINT(clang-analyzer-core.CallAndMessage): see the line before
    return n[0] - '0';
}

/* The disk holds these bytes, and nothing waits to be written. */
static void put(struct entry *entry, const uint8_t *bytes, size_t count)
{
    struct inode *inode = bytes == NULL ? NULL : sim_must_have(calloc(1, sizeof *inode));
    sim_push(entry, inode);
    sim_settle(entry, entry->count - 1);
    if (inode == NULL)
        return;
    sim_bytes_write(&inode->now, 0, bytes, count);
    sim_bytes_copy(&inode->synced, &inode->now);
    inode->entry_synced = 1;
}

static void put_back(int with_log)
{
    put(&sim_folder[0], database, database_count);
    put(&sim_folder[1], with_log ? wal : NULL, wal_count);
}

static uint32_t be32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* Fills state_before and logged from the log itself. */
static void read_log(void)
{
    struct vault_secret *s = sodium_malloc(sizeof *s);
    size_t frames = (wal_count - VAULT_WAL_HEADER_BYTES) / VAULT_FRAME_BYTES;
    int at_state = 1;
    assert_non_null(s);
    assert_true(frames >= COMMITS && frames < FRAMES_MAX && database_count / VAULT_PAGE_BYTES < PAGES_MAX);
    vault_page_keys(s, sim_right, database);
    for (size_t i = 0; i < frames; i++) {
        size_t at = VAULT_WAL_HEADER_BYTES + i * VAULT_FRAME_BYTES;
        uint8_t disk[VAULT_FRAME_BYTES], frame[VAULT_FRAME_BYTES];
        memcpy(disk, wal + at, sizeof disk);
        assert_int_equal(vault_page_open_frame(s, (sqlite3_int64)at, disk, frame), 0);
        assert_true(be32(frame) < PAGES_MAX);
        logged[be32(frame)] = 1;
        state_before[i] = at_state;
        at_state += be32(frame + 4) != 0; /* a commit */
    }
    assert_int_equal(at_state, 1 + COMMITS);
    sodium_free(s);
}

static int make_both(void **state)
{
    (void)state;
    memset(logged, 0, sizeof logged);
    wrong_keys = refusals = earlier = mended = 0;
    make_store();
    read_log();
    return 0;
}

static int free_both(void **state)
{
    free(database);
    free(wal);
    (void)state;
    return 0;
}

/* Another bit at each place. */
static uint8_t mask(size_t at)
{
    return (uint8_t)(1u << ((at + at / 8) % 8));
}

/* What could not be opened was not changed either. */
static void assert_kept(const struct entry *entry, const uint8_t *bytes, size_t count)
{
    const struct inode *inode = sim_current(entry);
    assert_non_null(inode);
    assert_int_equal(inode->now.count, count);
    assert_memory_equal(inode->now.at, bytes, count);
}

/* A flip in the file's id is a wrong key, a flip in any other byte of a page that the log does not replace is found. A
 * page that is in the log is not looked at; and its bytes cannot matter. */
static void flip_database(int with_log)
{
    for (size_t at = 0; at < database_count; at += STRIDE) {
        size_t page = at / VAULT_PAGE_BYTES + 1;
        int code, seen;
        database[at] ^= mask(at);
        put_back(with_log);
        seen = look(&code);
        if (seen == 0)
            assert_kept(&sim_folder[0], database, database_count);
        if (seen == 0 && with_log)
            assert_kept(&sim_folder[1], wal, wal_count);
        database[at] ^= mask(at);
        if (at < VAULT_ID_BYTES) {
            assert_int_equal(seen, 0);
            assert_int_equal(code, E_WRONG_KEY);
            wrong_keys++;
        } else if (with_log && logged[page]) {
            assert_int_equal(seen, 1 + COMMITS);
            mended++;
        } else {
            assert_int_equal(seen, 0);
            assert_int_equal(code, E_VERIFY);
            refusals++;
        }
    }
}

/* Goal: without a log, every byte of the database is guarded: none can change without a refusal. */
static void each_byte_of_the_database(void **state)
{
    int code;
    (void)state;
    put_back(0);
    assert_int_equal(look(&code), 1);
    flip_database(0);
    put_back(0);
    assert_int_equal(look(&code), 1);
    print_message("%lu flips: %lu told as a wrong key, %lu as damage\n", wrong_keys + refusals, wrong_keys, refusals);
}

/* Goal: with a log, a byte of the database is guarded, or else its page is in the log and the byte cannot matter. */
static void each_byte_of_the_database_beside_its_log(void **state)
{
    int code;
    (void)state;
    put_back(1);
    assert_int_equal(look(&code), 1 + COMMITS);
    flip_database(1);
    put_back(1);
    assert_int_equal(look(&code), 1 + COMMITS);
    assert_true(mended > 0 && refusals > 0);
    print_message("%lu flips: %lu told as a wrong key, %lu as damage, %lu in pages that the log replaces\n",
                  wrong_keys + refusals + mended, wrong_keys, refusals, mended);
}

/* Goal: a byte that changes in the log ends it there: the commit before is seen, or the store is refused. The log's
 * header is only SQLite's checksum's to guard; without it there is no log, which is the state before all of it. */
static void each_byte_of_the_log(void **state)
{
    int code;
    (void)state;
    for (size_t at = 0; at < wal_count; at += STRIDE) {
        size_t frame = at < VAULT_WAL_HEADER_BYTES ? 0 : (at - VAULT_WAL_HEADER_BYTES) / VAULT_FRAME_BYTES;
        int seen;
        wal[at] ^= mask(at);
        put_back(1);
        wal[at] ^= mask(at);
        seen = look(&code);
        if (seen == 0)
            assert_int_equal(code, E_VERIFY);
        else
            assert_int_equal(seen, state_before[frame]);
        refusals += seen == 0;
        earlier += seen != 0;
    }
    put_back(1);
    assert_int_equal(look(&code), 1 + COMMITS);
    print_message("%lu flips: %lu told as damage, %lu showed the commit before\n", refusals + earlier, refusals,
                  earlier);
}

#define FLIPS(name) cmocka_unit_test_setup_teardown(name, make_both, free_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLIPS(each_byte_of_the_database),
        FLIPS(each_byte_of_the_database_beside_its_log),
        FLIPS(each_byte_of_the_log),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    if (sim_store_install() != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
