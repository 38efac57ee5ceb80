/* Tickets. A ticket goes through hands, printers and chat windows: its lines may be wrapped anew and have white space
 * around them, and a check sum tells a damaged one from one that the office does not know. docs/PROTOCOL.md, "Tickets".
 */
#include "ticket.h"

#include <sodium.h>
#include <string.h>

#include "pack.h"

#define BEGIN "-----BEGIN SATCHEL TICKET-----"
#define END "-----END SATCHEL TICKET-----"
#define SPACE " \t\r\n"
#define VERSION 1
#define ELEMENTS 9
#define SUM_BYTES 8
#define LINE 64         /* characters of base64 in a line */
#define BYTES_MAX 1024  /* of the msgpack and its sum */
#define BASE64_MAX 1400 /* of BYTES_MAX bytes, and a NUL */

/* The sum is the first 8 bytes of BLAKE2b-256. It finds accidents. It does not stop forgers, who need the secret. */
static void check_sum(struct slice bytes, uint8_t out[SUM_BYTES])
{
    static const uint8_t domain[] = "satchel ticket 1";
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, bytes.p, bytes.size, domain, sizeof domain - 1);
    memcpy(out, hash, SUM_BYTES);
}

/* 1: this may be a host, that is a name or an address: letters, digits and the signs between them. */
static int is_host(struct slice host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_%";
    if (host.size == 0 || host.size >= TICKET_HOST_MAX)
        return 0;
    for (size_t i = 0; i < host.size; i++)
        if (host.p[i] == 0 || strchr(allowed, host.p[i]) == NULL)
            return 0;
    return 1;
}

static int is_port(uint64_t port)
{
    return port >= 1 && port <= 65535;
}

/* 1: this is one word and may be a verifier key. Whoever uses it parses it (checkpoint.h). */
static int is_log_key(struct slice key)
{
    if (key.size == 0 || key.size >= sizeof(((struct ticket *)0)->log_key) || !pack_is_utf8(key.p, key.size))
        return 0;
    for (size_t i = 0; i < key.size; i++)
        if (key.p[i] <= ' ' || key.p[i] == 0x7f)
            return 0;
    return 1;
}

static struct slice slice_of(const char *text, size_t max)
{
    return (struct slice){(const uint8_t *)text, strnlen(text, max)};
}

/* Writes the text: the base64 between both lines, with a newline after every LINE characters. */
static void wrap(const char *base64, char out[TICKET_TEXT_MAX])
{
    size_t at = sizeof BEGIN - 1, left = strlen(base64);
    memcpy(out, BEGIN, at);
    out[at++] = '\n';
    while (left != 0) {
        size_t part = left < LINE ? left : LINE;
        memcpy(out + at, base64, part);
        at += part;
        out[at++] = '\n';
        base64 += part;
        left -= part;
    }
    memcpy(out + at, END "\n", sizeof END + 1);
}

_Static_assert(sizeof BEGIN + sizeof END + 2 + BASE64_MAX + BASE64_MAX / LINE + 1 <= TICKET_TEXT_MAX,
               "the largest ticket fits its text");
_Static_assert(sodium_base64_ENCODED_LEN(BYTES_MAX, sodium_base64_VARIANT_ORIGINAL) <= BASE64_MAX,
               "the largest ticket fits its base64");
_Static_assert(1 + 1 + 18 + 34 + 18 + 34 + 3 + 319 + 9 + 3 + 255 + 3 + SUM_BYTES <= BYTES_MAX,
               "the largest ticket fits its bytes");

int ticket_format(const struct ticket *t, char out[TICKET_TEXT_MAX], struct error *e)
{
    struct slice host = slice_of(t->host, sizeof t->host), log_key = slice_of(t->log_key, sizeof t->log_key);
    struct slice bytes;
    uint8_t sum[SUM_BYTES];
    char base64[BASE64_MAX];
    struct pack w;
    int code;
    if (!is_host(host))
        return error_set(e, E_INPUT, "a ticket needs the office's host: a name or an address of at most %d characters",
                         TICKET_HOST_MAX - 1);
    if (!is_port(t->port))
        return error_set(e, E_INPUT, "a ticket's port is a number from 1 to 65535");
    if (!is_log_key(log_key) || t->expires_ms > INT64_MAX)
        return error_set(e, E_INPUT, "a ticket needs the office's verifier key and a time of expiry");
    pack_start(&w);
    pack_array(&w, ELEMENTS);
    pack_uint(&w, VERSION);
    pack_id(&w, &t->ticket);
    pack_bin(&w, t->secret, sizeof t->secret);
    pack_id(&w, &t->user);
    pack_bin(&w, t->noise_key, sizeof t->noise_key);
    pack_text(&w, t->log_key, log_key.size);
    pack_uint(&w, t->expires_ms);
    pack_text(&w, t->host, host.size);
    pack_uint(&w, t->port);
    bytes = pack_bytes(&w);
    check_sum(bytes, sum);
    pack_raw(&w, (struct slice){sum, sizeof sum});
    code = pack_finish(&w, e);
    if (code != 0)
        goto done;
    bytes = pack_bytes(&w);
    sodium_bin2base64(base64, sizeof base64, bytes.p, bytes.size, sodium_base64_VARIANT_ORIGINAL);
    wrap(base64, out);
done:
    sodium_memzero(base64, sizeof base64);
    pack_free(&w);
    return code;
}

static int not_a_ticket(struct error *e)
{
    return error_set(e, E_INPUT, "this is not a ticket: it does not begin with " BEGIN);
}

static int damaged(struct error *e)
{
    return error_set(e, E_INPUT, "this ticket is damaged; copy the whole of it anew, or ask the office for another");
}

/* Finds the base64 between both lines. Only white space may stand before and after them. E_INPUT. */
static int unwrap(const char *text, size_t bytes, struct slice *out, struct error *e)
{
    const char *end;
    size_t after;
    while (bytes != 0 && *text != 0 && strchr(SPACE, *text) != NULL) {
        text++;
        bytes--;
    }
    if (bytes < sizeof BEGIN - 1 || memcmp(text, BEGIN, sizeof BEGIN - 1) != 0)
        return not_a_ticket(e);
    text += sizeof BEGIN - 1;
    bytes -= sizeof BEGIN - 1;
    end = memmem(text, bytes, END, sizeof END - 1);
    if (end == NULL)
        return error_set(e, E_INPUT, "this ticket is cut short: its last line, " END ", is missing; copy all of it");
    *out = (struct slice){(const uint8_t *)text, (size_t)(end - text)};
    after = out->size + sizeof END - 1;
    for (; after < bytes; after++)
        if (text[after] == 0 || strchr(SPACE, text[after]) == NULL)
            return error_set(e, E_INPUT, "something follows the ticket's last line; hand in the ticket alone");
    return 0;
}

/* Reads the elements of a ticket whose sum is right. E_INPUT. */
static int read_fields(struct slice bytes, struct ticket *out, struct error *e)
{
    struct slice log_key, host;
    uint64_t version, port;
    struct unpack r;
    unpack_start(&r, bytes);
    if (unpack_array(&r) != ELEMENTS)
        r.failed = 1;
    version = unpack_uint(&r);
    if (!r.failed && version != VERSION)
        return error_set(e, E_INPUT, "this ticket is of version %llu, which this program does not know; update it",
                         (unsigned long long)version);
    out->ticket = unpack_id(&r);
    unpack_fixed(&r, out->secret, sizeof out->secret);
    out->user = unpack_id(&r);
    unpack_fixed(&r, out->noise_key, sizeof out->noise_key);
    log_key = unpack_text(&r);
    out->expires_ms = unpack_uint(&r);
    host = unpack_text(&r);
    port = unpack_uint(&r);
    if (unpack_end(&r, "ticket", NULL) != 0 || !is_log_key(log_key) || !is_host(host) || !is_port(port) ||
        out->expires_ms > INT64_MAX)
        return damaged(e);
    memcpy(out->log_key, log_key.p, log_key.size);
    memcpy(out->host, host.p, host.size);
    out->port = (unsigned)port;
    return 0;
}

int ticket_parse(const char *text, size_t bytes, struct ticket *out, struct error *e)
{
    uint8_t raw[BYTES_MAX], sum[SUM_BYTES];
    struct slice base64 = {NULL, 0}, fields;
    size_t size = 0;
    int code;
    memset(out, 0, sizeof *out);
    if (bytes > TICKET_TEXT_MAX)
        return error_set(e, E_INPUT, "this is not a ticket: it is larger than a ticket can be");
    code = unwrap(text, bytes, &base64, e);
    if (code != 0)
        return code;
    if (sodium_base642bin(raw, sizeof raw, (const char *)base64.p, base64.size, SPACE, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        size <= SUM_BYTES) {
        code = damaged(e);
        goto done;
    }
    fields = (struct slice){raw, size - SUM_BYTES};
    check_sum(fields, sum);
    if (memcmp(sum, raw + fields.size, SUM_BYTES) != 0) {
        code = damaged(e);
        goto done;
    }
    code = read_fields(fields, out, e);
done:
    sodium_memzero(raw, sizeof raw);
    if (code != 0)
        sodium_memzero(out, sizeof *out);
    return code;
}
