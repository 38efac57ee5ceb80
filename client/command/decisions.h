/* Telling what others decided over this person's words (decided.h). */
#ifndef SATCHEL_DECISIONS_H
#define SATCHEL_DECISIONS_H

#include <stddef.h>

#include "error.h"
#include "printer.h"

/* Prints what has not been told yet, *count of them: one sentence each, or the members of a JSON array. decided_told is
 * for when that has reached its reader. E_MEMORY, or the store's errors. */
int decisions_tell(struct printer *v, size_t *count, struct error *e);

#endif
