/* The simulated disk: the calls of libc that reach files. Each does the real thing by a system call of its own. */
#undef _FORTIFY_SOURCE /* its inline functions have the names that are defined here */
#include "sim/disk_private.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct handle {
    struct inode *inode; /* NULL: not ours */
    int appends;
};

struct place {
    struct inode *folder, *inode; /* folder NULL: the path itself is a folder of ours; inode NULL: no such name */
    struct machine *machine;
    char name[NAME_MAX + 1];
};

static struct handle *handles; /* by descriptor */
static int handle_room;

/* What programs are compiled to where _FORTIFY_SOURCE is on. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
ssize_t __read_chk(int fd, void *out, size_t count, size_t room);
ssize_t __pread_chk(int fd, void *out, size_t count, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *out, size_t count, off64_t offset, size_t room);

static struct inode *mine(int fd)
{
    return fd >= 0 && fd < handle_room ? handles[fd].inode : NULL;
}

static int fail(int number)
{
    errno = number;
    return -1;
}

/* Counts a call and says whether it may go on: 0, or -1 with errno. */
static int begin(struct machine *m, enum disk_call what)
{
    assert(m != NULL);
    m->counts[what]++;
    if (m->dark)
        return fail(EIO);
    if (m->counts[what] == m->fails[what])
        return fail(what == DISK_WRITE ? ENOSPC : EIO);
    return 0;
}

/* The end of a step that was done: 0, or -1 where the power went with it. */
static int reached(struct machine *m)
{
    return disk_step(m) ? fail(EIO) : 0;
}

static struct machine *machine_of(const struct inode *inode)
{
    return &disk_machines[inode->machine];
}

static void detach(int fd)
{
    struct inode *inode = mine(fd);
    if (inode == NULL)
        return;
    handles[fd] = (struct handle){0};
    inode_descriptor(inode, -1);
}

static void attach(int fd, struct inode *inode, int flags)
{
    if (fd >= handle_room) {
        int room = fd * 2 + 64;
        handles = disk_must_have(realloc(handles, (size_t)room * sizeof *handles));
        memset(handles + handle_room, 0, (size_t)(room - handle_room) * sizeof *handles);
        handle_room = room;
    }
    detach(fd); /* closed by other means */
    handles[fd] = (struct handle){inode, (flags & O_APPEND) != 0};
    inode_descriptor(inode, 1);
}

int disk_owns(int fd)
{
    return mine(fd) != NULL;
}

void disk_forget_descriptors(void)
{
    for (int fd = 0; fd < handle_room; fd++)
        detach(fd);
    free(handles);
    handles = NULL;
    handle_room = 0;
}

/* ---- paths ---- */

/* The folder that holds the last name of path. */
static struct inode *parent_of(int at, const char *path, size_t bytes)
{
    char parent[PATH_MAX];
    if (bytes == 0)
        return at == AT_FDCWD ? inode_at(at, ".") : mine(at);
    if (bytes >= sizeof parent)
        return NULL;
    memcpy(parent, path, bytes);
    parent[bytes] = '\0';
    return inode_at(at, parent);
}

/* 1 where the path is one of ours. */
static int locate(int at, const char *path, struct place *p)
{
    size_t end, start;
    *p = (struct place){0};
    if (disk_gone() < 0 || path == NULL)
        return 0;
    for (end = strlen(path); end > 1 && path[end - 1] == '/';)
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    if (end - start > NAME_MAX)
        return 0;
    memcpy(p->name, path + start, end - start);
    if (end > start && strcmp(p->name, ".") != 0 && strcmp(p->name, "..") != 0)
        p->folder = parent_of(at, path, start);
    p->inode = p->folder != NULL ? names_get(&p->folder->now, p->name) : inode_at(at, path);
    if (p->folder == NULL && p->inode == NULL)
        return 0;
    p->machine = machine_of(p->folder != NULL ? p->folder : p->inode);
    return 1;
}

static int is_there(int at, const char *path)
{
    struct stat s;
    return fstatat(at, path, &s, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- open and close ---- */

/* A new size: of what is cut off it is remembered what it was. */
static int resize(int fd, struct inode *inode, int64_t size)
{
    struct machine *m = machine_of(inode);
    if (m->quota >= 0 && size > inode->size && m->used + size - inode->size > m->quota)
        return fail(ENOSPC);
    inode_record(inode, fd, size, 0, 1);
    if (raw_ftruncate(fd, size) != 0) {
        inode_unrecord(inode);
        return -1;
    }
    inode_resize(inode, size);
    return reached(m);
}

static int opened(int at, const char *path, int flags, mode_t mode)
{
    struct place p;
    int fd, makes, cuts;
    if (!locate(at, path, &p))
        return raw_openat(at, path, flags, mode);
    cuts = (flags & O_TRUNC) != 0 && p.inode != NULL && !p.inode->is_folder;
    makes = (flags & O_CREAT) != 0 && p.inode == NULL && !is_there(at, path);
    if (begin(p.machine, DISK_OPEN) != 0 || (cuts && begin(p.machine, DISK_TRUNCATE) != 0))
        return -1;
    if ((flags & O_ACCMODE) == O_WRONLY)
        flags ^= O_WRONLY ^ O_RDWR; /* what is written over has to be read before */
    fd = raw_openat(at, path, cuts ? flags & ~O_TRUNC : flags, mode);
    if (fd < 0)
        return -1;
    if (makes) {
        p.inode = inode_new(p.folder->machine, fd, 0);
        disk_move(p.inode, NULL, NULL, p.folder, p.name);
    }
    if (p.inode == NULL)
        return fd;
    attach(fd, p.inode, flags);
    if ((makes && reached(p.machine) != 0) || (cuts && resize(fd, p.inode, 0) != 0)) {
        int number = errno;
        detach(fd);
        (void)raw_close(fd);
        return fail(number);
    }
    return fd;
}

static mode_t mode_of(int flags, va_list *list)
{
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): OPENED starts it */
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(*list, mode_t) : 0;
}

#define OPENED(at, path, flags, last)                                                                                  \
    do {                                                                                                               \
        va_list list;                                                                                                  \
        mode_t mode;                                                                                                   \
        va_start(list, last);                                                                                          \
        mode = mode_of(flags, &list);                                                                                  \
        va_end(list);                                                                                                  \
        return opened(at, path, flags, mode);                                                                          \
    } while (0)

int open(const char *path, int flags, ...)
{
    OPENED(AT_FDCWD, path, flags, flags);
}

int open64(const char *path, int flags, ...)
{
    OPENED(AT_FDCWD, path, flags, flags);
}

int openat(int at, const char *path, int flags, ...)
{
    OPENED(at, path, flags, flags);
}

int openat64(int at, const char *path, int flags, ...)
{
    OPENED(at, path, flags, flags);
}

int __open_2(const char *path, int flags)
{
    return opened(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return opened(AT_FDCWD, path, flags, 0);
}

int __openat_2(int at, const char *path, int flags)
{
    return opened(at, path, flags, 0);
}

int creat(const char *path, mode_t mode)
{
    return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* The names are counted, not drawn: a seed has to give the same ones. */
int mkostemp(char *path, int flags)
{
    static unsigned number;
    size_t bytes = strlen(path);
    if (bytes < 6 || strcmp(path + bytes - 6, "XXXXXX") != 0)
        return fail(EINVAL);
    for (;;) {
        int fd;
        (void)snprintf(path + bytes - 6, 7, "%06u", number++ % 1000000);
        fd = opened(AT_FDCWD, path, flags | O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
}

int mkstemp(char *path)
{
    return mkostemp(path, 0);
}

int close(int fd)
{
    detach(fd);
    return raw_close(fd);
}

/* ---- reading and writing ---- */

ssize_t read(int fd, void *out, size_t count)
{
    struct inode *inode = mine(fd);
    if (inode != NULL && begin(machine_of(inode), DISK_READ) != 0)
        return -1;
    return syscall(SYS_read, fd, out, count);
}

ssize_t pread(int fd, void *out, size_t count, off_t offset)
{
    struct inode *inode = mine(fd);
    if (inode != NULL && begin(machine_of(inode), DISK_READ) != 0)
        return -1;
    return raw_pread(fd, out, count, offset);
}

ssize_t pread64(int fd, void *out, size_t count, off64_t offset)
{
    return pread(fd, out, count, offset);
}

ssize_t __read_chk(int fd, void *out, size_t count, size_t room)
{
    assert(count <= room);
    return read(fd, out, count);
}

ssize_t __pread_chk(int fd, void *out, size_t count, off_t offset, size_t room)
{
    assert(count <= room);
    return pread(fd, out, count, offset);
}

ssize_t __pread64_chk(int fd, void *out, size_t count, off64_t offset, size_t room)
{
    assert(count <= room);
    return pread(fd, out, count, offset);
}

/* How many of count bytes at offset fit. */
static size_t fits(const struct inode *inode, int64_t offset, size_t count)
{
    const struct machine *m = machine_of(inode);
    int64_t room = inode->size + (m->quota - m->used) - offset;
    if (m->quota < 0 || offset + (int64_t)count <= inode->size || room >= (int64_t)count)
        return count;
    room = room > inode->size - offset ? room : inode->size - offset; /* what is there can be written over */
    return room > 0 ? (size_t)room : 0;
}

/* offset -1: where the descriptor stands. */
static ssize_t written(int fd, const void *in, size_t count, int64_t offset)
{
    struct inode *inode = mine(fd);
    struct machine *m = machine_of(inode);
    int64_t at = handles[fd].appends ? inode->size : offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR);
    ssize_t wrote;
    if (begin(m, DISK_WRITE) != 0 || count == 0)
        return count == 0 && !m->dark ? 0 : -1;
    if ((count = fits(inode, at, count)) == 0)
        return fail(ENOSPC);
    inode_record(inode, fd, at, count, 0);
    wrote = offset >= 0 ? raw_pwrite(fd, in, count, at) : syscall(SYS_write, fd, in, count);
    if (wrote < 0) {
        inode_unrecord(inode);
        return -1;
    }
    if (wrote != (ssize_t)count)
        disk_die("the real disk is full");
    if (at + wrote > inode->size)
        inode_resize(inode, at + wrote);
    return reached(m) == 0 ? wrote : -1;
}

static int is_file(int fd)
{
    const struct inode *inode = mine(fd);
    return inode != NULL && !inode->is_folder;
}

ssize_t write(int fd, const void *in, size_t count)
{
    return is_file(fd) ? written(fd, in, count, -1) : syscall(SYS_write, fd, in, count);
}

ssize_t pwrite(int fd, const void *in, size_t count, off_t offset)
{
    return is_file(fd) && offset >= 0 ? written(fd, in, count, offset) : raw_pwrite(fd, in, count, offset);
}

ssize_t pwrite64(int fd, const void *in, size_t count, off64_t offset)
{
    return pwrite(fd, in, count, offset);
}

/* The sync with which the power goes is done or not done. The real disk is not asked: it needs no syncs. */
static int synced(int fd)
{
    struct inode *inode = mine(fd);
    struct machine *m = machine_of(inode);
    if (begin(m, DISK_SYNC) != 0)
        return -1;
    if (disk_step(m)) {
        if (luck_below(&m->luck, 2) == 0)
            inode_sync(inode);
        return fail(EIO);
    }
    inode_sync(inode);
    return 0;
}

int fsync(int fd)
{
    return mine(fd) != NULL ? synced(fd) : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return mine(fd) != NULL ? synced(fd) : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
    if (!is_file(fd) || size < 0)
        return raw_ftruncate(fd, size);
    return begin(machine_of(mine(fd)), DISK_TRUNCATE) == 0 ? resize(fd, mine(fd), size) : -1;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int truncate(const char *path, off_t size)
{
    struct place p;
    int fd, rc, number;
    if (!locate(AT_FDCWD, path, &p) || p.inode == NULL || p.inode->is_folder || size < 0)
        return (int)syscall(SYS_truncate, path, size);
    if (begin(p.machine, DISK_TRUNCATE) != 0 || (fd = raw_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0)) < 0)
        return -1;
    rc = resize(fd, p.inode, size);
    number = errno;
    (void)raw_close(fd);
    errno = number;
    return rc;
}

int truncate64(const char *path, off64_t size)
{
    return truncate(path, size);
}

/* ---- names ---- */

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    struct place a, b;
    int ours = locate(from_at, from, &a) + locate(to_at, to, &b);
    if (ours > 0 && (ours < 2 || a.machine != b.machine))
        return fail(EXDEV);
    if (ours > 0 && begin(a.machine, DISK_RENAME) != 0)
        return -1;
    if (ours > 0 && (a.folder == NULL || b.folder == NULL))
        return fail(EBUSY);
    if (ours > 0 && b.inode != NULL && b.inode != a.inode)
        inode_bury(b.inode, to_at, to);
    if (syscall(SYS_renameat2, from_at, from, to_at, to, 0) != 0)
        return -1;
    if (ours == 0 || a.inode == NULL || a.inode == b.inode)
        return 0;
    if (b.inode != NULL && b.inode->is_folder)
        inode_lose(b.inode);
    disk_move(a.inode, a.folder, a.name, b.folder, b.name);
    return reached(a.machine);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int at, const char *path, int flags)
{
    struct place p;
    if (!locate(at, path, &p))
        return raw_unlinkat(at, path, flags);
    if (begin(p.machine, DISK_UNLINK) != 0)
        return -1;
    if (p.folder == NULL)
        return fail(EBUSY);
    if (p.inode != NULL && (flags & AT_REMOVEDIR) == 0)
        inode_bury(p.inode, at, path);
    if (raw_unlinkat(at, path, flags) != 0)
        return -1;
    if (p.inode == NULL)
        return 0;
    if (p.inode->is_folder)
        inode_lose(p.inode);
    disk_move(p.inode, p.folder, p.name, NULL, NULL);
    return reached(p.machine);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    struct stat s;
    int is_folder = lstat(path, &s) == 0 && S_ISDIR(s.st_mode);
    return unlinkat(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}

int mkdirat(int at, const char *path, mode_t mode)
{
    struct place p;
    int fd;
    if (!locate(at, path, &p))
        return raw_mkdirat(at, path, mode);
    if (begin(p.machine, DISK_OPEN) != 0 || raw_mkdirat(at, path, mode) != 0)
        return -1;
    if ((fd = raw_openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)) < 0)
        disk_die("a folder of the simulated disk cannot be opened");
    p.inode = inode_new(p.folder->machine, fd, 1);
    (void)raw_close(fd);
    disk_move(p.inode, NULL, NULL, p.folder, p.name);
    return reached(p.machine);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    struct place a, b;
    int ours = locate(from_at, from, &a) + locate(to_at, to, &b);
    if (ours == 0)
        return (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (ours < 2 || a.machine != b.machine)
        return fail(EXDEV);
    if (begin(a.machine, DISK_OPEN) != 0 || raw_linkat(from_at, from, to_at, to) != 0)
        return -1;
    if (a.inode == NULL)
        return 0;
    disk_move(a.inode, NULL, NULL, b.folder, b.name);
    return reached(a.machine);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
