/* What the person of this laptop was shown: the dots of the ops whose values were printed for them. What lies in the
 * store and was never printed was seen by nobody, so no op of the person replaces it (edit.h). What a person wrote, on
 * whatever laptop, counts as shown.
 *
 * A command collects dots while it prints (seen_dot); when it is over, and what it printed is out, seen_keep writes
 * them into the table `seen`, in one transaction of its own. If that fails, nothing was shown: that is the safe
 * side, and no command fails by it. Dots, not row numbers: an entry may be dealt anew, and a re-issue gives a change
 * another name. */
#ifndef SATCHEL_SEEN_H
#define SATCHEL_SEEN_H

#include <stddef.h>

#include "db.h"
#include "dot.h"
#include "error.h"

#define SEEN_DOTS_MAX 262144 /* that one command collects: what it prints beyond that was not shown */

struct seen {
    struct db *db;    /* the store's */
    struct id person; /* who sits before this laptop */
    int off;          /* 1: what is printed now goes to a program (--json without --seen): it is not collected */
    struct dot *dots; /* collected since seen_begin */
    size_t count, room;
};

/* A command begins; off: as above. */
void seen_begin(struct seen *s, int off);
/* The value of this op was printed, whole. It cannot fail: without memory the op was not shown. s NULL: does nothing.
 */
void seen_dot(struct seen *s, const struct dot *dot);
/* The columns of these fields (count of them, at most SEEN_FIELDS_MAX) of a record were printed, each with the one
 * value that it shows. Of a contested field that is what the field shows, of another all that lives. Errors: the
 * store's. */
#define SEEN_FIELDS_MAX 64
int seen_columns(struct seen *s, const struct id *record, const unsigned *fields, size_t count, struct error *e);

/* An edit_seen's was_shown; seen: a struct seen. */
int seen_was_shown(void *seen, const struct dot *dot, const struct id *op_author, struct error *e);

/* 1: something was collected that lives and is not in the table; 0: nothing; -1: failed. Only reads. */
int seen_is_new(struct seen *s, struct error *e);
/* Writes what was collected into the table, in a transaction of its own, and forgets it. Errors: the store's; then
 * nothing was written. */
int seen_keep(struct seen *s, struct error *e);
void seen_free(struct seen *s); /* forgets what was collected */

/* The changes of `device` in `stranded` that were written once more in the epoch new_epoch (reissue.h) have new names:
 * who was shown one under its old name was shown it. Inside the caller's transaction. Errors: the store's. */
int seen_rename(struct db *db, const struct id *device, uint64_t new_epoch, struct error *e);

#endif
