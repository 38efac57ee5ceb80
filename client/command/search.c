/* `satchel search`: finds records that hold all the words, in the texts and days of every kind that laptops get. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "json.h"
#include "person.h"
#include "printer.h"
#include "record.h"
#include "schema.h"
#include "unknown.h"
#include "whose.h"
#include "with_store.h"

#define WORDS_MAX 16
#define NUMBER_MIN 5 /* digits of a telephone number, so that a year is none */
#define SNIPPET 72   /* characters */
#define BEFORE 24    /* of them before the word, bytes */

struct searching {
    struct db *db;
    struct seen *seen;
    struct cli *cli;
    char **words; /* folded */
    size_t word_count;
    char number[FOLD_DIGITS_MAX + 1]; /* the end of a telephone number, if the words are one; "" */
    size_t records;
    struct person_map map;
    struct json json;
};

static int is_telephone(const struct schema_field *field)
{
    return strcmp(field->name, "phone") == 0;
}

static int is_searched(const struct schema_field *field)
{
    return field->type == SCHEMA_TEXT || field->type == SCHEMA_DATE;
}

/* Adds what a column says to a person: a list is a JSON array in the table. */
static void add_column(sqlite3_str *sql, const struct schema_field *field)
{
    if (schema_traits(field)->is_list)
        sqlite3_str_appendf(sql, "(SELECT group_concat(value, '; ') FROM json_each(\"%w\"))", field->name);
    else
        sqlite3_str_appendf(sql, "\"%w\"", field->name);
}

/* Makes the statement: id, scope, texts... of the records whose texts together, folded, hold each of the words ?1, ?2,
 * ..., or a telephone number with the digits that follow them, which may be "". */
static char *make_sql(const struct schema_kind *kind, size_t word_count)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendall(sql, "SELECT id, scope");
    for (size_t i = 0; i < kind->field_count; i++) {
        if (!is_searched(&kind->fields[i]))
            continue;
        sqlite3_str_appendall(sql, ", ");
        add_column(sql, &kind->fields[i]);
    }
    sqlite3_str_appendf(sql, " FROM (SELECT *, fold(''");
    for (size_t i = 0; i < kind->field_count; i++) {
        if (!is_searched(&kind->fields[i]))
            continue;
        sqlite3_str_appendall(sql, " || char(10) || coalesce(");
        add_column(sql, &kind->fields[i]);
        sqlite3_str_appendall(sql, ", '')");
        if (is_telephone(&kind->fields[i]))
            sqlite3_str_appendf(sql, " || char(10) || coalesce(digits(\"%w\"), '')", kind->fields[i].name);
    }
    sqlite3_str_appendf(sql, ") AS \"all texts\" FROM \"%w\" WHERE voided = 0) WHERE (1", kind->name);
    for (size_t i = 0; i < word_count; i++)
        sqlite3_str_appendf(sql, " AND instr(\"all texts\", ?%d) > 0", (int)i + 1);
    sqlite3_str_appendf(sql, ") OR (?%d <> '' AND instr(\"all texts\", ?%d) > 0) ORDER BY id", (int)word_count + 1,
                        (int)word_count + 1);
    return sqlite3_str_finish(sql);
}

/* --- showing what was found --- */

/* Finds where the first of the words stands in a field's text; NULL: the text has none of them. */
static const char *find_any(const struct searching *f, const struct schema_field *field, const char *text)
{
    char digits[256];
    const char *first = NULL;
    for (size_t i = 0; i < f->word_count; i++) {
        const char *at = fold_find(text, f->words[i]);
        if (at != NULL && (first == NULL || at < first))
            first = at;
    }
    if (first == NULL && f->number[0] != '\0' && is_telephone(field)) {
        (void)fold_digits(text, digits, sizeof digits);
        first = strstr(digits, f->number) != NULL ? text : NULL;
    }
    return first;
}

/* 1: this is a client record, and the person has others too; 0: not. */
static int is_linked(const struct searching *f, const struct schema_kind *kind, const char *record)
{
    struct id id;
    return kind->number == KIND_CLIENT && id_parse(record, &id, NULL) == 0 && person_map_find(&f->map, &id) != SIZE_MAX;
}

/* A value that is printed whole was shown: one that fits into its line, or goes into JSON. */
static int saw_line(struct searching *f, const struct schema_field *field, const char *record, const char *text,
                    struct error *e)
{
    struct id id;
    if (schema_traits(field)->is_list || (!f->cli->json && strlen(text) > SNIPPET - 3) ||
        id_parse(record, &id, NULL) != 0)
        return 0;
    return seen_columns(f->seen, &id, &field->number, 1, e);
}

static void print_line(struct searching *f, const struct schema_kind *kind, const struct schema_field *field,
                       sqlite3_stmt *s, const char *text, const char *at)
{
    FILE *out = f->cli->out;
    const char *id = db_text(s, 0), *scope = db_text(s, 1), *start = text;
    char name[PRINTER_NAME] = "", died[WHOSE_BIRTH] = "";
    struct id owner;
    if (kind->place != SCHEMA_OFFICE && id_parse(scope, &owner, NULL) == 0) {
        printer_name(f->db, &owner, name);
        whose_day_of_death(f->db, &owner, died);
    }
    if (f->cli->json) {
        json_object(&f->json);
        json_text(json_key(&f->json, "kind"), kind->name);
        json_text(json_key(&f->json, "record"), id);
        json_text(json_key(&f->json, "scope"), scope);
        json_text(json_key(&f->json, "died"), died[0] != '\0' ? died : NULL);
        json_text(json_key(&f->json, "field"), field->name);
        json_text(json_key(&f->json, "text"), text);
        json_end(&f->json);
        return;
    }
    /* The words before it, from the beginning of a character. */
    if (at - text > BEFORE)
        for (start = at - BEFORE; start < at && ((unsigned char)*start & 0xc0) == 0x80; start++)
            ;
    (void)fprintf(out, "%-9s %s  ", kind->name, strlen(id) > 8 ? id + strlen(id) - 8 : id);
    (void)fprintf(out, "%s%s%s", died[0] != '\0' ? "[died " : "", died, died[0] != '\0' ? "] " : "");
    printer_line(out, name, 0);
    (void)fprintf(out, "%s%s: %s", name[0] != '\0' ? "  " : "", field->name, start != text ? "..." : "");
    printer_line(out, start, SNIPPET);
    (void)fputs(is_linked(f, kind, id) ? "  [linked]\n" : "\n", out);
}

static int print_found(struct searching *f, const struct schema_kind *kind, sqlite3_stmt *s, struct error *e)
{
    int column = 2, code = 0;
    for (size_t i = 0; i < kind->field_count; i++) {
        const char *at;
        if (!is_searched(&kind->fields[i]))
            continue;
        if (code == 0 && (at = find_any(f, &kind->fields[i], db_text(s, column))) != NULL) {
            print_line(f, kind, &kind->fields[i], s, db_text(s, column), at);
            if (at - db_text(s, column) <= BEFORE || f->cli->json)
                code = saw_line(f, &kind->fields[i], db_text(s, 0), db_text(s, column), e);
        }
        column++;
    }
    f->records++;
    return code;
}

/* --- one kind --- */

static int search_kind(struct searching *f, const struct schema_kind *kind, struct error *e)
{
    char *sql = make_sql(kind, f->word_count);
    sqlite3_stmt *s = NULL;
    int row = 0, code = 0;
    if (sql == NULL)
        return error_memory(e);
    /* Not through db_query: the number of words is not known to a format. */
    if (sqlite3_prepare_v2(db_handle(f->db), sql, -1, &s, NULL) != SQLITE_OK)
        code = error_set(e, E_IO, "the store cannot be searched: %s", sqlite3_errmsg(db_handle(f->db)));
    for (size_t i = 0; code == 0 && i < f->word_count; i++)
        if (sqlite3_bind_text(s, (int)i + 1, f->words[i], -1, SQLITE_STATIC) != SQLITE_OK)
            code = error_memory(e);
    if (code == 0 && sqlite3_bind_text(s, (int)f->word_count + 1, f->number, -1, SQLITE_STATIC) != SQLITE_OK)
        code = error_memory(e);
    while (code == 0 && (row = sqlite3_step(s)) == SQLITE_ROW)
        code = print_found(f, kind, s, e);
    if (code == 0 && row != SQLITE_DONE)
        code = error_set(e, E_IO, "the store cannot be read: %s", sqlite3_errmsg(db_handle(f->db)));
    (void)sqlite3_finalize(s);
    sqlite3_free(sql);
    return code;
}

/* Splits all arguments at spaces, and folds the words. The caller frees each of them with free, on failure too. */
static int split(char **arguments, int count, char *words[WORDS_MAX], size_t *found, struct error *e)
{
    *found = 0;
    for (int i = 0; i < count; i++) {
        char *rest = arguments[i], *word;
        while ((word = strtok_r(rest, " \t\n", &rest)) != NULL) {
            if (*found == WORDS_MAX)
                return error_set(e, E_USAGE, "search takes at most %d words", WORDS_MAX);
            if ((words[*found] = fold_text(word)) == NULL)
                return error_memory(e);
            (*found)++;
            if (words[*found - 1][0] == '\0')
                free(words[--*found]);
        }
    }
    return *found != 0 ? 0 : error_set(e, E_USAGE, "say what to search for: satchel search WORDS");
}

/* If all words together are a telephone number, however it is written, takes the end of it. */
static void take_number(struct searching *f)
{
    char digits[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < f->word_count; i++) {
        if (f->words[i][strspn(f->words[i], "0123456789+-()/.")] != '\0')
            return;
        used += fold_digits(f->words[i], digits + used, sizeof digits - used);
        if (used >= sizeof digits - 1)
            return;
    }
    if (used >= NUMBER_MIN)
        memcpy(f->number, digits + (used > FOLD_DIGITS_MAX ? used - FOLD_DIGITS_MAX : 0),
               (used < FOLD_DIGITS_MAX ? used : FOLD_DIGITS_MAX) + 1);
}

static int search(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    char *words[WORDS_MAX];
    struct searching f = {.db = s->db, .seen = &s->seen, .cli = cli, .words = words, .json = json_start(cli->out)};
    const struct schema_kind *kinds;
    char text[64];
    size_t count;
    int code;
    if ((code = split(call->words, call->count, words, &f.word_count, e)) != 0 ||
        (code = person_map_load(s->db, &f.map, e)) != 0)
        goto out;
    take_number(&f);
    kinds = schema_kinds(&count);
    if (cli->json)
        json_array(&f.json);
    for (size_t i = 0; code == 0 && i < count; i++)
        if (kinds[i].dealt)
            code = search_kind(&f, &kinds[i], e);
    person_map_free(&f.map);
    if (cli->json)
        json_end(&f.json);
    if (code == 0)
        (void)fprintf(cli->err, "%s on this laptop\n", cli_count(f.records, "record", "records", text, sizeof text));
    if (code == 0)
        code = unknown_say(cli, s->db, e);
out:
    for (size_t i = 0; i < f.word_count; i++)
        free(words[i]);
    return code;
}

const struct command command_search = {
    .usage = {.name = "search",
              .words = "WORD...",
              .options = {COMMAND_SEEN},
              .help = "find the records that hold all the words",
              .example = "satchel search penicillin"},
    .reads = search,
};
