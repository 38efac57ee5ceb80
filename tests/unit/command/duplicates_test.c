/* Tests: client/command/duplicates.c common/person/pairing.c
 * The laptop's commands about two records of one person: duplicates, link, unlink, different; and what `new client`
 * says. */
#include "laptop_fixture.h"

/* A second record of Ada, in `out`. */
static void second(struct laptop_fixture *d, const char *words, char out[ID_TEXT])
{
    assert_int_equal(laptop_run(d, &command_new, words), 0);
    laptop_take_id(d, out);
}

static int on_both(struct laptop_fixture *d, const struct command *command, const char *before, const char *a,
                   const char *b)
{
    char line[160];
    (void)snprintf(line, sizeof line, "%s %s %s", before, a, b);
    return laptop_run(d, command, line);
}

/* Goal: a new client who looks like one that is here is told at once, with the evidence, both commands, and who it
 * looks like; one who does not is not. */
static void new_clients_are_looked_up(void **state)
{
    struct laptop_fixture *d = *state;
    char other[ID_TEXT], command[64];
    second(d, "new client 'legal_name=Ada Bryon' birth_date=1984-05-31", other);
    assert_has(d->err, "looks like Ada Byron, born 1984-05-31 (");
    assert_has(d->err, laptop_last8(d->client));
    assert_has(d->err, "the same date of birth");
    (void)snprintf(command, sizeof command, "`satchel link %s %s`", laptop_last8(other), laptop_last8(d->client));
    assert_has(d->err, command);
    (void)snprintf(command, sizeof command, "`satchel different %s %s`", laptop_last8(other), laptop_last8(d->client));
    assert_has(d->err, command);
    assert_int_equal(laptop_run(d, &command_new, "new client 'legal_name=Ada King' birth_date=1984-05-31"), 0);
    assert_has(d->err, "may be the person of Ada ");
    assert_int_equal(laptop_run(d, &command_new, "new client 'legal_name=Bo Lind' birth_date=1991-02-03"), 0);
    assert_has_not(d->err, "satchel link");
}

/* Goal: what is proposed comes with its evidence and says that something waits; linked, it is proposed no more, and the
 * undoing brings it back. */
static void proposed_linked_undone(void **state)
{
    struct laptop_fixture *d = *state;
    char other[ID_TEXT];
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(d->waiting, 0);
    assert_has(d->err, "0 pairs may be one person, among 1 client\n");
    second(d, "new client 'legal_name=Ada Bryon' birth_date=1984-05-31", other);
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates"), 0);
    assert_int_equal(d->waiting, 1);
    assert_has(d->out, "likely       ");
    assert_has(d->out, "'Ada Byron'"); /* which of the two stands first is their ids' matter */
    assert_has(d->out, "'Ada Bryon'");
    assert_has(d->out, "the same date of birth: '1984-05-31'");
    assert_has(d->err, "Nothing is linked by itself");
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates --json"), 0);
    assert_has(d->out, "\"class\": \"likely\", \"score\": 21");
    assert_has(d->out, other);
    assert_int_equal(
        on_both(d, &command_link, "link --reason 'both say so'", laptop_last8(d->client), laptop_last8(other)), 0);
    assert_has(d->err, "linked as one person; whoever holds one gets the other (queued: ");
    assert_int_equal(on_both(d, &command_link, "link --json", other, d->client), 0);
    assert_has(d->err, "already; nothing was written\n");
    assert_has(d->out, "\"written\": false}\n");
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "[linked]");
    assert_int_equal(laptop_run(d, &command_list, "list client"), 0);
    assert_has(d->out, "[linked]");
    assert_int_equal(laptop_run(d, &command_list, "list --json"), 0);
    assert_has(d->out, "\"linked\": true");
    assert_int_equal(laptop_run(d, &command_search, "search bryon"), 0);
    assert_has(d->out, "[linked]");
    assert_int_equal(laptop_run_on(d, &command_log, "log", d->client, ""), 0);
    assert_has(d->out, "both say so");
    assert_int_equal(on_both(d, &command_different, "different", d->client, other), E_REFUSED);
    assert_has(d->e.text, "unlink them first");
    assert_int_equal(on_both(d, &command_unlink, "unlink", other, d->client), 0);
    assert_has(d->err, "each record as it was");
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates"), 0);
    assert_has(d->out, "likely");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has_not(d->out, "[linked]");
}

/* Goal: two who look alike and are two are not proposed again, until somebody takes that back. */
static void different_people(void **state)
{
    struct laptop_fixture *d = *state;
    char other[ID_TEXT];
    second(d, "new client 'legal_name=Ada Bryon' birth_date=1984-05-31", other);
    assert_int_equal(on_both(d, &command_different, "different --json", other, d->client), 0);
    assert_has(d->out, "{\"clients\": [\"");
    assert_has(d->out, "\"written\": true}\n");
    assert_int_equal(on_both(d, &command_different, "different", d->client, other), 0);
    assert_has(d->err, "already; nothing was written");
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(on_both(d, &command_different, "different --undo", d->client, other), 0);
    assert_int_equal(on_both(d, &command_different, "different --undo", d->client, other), E_NOT_FOUND);
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates"), 0);
    assert_has(d->out, "likely");
    /* Who links them takes the mark out with it. */
    assert_int_equal(on_both(d, &command_different, "different", other, d->client), 0);
    assert_int_equal(on_both(d, &command_link, "link", other, d->client), 0);
    assert_int_equal(on_both(d, &command_different, "different --undo", d->client, other), E_NOT_FOUND);
}

/* Goal: what only a third record joins is said, at the refusal and after an unlink that changes nothing yet. */
static void over_a_third(void **state)
{
    struct laptop_fixture *d = *state;
    char two[ID_TEXT], three[ID_TEXT];
    second(d, "new client 'legal_name=Ada Bryon'", two);
    second(d, "new client 'legal_name=A Byron'", three);
    assert_int_equal(on_both(d, &command_link, "link", d->client, two), 0);
    assert_int_equal(on_both(d, &command_link, "link", two, three), 0);
    assert_int_equal(on_both(d, &command_unlink, "unlink", d->client, three), E_NOT_FOUND);
    assert_has(d->e.text, "only through another record");
    assert_has(d->e.text, laptop_last8(two));
    /* A link of their own beside that, as another laptop may have written it. */
    assert_int_equal(laptop_run_on(d, &command_add, "add", three, ""), E_USAGE);
    {
        char pair[64];
        (void)snprintf(pair, sizeof pair, "same_as=%s", d->client);
        assert_int_equal(laptop_run_on(d, &command_add, "add", three, pair), 0);
    }
    assert_int_equal(on_both(d, &command_unlink, "unlink", d->client, three), 0);
    assert_has(d->err, "still one person's through ");
    assert_has(d->err, laptop_last8(two));
}

/* Goal: what cannot be linked is refused with a sentence, and nothing is written. */
static void refusals(void **state)
{
    struct laptop_fixture *d = *state;
    char other[ID_TEXT];
    uint64_t seq;
    second(d, "new client 'legal_name=Bo Lind'", other);
    assert_int_equal(laptop_run_on(d, &command_void, "void", other, "--reason x"), 0);
    seq = d->store.author.chain.seq;
    assert_int_equal(on_both(d, &command_link, "link", d->client, d->client), E_REFUSED);
    assert_has(d->e.text, "two different clients");
    assert_int_equal(on_both(d, &command_link, "link", d->client, other), E_REFUSED);
    assert_has(d->e.text, "voided");
    assert_int_equal(on_both(d, &command_link, "link", d->client, d->file), E_NOT_FOUND);
    assert_int_equal(on_both(d, &command_link, "link", d->client, ""), E_USAGE);
    assert_int_equal(on_both(d, &command_link, "link --undo", d->client, other), E_USAGE);
    assert_int_equal(on_both(d, &command_unlink, "unlink", d->client, other), E_NOT_FOUND);
    assert_int_equal(laptop_run(d, &command_duplicates, "duplicates please"), E_USAGE);
    {
        char pair[64];
        (void)snprintf(pair, sizeof pair, "same_as=%s", d->client);
        assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, pair), E_INPUT);
    }
    assert_int_equal(d->store.author.chain.seq, seq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
        TEST(new_clients_are_looked_up),
        TEST(proposed_linked_undone),
        TEST(different_people),
        TEST(over_a_third),
        TEST(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
