/* Tests: common/schema/schema.c
 * A value in words: what people write is understood or refused, and what is stored is shown to them. */
#include "schema_fixture.h"

static char words[SCHEMA_FORMAT_MAX];

static uint64_t seed = 88172645463325252ull;

static uint64_t next_random(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 2685821657736338717ull;
}

/* Text through the parser, the check and back to words; the code of the first that refuses. */
static int through(const char *kind, const char *name, const char *text, const char **out)
{
    const struct schema_kind *k = schema_kind_named(kind);
    const struct schema_field *field = schema_field_of(kind, name);
    struct pack w;
    int code;
    pack_start(&w);
    schema_error.text[0] = '\0';
    code = schema_parse(k, field, text, &w, &schema_error);
    if (code == 0) {
        assert_int_equal(pack_finish(&w, NULL), 0);
        assert_int_equal(schema_check(k, field, pack_bytes(&w), &schema_error), 0);
        *out = schema_format(field, pack_bytes(&w), words, sizeof words);
    } else {
        /* A sentence, naming kind and field; nothing half done. */
        assert_non_null(strstr(schema_error.text, name));
        assert_non_null(strstr(schema_error.text, kind));
        assert_int_equal(pack_bytes(&w).size, 0);
    }
    pack_free(&w);
    return code;
}

static void assert_words(const char *kind, const char *name, const char *text, const char *expected)
{
    const char *out = NULL;
    if (through(kind, name, text, &out) != 0)
        fail_msg("%s refused: %s", text, schema_error.text);
    assert_string_equal(out, expected);
}

static void assert_refused(const char *kind, const char *name, const char *text)
{
    const char *out = NULL;
    if (through(kind, name, text, &out) != E_INPUT)
        fail_msg("%s of a %s takes %s", name, kind, text);
    /* What somebody typed is not repeated: it may be a name. */
    if (strlen(text) > 3)
        assert_null(strstr(schema_error.text, text));
}

/* Goal: what people write is understood, and comes back in its one form. */
static void test_words(void **state)
{
    static const char *const cases[][4] = {
        {"case", "title", "Housing, 2nd try", "Housing, 2nd try"},
        {"case", "title", " as typed \n", " as typed \n"},
        {"case", "title", "\xe6\x9d\x8e", "\xe6\x9d\x8e"},
        {"case", "title", "", ""},
        {"case", "risk", "", ""},
        {"case", "risk", "high", "high"},
        {"case", "risk", "HIGH", "high"},
        {"case", "risk", "4", "high"},
        {"case", "risk", "none known", "none known"},
        {"case", "risk", "None-Known", "none known"},
        {"case", "risk", "none_known", "none known"},
        {"user", "role", "case-manager", "case manager"},
        {"case", "opened", "1800-01-01", "1800-01-01"},
        {"case", "opened", "2200-12-31", "2200-12-31"},
        {"case", "next_visit", "2025-05-31", "2025-05-31"},
        {"case", "next_visit", "2025-05-31 14:30", "2025-05-31T14:30:00Z"},
        {"case", "next_visit", "2025-05-31T14:30", "2025-05-31T14:30:00Z"},
        {"case", "next_visit", "2025-05-31 14:30Z", "2025-05-31T14:30:00Z"},
        {"case", "next_visit", "2025-05-31 14:30:59", "2025-05-31T14:30:59Z"},
        {"case", "next_visit", "2025-05-31t14:30:59z", "2025-05-31T14:30:59Z"},
        {"case", "next_visit", "2025-05-31T14:30:59Z", "2025-05-31T14:30:59Z"},
        {"service", "units", "12", "12"},
        {"service", "units", "-0", "0"},
        {"service", "units", "007", "7"},
        {"service", "units", "9223372036854775807", "9223372036854775807"},
        {"service", "units", "-9223372036854775808", "-9223372036854775808"},
        {"service", "amount", "12", "12.00"},
        {"service", "amount", "12.5", "12.50"},
        {"service", "amount", "12.50", "12.50"},
        {"service", "amount", "-3", "-3.00"},
        {"service", "amount", "-0.05", "-0.05"},
        {"service", "amount", "0.07", "0.07"},
        {"service", "amount", "92233720368547758.07", "92233720368547758.07"},
        {"service", "amount", "-92233720368547758.08", "-92233720368547758.08"},
        {"client", "veteran", "yes", "yes"},
        {"client", "veteran", "TRUE", "yes"},
        {"client", "veteran", "1", "yes"},
        {"client", "veteran", "No", "no"},
        {"client", "veteran", "false", "no"},
        {"client", "veteran", "0", "no"},
        {"case", "client", "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5d-ac96-774b-bcce-b302099a8057"},
        {"device", "sign_key", "00fF1a", "00ff1a"},
        {"case", "source_id", "PersonalID 7", "PersonalID 7"},
        {"case", "void", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_words(cases[i][0], cases[i][1], cases[i][2], cases[i][3]);
}

/* Goal: what cannot be meant is refused with a sentence that says what would be right. */
static void test_words_refused(void **state)
{
    static const char *const cases[][3] = {
        {"case", "title", "latin-1 \xe9"},
        {"case", "risk", "hig"},
        {"case", "risk", "highest"},
        {"case", "risk", "0"},
        {"case", "risk", "6"},
        {"case", "risk", "-4"},
        {"case", "risk", "4 "},
        {"case", "opened", "2023-02-29"},
        {"case", "opened", "1799-12-31"},
        {"case", "opened", "31.12.2024"},
        {"case", "opened", "2024/12/31"},
        {"case", "opened", "2024-12-31 "},
        {"case", "opened", "2024-1-1"},
        {"case", "next_visit", "2026-06-31"},
        {"case", "next_visit", "2026-07-08 14"},
        {"case", "next_visit", "2026-07-08 14:3"},
        {"case", "next_visit", "2026-07-08 24:00"},
        {"case", "next_visit", "2026-07-08 14:60"},
        {"case", "next_visit", "2026-07-08 14:30:60"},
        {"case", "next_visit", "2026-07-08x14:30"},
        {"case", "next_visit", "2026-07-08 14:30:00+02:00"},
        {"case", "next_visit", "2026-06-31 14:30"},
        {"case", "next_visit", "Z"},
        {"service", "units", "12.5"},
        {"service", "units", "1e3"},
        {"service", "units", "+1"},
        {"service", "units", "-"},
        {"service", "units", "0x10"},
        {"service", "units", "9223372036854775808"},
        {"service", "units", "-9223372036854775809"},
        {"service", "units", "99999999999999999999999"},
        {"service", "amount", "1.234"},
        {"service", "amount", "1,50"},
        {"service", "amount", "1."},
        {"service", "amount", ".5"},
        {"service", "amount", "-.5"},
        {"service", "amount", "1.2.3"},
        {"service", "amount", "92233720368547758.08"},
        {"service", "amount", "92233720368547759"},
        {"service", "amount", "-92233720368547758.09"},
        {"service", "amount", "$5"},
        {"client", "veteran", "y"},
        {"client", "veteran", "2"},
        {"case", "client", "01890a5dac96774bbcceb302099a8057"},
        {"device", "sign_key", "abc"},
        {"device", "sign_key", "0x"},
        {"case", "void", "voided"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i][0], cases[i][1], cases[i][2]);
    assert_refused("case", "risk", "no such risk");
    assert_non_null(strstr(schema_error.text, "none known, low, moderate, high, critical"));
}

/* A value that the type allows, of the codes that this version knows. */
static void any_value(const struct schema_field *field, struct pack *w)
{
    char text[64];
    uint8_t bytes[40];
    unsigned count = 0;
    uint64_t r = next_random();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)next_random();
    switch (field->type) {
    case SCHEMA_TEXT:
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)(1 + next_random() % 127);
        pack_text(w, text, 1 + r % 63);
        break;
    case SCHEMA_CHOICE:
        while (field->choices[count].name != NULL)
            count++;
        pack_uint(w, field->choices[r % count].code);
        break;
    case SCHEMA_DATE:
    case SCHEMA_TIME:
        (void)snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(1800 + r % 401),
                       (unsigned)(1 + r / 500 % 12), (unsigned)(1 + r / 7000 % 28), (unsigned)(r / 300000 % 24),
                       (unsigned)(r / 8000000 % 60), (unsigned)(r / 500000000 % 60));
        pack_text(w, text, field->type == SCHEMA_DATE ? 10 : 20);
        break;
    case SCHEMA_INTEGER:
    case SCHEMA_MONEY:
        pack_int(w, (int64_t)(r % 2 == 0 ? r : 0 - r) >> next_random() % 64);
        break;
    case SCHEMA_FLAG:
        pack_flag(w, r % 2 != 0);
        break;
    case SCHEMA_REF:
        pack_bin(w, bytes, 16);
        break;
    case SCHEMA_BYTES:
        pack_bin(w, bytes, 1 + r % 40);
        break;
    case SCHEMA_DOTS:
        pack_nil(w);
        break;
    }
}

/* Goal: for every field there is, a value in words and parsed again is the same value, byte for byte. */
static void test_words_are_inverse(void **state)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    (void)state;
    for (int round = 0; round < 50; round++)
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < kinds[i].field_count; k++) {
                const struct schema_field *field = &kinds[i].fields[k];
                struct pack value, again;
                pack_start(&value);
                pack_start(&again);
                any_value(field, &value);
                if (schema_check(&kinds[i], field, pack_bytes(&value), &schema_error) != 0)
                    fail_msg("%s", schema_error.text);
                (void)schema_format(field, pack_bytes(&value), words, sizeof words);
                if (schema_parse(&kinds[i], field, words, &again, &schema_error) != 0)
                    fail_msg("%s: %s", words, schema_error.text);
                assert_true(slice_equal(pack_bytes(&value), pack_bytes(&again)));
                pack_free(&value);
                pack_free(&again);
            }
}

/* Goal: a code that is not known is said to be newer, with its number; a void is shown as such. */
static void test_format_others(void **state)
{
    (void)state;
    assert_string_equal(schema_format(schema_field_of("case", "risk"), schema_bytes_of("\x09", 1), words, sizeof words),
                        "newer than this program (9)");
    assert_string_equal(schema_format(schema_field_of("case", "void"), schema_bytes_of("\x90", 1), words, sizeof words),
                        "voided");
}

/* Goal: a value of a field that is not known is shown by its own form. */
static void test_format_unknown(void **state)
{
    static const struct {
        const char *bytes, *words;
        size_t size;
    } values[] = {{"\xc0", "", 1},
                  {"\xa2hi", "hi", 3},
                  {"\x05", "5", 1},
                  {"\xc3", "yes", 1},
                  {"\xc2", "no", 1},
                  {"\xc4\x02\xab\x01", "ab01", 4},
                  {"\x92\x01\x02", "(3 bytes)", 3}};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_string_equal(
            schema_format_unknown(schema_bytes_of(values[i].bytes, values[i].size), words, sizeof words),
            values[i].words);
}

/* Goal: if words do not fit they are cut between characters, with their NUL, and nothing behind them is touched. */
static void test_format_cut(void **state)
{
    static const char value[] = "\xa8"
                                "a\xc3\xa9\xe2\x82\xac"
                                "bc"; /* a, 2 bytes, 3 bytes, b, c */
    static const char *const expected[] = {"",
                                           "a",
                                           "a",
                                           "a\xc3\xa9",
                                           "a\xc3\xa9",
                                           "a\xc3\xa9",
                                           "a\xc3\xa9\xe2\x82\xac",
                                           "a\xc3\xa9\xe2\x82\xac"
                                           "b",
                                           "a\xc3\xa9\xe2\x82\xac"
                                           "bc"};
    (void)state;
    for (size_t max = 1; max <= 9; max++) {
        char out[16];
        memset(out, '#', sizeof out);
        assert_ptr_equal(schema_format(schema_field_of("case", "title"), schema_bytes_of(value, 9), out, max), out);
        assert_string_equal(out, expected[max - 1]);
        for (size_t i = max; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
        memset(out, '#', sizeof out);
        (void)schema_format(schema_field_of("device", "sign_key"), schema_bytes_of("\xc4\x03\x01\x02\x03", 5), out,
                            max);
        assert_memory_equal(out, "010203", strlen(out));
        assert_int_equal(strlen(out), max > 6 ? 6 : (max - 1) / 2 * 2);
        for (size_t i = max; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_refused),
        cmocka_unit_test(test_words_are_inverse),
        cmocka_unit_test(test_format_others),
        cmocka_unit_test(test_format_unknown),
        cmocka_unit_test(test_format_cut),
    };
    return cmocka_run_group_tests_name("schema_words", tests, NULL, NULL);
}
