/* Turns times between the form that people type and see, in local time, and the form that is stored, in UTC
 * (schema.h). */
#ifndef SATCHEL_MOMENT_H
#define SATCHEL_MOMENT_H

#include "error.h"

#define MOMENT_TEXT 32

/* Turns local time, "2025-05-31 14:30", perhaps with seconds or a T, into "2025-05-31T12:30:00Z". Words that end with Z
 * are UTC already; anything else is copied as it is, for schema_parse to refuse. E_INPUT: a local time that does
 * not exist (31 April, an hour that a change of clocks skipped), or words that are too long. */
int moment_from_words(const char *words, char out[MOMENT_TEXT], struct error *e);

/* Turns "2025-05-31T12:30:00Z" into "2025-05-31 14:30", local time; anything else is copied as it is. */
void moment_to_words(const char *moment, char out[MOMENT_TEXT]);

#endif
