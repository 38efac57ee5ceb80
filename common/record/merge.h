/* The merge: what a field shows, as a pure function of its set of ops. No order of arrival, no clock, no I/O.
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
    size_t tag;              /* the caller's own */
    uint64_t key;            /* the merge's own, while it runs; nothing to set or to read */
};

enum merge_conflict {
    MERGE_AGREED,
    MERGE_QUIET, /* kept for review: nobody is called */
    MERGE_LOUD   /* a person must decide */
};

struct merge_shown {
    enum merge_conflict conflict;
    size_t count; /* ops[0 .. count) are shown: 0 or 1 for a field that holds one value, any number for the others */
    int64_t sum;  /* SCHEMA_SUM: the total, clamped to the range of int64 */
};

/* What the field shows, from its live ops, which are put in order: the shown first, then the others, each in the
 * policy's order. The result and the order depend on the set alone. */
struct merge_shown merge_show(const struct schema_field *field, struct merge_op *live, size_t count);

/* The same, where it is known what the live ops were written over: dead holds their ancestors (what they supersede,
 * what that supersedes, and so on), as far as they are at hand, each dot once, and is put in order too. Only
 * SCHEMA_STATUS looks at them. A text whose versions have a base (merge_base) may still be brought together; whether
 * they were is the caller's to say. */
struct merge_shown merge_show_over(const struct schema_field *field, struct merge_op *live, size_t count,
                                   struct merge_op *dead, size_t dead_count);

#define MERGE_DEAD_MAX 256
#define MERGE_NO_BASE SIZE_MAX

struct merge_base {
    unsigned generation; /* the first in which an op is an ancestor of all; 0: there is no such op */
    size_t base;         /* which of dead; MERGE_NO_BASE: none, or several with equal right */
};

/* What all live ops were written over: their nearest common ancestor. dead as for merge_show_over, in any order; what
 * lies beyond the generation that is found does not matter, so a caller may fetch one generation after the other until
 * it has that one. More than MERGE_DEAD_MAX dead, or none: no base. */
struct merge_base merge_base(const struct merge_op *live, size_t count, const struct merge_op *dead, size_t dead_count);

#endif
