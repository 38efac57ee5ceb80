/* The office's recovery officers, as a sync brings them: each pair of them gets a slot in this laptop's key file, so
 * that the two together, and no one alone, can open it (`satchel recover`). */
#ifndef SATCHEL_OFFICERS_H
#define SATCHEL_OFFICERS_H

#include "error.h"
#include "pack.h"
#include "store.h"

/* recovery: the welcome's field. Only pairs that the office has signed with its log key are taken (E_VERIFY else, and
 * the key file is unchanged). Errors: also keyfile.h's. */
int officers_keep(struct store *s, struct slice recovery, struct error *e);

#endif
