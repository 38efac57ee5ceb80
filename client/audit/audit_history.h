/* The history of a record or of all that stands in a case: every change that touched it, in the order of the log. */
#ifndef SATCHEL_AUDIT_HISTORY_H
#define SATCHEL_AUDIT_HISTORY_H

#include "cli.h"
#include "db.h"
#include "error.h"
#include "id.h"

/* Prints each change of the record, or of the scope (a case, a client), with this id: position, times, who and on which
 * device, what it wrote and what that took the place of. db: a store that audit_replay made. With json: an array.
 * E_NOT_FOUND (no change names it), E_MEMORY, E_IO. */
int audit_history(const struct cli *cli, struct db *db, const struct id *id, struct error *e);

#endif
