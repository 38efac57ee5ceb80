/* Tests: daemon/task/task_duplicate.c common/person/pairing.c
 * The office's commands about two records of one person. */
#include "office_fixture.h"
#include "task_fixture.h"

#include "mapping.h"
#include "match.h"

struct room {
    struct central *c;
    struct id ids[3];
    char text[3][ID_TEXT];
};

static int start(void **state)
{
    static const char *const names[] = {"Ada Byron", "Ada Bryon", "A Byron"};
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->c = office_new();
    for (int i = 0; i < 3; i++) {
        r->ids[i] = id_new(clock_wall());
        id_format(&r->ids[i], r->text[i]);
        pair_office_write(r->c, KIND_CLIENT, &r->ids[i], &r->ids[i], 1, "legal_name", names[i], "birth_date",
                          i < 2 ? "1984-05-31" : "1950-01-02", "source_id", i == 2 ? "key-3" : "", NULL);
    }
    *state = r;
    return 0;
}

static int finish(void **state)
{
    struct room *r = *state;
    office_check(r->c);
    pair_office_free(r->c);
    free(r);
    return 0;
}

/* Goal: proposed with the evidence, linked by a named person, undone by one; each is one change in that person's name.
 */
static void proposed_linked_undone(void **state)
{
    struct room *r = *state;
    const char *brief = r->text[1] + ID_TEXT - 9;
    uint64_t before = r->c->tree.size;
    assert_int_equal(OFFICE_TASK(r->c, 1, "duplicates"), 1);
    office_says("likely");
    office_says("'Ada Byron'"); /* which of the two stands first is their ids' matter */
    office_says("'Ada Bryon'");
    office_says("`satcheld link DIR A B`");
    assert_int_equal(r->c->tree.size, before);
    assert_int_equal(OFFICE_TASK(r->c, 4, "link", r->text[0], brief, "--reason=asked her"), 0);
    office_says("linked as one person");
    office_says(brief); /* who was found is said */
    assert_int_equal(OFFICE_TASK(r->c, 4, "link", r->text[0], brief, "--json"), 0);
    office_says("\"written\": false}");
    assert_int_equal(r->c->tree.size, before + 1);
    assert_int_equal(pair_count(r->c->db, "SELECT count(*) FROM client WHERE same_as IS NOT NULL"), 1);
    {
        struct log_memory memory = {NULL, 0};
        struct log_entry entry;
        struct id boss;
        PAIR_OK(central_user(r->c, "boss", &boss, &pair_e));
        PAIR_OK(log_load(r->c->db, (int64_t)pair_count(r->c->db, "SELECT max(id) FROM entry"), 1, &memory, &entry,
                         &pair_e));
        log_memory_free(&memory);
        assert_true(id_equal(&entry.change.author, &boss));
        assert_int_equal(entry.change.op_count, 1);
    }
    assert_int_equal(OFFICE_TASK(r->c, 3, "link", r->text[1], r->text[0]), 0);
    office_says("already");
    assert_int_equal(OFFICE_TASK(r->c, 1, "duplicates"), 0);
    assert_int_equal(OFFICE_TASK(r->c, 3, "different", r->text[0], r->text[1]), 2);
    office_says("unlink them first");
    assert_int_equal(OFFICE_TASK(r->c, 3, "unlink", r->text[0], r->text[1]), 0);
    office_says("each record as it was");
    assert_int_equal(OFFICE_TASK(r->c, 2, "duplicates", "--json"), 1);
    office_says("\"class\": \"likely\"");
}

/* Goal: two who are two are not proposed again, until that is taken back. */
static void different_people(void **state)
{
    struct room *r = *state;
    assert_int_equal(OFFICE_TASK(r->c, 3, "different", r->text[0], r->text[1]), 0);
    assert_int_equal(OFFICE_TASK(r->c, 1, "duplicates"), 0);
    assert_int_equal(OFFICE_TASK(r->c, 4, "different", "--undo", r->text[1], r->text[0]), 0);
    assert_int_equal(OFFICE_TASK(r->c, 1, "duplicates"), 1);
    assert_int_equal(OFFICE_TASK(r->c, 4, "different", "--undo", r->text[1], r->text[0]), 2);
}

/* Goal: records are found by the key of another system, and what joins two over a third is said; a wrong word, a voided
 * record, a person who is no administrator are refused. */
static void found_and_refused(void **state)
{
    struct room *r = *state;
    assert_int_equal(OFFICE_TASK(r->c, 3, "link", "key-3", r->text[0]), 0);
    assert_int_equal(OFFICE_TASK(r->c, 3, "link", "key-3", r->text[1]), 0);
    assert_int_equal(OFFICE_TASK(r->c, 3, "unlink", r->text[0], r->text[1]), 2);
    office_says("only through another record");
    assert_int_equal(OFFICE_TASK(r->c, 3, "link", "nobody", r->text[1]), 2);
    office_says("there is no client nobody");
    assert_int_equal(OFFICE_TASK(r->c, 3, "link", r->text[1], r->text[1]), 2);
    assert_int_equal(OFFICE_TASK(r->c, 2, "link", r->text[1]), 2);
    office_says("usage:");
    (void)office_user(r->c, "anna", "case manager");
    assert_int_equal(OFFICE_TASK(r->c, 4, "unlink", "key-3", r->text[1], "--as=anna"), 2);
    office_says("no active administrator");
    assert_int_equal(pair_count(r->c->db, "SELECT json_array_length(same_as) FROM client WHERE same_as IS NOT NULL"),
                     2);
}

/* Goal: among a hundred made-up people of one state, who are all different, none is likely to be another. */
static void synthea(void **state)
{
    struct room *r = *state;
    const char *shared = getenv("SATCHEL_SHARED");
    char folder[512];
    struct import *im = calloc(1, sizeof *im);
    struct match_result found;
    size_t likely = 0;
    int there;
    assert_non_null(im);
    (void)snprintf(folder, sizeof folder, "%s/data/synthea-csv-nebraska", shared != NULL ? shared : "../shared");
    pair_office_scratch(r->c);
    im->central = r->c;
    im->system = "";
    PAIR_OK(import_open(im, &pair_e));
    if ((there = mapping_fits(&mapping_synthea, folder)) != 0) {
        PAIR_OK(mapping_import(im, &mapping_synthea, folder, &pair_e));
        PAIR_OK(import_end(im, &pair_e));
    }
    import_close(im);
    free(im);
    if (!there) {
        print_message("skipped: %s is not there\n", folder);
        skip();
    }
    PAIR_OK(match_all(r->c->db, 1000, &found, &pair_e));
    assert_int_equal(found.clients, 111 + 3);
    for (size_t i = 0; i < found.count; i++)
        likely += found.pairs[i].class == MATCH_LIKELY;
    assert_int_equal(likely, 1); /* the two that this test's office has besides */
    assert_true(found.count < 10);
    match_free(&found);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(proposed_linked_undone),
        TEST(different_people),
        TEST(found_and_refused),
        TEST(synthea),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
