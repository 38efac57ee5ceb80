/* The key file beside a store: the store's data key, wrapped once for each slot. docs/VAULT.md has the bytes.
 *
 * Slots hold the data key for persons (passphrases, which a lease may bind to an end), for programs (a secret in a
 * file), and for two officers together (recovery). A slot for reports holds the pages key alone (vault_pages_key), from
 * which nothing can be opened but pages. The file also carries the laptop's lease, the count of wrong
 * passphrases, and the end of the device's own chain (sealed under the data key), so that an old copy of the store put
 * back beside it is noticed at the next opening.
 *
 * Every change replaces the whole file: write, fsync, rename, fsync of the folder; mode 0600.
 *
 * Call vault_init or sodium_init first. Functions that write take the lock of the file's folder (file.h), so their
 * caller must not hold it. A key is KEYFILE_KEY_BYTES long; the caller keeps keys, secrets and passphrases in locked
 * memory and zeroes them. Nothing that is handed in is kept. Times are milliseconds since 1970.
 *
 * Errors of every function here: E_NO_STORE (no such file or folder), E_VERIFY (not a key file, a damaged one, or one
 * that asks for more work than any key file does), E_IO. Functions that write add E_FULL and E_LIMIT (no room for
 * another slot). Functions that are given the data key add E_VERIFY (the key is not this file's). On an error the file
 * is unchanged, and every key or secret that was to be returned is zeros. */
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
    KEYFILE_ATTEMPTS = 5, /* wrong passphrases; not authenticated */
    KEYFILE_REPORTS = 6   /* opens pages alone */
};
/* The type's name, as `key list` has it: "passphrase", "recovery", "lease", "key file", "attempts", "reports"; "newer":
 * this program does not know it. */
const char *keyfile_type_name(uint8_t type);

/* The end of the device's own chain when it was last written down. All zeros: none yet. */
struct keyfile_chain_end {
    uint64_t epoch;
    uint64_t seq;
    uint8_t hash[32];
};

/* A passphrase as it was typed; it need not end with a NUL. */
struct keyfile_passphrase {
    const char *bytes;
    size_t size;
};

/* A passphrase that somebody tries now. */
struct keyfile_attempt {
    struct keyfile_passphrase passphrase;
    uint64_t now_ms;
};

/* A passphrase that shall open the file from now on. */
struct keyfile_new_passphrase {
    struct keyfile_passphrase passphrase;
    const char *label; /* whose it is */
    enum keyfile_cost cost;
    const uint8_t *link; /* the laptop's Noise secret, 32 bytes: the lease binds the slot. NULL: no lease binds it */
};

/* Something that opens a key file: a secret of 32 bytes, or, if secret is NULL, a passphrase. */
struct keyfile_opener {
    struct keyfile_passphrase passphrase;
    const uint8_t *secret;
};

struct keyfile_slot {
    uint64_t passes, memory_bytes;
    struct id officers[2]; /* of a recovery slot, otherwise zeros */
    int leased;
    uint8_t number;
    uint8_t type; /* enum keyfile_type, or one that this program does not know */
    char label[KEYFILE_LABEL_MAX + 1];
};

/* What keyfile_open returns beside the key. */
struct keyfile_opened {
    uint8_t slot; /* its number */
    char label[KEYFILE_LABEL_MAX + 1];
    uint64_t wrong;    /* wrong passphrases since the last right one */
    uint64_t wrong_ms; /* when the last of them was tried; 0: none */
};

struct keyfile_lease {
    uint8_t secret[32]; /* zeros: erased */
    uint64_t until_ms;  /* the lease is over from this time on */
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
 * key. first->link must be NULL. Errors: E_EXISTS (there is a file already; it is left as it is), E_INPUT (passphrase
 * too short or too long, or a bad label), E_MEMORY (Argon2id got no memory). */
int keyfile_create(const char *path, const struct keyfile_new_passphrase *first, uint8_t key[KEYFILE_KEY_BYTES],
                   struct error *e);

/* Opens the data key with a passphrase. Wrong passphrases are counted in the file. From the fourth on each attempt is
 * counted first and then waits: this function sleeps until min(2^(n-3), 60) seconds have gone by since the n-th. If
 * the file cannot be written, it opens all the same and nothing is counted. opened may be NULL; it is filled on success
 * alone, and success ends the count. Errors: E_WRONG_KEY (no slot opens: wrong passphrase), E_LOCKED (the passphrase is
 * right, but the lease has ended: its secret is gone, or was erased now; go on with keyfile_open_link and
 * keyfile_lease_renew), E_VERIFY (also: the lease was altered; keyfile_lease_renew mends it), E_MEMORY. */
int keyfile_open(const char *path, const struct keyfile_attempt *attempt, uint8_t key[KEYFILE_KEY_BYTES],
                 struct keyfile_opened *opened, struct error *e);

/* Returns how many seconds the next keyfile_open would sleep, rounded up, at most 60; 0 if the file cannot be read. */
unsigned keyfile_wait_s(const char *path, uint64_t now_ms);

/* Opens the link (the laptop's Noise secret) with a leased slot's passphrase, whether or not the lease has ended.
 * Counts and waits as keyfile_open does, but a right passphrase does not end the count. Errors: E_NOT_FOUND (the slot
 * is not leased), E_WRONG_KEY, E_MEMORY. */
int keyfile_open_link(const char *path, const struct keyfile_attempt *attempt, uint8_t link[32], struct error *e);

/* Gives passphrase slot number `slot` a new passphrase; the slot keeps its number and its label (fresh->label is not
 * used). key: the data key. Errors: E_NOT_FOUND (no such passphrase slot; or there is a link and there never was a
 * lease), E_LOCKED (there is a link and the lease has ended), E_INPUT, E_MEMORY. */
int keyfile_change(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t slot,
                   const struct keyfile_new_passphrase *fresh, struct error *e);

/* Adds a person's passphrase. Errors as keyfile_change's, and E_INPUT for a bad label. */
int keyfile_add_passphrase(const char *path, const uint8_t key[KEYFILE_KEY_BYTES],
                           const struct keyfile_new_passphrase *fresh, struct error *e);

/* ---- secrets in files (secretfile.h) ---- */

/* Adds a slot for 32 random bytes. No lease binds it. E_INPUT: a bad label. */
int keyfile_add_secret(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *label,
                       const uint8_t secret[32], struct error *e);

/* Opens the data key with a secret. Nothing is counted: nobody guesses 32 random bytes. E_WRONG_KEY: no slot opens. */
int keyfile_open_secret(const char *path, const uint8_t secret[32], uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* Adds a slot for 32 random bytes that opens the pages key alone. E_INPUT: a bad label. */
int keyfile_add_reports(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *label,
                        const uint8_t secret[32], struct error *e);

/* Opens the pages key with the secret of a reports slot; a secret that opens more is refused, since whoever asks is no
 * program of ours. E_WRONG_KEY: no such slot opens. E_REFUSED: the secret opens the data key. */
int keyfile_open_reports(const char *path, const uint8_t secret[32], uint8_t pages[KEYFILE_KEY_BYTES], struct error *e);

/* ---- slots ---- */

/* Removes a passphrase's, a secret's or a reports slot. Errors: E_NOT_FOUND (no such slot of these types), E_REFUSED
 * (nothing but recovery would be left). */
int keyfile_remove(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t slot, struct error *e);

/* Lists the slots as they stand in the file, unverified: the first max of them go to out, and *count is how many there
 * are. Slot numbers are unique among the types of enum keyfile_type. */
int keyfile_list(const char *path, struct keyfile_slot *out, size_t max, size_t *count, struct error *e);

/* ---- recovery by two officers ---- */

/* Lists the pairs that recovery slots are for. Nothing in the list is proved: whoever writes the file can alter it.
 * Errors: E_NO_STORE, E_VERIFY, E_IO. */
int keyfile_recovery_pairs(const char *path, struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], size_t *count,
                           struct error *e);
/* Replaces all recovery slots by one for each pair; count 0 removes them. If exactly these pairs are there already, in
 * any order, nothing is written. The caller has checked the office's signature of each. Errors: E_LIMIT (more than
 * KEYFILE_PAIRS_MAX), E_INPUT (a pair twice, a pair of one officer or of one key, or a public key that is none). */
int keyfile_recovery_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_pair *pairs,
                         size_t count, struct error *e);

/* Opens the data key with the X25519 secrets of two officers, in either order; officers[0] becomes the one whose
 * secret_a is. No signature is checked, but the key is proved to be this file's. Errors: E_NOT_FOUND (no recovery
 * slot), E_WRONG_KEY (no pair of these two; one officer's secret twice opens nothing). */
int keyfile_open_recovery(const char *path, const uint8_t secret_a[32], const uint8_t secret_b[32],
                          uint8_t key[KEYFILE_KEY_BYTES], struct id officers[2], struct error *e);

/* ---- the lease: the time that counts is the later of now_ms and seen_ms ---- */

/* Makes or replaces the device slot, with seen_ms as it is given: the office's word sets a clock right that once ran
 * ahead. A secret of zeros ends the lease. If the same lease is there already, nothing is written. Errors: E_REFUSED
 * (leased slots were made with another secret; an office always gives one device the same). */
int keyfile_lease_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_lease *lease,
                      struct error *e);

/* Verifies the lease and raises its seen_ms, which is written at most once a minute; a file that cannot be written is
 * no error. Errors: E_NOT_FOUND (no lease, and no slot is leased), E_LOCKED (the lease is over and its secret has been
 * erased, or somebody removed the device slot), E_VERIFY (altered). */
int keyfile_lease_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint64_t now_ms,
                      struct keyfile_lease *out, struct error *e);

/* Opens the data key with a passphrase and a lease that the office gave, and puts that lease into the device slot.
 * Errors as keyfile_open's, and E_LOCKED (the office gave no lease, or one that is over), E_VERIFY (the office gave
 * another device's lease). */
int keyfile_lease_renew(const char *path, const struct keyfile_attempt *attempt, const struct keyfile_lease *lease,
                        uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_opened *opened, struct error *e);

/* ---- the end of the device's chain ---- */

/* Read or replace it. E_VERIFY: damaged, or its tag fails under key. */
int keyfile_chain_end_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_chain_end *end,
                          struct error *e);
int keyfile_chain_end_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_chain_end *end,
                          struct error *e);

#endif
