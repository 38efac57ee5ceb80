/* What the files of the key file share among themselves. Only common/key, its tests and its fuzzer include this.
 *
 *   keyfile.c           what others call about passphrases, secrets, slots and the chain end
 *   keyfile_image.c     the file as a whole: reading, checking, replacing, its list of slots, the chain end
 *   keyfile_slot.c      the bytes of a passphrase's and a secret's slot
 *   keyfile_attempts.c  wrong passphrases: counting, waiting
 *   keyfile_lease.c     the device slot
 *   keyfile_recovery.c  two officers together
 *   keyfile_next.c      the key file that takes another's place
 *
 * The file (integers are little endian):
 *
 *   0    16   "satchel keys 1\n" and a zero
 *   16   24   nonce of the chain end
 *   40   48   the chain end, sealed: epoch 8, seq 8, hash 32
 *   88   16   its tag; the key is derived from the data key, the additional data are bytes 0 to 15
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
 *   12   4    Argon2id: passes; zero in a slot without a passphrase
 *   16   8    Argon2id: bytes of memory; the same
 *   24   1    1: leased
 *   25   7    zero
 *   32   32   label, UTF-8, padded with zeros
 *
 * Slots of a type that this program does not know are carried along untouched. The chain end is sealed from the
 * beginning, as zeros while there is none, so that nobody can say "none yet" by wiping it. */
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
 *   passphrase   salt 16, nonce 24, wrapped data key 48, and if it is leased: nonce 24, wrapped link 48
 *   recovery     officer's id 16 and public key 32, twice; the office's signature 64; data key in two sealed boxes 128
 *   device       lease secret 32, end 8, latest time seen 8, MAC 32
 *   secret       nonce 24, wrapped data key 48
 *   attempts     wrong passphrases 8, time of the last 8
 *   reports      nonce 24, wrapped pages key 48 */
enum keyfile_slot_bytes {
    KEYFILE_PASSPHRASE_BYTES = 152,
    KEYFILE_LEASED_BYTES = 224,
    KEYFILE_RECOVERY_BYTES = 352,
    KEYFILE_DEVICE_BYTES = 144,
    KEYFILE_SECRET_BYTES = 136,
    KEYFILE_ATTEMPTS_BYTES = 80,
    KEYFILE_REPORTS_BYTES = KEYFILE_SECRET_BYTES
};

/* The whole file in memory, on its way from and to the disk. Nothing in the bytes is secret but a lease's secret, which
 * stands in clear on the disk too; so whoever read an image zeroes it. */
struct keyfile_image {
    uint8_t bytes[KEYFILE_FILE_MAX + 1];
    size_t count;
    const char *path; /* the file's, borrowed; error texts name it */
    int folder;       /* the lock of its folder, between keyfile_image_begin and keyfile_image_end */
};

/* ---- keyfile_image.c ---- */

void keyfile_image_put_le(uint8_t *out, uint64_t value, int bytes);
uint64_t keyfile_image_get_le(const uint8_t *in, int bytes);

/* Makes an image without slots, with this chain end sealed under key. */
void keyfile_image_start(struct keyfile_image *image, const char *path, const uint8_t key[KEYFILE_KEY_BYTES],
                         const struct keyfile_chain_end *end);

/* Checks that image is a whole key file (E_VERIFY). Every other function here expects an image that passed. */
int keyfile_image_check(const struct keyfile_image *image, struct error *e);
/* Reads and checks the file at path, without its lock. Errors: E_NO_STORE, E_VERIFY, E_IO. */
int keyfile_image_read(struct keyfile_image *image, const char *path, struct error *e);

/* The length of the slot at an offset. */
size_t keyfile_image_slot(const struct keyfile_image *image, size_t at);
/* The offset of the first slot of this type at or behind `from`; image->count if there is none. */
size_t keyfile_image_find(const struct keyfile_image *image, uint8_t type, size_t from);
/* The offset of the passphrase's or secret's slot with this number; image->count if there is none. */
size_t keyfile_image_numbered(const struct keyfile_image *image, uint8_t number);

/* Begins a slot of `bytes`: its header, and zeros behind it. Its number is above all others while such are left. label
 * may be NULL; otherwise keyfile_image_label has accepted it. */
void keyfile_image_header(const struct keyfile_image *image, uint8_t *slot, uint8_t type, size_t bytes,
                          const char *label);
/* E_INPUT: label cannot be a slot's. */
int keyfile_image_label(const char *label, struct error *e);
/* Replaces the slot at `at` by a slot of `bytes`; at image->count the slot is added; bytes 0 removes the old one, which
 * cannot fail. E_LIMIT: it does not fit. Room for the attempts is always kept. */
int keyfile_image_put(struct keyfile_image *image, size_t at, const uint8_t *slot, size_t bytes, struct error *e);

/* Seals or opens the chain end. E_VERIFY: key is not this file's, or the file was altered. */
void keyfile_image_seal_chain_end(struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES],
                                  const struct keyfile_chain_end *end);
int keyfile_image_open_chain_end(const struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES],
                                 struct keyfile_chain_end *end, struct error *e);

/* A change of the file. keyfile_image_begin locks the folder, reads the file and, if key is not NULL, checks that the
 * key is this file's. After 0 the caller ends with keyfile_image_end, which replaces the file if code is 0, unlocks,
 * and returns code or the error of replacing; or with keyfile_image_leave, which only unlocks. */
int keyfile_image_begin(struct keyfile_image *image, const char *path, const uint8_t *key, struct error *e);
int keyfile_image_end(const struct keyfile_image *image, int code, struct error *e);
void keyfile_image_leave(const struct keyfile_image *image);

/* ---- keyfile_slot.c: `own` is what Argon2id made of a passphrase ---- */

/* Fills the passphrase slot whose header stands in slot (room for KEYFILE_LEASED_BYTES): costs, length, everything.
 * lease_secret: the lease's, if fresh has a link; otherwise not used. Errors: E_INPUT (too short or too long),
 * E_MEMORY. */
int keyfile_slot_make(uint8_t *slot, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_new_passphrase *fresh,
                      const uint8_t *lease_secret, struct error *e);

/* Finds the slot that this passphrase belongs to: *at is its offset. Errors: E_WRONG_KEY, E_MEMORY. */
int keyfile_slot_match(const struct keyfile_image *image, struct keyfile_passphrase passphrase, size_t *at,
                       uint8_t own[KEYFILE_KEY_BYTES], struct error *e);

int keyfile_slot_is_leased(const uint8_t *slot);
/* The data key (lease_secret NULL: of a slot that is not leased), or the link. -1, and zeros, if the tag fails. */
int keyfile_slot_open(const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES], const uint8_t *lease_secret,
                      uint8_t key[KEYFILE_KEY_BYTES]);
int keyfile_slot_open_link(const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES], uint8_t link[32]);

/* The same for a secret's slot, and for a reports slot, whose key is the pages key. The slot's header says which it is:
 * it is written before. */
void keyfile_slot_make_secret(uint8_t slot[KEYFILE_SECRET_BYTES], const uint8_t key[KEYFILE_KEY_BYTES],
                              const uint8_t secret[32]);
int keyfile_slot_open_secret(const uint8_t slot[KEYFILE_SECRET_BYTES], const uint8_t secret[32],
                             uint8_t key[KEYFILE_KEY_BYTES]);

/* ---- keyfile_attempts.c ---- */

/* An attempt that is under way. */
struct keyfile_try {
    struct keyfile_image image; /* as it is once the attempt may begin */
    uint64_t now_ms;
    uint64_t wrong, wrong_ms; /* as they were before */
    int counted;              /* this attempt has been counted already */
};

/* Reads the file; waits, if there were many wrong passphrases; erases a lease that is over. E_WRONG_KEY at once for
 * what no passphrase can be. After 0 the caller zeroes t when done, and calls keyfile_attempts_end with the outcome: 0
 * ends the count, E_WRONG_KEY is counted, any other code leaves the count as it was. */
int keyfile_attempts_begin(struct keyfile_try *t, const char *path, const struct keyfile_attempt *attempt,
                           struct error *e);
void keyfile_attempts_end(const struct keyfile_try *t, int code);

/* Removes the count from an image. 1: there was one. */
int keyfile_attempts_forget(struct keyfile_image *image);

/* ---- keyfile_lease.c ---- */

/* Zeroes the secret of a lease that is over, in image alone. 1: it did. */
int keyfile_lease_expire(struct keyfile_image *image, uint64_t now_ms);
/* The verified lease secret. Errors: E_NOT_FOUND, E_LOCKED (erased), E_VERIFY. */
int keyfile_lease_secret(const struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t secret[32],
                         struct error *e);
/* Opens a leased slot with the lease in image. Errors: E_LOCKED, E_VERIFY. */
int keyfile_lease_open(const struct keyfile_image *image, const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES],
                       uint8_t key[KEYFILE_KEY_BYTES], struct error *e);

/* ---- keyfile_next.c ---- */

/* 1: the office signed this pair, as far as the caller knows. */
typedef int keyfile_next_holds(void *context, const struct keyfile_pair *pair);

/* A key file and the one that takes its place (its "next"), with a new data key. All pointers are borrowed. */
struct keyfile_next {
    const char *path, *next;
    struct keyfile_opener with; /* opens path, and then next */
    enum keyfile_cost cost;     /* of the passphrase's slot in next */
    const uint8_t *lease;       /* the secret of the lease in path, 32 bytes; NULL: no lease that goes on */
    const uint8_t *old_key;     /* path's data key */
    uint8_t *key;               /* next's, KEYFILE_KEY_BYTES: the functions that open or make next fill it */
    keyfile_next_holds *holds;  /* NULL: no pair of officers is carried over */
    void *context;              /* of holds */
};

/* Makes a new key file at n->next, whatever stands there: a new random key, and the opener's slot made again around
 * it. Errors: E_WRONG_KEY, E_LOCKED (the slot is leased, and there is no lease), E_MEMORY, and keyfile.h's. */
int keyfile_next_make(const struct keyfile_next *n, struct error *e);

/* Opens such a file. Nothing is counted, since the one at path was opened before. E_WRONG_KEY: it was made for another
 * opener or under another lease. */
int keyfile_next_open(const struct keyfile_next *n, struct error *e);

/* Carries over what next takes from path before it takes its place: the chain end, the lease, and the pairs for which
 * n->holds returns 1. folder: path's, locked. *dropped: how many slots stay behind. */
int keyfile_next_carry(const struct keyfile_next *n, int folder, size_t *dropped, struct error *e);

/* keyfile_lease.c: puts from's lease, verified under n->old_key, into to; or removes to's, if from has none. */
int keyfile_lease_carry(const struct keyfile_next *n, const struct keyfile_image *from, struct keyfile_image *to,
                        struct error *e);

/* keyfile_recovery.c: replaces to's pairs by those of from that hold; adds the others to *dropped. */
int keyfile_recovery_carry(const struct keyfile_next *n, const struct keyfile_image *from, struct keyfile_image *to,
                           size_t *dropped, struct error *e);

/* ---- keyfile.c ---- */

/* Fills opened (may be NULL) for the slot at `at`. */
void keyfile_opened_fill(struct keyfile_opened *opened, const struct keyfile_try *t, size_t at);

#endif
