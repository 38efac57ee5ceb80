/* The event record (kind `event`, docs/SCHEMA.md): the device writes down what happened to its store: a recovery, wrong
 * passphrases, a new data key, a new epoch, a wipe, a set-back of the office. An event is a change like any other:
 * chained, signed, in the office's log for ever. Laptop and office write it in the same way. */
#ifndef SATCHEL_EVENT_H
#define SATCHEL_EVENT_H

#include <stdint.h>

#include "db.h"
#include "edit.h"
#include "error.h"
#include "id.h"

struct event {
    const char *what;          /* one of the kind's choices */
    uint64_t at_ms;            /* when it happened, by the device's clock, in milliseconds since 1970; 0: now */
    uint64_t count;            /* how many times; 0: the record does not say */
    const struct id *officers; /* the two of a recovery; NULL: none */
    const char *checkpoint;    /* of a set-back: the office's signed statement of the lost log; NULL: none */
    const char *announcement;  /* and the announcement's hash, in hex; NULL: none */
};

/* Starts the edit of a new event record and sets its fields; the time is by author's clock. The caller ends the edit
 * with edit_commit (a laptop) or central_write (the office), which free it; after an error it is freed already. Errors:
 * edit.h's. */
int event_edit(struct edit *edit, struct db *db, const struct edit_author *author, const struct event *event,
               struct error *e);

#endif
