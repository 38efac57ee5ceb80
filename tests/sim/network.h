/* The simulated network: links of two ways, in pieces that take their time, and what the weather does to them. loop.c
 * hands them to programs as libuv's streams. */
#ifndef SATCHEL_SIM_NETWORK_H
#define SATCHEL_SIM_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "loop.h"

struct network_piece {
    struct network_piece *next;
    uint64_t due_ms;
    size_t size, taken;
    uint8_t bytes[];
};

/* One end of a link. */
struct network_end {
    struct network_link *link;
    unsigned side;                       /* 0: who connected */
    void *owner;                         /* loop.c's; NULL: closed, or not taken yet */
    struct network_piece *first, **last; /* on their way to this end */
    int is_over;      /* nothing more is sent to this end: once it has taken what is on the way, it hears so */
    int broke;        /* ... as a broken link, not as an end */
    uint64_t over_ms; /* ... at this time */
};

struct network_link {
    struct network_end end[2];
    struct loop_link weather;
    struct luck *luck;
    uint64_t sent[2]; /* way 0 is from end 0 to end 1 */
    uint64_t last_due_ms[2];
    struct network_piece *held_back[2]; /* comes after the next one */
    int is_cut;
};

struct network_link *network_connect(const struct loop_link *weather, struct luck *luck);
/* Puts bytes on the way from this end to the other. */
void network_send(struct network_end *from, const uint8_t *bytes, size_t size);
/* When this end has something to hear; UINT64_MAX: nothing. */
uint64_t network_due(const struct network_end *end);
/* Bytes that are due, up to size; 0: none. */
size_t network_take(struct network_end *end, uint8_t *out, size_t size);
/* All is taken, and the other end has gone (1) or the link is broken (-1), and this end may know. */
int network_over(const struct network_end *end);
/* This end is closed; aborted: the other hears of a broken link. mute: it hears nothing. Frees the link once both are.
 */
void network_close(struct network_end *end, int aborted, int mute);

extern uint64_t network_bytes; /* that were taken over all links */

#endif
