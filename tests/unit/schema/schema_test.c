/* Tests: common/schema/schema.c common/schema/schema_sql.c common/schema/schema_table.c
 * The table of kinds and fields: what must hold of it, and the SQL and the pages that are made of it. */
#include "schema_fixture.h"

#include "db.h"
#include "schema_table.h"

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

/* Goal: what a field needs is there and of use: choices if it chooses, a kind if it refers, numbers if it adds
 * up, ranks if the highest counts. */
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
    const struct schema_field *risk = schema_field_of("case", "risk");
    (void)state;
    assert_int_equal(schema_rank(risk, 1), 0);
    assert_int_equal(schema_rank(risk, 5), 4);
    assert_int_equal(schema_rank(risk, 6), 5);
    assert_int_equal(schema_rank(risk, 0), 5);
    assert_int_equal(schema_rank(risk, UINT64_MAX), 5);
    assert_int_equal(schema_rank(schema_field_of("case", "title"), 1), 0);
}

/* Goal: each field's policy has its row, which agrees with itself: what is written by adding is not amended, what adds
 * up shows one number; a kind's title and columns name fields of its own, and a title that is of another record ends
 * there. */
static void test_traits(void **state)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < kinds[i].field_count; k++) {
            const struct schema_field *field = &kinds[i].fields[k];
            const struct schema_traits *t = schema_traits(field);
            assert_true(t->name != NULL && t->name[0] != '\0');
            assert_int_equal(schema_holds_one(field), !t->has_elements && !t->adds_up);
            assert_int_equal(t->is_list, t->has_elements || t->is_amended);
            assert_true(t->adds_up + t->is_list + t->is_narrative <= 1);
        }
        for (size_t k = 0; k < SCHEMA_COLUMNS && kinds[i].columns[k] != NULL; k++)
            assert_non_null(schema_field_named(&kinds[i], kinds[i].columns[k]));
        for (size_t k = 0; k < SCHEMA_TITLES && kinds[i].title[k] != NULL; k++) {
            const struct schema_field *field = schema_field_named(&kinds[i], kinds[i].title[k]);
            assert_true(field != NULL && schema_holds_one(field));
            if (field->type == SCHEMA_REF) {
                const struct schema_kind *other = schema_kind(field->ref);
                assert_true(other->title[0] != NULL);
                assert_true(schema_field_named(other, other->title[0])->type == SCHEMA_TEXT);
            }
        }
    }
}

/* Goal: every type and policy has its name. */
static void test_names(void **state)
{
    (void)state;
    assert_string_equal(schema_traits(schema_field_of("client", "phone"))->name, "latest");
    assert_string_equal(schema_traits(schema_field_of("note", "text"))->name, "once");
    assert_string_equal(schema_traits(schema_field_of("case", "assessment"))->name, "text");
    assert_string_equal(schema_type_name(SCHEMA_TEXT), "text");
    assert_string_equal(schema_type_name(SCHEMA_REF), "ref");
    assert_string_equal(schema_type_name(SCHEMA_DOTS), "dots");
}

/* Goal: what a version must know of kinds it does not know stands in their numbers; this version's own kinds keep to
 * it, and use none of the numbers for tests. */
static void test_kinds_not_known(void **state)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    (void)state;
    for (unsigned kind = 900; kind < 4000; kind += 1000) {
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

/* Goal: an office's own kinds are dealt to laptops; everybody writes those from 10000 to 19999, the office alone those
 * from 20000 to 29999. What lies beside is nobody's: no laptop gets it, and the office alone may write it. */
static void an_offices_own_kinds_have_ranges_of_numbers(void **state)
{
    static const struct {
        unsigned kind;
        int dealt, office_only;
    } rows[] = {{4000, 0, 1},  {9999, 0, 1},  {10000, 1, 0}, {11000, 1, 0}, {19999, 1, 0},
                {20000, 1, 1}, {25500, 1, 1}, {29999, 1, 1}, {30000, 0, 1}, {65535, 0, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(schema_is_dealt(rows[i].kind), rows[i].dealt);
        assert_int_equal(schema_is_office_only(rows[i].kind), rows[i].office_only);
    }
}

/* Goal: a kind's fingerprint is its own, and changes with all that its table is made by. */
static void test_print(void **state)
{
    static const struct schema_choice two[] = {{1, "a"}, {2, "b"}, {0, NULL}},
                                      turned[] = {{2, "b"}, {1, "a"}, {0, NULL}};
    struct schema_field field = {10, SCHEMA_CHOICE, "x", SCHEMA_LATEST, 0, two, "help", 0};
    struct schema_kind kind = {40, SCHEMA_CASE, "k", 0, 1, &field, 1, "help", {NULL}, {NULL}, 0};
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

/* --- the projection and the page --- */

static int column_is(struct db *db, const char *kind, const char *column, const char *type)
{
    sqlite3_stmt *s;
    int is = 0;
    assert_int_equal(
        db_query(db, &s, &schema_error, "SELECT type FROM pragma_table_info(?) WHERE name = ?", "tt", kind, column), 0);
    if (db_next(db, s, &schema_error) == 1) {
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
    assert_int_equal(db_open_memory(&db, &schema_error), 0);
    assert_int_equal(schema_sql(&sql, &schema_error), 0);
    for (int twice = 0; twice < 2; twice++)
        if (db_exec(db, sql, &schema_error) != 0)
            fail_msg("%s", schema_error.text);
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
        assert_int_equal(db_query(db, &s, &schema_error,
                                  "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?", "t", indexes[i]),
                         0);
        if (db_next(db, s, &schema_error) != 1)
            fail_msg("no index %s", indexes[i]);
        db_done(db, s);
    }
    assert_int_equal(db_run(db, &schema_error, "INSERT INTO \"case\"(id, scope) VALUES('a', 'b')", ""), 0);
    assert_int_not_equal(db_run(db, &schema_error, "INSERT INTO \"case\"(id) VALUES('c')", ""), 0);
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

/* Goal: docs/SCHEMA.md is what the table says now. If this fails: `satchel help schema > docs/SCHEMA.md`. */
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
        cmocka_unit_test(test_table_is_unique), cmocka_unit_test(test_table_makes_sense),
        cmocka_unit_test(test_numbers_stay),    cmocka_unit_test(test_rank),
        cmocka_unit_test(test_traits),          cmocka_unit_test(test_names),
        cmocka_unit_test(test_kinds_not_known), cmocka_unit_test(an_offices_own_kinds_have_ranges_of_numbers),
        cmocka_unit_test(test_print),           cmocka_unit_test(test_sql),
        cmocka_unit_test(test_the_page),        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
