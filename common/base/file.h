/* Small files that are replaced as a whole, and the lock of their folder. Plain POSIX. */
#ifndef SATCHEL_FILE_H
#define SATCHEL_FILE_H

#include <stddef.h>

#include "error.h"

/* Opens path's folder and waits for its lock (flock), so that all who replace files there take turns. *folder is a
 * descriptor; file_unlock closes it. Errors: E_NO_STORE (no such folder), E_INPUT (the path is too long), E_IO. */
int file_lock(const char *path, int *folder, struct error *e);
void file_unlock(int folder);

/* Replaces the file at path, in the locked folder, by `count` bytes: write to path.new, fsync, rename, fsync of the
 * folder; mode 0600, the owner as before. A crash leaves the old file or the new one; so does an error, and only if the
 * folder could not be synced it is the new one. Errors: E_INPUT (name too long),
 * E_IO, E_FULL. */
int file_replace(int folder, const char *path, const void *bytes, size_t count, struct error *e);

#endif
