/* A new data key for a store: every page is sealed anew, and the key file is made anew. It is for the case that
 * somebody may have had a key: a copy of the old key file with an old passphrase opens nothing that is written from now
 * on.
 *
 * `<db>.next` and `<keys>.next` are made beside the store, then take its place, the database first. The job can be
 * killed at any moment and called again: pages in `.next` are kept if they still fit the store, whether or not the
 * store was changed meanwhile. docs/VAULT.md has the bytes. */
#ifndef SATCHEL_REKEY_H
#define SATCHEL_REKEY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "keyfile.h"

struct rekey_options {
    const char *db, *keys;      /* the paths of the store's two files */
    struct keyfile_opener with; /* opens the key file, and afterwards the new one */
    enum keyfile_cost cost;     /* of the passphrase's new slot */
    uint64_t now_ms;            /* for the lease, and for wrong passphrases */
    /* Returns 1 if the office signed this pair of recovery officers. Other pairs are dropped, since nothing in a key
     * file vouches for them. NULL: all are dropped. */
    int (*holds)(void *context, const struct keyfile_pair *pair);
    /* Called at least once for each page, and between the other steps. May be NULL. */
    void (*progress)(void *context, uint64_t pages_done, uint64_t pages);
    /* Called before the files change places with the new database and both data keys, to seal anew what stands in the
     * database under the old data key. It opens the database, and has closed it when it returns. After a crash it is
     * called again, over a new copy of the old database. Returns 0 or an error code. NULL: there is nothing. */
    int (*renew)(void *context, const char *db, const uint8_t old_key[KEYFILE_KEY_BYTES],
                 const uint8_t key[KEYFILE_KEY_BYTES], struct error *e);
    void *context; /* for all three */
};

/* Does the whole job. The caller has closed the store in this process; if another process has it open, that is E_BUSY.
 * Until the job is done nobody else can open the store. key becomes the new data key; *dropped (may be NULL) the number
 * of slots that could not be made again: those of other persons and programs, pairs that do not hold, types of a later
 * version. On an error the store is unchanged and nothing is left beside it, but for E_IO while the files change
 * places: then the next call, or rekey_finish, completes the job. Errors: E_NO_STORE, E_WRONG_KEY, E_LOCKED (as
 * keyfile_open), E_BUSY, E_VERIFY (a page or the key file is damaged), E_FULL (there must be room for a second
 * database), E_IO, E_MEMORY, E_INPUT. */
int rekey_run(const struct rekey_options *o, uint8_t key[KEYFILE_KEY_BYTES], size_t *dropped, struct error *e);

/* Completes a job that died after only the database had changed places. Call it if vault_open says E_WRONG_KEY although
 * the key file opened. It takes little time; cost and progress are not used. Errors: E_NOT_FOUND (there is no such job,
 * so the key was wrong indeed), E_WRONG_KEY (the database is not of that job either), and as rekey_run; nothing was
 * changed then. */
int rekey_finish(const struct rekey_options *o, uint8_t key[KEYFILE_KEY_BYTES], size_t *dropped, struct error *e);

#endif
