/* Receiving: a laptop's batch into the log. The chain must be whole and its head signed, or the batch is refused as a
 * whole; a change that may not be applied is held, with a reason, and never stands in the way of the next. */
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
    char reason[200];
};

struct receive_result {
    uint64_t epoch, first_seq, seq; /* durable, once the transaction is: first_seq .. seq */
    uint64_t first_position;        /* they stand here, one after another */
    uint64_t received_ms;
    struct receive_held *held;
    size_t held_count;
    int receipt; /* a receipt was among them */
};

/* Takes a push inside central's transaction. All or nothing: after an error the log is as it was before the call.
 * Changes that the log has already are not taken twice: then the result covers the longest run of them that stands
 * together, and what follows it is left for the next push. E_VERIFY (the chain does not follow, a forged head, a
 * fork, an epoch that the office never gave), E_INPUT, E_LIMIT, or a failure of the store. *out is freed with
 * receive_free in every case. */
int receive_push(struct central *c, const struct device *device, const struct message_push *push,
                 struct receive_result *out, struct error *e);
void receive_free(struct receive_result *r);

/* The answer to a push, once it is durable: previous_size is the size of the last checkpoint that this session sent.
 * held is packed into `memory`, which the caller frees with pack_free. */
int receive_answer(struct central *c, const struct receive_result *r, uint64_t previous_size,
                   struct message_pushed *out, struct pack *memory, struct error *e);

#endif
