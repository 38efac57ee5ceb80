/* Tests: common/person/person.c common/person/person_edit.c common/person/match.c
 * Persons, their links, candidates, and the edits that write them, when the store or the memory fails. */
#include "store_failure_fixture.h"

#include "match.h"
#include "person_fixture.h"

/* Five clients: 1 to 2 and 2 to 3 are linked, 3 and 4 are marked as different, 5 is like 1. */
static struct db *tell(void)
{
    struct db *db = history_store_new();
    struct edit_author author = person_author(db, 1);
    size_t written;
    person_clock = TODAY;
    (void)person_client(db, &author, 1, "legal_name", "Ada Moss", "birth_date", "1980-02-03", "phone", "0301234567",
                        "email", "ada@example.org", "address", "12 North Street", "identifier", "SSN 999-49-3983",
                        NULL);
    (void)person_client(db, &author, 2, "legal_name", "Ada Mos", "birth_date", "1980-03-02", NULL);
    (void)person_client(db, &author, 3, "legal_name", "A. Moss", "preferred_name", "Adele", NULL);
    (void)person_client(db, &author, 4, "legal_name", "Ben Moss", "birth_date", "1980-02-03", NULL);
    (void)person_client(db, &author, 5, "legal_name", "Ada Moss", "phone", "0301234567", "identifier",
                        "SSN 999-49-3983", NULL);
    assert_done(person_say(db, &author, person_link, 1, 2, &written));
    assert_done(person_say(db, &author, person_link, 2, 3, &written));
    assert_done(person_say(db, &author, person_part, 3, 4, &written));
    return db;
}

/* --- what is written --- */

static person_make *making;
static unsigned one, other;

static int make_and_commit(struct db *db, struct error *e)
{
    struct id a = history_id(one), b = history_id(other);
    struct edit_author author;
    struct person_edits edits;
    int code = edit_author_load(db, &author, e);
    if (code != 0)
        return code;
    author.person = history_id(0xa001);
    author.wall = person_wall;
    person_clock = TODAY + 100000; /* the same change each time */
    if ((code = making(db, &a, &b, &edits, e)) != 0)
        return code;
    for (size_t i = 0; i < edits.count; i++) {
        if (code == 0)
            code = edit_commit(&edits.edits[i], &author, NULL, NULL, e);
        else
            edit_free(&edits.edits[i]);
    }
    return code;
}

static uint64_t fail_making(struct db *db, person_make *make, unsigned a, unsigned b)
{
    making = make;
    one = a;
    other = b;
    return store_failure_each(db, make_and_commit);
}

static void a_link_is_written_whole_or_not_at_all(void **state)
{
    /* Goal: linking, unlinking, marking and taking a mark back: what fails has written nothing, and what could not be
     * read is not taken for what may be linked. */
    struct db *db = tell();
    (void)state;
    assert_true(fail_making(db, person_link, 1, 5) > 60);
    assert_true(fail_making(db, person_unlink, 1, 2) > 60);
    assert_true(fail_making(db, person_part, 4, 5) > 30);
    assert_true(fail_making(db, person_unpart, 3, 4) > 60);
    db_close(db);
}

static int write_new(struct db *db, struct error *e)
{
    struct id id = history_id(40), named = history_id(1);
    struct edit_author author;
    struct edit edit;
    int code = edit_author_load(db, &author, e);
    if (code != 0)
        return code;
    author.wall = person_wall;
    person_clock = TODAY + 100000;
    if ((code = edit_new(&edit, db, schema_kind(KIND_CASE), &id, &id, e)) != 0)
        return code;
    if ((code = edit_set_text(&edit, "risk", "high", e)) != 0 ||
        (code = edit_set_id(&edit, "client", &named, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return edit_commit(&edit, &author, "a reason", NULL, e);
}

static int rewrite(struct db *db, struct error *e)
{
    struct id id = history_id(1);
    struct edit_author author;
    struct edit edit;
    int code = edit_author_load(db, &author, e);
    if (code != 0)
        return code;
    author.wall = person_wall;
    person_clock = TODAY + 100000;
    if ((code = edit_open(&edit, db, &id, e)) != 0)
        return code;
    if ((code = edit_set_text(&edit, "legal_name", "Ada Marsh", e)) != 0 ||
        (code = edit_add_text(&edit, "language", "German", e)) != 0 ||
        (code = edit_remove_text(&edit, "identifier", "SSN 999-49-3983", e)) != 0 ||
        (code = edit_void(&edit, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return edit_commit(&edit, &author, NULL, NULL, e);
}

static void an_edit_is_written_whole_or_not_at_all(void **state)
{
    /* Goal: an edit of a new record, and one that sets, adds, removes and voids: what fails has written nothing, and
     * supersedes nothing less when it is made once more. */
    struct db *db = tell();
    (void)state;
    assert_true(store_failure_each(db, write_new) > 30);
    assert_true(store_failure_each(db, rewrite) > 60);
    db_close(db);
}

/* --- what is read --- */

static int read_persons(struct db *db, struct error *e)
{
    struct id id = history_id(1), far = history_id(3), next;
    struct person_map map;
    struct person person;
    int found, code = person_map_load(db, &map, e);
    if (code == 0 && (found = person_map_next(&map, &id, &far, &next, e)) != 1) {
        assert_int_equal(found, -1);
        code = E_MEMORY;
    }
    if (code == 0)
        assert_int_equal(next.b[15], 2);
    person_map_free(&map);
    if (code == 0 && (code = person_same(db, &id, &person, e)) == 0)
        assert_int_equal(person.count, 3);
    id = history_id(5);
    if (code == 0 && (code = person_same(db, &id, &person, e)) == 0)
        assert_int_equal(person.count, 1);
    return code;
}

static int read_candidates(struct db *db, struct error *e)
{
    struct id id = history_id(1);
    struct match_result found;
    int code = match_all(db, 100, &found, e);
    if (code == 0)
        assert_int_equal(found.clients, 5);
    assert_true(code != 0 || found.count >= 1);
    match_free(&found);
    if (code != 0)
        return code;
    code = match_one(db, &id, 100, &found, e);
    assert_true(code != 0 || found.count >= 1);
    match_free(&found);
    return code;
}

static void persons_are_whole_or_the_reading_fails(void **state)
{
    /* Goal: who asks for a person's records, or for candidates, is told of every failure, and never shown fewer. */
    struct db *db = tell();
    (void)state;
    assert_true(store_failure_each(db, read_persons) > 10);
    assert_true(store_failure_each(db, read_candidates) > 20);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_written_whole_or_not_at_all),
        cmocka_unit_test(an_edit_is_written_whole_or_not_at_all),
        cmocka_unit_test(persons_are_whole_or_the_reading_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
