/* The office was put back from a backup (docs/LOG.md, "Set-backs"): how this laptop hears of it, and what it does then.
 *
 * Nothing that is here is let go of. Own changes that the office has no more wait again, under their old numbers; where
 * those cannot follow what it has, or it does not know our epoch, queue_welcome says so, and reissue.h goes on. What
 * others wrote and the office lost stays in the log and in view, behind LOG_STRAY, until it is dealt again under its
 * new place; it is no part of the digest, and keeps its case here.
 *
 * Own tables (tables.h): own_header(epoch, seq, position, header): of own changes that were let go of with their
 * case, so that the chain can be sent again over them, without their bodies; set_back(hash, size, seen, told, note):
 * the announcements that this laptop knows, and where it had to go back, the office's signed statement of the log that
 * is gone, as evidence. */
#ifndef SATCHEL_SETBACK_H
#define SATCHEL_SETBACK_H

#include <stddef.h>
#include <stdint.h>

#include "checkpoint.h"
#include "db.h"
#include "edit.h"
#include "error.h"
#include "message.h"

/* The hashes of the announcements that this laptop knows, as a hello carries them. *bytes: how many bytes. */
int setback_known(struct db *db, uint8_t out[MESSAGE_SET_BACKS_MAX * CHANGE_HASH_BYTES], size_t *bytes,
                  struct error *e);

struct setback {
    int found;           /* 0: there was nothing to go back from */
    uint64_t size;       /* of the backup's log */
    uint64_t seen;       /* of the log that this laptop had seen */
    uint64_t sent_again; /* own changes that wait again and that a person made */
    uint64_t kept;       /* others' changes that are here and not at the office */
};
/* An announcement that the welcome proves is known from then on. Where the office's log does not continue what this
 * laptop saw, and the announcement covers that and was not known before: keeps the old checkpoint as evidence, forgets
 * it, and makes the store go on from the backup. queue_welcome follows, in the same transaction. E_VERIFY: the
 * announcement is false, or does not cover what this laptop saw; nothing must be committed. */
int setback_follow(struct db *db, const struct edit_author *author, const struct checkpoint_vkey *key,
                   const struct message_welcome *m, struct setback *out, struct error *e);

/* How many of others' changes are here and not at the office any more. */
int setback_count(struct db *db, uint64_t *count, struct error *e);

/* The office deals a change under the number of a stray: it lost the one, and took the other from a copy of that
 * laptop. The stray stays, held, out of the record: what names its dots would name the other's. 1: entry `id` was a
 * stray; 0: it is none, and nothing was done; -1. */
int setback_set_apart(struct db *db, int64_t id, struct error *e);
/* A change was dealt that its laptop wrote once more in a new epoch: the stray that it repeats goes. */
int setback_drop_repeated(struct db *db, const struct change *dealt, struct error *e);

/* Before a scope is let go of: the headers of own changes stay. */
int setback_keep_headers(struct db *db, const struct id *device, const struct id *scope, struct error *e);
/* Is something in this scope that may be nowhere else? 1, 0, -1. Who is assigned is the office's to say anew. */
int setback_is_alone(struct db *db, const struct id *scope, struct error *e);
/* record_digest of what is here but for what the office does not have any more. Inside a transaction. */
int setback_digest(struct db *db, const struct id *scopes, size_t count, uint8_t out[32], struct error *e);

#endif
