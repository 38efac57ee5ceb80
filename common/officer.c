#include "officer.h"

#include <sodium.h>
#include <string.h>

#define KEY_BYTES 32
#define ONE_BYTES (ID_BYTES + KEY_BYTES)
#define SIGNATURE_AT (2 * ONE_BYTES)

static const char domain[] = "satchel recovery 1"; /* its zero is signed too */

_Static_assert(SIGNATURE_AT + crypto_sign_BYTES == OFFICER_PAIR_BYTES, "the picture in the header");

static void write_two(const struct keyfile_pair *pair, uint8_t out[SIGNATURE_AT])
{
    for (size_t i = 0; i < 2; i++) {
        memcpy(out + i * ONE_BYTES, pair->officers[i].b, ID_BYTES);
        memcpy(out + i * ONE_BYTES + ID_BYTES, pair->public_keys[i], KEY_BYTES);
    }
}

static void write_statement(const struct keyfile_pair *pair, uint8_t out[sizeof domain + SIGNATURE_AT])
{
    memcpy(out, domain, sizeof domain);
    write_two(pair, out + sizeof domain);
}

void officer_sign(struct keyfile_pair *pair, const uint8_t secret[64])
{
    uint8_t statement[sizeof domain + SIGNATURE_AT];
    if (id_compare(&pair->officers[0], &pair->officers[1]) > 0) {
        struct keyfile_pair turned = *pair;
        turned.officers[0] = pair->officers[1];
        turned.officers[1] = pair->officers[0];
        memcpy(turned.public_keys[0], pair->public_keys[1], KEY_BYTES);
        memcpy(turned.public_keys[1], pair->public_keys[0], KEY_BYTES);
        *pair = turned;
    }
    write_statement(pair, statement);
    crypto_sign_detached(pair->signature, NULL, statement, sizeof statement, secret);
}

void officer_write(const struct keyfile_pair *pair, uint8_t out[OFFICER_PAIR_BYTES])
{
    write_two(pair, out);
    memcpy(out + SIGNATURE_AT, pair->signature, sizeof pair->signature);
}

int officer_read(const uint8_t in[OFFICER_PAIR_BYTES], const uint8_t public_key[32], struct keyfile_pair *out,
                 struct error *e)
{
    uint8_t statement[sizeof domain + SIGNATURE_AT];
    for (size_t i = 0; i < 2; i++) {
        memcpy(out->officers[i].b, in + i * ONE_BYTES, ID_BYTES);
        memcpy(out->public_keys[i], in + i * ONE_BYTES + ID_BYTES, KEY_BYTES);
    }
    memcpy(out->signature, in + SIGNATURE_AT, sizeof out->signature);
    write_statement(out, statement);
    if (id_compare(&out->officers[0], &out->officers[1]) >= 0 ||
        crypto_sign_verify_detached(out->signature, statement, sizeof statement, public_key) != 0)
        return error_set(e, E_VERIFY,
                         "the recovery officers that came are not signed with the office's key; none was taken: call "
                         "the office");
    return 0;
}
