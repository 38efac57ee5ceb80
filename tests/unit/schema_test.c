#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "change.h"
#include "db.h"
#include "schema.h"
#include "schema_table.h"

static struct error e;
static char words[SCHEMA_FORMAT_MAX];

/* --- helpers --- */

static uint64_t seed = 88172645463325252ull;

static uint64_t next_random(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 2685821657736338717ull;
}

static const struct schema_field *field_of(const char *kind, const char *name)
{
    const struct schema_field *field = schema_field_named(schema_kind_named(kind), name);
    assert_non_null(field);
    return field;
}

static struct slice bytes_of(const void *p, size_t size)
{
    return (struct slice){p, size};
}

/* Text through the parser, the check and back to words; the code of the first that refuses. */
static int through(const char *kind, const char *name, const char *text, const char **out)
{
    const struct schema_kind *k = schema_kind_named(kind);
    const struct schema_field *field = field_of(kind, name);
    struct pack w;
    int code;
    pack_start(&w);
    e.text[0] = '\0';
    code = schema_parse(k, field, text, &w, &e);
    if (code == 0) {
        assert_int_equal(pack_finish(&w, NULL), 0);
        assert_int_equal(schema_check(k, field, pack_bytes(&w), &e), 0);
        *out = schema_format(field, pack_bytes(&w), words, sizeof words);
    } else {
        /* A sentence, naming kind and field; nothing half done. */
        assert_non_null(strstr(e.text, name));
        assert_non_null(strstr(e.text, kind));
        assert_int_equal(pack_bytes(&w).size, 0);
    }
    pack_free(&w);
    return code;
}

static void assert_words(const char *kind, const char *name, const char *text, const char *expected)
{
    const char *out = NULL;
    if (through(kind, name, text, &out) != 0)
        fail_msg("%s refused: %s", text, e.text);
    assert_string_equal(out, expected);
}

static void assert_refused(const char *kind, const char *name, const char *text)
{
    const char *out = NULL;
    if (through(kind, name, text, &out) != E_INPUT)
        fail_msg("%s of a %s takes %s", name, kind, text);
    /* What somebody typed is not repeated: it may be a name. */
    if (strlen(text) > 3)
        assert_null(strstr(e.text, text));
}

/* --- the table --- */

/* Goal: numbers and names tell kinds, fields and choices apart, for ever and in SQL, whose names know no case. */
static void test_table_is_unique(void **state)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    (void)state;
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const struct schema_kind *kind = &kinds[i];
        assert_true(kind->number >= 1 && kind->number <= 65535 && kind->field_count > 0 && kind->help[0] != '\0');
        assert_ptr_equal(schema_kind(kind->number), kind);
        assert_ptr_equal(schema_kind_named(kind->name), kind);
        for (size_t k = 0; k < kind->field_count; k++) {
            const struct schema_field *field = &kind->fields[k];
            assert_true(field->number >= 10 && field->number <= 65535 && field->help[0] != '\0');
            assert_ptr_equal(schema_field(kind, field->number), field);
            assert_ptr_equal(schema_field_named(kind, field->name), field);
            assert_int_equal(strspn(field->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(field->name));
            assert_true(strcmp(field->name, "id") != 0 && strcmp(field->name, "scope") != 0);
            assert_true(strcmp(field->name, "voided") != 0 && strcmp(field->name, "contested") != 0);
        }
    }
    for (size_t i = 0; i < schema_table_shared_count; i++)
        assert_ptr_equal(schema_field(&kinds[0], schema_table_shared[i].number), &schema_table_shared[i]);
    assert_null(schema_kind(0));
    assert_null(schema_kind(65535));
    assert_null(schema_kind_named("Case"));
    assert_null(schema_field(&kinds[0], 0));
    assert_null(schema_field_named(&kinds[0], ""));
}

/* Goal: what a field needs is there and of use: choices where it chooses, a kind where it refers, numbers where it adds
 * up, ranks where the highest counts. */
static void test_table_makes_sense(void **state)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < kinds[i].field_count; k++) {
            const struct schema_field *field = &kinds[i].fields[k];
            assert_int_equal(field->choices != NULL, field->type == SCHEMA_CHOICE);
            assert_int_equal(schema_kind(field->ref) != NULL, field->type == SCHEMA_REF);
            if (field->policy == SCHEMA_HIGHEST)
                assert_int_equal(field->type, SCHEMA_CHOICE);
            if (field->policy == SCHEMA_SUM)
                assert_true(field->type == SCHEMA_INTEGER || field->type == SCHEMA_MONEY);
            if (field->policy == SCHEMA_TEXTUAL)
                assert_int_equal(field->type, SCHEMA_TEXT);
            for (const struct schema_choice *c = field->choices; c != NULL && c->name != NULL; c++) {
                assert_int_equal(schema_rank(field, c->code), c - field->choices);
                assert_string_equal(schema_choice_name(field, c->code), c->name);
                assert_true(c->code >= 1);
                /* The parser folds case, '-' and '_' in what is typed, and not in the names. */
                assert_int_equal(strspn(c->name, "abcdefghijklmnopqrstuvwxyz "), strlen(c->name));
            }
        }
    }
}

/* Goal: the numbers that stand in logs already are those of the first version. A number that changes here is a mistake
 * in the table, never in this test. */
static void test_numbers_stay(void **state)
{
    static const struct {
        unsigned kind, field;
        const char *kind_name, *field_name;
        enum schema_type type;
        enum schema_policy policy;
    } cases[] = {{1, 11, "office", "log_key", SCHEMA_TEXT, SCHEMA_LATEST},
                 {2, 15, "user", "login", SCHEMA_TEXT, SCHEMA_LATEST},
                 {3, 12, "device", "sign_key", SCHEMA_BYTES, SCHEMA_LATEST},
                 {4, 11, "ticket", "expires", SCHEMA_TIME, SCHEMA_LATEST},
                 {5, 10, "assignment", "user", SCHEMA_REF, SCHEMA_LATEST},
                 {6, 15, "hold", "status", SCHEMA_CHOICE, SCHEMA_LATEST},
                 {7, 10, "client", "legal_name", SCHEMA_TEXT, SCHEMA_REVIEW},
                 {7, 12, "client", "birth_date", SCHEMA_DATE, SCHEMA_REVIEW},
                 {7, 19, "client", "allergy", SCHEMA_TEXT, SCHEMA_SET},
                 {7, 24, "client", "veteran", SCHEMA_FLAG, SCHEMA_LATEST},
                 {8, 20, "case", "risk", SCHEMA_CHOICE, SCHEMA_HIGHEST},
                 {8, 23, "case", "assessment", SCHEMA_TEXT, SCHEMA_TEXTUAL},
                 {9, 10, "contact", "name", SCHEMA_TEXT, SCHEMA_LATEST},
                 {10, 10, "note", "text", SCHEMA_TEXT, SCHEMA_ONCE},
                 {11, 16, "service", "amount", SCHEMA_MONEY, SCHEMA_SUM},
                 {12, 14, "plan", "status", SCHEMA_CHOICE, SCHEMA_STATUS},
                 {13, 14, "provider", "parent", SCHEMA_REF, SCHEMA_LATEST},
                 {14, 10, "receipt", "position", SCHEMA_INTEGER, SCHEMA_LATEST},
                 {8, 1, "case", "void", SCHEMA_DOTS, SCHEMA_REVIEW},
                 {8, 2, "case", "source_id", SCHEMA_TEXT, SCHEMA_LATEST},
                 {8, 3, "case", "source_hash", SCHEMA_BYTES, SCHEMA_LATEST}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct schema_kind *kind = schema_kind(cases[i].kind);
        const struct schema_field *field;
        assert_non_null(kind);
        assert_string_equal(kind->name, cases[i].kind_name);
        field = schema_field(kind, cases[i].field);
        assert_non_null(field);
        assert_string_equal(field->name, cases[i].field_name);
        assert_ptr_equal(schema_field_named(kind, cases[i].field_name), field);
        assert_int_equal(field->type, cases[i].type);
        assert_int_equal(field->policy, cases[i].policy);
    }
}

/* Goal: a code that this version does not know has no name and ranks above all that it knows. */
static void test_rank(void **state)
{
    const struct schema_field *risk = field_of("case", "risk");
    (void)state;
    assert_int_equal(schema_rank(risk, 1), 0);
    assert_int_equal(schema_rank(risk, 5), 4);
    assert_int_equal(schema_rank(risk, 6), 5);
    assert_int_equal(schema_rank(risk, 0), 5);
    assert_int_equal(schema_rank(risk, UINT64_MAX), 5);
    assert_null(schema_choice_name(risk, 6));
    assert_null(schema_choice_name(risk, UINT64_MAX));
    assert_null(schema_choice_name(field_of("case", "title"), 1));
}

/* Goal: every type and policy has its name. */
static void test_names(void **state)
{
    (void)state;
    assert_string_equal(schema_policy_name(SCHEMA_LATEST), "latest");
    assert_string_equal(schema_policy_name(SCHEMA_ONCE), "once");
    assert_string_equal(schema_policy_name(SCHEMA_TEXTUAL), "text");
    assert_string_equal(schema_type_name(SCHEMA_TEXT), "text");
    assert_string_equal(schema_type_name(SCHEMA_REF), "ref");
    assert_string_equal(schema_type_name(SCHEMA_DOTS), "dots");
}

/* --- values --- */

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
        const struct schema_field *field = field_of(cases[i].kind, cases[i].field);
        int code = schema_check(kind, field, bytes_of(cases[i].bytes, cases[i].size), &e);
        if (code != (cases[i].fits ? 0 : E_INPUT))
            fail_msg("case %zu (%s): %d", i, cases[i].field, code);
        if (code != 0)
            assert_true(strstr(e.text, cases[i].kind) != NULL && strstr(e.text, cases[i].field) != NULL);
        assert_int_equal(schema_check(kind, field, bytes_of("\xc0", 1), &e), 0);
        assert_string_equal(schema_format(field, bytes_of("\xc0", 1), words, sizeof words), "");
        if (!cases[i].fits && cases[i].size > 0)
            assert_string_equal(schema_format(field, bytes_of(cases[i].bytes, cases[i].size), words, sizeof words),
                                "(this version cannot read it)");
    }
}

/* Goal: days are those of the calendar, each one from 1800 to 2200 and no other. */
static void test_days(void **state)
{
    static const int lengths[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0};
    const struct schema_kind *kind = schema_kind_named("client");
    const struct schema_field *field = field_of("client", "birth_date");
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
                assert_int_equal(schema_check(kind, field, bytes_of(text, 11), NULL) == 0, there);
                days += there;
            }
    assert_int_equal(days, 401 * 365 + 97);
}

/* Goal: a text may have SCHEMA_TEXT_MAX bytes and not one more, whichever way it comes. */
static void test_sizes(void **state)
{
    const struct schema_kind *kind = schema_kind_named("note");
    const struct schema_field *field = field_of("note", "text");
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
        assert_int_equal(schema_check(kind, field, pack_bytes(&w), &e), code);
        pack_free(&w);
        pack_start(&w);
        assert_int_equal(schema_parse(kind, field, text, &w, &e), code);
        assert_int_equal(pack_bytes(&w).size == 0, code != 0);
        pack_free(&w);
        text[size] = 'x';
    }
    free(text);
    /* Bytes that fill a value, and one more. */
    field = field_of("device", "sign_key");
    for (size_t size = SCHEMA_VALUE_MAX - 3; size <= SCHEMA_VALUE_MAX - 2; size++) {
        uint8_t *bytes = calloc(1, size);
        assert_non_null(bytes);
        pack_start(&w);
        pack_bin(&w, bytes, size);
        assert_int_equal(schema_check(kind, field, pack_bytes(&w), &e), size == SCHEMA_VALUE_MAX - 3 ? 0 : E_INPUT);
        assert_int_equal(strlen(schema_format(field, pack_bytes(&w), words, sizeof words)),
                         size <= (SCHEMA_FORMAT_MAX - 1) / 2 ? 2 * size : 0);
        pack_free(&w);
        free(bytes);
    }
}

/* --- words --- */

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
        {"case", "next_visit", "2026-07-08"},
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
    assert_non_null(strstr(e.text, "none known, low, moderate, high, critical"));
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
                if (schema_check(&kinds[i], field, pack_bytes(&value), &e) != 0)
                    fail_msg("%s", e.text);
                (void)schema_format(field, pack_bytes(&value), words, sizeof words);
                if (schema_parse(&kinds[i], field, words, &again, &e) != 0)
                    fail_msg("%s: %s", words, e.text);
                assert_true(slice_equal(pack_bytes(&value), pack_bytes(&again)));
                pack_free(&value);
                pack_free(&again);
            }
}

/* Goal: a code that is not known is said to be newer, with its number; a void is shown as such. */
static void test_format_others(void **state)
{
    (void)state;
    assert_string_equal(schema_format(field_of("case", "risk"), bytes_of("\x09", 1), words, sizeof words),
                        "newer than this program (9)");
    assert_string_equal(schema_format(field_of("case", "void"), bytes_of("\x90", 1), words, sizeof words), "voided");
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
        assert_string_equal(schema_format_unknown(bytes_of(values[i].bytes, values[i].size), words, sizeof words),
                            values[i].words);
}

/* Goal: what a version must know of kinds it does not know stands in their numbers; this version's own kinds keep to
 * it, and use none of the numbers for tests. */
static void test_kinds_not_known(void **state)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    (void)state;
    for (unsigned kind = 900; kind < 5000; kind += 1000) {
        assert_null(schema_kind(kind));
        assert_int_equal(schema_is_dealt(kind), kind < 2000);
        assert_int_equal(schema_is_office_only(kind), kind / 1000 == 1 || kind / 1000 == 3);
    }
    assert_true(schema_is_dealt(16) && !schema_is_office_only(16));
    for (size_t i = 0; i < count; i++) {
        const struct schema_kind *k = &kinds[i];
        assert_int_equal(schema_is_dealt(k->number), k->dealt);
        assert_int_equal(schema_is_office_only(k->number), k->office_only);
        assert_true(k->number % 1000 < 900);
        if (k->number > KIND_EVENT) /* the first fifteen are older than the rule */
            assert_true(k->dealt == (k->number < 2000) && k->office_only == (k->number / 1000 % 2 == 1));
        for (size_t f = 0; f < k->field_count; f++)
            assert_true(k->fields[f].number % 1000 < 900);
    }
}

/* Goal: a kind's fingerprint is its own, and changes with all that its table is made by. */
static void test_print(void **state)
{
    static const struct schema_choice two[] = {{1, "a"}, {2, "b"}, {0, NULL}},
                                      turned[] = {{2, "b"}, {1, "a"}, {0, NULL}};
    struct schema_field field = {10, SCHEMA_CHOICE, "x", SCHEMA_LATEST, 0, two, "help"};
    struct schema_kind kind = {40, SCHEMA_CASE, "k", 0, 1, &field, 1, "help"};
    uint8_t first[32], other[32];
    (void)state;
    schema_print(&kind, first);
    kind.help = field.help = "another help";
    schema_print(&kind, other);
    assert_memory_equal(first, other, sizeof first);
#define CHANGES(member, value)                                                                                         \
    do {                                                                                                               \
        struct schema_kind kind_was = kind;                                                                            \
        struct schema_field field_was = field;                                                                         \
        (member) = (value);                                                                                            \
        schema_print(&kind, other);                                                                                    \
        assert_memory_not_equal(first, other, sizeof first);                                                           \
        kind = kind_was;                                                                                               \
        field = field_was;                                                                                             \
    } while (0)
    CHANGES(kind.name, "l");
    CHANGES(kind.field_count, 0);
    CHANGES(field.number, 11);
    CHANGES(field.name, "y");
    CHANGES(field.type, SCHEMA_INTEGER);
    CHANGES(field.policy, SCHEMA_HIGHEST);
    CHANGES(field.choices, turned);
    CHANGES(field.choices, &two[1]);
#undef CHANGES
}

/* Goal: where words do not fit they are cut between characters, with their NUL, and nothing behind them is touched. */
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
        assert_ptr_equal(schema_format(field_of("case", "title"), bytes_of(value, 9), out, max), out);
        assert_string_equal(out, expected[max - 1]);
        for (size_t i = max; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
        memset(out, '#', sizeof out);
        (void)schema_format(field_of("device", "sign_key"), bytes_of("\xc4\x03\x01\x02\x03", 5), out, max);
        assert_memory_equal(out, "010203", strlen(out));
        assert_int_equal(strlen(out), max > 6 ? 6 : (max - 1) / 2 * 2);
        for (size_t i = max; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
    }
}

/* --- the projection and the page --- */

static int column_is(struct db *db, const char *kind, const char *column, const char *type)
{
    sqlite3_stmt *s;
    int is = 0;
    assert_int_equal(db_query(db, &s, &e, "SELECT type FROM pragma_table_info(?) WHERE name = ?", "tt", kind, column),
                     0);
    if (db_next(db, s, &e) == 1) {
        is = strcmp(db_text(s, 0), type) == 0;
        db_done(db, s);
    }
    return is;
}

/* Goal: the DDL makes a table for each kind with a column for each field, of its type; and making it twice is making it
 * once. */
static void test_sql(void **state)
{
    static const char *const indexes[] = {"case_scope", "note_scope",     "case_client",     "assignment_user",
                                          "user_login", "user_source_id", "client_source_id"};
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    struct db *db;
    char *sql;
    (void)state;
    assert_int_equal(db_open_memory(&db, &e), 0);
    assert_int_equal(schema_sql(&sql, &e), 0);
    for (int twice = 0; twice < 2; twice++)
        if (db_exec(db, sql, &e) != 0)
            fail_msg("%s", e.text);
    free(sql);
    for (size_t i = 0; i < count; i++) {
        const char *name = kinds[i].name;
        assert_true(column_is(db, name, "id", "TEXT") && column_is(db, name, "scope", "TEXT"));
        assert_true(column_is(db, name, "voided", "INTEGER") && column_is(db, name, "contested", "INTEGER"));
        assert_true(column_is(db, name, "source_id", "TEXT") && column_is(db, name, "source_hash", "TEXT"));
        assert_false(column_is(db, name, "void", "TEXT"));
        for (size_t k = 0; k < kinds[i].field_count; k++) {
            const struct schema_field *field = &kinds[i].fields[k];
            int is_number =
                field->policy == SCHEMA_SUM ||
                (field->policy != SCHEMA_SET && field->policy != SCHEMA_ONCE &&
                 (field->type == SCHEMA_INTEGER || field->type == SCHEMA_MONEY || field->type == SCHEMA_FLAG));
            if (!column_is(db, name, field->name, is_number ? "INTEGER" : "TEXT"))
                fail_msg("%s of %s", field->name, name);
        }
    }
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        sqlite3_stmt *s;
        assert_int_equal(
            db_query(db, &s, &e, "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?", "t", indexes[i]), 0);
        if (db_next(db, s, &e) != 1)
            fail_msg("no index %s", indexes[i]);
        db_done(db, s);
    }
    assert_int_equal(db_run(db, &e, "INSERT INTO \"case\"(id, scope) VALUES('a', 'b')", ""), 0);
    assert_int_not_equal(db_run(db, &e, "INSERT INTO \"case\"(id) VALUES('c')", ""), 0);
    db_close(db);
}

/* What `write` writes, as one string that the caller frees. */
static char *written(void (*write)(FILE *out))
{
    FILE *file = tmpfile();
    char *text;
    long size;
    assert_non_null(file);
    write(file);
    size = ftell(file);
    assert_true(size > 0);
    text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    rewind(file);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    (void)fclose(file);
    return text;
}

/* Goal: docs/SCHEMA.md is what the table says now. Where this fails: `satchel help schema > docs/SCHEMA.md`. */
static void test_the_page(void **state)
{
    char *now = written(schema_document), *page = calloc(1, strlen(now) + 2);
    FILE *file = fopen("docs/SCHEMA.md", "r");
    (void)state;
    assert_non_null(page);
    assert_non_null(file); /* tests run in the source's folder */
    assert_int_equal(fread(page, 1, strlen(now) + 1, file), strlen(now));
    assert_string_equal(page, now);
    (void)fclose(file);
    free(now);
    free(page);
}

static void help_of_case(FILE *out)
{
    schema_help(schema_kind_named("case"), out);
}

/* Goal: the help of a kind names every field, every choice and how a day is written. */
static void test_help(void **state)
{
    const struct schema_kind *kind = schema_kind_named("case");
    char *text = written(help_of_case);
    (void)state;
    for (size_t i = 0; i < kind->field_count; i++) {
        assert_non_null(strstr(text, kind->fields[i].name));
        assert_non_null(strstr(text, kind->fields[i].help));
    }
    assert_non_null(strstr(text, "1 none known, 2 low, 3 moderate, 4 high, 5 critical"));
    assert_non_null(strstr(text, "1984-05-31"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_unique),
        cmocka_unit_test(test_table_makes_sense),
        cmocka_unit_test(test_numbers_stay),
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_refused),
        cmocka_unit_test(test_words_are_inverse),
        cmocka_unit_test(test_format_others),
        cmocka_unit_test(test_format_unknown),
        cmocka_unit_test(test_kinds_not_known),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_format_cut),
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_the_page),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
