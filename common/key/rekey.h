/* A new data key for a store: every page is sealed anew, and the key file made anew. For when somebody may have had a
 * key: a copy of the old key file with an old passphrase opens nothing that is written from now on.
 *
 * `<db>.next` and `<keys>.next` are made beside the store, then take its place, the database first. The job can be
 * killed at any moment and be called again: what stands in `.next` already is kept where it is still true, whether or
 * not the store was changed meanwhile. docs/VAULT.md has the bytes. */
#ifndef SATCHEL_REKEY_H
#define SATCHEL_REKEY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "keyfile.h"

struct rekey_options {
    const char *db, *keys;  /* the store's two files */
    const uint8_t *secret;  /* 32 bytes that open a slot; NULL: the passphrase does */
    const char *passphrase; /* it opens the new key file as well */
    size_t passphrase_bytes;
    enum keyfile_cost cost; /* of the passphrase's new slot */
    uint64_t now_ms;        /* for the lease, and for wrong passphrases */
    /* Not 0 where the office signed this pair of recovery officers. Pairs that nobody answers for are dropped, since
     * nothing in a key file vouches for them. NULL: all of them. */
    int (*holds)(void *context, const struct keyfile_pair *pair);
    /* Called at least once for each page, and between the other steps. NULL: nobody looks. */
    void (*progress)(void *context, uint64_t pages_done, uint64_t pages);
    void *context; /* for both */
};

/* Does the whole job. The store is closed: in this process by the caller, in others or it is E_BUSY; until it is done
 * nobody else can open it. The new data key goes to key, the number of slots that could not be made again (other
 * persons, other programs, pairs that do not hold, types of a later version) to *dropped, which may be NULL. On an
 * error the store is as it was and nothing is left beside it; but for E_IO while the files change places: then the next
 * call, or rekey_finish, ends the job. Errors: E_NO_STORE, E_WRONG_KEY, E_LOCKED (as keyfile_open), E_BUSY, E_VERIFY (a
 * page or the key file is damaged), E_FULL (there must be room for a second database), E_IO, E_MEMORY, E_INPUT. */
int rekey_run(const struct rekey_options *o, uint8_t key[KEYFILE_KEY_BYTES], size_t *dropped, struct error *e);

/* When vault_open says E_WRONG_KEY although the key file opened: ends a job that died when only the database had
 * changed places. Cheap; cost and progress are not used. Errors: E_NOT_FOUND (no such job: E_WRONG_KEY it was),
 * E_WRONG_KEY (the database is not of that job either), and as rekey_run; nothing was changed. */
int rekey_finish(const struct rekey_options *o, uint8_t key[KEYFILE_KEY_BYTES], size_t *dropped, struct error *e);

#endif
