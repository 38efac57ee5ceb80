/* Records whose date was written under a wrong clock (clock_off): a visit note takes its time from the clock. */
#ifndef SATCHEL_WRONG_CLOCK_H
#define SATCHEL_WRONG_CLOCK_H

#include "error.h"
#include "id.h"
#include "printer.h"
#include "schema.h"

/* Returns 1 if the date that lists show of this record (the first column of its kind, if that is a day or a time) has a
 * live value that was written under a wrong clock, and sets *off_ms to clock_off's number for it; 0: it has not; -1:
 * the store's errors, e says why. */
int wrong_clock_has(const struct printer *v, const struct schema_kind *kind, const struct id *record, int64_t *off_ms,
                    struct error *e);

/* Prints a line that says so, after `indent` spaces; nothing if it is not so. */
int wrong_clock_words(struct printer *v, const struct schema_kind *kind, const struct id *record, int indent,
                      struct error *e);

/* Writes the flag "wrong_clock" of the object that is open on v->json. */
int wrong_clock_json(struct printer *v, const struct schema_kind *kind, const struct id *record, struct error *e);

#endif
