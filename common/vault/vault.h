/* The vault: SQLite databases encrypted page by page, by a VFS shim over the system's libsqlite3 and libsodium.
 *
 * The format and its reasons stand in docs/VAULT.md; the shim in vault_*.c. One process writes a store at a time, with
 * as many handles as it likes; any number of others read it meanwhile (VAULT_READ). SQLite's index of the log lies on
 * the heap: there is no -shm file. */
#ifndef SATCHEL_VAULT_H
#define SATCHEL_VAULT_H

#ifdef VAULT_EXTENSION
#include <sqlite3ext.h>
#else
#include <sqlite3.h>
#endif
#include <stdint.h>

#include "error.h"

#define VAULT_KEY_BYTES 32
#define VAULT_PAGE_BYTES 4096
#define VAULT_RESERVE_BYTES 40

/* Once in a process, before any other use of SQLite: initialises libsodium, sets SQLite's allocator to one that zeroes
 * on free and takes pages of the cache from a locked slab (best effort where RLIMIT_MEMLOCK is small), forbids core
 * files of this process (RLIMIT_CORE 0, PR_SET_DUMPABLE 0), and registers the VFS "satchel-vault". Calling it again
 * does nothing. Errors: E_INTERNAL, E_MEMORY. */
int vault_init(struct error *e);

enum {
    VAULT_CREATE = 1, /* make the store where there is none */
    VAULT_READ = 2    /* never write; VAULT_CREATE then says nothing */
};

/* Opens the encrypted database at path (UTF-8). With VAULT_CREATE it is made where it does not exist, or is empty.
 * key: 32 bytes; what is derived from it stays in locked memory and is zeroed when the handle closes. The handle is
 * ready for use: WAL, synchronous=FULL, foreign keys on, temp_store=MEMORY, and the key has been checked. cache_spill
 * is off and must stay so (docs/VAULT.md, trap 11): what one transaction changes has to fit into memory.
 *
 * The first handle that may write takes the store for this process, and the last one of those that share its index
 * gives it back; they see each other's commits, and one writes at a time (SQLITE_BUSY for the others). A handle with
 * VAULT_READ in another process reads without hindering it, but for this: while a transaction of such a reader lasts
 * the log only grows. Each transaction shows one commit, the last before it began.
 *
 * wait_ms: how long to wait for another process that holds the store, and then in each statement for another handle.
 * *out is closed with vault_close; it is NULL on an error, and then nothing in an existing store was changed. While a
 * handle is open, never open(2) the store's files in the same process: closing them would drop SQLite's locks. Beside
 * the store an empty file `<path>-lock` is made, which stays. Errors: E_NO_STORE (absent and not to be made, or no such
 * folder), E_WRONG_KEY (also a file that is no store), E_BUSY, E_VERIFY (a page failed its tag, or there is a log
 * without its database), E_INPUT (path empty, too long, or no file), E_IO, E_FULL, E_MEMORY, E_INTERNAL (vault_init was
 * not called). */
int vault_open(sqlite3 **out, const char *path, const uint8_t key[VAULT_KEY_BYTES], int flags, int wait_ms,
               struct error *e);

/* Attaches the store at path, which has its own key, to db under this schema name; DETACH takes it away. It is
 * read-only where db is. Not within a transaction. Each store commits by itself: a transaction over both is one for
 * everybody who reads meanwhile in one of them, and after a crash one store may have it and the other not. Errors as
 * vault_open's, E_NO_STORE also where path is to be made, E_BUSY without waiting, E_IO also for a name that is taken.
 */
int vault_attach(sqlite3 *db, const char *path, const uint8_t key[VAULT_KEY_BYTES], const char *schema,
                 struct error *e);

/* Closes the handle (NULL is allowed) and drops its key. */
void vault_close(sqlite3 *db);

/* Maps what SQLite said last on db to our codes and one sentence: FULL -> E_FULL, BUSY/LOCKED -> E_BUSY, a failed tag,
 * CORRUPT or NOTADB -> E_VERIFY, NOMEM -> E_MEMORY, anything else -> E_IO. what: what we were doing. Never quotes SQL
 * values. */
int vault_error(sqlite3 *db, const char *what, struct error *e);

#endif
