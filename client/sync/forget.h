/* What a laptop keeps of a change's words beside the log and the record, when they are erased. */
#ifndef SATCHEL_FORGET_H
#define SATCHEL_FORGET_H

#include "change.h"
#include "db.h"
#include "error.h"

/* Drops the words of the change that an erasure names from this laptop's own tables: copies of what was held, of what
 * was written once more after a fork, of what has not been applied yet; and what is still to be told of decisions over
 * its record. own: this laptop's device. Runs inside the caller's transaction. Errors: the store's. */
int forget_words(struct db *db, const struct id *own, const struct change *erasure, struct error *e);

#endif
