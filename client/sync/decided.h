/* What others decided over this person's words. A change decides if it replaces two different values or more on one
 * field. If one of them is this person's, the decision is remembered, told once at the end of a sync, and listed until
 * its case leaves this laptop. A person whose value was taken is told as well as one whose value was not; a decision of
 * the person's own is not remembered.
 *
 * What takes an error fails with E_MEMORY or the store's errors (db.h).
 *
 * Own table (tables.h): decided(...). It is no part of the record. Its column told: 0 not yet, 1 told at the end of a
 * sync, 2 looked at with `satchel decided`. */
#ifndef SATCHEL_DECIDED_H
#define SATCHEL_DECIDED_H

#include "change.h"
#include "db.h"
#include "error.h"
#include "store.h"

/* Remembers what a change that has come decides over. It is called before the change is applied, since applying it ends
 * the conflict. person: whose laptop it is. Inside the caller's transaction. */
int decided_remember(struct db *db, const struct id *person, const struct change *c, struct error *e);

/* Forgets the decisions in a scope that leaves this laptop. Inside the caller's transaction. */
int decided_forget(struct db *db, const struct id *scope, struct error *e);

/* *count: how many decisions have not been looked at. */
int decided_count(struct db *db, uint64_t *count, struct error *e);

/* Marks every new decision as told (a sync has ended). In a transaction of its own. */
int decided_told(struct store *s, struct error *e);
/* Marks every decision as looked at (`satchel decided` has listed them). In a transaction of its own. */
int decided_looked_at(struct store *s, struct error *e);

#endif
