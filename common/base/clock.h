/* Hybrid logical clock (Kulkarni et al. 2014): 48 bits of milliseconds since 1970 and 16 of counter, in one integer.
 *
 * A stamp orders what one device wrote and, through what it saw, what others wrote before. It never decides alone: a
 * stamp counts at most for the time at which the office received it (clock_effective), so a clock that runs ahead
 * cannot win for ever, and a device that sees such a stamp takes over only the bounded one. */
#ifndef SATCHEL_CLOCK_H
#define SATCHEL_CLOCK_H

#include <stdint.h>

#define CLOCK_MS_MAX ((1ull << 48) - 1)

/* The next stamp for an event of our own, greater than last, for a wall clock of wall_ms. */
uint64_t clock_next(uint64_t last, uint64_t wall_ms);

/* What `last` becomes once a stamp of somebody else has been seen (hand in its effective stamp). */
uint64_t clock_seen(uint64_t last, uint64_t theirs);

/* min(hlc, the greatest stamp of the receipt's millisecond); received_ms 0: not received yet, the stamp itself. */
uint64_t clock_effective(uint64_t hlc, uint64_t received_ms);

/* The milliseconds since 1970 of a stamp. */
uint64_t clock_ms(uint64_t hlc);

/* The wall clock, in milliseconds since 1970; 0 if the clock is before it. */
uint64_t clock_wall(void);

/* "2026-11-23T19:45:00Z" of milliseconds since 1970. -1: there is no such date; out is then "". */
#define CLOCK_TEXT 32
int clock_text(uint64_t unix_ms, char out[CLOCK_TEXT]);

#endif
