/* Tests: daemon/intake/fork.c client/sync/reissue.c client/store/store_event.c
 * A laptop whose disk was put back, and an office that is then put back itself: both go on, and nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reissue_fixture.h"
#include "setback_fixture.h"
#include "store_event.h"

struct room {
    struct pair p;
    struct id client, kase, assignment;
    struct setback_fixture backup;
};

static struct id note(struct room *r, const struct id *kase, const char *text)
{
    struct id record = id_new(clock_wall());
    pair_field_write(&r->p, KIND_NOTE, kase, &record, 1, "text", text, NULL);
    return record;
}

static void event(struct room *r)
{
    struct event said = {.what = "wrong passphrases", .at_ms = clock_wall(), .count = 1};
    PAIR_OK(db_begin(r->p.db, &pair_e));
    PAIR_OK(store_event_add(r->p.db, &r->p.author, &said, &pair_e));
    PAIR_OK(db_commit(r->p.db, &pair_e));
}

/* Meets, goes on in a new epoch if it must, sends and gets all. Was a new epoch given? */
static int sync(struct room *r)
{
    struct pair *p = &r->p;
    struct message_welcome welcome;
    struct apply_result result;
    int forked;
    p->device.epoch = p->author.chain.epoch;
    pair_welcome(p, &welcome);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    if ((forked = p->forked) != 0) {
        struct reissue_answer answer = reissue_fixture_ask(p);
        (void)reissue_fixture_go_on(p, &answer);
    }
    assert_int_equal(pair_push(p), 0);
    assert_false(p->forked);
    (void)pair_pull(p, &result);
    assert_true(result.agrees);
    assert_false(result.rebuilt);
    return forked;
}

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    char text[ID_TEXT], sign[65], noise[65];
    assert_non_null(r);
    pair_start(&r->p);
    id_format(&r->p.user, text);
    office_hex(r->p.device.sign_key, 32, sign);
    office_hex(r->p.device.sign_key, 31, noise);
    (void)strncat(noise, "00", sizeof noise - strlen(noise) - 1);
    pair_office_write(r->p.office, KIND_DEVICE, &pair_everywhere, &r->p.device.device, 1, "user", text, "sign_key",
                      sign, "noise_key", noise, "status", "active", NULL);
    pair_office_case(r->p.office, &r->p.user, &r->client, &r->kase, &r->assignment);
    (void)sync(r);
    (void)note(r, &r->kase, "1, before the backup");
    (void)sync(r);
    setback_fixture_back_up(r->p.office, &r->backup);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    office_check(r->p.office);
    PAIR_OK(fork_check(r->p.office->db, &pair_e));
    db_close(r->backup.db);
    pair_end(&r->p);
    free(r);
    return 0;
}

/* The disk is put back to before what it wrote and brought to the office since; then one more note, and a new epoch. */
static void fork(struct room *r)
{
    struct pair *p = &r->p;
    struct db *image;
    struct edit_author before = p->author;
    PAIR_OK(db_open_memory(&image, &pair_e));
    setback_fixture_copy(p->db, image);
    (void)note(r, &r->kase, "2, gone with the disk");
    event(r); /* which nobody is dealt: a gap in what comes back */
    (void)note(r, &r->kase, "3, gone with the disk");
    assert_int_equal(pair_push(p), 0);
    setback_fixture_copy(image, p->db);
    db_close(image);
    p->author = before;
    (void)note(r, &r->kase, "4, on the old disk");
    assert_int_equal(sync(r), 1);
    assert_true(p->author.chain.epoch > 1);
}

static void put_back(struct room *r)
{
    setback_fixture_put_back(r->p.office, &r->backup);
    setback_fixture_announce(r->p.office, r->backup.checkpoint_size);
}

/* Both have notes 1 to `last`, each once, and nothing is held or waits. */
static void check_notes(struct room *r, char last)
{
    for (char n = '1'; n <= last; n++) {
        char sql[120];
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*) FROM note WHERE text LIKE '%%\"%c, %%' AND json_array_length(text) = 1", n);
        assert_int_equal(pair_count(r->p.office->db, sql), 1);
        assert_int_equal(pair_count(r->p.db, sql), 1);
    }
    assert_int_equal(pair_count(r->p.office->db, "SELECT count(*) FROM hold"), 0);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM entry WHERE position IS NULL"), 0);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM entry WHERE position >= 4611686018427387904"), 0);
}

/* Goal: an office that was put back to before it gave the laptop's epoch: what waits, what was there, and what came
 * back of the laptop's own from before its disk was put back, with gaps, all goes on in an epoch that was never given.
 */
static void an_epoch_that_the_office_lost(void **state)
{
    struct room *r = *state;
    uint64_t second;
    fork(r);
    second = r->p.author.chain.epoch;
    check_notes(r, '4');
    (void)note(r, &r->kase, "5, unsent");
    put_back(r);
    assert_int_equal(pair_count(r->p.office->db, "SELECT count(*) FROM note"), 1);
    assert_int_equal(sync(r), 1);
    assert_int_equal(r->p.back.found, 0); /* by the last meeting of that sync */
    assert_true(r->p.author.chain.epoch > second);
    check_notes(r, '5');
    (void)note(r, &r->kase, "6, later");
    assert_int_equal(sync(r), 0);
    check_notes(r, '6');
}

/* Goal: the link breaks behind the welcome, and behind the answer: the next sync goes on all the same. */
static void a_broken_link(void **state)
{
    struct room *r = *state;
    struct message_welcome welcome;
    fork(r);
    put_back(r);
    r->p.device.epoch = r->p.author.chain.epoch;
    pair_welcome(&r->p, &welcome);
    PAIR_OK(pair_meet(&r->p, &welcome, &pair_e));
    assert_int_equal(r->p.back.found, 1);
    assert_true(r->p.forked);
    pair_welcome(&r->p, &welcome);
    PAIR_OK(pair_meet(&r->p, &welcome, &pair_e));
    assert_true(r->p.forked);
    (void)reissue_fixture_ask(&r->p);
    assert_int_equal(sync(r), 1);
    check_notes(r, '4');
}

/* Goal: an epoch that the put-back office knows stays: what was in it goes again under its old numbers, and what a copy
 * wrote in the old one is the copy's to bring. */
static void an_epoch_that_the_office_has(void **state)
{
    struct room *r = *state;
    uint64_t second;
    fork(r);
    second = r->p.author.chain.epoch;
    setback_fixture_back_up(r->p.office, &r->backup);
    (void)note(r, &r->kase, "5, lost there");
    assert_int_equal(sync(r), 0);
    put_back(r);
    assert_int_equal(sync(r), 0);
    assert_int_equal(r->p.author.chain.epoch, second);
    check_notes(r, '5');
}

/* Goal: of a case that left the laptop headers alone are here: they are kept as evidence, and in nobody's way, whether
 * the office lost the epoch, or the headers are gone, too, so that what comes after cannot follow. */
static void what_left_with_its_case(void **state)
{
    struct room *r = *state;
    struct id client, kase, assignment;
    for (int round = 0; round < 2; round++) {
        char text[40];
        if (round == 0)
            fork(r);
        pair_office_case(r->p.office, &r->p.user, &client, &kase, &assignment);
        (void)sync(r);
        if (round == 1)
            setback_fixture_back_up(r->p.office, &r->backup);
        (void)note(r, &kase, "of a case that leaves");
        (void)snprintf(text, sizeof text, "%d, behind it", 5 + round);
        (void)note(r, &r->kase, text);
        (void)sync(r);
        pair_office_write(r->p.office, KIND_ASSIGNMENT, &kase, &assignment, 0, "status", "disabled", NULL);
        (void)sync(r);
        assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM own_header") != 0, 1);
        if (round == 1)
            PAIR_OK(db_run(r->p.db, &pair_e, "DELETE FROM own_header", ""));
        put_back(r);
        assert_int_equal(sync(r), 1);
        check_notes(r, round == 0 ? '5' : '6');
        if (round == 0)
            assert_true(pair_count(r->p.office->db, "SELECT count(*) FROM evidence WHERE body IS NULL") != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_epoch_that_the_office_lost, start, end),
        cmocka_unit_test_setup_teardown(a_broken_link, start, end),
        cmocka_unit_test_setup_teardown(an_epoch_that_the_office_has, start, end),
        cmocka_unit_test_setup_teardown(what_left_with_its_case, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
