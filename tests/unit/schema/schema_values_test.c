/* Tests: common/schema/schema.c
 * Which values a field takes: each that its type allows, and none that is nearly one. */
#include "schema_fixture.h"

static char words[SCHEMA_FORMAT_MAX];

/* Goal: each type takes its own values and a nil, and refuses each value that is nearly one. */
static void test_check(void **state)
{
#define SLICE(bytes) bytes, sizeof(bytes) - 1
    static const struct {
        const char *kind, *field, *bytes;
        size_t size;
        int fits;
    } cases[] = {
        {"case", "title", SLICE("\xa1x"), 1},
        {"case", "title", SLICE("\xa0"), 0}, /* nothing is a nil */
        {"case", "title", SLICE("\xa1\x00"), 0},
        {"case", "title", SLICE("\xa1\xe9"), 0},
        {"case", "title", SLICE("\xd9\x01x"), 0},
        {"case", "title", SLICE("\x01"), 0},
        {"case", "title", SLICE("\xc4\x01x"), 0},
        {"case", "title", SLICE("\xa1x\xc0"), 0},
        {"case", "title", SLICE("\xa2x"), 0},
        {"case", "title", SLICE(""), 0},
        {"case", "risk", SLICE("\x01"), 1},
        {"case", "risk", SLICE("\x05"), 1},
        {"case", "risk", SLICE("\x06"), 1}, /* a newer version's */
        {"case", "risk", SLICE("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), 1},
        {"case", "risk", SLICE("\x00"), 0},
        {"case", "risk", SLICE("\xff"), 0},
        {"case", "risk", SLICE("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), 0},
        {"case", "risk", SLICE("\xa4high"), 0},
        {"case", "opened",
         SLICE("\xaa"
               "2024-02-29"),
         1},
        {"case", "opened",
         SLICE("\xaa"
               "2023-02-29"),
         0},
        {"case", "opened",
         SLICE("\xa9"
               "2024-2-29"),
         0},
        {"case", "opened",
         SLICE("\xab"
               "2024-02-29Z"),
         0},
        {"case", "next_visit",
         SLICE("\xaa"
               "2024-02-29"),
         1},
        {"case", "next_visit",
         SLICE("\xaa"
               "2023-02-29"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T23:59:59Z"),
         1},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T24:00:00Z"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T23:60:00Z"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T23:59:60Z"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-30T23:59:59Z"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29 23:59:59Z"),
         0},
        {"case", "next_visit",
         SLICE("\xb3"
               "2024-02-29T23:59:59"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T23:59:59z"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T-1:59:59Z"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T23.59:59Z"),
         0},
        {"case", "next_visit",
         SLICE("\xb4"
               "2024-02-29T23:59.59Z"),
         0},
        {"service", "units", SLICE("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), 1},
        {"service", "units", SLICE("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), 0},
        {"service", "units", SLICE("\xca\x3f\x80\x00\x00"), 0},
        {"service", "amount", SLICE("\xcd\x04\xe2"), 1},
        {"service", "amount",
         SLICE("\xa4"
               "12.5"),
         0},
        {"client", "veteran", SLICE("\xc2"), 1},
        {"client", "veteran", SLICE("\xc3"), 1},
        {"client", "veteran", SLICE("\x01"), 0},
        {"client", "veteran", SLICE("\xc3\xc3"), 0},
        {"case", "client",
         SLICE("\xc4\x10"
               "0123456789abcdef"),
         1},
        {"case", "client",
         SLICE("\xc4\x0f"
               "0123456789abcde"),
         0},
        {"case", "client",
         SLICE("\xb0"
               "0123456789abcdef"),
         0},
        {"device", "sign_key", SLICE("\xc4\x01x"), 1},
        {"device", "sign_key", SLICE("\xc4\x00"), 0},
        {"device", "sign_key", SLICE("\xa1x"), 0},
        {"case", "void", SLICE("\x90"), 1},
        {"case", "void",
         SLICE("\x91\x94\xc4\x10"
               "0123456789abcdef\x01\x01\x00"),
         1},
        {"case", "void",
         SLICE("\x91\x94\xc4\x10"
               "0123456789abcdef\x01\x00\x00"),
         0},
        {"case", "void", SLICE("\x91\x01"), 0},
        {"case", "void", SLICE("\xc3"), 0},
    };
#undef SLICE
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct schema_kind *kind = schema_kind_named(cases[i].kind);
        const struct schema_field *field = schema_field_of(cases[i].kind, cases[i].field);
        int code = schema_check(kind, field, schema_bytes_of(cases[i].bytes, cases[i].size), &schema_error);
        if (code != (cases[i].fits ? 0 : E_INPUT))
            fail_msg("case %zu (%s): %d", i, cases[i].field, code);
        if (code != 0)
            assert_true(strstr(schema_error.text, cases[i].kind) != NULL &&
                        strstr(schema_error.text, cases[i].field) != NULL);
        assert_int_equal(schema_check(kind, field, schema_bytes_of("\xc0", 1), &schema_error), 0);
        assert_string_equal(schema_format(field, schema_bytes_of("\xc0", 1), words, sizeof words), "");
        if (!cases[i].fits && cases[i].size > 0)
            assert_string_equal(
                schema_format(field, schema_bytes_of(cases[i].bytes, cases[i].size), words, sizeof words),
                "(this version cannot read it)");
    }
}

/* Goal: days are those of the calendar, each one from 1800 to 2200 and no other. */
static void test_days(void **state)
{
    static const int lengths[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0};
    const struct schema_kind *kind = schema_kind_named("client");
    const struct schema_field *field = schema_field_of("client", "birth_date");
    long days = 0;
    (void)state;
    for (int year = 1795; year <= 2205; year++)
        for (int month = 0; month <= 13; month++)
            for (int day = 0; day <= 32; day++) {
                char text[32];
                int size = snprintf(text + 1, sizeof text - 1, "%04d-%02d-%02d", year, month, day), there, leap;
                assert_int_equal(size, 10);
                text[0] = (char)0xaa;
                leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year == 2000);
                there = year >= 1800 && year <= 2200 && day >= 1 && day <= lengths[month] + leap;
                assert_int_equal(schema_check(kind, field, schema_bytes_of(text, 11), NULL) == 0, there);
                days += there;
            }
    assert_int_equal(days, 401 * 365 + 97);
}

/* Goal: a text may have SCHEMA_TEXT_MAX bytes and not one more, whichever way it comes. */
static void test_sizes(void **state)
{
    const struct schema_kind *kind = schema_kind_named("note");
    const struct schema_field *field = schema_field_of("note", "text");
    char *text = malloc(SCHEMA_TEXT_MAX + 2);
    struct pack w;
    (void)state;
    assert_non_null(text);
    memset(text, 'x', SCHEMA_TEXT_MAX + 1);
    for (size_t size = SCHEMA_TEXT_MAX; size <= SCHEMA_TEXT_MAX + 1; size++) {
        int code = size == SCHEMA_TEXT_MAX ? 0 : E_INPUT;
        text[size] = '\0';
        pack_start(&w);
        pack_text(&w, text, size);
        assert_int_equal(schema_check(kind, field, pack_bytes(&w), &schema_error), code);
        pack_free(&w);
        pack_start(&w);
        assert_int_equal(schema_parse(kind, field, text, &w, &schema_error), code);
        assert_int_equal(pack_bytes(&w).size == 0, code != 0);
        pack_free(&w);
        text[size] = 'x';
    }
    free(text);
    /* Bytes that fill a value, and one more. */
    field = schema_field_of("device", "sign_key");
    for (size_t size = SCHEMA_VALUE_MAX - 3; size <= SCHEMA_VALUE_MAX - 2; size++) {
        uint8_t *bytes = calloc(1, size);
        assert_non_null(bytes);
        pack_start(&w);
        pack_bin(&w, bytes, size);
        assert_int_equal(schema_check(kind, field, pack_bytes(&w), &schema_error),
                         size == SCHEMA_VALUE_MAX - 3 ? 0 : E_INPUT);
        assert_int_equal(strlen(schema_format(field, pack_bytes(&w), words, sizeof words)),
                         size <= (SCHEMA_FORMAT_MAX - 1) / 2 ? 2 * size : 0);
        pack_free(&w);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests_name("schema_values", tests, NULL, NULL);
}
