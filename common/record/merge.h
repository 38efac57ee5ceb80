/* The merge: what a field shows, as a pure function of its set of ops. It knows no order of arrival, no clock, no I/O.
 * docs/MERGE.md says what each policy does and why. */
#ifndef SATCHEL_MERGE_H
#define SATCHEL_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "change.h"
#include "schema.h"

#define MERGE_NOT_ACCEPTED UINT64_MAX /* position of an op that the office has not accepted yet */

struct merge_op {
    struct dot dot;
    uint64_t hlc;
    uint64_t received_ms; /* 0: not received yet */
    uint64_t position;    /* of its entry in the office log */
    enum change_action action;
    struct slice value;
    struct slice supersedes; /* as in change_op; merge_show alone does not read it */
    size_t tag;              /* for the caller; the merge carries it along */
    uint64_t key;            /* for the merge while it runs; callers neither set nor read it */
};

enum merge_conflict {
    MERGE_AGREED,
    MERGE_QUIET, /* kept for review: nobody is called */
    MERGE_LOUD   /* a person must decide */
};

struct merge_shown {
    enum merge_conflict conflict;
    size_t count;  /* ops[0 .. count) are shown: 0 or 1 if the field holds one value, else any number */
    int64_t sum;   /* SCHEMA_SUM: the total, clamped to the range of int64 */
    size_t erased; /* SCHEMA_SUM: contributions whose number was erased; unless 0, nobody knows the total */
};

/* 1: the words of the op were erased; its value is no bytes at all. */
int merge_is_erased(const struct merge_op *op);

/* Works out what the field shows, and puts its live ops in order: first those that are shown, then the others, each in
 * the policy's order. The result and the order depend on the set alone. Values and lists are not copied. It cannot
 * fail: whatever the bytes say, something is shown. */
struct merge_shown merge_show(const struct schema_field *field, struct merge_op *live, size_t count);

/* The same for a caller who knows what the live ops were written over. dead: their ancestors (what they supersede, what
 * that supersedes, and so on), as far as the caller has them, each dot once; they are put in order too. Only
 * SCHEMA_STATUS looks at them. The caller may still bring the versions of a text together, if they have a base
 * (merge_base). */
struct merge_shown merge_show_over(const struct schema_field *field, struct merge_op *live, size_t count,
                                   struct merge_op *dead, size_t dead_count);

/* The rank of a value of a field of the policy `highest`; 0: it is cleared. A value that cannot be read ranks with the
 * codes that this version does not know: above all that it knows. It cannot fail. */
uint64_t merge_rank(const struct schema_field *field, struct slice value);

#define MERGE_DEAD_MAX 256
#define MERGE_NO_BASE SIZE_MAX

struct merge_base {
    unsigned generation; /* the first that has an op which is an ancestor of every live op; 0: no op is */
    size_t base;         /* the index in dead; MERGE_NO_BASE: no op, or several with an equal right */
};

/* Finds what all live ops were written over: their nearest common ancestor. dead: as for merge_show_over, in any order.
 * Ops beyond the generation that is found make no difference, so a caller may fetch one generation after the other
 * until it has that one. There is no base if there are no dead ops, or more than MERGE_DEAD_MAX. It cannot fail. */
struct merge_base merge_base(const struct merge_op *live, size_t count, const struct merge_op *dead, size_t dead_count);

#endif
