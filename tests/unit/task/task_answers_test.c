/* Tests: daemon/task/task.c daemon/task/task_assign.c daemon/task/task_caseload.c daemon/central/cover.c
 * daemon/task/task_case.c daemon/task/task_people.c daemon/task/task_officer.c Nothing at the office answers with
 * silence; cases go from person to person in the open, first as a rehearsal. */
#include "office_fixture.h"
#include "task_fixture.h"

#include "cover.h"

#define KEY "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"

static int end(void **state)
{
    struct central *c = *state;
    assert_int_equal(db_in_transaction(c->db), 0);
    assert_int_equal(OFFICE_TASK(c, 1, "check"), 0);
    office_says("replay agree");
    office_check(c);
    pair_office_free(c);
    return 0;
}

static struct id new_case(struct central *c, const char *name, const char *number)
{
    struct id client = id_new(clock_wall()), kase = id_new(clock_wall());
    char text[ID_TEXT];
    id_format(&client, text);
    pair_office_write(c, KIND_CLIENT, &client, &client, 1, "legal_name", name, NULL);
    pair_office_write(c, KIND_CASE, &kase, &kase, 1, "client", text, "number", number, NULL);
    return kase;
}

/* Runs a line of words, and says which of the table's commands it was. */
static int run_line(struct central *c, const char *line, char called[64])
{
    char words[512], *argv[12] = {NULL}, *rest = words;
    int n = 0;
    (void)snprintf(words, sizeof words, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL && n < 12;)
        argv[n++] = word;
    for (size_t i = 0; i < task_program.count; i++) {
        const struct usage *u = task_program.rows[i];
        if (u->group == NULL ? strcmp(u->name, argv[0]) == 0
                             : n > 1 && strcmp(u->group, argv[0]) == 0 && strcmp(u->name, argv[1]) == 0)
            (void)snprintf(called, 64, "%s%s%s", u->group != NULL ? u->group : "", u->group != NULL ? " " : "",
                           u->name);
    }
    return OFFICE_TASK(c, n, argv[0], argv[1], argv[2], argv[3], argv[4], argv[5], argv[6], argv[7], argv[8], argv[9],
                       argv[10], argv[11]);
}

/* Goal: each command of the office says what it did, or that there is nothing; each row of the table is called here. */
static void nothing_answers_with_silence(void **state)
{
    static const char *const lines[] = {"status",
                                        "check",
                                        "conflicts",
                                        "implausible",
                                        "duplicates",
                                        "held list",
                                        "fork list",
                                        "device list",
                                        "event list",
                                        "officer list",
                                        "case list",
                                        "case list nobody",
                                        "user list",
                                        "lease",
                                        "lease 14",
                                        "report SELECT/1",
                                        "user add anna --name Anna --role senior",
                                        "user add ben --name Ben --role senior",
                                        "user rename ben --name Benno",
                                        "user supervisor anna ben",
                                        "user disable ben",
                                        "user enable ben",
                                        "officer add anna --key " KEY,
                                        "officer list",
                                        "officer remove anna",
                                        "case assign N-1 anna",
                                        "case assign N-1 anna",
                                        "case assign N-1 N-2 anna",
                                        "case assign N-1 N-2 anna --yes",
                                        "case responsible N-1 anna",
                                        "case cover anna ben --until 9000-01-01",
                                        "case cover anna ben --until 9000-01-01 --yes",
                                        "case transfer anna ben",
                                        "case transfer anna ben --yes",
                                        "case release N-1 ben",
                                        "link Ada Bea --reason same",
                                        "unlink Ada Bea --reason not",
                                        "different Ada Bea --reason seen",
                                        "duplicates",
                                        "held release 1",
                                        "fork show 1",
                                        "device invite anna --address h --out /nowhere/t",
                                        "device quota anna",
                                        "device quota anna --percent 500",
                                        "device revoke anna",
                                        "device wipe anna",
                                        "courier /nowhere",
                                        "backup /nowhere/b",
                                        "restored --size 1",
                                        "archive /nowhere/a",
                                        "import /nowhere/csv",
                                        "import list",
                                        "import undo 1"};
    struct central *c = *state;
    char seen[4096] = "|", called[64], named[80];
    (void)new_case(c, "Ada", "N-1");
    (void)new_case(c, "Bea", "N-2");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int status = run_line(c, lines[i], called);
        if (office_out[0] == '\0')
            fail_msg("`%s` answers with silence (exit status %d)", lines[i], status);
        (void)snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s|", called);
    }
    for (size_t i = 0; i < task_program.count; i++) {
        const struct usage *u = task_program.rows[i];
        (void)snprintf(named, sizeof named, "|%s%s%s|", u->group != NULL ? u->group : "", u->group != NULL ? " " : "",
                       u->name);
        if (strstr(seen, named) == NULL)
            fail_msg("%s is not tried here", named);
    }
}

/* Goal: who answers for a case stays so when another person gets it, whatever flags lie about from before; the answer
 * says who it was and is, and --responsible moves it. */
static void assigning_moves_no_responsibility_silently(void **state)
{
    struct central *c = *state;
    (void)office_user(c, "anna", "case manager");
    (void)office_user(c, "ben", "case manager");
    (void)new_case(c, "Ada", "N-1");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-1", "anna"), 0);
    office_says("Ada, case N-1, is in the caseload of anna (anna); responsible: anna (anna)\n");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-1", "ben"), 0);
    office_says("is in the caseload of ben (ben); responsible: anna (anna), as before\n");
    assert_int_equal(OFFICE_TASK(c, 5, "case", "assign", "N-1", "ben", "--responsible"), 0);
    office_says("responsible: ben (ben), before: anna (anna)\n");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "release", "N-1", "ben"), 0);
    office_says("has left the caseload of ben (ben); responsible: anna (anna), before: ben (ben)\n");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-1", "ben"), 0); /* whose flag is still there */
    office_says("responsible: anna (anna), as before\n");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "list", "--user", "ben"), 0);
    office_says("  anna\n");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "release", "N-1", "anna"), 0);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "release", "N-1", "ben"), 0);
    office_says("responsible: nobody, since nobody has it, before: ben (ben)\n");
}

/* Goal: of many cases it is shown first what would be done, by name, and nothing is written until --yes says so. */
static void many_cases_are_rehearsed_first(void **state)
{
    struct central *c = *state;
    uint64_t size;
    (void)office_user(c, "anna", "case manager");
    (void)office_user(c, "ben", "case manager");
    (void)new_case(c, "Ada", "N-1");
    (void)new_case(c, "Bea", "N-2");
    size = c->tree.size;
    assert_int_equal(OFFICE_TASK(c, 5, "case", "assign", "N-1", "N-2", "anna"), 1);
    office_says(
        "This is what would be done:\nAda, case N-1, is in the caseload of anna (anna); responsible: anna (anna)\n"
        "Bea, case N-2, is in");
    office_says("Nothing was written: the same command with --yes does it\n");
    assert_int_equal(c->tree.size, size);
    assert_int_equal(OFFICE_TASK(c, 6, "case", "assign", "N-1", "N-3", "anna", "--yes"), 2); /* all, or none */
    assert_int_equal(c->tree.size, size);
    assert_int_equal(OFFICE_TASK(c, 6, "case", "assign", "N-1", "N-2", "anna", "--yes"), 0);
    size = c->tree.size;
    assert_int_equal(OFFICE_TASK(c, 4, "case", "transfer", "anna", "ben"), 1);
    office_says(
        "2 cases of anna (anna) go to ben (ben)\n  Ada, case N-1; responsible: ben (ben), before: anna (anna)\n");
    assert_int_equal(c->tree.size, size);
    assert_int_equal(OFFICE_TASK(c, 5, "case", "transfer", "anna", "ben", "--yes"), 0);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM assignment JOIN \"user\" u ON u.id = assignment.\"user\" "
                                       "WHERE assignment.status = 'active' AND u.login = 'ben'"),
                     2);
    assert_int_equal(OFFICE_TASK(c, 5, "case", "transfer", "anna", "ben", "--yes"), 2);
    office_says("anna has no cases");
    assert_int_equal(OFFICE_TASK(c, 5, "case", "transfer", "ben", "ben", "--yes"), 2);
    assert_int_equal(OFFICE_TASK(c, 3, "user", "disable", "anna"), 0);
    assert_int_equal(OFFICE_TASK(c, 5, "case", "transfer", "ben", "anna", "--yes"), 2);
    office_says("is disabled");
}

static uint64_t then_ms;
static uint64_t then(void)
{
    return then_ms;
}

/* Goal: a cover ends after its last day, by an entry of the office itself; it moves no responsibility, and takes
 * nothing from somebody who has the case anyway. */
static void a_cover_ends_after_its_last_day(void **state)
{
    static const char active[] = "SELECT count(*) FROM assignment a JOIN \"user\" u ON u.id = a.\"user\" WHERE "
                                 "a.status = 'active' AND u.login = 'ben'";
    struct central *c = *state;
    char today[COVER_DAY];
    uint64_t size;
    (void)office_user(c, "anna", "case manager");
    (void)office_user(c, "ben", "case manager");
    (void)new_case(c, "Ada", "N-1");
    (void)new_case(c, "Bea", "N-2");
    assert_int_equal(OFFICE_TASK(c, 6, "case", "assign", "N-1", "N-2", "anna", "--yes"), 0);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-2", "ben"), 0);
    then_ms = clock_wall();
    c->author.wall = then;
    cover_today(c, today);
    assert_int_equal(OFFICE_TASK(c, 6, "case", "cover", "anna", "ben", "--until", "2020-01-01"), 2);
    office_says("has gone by");
    assert_int_equal(OFFICE_TASK(c, 6, "case", "cover", "anna", "ben", "--until", "soon"), 2);
    assert_int_equal(OFFICE_TASK(c, 6, "case", "cover", "anna", "ben", "--until", today), 1);
    assert_int_equal(OFFICE_TASK(c, 7, "case", "cover", "anna", "ben", "--until", today, "--yes"), 0);
    office_says("2 cases of anna (anna) are covered by ben (ben) until ");
    office_says("  Ada, case N-1; responsible: anna (anna), as before\n");
    office_says("  Bea, case N-2, which ben (ben) has already; responsible: anna (anna), as before\n");
    assert_int_equal(OFFICE_TASK(c, 2, "case", "list"), 0);
    office_says("ben (until ");
    assert_int_equal(pair_count(c->db, active), 2);
    size = c->tree.size;
    PAIR_OK(cover_end(c, &pair_e)); /* it is still the last day */
    assert_int_equal(c->tree.size, size);
    then_ms += 86400000;
    PAIR_OK(cover_end(c, &pair_e));
    assert_int_equal(pair_count(c->db, active), 1);
    assert_int_equal(c->tree.size, size + 1);
    PAIR_OK(cover_end(c, &pair_e));
    assert_int_equal(c->tree.size, size + 1);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "list", "--user", "ben"), 0);
    office_says("N-2");
    assert_null(strstr(office_out, "N-1"));
}

/* Goal: the day of a death stands before the name in every list and answer of the office: cases, held changes
 * (whose_say), duplicates, assignments. */
static void death_stands_first_at_the_office(void **state)
{
    struct central *c = *state;
    struct id one = id_new(clock_wall()), other = id_new(clock_wall()), kase = id_new(clock_wall());
    char text[ID_TEXT];
    id_format(&one, text);
    (void)office_user(c, "anna", "case manager");
    pair_office_write(c, KIND_CLIENT, &one, &one, 1, "legal_name", "Ada Byron", "birth_date", "1934-05-31",
                      "death_date", "2026-03-01", NULL);
    pair_office_write(c, KIND_CLIENT, &other, &other, 1, "legal_name", "Ada Byron", "birth_date", "1934-05-31", NULL);
    pair_office_write(c, KIND_CASE, &kase, &kase, 1, "client", text, "number", "N-1", NULL);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-1", "anna"), 0);
    office_says("[died 2026-03-01] Ada Byron, case N-1, is in the caseload of");
    assert_int_equal(OFFICE_TASK(c, 2, "case", "list"), 0);
    office_says("  N-1  [died 2026-03-01] Ada Byron  1934-05-31");
    assert_int_equal(OFFICE_TASK(c, 3, "case", "list", "--json"), 0);
    office_says("\"died\": \"2026-03-01\"");
    assert_int_equal(OFFICE_TASK(c, 1, "duplicates"), 1);
    office_says("[died 2026-03-01] Ada Byron");
}

/* Goal: each command that moves cases answers a program with one object: whether it was written, and of each case who
 * has it now, until when, and who answers for it. */
static void assignments_answer_in_json(void **state)
{
    struct central *c = *state;
    (void)office_user(c, "anna", "case manager");
    (void)office_user(c, "ben", "case manager");
    (void)new_case(c, "Ada Byron", "N-1");
    (void)new_case(c, "Bo Ek", "N-2");
    assert_int_equal(OFFICE_TASK(c, 6, "case", "assign", "N-1", "N-2", "anna", "--json"), 1);
    office_says("{\"written\": false, \"cases\": [");
    assert_int_equal(OFFICE_TASK(c, 7, "case", "assign", "N-1", "N-2", "anna", "--yes", "--json"), 0);
    office_says("{\"written\": true, \"cases\": [");
    office_says("\"number\": \"N-1\", \"name\": \"Ada Byron\", \"died\": null, \"holders\": [{\"login\": \"anna\", "
                "\"until\": null}], \"responsible\": \"anna\", \"responsible_before\": null}");
    assert_int_equal(OFFICE_TASK(c, 8, "case", "cover", "anna", "ben", "--until", "2099-12-24", "--yes", "--json"), 0);
    office_says(
        "\"holders\": [{\"login\": \"anna\", \"until\": null}, {\"login\": \"ben\", \"until\": \"2099-12-24\"}], "
        "\"responsible\": \"anna\", \"responsible_before\": \"anna\"}");
    assert_int_equal(OFFICE_TASK(c, 6, "case", "transfer", "anna", "ben", "--yes", "--json"), 0);
    office_says("\"holders\": [{\"login\": \"ben\", \"until\": null}], \"responsible\": \"ben\", "
                "\"responsible_before\": \"anna\"}");
    assert_int_equal(OFFICE_TASK(c, 5, "case", "responsible", "N-1", "ben", "--json"), 0);
    office_says("\"responsible\": \"ben\"");
    assert_int_equal(OFFICE_TASK(c, 5, "case", "release", "N-1", "ben", "--json"), 0);
    office_says("\"holders\": [], \"responsible\": null, \"responsible_before\": \"ben\"}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, office_set_up, end)
    const struct CMUnitTest tests[] = {
        TEST(assignments_answer_in_json),
        TEST(nothing_answers_with_silence),
        TEST(assigning_moves_no_responsibility_silently),
        TEST(many_cases_are_rehearsed_first),
        TEST(a_cover_ends_after_its_last_day),
        TEST(death_stands_first_at_the_office),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
