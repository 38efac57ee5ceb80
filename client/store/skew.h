/* How far this laptop's clock is from the office's, found at each meeting (an enrolment, a sync). */
#ifndef SATCHEL_SKEW_H
#define SATCHEL_SKEW_H

#include "db.h"
#include "edit.h"
#include "error.h"

#define SKEW_SAID_MS 120000 /* from two minutes on a person is told */
#define SKEW_WORDS 384

/* Returns by how many milliseconds the clock here is ahead of the office's (less than 0: behind), which says office_ms
 * now. 0: by no more than SKEW_SAID_MS. */
int64_t skew_of(uint64_t office_ms);

/* Keeps what a meeting found: how far the clock was off, for skew_now; and the office's time as the author's last
 * stamp, higher or lower than that was: so what is written next under a clock that is behind says so itself
 * (clock_off), and what is written after a clock was set right does not. Runs inside the caller's transaction. */
int skew_keep(struct db *db, struct edit_author *author, uint64_t office_ms, struct error *e);

/* Returns the latest time, in milliseconds since 1970, at which a change that the office has not received can have been
 * written: now, by the clock here; less what that was ahead at the last meeting, until it has been set back. */
uint64_t skew_now(struct db *db);

/* Writes the sentence for a person, whose clock is off by skew_of's number: what, and what to do now. */
void skew_words(int64_t off_ms, uint64_t office_ms, char out[SKEW_WORDS]);

#endif
