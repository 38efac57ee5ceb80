/* Tests: daemon/deal/deal_memory.c
 * What the office remembers of a laptop: a sync for which nothing has changed costs one row, and is never mistaken. */
#include "deal_fixture.h"

/* Deals all, and confirms it. */
static void deal_and_confirm(struct pair *p)
{
    struct apply_result result = {0};
    struct message_entries m;
    struct deal_memory memory;
    struct deal deal;
    pair_deal(p, &deal);
    while (!result.done) {
        PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
        PAIR_OK(pair_apply(p, &m, &result, &pair_e));
        deal_release(&memory);
    }
    assert_true(result.agrees);
    PAIR_OK(central_begin(p->office, &pair_e));
    PAIR_OK(deal_confirm(&deal, p->office, &pair_e));
    PAIR_OK(central_commit(p->office, &pair_e));
    deal_free(&deal);
}

/* 1: the office answers at once that nothing has changed, and the laptop agrees. */
static int is_unchanged(struct pair *p)
{
    struct apply_result result = {0};
    struct message_entries m;
    struct deal_memory memory;
    int same = deal_unchanged(p->office, &p->device, db_meta_uint(p->db, "pull_cursor"), &m, &memory, NULL);
    assert_true(same >= 0);
    if (same == 1) {
        PAIR_OK(pair_apply(p, &m, &result, &pair_e));
        assert_true(result.done && result.agrees && result.entries == 0 && result.purged == 0);
    }
    deal_release(&memory);
    return same;
}

/* Goal: for a laptop for which nothing has changed since its last receipt the office looks at no scope; and it says so
 * only then, whatever was written: in a case of its own or of others, of who has a case, of persons, of a hold. */
static void test_an_idle_sync_touches_no_scope(void **state)
{
    static const unsigned kinds[] = {KIND_NOTE, KIND_CASE, KIND_ASSIGNMENT};
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    struct id elsewhere = id_new(1), note;
    struct message_entries m;
    struct deal_memory memory;
    assert_int_equal(is_unchanged(p), 0); /* it was dealt nothing yet */
    deal_and_confirm(p);
    assert_int_equal(is_unchanged(p), 1);
    PAIR_OK(db_exec(p->office->db, "CREATE TEMP TABLE kept AS SELECT * FROM scope_digest; DELETE FROM scope_digest",
                    &pair_e));
    assert_int_equal(is_unchanged(p), 1); /* no digest of a scope was asked for */
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM scope_digest"), 0);
    pair_office_write(p->office, KIND_CASE, &elsewhere, &elsewhere, 1, "title", "of others", NULL);
    assert_int_equal(is_unchanged(p), 0);
    deal_and_confirm(p);
    for (int i = 0; i < 600; i++) { /* more than what is remembered at once */
        note = id_new((uint64_t)(2 + i));
        pair_office_write(p->office, KIND_NOTE, &elsewhere, &note, 1, "text", "of others", NULL);
        if (i % 100 == 0)
            assert_int_equal(is_unchanged(p), 1);
    }
    assert_int_equal(is_unchanged(p), 1);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i] == KIND_NOTE)
            pair_office_write(p->office, KIND_NOTE, &r->kase, (note = id_new(1000), &note), 1, "text", "ours", NULL);
        else if (kinds[i] == KIND_CASE)
            pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, "title", "new", NULL);
        else
            pair_office_write(p->office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "disabled", NULL);
        assert_int_equal(is_unchanged(p), 0);
        deal_and_confirm(p);
        assert_int_equal(is_unchanged(p), 1);
    }
    /* A laptop that was put back lacks what it was dealt since. */
    assert_int_equal(deal_unchanged(p->office, &p->device, 1, &m, &memory, NULL), 0);
    PAIR_OK(db_exec(p->office->db, "UPDATE dealt_end SET schema = schema + 1", &pair_e));
    assert_int_equal(is_unchanged(p), 0); /* another version may deal another caseload */
}

/* 1: the office remembers the scopes that the laptop has. */
static int is_remembered(struct pair *p)
{
    struct caseload has;
    uint8_t digest[32];
    int remembered;
    PAIR_OK(apply_scopes(p->db, &has.scopes, &has.count, &pair_e));
    message_caseload_digest(has.scopes, has.count, digest);
    caseload_free(&has);
    remembered = deal_remembers(p->office, &p->device, digest, NULL);
    assert_true(remembered >= 0);
    return remembered;
}

/* Goal: a case comes, and the link breaks before the receipt; later the laptop lists it, there is nothing new, and the
 * link breaks again. The office says "nothing new" of no case of which it has no receipt. */
static void test_a_case_without_a_receipt_is_not_remembered(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    struct id client, kase, assignment, elsewhere = id_new(1), note;
    pair_office_write(p->office, KIND_CASE, &elsewhere, &elsewhere, 1, "title", "of others", NULL);
    deal_and_confirm(p);
    assert_int_equal(is_remembered(p), 1);
    pair_office_case(p->office, &p->user, &client, &kase, &assignment);
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    assert_int_equal(is_remembered(p), 0);
    for (int i = 0; i < 300; i++) {
        note = id_new((uint64_t)(2 + i));
        pair_office_write(p->office, KIND_NOTE, &elsewhere, &note, 1, "text", "of others", NULL);
    }
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    note = id_new(1000);
    pair_office_write(p->office, KIND_NOTE, &kase, &note, 1, "text", "ours", NULL);
    if (is_remembered(p))
        assert_int_equal(is_unchanged(p), 0);
    assert_int_equal(is_remembered(p), 0);
    deal_and_confirm(p);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 1);
    assert_int_equal(is_remembered(p), 1);
}

/* Goal: two workers set the state of a plan differently. Their supervisor, who has had a receipt, is told of it at the
 * next sync though nobody's assignment changed; and when one of them has decided it, the laptop lets go of the case. */
static void test_a_conflict_that_waits_is_news_for_who_decides_it(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *one = &r->p[0], *other = &r->p[1], sara;
    struct id user = office_user(one->office, "sara", "supervisor"), plan = id_new(1), assignment = id_new(2);
    char text[ID_TEXT];
    id_format(&user, text);
    pair_office_write(one->office, KIND_USER, &pair_everywhere, &one->user, 0, "supervisor", text, NULL);
    id_format(&other->user, text);
    pair_office_write(one->office, KIND_ASSIGNMENT, &r->kase, &assignment, 1, "user", text, "status", "active", NULL);
    pair_office_write(one->office, KIND_PLAN, &r->kase, &plan, 1, "title", "a flat", "status", "draft", NULL);
    deal_add_laptop(one, &sara, &user);
    deal_and_confirm(one);
    deal_and_confirm(other);
    deal_and_confirm(&sara);
    pair_field_write(one, KIND_PLAN, &r->kase, &plan, 0, "status", "active", NULL);
    pair_field_write(other, KIND_PLAN, &r->kase, &plan, 0, "status", "completed", NULL);
    assert_int_equal(pair_push(one), 0);
    assert_int_equal(is_unchanged(&sara), 1); /* it is contested by nobody yet, and in a case of others */
    assert_int_equal(pair_push(other), 0);
    assert_int_equal(is_unchanged(&sara), 0);
    deal_and_confirm(&sara);
    assert_int_equal(pair_count(sara.db, "SELECT count(*) FROM conflict WHERE loud = 1"), 1);
    assert_int_equal(is_unchanged(&sara), 1);
    deal_and_confirm(one);
    pair_field_write(one, KIND_PLAN, &r->kase, &plan, 0, "status", "completed", NULL);
    assert_int_equal(pair_push(one), 0);
    assert_int_equal(pair_count(one->office->db, "SELECT count(*) FROM conflict WHERE loud = 1"), 0);
    assert_int_equal(is_unchanged(&sara), 0);
    deal_and_confirm(&sara);
    assert_int_equal(pair_count(sara.db, "SELECT count(*) FROM \"case\""), 0);
    assert_int_equal(pair_count(sara.db, "SELECT count(*) FROM plan"), 0);
    assert_int_equal(is_unchanged(&sara), 1);
    db_close(sara.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_idle_sync_touches_no_scope, deal_fixture_set_up,
                                        deal_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_case_without_a_receipt_is_not_remembered, deal_fixture_set_up,
                                        deal_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_conflict_that_waits_is_news_for_who_decides_it, deal_fixture_set_up,
                                        deal_fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
