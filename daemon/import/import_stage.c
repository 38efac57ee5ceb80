/* Staging: each file that a mapping reads becomes a table of those of its columns that the mapping names; every other
 * file and column is accounted for by its name. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "account.h"
#include "csv.h"
#include "dates.h"
#include "import.h"
#include "vault.h"

enum { COLUMNS_MAX = 64, NAME_MAX_BYTES = 64 };

enum use { USE_TEXT, USE_DAY, USE_MOMENT };

/* A file under way. */
struct staging {
    struct import *im;
    const char *name;
    struct csv csv;
    size_t count; /* of the columns that the mapping names; the first is the row's key */
    struct {
        char name[NAME_MAX_BYTES];
        int is_needed;
        enum use use;
        size_t at;       /* in the file; SIZE_MAX: it has no such column */
        unsigned orders; /* of days, that the values so far leave */
    } columns[COLUMNS_MAX];
    size_t width;     /* columns of the file */
    char **headings;  /* their names */
    uint64_t *filled; /* rows with a value, of each */
};

/* --- the heading --- */

/* Reads the mapping's list: names with a space between them, in quotes if they have one; behind a name '!': it is
 * needed; '#': a day; '@': a time. */
static int read_list(struct staging *g, const char *list, struct error *e)
{
    while (*list != 0) {
        int is_quoted = *list == '"';
        const char *name = list + is_quoted, *marks = name + strcspn(name, is_quoted ? "\"" : " !#@");
        size_t length = (size_t)(marks - name), size;
        marks += *marks == '"';
        size = strcspn(marks, " ");
        if (g->count == COLUMNS_MAX || length >= NAME_MAX_BYTES)
            return error_set(e, E_INTERNAL, "%s: the mapping names too many columns", g->name);
        memcpy(g->columns[g->count].name, name, length);
        g->columns[g->count].name[length] = 0;
        g->columns[g->count].is_needed = memchr(marks, '!', size) != NULL;
        g->columns[g->count].use = memchr(marks, '#', size) != NULL   ? USE_DAY
                                   : memchr(marks, '@', size) != NULL ? USE_MOMENT
                                                                      : USE_TEXT;
        g->columns[g->count].orders = DATES_ANY;
        g->columns[g->count++].at = SIZE_MAX;
        list = marks + size + strspn(marks + size, " ");
    }
    return 0;
}

/* 1: both name one column: in any case of letters, without spaces around. */
static int is_named(const char *heading, const char *name)
{
    size_t length = strlen(name);
    heading += strspn(heading, " \t");
    return strncasecmp(heading, name, length) == 0 && heading[length + strspn(heading + length, " \t")] == 0;
}

static int match_column(struct staging *g, size_t k, struct error *e)
{
    for (size_t i = 0; i < g->width; i++) {
        if (!is_named(g->headings[i], g->columns[k].name))
            continue;
        if (g->columns[k].at != SIZE_MAX)
            return error_set(e, E_INPUT, "%s.csv names the column %s twice; mend its first row", g->name,
                             g->columns[k].name);
        g->columns[k].at = i;
    }
    if (g->columns[k].at != SIZE_MAX)
        return 0;
    if (g->columns[k].is_needed)
        return error_set(e, E_INPUT, "%s.csv has no column %s; it is not the export that it seems to be", g->name,
                         g->columns[k].name);
    return account_column(g->im->staging, g->name, g->columns[k].name, 0, 1, e);
}

/* Reads the heading and finds the columns in it. E_INPUT: there is none, or one that is needed is missing. */
static int read_heading(struct staging *g, struct error *e)
{
    const char *why = "it is empty";
    int code = 0;
    if (csv_next(&g->csv, &why) != CSV_ROW)
        return error_set(e, E_INPUT, "%s.csv has no heading that can be read: %s", g->name, why);
    g->width = g->csv.count;
    if ((g->headings = calloc(g->width, sizeof *g->headings)) == NULL ||
        (g->filled = calloc(g->width, sizeof *g->filled)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < g->width; i++)
        if ((g->headings[i] = strdup(g->csv.fields[i])) == NULL)
            return error_memory(e);
    for (size_t k = 0; code == 0 && k < g->count; k++)
        code = match_column(g, k, e);
    return code;
}

/* --- the rows --- */

static int create_table(struct staging *g, struct error *e)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    char *text;
    int code;
    sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(line INTEGER PRIMARY KEY", g->name);
    for (size_t k = 0; k < g->count; k++)
        sqlite3_str_appendf(sql, ", \"%w\" TEXT", g->columns[k].name);
    sqlite3_str_appendall(sql, ", old INTEGER NOT NULL DEFAULT 0, later INTEGER NOT NULL DEFAULT 0)");
    if ((text = sqlite3_str_finish(sql)) == NULL)
        return error_memory(e);
    code = db_exec(g->im->staging, text, e);
    sqlite3_free(text);
    return code;
}

static char *insert_sql(const struct staging *g)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES (?", g->name);
    for (size_t k = 0; k < g->count; k++)
        sqlite3_str_appendall(sql, ",?");
    sqlite3_str_appendall(sql, ",0,0)");
    return sqlite3_str_finish(sql);
}

/* Stages the row that was read. A column that the file lacks is NULL: the file says nothing of it. */
static int insert_row(struct staging *g, sqlite3_stmt *insert, struct error *e)
{
    struct account_row row = {g->name, g->csv.line,
                              g->columns[0].at < g->csv.count ? g->csv.fields[g->columns[0].at] : ""};
    if (g->csv.count != g->width)
        return account_add(g->im->staging, &row, ACCOUNT_LEFT, "it has more or fewer columns than the heading", e);
    for (size_t i = 0; i < g->width; i++)
        g->filled[i] += g->csv.fields[i][0] != 0;
    (void)sqlite3_bind_int64(insert, 1, (sqlite3_int64)g->csv.line);
    for (size_t k = 0; k < g->count; k++) {
        const char *value = g->columns[k].at != SIZE_MAX ? g->csv.fields[g->columns[k].at] : NULL;
        unsigned orders = g->columns[k].use != USE_TEXT && value != NULL ? dates_orders(value) : 0;
        (void)sqlite3_bind_text(insert, (int)k + 2, value, -1, SQLITE_TRANSIENT);
        if ((orders & (orders - 1)) != 0 || orders == DATES_MONTH_FIRST || orders == DATES_DAY_FIRST)
            g->columns[k].orders &= orders;
    }
    if (sqlite3_step(insert) != SQLITE_DONE)
        return vault_error(db_handle(g->im->staging), "an export is being read", e);
    (void)sqlite3_reset(insert);
    return account_add(g->im->staging, &row, ACCOUNT_OPEN, "", e);
}

/* Stages every row behind the heading. A row that cannot be read is left; of lost ones, each line. */
static int insert_rows(struct staging *g, struct error *e)
{
    sqlite3_stmt *insert = NULL;
    char *sql = insert_sql(g);
    const char *why = "";
    enum csv_result r;
    int code = 0;
    if (sql == NULL)
        return error_memory(e);
    if (sqlite3_prepare_v2(db_handle(g->im->staging), sql, -1, &insert, NULL) != SQLITE_OK)
        code = error_set(e, E_INTERNAL, "%s.csv cannot be staged", g->name);
    while (code == 0 && (r = csv_next(&g->csv, &why)) != CSV_END) {
        progress_step(g->im->progress);
        if (r == CSV_ROW) {
            code = insert_row(g, insert, e);
            continue;
        }
        for (uint64_t line = g->csv.line; code == 0 && line <= (r == CSV_LOST ? g->csv.last_line : g->csv.line); line++)
            code = account_add(g->im->staging, &(struct account_row){g->name, line, ""}, ACCOUNT_LEFT, why, e);
    }
    (void)sqlite3_finalize(insert);
    sqlite3_free(sql);
    return code == 0 ? csv_check(&g->csv, e) : code;
}

/* --- days --- */

/* Writes a column's days and times in our form. One that cannot be read is left, and NULL: nothing is known of it. */
static int read_days(struct staging *g, size_t k, struct error *e)
{
    sqlite3_stmt *s;
    char sql[2][512];
    int row, code;
    (void)snprintf(sql[0], sizeof sql[0], "SELECT line, \"%s\", \"%s\" FROM \"%s\" WHERE \"%s\" <> '' ORDER BY line",
                   g->columns[k].name, g->columns[0].name, g->name, g->columns[k].name);
    (void)snprintf(sql[1], sizeof sql[1], "UPDATE \"%s\" SET \"%s\" = ? WHERE line = ?", g->name, g->columns[k].name);
    if ((code = db_query(g->im->staging, &s, e, sql[0], "")) != 0)
        return code;
    while (code == 0 && (row = db_next(g->im->staging, s, e)) == 1) {
        struct account_row at = {g->name, db_uint(s, 0), db_text(s, 2)};
        char out[MOMENT_TEXT];
        int is = g->columns[k].use == USE_DAY ? dates_day(db_text(s, 1), g->columns[k].orders, out)
                                              : dates_moment(db_text(s, 1), g->columns[k].orders, out);
        if (is != 0)
            code = account_value(
                g->im->staging, &at, g->columns[k].name, db_text(s, 1),
                dates_orders(db_text(s, 1)) == 0 ? "this is no day" : "this may be read in more than one way", e);
        if (code == 0 && (is != 0 || strcmp(out, db_text(s, 1)) != 0))
            code = db_run(g->im->staging, e, sql[1], "tu", is == 0 ? out : NULL, at.line);
    }
    if (code != 0)
        db_done(g->im->staging, s);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

static int read_all_days(struct staging *g, struct error *e)
{
    int code = 0;
    for (size_t k = 0; code == 0 && k < g->count; k++)
        if (g->columns[k].use != USE_TEXT && g->columns[k].at != SIZE_MAX)
            code = read_days(g, k, e);
    return code;
}

/* --- a file --- */

/* Names the columns that the mapping does not. */
static int account_columns(struct staging *g, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < g->width; i++) {
        size_t k = 0;
        while (k < g->count && g->columns[k].at != i)
            k++;
        if (k == g->count)
            code = account_column(g->im->staging, g->name, g->headings[i], g->filled[i], 0, e);
    }
    return code;
}

static int stage_rows(struct staging *g, struct error *e)
{
    int code = db_begin(g->im->staging, e);
    if (code != 0)
        return code;
    if ((code = insert_rows(g, e)) == 0 && (code = read_all_days(g, e)) == 0)
        code = account_columns(g, e);
    return code == 0 ? db_commit(g->im->staging, e) : code; /* a scratch database is not rolled back */
}

/* The path of folder/name.csv. E_INPUT: it is too long. */
static int path_of(const char *folder, const char *name, char *out, size_t size, struct error *e)
{
    return (size_t)snprintf(out, size, "%s/%s.csv", folder, name) >= size
               ? error_set(e, E_INPUT, "%s: the path is too long", folder)
               : 0;
}

static void end(struct staging *g)
{
    for (size_t i = 0; g->headings != NULL && i < g->width; i++)
        free(g->headings[i]);
    free(g->headings);
    free(g->filled);
    csv_close(&g->csv);
}

int import_stage(struct import *im, const char *folder, const char *name, const char *columns, int *found,
                 struct error *e)
{
    struct staging g = {.im = im, .name = name};
    char path[4096];
    struct stat there;
    int code = path_of(folder, name, path, sizeof path, e);
    *found = 0;
    if (code != 0 || (code = read_list(&g, columns, e)) != 0)
        return code;
    if (stat(path, &there) == 0) {
        *found = 1;
        if ((code = csv_open(&g.csv, path, im->encoding, e)) == 0 && (code = read_heading(&g, e)) == 0 &&
            (code = create_table(&g, e)) == 0)
            code = stage_rows(&g, e);
    } else if ((code = create_table(&g, e)) == 0) { /* an empty table, for the mapping's queries */
        code = account_file(im->staging, name, 0, "it is not in the folder, so nothing of it changed", e);
    }
    end(&g);
    return code;
}

/* --- what the mappings' queries call --- */

/* Joins those of values first.. that are not empty, with `between` between them. */
static void join(sqlite3_context *context, const char *between, int first, int count, sqlite3_value **values)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    char *made;
    for (int i = first; i < count; i++) {
        const char *value = (const char *)sqlite3_value_text(values[i]);
        if (value != NULL && value[0] != 0)
            sqlite3_str_appendf(text, "%s%s", sqlite3_str_length(text) == 0 ? "" : between, value);
    }
    made = sqlite3_str_finish(text);
    sqlite3_result_text(context, made != NULL ? made : "", -1, made != NULL ? sqlite3_free : SQLITE_STATIC);
}

static void words(sqlite3_context *context, int count, sqlite3_value **values)
{
    join(context, " ", 0, count, values);
}

static void words_by(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *between = count == 0 ? NULL : (const char *)sqlite3_value_text(values[0]);
    join(context, between != NULL ? between : "", 1, count, values);
}

/* code(VALUE, FROM, TO, ...): the TO behind the FROM that is the value; "" if none is. */
static void code_word(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *value = count == 0 ? NULL : (const char *)sqlite3_value_text(values[0]);
    if (value == NULL)
        return; /* NULL */
    for (int i = 1; i + 1 < count; i += 2) {
        const char *from = (const char *)sqlite3_value_text(values[i]);
        if (from != NULL && strcmp(from, value) == 0) {
            sqlite3_result_value(context, values[i + 1]);
            return;
        }
    }
    sqlite3_result_text(context, "", -1, SQLITE_STATIC);
}

static void record_id(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct import *im = sqlite3_user_data(context);
    const char *table = (const char *)sqlite3_value_text(values[0]), *key = (const char *)sqlite3_value_text(values[1]);
    struct id id;
    char text[ID_TEXT];
    (void)count;
    if (table == NULL || key == NULL)
        return; /* NULL */
    if (key[0] == '\0') {
        sqlite3_result_text(context, "", -1, SQLITE_STATIC);
        return;
    }
    id = id_derive(im->source, table, key);
    id_format(&id, text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

int import_open(struct import *im, struct error *e)
{
    enum { FLAGS = SQLITE_UTF8 | SQLITE_DETERMINISTIC };
    int code = db_open_scratch(&im->staging, im->central->folder, e);
    im->session = im->central->author.session;
    if (code == 0 &&
        (sqlite3_create_function(db_handle(im->staging), "words", -1, FLAGS, NULL, words, NULL, NULL) != SQLITE_OK ||
         sqlite3_create_function(db_handle(im->staging), "words_by", -1, FLAGS, NULL, words_by, NULL, NULL) !=
             SQLITE_OK ||
         sqlite3_create_function(db_handle(im->staging), "code", -1, FLAGS, NULL, code_word, NULL, NULL) != SQLITE_OK ||
         sqlite3_create_function(db_handle(im->staging), "record_id", 2, FLAGS, im, record_id, NULL, NULL) !=
             SQLITE_OK))
        code = error_memory(e);
    return code == 0 ? account_create(im->staging, e) : code;
}

void import_close(struct import *im)
{
    struct error none;
    (void)import_take(im, &none);
    db_close(im->staging);
    im->staging = NULL;
    im->central->author.session = im->session;
}

/* --- the other files --- */

static int is_csv(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".csv") == 0;
}

/* Counts the rows of a file that no mapping reads. */
static int account_unread(struct import *im, const char *folder, const char *name, struct error *e)
{
    struct error broken = {0, ""};
    const char *why = "";
    struct csv csv;
    enum csv_result r;
    uint64_t rows = 0;
    char path[4096];
    int code = path_of(folder, name, path, sizeof path, e);
    if (code != 0)
        return code;
    if (csv_open(&csv, path, im->encoding, &broken) != 0)
        return account_file(im->staging, name, 0, broken.text, e);
    while ((r = csv_next(&csv, &why)) != CSV_END)
        rows += r == CSV_LOST ? csv.last_line - csv.line + 1 : 1;
    csv_close(&csv);
    return account_file(im->staging, name, rows > 0 ? rows - 1 : 0, "Satchel has no place for what is in it yet", e);
}

int import_files(const char *folder, struct dirent ***names)
{
    *names = NULL;
    return scandir(folder, names, is_csv, alphasort);
}

int import_unread(struct import *im, const char *folder, struct error *e)
{
    struct dirent **names = NULL;
    int count = import_files(folder, &names), code = 0;
    for (int i = 0; i < count; i++) {
        char name[256];
        int is_known = 0;
        (void)snprintf(name, sizeof name, "%.*s", (int)strlen(names[i]->d_name) - 4, names[i]->d_name);
        if (code == 0)
            is_known =
                db_exists(im->staging, e, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", "t", name);
        if (is_known < 0)
            code = error_code(e);
        else if (code == 0 && !is_known)
            code = account_unread(im, folder, name, e);
        free(names[i]);
    }
    free((void *)names);
    return code;
}
