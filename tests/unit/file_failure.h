/* Whatever a file can answer: its calls are counted, and each fails in turn as on a bad disk (EIO), is interrupted by a
 * signal (EINTR), or does less than it was asked for. Programs whose names end in _disk_test are linked for it
 * (tests/CMakeLists.txt); calls that SQLite makes are its own. */
#ifndef SATCHEL_FILE_FAILURE_H
#define SATCHEL_FILE_FAILURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum file_mood {
    FILE_WELL,
    FILE_BROKEN,      /* the n-th call gives EIO */
    FILE_INTERRUPTED, /* the n-th that may be is ended by a signal */
    FILE_SHORT        /* the n-th that reads or writes does one byte of what it should */
};

static struct {
    enum file_mood mood;
    uint64_t fail_at, asked; /* calls, from 1 */
} file_failure;

/* From here on. */
static inline void file_begin(enum file_mood mood, uint64_t fail_at)
{
    file_failure.mood = mood;
    file_failure.fail_at = fail_at;
    file_failure.asked = 0;
}

/* Ends it; not 0 where a call failed. */
static inline int file_end(void)
{
    int failed = file_failure.mood != FILE_WELL && file_failure.asked >= file_failure.fail_at;
    file_failure.mood = FILE_WELL;
    return failed;
}

/* Is it this call's turn? */
static inline int file_turn(enum file_mood mood)
{
    return file_failure.mood == mood && ++file_failure.asked == file_failure.fail_at;
}

static inline int file_breaks(void)
{
    if (!file_turn(FILE_BROKEN))
        return 0;
    errno = EIO;
    return 1;
}

/* For what may be interrupted as well. */
static inline int file_stops(void)
{
    if (file_breaks())
        return 1;
    if (!file_turn(FILE_INTERRUPTED))
        return 0;
    errno = EINTR;
    return 1;
}

static inline size_t file_part(size_t size)
{
    return size > 1 && file_turn(FILE_SHORT) ? 1 : size;
}

#define FILE_CALL(result, name, parameters, fails, arguments)                                                          \
    result __real_##name parameters;                                                                                   \
    result __wrap_##name parameters;                                                                                   \
    result __wrap_##name parameters                                                                                    \
    {                                                                                                                  \
        return (fails) ? (result)-1 : __real_##name arguments;                                                         \
    }

FILE_CALL(ssize_t, read, (int fd, void *p, size_t size), file_stops(), (fd, p, file_part(size)))
FILE_CALL(ssize_t, write, (int fd, const void *p, size_t size), file_stops(), (fd, p, file_part(size)))
FILE_CALL(ssize_t, pread, (int fd, void *p, size_t size, off_t at), file_stops(), (fd, p, file_part(size), at))
FILE_CALL(ssize_t, pwrite, (int fd, const void *p, size_t size, off_t at), file_stops(), (fd, p, file_part(size), at))
FILE_CALL(int, flock, (int fd, int how), file_stops(), (fd, how))
FILE_CALL(int, fsync, (int fd), file_breaks(), (fd))
FILE_CALL(int, fdatasync, (int fd), file_breaks(), (fd))
FILE_CALL(int, ftruncate, (int fd, off_t size), file_breaks(), (fd, size))
FILE_CALL(int, fchmod, (int fd, mode_t mode), file_breaks(), (fd, mode))
FILE_CALL(int, fchown, (int fd, uid_t user, gid_t group), file_breaks(), (fd, user, group))
FILE_CALL(int, rename, (const char *from, const char *to), file_breaks(), (from, to))
FILE_CALL(int, renameat, (int from, const char *name, int to, const char *other), file_breaks(),
          (from, name, to, other))
FILE_CALL(int, fstat, (int fd, struct stat *out), file_breaks(), (fd, out))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    va_start(args, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return file_breaks() ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    va_start(args, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return file_breaks() ? -1 : __real_openat(folder, path, flags, mode);
}

#endif
