/* How the oracle looks into stores: the office's while it runs, a laptop's between its commands. */
#ifndef SATCHEL_SIM_ORACLE_STORE_H
#define SATCHEL_SIM_ORACLE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "id.h"

void oracle_store_reset(void);
void oracle_store_copied(unsigned from, unsigned to); /* a disk, and so the key of the store on it */
void oracle_store_set_back(void);                     /* the office's disk is an older one now */

/* A laptop's store, to read; the simulator acts on that laptop until oracle_store_close. NULL: it has none, a command
 * of it runs, or nobody has opened it yet, so that its key is not known. */
struct db *oracle_store_open(unsigned machine);
void oracle_store_close(struct db *db);

/* Is its file there? */
int oracle_store_is_there(unsigned machine);

/* The scopes that a laptop's store holds whole; freed with free. NULL: it cannot be read. */
struct id *oracle_store_scopes(struct db *db, size_t *count);

/* A number of the store's meta; 0 where it is absent or cannot be read. */
uint64_t oracle_store_meta(struct db *db, const char *name);

/* The first number of a query without parameters; UINT64_MAX where the store cannot be read. */
uint64_t oracle_store_count(struct db *db, const char *sql);

/* How many entries the office's log had when it was set back, the fewest of all times; UINT64_MAX: it never was. */
uint64_t oracle_store_backup(void);

#endif
