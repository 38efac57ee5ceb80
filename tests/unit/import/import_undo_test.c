/* Tests: daemon/import/import_undo.c daemon/task/task_import_list.c
 * The list of imports; taking one back, which spares what was built on it; and a dry run, which says what would be
 * written. */
#include "export_fixture.h"
#include "task_fixture.h"

static struct id client;
static struct export_person worker;

#define NAMED(name, day)                                                                                               \
    EXPORT_CLIENT "1," name ",,Byron,,1990-01-02,0,0,,,2026-0" day "-01 00:00:00,\n2,Bo,,Berg,,,,,,,2026-01-01,\n"

static int set_up(void **state)
{
    client = id_derive("hmis", "Client", "1");
    export_person(&worker);
    export_no_files();
    export_file("Client", NAMED("Ada", "1"));
    export_file("Enrollment", EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,116,u1,2026-01-05 00:00:00,\n");
    export_file("User", EXPORT_USER "u1,Wil,Worker,555,w@example.org,2026-01-01 00:00:00,\n");
    export_file("Services", EXPORT_SERVICES "S1,E1,2026-01-06,152,1,100.00,2026-01-06,\n");
    return office_set_up(state);
}

static void says(struct central *c, const char *sql, const char *expected)
{
    office_expect(c->db, sql, &client, expected);
}

/* What lives of an import: records of the kinds that it makes. */
static uint64_t living(struct central *c)
{
    return pair_count(c->db, "SELECT count(*) FROM place WHERE voided = 0 AND kind IN (5, 7, 8, 11)");
}

/* Goal: the list has each import with its number, who ran it, from where, and how much it changed. */
static void the_list_has_each_import(void **state)
{
    struct central *c = *state;
    (void)OFFICE_TASK(c, 2, "import", "list");
    office_says("nothing was imported");
    export_file("Export", EXPORT_DATE "1,2026-02-01 10:00:00\n");
    assert_int_equal(OFFICE_TASK(c, 2, "import", export_folder()), 0);
    export_file("Export", EXPORT_DATE "2,2026-03-01 10:00:00\n");
    export_file("Client", NAMED("Adah", "3"));
    assert_int_equal(OFFICE_TASK(c, 2, "import", export_folder()), 0);
    assert_int_equal(OFFICE_TASK(c, 2, "import", "list"), 0);
    office_says("by boss  hmis, export of 2026-02-01 10:00");
    office_says("6 new, 0 changed, 0 withdrawn, 0 contested, 0 left");
    office_says("0 new, 1 changed, 0 withdrawn, 0 contested, 0 left");
    assert_int_equal(OFFICE_TASK(c, 3, "import", "list", "--json"), 0);
    office_says("\"number\": 2, \"by\": \"boss\"");
}

/* Goal: a first import that is taken back leaves nothing that lives; the same export again brings all of it back. */
static void a_first_import_is_taken_back_whole(void **state)
{
    struct central *c = *state;
    export_take(c);
    assert_int_equal(living(c), 5);
    assert_int_equal(OFFICE_TASK(c, 3, "import", "undo", "1"), 0);
    office_says("import 1 is taken back");
    assert_int_equal(living(c), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "import", "undo", "1"), 2);
    office_says("taken back already");
    assert_int_equal(OFFICE_TASK(c, 3, "import", "undo", "2"), 2);
    office_says("is the taking back of an import");
    assert_int_equal(OFFICE_TASK(c, 3, "import", "undo", "7"), 2);
    office_says("there is no import 7");
    export_take(c);
    assert_int_equal(living(c), 5);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada Byron");
    says(c, "SELECT amount FROM service WHERE ?1 <> ''", "10000");
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM conflict"), 0);
}

/* Goal: what a later import changed is as before; and the source's word counts anew when it comes again. */
static void a_later_import_is_taken_back(void **state)
{
    struct central *c = *state;
    export_take(c);
    export_file("Client", NAMED("Adah", "3"));
    export_file("Services", EXPORT_SERVICES "S1,E1,2026-01-06,152,1,120.00,2026-03-06,\n");
    export_take(c);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Adah Byron");
    assert_int_equal(OFFICE_TASK(c, 3, "import", "undo", "2"), 0);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada Byron");
    says(c, "SELECT amount FROM service WHERE ?1 <> ''", "10000");
    export_take(c);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Adah Byron");
    says(c, "SELECT amount FROM service WHERE ?1 <> ''", "12000");
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM conflict"), 0);
}

/* Goal: what a person built on stays, and is named: a note keeps its case and its client, an edit its field. */
static void what_was_built_on_stays(void **state)
{
    struct central *c = *state;
    struct id kase = id_derive("hmis", "Enrollment", "E1"), note = id_new(clock_wall());
    struct edit edit;
    export_take(c);
    PAIR_OK(edit_new(&edit, c->db, schema_kind(KIND_NOTE), &kase, &note, &pair_e));
    PAIR_OK(edit_set_text(&edit, "text", "She has a new address.", &pair_e));
    export_write(c, &worker, &edit);
    assert_int_equal(OFFICE_TASK(c, 3, "import", "undo", "1"), 1);
    office_says("stays, since something was built on it: case E1");
    office_says("stays, since something was built on it: client 1");
    says(c, "SELECT voided FROM client WHERE id = ?", "0");
    says(c, "SELECT voided FROM client WHERE source_id = '2' AND ?1 <> ''", "1");
    says(c, "SELECT voided FROM service WHERE ?1 <> ''", "1");
}

/* Goal: a person's value that stands on an import's, or beside it, stands alone when that import is taken back. */
static void a_persons_value_stays(void **state)
{
    struct central *c = *state;
    export_take(c);
    export_set(c, &worker, &client, "legal_name", "Ada King");
    export_file("Client", NAMED("Adah", "3"));
    export_take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM conflict"), 1);
    (void)OFFICE_TASK(c, 3, "import", "undo", "2");
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada King");
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM conflict"), 0);
}

/* Goal: a dry run says what would be written, by record and field, and writes nothing. */
static void a_dry_run_says_what_would_be_written(void **state)
{
    struct central *c = *state;
    uint64_t before;
    export_take(c);
    export_set(c, &worker, &client, "gender", "as Ada says");
    export_file("Client", EXPORT_CLIENT
                "1,Adah,,Byron,,1990-01-02,1,0,,,2026-03-01,\n2,Bo,,Berg,,,,,,,2026-03-01,2026-03-01\n3,Cy,,Quill,,,,,"
                ",,2026-03-01,\n");
    before = c->tree.size;
    (void)OFFICE_TASK(c, 3, "import", export_folder(), "--dry-run");
    office_says("  client 1 legal_name: Ada Byron -> Adah Byron\n");
    office_says("  client 1 gender: as Ada says -> male, beside what a person wrote: contested\n");
    office_says("  client 2 void: deleted in the source\n");
    office_says("  client 3 legal_name: Cy Quill\n");
    assert_int_equal(c->tree.size, before);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada Byron");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, office_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_list_has_each_import),     TEST(a_first_import_is_taken_back_whole),
        TEST(a_later_import_is_taken_back), TEST(what_was_built_on_stays),
        TEST(a_persons_value_stays),        TEST(a_dry_run_says_what_would_be_written),
    };
    return cmocka_run_group_tests(tests, export_make_folder, export_remove_folder);
}
