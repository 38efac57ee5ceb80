/* A disk in memory that forgets what was not synced, as a VFS of SQLite; for vault_torture.
 *
 * It remembers what each file was when it was last synced and every write since. At a cut, each 512-byte sector that
 * was written since then holds, independently of the others, what it held after any of those writes or before all of
 * them; sizes, truncations, and the creation or removal of a file may or may not have reached the disk. */
#ifndef SATCHEL_TESTS_VAULT_DISK_H
#define SATCHEL_TESTS_VAULT_DISK_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512
#define PAST_MAX 8 /* what a folder's entry may have been since the last sync */
#define STORE "/sim/store.db"

/* ---- random numbers that a seed repeats ---- */

static uint64_t random_state;

static uint32_t below(uint32_t end)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % end);
}

static void *must_have(void *p)
{
    if (p == NULL) {
        (void)fputs("vault_torture: there is no memory\n", stderr);
        exit(2);
    }
    return p;
}

/* ---- the file system ---- */

struct bytes {
    uint8_t *at;
    size_t count, room;
};

/* A write (bytes != NULL) or a truncation to offset. */
struct op {
    size_t offset, count;
    uint8_t *bytes;
};

struct inode {
    struct bytes now, synced;
    struct op *ops;
    size_t op_count, op_room;
    int locked;       /* handles that have it locked, in whatever way */
    int entry_synced; /* a sync of a new file syncs its folder, as SQLite's unix VFS does */
};

/* A name in the folder: what it led to since the folder was last synced, the newest last. NULL: nothing. */
struct entry {
    const char *name;
    struct inode *past[PAST_MAX];
    int count;
};

struct sim_file {
    sqlite3_file base;
    struct entry *entry;
    struct inode *inode;
    int level; /* of SQLite's locks */
};

static struct entry folder[2] = {{.name = STORE, .count = 1}, {.name = STORE "-wal", .count = 1}};
static long until_cut; /* steps that reach the disk before the power goes; negative: it stays on */
static int dark;
static unsigned long cuts; /* so far */

static void bytes_resize(struct bytes *b, size_t count)
{
    if (count > b->room) {
        b->room = count * 2;
        b->at = must_have(realloc(b->at, b->room));
    }
    if (count > b->count)
        memset(b->at + b->count, 0, count - b->count);
    b->count = count;
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
    bytes_resize(to, from->count);
    if (from->count > 0)
        memcpy(to->at, from->at, from->count);
}

static void bytes_write(struct bytes *b, size_t offset, const uint8_t *in, size_t count)
{
    if (offset + count > b->count)
        bytes_resize(b, offset + count);
    memcpy(b->at + offset, in, count); // NOLINT(clang-analyzer-core.NonNullParamChecker): there is room now
}

static void apply(struct bytes *b, const struct op *op)
{
    if (op->bytes != NULL)
        bytes_write(b, op->offset, op->bytes, op->count);
    else if (op->offset < b->count)
        bytes_resize(b, op->offset);
}

static void forget_ops(struct inode *inode)
{
    for (size_t i = 0; i < inode->op_count; i++)
        free(inode->ops[i].bytes);
    inode->op_count = 0;
}

static void inode_free(struct inode *inode)
{
    if (inode == NULL)
        return;
    forget_ops(inode);
    free(inode->ops);
    free(inode->now.at);
    free(inode->synced.at);
    free(inode);
}

static struct inode *current(const struct entry *entry)
{
    return entry->past[entry->count - 1];
}

/* The folder is synced, or a cut has decided: only past[keep] remains. */
static void settle(struct entry *entry, int keep)
{
    struct inode *kept = entry->past[keep];
    for (int i = 0; i < entry->count; i++)
        if (entry->past[i] != kept)
            inode_free(entry->past[i]);
    entry->past[0] = kept;
    entry->count = 1;
}

static void push(struct entry *entry, struct inode *inode)
{
    if (entry->count == PAST_MAX)
        settle(entry, PAST_MAX - 1);
    entry->past[entry->count++] = inode;
}

static void record(struct inode *inode, size_t offset, const void *in, size_t count)
{
    struct op *op;
    if (inode->op_count == inode->op_room) {
        inode->op_room = inode->op_room * 2 + 16;
        inode->ops = must_have(realloc(inode->ops, inode->op_room * sizeof *inode->ops));
    }
    op = &inode->ops[inode->op_count++];
    *op = (struct op){.offset = offset, .count = count};
    if (in != NULL) {
        op->bytes = must_have(malloc(count));
        memcpy(op->bytes, in, count);
    }
    apply(&inode->now, op);
}

/* 1 where the power is gone, or goes with this very step. */
static int step(void)
{
    if (!dark && until_cut >= 0 && until_cut-- == 0)
        dark = 1;
    return dark;
}

/* What the disk holds of a file after a cut: a sector is written back after some of the writes that touched it, with a
 * chance that is the same for one cut (percent; 100: the process died, the machine lived). */
static inline void cut_inode(struct inode *inode, uint32_t percent)
{
    struct bytes replay = {0}, disk = {0};
    bytes_copy(&replay, &inode->synced);
    bytes_copy(&disk, &inode->synced);
    for (size_t i = 0; i < inode->op_count; i++) {
        const struct op *op = &inode->ops[i];
        apply(&replay, op);
        if (op->bytes == NULL) {
            if (below(100) < percent)
                apply(&disk, op);
            continue;
        }
        for (size_t at = op->offset / SECTOR * SECTOR; at < op->offset + op->count; at += SECTOR) {
            size_t count = replay.count - at < SECTOR ? replay.count - at : SECTOR;
            if (below(100) < percent)
                bytes_write(&disk, at, replay.at + at, count);
        }
    }
    if (disk.count < replay.count && below(2) == 0)
        bytes_resize(&disk, replay.count); /* the new size arrived, its bytes did not */
    forget_ops(inode);
    bytes_copy(&inode->synced, &disk);
    bytes_copy(&inode->now, &disk);
    free(replay.at);
    free(disk.at);
}

static inline void cut_power(void)
{
    static const uint32_t chances[] = {0, 5, 30, 50, 70, 95, 100};
    uint32_t percent = chances[below(sizeof chances / sizeof *chances)];
    for (size_t i = 0; i < sizeof folder / sizeof *folder; i++) {
        struct entry *entry = &folder[i];
        settle(entry, percent == 100 ? entry->count - 1 : (int)below((uint32_t)entry->count));
        if (current(entry) != NULL) {
            cut_inode(current(entry), percent);
            current(entry)->entry_synced = 1;
        }
    }
    dark = 0;
    until_cut = -1;
    cuts++;
}

/* ---- the file system as a VFS of SQLite ---- */

static struct sim_file *sim_of(sqlite3_file *file)
{
    return (struct sim_file *)(void *)file;
}

static int sim_unlock(sqlite3_file *file, int level);

static int sim_close(sqlite3_file *file)
{
    return sim_unlock(file, SQLITE_LOCK_NONE);
}

static int sim_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset)
{
    const struct bytes *b = &sim_of(file)->inode->now;
    size_t at = (size_t)offset, got;
    if (dark)
        return SQLITE_IOERR_READ;
    got = at >= b->count ? 0 : b->count - at;
    if (got > (size_t)count)
        got = (size_t)count;
    if (got > 0)
        memcpy(out, b->at + at, got);
    memset((uint8_t *)out + got, 0, (size_t)count - got);
    return got == (size_t)count ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int sim_write(sqlite3_file *file, const void *in, int count, sqlite3_int64 offset)
{
    int was_dark = dark, is_dark = step();
    if (!was_dark)
        record(sim_of(file)->inode, (size_t)offset, in, (size_t)count);
    return is_dark ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int sim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int was_dark = dark, is_dark = step();
    if (!was_dark)
        record(sim_of(file)->inode, (size_t)size, NULL, 0);
    return is_dark ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int sim_sync(sqlite3_file *file, int flags)
{
    struct sim_file *f = sim_of(file);
    (void)flags;
    if (step())
        return SQLITE_IOERR_FSYNC;
    bytes_copy(&f->inode->synced, &f->inode->now);
    forget_ops(f->inode);
    if (!f->inode->entry_synced) {
        f->inode->entry_synced = 1;
        settle(f->entry, f->entry->count - 1);
    }
    return SQLITE_OK;
}

static int sim_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)sim_of(file)->inode->now.count;
    return dark ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

/* SQLite's locks as far as handles in WAL mode use them: many share, one excludes all others. */
static int sim_lock(sqlite3_file *file, int level)
{
    struct sim_file *f = sim_of(file);
    if (level > SQLITE_LOCK_SHARED && f->inode->locked > (f->level > SQLITE_LOCK_NONE))
        return SQLITE_BUSY;
    if (f->level == SQLITE_LOCK_NONE && level > SQLITE_LOCK_NONE)
        f->inode->locked++;
    if (level > f->level)
        f->level = level;
    return SQLITE_OK;
}

static int sim_unlock(sqlite3_file *file, int level)
{
    struct sim_file *f = sim_of(file);
    if (f->level > SQLITE_LOCK_NONE && level == SQLITE_LOCK_NONE)
        f->inode->locked--;
    if (level < f->level)
        f->level = level;
    return SQLITE_OK;
}

static int sim_check_reserved_lock(sqlite3_file *file, int *out)
{
    (void)file;
    *out = 0;
    return SQLITE_OK;
}

static int sim_file_control(sqlite3_file *file, int op, void *arg)
{
    (void)file;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int sim_sector_size(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

static int sim_device_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods sim_methods = {
    .iVersion = 1,
    .xClose = sim_close,
    .xRead = sim_read,
    .xWrite = sim_write,
    .xTruncate = sim_truncate,
    .xSync = sim_sync,
    .xFileSize = sim_file_size,
    .xLock = sim_lock,
    .xUnlock = sim_unlock,
    .xCheckReservedLock = sim_check_reserved_lock,
    .xFileControl = sim_file_control,
    .xSectorSize = sim_sector_size,
    .xDeviceCharacteristics = sim_device_characteristics,
};

static struct entry *entry_of(const char *name)
{
    for (size_t i = 0; i < sizeof folder / sizeof *folder; i++)
        if (strcmp(folder[i].name, name) == 0)
            return &folder[i];
    return NULL;
}

static int sim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct sim_file *f = sim_of(file);
    struct entry *entry = entry_of(name);
    (void)vfs;
    f->base.pMethods = NULL;
    if (dark || entry == NULL)
        return SQLITE_CANTOPEN;
    if (current(entry) == NULL) {
        if ((flags & SQLITE_OPEN_CREATE) == 0)
            return SQLITE_CANTOPEN;
        push(entry, must_have(calloc(1, sizeof(struct inode))));
    }
    f->entry = entry;
    f->inode = current(entry);
    f->level = SQLITE_LOCK_NONE;
    f->base.pMethods = &sim_methods;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int sim_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct entry *entry = entry_of(name);
    (void)vfs;
    if (step())
        return SQLITE_IOERR_DELETE;
    if (entry == NULL || current(entry) == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    push(entry, NULL);
    if (sync_folder)
        settle(entry, entry->count - 1);
    return SQLITE_OK;
}

static int sim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    struct entry *entry = entry_of(name);
    (void)vfs;
    (void)flags;
    *out = entry != NULL && current(entry) != NULL && current(entry)->now.count > 0;
    return dark ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int sim_full_pathname(sqlite3_vfs *vfs, const char *name, int count, char *out)
{
    (void)vfs;
    sqlite3_snprintf(count, out, "%s", name);
    return SQLITE_OK;
}

/* Fills vfs with the disk; base is asked for the time and the like. */
static void sim_fill(sqlite3_vfs *vfs, const sqlite3_vfs *base)
{
    *vfs = *base;
    vfs->iVersion = 2;
    vfs->zName = "torture-disk";
    vfs->szOsFile = (int)sizeof(struct sim_file);
    vfs->xOpen = sim_open;
    vfs->xDelete = sim_delete;
    vfs->xAccess = sim_access;
    vfs->xFullPathname = sim_full_pathname;
}

#endif
