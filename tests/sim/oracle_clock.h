/* Judges what is marked as written under a wrong clock: property 8. */
#ifndef SATCHEL_SIM_ORACLE_CLOCK_H
#define SATCHEL_SIM_ORACLE_CLOCK_H

#include "oracle_log.h"

void oracle_clock_reset(void);
/* Looks at the clocks of all machines: a command has ended. */
void oracle_clock_look(void);
/* A laptop was enrolled, or its sync came to its end; when that was last (ms since 1970, in truth), 0: never. */
void oracle_clock_meets(unsigned machine);
uint64_t oracle_clock_met(unsigned machine);
/* At the end, by the office's log. */
void oracle_clock_judge(const struct oracle_log *log);

#endif
