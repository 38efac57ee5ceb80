/* One store between processes: who may write it, and who reads it meanwhile.
 *
 * Beside the database stands an empty file, `<database>-lock`, which is never removed. Two of its bytes are locked,
 * with locks that belong to an open file (F_OFD_SETLK), so that they also hold between the handles of one process and
 * no close(2) elsewhere drops them:
 *
 *   byte 0, exclusive   the process that may write; as long as it has a handle on the store
 *   byte 1, shared      a reader outside of that process, for as long as one of its transactions
 *   byte 1, exclusive   the writing process, while it does what a reader's own index of the log cannot know of: copying
 *                       the log into the database, and beginning the log anew
 *   byte 2, shared      a reader that is about to take byte 1, for that moment
 *   byte 2, exclusive   the writing process, for 20 ms once a second where readers are in: so that short transactions
 *                       which overlap without a gap do not keep it from byte 1 for ever
 *
 * A reader's index is made from the log when a transaction begins, and rests when it ends (vault_share_rest): the log
 * is closed, byte 1 is let go. So a reader that is open but idle keeps nobody from anything, and each transaction shows
 * the last commit before it began. Where the log did not change meanwhile, the index is taken up again as it was.
 *
 * Why a transaction of a reader sees one commit and nothing else:
 *   - Its index holds every frame up to the last commit that was in the log when it began. Later frames are only
 *     appended, since beginning the log anew needs byte 1.
 *   - The database file does not change, since copying into it needs byte 1 as well (or, when the last handle closes,
 *     SQLite's exclusive lock of the database, which the reader's shared one keeps away).
 *   - What had been copied into the database before it began is in its log still, so it comes from there. This holds
 *     for a copying that a crash broke off, too. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vault_private.h"

enum { BYTE_WRITER = 0, BYTE_READERS = 1, BYTE_GATE = 2 };

#define WAKE_TRIES 200 /* times 5 ms: how long a reader waits for the writing process to end a checkpoint */
#define NAP_US 5000
#define GATE_TRIES 10 /* times 2 ms: how long the writing process waits for readers to leave */
#define GATE_NAP_US 2000
#define GATE_EVERY_S 1

/* Offsets in SQLite's index of a log, which stands in memory in the machine's own order (sqlite.org/walformat.html,
 * "The WAL-Index File Format"); each of its two headers has 48 bytes. */
enum {
    INDEX_HEADERS = VAULT_SHARE_HEADERS,
    INDEX_READY = 12,
    INDEX_FRAMES = 16,
    INDEX_SALTS = 32,
    LOG_SALTS = 16,
    FRAME_SALTS = 8,
    SALTS_BYTES = 8
};

/* ---- the lock file ---- */

/* SQLITE_BUSY where somebody else is in the way. */
static int set_lock(const struct vault_share *s, int type, int byte)
{
#ifdef F_OFD_SETLK
    struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    if (s->file < 0)
        return SQLITE_OK;
    while (fcntl(s->file, F_OFD_SETLK, &lock) != 0) {
        if (errno == EAGAIN || errno == EACCES)
            return SQLITE_BUSY;
        if (errno != EINTR)
            return SQLITE_IOERR_LOCK;
    }
    return SQLITE_OK;
#else
    (void)type;
    (void)byte;
    errno = ENOSYS;
    return s->file < 0 ? SQLITE_OK : SQLITE_IOERR_LOCK;
#endif
}

/* Makes the lock file: whoever may use the database may use it. -1: errno says why. */
static int make_file(const char *name, const struct stat *database)
{
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -1;
    (void)fchmod(fd, database->st_mode & (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH));
    if (geteuid() == 0 && fchown(fd, database->st_uid, database->st_gid) != 0)
        (void)fchmod(fd, S_IRUSR | S_IWUSR); /* then it stays with us */
    return fd;
}

static int open_file(const char *path, int write)
{
    char name[PATH_MAX + sizeof "-lock"];
    struct stat database;
    int fd;
    (void)snprintf(name, sizeof name, "%s-lock", path);
    if (stat(path, &database) != 0)
        return -1;
    do {
        fd = open(name, (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            fd = make_file(name, &database);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

int vault_share_open(struct vault_share *s, const char *path, int write)
{
    int rc;
    s->file = open_file(path, write);
    /* On a file system that nobody can write to a reader needs no lock. */
    if (s->file < 0)
        return errno == EROFS && !write ? SQLITE_OK : SQLITE_CANTOPEN;
    rc = write ? set_lock(s, F_WRLCK, BYTE_WRITER) : SQLITE_OK;
    if (rc != SQLITE_OK)
        vault_share_close(s);
    return rc;
}

void vault_share_close(struct vault_share *s)
{
    if (s->file < 0)
        return;
    /* A child that was forked shares this open file: closing alone would leave it the locks. */
    for (int byte = BYTE_WRITER; byte <= BYTE_GATE; byte++)
        (void)set_lock(s, F_UNLCK, byte);
    (void)close(s->file);
    s->file = -1;
}

/* ---- the writing process ---- */

/* Readers are in. Once a second nobody else comes in for a moment, and those who are may leave. */
static int wait_at_gate(struct vault_share *s, time_t *last)
{
    struct timespec now;
    int gate, rc = SQLITE_BUSY;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (*last != 0 && now.tv_sec - *last < GATE_EVERY_S)
        return SQLITE_BUSY;
    *last = now.tv_sec;
    gate = set_lock(s, F_WRLCK, BYTE_GATE);
    for (int tries = 0; rc == SQLITE_BUSY && tries < GATE_TRIES; tries++) {
        (void)usleep(GATE_NAP_US);
        if (gate != SQLITE_OK)
            gate = set_lock(s, F_WRLCK, BYTE_GATE);
        rc = set_lock(s, F_WRLCK, BYTE_READERS);
    }
    (void)set_lock(s, F_UNLCK, BYTE_GATE);
    return rc;
}

int vault_share_keep_out(struct vault_share *s, unsigned reason)
{
    int rc = s->reasons != 0 ? SQLITE_OK : set_lock(s, F_WRLCK, BYTE_READERS);
    if (rc == SQLITE_BUSY)
        rc = wait_at_gate(s, &s->waited[reason == VAULT_SHARE_RESTART]);
    if (rc == SQLITE_OK)
        s->reasons |= reason;
    if (rc == SQLITE_OK && reason == VAULT_SHARE_RESTART)
        s->begun = 0;
    return rc;
}

void vault_share_let_in(struct vault_share *s, unsigned reason)
{
    unsigned before = s->reasons;
    /* As long as the log on the disk is the old one, and SQLite takes it for empty, nobody may read it. */
    if (reason == VAULT_SHARE_RESTART && !s->begun)
        return;
    s->reasons &= ~reason;
    if (before != 0 && s->reasons == 0)
        (void)set_lock(s, F_UNLCK, BYTE_READERS);
}

/* ---- a reader outside of the writing process ---- */

static int try_to_enter(const struct vault_share *s)
{
    int rc = set_lock(s, F_RDLCK, BYTE_GATE);
    if (rc != SQLITE_OK)
        return rc;
    rc = set_lock(s, F_RDLCK, BYTE_READERS);
    (void)set_lock(s, F_UNLCK, BYTE_GATE);
    return rc;
}

static int enter(struct vault_share *s, sqlite3_vfs *beneath)
{
    int rc = try_to_enter(s);
    for (int tries = 0; rc == SQLITE_BUSY && tries < WAKE_TRIES; tries++) {
        (void)beneath->xSleep(beneath, NAP_US);
        rc = try_to_enter(s);
    }
    s->awake = rc == SQLITE_OK;
    return rc;
}

/* 1 where the log is the one that s->index was made from and no commit has come. */
static int unchanged(const struct vault_share *s, struct vault_handle *log)
{
    sqlite3_file *real = vault_handle_real(log);
    uint8_t next[VAULT_FRAME_HEADER_BYTES];
    uint32_t frames;
    int rc;
    memcpy(&frames, s->index + INDEX_FRAMES, sizeof frames);
    /* Where there was none, one may have come and gone, with all that was in it. */
    if (frames == 0 || !log->is_open || memcmp(log->header + LOG_SALTS, s->index + INDEX_SALTS, SALTS_BYTES) != 0)
        return 0;
    rc = vault_read(real, next, sizeof next, VAULT_WAL_HEADER_BYTES + (sqlite3_int64)frames * VAULT_FRAME_BYTES);
    return rc == SQLITE_IOERR_SHORT_READ ||
           (rc == SQLITE_OK && memcmp(next + FRAME_SALTS, log->header + LOG_SALTS, SALTS_BYTES) != 0);
}

int vault_share_enter(struct vault_share *s, struct vault_handle *database)
{
    sqlite3_file *real = vault_handle_real(database);
    int moved = 0, rc;
    if (s->awake)
        return SQLITE_OK;
    rc = enter(s, database->beneath);
    if (rc != SQLITE_OK)
        return rc;
    /* Another database stands there now, with its own log. */
    if (real->pMethods->xFileControl(real, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved) {
        vault_share_leave(s);
        return SQLITE_READONLY_DBMOVED;
    }
    return SQLITE_OK;
}

void vault_share_leave(struct vault_share *s)
{
    (void)set_lock(s, F_UNLCK, BYTE_READERS);
    s->awake = 0;
}

int vault_share_wake(struct vault_share *s, struct vault_handle *database, uint8_t *index)
{
    int rc;
    if (s->awake)
        return SQLITE_OK;
    rc = vault_share_enter(s, database);
    if (rc == SQLITE_OK && database->log != NULL)
        rc = vault_wal_take_up(database->log);
    if (rc != SQLITE_OK) {
        vault_share_leave(s);
        return rc;
    }
    if (index != NULL && database->log != NULL && unchanged(s, database->log))
        memcpy(index, s->index, INDEX_HEADERS);
    return SQLITE_OK;
}

int vault_share_is_ready(const uint8_t *index)
{
    return index[INDEX_READY] != 0;
}

void vault_share_rest(struct vault_share *s, struct vault_handle *database, uint8_t *index)
{
    /* Without its headers SQLite has to ask before it uses the index again, and makes it anew where it is to. */
    if (index != NULL) {
        memcpy(s->index, index, INDEX_HEADERS);
        memset(index, 0, INDEX_HEADERS);
    }
    if (database->log != NULL)
        vault_wal_put_down(database->log);
    vault_share_leave(s);
}
