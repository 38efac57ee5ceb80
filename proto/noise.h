/* Noise (revision 34) over libsodium: Noise_XK_25519_ChaChaPoly_BLAKE2b and Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b.
 *
 * There is no I/O and no allocation. Verified values are computed into locals and the state changes last; keys are
 * zeroed on every way out. tests/unit/proto/noise_test.c runs the published vectors (cacophony). */
#ifndef SATCHEL_NOISE_H
#define SATCHEL_NOISE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "pack.h"

#define NOISE_KEY_BYTES 32
#define NOISE_HASH_BYTES 64
#define NOISE_TAG_BYTES 16

enum noise_pattern { NOISE_XK, NOISE_XKPSK3 };
enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

struct noise_cipher {
    uint8_t key[NOISE_KEY_BYTES];
    uint64_t nonce; /* the next; 2^64-1 is reserved, and reaching it is an error */
    int has_key;
};

struct noise {
    enum noise_pattern pattern;
    enum noise_role role;
    int message; /* the next handshake message, 0 to 2; 3: done; -1: wiped */
    int has_psk;
    uint8_t hash[NOISE_HASH_BYTES]; /* h; after the handshake the handshake hash */
    uint8_t chaining[NOISE_HASH_BYTES];
    struct noise_cipher handshake, send, receive;
    uint8_t s_public[NOISE_KEY_BYTES], s_secret[NOISE_KEY_BYTES];
    uint8_t e_public[NOISE_KEY_BYTES], e_secret[NOISE_KEY_BYTES];
    /* The peer's static key. The initiator knows it; the responder learns it from message 2. It outlives Split. */
    uint8_t rs[NOISE_KEY_BYTES];
    uint8_t re[NOISE_KEY_BYTES];
    uint8_t psk[NOISE_KEY_BYTES];
};

/* The keys that a handshake starts with, NOISE_KEY_BYTES each; copied. */
struct noise_keys {
    const uint8_t *s_secret; /* our static X25519 secret key */
    const uint8_t *rs;       /* the responder's static public key, for the initiator; NULL for the responder */
    const uint8_t *e_secret; /* our ephemeral secret key, for published vectors; NULL: from randombytes_buf */
};

/* Starts a handshake. This cannot fail: a key of low order is an error when it is used. */
void noise_start(struct noise *n, enum noise_pattern pattern, enum noise_role role, struct slice prologue,
                 const struct noise_keys *keys);

/* Sets the pre-shared key. Call it before message 2 (the third) is written or read. */
void noise_psk(struct noise *n, const uint8_t psk[NOISE_KEY_BYTES]);

/* Writes the next handshake message with its payload into out (out_max bytes). *out_bytes is its length: the payload's
 * plus 48 (messages 0 and 1) or 64 (message 2). E_INTERNAL if it is not our turn, the psk is missing or out is too
 * small; E_PEER if the peer's public key is of low order. After an error n is as it was. */
int noise_write(struct noise *n, struct slice payload, uint8_t *out, size_t out_max, size_t *out_bytes,
                struct error *e);

/* Reads the next handshake message and decrypts its payload into out, which must not overlap the message. E_PEER if it
 * does not authenticate, its public key is of low order, it is too short, or its payload is longer than out_max; then n
 * is wiped and only noise_wipe or noise_start may follow. E_INTERNAL if it is not our turn or the psk is missing; then
 * n is as it was. */
int noise_read(struct noise *n, struct slice message, uint8_t *out, size_t out_max, size_t *out_bytes, struct error *e);

/* Not 0 once all three messages have passed. */
int noise_done(const struct noise *n);

/* Seal and open one transport message, after noise_done (else E_INTERNAL). noise_seal writes bytes + 16 into out,
 * noise_open bytes - 16; out may equal in. E_PEER (it does not authenticate; the nonce stays), E_LIMIT (more than 65535
 * bytes, or the nonce has run out). */
int noise_seal(struct noise *n, const uint8_t *in, size_t bytes, uint8_t *out, struct error *e);
int noise_open(struct noise *n, const uint8_t *in, size_t bytes, uint8_t *out, struct error *e);

/* Zeroes all keys. Only noise_start may follow. */
void noise_wipe(struct noise *n);

#endif
