/* Tests: daemon/server/beside.c daemon/central/central.c
 * A long command in a thread beside the loop: the record has one owner at a time, a short command on the loop neither
 * gives it away nor waits, who acts is as before when it comes back, a second command is refused, and one that is told
 * to end hears it at its next piece. */
#include "office_fixture.h"

#include <string.h>

#include "beside.h"

enum { PIECES = 200 };

static struct server server;
static struct id before;
static int owners, most, pieces, on_loop, ended, told;

/* Counts who has the record just now. */
static void owns(void)
{
    if (++owners > most)
        most = owners;
    owners--;
}

static void work(void *arg)
{
    struct central *c = server.central;
    struct central_pause pause = {.is_given = 0};
    struct error e = {0, ""};
    (void)arg;
    before = c->author.person;
    for (pieces = 0; pieces < PIECES && !told; pieces++) {
        owns();
        central_give(c, &pause);
        told = central_take(c, &pause, &e) != 0;
        assert_true(!told || e.code == E_BUSY);
        assert_true(id_equal(&c->author.person, &before));
    }
}

static void done(void *arg)
{
    (void)arg;
    ended = 1;
    assert_null(server.beside);
    assert_null(server.central->turn);
}

/* What the loop does with the record between pieces: somebody else acts. */
static void on_turn(uv_check_t *check)
{
    struct central_pause pause = {.is_given = 0};
    struct error e;
    owns();
    central_give(server.central, &pause); /* a short command has the record already, and keeps it */
    assert_int_equal(central_take(server.central, &pause, &e), 0);
    central_act_as_office(server.central);
    on_loop++;
    if (check->data != NULL && on_loop == 5)
        beside_stop(server.beside);
    if (!ended)
        assert_int_equal(beside_start(&server, "import", work, done, NULL, &e), E_BUSY);
    else
        uv_close((uv_handle_t *)check, NULL);
}

static void run(struct central *c, void *stops)
{
    uv_check_t check;
    owners = most = pieces = on_loop = ended = told = 0;
    memset(&server, 0, sizeof server);
    server.central = c;
    assert_int_equal(uv_loop_init(&server.loop), 0);
    assert_int_equal(uv_check_init(&server.loop, &check), 0);
    check.data = stops;
    assert_int_equal(uv_check_start(&check, on_turn), 0);
    PAIR_OK(central_act_as(c, NULL, &pair_e));
    PAIR_OK(beside_start(&server, "import", work, done, NULL, &pair_e));
    assert_int_equal(uv_run(&server.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&server.loop), 0);
    assert_true(ended);
    assert_int_equal(most, 1);
}

/* Goal: thread and loop take turns, and never have the record together. */
static void the_record_has_one_owner(void **state)
{
    run(*state, NULL);
    assert_int_equal(pieces, PIECES);
    assert_in_range(on_loop, PIECES, 10 * PIECES);
}

/* Goal: who is told to end hears it at the next piece. */
static void who_is_told_to_end_ends(void **state)
{
    run(*state, &server);
    assert_true(told);
    assert_in_range(pieces, 1, PIECES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_record_has_one_owner, office_set_up, office_tear_down),
        cmocka_unit_test_setup_teardown(who_is_told_to_end_ends, office_set_up, office_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
