/* Wiping: destroys this laptop's store, because the office has ordered it. */
#ifndef SATCHEL_WIPE_H
#define SATCHEL_WIPE_H

#include "error.h"
#include "store.h"

#define STORE_WIPING "wiping" /* there while a wipe is under way */

/* Destroys the key file, then the store and all that stands beside it. Unsent work must be at the office before. A
 * store that is open stays usable until it is closed, so that the receipt can still be signed and sent; nothing of it
 * has a name on the disk any more. E_IO, E_MEMORY: something may still be there, and the sentence says what; the rest
 * is gone. */
int wipe_folder(const char *folder, struct error *e);

/* Goes on with a wipe that broke off after it had destroyed the key file. 1: done, and nothing is left; 0: there was
 * none to go on with; -1: failed, with wipe_folder's errors, or E_BUSY: a sync is carrying the wipe out. It does not
 * touch a folder whose key file is whole. */
int wipe_resume(const char *folder, struct error *e);

#endif
