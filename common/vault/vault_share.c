/* One store between processes: who may write it, and who reads it meanwhile.
 *
 * Beside the database stands an empty file, `<database>-lock`, which is never removed. Three of its bytes are locked,
 * with locks that belong to an open file (F_OFD_SETLK): so they also hold between the handles of one process, and no
 * close(2) elsewhere in the process drops them.
 *
 *   byte 0  WRITER   exclusive: the process that may write, for as long as it has a handle on the store
 *   byte 1  READERS  shared: a reader outside of that process, for as long as one of its transactions
 *                    exclusive: the writing process, while it does what a reader's own index of the log cannot follow:
 *                    copying the log into the database (a checkpoint), and beginning the log anew (a restart)
 *   byte 2  GATE     shared: a reader, for the moment in which it takes byte 1
 *                    exclusive: the writing process, for 20 ms once a second while readers are in, so that short
 *                    transactions which overlap without a gap do not keep it from byte 1 for ever
 *
 * The states of a store in the writing process (reasons, begun):
 *
 *     SHARED  --vault_share_keep_out(CHECKPOINT)-->  CHECKPOINT  --vault_share_let_in(CHECKPOINT)-->  SHARED
 *     SHARED  --vault_share_keep_out(RESTART)----->  RESTART, not begun
 *     RESTART, not begun  --the new header is on the disk (vault_shm_log_begun)-->  RESTART, begun
 *     RESTART, begun  --vault_share_let_in(RESTART)-->  SHARED
 *
 *   SHARED      reasons 0: readers of other processes come and go
 *   CHECKPOINT  byte 1 is ours: no reader is in, and none comes in
 *   RESTART     the same. Before the log is begun vault_share_let_in does nothing: until then the log on the disk is
 *               the old one, and SQLite takes it for empty
 *
 * Both reasons can hold at once; byte 1 is released with the last. If a reader is in, vault_share_keep_out answers
 * SQLITE_BUSY, and SQLite goes on without a checkpoint or restart.
 *
 * The states of a reader outside of the writing process (awake):
 *
 *     RESTING  --vault_share_wake-->  AWAKE  --vault_share_rest-->  RESTING
 *     RESTING  --vault_share_enter->  AWAKE  --vault_share_leave->  RESTING   (to look at the key; no index)
 *
 *   RESTING  no lock, and the log is closed: an idle reader is in nobody's way
 *   AWAKE    byte 1 is shared and the log is open. The index is made from the log; if the log did not change since the
 *            reader last rested, the index is used again as it was (is_unchanged)
 *
 * Why a transaction of a reader sees one commit and nothing else:
 *   - Its index holds every frame up to the last commit that was in the log when it began. Later frames are only
 *     appended, since beginning the log anew needs byte 1.
 *   - The database file does not change, since copying into it needs byte 1 as well. (When the last handle closes, the
 *     copying needs SQLite's exclusive lock of the database, which the reader's shared lock prevents.)
 *   - Pages that had been copied into the database before it began are in its log still, so it takes them from there.
 *     This also holds after a crash during the copying. */
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

/* Offsets in SQLite's index of a log, which is in memory in the machine's own byte order (sqlite.org/walformat.html,
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

/* Sets or releases (type: F_RDLCK, F_WRLCK, F_UNLCK) the lock of one byte, without waiting. SQLITE_BUSY: somebody else
 * has it. */
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

/* Makes the lock file, with the rights of the database. Returns the descriptor; -1: errno says why. */
static int make_lock_file(const char *name, const struct stat *database)
{
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -1;
    (void)fchmod(fd, database->st_mode & (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH));
    if (geteuid() == 0 && fchown(fd, database->st_uid, database->st_gid) != 0)
        (void)fchmod(fd, S_IRUSR | S_IWUSR); /* ours, so nobody else may use it */
    return fd;
}

/* Opens the lock file, and makes it if there is none. -1: errno says why. */
static int open_lock_file(const char *path, int write)
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
            fd = make_lock_file(name, &database);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

int vault_share_open(struct vault_share *s, const char *path, int write)
{
    int rc;
    s->file = open_lock_file(path, write);
    /* On a read-only file system nobody writes, so a reader needs no lock. */
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
    /* A forked child shares this open file and, with it, the locks: so they are released before the file is closed. */
    for (int byte = BYTE_WRITER; byte <= BYTE_GATE; byte++)
        (void)set_lock(s, F_UNLCK, byte);
    (void)close(s->file);
    s->file = -1;
}

/* ---- the writing process ---- */

/* Readers are in. Closes the gate for 20 ms, at most once a second, and tries for byte 1 while they leave. *last: when
 * it was last closed, in seconds of the monotonic clock; 0: never. */
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
    /* The log on the disk is still the old one, and SQLite takes it for empty: nobody may read it. */
    if (reason == VAULT_SHARE_RESTART && !s->begun)
        return;
    s->reasons &= ~reason;
    if (before != 0 && s->reasons == 0)
        (void)set_lock(s, F_UNLCK, BYTE_READERS);
}

/* ---- a reader outside of the writing process ---- */

/* Takes byte 1 through the gate. SQLITE_BUSY: the writing process keeps us out. */
static int try_to_enter(const struct vault_share *s)
{
    int rc = set_lock(s, F_RDLCK, BYTE_GATE);
    if (rc != SQLITE_OK)
        return rc;
    rc = set_lock(s, F_RDLCK, BYTE_READERS);
    (void)set_lock(s, F_UNLCK, BYTE_GATE);
    return rc;
}

/* Tries to enter for a second. */
static int enter_in_time(struct vault_share *s, sqlite3_vfs *beneath)
{
    int rc = try_to_enter(s);
    for (int tries = 0; rc == SQLITE_BUSY && tries < WAKE_TRIES; tries++) {
        (void)beneath->xSleep(beneath, NAP_US);
        rc = try_to_enter(s);
    }
    s->awake = rc == SQLITE_OK;
    return rc;
}

/* 1: the log is the one that s->index was made from, and no commit has come. */
static int is_unchanged(const struct vault_share *s, struct vault_handle *log)
{
    sqlite3_file *real = vault_handle_real(log);
    uint8_t next[VAULT_FRAME_HEADER_BYTES];
    uint32_t frames;
    int rc;
    memcpy(&frames, s->index + INDEX_FRAMES, sizeof frames);
    /* If there was no log, one may have come and gone meanwhile, with all that was in it (trap 15). */
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
    rc = enter_in_time(s, database->beneath);
    if (rc != SQLITE_OK)
        return rc;
    /* Another database has taken the place of this one, and the log beside it is the other's. */
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
    if (index != NULL && database->log != NULL && is_unchanged(s, database->log))
        memcpy(index, s->index, INDEX_HEADERS);
    return SQLITE_OK;
}

int vault_share_is_ready(const uint8_t *index)
{
    return index[INDEX_READY] != 0;
}

void vault_share_rest(struct vault_share *s, struct vault_handle *database, uint8_t *index)
{
    /* Without its headers SQLite has to take a lock before it uses the index again, and makes it anew if the headers
     * are not put back (vault_share_wake). */
    if (index != NULL) {
        memcpy(s->index, index, INDEX_HEADERS);
        memset(index, 0, INDEX_HEADERS);
    }
    if (database->log != NULL)
        vault_wal_put_down(database->log);
    vault_share_leave(s);
}
