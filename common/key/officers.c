/* The signed pairs of recovery officers: signing, packing and checking them. officers.h has the bytes. */
#include "officers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char domain[] = "satchel recovery 1"; /* with its NUL */

#define ONE ((size_t)ID_BYTES + 32)
#define BOTH (2 * ONE)

/* Writes the ids and keys as they are signed and sent. */
static void write_both(const struct keyfile_pair *pair, uint8_t out[BOTH])
{
    for (size_t i = 0; i < 2; i++) {
        memcpy(out + i * ONE, pair->officers[i].b, ID_BYTES);
        memcpy(out + i * ONE + ID_BYTES, pair->public_keys[i], 32);
    }
}

static void write_statement(const struct keyfile_pair *pair, uint8_t out[sizeof domain + BOTH])
{
    memcpy(out, domain, sizeof domain);
    write_both(pair, out + sizeof domain);
}

void officers_sign(struct keyfile_pair *pair, const uint8_t sign_secret[64])
{
    uint8_t statement[sizeof domain + BOTH];
    write_statement(pair, statement);
    (void)crypto_sign_detached(pair->signature, NULL, statement, sizeof statement, sign_secret);
}

void officers_pack(const struct keyfile_pair *pair, uint8_t out[OFFICERS_PAIR_BYTES])
{
    write_both(pair, out);
    memcpy(out + BOTH, pair->signature, sizeof pair->signature);
}

int officers_read(struct slice bytes, const uint8_t office_key[32], struct keyfile_pair pairs[KEYFILE_PAIRS_MAX],
                  size_t *count, struct error *e)
{
    uint8_t statement[sizeof domain + BOTH];
    *count = 0;
    if (bytes.size % OFFICERS_PAIR_BYTES != 0 || bytes.size / OFFICERS_PAIR_BYTES > KEYFILE_PAIRS_MAX)
        return error_set(e, E_VERIFY, "the office's list of recovery officers is not whole");
    for (size_t i = 0; i < bytes.size / OFFICERS_PAIR_BYTES; i++) {
        const uint8_t *p = bytes.p + i * OFFICERS_PAIR_BYTES;
        struct keyfile_pair *pair = &pairs[i];
        for (size_t j = 0; j < 2; j++) {
            memcpy(pair->officers[j].b, p + j * ONE, ID_BYTES);
            memcpy(pair->public_keys[j], p + j * ONE + ID_BYTES, 32);
        }
        memcpy(pair->signature, p + BOTH, sizeof pair->signature);
        write_statement(pair, statement);
        if (id_compare(&pair->officers[0], &pair->officers[1]) >= 0 ||
            crypto_sign_verify_detached(pair->signature, statement, sizeof statement, office_key) != 0)
            return error_set(e, E_VERIFY, "the office has not signed these recovery officers; call the office");
    }
    *count = bytes.size / OFFICERS_PAIR_BYTES;
    return 0;
}

static int compare_packed(const void *a, const void *b)
{
    return memcmp(a, b, OFFICERS_PAIR_BYTES);
}

void officers_digest(const struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], size_t count, uint8_t out[32])
{
    static const uint8_t key[] = "satchel officers 1";
    uint8_t packed[KEYFILE_PAIRS_MAX * OFFICERS_PAIR_BYTES];
    for (size_t i = 0; i < count; i++)
        officers_pack(&pairs[i], packed + i * OFFICERS_PAIR_BYTES);
    qsort(packed, count, OFFICERS_PAIR_BYTES, compare_packed);
    crypto_generichash(out, 32, packed, count * OFFICERS_PAIR_BYTES, key, sizeof key - 1);
}
