/* Tests: common/judge/caseload.c common/judge/judge.c
 * The caseload over links: whoever holds one record of a person holds the others, as long as they are linked; and no
 * link is a way to a record that somebody may not read. */
#include "office_fixture.h"

#include "person.h"

struct room {
    struct pair p;                  /* the office, and Anna's laptop with a store */
    struct office_laptop hostile;   /* another laptop of Anna's, that says what a test wants */
    struct id client, kase;         /* Anna's */
    struct id ben, stranger, other; /* Ben, his client and its case */
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct id assignment;
    assert_non_null(r);
    pair_start(&r->p);
    r->ben = office_user(r->p.office, "ben", "case manager");
    pair_office_case(r->p.office, &r->p.user, &r->client, &r->kase, &assignment);
    pair_office_case(r->p.office, &r->ben, &r->stranger, &r->other, &assignment);
    office_laptop(r->p.office, &r->p.user, &r->hostile);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    office_check(r->p.office);
    pair_end(&r->p);
    free(r);
    return 0;
}

typedef int make(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);

/* The office says it of two records. */
static void office_says_of(struct room *r, make *say, const struct id *a, const struct id *b)
{
    struct person_edits edits;
    PAIR_OK(central_begin(r->p.office, &pair_e));
    PAIR_OK(say(r->p.office->db, a, b, &edits, &pair_e));
    for (size_t i = 0; i < edits.count; i++)
        PAIR_OK(central_write(r->p.office, &edits.edits[i], NULL, &pair_e));
    PAIR_OK(central_commit(r->p.office, &pair_e));
}

static int may_hold(struct room *r, const struct id *user, const struct id *scope)
{
    struct caseload l;
    int has;
    PAIR_OK(caseload_load(r->p.office->db, user, schema_version(), &l, &pair_e));
    for (size_t i = 1; i < l.count; i++)
        assert_true(id_compare(&l.scopes[i - 1], &l.scopes[i]) < 0);
    has = caseload_has(&l, scope);
    caseload_free(&l);
    return has;
}

static struct id new_client(struct room *r, const char *name)
{
    struct id id = id_new(clock_wall());
    pair_office_write(r->p.office, KIND_CLIENT, &id, &id, 1, "legal_name", name, NULL);
    return id;
}

/* An element of a set of a client's, as the hostile laptop writes it. Returns how many of the change are held. */
static size_t hostile_says(struct room *r, const struct id *record, const char *field, enum change_action action,
                           const struct id *named)
{
    struct office_batch *b = office_batch();
    char text[ID_TEXT];
    const struct office_op op = {.field = field, .words = text, .action = action};
    size_t held;
    id_format(named, text);
    office_write(&r->hostile, b, KIND_CLIENT, record, record, &op, 1);
    held = office_push_well(r->p.office, &r->hostile, b);
    office_batch_free(b);
    return held;
}

static size_t hostile_sets(struct room *r, unsigned kind, const struct id *record, const char *field, const char *words)
{
    struct office_batch *b = office_batch();
    size_t held;
    office_set(&r->hostile, b, kind, record, record, field, words);
    held = office_push_well(r->p.office, &r->hostile, b);
    office_batch_free(b);
    return held;
}

/* Goal: a caseload follows links in both directions and over several steps, voided records among them, and takes the
 * records alone, not their cases. */
static void follows_links(void **state)
{
    struct room *r = *state;
    struct id far = new_client(r, "Ada B."), voided = new_client(r, "Ada"), unlinked = new_client(r, "Ada");
    struct edit edit;
    office_says_of(r, person_link, &r->stranger, &r->client);
    office_says_of(r, person_link, &r->stranger, &far);
    office_says_of(r, person_link, &voided, &far);
    PAIR_OK(central_begin(r->p.office, &pair_e));
    PAIR_OK(edit_open(&edit, r->p.office->db, &voided, &pair_e));
    PAIR_OK(edit_void(&edit, &pair_e));
    PAIR_OK(central_write(r->p.office, &edit, NULL, &pair_e));
    PAIR_OK(central_commit(r->p.office, &pair_e));
    assert_true(may_hold(r, &r->p.user, &r->stranger));
    assert_true(may_hold(r, &r->p.user, &far));
    assert_true(may_hold(r, &r->p.user, &voided));
    assert_true(may_hold(r, &r->ben, &r->client));
    assert_false(may_hold(r, &r->p.user, &r->other));
    assert_false(may_hold(r, &r->ben, &r->kase));
    assert_false(may_hold(r, &r->p.user, &unlinked));
}

/* Goal: what the office links comes to the laptop at its next sync, with the allergies that stand on it; what it
 * unlinks goes again, and nothing else does. */
static void comes_and_goes(void **state)
{
    struct room *r = *state;
    struct apply_result result;
    pair_office_write(r->p.office, KIND_CLIENT, &r->stranger, &r->stranger, 0, "phone", "2", NULL);
    (void)pair_pull(&r->p, &result);
    assert_true(result.agrees);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM client"), 1);
    office_says_of(r, person_link, &r->client, &r->stranger);
    (void)pair_pull(&r->p, &result);
    assert_true(result.agrees);
    office_expect(r->p.db, "SELECT phone FROM client WHERE id = ?", &r->stranger, "2");
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM \"case\""), 1);
    /* The laptop may go on with it, */
    pair_field_write(&r->p, KIND_CLIENT, &r->stranger, &r->stranger, 0, "phone", "3", NULL);
    assert_int_equal(pair_push(&r->p), 0);
    office_says_of(r, person_unlink, &r->client, &r->stranger);
    (void)pair_pull(&r->p, &result);
    assert_true(result.agrees);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM client"), 1);
    office_expect(r->p.db, "SELECT phone FROM client WHERE id = ?", &r->stranger, "");
    office_expect(r->p.db, "SELECT legal_name FROM client WHERE id = ?", &r->client, "Ada Byron");
    office_expect(r->p.office->db, "SELECT phone FROM client WHERE id = ?", &r->stranger, "3");
}

/* Goal: naming somebody who is not in the caseload opens nothing, from an old record, a new one, or as a mark: the
 * change is held, and the record stays away. */
static void no_way_to_a_stranger(void **state)
{
    struct room *r = *state;
    struct id own = id_new(clock_wall());
    struct apply_result result;
    char text[ID_TEXT];
    const struct office_op ops[] = {{.field = "legal_name", .words = "Nobody"},
                                    {.field = "same_as", .words = text, .action = CHANGE_ADD}};
    struct office_batch *b = office_batch();
    id_format(&r->stranger, text);
    assert_int_equal(hostile_says(r, &r->client, "same_as", CHANGE_ADD, &r->stranger), 1);
    assert_int_equal(hostile_says(r, &r->client, "same_as", CHANGE_SET, &r->stranger), 1);
    assert_int_equal(hostile_says(r, &r->client, "different_from", CHANGE_ADD, &r->stranger), 1);
    /* From their side neither. */
    assert_int_equal(hostile_says(r, &r->stranger, "same_as", CHANGE_ADD, &r->client), 1);
    office_write(&r->hostile, b, KIND_CLIENT, &own, &own, ops, 2);
    assert_int_equal(office_push_well(r->p.office, &r->hostile, b), 1);
    office_batch_free(b);
    /* A record of one's own, taken down in the field, is no bridge: the link from it is held as well. */
    own = id_new(clock_wall());
    assert_int_equal(hostile_sets(r, KIND_CLIENT, &own, "legal_name", "Nobody"), 0);
    assert_int_equal(hostile_says(r, &own, "same_as", CHANGE_ADD, &r->client), 0);
    assert_int_equal(hostile_says(r, &own, "same_as", CHANGE_ADD, &r->stranger), 1);
    assert_false(may_hold(r, &r->p.user, &r->stranger));
    assert_false(may_hold(r, &r->ben, &r->client));
    (void)pair_pull(&r->p, &result);
    office_expect(r->p.db, "SELECT legal_name FROM client WHERE id = ?", &r->stranger, "");
    office_expect(r->p.db, "SELECT legal_name FROM client WHERE id = ?", &own, "Nobody");
}

/* Goal: to take a link back may come late: the office undid it, and the record has left the caseload; it is not held. A
 * new link to it is. */
static void unlinking_late(void **state)
{
    struct room *r = *state;
    office_says_of(r, person_link, &r->client, &r->stranger);
    office_says_of(r, person_unlink, &r->client, &r->stranger);
    assert_int_equal(hostile_says(r, &r->client, "same_as", CHANGE_REMOVE, &r->stranger), 0);
    assert_false(may_hold(r, &r->p.user, &r->stranger));
    assert_int_equal(hostile_says(r, &r->client, "same_as", CHANGE_ADD, &r->stranger), 1);
}

/* Goal: a record has at most 64 live links, so that following them stays quick: the next one is held, whomever it
 * names, and what is no link is not. */
static void links_stay_few(void **state)
{
    struct room *r = *state;
    struct id named = {{0}};
    for (int i = 0; i < 65; i++) {
        named = id_new(clock_wall());
        assert_int_equal(hostile_says(r, &r->client, "same_as", CHANGE_ADD, &named), i == 64);
    }
    assert_int_equal(hostile_says(r, &r->client, "different_from", CHANGE_ADD, &named), 0);
    assert_int_equal(hostile_sets(r, KIND_CLIENT, &r->client, "phone", "555 0100"), 0);
}

/* Goal: a remove is an element taken out in a set alone: elsewhere it is a value, and names the person all the same. */
static void a_remove_elsewhere_is_a_value(void **state)
{
    struct room *r = *state;
    struct office_batch *b = office_batch();
    char text[ID_TEXT];
    const struct office_op op = {.field = "client", .words = text, .action = CHANGE_REMOVE};
    id_format(&r->stranger, text);
    office_write(&r->hostile, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
    assert_int_equal(office_push_well(r->p.office, &r->hostile, b), 1);
    office_batch_free(b);
}

/* Goal: links that name a case, or what the office has never heard of, bring nothing into a caseload. */
static void names_no_client(void **state)
{
    struct room *r = *state;
    struct id unheard = id_new(clock_wall());
    char text[ID_TEXT];
    struct edit edit;
    /* The office's own chain is judged by nobody. */
    for (int i = 0; i < 2; i++) {
        id_format(i == 0 ? &r->other : &unheard, text);
        PAIR_OK(central_begin(r->p.office, &pair_e));
        PAIR_OK(edit_open(&edit, r->p.office->db, &r->client, &pair_e));
        PAIR_OK(edit_add_text(&edit, "same_as", text, &pair_e));
        PAIR_OK(central_write(r->p.office, &edit, NULL, &pair_e));
        PAIR_OK(central_commit(r->p.office, &pair_e));
    }
    assert_false(may_hold(r, &r->p.user, &r->other));
    assert_false(may_hold(r, &r->p.user, &unheard));
    assert_true(may_hold(r, &r->p.user, &r->client));
}

/* Goal: a person with more linked records than are told fills nobody's caseload: as many come as are told, and what is
 * assigned stays. */
static void links_fill_no_caseload(void **state)
{
    struct room *r = *state;
    struct caseload l;
    for (int i = 0; i < PERSON_RECORDS_MAX + 10; i++) {
        struct id one = new_client(r, "Ada");
        office_says_of(r, person_link, &one, &r->client);
    }
    PAIR_OK(caseload_load(r->p.office->db, &r->p.user, schema_version(), &l, &pair_e));
    assert_int_equal(l.count, 3 + PERSON_RECORDS_MAX); /* what is office-wide, the case, its client */
    assert_true(caseload_has(&l, &r->client) && caseload_has(&l, &r->kase));
    caseload_free(&l);
}

/* Goal: what is contested in somebody's case is dealt to the supervisor who is to decide it, with the client of the
 * case and nothing else; a quiet conflict is not; and when it is decided it goes again. */
static void what_waits_is_dealt(void **state)
{
    struct room *r = *state;
    struct id sue = office_user(r->p.office, "sue", "supervisor"), max = office_user(r->p.office, "max", "supervisor");
    struct apply_result result;
    char text[ID_TEXT];
    id_format(&sue, text);
    (void)pair_pull(&r->p, &result);
    pair_office_write(r->p.office, KIND_USER, &(struct id){{0}}, &r->p.user, 0, "supervisor", text, NULL);
    assert_false(may_hold(r, &sue, &r->kase));
    /* Quiet: two telephone numbers. Loud: two risks. */
    pair_field_write(&r->p, KIND_CLIENT, &r->client, &r->client, 0, "phone", "3", NULL);
    pair_office_write(r->p.office, KIND_CLIENT, &r->client, &r->client, 0, "phone", "2", NULL);
    assert_int_equal(pair_push(&r->p), 0);
    assert_false(may_hold(r, &sue, &r->client));
    pair_field_write(&r->p, KIND_CASE, &r->kase, &r->kase, 0, "risk", "high", NULL);
    pair_office_write(r->p.office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "low", NULL);
    assert_int_equal(pair_push(&r->p), 0);
    assert_true(may_hold(r, &sue, &r->kase));
    assert_true(may_hold(r, &sue, &r->client));
    assert_false(may_hold(r, &sue, &r->other));
    assert_false(may_hold(r, &max, &r->kase));
    assert_false(may_hold(r, &r->ben, &r->kase));
    pair_office_write(r->p.office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "high", NULL);
    assert_false(may_hold(r, &sue, &r->kase));
    assert_false(may_hold(r, &sue, &r->client));
    assert_true(may_hold(r, &r->p.user, &r->kase));
}

static size_t sets_as(struct room *r, const struct id *user, const char *field, const char *words)
{
    struct office_laptop laptop;
    struct office_batch *b = office_batch();
    size_t held;
    office_laptop(r->p.office, user, &laptop);
    office_set(&laptop, b, KIND_CASE, &r->kase, &r->kase, field, words);
    held = office_push_well(r->p.office, &laptop, b);
    office_batch_free(b);
    return held;
}

/* Goal: what a decider wrote in a case that has been decided meanwhile is not held; somebody who does not decide there
 * writes nothing, and no decider gets at a stranger by naming one. */
static void a_late_decision_is_not_held(void **state)
{
    struct room *r = *state;
    struct id sue = office_user(r->p.office, "sue", "supervisor"), max = office_user(r->p.office, "max", "supervisor");
    char text[ID_TEXT];
    id_format(&sue, text);
    pair_office_write(r->p.office, KIND_USER, &(struct id){{0}}, &r->p.user, 0, "supervisor", text, NULL);
    assert_false(may_hold(r, &sue, &r->kase));
    assert_int_equal(sets_as(r, &sue, "risk", "high"), 0);
    assert_int_equal(sets_as(r, &max, "risk", "low"), 1);
    id_format(&r->stranger, text);
    assert_int_equal(sets_as(r, &sue, "client", text), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(follows_links),        TEST(comes_and_goes),
        TEST(no_way_to_a_stranger), TEST(unlinking_late),
        TEST(links_stay_few),       TEST(a_remove_elsewhere_is_a_value),
        TEST(names_no_client),      TEST(links_fill_no_caseload),
        TEST(what_waits_is_dealt),  TEST(a_late_decision_is_not_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
