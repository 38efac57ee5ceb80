/* What the files of the vault share among themselves. Only common/vault, common/key (rekey.c) and their tests include
 * this.
 *
 *   vault.c         opening, closing, words for errors
 *   vault_vfs.c     the VFS "satchel-vault" and the database file
 *   vault_wal.c     the write-ahead log's file
 *   vault_shm.c     the index of the log, and the locks on it, shared by the handles of this process
 *   vault_share.c   one store between processes: who may write it, and who reads it meanwhile
 *   vault_recent.c  the frames that were written to the log lately, for the checkpoint that reads them again
 *   vault_page.c    bytes on disk: keys, pages, frames
 *   vault_scratch.c a database of one handle's own, which is gone with it
 *   vault_memory.c  SQLite's allocator: zeroed on free, pages in a locked slab
 *   vault_extension.c  the loadable extension satchel_vault.so, which is built of the files that reading needs */
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
#define VAULT_SHARE_HEADERS 96             /* bytes of that index: its two headers */
#define VAULT_TAG_FAILED SQLITE_IOERR_DATA /* the shim's answer to bytes that fail their tag */

    /* The keys of one open database file, in memory from sodium_malloc. plain and pending are here because they hold
     * plaintext; SQLite's lock on the pager serialises their use. */
    struct vault_secret {
    uint8_t id[VAULT_ID_BYTES];
    uint8_t database[VAULT_KEY_BYTES];
    uint8_t wal[VAULT_KEY_BYTES];
    uint8_t plain[VAULT_FRAME_BYTES];
    uint8_t pending[VAULT_FRAME_HEADER_BYTES];
};

/* One store between this process and others. A reader outside of the writing process uses awake and index, the writing
 * process reasons and begun. */
struct vault_share {
    int file;         /* the lock file; -1: none */
    unsigned reasons; /* VAULT_SHARE_*: why readers of other processes are kept out; 0: they are not */
    time_t waited[2]; /* when we last waited for them to leave: for a checkpoint, for a restart */
    int begun;        /* 1: the log on the disk is the one that SQLite's index describes */
    int awake;        /* 1: a transaction is going on, or about to begin */
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
    int is_open; /* 1: the file beneath is open; a reader's log is closed between transactions */
    /* a database */
    int checked;              /* 1: the key fits */
    struct vault_handle *log; /* NULL: not open */
    struct vault_index *index;
    int uses;                   /* 1: it has regions of the index */
    unsigned shared, exclusive; /* slots of the index that it has locked */
    /* a log */
    struct vault_handle *database;
    struct vault_recent *recent;            /* NULL: nothing was written yet */
    uint8_t header[VAULT_WAL_HEADER_BYTES]; /* a reader's: as it was when the log was opened; zeros: no log */
    sqlite3_int64 pending_at;               /* offset of the frame whose header waits in secret->pending; -1: none */
};

/* The shim as SQLite knows it, over the VFS beneath. */
struct vault_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *beneath;
    int alone; /* 1: no other process can have these files, so there is no lock file */
};

/* The base VFS's file object behind a handle. */
static inline sqlite3_file *vault_handle_real(struct vault_handle *h)
{
    return (sqlite3_file *)(void *)(h + 1);
}

/* Reads from the file beneath. SQLite takes EIO for a corrupt file (unixRead); but a disk that cannot be read now tells
 * nothing about its content, and nobody should restore a store from a backup for that (trap 16). */
static inline int vault_read(sqlite3_file *real, void *out, int count, sqlite3_int64 offset)
{
    int rc = real->pMethods->xRead(real, out, count, offset);
    return rc == SQLITE_IOERR_CORRUPTFS ? SQLITE_IOERR_READ : rc;
}

/* ---- vault_page.c ---- */

/* Derives the keys of the database file with this id: from the store's data key, or from its pages key alone. */
void vault_page_keys_of(struct vault_secret *s, const uint8_t pages[VAULT_KEY_BYTES], const uint8_t id[VAULT_ID_BYTES]);
void vault_page_keys(struct vault_secret *s, const uint8_t key[VAULT_KEY_BYTES], const uint8_t id[VAULT_ID_BYTES]);

/* 1: the page may be stored: its reserved bytes are zeros, and page 1 gives a vault's page size and reserve. */
int vault_page_fits(uint64_t number, const uint8_t page[VAULT_PAGE_BYTES]);

/* Seals page `number` (from 1) to its bytes on disk, and opens it again. The two buffers must not overlap. Opening
 * returns -1, and leaves zeros, if the tag fails. */
void vault_page_seal(const struct vault_secret *s, uint64_t number, const uint8_t page[VAULT_PAGE_BYTES],
                     uint8_t disk[VAULT_PAGE_BYTES]);
int vault_page_open(const struct vault_secret *s, uint64_t number, const uint8_t disk[VAULT_PAGE_BYTES],
                    uint8_t page[VAULT_PAGE_BYTES]);

/* For a new data key: vault_page_seal_with seals with a nonce that the caller answers for; vault_page_next_nonce
 * computes the nonce that page `number` gets under s, from the nonce and tag of its bytes on disk under the old key.
 * The same bytes give the same nonce, other bytes another. */
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

/* The data key for the next database that this thread opens through the shim, or its pages key alone; NULL takes it
 * back. */
void vault_vfs_key(const uint8_t *key);
void vault_vfs_pages_key(const uint8_t *pages);

/* ---- vault_wal.c ---- */

/* Opens the write-ahead log of the database h->secret came from; h->beneath is set. */
int vault_wal_open(struct vault_handle *h, const char *name, int flags, int *out_flags);

/* 1: the first frame of the write-ahead log called `name` opens under s. */
int vault_wal_vouches(sqlite3_vfs *beneath, struct vault_secret *s, const char *name);

/* Opens a reader's log, if there is one, for a transaction (returns SQLite's code), and closes it again. */
int vault_wal_take_up(struct vault_handle *log);
void vault_wal_put_down(struct vault_handle *log);

/* ---- vault_recent.c ---- */

/* Keeps a page and its frame, as they were written to the log at this offset. Without memory it keeps nothing. */
void vault_recent_keep(struct vault_handle *log, sqlite3_int64 offset, const uint8_t page[VAULT_PAGE_BYTES],
                       const uint8_t sealed[VAULT_FRAME_BYTES]);

/* 1: the frame that was read at this offset is the one that was kept, and page is filled; 0: it is another. */
int vault_recent_page(const struct vault_handle *log, sqlite3_int64 offset, const uint8_t disk[VAULT_FRAME_BYTES],
                      uint8_t page[VAULT_PAGE_BYTES]);
void vault_recent_forget(struct vault_handle *log);

/* ---- vault_shm.c ---- */

/* Gives an open database its index: the one that this process has for it, or a new one. SQLITE_BUSY: a new one is to
 * write, and another process writes. Leaving gives the index up; vault_shm_unmap has released the locks before. */
int vault_shm_join(struct vault_handle *h, int alone);
void vault_shm_leave(struct vault_handle *h);

/* 1: h reads, and this process does not write: its index is its own. */
int vault_shm_is_own(const struct vault_handle *h);
struct vault_share *vault_shm_share(const struct vault_handle *h);

/* 1: this process may remove the log of this name, as SQLite does after it has carried the log over. */
int vault_shm_may_delete(const char *log);

/* The log of database h. may_write: 1: h may write to it. log_begun: it has been begun anew on the disk, or (begun 0)
 * could not be. log_failed: it could not be synced, so that nobody knows what it holds: nothing is written to it any
 * more. */
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

/* Opens the lock file of the database at path and, if write, takes the store. SQLITE_BUSY: another process has it. */
int vault_share_open(struct vault_share *s, const char *path, int write);
void vault_share_close(struct vault_share *s);

/* The writing process keeps readers of other processes out, and lets them in when no reason is left. SQLITE_BUSY: a
 * reader is in; this waits for it at most 20 ms, once a second. VAULT_SHARE_RESTART stays a reason until s->begun. */
int vault_share_keep_out(struct vault_share *s, unsigned reason);
void vault_share_let_in(struct vault_share *s, unsigned reason);

/* A reader outside of the writing process enters and leaves. Entering waits a second at most (SQLITE_BUSY).
 * SQLITE_READONLY_DBMOVED: another database has taken the path. */
int vault_share_enter(struct vault_share *s, struct vault_handle *database);
void vault_share_leave(struct vault_share *s);

/* The same for a transaction, with its index (NULL: none yet). If nothing has changed since the reader rested, the
 * index is ready; otherwise SQLite makes it anew. vault_share_is_ready: 1: the index is ready; 0: it is not. */
int vault_share_wake(struct vault_share *s, struct vault_handle *database, uint8_t *index);
void vault_share_rest(struct vault_share *s, struct vault_handle *database, uint8_t *index);
int vault_share_is_ready(const uint8_t *index);

/* ---- vault_memory.c ---- */

/* Gives SQLite the allocator. Call it before sqlite3_initialize. Returns SQLite's code. */
int vault_memory_install(void);

/* ---- vault_scratch.c ---- */

/* Registers the VFS "satchel-scratch" over the one beneath. Returns SQLite's code. */
int vault_scratch_install(sqlite3_vfs *base);

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
