/* The office was put back from a backup (docs/LOG.md, "Set-backs"): how this laptop hears of it, and what it does then.
 *
 * Nothing that is here is let go of. Own changes that the office lost are queued again, under their old numbers. If
 * those cannot follow what the office has, or if it does not know our epoch, queue_welcome says so, and reissue.h goes
 * on. A change of another device that the office lost becomes a stray: it stays in the log and in view, behind
 * LOG_STRAY, until it is dealt again at its new position; it is no part of the digest, and keeps its case here.
 * setback.c begins with the states of a change.
 *
 * Own tables (tables.h): own_header(epoch, seq, position, header): headers of own changes that were let go of with
 * their case, so that the chain can be sent again over them, without their bodies. set_back(hash, size, seen, told,
 * note): the announcements that this laptop knows; if it had to go back, note is the office's signed statement of the
 * lost log, as evidence.
 *
 * What takes an error fails with E_MEMORY or the store's errors (db.h), beside what is named. */
#ifndef SATCHEL_SETBACK_H
#define SATCHEL_SETBACK_H

#include <stddef.h>
#include <stdint.h>

#include "checkpoint.h"
#include "db.h"
#include "edit.h"
#include "error.h"
#include "message.h"

/* The hashes of the announcements that this laptop knows, one after the other, the latest first, as a hello carries
 * them. *bytes: how many bytes of out are filled. */
int setback_known(struct db *db, uint8_t out[MESSAGE_SET_BACKS_MAX * CHANGE_HASH_BYTES], size_t *bytes,
                  struct error *e);

struct setback {
    int found;           /* 1: this laptop had to go back; 0: it had not, and the rest is 0 */
    uint64_t size;       /* entries in the backup's log */
    uint64_t seen;       /* entries in the log that this laptop had seen */
    uint64_t sent_again; /* own changes that are queued again and that a person made */
    uint64_t kept;       /* others' changes that are here and not at the office */
    /* For the laptop's own event, as evidence: the office's signed statement of the lost log, and the announcement. */
    char statement[CHECKPOINT_TEXT_MAX];
    uint8_t hash[CHANGE_HASH_BYTES];
};
/* Makes the announcement of a welcome known, if it brings one that is proved. If the office's log does not continue
 * what this laptop saw, and the announcement covers that and was not known before: keeps the old checkpoint as
 * evidence, forgets it, and makes the store go on from the backup. queue_welcome follows, in the same transaction.
 * E_VERIFY: the announcement is false, or does not cover what this laptop saw; nothing must be committed. */
int setback_follow(struct db *db, const struct edit_author *author, const struct checkpoint_vkey *key,
                   const struct message_welcome *m, struct setback *out, struct error *e);

/* *count: how many strays are here. */
int setback_count(struct db *db, uint64_t *count, struct error *e);

/* Sets the stray with that id apart, because the office deals another change under its number: it lost the one, and
 * took the other from a copy of that laptop. The stray stays, held, out of the record: an op that names its dots would
 * name the other's. 1: done; 0: the entry is no stray, and nothing was done; -1: failed, e says why. */
int setback_set_apart(struct db *db, int64_t id, struct error *e);
/* Removes the stray that a dealt change repeats, if its laptop wrote it once more in a new epoch. */
int setback_drop_repeated(struct db *db, const struct change *dealt, struct error *e);

/* Keeps the headers of own changes in a scope, before it is let go of. */
int setback_keep_headers(struct db *db, const struct id *device, const struct id *scope, struct error *e);
/* 1: something in this scope may be nowhere else; 0: nothing; -1: failed, e says why. Assignments do not count: the
 * office says anew who is assigned. */
int setback_is_alone(struct db *db, const struct id *scope, struct error *e);
/* record_digest of these scopes, without the strays. Inside a transaction. */
int setback_digest(struct db *db, const struct id *scopes, size_t count, uint8_t out[32], struct error *e);

#endif
