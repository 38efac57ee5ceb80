/* `satchel search`: finds records that hold all the words, in the texts and days of every kind that laptops get. */
#include "command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "person.h"
#include "printer.h"
#include "record.h"
#include "schema.h"
#include "unknown.h"
#include "with_store.h"

#define WORDS_MAX 16
#define SNIPPET 72 /* characters */
#define BEFORE 24  /* of them before the word, bytes */

struct searching {
    struct db *db;
    struct cli *cli;
    const char **words;
    size_t word_count;
    size_t records;
    struct person_map map;
    struct json json;
};

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

/* Makes the statement: id, scope, texts... of the records whose texts together hold each of the words ?1, ?2, ... */
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
    sqlite3_str_appendf(sql, " FROM (SELECT *, lower(''");
    for (size_t i = 0; i < kind->field_count; i++) {
        if (!is_searched(&kind->fields[i]))
            continue;
        sqlite3_str_appendall(sql, " || char(10) || coalesce(");
        add_column(sql, &kind->fields[i]);
        sqlite3_str_appendall(sql, ", '')");
    }
    sqlite3_str_appendf(sql, ") AS \"all texts\" FROM \"%w\" WHERE voided = 0) WHERE 1", kind->name);
    for (size_t i = 0; i < word_count; i++)
        sqlite3_str_appendf(sql, " AND instr(\"all texts\", lower(?%d)) > 0", (int)i + 1);
    sqlite3_str_appendall(sql, " ORDER BY id");
    return sqlite3_str_finish(sql);
}

/* --- showing what was found --- */

/* Finds a word in a text; letters of ASCII match in either case, as with SQLite's lower. NULL: it is not there. */
static const char *find_word(const char *text, const char *word)
{
    size_t size = strlen(word);
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < size && text[i] != '\0' && tolower((unsigned char)text[i]) == tolower((unsigned char)word[i]))
            i++;
        if (i == size)
            return text;
    }
    return NULL;
}

/* Finds where the first of the words stands in a text; NULL: the text has none of them. */
static const char *find_any(const struct searching *f, const char *text)
{
    const char *first = NULL;
    for (size_t i = 0; i < f->word_count; i++) {
        const char *at = find_word(text, f->words[i]);
        if (at != NULL && (first == NULL || at < first))
            first = at;
    }
    return first;
}

/* 1: this is a client record, and the person has others too; 0: not. */
static int is_linked(const struct searching *f, const struct schema_kind *kind, const char *record)
{
    struct id id;
    return kind->number == KIND_CLIENT && id_parse(record, &id, NULL) == 0 && person_map_find(&f->map, &id) != SIZE_MAX;
}

static void print_line(struct searching *f, const struct schema_kind *kind, const struct schema_field *field,
                       sqlite3_stmt *s, const char *text, const char *at)
{
    FILE *out = f->cli->out;
    const char *id = db_text(s, 0), *scope = db_text(s, 1), *start = text;
    char name[PRINTER_NAME] = "";
    struct id owner;
    if (f->cli->json) {
        json_object(&f->json);
        json_text(json_key(&f->json, "kind"), kind->name);
        json_text(json_key(&f->json, "record"), id);
        json_text(json_key(&f->json, "scope"), scope);
        json_text(json_key(&f->json, "field"), field->name);
        json_text(json_key(&f->json, "text"), text);
        json_end(&f->json);
        return;
    }
    /* The words before it, from the beginning of a character. */
    if (at - text > BEFORE)
        for (start = at - BEFORE; start < at && ((unsigned char)*start & 0xc0) == 0x80; start++)
            ;
    if (kind->place != SCHEMA_OFFICE && id_parse(scope, &owner, NULL) == 0)
        printer_name(f->db, &owner, name);
    (void)fprintf(out, "%-9s %s  ", kind->name, strlen(id) > 8 ? id + strlen(id) - 8 : id);
    printer_line(out, name, 0);
    (void)fprintf(out, "%s%s: %s", name[0] != '\0' ? "  " : "", field->name, start != text ? "..." : "");
    printer_line(out, start, SNIPPET);
    (void)fputs(is_linked(f, kind, id) ? "  [linked]\n" : "\n", out);
}

static void print_found(struct searching *f, const struct schema_kind *kind, sqlite3_stmt *s)
{
    int column = 2;
    for (size_t i = 0; i < kind->field_count; i++) {
        const char *at;
        if (!is_searched(&kind->fields[i]))
            continue;
        if ((at = find_any(f, db_text(s, column))) != NULL)
            print_line(f, kind, &kind->fields[i], s, db_text(s, column), at);
        column++;
    }
    f->records++;
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
    while (code == 0 && (row = sqlite3_step(s)) == SQLITE_ROW)
        print_found(f, kind, s);
    if (code == 0 && row != SQLITE_DONE)
        code = error_set(e, E_IO, "the store cannot be read: %s", sqlite3_errmsg(db_handle(f->db)));
    (void)sqlite3_finalize(s);
    sqlite3_free(sql);
    return code;
}

/* Splits all arguments at spaces. The words point into the arguments. */
static int split(char **arguments, int count, const char *words[WORDS_MAX], size_t *found, struct error *e)
{
    *found = 0;
    for (int i = 0; i < count; i++) {
        char *rest = arguments[i], *word;
        while ((word = strtok_r(rest, " \t\n", &rest)) != NULL) {
            if (*found == WORDS_MAX)
                return error_set(e, E_USAGE, "search takes at most %d words", WORDS_MAX);
            words[(*found)++] = word;
        }
    }
    return *found != 0 ? 0 : error_set(e, E_USAGE, "say what to search for: satchel search WORDS");
}

static int search(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    const char *words[WORDS_MAX];
    struct searching f = {s->db, cli, words, 0, 0, {0}, json_start(cli->out)};
    const struct schema_kind *kinds;
    char text[64];
    size_t count;
    int code;
    if ((code = split(call->words, call->count, words, &f.word_count, e)) != 0 ||
        (code = person_map_load(s->db, &f.map, e)) != 0)
        return code;
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
    return code != 0 ? code : unknown_say(cli, s->db, e);
}

const struct command command_search = {
    .usage = {.name = "search",
              .words = "WORD...",
              .help = "find the records that hold all the words",
              .example = "satchel search penicillin"},
    .reads = search,
};
