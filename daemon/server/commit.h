/* Group commit: pushes are queued as they come and committed after the loop's poll, one transaction for a turn of them:
 * one push of each laptop at most, and some megabytes together. Each push is a savepoint of its own: one that is
 * refused does not touch the others. */
#ifndef SATCHEL_COMMIT_H
#define SATCHEL_COMMIT_H

#include "deal.h"
#include "error.h"
#include "message.h"
#include "receive.h"
#include "server.h"

/* Queues a copy of the push. exchange: it is answered through this; NULL: nobody waits. deal: the exchange's, which a
 * receipt in the push confirms, or NULL; it stays the exchange's.
 * E_MEMORY. */
int commit_queue(struct server *s, struct exchange *exchange, const struct device *device,
                 const struct message_push *push, struct deal *deal, struct error *e);

/* The exchange is going: its pushes are still committed, but not answered. */
void commit_forget(struct server *s, const struct exchange *exchange);

/* Commits a turn of what is queued and answers each of them through peer_pushed. Some may be left in the queue
 * (server.first); each turn takes at least one. */
void commit_run(struct server *s);

#endif
