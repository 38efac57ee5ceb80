/* `satchel show`: prints one record, or a case with all that is in it. What a visitor must know stands first. What has
 * not arrived is never said to be empty. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "find.h"
#include "printer.h"
#include "record.h"
#include "schema.h"
#include "unknown.h"
#include "warn.h"
#include "with_store.h"

#define LABEL FIELDS_LABEL
#define SERVICES_MAX 10

static void print_arriving(struct printer *v, const char *what)
{
    (void)fprintf(v->cli->out,
                  "NOT ALL OF THIS %s HAS ARRIVED YET: what is missing here may be at the office; `satchel sync` "
                  "fetches it\n",
                  what);
}

/* --- what is in a case --- */

/* Ends an array that its first record began. If there was none, the array is printed empty, unless records are still
 * arriving: then it is left out. */
static void end_array(struct json *j, const char *name, size_t count, int arriving)
{
    if (count == 0 && arriving)
        return;
    if (count == 0)
        json_array(json_key(j, name));
    json_end(j);
}

static int part_json(struct printer *v, const struct id *record, struct error *e)
{
    struct record_place place;
    int code;
    json_object(&v->json);
    if ((code = record_find(v->db, record, &place, e)) == 0 && (code = fields_json(v, record, &place, e)) == 0)
        json_end(&v->json);
    return code;
}

/* Some of the records that stand under a case or a person. */
struct part {
    unsigned kind;
    const char *name, *sql; /* sql: takes the id above them as text, gives the text of each one's id */
    int (*words)(struct printer *v, const struct id *record, size_t number, struct error *e);
};

/* Prints each record of a part: in words, or in JSON as an array of the part's name, which is left out if it is empty
 * and records are still arriving. above: the text of the id above them. */
static int print_part(struct printer *v, const struct part *part, const char *above, int arriving, struct error *e)
{
    sqlite3_stmt *s;
    size_t count = 0;
    struct id id;
    int row, code;
    if ((code = db_query(v->db, &s, e, part->sql, "t", above)) != 0)
        return code;
    while ((row = db_next(v->db, s, e)) == 1) {
        if (v->cli->json && count == 0)
            json_array(json_key(&v->json, part->name));
        if ((code = id_parse(db_text(s, 0), &id, e)) != 0 ||
            (code = v->cli->json ? part_json(v, &id, e) : part->words(v, &id, count, e)) != 0) {
            db_done(v->db, s);
            return code;
        }
        count++;
    }
    if (row < 0)
        return error_code(e);
    if (v->cli->json)
        end_array(&v->json, part->name, count, arriving);
    return 0;
}

static int part_words(struct printer *v, const struct id *record, size_t number, struct error *e)
{
    (void)number;
    (void)fputc('\n', v->cli->out);
    return fields_words(v, record, 1, e);
}

static int line_words(struct printer *v, const struct id *record, size_t number, struct error *e)
{
    if (number == 0)
        (void)fputc('\n', v->cli->out);
    return fields_line(v, record, e);
}

/* These are shown newest first; ids of one day are in the order of their making. */
static const struct part parts[] = {
    {KIND_CONTACT, "contacts", "SELECT id FROM contact WHERE scope = ? AND voided = 0 ORDER BY id", part_words},
    {KIND_PLAN, "plans", "SELECT id FROM plan WHERE scope = ? AND voided = 0 ORDER BY id DESC", part_words},
    {KIND_NOTE, "notes",
     "SELECT id FROM note WHERE scope = ? AND voided = 0 ORDER BY json_extract(visited, '$[0]') DESC, id DESC",
     part_words},
    {KIND_SERVICE, "services",
     "SELECT id FROM service WHERE scope = ? AND voided = 0 ORDER BY started DESC, id DESC LIMIT 10", line_words},
};

static int count_services(struct printer *v, const char *scope, uint64_t *count, struct error *e)
{
    return db_number_of(v->db, count, e, "SELECT count(*) FROM service WHERE scope = ? AND voided = 0", "t", scope);
}

/* Prints the records of each kind that stands in a case and has no row in parts[], under the kind's own name. */
static int show_other_kinds(struct printer *v, const char *scope, int arriving, struct error *e)
{
    size_t count, row;
    const struct schema_kind *kinds = schema_kinds(&count);
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        char *sql;
        for (row = 0; row < sizeof parts / sizeof *parts && parts[row].kind != kinds[i].number; row++)
            continue;
        if (row < sizeof parts / sizeof *parts || kinds[i].place != SCHEMA_CASE || kinds[i].number == KIND_CASE ||
            kinds[i].office_only || !kinds[i].dealt)
            continue;
        sql = sqlite3_mprintf("SELECT id FROM \"%w\" WHERE scope = ? AND voided = 0 ORDER BY id", kinds[i].name);
        code = sql == NULL
                   ? error_memory(e)
                   : print_part(v, &(struct part){kinds[i].number, kinds[i].name, sql, part_words}, scope, arriving, e);
        sqlite3_free(sql);
    }
    return code;
}

static int show_parts(struct printer *v, const struct id *scope, int arriving, struct error *e)
{
    char text[ID_TEXT], words[64];
    uint64_t services;
    int code = 0;
    id_format(scope, text);
    for (size_t i = 0; code == 0 && i < sizeof parts / sizeof *parts; i++)
        code = print_part(v, &parts[i], text, arriving, e);
    if (code != 0 || (code = show_other_kinds(v, text, arriving, e)) != 0 ||
        (code = count_services(v, text, &services, e)) != 0)
        return code;
    if (v->cli->json)
        json_key(&v->json, "unknown_records");
    if ((code = unknown_records(v, scope, e)) != 0)
        return code;
    if (v->cli->json && !arriving)
        json_uint(json_key(&v->json, "service_count"), services);
    else if (!v->cli->json && services > SERVICES_MAX)
        (void)fprintf(v->cli->out, "\n%s in all; the last %d are shown, `satchel list service --case %s` lists them\n",
                      cli_count(services, "service", "services", words, sizeof words), SERVICES_MAX,
                      text + ID_TEXT - PRINTER_ID);
    return 0;
}

/* --- a case --- */

/* Calls back for each client that a case may be of: one, or each that a conflict names. */
static int each_client(struct printer *v, const struct id *record, const struct record_place *place, size_t *count,
                       int (*each)(struct printer *v, const struct id *client, const struct id *file, size_t number,
                                   struct error *e),
                       struct error *e)
{
    const struct schema_field *field = schema_field_named(place->kind, "client");
    struct record_field f;
    int code = record_field_load(v->db, record, place->kind, field, &f, e);
    *count = 0;
    if (code != 0)
        return code;
    for (size_t i = 0; code == 0 && i < f.count; i++) {
        struct id client;
        size_t before = 0;
        while (before < i && !slice_equal(f.ops[before].merge.value, f.ops[i].merge.value))
            before++;
        if (before == i && slice_id(f.ops[i].merge.value, &client))
            code = each(v, &client, record, (*count)++, e);
    }
    record_field_free(&f);
    return code;
}

static int client_warnings(struct printer *v, const struct id *client, const struct id *file, size_t number,
                           struct error *e)
{
    char name[PRINTER_NAME];
    if (number != 0) {
        printer_author(v->db, client, name);
        (void)fputs("or, since the client of this case is contested, for ", v->cli->out);
        printer_line(v->cli->out, name, 0);
        (void)fputs(":\n", v->cli->out);
    }
    return warn_words(v, client, file, e);
}

/* 1: the person of a case is still arriving, or not here at all; 0: all is here; -1: failed, e says why. */
static int is_person_arriving(struct printer *v, const struct id *client, struct error *e)
{
    struct record_place place;
    if (record_find(v->db, client, &place, NULL) != 0)
        return 1;
    return printer_is_arriving(v->db, client, e);
}

static int client_words(struct printer *v, const struct id *client, const struct id *file, size_t number,
                        struct error *e)
{
    struct record_place place;
    int arriving = is_person_arriving(v, client, e);
    (void)file;
    (void)number;
    if (arriving < 0)
        return error_code(e);
    (void)fputc('\n', v->cli->out);
    if (arriving)
        print_arriving(v, "PERSON");
    if (record_find(v->db, client, &place, NULL) != 0)
        return 0;
    return fields_words(v, client, 1, e) != 0 ? error_code(e) : unknown_records(v, client, e);
}

static int client_json(struct printer *v, const struct id *client, const struct id *file, size_t number,
                       struct error *e)
{
    struct json *j = &v->json;
    struct record_place place;
    int code;
    if (number == 0)
        json_array(json_key(j, "clients"));
    json_object(j);
    if (record_find(v->db, client, &place, NULL) == 0) {
        if ((code = fields_json(v, client, &place, e)) != 0)
            return code;
        json_key(j, "unknown_records");
        if ((code = unknown_records(v, client, e)) != 0)
            return code;
    } else {
        json_id(json_key(j, "id"), client);
        json_text(json_key(j, "kind"), "client");
        json_flag(json_key(j, "arriving"), 1);
    }
    if ((code = warn_json(v, client, file, e)) == 0)
        json_end(j);
    return code;
}

static int show_case(struct printer *v, const struct id *record, const struct record_place *place, struct error *e)
{
    FILE *out = v->cli->out;
    int code, arriving = printer_is_arriving(v->db, record, e);
    size_t count;
    if (arriving < 0)
        return error_code(e);
    if (v->cli->json) {
        if ((code = fields_json(v, record, place, e)) != 0 ||
            (code = each_client(v, record, place, &count, client_json, e)) != 0)
            return code;
        end_array(&v->json, "clients", count, arriving);
        return show_parts(v, record, arriving, e);
    }
    if (arriving)
        print_arriving(v, "CASE");
    if ((code = each_client(v, record, place, &count, client_warnings, e)) != 0)
        return code;
    if (count == 0)
        (void)fprintf(out, "%-*s%s\n", LABEL, "ALLERGIES",
                      arriving ? "not known here: the client of this case has not arrived yet"
                               : "not known here: this case names no client");
    (void)fputc('\n', out);
    if ((code = fields_words(v, record, 0, e)) == 0 &&
        (code = each_client(v, record, place, &count, client_words, e)) == 0)
        code = show_parts(v, record, arriving, e);
    return code;
}

/* Prints a person: the same warnings as for a case, the fields, and the cases. */
static int show_client(struct printer *v, const struct id *record, const struct record_place *place, struct error *e)
{
    static const struct part cases = {
        KIND_CASE, "cases", "SELECT id FROM \"case\" WHERE client = ? AND voided = 0 ORDER BY id DESC", part_words};
    int code, arriving = printer_is_arriving(v->db, record, e);
    char text[ID_TEXT];
    id_format(record, text);
    if (arriving < 0)
        return error_code(e);
    if (v->cli->json) {
        if ((code = fields_json(v, record, place, e)) != 0 || (code = warn_json(v, record, NULL, e)) != 0)
            return code;
        json_key(&v->json, "unknown_records");
        if ((code = unknown_records(v, record, e)) != 0)
            return code;
        return print_part(v, &cases, text, arriving, e);
    }
    if (arriving)
        print_arriving(v, "PERSON");
    if ((code = warn_words(v, record, NULL, e)) != 0)
        return code;
    (void)fputc('\n', v->cli->out);
    if ((code = fields_words(v, record, 0, e)) == 0 && (code = unknown_records(v, record, e)) == 0)
        code = print_part(v, &cases, text, arriving, e);
    return code;
}

static int show_other(struct printer *v, const struct id *record, const struct record_place *place, struct error *e)
{
    int arriving = printer_is_arriving(v->db, &place->scope, e);
    if (arriving < 0)
        return error_code(e);
    if (v->cli->json)
        return fields_json(v, record, place, e);
    if (arriving)
        print_arriving(v, place->kind->place == SCHEMA_CASE ? "CASE" : "OFFICE");
    return fields_words(v, record, 0, e);
}

static int show_record(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct record_place place;
    struct printer v;
    struct id record;
    int code;
    if ((code = find_record(s, call->cli, NULL, call->words[0], &record, e)) != 0 ||
        (code = printer_open(&v, s->db, cli, e)) != 0)
        return code;
    v.seen = &s->seen;
    if (record_find(s->db, &record, &place, NULL) != 0) {
        code = unknown_record(&v, &record, e);
        printer_close(&v);
        return code;
    }
    if (cli->json)
        json_object(&v.json);
    if (place.kind->number == KIND_CASE)
        code = show_case(&v, &record, &place, e);
    else if (place.kind->number == KIND_CLIENT)
        code = show_client(&v, &record, &place, e);
    else
        code = show_other(&v, &record, &place, e);
    if (cli->json && code == 0)
        json_end(&v.json);
    printer_close(&v);
    return code;
}

const struct command command_show = {
    .usage = {.name = "show",
              .words = "RECORD",
              .options = {COMMAND_SEEN},
              .help = "show a record, or a case with all that is in it",
              .more = "A record is named by its id or the end of it, a case number, or a part of the client's name.",
              .example = "satchel show 2024-171"},
    .reads = show_record,
};
