/* Tests: common/vault/vault_share.c
 * One store and several processes: one writes, the others read meanwhile and hinder nobody. */
#include "vault_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define BUSY_WORDS "another satchel command is using the store; try again when it is done"

/* ---- a process that does what it is told ---- */

/* Orders are SQL; an answer is its first column and SQLite's code. "+" opens for writing, "?" for reading, "-" closes,
 * "!" dies. */
struct actor {
    pid_t pid;
    int orders, answers;
};

static void say(int fd, const void *bytes, size_t count)
{
    if (write(fd, bytes, count) != (ssize_t)count)
        _exit(3);
}

static void act(int orders, int answers)
{
    char order[512], seen[256];
    sqlite3 *db = NULL;
    for (;;) {
        int code = 0;
        seen[0] = '\0';
        if (read(orders, order, sizeof order) != (ssize_t)sizeof order)
            _exit(4);
        if (order[0] == '+' || order[0] == '?') {
            struct error e = {0};
            code = vault_open(&db, vault_path, vault_right, order[0] == '?' ? VAULT_READ : VAULT_CREATE, 0, &e);
            (void)snprintf(seen, sizeof seen, "%.200s", e.text);
        } else if (order[0] == '-') {
            vault_close(db);
            db = NULL;
        } else if (order[0] == '!') {
            (void)raise(SIGKILL);
        } else {
            code = vault_ask(db, order, seen, sizeof seen);
        }
        say(answers, &code, sizeof code);
        say(answers, seen, sizeof seen);
    }
}

static struct actor start(void)
{
    int orders[2], answers[2];
    struct actor a;
    assert_int_equal(pipe(orders), 0);
    assert_int_equal(pipe(answers), 0);
    a.pid = vault_fork_child();
    assert_true(a.pid >= 0);
    if (a.pid == 0) {
        (void)close(orders[1]);
        (void)close(answers[0]);
        act(orders[0], answers[1]);
    }
    (void)close(orders[0]);
    (void)close(answers[1]);
    a.orders = orders[1];
    a.answers = answers[0];
    return a;
}

static void stop(struct actor *a)
{
    (void)kill(a->pid, SIGKILL);
    assert_int_equal(waitpid(a->pid, NULL, 0), a->pid);
    (void)close(a->orders);
    (void)close(a->answers);
}

static int tell(const struct actor *a, const char *order, char seen[256])
{
    char text[512] = {0};
    int code = -1;
    (void)snprintf(text, sizeof text, "%s", order);
    assert_int_equal(write(a->orders, text, sizeof text), sizeof text);
    assert_int_equal(read(a->answers, &code, sizeof code), sizeof code);
    assert_int_equal(read(a->answers, seen, 256), 256);
    return code;
}

static void does(const struct actor *a, const char *order)
{
    char seen[256];
    int code = tell(a, order, seen);
    if (code != 0)
        print_error("%s: %d %s\n", order, code, seen);
    assert_int_equal(code, 0);
}

static void sees(const struct actor *a, const char *sql, const char *expected)
{
    char seen[256];
    assert_int_equal(tell(a, sql, seen), 0);
    assert_string_equal(seen, expected);
}

static void fails(const struct actor *a, const char *order, int expected)
{
    char seen[256];
    assert_int_equal(tell(a, order, seen) & 0xff, expected);
}

/* ---- who may write ---- */

/* Goal: one process writes; a second is refused in today's words until the first has closed, and a store can be read by
 * others before, meanwhile and after. */
static void one_process_writes(void **state)
{
    struct actor writer, second, reader;
    char seen[256];
    (void)state;
    writer = start();
    second = start();
    reader = start();
    fails(&reader, "?", E_NO_STORE);
    does(&writer, "+");
    does(&writer, "CREATE TABLE t(n)");
    assert_int_equal(tell(&second, "+", seen), E_BUSY);
    assert_string_equal(seen, BUSY_WORDS);
    does(&reader, "?");
    does(&writer, "INSERT INTO t VALUES (1)");
    sees(&reader, "SELECT sum(n) FROM t", "1");
    does(&second, "?");
    sees(&second, "SELECT sum(n) FROM t", "1");
    does(&second, "-");
    does(&writer, "-");
    does(&second, "+");
    does(&second, "INSERT INTO t VALUES (2)");
    sees(&reader, "SELECT sum(n) FROM t", "3");
    assert_int_equal(tell(&writer, "+", seen), E_BUSY);
    stop(&second); /* killed: the kernel gives the store back */
    does(&writer, "+");
    sees(&writer, "SELECT sum(n) FROM t", "3");
    fails(&reader, "INSERT INTO t VALUES (9)", SQLITE_READONLY);
    stop(&writer);
    stop(&reader);
}

/* ---- what a reader sees ---- */

/* Goal: a transaction of a reader shows the last commit before it began, through whatever the writing process does, and
 * the next transaction shows the last commit again. */
static void a_transaction_is_one_commit(void **state)
{
    struct actor writer, reader;
    int64_t grown;
    (void)state;
    vault_make_two_states(0);
    writer = start();
    reader = start();
    does(&writer, "+");
    does(&reader, "?");
    does(&reader, "PRAGMA cache_size=1");
    for (int round = 0; round < 3; round++) {
        char before[64];
        (void)snprintf(before, sizeof before, "%d", round * 10 + 1);
        sees(&reader, "SELECT n FROM v", before);
        does(&reader, "BEGIN");
        sees(&reader, "SELECT n FROM v", before);
        grown = vault_size_of(vault_log_path);
        for (int i = 0; i < 10; i++) {
            does(&writer, "UPDATE t SET b = randomblob(300)");
            does(&writer, "UPDATE v SET n = n + 1");
            sees(&writer, "PRAGMA wal_checkpoint(PASSIVE)", "1"); /* busy: a reader is in */
            sees(&writer, "PRAGMA wal_checkpoint(TRUNCATE)", "1");
        }
        assert_true(vault_size_of(vault_log_path) > grown);
        sees(&reader, "SELECT n FROM v", before);
        sees(&reader, "PRAGMA integrity_check", "ok");
        does(&reader, "COMMIT");
        sees(&writer, "PRAGMA wal_checkpoint(TRUNCATE)", "0"); /* an idle reader is in nobody's way */
        assert_int_equal(vault_size_of(vault_log_path), 0);
    }
    sees(&reader, "SELECT n FROM v", "31");
    stop(&writer);
    stop(&reader);
}

/* Goal (trap 15): a log that is written over from its beginning, or goes away with its process and comes again, never
 * shows a reader anything but the last commit. */
static void logs_that_begin_anew(void **state)
{
    struct actor writer, reader;
    char expected[64];
    (void)state;
    vault_make_two_states(0);
    writer = start();
    reader = start();
    does(&reader, "?");
    sees(&reader, "SELECT n FROM v", "1");
    for (int i = 2; i < 12; i++) {
        (void)snprintf(expected, sizeof expected, "%d", i);
        does(&writer, "+");
        does(&writer, "UPDATE v SET n = n + 1");
        if (i % 2 == 0)
            sees(&reader, "SELECT n FROM v", expected);
        sees(&writer, "PRAGMA wal_checkpoint(RESTART)", "0");
        does(&writer, "UPDATE t SET b = zeroblob(300) WHERE a < 5"); /* over what stood in the log */
        sees(&reader, "SELECT n FROM v", expected);
        if (i % 3 == 0)
            does(&reader, "-"); /* then the writer removes its log when it closes */
        does(&writer, "-");
        assert_int_equal(vault_size_of(vault_log_path) < 0, i % 3 == 0);
        if (i % 3 == 0)
            does(&reader, "?");
        sees(&reader, "SELECT n FROM v", expected);
        sees(&reader, "SELECT sum(length(b)) FROM t", "120000");
    }
    stop(&writer);
    stop(&reader);
}

/* Goal (trap 13): a log that was carried over is not begun anew while a reader elsewhere still reads it; and when it
 * has been, its first small commit is not missed behind the many frames of the one before. */
static void carried_logs_stay_for_readers(void **state)
{
    struct actor writer, reader;
    (void)state;
    vault_make_two_states(0);
    writer = start();
    reader = start();
    does(&writer, "+");
    does(&reader, "?");
    does(&reader, "PRAGMA cache_size=1");
    for (int i = 0; i < 3; i++) {
        char n[16], next[16];
        (void)snprintf(n, sizeof n, "%d", 3 * i + 2);
        (void)snprintf(next, sizeof next, "%d", 3 * i + 4);
        does(&writer, "UPDATE t SET b = zeroblob(300)");
        does(&writer, "UPDATE v SET n = n + 1");
        sees(&writer, "PRAGMA wal_checkpoint(PASSIVE)", "0"); /* all of it: the next commit would begin anew */
        does(&reader, "BEGIN");
        sees(&reader, "SELECT n FROM v", n);
        does(&writer, "UPDATE t SET b = randomblob(300)");
        does(&writer, "UPDATE v SET n = n + 1");
        sees(&reader, "SELECT count(*) FROM t WHERE b = zeroblob(300)", "400");
        sees(&reader, "SELECT n FROM v", n);
        does(&reader, "COMMIT");
        sees(&reader, "SELECT count(*) FROM t WHERE b = zeroblob(300)", "0");
        sees(&writer, "PRAGMA wal_checkpoint(RESTART)", "0");
        does(&writer, "UPDATE v SET n = n + 1");
        sees(&reader, "SELECT n FROM v", next);
    }
    stop(&writer);
    stop(&reader);
}

/* Goal: a log that a dead process left is read as it is, by readers that come before anybody mends it. */
static void readers_of_a_left_log(void **state)
{
    struct actor writer, reader;
    size_t count[2], again;
    uint8_t *bytes[2], *after;
    (void)state;
    vault_make_two_states(1);
    bytes[0] = vault_load(vault_path, &count[0]);
    bytes[1] = vault_load(vault_log_path, &count[1]);
    reader = start();
    does(&reader, "?");
    sees(&reader, "SELECT n FROM v", "2");
    sees(&reader, "PRAGMA integrity_check", "ok");
    (void)tell(&reader, "PRAGMA journal_mode=DELETE", (char[256]){0});
    fails(&reader, "UPDATE v SET n = 3", SQLITE_READONLY);
    (void)tell(&reader, "PRAGMA wal_checkpoint(TRUNCATE)", (char[256]){0});
    does(&reader, "-");
    for (int i = 0; i < 2; i++) {
        after = vault_load(i == 0 ? vault_path : vault_log_path, &again);
        assert_int_equal(again, count[i]);
        assert_memory_equal(after, bytes[i], again);
        free(after);
        free(bytes[i]);
    }
    does(&reader, "?");
    does(&reader, "BEGIN");
    sees(&reader, "SELECT n FROM v", "2");
    writer = start();
    does(&writer, "+");
    does(&writer, "UPDATE v SET n = 3");
    sees(&writer, "PRAGMA wal_checkpoint(TRUNCATE)", "1");
    does(&writer, "-"); /* closing cannot carry it over either */
    sees(&reader, "SELECT n FROM v", "2");
    does(&reader, "COMMIT");
    sees(&reader, "SELECT n FROM v", "3");
    stop(&reader);
    stop(&writer);
}

/* Goal: without a log a reader makes none, and finds one that comes. */
static void readers_without_a_log(void **state)
{
    struct actor writer, reader;
    (void)state;
    vault_make_two_states(0);
    reader = start();
    does(&reader, "?");
    sees(&reader, "SELECT n FROM v", "1");
    sees(&reader, "PRAGMA integrity_check", "ok");
    assert_int_equal(vault_size_of(vault_log_path), -1);
    does(&reader, "BEGIN");
    sees(&reader, "SELECT n FROM v", "1");
    writer = start();
    does(&writer, "+");
    does(&writer, "UPDATE v SET n = 2");
    sees(&reader, "SELECT n FROM v", "1");
    does(&reader, "COMMIT");
    sees(&reader, "SELECT n FROM v", "2");
    /* Emptied, and empty again: in between there was a commit. */
    for (int n = 3; n < 6; n++) {
        char expected[16];
        (void)snprintf(expected, sizeof expected, "%d", n);
        does(&writer, "UPDATE v SET n = n + 1");
        sees(&writer, "PRAGMA wal_checkpoint(TRUNCATE)", "0");
        sees(&reader, "SELECT n FROM v", expected);
    }
    stop(&reader);
    stop(&writer);
}

static void other_log_work(sqlite3 *db)
{
    vault_run(db, "PRAGMA wal_autocheckpoint=0; BEGIN; UPDATE v SET n = 2; UPDATE t SET b = randomblob(300); COMMIT;");
}

/* Goal: a log that somebody puts under a reader's transaction, without regard to locks, is an error and never shows. */
static void exchanged_logs_are_found(void **state)
{
    struct actor reader;
    size_t count;
    uint8_t *bytes;
    sqlite3 *db;
    (void)state;
    vault_make_two_states(1);
    bytes = vault_load(vault_log_path, &count);
    db = vault_must_open(0);
    vault_must(db, "DROP TABLE later; UPDATE v SET n = 1");
    vault_close(db);
    vault_in_dying_child(other_log_work, 0);
    reader = start();
    does(&reader, "?");
    does(&reader, "PRAGMA cache_size=1");
    does(&reader, "BEGIN");
    sees(&reader, "SELECT n FROM v", "2");
    vault_save(vault_log_path, bytes, count); /* sealed under the same key, for the same places */
    free(bytes);
    fails(&reader, "SELECT sum(length(b)) FROM t", SQLITE_IOERR);
    stop(&reader);
}

/* ---- locks and the lock file ---- */

static int lock_byte(int fd, int type, int byte)
{
    struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock);
}

/* Goal: a reader that comes while a checkpoint runs waits for it, and is told that the store is in use if it does
 * not end. */
static void readers_wait_for_a_checkpoint(void **state)
{
    char name[128];
    sqlite3 *db = NULL;
    struct error e = {0};
    struct actor reader;
    int fd;
    (void)state;
    vault_make_two_states(0);
    (void)snprintf(name, sizeof name, "%s-lock", vault_path);
    assert_int_equal(vault_size_of(name), 0);
    fd = open(name, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    reader = start();
    does(&reader, "?");
    sees(&reader, "SELECT n FROM v", "1");
    assert_int_equal(lock_byte(fd, F_WRLCK, 1), 0);
    assert_int_equal(vault_open(&db, vault_path, vault_right, VAULT_READ, 0, &e), E_BUSY);
    assert_string_equal(e.text, BUSY_WORDS);
    fails(&reader, "SELECT n FROM v", SQLITE_BUSY);
    assert_int_equal(lock_byte(fd, F_UNLCK, 1), 0);
    sees(&reader, "SELECT n FROM v", "1");
    does(&reader, "BEGIN");
    sees(&reader, "SELECT n FROM v", "1");
    assert_int_equal(lock_byte(fd, F_WRLCK, 1), -1);
    does(&reader, "COMMIT");
    assert_int_equal(lock_byte(fd, F_WRLCK, 1), 0); /* idle: let go */
    assert_int_equal(close(fd), 0);
    stop(&reader);
}

/* Goal (trap 13): a log that SQLite takes for begun anew, and that still stands on the disk as it was, is closed to
 * readers until it has been. */
static void half_restarted_logs_are_closed(void **state)
{
    char name[128];
    struct vault_share writer = {.file = -1}, second = {.file = -1};
    int fd;
    (void)state;
    vault_make_two_states(0);
    (void)snprintf(name, sizeof name, "%s-lock", vault_path);
    assert_int_equal(vault_share_open(&writer, vault_path, 1), SQLITE_OK);
    assert_int_equal(vault_share_open(&second, vault_path, 1), SQLITE_BUSY);
    fd = open(name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(lock_byte(fd, F_RDLCK, 1), 0);
    assert_int_equal(vault_share_keep_out(&writer, VAULT_SHARE_RESTART), SQLITE_BUSY);
    assert_int_equal(writer.reasons, 0);
    assert_int_equal(lock_byte(fd, F_UNLCK, 1), 0);
    assert_int_equal(vault_share_keep_out(&writer, VAULT_SHARE_RESTART), SQLITE_OK);
    vault_share_let_in(&writer, VAULT_SHARE_RESTART);
    assert_int_equal(lock_byte(fd, F_RDLCK, 1), -1);
    assert_int_equal(vault_share_keep_out(&writer, VAULT_SHARE_CHECKPOINT), SQLITE_OK);
    vault_share_let_in(&writer, VAULT_SHARE_CHECKPOINT);
    assert_int_equal(lock_byte(fd, F_RDLCK, 1), -1);
    writer.begun = 1;
    vault_share_let_in(&writer, VAULT_SHARE_RESTART);
    assert_int_equal(lock_byte(fd, F_RDLCK, 1), 0);
    assert_int_equal(close(fd), 0);
    vault_share_close(&writer);
    assert_int_equal(vault_share_open(&second, vault_path, 1), SQLITE_OK);
    vault_share_close(&second);
}

/* Goal: a reader whose store was replaced by another says so, and shows neither a mixture nor an old record. */
static void replaced_store_is_noticed(void **state)
{
    struct actor reader;
    char kept[128];
    (void)state;
    vault_make_two_states(0);
    reader = start();
    does(&reader, "?");
    sees(&reader, "SELECT n FROM v", "1");
    (void)snprintf(kept, sizeof kept, "%s.kept", vault_path);
    assert_int_equal(rename(vault_path, kept), 0);
    vault_make_two_states(1);
    fails(&reader, "SELECT n FROM v", SQLITE_READONLY);
    does(&reader, "-");
    does(&reader, "?");
    sees(&reader, "SELECT n FROM v", "2");
    stop(&reader);
}

/* ---- many processes ---- */

enum { READING = 3, ROWS = 200 };

/* Writes commit after commit, each with one number in all rows, and does all that a log can be put through. */
static void write_for_ever(unsigned seed)
{
    for (unsigned i = seed;; i++) {
        sqlite3 *db = NULL;
        if (vault_open(&db, vault_path, vault_right, 0, 60000, NULL) != 0)
            _exit(1);
        vault_run(db, "PRAGMA wal_autocheckpoint=30; PRAGMA synchronous=NORMAL");
        for (unsigned turn = 0; turn < 5 + i % 40; turn++) {
            vault_run(db, "UPDATE t SET n = n + 1");
            if (turn % 9 == 8)
                (void)sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
            if (turn % 13 == 12)
                (void)sqlite3_exec(db, "VACUUM", NULL, NULL, NULL);
        }
        vault_close(db);
    }
}

/* Transaction after transaction without a gap, each a little longer than nothing. */
static void crowd(void)
{
    sqlite3 *db = NULL;
    if (vault_open(&db, vault_path, vault_right, VAULT_READ, 60000, NULL) != 0)
        _exit(1);
    for (;;) {
        vault_run(db, "BEGIN; SELECT count(*) FROM t");
        (void)usleep(3000);
        vault_run(db, "COMMIT");
    }
}

/* Goal: short transactions of many readers that always overlap do not keep the writing process from its checkpoints for
 * ever. */
static void crowds_let_checkpoints_in(void **state)
{
    enum { CROWD = 8, TRIES = 400 };
    pid_t readers[CROWD];
    sqlite3 *db;
    char busy[64] = "";
    int refused = 0, tries;
    (void)state;
    vault_make_two_states(0);
    for (int i = 0; i < CROWD; i++) {
        readers[i] = vault_fork_child();
        assert_true(readers[i] >= 0);
        if (readers[i] == 0)
            crowd();
    }
    db = vault_must_open(0);
    for (int i = 0; i < 3; i++) {
        vault_must(db, "UPDATE v SET n = n + 1");
        for (tries = 0; tries < TRIES && strcmp(busy, "0") != 0; tries++) {
            assert_int_equal(vault_ask(db, "PRAGMA wal_checkpoint(TRUNCATE)", busy, sizeof busy), SQLITE_OK);
            refused += strcmp(busy, "0") != 0;
            (void)usleep(20000);
        }
        assert_string_equal(busy, "0");
        busy[0] = '\0';
    }
    vault_close(db);
    for (int i = 0; i < CROWD; i++) {
        (void)kill(readers[i], SIGKILL);
        assert_int_equal(waitpid(readers[i], NULL, 0), readers[i]);
    }
    print_message("checkpoints that had to wait: %d\n", refused);
}

/* Each read must be one commit, and not an older one than the read before. Exits with 0 if all were. */
static void read_for(int reads)
{
    static const char sql[] = "SELECT CASE WHEN min(n) = max(n) AND count(*) = 200 AND sum(length(b)) = 60000 THEN "
                              "min(n) ELSE -1 END FROM t";
    char seen[64];
    sqlite3 *db = NULL;
    long last = 0;
    for (int i = 0; i < reads; i++) {
        if (db == NULL && vault_open(&db, vault_path, vault_right, VAULT_READ, 60000, NULL) != 0)
            _exit(1);
        vault_run(db, "PRAGMA cache_size=1; BEGIN");
        for (int again = 0; again < 3; again++) {
            long n = vault_ask(db, sql, seen, sizeof seen) == SQLITE_OK ? strtol(seen, NULL, 10) : -2;
            if (n < last || (again > 0 && n != last))
                _exit(n == -2 ? 3 : 2);
            last = n;
        }
        vault_run(db, "COMMIT");
        if (i % 11 == 10) {
            vault_close(db);
            db = NULL;
        }
    }
    _exit(0);
}

static pid_t spawn(int kind, unsigned seed)
{
    pid_t pid = vault_fork_child();
    assert_true(pid >= 0);
    if (pid == 0 && kind == 0)
        write_for_ever(seed);
    if (pid == 0)
        read_for(kind);
    return pid;
}

/* Goal: while one process writes, checkpoints, closes, opens, and is killed, every read in every other one is one
 * commit; readers that are killed leave nothing behind; and the store is whole at the end. */
static void many_processes(void **state)
{
    pid_t writer, readers[READING], victim;
    sqlite3 *db = vault_must_open(1);
    struct error e = {0};
    int status, code;
    (void)state;
    vault_must(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, n, b); CREATE INDEX i ON t(n);"
                   "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 200)"
                   "INSERT INTO t SELECT i, 0, randomblob(300) FROM r");
    vault_close(db);
    for (unsigned round = 0; round < 4; round++) {
        writer = spawn(0, round * 7);
        victim = spawn(1000000, 0);
        for (int i = 0; i < READING; i++)
            readers[i] = spawn(15, 0);
        (void)usleep(100000);
        (void)kill(victim, SIGKILL);
        assert_int_equal(waitpid(victim, &status, 0), victim);
        assert_true(WIFSIGNALED(status));
        (void)usleep(100000);
        if (round % 2 == 0) {
            (void)kill(writer, SIGKILL);
            assert_int_equal(waitpid(writer, &status, 0), writer);
            assert_true(WIFSIGNALED(status));
        }
        for (int i = 0; i < READING; i++) {
            assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
        }
        if (round % 2 != 0) {
            (void)kill(writer, SIGKILL);
            assert_int_equal(waitpid(writer, &status, 0), writer);
            assert_true(WIFSIGNALED(status));
        }
    }
    code = vault_open(&db, vault_path, vault_right, 0, 60000, &e);
    assert_int_equal(code, 0);
    vault_must_be(db, "SELECT min(n) = max(n) AND min(n) > 0 FROM t", "1");
    vault_must_be(db, "PRAGMA integrity_check", "ok");
    vault_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_process_writes),
        TEST(a_transaction_is_one_commit),
        TEST(logs_that_begin_anew),
        TEST(carried_logs_stay_for_readers),
        TEST(readers_of_a_left_log),
        TEST(readers_without_a_log),
        TEST(exchanged_logs_are_found),
        TEST(readers_wait_for_a_checkpoint),
        TEST(half_restarted_logs_are_closed),
        TEST(replaced_store_is_noticed),
        TEST(crowds_let_checkpoints_in),
        TEST(many_processes),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
