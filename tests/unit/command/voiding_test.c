/* Tests: client/command/voiding.c client/command/reopen.c client/command/find.c
 * A void says what goes out of view and how to undo it; a case that is opened again has no outcome of its closing. */
#include "laptop_fixture.h"

/* The column of the case; "" if it is empty. */
static void column(struct laptop_fixture *d, const char *name, char out[64])
{
    char sql[128];
    sqlite3_stmt *s;
    (void)snprintf(sql, sizeof sql, "SELECT coalesce(\"%s\", '') FROM \"case\" WHERE id = ?", name);
    assert_int_equal(db_first(d->store.db, &s, &d->e, sql, "t", d->file), 1);
    (void)snprintf(out, 64, "%s", db_text(s, 0));
    db_done(d->store.db, s);
}

/* Goal: a void of a whole case says what goes out of view, and the command in its answer brings it back by the number.
 */
static void a_voided_case_is_brought_back_by_its_number(void **state)
{
    struct laptop_fixture *d = *state;
    char line[128], voided[64];
    const char *at;
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "'a word'"), 0);
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "'another'"), 0);
    assert_int_equal(laptop_run(d, &command_void, "void 2024-17 --reason twice"), 0);
    assert_has(d->err,
               "the case of Ada Byron, case 2024-17: voided, and kept in the log, with 2 of kind note (queued: ");
    at = strstr(d->err, "  to bring it back: `satchel resolve 2024-17 void no --seen ");
    if (at == NULL)
        fail_msg("%s", d->err);
    column(d, "voided", voided);
    assert_string_equal(voided, "1");
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at + 29, "`"), at + 29);
    assert_int_equal(laptop_run(d, &command_resolve, line), 0);
    column(d, "voided", voided);
    assert_string_equal(voided, "0");
}

/* Goal: the record of a client says how many cases stand under it. */
static void a_client_says_what_stands_under_it(void **state)
{
    struct laptop_fixture *d = *state;
    char line[128];
    const char *at;
    assert_int_equal(laptop_run_on(d, &command_void, "void", d->client, "--reason twice"), 0);
    assert_has(d->err, "the record of Ada Byron, born 1984-05-31: voided, and kept in the log, with 1 of kind case (");
    /* The command that it prints brings it back: a voided person is not found by the name. */
    if ((at = strstr(d->err, "  to bring it back: `satchel resolve ")) == NULL)
        fail_msg("%s", d->err);
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at + 29, "`"), at + 29);
    assert_int_equal(laptop_run(d, &command_resolve, line), 0);
    assert_int_equal(laptop_run(d, &command_note, "note 'Ada Byron' text"), 0);
}

/* Goal: reopening ends outcome and day of closing with it, in one change; what is written beside it stands. */
static void reopening_ends_outcome_and_day(void **state)
{
    struct laptop_fixture *d = *state;
    char text[64];
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "status=closed outcome=moved closed=2026-01-05"),
                     0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "title=Housing"), 0);
    column(d, "outcome", text);
    assert_string_equal(text, "moved");
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "status=open"), 0);
    assert_has(d->err, "; outcome and day of closing ended with it (queued: ");
    column(d, "outcome", text);
    assert_string_equal(text, "");
    column(d, "closed", text);
    assert_string_equal(text, "");
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "status=closed outcome=moved"), 0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "'status=on hold' outcome=returned"), 0);
    column(d, "outcome", text);
    assert_string_equal(text, "returned");
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "status=open"), 0);
    column(d, "outcome", text);
    assert_string_equal(text, "returned");
}

/* Goal: a decision that opens the case again does the same. */
static void a_decision_that_reopens_does_the_same(void **state)
{
    struct laptop_fixture *d = *state;
    char text[64];
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "status=closed outcome=moved"), 0);
    laptop_set_unseen(d, d->file, "status", "on hold");
    assert_int_equal(laptop_resolve_seen(d, d->file, "status", "open"), 0);
    column(d, "status", text);
    assert_string_equal(text, "open");
    column(d, "outcome", text);
    assert_string_equal(text, "");
}

int main(void)
{
#define WITH(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        WITH(a_voided_case_is_brought_back_by_its_number),
        WITH(a_client_says_what_stands_under_it),
        WITH(reopening_ends_outcome_and_day),
        WITH(a_decision_that_reopens_does_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
