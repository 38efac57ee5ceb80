/* Prints one record: its fields in words, in one line or in JSON, with every value of those that are contested. */
#include "fields.h"

#include <string.h>

#include "closing.h"
#include "doubts.h"
#include "erased.h"
#include "review.h"
#include "schema.h"
#include "unknown.h"
#include "whose.h"
#include "wrong_clock.h"

/* --- a field in words --- */

void fields_label(struct printer *v, const char *name, int indent)
{
    (void)fprintf(v->cli->out, "%*s%-*s", indent, "", FIELDS_LABEL, name);
}

/* A field of a record, as it is printed. */
struct shown_field {
    const struct id *record;
    const struct record_place *place; /* the record's */
    const struct schema_field *field;
    const struct record_field *f; /* what is live on it */
    int indent;
};

/* Prints a text that was merged from several versions. If they overlap, the versions follow, whole and numbered. seen:
 * the code of what was looked at. */
static void print_merged(struct printer *v, const struct shown_field *s, const char *brief, const char *seen)
{
    FILE *out = v->cli->out;
    const struct schema_field *field = s->field;
    const struct record_field *f = s->f;
    int is_clean = f->shown.conflict != MERGE_LOUD, indent = s->indent + FIELDS_LABEL;
    printer_merged(v, f, indent);
    (void)fprintf(out,
                  is_clean
                      ? "\n%*sparallel edits, all of them in; `satchel resolve %s %s merged --seen %s` makes them one\n"
                      : "\n%*scontested: decide with `satchel resolve %s %s VALUE --seen %s`, a value or its "
                        "number\n",
                  indent, "", brief, field->name, seen);
    printer_merged_who(v, f, indent);
    if (!is_clean)
        printer_ops(v, s->place->kind, field, f, indent);
}

/* Prints every value of a contested field, and the command that decides between them. */
static int print_contested(struct printer *v, const struct shown_field *s, struct error *e)
{
    FILE *out = v->cli->out;
    const struct schema_field *field = s->field;
    const struct record_field *f = s->f;
    int loud = f->shown.conflict == MERGE_LOUD, indent = s->indent + FIELDS_LABEL, code;
    char brief[PRINTER_ID], seen[REVIEW_CODE];
    if ((code = review_code(v->db, s->record, field, f, seen, e)) != 0)
        return code;
    printer_id(s->record, brief);
    if (f->merged != NULL) {
        print_merged(v, s, brief, seen);
        return 0;
    }
    printer_block(out, printer_value(v, field, f->ops[0].merge.value), indent);
    (void)fputc('\n', out);
    if (f->newer_rule)
        (void)fprintf(out,
                      "%*sthe office brings texts together by a newer rule than this program has: update satchel\n",
                      indent, "");
    (void)fprintf(out, "%*s%s: %s with `satchel resolve %s %s VALUE --seen %s`, a value or its number\n", indent, "",
                  loud ? "contested" : "parallel edit", loud ? "decide" : "settle it", brief, field->name, seen);
    printer_ops(v, s->place->kind, field, f, indent);
    return 0;
}

static void print_amendments(struct printer *v, const struct schema_field *field, const struct record_field *f,
                             int indent)
{
    FILE *out = v->cli->out;
    for (size_t i = 1; i < f->count; i++) {
        char author[PRINTER_NAME], when[MOMENT_WRITTEN];
        printer_author(v->db, &f->ops[i].author, author);
        printer_written(v, &f->ops[i], when);
        (void)fprintf(out, "%*samended %s by ", indent, "", when);
        printer_line(out, author, 0);
        (void)fprintf(out, " (%s): ", field->name);
        printer_block(out, printer_value(v, field, f->ops[i].merge.value), indent + 2);
        (void)fputc('\n', out);
    }
}

/* Prints the total of a sum; what was erased of it is said, since the rest alone is no total. */
static int print_total(struct printer *v, const struct schema_field *field, const struct merge_shown *shown,
                       struct error *e)
{
    struct pack total;
    int code;
    pack_start(&total);
    pack_int(&total, shown->sum);
    if ((code = pack_finish(&total, e)) == 0 && (shown->count != 0 || shown->erased == 0))
        printer_line(v->cli->out, printer_value(v, field, pack_bytes(&total)), 0);
    pack_free(&total);
    if (code == 0 && shown->erased != 0)
        (void)fprintf(v->cli->out, "%s%zu erased: the total is not known", shown->count != 0 ? ", and " : "",
                      shown->erased);
    return code;
}

/* Prints the ways out of a total that a person must decide about. */
static int print_sum_way(struct printer *v, const struct shown_field *s, struct error *e)
{
    char brief[PRINTER_ID], seen[REVIEW_CODE];
    FILE *out = v->cli->out;
    int code = review_code(v->db, s->record, s->field, s->f, seen, e);
    if (code != 0)
        return code;
    printer_id(s->record, brief);
    (void)fprintf(out, "%*s", s->indent + FIELDS_LABEL, "");
    if (s->f->shown.erased != 0)
        (void)fprintf(out,
                      "count it as nothing: `satchel resolve %s %s without --seen %s`; what it was, if you know "
                      "it: `satchel add %s %s=NUMBER`\n",
                      brief, s->field->name, seen, brief, s->field->name);
    else
        (void)fprintf(out, "correct it: `satchel add %s %s=-NUMBER`\n", brief, s->field->name);
    return 0;
}

static int print_sum(struct printer *v, const struct shown_field *s, struct error *e)
{
    const struct merge_shown *shown = &s->f->shown;
    int code = print_total(v, s->field, shown, e);
    if (code != 0)
        return code;
    if (shown->conflict != MERGE_AGREED && shown->erased == 0)
        (void)fputs(", and too large to be right", v->cli->out);
    (void)fprintf(v->cli->out, shown->count != 0 ? " (of %zu)\n" : "\n", shown->count);
    return shown->conflict == MERGE_AGREED ? 0 : print_sum_way(v, s, e);
}

/* 1: there is nothing to show. A value that all who wrote it have cleared is nothing. */
static int is_empty(const struct schema_field *field, const struct record_field *f)
{
    if (!schema_holds_one(field))
        return f->shown.count == 0 && f->shown.erased == 0;
    return f->count == 0 || (f->shown.conflict == MERGE_AGREED && f->count == 1 && slice_is_nil(f->ops[0].merge.value));
}

static int print_field(struct printer *v, const struct shown_field *s, struct error *e)
{
    FILE *out = v->cli->out;
    const struct schema_field *field = s->field;
    const struct record_field *f = s->f;
    int indent = s->indent + FIELDS_LABEL;
    int code = 0;
    fields_label(v, field->name, s->indent);
    if (schema_traits(field)->adds_up) {
        code = print_sum(v, s, e);
    } else if (schema_traits(field)->has_elements) {
        for (size_t i = 0; i < f->shown.count; i++) {
            (void)fprintf(out, "%*s", i == 0 ? 0 : indent, "");
            printer_block(out, printer_value(v, field, f->ops[i].merge.value), indent);
            (void)fputc('\n', out);
        }
    } else if (f->unseen) {
        code = closing_words(v, s->record, s->place->kind, field, f, indent, e);
    } else if (f->shown.conflict != MERGE_AGREED) {
        code = print_contested(v, s, e);
    } else {
        printer_block(out, printer_value(v, field, f->ops[0].merge.value), indent);
        (void)fputc('\n', out);
        if (schema_traits(field)->is_amended)
            print_amendments(v, field, f, indent);
    }
    return code;
}

/* --- a field in JSON --- */

/* Writes the one value of a field, or an array of those of a set or of a field that is written once. */
static void field_json(struct printer *v, const struct record_place *place, const struct schema_field *field,
                       const struct record_field *f)
{
    if (schema_traits(field)->is_amended) {
        printer_ops(v, place->kind, field, f, 0);
    } else if (f->shown.erased != 0) {
        json_null(&v->json); /* nobody knows the total */
    } else if (schema_traits(field)->adds_up && field->type == SCHEMA_MONEY) {
        json_hundredths(&v->json, f->shown.sum);
    } else if (schema_traits(field)->adds_up) {
        json_int(&v->json, f->shown.sum);
    } else if (schema_traits(field)->has_elements) {
        json_array(&v->json);
        for (size_t i = 0; i < f->shown.count; i++)
            printer_json_value(v, place->kind, field, f->ops[i].merge.value);
        json_end(&v->json);
    } else if (f->merged != NULL) {
        json_bytes(&v->json, f->merged->words, f->merged->words_bytes);
    } else {
        printer_json_value(v, place->kind, field, f->ops[0].merge.value);
    }
}

/* Writes a field that has several values to choose from: all of them, and the code of what was looked at. */
static int conflict_json(struct printer *v, const struct id *record, const struct record_place *place,
                         const struct schema_field *field, const struct record_field *f, struct error *e)
{
    int loud = f->shown.conflict == MERGE_LOUD, code;
    char seen[REVIEW_CODE];
    if ((code = review_code(v->db, record, field, f, seen, e)) != 0)
        return code;
    json_object(&v->json);
    json_flag(json_key(&v->json, "loud"), loud);
    json_text(json_key(&v->json, "label"), review_label(loud));
    json_text(json_key(&v->json, "code"), seen);
    json_key(&v->json, "values");
    printer_ops(v, place->kind, field, f, 0);
    if (f->merged != NULL) {
        json_key(&v->json, "merged");
        printer_merged_json(v, f);
    }
    json_end(&v->json);
    return 0;
}

/* --- the fields of a record --- */

/* Field number i of a kind: its own, then those that every kind has; NULL: there are no more. The void is told
 * elsewhere. */
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

/* Prints every field that has a value, but for those that the page begins with (is_first). */
static int print_fields(struct printer *v, const struct id *record, const struct record_place *place, int is_part,
                        struct error *e)
{
    const struct schema_field *field;
    int code = 0;
    for (size_t i = 0; code == 0 && (field = field_at(place->kind, i)) != NULL; i++) {
        struct record_field f;
        if (is_first(place->kind, field) || (is_part && field->number == FIELD_SOURCE_ID))
            continue;
        if ((code = record_field_load(v->db, record, place->kind, field, &f, e)) != 0)
            return code;
        if (!is_empty(field, &f))
            code = print_field(v, &(struct shown_field){record, place, field, &f, 2}, e);
        printer_saw(v, &f); /* a field that is missing on the page is shown to be empty */
        record_field_free(&f);
    }
    return code;
}

/* *contested: 1 if somebody voided the record and somebody else went on with it, else 0. seen: the code of what is on
 * the record now. */
static int load_void(struct printer *v, const struct id *record, const struct record_place *place, int *contested,
                     char seen[REVIEW_CODE], struct error *e)
{
    const struct schema_field *field = schema_field(place->kind, FIELD_VOID);
    struct record_field f;
    int code = record_field_load(v->db, record, place->kind, field, &f, e);
    if (code == 0)
        code = review_code(v->db, record, field, &f, seen, e);
    *contested = code == 0 && f.shown.conflict == MERGE_LOUD;
    record_field_free(&f);
    return code;
}

static int print_void(struct printer *v, const struct id *record, const struct record_place *place, int indent,
                      struct error *e)
{
    char brief[PRINTER_ID], seen[REVIEW_CODE];
    int contested, code = load_void(v, record, place, &contested, seen, e);
    printer_id(record, brief);
    if (code == 0 && place->voided)
        (void)fprintf(v->cli->out,
                      "%*sVOIDED: `satchel log %s` says by whom and why; `satchel resolve %s void no --seen %s` takes "
                      "it back\n",
                      indent, "", brief, brief, seen);
    if (code == 0 && contested)
        (void)fprintf(v->cli->out,
                      "%*svoided by one person and changed by another: decide with `satchel resolve %s void yes|no "
                      "--seen %s`\n",
                      indent, "", brief, seen);
    return code;
}

/* Writes an object of the fields that have a value, or (conflicts 1) of those that have several to choose from. */
static int each_field_json(struct printer *v, const struct id *record, const struct record_place *place, int conflicts,
                           struct error *e)
{
    const struct schema_field *field;
    int code = 0;
    json_object(json_key(&v->json, conflicts ? "conflicts" : "fields"));
    for (size_t i = 0; code == 0 && (field = field_at(place->kind, i)) != NULL; i++) {
        struct record_field f;
        if ((code = record_field_load(v->db, record, place->kind, field, &f, e)) != 0)
            return code;
        if (conflicts && f.shown.conflict != MERGE_AGREED) {
            json_key(&v->json, field->name);
            code = conflict_json(v, record, place, field, &f, e);
        } else if (!conflicts && !is_empty(field, &f)) {
            json_key(&v->json, field->name);
            field_json(v, place, field, &f);
        }
        if (conflicts || f.shown.conflict == MERGE_AGREED)
            printer_saw(v, &f);
        record_field_free(&f);
    }
    if (code == 0)
        json_end(&v->json);
    return code;
}

int fields_json(struct printer *v, const struct id *record, const struct record_place *place, struct error *e)
{
    struct json *j = &v->json;
    int contested, arriving = printer_is_arriving(v->db, &place->scope, e), code = 0;
    int held_back = printer_is_held_back(v->db, record, e);
    char seen[REVIEW_CODE];
    if (arriving < 0 || held_back < 0)
        return error_code(e);
    if ((code = load_void(v, record, place, &contested, seen, e)) != 0)
        return code;
    json_id(json_key(j, "id"), record);
    json_text(json_key(j, "kind"), place->kind->name);
    json_id(json_key(j, "scope"), &place->scope);
    json_flag(json_key(j, "voided"), place->voided);
    json_flag(json_key(j, "void_contested"), contested);
    json_text(json_key(j, "void_code"), seen);
    json_flag(json_key(j, "arriving"), arriving);
    json_flag(json_key(j, "held_back"), held_back);
    if ((code = each_field_json(v, record, place, 0, e)) != 0 || (code = each_field_json(v, record, place, 1, e)) != 0)
        return code;
    if ((code = doubts_json(v, place->kind, record, e)) != 0 ||
        (code = wrong_clock_json(v, place->kind, record, e)) != 0)
        return code;
    if ((code = erased_json(v, record, e)) != 0)
        return code;
    json_key(j, "newer");
    return unknown_fields(v, record, 0, e);
}

/* --- a record in words --- */

/* Prints who wrote a visit note, and when. */
static int print_author(struct printer *v, const struct id *record, const struct record_place *place, struct error *e)
{
    char author[PRINTER_NAME], when[MOMENT_WRITTEN];
    struct record_field f;
    int code = record_field_load(v->db, record, place->kind, schema_field_named(place->kind, "text"), &f, e);
    if (code != 0)
        return code;
    if (f.count != 0) {
        printer_author(v->db, &f.ops[0].author, author);
        printer_written(v, &f.ops[0], when);
        fields_label(v, "written", 2);
        (void)fprintf(v->cli->out, "%s by ", when);
        printer_line(v->cli->out, author, 0);
        (void)fputc('\n', v->cli->out);
    }
    record_field_free(&f);
    return 0;
}

int fields_words(struct printer *v, const struct id *record, int is_part, struct error *e)
{
    FILE *out = v->cli->out;
    struct record_place place;
    char brief[PRINTER_ID], name[PRINTER_NAME];
    int held_back, code;
    if ((code = record_find(v->db, record, &place, e)) != 0)
        return code;
    if ((held_back = printer_is_held_back(v->db, record, e)) < 0)
        return error_code(e);
    printer_id(record, brief);
    printer_name(v->db, record, name);
    (void)fprintf(out, "%s %s%s", place.kind->name, brief, name[0] != '\0' ? "  " : "");
    if (name[0] != '\0' && (place.kind->number == KIND_CASE || place.kind->number == KIND_CLIENT))
        whose_died(out, v->db, record);
    printer_line(out, name, 0);
    (void)fputc('\n', out);
    if (held_back)
        (void)fputs("  what you wrote here is held back by the office, and not shown: `satchel status` says why\n",
                    out);
    if ((code = print_void(v, record, &place, 2, e)) != 0 ||
        (place.kind->number == KIND_NOTE && (code = print_author(v, record, &place, e)) != 0))
        return code;
    if ((code = doubts_words(v, place.kind, record, 2, e)) != 0 ||
        (code = wrong_clock_words(v, place.kind, record, 2, e)) != 0)
        return code;
    if ((code = erased_words(v, record, 2, e)) != 0 || (code = print_fields(v, record, &place, is_part, e)) != 0)
        return code;
    return unknown_fields(v, record, 2, e);
}

/* --- a record on one line --- */

/* *several: 1 if one line is too little: a field of the record has values to choose from, its void is contested, or it
 * has what is newer than this program; else 0. */
static int needs_more(struct printer *v, const struct id *record, int *several, struct error *e)
{
    int row = db_exists(v->db, e,
                        "SELECT 1 FROM conflict WHERE record = ?1 UNION ALL "
                        "SELECT 1 FROM newer WHERE record = ?1 LIMIT 1",
                        "d", record);
    if (row < 0)
        return error_code(e);
    *several = row == 1;
    return 0;
}

static int print_short(struct printer *v, const struct schema_field *field, const struct record_field *f,
                       struct error *e)
{
    (void)fprintf(v->cli->out, "  %s ", field->name);
    if (schema_traits(field)->adds_up)
        return print_total(v, field, &f->shown, e);
    printer_line(v->cli->out, printer_value(v, field, f->ops[0].merge.value), 0);
    return 0;
}

int fields_line(struct printer *v, const struct id *record, struct error *e)
{
    struct record_place place;
    char brief[PRINTER_ID];
    int several = 0, code;
    if ((code = record_find(v->db, record, &place, e)) != 0 || (code = needs_more(v, record, &several, e)) != 0)
        return code;
    if (several)
        return fields_words(v, record, 1, e);
    printer_id(record, brief);
    (void)fprintf(v->cli->out, "%s %s", place.kind->name, brief);
    for (size_t i = 0; code == 0 && i < place.kind->field_count; i++) {
        const struct schema_field *field = &place.kind->fields[i];
        struct record_field f;
        if ((code = record_field_load(v->db, record, place.kind, field, &f, e)) != 0)
            return code;
        if (!is_empty(field, &f))
            code = print_short(v, field, &f, e);
        if (!schema_traits(field)->is_list || f.count < 2)
            printer_saw(v, &f);
        record_field_free(&f);
    }
    (void)fputc('\n', v->cli->out);
    if (code == 0)
        code = erased_words(v, record, 2, e);
    if (code == 0)
        code = doubts_words(v, place.kind, record, 2, e);
    return code != 0 ? code : wrong_clock_words(v, place.kind, record, 2, e);
}
