/* The simulation's own system calls (system.c): the time and random numbers of every program in this process. */
#ifndef SATCHEL_SIM_SYSTEM_H
#define SATCHEL_SIM_SYSTEM_H

#include <stdint.h>

/* Keys, nonces, ids and SQLite's own random numbers follow from this from now on. */
void system_seed(uint64_t seed);

/* The n-th allocation of our own code from now on while this machine is in turn fails, once; 0: none. */
void system_fail_allocation(unsigned machine, uint64_t n);
/* 1: that is still to come. */
int system_allocation_waits(unsigned machine);

#endif
