/* Destroys what this laptop has, key file first, and goes on after a crash. A marker file says that a wipe is under
 * way. */
#include "wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "keyfile.h"
#include "sync_lock.h"

/* The key file goes first: without it the rest is noise. */
static const char *const names[] = {
    STORE_KEYS,       STORE_KEYS ".new",  STORE_KEYS ".next", OUTBOX_FILE, OUTBOX_FILE ".next",
    "store.office",   "store.office.new", SYNC_LOCK_FILE,     STORE_DB,    STORE_DB "-wal",
    STORE_DB "-lock", STORE_DB ".new",    STORE_DB ".next"};

/* Writes zeros over a key file, all of which fits; a larger file is no key file, and stays as it is. */
static int overwrite(const char *path)
{
    static const char zeros[8192];
    struct stat s;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), failed = 0;
    if (fd < 0)
        return errno != ENOENT;
    failed = fstat(fd, &s) != 0 ||
             (s.st_size <= (off_t)sizeof zeros && pwrite(fd, zeros, (size_t)s.st_size, 0) != (ssize_t)s.st_size) ||
             fsync(fd) != 0;
    (void)close(fd);
    return failed;
}

/* Removes a file, a key file overwritten. 0, or errno of what failed; a file that cannot be overwritten is removed all
 * the same. */
static int destroy(const char *path, int is_keys)
{
    int failed = is_keys && overwrite(path);
    if (unlink(path) != 0 && errno != ENOENT)
        return errno;
    return failed ? EIO : 0;
}

/* Writes the marker. Best effort: without it a wipe that breaks off looks like a key file that is missing or damaged.
 */
static void write_marker(const char *folder)
{
    char *path = store_path(folder, STORE_WIPING);
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd >= 0 && close(fd) == 0)
        (void)folder_sync(folder, NULL);
    free(path);
}

/* Removes the marker, last, when a power cut can bring nothing of the rest back. */
static int remove_marker(const char *folder, struct error *e)
{
    char *path = store_path(folder, STORE_WIPING);
    int code = path == NULL ? error_memory(e) : 0;
    if (code == 0 && unlink(path) != 0 && errno != ENOENT)
        code = error_system(e, E_IO, errno, "%s cannot be removed; remove it by hand", path);
    free(path);
    return code != 0 ? code : folder_sync(folder, e);
}

int wipe_folder(const char *folder, struct error *e)
{
    int code = 0, later;
    write_marker(folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = store_path(folder, names[i]);
        /* Overwrite key files alone: closing a descriptor of a file that SQLite has open would drop its locks. */
        int number = path == NULL ? ENOMEM : destroy(path, strncmp(names[i], STORE_KEYS, strlen(STORE_KEYS)) == 0);
        free(path);
        if (number != 0 && code == 0)
            code = error_system(e, E_IO, number,
                                "%s/%s could not be destroyed for certain; remove by hand what is left of it", folder,
                                names[i]);
    }
    later = folder_sync(folder, code == 0 ? e : NULL);
    if (code == 0)
        code = later;
    return code != 0 ? code : remove_marker(folder, e);
}

/* The marker is there. A sync holds its lock for as long as it carries the wipe out, so whoever gets the lock knows
 * that the wipe broke off. A disk on which nothing can be locked keeps no wipe from its end. */
static int end_wipe(const char *folder, const char *keys, struct error *e)
{
    size_t slots;
    int lock, code, found = 0;
    if (sync_lock_take(folder, &lock, NULL) == E_BUSY) {
        (void)error_set(e, E_BUSY,
                        "the office has ordered that this laptop is wiped, and a sync is doing so just now; nothing "
                        "can be done here any more");
        return -1;
    }
    code = keyfile_list(keys, NULL, 0, &slots, NULL);
    /* Nothing was destroyed yet: it is a store like any other, until the office orders the wipe again. */
    if (code == 0)
        (void)remove_marker(folder, NULL);
    else if (code == E_NO_STORE || code == E_VERIFY)
        found = wipe_folder(folder, e) == 0 ? 1 : -1;
    sync_lock_free(lock);
    return found;
}

int wipe_resume(const char *folder, struct error *e)
{
    char *keys = store_path(folder, STORE_KEYS), *path = store_path(folder, STORE_WIPING);
    struct stat there;
    int found = 0;
    if (keys == NULL || path == NULL) {
        (void)error_memory(e);
        found = -1;
    } else if (stat(path, &there) == 0) {
        found = end_wipe(folder, keys, e);
    }
    free(keys);
    free(path);
    return found;
}
