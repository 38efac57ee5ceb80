/* Tests: common/schema/schema_json.c
 * A value of a field is the same JSON at every program. */
#include "schema_fixture.h"

#include "json_check.h"
#include "schema_json.h"

static char words[SCHEMA_FORMAT_MAX];

/* What the value of a field is as JSON; field NULL: of the unknown field 1900. Freed by the caller. */
static char *json_of(const char *kind, const char *field, const char *bytes, size_t size)
{
    char *text = NULL;
    size_t text_bytes;
    FILE *out = open_memstream(&text, &text_bytes);
    struct json j = json_start(out);
    if (field != NULL)
        schema_json(&j, schema_kind_named(kind), schema_field_of(kind, field), schema_bytes_of(bytes, size), words);
    else
        schema_json_unknown(&j, 1900, schema_bytes_of(bytes, size), words);
    assert_int_equal(fclose(out), 0);
    json_check(text);
    return text;
}

/* Goal: numbers are numbers, flags true or false, what was cleared null; all else, and what nobody can read, is text.
 */
static void test_values(void **state)
{
#define SLICE(bytes) bytes, sizeof(bytes) - 1
    static const struct {
        const char *kind, *field, *bytes;
        size_t size;
        const char *json;
    } cases[] = {
        {"case", "title", SLICE("\xa3x\"y"), "\"x\\\"y\"\n"},
        {"case", "title", SLICE("\xc0"), "null\n"},
        {"case", "title", SLICE("\xa1\xe9"), "\"(this version cannot read it)\"\n"},
        {"case", "risk", SLICE("\x01"), "\"none known\"\n"},
        {"case", "opened",
         SLICE("\xaa"
               "2024-02-29"),
         "\"2024-02-29\"\n"},
        {"case", "void", SLICE("\x90"), "true\n"},
        {"case", "void", SLICE("\xc0"), "false\n"},
        {"client", "veteran", SLICE("\xc3"), "true\n"},
        {"client", "veteran", SLICE("\xc2"), "false\n"},
        {"client", "veteran", SLICE("\xc0"), "null\n"},
        {"client", "veteran", SLICE("\x01"), "\"(this version cannot read it)\"\n"},
        {"service", "units", SLICE("\x2a"), "42\n"},
        {"service", "units", SLICE("\xff"), "-1\n"},
        {"service", "amount", SLICE("\xcd\x04\xe2"), "12.50\n"},
        {"service", "amount", SLICE("\xd1\xff\x33"), "-2.05\n"},
        {"", NULL, SLICE("\xa1x"), "\"x\"\n"},
        {"", NULL, SLICE("\xc0"), "null\n"},
    };
#undef SLICE
    (void)state;
    (void)schema_error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = json_of(cases[i].kind, cases[i].field, cases[i].bytes, cases[i].size);
        if (strcmp(text, cases[i].json) != 0)
            fail_msg("case %zu: %s", i, text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
