/* The vault's bytes: keys, pages and frames. docs/VAULT.md describes them; the pictures here are the short form.
 *
 *   page n of the database     0            4056   4080  4096
 *                              | ciphertext | nonce | tag |     page 1: [0,16) is the file id, in clear
 *
 *   frame of the write-ahead   0            8       16           24                 4080    4104  4120
 *   log, at a file offset      | ciphertext | salts | ciphertext | ciphertext       | nonce | tag |
 *                              | header               (24 bytes) | page's first 4056 bytes
 *
 * A frame is sealed as one message of 8 + 8 + 4056 bytes. Its salts stay clear and are authenticated. In memory the
 * first eight bytes are moved over the salts, which makes the message one piece from byte 8 on. */
#include <sodium.h>
#include <string.h>

#include "vault_private.h"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SALTS_AT 8
#define SALTS_BYTES 8
#define FRAME_MESSAGE_BYTES (VAULT_FRAME_BYTES - VAULT_RESERVE_BYTES - SALTS_BYTES)
#define FRAME_NONCE_AT (VAULT_FRAME_BYTES - VAULT_RESERVE_BYTES)
#define FRAME_TAG_AT (FRAME_NONCE_AT + NONCE_BYTES)

_Static_assert(NONCE_BYTES == VAULT_NONCE_BYTES, "the nonce of a page");
_Static_assert(NONCE_BYTES + TAG_BYTES == VAULT_RESERVE_BYTES, "the reserved bytes hold nonce and tag");

enum { DOMAIN_DATABASE = 1, DOMAIN_WAL = 2 }; /* 3 is kept for a rollback journal, which a vault never has */

static const uint8_t magic[16] = "SQLite format 3";

static void put_le64(uint8_t out[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static void derive(uint8_t out[VAULT_KEY_BYTES], const uint8_t key[VAULT_KEY_BYTES], uint8_t domain,
                   const uint8_t id[VAULT_ID_BYTES])
{
    uint8_t message[1 + VAULT_ID_BYTES];
    message[0] = domain;
    memcpy(message + 1, id, VAULT_ID_BYTES);
    crypto_generichash(out, VAULT_KEY_BYTES, message, sizeof message, key, VAULT_KEY_BYTES);
}

void vault_pages_key(const uint8_t key[VAULT_KEY_BYTES], uint8_t pages[VAULT_KEY_BYTES])
{
    static const uint8_t domain[] = "satchel pages 1";
    crypto_generichash(pages, VAULT_KEY_BYTES, domain, sizeof domain - 1, key, VAULT_KEY_BYTES);
}

void vault_page_keys_of(struct vault_secret *s, const uint8_t pages[VAULT_KEY_BYTES], const uint8_t id[VAULT_ID_BYTES])
{
    memcpy(s->id, id, VAULT_ID_BYTES);
    derive(s->database, pages, DOMAIN_DATABASE, id);
    derive(s->wal, pages, DOMAIN_WAL, id);
}

void vault_page_keys(struct vault_secret *s, const uint8_t key[VAULT_KEY_BYTES], const uint8_t id[VAULT_ID_BYTES])
{
    uint8_t pages[VAULT_KEY_BYTES];
    vault_pages_key(key, pages);
    vault_page_keys_of(s, pages, id);
    sodium_memzero(pages, sizeof pages);
}

int vault_page_fits(uint64_t number, const uint8_t page[VAULT_PAGE_BYTES])
{
    /* A page that uses the reserved bytes comes from a database without the reserve, and would lose them (trap 5). */
    if (!sodium_is_zero(page + VAULT_BODY_BYTES, VAULT_RESERVE_BYTES))
        return 0;
    return number != 1 || (memcmp(page, magic, sizeof magic) == 0 && page[16] == VAULT_PAGE_BYTES >> 8 &&
                           page[17] == 0 && page[20] == VAULT_RESERVE_BYTES);
}

void vault_page_seal(const struct vault_secret *s, uint64_t number, const uint8_t page[VAULT_PAGE_BYTES],
                     uint8_t disk[VAULT_PAGE_BYTES])
{
    uint8_t nonce[NONCE_BYTES];
    randombytes_buf(nonce, sizeof nonce);
    vault_page_seal_with(s, number, page, nonce, disk);
}

void vault_page_seal_with(const struct vault_secret *s, uint64_t number, const uint8_t page[VAULT_PAGE_BYTES],
                          const uint8_t nonce[VAULT_NONCE_BYTES], uint8_t disk[VAULT_PAGE_BYTES])
{
    size_t skip = number == 1 ? VAULT_ID_BYTES : 0;
    uint8_t ad[8];
    memcpy(disk, s->id, skip);
    put_le64(ad, number);
    memcpy(disk + VAULT_BODY_BYTES, nonce, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(disk + skip, disk + VAULT_BODY_BYTES + NONCE_BYTES, NULL,
                                                        page + skip, VAULT_BODY_BYTES - skip, ad, sizeof ad, NULL,
                                                        disk + VAULT_BODY_BYTES, s->database);
}

void vault_page_next_nonce(const struct vault_secret *s, uint64_t number, const uint8_t disk[VAULT_PAGE_BYTES],
                           uint8_t nonce[VAULT_NONCE_BYTES])
{
    uint8_t message[VAULT_RESERVE_BYTES + 8];
    memcpy(message, disk + VAULT_BODY_BYTES, VAULT_RESERVE_BYTES);
    put_le64(message + VAULT_RESERVE_BYTES, number);
    crypto_generichash(nonce, VAULT_NONCE_BYTES, message, sizeof message, s->database, sizeof s->database);
}

int vault_page_open(const struct vault_secret *s, uint64_t number, const uint8_t disk[VAULT_PAGE_BYTES],
                    uint8_t page[VAULT_PAGE_BYTES])
{
    size_t skip = number == 1 ? VAULT_ID_BYTES : 0;
    uint8_t ad[8];
    put_le64(ad, number);
    /* The tag does not cover the id, since the id makes the key: without this, an id that changed while the file is
     * open would pass until the next opening. */
    if (memcmp(disk, s->id, skip) != 0 ||
        crypto_aead_xchacha20poly1305_ietf_decrypt_detached(page + skip, NULL, disk + skip, VAULT_BODY_BYTES - skip,
                                                            disk + VAULT_BODY_BYTES + NONCE_BYTES, ad, sizeof ad,
                                                            disk + VAULT_BODY_BYTES, s->database) != 0) {
        sodium_memzero(page, VAULT_PAGE_BYTES);
        return -1;
    }
    memcpy(page, magic, skip);
    memset(page + VAULT_BODY_BYTES, 0, VAULT_RESERVE_BYTES);
    return 0;
}

static void frame_ad(uint8_t ad[8 + SALTS_BYTES], sqlite3_int64 offset, const uint8_t salts[SALTS_BYTES])
{
    put_le64(ad, (uint64_t)offset);
    memcpy(ad + 8, salts, SALTS_BYTES);
}

void vault_page_seal_frame(const struct vault_secret *s, sqlite3_int64 offset,
                           const uint8_t header[VAULT_FRAME_HEADER_BYTES], const uint8_t page[VAULT_PAGE_BYTES],
                           uint8_t disk[VAULT_FRAME_BYTES])
{
    uint8_t *message = disk + SALTS_AT;
    uint8_t ad[8 + SALTS_BYTES];
    frame_ad(ad, offset, header + SALTS_AT);
    memcpy(message, header, 8);
    memcpy(message + 8, header + 16, 8);
    memcpy(message + 16, page, VAULT_BODY_BYTES);
    randombytes_buf(disk + FRAME_NONCE_AT, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(message, disk + FRAME_TAG_AT, NULL, message,
                                                        FRAME_MESSAGE_BYTES, ad, sizeof ad, NULL, disk + FRAME_NONCE_AT,
                                                        s->wal);
    memcpy(disk, message, 8);
    memcpy(disk + SALTS_AT, header + SALTS_AT, SALTS_BYTES);
}

int vault_page_open_frame(const struct vault_secret *s, sqlite3_int64 offset, uint8_t disk[VAULT_FRAME_BYTES],
                          uint8_t frame[VAULT_FRAME_BYTES])
{
    uint8_t salts[SALTS_BYTES], ad[8 + SALTS_BYTES];
    memcpy(salts, disk + SALTS_AT, sizeof salts);
    memcpy(disk + SALTS_AT, disk, SALTS_BYTES);
    frame_ad(ad, offset, salts);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(frame + SALTS_AT, NULL, disk + SALTS_AT,
                                                            FRAME_MESSAGE_BYTES, disk + FRAME_TAG_AT, ad, sizeof ad,
                                                            disk + FRAME_NONCE_AT, s->wal) != 0) {
        sodium_memzero(frame, VAULT_FRAME_BYTES);
        return -1;
    }
    memcpy(frame, frame + SALTS_AT, SALTS_BYTES);
    memcpy(frame + SALTS_AT, salts, sizeof salts);
    memset(frame + FRAME_NONCE_AT, 0, VAULT_RESERVE_BYTES);
    return 0;
}

void vault_page_first(uint8_t page[VAULT_PAGE_BYTES])
{
    /* SQLite's file format, 1.3 and 1.6: everything that is not named here is zero in a database without tables. */
    memset(page, 0, VAULT_PAGE_BYTES);
    memcpy(page, magic, sizeof magic);
    page[16] = VAULT_PAGE_BYTES >> 8;
    page[18] = 2; /* written and read through a write-ahead log */
    page[19] = 2;
    page[20] = VAULT_RESERVE_BYTES;
    page[21] = 64; /* three fractions that the format fixes */
    page[22] = 32;
    page[23] = 32;
    page[31] = 1;                      /* pages in the database */
    page[100] = 0x0d;                  /* the schema: a leaf of a table, without cells, */
    page[105] = VAULT_BODY_BYTES >> 8; /* whose content would start at the end of the usable bytes */
    page[106] = VAULT_BODY_BYTES & 0xff;
}
