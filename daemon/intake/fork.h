/* Forks: a laptop that wrote two chains in one epoch, since its store was copied, or an old copy put back. What it has
 * that the log does not is kept as it is, as evidence; the log says so, in a `fork` record of the office's own; and the
 * laptop gets an epoch that was never given before, under which it writes those changes once more (docs/LOG.md,
 * "Forks").
 *
 * Own tables (central.c): evidence(device, epoch, seq, hash, received, header, body, head): one change each; head is
 * the signed head whose end it is, NULL for those between. It is no part of the log, and nothing of it is ever applied.
 * evidence_size(device, bytes): the sum of its headers and bodies, so that a batch costs the same however much is kept.
 */
#ifndef SATCHEL_FORK_H
#define SATCHEL_FORK_H

#include <stdint.h>

#include "central.h"
#include "device.h"
#include "error.h"
#include "message.h"

/* What one device hands over of one epoch, batch by batch. */
struct fork_claim {
    uint64_t epoch;                  /* set by the caller */
    uint64_t common;                 /* the last that the log has under its number; 0: none */
    uint64_t first, last, count;     /* kept as evidence; 0: nothing */
    uint8_t hash[CHANGE_HASH_BYTES]; /* of the last */
};

/* Takes one batch: what the log has under its number is counted, the rest is kept; what is kept already, from a claim
 * whose answer was lost, is not kept twice. All or nothing, inside central's transaction. E_VERIFY (a forged head, a
 * batch that is no chain, another epoch than the claim's), E_INPUT, E_LIMIT (more evidence of one device than
 * LIMITS_EVIDENCE_MAX). */
int fork_take(struct central *c, const struct device *device, struct fork_claim *claim, const struct message_push *push,
              struct error *e);

/* The same, where the batch may be of another epoch than the one before: then fork_note comes first. */
int fork_take_next(struct central *c, const struct device *device, struct fork_claim *claim,
                   const struct message_push *push, struct error *e);

/* What was kept of the claim is named in the log, in a `fork` record that gives no epoch (of a courier file nobody
 * waits for one). Nothing where none was kept, or the log has named just this before. Inside central's transaction.
 * E_LIMIT: the device has LIMITS_FORKS_MAX of them. */
int fork_note(struct central *c, const struct device *device, const struct fork_claim *claim, struct error *e);

/* All was taken: the `fork` record. new_epoch: gets the epoch to go on in. Inside central's transaction. E_LIMIT: the
 * device has had LIMITS_EPOCHS_MAX. */
int fork_close(struct central *c, const struct device *device, const struct fork_claim *claim, uint64_t *new_epoch,
               struct error *e);

/* Does a batch of the device stand beside its chain, or on what stands there, so that a push of it could never be
 * taken? *beside: 1 or 0. E_INPUT, E_LIMIT. */
int fork_is_beside(struct central *c, const struct device *device, uint64_t epoch, struct slice batch, int *beside,
                   struct error *e);

/* Does the log have, in another epoch of its device, a change that is this one, written once more? An old copy of a
 * store that is put back after its changes went out in a new epoch writes them once more again, and knows no better.
 * Not of what a laptop says of itself, which counts nothing and shows nobody anything. 1, 0, -1. */
int fork_is_repeat(struct db *db, const struct change *change, struct error *e);

/* For `satcheld check`: no entry of an epoch that was never given, and evidence as it was taken. E_VERIFY. */
int fork_check(struct db *db, struct error *e);

#endif
