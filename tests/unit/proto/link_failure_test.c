/* Tests: proto/link.c proto/session.c
 * Links and sessions when there is no memory. */
#include "failure_fixture.h"

#include "link_fixture.h"
#include "session.h"

/* --- links --- */

struct wire {
    enum link_mode mode;
    struct link *laptop, *office;
    size_t heard;
    int ended;
};

static enum link_mode mode_now;
static uint8_t page[3 * LIMITS_NOISE_PAYLOAD_MAX];

static void *wire_new(void)
{
    struct wire *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->mode = mode_now;
    return w;
}

static void wire_drop(void *world)
{
    free(world);
}

/* All that one has to say to the other, who then hears it. */
static int deliver(struct wire *w, struct link *from, struct link *to, struct error *e)
{
    struct link_event event = {LINK_NOTHING, NULL, 0};
    size_t size;
    const uint8_t *bytes = link_output(from, &size);
    int code = size == 0 ? 0 : link_receive(to, bytes, size, e);
    link_sent(from, size);
    while (code == 0 && (code = link_next(to, &event, e)) == 0 && event.type != LINK_NOTHING) {
        if (event.type == LINK_TICKET)
            code = link_secret(to, talk_ticket_secret, e);
        w->heard += event.type == LINK_MESSAGE ? event.size : 0;
        w->ended += event.type == LINK_END;
    }
    return code;
}

/* A handshake, a message of several transport messages each way, and the end. */
static int talk(struct wire *w, struct error *e)
{
    int code;
    for (int i = 0; i < 3; i++)
        if ((code = deliver(w, w->laptop, w->office, e)) != 0 || (code = deliver(w, w->office, w->laptop, e)) != 0)
            return code;
    if ((code = link_send(w->laptop, page, sizeof page, e)) != 0 || (code = link_send(w->office, page, 9, e)) != 0 ||
        (code = link_end(w->laptop, e)) != 0 || (code = link_end(w->office, e)) != 0 ||
        (code = deliver(w, w->laptop, w->office, e)) != 0)
        return code;
    return deliver(w, w->office, w->laptop, e);
}

static int talk_from_nothing(void *world, struct error *e)
{
    struct wire *w = world;
    int code = E_MEMORY, enrol = w->mode == LINK_ENROL;
    w->laptop = link_new_initiator(w->mode, talk_laptop_secret, talk_office_public, enrol ? talk_ticket : NULL,
                                   enrol ? talk_ticket_secret : NULL);
    w->office = link_new_responder(talk_office_secret);
    if (w->laptop != NULL && w->office != NULL)
        code = talk(w, e);
    else
        (void)error_set(e, E_MEMORY, "one of them is not there");
    link_free(w->laptop);
    link_free(w->office);
    return code;
}

static void all_was_heard(void *world, int code)
{
    struct wire *w = world;
    if (code == 0) {
        assert_int_equal(w->heard, sizeof page + 9);
        assert_int_equal(w->ended, 2);
    }
}

static void links_tell_that_there_is_no_memory(void **state)
{
    /* Goal: whichever allocation of a conversation fails, of either side and in either mode, that call says so, and
     * nothing stays behind. */
    const struct failing f = {wire_new, talk_from_nothing, all_was_heard, wire_drop};
    (void)state;
    for (int enrol = 0; enrol < 2; enrol++) {
        mode_now = enrol ? LINK_ENROL : LINK_SYNC;
        assert_true(failure_each(&f) >= 8); /* two links; what each writes; what each opens */
    }
}

/* Makes the next allocation fail. */
static void starve(void)
{
    allocation_begin(1);
}

static void feed(void)
{
    assert_true(allocation.asked > 0);
    allocation_begin(0);
}

static void what_is_not_queued_can_be_sent_again(void **state)
{
    /* Goal: a message for which there was no memory changes nothing: the link lives, the peer hears nothing of it, and
     * sent once more it comes over whole. The same for the end. */
    struct talk t;
    struct error e;
    uint8_t *p = talk_message_new(5000);
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(talk_carry_all(&t, 0, NULL), 0);
    starve();
    assert_int_equal(link_send(t.laptop, p, 5000, &e), E_MEMORY);
    feed();
    assert_non_null(strstr(e.text, "5000 bytes"));
    assert_int_equal(talk_waiting_at(t.laptop), 0);
    starve();
    assert_int_equal(link_end(t.laptop, NULL), E_MEMORY);
    feed();
    assert_int_equal(link_send(t.laptop, p, 5000, &e), 0);
    assert_int_equal(link_end(t.laptop, &e), 0);
    assert_int_equal(talk_carry_all(&t, 0, NULL), 0);
    assert_heard(&t.at_office, 0, 5000);
    assert_int_equal(t.at_office.count, 1);
    assert_int_equal(t.at_office.ended, 1);
    talk_stop(&t);
    free(p);
}

static void a_starved_link_is_dead(void **state)
{
    /* Goal: if there is no memory for what the peer sent, the link is dead and says why each time it is asked. */
    struct talk t;
    size_t size;
    const uint8_t *bytes;
    (void)state;
    talk_start(&t, LINK_SYNC);
    assert_int_equal(talk_carry_all(&t, 0, NULL), 0);
    talk_say(t.laptop, 100);
    bytes = link_output(t.laptop, &size);
    starve();
    assert_int_equal(link_receive(t.office, bytes, size, NULL), E_MEMORY);
    feed();
    assert_dead(t.office, E_MEMORY, "no memory");
    talk_stop(&t);
    /* The answer to a handshake: link_receive has taken the bytes, and link_next says that there is none. */
    talk_start(&t, LINK_SYNC);
    bytes = link_output(t.laptop, &size);
    starve();
    assert_int_equal(link_receive(t.office, bytes, size, NULL), 0);
    feed();
    assert_dead(t.office, E_MEMORY, "no memory");
    talk_stop(&t);
}

static void too_much_at_once_is_refused(void **state)
{
    /* Goal: more than a link may hold is refused before memory is asked for it, also if it comes in one piece. */
    struct talk t;
    uint8_t *much = malloc((size_t)LIMITS_RECEIVE_MAX + 1);
    (void)state;
    assert_non_null(much);
    memset(much, 1, (size_t)LIMITS_RECEIVE_MAX + 1);
    talk_start(&t, LINK_SYNC);
    assert_int_equal(talk_carry_all(&t, 0, NULL), 0);
    allocation_begin(0);
    assert_int_equal(link_receive(t.office, much, (size_t)LIMITS_RECEIVE_MAX + 1, NULL), E_LIMIT);
    assert_int_equal(allocation.asked, 0);
    assert_dead(t.office, E_LIMIT, "faster than it is heard");
    talk_stop(&t);
    free(much);
}

/* --- sessions --- */

struct pair {
    struct session *laptop, *office;
};

static void *pair_new(void)
{
    struct pair *p = calloc(1, sizeof *p);
    assert_non_null(p);
    return p;
}

/* What one has to say to the other, who answers such an event with a message (type 0: with none). */
static int hand(struct session *from, struct session *to, enum session_event_type on, int answer, struct error *e)
{
    static struct session_event event;
    struct message m = {.type = (enum message_type)answer};
    size_t size;
    const uint8_t *bytes = session_output(from, &size);
    int code = size == 0 ? 0 : session_receive(to, bytes, size, e);
    session_sent(from, size);
    while (code == 0 && (code = session_next(to, &event, e)) == 0 && event.type != SESSION_NOTHING)
        if (answer != 0 && event.type == on)
            code = session_send(to, &m, e);
    return code;
}

static int sync_and_fail(struct pair *p, struct error *e)
{
    int code;
    if ((code = hand(p->laptop, p->office, SESSION_NOTHING, 0, e)) != 0 ||
        (code = hand(p->office, p->laptop, SESSION_READY, MESSAGE_HELLO, e)) != 0 ||
        (code = hand(p->laptop, p->office, SESSION_MESSAGE, MESSAGE_WELCOME, e)) != 0 ||
        (code = hand(p->office, p->laptop, SESSION_NOTHING, 0, e)) != 0 ||
        (code = session_fail(p->laptop, E_BUSY, "later", e)) != 0 ||
        (code = hand(p->laptop, p->office, SESSION_NOTHING, 0, e)) != 0 || (code = session_end(p->office, e)) != 0)
        return code;
    return hand(p->office, p->laptop, SESSION_NOTHING, 0, e);
}

static int session_from_nothing(void *world, struct error *e)
{
    struct pair *p = world;
    int code = E_MEMORY;
    p->laptop = session_new_laptop(LINK_SYNC, talk_laptop_secret, talk_office_public, NULL, NULL);
    p->office = session_new_office(talk_office_secret);
    if (p->laptop != NULL && p->office != NULL)
        code = sync_and_fail(p, e);
    else
        (void)error_set(e, E_MEMORY, "one of them is not there");
    if (code == 0)
        assert_true(session_has_ended(p->laptop) && session_has_ended(p->office));
    session_free(p->laptop);
    session_free(p->office);
    return code;
}

static void sessions_tell_that_there_is_no_memory(void **state)
{
    /* Goal: the same of sessions: where one is made, says, answers, fails and ends. */
    const struct failing f = {pair_new, session_from_nothing, NULL, free};
    (void)state;
    assert_true(failure_each(&f) >= 8);
}

static void a_starved_session_keeps_its_turn(void **state)
{
    /* Goal: what could not be sent for want of memory was not said: the order stands where it stood, so that the same
     * may be said once more, and the peer takes it. */
    struct pair p = {session_new_laptop(LINK_SYNC, talk_laptop_secret, talk_office_public, NULL, NULL),
                     session_new_office(talk_office_secret)};
    struct message hello = {.type = MESSAGE_HELLO};
    (void)state;
    assert_int_equal(hand(p.laptop, p.office, SESSION_NOTHING, 0, NULL), 0);
    assert_int_equal(hand(p.office, p.laptop, SESSION_NOTHING, 0, NULL), 0);
    assert_int_equal(hand(p.laptop, p.office, SESSION_NOTHING, 0, NULL), 0);
    for (uint64_t n = 1; n <= 2; n++) { /* the message's bytes, the link's */
        allocation_begin(n);
        assert_int_equal(session_send(p.laptop, &hello, NULL), E_MEMORY);
        feed();
    }
    assert_int_equal(session_send(p.laptop, &hello, NULL), 0);
    assert_int_equal(hand(p.laptop, p.office, SESSION_MESSAGE, MESSAGE_WELCOME, NULL), 0);
    assert_int_equal(hand(p.office, p.laptop, SESSION_NOTHING, 0, NULL), 0);
    starve();
    assert_int_equal(session_end(p.laptop, NULL), E_MEMORY);
    feed();
    assert_false(session_has_ended(p.office));
    assert_int_equal(session_end(p.laptop, NULL), 0);
    assert_int_equal(hand(p.laptop, p.office, SESSION_NOTHING, 0, NULL), 0);
    assert_true(session_has_ended(p.office));
    session_free(p.laptop);
    session_free(p.office);
}

static int setup(void **state)
{
    (void)state;
    return talk_keys();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_tell_that_there_is_no_memory),
        cmocka_unit_test(what_is_not_queued_can_be_sent_again),
        cmocka_unit_test(a_starved_link_is_dead),
        cmocka_unit_test(too_much_at_once_is_refused),
        cmocka_unit_test(sessions_tell_that_there_is_no_memory),
        cmocka_unit_test(a_starved_session_keeps_its_turn),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
