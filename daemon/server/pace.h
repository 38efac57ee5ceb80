/* Pace: how fast one laptop is dealt to. What it was dealt is remembered in memory, over all of its links; if that was
 * much in a short time, its next message waits a moment before it is looked at, and the others' go first. Nothing is
 * refused for that. */
#ifndef SATCHEL_PACE_H
#define SATCHEL_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "id.h"

#define PACE_BURST (64u << 20)     /* bytes that a laptop is dealt without a wait */
#define PACE_PER_SECOND (2u << 20) /* and for each second after that */
#define PACE_BEGINNING (1u << 20)  /* what the beginning of a deal counts: the office looks for what to deal */
#define PACE_RESUMING (64u << 10)  /* and what going on with an exchange counts */
#define PACE_LAPTOPS_MAX 4096      /* of so many it is remembered at one time */

struct pace_laptop;
struct pace {
    struct pace_laptop *all;
    size_t count;
};

/* The laptop has been dealt so many bytes. now_ms: of a clock that never goes back. Without memory nothing is
 * remembered. */
void pace_spend(struct pace *p, const struct id *device, uint64_t bytes, uint64_t now_ms);
/* How long its next message waits, in milliseconds; 0: not at all. */
uint64_t pace_wait_ms(const struct pace *p, const struct id *device, uint64_t now_ms);
void pace_free(struct pace *p);

#endif
