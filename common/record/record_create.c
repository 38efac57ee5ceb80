/* Makes the tables of the record, and brings them to the schema of this version.
 *
 * The table shape says what each kind's table was made by. If this version makes it otherwise (an older version lacked
 * a column, a choice, a whole kind; a newer one had more), the table is thrown away, made anew, and filled by making
 * the records of its kind again, for which entry and op have everything. So a store may go from version to version in
 * either direction, and no column lacks what was written while a version ran that did not know it. */
#include "record_private.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "schema_table.h"

/* The triggers forget the digest of a scope as soon as anything changes that it was made of. Receipts (14) and events
 * (15) are in no digest that is kept, and every sync writes one. */
static_assert(KIND_RECEIPT == 14 && KIND_EVENT == 15, "the triggers name them");

#define TABLES                                                                                                         \
    "CREATE TABLE IF NOT EXISTS op("                                                                                   \
    "  record BLOB NOT NULL, field INTEGER NOT NULL, entry INTEGER NOT NULL, op INTEGER NOT NULL,"                     \
    "  action INTEGER NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL,"                                           \
    "  PRIMARY KEY(record, field, entry, op)) WITHOUT ROWID;"                                                          \
    "CREATE TABLE IF NOT EXISTS superseded("                                                                           \
    "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, op INTEGER NOT NULL,"                       \
    "  record BLOB NOT NULL, field INTEGER NOT NULL,"                                                                  \
    "  PRIMARY KEY(device, epoch, seq, op, record, field)) WITHOUT ROWID;"                                             \
    "CREATE TABLE IF NOT EXISTS applied(entry INTEGER PRIMARY KEY, live BLOB);"                                        \
    "CREATE TABLE IF NOT EXISTS place("                                                                                \
    "  record BLOB PRIMARY KEY, kind INTEGER NOT NULL, scope BLOB NOT NULL, voided INTEGER NOT NULL DEFAULT 0)"        \
    "  WITHOUT ROWID;"                                                                                                 \
    "CREATE INDEX IF NOT EXISTS place_scope ON place(scope, kind);"                                                    \
    "CREATE TABLE IF NOT EXISTS conflict("                                                                             \
    "  record BLOB NOT NULL, field INTEGER NOT NULL, kind INTEGER NOT NULL, scope BLOB NOT NULL,"                      \
    "  loud INTEGER NOT NULL, PRIMARY KEY(record, field)) WITHOUT ROWID;"                                              \
    "CREATE TABLE IF NOT EXISTS closing("                                                                              \
    "  record BLOB NOT NULL, entry INTEGER NOT NULL, op INTEGER NOT NULL, field INTEGER NOT NULL,"                     \
    "  scope BLOB NOT NULL, witness INTEGER, PRIMARY KEY(record, field, entry, op)) WITHOUT ROWID;"                    \
    "CREATE INDEX IF NOT EXISTS closing_scope ON closing(scope);"                                                      \
    "CREATE TABLE IF NOT EXISTS held("                                                                                 \
    "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL,"                      \
    "  PRIMARY KEY(device, epoch, seq, record)) WITHOUT ROWID;"                                                        \
    "CREATE INDEX IF NOT EXISTS held_record ON held(record);"                                                          \
    "CREATE TABLE IF NOT EXISTS background("                                                                           \
    "  record BLOB NOT NULL, field INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY(record, field, entry))"       \
    "  WITHOUT ROWID;"                                                                                                 \
    "CREATE INDEX IF NOT EXISTS background_entry ON background(entry);"                                                \
    "CREATE TABLE IF NOT EXISTS newer("                                                                                \
    "  record BLOB NOT NULL, field INTEGER NOT NULL, kind INTEGER NOT NULL, scope BLOB NOT NULL,"                      \
    "  PRIMARY KEY(record, field)) WITHOUT ROWID;"                                                                     \
    "CREATE TABLE IF NOT EXISTS scope_digest(scope BLOB PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID;"             \
    "DELETE FROM scope_digest;"                                                                                        \
    "CREATE TRIGGER IF NOT EXISTS digest_taken_in AFTER INSERT ON applied BEGIN"                                       \
    " DELETE FROM scope_digest WHERE scope ="                                                                          \
    " (SELECT scope FROM entry WHERE id = new.entry AND kind NOT IN (14, 15)); END;"                                   \
    "CREATE TRIGGER IF NOT EXISTS digest_taken_out AFTER DELETE ON op BEGIN"                                           \
    " DELETE FROM scope_digest WHERE scope = (SELECT scope FROM place WHERE record = old.record); END;"                \
    "CREATE TRIGGER IF NOT EXISTS digest_altered AFTER UPDATE ON op BEGIN"                                             \
    " DELETE FROM scope_digest WHERE scope = (SELECT scope FROM place WHERE record = old.record); END;"                \
    "CREATE TRIGGER IF NOT EXISTS digest_entry AFTER UPDATE OF position, received, epoch, body ON entry BEGIN"         \
    " DELETE FROM scope_digest WHERE scope = new.scope; END;"                                                          \
    "CREATE TRIGGER IF NOT EXISTS digest_entry_gone AFTER DELETE ON entry BEGIN"                                       \
    " DELETE FROM scope_digest WHERE scope = old.scope; END;"                                                          \
    "CREATE TRIGGER IF NOT EXISTS digest_place AFTER UPDATE OF record, kind, scope ON place BEGIN"                     \
    " DELETE FROM scope_digest WHERE scope IN (old.scope, new.scope); END;"                                            \
    "CREATE TRIGGER IF NOT EXISTS digest_place_gone AFTER DELETE ON place BEGIN"                                       \
    " DELETE FROM scope_digest WHERE scope = old.scope; END;"                                                          \
    "CREATE TRIGGER IF NOT EXISTS digest_erased AFTER INSERT ON erased BEGIN"                                          \
    " DELETE FROM scope_digest WHERE scope = new.scope; END;"                                                          \
    "CREATE TRIGGER IF NOT EXISTS digest_erased_gone AFTER DELETE ON erased BEGIN"                                     \
    " DELETE FROM scope_digest WHERE scope = old.scope; END;"                                                          \
    "CREATE TABLE IF NOT EXISTS shape(kind INTEGER PRIMARY KEY, name TEXT NOT NULL, print BLOB "                       \
    "NOT NULL);"

enum {
    STALE_MAX = 128, /* more kinds, and longer names, than there are */
    NAME_MAX_BYTES = 64,
    ALL_TABLES = 0x7fffffff /* in shape: no kind, but TABLES as a whole; written when everything is there */
};

/* The kinds whose records must be made again. */
struct stale {
    unsigned kinds[STALE_MAX];
    size_t count;
};

static void note_stale(struct stale *stale, unsigned kind)
{
    assert(stale->count < STALE_MAX);
    stale->kinds[stale->count++] = kind;
}

static int drop_table(struct db *db, const char *name, struct error *e)
{
    char *sql = sqlite3_mprintf("DROP TABLE IF EXISTS \"%w\"", name);
    int code;
    if (sql == NULL)
        return error_memory(e);
    code = db_exec(db, sql, e);
    sqlite3_free(sql);
    return code;
}

/* 1: print is what this version makes a kind's table, or all tables, by; 0: it knows no such kind and has no table for
 * it. */
static int print_of(unsigned number, uint8_t print[32])
{
    const struct schema_kind *kind = schema_kind(number);
    if (kind != NULL)
        schema_print(kind, print);
    else if (number == ALL_TABLES)
        crypto_generichash(print, 32, (const uint8_t *)TABLES, sizeof TABLES, NULL, 0);
    return kind != NULL || number == ALL_TABLES;
}

static int is_ours(unsigned number, struct slice noted)
{
    uint8_t print[32];
    if (!print_of(number, print))
        return 0;
    return noted.size == sizeof print && memcmp(noted.p, print, sizeof print) == 0;
}

/* Drops the tables that another version made, one after the other: a table cannot be dropped while a statement reads.
 */
static int drop_others(struct db *db, struct stale *stale, struct error *e)
{
    char name[NAME_MAX_BYTES];
    uint64_t kind = 0;
    sqlite3_stmt *s;
    int row, ours, code;
    for (;;) {
        if ((row = db_first(db, &s, e, "SELECT kind, name, print FROM shape WHERE kind > ? ORDER BY kind LIMIT 1", "u",
                            kind)) <= 0)
            return row < 0 ? e->code : 0;
        kind = db_uint(s, 0);
        (void)snprintf(name, sizeof name, "%s", db_text(s, 1));
        ours = is_ours((unsigned)kind, db_slice(s, 2));
        db_done(db, s);
        if (ours)
            continue;
        if ((code = drop_table(db, name, e)) != 0 ||
            (code = db_run(db, e, "DELETE FROM shape WHERE kind = ?", "u", kind)) != 0)
            return code;
        if (schema_kind((unsigned)kind) == NULL)
            note_stale(stale, (unsigned)kind); /* its records are marked as newer than this version */
    }
}

static int note_shape(struct db *db, unsigned number, const char *name, struct error *e)
{
    uint8_t print[32];
    (void)print_of(number, print);
    return db_run(db, e, "INSERT OR REPLACE INTO shape(kind, name, print) VALUES(?,?,?)", "utb", (uint64_t)number, name,
                  (struct slice){print, sizeof print});
}

/* Begins a kind that shape does not name: its table, if there is one, was made by another version. */
static int begin_kind(struct db *db, const struct schema_kind *kind, struct stale *stale, struct error *e)
{
    int code, noted = db_exists(db, e, "SELECT 1 FROM shape WHERE kind = ?", "u", (uint64_t)kind->number);
    if (noted != 0)
        return noted < 0 ? e->code : 0;
    note_stale(stale, kind->number);
    if ((code = drop_table(db, kind->name, e)) != 0)
        return code;
    return note_shape(db, kind->number, kind->name, e);
}

/* Makes every record of a kind again, one after the other by its id, since each is taken out of place and put back. */
static int redo_kind(struct db *db, unsigned kind, struct error *e)
{
    struct id record = {{0}};
    sqlite3_stmt *s;
    int row, code;
    for (;;) {
        if ((row = db_first(db, &s, e, "SELECT record FROM place WHERE kind = ? AND record > ? ORDER BY record LIMIT 1",
                            "ud", (uint64_t)kind, &record)) <= 0)
            return row < 0 ? e->code : 0;
        record = db_id(s, 0);
        db_done(db, s);
        if ((code = record_redo(db, &record, e)) != 0)
            return code;
    }
}

/* *older: not 0 if the tables were made by a version that did not write into applied what lives of an entry. */
static int is_older(struct db *db, int *older, struct error *e)
{
    uint64_t lacks;
    int code = db_number_of(db, &lacks, e, "SELECT max(name = 'live') = 0 FROM pragma_table_info('applied')", "");
    *older = lacks != 0;
    return code;
}

/* 1: the statement gives the number 1; 0: it gives another; -1: failed, e says why. */
static int is_one(struct db *db, const char *sql, struct error *e)
{
    uint64_t number;
    return db_number_of(db, &number, e, sql, "") != 0 ? -1 : number == 1;
}

int record_is_current(struct db *db, struct error *e)
{
    size_t ours = 0;
    sqlite3_stmt *s;
    int row, noted = is_one(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'shape'", e);
    if (noted != 1)
        return noted;
    if (db_query(db, &s, e, "SELECT kind, print FROM shape", "") != 0)
        return -1;
    while ((row = db_next(db, s, e)) == 1) {
        if (!is_ours((unsigned)db_uint(s, 0), db_slice(s, 1))) {
            db_done(db, s);
            return 0;
        }
        ours++;
    }
    return row < 0 ? -1 : ours == schema_table_count + 1;
}

int record_make(struct db *db, struct error *e)
{
    struct stale stale = {{0}, 0};
    char *sql = NULL;
    int older, code;
    /* 0. If the tables have an older form, make all of them anew. record_rebuild drops them and calls this again. */
    if ((code = is_older(db, &older, e)) != 0 || older)
        return code != 0 ? code : record_rebuild(db, e);
    /* 1. Drop what another version made. */
    if ((code = db_exec(db, TABLES, e)) == 0)
        code = drop_others(db, &stale, e);
    for (size_t i = 0; i < schema_table_count && code == 0; i++)
        code = begin_kind(db, &schema_table[i], &stale, e);
    /* 2. Make what is missing. */
    if (code == 0 && (code = schema_sql(&sql, e)) == 0)
        code = db_exec(db, sql, e);
    free(sql);
    /* 3. Make the records of both again from the log. */
    for (size_t i = 0; i < stale.count && code == 0; i++)
        code = redo_kind(db, stale.kinds[i], e);
    return code != 0 ? code : note_shape(db, ALL_TABLES, "all tables", e);
}

int record_create(struct db *db, struct error *e)
{
    struct error own;
    int code, current;
    if (e == NULL)
        e = &own;
    if ((current = record_is_current(db, e)) != 0)
        return current < 0 ? error_code(e) : 0;
    /* Do all or nothing: a column that is there is taken for filled. */
    if (db_in_transaction(db))
        return record_make(db, e);
    if ((code = db_begin(db, e)) != 0)
        return code;
    if ((code = record_make(db, e)) == 0)
        return db_commit(db, e);
    db_rollback(db);
    return code;
}
