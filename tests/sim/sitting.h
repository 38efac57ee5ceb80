/* The agents of the simulated laptops (sitting.c). */
#ifndef SATCHEL_SIM_SITTING_H
#define SATCHEL_SIM_SITTING_H

/* The machine went down: its agent is gone, and the key with it. */
void sitting_forget(unsigned machine);
int sitting_is_there(unsigned machine);

#endif
