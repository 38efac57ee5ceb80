/* Tests: client/sync/apply.c daemon/deal/deal.c
 * Applying: a scope arrives whole or not at all; what a laptop shows is what the office shows; nothing goes on a
 * partial view. */
#include "pair_fixture.h"

static int start(void **state)
{
    struct pair *p = malloc(sizeof *p);
    pair_start(p);
    *state = p;
    return 0;
}

static int end(void **state)
{
    pair_end(*state);
    free(*state);
    return 0;
}

struct case_ids {
    struct id client, kase, assignment;
};

static struct case_ids office_case(struct pair *p)
{
    struct case_ids ids;
    pair_office_case(p->office, &p->user, &ids.client, &ids.kase, &ids.assignment);
    return ids;
}

/* Notes that fill more than a batch. */
static void big_notes(struct pair *p, const struct id *kase, unsigned count)
{
    char *text = malloc(50001);
    assert_non_null(text);
    memset(text, 'x', 50000);
    text[50000] = '\0';
    for (unsigned i = 0; i < count; i++) {
        struct id note = id_new(clock_wall());
        text[i] = 'y';
        pair_office_write(p->office, KIND_NOTE, kase, &note, 1, "text", text, NULL);
    }
    free(text);
}

static void pulled(struct pair *p)
{
    struct apply_result r;
    pair_pull(p, &r);
    assert_true(r.agrees);
    assert_false(r.rebuilt);
}

/* Goal: the first sync brings the caseload and what is office-wide, and both sides show the same. */
static void test_first(void **state)
{
    struct pair *p = *state;
    struct apply_result r;
    struct id other_user = id_new(clock_wall()), ids[3], *scopes;
    size_t count;
    office_case(p);
    pair_office_case(p->office, &other_user, &ids[0], &ids[1], &ids[2]);
    pair_pull(p, &r);
    assert_true(r.done && r.agrees && !r.rebuilt);
    assert_int_equal(r.arrived, 3); /* the case, the person, what is office-wide */
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\""), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM client"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"user\""), 1);
    assert_int_equal(db_meta_uint(p->db, "pull_cursor"), p->office->tree.size);
    assert_int_equal(r.position, p->office->tree.size);
    assert_int_equal(db_meta_uint(p->db, "agrees"), 1);
    PAIR_OK(apply_scopes(p->db, &scopes, &count, &pair_e));
    assert_int_equal(count, 3);
    assert_true(id_is_zero(&scopes[0])); /* sorted */
    assert_true(id_compare(&scopes[1], &scopes[2]) < 0);
    free(scopes);
    /* A second time brings nothing. */
    pair_pull(p, &r);
    assert_int_equal(r.entries, 0);
    assert_true(r.agrees);
}

/* Goal: news of what is held come alone, and move the logical clock. */
static void test_news(void **state)
{
    struct pair *p = *state;
    struct case_ids c = office_case(p);
    struct apply_result r;
    uint64_t before;
    pulled(p);
    before = p->author.hlc;
    pair_office_write(p->office, KIND_CASE, &c.kase, &c.kase, 0, "risk", "high", NULL);
    pair_pull(p, &r);
    assert_true(r.agrees && !r.rebuilt);
    assert_int_equal(r.entries, 1);
    assert_int_equal(r.arrived, 0);
    assert_true(p->author.hlc > before);
    assert_int_equal(db_meta_uint(p->db, "own_hlc"), p->author.hlc);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE risk = 'high'"), 1);
}

/* Goal: a link that breaks in the middle of a case shows nothing of it; the next sync brings it whole. */
static void test_broken_arrival(void **state)
{
    struct pair *p = *state;
    struct case_ids c = office_case(p);
    struct apply_result r;
    struct deal deal;
    struct message_entries m;
    struct deal_memory memory;
    big_notes(p, &c.kase, 30); /* 1.5 MB */
    memset(&r, 0, sizeof r);
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    assert_false(m.done);
    PAIR_OK(pair_apply(p, &m, &r, &pair_e));
    deal_release(&memory);
    deal_free(&deal); /* broken here */
    assert_true(pair_count(p->db, "SELECT count(*) FROM arriving") > 10);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM scope WHERE complete = 0"), 1);
    /* Meanwhile it goes on at the office. */
    pair_office_write(p->office, KIND_CASE, &c.kase, &c.kase, 0, "title", "food", NULL);
    assert_true(pair_pull(p, &r) > 1);
    assert_true(r.agrees && !r.rebuilt);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 30);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM arriving"), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM scope WHERE complete = 0"), 0);
}

/* Goal: a case that was taken down here and changed twice at the office comes back without the value in the middle, and
 * our own old one does not live on. */
static void test_own_case_arrives(void **state)
{
    struct pair *p = *state;
    struct id client = id_new(clock_wall()), kase = id_new(clock_wall());
    char text[ID_TEXT];
    pulled(p);
    id_format(&client, text);
    pair_field_write(p, KIND_CLIENT, &client, &client, 1, "legal_name", "Bea", NULL);
    pair_field_write(p, KIND_CASE, &kase, &kase, 1, "client", text, "title", "one", NULL);
    assert_int_equal(pair_push(p), 0);
    pair_office_write(p->office, KIND_CASE, &kase, &kase, 0, "title", "two", NULL);
    pair_office_write(p->office, KIND_CASE, &kase, &kase, 0, "title", "three", NULL);
    pulled(p);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'three'"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM conflict"), 0);
}

/* Goal: a case that has left the caseload goes, but not while a change in it waits to be sent. */
static void test_purge(void **state)
{
    struct pair *p = *state;
    struct case_ids stays = office_case(p), goes = office_case(p);
    struct apply_result r;
    pulled(p);
    pair_office_write(p->office, KIND_ASSIGNMENT, &goes.kase, &goes.assignment, 0, "status", "disabled", NULL);
    pair_field_write(p, KIND_CASE, &goes.kase, &goes.kase, 0, "title", "typed here", NULL);
    pair_pull(p, &r);
    assert_int_equal(r.purged, 1);   /* the person */
    assert_int_equal(r.kept, 1);     /* the case */
    assert_true(r.waits && !r.done); /* the office's digest is not of what is queued */
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'typed here'"), 1);
    /* Sent (and held there, for the case is somebody else's now), it may go. */
    assert_int_equal(pair_push(p), 1);
    pair_pull(p, &r);
    assert_int_equal(r.purged, 1);
    assert_int_equal(r.kept, 0);
    assert_true(r.agrees);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\""), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM client"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM held_note"), 1); /* its reason is still told */
    pair_office_write(p->office, KIND_CASE, &stays.kase, &stays.kase, 0, "title", "still mine", NULL);
    pulled(p);
}

/* Goal: a digest that differs is said, the record is made anew, and if that does not help all is dealt again. */
static void test_differs(void **state)
{
    struct pair *p = *state;
    struct apply_result r;
    struct deal deal;
    struct message_entries m;
    struct deal_memory memory;
    office_case(p);
    pulled(p);
    /* The projection alone is wrong: a rebuild heals it. */
    PAIR_OK(db_exec(p->db, "UPDATE \"case\" SET title = 'forged'; DELETE FROM op", &pair_e));
    pair_pull(p, &r);
    assert_true(r.agrees && r.rebuilt);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'housing'"), 1);
    /* The log is wrong: an entry is missing. */
    PAIR_OK(db_exec(p->db, "UPDATE \"case\" SET title = 'forged'; DELETE FROM entry WHERE kind = 8; DELETE FROM op",
                    &pair_e));
    pair_pull(p, &r);
    assert_true(!r.agrees && r.rebuilt && r.done);
    assert_int_equal(db_meta_uint(p->db, "agrees"), 2);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM scope WHERE complete = 1"), 0);
    pair_pull(p, &r);
    assert_true(r.agrees && !r.rebuilt);
    assert_int_equal(db_meta_uint(p->db, "agrees"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'housing'"), 1);
    /* The office's digest is not what it deals. */
    memset(&r, 0, sizeof r);
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    assert_true(m.done);
    m.digest[0] ^= 1;
    PAIR_OK(pair_apply(p, &m, &r, &pair_e));
    assert_false(r.agrees);
    deal_release(&memory);
    deal_free(&deal);
}

/* The laptop writes a title, and the office holds it. */
static void write_held(struct pair *p, const struct id *kase)
{
    p->device.revoked = 1;
    pair_field_write(p, KIND_CASE, kase, kase, 0, "title", "from the field", NULL);
    assert_int_equal(pair_push(p), 1);
    p->device.revoked = 0;
}

/* Releases what the office has held longest. */
static void release(struct pair *p)
{
    struct id hold;
    sqlite3_stmt *s;
    PAIR_OK(db_query(p->office->db, &s, &pair_e,
                     "SELECT id FROM hold WHERE status IS NOT 'released' ORDER BY seq LIMIT 1", ""));
    assert_int_equal(db_next(p->office->db, s, NULL), 1);
    PAIR_OK(id_parse(db_text(s, 0), &hold, &pair_e));
    db_done(p->office->db, s);
    pair_office_write(p->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
}

/* Goal: a change that the office held back and then released is shown again, and no longer noted. */
static void test_released(void **state)
{
    struct pair *p = *state;
    struct case_ids c = office_case(p);
    struct apply_result r;
    pulled(p);
    write_held(p, &c.kase);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'from the field'"), 0);
    pulled(p);
    release(p);
    pair_pull(p, &r);
    assert_true(r.agrees && !r.rebuilt);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'from the field'"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM held_note"), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry WHERE held = 1"), 0);
}

/* Goal: of two that were released, of which one was written over the other, neither counts as held if their case is
 * dealt anew, whole. */
static void test_released_and_written_over(void **state)
{
    struct pair *p = *state;
    struct case_ids c = office_case(p);
    pulled(p);
    p->device.revoked = 1;
    pair_field_write(p, KIND_CASE, &c.kase, &c.kase, 0, "title", "first", NULL);
    pair_field_write(p, KIND_CASE, &c.kase, &c.kase, 0, "title", "second", NULL);
    assert_int_equal(pair_push(p), 2);
    p->device.revoked = 0;
    PAIR_OK(db_exec(p->db, "UPDATE scope SET complete = 0", &pair_e));
    release(p);
    release(p);
    pulled(p);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'second'"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry WHERE held = 1"), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM held_note"), 0);
}

/* Goal: what the office holds back of ours outlives the arrival of its scope. */
static void test_held_survives(void **state)
{
    struct pair *p = *state;
    struct case_ids c = office_case(p);
    pulled(p);
    write_held(p, &c.kase);
    PAIR_OK(db_exec(p->db, "UPDATE scope SET complete = 0", &pair_e));
    pulled(p);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry WHERE held = 1 AND position IS NOT NULL"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\" WHERE title = 'housing'"), 1);
}

/* Goal: the same batch twice changes nothing; and a receipt says what is shown and waits to be sent. */
static void test_twice(void **state)
{
    struct pair *p = *state;
    struct apply_result r;
    struct deal deal;
    struct message_entries m;
    struct deal_memory memory;
    struct unsent_batch batch;
    uint64_t entries;
    office_case(p);
    pair_deal(p, &deal);
    memset(&r, 0, sizeof r);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    PAIR_OK(pair_apply(p, &m, &r, &pair_e));
    entries = pair_count(p->db, "SELECT count(*) FROM entry");
    PAIR_OK(pair_apply(p, &m, &r, &pair_e));
    assert_true(r.agrees && !r.rebuilt);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry"), entries);
    deal_release(&memory);
    deal_free(&deal);
    PAIR_OK(db_begin(p->db, &pair_e));
    PAIR_OK(apply_receipt(p->db, &p->author, &r, &pair_e));
    PAIR_OK(db_commit(p->db, &pair_e));
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.typed, 0);
    unsent_free(&batch);
    assert_int_equal(pair_push(p), 0);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM receipt WHERE position = 5"), 1);
    pulled(p);
}

/* Do both inflate to the same bytes? */
static int is_same_batch(struct slice a, struct slice b)
{
    struct batch_reader x, y;
    int same;
    PAIR_OK(batch_open(&x, a, 1, &pair_e));
    PAIR_OK(batch_open(&y, b, 1, &pair_e));
    same = x.size == y.size && memcmp(x.bytes, y.bytes, x.size) == 0;
    batch_close(&x);
    batch_close(&y);
    return same;
}

/* Goal: what a copy of this store wrote in its epoch while a sync runs is refused whole: it would have the number of
 * what is written here next. */
static void test_copy_in_use(void **state)
{
    struct pair *p = *state;
    struct case_ids ids = office_case(p);
    struct chain before = p->author.chain;
    struct id note = id_new(clock_wall());
    struct apply_result result = {0};
    struct message_entries m;
    struct deal_memory memory;
    struct error e = {0, ""};
    struct deal deal;
    pulled(p);
    pair_field_write(p, KIND_NOTE, &ids.kase, &note, 1, "text", "of the copy", NULL);
    assert_int_equal(pair_push(p), 0);
    PAIR_OK(db_run(p->db, &pair_e, "UPDATE scope SET complete = 0", ""));
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    p->author.chain = before;
    assert_int_equal(pair_apply(p, &m, &result, &e), E_VERIFY);
    assert_non_null(strstr(e.text, "the copy is in use"));
    deal_release(&memory);
    deal_free(&deal);
}

/* Goal: a batch that is cut anywhere, or has one bit changed, is refused, and nothing of it stays. (A few bits of
 * deflate mean nothing, padding and lengths of codes that are not used: with one of these changed it is the same.) */
static void test_damaged(void **state)
{
    struct pair *p = *state;
    struct apply_result r;
    struct deal deal;
    struct message_entries m, bad;
    struct deal_memory memory;
    uint8_t *copy;
    office_case(p);
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    copy = malloc(m.batch.size);
    assert_non_null(copy);
    PAIR_OK(deal_witness(p->office, 0, &m, &pair_e));
    bad = m;
    for (size_t cut = 0; cut < m.batch.size; cut++) {
        bad.batch.size = cut;
        assert_int_not_equal(pair_apply(p, &bad, &r, NULL), 0);
    }
    bad.batch = (struct slice){copy, m.batch.size};
    memcpy(copy, m.batch.p, m.batch.size);
    for (size_t i = 0; i < m.batch.size; i++) {
        copy[i] ^= (uint8_t)(1u << (i % 8));
        memset(&r, 0, sizeof r);
        PAIR_OK(db_begin(p->db, &pair_e));
        if (apply_entries(p->db, &p->author, &p->office->vkey, &bad, &r, NULL) == 0) {
            assert_true(is_same_batch(m.batch, bad.batch));
            assert_true(r.agrees);
        }
        db_rollback(p->db);
        copy[i] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry"), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM scope"), 0);
    assert_int_equal(db_meta_uint(p->db, "pull_cursor"), 0);
    memset(&r, 0, sizeof r);
    PAIR_OK(pair_apply(p, &m, &r, &pair_e));
    assert_true(r.agrees);
    free(copy);
    deal_release(&memory);
    deal_free(&deal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first, start, end),
        cmocka_unit_test_setup_teardown(test_news, start, end),
        cmocka_unit_test_setup_teardown(test_broken_arrival, start, end),
        cmocka_unit_test_setup_teardown(test_own_case_arrives, start, end),
        cmocka_unit_test_setup_teardown(test_purge, start, end),
        cmocka_unit_test_setup_teardown(test_differs, start, end),
        cmocka_unit_test_setup_teardown(test_released, start, end),
        cmocka_unit_test_setup_teardown(test_released_and_written_over, start, end),
        cmocka_unit_test_setup_teardown(test_held_survives, start, end),
        cmocka_unit_test_setup_teardown(test_twice, start, end),
        cmocka_unit_test_setup_teardown(test_copy_in_use, start, end),
        cmocka_unit_test_setup_teardown(test_damaged, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
