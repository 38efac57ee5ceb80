/* Opens the stores of office and laptops for the oracle, beside the programs. */
#include "oracle_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"
#include "oracle_ledger.h"
#include "process.h"
#include "vault.h"

/* What opened a machine's store last. */
static struct {
    int is_known;
    uint8_t key[VAULT_KEY_BYTES];
} keys[PROCESS_MACHINES];

static int set_back; /* and not opened since */
static uint64_t backup = UINT64_MAX;

void oracle_store_reset(void)
{
    memset(keys, 0, sizeof keys);
    set_back = 0;
    backup = UINT64_MAX;
}

void oracle_store_copied(unsigned from, unsigned to)
{
    keys[to] = keys[from];
}

void oracle_store_set_back(void)
{
    set_back = 1;
}

uint64_t oracle_store_backup(void)
{
    return backup;
}

/* --- the linker's --wrap: every store that a program opens --- */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_db_open(struct db **out, const char *path, const uint8_t key[32], int flags, int wait_ms, struct error *e);
int __wrap_db_open(struct db **out, const char *path, const uint8_t key[32], int flags, int wait_ms, struct error *e);

int __wrap_db_open(struct db **out, const char *path, const uint8_t key[32], int flags, int wait_ms, struct error *e)
{
    int code = __real_db_open(out, path, key, flags, wait_ms, e);
    unsigned m = process_machine();
    if (code != 0)
        return code;
    keys[m].is_known = 1;
    memcpy(keys[m].key, key, sizeof keys[m].key);
    if (m == MACHINE_OFFICE && set_back) {
        uint64_t size = oracle_store_meta(*out, "checkpoint_size");
        set_back = 0;
        backup = size < backup ? size : backup;
        oracle_ledger_set_back(size);
    }
    return 0;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* --- looking --- */

static const char *path_of(unsigned machine)
{
    static char path[400];
    (void)snprintf(path, sizeof path, "%s/satchel/store.db", machine_folder(machine));
    return path;
}

struct db *oracle_store_open(unsigned machine)
{
    struct error e = {0, ""};
    struct db *db;
    if (!keys[machine].is_known || machine_is_busy(machine))
        return NULL;
    process_act_on(machine);
    if (__real_db_open(&db, path_of(machine), keys[machine].key, VAULT_READ, 0, &e) == 0)
        return db;
    process_act_on(MACHINE_OFFICE);
    return NULL;
}

int oracle_store_is_there(unsigned machine)
{
    return access(path_of(machine), F_OK) == 0;
}

void oracle_store_close(struct db *db)
{
    db_close(db);
    process_act_on(MACHINE_OFFICE);
}

struct id *oracle_store_scopes(struct db *db, size_t *count)
{
    size_t room = oracle_store_count(db, "SELECT count(*) FROM scope WHERE complete = 1");
    struct id *scopes;
    sqlite3_stmt *s;
    *count = 0;
    if (room == UINT64_MAX || db_query(db, &s, NULL, "SELECT id FROM scope WHERE complete = 1 ORDER BY id", "") != 0)
        return NULL;
    if ((scopes = calloc(room + 1, sizeof *scopes)) == NULL)
        abort();
    while (db_next(db, s, NULL) == 1)
        scopes[(*count)++] = db_id(s, 0);
    return scopes;
}

uint64_t oracle_store_count(struct db *db, const char *sql)
{
    uint64_t n;
    sqlite3_stmt *s;
    if (db_query(db, &s, NULL, sql, "") != 0 || db_next(db, s, NULL) != 1)
        return UINT64_MAX;
    n = db_uint(s, 0);
    db_done(db, s);
    return n;
}

uint64_t oracle_store_meta(struct db *db, const char *name)
{
    uint64_t n = 0;
    return db_meta_get_uint(db, name, &n, NULL) == 0 ? n : 0;
}

int oracle_is_settled(unsigned machine)
{
    struct db *db = oracle_store_open(machine);
    uint64_t left;
    if (db == NULL) /* where no store is, or is any more, nothing waits */
        return !machine_is_busy(machine) && !oracle_store_is_there(machine);
    /* What an office lost with a set-back can keep a case that should go, and is told at each sync (docs/LOST.md). */
    left = oracle_store_count(
        db, "SELECT (SELECT count(*) FROM entry WHERE position IS NULL) + "
            "(SELECT count(*) FROM arriving) + (SELECT count(*) FROM scope s WHERE s.complete = 0 AND "
            "NOT EXISTS(SELECT 1 FROM entry e WHERE e.scope = s.id AND e.position >= 4611686018427387904))");
    oracle_store_close(db);
    return left == 0;
}
