/* What the parts of the simulated disk share; disk.h is for everybody else. */
#ifndef SATCHEL_TESTS_DISK_PRIVATE_H
#define SATCHEL_TESTS_DISK_PRIVATE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "sim/disk.h"

struct inode;

/* A write of count bytes at offset, or (truncates) a new size. bytes: what stood there before, zeros behind the end of
 * then; for a truncation what was cut off. */
struct op {
    int64_t offset, size_before;
    size_t count;
    uint8_t *bytes;
    int truncates;
};

struct name {
    char *text;
    struct inode *inode;
};

struct names {
    struct name *at;
    size_t count, room;
};

struct inode {
    uint64_t number; /* the real one: to find it by, never to decide by; 0: there is no real one now */
    uint64_t id;     /* in the order of making: its name in ROOT/.gone */
    unsigned machine;
    int is_folder, is_buried;          /* buried: the real file has a link in ROOT/.gone */
    unsigned uses, links, descriptors; /* uses: whatever points here; links: names that it has now */
    int64_t size, charged;             /* charged: what of the size counts against the quota */
    struct op *ops;                    /* since the last sync */
    size_t op_count, op_room;
    struct names now, synced; /* of a folder */
    struct inode *twin;       /* while it is copied */
    struct inode *next;       /* in its chain of the table */
};

/* Inode moves from a name (none: it is new) to another (none: the name is removed), in the place of `replaced`. */
struct move {
    struct inode *inode, *from, *to, *replaced;
    char *from_name, *to_name;
};

struct machine {
    struct inode *folder;
    struct move *moves; /* not synced yet */
    size_t move_count, move_room;
    int dark, was_cut;
    uint64_t until_cut; /* steps; 0: no cut is to come */
    struct luck luck;   /* of the cut */
    int64_t quota, used;
    unsigned descriptors;
    uint64_t counts[DISK_CALLS], fails[DISK_CALLS]; /* fails: the count at which it does; 0: never */
};

extern struct machine disk_machines[DISK_MACHINES];

/* ---- the real calls ---- */

static inline int raw_openat(int at, const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, at, path, flags, mode);
}

static inline int raw_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

static inline ssize_t raw_pread(int fd, void *out, size_t count, int64_t offset)
{
    return syscall(SYS_pread64, fd, out, count, offset);
}

static inline ssize_t raw_pwrite(int fd, const void *in, size_t count, int64_t offset)
{
    return syscall(SYS_pwrite64, fd, in, count, offset);
}

static inline int raw_ftruncate(int fd, int64_t size)
{
    return (int)syscall(SYS_ftruncate, fd, size);
}

static inline int raw_linkat(int from, const char *path, int to, const char *name)
{
    return (int)syscall(SYS_linkat, from, path, to, name, 0);
}

static inline int raw_unlinkat(int at, const char *path, int flags)
{
    return (int)syscall(SYS_unlinkat, at, path, flags);
}

static inline int raw_mkdirat(int at, const char *path, mode_t mode)
{
    return (int)syscall(SYS_mkdirat, at, path, mode);
}

/* ---- disk.c ---- */

/* 1 where this step is the last that reaches the disk of m. */
int disk_step(struct machine *m);

/* ROOT/.gone, open; negative where no disk is running. */
int disk_gone(void);

/* p, or the end of the program where it is NULL. */
void *disk_must_have(void *p);

/* Ends the program: the simulator cannot go on. */
_Noreturn void disk_die(const char *what);

/* ---- disk_inode.c ---- */

/* The inode of this descriptor, freshly made and unknown until now; with no uses. */
struct inode *inode_new(unsigned machine, int fd, int is_folder);

/* NULL: none of ours. The descriptor or path is looked at, relative to folder. */
struct inode *inode_of(int fd);
struct inode *inode_at(int folder, const char *path);

/* The real folder of inode is gone, and its number may be given to another. */
void inode_lose(struct inode *inode);

/* Gives a file a link in ROOT/.gone, from which a cut can bring it back, where it has none. */
void inode_bury(struct inode *inode, int at, const char *path);

/* Takes that link away, if there is one. */
void inode_dig_up(struct inode *inode);

/* The name of that link. */
void inode_gone_name(const struct inode *inode, char out[32]);

/* The real file or folder of inode is another one from now on. */
void inode_renumber(struct inode *inode, int fd);

/* All that there are, linked by `next` and without a number, until inode_renumber. */
struct inode *inode_take_all(void);

void inode_hold(struct inode *inode);
void inode_drop(struct inode *inode);
void inode_descriptor(struct inode *inode, int change);
void inode_resize(struct inode *inode, int64_t size);
void inode_forget_ops(struct inode *inode);
void inode_forget_twins(void);

/* Remembers what a write, or a truncation to offset, is about to replace. fd can be read. */
void inode_record(struct inode *inode, int fd, int64_t offset, size_t count, int truncates);

/* It failed: forget the last one. */
void inode_unrecord(struct inode *inode);

/* What the disk holds is what everybody sees: a file's content, or the names in a folder. */
void inode_sync(struct inode *inode);

struct inode *names_get(const struct names *names, const char *text);

/* inode NULL: no such name. */
void names_set(struct names *names, const char *text, struct inode *inode);

/* The same for folder->now, and counts links. */
void names_link(struct inode *folder, const char *text, struct inode *inode);

/* A name is made (from NULL), removed (to NULL) or renamed: now, and some day on the disk. */
void disk_move(struct inode *inode, struct inode *from, const char *from_name, struct inode *to, const char *to_name);

/* Has the move reach the disk. Where its names are not what they were, since one before it did not, only if it must. */
void disk_move_lands(const struct move *move, int must);
void disk_forget_moves(struct machine *m);

/* Forgets every inode and chain. */
void disk_forget(void);

/* ---- disk_call.c ---- */

/* 1: the descriptor is one of ours. */
int disk_owns(int fd);

/* Descriptors that are open still are ordinary ones from now on. */
void disk_forget_descriptors(void);

/* ---- disk_image.c ---- */

/* What a cut leaves: decides it, and has the real files hold it. */
void image_cut(struct machine *m);

/* Copies all machines' files to where disk_gone() is now. gone_before: where it was. */
void image_house(int gone_before);

#endif
