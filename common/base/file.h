/* Small files that are replaced as a whole, and the lock of their folder. Plain POSIX. */
#ifndef SATCHEL_FILE_H
#define SATCHEL_FILE_H

#include <stddef.h>

#include "error.h"

/* Opens path's folder and waits for its lock (flock), so that whoever replaces files there takes turns. *folder is
 * closed with file_unlock. Errors: E_NO_STORE (no such folder), E_INPUT (the path is too long), E_IO. */
int file_lock(const char *path, int *folder, struct error *e);
void file_unlock(int folder);

/* Replaces the file at path, in the locked folder, with these bytes, so that a crash leaves the old or the new: write
 * to path.new, fsync, rename, fsync of the folder; mode 0600, the owner as before. Errors: E_INPUT (name too long),
 * E_IO, E_FULL. */
int file_replace(int folder, const char *path, const void *bytes, size_t count, struct error *e);

#endif
