/* What the files of the vault share among themselves. Nothing outside common/vault*.c, common/keyfile*.c and their
 * tests includes this.
 *
 *   vault.c         opening, closing, words for errors
 *   vault_vfs.c     the VFS "satchel-vault" and the database file
 *   vault_wal.c     the write-ahead log's file
 *   vault_shm.c     the index of the log, and the locks on it, shared by the handles of this process
 *   vault_share.c   one store between processes: who may write it, and who reads it meanwhile
 *   vault_recent.c  what was written to the log lately, for the checkpoint that reads it again
 *   vault_page.c    bytes on disk: keys, pages, frames
 *   vault_memory.c  SQLite's allocator: zeroed on free, pages in a locked slab
 *   vault_extension.c  the loadable extension satchel_vault.so, which holds of these what reads
 *   file.c    small files that are replaced as a whole, under a lock of their folder */
#ifndef SATCHEL_VAULT_PRIVATE_H
#define SATCHEL_VAULT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "error.h"
#include "vault.h"

#ifdef VAULT_EXTENSION
SQLITE_EXTENSION_INIT3 /* every call of SQLite then goes to the one that loaded us */
#endif

#define VAULT_ID_BYTES 16
#define VAULT_NONCE_BYTES 24
#define VAULT_BODY_BYTES (VAULT_PAGE_BYTES - VAULT_RESERVE_BYTES) /* what is sealed of a page */
#define VAULT_WAL_HEADER_BYTES 32
#define VAULT_FRAME_HEADER_BYTES 24
#define VAULT_FRAME_BYTES (VAULT_FRAME_HEADER_BYTES + VAULT_PAGE_BYTES)
#define VAULT_REGION_BYTES 32768           /* of SQLite's index of a log */
#define VAULT_SHARE_HEADERS 96             /* bytes of that index that say what it holds */
#define VAULT_TAG_FAILED SQLITE_IOERR_DATA /* what the shim answers for bytes that fail their tag */

    /* The keys of one open database file, in memory from sodium_malloc. plain and held are here because they hold
     * plaintext; SQLite's lock on the pager serialises their use. */
    struct vault_secret {
    uint8_t id[VAULT_ID_BYTES];
    uint8_t database[VAULT_KEY_BYTES];
    uint8_t wal[VAULT_KEY_BYTES];
    uint8_t plain[VAULT_FRAME_BYTES];
    uint8_t held[VAULT_FRAME_HEADER_BYTES];
};

/* One store between this process and others. A reader outside of the writing process uses awake and index, the writing
 * process reasons and begun. */
struct vault_share {
    int file;         /* the lock file; -1: none */
    unsigned reasons; /* why readers of other processes are kept out; 0: they are not */
    time_t waited[2]; /* when we last waited for them to leave: for a checkpoint, for a restart */
    int begun;        /* the log that stands on the disk is the one that SQLite has in mind */
    int awake;        /* a transaction is going on, or about to */
    uint8_t index[VAULT_SHARE_HEADERS];
};

struct vault_index;  /* vault_shm.c */
struct vault_recent; /* vault_recent.c */

/* One file that SQLite has open; the base VFS's own file object follows it in memory. */
struct vault_handle {
    sqlite3_file base;
    struct vault_secret *secret; /* a database's own; a write-ahead log borrows its database's */
    const char *name;            /* SQLite's, valid while the file is open */
    sqlite3_vfs *beneath;
    int read_only;
    int is_open; /* the file beneath is; a reader's log rests between transactions */
    /* a database */
    int checked;              /* the key was seen to fit */
    struct vault_handle *log; /* NULL: not open */
    struct vault_index *index;
    int uses;                   /* it has regions of the index */
    unsigned shared, exclusive; /* slots of the index that it has locked */
    /* a log */
    struct vault_handle *database;
    struct vault_recent *recent;            /* NULL: nothing was written yet */
    uint8_t header[VAULT_WAL_HEADER_BYTES]; /* a reader's: as it was when the log was taken up; zeros: no log */
    sqlite3_int64 held_at;                  /* offset of the frame whose header is held in secret->held; -1: none */
};

/* The shim as SQLite knows it, over the VFS beneath. */
struct vault_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *beneath;
    int alone; /* no other process can have these files: there is no lock file */
};

/* The base VFS's file object behind a handle. */
static inline sqlite3_file *vault_handle_real(struct vault_handle *h)
{
    return (sqlite3_file *)(void *)(h + 1);
}

/* Reads from the file beneath. SQLite takes EIO for a file that is corrupt (unixRead): but a disk that cannot be read
 * now says nothing about what is on it, and nobody shall put a store back from a backup for that. */
static inline int vault_read(sqlite3_file *real, void *out, int count, sqlite3_int64 offset)
{
    int rc = real->pMethods->xRead(real, out, count, offset);
    return rc == SQLITE_IOERR_CORRUPTFS ? SQLITE_IOERR_READ : rc;
}

/* ---- vault_page.c ---- */

/* Derives the keys of the database file with this id. */
void vault_page_keys(struct vault_secret *s, const uint8_t key[VAULT_KEY_BYTES], const uint8_t id[VAULT_ID_BYTES]);

/* 1 where a page may be stored: its reserved bytes are zero, and page 1 says what page 1 of a vault must say. */
int vault_page_fits(uint64_t number, const uint8_t page[VAULT_PAGE_BYTES]);

/* Seals page `number` (from 1) to its bytes on disk, and opens it again. The two buffers must not overlap. Opening
 * returns -1, and leaves zeros, where the tag fails. */
void vault_page_seal(const struct vault_secret *s, uint64_t number, const uint8_t page[VAULT_PAGE_BYTES],
                     uint8_t disk[VAULT_PAGE_BYTES]);
int vault_page_open(const struct vault_secret *s, uint64_t number, const uint8_t disk[VAULT_PAGE_BYTES],
                    uint8_t page[VAULT_PAGE_BYTES]);

/* For a new data key: sealing with a nonce that the caller answers for, and the nonce that page `number` gets under s,
 * from the nonce and tag of its bytes on disk under the old key. The same bytes give the same nonce, other bytes
 * another. */
void vault_page_seal_with(const struct vault_secret *s, uint64_t number, const uint8_t page[VAULT_PAGE_BYTES],
                          const uint8_t nonce[VAULT_NONCE_BYTES], uint8_t disk[VAULT_PAGE_BYTES]);
void vault_page_next_nonce(const struct vault_secret *s, uint64_t number, const uint8_t disk[VAULT_PAGE_BYTES],
                           uint8_t nonce[VAULT_NONCE_BYTES]);

/* The same for a frame of the write-ahead log at a file offset. Opening changes disk. */
void vault_page_seal_frame(const struct vault_secret *s, sqlite3_int64 offset,
                           const uint8_t header[VAULT_FRAME_HEADER_BYTES], const uint8_t page[VAULT_PAGE_BYTES],
                           uint8_t disk[VAULT_FRAME_BYTES]);
int vault_page_open_frame(const struct vault_secret *s, sqlite3_int64 offset, uint8_t disk[VAULT_FRAME_BYTES],
                          uint8_t frame[VAULT_FRAME_BYTES]);

/* The only page of an empty database in WAL mode, as SQLite sees it. */
void vault_page_first(uint8_t page[VAULT_PAGE_BYTES]);

/* ---- vault_vfs.c ---- */

/* Fills v (which must live as long as the process) with the shim over `beneath`; the caller registers v->vfs. */
void vault_vfs_fill(struct vault_vfs *v, const char *name, sqlite3_vfs *beneath, int alone);

/* The key for the next database that this thread opens through the shim; NULL takes it back. */
void vault_vfs_key(const uint8_t *key);

/* ---- vault_wal.c ---- */

/* Opens the write-ahead log of the database h->secret came from; h->beneath is set. */
int vault_wal_open(struct vault_handle *h, const char *name, int flags, int *out_flags);

/* 1 where frame 1 of the write-ahead log beside `name` (the log's own name) opens under s. */
int vault_wal_vouches(sqlite3_vfs *beneath, struct vault_secret *s, const char *name);

/* A reader's log is opened, where there is one, and closed again. Returns SQLite's code. */
int vault_wal_take_up(struct vault_handle *log);
void vault_wal_put_down(struct vault_handle *log);

/* ---- vault_recent.c ---- */

/* Keeps a page and its frame, as they were written to the log at this offset. Cannot fail: it may keep nothing. */
void vault_recent_keep(struct vault_handle *log, sqlite3_int64 offset, const uint8_t page[VAULT_PAGE_BYTES],
                       const uint8_t sealed[VAULT_FRAME_BYTES]);

/* 1, and the page, where the frame that was read at this offset is the one that was kept; else 0. */
int vault_recent_page(const struct vault_handle *log, sqlite3_int64 offset, const uint8_t disk[VAULT_FRAME_BYTES],
                      uint8_t page[VAULT_PAGE_BYTES]);
void vault_recent_forget(struct vault_handle *log);

/* ---- vault_shm.c ---- */

/* Gives an open database its index: the one that this process has for it, or a new one. For a new one that may write,
 * SQLITE_BUSY where another process writes. Leaving lets go of everything that the handle holds there. */
int vault_shm_join(struct vault_handle *h, int alone);
void vault_shm_leave(struct vault_handle *h);

/* 1 where h reads, and this process does not write. */
int vault_shm_is_own(const struct vault_handle *h);
struct vault_share *vault_shm_share(const struct vault_handle *h);

/* 1 where this process may remove the log of this name, as SQLite does when it has carried it over. */
int vault_shm_may_delete(const char *log);

/* The log of database h: may h write to it? It has been begun anew on the disk (or could not be); it could not be
 * synced, so that nobody knows what it holds: nothing is written to it any more. */
int vault_shm_may_write(const struct vault_handle *h);
void vault_shm_log_begun(const struct vault_handle *h, int begun);
void vault_shm_log_failed(const struct vault_handle *h);

/* Methods of a database file. */
int vault_shm_map(sqlite3_file *file, int region, int bytes, int extend, void volatile **out);
int vault_shm_lock(sqlite3_file *file, int first, int count, int flags);
void vault_shm_barrier(sqlite3_file *file);
int vault_shm_unmap(sqlite3_file *file, int remove);

/* ---- vault_share.c; the functions return SQLite's codes ---- */

enum { VAULT_SHARE_CHECKPOINT = 1, VAULT_SHARE_RESTART = 2 }; /* reasons to keep readers out */

/* Opens the lock file of the database at path, and for writing takes the store: SQLITE_BUSY where another process has
 * it. */
int vault_share_open(struct vault_share *s, const char *path, int write);
void vault_share_close(struct vault_share *s);

/* The writing process keeps readers of others out (SQLITE_BUSY: one is in, and stays; it was waited for at most 20 ms,
 * and that once a second), and lets them in when no reason is left.
 * VAULT_SHARE_RESTART is a reason until s->begun. */
int vault_share_keep_out(struct vault_share *s, unsigned reason);
void vault_share_let_in(struct vault_share *s, unsigned reason);

/* A reader outside of it: waits a second at most for the writing process to let it in, then SQLITE_BUSY. */
int vault_share_enter(struct vault_share *s, struct vault_handle *database);
void vault_share_leave(struct vault_share *s);

/* The same for a transaction, with its index (NULL: none yet): ready where nothing has changed, otherwise SQLite makes
 * it anew. */
int vault_share_wake(struct vault_share *s, struct vault_handle *database, uint8_t *index);
void vault_share_rest(struct vault_share *s, struct vault_handle *database, uint8_t *index);
int vault_share_is_ready(const uint8_t *index);

/* ---- vault_memory.c ---- */

/* Hands SQLite the allocator; before sqlite3_initialize. Returns SQLite's code. */
int vault_memory_install(void);

/* ---- vault.c ---- */

/* What vault_open_through opens. All pointers are borrowed. */
struct vault_opening {
    const char *shim; /* the VFS's name */
    const char *path; /* an absolute one; the database exists */
    const uint8_t *key;
    int flags, wait_ms; /* as vault_open's */
};

/* Opens an existing database through the named shim, without the parts of vault_open that touch the file system. Errors
 * as vault_open's. */
int vault_open_through(sqlite3 **out, const struct vault_opening *o, struct error *e);

#endif
