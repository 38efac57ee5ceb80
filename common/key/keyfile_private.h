/* What the files of the key file share among themselves. Nothing outside common/keyfile*.c, their tests and their
 * fuzzer includes this.
 *
 *   keyfile.c           what others call about passphrases, secrets and slots; the head
 *   keyfile_image.c     the file as a whole: reading, checking, replacing, its list of slots
 *   keyfile_slot.c      the bytes of a passphrase's and a secret's slot
 *   keyfile_attempts.c  wrong passphrases: counting, waiting
 *   keyfile_lease.c     the device slot
 *   keyfile_recovery.c  two officers together
 *   keyfile_next.c      the key file that takes another's place
 *
 * The file (integers are little endian):
 *
 *   0    16   "satchel keys 1\n" and a zero
 *   16   24   nonce of the head
 *   40   48   the head, sealed: epoch 8, seq 8, hash 32
 *   88   16   tag of the head; its key is derived from the data key, its additional data are bytes 0 to 15
 *   104  ...  slots, one after the other, to the end of the file
 *
 * A slot begins with a header of 64 bytes, the additional data of what it wraps:
 *
 *   0    4    "SLOT"
 *   4    1    version, 1
 *   5    1    number of the slot
 *   6    1    type: enum keyfile_type
 *   7    1    cipher of the store: 1 XChaCha20-Poly1305
 *   8    4    bytes of this slot with its header
 *   12   4    Argon2id: passes; zero where there is no passphrase
 *   16   8    Argon2id: bytes of memory; the same
 *   24   1    1: leased
 *   25   7    zero
 *   32   32   label, UTF-8, padded with zeros
 *
 * Slots of a type that this program does not know are carried along untouched. The head is sealed from the beginning,
 * zeros while there is none, so that nobody can say "none yet" by wiping it. */
#ifndef SATCHEL_KEYFILE_PRIVATE_H
#define SATCHEL_KEYFILE_PRIVATE_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "keyfile.h"

#define KEYFILE_FILE_MAX 8191
#define KEYFILE_NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define KEYFILE_TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEYFILE_WRAPPED_BYTES (KEYFILE_KEY_BYTES + KEYFILE_TAG_BYTES) /* 32 bytes, sealed */
#define KEYFILE_SLOTS_AT 104

enum keyfile_offset {
    KEYFILE_AT_VERSION = 4,
    KEYFILE_AT_NUMBER = 5,
    KEYFILE_AT_TYPE = 6,
    KEYFILE_AT_CIPHER = 7,
    KEYFILE_AT_BYTES = 8,
    KEYFILE_AT_PASSES = 12,
    KEYFILE_AT_MEMORY = 16,
    KEYFILE_AT_FLAGS = 24,
    KEYFILE_AT_LABEL = 32,
    KEYFILE_HEADER_BYTES = 64
};

enum { KEYFILE_FLAG_LEASED = 1 };

/* The bytes of each type's slot: its header, and behind it
 *
 *   passphrase   salt 16, nonce 24, wrapped data key 48, and where it is leased: nonce 24, wrapped link 48
 *   recovery     officer's id 16 and public key 32, twice; the office's signature 64; data key in two sealed boxes 128
 *   device       lease secret 32, end 8, latest time seen 8, MAC 32
 *   secret       nonce 24, wrapped data key 48
 *   attempts     wrong passphrases 8, time of the last 8 */
enum keyfile_slot_bytes {
    KEYFILE_PASSPHRASE_BYTES = 152,
    KEYFILE_LEASED_BYTES = 224,
    KEYFILE_RECOVERY_BYTES = 352,
    KEYFILE_DEVICE_BYTES = 144,
    KEYFILE_SECRET_BYTES = 136,
    KEYFILE_ATTEMPTS_BYTES = 80
};

/* The whole file. Nothing in it is secret but a lease's secret, which stands on the disk in clear as well. */
struct keyfile_image {
    uint8_t bytes[KEYFILE_FILE_MAX + 1];
    size_t count;
};

/* ---- keyfile_image.c ---- */

void keyfile_image_put_le(uint8_t *out, uint64_t value, int bytes);
uint64_t keyfile_image_get_le(const uint8_t *in, int bytes);

/* A file without slots, around this key and head. */
void keyfile_image_start(struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES],
                         const struct keyfile_head *head);

/* E_VERIFY where image is not a whole key file; path is for the words. Nothing else here may be called before. */
int keyfile_image_check(const struct keyfile_image *image, const char *path, struct error *e);
int keyfile_image_read(const char *path, struct keyfile_image *image, struct error *e);

/* The length of the slot at an offset. */
size_t keyfile_image_slot(const struct keyfile_image *image, size_t at);
/* The offset of the first slot of this type at or behind `from`; image->count where there is none. */
size_t keyfile_image_find(const struct keyfile_image *image, uint8_t type, size_t from);
/* The offset of the passphrase's or secret's slot with this number; image->count where there is none. */
size_t keyfile_image_numbered(const struct keyfile_image *image, uint8_t number);

/* Begins a slot: its header, and zeros behind it. Its number is above all others while such are left. label may be
 * NULL; it has been checked. */
void keyfile_image_header(const struct keyfile_image *image, uint8_t *slot, uint8_t type, size_t bytes,
                          const char *label);
/* E_INPUT where label cannot be a slot's. */
int keyfile_image_label(const char *label, struct error *e);
/* Puts a slot of `bytes` in the place of the one at `at`; at image->count it is added; bytes 0 takes the old one away.
 * E_LIMIT where it does not fit; there is always room for the attempts. */
int keyfile_image_put(struct keyfile_image *image, size_t at, const uint8_t *slot, size_t bytes, const char *path,
                      struct error *e);

void keyfile_image_seal_head(struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES],
                             const struct keyfile_head *head);
int keyfile_image_open_head(const struct keyfile_image *image, const char *path, const uint8_t key[KEYFILE_KEY_BYTES],
                            struct keyfile_head *head, struct error *e);

/* Locks path's folder, reads the file and, where key is not NULL, sees that it is this key's. On 0 the caller ends
 * with keyfile_image_end, which replaces the file where code is 0, unlocks, and returns what came of it; or with
 * file_unlock, where nothing is to be written. */
int keyfile_image_begin(const char *path, const uint8_t *key, struct keyfile_image *image, int *folder,
                        struct error *e);
int keyfile_image_end(const char *path, const struct keyfile_image *image, int folder, int code, struct error *e);

/* ---- keyfile_slot.c ---- */

/* Fills the passphrase slot whose header stands in slot (room for KEYFILE_LEASED_BYTES): costs, length, everything.
 * link and lease_secret: both, or both NULL. Errors: E_INPUT, E_MEMORY. */
int keyfile_slot_make(uint8_t *slot, const uint8_t key[KEYFILE_KEY_BYTES], const char *passphrase,
                      size_t passphrase_bytes, enum keyfile_cost cost, const uint8_t *link, const uint8_t *lease_secret,
                      struct error *e);

/* Finds the slot that this passphrase belongs to: *at is its offset, own what Argon2id made of the passphrase. Errors:
 * E_WRONG_KEY, E_MEMORY. */
int keyfile_slot_match(const struct keyfile_image *image, const char *passphrase, size_t passphrase_bytes, size_t *at,
                       uint8_t own[KEYFILE_KEY_BYTES], struct error *e);

int keyfile_slot_is_leased(const uint8_t *slot);
/* The data key (lease_secret NULL: of a slot that is not leased), or the link. -1, and zeros, where the tag fails. */
int keyfile_slot_open(const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES], const uint8_t *lease_secret,
                      uint8_t key[KEYFILE_KEY_BYTES]);
int keyfile_slot_open_link(const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES], uint8_t link[32]);

/* The same for a secret's slot. */
void keyfile_slot_make_secret(uint8_t slot[KEYFILE_SECRET_BYTES], const uint8_t key[KEYFILE_KEY_BYTES],
                              const uint8_t secret[32]);
int keyfile_slot_open_secret(const uint8_t slot[KEYFILE_SECRET_BYTES], const uint8_t secret[32],
                             uint8_t key[KEYFILE_KEY_BYTES]);

/* ---- keyfile_attempts.c ---- */

/* One try of a passphrase, from its beginning to its end. */
struct keyfile_try {
    struct keyfile_image image; /* as it is when the try may begin */
    uint64_t now_ms;
    uint64_t wrong, wrong_ms; /* as they were before */
    int counted;              /* this try has been counted already */
};

/* Reads the file; waits, as often wrong passphrases ask for it; erases a lease that is over. E_WRONG_KEY at once for
 * what no passphrase can be. On 0, keyfile_attempts_end follows with what came of the try: 0 ends the count,
 * E_WRONG_KEY is counted, anything else leaves it as it was. */
int keyfile_attempts_begin(struct keyfile_try *t, const char *path, size_t passphrase_bytes, uint64_t now_ms,
                           struct error *e);
void keyfile_attempts_end(const struct keyfile_try *t, const char *path, int code);

/* Takes the count out of an image; 1 where there was one. */
int keyfile_attempts_forget(struct keyfile_image *image);

/* ---- keyfile_lease.c ---- */

/* Zeroes the secret of a lease that is over, in image alone; 1 where it did. */
int keyfile_lease_expire(struct keyfile_image *image, uint64_t now_ms);
/* The verified lease secret. E_NOT_FOUND, E_LOCKED (erased), E_VERIFY. */
int keyfile_lease_secret(const struct keyfile_image *image, const char *path, const uint8_t key[KEYFILE_KEY_BYTES],
                         uint8_t secret[32], struct error *e);
/* Opens a leased slot with the lease in image. E_LOCKED, E_VERIFY. */
int keyfile_lease_open(const struct keyfile_image *image, const char *path, const uint8_t *slot,
                       const uint8_t own[KEYFILE_KEY_BYTES], uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* Puts from's lease, verified under its key, into to; or takes to's away, where from has none. */
int keyfile_lease_carry(const struct keyfile_image *from, const char *path, const uint8_t from_key[KEYFILE_KEY_BYTES],
                        struct keyfile_image *to, const char *next, const uint8_t key[KEYFILE_KEY_BYTES],
                        struct error *e);

/* ---- keyfile_next.c ---- */

/* What somebody opens a store with: secret, 32 bytes; or where that is NULL, the passphrase. */
struct keyfile_opener {
    const char *passphrase;
    size_t passphrase_bytes;
    const uint8_t *secret;
};

/* 1 where the caller knows that the office signed this pair. */
typedef int keyfile_next_holds(void *context, const struct keyfile_pair *pair);

/* Makes a new key file at next, whatever stands there: a new random key, and the slot with which `with` opens the file
 * at path, made again. lease_secret: of the lease in path; NULL: none. Errors: E_WRONG_KEY, E_LOCKED (the slot is
 * leased, and there is no lease), E_MEMORY, and keyfile.h's. */
int keyfile_next_make(const char *path, const char *next, const struct keyfile_opener *with, enum keyfile_cost cost,
                      const uint8_t *lease_secret, uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* Opens such a file; nothing is counted, since the one at path was opened before. E_WRONG_KEY: it was made for another
 * opener. */
int keyfile_next_open(const char *next, const struct keyfile_opener *with, const uint8_t *lease_secret,
                      uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* Carries over what next takes from path before it takes its place: head, lease, and the pairs for which holds (NULL:
 * none) returns 1. *dropped: slots that stay behind. folder: path's, locked. */
int keyfile_next_carry(const char *path, const uint8_t old_key[KEYFILE_KEY_BYTES], const char *next, int folder,
                       const uint8_t key[KEYFILE_KEY_BYTES], keyfile_next_holds *holds, void *context, size_t *dropped,
                       struct error *e);

/* ---- keyfile_recovery.c ---- */

/* Replaces to's pairs by those of from that hold; adds the others to *dropped. */
int keyfile_recovery_carry(const struct keyfile_image *from, struct keyfile_image *to, const char *next,
                           const uint8_t key[KEYFILE_KEY_BYTES], keyfile_next_holds *holds, void *context,
                           size_t *dropped, struct error *e);

/* ---- keyfile.c ---- */

/* Fills opened (may be NULL) for the slot at `at`. */
void keyfile_opened_fill(struct keyfile_opened *opened, const struct keyfile_try *t, size_t at);

#endif
