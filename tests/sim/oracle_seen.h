/* Property 3, of what people were shown: nobody replaces a value of the policies latest, highest, review and status
 * that no command ever printed for them, but for a lower rank; nobody voids one; and nobody lowers a risk without a
 * reason. */
#ifndef SATCHEL_SIM_ORACLE_SEEN_H
#define SATCHEL_SIM_ORACLE_SEEN_H

#include "machine.h"

void oracle_seen_reset(void);
/* A command of a laptop has ended: keeps what it printed, and judges what it wrote by what was printed before. */
void oracle_seen_command(const struct machine_run *run);

#endif
