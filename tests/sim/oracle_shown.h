/* The rest of property 2: what was typed and lives at the office is shown on the laptops too. */
#ifndef SATCHEL_SIM_ORACLE_SHOWN_H
#define SATCHEL_SIM_ORACLE_SHOWN_H

#include "db.h"

/* With the office's log just read: what lives at the office is in the store of a laptop that holds its scope whole;
 * nothing waits in it. */
void oracle_shown_laptop(unsigned machine, struct db *db);

#endif
