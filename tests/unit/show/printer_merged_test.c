/* Tests: client/show/printer_merged.c client/show/printer.c
 * A text of several versions that were brought together, as its readers see it, and decided with the word "merged". */
#include "laptop_fixture.h"

#include "text.h"

#define BEFORE "The stove works.\n\nThe dog is kind."

/* The live dot of the case's assessment, if there is one alone. */
static struct dot live_dot(struct laptop_fixture *d)
{
    const struct schema_kind *kind = schema_kind(KIND_CASE);
    struct record_field f;
    struct dot dot;
    struct id id;
    assert_int_equal(id_parse(d->file, &id, NULL), 0);
    assert_int_equal(record_field_load(d->store.db, &id, kind, schema_field_named(kind, "assessment"), &f, &d->e), 0);
    assert_int_equal(f.count, 1);
    dot = f.ops[0].merge.dot;
    record_field_free(&f);
    return dot;
}

/* Writes the assessment over what this dot names, as somebody who saw nothing else. */
static void write_over(struct laptop_fixture *d, struct edit_author *author, const char *text, struct dot dot)
{
    const struct schema_field *field = schema_field_named(schema_kind(KIND_CASE), "assessment");
    struct pack value;
    struct edit edit;
    struct id id;
    assert_int_equal(id_parse(d->file, &id, NULL), 0);
    assert_int_equal(edit_open(&edit, d->store.db, &id, &d->e), 0);
    pack_start(&value);
    pack_text(&value, text, strlen(text));
    assert_int_equal(edit_set_over(&edit, field, pack_bytes(&value), &dot, 1, &d->e), 0);
    pack_free(&value);
    if (author == &d->store.author)
        assert_int_equal(edit_commit(&edit, author, NULL, NULL, &d->e), 0);
    else
        laptop_write_as(d, author, &edit, NULL);
}

static void two_versions(struct laptop_fixture *d, const char *own, const char *colleagues)
{
    struct dot dot;
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "'assessment=" BEFORE "'"), 0);
    dot = live_dot(d);
    write_over(d, &d->store.author, own, dot);
    write_over(d, &d->colleague, colleagues, dot);
}

/* Goal: edits that stand apart are shown as one text, with who wrote what; nobody is called; "merged" makes them one.
 */
static void edits_apart(void **state)
{
    struct laptop_fixture *d = *state;
    two_versions(d, "The stove leaks.\n\nThe dog is kind.", "The stove works.\n\nThe dog is.");
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "The stove leaks.\n");
    assert_has(d->out, "parallel edits, all of them in; `satchel resolve ");
    assert_has(d->out, "Anna Berg, ");
    assert_has(d->out, ": \"leaks\" in place of \"works\"\n");
    assert_has(d->out, "Bo Lind, ");
    assert_has(d->out, ": took out \"kind\"\n");
    assert_has_not(d->out, "1 version:");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out, "\"assessment\": \"The stove leaks.\\n\\nThe dog is.\"");
    assert_has(
        d->out,
        "\"merged\": {\"rule\": 1, \"overlaps\": 0, \"text\": \"The stove leaks.\\n\\nThe dog is.\", \"segments\": [");
    assert_has(
        d->out,
        "{\"form\": \"common\", \"text\": \"The stove \", \"base\": \"The stove \"}, {\"form\": \"edit\", \"text\": "
        "\"leaks\", \"base\": \"works\", \"authors\": [{\"author\": \"Anna Berg\", ");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts"), 0);
    assert_int_equal(d->waiting, 0);
    assert_has(d->out, "assessment merged --seen ");
    assert_has(d->out, "1 version:");
    assert_int_equal(laptop_run(d, &command_conflicts, "conflicts --json"), 0);
    assert_has(d->out, "\"merged\": {\"rule\": 1, ");
    assert_int_equal(laptop_resolve_seen(d, d->file, "assessment", "merged"), 0);
    assert_has(d->err, "all versions, as they were brought together, decided over 2 values");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out, "\"assessment\": \"The stove leaks.\\n\\nThe dog is.\"");
    assert_has(d->out, "\"conflicts\": {}");
}

/* Goal: what overlaps is marked, with each version and its author, and is not decided by the word "merged", nor by the
 * number of no version. */
static void overlaps(void **state)
{
    struct laptop_fixture *d = *state;
    two_versions(d, "The stove leaks.\n\nThe dog is kind.", "The stove is new.\n\nThe dog bites.");
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "[versions of this place, to be brought together:]\n");
    assert_has(d->out, "contested: decide with `satchel resolve ");
    assert_has(d->out, "either Anna Berg, ");
    assert_has(d->out, ": \"leaks\" in place of \"works\"\n");
    assert_has(d->out, "or Bo Lind, ");
    assert_has(d->out, ": \"is new\" in place of \"works\"\n");
    assert_has(d->out, ": \"bites\" in place of \"is kind\"\n");
    assert_has(d->out, "1 version:");
    assert_int_equal(laptop_run_on(d, &command_show, "show --json", d->file, ""), 0);
    assert_has(d->out,
               "{\"form\": \"overlap\", \"base\": \"works\", \"alternatives\": [{\"text\": \"leaks\", \"authors\": [");
    assert_int_equal(laptop_resolve_seen(d, d->file, "assessment", "merged"), E_REFUSED);
    assert_has(d->e.text, "overlap in 1 place");
    assert_int_equal(laptop_resolve_seen(d, d->file, "assessment", "3"),
                     E_INPUT); /* there are two: a slip is no narrative */
    assert_has(d->e.text, "there are 2 values to choose from");
    assert_int_equal(laptop_resolve_seen(d, d->file, "assessment", "2"), 0);
}

/* Goal: versions with nothing in common stand whole, and a newer rule of the office is said. */
static void nothing_is_brought_together(void **state)
{
    static const struct id everywhere;
    struct laptop_fixture *d = *state;
    struct id office = laptop_id(30);
    struct edit edit;
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, "assessment=one"), 0);
    laptop_set_unseen(d, d->file, "assessment", "two");
    assert_int_equal(laptop_resolve_seen(d, d->file, "assessment", "merged"), E_REFUSED);
    assert_has(d->e.text, "could not be brought together");
    assert_int_equal(edit_new(&edit, d->store.db, schema_kind(KIND_OFFICE), &everywhere, &office, &d->e), 0);
    assert_int_equal(edit_set_text(&edit, "text_rule", "2", &d->e), 0);
    laptop_write_as(d, &d->office, &edit, NULL);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "brings texts together by a newer rule than this program has");
    assert_int_equal(laptop_resolve_seen(d, d->file, "assessment", "merged"), E_REFUSED);
    assert_has(d->e.text, "newer rule");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
        TEST(edits_apart),
        TEST(overlaps),
        TEST(nothing_is_brought_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
