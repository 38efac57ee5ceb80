/* One record, or a case with all that is in it. What a visitor must know stands first. What has not arrived is never
 * said to be empty. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "record.h"
#include "schema.h"
#include "view.h"

#define LABEL 18
#define SERVICES_MAX 10

/* --- a field in words --- */

static void label(FILE *out, const char *name, int indent)
{
    (void)fprintf(out, "%*s%-*s", indent, "", LABEL, name);
}

static void print_contested(struct view *v, const struct id *record, const struct record_place *place,
                            const struct schema_field *field, const struct record_field *f, int indent)
{
    FILE *out = v->cli->out;
    char brief[VIEW_ID];
    view_id(record, brief);
    view_block(out, view_value(v, field, f->ops[0].merge.value), indent + LABEL);
    (void)fputc('\n', out);
    if (f->shown.conflict == MERGE_LOUD)
        (void)fprintf(out, "%*scontested: decide with `satchel resolve %s %s VALUE`, a value or its number\n",
                      indent + LABEL, "", brief, field->name);
    else
        (void)fprintf(out, "%*skept for review: %zu values\n", indent + LABEL, "", f->count);
    view_ops(v, place->kind, field, f, indent + LABEL);
}

static void print_amendments(struct view *v, const struct schema_field *field, const struct record_field *f, int indent)
{
    FILE *out = v->cli->out;
    for (size_t i = 1; i < f->count; i++) {
        char author[VIEW_NAME], when[32];
        view_author(v->db, &f->ops[i].author, author);
        cli_time(f->ops[i].wall_ms, when);
        (void)fprintf(out, "%*samended %s by ", indent, "", when);
        view_line(out, author, 0);
        (void)fprintf(out, " (%s): ", field->name);
        view_block(out, view_value(v, field, f->ops[i].merge.value), indent + 2);
        (void)fputc('\n', out);
    }
}

static int print_sum(struct view *v, const struct schema_field *field, const struct record_field *f, struct error *e)
{
    struct pack total;
    int code;
    pack_start(&total);
    pack_int(&total, f->shown.sum);
    if ((code = pack_finish(&total, e)) == 0)
        (void)fprintf(v->cli->out, "%s%s (of %zu)\n", view_value(v, field, pack_bytes(&total)),
                      f->shown.conflict != MERGE_AGREED ? ", and too large to be right" : "", f->shown.count);
    pack_free(&total);
    return code;
}

/* Is there anything to show? Cleared by all who wrote it is nothing. */
static int is_empty(const struct schema_field *field, const struct record_field *f)
{
    if (field->policy == SCHEMA_SET || field->policy == SCHEMA_SUM)
        return f->shown.count == 0;
    return f->count == 0 || (f->shown.conflict == MERGE_AGREED && f->count == 1 && slice_is_nil(f->ops[0].merge.value));
}

static int print_field(struct view *v, const struct id *record, const struct record_place *place,
                       const struct schema_field *field, const struct record_field *f, int indent, struct error *e)
{
    FILE *out = v->cli->out;
    int code = 0;
    label(out, field->name, indent);
    if (field->policy == SCHEMA_SUM) {
        code = print_sum(v, field, f, e);
    } else if (field->policy == SCHEMA_SET) {
        for (size_t i = 0; i < f->shown.count; i++) {
            (void)fprintf(out, "%*s", i == 0 ? 0 : indent + LABEL, "");
            view_block(out, view_value(v, field, f->ops[i].merge.value), indent + LABEL);
            (void)fputc('\n', out);
        }
    } else if (f->shown.conflict != MERGE_AGREED) {
        print_contested(v, record, place, field, f, indent);
    } else {
        view_block(out, view_value(v, field, f->ops[0].merge.value), indent + LABEL);
        (void)fputc('\n', out);
        if (field->policy == SCHEMA_ONCE)
            print_amendments(v, field, f, indent + LABEL);
    }
    return code;
}

/* --- a field in JSON --- */

/* An array of what a set or a once field shows, or the one value. */
static void field_json(struct view *v, const struct record_place *place, const struct schema_field *field,
                       const struct record_field *f)
{
    FILE *out = v->cli->out;
    if (field->policy == SCHEMA_ONCE) {
        view_ops(v, place->kind, field, f, 0);
    } else if (field->policy == SCHEMA_SUM && field->type == SCHEMA_MONEY) {
        uint64_t size = f->shown.sum < 0 ? 0 - (uint64_t)f->shown.sum : (uint64_t)f->shown.sum;
        (void)fprintf(out, "%s%llu.%02llu", f->shown.sum < 0 ? "-" : "", (unsigned long long)(size / 100),
                      (unsigned long long)(size % 100));
    } else if (field->policy == SCHEMA_SUM) {
        (void)fprintf(out, "%lld", (long long)f->shown.sum);
    } else if (field->policy == SCHEMA_SET) {
        (void)fputc('[', out);
        for (size_t i = 0; i < f->shown.count; i++) {
            (void)fputs(i == 0 ? "" : ", ", out);
            view_json_value(v, place->kind, field, f->ops[i].merge.value);
        }
        (void)fputc(']', out);
    } else {
        view_json_value(v, place->kind, field, f->ops[0].merge.value);
    }
}

/* --- the fields of a record --- */

/* Field number i of a kind: its own, then those that every kind has; NULL at the end. The void is told elsewhere. */
static const struct schema_field *field_at(const struct schema_kind *kind, size_t i)
{
    if (i < kind->field_count)
        return &kind->fields[i];
    return i == kind->field_count ? schema_field(kind, FIELD_SOURCE_ID) : NULL;
}

static int is_first(const struct schema_kind *kind, const struct schema_field *field)
{
    return kind->number == KIND_CLIENT && (strcmp(field->name, "allergy") == 0 || strcmp(field->name, "alert") == 0);
}

/* Everything that has a value, but for what stands first. */
static int print_fields(struct view *v, const struct id *record, const struct record_place *place, int indent,
                        struct error *e)
{
    const struct schema_field *field;
    int code = 0;
    for (size_t i = 0; code == 0 && (field = field_at(place->kind, i)) != NULL; i++) {
        struct record_field f;
        if (is_first(place->kind, field))
            continue;
        if ((code = record_field_load(v->db, record, place->kind, field, &f, e)) != 0)
            return code;
        if (!is_empty(field, &f))
            code = print_field(v, record, place, field, &f, indent, e);
        record_field_free(&f);
    }
    return code;
}

/* *contested: not 0 where somebody voided the record and somebody else went on with it. */
static int load_void(struct view *v, const struct id *record, const struct record_place *place, int *contested,
                     struct error *e)
{
    struct record_field f;
    int code = record_field_load(v->db, record, place->kind, schema_field(place->kind, FIELD_VOID), &f, e);
    *contested = code == 0 && f.shown.conflict == MERGE_LOUD;
    if (code == 0)
        record_field_free(&f);
    return code;
}

static int print_void(struct view *v, const struct id *record, const struct record_place *place, int indent,
                      struct error *e)
{
    char brief[VIEW_ID];
    int contested, code = load_void(v, record, place, &contested, e);
    view_id(record, brief);
    if (code == 0 && place->voided)
        (void)fprintf(v->cli->out, "%*sVOIDED: `satchel log %s` says by whom and why\n", indent, "", brief);
    if (code == 0 && contested)
        (void)fprintf(v->cli->out,
                      "%*svoided by one person and changed by another: decide with `satchel resolve %s void yes` or "
                      "`no`\n",
                      indent, "", brief);
    return code;
}

/* {"id": ..., "fields": {...}, "conflicts": {...}: without the closing brace, so that more can follow. */
static int json_record(struct view *v, const struct id *record, const struct record_place *place, struct error *e)
{
    FILE *out = v->cli->out;
    const struct schema_field *field;
    int contested, arriving = view_is_arriving(v->db, &place->scope, e), first = 1, code = 0;
    if (arriving < 0)
        return desk_failed(e);
    if ((code = load_void(v, record, place, &contested, e)) != 0)
        return code;
    (void)fputs("{", out);
    view_json_id(out, "id", record);
    (void)fprintf(out, ", \"kind\": \"%s\", ", place->kind->name);
    view_json_id(out, "scope", &place->scope);
    (void)fprintf(out, ", \"voided\": %s, \"void_contested\": %s, \"arriving\": %s, \"fields\": {",
                  place->voided ? "true" : "false", contested ? "true" : "false", arriving ? "true" : "false");
    for (int conflicts = 0; conflicts < 2; conflicts++) {
        if (conflicts)
            (void)fputs("}, \"conflicts\": {", out);
        first = 1;
        for (size_t i = 0; code == 0 && (field = field_at(place->kind, i)) != NULL; i++) {
            struct record_field f;
            if ((code = record_field_load(v->db, record, place->kind, field, &f, e)) != 0)
                return code;
            if (conflicts ? f.shown.conflict != MERGE_AGREED : !is_empty(field, &f)) {
                (void)fprintf(out, "%s\"%s\": ", first ? "" : ", ", field->name);
                if (conflicts) {
                    (void)fprintf(out,
                                  "{\"loud\": %s, \"values\": ", f.shown.conflict == MERGE_LOUD ? "true" : "false");
                    view_ops(v, place->kind, field, &f, 0);
                    (void)fputs("}", out);
                } else {
                    field_json(v, place, field, &f);
                }
                first = 0;
            }
            record_field_free(&f);
        }
    }
    (void)fputs("}", out);
    return code;
}

/* --- a person --- */

static int print_first(struct view *v, const struct id *client, const struct record_place *place, const char *name,
                       const char *title, int arriving, struct error *e)
{
    FILE *out = v->cli->out;
    const struct schema_field *field = schema_field_named(place->kind, name);
    struct record_field f;
    int code = record_field_load(v->db, client, place->kind, field, &f, e);
    if (code != 0)
        return code;
    for (size_t i = 0; i < f.shown.count; i++) {
        label(out, i == 0 ? title : "", 0);
        view_block(out, view_value(v, field, f.ops[i].merge.value), LABEL);
        (void)fputc('\n', out);
    }
    if (arriving) {
        label(out, f.shown.count == 0 ? title : "", 0);
        (void)fputs(f.shown.count == 0 ? "not all of this person's record has arrived yet\n"
                                       : "there may be more: not all of this person's record has arrived yet\n",
                    out);
    } else if (f.shown.count == 0) {
        label(out, title, 0);
        (void)fprintf(out, "no %s recorded\n", strcmp(name, "allergy") == 0 ? "allergies" : "alerts");
    }
    record_field_free(&f);
    return 0;
}

/* What a visitor must know before all else. */
static int print_warnings(struct view *v, const struct id *client, struct error *e)
{
    struct record_place place;
    char brief[VIEW_ID];
    int arriving, code;
    view_id(client, brief);
    if ((code = record_find(v->db, client, &place, e)) == E_NOT_FOUND) {
        (void)fprintf(v->cli->out,
                      "%-*snot known here: the client %s has not arrived on this laptop\n"
                      "%-*snot known here\n",
                      LABEL, "ALLERGIES", brief, LABEL, "ALERTS");
        return 0;
    }
    if (code != 0)
        return code;
    if ((arriving = view_is_arriving(v->db, client, e)) < 0)
        return desk_failed(e);
    if ((code = print_first(v, client, &place, "allergy", "ALLERGIES", arriving, e)) == 0)
        code = print_first(v, client, &place, "alert", "ALERTS", arriving, e);
    return code;
}

/* A heading, what is to be known of the record as a whole, its fields. */
static int print_record(struct view *v, const struct id *record, int indent, struct error *e)
{
    FILE *out = v->cli->out;
    struct record_place place;
    char full[ID_TEXT], name[VIEW_NAME];
    int code;
    if ((code = record_find(v->db, record, &place, e)) != 0)
        return code;
    id_format(record, full);
    view_name(v->db, record, name);
    (void)fprintf(out, "%*s%s %s%s", indent, "", place.kind->name, full, name[0] != '\0' ? "  " : "");
    view_line(out, name, 0);
    (void)fputc('\n', out);
    if ((code = print_void(v, record, &place, indent + 2, e)) == 0)
        code = print_fields(v, record, &place, indent + 2, e);
    return code;
}

static void print_arriving(struct view *v, const char *what)
{
    (void)fprintf(v->cli->out,
                  "NOT ALL OF THIS %s HAS ARRIVED YET: what is missing here may be at the office; `satchel sync` "
                  "fetches it\n",
                  what);
}

/* --- what is in a case --- */

/* Calls back for each record that a statement gives by the text of its id. */
static int each_record(struct view *v, const char *sql, const char *scope, size_t *count,
                       int (*each)(struct view *v, const struct id *record, size_t number, struct error *e),
                       struct error *e)
{
    sqlite3_stmt *s;
    struct id id;
    int row, code;
    *count = 0;
    if ((code = db_query(v->db, &s, e, sql, "t", scope)) != 0)
        return code;
    while ((row = db_next(v->db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &id, e)) != 0 || (code = each(v, &id, *count, e)) != 0) {
            db_done(v->db, s);
            return code;
        }
        ++*count;
    }
    return row < 0 ? desk_failed(e) : 0;
}

static int part_words(struct view *v, const struct id *record, size_t number, struct error *e)
{
    (void)number;
    (void)fputc('\n', v->cli->out);
    return print_record(v, record, 0, e);
}

static int part_json(struct view *v, const struct id *record, size_t number, struct error *e)
{
    struct record_place place;
    int code;
    (void)fputs(number == 0 ? "\n  " : ",\n  ", v->cli->out);
    if ((code = record_find(v->db, record, &place, e)) == 0 && (code = json_record(v, record, &place, e)) == 0)
        (void)fputs("}", v->cli->out);
    return code;
}

/* Newest first; ids of one day are in the order of their making. */
static const struct {
    const char *name, *sql;
} parts[] = {
    {"contacts", "SELECT id FROM contact WHERE scope = ? AND voided = 0 ORDER BY id"},
    {"plans", "SELECT id FROM plan WHERE scope = ? AND voided = 0 ORDER BY id DESC"},
    {"notes",
     "SELECT id FROM note WHERE scope = ? AND voided = 0 ORDER BY json_extract(visited, '$[0]') DESC, id DESC"},
    {"services", "SELECT id FROM service WHERE scope = ? AND voided = 0 ORDER BY started DESC, id DESC LIMIT 10"},
};

static int count_services(struct view *v, const char *scope, uint64_t *count, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    *count = 0;
    if ((code = db_query(v->db, &s, e, "SELECT count(*) FROM service WHERE scope = ? AND voided = 0", "t", scope)) != 0)
        return code;
    if ((row = db_next(v->db, s, e)) < 0)
        return desk_failed(e);
    if (row == 1) {
        *count = db_uint(s, 0);
        db_done(v->db, s);
    }
    return 0;
}

static int show_parts(struct view *v, const struct id *scope, struct error *e)
{
    char text[ID_TEXT], words[64];
    uint64_t services;
    size_t count;
    int code = 0;
    id_format(scope, text);
    for (size_t i = 0; code == 0 && i < sizeof parts / sizeof *parts; i++) {
        if (v->cli->json)
            (void)fprintf(v->cli->out, ",\n \"%s\": [", parts[i].name);
        code = each_record(v, parts[i].sql, text, &count, v->cli->json ? part_json : part_words, e);
        if (v->cli->json)
            (void)fputs("]", v->cli->out);
    }
    if (code != 0 || (code = count_services(v, text, &services, e)) != 0)
        return code;
    if (v->cli->json)
        (void)fprintf(v->cli->out, ",\n \"service_count\": %llu", (unsigned long long)services);
    else if (services > SERVICES_MAX)
        (void)fprintf(v->cli->out, "\n%s in all; the last %d are shown, `satchel list service --case %s` lists them\n",
                      cli_count(services, "service", "services", words, sizeof words), SERVICES_MAX,
                      text + ID_TEXT - VIEW_ID);
    return 0;
}

/* --- a case --- */

/* The clients that a case may be of: one, or each that a conflict names. */
static int each_client(struct view *v, const struct id *record, const struct record_place *place, size_t *count,
                       int (*each)(struct view *v, const struct id *client, size_t number, struct error *e),
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
            code = each(v, &client, (*count)++, e);
    }
    record_field_free(&f);
    return code;
}

static int client_warnings(struct view *v, const struct id *client, size_t number, struct error *e)
{
    char name[VIEW_NAME];
    if (number != 0) {
        view_author(v->db, client, name);
        (void)fputs("or, since the client of this case is contested, for ", v->cli->out);
        view_line(v->cli->out, name, 0);
        (void)fputs(":\n", v->cli->out);
    }
    return print_warnings(v, client, e);
}

/* Is the person of a case under way, or not here at all? -1: failed. */
static int is_person_arriving(struct view *v, const struct id *client, struct error *e)
{
    struct record_place place;
    if (record_find(v->db, client, &place, NULL) != 0)
        return 1;
    return view_is_arriving(v->db, client, e);
}

static int client_words(struct view *v, const struct id *client, size_t number, struct error *e)
{
    struct record_place place;
    int arriving = is_person_arriving(v, client, e);
    (void)number;
    if (arriving < 0)
        return desk_failed(e);
    (void)fputc('\n', v->cli->out);
    if (arriving)
        print_arriving(v, "PERSON");
    return record_find(v->db, client, &place, NULL) == 0 ? print_record(v, client, 0, e) : 0;
}

static int client_json(struct view *v, const struct id *client, size_t number, struct error *e)
{
    struct record_place place;
    (void)fputs(number == 0 ? "\n  " : ",\n  ", v->cli->out);
    if (record_find(v->db, client, &place, NULL) == 0)
        return part_json(v, client, 0, e);
    (void)fputs("{", v->cli->out);
    view_json_id(v->cli->out, "id", client);
    (void)fputs(", \"kind\": \"client\", \"arriving\": true}", v->cli->out);
    return 0;
}

static int show_case(struct view *v, const struct id *record, const struct record_place *place, struct error *e)
{
    FILE *out = v->cli->out;
    int code, arriving = view_is_arriving(v->db, record, e);
    size_t count;
    if (arriving < 0)
        return desk_failed(e);
    if (v->cli->json) {
        if ((code = json_record(v, record, place, e)) != 0)
            return code;
        (void)fputs(",\n \"clients\": [", out);
        if ((code = each_client(v, record, place, &count, client_json, e)) != 0)
            return code;
        (void)fputs("]", out);
        return show_parts(v, record, e);
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
    if ((code = print_record(v, record, 0, e)) == 0 &&
        (code = each_client(v, record, place, &count, client_words, e)) == 0)
        code = show_parts(v, record, e);
    return code;
}

/* A person: the same warnings, and the cases. */
static int show_client(struct view *v, const struct id *record, const struct record_place *place, struct error *e)
{
    static const char cases[] = "SELECT id FROM \"case\" WHERE client = ? AND voided = 0 ORDER BY id DESC";
    int code, arriving = view_is_arriving(v->db, record, e);
    char text[ID_TEXT];
    size_t count;
    id_format(record, text);
    if (arriving < 0)
        return desk_failed(e);
    if (v->cli->json) {
        if ((code = json_record(v, record, place, e)) != 0)
            return code;
        (void)fputs(",\n \"cases\": [", v->cli->out);
        code = each_record(v, cases, text, &count, part_json, e);
        (void)fputs("]", v->cli->out);
        return code;
    }
    if (arriving)
        print_arriving(v, "PERSON");
    if ((code = print_warnings(v, record, e)) != 0)
        return code;
    (void)fputc('\n', v->cli->out);
    if ((code = print_record(v, record, 0, e)) == 0)
        code = each_record(v, cases, text, &count, part_words, e);
    return code;
}

static int show_other(struct view *v, const struct id *record, const struct record_place *place, struct error *e)
{
    int arriving = view_is_arriving(v->db, &place->scope, e);
    if (arriving < 0)
        return desk_failed(e);
    if (v->cli->json)
        return json_record(v, record, place, e);
    if (arriving)
        print_arriving(v, place->kind->place == SCHEMA_CASE ? "CASE" : "OFFICE");
    return print_record(v, record, 0, e);
}

int show_run(struct store *s, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &cli->json}, {NULL, NULL, NULL}};
    struct record_place place;
    struct view v;
    struct id record;
    int code;
    (void)waiting;
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    if (argc != 2)
        return error_set(e, E_USAGE, "show takes one record: satchel show RECORD (quote a name of several words)");
    if ((code = store_find(s, argv[1], &record, e)) != 0 || (code = record_find(s->db, &record, &place, e)) != 0 ||
        (code = view_open(&v, s->db, cli, e)) != 0)
        return code;
    if (place.kind->number == KIND_CASE)
        code = show_case(&v, &record, &place, e);
    else if (place.kind->number == KIND_CLIENT)
        code = show_client(&v, &record, &place, e);
    else
        code = show_other(&v, &record, &place, e);
    if (cli->json && code == 0)
        (void)fputs("}\n", cli->out);
    view_close(&v);
    return code;
}

int command_show(struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    return desk_read(show_run, cli, argc, argv, waiting, e);
}
