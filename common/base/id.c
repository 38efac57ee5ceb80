/* Making, comparing, writing and reading ids. */
#include "id.h"

#include <sodium.h>
#include <string.h>

struct id id_new(uint64_t unix_ms)
{
    struct id id;
    randombytes_buf(id.b, sizeof id.b);
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

static void hash_string(crypto_generichash_state *state, const char *text)
{
    uint64_t bytes = strlen(text);
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bytes >> (8 * i));
    crypto_generichash_update(state, length, sizeof length);
    crypto_generichash_update(state, (const uint8_t *)text, bytes);
}

struct id id_derive(const char *source, const char *table, const char *key)
{
    static const uint8_t domain[] = "satchel import 1";
    struct id id;
    crypto_generichash_state state;
    crypto_generichash_init(&state, domain, sizeof domain - 1, sizeof id.b);
    hash_string(&state, source);
    hash_string(&state, table);
    hash_string(&state, key);
    crypto_generichash_final(&state, id.b, sizeof id.b);
    id.b[6] = (uint8_t)(0x80 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

struct id id_of_device(const uint8_t public_key[32])
{
    static const uint8_t domain[] = "satchel device 1";
    struct id id;
    crypto_generichash(id.b, sizeof id.b, public_key, 32, domain, sizeof domain - 1);
    return id;
}

int id_is_zero(const struct id *id)
{
    static const struct id zero;
    return memcmp(id->b, zero.b, sizeof zero.b) == 0;
}

int id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int id_compare(const struct id *a, const struct id *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

void id_format(const struct id *id, char out[ID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;
    for (int i = 0; i < ID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[id->b[i] >> 4];
        *p++ = digits[id->b[i] & 15];
    }
    *p = 0;
}

char *id_brief(const struct id *id, char out[ID_BRIEF])
{
    char text[ID_TEXT];
    id_format(id, text);
    return memcpy(out, text + ID_TEXT - ID_BRIEF, ID_BRIEF);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int id_parse(const char *text, struct id *out, struct error *e)
{
    struct id id;
    const char *p = text;
    for (int i = 0; i < ID_BYTES; i++) {
        int high, low;
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
            goto bad;
        if ((high = hex_digit(p[0])) < 0 || (low = hex_digit(p[1])) < 0)
            goto bad;
        id.b[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    if (*p != 0)
        goto bad;
    *out = id;
    return 0;
bad:
    return error_set(e, E_INPUT, "this is not an id; an id has 36 characters, as 01890a5d-ac96-774b-bcce-b302099a8057");
}
