/* Wiping: the office has ordered that nothing of this laptop's store stays. */
#ifndef SATCHEL_WIPE_H
#define SATCHEL_WIPE_H

#include "error.h"
#include "store.h"

/* Destroys the key file, then the store and all that stands beside it. What is unsent must be at the office before. The
 * store stays usable through the handles that are open until it is closed, so that the receipt can still be signed and
 * sent; nothing of it has a name on the disk any more. E_IO, E_MEMORY: something may still be there, and the sentence
 * says what; the rest is gone. */
int wipe_store(const struct store *s, struct error *e);

#endif
