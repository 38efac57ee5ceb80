/* Tests: common/person/person.c common/person/person_edit.c
 * Who is the same person, over links; linking, its undoing, and marks of being two people. */
#include "person_fixture.h"

struct scene {
    struct db *db;
    struct edit_author author;
    size_t written;
};

static int start(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->db = history_store_new();
    s->author = person_author(s->db, 1);
    *state = s;
    return 0;
}

static int finish(void **state)
{
    struct scene *s = *state;
    db_close(s->db);
    free(s);
    return 0;
}

static void clients(struct scene *s, unsigned count)
{
    for (unsigned i = 1; i <= count; i++)
        (void)person_client(s->db, &s->author, i, "legal_name", "Ada Byron", NULL);
}

#define SAY(make, a, b) person_say(s->db, &s->author, make, a, b, &s->written)

/* The records of a person by their numbers: "1 2! 3?", ! voided, ? absent. */
static const char *person_of(struct scene *s, unsigned number)
{
    static char words[1024];
    struct id id = history_id(number);
    struct person person;
    size_t used = 0;
    assert_done(person_same(s->db, &id, &person, &history_error));
    words[0] = '\0';
    for (size_t i = 0; i < person.count; i++)
        used += (size_t)snprintf(words + used, sizeof words - used, "%s%u%s%s", i == 0 ? "" : " ",
                                 person.all[i].id.b[14] * 256u + person.all[i].id.b[15],
                                 person.all[i].voided ? "!" : "", person.all[i].absent ? "?" : "");
    return words;
}

/* A bare element of a set, as another program may have written it: past every check of ours. */
static void put_raw(struct scene *s, unsigned record, unsigned field, unsigned other)
{
    struct id id = history_id(record), named = history_id(other);
    struct pack value;
    struct edit edit;
    pack_start(&value);
    pack_id(&value, &named);
    assert_done(edit_open(&edit, s->db, &id, &history_error));
    change_draft_op(&edit.draft, field, CHANGE_ADD, pack_bytes(&value), NULL, 0);
    pack_free(&value);
    assert_done(edit_commit(&edit, &s->author, NULL, NULL, &history_error));
}

/* Goal: a person's records are those that links join, in either direction and over several steps; others are not. */
static void links_join(void **state)
{
    struct scene *s = *state;
    clients(s, 5);
    assert_string_equal(person_of(s, 1), "1");
    assert_done(SAY(person_link, 2, 1));
    assert_done(SAY(person_link, 2, 3));
    assert_done(SAY(person_link, 5, 3));
    for (unsigned i = 1; i <= 5; i++)
        assert_string_equal(person_of(s, i), i == 4 ? "4" : "1 2 3 5");
}

/* Goal: unlinking takes a link back whichever record holds it, and both if both do. */
static void unlinking_undoes(void **state)
{
    struct scene *s = *state;
    clients(s, 2);
    assert_done(SAY(person_link, 1, 2));
    assert_int_equal(s->written, 1);
    assert_done(SAY(person_unlink, 2, 1));
    assert_string_equal(person_of(s, 1), "1");
    put_raw(s, 1, SAME_AS, 2);
    put_raw(s, 2, SAME_AS, 1);
    assert_done(SAY(person_unlink, 1, 2));
    assert_int_equal(s->written, 2);
    assert_string_equal(person_of(s, 2), "2");
    assert_int_equal(SAY(person_unlink, 1, 2), E_NOT_FOUND);
    assert_non_null(strstr(history_error.text, "are not linked"));
}

/* Goal: what only a third record joins cannot be unlinked between the two, and the sentence names the next record on
 * the way, not another one that hangs on the first. */
static void unlinking_names_the_third(void **state)
{
    struct scene *s = *state;
    char brief[16];
    clients(s, 5);
    assert_done(SAY(person_link, 1, 2)); /* a dead end, with the smaller id */
    assert_done(SAY(person_link, 1, 3));
    assert_done(SAY(person_link, 3, 4));
    assert_done(SAY(person_link, 4, 5));
    assert_int_equal(SAY(person_unlink, 1, 5), E_NOT_FOUND);
    (void)snprintf(brief, sizeof brief, "from %08x", 3u);
    assert_non_null(strstr(history_error.text, brief));
    assert_string_equal(person_of(s, 5), "1 2 3 4 5");
}

/* Goal: linking twice writes nothing the second time, from either side and over a third record too. */
static void linking_twice(void **state)
{
    struct scene *s = *state;
    clients(s, 3);
    assert_done(SAY(person_link, 1, 2));
    assert_done(SAY(person_link, 2, 3));
    assert_done(SAY(person_link, 2, 1));
    assert_int_equal(s->written, 0);
    assert_done(SAY(person_link, 1, 3));
    assert_int_equal(s->written, 0);
}

/* Goal: what is no two clients that are here and not voided is refused, and nothing is written. */
static void refusals(void **state)
{
    struct scene *s = *state;
    struct id file = history_id(9), own = history_id(1);
    struct edit edit;
    char text[ID_TEXT];
    clients(s, 3);
    assert_done(edit_new(&edit, s->db, schema_kind(KIND_CASE), &file, &file, &history_error));
    assert_done(edit_set_text(&edit, "title", "a case", &history_error));
    assert_done(edit_commit(&edit, &s->author, NULL, NULL, &history_error));
    person_void(s->db, &s->author, 3);
    assert_int_equal(SAY(person_link, 1, 1), E_REFUSED);
    assert_int_equal(SAY(person_link, 1, 9), E_REFUSED);
    assert_int_equal(SAY(person_link, 9, 1), E_REFUSED);
    assert_int_equal(SAY(person_link, 1, 3), E_REFUSED);
    assert_int_equal(SAY(person_link, 3, 1), E_REFUSED);
    assert_int_equal(SAY(person_link, 1, 77), E_NOT_FOUND);
    assert_int_equal(SAY(person_part, 1, 1), E_REFUSED);
    assert_int_equal(SAY(person_part, 1, 3), E_REFUSED);
    assert_int_equal(SAY(person_unpart, 1, 2), E_NOT_FOUND);
    assert_string_equal(person_of(s, 1), "1");
    /* Nor does the plain edit let a record name itself. */
    id_format(&own, text);
    assert_done(edit_open(&edit, s->db, &own, &history_error));
    assert_int_equal(edit_add_text(&edit, "same_as", text, &history_error), E_INPUT);
    edit_free(&edit);
}

/* Goal: links to itself, to a case, or to what cannot be read as an id name nobody; a link to what is not here is told
 * as such. */
static void odd_links(void **state)
{
    struct scene *s = *state;
    struct id file = history_id(9), id = history_id(1);
    struct pack value;
    struct edit edit;
    clients(s, 2);
    assert_done(edit_new(&edit, s->db, schema_kind(KIND_CASE), &file, &file, &history_error));
    assert_done(edit_set_text(&edit, "title", "a case", &history_error));
    assert_done(edit_commit(&edit, &s->author, NULL, NULL, &history_error));
    put_raw(s, 1, SAME_AS, 1);
    put_raw(s, 1, SAME_AS, 9);
    put_raw(s, 2, SAME_AS, 9);
    pack_start(&value);
    pack_text(&value, "who?", 4);
    assert_done(edit_open(&edit, s->db, &id, &history_error));
    change_draft_op(&edit.draft, SAME_AS, CHANGE_ADD, pack_bytes(&value), NULL, 0);
    pack_free(&value);
    assert_done(edit_commit(&edit, &s->author, NULL, NULL, &history_error));
    assert_string_equal(person_of(s, 1), "1");
    assert_string_equal(person_of(s, 2), "2");
    put_raw(s, 1, SAME_AS, 50);
    assert_string_equal(person_of(s, 1), "1 50?");
    assert_string_equal(person_of(s, 50), "1 50?");
    assert_string_equal(person_of(s, 60), "60?");
}

/* Goal: a voided record stays one of the person's, and joins what it joined: what it says must not be lost from sight.
 */
static void voided_records_count(void **state)
{
    struct scene *s = *state;
    clients(s, 3);
    assert_done(SAY(person_link, 2, 1));
    assert_done(SAY(person_link, 2, 3));
    person_void(s->db, &s->author, 2);
    assert_string_equal(person_of(s, 1), "1 2! 3");
    /* What it holds itself cannot be written any more without bringing it back. */
    assert_int_equal(SAY(person_unlink, 1, 2), E_REFUSED);
    assert_non_null(strstr(history_error.text, "voided"));
    assert_string_equal(person_of(s, 1), "1 2! 3");
}

/* Goal: what a live record holds of a voided one can be taken back. */
static void unlinking_from_a_voided_record(void **state)
{
    struct scene *s = *state;
    clients(s, 2);
    assert_done(SAY(person_link, 1, 2));
    person_void(s->db, &s->author, 2);
    assert_done(SAY(person_unlink, 2, 1));
    assert_string_equal(person_of(s, 1), "1");
    assert_int_equal(history_number(s->db, "SELECT count(*) FROM conflict"), 0);
}

/* Goal: the mark of being two people and a link exclude each other, and each takes one change. */
static void different_and_linked(void **state)
{
    struct scene *s = *state;
    clients(s, 2);
    assert_done(SAY(person_part, 1, 2));
    assert_done(SAY(person_part, 2, 1));
    assert_int_equal(s->written, 0);
    /* The link takes the mark out, in the same change if one record holds both, */
    assert_done(SAY(person_link, 1, 2));
    assert_int_equal(s->written, 1);
    assert_int_equal(history_number(s->db, "SELECT count(*) FROM client WHERE different_from IS NOT NULL"), 0);
    assert_int_equal(SAY(person_part, 1, 2), E_REFUSED);
    assert_done(SAY(person_unlink, 1, 2));
    /* and in a second change if the other does. */
    assert_done(SAY(person_part, 1, 2));
    assert_done(SAY(person_link, 2, 1));
    assert_int_equal(s->written, 2);
    assert_string_equal(person_of(s, 1), "1 2");
    assert_int_equal(history_number(s->db, "SELECT count(*) FROM client WHERE different_from IS NOT NULL"), 0);
    assert_done(SAY(person_unlink, 1, 2));
    assert_done(SAY(person_part, 1, 2));
    assert_done(SAY(person_unpart, 2, 1));
    assert_int_equal(SAY(person_unpart, 2, 1), E_NOT_FOUND);
}

/* Goal: a mark between other records of the same two persons is not passed over: it is named, and taken back first. */
static void marked_elsewhere(void **state)
{
    struct scene *s = *state;
    char briefs[64];
    clients(s, 5);
    assert_done(SAY(person_link, 1, 2));
    assert_done(SAY(person_link, 3, 4));
    assert_done(SAY(person_part, 4, 2));
    assert_int_equal(SAY(person_link, 1, 3), E_REFUSED);
    (void)snprintf(briefs, sizeof briefs, "%08x and %08x, records of the same two", 4u, 2u);
    assert_non_null(strstr(history_error.text, briefs));
    /* One between others is nobody's business here. */
    assert_done(SAY(person_part, 5, 2));
    assert_done(SAY(person_unpart, 2, 4));
    assert_done(SAY(person_link, 1, 3));
    assert_string_equal(person_of(s, 4), "1 2 3 4");
}

/* Goal: of a person with more records than are told, the first are told, the one that is asked for among them, and that
 * there are more. */
static void many_records(void **state)
{
    struct scene *s = *state;
    enum { MANY = PERSON_RECORDS_MAX + 10 };
    struct person person;
    struct id last = history_id(MANY), first = history_id(1);
    clients(s, MANY);
    for (unsigned i = 2; i <= MANY; i++)
        put_raw(s, i, SAME_AS, i - 1);
    assert_done(person_same(s->db, &last, &person, &history_error));
    assert_int_equal(person.count, PERSON_RECORDS_MAX);
    assert_true(person.more);
    assert_true(id_equal(&person.all[0].id, &first));
    assert_true(id_equal(&person.all[PERSON_RECORDS_MAX - 1].id, &last));
    for (size_t i = 1; i < person.count; i++)
        assert_true(id_compare(&person.all[i - 1].id, &person.all[i].id) < 0);
    assert_done(person_same(s->db, &first, &person, &history_error));
    assert_int_equal(person.count, PERSON_RECORDS_MAX);
    assert_true(person.more);
}

/* Goal: finding the links of a person reads these and no others, from either side. */
static void links_of_one_person_alone_are_read(void **state)
{
    struct scene *s = *state;
    static const char *const sides[] = {"a", "b"};
    for (size_t i = 0; i < 2; i++) {
        char sql[256];
        sqlite3_stmt *q;
        (void)snprintf(sql, sizeof sql,
                       "EXPLAIN QUERY PLAN SELECT a, b FROM person_link WHERE field = 'same_as' AND %s = 'x'",
                       sides[i]);
        assert_done(db_query(s->db, &q, &history_error, sql, ""));
        assert_int_equal(db_next(s->db, q, &history_error), 1);
        if (strncmp(db_text(q, 3), "SEARCH", 6) != 0)
            fail_msg("%s", db_text(q, 3));
        db_done(s->db, q);
    }
}

static int append_one(void *arg, const struct id *record, struct error *e)
{
    char *out = arg;
    (void)e;
    (void)snprintf(out + strlen(out), 8, "%s%x", *out == 0 ? "" : " ", (unsigned)record->b[ID_BYTES - 1]);
    return strlen(out) > 24;
}

/* Goal: a walk along the links comes to the nearest first, against the direction of a link too; it ends where it is
 * told to, and a link that was undone leads nowhere. */
static void a_walk_comes_to_the_nearest_first(void **state)
{
    struct scene *s = *state;
    struct id from = history_id(3);
    char met[128] = "";
    clients(s, 9);
    put_raw(s, 2, SAME_AS, 1);
    put_raw(s, 3, SAME_AS, 2);
    put_raw(s, 4, SAME_AS, 3);
    put_raw(s, 5, SAME_AS, 4);
    put_raw(s, 8, SAME_AS, 7);
    assert_done(person_near(s->db, &from, append_one, met, 100, &history_error));
    assert_string_equal(met, "2 4 1 5");
    met[0] = 0;
    assert_done(person_near(s->db, &from, append_one, met, 3, &history_error));
    assert_string_equal(met, "2 4");
    met[0] = 0;
    assert_done(SAY(person_unlink, 3, 2));
    assert_done(person_near(s->db, &from, append_one, met, 100, &history_error));
    assert_string_equal(met, "4 5");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(links_join),
        TEST(unlinking_undoes),
        TEST(unlinking_names_the_third),
        TEST(linking_twice),
        TEST(refusals),
        TEST(odd_links),
        TEST(voided_records_count),
        TEST(unlinking_from_a_voided_record),
        TEST(different_and_linked),
        TEST(many_records),
        TEST(marked_elsewhere),
        TEST(links_of_one_person_alone_are_read),
        TEST(a_walk_comes_to_the_nearest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
