/* A newer program opens the office's store: what an older one took unjudged, because it did not know it, is judged. */
#ifndef SATCHEL_UPGRADE_H
#define SATCHEL_UPGRADE_H

#include "central.h"
#include "error.h"

/* Judges each change of a laptop that an older program took and that this one knows more of, by the log in front of it,
 * and holds what breaks a rule, unless a hold names it already. Inside the transaction that writes this program's
 * schema version into the office's record, behind that: so nothing that becomes known is in force before it was judged.
 * The log is replayed in memory only if there is such a change. Errors: central_write's, E_MEMORY, the store's. */
int upgrade_judge(struct central *c, struct error *e);

#endif
