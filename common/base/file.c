/* Small files that are replaced as a whole, so that a crash leaves the old one or the new one, and the lock of their
 * folder, which makes read-change-replace one step. What belongs to POSIX in this stands here. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

int file_lock(const char *path, int *folder, struct error *e)
{
    char name[PATH_MAX];
    size_t bytes = (size_t)(last_part(path) - path);
    int fd;
    if (bytes >= sizeof name)
        return error_set(e, E_INPUT, "the path %.40s... is too long; use a shorter one", path);
    memcpy(name, path, bytes);
    name[bytes] = '\0';
    fd = open(bytes == 0 ? "." : name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_system(e, errno == ENOENT ? E_NO_STORE : E_IO, errno, "the folder of %s could not be opened",
                            path);
    while (flock(fd, LOCK_EX) != 0) {
        int number = errno;
        if (number == EINTR)
            continue;
        (void)close(fd);
        return error_system(e, E_IO, number, "the folder of %s could not be locked", path);
    }
    *folder = fd;
    return 0;
}

void file_unlock(int folder)
{
    (void)close(folder);
}

static int write_all(int fd, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        ssize_t wrote = write(fd, bytes, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -1;
        bytes += wrote;
        count -= (size_t)wrote;
    }
    return 0;
}

/* Gives the new file the owner of the last one, if root writes it: else an administrator's command would shut a service
 * out. Not 0: failed, errno says why. */
static int keep_owner(int folder, const char *last, int fd)
{
    struct stat old;
    if (geteuid() != 0 || fstatat(folder, last, &old, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    return fchown(fd, old.st_uid, old.st_gid);
}

int file_replace(int folder, const char *path, const void *bytes, size_t count, struct error *e)
{
    const char *last = last_part(path);
    char next[NAME_MAX + 1];
    int fd, number, length = snprintf(next, sizeof next, "%s.new", last);
    if (length < 0 || (size_t)length >= sizeof next)
        return error_set(e, E_INPUT, "the file name %.40s... is too long; use a shorter one", last);
    /* Remove what a crash left, so that nobody who may write in this folder has the new file open already. */
    (void)unlinkat(folder, next, 0);
    fd = openat(folder, next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return error_system(e, E_IO, errno, "%s.new could not be created", path);
    if (keep_owner(folder, last, fd) != 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0 || write_all(fd, bytes, count) != 0 ||
        fsync(fd) != 0) {
        number = errno;
        (void)close(fd);
        goto fail;
    }
    if (close(fd) != 0 || renameat(folder, next, folder, last) != 0) {
        number = errno;
        goto fail;
    }
    if (fsync(folder) != 0)
        return error_system(e, E_IO, errno, "%s was written, but its folder could not be synced", path);
    return 0;
fail:
    (void)unlinkat(folder, next, 0);
    return error_system(e, E_IO, number, "%s could not be written; what was there before is unchanged", path);
}
