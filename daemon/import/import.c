/* The importer's machinery, which the mappings share: staging the files, comparing a record with what the office has,
 * and writing what the source has changed. */
#include "import.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "csv.h"
#include "log.h"
#include "record.h"

enum { RECORDS_PER_COMMIT = 1000, ELEMENTS_PER_CHANGE = 200 };

/* --- counting --- */

/* Counts a row, or a value, under what it was and what became of it. */
static void count_rows(struct import *im, const char *what, const char *reason, enum import_outcome outcome)
{
    size_t i;
    for (i = 0; i < im->count_count; i++)
        if (strcmp(im->counts[i].what, what) == 0 && strcmp(im->counts[i].reason, reason) == 0)
            break;
    if (i == sizeof im->counts / sizeof *im->counts)
        i--; /* the last count takes everything that no longer fits */
    else if (i == im->count_count)
        (void)snprintf(im->counts[im->count_count++].reason, sizeof im->counts->reason, "%s", reason);
    im->counts[i].what = what;
    im->counts[i].outcome = outcome;
    im->counts[i].rows++;
}

void import_left(struct import *im, const char *what, const char *reason)
{
    count_rows(im, what, reason, IMPORT_LEFT_ROW);
}

int import_source(struct import *im, const char *format, struct error *e)
{
    int used = snprintf(im->source, sizeof im->source, "%s%s%s", format, im->system[0] != 0 ? " " : "", im->system);
    return used < 0 || (size_t)used >= sizeof im->source
               ? error_set(e, E_INPUT, "--source takes a short name, as that of the other system")
               : 0;
}

/* --- staging --- */

/* 1: the column's name can be one in SQL: letters, digits and underscores. */
static int is_name(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return length != 0 && length <= 64 && text[length] == 0;
}

/* Makes the staging table from the heading. E_INPUT: a column that the mapping needs is missing, or a name is unusable.
 */
static int create_table(struct import *im, const struct csv *csv, const char *name, const char *const *columns,
                        struct error *e)
{
    char *sql = NULL;
    size_t size;
    FILE *out = open_memstream(&sql, &size);
    int code = 0;
    if (out == NULL)
        return error_memory(e);
    (void)fprintf(out, "CREATE TABLE \"%s\"(line INTEGER", name);
    for (size_t i = 0; i < csv->count && code == 0; i++) {
        if (!is_name(csv->fields[i]))
            code = error_set(e, E_INPUT, "%s.csv: column %zu has no usable name; is its first row its heading?", name,
                             i + 1);
        (void)fprintf(out, ", \"%s\" TEXT", csv->fields[i]);
    }
    (void)fprintf(out, ")");
    for (size_t k = 0; columns[k] != NULL && code == 0; k++) {
        size_t i = 0;
        while (i < csv->count && strcmp(csv->fields[i], columns[k]) != 0)
            i++;
        if (i == csv->count)
            code = error_set(e, E_INPUT, "%s.csv has no column %s; it is not the export that it seems to be", name,
                             columns[k]);
    }
    if (fclose(out) != 0 && code == 0)
        code = error_memory(e);
    if (code == 0 && db_exec(im->staging, sql, NULL) != 0)
        code = error_set(e, E_INPUT, "%s.csv names a column twice, or \"line\"; mend its first row", name);
    free(sql);
    return code;
}

/* Stages every row behind the heading; those that cannot be read are counted as left. */
static int insert_rows(struct import *im, struct csv *csv, const char *name, struct error *e)
{
    size_t columns = csv->count;
    sqlite3_stmt *insert = NULL;
    char *sql = malloc(2 * columns + 128);
    const char *why = "";
    enum csv_result r;
    int n, code = 0;
    if (sql == NULL)
        return error_memory(e);
    n = snprintf(sql, 128, "INSERT INTO \"%s\" VALUES(?", name);
    for (size_t i = 0; i < columns; i++)
        n += snprintf(sql + n, 3, ",?");
    (void)snprintf(sql + n, 2, ")");
    if (sqlite3_prepare_v2(db_handle(im->staging), sql, -1, &insert, NULL) != SQLITE_OK)
        code = error_set(e, E_INTERNAL, "%s.csv cannot be staged", name);
    while (code == 0 && (r = csv_next(csv, &why)) != CSV_END) {
        if (r != CSV_ROW) {
            for (uint64_t line = csv->line; line <= (r == CSV_LOST ? csv->last_line : csv->line); line++)
                import_left(im, name, why);
            continue;
        }
        if (csv->count != columns) {
            import_left(im, name, "it has more or fewer columns than the heading");
            continue;
        }
        (void)sqlite3_bind_int64(insert, 1, (sqlite3_int64)csv->line);
        for (size_t i = 0; i < columns; i++)
            (void)sqlite3_bind_text(insert, (int)i + 2, csv->fields[i], -1, SQLITE_TRANSIENT);
        if (sqlite3_step(insert) != SQLITE_DONE)
            code = error_set(e, E_MEMORY, "there is no memory left to stage %s.csv", name);
        (void)sqlite3_reset(insert);
    }
    (void)sqlite3_finalize(insert);
    free(sql);
    return code == 0 ? csv_check(csv, e) : code;
}

int import_stage(struct import *im, const char *folder, const char *name, const char *const *columns, int *found,
                 struct error *e)
{
    char path[4096];
    const char *why = "";
    struct stat there;
    struct csv csv;
    int code;
    *found = 0;
    if ((size_t)snprintf(path, sizeof path, "%s/%s.csv", folder, name) >= sizeof path)
        return error_set(e, E_INPUT, "%s: the path is too long", folder);
    if (stat(path, &there) != 0)
        return 0;
    if ((code = csv_open(&csv, path, im->encoding, e)) != 0)
        return code;
    *found = 1;
    if (csv_next(&csv, &why) != CSV_ROW)
        code = error_set(e, E_INPUT, "%s.csv has no heading", name);
    else if ((code = create_table(im, &csv, name, columns, e)) == 0 && (code = db_begin(im->staging, e)) == 0)
        code =
            (code = insert_rows(im, &csv, name, e)) == 0 ? db_commit(im->staging, e) : (db_rollback(im->staging), code);
    csv_close(&csv);
    return code;
}

int import_each(struct import *im, const char *sql, import_row *take, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(im->staging, &s, e, sql, "")) != 0)
        return code;
    while ((row = db_next(im->staging, s, e)) == 1) {
        if ((code = take(im, s, e)) != 0) {
            db_done(im->staging, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* --- writing --- */

void import_field(struct import_record *r, const char *field, const char *value)
{
    if (r->count == IMPORT_FIELDS_MAX)
        return;
    r->fields[r->count].field = field;
    r->fields[r->count++].value = value == NULL ? "" : value;
}

static void hash_pair(crypto_generichash_state *state, const char *field, const char *value)
{
    crypto_generichash_update(state, (const uint8_t *)field, strlen(field) + 1);
    crypto_generichash_update(state, (const uint8_t *)value, strlen(value) + 1);
}

static void hash_record(const struct import_record *r, char hex[33])
{
    crypto_generichash_state state;
    uint8_t hash[16];
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < r->count; i++)
        hash_pair(&state, r->fields[i].field, r->fields[i].value);
    for (size_t i = 0; i < r->element_count; i++)
        hash_pair(&state, r->elements[i].field, r->elements[i].value);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(hex, 33, hash, sizeof hash);
}

/* *same 1: the source has not changed this field, since the last value that our own chain, which imports write in, gave
 * it is this one. */
static int is_unchanged(struct import *im, const struct id *record, const struct schema_field *field,
                        struct slice value, int *same, struct error *e)
{
    const struct id *own = &im->central->author.chain.device;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    sqlite3_stmt *s;
    int row, code, found = 0;
    *same = slice_is_nil(value);
    if ((code = db_query(im->central->db, &s, e,
                         "SELECT id FROM entry WHERE record = ? AND device = ? AND held = 0 ORDER BY position DESC",
                         "dd", record, own)) != 0)
        return code;
    while (!found && (row = db_next(im->central->db, s, e)) == 1) {
        if ((code = log_load(im->central->db, db_int(s, 0), 1, &memory, &entry, e)) != 0)
            break;
        for (size_t i = entry.change.op_count; i > 0 && !found; i--) {
            if (entry.change.ops[i - 1].field == field->number) {
                *same = slice_equal(entry.change.ops[i - 1].value, value);
                found = 1;
            }
        }
    }
    log_memory_free(&memory);
    if (row == 1)
        db_done(im->central->db, s);
    return row < 0 ? error_code(e) : code;
}

/* Writes the source's new value over our own live ops of the field. What somebody else wrote stays beside it. */
static int replace_own(struct import *im, struct edit *edit, const struct schema_field *field,
                       const struct record_field *live, struct slice value, struct error *e)
{
    struct dot *dots = malloc((live->count + 1) * sizeof *dots);
    size_t count = 0;
    int code;
    if (dots == NULL)
        return error_memory(e);
    for (size_t i = 0; i < live->count; i++)
        if (id_equal(&live->ops[i].merge.dot.device, &im->central->author.chain.device))
            dots[count++] = live->ops[i].merge.dot;
    if (!schema_traits(field)->adds_up)
        code = edit_set_over(edit, field, value, dots, count, e);
    else if ((code = schema_check(edit->kind, field, value, e)) == 0)
        change_draft_op(&edit->draft, field->number, CHANGE_ADD, value, dots, count);
    free(dots);
    return code;
}

/* Sets a field of a record that exists, if the source has changed the value and the record does not show it already. */
static int set_changed(struct import *im, struct edit *edit, const char *name, const char *value, struct error *e)
{
    const struct schema_field *field = schema_field_named(edit->kind, name);
    struct record_field live;
    struct slice wanted;
    struct pack w;
    int code, same = 0, shown;
    if (field == NULL)
        return error_set(e, E_INTERNAL, "the importer knows a field %s that the schema does not", name);
    pack_start(&w);
    if ((code = schema_parse(edit->kind, field, value, &w, e)) != 0 || (code = pack_finish(&w, e)) != 0)
        goto out;
    wanted = pack_bytes(&w);
    if ((code = is_unchanged(im, &edit->record, field, wanted, &same, e)) != 0 || same ||
        (code = record_field_load(im->central->db, &edit->record, edit->kind, field, &live, e)) != 0)
        goto out;
    shown = live.shown.count == 0 ? slice_is_nil(wanted) : slice_equal(live.ops[0].merge.value, wanted);
    if (!shown || schema_traits(field)->adds_up)
        code = replace_own(im, edit, field, &live, wanted, e);
    record_field_free(&live);
out:
    pack_free(&w);
    return code;
}

/* Adds an element to a set that does not have it, or the source's contribution to a sum. */
static int add_element(struct import *im, struct edit *edit, const char *name, const char *value, struct error *e)
{
    const struct schema_field *field = schema_field_named(edit->kind, name);
    struct record_field live;
    struct pack w;
    int code, there = 0;
    if (field == NULL)
        return error_set(e, E_INTERNAL, "the importer knows a field %s that the schema does not", name);
    if (schema_traits(field)->adds_up && !edit->is_new)
        return set_changed(im, edit, name, value, e); /* a correction of the source's one contribution */
    pack_start(&w);
    if ((code = schema_parse(edit->kind, field, value, &w, e)) == 0 && (code = pack_finish(&w, e)) == 0 &&
        !edit->is_new && (code = record_field_load(im->central->db, &edit->record, edit->kind, field, &live, e)) == 0) {
        for (size_t i = 0; i < live.shown.count; i++)
            there |= slice_equal(live.ops[i].merge.value, pack_bytes(&w));
        record_field_free(&live);
    }
    if (code == 0 && !there)
        code = edit_add(edit, field, pack_bytes(&w), e);
    pack_free(&w);
    return code;
}

enum { FAILED = -1, ABSENT, CHANGED, UNCHANGED };

/* Compares the source's record with ours, by the hash of what ours was made from. ABSENT: we have none. */
static int compare_source(struct import *im, const struct import_record *r, const char *hex, struct error *e)
{
    struct record_place place;
    struct record_field hash;
    struct error none;
    char text[64];
    int same, code = record_find(im->central->db, &r->id, &place, &none);
    if (code == E_NOT_FOUND)
        return ABSENT;
    if (code != 0)
        return error_set(e, code, "%s", none.text), FAILED;
    if (record_field_load(im->central->db, &r->id, r->kind, schema_field(r->kind, FIELD_SOURCE_HASH), &hash, e) != 0)
        return FAILED;
    same = hash.shown.count != 0 &&
           strcmp(schema_format(schema_field(r->kind, FIELD_SOURCE_HASH), hash.ops[0].merge.value, text, sizeof text),
                  hex) == 0;
    record_field_free(&hash);
    return same ? UNCHANGED : CHANGED;
}

/* Counts a value that its field cannot hold, and goes on: a birthday that is no day is left out, and the allergies
 * beside it are written. code: what setting the value returned; every other error is returned. */
static int leave_out_value(struct import *im, const struct import_record *r, const char *field, int code)
{
    char reason[IMPORT_REASON_MAX];
    if (code != E_INPUT)
        return code;
    (void)snprintf(reason, sizeof reason, "%s: a value that the field cannot hold", field);
    count_rows(im, r->file, reason, IMPORT_LEFT_VALUE);
    return 0;
}

/* Writes the source's fields into an edit. there: the record exists. hex: the hash of what it is made from now. */
static int fill_edit(struct import *im, struct edit *edit, const struct import_record *r, int there, const char *hex,
                     struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < r->count; i++) {
        if (there)
            code = set_changed(im, edit, r->fields[i].field, r->fields[i].value, e);
        else if (r->fields[i].value[0] != 0)
            code = edit_set_text(edit, r->fields[i].field, r->fields[i].value, e);
        code = leave_out_value(im, r, r->fields[i].field, code);
    }
    for (size_t i = 0; code == 0 && i < r->element_count && i < ELEMENTS_PER_CHANGE; i++) {
        code = add_element(im, edit, r->elements[i].field, r->elements[i].value, e);
        code = leave_out_value(im, r, r->elements[i].field, code);
    }
    if (code == 0 && r->source_id != NULL && !there)
        code = edit_set_text(edit, "source_id", r->source_id, e);
    if (code == 0)
        code = there ? set_changed(im, edit, "source_hash", hex, e) : edit_set_text(edit, "source_hash", hex, e);
    return code;
}

/* Writes the elements that did not fit into the first change into further ones. */
static int write_rest(struct import *im, const struct import_record *r, struct error *e)
{
    size_t i = ELEMENTS_PER_CHANGE;
    int code = 0;
    while (code == 0 && i < r->element_count) {
        size_t end = i + ELEMENTS_PER_CHANGE;
        struct edit edit;
        code = edit_open(&edit, im->central->db, &r->id, e);
        for (; code == 0 && i < r->element_count && i < end; i++)
            code = leave_out_value(im, r, r->elements[i].field,
                                   add_element(im, &edit, r->elements[i].field, r->elements[i].value, e));
        if (code == 0)
            code = central_write(im->central, &edit, NULL, e);
        else
            edit_free(&edit);
    }
    return code;
}

/* Begins a transaction if none is open, and commits before that if RECORDS_PER_COMMIT are in it. */
static int begin_record(struct import *im, struct error *e)
{
    if (im->in_transaction >= RECORDS_PER_COMMIT && !im->dry_run) {
        int code = import_flush(im, e);
        if (code != 0)
            return code;
    }
    return im->in_transaction++ == 0 ? central_begin(im->central, e) : 0;
}

int import_flush(struct import *im, struct error *e)
{
    if (im->in_transaction == 0)
        return 0;
    im->in_transaction = 0;
    if (!im->dry_run)
        return central_commit(im->central, e);
    central_rollback(im->central);
    return 0;
}

/* 1: the case that the record stands in exists, or it stands in none; 0: it does not exist; -1: failed. */
static int has_case(struct import *im, const struct import_record *r, struct error *e)
{
    struct record_place place;
    struct error none;
    int code;
    if (r->kind->place != SCHEMA_CASE || r->kind->number == KIND_CASE)
        return 1;
    code = record_find(im->central->db, &r->scope, &place, &none);
    if (code == 0 || code == E_NOT_FOUND)
        return code == 0;
    return error_set(e, code, "%s", none.text), -1;
}

int import_write(struct import *im, struct import_record *r, struct error *e)
{
    struct error why = {0};
    struct edit edit;
    char hex[33];
    int has = has_case(im, r, e), state, code;
    if (has != 1) {
        if (has == 0)
            import_left(im, r->file, "its case was not taken");
        return has == 0 ? 0 : error_code(e);
    }
    hash_record(r, hex);
    if ((state = compare_source(im, r, hex, e)) == FAILED)
        return error_code(e);
    if (state == UNCHANGED) {
        count_rows(im, r->kind->name, "unchanged", IMPORT_TAKEN);
        return 0;
    }
    if ((code = begin_record(im, e)) != 0)
        return code;
    code = state == CHANGED ? edit_open(&edit, im->central->db, &r->id, &why)
                            : edit_new(&edit, im->central->db, r->kind, &r->scope, &r->id, &why);
    if (code == 0)
        code = fill_edit(im, &edit, r, state == CHANGED, hex, &why);
    if (code != 0) {
        edit_free(&edit);
        return error_set(e, code, "%s", why.text);
    }
    if ((code = central_write(im->central, &edit, NULL, &why)) == E_LIMIT) {
        import_left(im, r->file, "it is larger than a change may be");
        return 0;
    }
    if (code != 0)
        return error_set(e, code, "%s", why.text);
    if ((code = write_rest(im, r, e)) != 0)
        return code;
    count_rows(im, r->kind->name, state == CHANGED ? "changed" : "new", IMPORT_TAKEN);
    return 0;
}

int import_assign(struct import *im, const struct id *scope, const struct id *user, struct error *e)
{
    char case_text[ID_TEXT], user_text[ID_TEXT], key[2 * ID_TEXT];
    struct import_record r = {.kind = schema_kind(KIND_ASSIGNMENT), .scope = *scope, .file = "assignment"};
    id_format(scope, case_text);
    id_format(user, user_text);
    (void)snprintf(key, sizeof key, "%s %s", case_text, user_text);
    r.id = id_derive(im->source, "assignment", key);
    import_field(&r, "user", user_text);
    import_field(&r, "status", "active");
    return import_write(im, &r, e);
}
