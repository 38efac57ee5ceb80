/* The recovery officers of this office: active users with a recovery key (`satcheld officer add`). Any two of them open
 * every laptop's store and the office's own; one alone opens none. */
#ifndef SATCHEL_RECOVERY_H
#define SATCHEL_RECOVERY_H

#include <stddef.h>

#include "central.h"
#include "error.h"
#include "keyfile.h"

#define RECOVERY_OFFICERS_MAX 5 /* 10 pairs */

/* Makes all pairs of officers, in the order of their ids, each signed by the office. *count: how many. Errors: the
 * store's. */
int recovery_pairs(struct central *c, struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], size_t *count, struct error *e);

/* Gives the office's own key file a slot for each pair of the present officers, and writes it only if that changes it.
 * Laptops follow at their next sync. Errors: keyfile_recovery_set's, the store's. */
int recovery_refresh(struct central *c, struct error *e);

#endif
