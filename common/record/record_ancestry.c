/* The ancestry of a field: the dead ops that its live ops superseded, what those superseded, and so on. They are not in
 * `op`; each is read from the entry that it stands in, one generation after the other. */
#include "record_private.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "skeleton.h"
#include "text.h"

enum { LOOKED_SUMS = 1024 };

/* An entry that a dot named, and which of its ops are of the field: none if the entry is not in the log, or is of
 * another record. */
struct looked_at {
    struct id device;
    uint64_t epoch, seq;
    uint8_t ops[CHANGE_OPS_MAX / 8];
    size_t next; /* the next one with the same sum: its index plus 1; 0: none */
};

struct search {
    struct db *db;
    const struct record_descendants *of;
    size_t names;
    int too_many;
    struct record_ancestry *out;
    struct looked_at *looked; /* many dots may name one large change to no purpose, so each entry is read once */
    size_t looked_count, looked_room;
    size_t heads[LOOKED_SUMS]; /* as `next` */
};

/* --- entries that were looked at --- */

static size_t sum_of(const struct dot *dot)
{
    uint64_t sum = dot->epoch * 31 + dot->seq;
    for (size_t i = 0; i < ID_BYTES; i++)
        sum = sum * 31 + dot->device.b[i];
    return sum % LOOKED_SUMS;
}

/* NULL: the entry was not looked at. */
static const struct looked_at *find_looked(const struct search *s, const struct dot *dot)
{
    for (size_t at = s->looked == NULL ? 0 : s->heads[sum_of(dot)]; at != 0; at = s->looked[at - 1].next) {
        const struct looked_at *l = &s->looked[at - 1];
        if (l->seq == dot->seq && l->epoch == dot->epoch && id_equal(&l->device, &dot->device))
            return l;
    }
    return NULL;
}

/* c NULL: no op of the entry is of the field. */
static int note_looked(struct search *s, const struct dot *dot, const struct change *c, struct error *e)
{
    size_t *head = &s->heads[sum_of(dot)];
    struct looked_at *l;
    if (s->looked_count == s->looked_room) {
        size_t room = s->looked_room == 0 ? 16 : 2 * s->looked_room;
        if ((l = realloc(s->looked, room * sizeof *l)) == NULL)
            return error_memory(e);
        s->looked = l;
        s->looked_room = room;
    }
    l = &s->looked[s->looked_count];
    *l = (struct looked_at){.device = dot->device, .epoch = dot->epoch, .seq = dot->seq, .next = *head};
    for (size_t i = 0; c != NULL && i < c->op_count; i++)
        if (c->ops[i].field == s->of->field)
            l->ops[i / 8] |= (uint8_t)(1u << i % 8);
    *head = ++s->looked_count;
    return 0;
}

/* --- one op --- */

/* Copies an op's value and list, which must outlive the row. */
static int read_op(const struct change_op *op, struct merge_op *out, struct record_ancestor *where, struct error *e)
{
    size_t size = op->value.size + op->supersedes.size;
    if ((where->bytes = malloc(size)) == NULL)
        return error_memory(e);
    where->size = size;
    memcpy(where->bytes, op->value.p, op->value.size);
    memcpy(where->bytes + op->value.size, op->supersedes.p, op->supersedes.size);
    out->action = op->action;
    out->value = (struct slice){where->bytes, op->value.size};
    out->supersedes = (struct slice){where->bytes + op->value.size, op->supersedes.size};
    return 0;
}

/* Reads the change of a row, and remembers which of its ops are of the field. */
static int read_change(struct search *s, sqlite3_stmt *row, const struct dot *dot, struct change *c, struct error *e)
{
    if (skeleton_change(db_slice(row, 3), db_slice(row, 4), db_slice(row, 5), c, e) != 0)
        return error_set(e, E_VERIFY, "a change in the store cannot be read; run a check of the store");
    return find_looked(s, dot) == NULL ? note_looked(s, dot, c, e) : 0;
}

static int take_op(sqlite3_stmt *row, const struct change *c, const struct dot *dot, struct merge_op *out,
                   struct record_ancestor *where, struct error *e)
{
    memset(out, 0, sizeof *out);
    out->dot = *dot;
    out->hlc = c->hlc;
    out->position = db_is_null(row, 1) ? MERGE_NOT_ACCEPTED : db_uint(row, 1);
    out->received_ms = db_uint(row, 2);
    where->entry = db_int(row, 0);
    return read_op(&c->ops[dot->index], out, where, e);
}

/* *found: not 0 if the op is in the record's log and applied. */
static int fetch(struct search *s, const struct dot *dot, int *found, struct merge_op *out,
                 struct record_ancestor *where, struct error *e)
{
    static const char sql[] =
        "SELECT entry.id, entry.position, entry.received, entry.header, entry.body, " LOG_SKELETON " "
        "FROM entry JOIN applied ON applied.entry = entry.id "
        "WHERE entry.device = ? AND entry.epoch = ? AND entry.seq = ? AND entry.record = ?";
    const struct looked_at *looked = find_looked(s, dot);
    struct change c;
    sqlite3_stmt *row;
    int more, code;
    *found = 0;
    if (dot->index >= CHANGE_OPS_MAX || (looked != NULL && (looked->ops[dot->index / 8] >> dot->index % 8 & 1) == 0))
        return 0;
    if ((more = db_first(s->db, &row, e, sql, "duud", &dot->device, dot->epoch, dot->seq, s->of->record)) < 0)
        return e->code;
    if (more == 0)
        return looked != NULL ? 0 : note_looked(s, dot, NULL, e);
    code = read_change(s, row, dot, &c, e);
    if (code == 0 && dot->index < c.op_count && c.ops[dot->index].field == s->of->field) {
        *found = 1;
        code = take_op(row, &c, dot, out, where, e);
    }
    db_done(s->db, row);
    return code;
}

/* --- many --- */

static int is_known(const struct search *s, const struct dot *dot)
{
    for (size_t i = 0; i < s->of->count; i++)
        if (dot_equal(&s->of->live[i].dot, dot))
            return 1;
    for (size_t i = 0; i < s->out->found_count; i++)
        if (dot_equal(&s->out->ops[i].dot, dot))
            return 1;
    return 0;
}

static int room_for_ancestor(struct record_ancestry *a, struct error *e)
{
    size_t room = a->room == 0 ? 16 : 2 * a->room;
    struct merge_op *ops;
    struct record_ancestor *found;
    if (a->found_count < a->room)
        return 0;
    if ((ops = realloc(a->ops, room * sizeof *ops)) == NULL)
        return error_memory(e);
    a->ops = ops;
    if ((found = realloc(a->found, room * sizeof *found)) == NULL)
        return error_memory(e);
    a->found = found;
    a->room = room;
    return 0;
}

/* Fetches the ops of a list that no op named before. */
static int follow(struct search *s, struct slice supersedes, struct error *e)
{
    struct record_ancestry *a = s->out;
    struct unpack r;
    unpack_start(&r, supersedes);
    for (size_t left = unpack_array(&r); left > 0 && !s->too_many; left--) {
        struct dot dot = dot_unpack(&r);
        int found = 0, code;
        if (is_known(s, &dot))
            continue;
        if ((code = room_for_ancestor(a, e)) != 0 ||
            (code = fetch(s, &dot, &found, &a->ops[a->found_count], &a->found[a->found_count], e)) != 0)
            return code;
        if (!found)
            continue;
        a->ops[a->found_count].tag = a->found_count;
        a->value_bytes += a->ops[a->found_count].value.size;
        a->found_count++;
        s->too_many = a->found_count > RECORD_ANCESTRY_OPS || a->value_bytes > TEXT_BYTES_TOGETHER;
    }
    return 0;
}

/* Counts the lists of a whole generation, before the first of them is followed. */
static void count_names(struct search *s, const struct merge_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct unpack r;
        unpack_start(&r, ops[i].supersedes);
        s->names += unpack_array(&r);
    }
    s->too_many |= s->names > RECORD_ANCESTRY_NAMES;
}

/* Fills in the live ops' own lists, which stand in the log alone. */
static int read_own(struct search *s, struct error *e)
{
    struct record_ancestry *a = s->out;
    struct merge_op *live = s->of->live;
    if ((a->own = calloc(s->of->count, sizeof *a->own)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < s->of->count; i++) {
        struct merge_op op;
        int found, code;
        if ((code = fetch(s, &live[i].dot, &found, &op, &a->own[i], e)) != 0)
            return code;
        a->own_count = i + 1;
        live[i].supersedes = found ? op.supersedes : (struct slice){NULL, 0};
    }
    return 0;
}

int record_ancestry_load(struct db *db, const struct record_descendants *of, int to_base, struct record_ancestry *out,
                         struct error *e)
{
    struct search s = {.db = db, .of = of, .out = out};
    size_t from = 0, to;
    unsigned generation = 1; /* the last that has been found as a whole */
    int code;
    memset(out, 0, sizeof *out);
    out->base.base = MERGE_NO_BASE;
    /* 1. Find the first generation: what the live ops name. */
    if ((code = read_own(&s, e)) != 0)
        goto out;
    count_names(&s, of->live, of->count);
    for (size_t i = 0; i < of->count && code == 0; i++)
        code = follow(&s, of->live[i].supersedes, e);
    /* 2. Find the others: what that one names, and so on, until nothing new is found, or there is a base. */
    while (code == 0 && !s.too_many && from < out->found_count) {
        to = out->found_count;
        if (to_base)
            out->base = merge_base(of->live, of->count, out->ops, to);
        if (out->base.generation != 0 && out->base.generation <= generation)
            break;
        count_names(&s, out->ops + from, to - from);
        for (; from < to && code == 0; from++)
            code = follow(&s, out->ops[from].supersedes, e);
        generation++;
    }
    out->count = s.too_many ? 0 : out->found_count;
out:
    free(s.looked);
    return code;
}

static void forget(struct record_ancestor *some, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (some[i].bytes != NULL)
            sodium_memzero(some[i].bytes, some[i].size);
        free(some[i].bytes);
    }
    free(some);
}

void record_ancestry_free(struct record_ancestry *a)
{
    forget(a->own, a->own_count);
    forget(a->found, a->found_count);
    free(a->ops);
    memset(a, 0, sizeof *a);
}
