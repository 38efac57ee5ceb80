/* The simulated disk: stdio. Inside of libc it writes past the calls of disk_call.c, so a stream of ours is one with
 * functions of its own. */
#include "sim/disk_private.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static ssize_t stream_read(void *cookie, char *out, size_t count)
{
    return read((int)(intptr_t)cookie, out, count);
}

static ssize_t stream_write(void *cookie, const char *in, size_t count)
{
    ssize_t wrote = write((int)(intptr_t)cookie, in, count);
    return wrote < 0 ? 0 : wrote; /* fopencookie's way to say that it failed */
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
    off64_t at = lseek((int)(intptr_t)cookie, *offset, whence);
    if (at < 0)
        return -1;
    *offset = at;
    return 0;
}

static int stream_close(void *cookie)
{
    return close((int)(intptr_t)cookie);
}

FILE *fdopen(int fd, const char *mode)
{
    static FILE *(*real)(int, const char *);
    static const cookie_io_functions_t functions = {stream_read, stream_write, stream_seek, stream_close};
    FILE *file;
    if (real == NULL)
        *(void **)&real = disk_must_have(dlsym(RTLD_NEXT, "fdopen"));
    if (!disk_owns(fd))
        return real(fd, mode);
    file = fopencookie((void *)(intptr_t)fd, mode, functions); // NOLINT(performance-no-int-to-ptr)
    if (file != NULL)
        file->_fileno = fd; /* for fileno(); glibc does no more with it in such a stream */
    return file;
}

static int flags_of(const char *mode)
{
    int flags = mode[0] == 'r' ? 0 : mode[0] == 'w' ? O_CREAT | O_TRUNC : O_CREAT | O_APPEND;
    flags |= strchr(mode, '+') != NULL ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
    return flags | (strchr(mode, 'x') != NULL ? O_EXCL : 0) | (strchr(mode, 'e') != NULL ? O_CLOEXEC : 0);
}

FILE *fopen(const char *path, const char *mode)
{
    int fd = open(path, flags_of(mode), 0666);
    FILE *file = fd >= 0 ? fdopen(fd, mode) : NULL;
    if (fd >= 0 && file == NULL)
        (void)close(fd);
    return file;
}
