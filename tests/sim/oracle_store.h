/* How the oracle looks into a laptop's store: with the key that the laptop's own programs last opened it with. */
#ifndef SATCHEL_SIM_ORACLE_STORE_H
#define SATCHEL_SIM_ORACLE_STORE_H

#include "db.h"

/* Opens it to read; NULL: something runs there, the power is off, or it does not open (why says so, where it is not
 * NULL). To be given back with oracle_store_close at once: until then the oracle acts on that machine. */
struct db *oracle_store_open(unsigned machine, struct error *why);
void oracle_store_close(struct db *db);

/* Machine `to` is now what `from` was. */
void oracle_store_copied(unsigned from, unsigned to);
void oracle_store_reset(void);

#endif
