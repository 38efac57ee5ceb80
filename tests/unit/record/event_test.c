/* Tests: common/record/event.c
 * An event record has what happened, and of time, count and officers what there is to say. */
#include "event.h"

#include "office_fixture.h"

static struct db *db;
static struct edit_author author;

static uint64_t noon(void)
{
    return 1700000000000u; /* 2023-11-14T22:13:20Z */
}

static int start(void **state)
{
    struct id device = {{7}};
    (void)state;
    if (sodium_init() < 0 || db_open_memory(&db, NULL) != 0 || log_create(db, NULL) != 0 ||
        record_create(db, NULL) != 0 || edit_author_create(db, &device, NULL) != 0 ||
        edit_author_load(db, &author, NULL) != 0)
        return -1;
    author.wall = noon;
    return 0;
}

static int end(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

static void write_down(const struct event *event)
{
    struct edit edit;
    PAIR_OK(event_edit(&edit, db, &author, event, &pair_e));
    PAIR_OK(edit_commit(&edit, &author, NULL, NULL, &pair_e));
}

/* Goal: every field that there is something to say of is set, in one change of the office-wide scope. */
static void says_everything(void **state)
{
    const struct id officers[2] = {{{1}}, {{2}}};
    const struct event event = {.what = "recovered", .at_ms = noon() - 1000, .count = 3, .officers = officers};
    (void)state;
    write_down(&event);
    assert_int_equal(pair_count(db, "SELECT count(*) FROM entry"), 1);
    assert_int_equal(pair_count(db,
                                "SELECT count(*) FROM event WHERE what = 'recovered' AND at = '2023-11-14T22:13:19Z'"
                                " AND count = 3 AND officer = '01000000-0000-0000-0000-000000000000' AND "
                                "second_officer = '02000000-0000-0000-0000-000000000000'"),
                     1);
}

/* Goal: without a time it is now; a count of 0 and no officers leave their fields empty. */
static void says_no_more_than_there_is(void **state)
{
    const struct event event = {.what = "new data key"};
    (void)state;
    write_down(&event);
    assert_int_equal(pair_count(db,
                                "SELECT count(*) FROM event WHERE at = '2023-11-14T22:13:20Z' AND count IS NULL AND "
                                "officer IS NULL AND second_officer IS NULL"),
                     1);
}

/* Goal: a clock that is far from all reason costs the record its time, and nothing else. */
static void has_no_time_of_a_mad_clock(void **state)
{
    const struct event event = {.what = "new epoch", .at_ms = CLOCK_MS_MAX, .count = 1};
    (void)state;
    write_down(&event);
    assert_int_equal(pair_count(db, "SELECT count(*) FROM event WHERE at IS NULL AND count = 1"), 1);
}

/* Goal: what is no choice of the kind is refused, and nothing is written. */
static void refuses_other_words(void **state)
{
    const struct event event = {.what = "a party"};
    struct edit edit;
    struct error e;
    (void)state;
    assert_int_equal(event_edit(&edit, db, &author, &event, &e), E_INPUT);
    assert_int_equal(pair_count(db, "SELECT count(*) FROM entry"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_everything, start, end),
        cmocka_unit_test_setup_teardown(says_no_more_than_there_is, start, end),
        cmocka_unit_test_setup_teardown(has_no_time_of_a_mad_clock, start, end),
        cmocka_unit_test_setup_teardown(refuses_other_words, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
