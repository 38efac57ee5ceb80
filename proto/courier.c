/* The bytes of a courier file (docs/COURIER.md):
 *
 *   header   "satchel courier 1\n", device (16), the office's seal key (32), sum of the bytes before (16)
 *   item     length of what is sealed (4), typed changes (4), epoch, first seq, last seq (8 each), sealed, sum (16)
 *   sealed   crypto_box_seal of msgpack [signed head, deflated batch]
 *
 * Numbers are big-endian. A sum is BLAKE2b-128, keyed "satchel courier 1". It finds the damage of bad disks and sticks
 * without a key and proves nothing; the proof is inside the seal. */
#include "courier.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pack.h"

#define MAGIC "satchel courier 1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define FAMILY_BYTES (sizeof "satchel courier " - 1) /* what every version begins with */
#define PLAIN_MIN 4                                  /* an array of two empty bins */

_Static_assert(COURIER_SEAL_BYTES == crypto_box_SEALBYTES, "what a seal adds");
_Static_assert(COURIER_HEADER_BYTES == MAGIC_BYTES + ID_BYTES + COURIER_KEY_BYTES + COURIER_SUM_BYTES, "the header");

static void put_number(uint8_t *p, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static uint64_t get_number(const uint8_t *p, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | p[i];
    return value;
}

static void put_sum(uint8_t *bytes, size_t size)
{
    static const uint8_t domain[] = "satchel courier 1";
    crypto_generichash(bytes + size, COURIER_SUM_BYTES, bytes, size, domain, sizeof domain - 1);
}

static int sum_holds(uint8_t *bytes, size_t size)
{
    uint8_t was[COURIER_SUM_BYTES];
    memcpy(was, bytes + size, sizeof was);
    put_sum(bytes, size);
    return memcmp(was, bytes + size, sizeof was) == 0;
}

/* 1: a laptop may have written an item with these numbers; 0: none writes such. */
static int is_sane(const struct courier_item *r)
{
    return r->epoch >= 1 && r->epoch <= INT64_MAX && r->first_seq >= 1 && r->first_seq <= r->last_seq &&
           r->last_seq <= INT64_MAX && r->last_seq - r->first_seq < LIMITS_BATCH_CHANGES_MAX &&
           r->typed <= r->last_seq - r->first_seq + 1 && r->sealed.size >= PLAIN_MIN + COURIER_SEAL_BYTES &&
           r->sealed.size <= COURIER_SEALED_MAX;
}

/* --- writing --- */

void courier_header_write(const struct courier_header *h, uint8_t out[COURIER_HEADER_BYTES])
{
    memcpy(out, MAGIC, MAGIC_BYTES);
    memcpy(out + MAGIC_BYTES, h->device.b, ID_BYTES);
    memcpy(out + MAGIC_BYTES + ID_BYTES, h->seal_key, COURIER_KEY_BYTES);
    put_sum(out, COURIER_HEADER_BYTES - COURIER_SUM_BYTES);
}

static void head_write(const struct courier_item *r, uint8_t out[COURIER_HEAD_BYTES])
{
    put_number(out, 4, r->sealed.size);
    put_number(out + 4, 4, r->typed);
    put_number(out + 8, 8, r->epoch);
    put_number(out + 16, 8, r->first_seq);
    put_number(out + 24, 8, r->last_seq);
}

int courier_seal(const struct courier_header *h, const struct courier_item *numbers, struct slice head,
                 struct slice batch, struct slice *out, struct error *e)
{
    struct courier_item r = *numbers;
    struct slice plain;
    struct pack w;
    uint8_t *bytes = NULL;
    int code;
    *out = (struct slice){NULL, 0};
    pack_start(&w);
    pack_array(&w, 2);
    pack_bin(&w, head.p, head.size);
    pack_bin(&w, batch.p, batch.size);
    if ((code = pack_finish(&w, e)) != 0)
        goto out;
    plain = pack_bytes(&w);
    r.sealed.size = plain.size + COURIER_SEAL_BYTES;
    if (head.size > CHAIN_HEAD_MAX || batch.size > BATCH_DEFLATED_MAX || !is_sane(&r)) {
        code = error_set(e, E_INTERNAL, "an item of the outbox is not within its limits");
        goto out;
    }
    if ((bytes = malloc(COURIER_HEAD_BYTES + r.sealed.size + COURIER_SUM_BYTES)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if (crypto_box_seal(bytes + COURIER_HEAD_BYTES, plain.p, plain.size, h->seal_key) != 0) {
        code = error_set(e, E_VERIFY, "the office's seal key is no key; sync with the office, which tells it anew");
        free(bytes);
        goto out;
    }
    head_write(&r, bytes);
    put_sum(bytes, COURIER_HEAD_BYTES + r.sealed.size);
    *out = (struct slice){bytes, COURIER_HEAD_BYTES + r.sealed.size + COURIER_SUM_BYTES};
out:
    pack_free(&w);
    return code;
}

/* --- reading --- */

int courier_start(struct courier_reader *r, struct courier_source source, struct error *e)
{
    uint8_t bytes[COURIER_HEADER_BYTES];
    size_t got = 0;
    int code;
    memset(r, 0, sizeof *r);
    r->source = source;
    if ((code = source.read(source.arg, bytes, sizeof bytes, &got, e)) != 0)
        return code;
    if (got < MAGIC_BYTES || memcmp(bytes, MAGIC, FAMILY_BYTES) != 0)
        return error_set(e, E_INPUT, "this is not a courier file; `satchel courier out FILE` writes one");
    if (memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
        return error_set(e, E_INPUT, "this courier file is of a version that this program does not know; update it");
    if (got < sizeof bytes || !sum_holds(bytes, sizeof bytes - COURIER_SUM_BYTES))
        return error_set(e, E_INPUT,
                         "this courier file is damaged or cut short in its first line; copy the whole of it anew");
    memcpy(r->header.device.b, bytes + MAGIC_BYTES, ID_BYTES);
    memcpy(r->header.seal_key, bytes + MAGIC_BYTES + ID_BYTES, COURIER_KEY_BYTES);
    r->good_bytes = sizeof bytes;
    return 0;
}

static int reserve(struct courier_reader *r, size_t size, struct error *e)
{
    uint8_t *more;
    if (size <= r->room)
        return 0;
    if ((more = realloc(r->bytes, size)) == NULL)
        return error_memory(e);
    r->bytes = more;
    r->room = size;
    return 0;
}

static int ended(struct courier_reader *r, enum courier_end end)
{
    r->end = end;
    return 0;
}

int courier_next(struct courier_reader *r, struct courier_item *out, struct error *e)
{
    size_t got = 0, rest;
    if (reserve(r, COURIER_HEAD_BYTES, e) != 0 ||
        r->source.read(r->source.arg, r->bytes, COURIER_HEAD_BYTES, &got, e) != 0)
        return -1;
    if (got < COURIER_HEAD_BYTES)
        return ended(r, got == 0 ? COURIER_WHOLE : COURIER_TORN);
    out->sealed.size = (size_t)get_number(r->bytes, 4);
    out->typed = (uint32_t)get_number(r->bytes + 4, 4);
    out->epoch = get_number(r->bytes + 8, 8);
    out->first_seq = get_number(r->bytes + 16, 8);
    out->last_seq = get_number(r->bytes + 24, 8);
    /* Changes come in the order of their chain. A gap is no damage: the office had acknowledged those, or will tell. */
    if (!is_sane(out) || out->epoch < r->epoch || (out->epoch == r->epoch && out->first_seq <= r->last_seq))
        return ended(r, COURIER_DAMAGED);
    rest = out->sealed.size + COURIER_SUM_BYTES;
    if (reserve(r, COURIER_HEAD_BYTES + rest, e) != 0 ||
        r->source.read(r->source.arg, r->bytes + COURIER_HEAD_BYTES, rest, &got, e) != 0)
        return -1;
    if (got < rest)
        return ended(r, COURIER_TORN);
    if (!sum_holds(r->bytes, COURIER_HEAD_BYTES + out->sealed.size))
        return ended(r, COURIER_DAMAGED);
    out->sealed.p = r->bytes + COURIER_HEAD_BYTES;
    r->good_bytes += COURIER_HEAD_BYTES + rest;
    r->items++;
    r->changes += out->last_seq - out->first_seq + 1;
    r->typed += out->typed;
    if (out->epoch != r->epoch || out->first_seq != r->last_seq + 1)
        r->run_seq = out->first_seq;
    r->epoch = out->epoch;
    r->last_seq = out->last_seq;
    return 1;
}

void courier_close(struct courier_reader *r)
{
    free(r->bytes);
    r->bytes = NULL;
    r->room = 0;
}

int courier_walk(struct courier_reader *r, struct courier_source source, struct error *e)
{
    struct courier_item item;
    int code = courier_start(r, source, e), more = code == 0;
    while (more == 1)
        more = courier_next(r, &item, e);
    courier_close(r);
    return more < 0 ? error_code(e) : code;
}

/* --- opening --- */

int courier_open(const struct courier_header *h, const struct courier_item *r,
                 const uint8_t seal_secret[COURIER_KEY_BYTES], struct courier_opened *out, struct error *e)
{
    struct chain_head end;
    struct unpack u;
    memset(out, 0, sizeof *out);
    if (!is_sane(r))
        return error_set(e, E_VERIFY, "an item of this courier file is not within its limits");
    out->plain_bytes = r->sealed.size - COURIER_SEAL_BYTES;
    if ((out->plain = malloc(out->plain_bytes)) == NULL)
        return error_memory(e);
    if (crypto_box_seal_open(out->plain, r->sealed.p, r->sealed.size, h->seal_key, seal_secret) != 0)
        return error_set(e, E_VERIFY, "an item of this courier file was not sealed to this office, or was altered");
    unpack_start(&u, (struct slice){out->plain, out->plain_bytes});
    if (unpack_array(&u) != 2)
        u.failed = 1;
    out->head = unpack_bin(&u);
    out->batch = unpack_bin(&u);
    if (unpack_end(&u, "a sealed item", NULL) != 0 || out->head.size > CHAIN_HEAD_MAX ||
        out->batch.size > BATCH_DEFLATED_MAX || chain_peek(out->head, &end, NULL) != 0 ||
        !id_equal(&end.end.device, &h->device) || end.end.epoch != r->epoch || end.end.seq != r->last_seq)
        return error_set(e, E_VERIFY, "what was sealed in an item of this courier file is not what it says to be");
    return 0;
}

void courier_wipe(struct courier_opened *o)
{
    if (o->plain != NULL)
        sodium_memzero(o->plain, o->plain_bytes);
    free(o->plain);
    memset(o, 0, sizeof *o);
}
