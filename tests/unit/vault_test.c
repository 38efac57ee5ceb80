/* The vault: what it keeps, what it hides, what it refuses. The numbers of traps are those of docs/VAULT.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vault.h"
#include "vault_private.h"

static const uint8_t right[VAULT_KEY_BYTES] = {1, 2, 3}, wrong[VAULT_KEY_BYTES] = {1, 2, 4};
static char folder[64], path[96], log_path[104];

/* ---- helpers ---- */

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/vault_test_XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/store.db", folder);
    (void)snprintf(log_path, sizeof log_path, "%s-wal", path);
    return 0;
}

/* Calls visit for every file of the folder. */
static void each_file(void (*visit)(const char *name, void *context), void *context)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char name[400];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        visit(name, context);
    }
    assert_int_equal(closedir(dir), 0);
}

static void remove_file(const char *name, void *context)
{
    (void)context;
    assert_int_equal(unlink(name), 0);
}

static int teardown(void **state)
{
    (void)state;
    each_file(remove_file, NULL);
    return rmdir(folder);
}

static uint8_t *load(const char *name, size_t *count)
{
    struct stat status;
    uint8_t *bytes;
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    *count = (size_t)status.st_size;
    bytes = malloc(*count + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *count, file), *count);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void save(const char *name, const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static int64_t size_of(const char *name)
{
    struct stat status;
    return stat(name, &status) == 0 ? (int64_t)status.st_size : -1;
}

static sqlite3 *must_open(int create)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    int code = vault_open(&db, path, right, create, 0, &e);
    if (code != 0)
        print_error("%s\n", e.text);
    assert_int_equal(code, 0);
    return db;
}

static void must(sqlite3 *db, const char *sql)
{
    char *words = NULL;
    int rc = sqlite3_exec(db, sql, NULL, NULL, &words);
    if (rc != SQLITE_OK)
        print_error("%s: %s (%d)\n", sql, words, sqlite3_extended_errcode(db));
    sqlite3_free(words);
    assert_int_equal(rc, SQLITE_OK);
}

/* The first column of the first row as text; returns SQLite's code. */
static int ask(sqlite3 *db, const char *sql, char *out, size_t room)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    out[0] = '\0';
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        (void)snprintf(out, room, "%s", text == NULL ? "" : (const char *)text);
    }
    (void)sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void must_be(sqlite3 *db, const char *sql, const char *expected)
{
    char seen[256];
    assert_int_equal(ask(db, sql, seen, sizeof seen), SQLITE_OK);
    assert_string_equal(seen, expected);
}

/* A child runs `work` on the open store and dies without closing it. */
static void in_dying_child(void (*work)(sqlite3 *db), int create)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sqlite3 *db = NULL;
        struct error e = {0};
        if (vault_open(&db, path, right, create, 0, &e) != 0)
            _exit(1);
        work(db);
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        _exit(2);
}

/* A store with one state in its database and the next in a log that a dead process left. Rows 1 to 400 hold 300 bytes
 * each; v says which state it is; page 1 is in the log too. */
static void leave_log_work(sqlite3 *db)
{
    run(db, "PRAGMA wal_autocheckpoint=0; BEGIN; UPDATE v SET n = 2; UPDATE t SET b = zeroblob(300) WHERE a < 50;"
            "CREATE TABLE later(x); COMMIT;");
}

static void make_two_states(int with_log)
{
    sqlite3 *db = must_open(1);
    must(db, "CREATE TABLE v(n); INSERT INTO v VALUES (1); CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
             "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 400)"
             "INSERT INTO t SELECT i, randomblob(300) FROM r;");
    vault_close(db);
    assert_int_equal(size_of(log_path), -1);
    if (with_log)
        in_dying_child(leave_log_work, 0);
}

/* What a reader gets from the store: 0 where opening or any query failed, otherwise the state that it shows. Bytes that
 * were changed must never show as data, so a state is counted only with all its rows and a sound structure. */
static int state_seen(int *code)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    char n[64] = "", rows[64] = "", sound[256] = "";
    int state = 0;
    *code = vault_open(&db, path, right, 0, 0, &e);
    if (*code != 0) {
        assert_null(db);
        assert_true(e.text[0] != '\0');
        return 0;
    }
    if (ask(db, "SELECT count(*) || '/' || sum(length(b)) FROM t", rows, sizeof rows) != SQLITE_OK ||
        ask(db, "PRAGMA integrity_check", sound, sizeof sound) != SQLITE_OK ||
        ask(db, "SELECT n FROM v", n, sizeof n) != SQLITE_OK) {
        *code = vault_error(db, "reading", &e);
    } else {
        assert_string_equal(rows, "400/120000");
        assert_string_equal(sound, "ok");
        state = atoi(n); // NOLINT(cert-err34-c): what is not a number is state 0
    }
    vault_close(db);
    return state;
}

/* ---- opening ---- */

/* Goal: a handle comes with every setting that its header promises. */
static void open_is_ready(void **state)
{
    sqlite3 *db = must_open(1);
    (void)state;
    must_be(db, "PRAGMA journal_mode", "wal");
    must_be(db, "PRAGMA locking_mode", "exclusive");
    must_be(db, "PRAGMA synchronous", "2");
    must_be(db, "PRAGMA foreign_keys", "1");
    must_be(db, "PRAGMA temp_store", "2");
    must_be(db, "PRAGMA page_size", "4096");
    must_be(db, "PRAGMA integrity_check", "ok");
    must(db, "CREATE TABLE t(a); INSERT INTO t VALUES ('there')");
    vault_close(db);
    vault_close(NULL);
    db = must_open(0);
    must_be(db, "SELECT a FROM t", "there");
    vault_close(db);
    assert_int_equal(size_of(path) % VAULT_PAGE_BYTES, 0);
}

/* Goal: a path where no store is, is told apart from one that cannot be one. */
static void paths_that_hold_no_store(void **state)
{
    static char longest[5000];
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    assert_int_equal(vault_open(&db, path, right, 0, 0, &e), E_NO_STORE);
    assert_int_equal(size_of(path), -1);
    assert_int_equal(vault_open(&db, "/nonexistent/store.db", right, 0, 0, &e), E_NO_STORE);
    assert_int_equal(vault_open(&db, folder, right, 1, 0, &e), E_INPUT);
    assert_int_equal(vault_open(&db, "", right, 1, 0, &e), E_INPUT);
    memset(longest, 'a', sizeof longest - 1);
    for (size_t count = 1; count < sizeof longest; count += count < 520 ? 1 : 997) {
        char name[5100];
        int code;
        (void)snprintf(name, sizeof name, "/tmp/%.*s", (int)count, longest);
        code = vault_open(&db, name, right, 0, 0, &e);
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
    save(path, (const uint8_t *)"", 0);
    assert_int_equal(vault_open(&db, path, right, 0, 0, &e), E_NO_STORE);
    db = must_open(1);
    must(db, "CREATE TABLE t(a)");
    vault_close(db);
}

/* Goal: a log whose store is gone is left alone, since it may hold the last work done. */
static void orphaned_log_is_kept(void **state)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    int64_t bytes;
    (void)state;
    make_two_states(1);
    bytes = size_of(log_path);
    assert_true(bytes > VAULT_FRAME_BYTES);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(vault_open(&db, path, right, 1, 0, &e), E_VERIFY);
    assert_int_equal(vault_open(&db, path, right, 0, 0, &e), E_VERIFY);
    assert_int_equal(size_of(path), -1);
    assert_int_equal(size_of(log_path), bytes);
}

/* Goal: relative paths work, and stay the same store when the process changes its folder. */
static void relative_path(void **state)
{
    char *before = getcwd(NULL, 0);
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    assert_non_null(before);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(vault_open(&db, "store.db", right, 1, 0, &e), 0);
    assert_int_equal(chdir(before), 0);
    free(before);
    must(db, "CREATE TABLE t(a); INSERT INTO t VALUES (1)");
    vault_close(db);
    db = must_open(0);
    must_be(db, "SELECT a FROM t", "1");
    vault_close(db);
}

/* Goal: two stores with their own keys are open in one process at once. */
static void two_stores_at_once(void **state)
{
    char other[128];
    sqlite3 *one = must_open(1), *two = NULL;
    struct error e = {0};
    (void)state;
    (void)snprintf(other, sizeof other, "%s/other.db", folder);
    assert_int_equal(vault_open(&two, other, wrong, 1, 0, &e), 0);
    must(one, "CREATE TABLE t(a); INSERT INTO t VALUES ('one')");
    must(two, "CREATE TABLE t(a); INSERT INTO t VALUES ('two')");
    must_be(one, "SELECT a FROM t", "one");
    must_be(two, "SELECT a FROM t", "two");
    vault_close(one);
    must(two, "INSERT INTO t VALUES ('more')");
    vault_close(two);
    assert_int_equal(vault_open(&two, other, right, 0, 0, &e), E_WRONG_KEY);
    assert_int_equal(vault_open(&two, other, wrong, 0, 0, &e), 0);
    must_be(two, "SELECT count(*) FROM t", "2");
    vault_close(two);
}

/* Goal: a second opener is told who is in the way, in the same process and from another one, and waits if it may. */
static void second_opener_waits(void **state)
{
    int ready[2], status;
    char byte = 0;
    sqlite3 *db = must_open(1), *second = NULL;
    struct error e = {0};
    pid_t pid;
    (void)state;
    assert_int_equal(vault_open(&second, path, right, 0, 0, &e), E_BUSY);
    assert_string_equal(e.text, "another satchel command is using the store; try again when it is done");
    must(db, "CREATE TABLE t(a)"); /* the failed opening took nothing from the first */
    vault_close(db);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (vault_open(&db, path, right, 0, 0, NULL) != 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        (void)usleep(300000);
        run(db, "INSERT INTO t VALUES (1)");
        vault_close(db);
        _exit(0);
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    assert_int_equal(vault_open(&second, path, right, 0, 0, &e), E_BUSY);
    assert_int_equal(vault_open(&second, path, right, 0, 60000, &e), 0);
    must_be(second, "SELECT count(*) FROM t", "1");
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
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] != 0)
            continue;
        for (int turn = 0; turn < TURNS; turn++) {
            db = NULL;
            if (vault_open(&db, path, right, 1, 120000, NULL) != 0)
                _exit(1);
            run(db, "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1)");
            vault_close(db);
        }
        _exit(0);
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    db = must_open(0);
    must_be(db, "SELECT count(*) FROM t", "30");
    vault_close(db);
}

/* ---- what a reader of the disk sees ---- */

struct hunt {
    const char *words;
    int found, files;
};

static void hunt_file(const char *name, void *context)
{
    struct hunt *hunt = context;
    size_t count;
    uint8_t *bytes = load(name, &count);
    hunt->files++;
    if (memmem(bytes, count, hunt->words, strlen(hunt->words)) != NULL)
        hunt->found++;
    free(bytes);
}

static int found_on_disk(const char *words, int *files)
{
    struct hunt hunt = {.words = words};
    each_file(hunt_file, &hunt);
    *files = hunt.files;
    return hunt.found;
}

/* Goal: no file ever holds what a row says, a name from the schema, or SQLite's own first words; and this way of
 * looking does find them in a plain database. */
static void canary_is_never_on_disk(void **state)
{
    static const char *const canaries[] = {"canary-in-a-row", "canary_in_schema", "SQLite format 3"};
    static const char sql[] = "CREATE TABLE canary_in_schema(a, b); INSERT INTO canary_in_schema "
                              "VALUES ('canary-in-a-row', zeroblob(5000)); CREATE INDEX i ON canary_in_schema(a, b);";
    sqlite3 *db = must_open(1);
    int files;
    (void)state;
    must(db, sql);
    for (int phase = 0; phase < 3; phase++) {
        for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++)
            assert_int_equal(found_on_disk(canaries[i], &files), 0);
        assert_int_equal(files, phase < 2 ? 2 : 1);
        if (phase == 0)
            must(db, "PRAGMA wal_checkpoint(FULL)");
        else if (phase == 1)
            vault_close(db);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"), SQLITE_OK);
    must(db, sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++)
        assert_int_equal(found_on_disk(canaries[i], &files), 1);
}

/* Goal (trap 1): frame headers are sealed, so that the running checksums say nothing about a page. */
static void frame_headers_are_sealed(void **state)
{
    size_t count;
    uint8_t *bytes;
    (void)state;
    make_two_states(1);
    bytes = load(log_path, &count);
    assert_int_equal((count - VAULT_WAL_HEADER_BYTES) % VAULT_FRAME_BYTES, 0);
    assert_true(count > 5 * VAULT_FRAME_BYTES);
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
        sqlite3 *db = must_open(1);
        must(db, "CREATE TABLE IF NOT EXISTS t(a); DELETE FROM t; INSERT INTO t VALUES ('same')");
        vault_close(db);
        bytes[i] = load(path, &count[i]);
        assert_int_equal(count[i], 2 * VAULT_PAGE_BYTES);
    }
    for (size_t at = VAULT_PAGE_BYTES; at < count[0]; at += 16) /* page 2 has the row */
        assert_memory_not_equal(bytes[0] + at, bytes[1] + at, 16);
    free(bytes[0]);
    free(bytes[1]);
}

/* ---- damage ---- */

/* Goal: a flipped bit in any part of page 1 or another page is refused with a reason, and never read. */
static void flips_in_pages_are_found(void **state)
{
    static const size_t at[] = {0, 7, 15, 16, 20, 24, 99, 100, 2000, 4055, 4056, 4079, 4080, 4095};
    size_t count;
    uint8_t *good;
    int code;
    (void)state;
    make_two_states(0);
    assert_int_equal(state_seen(&code), 1);
    good = load(path, &count);
    for (size_t page = 0; page < count / VAULT_PAGE_BYTES; page++) {
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            size_t where = page * VAULT_PAGE_BYTES + at[i];
            good[where] ^= 0x10;
            save(path, good, count);
            good[where] ^= 0x10;
            assert_int_equal(state_seen(&code), 0);
            /* A flipped file id makes other keys: nothing opens. */
            assert_int_equal(code, page == 0 && at[i] < 16 ? E_WRONG_KEY : E_VERIFY);
        }
    }
    save(path, good, count);
    assert_int_equal(state_seen(&code), 1);
    free(good);
}

/* Goal: pages that were swapped, doubled, zeroed (trap 8), cut off or added are refused. */
static void moved_pages_are_found(void **state)
{
    size_t count, pages;
    uint8_t *good, *bad;
    int code;
    (void)state;
    make_two_states(0);
    good = load(path, &count);
    pages = count / VAULT_PAGE_BYTES;
    bad = malloc(count);
    assert_non_null(bad);
    for (size_t page = 1; page < pages; page++) {
        size_t other = page == 1 ? 2 : 1;
        memcpy(bad, good, count);
        memcpy(bad + page * VAULT_PAGE_BYTES, good + other * VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
        memcpy(bad + other * VAULT_PAGE_BYTES, good + page * VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
        save(path, bad, count);
        assert_int_equal(state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        memcpy(bad + other * VAULT_PAGE_BYTES, good + other * VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
        save(path, bad, count);
        assert_int_equal(state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        memset(bad + page * VAULT_PAGE_BYTES, 0, VAULT_PAGE_BYTES);
        save(path, bad, count);
        assert_int_equal(state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        save(path, good, page * VAULT_PAGE_BYTES);
        assert_int_equal(state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
        save(path, good, page * VAULT_PAGE_BYTES + 1000);
        assert_int_equal(state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
    }
    for (size_t cut = 1; cut < VAULT_PAGE_BYTES; cut += 455) {
        save(path, good, cut);
        assert_int_equal(state_seen(&code), 0);
        assert_int_equal(code, E_VERIFY);
    }
    memcpy(bad, good, count);
    memset(bad, 0, VAULT_PAGE_BYTES);
    save(path, bad, count);
    assert_int_equal(state_seen(&code), 0);
    free(good);
    free(bad);
}

/* Goal: a page of another store under the same data key is refused: the file id is in the keys. */
static void pages_of_another_store_are_found(void **state)
{
    size_t count[2];
    uint8_t *bytes[2];
    int code;
    (void)state;
    for (int i = 0; i < 2; i++) {
        make_two_states(0);
        bytes[i] = load(path, &count[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(count[0], count[1]);
    memcpy(bytes[0] + 3 * VAULT_PAGE_BYTES, bytes[1] + 3 * VAULT_PAGE_BYTES, VAULT_PAGE_BYTES);
    save(path, bytes[0], count[0]);
    assert_int_equal(state_seen(&code), 0);
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
    make_two_states(1);
    good = load(path, &count);
    log = load(log_path, &log_count);
    assert_int_equal(state_seen(&code), 2);
    for (size_t at = 0; at < log_count; at += at < 100 ? 1 : at % 7 == 0 ? 257 : 211) {
        int seen;
        save(path, good, count);
        log[at] ^= 0x04;
        save(log_path, log, log_count);
        log[at] ^= 0x04;
        seen = state_seen(&code);
        assert_true(seen == 1 || (seen == 0 && code == E_VERIFY));
        save(path, good, count);
        save(log_path, log, at);
        assert_int_equal(state_seen(&code), 1);
    }
    save(path, good, count);
    save(log_path, log, log_count);
    assert_int_equal(state_seen(&code), 2);
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
    make_two_states(1);
    db = must_open(0);
    must(db, "PRAGMA cache_size=1");
    must_be(db, "SELECT n FROM v", "2");
    log = load(log_path, &count);
    for (size_t at = VAULT_WAL_HEADER_BYTES + 100; at < count; at += VAULT_FRAME_BYTES)
        log[at] ^= 1;
    save(log_path, log, count);
    free(log);
    assert_int_not_equal(ask(db, "SELECT sum(length(b)) FROM t", seen, sizeof seen), SQLITE_OK);
    assert_int_equal(vault_error(db, "reading", &e), E_VERIFY);
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
    make_two_states(1);
    good = load(path, &count);
    log = load(log_path, &log_count);
    assert_int_equal(vault_open(&db, path, wrong, 0, 0, &e), E_WRONG_KEY);
    assert_int_equal(vault_open(&db, path, wrong, 1, 0, &e), E_WRONG_KEY);
    assert_null(db);
    after = load(path, &again);
    assert_int_equal(again, count);
    assert_memory_equal(after, good, count);
    free(after);
    after = load(log_path, &again);
    assert_int_equal(again, log_count);
    assert_memory_equal(after, log, log_count);
    free(after);
    assert_int_equal(state_seen(&code), 2);
    free(good);
    free(log);
}

/* Goal: a plain SQLite database is not taken for a store. */
static void plain_database_is_refused(void **state)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    (void)state;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"), SQLITE_OK);
    must(db, "CREATE TABLE t(a)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(vault_open(&db, path, right, 1, 0, &e), E_WRONG_KEY);
}

/* ---- crashes ---- */

/* Goal (trap 2): a page 1 that a power cut tore during a checkpoint does not shut the store: the log mends it. */
static void torn_page_one_is_mended(void **state)
{
    size_t count, log_count;
    uint8_t *good, *log;
    int code;
    (void)state;
    make_two_states(1);
    good = load(path, &count);
    log = load(log_path, &log_count);
    for (size_t sector = 0; sector < VAULT_PAGE_BYTES; sector += 512) {
        /* What a checkpoint would have written: other bytes, but the file id stays what it is. */
        for (size_t i = sector < 16 ? 16 : sector; i < sector + 512; i++)
            good[i] ^= 0x5a;
        save(path, good, count);
        save(log_path, log, log_count);
        for (size_t i = sector < 16 ? 16 : sector; i < sector + 512; i++)
            good[i] ^= 0x5a;
        assert_int_equal(state_seen(&code), 2);
    }
    free(good);
    free(log);
}

static void append_and_die(sqlite3 *db)
{
    run(db, "UPDATE v SET n = 1; BEGIN; UPDATE t SET b = randomblob(300) WHERE a < 60; UPDATE v SET n = 3; COMMIT;");
}

/* Goal (traps 3 and 4): behind a torn tail the log is written on, and what is written there is read again. */
static void log_goes_on_behind_a_torn_tail(void **state)
{
    size_t count, log_count;
    uint8_t *good, *log;
    int code;
    (void)state;
    make_two_states(1);
    good = load(path, &count);
    log = load(log_path, &log_count);
    for (size_t back = 1; back < 3 * VAULT_FRAME_BYTES; back += 511) {
        save(path, good, count);
        memset(log + log_count - back, 0, back < 512 ? back : 512);
        save(log_path, log, log_count);
        in_dying_child(append_and_die, 0);
        assert_int_equal(state_seen(&code), 3);
    }
    free(good);
    free(log);
}

/* Rollbacks, savepoints, restarts and truncations of the log: each time frames are written where others stood. */
static void write_over_and_die(sqlite3 *db)
{
    run(db, "PRAGMA cache_size=10; PRAGMA wal_autocheckpoint=0;");
    for (int round = 0; round < 3; round++) {
        run(db, "BEGIN; UPDATE t SET b = randomblob(300); UPDATE t SET b = zeroblob(300) WHERE a % 7 = 0;"
                "UPDATE t SET b = randomblob(300) WHERE a % 3 = 0; UPDATE v SET n = 4; COMMIT;");
        run(db, "BEGIN; UPDATE t SET b = randomblob(300); UPDATE v SET n = 9; ROLLBACK;");
        run(db, "BEGIN; UPDATE v SET n = 5; SAVEPOINT s; DELETE FROM t; UPDATE v SET n = 9; ROLLBACK TO s;"
                "UPDATE t SET b = zeroblob(300) WHERE a % 5 = 0; COMMIT;");
        if (round < 2)
            run(db, round == 0 ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(RESTART)");
    }
    run(db, "UPDATE v SET n = 6; BEGIN; UPDATE t SET b = randomblob(300); UPDATE v SET n = 9;");
}

/* Goal (trap 4): wherever frames are written over others, a dead process's log gives all that was committed and nothing
 * else. */
static void written_over_frames_are_recovered(void **state)
{
    int code;
    (void)state;
    make_two_states(0);
    in_dying_child(write_over_and_die, 0);
    assert_true(size_of(log_path) > VAULT_FRAME_BYTES);
    assert_int_equal(state_seen(&code), 6);
    assert_int_equal(size_of(log_path), -1); /* closing carried it over */
    assert_int_equal(state_seen(&code), 6);
}

static int savepoint_round;

/* Larger than the cache, partly undone, changed again; then a small commit that depends on the log's checksums. */
static void savepoint_and_die(sqlite3 *db)
{
    char sql[500];
    run(db, "PRAGMA cache_size=5; PRAGMA wal_autocheckpoint=0;");
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; UPDATE t SET b = randomblob(300) WHERE a %% 13 < %d; SAVEPOINT s;"
                   "UPDATE t SET b = randomblob(300) WHERE a %% 17 > %d; UPDATE t SET b = zeroblob(300) WHERE a < %d;"
                   "ROLLBACK TO s; UPDATE t SET b = zeroblob(300) WHERE a < %d; UPDATE v SET n = %d; COMMIT;"
                   "UPDATE v SET n = %d;",
                   savepoint_round % 13, savepoint_round % 7, savepoint_round * 9, savepoint_round % 4,
                   savepoint_round * 2, savepoint_round * 2 + 1);
    run(db, sql);
}

/* Goal (trap 11): what is committed after a savepoint of a large transaction was rolled back survives a crash. */
static void commits_behind_a_savepoint_survive(void **state)
{
    int code;
    (void)state;
    make_two_states(0);
    for (savepoint_round = 1; savepoint_round < 40; savepoint_round++) {
        in_dying_child(savepoint_and_die, 0);
        assert_int_equal(state_seen(&code), savepoint_round * 2 + 1);
    }
}

/* Goal (trap 11): where somebody lets SQLite spill again, the transaction fails loudly and nothing that was committed
 * is lost. */
static void spilling_fails_closed(void **state)
{
    sqlite3 *db;
    int code;
    (void)state;
    make_two_states(0);
    db = must_open(0);
    must(db, "PRAGMA cache_spill=ON; PRAGMA cache_size=5; BEGIN; UPDATE v SET n = 9; UPDATE t SET b = randomblob(300)");
    assert_int_equal(sqlite3_exec(db, "UPDATE t SET b = zeroblob(300)", NULL, NULL, NULL), SQLITE_IOERR);
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    must(db, "UPDATE v SET n = 8");
    vault_close(db);
    assert_int_equal(state_seen(&code), 8);
}

/* Goal: what is left of a creation that died does not stand in the way of the next. */
static void half_created_store_is_replaced(void **state)
{
    char left[128];
    sqlite3 *db;
    (void)state;
    (void)snprintf(left, sizeof left, "%s.new", path);
    save(left, (const uint8_t *)"half", 4);
    db = must_open(1);
    vault_close(db);
    assert_int_equal(size_of(left), -1);
}

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
    make_two_states(0);
    db = must_open(0);
    assert_int_equal(unix_vfs->xSetSystemCall(unix_vfs, "pwrite", (sqlite3_syscall_ptr)full_pwrite), SQLITE_OK);
    assert_int_equal(unix_vfs->xSetSystemCall(unix_vfs, "pwrite64", (sqlite3_syscall_ptr)full_pwrite), SQLITE_OK);
    assert_int_equal(unix_vfs->xSetSystemCall(unix_vfs, "write", (sqlite3_syscall_ptr)full_write), SQLITE_OK);
    disk_is_full = 1;
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(sqlite3_exec(db, "UPDATE v SET n = 7", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(vault_error(db, "saving", &e), E_FULL);
        must_be(db, "SELECT n FROM v", "1");
    }
    disk_is_full = 0;
    must(db, "UPDATE v SET n = 8");
    disk_is_full = 1;
    vault_close(db); /* the checkpoint fails; the log stays */
    assert_true(size_of(log_path) > 0);
    disk_is_full = 0;
    (void)unix_vfs->xSetSystemCall(unix_vfs, NULL, NULL);
    assert_int_equal(state_seen(&code), 8);
}

/* ---- what SQLite can do on a vault, and what it must not ---- */

/* Goal: VACUUM works and gives space back; and (trap 6) where temporary files are wanted, it fails without leaving one
 * or hurting the store. */
static void vacuum(void **state)
{
    sqlite3 *db;
    int64_t before;
    int files, code;
    (void)state;
    make_two_states(0);
    db = must_open(0);
    must(db, "CREATE TABLE big AS SELECT zeroblob(100000) FROM t; PRAGMA wal_checkpoint(TRUNCATE);");
    before = size_of(path);
    must(db, "PRAGMA temp_store=FILE; PRAGMA cache_size=100");
    assert_int_not_equal(sqlite3_exec(db, "VACUUM", NULL, NULL, NULL), SQLITE_OK);
    must_be(db, "SELECT sum(length(b)) FROM t", "120000");
    must(db, "PRAGMA temp_store=MEMORY; DROP TABLE big; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    assert_true(size_of(path) < before / 10);
    vault_close(db);
    assert_int_equal(state_seen(&code), 1);
    assert_int_equal(found_on_disk("SQLite format 3", &files), 0);
    assert_int_equal(files, 1);
}

/* Goal (trap 5): pages that use the reserved bytes are refused and change nothing; those that keep them free are
 * taken. */
static void backup_wants_the_reserve(void **state)
{
    sqlite3 *db, *plain = NULL;
    sqlite3_backup *backup;
    int reserve = VAULT_RESERVE_BYTES, code;
    (void)state;
    make_two_states(0);
    db = must_open(0);
    assert_int_equal(sqlite3_open_v2(":memory:", &plain, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    must(plain, "CREATE TABLE t(a, b); WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 400)"
                "INSERT INTO t SELECT i, randomblob(300) FROM r; CREATE TABLE v(n); INSERT INTO v VALUES (7);");
    backup = sqlite3_backup_init(db, "main", plain, "main");
    assert_non_null(backup);
    (void)sqlite3_backup_step(backup, -1);
    assert_int_not_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    vault_close(db);
    assert_int_equal(state_seen(&code), 1);
    assert_int_equal(sqlite3_file_control(plain, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve), SQLITE_OK);
    must(plain, "VACUUM");
    db = must_open(0);
    backup = sqlite3_backup_init(db, "main", plain, "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    vault_close(db);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    assert_int_equal(state_seen(&code), 7);
}

/* Goal: nothing gets another, unsealed file opened through the vault, and a journal that somebody put there does not
 * shut the store. */
static void no_other_file_is_opened(void **state)
{
    char sql[256], journal[128];
    sqlite3 *db = must_open(1);
    (void)state;
    must(db, "CREATE TABLE t(a); INSERT INTO t VALUES ('kept')");
    (void)snprintf(sql, sizeof sql, "ATTACH '%s/other.db' AS other; CREATE TABLE other.t(a);", folder);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)snprintf(sql, sizeof sql, "VACUUM INTO '%s/other.db'", folder);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_exec(db, "PRAGMA journal_mode=DELETE; INSERT INTO t VALUES ('more')", NULL, NULL, NULL);
    (void)sqlite3_exec(db, "PRAGMA mmap_size=100000000", NULL, NULL, NULL);
    must_be(db, "SELECT a FROM t LIMIT 1", "kept");
    must(db, "CREATE TEMP TABLE x AS SELECT randomblob(4000) FROM (WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT "
             "i + 1 FROM r WHERE i < 5000) SELECT i FROM r) ORDER BY 1");
    vault_close(db);
    (void)snprintf(journal, sizeof journal, "%s-journal", path);
    save(journal, (const uint8_t *)"not a journal of ours", 21);
    db = must_open(0);
    must_be(db, "SELECT a FROM t LIMIT 1", "kept");
    vault_close(db);
}

/* Goal: a statement that undoes more than SQLite keeps in memory by default (its spill is a temporary file) works. */
static void large_statements_undo(void **state)
{
    sqlite3 *db;
    int code;
    (void)state;
    make_two_states(0);
    db = must_open(0);
    must(db, "PRAGMA cache_size=10; CREATE UNIQUE INDEX u ON t(b); BEGIN; UPDATE v SET n = 5");
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE t SET b = CASE a WHEN 400 THEN (SELECT b FROM t WHERE a = 1) ELSE "
                                  "randomblob(300) END WHERE a > 1",
                                  NULL, NULL, NULL),
                     SQLITE_CONSTRAINT);
    must(db, "COMMIT; DROP INDEX u");
    vault_close(db);
    assert_int_equal(state_seen(&code), 5);
}

/* Goal: full-text search, which writes through SQLite's incremental blobs, works on a vault. */
static void full_text_search_works(void **state)
{
    sqlite3 *db = must_open(1);
    (void)state;
    must(db, "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('the quick fox'), ('a slow one')");
    vault_close(db);
    db = must_open(0);
    must_be(db, "SELECT x FROM f WHERE f MATCH 'quick'", "the quick fox");
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
    db = must_open(1);
    must(db, "CREATE TABLE t(a, b); CREATE INDEX i ON t(a);"
             "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 20000) INSERT INTO t SELECT "
             "char(109, 97, 114, 107, 101, 114, 45, 113, 120) || i, i FROM r;");
    must_be(db, "SELECT count(DISTINCT a) FROM t", "20000");
    assert_true(copies_in_memory(marker, sizeof marker) > 20000);
    s = sodium_malloc(sizeof *s);
    assert_non_null(s);
    {
        size_t count;
        uint8_t *bytes = load(path, &count);
        vault_page_keys(s, right, bytes);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open_is_ready),
        TEST(paths_that_hold_no_store),
        TEST(empty_file_is_no_store),
        TEST(orphaned_log_is_kept),
        TEST(relative_path),
        TEST(two_stores_at_once),
        TEST(second_opener_waits),
        TEST(many_openers_take_turns),
        TEST(canary_is_never_on_disk),
        TEST(frame_headers_are_sealed),
        TEST(writes_never_repeat),
        TEST(flips_in_pages_are_found),
        TEST(moved_pages_are_found),
        TEST(pages_of_another_store_are_found),
        TEST(damage_in_the_log_is_found),
        TEST(frame_changed_while_open_is_an_error),
        TEST(wrong_key_changes_nothing),
        TEST(plain_database_is_refused),
        TEST(torn_page_one_is_mended),
        TEST(log_goes_on_behind_a_torn_tail),
        TEST(written_over_frames_are_recovered),
        TEST(commits_behind_a_savepoint_survive),
        TEST(spilling_fails_closed),
        TEST(half_created_store_is_replaced),
        TEST(full_disk_loses_nothing),
        TEST(vacuum),
        TEST(backup_wants_the_reserve),
        TEST(no_other_file_is_opened),
        TEST(large_statements_undo),
        TEST(full_text_search_works),
        TEST(nothing_stays_in_memory),
    };
    struct error e = {0};
    if (vault_init(&e) != 0 || vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
