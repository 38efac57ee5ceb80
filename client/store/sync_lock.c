/* One file, locked as a whole for as long as its descriptor is open. */
#include "sync_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

int sync_lock_take(const char *folder, int *lock, struct error *e)
{
    char *path = store_path(folder, SYNC_LOCK_FILE);
    int fd, number, code = 0;
    *lock = -1;
    if (path == NULL)
        return error_memory(e);
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        code = error_system(e, E_IO, errno, "%s cannot be opened", path);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        number = errno;
        code = number == EWOULDBLOCK
                   ? error_set(e, E_BUSY, "a sync of this laptop is under way; wait until it is done, and try again")
                   : error_system(e, E_IO, number, "%s cannot be locked", path);
        (void)close(fd);
    } else {
        *lock = fd;
    }
    free(path);
    return code;
}

void sync_lock_free(int lock)
{
    if (lock >= 0)
        (void)close(lock);
}
