/* The importer's machinery, which the mappings share: staging the files, comparing a record with what the office has,
 * and writing what the source has changed. */
#include "import.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "log.h"
#include "record.h"

enum { RECORDS_PER_COMMIT = 1000, ELEMENTS_PER_CHANGE = 200 };

/* --- counting --- */

/* Counts a record, and says in the account what its row became. */
static int count_record(struct import *im, const struct import_record *r, const char *what, struct error *e)
{
    char made[96];
    size_t i = 0;
    while (i < im->count_count &&
           (strcmp(im->counts[i].kind, r->kind->name) != 0 || strcmp(im->counts[i].what, what) != 0))
        i++;
    if (i == IMPORT_COUNTS_MAX)
        return error_set(e, E_INTERNAL, "there are more kinds of records than the import counts");
    if (i == im->count_count)
        im->counts[im->count_count++] = (struct import_count){r->kind->name, what, 0};
    im->counts[i].records++;
    if (r->row.file == NULL)
        return 0;
    (void)snprintf(made, sizeof made, "%s %s", r->kind->name, what);
    return account_settle(im->staging, &r->row, ACCOUNT_TAKEN, made, e);
}

int import_source(struct import *im, const char *format, struct error *e)
{
    int used = snprintf(im->source, sizeof im->source, "%s%s%s", format, im->system[0] != 0 ? " " : "", im->system);
    return used < 0 || (size_t)used >= sizeof im->source
               ? error_set(e, E_INPUT, "--source takes a short name, as that of the other system")
               : 0;
}

/* --- staged rows --- */

int import_has(const char *folder, const char *name)
{
    char path[4096];
    struct stat there;
    return (size_t)snprintf(path, sizeof path, "%s/%s.csv", folder, name) < sizeof path && stat(path, &there) == 0;
}

int import_sift(struct import *im, const char *table, const char *condition, enum account_outcome outcome,
                const char *why, struct error *e)
{
    char *sql =
        sqlite3_mprintf("UPDATE account_row SET outcome = %d, why = %Q WHERE file = %Q AND line IN (SELECT line "
                        "FROM \"%w\" WHERE %s);"
                        "DELETE FROM \"%w\" WHERE %s",
                        (int)outcome, why, table, table, condition, table, condition);
    int code = sql == NULL ? error_memory(e) : db_exec(im->staging, sql, e);
    sqlite3_free(sql);
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

struct account_row import_row_at(const char *file, sqlite3_stmt *s)
{
    return (struct account_row){file, db_uint(s, sqlite3_column_count(s) - 1), db_text(s, 0)};
}

const char *import_known(sqlite3_stmt *s, int column)
{
    return db_is_null(s, column) ? NULL : db_text(s, column);
}

/* --- writing --- */

void import_field(struct import_record *r, const char *field, const char *value)
{
    if (r->count == IMPORT_FIELDS_MAX || value == NULL)
        return;
    r->fields[r->count].only_new = 0;
    r->fields[r->count].field = field;
    r->fields[r->count++].value = value;
}

void import_field_new(struct import_record *r, const char *field, const char *value)
{
    size_t before = r->count;
    import_field(r, field, value);
    if (r->count != before)
        r->fields[before].only_new = 1;
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
        if (!r->fields[i].only_new)
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

/* Accounts for a value that its field cannot hold, and goes on: a birthday that is no day is left, and the allergies
 * beside it are written. code: what setting the value returned, and why; every other error is returned. */
static int leave_value(struct import *im, const struct import_record *r, const char *field, const char *value, int code,
                       struct error *e)
{
    char why[sizeof e->text];
    if (code != E_INPUT || r->row.file == NULL)
        return code;
    (void)snprintf(why, sizeof why, "%s", e->text);
    return account_value(im->staging, &r->row, field, value, why, e);
}

/* Writes the source's fields into an edit. there: the record exists. hex: the hash of what it is made from now. */
static int fill_edit(struct import *im, struct edit *edit, const struct import_record *r, int there, const char *hex,
                     struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < r->count; i++) {
        const char *field = r->fields[i].field, *value = r->fields[i].value;
        if (there && !r->fields[i].only_new)
            code = set_changed(im, edit, field, value, e);
        else if (!there && value[0] != 0)
            code = edit_set_text(edit, field, value, e);
        code = leave_value(im, r, field, value, code, e);
    }
    for (size_t i = 0; code == 0 && i < r->element_count && i < ELEMENTS_PER_CHANGE; i++) {
        code = add_element(im, edit, r->elements[i].field, r->elements[i].value, e);
        code = leave_value(im, r, r->elements[i].field, r->elements[i].value, code, e);
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
            code = leave_value(im, r, r->elements[i].field, r->elements[i].value,
                               add_element(im, &edit, r->elements[i].field, r->elements[i].value, e), e);
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

/* Writes a record that is new or changed. E_LIMIT: it is larger than a change may be. */
static int write_record(struct import *im, const struct import_record *r, int there, const char *hex, struct error *e)
{
    struct edit edit;
    int code = begin_record(im, e);
    if (code != 0)
        return code;
    code = there ? edit_open(&edit, im->central->db, &r->id, e)
                 : edit_new(&edit, im->central->db, r->kind, &r->scope, &r->id, e);
    if (code == 0)
        code = fill_edit(im, &edit, r, there, hex, e);
    if (code != 0) {
        edit_free(&edit);
        return code;
    }
    if ((code = central_write(im->central, &edit, NULL, e)) == 0)
        code = write_rest(im, r, e);
    return code;
}

int import_write(struct import *im, struct import_record *r, struct error *e)
{
    char hex[33];
    int has = has_case(im, r, e), state, code;
    if (has != 1)
        return has < 0 ? error_code(e)
                       : account_settle(im->staging, &r->row, ACCOUNT_LEFT, "its case was not taken", e);
    hash_record(r, hex);
    if ((state = compare_source(im, r, hex, e)) == FAILED)
        return error_code(e);
    if (state == UNCHANGED)
        return count_record(im, r, "unchanged", e);
    if ((code = write_record(im, r, state == CHANGED, hex, e)) == E_LIMIT)
        return account_settle(im->staging, &r->row, ACCOUNT_LEFT, "it is larger than a change may be", e);
    return code != 0 ? code : count_record(im, r, state == CHANGED ? "changed" : "new", e);
}

int import_assign(struct import *im, const struct id *scope, const struct id *user, struct error *e)
{
    char case_text[ID_TEXT], user_text[ID_TEXT], key[2 * ID_TEXT];
    struct import_record r = {.kind = schema_kind(KIND_ASSIGNMENT), .scope = *scope};
    id_format(scope, case_text);
    id_format(user, user_text);
    (void)snprintf(key, sizeof key, "%s %s", case_text, user_text);
    r.id = id_derive(im->source, "assignment", key);
    import_field(&r, "user", user_text);
    import_field_new(&r, "status", "active");
    return import_write(im, &r, e);
}
