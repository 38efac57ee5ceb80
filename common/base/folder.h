/* Makes folders, and syncs the names in them. A file that was synced can still be without its name after a power cut,
 * until the folder that it stands in was synced too (fsync(2)). */
#ifndef SATCHEL_FOLDER_H
#define SATCHEL_FOLDER_H

#include "error.h"

/* Makes the folder and every one above it that is missing, private to its owner, and syncs each into the one above it;
 * one that is there stays as it is. E_IO, E_MEMORY. */
int folder_make(const char *folder, struct error *e);

/* Makes sure that nobody else can put a file into a folder that is there: an empty one that others may write to is
 * closed to them. E_REFUSED: it belongs to somebody who is neither this user nor root, or others may write to it and it
 * holds something already. E_IO. */
int folder_close(const char *path, struct error *e);

/* 1: only this user, root, or `owner` can put a file into the folder, by its owner and mode; 0: others can, or it
 * cannot be looked at. */
int folder_is_closed(const char *path, unsigned owner);

/* Syncs the names in a folder. A file system that cannot do that for folders (some of sticks, EINVAL) counts as done.
 * E_IO. */
int folder_sync(const char *path, struct error *e);

/* Does the same for the folder that a path's file stands in. E_IO, E_MEMORY. */
int folder_sync_of(const char *path, struct error *e);

#endif
