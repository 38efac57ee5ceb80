/* Tests: proto/session.c
 * Two sides keep the order of messages, whoever fails where; strangers learn nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "link.h"
#include "session.h"

static uint8_t office_secret[32], office_key[32], laptop_secret[32], laptop_key[32];
static const uint8_t ticket_secret[32] = {7, 7, 7};
static const struct id ticket_id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

/* A laptop and an office with a wire between them. */
struct pair {
    struct session *laptop, *office;
};

/* Hands all that `from` has to say to `to`, a byte at a time. */
static void carry(struct session *from, struct session *to)
{
    size_t size;
    const uint8_t *bytes = session_output(from, &size);
    while (size != 0) {
        uint8_t byte = bytes[0];
        assert_int_equal(session_receive(to, &byte, 1, NULL), 0);
        session_sent(from, 1);
        bytes = session_output(from, &size);
    }
}

/* The next event of s must be of this type. */
static struct session_event *expect(struct session *s, enum session_event_type type)
{
    static struct session_event event;
    struct error e = {0, ""};
    if (session_next(s, &event, &e) != 0)
        fail_msg("session_next: %s", e.text);
    assert_int_equal(event.type, type);
    return &event;
}

static void expect_message(struct session *s, enum message_type type)
{
    assert_int_equal(expect(s, SESSION_MESSAGE)->message.type, type);
    (void)expect(s, SESSION_NOTHING);
}

/* Both sides, with the handshake done. */
static struct pair shake(enum link_mode mode)
{
    struct pair p;
    int enrol = mode == LINK_ENROL;
    p.laptop =
        session_new_laptop(mode, laptop_secret, office_key, enrol ? &ticket_id : NULL, enrol ? ticket_secret : NULL);
    p.office = session_new_office(office_secret);
    assert_non_null(p.laptop);
    assert_non_null(p.office);
    (void)expect(p.laptop, SESSION_NOTHING);
    carry(p.laptop, p.office);
    if (enrol) {
        assert_true(id_equal(&expect(p.office, SESSION_TICKET)->ticket, &ticket_id));
        assert_int_equal(session_secret(p.office, ticket_secret, NULL), 0);
    }
    (void)expect(p.office, SESSION_NOTHING);
    assert_false(session_is_ready(p.office));
    carry(p.office, p.laptop);
    assert_memory_equal(expect(p.laptop, SESSION_READY)->peer, office_key, 32);
    (void)expect(p.laptop, SESSION_NOTHING);
    carry(p.laptop, p.office);
    assert_memory_equal(expect(p.office, SESSION_READY)->peer, laptop_key, 32);
    (void)expect(p.office, SESSION_NOTHING);
    assert_true(session_is_ready(p.laptop) && session_is_ready(p.office));
    assert_int_equal(session_mode(p.office), mode);
    assert_int_equal(session_mode(p.laptop), mode);
    return p;
}

static void hang_up(struct pair *p)
{
    session_free(p->laptop);
    session_free(p->office);
}

static int say(struct session *s, enum message_type type)
{
    struct message m;
    memset(&m, 0, sizeof m);
    m.type = type;
    return session_send(s, &m, NULL);
}

/* One message, from one to the other. */
static void tell(struct session *from, struct session *to, enum message_type type)
{
    assert_int_equal(say(from, type), 0);
    carry(from, to);
    expect_message(to, type);
}

static void end_both(struct pair *p)
{
    assert_int_equal(session_end(p->laptop, NULL), 0);
    assert_false(session_has_ended(p->office));
    carry(p->laptop, p->office);
    (void)expect(p->office, SESSION_END);
    (void)expect(p->office, SESSION_NOTHING);
    assert_true(session_has_ended(p->office));
    assert_int_equal(session_end(p->office, NULL), 0);
    carry(p->office, p->laptop);
    (void)expect(p->laptop, SESSION_END);
    assert_true(session_has_ended(p->laptop));
    assert_int_equal(session_end(p->laptop, NULL), E_INTERNAL);
    assert_int_equal(session_end(p->office, NULL), E_INTERNAL);
}

/* Brings a fresh pair to where the sync stands after `messages` messages of: hello, welcome, push, pushed, pull,
 * entries, fork, epoch. */
static struct pair sync_at(int messages)
{
    static const enum message_type way[] = {MESSAGE_HELLO, MESSAGE_WELCOME, MESSAGE_PUSH, MESSAGE_PUSHED,
                                            MESSAGE_PULL,  MESSAGE_ENTRIES, MESSAGE_FORK, MESSAGE_EPOCH};
    struct pair p = shake(LINK_SYNC);
    for (int i = 0; i < messages; i++)
        tell(i % 2 == 0 ? p.laptop : p.office, i % 2 == 0 ? p.office : p.laptop, way[i]);
    return p;
}

static struct pair enrol_at(int messages)
{
    struct pair p = shake(LINK_ENROL);
    if (messages > 0)
        tell(p.laptop, p.office, MESSAGE_ENROL);
    if (messages > 1)
        tell(p.office, p.laptop, MESSAGE_ENROLLED);
    return p;
}

/* Goal: a sync goes through, pushes and pulls in any order, over a wire that gives one byte at a time. */
static void syncs_go_through(void **state)
{
    static const int is_push[] = {1, 0, 0, 1, 1, 0};
    struct pair p = sync_at(2);
    (void)state;
    for (size_t i = 0; i < sizeof is_push / sizeof is_push[0]; i++) {
        tell(p.laptop, p.office, is_push[i] ? MESSAGE_PUSH : MESSAGE_PULL);
        tell(p.office, p.laptop, is_push[i] ? MESSAGE_PUSHED : MESSAGE_ENTRIES);
    }
    end_both(&p);
    hang_up(&p);
    p = sync_at(2); /* nothing to send and nothing to fetch */
    end_both(&p);
    hang_up(&p);
}

/* Goal: an enrolment goes through; either side may end it first. */
static void enrolments_go_through(void **state)
{
    struct pair p = enrol_at(2);
    (void)state;
    end_both(&p);
    hang_up(&p);
    p = enrol_at(2);
    assert_int_equal(session_end(p.office, NULL), 0);
    carry(p.office, p.laptop);
    (void)expect(p.laptop, SESSION_END);
    assert_int_equal(session_end(p.laptop, NULL), 0);
    carry(p.laptop, p.office);
    (void)expect(p.office, SESSION_END);
    hang_up(&p);
}

/* Goal: what a message holds comes over whole, and its slices outlive the answer. */
static void contents_come_over(void **state)
{
    struct pair p = sync_at(2);
    struct message m;
    struct session_event *event;
    static uint8_t batch[LIMITS_BATCH_MAX];
    (void)state;
    memset(&m, 0, sizeof m);
    m.type = MESSAGE_PUSH;
    randombytes_buf(batch, sizeof batch);
    m.as.push.batch = (struct slice){batch, sizeof batch};
    assert_int_equal(session_send(p.laptop, &m, NULL), 0);
    carry(p.laptop, p.office);
    event = expect(p.office, SESSION_MESSAGE);
    assert_int_equal(say(p.office, MESSAGE_PUSHED), 0);
    assert_int_equal(event->message.as.push.batch.size, sizeof batch);
    assert_memory_equal(event->message.as.push.batch.p, batch, sizeof batch);
    hang_up(&p);
}

/* Who may say what where: for each place, the messages that the laptop and the office may say, and who may end. */
static const struct place {
    enum link_mode mode;
    int messages, laptop_may[3], office_may[3], laptop_ends, office_ends;
} places[] = {
    {LINK_SYNC, 0, {MESSAGE_HELLO}, {0}, 0, 0},
    {LINK_SYNC, 1, {0}, {MESSAGE_WELCOME}, 0, 0},
    {LINK_SYNC, 2, {MESSAGE_PUSH, MESSAGE_PULL, MESSAGE_FORK}, {0}, 1, 0},
    {LINK_SYNC, 3, {0}, {MESSAGE_PUSHED}, 0, 0},
    {LINK_SYNC, 4, {MESSAGE_PUSH, MESSAGE_PULL, MESSAGE_FORK}, {0}, 1, 0},
    {LINK_SYNC, 5, {0}, {MESSAGE_ENTRIES}, 0, 0},
    {LINK_SYNC, 6, {MESSAGE_PUSH, MESSAGE_PULL, MESSAGE_FORK}, {0}, 1, 0},
    {LINK_SYNC, 7, {0}, {MESSAGE_EPOCH}, 0, 0},
    {LINK_SYNC, 8, {MESSAGE_PUSH, MESSAGE_PULL, MESSAGE_FORK}, {0}, 1, 0},
    {LINK_ENROL, 0, {MESSAGE_ENROL}, {0}, 0, 0},
    {LINK_ENROL, 1, {0}, {MESSAGE_ENROLLED}, 0, 0},
    {LINK_ENROL, 2, {0}, {0}, 1, 1},
};
#define PLACES (sizeof places / sizeof places[0])

static struct pair at(const struct place *place)
{
    return place->mode == LINK_SYNC ? sync_at(place->messages) : enrol_at(place->messages);
}

static int may(const int allowed[3], int type)
{
    for (int i = 0; i < 3; i++)
        if (allowed[i] == type)
            return 1;
    return type == MESSAGE_FAIL;
}

/* Goal: we ourselves cannot say anything out of turn, and a refused attempt changes nothing. */
static void we_keep_the_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++)
        for (int office = 0; office <= 1; office++) {
            struct pair p = at(&places[i]);
            struct session *self = office ? p.office : p.laptop;
            const int *allowed = office ? places[i].office_may : places[i].laptop_may;
            size_t size;
            for (int type = 1; type <= MESSAGE_EPOCH; type++)
                if (!may(allowed, type))
                    assert_int_equal(say(self, (enum message_type)type), E_INTERNAL);
            if (!(office ? places[i].office_ends : places[i].laptop_ends))
                assert_int_equal(session_end(self, NULL), E_INTERNAL);
            (void)session_output(self, &size);
            assert_int_equal(size, 0);
            if (allowed[0] != 0)
                tell(self, office ? p.laptop : p.office, (enum message_type)allowed[0]);
            hang_up(&p);
        }
}

/* A peer that keeps to no order: a bare link, which says what it likes. */
struct rogue {
    struct link *link;
    struct session *honest;
    int is_office;
    int heard_end; /* the honest side's */
};

static void link_carry(struct rogue *r)
{
    size_t size;
    const uint8_t *bytes;
    while (bytes = link_output(r->link, &size), size != 0) {
        assert_int_equal(session_receive(r->honest, bytes, size, NULL), 0);
        link_sent(r->link, size);
    }
}

static void session_carry(struct rogue *r)
{
    size_t size;
    const uint8_t *bytes;
    struct link_event event;
    while (bytes = session_output(r->honest, &size), size != 0) {
        assert_int_equal(link_receive(r->link, bytes, size, NULL), 0);
        session_sent(r->honest, size);
    }
    do {
        assert_int_equal(link_next(r->link, &event, NULL), 0);
        if (event.type == LINK_TICKET)
            assert_int_equal(link_secret(r->link, ticket_secret, NULL), 0);
        r->heard_end |= event.type == LINK_END;
    } while (event.type != LINK_NOTHING);
}

static void rogue_says(struct rogue *r, int type)
{
    struct message m;
    struct pack w;
    memset(&m, 0, sizeof m);
    m.type = (enum message_type)type;
    assert_int_equal(message_write(&m, &w, NULL), 0);
    assert_int_equal(link_send(r->link, (const uint8_t *)w.buffer.data, w.buffer.size, NULL), 0);
    pack_free(&w);
    link_carry(r);
}

/* A rogue and an honest side, brought to a place as the honest side sees it. */
static struct rogue rogue_at(const struct place *place, int rogue_is_office)
{
    static const int ways[2][8] = {
        {MESSAGE_HELLO, MESSAGE_WELCOME, MESSAGE_PUSH, MESSAGE_PUSHED, MESSAGE_PULL, MESSAGE_ENTRIES, MESSAGE_FORK,
         MESSAGE_EPOCH},
        {MESSAGE_ENROL, MESSAGE_ENROLLED},
    };
    int enrol = place->mode == LINK_ENROL;
    const int *way = ways[enrol];
    const uint8_t *secret = enrol ? ticket_secret : NULL;
    struct rogue r = {.is_office = rogue_is_office};
    r.link = rogue_is_office
                 ? link_new_responder(office_secret)
                 : link_new_initiator(place->mode, laptop_secret, office_key, enrol ? ticket_id.b : NULL, secret);
    r.honest = rogue_is_office
                   ? session_new_laptop(place->mode, laptop_secret, office_key, enrol ? &ticket_id : NULL, secret)
                   : session_new_office(office_secret);
    assert_non_null(r.link);
    assert_non_null(r.honest);
    for (int round = 0; round < 3; round++) { /* the handshake's three messages, whoever begins */
        struct session_event event;
        link_carry(&r);
        assert_int_equal(session_next(r.honest, &event, NULL), 0);
        if (event.type == SESSION_TICKET)
            assert_int_equal(session_secret(r.honest, ticket_secret, NULL), 0);
        session_carry(&r);
    }
    assert_true(session_is_ready(r.honest) && link_is_ready(r.link));
    for (int i = 0; i < place->messages; i++)
        if ((i % 2 == 0) != rogue_is_office) {
            rogue_says(&r, way[i]);
            expect_message(r.honest, (enum message_type)way[i]);
        } else {
            assert_int_equal(say(r.honest, (enum message_type)way[i]), 0);
            session_carry(&r);
        }
    return r;
}

static void rogue_free(struct rogue *r)
{
    link_free(r->link);
    session_free(r->honest);
}

/* Goal: whatever the peer says out of turn, an end too, is refused as such, at every place and on both sides. */
static void peers_must_keep_the_order(void **state)
{
    struct session_event event;
    (void)state;
    for (size_t i = 0; i < PLACES; i++)
        for (int office = 0; office <= 1; office++) {
            const int *allowed = office ? places[i].office_may : places[i].laptop_may;
            struct rogue r;
            for (int type = 1; type <= MESSAGE_EPOCH; type++) {
                r = rogue_at(&places[i], office);
                rogue_says(&r, type);
                if (may(allowed, type)) {
                    expect_message(r.honest, (enum message_type)type);
                } else {
                    assert_int_equal(session_next(r.honest, &event, NULL), E_PEER);
                    assert_int_equal(session_next(r.honest, &event, NULL), E_PEER);
                    assert_int_equal(session_receive(r.honest, (const uint8_t *)"", 1, NULL), E_PEER);
                    assert_int_equal(session_end(r.honest, NULL), E_PEER);
                }
                rogue_free(&r);
            }
            r = rogue_at(&places[i], office);
            assert_int_equal(link_end(r.link, NULL), 0);
            link_carry(&r);
            if (office ? places[i].office_ends : places[i].laptop_ends)
                (void)expect(r.honest, SESSION_END);
            else
                assert_int_equal(session_next(r.honest, &event, NULL), E_PEER);
            assert_int_equal(session_has_ended(r.honest), office ? places[i].office_ends : places[i].laptop_ends);
            rogue_free(&r);
        }
}

/* Goal: bytes that are no message, or one of a newer protocol, end the session; we can still say why. */
static void other_messages_are_refused(void **state)
{
    static const uint8_t newer[] = {0x91, 0x7f}, junk[] = {0xc1};
    static const struct {
        const uint8_t *bytes;
        size_t size;
        int code;
    } rows[] = {{newer, sizeof newer, E_PEER}, {junk, sizeof junk, E_INPUT}, {junk, 0, E_INPUT}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rogue r = rogue_at(&places[2], 0);
        struct session_event event;
        struct error e;
        size_t size;
        assert_int_equal(link_send(r.link, rows[i].bytes, rows[i].size, NULL), 0);
        rogue_says(&r, MESSAGE_PULL);
        assert_int_equal(session_next(r.honest, &event, &e), rows[i].code);
        if (i == 0)
            assert_non_null(strstr(e.text, "newer protocol or not ours"));
        assert_int_equal(session_next(r.honest, &event, &e), rows[i].code); /* the pull is not looked at */
        assert_int_equal(say(r.honest, MESSAGE_WELCOME), rows[i].code);
        assert_int_equal(session_fail(r.honest, rows[i].code, "no", NULL), 0);
        (void)session_output(r.honest, &size);
        assert_true(size > 0);
        session_carry(&r);
        assert_true(r.heard_end);
        rogue_free(&r);
    }
}

static void assert_fails(struct session *from, struct session *to)
{
    struct session_event *event;
    assert_int_equal(session_fail(from, E_BUSY, "the office is closing", NULL), 0);
    assert_int_equal(session_fail(from, E_BUSY, "again", NULL), E_INTERNAL);
    assert_int_equal(session_end(from, NULL), E_INTERNAL);
    carry(from, to);
    event = expect(to, SESSION_MESSAGE);
    assert_int_equal(event->message.type, MESSAGE_FAIL);
    assert_memory_equal(event->message.as.fail.code.p, "busy", 4);
    assert_int_equal(event->message.as.fail.sentence.size, 21);
    assert_false(session_has_ended(to));
    (void)expect(to, SESSION_END);
    assert_true(session_has_ended(to));
    for (int type = 1; type < MESSAGE_FAIL; type++)
        assert_int_equal(say(to, (enum message_type)type), E_INTERNAL);
    assert_int_equal(session_end(to, NULL), 0);
    carry(to, from);
    (void)expect(from, SESSION_END);
    (void)expect(from, SESSION_NOTHING);
}

/* Goal: either side can give up at every place after the handshake; then both ends follow and nothing else. */
static void either_side_can_fail_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        struct pair p = at(&places[i]);
        assert_fails(p.laptop, p.office);
        hang_up(&p);
        p = at(&places[i]);
        assert_fails(p.office, p.laptop);
        hang_up(&p);
    }
}

/* Goal: before the handshake is done there is nothing that a session could say. */
static void strangers_are_told_nothing(void **state)
{
    struct session *laptop = session_new_laptop(LINK_SYNC, laptop_secret, office_key, NULL, NULL);
    struct session *office = session_new_office(office_secret);
    size_t size;
    (void)state;
    assert_non_null(laptop);
    assert_non_null(office);
    assert_int_equal(session_fail(office, E_REFUSED, "no", NULL), E_INTERNAL);
    assert_int_equal(session_end(office, NULL), E_INTERNAL);
    assert_int_equal(say(office, MESSAGE_WELCOME), E_INTERNAL);
    assert_int_equal(session_secret(office, ticket_secret, NULL), E_INTERNAL);
    (void)session_output(office, &size);
    assert_int_equal(size, 0);
    carry(laptop, office);
    (void)expect(office, SESSION_NOTHING);
    carry(office, laptop);
    (void)expect(laptop, SESSION_READY);
    carry(laptop, office); /* the handshake is done, but the office has not been told who it is with */
    assert_int_equal(session_fail(office, E_REFUSED, "no", NULL), E_INTERNAL);
    (void)expect(office, SESSION_READY);
    assert_int_equal(session_fail(office, E_REFUSED, "no", NULL), 0);
    session_free(laptop);
    session_free(office);
    session_free(NULL);
}

/* Goal: a fail that crosses with a question, or with another fail, still ends well on both sides. */
static void crossing_messages_do_no_harm(void **state)
{
    struct pair p = sync_at(2);
    (void)state;
    assert_int_equal(session_fail(p.office, E_BUSY, "closing", NULL), 0);
    assert_int_equal(say(p.laptop, MESSAGE_PUSH), 0);
    carry(p.office, p.laptop);
    carry(p.laptop, p.office);
    (void)expect(p.office, SESSION_NOTHING); /* the push is dropped */
    assert_int_equal(expect(p.laptop, SESSION_MESSAGE)->message.type, MESSAGE_FAIL);
    (void)expect(p.laptop, SESSION_END);
    assert_int_equal(session_end(p.laptop, NULL), 0);
    carry(p.laptop, p.office);
    (void)expect(p.office, SESSION_END);
    hang_up(&p);

    p = sync_at(2);
    assert_int_equal(session_fail(p.office, E_BUSY, "closing", NULL), 0);
    assert_int_equal(session_fail(p.laptop, E_LOCKED, "locked", NULL), 0);
    carry(p.office, p.laptop);
    carry(p.laptop, p.office);
    (void)expect(p.office, SESSION_END);
    (void)expect(p.laptop, SESSION_END);
    hang_up(&p);

    p = sync_at(2); /* the office gives up while the laptop's end is on its way */
    assert_int_equal(session_fail(p.office, E_BUSY, "closing", NULL), 0);
    assert_int_equal(session_end(p.laptop, NULL), 0);
    carry(p.office, p.laptop);
    carry(p.laptop, p.office);
    (void)expect(p.office, SESSION_END);
    assert_int_equal(expect(p.laptop, SESSION_MESSAGE)->message.type, MESSAGE_FAIL);
    (void)expect(p.laptop, SESSION_END);
    hang_up(&p);
}

/* Goal: after its fail a peer may only end. */
static void after_a_fail_comes_the_end(void **state)
{
    struct session_event event;
    (void)state;
    for (int type = 1; type <= MESSAGE_EPOCH; type++) {
        struct rogue r = rogue_at(&places[2], 0);
        rogue_says(&r, MESSAGE_FAIL);
        rogue_says(&r, type);
        assert_int_equal(expect(r.honest, SESSION_MESSAGE)->message.type, MESSAGE_FAIL);
        assert_int_equal(session_next(r.honest, &event, NULL), E_PEER);
        rogue_free(&r);
    }
}

/* Goal: a stream that stops, after any byte of the end too, is not an end. */
static void a_missing_end_is_no_end(void **state)
{
    struct pair p = sync_at(6);
    size_t size;
    const uint8_t *bytes;
    (void)state;
    (void)expect(p.office, SESSION_NOTHING);
    assert_false(session_has_ended(p.office));
    assert_int_equal(session_end(p.laptop, NULL), 0);
    bytes = session_output(p.laptop, &size);
    assert_true(size > 1);
    for (size_t i = 0; i + 1 < size; i++) {
        assert_int_equal(session_receive(p.office, bytes + i, 1, NULL), 0);
        (void)expect(p.office, SESSION_NOTHING);
        assert_false(session_has_ended(p.office));
    }
    assert_int_equal(session_receive(p.office, bytes + size - 1, 1, NULL), 0);
    (void)expect(p.office, SESSION_END);
    assert_true(session_has_ended(p.office));
    hang_up(&p);
}

/* Goal: the words of a fail are cut to what a message carries, and never within a letter. */
static void long_sentences_are_cut(void **state)
{
    static const struct {
        const char *letter;
        size_t kept;
    } rows[] = {
        {"a", 512}, {"\xc3\xa9", 512}, {"\xe2\x82\xac", 510}, {"\xf0\x9f\x98\x80", 512}, {"a\xe2\x82\xac", 512}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p = sync_at(2);
        char sentence[1024] = "";
        size_t step = strlen(rows[i].letter);
        struct session_event *event;
        for (size_t n = 0; n + step < sizeof sentence; n += step)
            memcpy(sentence + n, rows[i].letter, step + 1);
        assert_int_equal(session_fail(p.office, E_INPUT, sentence, NULL), 0);
        carry(p.office, p.laptop);
        event = expect(p.laptop, SESSION_MESSAGE);
        assert_int_equal(event->message.as.fail.sentence.size, rows[i].kept);
        assert_memory_equal(event->message.as.fail.sentence.p, sentence, rows[i].kept);
        hang_up(&p);
    }
}

/* Goal: a message that cannot be written leaves the turn where it was. */
static void unwritable_messages_cost_no_turn(void **state)
{
    static uint8_t large[2 * LIMITS_BATCH_MAX];
    struct pair p = sync_at(2);
    struct message m;
    (void)state;
    memset(&m, 0, sizeof m);
    m.type = MESSAGE_PUSH;
    m.as.push.batch = (struct slice){large, sizeof large};
    assert_int_equal(session_send(p.laptop, &m, NULL), E_LIMIT);
    tell(p.laptop, p.office, MESSAGE_PUSH);
    hang_up(&p);
}

/* Goal: a bit that flips on the wire is an altered stream on the other side, never a message. */
static void altered_streams_are_refused(void **state)
{
    struct session_event event;
    (void)state;
    for (size_t bit = 0; bit < 8; bit++) {
        struct pair p = sync_at(2);
        uint8_t copy[256];
        size_t size;
        const uint8_t *bytes;
        assert_int_equal(say(p.laptop, MESSAGE_PULL), 0);
        bytes = session_output(p.laptop, &size);
        assert_true(size > 10 && size <= sizeof copy);
        memcpy(copy, bytes, size);
        copy[10] = (uint8_t)(copy[10] ^ (1 << bit));
        assert_int_equal(session_receive(p.office, copy, size, NULL), 0);
        assert_int_equal(session_next(p.office, &event, NULL), E_PEER);
        assert_int_equal(session_next(p.office, &event, NULL), E_PEER);
        assert_int_equal(session_fail(p.office, E_PEER, "altered", NULL), E_PEER);
        hang_up(&p);
    }
}

static int set_up(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    return crypto_box_keypair(office_key, office_secret) != 0 || crypto_box_keypair(laptop_key, laptop_secret) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syncs_go_through),
        cmocka_unit_test(enrolments_go_through),
        cmocka_unit_test(contents_come_over),
        cmocka_unit_test(we_keep_the_order),
        cmocka_unit_test(peers_must_keep_the_order),
        cmocka_unit_test(other_messages_are_refused),
        cmocka_unit_test(either_side_can_fail_anywhere),
        cmocka_unit_test(strangers_are_told_nothing),
        cmocka_unit_test(crossing_messages_do_no_harm),
        cmocka_unit_test(after_a_fail_comes_the_end),
        cmocka_unit_test(a_missing_end_is_no_end),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(unwritable_messages_cost_no_turn),
        cmocka_unit_test(altered_streams_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
