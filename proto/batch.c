/* Batches. A batch is one msgpack array, deflated by zlib (RFC 1950) as a whole; docs/PROTOCOL.md, "Batches".
 *
 * The items are packed first and the array's header is deflated before them, because only then is their number known.
 * Inflating stops at the first byte over the bound, so whatever a few bytes claim costs at most LIMITS_BATCH_MAX.
 */
#include "batch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "change.h"

#define LEVEL 6
#define ITEM_EXTRA_MAX 32  /* an item's own bytes: array 1, two numbers 9 each, lengths 3, 5 and 2 */
#define ARRAY_HEADER_MAX 5 /* the whole batch's */
#define INFLATE_FIRST 4096 /* bytes that are taken before anything is known */

/* --- writing --- */

void batch_start(struct batch_writer *w)
{
    pack_start(&w->items);
    w->count = 0;
}

int batch_has_room(const struct batch_writer *w, size_t bytes)
{
    size_t used = w->items.buffer.size + ARRAY_HEADER_MAX + ITEM_EXTRA_MAX;
    return w->count < LIMITS_BATCH_CHANGES_MAX && used <= LIMITS_BATCH_MAX && bytes <= LIMITS_BATCH_MAX - used;
}

static void add_optional(struct batch_writer *w, struct slice s)
{
    if (s.p == NULL)
        pack_nil(&w->items);
    else
        pack_bin(&w->items, s.p, s.size);
}

void batch_add_change(struct batch_writer *w, struct slice header, struct slice body)
{
    pack_array(&w->items, 2);
    pack_bin(&w->items, header.p, header.size);
    add_optional(w, body);
    w->count++;
}

void batch_add_entry(struct batch_writer *w, uint64_t position, uint64_t received_ms, struct slice header,
                     struct slice body, struct slice mask)
{
    pack_array(&w->items, 5);
    pack_uint(&w->items, position);
    pack_uint(&w->items, received_ms);
    pack_bin(&w->items, header.p, header.size);
    add_optional(w, body);
    add_optional(w, mask);
    w->count++;
}

/* Deflates head and then items into out, which has room for the worst that zlib can make of them. 0 or zlib's code. */
static int deflate_two(z_stream *z, struct slice head, struct slice items, uint8_t *out, size_t room)
{
    int code;
    z->next_out = out;
    z->avail_out = (uInt)room;
    z->next_in = (z_const Bytef *)head.p;
    z->avail_in = (uInt)head.size;
    code = deflate(z, Z_NO_FLUSH);
    if (code != Z_OK)
        return code;
    z->next_in = (z_const Bytef *)items.p;
    z->avail_in = (uInt)items.size;
    code = deflate(z, Z_FINISH);
    return code == Z_STREAM_END ? Z_OK : code == Z_OK ? Z_BUF_ERROR : code;
}

int batch_finish(struct batch_writer *w, struct slice *out, struct error *e)
{
    struct pack head;
    struct slice array, items = pack_bytes(&w->items);
    uint8_t *bytes = NULL;
    z_stream z = {.zalloc = Z_NULL};
    size_t room;
    int started = 0, code;
    *out = (struct slice){NULL, 0};
    pack_start(&head);
    code = pack_finish(&w->items, e);
    if (code != 0)
        goto done;
    pack_array(&head, w->count);
    code = pack_finish(&head, e);
    if (code != 0)
        goto done;
    array = pack_bytes(&head);
    if (w->count > LIMITS_BATCH_CHANGES_MAX || array.size + items.size > LIMITS_BATCH_MAX) {
        code = error_set(e, E_LIMIT, "a batch is larger than the protocol allows; send it in parts");
        goto done;
    }
    started = deflateInit(&z, LEVEL) == Z_OK;
    room = started ? deflateBound(&z, (uLong)(array.size + items.size)) : 0;
    bytes = started ? malloc(room) : NULL;
    if (bytes == NULL) {
        code = error_memory(e);
        goto done;
    }
    if (deflate_two(&z, array, items, bytes, room) != Z_OK) {
        code = error_set(e, E_INTERNAL, "a batch could not be deflated: %s", z.msg == NULL ? "zlib refused" : z.msg);
        goto done;
    }
    *out = (struct slice){bytes, room - z.avail_out};
    bytes = NULL;
done:
    free(bytes);
    if (started)
        (void)deflateEnd(&z);
    pack_free(&head);
    return code;
}

void batch_free(struct batch_writer *w)
{
    pack_free(&w->items);
    w->count = 0;
}

/* --- reading --- */

/* Doubles the buffer, up to one byte more than a batch may have: if that byte is filled, the batch is too large. Wipes
 * the old one, since a person's record is in it. */
static int grow(struct batch_reader *r, size_t *room)
{
    size_t next = *room == 0 ? INFLATE_FIRST : *room * 2;
    uint8_t *bytes;
    if (next > LIMITS_BATCH_MAX + 1)
        next = LIMITS_BATCH_MAX + 1;
    bytes = malloc(next);
    if (bytes == NULL)
        return -1;
    if (r->bytes != NULL) {
        memcpy(bytes, r->bytes, r->size);
        sodium_memzero(r->bytes, r->size);
        free(r->bytes);
    }
    r->bytes = bytes;
    *room = next;
    return 0;
}

static int inflate_all(struct batch_reader *r, z_stream *z, struct error *e)
{
    size_t room = 0;
    int code = Z_OK;
    while (code == Z_OK) {
        if (r->size == room && grow(r, &room) != 0)
            return error_memory(e);
        z->next_out = r->bytes + r->size;
        z->avail_out = (uInt)(room - r->size);
        code = inflate(z, Z_NO_FLUSH);
        r->size = room - z->avail_out;
        if (r->size > LIMITS_BATCH_MAX)
            return error_set(e, E_LIMIT, "a batch inflates to more than the %u bytes that the protocol allows",
                             LIMITS_BATCH_MAX);
    }
    if (code == Z_MEM_ERROR)
        return error_memory(e);
    if (code == Z_BUF_ERROR) /* there is room, so the input has run out */
        return error_set(e, E_INPUT, "a batch is cut short");
    if (code != Z_STREAM_END)
        return error_set(e, E_INPUT, "a batch does not inflate; it was damaged on its way");
    if (z->avail_in != 0)
        return error_set(e, E_INPUT, "bytes follow the end of a batch");
    return 0;
}

int batch_open(struct batch_reader *r, struct slice deflated, int entries, struct error *e)
{
    z_stream z = {.zalloc = Z_NULL};
    int code;
    *r = (struct batch_reader){.entries = entries};
    if (deflated.size > BATCH_DEFLATED_MAX)
        return error_set(e, E_LIMIT, "a batch is larger than the protocol allows");
    z.next_in = (z_const Bytef *)deflated.p;
    z.avail_in = (uInt)deflated.size;
    code = inflateInit(&z);
    if (code != Z_OK)
        return error_memory(e);
    code = inflate_all(r, &z, e);
    (void)inflateEnd(&z);
    if (code != 0)
        goto failed;
    unpack_start(&r->unpack, (struct slice){r->bytes, r->size});
    r->count = unpack_array(&r->unpack);
    if (r->unpack.failed) {
        code = unpack_end(&r->unpack, "a batch", e);
        goto failed;
    }
    if (r->count > LIMITS_BATCH_CHANGES_MAX) {
        code = error_set(e, E_LIMIT, "a batch has %zu items, and the protocol allows %d", r->count,
                         LIMITS_BATCH_CHANGES_MAX);
        goto failed;
    }
    return 0;
failed:
    batch_close(r);
    return code;
}

static uint64_t read_number(struct unpack *r)
{
    uint64_t value = unpack_uint(r);
    if (value > INT64_MAX) /* it goes into SQLite, whose integers are signed */
        r->failed = 1;
    return value;
}

static struct slice read_optional(struct unpack *r)
{
    return unpack_nil(r) ? (struct slice){NULL, 0} : unpack_bin(r);
}

int batch_next(struct batch_reader *r, struct batch_item *out, struct error *e)
{
    static const struct slice none;
    struct unpack *u = &r->unpack;
    if (r->next == r->count)
        return unpack_end(u, "a batch", e) == 0 ? 0 : -1;
    *out = (struct batch_item){0, 0, none, none, none};
    if (unpack_array(u) != (r->entries ? 5 : 2))
        u->failed = 1;
    if (r->entries) {
        out->position = read_number(u);
        out->received_ms = read_number(u);
    }
    out->header = unpack_bin(u);
    out->body = read_optional(u);
    if (r->entries)
        out->mask = read_optional(u);
    if (u->failed) {
        (void)error_set(e, E_INPUT, "item %zu of a batch is not as it should be", r->next);
        return -1;
    }
    if (out->header.size > CHANGE_HEADER_MAX || out->body.size > (size_t)CHANGE_BODY_MAX ||
        out->mask.size > CHANGE_MASK_MAX) {
        u->failed = 1;
        (void)error_set(e, E_LIMIT, "item %zu of a batch is larger than a change may be", r->next);
        return -1;
    }
    r->next++;
    return 1;
}

void batch_close(struct batch_reader *r)
{
    if (r->bytes != NULL)
        sodium_memzero(r->bytes, r->size);
    free(r->bytes);
    *r = (struct batch_reader){.entries = r->entries};
}
