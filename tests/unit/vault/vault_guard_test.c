/* Tests: common/vault/vault_vfs.c
 * The vault: guards that stand behind others, so that nothing else would notice if one were gone. They were found by
 * tests/fault/vault_mutants, which takes them out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vault_sim_fixture.h"

enum { NONCE_BYTES = 24, NONCES_MAX = 4000 };

static sqlite3 *must_open(void)
{
    struct error e = {0};
    int code;
    sqlite3 *db = sim_store_open(sim_right, &code, &e);
    assert_int_equal(code, 0);
    return db;
}

static void must(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t number;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    number = sqlite3_column_int64(stmt, 0);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    return number;
}

/* ---- nonces ---- */

static uint8_t nonces[NONCES_MAX][NONCE_BYTES], tags[NONCES_MAX][16];
static size_t nonce_count;

/* Takes a nonce in, unless these very bytes stand there still: the tag tells. A nonce that came back fails. */
static void take_nonce(const uint8_t *reserved)
{
    for (size_t i = 0; i < nonce_count; i++)
        if (memcmp(nonces[i], reserved, NONCE_BYTES) == 0) {
            assert_memory_equal(tags[i], reserved + NONCE_BYTES, sizeof tags[i]);
            return;
        }
    assert_true(nonce_count < NONCES_MAX);
    memcpy(nonces[nonce_count], reserved, NONCE_BYTES);
    memcpy(tags[nonce_count++], reserved + NONCE_BYTES, sizeof tags[0]);
}

static void take_nonces(void)
{
    const struct inode *pages = sim_current(&sim_folder[0]), *log = sim_current(&sim_folder[1]);
    for (size_t at = VAULT_PAGE_BYTES; at <= pages->now.count; at += VAULT_PAGE_BYTES)
        take_nonce(pages->now.at + at - VAULT_RESERVE_BYTES);
    for (size_t at = VAULT_WAL_HEADER_BYTES + VAULT_FRAME_BYTES; log != NULL && at <= log->now.count;
         at += VAULT_FRAME_BYTES)
        take_nonce(log->now.at + at - VAULT_RESERVE_BYTES);
}

/* Goal: no two writes, of a page or of a frame, at the same place or elsewhere, ever share a nonce. */
static void nonces_never_repeat(void **state)
{
    static const char *const carry[] = {"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(RESTART)",
                                        "PRAGMA wal_checkpoint(TRUNCATE)"};
    sqlite3 *db;
    (void)state;
    nonce_count = 0;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    for (int round = 0; round < 60; round++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO t VALUES (%d, printf('%%.9000c', 'a'))", round % 5);
        must(db, sql);
        take_nonces();
        must(db, carry[round % 3]);
        take_nonces();
    }
    vault_close(db);
    assert_true(nonce_count > 300);
}

/* ---- what changes under an open handle ---- */

/* Goal: the file id is looked at whenever page 1 is read, since no tag covers it. */
static void file_id_is_guarded(void **state)
{
    sqlite3 *db;
    struct error e = {0};
    (void)state;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a)");
    must(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    for (size_t at = 0; at <= VAULT_ID_BYTES; at++) {
        uint8_t *byte = &sim_current(&sim_folder[0])->now.at[at];
        *byte ^= 1;
        (void)sqlite3_db_release_memory(db);
        assert_int_not_equal(sqlite3_exec(db, "SELECT count(*) FROM t", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(vault_error(db, "reading", &e), E_VERIFY);
        *byte ^= 1;
    }
    must(db, "SELECT count(*) FROM t");
    vault_close(db);
}

/* Goal: a frame that is cut off an open log is missed; it is no page of zeros (trap 8). */
static void frames_cut_off_are_missed(void **state)
{
    sqlite3 *db;
    struct error e = {0};
    struct bytes *log;
    (void)state;
    sim_store_lay_down();
    db = must_open();
    must(db, "PRAGMA wal_autocheckpoint=0; CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(9000))");
    log = &sim_current(&sim_folder[1])->now;
    (void)sqlite3_db_release_memory(db);
    assert_int_equal(number_of(db, "SELECT length(hex(a)) FROM t"), 18000);
    sim_bytes_resize(log, log->count - 1);
    (void)sqlite3_db_release_memory(db);
    assert_int_not_equal(sqlite3_exec(db, "SELECT hex(a) FROM t", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(vault_error(db, "reading", &e), E_VERIFY);
    sim_store_die(db);
}

/* Goal (trap 8): a page of zeros is no end of a long value, which is what SQLite would take it for. */
static void zeroed_pages_are_found(void **state)
{
    sqlite3 *db;
    struct error e = {0};
    struct bytes *pages;
    (void)state;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a); INSERT INTO t VALUES (printf('%.9000c', 'a')); PRAGMA wal_checkpoint(TRUNCATE)");
    pages = &sim_current(&sim_folder[0])->now;
    memset(pages->at + pages->count - VAULT_PAGE_BYTES, 0, VAULT_PAGE_BYTES);
    (void)sqlite3_db_release_memory(db);
    assert_int_not_equal(sqlite3_exec(db, "SELECT hex(a) FROM t", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(vault_error(db, "reading", &e), E_VERIFY);
    sim_store_die(db);
}

static sqlite3_vfs *beneath;
static char newcomer[64]; /* takes the place of the next database that is opened */

static int swapping_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    int rc = beneath->xOpen(beneath, name, file, flags, out_flags);
    (void)vfs;
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0 && newcomer[0] != '\0') {
        assert_int_equal(rename(newcomer, name), 0);
        newcomer[0] = '\0';
    }
    return rc;
}

/* Trap 8: the file does not grow ahead of its pages, whatever SQLite or a caller wishes. */
static void refuses_to_grow(sqlite3 *db)
{
    static const int wishes[] = {SQLITE_FCNTL_CHUNK_SIZE, SQLITE_FCNTL_SIZE_HINT, SQLITE_FCNTL_MMAP_SIZE};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        int64_t bytes = 1 << 20;
        assert_int_equal(sqlite3_file_control(db, "main", wishes[i], &bytes), SQLITE_NOTFOUND);
    }
}

/* Goal: a database that takes this one's place while it is being opened is noticed: its log is not this one's. */
static void replaced_while_it_opens(void **state)
{
    static sqlite3_vfs swapper;
    static struct vault_vfs swap_shim;
    char place[] = "/tmp/vault_guard_XXXXXX", path[64], name[80];
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    assert_non_null(mkdtemp(place));
    (void)snprintf(path, sizeof path, "%s/store.db", place);
    (void)snprintf(newcomer, sizeof newcomer, "%s/newcomer.db", place);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vault_open(&db, i == 0 ? path : newcomer, sim_right, VAULT_CREATE, 0, &e), 0);
        must(db, i == 0 ? "PRAGMA user_version = 1" : "PRAGMA user_version = 2");
        vault_close(db);
        db = NULL;
    }
    beneath = sqlite3_vfs_find("unix");
    swapper = *beneath;
    swapper.zName = "swapper";
    swapper.xOpen = swapping_open;
    vault_vfs_fill(&swap_shim, "swap-vault", &swapper, 0);
    assert_int_equal(sqlite3_vfs_register(&swap_shim.vfs, 0), SQLITE_OK);
    assert_int_not_equal(vault_open_through(&db, &(struct vault_opening){"swap-vault", path, sim_right, 0, 0}, &e), 0);
    assert_null(db);
    assert_int_equal(vault_open_through(&db, &(struct vault_opening){"swap-vault", path, sim_right, 0, 0}, &e), 0);
    assert_int_equal(number_of(db, "PRAGMA user_version"), 2);
    refuses_to_grow(db);
    vault_close(db);
    (void)snprintf(name, sizeof name, "%s/newcomer.db-lock", place);
    assert_int_equal(unlink(name), 0);
    (void)snprintf(name, sizeof name, "%s-lock", path);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(place), 0);
}

/* ---- calls that SQLite does not make today ---- */

static sqlite3_file *file_of(sqlite3 *db, int which)
{
    sqlite3_file *file = NULL;
    assert_int_equal(sqlite3_file_control(db, "main", which, &file), SQLITE_OK);
    assert_non_null(file);
    return file;
}

/* Goal: a log is not said to be on the disk while a page of it has not come. */
static void half_a_frame_is_not_synced(void **state)
{
    static const uint8_t header[VAULT_FRAME_HEADER_BYTES];
    sqlite3 *db;
    sqlite3_file *log;
    sqlite3_int64 size = 0;
    (void)state;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a)");
    log = file_of(db, SQLITE_FCNTL_JOURNAL_POINTER);
    assert_int_equal(log->pMethods->xFileSize(log, &size), SQLITE_OK);
    assert_int_equal(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(log->pMethods->xWrite(log, header, sizeof header, size), SQLITE_OK);
    assert_int_equal(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
    vault_close(db);
}

/* Goal: nothing but whole pages, at their places, reaches the database. */
static void only_whole_pages_are_written(void **state)
{
    static const struct {
        int count;
        int64_t at;
    } bad[] = {{VAULT_PAGE_BYTES - 1, VAULT_PAGE_BYTES}, {512, VAULT_PAGE_BYTES}, {VAULT_PAGE_BYTES, 512}, {16, 24}};
    static const uint8_t page[VAULT_PAGE_BYTES];
    sqlite3 *db;
    sqlite3_file *file;
    (void)state;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a)");
    file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(file->pMethods->xWrite(file, page, bad[i].count, bad[i].at), SQLITE_IOERR_WRITE);
    assert_int_equal(number_of(db, "SELECT count(*) FROM t"), 0);
    vault_close(db);
}

/* Goal: when the last handle has left, nothing of SQLite's index of the log stays in freed memory. */
static void index_leaves_nothing(void **state)
{
    static uint8_t seen[VAULT_REGION_BYTES];
    struct iovec to = {seen, sizeof seen}, from = {NULL, sizeof seen};
    void volatile *region = NULL;
    sqlite3 *db;
    sqlite3_file *file;
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* what a sanitizer does with freed memory is its own affair */
#endif
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(90000))");
    file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
    assert_int_equal(file->pMethods->xShmMap(file, 0, VAULT_REGION_BYTES, 0, &region), SQLITE_OK);
    from.iov_base = (void *)(uintptr_t)region; // NOLINT(performance-no-int-to-ptr)
    assert_int_equal(process_vm_readv(getpid(), &to, 1, &from, 1, 0), sizeof seen);
    assert_false(sodium_is_zero(seen + 128, sizeof seen - 128)); /* numbers of pages */
    vault_close(db);
    if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)sizeof seen)
        assert_true(sodium_is_zero(seen + 128, sizeof seen - 128)); /* libc writes to the first bytes */
}

/* Goal: a log is removed by a process that may write, or not at all; and a database never is. */
static void only_a_writer_removes_a_log(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(SIM_SHIM);
    sqlite3 *db;
    struct error e = {0};
    (void)state;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a)");
    assert_int_equal(vfs->xDelete(vfs, STORE, 0), SQLITE_IOERR_DELETE);
    sim_store_die(db);
    assert_int_equal(vfs->xDelete(vfs, STORE "-wal", 0), SQLITE_IOERR_DELETE);
    assert_int_equal(vault_open_through(&db, &(struct vault_opening){SIM_SHIM, STORE, sim_right, VAULT_READ, 0}, &e),
                     0);
    assert_int_equal(number_of(db, "SELECT count(*) FROM t"), 0);
    assert_int_equal(vfs->xDelete(vfs, STORE "-wal", 0), SQLITE_IOERR_DELETE);
    vault_close(db);
    assert_non_null(sim_current(&sim_folder[1]));
    db = must_open();
    vault_close(db);
    assert_null(sim_current(&sim_folder[1])); /* closing removed it */
}

/* Goal: no library is loaded through the vault: it could read the cache. */
static void no_library_is_loaded(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(SIM_SHIM);
    (void)state;
    assert_null(vfs->xDlOpen(vfs, "libm.so.6"));
}

/* ---- what a handle and the process are set to ---- */

/* Goal: what is deleted is overwritten, the schema cannot be written over, and the cache never spills. */
static void settings_that_guard(void **state)
{
    sqlite3 *db;
    int defensive = 0;
    (void)state;
    sim_store_lay_down();
    db = must_open();
    assert_int_equal(number_of(db, "PRAGMA secure_delete"), 1);
    assert_int_equal(number_of(db, "PRAGMA cache_spill"), 0);
    assert_int_equal(number_of(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number_of(db, "PRAGMA temp_store"), 2);
    assert_int_equal(number_of(db, "PRAGMA cache_size"), -65536);
    assert_int_equal(number_of(db, "PRAGMA synchronous"), 2);
    assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive), SQLITE_OK);
    assert_int_equal(defensive, 1);
    vault_close(db);
}

/* Goal: no core file of this process is written, and no other process of this user looks into it. */
static void process_keeps_to_itself(void **state)
{
    struct rlimit limit = {1, 1};
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

/* Goal: the pages of the cache stand in memory that is kept out of core files ("dd" in the kernel's words). */
static void cache_is_kept_out_of_core_files(void **state)
{
    char line[512];
    uintptr_t page;
    int inside = 0, kept_out = 0;
    FILE *maps;
    void *block = sqlite3_malloc(VAULT_PAGE_BYTES + 64); /* as large as a page of the cache with its header */
    (void)state;
    assert_non_null(block);
    page = (uintptr_t)block;
    maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        uintptr_t begin = (uintptr_t)strtoull(line, &rest, 16);
        if (*rest == '-')
            inside = page >= begin && page < (uintptr_t)strtoull(rest + 1, NULL, 16);
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            kept_out = strstr(line, " dd") != NULL;
    }
    assert_int_equal(fclose(maps), 0);
    sqlite3_free(block);
    assert_true(kept_out);
}

/* Goal (trap 9): the simulated disk of these tests tells an error from a cut: while the power is on there is none. */
static void disk_fails_only_in_the_dark(void **state)
{
    sqlite3 *db;
    struct error e = {0};
    int code;
    (void)state;
    sim_store_lay_down();
    db = must_open();
    must(db, "CREATE TABLE t(a)");
    sim_until_cut = 0;
    assert_int_not_equal(sqlite3_exec(db, "INSERT INTO t VALUES (1)", NULL, NULL, NULL), SQLITE_OK);
    assert_true(sim_dark);
    vault_close(db);
    assert_null(sim_store_open(sim_right, &code, &e));
    sim_cut_power();
    db = must_open();
    assert_int_equal(number_of(db, "SELECT count(*) FROM t"), 0);
    vault_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_never_repeat),
        cmocka_unit_test(file_id_is_guarded),
        cmocka_unit_test(frames_cut_off_are_missed),
        cmocka_unit_test(half_a_frame_is_not_synced),
        cmocka_unit_test(only_whole_pages_are_written),
        cmocka_unit_test(index_leaves_nothing),
        cmocka_unit_test(zeroed_pages_are_found),
        cmocka_unit_test(only_a_writer_removes_a_log),
        cmocka_unit_test(no_library_is_loaded),
        cmocka_unit_test(replaced_while_it_opens),
        cmocka_unit_test(settings_that_guard),
        cmocka_unit_test(process_keeps_to_itself),
        cmocka_unit_test(cache_is_kept_out_of_core_files),
        cmocka_unit_test(disk_fails_only_in_the_dark),
    };
    struct error e = {0};
    int failed;
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    if (sim_store_install() != SQLITE_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < sizeof sim_folder / sizeof *sim_folder; i++)
        sim_inode_free(sim_current(&sim_folder[i]));
    return failed;
}
