/* Dealing out: which entries a laptop gets, batch by batch.
 *
 * First what is new, from its cursor on, in the scopes that it holds already and may keep. Then each scope that has
 * newly entered its caseload, compact: only the entries that hold a live op, or that a contested text or status was
 * written over (`background`), each with the mask of its live ops. An entry of the news that touches such a field
 * brings that field's background with it, since the laptop may have got its scope without. Last, with `done`: the
 * scopes to let go of, and the digest of what it should now show. A laptop never lets go of anything on a partial view;
 * so until then the cursor that it is told stays before what was passed over in a scope that it is to let go of: if the
 * link breaks, and the scope has come back to it meanwhile, it misses nothing. Every batch is made in one step of the
 * loop from the record as it is then. */
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
    struct caseload may;  /* what the user may hold, as it was when the deal began */
    struct caseload held; /* what the laptop said that it holds */
    uint64_t cursor;
    uint64_t owed;          /* the first entry passed over in a scope that is held and not in `may`; UINT64_MAX: none */
    size_t next_scope;      /* in `may`: the next one to look at */
    uint64_t next_position; /* within that scope */
    int64_t *told;          /* entries (entry.id) that were dealt as background in this deal, in rising order */
    size_t told_count, told_room;
    uint64_t credit; /* bytes of the batch that is being made, before it is deflated */
    int done;
};

/* What the laptop holds, if this digest of its scopes is the one that the office remembers. 1: known (deal.held is
 * filled), 0: the laptop must list them. */
int deal_remembers(struct central *c, const struct device *device, const uint8_t digest[32], struct caseload *held,
                   struct error *e);

/* Begins anew, for a pull: takes held over. E_INPUT (cursor beyond the log), E_MEMORY. */
int deal_start(struct deal *d, struct central *c, const struct device *device, struct caseload *held, uint64_t cursor,
               struct error *e);
/* The next batch, at most credit bytes before it is deflated. *memory (started here) holds what out's slices point to;
 * the caller frees it with deal_release. */
struct deal_memory {
    struct slice batch;
    struct id *arrived, *purge;
};
int deal_next(struct deal *d, struct central *c, uint64_t credit, struct message_entries *out,
              struct deal_memory *memory, struct error *e);
void deal_release(struct deal_memory *memory);
/* Puts the office's checkpoint, which covers the batch, beside it, with its consistency from the one of previous_size.
 */
int deal_witness(struct central *c, uint64_t previous_size, struct message_entries *out, struct error *e);
/* The laptop has said, in a receipt, that it holds what was dealt: remember it. Inside a transaction. */
int deal_confirm(struct deal *d, struct central *c, struct error *e);
void deal_free(struct deal *d);

#endif
