/* Tests: client/show/warn.c client/show/own_conflicts.c
 * What must be known first of a person comes from every record of that person; and references to what is gone. */
#include "laptop_fixture.h"

struct scene {
    struct laptop_fixture *d;
    char other[ID_TEXT], other_case[ID_TEXT];
};

static int start(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    char line[160];
    void *desk = NULL;
    assert_non_null(s);
    assert_int_equal(laptop_fixture_set_up(&desk), 0);
    s->d = desk;
    assert_int_equal(
        laptop_run(s->d, &command_new, "new client 'legal_name=Augusta Byron' 'allergy=penicillin (severe)'"), 0);
    laptop_take_id(s->d, s->other);
    (void)snprintf(line, sizeof line, "new case number=2024-99 risk=critical client=%s", s->other);
    assert_int_equal(laptop_run(s->d, &command_new, line), 0);
    laptop_take_id(s->d, s->other_case);
    (void)snprintf(line, sizeof line, "link %s %s", s->other, s->d->client);
    assert_int_equal(laptop_run(s->d, &command_link, line), 0);
    *state = s;
    return 0;
}

static int finish(void **state)
{
    struct scene *s = *state;
    void *desk = s->d;
    free(s);
    return laptop_fixture_tear_down(&desk);
}

/* The record leaves this laptop, as one that is not in the caseload any more. */
static void purge(struct scene *s, const char *record)
{
    struct id id;
    assert_int_equal(id_parse(record, &id, NULL), 0);
    assert_int_equal(db_run(s->d->store.db, &s->d->e, "UPDATE entry SET position = id", ""), 0);
    assert_int_equal(record_purge(s->d->store.db, &id, &s->d->e), 0);
}

/* Goal: the allergy and the alert of the other record stand first, marked with the record that they are on, in the case
 * and in the record of the person; the risk of the other case, too. */
static void from_every_record(void **state)
{
    struct scene *s = *state;
    struct laptop_fixture *d = s->d;
    char line[96];
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "allergy=nuts"), 0);
    assert_int_equal(laptop_run_on(d, &command_add, "add", s->other, "'alert=a dog'"), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(laptop_run_on(d, &command_show, "show", i == 0 ? d->file : d->client, ""), 0);
        assert_int_equal(strncmp(d->out, "ALLERGIES         nuts\n", 23), 0);
        (void)snprintf(line, sizeof line, "penicillin (severe)  (recorded on %s)\n", laptop_last8(s->other));
        assert_has(d->out, line);
        (void)snprintf(line, sizeof line, "ALERTS            a dog  (recorded on %s)\n", laptop_last8(s->other));
        assert_has(d->out, line);
        assert_has_not(d->out, "no alerts");
        (void)snprintf(line, sizeof line, "RISK ELSEWHERE    critical in case %s (2024-99), of the record %s\n",
                       laptop_last8(s->other_case), laptop_last8(s->other));
        assert_has(d->out, line);
        (void)snprintf(line, sizeof line, "SAME PERSON AS    %s  Augusta Byron\n", laptop_last8(s->other));
        assert_has(d->out, line);
    }
    assert_has_not(d->out, "moderate in case"); /* of its own cases the person's page says more below */
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "[alert] [linked]");
    /* Closed, the other case tells no risk; unlinked, the other record tells nothing. */
    assert_int_equal(laptop_run_on(d, &command_set, "set", s->other_case, "status=closed"), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has_not(d->out, "RISK ELSEWHERE");
    (void)snprintf(line, sizeof line, "unlink %s %s", d->client, s->other);
    assert_int_equal(laptop_run(d, &command_unlink, line), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has_not(d->out, "penicillin");
    assert_has_not(d->out, "SAME PERSON");
}

/* Goal: the same in JSON. */
static void in_json(void **state)
{
    struct scene *s = *state;
    struct laptop_fixture *d = s->d;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(laptop_run_on(d, &command_show, "show --json", i == 0 ? d->file : d->client, ""), 0);
        assert_has(d->out, i == 0 ? "\"same_person\": [{\"id\": " : "\"same_person\": [\n {\"id\": ");
        assert_has(d->out, "\"penicillin (severe)\"");
        assert_has(d->out, "\"risk\": \"critical\"");
        assert_has(d->out, "\"more_records\": false");
        assert_int_equal(db_run(d->store.db, &d->e,
                                "INSERT INTO meta(name, value) SELECT 'json', json_extract(?, '$.id')", "t", d->out),
                         0); /* SQLite reads it: it is one value */
        assert_int_equal(db_run(d->store.db, &d->e, "DELETE FROM meta WHERE name = 'json'", ""), 0);
    }
    purge(s, s->other);
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->client, ""), 0);
    assert_has_not(d->out, "penicillin");
}

/* Goal: a record of the person that is not here, or not whole, is said and never taken for nothing. */
static void what_is_not_here_is_said(void **state)
{
    struct scene *s = *state;
    struct laptop_fixture *d = s->d;
    char line[160];
    /* The link must stand in the record that stays. */
    (void)snprintf(line, sizeof line, "same_as=%s", s->other);
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, line), 0);
    laptop_set_arriving(d, s->other);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    (void)snprintf(line, sizeof line,
                   "there may be more: not all of another record of this person (%s) has arrived yet\n",
                   laptop_last8(s->other));
    assert_has(d->out, line);
    assert_int_equal(db_run(d->store.db, &d->e, "DELETE FROM scope", ""), 0);
    purge(s, s->other);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(laptop_run_on(d, &command_show, "show", i == 0 ? d->file : d->client, ""), 0);
        (void)snprintf(line, sizeof line,
                       "ALLERGIES         another record of this person (%s) is not on this laptop: it may hold more\n",
                       laptop_last8(s->other));
        assert_has(d->out, line);
        (void)snprintf(line, sizeof line, "SAME PERSON AS    %s  (not on this laptop)\n", laptop_last8(s->other));
        assert_has(d->out, line);
        assert_has_not(d->out, "no allergies recorded");
        assert_has_not(d->out, "no alerts recorded");
    }
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out, "\"here\": false}");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "[linked]");
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates"), 0);
    /* And nothing that is written of the record that is here is blocked by it. */
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "phone=1"), 0);
    assert_int_equal(db_begin(d->store.db, &d->e), 0);
    assert_int_equal(record_rebuild(d->store.db, &d->e), 0);
    assert_int_equal(db_commit(d->store.db, &d->e), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "(not on this laptop)");
}

/* Goal: what stands on a voided record of the person is shown, as what it is: whoever voids a duplicate does not end an
 * allergy. */
static void a_voided_record_still_warns(void **state)
{
    struct scene *s = *state;
    struct laptop_fixture *d = s->d;
    char line[96];
    assert_int_equal(laptop_run_on(d, &command_void, "void", s->other, "--reason 'a duplicate'"), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    (void)snprintf(line, sizeof line, "penicillin (severe)  (recorded on %s, which is voided)\n",
                   laptop_last8(s->other));
    assert_has(d->out, line);
    (void)snprintf(line, sizeof line, "SAME PERSON AS    %s  Augusta Byron  (voided)\n", laptop_last8(s->other));
    assert_has(d->out, line);
    /* On the voided record's own page the other one is named as well. */
    assert_int_equal(laptop_run_on(d, &command_show, "show", s->other, ""), 0);
    assert_has(d->out, "VOIDED");
    assert_has(d->out, "SAME PERSON AS");
}

/* Goal: a case whose client was voided, or is not here, shows that, lists, and is written on; so is a contact that
 * names such a client. */
static void references_to_what_is_gone(void **state)
{
    struct scene *s = *state;
    struct laptop_fixture *d = s->d;
    char line[160], contact[ID_TEXT];
    (void)snprintf(line, sizeof line, "new contact %s name=Nil client=%s", d->file, s->other);
    assert_int_equal(laptop_run(d, &command_new, line), 0);
    laptop_take_id(d, contact);
    assert_int_equal(laptop_run_on(d, &command_void, "void", s->other, "--reason 'a duplicate'"), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", s->other_case, ""), 0);
    (void)snprintf(line, sizeof line, "Augusta Byron (%s, voided)", laptop_last8(s->other));
    assert_has(d->out, line);
    assert_has(d->out, "VOIDED");
    assert_has(d->out, "penicillin (severe)\n");
    assert_int_equal(laptop_run_on(d, &command_show, "show", contact, ""), 0);
    assert_has(d->out, line);
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "2024-99");
    assert_int_equal(laptop_run_on(d, &command_set, "set", s->other_case, "title=Housing risk=high --reason better"),
                     0);
    assert_int_equal(laptop_run_on(d, &command_note, "note", s->other_case, "'still visited'"), 0);
    purge(s, s->other);
    assert_int_equal(laptop_run_on(d, &command_show, "show", s->other_case, ""), 0);
    assert_has(d->out, s->other);
    assert_has(d->out, "(not on this laptop)");
    assert_has(d->out, "ALLERGIES         not known here");
    assert_int_equal(laptop_run_on(d, &command_show, "show", contact, ""), 0);
    assert_has(d->out, "(not on this laptop)");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "[arriving]");
    assert_int_equal(laptop_run_on(d, &command_set, "set", s->other_case, "title=Rent"), 0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", contact, "phone=1"), 0);
    assert_int_equal(db_begin(d->store.db, &d->e), 0);
    assert_int_equal(record_rebuild(d->store.db, &d->e), 0);
    assert_int_equal(db_commit(d->store.db, &d->e), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", s->other_case, ""), 0);
    assert_has(d->out, "\"title\": \"Rent\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST_LINKED(name) cmocka_unit_test_setup_teardown(name, start, finish)
        TEST_LINKED(from_every_record),          TEST_LINKED(in_json),
        TEST_LINKED(what_is_not_here_is_said),   TEST_LINKED(a_voided_record_still_warns),
        TEST_LINKED(references_to_what_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
