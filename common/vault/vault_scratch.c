/* Scratch databases: one handle's own, larger than memory, and gone with it. The VFS "satchel-scratch" opens a file
 * without a name, whose pages are sealed as a vault's are, under a key that stands in this process alone. There is no
 * journal and no lock: what was written is there for this handle, and for nobody after it. */
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "vault_private.h"

#define SCRATCH "satchel-scratch"
#define CACHE_SETTING "PRAGMA cache_size=-8192;" /* KiB: of the slab's 64 MiB, most is for the stores */

struct scratch {
    sqlite3_file base;
    struct vault_secret *secret;
    /* the file object of the VFS beneath follows in memory */
};

static sqlite3_vfs *beneath; /* set once, by vault_scratch_install */

static struct scratch *scratch_of(sqlite3_file *file)
{
    return (struct scratch *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)(scratch_of(file) + 1);
}

/* --- the file --- */

static int scratch_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int rc = real->pMethods->xClose(real);
    sodium_free(scratch_of(file)->secret);
    return rc;
}

/* A page that was never written is a hole in the file, and reads as zeros: SQLite takes nothing from it. Page 1 of a
 * store that was copied into the file says that it has a write-ahead log (bytes 18 and 19); it has none here. */
static int read_page(sqlite3_file *file, uint64_t number, uint8_t page[VAULT_PAGE_BYTES])
{
    sqlite3_file *real = real_of(file);
    uint8_t disk[VAULT_PAGE_BYTES];
    int rc = vault_read(real, disk, VAULT_PAGE_BYTES, (sqlite3_int64)(number - 1) * VAULT_PAGE_BYTES);
    if (rc == SQLITE_IOERR_SHORT_READ || (rc == SQLITE_OK && sodium_is_zero(disk, sizeof disk)))
        memset(page, 0, VAULT_PAGE_BYTES);
    else if (rc == SQLITE_OK && vault_page_open(scratch_of(file)->secret, number, disk, page) != 0)
        rc = VAULT_TAG_FAILED;
    if (rc == SQLITE_OK && number == 1 && page[18] == 2)
        page[18] = page[19] = 1;
    return rc;
}

static int scratch_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset)
{
    uint64_t number = (uint64_t)offset / VAULT_PAGE_BYTES + 1;
    size_t within = (size_t)((uint64_t)offset % VAULT_PAGE_BYTES);
    uint8_t *plain = scratch_of(file)->secret->plain;
    int rc;
    if (within == 0 && count == VAULT_PAGE_BYTES)
        return read_page(file, number, out);
    if (within + (size_t)count > VAULT_PAGE_BYTES)
        return SQLITE_IOERR_READ;
    rc = read_page(file, number, plain);
    if (rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ)
        memcpy(out, plain + within, (size_t)count);
    sodium_memzero(plain, VAULT_PAGE_BYTES);
    return rc;
}

static int scratch_write(sqlite3_file *file, const void *in, int count, sqlite3_int64 offset)
{
    uint64_t number = (uint64_t)offset / VAULT_PAGE_BYTES + 1;
    sqlite3_file *real = real_of(file);
    uint8_t disk[VAULT_PAGE_BYTES];
    if (count != VAULT_PAGE_BYTES || (uint64_t)offset % VAULT_PAGE_BYTES != 0 || !vault_page_fits(number, in)) {
        errno = EINVAL;
        return SQLITE_IOERR_WRITE;
    }
    vault_page_seal(scratch_of(file)->secret, number, in, disk);
    return real->pMethods->xWrite(real, disk, VAULT_PAGE_BYTES, offset);
}

static int scratch_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xTruncate(real, size);
}

static int scratch_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xFileSize(real, size);
}

/* Nothing of it is needed after a power cut. */
static int scratch_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return SQLITE_OK;
}

/* Nobody else can open the file. */
static int scratch_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int scratch_is_reserved(sqlite3_file *file, int *out)
{
    (void)file;
    *out = 0;
    return SQLITE_OK;
}

/* Also of whether the file has moved: it has no name. */
static int scratch_control(sqlite3_file *file, int op, void *arg)
{
    (void)file;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int scratch_sector(sqlite3_file *file)
{
    (void)file;
    return VAULT_PAGE_BYTES;
}

static int scratch_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods scratch_methods = {
    .iVersion = 1,
    .xClose = scratch_close,
    .xRead = scratch_read,
    .xWrite = scratch_write,
    .xTruncate = scratch_truncate,
    .xSync = scratch_sync,
    .xFileSize = scratch_size,
    .xLock = scratch_lock,
    .xUnlock = scratch_lock,
    .xCheckReservedLock = scratch_is_reserved,
    .xFileControl = scratch_control,
    .xSectorSize = scratch_sector,
    .xDeviceCharacteristics = scratch_characteristics,
};

/* --- the VFS --- */

/* The file loses its name as soon as it is open, so that nothing stays behind, whatever becomes of the process. */
static int scratch_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    const int beneath_flags = SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
                              SQLITE_OPEN_DELETEONCLOSE;
    struct scratch *s = scratch_of(file);
    uint8_t pages[VAULT_KEY_BYTES], id[VAULT_ID_BYTES];
    int rc;
    memset(file, 0, (size_t)vfs->szOsFile);
    if (name == NULL || (flags & SQLITE_OPEN_MAIN_DB) == 0) {
        errno = EPERM; /* it would hold plaintext */
        return SQLITE_CANTOPEN;
    }
    if ((s->secret = sodium_malloc(sizeof *s->secret)) == NULL)
        return SQLITE_NOMEM;
    if ((rc = beneath->xOpen(beneath, name, real_of(file), beneath_flags, NULL)) != SQLITE_OK) {
        int number = errno; /* for sqlite3_system_errno */
        sodium_free(s->secret);
        errno = number;
        return rc;
    }
    sodium_memzero(s->secret, sizeof *s->secret);
    randombytes_buf(pages, sizeof pages);
    randombytes_buf(id, sizeof id);
    vault_page_keys_of(s->secret, pages, id);
    sodium_memzero(pages, sizeof pages);
    s->base.pMethods = &scratch_methods;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int scratch_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    (void)name;
    (void)sync_folder;
    return SQLITE_OK;
}

/* There is never a journal or a log beside it. */
static int scratch_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)name;
    (void)flags;
    *out = 0;
    return SQLITE_OK;
}

int vault_scratch_install(sqlite3_vfs *base)
{
    static sqlite3_vfs vfs;
    beneath = base;
    vfs = *base;
    vfs.zName = SCRATCH;
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct scratch) + base->szOsFile;
    vfs.xOpen = scratch_open;
    vfs.xDelete = scratch_delete;
    vfs.xAccess = scratch_access;
    return sqlite3_vfs_register(&vfs, 0);
}

int vault_open_scratch(sqlite3 **out, const char *folder, struct error *e)
{
    int reserve = VAULT_RESERVE_BYTES, rc, code;
    char path[PATH_MAX], name[33];
    uint8_t random[16];
    sqlite3 *db = NULL;
    *out = NULL;
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(name, sizeof name, random, sizeof random);
    if ((size_t)snprintf(path, sizeof path, "%s/scratch-%s", folder, name) >= sizeof path)
        return error_set(e, E_INPUT, "%s: the path is too long", folder);
    rc = sqlite3_open_v2(
        path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE, SCRATCH);
    if (db == NULL)
        return error_set(e, E_MEMORY, "there is no memory for a scratch file in %s", folder);
    if (rc == SQLITE_OK)
        rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA temp_store=MEMORY;"
                          "PRAGMA mmap_size=0;"
                          "PRAGMA locking_mode=EXCLUSIVE;"
                          "PRAGMA journal_mode=OFF;"
                          "PRAGMA synchronous=OFF;" CACHE_SETTING "PRAGMA foreign_keys=ON;",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        *out = db;
        return 0;
    }
    code = vault_error(db, "a scratch file cannot be made in the folder of the store", e);
    (void)sqlite3_close_v2(db);
    return code;
}
