/* Tests: client/sync/decided.c client/command/decisions.c
 * Both authors are told: what a laptop remembers of decisions over its person's words, when it tells them, and when it
 * forgets them. */
#include "pair_fixture.h"

#include <stdio.h>

#include "command.h"
#include "decided.h"
#include "decisions.h"

struct room {
    struct pair pair;
    struct id bea, client, kase, assignment;
    struct store store; /* the laptop's, for commands */
    char *out;
    size_t out_bytes;
};

static void pull(struct room *r)
{
    struct apply_result result;
    pair_pull(&r->pair, &result);
    assert_true(result.agrees && !result.rebuilt);
}

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    pair_start(&r->pair);
    r->bea = id_new(clock_wall());
    r->bea = id_new(clock_wall());
    pair_office_write(r->pair.office, KIND_USER, &pair_everywhere, &r->bea, 1, "name", "Bea Example", "status",
                      "active", NULL);
    pair_office_case(r->pair.office, &r->pair.user, &r->client, &r->kase, &r->assignment);
    pull(r);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    free(r->out);
    pair_end(&r->pair);
    free(r);
    return 0;
}

/* Anna's laptop sends what waits. What the office writes after that is Bea's. */
static void push(struct room *r)
{
    assert_int_equal(pair_push(&r->pair), 0);
    r->pair.office->author.person = r->bea;
}

/* Someone else writes at the office without having seen what is there. */
static void office_unseen(struct room *r, unsigned kind, const struct id *record, const char *name, const char *words)
{
    struct central *c = r->pair.office;
    const struct schema_field *field = schema_field_named(schema_kind(kind), name);
    struct pack value;
    struct edit edit;
    PAIR_OK(central_begin(c, &pair_e));
    PAIR_OK(edit_open(&edit, c->db, record, &pair_e));
    pack_start(&value);
    PAIR_OK(schema_parse(edit.kind, field, words, &value, &pair_e));
    PAIR_OK(edit_set_over(&edit, field, pack_bytes(&value), NULL, 0, &pair_e));
    pack_free(&value);
    PAIR_OK(central_write(c, &edit, NULL, &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
}

/* Anna and somebody at the office set the risk, neither having seen the other; Bea decides, having seen both. */
static void decide_risk(struct room *r, const char *anna, const char *other, const char *decision)
{
    pair_field_write(&r->pair, KIND_CASE, &r->kase, &r->kase, 0, "risk", anna, NULL);
    office_unseen(r, KIND_CASE, &r->kase, "risk", other);
    push(r);
    pair_office_write(r->pair.office, KIND_CASE, &r->kase, &r->kase, 0, "risk", decision, NULL);
}

static uint64_t kept(struct room *r)
{
    return pair_count(r->pair.db, "SELECT count(*) FROM decided");
}

/* What is told at the end of a sync, and how many. */
static size_t tell(struct room *r, int json)
{
    struct cli cli = {NULL, NULL, json, 0};
    struct printer v;
    size_t count;
    free(r->out);
    r->out = NULL;
    cli.out = open_memstream(&r->out, &r->out_bytes);
    assert_non_null(cli.out);
    PAIR_OK(printer_open(&v, r->pair.db, &cli, &pair_e));
    PAIR_OK(decisions_tell(&v, &count, &pair_e));
    printer_close(&v);
    (void)fclose(cli.out);
    return count;
}

static void told(struct room *r)
{
    char folder[] = "/nonexistent";
    uint8_t key[32] = {0};
    r->store.db = r->pair.db;
    r->store.folder = folder;
    r->store.key = key;
    r->store.author = r->pair.author;
    PAIR_OK(decided_told(&r->store, &pair_e));
}

/* `satchel decided` */
static void list(struct room *r, int json)
{
    char folder[] = "/nonexistent", name[] = "decided", *argv[] = {name, NULL}, *err = NULL;
    size_t err_bytes;
    uint8_t key[32] = {0};
    struct cli cli = {NULL, NULL, json, 0};
    struct usage_call call;
    free(r->out);
    r->out = NULL;
    cli.out = open_memstream(&r->out, &r->out_bytes);
    cli.err = open_memstream(&err, &err_bytes);
    assert_true(cli.out != NULL && cli.err != NULL);
    r->store.db = r->pair.db;
    r->store.folder = folder;
    r->store.key = key;
    r->store.author = r->pair.author;
    PAIR_OK(usage_parse(&command_program, &cli, 1, argv, &call, &pair_e));
    PAIR_OK(command_decided.writes(&r->store, &call, &pair_e));
    seen_free(&r->store.seen);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    free(err);
}

#define assert_has(text, part)                                                                                         \
    do {                                                                                                               \
        if (strstr(text, part) == NULL)                                                                                \
            fail_msg("\"%s\" is not in: %s", part, text);                                                              \
    } while (0)

/* Goal: the one whose value fell is told who decided for what, once; and it stays on the list, where looking at it is
 * remembered. */
static void the_loser_is_told(void **state)
{
    struct room *r = *state;
    uint64_t count;
    char wanted[128], id[ID_TEXT];
    decide_risk(r, "critical", "low", "high");
    pull(r);
    id_format(&r->kase, id);
    (void)snprintf(wanted, sizeof wanted,
                   "The conflict over risk of Ada Byron, a case without a number (%s) was decided by Bea Example: high "
                   "(yours: critical)\n",
                   id + ID_TEXT - PRINTER_ID);
    assert_int_equal(tell(r, 0), 1);
    assert_string_equal(r->out, wanted);
    /* Until that has reached its reader it is told again. */
    assert_int_equal(tell(r, 1), 1);
    assert_has(r->out, "\"value\": \"high\", \"yours\": \"critical\"");
    told(r);
    assert_int_equal(tell(r, 0), 0);
    PAIR_OK(decided_count(r->pair.db, &count, &pair_e));
    assert_int_equal(count, 1);
    list(r, 0);
    assert_string_equal(r->out, wanted);
    PAIR_OK(decided_count(r->pair.db, &count, &pair_e));
    assert_int_equal(count, 0);
    list(r, 1);
    assert_has(r->out, "\"looked_at\": true");
}

/* Goal: the one whose value was taken is told as well. */
static void the_winner_is_told(void **state)
{
    struct room *r = *state;
    decide_risk(r, "critical", "low", "critical");
    pull(r);
    assert_int_equal(tell(r, 0), 1);
    assert_has(r->out, "Bea Example: critical (as you wrote)\n");
}

/* Goal: a parallel edit that somebody settles is told as what it is. */
static void a_settled_parallel_edit_is_told(void **state)
{
    struct room *r = *state;
    pair_field_write(&r->pair, KIND_CLIENT, &r->client, &r->client, 0, "phone", "2", NULL);
    office_unseen(r, KIND_CLIENT, &r->client, "phone", "3");
    push(r);
    pair_office_write(r->pair.office, KIND_CLIENT, &r->client, &r->client, 0, "phone", "4", NULL);
    pull(r);
    assert_int_equal(tell(r, 0), 1);
    assert_has(r->out, "The parallel edits of phone of ");
    assert_has(r->out, " were settled by Bea Example: 4 (yours: 2)\n");
}

/* Goal: who decides is not told of it; nor is anybody of an ordinary edit, of values that agreed, or of a set. */
static void what_is_no_decision_is_not_told(void **state)
{
    struct room *r = *state;
    /* Anna's own decision. */
    pair_field_write(&r->pair, KIND_CASE, &r->kase, &r->kase, 0, "risk", "critical", NULL);
    office_unseen(r, KIND_CASE, &r->kase, "risk", "moderate");
    push(r);
    pull(r);
    r->pair.office->author.person = r->pair.user; /* on another device of hers */
    pair_office_write(r->pair.office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "high", NULL);
    r->pair.office->author.person = r->bea;
    pull(r);
    assert_int_equal(kept(r), 0);
    /* Somebody goes on from what Anna wrote. */
    pair_office_write(r->pair.office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "low", NULL);
    /* Two wrote the same. */
    pair_field_write(&r->pair, KIND_CLIENT, &r->client, &r->client, 0, "phone", "2", NULL);
    office_unseen(r, KIND_CLIENT, &r->client, "phone", "2");
    push(r);
    pair_office_write(r->pair.office, KIND_CLIENT, &r->client, &r->client, 0, "phone", "3", NULL);
    pull(r);
    assert_int_equal(kept(r), 0);
    /* Others had a conflict that Anna had no part in. */
    office_unseen(r, KIND_CASE, &r->kase, "level_of_care", "minimal");
    office_unseen(r, KIND_CASE, &r->kase, "level_of_care", "standard");
    pair_office_write(r->pair.office, KIND_CASE, &r->kase, &r->kase, 0, "level_of_care", "standard", NULL);
    pull(r);
    assert_int_equal(kept(r), 0);
}

/* Goal: to write on in a text whose versions stand in one already decides nothing; to bring together what overlaps
 * does. */
static void of_texts_only_overlaps_are_decided(void **state)
{
    struct room *r = *state;
    for (int overlap = 0; overlap < 2; overlap++) {
        struct id plan = id_new(clock_wall());
        pair_office_write(r->pair.office, KIND_PLAN, &r->kase, &plan, 1, "narrative", "Lives alone.\n\nWalks well.\n",
                          NULL);
        pull(r);
        pair_field_write(&r->pair, KIND_PLAN, &r->kase, &plan, 0, "narrative", "Lives with Eve.\n\nWalks well.\n",
                         NULL);
        pair_office_write(r->pair.office, KIND_PLAN, &r->kase, &plan, 0, "narrative",
                          overlap ? "Lives with Bob.\n\nWalks well.\n" : "Lives alone.\n\nWalks badly.\n", NULL);
        push(r);
        pull(r);
        assert_int_equal(pair_count(r->pair.db, "SELECT count(*) FROM conflict WHERE loud = 1"), overlap);
        pair_office_write(r->pair.office, KIND_PLAN, &r->kase, &plan, 0, "narrative", "Lives with Eve and Bob.", NULL);
        pull(r);
        assert_int_equal(kept(r), overlap);
    }
    assert_int_equal(tell(r, 0), 1);
    assert_has(r->out, "The conflict over narrative of plan ");
    assert_has(r->out, " was decided by Bea Example: Lives with Eve and Bob. (yours: Lives with Eve.");
}

/* Goal: what leaves the caseload takes its decisions along, and does not bring them as news when it comes again. */
static void decisions_leave_with_their_case(void **state)
{
    struct room *r = *state;
    /* The title lives on, so that Anna's change is dealt again. */
    pair_field_write(&r->pair, KIND_CASE, &r->kase, &r->kase, 0, "risk", "critical", "title", "still here", NULL);
    office_unseen(r, KIND_CASE, &r->kase, "risk", "low");
    push(r);
    pair_office_write(r->pair.office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "high", NULL);
    pull(r);
    assert_int_equal(kept(r), 1);
    pair_office_write(r->pair.office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "disabled", NULL);
    pull(r);
    assert_int_equal(kept(r), 0);
    pair_office_write(r->pair.office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "active", NULL);
    pull(r);
    assert_int_equal(pair_count(r->pair.db, "SELECT count(*) FROM \"case\""), 1);
    assert_int_equal(kept(r), 0);
}

/* Goal: what was decided over in a case that was taken down here is told when that case is dealt back, though what was
 * decided over is not dealt any more; and so it is when a case is dealt anew. */
static void a_case_dealt_anew_tells_what_was_decided(void **state)
{
    struct room *r = *state;
    char text[ID_TEXT];
    struct id held = id_new(clock_wall());
    r->kase = id_new(clock_wall());
    id_format(&r->client, text);
    pair_field_write(&r->pair, KIND_CASE, &r->kase, &r->kase, 1, "client", text, "title", "new", NULL);
    push(r);
    decide_risk(r, "critical", "low", "high");
    id_format(&r->pair.user, text);
    pair_office_write(r->pair.office, KIND_ASSIGNMENT, &r->kase, &held, 1, "user", text, "status", "active", NULL);
    pull(r);
    assert_int_equal(tell(r, 0), 1);
    assert_has(r->out, "high (yours: critical)\n");
    told(r);
    /* Again, of a scope that is to be dealt anew. */
    decide_risk(r, "moderate", "low", "critical");
    PAIR_OK(db_exec(r->pair.db, "UPDATE scope SET complete = 0", &pair_e));
    pull(r);
    assert_int_equal(tell(r, 0), 1);
    assert_has(r->out, "critical (yours: moderate)\n");
    assert_int_equal(kept(r), 2);
}

/* Goal: over a contested void both are told: who voided, and who went on. */
static void over_a_void_both_are_told(void **state)
{
    struct room *r = *state;
    struct edit edit;
    for (int voider = 0; voider < 2; voider++) {
        struct id note = id_new(clock_wall());
        pair_office_write(r->pair.office, KIND_NOTE, &r->kase, &note, 1, "text", "At home.", NULL);
        pull(r);
        /* One voids while the other writes on. */
        if (voider) {
            PAIR_OK(db_begin(r->pair.db, &pair_e));
            PAIR_OK(edit_open(&edit, r->pair.db, &note, &pair_e));
            PAIR_OK(edit_void(&edit, &pair_e));
            PAIR_OK(edit_commit(&edit, &r->pair.author, "wrong case", NULL, &pair_e));
            PAIR_OK(db_commit(r->pair.db, &pair_e));
            office_unseen(r, KIND_NOTE, &note, "text", "In the garden.");
        } else {
            pair_field_write(&r->pair, KIND_NOTE, &r->kase, &note, 0, "text", "In the garden.", NULL);
            PAIR_OK(central_begin(r->pair.office, &pair_e));
            PAIR_OK(edit_open(&edit, r->pair.office->db, &note, &pair_e));
            PAIR_OK(edit_void(&edit, &pair_e));
            PAIR_OK(central_write(r->pair.office, &edit, NULL, &pair_e));
            PAIR_OK(central_commit(r->pair.office, &pair_e));
        }
        push(r);
        pull(r);
        assert_int_equal(pair_count(r->pair.db, "SELECT count(*) FROM conflict WHERE loud = 1"), 1);
        assert_int_equal(tell(r, 0), 0);
        /* Bea has seen both. */
        PAIR_OK(central_begin(r->pair.office, &pair_e));
        PAIR_OK(edit_open(&edit, r->pair.office->db, &note, &pair_e));
        PAIR_OK(edit_void(&edit, &pair_e));
        PAIR_OK(central_write(r->pair.office, &edit, NULL, &pair_e));
        PAIR_OK(central_commit(r->pair.office, &pair_e));
        pull(r);
        assert_int_equal(tell(r, 0), 1);
        assert_has(r->out, "The conflict over void of note ");
        assert_has(r->out, voider ? "Bea Example: yes (as you wrote)\n" : "Bea Example: yes\n");
        told(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
        TEST(the_loser_is_told),
        TEST(the_winner_is_told),
        TEST(a_settled_parallel_edit_is_told),
        TEST(what_is_no_decision_is_not_told),
        TEST(of_texts_only_overlaps_are_decided),
        TEST(decisions_leave_with_their_case),
        TEST(a_case_dealt_anew_tells_what_was_decided),
        TEST(over_a_void_both_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
