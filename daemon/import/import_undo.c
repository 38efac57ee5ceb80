/* Takes an import back, record by record, the last one first: so a case goes after what stands in it. */
#include "import_undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "record.h"
#include "said.h"

/* A change of the import. */
struct written {
    struct id record;
    int64_t entry;
    uint64_t seq;
};

struct undoing {
    struct import_undo *u;
    struct written *changes;
    size_t count, room;
    struct log_memory memory, before;
};

/* --- what the import wrote --- */

static int add_change(struct undoing *w, const struct written *one, struct error *e)
{
    if (w->count == w->room) {
        struct written *more = realloc(w->changes, (w->room = 2 * w->room + 256) * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        w->changes = more;
    }
    w->changes[w->count++] = *one;
    return 0;
}

static int list_changes(struct undoing *w, struct error *e)
{
    struct db *db = w->u->central->db;
    struct change *c = malloc(sizeof *c);
    sqlite3_stmt *s;
    int row = 0, code;
    if (c == NULL)
        return error_memory(e);
    code = db_query(db, &s, e,
                    "SELECT id, header FROM entry WHERE device = ?1 AND held = 0 AND position > (SELECT min(position) "
                    "FROM entry WHERE record = ?2) ORDER BY position",
                    "dd", &w->u->central->author.chain.device, &w->u->import);
    while (code == 0 && (row = db_next(db, s, e)) == 1) {
        if ((code = change_read_known(db_slice(s, 1), c, e)) == 0 && id_equal(&c->session, &w->u->import) &&
            c->kind != KIND_IMPORT)
            code = add_change(w, &(struct written){c->record, db_int(s, 0), c->seq}, e);
        if (code != 0)
            db_done(db, s);
    }
    free(c);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

/* 1: the import wrote this change of the office's. */
static int is_of_import(const struct undoing *w, const struct dot *dot)
{
    size_t low = 0, high = w->count;
    if (!id_equal(&dot->device, &w->u->central->author.chain.device))
        return 0;
    while (low < high) { /* they stand in the order of their numbers */
        size_t middle = low + (high - low) / 2;
        if (w->changes[middle].seq < dot->seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->count && w->changes[low].seq == dot->seq;
}

static int say_it_stays(struct undoing *w, const struct schema_kind *kind, const struct id *record,
                        const struct schema_field *field, struct error *e)
{
    const struct import_kept k = {kind, *record, field};
    w->u->stayed++;
    return w->u->kept == NULL ? 0 : w->u->kept(w->u->arg, &k, e);
}

/* --- a record that the import took down --- */

/* *is: 1 if somebody else wrote to the record. */
static int is_built_on(struct undoing *w, const struct id *record, int *is, struct error *e)
{
    sqlite3_stmt *s;
    int row, code = db_query(w->u->central->db, &s, e, "SELECT device, seq FROM entry WHERE record = ? AND held = 0",
                             "d", record);
    *is = 0;
    if (code != 0)
        return code;
    while ((row = db_next(w->u->central->db, s, e)) == 1) {
        const struct dot dot = {db_id(s, 0), 1, db_uint(s, 1), 0};
        *is |= !is_of_import(w, &dot);
    }
    return row < 0 ? error_code(e) : 0;
}

/* 1: something that lives hangs on the record; 0: nothing; -1: failed. */
static int has_dependants(const struct undoing *w, const struct record_place *place, const struct id *record,
                          struct error *e)
{
    struct db *db = w->u->central->db;
    switch (place->kind->number) {
    case KIND_ASSIGNMENT: /* somebody at a laptop wrote in the case, which then stays with whoever has it */
        return db_exists(db, e,
                         "SELECT 1 FROM entry JOIN place ON place.record = entry.record WHERE entry.scope = ?1 AND "
                         "entry.device <> ?2 AND place.voided = 0",
                         "dd", &place->scope, &w->u->central->author.chain.device);
    case KIND_CASE:
        return db_exists(db, e,
                         "SELECT 1 FROM entry JOIN place ON place.record = entry.record WHERE entry.scope = ?1 AND "
                         "entry.record <> ?1 AND place.voided = 0 AND place.kind <> ?2",
                         "du", record, (uint64_t)KIND_ERASURE);
    case KIND_CLIENT:
        return db_exists(db, e,
                         "SELECT 1 FROM \"case\" WHERE client = id_text(?1) AND voided = 0 UNION ALL SELECT 1 FROM "
                         "contact WHERE client = id_text(?1) AND voided = 0",
                         "d", record);
    case KIND_USER:
        return db_exists(db, e,
                         "SELECT 1 FROM assignment WHERE \"user\" = id_text(?1) AND voided = 0 UNION ALL SELECT 1 FROM "
                         "device WHERE \"user\" = id_text(?1) UNION ALL SELECT 1 FROM ticket WHERE \"user\" = "
                         "id_text(?1)",
                         "d", record);
    case KIND_PROVIDER:
        return db_exists(db, e,
                         "SELECT 1 FROM \"case\" WHERE program = id_text(?1) AND voided = 0 UNION ALL SELECT 1 FROM "
                         "service WHERE provider = id_text(?1) AND voided = 0 UNION ALL SELECT 1 FROM provider WHERE "
                         "parent = id_text(?1) AND voided = 0",
                         "d", record);
    default:
        return 0;
    }
}

static int void_record(struct undoing *w, const struct record_place *place, const struct id *record, struct error *e)
{
    struct edit edit;
    int built, needed, code;
    if (place->voided)
        return 0;
    if ((code = is_built_on(w, record, &built, e)) != 0)
        return code;
    if ((needed = has_dependants(w, place, record, e)) < 0)
        return error_code(e);
    if (built || needed)
        return say_it_stays(w, place->kind, record, NULL, e);
    if ((code = edit_open(&edit, w->u->central->db, record, e)) != 0 || (code = edit_void(&edit, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    w->u->voided++;
    return central_write(w->u->central, &edit, "the import that took it down is taken back", e);
}

/* --- a record that the import changed --- */

/* Finds the value of the first op that this one replaced and that the store has, on the same field. *found 0: none. It
 * stays valid until the next call. */
static int value_before(struct undoing *w, const struct change_op *op, struct slice *value, int *found, struct error *e)
{
    struct log_entry *entry = malloc(sizeof *entry);
    struct unpack r;
    int code = 0;
    *found = 0;
    if (entry == NULL)
        return error_memory(e);
    for (size_t left = change_supersedes(op, &r); left > 0 && !*found && code == 0; left--) {
        struct dot dot = dot_unpack(&r);
        int64_t id = log_find(w->u->central->db, &dot.device, dot.epoch, dot.seq, NULL, e);
        if (id < 0)
            code = error_code(e);
        else if (id != 0 && (code = log_load(w->u->central->db, id, 1, &w->before, entry, e)) == 0 &&
                 dot.index < entry->change.op_count && entry->change.ops[dot.index].field == op->field) {
            *value = entry->change.ops[dot.index].value;
            *found = value->size != 0;
        }
    }
    free(entry);
    return code;
}

/* An op of the import on a record that stood before, and what lives on its field. */
struct taken {
    struct edit *edit;
    const struct schema_field *field;
    const struct change_op *op;
    struct dot dot;
    const struct record_field *live;
};

/* Writes what a field with one value held before; beside a person's value, that one. */
static int put_back(struct undoing *w, const struct taken *t, struct error *e)
{
    static const uint8_t nil = 0xc0;
    struct slice value = {&nil, 1};
    int found, code = value_before(w, t->op, &value, &found, e);
    if (code != 0)
        return code;
    if (!found)
        value = (struct slice){&nil, 1};
    for (size_t i = 0; i < t->live->count; i++)
        if (!dot_equal(&t->live->ops[i].merge.dot, &t->dot)) {
            value = t->live->ops[i].merge.value;
            break;
        }
    return edit_set_over(t->edit, t->field, value, &t->dot, 1, e);
}

/* Writes over a contribution to a sum, or an element of a set. */
static int put_back_part(struct undoing *w, const struct taken *t, struct error *e)
{
    struct slice value = t->op->value;
    int found, code = value_before(w, t->op, &value, &found, e);
    enum change_action action = t->op->action == CHANGE_REMOVE ? CHANGE_ADD : CHANGE_REMOVE;
    if (code != 0)
        return code;
    if (schema_traits(t->field)->adds_up) {
        action = found ? CHANGE_ADD : CHANGE_REMOVE;
        value = found ? value : t->op->value;
    } else {
        value = t->op->value;
        if (action == CHANGE_ADD && !found)
            return 0; /* it took out what a person had taken out before */
    }
    if (value.size != 0)
        change_draft_op(&t->edit->draft, t->field->number, action, value, &t->dot, 1);
    return 0;
}

/* What an import had seen: the ops of imports. */
static int was_imported(void *arg, const struct dot *dot, const struct id *op_author, struct error *e)
{
    (void)op_author;
    (void)e;
    return said_wrote(arg, dot);
}

/* Takes a void back, or voids again what the import brought back. */
static int put_back_void(struct undoing *w, const struct taken *t, const struct id *record, struct error *e)
{
    static const uint8_t nil = 0xc0;
    struct said said;
    int code;
    if (!slice_is_nil(t->op->value))
        return edit_set_over(t->edit, t->field, (struct slice){&nil, 1}, &t->dot, 1, e);
    if ((code = said_load(w->u->central->db, &t->dot.device, record, &said, e)) == 0) {
        t->edit->seen = (struct edit_seen){was_imported, &said};
        code = edit_void(t->edit, e);
        t->edit->seen = (struct edit_seen){NULL, NULL};
    }
    said_free(&said);
    return code;
}

static int take_op_back(struct undoing *w, struct edit *edit, const struct change *c, size_t index, struct error *e)
{
    const struct schema_field *field = schema_field(edit->kind, c->ops[index].field);
    struct record_field live;
    struct taken t = {edit, field, &c->ops[index], {c->device, c->epoch, c->seq, (unsigned)index}, &live};
    int lives = 0, code;
    if (field == NULL || field->number == FIELD_SEEN || field->number == FIELD_SOURCE_ID)
        return 0;
    if ((code = record_field_load(w->u->central->db, &c->record, edit->kind, field, &live, e)) != 0)
        goto out;
    for (size_t i = 0; i < live.count; i++)
        lives |= dot_equal(&live.ops[i].merge.dot, &t.dot);
    if (!lives)
        code = say_it_stays(w, edit->kind, &c->record, field, e);
    else if (field->number == FIELD_VOID)
        code = put_back_void(w, &t, &c->record, e);
    else
        code = schema_holds_one(field) ? put_back(w, &t, e) : put_back_part(w, &t, e);
out:
    record_field_free(&live);
    return code;
}

static int take_change_back(struct undoing *w, const struct written *one, struct error *e)
{
    struct log_entry *entry = malloc(sizeof *entry);
    struct edit edit;
    int code;
    if (entry == NULL)
        return error_memory(e);
    if ((code = log_load(w->u->central->db, one->entry, 1, &w->memory, entry, e)) != 0) {
        free(entry);
        return code;
    }
    code = edit_open(&edit, w->u->central->db, &one->record, e);
    for (size_t i = 0; code == 0 && i < entry->change.op_count; i++)
        code = take_op_back(w, &edit, &entry->change, i, e);
    free(entry);
    if (code != 0) {
        edit_free(&edit);
        return code;
    }
    w->u->changed += edit.draft.op_count != 0;
    return central_write(w->u->central, &edit, "an import is taken back", e);
}

/* --- all of it --- */

enum { FAILED = -1, STOOD, TOOK_DOWN, TAKEN_DOWN };

/* STOOD: the record stood before the import. TOOK_DOWN: this change took it down; TAKEN_DOWN: another one of the import
 * did. */
static int how_began(struct undoing *w, const struct written *one, struct error *e)
{
    sqlite3_stmt *s;
    struct dot dot;
    int64_t entry;
    if (db_first(w->u->central->db, &s, e,
                 "SELECT id, device, seq FROM entry WHERE record = ? AND held = 0 ORDER BY position LIMIT 1", "d",
                 &one->record) != 1)
        return FAILED;
    entry = db_int(s, 0);
    dot = (struct dot){db_id(s, 1), 1, db_uint(s, 2), 0};
    db_done(w->u->central->db, s);
    return entry == one->entry ? TOOK_DOWN : is_of_import(w, &dot) ? TAKEN_DOWN : STOOD;
}

static int take_all_back(struct undoing *w, struct error *e)
{
    struct record_place place;
    int code = 0;
    for (size_t i = w->count; code == 0 && i > 0; i--) {
        const struct written *one = &w->changes[i - 1];
        int how = how_began(w, one, e);
        if (how == FAILED)
            return error_code(e);
        if (how == STOOD)
            code = take_change_back(w, one, e);
        else if (how == TOOK_DOWN && (code = record_find(w->u->central->db, &one->record, &place, e)) == 0)
            code = void_record(w, &place, &one->record, e);
    }
    return code;
}

/* E_NOT_FOUND, E_REFUSED: it cannot be taken back. source: of the import. */
static int check(struct import_undo *u, char *source, size_t source_max, struct error *e)
{
    struct db *db = u->central->db;
    sqlite3_stmt *s;
    int undoes, undone,
        row = db_first(db, &s, e,
                       "SELECT source, undoes IS NOT NULL, EXISTS(SELECT 1 FROM \"import\" o WHERE "
                       "o.undoes = i.id) FROM \"import\" i WHERE id = id_text(?)",
                       "d", &u->import);
    if (row != 1)
        return row < 0 ? error_code(e) : error_set(e, E_NOT_FOUND, "there is no such import");
    (void)snprintf(source, source_max, "%s", db_text(s, 0));
    undoes = (int)db_int(s, 1);
    undone = (int)db_int(s, 2);
    db_done(db, s);
    if (undone)
        return error_set(e, E_REFUSED, "this import is taken back already");
    return undoes ? error_set(e, E_REFUSED,
                              "this is the taking back of an import; import the export again if it was right after all")
                  : 0;
}

static int write_taking_back(struct import_undo *u, const char *source, struct error *e)
{
    char now[CLOCK_TEXT];
    struct central_field fields[] = {
        {"source", .text = source}, {"undoes", .id = &u->import}, {"ended", .text = now}, {.name = NULL}};
    if (clock_text(u->central->author.wall(), now) != 0)
        fields[2].name = NULL;
    return central_write_record(u->central,
                                &(struct central_record){.kind = KIND_IMPORT, .record = &u->id, .fields = fields}, e);
}

int import_undo(struct import_undo *u, struct error *e)
{
    struct undoing w = {.u = u};
    struct id session = u->central->author.session;
    char source[160];
    int code = check(u, source, sizeof source, e);
    if (code != 0)
        return code;
    u->id = u->central->author.session = id_new(u->central->author.wall());
    if ((code = list_changes(&w, e)) == 0 && (code = write_taking_back(u, source, e)) == 0 &&
        (code = take_all_back(&w, e)) == 0)
        code = db_run(u->central->db, e, "DELETE FROM import_row WHERE import = ?", "d", &u->import);
    u->central->author.session = session;
    log_memory_free(&w.memory);
    log_memory_free(&w.before);
    free(w.changes);
    return code;
}
