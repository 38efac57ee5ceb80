/* `satchel list`: prints the caseload, or the records of one kind. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "doubts.h"
#include "find.h"
#include "json.h"
#include "moment.h"
#include "person.h"
#include "printer.h"
#include "record.h"
#include "schema.h"
#include "skew.h"
#include "unknown.h"
#include "whose.h"
#include "with_store.h"
#include "wrong_clock.h"

/* --- the caseload --- */

/* ?1: the risks in rising rank, as "|low|high|": a risk that this version does not know ranks above all that it does.
 * What is contested or waits in a case, or in its client, is counted for the case. */
static const char caseload[] =
    "WITH k AS (SELECT id_text(conflict.scope) AS scope, sum(loud) AS loud, sum(loud = 0) AS quiet"
    "    FROM conflict JOIN place ON place.record = conflict.record WHERE place.voided = 0 GROUP BY 1),"
    "  n AS (SELECT id_text(newer.scope) AS scope, count(*) AS n FROM newer JOIN place ON place.record = "
    "newer.record"
    "    WHERE place.voided = 0 AND EXISTS(SELECT 1 FROM op WHERE op.record = newer.record AND op.field = newer.field)"
    "    GROUP BY 1),"
    "  w AS (SELECT id_text(scope) AS scope, count(*) AS n FROM entry WHERE position IS NULL GROUP BY 1),"
    "  a AS (SELECT id_text(id) AS scope FROM scope WHERE complete = 0) "
    "SELECT c.id, c.number, coalesce(p.legal_name, p.preferred_name), c.risk, c.status, c.next_visit, c.voided,"
    "  coalesce(k1.loud, 0) + coalesce(k2.loud, 0) AS must_decide, coalesce(k1.quiet, 0) + coalesce(k2.quiet, 0),"
    "  coalesce(w1.n, 0) + coalesce(w2.n, 0), a1.scope IS NOT NULL OR a2.scope IS NOT NULL OR"
    "  (c.client IS NOT NULL AND p.id IS NULL), p.alert IS NOT NULL, c.client,"
    "  CASE WHEN c.risk IS NULL THEN 0 WHEN instr(?1, '|' || c.risk || '|') = 0 THEN 10000"
    "    ELSE instr(?1, '|' || c.risk || '|') END AS rank, coalesce(n1.n, 0) + coalesce(n2.n, 0), p.death_date "
    "FROM \"case\" c LEFT JOIN client p ON p.id = c.client"
    "  LEFT JOIN k k1 ON k1.scope = c.id LEFT JOIN k k2 ON k2.scope = c.client"
    "  LEFT JOIN w w1 ON w1.scope = c.id LEFT JOIN w w2 ON w2.scope = c.client"
    "  LEFT JOIN n n1 ON n1.scope = c.id LEFT JOIN n n2 ON n2.scope = c.client"
    "  LEFT JOIN a a1 ON a1.scope = c.id LEFT JOIN a a2 ON a2.scope = c.client "
    "WHERE c.voided = 0 OR ?2 ORDER BY must_decide > 0 DESC, rank DESC, fold(coalesce(p.legal_name, "
    "p.preferred_name)), coalesce(p.legal_name, p.preferred_name), c.id";

enum {
    ID,
    NUMBER,
    NAME,
    RISK,
    STATUS,
    NEXT_VISIT,
    VOIDED,
    LOUD,
    QUIET,
    UNSENT,
    ARRIVING,
    ALERT,
    CLIENT,
    RANK,
    NEWER,
    DIED
};

enum { NUMBER_WIDTH = 12 }; /* characters: a longer one is cut */

/* What the other records of a case's person add to its line. */
struct marks {
    int linked, alert, implausible;
    char died[WHOSE_BIRTH];
};

/* What the lines of a list are marked by, loaded once. */
struct marking {
    struct person_map map;
    struct doubts doubts;
    struct printer printer; /* for the clocks alone */
};

static int load_marking(struct db *db, const struct schema_kind *kind, struct marking *m, struct error *e)
{
    int code = person_map_load(db, &m->map, e);
    return code != 0 ? code : doubts_load(db, kind, &m->doubts, e);
}

static void free_marking(struct marking *m)
{
    person_map_free(&m->map);
    doubts_free(&m->doubts);
}

static int is_linked(const struct person_map *map, const char *client)
{
    struct id id;
    return id_parse(client, &id, NULL) == 0 && person_map_find(map, &id) != SIZE_MAX;
}

static int is_doubted(const struct doubts *doubts, const char *record)
{
    struct id id;
    return id_parse(record, &id, NULL) == 0 && doubts_has(doubts, &id);
}

static int is_wrong_clock(const struct marking *m, const struct schema_kind *kind, const char *record)
{
    struct id id;
    int64_t off;
    return id_parse(record, &id, NULL) == 0 && wrong_clock_has(&m->printer, kind, &id, &off, NULL) == 1;
}

/* Looks at all records of the person: a warning stands on whichever of them it was written. */
static int find_marks(struct db *db, const struct person_map *map, const char *client, struct marks *out,
                      struct error *e)
{
    size_t at;
    struct id id;
    out->died[0] = '\0';
    out->linked = is_linked(map, client);
    out->alert = 0;
    if (!out->linked || id_parse(client, &id, e) != 0)
        return 0;
    at = map->group[person_map_find(map, &id)];
    for (size_t i = 0; i < map->count && (!out->alert || out->died[0] == '\0'); i++) {
        char text[ID_TEXT];
        if (map->group[i] != at)
            continue;
        id_format(&map->ids[i], text);
        if (out->died[0] == '\0')
            whose_day_of_death(db, &map->ids[i], out->died);
        if (out->alert == 0 &&
            (out->alert = db_exists(db, e, "SELECT 1 FROM client WHERE id = ? AND alert IS NOT NULL", "t", text)) < 0)
            return error_code(e);
    }
    return 0;
}

static void list_risks(char *out, size_t out_max)
{
    const struct schema_choice *c = schema_field_named(schema_kind(KIND_CASE), "risk")->choices;
    size_t used = (size_t)snprintf(out, out_max, "|");
    for (; c->name != NULL && used < out_max; c++)
        used += (size_t)snprintf(out + used, out_max - used, "%s|", c->name);
}

/* A member with the column's text, or null. */
static void json_column(struct json *j, const char *name, sqlite3_stmt *s, int column)
{
    json_text(json_key(j, name), db_is_null(s, column) ? NULL : db_text(s, column));
}

static void case_json(struct json *j, sqlite3_stmt *s, const struct marks *marks)
{
    static const char *const names[] = {"number", "name", "risk", "status", "next_visit"};
    json_object(j);
    json_text(json_key(j, "id"), db_text(s, ID));
    json_column(j, "client", s, CLIENT);
    /* Do not call empty what has not arrived. */
    for (int i = 0; i < 5; i++)
        if (!db_is_null(s, NUMBER + i) || !db_int(s, ARRIVING))
            json_column(j, names[i], s, NUMBER + i);
    json_text(json_key(j, "died"), !db_is_null(s, DIED)     ? db_text(s, DIED)
                                   : marks->died[0] != '\0' ? marks->died
                                                            : NULL);
    json_flag(json_key(j, "alert"), db_int(s, ALERT) || marks->alert);
    json_int(json_key(j, "conflicts"), db_int(s, LOUD));
    json_int(json_key(j, "quiet"), db_int(s, QUIET));
    json_int(json_key(j, "unsent"), db_int(s, UNSENT));
    json_int(json_key(j, "newer"), db_int(s, NEWER));
    json_flag(json_key(j, "arriving"), db_int(s, ARRIVING) != 0);
    json_flag(json_key(j, "voided"), db_int(s, VOIDED) != 0);
    json_flag(json_key(j, "linked"), marks->linked);
    json_flag(json_key(j, "implausible"), marks->implausible);
    json_end(j);
}

static void case_flags(FILE *out, sqlite3_stmt *s, const struct marks *marks)
{
    long long loud = (long long)db_int(s, LOUD), quiet = (long long)db_int(s, QUIET);
    long long unsent = (long long)db_int(s, UNSENT);
    if (db_int(s, VOIDED))
        (void)fputs(" [voided]", out);
    if (db_int(s, ALERT) || marks->alert)
        (void)fputs(" [alert]", out);
    if (marks->linked)
        (void)fputs(" [linked]", out);
    if (loud != 0)
        (void)fprintf(out, " [contested: %lld]", loud);
    if (quiet != 0)
        (void)fprintf(out, " [parallel edits: %lld]", quiet);
    if (db_int(s, ARRIVING))
        (void)fputs(" [arriving]", out);
    if (unsent != 0)
        (void)fprintf(out, " [unsent: %lld]", unsent);
    if (db_int(s, NEWER) != 0)
        (void)fprintf(out, " [newer than this program: %lld]", (long long)db_int(s, NEWER));
    if (marks->implausible)
        (void)fputs(" [implausible]", out);
}

static void case_words(FILE *out, sqlite3_stmt *s, const struct marks *marks)
{
    /* A case that is still arriving may have at the office what is empty here. */
    const char *nothing = db_int(s, ARRIVING) ? "..." : "-";
    const char *id = db_text(s, ID), *visit = db_text(s, NEXT_VISIT);
    const char *number = db_text(s, NUMBER), *name = db_text(s, NAME);
    const char *risk = db_text(s, RISK), *status = db_text(s, STATUS);
    const char *died = !db_is_null(s, DIED) ? db_text(s, DIED) : marks->died;
    char when[MOMENT_TEXT], who[PRINTER_NAME + sizeof "[died ] " + WHOSE_BIRTH];
    moment_to_words(visit, when);
    (void)snprintf(who, sizeof who, "%s%s%s%s", died[0] != '\0' ? "[died " : "", died, died[0] != '\0' ? "] " : "",
                   name[0] != '\0' ? name : nothing);
    printer_cell(out, strlen(id) > 8 ? id + strlen(id) - 8 : id, 10, 0);
    printer_cell(out, number[0] != '\0' ? number : nothing, NUMBER_WIDTH, 1);
    (void)fputc(' ', out);
    printer_cell(out, who, 26, 0);
    (void)fputc(' ', out);
    printer_cell(out, risk[0] != '\0' ? risk : nothing, 11, 0);
    printer_cell(out, status[0] != '\0' ? status : nothing, 8, 0);
    (void)fputc(' ', out);
    printer_cell(out, when[0] != '\0' ? when : nothing, 22, 0);
    case_flags(out, s, marks);
    (void)fputc('\n', out);
}

/* Tells what the lines above cannot: how much is newer than this program, and how many cases and persons are arriving
 * of which nothing is in a table yet. */
static int say_more(struct db *db, struct cli *cli, struct error *e)
{
    char words[64];
    uint64_t count;
    int code = db_number_of(db, &count, e, "SELECT count(*) FROM scope WHERE complete = 0 AND id <> zeroblob(16)", "");
    if (code != 0)
        return code;
    if (count != 0)
        (void)fprintf(cli->err, "%s not arrived whole yet; `satchel sync` goes on fetching\n",
                      cli_count(count, "case or person has", "cases and persons have", words, sizeof words));
    return unknown_say(cli, db, e);
}

/* What a line of the caseload shows of a case and of its client. */
static int saw_case(struct seen *seen, sqlite3_stmt *s, struct error *e)
{
    static const char *const names[] = {"number", "risk", "status", "next_visit"};
    unsigned fields[4], name = schema_field_named(schema_kind(KIND_CLIENT), "legal_name")->number;
    struct id id;
    int is_cut, code = 0;
    for (size_t i = 0; i < 4; i++)
        fields[i] = schema_field_named(schema_kind(KIND_CASE), names[i])->number;
    /* The number stands first, so that it can be left out: it is cut. */
    is_cut = strlen(db_text(s, NUMBER)) > NUMBER_WIDTH;
    if (id_parse(db_text(s, ID), &id, NULL) == 0)
        code = seen_columns(seen, &id, fields + is_cut, 4u - (unsigned)is_cut, e);
    if (code == 0 && id_parse(db_text(s, CLIENT), &id, NULL) == 0)
        code = seen_columns(seen, &id, &name, 1, e);
    return code;
}

/* Prints a line for each case; *count: how many there are. */
static int each_case(struct store *store, struct cli *cli, int all, const struct marking *m, uint64_t *count,
                     struct error *e)
{
    struct db *db = store->db;
    struct json j = json_start(cli->out);
    struct marks marks;
    char risks[256];
    sqlite3_stmt *s;
    int row, code;
    list_risks(risks, sizeof risks);
    if ((code = db_query(db, &s, e, caseload, "ti", risks, (int64_t)all)) != 0)
        return code;
    if (cli->json)
        json_array(&j);
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = find_marks(db, &m->map, db_text(s, CLIENT), &marks, e)) != 0) {
            db_done(db, s);
            return code;
        }
        marks.implausible = is_doubted(&m->doubts, db_text(s, ID)) || is_doubted(&m->doubts, db_text(s, CLIENT));
        if (cli->json)
            case_json(&j, s, &marks);
        else
            case_words(cli->out, s, &marks);
        if ((code = saw_case(&store->seen, s, e)) != 0) {
            db_done(db, s);
            return code;
        }
        (*count)++;
    }
    if (cli->json)
        json_end(&j);
    return row < 0 ? error_code(e) : 0;
}

static int list_cases(struct store *s, struct cli *cli, int all, struct error *e)
{
    struct db *db = s->db;
    struct marking m = {0};
    char words[64];
    uint64_t count = 0;
    int code;
    if ((code = load_marking(db, schema_kind(KIND_CASE), &m, e)) == 0 &&
        (code = doubts_load(db, schema_kind(KIND_CLIENT), &m.doubts, e)) == 0)
        code = each_case(s, cli, all, &m, &count, e);
    free_marking(&m);
    if (code != 0)
        return code;
    (void)fprintf(cli->err, "%s\n", cli_count(count, "case", "cases", words, sizeof words));
    return say_more(db, cli, e);
}

/* --- one kind --- */

enum {
    FIRST_FIELD = 7, /* the column */
    LINE_MAX_CHARACTERS = 60
};

/* Makes the statement, by what the lines begin with: a time, the newest first, or letters in their folded order. Its
 * columns: id, scope, voided, contested, whether it waits, whether its scope is arriving, whether it has
 * something newer than this program, field... Arrays are words unless json is set. */
static char *kind_sql(const struct schema_kind *kind, int json)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    const struct schema_field *first =
        kind->columns[0] != NULL ? schema_field_named(kind, kind->columns[0]) : &kind->fields[0];
    int is_dated;
    sqlite3_str_appendf(sql,
                        "SELECT t.id, t.scope, t.voided, t.contested,"
                        " EXISTS(SELECT 1 FROM entry WHERE position IS NULL AND record = place.record),"
                        " EXISTS(SELECT 1 FROM scope WHERE id = place.scope AND complete = 0),"
                        " EXISTS(SELECT 1 FROM newer JOIN op ON op.record = newer.record AND op.field = newer.field"
                        "  WHERE newer.record = place.record)");
    for (size_t i = 0; i < kind->field_count; i++) {
        const char *name = kind->fields[i].name;
        if (schema_traits(&kind->fields[i])->is_list && !json)
            sqlite3_str_appendf(sql, ", (SELECT group_concat(value, '; ') FROM json_each(t.\"%w\"))", name);
        else
            sqlite3_str_appendf(sql, ", t.\"%w\"", name);
    }
    is_dated = first->type == SCHEMA_TIME || first->type == SCHEMA_DATE;
    sqlite3_str_appendf(sql,
                        " FROM place JOIN \"%w\" t ON t.id = id_text(place.record) WHERE place.kind = %u AND (?1 OR "
                        "t.voided = 0) AND (?2 IS NULL OR t.scope = ?2)"
                        " ORDER BY t.contested DESC, ",
                        kind->name, kind->number);
    if (is_dated && schema_traits(first)->is_list)
        sqlite3_str_appendf(sql, "json_extract(t.\"%w\", '$[0]') DESC, t.id DESC", first->name);
    else if (is_dated)
        sqlite3_str_appendf(sql, "t.\"%w\" DESC, t.id DESC", first->name);
    else
        sqlite3_str_appendf(sql, "fold(t.\"%w\"), t.\"%w\", t.id", first->name, first->name);
    return sqlite3_str_finish(sql);
}

/* Writes a column as JSON has it. An array is JSON already. */
static void field_json(struct json *j, const struct schema_field *field, sqlite3_stmt *s, int column)
{
    int is_number = sqlite3_column_type(s, column) == SQLITE_INTEGER;
    json_key(j, field->name);
    if (schema_traits(field)->is_list)
        json_json(j, db_text(s, column));
    else if (is_number && field->type == SCHEMA_FLAG)
        json_flag(j, db_int(s, column) != 0);
    else if (is_number && field->type == SCHEMA_MONEY)
        json_hundredths(j, db_int(s, column));
    else if (is_number)
        json_int(j, db_int(s, column));
    else
        json_text(j, db_text(s, column));
}

static void record_json(struct json *j, const struct schema_kind *kind, sqlite3_stmt *s, const struct marking *m)
{
    static const char *const flags[] = {"voided", "contested", "unsent", "arriving", "newer"};
    json_object(j);
    json_text(json_key(j, "id"), db_text(s, 0));
    json_text(json_key(j, "scope"), db_text(s, 1));
    for (int i = 0; i < FIRST_FIELD - 2; i++)
        json_flag(json_key(j, flags[i]), db_int(s, i + 2) != 0);
    json_flag(json_key(j, "implausible"), is_doubted(&m->doubts, db_text(s, 0)));
    json_flag(json_key(j, "wrong_clock"), is_wrong_clock(m, kind, db_text(s, 0)));
    for (size_t i = 0; i < kind->field_count; i++)
        if (!db_is_null(s, (int)i + FIRST_FIELD))
            field_json(j, &kind->fields[i], s, (int)i + FIRST_FIELD);
    json_end(j);
}

/* Prints the value of one column in a line. */
static void line_field(struct db *db, FILE *out, const struct schema_field *field, const char *text)
{
    char name[PRINTER_NAME], moment[MOMENT_TEXT];
    struct id id;
    if (field->type == SCHEMA_TIME) {
        char first[MOMENT_TEXT + 4];
        /* A field that is written once is a list; its first entry is what was written. */
        cli_cut(first, sizeof first, text);
        first[strcspn(first, ";")] = '\0';
        moment_to_words(first, moment);
        text = moment;
    }
    if (field->type == SCHEMA_REF && id_parse(text, &id, NULL) == 0) {
        printer_author(db, &id, name);
        text = name;
    }
    printer_line(out, text, LINE_MAX_CHARACTERS);
}

static void record_words(struct db *db, FILE *out, const struct schema_kind *kind, sqlite3_stmt *s,
                         const struct marking *m)
{
    const char *id = db_text(s, 0);
    struct id record;
    printer_cell(out, strlen(id) > 8 ? id + strlen(id) - 8 : id, 8, 0);
    for (size_t i = 0; i < SCHEMA_COLUMNS && kind->columns[i] != NULL; i++) {
        for (size_t k = 0; k < kind->field_count; k++) {
            if (strcmp(kind->fields[k].name, kind->columns[i]) != 0)
                continue;
            (void)fputs("  ", out);
            if (i == 0 && kind->number == KIND_CLIENT && id_parse(id, &record, NULL) == 0)
                whose_died(out, db, &record);
            line_field(db, out, &kind->fields[k],
                       db_is_null(s, (int)k + FIRST_FIELD) ? (db_int(s, 5) ? "..." : "-")
                                                           : db_text(s, (int)k + FIRST_FIELD));
        }
    }
    (void)fputs(kind->number == KIND_CLIENT && is_linked(&m->map, id) ? "  [linked]" : "", out);
    (void)fputs(db_int(s, 2) ? "  [voided]" : "", out);
    (void)fputs(db_int(s, 3) ? "  [contested]" : "", out);
    (void)fputs(db_int(s, 5) ? "  [arriving]" : "", out);
    (void)fputs(db_int(s, 4) ? "  [unsent]" : "", out);
    (void)fputs(db_int(s, 6) ? "  [newer than this program]" : "", out);
    (void)fputs(is_doubted(&m->doubts, id) ? "  [implausible]" : "", out);
    (void)fputs(is_wrong_clock(m, kind, id) ? "  [wrong clock]" : "", out);
    (void)fputc('\n', out);
}

/* 1: a line shows this column whole. */
static int is_whole(const struct schema_kind *kind, const struct schema_field *field, const char *text)
{
    for (size_t i = 0; i < SCHEMA_COLUMNS && kind->columns[i] != NULL; i++)
        if (strcmp(field->name, kind->columns[i]) == 0)
            return field->type != SCHEMA_TEXT || strlen(text) <= LINE_MAX_CHARACTERS;
    return 0;
}

/* What a line, or an object of JSON, shows of a record. */
static int saw_record(struct seen *seen, const struct schema_kind *kind, sqlite3_stmt *s, int json, struct error *e)
{
    unsigned fields[SEEN_FIELDS_MAX];
    size_t count = 0;
    struct id id;
    for (size_t i = 0; i < kind->field_count && count < SEEN_FIELDS_MAX; i++)
        if (json || is_whole(kind, &kind->fields[i], db_text(s, (int)i + FIRST_FIELD)))
            fields[count++] = kind->fields[i].number;
    return id_parse(db_text(s, 0), &id, NULL) != 0 ? 0 : seen_columns(seen, &id, fields, count, e);
}

static int list_kind(struct store *store, struct cli *cli, const struct schema_kind *kind, const char *scope, int all,
                     struct error *e)
{
    struct db *db = store->db;
    char *sql = kind_sql(kind, cli->json);
    struct json j = json_start(cli->out);
    struct marking m = {0};
    uint64_t count = 0;
    sqlite3_stmt *s;
    int row = 0, code;
    if (sql == NULL)
        return error_memory(e);
    m.printer = (struct printer){.db = db, .now_ms = skew_now(db)};
    if ((code = load_marking(db, kind, &m, e)) != 0 ||
        (code = db_query(db, &s, e, sql, "it", (int64_t)all, scope)) != 0)
        goto out;
    if (cli->json)
        json_array(&j);
    while ((row = db_next(db, s, e)) == 1) {
        if (cli->json)
            record_json(&j, kind, s, &m);
        else
            record_words(db, cli->out, kind, s, &m);
        count++;
        if ((code = saw_record(&store->seen, kind, s, cli->json, e)) != 0) {
            db_done(db, s);
            goto out;
        }
    }
    if (cli->json)
        json_end(&j);
    if (row < 0)
        code = error_code(e);
    else
        (void)fprintf(cli->err, "%llu of kind %s\n", (unsigned long long)count, kind->name);
out:
    free_marking(&m);
    sqlite3_free(sql);
    return code != 0 ? code : say_more(db, cli, e);
}

static int list_newer(struct store *s, struct cli *cli, struct error *e)
{
    struct db *db = s->db;
    struct printer v;
    int code = printer_open(&v, db, cli, e);
    v.seen = &s->seen;
    if (code == 0)
        code = unknown_list(&v, e);
    printer_close(&v);
    return code != 0 ? code : say_more(db, cli, e);
}

static int list_any(struct store *s, struct usage_call *call, struct error *e)
{
    const char *words = usage_text(call, "case"), *name = call->words[0];
    struct cli *cli = call->cli;
    int all = usage_flag(call, "all"), code;
    const struct schema_kind *kind = NULL;
    char scope[ID_TEXT];
    struct id id;
    if (name != NULL && strcmp(name, "newer") == 0)
        return list_newer(s, cli, e);
    if (name != NULL && ((kind = schema_kind_named(name)) == NULL || !kind->dealt))
        return error_set(e, E_NOT_FOUND, "a laptop holds no records of kind %s; `satchel help` lists the kinds", name);
    if (words != NULL) {
        if ((code = find_record(s, cli, schema_kind(KIND_CASE), words, &id, e)) != 0)
            return code;
        id_format(&id, scope);
    }
    if (kind == NULL || kind->number == KIND_CASE)
        return words == NULL ? list_cases(s, cli, all, e)
                             : error_set(e, E_USAGE, "--case goes with a kind of record in a case, such as note");
    return list_kind(s, cli, kind, words != NULL ? scope : NULL, all, e);
}

const struct command command_list = {
    .usage = {.name = "list",
              .words = "[KIND]",
              .options = {{.name = "all", .help = "also what is voided"},
                          {.name = "case", .value = "CASE", .help = "only what stands in a case"},
                          COMMAND_SEEN},
              .help = "list the caseload, or the records of a kind",
              .more = "`satchel list newer` lists what a newer version of satchel wrote, and this one cannot read.",
              .example = "satchel list note --case 2024-171"},
    .reads = list_any,
};
