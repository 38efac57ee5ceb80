/* What must hold of a history under the pure merge, each check with its name: the model, the order, and the invariants
 * that people's safety hangs on. merge_store.h has the same for the projection. */
#ifndef SATCHEL_TESTS_MERGE_CHECK_H
#define SATCHEL_TESTS_MERGE_CHECK_H

#include <sys/time.h>
#include <time.h>

#include "fault/merge_model.h"
#include "merge.h"

/* --- chance --- */

static uint64_t check_random = 88172645463325252ull;

static inline unsigned check_below(unsigned bound)
{
    check_random ^= check_random << 13;
    check_random ^= check_random >> 7;
    check_random ^= check_random << 17;
    return bound == 0 ? 0 : (unsigned)((check_random >> 11) % bound);
}

/* --- the reader's clock: the only one that this program has, so that whatever asks for the time is found out --- */

static uint64_t check_clock_ms = CASE_TODAY;

static inline void check_clock_jumps(void)
{
    static const uint64_t years[] = {0, 946684800000ull, CASE_TODAY, 4070908800000ull, 7258118400000ull};
    check_clock_ms = years[check_below(5)] + check_below(1000);
}

/* The system's own names for the parameters are reserved ones. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t which, struct timespec *out)
{
    (void)which;
    out->tv_sec = (time_t)(check_clock_ms / 1000);
    out->tv_nsec = (long)(check_clock_ms % 1000) * 1000000;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    (void)zone;
    out->tv_sec = (time_t)(check_clock_ms / 1000);
    out->tv_usec = (suseconds_t)(check_clock_ms % 1000) * 1000;
    return 0;
}

time_t time(time_t *out)
{
    time_t now = (time_t)(check_clock_ms / 1000);
    if (out != NULL)
        *out = now;
    return now;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* --- a field's ops, as the merge takes them --- */

static const struct schema_choice check_risks[] = {{1, "none"}, {3, "low"}, {2, "high"}, {0, NULL}};
static const struct schema_field check_policies[] = {{10, SCHEMA_TEXT, "latest", SCHEMA_LATEST, 0, NULL, ""},
                                                     {10, SCHEMA_CHOICE, "highest", SCHEMA_HIGHEST, 0, check_risks, ""},
                                                     {10, SCHEMA_TEXT, "review", SCHEMA_REVIEW, 0, NULL, ""},
                                                     {10, SCHEMA_TEXT, "set", SCHEMA_SET, 0, NULL, ""},
                                                     {10, SCHEMA_INTEGER, "sum", SCHEMA_SUM, 0, NULL, ""},
                                                     {10, SCHEMA_TEXT, "text", SCHEMA_TEXTUAL, 0, NULL, ""},
                                                     {10, SCHEMA_TEXT, "once", SCHEMA_ONCE, 0, NULL, ""},
                                                     {10, SCHEMA_TEXT, "status", SCHEMA_STATUS, 0, NULL, ""}};
enum { CHECK_POLICIES = sizeof check_policies / sizeof *check_policies };

struct check_field {
    const struct schema_field *field;
    size_t count;
    struct merge_op ops[CASE_FIELD_OPS]; /* tag: which of `from` */
    struct model_op from[CASE_FIELD_OPS];
};

/* What the merge says of a set of ops. */
struct check_view {
    size_t live, dead;
    struct merge_shown shown;
    struct merge_op ops[CASE_FIELD_OPS];
    struct merge_op dead_ops[CASE_FIELD_OPS]; /* what the live were written over */
};

static inline struct merge_op check_op(const struct model_op *o, struct slice supersedes, size_t tag)
{
    struct merge_op out;
    memset(&out, 0, sizeof out);
    out.dot = case_real_dot(o->dot);
    out.hlc = o->hlc;
    out.received_ms = o->received_ms;
    out.position = o->position == MODEL_WAITS ? MERGE_NOT_ACCEPTED : o->position;
    out.action = (enum change_action)o->op->action;
    out.value = o->value;
    out.supersedes = supersedes;
    out.tag = tag;
    return out;
}

static inline void check_gather(const struct case_history *h, const struct case_bytes *b, struct model_known known,
                                unsigned record, unsigned field, struct check_field *out)
{
    out->count = model_ops(h, b, known, record, field, out->from);
    for (size_t n = 0; n < out->count; n++)
        for (size_t i = 0; i < h->count; i++)
            for (size_t k = 0; k < h->changes[i].op_count; k++)
                if (out->from[n].op == &h->changes[i].ops[k])
                    out->ops[n] = check_op(&out->from[n], b->supersedes[i][k], n);
}

/* What the live ops lead to, of copies the accepted one. */
static inline void check_ancestors(const struct check_field *f, const struct merge_op *ops, size_t count,
                                   struct check_view *out)
{
    uint8_t is_ancestor[CASE_FIELD_OPS];
    static struct model_op known[CASE_FIELD_OPS];
    for (size_t i = 0; i < count; i++)
        known[i] = f->from[ops[i].tag];
    model_ancestors(known, count, is_ancestor);
    out->dead = 0;
    for (size_t i = out->live; i < count; i++) {
        size_t k = 0;
        if (!is_ancestor[i])
            continue;
        while (k < out->dead && !dot_equal(&out->dead_ops[k].dot, &ops[i].dot))
            k++;
        if (k == out->dead || ops[i].position < out->dead_ops[k].position)
            out->dead_ops[k] = ops[i];
        out->dead += k == out->dead;
    }
}

static inline void check_look(const struct check_field *f, const struct merge_op *ops, size_t count,
                              struct check_view *out)
{
    static struct merge_op all[2 * CASE_FIELD_OPS];
    check_clock_jumps();
    if (count != 0)
        memcpy(all, ops, count * sizeof *ops);
    out->live = merge_live(all, count);
    memcpy(out->ops, all, out->live * sizeof *all);
    check_ancestors(f, all, count, out);
    out->shown = merge_show_over(f->field, out->ops, out->live, out->dead_ops, out->dead);
}

static inline int check_same_view(const struct check_view *a, const struct check_view *b)
{
    if (a->live != b->live || a->shown.count != b->shown.count || a->shown.conflict != b->shown.conflict ||
        a->shown.sum != b->shown.sum)
        return 0;
    for (size_t i = 0; i < a->live; i++)
        if (!dot_equal(&a->ops[i].dot, &b->ops[i].dot) || a->ops[i].position != b->ops[i].position ||
            model_bytes(a->ops[i].value, b->ops[i].value) != 0)
            return 0;
    return 1;
}

static inline int check_same_as_model(const struct check_field *f, const struct check_view *view)
{
    static const enum merge_conflict same[] = {MERGE_AGREED, MERGE_QUIET, MERGE_LOUD};
    struct model_op ops[CASE_FIELD_OPS];
    struct model_shown shown;
    size_t live;
    if (f->count != 0)
        memcpy(ops, f->from, f->count * sizeof *ops);
    live = model_live(ops, f->count);
    shown = model_show(f->field, ops, live);
    if (f->field->policy == SCHEMA_STATUS && shown.conflict != MODEL_AGREED)
        model_follow(f->from, f->count, ops, live);
    if (live != view->live || shown.count != view->shown.count || same[shown.conflict] != view->shown.conflict ||
        (f->field->policy == SCHEMA_SUM && shown.sum != view->shown.sum))
        return 0;
    for (size_t i = 0; i < live; i++) {
        struct dot dot = case_real_dot(ops[i].dot);
        if (!dot_equal(&dot, &view->ops[i].dot) || ops[i].position != view->ops[i].position)
            return 0;
    }
    return 1;
}

/* --- every order, every grouping, copies --- */

static inline void check_swap(struct merge_op *a, struct merge_op *b)
{
    struct merge_op kept = *a;
    *a = *b;
    *b = kept;
}

static inline void check_shuffle(struct merge_op *ops, size_t count)
{
    for (size_t i = count; i > 1; i--)
        check_swap(&ops[i - 1], &ops[check_below((unsigned)i)]);
}

/* All orders of up to `all` ops, else some at random. */
static inline int check_orders(const struct check_field *f, const struct check_view *whole, size_t all)
{
    static struct merge_op order[CASE_FIELD_OPS];
    static struct check_view view;
    size_t done[8] = {0}, i = 1;
    memcpy(order, f->ops, sizeof order);
    if (f->count > all) {
        for (unsigned times = 0; times < 4; times++) {
            check_shuffle(order, f->count);
            check_look(f, order, f->count, &view);
            if (!check_same_view(whole, &view))
                return 0;
        }
        return 1;
    }
    while (i < f->count) {
        if (done[i] >= i) {
            done[i++] = 0;
            continue;
        }
        check_swap(&order[i % 2 == 0 ? 0 : done[i]], &order[i]);
        check_look(f, order, f->count, &view);
        if (!check_same_view(whole, &view))
            return 0;
        done[i]++;
        i = 1;
    }
    return 1;
}

/* Copies of ops that the office had not accepted when they were sent add nothing; batches may overlap, and may be
 * merged in any grouping: a replica that keeps what it merged, and gets more, ends with the same. */
static inline int check_batches(const struct check_field *f, const struct check_view *whole)
{
    static struct merge_op some[CASE_FIELD_OPS + 8];
    static struct check_view view;
    size_t count = 0, copies = 0, cut = check_below((unsigned)f->count + 1);
    for (size_t i = 0; i < f->count; i++) {
        some[count++] = f->ops[i];
        if (copies < 4 && check_below(3) == 0) {
            some[count] = f->ops[i];
            some[count].position = MERGE_NOT_ACCEPTED;
            some[count++].received_ms = 0;
            copies++;
        }
        if (i == cut || check_below(4) == 0) { /* a batch ends */
            check_shuffle(some, count);
            (void)merge_live(some, count);
        }
    }
    check_shuffle(some, count);
    check_look(f, some, count, &view);
    if (!check_same_view(whole, &view))
        return 0;
    /* What lives already lives again. */
    view.live = merge_live(view.ops, view.live);
    check_shuffle(view.dead_ops, view.dead);
    view.shown = merge_show_over(f->field, view.ops, view.live, view.dead_ops, view.dead);
    return check_same_view(whole, &view);
}

/* --- the invariants --- */

static inline int check_shows(const struct check_view *view, struct slice value)
{
    for (size_t i = 0; i < view->shown.count; i++)
        if (model_bytes(view->ops[i].value, value) == 0)
            return 1;
    return 0;
}

/* A live value is never invisible: it is shown, or the field is in conflict, which lists all that lives. */
static inline int check_visible(const struct check_field *f, const struct check_view *view)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct model_op *o = &f->from[i];
        int named = 0, said = f->field->policy == SCHEMA_SUM ? case_values[o->op->value].type == CASE_NUMBER
                                                             : case_values[o->op->value].type != CASE_NIL;
        for (size_t k = 0; k < f->count; k++)
            named |= k != i && case_names(f->from[k].op, o->dot);
        if ((f->field->policy == SCHEMA_SET || f->field->policy == SCHEMA_SUM) && o->op->action == CHANGE_REMOVE)
            said = 0;
        if (!named && said && view->shown.conflict == MERGE_AGREED && !check_shows(view, o->value))
            return 0;
    }
    return 1;
}

/* An add is never lost to a concurrent remove: nobody who did not name it takes it away. */
static inline int check_adds(const struct check_field *f, const struct check_view *view)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct model_op *o = &f->from[i];
        int named = 0;
        for (size_t k = 0; k < f->count; k++)
            named |= k != i && case_names(f->from[k].op, o->dot);
        if (!named && o->op->action == CHANGE_ADD && case_values[o->op->value].type != CASE_NIL &&
            !check_shows(view, o->value))
            return 0;
    }
    return 1;
}

/* A note is never lost: every entry and amendment that nobody named stands, itself, and not an equal one for it. */
static inline int check_notes(const struct check_field *f, const struct check_view *view)
{
    for (size_t i = 0; i < f->count; i++) {
        int named = 0, stands = 0;
        for (size_t k = 0; k < f->count; k++)
            named |= k != i && case_names(f->from[k].op, f->from[i].dot);
        for (size_t k = 0; k < view->shown.count; k++)
            stands |= view->ops[k].tag == i;
        if (!named && !stands)
            return 0;
    }
    return 1;
}

static inline int check_risk(const struct check_field *f, const struct check_view *view)
{
    return view->shown.count == 0 ? -1 : model_rank(f->field, &f->from[view->ops[0].tag]);
}

/* Risk never falls without an op that names what it lowered: whatever comes next, in any order, what ranked higher than
 * what is shown now is named by it. Lets the ops come one by one. */
static inline int check_falls(const struct check_field *f)
{
    static struct merge_op order[CASE_FIELD_OPS];
    static struct check_view before, after;
    memcpy(order, f->ops, sizeof order);
    check_shuffle(order, f->count);
    check_look(f, order, 0, &before);
    for (size_t n = 1; n <= f->count; n++) {
        const struct model_op *came = &f->from[order[n - 1].tag];
        check_look(f, order, n, &after);
        for (size_t i = 0; i < before.live; i++) {
            const struct model_op *o = &f->from[before.ops[i].tag];
            if (check_risk(f, &after) < check_risk(f, &before) && model_rank(f->field, o) > check_risk(f, &after) &&
                !case_names(came->op, o->dot))
                return 0;
        }
        before = after;
    }
    return 1;
}

/* The base of the live ops is the model's. */
static inline int check_base(const struct check_field *f, const struct check_view *view)
{
    struct model_op live[CASE_FIELD_OPS];
    const struct model_op *wanted;
    struct merge_base found = merge_base(view->ops, view->live, view->dead_ops, view->dead);
    struct dot dot;
    for (size_t i = 0; i < view->live; i++)
        live[i] = f->from[view->ops[i].tag];
    wanted = model_base(f->from, f->count, live, view->live);
    if (wanted == NULL || found.base == MERGE_NO_BASE)
        return wanted == NULL && found.base == MERGE_NO_BASE;
    dot = case_real_dot(wanted->dot);
    return dot_equal(&dot, &view->dead_ops[found.base].dot);
}

static inline int check_accepted_before(const struct merge_op *a, const struct merge_op *b)
{
    if (a->position != b->position)
        return a->position < b->position;
    return a->hlc != b->hlc ? a->hlc < b->hlc : dot_compare(&a->dot, &b->dot) < 0;
}

/* A status change whose start no longer holds is never shown: letting the ops come in the office's order, each either
 * names what is shown, and is shown then, or changes nothing. Where all that lives agrees nobody's start matters; where
 * an op names a later one there is no such order. */
static inline int check_starts(const struct check_field *f)
{
    static struct merge_op order[CASE_FIELD_OPS];
    static struct check_view before, after;
    memcpy(order, f->ops, sizeof order);
    for (size_t i = 1; i < f->count; i++)
        for (size_t k = i; k > 0 && check_accepted_before(&order[k], &order[k - 1]); k--)
            check_swap(&order[k], &order[k - 1]);
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = i; k < f->count; k++)
            if (case_names(f->from[order[i].tag].op, f->from[order[k].tag].dot))
                return 1;
    check_look(f, order, 0, &before);
    for (size_t n = 1; n <= f->count; n++) {
        const struct merge_op *came = &order[n - 1];
        int told;
        check_look(f, order, n, &after);
        told = before.live == 1 || before.shown.conflict == MERGE_LOUD;
        told = told && (after.live == 1 || after.shown.conflict == MERGE_LOUD);
        if (told && !dot_equal(&after.ops[0].dot, &before.ops[0].dot) &&
            !(dot_equal(&after.ops[0].dot, &came->dot) &&
              case_names(f->from[came->tag].op, f->from[before.ops[0].tag].dot)))
            return 0;
        before = after;
    }
    return 1;
}

/* An op that decides a field: it names all that lives, and says `like`. */
static inline struct merge_op check_decision(const struct check_view *view, size_t count, unsigned device,
                                             const struct merge_op *like, struct pack *names)
{
    struct merge_op o = *like;
    pack_start(names);
    pack_array(names, count);
    for (size_t i = 0; i < count; i++)
        dot_pack(names, &view->ops[i].dot);
    o.dot = case_real_dot((struct case_dot){(uint8_t)device, 1, 200, 0});
    o.hlc = CASE_TODAY * 65536 + 7;
    o.received_ms = 0;
    o.position = MERGE_NOT_ACCEPTED;
    o.supersedes = pack_bytes(names);
    o.tag = 0;
    return o;
}

static inline int check_decided(const struct check_view *view, struct slice value)
{
    return view->shown.conflict == MERGE_AGREED && view->shown.count == 1 &&
           model_bytes(view->ops[0].value, value) == 0;
}

/* Resolving twice is the same as once: by two people who did not see each other, or by one who saw the first. */
static inline int check_resolves(const struct check_field *f, const struct check_view *whole)
{
    static struct merge_op ops[CASE_FIELD_OPS + 2];
    static struct check_view once, twice, again;
    struct pack names[3];
    int right;
    if (whole->live == 0)
        return 1;
    memcpy(ops, f->ops, f->count * sizeof *ops);
    ops[f->count] = check_decision(whole, whole->live, 201, &whole->ops[whole->live - 1], &names[0]);
    check_look(f, ops, f->count + 1, &once);
    ops[f->count + 1] = check_decision(whole, whole->live, 202, &whole->ops[whole->live - 1], &names[1]);
    check_look(f, ops, f->count + 2, &twice);
    ops[f->count + 1] = check_decision(&once, once.live, 202, &whole->ops[whole->live - 1], &names[2]);
    check_look(f, ops, f->count + 2, &again);
    right = check_decided(&once, whole->ops[whole->live - 1].value) &&
            check_decided(&twice, whole->ops[whole->live - 1].value) &&
            check_decided(&again, whole->ops[whole->live - 1].value);
    for (size_t i = 0; i < 3; i++)
        pack_free(&names[i]);
    return right;
}

/* What is shown never depends on the wall clock of the reader. */
static inline int check_clocks(const struct check_field *f, const struct check_view *whole)
{
    static const uint64_t readers[] = {0, CASE_TODAY, 7258118400000ull};
    static struct check_view view;
    for (size_t i = 0; i < 3; i++) {
        view = *whole;
        check_clock_ms = readers[i];
        memcpy(view.ops, f->ops, f->count * sizeof *f->ops);
        view.live = merge_live(view.ops, f->count);
        view.shown = merge_show_over(f->field, view.ops, view.live, view.dead_ops, view.dead);
        if (!check_same_view(whole, &view))
            return 0;
    }
    return 1;
}

/* --- all of them --- */

static inline const char *check_policy(const struct check_field *f, size_t all)
{
    static struct check_view whole;
    enum schema_policy policy = f->field->policy;
    check_look(f, f->ops, f->count, &whole);
    if (!check_same_as_model(f, &whole))
        return "merge_is_the_model";
    if (!check_orders(f, &whole, all))
        return "order_does_not_matter";
    if (!check_batches(f, &whole))
        return "batches_in_any_grouping";
    if (!check_clocks(f, &whole))
        return "clock_of_the_reader_does_not_matter";
    if (!check_visible(f, &whole))
        return "live_value_is_visible";
    if (whole.live > 1 && !check_base(f, &whole))
        return "base_is_the_model";
    if (policy == SCHEMA_STATUS && !check_starts(f))
        return "status_follows_what_is_shown";
    if (policy == SCHEMA_SET && !check_adds(f, &whole))
        return "add_is_not_lost_to_a_remove";
    if (policy == SCHEMA_ONCE && !check_notes(f, &whole))
        return "note_is_not_lost";
    if (policy == SCHEMA_HIGHEST && !check_falls(f))
        return "risk_falls_only_by_name";
    if (policy != SCHEMA_SET && policy != SCHEMA_SUM && policy != SCHEMA_ONCE && !check_resolves(f, &whole))
        return "resolving_twice_is_once";
    return NULL;
}

/* Every field of a history under its own policy and one other. The name of the check that fails, or NULL. */
static inline const char *check_merge(const struct case_history *h, const struct case_bytes *b,
                                      struct model_known known, size_t all)
{
    static struct check_field f;
    const char *failed = NULL;
    for (unsigned record = 0; record < CASE_RECORDS; record++) {
        const struct schema_kind *kind = schema_kind(case_records[record].kind);
        uint8_t seen[256] = {0};
        for (size_t i = 0; i < h->count && failed == NULL; i++) {
            for (size_t k = 0; h->changes[i].record == record && k < h->changes[i].op_count && failed == NULL; k++) {
                unsigned number = h->changes[i].ops[k].field;
                const struct schema_field *own = kind == NULL ? NULL : schema_field(kind, number);
                if (seen[number]++)
                    continue;
                check_gather(h, b, known, record, number, &f);
                f.field = &check_policies[check_below(CHECK_POLICIES)];
                if ((failed = check_policy(&f, all)) == NULL && own != NULL) {
                    f.field = own;
                    failed = check_policy(&f, all);
                }
            }
        }
    }
    return failed;
}

#endif
