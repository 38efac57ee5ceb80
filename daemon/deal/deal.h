/* Dealing out: which entries a laptop gets, batch by batch (docs/PROTOCOL.md; the states are in deal.c).
 *
 * 1. News: from the laptop's cursor on, entries in the scopes that it has and may keep. An entry that touches a
 *    contested text or status brings that field's background with it, the entries that the field was written over,
 *    since the laptop may have got the scope before the field was contested.
 * 2. Arrivals: each scope that has newly entered its caseload, compact: only the entries that hold a live op and the
 *    background of contested fields, each with the mask of its live ops.
 * 3. With the last batch: the scopes to let go of, and the digest of what the laptop must show then.
 *
 * A laptop lets go of nothing before the last batch. Until then the cursor that it is told stays before the first entry
 * that was passed over in a scope that it must let go of: if the link breaks and the scope comes back to it meanwhile,
 * it misses nothing. */
#ifndef SATCHEL_DEAL_H
#define SATCHEL_DEAL_H

#include <stdint.h>

#include "batch.h"
#include "caseload.h"
#include "central.h"
#include "error.h"
#include "message.h"
#include "receive.h"

struct deal {
    struct device device;
    struct caseload may; /* the scopes that the laptop may have, as they were when the deal began */
    struct caseload has; /* the scopes that the laptop said it has */
    uint64_t cursor;
    uint64_t
        owed; /* position of the first entry passed over in a scope of `has` that is not in `may`; UINT64_MAX: none */
    size_t next_scope;      /* index in `may` of the next scope to look at */
    uint64_t next_position; /* in that scope: the entry to go on with; 0: its first */
    int64_t *background;    /* entry.id of the background that this deal has sent, rising */
    size_t background_count, background_room;
    uint64_t credit; /* bytes that the batch being made may have before it is deflated */
    int nothing;     /* no batch of this deal had an entry, a scope that is complete or one to purge */
    int done;
    uint8_t digest[32]; /* with done: what the laptop was told */
    /* What the first batch tells: scopes of `has` that come anew, since a hold came behind an entry of theirs. */
    struct id *anew;
    size_t anew_count;
    int told;
    /* The holds from late_from on, to before late_end, are still to be looked at for entries of the laptop's own that
     * it must be told of (message_entries.held). late_from = late_end: all are told. */
    uint64_t late_from, late_end;
};

/* Compares the digest of a laptop's scopes with that of the scopes which the office remembers it to have. 1: they are
 * the same; 0: they are not, and the laptop must list its scopes; -1: failed, e says why (the store's errors). */
int deal_remembers(struct central *c, const struct device *device, const uint8_t digest[32], struct error *e);
/* Lists the scopes that the office remembers a laptop to have; *has is freed with caseload_free. Errors: E_MEMORY, the
 * store's. */
int deal_remembered(struct central *c, const struct device *device, struct caseload *has, struct error *e);

/* Begins a deal for a pull. Takes *has over, which is empty after it. *d is freed with deal_free, after an error too.
 * E_INPUT (the cursor is beyond the log), E_LIMIT (caseload.h), E_MEMORY, the store's. */
int deal_start(struct deal *d, struct central *c, const struct device *device, struct caseload *has, uint64_t cursor,
               struct error *e);
void deal_free(struct deal *d);

struct deal_memory { /* what the slices of a message point to */
    struct slice batch;
    struct id *arrived, *purge;
    struct pack held, vouched;
};

/* Answers the pull of a laptop whose scopes the office remembers and for which nothing has changed since its last
 * receipt, without a look at each scope. 1: *out is the answer, with an empty batch and without a checkpoint
 * (deal_witness), and *memory holds what it points to; 0: something may have changed, and the pull needs a deal; -1:
 * failed, e says why (E_MEMORY, the store's). Not within a transaction of the office's. */
int deal_unchanged(struct central *c, const struct device *device, uint64_t cursor, struct message_entries *out,
                   struct deal_memory *memory, struct error *e);

/* Makes the next batch, of at most `credit` bytes before it is deflated, with what vouches for the laptop's own; or of
 * one entry. Not within a transaction of
 * the office's. *memory holds what out's slices point to, until deal_release. E_INTERNAL (a commit is under way),
 * E_MEMORY, the store's. */
int deal_next(struct deal *d, struct central *c, uint64_t credit, struct message_entries *out,
              struct deal_memory *memory, struct error *e);
void deal_release(struct deal_memory *memory);
/* Adds the office's checkpoint, which covers the batch, with the proof that it continues the checkpoint of
 * previous_size entries. The slices point into *c. Errors: the store's. */
int deal_witness(struct central *c, uint64_t previous_size, struct message_entries *out, struct error *e);
/* The laptop's receipt says that it has what was dealt: remembers the scopes. A deal that is not done changes nothing.
 * Inside a transaction. Errors: the store's. */
int deal_confirm(struct deal *d, struct central *c, struct error *e);

#endif
