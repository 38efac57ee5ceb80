/* The ancestry of a field: the dead ops that its live ops superseded, what those superseded, and so on. They are not in
 * `op`; each is read from the entry that it stands in, one generation after the other. */
#include "record_private.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct search {
    struct db *db;
    const struct id *record;
    unsigned field;
    const struct merge_op *live;
    size_t live_count, names;
    int too_many;
    struct record_ancestry *out;
};

static int no_memory(struct error *e)
{
    return error_set(e, E_MEMORY, "there is no memory left; close other programs and try again");
}

/* --- one op --- */

/* A copy of an op's value and list, which outlives the row. */
static int keep(const struct change_op *op, struct merge_op *out, struct record_ancestor *where, struct error *e)
{
    size_t size = op->value.size + op->supersedes.size;
    if ((where->bytes = malloc(size)) == NULL)
        return no_memory(e);
    where->size = size;
    memcpy(where->bytes, op->value.p, op->value.size);
    memcpy(where->bytes + op->value.size, op->supersedes.p, op->supersedes.size);
    out->action = op->action;
    out->value = (struct slice){where->bytes, op->value.size};
    out->supersedes = (struct slice){where->bytes + op->value.size, op->supersedes.size};
    return 0;
}

static int read_row(const struct search *s, sqlite3_stmt *row, const struct dot *dot, int *found, struct merge_op *out,
                    struct record_ancestor *where, struct error *e)
{
    struct change c;
    if (change_read(db_slice(row, 3), db_slice(row, 4), &c, e) != 0)
        return error_set(e, E_VERIFY, "a change in the store cannot be read; run a check of the store");
    if (dot->index >= c.op_count || c.ops[dot->index].field != s->field || !id_equal(&c.record, s->record))
        return 0;
    *found = 1;
    memset(out, 0, sizeof *out);
    out->dot = *dot;
    out->hlc = c.hlc;
    out->position = db_is_null(row, 1) ? MERGE_NOT_ACCEPTED : db_uint(row, 1);
    out->received_ms = db_uint(row, 2);
    where->entry = db_int(row, 0);
    return keep(&c.ops[dot->index], out, where, e);
}

/* *found: not 0 where the op is in the record's log, applied. */
static int fetch(const struct search *s, const struct dot *dot, int *found, struct merge_op *out,
                 struct record_ancestor *where, struct error *e)
{
    static const char sql[] = "SELECT entry.id, entry.position, entry.received, entry.header, entry.body "
                              "FROM entry JOIN applied ON applied.entry = entry.id "
                              "WHERE entry.device = ? AND entry.epoch = ? AND entry.seq = ?";
    sqlite3_stmt *row;
    int more, code;
    *found = 0;
    if ((code = db_query(s->db, &row, e, sql, "duu", &dot->device, dot->epoch, dot->seq)) != 0)
        return code;
    if ((more = db_next(s->db, row, e)) < 0)
        return e->code;
    if (more == 0)
        return 0;
    code = read_row(s, row, dot, found, out, where, e);
    db_done(s->db, row);
    return code;
}

/* --- many --- */

static int is_known(const struct search *s, const struct dot *dot)
{
    for (size_t i = 0; i < s->live_count; i++)
        if (dot_equal(&s->live[i].dot, dot))
            return 1;
    for (size_t i = 0; i < s->out->found_count; i++)
        if (dot_equal(&s->out->ops[i].dot, dot))
            return 1;
    return 0;
}

static int make_room(struct record_ancestry *a, struct error *e)
{
    size_t room = a->room == 0 ? 16 : 2 * a->room;
    struct merge_op *ops;
    struct record_ancestor *found;
    if (a->found_count < a->room)
        return 0;
    if ((ops = realloc(a->ops, room * sizeof *ops)) == NULL)
        return no_memory(e);
    a->ops = ops;
    if ((found = realloc(a->found, room * sizeof *found)) == NULL)
        return no_memory(e);
    a->found = found;
    a->room = room;
    return 0;
}

/* What an op names that nobody named before. */
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
        if ((code = make_room(a, e)) != 0 ||
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

/* The lists of a whole generation are counted before the first is followed. */
static void count_names(struct search *s, const struct merge_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct unpack r;
        unpack_start(&r, ops[i].supersedes);
        s->names += unpack_array(&r);
    }
    s->too_many |= s->names > RECORD_ANCESTRY_NAMES;
}

/* The live ops' own lists are in the log alone. */
static int read_own(struct search *s, struct merge_op *live, struct error *e)
{
    struct record_ancestry *a = s->out;
    if ((a->own = calloc(s->live_count, sizeof *a->own)) == NULL)
        return no_memory(e);
    for (size_t i = 0; i < s->live_count; i++) {
        struct merge_op op;
        int found, code;
        if ((code = fetch(s, &live[i].dot, &found, &op, &a->own[i], e)) != 0)
            return code;
        a->own_count = i + 1;
        live[i].supersedes = found ? op.supersedes : (struct slice){NULL, 0};
    }
    return 0;
}

int record_ancestry_load(struct db *db, const struct id *record, unsigned field, struct merge_op *live, size_t count,
                         int to_base, struct record_ancestry *out, struct error *e)
{
    struct search s = {db, record, field, live, count, 0, 0, out};
    size_t from = 0, to;
    unsigned generation = 1; /* found, all of it */
    int code;
    memset(out, 0, sizeof *out);
    out->base.base = MERGE_NO_BASE;
    /* 1. The first generation: what the live ops name. */
    if ((code = read_own(&s, live, e)) != 0)
        return code;
    count_names(&s, live, count);
    for (size_t i = 0; i < count && code == 0; i++)
        code = follow(&s, live[i].supersedes, e);
    /* 2. The others: what that one names, and so on, until there is nothing new, or a base. */
    while (code == 0 && !s.too_many && from < out->found_count) {
        to = out->found_count;
        if (to_base)
            out->base = merge_base(live, count, out->ops, to);
        if (out->base.generation != 0 && out->base.generation <= generation)
            break;
        count_names(&s, out->ops + from, to - from);
        for (; from < to && code == 0; from++)
            code = follow(&s, out->ops[from].supersedes, e);
        generation++;
    }
    out->count = s.too_many ? 0 : out->found_count;
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
