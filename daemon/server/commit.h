/* Group commit: pushes are queued as they come and committed together after the loop's poll, in one transaction. Each
 * push is a savepoint of it: one that must be refused takes nothing from the others. */
#ifndef SATCHEL_COMMIT_H
#define SATCHEL_COMMIT_H

#include "deal.h"
#include "error.h"
#include "message.h"
#include "receive.h"
#include "server.h"

/* Queues a copy of the push for peer. deal: the peer's, for a receipt in the push; stays the peer's. E_MEMORY. */
int commit_queue(struct server *s, struct peer *peer, const struct device *device, const struct message_push *push,
                 struct deal *deal, struct error *e);

/* The peer is gone: what it pushed is still committed, but nobody waits for the answer. */
void commit_forget(struct server *s, const struct peer *peer);

/* Commits what is queued and answers each peer. */
void commit_run(struct server *s);

#endif
