/* Tests: common/base/pack.c common/base/utf8.c
 * The strict reader and the writer, held against msgpack-c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

#include "pack.h"

/* --- helpers --- */

static uint64_t seed;

static uint64_t next_random(void) /* xorshift64*, so that a failure comes again */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 2685821657736338717ull;
}

static size_t below(size_t limit)
{
    return (size_t)(next_random() % limit);
}

static struct slice bytes_of(const void *p, size_t size)
{
    return (struct slice){p, size};
}

/* 1: unpack_any takes exactly these bytes; 0: it refuses them, or leaves some. */
static int takes(const void *p, size_t size)
{
    struct unpack r;
    struct slice got;
    unpack_start(&r, bytes_of(p, size));
    got = unpack_any(&r);
    assert_true(r.p <= r.end);
    assert_true(!r.failed || (r.p == r.end && got.size == 0));
    if (unpack_end(&r, "object", NULL) != 0)
        return 0;
    assert_ptr_equal(got.p, p);
    assert_int_equal(got.size, size);
    return 1;
}

/* UTF-8 by another way than pack.c's: decode, then judge the number. */
static int decodes_as_utf8(const uint8_t *p, size_t size)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < size;) {
        size_t more = p[i] < 0x80 ? 0 : p[i] >> 5 == 6 ? 1 : p[i] >> 4 == 14 ? 2 : p[i] >> 3 == 30 ? 3 : 9;
        uint32_t code;
        if (more == 9 || i + more >= size)
            return 0;
        code = more == 0 ? p[i] : p[i] & (0x3fu >> more);
        for (size_t k = 1; k <= more; k++) {
            if (p[i + k] >> 6 != 2)
                return 0;
            code = code << 6 | (p[i + k] & 0x3f);
        }
        if (code == 0 || code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return 0;
        i += more + 1;
    }
    return 1;
}

static struct slice encoding_of(const msgpack_object *o, msgpack_sbuffer *buffer)
{
    msgpack_packer w;
    msgpack_sbuffer_init(buffer);
    msgpack_packer_init(&w, buffer, msgpack_sbuffer_write);
    assert_int_equal(msgpack_pack_object(&w, *o), 0);
    return bytes_of(buffer->data, buffer->size);
}

static int is_ours(const msgpack_object *o, int depth);

static int is_our_map(const msgpack_object_map *map, int depth)
{
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        if (key->type != MSGPACK_OBJECT_STR && key->type != MSGPACK_OBJECT_POSITIVE_INTEGER &&
            key->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
            return 0;
        if (!is_ours(key, depth) || !is_ours(&map->ptr[i].val, depth))
            return 0;
        if (i > 0) {
            msgpack_sbuffer a, b;
            int order = slice_compare(encoding_of(&map->ptr[i - 1].key, &a), encoding_of(key, &b));
            msgpack_sbuffer_destroy(&a);
            msgpack_sbuffer_destroy(&b);
            if (order >= 0)
                return 0;
        }
    }
    return 1;
}

/* What we ask for beyond the shortest form: no floats, no extensions, UTF-8, sorted maps, not too deep. */
static int is_ours(const msgpack_object *o, int depth)
{
    switch (o->type) {
    case MSGPACK_OBJECT_STR:
        return decodes_as_utf8((const uint8_t *)o->via.str.ptr, o->via.str.size);
    case MSGPACK_OBJECT_ARRAY:
        for (uint32_t i = 0; depth < PACK_DEPTH_MAX && i < o->via.array.size; i++)
            if (!is_ours(&o->via.array.ptr[i], depth + 1))
                return 0;
        return depth < PACK_DEPTH_MAX;
    case MSGPACK_OBJECT_MAP:
        return depth < PACK_DEPTH_MAX && is_our_map(&o->via.map, depth + 1);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_EXT:
        return 0;
    default:
        return 1;
    }
}

/* The same judgement by msgpack-c: it reads the bytes to their end, writes them again as they were, and finds only what
 * we allow. */
static int msgpack_takes(const void *p, size_t size)
{
    msgpack_unpacked result;
    size_t offset = 0;
    int ok;
    msgpack_unpacked_init(&result);
    ok = msgpack_unpack_next(&result, p, size, &offset) == MSGPACK_UNPACK_SUCCESS && offset == size;
    if (ok) {
        msgpack_sbuffer again;
        ok = slice_equal(encoding_of(&result.data, &again), bytes_of(p, size)) && is_ours(&result.data, 0);
        msgpack_sbuffer_destroy(&again);
    }
    msgpack_unpacked_destroy(&result);
    return ok;
}

static const uint64_t edges[] = {0,          1,           31,        32,         127,       128,       255,
                                 256,        32767,       32768,     65535,      65536,     INT32_MAX, 2147483648u,
                                 UINT32_MAX, 4294967296u, INT64_MAX, 1ull << 63, UINT64_MAX};

static void any_scalar(struct pack *w)
{
    static const char *const words[] = {
        "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "thirty-one bytes, not one more."};
    uint8_t noise[300];
    uint64_t edge = edges[below(sizeof edges / sizeof *edges)];
    size_t size;
    switch (below(6)) {
    case 0:
        pack_nil(w);
        break;
    case 1:
        pack_flag(w, (int)below(2));
        break;
    case 2:
        pack_uint(w, below(2) ? edge : next_random() >> below(64));
        break;
    case 3:
        pack_int(w, -(int64_t)(edge >> 1) - (int64_t)below(2));
        break;
    case 4:
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)(' ' + below(95));
        size = below(2) ? below(40) : below(sizeof noise);
        if (below(2))
            pack_text(w, (const char *)noise, size);
        else
            pack_text(w, words[size % 6], strlen(words[size % 6]));
        break;
    default:
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)next_random();
        pack_bin(w, noise, below(2) ? below(40) : below(sizeof noise));
        break;
    }
}

static void any_object(struct pack *w, int depth)
{
    size_t count = below(4) == 0 ? below(20) : below(4);
    if (depth == PACK_DEPTH_MAX || w->buffer.size > 1000 || below(3) == 0) {
        any_scalar(w);
    } else if (below(3) != 0) {
        pack_array(w, count);
        for (size_t i = 0; i < count; i++)
            any_object(w, depth + 1);
    } else {
        /* Rising integers are rising bytes. */
        uint64_t key = below(200);
        w->failed |= msgpack_pack_map(&w->packer, count) != 0;
        for (size_t i = 0; i < count; i++, key += 1 + below(100)) {
            pack_uint(w, key);
            any_object(w, depth + 1);
        }
    }
}

/* --- tests --- */

static void expect(struct pack *w, const char *hex)
{
    char got[64] = "";
    assert_int_equal(pack_finish(w, NULL), 0);
    for (size_t i = 0; i < pack_bytes(w).size && i < 16; i++)
        (void)snprintf(got + 2 * i, sizeof got - 2 * i, "%02x", pack_bytes(w).p[i]);
    assert_string_equal(got, hex);
    assert_true(takes(pack_bytes(w).p, pack_bytes(w).size));
    pack_free(w);
    pack_start(w);
}

/* Goal: every integer is written in the one shortest form that the specification of msgpack gives it. */
static void test_integers_are_short(void **state)
{
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {{0, "00"},
                 {127, "7f"},
                 {128, "cc80"},
                 {255, "ccff"},
                 {256, "cd0100"},
                 {65535, "cdffff"},
                 {65536, "ce00010000"},
                 {UINT32_MAX, "ceffffffff"},
                 {4294967296, "cf0000000100000000"},
                 {INT64_MAX, "cf7fffffffffffffff"},
                 {-1, "ff"},
                 {-32, "e0"},
                 {-33, "d0df"},
                 {-128, "d080"},
                 {-129, "d1ff7f"},
                 {-32768, "d18000"},
                 {-32769, "d2ffff7fff"},
                 {INT32_MIN, "d280000000"},
                 {-2147483649, "d3ffffffff7fffffff"},
                 {INT64_MIN, "d38000000000000000"}};
    struct pack w;
    (void)state;
    pack_start(&w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct unpack r;
        int64_t back;
        pack_int(&w, cases[i].value);
        unpack_start(&r, pack_bytes(&w));
        assert_true(unpack_int(&r) == cases[i].value);
        assert_int_equal(unpack_end(&r, "integer", NULL), 0);
        assert_true(slice_int(pack_bytes(&w), &back) && back == cases[i].value);
        expect(&w, cases[i].hex);
        if (cases[i].value >= 0) {
            pack_uint(&w, (uint64_t)cases[i].value);
            expect(&w, cases[i].hex);
        }
    }
    pack_uint(&w, UINT64_MAX);
    expect(&w, "cfffffffffffffffff");
    pack_free(&w);
}

/* Goal: lengths of texts, bytes and arrays take the shortest form at each border, and come back. */
static void test_lengths_are_short(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    static const char *const text_forms[] = {"a0",   "a1",   "af",     "b0",     "bf",
                                             "d920", "d9ff", "da0100", "daffff", "db00010000"};
    static const char *const bin_forms[] = {"c400", "c401", "c40f",   "c410",   "c41f",
                                            "c420", "c4ff", "c50100", "c5ffff", "c600010000"};
    static const char *const array_forms[] = {"90",     "91",     "9f",     "dc0010", "dc001f",
                                              "dc0020", "dc00ff", "dc0100", "dcffff", "dd00010000"};
    char *text = malloc(65536);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', 65536);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *const forms[] = {text_forms[i], bin_forms[i], array_forms[i]};
        for (int kind = 0; kind < 3; kind++) {
            struct pack w;
            struct unpack r;
            size_t got;
            char hex[16] = "";
            pack_start(&w);
            if (kind == 0)
                pack_text(&w, text, sizes[i]);
            else if (kind == 1)
                pack_bin(&w, text, sizes[i]);
            else
                pack_array(&w, sizes[i]);
            for (size_t k = 0; kind == 2 && k < sizes[i]; k++)
                pack_nil(&w);
            for (size_t k = 0; k < strlen(forms[kind]) / 2; k++)
                (void)snprintf(hex + 2 * k, 3, "%02x", pack_bytes(&w).p[k]);
            assert_string_equal(hex, forms[kind]);
            assert_true(takes(pack_bytes(&w).p, pack_bytes(&w).size));
            unpack_start(&r, pack_bytes(&w));
            got = kind == 0 ? unpack_text(&r).size : kind == 1 ? unpack_bin(&r).size : unpack_array(&r);
            assert_int_equal(got, sizes[i]);
            assert_int_equal(r.failed, 0);
            pack_free(&w);
        }
    }
    free(text);
}

/* Goal: each single way to leave the canonical form is refused, by the walker and by the reader of that type. */
static void test_refusals(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t size;
    } cases[] = {
#define CASE(what, bytes) {what, bytes, sizeof(bytes) - 1}
        CASE("uint 8 for what fits the fixed form", "\xcc\x7f"),
        CASE("uint 16 for a uint 8", "\xcd\x00\xff"),
        CASE("uint 32 for a uint 16", "\xce\x00\x00\xff\xff"),
        CASE("uint 64 for a uint 32", "\xcf\x00\x00\x00\x00\xff\xff\xff\xff"),
        CASE("int 8 for a positive", "\xd0\x7f"),
        CASE("int 8 for zero", "\xd0\x00"),
        CASE("int 8 for what fits the fixed form", "\xd0\xe0"),
        CASE("int 16 for an int 8", "\xd1\xff\x80"),
        CASE("int 16 for a positive", "\xd1\x7f\xff"),
        CASE("int 32 for an int 16", "\xd2\xff\xff\x80\x00"),
        CASE("int 32 for a positive", "\xd2\x7f\xff\xff\xff"),
        CASE("int 64 for an int 32", "\xd3\xff\xff\xff\xff\x80\x00\x00\x00"),
        CASE("int 64 for a positive", "\xd3\x7f\xff\xff\xff\xff\xff\xff\xff"),
        CASE("str 8 for a fixed str", "\xd9\x01x"),
        CASE("str 16 for a fixed str", "\xda\x00\x01x"),
        CASE("str 32 for a fixed str", "\xdb\x00\x00\x00\x01x"),
        CASE("bin 16 for a bin 8", "\xc5\x00\x01x"),
        CASE("bin 32 for a bin 8", "\xc6\x00\x00\x00\x01x"),
        CASE("array 16 for a fixed array", "\xdc\x00\x01\xc0"),
        CASE("array 32 for a fixed array", "\xdd\x00\x00\x00\x01\xc0"),
        CASE("empty array 16", "\xdc\x00\x00"),
        CASE("map 16 for a fixed map", "\xde\x00\x01\x01\xc0"),
        CASE("map 32 for a fixed map", "\xdf\x00\x00\x00\x01\x01\xc0"),
        CASE("float 32", "\xca\x3f\x80\x00\x00"),
        CASE("float 64", "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        CASE("fixext 1", "\xd4\x01\x00"),
        CASE("ext 8", "\xc7\x01\x01\x00"),
        CASE("the byte that means nothing", "\xc1"),
        CASE("a NUL in a text", "\xa1\x00"),
        CASE("latin-1 in a text", "\xa1\xe9"),
        CASE("a surrogate in a text", "\xa3\xed\xa0\x80"),
        CASE("an overlong slash", "\xa2\xc0\xaf"),
        CASE("map keys that fall", "\x82\x02\xc0\x01\xc0"),
        CASE("a map key twice", "\x82\x01\xc0\x01\xc0"),
        CASE("a text key twice", "\x82\xa1x\xc0\xa1x\xc0"),
        CASE("a nil as a key", "\x81\xc0\xc0"),
        CASE("a flag as a key", "\x81\xc3\xc0"),
        CASE("bytes as a key", "\x81\xc4\x01x\xc0"),
        CASE("an array as a key", "\x81\x90\xc0"),
        CASE("4294967295 items in 5 bytes", "\xdd\xff\xff\xff\xff"),
        CASE("4294967295 pairs in 5 bytes", "\xdf\xff\xff\xff\xff"),
        CASE("4294967295 bytes in 5 bytes", "\xc6\xff\xff\xff\xff"),
        CASE("nothing", ""),
#undef CASE
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice bytes = bytes_of(cases[i].bytes, cases[i].size);
        struct unpack r;
        if (takes(bytes.p, bytes.size))
            fail_msg("taken: %s", cases[i].what);
        /* The typed readers: none takes any of them whole. Containers are refused by unpack_any, or by their count. */
        for (int reader = 0; reader < 5; reader++) {
            unpack_start(&r, bytes);
            switch (reader) {
            case 0:
                assert_int_equal(unpack_uint(&r), 0);
                break;
            case 1:
                assert_int_equal(unpack_int(&r), 0);
                break;
            case 2:
                assert_int_equal(unpack_text(&r).size, 0);
                break;
            case 3:
                assert_int_equal(unpack_bin(&r).size, 0);
                break;
            default:
                assert_int_equal(unpack_flag(&r), 0);
                break;
            }
            assert_true(r.p <= r.end);
            if (unpack_end(&r, "object", NULL) == 0)
                fail_msg("reader %d takes: %s", reader, cases[i].what);
        }
    }
}

/* Goal: what is taken is at most PACK_DEPTH_MAX containers deep, an empty one in the middle counted too. */
static void test_depth(void **state)
{
    uint8_t bytes[PACK_DEPTH_MAX + 2];
    (void)state;
    memset(bytes, 0x91, sizeof bytes);
    bytes[PACK_DEPTH_MAX] = 0xc0;
    assert_true(takes(bytes, PACK_DEPTH_MAX + 1));
    bytes[PACK_DEPTH_MAX - 1] = 0x90;
    assert_true(takes(bytes, PACK_DEPTH_MAX));
    bytes[PACK_DEPTH_MAX - 1] = 0x91;
    bytes[PACK_DEPTH_MAX] = 0x90;
    assert_false(takes(bytes, PACK_DEPTH_MAX + 1));
    bytes[PACK_DEPTH_MAX] = 0x80;
    assert_false(takes(bytes, PACK_DEPTH_MAX + 1));
    bytes[PACK_DEPTH_MAX] = 0x91;
    bytes[PACK_DEPTH_MAX + 1] = 0xc0;
    assert_false(takes(bytes, PACK_DEPTH_MAX + 2));
}

/* Goal: on any canonical object, and on any such object cut short, changed or extended by a byte, this reader and
 * msgpack-c (with our rules over it) say the same. */
static void test_against_msgpack(void **state)
{
    size_t taken = 0, refused = 0;
    (void)state;
    seed = 88172645463325252ull;
    for (int round = 0; round < 3000; round++) {
        struct pack w;
        struct slice whole;
        uint8_t *copy;
        pack_start(&w);
        any_object(&w, 0);
        assert_int_equal(pack_finish(&w, NULL), 0);
        whole = pack_bytes(&w);
        assert_true(takes(whole.p, whole.size));
        assert_true(msgpack_takes(whole.p, whole.size));
        copy = malloc(whole.size + 1);
        assert_non_null(copy);
        memcpy(copy, whole.p, whole.size);
        copy[whole.size] = (uint8_t)next_random();
        assert_false(takes(copy, whole.size + 1));
        for (int change = 0; change < 40; change++) {
            size_t at = below(whole.size), size = below(8) == 0 ? below(whole.size) : whole.size;
            uint8_t was = copy[at];
            copy[at] = (uint8_t)(below(2) ? was ^ 1ull << below(8) : next_random());
            /* msgpack-c takes memory for what a 32-bit count claims, so those do not get to it. */
            if (memchr(copy, 0xdd, size) == NULL && memchr(copy, 0xdf, size) == NULL) {
                int ours = takes(copy, size);
                assert_int_equal(ours, msgpack_takes(copy, size));
                taken += ours != 0;
                refused += ours == 0;
            }
            copy[at] = was;
        }
        free(copy);
        pack_free(&w);
    }
    /* The comparison says something only if both answers come up often. */
    assert_true(taken > 10000 && refused > 10000);
}

/* Goal: an object cut short anywhere is refused. */
static void test_truncation(void **state)
{
    (void)state;
    seed = 4101842887655102017ull;
    for (int round = 0; round < 300; round++) {
        struct pack w;
        pack_start(&w);
        any_object(&w, 0);
        for (size_t size = 0; size < pack_bytes(&w).size; size++)
            assert_false(takes(pack_bytes(&w).p, size));
        pack_free(&w);
    }
}

/* Goal: UTF-8 is judged right for every sequence of up to three bytes, and for all borders of four. */
static void test_utf8(void **state)
{
    static const uint8_t borders[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    uint8_t b[4];
    (void)state;
    assert_true(pack_is_utf8((const uint8_t *)"", 0));
    for (unsigned i = 0; i < 1u << 24; i++) {
        b[0] = (uint8_t)i;
        b[1] = (uint8_t)(i >> 8);
        b[2] = (uint8_t)(i >> 16);
        if (i < 1u << 8 && pack_is_utf8(b, 1) != decodes_as_utf8(b, 1))
            fail_msg("%02x", b[0]);
        if (i < 1u << 16 && pack_is_utf8(b, 2) != decodes_as_utf8(b, 2))
            fail_msg("%02x %02x", b[0], b[1]);
        if (pack_is_utf8(b, 3) != decodes_as_utf8(b, 3))
            fail_msg("%02x %02x %02x", b[0], b[1], b[2]);
    }
    for (unsigned i = 0; i < 256 * 256 * 100; i++) {
        b[0] = (uint8_t)i;
        b[1] = (uint8_t)(i >> 8);
        b[2] = borders[(i >> 16) % 10];
        b[3] = borders[(i >> 16) / 10];
        if (pack_is_utf8(b, 4) != decodes_as_utf8(b, 4))
            fail_msg("%02x %02x %02x %02x", b[0], b[1], b[2], b[3]);
    }
}

/* Goal: after the first thing that is not as asked for, every reader gives zeros and the end tells. */
static void test_failure_stays(void **state)
{
    static const uint8_t bytes[] = {0x05, 0xa1, 'x', 0x07, 0xc3, 0x91, 0x01, 0xc4, 0x01, 0x09, 0x81, 0x01, 0x02};
    struct unpack r;
    struct error e;
    uint8_t fixed[3] = {1, 2, 3};
    static const struct id zero;
    struct id id;
    (void)state;
    unpack_start(&r, bytes_of(bytes, sizeof bytes));
    assert_int_equal(unpack_uint(&r), 5);
    assert_int_equal(unpack_uint(&r), 0); /* a text is next */
    assert_int_equal(unpack_peek(&r), PACK_NONE);
    assert_int_equal(unpack_uint(&r), 0);
    assert_int_equal(unpack_int(&r), 0);
    assert_int_equal(unpack_flag(&r), 0);
    assert_int_equal(unpack_nil(&r), 0);
    assert_int_equal(unpack_array(&r), 0);
    assert_int_equal(unpack_text(&r).size, 0);
    assert_int_equal(unpack_bin(&r).size, 0);
    assert_int_equal(unpack_any(&r).size, 0);
    unpack_fixed(&r, fixed, sizeof fixed);
    assert_memory_equal(fixed, zero.b, sizeof fixed);
    id = unpack_id(&r);
    assert_memory_equal(id.b, zero.b, sizeof zero.b);
    assert_int_equal(unpack_end(&r, "a test", &e), E_INPUT);
    assert_non_null(strstr(e.text, "a test is not as it should be"));
}

/* Goal: each reader takes its own type and leaves what follows; the end tells of bytes that are left. */
static void test_readers(void **state)
{
    static const uint8_t key[16] = {9, 8, 7};
    struct pack w;
    struct unpack r;
    struct error e;
    struct slice map;
    struct id id;
    uint8_t fixed[4];
    (void)state;
    pack_start(&w);
    pack_array(&w, 8);
    pack_nil(&w);
    pack_flag(&w, 1);
    pack_flag(&w, 0);
    pack_int(&w, -5);
    pack_text(&w, "word", 4);
    pack_bin(&w, "\1\2\3\4", 4);
    pack_id(&w, (const struct id *)key);
    pack_raw(&w, bytes_of("\x81\x01\xa1y", 4));
    pack_uint(&w, 1);
    unpack_start(&r, pack_bytes(&w));
    assert_int_equal(unpack_peek(&r), PACK_ARRAY);
    assert_int_equal(unpack_array(&r), 8);
    assert_int_equal(unpack_peek(&r), PACK_NIL);
    assert_int_equal(unpack_nil(&r), 1);
    assert_int_equal(unpack_nil(&r), 0);
    assert_int_equal(unpack_peek(&r), PACK_FLAG);
    assert_int_equal(unpack_flag(&r), 1);
    assert_int_equal(unpack_flag(&r), 0);
    assert_int_equal(unpack_peek(&r), PACK_INTEGER);
    assert_true(unpack_int(&r) == -5);
    assert_int_equal(unpack_peek(&r), PACK_TEXT);
    assert_true(slice_equal(unpack_text(&r), bytes_of("word", 4)));
    assert_int_equal(unpack_peek(&r), PACK_BIN);
    unpack_fixed(&r, fixed, sizeof fixed);
    assert_memory_equal(fixed, "\1\2\3\4", 4);
    id = unpack_id(&r);
    assert_memory_equal(id.b, key, sizeof key);
    assert_int_equal(unpack_peek(&r), PACK_MAP);
    map = unpack_any(&r);
    assert_true(slice_equal(map, bytes_of("\x81\x01\xa1y", 4)));
    assert_int_equal(unpack_end(&r, "a test", &e), E_INPUT);
    assert_non_null(strstr(e.text, "bytes follow its end"));
    assert_int_equal(unpack_uint(&r), 1);
    assert_int_equal(unpack_end(&r, "a test", NULL), 0);
    pack_free(&w);
    pack_free(&w); /* freed twice is freed once */
}

/* Goal: numbers keep their sign and their range: no reader turns one into another. */
static void test_ranges(void **state)
{
    struct unpack r;
    (void)state;
    unpack_start(&r, bytes_of("\xff", 1));
    assert_true(unpack_uint(&r) == 0 && r.failed);
    unpack_start(&r, bytes_of("\xcf\x80\0\0\0\0\0\0\0", 9));
    assert_true(unpack_int(&r) == 0 && r.failed);
    unpack_start(&r, bytes_of("\xcf\x80\0\0\0\0\0\0\0", 9));
    assert_true(unpack_uint(&r) == 1ull << 63 && !r.failed);
    unpack_start(&r, bytes_of("\xc4\x03xyz", 5));
    {
        uint8_t four[4] = {1, 1, 1, 1};
        unpack_fixed(&r, four, sizeof four);
        assert_true(r.failed && four[0] == 0 && four[3] == 0);
    }
}

/* Goal: a count is never more than what the bytes that are left can hold; a map of that many pairs is taken whole. */
static void test_counts(void **state)
{
    static const struct {
        const char *bytes;
        size_t size, array;
        int map; /* the pairs; -1: no map that is taken */
    } cases[] = {{"\x92\x01\x01", 3, 2, -1}, {"\x93\x01\x01", 3, 0, -1},        {"\xdd\xff\xff\xff\xff", 5, 0, -1},
                 {"\x81\x01\x01", 3, 0, 1},  {"\x82\x01\x01\x02", 4, 0, -1},    {"\xdf\xff\xff\xff\xff", 5, 0, -1},
                 {"\x90", 1, 0, -1},         {"\x82\x01\x01\x02\x02", 5, 0, 2}, {"\x80", 1, 0, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct unpack r;
        unpack_start(&r, bytes_of(cases[i].bytes, cases[i].size));
        assert_int_equal(unpack_array(&r), cases[i].array);
        assert_int_equal(r.failed, (uint8_t)cases[i].bytes[0] != 0x90 && cases[i].array == 0);
        unpack_start(&r, bytes_of(cases[i].bytes, cases[i].size));
        if (unpack_peek(&r) == PACK_MAP) {
            size_t taken = unpack_any(&r).size;
            assert_int_equal(taken, cases[i].map < 0 ? 0 : 1 + 2 * cases[i].map); /* each key and value is one byte */
            assert_int_equal(r.failed, cases[i].map < 0);
        } else {
            assert_int_equal(cases[i].map, -1);
        }
    }
}

/* Goal: the one-value helpers say yes to exactly one whole value of their type. */
static void test_slices(void **state)
{
    static const uint8_t id_bytes[18] = {0xc4, 0x10, 5};
    struct slice text;
    struct id id;
    int64_t number;
    (void)state;
    assert_true(slice_is_nil(bytes_of("\xc0", 1)));
    assert_false(slice_is_nil(bytes_of("\xc0\xc0", 2)));
    assert_false(slice_is_nil(bytes_of(NULL, 0)));
    assert_false(slice_int(bytes_of(NULL, 0), &number));
    assert_false(slice_int(bytes_of("\x01\x01", 2), &number));
    assert_false(slice_int(bytes_of("\xa1\x31", 2), &number));
    assert_true(slice_text(bytes_of("\xa1\x31", 2), &text) && text.size == 1);
    assert_false(slice_text(bytes_of("\x01", 1), &text));
    assert_true(slice_id(bytes_of(id_bytes, 18), &id) && id.b[0] == 5);
    assert_false(slice_id(bytes_of(id_bytes, 17), &id));
    assert_true(slice_compare(bytes_of("ab", 2), bytes_of("abc", 3)) < 0);
    assert_true(slice_compare(bytes_of("abc", 3), bytes_of("ab", 2)) > 0);
    assert_true(slice_compare(bytes_of("b", 1), bytes_of("abc", 3)) > 0);
    assert_int_equal(slice_compare(bytes_of("ab", 2), bytes_of("ab", 2)), 0);
    assert_int_equal(slice_compare(bytes_of(NULL, 0), bytes_of("", 0)), 0);
    assert_true(slice_equal(bytes_of(NULL, 0), bytes_of("", 0)));
    assert_false(slice_equal(bytes_of("a", 1), bytes_of("b", 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_short),
        cmocka_unit_test(test_lengths_are_short),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_against_msgpack),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_failure_stays),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
