/* Tests: daemon/import/said.c daemon/import/import_write.c daemon/import/import_mark.c daemon/import/import_withdraw.c
 *     common/review/review_import.c
 * What the source said last, what it says now, and what the record says: the rule of three, older exports, what is
 * deleted and comes back, and what goes with its ground. */
#include "export_fixture.h"
#include "task_fixture.h"

#include "erasure.h"

#define ADA "1,Ada,,Byron,,1990-01-02,0,0,,,2026-01-01 00:00:00,\n"
#define CASE1 "E1,1,,2026-01-05,H1,1,116,u1,2026-01-05 00:00:00,\n"
#define WIL "u1,Wil,Worker,555,w@example.org,2026-01-01 00:00:00,\n"

static struct id client, kase, service;
static struct export_person worker;

static int set_up(void **state)
{
    client = id_derive("hmis", "Client", "1");
    kase = id_derive("hmis", "Enrollment", "E1");
    service = id_derive("hmis", "Services", "S1");
    export_person(&worker);
    export_no_files();
    export_file("Client", EXPORT_CLIENT ADA);
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1);
    export_file("User", EXPORT_USER WIL);
    return office_set_up(state);
}

static void says(struct central *c, const char *sql, const char *expected)
{
    office_expect(c->db, sql, &client, expected);
}

/* Counts conflicts; loud: of those that a person must decide alone. */
static uint64_t conflicts(struct central *c, int loud)
{
    return pair_count(c->db, loud ? "SELECT count(*) FROM conflict WHERE loud" : "SELECT count(*) FROM conflict");
}

/* Goal: every op that an import writes is of a change whose session is the import's record, which says source and date;
 * the same export once more writes nothing, and a newer one without a change its record alone. */
static void every_change_of_an_import_is_marked(void **state)
{
    struct central *c = *state;
    uint64_t before;
    export_file("Export", EXPORT_DATE "1,2026-02-01 10:00:00\n");
    before = c->tree.size;
    export_take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM \"import\" WHERE source = 'hmis' AND exported LIKE "
                                       "'2026-02-01T%' AND ended IS NOT NULL AND created = 4"),
                     1);
    for (uint64_t i = before; i < c->tree.size; i++) {
        struct change *change = malloc(sizeof *change);
        sqlite3_stmt *s;
        assert_non_null(change);
        assert_int_equal(db_first(c->db, &s, NULL, "SELECT header FROM entry WHERE position = ?", "u", i), 1);
        PAIR_OK(change_read_known(db_slice(s, 0), change, &pair_e));
        assert_int_equal(
            db_exists(c->db, NULL, "SELECT 1 FROM \"import\" WHERE id = id_text(?)", "d", &change->session), 1);
        db_done(c->db, s);
        free(change);
    }
    before = c->tree.size;
    export_take(c);
    assert_int_equal(c->tree.size, before);
    export_file("Export", EXPORT_DATE "1,2026-03-01 10:00:00\n");
    export_take(c);
    assert_int_equal(c->tree.size, before + 2); /* its beginning and its end */
    assert_true(id_is_zero(&c->author.session));
}

/* Goal: a field that the source did not change is never touched, whatever a person did with it, and however often the
 * export comes. */
static void what_the_source_did_not_change_is_never_touched(void **state)
{
    struct central *c = *state;
    export_take(c);
    export_set(c, &worker, &client, "gender", "as Ada says");
    export_set(c, &worker, &client, "birth_date", "");
    export_file("Client", EXPORT_CLIENT "1,Ada,,Lovelace,,1990-01-02,0,0,,,2026-02-01 00:00:00,\n");
    export_take(c);
    export_take(c);
    says(c, "SELECT gender || legal_name || coalesce(birth_date, '-') FROM client WHERE id = ?",
         "as Ada saysAda Lovelace-");
    assert_int_equal(conflicts(c, 0), 0);
}

/* Goal: what both changed stands beside each other, contested; a person decides, and the same export does not ask
 * again. */
static void what_both_changed_is_contested(void **state)
{
    struct central *c = *state;
    uint64_t before;
    export_take(c);
    export_file("Export", EXPORT_DATE "1,2026-02-03 10:00:00\n");
    export_set(c, &worker, &client, "legal_name", "Ada King");
    export_file("Client", EXPORT_CLIENT "1,Ada,,Lovelace,,1990-01-02,0,0,,,2026-02-01 00:00:00,\n");
    export_take(c);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada King"); /* the office's first stands, marked */
    assert_int_equal(conflicts(c, 1), 1);
    (void)OFFICE_TASK(c, 1, "conflicts");
    office_says("An import and a person changed the legal name without having seen each other's change.");
    office_says("by the import of hmis, export of 2026-02-03 10:00");
    export_set(c, &worker, &client, "legal_name", "Ada King, Countess of Lovelace");
    assert_int_equal(conflicts(c, 1), 0);
    before = c->tree.size;
    export_take(c);
    assert_int_equal(c->tree.size, before);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada King, Countess of Lovelace");
}

/* Goal: what the source says anew is written over what the record holds, if that is what the source said last, though a
 * person wrote it once more. */
static void what_a_person_confirmed_follows_the_source(void **state)
{
    struct central *c = *state;
    export_take(c);
    export_set(c, &worker, &client, "gender", "female");
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,1,0,,,2026-02-01 00:00:00,\n");
    export_take(c);
    says(c, "SELECT gender FROM client WHERE id = ?", "male");
    assert_int_equal(conflicts(c, 0), 0);
}

/* Goal: what a person typed before the source said the same stays the person's when the source says something else. */
static void what_a_person_typed_first_is_not_lost(void **state)
{
    struct central *c = *state;
    export_take(c);
    export_set(c, &worker, &client, "gender", "male");
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,1,0,,,2026-02-01 00:00:00,\n");
    export_take(c); /* both say the same now */
    assert_int_equal(conflicts(c, 0), 0);
    export_set(c, &worker, &client, "gender", "as Ada says");
    export_take(c);
    says(c, "SELECT gender FROM client WHERE id = ?", "as Ada says");
    assert_int_equal(conflicts(c, 0), 0);
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,0,0,,,2026-03-01 00:00:00,\n");
    export_take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM op JOIN conflict USING(record, field)"), 2);
    assert_int_equal(conflicts(c, 0), 1);
}

/* Goal: an export that is older than one that was taken is refused, with a sentence; with --older it fills in what is
 * missing, and changes nothing else: names do not go back, and a closed case does not open. */
static void an_older_export_only_fills_in(void **state)
{
    struct central *c = *state;
    struct error e = {0, ""};
    uint64_t before;
    int code;
    export_file("Export", EXPORT_DATE "1,2026-02-01 10:00:00\n");
    export_file("Client", EXPORT_CLIENT "1,Ada,,Lovelace,,,0,0,,,2026-02-01 00:00:00,\n");
    export_file("Exit", EXPORT_EXIT "X1,E1,2026-01-20,410,2026-01-20,\n");
    export_take(c);
    before = c->tree.size;
    export_file("Export", EXPORT_DATE "2,2026-01-01 10:00:00\n");
    export_file("Client", EXPORT_CLIENT ADA "2,Bo,,Berg,,,,,,,2025-01-01,\n3,Cy,,Quill,,,,,,,2025-01-01,2025-01-02\n");
    export_file("Exit", EXPORT_EXIT);
    export_done(export_run(c, 0, &code, &e));
    assert_int_equal(code, E_REFUSED);
    assert_int_equal(error_status(code), 2);
    assert_non_null(strstr(e.text, "this export is of 2026-01-01 10:00"));
    assert_non_null(strstr(e.text, "one of 2026-02-01 10:00"));
    assert_non_null(strstr(e.text, "--older"));
    assert_int_equal(c->tree.size, before);
    export_done(export_run(c, 1, &code, &e));
    assert_int_equal(code, 0);
    says(c, "SELECT legal_name || birth_date FROM client WHERE id = ?", "Ada Lovelace1990-01-02");
    says(c, "SELECT status || closed FROM \"case\" WHERE ?1 <> ''", "closed2026-01-20");
    says(c, "SELECT group_concat(legal_name) FROM (SELECT legal_name FROM client WHERE ?1 <> '' ORDER BY 1)",
         "Ada Lovelace,Bo Berg");
    /* The newest stays the newest. */
    export_file("Export", EXPORT_DATE "3,2026-01-15 10:00:00\n");
    export_done(export_run(c, 0, &code, &e));
    assert_int_equal(code, E_REFUSED);
}

/* Goal: an export of a part of the rows, as of a period, has the enrolment and Exit.csv but not its exit: the case
 * stays closed. It opens again if the exit is deleted, or if the enrolment was updated later than it was taken last. */
static void an_exit_that_is_not_in_the_export_says_nothing(void **state)
{
    struct central *c = *state;
    static const char exited[] = EXPORT_EXIT "X1,E1,2026-01-20,410,2026-01-20 00:00:00,\n";
    static const char later[] = EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,116,u1,2026-03-01 00:00:00,\n";
    export_file("Exit", exited);
    export_take(c);
    export_file("Exit", EXPORT_EXIT);
    export_take(c);
    says(c, "SELECT status || closed || (outcome <> '') FROM \"case\" WHERE ?1 <> ''", "closed2026-01-201");
    export_file("Exit", EXPORT_EXIT "X1,E1,2026-01-20,410,2026-01-21 00:00:00,2026-01-21\n");
    export_take(c);
    says(c, "SELECT status || coalesce(closed, '') || coalesce(outcome, '') FROM \"case\" WHERE ?1 <> ''", "open");
    export_file("Exit", EXPORT_EXIT "X1,E1,2026-01-20,410,2026-01-22 00:00:00,\n");
    export_take(c);
    says(c, "SELECT status FROM \"case\" WHERE ?1 <> ''", "closed");
    export_file("Exit", EXPORT_EXIT);
    export_file("Enrollment", later);
    export_take(c);
    says(c, "SELECT status || coalesce(closed, '') FROM \"case\" WHERE ?1 <> ''", "open");
}

/* Goal: an exit, and an answer about a person, that the source moves to another says nothing any more of the first. */
static void what_a_row_said_goes_when_it_moves(void **state)
{
    struct central *c = *state;
    export_file("Client", EXPORT_CLIENT ADA "2,Bo,,Byron,,,,,,,2026-01-01,\n");
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1 "E2,2,,2026-01-05,,1,116,,2026-01-05 00:00:00,\n");
    export_file("Exit", EXPORT_EXIT "X1,E1,2026-01-20,410,2026-01-20 00:00:00,\n");
    export_file("HealthAndDV", EXPORT_DV "h1,1,2026-01-05,1,2026-01-05,\n");
    export_take(c);
    for (int i = 0; i < 2; i++) { /* the second time nothing is new */
        export_file("Exit", EXPORT_EXIT "X1,E2,2026-01-20,410,2026-02-20 00:00:00,\n");
        export_file("HealthAndDV", EXPORT_DV "h1,2,2026-01-05,1,2026-02-05,\n");
        export_take(c);
        says(c, "SELECT group_concat(status, ' ') FROM (SELECT status FROM \"case\" WHERE ?1 <> '' ORDER BY number)",
             "open closed");
        says(c, "SELECT coalesce(closed, '') || coalesce(outcome, '') FROM \"case\" WHERE number = 'E1' AND ?1 <> ''",
             "");
        says(c, "SELECT coalesce(json_array_length(alert), 0) FROM client WHERE id = ?", "0");
        says(c, "SELECT group_concat(legal_name) FROM client WHERE json_array_length(alert) = 1 AND ?1 <> ''",
             "Bo Byron");
    }
}

/* Goal: a user row that the source deleted voids no account and disables none; the row is told, and says so. */
static void a_deleted_user_keeps_the_account(void **state)
{
    struct central *c = *state;
    struct error e = {0, ""};
    struct import *im;
    int code;
    export_take(c);
    export_file("User", EXPORT_USER "u1,Wil,Worker,,,2026-02-01 00:00:00,2026-02-01\n");
    im = export_run(c, 0, &code, &e);
    assert_int_equal(code, 0);
    assert_int_equal(export_rows(im, "User", ACCOUNT_PASSED,
                                 "deleted in the source; the account here stays until the office disables it"),
                     1);
    export_done(im);
    says(c, "SELECT status || voided FROM user WHERE login = 'hmisu1' AND ?1 <> ''", "active0");
    says(c, "SELECT status FROM assignment WHERE ?1 <> ''", "active");
}

/* Goal: a row that was updated before the one that was taken last changes nothing, and is told; by the time, not by its
 * letters. */
static void an_older_row_changes_nothing(void **state)
{
    struct central *c = *state;
    struct error e = {0, ""};
    struct import *im;
    int code;
    export_file("Client", EXPORT_CLIENT "1,Ada,,Lovelace,,1990-01-02,0,0,,,10/01/2023 8:00,\n");
    export_take(c);
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,0,0,,,9/1/2022 8:00,\n");
    im = export_run(c, 0, &code, &e);
    assert_int_equal(code, 0);
    assert_int_equal(export_rows(im, "Client", ACCOUNT_PASSED, "a later row of its key was taken before"), 1);
    export_done(im);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada Lovelace");
    /* On the same day it counts. */
    export_file("Client", EXPORT_CLIENT "1,Ada,,King,,1990-01-02,0,0,,,10/01/2023 8:00,\n");
    export_take(c);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "Ada King");
}

/* Goal: a row that a later export deletes is voided, by the import and with its reason, and comes back when the source
 * takes that back; then it follows the source again. */
static void deletions_and_restorations_are_carried(void **state)
{
    struct central *c = *state;
    struct error e = {0, ""};
    struct import *im;
    int code;
    export_file("Services", EXPORT_SERVICES "S1,E1,2026-01-06,152,1,100.00,2026-01-06,\n");
    export_take(c);
    export_file("Services", EXPORT_SERVICES "S1,E1,2026-01-06,152,1,100.00,2026-02-06,2026-02-06\n");
    im = export_run(c, 0, &code, &e);
    assert_int_equal(export_rows(im, "Services", ACCOUNT_PASSED, "deleted in the source"), 1);
    assert_int_equal(im->withdrawn, 1);
    export_done(im);
    says(c, "SELECT voided FROM service WHERE ?1 <> ''", "1");
    export_file("Services", EXPORT_SERVICES "S1,E1,2026-01-06,152,1,120.00,2026-03-06,\n");
    export_take(c);
    says(c, "SELECT voided || ' ' || amount FROM service WHERE ?1 <> ''", "0 12000");
    assert_int_equal(conflicts(c, 0), 0);
}

/* Goal: what a worker voided stays so, whatever changes in the source, and its row is told each time; also if the
 * source deletes it and takes that back. */
static void a_workers_void_stays_and_is_told(void **state)
{
    struct central *c = *state;
    struct error e = {0, ""};
    struct import *im;
    uint64_t before;
    int code;
    export_file("Services", EXPORT_SERVICES "S1,E1,2026-01-06,152,1,100.00,2026-01-06,\n");
    export_take(c);
    export_void(c, &worker, &service);
    before = c->tree.size;
    for (int day = 1; day <= 3; day++) {
        char text[256];
        (void)snprintf(text, sizeof text, EXPORT_SERVICES "S1,E1,2026-01-06,152,1,12%d.00,2026-03-0%d,%s\n", day, day,
                       day == 2 ? "2026-03-02" : "");
        export_file("Services", text);
        im = export_run(c, 0, &code, &e);
        assert_int_equal(code, 0);
        if (day != 2)
            assert_int_equal(export_rows(im, "Services", ACCOUNT_LEFT, "it was voided here, and stays so"), 1);
        assert_int_equal(im->changed + im->withdrawn + im->contested, 0);
        export_done(im);
    }
    says(c, "SELECT voided FROM service WHERE ?1 <> ''", "1");
    assert_int_equal(c->tree.size, before + 6);
}

/* Goal: what the source deletes and people wrote in stands, contested, until a person decides; a note in a case is
 * reason enough. */
static void what_people_wrote_in_is_not_deleted(void **state)
{
    struct central *c = *state;
    struct id note = id_new(clock_wall());
    struct edit edit;
    export_take(c);
    PAIR_OK(edit_new(&edit, c->db, schema_kind(KIND_NOTE), &kase, &note, &pair_e));
    PAIR_OK(edit_set_text(&edit, "text", "She has a new address.", &pair_e));
    export_write(c, &worker, &edit);
    export_file("Enrollment", EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,116,u1,2026-02-05 00:00:00,2026-02-05\n");
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,0,0,,,2026-02-01 00:00:00,2026-02-01\n");
    export_take(c);
    says(c, "SELECT voided FROM \"case\" WHERE ?1 <> ''", "0");
    says(c, "SELECT voided FROM client WHERE id = ?", "0");
    says(c, "SELECT status FROM assignment WHERE ?1 <> ''", "active");
    assert_int_equal(conflicts(c, 1), 2);
    /* A person keeps both; the same deletion does not come again. */
    export_restore(c, &worker, &kase);
    export_restore(c, &worker, &client);
    export_file("Export", EXPORT_DATE "1,2026-02-10 10:00:00\n");
    export_take(c);
    assert_int_equal(conflicts(c, 1), 0);
    says(c, "SELECT voided FROM \"case\" WHERE ?1 <> ''", "0");
}

/* Goal: a case that is deleted takes its assignment with it, and both come back together. */
static void a_deleted_case_is_nobodys(void **state)
{
    struct central *c = *state;
    export_take(c);
    export_file("Enrollment", EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,116,u1,2026-02-05 00:00:00,2026-02-05\n");
    export_take(c);
    says(c, "SELECT voided FROM \"case\" WHERE ?1 <> ''", "1");
    says(c, "SELECT status FROM assignment WHERE ?1 <> ''", "disabled");
    export_file("Enrollment", EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,116,u1,2026-03-05 00:00:00,\n");
    export_take(c);
    says(c, "SELECT voided FROM \"case\" WHERE ?1 <> ''", "0");
    says(c, "SELECT status FROM assignment WHERE ?1 <> ''", "active");
}

/* Goal: another worker in the source: the former one no longer keeps the case through that row; whom the office
 * appointed stays. */
static void another_worker_takes_the_case_from_the_former(void **state)
{
    struct central *c = *state;
    struct id other = office_user(c, "anna", "case manager"), assignment = id_new(clock_wall());
    char text[ID_TEXT];
    id_format(&other, text);
    export_file("User", EXPORT_USER WIL "u2,Xe,Quill,556,x@example.org,2026-01-01 00:00:00,\n");
    export_take(c);
    pair_office_write(c, KIND_ASSIGNMENT, &kase, &assignment, 1, "user", text, "status", "active", NULL);
    export_file("Enrollment", EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,116,u2,2026-02-05 00:00:00,\n");
    export_take(c);
    says(c,
         "SELECT group_concat(login || ' ' || s) FROM (SELECT u.login, a.status AS s FROM assignment a JOIN \"user\" u "
         "ON u.id = a.\"user\" WHERE ?1 <> '' ORDER BY 1)",
         "anna active,hmisu1 disabled,hmisu2 active");
    export_file("Enrollment", EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,116,,2026-03-05 00:00:00,\n");
    export_take(c);
    says(c, "SELECT group_concat(status) FROM (SELECT status FROM assignment WHERE ?1 <> '' ORDER BY 1)",
         "active,disabled,disabled");
}

/* Goal: whom the office took a case from does not get it back by an import. */
static void a_released_case_stays_released(void **state)
{
    struct central *c = *state;
    char text[2 * ID_TEXT], user_text[ID_TEXT], case_text[ID_TEXT];
    struct id user = id_derive("hmis", "User", "u1"), assignment;
    id_format(&kase, case_text);
    id_format(&user, user_text);
    (void)snprintf(text, sizeof text, "%s %s", case_text, user_text);
    assignment = id_derive("hmis", "assignment", text);
    export_take(c);
    pair_office_write(c, KIND_ASSIGNMENT, &kase, &assignment, 0, "status", "disabled", NULL);
    export_file("Enrollment", EXPORT_ENROLLMENT "E1,1,,2026-01-05,H1,1,118,u1,2026-02-05 00:00:00,\n");
    export_take(c);
    says(c, "SELECT status FROM assignment WHERE ?1 <> ''", "disabled");
}

/* Goal: a service that the source moves to another enrolment stands there, and no longer where it was; and back. */
static void a_service_moves_with_its_enrolment(void **state)
{
    struct central *c = *state;
    static const char *const where[] = {"E1", "E2", "E1", "E3", "E2"};
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1 "E2,1,,2026-01-05,,1,116,,2026-01-05 00:00:00,\n"
                                                      "E3,1,,2026-01-05,,1,116,,2026-01-05 00:00:00,\n");
    for (int i = 0; i < 5; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, EXPORT_SERVICES "S1,%s,2026-01-06,152,1,100.00,2026-01-0%d,\n", where[i],
                       i + 1);
        export_file("Services", text);
        export_take(c);
        says(c,
             "SELECT group_concat(c.number) FROM service s JOIN \"case\" c ON c.id = s.scope WHERE s.voided = 0 AND ?1 "
             "<> ''",
             where[i]);
        assert_int_equal(conflicts(c, 0), 0);
    }
}

/* Goal: a service that the source moved, and then deletes, stands nowhere; it comes back where the source has it. */
static void a_moved_service_goes_with_its_row(void **state)
{
    struct central *c = *state;
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1 "E2,1,,2026-01-05,,1,116,,2026-01-05 00:00:00,\n");
    export_file("Services", EXPORT_SERVICES "S1,E1,2026-01-06,152,1,100.00,2026-01-01,\n");
    export_take(c);
    export_file("Services", EXPORT_SERVICES "S1,E2,2026-01-06,152,1,100.00,2026-01-02,\n");
    export_take(c);
    export_file("Services", EXPORT_SERVICES "S1,E2,2026-01-06,152,1,100.00,2026-01-03,2026-01-03\n");
    export_take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM service WHERE voided = 0"), 0);
    export_file("Services", EXPORT_SERVICES "S1,E2,2026-01-06,152,1,100.00,2026-01-04,\n");
    export_take(c);
    says(c,
         "SELECT group_concat(c.number) FROM service s JOIN \"case\" c ON c.id = s.scope WHERE s.voided = 0 AND ?1 <> "
         "''",
         "E2");
}

/* Goal: an amount that is withdrawn is gone; one that comes again counts once. */
static void a_withdrawn_amount_is_gone(void **state)
{
    struct central *c = *state;
    static const struct {
        const char *said, *sum;
    } steps[] = {{"100.00", "10000"}, {"", ""}, {"", ""}, {"80.00", "8000"}, {"90.00", "9000"}};
    for (int i = 0; i < 5; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, EXPORT_SERVICES "S1,E1,2026-01-06,152,1,%s,2026-01-0%d,\n", steps[i].said,
                       i + 1);
        export_file("Services", text);
        export_take(c);
        says(c, "SELECT nullif(amount, 0) FROM service WHERE ?1 <> ''", steps[i].sum);
    }
}

/* Goal: somebody who leaves the household is no longer a contact of the others; who comes is one. */
static void who_leaves_the_household_is_no_contact(void **state)
{
    struct central *c = *state;
    export_file("Client", EXPORT_CLIENT ADA "2,Bo,,Byron,,,,,,,2026-01-01,\n");
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1 "E2,2,,2026-01-05,H1,2,116,,2026-01-05,\n");
    export_take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM contact WHERE voided = 0"), 2);
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1 "E2,2,,2026-01-05,H9,2,116,,2026-02-05,\n");
    export_take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM contact WHERE voided = 0"), 0);
    /* The row of the other is not in this export at all: nothing is known of it. */
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1 "E2,2,,2026-01-05,H1,2,116,,2026-03-05,\n");
    export_take(c);
    export_file("Enrollment", EXPORT_ENROLLMENT CASE1);
    export_take(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM contact WHERE voided = 0"), 2);
}

/* Goal: the alert of somebody who is fleeing goes when the source says no, and not because nothing is said of it; one
 * that a worker added stays. */
static void an_alert_goes_only_if_the_source_says_no(void **state)
{
    struct central *c = *state;
    struct edit edit;
    export_file("HealthAndDV", EXPORT_DV "h1,1,2026-01-05,1,2026-01-05,\n");
    export_take(c);
    PAIR_OK(edit_open(&edit, c->db, &client, &pair_e));
    PAIR_OK(edit_add_text(&edit, "alert", "a dog", &pair_e));
    export_write(c, &worker, &edit);
    export_file("HealthAndDV", EXPORT_DV);
    export_take(c);
    export_file("HealthAndDV", NULL);
    export_take(c);
    export_file("HealthAndDV", EXPORT_DV "h1,1,2026-01-05,99,2026-02-05,\n");
    export_take(c);
    says(c, "SELECT json_array_length(alert) FROM client WHERE id = ?", "2");
    export_file("HealthAndDV", EXPORT_DV "h1,1,2026-03-05,0,2026-03-05,\n");
    export_take(c);
    says(c, "SELECT alert FROM client WHERE id = ?", "[\"a dog\"]");
}

/* Goal: an element that a person put into a set as well stays when the source takes it out; one that a person took out
 * stays out while the source goes on saying it. */
static void the_elements_of_people_stay(void **state)
{
    struct central *c = *state;
    struct edit edit;
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,0,0,111223333,1,2026-01-01,\n");
    export_take(c);
    PAIR_OK(edit_open(&edit, c->db, &client, &pair_e));
    PAIR_OK(edit_remove_text(&edit, "identifier", "SSN 111223333", &pair_e));
    PAIR_OK(edit_add_text(&edit, "identifier", "SSN 999887777", &pair_e));
    export_write(c, &worker, &edit);
    export_take(c);
    says(c, "SELECT identifier FROM client WHERE id = ?", "[\"SSN 999887777\"]");
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,0,0,999887777,1,2026-02-01,\n");
    export_take(c);
    export_file("Client", EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,0,0,,,2026-03-01,\n");
    export_take(c);
    says(c, "SELECT identifier FROM client WHERE id = ?", "[\"SSN 999887777\"]");
}

/* Goal: words that were erased here do not come back with the next export, which is told until the source is corrected.
 */
static void erased_words_do_not_come_back(void **state)
{
    struct central *c = *state;
    struct error e = {0, ""};
    struct import *im;
    sqlite3_stmt *s;
    int code;
    export_take(c);
    assert_int_equal(db_first(c->db, &s, NULL, "SELECT epoch, seq FROM entry WHERE record = ?", "d", &client), 1);
    PAIR_OK(central_begin(c, &pair_e));
    PAIR_OK(erasure_write(c, &c->author.chain.device, db_uint(s, 0), db_uint(s, 1), "she asked for it", &pair_e));
    db_done(c->db, s);
    PAIR_OK(central_commit(c, &pair_e));
    export_file("Client", EXPORT_CLIENT "1,Ada,,Lovelace,,1990-01-03,0,0,,,2026-02-01,\n");
    im = export_run(c, 0, &code, &e);
    assert_int_equal(code, 0);
    says(c, "SELECT legal_name FROM client WHERE id = ?", "(erased)");
    assert_true(pair_count(im->staging, "SELECT count(*) FROM account_value WHERE file = 'Client' AND why LIKE '%were "
                                        "erased%'") >= 2);
    export_done(im);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, office_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_change_of_an_import_is_marked),
        TEST(what_the_source_did_not_change_is_never_touched),
        TEST(what_both_changed_is_contested),
        TEST(what_a_person_confirmed_follows_the_source),
        TEST(what_a_person_typed_first_is_not_lost),
        TEST(an_older_export_only_fills_in),
        TEST(an_exit_that_is_not_in_the_export_says_nothing),
        TEST(what_a_row_said_goes_when_it_moves),
        TEST(a_deleted_user_keeps_the_account),
        TEST(an_older_row_changes_nothing),
        TEST(deletions_and_restorations_are_carried),
        TEST(a_workers_void_stays_and_is_told),
        TEST(what_people_wrote_in_is_not_deleted),
        TEST(a_deleted_case_is_nobodys),
        TEST(another_worker_takes_the_case_from_the_former),
        TEST(a_released_case_stays_released),
        TEST(a_moved_service_goes_with_its_row),
        TEST(a_service_moves_with_its_enrolment),
        TEST(a_withdrawn_amount_is_gone),
        TEST(who_leaves_the_household_is_no_contact),
        TEST(an_alert_goes_only_if_the_source_says_no),
        TEST(the_elements_of_people_stay),
        TEST(erased_words_do_not_come_back),
    };
    return cmocka_run_group_tests(tests, export_make_folder, export_remove_folder);
}
