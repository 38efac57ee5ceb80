/* The one place for times as people read and type them: local time with its zone, "2025-05-31 14:30 CEST", in every
 * answer and every error. What is stored, and JSON, has UTC (schema.h). A day is a day: no zone moves it. */
#ifndef SATCHEL_MOMENT_H
#define SATCHEL_MOMENT_H

#include <stdint.h>
#include <time.h>

#include "error.h"

#define MOMENT_TEXT 32

/* Turns local time, "2025-05-31 14:30", perhaps with seconds, a T, and the zone that is shown here, into
 * "2025-05-31T12:30:00Z". Words that end with Z are UTC already; anything else, a day too, is copied as it is, for
 * schema_parse to take or refuse. E_INPUT: a local time that does not exist (31 April, an hour that a change of clocks
 * skipped, a zone of another place), or words that are too long. */
int moment_from_words(const char *words, char out[MOMENT_TEXT], struct error *e);

/* Turns "2025-05-31T12:30:00Z" into "2025-05-31 14:30 CEST", local time; anything else is copied as it is. */
void moment_to_words(const char *moment, char out[MOMENT_TEXT]);

/* Find the unix time, in seconds, at which a clock of UTC, or the clock here, shows just that; of the parts of the tm
 * they take year to second. later: if the clock here shows it twice, in autumn, the later of both; else the earlier.
 * -1: no such time is on that clock, such as 31 April, or the hour that is skipped in spring. */
int moment_find_utc(const struct tm *utc, time_t *when);
int moment_find_local(const struct tm *local, int later, time_t *when);

/* Writes the local time of unix milliseconds: "2026-11-23 20:45 CET". */
void moment_of(uint64_t unix_ms, char out[MOMENT_TEXT]);

/* Writes a length of time in its largest unit: "6 years", "1 day", "12 minutes". */
void moment_span(uint64_t ms, char out[MOMENT_TEXT]);

/* Writes the local time at which a change was written, by its author's clock, and marks it if that was wrong
 * (clock_off): "2032-11-23 20:45 CET", "2032-11-23 20:45 CET [wrong clock: at least 6 years ahead]". */
#define MOMENT_WRITTEN 96
void moment_written(uint64_t hlc, uint64_t wall_ms, uint64_t received_ms, char out[MOMENT_WRITTEN]);

#endif
