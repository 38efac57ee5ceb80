/* The vault: SQLite databases encrypted page by page, by a VFS shim over the system's libsqlite3 and libsodium.
 *
 * The format and its reasons stand in docs/VAULT.md; the shim in vault_*.c. One process opens a store at a time
 * (locking_mode=EXCLUSIVE, WAL index on the heap, no -shm file); a second one waits and then gets E_BUSY. */
#ifndef SATCHEL_VAULT_H
#define SATCHEL_VAULT_H

#include <sqlite3.h>
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

/* Opens the encrypted database at path (UTF-8), creating it if create is not 0 and it does not exist (or is empty).
 * key: 32 bytes; what is derived from it stays in locked memory and is zeroed when the handle closes. The handle is
 * ready for use: WAL, synchronous=FULL, foreign keys on, temp_store=MEMORY, exclusive locking, and the key has been
 * checked. cache_spill is off and must stay so (docs/VAULT.md, trap 11): what one transaction changes has to fit into
 * memory. wait_ms: how long to wait for another process that holds the store. *out is closed with vault_close; it is
 * NULL on an error, and then nothing in an existing store was changed. While a handle is open, never open(2) the
 * store's files in the same process: closing them would drop SQLite's locks. Errors: E_NO_STORE (absent and not create,
 * or no such folder), E_WRONG_KEY (also a file that is no store), E_BUSY, E_VERIFY (a page failed its tag, or there is
 * a log without its database), E_INPUT (path empty, too long, or no file), E_IO, E_FULL, E_MEMORY, E_INTERNAL
 * (vault_init was not called). */
int vault_open(sqlite3 **out, const char *path, const uint8_t key[VAULT_KEY_BYTES], int create, int wait_ms,
               struct error *e);

/* Closes the handle (NULL is allowed) and drops its key. */
void vault_close(sqlite3 *db);

/* Maps what SQLite said last on db to our codes and one sentence: FULL -> E_FULL, BUSY/LOCKED -> E_BUSY, a failed tag,
 * CORRUPT or NOTADB -> E_VERIFY, NOMEM -> E_MEMORY, anything else -> E_IO. what: what we were doing. Never quotes SQL
 * values. */
int vault_error(sqlite3 *db, const char *what, struct error *e);

#endif
