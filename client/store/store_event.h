/* Events of this laptop's own store: how they are written at the end of its chain (event.h has the record). They are
 * queued and sent like every other change. */
#ifndef SATCHEL_STORE_EVENT_H
#define SATCHEL_STORE_EVENT_H

#include "cli.h"
#include "error.h"
#include "event.h"
#include "keyfile.h"
#include "store.h"

/* Writes the event at the end of author's chain, inside the caller's transaction. Errors: the store's. */
int store_event_add(struct db *db, struct edit_author *author, const struct event *event, struct error *e);
/* The same, in a transaction of its own. */
int store_event_write(struct store *s, const struct event *event, struct error *e);

/* Tells the owner on cli->err, and the office by an event, that wrong passphrases were tried since the last opening;
 * nothing if none were. opened: what the opening of the key file told. The count is gone after an opening, so whoever
 * opens with a passphrase calls this. Errors: the store's. */
int store_event_wrong(const struct cli *cli, struct store *s, const struct keyfile_opened *opened, struct error *e);

#endif
