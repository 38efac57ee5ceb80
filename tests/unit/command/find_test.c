/* Tests: client/command/find.c client/command/write.c client/command/note.c common/person/whose.c
 * Whom a write goes to: over a caseload of 70 cases, in which many names and numbers begin or end alike, no slip writes
 * anything; and what is named whole is written to, and is named in the answer. */
#include "laptop_fixture.h"

enum { CASES = 70 };

static const char *const given[] = {"Ada", "Ann", "Joann", "Maria", "Anna Maria", "Lee", "Rose"};
static const char *const family[] = {"Byron", "King", "Leeds", "Lee", "Kingsley", "Moreno", "More", "Roseland", "Ward"};

struct caseload {
    struct laptop_fixture *d;
    size_t turn;
    char client[CASES][ID_TEXT], file[CASES][ID_TEXT], name[CASES][64], number[CASES][16];
};

/* 70 persons of 63 names, each with one case; the numbers have six digits, and many begin or end alike. */
static void make_caseload(struct caseload *c, struct laptop_fixture *d)
{
    char line[256];
    c->d = d;
    for (int i = 0; i < CASES; i++) {
        (void)snprintf(c->name[i], sizeof c->name[i], "%s %s", given[i % 7], family[i % 9]);
        (void)snprintf(c->number[i], sizeof c->number[i], "%d", 855501 + 11 * i);
        (void)snprintf(line, sizeof line, "new client 'legal_name=%s' birth_date=19%02d-02-03", c->name[i], 20 + i);
        assert_int_equal(laptop_run(d, &command_new, line), 0);
        laptop_take_id(d, c->client[i]);
        (void)snprintf(line, sizeof line, "new case client=%s number=%s risk=high", c->client[i], c->number[i]);
        assert_int_equal(laptop_run(d, &command_new, line), 0);
        laptop_take_id(d, c->file[i]);
    }
}

/* Two of the commands that write, each time the next ones, with these words for a record or a case: none writes. */
static void nothing_is_written(struct caseload *c, const char *words)
{
    static const struct {
        const struct command *command;
        const char *before, *after;
    } all[] = {{&command_set, "set", "risk=low"},
               {&command_add, "add", "need=food"},
               {&command_remove, "remove", "need=food"},
               {&command_void, "void", "--reason slip"},
               {&command_note, "note", "text"},
               {&command_new, "new service", "type=visit"},
               {&command_resolve, "resolve", "risk low --seen 000000"}};
    uint64_t seq = c->d->store.author.chain.seq;
    char quoted[128], line[160];
    (void)snprintf(quoted, sizeof quoted, "'%s'", words);
    for (int k = 0; k < 2; k++) {
        size_t i = c->turn++ % (sizeof all / sizeof *all);
        int code = laptop_run_on(c->d, all[i].command, all[i].before, quoted, all[i].after);
        if (code == 0)
            fail_msg("%s with %s has written: %s", all[i].before, quoted, c->d->err);
        assert_true(code == E_INPUT || code == E_NOT_FOUND);
    }
    assert_int_equal(c->d->store.author.chain.seq, seq);
    if (c->turn % 3 != 0)
        return;
    (void)snprintf(line, sizeof line, "new case 'client=%s' title=slip", words);
    assert_int_not_equal(laptop_run(c->d, &command_new, line), 0);
    (void)snprintf(line, sizeof line, "link '%s' %s", words, c->client[0]);
    assert_int_not_equal(laptop_run(c->d, &command_link, line), 0);
    assert_int_equal(c->d->store.author.chain.seq, seq);
}

/* Goal: a digit that is missing, at either end or within, doubled, or swapped with its neighbour, writes nothing (a
 * swapped or doubled one could be another case's whole number, so those are left out here). */
static void a_number_with_a_digit_dropped_does_not_write(void **state)
{
    struct caseload *c = calloc(1, sizeof *c);
    assert_non_null(c);
    make_caseload(c, *state);
    for (int i = 0; i < CASES; i++) {
        size_t length = strlen(c->number[i]);
        for (size_t at = 0; at < length; at++) {
            char slip[16];
            memcpy(slip, c->number[i], at);
            memcpy(slip + at, c->number[i] + at + 1, length - at);
            nothing_is_written(c, slip);
        }
    }
    free(c);
}

/* Goal: the first or last characters of the id that is shown, and the first ones of the whole id, do not write. */
static void a_part_of_an_id_does_not_write(void **state)
{
    struct caseload *c = calloc(1, sizeof *c);
    assert_non_null(c);
    make_caseload(c, *state);
    for (int i = 0; i < CASES; i++) {
        for (size_t n = 3; n < 8; n++) {
            char slip[ID_TEXT];
            (void)snprintf(slip, sizeof slip, "%.*s", (int)n, laptop_last8(c->file[i]));
            nothing_is_written(c, slip);
            nothing_is_written(c, c->file[i] + ID_TEXT - 1 - n);
        }
    }
    free(c);
}

/* Goal: the end, the beginning or a part of a name does not write, nor does a name that two persons have, nor one that
 * is a part of somebody else's. */
static void a_part_of_a_name_does_not_write(void **state)
{
    struct caseload *c = calloc(1, sizeof *c);
    assert_non_null(c);
    make_caseload(c, *state);
    for (int i = 0; i < CASES; i++) {
        size_t length = strlen(c->name[i]);
        nothing_is_written(c, strrchr(c->name[i], ' ') + 1);
        for (size_t n = 2; n < length; n++) {
            char slip[64];
            (void)snprintf(slip, sizeof slip, "%.*s", (int)n, c->name[i]);
            nothing_is_written(c, slip);
            if (c->name[i][length - n] != ' ')
                nothing_is_written(c, c->name[i] + length - n);
        }
    }
    nothing_is_written(c, c->name[0]); /* the 64th has the same */
    nothing_is_written(c, "Ann Lee");  /* Joann Lee, and Ann Leeds */
    free(c);
}

/* Goal: what is refused is shown with the person, the birth date, the number and the id, and with what to type, for
 * each of those who match; and what is shown so can be typed. */
static void both_who_match_are_shown(void **state)
{
    struct caseload *c = calloc(1, sizeof *c);
    struct laptop_fixture *d = *state;
    char wanted[256], typed[64];
    const char *type;
    assert_non_null(c);
    make_caseload(c, d);
    assert_int_equal(laptop_run(d, &command_note, "note 'ada byron' text"), E_INPUT);
    assert_has(d->e.text, "records match, and nothing was written; type one of them as it is shown above");
    for (int i = 0; i < CASES; i += 63) {
        (void)snprintf(wanted, sizeof wanted, "  case     %s  Ada Byron, born 19%02d-02-03, case %s; type: %s\n",
                       laptop_last8(c->file[i]), 20 + i, c->number[i], c->number[i]);
        assert_has(d->err, wanted);
    }
    assert_int_equal(laptop_run(d, &command_set, "set 85550 risk=low"), E_INPUT);
    assert_has(d->e.text, "only a part of a name, a number or an id, and nothing was written");
    assert_has(d->err, "Ada Byron, born 1920-02-03, case 855501; type: 855501\n");
    assert_int_equal(laptop_run(d, &command_add, "add 'ria ward' need=food"), E_INPUT);
    assert_non_null(type = strstr(d->err, "; type: "));
    assert_int_equal(sscanf(type, "; type: %63[^\n]", typed), 1);
    assert_int_equal(laptop_run_on(d, &command_add, "add", typed, "need=food"), 0);
    free(c);
}

/* Goal: the whole number, the whole name of one person, the 8 characters that are shown and the whole id all write, and
 * each answer names the person and the case. */
static void what_is_named_whole_is_written_to(void **state)
{
    struct caseload *c = calloc(1, sizeof *c);
    struct laptop_fixture *d = *state;
    char wanted[128], quoted[80];
    assert_non_null(c);
    make_caseload(c, d);
    for (int i = 0; i < CASES; i++) {
        const char *words[] = {c->number[i], laptop_last8(c->file[i]), c->file[i]};
        (void)snprintf(wanted, sizeof wanted, "note written for %s, case %s (queued: ", c->name[i], c->number[i]);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(laptop_run_on(d, &command_note, "note", words[k], "text"), 0);
            assert_has(d->err, wanted);
        }
    }
    (void)snprintf(quoted, sizeof quoted, "'%s'", "anna maria moreno");
    assert_int_equal(laptop_run_on(d, &command_note, "note", quoted, "text"), 0);
    assert_has(d->err, "note written for Anna Maria Moreno, case ");
    assert_int_equal(laptop_run_on(d, &command_add, "add", quoted, "allergy=latex"), 0);
    assert_has(d->err, "allergy of Anna Maria Moreno, born ");
    free(c);
}

/* Goal: a name stands for its person's one case that is not closed; of two open ones neither is taken, and both are
 * shown. */
static void a_name_stands_for_the_one_open_case(void **state)
{
    struct laptop_fixture *d = *state;
    assert_int_equal(laptop_run(d, &command_note, "note 'Ada Byron' text"), 0);
    assert_int_equal(laptop_run(d, &command_new, "new case 'client=Ada Byron' number=2025-300"), 0);
    assert_int_equal(laptop_run(d, &command_note, "note 'Ada Byron' text"), E_INPUT);
    assert_has(d->err, "case 2024-17; type: 2024-17\n");
    assert_has(d->err, "case 2025-300; type: 2025-300\n");
    assert_int_equal(laptop_run(d, &command_set, "set 2024-17 status=closed"), 0);
    assert_int_equal(laptop_run(d, &command_note, "note 'Ada Byron' text"), 0);
    assert_has(d->err, "case 2025-300");
}

/* Goal: a person who has no case is not taken for one who has: of two persons of one name, or of whom one's name holds
 * the other's, both are shown, and nothing is written. */
static void a_person_without_a_case_still_counts(void **state)
{
    struct laptop_fixture *d = *state;
    uint64_t seq;
    assert_int_equal(laptop_run(d, &command_new, "new client 'legal_name=Da Byron'"), 0);
    assert_int_equal(laptop_run(d, &command_new, "new client 'legal_name=Ada Byron' birth_date=1990-01-01"), 0);
    seq = d->store.author.chain.seq;
    assert_int_equal(laptop_run(d, &command_note, "note 'Da Byron' text"), E_INPUT);
    assert_int_equal(laptop_run(d, &command_note, "note 'Ada Byron' text"), E_INPUT);
    assert_has(d->err, "Ada Byron, born 1990-01-01");
    assert_has(d->err, "case 2024-17; type: 2024-17\n");
    assert_int_equal(laptop_run(d, &command_new, "new service 'Ada Byron' type=visit"), E_INPUT);
    assert_int_equal(d->store.author.chain.seq, seq);
}

/* Goal: what is to be typed names this record: not another case that has its old number, nor one whose number is this
 * one's key in another system; and nothing that drives a terminal or a shell stands in it. */
static void what_is_to_be_typed_names_this_record(void **state)
{
    struct laptop_fixture *d = *state;
    char name[FIND_NAME];
    struct id id;
    assert_int_equal(id_parse(d->file, &id, NULL), 0);
    assert_string_equal(find_name(d->store.db, &id, name), "2024-17");
    assert_int_equal(db_exec(d->store.db, "UPDATE \"case\" SET number = NULL, source_id = '171'", &d->e), 0);
    assert_int_equal(laptop_run(d, &command_new, "new case 'client=Ada Byron' number=171"), 0);
    assert_string_equal(find_name(d->store.db, &id, name), laptop_last8(d->file));
    assert_int_equal(db_exec(d->store.db, "UPDATE \"case\" SET number = 'M; touch x' WHERE number IS NULL", &d->e), 0);
    assert_string_equal(find_name(d->store.db, &id, name), laptop_last8(d->file));
    assert_int_equal(id_parse(d->client, &id, NULL), 0);
    assert_string_equal(find_name(d->store.db, &id, name), "'Ada Byron'");
    assert_int_equal(db_exec(d->store.db, "UPDATE client SET legal_name = 'Ada' || char(27) || ']0;x'", &d->e), 0);
    assert_string_equal(find_name(d->store.db, &id, name), laptop_last8(d->client));
}

/* Goal: two records whose shown ids are alike are both shown, and the whole id tells them apart. */
static void two_of_one_shown_id_are_both_shown(void **state)
{
    struct laptop_fixture *d = *state;
    struct id id;
    struct edit edit;
    char twin[ID_TEXT];
    assert_int_equal(id_parse(d->file, &id, NULL), 0);
    id.b[0] ^= 1;
    id_format(&id, twin);
    assert_int_equal(edit_new(&edit, d->store.db, schema_kind(KIND_CASE), &id, &id, &d->e), 0);
    assert_int_equal(edit_set_text(&edit, "title", "twin", &d->e), 0);
    laptop_write_as(d, &d->colleague, &edit, NULL);
    assert_int_equal(laptop_run_on(d, &command_set, "set", laptop_last8(d->file), "risk=low"), E_INPUT);
    assert_has(d->err, "; type: 2024-17\n");
    assert_has(d->err, twin);
    assert_int_equal(laptop_run_on(d, &command_set, "set", twin, "risk=low"), 0);
}

/* Goal: who looks may give a part, and the beginning of the id that is shown counts before other matches. */
static void the_beginning_of_a_shown_id_counts_first(void **state)
{
    struct laptop_fixture *d = *state;
    char other[ID_TEXT], line[128], start[6];
    struct id id, file;
    assert_int_equal(id_parse(d->file, &file, NULL), 0);
    (void)snprintf(start, sizeof start, "%.5s", laptop_last8(d->file));
    (void)snprintf(line, sizeof line, "new case 'client=Ada Byron' number=9%s", start);
    assert_int_equal(laptop_run(d, &command_new, line), 0);
    laptop_take_id(d, other);
    assert_int_equal(laptop_find(d, NULL, start, &id), 0);
    assert_true(id_equal(&id, &file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
        TEST(a_person_without_a_case_still_counts),
        TEST(what_is_to_be_typed_names_this_record),
        TEST(a_number_with_a_digit_dropped_does_not_write),
        TEST(a_part_of_an_id_does_not_write),
        TEST(a_part_of_a_name_does_not_write),
        TEST(both_who_match_are_shown),
        TEST(what_is_named_whole_is_written_to),
        TEST(a_name_stands_for_the_one_open_case),
        TEST(two_of_one_shown_id_are_both_shown),
        TEST(the_beginning_of_a_shown_id_counts_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
