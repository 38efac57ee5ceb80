/* Tests: daemon/import/map_file.c daemon/import/mapping.c
 * A mapping file: what docs/MAPPING.md says of it, what an import by it makes, and a sentence for everything that is
 * wrong with one. */
#include "export_fixture.h"

#include "map_file.h"

static const char register_map[] = "# the old house\n"
                                   "source old-register\n"
                                   "file persons\n"
                                   "  key Nr\n  updated Changed\n  deleted Deleted\n"
                                   "  record client\n"
                                   "    legal_name \"First name\" \"Last name\"\n"
                                   "    birth_date Born\n"
                                   "    gender Sex codes f female m male\n"
                                   "    phone Phone once\n"
                                   "    allergy Allergies split ;\n"
                                   "file stays\n"
                                   "  key Stay\n"
                                   "  record case\n"
                                   "    client Person from persons\n"
                                   "    number Stay\n"
                                   "    title always \"the old house\"\n"
                                   "    opened From\n"
                                   "    closed To\n"
                                   "    status To filled closed empty open\n"
                                   "    risk Risk codes 1 low 2 moderate 3 high\n"
                                   "file visits\n"
                                   "  key Visit\n  deleted Gone\n"
                                   "  record service in stays Stay\n"
                                   "    type Kind\n    started At\n    amount Paid\n"
                                   "  record note in stays Stay\n"
                                   "    text Words\n    visited At\n";

#define PERSONS "Nr,First name,Last name,Born,Sex,Phone,Allergies,Changed,Deleted,Shoe\n"
#define ADA "1,Ada,Byron,10/12/1950,f,555,penicillin; latex ;,2026-01-02 10:00,,38\n"
#define BEN "2,Ben,Example,31/01/1960,m,,,2026-01-02 10:00,,44\n"
#define STAYS "Stay,Person,From,To,Risk\n"
#define VISITS "Visit,Stay,Kind,At,Paid,Words,Gone\n"

static int set_up(void **state)
{
    export_no_files();
    export_file("persons", PERSONS ADA BEN "3,Cee,Gone,01/02/1960,m,,,2026-01-02 10:00,yes,44\n");
    export_file("stays", STAYS "s1,1,2026-01-01,,3\ns2,2,2026-01-01,2026-02-01,9\ns3,7,2026-01-01,,1\n");
    export_file("visits", VISITS "v1,s1,home visit,2026-01-05 10:00,12.50,She was well.,\n"
                                 "v2,s2,office,2026-01-06 11:30,,\"Two lines\nof words\",\n"
                                 "v3,s9,office,2026-01-06 11:30,,lost,\n");
    return office_set_up(state);
}

static int tear_down(void **state)
{
    export_file("persons", NULL);
    export_file("stays", NULL);
    export_file("visits", NULL);
    return office_tear_down(state);
}

/* Imports the folder by the mapping; freed with export_done. */
static struct import *take(struct central *c)
{
    struct map_file *m;
    struct import *im = calloc(1, sizeof *im);
    assert_non_null(im);
    pair_office_scratch(c);
    im->central = c;
    im->system = "";
    PAIR_OK(map_file_parse(register_map, strlen(register_map), "map", &m, &pair_e));
    PAIR_OK(import_open(im, &pair_e));
    assert_true(mapping_fits(map_file_mapping(m), export_folder()));
    PAIR_OK(mapping_import(im, map_file_mapping(m), export_folder(), &pair_e));
    PAIR_OK(account_end(im->staging, &pair_e));
    PAIR_OK(import_end(im, &pair_e));
    map_file_free(m);
    return im;
}

/* How often something of this line was left for such a reason. */
static uint64_t left(const struct import *im, const char *file, uint64_t line, const char *why)
{
    uint64_t count;
    PAIR_OK(db_number_of(im->staging, &count, &pair_e,
                         "SELECT count(*) FROM (SELECT file, line, why FROM account_row WHERE outcome = 3 UNION ALL "
                         "SELECT file, line, why FROM account_value) WHERE file = ? AND line = ? AND instr(why, ?)",
                         "tut", file, line, why));
    return count;
}

/* Goal: each form of a line writes what the page says. */
static void each_form_writes_its_field(void **state)
{
    struct central *c = *state;
    struct import *im = take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM client WHERE legal_name = 'Ada Byron' AND birth_date = "
                                       "'1950-12-10' AND gender = 'female' AND phone = '555' AND allergy = "
                                       "'[\"latex\",\"penicillin\"]'"),
                     1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM client"), 2);
    assert_int_equal(pair_count(c->db,
                                "SELECT count(*) FROM \"case\" k JOIN client p ON p.id = k.client WHERE "
                                "p.legal_name = 'Ada Byron' AND k.number = 's1' AND k.title = 'the old house' AND "
                                "k.opened = '2026-01-01' AND k.closed IS NULL AND k.status = 'open' AND k.risk = "
                                "'high'"),
                     1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM \"case\" WHERE number = 's2' AND status = 'closed' AND "
                                       "closed = '2026-02-01' AND risk IS NULL"),
                     1);
    assert_int_equal(pair_count(c->db,
                                "SELECT count(*) FROM service s JOIN \"case\" k ON k.id = s.scope WHERE k.number "
                                "= 's1' AND s.type = 'home visit' AND s.amount = 1250 AND s.started LIKE "
                                "'2026-01-05%'"),
                     1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM note n JOIN \"case\" k ON k.id = n.scope WHERE k.number = "
                                       "'s2' AND n.text LIKE '%Two lines\\nof words%'"),
                     1);
    export_done(im);
}

/* Goal: what is not taken is told with its line, and a column that the mapping does not name with its values. */
static void what_is_left_is_told(void **state)
{
    struct import *im = take(*state);
    assert_int_equal(left(im, "stays", 3, "risk of a case is one of"), 1);
    assert_int_equal(left(im, "stays", 4, "the row that it hangs on was not taken"), 1);
    assert_int_equal(left(im, "visits", 5, "the row that it hangs on was not taken"), 1);
    assert_int_equal(pair_count(im->staging, "SELECT filled FROM account_column WHERE \"column\" = 'Shoe'"), 3);
    assert_int_equal(pair_count(im->staging, "SELECT count(*) FROM account_row WHERE outcome = 0"), 0);
    export_done(im);
}

/* Goal: a row that moves takes its records along, one that is deleted all of them; `once` leaves a field to people;
 * the same rows once more write nothing. */
static void later_exports_are_followed(void **state)
{
    struct central *c = *state;
    uint64_t size;
    export_done(take(c));
    size = c->tree.size;
    export_done(take(c));
    assert_int_equal(c->tree.size, size);
    export_file("persons", PERSONS "1,Ada,King,10/12/1950,f,777,latex,2026-01-03 10:00,,38\n" BEN);
    export_file("visits", VISITS "v1,s2,home visit,2026-01-05 10:00,12.50,She was well.,\n"
                                 "v2,s2,office,2026-01-06 11:30,,words,yes\n");
    export_done(take(c));
    assert_int_equal(pair_count(c->db,
                                "SELECT count(*) FROM client WHERE legal_name = 'Ada King' AND phone = '555' AND "
                                "allergy = '[\"latex\"]'"),
                     1);
    assert_int_equal(pair_count(c->db,
                                "SELECT count(*) FROM service s JOIN \"case\" k ON k.id = s.scope WHERE k.number "
                                "= 's2' AND s.voided = 0 AND s.type = 'home visit'"),
                     1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM service WHERE voided = 0"), 1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM note WHERE voided = 0"), 1);
}

/* Goal: a sentence with the line for everything that a mapping may not say. */
static void wrong_mappings_are_refused(void **state)
{
    static const struct {
        const char *text, *sentence;
    } all[] = {
        {"", "does not say of which source"},
        {"source old\n", "makes no records"},
        {"source Old\n", "line 1: a source's name has at most 32 small letters"},
        {"source hmis\n", "needs no mapping"},
        {"key Nr\n", "say first which file this is of"},
        {"source a\nfile p\nrecord client\n", "line 3: say first which column is the key"},
        {"source a\nfile p\nkey Nr\nlegal_name Name\n", "line 4: say first what a row is"},
        {"file p\nkey Nr\nrecord client\nnam Name\n", "a client has no field nam; it has legal_name"},
        {"file p\nkey Nr\nrecord user\n", "user is nothing that a mapping can make"},
        {"file p\nkey Nr\nrecord client\nrecord client\n", "a row makes one record of a kind"},
        {"file p\nkey Nr\nrecord client in p Nr\n", "a client stands in no case"},
        {"file p\nkey Nr\nrecord note\n", "write: record note in FILE COLUMN"},
        {"file p\nkey Nr\nrecord note in q Nr\n", "no file q with a key stands above"},
        {"source a\nfile p\nkey Nr\nrecord client\nfile q\nkey Nr\nrecord note in p Nr\n",
         "line 7: a row of p makes no case"},
        {"file p\nkey Nr\nrecord case\nclient Person\n", "write: client COLUMN from FILE"},
        {"file p\nkey Nr\nrecord case\ntitle Person from p\n", "title names no other record"},
        {"file p\nkey Nr\nrecord client\nlegal_name Name split ;\n", "legal_name holds one value"},
        {"file p\nkey Nr\nrecord client\ngender Sex codes f\n", "codes CODE WORD"},
        {"file p\nkey Nr\nrecord client\nbirth_date Born At\n", "comes from one column"},
        {"file p\nkey Nr\nrecord client\nbirth_date Born\nphone Born\n", "but not as two of these"},
        {"file p\nkey Nr\nrecord client\nphone\n", "write: phone COLUMN"},
        {"file p\nkey Nr\nrecord client\nkey Nr\n", "stands before the first record"},
        {"file p\nkey Nr\nkey Nr\n", "has such a column already"},
        {"file p\nfile P\n", "stands here already"},
        {"file ../p\n", "a file's name is that of a CSV file"},
        {"file account_row\n", "a file of this name cannot be mapped"},
        {"file p\nkey old\n", "a column of the name old cannot be mapped"},
        {"file p\nkey Later\n", "a column of the name Later cannot be mapped"},
        {"file \"p\n", "a quote is not closed"},
        {"source a\xff\n", "no text in UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct error e = {0, ""};
        struct map_file *m;
        assert_int_equal(map_file_parse(all[i].text, strlen(all[i].text), "map", &m, &e), E_INPUT);
        assert_null(m);
        if (strstr(e.text, all[i].sentence) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", all[i].text, e.text, all[i].sentence);
    }
}

/* Goal: every size has its limit. */
static void sizes_are_limited(void **state)
{
    static char text[MAP_FILE_MAX + 2];
    struct error e = {0, ""};
    struct map_file *m;
    size_t used;
    (void)state;
    memset(text, '\n', sizeof text);
    assert_int_equal(map_file_parse(text, MAP_FILE_MAX + 1, "map", &m, &e), E_LIMIT);
    used = (size_t)snprintf(text, sizeof text, "source a\n");
    for (int i = 0; i <= MAP_FILE_FILES; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "file f%d\nkey k\nrecord client\n", i);
    assert_int_equal(map_file_parse(text, used, "map", &m, &e), E_INPUT);
    assert_non_null(strstr(e.text, "at most 16 files"));
    used = (size_t)snprintf(text, sizeof text, "source a\nfile p\nkey k\nrecord client\n");
    for (int i = 0; i <= MAP_FILE_COLUMNS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "legal_name a%d b%d\n", i, i);
    assert_int_equal(map_file_parse(text, used, "map", &m, &e), E_INPUT);
    assert_non_null(strstr(e.text, "at most"));
}

/* Goal: the page's own example is a mapping. */
static void the_example_is_a_mapping(void **state)
{
    static char page[65536];
    FILE *f = fopen("docs/MAPPING.md", "r");
    struct map_file *m;
    char *from, *to;
    (void)state;
    assert_non_null(f);
    page[fread(page, 1, sizeof page - 1, f)] = '\0';
    (void)fclose(f);
    from = strstr(page, "```\n");
    assert_non_null(from);
    to = strstr(from + 4, "```\n");
    assert_non_null(to);
    PAIR_OK(map_file_parse(from + 4, (size_t)(to - from - 4), "the example", &m, &pair_e));
    assert_int_equal(map_file_mapping(m)->record_count, 4);
    map_file_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_form_writes_its_field, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(later_exports_are_followed, set_up, tear_down),
        cmocka_unit_test(wrong_mappings_are_refused),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(the_example_is_a_mapping),
    };
    return cmocka_run_group_tests(tests, export_make_folder, export_remove_folder);
}
