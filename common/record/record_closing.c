/* Closings: a case that was closed, a plan that was completed or ended early.
 *
 *   The change that closes a record carries, on the field `seen`, how far its author had seen the case: for each device
 *   and epoch the last of its changes in it. What lives in the scope beyond that, and was written by somebody else who
 *   did not know of the closing, contests it, as an edit contests a void (record_void.c). Whoever knew of the closing
 *   names its dot, on the field `seen` of the own change.
 *
 * The table closing has the closings of records whose live statuses are all of them closings that carry what was seen,
 * and agree: everything else is decided by the status alone. Each has a witness: a change that contests it; 0: none
 * does; NULL: that must be looked up. So a change costs a look at its own, whatever the case has gone through. A
 * record is contested if every closing of it has a witness. */
#include "record_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct closing {
    struct id record;
    unsigned kind, field; /* the record's; field: its status */
    int64_t entry;
    int64_t witness; /* -1: to be looked up */
    struct dot dot;  /* of the op that closes */
    struct id author;
    struct dot *seen;
    size_t seen_count;
};
struct closings {
    size_t count;
    struct closing *all;
};

static void free_closings(struct closings *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->all[i].seen);
    free(c->all);
    *c = (struct closings){0, NULL};
}

/* --- what a change says --- */

/* The op on the field `seen`; NULL: there is none. */
static const struct change_op *seen_op(const struct change *c)
{
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == FIELD_SEEN)
            return &c->ops[i];
    return NULL;
}

/* The status that an op of a change writes to; NULL: it writes to none. */
static const struct schema_field *status_of(const struct change *c, size_t op)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    const struct schema_field *field =
        kind != NULL && kind->place == SCHEMA_CASE ? schema_field(kind, c->ops[op].field) : NULL;
    return field != NULL && field->policy == SCHEMA_STATUS ? field : NULL;
}

int record_closes(const struct change *c)
{
    for (size_t i = 0; i < c->op_count; i++) {
        const struct schema_field *field = status_of(c, i);
        if (field != NULL && schema_closes(field, c->ops[i].value))
            return 1;
    }
    return 0;
}

int record_is_import(const struct change *c)
{
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == FIELD_SOURCE_HASH)
            return 1;
    return 0;
}

/* 1: of the dots, in order, one is of that device and epoch, with that number or a later one. */
static int reaches(const struct dot *dots, size_t count, const struct dot *change)
{
    const struct dot end = {change->device, change->epoch, UINT64_MAX, UINT_MAX};
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dot_compare(&dots[middle], &end) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low != 0 && id_equal(&dots[low - 1].device, &change->device) && dots[low - 1].epoch == change->epoch &&
           dots[low - 1].seq >= change->seq;
}

/* *knew: 1 if the change says that its author knew of the closing; 0: it does not. */
static int knew_of(const struct closing *k, const struct change *c, int *knew, struct error *e)
{
    const struct change_op *op = seen_op(c);
    struct dot *dots;
    size_t count;
    int code;
    *knew = 0;
    if (op == NULL)
        return 0;
    if ((code = record_dots_read(op->value, &dots, &count, e)) != 0)
        return code;
    if (record_closes(c))
        *knew = reaches(dots, count, &k->dot);
    for (size_t i = 0; i < count && !*knew; i++)
        *knew = dot_equal(&dots[i], &k->dot);
    free(dots);
    return 0;
}

/* 1: something that a person wrote in the change lives; 0: nothing. live: as in applied. */
static int has_words(const struct change *c, struct slice live)
{
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field != FIELD_SEEN && i / 8 < live.size && (live.p[i / 8] >> i % 8 & 1) != 0)
            return 1;
    return 0;
}

/* *contests: 1 if the change, of which something lives, contests the closing. */
static int contests(const struct closing *k, const struct change *c, int *contests, struct error *e)
{
    const struct dot first = {c->device, c->epoch, c->seq, 0};
    int knew = 0, code = 0;
    *contests = 0;
    if (id_equal(&c->author, &k->author) || reaches(k->seen, k->seen_count, &first) || !schema_is_dealt(c->kind) ||
        schema_is_office_only(c->kind) || record_is_import(c))
        return 0;
    code = knew_of(k, c, &knew, e);
    *contests = code == 0 && !knew;
    return code;
}

/* --- the closings of a scope --- */

/* Takes a row: record, kind, field, entry, op, witness, header, body. */
static int take_closing(sqlite3_stmt *s, struct closings *list, struct error *e)
{
    struct closing *more = realloc(list->all, (list->count + 1) * sizeof *more), *k;
    const struct change_op *op;
    struct change c;
    if (more == NULL)
        return error_memory(e);
    list->all = more;
    if (change_read(db_slice(s, 6), db_slice(s, 7), &c, e) != 0)
        return error_set(e, E_VERIFY, "a change in the store cannot be read; run a check of the store");
    k = &list->all[list->count];
    memset(k, 0, sizeof *k);
    k->record = db_id(s, 0);
    k->kind = (unsigned)db_uint(s, 1);
    k->field = (unsigned)db_uint(s, 2);
    k->entry = db_int(s, 3);
    k->witness = db_is_null(s, 5) ? -1 : db_int(s, 5);
    k->dot = (struct dot){c.device, c.epoch, c.seq, (unsigned)db_uint(s, 4)};
    k->author = c.author;
    list->count++;
    if ((op = seen_op(&c)) == NULL)
        return 0; /* the body was erased, as the law asked */
    return record_dots_read(op->value, &k->seen, &k->seen_count, e);
}

/* Loads the closings of a scope, by their records. The caller frees *out with free_closings, on failure too. */
static int load_closings(struct db *db, const struct id *scope, struct closings *out, struct error *e)
{
    static const char sql[] =
        "SELECT closing.record, entry.kind, closing.field, closing.entry, closing.op, closing.witness, entry.header, "
        "entry.body FROM closing JOIN entry ON entry.id = closing.entry WHERE closing.scope = ? ORDER BY "
        "closing.record, closing.field, closing.entry, closing.op";
    sqlite3_stmt *s;
    int row, code;
    *out = (struct closings){0, NULL};
    if ((code = db_query(db, &s, e, sql, "d", scope)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1)
        if ((code = take_closing(s, out, e)) != 0) {
            db_done(db, s);
            return code;
        }
    return row < 0 ? e->code : 0;
}

/* --- who contests --- */

#define CANDIDATE                                                                                                      \
    "SELECT entry.id, entry.device, entry.epoch, entry.seq, applied.live, entry.header, entry.body, entry.position, "  \
    "entry.received FROM entry JOIN applied ON applied.entry = entry.id JOIN place ON place.record = entry.record "    \
    "WHERE entry.held = 0 AND applied.live IS NOT NULL AND place.voided = 0 AND entry.body IS NOT NULL AND "

/* 1: the entry closes the same record, as one of those that agree. */
static int is_closing_too(const struct closing *all, size_t count, int64_t entry)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].entry == entry)
            return 1;
    return 0;
}

/* *which: a bit for each of the closings, up to 64 of one record, that the row of CANDIDATE contests. */
static int look_at(sqlite3_stmt *s, const struct closing *all, size_t count, struct change *c, uint64_t *which,
                   struct error *e)
{
    const struct dot first = {db_id(s, 1), db_uint(s, 2), db_uint(s, 3), 0};
    int open = 0, one, code = 0;
    *which = 0;
    for (size_t i = 0; i < count; i++)
        open |= !reaches(all[i].seen, all[i].seen_count, &first);
    if (!open || is_closing_too(all, count, db_int(s, 0)))
        return 0;
    if (change_read(db_slice(s, 5), db_slice(s, 6), c, e) != 0)
        return error_set(e, E_VERIFY, "a change in the store cannot be read; run a check of the store");
    if (!has_words(c, db_slice(s, 4)))
        return 0;
    for (size_t i = 0; i < count && i < 64 && code == 0; i++) {
        code = contests(&all[i], c, &one, e);
        *which |= (uint64_t)(code == 0 && one) << i;
    }
    return code;
}

/* Looks at one entry. Arguments as in look_at. */
static int ask_one(struct db *db, int64_t entry, const struct closing *all, size_t count, uint64_t *which,
                   struct error *e)
{
    struct change *c;
    sqlite3_stmt *s;
    int row, code = 0;
    *which = 0;
    if ((row = db_first(db, &s, e, CANDIDATE "entry.id = ?", "i", entry)) <= 0)
        return row < 0 ? e->code : 0;
    if ((c = malloc(sizeof *c)) == NULL)
        code = error_memory(e);
    else
        code = look_at(s, all, count, c, which, e);
    free(c);
    db_done(db, s);
    return code;
}

/* Finds a witness for the closing k of those of one record, the latest first. *witness: 0: there is none. */
static int find_witness(struct db *db, const struct id *scope, const struct closing *all, size_t count, size_t k,
                        int64_t *witness, struct error *e)
{
    struct change *c = malloc(sizeof *c);
    sqlite3_stmt *s;
    uint64_t which;
    int row = 0, code;
    *witness = 0;
    if (c == NULL)
        return error_memory(e);
    code = db_query(db, &s, e, CANDIDATE "entry.scope = ? ORDER BY entry.position DESC", "d", scope);
    while (code == 0 && *witness == 0 && (row = db_next(db, s, e)) == 1) {
        code = look_at(s, all, count, c, &which, e);
        if (code == 0 && (which >> k & 1) != 0)
            *witness = db_int(s, 0);
        if (code != 0 || *witness != 0)
            db_done(db, s);
    }
    free(c);
    return code != 0 ? code : row < 0 ? e->code : 0;
}

/* --- what follows --- */

/* Writes down whether the status of the record of these closings is contested by what its closers had not seen. */
static int write_down(struct db *db, const struct id *scope, const struct closing *k, int contested, struct error *e)
{
    const struct change at = {.record = k->record, .scope = *scope, .kind = k->kind};
    const struct schema_kind *kind = schema_kind(k->kind);
    int changed = 0, code,
        noted = db_exists(db, e, "SELECT 1 FROM conflict WHERE record = ? AND field = ?", "du", &k->record,
                          (uint64_t)k->field);
    if (noted < 0 || noted == contested || kind == NULL)
        return noted < 0 ? e->code : 0;
    if ((code = record_show_conflict(db, &at, k->field, contested ? MERGE_LOUD : MERGE_AGREED, &changed, e)) != 0)
        return code;
    return record_show_mark(db, kind, &k->record, e);
}

/* Brings the witness of one closing up to date. news: the entry that has come; 0: anything may have changed. */
static int follow_one(struct db *db, const struct id *scope, int64_t news, struct closing *all, size_t count, size_t k,
                      struct error *e)
{
    int64_t witness = all[k].witness;
    uint64_t which = 0;
    int code = 0;
    if (witness > 0 && (code = ask_one(db, witness, all, count, &which, e)) != 0)
        return code;
    if (witness > 0 && (which >> k & 1) != 0)
        return 0;
    if (witness == 0 && news != 0) {
        if ((code = ask_one(db, news, all, count, &which, e)) != 0)
            return code;
        witness = (which >> k & 1) != 0 ? news : 0;
    } else if ((code = find_witness(db, scope, all, count, k, &witness, e)) != 0) {
        return code;
    }
    if (witness == all[k].witness)
        return 0;
    all[k].witness = witness;
    return db_run(db, e, "UPDATE closing SET witness = ? WHERE record = ? AND entry = ? AND op = ?", "idiu", witness,
                  &all[k].record, all[k].entry, (uint64_t)all[k].dot.index);
}

/* How many closings from number i on are of one status. */
static size_t alike(const struct closings *list, size_t i)
{
    size_t count = 1;
    while (i + count < list->count && list->all[i].field == list->all[i + count].field &&
           id_equal(&list->all[i].record, &list->all[i + count].record))
        count++;
    return count;
}

static int follow_scope(struct db *db, const struct id *scope, int64_t news, struct error *e)
{
    struct closings list;
    int code = load_closings(db, scope, &list, e);
    for (size_t i = 0, count; code == 0 && i < list.count; i += count) {
        int contested = 1;
        count = alike(&list, i);
        for (size_t k = 0; code == 0 && k < count; k++) {
            code = follow_one(db, scope, news, &list.all[i], count, k, e);
            contested = contested && list.all[i + k].witness > 0;
        }
        if (code == 0)
            code = write_down(db, scope, &list.all[i], contested, e);
    }
    free_closings(&list);
    return code;
}

int record_closing_scope(struct db *db, const struct id *scope, struct error *e)
{
    return follow_scope(db, scope, 0, e);
}

/* Writes the closings of a status of a change's record anew. */
static int note_closings(struct db *db, const struct change *c, const struct schema_field *field, struct error *e)
{
    static const char sql[] =
        "INSERT INTO closing(record, entry, op, field, scope) SELECT op.record, op.entry, op.op, op.field, ?3 FROM op "
        "WHERE op.record = ?1 AND op.field = ?2";
    struct record_live live;
    int closed = 1, code = db_run(db, e, "DELETE FROM closing WHERE record = ? AND field = ?", "du", &c->record,
                                  (uint64_t)field->number);
    if (code != 0)
        return code;
    if ((code = record_field_live(db, &c->record, field->number, &live, e)) == 0) {
        for (size_t i = 0; i < live.count; i++)
            closed =
                closed && schema_closes(field, live.ops[i].value) && slice_equal(live.ops[0].value, live.ops[i].value);
        closed = closed && live.count != 0 && live.count <= 64;
    }
    record_field_forget(&live);
    if (code != 0 || !closed)
        return code;
    return db_run(db, e, sql, "dud", &c->record, (uint64_t)field->number, &c->scope);
}

/* Takes out the closings of a record if one of them does not say what its author had seen. */
static int drop_silent(struct db *db, const struct id *record, unsigned field, struct error *e)
{
    struct change *c = malloc(sizeof *c);
    sqlite3_stmt *s;
    int silent = 0, row = 0, code;
    if (c == NULL)
        return error_memory(e);
    code = db_query(db, &s, e,
                    "SELECT entry.header, entry.body FROM closing JOIN entry ON entry.id = closing.entry WHERE "
                    "closing.record = ? AND closing.field = ?",
                    "du", record, (uint64_t)field);
    while (code == 0 && !silent && (row = db_next(db, s, e)) == 1) {
        if (change_read(db_slice(s, 0), db_slice(s, 1), c, e) != 0)
            code = error_set(e, E_VERIFY, "a change in the store cannot be read; run a check of the store");
        silent = code == 0 && seen_op(c) == NULL;
        if (code != 0 || silent)
            db_done(db, s);
    }
    free(c);
    if (code == 0 && row < 0)
        code = e->code;
    if (code == 0 && silent)
        code = db_run(db, e, "DELETE FROM closing WHERE record = ? AND field = ?", "du", record, (uint64_t)field);
    return code;
}

int record_closing_follow(struct db *db, int64_t entry, const struct change *c, struct error *e)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    const struct schema_field *status;
    int any, voids, code = 0;
    if (id_is_zero(&c->scope) || (kind != NULL && kind->place != SCHEMA_CASE))
        return 0;
    for (size_t i = 0; i < c->op_count && code == 0; i++)
        if ((status = status_of(c, i)) != NULL && (code = note_closings(db, c, status, e)) == 0)
            code = drop_silent(db, &c->record, status->number, e);
    if (code != 0)
        return code;
    any = db_exists(db, e, "SELECT 1 FROM closing WHERE scope = ? LIMIT 1", "d", &c->scope);
    if (any <= 0)
        return any < 0 ? e->code : 0;
    /* A record that is voided, or comes back, does so with all that was written in it. */
    voids = db_exists(db, e, "SELECT 1 FROM op WHERE record = ? AND field = ?", "du", &c->record, (uint64_t)FIELD_VOID);
    if (voids < 0)
        return e->code;
    for (size_t i = 0; i < c->op_count; i++)
        voids |= c->ops[i].field == FIELD_VOID;
    if (voids && (code = db_run(db, e, "UPDATE closing SET witness = NULL WHERE scope = ?", "d", &c->scope)) != 0)
        return code;
    return follow_scope(db, &c->scope, voids ? 0 : entry, e);
}

/* --- for readers --- */

int record_closing_contest(struct db *db, const struct id *record, const struct schema_field *field,
                           int (*each)(void *arg, const struct record_unseen *u, struct error *e), void *arg,
                           struct error *e)
{
    struct closings list = {0, NULL};
    struct record_place place;
    struct change *c = malloc(sizeof *c);
    size_t first = 0, count = 0;
    sqlite3_stmt *s;
    uint64_t which;
    struct error own;
    int row = 0, code;
    if (e == NULL)
        e = &own;
    code = c == NULL ? error_memory(e) : record_find(db, record, &place, e);
    if (code == 0)
        code = load_closings(db, &place.scope, &list, e);
    while (first < list.count && (list.all[first].field != field->number || !id_equal(&list.all[first].record, record)))
        first++;
    count = first < list.count ? alike(&list, first) : 0;
    if (code == 0 && count != 0)
        code = db_query(db, &s, e,
                        CANDIDATE "entry.scope = ? ORDER BY entry.position IS NULL, entry.position, "
                                  "entry.device, entry.epoch, entry.seq",
                        "d", &place.scope);
    while (code == 0 && count != 0 && (row = db_next(db, s, e)) == 1) {
        code = look_at(s, list.all + first, count, c, &which, e);
        if (code == 0 && which != 0) {
            struct record_unseen u = {c, db_slice(s, 4), db_is_null(s, 7) ? MERGE_NOT_ACCEPTED : db_uint(s, 7),
                                      db_uint(s, 8)};
            code = each(arg, &u, e);
        }
        if (code != 0)
            db_done(db, s);
    }
    free(c);
    free_closings(&list);
    return code != 0 ? code : row < 0 ? e->code : 0;
}

/* --- for who closes --- */

struct looking {
    struct db *db;
    const struct record_seeing *seeing;
    const struct closing *before; /* the record's own closings, which end with the new one */
    size_t before_count;
};

/* 1: the author was shown everything that lives of a change, or it contests no closing that the author ends, so that
 * it was settled when that was written; 0: not; -1: failed. */
static int was_seen(const struct looking *l, const struct change *c, struct slice live, struct error *e)
{
    struct dot dot = {c->device, c->epoch, c->seq, 0};
    int shown = 1, one;
    if (id_equal(&c->author, &l->seeing->author) || !schema_is_dealt(c->kind) || schema_is_office_only(c->kind) ||
        record_is_import(c))
        return 1;
    for (size_t i = 0; i < l->before_count; i++) {
        if (contests(&l->before[i], c, &one, e) != 0)
            return -1;
        if (!one)
            return 1;
    }
    for (dot.index = 0; dot.index < c->op_count && shown == 1; dot.index++)
        if (c->ops[dot.index].field != FIELD_SEEN && dot.index / 8 < live.size &&
            (live.p[dot.index / 8] >> dot.index % 8 & 1) != 0)
            shown = l->seeing->was_shown(l->seeing->arg, &dot, &c->author, e);
    return shown;
}

/* Goes through the entries of a scope, by device, epoch and seq, and lists how far each was seen without a gap. What
 * stands in a voided record contests nothing and is no gap; if it comes back, the change that brings it does. */
static int list_seen(const struct looking *l, const struct id *scope, struct dot *dots, size_t *count, struct error *e)
{
    struct change *c = malloc(sizeof *c);
    struct dot last = {.epoch = 0};
    int row = 0, gap = 0, seen, code;
    sqlite3_stmt *s;
    if (c == NULL)
        return error_memory(e);
    code = db_query(l->db, &s, e,
                    "SELECT entry.header, entry.body, applied.live, place.voided FROM entry JOIN applied ON "
                    "applied.entry = entry.id LEFT JOIN place ON place.record = entry.record WHERE entry.scope = ? AND "
                    "entry.held = 0 ORDER BY entry.device, entry.epoch, entry.seq",
                    "d", scope);
    while (code == 0 && (row = db_next(l->db, s, e)) == 1) {
        if (change_read(db_slice(s, 0), db_slice(s, 1), c, e) != 0) {
            code = error_set(e, E_VERIFY, "a change in the store cannot be read; run a check of the store");
        } else {
            int next = !id_equal(&last.device, &c->device) || last.epoch != c->epoch;
            gap = gap && !next;
            last = (struct dot){c->device, c->epoch, c->seq, 0};
            seen = gap ? 0 : db_int(s, 3) != 0 ? 1 : was_seen(l, c, db_slice(s, 2), e);
            code = seen < 0 ? e->code : 0;
            gap = !seen;
            if (seen == 1 && *count != 0 && id_equal(&dots[*count - 1].device, &c->device) &&
                dots[*count - 1].epoch == c->epoch)
                dots[*count - 1] = last;
            else if (seen == 1 && *count < RECORD_SEEN_MAX)
                dots[(*count)++] = last;
        }
        if (code != 0)
            db_done(l->db, s);
    }
    free(c);
    return code != 0 ? code : row < 0 ? e->code : 0;
}

int record_closing_seen(struct db *db, const struct id *scope, const struct id *record,
                        const struct record_seeing *seeing, struct pack *value, struct error *e)
{
    struct looking l = {db, seeing, NULL, 0};
    struct dot *dots = calloc(RECORD_SEEN_MAX, sizeof *dots);
    struct closings list = {0, NULL};
    size_t first = 0, count = 0;
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    code = dots == NULL ? error_memory(e) : load_closings(db, scope, &list, e);
    while (first < list.count && !id_equal(&list.all[first].record, record))
        first++;
    while (first + l.before_count < list.count && id_equal(&list.all[first + l.before_count].record, record))
        l.before_count++;
    l.before = l.before_count == 0 ? NULL : &list.all[first];
    if (code == 0 && (code = list_seen(&l, scope, dots, &count, e)) == 0) {
        pack_array(value, count);
        for (size_t i = 0; i < count; i++)
            dot_pack(value, &dots[i]);
    }
    free(dots);
    free_closings(&list);
    return code;
}

int record_closing_known(struct db *db, const struct id *scope,
                         int (*each)(void *arg, const struct dot *closing, const struct id *author, struct error *e),
                         void *arg, struct error *e)
{
    struct closings list;
    struct error own;
    int code = load_closings(db, scope, &list, e == NULL ? &own : e);
    for (size_t i = 0; code == 0 && i < list.count; i++)
        code = each(arg, &list.all[i].dot, &list.all[i].author, e);
    free_closings(&list);
    return code;
}
