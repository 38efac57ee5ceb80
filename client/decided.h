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

#include "cli.h"
#include "db.h"
#include "desk.h"
#include "error.h"
#include "log.h"
#include "view.h"

/* Makes the table where it is not there. Inside the caller's transaction, or in one of its own. */
int decided_create(struct db *db, struct error *e);

/* Remembers what a change that has come decides over; before it is applied, since that ends the conflict. person: whose
 * laptop it is. Inside the caller's transaction. */
int decided_note(struct db *db, const struct id *person, const struct change *c, struct error *e);

/* A scope has left. Inside the caller's transaction. */
int decided_forget(struct db *db, const struct id *scope, struct error *e);

/* How many have not been looked at. */
int decided_count(struct db *db, uint64_t *count, struct error *e);

/* Prints what has not been told yet, *count of them: one sentence each, or the members of a JSON array. decided_told is
 * for when that has reached its reader. */
int decided_tell(struct view *v, size_t *count, struct error *e);
int decided_told(struct store *s, struct error *e);

/* `satchel decided`: all, the newest last. */
desk_work decided_run;

#endif
