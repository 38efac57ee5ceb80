/* Histories at random, what must hold of each, and how one that fails is made small. */
#ifndef SATCHEL_TESTS_MERGE_STORM_H
#define SATCHEL_TESTS_MERGE_STORM_H

#include "fault/merge_store.h"

/* --- chance: a stream of its own, so that what the checks draw does not change the histories --- */

static uint64_t storm_random = 1;

static inline unsigned storm_below(unsigned bound)
{
    storm_random += 0x9e3779b97f4a7c15u;
    uint64_t z = storm_random;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return bound == 0 ? 0 : (unsigned)((z ^ z >> 31) >> 16) % bound;
}

static inline void storm_start(uint64_t seed, uint64_t number)
{
    storm_random = seed * 0x2545f4914f6cdd1du + number;
}

/* --- a history --- */

/* Clocks that are right, stand still, are years ahead, or years behind. */
static inline uint64_t storm_hlc(unsigned position)
{
    static const uint64_t wrong[] = {0, 1, 946684800000ull, 4070908800000ull};
    unsigned kind = storm_below(8);
    uint64_t ms = kind < 4 ? CASE_TODAY + position : kind < 6 ? CASE_TODAY + storm_below(3) : wrong[storm_below(4)];
    return ms * 65536 + (storm_below(2) == 0 ? 0 : storm_below(3));
}

static inline uint8_t storm_value(unsigned record, unsigned number)
{
    const struct schema_field *field = model_field(record, number);
    enum schema_type type = field == NULL ? SCHEMA_TEXT : field->type;
    if (storm_below(10) == 0)
        return 0;
    if (storm_below(12) == 0) /* what this version cannot read */
        return (uint8_t)(CASE_FIRST_TEXT + storm_below(CASE_VALUES - CASE_FIRST_TEXT));
    if (type == SCHEMA_CHOICE)
        return (uint8_t)(CASE_FIRST_NUMBER + 1 + storm_below(6));
    if (type == SCHEMA_INTEGER)
        return (uint8_t)(CASE_FIRST_NUMBER + storm_below(10));
    if (field != NULL && field->policy == SCHEMA_TEXTUAL && storm_below(8) != 0)
        return (uint8_t)(CASE_FIRST_STORY + storm_below(CASE_VALUES - CASE_FIRST_STORY));
    if (type == SCHEMA_FLAG)
        return (uint8_t)(CASE_FIRST_FLAG + storm_below(2));
    return (uint8_t)(CASE_FIRST_TEXT + storm_below(5));
}

/* Was an op of a change replaced by one of the first `seen` changes? */
static inline int storm_is_replaced(const struct case_history *h, size_t seen, struct case_dot dot)
{
    for (size_t i = 0; i < seen; i++)
        for (unsigned k = 0; k < h->changes[i].op_count; k++)
            if (case_names(&h->changes[i].ops[k], dot))
                return 1;
    return 0;
}

/* As an honest author does: an op names what lived of its field when he last met the office. */
static inline void storm_names_seen(const struct case_history *h, const struct case_change *c, struct case_op *op)
{
    size_t seen = h->count - storm_below((unsigned)h->count / 2 + 1);
    for (size_t i = 0; i < seen; i++)
        for (unsigned k = 0; k < h->changes[i].op_count && op->named_count < CASE_NAMES; k++)
            if (h->changes[i].record == c->record && h->changes[i].ops[k].field == op->field &&
                !storm_is_replaced(h, seen, case_dot_of(&h->changes[i], k)))
                op->named[op->named_count++] = case_dot_of(&h->changes[i], k);
}

/* Who wrote the op did see some of what was there: mostly all of it, or most. Now and then it names what is not of its
 * field, what is still to come, or itself. */
static inline void storm_names(const struct case_history *h, const struct case_change *c, unsigned at,
                               struct case_op *op)
{
    unsigned skips = storm_below(4);
    if (storm_below(3) == 0) {
        storm_names_seen(h, c, op);
        return;
    }
    for (size_t i = h->count; i-- > 0;)
        for (unsigned k = 0; k < h->changes[i].op_count && op->named_count < CASE_NAMES; k++) {
            int fits = h->changes[i].record == c->record && h->changes[i].ops[k].field == op->field;
            if (fits ? skips < 3 && storm_below(4) >= skips : storm_below(60) == 0)
                op->named[op->named_count++] = case_dot_of(&h->changes[i], k);
        }
    if (op->named_count < CASE_NAMES && storm_below(12) == 0)
        op->named[op->named_count++] =
            (struct case_dot){(uint8_t)storm_below(4), 1, (uint8_t)(1 + storm_below(8)), (uint8_t)storm_below(2)};
    if (op->named_count < CASE_NAMES && storm_below(30) == 0)
        op->named[op->named_count++] = case_dot_of(c, storm_below(at + 2));
}

static inline void storm_void(const struct case_history *h, const struct case_change *c, struct case_op *op)
{
    unsigned misses = storm_below(3) == 0 ? 6 : 1000;
    op->field = FIELD_VOID;
    op->value = storm_below(6) == 0 ? (storm_below(4) == 0 ? CASE_FIRST_TEXT : 0) : CASE_LIST;
    for (size_t i = 0; i <= h->count; i++) {
        const struct case_change *seen = i < h->count ? &h->changes[i] : c; /* its own ops as well */
        for (unsigned k = 0; seen->record == c->record && k < seen->op_count && op->listed_count < CASE_LISTED; k++)
            if (storm_below(misses) != 0)
                op->listed[op->listed_count++] = case_dot_of(seen, k);
    }
}

/* A hold names a change that is there, or one that is still to come; never a hold. */
static inline void storm_hold(const struct case_history *h, struct case_change *c)
{
    static const uint8_t fields[] = {10, 11, 12, 15};
    uint8_t device = (uint8_t)storm_below(3), seq = (uint8_t)(1 + storm_below(6));
    c->device = 3; /* the office's own */
    c->op_count = (uint8_t)(storm_below(3) == 0 ? 1 : 4);
    if (h->count != 0 && storm_below(4) != 0) {
        const struct case_change *held = &h->changes[storm_below((unsigned)h->count)];
        if (!case_is_hold(held)) {
            device = held->device;
            seq = held->seq;
        }
    }
    for (unsigned k = 0; k < c->op_count; k++) {
        const unsigned values[] = {CASE_FIRST_DEVICE + device, CASE_FIRST_NUMBER + 1,
                                   CASE_FIRST_NUMBER + (seq > 5 ? 5u : seq), CASE_FIRST_NUMBER + 1 + storm_below(3)};
        unsigned which = c->op_count == 1 ? 3 : k % 4;
        c->ops[k].action = CHANGE_SET;
        c->ops[k].field = fields[which];
        c->ops[k].value = (uint8_t)values[which];
        storm_names(h, c, k, &c->ops[k]);
    }
}

static inline void storm_change(struct case_history *h, uint8_t seqs[4], const uint8_t *records, unsigned record_count)
{
    struct case_change *c = &h->changes[h->count];
    memset(c, 0, sizeof *c);
    c->record = records[storm_below(record_count)];
    c->device = (uint8_t)storm_below(3);
    c->epoch = 1;
    c->position = (uint8_t)h->count;
    c->hlc = storm_hlc(c->position);
    if (case_is_hold(c)) {
        c->device = 3;
        c->seq = ++seqs[3];
        storm_hold(h, c);
    } else {
        unsigned ops = 1 + (storm_below(2) == 0 ? storm_below(3) : 0);
        c->seq = ++seqs[c->device];
        for (unsigned k = 0; k < ops; k++) {
            struct case_op *op = &c->ops[c->op_count];
            op->field = case_records[c->record].fields[storm_below(storm_below(2) == 0 ? 5 : 3)];
            op->action = (uint8_t)(1 + storm_below(3));
            op->value = storm_value(c->record, op->field);
            storm_names(h, c, k, op);
            c->op_count++;
        }
        if (storm_below(6) == 0) {
            struct case_op *op = &c->ops[c->op_count];
            op->action = CHANGE_SET;
            storm_void(h, c, op);
            storm_names(h, c, c->op_count, op);
            c->op_count++;
        }
    }
    h->count++;
}

static inline void storm_history(struct case_history *h, unsigned count)
{
    uint8_t seqs[4] = {0}, records[3] = {0};
    unsigned record_count = 1 + storm_below(storm_below(2) == 0 ? 3 : 1);
    for (unsigned i = 0; i < record_count; i++)
        records[i] = (uint8_t)storm_below(i == 0 ? (unsigned)CASE_HOLD : (unsigned)CASE_RECORDS);
    h->count = 0;
    while (h->count < count)
        storm_change(h, seqs, records, record_count);
}

/* --- the checks of one history: the name of the one that fails, or NULL --- */

enum storm_depth { STORM_MERGE, STORM_STORE, STORM_EVERY_ORDER };

static inline const char *storm_check(const struct case_history *h, enum storm_depth depth, uint64_t chance)
{
    static struct case_bytes bytes;
    struct model_known known;
    const char *failed;
    check_random = chance * 2 + 1;
    (void)check_below(2);
    case_encode(h, &bytes);
    known.here = (uint32_t)((1ull << h->count) - 1);
    known.accepted = check_below(3) == 0 ? known.here & (check_below(1u << 24)) : known.here;
    failed = check_merge(h, &bytes, known, depth == STORM_MERGE ? 4 : 6);
    if (failed == NULL && depth != STORM_MERGE)
        failed = store_merge(h, &bytes, depth == STORM_EVERY_ORDER && h->count <= 6);
    return failed;
}

/* Everything, with several draws of chance: for a history that somebody pasted, or that is being shrunk. */
static inline const char *storm_check_well(const struct case_history *h)
{
    const char *failed = NULL;
    for (uint64_t chance = 1; chance <= 24 && failed == NULL; chance++)
        failed = storm_check(h, chance == 1 && h->count <= 5 ? STORM_EVERY_ORDER : STORM_STORE, chance * 7919);
    return failed;
}

/* --- shrinking: whatever can go without the check's holding again goes --- */

static inline int storm_still_fails(const struct case_history *h, const char *failed)
{
    const char *now = storm_check_well(h);
    return now != NULL && strcmp(now, failed) == 0;
}

/* Takes one op out; dots of the later ops of its change move down. */
static inline void storm_drop_dots(struct case_dot *dots, uint8_t *count, struct case_dot gone)
{
    uint8_t left = 0;
    for (uint8_t i = 0; i < *count; i++) {
        struct case_dot dot = dots[i];
        if (case_same_dot(dot, gone))
            continue;
        if (dot.device == gone.device && dot.epoch == gone.epoch && dot.seq == gone.seq && dot.index > gone.index)
            dot.index--;
        dots[left++] = dot;
    }
    *count = left;
}

static inline void storm_drop_op(struct case_history *h, size_t i, unsigned k)
{
    struct case_change *c = &h->changes[i];
    struct case_dot gone = case_dot_of(c, k);
    memmove(&c->ops[k], &c->ops[k + 1], (size_t)(c->op_count - k - 1) * sizeof c->ops[0]);
    c->op_count--;
    for (size_t n = 0; n < h->count; n++)
        for (size_t m = 0; m < h->changes[n].op_count; m++) {
            storm_drop_dots(h->changes[n].ops[m].named, &h->changes[n].ops[m].named_count, gone);
            storm_drop_dots(h->changes[n].ops[m].listed, &h->changes[n].ops[m].listed_count, gone);
        }
    if (c->op_count == 0) {
        memmove(c, c + 1, (h->count - i - 1) * sizeof *c);
        h->count--;
    }
}

static inline int storm_try(struct case_history *h, const struct case_history *smaller, const char *failed)
{
    if (!storm_still_fails(smaller, failed))
        return 0;
    *h = *smaller;
    return 1;
}

/* One pass; not 0 where something went. */
static inline int storm_shrink_ops(struct case_history *h, const char *failed)
{
    static struct case_history smaller;
    int went = 0;
    for (size_t i = h->count; i-- > 0;)
        for (unsigned k = i < h->count ? h->changes[i].op_count : 0; k-- > 0;) {
            smaller = *h;
            storm_drop_op(&smaller, i, k);
            went |= smaller.count != 0 && storm_try(h, &smaller, failed);
            if (i >= h->count)
                break;
        }
    return went;
}

static inline int storm_shrink_dots(struct case_history *h, size_t i, unsigned k, int listed, const char *failed)
{
    static struct case_history smaller;
    int went = 0;
    for (unsigned n = listed ? h->changes[i].ops[k].listed_count : h->changes[i].ops[k].named_count; n-- > 0;) {
        struct case_op *op = &smaller.changes[i].ops[k];
        smaller = *h;
        storm_drop_dots(listed ? op->listed : op->named, listed ? &op->listed_count : &op->named_count,
                        listed ? op->listed[n] : op->named[n]);
        went |= storm_try(h, &smaller, failed);
    }
    return went;
}

static inline int storm_shrink_values(struct case_history *h, size_t i, unsigned k, const char *failed)
{
    static struct case_history smaller;
    int went = 0;
    smaller = *h;
    smaller.changes[i].ops[k].value = CASE_FIRST_TEXT;
    if (h->changes[i].ops[k].value > CASE_FIRST_TEXT)
        went |= storm_try(h, &smaller, failed);
    smaller = *h;
    smaller.changes[i].ops[k].action = CHANGE_SET;
    if (h->changes[i].ops[k].action != CHANGE_SET)
        went |= storm_try(h, &smaller, failed);
    smaller = *h;
    smaller.changes[i].hlc = (CASE_TODAY + smaller.changes[i].position) * 65536;
    if (h->changes[i].hlc != smaller.changes[i].hlc)
        went |= storm_try(h, &smaller, failed);
    return went;
}

/* -1 where it does not fail again under storm_check_well: it is left as it is. */
static inline int storm_shrink(struct case_history *h, const char *failed)
{
    int went = 1;
    if (!storm_still_fails(h, failed))
        return -1;
    while (went) {
        went = storm_shrink_ops(h, failed);
        for (size_t i = 0; i < h->count; i++)
            for (unsigned k = 0; k < h->changes[i].op_count; k++) {
                went |= storm_shrink_dots(h, i, k, 0, failed);
                went |= storm_shrink_dots(h, i, k, 1, failed);
                went |= storm_shrink_values(h, i, k, failed);
            }
    }
    return 0;
}

/* --- many of them --- */

struct storm_counts {
    uint64_t histories, changes, in_store, every_order;
};

/* Runs histories; each `stride`-th goes through the projection too, and of these each 256th in every order. Stops at
 * the first that fails, shrinks it, prints it as a test, and returns -1. */
static inline int storm_run(uint64_t histories, unsigned stride, uint64_t seed, struct storm_counts *counts)
{
    static struct case_history h;
    memset(counts, 0, sizeof *counts);
    for (uint64_t number = 0; number < histories; number++) {
        enum storm_depth depth = number % stride != 0                     ? STORM_MERGE
                                 : number % ((uint64_t)stride * 256) != 0 ? STORM_STORE
                                                                          : STORM_EVERY_ORDER;
        const char *failed;
        unsigned count;
        storm_start(seed, number);
        count = depth == STORM_EVERY_ORDER ? 3 + storm_below(4)
                : storm_below(16) == 0     ? 8 + storm_below(17)
                                           : 2 + storm_below(7);
        storm_history(&h, count);
        counts->histories++;
        counts->changes += h.count;
        counts->in_store += depth != STORM_MERGE;
        counts->every_order += depth == STORM_EVERY_ORDER;
        if ((failed = storm_check(&h, depth, seed + number)) == NULL)
            continue;
        (void)printf("history %llu of seed %llu: %s does not hold; shrinking %zu changes\n", (unsigned long long)number,
                     (unsigned long long)seed, failed, h.count);
        if (storm_shrink(&h, failed) != 0)
            (void)printf("(it could not be made smaller)\n");
        (void)printf("\n");
        case_print(stdout, &h, failed, seed);
        return -1;
    }
    return 0;
}

#endif
