/* The queue: this laptop's own changes that the office has not proved to hold, and what the office says of them.
 *
 * A change waits while its entry has no position. A batch of them goes out under one signed head; it leaves the queue
 * when the office has answered with a checkpoint under the key that this laptop was enrolled with, a proof that this
 * checkpoint's log continues the one that the laptop saw last, and a proof that the changes are in it. Anything less
 * changes nothing here, and the changes are sent again. The verified checkpoint is kept: each laptop is a witness.
 *
 * Own tables (tables.h): held_note(epoch, seq, record, kind, reason): what of ours the
 * office holds back, and why. In meta: checkpoint (the signed note), checkpoint_size, checkpoint_root; acked_epoch,
 * acked_seq, acked_hash: how far our chain is proved to be at the office. */
#ifndef SATCHEL_QUEUE_H
#define SATCHEL_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "checkpoint.h"
#include "db.h"
#include "error.h"
#include "message.h"
#include "unsent.h"

/* Checks what the office says when we meet: its checkpoint, that its log continues the one that we saw, and that it has
 * what it has proved to have of our chain. Stores the checkpoint. *forked: not 0 where what waits cannot follow what it
 * has of our epoch (reissue.h). Inside the caller's transaction. own: where our chain ends. E_VERIFY, E_INPUT: the
 * sentence says what is wrong and whom to call; nothing was stored. */
int queue_welcome(struct db *db, const struct chain *own, const struct checkpoint_vkey *key,
                  const struct message_welcome *m, int *forked, struct error *e);

/* Checks a checkpoint that came with something else as queue_welcome does, and stores it: what it came with may then be
 * taken in. size: of its log. Inside the caller's transaction. E_VERIFY. */
int queue_witness(struct db *db, const struct checkpoint_vkey *key, struct slice note,
                  const struct merkle_proof *consistency, uint64_t *size, struct error *e);

/* The office's answer to a batch. Verifies it whole; then the changes get their places in the log and leave the queue,
 * and those that the office holds back are taken out of the record and noted with the reason. *held: how many. Inside
 * the caller's transaction. own: of the batch's epoch. E_VERIFY, E_PEER: nothing was stored. */
int queue_pushed(struct db *db, const struct chain *own, const struct checkpoint_vkey *key,
                 const struct unsent_batch *sent, const struct message_pushed *m, size_t *held, struct error *e);

#endif
