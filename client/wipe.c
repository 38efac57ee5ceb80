#include "wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

/* In this order: without its key file the rest is noise. */
static const char *const names[] = {STORE_KEYS,          STORE_KEYS ".new", STORE_KEYS ".next", OUTBOX_FILE,
                                    OUTBOX_FILE ".next", "store.office",    "store.office.new", STORE_DB,
                                    STORE_DB "-wal",     STORE_DB "-lock",  STORE_DB ".new",    STORE_DB ".next"};

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

/* 0, or errno of what failed. A file that could not be overwritten is removed all the same. */
static int destroy(const char *path, int is_keys)
{
    int failed = is_keys && overwrite(path);
    if (unlink(path) != 0 && errno != ENOENT)
        return errno;
    return failed ? EIO : 0;
}

int wipe_store(const struct store *s, struct error *e)
{
    int code = 0, later;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = store_path(s->folder, names[i]);
        /* A descriptor of our own on a file that SQLite holds would drop its locks when it closes: only key files. */
        int number = path == NULL ? ENOMEM : destroy(path, strncmp(names[i], STORE_KEYS, strlen(STORE_KEYS)) == 0);
        free(path);
        if (number != 0 && code == 0)
            code = error_system(e, E_IO, number,
                                "%s/%s could not be destroyed for certain; remove by hand what is left of it",
                                s->folder, names[i]);
    }
    later = folder_sync(s->folder, code == 0 ? e : NULL);
    return code != 0 ? code : later;
}
