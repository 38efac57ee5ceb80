/* Tests: daemon/deal/deal.c
 * What a contested text or status was written over is dealt to laptops that lack it. */
#include "deal_fixture.h"

static void set_assessment(struct central *office, const struct id *kase, const char *text)
{
    pair_office_write(office, KIND_CASE, kase, kase, 0, "assessment", text, NULL);
}

/* Goal: somebody comes home with an edit of a text that was replaced twice since. A laptop that got the case with the
 * last version alone gets, before that edit, what both were written over: also if each batch holds one entry, and
 * if the link breaks on the way. One that gets the case only now gets it compact. All show both edits. */
static void test_background(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *home = &r->p[0], *other = &r->p[1], *late = &r->p[2];
    const char *sql = "SELECT assessment FROM \"case\" WHERE id = ?";
    char user[ID_TEXT];
    for (unsigned breaks = 0; breaks < 4; breaks++) {
        struct id assignment = id_new(clock_wall()), kase = id_new(clock_wall()), mine = id_new(clock_wall());
        uint64_t before;
        pair_office_write(home->office, KIND_CASE, &kase, &kase, 1, "assessment", "one\n\ntwo\n", "title", "first",
                          NULL);
        id_format(&home->user, user);
        pair_office_write(home->office, KIND_ASSIGNMENT, &kase, &mine, 1, "user", user, "status", "active", NULL);
        assert_true(deal_pull(home, LIMITS_BATCH_MAX, 0, NULL, NULL));
        set_assessment(home->office, &kase, "two\n\ntwo\n");
        set_assessment(home->office, &kase, "three\n\ntwo\n");
        /* What ended the first title is dead, and does not come: the mask alone keeps that one from coming back. */
        pair_office_write(home->office, KIND_CASE, &kase, &kase, 0, "title", "second", NULL);
        pair_office_write(home->office, KIND_CASE, &kase, &kase, 0, "title", "third", NULL);
        id_format(&other->user, user);
        pair_office_write(home->office, KIND_ASSIGNMENT, &kase, &assignment, 1, "user", user, "status", "active", NULL);
        assert_true(deal_pull(other, LIMITS_BATCH_MAX, 0, NULL, NULL));
        office_expect(other->db, sql, &kase, "three\n\ntwo\n");
        before = pair_count(other->db, "SELECT count(*) FROM entry WHERE kind = 8");
        /* The edit of one that was out. */
        pair_field_write(home, KIND_CASE, &kase, &kase, 0, "assessment", "one\n\nfour\n", NULL);
        assert_int_equal(pair_push(home), 0);
        if (breaks != 0)
            (void)deal_pull(other, 1, breaks, NULL, NULL);
        assert_true(deal_pull(other, breaks == 0 ? LIMITS_BATCH_MAX : 1, 0, NULL, NULL));
        office_expect(other->db, sql, &kase, "three\n\nfour\n");
        assert_int_equal(pair_count(other->db, "SELECT count(*) FROM entry WHERE kind = 8"), before + 3);
        assert_true(deal_pull(home, LIMITS_BATCH_MAX, 0, NULL, NULL));
        office_expect(home->db, sql, &kase, "three\n\nfour\n");
        assignment = id_new(clock_wall());
        id_format(&late->user, user);
        pair_office_write(home->office, KIND_ASSIGNMENT, &kase, &assignment, 1, "user", user, "status", "active", NULL);
        assert_true(deal_pull(late, breaks == 0 ? LIMITS_BATCH_MAX : 1, 0, NULL, NULL));
        office_expect(late->db, sql, &kase, "three\n\nfour\n");
        assert_int_equal(pair_count(late->db, "SELECT count(*) FROM conflict"), breaks + 1);
    }
}

/* Goal: a change that others' edits of a text were written over, and that comes in its turn anyway, does not come
 * before it: its risk is replaced by a later change, and if the link breaks between the two, some risk stands all
 * the same, the one from before or a later one. */
static void test_in_its_turn(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *first = &r->p[0], *other = &r->p[1], *third = &r->p[2];
    struct pair *const both[] = {other, third};
    char user[ID_TEXT];
    pair_office_write(first->office, KIND_CASE, &r->kase, &r->kase, 0, "assessment", "one\n\ntwo\n", "risk", "low",
                      NULL);
    for (int i = 0; i < 2; i++) {
        struct id assignment = id_new(clock_wall());
        id_format(&both[i]->user, user);
        pair_office_write(first->office, KIND_ASSIGNMENT, &r->kase, &assignment, 1, "user", user, "status", "active",
                          NULL);
    }
    for (int i = 0; i < LAPTOPS; i++)
        assert_true(deal_pull(&r->p[i], LIMITS_BATCH_MAX, 0, NULL, NULL));
    /* One edit; then two by somebody who has not seen it, of which the first sets the risk, too. */
    pair_field_write(first, KIND_CASE, &r->kase, &r->kase, 0, "assessment", "one\n\nfour\n", NULL);
    pair_field_write(third, KIND_CASE, &r->kase, &r->kase, 0, "assessment", "two\n\ntwo\n", "risk", "high", NULL);
    pair_field_write(third, KIND_CASE, &r->kase, &r->kase, 0, "assessment", "three\n\ntwo\n", NULL);
    assert_int_equal(pair_push(first), 0);
    assert_int_equal(pair_push(third), 0);
    pair_office_write(first->office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "critical", NULL);
    for (unsigned batches = 1, done = 0; !done; batches++) {
        done = deal_pull(other, 1, batches, NULL, NULL) ||
               pair_count(other->db, "SELECT count(*) FROM \"case\" WHERE risk = 'critical'") != 0;
        assert_int_equal(pair_count(other->db, "SELECT count(*) FROM \"case\" WHERE risk IS NOT NULL"), 1);
    }
    assert_true(deal_pull(other, 1, 0, NULL, NULL));
    office_expect(other->db, "SELECT assessment FROM \"case\" WHERE id = ?", &r->kase, "three\n\nfour\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, deal_fixture_set_up, deal_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_background),
        TEST(test_in_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
