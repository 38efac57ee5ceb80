/* The rule, as it was published (DESIGN, "The merge"):
 *
 *   State of a field = the set of its ops. Live = not superseded. The field's policy picks what is shown:
 *
 *   latest   the greatest effective time, then device              two live: for review, quiet
 *   highest  the highest rank: it falls only by an op that names
 *            every higher op it saw                                two live: for review, loud
 *   review   the one that the office accepted first, until a
 *            person decides                                        two live: for review, loud
 *   status   as review, but a change names the status that it
 *            starts from; if that no longer holds, it is
 *            contested, not applied blindly                        two live: for review, loud
 *   set      elements with a live add; an add beats a concurrent
 *            remove                                                no conflict
 *   sum      the sum of live contributions                         no conflict
 *   text     three-way merge; if edits overlap, both               loud if they overlap
 *   once     the op, with later amendments under it                no conflict
 *
 *   Effective time = min(hlc, the office's receipt).
 *
 * What the rule leaves open, and how it is here:
 *
 *   - Two live ops with the same bytes agree, whoever wrote them: nobody is asked to choose between equal things.
 *   - A nil is a cleared field and competes as any value does. As an element, a contribution or a rank it is nothing.
 *   - The action matters to set and sum alone: a live remove is not shown. Elsewhere a remove is its value.
 *   - Every order ends in the dot, and after the dot in the op's bytes, so that no two different ops are ever equal and
 *     the result depends on the set alone: not on the order of arrival, nor on how qsort treats ties.
 *   - status: the office's order decides what still held. All ops of the field, live and dead, are gone through in it,
 *     the first begins a line, and each that names the end of the line becomes its end; what does not stands contested.
 *     Shown is the end of the line, and so never a change whose start was gone, only because it was accepted before
 *     others that live: that is what review alone would show.
 *   - text: the versions that live are all shown, whole. Whether they can be brought together depends on their base,
 *     which is found here (merge_base); the words themselves are text.c's.
 *   - A total that int64 cannot hold is clamped and loud, since a wrong total must not look like a right one.
 *
 * Nothing here can fail: whatever bytes come in, something is shown, and the same on every replica. */
#include "merge.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* --- dots --- */

static int by_number(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* The order that every other ends in. After the dot only copies of one op are left: the accepted one goes first, and
 * bytes decide what an honest author never makes different. */
static int by_dot(const void *left, const void *right)
{
    const struct merge_op *a = left, *b = right;
    int order;
    if ((order = dot_compare(&a->dot, &b->dot)) != 0 || (order = by_number(a->position, b->position)) != 0 ||
        (order = by_number(a->received_ms, b->received_ms)) != 0 || (order = by_number(a->hlc, b->hlc)) != 0 ||
        (order = by_number((uint64_t)a->action, (uint64_t)b->action)) != 0 ||
        (order = slice_compare(a->value, b->value)) != 0)
        return order;
    return slice_compare(a->supersedes, b->supersedes);
}

/* Among ops in by_dot's order, the index of the first whose dot is not smaller; count if there is none. */
static size_t find_dot(const struct merge_op *ops, size_t count, const struct dot *dot)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dot_compare(&ops[middle].dot, dot) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- shown --- */

static int all_equal(const struct merge_op *live, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!slice_equal(live[0].value, live[i].value))
            return 0;
    return 1;
}

static uint64_t effective(const struct merge_op *op)
{
    return clock_effective(op->hlc, op->received_ms);
}

/* The greatest key, then the latest; then whoever is later in the order of dots: of two ops that one device wrote, the
 * second. */
static int greatest_first(const void *left, const void *right)
{
    const struct merge_op *a = left, *b = right;
    int order;
    if ((order = by_number(b->key, a->key)) != 0 || (order = by_number(effective(b), effective(a))) != 0)
        return order;
    return by_dot(right, left);
}

static int earliest_first(const void *left, const void *right)
{
    const struct merge_op *a = left, *b = right;
    int order = by_number(effective(a), effective(b));
    return order != 0 ? order : by_dot(left, right);
}

static int key_then_dot(const void *left, const void *right)
{
    const struct merge_op *a = left, *b = right;
    int order = by_number(a->key, b->key);
    return order != 0 ? order : by_dot(left, right);
}

static int key_then_value(const void *left, const void *right)
{
    const struct merge_op *a = left, *b = right;
    int order;
    if ((order = by_number(a->key, b->key)) != 0 || (order = slice_compare(a->value, b->value)) != 0)
        return order;
    return by_dot(left, right);
}

/* The smallest key; then what the office accepted first, and what it has not accepted yet (the greatest position) last,
 * as it was written. */
static int accepted_first(const void *left, const void *right)
{
    const struct merge_op *a = left, *b = right;
    int order;
    if ((order = by_number(a->key, b->key)) != 0 || (order = by_number(a->position, b->position)) != 0 ||
        (order = by_number(a->hlc, b->hlc)) != 0)
        return order;
    return by_dot(left, right);
}

static int value_then_accepted(const void *left, const void *right)
{
    const struct merge_op *a = left, *b = right;
    int order = slice_compare(a->value, b->value);
    return order != 0 ? order : accepted_first(left, right);
}

static void sort(struct merge_op *live, size_t count, int (*order)(const void *, const void *))
{
    if (count > 1)
        qsort(live, count, sizeof *live, order);
}

static void clear_keys(struct merge_op *live, size_t count)
{
    for (size_t i = 0; i < count; i++)
        live[i].key = 0;
}

/* Shows the first op of the order, for a field that holds one value. A conflict if another value lives beside it. */
static struct merge_shown one_of(struct merge_op *live, size_t count, int (*order)(const void *, const void *),
                                 enum merge_conflict where_they_differ)
{
    struct merge_shown shown = {.conflict = MERGE_AGREED, .count = count > 0};
    sort(live, count, order);
    if (!all_equal(live, count))
        shown.conflict = where_they_differ;
    return shown;
}

uint64_t merge_rank(const struct schema_field *field, struct slice value)
{
    int64_t code;
    if (slice_is_nil(value))
        return 0;
    if (field->choices == NULL)
        return 1;
    return 1 + (uint64_t)schema_rank(field, slice_int(value, &code) && code >= 0 ? (uint64_t)code : UINT64_MAX);
}

static struct merge_shown show_highest(const struct schema_field *field, struct merge_op *live, size_t count)
{
    for (size_t i = 0; i < count; i++)
        live[i].key = merge_rank(field, live[i].value);
    return one_of(live, count, greatest_first, MERGE_LOUD);
}

static struct merge_shown show_set(struct merge_op *live, size_t count)
{
    struct merge_shown shown = {.conflict = MERGE_AGREED};
    /* 1. Elements: what was added (0), in the order of their bytes; the others (2) behind them. */
    for (size_t i = 0; i < count; i++)
        live[i].key = live[i].action == CHANGE_REMOVE || slice_is_nil(live[i].value) ? 2 : 0;
    sort(live, count, key_then_value);
    /* 2. If one element has several adds, show the first by dot (0), and not the others (1). */
    for (size_t i = 0; i < count && live[i].key == 0; i++) {
        if (i > 0 && slice_equal(live[i].value, live[i - 1].value))
            live[i].key = 1;
        else
            shown.count++;
    }
    sort(live, count, key_then_value);
    return shown;
}

int merge_is_erased(const struct merge_op *op)
{
    return op->value.size == 0 && op->action != CHANGE_REMOVE;
}

static struct merge_shown show_sum(struct merge_op *live, size_t count)
{
    struct merge_shown shown = {.conflict = MERGE_AGREED};
    int64_t high = 0; /* the total, in two halves: high * 2^32 + low */
    uint64_t low = 0;
    /* 1. Add up what was contributed (0). The halves cannot run over, so the order does not matter. */
    for (size_t i = 0; i < count; i++) {
        int64_t value;
        if (merge_is_erased(&live[i])) {
            shown.conflict = MERGE_LOUD; /* nobody knows the total */
            shown.erased++;
        }
        live[i].key = live[i].action == CHANGE_REMOVE || !slice_int(live[i].value, &value);
        if (live[i].key != 0)
            continue;
        shown.count++;
        low += (uint64_t)value & 0xffffffff;
        high += value >= 0 ? value >> 32 : -(int64_t)(~(uint64_t)value >> 32) - 1; /* rounded down */
    }
    sort(live, count, key_then_dot);
    /* 2. Put the halves together. A total that does not fit is clamped, and loud. */
    high += (int64_t)(low >> 32);
    low &= 0xffffffff;
    if (high > INT32_MAX || high < INT32_MIN) {
        shown.conflict = MERGE_LOUD;
        shown.sum = high > 0 ? INT64_MAX : INT64_MIN;
    } else {
        shown.sum = high * ((int64_t)1 << 32) + (int64_t)low;
    }
    return shown;
}

/* Shows every live version once, in the order in which the office accepted them. */
static struct merge_shown show_textual(struct merge_op *live, size_t count)
{
    struct merge_shown shown = {.conflict = MERGE_AGREED};
    /* 1. If versions are equal, show the one that was accepted first (0), and not the others (1). */
    sort(live, count, value_then_accepted);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && slice_equal(live[i].value, live[i - 1].value))
            live[i].key = 1;
        else
            shown.count++;
    }
    sort(live, count, accepted_first);
    /* 2. A person must bring two versions together. */
    if (shown.count > 1)
        shown.conflict = MERGE_LOUD;
    return shown;
}

static struct merge_shown show_once(struct merge_op *live, size_t count)
{
    struct merge_shown shown = {.conflict = MERGE_AGREED, .count = count};
    sort(live, count, earliest_first);
    return shown;
}

/* 1: the op names this dot: its author started from there; 0: it does not. */
static int names(const struct merge_op *op, const struct dot *dot)
{
    struct unpack r;
    unpack_start(&r, op->supersedes);
    for (size_t left = unpack_array(&r); left > 0; left--) {
        struct dot named = dot_unpack(&r);
        if (r.failed)
            return 0;
        if (dot_equal(&named, dot))
            return 1;
    }
    return 0;
}

/* The op in which the line ends. live and dead: in accepted_first's order. NULL: there is no op. */
static const struct merge_op *follow(const struct merge_op *live, size_t count, const struct merge_op *dead,
                                     size_t dead_count)
{
    const struct merge_op *end = NULL;
    size_t l = 0, d = 0;
    /* Dead ops behind the last live one could follow only ops that are dead as well. */
    while (l < count) {
        int is_live = d == dead_count || accepted_first(&live[l], &dead[d]) < 0;
        const struct merge_op *next = is_live ? &live[l++] : &dead[d++];
        if (end == NULL || names(next, &end->dot))
            end = next;
    }
    return end;
}

static struct merge_shown show_status(struct merge_op *live, size_t count, struct merge_op *dead, size_t dead_count)
{
    /* 1. Put the live ops in the office's order. If they agree, nobody's start matters. */
    struct merge_shown shown = one_of(live, count, accepted_first, MERGE_LOUD);
    const struct merge_op *end;
    if (shown.conflict == MERGE_AGREED)
        return shown;
    /* 2. Follow the line. It ends in a live op: a dead op was named by one that comes later, which would then be the
     * end. An op that names a later one, as no honest author can, breaks this; then the first live op is shown. */
    clear_keys(dead, dead_count);
    sort(dead, dead_count, accepted_first);
    end = follow(live, count, dead, dead_count);
    for (size_t i = 1; i < count; i++) {
        if (end == &live[i]) {
            /* 3. Move its end to the front; the others keep their order. */
            struct merge_op first = live[i];
            memmove(&live[1], &live[0], i * sizeof *live);
            live[0] = first;
            break;
        }
    }
    return shown;
}

struct merge_shown merge_show(const struct schema_field *field, struct merge_op *live, size_t count)
{
    return merge_show_over(field, live, count, NULL, 0);
}

struct merge_shown merge_show_over(const struct schema_field *field, struct merge_op *live, size_t count,
                                   struct merge_op *dead, size_t dead_count)
{
    clear_keys(live, count);
    switch (field->policy) {
    case SCHEMA_LATEST:
        return one_of(live, count, greatest_first, MERGE_QUIET);
    case SCHEMA_HIGHEST:
        return show_highest(field, live, count);
    case SCHEMA_REVIEW:
        return one_of(live, count, accepted_first, MERGE_LOUD);
    case SCHEMA_STATUS:
        return show_status(live, count, dead, dead_count);
    case SCHEMA_SET:
        return show_set(live, count);
    case SCHEMA_SUM:
        return show_sum(live, count);
    case SCHEMA_TEXTUAL:
        return show_textual(live, count);
    case SCHEMA_ONCE:
        return show_once(live, count);
    }
    /* Not reached: the table of kinds holds no other policy, and every case returns. */
    abort();
}

/* --- the base --- */

#define WORDS (MERGE_DEAD_MAX / 64)
#define FAR UINT_MAX /* cannot be reached */

/* Some of the dead. */
struct some {
    uint64_t bits[WORDS];
};

static void put_in(struct some *s, size_t i)
{
    s->bits[i / 64] |= 1ull << i % 64;
}

static int has(const struct some *s, size_t i)
{
    return (int)(s->bits[i / 64] >> i % 64 & 1);
}

/* The dead that an op names, other than itself. dead: in by_dot's order; tag: the index that each had before. */
static struct some named_by(const struct merge_op *op, const struct merge_op *dead, size_t count)
{
    struct some out = {{0}};
    struct unpack r;
    unpack_start(&r, op->supersedes);
    for (size_t left = unpack_array(&r); left > 0 && !r.failed; left--) {
        struct dot dot = dot_unpack(&r);
        if (r.failed || dot_equal(&dot, &op->dot))
            continue;
        for (size_t at = find_dot(dead, count, &dot); at < count && dot_equal(&dead[at].dot, &dot); at++)
            put_in(&out, dead[at].tag);
    }
    return out;
}

/* Measures how many generations lie between an op, which names `first`, and each of the dead. */
static void measure(const struct some *first, const struct some *names_of, size_t count, unsigned *distance)
{
    struct some left = {{0}}, next = *first; /* left: not reached yet; next: reached in this generation */
    unsigned generation = 1;
    int any = 1;
    for (size_t i = 0; i < count; i++) {
        distance[i] = FAR;
        put_in(&left, i);
    }
    for (; any; generation++) {
        struct some named = {{0}};
        any = 0;
        for (size_t w = 0; w < WORDS; w++) {
            next.bits[w] &= left.bits[w];
            left.bits[w] &= ~next.bits[w];
        }
        for (size_t i = 0; i < count; i++) {
            if (next.bits[i / 64] == 0) {
                i |= 63;
                continue;
            }
            if (!has(&next, i))
                continue;
            any = 1;
            distance[i] = generation;
            for (size_t w = 0; w < WORDS; w++)
                named.bits[w] |= names_of[i].bits[w];
        }
        next = named;
    }
}

struct merge_base merge_base(const struct merge_op *live, size_t count, const struct merge_op *dead, size_t dead_count)
{
    struct merge_base found = {0, MERGE_NO_BASE};
    struct some names_of[MERGE_DEAD_MAX], older = {{0}};
    struct merge_op by_dots[MERGE_DEAD_MAX];
    unsigned nearest[MERGE_DEAD_MAX], farthest[MERGE_DEAD_MAX], distance[MERGE_DEAD_MAX], generation = FAR;
    size_t bases = 0;
    if (dead_count > MERGE_DEAD_MAX)
        return found;
    /* 1. Measure how far each of the dead is from the live op that is nearest to it, and from the one that is farthest.
     */
    for (size_t i = 0; i < dead_count; i++) {
        by_dots[i] = dead[i];
        by_dots[i].tag = i;
    }
    sort(by_dots, dead_count, by_dot);
    for (size_t i = 0; i < dead_count; i++) {
        names_of[i] = named_by(&dead[i], by_dots, dead_count);
        nearest[i] = FAR;
        farthest[i] = count == 0 ? FAR : 0;
    }
    for (size_t l = 0; l < count; l++) {
        struct some first = named_by(&live[l], by_dots, dead_count);
        measure(&first, names_of, dead_count, distance);
        for (size_t i = 0; i < dead_count; i++) {
            nearest[i] = distance[i] < nearest[i] ? distance[i] : nearest[i];
            farthest[i] = distance[i] > farthest[i] ? distance[i] : farthest[i];
        }
    }
    /* 2. Find the first generation in which one of them is an ancestor of all. */
    for (size_t i = 0; i < dead_count; i++)
        generation = farthest[i] < generation ? farthest[i] : generation;
    if (generation == FAR)
        return found;
    found.generation = generation;
    /* 3. Leave out ops that were not reached by then, since not every store has them. */
    for (size_t i = 0; i < dead_count; i++)
        if (nearest[i] > generation)
            names_of[i] = (struct some){{0}};
    /* 4. Take the common ancestor that is no ancestor of another one. */
    for (size_t k = 0; k < dead_count; k++) {
        if (farthest[k] != generation)
            continue;
        measure(&names_of[k], names_of, dead_count, distance);
        for (size_t i = 0; i < dead_count; i++)
            if (i != k && distance[i] != FAR)
                put_in(&older, i);
    }
    for (size_t i = 0; i < dead_count; i++) {
        if (farthest[i] != generation || has(&older, i))
            continue;
        found.base = i;
        bases++;
    }
    if (bases != 1)
        found.base = MERGE_NO_BASE;
    return found;
}
