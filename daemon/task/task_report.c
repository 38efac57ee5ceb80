/* `satcheld report`: runs the office's own questions, in SQL, over the tables of the record. They read one table for
 * each kind, one column for each field, and nothing else: not the office's keys, not the log, not the secrets of
 * tickets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "task.h"

enum { SQL_MAX = 64 * 1024 };

static int is_open_table(const char *table)
{
    if (table == NULL)
        return 0;
    return schema_kind_named(table) != NULL || strcmp(table, "conflict") == 0 || table[0] == 0;
}

/* SQLite asks this about everything that a statement would do. */
static int allow(void *arg, int action, const char *one, const char *two, const char *database, const char *trigger)
{
    static const char *const refused[] = {"load_extension", "fts3_tokenizer", "readfile", "writefile"};
    (void)arg;
    (void)database;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return is_open_table(one) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
            if (two != NULL && strcmp(two, refused[i]) == 0)
                return SQLITE_DENY;
        return SQLITE_OK;
    default:
        return SQLITE_DENY;
    }
}

static void print_heading(const struct cli *cli, sqlite3_stmt *s)
{
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        (void)fputs(i == 0 ? "" : ",", cli->out);
        cli_csv(cli->out, sqlite3_column_name(s, i), 1);
    }
    (void)fputs("\r\n", cli->out);
}

/* raw: formulas are printed as they are. A number is no formula. */
static void print_row(const struct cli *cli, sqlite3_stmt *s, int raw)
{
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        int type = sqlite3_column_type(s, i);
        (void)fputs(i == 0 ? "" : ",", cli->out);
        cli_csv(cli->out, db_text(s, i), !raw && type != SQLITE_INTEGER && type != SQLITE_FLOAT);
    }
    (void)fputs("\r\n", cli->out);
}

static int run_query(struct task *t, sqlite3 *db, const char *sql, int raw, struct error *e)
{
    sqlite3_stmt *s = NULL;
    const char *rest = NULL;
    struct json j = json_start(t->cli->out);
    int result, code = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &s, &rest) != SQLITE_OK)
        return error_set(e, E_INPUT, "this is no question that can be asked: %s", sqlite3_errmsg(db));
    if (s == NULL || rest[strspn(rest, " \t\r\n;")] != 0) {
        (void)sqlite3_finalize(s);
        return error_set(e, E_INPUT, "a report is one SELECT");
    }
    if (t->cli->json)
        json_array(&j);
    else
        print_heading(t->cli, s);
    while ((result = sqlite3_step(s)) == SQLITE_ROW) {
        if (t->cli->json)
            task_row_json(&j, s);
        else
            print_row(t->cli, s, raw);
    }
    if (t->cli->json)
        json_end(&j);
    if (result == SQLITE_INTERRUPT)
        code = error_set(e, E_BUSY, "the report was told to end, since the daemon stops or whoever called hung up");
    else if (result != SQLITE_DONE)
        code = error_set(e, E_INPUT, "the report could not be made: %s", sqlite3_errmsg(db));
    (void)sqlite3_finalize(s);
    return code;
}

static int report(struct task *t, struct usage_call *call, struct error *e)
{
    sqlite3 *db = db_handle(t->central->db);
    int code;
    if (strlen(call->words[0]) > SQL_MAX)
        return error_set(e, E_LIMIT, "a report's SQL is at most %d bytes", SQL_MAX);
    (void)sqlite3_set_authorizer(db, allow, NULL);
    code = run_query(t, db, call->words[0], usage_flag(call, "raw"), e);
    (void)sqlite3_set_authorizer(db, NULL, NULL);
    return code;
}

const struct task_row task_report = {
    .usage =
        {.name = "report",
         .words = "SQL",
         .options = {{.name = "raw", .help = "leave = + - @ at the beginning of a text as it is"}},
         .help = "ask the record a question in SQL; the answer is CSV",
         .more =
             "SQL is one SELECT over the tables of the kinds of records, which `satchel help KIND` describes. A text "
             "that a spreadsheet would run as a formula gets an apostrophe in front.",
         .example = "satcheld report /srv/office 'SELECT risk, count(*) FROM \"case\" GROUP BY risk'"},
    .run = report,
    .way = TASK_READS,
};
