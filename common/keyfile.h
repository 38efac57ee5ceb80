/* The key file beside a store: its data key, wrapped once for each slot. docs/VAULT.md has the bytes.
 *
 * Replaced by write, fsync, rename, fsync of the folder; mode 0600. Slot types: passphrase (Argon2id). Room is left for
 * recovery and lease slots. It also carries the end of the device's own chain (authenticated under the data key), so
 * that an old copy of the store put back beside it is seen at the next opening. */
#ifndef SATCHEL_KEYFILE_H
#define SATCHEL_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define KEYFILE_KEY_BYTES 32
#define KEYFILE_PASSPHRASE_MIN 8    /* bytes */
#define KEYFILE_PASSPHRASE_MAX 1024 /* bytes */

enum keyfile_cost {
    KEYFILE_MODERATE, /* libsodium's MODERATE: what every program uses */
    KEYFILE_MINIMUM   /* for unit tests alone */
};

/* The end of the device's own chain as it was when last written. Zeroed: none yet. */
struct keyfile_head {
    uint64_t epoch;
    uint64_t seq;
    uint8_t hash[32];
};

/* All of these need vault_init or sodium_init first. Those that write take the lock of the file's folder. */

/* Makes a new key file at path with one passphrase slot around a fresh random data key, which is also returned in
 * key (zeroed on an error). Refuses to replace an existing file (E_EXISTS). Errors: E_INPUT (passphrase too short or
 * too long), E_NO_STORE (no such folder), E_IO, E_FULL, E_MEMORY (Argon2id got no memory). */
int keyfile_create(const char *path, const char *passphrase, size_t passphrase_bytes, enum keyfile_cost cost,
                   uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* Opens the data key with a passphrase. Errors: E_NO_STORE (no such file), E_WRONG_KEY (no slot opens: wrong
 * passphrase), E_VERIFY (not a key file, truncated, or its cost is out of bounds), E_MEMORY, E_IO. */
int keyfile_open(const char *path, const char *passphrase, size_t passphrase_bytes, uint8_t key[KEYFILE_KEY_BYTES],
                 struct error *e);

/* Rewrites the passphrase slot. key: the data key, already open. Errors as keyfile_create's, and E_VERIFY (key is not
 * this file's, or the file is damaged); on any of them the file is unchanged. */
int keyfile_change(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *passphrase,
                   size_t passphrase_bytes, enum keyfile_cost cost, struct error *e);

/* Reads or replaces the head. Errors: E_NO_STORE, E_VERIFY (damaged, or its tag fails under key), E_IO, E_FULL. */
int keyfile_head_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_head *head,
                     struct error *e);
int keyfile_head_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_head *head,
                     struct error *e);

#endif
