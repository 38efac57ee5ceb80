/* libuv as the simulation has it: loop.c defines the functions of libuv that satchel and satcheld call, over simulated
 * time and a simulated network. Both programs are otherwise as they ship. */
#ifndef SATCHEL_SIM_LOOP_H
#define SATCHEL_SIM_LOOP_H

#include <stdint.h>

#include "luck.h"

/* What a link does to what goes over it. Places are counted in bytes from the link's beginning, for each way; 0: never.
 * Way 0 goes to the office, way 1 comes from it. */
struct loop_link {
    uint32_t delay_ms, jitter_ms; /* each piece takes delay + up to jitter, and none overtakes another */
    uint64_t cut[2];              /* the link breaks here: what is behind is lost */
    uint64_t flip[2];             /* a bit of this byte is flipped */
    uint64_t twice[2];            /* the piece with this byte comes twice */
    uint64_t swap[2];             /* the piece with this byte comes after the next one */
    uint64_t lose[2];             /* the piece with this byte never comes, what follows does */
    int silent;                   /* nobody hears of a broken link: it is just silent */
    int refused;                  /* nobody answers at all */
};

/* What links that a machine opens from now on do; taken when they are opened. */
void loop_link_set(unsigned machine, const struct loop_link *link);

/* The time at which something happens next in some process; UINT64_MAX: nothing will. */
uint64_t loop_next(void);
/* Lets the process go on for which something is due now; where there are several, luck chooses. 0: nothing is due. */
int loop_step(struct luck *luck);

/* Somebody was on the operator's socket of a process of this machine: its loop makes a turn. */
void loop_wake(unsigned machine);

/* A process of this machine that listens is told to stop, as by SIGTERM. */
void loop_signal(unsigned machine);

/* Bytes that came over all links so far. */
uint64_t loop_bytes(void);

/* For each seed: the luck that links take their delays from. No loop may be left over. */
void loop_reset(struct luck *luck);

#endif
