/* What the person with a laptop does: unlock, enrol, work, decide, sync, carry a file. */
#ifndef SATCHEL_SIM_LAPTOP_H
#define SATCHEL_SIM_LAPTOP_H

#include "world.h"

/* A line that begins with the name of laptop m, without that. */
void laptop_event(struct world *w, unsigned m, int argc, char *const *argv);
/* What is unsent goes to the office as a file, past the link, and without the store, which may be gone. */
void laptop_courier(struct world *w, unsigned m);
/* A laptop whose enrolment broke off in bad weather goes on with it. */
void laptop_enrol_at_last(struct world *w, unsigned m);

#endif
