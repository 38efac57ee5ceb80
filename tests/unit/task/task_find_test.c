/* Tests: daemon/task/task_find.c daemon/task/task_case.c daemon/task/task_people.c common/person/whose.c
 * The office's commands take what people have, whole, and each answer names the person, the case, the laptop. */
#include "office_fixture.h"
#include "task_fixture.h"

#include "import.h"

struct room {
    struct central *c;
    struct id anna, ben, client, kase, other;
    struct office_laptop laptops[3];
};

static void name_laptop(struct room *r, int i, const char *label)
{
    pair_office_write(r->c, KIND_DEVICE, &pair_everywhere, &r->laptops[i].device.device, 0, "label", label, NULL);
}

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    char text[ID_TEXT];
    assert_non_null(r);
    r->c = office_new();
    r->anna = office_user(r->c, "anna", "case manager");
    r->ben = office_user(r->c, "ben", "case manager");
    r->client = id_new(clock_wall());
    r->kase = id_new(clock_wall());
    r->other = id_new(clock_wall());
    id_format(&r->client, text);
    pair_office_write(r->c, KIND_CLIENT, &r->client, &r->client, 1, "legal_name", "Ada Byron", "birth_date",
                      "1984-05-31", NULL);
    pair_office_write(r->c, KIND_CASE, &r->kase, &r->kase, 1, "client", text, "number", "855599", NULL);
    pair_office_write(r->c, KIND_CLIENT, &r->other, &r->other, 1, "legal_name",
                      "Jos\xc3\xa9 Garc\xc3\xad"
                      "a",
                      "birth_date", "1950-01-02", NULL);
    for (int i = 0; i < 3; i++)
        office_laptop(r->c, i < 2 ? &r->anna : &r->ben, &r->laptops[i]);
    name_laptop(r, 0, "blue");
    name_laptop(r, 1, "red");
    name_laptop(r, 2, "green");
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

static void device_is(struct room *r, int i, const char *status)
{
    office_expect(r->c->db, "SELECT status FROM device WHERE id = ?", &r->laptops[i].device.device, status);
}

/* Goal: a laptop is named by its label, or by the login of a person who has one; two of one person are both shown, with
 * the day, and neither is wiped. */
static void device_wipe_takes_a_label(void **state)
{
    struct room *r = *state;
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "wipe", "red"), 0);
    office_says("the laptop \"red\" of anna (anna) is revoked, and destroys its store");
    device_is(r, 1, "to be wiped");
    device_is(r, 0, "active");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "revoke", "anna"), 2);
    office_says("the laptop \"blue\" of anna (anna), enrolled 20");
    office_says("the laptop \"red\" of anna (anna), enrolled 20");
    device_is(r, 0, "active");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "revoke", "ben"), 0);
    device_is(r, 2, "disabled");
}

/* Goal: two laptops with one label are both shown, with person and day, and a part of a label names none. */
static void two_laptops_with_one_label_are_both_shown(void **state)
{
    struct room *r = *state;
    char brief[ID_BRIEF];
    name_laptop(r, 2, "blue");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "wipe", "blue"), 2);
    office_says("the laptop \"blue\" of anna (anna), enrolled 20");
    office_says("the laptop \"blue\" of ben (ben), enrolled 20");
    office_says("nothing was written; type one of them as it is shown above");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "wipe", "blu"), 2);
    office_says("there is no laptop blu");
    device_is(r, 0, "active");
    device_is(r, 2, "active");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "wipe", id_brief(&r->laptops[2].device.device, brief)), 0);
    device_is(r, 2, "to be wiped");
}

/* Goal: a laptop that gave itself another person's login as its label is not taken for that person's, whether or not
 * that person has a laptop; what is shown can be typed. */
static void a_label_does_not_beat_another_persons_login(void **state)
{
    struct room *r = *state;
    char typed[ID_TEXT];
    (void)office_user(r->c, "cara", "case manager");
    name_laptop(r, 0, "ben");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "revoke", "ben"), 2);
    id_format(&r->laptops[0].device.device, typed);
    office_says("  the laptop \"ben\" of anna (anna), enrolled 20");
    office_says(typed);
    id_format(&r->laptops[2].device.device, typed);
    office_says("  the laptop \"green\" of ben (ben), enrolled 20");
    office_says(typed);
    name_laptop(r, 0, "Cara");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "revoke", "cara"), 2);
    office_says("  the laptop \"Cara\" of anna (anna), enrolled 20");
    office_says("  cara (cara), who has no laptop\n");
    for (int i = 0; i < 3; i++)
        device_is(r, i, "active");
    /* Anna's own login as a label of hers is better than her login. */
    name_laptop(r, 0, "anna");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "revoke", "anna"), 0);
    device_is(r, 0, "disabled");
    device_is(r, 1, "active");
    assert_int_equal(OFFICE_TASK(r->c, 3, "device", "revoke", typed), 0);
    device_is(r, 2, "disabled");
}

/* Goal: a case is named by its whole number or its client's whole name, never by a part; each answer says whose it is,
 * and who holds it. */
static void answers_of_the_office_name_person_and_case(void **state)
{
    struct room *r = *state;
    static const char *const slips[] = {"85559", "55599", "8555", "Byron", "Ada", "Ada Byro"};
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        assert_int_equal(OFFICE_TASK(r->c, 4, "case", "assign", slips[i], "anna"), 2);
        office_says("there is no case");
        assert_int_equal(OFFICE_TASK(r->c, 3, "link", slips[i], "jose garcia"), 2);
    }
    assert_int_equal(pair_count(r->c->db, "SELECT count(*) FROM assignment"), 0);
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "assign", "ada byron", "anna"), 0);
    office_says("Ada Byron, case 855599, is in the caseload of anna (anna); responsible: anna (anna)\n");
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "responsible", "855599", "anna"), 0);
    office_says("Ada Byron, case 855599; responsible: anna (anna), as before\n");
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "release", "855599", "anna"), 0);
    office_says("Ada Byron, case 855599, has left the caseload of anna (anna); responsible: nobody, since nobody has "
                "it, before: anna (anna)\n");
    assert_int_equal(OFFICE_TASK(r->c, 3, "different", "Ada Byron", "jose garcia"), 0);
    office_says("Ada Byron, born 1984-05-31 (");
    assert_int_equal(OFFICE_TASK(r->c, 3, "user", "disable", "anna"), 0);
    office_says("anna (anna) is disabled\n");
}

/* Goal: a person whose name holds the words is a match even without a case: the case of another is not taken for hers.
 */
static void a_person_without_a_case_is_a_match_too(void **state)
{
    struct room *r = *state;
    struct id ann = id_new(clock_wall());
    pair_office_write(r->c, KIND_CLIENT, &r->client, &r->client, 0, "legal_name", "Joann Lee", NULL);
    pair_office_write(r->c, KIND_CLIENT, &ann, &ann, 1, "legal_name", "Ann Lee", "birth_date", "1991-07-08", NULL);
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "assign", "Ann Lee", "anna"), 2);
    office_says("  Ann Lee, born 1991-07-08, who has no case\n");
    office_says("  Joann Lee, born 1984-05-31, case 855599; type: ");
    office_says("nothing was written");
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "responsible", "Ann Lee", "anna"), 2);
    assert_int_equal(pair_count(r->c->db, "SELECT count(*) FROM assignment"), 0);
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "assign", "Joann Lee", "anna"), 0);
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "release", "Ann Lee", "anna"), 2);
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "assign", "jose garcia", "anna"), 2);
    office_says("there is no case jose garcia");
}

/* Goal: the list shows number, name, birth date, status and workers, and finds by all words, folded, in parts. */
static void case_list_shows_and_finds_clients(void **state)
{
    struct room *r = *state;
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "assign", "855599", "anna"), 0);
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "list", "byr", "1984"), 0);
    office_says("  855599  Ada Byron  1984-05-31  -  -  anna  anna\n");
    assert_int_equal(OFFICE_TASK(r->c, 4, "case", "list", "byr", "1985"), 0);
    assert_string_equal(office_out, "there is no such case\n");
    assert_int_equal(OFFICE_TASK(r->c, 3, "case", "list", "--json"), 0);
    office_says("\"number\": \"855599\", \"name\": \"Ada Byron\", \"birth_date\": \"1984-05-31\"");
}

/* Ben's laptop writes about Anna's client, which is held. */
static void write_what_is_held(struct room *r, const char *phone)
{
    struct office_batch *b = office_batch();
    office_set(&r->laptops[2], b, KIND_CLIENT, &r->client, &r->client, "phone", phone);
    assert_int_equal(office_push_well(r->c, &r->laptops[2], b), 1);
    office_batch_free(b);
}

/* Goal: a held change has a number that stays what it is when another is released; its release names whose it is. */
static void held_release_takes_a_number(void **state)
{
    struct room *r = *state;
    write_what_is_held(r, "1");
    write_what_is_held(r, "2");
    write_what_is_held(r, "3");
    assert_int_equal(OFFICE_TASK(r->c, 2, "held", "list"), 1);
    office_says("1  of Ada Byron, born 1984-05-31, by ben on the laptop \"green\", change 1: ");
    assert_int_equal(OFFICE_TASK(r->c, 3, "held", "release", "1"), 0);
    office_says("held change 1, of Ada Byron, born 1984-05-31, is released and applied\n");
    assert_int_equal(OFFICE_TASK(r->c, 2, "held", "list"), 1);
    office_says("3  of Ada Byron, born 1984-05-31, by ben on the laptop \"green\", change 3: ");
    assert_int_equal(OFFICE_TASK(r->c, 3, "held", "release", "3"), 0);
    office_expect(r->c->db, "SELECT phone FROM client WHERE id = ?", &r->client, "3");
    assert_int_equal(OFFICE_TASK(r->c, 3, "held", "release", "4"), 2);
    office_says("there is no held change 4; `satcheld held list` names them");
    assert_int_equal(OFFICE_TASK(r->c, 3, "held", "list", "--json"), 1);
    office_says("\"number\": 2");
}

/* Goal: a person gets another name, or another login, which nobody else has. */
static void users_can_be_renamed(void **state)
{
    struct room *r = *state;
    assert_int_equal(OFFICE_TASK(r->c, 5, "user", "rename", "anna", "--name", "Anna Berg"), 0);
    office_says("anna (anna) is called Anna Berg (anna) now\n");
    assert_int_equal(OFFICE_TASK(r->c, 5, "user", "rename", "anna", "--login", "ben"), 2);
    office_says("there is a user ben already");
    assert_int_equal(OFFICE_TASK(r->c, 5, "user", "rename", "anna", "--login", "aberg"), 0);
    office_expect(r->c->db, "SELECT login FROM \"user\" WHERE id = ?", &r->anna, "aberg");
    assert_int_equal(OFFICE_TASK(r->c, 3, "user", "rename", "aberg"), 2);
    office_says("--name NAME");
    assert_int_equal(OFFICE_TASK(r->c, 5, "user", "rename", "aberg", "--name", " "), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
        TEST(device_wipe_takes_a_label),
        TEST(two_laptops_with_one_label_are_both_shown),
        TEST(a_label_does_not_beat_another_persons_login),
        TEST(answers_of_the_office_name_person_and_case),
        TEST(a_person_without_a_case_is_a_match_too),
        TEST(case_list_shows_and_finds_clients),
        TEST(held_release_takes_a_number),
        TEST(users_can_be_renamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
