/* The key file beside a store: its data key, wrapped once for each slot. docs/VAULT.md has the bytes.
 *
 * Replaced by write, fsync, rename, fsync of the folder; mode 0600. Slots hold the data key for persons (passphrases,
 * which a lease may bind to an end), for programs (a secret in a file), and for two officers together (recovery). The
 * file also carries the laptop's lease, the count of wrong passphrases, and the end of the device's own chain
 * (authenticated under the data key), so that an old copy of the store put back beside it is seen at the next opening.
 *
 * All of these need vault_init or sodium_init first. Those that write take the lock of the file's folder: nobody who
 * holds it may call them. Errors that all of them share: E_NO_STORE (no such file or folder), E_VERIFY (not a key
 * file, damaged, or it asks for more work than any key file does), E_IO, and where they write E_FULL and E_LIMIT (no
 * room for another slot). Whoever hands in key: E_VERIFY also says that it is not this file's. On an error the file is
 * as it was, and every secret that was to be returned is zeros. Times are milliseconds since 1970. */
#ifndef SATCHEL_KEYFILE_H
#define SATCHEL_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "id.h"

#define KEYFILE_KEY_BYTES 32
#define KEYFILE_PASSPHRASE_MIN 8    /* bytes */
#define KEYFILE_PASSPHRASE_MAX 1024 /* bytes */
#define KEYFILE_LABEL_MAX 32        /* bytes of a slot's label, UTF-8 without control characters */
#define KEYFILE_PAIRS_MAX 10
#define KEYFILE_SLOTS_MAX 126 /* as many as fit into any key file */

enum keyfile_cost {
    KEYFILE_MEASURED, /* libsodium's MODERATE, with passes raised until one opening takes about 0.4 s here; at most 16
                       */
    KEYFILE_MINIMUM   /* for unit tests alone */
};

enum keyfile_type {
    KEYFILE_PASSPHRASE = 1,
    KEYFILE_RECOVERY = 2,
    KEYFILE_DEVICE = 3, /* the lease */
    KEYFILE_SECRET = 4,
    KEYFILE_ATTEMPTS = 5 /* wrong passphrases; not authenticated */
};

/* The end of the device's own chain as it was when last written. Zeroed: none yet. */
struct keyfile_head {
    uint64_t epoch;
    uint64_t seq;
    uint8_t hash[32];
};

struct keyfile_slot {
    uint64_t passes, memory_bytes;
    struct id officers[2]; /* of a recovery slot, otherwise zeros */
    int leased;
    uint8_t number;
    uint8_t type; /* enum keyfile_type, or one that this program does not know */
    char label[KEYFILE_LABEL_MAX + 1];
};

struct keyfile_opened {
    uint8_t slot;
    char label[KEYFILE_LABEL_MAX + 1];
    uint64_t wrong;    /* wrong passphrases since the last right one */
    uint64_t wrong_ms; /* when the last of them was tried; 0: none */
};

struct keyfile_lease {
    uint8_t secret[32]; /* zeros: erased */
    uint64_t until_ms;  /* its end: from then on it is over */
    uint64_t seen_ms;   /* the latest time that this laptop ever saw */
};

/* Two officers who open a store together. The office signed the pair; keyfile_* carries the signature and does not
 * check it. */
struct keyfile_pair {
    struct id officers[2];
    uint8_t public_keys[2][32]; /* X25519 */
    uint8_t signature[64];
};

/* ---- passphrases ---- */

/* Makes a new key file at path with one passphrase slot around a fresh random data key, which is also returned in
 * key. Refuses to replace an existing file (E_EXISTS). Errors: E_INPUT (passphrase too short or too long, or the label
 * is none), E_MEMORY (Argon2id got no memory). */
int keyfile_create(const char *path, const char *label, const char *passphrase, size_t passphrase_bytes,
                   enum keyfile_cost cost, uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* Opens the data key with a passphrase. Wrong ones are counted in the file; from the fourth on each try is counted
 * first and then waits (it sleeps in here) until min(2^(n-3), 60) seconds have gone by since the n-th. A file that
 * cannot be written opens as well, and counts nothing. opened may be NULL; it is filled on success alone, which also
 * ends the count. Errors: E_WRONG_KEY (no slot opens: wrong passphrase), E_LOCKED (the passphrase is right, and the
 * lease has ended: the lease secret is gone, or was erased now; keyfile_open_link and keyfile_lease_renew go on),
 * E_VERIFY (also: the lease was altered; keyfile_lease_renew mends it), E_MEMORY. */
int keyfile_open(const char *path, const char *passphrase, size_t passphrase_bytes, uint64_t now_ms,
                 uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_opened *opened, struct error *e);

/* How many seconds the next keyfile_open would sleep, rounded up, at most 60; 0 where that is unknown. */
unsigned keyfile_wait_s(const char *path, uint64_t now_ms);

/* With a leased slot's passphrase, whether or not the lease has ended: the laptop's Noise secret. Counts and waits as
 * keyfile_open does, but a right passphrase does not end the count. Errors: E_NOT_FOUND (the slot is not leased),
 * E_WRONG_KEY, E_MEMORY. */
int keyfile_open_link(const char *path, const char *passphrase, size_t passphrase_bytes, uint64_t now_ms,
                      uint8_t link[32], struct error *e);

/* Rewrites passphrase slot `slot`, which keeps its number and label. key: the data key, already open. link: the
 * laptop's Noise secret, which makes the slot a leased one; NULL: not leased. Errors: E_NOT_FOUND (no such passphrase
 * slot; or link is given and there was never a lease), E_LOCKED (link is given and the lease has ended), E_INPUT,
 * E_MEMORY. */
int keyfile_change(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t slot, const char *passphrase,
                   size_t passphrase_bytes, enum keyfile_cost cost, const uint8_t *link, struct error *e);

/* Adds a person. Errors as keyfile_change's. */
int keyfile_add_passphrase(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *label,
                           const char *passphrase, size_t passphrase_bytes, enum keyfile_cost cost, const uint8_t *link,
                           struct error *e);

/* ---- secrets in files (secretfile.h) ---- */

/* Adds a slot for 32 random bytes; E_INPUT for a bad label. No lease binds it. */
int keyfile_add_secret(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *label,
                       const uint8_t secret[32], struct error *e);

/* E_WRONG_KEY: no slot opens with it. Nothing is counted: nobody guesses 32 random bytes. */
int keyfile_open_secret(const char *path, const uint8_t secret[32], uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* ---- slots ---- */

/* Removes a passphrase's or a secret's slot. Errors: E_NOT_FOUND (no such slot of these two types), E_REFUSED (nothing
 * but recovery would be left). */
int keyfile_remove(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t slot, struct error *e);

/* What stands in the file, unverified: the first max slots go to out, *count is how many there are. Slot numbers are
 * unique among the types of enum keyfile_type. */
int keyfile_list(const char *path, struct keyfile_slot *out, size_t max, size_t *count, struct error *e);

/* ---- recovery by two officers ---- */

/* Replaces all recovery slots by one for each pair; count 0 removes them. Nothing is written where the pairs are there
 * already, in any order. The caller has checked the office's signature of each. Errors: E_LIMIT (more than
 * KEYFILE_PAIRS_MAX), E_INPUT (a pair twice, of one officer or of one key, or a key that is none). */
int keyfile_recovery_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_pair *pairs,
                         size_t count, struct error *e);

/* Opens with the X25519 secrets of two officers, in either order; officers[0] is whose secret_a is. No signature is
 * checked, but the key is seen to be this file's. Errors: E_NOT_FOUND (no recovery slot), E_WRONG_KEY (no pair of these
 * two: one officer's secret twice opens nothing). */
int keyfile_open_recovery(const char *path, const uint8_t secret_a[32], const uint8_t secret_b[32],
                          uint8_t key[KEYFILE_KEY_BYTES], struct id officers[2], struct error *e);

/* ---- the lease: the time that counts is the later of now_ms and seen_ms ---- */

/* Makes or replaces the device slot, seen_ms as given: what the office says sets a clock right that once ran ahead. A
 * zero secret ends the lease. Nothing is written where it stands there already. Errors: E_REFUSED (leased slots were
 * made with another secret; an office gives one device always the same). */
int keyfile_lease_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_lease *lease,
                      struct error *e);

/* Verifies the lease and raises its seen_ms; writes that at most once a minute, and goes on where it cannot. Errors:
 * E_NOT_FOUND (none, and no slot is leased), E_LOCKED (over: its secret has been erased, or somebody took the device
 * slot away), E_VERIFY (altered). */
int keyfile_lease_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint64_t now_ms,
                      struct keyfile_lease *out, struct error *e);

/* With a lease from the office and the passphrase: opens, and puts the lease into the device slot. As keyfile_open, and
 * E_LOCKED (the office gave no lease, or one that is over), E_VERIFY (it gave another device's). */
int keyfile_lease_renew(const char *path, const char *passphrase, size_t passphrase_bytes,
                        const struct keyfile_lease *lease, uint64_t now_ms, uint8_t key[KEYFILE_KEY_BYTES],
                        struct keyfile_opened *opened, struct error *e);

/* ---- the head ---- */

/* Reads or replaces the head. E_VERIFY: damaged, or its tag fails under key. */
int keyfile_head_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_head *head,
                     struct error *e);
int keyfile_head_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_head *head,
                     struct error *e);

#endif
