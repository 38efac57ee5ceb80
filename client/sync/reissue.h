/* A new epoch: the way home of a laptop whose chain forked, because its store was copied, or an older copy of it was
 * put back. The laptop hands what is queued to the office. The office says how much of that it has, keeps the rest as
 * evidence, and gives an epoch that it has never given. What the office has stays queued under its old number, for an
 * ordinary push that proves it. The rest is written once more in the new epoch, with the same author, sitting, times
 * and words; the old bytes are kept here, too. docs/LOG.md, "Forks", says why. reissue.c begins with the states of a
 * change.
 *
 * An office that was put back may not know our epoch, and may lack changes of several epochs: each epoch in which
 * something is queued is handed over.
 *
 * Own table (tables.h): stranded(new_epoch, epoch, seq, new_seq, scope, kind, header, body): the old bytes, and the
 * number of the change that repeats them; new_seq NULL: none does, because the body had left with its case (setback.h).
 * In meta: put_back: this store is an older copy, and has met no office since.
 *
 * What takes an error fails with E_MEMORY or the store's errors (db.h), beside what is named. */
#ifndef SATCHEL_REISSUE_H
#define SATCHEL_REISSUE_H

#include <stdint.h>

#include "db.h"
#include "edit.h"
#include "error.h"
#include "id.h"
#include "message.h"
#include "store.h"
#include "wire.h"

/* Forgets the old bytes of a scope that leaves this laptop; the office has them as evidence. Inside the caller's
 * transaction. */
int reissue_forget(struct db *db, const struct id *scope, struct error *e);
/* *count: how many changes that a person made were ever written once more. */
int reissue_count(struct db *db, uint64_t *count, struct error *e);

/* What the office answered. */
struct reissue_answer {
    uint64_t epoch; /* the new one */
    size_t count;
    struct {
        uint64_t epoch;  /* one in which something is queued; ascending */
        uint64_t common; /* the office has our changes of it up to this number; the rest goes on in the new epoch */
    } had[LIMITS_EPOCHS_MAX];
};
/* Adds the office's answer to a batch of that epoch. E_PEER: more epochs than a laptop is given. */
int reissue_heard(struct reissue_answer *answer, uint64_t epoch, uint64_t common, struct error *e);

/* Does what the office answered, inside the caller's transaction; if that is rolled back, load the author again. All
 * scopes are dealt anew after it, since a store that was put back lacks changes of its own. *typed: how many changes
 * that a person made were written once more. E_PEER: no such answer can be. */
int reissue_write(struct db *db, struct edit_author *author, const struct reissue_answer *m, uint64_t *typed,
                  struct error *e);

struct reissue_done {
    uint64_t typed;  /* as reissue_write */
    int handed_over; /* with E_REFUSED: the office has all of it, as evidence, and gives no new epoch */
};
/* Hands over what is queued, and does what the office answers in one transaction. room: bytes of one batch. Errors:
 * wire_receive's and reissue_write's; E_REFUSED: this laptop is shut out. Then nothing was changed, and the next sync
 * asks again. */
int reissue_ask(struct store *s, struct wire *w, size_t room, struct reissue_done *done, struct error *e);

#endif
