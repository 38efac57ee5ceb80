/* Tests: proto/courier.c
 * Courier files: what was sealed comes back to the office alone; a file that is cut anywhere gives its whole items,
 * one that is altered anywhere gives nothing that was not written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "courier.h"

#define ITEMS 3

static uint8_t sign_secret[64], seal_secret[32];
static struct courier_header header;
static uint8_t file[4096]; /* a header and ITEMS items */
static size_t file_bytes, ends[ITEMS + 1];

struct bytes {
    const uint8_t *p;
    size_t left;
};

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

static int broken(void *arg, uint8_t *out, size_t size, size_t *got, struct error *e)
{
    (void)arg;
    (void)out;
    (void)size;
    *got = 0;
    return error_set(e, E_IO, "the stick was pulled out");
}

static struct slice text(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static struct courier_item numbers(uint64_t first, uint64_t last, uint32_t typed)
{
    return (struct courier_item){.epoch = 1, .first_seq = first, .last_seq = last, .typed = typed};
}

static struct slice sign_head(uint64_t epoch, uint64_t seq, uint8_t out[CHAIN_HEAD_MAX])
{
    struct chain_head head = {.end = {.device = header.device, .epoch = epoch, .seq = seq}};
    size_t size;
    head.end.hash[0] = 1;
    chain_sign(&head, sign_secret, out, &size);
    return (struct slice){out, size};
}

static size_t put_item(uint8_t *out, const struct courier_item *r)
{
    uint8_t head[CHAIN_HEAD_MAX];
    struct slice bytes;
    struct error e;
    size_t size;
    if (courier_seal(&header, r, sign_head(r->epoch, r->last_seq, head), text("a batch of notes"), &bytes, &e) != 0)
        fail_msg("%s", e.text);
    memcpy(out, bytes.p, bytes.size);
    size = bytes.size;
    free((void *)bytes.p);
    return size;
}

static int set_up(void **state)
{
    struct courier_item r[ITEMS] = {numbers(4, 4, 1), numbers(5, 9, 3), numbers(10, 10, 0)};
    uint8_t public_key[32];
    (void)state;
    if (sodium_init() < 0)
        return 1;
    crypto_sign_keypair(public_key, sign_secret);
    header.device = id_of_device(public_key);
    crypto_box_keypair(header.seal_key, seal_secret);
    courier_header_write(&header, file);
    ends[0] = file_bytes = COURIER_HEADER_BYTES;
    for (size_t i = 0; i < ITEMS; i++)
        ends[i + 1] = file_bytes += put_item(file + file_bytes, &r[i]);
    return 0;
}

static int walk(const uint8_t *p, size_t size, struct courier_reader *r)
{
    struct bytes b = {p, size};
    return courier_walk(r, (struct courier_source){read_bytes, &b}, NULL);
}

/* Goal: what was sealed comes back, with the numbers that stand in clear; nothing of it stands in the file. */
static void records_come_back(void **state)
{
    struct bytes b = {file, file_bytes};
    struct courier_reader r;
    struct courier_item item;
    struct courier_opened opened;
    struct error e;
    size_t n = 0;
    (void)state;
    assert_int_equal(courier_start(&r, (struct courier_source){read_bytes, &b}, &e), 0);
    assert_true(id_equal(&r.header.device, &header.device));
    assert_memory_equal(r.header.seal_key, header.seal_key, 32);
    while (courier_next(&r, &item, &e) == 1) {
        assert_int_equal(courier_open(&r.header, &item, seal_secret, &opened, &e), 0);
        assert_true(slice_equal(opened.batch, text("a batch of notes")));
        courier_wipe(&opened);
        assert_null(opened.plain);
        assert_int_equal(r.good_bytes, ends[++n]);
    }
    assert_int_equal(r.end, COURIER_WHOLE);
    assert_int_equal(r.items, ITEMS);
    assert_int_equal(r.changes, 7);
    assert_int_equal(r.typed, 4);
    assert_int_equal(r.last_seq, 10);
    courier_close(&r);
    assert_null(memmem(file, file_bytes, "batch", 5));
}

/* Goal: neither another key nor the public one opens an item. */
static void only_the_office_opens(void **state)
{
    struct bytes b = {file, file_bytes};
    struct courier_header other = header;
    struct courier_reader r;
    struct courier_item item;
    struct courier_opened opened;
    uint8_t secret[32];
    (void)state;
    assert_int_equal(courier_start(&r, (struct courier_source){read_bytes, &b}, NULL), 0);
    assert_int_equal(courier_next(&r, &item, NULL), 1);
    crypto_box_keypair(other.seal_key, secret);
    assert_int_equal(courier_open(&other, &item, secret, &opened, NULL), E_VERIFY);
    courier_wipe(&opened);
    assert_int_equal(courier_open(&header, &item, secret, &opened, NULL), E_VERIFY);
    courier_wipe(&opened);
    assert_int_equal(courier_open(&header, &item, header.seal_key, &opened, NULL), E_VERIFY);
    courier_wipe(&opened);
    courier_close(&r);
}

/* Goal: a file that is cut at any byte gives the items that are whole in it, and says that it is torn. */
static void torn_anywhere(void **state)
{
    struct courier_reader r;
    (void)state;
    for (size_t size = 0; size <= file_bytes; size++) {
        uint8_t *copy = malloc(size + 1); /* of that size, so that a sanitizer sees a read past its end */
        size_t whole = 0;
        memcpy(copy, file, size);
        if (size < COURIER_HEADER_BYTES) {
            assert_int_equal(walk(copy, size, &r), E_INPUT);
        } else {
            while (whole < ITEMS && size >= ends[whole + 1])
                whole++;
            assert_int_equal(walk(copy, size, &r), 0);
            assert_int_equal(r.items, whole);
            assert_int_equal(r.good_bytes, ends[whole]);
            assert_int_equal(r.end, size == ends[whole] ? COURIER_WHOLE : COURIER_TORN);
        }
        free(copy);
    }
}

/* Goal: a file with any bit flipped gives the items before it and never the one it is in, nor any after. */
static void flipped_anywhere(void **state)
{
    struct courier_reader r;
    (void)state;
    for (size_t bit = 0; bit < 8 * file_bytes; bit++) {
        size_t at = bit / 8, whole = 0;
        file[at] ^= (uint8_t)(1 << bit % 8);
        if (at < COURIER_HEADER_BYTES) {
            assert_int_equal(walk(file, file_bytes, &r), E_INPUT);
        } else {
            while (at >= ends[whole + 1])
                whole++;
            assert_int_equal(walk(file, file_bytes, &r), 0);
            assert_int_equal(r.items, whole);
            assert_int_equal(r.good_bytes, ends[whole]);
            assert_int_not_equal(r.end, COURIER_WHOLE);
        }
        file[at] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(walk(file, file_bytes, &r), 0);
    assert_int_equal(r.end, COURIER_WHOLE);
}

/* What reading gives for the file with one more item whose clear bytes are these, under a right sum. */
static enum courier_end with_head(const struct courier_item *r, uint32_t length)
{
    uint8_t *bytes = malloc(file_bytes + COURIER_HEAD_BYTES), *head = bytes + file_bytes;
    const uint64_t fields[] = {r->epoch, r->first_seq, r->last_seq};
    struct courier_reader reader;
    memcpy(bytes, file, file_bytes);
    for (int i = 0; i < 4; i++) {
        head[i] = (uint8_t)(length >> (24 - 8 * i));
        head[4 + i] = (uint8_t)(r->typed >> (24 - 8 * i));
    }
    for (int f = 0; f < 3; f++)
        for (int i = 0; i < 8; i++)
            head[8 + 8 * f + i] = (uint8_t)(fields[f] >> (56 - 8 * i));
    assert_int_equal(walk(bytes, file_bytes + COURIER_HEAD_BYTES, &reader), 0);
    assert_int_equal(reader.items, ITEMS);
    free(bytes);
    return reader.end;
}

/* Goal: what a head claims is held against the limits before memory is taken for it; changes come in their order. */
static void limits_are_kept(void **state)
{
    struct courier_item r = numbers(11, 10 + LIMITS_BATCH_CHANGES_MAX, 2);
    (void)state;
    /* The item does not follow, so a head that may stand is torn and one that may not is damage. */
    assert_int_equal(with_head(&r, COURIER_SEALED_MAX), COURIER_TORN);
    assert_int_equal(with_head(&r, COURIER_SEALED_MAX + 1), COURIER_DAMAGED);
    assert_int_equal(with_head(&r, UINT32_MAX), COURIER_DAMAGED);
    assert_int_equal(with_head(&r, COURIER_SEAL_BYTES), COURIER_DAMAGED);
    r.last_seq++;
    assert_int_equal(with_head(&r, 1000), COURIER_DAMAGED);
    r = numbers(11, 12, 3);
    assert_int_equal(with_head(&r, 1000), COURIER_DAMAGED);
    r = numbers(12, 11, 0);
    assert_int_equal(with_head(&r, 1000), COURIER_DAMAGED);
    r = numbers(10, 11, 0); /* 10 was there */
    assert_int_equal(with_head(&r, 1000), COURIER_DAMAGED);
    r = numbers(20, 20, 0); /* a gap is for the office to judge */
    assert_int_equal(with_head(&r, 1000), COURIER_TORN);
    r.epoch = 0;
    assert_int_equal(with_head(&r, 1000), COURIER_DAMAGED);
    r = numbers(1, 1, 0);
    r.epoch = 2;
    assert_int_equal(with_head(&r, 1000), COURIER_TORN);
    r = numbers(UINT64_MAX, UINT64_MAX, 0);
    assert_int_equal(with_head(&r, 1000), COURIER_DAMAGED);
}

/* Goal: a whole push of the largest size fits into an item, and comes back; one byte more is not written. */
static void the_largest_push_fits(void **state)
{
    const struct courier_item r = numbers(1, LIMITS_BATCH_CHANGES_MAX, 0);
    struct slice bytes, batch = {calloc(1, BATCH_DEFLATED_MAX + 1), BATCH_DEFLATED_MAX};
    uint8_t head[CHAIN_HEAD_MAX], *whole = malloc(COURIER_HEADER_BYTES + COURIER_SEALED_MAX + 100);
    struct slice signed_head = sign_head(1, r.last_seq, head);
    struct courier_reader reader;
    struct error e;
    (void)state;
    assert_int_equal(courier_seal(&header, &r, signed_head, batch, &bytes, &e), 0);
    courier_header_write(&header, whole);
    memcpy(whole + COURIER_HEADER_BYTES, bytes.p, bytes.size);
    assert_int_equal(walk(whole, COURIER_HEADER_BYTES + bytes.size, &reader), 0);
    assert_int_equal(reader.end, COURIER_WHOLE);
    assert_int_equal(reader.changes, LIMITS_BATCH_CHANGES_MAX);
    free((void *)bytes.p);
    batch.size++;
    assert_int_equal(courier_seal(&header, &r, signed_head, batch, &bytes, &e), E_INTERNAL);
    assert_null(bytes.p);
    free((void *)batch.p);
    free(whole);
}

static int open_of(const struct courier_item *r, struct slice head, struct slice batch, size_t cut)
{
    struct courier_item item = *r;
    struct courier_opened opened;
    struct slice bytes;
    int code;
    assert_int_equal(courier_seal(&header, r, head, batch, &bytes, NULL), 0);
    item.sealed =
        (struct slice){bytes.p + COURIER_HEAD_BYTES, bytes.size - COURIER_HEAD_BYTES - COURIER_SUM_BYTES - cut};
    code = courier_open(&header, &item, seal_secret, &opened, NULL);
    courier_wipe(&opened);
    free((void *)bytes.p);
    return code;
}

/* Goal: what anybody could have sealed is not believed: the head inside must be the device's, and say what stands in
 * clear. */
static void what_is_sealed_is_checked(void **state)
{
    struct courier_item r = numbers(4, 5, 1);
    struct id device = header.device;
    uint8_t head[CHAIN_HEAD_MAX];
    (void)state;
    assert_int_equal(open_of(&r, sign_head(1, 5, head), text(""), 0), 0);
    assert_int_equal(open_of(&r, sign_head(1, 5, head), text(""), 1), E_VERIFY);
    assert_int_equal(open_of(&r, sign_head(1, 6, head), text(""), 0), E_VERIFY);
    assert_int_equal(open_of(&r, sign_head(2, 5, head), text(""), 0), E_VERIFY);
    assert_int_equal(open_of(&r, text("no head"), text(""), 0), E_VERIFY);
    header.device.b[0] ^= 1;
    (void)sign_head(1, 5, head);
    header.device = device;
    assert_int_equal(open_of(&r, (struct slice){head, sizeof head}, text(""), 0), E_VERIFY);
}

/* Goal: what is no courier file, one of another version and a source that fails are told apart, in words. */
static void other_files_are_told_apart(void **state)
{
    static const uint8_t other[] = "satchel courier 2\nand so on, as it may please the makers of that version";
    static const uint8_t archive[] = "satchel archive 1\nand so on, as it may please whoever wrote the archive at hand";
    struct bytes b = {other, sizeof other};
    struct courier_reader r;
    struct error e;
    (void)state;
    assert_int_equal(courier_walk(&r, (struct courier_source){read_bytes, &b}, &e), E_INPUT);
    assert_non_null(strstr(e.text, "version"));
    b = (struct bytes){archive, sizeof archive};
    assert_int_equal(courier_walk(&r, (struct courier_source){read_bytes, &b}, &e), E_INPUT);
    assert_non_null(strstr(e.text, "not a courier file"));
    b = (struct bytes){file, COURIER_HEADER_BYTES - 1};
    assert_int_equal(courier_walk(&r, (struct courier_source){read_bytes, &b}, &e), E_INPUT);
    assert_non_null(strstr(e.text, "cut short"));
    assert_int_equal(courier_walk(&r, (struct courier_source){broken, NULL}, &e), E_IO);
    b = (struct bytes){file, file_bytes};
    assert_int_equal(courier_start(&r, (struct courier_source){read_bytes, &b}, &e), 0);
    r.source.read = broken;
    assert_int_equal(courier_next(&r, &(struct courier_item){0}, &e), -1);
    assert_int_equal(e.code, E_IO);
    courier_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back),
        cmocka_unit_test(only_the_office_opens),
        cmocka_unit_test(torn_anywhere),
        cmocka_unit_test(flipped_anywhere),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(the_largest_push_fits),
        cmocka_unit_test(what_is_sealed_is_checked),
        cmocka_unit_test(other_files_are_told_apart),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
