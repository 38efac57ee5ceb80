/* link.c: two links that talk through every way of cutting a stream, and a peer of our own making (raw_*, which knows
 * the bytes from docs/PROTOCOL.md and not from link.c) that lies. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "error.h"
#include "limits.h"
#include "link.h"
#include "noise.h"

#define OPENING_SYNC 58 /* preface 8, length 2, key 32, tag 16 */
#define ANSWER 50       /* length 2, key 32, tag 16 */
#define THIRD 66        /* length 2, key 32, tag 16, tag 16 */
#define TICKET 16
#define HEARD_MAX 16

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static uint8_t field_secret[32], field_public[32], office_secret[32], office_public[32], ticket[TICKET],
    ticket_secret[32];

/* --- two links and a wire --- */

/* What a side has heard so far. */
struct heard {
    int ready, ended, count;
    size_t sizes[HEARD_MAX];
    uint8_t hashes[HEARD_MAX][16];
    uint8_t peer[32];
};

struct talk {
    struct link *field, *office;
    struct heard at_field, at_office;
    const uint8_t *secret; /* what the office knows of the ticket */
};

static struct link *field_new(enum link_mode mode)
{
    struct link *l = link_new_initiator(mode, field_secret, office_public, mode == LINK_ENROL ? ticket : NULL,
                                        mode == LINK_ENROL ? ticket_secret : NULL);
    assert_non_null(l);
    return l;
}

static struct link *office_new(void)
{
    struct link *l = link_new_responder(office_secret);
    assert_non_null(l);
    return l;
}

static void talk_start(struct talk *t, enum link_mode mode)
{
    memset(t, 0, sizeof *t);
    t->field = field_new(mode);
    t->office = office_new();
    t->secret = ticket_secret;
}

static void talk_stop(struct talk *t)
{
    link_free(t->field);
    link_free(t->office);
}

/* Asks for events until there is none. */
static int listen_to(struct talk *t, struct link *l, struct error *e)
{
    struct heard *h = l == t->field ? &t->at_field : &t->at_office;
    for (;;) {
        struct link_event event;
        int code = link_next(l, &event, e);
        if (code != 0)
            return code;
        switch (event.type) {
        case LINK_NOTHING:
            assert_null(event.bytes);
            return 0;
        case LINK_TICKET:
            assert_int_equal(event.size, TICKET);
            assert_memory_equal(event.bytes, ticket, TICKET);
            assert_int_equal(link_mode_of(l), LINK_ENROL);
            assert_int_equal(link_secret(l, t->secret, e), 0);
            break;
        case LINK_READY:
            assert_int_equal(event.size, 32);
            assert_true(link_is_ready(l) && !h->ready);
            memcpy(h->peer, event.bytes, 32);
            h->ready = 1;
            break;
        case LINK_MESSAGE:
            assert_true(h->ready && !h->ended && h->count < HEARD_MAX);
            h->sizes[h->count] = event.size;
            assert_int_equal(crypto_generichash(h->hashes[h->count], 16, event.bytes, event.size, NULL, 0), 0);
            h->count++;
            break;
        case LINK_END:
            assert_true(h->ready && !h->ended && link_has_ended(l));
            h->ended = 1;
            break;
        }
    }
}

/* Gives the first `size` bytes that wait on one side to the other, in parts of at most `part` bytes (0: each of a
 * random size up to 1000), and lets it speak after each. */
static int carry(struct talk *t, struct link *from, struct link *to, size_t size, size_t part, struct error *e)
{
    while (size > 0) {
        size_t waiting, step = part != 0 ? part : 1 + randombytes_uniform(1000);
        const uint8_t *bytes = link_output(from, &waiting);
        uint8_t *copy;
        int code;
        assert_true(waiting >= size);
        step = step < size ? step : size;
        copy = malloc(step); /* of exactly that size, so that reading beyond it is seen */
        assert_non_null(copy);
        memcpy(copy, bytes, step);
        link_sent(from, step);
        code = link_receive(to, copy, step, e);
        free(copy);
        if (code == 0)
            code = listen_to(t, to, e);
        if (code != 0)
            return code;
        size -= step;
    }
    return 0;
}

static size_t waiting_at(const struct link *l)
{
    size_t size;
    (void)link_output(l, &size);
    return size;
}

/* Carries everything both ways until nothing waits. */
static int carry_all(struct talk *t, size_t part, struct error *e)
{
    int code = 0;
    while (code == 0 && (waiting_at(t->field) > 0 || waiting_at(t->office) > 0)) {
        code = carry(t, t->field, t->office, waiting_at(t->field), part, e);
        if (code == 0)
            code = carry(t, t->office, t->field, waiting_at(t->office), part, e);
    }
    if (code == 0)
        code = listen_to(t, t->field, e);
    return code;
}

/* A message whose bytes follow from its size. */
static uint8_t *message_new(size_t size)
{
    static const uint8_t seed[randombytes_SEEDBYTES] = {7};
    uint8_t *p = malloc(size + 1);
    assert_non_null(p);
    randombytes_buf_deterministic(p, size, seed);
    return p;
}

static void say(struct link *l, size_t size)
{
    uint8_t *p = message_new(size);
    assert_int_equal(link_send(l, p, size, NULL), 0);
    free(p);
}

static void assert_heard(const struct heard *h, int index, size_t size)
{
    uint8_t *p = message_new(size), hash[16];
    assert_true(index < h->count);
    assert_int_equal(h->sizes[index], size);
    assert_int_equal(crypto_generichash(hash, 16, p, size, NULL, 0), 0);
    assert_memory_equal(h->hashes[index], hash, 16);
    free(p);
}

/* Every later call repeats the error, and nothing is to be written. */
static void assert_dead(struct link *l, int code, const char *words)
{
    struct link_event event;
    struct error e;
    uint8_t byte = 0;
    assert_int_equal(link_next(l, &event, &e), code);
    assert_int_equal(event.type, LINK_NOTHING);
    assert_int_equal(e.code, code);
    if (strstr(e.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
    assert_int_equal(link_next(l, &event, NULL), code);
    assert_int_equal(link_receive(l, &byte, 1, NULL), code);
    assert_int_equal(link_send(l, &byte, 1, NULL), code);
    assert_int_equal(link_end(l, NULL), code);
    assert_int_equal(link_secret(l, ticket_secret, NULL), code);
    assert_false(link_is_ready(l));
    assert_int_equal(waiting_at(l), 0);
    link_sent(l, 5); /* of what was on its way when the link died */
}

/* --- a peer of our own making --- */

struct raw {
    struct noise noise;
    uint8_t bytes[OPENING_SYNC + TICKET];
    size_t size;
};

/* The opening of an initiator, as docs/PROTOCOL.md has it. */
static void raw_start(struct raw *r, char mode, const char *version)
{
    char prologue[64];
    size_t size, prologue_bytes = (size_t)snprintf(prologue, sizeof prologue, "SATCHEL%c%s", mode, version);
    noise_start(&r->noise, mode == 'e' ? NOISE_XKPSK3 : NOISE_XK, NOISE_INITIATOR, (const uint8_t *)prologue,
                prologue_bytes, field_secret, office_public, NULL);
    memcpy(r->bytes, prologue, 8);
    assert_int_equal(
        noise_write(&r->noise, ticket, mode == 'e' ? TICKET : 0, r->bytes + 10, sizeof r->bytes - 10, &size, NULL), 0);
    r->bytes[8] = 0;
    r->bytes[9] = (uint8_t)size;
    r->size = 10 + size;
}

/* Seals one payload as one transport message and gives it to the link. */
static void raw_send(struct raw *r, struct link *l, const uint8_t *payload, size_t size)
{
    uint8_t *bytes = malloc(size + 18);
    assert_non_null(bytes);
    assert_int_equal(noise_seal(&r->noise, payload, size, bytes + 2, NULL), 0);
    bytes[0] = (uint8_t)((size + 16) >> 8);
    bytes[1] = (uint8_t)(size + 16);
    assert_int_equal(link_receive(l, bytes, size + 18, NULL), 0);
    free(bytes);
}

/* An office's link whose handshake with the raw peer is done. */
static struct link *raw_connect(struct raw *r)
{
    struct link *l = office_new();
    struct link_event event;
    uint8_t payload[16], third[THIRD] = {0, THIRD - 2};
    size_t size;
    const uint8_t *answer;
    raw_start(r, 's', "satchel/1");
    assert_int_equal(r->size, OPENING_SYNC);
    assert_int_equal(link_receive(l, r->bytes, r->size, NULL), 0);
    answer = link_output(l, &size);
    assert_int_equal(size, ANSWER);
    assert_true(answer[0] == 0 && answer[1] == ANSWER - 2);
    assert_int_equal(noise_read(&r->noise, answer + 2, size - 2, payload, sizeof payload, &size, NULL), 0);
    assert_int_equal(size, 0);
    link_sent(l, ANSWER);
    assert_int_equal(noise_write(&r->noise, NULL, 0, third + 2, sizeof third - 2, &size, NULL), 0);
    assert_int_equal(link_receive(l, third, sizeof third, NULL), 0);
    assert_int_equal(link_next(l, &event, NULL), 0);
    assert_int_equal(event.type, LINK_READY);
    return l;
}

/* --- the handshake --- */

/* Goal: a sync's handshake has the bytes that the protocol says, and each side learns the other's key. */
static void test_sync(void **state)
{
    struct talk t;
    size_t size;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(waiting_at(t.field), OPENING_SYNC);
    assert_memory_equal(link_output(t.field, &size), "SATCHELs\0\x30", 10);
    assert_int_equal(carry(&t, t.field, t.office, OPENING_SYNC, 1000, NULL), 0);
    assert_int_equal(waiting_at(t.office), ANSWER);
    assert_false(link_is_ready(t.office) || link_is_ready(t.field));
    assert_int_equal(carry(&t, t.office, t.field, ANSWER, 1000, NULL), 0);
    assert_true(link_is_ready(t.field) && t.at_field.ready && !link_is_ready(t.office));
    assert_int_equal(waiting_at(t.field), THIRD);
    assert_int_equal(carry(&t, t.field, t.office, THIRD, 1000, NULL), 0);
    assert_true(link_is_ready(t.office) && t.at_office.ready);
    assert_memory_equal(t.at_field.peer, office_public, 32);
    assert_memory_equal(t.at_office.peer, field_public, 32);
    assert_int_equal(link_mode_of(t.office), LINK_SYNC);
    assert_int_equal(waiting_at(t.office) + waiting_at(t.field), 0);
    talk_stop(&t);
}

/* Goal: an enrolment names its ticket, is not answered until the office gave the secret, and then is ready. */
static void test_enrol(void **state)
{
    struct talk t;
    struct link_event event;
    const uint8_t *bytes;
    size_t size;
    (void)state;
    talk_start(&t, LINK_ENROL);
    bytes = link_output(t.field, &size);
    assert_int_equal(size, OPENING_SYNC + TICKET);
    assert_memory_equal(bytes, "SATCHELe\0\x40", 10);
    assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
    link_sent(t.field, size);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(event.type, LINK_TICKET);
    assert_int_equal(event.size, TICKET);
    assert_memory_equal(event.bytes, ticket, TICKET);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(event.type, LINK_NOTHING);
    assert_int_equal(waiting_at(t.office), 0);
    assert_int_equal(link_secret(t.office, ticket_secret, NULL), 0);
    assert_int_equal(link_secret(t.office, ticket_secret, NULL), E_INTERNAL);
    assert_int_equal(waiting_at(t.office), ANSWER);
    assert_int_equal(carry_all(&t, 1000, NULL), 0);
    assert_true(t.at_office.ready && t.at_field.ready);
    assert_memory_equal(t.at_office.peer, field_public, 32);
    assert_int_equal(link_mode_of(t.office), LINK_ENROL);
    talk_stop(&t);
}

/* Goal: who names a ticket without its secret learns nothing from the answer and is refused at the third message. */
static void test_wrong_secret(void **state)
{
    struct talk t;
    uint8_t other[32];
    (void)state;
    memcpy(other, ticket_secret, 32);
    other[31] ^= 1;
    talk_start(&t, LINK_ENROL);
    t.secret = other;
    assert_int_equal(carry_all(&t, 1000, NULL), E_PEER);
    assert_true(t.at_field.ready && !t.at_office.ready);
    assert_dead(t.office, E_PEER, "ticket");
    talk_stop(&t);
}

/* Goal: an office with another key does not answer, nor does one that speaks another version; and a laptop knows an
 * impostor, says so, and has sent him nothing but an ephemeral key. */
static void test_wrong_office(void **state)
{
    static const enum link_mode modes[] = {LINK_SYNC, LINK_ENROL};
    uint8_t other[32], answer[ANSWER] = {0, ANSWER - 2};
    struct raw raw;
    (void)state;
    randombytes_buf(other, sizeof other);
    for (size_t i = 0; i < 2; i++) {
        struct talk t;
        talk_start(&t, modes[i]);
        link_free(t.office);
        t.office = link_new_responder(other);
        assert_int_equal(carry(&t, t.field, t.office, waiting_at(t.field), 1000, NULL), E_PEER);
        assert_dead(t.office, E_PEER, "not for this office's key");
        randombytes_buf(answer + 2, sizeof answer - 2);
        assert_int_equal(link_receive(t.field, answer, sizeof answer, NULL), 0);
        assert_dead(t.field, E_PEER,
                    modes[i] == LINK_SYNC ? "does not hold the office's key that this laptop was enrolled with"
                                          : "does not hold the office's key that the ticket names");
        talk_stop(&t);
    }
    for (size_t i = 0; i < 2; i++) {
        struct link *l = office_new();
        raw_start(&raw, (char)modes[i], "satchel/2");
        assert_int_equal(link_receive(l, raw.bytes, raw.size, NULL), 0);
        assert_dead(l, E_PEER, "version");
        link_free(l);
    }
    /* Its own first message, sent back to it, is no answer. */
    {
        struct link *l = field_new(LINK_SYNC);
        size_t size;
        const uint8_t *bytes = link_output(l, &size);
        uint8_t copy[OPENING_SYNC];
        memcpy(copy, bytes, size);
        link_sent(l, size);
        assert_int_equal(link_receive(l, copy + 8, size - 8, NULL), 0);
        assert_dead(l, E_PEER, "does not hold the office's key");
        link_free(l);
    }
}

/* Goal: an office's key that is no key is told before anything is sent. */
static void test_bad_office_key(void **state)
{
    static const uint8_t zeros[32];
    struct link *l = link_new_initiator(LINK_SYNC, field_secret, zeros, NULL, NULL);
    (void)state;
    assert_non_null(l);
    assert_int_equal(waiting_at(l), 0);
    assert_dead(l, E_PEER, "no key");
    link_free(l);
}

/* Goal: a stream of another protocol is known by its first bytes, on both sides, and gets no answer. */
static void test_not_ours(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } streams[] = {{"GET / HTTP/1.1\r\n", 16},
                   {"\x16\x03\x01\x02\x00\x01", 6},
                   {"SATCHEx", 7},
                   {"SATCHELx", 8},
                   {"satchels", 8},
                   {"SATCHELs\0\x31", 10},
                   {"S\0\0\0\0", 5},
                   {"SATCHELs\xff\xff", 10},
                   {"SATCHELe\0\x30", 10},
                   {"SATCHELs\0\x40", 10},
                   {"x", 1}};
    struct link *l;
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        l = office_new();
        assert_int_equal(link_receive(l, (const uint8_t *)streams[i].bytes, streams[i].size, NULL), 0);
        assert_dead(l, E_PEER, "does not speak Satchel's protocol");
        link_free(l);
    }
    l = field_new(LINK_SYNC);
    assert_int_equal(link_receive(l, (const uint8_t *)"HTTP/1.1 400 Bad Request\r\n", 26, NULL), 0);
    assert_dead(l, E_PEER, "does not speak Satchel's protocol");
    link_free(l);
}

/* Goal: a bit that flips anywhere in the handshake, its lengths included, makes nobody ready who should not be. */
static void test_handshake_flipped(void **state)
{
    static const enum link_mode modes[] = {LINK_SYNC, LINK_ENROL};
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        size_t opening = OPENING_SYNC + (m == 1 ? TICKET : 0);
        for (size_t at = 0; at < opening + ANSWER + THIRD; at++) {
            struct talk t;
            struct link *from, *to;
            uint8_t bytes[128];
            size_t size, where = at;
            talk_start(&t, modes[m]);
            from = t.field;
            if (at >= opening) {
                assert_int_equal(carry(&t, t.field, t.office, opening, 1000, NULL), 0);
                from = t.office;
                where -= opening;
            }
            if (at >= opening + ANSWER) {
                assert_int_equal(carry(&t, t.office, t.field, ANSWER, 1000, NULL), 0);
                from = t.field;
                where -= ANSWER;
            }
            to = from == t.field ? t.office : t.field;
            memcpy(bytes, link_output(from, &size), waiting_at(from));
            bytes[where] ^= (uint8_t)(1u << randombytes_uniform(8));
            assert_int_equal(link_receive(to, bytes, size, NULL), 0);
            assert_int_equal(listen_to(&t, to, NULL), E_PEER);
            assert_false(link_is_ready(to));
            assert_int_equal(waiting_at(to), 0);
            talk_stop(&t);
        }
    }
}

/* Goal: a stranger costs no more than LIMITS_HANDSHAKE_PEER_MAX, whatever he sends and however he cuts it, and a peer
 * that speaks before its turn is refused. */
static void test_stranger_memory(void **state)
{
    static uint8_t flood[1 << 20];
    static const enum link_mode modes[] = {LINK_SYNC, LINK_ENROL};
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        size_t before = mallinfo2().uordblks, opening;
        struct link *office = office_new(), *field;
        struct link_event event;
        const uint8_t *bytes;
        if (!SANITIZED)
            assert_in_range(mallinfo2().uordblks - before, sizeof(struct noise), LIMITS_HANDSHAKE_PEER_MAX + 16);
        field = field_new(modes[m]);
        assert_true(link_memory(field) <= LIMITS_HANDSHAKE_PEER_MAX);
        before = mallinfo2().uordblks;
        bytes = link_output(field, &opening);
        for (size_t i = 0; i < opening; i++) {
            assert_int_equal(link_receive(office, bytes + i, 1, NULL), 0);
            assert_in_range(link_memory(office), sizeof(struct noise), LIMITS_HANDSHAKE_PEER_MAX);
        }
        assert_int_equal(link_next(office, &event, NULL), 0);
        if (!SANITIZED) /* what came beside the link itself */
            assert_true(mallinfo2().uordblks - before <= 128);
        if (modes[m] == LINK_ENROL) {
            assert_int_equal(event.type, LINK_TICKET);
            assert_int_equal(link_receive(office, flood, 1, NULL), E_LIMIT);
            assert_dead(office, E_LIMIT, "before it was answered");
        } else {
            flood[1] = THIRD - 2; /* as if it were a third message */
            assert_int_equal(link_receive(office, flood, sizeof flood, NULL), 0);
            assert_true(link_memory(office) <= LIMITS_HANDSHAKE_PEER_MAX);
            assert_dead(office, E_PEER, "");
        }
        link_free(office);
        link_free(field);
    }
    {
        struct link *office = office_new();
        assert_int_equal(link_receive(office, flood, sizeof flood, NULL), 0);
        assert_true(link_memory(office) <= LIMITS_HANDSHAKE_PEER_MAX);
        assert_dead(office, E_PEER, "does not speak");
        link_free(office);
    }
}

/* --- messages --- */

/* Goal: a conversation is the same however the stream is cut. */
static void test_parts(void **state)
{
    static const enum link_mode modes[] = {LINK_SYNC, LINK_ENROL};
    (void)state;
    for (size_t part = 0; part < 150; part++) {
        struct talk t;
        talk_start(&t, modes[part % 2]);
        assert_int_equal(carry_all(&t, part, NULL), 0);
        for (size_t i = 0; i < 3; i++)
            say(t.field, i * 50);
        say(t.office, 100);
        assert_int_equal(carry_all(&t, part, NULL), 0);
        say(t.office, 200);
        assert_int_equal(link_end(t.field, NULL), 0);
        assert_int_equal(carry_all(&t, part, NULL), 0);
        assert_true(t.at_office.ended && !t.at_field.ended);
        say(t.office, 300); /* the other direction stays open */
        assert_int_equal(link_end(t.office, NULL), 0);
        assert_int_equal(carry_all(&t, part, NULL), 0);
        assert_true(t.at_field.ended && link_has_ended(t.field));
        assert_int_equal(t.at_office.count, 3);
        assert_int_equal(t.at_field.count, 3);
        for (int i = 0; i < 3; i++) {
            assert_heard(&t.at_office, i, (size_t)i * 50);
            assert_heard(&t.at_field, i, (size_t)(i + 1) * 100);
        }
        talk_stop(&t);
    }
}

/* Goal: the third message and what follows it may come in one read, cut at every byte; and a stream that stops at any
 * byte gives whole messages only, and no end. */
static void test_every_split(void **state)
{
    size_t total = THIRD + 2 + 16 + 5 + 10 + 2 + 16 + 5 + 20 + 2 + 16 + 5;
    (void)state;
    for (size_t at = 0; at <= total; at++) {
        struct talk t;
        talk_start(&t, LINK_SYNC);
        assert_int_equal(carry(&t, t.field, t.office, OPENING_SYNC, 1000, NULL), 0);
        assert_int_equal(carry(&t, t.office, t.field, ANSWER, 1000, NULL), 0);
        say(t.field, 10);
        say(t.field, 20);
        assert_int_equal(link_end(t.field, NULL), 0);
        assert_int_equal(waiting_at(t.field), total);
        assert_int_equal(carry(&t, t.field, t.office, at, 1000, NULL), 0);
        assert_int_equal(t.at_office.ready, at >= THIRD);
        assert_int_equal(t.at_office.count, (at >= THIRD + 33) + (at >= THIRD + 76));
        assert_int_equal(t.at_office.ended, at == total);
        assert_int_equal(link_has_ended(t.office), at == total);
        assert_int_equal(carry(&t, t.field, t.office, total - at, 1000, NULL), 0);
        assert_heard(&t.at_office, 0, 10);
        assert_heard(&t.at_office, 1, 20);
        assert_true(t.at_office.ended);
        talk_stop(&t);
    }
}

/* Goal: sizes around the edges of a Noise message and of the largest message pass both ways and are given back whole;
 * the memory for them is let go of afterwards. */
static void test_large(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   LIMITS_NOISE_PAYLOAD_MAX - 6,
                                   LIMITS_NOISE_PAYLOAD_MAX - 5,
                                   LIMITS_NOISE_PAYLOAD_MAX - 4,
                                   2 * LIMITS_NOISE_PAYLOAD_MAX - 5,
                                   2 * LIMITS_NOISE_PAYLOAD_MAX - 4,
                                   LIMITS_MESSAGE_MAX - 1,
                                   LIMITS_MESSAGE_MAX};
    static const size_t parts[] = {65536, 0, 4096, LIMITS_RECEIVE_MAX};
    (void)state;
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        struct talk t;
        size_t idle;
        talk_start(&t, LINK_SYNC);
        assert_int_equal(carry_all(&t, parts[p], NULL), 0);
        idle = link_memory(t.office);
        assert_true(idle <= LIMITS_HANDSHAKE_PEER_MAX);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            say(t.field, sizes[i]);
            say(t.office, sizes[i]);
            assert_int_equal(carry_all(&t, parts[p], NULL), 0);
            assert_heard(&t.at_office, (int)i, sizes[i]);
            assert_heard(&t.at_field, (int)i, sizes[i]);
            assert_int_equal(link_memory(t.office), idle);
            assert_int_equal(link_memory(t.field), idle);
        }
        talk_stop(&t);
    }
}

/* Goal: one byte at a time works for a large message as well. */
static void test_large_bytewise(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(carry_all(&t, 1, NULL), 0);
    say(t.field, 200000);
    say(t.office, 3);
    assert_int_equal(carry_all(&t, 1, NULL), 0);
    assert_heard(&t.at_office, 0, 200000);
    assert_heard(&t.at_field, 0, 3);
    talk_stop(&t);
}

/* Goal: what is over a limit is refused where it is said, nothing is queued, and the link lives on. */
static void test_send_limits(void **state)
{
    struct talk t;
    struct error e;
    uint8_t *large = message_new(LIMITS_MESSAGE_MAX + 1);
    size_t waiting = 0;
    int sent = 0;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(link_send(t.field, large, 1, &e), E_INTERNAL);
    assert_int_equal(link_end(t.field, &e), E_INTERNAL);
    assert_int_equal(carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_send(t.field, large, LIMITS_MESSAGE_MAX + 1, &e), E_LIMIT);
    assert_int_equal(link_send(t.field, NULL, SIZE_MAX, &e), E_LIMIT);
    assert_int_equal(waiting_at(t.field), 0);
    while (link_send(t.field, large, LIMITS_MESSAGE_MAX, &e) == 0) {
        sent++;
        assert_true(waiting_at(t.field) > waiting && waiting_at(t.field) <= LIMITS_OUTPUT_MAX);
        waiting = waiting_at(t.field);
    }
    assert_int_equal(e.code, E_LIMIT);
    assert_int_equal(sent, 3); /* the fourth is over it by what the records cost */
    assert_int_equal(waiting_at(t.field), waiting);
    assert_true(link_memory(t.field) <= LIMITS_OUTPUT_MAX + LIMITS_HANDSHAKE_PEER_MAX);
    assert_int_equal(carry_all(&t, 65536, NULL), 0);
    say(t.field, 7);
    assert_int_equal(link_end(t.field, NULL), 0);
    assert_int_equal(link_send(t.field, large, 1, &e), E_INTERNAL);
    assert_int_equal(link_end(t.field, &e), E_INTERNAL);
    assert_int_equal(carry_all(&t, 65536, NULL), 0);
    assert_int_equal(t.at_office.count, sent + 1);
    assert_heard(&t.at_office, 0, LIMITS_MESSAGE_MAX);
    assert_heard(&t.at_office, sent, 7);
    assert_true(t.at_office.ended);
    free(large);
    talk_stop(&t);
}

/* Goal: who hears and is never asked holds at most LIMITS_RECEIVE_MAX. */
static void test_receive_limit(void **state)
{
    struct talk t;
    uint8_t *bytes = calloc(1, LIMITS_RECEIVE_MAX);
    (void)state;
    assert_non_null(bytes);
    talk_start(&t, LINK_SYNC);
    assert_int_equal(carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_receive(t.office, bytes, 100, NULL), 0);
    assert_int_equal(link_receive(t.office, bytes, LIMITS_RECEIVE_MAX - 100, NULL), 0);
    assert_true(link_memory(t.office) <= LIMITS_RECEIVE_MAX + LIMITS_HANDSHAKE_PEER_MAX);
    assert_int_equal(link_receive(t.office, bytes, 1, NULL), E_LIMIT);
    assert_dead(t.office, E_LIMIT, "");
    free(bytes);
    talk_stop(&t);
}

/* Goal: what an event points to stays while the link is written to and fed. */
static void test_event_stays(void **state)
{
    struct talk t;
    struct link_event event;
    const uint8_t *bytes;
    size_t size;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_send(t.field, (const uint8_t *)"kept", 4, NULL), 0);
    assert_int_equal(link_send(t.field, (const uint8_t *)"next", 4, NULL), 0);
    bytes = link_output(t.field, &size);
    assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
    link_sent(t.field, size);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(link_send(t.office, event.bytes, event.size, NULL), 0);
    say(t.field, 100000);
    bytes = link_output(t.field, &size);
    assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
    link_sent(t.field, size);
    assert_int_equal(link_receive(t.office, (const uint8_t *)"\xff\xff", 2, NULL), 0);
    assert_memory_equal(event.bytes, "kept", 4);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_memory_equal(event.bytes, "next", 4);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(event.size, 100000);
    talk_stop(&t);
}

/* --- altered streams --- */

/* Goal: a byte that was altered anywhere in the stream never shows: what is heard is the beginning of what was said,
 * message for message, and the end is not heard. */
static void test_flipped(void **state)
{
    static const size_t sizes[] = {40, 0, 70000, 300};
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct talk t;
        uint8_t *bytes;
        size_t size, at;
        int code;
        talk_start(&t, LINK_SYNC);
        assert_int_equal(carry_all(&t, 65536, NULL), 0);
        for (size_t i = 0; i < 4; i++)
            say(t.field, sizes[i]);
        assert_int_equal(link_end(t.field, NULL), 0);
        size = waiting_at(t.field);
        bytes = malloc(size);
        assert_non_null(bytes);
        memcpy(bytes, link_output(t.field, &size), size);
        /* The first bytes one by one (lengths stand there), then anywhere, then the last. */
        at = round < 100 ? (size_t)round : randombytes_uniform((uint32_t)size);
        at = round >= 250 ? size - 1 - (size_t)(round - 250) : at;
        bytes[at] ^= (uint8_t)(1 + randombytes_uniform(255));
        assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
        code = listen_to(&t, t.office, NULL);
        assert_false(t.at_office.ended || link_has_ended(t.office));
        if (code != 0)
            assert_dead(t.office, E_PEER, "");
        else /* it waits for more, since a length has changed */
            assert_true(t.at_office.count < 4 || at >= size - 23);
        for (int i = 0; i < t.at_office.count; i++)
            assert_heard(&t.at_office, i, sizes[i]);
        free(bytes);
        talk_stop(&t);
    }
}

/* Goal: transport messages that were swapped, repeated, left out or sent back to their sender are refused. */
static void test_reordered(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct talk t;
        struct link *to;
        uint8_t first[33], second[33];
        size_t size;
        talk_start(&t, LINK_SYNC);
        assert_int_equal(carry_all(&t, 65536, NULL), 0);
        say(t.field, 10);
        say(t.field, 10);
        assert_int_equal(waiting_at(t.field), 66);
        memcpy(first, link_output(t.field, &size), 33);
        memcpy(second, link_output(t.field, &size) + 33, 33);
        link_sent(t.field, 66);
        to = what == 3 ? t.field : t.office;
        if (what == 1)
            assert_int_equal(link_receive(to, first, 33, NULL), 0);
        assert_int_equal(link_receive(to, what == 0 ? second : first, 33, NULL), 0);
        if (what == 2) {
            say(t.field, 5);
            memcpy(second, link_output(t.field, &size), 28);
            assert_int_equal(link_receive(to, second, 28, NULL), 0);
        }
        assert_int_equal(listen_to(&t, to, NULL), E_PEER);
        assert_int_equal(t.at_office.count, what == 1 || what == 2);
        assert_dead(to, E_PEER, "altered");
        talk_stop(&t);
    }
}

/* --- a peer that is authentic and lies --- */

/* Goal: records may stand anyhow in transport messages, and what is no record is refused with its reason. */
static void test_records(void **state)
{
    static const uint8_t several[] = {0, 0, 0, 2, 0, 'a', 'b', 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 'c', 0, 0};
    static const uint8_t rest[] = {0, 1, 0, 'd', 0, 0, 0, 0, 1};
    static const struct {
        uint8_t bytes[5];
        size_t size;
        int code;
        const char *words;
    } wrong[] = {
        {{0, 0, 0, 0, 2}, 5, E_PEER, "does not have"},
        {{0, 0, 0, 1, 1}, 5, E_PEER, "does not have"},
        {{0, 0, 0, 0, 255}, 5, E_PEER, "does not have"},
        {{0, 0x20, 0, 1, 0}, 5, E_LIMIT, "larger"},
        {{255, 255, 255, 255, 0}, 5, E_LIMIT, "larger"},
        {{255, 255, 255, 255, 1}, 5, E_PEER, "does not have"},
        {{0}, 0, E_PEER, "does not have"},
    };
    struct raw raw;
    struct link_event event;
    struct link *l = raw_connect(&raw);
    (void)state;

    raw_send(&raw, l, several, sizeof several);
    for (int i = 0; i < 3; i++) {
        static const struct {
            const char *bytes;
            size_t size;
        } expected[] = {{"ab", 2}, {"", 0}, {"c", 1}};
        assert_int_equal(link_next(l, &event, NULL), 0);
        assert_int_equal(event.type, LINK_MESSAGE);
        assert_int_equal(event.size, expected[i].size);
        assert_memory_equal(event.bytes, expected[i].bytes, event.size);
    }
    assert_int_equal(link_next(l, &event, NULL), 0);
    assert_int_equal(event.type, LINK_NOTHING);
    raw_send(&raw, l, rest, sizeof rest);
    assert_int_equal(link_next(l, &event, NULL), 0);
    assert_int_equal(event.type, LINK_MESSAGE);
    assert_memory_equal(event.bytes, "d", 1);
    assert_int_equal(link_next(l, &event, NULL), 0);
    assert_int_equal(event.type, LINK_END);
    assert_int_equal(link_next(l, &event, NULL), 0);
    assert_int_equal(event.type, LINK_NOTHING);
    link_free(l);

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        l = raw_connect(&raw);
        raw_send(&raw, l, wrong[i].bytes, wrong[i].size);
        assert_dead(l, wrong[i].code, wrong[i].words);
        link_free(l);
    }

    /* The largest that may be announced is waited for, and costs nothing until it comes. */
    l = raw_connect(&raw);
    raw_send(&raw, l, (const uint8_t[]){0, 0x20, 0, 0, 0}, 5);
    assert_int_equal(link_next(l, &event, NULL), 0);
    assert_int_equal(event.type, LINK_NOTHING);
    assert_true(link_memory(l) <= LIMITS_HANDSHAKE_PEER_MAX);
    link_free(l);
}

/* Goal: nothing follows an end: neither in its transport message, nor behind it, nor later. */
static void test_after_end(void **state)
{
    static const uint8_t end[] = {0, 0, 0, 0, 1, 0};
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct raw raw;
        struct link_event event;
        struct link *l = raw_connect(&raw);
        raw_send(&raw, l, end, what == 0 ? 6 : 5);
        if (what == 1)
            raw_send(&raw, l, end, 5);
        assert_int_equal(link_next(l, &event, NULL), 0);
        assert_int_equal(event.type, LINK_END);
        if (what == 2) {
            assert_int_equal(link_next(l, &event, NULL), 0);
            assert_int_equal(event.type, LINK_NOTHING);
            assert_int_equal(link_receive(l, end, 1, NULL), 0);
        }
        assert_dead(l, E_PEER, "ended");
        assert_true(link_has_ended(l));
        link_free(l);
    }
}

/* Goal: a sealed message that is too short for its tag is refused at once, without waiting for more. */
static void test_short_frame(void **state)
{
    (void)state;
    for (uint8_t size = 0; size <= 16; size++) {
        struct raw raw;
        struct link *l = raw_connect(&raw);
        assert_int_equal(link_receive(l, (const uint8_t[]){0, size}, 2, NULL), 0);
        assert_dead(l, E_PEER, "does not have");
        link_free(l);
    }
}

/* Goal: our own mistakes are told as such and harm nothing. */
static void test_misuse(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(link_secret(t.office, ticket_secret, NULL), E_INTERNAL);
    assert_int_equal(link_secret(t.field, ticket_secret, NULL), E_INTERNAL);
    assert_int_equal(link_send(t.office, ticket, 1, NULL), E_INTERNAL);
    assert_int_equal(link_receive(t.office, NULL, 0, NULL), 0);
    assert_int_equal(carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_receive(t.office, NULL, 0, NULL), 0);
    assert_int_equal(link_secret(t.office, ticket_secret, NULL), E_INTERNAL);
    say(t.field, 12);
    assert_int_equal(carry_all(&t, 65536, NULL), 0);
    assert_heard(&t.at_office, 0, 12);
    talk_stop(&t);
    link_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_enrol),
        cmocka_unit_test(test_wrong_secret),
        cmocka_unit_test(test_wrong_office),
        cmocka_unit_test(test_bad_office_key),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_handshake_flipped),
        cmocka_unit_test(test_stranger_memory),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_large_bytewise),
        cmocka_unit_test(test_send_limits),
        cmocka_unit_test(test_receive_limit),
        cmocka_unit_test(test_event_stays),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_reordered),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_after_end),
        cmocka_unit_test(test_short_frame),
        cmocka_unit_test(test_misuse),
    };
    if (sodium_init() < 0)
        return 1;
    randombytes_buf(field_secret, sizeof field_secret);
    randombytes_buf(office_secret, sizeof office_secret);
    randombytes_buf(ticket, sizeof ticket);
    randombytes_buf(ticket_secret, sizeof ticket_secret);
    (void)crypto_scalarmult_base(field_public, field_secret);
    (void)crypto_scalarmult_base(office_public, office_secret);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
