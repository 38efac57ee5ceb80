/* Checkpoints and verifier keys as text: writing, and strict reading. */
#include "checkpoint.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "pack.h"

#define DASH "\xe2\x80\x94 " /* U+2014 and a space: what a signature line begins with */

enum { KEY_ID_BYTES = 4, ED25519 = 1 };

/* Our own names are printable ASCII: a signed note allows more, but no spaces of any kind, and those of Unicode would
 * have to be known for that. */
static int is_origin(const char *text)
{
    size_t length = strnlen(text, CHECKPOINT_ORIGIN_MAX);
    if (length == 0 || length == CHECKPOINT_ORIGIN_MAX)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '+')
            return 0;
    return 1;
}

/* Computes a key id: the first 4 bytes of SHA-256(name, newline, 0x01, public key): C2SP signed-note, "Signature
 * types". */
static void key_id(const struct checkpoint_vkey *k, uint8_t out[KEY_ID_BYTES])
{
    static const uint8_t between[] = {'\n', ED25519};
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)k->origin, strlen(k->origin));
    crypto_hash_sha256_update(&state, between, sizeof between);
    crypto_hash_sha256_update(&state, k->public_key, sizeof k->public_key);
    crypto_hash_sha256_final(&state, hash);
    memcpy(out, hash, KEY_ID_BYTES);
}

/* Decodes base64. Returns how many bytes it gives; 0: it is no base64, or gives more than `room`. */
static size_t decode(const char *text, size_t length, uint8_t *out, size_t room)
{
    char again[CHECKPOINT_TEXT_MAX];
    size_t bytes = 0;
    if (length >= sizeof again ||
        sodium_base642bin(out, room, text, length, NULL, &bytes, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        sodium_base64_encoded_len(bytes, sodium_base64_VARIANT_ORIGINAL) != length + 1)
        return 0;
    /* One form for each value, so that no bit of the text is free: libsodium 1.0.18 also takes bytes above 0x7f. */
    (void)sodium_bin2base64(again, sizeof again, out, bytes, sodium_base64_VARIANT_ORIGINAL);
    return memcmp(again, text, length) == 0 ? bytes : 0;
}

int checkpoint_vkey_parse(const char *text, struct checkpoint_vkey *out, struct error *e)
{
    const char *first = strchr(text, '+'), *second = first == NULL ? NULL : strchr(first + 1, '+');
    struct checkpoint_vkey k;
    uint8_t key[33], id[KEY_ID_BYTES];
    char hex[9];
    memset(&k, 0, sizeof k);
    if (second == NULL || second - first != 9 || (size_t)(first - text) >= sizeof k.origin)
        goto bad;
    memcpy(k.origin, text, (size_t)(first - text));
    if (!is_origin(k.origin) || decode(second + 1, strlen(second + 1), key, sizeof key) != sizeof key ||
        key[0] != ED25519)
        goto bad;
    memcpy(k.public_key, key + 1, sizeof k.public_key);
    key_id(&k, id);
    sodium_bin2hex(hex, sizeof hex, id, sizeof id);
    if (memcmp(hex, first + 1, 8) != 0)
        goto bad;
    *out = k;
    return 0;
bad:
    return error_set(e, E_INPUT, "this is not a verifier key; one looks like NAME+12345678+AbCd...");
}

int checkpoint_vkey_format(const struct checkpoint_vkey *vkey, char out[CHECKPOINT_VKEY_MAX], struct error *e)
{
    uint8_t key[33], id[KEY_ID_BYTES];
    char hex[9], base64[64];
    if (!is_origin(vkey->origin))
        return error_set(e, E_INPUT, "the name of a log holds no spaces, no '+' and no control characters");
    key[0] = ED25519;
    memcpy(key + 1, vkey->public_key, sizeof vkey->public_key);
    key_id(vkey, id);
    sodium_bin2hex(hex, sizeof hex, id, sizeof id);
    (void)sodium_bin2base64(base64, sizeof base64, key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(out, CHECKPOINT_VKEY_MAX, "%s+%s+%s", vkey->origin, hex, base64);
    return 0;
}

int checkpoint_sign(const struct checkpoint *c, const uint8_t secret_key[64], char out[CHECKPOINT_TEXT_MAX],
                    struct error *e)
{
    struct checkpoint_vkey k;
    uint8_t signed_by[KEY_ID_BYTES + crypto_sign_BYTES];
    char root[64], base64[128];
    int used;
    if (!is_origin(c->origin))
        return error_set(e, E_INPUT, "the name of a log holds no spaces, no '+' and no control characters");
    if (c->size > INT64_MAX)
        return error_set(e, E_INPUT, "a log has no more than 2^63 - 1 entries");
    memcpy(k.origin, c->origin, sizeof k.origin);
    crypto_sign_ed25519_sk_to_pk(k.public_key, secret_key);
    (void)sodium_bin2base64(root, sizeof root, c->root.b, sizeof c->root.b, sodium_base64_VARIANT_ORIGINAL);
    used = snprintf(out, CHECKPOINT_TEXT_MAX, "%s\n%llu\n%s\n", c->origin, (unsigned long long)c->size, root);
    key_id(&k, signed_by);
    crypto_sign_detached(signed_by + KEY_ID_BYTES, NULL, (const uint8_t *)out, (unsigned long long)used, secret_key);
    (void)sodium_bin2base64(base64, sizeof base64, signed_by, sizeof signed_by, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(out + used, CHECKPOINT_TEXT_MAX - (size_t)used, "\n" DASH "%s %s\n", c->origin, base64);
    return 0;
}

/* --- reading --- */

/* Takes the next line of *p, without its newline. NULL: there is none. */
static const char *line(const char **p, const char *end, size_t *length)
{
    const char *start = *p, *newline = memchr(start, '\n', (size_t)(end - start));
    if (newline == NULL)
        return NULL;
    *length = (size_t)(newline - start);
    *p = newline + 1;
    return start;
}

static int read_size(const char *text, size_t length, uint64_t *out)
{
    uint64_t n = 0;
    if (length == 0 || length > 19 || (text[0] == '0' && length > 1))
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        n = n * 10 + (uint64_t)(text[i] - '0');
    }
    *out = n;
    return n <= INT64_MAX;
}

/* 1: the text may be a signed note: it is UTF-8, and newlines are its only control characters (C2SP signed-note,
 * "Format"). */
static int is_text(const char *signed_note, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)signed_note[i] < ' ' && signed_note[i] != '\n')
            return 0;
    return pack_is_utf8((const uint8_t *)signed_note, bytes);
}

/* Reads one signature line. *valid becomes 1 if it is vkey's over the body, and stays as it is if it is somebody
 * else's. E_INPUT: it is no signature line; E_VERIFY: it has vkey's name and key id, but is not its signature. */
static int check_signature(const char *text, size_t length, const struct checkpoint_vkey *vkey, const char *body,
                           size_t body_bytes, int *valid)
{
    size_t dash = sizeof DASH - 1, name, bytes;
    const char *space;
    uint8_t signature[CHECKPOINT_TEXT_MAX], id[KEY_ID_BYTES];
    if (length <= dash || memcmp(text, DASH, dash) != 0)
        return E_INPUT;
    text += dash;
    length -= dash;
    if ((space = memchr(text, ' ', length)) == NULL || space == text)
        return E_INPUT;
    name = (size_t)(space - text);
    bytes = decode(space + 1, length - name - 1, signature, sizeof signature);
    if (bytes <= KEY_ID_BYTES || memchr(text, '+', name) != NULL)
        return E_INPUT;
    key_id(vkey, id);
    if (name != strlen(vkey->origin) || memcmp(text, vkey->origin, name) != 0 || memcmp(id, signature, sizeof id) != 0)
        return 0;
    if (bytes != KEY_ID_BYTES + crypto_sign_BYTES ||
        crypto_sign_verify_detached(signature + KEY_ID_BYTES, (const uint8_t *)body, body_bytes, vkey->public_key) != 0)
        return E_VERIFY;
    *valid = 1;
    return 0;
}

static int read_body(const char **p, const char *end, struct checkpoint *out)
{
    const char *text;
    size_t length;
    memset(out, 0, sizeof *out);
    if ((text = line(p, end, &length)) == NULL || length >= sizeof out->origin)
        return 0;
    memcpy(out->origin, text, length);
    if (!is_origin(out->origin) || strlen(out->origin) != length)
        return 0;
    if ((text = line(p, end, &length)) == NULL || !read_size(text, length, &out->size))
        return 0;
    return (text = line(p, end, &length)) != NULL &&
           decode(text, length, out->root.b, sizeof out->root.b) == MERKLE_BYTES;
}

int checkpoint_open(const char *signed_note, size_t bytes, const struct checkpoint_vkey *vkey, struct checkpoint *out,
                    struct error *e)
{
    const char *p = signed_note, *end = signed_note + bytes, *text;
    struct checkpoint c;
    size_t body_bytes, length;
    int valid = 0, code;
    if (bytes == 0 || bytes >= CHECKPOINT_TEXT_MAX || !is_text(signed_note, bytes) || !read_body(&p, end, &c))
        return error_set(e, E_INPUT, "this is not a checkpoint of a log");
    body_bytes = (size_t)(p - signed_note);
    if (line(&p, end, &length) == NULL || length != 0 || p == end)
        return error_set(e, E_INPUT, "this is not a checkpoint: it has no signatures");
    while (p != end) {
        if ((text = line(&p, end, &length)) == NULL)
            return error_set(e, E_INPUT, "this checkpoint is cut short");
        code = check_signature(text, length, vkey, signed_note, body_bytes, &valid);
        if (code == E_INPUT)
            return error_set(e, code, "this is not a checkpoint: a line of its signatures is not one");
        if (code != 0)
            return error_set(e, code, "the signature of the log's checkpoint is not valid");
    }
    if (!valid || strcmp(c.origin, vkey->origin) != 0)
        return error_set(e, E_VERIFY, "the checkpoint is not signed by the key of %s", vkey->origin);
    *out = c;
    return 0;
}
