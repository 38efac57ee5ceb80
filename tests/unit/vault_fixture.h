/* A store in a folder of its own for each test, and a process that dies with it open. Shared by the vault's tests. */
#ifndef SATCHEL_TESTS_VAULT_FIXTURE_H
#define SATCHEL_TESTS_VAULT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vault.h"
#include "vault_private.h"

static const uint8_t right[VAULT_KEY_BYTES] = {1, 2, 3}, wrong[VAULT_KEY_BYTES] = {1, 2, 4};
static char folder[64], path[96], log_path[104];

static inline int setup(void **state)
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
static inline void each_file(void (*visit)(const char *name, void *context), void *context)
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

static inline void remove_file(const char *name, void *context)
{
    (void)context;
    assert_int_equal(unlink(name), 0);
}

static inline int teardown(void **state)
{
    (void)state;
    each_file(remove_file, NULL);
    return rmdir(folder);
}

static inline uint8_t *load(const char *name, size_t *count)
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

static inline void save(const char *name, const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static inline int64_t size_of(const char *name)
{
    struct stat status;
    return stat(name, &status) == 0 ? (int64_t)status.st_size : -1;
}

static inline sqlite3 *must_open(int create)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    int code = vault_open(&db, path, right, create, 0, &e);
    if (code != 0)
        print_error("%s\n", e.text);
    assert_int_equal(code, 0);
    return db;
}

static inline sqlite3 *must_read(void)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    int code = vault_open(&db, path, right, VAULT_READ, 0, &e);
    if (code != 0)
        print_error("%s\n", e.text);
    assert_int_equal(code, 0);
    return db;
}

static inline void must(sqlite3 *db, const char *sql)
{
    char *words = NULL;
    int rc = sqlite3_exec(db, sql, NULL, NULL, &words);
    if (rc != SQLITE_OK)
        print_error("%s: %s (%d)\n", sql, words, sqlite3_extended_errcode(db));
    sqlite3_free(words);
    assert_int_equal(rc, SQLITE_OK);
}

/* The first column of the first row as text; returns SQLite's code. */
static inline int ask(sqlite3 *db, const char *sql, char *out, size_t room)
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

static inline void must_be(sqlite3 *db, const char *sql, const char *expected)
{
    char seen[256];
    assert_int_equal(ask(db, sql, seen, sizeof seen), SQLITE_OK);
    assert_string_equal(seen, expected);
}

/* A child that does not outlive a test which fails: one that works without end would take the machine with it. */
static inline pid_t fork_child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    return pid;
}

/* A child runs `work` on the open store and dies without closing it. */
static inline void in_dying_child(void (*work)(sqlite3 *db), int create)
{
    int status;
    pid_t pid = fork_child();
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

static inline void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        _exit(2);
}

/* A store with one state in its database and the next in a log that a dead process left. Rows 1 to 400 hold 300 bytes
 * each; v says which state it is; page 1 is in the log too. */
static inline void leave_log_work(sqlite3 *db)
{
    run(db, "PRAGMA wal_autocheckpoint=0; BEGIN; UPDATE v SET n = 2; UPDATE t SET b = zeroblob(300) WHERE a < 50;"
            "CREATE TABLE later(x); COMMIT;");
}

static inline void make_two_states(int with_log)
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
static inline int state_seen(int *code)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
