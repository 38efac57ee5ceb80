/* Erasing the words of a change: the office's own record of it, and the words leave the store (docs/MERGE.md, "Erased
 * words"). */
#ifndef SATCHEL_ERASURE_H
#define SATCHEL_ERASURE_H

#include "central.h"
#include "change.h"
#include "error.h"

#define ERASURE_NO_WORDS "its words did not come with it: the laptop had let go of them, and the office had lost them"

/* Writes the erasure of a change that is in the log, with its skeleton, at the end of the log, by c->author, and drops
 * its body, inside a transaction. Copies of the words that stand beside the log as evidence of a fork go as well.
 * reason: one sentence, for everybody who has the case. E_NOT_FOUND: the log has no such change. E_EXISTS: its words
 * are gone already. E_REFUSED: it cannot be erased (schema_is_erasable). E_LIMIT: its skeleton is too large for a
 * change. Others: central_write's. */
int erasure_write(struct central *c, const struct id *device, uint64_t epoch, uint64_t seq, const char *reason,
                  struct error *e);

/* Writes, in front of a change that comes without its words, that the office does not have them. Inside a transaction.
 * Errors: central_write's. */
int erasure_write_wordless(struct central *c, const struct change *change, struct error *e);

/* 1: an erasure names the change; 0: none does; -1: failed, e says why. */
int erasure_is_known(struct central *c, const struct change *change, struct error *e);

#endif
