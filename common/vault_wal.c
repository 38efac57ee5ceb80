/* The write-ahead log's file: a clear header of 32 bytes, then sealed frames of 24 + 4096.
 *
 * SQLite writes a frame as a header and then a page; the two are sealed as one message, so the header is held back
 * until its page comes. Twice it writes only one of them, each time into a frame that it wrote earlier in the same
 * transaction: a page that changed again after it was spilled, and, at the commit, the headers behind such a page,
 * whose running checksums it computes anew. Such a write reads the frame, changes it, and seals it again.
 *
 * Whether a header belongs to a new frame or to an old one is not asked when it comes (salts, lengths and counts all
 * mislead after a torn tail, a rollback or a truncation): the next call tells. When it is the page of the same frame,
 * the frame is written whole, whatever stood there; when it is anything else, the held header goes into the frame that
 * stands there, before that call is carried out. So SQLite sees every write done in its order. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "vault_private.h"

static struct vault_handle *handle_of(sqlite3_file *file)
{
    return (struct vault_handle *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return vault_handle_real(handle_of(file));
}

/* Reads and opens the frame at offset into frame. */
static int read_frame(sqlite3_file *real, struct vault_secret *s, sqlite3_int64 offset,
                      uint8_t frame[VAULT_FRAME_BYTES])
{
    uint8_t disk[VAULT_FRAME_BYTES];
    int rc = real->pMethods->xRead(real, disk, VAULT_FRAME_BYTES, offset);
    if (rc == SQLITE_IOERR_SHORT_READ)
        return VAULT_TAG_FAILED;
    if (rc != SQLITE_OK)
        return rc;
    return vault_page_open_frame(s, offset, disk, frame) == 0 ? SQLITE_OK : VAULT_TAG_FAILED;
}

static int write_frame(struct vault_handle *h, sqlite3_int64 offset, const uint8_t *header, const uint8_t *page)
{
    sqlite3_file *real = vault_handle_real(h);
    uint8_t disk[VAULT_FRAME_BYTES];
    uint64_t number = (uint64_t)header[0] << 24 | (uint64_t)header[1] << 16 | (uint64_t)header[2] << 8 | header[3];
    if (!vault_page_fits(number, page)) {
        sodium_memzero(h->secret->plain, sizeof h->secret->plain);
        errno = EINVAL; /* for sqlite3_system_errno, which would show an older one */
        return SQLITE_IOERR_WRITE;
    }
    vault_page_seal_frame(h->secret, offset, header, page, disk);
    return real->pMethods->xWrite(real, disk, VAULT_FRAME_BYTES, offset);
}

/* Carries out a held header for which no page came: it changes the frame that is on the disk. */
static int flush(struct vault_handle *h)
{
    struct vault_secret *s = h->secret;
    sqlite3_int64 offset = h->held_at;
    int rc;
    if (offset < 0)
        return SQLITE_OK;
    h->held_at = -1;
    rc = read_frame(vault_handle_real(h), s, offset, s->plain);
    if (rc != SQLITE_OK)
        return rc;
    return write_frame(h, offset, s->held, s->plain + VAULT_FRAME_HEADER_BYTES);
}

static int wal_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int rc = flush(handle_of(file));
    int closed = real->pMethods->xClose(real);
    return rc != SQLITE_OK ? rc : closed;
}

static int wal_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset)
{
    struct vault_handle *h = handle_of(file);
    struct vault_secret *s = h->secret;
    sqlite3_file *real = real_of(file);
    sqlite3_int64 within, frame;
    int rc = flush(h);
    if (rc != SQLITE_OK)
        return rc;
    if (offset + count <= VAULT_WAL_HEADER_BYTES)
        return real->pMethods->xRead(real, out, count, offset);
    within = (offset - VAULT_WAL_HEADER_BYTES) % VAULT_FRAME_BYTES;
    frame = offset - within;
    if (offset < VAULT_WAL_HEADER_BYTES || within + count > VAULT_FRAME_BYTES)
        return SQLITE_IOERR_READ;
    /* Only recovery reads whole frames. A torn one ends the log: zeros, which fit no salt, not an error. */
    if (count == VAULT_FRAME_BYTES) {
        rc = read_frame(real, s, frame, out);
        return rc == VAULT_TAG_FAILED ? SQLITE_OK : rc;
    }
    rc = read_frame(real, s, frame, s->plain);
    if (rc == SQLITE_OK)
        memcpy(out, s->plain + within, (size_t)count);
    else
        memset(out, 0, (size_t)count);
    sodium_memzero(s->plain, sizeof s->plain);
    return rc;
}

static int wal_write(sqlite3_file *file, const void *in, int count, sqlite3_int64 offset)
{
    struct vault_handle *h = handle_of(file);
    struct vault_secret *s = h->secret;
    sqlite3_file *real = real_of(file);
    sqlite3_int64 within = (offset - VAULT_WAL_HEADER_BYTES) % VAULT_FRAME_BYTES;
    sqlite3_int64 frame = offset - within;
    int rc;
    if (within == VAULT_FRAME_HEADER_BYTES && count == VAULT_PAGE_BYTES && h->held_at == frame) {
        h->held_at = -1;
        return write_frame(h, frame, s->held, in);
    }
    rc = flush(h);
    if (rc != SQLITE_OK)
        return rc;
    if (offset == 0 && count == VAULT_WAL_HEADER_BYTES)
        return real->pMethods->xWrite(real, in, count, offset);
    if (offset < VAULT_WAL_HEADER_BYTES)
        return SQLITE_IOERR_WRITE;
    if (within == 0 && count == VAULT_FRAME_HEADER_BYTES) {
        memcpy(s->held, in, sizeof s->held);
        h->held_at = frame;
        return SQLITE_OK;
    }
    if (within != VAULT_FRAME_HEADER_BYTES || count != VAULT_PAGE_BYTES)
        return SQLITE_IOERR_WRITE;
    rc = read_frame(real, s, frame, s->plain);
    return rc != SQLITE_OK ? rc : write_frame(h, frame, s->plain, in);
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = real_of(file);
    int rc = flush(handle_of(file));
    return rc != SQLITE_OK ? rc : real->pMethods->xTruncate(real, size);
}

static int wal_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *real = real_of(file);
    int rc = flush(handle_of(file));
    return rc != SQLITE_OK ? rc : real->pMethods->xSync(real, flags);
}

static int wal_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *real = real_of(file);
    int rc = flush(handle_of(file));
    return rc != SQLITE_OK ? rc : real->pMethods->xFileSize(real, size);
}

static int wal_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK; /* the lock that counts is the database's */
}

static int wal_check_reserved_lock(sqlite3_file *file, int *out)
{
    (void)file;
    *out = 0;
    return SQLITE_OK;
}

static int wal_file_control(sqlite3_file *file, int op, void *arg)
{
    (void)file;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int wal_sector_size(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xSectorSize(real);
}

static int wal_device_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods wal_methods = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_file_size,
    .xLock = wal_lock,
    .xUnlock = wal_lock,
    .xCheckReservedLock = wal_check_reserved_lock,
    .xFileControl = wal_file_control,
    .xSectorSize = wal_sector_size,
    .xDeviceCharacteristics = wal_device_characteristics,
};

int vault_wal_open(struct vault_handle *h, const char *name, int flags, int *out_flags)
{
    sqlite3_file *database = sqlite3_database_file_object(name);
    sqlite3_file *real = vault_handle_real(h);
    int rc = h->beneath->xOpen(h->beneath, name, real, flags, out_flags);
    if (rc != SQLITE_OK)
        return rc;
    h->secret = handle_of(database)->secret;
    h->base.pMethods = &wal_methods;
    return SQLITE_OK;
}

int vault_wal_vouches(sqlite3_vfs *beneath, struct vault_secret *s, const char *name)
{
    int there = 0, vouches = 0;
    sqlite3_file *real;
    if (beneath->xAccess(beneath, name, SQLITE_ACCESS_EXISTS, &there) != SQLITE_OK || !there)
        return 0;
    real = sqlite3_malloc(beneath->szOsFile);
    if (real == NULL)
        return 0;
    memset(real, 0, (size_t)beneath->szOsFile);
    if (beneath->xOpen(beneath, name, real, SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL, NULL) == SQLITE_OK) {
        vouches = read_frame(real, s, VAULT_WAL_HEADER_BYTES, s->plain) == SQLITE_OK;
        (void)real->pMethods->xClose(real);
    }
    sqlite3_free(real);
    return vouches;
}
