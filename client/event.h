/* What happened to this laptop's store, in its own signed words: a recovery, wrong passphrases, a new data key, a wipe.
 * An event is a change like any other: chained, queued, in the office's log for ever (kind `event`, docs/SCHEMA.md). */
#ifndef SATCHEL_EVENT_H
#define SATCHEL_EVENT_H

#include <stdint.h>

#include "error.h"
#include "store.h"

struct event {
    const char *what;          /* one of the kind's choices */
    uint64_t at_ms;            /* when, by our own clock */
    uint64_t count;            /* how many times; 0: says nothing */
    const struct id *officers; /* two, of a recovery; NULL: none */
};

/* Writes it in a transaction of its own. Errors: the store's. */
int event_write(struct store *s, const struct event *event, struct error *e);

#endif
