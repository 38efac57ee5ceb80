/* Times as people at a laptop mean them: typed and shown in local time, kept in UTC (schema.h). */
#ifndef SATCHEL_MOMENT_H
#define SATCHEL_MOMENT_H

#include "error.h"

#define MOMENT_TEXT 32

/* "2025-05-31 14:30", with seconds or a T perhaps: local time, into "2025-05-31T12:30:00Z". With a Z at its end it is
 * UTC already; anything else is copied as it is, for schema_parse to refuse. E_INPUT: a local time that a change of
 * clocks skipped, or words that are too long. */
int moment_from_words(const char *words, char out[MOMENT_TEXT], struct error *e);

/* "2025-05-31T12:30:00Z" into "2025-05-31 14:30"; anything else is copied as it is. */
void moment_to_words(const char *moment, char out[MOMENT_TEXT]);

#endif
