/* A new epoch: the way home of a laptop whose chain forked, because its store was copied, or an old copy put back. What
 * waits is handed to the office, which says how much of it it has, keeps the rest as evidence, and gives an epoch that
 * it has never given. What it has goes on waiting under its old number, for an ordinary push that proves it; the rest
 * is written once more in the new epoch, with the same author, sitting, times and words, and the old bytes are kept
 * here, too. docs/LOG.md, "Forks", says why so.
 *
 * An office that was put back may not know our epoch, and lack changes of several: each that waits is handed over.
 *
 * Own table: stranded(new_epoch, epoch, seq, new_seq, scope, kind, header, body): the old bytes, and the number of what
 * was written in their place; NULL where the words had left with their case (setback.h), and nothing was. In meta:
 * put_back: this store is an older copy, and has met no office since. */
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

/* A scope has left; the office has the evidence. Inside the caller's transaction. */
int reissue_forget(struct db *db, const struct id *scope, struct error *e);
/* How many changes that a person made were written once more. */
int reissue_count(struct db *db, uint64_t *count, struct error *e);

/* What the office answered: of each epoch in which something waited it has what was handed over up to `common`, the
 * rest goes on in the new epoch. */
struct reissue_answer {
    uint64_t epoch;
    size_t count;
    struct {
        uint64_t epoch, common;
    } had[LIMITS_EPOCHS_MAX]; /* ascending */
};
/* The office's answer to a batch of that epoch. E_PEER: more epochs than a laptop is given. */
int reissue_heard(struct reissue_answer *answer, uint64_t epoch, uint64_t common, struct error *e);

/* Does what the office answered.
 * Inside the caller's transaction; where that is rolled back, load the author again. All scopes are dealt anew after
 * it: a store that was put back lacks changes of its own. *typed: how many changes that a person made were written once
 * more. E_PEER: no such answer can be. */
int reissue_write(struct db *db, struct edit_author *author, const struct reissue_answer *m, uint64_t *typed,
                  struct error *e);

/* Hands over what waits, and does what the office answers, in one transaction. room: bytes of one batch.
 * Errors: wire_receive's, the store's, and reissue_write's; then nothing was changed, and the next sync asks again. */
int reissue_ask(struct store *s, struct wire *w, size_t room, uint64_t *typed, struct error *e);

#endif
