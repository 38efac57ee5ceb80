/* The tables that a laptop has beside the log and the record. */
#ifndef SATCHEL_TABLES_H
#define SATCHEL_TABLES_H

#include "db.h"
#include "error.h"

/* Makes those that are not there. Inside the caller's transaction, or in one of its own. Errors: of the store (db.h).
 */
int tables_create(struct db *db, struct error *e);

#endif
