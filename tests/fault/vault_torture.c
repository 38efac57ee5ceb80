/* Power cuts for the vault: vault_torture [ROUNDS [SEED]], 500 rounds by default.
 *
 * Beneath the shim lies a disk in memory (vault_disk_fixture.h). A cut comes at any write, sync, truncation or removal:
 * in a commit, a checkpoint, a VACUUM, a closing.
 *
 * A second handle of the same process reads, sometimes in a transaction that lasts while the first one works, and
 * sometimes writes. What it shows is held against what was committed.
 *
 * After each cut the store is opened again, and must be the state after some commit: none that was acknowledged with
 * synchronous=FULL may be missing, and whatever is there must be whole. Every error that comes while the power is on
 * counts as well: a harness that takes errors for cuts sees nothing. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault_sim_fixture.h"

#define KEYS 60       /* rows are numbered from 0 */
#define BODY_MAX 2600 /* some rows have an overflow page */

static struct {
    unsigned long bricked, corrupt, refused, lost;
    unsigned long commits;
} counts;

static void complain(unsigned long *count, const char *what, const char *why)
{
    (*count)++;
    (void)printf("%s: %s (cut %lu)\n", what, why, sim_cuts);
}

/* ---- the store, and what it should hold ---- */

/* version[k]: the version of row k, 0 where there is none. State n is the one after commit n; its digest is kept, so
 * that whatever state a cut leaves can be recognised. */
static struct {
    uint32_t version[KEYS], next;
    uint64_t *digests;
    size_t room;
    uint64_t n, top; /* shown to the workload; the highest that may be on the disk */
    uint64_t floor;  /* the lowest that may be */
} model;

static uint64_t digest(const uint32_t version[KEYS])
{
    uint64_t out;
    uint8_t hash[16];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)version, KEYS * sizeof *version, NULL, 0);
    memcpy(&out, hash, sizeof out);
    return out;
}

static void remember(uint64_t n)
{
    if (n >= model.room) {
        model.room = (size_t)n * 2 + 64;
        model.digests = sim_must_have(realloc(model.digests, model.room * sizeof *model.digests));
    }
    model.digests[n] = digest(model.version);
}

static size_t body(uint32_t row, uint32_t version, uint8_t out[BODY_MAX])
{
    uint8_t seed[randombytes_SEEDBYTES] = {0};
    size_t count = ((size_t)row * 131 + (size_t)version * 977) % BODY_MAX;
    memcpy(seed, &row, sizeof row);
    memcpy(seed + 4, &version, sizeof version);
    randombytes_buf_deterministic(out, count, seed);
    return count;
}

/* ---- the workload ---- */

/* 1 to go on. An error while the power is on is one too many. */
static int fine(sqlite3 *db, int rc, const char *what)
{
    char why[200];
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return 1;
    if (!sim_dark) {
        (void)snprintf(why, sizeof why, "%s: %s (%d)", what, sqlite3_errmsg(db), sqlite3_extended_errcode(db));
        complain(&counts.refused, "falsely refused", why);
    }
    return 0;
}

static int run(sqlite3 *db, const char *sql)
{
    return fine(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

static int put_row(sqlite3 *db, uint32_t row)
{
    uint8_t bytes[BODY_MAX];
    uint32_t version = sim_below(5) == 0 ? 0 : ++model.next;
    sqlite3_stmt *stmt = NULL;
    size_t count = body(row, version, bytes);
    int rc = sqlite3_prepare_v2(
        db, version == 0 ? "DELETE FROM t WHERE k = ?1" : "INSERT OR REPLACE INTO t VALUES (?1, ?2, ?3)", -1, &stmt,
        NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int(stmt, 1, (int)row);
        if (version != 0) {
            sqlite3_bind_int(stmt, 2, (int)version);
            sqlite3_bind_blob(stmt, 3, bytes, (int)count, SQLITE_STATIC);
        }
        rc = sqlite3_step(stmt);
    }
    (void)sqlite3_finalize(stmt);
    model.version[row] = version;
    return fine(db, rc, "put_row");
}

static int put_rows(sqlite3 *db, uint32_t most)
{
    int ok = 1;
    for (uint32_t i = sim_below(most) + 1; i > 0 && ok; i--)
        ok = put_row(db, sim_below(KEYS));
    return ok;
}

/* A transaction that is committed, or rolled back as a whole or in part. */
static int transact(sqlite3 *db, int full)
{
    uint32_t before[KEYS], inner[KEYS];
    char sql[100];
    int ok, back = sim_below(6) == 0;
    memcpy(before, model.version, sizeof before);
    ok = run(db, "BEGIN IMMEDIATE") && put_rows(db, sim_below(4) == 0 ? KEYS * 2 : 6);
    if (ok && sim_below(3) == 0) {
        memcpy(inner, model.version, sizeof inner);
        ok = run(db, "SAVEPOINT s") && put_rows(db, KEYS) && run(db, "ROLLBACK TO s");
        memcpy(model.version, inner, sizeof inner);
        ok = ok && put_rows(db, 10);
    }
    if (!back) {
        (void)snprintf(sql, sizeof sql, "UPDATE meta SET n = %" PRIu64 "; PRAGMA user_version = %" PRIu64, model.n + 1,
                       model.n + 1);
        ok = ok && run(db, sql);
        remember(model.n + 1);
        model.top = model.n + 1;
    }
    ok = ok && run(db, back ? "ROLLBACK" : "COMMIT");
    if (back || !ok)
        memcpy(model.version, before, sizeof before);
    if (ok && !back) {
        model.n++;
        counts.commits++;
        if (full)
            model.floor = model.n;
    }
    return ok;
}

/* Reads the store into found and *n; 0, or -1 after a complaint (or in the dark). */
static int read_rows(sqlite3 *db, uint32_t found[KEYS], uint64_t *n)
{
    uint8_t bytes[BODY_MAX];
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT k, ver, body, (SELECT n FROM meta) FROM t UNION ALL SELECT -1, 0, x'', n "
                                "FROM meta",
                                -1, &stmt, NULL);
    int whole = 1;
    memset(found, 0, KEYS * sizeof *found);
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int row = sqlite3_column_int(stmt, 0);
        uint32_t version = (uint32_t)sqlite3_column_int(stmt, 1);
        size_t count = 0;
        *n = (uint64_t)sqlite3_column_int64(stmt, 3);
        rc = SQLITE_OK;
        if (row < 0)
            continue;
        if (row < KEYS)
            count = body((uint32_t)row, version, bytes);
        if (row >= KEYS || (size_t)sqlite3_column_bytes(stmt, 2) != count ||
            (count > 0 && memcmp(sqlite3_column_blob(stmt, 2), bytes, count) != 0)) {
            whole = 0;
            break;
        }
        found[row] = version;
    }
    (void)sqlite3_finalize(stmt);
    if (!whole) {
        complain(&counts.corrupt, "corrupt", "a row does not hold what was written");
        return -1;
    }
    return fine(db, rc, "read_rows") ? 0 : -1;
}

/* The second handle. While it is in a transaction it must show the commit `held`, otherwise the last. */
static struct {
    sqlite3 *db; /* NULL: closed */
    int inside;
    uint64_t held;
} second;

static int second_looks(void)
{
    uint32_t found[KEYS];
    uint64_t n = UINT64_MAX;
    if (read_rows(second.db, found, &n) != 0)
        return 0;
    if (n != (second.inside ? second.held : model.n) || digest(found) != model.digests[n])
        complain(&counts.corrupt, "corrupt", "the second handle shows no commit, or another");
    return 1;
}

static int second_leaves(void)
{
    int ok = !second.inside || run(second.db, "COMMIT");
    second.inside = 0;
    return ok;
}

static int second_turn(int full)
{
    struct error e = {0};
    if (second.db == NULL) {
        int code = vault_open_through(
            &second.db, &(struct vault_opening){SIM_SHIM, STORE, sim_right, sim_below(2) == 0 ? VAULT_READ : 0, 0}, &e);
        if (code != 0 && !sim_dark)
            complain(&counts.refused, "refused", e.text);
        return code == 0 && run(second.db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    }
    switch (sim_below(6)) {
    case 0:
        if (!second.inside && !run(second.db, "BEGIN"))
            return 0;
        second.held = second.inside ? second.held : model.n;
        second.inside = 1; /* the commit is chosen by the first read, which is now */
        return second_looks();
    case 1:
        return second_leaves();
    case 2:
        return second_leaves() && (sqlite3_db_readonly(second.db, "main") || transact(second.db, full));
    case 3:
        return second_leaves() &&
               (sqlite3_db_readonly(second.db, "main") || run(second.db, "PRAGMA wal_checkpoint(PASSIVE)"));
    case 4:
        second.inside = 0;
        vault_close(second.db);
        second.db = NULL;
        return 1;
    default:
        return second_looks();
    }
}

static void work(sqlite3 *db)
{
    static const char *const settings[] = {"PRAGMA cache_size=5", "PRAGMA cache_size=30", "PRAGMA cache_size=2000"};
    static const char *const carry[] = {"PRAGMA wal_autocheckpoint=0", "PRAGMA wal_autocheckpoint=10",
                                        "PRAGMA wal_autocheckpoint=100"};
    int full = sim_below(4) != 0;
    int ok = run(db, settings[sim_below(3)]) && run(db, carry[sim_below(3)]) &&
             run(db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    for (uint32_t turns = sim_below(20); turns > 0 && ok; turns--) {
        switch (sim_below(18)) {
        case 0:
            ok = run(db, "PRAGMA wal_checkpoint(PASSIVE)");
            break;
        case 1:
            ok = run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
            break;
        case 2:
            ok = run(db, "PRAGMA wal_checkpoint(RESTART)");
            break;
        case 3:
            ok = run(db, sim_below(3) == 0 ? "VACUUM" : "DROP TABLE IF EXISTS more; CREATE TABLE more(x)");
            break;
        case 4:
        case 5:
        case 6:
        case 7:
            ok = second_turn(full);
            break;
        default:
            ok = transact(db, full);
            break;
        }
    }
}

/* ---- looking at what a cut has left ---- */

static int sound(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), is_sound = 0;
    if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        is_sound = strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    (void)sqlite3_finalize(stmt);
    if (!fine(db, rc, "integrity_check"))
        return 0;
    if (!is_sound)
        complain(&counts.corrupt, "corrupt", "integrity_check");
    return is_sound;
}

/* The state on the disk becomes the model's; -1 where it is none that may be there, or the power went again. */
static int inspect(sqlite3 *db)
{
    uint32_t found[KEYS];
    uint64_t n = UINT64_MAX;
    if (!sound(db) || read_rows(db, found, &n) != 0)
        return -1;
    if (n > model.top || digest(found) != model.digests[n]) {
        complain(&counts.corrupt, "corrupt", "the rows are those of no commit");
        return -1;
    }
    if (n < model.floor)
        complain(&counts.lost, "lost", "a commit that was acknowledged is gone");
    memcpy(model.version, found, sizeof found);
    model.n = n;
    model.floor = n;
    /* Later states may still come: a cut can strike before this one is on the disk for good, but none is newer. */
    model.top = n;
    return 0;
}

/* The wrong key must neither open the store nor change it. */
static void try_wrong_key(void)
{
    struct bytes before[2] = {{0}, {0}};
    sqlite3 *db = NULL;
    struct error e = {0};
    for (size_t i = 0; i < 2; i++)
        if (sim_current(&sim_folder[i]) != NULL)
            sim_bytes_copy(&before[i], &sim_current(&sim_folder[i])->now);
    if (vault_open_through(&db, &(struct vault_opening){SIM_SHIM, STORE, sim_wrong, 0, 0}, &e) != E_WRONG_KEY)
        complain(&counts.corrupt, "corrupt", "the wrong key was not refused as such");
    vault_close(db);
    for (size_t i = 0; i < 2; i++) {
        struct inode *inode = sim_current(&sim_folder[i]);
        size_t count = inode == NULL ? 0 : inode->now.count;
        if (count != before[i].count || (count > 0 && memcmp(inode->now.at, before[i].at, count) != 0))
            complain(&counts.corrupt, "corrupt", "the wrong key changed a file");
        free(before[i].at);
    }
}

/* In either order. 1 where the last one carried the log over, and so synced it, whatever the setting: one that only
 * reads does not. */
static int close_both(sqlite3 *db)
{
    int second_first = second.db == NULL || sim_below(2) == 0;
    int synced = second_first || !sqlite3_db_readonly(second.db, "main");
    if (!second_first)
        vault_close(db);
    vault_close(second.db);
    if (second_first)
        vault_close(db);
    memset(&second, 0, sizeof second);
    return synced;
}

/* One life of a process, from opening to a cut or a closing. Returns 0 when the store is beyond use. */
static int live(int first)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    int code, usable = 1, synced;
    if (!first && sim_below(8) == 0)
        try_wrong_key();
    sim_until_cut = first ? -1 : (long)sim_below(sim_below(3) == 0 ? 8 : 400);
    db = sim_store_open(sim_right, &code, &e);
    if (code != 0 && !sim_dark) {
        complain(&counts.bricked, "bricked", e.text);
        usable = 0;
    }
    if (code == 0 && first) {
        usable = run(db, "CREATE TABLE t(k INTEGER PRIMARY KEY, ver, body); CREATE INDEX i ON t(ver);"
                         "CREATE TABLE meta(n); INSERT INTO meta VALUES (0)");
        remember(0);
    }
    if (code == 0 && (first || inspect(db) == 0))
        work(db);
    else if (!sim_dark)
        usable = 0;
    if (sim_below(2) == 0)
        sim_dark = 1; /* the cut comes here, before the closing */
    synced = close_both(db);
    if (!sim_dark && usable && synced)
        model.floor = model.n;
    sim_cut_power();
    return usable;
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 500;
    unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct error e = {0};
    int usable;
    if (rounds == 0 || argc > 3) {
        (void)fputs("usage: vault_torture [ROUNDS [SEED]]\n", stderr);
        return 2;
    }
    if (vault_init(&e) != 0 || sim_store_install() != SQLITE_OK) {
        (void)fprintf(stderr, "vault_torture: %s\n", e.text);
        return 2;
    }
    sim_random_state = seed;
    sim_store_lay_down();
    usable = live(1);
    while (sim_cuts < rounds && usable)
        usable = live(0);
    for (size_t i = 0; i < sizeof sim_folder / sizeof *sim_folder; i++)
        sim_inode_free(sim_current(&sim_folder[i]));
    free(model.digests);
    (void)printf("seed %llu: %lu power cuts, %lu commits: %lu bricked, %lu corrupt, %lu falsely "
                 "refused, %lu lost commits of synchronous=FULL\n",
                 seed, sim_cuts, counts.commits, counts.bricked, counts.corrupt, counts.refused, counts.lost);
    return counts.bricked + counts.corrupt + counts.refused + counts.lost == 0 ? 0 : 1;
}
