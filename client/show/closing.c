/* Tells of a closing that is contested: who closed, who went on, and how it is decided. */
#include "closing.h"

#include "review.h"
#include "schema.h"
#include "unknown.h"
#include "whose.h"

/* --- who, and what --- */

static void print_who(struct printer *v, const struct record_op *op)
{
    char name[PRINTER_NAME], when[MOMENT_WRITTEN];
    printer_author(v->db, &op->author, name);
    printer_written(v, op, when);
    (void)fputs("by ", v->cli->out);
    printer_line(v->cli->out, name, 0);
    (void)fprintf(v->cli->out, ", %s", when);
}

static void print_writer(struct printer *v, const struct review_beside *b)
{
    const struct record_op op = {
        .merge = {.hlc = b->hlc, .received_ms = b->received_ms, .position = b->position},
        .author = b->author,
        .wall_ms = b->wall_ms,
    };
    print_who(v, &op);
}

/* Prints "note, text: needs insulin"; value_indent 0: the value on one line. */
static void print_what(struct printer *v, const struct review_beside *b, int value_indent)
{
    FILE *out = v->cli->out;
    const struct schema_kind *kind = schema_kind(b->kind);
    const struct schema_field *field = kind != NULL ? schema_field(kind, b->field) : NULL;
    const char *value;
    if (field != NULL && field->type == SCHEMA_DOTS) {
        (void)fprintf(out, "%s, %s", kind->name, slice_is_nil(b->value) ? "void taken back" : "voided");
        return;
    }
    (void)fprintf(out, "%s, %s%s: ", kind != NULL ? kind->name : "a record that is newer than this program",
                  field != NULL ? field->name : "newer than this program", b->removes ? " taken out" : "");
    value = field != NULL ? printer_value(v, field, b->value) : unknown_value(v, b->field, b->value);
    if (value_indent != 0)
        printer_block(out, value, value_indent);
    else
        printer_line(out, value, 0);
}

/* --- on a page --- */

/* Prints who closed it, in each of the values that agree. */
static void print_closers(struct printer *v, const struct schema_field *field, const struct record_field *f, int indent)
{
    FILE *out = v->cli->out;
    for (size_t i = 0; i < f->count; i++) {
        (void)fprintf(out, "%*s%s ", indent, "", printer_value(v, field, f->ops[i].merge.value));
        print_who(v, &f->ops[i]);
        (void)fputs(i + 1 < f->count ? "\n" : ", who had not seen:\n", out);
    }
}

static void print_ways(struct printer *v, const struct id *record, const struct schema_kind *kind,
                       const struct schema_field *field, const char *seen, int indent)
{
    FILE *out = v->cli->out;
    char brief[PRINTER_ID];
    printer_id(record, brief);
    (void)fprintf(out, "%*scontested: decide, with `satchel resolve %s %s 1 --seen %s`, that it stays so, or, with\n",
                  indent, "", brief, field->name, seen);
    (void)fprintf(out, "%*s`satchel resolve %s %s %s --seen %s`, that it is opened again\n", indent, "", brief,
                  field->name, review_reopened(kind), seen);
}

int closing_words(struct printer *v, const struct id *record, const struct schema_kind *kind,
                  const struct schema_field *field, const struct record_field *f, int indent, struct error *e)
{
    FILE *out = v->cli->out;
    struct review_beside *ops;
    char seen[REVIEW_CODE];
    size_t count;
    int code;
    if ((code = review_code(v->db, record, field, f, seen, e)) != 0 ||
        (code = review_unseen(v->db, record, field, &ops, &count, e)) != 0)
        return code;
    (void)fprintf(out, "%s, though others went on\n", printer_value(v, field, f->ops[0].merge.value));
    print_closers(v, field, f, indent);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "%*s", indent + 2, "");
        print_what(v, &ops[i], indent + 4);
        (void)fprintf(out, "\n%*s", indent + 4, "");
        print_writer(v, &ops[i]);
        (void)fprintf(out, ", who had not seen that it was %s\n", kind->number == KIND_CASE ? "closed" : "ended");
        seen_dot(v->seen, &ops[i].dot);
    }
    print_ways(v, record, kind, field, seen, indent);
    review_unseen_free(ops, count);
    return 0;
}

/* --- after a sync --- */

struct telling_closings {
    struct printer *v;
    size_t told;
};

/* Prints the first words that were not seen, and how many there are besides. */
static void tell_unseen(struct printer *v, const struct review *r)
{
    FILE *out = v->cli->out;
    const struct review_beside *b = &r->beside[0];
    (void)fputs("\n    ", out);
    print_what(v, b, 0);
    (void)fputs(", ", out);
    print_writer(v, b);
    seen_dot(v->seen, &b->dot);
    if (r->beside_count > 1)
        (void)fprintf(out, "; and %zu more", r->beside_count - 1);
}

static int tell_closing(void *arg, const struct review *r, struct error *e)
{
    struct telling_closings *t = arg;
    struct printer *v = t->v;
    FILE *out = v->cli->out;
    char brief[PRINTER_ID];
    const char *value;
    (void)e;
    if (!r->field.unseen || r->beside_count == 0 || t->told++ >= CLOSING_TOLD)
        return 0;
    printer_id(&r->conflict.record, brief);
    (void)fprintf(out, "  the %s of ", r->conflict.kind->name);
    whose_say(out, v->db, &r->conflict.record);
    (void)fputs(r->conflict.kind->number == KIND_CASE ? " was closed " : " was ended ", out);
    value = printer_value(v, r->conflict.field, r->field.ops[0].merge.value);
    if (strcmp(value, "closed") != 0) /* how it ended */
        (void)fprintf(out, "(%s) ", value);
    print_who(v, &r->field.ops[0]);
    (void)fputs(", who had not seen this, and whoever wrote this had not seen that:", out);
    tell_unseen(v, r);
    (void)fprintf(out, "\n    a person must decide whether it stays so: `satchel show %s`\n", brief);
    seen_dot(v->seen, &r->field.ops[0].merge.dot);
    return 0;
}

int closing_tell(struct printer *v, size_t *told, struct error *e)
{
    struct telling_closings t = {v, 0};
    int code = review_each(v->db, tell_closing, &t, e);
    if (code == 0 && t.told > CLOSING_TOLD)
        (void)fprintf(v->cli->out, "  and %zu more of the kind; `satchel conflicts` lists them\n",
                      t.told - CLOSING_TOLD);
    *told = t.told;
    return code;
}
