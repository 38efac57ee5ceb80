/* What the files of the vault share among themselves. Nothing outside common/vault*.c, common/keyfile*.c and their
 * tests includes this.
 *
 *   vault.c         opening, closing, words for errors
 *   vault_vfs.c     the VFS "satchel-vault" and the database file
 *   vault_wal.c     the write-ahead log's file
 *   vault_page.c    bytes on disk: keys, pages, frames
 *   vault_memory.c  SQLite's allocator: zeroed on free, pages in a locked slab
 *   vault_file.c    small files that are replaced as a whole, under a lock of their folder */
#ifndef SATCHEL_VAULT_PRIVATE_H
#define SATCHEL_VAULT_PRIVATE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "vault.h"

#define VAULT_ID_BYTES 16
#define VAULT_BODY_BYTES (VAULT_PAGE_BYTES - VAULT_RESERVE_BYTES) /* what is sealed of a page */
#define VAULT_WAL_HEADER_BYTES 32
#define VAULT_FRAME_HEADER_BYTES 24
#define VAULT_FRAME_BYTES (VAULT_FRAME_HEADER_BYTES + VAULT_PAGE_BYTES)
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

/* One file that SQLite has open; the base VFS's own file object follows it in memory. */
struct vault_handle {
    sqlite3_file base;
    struct vault_secret *secret; /* a database's own; a write-ahead log borrows its database's */
    const char *name;            /* SQLite's, valid while the file is open */
    sqlite3_vfs *beneath;
    sqlite3_int64 held_at; /* offset of the frame whose header is held in secret->held; -1: none */
    int checked;           /* the key was seen to fit */
};

/* The base VFS's file object behind a handle. */
static inline sqlite3_file *vault_handle_real(struct vault_handle *h)
{
    return (sqlite3_file *)(void *)(h + 1);
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

/* The same for a frame of the write-ahead log at a file offset. Sealing works in s->plain; opening changes disk. */
void vault_page_seal_frame(struct vault_secret *s, sqlite3_int64 offset, const uint8_t header[VAULT_FRAME_HEADER_BYTES],
                           const uint8_t page[VAULT_PAGE_BYTES], uint8_t disk[VAULT_FRAME_BYTES]);
int vault_page_open_frame(const struct vault_secret *s, sqlite3_int64 offset, uint8_t disk[VAULT_FRAME_BYTES],
                          uint8_t frame[VAULT_FRAME_BYTES]);

/* The only page of an empty database in WAL mode, as SQLite sees it. */
void vault_page_first(uint8_t page[VAULT_PAGE_BYTES]);

/* ---- vault_vfs.c ---- */

/* Fills vfs (which must live as long as the process) with the shim over base; the caller registers it. */
void vault_vfs_fill(sqlite3_vfs *vfs, const char *name, sqlite3_vfs *base);

/* The key for the next database that this thread opens through the shim; NULL takes it back. */
void vault_vfs_key(const uint8_t *key);

/* ---- vault_wal.c ---- */

/* Opens the write-ahead log of the database h->secret came from; h->beneath is set. */
int vault_wal_open(struct vault_handle *h, const char *name, int flags, int *out_flags);

/* 1 where frame 1 of the write-ahead log beside `name` (the log's own name) opens under s. */
int vault_wal_vouches(sqlite3_vfs *beneath, struct vault_secret *s, const char *name);

/* ---- vault_memory.c ---- */

/* Hands SQLite the allocator; before sqlite3_initialize. Returns SQLite's code. */
int vault_memory_install(void);

/* ---- vault_file.c ---- */

/* Opens path's folder and waits for its lock (flock), so that whoever replaces files there takes turns. *folder is
 * closed with vault_file_unlock. Errors: E_NO_STORE (no such folder), E_INPUT (the path is too long), E_IO. */
int vault_file_lock(const char *path, int *folder, struct error *e);
void vault_file_unlock(int folder);

/* Replaces the file at path, in the locked folder, with these bytes, so that a crash leaves the old or the new: write
 * to path.new, fsync, rename, fsync of the folder; mode 0600. Errors: E_INPUT (name too long), E_IO, E_FULL. */
int vault_file_replace(int folder, const char *path, const void *bytes, size_t count, struct error *e);

/* ---- vault.c ---- */

/* vault_open without the parts that touch the file system: opens the existing database at path, an absolute one,
 * through the named shim. Errors as vault_open's. */
int vault_open_through(sqlite3 **out, const char *shim, const char *path, const uint8_t key[VAULT_KEY_BYTES],
                       int wait_ms, struct error *e);

#endif
