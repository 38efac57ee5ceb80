/* The two Noise patterns: the hash and its HKDF, the cipher, the handshake's tokens, and transport messages. */
#include "noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "wire_limits.h"

/* A function that the specification has (MixKey, MixHash, Split ...) has its name here, so that it can be read beside
 * its section. Both patterns encrypt every payload, because message 0 mixes `es` before its payload. So the
 * specification's case "no key yet" never comes up and is an assert here. */

#define BLOCK_BYTES 128 /* BLAKE2b's block, which is HMAC's block too; section 4.3 */
#define DEAD (-1)       /* noise.message after noise_wipe: it is never our turn again */

enum token { T_END, T_E, T_S, T_EE, T_ES, T_SE, T_PSK };

/* XK is these three messages without the psk; the responder's static key is a pre-message (sections 7.4, 9.4). */
static const enum token messages[3][4] = {{T_E, T_ES, T_END}, {T_E, T_EE, T_END}, {T_S, T_SE, T_PSK, T_END}};
static const size_t head_bytes[3] = {NOISE_KEY_BYTES, NOISE_KEY_BYTES, NOISE_KEY_BYTES + NOISE_TAG_BYTES};

static_assert(crypto_scalarmult_BYTES == NOISE_KEY_BYTES, "X25519 keys");
static_assert(crypto_generichash_blake2b_BYTES_MAX == NOISE_HASH_BYTES, "BLAKE2b's full hash");
static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == NOISE_TAG_BYTES, "Poly1305's tag");

/* --- the hash, HMAC and HKDF (sections 4.3, 12.8) --- */

static void hash_of(uint8_t out[NOISE_HASH_BYTES], const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
    crypto_generichash_blake2b_state state;
    (void)crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_BYTES);
    (void)crypto_generichash_blake2b_update(&state, a, a_bytes);
    (void)crypto_generichash_blake2b_update(&state, b, b_bytes);
    (void)crypto_generichash_blake2b_final(&state, out, NOISE_HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}

/* Computes HMAC (RFC 2104) over BLAKE2b-512 of a, then b. It is not keyed BLAKE2b, because Noise asks for HMAC with
 * every hash. Keys are always one hash long here, which is less than a block. out may be the key. */
static void hmac(uint8_t out[NOISE_HASH_BYTES], const uint8_t key[NOISE_HASH_BYTES], const uint8_t *a, size_t a_bytes,
                 const uint8_t *b, size_t b_bytes)
{
    crypto_generichash_blake2b_state state;
    uint8_t inner[BLOCK_BYTES], outer[BLOCK_BYTES], digest[NOISE_HASH_BYTES];
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < NOISE_HASH_BYTES; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    (void)crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_BYTES);
    (void)crypto_generichash_blake2b_update(&state, inner, sizeof inner);
    (void)crypto_generichash_blake2b_update(&state, a, a_bytes);
    (void)crypto_generichash_blake2b_update(&state, b, b_bytes);
    (void)crypto_generichash_blake2b_final(&state, digest, sizeof digest);
    hash_of(out, outer, sizeof outer, digest, sizeof digest);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(outer, sizeof outer);
    sodium_memzero(digest, sizeof digest);
}

/* Computes HKDF with two outputs, or three if out3 is not NULL; each is a whole hash. */
static void hkdf(const uint8_t chaining[NOISE_HASH_BYTES], const uint8_t *material, size_t bytes,
                 uint8_t out1[NOISE_HASH_BYTES], uint8_t out2[NOISE_HASH_BYTES], uint8_t *out3)
{
    static const uint8_t one = 1, two = 2, three = 3;
    uint8_t temporary[NOISE_HASH_BYTES];
    hmac(temporary, chaining, material, bytes, NULL, 0);
    hmac(out1, temporary, &one, 1, NULL, 0);
    hmac(out2, temporary, out1, NOISE_HASH_BYTES, &two, 1);
    if (out3 != NULL)
        hmac(out3, temporary, out2, NOISE_HASH_BYTES, &three, 1);
    sodium_memzero(temporary, sizeof temporary);
}

/* --- CipherState (section 5.1) --- */

static void cipher_set(struct noise_cipher *c, const uint8_t key[NOISE_KEY_BYTES])
{
    memcpy(c->key, key, NOISE_KEY_BYTES);
    c->nonce = 0;
    c->has_key = 1;
}

/* Section 12.3: 32 zero bits, then the counter in little-endian order. */
static void cipher_nonce(const struct noise_cipher *c, uint8_t out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    memset(out, 0, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
    for (unsigned i = 0; i < 8; i++)
        out[4 + i] = (uint8_t)(c->nonce >> (8 * i));
}

static void cipher_seal(struct noise_cipher *c, const uint8_t *ad, size_t ad_bytes, const uint8_t *in, size_t bytes,
                        uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    assert(c->has_key && c->nonce != UINT64_MAX);
    cipher_nonce(c, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, in, bytes, ad, ad_bytes, NULL, nonce, c->key);
    c->nonce++;
}

/* Opens `bytes` bytes, of which the last NOISE_TAG_BYTES are the tag. Not 0: they do not authenticate, and the
 * nonce stays. */
static int cipher_open(struct noise_cipher *c, const uint8_t *ad, size_t ad_bytes, const uint8_t *in, size_t bytes,
                       uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    assert(c->has_key && c->nonce != UINT64_MAX);
    cipher_nonce(c, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, in, bytes, ad, ad_bytes, nonce, c->key) != 0)
        return -1;
    c->nonce++;
    return 0;
}

/* --- SymmetricState (section 5.2) --- */

static void mix_hash(struct noise *n, const uint8_t *bytes, size_t size)
{
    hash_of(n->hash, n->hash, NOISE_HASH_BYTES, bytes, size);
}

static void mix_key(struct noise *n, const uint8_t material[NOISE_KEY_BYTES])
{
    uint8_t key[NOISE_HASH_BYTES]; /* only its first 32 bytes are the key */
    hkdf(n->chaining, material, NOISE_KEY_BYTES, n->chaining, key, NULL);
    cipher_set(&n->handshake, key);
    sodium_memzero(key, sizeof key);
}

static void mix_key_and_hash(struct noise *n, const uint8_t material[NOISE_KEY_BYTES])
{
    uint8_t hash[NOISE_HASH_BYTES], key[NOISE_HASH_BYTES];
    hkdf(n->chaining, material, NOISE_KEY_BYTES, n->chaining, hash, key);
    mix_hash(n, hash, sizeof hash);
    cipher_set(&n->handshake, key);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(key, sizeof key);
}

static void encrypt_and_hash(struct noise *n, const uint8_t *in, size_t bytes, uint8_t *out)
{
    cipher_seal(&n->handshake, n->hash, NOISE_HASH_BYTES, in, bytes, out);
    mix_hash(n, out, bytes + NOISE_TAG_BYTES);
}

static int decrypt_and_hash(struct noise *n, const uint8_t *in, size_t bytes, uint8_t *out)
{
    if (cipher_open(&n->handshake, n->hash, NOISE_HASH_BYTES, in, bytes, out) != 0)
        return -1;
    mix_hash(n, in, bytes);
    return 0;
}

/* Does the specification's Split and wipes what only the handshake needed. The peer's static key and the hash stay. */
static void split_keys(struct noise *n)
{
    uint8_t first[NOISE_HASH_BYTES], second[NOISE_HASH_BYTES];
    hkdf(n->chaining, NULL, 0, first, second, NULL);
    cipher_set(n->role == NOISE_INITIATOR ? &n->send : &n->receive, first);
    cipher_set(n->role == NOISE_INITIATOR ? &n->receive : &n->send, second);
    sodium_memzero(first, sizeof first);
    sodium_memzero(second, sizeof second);
    sodium_memzero(&n->handshake, sizeof n->handshake);
    sodium_memzero(n->chaining, sizeof n->chaining);
    sodium_memzero(n->s_secret, sizeof n->s_secret);
    sodium_memzero(n->e_secret, sizeof n->e_secret);
    sodium_memzero(n->psk, sizeof n->psk);
    n->has_psk = 0;
}

/* --- HandshakeState (section 5.3) --- */

void noise_start(struct noise *n, enum noise_pattern pattern, enum noise_role role, struct slice prologue,
                 const struct noise_keys *keys)
{
    static const char *const names[] = {"Noise_XK_25519_ChaChaPoly_BLAKE2b", "Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b"};
    const char *name = names[pattern];
    assert((role == NOISE_INITIATOR) == (keys->rs != NULL));
    memset(n, 0, sizeof *n);
    n->pattern = pattern;
    n->role = role;

    /* A name that is shorter than a hash is filled up with zeros, not hashed (section 5.2). */
    assert(strlen(name) <= NOISE_HASH_BYTES);
    memcpy(n->hash, name, strlen(name));
    memcpy(n->chaining, n->hash, NOISE_HASH_BYTES);
    mix_hash(n, prologue.p, prologue.size);

    memcpy(n->s_secret, keys->s_secret, NOISE_KEY_BYTES);
    (void)crypto_scalarmult_base(n->s_public, n->s_secret);
    if (keys->e_secret != NULL)
        memcpy(n->e_secret, keys->e_secret, NOISE_KEY_BYTES);
    else
        randombytes_buf(n->e_secret, NOISE_KEY_BYTES);
    (void)crypto_scalarmult_base(n->e_public, n->e_secret);

    /* The pre-message: both sides know the responder's static key. */
    if (keys->rs != NULL)
        memcpy(n->rs, keys->rs, NOISE_KEY_BYTES);
    mix_hash(n, role == NOISE_INITIATOR ? n->rs : n->s_public, NOISE_KEY_BYTES);
}

void noise_psk(struct noise *n, const uint8_t psk[NOISE_KEY_BYTES])
{
    assert(n->pattern == NOISE_XKPSK3);
    memcpy(n->psk, psk, NOISE_KEY_BYTES);
    n->has_psk = 1;
}

/* Mixes an ephemeral key into the hash and, in a pattern with a psk, into the key as well (section 9.2). */
static void mix_ephemeral(struct noise *n, const uint8_t e[NOISE_KEY_BYTES])
{
    mix_hash(n, e, NOISE_KEY_BYTES);
    if (n->pattern == NOISE_XKPSK3)
        mix_key(n, e);
}

/* Mixes a token that is the same for the writer and the reader. The first letter names the initiator's key, the second
 * the responder's: `es` is the initiator's ephemeral with the responder's static key. Not 0: the peer's key is of low
 * order, so the shared secret is zero, which libsodium reports and RFC 7748 (section 6.1) lets us refuse. */
static int mix_token(struct noise *n, enum token token)
{
    int initiator = n->role == NOISE_INITIATOR;
    int our_static = token == (initiator ? T_SE : T_ES), their_static = token == (initiator ? T_ES : T_SE);
    uint8_t shared[NOISE_KEY_BYTES];
    int failed;
    if (token == T_PSK) {
        if (n->pattern == NOISE_XKPSK3)
            mix_key_and_hash(n, n->psk);
        return 0;
    }
    failed = crypto_scalarmult(shared, our_static ? n->s_secret : n->e_secret, their_static ? n->rs : n->re);
    if (!failed)
        mix_key(n, shared);
    sodium_memzero(shared, sizeof shared);
    return failed;
}

/* Checks that it is our turn to write (or read), and that the third message has its psk. E_INTERNAL. */
static int turn_check(const struct noise *n, int writing, struct error *e)
{
    int initiators = n->message % 2 == 0; /* the initiator speaks first and last */
    if (n->message < 0 || n->message > 2 || (initiators == (n->role == NOISE_INITIATOR)) != writing)
        return error_set(e, E_INTERNAL, "a Noise message was to be %s out of turn", writing ? "written" : "read");
    if (n->message == 2 && n->pattern == NOISE_XKPSK3 && !n->has_psk)
        return error_set(e, E_INTERNAL, "the third Noise message needs the pre-shared key, and there is none");
    return 0;
}

static void message_passed(struct noise *n)
{
    n->message++;
    if (n->message == 3)
        split_keys(n);
}

int noise_write(struct noise *n, struct slice payload, uint8_t *out, size_t out_max, size_t *out_bytes, struct error *e)
{
    struct noise next;
    const enum token *token;
    uint8_t *at = out;
    size_t need;
    int code = turn_check(n, 1, e);
    if (code != 0)
        return code;
    need = head_bytes[n->message] + NOISE_TAG_BYTES;
    if (payload.size > LIMITS_NOISE_MESSAGE_MAX - need || out_max < need + payload.size)
        return error_set(e, E_INTERNAL, "a Noise message of %zu bytes does not fit", need + payload.size);

    next = *n;
    for (token = messages[n->message]; *token != T_END; token++) {
        if (*token == T_E) {
            memcpy(at, next.e_public, NOISE_KEY_BYTES);
            at += NOISE_KEY_BYTES;
            mix_ephemeral(&next, next.e_public);
        } else if (*token == T_S) {
            encrypt_and_hash(&next, next.s_public, NOISE_KEY_BYTES, at);
            at += NOISE_KEY_BYTES + NOISE_TAG_BYTES;
        } else if (mix_token(&next, *token) != 0) {
            code = error_set(e, E_PEER, "the peer's public key is of low order, so nothing can be agreed with it");
            goto out;
        }
    }
    encrypt_and_hash(&next, payload.p, payload.size, at);
    message_passed(&next);
    *n = next;
    *out_bytes = need + payload.size;
out:
    sodium_memzero(&next, sizeof next);
    return code;
}

int noise_read(struct noise *n, struct slice message, uint8_t *out, size_t out_max, size_t *out_bytes, struct error *e)
{
    struct noise next;
    const enum token *token;
    const uint8_t *at = message.p;
    size_t need;
    int code = turn_check(n, 0, e);
    if (code != 0)
        return code;
    next = *n;
    need = head_bytes[n->message] + NOISE_TAG_BYTES;
    if (message.size < need || message.size > LIMITS_NOISE_MESSAGE_MAX || message.size - need > out_max) {
        code = error_set(e, E_PEER, "a Noise handshake message has %zu bytes, which is too %s", message.size,
                         message.size < need ? "short" : "long");
        goto out;
    }

    code = E_PEER;
    for (token = messages[n->message]; *token != T_END; token++) {
        if (*token == T_E) {
            memcpy(next.re, at, NOISE_KEY_BYTES);
            at += NOISE_KEY_BYTES;
            mix_ephemeral(&next, next.re);
        } else if (*token == T_S) {
            if (decrypt_and_hash(&next, at, NOISE_KEY_BYTES + NOISE_TAG_BYTES, next.rs) != 0)
                goto unauthentic;
            at += NOISE_KEY_BYTES + NOISE_TAG_BYTES;
        } else if (mix_token(&next, *token) != 0) {
            (void)error_set(e, E_PEER, "the peer's public key is of low order, so nothing can be agreed with it");
            goto out;
        }
    }
    if (decrypt_and_hash(&next, at, message.size - need + NOISE_TAG_BYTES, out) != 0)
        goto unauthentic;
    message_passed(&next);
    *n = next;
    *out_bytes = message.size - need;
    code = 0;
    goto out;

unauthentic:
    (void)error_set(e, E_PEER, "Noise handshake message %d does not authenticate", n->message + 1);
out:
    sodium_memzero(&next, sizeof next);
    if (code != 0)
        noise_wipe(n);
    return code;
}

int noise_done(const struct noise *n)
{
    return n->message == 3;
}

/* --- transport (section 5.1, 11.3) --- */

int noise_seal(struct noise *n, const uint8_t *in, size_t bytes, uint8_t *out, struct error *e)
{
    if (!noise_done(n))
        return error_set(e, E_INTERNAL, "a Noise message was to be sealed before the handshake was done");
    if (bytes > LIMITS_NOISE_PAYLOAD_MAX)
        return error_set(e, E_LIMIT, "%zu bytes are too many for one Noise message", bytes);
    if (n->send.nonce == UINT64_MAX)
        return error_set(e, E_LIMIT, "this Noise key has sealed all that it may; connect again for a new one");
    cipher_seal(&n->send, NULL, 0, in, bytes, out);
    return 0;
}

int noise_open(struct noise *n, const uint8_t *in, size_t bytes, uint8_t *out, struct error *e)
{
    if (!noise_done(n))
        return error_set(e, E_INTERNAL, "a Noise message was to be opened before the handshake was done");
    if (bytes > LIMITS_NOISE_MESSAGE_MAX)
        return error_set(e, E_LIMIT, "%zu bytes are too many for one Noise message", bytes);
    if (n->receive.nonce == UINT64_MAX)
        return error_set(e, E_LIMIT, "this Noise key has opened all that it may; connect again for a new one");
    if (bytes < NOISE_TAG_BYTES || cipher_open(&n->receive, NULL, 0, in, bytes, out) != 0)
        return error_set(e, E_PEER, "a Noise message does not authenticate");
    return 0;
}

void noise_wipe(struct noise *n)
{
    sodium_memzero(n, sizeof *n);
    n->message = DEAD;
}
