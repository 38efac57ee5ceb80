/* Tests: daemon/task/office_command.c daemon/task/task.c client/command/command.c
 * Goal: every command of satcheld and of satchel has help and an example that is a call of it, and everything that it
 * takes is completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "office_command.h"
#include "usage.h"

static const struct usage_program *const programs[] = {&command_program, &office_command_program};
enum { PROGRAMS = sizeof programs / sizeof *programs, WORDS = 32, TEXT = 16384 };

static char text[TEXT];

static FILE *text_open(void)
{
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    memset(text, 0, sizeof text);
    return out;
}

/* A line of the text is this word. */
static void has_line(const char *word)
{
    size_t size = strlen(word);
    for (const char *p = text; p != NULL && *p != '\0'; p = strchr(p, '\n') != NULL ? strchr(p, '\n') + 1 : NULL)
        if (strncmp(p, word, size) == 0 && p[size] == '\n')
            return;
    fail_msg("%s is not offered:\n%s", word, text);
}

static void complete(const struct usage_program *p, const char *first, const char *second, const char *third)
{
    char *words[3] = {(char *)first, (char *)second, (char *)third};
    FILE *out = text_open();
    usage_complete(p, third != NULL ? 3 : second != NULL ? 2 : 1, words, out);
    (void)fclose(out);
}

/* Goal: each command and each of its options stands in the completion. */
static void every_command_and_option_is_completed(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++)
        for (size_t j = 0; j < programs[i]->count; j++) {
            const struct usage *u = programs[i]->rows[j];
            char option[64];
            complete(programs[i], "", NULL, NULL);
            has_line(u->group != NULL ? u->group : u->name);
            if (u->group != NULL) {
                complete(programs[i], u->group, "", NULL);
                has_line(u->name);
                complete(programs[i], u->group, u->name, "-");
            } else {
                complete(programs[i], u->name, "-", NULL);
            }
            for (const struct usage_option *o = u->options; o->name != NULL; o++) {
                (void)snprintf(option, sizeof option, "--%s", o->name);
                has_line(option);
            }
            has_line("--json");
            has_line("--help");
        }
}

/* Goal: each command and each of its options stands in help, once; nothing of it is written twice. */
static void every_command_and_option_has_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++)
        for (size_t j = 0; j < programs[i]->count; j++) {
            const struct usage *u = programs[i]->rows[j];
            char option[80];
            FILE *out = text_open();
            assert_int_equal(
                usage_help(programs[i], u->group != NULL ? u->group : u->name, u->group != NULL ? u->name : NULL, out),
                1);
            (void)fclose(out);
            assert_non_null(strstr(text, "\nExample: "));
            assert_true(u->help[strlen(u->help) - 1] != '.');
            for (const struct usage_option *o = u->options; o->name != NULL; o++) {
                (void)snprintf(option, sizeof option, "\n  --%s ", o->name);
                if (strstr(text, option) == NULL)
                    fail_msg("%s is not in:\n%s", option, text);
                assert_null(strstr(strstr(text, option) + 1, option));
            }
        }
}

/* Goal: an example is a call that is understood, and it is its own command's. */
static void every_example_is_a_call(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++)
        for (size_t j = 0; j < programs[i]->count; j++) {
            const struct usage *u = programs[i]->rows[j];
            char *line = strdup(u->example), *argv[WORDS + 1], *p = line;
            struct cli cli = {NULL, NULL, 0, 0};
            struct usage_call call;
            struct error e;
            int argc = 0;
            assert_non_null(line);
            while (*p != '\0') {
                int quoted = 0;
                assert_true(argc < WORDS);
                for (argv[argc++] = p; *p != '\0' && (quoted || *p != ' ');) {
                    quoted ^= *p == '\'';
                    if (*p == '\'')
                        memmove(p, p + 1, strlen(p));
                    else
                        p++;
                }
                if (*p == ' ')
                    *p++ = '\0';
            }
            argv[argc] = NULL;
            assert_string_equal(argv[0], programs[i]->name);
            if (usage_parse(programs[i], &cli, argc - 1, argv + 1, &call, &e) != 0)
                fail_msg("%s: %s", u->example, e.text);
            assert_ptr_equal(call.usage, u);
            free(line);
        }
}

static int parse_office(char *const *words, struct error *e)
{
    char *argv[WORDS + 1] = {NULL};
    struct cli cli = {NULL, NULL, 0, 0};
    struct usage_call call;
    int argc = 0;
    for (; words[argc] != NULL; argc++)
        argv[argc] = words[argc];
    return usage_parse(&office_command_program, &cli, argc, argv, &call, e);
}
#define PARSE(e, ...) parse_office((char *[]){__VA_ARGS__, NULL}, e)

/* Goal: `init o --name N --admin a --admin-name --` makes no administrator who is called "--". */
static void two_dashes_are_nobodys_name(void **state)
{
    struct error e;
    (void)state;
    assert_int_equal(PARSE(&e, "init", "o", "--name", "N", "--admin", "a", "--admin-name", "--"), E_USAGE);
    assert_non_null(strstr(e.text, "--admin-name needs a value"));
    assert_int_equal(PARSE(&e, "init", "o", "--name", "N", "--admin", "--", "--admin-name", "A"), E_USAGE);
    assert_int_equal(PARSE(&e, "init", "o", "--name", "N", "--admin", "a"), E_USAGE);
    assert_non_null(strstr(e.text, "--admin-name NAME is missing"));
}

/* Goal: init takes --json, as the help of every command promises. */
static void init_takes_json(void **state)
{
    struct error e;
    (void)state;
    assert_int_equal(PARSE(&e, "init", "o", "--name", "N", "--admin", "a", "--admin-name", "A", "--json"), 0);
    assert_int_equal(PARSE(&e, "init", "--json", "o", "--name", "N", "--admin", "a", "--admin-name", "A"), 0);
}

/* Goal: --as, --email and --phone are in help. */
static void user_add_shows_all_that_it_takes(void **state)
{
    FILE *out = text_open();
    (void)state;
    assert_int_equal(usage_help(&office_command_program, "user", "add", out), 1);
    (void)fclose(out);
    assert_non_null(strstr(text, "  --as LOGIN "));
    assert_non_null(strstr(text, "  --email ADDRESS "));
    assert_non_null(strstr(text, "  --phone NUMBER "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_and_option_is_completed),
        cmocka_unit_test(every_command_and_option_has_help),
        cmocka_unit_test(every_example_is_a_call),
        cmocka_unit_test(two_dashes_are_nobodys_name),
        cmocka_unit_test(init_takes_json),
        cmocka_unit_test(user_add_shows_all_that_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
