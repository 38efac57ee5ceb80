/* What the tests of the link share: two links and a wire between them (talk_*), and a peer of our own making (raw_*)
 * that knows the bytes from docs/PROTOCOL.md and not from link.c. */
#ifndef SATCHEL_LINK_TALK_H
#define SATCHEL_LINK_TALK_H

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
#include "link.h"
#include "noise.h"
#include "wire_limits.h"

#define OPENING_SYNC 58 /* preface 8, length 2, key 32, tag 16 */
#define ANSWER 50       /* length 2, key 32, tag 16 */
#define THIRD 66        /* length 2, key 32, tag 16, tag 16 */
#define TICKET 16
#define HEARD_MAX 16

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

static inline struct link *field_new(enum link_mode mode)
{
    struct link *l = link_new_initiator(mode, field_secret, office_public, mode == LINK_ENROL ? ticket : NULL,
                                        mode == LINK_ENROL ? ticket_secret : NULL);
    assert_non_null(l);
    return l;
}

static inline struct link *office_new(void)
{
    struct link *l = link_new_responder(office_secret);
    assert_non_null(l);
    return l;
}

static inline void talk_start(struct talk *t, enum link_mode mode)
{
    memset(t, 0, sizeof *t);
    t->field = field_new(mode);
    t->office = office_new();
    t->secret = ticket_secret;
}

static inline void talk_stop(struct talk *t)
{
    link_free(t->field);
    link_free(t->office);
}

/* Asks for events until there is none. */
static inline int listen_to(struct talk *t, struct link *l, struct error *e)
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
static inline int carry(struct talk *t, struct link *from, struct link *to, size_t size, size_t part, struct error *e)
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

static inline size_t waiting_at(const struct link *l)
{
    size_t size;
    (void)link_output(l, &size);
    return size;
}

/* Carries everything both ways until nothing waits. */
static inline int carry_all(struct talk *t, size_t part, struct error *e)
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
static inline uint8_t *message_new(size_t size)
{
    static const uint8_t seed[randombytes_SEEDBYTES] = {7};
    uint8_t *p = malloc(size + 1);
    assert_non_null(p);
    randombytes_buf_deterministic(p, size, seed);
    return p;
}

static inline void say(struct link *l, size_t size)
{
    uint8_t *p = message_new(size);
    assert_int_equal(link_send(l, p, size, NULL), 0);
    free(p);
}

static inline void assert_heard(const struct heard *h, int index, size_t size)
{
    uint8_t *p = message_new(size), hash[16];
    assert_true(index < h->count);
    assert_int_equal(h->sizes[index], size);
    assert_int_equal(crypto_generichash(hash, 16, p, size, NULL, 0), 0);
    assert_memory_equal(h->hashes[index], hash, 16);
    free(p);
}

/* Every later call repeats the error, and nothing is to be written. */
static inline void assert_dead(struct link *l, int code, const char *words)
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
static inline void raw_start(struct raw *r, char mode, const char *version)
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
static inline void raw_send(struct raw *r, struct link *l, const uint8_t *payload, size_t size)
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
static inline struct link *raw_connect(struct raw *r)
{
    struct link *l = office_new();
    struct link_event event;
    uint8_t payload[16], third[THIRD] = {0, THIRD - 2};
    size_t size;
    const uint8_t *answer;
    raw_start(r, 's', "satchel/2");
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

/* The keys and the ticket of one run. */
static inline int talk_keys(void)
{
    if (sodium_init() < 0)
        return -1;
    randombytes_buf(field_secret, sizeof field_secret);
    randombytes_buf(office_secret, sizeof office_secret);
    randombytes_buf(ticket, sizeof ticket);
    randombytes_buf(ticket_secret, sizeof ticket_secret);
    (void)crypto_scalarmult_base(field_public, field_secret);
    (void)crypto_scalarmult_base(office_public, office_secret);
    return 0;
}

#endif
