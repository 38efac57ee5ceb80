/* Tests: daemon/server/exchange.c
 * What the office parks for laptops whose links broke: one of each, bounded in number, bytes and time, and only as long
 * as the laptop stands as it stood. */
#include "office_fixture.h"

#include "exchange.h"
#include "server.h"

static uint8_t office_secret[32], office_key[32];

static int start(void **state)
{
    struct server *s = calloc(1, sizeof *s);
    uint8_t public_key[32], secret[64];
    assert_non_null(s);
    assert_true(sodium_init() >= 0);
    randombytes_buf(office_secret, sizeof office_secret);
    (void)crypto_scalarmult_base(office_key, office_secret);
    crypto_sign_keypair(public_key, secret);
    s->central = pair_office_new(secret);
    s->last = &s->first;
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct server *s = *state;
    while (s->parked != NULL)
        exchange_drop(s->parked);
    pair_office_free(s->central);
    free(s);
    return 0;
}

static void carry(struct session *from, struct session *to)
{
    struct session_event ev;
    size_t size;
    const uint8_t *bytes = session_output(from, &size);
    PAIR_OK(session_receive(to, bytes, size, &pair_e));
    session_sent(from, size);
    do
        PAIR_OK(session_next(to, &ev, &pair_e));
    while (ev.type != SESSION_NOTHING);
}

/* An exchange of the laptop number `device`, in the middle of a push of so many bytes; hello 0: only a part of the
 * hello has come. */
static struct exchange *in_the_middle(struct server *s, uint8_t device, size_t bytes, int hello)
{
    static uint8_t noise[LIMITS_BATCH_MAX];
    uint8_t secret[32];
    struct message m = {.type = MESSAGE_HELLO};
    struct session *laptop, *office = session_new_office(office_secret);
    struct exchange *x = exchange_new(s, NULL, office);
    size_t size;
    const uint8_t *p;
    assert_non_null(x);
    randombytes_buf(secret, sizeof secret);
    laptop = session_new_laptop(LINK_SYNC, secret, office_key, NULL, NULL);
    assert_non_null(laptop);
    carry(laptop, office);
    carry(office, laptop);
    carry(laptop, office);
    m.as.hello.set_backs = (struct slice){noise, hello ? 0 : 64 * 32};
    PAIR_OK(session_send(laptop, &m, &pair_e));
    x->device.device.b[0] = device;
    if (hello) {
        carry(laptop, office);
        x->epoch = 1;
        m = (struct message){.type = MESSAGE_WELCOME};
        m.as.welcome.checkpoint = (struct slice){noise, 0};
        PAIR_OK(session_send(office, &m, &pair_e));
        carry(office, laptop);
        m = (struct message){.type = MESSAGE_PUSH};
        m.as.push.batch = (struct slice){noise, bytes};
        PAIR_OK(session_send(laptop, &m, &pair_e));
    }
    p = session_output(laptop, &size);
    PAIR_OK(session_receive(office, p, hello ? size - 1 : 700, &pair_e));
    {
        struct session_event ev;
        PAIR_OK(session_next(office, &ev, &pair_e));
        assert_int_equal(ev.type, SESSION_NOTHING);
    }
    session_free(laptop);
    return x;
}

static unsigned parked(const struct server *s)
{
    unsigned count = 0;
    for (const struct exchange *x = s->parked; x != NULL; x = x->next)
        count++;
    return count;
}

/* Goal: what was parked is there for its laptop, once, and for no other. */
static void test_each_laptop_has_its_own(void **state)
{
    struct server *s = *state;
    struct exchange *a = in_the_middle(s, 1, 5000, 1), *b = in_the_middle(s, 2, 5000, 1), *c;
    struct id other = {{3}}, first = {{1}}, second = {{2}};
    assert_int_equal(exchange_park(a, 1000), 1);
    assert_int_equal(exchange_park(b, 1000), 1);
    assert_null(exchange_unpark(s, &other, 1001));
    assert_ptr_equal(exchange_unpark(s, &first, 1001), a);
    assert_null(exchange_unpark(s, &first, 1001));
    exchange_free(a);
    /* A newer one takes the older one's place; one whose hello is not whole does not. */
    c = in_the_middle(s, 2, 100, 1);
    assert_int_equal(exchange_park(c, 1002), 1);
    assert_int_equal(parked(s), 1);
    assert_int_equal(exchange_park(in_the_middle(s, 2, 0, 0), 1003), 0);
    assert_ptr_equal(exchange_unpark(s, &second, 1004), c);
    exchange_free(c);
    assert_int_equal(exchange_park(in_the_middle(s, 2, 0, 0), 1005), 1);
    assert_int_equal(parked(s), 1);
}

/* Goal: its time ends, to the millisecond. */
static void test_it_is_forgotten_in_time(void **state)
{
    struct server *s = *state;
    struct id first = {{1}};
    struct exchange *x = in_the_middle(s, 1, 100, 1);
    assert_int_equal(exchange_park(x, 1000), 1);
    assert_ptr_equal(exchange_unpark(s, &first, 999 + EXCHANGE_PARKED_MS), x);
    assert_int_equal(exchange_park(x, 1000), 1);
    assert_null(exchange_unpark(s, &first, 1000 + EXCHANGE_PARKED_MS));
    assert_int_equal(parked(s), 0);
}

/* Goal: however many laptops there are and however much each leaves, the memory is bounded, and the newest stay. */
static void test_memory_is_bounded(void **state)
{
    enum { BYTES = 1000000, MANY = EXCHANGE_PARKED_MAX + 3 };
    struct server *s = *state;
    struct id first = {{0}};
    for (unsigned i = 0; i < 80; i++)
        assert_int_equal(exchange_park(in_the_middle(s, (uint8_t)i, BYTES, 1), 1000 + i), 1);
    assert_int_equal(parked(s), EXCHANGE_PARKED_BYTES / (s->parked->parked_bytes));
    assert_true(s->parked->parked_bytes > BYTES - LIMITS_NOISE_MESSAGE_MAX && s->parked->parked_bytes < BYTES + 5000);
    assert_int_equal(s->parked->device.device.b[0], 79);
    assert_null(exchange_unpark(s, &first, 2000)); /* the oldest went first */
    while (s->parked != NULL)
        exchange_drop(s->parked);
    for (unsigned i = 0; i < MANY; i++) {
        struct exchange *x = in_the_middle(s, (uint8_t)i, 10, 1);
        x->device.device.b[1] = (uint8_t)(i >> 8);
        assert_int_equal(exchange_park(x, 1000 + i), 1);
    }
    assert_int_equal(parked(s), EXCHANGE_PARKED_MAX);
}

/* Goal: a laptop that is shut out, or whose caseload changed in the middle of a deal, does not go on. */
static void test_it_ends_if_the_laptop_stands_otherwise(void **state)
{
    struct server *s = *state;
    struct id user = office_user(s->central, "anna", "case manager"), client, kase, assignment;
    struct exchange *x = in_the_middle(s, 1, 10, 1);
    struct caseload none = {NULL, 0};
    struct device now;
    pair_office_case(s->central, &user, &client, &kase, &assignment);
    x->device.user = user;
    now = x->device;
    assert_int_equal(exchange_is_current(x, &now, NULL), 1);
    now.revoked = 1;
    assert_int_equal(exchange_is_current(x, &now, NULL), 0);
    now.revoked = 0;
    now.wipe = 1;
    assert_int_equal(exchange_is_current(x, &now, NULL), 0);
    now.wipe = 0;
    x->has_deal = 1;
    PAIR_OK(deal_start(&x->deal, s->central, &x->device, &none, 0, &pair_e));
    assert_int_equal(exchange_is_current(x, &now, NULL), 1);
    pair_office_case(s->central, &user, &client, &kase, &assignment);
    assert_int_equal(exchange_is_current(x, &now, NULL), 0);
    x->deal.done = 1; /* its last batch may wait in the session, and lets go of scopes */
    assert_int_equal(exchange_is_current(x, &now, NULL), 0);
    exchange_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_laptop_has_its_own, start, end),
        cmocka_unit_test_setup_teardown(test_it_is_forgotten_in_time, start, end),
        cmocka_unit_test_setup_teardown(test_memory_is_bounded, start, end),
        cmocka_unit_test_setup_teardown(test_it_ends_if_the_laptop_stands_otherwise, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
