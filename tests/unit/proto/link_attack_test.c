/* Tests: proto/link.c
 * link.c against strangers, impostors, authentic peers that lie, and a wire that alters what it carries. */
#include "allocation_fixture.h"
#include "link_fixture.h"

/* Goal: who names a ticket without its secret learns nothing from the answer and is refused at the third message. */
static void test_wrong_secret(void **state)
{
    struct talk t;
    uint8_t other[32];
    (void)state;
    memcpy(other, talk_ticket_secret, 32);
    other[31] ^= 1;
    talk_start(&t, LINK_ENROL);
    t.secret = other;
    assert_int_equal(talk_carry_all(&t, 1000, NULL), E_PEER);
    assert_true(t.at_laptop.ready && !t.at_office.ready);
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
        assert_int_equal(talk_carry(&t, t.laptop, t.office, talk_waiting_at(t.laptop), 1000, NULL), E_PEER);
        assert_dead(t.office, E_PEER, "not for this office's key");
        randombytes_buf(answer + 2, sizeof answer - 2);
        assert_int_equal(link_receive(t.laptop, answer, sizeof answer, NULL), 0);
        assert_dead(t.laptop, E_PEER,
                    modes[i] == LINK_SYNC ? "does not hold the office's key that this laptop was enrolled with"
                                          : "does not hold the office's key that the ticket names");
        talk_stop(&t);
    }
    for (size_t i = 0; i < 2; i++) {
        struct link *l = talk_office_new();
        raw_start(&raw, (char)modes[i], "satchel/3");
        assert_int_equal(link_receive(l, raw.bytes, raw.size, NULL), 0);
        assert_dead(l, E_PEER, "version");
        link_free(l);
    }
    /* Its own first message, sent back to it, is no answer. */
    {
        struct link *l = talk_laptop_new(LINK_SYNC);
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
    struct link *l = link_new_initiator(LINK_SYNC, talk_laptop_secret, zeros, NULL, NULL);
    (void)state;
    assert_non_null(l);
    assert_int_equal(talk_waiting_at(l), 0);
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
        l = talk_office_new();
        assert_int_equal(link_receive(l, (const uint8_t *)streams[i].bytes, streams[i].size, NULL), 0);
        assert_dead(l, E_PEER, "does not speak Satchel's protocol");
        link_free(l);
    }
    l = talk_laptop_new(LINK_SYNC);
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
            from = t.laptop;
            if (at >= opening) {
                assert_int_equal(talk_carry(&t, t.laptop, t.office, opening, 1000, NULL), 0);
                from = t.office;
                where -= opening;
            }
            if (at >= opening + ANSWER) {
                assert_int_equal(talk_carry(&t, t.office, t.laptop, ANSWER, 1000, NULL), 0);
                from = t.laptop;
                where -= ANSWER;
            }
            to = from == t.laptop ? t.office : t.laptop;
            memcpy(bytes, link_output(from, &size), talk_waiting_at(from));
            bytes[where] ^= (uint8_t)(1u << randombytes_uniform(8));
            assert_int_equal(link_receive(to, bytes, size, NULL), 0);
            assert_int_equal(talk_listen_to(&t, to, NULL), E_PEER);
            assert_false(link_is_ready(to));
            assert_int_equal(talk_waiting_at(to), 0);
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
        size_t begun, at_laptop, opening;
        struct link *office, *laptop;
        struct link_event event;
        const uint8_t *bytes;
        allocation_begin(0);
        office = talk_office_new();
        begun = allocation.live;
        assert_in_range(begun, sizeof(struct noise), LIMITS_HANDSHAKE_PEER_MAX);
        laptop = talk_laptop_new(modes[m]);
        at_laptop = allocation.live - begun;
        assert_true(at_laptop <= LIMITS_HANDSHAKE_PEER_MAX);
        bytes = link_output(laptop, &opening);
        for (size_t i = 0; i < opening; i++) {
            assert_int_equal(link_receive(office, bytes + i, 1, NULL), 0);
            assert_in_range(allocation.live - at_laptop, sizeof(struct noise), LIMITS_HANDSHAKE_PEER_MAX);
        }
        assert_int_equal(link_next(office, &event, NULL), 0);
        assert_true(allocation.live - at_laptop - begun <= 128); /* what came beside the link itself */
        if (modes[m] == LINK_ENROL) {
            assert_int_equal(event.type, LINK_TICKET);
            assert_int_equal(link_receive(office, flood, 1, NULL), E_LIMIT);
            assert_dead(office, E_LIMIT, "before it was answered");
        } else {
            flood[1] = THIRD - 2; /* as if it were a third message */
            assert_int_equal(link_receive(office, flood, sizeof flood, NULL), 0);
            assert_true(allocation.live - at_laptop <= LIMITS_HANDSHAKE_PEER_MAX);
            assert_dead(office, E_PEER, "");
        }
        link_free(office);
        link_free(laptop);
        assert_int_equal(allocation.blocks, 0);
    }
    {
        struct link *office;
        allocation_begin(0);
        office = talk_office_new();
        assert_int_equal(link_receive(office, flood, sizeof flood, NULL), 0);
        assert_true(allocation.live <= LIMITS_HANDSHAKE_PEER_MAX);
        assert_dead(office, E_PEER, "does not speak");
        link_free(office);
    }
}

/* Goal: who hears and is never asked holds at most LIMITS_RECEIVE_MAX. */
static void test_receive_limit(void **state)
{
    struct talk t;
    uint8_t *bytes;
    (void)state;
    allocation_begin(0);
    bytes = calloc(1, LIMITS_RECEIVE_MAX);
    assert_non_null(bytes);
    talk_start(&t, LINK_SYNC);
    assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_receive(t.office, bytes, 100, NULL), 0);
    assert_int_equal(link_receive(t.office, bytes, LIMITS_RECEIVE_MAX - 100, NULL), 0);
    assert_int_equal(allocation.blocks, 4); /* both links, the bytes here, and the office's queue */
    assert_true(allocation.largest <= LIMITS_RECEIVE_MAX);
    assert_int_equal(link_receive(t.office, bytes, 1, NULL), E_LIMIT);
    assert_dead(t.office, E_LIMIT, "");
    free(bytes);
    talk_stop(&t);
}

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
        assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
        for (size_t i = 0; i < 4; i++)
            talk_say(t.laptop, sizes[i]);
        assert_int_equal(link_end(t.laptop, NULL), 0);
        size = talk_waiting_at(t.laptop);
        bytes = malloc(size);
        assert_non_null(bytes);
        memcpy(bytes, link_output(t.laptop, &size), size);
        /* The first bytes one by one (lengths stand there), then anywhere, then the last. */
        at = round < 100 ? (size_t)round : randombytes_uniform((uint32_t)size);
        at = round >= 250 ? size - 1 - (size_t)(round - 250) : at;
        bytes[at] ^= (uint8_t)(1 + randombytes_uniform(255));
        assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
        code = talk_listen_to(&t, t.office, NULL);
        assert_false(t.at_office.ended);
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
        assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
        talk_say(t.laptop, 10);
        talk_say(t.laptop, 10);
        assert_int_equal(talk_waiting_at(t.laptop), 66);
        memcpy(first, link_output(t.laptop, &size), 33);
        memcpy(second, link_output(t.laptop, &size) + 33, 33);
        link_sent(t.laptop, 66);
        to = what == 3 ? t.laptop : t.office;
        if (what == 1)
            assert_int_equal(link_receive(to, first, 33, NULL), 0);
        assert_int_equal(link_receive(to, what == 0 ? second : first, 33, NULL), 0);
        if (what == 2) {
            talk_say(t.laptop, 5);
            memcpy(second, link_output(t.laptop, &size), 28);
            assert_int_equal(link_receive(to, second, 28, NULL), 0);
        }
        assert_int_equal(talk_listen_to(&t, to, NULL), E_PEER);
        assert_int_equal(t.at_office.count, what == 1 || what == 2);
        assert_dead(to, E_PEER, "altered");
        talk_stop(&t);
    }
}

/* Goal: frames may stand anyhow in transport messages, and what is no frame is refused with its reason. */
static void test_frames(void **state)
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
    allocation_begin(0);
    l = raw_connect(&raw);
    raw_send(&raw, l, (const uint8_t[]){0, 0x20, 0, 0, 0}, 5);
    assert_int_equal(link_next(l, &event, NULL), 0);
    assert_int_equal(event.type, LINK_NOTHING);
    assert_true(allocation.live <= LIMITS_HANDSHAKE_PEER_MAX);
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
        link_free(l);
    }
}

/* Goal: a sealed message that is too short for its tag is refused at once, without waiting for more. */
static void test_short_sealed(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_secret),      cmocka_unit_test(test_wrong_office),
        cmocka_unit_test(test_bad_office_key),    cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_handshake_flipped), cmocka_unit_test(test_stranger_memory),
        cmocka_unit_test(test_receive_limit),     cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_reordered),         cmocka_unit_test(test_frames),
        cmocka_unit_test(test_after_end),         cmocka_unit_test(test_short_sealed),
    };
    if (talk_keys() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
