/* Tests: common/judge/trial.c client/audit/audit_rules.c
 * The auditor judges each change of a laptop by the log in front of it: what breaks a rule, and was not held when it
 * came, fails the archive, by its position, with the laptop, its person and the rule. */
#include "audit_fixture.h"

#include "audit_verify.h"

static struct audit_office office;

static int set_up(void **state)
{
    (void)state;
    audit_make_folder();
    audit_open_office(&office, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    audit_close_office(&office);
    return audit_remove_folder();
}

/* The office takes what the laptop wrote, whatever it is, and makes an archive. Returns the position that it gets. */
static uint64_t take(struct audit_device *d)
{
    uint64_t position = office.tree.size;
    audit_push(&office, d);
    audit_state_checkpoint(&office);
    audit_write_archive(&office);
    return position;
}

static int verify(struct audit_verify_result *r, struct error *e)
{
    struct audit_verify_options o = {
        .archive = audit_path, .key = office.log_key, .passphrase = PASSPHRASE, .passphrase_bytes = strlen(PASSPHRASE)};
    memset(e, 0, sizeof *e);
    return audit_verify(&o, r, e);
}

static void is_named(uint64_t position, const char *login, const char *rule)
{
    struct audit_verify_result r;
    struct error e;
    char begins[64];
    assert_int_equal(verify(&r, &e), E_VERIFY);
    (void)snprintf(begins, sizeof begins, "entry %llu: laptop ", (unsigned long long)position);
    assert_begins(&e, begins);
    assert_says(&e, login);
    assert_says(&e, rule);
}

static void ben_writes_note(const char *text)
{
    struct id note = id_new(audit_now_ms);
    struct edit edit;
    audit_start(&edit, &office.ben, KIND_NOTE, &office.scope, &note);
    audit_set(&edit, "text", text);
    audit_commit(&office.ben, &edit, NULL);
}

/* The office's edit of a record that it has. */
static void office_sets(const struct id *record, const char *field, const char *words)
{
    struct edit edit;
    assert_int_equal(edit_open(&edit, office.own.db, record, NULL), 0);
    audit_set(&edit, field, words);
    audit_write_own(&office, &edit);
    audit_add_head(&office, &office.own);
}

/* Goal: what an honest office took is clean, and what it held counts apart. */
static void what_keeps_the_rules_is_counted(void **state)
{
    struct audit_verify_result r;
    struct error e;
    (void)state;
    ben_writes_note("seen at home");
    (void)take(&office.ben);
    if (verify(&r, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(r.judged, 5);
    assert_int_equal(r.held, 1);
    assert_int_equal(r.unjudged, 0);
}

static void an_author_other_than_the_devices_user_is_named(void **state)
{
    (void)state;
    office.ben.author.person = office.anna.user;
    ben_writes_note("Anna never wrote this");
    is_named(take(&office.ben), "of x may not write it", "its author is not the person");
}

static void a_kind_reserved_to_the_office_is_named(void **state)
{
    struct id record = id_new(audit_now_ms);
    struct edit edit;
    (void)state;
    audit_start(&edit, &office.ben, KIND_USER, &audit_everywhere, &record);
    audit_set(&edit, "role", "administrator");
    audit_commit(&office.ben, &edit, NULL);
    is_named(take(&office.ben), "of x may not write it", "only the office itself writes records of kind user");
}

/* A hold of a laptop's would be obeyed by a replay. */
static void a_laptops_own_hold_is_named(void **state)
{
    struct id record = id_new(audit_now_ms);
    struct edit edit;
    (void)state;
    audit_start(&edit, &office.ben, KIND_HOLD, &audit_everywhere, &record);
    audit_set(&edit, "status", "released");
    audit_commit(&office.ben, &edit, NULL);
    is_named(take(&office.ben), "of x may not write it", "only the office itself writes records of kind hold");
}

static void a_case_outside_the_caseload_is_named(void **state)
{
    struct id assignment = id_derive("test", "assignment", "ben");
    (void)state;
    office_sets(&assignment, "status", "disabled");
    ben_writes_note("he is not on this case any more");
    is_named(take(&office.ben), "of x may not write it", "its case is not in the caseload");
}

static void a_disabled_laptop_is_named(void **state)
{
    (void)state;
    office_sets(&office.ben.id, "status", "disabled");
    ben_writes_note("from a laptop that was stolen");
    is_named(take(&office.ben), "of x may not write it", "has been disabled");
}

/* A hold behind it does not answer for it: until then it was in force. */
static void a_hold_that_comes_too_late_does_not_answer_for_it(void **state)
{
    struct id record = id_derive("test", "hold", "late");
    struct edit edit;
    char hex[33], seq[24];
    uint64_t position;
    (void)state;
    office.ben.author.person = office.anna.user;
    ben_writes_note("Anna never wrote this");
    position = take(&office.ben);
    sodium_bin2hex(hex, sizeof hex, office.ben.id.b, ID_BYTES);
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)office.ben.sent);
    audit_start(&edit, &office.own, KIND_HOLD, &audit_everywhere, &record);
    audit_set(&edit, "device", hex);
    audit_set(&edit, "epoch", "1");
    audit_set(&edit, "seq", seq);
    audit_set(&edit, "status", "held");
    audit_write_own(&office, &edit);
    audit_add_head(&office, &office.own);
    audit_state_checkpoint(&office);
    audit_write_archive(&office);
    is_named(position, "of x may not write it", "its author is not the person");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_keeps_the_rules_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_author_other_than_the_devices_user_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kind_reserved_to_the_office_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_laptops_own_hold_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_case_outside_the_caseload_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disabled_laptop_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hold_that_comes_too_late_does_not_answer_for_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
