/* Tests: common/vault/vault.c common/vault/vault_vfs.c common/vault/vault_recent.c
 * The vault: what it keeps, what it hides, what it lets SQLite do. The numbers of traps are those of docs/VAULT.md. */
#include "vault_fixture.h"

#include <errno.h>
#include <sodium.h>
#include <sys/uio.h>

/* ---- opening ---- */

/* Goal: a handle comes with every setting that its header promises. */
static void open_is_ready(void **state)
{
    sqlite3 *db = vault_must_open(1);
    (void)state;
    vault_must_be(db, "PRAGMA journal_mode", "wal");
    vault_must_be(db, "PRAGMA locking_mode", "normal");
    vault_must_be(db, "PRAGMA synchronous", "2");
    vault_must_be(db, "PRAGMA foreign_keys", "1");
    vault_must_be(db, "PRAGMA temp_store", "2");
    vault_must_be(db, "PRAGMA page_size", "4096");
    vault_must_be(db, "PRAGMA integrity_check", "ok");
    vault_must(db, "CREATE TABLE t(a); INSERT INTO t VALUES ('there')");
    vault_close(db);
    vault_close(NULL);
    db = vault_must_open(0);
    vault_must_be(db, "SELECT a FROM t", "there");
    vault_close(db);
    assert_int_equal(vault_size_of(vault_path) % VAULT_PAGE_BYTES, 0);
}

/* Goal: a path where no store is, is told apart from one that cannot be one. */
static void paths_that_hold_no_store(void **state)
{
    static char longest[5000];
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    assert_int_equal(vault_open(&db, vault_path, vault_right, 0, 0, &e), E_NO_STORE);
    assert_int_equal(vault_size_of(vault_path), -1);
    assert_int_equal(vault_open(&db, "/nonexistent/store.db", vault_right, 0, 0, &e), E_NO_STORE);
    assert_int_equal(vault_open(&db, vault_folder, vault_right, 1, 0, &e), E_INPUT);
    assert_int_equal(vault_open(&db, "", vault_right, 1, 0, &e), E_INPUT);
    memset(longest, 'a', sizeof longest - 1);
    for (size_t count = 1; count < sizeof longest; count += count < 520 ? 1 : 997) {
        char name[5100];
        int code;
        (void)snprintf(name, sizeof name, "/tmp/%.*s", (int)count, longest);
        code = vault_open(&db, name, vault_right, 0, 0, &e);
        /* A name has 255 bytes, a path of SQLite's 512, and the log's name has to fit as well. */
        assert_int_equal(code, count + sizeof "-wal" - 1 > 255 ? E_INPUT : E_NO_STORE);
    }
    assert_null(db);
}

/* Goal: an empty file becomes a store when one may be created, and only then. */
static void empty_file_is_no_store(void **state)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    vault_save(vault_path, (const uint8_t *)"", 0);
    assert_int_equal(vault_open(&db, vault_path, vault_right, 0, 0, &e), E_NO_STORE);
    db = vault_must_open(1);
    vault_must(db, "CREATE TABLE t(a)");
    vault_close(db);
}

/* Goal: a log whose store is gone is left alone, since it may hold the last work done. */
static void orphaned_log_is_kept(void **state)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    int64_t bytes;
    (void)state;
    vault_make_two_states(1);
    bytes = vault_size_of(vault_log_path);
    assert_true(bytes > VAULT_FRAME_BYTES);
    assert_int_equal(unlink(vault_path), 0);
    assert_int_equal(vault_open(&db, vault_path, vault_right, 1, 0, &e), E_VERIFY);
    assert_int_equal(vault_open(&db, vault_path, vault_right, 0, 0, &e), E_VERIFY);
    assert_int_equal(vault_size_of(vault_path), -1);
    assert_int_equal(vault_size_of(vault_log_path), bytes);
}

/* Goal: relative paths work, and stay the same store when the process changes its folder. */
static void relative_path(void **state)
{
    char *before = getcwd(NULL, 0);
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    assert_non_null(before);
    assert_int_equal(chdir(vault_folder), 0);
    assert_int_equal(vault_open(&db, "store.db", vault_right, 1, 0, &e), 0);
    assert_int_equal(chdir(before), 0);
    free(before);
    vault_must(db, "CREATE TABLE t(a); INSERT INTO t VALUES (1)");
    vault_close(db);
    db = vault_must_open(0);
    vault_must_be(db, "SELECT a FROM t", "1");
    vault_close(db);
}

/* Goal: two stores with their own keys are open in one process at once. */
static void two_stores_at_once(void **state)
{
    char other[128];
    sqlite3 *one = vault_must_open(1), *two = NULL;
    struct error e = {0};
    (void)state;
    (void)snprintf(other, sizeof other, "%s/other.db", vault_folder);
    assert_int_equal(vault_open(&two, other, vault_wrong, 1, 0, &e), 0);
    vault_must(one, "CREATE TABLE t(a); INSERT INTO t VALUES ('one')");
    vault_must(two, "CREATE TABLE t(a); INSERT INTO t VALUES ('two')");
    vault_must_be(one, "SELECT a FROM t", "one");
    vault_must_be(two, "SELECT a FROM t", "two");
    vault_close(one);
    vault_must(two, "INSERT INTO t VALUES ('more')");
    vault_close(two);
    assert_int_equal(vault_open(&two, other, vault_right, 0, 0, &e), E_WRONG_KEY);
    assert_int_equal(vault_open(&two, other, vault_wrong, 0, 0, &e), 0);
    vault_must_be(two, "SELECT count(*) FROM t", "2");
    vault_close(two);
}

/* Goal: a second process that wants to write is told who is in the way, and waits if it may. */
static void second_writer_waits(void **state)
{
    int ready[2], go[2], status;
    char byte = 0;
    sqlite3 *db, *second = NULL;
    struct error e = {0};
    pid_t pid;
    (void)state;
    db = vault_must_open(1);
    vault_must(db, "CREATE TABLE t(a)");
    vault_close(db);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid = vault_fork_child();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (vault_open(&db, vault_path, vault_right, 0, 0, NULL) != 0 || write(ready[1], "x", 1) != 1 ||
            read(go[0], &byte, 1) != 1)
            _exit(1);
        (void)usleep(300000); /* so that the other one finds it in use and has to wait; no outcome hangs on how long */
        vault_run(db, "INSERT INTO t VALUES (1)");
        vault_close(db);
        _exit(0);
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    assert_int_equal(vault_open(&second, vault_path, vault_right, 0, 0, &e), E_BUSY);
    assert_string_equal(e.text, "another satchel command is using the store; try again when it is done");
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(close(go[0]) | close(go[1]), 0);
    assert_int_equal(vault_open(&second, vault_path, vault_right, 0, 60000, &e), 0);
    vault_must_be(second, "SELECT count(*) FROM t", "1");
    vault_close(second);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Goal: of several processes that create and use one store at once, each gets its turn and nothing is lost. */
static void many_openers_take_turns(void **state)
{
    enum { CHILDREN = 6, TURNS = 5 };
    pid_t pids[CHILDREN];
    sqlite3 *db;
    (void)state;
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = vault_fork_child();
        assert_true(pids[i] >= 0);
        if (pids[i] != 0)
            continue;
        for (int turn = 0; turn < TURNS; turn++) {
            db = NULL;
            if (vault_open(&db, vault_path, vault_right, 1, 120000, NULL) != 0)
                _exit(1);
            vault_run(db, "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1)");
            vault_close(db);
        }
        _exit(0);
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    db = vault_must_open(0);
    vault_must_be(db, "SELECT count(*) FROM t", "30");
    vault_close(db);
}

/* ---- what a reader of the disk sees ---- */

struct hunt {
    const void *bytes;
    size_t count;
    int found, files;
};

static void hunt_file(const char *name, void *context)
{
    struct hunt *hunt = context;
    size_t count;
    uint8_t *bytes = vault_load(name, &count);
    hunt->files++;
    if (memmem(bytes, count, hunt->bytes, hunt->count) != NULL)
        hunt->found++;
    free(bytes);
}

static int bytes_on_disk(const void *bytes, size_t count, int *files)
{
    struct hunt hunt = {.bytes = bytes, .count = count};
    vault_each_file(hunt_file, &hunt);
    *files = hunt.files;
    return hunt.found;
}

static int found_on_disk(const char *words, int *files)
{
    return bytes_on_disk(words, strlen(words), files);
}

/* Goal: no file ever holds what a row says, a name from the schema, or SQLite's own first words; and this way of
 * looking does find them in a plain database. */
static void canary_is_never_on_disk(void **state)
{
    static const char *const canaries[] = {"canary-in-a-row", "canary_in_schema", "SQLite format 3"};
    static const char sql[] = "CREATE TABLE canary_in_schema(a, b); INSERT INTO canary_in_schema "
                              "VALUES ('canary-in-a-row', zeroblob(5000)); CREATE INDEX i ON canary_in_schema(a, b);";
    sqlite3 *db = vault_must_open(1);
    int files;
    (void)state;
    vault_must(db, sql);
    for (int phase = 0; phase < 3; phase++) {
        for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++)
            assert_int_equal(found_on_disk(canaries[i], &files), 0);
        assert_int_equal(files, phase < 2 ? 3 : 2); /* the empty lock file is the last */
        if (phase == 0)
            vault_must(db, "PRAGMA wal_checkpoint(FULL)");
        else if (phase == 1)
            vault_close(db);
    }
    assert_int_equal(unlink(vault_path), 0);
    assert_int_equal(sqlite3_open_v2(vault_path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"), SQLITE_OK);
    vault_must(db, sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++)
        assert_int_equal(found_on_disk(canaries[i], &files), 1);
}

/* Goal: neither the data key nor what is derived from it stands in the database, its log, or any other file beside
 * them; and this way of looking does find a key in a file. */
static void key_is_never_on_disk(void **state)
{
    struct vault_secret derived;
    uint8_t key[VAULT_KEY_BYTES], id[VAULT_ID_BYTES], *bytes;
    char other[128];
    size_t count;
    sqlite3 *db = NULL;
    int files;
    (void)state;
    randombytes_buf(key, sizeof key);
    assert_int_equal(vault_open(&db, vault_path, key, VAULT_CREATE, 0, NULL), 0);
    vault_must(db, "CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(9000)); PRAGMA wal_checkpoint(FULL);"
                   "INSERT INTO t VALUES (randomblob(9000));");
    bytes = vault_load(vault_path, &count);
    memcpy(id, bytes, sizeof id);
    free(bytes);
    vault_page_keys(&derived, key, id);
    assert_int_equal(bytes_on_disk(key, sizeof key, &files), 0);
    assert_int_equal(bytes_on_disk(derived.database, sizeof derived.database, &files), 0);
    assert_int_equal(bytes_on_disk(derived.wal, sizeof derived.wal, &files), 0);
    assert_int_equal(files, 3);
    (void)snprintf(other, sizeof other, "%s/other", vault_folder);
    vault_save(other, key, sizeof key);
    assert_int_equal(bytes_on_disk(key, sizeof key, &files), 1);
    vault_close(db);
}

/* Goal (trap 1): frame headers are sealed, so that the running checksums say nothing about a page. */
static void frame_headers_are_sealed(void **state)
{
    size_t count;
    uint8_t *bytes;
    (void)state;
    vault_make_two_states(1);
    bytes = vault_load(vault_log_path, &count);
    assert_int_equal((count - VAULT_WAL_HEADER_BYTES) % VAULT_FRAME_BYTES, 0);
    assert_true(count > (size_t)5 * VAULT_FRAME_BYTES);
    for (size_t at = VAULT_WAL_HEADER_BYTES; at < count; at += VAULT_FRAME_BYTES) {
        assert_memory_equal(bytes + at + 8, bytes + 16, 8); /* the salts are the header's */
        /* In clear these would be a small page number and a small size: zeros in front. */
        assert_false(bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 4] == 0 && bytes[at + 5] == 0);
    }
    free(bytes);
}

/* Goal: the same row written twice leaves different bytes each time. */
static void writes_never_repeat(void **state)
{
    size_t count[2];
    uint8_t *bytes[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        sqlite3 *db = vault_must_open(1);
        vault_must(db, "CREATE TABLE IF NOT EXISTS t(a); DELETE FROM t; INSERT INTO t VALUES ('same')");
        vault_close(db);
        bytes[i] = vault_load(vault_path, &count[i]);
        assert_int_equal(count[i], 2 * VAULT_PAGE_BYTES);
    }
    for (size_t at = VAULT_PAGE_BYTES; at < count[0]; at += 16) /* page 2 has the row */
        assert_memory_not_equal(bytes[0] + at, bytes[1] + at, 16);
    free(bytes[0]);
    free(bytes[1]);
}

/* ---- a full disk ---- */

static int disk_is_full;

static ssize_t full_pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    if (disk_is_full) {
        errno = ENOSPC;
        return -1;
    }
    return pwrite(fd, bytes, count, offset);
}

static ssize_t full_write(int fd, const void *bytes, size_t count)
{
    if (disk_is_full) {
        errno = ENOSPC;
        return -1;
    }
    return write(fd, bytes, count);
}

/* Goal: a full disk is called that, keeps everything that was committed, and the same handle goes on when there is
 * room. */
static void full_disk_loses_nothing(void **state)
{
    sqlite3_vfs *unix_vfs = sqlite3_vfs_find("unix");
    sqlite3 *db;
    struct error e = {0};
    int code;
    (void)state;
    vault_make_two_states(0);
    db = vault_must_open(0);
    assert_int_equal(unix_vfs->xSetSystemCall(unix_vfs, "pwrite", (sqlite3_syscall_ptr)full_pwrite), SQLITE_OK);
    assert_int_equal(unix_vfs->xSetSystemCall(unix_vfs, "pwrite64", (sqlite3_syscall_ptr)full_pwrite), SQLITE_OK);
    assert_int_equal(unix_vfs->xSetSystemCall(unix_vfs, "write", (sqlite3_syscall_ptr)full_write), SQLITE_OK);
    disk_is_full = 1;
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(sqlite3_exec(db, "UPDATE v SET n = 7", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(vault_error(db, "saving", &e), E_FULL);
        vault_must_be(db, "SELECT n FROM v", "1");
    }
    disk_is_full = 0;
    vault_must(db, "UPDATE v SET n = 8");
    disk_is_full = 1;
    vault_close(db); /* the checkpoint fails; the log stays */
    assert_true(vault_size_of(vault_log_path) > 0);
    disk_is_full = 0;
    (void)unix_vfs->xSetSystemCall(unix_vfs, NULL, NULL);
    assert_int_equal(vault_state_seen(&code), 8);
}

/* ---- what SQLite can do on a vault, and what it must not ---- */

/* Goal: VACUUM works and gives space back; and (trap 6) if temporary files are wanted, it fails without leaving one
 * or hurting the store. */
static void vacuum(void **state)
{
    sqlite3 *db;
    int64_t before;
    int files, code;
    (void)state;
    vault_make_two_states(0);
    db = vault_must_open(0);
    vault_must(db, "CREATE TABLE big AS SELECT zeroblob(100000) FROM t; PRAGMA wal_checkpoint(TRUNCATE);");
    before = vault_size_of(vault_path);
    vault_must(db, "PRAGMA temp_store=FILE; PRAGMA cache_size=100");
    assert_int_not_equal(sqlite3_exec(db, "VACUUM", NULL, NULL, NULL), SQLITE_OK);
    vault_must_be(db, "SELECT sum(length(b)) FROM t", "120000");
    vault_must(db, "PRAGMA temp_store=MEMORY; DROP TABLE big; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    assert_true(vault_size_of(vault_path) < before / 10);
    vault_close(db);
    assert_int_equal(vault_state_seen(&code), 1);
    assert_int_equal(found_on_disk("SQLite format 3", &files), 0);
    assert_int_equal(files, 2);
}

/* Goal (trap 5): pages that use the reserved bytes are refused and change nothing; those that keep them free are
 * taken. */
static void backup_wants_the_reserve(void **state)
{
    sqlite3 *db, *plain = NULL;
    sqlite3_backup *backup;
    int reserve = VAULT_RESERVE_BYTES, code;
    (void)state;
    vault_make_two_states(0);
    db = vault_must_open(0);
    assert_int_equal(sqlite3_open_v2(":memory:", &plain, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    vault_must(plain,
               "CREATE TABLE t(a, b); WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 400)"
               "INSERT INTO t SELECT i, randomblob(300) FROM r; CREATE TABLE v(n); INSERT INTO v VALUES (7);");
    backup = sqlite3_backup_init(db, "main", plain, "main");
    assert_non_null(backup);
    (void)sqlite3_backup_step(backup, -1);
    assert_int_not_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    vault_close(db);
    assert_int_equal(vault_state_seen(&code), 1);
    assert_int_equal(sqlite3_file_control(plain, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve), SQLITE_OK);
    vault_must(plain, "VACUUM");
    db = vault_must_open(0);
    backup = sqlite3_backup_init(db, "main", plain, "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    vault_close(db);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    assert_int_equal(vault_state_seen(&code), 7);
}

/* Goal (trap 5): a page fits only with its reserved bytes free, and page 1 only when it says so. */
static void pages_that_fit(void **state)
{
    static const size_t told[] = {0, 15, 16, 17, 20};
    uint8_t page[VAULT_PAGE_BYTES];
    (void)state;
    vault_page_first(page);
    assert_true(vault_page_fits(1, page) && vault_page_fits(2, page));
    for (size_t at = VAULT_BODY_BYTES; at < VAULT_PAGE_BYTES; at++) {
        page[at] = 1;
        assert_false(vault_page_fits(1, page) || vault_page_fits(2, page));
        page[at] = 0;
    }
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        page[told[i]] ^= 1;
        assert_true(vault_page_fits(2, page) && !vault_page_fits(1, page));
        page[told[i]] ^= 1;
    }
}

/* Goal: nothing gets another, unsealed file opened through the vault, and a journal that somebody put there does not
 * shut the store. */
static void no_other_file_is_opened(void **state)
{
    char sql[256], journal[128];
    sqlite3 *db = vault_must_open(1);
    (void)state;
    vault_must(db, "CREATE TABLE t(a); INSERT INTO t VALUES ('kept')");
    (void)snprintf(sql, sizeof sql, "ATTACH '%s/other.db' AS other; CREATE TABLE other.t(a);", vault_folder);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    /* Trap 12: not by a name that is a URI either. */
    (void)snprintf(sql, sizeof sql, "ATTACH 'file:%s/other.db?vfs=unix' AS other; CREATE TABLE other.t(a);",
                   vault_folder);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)snprintf(sql, sizeof sql, "VACUUM INTO 'file:%s/other.db?vfs=unix'", vault_folder);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)snprintf(sql, sizeof sql, "VACUUM INTO '%s/other.db'", vault_folder);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_exec(db, "PRAGMA journal_mode=DELETE; INSERT INTO t VALUES ('more')", NULL, NULL, NULL);
    (void)sqlite3_exec(db, "PRAGMA mmap_size=100000000", NULL, NULL, NULL);
    vault_must_be(db, "SELECT a FROM t LIMIT 1", "kept");
    vault_must(db,
               "CREATE TEMP TABLE x AS SELECT randomblob(4000) FROM (WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT "
               "i + 1 FROM r WHERE i < 5000) SELECT i FROM r) ORDER BY 1");
    vault_close(db);
    (void)snprintf(journal, sizeof journal, "%s-journal", vault_path);
    vault_save(journal, (const uint8_t *)"not a journal of ours", 21);
    db = vault_must_open(0);
    vault_must_be(db, "SELECT a FROM t LIMIT 1", "kept");
    vault_close(db);
}

/* Goal: a statement that undoes more than SQLite keeps in memory by default (its spill is a temporary file) works. */
static void large_statements_undo(void **state)
{
    sqlite3 *db;
    int code;
    (void)state;
    vault_make_two_states(0);
    db = vault_must_open(0);
    vault_must(db, "PRAGMA cache_size=10; CREATE UNIQUE INDEX u ON t(b); BEGIN; UPDATE v SET n = 5");
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE t SET b = CASE a WHEN 400 THEN (SELECT b FROM t WHERE a = 1) ELSE "
                                  "randomblob(300) END WHERE a > 1",
                                  NULL, NULL, NULL),
                     SQLITE_CONSTRAINT_UNIQUE);
    vault_must(db, "COMMIT; DROP INDEX u");
    vault_close(db);
    assert_int_equal(vault_state_seen(&code), 5);
}

/* Goal: full-text search, which writes through SQLite's incremental blobs, works on a vault. */
static void full_text_search_works(void **state)
{
    sqlite3 *db = vault_must_open(1);
    (void)state;
    vault_must(db, "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('the quick fox'), ('a slow one')");
    vault_close(db);
    db = vault_must_open(0);
    vault_must_be(db, "SELECT x FROM f WHERE f MATCH 'quick'", "the quick fox");
    vault_close(db);
}

/* Goal: words for an error name what was being done, and never what a row holds. */
static void words_hold_no_values(void **state)
{
    sqlite3 *db = vault_must_open(1);
    struct error e = {0};
    (void)state;
    vault_must(db, "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES ('name of a person')");
    assert_int_not_equal(sqlite3_exec(db, "INSERT INTO t VALUES ('name of a person')", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(vault_error(db, "saving a change", &e), E_IO);
    assert_non_null(strstr(e.text, "saving a change"));
    assert_null(strstr(e.text, "person"));
    assert_int_not_equal(sqlite3_exec(db, "SELECT 'name of a person' FRM t", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(vault_error(db, "asking", &e), E_IO);
    assert_null(strstr(e.text, "person"));
    vault_close(db);
}

/* ---- memory ---- */

/* How often the marker's bytes stand in what this process may write to. Both are kept inverted, lest we find
 * ourselves. */
static int copies_in_memory(const uint8_t *inverted, size_t bytes)
{
    static uint8_t chunk[1 << 16];
    uint8_t wanted;
    char line[512];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        uintptr_t at = (uintptr_t)strtoull(line, &rest, 16), end = (uintptr_t)strtoull(rest + 1, &rest, 16);
        if (strncmp(rest, " rw", 3) != 0 || end - at > (1ull << 32))
            continue;
        for (; at < end; at += sizeof chunk - bytes) {
            struct iovec to = {chunk, sizeof chunk},
                         from = {(void *)at, sizeof chunk}; // NOLINT(performance-no-int-to-ptr)
            ssize_t got;
            if (end - at < sizeof chunk)
                from.iov_len = end - at;
            got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
            for (ssize_t i = 0; i + (ssize_t)bytes <= got; i++) {
                size_t same = 0;
                do {
                    wanted = (uint8_t)~inverted[same];
                } while (chunk[(size_t)i + same] == wanted && ++same < bytes);
                found += same == bytes;
            }
            memset(chunk, 0, sizeof chunk);
            if (from.iov_len < sizeof chunk)
                break;
        }
    }
    assert_int_equal(fclose(maps), 0);
    return found;
}

/* Goal (trap 10): while a store is open its rows stand in memory; when it is closed none does, nor does its key. */
static void nothing_stays_in_memory(void **state)
{
    static const uint8_t marker[] = {0x92, 0x9e, 0x8d, 0x94, 0x9a, 0x8d, 0xd2, 0x8e, 0x87}; /* "marker-qx", inverted */
    uint8_t inverted_key[VAULT_KEY_BYTES];
    sqlite3 *db = NULL;
    struct vault_secret *s;
    (void)state;
    db = vault_must_open(1);
    vault_must(db,
               "CREATE TABLE t(a, b); CREATE INDEX i ON t(a);"
               "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 20000) INSERT INTO t SELECT "
               "char(109, 97, 114, 107, 101, 114, 45, 113, 120) || i, i FROM r;");
    vault_must_be(db, "SELECT count(DISTINCT a) FROM t", "20000");
    assert_true(copies_in_memory(marker, sizeof marker) > 20000);
    s = sodium_malloc(sizeof *s);
    assert_non_null(s);
    {
        size_t count;
        uint8_t *bytes = vault_load(vault_path, &count);
        vault_page_keys(s, vault_right, bytes);
        free(bytes);
    }
    for (size_t i = 0; i < sizeof inverted_key; i++)
        inverted_key[i] = (uint8_t)~s->database[i];
    assert_int_equal(copies_in_memory(inverted_key, sizeof inverted_key), 2); /* the store's and the one just made */
    sodium_free(s);
    vault_close(db);
    assert_int_equal(copies_in_memory(inverted_key, sizeof inverted_key), 0);
    assert_int_equal(copies_in_memory(marker, sizeof marker), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open_is_ready),
        TEST(paths_that_hold_no_store),
        TEST(empty_file_is_no_store),
        TEST(orphaned_log_is_kept),
        TEST(relative_path),
        TEST(two_stores_at_once),
        TEST(second_writer_waits),
        TEST(many_openers_take_turns),
        TEST(canary_is_never_on_disk),
        TEST(key_is_never_on_disk),
        TEST(frame_headers_are_sealed),
        TEST(writes_never_repeat),
        TEST(full_disk_loses_nothing),
        TEST(vacuum),
        TEST(backup_wants_the_reserve),
        TEST(pages_that_fit),
        TEST(no_other_file_is_opened),
        TEST(large_statements_undo),
        TEST(full_text_search_works),
        TEST(words_hold_no_values),
        TEST(nothing_stays_in_memory),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
