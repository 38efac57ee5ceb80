/* The queued changes: this laptop's own that the office has not proved to have. A change is queued while its entry has
 * no position; queue.h has what moves it on. In meta: checkpoint_size, checkpoint_root (what this laptop saw last of
 * the office's log); acked_epoch, acked_seq, acked_hash (how far our chain is proved to be at the office).
 *
 * What takes an error fails with E_MEMORY or the store's errors (db.h). */
#ifndef SATCHEL_UNSENT_H
#define SATCHEL_UNSENT_H

#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "db.h"
#include "error.h"
#include "merkle.h"
#include "pack.h"

/* *count: how many queued changes a person made; receipts and events are not counted. */
int unsent_count(struct db *db, uint64_t *count, struct error *e);
/* The same, of the changes up to (epoch, seq) alone. */
int unsent_count_through(struct db *db, uint64_t epoch, uint64_t seq, uint64_t *count, struct error *e);

/* What this laptop saw last of the office's log. */
struct unsent_seen {
    uint64_t size; /* entries; 0: it has seen none yet */
    struct merkle_hash root;
};
int unsent_seen(struct db *db, struct unsent_seen *out, struct error *e);

/* *seq: the last change of our chain in this epoch that is proved to be at the office; 0: none is. */
int unsent_acked(struct db *db, uint64_t epoch, uint64_t *seq, struct error *e);

/* *waits: 1 if any change of ours is queued, even a receipt; else 0. */
int unsent_waits(struct db *db, int *waits, struct error *e);

/* A batch of queued changes, in the order of their chain. */
struct unsent_batch {
    uint64_t epoch, first_seq, last_seq;
    size_t count, typed; /* changes in it, and how many of these a person made */
    uint8_t head[CHAIN_HEAD_MAX];
    size_t head_bytes;
    struct slice bytes; /* deflated */
};
/* *epoch: the one to send from: the oldest, not below `from`, in which a change of ours is queued; if there is none,
 * the one that own is in. */
int unsent_oldest(struct db *db, const struct chain *own, uint64_t from, uint64_t *epoch, struct error *e);

struct unsent_from {
    const struct chain *own; /* our device, and the epoch to take from */
    const uint8_t *secret;   /* our signing key (64 bytes) */
    uint64_t seq;            /* the first number to take; 0: from the first that is queued */
    size_t room;             /* bytes of changes, at most what one message takes; one change always fits */
};
/* Takes the first queued changes, up to a gap in their numbers, and signs them; out->count 0: none is queued. Nothing
 * is changed. Freed with unsent_free. */
int unsent_take(struct db *db, const struct unsent_from *from, struct unsent_batch *out, struct error *e);
void unsent_free(struct unsent_batch *batch);

#endif
