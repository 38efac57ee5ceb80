/* The simulated disk: what a cut leaves, put into the real files; and copies of a whole machine. */
#include "sim/disk_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct bytes {
    uint8_t *at;
    size_t count, room;
};

static void bytes_resize(struct bytes *b, size_t count)
{
    if (count > b->room) {
        b->room = count * 2;
        b->at = disk_must_have(realloc(b->at, b->room));
    }
    if (count > b->count)
        memset(b->at + b->count, 0, count - b->count);
    b->count = count;
}

static void bytes_write(struct bytes *b, size_t offset, const uint8_t *in, size_t count)
{
    if (count == 0)
        return;
    if (offset + count > b->count)
        bytes_resize(b, offset + count);
    assert(b->at != NULL);
    memcpy(b->at + offset, in, count);
}

static void load(struct bytes *b, int fd, int64_t size)
{
    bytes_resize(b, (size_t)size);
    for (size_t at = 0; at < b->count;) {
        ssize_t got = raw_pread(fd, b->at + at, b->count - at, (int64_t)at);
        if (got <= 0)
            disk_die("a file of the simulated disk cannot be read");
        at += (size_t)got;
    }
}

static void save(const struct bytes *b, int fd)
{
    if (raw_ftruncate(fd, (int64_t)b->count) != 0)
        disk_die("a file of the simulated disk cannot be cut off");
    for (size_t at = 0; at < b->count;) {
        ssize_t wrote = raw_pwrite(fd, b->at + at, b->count - at, (int64_t)at);
        if (wrote <= 0)
            disk_die("a file of the simulated disk cannot be written");
        at += (size_t)wrote;
    }
}

/* ---- what a cut leaves of a file ---- */

/* Takes back the op that came last. What it wrote goes into op->bytes, so that it can be done again. */
static void undo(struct bytes *b, struct op *op)
{
    size_t offset = (size_t)op->offset;
    if (op->truncates) {
        bytes_resize(b, (size_t)op->size_before);
        bytes_write(b, offset, op->bytes, op->count);
        return;
    }
    for (size_t i = 0; i < op->count; i++) {
        uint8_t was = op->bytes[i];
        op->bytes[i] = b->at[offset + i];
        b->at[offset + i] = was;
    }
    bytes_resize(b, (size_t)op->size_before);
}

/* Each sector that an op touched is written back with this chance, as it is after the op, and else stays what it is. */
static void redo(struct bytes *now, struct bytes *disk, const struct op *op, struct luck *l, uint32_t percent)
{
    size_t offset = (size_t)op->offset;
    if (op->truncates) {
        bytes_resize(now, offset);
        if (luck_below(l, 100) < percent)
            bytes_resize(disk, offset);
        return;
    }
    bytes_write(now, offset, op->bytes, op->count);
    for (size_t at = offset / DISK_SECTOR_BYTES * DISK_SECTOR_BYTES; at < offset + op->count; at += DISK_SECTOR_BYTES) {
        size_t count = now->count - at < DISK_SECTOR_BYTES ? now->count - at : DISK_SECTOR_BYTES;
        if (luck_below(l, 100) >= percent)
            continue;
        bytes_write(disk, at, now->at + at, count);
        if (disk->count > at + count && count < DISK_SECTOR_BYTES) /* the rest of the sector is zeros now */
            memset(disk->at + at + count, 0,
                   (disk->count - at < DISK_SECTOR_BYTES ? disk->count - at : DISK_SECTOR_BYTES) - count);
    }
}

static void cut_file(struct inode *inode, int fd, struct luck *l, uint32_t percent)
{
    struct bytes now = {0}, disk = {0};
    load(&now, fd, inode->size);
    for (size_t i = inode->op_count; i > 0; i--)
        undo(&now, &inode->ops[i - 1]);
    bytes_write(&disk, 0, now.at, now.count);
    for (size_t i = 0; i < inode->op_count; i++)
        redo(&now, &disk, &inode->ops[i], l, percent);
    if (disk.count < now.count && luck_below(l, 2) == 0)
        bytes_resize(&disk, now.count); /* the new size arrived, its bytes did not */
    save(&disk, fd);
    inode_resize(inode, (int64_t)disk.count);
    inode_forget_ops(inode);
    free(now.at);
    free(disk.at);
}

/* ---- the real folders ---- */

static int open_folder(int at, const char *name)
{
    int fd = raw_openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        disk_die("a folder of the simulated disk cannot be opened");
    return fd;
}

static int open_machine(int gone, unsigned m)
{
    char path[32];
    (void)snprintf(path, sizeof path, "../m%u", m);
    return open_folder(gone, path);
}

/* Removes what is in the folder; the files can be found in .gone, if somebody needs them still. */
static void clear(struct inode *folder, int fd)
{
    while (folder->now.count > 0) {
        const struct name *name = &folder->now.at[0];
        if (name->inode->is_folder) {
            int sub = open_folder(fd, name->text);
            clear(name->inode, sub);
            (void)raw_close(sub);
            (void)raw_unlinkat(fd, name->text, AT_REMOVEDIR);
            inode_lose(name->inode);
        } else {
            inode_bury(name->inode, fd, name->text);
            (void)raw_unlinkat(fd, name->text, 0);
        }
        names_link(folder, name->text, NULL);
    }
}

static int make_folder(int at, const char *name)
{
    if (raw_mkdirat(at, name, S_IRWXU) != 0 && errno != EEXIST)
        disk_die("a folder of the simulated disk cannot be made");
    return open_folder(at, name);
}

/* Makes in a folder that was cleared what is in it on the disk. */
static void restore(struct inode *folder, int fd, struct luck *l, uint32_t percent)
{
    for (size_t i = 0; i < folder->synced.count; i++) {
        const struct name *name = &folder->synced.at[i];
        char gone[32];
        int sub;
        names_link(folder, name->text, name->inode);
        if (name->inode->is_folder) {
            sub = make_folder(fd, name->text);
            inode_renumber(name->inode, sub);
            restore(name->inode, sub, l, percent);
        } else {
            inode_gone_name(name->inode, gone);
            if (raw_linkat(disk_gone(), gone, fd, name->text) != 0 ||
                (sub = raw_openat(fd, name->text, O_RDWR | O_CLOEXEC, 0)) < 0)
                disk_die("a file of the simulated disk cannot be brought back");
            if (name->inode->op_count > 0)
                cut_file(name->inode, sub, l, percent);
        }
        (void)raw_close(sub);
    }
}

static void dig_up(struct inode *folder)
{
    for (size_t i = 0; i < folder->now.count; i++) {
        struct inode *inode = folder->now.at[i].inode;
        if (inode->is_folder)
            dig_up(inode);
        else
            inode_dig_up(inode);
    }
}

void image_cut(struct machine *m)
{
    static const uint32_t chances[] = {0, 5, 30, 50, 70, 95, 100};
    struct luck *l = &m->luck;
    uint32_t percent = chances[luck_below(l, sizeof chances / sizeof *chances)];
    int fd = open_machine(disk_gone(), m->folder->machine);
    if (luck_below(l, 2) == 0) {
        size_t count = percent == 100 ? m->move_count : luck_below(l, (uint32_t)m->move_count + 1);
        for (size_t i = 0; i < count; i++)
            disk_move_lands(&m->moves[i], 0);
    } else {
        for (size_t i = 0; i < m->move_count; i++)
            if (luck_below(l, 100) < percent)
                disk_move_lands(&m->moves[i], 0);
    }
    clear(m->folder, fd);
    restore(m->folder, fd, l, percent);
    dig_up(m->folder);
    disk_forget_moves(m);
    (void)raw_close(fd);
}

/* ---- copies ---- */

static void copy_bytes(int from, int to, int64_t size)
{
    struct bytes b = {0};
    load(&b, from, size);
    save(&b, to);
    free(b.at);
}

static struct inode *copy_file(struct inode *inode, int from, int to, const char *name, unsigned machine)
{
    struct inode *twin = NULL;
    struct stat s;
    int in = raw_openat(from, name, O_RDONLY | O_CLOEXEC, 0), out = -1;
    if (in >= 0 && fstat(in, &s) == 0 &&
        (out = raw_openat(to, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, s.st_mode & 07777)) >= 0) {
        copy_bytes(in, out, inode->size);
        twin = inode->twin = inode_new(machine, out, 0);
        inode_resize(twin, inode->size);
        if (inode->links > 1)
            inode_bury(twin, to, name); /* the other names are linked from there */
    }
    if (in >= 0)
        (void)raw_close(in);
    if (out >= 0)
        (void)raw_close(out);
    return twin;
}

static int copy_folder(struct inode *from, int from_fd, struct inode *to, int to_fd)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < from->now.count; i++) {
        const struct name *name = &from->now.at[i];
        struct inode *twin = name->inode->twin;
        char gone[32];
        if (name->inode->is_folder) {
            int sub = open_folder(from_fd, name->text), sub_to = make_folder(to_fd, name->text);
            twin = inode_new(to->machine, sub_to, 1);
            rc = copy_folder(name->inode, sub, twin, sub_to);
            (void)raw_close(sub);
            (void)raw_close(sub_to);
        } else if (twin != NULL) {
            inode_gone_name(twin, gone);
            rc = raw_linkat(disk_gone(), gone, to_fd, name->text);
        } else if ((twin = copy_file(name->inode, from_fd, to_fd, name->text, to->machine)) == NULL) {
            rc = -1;
        }
        if (twin != NULL) {
            names_link(to, name->text, twin);
            names_set(&to->synced, name->text, twin);
        }
    }
    return rc;
}

static void names_empty(struct names *names)
{
    while (names->count > 0)
        names_set(names, names->at[0].text, NULL);
}

int disk_copy(unsigned from, unsigned to)
{
    struct machine *a = &disk_machines[from], *b = &disk_machines[to];
    int rc, in, out;
    if (from == to || a->descriptors > 0 || b->descriptors > 0 || a->was_cut) {
        errno = EBUSY;
        return -1;
    }
    in = open_machine(disk_gone(), from);
    out = open_machine(disk_gone(), to);
    clear(b->folder, out);
    disk_forget_moves(b);
    names_empty(&b->folder->synced);
    b->was_cut = 0;
    inode_forget_twins();
    rc = copy_folder(a->folder, in, b->folder, out);
    dig_up(b->folder);
    (void)raw_close(in);
    (void)raw_close(out);
    return rc;
}

/* ---- another folder for all of it ---- */

static void house_file(struct inode *inode, int from, const char *name, int to)
{
    struct stat s;
    int in = raw_openat(from, name, O_RDONLY | O_CLOEXEC, 0), out;
    if (in < 0 || fstat(in, &s) != 0 ||
        (out = raw_openat(to, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, s.st_mode & 07777)) < 0)
        disk_die("a file of the simulated disk cannot be copied");
    copy_bytes(in, out, inode->size);
    inode_renumber(inode, out);
    (void)raw_close(in);
    (void)raw_close(out);
}

/* A file that has a number now is in .gone already, whatever its names. */
static void house_folder(struct inode *folder, int from, int to)
{
    inode_renumber(folder, to);
    for (size_t i = 0; i < folder->now.count; i++) {
        const struct name *name = &folder->now.at[i];
        struct inode *inode = name->inode;
        char gone[32];
        if (inode->is_folder) {
            int sub = open_folder(from, name->text), sub_to = make_folder(to, name->text);
            house_folder(inode, sub, sub_to);
            (void)raw_close(sub);
            (void)raw_close(sub_to);
        } else if (inode->number == 0) {
            house_file(inode, from, name->text, to);
            if (inode->links > 1)
                inode_bury(inode, to, name->text);
        } else {
            inode_gone_name(inode, gone);
            if (raw_linkat(disk_gone(), gone, to, name->text) != 0)
                disk_die("a file of the simulated disk cannot be linked");
        }
    }
}

void image_house(int gone_before)
{
    for (struct inode *inode = inode_take_all(), *next; inode != NULL; inode = next) {
        char gone[32];
        next = inode->next; /* a number gives it another */
        if (!inode->is_buried)
            continue;
        inode_gone_name(inode, gone);
        house_file(inode, gone_before, gone, disk_gone());
    }
    for (unsigned m = 0; m < DISK_MACHINES; m++) {
        char path[32];
        int in = open_machine(gone_before, m), out;
        (void)snprintf(path, sizeof path, "../m%u", m);
        out = make_folder(disk_gone(), path);
        house_folder(disk_machines[m].folder, in, out);
        (void)raw_close(in);
        (void)raw_close(out);
    }
}
