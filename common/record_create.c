/* The tables of the record: made, and brought up to the schema of this version.
 *
 * A store that an older version made lacks columns, or whole kinds. What the log says of them is there all the same, in
 * `entry` and `op`: what is added is filled by making the records of its kind again. One that lacks `background` showed
 * contested texts and statuses without what they were written over: their records are made again, too. */
#include "record_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema_table.h"

#define TABLES                                                                                                         \
    "CREATE TABLE IF NOT EXISTS op("                                                                                   \
    "  record BLOB NOT NULL, field INTEGER NOT NULL, entry INTEGER NOT NULL, op INTEGER NOT NULL,"                     \
    "  action INTEGER NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL,"                                           \
    "  PRIMARY KEY(record, field, entry, op)) WITHOUT ROWID;"                                                          \
    "CREATE INDEX IF NOT EXISTS op_entry ON op(entry);"                                                                \
    "CREATE TABLE IF NOT EXISTS superseded("                                                                           \
    "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, op INTEGER NOT NULL,"                       \
    "  record BLOB NOT NULL, field INTEGER NOT NULL,"                                                                  \
    "  PRIMARY KEY(device, epoch, seq, op, record, field)) WITHOUT ROWID;"                                             \
    "CREATE TABLE IF NOT EXISTS applied(entry INTEGER PRIMARY KEY);"                                                   \
    "CREATE TABLE IF NOT EXISTS place("                                                                                \
    "  record BLOB PRIMARY KEY, kind INTEGER NOT NULL, scope BLOB NOT NULL, voided INTEGER NOT NULL DEFAULT 0)"        \
    "  WITHOUT ROWID;"                                                                                                 \
    "CREATE TABLE IF NOT EXISTS conflict("                                                                             \
    "  record BLOB NOT NULL, field INTEGER NOT NULL, kind INTEGER NOT NULL, scope BLOB NOT NULL,"                      \
    "  loud INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(record, field)) WITHOUT ROWID;"                      \
    "CREATE TABLE IF NOT EXISTS held("                                                                                 \
    "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL,"                      \
    "  PRIMARY KEY(device, epoch, seq, record)) WITHOUT ROWID;"                                                        \
    "CREATE INDEX IF NOT EXISTS held_record ON held(record);"                                                          \
    "CREATE TABLE IF NOT EXISTS background("                                                                           \
    "  record BLOB NOT NULL, field INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY(record, field, entry))"       \
    "  WITHOUT ROWID;"                                                                                                 \
    "CREATE INDEX IF NOT EXISTS background_entry ON background(entry);"

enum { KINDS_MAX = 64, FIELDS_MAX = 128 }; /* of the schema; more than there are */

/* The fields of a kind that have a column, and which of them its table has. */
struct columns {
    const struct schema_field *fields[FIELDS_MAX];
    int there[FIELDS_MAX];
    size_t count;
};

static void list_fields(struct columns *c, const struct schema_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].number == FIELD_VOID)
            continue; /* the column "voided" says it */
        assert(c->count < FIELDS_MAX);
        c->there[c->count] = 0;
        c->fields[c->count++] = &fields[i];
    }
}

/* *found: not 0 where the kind has a table at all. */
static int read_columns(struct db *db, const struct schema_kind *kind, struct columns *c, int *found, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    c->count = 0;
    *found = 0;
    list_fields(c, schema_table_shared, schema_table_shared_count);
    list_fields(c, kind->fields, kind->field_count);
    if ((code = db_query(db, &s, e, "SELECT name FROM pragma_table_info(?)", "t", kind->name)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        *found = 1;
        for (size_t i = 0; i < c->count; i++)
            c->there[i] |= strcmp(db_text(s, 0), c->fields[i]->name) == 0;
    }
    return row < 0 ? e->code : 0;
}

/* Adds what a kind's table lacks. *stale becomes 1 where there was anything, or no table. */
static int add_columns(struct db *db, const struct schema_kind *kind, int *stale, struct error *e)
{
    struct columns c;
    int found, code = read_columns(db, kind, &c, &found, e);
    *stale = !found;
    for (size_t i = 0; code == 0 && found && i < c.count; i++) {
        char sql[256];
        if (c.there[i])
            continue;
        (void)snprintf(sql, sizeof sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", kind->name, c.fields[i]->name,
                       schema_sql_type(c.fields[i]));
        code = db_exec(db, sql, e);
        *stale = 1;
    }
    return code;
}

/* Makes every record of a kind again. One after the other by its id, as each is taken out of `place` and put back. */
static int redo_kind(struct db *db, unsigned kind, struct error *e)
{
    struct id record = {{0}};
    sqlite3_stmt *s;
    int row, code;
    for (;;) {
        if ((code =
                 db_query(db, &s, e, "SELECT record FROM place WHERE kind = ? AND record > ? ORDER BY record LIMIT 1",
                          "ud", (uint64_t)kind, &record)) != 0)
            return code;
        if ((row = db_next(db, s, e)) <= 0)
            return row < 0 ? e->code : 0;
        record = db_id(s, 0);
        db_done(db, s);
        if ((code = record_redo(db, &record, e)) != 0)
            return code;
    }
}

static int has_background(struct db *db, int *found, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT 1 FROM sqlite_schema WHERE name = 'background'", "")) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return e->code;
    if (row == 1)
        db_done(db, s);
    *found = row == 1;
    return 0;
}

static int create(struct db *db, struct error *e)
{
    int stale[KINDS_MAX] = {0}, found = 0, code = has_background(db, &found, e);
    char *sql = NULL;
    assert(schema_table_count <= KINDS_MAX);
    /* 1. What is there already gets the columns that it lacks. */
    for (size_t i = 0; i < schema_table_count && code == 0; i++)
        code = add_columns(db, &schema_table[i], &stale[i], e);
    /* 2. What is not there is made. */
    if (code == 0 && (code = schema_sql(&sql, e)) == 0 && (code = db_exec(db, sql, e)) == 0)
        code = db_exec(db, TABLES, e);
    free(sql);
    /* 3. What the log says of both. */
    for (size_t i = 0; i < schema_table_count && code == 0; i++)
        if (stale[i])
            code = redo_kind(db, schema_table[i].number, e);
    if (code == 0 && !found)
        code = record_contest_redo(db, e);
    return code;
}

int record_create(struct db *db, struct error *e)
{
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    /* All or nothing: a column that is there is taken for filled. */
    if (db_in_transaction(db))
        return create(db, e);
    if ((code = db_begin(db, e)) != 0)
        return code;
    if ((code = create(db, e)) == 0)
        return db_commit(db, e);
    db_rollback(db);
    return code;
}
