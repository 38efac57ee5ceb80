/* Drafts: what a person has typed and not written yet, kept in the store as it is typed. A draft is the laptop's own:
 * it is in no log and goes nowhere. There is one for each scope and kind; it ends when its words are written, or when
 * the person throws it away. The table draft(scope, kind, at, text): at is milliseconds since 1970 by this laptop's
 * clock.
 *
 * What takes an error fails with E_MEMORY or the store's errors (db.h). */
#ifndef SATCHEL_DRAFT_H
#define SATCHEL_DRAFT_H

#include <stdint.h>

#include "db.h"
#include "error.h"

#define DRAFT_MAX (1024 * 1024) /* bytes of a text; more than any field holds, so that a long one can be cut */

/* Keeps a text, in a transaction of its own, in place of the draft that was there. E_LIMIT: it is too long. */
int draft_keep(struct db *db, const struct id *scope, unsigned kind, const char *text, uint64_t now_ms,
               struct error *e);
/* Keeps a text behind the draft that is there, if that does not hold it already. */
int draft_add(struct db *db, const struct id *scope, unsigned kind, const char *text, uint64_t now_ms, struct error *e);

/* *text: the draft, freed with draft_free; NULL: there is none. *at_ms: when it was kept last. */
int draft_find(struct db *db, const struct id *scope, unsigned kind, char **text, uint64_t *at_ms, struct error *e);
void draft_free(char *text); /* wipes; NULL allowed */

/* Ends a draft. Runs inside the caller's transaction, or in one of its own. */
int draft_drop(struct db *db, const struct id *scope, unsigned kind, struct error *e);

#endif
