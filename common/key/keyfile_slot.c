/* The bytes of a passphrase's slot, a secret's slot and a reports slot. They wrap 32 bytes with XChaCha20-Poly1305, and
 * the slot's header is the additional data; keyfile_private.h has the layout.
 *
 *   passphrase   stretched = Argon2id(passphrase, salt); the data key is wrapped under it
 *   leased       the data key is wrapped under BLAKE2b-256(key = stretched, "satchel lease 1" || lease secret),
 *                the link under BLAKE2b-256(key = stretched, "satchel link 1")
 *   secret       the data key is wrapped under BLAKE2b-256(key = secret, "satchel secret 1")
 *   reports      the pages key is wrapped under BLAKE2b-256(key = secret, "satchel reports 1") */
#include <string.h>

#include "clock.h"
#include "keyfile_private.h"

#define SALT_AT KEYFILE_HEADER_BYTES
#define NONCE_AT (SALT_AT + crypto_pwhash_SALTBYTES)
#define LINK_NONCE_AT KEYFILE_PASSPHRASE_BYTES
#define SECRET_NONCE_AT KEYFILE_HEADER_BYTES
#define MEASURE_MS 400 /* what one opening should take */
#define MEASURED_PASSES_MAX 16

_Static_assert(NONCE_AT + KEYFILE_NONCE_BYTES + KEYFILE_WRAPPED_BYTES == KEYFILE_PASSPHRASE_BYTES, "the layout");
_Static_assert(LINK_NONCE_AT + KEYFILE_NONCE_BYTES + KEYFILE_WRAPPED_BYTES == KEYFILE_LEASED_BYTES, "the layout");
_Static_assert(SECRET_NONCE_AT + KEYFILE_NONCE_BYTES + KEYFILE_WRAPPED_BYTES == KEYFILE_SECRET_BYTES, "the layout");

/* Wraps 32 bytes at slot + at (nonce, then ciphertext and tag), and unwraps them. */
static void wrap(uint8_t *slot, size_t at, const uint8_t plain[32], const uint8_t own[KEYFILE_KEY_BYTES])
{
    randombytes_buf(slot + at, KEYFILE_NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(slot + at + KEYFILE_NONCE_BYTES, NULL, plain, 32, slot,
                                               KEYFILE_HEADER_BYTES, NULL, slot + at, own);
}

static int unwrap(const uint8_t *slot, size_t at, uint8_t plain[32], const uint8_t own[KEYFILE_KEY_BYTES])
{
    int rc =
        crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, slot + at + KEYFILE_NONCE_BYTES,
                                                   KEYFILE_WRAPPED_BYTES, slot, KEYFILE_HEADER_BYTES, slot + at, own);
    if (rc != 0)
        sodium_memzero(plain, 32);
    return rc == 0 ? 0 : -1;
}

/* ---- the keys ---- */

/* Runs Argon2id with the costs in the slot's header. E_MEMORY. */
static int stretch(uint8_t out[KEYFILE_KEY_BYTES], const uint8_t *slot, struct keyfile_passphrase passphrase,
                   struct error *e)
{
    uint64_t memory = keyfile_image_get_le(slot + KEYFILE_AT_MEMORY, 8);
    if (crypto_pwhash(out, KEYFILE_KEY_BYTES, passphrase.bytes, passphrase.size, slot + SALT_AT,
                      keyfile_image_get_le(slot + KEYFILE_AT_PASSES, 4), (size_t)memory,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return error_set(e, E_MEMORY,
                         "there is no memory to check the passphrase (%llu MiB are needed); close other programs",
                         (unsigned long long)(memory >> 20));
    return 0;
}

static void lease_key(uint8_t out[KEYFILE_KEY_BYTES], const uint8_t own[KEYFILE_KEY_BYTES],
                      const uint8_t lease_secret[32])
{
    static const uint8_t domain[] = "satchel lease 1";
    uint8_t message[sizeof domain - 1 + 32];
    memcpy(message, domain, sizeof domain - 1);
    memcpy(message + sizeof domain - 1, lease_secret, 32);
    crypto_generichash(out, KEYFILE_KEY_BYTES, message, sizeof message, own, KEYFILE_KEY_BYTES);
    sodium_memzero(message, sizeof message);
}

static void link_key(uint8_t out[KEYFILE_KEY_BYTES], const uint8_t own[KEYFILE_KEY_BYTES])
{
    static const uint8_t domain[] = "satchel link 1";
    crypto_generichash(out, KEYFILE_KEY_BYTES, domain, sizeof domain - 1, own, KEYFILE_KEY_BYTES);
}

static void secret_key(uint8_t out[KEYFILE_KEY_BYTES], const uint8_t *slot, const uint8_t secret[32])
{
    const char *domain = slot[KEYFILE_AT_TYPE] == KEYFILE_REPORTS ? "satchel reports 1" : "satchel secret 1";
    crypto_generichash(out, KEYFILE_KEY_BYTES, (const uint8_t *)domain, strlen(domain), secret, 32);
}

/* ---- making a passphrase's slot ---- */

/* Writes the cost into the slot's header, and stretches the passphrase with it. One run of MODERATE is timed; on a fast
 * machine a second run with more passes follows: at most 0.4 s, after a first run of at most 0.4 s. */
static int stretch_measured(uint8_t own[KEYFILE_KEY_BYTES], uint8_t *slot, const struct keyfile_new_passphrase *fresh,
                            struct error *e)
{
    uint64_t passes = crypto_pwhash_OPSLIMIT_MODERATE, memory = crypto_pwhash_MEMLIMIT_MODERATE, began, took;
    int code;
    if (fresh->cost == KEYFILE_MINIMUM) {
        passes = crypto_pwhash_OPSLIMIT_MIN;
        memory = crypto_pwhash_MEMLIMIT_MIN;
    }
    keyfile_image_put_le(slot + KEYFILE_AT_PASSES, passes, 4);
    keyfile_image_put_le(slot + KEYFILE_AT_MEMORY, memory, 8);
    began = clock_steady();
    code = stretch(own, slot, fresh->passphrase, e);
    if (code != 0 || fresh->cost == KEYFILE_MINIMUM)
        return code;
    took = clock_steady() - began;
    passes = passes * MEASURE_MS / (took > 0 ? took : 1);
    if (passes > MEASURED_PASSES_MAX)
        passes = MEASURED_PASSES_MAX;
    if (passes <= crypto_pwhash_OPSLIMIT_MODERATE)
        return 0;
    keyfile_image_put_le(slot + KEYFILE_AT_PASSES, passes, 4);
    return stretch(own, slot, fresh->passphrase, e);
}

int keyfile_slot_make(uint8_t *slot, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_new_passphrase *fresh,
                      const uint8_t *lease_secret, struct error *e)
{
    size_t size = fresh->passphrase.size, bytes = fresh->link != NULL ? KEYFILE_LEASED_BYTES : KEYFILE_PASSPHRASE_BYTES;
    uint8_t own[KEYFILE_KEY_BYTES], wrapping[KEYFILE_KEY_BYTES];
    int code;
    if (size < KEYFILE_PASSPHRASE_MIN || size > KEYFILE_PASSPHRASE_MAX)
        return error_set(e, E_INPUT, "a passphrase has %d to %d bytes; six random words are a good one",
                         KEYFILE_PASSPHRASE_MIN, KEYFILE_PASSPHRASE_MAX);
    slot[KEYFILE_AT_FLAGS] = fresh->link != NULL ? KEYFILE_FLAG_LEASED : 0;
    keyfile_image_put_le(slot + KEYFILE_AT_BYTES, bytes, 4);
    randombytes_buf(slot + SALT_AT, crypto_pwhash_SALTBYTES);
    code = stretch_measured(own, slot, fresh, e);
    if (code == 0 && fresh->link != NULL) {
        link_key(wrapping, own);
        wrap(slot, LINK_NONCE_AT, fresh->link, wrapping);
        lease_key(wrapping, own, lease_secret);
        wrap(slot, NONCE_AT, key, wrapping);
    } else if (code == 0) {
        wrap(slot, NONCE_AT, key, own);
    }
    sodium_memzero(own, sizeof own);
    sodium_memzero(wrapping, sizeof wrapping);
    return code;
}

/* ---- opening it ---- */

int keyfile_slot_is_leased(const uint8_t *slot)
{
    return (slot[KEYFILE_AT_FLAGS] & KEYFILE_FLAG_LEASED) != 0;
}

int keyfile_slot_open(const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES], const uint8_t *lease_secret,
                      uint8_t key[KEYFILE_KEY_BYTES])
{
    uint8_t wrapping[KEYFILE_KEY_BYTES];
    int rc;
    if (lease_secret == NULL)
        return unwrap(slot, NONCE_AT, key, own);
    lease_key(wrapping, own, lease_secret);
    rc = unwrap(slot, NONCE_AT, key, wrapping);
    sodium_memzero(wrapping, sizeof wrapping);
    return rc;
}

int keyfile_slot_open_link(const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES], uint8_t link[32])
{
    uint8_t wrapping[KEYFILE_KEY_BYTES];
    int rc;
    link_key(wrapping, own);
    rc = unwrap(slot, LINK_NONCE_AT, link, wrapping);
    sodium_memzero(wrapping, sizeof wrapping);
    return rc;
}

/* A leased slot is tried by its link, which opens without the lease: so a right passphrase is known from a wrong one
 * after the lease has ended, too. */
int keyfile_slot_match(const struct keyfile_image *image, struct keyfile_passphrase passphrase, size_t *at,
                       uint8_t own[KEYFILE_KEY_BYTES], struct error *e)
{
    uint8_t plain[32];
    int code;
    for (*at = keyfile_image_find(image, KEYFILE_PASSPHRASE, KEYFILE_SLOTS_AT); *at < image->count;
         *at = keyfile_image_find(image, KEYFILE_PASSPHRASE, *at + keyfile_image_slot(image, *at))) {
        const uint8_t *slot = image->bytes + *at;
        int rc = -1;
        code = stretch(own, slot, passphrase, e);
        if (code == 0)
            rc = keyfile_slot_is_leased(slot) ? keyfile_slot_open_link(slot, own, plain)
                                              : keyfile_slot_open(slot, own, NULL, plain);
        sodium_memzero(plain, sizeof plain);
        if (rc == 0)
            return 0;
        sodium_memzero(own, KEYFILE_KEY_BYTES);
        if (code != 0)
            return code;
    }
    return error_set(e, E_WRONG_KEY, "the passphrase is wrong; try again");
}

/* ---- a secret's slot ---- */

void keyfile_slot_make_secret(uint8_t slot[KEYFILE_SECRET_BYTES], const uint8_t key[KEYFILE_KEY_BYTES],
                              const uint8_t secret[32])
{
    uint8_t wrapping[KEYFILE_KEY_BYTES];
    secret_key(wrapping, slot, secret);
    wrap(slot, SECRET_NONCE_AT, key, wrapping);
    sodium_memzero(wrapping, sizeof wrapping);
}

int keyfile_slot_open_secret(const uint8_t slot[KEYFILE_SECRET_BYTES], const uint8_t secret[32],
                             uint8_t key[KEYFILE_KEY_BYTES])
{
    uint8_t wrapping[KEYFILE_KEY_BYTES];
    int rc;
    secret_key(wrapping, slot, secret);
    rc = unwrap(slot, SECRET_NONCE_AT, key, wrapping);
    sodium_memzero(wrapping, sizeof wrapping);
    return rc;
}
