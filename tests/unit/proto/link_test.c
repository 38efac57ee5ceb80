/* Tests: proto/link.c
 * link.c between two honest sides: the handshake's bytes, and a stream cut in every way. What a liar can do is in
 * link_attack_test.c. */
#include "allocation_fixture.h"
#include "link_fixture.h"

/* Goal: a sync's handshake has the bytes that the protocol says, and each side learns the other's key. */
static void test_sync(void **state)
{
    struct talk t;
    size_t size;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(talk_waiting_at(t.laptop), OPENING_SYNC);
    assert_memory_equal(link_output(t.laptop, &size), "SATCHELs\0\x30", 10);
    assert_int_equal(talk_carry(&t, t.laptop, t.office, OPENING_SYNC, 1000, NULL), 0);
    assert_int_equal(talk_waiting_at(t.office), ANSWER);
    assert_false(link_is_ready(t.office) || link_is_ready(t.laptop));
    assert_int_equal(talk_carry(&t, t.office, t.laptop, ANSWER, 1000, NULL), 0);
    assert_true(link_is_ready(t.laptop) && t.at_laptop.ready && !link_is_ready(t.office));
    assert_int_equal(talk_waiting_at(t.laptop), THIRD);
    assert_int_equal(talk_carry(&t, t.laptop, t.office, THIRD, 1000, NULL), 0);
    assert_true(link_is_ready(t.office) && t.at_office.ready);
    assert_memory_equal(t.at_laptop.peer, talk_office_public, 32);
    assert_memory_equal(t.at_office.peer, talk_laptop_public, 32);
    assert_int_equal(link_mode_of(t.office), LINK_SYNC);
    assert_int_equal(talk_waiting_at(t.office) + talk_waiting_at(t.laptop), 0);
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
    bytes = link_output(t.laptop, &size);
    assert_int_equal(size, OPENING_SYNC + TICKET);
    assert_memory_equal(bytes, "SATCHELe\0\x40", 10);
    assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
    link_sent(t.laptop, size);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(event.type, LINK_TICKET);
    assert_int_equal(event.size, TICKET);
    assert_memory_equal(event.bytes, talk_ticket, TICKET);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(event.type, LINK_NOTHING);
    assert_int_equal(talk_waiting_at(t.office), 0);
    assert_int_equal(link_secret(t.office, talk_ticket_secret, NULL), 0);
    assert_int_equal(link_secret(t.office, talk_ticket_secret, NULL), E_INTERNAL);
    assert_int_equal(talk_waiting_at(t.office), ANSWER);
    assert_int_equal(talk_carry_all(&t, 1000, NULL), 0);
    assert_true(t.at_office.ready && t.at_laptop.ready);
    assert_memory_equal(t.at_office.peer, talk_laptop_public, 32);
    assert_int_equal(link_mode_of(t.office), LINK_ENROL);
    talk_stop(&t);
}

/* Goal: a conversation is the same however the stream is cut. */
static void test_parts(void **state)
{
    static const enum link_mode modes[] = {LINK_SYNC, LINK_ENROL};
    (void)state;
    for (size_t part = 0; part < 150; part++) {
        struct talk t;
        talk_start(&t, modes[part % 2]);
        assert_int_equal(talk_carry_all(&t, part, NULL), 0);
        for (size_t i = 0; i < 3; i++)
            talk_say(t.laptop, i * 50);
        talk_say(t.office, 100);
        assert_int_equal(talk_carry_all(&t, part, NULL), 0);
        talk_say(t.office, 200);
        assert_int_equal(link_end(t.laptop, NULL), 0);
        assert_int_equal(talk_carry_all(&t, part, NULL), 0);
        assert_true(t.at_office.ended && !t.at_laptop.ended);
        talk_say(t.office, 300); /* the other direction stays open */
        assert_int_equal(link_end(t.office, NULL), 0);
        assert_int_equal(talk_carry_all(&t, part, NULL), 0);
        assert_true(t.at_laptop.ended);
        assert_int_equal(t.at_office.count, 3);
        assert_int_equal(t.at_laptop.count, 3);
        for (int i = 0; i < 3; i++) {
            assert_heard(&t.at_office, i, (size_t)i * 50);
            assert_heard(&t.at_laptop, i, (size_t)(i + 1) * 100);
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
        assert_int_equal(talk_carry(&t, t.laptop, t.office, OPENING_SYNC, 1000, NULL), 0);
        assert_int_equal(talk_carry(&t, t.office, t.laptop, ANSWER, 1000, NULL), 0);
        talk_say(t.laptop, 10);
        talk_say(t.laptop, 20);
        assert_int_equal(link_end(t.laptop, NULL), 0);
        assert_int_equal(talk_waiting_at(t.laptop), total);
        assert_int_equal(talk_carry(&t, t.laptop, t.office, at, 1000, NULL), 0);
        assert_int_equal(t.at_office.ready, at >= THIRD);
        assert_int_equal(t.at_office.count, (at >= THIRD + 33) + (at >= THIRD + 76));
        assert_int_equal(t.at_office.ended, at == total);
        assert_int_equal(talk_carry(&t, t.laptop, t.office, total - at, 1000, NULL), 0);
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
        allocation_begin(0);
        talk_start(&t, LINK_SYNC);
        assert_int_equal(talk_carry_all(&t, parts[p], NULL), 0);
        assert_int_equal(allocation.blocks, 2); /* the links, and nothing beside them */
        idle = allocation.live;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            talk_say(t.laptop, sizes[i]);
            talk_say(t.office, sizes[i]);
            assert_int_equal(talk_carry_all(&t, parts[p], NULL), 0);
            assert_heard(&t.at_office, (int)i, sizes[i]);
            assert_heard(&t.at_laptop, (int)i, sizes[i]);
            assert_int_equal(allocation.blocks, 2);
            assert_int_equal(allocation.live, idle);
        }
        link_free(t.office);
        assert_true(idle - allocation.live <= LIMITS_HANDSHAKE_PEER_MAX);
        assert_true(allocation.live <= LIMITS_HANDSHAKE_PEER_MAX);
        link_free(t.laptop);
        assert_int_equal(allocation.blocks, 0);
    }
}

/* Goal: one byte at a time works for a large message as well. */
static void test_large_bytewise(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(talk_carry_all(&t, 1, NULL), 0);
    talk_say(t.laptop, 200000);
    talk_say(t.office, 3);
    assert_int_equal(talk_carry_all(&t, 1, NULL), 0);
    assert_heard(&t.at_office, 0, 200000);
    assert_heard(&t.at_laptop, 0, 3);
    talk_stop(&t);
}

/* Goal: what is over a limit is refused where it is said, nothing is queued, and the link lives on. */
static void test_send_limits(void **state)
{
    struct talk t;
    struct error e;
    uint8_t *large;
    size_t waiting = 0;
    int sent = 0;
    (void)state;
    allocation_begin(0);
    large = talk_message_new(LIMITS_MESSAGE_MAX + 1);
    talk_start(&t, LINK_SYNC);
    assert_int_equal(link_send(t.laptop, large, 1, &e), E_INTERNAL);
    assert_int_equal(link_end(t.laptop, &e), E_INTERNAL);
    assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_send(t.laptop, large, LIMITS_MESSAGE_MAX + 1, &e), E_LIMIT);
    assert_int_equal(link_send(t.laptop, NULL, SIZE_MAX, &e), E_LIMIT);
    assert_int_equal(talk_waiting_at(t.laptop), 0);
    while (link_send(t.laptop, large, LIMITS_MESSAGE_MAX, &e) == 0) {
        sent++;
        assert_true(talk_waiting_at(t.laptop) > waiting && talk_waiting_at(t.laptop) <= LIMITS_OUTPUT_MAX);
        waiting = talk_waiting_at(t.laptop);
    }
    assert_int_equal(e.code, E_LIMIT);
    assert_int_equal(sent, 3); /* the fourth is over it by what the frames cost */
    assert_int_equal(talk_waiting_at(t.laptop), waiting);
    assert_int_equal(allocation.blocks, 4); /* both links, the message, and the laptop's queue */
    assert_true(allocation.largest <= LIMITS_OUTPUT_MAX);
    assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
    talk_say(t.laptop, 7);
    assert_int_equal(link_end(t.laptop, NULL), 0);
    assert_int_equal(link_send(t.laptop, large, 1, &e), E_INTERNAL);
    assert_int_equal(link_end(t.laptop, &e), E_INTERNAL);
    assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
    assert_int_equal(t.at_office.count, sent + 1);
    assert_heard(&t.at_office, 0, LIMITS_MESSAGE_MAX);
    assert_heard(&t.at_office, sent, 7);
    assert_true(t.at_office.ended);
    free(large);
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
    assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_send(t.laptop, (const uint8_t *)"kept", 4, NULL), 0);
    assert_int_equal(link_send(t.laptop, (const uint8_t *)"next", 4, NULL), 0);
    bytes = link_output(t.laptop, &size);
    assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
    link_sent(t.laptop, size);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(link_send(t.office, event.bytes, event.size, NULL), 0);
    talk_say(t.laptop, 100000);
    bytes = link_output(t.laptop, &size);
    assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
    link_sent(t.laptop, size);
    assert_int_equal(link_receive(t.office, (const uint8_t *)"\xff\xff", 2, NULL), 0);
    assert_memory_equal(event.bytes, "kept", 4);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_memory_equal(event.bytes, "next", 4);
    assert_int_equal(link_next(t.office, &event, NULL), 0);
    assert_int_equal(event.size, 100000);
    talk_stop(&t);
}

/* Goal: our own mistakes are told as such and harm nothing. */
static void test_misuse(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(link_secret(t.office, talk_ticket_secret, NULL), E_INTERNAL);
    assert_int_equal(link_secret(t.laptop, talk_ticket_secret, NULL), E_INTERNAL);
    assert_int_equal(link_send(t.office, talk_ticket, 1, NULL), E_INTERNAL);
    assert_int_equal(link_receive(t.office, NULL, 0, NULL), 0);
    assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
    assert_int_equal(link_receive(t.office, NULL, 0, NULL), 0);
    assert_int_equal(link_secret(t.office, talk_ticket_secret, NULL), E_INTERNAL);
    talk_say(t.laptop, 12);
    assert_int_equal(talk_carry_all(&t, 65536, NULL), 0);
    assert_heard(&t.at_office, 0, 12);
    talk_stop(&t);
    link_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),        cmocka_unit_test(test_enrol),       cmocka_unit_test(test_parts),
        cmocka_unit_test(test_every_split), cmocka_unit_test(test_large),       cmocka_unit_test(test_large_bytewise),
        cmocka_unit_test(test_send_limits), cmocka_unit_test(test_event_stays), cmocka_unit_test(test_misuse),
    };
    if (talk_keys() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
