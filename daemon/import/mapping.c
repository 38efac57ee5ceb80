/* Imports a folder by a mapping: stages its files, sifts their rows, takes down records, and withdraws what is gone. */
#include "mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

int mapping_fits(const struct mapping *m, const char *folder)
{
    for (size_t i = 0; i < sizeof m->needs / sizeof *m->needs && m->needs[i] != NULL; i++)
        if (!import_has(folder, m->needs[i]))
            return 0;
    return 1;
}

/* Runs SQL that was made with sqlite3_mprintf, and frees it. */
static int run_made(struct import *im, char *sql, struct error *e)
{
    int code = sql == NULL ? error_memory(e) : db_exec(im->staging, sql, e);
    sqlite3_free(sql);
    return code;
}

/* --- which rows are taken --- */

static int sift_made(struct import *im, const char *file, char *condition, enum account_outcome outcome,
                     const char *why, struct error *e)
{
    int code = condition == NULL ? error_memory(e) : import_sift(im, file, condition, outcome, why, e);
    sqlite3_free(condition);
    return code;
}

/* Settles the rows that repeat a key. Of those of one key the newest counts, even if it says that all are deleted. */
static int sift_repeated(struct import *im, const struct mapping_file *f, struct error *e)
{
    char *newest =
        f->updated != NULL ? sqlite3_mprintf("coalesce(\"%w\", '') DESC, ", f->updated) : sqlite3_mprintf("");
    char *deleted =
        f->deleted != NULL ? sqlite3_mprintf("coalesce(\"%w\", '') <> '' DESC, ", f->deleted) : sqlite3_mprintf("");
    int code =
        newest == NULL || deleted == NULL
            ? error_memory(e)
            : sift_made(im, f->name,
                        sqlite3_mprintf("line IN (SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY "
                                        "\"%w\" ORDER BY %s%sline) AS n FROM \"%w\") WHERE n > 1)",
                                        f->key, newest, deleted, f->name),
                        ACCOUNT_LEFT, "another row has its key, and was updated later or stands before it", e);
    sqlite3_free(newest);
    sqlite3_free(deleted);
    return code;
}

/* Settles the rows that are deleted in the source, and keeps their keys in `gone`. */
static int sift_deleted(struct import *im, const struct mapping_file *f, struct error *e)
{
    char *parent = f->parent != NULL ? sqlite3_mprintf("\"%w\"", f->parent) : sqlite3_mprintf("''");
    char *updated = f->updated != NULL ? sqlite3_mprintf("\"%w\"", f->updated) : sqlite3_mprintf("NULL");
    int code = parent == NULL || updated == NULL
                   ? error_memory(e)
                   : run_made(im,
                              sqlite3_mprintf("INSERT INTO gone SELECT %Q, line, \"%w\", %s, %s, old FROM \"%w\" WHERE "
                                              "trim(coalesce(\"%w\", '')) <> ''",
                                              f->name, f->key, parent, updated, f->name, f->deleted),
                              e);
    sqlite3_free(parent);
    sqlite3_free(updated);
    return code != 0 ? code
                     : sift_made(im, f->name, sqlite3_mprintf("trim(coalesce(\"%w\", '')) <> ''", f->deleted),
                                 ACCOUNT_PASSED, f->stays != NULL ? f->stays : "deleted in the source", e);
}

/* Settles rows that lack their key, repeat one, are older than what was taken, or are deleted in the source. */
static int sift_file(struct import *im, const struct mapping_file *f, struct error *e)
{
    int code;
    if (f->key == NULL)
        return 0;
    if ((code = sift_made(im, f->name, sqlite3_mprintf("trim(\"%w\") = ''", f->key), ACCOUNT_LEFT, "its key is empty",
                          e)) == 0 &&
        (code = sift_repeated(im, f, e)) == 0 && f->updated != NULL)
        code = import_old(im, f->name, f->key, f->updated, f->means != NULL ? f->parent : NULL, e);
    return code == 0 && f->deleted != NULL ? sift_deleted(im, f, e) : code;
}

static const char *key_of(const struct mapping *m, const char *file)
{
    for (size_t i = 0; i < m->file_count; i++)
        if (strcmp(m->files[i].name, file) == 0)
            return m->files[i].key;
    return "";
}

/* Leaves the values that name no row: the field stays as it is, and the account has the source's word. */
static int leave_values(struct import *im, const struct mapping_reference *r, const char *names_none, struct error *e)
{
    return run_made(
        im,
        sqlite3_mprintf(
            "INSERT INTO account_value SELECT %Q, line, (SELECT key FROM account_row a WHERE a.file = %Q AND "
            "a.line = t.line), %Q, \"%w\", %Q FROM \"%w\" t WHERE \"%w\" <> '' AND %s; UPDATE \"%w\" SET "
            "\"%w\" = NULL WHERE \"%w\" <> '' AND %s",
            r->file, r->file, r->column, r->column, r->why, r->file, r->column, names_none, r->file, r->column,
            r->column, names_none),
        e);
}

static int sift_references(struct import *im, const struct mapping *m, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < m->reference_count; i++) {
        const struct mapping_reference *r = &m->references[i];
        char *names_none =
            sqlite3_mprintf("\"%w\" NOT IN (SELECT \"%w\" FROM \"%w\")", r->column, key_of(m, r->to), r->to);
        if (names_none == NULL)
            return error_memory(e);
        code = r->is_needed ? import_sift(im, r->file, names_none, ACCOUNT_LEFT, r->why, e)
                            : leave_values(im, r, names_none, e);
        sqlite3_free(names_none);
    }
    return code;
}

/* Reads when the export was made, and begins the import. */
static int begin(struct import *im, const struct mapping *m, const char *folder, struct error *e)
{
    char exported[MOMENT_TEXT] = "";
    sqlite3_stmt *s;
    int row, there = 1, code = 0;
    if (m->export_file == NULL)
        return import_begin(im, folder, "", e);
    if ((code = import_stage(im, folder, m->export_file, m->export_columns, &there, e)) != 0)
        return code;
    if (!there && (code = account_file(im->staging, m->export_file, 0,
                                       "it is not in the folder, so nobody knows when it was made", e)) != 0)
        return code;
    if ((code = run_made(im,
                         sqlite3_mprintf("UPDATE account_row SET outcome = 1, why = 'when the export was made' WHERE "
                                         "file = %Q AND outcome = 0",
                                         m->export_file),
                         e)) != 0)
        return code;
    if ((row = db_first(im->staging, &s, e, m->export_time, "")) < 0)
        return error_code(e);
    if (row == 1) {
        (void)snprintf(exported, sizeof exported, "%s", db_text(s, 0));
        db_done(im->staging, s);
    }
    return import_begin(im, folder, exported, e);
}

/* Stages every file, and sifts its rows. */
static int stage_all(struct import *im, const struct mapping *m, const char *folder, struct error *e)
{
    int there, code = import_give(im, e);
    if (code != 0)
        return code;
    code = db_exec(im->staging,
                   "CREATE TABLE gone(file TEXT, line INTEGER, key TEXT, parent TEXT, updated TEXT, old INTEGER);"
                   "CREATE INDEX \"key of gone\" ON gone(file, key)",
                   e);
    for (size_t i = 0; code == 0 && i < m->file_count; i++)
        if ((code = import_give(im, e)) == 0 &&
            (code = import_stage(im, folder, m->files[i].name, m->files[i].columns, &there, e)) == 0 && there)
            code = sift_file(im, &m->files[i], e);
    if (code == 0)
        code = import_give(im, e);
    for (size_t i = 0; code == 0 && i < m->file_count; i++)
        if (m->files[i].key != NULL)
            code = run_made(im,
                            sqlite3_mprintf("CREATE INDEX \"key of %w\" ON \"%w\"(\"%w\")", m->files[i].name,
                                            m->files[i].name, m->files[i].key),
                            e);
    if (code == 0)
        code = sift_references(im, m, e);
    for (size_t i = 0; code == 0 && i < m->sift_count; i++)
        code = import_sift(im, m->sifts[i].file, m->sifts[i].condition, m->sifts[i].outcome, m->sifts[i].why, e);
    for (size_t i = 0; code == 0 && i < m->file_count; i++)
        if (m->files[i].means != NULL)
            code = run_made(im,
                            sqlite3_mprintf("UPDATE account_row SET outcome = 1, why = %Q WHERE file = %Q AND line IN "
                                            "(SELECT line FROM \"%w\" WHERE old = 0)",
                                            m->files[i].means, m->files[i].name, m->files[i].name),
                            e);
    return code == 0 && m->prepare != NULL ? db_exec(im->staging, m->prepare, e) : code;
}

/* --- one record --- */

/* The elements that a record's expressions give; it owns the values. */
struct elements {
    size_t count, room;
    struct element {
        const char *field, *value;
    } * items;
};

static void elements_free(struct elements *l)
{
    for (size_t i = 0; i < l->count; i++)
        free((void *)l->items[i].value);
    free(l->items);
}

static int elements_add(struct elements *l, const char *field, const char *value, size_t size, struct error *e)
{
    char *copy;
    if (l->count == l->room) {
        struct element *more = realloc(l->items, (2 * l->room + 16) * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        l->items = more;
        l->room = 2 * l->room + 16;
    }
    if ((copy = strndup(value, size)) == NULL)
        return error_memory(e);
    l->items[l->count++] = (struct element){field, copy};
    return 0;
}

/* 1: this expression is not the first of its field; 0: it is. */
static int is_another(const struct mapping_record *r, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(r->fields[i].field, r->fields[at].field) == 0)
            return 1;
    return 0;
}

enum { COLUMN_KEY, COLUMN_SCOPE, COLUMN_LABEL, COLUMN_FIELDS };

/* Adds the elements of a field, and says if they are all that the source has. */
static int add_elements(struct import_record *out, const struct mapping_record *r, size_t at, sqlite3_stmt *s,
                        struct elements *l, struct error *e)
{
    const char *value = import_known(s, COLUMN_FIELDS + (int)at);
    int code = 0, is_all = !is_another(r, at);
    for (size_t i = at; is_all && i < r->field_count; i++)
        if (strcmp(r->fields[i].field, r->fields[at].field) == 0)
            is_all = import_known(s, COLUMN_FIELDS + (int)i) != NULL;
    if (is_all)
        import_set(out, r->fields[at].field);
    while (code == 0 && value != NULL) {
        size_t size = strcspn(value, MAPPING_SPLIT), blank = strspn(value, " "), end = size;
        while (end > blank && value[end - 1] == ' ')
            end--;
        if (blank < end)
            code = elements_add(l, r->fields[at].field, value + blank, end - blank, e);
        value = value[size] != 0 ? value + size + 1 : NULL;
    }
    return code;
}

static int say_fields(struct import_record *out, const struct mapping_record *r, sqlite3_stmt *s, struct elements *l,
                      struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < r->field_count; i++) {
        const char *value = import_known(s, COLUMN_FIELDS + (int)i);
        if (r->fields[i].policy == MAPPING_SET)
            import_field(out, r->fields[i].field, value);
        else if (r->fields[i].policy == MAPPING_NEW)
            import_field_new(out, r->fields[i].field, value);
        else
            code = add_elements(out, r, i, s, l, e);
    }
    out->elements = (void *)l->items;
    out->element_count = l->count;
    return code;
}

static int take(struct import *im, const struct mapping_record *r, sqlite3_stmt *s, struct error *e)
{
    struct import_record out = {.kind = schema_kind_named(r->kind), .table = r->moves ? r->table : NULL};
    struct elements elements = {0, 0, NULL};
    const char *key = db_text(s, COLUMN_KEY);
    int code = 0;
    out.id = id_derive(im->source, r->table, key);
    if (r->scope != NULL)
        code = id_parse(db_text(s, COLUMN_SCOPE), &out.scope, e);
    else if (out.kind->place != SCHEMA_OFFICE)
        out.scope = out.id;
    if (code != 0)
        return code;
    out.source_id = r->has_no_key ? NULL : key;
    out.label = import_known(s, COLUMN_LABEL);
    if (r->file != NULL)
        out.row = (struct account_row){r->file, db_uint(s, COLUMN_FIELDS + (int)r->field_count), key};
    if ((code = say_fields(&out, r, s, &elements, e)) == 0)
        code = import_write(im, &out, e);
    elements_free(&elements);
    return code;
}

/* The query that gives a record's key, scope, label and fields, and its row's line. NULL: no memory. */
static char *query_of(const struct mapping_record *r)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "SELECT %s, %s, %s", r->key, r->scope != NULL ? r->scope : "NULL",
                        r->label != NULL ? r->label : "NULL");
    for (size_t i = 0; i < r->field_count; i++)
        sqlite3_str_appendf(sql, ", %s", r->fields[i].value);
    sqlite3_str_appendf(sql, ", line FROM %s ORDER BY line", r->from);
    return sqlite3_str_finish(sql);
}

static int take_all(struct import *im, const struct mapping_record *r, struct error *e)
{
    char *sql = query_of(r);
    sqlite3_stmt *s;
    int row = 0, code = sql == NULL ? error_memory(e) : import_give(im, e); /* the rows are sorted first */
    if (code == 0)
        code = db_query(im->staging, &s, e, sql, "");
    sqlite3_free(sql);
    if (code != 0)
        return code;
    while (code == 0 && (row = db_next(im->staging, s, e)) == 1)
        if ((code = import_take(im, e)) == 0) {
            progress_step(im->progress);
            code = take(im, r, s, e);
        }
    if (code != 0)
        db_done(im->staging, s);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

/* --- what the source has no more --- */

/* Withdraws what the deleted rows of its file had made. */
static int withdraw_gone(struct import *im, const struct mapping_record *r, struct error *e)
{
    sqlite3_stmt *s;
    int row = 0, code = db_query(im->staging, &s, e,
                                 "SELECT key, line FROM gone WHERE file = ? AND old = 0 ORDER BY line", "t", r->file);
    if (code != 0)
        return code;
    while (code == 0 && (row = db_next(im->staging, s, e)) == 1) {
        struct account_row at = {r->file, db_uint(s, 1), db_text(s, 0)};
        struct id id = id_derive(im->source, r->table, at.key);
        code = import_withdraw(im, schema_kind_named(r->kind), &id, &at, "deleted in the source", e);
    }
    if (code != 0)
        db_done(im->staging, s);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

enum { DELETED = 3 }; /* what an orphan's number says, besides those of a mapping's own */

/* Withdraws what stood on a row as it was before; an assignment ends. */
static int take_orphan(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct account_row row = {NULL, 0, ""};
    struct import_record r = {.kind = schema_kind(KIND_ASSIGNMENT)};
    struct record_place place;
    int code;
    if ((code = id_parse(db_text(s, 0), &r.id, e)) != 0 || (code = id_parse(db_text(s, 2), &r.scope, e)) != 0)
        return code;
    /* The case of a row that is gone may stand all the same, since people wrote in it; then all that is in it stands.
     */
    if (db_int(s, 3) == 2 && (code = record_find(im->central->db, &r.scope, &place, e)) == 0 && !place.voided)
        return 0;
    if (code != 0 || strcmp(db_text(s, 1), "assignment") != 0)
        return code != 0 ? code
                         : import_withdraw(im, schema_kind_named(db_text(s, 1)), &r.id, &row,
                                           db_int(s, 3) == DELETED ? "deleted in the source"
                                                                   : "the row that it stood on says something else now",
                                           e);
    import_field(&r, "status", "disabled");
    return import_write(im, &r, e);
}

/* Withdraws what deleted rows had made in a case that the source had moved them to: it stands under an id of its own
 * there. */
static int withdraw_moved(struct import *im, const struct mapping_record *r, struct error *e)
{
    char *records =
        sqlite3_mprintf("SELECT id, scope, source_id FROM \"%w\" WHERE source_id IS NOT NULL AND voided = 0", r->kind);
    char *has_gone = sqlite3_mprintf("SELECT %d FROM gone WHERE file = %Q AND key = ?3 AND old = 0 AND ?1 = "
                                     "record_id(%Q, ?3 || ' in ' || ?2)",
                                     (int)DELETED, r->file, r->table);
    const struct import_orphans o = {r->kind, records, has_gone};
    int code = records == NULL || has_gone == NULL ? error_memory(e) : import_orphaned(im, &o, 1, take_orphan, e);
    sqlite3_free(records);
    sqlite3_free(has_gone);
    return code;
}

/* --- all of it --- */

/* Remembers when each row that was taken, or is gone, was updated. */
static int remember_all(struct import *im, const struct mapping *m, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < m->file_count; i++) {
        const struct mapping_file *f = &m->files[i];
        char *sql =
            f->updated == NULL
                ? NULL
                : sqlite3_mprintf("SELECT \"%w\", \"%w\", \"%w\" FROM \"%w\" WHERE old = 0 AND \"%w\" <> '' UNION ALL "
                                  "SELECT key, updated, parent FROM gone WHERE file = %Q AND old = 0 AND updated <> '' "
                                  "AND key NOT IN (SELECT \"%w\" FROM \"%w\")",
                                  f->key, f->updated, f->parent != NULL ? f->parent : f->key, f->name, f->updated,
                                  f->name, f->key, f->name);
        if (f->updated != NULL)
            code = sql == NULL ? error_memory(e) : import_remember(im, f->name, sql, e);
        sqlite3_free(sql);
    }
    return code;
}

int mapping_import(struct import *im, const struct mapping *m, const char *folder, struct error *e)
{
    int code;
    progress_begin(im->progress, "rows read");
    if ((code = import_source(im, m->format, e)) != 0 || (code = begin(im, m, folder, e)) != 0 ||
        (code = stage_all(im, m, folder, e)) != 0)
        return code;
    if ((code = import_take(im, e)) != 0)
        return code;
    progress_begin(im->progress, "records compared with what the source said before");
    for (size_t i = m->record_count; code == 0 && !im->fills && i-- > 0;)
        if (m->records[i].goes)
            code = withdraw_gone(im, &m->records[i], e);
    for (size_t i = 0; code == 0 && i < m->record_count; i++)
        code = take_all(im, &m->records[i], e);
    if (code == 0 && (code = import_take(im, e)) == 0 && !im->fills)
        code = import_orphaned(im, m->orphans, m->orphan_count, take_orphan, e);
    for (size_t i = 0; code == 0 && !im->fills && i < m->record_count; i++)
        if (m->records[i].goes && m->records[i].moves)
            code = withdraw_moved(im, &m->records[i], e);
    return code != 0 ? code : remember_all(im, m, e);
}
