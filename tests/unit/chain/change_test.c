/* Tests: common/chain/change.c common/base/dot.c
 * A change is written as docs/CHANGE.md has it, read back as it was, and refused in any other form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "change.h"

static struct error e;

enum { BODY_MAX = CHANGE_BODY_MAX };

/* --- helpers --- */

static struct slice bytes_of(const void *p, size_t size)
{
    return (struct slice){p, size};
}

static struct slice text_value(struct pack *w, const char *text)
{
    pack_start(w);
    pack_text(w, text, strlen(text));
    return pack_bytes(w);
}

static void add_text(struct change_draft *d, unsigned field, enum change_action action, const char *text,
                     const struct dot *dots, size_t count)
{
    struct pack w;
    change_draft_op(d, field, action, text_value(&w, text), dots, count);
    pack_free(&w);
}

/* The change of docs/CHANGE.md, "An example". */
static void start_example(struct change_draft *d)
{
    static const struct dot own = {{{0}}, 1, 1, 0};
    struct dot mine = own, theirs = {{{0}}, 2, 300, 4};
    uint8_t key[32];
    change_draft_start(d);
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
        d->previous[i] = (uint8_t)(0x20 + i);
    }
    d->device = mine.device = id_of_device(key);
    memset(theirs.device.b, 0xc0, sizeof theirs.device.b);
    d->epoch = 1;
    d->seq = 2;
    d->wall_ms = 1732400000123;
    d->hlc = d->wall_ms << 16 | 1;
    assert_int_equal(id_parse("01935c2e-7a10-7b3c-9f00-000000000001", &d->author, &e), 0);
    assert_int_equal(id_parse("01935c2e-7a11-7b3c-9f00-000000000002", &d->session, &e), 0);
    assert_int_equal(id_parse("01935c2e-7a12-7b3c-9f00-000000000003", &d->scope, &e), 0);
    d->record = d->scope;
    d->kind = 7;
    d->reason = "telephone call of 24 November 2024";
    add_text(d, 15, CHANGE_SET, "555-0142", &mine, 1);
    add_text(d, 19, CHANGE_ADD, "penicillin: rash", NULL, 0);
    add_text(d, 21, CHANGE_REMOVE, "a ride to the clinic", &theirs, 1);
}

struct written {
    struct pack header, body;
    uint8_t hash[CHANGE_HASH_BYTES];
};

static void write_example(struct written *w)
{
    struct change_draft d;
    start_example(&d);
    assert_int_equal(change_write(&d, &w->header, &w->body, w->hash, &e), 0);
    change_draft_free(&d);
}

static void free_written(struct written *w)
{
    pack_free(&w->header);
    pack_free(&w->body);
}

/* A header that names this body, whatever it says. */
static void header_for(struct slice body, struct pack *header)
{
    static const uint8_t zeros[CHANGE_HASH_BYTES];
    static const struct id id = {{1}};
    uint8_t hash[CHANGE_HASH_BYTES];
    crypto_generichash(hash, sizeof hash, body.p, body.size, (const uint8_t *)"satchel body 1", 14);
    pack_start(header);
    pack_array(header, 13);
    pack_uint(header, 1);
    pack_id(header, &id);
    pack_uint(header, 1);
    pack_uint(header, 1);
    pack_bin(header, zeros, sizeof zeros);
    pack_uint(header, 1);
    pack_uint(header, 1);
    for (int i = 0; i < 4; i++)
        pack_id(header, &id);
    pack_uint(header, 7);
    pack_bin(header, hash, sizeof hash);
}

static int read_body(struct slice body, struct change *c)
{
    struct pack header;
    int code;
    header_for(body, &header);
    code = change_read(pack_bytes(&header), body, c, &e);
    pack_free(&header);
    return code;
}

/* Writes what was read anew, item by item. Canonical means: the same bytes. */
static void assert_reads_as_written(const struct change *c)
{
    struct pack w;
    struct unpack salt;
    pack_start(&w);
    pack_array(&w, 3);
    unpack_start(&salt, c->body);
    assert_int_equal(unpack_array(&salt), 3);
    pack_raw(&w, unpack_any(&salt));
    pack_array(&w, c->op_count);
    for (size_t i = 0; i < c->op_count; i++) {
        struct unpack dots;
        size_t count = change_supersedes(&c->ops[i], &dots);
        pack_array(&w, 4);
        pack_uint(&w, c->ops[i].field);
        pack_uint(&w, c->ops[i].action);
        pack_raw(&w, c->ops[i].value);
        pack_array(&w, count);
        for (size_t k = 0; k < count; k++) {
            struct dot dot = dot_unpack(&dots);
            dot_pack(&w, &dot);
        }
        assert_int_equal(unpack_end(&dots, "dots", NULL), 0);
    }
    if (c->reason.size == 0)
        pack_nil(&w);
    else
        pack_text(&w, (const char *)c->reason.p, c->reason.size);
    assert_true(slice_equal(pack_bytes(&w), c->body));
    pack_free(&w);
}

/* --- the page --- */

/* The hex digits of the indented lines that follow a heading of the page, up to each line's ';'. */
static size_t hex_of_page(FILE *page, const char *heading, uint8_t *out, size_t out_max)
{
    char line[256];
    size_t nibbles = 0;
    while (fgets(line, sizeof line, page) != NULL && strncmp(line, heading, strlen(heading)) != 0)
        continue;
    while (fgets(line, sizeof line, page) != NULL && line[0] != '#') {
        if (strncmp(line, "    ", 4) != 0)
            continue;
        for (const char *p = line + 4; *p != ';' && *p != '\n' && *p != '\0'; p++) {
            static const char digits[] = "0123456789abcdef";
            const char *digit = strchr(digits, *p);
            if (*p == ' ')
                continue;
            assert_non_null(digit);
            assert_true(nibbles / 2 < out_max);
            out[nibbles / 2] =
                (uint8_t)(nibbles % 2 == 0 ? (digit - digits) << 4 : out[nibbles / 2] | (digit - digits));
            nibbles++;
        }
        if (feof(page))
            break;
    }
    /* The heading of the next part has been read: go back before it. */
    if (!feof(page))
        assert_int_equal(fseek(page, -(long)strlen(line), SEEK_CUR), 0);
    assert_int_equal(nibbles % 2, 0);
    return nibbles / 2;
}

static int salts_left;

static const char *counting_name(void)
{
    return "counting";
}

static uint32_t counting_random(void)
{
    return 4;
}

static void counting_buf(void *const out, const size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)(i + (size_t)(16 * salts_left));
}

static struct randombytes_implementation counting = {
    .implementation_name = counting_name, .random = counting_random, .buf = counting_buf};

/* Goal: the example of docs/CHANGE.md, which was made by another program, is byte for byte what this one writes and
 * reads. */
static void test_the_page(void **state)
{
    FILE *page = fopen("docs/CHANGE.md", "r");
    uint8_t bytes[512];
    struct written w;
    struct change c;
    size_t size;
    (void)state;
    assert_non_null(page); /* tests run in the source's folder */
    write_example(&w);
    size = hex_of_page(page, "### The body", bytes, sizeof bytes);
    assert_int_equal(size, pack_bytes(&w.body).size);
    assert_memory_equal(bytes, pack_bytes(&w.body).p, size);
    assert_int_equal(change_read(pack_bytes(&w.header), bytes_of(bytes, size), &c, &e), 0);
    assert_int_equal(hex_of_page(page, "### Its hash", bytes, sizeof bytes), CHANGE_HASH_BYTES);
    assert_memory_equal(bytes, c.body_hash, CHANGE_HASH_BYTES);
    size = hex_of_page(page, "### The header", bytes, sizeof bytes);
    assert_int_equal(size, pack_bytes(&w.header).size);
    assert_memory_equal(bytes, pack_bytes(&w.header).p, size);
    assert_int_equal(hex_of_page(page, "### Its hash", bytes, sizeof bytes), CHANGE_HASH_BYTES);
    assert_memory_equal(bytes, w.hash, CHANGE_HASH_BYTES);
    free_written(&w);
    (void)fclose(page);
}

/* --- reading and writing --- */

/* Goal: every item of a change comes back as it was put in, and slices point into the caller's bytes. */
static void test_round_trip(void **state)
{
    struct change_draft d;
    struct written w;
    struct change c;
    struct unpack r;
    struct dot dot;
    (void)state;
    start_example(&d);
    assert_int_equal(change_write(&d, &w.header, &w.body, w.hash, &e), 0);
    assert_int_equal(change_read(pack_bytes(&w.header), pack_bytes(&w.body), &c, &e), 0);
    assert_true(id_equal(&c.device, &d.device) && id_equal(&c.author, &d.author));
    assert_true(id_equal(&c.session, &d.session) && id_equal(&c.scope, &d.scope) && id_equal(&c.record, &d.record));
    assert_true(c.epoch == 1 && c.seq == 2 && c.hlc == d.hlc && c.wall_ms == d.wall_ms && c.kind == 7);
    assert_memory_equal(c.previous, d.previous, CHANGE_HASH_BYTES);
    assert_memory_equal(c.hash, w.hash, CHANGE_HASH_BYTES);
    assert_ptr_equal(c.header.p, pack_bytes(&w.header).p);
    assert_ptr_equal(c.body.p, pack_bytes(&w.body).p);
    assert_int_equal(c.op_count, 3);
    assert_true(c.ops[1].field == 19 && c.ops[1].action == CHANGE_ADD && c.ops[2].action == CHANGE_REMOVE);
    assert_true(slice_equal(c.ops[0].value, bytes_of("\xa8"
                                                     "555-0142",
                                                     9)));
    assert_true(c.ops[0].value.p > c.body.p && c.ops[0].value.p < c.body.p + c.body.size);
    assert_int_equal(change_supersedes(&c.ops[1], &r), 0);
    assert_int_equal(change_supersedes(&c.ops[2], &r), 1);
    dot = dot_unpack(&r);
    assert_true(dot.device.b[0] == 0xc0 && dot.epoch == 2 && dot.seq == 300 && dot.index == 4);
    assert_int_equal(c.reason.size, strlen(d.reason));
    assert_reads_as_written(&c);
    change_draft_free(&d);
    free_written(&w);
}

/* Goal: two changes that say the same differ in salt, and so in every hash. */
static void test_salt(void **state)
{
    struct written a, b;
    (void)state;
    write_example(&a);
    salts_left = 1;
    write_example(&b);
    salts_left = 0;
    assert_int_equal(pack_bytes(&a.body).size, pack_bytes(&b.body).size);
    assert_false(slice_equal(pack_bytes(&a.body), pack_bytes(&b.body)));
    assert_memory_not_equal(a.hash, b.hash, CHANGE_HASH_BYTES);
    free_written(&a);
    free_written(&b);
}

/* Goal: a header alone, and a header whose body was erased, give all but the ops. */
static void test_erased(void **state)
{
    struct written w;
    struct change c;
    (void)state;
    write_example(&w);
    memset(&c, 0xff, sizeof c);
    assert_int_equal(change_read_header(pack_bytes(&w.header), &c, &e), 0);
    assert_true(c.op_count == 0 && c.body.p == NULL && c.reason.size == 0 && c.seq == 2);
    assert_memory_equal(c.hash, w.hash, CHANGE_HASH_BYTES);
    memset(&c, 0xff, sizeof c);
    assert_int_equal(change_read(pack_bytes(&w.header), bytes_of(NULL, 0), &c, &e), 0);
    assert_true(c.op_count == 0 && c.body.p == NULL && c.reason.size == 0);
    /* Bytes of size 0 are a body, and not the right one. */
    assert_int_equal(change_read(pack_bytes(&w.header), bytes_of("", 0), &c, &e), E_VERIFY);
    free_written(&w);
}

/* Goal: a header cut short anywhere, or longer by a byte, is refused; with any bit changed it is refused or is another
 * change with another hash. */
static void test_header_damage(void **state)
{
    struct written w;
    struct change c;
    uint8_t copy[CHANGE_HEADER_MAX + 1] = {0};
    size_t size;
    (void)state;
    write_example(&w);
    size = pack_bytes(&w.header).size;
    memcpy(copy, pack_bytes(&w.header).p, size);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(change_read_header(bytes_of(copy, cut), &c, &e), E_INPUT);
    assert_int_equal(change_read_header(bytes_of(copy, size + 1), &c, &e), E_INPUT);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (change_read(bytes_of(copy, size), pack_bytes(&w.body), &c, &e) == 0) {
            assert_int_equal(copy[0], 0x9d); /* thirteen items, and no other count */
            assert_memory_not_equal(c.hash, w.hash, CHANGE_HASH_BYTES);
        }
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free_written(&w);
}

/* Goal: a body with any bit changed is not the header's. Under a header that names it, it is refused or is canonical
 * still; cut short or longer it is always refused. */
static void test_body_damage(void **state)
{
    struct written w;
    struct change c;
    uint8_t copy[512] = {0};
    size_t size, refused = 0;
    (void)state;
    write_example(&w);
    size = pack_bytes(&w.body).size;
    memcpy(copy, pack_bytes(&w.body).p, size);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(read_body(bytes_of(copy, cut), &c), E_INPUT);
        assert_int_equal(c.op_count, 0);
    }
    assert_int_equal(read_body(bytes_of(copy, size + 1), &c), E_INPUT);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(change_read(pack_bytes(&w.header), bytes_of(copy, size), &c, &e), E_VERIFY);
        if (read_body(bytes_of(copy, size), &c) == 0)
            assert_reads_as_written(&c);
        else
            refused++;
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(refused > 100);
    free_written(&w);
}

/* Goal: each number of a header is held to its range. */
static void test_header_ranges(void **state)
{
    static const struct {
        uint64_t value;
        int item; /* of the header, from 0: version */
        int code;
    } cases[] = {{1, 0, 0},
                 {0, 0, E_INPUT},
                 {2, 0, E_INPUT},
                 {0, 2, E_INPUT},
                 {INT64_MAX, 2, 0},
                 {(uint64_t)INT64_MAX + 1, 2, E_INPUT},
                 {0, 3, E_INPUT},
                 {INT64_MAX, 3, 0},
                 {(uint64_t)INT64_MAX + 1, 3, E_INPUT},
                 {0, 5, 0},
                 {INT64_MAX, 5, 0},
                 {(uint64_t)INT64_MAX + 1, 5, E_INPUT},
                 {0, 6, 0},
                 {INT64_MAX, 6, 0},
                 {UINT64_MAX, 6, E_INPUT},
                 {0, 11, E_INPUT},
                 {65535, 11, 0},
                 {65536, 11, E_INPUT},
                 {1ull << 32, 11, E_INPUT}};
    static const uint8_t bytes[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct change c;
        struct pack w;
        pack_start(&w);
        pack_array(&w, 13);
        for (int item = 0; item < 13; item++) {
            if (item == cases[i].item)
                pack_uint(&w, cases[i].value);
            else if (item == 4 || item == 12)
                pack_bin(&w, bytes, 32);
            else if (item == 1 || (item >= 7 && item <= 10))
                pack_bin(&w, bytes, 16);
            else
                pack_uint(&w, 1);
        }
        assert_int_equal(change_read_header(pack_bytes(&w), &c, &e), cases[i].code);
        if (cases[i].value == 2)
            assert_non_null(strstr(e.text, "version 2"));
        pack_free(&w);
    }
}

/* Goal: each item of a body and of an op is held to its type and its range, one by one. */
static void test_body_refusals(void **state)
{
#define SALT                                                                                                           \
    "\xc4\x10"                                                                                                         \
    "0123456789abcdef"
#define DEVICE                                                                                                         \
    "\xc4\x10"                                                                                                         \
    "0123456789abcdef"
#define CASE(code, what, bytes)                                                                                        \
    {                                                                                                                  \
        code, what, bytes, sizeof(bytes) - 1                                                                           \
    }
    static const struct {
        int code;
        const char *what, *bytes;
        size_t size;
    } cases[] = {
        CASE(0, "no ops, no reason", "\x93" SALT "\x90\xc0"),
        CASE(0, "a reason", "\x93" SALT "\x90\xa1x"),
        CASE(0, "one op", "\x93" SALT "\x91\x94\x01\x01\xc0\x90\xc0"),
        CASE(0, "a map as a value", "\x93" SALT "\x91\x94\x01\x01\x81\x01\xc0\x90\xc0"),
        CASE(0, "a dot", "\x93" SALT "\x91\x94\x01\x01\xc0\x91\x94" DEVICE "\x01\x01\x00\xc0"),
        CASE(0, "two dots",
             "\x93" SALT "\x91\x94\x01\x01\xc0\x92\x94" DEVICE "\x01\x01\x00\x94" DEVICE "\x01\x01\x01\xc0"),
        CASE(E_INPUT, "two items", "\x92" SALT "\x90"),
        CASE(E_INPUT, "four items", "\x94" SALT "\x90\xc0\xc0"),
        CASE(E_INPUT, "a short salt",
             "\x93\xc4\x0f"
             "0123456789abcde"
             "\x90\xc0"),
        CASE(E_INPUT, "a text as salt",
             "\x93\xb0"
             "0123456789abcdef"
             "\x90\xc0"),
        CASE(E_INPUT, "an empty reason", "\x93" SALT "\x90\xa0"),
        CASE(E_INPUT, "a number as a reason", "\x93" SALT "\x90\x01"),
        CASE(E_INPUT, "latin-1 as a reason", "\x93" SALT "\x90\xa1\xe9"),
        CASE(E_INPUT, "a nil for ops", "\x93" SALT "\xc0\xc0"),
        CASE(E_INPUT, "an op of three", "\x93" SALT "\x91\x93\x01\x01\xc0\xc0"),
        CASE(E_INPUT, "an op of five", "\x93" SALT "\x91\x95\x01\x01\xc0\x90\xc0\xc0"),
        CASE(E_INPUT, "field 0", "\x93" SALT "\x91\x94\x00\x01\xc0\x90\xc0"),
        CASE(E_INPUT, "field 65536", "\x93" SALT "\x91\x94\xce\x00\x01\x00\x00\x01\xc0\x90\xc0"),
        CASE(E_INPUT, "action 0", "\x93" SALT "\x91\x94\x01\x00\xc0\x90\xc0"),
        CASE(E_INPUT, "action 4", "\x93" SALT "\x91\x94\x01\x04\xc0\x90\xc0"),
        CASE(E_INPUT, "a float as a value", "\x93" SALT "\x91\x94\x01\x01\xca\x00\x00\x00\x00\x90\xc0"),
        CASE(E_INPUT, "a value in a long form", "\x93" SALT "\x91\x94\x01\x01\xcc\x01\x90\xc0"),
        CASE(E_INPUT, "a nil for dots", "\x93" SALT "\x91\x94\x01\x01\xc0\xc0\xc0"),
        CASE(E_INPUT, "a dot of three", "\x93" SALT "\x91\x94\x01\x01\xc0\x91\x93" DEVICE "\x01\x01\xc0"),
        CASE(E_INPUT, "a dot of epoch 0", "\x93" SALT "\x91\x94\x01\x01\xc0\x91\x94" DEVICE "\x00\x01\x00\xc0"),
        CASE(E_INPUT, "a dot of seq 0", "\x93" SALT "\x91\x94\x01\x01\xc0\x91\x94" DEVICE "\x01\x00\x00\xc0"),
        CASE(E_INPUT, "a dot of op 256", "\x93" SALT "\x91\x94\x01\x01\xc0\x91\x94" DEVICE "\x01\x01\xcd\x01\x00\xc0"),
        CASE(E_INPUT, "a dot twice",
             "\x93" SALT "\x91\x94\x01\x01\xc0\x92\x94" DEVICE "\x01\x01\x00\x94" DEVICE "\x01\x01\x00\xc0"),
        CASE(E_INPUT, "dots that fall",
             "\x93" SALT "\x91\x94\x01\x01\xc0\x92\x94" DEVICE "\x01\x02\x00\x94" DEVICE "\x01\x01\x01\xc0"),
        CASE(E_INPUT, "ops that are not there", "\x93" SALT "\x9f\xc0"),
        CASE(E_INPUT, "4294967295 ops", "\x93" SALT "\xdd\xff\xff\xff\xff\xc0"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct change c;
        int code = read_body(bytes_of(cases[i].bytes, cases[i].size), &c);
        if (code != cases[i].code)
            fail_msg("%s: %s, not %s", cases[i].what, error_name(code), error_name(cases[i].code));
        if (code == 0)
            assert_reads_as_written(&c);
    }
#undef CASE
#undef DEVICE
#undef SALT
}

/* --- limits --- */

/* A body of so many ops, the first with so many dots and with a value of so many bytes. */
static void make_body(struct pack *w, size_t ops, size_t dots, size_t bytes)
{
    static const uint8_t salt[CHANGE_SALT_BYTES];
    uint8_t *value = calloc(1, bytes + 1);
    assert_non_null(value);
    pack_start(w);
    pack_array(w, 3);
    pack_bin(w, salt, sizeof salt);
    pack_array(w, ops);
    for (size_t i = 0; i < ops; i++) {
        pack_array(w, 4);
        pack_uint(w, 10);
        pack_uint(w, 1);
        pack_bin(w, value, i == 0 ? bytes : 0);
        pack_array(w, i == 0 ? dots : 0);
        for (size_t k = 0; i == 0 && k < dots; k++) {
            struct dot dot = {{{7}}, 1, k + 1, 0};
            dot_pack(w, &dot);
        }
    }
    pack_nil(w);
    free(value);
}

/* Goal: each limit is met exactly: what reaches it is read, one more is refused. */
static void test_read_limits(void **state)
{
    static const struct {
        size_t ops, dots, bytes;
        int code;
    } cases[] = {{CHANGE_OPS_MAX, 0, 0, 0},        {CHANGE_OPS_MAX + 1, 0, 0, E_LIMIT},
                 {1, CHANGE_SUPERSEDES_MAX, 0, 0}, {1, CHANGE_SUPERSEDES_MAX + 1, 0, E_LIMIT},
                 {1, 0, BODY_MAX - 30, 0},         {1, 0, BODY_MAX - 29, E_LIMIT}};
    struct written w;
    struct change c;
    struct pack body;
    uint8_t header[CHANGE_HEADER_MAX + 1] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_body(&body, cases[i].ops, cases[i].dots, cases[i].bytes);
        assert_int_equal(read_body(pack_bytes(&body), &c), cases[i].code);
        if (cases[i].code == 0) {
            assert_int_equal(c.op_count, cases[i].ops);
            assert_reads_as_written(&c);
        }
        if (cases[i].bytes != 0)
            assert_int_equal(pack_bytes(&body).size, BODY_MAX + (cases[i].code != 0));
        pack_free(&body);
    }
    write_example(&w);
    memcpy(header, pack_bytes(&w.header).p, pack_bytes(&w.header).size);
    assert_int_equal(change_read_header(bytes_of(header, CHANGE_HEADER_MAX), &c, &e), E_INPUT);
    assert_int_equal(change_read_header(bytes_of(header, CHANGE_HEADER_MAX + 1), &c, &e), E_LIMIT);
    free_written(&w);
}

static int write_and_free(struct change_draft *d)
{
    struct written w;
    int code = change_write(d, &w.header, &w.body, w.hash, &e);
    free_written(&w);
    change_draft_free(d);
    return code;
}

/* Goal: what no reader would take is not written: too many ops, dots or bytes, numbers out of range, a reason or a
 * value that is not canonical. */
static void test_write_refusals(void **state)
{
    static uint8_t large[BODY_MAX];
    struct dot *dots = calloc(CHANGE_SUPERSEDES_MAX + 1, sizeof *dots);
    struct change_draft d;
    struct pack w;
    (void)state;
    assert_non_null(dots);
    for (size_t i = 0; i <= CHANGE_SUPERSEDES_MAX; i++)
        dots[i] = (struct dot){{{1}}, 1, i + 1, 0};
    for (int wrong = 0; wrong <= 14; wrong++) {
        int code = wrong <= 3 ? 0 : wrong <= 7 ? E_LIMIT : E_INPUT;
        start_example(&d);
        for (size_t i = 3; (wrong == 1 || wrong == 4 || wrong == 5) && i < CHANGE_OPS_MAX; i++)
            add_text(&d, 10, CHANGE_ADD, "x", NULL, 0);
        for (int i = 0; (wrong == 4 && i < 1) || (wrong == 5 && i < 1000); i++)
            add_text(&d, 10, CHANGE_ADD, "x", NULL, 0);
        if (wrong == 2 || wrong == 6)
            add_text(&d, 10, CHANGE_SET, "x", dots, wrong == 2 ? CHANGE_SUPERSEDES_MAX : CHANGE_SUPERSEDES_MAX + 1);
        if (wrong == 3)
            d.reason = "";
        pack_start(&w);
        pack_bin(&w, large, sizeof large);
        for (int i = 0; wrong == 7 && i < 100; i++)
            change_draft_op(&d, 10, CHANGE_SET, pack_bytes(&w), NULL, 0);
        pack_free(&w);
        assert_true(pack_bytes(&d.ops).size < 3 * (size_t)BODY_MAX);
        if (wrong == 8)
            d.reason = "\xff";
        if (wrong == 9)
            d.epoch = 0;
        if (wrong == 10)
            d.seq = 0;
        if (wrong == 11)
            d.hlc = UINT64_MAX;
        if (wrong == 12)
            d.kind = 0;
        if (wrong == 13)
            change_draft_op(&d, 0, CHANGE_SET, bytes_of("\xc0", 1), NULL, 0);
        if (wrong == 14)
            change_draft_op(&d, 10, CHANGE_SET, bytes_of("\xca\0\0\0\0", 5), NULL, 0);
        e.text[0] = '\0';
        if (code != write_and_free(&d))
            fail_msg("case %d gives %s", wrong, e.text);
        assert_true((e.text[0] != '\0') == (code != 0));
    }
    free(dots);
}

static void test_action_names(void **state)
{
    (void)state;
    assert_string_equal(change_action_name(CHANGE_SET), "set");
    assert_string_equal(change_action_name(CHANGE_ADD), "add");
    assert_string_equal(change_action_name(CHANGE_REMOVE), "remove");
}

/* Goal: dots are written in their one order and once, however they are handed in. */
static void test_dots_are_sorted(void **state)
{
    const struct dot a = {{{1}}, 1, 5, 0}, b = {{{1}}, 1, 5, 1}, c = {{{1}}, 1, 300, 0}, f = {{{1}}, 2, 1, 0},
                     g = {{{2}}, 1, 1, 0};
    const struct dot mixed[] = {g, b, a, f, b, c, g, a}, sorted[] = {a, b, c, f, g};
    struct change_draft d;
    struct written w;
    struct change read;
    struct unpack r;
    (void)state;
    start_example(&d);
    add_text(&d, 10, CHANGE_SET, "x", mixed, 8);
    assert_int_equal(change_write(&d, &w.header, &w.body, w.hash, &e), 0);
    assert_int_equal(change_read(pack_bytes(&w.header), pack_bytes(&w.body), &read, &e), 0);
    assert_int_equal(change_supersedes(&read.ops[3], &r), 5);
    for (int i = 0; i < 5; i++) {
        struct dot dot = dot_unpack(&r);
        assert_true(dot_equal(&dot, &sorted[i]));
        for (int k = 0; k < 5; k++) {
            int order = dot_compare(&sorted[i], &sorted[k]);
            assert_true(i < k ? order < 0 : i > k ? order > 0 : order == 0);
        }
    }
    change_draft_free(&d);
    free_written(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page),      cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_salt),          cmocka_unit_test(test_erased),
        cmocka_unit_test(test_header_damage), cmocka_unit_test(test_body_damage),
        cmocka_unit_test(test_header_ranges), cmocka_unit_test(test_body_refusals),
        cmocka_unit_test(test_read_limits),   cmocka_unit_test(test_write_refusals),
        cmocka_unit_test(test_action_names),  cmocka_unit_test(test_dots_are_sorted),
    };
    randombytes_set_implementation(&counting);
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
