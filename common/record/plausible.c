/* The table of what can hardly be right, and the two ways to ask it: for one record, and for all. */
#include "plausible.h"

#include "record.h"

/* A rule holds for the rows t of its kind's table for which sql is true. ?1 is now, in milliseconds since 1970; a day
 * counts as past or future only if it is so in every zone. */
static const struct rule {
    unsigned kind;
    struct plausible_doubt doubt;
    const char *sql;
} rules[] = {
#define TOMORROW "date(?1 / 1000, 'unixepoch', '+1 day')"
#define NO_TEXT(column) "trim(coalesce(fold(t." column "), '')) = ''"
/* A day beside a time of that day says neither "before" nor "after". */
#define BEFORE(one, other)                                                                                             \
    "substr(t." one ", 1, min(length(t." one "), length(t." other "))) < "                                             \
    "substr(t." other ", 1, min(length(t." one "), length(t." other ")))"
    {KIND_CLIENT, {"legal_name", "there is no legal name"}, NO_TEXT("legal_name")},
    {KIND_CLIENT, {"birth_date", "the birth date lies in the future"}, "t.birth_date > " TOMORROW},
    {KIND_CLIENT,
     {"birth_date", "the person would be over 120 years old"},
     "t.death_date IS NULL AND t.birth_date < date(?1 / 1000, 'unixepoch', '-121 years')"},
    {KIND_CLIENT, {"death_date", "the day of death lies before the birth date"}, BEFORE("death_date", "birth_date")},
    {KIND_CLIENT, {"death_date", "the day of death lies in the future"}, "t.death_date > " TOMORROW},
    {KIND_CASE, {"opened", "the day of opening lies in the future"}, "t.opened > " TOMORROW},
    {KIND_CASE, {"closed", "the day of closing lies before the day of opening"}, BEFORE("closed", "opened")},
    {KIND_CASE,
     {"number", "another case has the same number"},
     "t.number IN (SELECT number FROM \"case\" WHERE voided = 0 AND number IS NOT NULL GROUP BY number HAVING "
     "count(*) > 1)"},
    {KIND_NOTE,
     {"visited", "the visit lies in the future"},
     "substr(json_extract(t.visited, '$[0]'), 1, 10) > " TOMORROW},
    {KIND_SERVICE, {"ended", "the end lies before the beginning"}, BEFORE("ended", "started")},
    {KIND_SERVICE, {"units", "the units are negative"}, "t.units < 0"},
    {KIND_SERVICE, {"amount", "the amount is negative"}, "t.amount < 0"},
    {KIND_PLAN, {"ended", "the end lies before the beginning"}, BEFORE("ended", "started")},
};
enum { RULES = sizeof rules / sizeof *rules };

/* Makes the statement of a rule; what: of which of its records. The caller frees it with sqlite3_free; NULL: there is
 * no memory. */
static char *make_sql(const struct rule *rule, const char *what)
{
    return sqlite3_mprintf("SELECT t.id FROM \"%w\" t WHERE ?1 >= 0 AND t.voided = 0 AND %s AND (%s) ORDER BY t.id",
                           schema_kind(rule->kind)->name, what, rule->sql);
}

int plausible_check(struct db *db, const struct schema_kind *kind, const struct id *record, uint64_t now_ms,
                    struct plausible_doubts *out, struct error *e)
{
    char id[ID_TEXT];
    out->count = 0;
    id_format(record, id);
    for (size_t i = 0; i < RULES; i++) {
        char *sql;
        int row;
        if (rules[i].kind != kind->number || out->count == PLAUSIBLE_MAX)
            continue;
        if ((sql = make_sql(&rules[i], "t.id = ?2")) == NULL)
            return error_memory(e);
        row = db_exists(db, e, sql, "ut", now_ms, id);
        sqlite3_free(sql);
        if (row < 0)
            return error_code(e);
        if (row == 1)
            out->all[out->count++] = rules[i].doubt;
    }
    return 0;
}

int plausible_each(struct db *db, const struct schema_kind *kind, uint64_t now_ms,
                   int (*each)(void *arg, const struct schema_kind *kind, const struct id *record,
                               const struct plausible_doubt *doubt, struct error *e),
                   void *arg, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < RULES; i++) {
        sqlite3_stmt *s;
        struct id id;
        char *sql;
        int row = 0;
        if (kind != NULL && rules[i].kind != kind->number)
            continue;
        if ((sql = make_sql(&rules[i], "1")) == NULL)
            return error_memory(e);
        if ((code = db_query(db, &s, e, sql, "u", now_ms)) == 0) {
            while (code == 0 && (row = db_next(db, s, e)) == 1)
                if ((code = id_parse(db_text(s, 0), &id, e)) == 0)
                    code = each(arg, schema_kind(rules[i].kind), &id, &rules[i].doubt, e);
            if (code == 0 && row < 0)
                code = error_code(e);
            else if (code != 0 && row == 1)
                db_done(db, s);
        }
        sqlite3_free(sql);
    }
    return code;
}
