/* Any bytes to the strict reader. What it takes, msgpack-c takes too and writes again as it was, and the typed readers
 * can walk over it and the writer gives the same bytes. */
#include <msgpack.h>
#include <stdint.h>
#include <stdlib.h>

#include "pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void must_equal_msgpack(struct slice object)
{
    msgpack_unpacked result;
    msgpack_sbuffer again;
    msgpack_packer w;
    size_t offset = 0;
    msgpack_unpacked_init(&result);
    must(msgpack_unpack_next(&result, (const char *)object.p, object.size, &offset) == MSGPACK_UNPACK_SUCCESS);
    must(offset == object.size);
    msgpack_sbuffer_init(&again);
    msgpack_packer_init(&w, &again, msgpack_sbuffer_write);
    must(msgpack_pack_object(&w, result.data) == 0);
    must(slice_equal(object, (struct slice){(const uint8_t *)again.data, again.size}));
    msgpack_sbuffer_destroy(&again);
    msgpack_unpacked_destroy(&result);
}

/* The header of a map, whose bytes are canonical, as the specification of msgpack has it: the reader has none, since it
 * takes maps whole. Returns the count of pairs. */
static size_t map_header(struct unpack *r)
{
    uint8_t c = *r->p++;
    size_t count = c & 0x0f, width = c == 0xde ? 2 : c == 0xdf ? 4 : 0;
    if (width != 0)
        for (count = 0; width > 0; width--)
            count = count << 8 | *r->p++;
    must(count <= (size_t)(r->end - r->p) / 2);
    return count;
}

/* One object by its typed reader: what is in a container follows as objects of their own. Returns how many. */
static size_t copy_object(struct unpack *r, struct pack *w)
{
    struct slice bytes;
    size_t count;
    switch (unpack_peek(r)) {
    case PACK_NIL:
        must(unpack_nil(r));
        pack_nil(w);
        return 0;
    case PACK_FLAG:
        pack_flag(w, unpack_flag(r));
        return 0;
    case PACK_INTEGER:
        if ((*r->p >= 0xd0 && *r->p <= 0xd3) || *r->p >= 0xe0)
            pack_int(w, unpack_int(r));
        else
            pack_uint(w, unpack_uint(r));
        return 0;
    case PACK_TEXT:
        bytes = unpack_text(r);
        pack_text(w, (const char *)bytes.p, bytes.size);
        return 0;
    case PACK_BIN:
        bytes = unpack_bin(r);
        pack_bin(w, bytes.p, bytes.size);
        return 0;
    case PACK_ARRAY:
        count = unpack_array(r);
        pack_array(w, count);
        return count;
    case PACK_MAP:
        count = map_header(r);
        w->failed |= msgpack_pack_map(&w->packer, count) != 0;
        return 2 * count;
    case PACK_NONE:
        break;
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct unpack r;
    struct slice object;
    struct pack w;
    unpack_start(&r, (struct slice){data, size});
    object = unpack_any(&r);
    must(r.failed ? object.size == 0 : object.p == data && object.size >= 1 && object.size <= size);
    if (r.failed) {
        must(unpack_end(&r, "bytes", NULL) != 0 && unpack_peek(&r) == PACK_NONE);
        return 0;
    }
    must_equal_msgpack(object);
    pack_start(&w);
    unpack_start(&r, object);
    for (size_t waiting = 1; waiting > 0;)
        waiting += copy_object(&r, &w) - 1;
    must(unpack_end(&r, "bytes", NULL) == 0 && pack_finish(&w, NULL) == 0);
    must(slice_equal(pack_bytes(&w), object));
    pack_free(&w);
    return 0;
}
