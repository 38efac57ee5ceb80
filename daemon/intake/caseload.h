/* Who may hold and change what. A user's caseload: the cases that are assigned to it, the persons whom these cases are
 * about with every record that is linked as theirs (person.h), the persons whom the user's laptops took down while no
 * case of theirs has come, and what is office-wide. The office asks this before it
 * applies a change and before it deals out. */
#ifndef SATCHEL_CASELOAD_H
#define SATCHEL_CASELOAD_H

#include <stddef.h>

#include "central.h"
#include "change.h"
#include "error.h"
#include "id.h"

/* Scopes, sorted, without doubles; the zero scope is always among them. */
struct caseload {
    struct id *scopes;
    size_t count;
};

int caseload_load(struct central *c, const struct id *user, struct caseload *out, struct error *e); /* E_LIMIT */
void caseload_free(struct caseload *l);
int caseload_has(const struct caseload *l, const struct id *scope);
int caseload_compare(const void *a, const void *b); /* two struct id, for qsort and bsearch */

/* Does this version know enough of a change to judge it? Not where its kind is newer than this version, office-wide,
 * and dealt: nobody's caseload says who may write it, and every laptop would get it. */
int caseload_knows(const struct change *change);

/* May this change of a user's laptop be applied? 0: yes. 1: no, and `reason` says why in one sentence (for the hold).
 * Negative: the question failed (e). What a newer schema wrote is carried, as docs/MERGE.md, "Older and newer
 * programs", says.
 *
 * A case or person that the office has never heard of is taken: it was taken down in the field, and belongs to the one
 * who did until the office says otherwise. */
int caseload_judge(struct central *c, const struct caseload *l, const struct id *user, const struct change *change,
                   char reason[200], struct error *e);

#endif
