/* Of property 6: a link that breaks early each time, and does nothing else, does not keep a sync from its end, if each
 * carries ORACLE_LINK_MIN bytes each way. */
#ifndef SATCHEL_SIM_ORACLE_LINK_H
#define SATCHEL_SIM_ORACLE_LINK_H

#include "loop.h"
#include "machine.h"

#define ORACLE_LINK_MIN 1000u /* a handshake, a resume, and a first piece of something */

void oracle_link_reset(void);
/* What a machine's links do from now on. */
void oracle_link_set(unsigned machine, const struct loop_link *link);
/* The office has come up. */
void oracle_link_office_up(void);
/* A sync has ended, while the office runs, and no disk was put back or cloned. */
void oracle_link_judge(const struct machine_run *sync, const char *name);

#endif
