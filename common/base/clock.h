/* Hybrid logical clock (Kulkarni et al. 2014): 48 bits of milliseconds since 1970 and 16 of counter, in one integer.
 *
 * A stamp orders what one device wrote and, through what it saw, what others wrote before. It never decides alone: a
 * stamp counts at most for the time at which the office received it (clock_effective), so a clock that runs ahead
 * cannot win for ever, and a device that sees such a stamp takes over only the bounded one. */
#ifndef SATCHEL_CLOCK_H
#define SATCHEL_CLOCK_H

#include <stdint.h>

#define CLOCK_MS_MAX ((1ull << 48) - 1)

/* Returns the next stamp for an event of our own: greater than last, at a wall clock of wall_ms. */
uint64_t clock_next(uint64_t last, uint64_t wall_ms);

/* Returns what `last` becomes after we have seen somebody else's stamp (hand in its effective stamp). */
uint64_t clock_seen(uint64_t last, uint64_t theirs);

/* Returns the lesser of hlc and the greatest stamp of the receipt's millisecond; received_ms 0: hlc, for no
 * office has it yet. */
uint64_t clock_effective(uint64_t hlc, uint64_t received_ms);

/* How far a change's clock was off, at least, in milliseconds: by its stamp and its wall clock, both in its header, and
 * the time at which the office received it (0: it has not). More than 0: ahead, since it says a later time than its
 * receipt; less than 0: behind, since its author's device had known a later time before. 0: within CLOCK_FITS_MS.
 * Office, laptop and auditor mark by this what was written under a wrong clock (docs/MERGE.md, "Wrong clocks"). */
#define CLOCK_FITS_MS (10ll * 60 * 1000)
int64_t clock_off(uint64_t hlc, uint64_t wall_ms, uint64_t received_ms);

/* Returns the milliseconds since 1970 of a stamp. */
uint64_t clock_ms(uint64_t hlc);

/* Returns the wall clock, in milliseconds since 1970; 0 if it shows an earlier time. */
uint64_t clock_wall(void);

/* Returns milliseconds of a clock that only goes forward, since a moment that nobody knows: for how long something
 * takes. */
uint64_t clock_steady(void);

/* Writes milliseconds since 1970 as "2026-11-23T19:45:00Z". 0; -1: there is no such date, and out is "". */
#define CLOCK_TEXT 32
int clock_text(uint64_t unix_ms, char out[CLOCK_TEXT]);

#endif
