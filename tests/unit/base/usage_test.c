/* Tests: common/base/usage.c
 * From a row come the parsing of a call, its help, its errors and its completion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "usage.h"

/* --- a program --- */

static const struct usage usage_new = {.name = "new",
                                       .words = "KIND [CASE] FIELD=VALUE...",
                                       .options = {{.name = "name", .value = "NAME", .help = "how it is called"},
                                                   {.name = "reason", .value = "TEXT", .help = "why"},
                                                   {.name = "all", .help = "everything"}},
                                       .help = "write a new record",
                                       .example = "program new client"};
static const struct usage usage_note = {.name = "note", .words = "CASE [TEXT]", .help = "a note", .example = "x"};
static const struct usage usage_key_add = {
    .group = "key",
    .name = "add",
    .options = {{.name = "label", .value = "NAME", .help = "whose it is", .required = 1},
                {.name = "hours", .value = "N", .help = "how long", .min = 1, .max = 24},
                {.name = "officer", .value = "FILE", .help = "an officer", .repeats = 1}},
    .help = "add a key",
    .more = "More of it.",
    .example = "program key add --label ben"};
static const struct usage usage_key_list = {.group = "key", .name = "list", .help = "list keys", .example = "x"};
static const struct usage *const rows[] = {&usage_new, &usage_note, &usage_key_add, &usage_key_list};
static const struct usage_option shared[] = {{.name = "secret-file", .value = "FILE", .help = "a secret"},
                                             {.name = NULL}};
static struct usage_program program = {
    .name = "program", .about = "About it.", .footer = "The end.", .shared = shared, .rows = rows, .count = 4};

struct got {
    struct usage_call call;
    struct cli cli;
    struct error e;
    char *argv[64];
};

static int parse(struct got *g, char *const *words)
{
    int argc = 0;
    memset(g, 0, sizeof *g);
    for (; words[argc] != NULL; argc++)
        g->argv[argc] = words[argc];
    return usage_parse(&program, &g->cli, argc, g->argv, &g->call, &g->e);
}
#define PARSE(g, ...) parse(g, (char *[]){__VA_ARGS__, NULL})

static void says(const struct got *g, const char *words)
{
    if (strstr(g->e.text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, g->e.text);
}

/* --- parsing --- */

/* Goal: options are found wherever they stand, and the words keep their order. */
static void options_are_taken(void **state)
{
    struct got g;
    (void)state;
    assert_int_equal(PARSE(&g, "new", "--name", "Ada", "client", "--json", "--reason=seen = heard", "x"), 0);
    assert_ptr_equal(g.call.usage, &usage_new);
    assert_int_equal(g.call.count, 2);
    assert_string_equal(g.call.words[0], "client");
    assert_string_equal(g.call.words[1], "x");
    assert_null(g.call.words[2]);
    assert_string_equal(usage_text(&g.call, "name"), "Ada");
    assert_string_equal(usage_text(&g.call, "reason"), "seen = heard");
    assert_int_equal(usage_flag(&g.call, "all"), 0);
    assert_null(usage_text(&g.call, "secret-file"));
    assert_int_equal(g.cli.json, 1);
    assert_int_equal(PARSE(&g, "new", "a", "b", "--name", "x", "--all", "--name=y", "--secret-file", "f"), 0);
    assert_string_equal(usage_text(&g.call, "name"), "y");
    assert_string_equal(usage_text(&g.call, "secret-file"), "f");
    assert_int_equal(usage_flag(&g.call, "all"), 1);
    assert_int_equal(g.cli.json, 0);
    assert_int_equal(PARSE(&g, "new", "a", "b", "--name=", "--reason", ""), 0);
    assert_string_equal(usage_text(&g.call, "name"), "");
    assert_string_equal(usage_text(&g.call, "reason"), "");
}

/* Goal: behind "--", and with one dash, everything is a word. */
static void words_stay(void **state)
{
    struct got g;
    (void)state;
    assert_int_equal(PARSE(&g, "new", "-", "-5", "--", "--json", "-h", "--"), 0);
    assert_int_equal(g.call.count, 5);
    assert_string_equal(g.call.words[0], "-");
    assert_string_equal(g.call.words[1], "-5");
    assert_string_equal(g.call.words[2], "--json");
    assert_string_equal(g.call.words[3], "-h");
    assert_string_equal(g.call.words[4], "--");
    assert_int_equal(g.cli.json, 0);
}

/* Goal: what is no option, lacks its value or has one too many is refused by name. */
static void options_are_refused(void **state)
{
    struct got g;
    (void)state;
    assert_int_equal(PARSE(&g, "new", "a", "b", "--nam", "Ada"), E_USAGE);
    says(&g, "--nam ");
    assert_int_equal(PARSE(&g, "new", "a", "b", "--name"), E_USAGE);
    says(&g, "--name needs a value");
    assert_int_equal(PARSE(&g, "new", "a", "b", "--name", "--json"), E_USAGE);
    assert_int_equal(PARSE(&g, "new", "a", "b", "--name", "--"), E_USAGE);
    assert_int_equal(PARSE(&g, "new", "a", "b", "--json=1"), E_USAGE);
    says(&g, "--json takes no value");
    assert_int_equal(PARSE(&g, "new", "a", "b", "---"), E_USAGE);
    assert_int_equal(PARSE(&g, "new", "a", "b", "--=x"), E_USAGE);
    /* That of another command is none of this one. */
    assert_int_equal(PARSE(&g, "new", "a", "b", "--label", "x"), E_USAGE);
}

/* Goal: a word too few is named, a word too many is shown, and both with how the command is called. */
static void words_are_counted(void **state)
{
    struct got g;
    (void)state;
    assert_int_equal(PARSE(&g, "new"), E_USAGE);
    says(&g, "KIND is missing; usage: program new KIND [CASE] FIELD=VALUE... [OPTIONS]");
    assert_int_equal(PARSE(&g, "new", "client"), E_USAGE);
    says(&g, "FIELD=VALUE... is missing");
    assert_int_equal(PARSE(&g, "new", "a", "b", "c", "d", "e", "f", "g"), 0);
    assert_int_equal(PARSE(&g, "note"), E_USAGE);
    assert_int_equal(PARSE(&g, "note", "case"), 0);
    assert_null(g.call.words[1]);
    assert_int_equal(PARSE(&g, "note", "case", "text"), 0);
    assert_int_equal(PARSE(&g, "note", "case", "two", "words"), E_USAGE);
    says(&g, "`words` is a word too many");
    says(&g, "usage: program note CASE [TEXT]");
    assert_int_equal(PARSE(&g, "key", "list", "x"), E_USAGE);
}

/* Goal: a number is read whole and within its bounds; what is required is asked for; what repeats is kept. */
static void values_are_checked(void **state)
{
    static const char *const wrong[] = {"5x", "0", "25", "-1", "+5", " 5", "", "5 ", "0x5", "99999999999999999999999"};
    struct got g;
    (void)state;
    assert_int_equal(PARSE(&g, "key", "add", "--label", "ben"), 0);
    assert_int_equal(usage_number(&g.call, "hours", 7), 7);
    assert_int_equal(PARSE(&g, "key", "add", "--label", "ben", "--hours", "24"), 0);
    assert_int_equal(usage_number(&g.call, "hours", 7), 24);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "--hours=%s", wrong[i]);
        assert_int_equal(PARSE(&g, "key", "add", "--label", "ben", text), E_USAGE);
        says(&g, "--hours takes a number from 1 to 24");
    }
    assert_int_equal(PARSE(&g, "key", "add"), E_USAGE);
    says(&g, "--label NAME is missing: whose it is; usage: program key add --label NAME [OPTIONS]");
    assert_int_equal(PARSE(&g, "key", "add", "--label=x", "--officer", "a", "--officer=b"), 0);
    assert_string_equal(usage_text_at(&g.call, "officer", 0), "a");
    assert_string_equal(usage_text_at(&g.call, "officer", 1), "b");
    assert_null(usage_text_at(&g.call, "officer", 2));
    for (int i = 2; i < 2 + USAGE_GIVEN_MAX; i++)
        g.argv[i] = "--officer=x";
    g.argv[0] = "key";
    g.argv[1] = "add";
    g.argv[2 + USAGE_GIVEN_MAX] = "--officer=y";
    g.argv[3 + USAGE_GIVEN_MAX] = NULL;
    assert_int_equal(usage_parse(&program, &g.cli, 3 + USAGE_GIVEN_MAX, g.argv, &g.call, &g.e), E_USAGE);
    says(&g, "too often");
}

/* Goal: what is no command is said to be none, with what there is. */
static void commands_are_found(void **state)
{
    struct got g;
    (void)state;
    assert_int_equal(PARSE(&g, "frob"), E_USAGE);
    says(&g, "program does not know the command frob; `program --help`");
    assert_int_equal(PARSE(&g, "key"), E_USAGE);
    says(&g, "behind `program key` a word is missing: add or list");
    assert_int_equal(PARSE(&g, "key", "frob"), E_USAGE);
    says(&g, "`key frob`");
    assert_int_equal(PARSE(&g, "add"), E_USAGE);
}

/* Goal: a program whose commands begin with a folder takes it from the words, or shows it alone if it was taken. */
static void a_folder_comes_first(void **state)
{
    struct got g;
    (void)state;
    program.folder = "DIR";
    program.folder_help = "the folder";
    assert_int_equal(PARSE(&g, "note"), E_USAGE);
    says(&g, "DIR is missing, which is the folder; usage: program note DIR CASE [TEXT]");
    assert_int_equal(PARSE(&g, "key", "add", "--label", "x", "/srv"), 0);
    assert_string_equal(g.call.folder, "/srv");
    assert_int_equal(g.call.count, 0);
    program.is_folder_elsewhere = 1;
    assert_int_equal(PARSE(&g, "note", "case"), 0);
    assert_string_equal(g.call.words[0], "case");
    assert_int_equal(PARSE(&g, "note"), E_USAGE);
    says(&g, "CASE is missing; usage: program note DIR CASE [TEXT]");
    program.folder = program.folder_help = NULL;
    program.is_folder_elsewhere = 0;
}

/* --- help, completion --- */

static char text[8192];

static FILE *text_open(void)
{
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    memset(text, 0, sizeof text);
    return out;
}

static void help_is_the_row(void **state)
{
    FILE *out = text_open();
    (void)state;
    assert_int_equal(usage_help(&program, "key", "add", out), 1);
    (void)fclose(out);
    assert_string_equal(text, "Usage: program key add --label NAME [OPTIONS]\n\n"
                              "Add a key.\nMore of it.\n\n"
                              "  --label NAME        whose it is\n"
                              "  --hours N           how long (1 to 24)\n"
                              "  --officer FILE      an officer\n"
                              "  --secret-file FILE  a secret\n"
                              "  --json              one JSON value on the standard output\n"
                              "  --help              this\n\n"
                              "Example: program key add --label ben\n");
    out = text_open();
    assert_int_equal(usage_help(&program, "key", NULL, out), 1);
    (void)fclose(out);
    assert_non_null(strstr(text, "  key add   add a key\n  key list  list keys\n"));
    assert_null(strstr(text, "note"));
    assert_non_null(strstr(text, "Example: program key add --label ben\n"));
    out = text_open();
    assert_int_equal(usage_help(&program, "frob", NULL, out), 0);
    usage_help_program(&program, out);
    (void)fclose(out);
    assert_non_null(strstr(text, "About it."));
    assert_non_null(strstr(text, "  new       write a new record\n"));
    assert_non_null(strstr(text, "The end."));
}

static void offers(const char *expected, int argc, char **argv)
{
    FILE *out = text_open();
    usage_complete(&program, argc, argv, out);
    (void)fclose(out);
    assert_string_equal(text, expected);
}
#define OFFERS(expected, ...)                                                                                          \
    offers(expected, (int)(sizeof(char *[]){__VA_ARGS__} / sizeof(char *)), (char *[]){__VA_ARGS__})

static void completion_is_the_row(void **state)
{
    (void)state;
    OFFERS("new\nnote\nkey\n", "");
    OFFERS("new\nnote\n", "n");
    OFFERS("add\nlist\n", "key", "");
    OFFERS("list\n", "key", "l");
    OFFERS("", "new", "cl");
    OFFERS("--name\n--reason\n--all\n--secret-file\n--json\n--help\n", "new", "client", "-");
    OFFERS("--label\n", "key", "add", "--l");
    OFFERS("", "frob", "--");
    OFFERS("", "key", "frob", "--");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(options_are_taken),    cmocka_unit_test(words_stay),
                                       cmocka_unit_test(options_are_refused),  cmocka_unit_test(words_are_counted),
                                       cmocka_unit_test(values_are_checked),   cmocka_unit_test(commands_are_found),
                                       cmocka_unit_test(a_folder_comes_first), cmocka_unit_test(help_is_the_row),
                                       cmocka_unit_test(completion_is_the_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
