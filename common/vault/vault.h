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

/* Call it once in a process, before any other use of SQLite. It initialises libsodium, gives SQLite an allocator that
 * zeroes on free and takes pages of the cache from a locked slab (as far as RLIMIT_MEMLOCK allows), forbids core files
 * of this process (RLIMIT_CORE 0, PR_SET_DUMPABLE 0), and registers the VFS "satchel-vault". Another call does nothing.
 * Errors: E_INTERNAL, E_MEMORY. */
int vault_init(struct error *e);

enum {
    VAULT_CREATE = 1, /* make the store if there is none */
    VAULT_READ = 2    /* never write; VAULT_CREATE then has no effect */
};

/* Opens the encrypted database at path (UTF-8). With VAULT_CREATE it is made if it does not exist or is empty.
 * key: 32 bytes; the keys derived from it stay in locked memory and are zeroed when the handle closes. The handle is
 * ready for use: WAL, synchronous=FULL, foreign keys on, temp_store=MEMORY, and the key has been checked. cache_spill
 * is off and must stay so (docs/VAULT.md, trap 11), so the changes of one transaction have to fit into memory.
 *
 * The first handle that may write takes the store for this process, and the last one of those that share its index
 * gives it back. They see each other's commits; one of them writes at a time, and the others get SQLITE_BUSY. A handle
 * with VAULT_READ in another process reads meanwhile. Each of its transactions shows one commit, the last before the
 * transaction began; while the transaction lasts, the log cannot shrink.
 *
 * wait_ms: how long to wait for another process that has the store, and later, in each statement, for another handle.
 * *out is closed with vault_close. On an error it is NULL, and nothing in an existing store was changed. While a handle
 * is open, never open(2) the store's files in the same process: closing them would drop SQLite's locks. An empty file
 * `<path>-lock` is made beside the store and stays. Errors: E_NO_STORE (there is none and VAULT_CREATE is not given, or
 * no such folder), E_WRONG_KEY (also a file that is no store), E_BUSY, E_VERIFY (a page failed its tag, or there is a
 * log without its database), E_INPUT (path empty, too long, or no file), E_IO, E_FULL, E_MEMORY, E_INTERNAL (vault_init
 * was not called). */
int vault_open(sqlite3 **out, const char *path, const uint8_t key[VAULT_KEY_BYTES], int flags, int wait_ms,
               struct error *e);

/* Derives from a store's data key the key that opens its pages, and nothing else that is sealed under the data key. */
void vault_pages_key(const uint8_t key[VAULT_KEY_BYTES], uint8_t pages[VAULT_KEY_BYTES]);

/* Opens an empty database of this handle's own in a file that has no name and is gone with the handle, whatever becomes
 * of the process: for more than fits into memory, and is not to be kept. Its pages are sealed under a key that nobody
 * else has; sorted rows and temporary tables stay in memory. There is no journal: after an error, also of a single
 * statement, the handle is only closed, and a transaction in it is never rolled back; "PRAGMA journal_mode=MEMORY"
 * gives it one. folder: where the file lies, which the caller may write. *out is closed with vault_close; NULL after an
 * error. E_IO (as of a folder that cannot be written), E_FULL, E_MEMORY, E_INPUT (a path too long). */
int vault_open_scratch(sqlite3 **out, const char *folder, struct error *e);

/* Closes the handle (NULL is allowed) and zeroes its keys. */
void vault_close(sqlite3 *db);

/* Maps SQLite's last error on db to our code and one sentence: FULL -> E_FULL, BUSY/LOCKED -> E_BUSY, INTERRUPT ->
 * E_BUSY, a failed tag, CORRUPT or NOTADB -> E_VERIFY, NOMEM -> E_MEMORY, anything else -> E_IO. what: what we were
 * doing. The sentence never quotes SQL values. */
int vault_error(sqlite3 *db, const char *what, struct error *e);

#endif
