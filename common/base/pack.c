/* msgpack: the writer over msgpack-c's packer, and the strict reader, which looks at the first byte of each object and
 * checks every length against the bytes that are left. */
#include "pack.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.p, b.p, a.size) == 0);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.p, b.p, common);
    if (order != 0)
        return order;
    return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
}

/* --- writing --- */

void pack_start(struct pack *w)
{
    msgpack_sbuffer_init(&w->buffer);
    msgpack_packer_init(&w->packer, &w->buffer, msgpack_sbuffer_write);
    w->failed = 0;
}

void pack_array(struct pack *w, size_t count)
{
    w->failed |= msgpack_pack_array(&w->packer, count) != 0;
}

void pack_nil(struct pack *w)
{
    w->failed |= msgpack_pack_nil(&w->packer) != 0;
}

void pack_flag(struct pack *w, int flag)
{
    w->failed |= (flag ? msgpack_pack_true(&w->packer) : msgpack_pack_false(&w->packer)) != 0;
}

void pack_uint(struct pack *w, uint64_t value)
{
    w->failed |= msgpack_pack_uint64(&w->packer, value) != 0;
}

void pack_int(struct pack *w, int64_t value)
{
    w->failed |= msgpack_pack_int64(&w->packer, value) != 0;
}

void pack_text(struct pack *w, const char *text, size_t bytes)
{
    w->failed |= msgpack_pack_str_with_body(&w->packer, text, bytes) != 0;
}

void pack_bin(struct pack *w, const void *bytes, size_t size)
{
    w->failed |= msgpack_pack_bin(&w->packer, size) != 0;
    if (size != 0)
        w->failed |= msgpack_pack_bin_body(&w->packer, bytes, size) != 0;
}

void pack_id(struct pack *w, const struct id *id)
{
    pack_bin(w, id->b, sizeof id->b);
}

void pack_raw(struct pack *w, struct slice canonical)
{
    if (canonical.size != 0)
        w->failed |= msgpack_sbuffer_write(&w->buffer, (const char *)canonical.p, canonical.size) != 0;
}

int pack_finish(struct pack *w, struct error *e)
{
    return w->failed ? error_memory(e) : 0;
}

struct slice pack_bytes(const struct pack *w)
{
    return (struct slice){(const uint8_t *)w->buffer.data, w->buffer.size};
}

void pack_free(struct pack *w)
{
    if (w->buffer.data != NULL)
        sodium_memzero(w->buffer.data, w->buffer.alloc);
    msgpack_sbuffer_destroy(&w->buffer);
    msgpack_sbuffer_init(&w->buffer);
}

int pack_fixed_write(void *fixed, const char *bytes, size_t size)
{
    struct pack_fixed *out = fixed;
    assert(size <= out->room - out->size);
    memcpy(out->p + out->size, bytes, size);
    out->size += size;
    return 0;
}

/* --- reading --- */

void unpack_start(struct unpack *r, struct slice bytes)
{
    static const uint8_t nothing;
    r->p = bytes.size == 0 ? &nothing : bytes.p;
    r->end = r->p + bytes.size;
    r->failed = 0;
}

static size_t left(const struct unpack *r)
{
    return (size_t)(r->end - r->p);
}

static uint64_t fail(struct unpack *r)
{
    r->failed = 1;
    r->p = r->end;
    return 0;
}

enum pack_type unpack_peek(const struct unpack *r)
{
    uint8_t c;
    if (left(r) == 0)
        return PACK_NONE;
    c = *r->p;
    if (c <= 0x7f || c >= 0xe0 || (c >= 0xcc && c <= 0xd3))
        return PACK_INTEGER;
    if (c <= 0x8f || c == 0xde || c == 0xdf)
        return PACK_MAP;
    if (c <= 0x9f || c == 0xdc || c == 0xdd)
        return PACK_ARRAY;
    if (c <= 0xbf || (c >= 0xd9 && c <= 0xdb))
        return PACK_TEXT;
    if (c == 0xc0)
        return PACK_NIL;
    if (c == 0xc2 || c == 0xc3)
        return PACK_FLAG;
    if (c >= 0xc4 && c <= 0xc6)
        return PACK_BIN;
    return PACK_NONE; /* 0xc1, floats, extensions */
}

/* Reads a big-endian integer of `width` bytes; it must be greater than `below`, else it is not the shortest form. */
static uint64_t big_endian(struct unpack *r, size_t width, uint64_t below)
{
    uint64_t value = 0;
    if (left(r) < width)
        return fail(r);
    for (size_t i = 0; i < width; i++)
        value = value << 8 | r->p[i];
    r->p += width;
    return value > below ? value : fail(r);
}

/* Reads a length: in its fixed form (first byte base .. base + mask), or after a byte that says its width (0: the type
 * has no such form). */
static size_t length(struct unpack *r, uint8_t base, uint8_t mask, uint8_t one, uint8_t two, uint8_t four)
{
    uint8_t c;
    if (left(r) == 0)
        return (size_t)fail(r);
    c = *r->p++;
    if (mask != 0 && c >= base && c <= (uint8_t)(base + mask))
        return c & mask;
    if (one != 0 && c == one) /* bin 8 has no fixed form before it: 0 is its shortest */
        return (size_t)(mask != 0 ? big_endian(r, 1, mask) : (left(r) < 1 ? fail(r) : *r->p++));
    if (c == two)
        return (size_t)big_endian(r, 2, one != 0 ? 0xff : mask);
    if (c == four)
        return (size_t)big_endian(r, 4, 0xffff);
    return (size_t)fail(r);
}

size_t unpack_array(struct unpack *r)
{
    size_t count = length(r, 0x90, 0x0f, 0, 0xdc, 0xdd);
    return count <= left(r) ? count : (size_t)fail(r);
}

void unpack_refuse(struct unpack *r)
{
    (void)fail(r);
}

void unpack_items(struct unpack *r, size_t count)
{
    if (unpack_array(r) != count)
        unpack_refuse(r);
}

uint64_t unpack_uint_between(struct unpack *r, uint64_t low, uint64_t high)
{
    uint64_t value = unpack_uint(r);
    if (!r->failed && (value < low || value > high))
        unpack_refuse(r);
    return r->failed ? 0 : value;
}

int unpack_nil(struct unpack *r)
{
    if (unpack_peek(r) != PACK_NIL)
        return 0;
    r->p++;
    return 1;
}

int unpack_flag(struct unpack *r)
{
    if (unpack_peek(r) != PACK_FLAG)
        return (int)fail(r);
    return *r->p++ == 0xc3;
}

/* Reads any integer; *negative tells if the 64 bits are signed. */
static uint64_t integer(struct unpack *r, int *negative)
{
    uint8_t c;
    uint64_t value;
    *negative = 0;
    if (unpack_peek(r) != PACK_INTEGER)
        return fail(r);
    c = *r->p++;
    if (c <= 0x7f)
        return c;
    if (c >= 0xe0) {
        *negative = 1;
        return (uint64_t)(int64_t)(int8_t)c;
    }
    switch (c) {
    case 0xcc:
        return big_endian(r, 1, 0x7f);
    case 0xcd:
        return big_endian(r, 2, 0xff);
    case 0xce:
        return big_endian(r, 4, 0xffff);
    case 0xcf:
        return big_endian(r, 8, 0xffffffff);
    default:
        break;
    }
    /* int 8 to int 64: canonical only for what is negative and does not fit the next shorter form. */
    *negative = 1;
    {
        size_t width = (size_t)1 << (c - 0xd0);
        uint64_t sign = 1ull << (8 * width - 1);
        uint64_t shorter = width == 1 ? 32 : 1ull << (4 * width - 1);
        value = big_endian(r, width, 0);
        if (r->failed)
            return 0;
        if ((value & sign) == 0)
            return fail(r);
        value |= ~(sign - 1);
        if (0 - value <= shorter) /* -32 fits the fixed form, -128 fits int 8, and so on */
            return fail(r);
        return value;
    }
}

uint64_t unpack_uint(struct unpack *r)
{
    int negative;
    uint64_t value = integer(r, &negative);
    return negative ? fail(r) : value;
}

int64_t unpack_int(struct unpack *r)
{
    int negative;
    uint64_t value = integer(r, &negative);
    if (!negative && value > INT64_MAX)
        return (int64_t)fail(r);
    return (int64_t)value;
}

/* Takes the next `size` bytes. */
static struct slice take(struct unpack *r, size_t size)
{
    struct slice s = {r->p, size};
    if (r->failed || left(r) < size) {
        fail(r);
        return (struct slice){r->end, 0};
    }
    r->p += size;
    return s;
}

struct slice unpack_text(struct unpack *r)
{
    struct slice s = take(r, length(r, 0xa0, 0x1f, 0xd9, 0xda, 0xdb));
    if (!pack_is_utf8(s.p, s.size)) {
        fail(r);
        return (struct slice){r->end, 0};
    }
    return s;
}

struct slice unpack_bin(struct unpack *r)
{
    return take(r, length(r, 0, 0, 0xc4, 0xc5, 0xc6));
}

void unpack_fixed(struct unpack *r, void *out, size_t size)
{
    struct slice s = unpack_bin(r);
    if (s.size != size)
        fail(r);
    if (r->failed)
        memset(out, 0, size);
    else
        memcpy(out, s.p, size);
}

struct id unpack_id(struct unpack *r)
{
    struct id id;
    unpack_fixed(r, id.b, sizeof id.b);
    return id;
}

/* Reads the header of a map; returns how many pairs follow, at most as many as the bytes that are left can hold. */
static size_t map_header(struct unpack *r)
{
    size_t count = length(r, 0x80, 0x0f, 0, 0xde, 0xdf);
    return count <= left(r) / 2 ? count : (size_t)fail(r);
}

/* One level of unpack_any's walk: the object itself, or what is in a container. */
struct level {
    size_t waiting; /* objects that are still to come on it */
    int is_map;
    struct slice last_key; /* p NULL: no key has come */
};

/* Takes a scalar whole, or the header of a container; returns how many objects are in the container. */
static size_t take_object(struct unpack *r, enum pack_type type)
{
    int negative;
    switch (type) {
    case PACK_NIL:
    case PACK_FLAG:
        r->p++;
        return 0;
    case PACK_INTEGER:
        (void)integer(r, &negative);
        return 0;
    case PACK_TEXT:
        (void)unpack_text(r);
        return 0;
    case PACK_BIN:
        (void)unpack_bin(r);
        return 0;
    case PACK_ARRAY:
        return unpack_array(r);
    case PACK_MAP:
        return 2 * map_header(r);
    case PACK_NONE:
        break;
    }
    return (size_t)fail(r);
}

/* Checks that a key, which was just taken, is greater than the one before. */
static void check_key(struct unpack *r, struct level *level, const uint8_t *start)
{
    struct slice key = {start, (size_t)(r->p - start)};
    if (r->failed)
        return;
    if (level->last_key.p != NULL && slice_compare(level->last_key, key) >= 0)
        fail(r);
    level->last_key = key;
}

/* Walks over one object. The levels stand in a small array, so that no input makes the program's stack grow. */
struct slice unpack_any(struct unpack *r)
{
    const uint8_t *start = r->p;
    struct level levels[PACK_DEPTH_MAX + 1], *level = levels;
    levels[0] = (struct level){1, 0, {NULL, 0}};
    while (!r->failed && (level > levels || level->waiting > 0)) {
        const uint8_t *object = r->p;
        enum pack_type type;
        size_t count;
        int is_key;
        if (level->waiting == 0) {
            level--;
            continue;
        }
        /* In a map, objects with an even number still to come are keys: scalars, each greater than the one before. */
        is_key = level->is_map && level->waiting % 2 == 0;
        level->waiting--;
        type = unpack_peek(r);
        if (is_key && type != PACK_INTEGER && type != PACK_TEXT)
            type = PACK_NONE;
        count = take_object(r, type);
        if (is_key)
            check_key(r, level, object);
        if (type != PACK_ARRAY && type != PACK_MAP)
            continue;
        if (level == levels + PACK_DEPTH_MAX)
            fail(r);
        else
            *++level = (struct level){count, type == PACK_MAP, {NULL, 0}};
    }
    if (r->failed)
        return (struct slice){r->end, 0};
    return (struct slice){start, (size_t)(r->p - start)};
}

int unpack_end(const struct unpack *r, const char *what, struct error *e)
{
    if (r->failed)
        return error_set(e, E_INPUT, "%s is not as it should be: it is cut short, or not in canonical form", what);
    if (left(r) != 0)
        return error_set(e, E_INPUT, "%s is not as it should be: bytes follow its end", what);
    return 0;
}

int pack_is_utf8(const uint8_t *p, size_t size)
{
    size_t i = 0;
    while (i < size) {
        uint8_t c = p[i];
        size_t more;
        uint8_t low = 0x80, high = 0xbf;
        if (c == 0)
            return 0;
        if (c < 0x80) {
            i++;
            continue;
        }
        if (c < 0xc2 || c > 0xf4)
            return 0;
        more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        if (c == 0xe0)
            low = 0xa0;
        else if (c == 0xed)
            high = 0x9f;
        else if (c == 0xf0)
            low = 0x90;
        else if (c == 0xf4)
            high = 0x8f;
        if (size - i <= more)
            return 0;
        if (p[i + 1] < low || p[i + 1] > high)
            return 0;
        for (size_t k = 2; k <= more; k++)
            if (p[i + k] < 0x80 || p[i + k] > 0xbf)
                return 0;
        i += more + 1;
    }
    return 1;
}

int slice_int(struct slice value, int64_t *out)
{
    struct unpack r;
    unpack_start(&r, value);
    *out = unpack_int(&r);
    return unpack_end(&r, "integer", NULL) == 0;
}

int slice_text(struct slice value, struct slice *out)
{
    struct unpack r;
    unpack_start(&r, value);
    *out = unpack_text(&r);
    return unpack_end(&r, "text", NULL) == 0;
}

int slice_id(struct slice value, struct id *out)
{
    struct unpack r;
    unpack_start(&r, value);
    *out = unpack_id(&r);
    return unpack_end(&r, "id", NULL) == 0;
}

int slice_is_nil(struct slice value)
{
    return value.size == 1 && value.p[0] == 0xc0;
}
