/* The write-ahead log's file: a clear header of 32 bytes, then sealed frames of 24 + 4096.
 *
 * The states of a log that is written (pending_at):
 *
 *     NO HEADER  --wal_write, 24 bytes-->  HEADER KEPT  --wal_write, 4096 bytes-->  NO HEADER
 *
 *   NO HEADER     pending_at -1: every frame that SQLite wrote is sealed and in the file (write_frame)
 *   HEADER KEPT   pending_at is a frame's offset: SQLite wrote its header, which waits in secret->pending for its
 *                 page, since the two are sealed as one message. The page is the very next call. Any other write of
 *                 a frame drops the header and is refused; a sync is refused meanwhile (wal_sync)
 *
 * A log can also be begun anew (write_header, wal_truncate: vault_shm_log_begun) or fail (wal_sync:
 * vault_shm_log_failed); vault_shm.c keeps those states, since all handles share them.
 *
 * The states of the log of a reader outside of the writing process (is_open, header):
 *
 *     PUT DOWN  --vault_wal_take_up-->  TAKEN UP  --vault_wal_put_down-->  PUT DOWN
 *
 *   PUT DOWN  closed, between transactions
 *   TAKEN UP  open, if there is a log; header is the log's header at that moment, zeros: no log. A frame with other
 *             salts is an error from then on (is_of_this_log)
 *
 * Frames are only ever appended, in SQLite's sense: SQLite may begin again at an earlier frame after a rollback, a torn
 * tail or a restart, and the old bytes there do not matter.
 *
 * SQLite makes one exception, which is refused. When a transaction outgrows the cache, SQLite writes pages to the log
 * before the commit, changes them there in place, and at the commit computes the running checksums anew. In 3.40.1 a
 * rollback to a savepoint behind such a change makes it take the checksum of a frame that is no longer part of the log:
 * the next commit is acknowledged, and gone after a crash. vault.c therefore turns spilling off (PRAGMA cache_spill);
 * if somebody turns it on again, the transaction fails here instead of losing a later one. */
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

/* VAULT_TAG_FAILED: the file ends within the frame. */
static int read_sealed(sqlite3_file *real, sqlite3_int64 offset, uint8_t disk[VAULT_FRAME_BYTES])
{
    int rc = vault_read(real, disk, VAULT_FRAME_BYTES, offset);
    return rc == SQLITE_IOERR_SHORT_READ ? VAULT_TAG_FAILED : rc;
}

/* Reads and opens the frame at offset into frame. */
static int read_frame(sqlite3_file *real, struct vault_secret *s, sqlite3_int64 offset,
                      uint8_t frame[VAULT_FRAME_BYTES])
{
    uint8_t disk[VAULT_FRAME_BYTES];
    int rc = read_sealed(real, offset, disk);
    if (rc != SQLITE_OK)
        return rc;
    return vault_page_open_frame(s, offset, disk, frame) == 0 ? SQLITE_OK : VAULT_TAG_FAILED;
}

/* Seals a frame and writes it at offset. */
static int write_frame(struct vault_handle *h, sqlite3_int64 offset, const uint8_t *header, const uint8_t *page)
{
    sqlite3_file *real = vault_handle_real(h);
    uint8_t disk[VAULT_FRAME_BYTES];
    uint64_t number = (uint64_t)header[0] << 24 | (uint64_t)header[1] << 16 | (uint64_t)header[2] << 8 | header[3];
    int rc;
    if (!vault_page_fits(number, page)) {
        errno = EINVAL; /* otherwise sqlite3_system_errno would show an older one */
        return SQLITE_IOERR_WRITE;
    }
    vault_page_seal_frame(h->secret, offset, header, page, disk);
    rc = real->pMethods->xWrite(real, disk, VAULT_FRAME_BYTES, offset);
    if (rc == SQLITE_OK)
        vault_recent_keep(h, offset, page, disk);
    return rc;
}

static int wal_close(sqlite3_file *file)
{
    struct vault_handle *h = handle_of(file);
    sqlite3_file *real = real_of(file);
    h->database->log = NULL;
    vault_recent_forget(h);
    return h->is_open ? real->pMethods->xClose(real) : SQLITE_OK;
}

/* 0: a reader outside of the writing process met a frame of another log than it began with. The locks prevent that; if
 * another program does not keep to them, the reader gets an error and never a mixture. */
static int is_of_this_log(const struct vault_handle *h, const uint8_t frame[VAULT_FRAME_BYTES])
{
    return !vault_shm_is_own(h->database) || memcmp(frame + 8, h->header + 16, 8) == 0; /* the salts */
}

static int wal_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset)
{
    struct vault_handle *h = handle_of(file);
    struct vault_secret *s = h->secret;
    sqlite3_file *real = real_of(file);
    uint8_t disk[VAULT_FRAME_BYTES];
    sqlite3_int64 within, frame;
    int rc;
    if (!h->is_open) {
        memset(out, 0, (size_t)count);
        return SQLITE_IOERR_SHORT_READ;
    }
    if (offset + count <= VAULT_WAL_HEADER_BYTES)
        return vault_read(real, out, count, offset);
    within = (offset - VAULT_WAL_HEADER_BYTES) % VAULT_FRAME_BYTES;
    frame = offset - within;
    if (offset < VAULT_WAL_HEADER_BYTES || within + count > VAULT_FRAME_BYTES)
        return SQLITE_IOERR_READ;
    /* Only recovery reads whole frames. A torn one is answered with zeros, which fit no salt and so end the log. */
    if (count == VAULT_FRAME_BYTES) {
        rc = read_frame(real, s, frame, out);
        return rc == VAULT_TAG_FAILED ? SQLITE_OK : rc;
    }
    if ((rc = read_sealed(real, frame, disk)) == SQLITE_OK && within == VAULT_FRAME_HEADER_BYTES &&
        count == VAULT_PAGE_BYTES && vault_recent_page(h, frame, disk, out))
        return SQLITE_OK;
    if (rc == SQLITE_OK && (vault_page_open_frame(s, frame, disk, s->plain) != 0 || !is_of_this_log(h, s->plain)))
        rc = VAULT_TAG_FAILED;
    if (rc == SQLITE_OK)
        memcpy(out, s->plain + within, (size_t)count);
    else
        memset(out, 0, (size_t)count);
    sodium_memzero(s->plain, sizeof s->plain);
    return rc;
}

/* Writes the header of a log that begins anew. */
static int write_header(struct vault_handle *h, const void *in)
{
    sqlite3_file *real = vault_handle_real(h);
    int rc = real->pMethods->xWrite(real, in, VAULT_WAL_HEADER_BYTES, 0);
    if (rc == SQLITE_OK)
        vault_shm_log_begun(h->database, 1);
    return rc;
}

static int wal_write(sqlite3_file *file, const void *in, int count, sqlite3_int64 offset)
{
    struct vault_handle *h = handle_of(file);
    sqlite3_int64 within = (offset - VAULT_WAL_HEADER_BYTES) % VAULT_FRAME_BYTES;
    sqlite3_int64 pending_at = h->pending_at;
    h->pending_at = -1;
    if (!vault_shm_may_write(h->database))
        goto refuse;
    if (offset == 0 && count == VAULT_WAL_HEADER_BYTES)
        return write_header(h, in);
    if (offset >= VAULT_WAL_HEADER_BYTES && pending_at < 0 && within == 0 && count == VAULT_FRAME_HEADER_BYTES) {
        memcpy(h->secret->pending, in, sizeof h->secret->pending);
        h->pending_at = offset;
        return SQLITE_OK;
    }
    if (pending_at >= 0 && offset == pending_at + VAULT_FRAME_HEADER_BYTES && count == VAULT_PAGE_BYTES)
        return write_frame(h, pending_at, h->secret->pending, in);
refuse:
    errno = EPERM; /* otherwise sqlite3_system_errno would show an older one */
    return SQLITE_IOERR_WRITE;
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct vault_handle *h = handle_of(file);
    sqlite3_file *real = real_of(file);
    int rc;
    if (h->read_only)
        return SQLITE_IOERR_TRUNCATE;
    rc = real->pMethods->xTruncate(real, size);
    if (size == 0)
        vault_shm_log_begun(h->database, rc == SQLITE_OK);
    return rc;
}

/* Refuses while a header waits for its page: the frame is not in the file. After a sync that failed nobody knows what
 * the disk holds, and a reader may have seen a commit that SQLite takes back: the log is written no more (trap 14). */
static int wal_sync(sqlite3_file *file, int flags)
{
    struct vault_handle *h = handle_of(file);
    sqlite3_file *real = real_of(file);
    int rc;
    if (h->pending_at >= 0 || h->read_only)
        return SQLITE_IOERR_FSYNC;
    rc = real->pMethods->xSync(real, flags);
    if (rc != SQLITE_OK)
        vault_shm_log_failed(h->database);
    return rc;
}

static int wal_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *real = real_of(file);
    *size = 0;
    return handle_of(file)->is_open ? real->pMethods->xFileSize(real, size) : SQLITE_OK;
}

static int wal_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK; /* SQLite locks the database and the index, never the log */
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
    (void)file;
    return VAULT_PAGE_BYTES; /* not used: the device characteristics say that it overwrites safely */
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

int vault_wal_take_up(struct vault_handle *log)
{
    sqlite3_vfs *beneath = log->beneath;
    sqlite3_file *real = vault_handle_real(log);
    int there = 0, rc = beneath->xAccess(beneath, log->name, SQLITE_ACCESS_EXISTS, &there);
    memset(log->header, 0, sizeof log->header);
    if (rc != SQLITE_OK || !there)
        return rc;
    memset(real, 0, (size_t)beneath->szOsFile);
    rc = beneath->xOpen(beneath, log->name, real, SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL, NULL);
    log->is_open = rc == SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = vault_read(real, log->header, sizeof log->header, 0);
    return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : rc;
}

void vault_wal_put_down(struct vault_handle *log)
{
    sqlite3_file *real = vault_handle_real(log);
    if (log->is_open)
        (void)real->pMethods->xClose(real);
    log->is_open = 0;
}

int vault_wal_open(struct vault_handle *h, const char *name, int flags, int *out_flags)
{
    struct vault_handle *database = handle_of(sqlite3_database_file_object(name));
    sqlite3_file *real = vault_handle_real(h);
    int rc = SQLITE_OK;
    h->database = database;
    h->read_only = database->read_only;
    if (h->read_only)
        flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL;
    if (vault_shm_is_own(database))
        rc = vault_shm_share(database)->awake ? vault_wal_take_up(h)
                                              : SQLITE_OK; /* otherwise vault_share_wake opens it */
    else
        rc = h->beneath->xOpen(h->beneath, name, real, flags, &flags);
    /* A handle of this process writes, but has not made its log yet: try again. */
    if (h->read_only && rc == SQLITE_CANTOPEN)
        return SQLITE_BUSY;
    if (rc != SQLITE_OK)
        return rc;
    if (!vault_shm_is_own(database))
        h->is_open = 1;
    if (out_flags != NULL)
        *out_flags = flags;
    h->secret = database->secret;
    h->base.pMethods = &wal_methods;
    database->log = h;
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
