/* The account's tables, and its report. */
#include "account.h"

#include "cli.h"

static const char *const words[] = {"left", "taken", "passed over", "left", "not read", "writes"};

int account_create(struct db *db, struct error *e)
{
    return db_exec(
        db,
        "CREATE TABLE account_row(file TEXT NOT NULL, line INTEGER NOT NULL, key TEXT NOT NULL, outcome "
        "INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY(file, line)) WITHOUT ROWID;"
        "CREATE TABLE account_value(file TEXT NOT NULL, line INTEGER NOT NULL, key TEXT NOT NULL, \"column\" "
        "TEXT NOT NULL, value TEXT NOT NULL, why TEXT NOT NULL);"
        "CREATE TABLE account_file(file TEXT PRIMARY KEY, rows INTEGER NOT NULL, why TEXT NOT NULL);"
        "CREATE TABLE account_column(file TEXT NOT NULL, \"column\" TEXT NOT NULL, filled INTEGER NOT NULL, "
        "is_absent INTEGER NOT NULL);"
        "CREATE TABLE account_change(file TEXT, line INTEGER, key TEXT NOT NULL, kind TEXT NOT NULL, field TEXT NOT "
        "NULL, before TEXT NOT NULL, after TEXT NOT NULL, is_contested INTEGER NOT NULL);",
        e);
}

int account_add(struct db *db, const struct account_row *row, enum account_outcome outcome, const char *why,
                struct error *e)
{
    return db_run(db, e, "INSERT OR REPLACE INTO account_row VALUES (?, ?, ?, ?, ?)", "tutut", row->file, row->line,
                  row->key, (uint64_t)outcome, why);
}

int account_settle(struct db *db, const struct account_row *row, enum account_outcome outcome, const char *why,
                   struct error *e)
{
    return db_run(db, e,
                  "UPDATE account_row SET why = CASE WHEN outcome = 1 AND ?1 = 1 AND instr(why, ?2) = 0 THEN why || "
                  "', ' || ?2 WHEN outcome = 1 THEN why ELSE ?2 END, outcome = CASE outcome WHEN 1 THEN 1 ELSE ?1 END "
                  "WHERE file = ?3 AND line = ?4",
                  "uttu", (uint64_t)outcome, why, row->file, row->line);
}

int account_value(struct db *db, const struct account_row *row, const char *column, const char *value, const char *why,
                  struct error *e)
{
    return db_run(db, e, "INSERT INTO account_value VALUES (?, ?, ?, ?, ?, ?)", "tutttt", row->file, row->line,
                  row->key, column, value, why);
}

int account_file(struct db *db, const char *file, uint64_t rows, const char *why, struct error *e)
{
    return db_run(db, e, "INSERT OR REPLACE INTO account_file VALUES (?, ?, ?)", "tut", file, rows, why);
}

int account_column(struct db *db, const char *file, const char *column, uint64_t filled, int is_absent, struct error *e)
{
    return db_run(db, e, "INSERT INTO account_column VALUES (?, ?, ?, ?)", "ttuu", file, column, filled,
                  (uint64_t)(is_absent != 0));
}

int account_change(struct db *db, const struct account_change *c, struct error *e)
{
    return db_run(db, e, "INSERT INTO account_change VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "tutttttu", c->row->file,
                  c->row->line, c->key, c->kind, c->field, c->before, c->after, (uint64_t)(c->is_contested != 0));
}

int account_end(struct db *db, struct error *e)
{
    return db_exec(db, "UPDATE account_row SET outcome = 3, why = 'nothing was made of it' WHERE outcome = 0", e);
}

int account_left(struct db *db, uint64_t *rows, uint64_t *values, struct error *e)
{
    int code = db_number_of(db, rows, e, "SELECT count(*) FROM account_row WHERE outcome = 3", "");
    return code != 0 ? code : db_number_of(db, values, e, "SELECT count(*) FROM account_value", "");
}

/* --- for people --- */

static int print_left(struct db *db, FILE *out, unsigned most, struct error *e)
{
    uint64_t rows, values;
    sqlite3_stmt *s;
    int row, code = account_left(db, &rows, &values, e);
    if (code != 0 || rows + values == 0)
        return code;
    if ((code = db_query(db, &s, e,
                         "SELECT file, line, key, '', '', why FROM account_row WHERE outcome = 3 "
                         "UNION ALL SELECT file, line, key, \"column\", value, why FROM account_value "
                         "ORDER BY 1, 2, 4 LIMIT ?",
                         "u", (uint64_t)most)) != 0)
        return code;
    (void)fputs("LEFT, and why:\n", out);
    while ((row = db_next(db, s, e)) == 1) {
        (void)fprintf(out, "  %s.csv:%llu ", db_text(s, 0), (unsigned long long)db_uint(s, 1));
        cli_line(out, db_text(s, 2)[0] != 0 ? db_text(s, 2) : "(no key)");
        (void)fputs(": ", out);
        if (db_text(s, 3)[0] != 0) {
            (void)fprintf(out, "%s \"", db_text(s, 3));
            cli_line(out, db_text(s, 4));
            (void)fputs("\": ", out);
        }
        cli_line(out, db_text(s, 5));
        (void)fputc('\n', out);
    }
    if (row == 0 && rows + values > most)
        (void)fprintf(out, "  and %llu more; --report FILE writes all of them\n",
                      (unsigned long long)(rows + values - most));
    return row < 0 ? error_code(e) : 0;
}

static int print_columns(struct db *db, FILE *out, struct error *e)
{
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e,
                             "SELECT file, is_absent, group_concat(\"column\", ', '), sum(filled) FROM account_column "
                             "WHERE is_absent = 1 OR filled <> 0 GROUP BY 1, 2 ORDER BY 1, 2",
                             "");
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        (void)fprintf(out, "  %s.csv ", db_text(s, 0));
        (void)fputs(db_int(s, 1) ? "lacks these columns, and what the record has of them stays: "
                                 : "has columns that Satchel does not read: ",
                    out);
        cli_line(out, db_text(s, 2));
        if (db_int(s, 1) == 0)
            (void)fprintf(out, " (%llu values)", (unsigned long long)db_uint(s, 3));
        (void)fputc('\n', out);
    }
    return row < 0 ? error_code(e) : 0;
}

int account_print(struct db *db, FILE *out, unsigned most, struct error *e)
{
    sqlite3_stmt *s;
    int row, code = print_left(db, out, most, e), any;
    if (code != 0)
        return code;
    if ((any = db_exists(db, e,
                         "SELECT 1 WHERE EXISTS(SELECT 1 FROM account_file) OR EXISTS(SELECT 1 FROM account_column "
                         "WHERE is_absent = 1 OR filled <> 0)",
                         "")) != 1)
        return any < 0 ? error_code(e) : 0;
    (void)fputs("NOT READ, so the record does not know of it:\n", out);
    if ((code = db_query(db, &s, e, "SELECT file, rows, why FROM account_file ORDER BY 1", "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        (void)fprintf(out, "  %s.csv, %llu %s: ", db_text(s, 0), (unsigned long long)db_uint(s, 1),
                      db_uint(s, 1) == 1 ? "row" : "rows");
        cli_line(out, db_text(s, 2));
        (void)fputc('\n', out);
    }
    return row < 0 ? error_code(e) : print_columns(db, out, e);
}

int account_print_changes(struct db *db, FILE *out, unsigned most, struct error *e)
{
    sqlite3_stmt *s;
    uint64_t all;
    int row, code = db_number_of(db, &all, e, "SELECT count(*) FROM account_change", "");
    if (code != 0 || all == 0 ||
        (code =
             db_query(db, &s, e,
                      "SELECT kind, key, field, before, after, is_contested FROM account_change ORDER BY rowid LIMIT ?",
                      "u", (uint64_t)most)) != 0)
        return code;
    (void)fputs("WOULD WRITE:\n", out);
    while ((row = db_next(db, s, e)) == 1) {
        (void)fprintf(out, "  %s ", db_text(s, 0));
        cli_line(out, db_text(s, 1));
        (void)fprintf(out, "%s%s: ", db_text(s, 1)[0] != 0 ? " " : "", db_text(s, 2));
        if (db_text(s, 3)[0] != 0) {
            cli_line(out, db_text(s, 3));
            (void)fputs(" -> ", out);
        }
        cli_line(out, db_text(s, 4)[0] != 0 ? db_text(s, 4) : "(nothing)");
        (void)fputs(db_int(s, 5) ? ", beside what a person wrote: contested\n" : "\n", out);
    }
    if (row == 0 && all > most)
        (void)fprintf(out, "  and %llu more; --report FILE writes all of them\n", (unsigned long long)(all - most));
    return row < 0 ? error_code(e) : 0;
}

/* --- for programs --- */

int account_report(struct db *db, FILE *out, struct error *e)
{
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e,
                             "SELECT file, line, key, '', outcome, why, '' FROM account_row "
                             "UNION ALL SELECT file, line, key, \"column\", 3, why, value FROM account_value "
                             "UNION ALL SELECT file, NULL, '', \"column\", CASE WHEN is_absent THEN 2 ELSE 4 END, CASE "
                             "WHEN is_absent THEN 'the file has no such column' ELSE 'Satchel has no place for it; "
                             "rows with a value: ' || filled END, '' FROM account_column "
                             "UNION ALL SELECT file, NULL, '', '', 4, why || '; rows: ' || rows, '' FROM account_file "
                             "UNION ALL SELECT file, line, key, kind || ' ' || field, 5, CASE WHEN is_contested THEN "
                             "'beside what a person wrote: ' ELSE 'before: ' END || before, after FROM account_change "
                             "ORDER BY 1, 2, 4",
                             "");
    if (code != 0)
        return code;
    (void)fputs("file,line,key,column,outcome,why,value\r\n", out);
    while ((row = db_next(db, s, e)) == 1) {
        for (int i = 0; i < 7; i++) {
            (void)fputs(i == 0 ? "" : ",", out);
            if (i == 1)
                (void)fputs(db_text(s, i), out);
            else
                cli_csv(out, i == 4 ? words[db_int(s, 4) % 6] : db_text(s, i), 1);
        }
        (void)fputs("\r\n", out);
    }
    return row < 0 ? error_code(e) : 0;
}
