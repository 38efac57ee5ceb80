/* Tests: common/base/json.c common/base/utf8.c
 * What the writer writes is JSON, whatever it is given, and says what went in. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "json.h"
#include "json_check.h"

/* --- what was written --- */

static char *text;
static size_t text_bytes;

static struct json start(void)
{
    FILE *out = open_memstream(&text, &text_bytes);
    assert_non_null(out);
    return json_start(out);
}

static void assert_written(struct json *j, const char *expected)
{
    assert_int_equal(j->depth, 0);
    assert_int_equal(fclose(j->out), 0);
    assert_string_equal(text, expected);
    json_check(text);
    free(text);
}

/* --- values --- */

/* Each value alone is a whole one, and ends its line. */
static void values_stand_alone(void **state)
{
    struct json j;
    struct id id = {{0x01, 0x93, 0xab}};
    (void)state;
    j = start();
    json_uint(&j, UINT64_MAX);
    assert_written(&j, "18446744073709551615\n");
    j = start();
    json_int(&j, INT64_MIN);
    assert_written(&j, "-9223372036854775808\n");
    j = start();
    json_flag(&j, 8);
    assert_written(&j, "true\n");
    j = start();
    json_flag(&j, 0);
    assert_written(&j, "false\n");
    j = start();
    json_null(&j);
    assert_written(&j, "null\n");
    j = start();
    json_id(&j, &id);
    assert_written(&j, "\"0193ab00-0000-0000-0000-000000000000\"\n");
    j = start();
    json_ids(&j, &id, 1);
    assert_written(&j, "[\"0193ab00-0000-0000-0000-000000000000\"]\n");
    j = start();
    json_answer(j.out, "locked", 1);
    assert_written(&j, "{\"locked\": true}\n");
    j = start();
    json_object(&j);
    json_end(&j);
    assert_written(&j, "{}\n");
    j = start();
    json_array(&j);
    json_end(&j);
    assert_written(&j, "[]\n");
}

/* Hundredths keep their two digits and their sign, also the least of all numbers. */
static void hundredths_are_numbers(void **state)
{
    static const struct {
        int64_t n;
        const char *words;
    } samples[] = {{0, "0.00\n"},     {5, "0.05\n"},         {-5, "-0.05\n"},
                   {-205, "-2.05\n"}, {123456, "1234.56\n"}, {INT64_MIN, "-92233720368547758.08\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct json j = start();
        json_hundredths(&j, samples[i].n);
        assert_written(&j, samples[i].words);
    }
}

/* --- strings --- */

static void bytes_give(const char *bytes, size_t size, const char *expected)
{
    struct json j = start();
    json_bytes(&j, bytes, size);
    assert_written(&j, expected);
}
#define TEXT_GIVES(literal, expected) bytes_give(literal, sizeof literal - 1, expected)

/* Quotes, backslashes and control characters, C1 among them, are escaped; a slash and other scripts stay. */
static void strings_are_escaped(void **state)
{
    struct json j;
    (void)state;
    TEXT_GIVES("a\"\\\n\t\x1b\x7f\xc3\xa9\xc2\x9b/", "\"a\\\"\\\\\\n\\u0009\\u001b\\u007f\xc3\xa9\\u009b/\"\n");
    TEXT_GIVES("\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\"\n");
    TEXT_GIVES("a\xe2\x80\xaez\xe2\x81\xa6", "\"a\\u202ez\\u2066\"\n");
    TEXT_GIVES("\xf0\x9f\x99\x82 \xe2\x82\xac", "\"\xf0\x9f\x99\x82 \xe2\x82\xac\"\n");
    TEXT_GIVES("", "\"\"\n");
    bytes_give(NULL, 0, "\"\"\n");
    j = start();
    json_text(&j, NULL);
    assert_written(&j, "null\n");
}

/* Whatever the bytes are, JSON comes out: half a character, a surrogate, an overlong form, beyond the last, a NUL. */
static void wrong_bytes_are_replaced(void **state)
{
    (void)state;
    TEXT_GIVES("\xff\xc3(\0x\xed\xa0\x80", "\"\\ufffd\\ufffd(\\u0000x\\ufffd\\ufffd\\ufffd\"\n");
    TEXT_GIVES("\xc0\xafz", "\"\\ufffd\\ufffdz\"\n");
    TEXT_GIVES("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"\n");
    TEXT_GIVES("a\xe2\x82", "\"a\\ufffd\\ufffd\"\n");
}

static void every_byte_gives_json(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b += 5) {
            const char bytes[] = {(char)a, (char)b};
            struct json j = start();
            json_bytes(&j, bytes, sizeof bytes);
            assert_int_equal(fclose(j.out), 0);
            json_check(text);
            for (size_t i = 0; i + 1 < text_bytes; i++)
                assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
            free(text);
        }
    }
}

/* A name is a string like any other: a column of a report may be called anything. */
static void names_are_escaped(void **state)
{
    struct json j = start();
    (void)state;
    json_object(&j);
    json_uint(json_key(&j, "count(\"x\")\n"), 1);
    json_end(&j);
    assert_written(&j, "{\"count(\\\"x\\\")\\n\": 1}\n");
}

/* JSON from elsewhere is passed on, but for what could drive a terminal. */
static void whole_json_is_passed_on(void **state)
{
    struct json j = start();
    (void)state;
    json_array(&j);
    json_json(&j, "[\"a\x7f\xc2\x9b\xc3\xa9\",1]");
    json_json(&j, "{}");
    json_end(&j);
    assert_written(&j, "[[\"a\\u007f\\u009b\xc3\xa9\",1], {}]\n");
}

/* --- nesting --- */

/* Commas stand between members and elements, and nowhere else. */
static void members_are_parted(void **state)
{
    struct json j = start();
    (void)state;
    json_object(&j);
    json_text(json_key(&j, "state"), "open");
    json_array(json_key(&j, "seqs"));
    json_uint(&j, 1);
    json_null(&j);
    json_array(&j);
    json_end(&j);
    json_end(&j);
    json_object(json_key(&j, "left"));
    json_flag(json_key(&j, "out"), 1);
    json_int(json_key(&j, "weight"), -3);
    json_end(&j);
    json_end(&j);
    assert_written(&j, "{\"state\": \"open\", \"seqs\": [1, null, []], \"left\": {\"out\": true, \"weight\": -3}}\n");
}

static void small_object(struct json *j, uint64_t n)
{
    json_object(j);
    json_uint(json_key(j, "n"), n);
    json_end(j);
}

/* The objects of an outer array stand on a line each; those further in do not. */
static void outer_objects_have_lines(void **state)
{
    struct json j = start();
    (void)state;
    json_array(&j);
    small_object(&j, 1);
    json_object(&j);
    json_array(json_key(&j, "inner"));
    small_object(&j, 2);
    small_object(&j, 3);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    assert_written(&j, "[\n{\"n\": 1},\n{\"inner\": [{\"n\": 2}, {\"n\": 3}]}\n]\n");
    j = start();
    json_object(&j);
    json_array(json_key(&j, "all"));
    small_object(&j, 1);
    small_object(&j, 2);
    json_end(&j);
    json_uint(json_key(&j, "more"), 0);
    json_end(&j);
    assert_written(&j, "{\"all\": [\n {\"n\": 1},\n {\"n\": 2}\n], \"more\": 0}\n");
}

/* --- our own mistakes --- */

static void nest(struct json *j, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++)
        json_array(j);
}

static void too_deep(struct json *j)
{
    nest(j, JSON_DEPTH_MAX + 1);
}

static void no_name(struct json *j)
{
    json_object(j);
    json_uint(j, 1);
}

static void name_in_array(struct json *j)
{
    json_array(j);
    (void)json_key(j, "x");
}

static void two_names(struct json *j)
{
    json_object(j);
    (void)json_key(json_key(j, "x"), "y");
}

static void no_value(struct json *j)
{
    json_object(j);
    json_end(json_key(j, "x"));
}

static void one_end_too_many(struct json *j)
{
    json_end(j);
}

/* A call that has no place ends the program, in what people run too. */
static void mistakes_end_the_program(void **state)
{
    static void (*const mistakes[])(struct json * j) = {too_deep,  no_name,  name_in_array,
                                                        two_names, no_value, one_end_too_many};
    struct json j = start();
    (void)state;
    nest(&j, JSON_DEPTH_MAX);
    for (unsigned i = 0; i < JSON_DEPTH_MAX; i++)
        json_end(&j);
    assert_written(&j, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]\n");
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const struct rlimit none = {0, 0};
            (void)setrlimit(RLIMIT_CORE, &none);
            (void)signal(SIGABRT, SIG_DFL);
            (void)fclose(stderr);
            j = json_start(stdout);
            mistakes[i](&j);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_alone),       cmocka_unit_test(hundredths_are_numbers),
        cmocka_unit_test(strings_are_escaped),      cmocka_unit_test(wrong_bytes_are_replaced),
        cmocka_unit_test(every_byte_gives_json),    cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(whole_json_is_passed_on),  cmocka_unit_test(members_are_parted),
        cmocka_unit_test(outer_objects_have_lines), cmocka_unit_test(mistakes_end_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
