/* What a laptop and the office are at, over as many links as it takes: the session, the deal, what is handed over of a
 * fork. While a link is there it belongs to the link's peer (peer.c). If the link breaks in the middle of something it
 * is parked, in memory, and the laptop's next link takes it up (docs/PROTOCOL.md, "Going on").
 *
 * Parked are at most EXCHANGE_PARKED_MAX, with EXCHANGE_PARKED_BYTES in all, each for EXCHANGE_PARKED_MS, and one of
 * each laptop; if there are more, the one that was parked first goes. A restart forgets them all. Who loses one begins
 * anew, with a hello, and loses nothing that was answered. */
#ifndef SATCHEL_EXCHANGE_H
#define SATCHEL_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "deal.h"
#include "device.h"
#include "fork.h"
#include "session.h"

#define EXCHANGE_PARKED_MAX 512u
#define EXCHANGE_PARKED_BYTES (64u << 20)
#define EXCHANGE_PARKED_MS (12ull * 3600 * 1000)

struct peer;
struct server;

struct exchange {
    struct server *server;
    struct exchange *next; /* parked: the one that was parked before */
    struct peer *peer;     /* NULL: parked */
    struct session *session;
    struct device device;     /* whose it is; of a peer that is known */
    uint64_t epoch;           /* the epoch that the laptop is in; 0: it has not said so yet */
    struct fork_claim claim;  /* what it hands over of a fork */
    uint64_t checkpoint_size; /* of the last checkpoint that this session sent */
    int has_deal;             /* deal is begun */
    int remembers;            /* the office knows which scopes the laptop has, so a pull need not list them */
    struct deal deal;
    struct caseload has; /* the scopes that the laptop has, for the next deal_start */
    int waits_for_commit;
    int is_told;         /* the journal has heard that a link of it broke */
    uint64_t parked_ms;  /* when it was parked, by a clock that never goes back */
    size_t parked_bytes; /* that it holds */
};

/* Makes one. session is taken over; if it is NULL or there is no memory: NULL. */
struct exchange *exchange_new(struct server *server, struct peer *peer, struct session *session);
void exchange_free(struct exchange *x); /* NULL allowed; a push of it that waits is committed all the same */

/* Parks one whose link has gone, if it can go on, and frees it if not. now_ms: of a clock that never goes back. 1: it
 * is parked. A session whose hello has not come whole takes no other's place. */
int exchange_park(struct exchange *x, uint64_t now_ms);
/* Takes the one of this laptop out of those that are parked. NULL: there is none, or its time is over. */
struct exchange *exchange_unpark(struct server *server, const struct id *device, uint64_t now_ms);
void exchange_drop(struct exchange *x); /* that is parked */

/* 1: the exchange may go on for the device as it is now: neither its standing nor the caseload has changed since; 0: it
 * may not; -1: failed, e says why (caseload.h's errors). */
int exchange_is_current(const struct exchange *x, const struct device *now, struct error *e);

/* Makes the answer to a pull: from what the office remembers, if nothing has changed for this laptop; else from a deal.
 * *memory holds what out's slices point to, until deal_release. E_INPUT (the laptop lists what is no caseload, or lists
 * none and should), E_MEMORY, deal.h's errors. */
int exchange_deal(struct exchange *x, const struct message_pull *m, struct message_entries *out,
                  struct deal_memory *memory, struct error *e);

#endif
