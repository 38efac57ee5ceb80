/* The model's dump: docs/MERGE.md, "Columns" and "The dump", from the model's live ops. */
#ifndef SATCHEL_TESTS_MERGE_MODEL_DUMP_H
#define SATCHEL_TESTS_MERGE_MODEL_DUMP_H

#include "fault/merge_model_text.h"

static inline void model_put_json(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (const char *p = text; *p != 0; p++) {
        if (*p == '"' || *p == '\\')
            (void)fprintf(out, "\\%c", *p);
        else if (*p == '\n')
            (void)fputs("\\n", out);
        else
            (void)fputc(*p, out);
    }
    (void)fputc('"', out);
}

static inline int model_is_number(const struct schema_field *field)
{
    return field->type == SCHEMA_INTEGER || field->type == SCHEMA_FLAG;
}

/* A value as people see it. */
static inline const char *model_words(const struct schema_field *field, const struct model_op *o, char *room,
                                      size_t max)
{
    const struct case_value *v = &case_values[o->op->value];
    struct id id;
    room[0] = 0;
    if (v->type == CASE_NIL)
        return "";
    if (field->type == SCHEMA_TEXT && v->type == CASE_TEXT)
        return v->text;
    if (field->type == SCHEMA_DOTS && v->type == CASE_DOTS)
        return "voided";
    if (field->type == SCHEMA_FLAG && v->type == CASE_FLAG)
        return v->number ? "yes" : "no";
    if (field->type == SCHEMA_BYTES && v->type == CASE_DEVICE) {
        id = case_device((unsigned)v->number);
        return sodium_bin2hex(room, max, id.b, ID_BYTES);
    }
    if (v->type != CASE_NUMBER || (field->type != SCHEMA_INTEGER && (field->type != SCHEMA_CHOICE || v->number < 1)))
        return "(this version cannot read it)";
    for (size_t i = 0; field->type == SCHEMA_CHOICE && field->choices[i].name != NULL; i++)
        if (field->choices[i].code == v->number)
            return field->choices[i].name;
    (void)snprintf(room, max, field->type == SCHEMA_CHOICE ? "newer than this program (%lld)" : "%lld",
                   (long long)v->number);
    return room;
}

/* The text of a JSON array, or of several versions. */
static inline void model_put_shown(FILE *out, const struct schema_field *field, const struct model_op *live,
                                   size_t count)
{
    int array = field->policy == SCHEMA_SET || field->policy == SCHEMA_ONCE;
    (void)fputs(array ? "[" : "", out);
    for (size_t i = 0; i < count; i++) {
        char room[64];
        const char *words = model_words(field, &live[i], room, sizeof room);
        if (i != 0)
            (void)fputs(array ? "," : "\n\n[another version, to be brought together]\n\n", out);
        if (!array)
            (void)fputs(words, out);
        else if (model_is_nil(&live[i]))
            (void)fputs("null", out);
        else
            model_put_json(out, words);
    }
    (void)fputs(array ? "]" : "", out);
}

/* What a field shows to people: all that is known of it. */
struct model_view {
    struct model_shown shown;
    size_t live;
    struct model_op ops[CASE_FIELD_OPS];
    int together;              /* text: its versions were brought together */
    char text[MODEL_TEXT_MAX]; /* into this */
};

/* One column, as " name=value"; nothing where it is NULL. */
static inline void model_put_column(FILE *out, const struct schema_field *field, const struct model_view *view)
{
    const struct model_shown *shown = &view->shown;
    const struct model_op *live = view->ops;
    int array = field->policy == SCHEMA_SET || field->policy == SCHEMA_ONCE;
    const struct case_value *v = shown->count == 0 ? NULL : &case_values[live[0].op->value];
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory;
    if (v == NULL || (shown->count == 1 && v->type == CASE_NIL && !array))
        return;
    if (field->policy == SCHEMA_SUM) {
        (void)fprintf(out, " %s=%lld", field->name, (long long)shown->sum);
        return;
    }
    if (!array && model_is_number(field) && v->type == (field->type == SCHEMA_FLAG ? CASE_FLAG : CASE_NUMBER)) {
        (void)fprintf(out, " %s=%lld", field->name, (long long)v->number);
        return;
    }
    if (view->together) {
        (void)fprintf(out, " %s=", field->name);
        model_put_json(out, view->text);
        return;
    }
    memory = open_memstream(&text, &bytes);
    case_must(memory != NULL, "no memory");
    model_put_shown(memory, field, live, shown->count);
    case_must(fclose(memory) == 0, "no memory");
    (void)fprintf(out, " %s=", field->name);
    model_put_json(out, text);
    free(text);
}

static inline const struct schema_field *model_field(unsigned record, unsigned number)
{
    const struct schema_kind *kind = schema_kind(case_records[record].kind);
    return kind == NULL ? NULL : schema_field(kind, number);
}

/* A field's live ops in order, what they show, and for the void field whether it is contested. */
static inline void model_look(const struct case_history *h, const struct case_bytes *b, struct model_known known,
                              unsigned record, const struct schema_field *field, struct model_view *out)
{
    struct model_op all[CASE_FIELD_OPS];
    size_t count = model_ops(h, b, known, record, field->number, all);
    int contested;
    if (count != 0)
        memcpy(out->ops, all, count * sizeof *all);
    out->live = model_live(out->ops, count);
    out->shown = model_show(field, out->ops, out->live);
    out->together = 0;
    if (field->number == FIELD_VOID) {
        (void)model_voided(h, b, known, record, &contested);
        out->shown.conflict = contested ? MODEL_LOUD : MODEL_AGREED;
    }
    if (field->policy == SCHEMA_STATUS && out->shown.conflict != MODEL_AGREED)
        model_follow(all, count, out->ops, out->live);
    if (field->policy == SCHEMA_TEXTUAL) {
        enum model_together together = model_together(all, count, out->ops, out->live, out->shown.count, out->text);
        out->together = together != MODEL_APART;
        if (together == MODEL_CLEAN)
            out->shown.conflict = MODEL_QUIET;
    }
}

static inline void model_put_record(FILE *out, const struct case_history *h, const struct case_bytes *b,
                                    struct model_known known, unsigned record)
{
    const struct case_record *r = &case_records[record];
    struct id id = case_id(r->id), scope = case_id(r->scope);
    char id_text[ID_TEXT], scope_text[ID_TEXT];
    static struct model_view view;
    struct model_op ops[CASE_FIELD_OPS];
    size_t live =
        model_others(h, b, known, record, ops) + model_live(ops, model_ops(h, b, known, record, FIELD_VOID, ops));
    int contested;
    if (live == 0 || schema_kind(r->kind) == NULL)
        return;
    id_format(&id, id_text);
    id_format(&scope, scope_text);
    (void)fprintf(out, "%s %s %s voided=%d", schema_kind(r->kind)->name, id_text, scope_text,
                  model_voided(h, b, known, record, &contested));
    for (unsigned number = 2; number < 100; number++) {
        const struct schema_field *field = model_field(record, number);
        if (field != NULL) {
            model_look(h, b, known, record, field, &view);
            model_put_column(out, field, &view);
        }
    }
    (void)fputc('\n', out);
}

static inline void model_put_conflict(FILE *out, const struct case_history *h, const struct case_bytes *b,
                                      struct model_known known, unsigned record, const struct schema_field *field)
{
    struct id id = case_id(case_records[record].id);
    const char *kind = schema_kind(case_records[record].kind)->name;
    static struct model_view view;
    const struct model_op *ops = view.ops;
    char id_text[ID_TEXT], device_text[ID_TEXT], author_text[ID_TEXT], room[64];
    model_look(h, b, known, record, field, &view);
    if (view.shown.conflict == MODEL_AGREED)
        return;
    id_format(&id, id_text);
    (void)fprintf(out, "conflict %s %s %s %s\n", kind, id_text, field->name,
                  view.shown.conflict == MODEL_LOUD ? "loud" : "quiet");
    for (size_t i = 0; i < view.live; i++) {
        struct id device = case_device(ops[i].dot.device), author = case_id(0xa000u + ops[i].dot.device);
        id_format(&device, device_text);
        id_format(&author, author_text);
        (void)fprintf(out, "live %s %s %s ", kind, id_text, field->name);
        if (model_is_nil(&ops[i]))
            (void)fputs("null", out);
        else
            model_put_json(out, model_words(field, &ops[i], room, sizeof room));
        (void)fprintf(out, " %s/%u/%u/%u %s\n", device_text, ops[i].dot.epoch, ops[i].dot.seq, ops[i].dot.index,
                      author_text);
    }
}

/* The whole dump; freed by the caller. */
static inline char *model_dump(const struct case_history *h, const struct case_bytes *b, struct model_known known)
{
    static const unsigned by_kind[] = {CASE_HOLD, CASE_OTHER_HOLD, CASE_CLIENT, CASE_FILE, CASE_NOTE, CASE_SERVICE};
    struct model_known in = model_without_held(h, b, known);
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    case_must(out != NULL, "no memory");
    for (size_t i = 0; i < sizeof by_kind / sizeof *by_kind; i++)
        model_put_record(out, h, b, in, by_kind[i]);
    for (size_t i = 0; i < sizeof by_kind / sizeof *by_kind; i++)
        for (unsigned number = FIELD_VOID; number < 100; number++)
            if (model_field(by_kind[i], number) != NULL)
                model_put_conflict(out, h, b, in, by_kind[i], model_field(by_kind[i], number));
    case_must(fclose(out) == 0, "no memory");
    return text;
}

#endif
