/* Receiving: a laptop's batch goes into the log. The chain must have no gap and its head must be signed, or the whole
 * batch is refused. A change that may not be applied is held, with a reason, and does not stop those behind it. The
 * states of a push are in receive.c. */
#ifndef SATCHEL_RECEIVE_H
#define SATCHEL_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

#include "central.h"
#include "device.h"
#include "error.h"
#include "id.h"
#include "message.h"

struct receive_held {
    uint64_t seq;
    char reason[200]; /* one sentence for the person who wrote the change */
};

struct receive_result {
    uint64_t epoch, first_seq, seq; /* the changes first_seq to seq are in the log, durable once the caller commits */
    uint64_t first_position;        /* of first_seq; the others follow without a gap */
    uint64_t received_ms;           /* the time of receipt, one for all of them */
    struct receive_held *held;
    size_t held_count;
    int receipt; /* a receipt was among them */
    int is_more; /* after E_REFUSED: the laptop is shut out and brought more than is kept of it (quota.h) */
};

/* Takes a push inside a transaction. All or nothing: after an error the log is as it was before the call. A batch that
 * begins with changes which the log has is not taken: the result covers the longest run of them that stands together,
 * and the laptop pushes what follows next. E_VERIFY (the chain does not follow, a forged head, a fork, an epoch that
 * the office never gave), E_INPUT, E_LIMIT, E_MEMORY, the store's. *out is freed with receive_free in every case. */
int receive_push(struct central *c, const struct device *device, const struct message_push *push,
                 struct receive_result *out, struct error *e);
/* The same for what comes over a laptop's link: its quotas count (quota.h). E_BUSY: it brings too much for now;
 * E_REFUSED: it is shut out, and the office keeps no more of it. In both cases nothing was taken. */
int receive_bounded(struct central *c, const struct device *device, const struct message_push *push,
                    struct receive_result *out, struct error *e);
void receive_free(struct receive_result *r);

/* Fills in the answer to a push that has been committed. previous_size: entries of the last checkpoint that this
 * session sent. *memory holds the packed list of what is held, until pack_free, after an error too; the other slices
 * point into *c. Errors: E_MEMORY, the store's. */
int receive_answer(struct central *c, const struct receive_result *r, uint64_t previous_size,
                   struct message_pushed *out, struct pack *memory, struct error *e);

#endif
