/* Applies what the office deals: batches of entries into the log and the record, scope by scope.
 *
 * A scope is a case, a person, or what is office-wide (zero). If this laptop has it whole it is `complete`, and news of
 * it are applied as they come. A scope that is new comes compact: its entries wait in `arriving` until the office says
 * that it has arrived, and then replace whatever was here of it, all at once. So nobody ever sees half a case, and a
 * link that breaks in the middle leaves no op alive whose end was not dealt. Scopes that are not ours any more are let
 * go of when all has come; never before, so never on a partial view. apply.c begins with the states of a scope.
 *
 * Own tables (tables.h): scope(id, complete); arriving(device, epoch, seq, scope, position, received, held, header,
 * body, mask): entries of scopes that have not arrived yet. In meta: pull_cursor: how far the office has dealt to us;
 * agrees (1: the digest of what this laptop shows was the office's, 2: it was not), digest_position: the log's size
 * then. */
#ifndef SATCHEL_APPLY_H
#define SATCHEL_APPLY_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "edit.h"
#include "error.h"
#include "message.h"

/* The complete scopes, sorted. *out: *count ids, freed with free. E_MEMORY, or the store's errors. */
int apply_scopes(struct db *db, struct id **out, size_t *count, struct error *e);

/* Called before the first pull of a session: forgets what waits of scopes that have not arrived, since the office deals
 * each of them from its beginning again. Errors: the store's. */
int apply_restart(struct db *db, struct error *e);

struct apply_result {   /* counts are added to; the rest is set with the last batch */
    uint64_t entries;   /* how many came */
    uint64_t arrived;   /* how many scopes became complete */
    uint64_t cases;     /* of these, the cases and persons: not what is office-wide */
    uint64_t purged;    /* how many scopes were let go of */
    uint64_t kept;      /* how many should go and stay: a change in them is queued, or may be nowhere else */
    int done;           /* all of the deal has come, and the digests were compared */
    int waits;          /* all has come, but a change was written here meanwhile: push it, and pull once more */
    int agrees;         /* the digest here is the office's */
    int rebuilt;        /* the record was made anew from the log, since the digests differed */
    uint64_t position;  /* the size of the office's log that digest is of */
    uint8_t digest[32]; /* of the complete scopes, as this laptop shows them */
};

/* Takes one batch, its cursor, and the checkpoint that covers both. If m says `done`, also lets go of scopes and,
 * unless a change is queued (waits: the office's digest is not of that), compares digests: if they differ the record is
 * made anew from the log (rebuilt), and if they differ even then, every scope is marked to be dealt again (agrees 0).
 * key: the office's. Inside the caller's transaction. E_INPUT, E_LIMIT, E_VERIFY (an entry is not what its hash says,
 * or not what this store has, or it is said to be this laptop's own and is not: vouch.h; the checkpoint does not
 * continue the last one, or does not cover the batch), or the store's errors: then nothing must be committed. */
int apply_entries(struct db *db, struct edit_author *author, const struct checkpoint_vkey *key,
                  const struct message_entries *m, struct apply_result *result, struct error *e);

/* Writes the receipt of a whole deal: what this laptop now shows, in its own signed words. Inside the caller's
 * transaction. Errors: the store's. */
int apply_receipt(struct db *db, struct edit_author *author, const struct apply_result *result, struct error *e);

#endif
