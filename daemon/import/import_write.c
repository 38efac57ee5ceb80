/* Writing one record: what the source says anew of each field, beside what people said of it.
 *
 *   the source says what it said last        nothing is written, whatever the record holds
 *   it says something else, and the record
 *   still holds what it said last            written over that
 *   both say something else                  written beside what the person wrote: contested
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "record.h"
#include "said.h"

enum { OPS_PER_CHANGE = 200 };

/* A record under way. */
struct writing {
    struct import *im;
    const struct import_record *r;
    struct edit edit;
    struct said said;
    int is_there;
    int has_written; /* of this record, in this import */
    int stays;       /* a person voided the record, and it stays so */
};

/* --- what a mapping says --- */

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

void import_set(struct import_record *r, const char *field)
{
    if (r->set_count != IMPORT_SETS_MAX)
        r->sets[r->set_count++] = field;
}

/* --- accounting --- */

int import_count(struct import *im, const struct schema_kind *kind, const char *what, struct error *e)
{
    size_t i = 0;
    while (i < im->count_count &&
           (strcmp(im->counts[i].kind, kind->name) != 0 || strcmp(im->counts[i].what, what) != 0))
        i++;
    if (i == IMPORT_COUNTS_MAX)
        return error_set(e, E_INTERNAL, "there are more kinds of records than the import counts");
    if (i == im->count_count)
        im->counts[im->count_count++] = (struct import_count){kind->name, what, 0};
    im->counts[i].records++;
    return 0;
}

/* Counts a record, and says in the account what its row became. */
static int count_record(struct import *im, const struct import_record *r, const char *what, struct error *e)
{
    char made[96];
    int code = import_count(im, r->kind, what, e);
    if (code != 0 || r->row.file == NULL)
        return code;
    (void)snprintf(made, sizeof made, "%s %s", r->kind->name, what);
    return account_settle(im->staging, &r->row, ACCOUNT_TAKEN, made, e);
}

static int leave_row(struct import *im, const struct import_record *r, const char *why, struct error *e)
{
    return r->row.file == NULL ? 0 : account_settle(im->staging, &r->row, ACCOUNT_LEFT, why, e);
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

/* Keeps in the account what is written of a field. before: what the record shows; no bytes: nothing. */
static int tell_change(const struct writing *w, const struct schema_field *field, struct slice before,
                       struct slice after, int is_contested, struct error *e)
{
    char *room;
    int code;
    if (!w->im->tells)
        return 0;
    if ((room = malloc(2 * SCHEMA_FORMAT_MAX)) == NULL)
        return error_memory(e);
    room[0] = '\0';
    if (before.size != 0)
        (void)schema_format(field, before, room, SCHEMA_FORMAT_MAX);
    (void)schema_format(field, after, room + SCHEMA_FORMAT_MAX, SCHEMA_FORMAT_MAX);
    code = account_change(w->im->staging,
                          &(struct account_change){&w->r->row, w->r->kind->name,
                                                   w->r->label != NULL       ? w->r->label
                                                   : w->r->source_id != NULL ? w->r->source_id
                                                                             : "",
                                                   field->name, room, room + SCHEMA_FORMAT_MAX, is_contested},
                          e);
    free(room);
    return code;
}

/* --- writing the edit --- */

static int open_edit(struct writing *w, struct error *e)
{
    return w->is_there ? edit_open(&w->edit, w->im->central->db, &w->r->id, e)
                       : edit_new(&w->edit, w->im->central->db, w->r->kind, &w->r->scope, &w->r->id, e);
}

static void hash_pair(crypto_generichash_state *state, const char *field, const char *value)
{
    crypto_generichash_update(state, (const uint8_t *)field, strlen(field) + 1);
    crypto_generichash_update(state, (const uint8_t *)value, strlen(value) + 1);
}

/* Says in the change what it is made of: by that, everybody knows an import's change from a person's
 * (record_is_import). */
static int add_hash(struct writing *w, struct error *e)
{
    const struct import_record *r = w->r;
    crypto_generichash_state state;
    uint8_t hash[16];
    char hex[33];
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < r->count; i++)
        hash_pair(&state, r->fields[i].field, r->fields[i].value);
    for (size_t i = 0; i < r->element_count; i++)
        hash_pair(&state, r->elements[i].field, r->elements[i].value);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return edit_set_text(&w->edit, "source_hash", hex, e);
}

/* Writes what the edit has so far. The edit is freed in every case. */
static int write_edit(struct writing *w, struct error *e)
{
    int code;
    if (w->edit.draft.op_count == 0) {
        edit_free(&w->edit);
        return 0;
    }
    if ((code = add_hash(w, e)) != 0 || (code = import_transaction(w->im, e)) != 0) {
        edit_free(&w->edit);
        return code;
    }
    w->has_written = 1;
    return central_write(w->im->central, &w->edit, NULL, e);
}

/* Begins a further change if the one under way has as many ops as it should. */
static int make_room_for_ops(struct writing *w, struct error *e)
{
    int code;
    if (w->edit.draft.op_count < OPS_PER_CHANGE)
        return 0;
    code = write_edit(w, e);
    w->is_there = 1;
    if (open_edit(w, e) != 0 && code == 0)
        code = error_code(e);
    return code;
}

/* A value of a field, in words and in bytes. */
struct spoken {
    const struct schema_field *field;
    const char *words;
    struct pack pack; /* freed by the caller, also after an error */
    struct slice value;
};

static int parse(const struct writing *w, const char *name, const char *words, struct spoken *out, struct error *e)
{
    int code;
    pack_start(&out->pack);
    out->words = words;
    if ((out->field = schema_field_named(w->r->kind, name)) == NULL)
        return error_set(e, E_INTERNAL, "the importer knows a field %s that the schema does not", name);
    if ((code = schema_parse(w->r->kind, out->field, words, &out->pack, e)) == 0 &&
        (code = pack_finish(&out->pack, e)) == 0) {
        out->value = pack_bytes(&out->pack);
        code = schema_check(w->r->kind, out->field, out->value, e);
    }
    return code;
}

/* --- a field with one value --- */

/* What lives on a field, and which of it an import may write over. */
struct standing {
    struct record_field live;
    struct dot *dots;
    size_t count;
    int is_contested; /* a person's value stands beside what the source says now */
    int is_equal;     /* every value that lives is what the source says now; there is one */
};

static void end_standing(struct standing *s)
{
    record_field_free(&s->live);
    free(s->dots);
}

/* 1: the record still holds what the source said last, whoever wrote it. */
static int still_holds(const struct record_field *live, struct slice before)
{
    for (size_t i = 0; i < live->count; i++)
        if (!slice_equal(live->ops[i].merge.value, before))
            return 0;
    return 1;
}

/* last: what the source said last; NULL: nothing. Freed with end_standing, after an error too. */
static int look_at_standing(const struct writing *w, const struct spoken *now, const struct said_op *last,
                            struct standing *out, struct error *e)
{
    static const uint8_t nil = 0xc0;
    struct slice before = last != NULL ? last->value : (struct slice){&nil, 1};
    int still, code;
    memset(out, 0, sizeof *out);
    if ((code = record_field_load(w->im->central->db, &w->r->id, w->r->kind, now->field, &out->live, e)) != 0)
        return code;
    if ((out->dots = malloc((out->live.count + 1) * sizeof *out->dots)) == NULL)
        return error_memory(e);
    still = still_holds(&out->live, before);
    out->is_equal = out->live.count != 0;
    for (size_t i = 0; i < out->live.count; i++) {
        const struct merge_op *op = &out->live.ops[i].merge;
        int is_same = slice_equal(op->value, now->value);
        out->is_equal &= is_same;
        if (still || said_wrote(&w->said, &op->dot))
            out->dots[out->count++] = op->dot;
        else
            out->is_contested |= !is_same;
    }
    /* A status starts from the one that the source said last, also if a person has replaced it since. */
    if (now->field->policy == SCHEMA_STATUS && last != NULL && !still && out->count == 0)
        out->dots[out->count++] = last->dot;
    return 0;
}

/* E_INPUT: its words were erased here. */
static int check_erased(const struct writing *w, const struct schema_field *field, struct error *e)
{
    return said_erased(&w->said, field->number)
               ? error_set(e, E_INPUT,
                           "the words that an earlier import wrote here were erased, so nothing is written again; "
                           "correct it in the source as well")
               : 0;
}

static int set_field(struct writing *w, const char *name, const char *words, struct error *e)
{
    struct spoken now;
    struct standing s;
    const struct said_op *last;
    int code = parse(w, name, words, &now, e);
    if (code != 0) {
        pack_free(&now.pack);
        return code;
    }
    last = said_last(&w->said, now.field->number);
    if ((last == NULL ? slice_is_nil(now.value) : slice_equal(last->value, now.value)) ||
        (code = check_erased(w, now.field, e)) != 0) {
        pack_free(&now.pack);
        return code;
    }
    if ((code = look_at_standing(w, &now, last, &s, e)) == 0 &&
        !(w->im->fills && (last != NULL || s.live.count != 0)) &&
        /* A closing that stands already would, once more, end what is contested about it. */
        !(s.is_equal && schema_closes(now.field, now.value))) {
        code = edit_set_over(&w->edit, now.field, now.value, s.dots, s.count, e);
        w->im->contested += code == 0 && s.is_contested;
        if (code == 0)
            code = tell_change(w, now.field, s.live.count != 0 ? s.live.ops[0].merge.value : (struct slice){NULL, 0},
                               now.value, s.is_contested, e);
    }
    end_standing(&s);
    pack_free(&now.pack);
    return code == 0 ? make_room_for_ops(w, e) : code;
}

/* --- sets and sums --- */

/* The dots of the imports' own live ops of a field: of one element (value), or (NULL) of all. Freed with free. */
static int own_dots(const struct writing *w, const struct schema_field *field, const struct slice *value,
                    struct dot **dots, size_t *count, struct error *e)
{
    struct record_field live;
    int code = record_field_load(w->im->central->db, &w->r->id, w->r->kind, field, &live, e);
    *count = 0;
    *dots = NULL;
    if (code == 0 && (*dots = malloc((live.count + 1) * sizeof **dots)) == NULL)
        code = error_memory(e);
    for (size_t i = 0; code == 0 && i < live.count && *count < CHANGE_SUPERSEDES_MAX; i++)
        if ((value == NULL || slice_equal(live.ops[i].merge.value, *value)) &&
            said_wrote(&w->said, &live.ops[i].merge.dot))
            (*dots)[(*count)++] = live.ops[i].merge.dot;
    record_field_free(&live);
    return code;
}

/* 1: somebody wrote to the field, whatever of it lives; 0: nobody did; -1: failed. */
static int is_touched(const struct writing *w, const struct schema_field *field, struct error *e)
{
    struct record_field live;
    int code = record_field_load(w->im->central->db, &w->r->id, w->r->kind, field, &live, e);
    int any = live.count != 0 || said_last(&w->said, field->number) != NULL;
    record_field_free(&live);
    return code != 0 ? -1 : any;
}

/* Puts an element into a set, or takes it out again, beside what people put there. */
static int say_element(struct writing *w, const struct schema_field *field, enum change_action action,
                       struct slice value, struct error *e)
{
    static const uint8_t nil_byte = 0xc0;
    const struct slice none = {NULL, 0}, nil = {&nil_byte, 1};
    struct dot *dots;
    size_t count;
    int code = own_dots(w, field, &value, &dots, &count, e);
    if (code == 0) {
        change_draft_op(&w->edit.draft, field->number, action, value, dots, count);
        code =
            action == CHANGE_ADD ? tell_change(w, field, none, value, 0, e) : tell_change(w, field, value, nil, 0, e);
    }
    free(dots);
    return code == 0 ? make_room_for_ops(w, e) : code;
}

/* Adds an element to a set. */
static int add_element(struct writing *w, const char *name, const char *words, struct error *e)
{
    struct spoken now;
    const struct said_op *last;
    int touched, code = parse(w, name, words, &now, e);
    if (code == 0 && !slice_is_nil(now.value) && !schema_traits(now.field)->adds_up) {
        last = said_element(&w->said, now.field->number, now.value);
        if (!w->is_there) {
            if ((code = edit_add(&w->edit, now.field, now.value, e)) == 0 &&
                (code = tell_change(w, now.field, (struct slice){NULL, 0}, now.value, 0, e)) == 0)
                code = make_room_for_ops(w, e);
        } else if (last == NULL || !said_holds(&w->said, last)) {
            if ((touched = w->im->fills ? is_touched(w, now.field, e) : 0) < 0)
                code = error_code(e);
            else if (!touched && (code = check_erased(w, now.field, e)) == 0)
                code = say_element(w, now.field, CHANGE_ADD, now.value, e);
        }
    }
    pack_free(&now.pack);
    return code;
}

/* *says: 1 if the source says this element of a set. One that cannot be read is none. */
static int says(const struct writing *w, const struct schema_field *field, struct slice value, int *says,
                struct error *e)
{
    int code = 0;
    *says = 0;
    for (size_t i = 0; i < w->r->element_count && code == 0 && !*says; i++) {
        struct spoken now;
        if (strcmp(w->r->elements[i].field, field->name) != 0)
            continue;
        if ((code = parse(w, field->name, w->r->elements[i].value, &now, e)) == 0)
            *says = slice_equal(now.value, value);
        else if (code == E_INPUT)
            code = 0;
        pack_free(&now.pack);
    }
    return code;
}

/* Takes out of a set what the source said before and says no more. */
static int take_elements_out(struct writing *w, const struct schema_field *field, struct error *e)
{
    int code = 0, is_said;
    for (size_t i = 0; code == 0 && i < w->said.count; i++) {
        const struct said_op *op = &w->said.ops[i];
        if (op->field != field->number || !said_holds(&w->said, op) || op->value.size == 0)
            continue;
        if ((code = says(w, field, op->value, &is_said, e)) == 0 && !is_said)
            code = say_element(w, field, CHANGE_REMOVE, op->value, e);
    }
    return code;
}

/* Writes the source's contribution to a sum anew. words "": it has none. */
static int set_sum(struct writing *w, const struct schema_field *field, const char *words, struct error *e)
{
    const struct said_op *last = said_last(&w->said, field->number);
    struct dot *dots = NULL;
    size_t count;
    struct spoken now;
    int touched, code = parse(w, field->name, words, &now, e), is_none = code == 0 && slice_is_nil(now.value);
    if (last != NULL && last->action == CHANGE_REMOVE)
        last = NULL;
    if (code != 0 || (last == NULL ? is_none : slice_equal(last->value, now.value)) ||
        (code = check_erased(w, field, e)) != 0)
        goto out;
    if ((touched = w->im->fills ? is_touched(w, field, e) : 0) != 0) {
        code = touched < 0 ? error_code(e) : 0;
        goto out;
    }
    if ((code = own_dots(w, field, NULL, &dots, &count, e)) != 0)
        goto out;
    if (last != NULL && count == 0)
        code =
            error_set(e, E_INPUT, "a person has corrected this number since; correct it by hand, if it is wrong now");
    else {
        change_draft_op(&w->edit.draft, field->number, is_none ? CHANGE_REMOVE : CHANGE_ADD,
                        is_none ? last->value : now.value, dots, count);
        code = tell_change(w, field, last != NULL ? last->value : (struct slice){NULL, 0}, now.value, 0, e);
    }
out:
    free(dots);
    pack_free(&now.pack);
    return code;
}

/* Writes one set or sum of which the source says all. */
static int write_whole_set(struct writing *w, const char *name, struct error *e)
{
    const struct schema_field *field = schema_field_named(w->r->kind, name);
    const char *words = "";
    if (field == NULL)
        return error_set(e, E_INTERNAL, "the importer knows a field %s that the schema does not", name);
    if (!schema_traits(field)->adds_up)
        return w->im->fills ? 0 : take_elements_out(w, field, e);
    for (size_t i = 0; i < w->r->element_count; i++)
        if (strcmp(w->r->elements[i].field, name) == 0)
            words = w->r->elements[i].value;
    return leave_value(w->im, w->r, name, words, set_sum(w, field, words, e), e);
}

/* --- a record --- */

/* Takes back what an import voided, since the source has the record again. w->stays: a person voided it. */
static int bring_back(struct writing *w, struct error *e)
{
    static const uint8_t nil = 0xc0;
    const struct schema_field *field = schema_field(w->r->kind, FIELD_VOID);
    struct record_place place;
    struct record_field live;
    const struct said_op *last = said_last(&w->said, FIELD_VOID);
    struct dot *dots = NULL;
    size_t own = 0, others = 0;
    int code;
    if ((code = record_find(w->im->central->db, &w->r->id, &place, e)) != 0 ||
        (code = record_field_load(w->im->central->db, &w->r->id, w->r->kind, field, &live, e)) != 0)
        return code;
    if ((dots = malloc((live.count + 1) * sizeof *dots)) == NULL)
        code = error_memory(e);
    for (size_t i = 0; code == 0 && i < live.count; i++) {
        int is_own = said_wrote(&w->said, &live.ops[i].merge.dot), is_nil = slice_is_nil(live.ops[i].merge.value);
        others += !is_own && !is_nil;
        if (is_own && !is_nil)
            dots[own++] = live.ops[i].merge.dot;
    }
    /* That the source has it again is said also if a person had taken the void back before: it may be deleted once
     * more. */
    if (code == 0 && own == 0 && last != NULL && !slice_is_nil(last->value))
        dots[own++] = last->dot;
    w->stays = place.voided && (others != 0 || w->im->fills);
    if (code == 0 && !w->stays && own != 0 && !w->im->fills &&
        (code = edit_set_over(&w->edit, field, (struct slice){&nil, 1}, dots, own, e)) == 0)
        code = tell_change(w, field, live.count != 0 ? live.ops[0].merge.value : (struct slice){NULL, 0},
                           (struct slice){&nil, 1}, 0, e);
    free(dots);
    record_field_free(&live);
    return code;
}

/* Sets a field of a new record. */
static int set_new(struct writing *w, const char *name, const char *words, struct error *e)
{
    struct spoken now;
    int code = parse(w, name, words, &now, e);
    if (code == 0 && (code = edit_set(&w->edit, now.field, now.value, e)) == 0)
        code = tell_change(w, now.field, (struct slice){NULL, 0}, now.value, 0, e);
    pack_free(&now.pack);
    return code;
}

static int write_fields(struct writing *w, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < w->r->count; i++) {
        const char *field = w->r->fields[i].field, *value = w->r->fields[i].value;
        if (w->is_there && !w->r->fields[i].only_new)
            code = set_field(w, field, value, e);
        else if (!w->is_there && value[0] != 0)
            code = set_new(w, field, value, e);
        code = leave_value(w->im, w->r, field, value, code, e);
    }
    if (code == 0 && w->r->source_id != NULL && !w->is_there)
        code = edit_set_text(&w->edit, "source_id", w->r->source_id, e);
    for (size_t i = 0; code == 0 && i < w->r->set_count; i++)
        code = write_whole_set(w, w->r->sets[i], e);
    for (size_t i = 0; code == 0 && i < w->r->element_count; i++) {
        code = add_element(w, w->r->elements[i].field, w->r->elements[i].value, e);
        code = leave_value(w->im, w->r, w->r->elements[i].field, w->r->elements[i].value, code, e);
    }
    return code;
}

static int write_all_of_it(struct writing *w, struct error *e)
{
    int code = open_edit(w, e);
    if (code == 0 && w->is_there)
        code = bring_back(w, e);
    if (code == 0 && !w->stays)
        code = write_fields(w, e);
    if (code != 0 || w->stays) {
        edit_free(&w->edit);
        return code;
    }
    return write_edit(w, e);
}

enum { IS_FAILED = -1, IS_ABSENT, IS_VOIDED, IS_THERE };

/* Whether a record is in the store. */
static int find(struct import *im, const struct id *record, struct error *e)
{
    struct record_place place;
    struct error none = {0, ""};
    int code = record_find(im->central->db, record, &place, &none);
    if (code == E_NOT_FOUND)
        return IS_ABSENT;
    return code != 0 ? (error_set(e, code, "%s", none.text), IS_FAILED) : place.voided ? IS_VOIDED : IS_THERE;
}

/* *left: 1 if the row was left, since the case that the record stands in is not there. */
static int check_case(struct import *im, const struct import_record *r, int *left, struct error *e)
{
    int is;
    *left = 0;
    if (r->kind->place != SCHEMA_CASE || r->kind->number == KIND_CASE)
        return 0;
    if ((is = find(im, &r->scope, e)) == IS_FAILED)
        return error_code(e);
    *left = is == IS_ABSENT || (is == IS_VOIDED && r->kind->number != KIND_ASSIGNMENT);
    return !*left ? 0 : leave_row(im, r, is == IS_ABSENT ? "its case was not taken" : "its case was voided", e);
}

/* If the record stands in another scope than the source has it in now, makes r->id that of another record, in that
 * scope: what is once in a case stays there. */
static int follow_move(struct import *im, struct import_record *r, struct error *e)
{
    struct record_place place;
    struct error none = {0, ""};
    char scope[ID_TEXT], *key;
    int code = r->table == NULL ? E_NOT_FOUND : record_find(im->central->db, &r->id, &place, &none);
    if (code == E_NOT_FOUND || (code == 0 && id_equal(&place.scope, &r->scope)))
        return 0;
    if (code != 0)
        return error_set(e, code, "%s", none.text);
    id_format(&r->scope, scope);
    if ((key = sqlite3_mprintf("%s in %s", r->source_id, scope)) == NULL)
        return error_memory(e);
    r->id = id_derive(im->source, r->table, key);
    sqlite3_free(key);
    return 0;
}

/* Writes the record, and says how its row ends. */
static int write_and_count(struct writing *w, struct import_record *r, struct error *e)
{
    struct import *im = w->im;
    int was_there = w->is_there, code = write_all_of_it(w, e);
    r->is_left = code == E_LIMIT || (code == 0 && w->stays);
    if (code == E_LIMIT)
        return leave_row(im, r, "it is larger than a change may be", e);
    if (code != 0)
        return code;
    if (w->stays)
        return leave_row(im, r, "it was voided here, and stays so", e);
    im->created += !was_there;
    im->changed += was_there && w->has_written;
    return count_record(im, r, !was_there ? "new" : w->has_written ? "changed" : "unchanged", e);
}

int import_write(struct import *im, struct import_record *r, struct error *e)
{
    struct writing w = {.im = im, .r = r};
    int is, code = import_rest(im, e);
    if (code != 0 || (code = check_case(im, r, &r->is_left, e)) != 0 || r->is_left ||
        (code = follow_move(im, r, e)) != 0)
        return code;
    if ((is = find(im, &r->id, e)) == IS_FAILED)
        return error_code(e);
    w.is_there = is != IS_ABSENT;
    code = w.is_there ? said_load(im->central->db, &im->central->author.chain.device, &r->id, &w.said, e) : 0;
    if (code == 0)
        code = write_and_count(&w, r, e);
    said_free(&w.said);
    return code;
}

int import_assign(struct import *im, const char *table, const struct id *scope, const struct id *user,
                  const char *label, struct error *e)
{
    char case_text[ID_TEXT], user_text[ID_TEXT], key[2 * ID_TEXT];
    struct import_record r = {.kind = schema_kind(KIND_ASSIGNMENT), .scope = *scope, .label = label};
    id_format(scope, case_text);
    id_format(user, user_text);
    (void)snprintf(key, sizeof key, "%s %s", case_text, user_text);
    r.id = id_derive(im->source, table, key);
    import_field(&r, "user", user_text);
    import_field(&r, "status", "active");
    return import_write(im, &r, e);
}
