/* What others decided over this person's words: a change that replaces two values or more on one field, one of them
 * this person's, is remembered until it has been told, and listed until its case leaves this laptop. The one whose
 * value was taken is told as well as the other; who decided is not.
 *
 * What takes an error fails with E_MEMORY or the store's errors (db.h).
 *
 * The table `decided` is this laptop's own, and no part of the record. told: 0 not yet, 1 at the end of a sync, 2
 * looked at with `satchel decided`. */
#ifndef SATCHEL_DECIDED_H
#define SATCHEL_DECIDED_H

#include "change.h"
#include "db.h"
#include "error.h"
#include "store.h"

/* Remembers what a change that has come decides over; before it is applied, since that ends the conflict. person: whose
 * laptop it is. Inside the caller's transaction. */
int decided_note(struct db *db, const struct id *person, const struct change *c, struct error *e);

/* A scope has left. Inside the caller's transaction. */
int decided_forget(struct db *db, const struct id *scope, struct error *e);

/* How many have not been looked at. */
int decided_count(struct db *db, uint64_t *count, struct error *e);

/* What was new has been told, at the end of a sync; or all has been looked at, by `satchel decided`. A transaction of
 * its own. */
int decided_told(struct store *s, struct error *e);
int decided_looked_at(struct store *s, struct error *e);

#endif
