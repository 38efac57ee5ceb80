/* Tests: client/command/show.c
 * What its author sees of a change that the office holds back. */
#include "command.h"
#include "laptop_fixture.h"

/* Goal: an allergy that the office holds back is not said to be absent: not in words, not in JSON; once it is released
 * it stands there as any other. */
static void allergy_that_is_held_back(void **state)
{
    struct laptop_fixture *d = *state;
    struct id client;
    int64_t entry;
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "'allergy=penicillin: anaphylaxis'"), 0);
    entry = log_find(d->store.db, &d->store.author.chain.device, 1, d->store.author.chain.seq, NULL, NULL);
    assert_true(entry > 0);
    assert_int_equal(id_parse(d->client, &client, NULL), 0);
    assert_int_equal(record_set_held(d->store.db, entry, 1, &d->e), 0);
    assert_int_equal(db_run(d->store.db, &d->e,
                            "INSERT INTO held_note(epoch, seq, record, kind, reason) SELECT epoch, seq, record, kind, "
                            "'not in the caseload' FROM entry WHERE id = ?",
                            "i", entry),
                     0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(laptop_run_on(d, &command_show, "show", i == 0 ? d->client : d->file, ""), 0);
        assert_has_not(d->out, "penicillin");
        assert_has_not(d->out, "no allergies recorded");
        assert_has(d->out, "ALLERGIES         the office holds back what you wrote of this person");
        assert_has(d->out, "is held back by the office, and not shown");
        assert_has(d->out, laptop_last8(d->client));
        assert_int_equal(laptop_run_on(d, &command_show, "show --json", i == 0 ? d->client : d->file, ""), 0);
        assert_has(d->out, "\"held_back\": true");
    }
    assert_int_equal(db_run(d->store.db, &d->e, "DELETE FROM held_note", ""), 0);
    assert_int_equal(record_set_held(d->store.db, entry, 0, &d->e), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->client, ""), 0);
    assert_has(d->out, "ALLERGIES         penicillin: anaphylaxis");
    assert_has_not(d->out, "held back");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(allergy_that_is_held_back, laptop_fixture_set_up, laptop_fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
