/* Wiping: the office has ordered that nothing of this laptop's store stays. */
#ifndef SATCHEL_WIPE_H
#define SATCHEL_WIPE_H

#include "error.h"
#include "store.h"

#define STORE_WIPING "wiping" /* there while a wipe is under way */

/* Destroys the key file, then the store and all that stands beside it. What is unsent must be at the office before. A
 * store that is open stays usable until it is closed, so that the receipt can still be signed and sent; nothing of it
 * has a name on the disk any more. E_IO, E_MEMORY: something may still be there, and the sentence says what; the rest
 * is gone. */
int wipe_folder(const char *folder, struct error *e);

/* Goes on with a wipe that broke off after it had destroyed the key file. 1: it did, and nothing is left; 0: there was
 * none; -1: as wipe_folder's errors. A folder whose key file is whole it does not touch. */
int wipe_resume(const char *folder, struct error *e);

#endif
