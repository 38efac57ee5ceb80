/* Prints what is newer than this program: by number, in the form of the value, and marked as such. */
#include "unknown.h"

#include "schema_json.h"
#include "whose.h"

#define LABEL 18 /* columns before a value */

void unknown_kind(unsigned kind, char out[UNKNOWN_KIND])
{
    const struct schema_kind *known = schema_kind(kind);
    if (known != NULL)
        (void)snprintf(out, UNKNOWN_KIND, "%s", known->name);
    else
        (void)snprintf(out, UNKNOWN_KIND, "kind %u (newer than this program)", kind);
}

const char *unknown_value(struct printer *v, unsigned field, struct slice value)
{
    if (slice_is_nil(value))
        (void)snprintf(v->room, SCHEMA_FORMAT_MAX, "%s", field == FIELD_VOID ? "void taken back" : "(cleared)");
    else if (field == FIELD_VOID)
        (void)snprintf(v->room, SCHEMA_FORMAT_MAX, "voided");
    else
        schema_format_unknown(value, v->room, SCHEMA_FORMAT_MAX);
    return v->room;
}

/* --- the values of a field --- */

static void values_words(struct printer *v, const struct record_newer *n, const struct record_field *f, int indent)
{
    FILE *out = v->cli->out;
    char label[LABEL + 1], author[PRINTER_NAME], when[MOMENT_WRITTEN];
    (void)snprintf(label, sizeof label, "field %u", n->field);
    (void)fprintf(out, "%*s%-*snewer than this program:\n", indent, "", LABEL, label);
    for (size_t i = 0; i < f->count; i++) {
        printer_author(v->db, &f->ops[i].author, author);
        printer_written(v, &f->ops[i], when);
        (void)fprintf(out, "%*s%s", indent + LABEL, "", f->ops[i].merge.action == CHANGE_REMOVE ? "removed: " : "");
        printer_block(out, unknown_value(v, n->field, f->ops[i].merge.value), indent + LABEL + 2);
        (void)fputs("  (", out);
        printer_line(out, author, 0);
        (void)fprintf(out, ", %s)\n", when);
    }
}

static void values_json(struct printer *v, const struct record_newer *n, const struct record_field *f)
{
    struct json *j = &v->json;
    json_array(json_key(j, "values"));
    for (size_t i = 0; i < f->count; i++) {
        const struct record_op *op = &f->ops[i];
        json_object(j);
        json_key(j, "value");
        schema_json_unknown(j, n->field, op->merge.value, v->room);
        json_text(json_key(j, "action"), change_action_name(op->merge.action));
        printer_json_op(v, op);
        json_end(j);
    }
    json_end(j);
}

/* The members "kind" and "kind_number"; a kind that is not known has no name: null. */
static void kind_json(struct printer *v, const struct schema_kind *kind, unsigned number)
{
    json_text(json_key(&v->json, "kind"), kind != NULL ? kind->name : NULL);
    json_uint(json_key(&v->json, "kind_number"), number);
}

/* --- the fields of a record --- */

struct telling {
    struct printer *v;
    const struct id *scope; /* the records of this one; NULL: of all */
    struct id record;       /* the last one that was printed */
    int indent;
    uint64_t count;
};

static int tell_field(void *arg, const struct record_newer *n, struct error *e)
{
    struct telling *t = arg;
    struct record_field f;
    int code = record_newer_load(t->v->db, &n->record, n->field, &f, e);
    if (code != 0)
        return code;
    if (t->v->cli->json) {
        json_object(&t->v->json);
        json_uint(json_key(&t->v->json, "field"), n->field);
        values_json(t->v, n, &f);
        json_end(&t->v->json);
    } else {
        values_words(t->v, n, &f, t->indent);
    }
    printer_saw(t->v, &f);
    record_field_free(&f);
    return 0;
}

int unknown_fields(struct printer *v, const struct id *record, int indent, struct error *e)
{
    struct telling t = {.v = v, .indent = indent};
    int code;
    if (v->cli->json)
        json_array(&v->json);
    code = record_newer(v->db, record, tell_field, &t, e);
    if (v->cli->json)
        json_end(&v->json);
    return code;
}

/* --- a record of a kind that is not known --- */

static int take_first(void *arg, const struct record_newer *n, struct error *e)
{
    struct record_newer *out = arg;
    (void)e;
    if (out->kind == 0)
        *out = *n;
    return 0;
}

/* Prints a record as an object, with its fields that are not known. */
static int record_json(struct printer *v, const struct record_newer *n, struct error *e)
{
    const struct schema_kind *kind = schema_kind(n->kind);
    struct json *j = &v->json;
    int code;
    json_object(j);
    json_id(json_key(j, "id"), &n->record);
    kind_json(v, kind, n->kind);
    json_id(json_key(j, "scope"), &n->scope);
    json_key(j, "newer");
    code = unknown_fields(v, &n->record, 0, e);
    json_end(j);
    return code;
}

static int tell_record(struct printer *v, const struct record_newer *n, struct error *e)
{
    char kind[UNKNOWN_KIND], text[ID_TEXT];
    if (v->cli->json)
        return record_json(v, n, e);
    unknown_kind(n->kind, kind);
    id_format(&n->record, text);
    (void)fprintf(v->cli->out, "%s %s\n", kind, text);
    return unknown_fields(v, &n->record, 2, e);
}

int unknown_record(struct printer *v, const struct id *record, struct error *e)
{
    struct record_newer n = {.kind = 0};
    struct record_place place;
    struct error why = {0, ""};
    int code = record_find(v->db, record, &place, &why);
    if (code == E_NOT_FOUND && record_newer(v->db, record, take_first, &n, e) != 0)
        return error_code(e);
    if (code == E_NOT_FOUND && n.kind != 0)
        return tell_record(v, &n, e);
    return error_set(e, E_NOT_FOUND, "%s", why.text);
}

/* Prints a record of a kind that is known, with its fields that are not known. */
static int tell_known(struct printer *v, const struct record_newer *n, struct error *e)
{
    FILE *out = v->cli->out;
    char name[PRINTER_NAME], text[ID_TEXT];
    if (v->cli->json)
        return record_json(v, n, e);
    id_format(&n->record, text);
    printer_name(v->db, &n->record, name);
    (void)fprintf(out, "%s %s%s", schema_kind(n->kind)->name, text, name[0] != '\0' ? "  " : "");
    if (name[0] != '\0' && (n->kind == KIND_CASE || n->kind == KIND_CLIENT))
        whose_died(out, v->db, &n->record);
    printer_line(out, name, 0);
    (void)fputc('\n', out);
    return unknown_fields(v, &n->record, 2, e);
}

/* Prints each record once: all, or of one scope those of kinds that are not known. */
static int tell_if_here(void *arg, const struct record_newer *n, struct error *e)
{
    struct telling *t = arg;
    int is_known = schema_kind(n->kind) != NULL;
    if ((t->scope != NULL && (is_known || !id_equal(&n->scope, t->scope))) ||
        (t->count != 0 && id_equal(&n->record, &t->record)))
        return 0;
    if (!t->v->cli->json && (t->scope != NULL || t->count != 0))
        (void)fputc('\n', t->v->cli->out);
    t->record = n->record;
    t->count++;
    return is_known ? tell_known(t->v, n, e) : tell_record(t->v, n, e);
}

static int tell_all(struct printer *v, const struct id *scope, int *is_none, struct error *e)
{
    struct telling t = {.v = v, .scope = scope};
    int code;
    if (v->cli->json)
        json_array(&v->json);
    code = record_newer(v->db, NULL, tell_if_here, &t, e);
    if (v->cli->json)
        json_end(&v->json);
    *is_none = t.count == 0;
    return code;
}

int unknown_records(struct printer *v, const struct id *scope, struct error *e)
{
    int is_none;
    return tell_all(v, scope, &is_none, e);
}

int unknown_list(struct printer *v, struct error *e)
{
    int is_none, code = tell_all(v, NULL, &is_none, e);
    if (code == 0 && is_none)
        (void)fputs("nothing here is newer than this program\n", v->cli->err);
    return code;
}

/* --- several values --- */

static void several_json(struct printer *v, const struct record_newer *n, const struct record_field *f)
{
    struct json *j = &v->json;
    json_object(j);
    kind_json(v, schema_kind(n->kind), n->kind);
    json_id(json_key(j, "record"), &n->record);
    json_id(json_key(j, "scope"), &n->scope);
    json_null(json_key(j, "field"));
    json_uint(json_key(j, "number"), n->field);
    json_null(json_key(j, "loud"));
    json_flag(json_key(j, "newer"), 1);
    values_json(v, n, f);
    json_end(j);
}

static int tell_several(void *arg, const struct record_newer *n, struct error *e)
{
    struct telling *t = arg;
    char kind[UNKNOWN_KIND], text[ID_TEXT];
    struct record_field f;
    int code;
    if (n->count < 2)
        return 0;
    if ((code = record_newer_load(t->v->db, &n->record, n->field, &f, e)) != 0)
        return code;
    if (t->v->cli->json) {
        several_json(t->v, n, &f);
    } else {
        unknown_kind(n->kind, kind);
        id_format(&n->record, text);
        (void)fprintf(t->v->cli->out, "%s %s\n", kind, text);
        values_words(t->v, n, &f, 4);
    }
    t->count++;
    printer_saw(t->v, &f);
    record_field_free(&f);
    return 0;
}

int unknown_values(struct printer *v, uint64_t *count, struct error *e)
{
    struct telling t = {.v = v};
    int code = record_newer(v->db, NULL, tell_several, &t, e);
    *count = t.count;
    return code;
}

/* --- how much --- */

int unknown_say(struct cli *cli, struct db *db, struct error *e)
{
    char words[64];
    uint64_t count;
    int code = record_newer_count(db, &count, e);
    if (code == 0 && count != 0)
        (void)fprintf(cli->err,
                      "%s newer than this program: kept, and shown by number (`satchel list newer`); update satchel\n",
                      cli_count(count, "field is", "fields are", words, sizeof words));
    return code;
}
