/* The live ops of one field, read from op and from the entries that they stand in. A value is cut out of the body by
 * its offset and size, so that a change of many fields is not decoded for one of them. */
#include "record_private.h"

#include <stdlib.h>
#include <string.h>

static int room_for_op(struct record_live *live, struct error *e)
{
    size_t room = live->room == 0 ? 4 : 2 * live->room;
    struct merge_op *ops;
    struct record_who *who;
    if (live->count < live->room)
        return 0;
    if ((ops = realloc(live->ops, room * sizeof *ops)) == NULL)
        return error_memory(e);
    live->ops = ops;
    if ((who = realloc(live->who, room * sizeof *who)) == NULL)
        return error_memory(e);
    live->who = who;
    live->room = room;
    return 0;
}

/* Takes a row: device, epoch, seq, op, position, received, header, action, value. Only the value's size is kept here,
 * since the text that holds the values moves while it grows. */
static int take_row(sqlite3_stmt *s, struct record_live *live, struct change *header, struct error *e)
{
    struct slice value = db_slice(s, 8);
    struct merge_op *op;
    int code;
    if (value.p == NULL) /* the body is gone, and no skeleton is known */
        return 0;
    if ((code = room_for_op(live, e)) != 0)
        return code;
    if (change_read_known(db_slice(s, 6), header, e) != 0)
        return error_set(e, E_VERIFY, "a header in the store cannot be read; run a check of the store");
    op = &live->ops[live->count];
    memset(op, 0, sizeof *op);
    op->dot = (struct dot){db_id(s, 0), db_uint(s, 1), db_uint(s, 2), (unsigned)db_uint(s, 3)};
    op->position = db_is_null(s, 4) ? MERGE_NOT_ACCEPTED : db_uint(s, 4);
    op->received_ms = db_uint(s, 5);
    op->hlc = header->hlc;
    op->action = (enum change_action)db_int(s, 7);
    op->value.size = value.size;
    op->tag = live->count;
    live->who[live->count++] = (struct record_who){header->author, header->wall_ms};
    record_text_add(&live->values, (const char *)value.p, value.size);
    return record_text_check(&live->values, e);
}

/* Sets where an op's value stands, now that the values do not move any more. An erased one has no bytes. */
static void point_at_value(struct record_live *live, size_t i, size_t *at)
{
    static const uint8_t nothing;
    struct slice *value = &live->ops[i].value;
    value->p = value->size == 0 ? &nothing : (const uint8_t *)live->values.p + *at;
    *at += value->size;
}

int record_field_live(struct db *db, const struct id *record, unsigned field, struct record_live *out, struct error *e)
{
    static const char sql[] =
        "SELECT entry.device, entry.epoch, entry.seq, op.op, entry.position, entry.received, entry.header, op.action, "
        "substr(" LOG_VALUES ", op.at + 1, op.size) "
        "FROM op CROSS JOIN entry ON entry.id = op.entry WHERE op.record = ? AND op.field = ?";
    struct change header;
    sqlite3_stmt *s;
    size_t at = 0;
    int row, code;
    memset(out, 0, sizeof *out);
    if ((code = db_query(db, &s, e, sql, "du", record, (uint64_t)field)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = take_row(s, out, &header, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    if (row < 0)
        return e->code;
    for (size_t i = 0; i < out->count; i++)
        point_at_value(out, i, &at);
    return 0;
}

/* --- the ops of other changes, for one change --- */

static int is_touched(const struct change *c, unsigned field)
{
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == field)
            return 1;
    return 0;
}

/* Takes one op of an entry's row: position, received, header, body. Only the value's size is kept here. */
static int take_op(sqlite3_stmt *s, const struct change *header, const struct record_life *life,
                   struct record_live *live, struct error *e)
{
    struct slice body = db_slice(s, 3);
    struct merge_op *op = &live->ops[live->count];
    if (body.p == NULL) /* it is gone, and no skeleton is known */
        return 0;
    if (life->at > body.size || life->size > body.size - life->at)
        return error_set(e, E_VERIFY, "a change's body in the store is too short; run a check of the store");
    memset(op, 0, sizeof *op);
    op->dot = (struct dot){header->device, header->epoch, header->seq, life->op};
    op->position = db_is_null(s, 0) ? MERGE_NOT_ACCEPTED : db_uint(s, 0);
    op->received_ms = db_uint(s, 1);
    op->hlc = header->hlc;
    op->action = (enum change_action)life->action;
    op->value.size = life->size;
    op->tag = life->field;
    live->count++;
    record_text_add(&live->values, (const char *)body.p + life->at, life->size);
    return record_text_check(&live->values, e);
}

/* Takes those ops of an entry that are on a field of the change. */
static int take_entry(struct db *db, const struct record_living *living, const struct change *c, int64_t entry,
                      struct record_live *live, struct error *e)
{
    struct change header;
    sqlite3_stmt *s;
    int row, code = 0;
    if ((row = db_first(db, &s, e, "SELECT position, received, header, " LOG_VALUES " FROM entry WHERE id = ?", "i",
                        entry)) < 0)
        return e->code;
    if (row == 0)
        return error_set(e, E_VERIFY, "the log lacks an entry that the record needs; run a check of the store");
    if (change_read_known(db_slice(s, 2), &header, e) != 0)
        code = error_set(e, E_VERIFY, "a header in the store cannot be read; run a check of the store");
    for (size_t i = 0; i < living->count && code == 0; i++)
        if (living->ops[i].entry == entry && is_touched(c, living->ops[i].field))
            code = take_op(s, &header, &living->ops[i], live, e);
    db_done(db, s);
    return code;
}

int record_field_others(struct db *db, const struct record_living *living, const struct change *c,
                        struct record_live *out, struct error *e)
{
    size_t at = 0;
    int code = 0;
    memset(out, 0, sizeof *out);
    out->room = living->count;
    if (out->room != 0 && (out->ops = calloc(out->room, sizeof *out->ops)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < living->count && code == 0; i++) {
        size_t first = 0;
        if (!is_touched(c, living->ops[i].field))
            continue;
        while (living->ops[first].entry != living->ops[i].entry || !is_touched(c, living->ops[first].field))
            first++;
        if (first == i)
            code = take_entry(db, living, c, living->ops[i].entry, out, e);
    }
    for (size_t i = 0; i < out->count; i++)
        point_at_value(out, i, &at);
    return code;
}

void record_field_forget(struct record_live *live)
{
    free(live->ops);
    free(live->who);
    record_text_free(&live->values);
    memset(live, 0, sizeof *live);
}

/* *out: MERGE_LOUD if the table conflict says that the void of a record, or a status on which all agree, is contested.
 * merge_show cannot know that. */
static int is_contested(struct db *db, const struct record_field_at *at, enum merge_conflict *out, struct error *e)
{
    int row;
    if ((row = db_exists(db, e, "SELECT 1 FROM conflict WHERE record = ? AND field = ?", "du", at->record,
                         (uint64_t)at->field->number)) < 0)
        return e->code;
    *out = row == 1 ? MERGE_LOUD : MERGE_AGREED;
    return 0;
}

int record_field_read(struct db *db, const struct record_field_at *at, enum record_wants wants,
                      struct record_field *out, struct error *e)
{
    struct record_contest contest = {.kind = at->kind, .field = at->field, .record = at->record};
    struct record_live live;
    int may_be, code;
    memset(out, 0, sizeof *out);
    if ((code = record_field_live(db, at->record, at->field->number, &live, e)) != 0 ||
        (code = record_contest_show(db, &contest, live.ops, live.count, wants, e)) != 0)
        goto out;
    out->shown = contest.shown;
    may_be = at->field->number == FIELD_VOID ||
             (at->field->policy == SCHEMA_STATUS && out->shown.conflict == MERGE_AGREED && live.count != 0);
    if (may_be && (code = is_contested(db, at, &out->shown.conflict, e)) != 0)
        goto out;
    out->unseen = may_be && at->field->number != FIELD_VOID && out->shown.conflict == MERGE_LOUD;
    if (live.count != 0 && (out->ops = calloc(live.count, sizeof *out->ops)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    for (size_t i = 0; i < live.count; i++) {
        const struct record_who *who = &live.who[live.ops[i].tag];
        out->ops[i] = (struct record_op){live.ops[i], who->author, who->wall_ms};
    }
    out->count = live.count;
    out->memory = live.values.p;
    out->memory_bytes = live.values.used;
    live.values = (struct record_text){NULL, 0, 0, 0};
    out->merged = contest.merged;
    contest.merged = NULL;
    out->newer_rule = contest.newer_rule;
out:
    record_contest_free(&contest);
    record_field_forget(&live);
    return code;
}

int record_field_load(struct db *db, const struct id *record, const struct schema_kind *kind,
                      const struct schema_field *field, struct record_field *out, struct error *e)
{
    const struct record_field_at at = {record, kind, field};
    struct error own;
    return record_field_read(db, &at, RECORD_MERGED, out, e != NULL ? e : &own);
}

void record_field_free(struct record_field *f)
{
    struct record_text values = {f->memory, f->memory_bytes, f->memory_bytes, 0};
    record_text_free(&values);
    record_merged_free(f->merged);
    free(f->ops);
    memset(f, 0, sizeof *f);
}
