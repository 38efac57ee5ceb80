/* Property 7: no two texts are sealed with one nonce under one key: pages of a vault, frames of its log, key files,
 * messages of a link, bodies of an archive. The linker's --wrap: everything that the programs seal comes by here. A run
 * is a process of its own, so it begins with nothing noted. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

enum { NAME_BYTES = 16, FIRST_ROOM = 4096 };

/* An open hash table; a name of zeros: free. */
static struct noted {
    uint8_t name[NAME_BYTES];             /* of cipher, key and nonce */
    uint8_t text[crypto_shorthash_BYTES]; /* of what they sealed */
} * all;
static size_t count, room;

static struct noted *place(const uint8_t *name)
{
    static const uint8_t none[NAME_BYTES];
    size_t at;
    memcpy(&at, name, sizeof at);
    for (at %= room; memcmp(all[at].name, none, NAME_BYTES) != 0 && memcmp(all[at].name, name, NAME_BYTES) != 0;)
        at = (at + 1) % room;
    return &all[at];
}

static void make_room(void)
{
    struct noted *old = all;
    size_t old_room = room;
    if (2 * count < room)
        return;
    room = room == 0 ? FIRST_ROOM : 2 * room;
    if ((all = calloc(room, sizeof *all)) == NULL)
        abort();
    for (size_t i = 0; i < old_room; i++)
        *place(old[i].name) = old[i];
    free(old);
}

/* The same text once more, as a page that is made again after a power cut, tells nobody anything. */
static void sealed(const char *cipher, const uint8_t key[32], const uint8_t *nonce, size_t nonce_bytes,
                   const uint8_t *text, size_t bytes)
{
    static const uint8_t plain[crypto_shorthash_KEYBYTES];
    uint8_t name[NAME_BYTES], hash[crypto_shorthash_BYTES];
    crypto_generichash_state state;
    struct noted *noted;
    (void)crypto_generichash_init(&state, key, 32, NAME_BYTES);
    (void)crypto_generichash_update(&state, (const uint8_t *)cipher, strlen(cipher));
    (void)crypto_generichash_update(&state, nonce, nonce_bytes);
    (void)crypto_generichash_final(&state, name, NAME_BYTES);
    (void)crypto_shorthash(hash, text, bytes, plain);
    make_room();
    noted = place(name);
    if (memcmp(noted->name, name, NAME_BYTES) != 0) {
        memcpy(noted->name, name, NAME_BYTES);
        memcpy(noted->text, hash, sizeof hash);
        count++;
    } else if (memcmp(noted->text, hash, sizeof hash) != 0) {
        oracle_found("7: two texts are sealed with %s under one key and one nonce, the second of %zu bytes", cipher,
                     bytes);
    }
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_bytes,
                                                     const unsigned char *m, unsigned long long m_bytes,
                                                     const unsigned char *ad, unsigned long long ad_bytes,
                                                     const unsigned char *none, const unsigned char *nonce,
                                                     const unsigned char *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_bytes,
                                                     const unsigned char *m, unsigned long long m_bytes,
                                                     const unsigned char *ad, unsigned long long ad_bytes,
                                                     const unsigned char *none, const unsigned char *nonce,
                                                     const unsigned char *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_bytes,
                                                     const unsigned char *m, unsigned long long m_bytes,
                                                     const unsigned char *ad, unsigned long long ad_bytes,
                                                     const unsigned char *none, const unsigned char *nonce,
                                                     const unsigned char *key)
{
    int code = __real_crypto_aead_chacha20poly1305_ietf_encrypt(c, c_bytes, m, m_bytes, ad, ad_bytes, none, nonce, key);
    sealed("ChaCha20", key, nonce, crypto_aead_chacha20poly1305_ietf_NPUBBYTES, c, (size_t)m_bytes);
    return code;
}

int __real_crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_bytes,
                                                      const unsigned char *m, unsigned long long m_bytes,
                                                      const unsigned char *ad, unsigned long long ad_bytes,
                                                      const unsigned char *none, const unsigned char *nonce,
                                                      const unsigned char *key);
int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_bytes,
                                                      const unsigned char *m, unsigned long long m_bytes,
                                                      const unsigned char *ad, unsigned long long ad_bytes,
                                                      const unsigned char *none, const unsigned char *nonce,
                                                      const unsigned char *key);
int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_bytes,
                                                      const unsigned char *m, unsigned long long m_bytes,
                                                      const unsigned char *ad, unsigned long long ad_bytes,
                                                      const unsigned char *none, const unsigned char *nonce,
                                                      const unsigned char *key)
{
    int code =
        __real_crypto_aead_xchacha20poly1305_ietf_encrypt(c, c_bytes, m, m_bytes, ad, ad_bytes, none, nonce, key);
    sealed("XChaCha20", key, nonce, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, c, (size_t)m_bytes);
    return code;
}

int __real_crypto_aead_xchacha20poly1305_ietf_encrypt_detached(unsigned char *c, unsigned char *tag,
                                                               unsigned long long *tag_bytes, const unsigned char *m,
                                                               unsigned long long m_bytes, const unsigned char *ad,
                                                               unsigned long long ad_bytes, const unsigned char *none,
                                                               const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt_detached(unsigned char *c, unsigned char *tag,
                                                               unsigned long long *tag_bytes, const unsigned char *m,
                                                               unsigned long long m_bytes, const unsigned char *ad,
                                                               unsigned long long ad_bytes, const unsigned char *none,
                                                               const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt_detached(unsigned char *c, unsigned char *tag,
                                                               unsigned long long *tag_bytes, const unsigned char *m,
                                                               unsigned long long m_bytes, const unsigned char *ad,
                                                               unsigned long long ad_bytes, const unsigned char *none,
                                                               const unsigned char *nonce, const unsigned char *key)
{
    int code = __real_crypto_aead_xchacha20poly1305_ietf_encrypt_detached(c, tag, tag_bytes, m, m_bytes, ad, ad_bytes,
                                                                          none, nonce, key);
    sealed("XChaCha20", key, nonce, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, c, (size_t)m_bytes);
    return code;
}
/* NOLINTEND(bugprone-reserved-identifier) */
