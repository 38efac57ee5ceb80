/* What the parts of a deal share. Only deal*.c include it. */
#ifndef SATCHEL_DEAL_PRIVATE_H
#define SATCHEL_DEAL_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "change.h"
#include "deal.h"
#include "pack.h"

/* --- deal_memory.c --- */

/* record_digest of a caseload; what had to be made is kept in the store. Errors: E_MEMORY, the store's. */
int deal_digest(struct central *c, const struct caseload *may, uint8_t out[32], struct error *e);
/* If a deal that is done brought the laptop nothing, and much of the log has passed since its last receipt, remembers
 * that nothing of it was for the laptop. Errors: the store's. */
int deal_note_idle(const struct deal *d, struct central *c, struct error *e);

/* --- deal_vouch.c --- */

/* The headers of one head that are in the list: those of the changes from..to of an epoch. */
struct deal_vouch_run {
    uint64_t epoch, from, to;
};

/* What vouches for the entries of a batch: the list of message_entries.vouched, as far as it is made. */
struct deal_vouch {
    struct pack items; /* its elements, one after another */
    struct deal_vouch_run *runs;
    size_t count;
};

/* Starts an empty list; freed with deal_vouch_free. */
void deal_vouch_start(struct deal_vouch *v);
void deal_vouch_free(struct deal_vouch *v);

/* Adds what vouches for a change, in at most `room` bytes. 1: it is in, or the log has no head over the change; 0:
 * there is no room, and nothing was added; -1: failed, e says why (E_MEMORY, the store's). */
int deal_vouch_add(struct deal_vouch *v, struct central *c, const struct change *change, size_t room, struct error *e);

/* Puts the list into a message. *list holds it until pack_free, after an error too. E_MEMORY. */
int deal_vouch_finish(struct deal_vouch *v, struct message_entries *out, struct pack *list, struct error *e);

#endif
