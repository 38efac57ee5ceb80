/* Forks: a laptop has written two chains in one epoch, because its store was copied, or an old copy was put back. The
 * changes that it has and the log does not have are kept as they are, as evidence; a `fork` record of the office's own
 * says so in the log; and the laptop gets an epoch that was never given before, in which it writes those changes once
 * more (docs/LOG.md, "Forks").
 *
 * Two tables (central.c). evidence(device, epoch, seq, hash, received, header, body, head): one change in a row; head
 * is the signed head that names the change, or NULL. Evidence is no part of the log and is never applied.
 * evidence_size(device, bytes): the sum of its headers and bodies, so that taking a batch costs the same however much
 * evidence there is. */
#ifndef SATCHEL_FORK_H
#define SATCHEL_FORK_H

#include <stdint.h>

#include "central.h"
#include "device.h"
#include "error.h"
#include "message.h"

/* A claim: what one device hands over of one epoch, batch by batch. The states are in fork.c. */
struct fork_claim {
    uint64_t epoch;                  /* set by the caller */
    uint64_t common;                 /* seq of the last change that the log has as well; 0: none */
    uint64_t first, last, count;     /* seq of the first and last change kept as evidence, and how many; 0: none */
    uint8_t hash[CHANGE_HASH_BYTES]; /* of the change `last` */
};

/* Takes one batch of the claim's epoch: changes that the log has under their number move claim->common, all others are
 * kept as evidence; one that is kept already, from a claim whose answer was lost, is not kept twice. All or nothing:
 * after an error claim and store are as before. Inside a transaction. E_VERIFY (a forged head, a batch that is no
 * chain, another epoch than the claim's), E_INPUT, E_LIMIT (more evidence of the device than LIMITS_EVIDENCE_MAX), the
 * store's. */
int fork_take(struct central *c, const struct device *device, struct fork_claim *claim, const struct message_push *push,
              struct error *e);

/* The same for a batch of any epoch. If it is another than the claim's, fork_log writes the claim down first and a new
 * claim begins. Errors: of both. */
int fork_take_next(struct central *c, const struct device *device, struct fork_claim *claim,
                   const struct message_push *push, struct error *e);

/* Writes a `fork` record that names what was kept of the claim and gives no epoch: for a claim that nobody waits for,
 * as of a courier file. Writes nothing if nothing was kept or a record names just this already. Inside a transaction.
 * E_LIMIT: the device has LIMITS_FORKS_MAX such records. */
int fork_log(struct central *c, const struct device *device, const struct fork_claim *claim, struct error *e);

/* The claim is complete: writes the `fork` record and gives the device an epoch to go on in, *new_epoch. Inside a
 * transaction. E_LIMIT: the device has had LIMITS_EPOCHS_MAX epochs. */
int fork_close(struct central *c, const struct device *device, const struct fork_claim *claim, uint64_t *new_epoch,
               struct error *e);

/* *beside 1: a change of the batch stands beside the device's chain in the log, or follows evidence, or the epoch was
 * never given, so a push of it would never be taken; 0: a push may take it. E_INPUT, E_LIMIT, the store's. */
int fork_is_beside(struct central *c, const struct device *device, uint64_t epoch, struct slice batch, int *beside,
                   struct error *e);

/* For `satcheld check`: every epoch in the log was given, and evidence is unaltered. E_VERIFY: one of it is not so. */
int fork_check(struct db *db, struct error *e);

#endif
