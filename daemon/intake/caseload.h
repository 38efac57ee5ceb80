/* Who may have and change what. A user's caseload is a set of scopes: the cases that are assigned to the user; the
 * clients of these cases, with every record that is linked as the same person's (person.h); the persons whom the user's
 * laptops took down and of whom no case has come yet; and the zero scope, for what is office-wide. The office asks it
 * before it applies a change and before it deals out. */
#ifndef SATCHEL_CASELOAD_H
#define SATCHEL_CASELOAD_H

#include <stddef.h>

#include "central.h"
#include "change.h"
#include "error.h"
#include "id.h"

/* Scopes, rising, each once; the zero scope is always among them. */
struct caseload {
    struct id *scopes;
    size_t count;
};

/* Computes the caseload of a user from the record. *out is freed with caseload_free; after an error it is empty.
 * E_LIMIT: more than LIMITS_CASELOAD_MAX scopes. E_MEMORY, the store's. */
int caseload_load(struct central *c, const struct id *user, struct caseload *out, struct error *e);
void caseload_free(struct caseload *l);
/* The scope within l->scopes; NULL: it is not among them. */
const struct id *caseload_find(const struct caseload *l, const struct id *scope);
int caseload_has(const struct caseload *l, const struct id *scope); /* 1, 0 */

/* 1: this version knows enough of the change to judge it. 0: the change is of a kind that is newer than this version,
 * stands office-wide and is dealt, so no caseload says who may write it, and every laptop would get it. */
int caseload_knows(const struct change *change);

#define CASELOAD_REASON 200 /* bytes, with the NUL */

/* Judges a change of a laptop whose user this is. 0: it may be applied. 1: it must be held; reason gets why, in one
 * sentence for the person who wrote it. -1: failed, e says why (the store's errors, E_MEMORY).
 *
 * A change that a newer schema wrote is carried as docs/MERGE.md, "Older and newer programs", says. A case or person
 * that the office has no change of may be written by anybody: whoever took it down in the field keeps it until the
 * office assigns it. */
int caseload_judge(struct central *c, const struct caseload *l, const struct id *user, const struct change *change,
                   char reason[CASELOAD_REASON], struct error *e);

#endif
