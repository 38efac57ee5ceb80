/* Tests: client/command/note.c client/command/note_text.c client/store/draft.c
 * The words of a note are never lost: what was refused is the draft of its case, until it is written. */
#include "laptop_fixture.h"

#include <sys/stat.h>

#include "draft.h"

/* `note` with these words on its standard input. */
static int note_from_input(struct laptop_fixture *d, const char *words, const char *options)
{
    FILE *file = tmpfile();
    int kept = dup(STDIN_FILENO), code;
    assert_non_null(file);
    (void)fputs(words, file);
    rewind(file);
    (void)dup2(fileno(file), STDIN_FILENO);
    code = laptop_run_on(d, &command_note, "note", d->file, options);
    (void)dup2(kept, STDIN_FILENO);
    (void)close(kept);
    (void)fclose(file);
    return code;
}

/* The draft of the case is this; NULL: there is none. */
static void draft_is(struct laptop_fixture *d, const char *wanted)
{
    struct id scope;
    uint64_t at;
    char *text;
    assert_int_equal(id_parse(d->file, &scope, NULL), 0);
    assert_int_equal(draft_find(d->store.db, &scope, KIND_NOTE, &text, &at, &d->e), 0);
    if (wanted == NULL)
        assert_null(text);
    else
        assert_string_equal(text, wanted);
    draft_free(text);
}

/* Has every change refused, as a damaged or full store does. */
static void refuse(struct laptop_fixture *d, int yes)
{
    assert_int_equal(
        db_exec(d->store.db,
                yes ? "CREATE TEMP TRIGGER refuse BEFORE INSERT ON entry BEGIN SELECT raise(ABORT, 'no'); END"
                    : "DROP TRIGGER refuse",
                &d->e),
        0);
}

/* Goal: a note that fails keeps its words as the draft, also those that came by the standard input; a second one does
 * not replace them; and the note that has them ends the draft. */
static void a_refused_note_keeps_its_words_as_the_draft(void **state)
{
    struct laptop_fixture *d = *state;
    refuse(d, 1);
    assert_int_not_equal(note_from_input(d, "She fell on the stairs.\n", ""), 0);
    draft_is(d, "She fell on the stairs.");
    assert_has(d->err, "the words are kept as a draft: `satchel note 2024-17`");
    assert_int_not_equal(note_from_input(d, "She fell on the stairs.\n", ""), 0);
    draft_is(d, "She fell on the stairs.");
    assert_int_not_equal(note_from_input(d, "And again.\n", ""), 0);
    draft_is(d, "She fell on the stairs.\n\nAnd again.");
    refuse(d, 0);
    assert_int_equal(note_from_input(d, "Another visit.\n", ""), 0);
    draft_is(d, "She fell on the stairs.\n\nAnd again.");
    assert_has(d->err, "there is still a draft of ");
    assert_int_equal(note_from_input(d, "She fell on the stairs.\n\nAnd again.\nTwice.", ""), 0);
    draft_is(d, NULL);
}

/* Goal: a note that is longer than any may be is refused, and its words are the draft whole. */
static void a_note_that_is_too_long_is_the_draft(void **state)
{
    struct laptop_fixture *d = *state;
    size_t size = 200000;
    char *words = malloc(size + 1);
    assert_non_null(words);
    memset(words, 'x', size);
    words[size] = '\0';
    assert_int_equal(note_from_input(d, words, ""), E_LIMIT);
    draft_is(d, words);
    free(words);
}

/* Goal: an editor gets a file in memory, not one on a disk, and what it leaves there is the note; if it fails, that is
 * the draft. */
static void an_editor_gets_a_file_in_memory(void **state)
{
    struct laptop_fixture *d = *state;
    static const char works[] = "#!/bin/sh\nreadlink \"$1\" >\"$0.link\"\nprintf 'From the editor.\\n' >\"$1\"\n";
    static const char fails[] = "#!/bin/sh\nprintf 'Half a no' >\"$1\"\nexit 3\n";
    char path[] = "/tmp/note_test.XXXXXX", editor[64], link[64] = "";
    FILE *file;
    assert_non_null(mkdtemp(path));
    for (int i = 0; i < 2; i++) {
        (void)snprintf(editor, sizeof editor, "%s/%s", path, i == 0 ? "works" : "fails");
        assert_non_null(file = fopen(editor, "w"));
        (void)fputs(i == 0 ? works : fails, file);
        (void)fclose(file);
        (void)chmod(editor, 0700);
        (void)setenv("VISUAL", editor, 1);
        assert_int_equal(note_from_input(d, "", "--editor"), i == 0 ? 0 : E_IO);
        (void)unlink(editor);
    }
    draft_is(d, "Half a no");
    /* Nobody is there who could say what becomes of the draft, so it is not written over. */
    assert_int_equal(note_from_input(d, "", "--editor"), E_REFUSED);
    draft_is(d, "Half a no");
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_has(d->out, "From the editor.");
    assert_has_not(d->out, "Half a no");
    (void)snprintf(editor, sizeof editor, "%s/works.link", path);
    assert_non_null(file = fopen(editor, "r"));
    assert_non_null(fgets(link, sizeof link, file));
    (void)fclose(file);
    assert_has(link, "/memfd:note");
    (void)unlink(editor);
    (void)rmdir(path);
    (void)unsetenv("VISUAL");
    (void)unsetenv("EDITOR");
    assert_int_equal(note_from_input(d, "", "--editor"), E_USAGE);
    assert_int_equal(note_from_input(d, "", "text --editor"), E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
        TEST(a_refused_note_keeps_its_words_as_the_draft),
        TEST(a_note_that_is_too_long_is_the_draft),
        TEST(an_editor_gets_a_file_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
