/* The VFS "satchel-vault", and its database files.
 *
 * SQLite reads and writes a database in whole pages, but for two peeks into page 1: 100 bytes at 0 when it opens the
 * file, before it recovers the log, and 16 at 24. Every other read or write is refused, as is every file that would
 * hold plaintext: rollback journals, temporary files, databases for which nobody handed in a key.
 *
 * The key is checked as soon as the first lock is taken, before SQLite looks at the log: with a wrong key every frame
 * of a log looks torn, and SQLite would throw away the commits in it. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "vault_private.h"

#define PEEK_BYTES 100

static _Thread_local const uint8_t *next_key;
static _Thread_local int next_is_pages; /* next_key opens pages and nothing else */

void vault_vfs_key(const uint8_t *key)
{
    next_key = key;
    next_is_pages = 0;
}

void vault_vfs_pages_key(const uint8_t *pages)
{
    next_key = pages;
    next_is_pages = 1;
}

static struct vault_handle *handle_of(sqlite3_file *file)
{
    return (struct vault_handle *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return vault_handle_real(handle_of(file));
}

/* ---- the database file ---- */

static int db_close(sqlite3_file *file)
{
    struct vault_handle *h = handle_of(file);
    sqlite3_file *real = real_of(file);
    int rc = real->pMethods->xClose(real); /* first: until then nobody else may write */
    vault_shm_leave(h);
    sodium_free(h->secret);
    h->secret = NULL;
    return rc;
}

/* Reads page `number` from the disk and opens it into page. */
static int read_page(struct vault_handle *h, uint64_t number, uint8_t page[VAULT_PAGE_BYTES])
{
    sqlite3_file *real = vault_handle_real(h);
    uint8_t disk[VAULT_PAGE_BYTES];
    int rc = vault_read(real, disk, VAULT_PAGE_BYTES, (sqlite3_int64)(number - 1) * VAULT_PAGE_BYTES);
    /* SQLite would take a page behind the end of the file for zeros. It is missing, and that is an error (trap 8). */
    if (rc == SQLITE_IOERR_SHORT_READ)
        return VAULT_TAG_FAILED;
    if (rc != SQLITE_OK)
        return rc;
    return vault_page_open(h->secret, number, disk, page) == 0 ? SQLITE_OK : VAULT_TAG_FAILED;
}

static int db_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset)
{
    struct vault_handle *h = handle_of(file);
    uint64_t number = (uint64_t)offset / VAULT_PAGE_BYTES + 1;
    size_t within = (size_t)((uint64_t)offset % VAULT_PAGE_BYTES);
    int rc;
    if (within == 0 && count == VAULT_PAGE_BYTES)
        return read_page(h, number, out);
    if (within + (size_t)count > VAULT_PAGE_BYTES)
        return SQLITE_IOERR_READ;
    rc = read_page(h, number, h->secret->plain);
    /* A power cut during a checkpoint leaves a torn page 1, which the log will mend. SQLite peeks before it looks at
     * the log, and takes only the page size and the reserve from it (trap 2). */
    if (rc == VAULT_TAG_FAILED && offset == 0 && count == PEEK_BYTES) {
        vault_page_first(h->secret->plain);
        rc = SQLITE_OK;
    }
    if (rc == SQLITE_OK)
        memcpy(out, h->secret->plain + within, (size_t)count);
    else
        memset(out, 0, (size_t)count);
    sodium_memzero(h->secret->plain, sizeof h->secret->plain);
    return rc;
}

static int db_write(sqlite3_file *file, const void *in, int count, sqlite3_int64 offset)
{
    struct vault_handle *h = handle_of(file);
    sqlite3_file *real = real_of(file);
    uint64_t number = (uint64_t)offset / VAULT_PAGE_BYTES + 1;
    uint8_t disk[VAULT_PAGE_BYTES];
    if (h->read_only || count != VAULT_PAGE_BYTES || (uint64_t)offset % VAULT_PAGE_BYTES != 0 ||
        !vault_page_fits(number, in)) {
        errno = EINVAL; /* otherwise sqlite3_system_errno would show an older one */
        return SQLITE_IOERR_WRITE;
    }
    vault_page_seal(h->secret, number, in, disk);
    return real->pMethods->xWrite(real, disk, VAULT_PAGE_BYTES, offset);
}

static int db_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = real_of(file);
    return handle_of(file)->read_only ? SQLITE_IOERR_TRUNCATE : real->pMethods->xTruncate(real, size);
}

static int db_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xSync(real, flags);
}

static int db_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xFileSize(real, size);
}

/* Checks the key. It fits if page 1 opens; or, if a power cut tore page 1 during a checkpoint, the log's first frame,
 * since a checkpoint begins when the log is on the disk; or, if page 1 is damaged for another reason, one of pages 2 to
 * 5. SQLITE_NOTADB: nothing opens, so it is the wrong key (or another file's id). */
static int check_key(struct vault_handle *h)
{
    sqlite3_file *real = vault_handle_real(h);
    sqlite3_int64 size = 0;
    int rc = real->pMethods->xFileSize(real, &size);
    if (rc != SQLITE_OK)
        return rc;
    if (size < VAULT_PAGE_BYTES)
        return SQLITE_CORRUPT;
    for (uint64_t number = 1; number <= 5; number++) {
        if (number == 2 && vault_wal_vouches(h->beneath, h->secret, sqlite3_filename_wal(h->name)))
            rc = SQLITE_OK;
        else
            rc = read_page(h, number, h->secret->plain);
        sodium_memzero(h->secret->plain, sizeof h->secret->plain);
        if (rc != VAULT_TAG_FAILED)
            return rc;
    }
    return SQLITE_NOTADB;
}

/* Checks the key while no checkpoint writes. A reader outside of the writing process keeps checkpoints away meanwhile.
 * Inside, a checkpoint may tear page 1 and then begin the log anew between two looks: so a failed check is repeated. */
static int check_key_calmly(struct vault_handle *h)
{
    struct vault_share *share = vault_shm_share(h);
    int own = vault_shm_is_own(h);
    int rc = own ? vault_share_enter(share, h) : SQLITE_OK;
    if (rc != SQLITE_OK)
        return rc;
    rc = check_key(h);
    if (rc == SQLITE_NOTADB)
        rc = check_key(h);
    if (own)
        vault_share_leave(share);
    return rc;
}

static int db_lock(sqlite3_file *file, int level)
{
    struct vault_handle *h = handle_of(file);
    sqlite3_file *real = real_of(file);
    int rc;
    if (h->read_only && level > SQLITE_LOCK_SHARED)
        return SQLITE_BUSY; /* so closing it neither carries the log over nor removes it */
    rc = real->pMethods->xLock(real, level);
    if (rc != SQLITE_OK || h->checked)
        return rc;
    rc = check_key_calmly(h);
    if (rc == SQLITE_OK)
        h->checked = 1;
    else
        (void)real->pMethods->xUnlock(real, SQLITE_LOCK_NONE);
    return rc;
}

static int db_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xUnlock(real, level);
}

static int db_check_reserved_lock(sqlite3_file *file, int *out)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xCheckReservedLock(real, out);
}

static int db_file_control(sqlite3_file *file, int op, void *arg)
{
    sqlite3_file *real = real_of(file);
    switch (op) {
    /* Growing the file ahead of its pages would make pages of zeros, and POWERSAFE_OVERWRITE must stay as we report it.
     */
    case SQLITE_FCNTL_CHUNK_SIZE:
    case SQLITE_FCNTL_SIZE_HINT:
    case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
    case SQLITE_FCNTL_MMAP_SIZE:
        return SQLITE_NOTFOUND;
    default:
        return real->pMethods->xFileControl(real, op, arg);
    }
}

static int db_sector_size(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xSectorSize(real);
}

/* No write is atomic once a page is sealed; and without POWERSAFE_OVERWRITE SQLite would split and pad its frames. */
static int db_device_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* Version 2: handles share an index of the log, and pages are not mapped. */
static const sqlite3_io_methods db_methods = {
    .iVersion = 2,
    .xClose = db_close,
    .xRead = db_read,
    .xWrite = db_write,
    .xTruncate = db_truncate,
    .xSync = db_sync,
    .xFileSize = db_file_size,
    .xLock = db_lock,
    .xUnlock = db_unlock,
    .xCheckReservedLock = db_check_reserved_lock,
    .xFileControl = db_file_control,
    .xSectorSize = db_sector_size,
    .xDeviceCharacteristics = db_device_characteristics,
    .xShmMap = vault_shm_map,
    .xShmLock = vault_shm_lock,
    .xShmBarrier = vault_shm_barrier,
    .xShmUnmap = vault_shm_unmap,
};

/* Reads the file id and makes the keys. */
static int make_keys(struct vault_handle *h)
{
    sqlite3_file *real = vault_handle_real(h);
    uint8_t id[VAULT_ID_BYTES];
    int rc = vault_read(real, id, sizeof id, 0); /* check_key finds a file that is too short */
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
        return rc;
    h->secret = sodium_malloc(sizeof *h->secret);
    if (h->secret == NULL)
        return SQLITE_NOMEM;
    sodium_memzero(h->secret, sizeof *h->secret);
    if (next_is_pages)
        vault_page_keys_of(h->secret, next_key, id);
    else
        vault_page_keys(h->secret, next_key, id);
    return SQLITE_OK;
}

/* 1: another file has taken the database's path since it was opened. */
static int has_moved(struct vault_handle *h)
{
    sqlite3_file *real = vault_handle_real(h);
    int moved = 0;
    return real->pMethods->xFileControl(real, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

static int db_open(struct vault_handle *h, const char *name, int flags, int *out_flags, int alone)
{
    sqlite3_file *real = vault_handle_real(h);
    int given = 0;
    int rc = h->beneath->xOpen(h->beneath, name, real, flags, &given);
    if (rc != SQLITE_OK)
        return rc;
    h->is_open = 1;
    h->read_only = (flags & SQLITE_OPEN_READONLY) != 0;
    /* A file that we may not write would fail later, and with worse words. */
    rc = (given & SQLITE_OPEN_READONLY) != 0 && !h->read_only ? SQLITE_READONLY : vault_shm_join(h, alone);
    /* Now nobody else writes, so if the database was replaced, it was before this. */
    if (rc == SQLITE_OK)
        rc = has_moved(h) ? SQLITE_READONLY_DBMOVED : make_keys(h);
    if (rc != SQLITE_OK) {
        int number = errno; /* for sqlite3_system_errno */
        (void)real->pMethods->xClose(real);
        vault_shm_leave(h);
        errno = number;
        return rc;
    }
    h->base.pMethods = &db_methods;
    if (out_flags != NULL)
        *out_flags = given;
    return SQLITE_OK;
}

/* ---- the VFS ---- */

static struct vault_vfs *shim_of(sqlite3_vfs *vfs)
{
    return (struct vault_vfs *)(void *)vfs;
}

static sqlite3_vfs *beneath_of(sqlite3_vfs *vfs)
{
    return shim_of(vfs)->beneath;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct vault_handle *h = handle_of(file);
    memset(h, 0, (size_t)vfs->szOsFile);
    h->beneath = beneath_of(vfs);
    h->name = name;
    h->pending_at = -1;
    if (name != NULL && (flags & SQLITE_OPEN_MAIN_DB) != 0 && next_key != NULL)
        return db_open(h, name, flags, out_flags, shim_of(vfs)->alone);
    if (name != NULL && (flags & SQLITE_OPEN_WAL) != 0)
        return vault_wal_open(h, name, flags, out_flags);
    errno = EPERM; /* it would hold plaintext */
    return SQLITE_CANTOPEN;
}

/* SQLite removes nothing but a log, in the process that may write. */
static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    if (!vault_shm_may_delete(name))
        return SQLITE_IOERR_DELETE;
    return beneath_of(vfs)->xDelete(beneath_of(vfs), name, sync_folder);
}

static int ends_with(const char *name, const char *end)
{
    size_t bytes = strlen(name), end_bytes = strlen(end);
    return bytes >= end_bytes && strcmp(name + bytes - end_bytes, end) == 0;
}

/* SQLite asks whether two files exist. The rollback journal never does: a file of that name was put there by somebody
 * else, and must not keep the store shut. The log always does, if only an empty one: otherwise SQLite would read page 1
 * before it looks at the log, and without the locks that keep a checkpoint away. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    *out = ends_with(name, "-wal");
    if (*out || ends_with(name, "-journal"))
        return SQLITE_OK;
    return beneath_of(vfs)->xAccess(beneath_of(vfs), name, flags, out);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int count, char *out)
{
    return beneath_of(vfs)->xFullPathname(beneath_of(vfs), name, count, out);
}

/* No extension is loaded: it could read the cache. */
static void *vfs_dl_open(sqlite3_vfs *vfs, const char *name)
{
    (void)vfs;
    (void)name;
    return NULL;
}

static void vfs_dl_error(sqlite3_vfs *vfs, int count, char *out)
{
    (void)vfs;
    sqlite3_snprintf(count, out, "a vault loads no extensions");
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *out)
{
    return beneath_of(vfs)->xRandomness(beneath_of(vfs), count, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return beneath_of(vfs)->xSleep(beneath_of(vfs), microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *out)
{
    return beneath_of(vfs)->xCurrentTime(beneath_of(vfs), out);
}

static int vfs_last_error(sqlite3_vfs *vfs, int count, char *out)
{
    return beneath_of(vfs)->xGetLastError(beneath_of(vfs), count, out);
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    return beneath_of(vfs)->xCurrentTimeInt64(beneath_of(vfs), out);
}

void vault_vfs_fill(struct vault_vfs *v, const char *name, sqlite3_vfs *beneath, int alone)
{
    v->beneath = beneath;
    v->alone = alone;
    v->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct vault_handle) + beneath->szOsFile,
        .mxPathname = beneath->mxPathname,
        .zName = name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xDlOpen = vfs_dl_open,
        .xDlError = vfs_dl_error,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_current_time_int64,
    };
}
