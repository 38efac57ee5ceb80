/* Tests: client/command/write.c client/command/note.c client/command/conflicts.c client/command/decisions.c
 *     client/command/history.c client/command/command.c
 * The record commands that write, what is decided, and what the log tells. */
#include "laptop_fixture.h"

/* Goal: a write says what it did and that it is queued, and is there. */
static void a_write_says_what_it_did(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "risk=high title=Housing"), 0);
    assert_has(d->err, "risk of Ada Byron, case 2024-17");
    assert_has(d->err, ": high; title: Housing (queued: ");
    assert_has(d->err, "changes wait for the office)\n");
    assert_string_equal(d->out, "");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out, "\"risk\": \"high\"");
    assert_has(d->out, "\"title\": \"Housing\"");
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "title="), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has_not(d->out, "title");
}

/* Goal: sets and sums are added to and taken out of. */
static void sets_and_sums(void **state)
{
    struct laptop_fixture *d = *state;
    char service[ID_TEXT];
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "need=transport need=food"), 0);
    assert_int_equal(laptop_run_on(d, &command_remove, "remove", d->client, "need=food"), 0);
    assert_int_equal(laptop_run_on(d, &command_remove, "remove", d->client, "need=shelter"), E_NOT_FOUND);
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->client, ""), 0);
    assert_has(d->out, "\"need\": [\"transport\"]");
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "need=food"), E_USAGE);
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->file, "risk=low"), E_USAGE);
    assert_int_equal(
        laptop_run_on(d, &command_new, "new service", d->file, "type=visit units=30 units=15 amount=-0.05"), 0);
    laptop_take_id(d, service);
    assert_int_equal(laptop_run_on(d, &command_show, "show", service, ""), 0);
    assert_has(d->out, "45 (of 2)");
    assert_int_equal(laptop_run(d, &command_list, "list service --json"), 0);
    assert_has(d->out, "\"units\": 45");
    assert_has(d->out, "\"amount\": -0.05");
}

/* Goal: what cannot be written is refused with a sentence, and nothing of it is written. */
static void refusals(void **state)
{
    struct laptop_fixture *d = *state;
    static const struct {
        const struct command *command;
        const char *before, *after, *says;
        int code;
    } all[] = {
        {&command_set, "set", "nonsense=1", "`satchel help case`", E_NOT_FOUND},
        {&command_set, "set", "risk=tremendous", "one of:", E_INPUT},
        {&command_set, "set", "risk", "FIELD=VALUE", E_USAGE},
        {&command_set, "set", "risk=low risk=high", "given twice", E_USAGE},
        {&command_set, "set", "title=x risk=tremendous", "one of:", E_INPUT},
        {&command_set, "set", "void=yes", "satchel void", E_REFUSED},
        {&command_set, "set", "source_id=7", "import", E_REFUSED},
        {&command_set, "set", "", "FIELD=VALUE... is missing", E_USAGE},
        {&command_set, "set", "client=nobody", "client: no client", E_NOT_FOUND},
        {&command_void, "void", "", "--reason", E_USAGE},
        {&command_void, "void", "--reason=", "--reason", E_USAGE},
        {&command_new, "new provider name=x", "", "office alone", E_REFUSED},
        {&command_new, "new assignment", "status=active", "office alone", E_REFUSED},
        {&command_new, "new receipt", "position=1", "office alone", E_REFUSED},
        {&command_new, "new nonsense", "", "there is no kind", E_NOT_FOUND},
        {&command_new, "new case title=x", "", "FIELD=VALUE", E_USAGE},
        {&command_new, "new note", "", "nothing to write", E_USAGE},
        {&command_new, "new note", "type=telephone type=other", "given twice", E_USAGE},
        {&command_note, "note", "text --type=seance", "one of:", E_INPUT},
        {&command_note, "note", "text --visited=yesterday", "a time", E_INPUT},
        {&command_note, "note", "''", "empty", E_INPUT},
        {&command_resolve, "resolve", "risk high", "not contested", E_REFUSED},
        {&command_resolve, "resolve", "void yes", "nobody contests", E_REFUSED},
        {&command_resolve, "resolve", "nonsense 1", "has no field", E_NOT_FOUND},
    };
    uint64_t seq = d->store.author.chain.seq;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(laptop_run_on(d, all[i].command, all[i].before, d->file, all[i].after), all[i].code);
        assert_has(d->e.text, all[i].says);
        assert_string_equal(d->out, "");
    }
    assert_int_equal(laptop_run(d, &command_new, "new case title=x"), E_USAGE);
    assert_has(d->e.text, "whose case");
    assert_int_equal(laptop_run(d, &command_new, "new note text=x"), E_USAGE);
    assert_has(d->e.text, "which case");
    assert_int_equal(laptop_run(d, &command_set, "set anna name=x"), E_NOT_FOUND);
    assert_int_equal(d->store.author.chain.seq, seq);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has_not(d->out, "title");
}

/* Goal: a user's record, which the office alone writes, is refused by id too. */
static void office_records_are_the_offices(void **state)
{
    struct laptop_fixture *d = *state;
    struct id user = laptop_id(12);
    char text[ID_TEXT];
    id_format(&user, text);
    assert_int_equal(laptop_run_on(d, &command_set, "set", text, "name=x"), E_REFUSED);
    assert_int_equal(laptop_run_on(d, &command_void, "void", text, "--reason x"), E_REFUSED);
    assert_int_equal(laptop_run_on(d, &command_resolve, "resolve", text, "name x"), E_REFUSED);
}

/* Goal: a note is written once; to set its text amends it, with the first text above. */
static void notes_are_amended(void **state)
{
    struct laptop_fixture *d = *state;
    char note[ID_TEXT];
    const char *first, *second;
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "'seen at home' '--visited=2025-05-31 14:30'"),
                     0);
    laptop_take_id(d, note);
    assert_has(d->err, "note written for Ada Byron, case 2024-17 (queued: ");
    assert_int_equal(laptop_run_on(d, &command_set, "set", note, "'text=seen at the school'"), 0);
    assert_has(d->err, "amended");
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_non_null(first = strstr(d->out, "seen at home"));
    assert_non_null(second = strstr(d->out, "seen at the school"));
    assert_true(first < second);
    assert_has(d->out, "by Anna Berg (text): seen at the school");
    assert_has(d->out, "2025-05-31 14:30");
    assert_has(d->out, "home visit");
}

/* Goal: without a text the note comes from the standard input, whole and without its last newline. */
static void notes_come_from_the_input(void **state)
{
    struct laptop_fixture *d = *state;
    static const char typed[] = "first line\nsecond line\n";
    int ends[2], kept = dup(STDIN_FILENO);
    char note[ID_TEXT];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], typed, sizeof typed - 1), sizeof typed - 1);
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "--type=telephone"), 0);
    laptop_take_id(d, note);
    /* There is nothing more to read: an empty note is none. */
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, ""), E_INPUT);
    (void)dup2(kept, STDIN_FILENO);
    (void)close(kept);
    (void)close(ends[0]);
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", note, ""), 0);
    assert_has(d->out, "\"value\": \"first line\\nsecond line\"");
    assert_has(d->out, "telephone");
}

/* Goal: a note that is too long is refused whole, wherever its newlines stand; one that just fits is taken whole. */
static void long_notes_are_not_cut(void **state)
{
    struct laptop_fixture *d = *state;
    static const struct {
        size_t bytes, newline;
        int code;
    } all[] = {{60001, 60000, 0},       {60000, 59999, 0},       {60001, 59999, E_INPUT},
               {62000, 60000, E_LIMIT}, {61024, 61023, E_LIMIT}, {70000, 61023, E_LIMIT}};
    int kept = dup(STDIN_FILENO);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        FILE *file = tmpfile();
        assert_non_null(file);
        for (size_t at = 0; at < all[i].bytes; at++)
            (void)fputc(at == all[i].newline ? '\n' : 'x', file);
        rewind(file);
        (void)dup2(fileno(file), STDIN_FILENO);
        assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, ""), all[i].code);
        (void)fclose(file);
    }
    (void)dup2(kept, STDIN_FILENO);
    (void)close(kept);
    assert_int_equal(laptop_run(d, &command_list, "list note"), 0);
    assert_has(d->err, "2 of kind note");
}

/* Goal: of a case the newest notes stand first, and of its services the last ten, with how many there are. */
static void show_lists_what_is_in_a_case(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "'the old visit' '--visited=2020-01-01 10:00'"),
                     0);
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "'the new visit' '--visited=2021-01-01 10:00'"),
                     0);
    assert_int_equal(laptop_run_on(d, &command_new, "new contact", d->file, "name=Lord relationship=father"), 0);
    for (int i = 10; i < 22; i++) {
        char words[64];
        (void)snprintf(words, sizeof words, "type=service-%d 'started=2020-01-%d 10:00'", i, i);
        assert_int_equal(laptop_run_on(d, &command_new, "new service", d->file, words), 0);
    }
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_true(strstr(d->out, "the new visit") < strstr(d->out, "the old visit"));
    assert_has(d->out, "father");
    assert_has(d->out, "service-21");
    assert_has(d->out, "service-12");
    assert_has_not(d->out, "service-11");
    assert_has(d->out, "12 services in all");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out, "\"service_count\": 12");
    assert_int_equal(laptop_run_on(d, &command_list, "list service --case", d->file, ""), 0);
    assert_has(d->err, "12 of kind service");
}

/* --- conflicts --- */

/* Goal: a contested field shows every value with its author, and ends when somebody who saw them decides. */
static void a_conflict_is_shown_and_decided(void **state)
{
    struct laptop_fixture *d = *state;
    laptop_set_unseen(d, d->file, "risk", "critical");
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "contested: decide with `satchel resolve ");
    assert_has(d->out, " risk VALUE --seen ");
    assert_has(d->out, "1 shown:  critical  (Bo Lind, ");
    assert_has(d->out, "2 beside: moderate  (Anna Berg, ");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
    assert_int_equal(d->waiting, 1);
    assert_has(d->out,
               "CONFLICT: A PERSON MUST DECIDE\n    Two people changed the risk without seeing each other's change.\n");
    assert_has(d->out, "Ada Byron");
    assert_has(d->out, "1 shown:  critical\n        by Bo Lind, ");
    assert_has(d->out, "had seen: nothing");
    assert_has(d->err, "1 conflict to decide, 0 parallel edits");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts --json"), 0);
    assert_has(d->out, "\"value\": \"critical\", \"author\": \"Bo Lind\"");
    /* A number that stands for no value is not taken for a code. */
    assert_int_equal(laptop_resolve_seen(d, d->file, "risk", "5"), E_INPUT);
    assert_int_equal(laptop_resolve_seen(d, d->file, "risk", "2 --reason 'seen on Monday'"), 0);
    assert_has(d->err, "moderate, decided over 2 values (queued: ");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
    assert_int_equal(d->waiting, 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out, "\"risk\": \"moderate\"");
    assert_has(d->out, "\"conflicts\": {}");
    assert_int_equal(laptop_run_on(d, &command_log, "log", d->file, ""), 0);
    assert_has(d->out, "reason: seen on Monday");
    assert_has(d->out, "set risk: critical");
}

/* Goal: a conflict may be decided for a value that nobody wrote, and loud ones stand before quiet ones. */
static void a_conflict_is_decided_anew(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "phone=1234"), 0);
    laptop_set_unseen(d, d->client, "phone", "5678");
    laptop_set_unseen(d, d->client, "legal_name", "Ada Lovelace");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
    assert_true(strstr(d->out, "legal_name") < strstr(d->out, "phone"));
    assert_has(d->out, "phone  parallel edit\n");
    assert_has(d->err, "1 conflict to decide, 1 parallel edit\n");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_has(d->out, "[contested: 1] [parallel edits: 1]");
    assert_int_equal(laptop_resolve_seen(d, d->client, "legal_name", "'Ada King'"), 0);
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
    assert_int_equal(d->waiting, 0);
    assert_int_equal(laptop_resolve_seen(d, d->client, "phone", "9999"), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->client, ""), 0);
    assert_has(d->out, "Ada King");
    assert_has(d->out, "9999");
    assert_has_not(d->out, "Lovelace");
}

/* Goal: a decision is over what was looked at and nothing else: without the code of what lives, or with that of before,
 * nothing is written, and the sentence says how to go on. */
static void a_decision_is_over_what_was_seen(void **state)
{
    struct laptop_fixture *d = *state;
    uint64_t seq;
    char code[REVIEW_CODE + 1], words[64], *at;
    laptop_set_unseen(d, d->file, "risk", "low");
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_non_null(at = strstr(d->out, "--seen "));
    (void)snprintf(code, REVIEW_CODE, "%s", at + strlen("--seen "));
    seq = d->store.author.chain.seq;
    assert_int_equal(laptop_run_on(d, &command_resolve, "resolve", d->file, "risk low"), E_REFUSED);
    assert_has(d->e.text, "look first: `satchel show ");
    assert_has_not(d->e.text, code);
    assert_int_equal(laptop_run_on(d, &command_resolve, "resolve", d->file, "risk low --seen 000000"), E_REFUSED);
    assert_has(d->e.text, "risk of this case has changed since you looked");
    /* Meanwhile a sync brings a higher risk: what was seen is not what would fall. */
    laptop_set_unseen(d, d->file, "risk", "critical");
    (void)snprintf(words, sizeof words, "risk low --seen %s", code);
    assert_int_equal(laptop_run_on(d, &command_resolve, "resolve", d->file, words), E_REFUSED);
    assert_has(d->e.text, "look again with `satchel show ");
    assert_int_equal(d->store.author.chain.seq, seq);
    assert_int_equal(laptop_resolve_seen(d, d->file, "risk", "critical"), 0);
    /* A second time there is nothing to decide. */
    assert_int_equal(laptop_resolve_seen(d, d->file, "risk", "critical"), E_REFUSED);
    assert_has(d->e.text, "not contested");
    /* Nor does a void fall over what was not seen. */
    assert_int_equal(laptop_run_on(d, &command_void, "void", d->file, "--reason x"), 0);
    assert_int_equal(laptop_run_on(d, &command_resolve, "resolve", d->file, "void no"), E_REFUSED);
    assert_has(d->e.text, "look first");
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, " void no --seen ");
}

/* Goal: --mine lists what this laptop's person owns, and only that makes the exit status 1 then. */
static void mine_are_those_that_i_own(void **state)
{
    struct laptop_fixture *d = *state;
    struct id kase, held = laptop_id(77);
    struct edit edit;
    laptop_set_unseen(d, d->file, "risk", "critical");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
    assert_int_equal(d->waiting, 1);
    assert_has(d->out, "to decide: nobody");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts --mine"), 0);
    assert_int_equal(d->waiting, 0);
    assert_string_equal(d->out, "");
    assert_int_equal(id_parse(d->file, &kase, NULL), 0);
    for (int mine = 0; mine < 2; mine++) {
        /* Bo's first; then Anna is made responsible. */
        struct id user = laptop_id(mine ? 11 : 12);
        held.b[0] = (uint8_t)(held.b[0] + mine);
        assert_int_equal(edit_new(&edit, d->store.db, schema_kind(KIND_ASSIGNMENT), &kase, &held, &d->e), 0);
        assert_int_equal(edit_set_id(&edit, "user", &user, &d->e), 0);
        assert_int_equal(edit_set_text(&edit, "status", "active", &d->e), 0);
        assert_int_equal(edit_set_text(&edit, "responsible", mine ? "yes" : "", &d->e), 0);
        laptop_write_as(d, &d->office, &edit, NULL);
        assert_int_equal(laptop_run(d, &command_conflicts, "conflicts --mine"), 0);
        assert_int_equal(d->waiting, mine);
        assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
        assert_has(d->out, mine ? "to decide: Anna Berg; since " : "to decide: Bo Lind; since ");
        assert_has(d->out, " days), not at the office yet\n");
    }
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts --mine --json"), 0);
    assert_has(d->out, "\"label\": \"conflict\", \"sentence\": \"Two people changed the risk without seeing");
    assert_has(d->out, "\"name\": \"Anna Berg\"");
    assert_has(d->out, "\"seen\": [], \"seen_more\": 0, \"seen_unknown\": 0}");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts more"), E_USAGE);
}

/* Goal: if the client of a case is contested, the warnings of each are shown. */
static void a_contested_client_warns_for_both(void **state)
{
    struct laptop_fixture *d = *state;
    char other[ID_TEXT];
    assert_int_equal(laptop_run(d, &command_new, "new client legal_name=Eve allergy=latex"), 0);
    laptop_take_id(d, other);
    assert_int_equal(laptop_run_on(d, &command_add, "add", d->client, "allergy=peanuts"), 0);
    laptop_set_unseen(d, d->file, "client", other);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "latex");
    assert_has(d->out, "peanuts");
    assert_int_equal(laptop_resolve_seen(d, d->file, "client", "eve"), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "latex");
    assert_has_not(d->out, "peanuts");
}

/* Goal: a voided record is out of the lists, is not changed any more, and can be taken back. */
static void a_void_and_its_way_back(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run_on(d, &command_void, "void", d->file, "--reason 'the wrong person'"), 0);
    assert_has(d->err, "the case of Ada Byron, case 2024-17: voided, and kept in the log (queued: ");
    assert_int_equal(laptop_run(d, &command_list, "list"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(laptop_run(d, &command_list, "list --all"), 0);
    assert_has(d->out, "[voided]");
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "risk=low"), E_REFUSED);
    assert_has(d->e.text, "voided");
    assert_int_equal(laptop_run_on(d, &command_void, "void", d->file, "--reason again"), E_REFUSED);
    assert_int_equal(laptop_run_on(d, &command_note, "note", d->file, "text"), E_REFUSED);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "VOIDED");
    assert_int_equal(laptop_resolve_seen(d, d->file, "void", "yes"), E_REFUSED);
    assert_int_equal(laptop_resolve_seen(d, d->file, "void", "no"), 0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "risk=low --reason better"), 0);
    assert_int_equal(laptop_run_on(d, &command_log, "log", d->file, ""), 0);
    assert_has(d->out, "reason: the wrong person");
    assert_has(d->out, "void taken back");
}

/* Goal: a void that somebody contests by writing on is decided with yes or no. */
static void a_contested_void_is_decided(void **state)
{
    struct laptop_fixture *d = *state;
    for (int yes = 0; yes < 2; yes++) {
        assert_int_equal(laptop_run_on(d, &command_void, "void", d->file, "--reason 'a double'"), 0);
        laptop_set_unseen(d, d->file, "title", yes ? "Work" : "Housing");
        assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
        assert_int_equal(d->waiting, 1);
        assert_has(d->out, "void yes|no");
        assert_has(d->out, "voided by Anna Berg");
        assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
        assert_has(d->out, "voided by one person and changed by another");
        assert_int_equal(laptop_resolve_seen(d, d->file, "void", "perhaps"), E_INPUT);
        assert_int_equal(laptop_resolve_seen(d, d->file, "void", yes ? "yes" : "no"), 0);
        assert_int_equal(laptop_run(d, &command_list, "list"), 0);
        assert_int_equal(strstr(d->out, laptop_last8(d->file)) == NULL, yes);
    }
}

/* --- the log --- */

/* Goal: the log says of each change whether it waits, is at the office, or is held back, and why. */
static void the_log_tells_what_became_of_a_change(void **state)
{
    struct laptop_fixture *d = *state;
    int64_t id;
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "title=First --reason 'asked to'"), 0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "title=Second"), 0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "title=Third"), 0);
    id = log_find(d->store.db, &d->store.author.chain.device, 1, 3, NULL, &d->e);
    assert_true(id > 0);
    assert_int_equal(log_accept(d->store.db, id, 41, 1760000000000, &d->e), 0);
    id = log_find(d->store.db, &d->store.author.chain.device, 1, 4, NULL, &d->e);
    assert_int_equal(log_accept(d->store.db, id, 42, 1760000000000, &d->e), 0);
    assert_int_equal(record_set_held(d->store.db, id, 1, &d->e), 0);
    assert_int_equal(
        db_run(d->store.db, &d->e,
               "INSERT INTO held_note SELECT epoch, seq, record, kind, 'not your case', header, body FROM entry WHERE "
               "id = ?",
               "i", id),
        0);
    assert_int_equal(laptop_run_on(d, &command_log, "log", d->file, ""), 0);
    assert_has(d->out, "Anna Berg  at the office\n    set title: First\n    reason: asked to\n");
    assert_has(d->out, "HELD BACK BY THE OFFICE: not your case\n    set title: Second\n");
    assert_has(d->out, "queued\n    set title: Third\n");
    assert_int_equal(laptop_run(d, &command_held, "held"), 0);
    assert_int_equal(d->waiting, 1);
    assert_has(d->out, "HELD BACK BY THE OFFICE: not your case\n    set title: Second\n");
    assert_has(d->err, "1 change is held back");
    assert_int_equal(laptop_run(d, &command_held, "held --json"), 0);
    assert_int_equal(laptop_run(d, &command_log, "log"), 0);
    assert_has(d->err, "5 changes\n");
    assert_has(d->out, "set legal_name: Ada Byron");
    assert_int_equal(laptop_run(d, &command_log, "log --json"), 0);
    assert_has(d->out, "\"state\": \"held\", \"position\": 42, \"held_reason\": \"not your case\"");
    assert_has(d->out, "\"state\": \"queued\", \"position\": null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
        TEST(a_write_says_what_it_did),
        TEST(sets_and_sums),
        TEST(refusals),
        TEST(office_records_are_the_offices),
        TEST(notes_are_amended),
        TEST(notes_come_from_the_input),
        TEST(long_notes_are_not_cut),
        TEST(show_lists_what_is_in_a_case),
        TEST(a_conflict_is_shown_and_decided),
        TEST(a_conflict_is_decided_anew),
        TEST(a_decision_is_over_what_was_seen),
        TEST(mine_are_those_that_i_own),
        TEST(a_contested_client_warns_for_both),
        TEST(a_void_and_its_way_back),
        TEST(a_contested_void_is_decided),
        TEST(the_log_tells_what_became_of_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
