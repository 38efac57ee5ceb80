/* Tests: daemon/deal/deal.c
 * Kinds and fields that neither office nor laptop knows, as a newer program wrote them: they go both ways as everything
 * does, what no laptop gets stays where it is, and both agree at every end of a deal. */
#include "office_fixture.h"

/* What the newer program has. */
static const struct schema_field goal_fields[] = {
    {.number = 10, .type = SCHEMA_TEXT, .name = "a", .policy = SCHEMA_REVIEW},
    {.number = 11, .type = SCHEMA_TEXT, .name = "b", .policy = SCHEMA_SET}};
static const struct schema_field case_fields[] = {
    {.number = 1910, .type = SCHEMA_TEXT, .name = "c", .policy = SCHEMA_LATEST},
    {.number = 1912, .type = SCHEMA_TEXT, .name = "d", .policy = SCHEMA_ONCE}};
static const struct schema_kind goal = {900, SCHEMA_CASE, "goal", 0, 1, goal_fields, 2, "", {NULL}, {NULL}, 0};
static const struct schema_kind holiday = {1900, SCHEMA_OFFICE, "holiday", 1, 1, goal_fields, 2, "", {NULL}, {NULL}, 0};
static const struct schema_kind diary = {2900, SCHEMA_CASE, "diary", 0, 0, goal_fields, 2, "", {NULL}, {NULL}, 0};
static const struct schema_kind ledger = {3900, SCHEMA_OFFICE, "ledger", 1, 0, goal_fields, 2, "", {NULL}, {NULL}, 0};
static const struct schema_kind newer_case = {KIND_CASE, SCHEMA_CASE, "case", 0,      1, case_fields,
                                              2,         "",          {NULL}, {NULL}, 0};

struct room {
    struct pair p;
    struct id client, kase, assignment;
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    pair_start(&r->p);
    pair_office_case(r->p.office, &r->p.user, &r->client, &r->kase, &r->assignment);
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

/* One field of a record, as a newer program writes it: over what it sees. */
static void draft(struct edit *edit, struct db *db, const struct schema_kind *kind, const struct id *scope,
                  const struct id *record, unsigned number, const char *words)
{
    const struct schema_field *field = schema_field(kind, number);
    assert_non_null(field);
    PAIR_OK(edit_new(edit, db, kind, scope, record, &pair_e));
    edit->is_new = 0;
    PAIR_OK(field->policy == SCHEMA_SET ? edit_add_text(edit, field->name, words, &pair_e)
                                        : edit_set_text(edit, field->name, words, &pair_e));
}

static void at_office(struct room *r, const struct schema_kind *kind, const struct id *scope, const struct id *record,
                      unsigned number, const char *words)
{
    struct central *c = r->p.office;
    struct edit edit;
    PAIR_OK(central_begin(c, &pair_e));
    draft(&edit, c->db, kind, scope, record, number, words);
    PAIR_OK(central_write(c, &edit, NULL, &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
}

static void at_laptop(struct room *r, const struct schema_kind *kind, const struct id *scope, const struct id *record,
                      unsigned number, const char *words)
{
    struct edit edit;
    PAIR_OK(db_begin(r->p.db, &pair_e));
    draft(&edit, r->p.db, kind, scope, record, number, words);
    PAIR_OK(edit_commit(&edit, &r->p.author, NULL, NULL, &pair_e));
    PAIR_OK(db_commit(r->p.db, &pair_e));
}

/* Out, then in; the end must agree at once. */
static void meet(struct room *r)
{
    struct apply_result result = {0};
    struct deal deal;
    assert_int_equal(pair_push(&r->p), 0);
    pair_deal(&r->p, &deal);
    while (!result.done) {
        struct message_entries m;
        struct deal_memory memory;
        PAIR_OK(deal_next(&deal, r->p.office, 2000, &m, &memory, &pair_e));
        PAIR_OK(pair_apply(&r->p, &m, &result, &pair_e));
        deal_release(&memory);
    }
    deal_free(&deal);
    assert_true(result.agrees && !result.rebuilt);
}

static uint64_t live(struct db *db, const char *where)
{
    char sql[200];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM op JOIN place ON place.record = op.record WHERE %s", where);
    return pair_count(db, sql);
}

/* Goal: what the office carries comes to a laptop compact, and as news; what no laptop gets does not, told by the
 * number of its kind alone; and the digests agree. */
static void test_comes(void **state)
{
    struct room *r = *state;
    struct id ids[4];
    for (size_t i = 0; i < 4; i++)
        ids[i] = id_new(clock_wall());
    for (int round = 0; round < 2; round++) {
        at_office(r, &goal, &r->kase, &ids[0], 10, round ? "walk" : "crawl");
        at_office(r, &goal, &r->kase, &ids[0], 11, round ? "slowly" : "soon");
        at_office(r, &holiday, &pair_everywhere, &ids[1], 10, round ? "monday" : "sunday");
        at_office(r, &diary, &r->kase, &ids[2], 10, round ? "x" : "y");
        at_office(r, &ledger, &pair_everywhere, &ids[3], 10, round ? "x" : "y");
        at_office(r, &newer_case, &r->kase, &r->kase, 1910, round ? "new" : "old");
        at_office(r, &newer_case, &r->kase, &r->kase, 1912, round ? "amended" : "first");
        meet(r);
        assert_int_equal(live(r->p.db, "kind = 900"), round ? 3 : 2);
        assert_int_equal(live(r->p.db, "kind = 1900"), 1);
        assert_int_equal(live(r->p.db, "kind >= 2000"), 0);
        assert_int_equal(live(r->p.office->db, "kind >= 2000"), 2);
        assert_int_equal(live(r->p.db, "field >= 1900"), round ? 3 : 2);
    }
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM newer"), 5);
}

/* Goal: what the laptop carries goes to the office, and what no laptop gets is in neither digest, though the laptop has
 * its own. */
static void test_goes(void **state)
{
    struct room *r = *state;
    struct id ids[3];
    meet(r);
    for (size_t i = 0; i < 3; i++)
        ids[i] = id_new(clock_wall());
    at_laptop(r, &goal, &r->kase, &ids[0], 10, "walk");
    at_laptop(r, &diary, &r->kase, &ids[1], 10, "for the office");
    at_laptop(r, &diary, &pair_everywhere, &ids[2], 10, "of this laptop");
    at_laptop(r, &newer_case, &r->kase, &r->kase, 1910, "new");
    meet(r);
    assert_int_equal(live(r->p.office->db, "kind = 900"), 1);
    assert_int_equal(live(r->p.office->db, "kind = 2900"), 2);
    assert_int_equal(live(r->p.office->db, "field = 1910"), 1);
    at_office(r, &newer_case, &r->kase, &r->kase, 1910, "newest");
    meet(r);
    assert_int_equal(live(r->p.db, "field = 1910"), 1);
    assert_int_equal(live(r->p.office->db, "field = 1910"), 1);
}

/* Goal: whatever both write of what they do not know, in whatever order they meet: they agree, and hold the same. */
static void test_anything(void **state)
{
    static const struct schema_kind *const kinds[] = {&goal, &newer_case, &newer_case, &diary};
    static const unsigned fields[][2] = {{10, 11}, {1910, 1912}, {1910, 1912}, {10, 11}};
    struct room *r = *state;
    uint64_t seed = 7;
    struct id goals[2] = {id_new(clock_wall()), id_new(clock_wall())}, own = id_new(clock_wall());
    meet(r);
    for (int i = 0; i < 300; i++) {
        unsigned which, field, laptop;
        char words[16];
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        which = (unsigned)(seed >> 33) % 4;
        field = fields[which][(seed >> 40) % 2];
        laptop = (seed >> 45) % 2 != 0;
        (void)snprintf(words, sizeof words, "w%u", (unsigned)(seed >> 50) % 3);
        if (laptop)
            at_laptop(r, kinds[which], &r->kase,
                      which == 0   ? &goals[(seed >> 47) % 2]
                      : which == 3 ? &own
                                   : &r->kase,
                      field, words);
        else
            at_office(r, kinds[which % 3], &r->kase, which % 3 == 0 ? &goals[(seed >> 47) % 2] : &r->kase, field,
                      words);
        if ((seed >> 55) % 4 == 0)
            meet(r);
    }
    meet(r);
    assert_int_equal(live(r->p.db, "kind < 2000 AND place.scope <> zeroblob(16)"),
                     live(r->p.office->db, "kind < 2000 AND place.scope <> zeroblob(16)"));
    assert_true(live(r->p.db, "field >= 900 OR kind = 900") > 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {TEST(test_comes), TEST(test_goes), TEST(test_anything)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
