/* Tests: common/judge/trial.c common/schema/schema_sql.c
 * The trial of a log keeps the caseloads of the users who wrote last, and each change is judged by its own user's. */
#include "office_fixture.h"

#include "trial.h"

enum { WRITERS = 40 }; /* more than caseloads are kept */

struct room {
    struct central *c;
    struct id users[WRITERS], clients[WRITERS], cases[WRITERS];
    struct office_laptop laptops[WRITERS];
    struct trial *trial;
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct id assignment;
    assert_non_null(r);
    r->c = office_new();
    for (int i = 0; i < WRITERS; i++) {
        char login[16];
        (void)snprintf(login, sizeof login, "worker-%d", i);
        r->users[i] = office_user(r->c, login, "case manager");
        pair_office_case(r->c, &r->users[i], &r->clients[i], &r->cases[i], &assignment);
        office_laptop(r->c, &r->users[i], &r->laptops[i]);
    }
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    trial_close(r->trial);
    pair_office_free(r->c);
    free(r);
    return 0;
}

/* A worker writes a note in the case of a worker; returns how many of it are held. */
static size_t write_note(struct room *r, int writer, int of)
{
    struct office_batch *b = office_batch();
    struct id note = id_new(clock_wall());
    size_t held;
    (void)office_set(&r->laptops[writer], b, KIND_NOTE, &r->cases[of], &note, "text", "seen at home");
    held = office_push_well(r->c, &r->laptops[writer], b);
    office_batch_free(b);
    return held;
}

/* Each batch here has one change. */
static int take(void *arg, struct log_entry *entry, struct error *e)
{
    return trial_take(arg, entry, 1, e);
}

static void judge_all(struct room *r)
{
    PAIR_OK(trial_open(&r->trial, &r->c->author.chain.device, &pair_e));
    PAIR_OK(log_each(r->c->db, 0, take, r->trial, &pair_e));
}

/* Goal: of more users than caseloads are kept each is judged by his own, whoever's place he got. */
static void each_of_many_writers_is_judged_by_his_own_caseload(void **state)
{
    struct room *r = *state;
    size_t breaches;
    for (int i = 0; i < 2 * WRITERS; i++)
        assert_int_equal(write_note(r, i % WRITERS, i % WRITERS), 0);
    for (int i = 0; i < WRITERS; i += 8)
        assert_int_equal(write_note(r, i, (i + 1) % WRITERS), 1);
    for (int i = WRITERS; i-- > 0;)
        assert_int_equal(write_note(r, i, i), 0);
    judge_all(r);
    (void)trial_breaches(r->trial, &breaches);
    assert_int_equal(breaches, 0);
    assert_int_equal(trial_counted(r->trial).judged, 3 * WRITERS);
    assert_int_equal(trial_counted(r->trial).held, WRITERS / 8);
    assert_int_equal(trial_counted(r->trial).late, 0);
}

/* Goal: whether some hold names a change is looked up, and not searched among all holds of a laptop. */
static void a_hold_is_found_by_the_change_that_it_names(void **state)
{
    struct room *r = *state;
    sqlite3_stmt *s;
    judge_all(r);
    assert_int_equal(db_first(trial_record(r->trial), &s, NULL,
                              "EXPLAIN QUERY PLAN SELECT 1 FROM hold WHERE device = ? AND epoch = ? AND seq = ?", "tuu",
                              "00", (uint64_t)1, (uint64_t)1),
                     1);
    assert_non_null(strstr(db_text(s, 3), "hold_change (device=? AND epoch=? AND seq=?)"));
    db_done(trial_record(r->trial), s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_of_many_writers_is_judged_by_his_own_caseload, start, end),
        cmocka_unit_test_setup_teardown(a_hold_is_found_by_the_change_that_it_names, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
