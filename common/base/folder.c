/* Making folders, and syncing the names in them. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_sync(const char *path, struct error *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = 0;
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        code = error_system(e, E_IO, errno, "the folder %s cannot be synced", path);
    if (fd >= 0)
        (void)close(fd);
    return code;
}

int folder_sync_of(const char *path, struct error *e)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int code = folder == NULL ? error_memory(e) : folder_sync(folder, e);
    free(folder);
    return code;
}

/* 1: the folder holds nothing; 0: it does; -1: it cannot be read. Takes fd over. */
static int is_empty(int fd)
{
    DIR *folder = fdopendir(fd);
    struct dirent *name;
    int empty = 1;
    if (folder == NULL) {
        (void)close(fd);
        return -1;
    }
    while (empty && (name = readdir(folder)) != NULL)
        empty = strcmp(name->d_name, ".") == 0 || strcmp(name->d_name, "..") == 0;
    (void)closedir(folder);
    return empty;
}

/* Closes the folder, and only then looks whether it is empty: nobody can put something into it in between. was: its
 * mode, which it has again if it is not empty. As is_empty. */
static int close_if_empty(int fd, mode_t was)
{
    int look = fcntl(fd, F_DUPFD_CLOEXEC, 0), empty;
    if (look < 0)
        return -1;
    if (fchmod(fd, was & S_IRWXU) != 0) {
        (void)close(look);
        return -1;
    }
    if ((empty = is_empty(look)) != 1)
        (void)fchmod(fd, was & 07777);
    return empty;
}

int folder_close(const char *path, struct error *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), empty = 1, code = 0;
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        code = error_system(e, E_IO, errno, "the folder %s cannot be looked at", path);
    else if (status.st_uid != geteuid() && status.st_uid != 0)
        code = error_set(e, E_REFUSED, "the folder %s belongs to another user; make one of your own", path);
    else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (empty = close_if_empty(fd, status.st_mode)) < 0)
        code = error_system(e, E_IO, errno, "the folder %s cannot be closed to others", path);
    else if (!empty)
        code = error_set(e, E_REFUSED,
                         "others may write to the folder %s, and something stands in it already; take that from them "
                         "(chmod go-w) if the folder is yours, or choose an empty one",
                         path);
    if (fd >= 0)
        (void)close(fd);
    return code;
}

int folder_is_closed(const char *path, unsigned owner)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
           (status.st_uid == 0 || status.st_uid == geteuid() || status.st_uid == owner);
}

static int make_one(const char *path, struct error *e)
{
    if (mkdir(path, 0700) == 0)
        return folder_sync_of(path, e);
    return errno == EEXIST ? 0 : error_system(e, E_IO, errno, "the folder %s cannot be made", path);
}

int folder_make(const char *folder, struct error *e)
{
    char *path = strdup(folder);
    int code = 0;
    if (path == NULL)
        return error_memory(e);
    for (char *at = path + (path[0] != '\0'); code == 0; at++) {
        char was = *at;
        if (was != '/' && was != '\0')
            continue;
        *at = '\0';
        code = make_one(path, e);
        *at = was;
        if (was == '\0')
            break;
    }
    free(path);
    return code;
}
