/* Applying what the office deals: batches of entries into the log and the record, scope by scope.
 *
 * A scope is a case, a person, or what is office-wide (zero). One that this laptop holds whole is `complete`: news of
 * it are applied as they come. One that is new comes compact, as one piece: what comes of it waits in `arriving` until
 * the office says that it has arrived, and is then put in the place of whatever was here of it, all at once. So nobody
 * ever sees half a case, and a link that breaks in the middle leaves no op alive whose end was not dealt. When all has
 * come, scopes that are not ours any more are let go of; never before, so never on a partial view.
 *
 * Own tables (tables.h): scope(id, complete); arriving(...). In meta: pull_cursor; agrees (1: the digest of what
 * this laptop shows was the office's, 2: it was not), digest_position. */
#ifndef SATCHEL_APPLY_H
#define SATCHEL_APPLY_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "edit.h"
#include "error.h"
#include "message.h"

/* The scopes that are held whole, sorted; *out is freed with free. E_MEMORY, or the store's errors. */
int apply_scopes(struct db *db, struct id **out, size_t *count, struct error *e);

/* Before the first pull of a session: the office deals every scope that is not complete from its beginning again. */
int apply_restart(struct db *db, struct error *e);

struct apply_result { /* counts are added to; the rest is set with the last batch */
    uint64_t entries; /* that came */
    uint64_t arrived; /* scopes */
    uint64_t purged;  /* scopes let go of */
    uint64_t kept;    /* scopes that should go, and stay: a change in them waits to be sent, or is here alone */
    int done, agrees, rebuilt;
    uint64_t position; /* the office log's size that digest speaks of */
    uint8_t digest[32];
};

/* Takes one batch, its cursor, and the checkpoint that covers both. With `done` also lets go of scopes and compares
 * digests: where they differ the record is made anew from the log (rebuilt), and where they still differ every scope is
 * marked to be dealt again (agrees 0). key: the office's. Inside the caller's transaction. E_INPUT, E_LIMIT, E_VERIFY
 * (an entry is not what its hash says, or not what this store has; the checkpoint does not continue the last one, or
 * does not cover the batch), or the store's errors: then nothing must be committed. */
int apply_entries(struct db *db, struct edit_author *author, const struct checkpoint_vkey *key,
                  const struct message_entries *m, struct apply_result *result, struct error *e);

/* Writes the receipt: what this laptop now shows, in its own signed words. Inside the caller's transaction. */
int apply_receipt(struct db *db, struct edit_author *author, const struct apply_result *result, struct error *e);

#endif
