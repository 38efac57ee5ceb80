/* Making folders, and syncing the names in them. */
#include "folder.h"

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
