/* Holding: the office's own record that keeps a change of a laptop out of the record (common/record/record_hold.c). */
#ifndef SATCHEL_HOLD_H
#define SATCHEL_HOLD_H

#include <stdint.h>

#include "central.h"
#include "error.h"
#include "id.h"

/* What is held, and why. */
struct hold {
    const struct id *device, *author; /* the laptop, and its person */
    uint64_t epoch, seq;
    const char *reason; /* one sentence for the person who wrote the change */
};
/* Writes the `hold` record of a change at the end of the log, by c->author, inside a transaction. If the change is in
 * the record already, its record is made again without it. Errors: central_write's. */
int hold_write(struct central *c, const struct hold *hold, struct error *e);

#endif
