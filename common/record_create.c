/* The tables of the record: made, and brought up to the schema of this version.
 *
 * A store that an older version made lacks columns, or whole kinds. What the log says of them is there all the same, in
 * `entry` and `op`: what is added is filled by making the records of its kind again. */
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
    "CREATE INDEX IF NOT EXISTS held_record ON held(record);"

enum { KINDS_MAX = 64 }; /* of the schema; more than there are */

/* *found: not 0 where the kind's table has the column; any column where that is NULL. */
static int has_column(struct db *db, const char *kind, const char *column, int *found, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT 1 FROM pragma_table_info(?1) WHERE ?2 IS NULL OR name = ?2 LIMIT 1", "tt",
                         kind, column)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return e->code;
    if (row == 1)
        db_done(db, s);
    *found = row == 1;
    return 0;
}

/* Adds the columns that a kind's table lacks. *added becomes 1 where there were any. */
static int add_columns(struct db *db, const char *kind, const struct schema_field *fields, size_t count, int *added,
                       struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        char sql[256];
        int found = 0, code;
        if (fields[i].number == FIELD_VOID)
            continue; /* the column "voided" says it */
        if ((code = has_column(db, kind, fields[i].name, &found, e)) != 0)
            return code;
        if (found)
            continue;
        (void)snprintf(sql, sizeof sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", kind, fields[i].name,
                       schema_sql_type(&fields[i]));
        if ((code = db_exec(db, sql, e)) != 0)
            return code;
        *added = 1;
    }
    return 0;
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

static int create(struct db *db, struct error *e)
{
    int stale[KINDS_MAX] = {0}, code = 0;
    char *sql = NULL;
    assert(schema_table_count <= KINDS_MAX);
    /* 1. What is there already gets the columns that it lacks. */
    for (size_t i = 0; i < schema_table_count && code == 0; i++) {
        const struct schema_kind *kind = &schema_table[i];
        int found = 0;
        if ((code = has_column(db, kind->name, NULL, &found, e)) == 0 && found &&
            (code = add_columns(db, kind->name, schema_table_shared, schema_table_shared_count, &stale[i], e)) == 0)
            code = add_columns(db, kind->name, kind->fields, kind->field_count, &stale[i], e);
        stale[i] |= !found;
    }
    /* 2. What is not there is made. */
    if (code == 0 && (code = schema_sql(&sql, e)) == 0 && (code = db_exec(db, sql, e)) == 0)
        code = db_exec(db, TABLES, e);
    free(sql);
    /* 3. What the log says of both. */
    for (size_t i = 0; i < schema_table_count && code == 0; i++)
        if (stale[i])
            code = redo_kind(db, schema_table[i].number, e);
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
