/* Tests: client/command/list.c client/command/show.c client/command/search.c client/command/find.c
 *     client/show/printer.c client/show/fields.c client/command/command.c
 * The record commands that read: list, show, search, and how records are found. */
#include "laptop_fixture.h"

/* Goal: the caseload shows what one needs to choose the next visit, and what waits. */
static void list_shows_the_caseload(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "'next_visit=2026-11-23 14:30'"), 0);
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "'alert=a dog'"), 0);
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, laptop_last8(d->file));
    assert_has(d->out, "2024-17");
    assert_has(d->out, "Ada Byron");
    assert_has(d->out, "moderate");
    assert_has(d->out, "open");
    assert_has(d->out, "2026-11-23 14:30 ");
    assert_has(d->out, "[alert]");
    assert_has(d->out, "[unsent: 4]");
    assert_has(d->err, "1 case\n");
    assert_int_equal(laptop_run(d, &command_list, "list newer"), 0);
    assert_string_equal(d->out, "");
    assert_has(d->err, "nothing here is newer than this program");
    assert_int_equal(laptop_run(d, &command_list, "list --json"), 0);
    assert_has(d->out, d->file);
    assert_has(d->out, "\"risk\": \"moderate\"");
}

/* Goal: contested cases stand first, then the higher risk, then the name. */
static void list_is_in_the_order_of_need(void **state)
{
    struct laptop_fixture *d = *state;
    char low[ID_TEXT], high[ID_TEXT], contested[ID_TEXT];
    const char *first, *second, *third, *fourth;
    assert_int_equal(laptop_run(d, &command_new, "new case 'client=Ada Byron' risk=low"), 0);
    laptop_take_id(d, low);
    assert_int_equal(laptop_run(d, &command_new, "new case 'client=Ada Byron' risk=critical"), 0);
    laptop_take_id(d, high);
    assert_int_equal(laptop_run(d, &command_new, "new case 'client=Ada Byron' 'risk=none known'"), 0);
    laptop_take_id(d, contested);
    laptop_set_unseen(d, contested, "risk", "low");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_non_null(first = strstr(d->out, laptop_last8(contested)));
    assert_non_null(second = strstr(d->out, laptop_last8(high)));
    assert_non_null(third = strstr(d->out, laptop_last8(d->file)));
    assert_non_null(fourth = strstr(d->out, laptop_last8(low)));
    assert_true(first < second && second < third && third < fourth);
    assert_has(d->out, "[contested: 1]");
}

/* Goal: allergies and alerts stand before everything else, and if there are none that is said as what it is. */
static void show_begins_with_allergies(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "ALLERGIES         no allergies recorded\n");
    assert_has(d->out, "ALERTS            no alerts recorded\n");
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "'allergy=penicillin (severe)' 'alert=a dog'"),
                     0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_int_equal(strncmp(d->out, "ALLERGIES         penicillin (severe)\nALERTS            a dog\n", 59), 0);
    assert_has_not(d->out, "no allergies");
    assert_has(d->out, "2024-17");
    assert_has(d->out, "1984-05-31");
    assert_has(d->out, "moderate");
}

/* Goal: what has not arrived is never said to be empty, in words or in JSON. */
static void what_is_arriving_is_not_empty(void **state)
{
    struct laptop_fixture *d = *state;
    laptop_set_arriving(d, d->client);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has_not(d->out, "no allergies");
    assert_has_not(d->out, "no alerts");
    assert_has(d->out, "ALLERGIES         not all of this person's record has arrived yet");
    assert_has(d->out, "NOT ALL OF THIS PERSON HAS ARRIVED YET");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->client, ""), 0);
    assert_has(d->out, "\"arriving\": true");
    assert_has_not(d->out, "allergy");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out, "\"notes\": []");
    laptop_set_arriving(d, d->file);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "NOT ALL OF THIS CASE HAS ARRIVED YET");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has_not(d->out, "notes");
    assert_has_not(d->out, "service");
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "allergy=latex"), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->client, ""), 0);
    assert_has(d->out, "there may be more");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "[arriving]");
    assert_has(d->err, "2 cases and persons have not arrived whole yet");
}

/* Goal: a case whose client is not on this laptop says so, and says nothing of allergies. */
static void a_case_without_its_client(void **state)
{
    struct laptop_fixture *d = *state;
    struct id client;
    assert_int_equal(id_parse(d->client, &client, NULL), 0);
    assert_int_equal(db_run(d->store.db, &d->e, "UPDATE entry SET position = id", ""), 0);
    assert_int_equal(record_purge(d->store.db, &client, &d->e), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "ALLERGIES         not known here");
    assert_has(d->out, "not on this laptop");
    assert_has_not(d->out, "no allergies");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "[arriving]");
}

/* Goal: a record cannot drive the terminal, and cannot fake a line of a list. */
static void records_do_not_drive_the_terminal(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run(d, &command_new,
                                "new client 'legal_name=Eve\x1b[2J\nfaked row \xc2\x9b"
                                "1m'"),
                     0);
    assert_int_equal(laptop_run(d, &command_list, "list client"), 0);
    assert_has(d->out, "faked row");
    assert_has_not(d->out, "\x1b");
    assert_has_not(d->out, "\xc2\x9b");
    assert_has_not(d->out, "\nfaked");
    assert_int_equal(laptop_run(d, &command_list, "list client --json"), 0);
    assert_has_not(d->out, "\x1b");
    assert_int_equal(laptop_run(d, &command_show, "show faked"), 0);
    assert_has_not(d->out, "\x1b");
    assert_has_not(d->out, "\nfaked");
    assert_int_equal(laptop_run(d, &command_search, "search faked"), 0);
    assert_has_not(d->out, "\x1b");
    assert_has_not(d->out, "\nfaked");
    assert_int_equal(laptop_run(d, &command_new,
                                "new client legal_name=Mallory 'need=\xc2\x9b"
                                "1m\x7f'"),
                     0);
    assert_int_equal(laptop_run(d, &command_list, "list client --json"), 0);
    assert_has_not(d->out, "\xc2\x9b");
    assert_has_not(d->out, "\x7f");
    assert_has(d->out, "\\u009b1m\\u007f");
}

/* Goal: a search finds records that hold all the words, in either case, in sets and notes too, and not the voided. */
static void search_wants_all_words(void **state)
{
    struct laptop_fixture *d = *state;
    char note[ID_TEXT];
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "'allergy=Penicillin, hives'"), 0);
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "'Quiet visit; the \"new\" dog is kind.'"), 0);
    laptop_take_id(d, note);
    assert_int_equal(laptop_run(d, &command_search, "search PENICILLIN byron"), 0);
    assert_has(d->out, "allergy: Penicillin, hives");
    assert_has(d->out, "legal_name: Ada Byron");
    assert_has(d->err, "1 record on");
    assert_int_equal(laptop_run(d, &command_search, "search penicillin nobody"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(laptop_run(d, &command_search, "search '\"new\" DOG'"), 0);
    assert_has(d->out, laptop_last8(note));
    assert_has(d->out, "Ada Byron  text: Quiet visit");
    assert_int_equal(laptop_run(d, &command_search, "search --json dog"), 0);
    assert_has(d->out, note);
    assert_int_equal(laptop_run_on(d, &command_void, "void", note, "--reason mistake"), 0);
    assert_int_equal(laptop_run(d, &command_search, "search dog"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(laptop_run(d, &command_search, "search"), E_USAGE);
}

/* --- finding --- */

/* Goal: a record is found by its id, the end or the beginning of it, its number or a name; never by a guess. */
static void find_takes_what_people_say(void **state)
{
    struct laptop_fixture *d = *state;
    struct id id, client, file;
    char other[ID_TEXT], upper[9];
    assert_int_equal(id_parse(d->client, &client, NULL), 0);
    assert_int_equal(id_parse(d->file, &file, NULL), 0);
    assert_int_equal(laptop_find(d, NULL, d->file, &id), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(laptop_find(d, NULL, laptop_last8(d->file), &id), 0);
    assert_true(id_equal(&id, &file));
    for (int i = 0; i < 9; i++)
        upper[i] =
            (char)(laptop_last8(d->file)[i] >= 'a' ? laptop_last8(d->file)[i] - 'a' + 'A' : laptop_last8(d->file)[i]);
    assert_int_equal(laptop_find(d, NULL, upper, &id), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(laptop_find(d, NULL, "BYRON", &id), 0);
    assert_true(id_equal(&id, &client));
    /* A case is asked for: the name of its client names it. */
    assert_int_equal(laptop_find(d, schema_kind(KIND_CASE), "byron", &id), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(laptop_find(d, schema_kind(KIND_CASE), d->client, &id), 0);
    assert_true(id_equal(&id, &file));
    /* A whole number goes before a part of one; parts of two do not name either. */
    assert_int_equal(laptop_run(d, &command_new, "new case 'client=ada byron' number=2024-171"), 0);
    laptop_take_id(d, other);
    assert_int_equal(laptop_find(d, NULL, "2024-17", &id), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(laptop_find(d, NULL, "024-1", &id), E_INPUT);
    assert_has(d->e.text, "2 records match");
    /* Two persons, one of whom has the whole of the words for a name. */
    assert_int_equal(laptop_run(d, &command_new, "new client legal_name=Ada"), 0);
    assert_int_equal(laptop_find(d, NULL, "Ada", &id), E_INPUT);
    assert_int_equal(laptop_find(d, NULL, "nobody at all", &id), E_NOT_FOUND);
    assert_int_equal(laptop_find(d, NULL, "", &id), E_USAGE);
    assert_int_equal(laptop_find(d, NULL, "%", &id), E_NOT_FOUND);
    /* Three characters are no id. */
    assert_int_equal(laptop_find(d, NULL, laptop_last8(d->file) + 5, &id), E_NOT_FOUND);
    assert_int_equal(laptop_find(d, schema_kind(KIND_NOTE), d->file, &id), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
        TEST(list_shows_the_caseload),    TEST(list_is_in_the_order_of_need),
        TEST(show_begins_with_allergies), TEST(what_is_arriving_is_not_empty),
        TEST(a_case_without_its_client),  TEST(records_do_not_drive_the_terminal),
        TEST(search_wants_all_words),     TEST(find_takes_what_people_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
