/* What happened to this laptop's store, in its own signed words: a recovery, wrong passphrases, a new data key, a wipe.
 * An event is a change like any other: chained, queued, in the office's log for ever (kind `event`, docs/SCHEMA.md). */
#ifndef SATCHEL_EVENT_H
#define SATCHEL_EVENT_H

#include <stdint.h>

#include "cli.h"
#include "error.h"
#include "keyfile.h"
#include "store.h"

struct event {
    const char *what;          /* one of the kind's choices */
    uint64_t at_ms;            /* when, by our own clock */
    uint64_t count;            /* how many times; 0: says nothing */
    const struct id *officers; /* two, of a recovery; NULL: none */
};

/* Writes it at the end of author's chain, inside the caller's transaction. Errors: the store's. */
int event_add(struct db *db, struct edit_author *author, const struct event *event, struct error *e);
/* The same in a transaction of its own. */
int event_write(struct store *s, const struct event *event, struct error *e);

/* Somebody who was not told the passphrase tried some, as the opening of the key file told: the owner hears of it on
 * cli->err, and the office by an event. Nothing where there were none. Whoever opens with a passphrase calls it, since
 * the count is gone then. Errors: the store's. */
int event_wrong(const struct cli *cli, struct store *s, const struct keyfile_opened *opened, struct error *e);

#endif
