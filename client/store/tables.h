/* The tables that a laptop has beside the log and the record. */
#ifndef SATCHEL_TABLES_H
#define SATCHEL_TABLES_H

#include "db.h"
#include "error.h"

/* Makes the tables that are missing. Inside the caller's transaction, or in one of its own. Errors: the store's (db.h).
 */
int tables_create(struct db *db, struct error *e);

#endif
