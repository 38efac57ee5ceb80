/* The merge once more, as docs/MERGE.md says it: every definition written down as plainly as it can be, and as slow as
 * that is. It shares no code with common/merge.c and common/record*.c; the tests hold those against it. */
#ifndef SATCHEL_TESTS_MERGE_MODEL_H
#define SATCHEL_TESTS_MERGE_MODEL_H

#include "fault/merge_case.h"

#define MODEL_WAITS UINT64_MAX /* position of what the office has not accepted */
__extension__ typedef __int128 model_wide;

struct model_op {
    struct case_dot dot;
    uint64_t hlc, received_ms, position;
    const struct case_op *op;
    struct slice value; /* its bytes */
};

enum model_conflict { MODEL_AGREED, MODEL_QUIET, MODEL_LOUD };

struct model_shown {
    enum model_conflict conflict;
    size_t count;
    int64_t sum;
};

/* What a replica knows of a history: a bit for each change. */
struct model_known {
    uint32_t here, accepted; /* accepted: with its position and receipt */
};

static inline int model_has(uint32_t bits, size_t i)
{
    return (int)(bits >> i & 1);
}

/* --- ops --- */

/* "The state of a field is the set of its ops." */
static inline size_t model_ops(const struct case_history *h, const struct case_bytes *b, struct model_known known,
                               unsigned record, unsigned field, struct model_op *out)
{
    size_t count = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct case_change *c = &h->changes[i];
        int accepted = model_has(known.accepted, i);
        if (!model_has(known.here, i) || c->record != record)
            continue;
        for (unsigned k = 0; k < c->op_count; k++)
            if (c->ops[k].field == field)
                out[count++] = (struct model_op){case_dot_of(c, k),
                                                 c->hlc,
                                                 accepted ? CASE_TODAY + c->position : 0,
                                                 accepted ? c->position : MODEL_WAITS,
                                                 &c->ops[k],
                                                 b->values[i][k]};
    }
    return count;
}

/* "An op is live if no other op of the set names it." Takes the dead out; the order stays. */
static inline size_t model_live(struct model_op *ops, size_t count)
{
    char dead[CASE_FIELD_OPS] = {0};
    size_t live = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (!case_same_dot(ops[i].dot, ops[k].dot) && case_names(ops[k].op, ops[i].dot))
                dead[i] = 1;
    for (size_t i = 0; i < count; i++)
        if (!dead[i])
            ops[live++] = ops[i];
    return live;
}

/* --- orders: is a before b? --- */

static inline int model_dot_before(struct case_dot a, struct case_dot b)
{
    if (a.device != b.device)
        return a.device < b.device;
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch;
    if (a.seq != b.seq)
        return a.seq < b.seq;
    return a.index < b.index;
}

/* As bytes: below 0, 0, above 0. */
static inline int model_bytes(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++)
        if (a.p[i] != b.p[i])
            return a.p[i] < b.p[i] ? -1 : 1;
    return a.size < b.size ? -1 : a.size > b.size;
}

/* "min(hlc, the last stamp of the millisecond of the office's receipt); while it has not been received, its hlc." */
static inline uint64_t model_time(const struct model_op *o)
{
    uint64_t last = o->received_ms * 65536 + 65535;
    return o->received_ms == 0 || o->hlc < last ? o->hlc : last;
}

static inline int model_is_nil(const struct model_op *o)
{
    return case_values[o->op->value].type == CASE_NIL;
}

/* "A nil ranks below all. A code that this version does not know ranks above all it knows." */
static inline int model_rank(const struct schema_field *field, const struct model_op *o)
{
    const struct case_value *v = &case_values[o->op->value];
    if (v->type == CASE_NIL)
        return -1;
    for (int rank = 0; field->choices[rank].name != NULL; rank++)
        if (v->type == CASE_NUMBER && v->number == (int64_t)field->choices[rank].code)
            return rank;
    return 1000;
}

static inline int model_latest_before(const struct model_op *a, const struct model_op *b)
{
    if (model_time(a) != model_time(b))
        return model_time(a) > model_time(b);
    return model_dot_before(b->dot, a->dot);
}

static inline int model_accepted_before(const struct model_op *a, const struct model_op *b)
{
    if (a->position != b->position)
        return a->position < b->position;
    if (a->hlc != b->hlc)
        return a->hlc < b->hlc;
    return model_dot_before(a->dot, b->dot);
}

static inline int model_before(const struct schema_field *field, const struct model_op *a, const struct model_op *b)
{
    switch (field->policy) {
    case SCHEMA_LATEST:
        return model_latest_before(a, b);
    case SCHEMA_HIGHEST:
        if (model_rank(field, a) != model_rank(field, b))
            return model_rank(field, a) > model_rank(field, b);
        return model_latest_before(a, b);
    case SCHEMA_REVIEW:
    case SCHEMA_STATUS:
    case SCHEMA_TEXTUAL:
        return model_accepted_before(a, b);
    case SCHEMA_SET:
        if (model_bytes(a->value, b->value) != 0)
            return model_bytes(a->value, b->value) < 0;
        return model_dot_before(a->dot, b->dot);
    case SCHEMA_SUM:
        return model_dot_before(a->dot, b->dot);
    case SCHEMA_ONCE:
        if (model_time(a) != model_time(b))
            return model_time(a) < model_time(b);
        return model_dot_before(a->dot, b->dot);
    }
    return 0;
}

/* --- shown --- */

/* Is an op shown, beside these others? */
static inline int model_is_shown(const struct schema_field *field, const struct model_op *live, size_t count, size_t i)
{
    const struct model_op *o = &live[i];
    enum schema_policy policy = field->policy;
    /* "Removes, nils and what is no integer add nothing." */
    if (policy == SCHEMA_SUM)
        return o->op->action != CHANGE_REMOVE && case_values[o->op->value].type == CASE_NUMBER;
    /* "All: the entry, then its amendments." */
    if (policy == SCHEMA_ONCE)
        return 1;
    if (policy == SCHEMA_SET && (o->op->action == CHANGE_REMOVE || model_is_nil(o)))
        return 0;
    /* Every element, every version: once. Else: the first. */
    for (size_t k = 0; k < count; k++) {
        int rival = policy == SCHEMA_SET || policy == SCHEMA_TEXTUAL ? model_bytes(live[k].value, o->value) == 0 : 1;
        if (policy == SCHEMA_SET && live[k].op->action == CHANGE_REMOVE)
            rival = 0;
        if (rival && model_before(field, &live[k], o))
            return 0;
    }
    return 1;
}

/* What comes first of all: the shown, then what would be shown if it were alone, then the rest. */
static inline int model_class(const struct schema_field *field, const struct model_op *live, size_t count, size_t i)
{
    if (model_is_shown(field, live, count, i))
        return 0;
    return model_is_shown(field, &live[i], 1, 0) ? 1 : 2;
}

/* What a field shows; its live ops are put in order. */
static inline struct model_shown model_show(const struct schema_field *field, struct model_op *live, size_t count)
{
    struct model_shown shown = {MODEL_AGREED, 0, 0};
    struct model_op in_order[CASE_FIELD_OPS];
    int class[CASE_FIELD_OPS], taken[CASE_FIELD_OPS] = {0}, differ = 0;
    model_wide sum = 0;
    for (size_t i = 0; i < count; i++) {
        class[i] = model_class(field, live, count, i);
        differ |= model_bytes(live[i].value, live[0].value) != 0;
        shown.count += class[i] == 0;
        if (field->policy == SCHEMA_SUM && class[i] == 0)
            sum += case_values[live[i].op->value].number;
    }
    for (size_t place = 0; place < count; place++) {
        size_t first = count;
        for (size_t i = 0; i < count; i++)
            if (!taken[i] && (first == count || class[i] < class[first] ||
                              (class[i] == class[first] && model_before(field, &live[i], &live[first]))))
                first = i;
        taken[first] = 1;
        in_order[place] = live[first];
    }
    if (count != 0)
        memcpy(live, in_order, count * sizeof *live);
    /* "Equal values never conflict, whoever wrote them." */
    if (differ && field->policy == SCHEMA_LATEST)
        shown.conflict = MODEL_QUIET;
    if (differ && (field->policy == SCHEMA_HIGHEST || field->policy == SCHEMA_REVIEW || field->policy == SCHEMA_STATUS))
        shown.conflict = MODEL_LOUD;
    if (field->policy == SCHEMA_TEXTUAL && shown.count > 1)
        shown.conflict = MODEL_LOUD;
    /* "A total beyond 64 bits is clamped and loud." */
    if (sum > INT64_MAX || sum < INT64_MIN)
        shown.conflict = MODEL_LOUD;
    shown.sum = sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
    return shown;
}

/* --- what lives, and what it was written over --- */

/* Names, but for itself: "naming its own dot has no effect". */
static inline int model_names(const struct model_op *o, const struct model_op *other)
{
    return !case_same_dot(o->dot, other->dot) && case_names(o->op, other->dot);
}

/* "What they supersede, what that supersedes, and so on": of all ops, those that some live op leads to. Marks them. */
static inline void model_ancestors(const struct model_op *all, size_t count, uint8_t *is_ancestor)
{
    uint8_t is_dead[CASE_FIELD_OPS] = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            is_dead[k] |= (uint8_t)model_names(&all[i], &all[k]);
    memset(is_ancestor, 0, count);
    for (int more = 1; more;) {
        more = 0;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < count; k++)
                if (!is_ancestor[k] && (!is_dead[i] || is_ancestor[i]) && model_names(&all[i], &all[k]))
                    more = is_ancestor[k] = 1;
    }
}

/* "All ops of the field, live and dead, are gone through in the office's order. The first begins a line, and each that
 * names the end of the line becomes its end. Shown is the end of the line." Puts it first. */
static inline void model_follow(const struct model_op *all, size_t all_count, struct model_op *live, size_t count)
{
    uint8_t in[CASE_FIELD_OPS], taken[CASE_FIELD_OPS] = {0};
    const struct model_op *end = NULL;
    model_ancestors(all, all_count, in);
    for (size_t i = 0; i < all_count; i++)
        for (size_t k = 0; k < count; k++)
            in[i] |= (uint8_t)case_same_dot(all[i].dot, live[k].dot);
    for (;;) {
        size_t next = all_count;
        for (size_t i = 0; i < all_count; i++)
            if (in[i] && !taken[i] && (next == all_count || model_accepted_before(&all[i], &all[next])))
                next = i;
        if (next == all_count)
            break;
        taken[next] = 1;
        if (end == NULL || model_names(&all[next], end))
            end = &all[next];
    }
    for (size_t i = 0; i < count; i++)
        if (case_same_dot(live[i].dot, end->dot)) {
            struct model_op first = live[i];
            for (; i > 0; i--)
                live[i] = live[i - 1];
            live[0] = first;
            return;
        }
}

/* Which ops an op leads to within so many steps; through those that are in `within` alone (NULL: through all). */
static inline void model_lead(const struct model_op *all, size_t count, const struct model_op *from, size_t steps,
                              const uint8_t *within, uint8_t *out)
{
    memset(out, 0, count);
    for (size_t step = 0; step < steps; step++) {
        uint8_t more[CASE_FIELD_OPS];
        memcpy(more, out, count);
        for (size_t i = 0; i < count; i++) {
            if (within != NULL && !within[i])
                continue;
            more[i] |= (uint8_t)(model_names(from, &all[i]));
            for (size_t k = 0; k < count; k++)
                more[i] |= (uint8_t)(out[k] && model_names(&all[k], &all[i]));
        }
        if (memcmp(out, more, count) == 0)
            return;
        memcpy(out, more, count);
    }
}

/* "The nearest common ancestor: generation by generation, the first in which an op is an ancestor of all live ones; of
 * several, the one that is an ancestor of no other of them, by way of what was reached." NULL: none. */
static inline const struct model_op *model_base(const struct model_op *all, size_t count, const struct model_op *live,
                                                size_t live_count)
{
    size_t ways_before = 0;
    for (size_t generation = 1; generation <= count; generation++) {
        uint8_t common[CASE_FIELD_OPS], reached[CASE_FIELD_OPS] = {0}, led[CASE_FIELD_OPS];
        const struct model_op *base = NULL;
        size_t found = 0, youngest = 0, ways = 0;
        memset(common, 1, sizeof common);
        for (size_t l = 0; l < live_count; l++) {
            model_lead(all, count, &live[l], generation, NULL, led);
            for (size_t i = 0; i < count; i++) {
                common[i] = common[i] && led[i];
                reached[i] |= led[i];
                ways += led[i] != 0;
            }
        }
        for (size_t i = 0; i < count; i++)
            found += common[i] != 0;
        if (found == 0 && ways == ways_before)
            return NULL; /* nothing leads any further */
        ways_before = ways;
        if (found == 0)
            continue;
        for (size_t i = 0; i < count; i++) {
            int older = 0;
            for (size_t k = 0; k < count; k++) {
                if (!common[i] || !common[k] || k == i)
                    continue;
                model_lead(all, count, &all[k], count, reached, led);
                older |= led[i];
            }
            if (common[i] && !older) {
                base = &all[i];
                youngest++;
            }
        }
        return youngest == 1 ? base : NULL;
    }
    return NULL;
}

/* --- holds --- */

/* A hold's field, of the policy latest: NULL where nothing lives. */
static inline const struct case_value *model_latest(const struct case_history *h, const struct case_bytes *b,
                                                    struct model_known known, unsigned record, unsigned number)
{
    const struct schema_field *field = schema_field(schema_kind(KIND_HOLD), number);
    struct model_op ops[CASE_FIELD_OPS];
    size_t live = model_live(ops, model_ops(h, b, known, record, number, ops));
    (void)model_show(field, ops, live);
    return live == 0 ? NULL : &case_values[ops[0].op->value];
}

/* "While a record of kind hold names a change and its status is anything but released, that change is out of the
 * record." Holds on holds are not made here. */
static inline struct model_known model_without_held(const struct case_history *h, const struct case_bytes *b,
                                                    struct model_known known)
{
    struct model_known out = known;
    for (unsigned hold = CASE_HOLD; hold <= CASE_OTHER_HOLD; hold++) {
        const struct case_value *device = model_latest(h, b, known, hold, 10);
        const struct case_value *epoch = model_latest(h, b, known, hold, 11);
        const struct case_value *seq = model_latest(h, b, known, hold, 12);
        const struct case_value *status = model_latest(h, b, known, hold, 15);
        if (device == NULL || device->type != CASE_DEVICE || epoch == NULL || seq == NULL ||
            (status != NULL && status->type == CASE_NUMBER && status->number == 2))
            continue;
        for (size_t i = 0; i < h->count; i++)
            if (h->changes[i].device == device->number && h->changes[i].epoch == epoch->number &&
                h->changes[i].seq == seq->number)
                out.here &= ~(1u << i);
    }
    return out;
}

/* --- records --- */

/* The live ops of a record outside its void field. */
static inline size_t model_others(const struct case_history *h, const struct case_bytes *b, struct model_known known,
                                  unsigned record, struct model_op *out)
{
    size_t count = 0;
    for (unsigned field = 0; field < 256; field++) {
        struct model_op ops[CASE_FIELD_OPS];
        size_t live = 0;
        int used = 0;
        for (size_t i = 0; i < h->count && !used; i++)
            for (size_t k = 0; k < h->changes[i].op_count; k++)
                used |= h->changes[i].ops[k].field == field;
        if (used && field != FIELD_VOID)
            live = model_live(ops, model_ops(h, b, known, record, field, ops));
        for (size_t i = 0; i < live; i++)
            out[count++] = ops[i];
    }
    return count;
}

/* "Voided if no op of V is a nil, and one op of V lists every live op of the record's other fields. Contested if V has
 * an op that is no nil, and the record is not voided." */
static inline int model_voided(const struct case_history *h, const struct case_bytes *b, struct model_known known,
                               unsigned record, int *contested)
{
    struct model_op voids[CASE_FIELD_OPS], others[CASE_FIELD_OPS];
    size_t void_count = model_live(voids, model_ops(h, b, known, record, FIELD_VOID, voids));
    size_t other_count = model_others(h, b, known, record, others);
    int cleared = 0, wanted = 0, one_lists_all = 0;
    for (size_t v = 0; v < void_count; v++) {
        int all = 1;
        if (model_is_nil(&voids[v])) {
            cleared = 1;
            continue;
        }
        wanted = 1;
        for (size_t i = 0; i < other_count; i++)
            all = all && case_lists(voids[v].op, others[i].dot);
        one_lists_all |= all;
    }
    *contested = wanted && (cleared || !one_lists_all);
    return wanted && !cleared && one_lists_all;
}

#endif
