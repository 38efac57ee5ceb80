/* Tests: proto/batch.c
 * Changes and entries come out of a batch as they went in; cut, altered and swollen ones are refused within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>
#include <sodium.h>
#include <zlib.h>

#include "batch.h"
#include "change.h"
#include "log.h"

enum { BODY_MAX = CHANGE_BODY_MAX };

static uint8_t noise[BODY_MAX + LIMITS_BATCH_CHANGES_MAX]; /* does not deflate */

static const struct slice none;

static struct slice some(size_t from, size_t size)
{
    return (struct slice){noise + from, size};
}

static void release(struct slice s)
{
    free((void *)s.p);
}

static void assert_slices(struct slice a, struct slice b)
{
    assert_int_equal(a.p == NULL, b.p == NULL);
    assert_int_equal(a.size, b.size);
    assert_true(slice_equal(a, b));
}

/* Deflates bytes of our own making. */
static struct slice squeeze(const void *bytes, size_t size)
{
    uLongf room = compressBound((uLong)size);
    uint8_t *out = malloc(room);
    assert_non_null(out);
    assert_int_equal(compress2(out, &room, bytes, (uLong)size, 6), Z_OK);
    return (struct slice){out, room};
}

/* Opens and reads to the end: 0, or the first error. */
static int read_all(struct slice deflated, int entries, size_t *count)
{
    struct batch_reader r;
    struct batch_item item;
    struct error e = {0, ""};
    int code = batch_open(&r, deflated, entries, &e), got;
    *count = 0;
    if (code == 0) {
        while ((got = batch_next(&r, &item, &e)) == 1)
            ++*count;
        code = got == 0 ? 0 : e.code;
    }
    if (code != 0)
        assert_true(e.text[0] != 0);
    batch_close(&r);
    return code;
}

/* As read_all for bytes that are not deflated yet. */
static int read_plain(const void *bytes, size_t size, int entries)
{
    struct slice deflated = squeeze(bytes, size);
    size_t count;
    int code = read_all(deflated, entries, &count);
    release(deflated);
    return code;
}

static struct slice three_changes(void)
{
    struct batch_writer w;
    struct slice out;
    batch_start(&w);
    batch_add_change(&w, some(0, 200), some(300, 1000));
    batch_add_change(&w, some(1, CHANGE_HEADER_MAX), some(0, 0));
    batch_add_change(&w, some(2, 0), some(0, BODY_MAX));
    assert_int_equal(batch_finish(&w, &out, NULL), 0);
    batch_free(&w);
    return out;
}

static struct slice three_entries(void)
{
    struct batch_writer w;
    struct slice out;
    batch_start(&w);
    batch_add_entry(&w, 0, 1, some(0, 100), some(100, 300), none);
    batch_add_entry(&w, INT64_MAX, INT64_MAX, some(1, 100), none, some(0, CHANGE_MASK_MAX));
    batch_add_entry(&w, 70000, 1790000000000, some(2, 100), some(0, 0), some(0, 0));
    assert_int_equal(batch_finish(&w, &out, NULL), 0);
    batch_free(&w);
    return out;
}

/* Goal: changes come back as they went, in order, the largest and the empty ones too. */
static void changes_come_back(void **state)
{
    struct slice deflated = three_changes();
    struct batch_reader r;
    struct batch_item item;
    (void)state;
    assert_int_equal(batch_open(&r, deflated, 0, NULL), 0);
    assert_int_equal(r.count, 3);
    assert_int_equal(batch_next(&r, &item, NULL), 1);
    assert_slices(item.header, some(0, 200));
    assert_slices(item.body, some(300, 1000));
    assert_null(item.mask.p);
    assert_int_equal(batch_next(&r, &item, NULL), 1);
    assert_slices(item.header, some(1, CHANGE_HEADER_MAX));
    assert_int_equal(item.body.size, 0);
    assert_int_equal(batch_next(&r, &item, NULL), 1);
    assert_slices(item.body, some(0, BODY_MAX));
    assert_int_equal(batch_next(&r, &item, NULL), 0);
    assert_int_equal(batch_next(&r, &item, NULL), 0);
    batch_close(&r);
    batch_close(&r); /* twice does no harm */
    release(deflated);
}

/* Goal: entries come back as they went; an erased body is not an empty one, no mask not an empty one. */
static void entries_come_back(void **state)
{
    struct slice deflated = three_entries();
    struct batch_reader r;
    struct batch_item item;
    (void)state;
    assert_int_equal(batch_open(&r, deflated, 1, NULL), 0);
    assert_int_equal(batch_next(&r, &item, NULL), 1);
    assert_int_equal(item.position, 0);
    assert_int_equal(item.received_ms, 1);
    assert_slices(item.header, some(0, 100));
    assert_slices(item.body, some(100, 300));
    assert_null(item.mask.p);
    assert_int_equal(batch_next(&r, &item, NULL), 1);
    assert_int_equal(item.position, INT64_MAX);
    assert_int_equal(item.received_ms, INT64_MAX);
    assert_null(item.body.p);
    assert_slices(item.mask, some(0, CHANGE_MASK_MAX));
    assert_int_equal(batch_next(&r, &item, NULL), 1);
    assert_int_equal(item.position, 70000);
    assert_int_equal(item.received_ms, 1790000000000);
    assert_non_null(item.body.p);
    assert_int_equal(item.body.size, 0);
    assert_non_null(item.mask.p);
    assert_int_equal(batch_next(&r, &item, NULL), 0);
    batch_close(&r);
    release(deflated);
}

/* Goal: a batch of nothing is a batch, and its bytes are an empty array. */
static void nothing_is_a_batch(void **state)
{
    struct batch_writer w;
    struct slice out;
    uint8_t plain[8];
    uLongf size = sizeof plain;
    size_t count;
    (void)state;
    batch_start(&w);
    assert_int_equal(batch_finish(&w, &out, NULL), 0);
    batch_free(&w);
    assert_int_equal(uncompress(plain, &size, out.p, (uLong)out.size), Z_OK);
    assert_int_equal(size, 1);
    assert_int_equal(plain[0], 0x90);
    assert_int_equal(read_all(out, 0, &count), 0);
    assert_int_equal(read_all(out, 1, &count), 0);
    assert_int_equal(count, 0);
    release(out);
}

/* Goal: a batch that is cut at any byte, or that goes on after its end, is refused. */
static void cut_batches_are_refused(void **state)
{
    struct slice deflated = three_entries();
    uint8_t *copy;
    size_t count;
    (void)state;
    for (size_t size = 0; size < deflated.size; size++) {
        copy = malloc(size == 0 ? 1 : size);
        assert_non_null(copy);
        memcpy(copy, deflated.p, size);
        assert_int_equal(read_all((struct slice){copy, size}, 1, &count), E_INPUT);
        free(copy);
    }
    copy = malloc(deflated.size + 1);
    assert_non_null(copy);
    memcpy(copy, deflated.p, deflated.size);
    copy[deflated.size] = 0;
    assert_int_equal(read_all((struct slice){copy, deflated.size + 1}, 1, &count), E_INPUT);
    free(copy);
    release(deflated);
}

/* Goal: a flipped bit is seen by zlib's sum, unless it is padding, and then the batch is the same. */
static void flipped_bits_are_seen(void **state)
{
    struct slice deflated = three_entries();
    uint8_t *copy = malloc(deflated.size);
    size_t refused = 0;
    struct batch_reader whole, r;
    (void)state;
    assert_non_null(copy);
    memcpy(copy, deflated.p, deflated.size);
    assert_int_equal(batch_open(&whole, deflated, 1, NULL), 0);
    for (size_t bit = 0; bit < 8 * deflated.size; bit++) {
        int code;
        copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ (1 << (bit % 8)));
        code = batch_open(&r, (struct slice){copy, deflated.size}, 1, NULL);
        if (code == 0) {
            assert_int_equal(r.size, whole.size);
            assert_memory_equal(r.bytes, whole.bytes, r.size);
        } else {
            assert_true(code == E_INPUT || code == E_LIMIT);
            refused++;
        }
        batch_close(&r);
        copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ (1 << (bit % 8)));
    }
    assert_true(refused >= 8 * deflated.size - 7);
    batch_close(&whole);
    free(copy);
    release(deflated);
}

/* Goal: what is inside the deflated stream is held to its form as strictly as what is outside. */
static void malformed_items_are_refused(void **state)
{
    static const uint8_t claims[] = {0xdd, 0xff, 0xff, 0xff, 0xff}, not_array[] = {0xc0},
                         one_short[] = {0x91, 0x91, 0xc4, 0x00}, follows[] = {0x91, 0x92, 0xc4, 0x00, 0xc4, 0x00, 0xc0},
                         fewer[] = {0x92, 0x92, 0xc4, 0x00, 0xc4, 0x00}, erased[] = {0x91, 0x92, 0xc4, 0x00, 0xc0},
                         good[] = {0x91, 0x92, 0xc4, 0x00, 0xc4, 0x00},
                         long_form[] = {0x91, 0x92, 0xc5, 0x00, 0x00, 0xc4, 0x00};
    static const uint8_t too_late[] = {0x91, 0x95, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xc4, 0x00, 0xc0, 0xc0};
    static const uint8_t in_time[] = {0x91, 0x95, 0xcf, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xc4, 0x00, 0xc0, 0xc0};
    (void)state;
    assert_int_equal(read_plain(good, sizeof good, 0), 0);
    assert_int_equal(read_plain(good, sizeof good, 1), E_INPUT); /* a change is not an entry */
    assert_int_equal(read_plain(claims, sizeof claims, 0), E_INPUT);
    assert_int_equal(read_plain(not_array, sizeof not_array, 0), E_INPUT);
    assert_int_equal(read_plain(one_short, sizeof one_short, 0), E_INPUT);
    assert_int_equal(read_plain(follows, sizeof follows, 0), E_INPUT);
    assert_int_equal(read_plain(fewer, sizeof fewer, 0), E_INPUT);
    assert_int_equal(read_plain(erased, sizeof erased, 0), 0); /* what left the laptop with its case */
    assert_int_equal(read_plain(long_form, sizeof long_form, 0), E_INPUT);
    assert_int_equal(read_plain("", 0, 0), E_INPUT);
    assert_int_equal(read_plain(in_time, sizeof in_time, 1), 0);
    assert_int_equal(read_plain(too_late, sizeof too_late, 1), E_INPUT);
}

/* What reading an entry with parts of these sizes gives. */
static int with_sizes(size_t header, size_t body, size_t mask)
{
    struct batch_writer w;
    struct slice out;
    size_t count;
    int code;
    batch_start(&w);
    batch_add_entry(&w, 1, 2, some(0, header), some(0, body), some(0, mask));
    assert_int_equal(batch_finish(&w, &out, NULL), 0);
    batch_free(&w);
    code = read_all(out, 1, &count);
    release(out);
    return code;
}

/* Goal: header, body and mask are taken at their limits and refused one over. */
static void items_end_at_their_limits(void **state)
{
    (void)state;
    assert_int_equal(with_sizes(CHANGE_HEADER_MAX, BODY_MAX, CHANGE_MASK_MAX), 0);
    assert_int_equal(with_sizes(CHANGE_HEADER_MAX + 1, 1, 1), E_LIMIT);
    assert_int_equal(with_sizes(1, BODY_MAX + 1, 1), E_LIMIT);
    assert_int_equal(with_sizes(1, 1, CHANGE_MASK_MAX + 1), E_LIMIT);
}

/* Goal: a batch has LIMITS_BATCH_CHANGES_MAX items and not one more, on either side. */
static void items_are_counted(void **state)
{
    struct batch_writer w;
    struct slice out;
    struct pack plain;
    size_t count;
    (void)state;
    batch_start(&w);
    while (batch_has_room(&w, 4))
        batch_add_change(&w, some(0, 2), some(0, 2));
    assert_int_equal(w.count, LIMITS_BATCH_CHANGES_MAX);
    assert_int_equal(batch_finish(&w, &out, NULL), 0);
    assert_int_equal(read_all(out, 0, &count), 0);
    assert_int_equal(count, LIMITS_BATCH_CHANGES_MAX);
    release(out);
    batch_add_change(&w, some(0, 2), some(0, 2));
    assert_int_equal(batch_finish(&w, &out, NULL), E_LIMIT);
    assert_null(out.p);
    pack_start(&plain);
    pack_array(&plain, w.count);
    pack_raw(&plain, pack_bytes(&w.items));
    assert_int_equal(read_plain(plain.buffer.data, plain.buffer.size, 0), E_LIMIT);
    pack_free(&plain);
    batch_free(&w);
}

/* Goal: what batch_has_room lets in can always be sent and read, even if nothing of it deflates; more cannot. */
static void room_is_room(void **state)
{
    static const size_t sizes[] = {1, 40, 255, 256, 257, 5000, 65535, 65536, BODY_MAX};
    struct batch_writer w;
    struct slice out;
    size_t count;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t item = CHANGE_HEADER_MAX + sizes[i] + CHANGE_MASK_MAX;
        batch_start(&w);
        assert_true(batch_has_room(&w, item));
        while (batch_has_room(&w, item))
            batch_add_entry(&w, INT64_MAX, INT64_MAX, some(0, CHANGE_HEADER_MAX), some(w.count, sizes[i]),
                            some(0, CHANGE_MASK_MAX));
        assert_int_equal(batch_finish(&w, &out, NULL), 0);
        assert_true(out.size <= BATCH_DEFLATED_MAX);
        assert_int_equal(read_all(out, 1, &count), 0);
        assert_int_equal(count, w.count);
        release(out);
        batch_free(&w);
    }
    batch_start(&w);
    assert_false(batch_has_room(&w, LIMITS_BATCH_MAX));
    assert_false(batch_has_room(&w, SIZE_MAX));
    for (int i = 0; i < 5; i++)
        batch_add_change(&w, some(0, 0), some(0, BODY_MAX));
    assert_false(batch_has_room(&w, 0));
    assert_int_equal(batch_finish(&w, &out, NULL), E_LIMIT);
    batch_free(&w);
}

/* Goal: a batch inflates to LIMITS_BATCH_MAX bytes and not to one more. */
static void inflating_ends_at_its_limit(void **state)
{
    static uint8_t zeros[BODY_MAX];
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        struct pack w;
        size_t last;
        pack_start(&w);
        pack_array(&w, 4);
        for (int i = 0; i < 3; i++) {
            pack_array(&w, 2);
            pack_bin(&w, zeros, 0);
            pack_bin(&w, zeros, sizeof zeros);
        }
        last = LIMITS_BATCH_MAX + over - w.buffer.size - 1 - 2 - 5;
        pack_array(&w, 2);
        pack_bin(&w, zeros, 0);
        pack_bin(&w, zeros, last);
        assert_int_equal(w.buffer.size, LIMITS_BATCH_MAX + over);
        assert_int_equal(read_plain(w.buffer.data, w.buffer.size, 0), over == 0 ? 0 : E_LIMIT);
        pack_free(&w);
    }
}

/* Deflates 1 GiB of zeros, a piece at a time. */
static struct slice bomb(void)
{
    static uint8_t zeros[1 << 20];
    uint8_t *out = malloc(BATCH_DEFLATED_MAX);
    z_stream z = {.zalloc = Z_NULL};
    assert_non_null(out);
    assert_int_equal(deflateInit(&z, 9), Z_OK);
    z.next_out = out;
    z.avail_out = BATCH_DEFLATED_MAX;
    for (int i = 0; i < 1024; i++) {
        z.next_in = zeros;
        z.avail_in = sizeof zeros;
        assert_int_equal(deflate(&z, i == 1023 ? Z_FINISH : Z_NO_FLUSH), i == 1023 ? Z_STREAM_END : Z_OK);
    }
    assert_int_equal(z.total_out, BATCH_DEFLATED_MAX - z.avail_out);
    assert_int_equal(deflateEnd(&z), Z_OK);
    return (struct slice){out, BATCH_DEFLATED_MAX - z.avail_out};
}

/* Goal: a batch of one megabyte that would inflate to a gigabyte is refused, and costs a few megabytes at most. */
static void bombs_do_not_go_off(void **state)
{
    struct slice deflated = bomb();
    struct rusage before, after;
    size_t count;
    (void)state;
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    assert_int_equal(read_all(deflated, 0, &count), E_LIMIT);
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < 16384); /* KiB */
    release(deflated);
}

/* Goal: a batch that is itself larger than deflating can make one is refused before zlib sees it. */
static void large_batches_are_refused(void **state)
{
    struct slice large = {calloc(1, BATCH_DEFLATED_MAX + 1), BATCH_DEFLATED_MAX + 1};
    size_t count;
    (void)state;
    assert_non_null(large.p);
    assert_int_equal(read_all(large, 0, &count), E_LIMIT);
    large.size--;
    assert_int_equal(read_all(large, 0, &count), E_INPUT);
    release(large);
}

/* Goal: of zlib's three formats only the one with a sum and without a dictionary is taken. */
static void other_formats_are_refused(void **state)
{
    static const uint8_t plain[] = {0x90};
    static const int windows[] = {-15, 15 + 16, 15};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        z_stream z = {.zalloc = Z_NULL};
        uint8_t out[128];
        size_t count;
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, windows[i], 8, Z_DEFAULT_STRATEGY), Z_OK);
        if (i == 2)
            assert_int_equal(deflateSetDictionary(&z, (const Bytef *)"satchel", 7), Z_OK);
        z.next_in = (z_const Bytef *)plain;
        z.avail_in = sizeof plain;
        z.next_out = out;
        z.avail_out = sizeof out;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        assert_int_equal(read_all((struct slice){out, sizeof out - z.avail_out}, 0, &count), E_INPUT);
        assert_int_equal(deflateEnd(&z), Z_OK);
    }
}

static int set_up(void **state)
{
    static const uint8_t seed[randombytes_SEEDBYTES] = {1};
    (void)state;
    if (sodium_init() < 0)
        return -1;
    randombytes_buf_deterministic(noise, sizeof noise, seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_come_back),
        cmocka_unit_test(entries_come_back),
        cmocka_unit_test(nothing_is_a_batch),
        cmocka_unit_test(cut_batches_are_refused),
        cmocka_unit_test(flipped_bits_are_seen),
        cmocka_unit_test(malformed_items_are_refused),
        cmocka_unit_test(items_end_at_their_limits),
        cmocka_unit_test(items_are_counted),
        cmocka_unit_test(room_is_room),
        cmocka_unit_test(inflating_ends_at_its_limit),
        cmocka_unit_test(bombs_do_not_go_off),
        cmocka_unit_test(large_batches_are_refused),
        cmocka_unit_test(other_formats_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
