/* The lock of a sync: while one runs it lets other commands write the store whenever it waits, but no other sync, and
 * nobody who gives the store another key. An empty file, store.sync, which stays. */
#ifndef SATCHEL_SYNC_LOCK_H
#define SATCHEL_SYNC_LOCK_H

#include "error.h"

#define SYNC_LOCK_FILE "store.sync"

/* Takes the lock of the store in `folder` without waiting. *lock: a descriptor, given back with sync_lock_free; the end
 * of the process gives it back too. E_BUSY: a sync is under way, or the key is being changed. E_IO, E_MEMORY. */
int sync_lock_take(const char *folder, int *lock, struct error *e);
void sync_lock_free(int lock); /* -1 allowed: none was taken */

#endif
