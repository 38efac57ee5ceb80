/* What this laptop has not sent: its own changes that the office has not proved to have. A change waits while its entry
 * has no position; queue.h lets go of it. In meta: checkpoint_size, checkpoint_root (what this laptop saw last of the
 * office's log); acked_epoch, acked_seq, acked_hash (how far our chain is proved to be at the office). */
#ifndef SATCHEL_UNSENT_H
#define SATCHEL_UNSENT_H

#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "db.h"
#include "error.h"
#include "merkle.h"
#include "pack.h"

/* How many changes wait that a person made; receipts and events are not counted. */
int unsent_count(struct db *db, uint64_t *count, struct error *e);
/* The same, of the changes up to (epoch, seq) alone. */
int unsent_count_through(struct db *db, uint64_t epoch, uint64_t seq, uint64_t *count, struct error *e);

/* What this laptop saw last of the office's log; size 0: nothing yet. */
struct unsent_seen {
    uint64_t size;
    struct merkle_hash root;
};
int unsent_seen(struct db *db, struct unsent_seen *out, struct error *e);

/* How far our chain of this epoch is proved to be at the office; 0: not at all. Errors: of the store. */
int unsent_acked(struct db *db, uint64_t epoch, uint64_t *seq, struct error *e);

/* Is there any change of ours that waits, a receipt perhaps? */
int unsent_waits(struct db *db, int *waits, struct error *e);

/* A batch: changes that wait, in the order of their chain. */
struct unsent_batch {
    uint64_t epoch, first_seq, last_seq;
    size_t count, typed; /* changes in it, and how many of these a person made */
    uint8_t head[CHAIN_HEAD_MAX];
    size_t head_bytes;
    struct slice bytes; /* deflated */
};
/* The epoch to send from: the oldest from `from` on in which something of ours waits, else the one that own is in. */
int unsent_oldest(struct db *db, const struct chain *own, uint64_t from, uint64_t *epoch, struct error *e);

/* Takes the first that wait of own's epoch, from change `from` on (0: from the first), up to a gap; count 0: nothing
 * does. secret:
 * our signing key (64 bytes). room: how many bytes of changes, at most what one message takes; one change always fits.
 * Nothing is changed. Freed with unsent_free. */
int unsent_take(struct db *db, const struct chain *own, const uint8_t *secret, uint64_t from, size_t room,
                struct unsent_batch *out, struct error *e);
void unsent_free(struct unsent_batch *batch);

#endif
