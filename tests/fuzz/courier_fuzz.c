/* A courier file of whatever bytes: as it comes; behind a right header; and as an item that somebody sealed to the
 * office, so that the fuzzer gets behind sums and seals. What opens is sealed again, and opens again to the same. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "courier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *p;
    size_t left;
};

static struct courier_header header;
static uint8_t secret[COURIER_KEY_BYTES];

static int read_bytes(void *arg, uint8_t *out, size_t size, size_t *got, struct error *e)
{
    struct bytes *b = arg;
    (void)e;
    *got = size < b->left ? size : b->left;
    if (*got != 0)
        memcpy(out, b->p, *got);
    b->p += *got;
    b->left -= *got;
    return 0;
}

static void again(const struct courier_item *item, const struct courier_opened *opened)
{
    struct courier_item r = *item;
    struct courier_opened back;
    struct slice whole;
    struct error e;
    if (courier_seal(&header, &r, opened->head, opened->batch, &whole, &e) != 0)
        abort();
    r.sealed = (struct slice){whole.p + COURIER_HEAD_BYTES, whole.size - COURIER_HEAD_BYTES - COURIER_SUM_BYTES};
    if (courier_open(&header, &r, secret, &back, &e) != 0 || !slice_equal(back.head, opened->head) ||
        !slice_equal(back.batch, opened->batch))
        abort();
    courier_wipe(&back);
    free((void *)whole.p);
}

static void read_file(const uint8_t *p, size_t size)
{
    struct bytes b = {p, size};
    struct courier_reader r;
    struct courier_item item;
    struct courier_opened opened;
    struct error e;
    if (courier_start(&r, (struct courier_source){read_bytes, &b}, &e) == 0) {
        while (courier_next(&r, &item, &e) == 1) {
            if (courier_open(&r.header, &item, secret, &opened, &e) == 0)
                again(&item, &opened);
            courier_wipe(&opened);
        }
        if (r.good_bytes > size || (r.end == COURIER_WHOLE) != (r.good_bytes == size))
            abort();
    }
    courier_close(&r);
}

/* The first bytes as what stands in clear of an item (its length set right), the rest as what was sealed in it, under
 * a right sum. */
static void read_record(const uint8_t *data, size_t size)
{
    static const uint8_t domain[] = "satchel courier 1";
    size_t sealed = size - COURIER_HEAD_BYTES + COURIER_SEAL_BYTES, whole = COURIER_HEAD_BYTES + sealed;
    uint8_t *file = malloc(COURIER_HEADER_BYTES + whole + COURIER_SUM_BYTES), *at = file + COURIER_HEADER_BYTES;
    if (file == NULL)
        abort();
    courier_header_write(&header, file);
    memcpy(at, data, COURIER_HEAD_BYTES);
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(sealed >> (24 - 8 * i));
    if (crypto_box_seal(at + COURIER_HEAD_BYTES, data + COURIER_HEAD_BYTES, size - COURIER_HEAD_BYTES,
                        header.seal_key) != 0)
        abort();
    crypto_generichash(at + whole, COURIER_SUM_BYTES, at, whole, domain, sizeof domain - 1);
    read_file(file, COURIER_HEADER_BYTES + whole + COURIER_SUM_BYTES);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[crypto_box_SEEDBYTES] = {1};
    uint8_t *file = malloc(COURIER_HEADER_BYTES + size);
    if (file == NULL || sodium_init() < 0 || crypto_box_seed_keypair(header.seal_key, secret, seed) != 0)
        abort();
    courier_header_write(&header, file);
    if (size != 0)
        memcpy(file + COURIER_HEADER_BYTES, data, size);
    read_file(data, size);
    read_file(file, COURIER_HEADER_BYTES + size);
    if (size >= COURIER_HEAD_BYTES)
        read_record(data, size);
    free(file);
    return 0;
}
