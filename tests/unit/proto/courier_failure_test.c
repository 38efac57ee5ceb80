/* Tests: proto/courier.c
 * What is carried, over the wire or in a file, when there is no memory: batches, messages, courier items, tickets.
 */
#include "failure_fixture.h"

#include "courier.h"
#include "message.h"

#define CHANGES 40

static uint8_t sign_secret[64], seal_secret[32], body[3000];
static struct courier_header header;

struct parcel {
    struct slice item; /* of a courier file */
};

static void *parcel_new(void)
{
    struct parcel *p = calloc(1, sizeof *p);
    assert_non_null(p);
    return p;
}

static struct slice some(const char *text)
{
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

/* --- there --- */

static int pack_batch(struct slice *out, struct error *e)
{
    struct batch_writer w;
    int code;
    batch_start(&w);
    for (size_t i = 0; i < CHANGES; i++)
        batch_add_change(&w, some("a header"), (struct slice){body, sizeof body});
    code = batch_finish(&w, out, e);
    batch_free(&w);
    assert_int_equal(code == 0, out->p != NULL);
    return code;
}

static int seal(struct parcel *p, struct slice batch, struct error *e)
{
    struct courier_item numbers = {.epoch = 1, .first_seq = 1, .last_seq = CHANGES, .typed = 1};
    struct chain_head head = {.end = {.device = header.device, .epoch = 1, .seq = CHANGES, .hash = {1}}};
    uint8_t bytes[CHAIN_HEAD_MAX];
    size_t size;
    chain_sign(&head, sign_secret, bytes, &size);
    return courier_seal(&header, &numbers, (struct slice){bytes, size}, batch, &p->item, e);
}

/* --- and back --- */

static int read_record(void *arg, uint8_t *out, size_t size, size_t *got, struct error *e)
{
    struct slice *left = arg;
    (void)e;
    *got = size < left->size ? size : left->size;
    memcpy(out, left->p, *got);
    *left = (struct slice){left->p + *got, left->size - *got};
    return 0;
}

static int unpack_batch(struct slice deflated, struct error *e)
{
    struct batch_reader r;
    struct batch_item item;
    size_t count = 0;
    int more = 1, code = batch_open(&r, deflated, 0, e);
    while (code == 0 && (more = batch_next(&r, &item, e)) == 1) {
        assert_int_equal(item.body.size, sizeof body);
        count++;
    }
    assert_true(code != 0 || (more == 0 && count == CHANGES));
    batch_close(&r);
    return code;
}

static int open_record(const struct parcel *p, struct error *e)
{
    uint8_t first[COURIER_HEADER_BYTES];
    struct slice start = {first, sizeof first}, left = p->item;
    struct courier_item item;
    struct courier_opened opened;
    struct courier_reader r;
    int more, code;
    courier_header_write(&header, first);
    if ((code = courier_start(&r, (struct courier_source){read_record, &start}, e)) != 0)
        return code;
    r.source.arg = &left;
    if ((more = courier_next(&r, &item, e)) == 1) {
        if ((code = courier_open(&header, &item, seal_secret, &opened, e)) == 0)
            code = unpack_batch(opened.batch, e);
        courier_wipe(&opened);
    } else {
        assert_int_equal(more, -1); /* not an end, which would look like a file that is whole */
        code = E_MEMORY;
    }
    courier_close(&r);
    return code;
}

static int there_and_back(void *world, struct error *e)
{
    struct parcel *p = world;
    struct slice batch = {NULL, 0};
    int code = pack_batch(&batch, e);
    if (code == 0)
        code = seal(p, batch, e);
    if (code == 0)
        code = open_record(p, e);
    free((void *)batch.p);
    free((void *)p->item.p);
    return code;
}

static void what_is_carried_is_whole_or_fails(void **state)
{
    /* Goal: a batch, and the courier item that holds it, are made and opened whole, or the caller is told that there
     * is no memory: never a shorter batch, never a file that seems to end. */
    const struct failing f = {parcel_new, there_and_back, NULL, free};
    (void)state;
    assert_true(failure_each(&f) >= 6);
}

/* --- messages --- */

static int write_message(void *world, struct error *e)
{
    struct message m = {.type = MESSAGE_PUSH};
    struct pack out;
    int code;
    (void)world;
    m.as.push.head = some("a head");
    m.as.push.batch = (struct slice){body, sizeof body};
    code = message_write(&m, &out, e);
    assert_true(code != 0 || pack_bytes(&out).size > sizeof body);
    pack_free(&out);
    return code;
}

static void a_message_is_whole_or_not_written(void **state)
{
    /* Goal: a message that could not be written whole is not to be sent. */
    const struct failing f = {parcel_new, write_message, NULL, free};
    (void)state;
    assert_true(failure_each(&f) >= 1);
}

static int set_up(void **state)
{
    uint8_t public_key[32];
    (void)state;
    if (sodium_init() < 0)
        return -1;
    crypto_sign_keypair(public_key, sign_secret);
    header.device = id_of_device(public_key);
    crypto_box_keypair(header.seal_key, seal_secret);
    randombytes_buf(body, sizeof body);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_carried_is_whole_or_fails),
        cmocka_unit_test(a_message_is_whole_or_not_written),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
