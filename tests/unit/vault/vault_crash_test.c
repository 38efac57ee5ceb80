/* Tests: common/vault/vault.c common/vault/vault_vfs.c common/vault/vault_wal.c
 * The vault and power cuts, all of them: given histories are cut at every write, sync, truncation and removal, one
 * after the other; and for each cut, many of the disks that it may leave are looked at. tests/fault/vault_torture does
 * the same at random and for longer.
 *
 * A history is a list of statements; one that begins with '=' commits, and makes the next state. What each state holds
 * is learnt in a run without a cut. After a cut the store must show a state that was begun, none older than the last
 * that synchronous=FULL (or a checkpoint, or a closing) promised to keep, and all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

#include "vault_sim_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 7 }; /* the sanitizers take several times as long */
#else
enum { STRIDE = 1 };
#endif

enum { STATES_MAX = 40, RANDOM_DISKS = 6, HASH_BYTES = 32 };

/* ---- the histories ---- */

// NOLINTBEGIN(bugprone-suspicious-missing-comma): FILL is two literals
#define OPEN "open"
#define CLOSE "close"
#define BEGINNING                                                                                                      \
    OPEN,                                                                                                              \
        "=BEGIN; CREATE TABLE t(k INTEGER PRIMARY KEY, v);"                                                            \
        "INSERT INTO t VALUES (1, 'one'), (2, printf('%.5000c', 'b')); COMMIT",                                        \
        "=CREATE INDEX i ON t(v)"
#define FILL(letter)                                                                                                   \
    "WITH RECURSIVE r(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM r WHERE i < 30)"                                    \
    "INSERT OR REPLACE INTO t SELECT i, printf('%.600c', '" letter "') FROM r"

/* Commits in the log, in FULL, without and with a transaction around them, and one that never commits. */
static const char *const commits[] = {
    BEGINNING,
    "=INSERT INTO t VALUES (3, 'three')",
    "BEGIN",
    "UPDATE t SET v = printf('%.4000c', 'c') WHERE k < 3",
    "INSERT INTO t VALUES (4, 'four')",
    "=COMMIT",
    "BEGIN",
    "DELETE FROM t",
    "ROLLBACK",
    "=DELETE FROM t WHERE k = 2",
    "BEGIN IMMEDIATE",
    "UPDATE t SET v = 'never'",
    NULL,
};

/* A transaction that is partly undone, larger than its cache; and small ones that build on its checksums. */
static const char *const savepoints[] = {
    BEGINNING,
    "PRAGMA cache_size=5",
    "BEGIN",
    FILL("x"),
    "SAVEPOINT s",
    "UPDATE t SET v = v || 'y' WHERE k > 12",
    FILL("z"),
    "ROLLBACK TO s",
    "UPDATE t SET v = 'w' WHERE k % 3 = 0",
    "=COMMIT",
    "=UPDATE t SET v = 'after' WHERE k = 11",
    NULL,
};

/* Checkpoints of all kinds between commits: the log is written over, begun again, and cut off. */
static const char *const checkpoints[] = {
    BEGINNING,
    "=" FILL("p"),
    "PRAGMA wal_checkpoint(PASSIVE)",
    "=UPDATE t SET v = 'q' WHERE k = 10",
    "=UPDATE t SET v = printf('%.2000c', 'q') WHERE k = 11",
    "PRAGMA wal_checkpoint(RESTART)",
    "=UPDATE t SET v = 'r' WHERE k = 12",
    "=DELETE FROM t WHERE k > 25",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "=UPDATE t SET v = 's' WHERE k = 13",
    "BEGIN",
    FILL("t"),
    NULL,
};

/* NORMAL promises less: what is lost must be whole commits, the newest first. */
static const char *const normal[] = {
    BEGINNING,
    "PRAGMA synchronous=NORMAL",
    "=" FILL("n"),
    "=UPDATE t SET v = 'o' WHERE k = 14",
    "=UPDATE t SET v = 'p' WHERE k = 15",
    "PRAGMA wal_checkpoint(PASSIVE)",
    "=UPDATE t SET v = 'q' WHERE k = 16",
    "=UPDATE t SET v = 'r' WHERE k = 17",
    "PRAGMA synchronous=FULL",
    "=UPDATE t SET v = 's' WHERE k = 18",
    "PRAGMA synchronous=NORMAL",
    "=UPDATE t SET v = 't' WHERE k = 19",
    CLOSE,
    NULL,
};

/* Closing carries the log over and removes it; opening finds it, or what is left of it. */
static const char *const closings[] = {
    BEGINNING,
    CLOSE,
    OPEN,
    "=INSERT INTO t VALUES (5, 'five')",
    CLOSE,
    OPEN,
    "SELECT count(*) FROM t",
    CLOSE,
    OPEN,
    "=UPDATE t SET v = 'six' WHERE k = 1",
    "=" FILL("f"),
    CLOSE,
    NULL,
};

/* A store that shrinks, with automatic checkpoints on the way. */
static const char *const vacuum[] = {
    BEGINNING, "PRAGMA wal_autocheckpoint=8",        "=" FILL("u"),   "=DELETE FROM t WHERE k BETWEEN 12 AND 28",
    "=VACUUM", "=UPDATE t SET v = 'v' WHERE k = 29", "=DROP INDEX i", CLOSE,
    NULL,
};

// NOLINTEND(bugprone-suspicious-missing-comma)

/* ---- the store ---- */

static sqlite3 *open_store(const uint8_t *key, int *code)
{
    struct error e = {0};
    sqlite3 *db = sim_store_open(key, code, &e);
    if (*code != 0 && *code != E_WRONG_KEY && !sim_dark)
        print_error("%s\n", e.text);
    return db;
}

/* ---- states ---- */

/* State n is the one after n commits. */
static struct {
    uint8_t hash[STATES_MAX][HASH_BYTES];
    int count; /* states that are known, from the run without a cut */
    int begun; /* the newest that a cut may show */
    int floor; /* the oldest */
    int full;  /* does a commit wait for the disk? */
} states;

/* All that the store says; 0 if it could not be read. */
static int hash_store(sqlite3 *db, uint8_t out[HASH_BYTES])
{
    static const char *const all[] = {"SELECT type, name, sql FROM sqlite_schema ORDER BY name",
                                      "SELECT k, v FROM t ORDER BY k", "SELECT v FROM t ORDER BY v"};
    crypto_generichash_state hash;
    int rc = SQLITE_DONE;
    crypto_generichash_init(&hash, NULL, 0, HASH_BYTES);
    for (size_t i = 0; i < sizeof all / sizeof *all && rc == SQLITE_DONE; i++) {
        sqlite3_stmt *stmt = NULL;
        rc = sqlite3_prepare_v2(db, all[i], -1, &stmt, NULL);
        if (rc == SQLITE_ERROR && i > 0)
            rc = SQLITE_DONE; /* before there was a table */
        else if (rc == SQLITE_OK)
            while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
                for (int k = 0; k < sqlite3_column_count(stmt); k++) {
                    const void *bytes = sqlite3_column_blob(stmt, k);
                    int count = sqlite3_column_bytes(stmt, k);
                    crypto_generichash_update(&hash, (const uint8_t *)&count, sizeof count);
                    crypto_generichash_update(&hash, bytes, (unsigned long long)count);
                }
        (void)sqlite3_finalize(stmt);
    }
    crypto_generichash_final(&hash, out, HASH_BYTES);
    return rc == SQLITE_DONE;
}

static int sound(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int is_sound = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
                   sqlite3_step(stmt) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    (void)sqlite3_finalize(stmt);
    return is_sound;
}

/* ---- a history, up to the cut ---- */

/* What a step promises once it has succeeded. */
static void promise(const char *step, int is_commit)
{
    if (strcmp(step, "PRAGMA synchronous=NORMAL") == 0)
        states.full = 0;
    else if (strcmp(step, "PRAGMA synchronous=FULL") == 0 || strcmp(step, OPEN) == 0)
        states.full = 1;
    if ((is_commit && states.full) || strcmp(step, CLOSE) == 0 || strstr(step, "wal_checkpoint") != NULL)
        states.floor = states.begun;
}

/* Runs a history; it ends where the power goes. learn: keep what each state holds. Nothing may fail while it is on. */
static void run_history(const char *const *history, int learn)
{
    sqlite3 *db = NULL;
    states.begun = states.floor = 0;
    for (size_t i = 0; history[i] != NULL && !sim_dark; i++) {
        int is_commit = history[i][0] == '=', rc = SQLITE_OK;
        const char *step_sql = history[i] + is_commit;
        if (is_commit)
            states.begun++;
        if (strcmp(step_sql, OPEN) == 0) {
            db = open_store(sim_right, &rc);
        } else if (strcmp(step_sql, CLOSE) == 0) {
            vault_close(db);
            db = NULL;
        } else {
            rc = sqlite3_exec(db, step_sql, NULL, NULL, NULL);
            if (rc != SQLITE_OK && !sim_dark)
                print_error("%s: %s\n", step_sql, sqlite3_errmsg(db));
        }
        if (sim_dark)
            break;
        assert_int_equal(rc, SQLITE_OK);
        promise(step_sql, is_commit);
        if (learn && (is_commit || i == 0)) {
            assert_true(states.begun < STATES_MAX);
            assert_true(hash_store(db, states.hash[states.begun]));
        }
    }
    if (learn)
        states.count = states.begun + 1;
    sim_dark = 1; /* the process dies with its handle open */
    vault_close(db);
}

/* ---- what a cut may leave ---- */

static struct entry kept_disk[2];

static struct inode *copy_inode(const struct inode *from)
{
    struct inode *to;
    if (from == NULL)
        return NULL;
    to = sim_must_have(calloc(1, sizeof *to));
    sim_bytes_copy(&to->synced, &from->synced);
    sim_bytes_copy(&to->now, &from->synced);
    for (size_t i = 0; i < from->op_count; i++)
        sim_record(to, from->ops[i].offset, from->ops[i].bytes, from->ops[i].count);
    to->entry_synced = from->entry_synced;
    return to;
}

static void free_disk(struct entry disk[2])
{
    for (size_t i = 0; i < 2; i++) {
        for (int k = 0; k < disk[i].count; k++)
            sim_inode_free(disk[i].past[k]);
        disk[i].count = 0;
    }
}

static void copy_disk(struct entry to[2], const struct entry from[2])
{
    free_disk(to);
    for (size_t i = 0; i < 2; i++) {
        to[i].name = from[i].name;
        to[i].count = from[i].count;
        for (int k = 0; k < from[i].count; k++)
            to[i].past[k] = copy_inode(from[i].past[k]);
    }
}

/* Which of the unsynced writes and truncations, numbered through both files, reached the disk. */
enum kind { NONE, ALL, ONE, ALL_BUT_ONE, TORN_HEAD, TORN_TAIL, AT_RANDOM };

struct fate {
    enum kind kind;
    size_t which;
    int names_kept; /* did files appear and vanish? */
};

static size_t ops_of(const struct inode *inode)
{
    return inode == NULL ? 0 : inode->op_count;
}

/* How many sectors of op `at` arrive: from *first on, before *end. */
static void sectors(const struct fate *fate, size_t at, size_t all, size_t *first, size_t *end)
{
    int kept = fate->kind == ONE ? at == fate->which : fate->kind != NONE;
    *first = 0;
    *end = kept ? all : 0;
    if (at != fate->which)
        return;
    if (fate->kind == ALL_BUT_ONE)
        *end = 0;
    if (fate->kind == TORN_HEAD)
        *end = 1;
    if (fate->kind == TORN_TAIL)
        *first = all - 1;
}

static void decide_inode(struct inode *inode, const struct fate *fate, size_t base)
{
    struct bytes replay = {0}, disk = {0};
    sim_bytes_copy(&replay, &inode->synced);
    sim_bytes_copy(&disk, &inode->synced);
    for (size_t i = 0; i < inode->op_count; i++) {
        const struct op *op = &inode->ops[i];
        size_t begin = op->offset / SECTOR, first, end;
        size_t all = op->bytes == NULL ? 1 : (op->offset + op->count + SECTOR - 1) / SECTOR - begin;
        sim_apply(&replay, op);
        sectors(fate, base + i, all, &first, &end);
        if (op->bytes == NULL && first < end)
            sim_apply(&disk, op);
        for (size_t k = first; op->bytes != NULL && k < end; k++) {
            size_t at = (begin + k) * SECTOR, count = replay.count - at < SECTOR ? replay.count - at : SECTOR;
            sim_bytes_write(&disk, at, replay.at + at, count);
        }
    }
    sim_forget_ops(inode);
    sim_bytes_copy(&inode->synced, &disk);
    sim_bytes_copy(&inode->now, &disk);
    inode->entry_synced = 1;
    free(replay.at);
    free(disk.at);
}

/* The disk is decided: nothing on it waits any more, and the power is back. */
static void decide(const struct fate *fate)
{
    size_t base = 0;
    if (fate->kind == AT_RANDOM) {
        sim_cut_power();
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        size_t before = ops_of(sim_current(&sim_folder[i]));
        sim_settle(&sim_folder[i], fate->names_kept ? sim_folder[i].count - 1 : 0);
        if (sim_current(&sim_folder[i]) != NULL)
            decide_inode(sim_current(&sim_folder[i]), fate, base);
        base += before;
    }
    sim_dark = 0;
    sim_until_cut = -1;
}

/* ---- looking ---- */

static unsigned long disks, again; /* that were looked at; of those, after a second cut */

/* The wrong key neither opens the store nor changes it. */
static void try_wrong_key(void)
{
    struct entry before[2] = {{0}, {0}};
    int code;
    copy_disk(before, sim_folder);
    assert_null(open_store(sim_wrong, &code));
    assert_int_equal(code, E_WRONG_KEY);
    for (size_t i = 0; i < 2; i++) {
        const struct inode *a = sim_current(&before[i]), *b = sim_current(&sim_folder[i]);
        assert_int_equal(a == NULL, b == NULL);
        if (a == NULL || b == NULL)
            continue;
        assert_int_equal(b->op_count, 0);
        assert_int_equal(a->now.count, b->now.count);
        if (a->now.count > 0)
            assert_memory_equal(a->now.at, b->now.at, a->now.count);
    }
    free_disk(before);
}

/* The state of an open store: one that may be there, and sound. */
static int state_of(sqlite3 *db)
{
    uint8_t hash[HASH_BYTES];
    assert_true(sound(db));
    assert_true(hash_store(db, hash));
    for (int n = states.begun; n >= states.floor; n--)
        if (memcmp(hash, states.hash[n], sizeof hash) == 0)
            return n;
    fail_msg("the store shows no state from %d to %d", states.floor, states.begun);
    return -1;
}

/* Opens what a cut left, looks, writes a little more, and closes; returns the state. */
static int look(void)
{
    int code, n;
    sqlite3 *db = open_store(sim_right, &code);
    assert_int_equal(code, 0);
    n = state_of(db);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
    vault_close(db);
    if (disks++ % 8 == 0) {
        db = open_store(sim_right, &code);
        assert_int_equal(code, 0);
        assert_int_equal(state_of(db), n);
        vault_close(db);
    }
    return n;
}

/* A second cut anywhere in the recovery, or the closing after it, changes nothing of what is seen. */
static void cut_again(const struct entry decided[2])
{
    static struct entry second[2];
    static const struct fate fates[] = {{.kind = NONE}, {.kind = ALL, .names_kept = 1}, {.kind = AT_RANDOM}};
    int finished = 0, n;
    copy_disk(sim_folder, decided);
    n = look();
    for (long cut = 0; !finished; cut++) {
        sqlite3 *db;
        int code;
        copy_disk(sim_folder, decided);
        sim_until_cut = cut;
        db = open_store(sim_right, &code);
        if (!sim_dark)
            assert_int_equal(state_of(db), n);
        vault_close(db);
        finished = !sim_dark;
        copy_disk(second, sim_folder);
        for (size_t i = 0; i < sizeof fates / sizeof *fates; i++) {
            copy_disk(sim_folder, second);
            decide(&fates[i]);
            assert_int_equal(look(), n);
            again++;
        }
    }
    free_disk(second);
}

static void look_at(const struct fate *fate, int twice)
{
    static struct entry decided[2];
    copy_disk(sim_folder, kept_disk);
    sim_dark = 1;
    decide(fate);
    try_wrong_key();
    if (twice)
        copy_disk(decided, sim_folder);
    (void)look();
    if (twice)
        cut_again(decided);
    free_disk(decided);
}

/* All the disks that one cut is tried with. */
static void look_at_disks(long cut)
{
    static const enum kind by_op[] = {ONE, ALL_BUT_ONE, TORN_HEAD, TORN_TAIL};
    size_t ops;
    copy_disk(kept_disk, sim_folder);
    ops = ops_of(sim_current(&kept_disk[0])) + ops_of(sim_current(&kept_disk[1]));
    for (int names = 0; names < 2; names++) {
        struct fate fate = {.names_kept = names, .kind = NONE};
        look_at(&fate, cut % 3 == 0);
        fate.kind = ALL;
        look_at(&fate, cut % 3 == 1);
        for (size_t k = 0; k < sizeof by_op / sizeof *by_op; k++)
            for (fate.kind = by_op[k], fate.which = 0; fate.which < ops; fate.which++)
                look_at(&fate, 0);
        if (kept_disk[0].count == 1 && kept_disk[1].count == 1)
            break; /* no name waits for its folder */
    }
    for (int i = 0; i < RANDOM_DISKS; i++) {
        struct fate fate = {.kind = AT_RANDOM};
        look_at(&fate, cut % 3 == 2 && i == 0);
    }
}

/* Cuts the history at every step. */
static void cut_everywhere(const char *const *history)
{
    long cut = 0, steps;
    disks = again = 0;
    sim_random_state = 20261126;
    sim_store_lay_down();
    sim_until_cut = LONG_MAX;
    run_history(history, 1);
    steps = LONG_MAX - sim_until_cut;
    for (cut = 0; cut <= steps; cut += STRIDE) {
        sim_store_lay_down();
        sim_until_cut = cut;
        run_history(history, 0);
        look_at_disks(cut);
    }
    free_disk(kept_disk);
    print_message("%ld cuts, %d states, %lu disks, %lu of them after a second cut\n", (steps + STRIDE) / STRIDE,
                  states.count, disks, again);
    assert_true(steps > 10 && disks > (unsigned long)steps / STRIDE * 4);
}

/* Goal: committed transactions survive every cut, others leave no trace. */
static void commits_survive(void **state)
{
    (void)state;
    cut_everywhere(commits);
}

/* Goal (trap 11): so do commits around a savepoint that was rolled back in a transaction larger than its cache. */
static void savepoints_survive(void **state)
{
    (void)state;
    cut_everywhere(savepoints);
}

/* Goal (traps 2 to 4): checkpoints may be cut anywhere. */
static void checkpoints_survive(void **state)
{
    (void)state;
    cut_everywhere(checkpoints);
}

/* Goal: synchronous=NORMAL loses whole commits at most, and none once the log was carried over. */
static void normal_loses_whole_commits(void **state)
{
    (void)state;
    cut_everywhere(normal);
}

/* Goal: closing and opening may be cut anywhere. */
static void closings_survive(void **state)
{
    (void)state;
    cut_everywhere(closings);
}

/* Goal: VACUUM and automatic checkpoints may be cut anywhere. */
static void vacuum_survives(void **state)
{
    (void)state;
    cut_everywhere(vacuum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_survive),     cmocka_unit_test(savepoints_survive),
        cmocka_unit_test(checkpoints_survive), cmocka_unit_test(normal_loses_whole_commits),
        cmocka_unit_test(closings_survive),    cmocka_unit_test(vacuum_survives),
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
    free_disk(sim_folder);
    return failed;
}
