/* Tests: daemon/intake/quota.c daemon/intake/receive.c
 * Quotas of a laptop: over one the office says "later" and takes nothing; the day after, or when an administrator
 * allows more, all of it is taken. Of a laptop that is shut out only so much is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "office_fixture.h"
#include "quota.h"

struct room {
    struct central *office;
    struct office_laptop laptop;
    struct id anna, client, kase;
    uint64_t size; /* of the log, before what is tried */
};

static const struct id nowhere;
static uint64_t later_ms;
static struct error why; /* what the office said last */

static uint64_t wall_later(void)
{
    return clock_wall() + later_ms;
}

static void allow(struct room *r, const char *percent)
{
    pair_office_write(r->office, KIND_DEVICE, &nowhere, &r->laptop.device.device, 0, "quota", percent, NULL);
    PAIR_OK(quota_open_link(r->office, &r->laptop.device.device, &pair_e));
}

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct id assignment;
    assert_non_null(r);
    r->office = office_new();
    later_ms = 0;
    r->office->author.wall = wall_later;
    r->anna = office_user(r->office, "anna", "case manager");
    pair_office_case(r->office, &r->anna, &r->client, &r->kase, &assignment);
    office_laptop(r->office, &r->anna, &r->laptop);
    allow(r, "1"); /* a hundredth: 500 changes and 10 persons a day, 100 held */
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    office_check(r->office);
    pair_office_free(r->office);
    free(r);
    return 0;
}

static void notes(struct room *r, struct office_batch *b, unsigned count, const char *text)
{
    while (count-- != 0) {
        struct id note = id_new(clock_wall());
        (void)office_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", text);
    }
}

/* Gives a batch to the office as a laptop's link does. *held gets how many of it are held. */
static int bring(struct room *r, struct office_batch *b, size_t *held)
{
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push = office_seal(&r->laptop, b, head);
    struct receive_result result;
    int code;
    PAIR_OK(device_by_id(r->office->db, &r->laptop.device.device, &r->laptop.device, &pair_e));
    PAIR_OK(central_begin(r->office, &pair_e));
    r->size = r->office->tree.size;
    code = receive_bounded(r->office, &r->laptop.device, &push, &result, &why);
    if (code != 0)
        assert_int_equal(r->office->tree.size, r->size); /* nothing of it was taken, and nothing held */
    if (held != NULL)
        *held = result.held_count;
    receive_free(&result);
    PAIR_OK(central_commit(r->office, &pair_e));
    free((void *)push.batch.p);
    return code;
}

/* Brings a batch that the office does not take now, and the same batch once `mend` has made it possible. */
static int bring_twice(struct room *r, void write(struct room *r, struct office_batch *b), void mend(struct room *r))
{
    struct office_laptop before = r->laptop;
    struct office_batch *b = office_batch();
    int code;
    write(r, b);
    code = bring(r, b, NULL);
    office_batch_free(b);
    if (mend == NULL)
        return code;
    assert_int_equal(code, E_BUSY);
    assert_non_null(strstr(why.text, "later"));
    assert_non_null(strstr(why.text, "Nothing is lost"));
    mend(r);
    r->laptop = before;
    b = office_batch();
    write(r, b);
    code = bring(r, b, NULL);
    office_batch_free(b);
    return code;
}

static void write_400(struct room *r, struct office_batch *b)
{
    notes(r, b, 400, "seen at home");
}

static void write_large(struct room *r, struct office_batch *b)
{
    static char text[50001];
    memset(text, 'x', sizeof text - 1);
    notes(r, b, 12, text);
}

static void write_persons(struct room *r, struct office_batch *b)
{
    for (int i = 0; i < 8; i++) {
        struct id client = id_new(clock_wall());
        (void)office_set(&r->laptop, b, KIND_CLIENT, &client, &client, "legal_name", "Ada");
    }
}

static void write_links(struct room *r, struct office_batch *b)
{
    for (int i = 0; i < 4; i++) {
        struct id client = id_new(clock_wall());
        char text[ID_TEXT];
        struct office_op op[2] = {{.field = "same_as", .words = text, .action = CHANGE_ADD},
                                  {.field = "different_from", .words = text, .action = CHANGE_ADD}};
        id_format(&r->client, text);
        (void)office_write(&r->laptop, b, KIND_CLIENT, &client, &client, op, 2);
    }
}

static void next_day(struct room *r)
{
    (void)r;
    later_ms += 24 * 3600 * 1000;
}

static void administrator(struct room *r)
{
    allow(r, "500");
}

/* Goal: whatever a laptop brings too much of in a day, the office says "later" and takes nothing of the push; the same
 * push is taken the day after, and at once if an administrator allows more. */
static void over_a_quota_the_answer_is_later_and_nothing_is_lost(void **state)
{
    struct room *r = *state;
    void (*const all[])(struct room * r, struct office_batch * b) = {write_400, write_large, write_persons,
                                                                     write_links};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(bring_twice(r, all[i], NULL), 0); /* the first of the day */
        assert_int_equal(bring_twice(r, all[i], next_day), 0);
        assert_int_equal(bring_twice(r, all[i], administrator), 0);
        assert_int_equal(bring_twice(r, all[i], NULL), 0);
        allow(r, "1");
        next_day(r);
    }
}

/* Goal: the first push of a day is taken however large it is: a queue gets smaller in any case. */
static void the_first_push_of_a_day_is_taken(void **state)
{
    struct room *r = *state;
    struct office_batch *b = office_batch();
    notes(r, b, 600, "seen at home");
    assert_int_equal(bring(r, b, NULL), 0);
    office_batch_free(b);
    assert_int_equal(bring_twice(r, write_400, next_day), 0);
}

/* Goal: an office whose clock was set back does not count an old day for ever. */
static void a_clock_that_was_set_back_begins_a_new_day(void **state)
{
    struct room *r = *state;
    later_ms = 40ull * 24 * 3600 * 1000;
    assert_int_equal(bring_twice(r, write_400, NULL), 0);
    later_ms = 0;
    assert_int_equal(bring_twice(r, write_400, NULL), 0);
}

static void write_strange(struct room *r, struct office_batch *b)
{
    struct id elsewhere = {{1, 2, 3}};
    (void)r;
    for (int i = 0; i < 60; i++) {
        struct id note = id_new(clock_wall());
        (void)office_set(&r->laptop, b, KIND_NOTE, &elsewhere, &note, "text", "in nobody's case");
    }
}

/* Goal: what is held of a laptop has a bound of its own; over it nothing more is held, and nothing dropped. */
static void what_is_held_of_a_laptop_is_bounded(void **state)
{
    struct room *r = *state;
    struct office_batch *b = office_batch();
    size_t held;
    write_strange(r, b);
    assert_int_equal(bring(r, b, &held), 0);
    assert_int_equal(held, 60);
    office_batch_free(b);
    assert_int_equal(bring_twice(r, write_strange, administrator), 0);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM entry WHERE held = 1"), 120);
}

/* The case of a person, taken down like the person. */
static void write_case(struct room *r, struct office_batch *b, const struct id *client)
{
    struct id kase = id_new(clock_wall());
    char text[ID_TEXT];
    id_format(client, text);
    (void)office_set(&r->laptop, b, KIND_CASE, &kase, &kase, "client", text);
}

/* Goal: how many persons of a laptop wait for a case has a bound, whatever the days in which they come: the office
 * takes no more of them, and holds and drops nothing. A person with a case does not wait, and an administrator allows
 * more. */
static void persons_who_wait_for_a_case_are_bounded(void **state)
{
    struct room *r = *state;
    struct office_laptop before;
    struct office_batch *b;
    struct id persons[8];
    struct quota q;
    for (int day = 0; day < 5; day++) {
        b = office_batch();
        for (int i = 0; i < 8; i++) {
            persons[i] = id_new(clock_wall());
            (void)office_set(&r->laptop, b, KIND_CLIENT, &persons[i], &persons[i], "legal_name", "Ada");
        }
        assert_int_equal(bring(r, b, NULL), 0);
        office_batch_free(b);
        next_day(r);
    }
    PAIR_OK(quota_read(r->office, &r->laptop.device, &q, &pair_e));
    assert_int_equal(q.waiting, 40);
    assert_int_equal(q.waiting_limit, 40);
    before = r->laptop;
    assert_int_equal(bring_twice(r, write_persons, NULL), E_BUSY);
    assert_non_null(strstr(why.text, "later: 40 persons whom this laptop took down wait at the office for a case"));
    assert_non_null(strstr(why.text, "Nothing is lost"));
    r->laptop = before;
    b = office_batch(); /* what takes nobody down is taken as ever */
    notes(r, b, 3, "seen at home");
    for (int i = 0; i < 8; i++)
        write_case(r, b, &persons[i]);
    assert_int_equal(bring(r, b, NULL), 0);
    office_batch_free(b);
    PAIR_OK(quota_read(r->office, &r->laptop.device, &q, &pair_e));
    assert_int_equal(q.waiting, 32);
    next_day(r);
    assert_int_equal(bring_twice(r, write_persons, NULL), 0);
    next_day(r);
    assert_int_equal(bring_twice(r, write_persons, administrator), 0);
}

/* Goal: a courier file, which an administrator takes in, is not bounded. */
static void a_courier_file_is_not_bounded(void **state)
{
    struct room *r = *state;
    for (int i = 0; i < 3; i++) {
        struct office_batch *b = office_batch();
        write_400(r, b);
        assert_int_equal(office_push_well(r->office, &r->laptop, b), 0);
        office_batch_free(b);
    }
}

static void write_events(struct room *r, struct office_batch *b)
{
    for (int i = 0; i < 60; i++) {
        struct id event = id_new(clock_wall());
        (void)office_set(&r->laptop, b, KIND_EVENT, &nowhere, &event, "what", "wiped");
    }
}

/* Goal: of a laptop that is shut out only so much is kept, its events among it; then its link is closed, until an
 * administrator opens it. */
static void a_shut_out_laptop_is_closed(void **state)
{
    struct room *r = *state;
    struct office_laptop before;
    struct quota q;
    pair_office_write(r->office, KIND_DEVICE, &nowhere, &r->laptop.device.device, 0, "status", "disabled", NULL);
    assert_int_equal(bring_twice(r, write_events, NULL), 0);
    PAIR_OK(quota_check_link(r->office, &r->laptop.device, &pair_e));
    before = r->laptop;
    assert_int_equal(bring_twice(r, write_events, NULL), E_REFUSED);
    assert_non_null(strstr(why.text, "its link is closed"));
    PAIR_OK(quota_close(r->office, &r->laptop.device, &pair_e));
    assert_int_equal(quota_check_link(r->office, &r->laptop.device, &why), E_REFUSED);
    PAIR_OK(quota_read(r->office, &r->laptop.device, &q, &pair_e));
    assert_true(q.closed);
    allow(r, "2");
    PAIR_OK(quota_check_link(r->office, &r->laptop.device, &pair_e));
    r->laptop = before;
    assert_int_equal(bring_twice(r, write_events, NULL), 0);
    /* Let in again, it begins anew. */
    allow(r, "1");
    pair_office_write(r->office, KIND_DEVICE, &nowhere, &r->laptop.device.device, 0, "status", "active", NULL);
    next_day(r);
    assert_int_equal(bring_twice(r, write_400, NULL), 0);
    PAIR_OK(quota_check_link(r->office, &r->laptop.device, &pair_e));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(over_a_quota_the_answer_is_later_and_nothing_is_lost),
        TEST(the_first_push_of_a_day_is_taken),
        TEST(a_clock_that_was_set_back_begins_a_new_day),
        TEST(what_is_held_of_a_laptop_is_bounded),
        TEST(persons_who_wait_for_a_case_are_bounded),
        TEST(a_courier_file_is_not_bounded),
        TEST(a_shut_out_laptop_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
