/* The dump, in the form that docs/MERGE.md gives. It is made from what the tables show, so that two stores with equal
 * dumps show the same, and from the live ops that a conflict is about. Rows are written as they are read. */
#include "record_private.h"

#include <sodium.h>
#include <string.h>

#define PIECE 65536    /* bytes that are collected before they are written */
#define FIELDS_MAX 128 /* of a kind */

struct dump {
    struct db *db;
    int (*write)(void *arg, const char *text, size_t bytes, struct error *e);
    void *arg;
    int has_scopes;
    struct record_text text;
};

static int flush_dump(struct dump *d, size_t more_than, struct error *e)
{
    int code = record_text_check(&d->text, e);
    if (code == 0 && d->text.used > more_than) {
        code = d->write(d->arg, d->text.p, d->text.used, e);
        d->text.used = 0;
    }
    return code;
}

/* --- which scopes --- */

/* Lists them in a table of the connection's own, which never gets into the store. */
static int list_scopes(struct db *db, const struct record_dump_options *options, struct error *e)
{
    char text[ID_TEXT];
    int code;
    if ((code = db_exec(db, "CREATE TEMP TABLE IF NOT EXISTS dump_scope(id BLOB, words TEXT PRIMARY KEY)", e)) != 0 ||
        (code = db_run(db, e, "DELETE FROM temp.dump_scope", "")) != 0)
        return code;
    for (size_t i = 0; i < options->scope_count && code == 0; i++) {
        id_format(&options->scopes[i], text);
        code = db_run(db, e, "INSERT OR IGNORE INTO temp.dump_scope(id, words) VALUES(?,?)", "dt", &options->scopes[i],
                      text);
    }
    return code;
}

/* --- records --- */

static void list_columns(struct record_text *sql, const struct schema_field *fields[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        record_text_words(sql, ",\"");
        record_text_words(sql, fields[i]->name);
        record_text_words(sql, "\"");
    }
}

/* Lists the fields that have a column, by number; at most max. */
static size_t list_fields(const struct schema_kind *kind, const struct schema_field **fields, size_t max)
{
    size_t count = 0;
    unsigned last = FIELD_VOID;
    while (count < max) {
        const struct schema_field *next = NULL;
        for (unsigned shared = FIELD_SOURCE_ID; shared <= FIELD_SOURCE_HASH; shared++)
            if (shared > last && next == NULL)
                next = schema_field(kind, shared);
        for (size_t i = 0; i < kind->field_count; i++)
            if (kind->fields[i].number > last && (next == NULL || kind->fields[i].number < next->number))
                next = &kind->fields[i];
        if (next == NULL)
            break;
        last = next->number;
        fields[count++] = next;
    }
    return count;
}

/* *found: not 0 if a live op is on the record. A record without one is left out, since a store that got the scope in
 * its compact form has never heard of it. */
static int has_ops(struct db *db, const char *id, int *found, struct error *e)
{
    struct id record;
    int code = id_parse(id, &record, e);
    if (code != 0)
        return code;
    *found = db_exists(db, e, "SELECT 1 FROM op WHERE record = ? LIMIT 1", "d", &record);
    return *found < 0 ? e->code : 0;
}

/* Writes: client 0190... 0190... voided=0 legal_name="Ada Example" veteran=1 */
static void write_record(struct dump *d, const struct schema_kind *kind, const struct schema_field *fields[],
                         size_t count, sqlite3_stmt *s)
{
    record_text_words(&d->text, kind->name);
    record_text_words(&d->text, " ");
    record_text_words(&d->text, db_text(s, 0));
    record_text_words(&d->text, " ");
    record_text_words(&d->text, db_text(s, 1));
    record_text_words(&d->text, db_int(s, 2) != 0 ? " voided=1" : " voided=0");
    for (size_t i = 0; i < count; i++) {
        int column = (int)i + 3;
        if (db_is_null(s, column))
            continue;
        record_text_words(&d->text, " ");
        record_text_words(&d->text, fields[i]->name);
        record_text_words(&d->text, "=");
        if (sqlite3_column_type(s, column) == SQLITE_INTEGER) {
            record_text_number(&d->text, db_int(s, column));
        } else {
            const char *words = db_text(s, column);
            record_text_json(&d->text, words, (size_t)sqlite3_column_bytes(s, column));
        }
    }
    record_text_words(&d->text, "\n");
}

static int dump_kind(struct dump *d, const struct schema_kind *kind, struct error *e)
{
    const struct schema_field *fields[FIELDS_MAX];
    size_t count = list_fields(kind, fields, FIELDS_MAX);
    struct record_text sql = {NULL, 0, 0, 0};
    sqlite3_stmt *s;
    int row = 0, found = 0, code;
    record_text_words(&sql, "SELECT id, scope, voided");
    list_columns(&sql, fields, count);
    record_text_words(&sql, " FROM \"");
    record_text_words(&sql, kind->name);
    record_text_words(&sql, d->has_scopes ? "\" WHERE scope IN (SELECT words FROM temp.dump_scope) ORDER BY id"
                                          : "\" ORDER BY id");
    record_text_add(&sql, "", 1);
    if ((code = record_text_check(&sql, e)) != 0 || (code = db_query(d->db, &s, e, sql.p, "")) != 0)
        goto out;
    while ((row = db_next(d->db, s, e)) == 1) {
        if ((code = has_ops(d->db, db_text(s, 0), &found, e)) == 0 && found) {
            write_record(d, kind, fields, count, s);
            code = flush_dump(d, PIECE, e);
        }
        if (code != 0) {
            db_done(d->db, s);
            goto out;
        }
    }
    if (row < 0)
        code = e->code;
out:
    record_text_free(&sql);
    return code;
}

/* --- conflicts --- */

/* Writes: conflict client 0190... legal_name loud; then for each live value:
 * live client 0190... legal_name "Ada Example" DEVICE/EPOCH/SEQ/OP AUTHOR */
static int write_conflict(struct dump *d, const struct schema_kind *kind, const struct schema_field *field,
                          const struct id *record, int loud, struct error *e)
{
    const struct record_field_at at = {record, kind, field};
    struct record_field live;
    int code = record_field_read(d->db, &at, RECORD_ORDER, &live, e);
    for (size_t i = 0; code == 0 && i <= live.count; i++) {
        record_text_words(&d->text, i == 0 ? "conflict " : "live ");
        record_text_words(&d->text, kind->name);
        record_text_words(&d->text, " ");
        record_text_id(&d->text, record);
        record_text_words(&d->text, " ");
        record_text_words(&d->text, field->name);
        if (i == 0) {
            record_text_words(&d->text, loud ? " loud\n" : " quiet\n");
            continue;
        }
        record_text_words(&d->text, " ");
        record_text_json_value(&d->text, field, live.ops[i - 1].merge.value);
        record_text_words(&d->text, " ");
        record_text_id(&d->text, &live.ops[i - 1].merge.dot.device);
        record_text_words(&d->text, "/");
        record_text_number(&d->text, (int64_t)live.ops[i - 1].merge.dot.epoch);
        record_text_words(&d->text, "/");
        record_text_number(&d->text, (int64_t)live.ops[i - 1].merge.dot.seq);
        record_text_words(&d->text, "/");
        record_text_number(&d->text, (int64_t)live.ops[i - 1].merge.dot.index);
        record_text_words(&d->text, " ");
        record_text_id(&d->text, &live.ops[i - 1].author);
        record_text_words(&d->text, "\n");
    }
    record_field_free(&live);
    return code != 0 ? code : flush_dump(d, PIECE, e);
}

static int dump_conflicts(struct dump *d, struct error *e)
{
    static const char all[] = "SELECT record, field, kind, loud FROM conflict ORDER BY kind, record, field";
    static const char some[] = "SELECT record, field, kind, loud FROM conflict "
                               "WHERE scope IN (SELECT id FROM temp.dump_scope) ORDER BY kind, record, field";
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(d->db, &s, e, d->has_scopes ? some : all, "")) != 0)
        return code;
    while ((row = db_next(d->db, s, e)) == 1) {
        const struct schema_kind *kind = schema_kind((unsigned)db_uint(s, 2));
        const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, (unsigned)db_uint(s, 1));
        struct id record = db_id(s, 0);
        if (field == NULL)
            continue;
        if ((code = write_conflict(d, kind, field, &record, db_int(s, 3) != 0, e)) != 0) {
            db_done(d->db, s);
            return code;
        }
    }
    return row < 0 ? e->code : 0;
}

/* --- all of it --- */

int record_dump(struct db *db, const struct record_dump_options *options,
                int (*write)(void *arg, const char *text, size_t bytes, struct error *e), void *arg, struct error *e)
{
    static const struct record_dump_options everything = {NULL, 0};
    struct dump d = {db, write, arg, 0, {NULL, 0, 0, 0}};
    const struct schema_kind *kinds;
    struct error own;
    size_t count;
    int code = 0;
    if (e == NULL)
        e = &own;
    if (options == NULL)
        options = &everything;
    d.has_scopes = options->scopes != NULL;
    if (d.has_scopes)
        code = list_scopes(db, options, e);
    kinds = schema_kinds(&count); /* by number, as schema_table.c has them */
    for (size_t i = 0; i < count && code == 0; i++)
        code = dump_kind(&d, &kinds[i], e);
    if (code == 0)
        code = dump_conflicts(&d, e);
    if (code == 0)
        code = flush_dump(&d, 0, e);
    record_text_free(&d.text);
    return code;
}

static int hash_piece(void *arg, const char *text, size_t bytes, struct error *e)
{
    (void)e;
    crypto_generichash_update(arg, (const uint8_t *)text, bytes);
    return 0;
}

int record_dump_digest(struct db *db, const struct record_dump_options *options, uint8_t out[32], struct error *e)
{
    crypto_generichash_state state;
    int code;
    crypto_generichash_init(&state, NULL, 0, 32);
    code = record_dump(db, options, hash_piece, &state, e);
    crypto_generichash_final(&state, out, 32);
    return code;
}
