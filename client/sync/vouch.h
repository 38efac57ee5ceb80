/* Checks what the office deals as this laptop's own against what this laptop wrote and signed. An office that is broken
 * or lies can put nothing into this laptop's mouth.
 *
 *   - In the epoch that this store is in nobody else writes: a dealt change must be the one that is in the log here, or
 *     whose header is kept since its case left (own_header).
 *   - In another epoch a copy of this store may have written it. If it is not here either, a head that this device
 *     signed must vouch for it: the office sends that head, and the headers from the change up to it. */
#ifndef SATCHEL_VOUCH_H
#define SATCHEL_VOUCH_H

#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "change.h"
#include "db.h"
#include "error.h"
#include "message.h"

/* A change that a signed head of this device vouches for. */
struct vouch_change {
    uint64_t epoch, seq;
    uint8_t hash[CHANGE_HASH_BYTES];
};

struct vouch {
    struct db *db;
    const struct chain *own; /* the caller's, and longer-lived */
    struct vouch_change *changes;
    size_t count, room;
};

/* Checks what the office sends with a batch to vouch for changes of this device: the signature of each head, and the
 * links from each header to the next, up to the head. *v is freed with vouch_free, after an error too. E_VERIFY (a
 * signature or a link is false, or a head is another device's), E_INPUT (a header cannot be read), E_MEMORY, the
 * store's. */
int vouch_open(struct vouch *v, struct db *db, const struct chain *own, const struct message_entries *m,
               struct error *e);
void vouch_free(struct vouch *v);

/* Judges one dealt change. 0: it is another device's, or this laptop wrote it, or a head that it signed vouches for it;
 * E_VERIFY: none of these, and nothing of the batch may be taken; the store's errors. */
int vouch_judge(const struct vouch *v, const struct change *dealt, struct error *e);

#endif
