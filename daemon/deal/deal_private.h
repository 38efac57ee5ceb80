/* What the parts of a deal share. Only deal*.c include it. */
#ifndef SATCHEL_DEAL_PRIVATE_H
#define SATCHEL_DEAL_PRIVATE_H

#include "deal.h"

/* --- deal_memory.c --- */

/* record_digest of a caseload; what had to be made is kept in the store. Errors: E_MEMORY, the store's. */
int deal_digest(struct central *c, const struct caseload *may, uint8_t out[32], struct error *e);
/* If a deal that is done brought the laptop nothing, and much of the log has passed since its last receipt, remembers
 * that nothing of it was for the laptop. Errors: the store's. */
int deal_note_idle(const struct deal *d, struct central *c, struct error *e);

#endif
