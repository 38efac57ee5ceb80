/* Tests: common/record/plausible.c
 * What can hardly be right: each rule marks its record, its neighbour stays unmarked, and a day that some zone has now
 * is not the future. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "plausible.h"
#include "record.h"

#define NOW 1795466759999ull /* 2026-11-23 20:45:59 UTC */
#define ID "01932f5e-7c1a-7b6e-8d2f-3a4b5c6d7e8f"

static struct db *db;

static int start(void **state)
{
    (void)state;
    assert_int_equal(db_open_memory(&db, NULL), 0);
    assert_int_equal(log_create(db, NULL), 0);
    assert_int_equal(record_create(db, NULL), 0);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

/* Puts one record with these columns in, and gives what is doubted, joined by " | ". */
static const char *doubts_of(const char *kind, const char *columns, const char *values)
{
    static char out[1024];
    char sql[1024];
    struct plausible_doubts doubts;
    struct id id;
    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM \"%s\"; INSERT INTO \"%s\"(id, scope, voided, contested, %s) "
                   "VALUES('" ID "', '" ID "', 0, 0, %s)",
                   kind, kind, columns, values);
    assert_int_equal(db_exec(db, sql, NULL), 0);
    assert_int_equal(id_parse(ID, &id, NULL), 0);
    assert_int_equal(plausible_check(db, schema_kind_named(kind), &id, NOW, &doubts, NULL), 0);
    out[0] = '\0';
    for (size_t i = 0; i < doubts.count; i++)
        (void)snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s: %s", i == 0 ? "" : " | ",
                       doubts.all[i].field, doubts.all[i].words);
    return out;
}

/* Goal: birth in 2114, death before birth, an empty legal name. */
static void persons_are_doubted(void **state)
{
    (void)state;
#define PERSON(values) doubts_of("client", "legal_name, birth_date, death_date", values)
    assert_string_equal(PERSON("'Ada', '1984-05-31', NULL"), "");
    assert_string_equal(PERSON("'Ada', '2114-05-31', NULL"), "birth_date: the birth date lies in the future");
    assert_string_equal(PERSON("'Ada', '2026-11-24', NULL"), ""); /* it is the 24th in Auckland */
    assert_string_equal(PERSON("'Ada', '2026-11-25', NULL"), "birth_date: the birth date lies in the future");
    assert_string_equal(PERSON("'Ada', '1904-05-31', NULL"), "birth_date: the person would be over 120 years old");
    assert_string_equal(PERSON("'Ada', '1904-05-31', '1984-01-01'"), "");
    assert_string_equal(PERSON("'Ada', '1984-05-31', '1984-05-30'"),
                        "death_date: the day of death lies before the birth date");
    assert_string_equal(PERSON("'Ada', '1984-05-31', '1984-05-31'"), "");
    assert_string_equal(PERSON("'Ada', '1984-05-31', '2027-01-01'"), "death_date: the day of death lies in the future");
    assert_string_equal(PERSON("NULL, NULL, NULL"), "legal_name: there is no legal name");
    assert_string_equal(PERSON("' \xc2\xa0', NULL, NULL"), "legal_name: there is no legal name");
}

/* Goal: closed before opened, negative units, a visit that has not been. */
static void cases_are_doubted(void **state)
{
    (void)state;
    assert_string_equal(doubts_of("case", "opened, closed", "'2026-01-05', '2026-01-05'"), "");
    assert_string_equal(doubts_of("case", "opened, closed", "'2026-01-05', '2026-01-04'"),
                        "closed: the day of closing lies before the day of opening");
    assert_string_equal(doubts_of("case", "opened, closed", "'2036-01-05', NULL"),
                        "opened: the day of opening lies in the future");
    assert_string_equal(doubts_of("service", "units, amount", "-1, -5"),
                        "units: the units are negative | amount: the amount is negative");
    assert_string_equal(doubts_of("service", "units, amount", "0, 5"), "");
    assert_string_equal(doubts_of("service", "started, ended", "'2026-01-05T10:00:00Z', '2026-01-05T09:59:00Z'"),
                        "ended: the end lies before the beginning");
    assert_string_equal(doubts_of("service", "started, ended", "'2026-01-05T10:00:00Z', '2026-01-05'"), "");
    assert_string_equal(doubts_of("plan", "started, ended", "'2026-01-05', '2026-01-04'"),
                        "ended: the end lies before the beginning");
    assert_string_equal(doubts_of("note", "visited", "'[\"2026-11-23T20:00:00Z\"]'"), "");
    assert_string_equal(doubts_of("note", "visited", "'[\"2036-11-23T20:00:00Z\"]'"),
                        "visited: the visit lies in the future");
}

static int count(void *arg, const struct schema_kind *kind, const struct id *record,
                 const struct plausible_doubt *doubt, struct error *e)
{
    (void)kind;
    (void)record;
    (void)e;
    assert_string_equal(doubt->field, "number");
    ++*(int *)arg;
    return 0;
}

/* Goal: a number that two cases have is marked on both, and on neither once one of them is voided. */
static void doubled_numbers_are_doubted(void **state)
{
    static const char other[] =
        "INSERT INTO \"case\"(id, scope, voided, contested, number) VALUES('01932f5e-7c1a-7b6e-8d2f"
        "-3a4b5c6d7e90', '01932f5e-7c1a-7b6e-8d2f-3a4b5c6d7e90', 0, 0, '2024-171')";
    int found = 0;
    (void)state;
    assert_string_equal(doubts_of("case", "number", "'2024-171'"), "");
    assert_int_equal(db_exec(db, other, NULL), 0);
    assert_int_equal(plausible_each(db, schema_kind_named("case"), NOW, count, &found, NULL), 0);
    assert_int_equal(found, 2);
    assert_int_equal(db_exec(db, "UPDATE \"case\" SET voided = 1 WHERE id <> '" ID "'", NULL), 0);
    assert_int_equal(plausible_each(db, schema_kind_named("case"), NOW, count, &found, NULL), 0);
    assert_int_equal(found, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(persons_are_doubted),
        cmocka_unit_test(cases_are_doubted),
        cmocka_unit_test(doubled_numbers_are_doubted),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
