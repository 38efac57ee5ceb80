/* The simulation's own system calls (system.c): the time and random numbers of every program in this process. */
#ifndef SATCHEL_SIM_SYSTEM_H
#define SATCHEL_SIM_SYSTEM_H

#include <stdint.h>

/* Keys, nonces, ids and SQLite's own random numbers follow from this from now on. */
void system_seed(uint64_t seed);

#endif
