/* Tests: common/chain/chain.c
 * A chain is followed without a gap, and a signed head is opened only as it was signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "chain.h"

static uint8_t public_key[32], secret_key[64];

/* A chain's change as chain_follow sees it: its body does not matter. */
static void make_change(struct change *c, const struct chain *end, uint64_t seq, uint8_t mark)
{
    memset(c, 0, sizeof *c);
    c->device = end->device;
    c->epoch = end->epoch;
    c->seq = seq;
    memcpy(c->previous, end->hash, sizeof c->previous);
    memset(c->hash, mark, sizeof c->hash);
}

static struct chain_head some_head(void)
{
    struct chain_head head = {{id_of_device(public_key), 3, 70000, {0}}, 123456789, {{0}}};
    memset(head.end.hash, 0xaa, sizeof head.end.hash);
    memset(head.checkpoint_root.b, 0xbb, sizeof head.checkpoint_root.b);
    return head;
}

static struct slice bytes_of(const uint8_t *p, size_t size)
{
    return (struct slice){p, size};
}

/* Goal: a chain moves on by its next change, and by nothing else; if it refuses, it stays as it was. */
static void test_follow(void **state)
{
    struct chain chain = {id_of_device(public_key), 2, 0, {0}}, before;
    struct change c;
    struct error e;
    char device[ID_TEXT];
    (void)state;
    id_format(&chain.device, device);
    for (uint8_t seq = 1; seq <= 5; seq++) {
        before = chain;
        /* 1. A gap, a repetition, and the two ends of the numbers. */
        for (int wrong = 0; wrong < 4; wrong++) {
            static const uint64_t ends[] = {0, UINT64_MAX};
            make_change(&c, &chain, wrong < 2 ? ends[wrong] : wrong == 2 ? seq + 1u : seq - 1u, seq);
            assert_int_equal(chain_follow(&chain, &c, &e), E_VERIFY);
            assert_non_null(strstr(e.text, device));
            assert_non_null(strstr(e.text, c.seq > chain.seq ? "missing" : "past it already"));
        }
        /* 2. Another device, another epoch either way. */
        make_change(&c, &chain, seq, seq);
        c.device.b[0] ^= 1;
        assert_int_equal(chain_follow(&chain, &c, &e), E_VERIFY);
        make_change(&c, &chain, seq, seq);
        c.epoch++;
        assert_int_equal(chain_follow(&chain, &c, &e), E_VERIFY);
        c.epoch -= 2;
        assert_int_equal(chain_follow(&chain, &c, &e), E_VERIFY);
        assert_non_null(strstr(e.text, "epoch 1"));
        /* 3. Another change before it: any bit of the hash. */
        for (size_t bit = 0; bit < 8 * sizeof c.previous; bit++) {
            make_change(&c, &chain, seq, seq);
            c.previous[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(chain_follow(&chain, &c, &e), E_VERIFY);
        }
        assert_memory_equal(&chain, &before, sizeof chain);
        /* 4. The next one. */
        make_change(&c, &chain, seq, seq);
        assert_int_equal(chain_follow(&chain, &c, &e), 0);
        assert_int_equal(chain.seq, seq);
        assert_memory_equal(chain.hash, c.hash, sizeof chain.hash);
    }
}

/* Goal: what was signed is read again, by the one who checks and by the one who only looks; also at the ends of the
 * numbers, within CHAIN_HEAD_MAX bytes. */
static void test_sign_and_open(void **state)
{
    static const uint64_t numbers[] = {1, 127, 128, 65536, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct chain_head head = some_head(), opened, peeked;
        uint8_t out[CHAIN_HEAD_MAX];
        size_t bytes = 0;
        struct error e;
        head.end.epoch = head.end.seq = head.checkpoint_size = numbers[i];
        chain_sign(&head, secret_key, out, &bytes);
        assert_true(bytes > 64 && bytes <= CHAIN_HEAD_MAX);
        assert_int_equal(chain_open(bytes_of(out, bytes), public_key, &opened, &e), 0);
        assert_int_equal(chain_peek(bytes_of(out, bytes), &peeked, &e), 0);
        assert_memory_equal(&opened, &head, sizeof head);
        assert_memory_equal(&peeked, &head, sizeof head);
    }
}

/* Goal: the head of a chain that has nothing yet can be signed, but not with a hash. */
static void test_empty_chain(void **state)
{
    struct chain_head head = some_head(), opened;
    uint8_t out[CHAIN_HEAD_MAX];
    size_t bytes;
    struct error e;
    (void)state;
    head.end.seq = 0;
    chain_sign(&head, secret_key, out, &bytes);
    assert_int_equal(chain_open(bytes_of(out, bytes), public_key, &opened, &e), E_INPUT);
    memset(head.end.hash, 0, sizeof head.end.hash);
    chain_sign(&head, secret_key, out, &bytes);
    assert_int_equal(chain_open(bytes_of(out, bytes), public_key, &opened, &e), 0);
    assert_int_equal(opened.end.seq, 0);
}

/* Goal: the bytes are those of the format, made here a second time with msgpack's own packer, and the signature is over
 * "satchel head 1", a NUL and them. */
static void test_format(void **state)
{
    struct chain_head head = some_head();
    uint8_t out[CHAIN_HEAD_MAX], text[15 + CHAIN_HEAD_MAX];
    size_t bytes;
    struct pack w;
    (void)state;
    chain_sign(&head, secret_key, out, &bytes);
    pack_start(&w);
    pack_array(&w, 7);
    pack_uint(&w, 1);
    pack_id(&w, &head.end.device);
    pack_uint(&w, 3);
    pack_uint(&w, 70000);
    pack_bin(&w, head.end.hash, 32);
    pack_uint(&w, 123456789);
    pack_bin(&w, head.checkpoint_root.b, 32);
    assert_int_equal(pack_finish(&w, NULL), 0);
    assert_int_equal(bytes, pack_bytes(&w).size + 64);
    assert_memory_equal(out, pack_bytes(&w).p, pack_bytes(&w).size);
    memcpy(text, "satchel head 1", 15);
    memcpy(text + 15, out, bytes - 64);
    assert_int_equal(crypto_sign_verify_detached(out + bytes - 64, text, 15 + bytes - 64, public_key), 0);
    pack_free(&w);
}

/* Goal: a head with any bit changed, cut short anywhere or longer by a byte is refused, and nothing is handed out. */
static void test_damage(void **state)
{
    static const struct chain_head none;
    struct chain_head head = some_head(), opened;
    uint8_t out[CHAIN_HEAD_MAX + 1] = {0};
    size_t bytes;
    struct error e;
    (void)state;
    chain_sign(&head, secret_key, out, &bytes);
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        int code;
        out[bit / 8] ^= (uint8_t)(1u << bit % 8);
        opened = head;
        code = chain_open(bytes_of(out, bytes), public_key, &opened, &e);
        assert_true(code == E_INPUT || code == E_VERIFY);
        assert_memory_equal(&opened, &none, sizeof none);
        out[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < bytes; size++)
        assert_int_not_equal(chain_open(bytes_of(out, size), public_key, &opened, &e), 0);
    assert_int_not_equal(chain_open(bytes_of(out, bytes + 1), public_key, &opened, &e), 0);
    assert_int_equal(chain_open(bytes_of(out, bytes), public_key, &opened, &e), 0);
}

/* Goal: another device's key opens nothing, and a head that names another device than its key's is refused although its
 * signature is right. */
static void test_keys(void **state)
{
    struct chain_head head = some_head(), opened;
    uint8_t out[CHAIN_HEAD_MAX], other_public[32], other_secret[64];
    size_t bytes;
    struct error e;
    (void)state;
    crypto_sign_keypair(other_public, other_secret);
    chain_sign(&head, secret_key, out, &bytes);
    assert_int_equal(chain_open(bytes_of(out, bytes), other_public, &opened, &e), E_VERIFY);
    chain_sign(&head, other_secret, out, &bytes);
    assert_int_equal(chain_open(bytes_of(out, bytes), public_key, &opened, &e), E_VERIFY);
    assert_int_equal(chain_open(bytes_of(out, bytes), other_public, &opened, &e), E_VERIFY);
}

/* Goal: what is well signed and yet not of the format is refused: version, counts, numbers, canonical form, size. */
static void test_format_refusals(void **state)
{
    uint8_t out[400], text[400] = {0};
    struct id device = id_of_device(public_key);
    (void)state;
    for (int wrong = 0; wrong <= 9; wrong++) {
        struct chain_head opened;
        unsigned long long signature = 0;
        struct error e;
        struct pack w;
        size_t size;
        pack_start(&w);
        pack_array(&w, wrong == 1 ? 8 : 7);
        pack_uint(&w, wrong == 2 ? 2 : 1);
        pack_id(&w, &device);
        pack_uint(&w, wrong == 3 ? 0 : wrong == 4 ? (uint64_t)INT64_MAX + 1 : 1);
        pack_uint(&w, wrong == 5 ? UINT64_MAX : 1);
        pack_bin(&w, text, wrong == 6 ? 31 : 32);
        pack_uint(&w, wrong == 7 ? UINT64_MAX : 1);
        pack_bin(&w, text, wrong == 8 ? 33 : 32);
        if (wrong == 1)
            pack_nil(&w);
        if (wrong == 9)
            pack_bin(&w, text, 200);
        size = pack_bytes(&w).size;
        memcpy(text, "satchel head 1", 15);
        memcpy(text + 15, pack_bytes(&w).p, size);
        memcpy(out, pack_bytes(&w).p, size);
        crypto_sign_detached(out + size, &signature, text, 15 + size, secret_key);
        assert_int_equal(chain_open(bytes_of(out, size + 64), public_key, &opened, &e), wrong == 0 ? 0 : E_INPUT);
        assert_int_equal(chain_peek(bytes_of(out, size + 64), &opened, &e), wrong == 0 ? 0 : E_INPUT);
        pack_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow),          cmocka_unit_test(test_sign_and_open),
        cmocka_unit_test(test_empty_chain),     cmocka_unit_test(test_format),
        cmocka_unit_test(test_damage),          cmocka_unit_test(test_keys),
        cmocka_unit_test(test_format_refusals),
    };
    if (sodium_init() < 0)
        return 1;
    crypto_sign_keypair(public_key, secret_key);
    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
