/* Tests: proto/session_resume.c proto/session.c proto/link.c
 * A session goes on over another link: wherever the first one broke, nothing is heard twice or in part, and what does
 * not fit together is not put together. */
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

static uint8_t office_secret[32], office_key[32], laptop_secret[32];

enum { PUSH_BYTES = 9000, ENTRIES_BYTES = 12000, TURNS = 5 };
static uint8_t noise[ENTRIES_BYTES];

/* A laptop and an office; the wire between them carries so many bytes each way, and then it is cut. */
struct pair {
    struct session *laptop, *office;
    struct session *parked; /* the office's, of the link that broke */
    size_t room[2];         /* that are left of this link, from the laptop and from the office */
    int cut;
    unsigned links;
};

static void message_of(int turn, int of_office, struct message *m)
{
    static const enum message_type asks[TURNS] = {MESSAGE_HELLO, MESSAGE_PUSH, MESSAGE_PUSH, MESSAGE_PULL,
                                                  MESSAGE_PULL};
    static const enum message_type answers[TURNS] = {MESSAGE_WELCOME, MESSAGE_PUSHED, MESSAGE_PUSHED, MESSAGE_ENTRIES,
                                                     MESSAGE_ENTRIES};
    memset(m, 0, sizeof *m);
    m->type = of_office ? answers[turn] : asks[turn];
    if (m->type == MESSAGE_PUSH) {
        m->as.push.head = (struct slice){noise, 100};
        m->as.push.batch = (struct slice){noise, turn == 1 ? PUSH_BYTES : 10};
    } else if (m->type == MESSAGE_ENTRIES) {
        m->as.entries.batch = (struct slice){noise, turn == 3 ? ENTRIES_BYTES : 20};
        m->as.entries.cursor = (uint64_t)turn;
    } else if (m->type == MESSAGE_PULL) {
        m->as.pull.cursor = (uint64_t)turn;
    }
}

static void assert_heard(const struct message *m, int turn, int of_office)
{
    struct message expected;
    message_of(turn, of_office, &expected);
    assert_int_equal(m->type, expected.type);
    if (m->type == MESSAGE_PUSH)
        assert_true(slice_equal(m->as.push.batch, expected.as.push.batch));
    if (m->type == MESSAGE_PULL)
        assert_int_equal(m->as.pull.cursor, turn);
    if (m->type == MESSAGE_ENTRIES) {
        assert_true(slice_equal(m->as.entries.batch, expected.as.entries.batch));
        assert_int_equal(m->as.entries.cursor, turn);
    }
}

/* Carries what `from` has to say as far as the link does. */
static void carry(struct pair *p, struct session *from, struct session *to)
{
    size_t size, way = from == p->laptop ? 0 : 1;
    const uint8_t *bytes = session_output(from, &size);
    struct error e = {0, ""};
    if (size == 0 || p->cut)
        return;
    if (size >= p->room[way]) {
        size = p->room[way];
        p->cut = 1;
    }
    p->room[way] -= size;
    if (session_receive(to, bytes, size, &e) != 0)
        fail_msg("session_receive: %s", e.text);
    session_sent(from, size);
}

static struct session *new_office(void)
{
    struct session *s = session_new_office(office_secret);
    assert_non_null(s);
    return s;
}

static struct pair begin(size_t up, size_t down)
{
    struct pair p = {.room = {up, down}, .links = 1};
    p.laptop = session_new_laptop(LINK_SYNC, laptop_secret, office_key, NULL, NULL);
    p.office = new_office();
    assert_non_null(p.laptop);
    return p;
}

static void end(struct pair *p)
{
    session_free(p->laptop);
    session_free(p->office);
    session_free(p->parked);
}

/* The link has broken: the office parks what it was at, the laptop comes again. */
static void connect_again(struct pair *p, size_t up, size_t down)
{
    struct error e = {0, ""};
    if (session_break(p->office)) {
        session_free(p->parked);
        p->parked = p->office;
    } else {
        session_free(p->office);
    }
    p->office = new_office();
    assert_int_equal(session_break(p->laptop), 1);
    if (session_relink(p->laptop, laptop_secret, office_key, &e) != 0)
        fail_msg("session_relink: %s", e.text);
    p->room[0] = up;
    p->room[1] = down;
    p->cut = 0;
    p->links++;
}

/* The office's next event. 1: it was a message of the laptop's, which is checked and answered. */
static int office_hears(struct pair *p, int *turn)
{
    struct session_event ev;
    struct message m;
    struct error e = {0, ""};
    if (session_next(p->office, &ev, &e) != 0)
        fail_msg("the office: %s", e.text);
    if (ev.type != SESSION_MESSAGE)
        return ev.type != SESSION_NOTHING;
    if (ev.message.type == MESSAGE_RESUME) {
        int taken = session_take_up(p->office, p->parked, &ev.message.as.resume, &e);
        assert_int_equal(taken, 1);
        session_free(p->parked);
        p->parked = NULL;
        return 1;
    }
    assert_heard(&ev.message, *turn, 0);
    message_of(*turn, 1, &m);
    assert_int_equal(session_send(p->office, &m, &e), 0);
    ++*turn;
    return 1;
}

/* Talks to the end over links that carry so many bytes each way. Returns how many links it took. */
static unsigned talk(size_t up, size_t down)
{
    struct pair p = begin(up, down);
    int asked = -1, heard = 0, at_office = 0;
    while (heard < TURNS) {
        struct session_event ev;
        struct message m;
        struct error e = {0, ""};
        carry(&p, p.laptop, p.office);
        while (office_hears(&p, &at_office))
            ;
        carry(&p, p.office, p.laptop);
        if (session_next(p.laptop, &ev, &e) != 0)
            fail_msg("the laptop: %s", e.text);
        if (ev.type == SESSION_MESSAGE) {
            assert_heard(&ev.message, heard, 1);
            heard++;
        } else if (ev.type == SESSION_NOTHING && p.cut) {
            connect_again(&p, up, down);
            assert_true(p.links < 1000);
        }
        if (asked < heard && heard < TURNS && session_is_ready(p.laptop) && !session_resumes(p.laptop)) {
            message_of(heard, 0, &m);
            assert_int_equal(session_send(p.laptop, &m, &e), 0);
            asked = heard;
        }
    }
    assert_int_equal(at_office, TURNS);
    end(&p);
    return p.links;
}

/* Goal: wherever each link is cut, in either direction or both, everything is heard once and whole, and each link gets
 * further. */
static void cut_anywhere_it_goes_on(void **state)
{
    enum { ALL = 1 << 20 };
    (void)state;
    assert_int_equal(talk(ALL, ALL), 1);
    for (size_t bytes = 900; bytes < 12600; bytes += bytes < 3000 ? 59 : 307) {
        /* A link carries nothing of use in its handshake, its resume and one transport message that is cut. */
        unsigned most = (unsigned)((PUSH_BYTES + ENTRIES_BYTES) / (bytes - 800)) + 12;
        assert_true(talk(bytes, ALL) <= most);
        assert_true(talk(ALL, bytes) <= most);
        assert_true(talk(bytes, bytes) <= 2 * most);
    }
}

/* --- what does not fit together --- */

/* A session whose push has come to the office in part, or (whole) whose entries have come to the laptop in part. */
static struct pair broken(int whole)
{
    struct pair p = begin(1 << 20, 1 << 20);
    struct message m;
    int at_office = 0;
    for (int turn = 0; turn < (whole ? 4 : 2); turn++) {
        struct session_event ev;
        if (turn == 0)
            for (int i = 0; i < 3; i++) {
                carry(&p, p.laptop, p.office);
                while (office_hears(&p, &at_office))
                    ;
                carry(&p, p.office, p.laptop);
                assert_int_equal(session_next(p.laptop, &ev, NULL), 0);
            }
        if (turn == (whole ? 3 : 1))
            p.room[whole] = 3000;
        message_of(turn, 0, &m);
        assert_int_equal(session_send(p.laptop, &m, NULL), 0);
        do
            carry(&p, p.laptop, p.office);
        while (office_hears(&p, &at_office));
        carry(&p, p.office, p.laptop);
        assert_int_equal(session_next(p.laptop, &ev, NULL), 0);
        assert_int_equal(ev.type, p.cut ? SESSION_NOTHING : SESSION_MESSAGE);
    }
    assert_int_equal(p.cut, 1);
    connect_again(&p, 1 << 20, 1 << 20);
    assert_non_null(p.parked);
    return p;
}

/* What the laptop asks over its new link. */
static struct message_resume asked(struct pair *p)
{
    struct session_event ev;
    for (int i = 0; i < 4; i++) {
        carry(p, p->laptop, p->office);
        assert_int_equal(session_next(p->office, &ev, NULL), 0);
        if (ev.type == SESSION_MESSAGE)
            break;
        carry(p, p->office, p->laptop);
        assert_int_equal(session_next(p->laptop, &ev, NULL), 0);
    }
    assert_int_equal(ev.type, SESSION_MESSAGE);
    assert_int_equal(ev.message.type, MESSAGE_RESUME);
    return ev.message.as.resume;
}

/* What the laptop makes of the office's answer. */
static int answered(struct pair *p, struct session_event *ev, struct error *e)
{
    carry(p, p->office, p->laptop);
    return session_next(p->laptop, ev, e);
}

/* Goal: a resume that names another session, another turn, more than was said, or other bytes, goes on with nothing;
 * the laptop is told, and the same link carries a new session. */
static void what_does_not_fit_is_not_put_together(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++)
        for (int wrong = 0; wrong < 6; wrong++) {
            struct pair p = broken(whole);
            struct message_resume m = asked(&p);
            struct session_event ev;
            struct message hello = {.type = MESSAGE_HELLO};
            assert_int_equal(m.turn, whole ? 4 : 2);
            assert_true(whole ? m.bytes > 1000 && m.bytes < 3000 : m.bytes == 0);
            m.session.b[0] ^= wrong == 0;
            m.turn += wrong == 1;
            m.turn -= wrong == 2;
            m.bytes = wrong == 3 ? 1u << 20 : m.bytes;
            m.bytes += wrong == 4;
            m.hash[31] ^= wrong == 5 && whole;
            m.turn = wrong == 5 && !whole ? 0 : m.turn;
            assert_int_equal(session_take_up(p.office, p.parked, &m, NULL), 0);
            assert_int_equal(answered(&p, &ev, NULL), 0);
            assert_int_equal(ev.type, SESSION_FORGOTTEN);
            assert_int_equal(session_send(p.laptop, &hello, NULL), 0);
            carry(&p, p.laptop, p.office);
            assert_int_equal(session_next(p.office, &ev, NULL), 0);
            assert_int_equal(ev.message.type, MESSAGE_HELLO);
            end(&p);
        }
}

/* Goal: with no session parked at all, the office says so. */
static void a_session_that_is_not_parked_is_forgotten(void **state)
{
    struct pair p = broken(1);
    struct message_resume m = asked(&p);
    struct session_event ev;
    (void)state;
    assert_int_equal(session_take_up(p.office, NULL, &m, NULL), 0);
    assert_int_equal(answered(&p, &ev, NULL), 0);
    assert_int_equal(ev.type, SESSION_FORGOTTEN);
    end(&p);
}

/* Goal: an office that has another beginning of the laptop's message is not given the rest. */
static void the_laptop_checks_what_the_office_has(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        struct pair p = broken(0);
        struct message m = {.type = MESSAGE_RESUMED};
        struct session_event ev;
        struct error e = {0, ""};
        (void)asked(&p);
        m.as.resumed.goes_on = 1;
        m.as.resumed.bytes = wrong == 0 ? 1000 : 1 << 20;
        assert_int_equal(session_send(p.office, &m, NULL), 0);
        assert_int_equal(answered(&p, &ev, &e), E_VERIFY);
        assert_int_equal(session_next(p.laptop, &ev, NULL), E_VERIFY);
        assert_int_equal(session_break(p.laptop), 0);
        end(&p);
    }
}

/* Goal: a session that ended, failed or never began does not go on. */
static void what_is_over_does_not_go_on(void **state)
{
    struct pair p = begin(1 << 20, 1 << 20);
    int at_office = 0;
    struct session_event ev;
    (void)state;
    for (int i = 0; i < 3; i++) {
        carry(&p, p.laptop, p.office);
        while (office_hears(&p, &at_office))
            ;
        carry(&p, p.office, p.laptop);
        assert_int_equal(session_next(p.laptop, &ev, NULL), 0);
    }
    assert_int_equal(session_break(p.office), 0); /* nothing was said */
    assert_int_equal(session_break(p.laptop), 0);
    end(&p);
    p = broken(1);
    assert_int_equal(session_fail(p.parked, E_REFUSED, "no", NULL), 0);
    assert_int_equal(session_break(p.parked), 0);
    end(&p);
}

/* --- the link's rest --- */

/* Goal: a rest that is not due, is empty or is too long is refused, and the link is dead. */
static void a_rest_is_refused_unless_it_is_due(void **state)
{
    static const struct {
        size_t max, size;
        int code;
    } rows[] = {{0, 10, E_PEER}, {10, 10, 0}, {9, 10, E_LIMIT}, {10, 0, E_PEER}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link *l = link_new_initiator(LINK_SYNC, laptop_secret, office_key, NULL, NULL);
        struct link *o = link_new_responder(office_secret);
        struct link_event ev;
        struct error e = {0, ""};
        for (int round = 0; round < 4; round++) {
            struct link *from = round % 2 == 0 ? l : o, *to = round % 2 == 0 ? o : l;
            size_t size;
            const uint8_t *bytes;
            if (round == 2)
                assert_int_equal(link_send_rest(l, noise, rows[i].size, &e), 0);
            if (round == 2)
                link_await_rest(o, rows[i].max);
            bytes = link_output(from, &size);
            if (size != 0)
                assert_int_equal(link_receive(to, bytes, size, &e), 0);
            link_sent(from, size);
            if (round < 2)
                assert_int_equal(link_next(to, &ev, &e), 0);
        }
        assert_int_equal(link_next(o, &ev, &e), 0);
        assert_int_equal(ev.type, LINK_READY);
        assert_int_equal(link_next(o, &ev, &e), rows[i].code);
        if (rows[i].code == 0) {
            assert_int_equal(ev.type, LINK_REST);
            assert_int_equal(ev.size, rows[i].size);
            assert_int_equal(link_send_rest(l, noise, 1, &e), 0); /* one is due, and no second */
            ev.bytes = link_output(l, &ev.size);
            assert_int_equal(link_receive(o, ev.bytes, ev.size, &e), 0);
            assert_int_equal(link_next(o, &ev, &e), E_PEER);
        }
        link_free(l);
        link_free(o);
    }
}

/* --- between two runs --- */

/* Goal: a session that was packed goes on as well as one in memory. */
static void a_session_outlives_its_program(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        struct pair p = broken(whole);
        struct pack saved;
        struct session_event ev;
        struct message said;
        struct message_resume m;
        struct error e = {0, ""};
        assert_int_equal(session_break(p.laptop), 1);
        assert_int_equal(session_save(p.laptop, &saved, &e), 0);
        session_free(p.laptop);
        for (size_t size = 0; size < pack_bytes(&saved).size; size += 97) {
            assert_int_equal(session_load((struct slice){pack_bytes(&saved).p, size}, &p.laptop, &e), E_INPUT);
            assert_null(p.laptop);
        }
        assert_int_equal(session_load(pack_bytes(&saved), &p.laptop, &e), 0);
        pack_free(&saved);
        assert_int_equal(session_pending(p.laptop, &said, &e), 0);
        assert_int_equal(said.type, whole ? MESSAGE_PULL : MESSAGE_PUSH);
        assert_int_equal(session_relink(p.laptop, laptop_secret, office_key, &e), 0);
        session_free(p.office);
        p.office = new_office();
        m = asked(&p);
        assert_int_equal(session_take_up(p.office, p.parked, &m, &e), 1);
        assert_int_equal(answered(&p, &ev, &e), 0);
        assert_int_equal(ev.type, SESSION_RESUMED);
        assert_int_equal(session_next(whole ? p.laptop : p.office, &ev, &e), 0);
        if (!whole) {
            carry(&p, p.laptop, p.office);
            assert_int_equal(session_next(p.office, &ev, &e), 0);
        }
        assert_int_equal(ev.type, SESSION_MESSAGE);
        assert_heard(&ev.message, whole ? 3 : 1, whole);
        end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere_it_goes_on),
        cmocka_unit_test(what_does_not_fit_is_not_put_together),
        cmocka_unit_test(a_session_that_is_not_parked_is_forgotten),
        cmocka_unit_test(the_laptop_checks_what_the_office_has),
        cmocka_unit_test(what_is_over_does_not_go_on),
        cmocka_unit_test(a_rest_is_refused_unless_it_is_due),
        cmocka_unit_test(a_session_outlives_its_program),
    };
    if (sodium_init() < 0)
        return 1;
    randombytes_buf(office_secret, sizeof office_secret);
    randombytes_buf(laptop_secret, sizeof laptop_secret);
    randombytes_buf(noise, sizeof noise);
    (void)crypto_scalarmult_base(office_key, office_secret);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
