/* The queue: this laptop's own changes that the office has not proved to have, and what the office says of them.
 *
 * A change is queued while its entry has no position. A batch of queued changes goes out under one signed head
 * (unsent.h). It leaves the queue when the office has answered with a checkpoint under the key that this laptop was
 * enrolled with, a proof that this checkpoint's log continues the one that the laptop saw last, and a proof that the
 * changes are in it. Anything less changes nothing here, and the changes are sent again. The verified checkpoint is
 * kept: each laptop is a witness. queue.c begins with the states of a change and what moves it.
 *
 * Own tables (tables.h): held_note(epoch, seq, record, kind, reason): our changes that the office holds, and why. In
 * meta: checkpoint (the signed note), checkpoint_size, checkpoint_root; acked_epoch, acked_seq, acked_hash: how far our
 * chain is proved to be at the office.
 *
 * Everything here runs inside the caller's transaction. What takes an error fails also with E_MEMORY or the store's
 * errors (db.h). */
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

struct queue {
    struct db *db;
    const struct chain *own; /* where our chain ends, in the epoch that is spoken of; queue_witness: NULL will do */
    const struct checkpoint_vkey *key; /* the office's, by which its checkpoints are signed */
};

/* Checks what the office says when we meet: its checkpoint, that its log continues the one that we saw, and that it has
 * what it has proved to have of our chain. Stores the checkpoint. *forked: 1 if what is queued cannot follow what the
 * office has of our epoch (reissue.h goes on then), else 0. E_VERIFY, E_INPUT: the sentence says what is wrong and whom
 * to call; nothing was stored. */
int queue_welcome(const struct queue *q, const struct message_welcome *m, int *forked, struct error *e);

/* Checks a checkpoint that came with something else as queue_welcome does, and stores it: what it came with may then be
 * taken in. *size: entries in its log. E_VERIFY: nothing was stored. */
int queue_witness(const struct queue *q, struct slice signed_note, const struct merkle_proof *consistency,
                  uint64_t *size, struct error *e);

/* Takes the office's answer to the batch `sent`. Verifies it whole; then the changes that it acknowledges get their
 * positions and leave the queue, and those that the office holds are taken out of the record and remembered with the
 * reason. *held: how many of them. E_VERIFY, E_PEER: nothing was stored. */
int queue_pushed(const struct queue *q, const struct unsent_batch *sent, const struct message_pushed *m, size_t *held,
                 struct error *e);

/* Remembers that the office holds back our change, which is entry `id` of the log, why, and its words: its author can
 * read them when its case has left this laptop. Inside the caller's transaction. Errors: the store's. */
int queue_remember_held(struct db *db, int64_t id, const char *reason, struct error *e);

#endif
