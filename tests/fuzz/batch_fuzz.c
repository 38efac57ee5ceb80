/* Batches from bytes that are deflated already, and from bytes that are deflated here, so that the fuzzer gets behind
 * zlib's sum. What is read to its end is written again, and the two inflate to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct batch_reader *r, struct batch_writer *w)
{
    struct batch_reader back;
    struct slice out;
    struct error e;
    if (batch_finish(w, &out, &e) != 0 || batch_open(&back, out, r->entries, &e) != 0)
        abort();
    if (back.size != r->size || memcmp(back.bytes, r->bytes, r->size) != 0)
        abort();
    batch_close(&back);
    free((void *)out.p);
}

static void read_batch(struct slice deflated, int entries)
{
    struct batch_reader r;
    struct batch_item item;
    struct batch_writer w;
    struct error e;
    int got;
    if (batch_open(&r, deflated, entries, &e) != 0)
        return;
    batch_start(&w);
    while ((got = batch_next(&r, &item, &e)) == 1)
        if (entries)
            batch_add_entry(&w, item.position, item.received_ms, item.header, item.body, item.mask);
        else
            batch_add_change(&w, item.header, item.body);
    if (got == 0)
        again(&r, &w);
    batch_free(&w);
    batch_close(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uLongf room = compressBound((uLong)size);
    uint8_t *deflated = malloc(room);
    if (deflated == NULL || compress2(deflated, &room, data, (uLong)size, 1) != Z_OK)
        abort();
    for (int entries = 0; entries <= 1; entries++) {
        read_batch((struct slice){data, size}, entries);
        read_batch((struct slice){deflated, room}, entries);
    }
    free(deflated);
    return 0;
}
