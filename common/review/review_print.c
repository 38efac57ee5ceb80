/* Prints conflicts, in words or in JSON: the same for the laptop and for the office. */
#include "review_print.h"

#include <string.h>

#include "clock.h"
#include "moment.h"
#include "schema_json.h"
#include "whose.h"

#define NAME_MAX_BYTES 256

/* --- names --- */

/* Reads one column of a record, by the text of its id; "" if there is none. */
static void look_up_name(struct db *db, const char *sql, const struct id *record, char out[NAME_MAX_BYTES])
{
    char text[ID_TEXT];
    sqlite3_stmt *s;
    out[0] = '\0';
    id_format(record, text);
    if (db_first(db, &s, NULL, sql, "t", text) != 1)
        return;
    cli_cut(out, NAME_MAX_BYTES, db_text(s, 0));
    db_done(db, s);
}

static void user_name(struct db *db, const struct id *user, char out[NAME_MAX_BYTES])
{
    look_up_name(db, "SELECT coalesce(name, login, '') FROM \"user\" WHERE id = ?", user, out);
    if (out[0] == '\0')
        id_format(user, out);
}

/* The office's label of a laptop; "" on a laptop, which has no records of the others. */
static void device_label(struct db *db, const struct id *device, char out[NAME_MAX_BYTES])
{
    look_up_name(db, "SELECT coalesce(label, '') FROM device WHERE id = ?", device, out);
}

/* The name of the client whose record or case it is; "" if the record is of all the office. */
static void person_name(struct db *db, const struct id *scope, char out[NAME_MAX_BYTES])
{
    look_up_name(db, "SELECT coalesce(legal_name, preferred_name, '') FROM client WHERE id = ?", scope, out);
    if (out[0] == '\0')
        look_up_name(
            db,
            "SELECT coalesce(p.legal_name, p.preferred_name, '') FROM \"case\" c JOIN client p ON p.id = c.client "
            "WHERE c.id = ?",
            scope, out);
}

static void words_user(struct review_print *p, const struct id *user)
{
    char name[NAME_MAX_BYTES];
    user_name(p->db, user, name);
    cli_line(p->cli->out, name);
}

/* --- words --- */

static void words_heading(struct review_print *p, const struct review *r)
{
    const struct record_conflict *c = &r->conflict;
    FILE *out = p->cli->out;
    char record[ID_BRIEF], scope[ID_BRIEF], name[NAME_MAX_BYTES], when[32], age[REVIEW_AGE];
    (void)id_brief(&c->record, record);
    (void)id_brief(&c->scope, scope);
    person_name(p->db, &c->scope, name);
    (void)fprintf(out, "%s %s  %s  %s\n    %s.\n", c->kind->name, record, c->field->name,
                  c->loud ? "CONFLICT: A PERSON MUST DECIDE" : "parallel edit", r->sentence);
    if (name[0] != '\0') {
        (void)fprintf(out, "    of %s ", scope);
        whose_died(out, p->db, &c->scope);
        cli_line(out, name);
        (void)fputc('\n', out);
    }
    (void)fputs(c->loud ? "    to decide: " : "    to look at: ", out);
    for (size_t i = 0; i < r->owner_count; i++) {
        (void)fputs(i == 0 ? "" : ", ", out);
        words_user(p, &r->owners[i]);
    }
    if (r->owner_count == 0)
        (void)fputs("nobody: the office has no active administrator", out);
    cli_time(r->since_ms, when);
    (void)fprintf(out, "; since %s (%s)%s\n", when, review_age(r->since_ms, p->now_ms, age),
                  r->at_office ? "" : ", not at the office yet");
}

/* Who wrote a value, or beside a void, on which device, and when. */
struct written {
    const struct dot *dot;
    const struct id *author, *device;
    uint64_t hlc, wall_ms, received_ms;
    uint64_t position;
};

static struct written written_op(const struct record_op *op)
{
    return (struct written){&op->merge.dot, &op->author,           &op->merge.dot.device, op->merge.hlc,
                            op->wall_ms,    op->merge.received_ms, op->merge.position};
}

static struct written written_beside(const struct review_beside *b)
{
    return (struct written){&b->dot, &b->author, &b->dot.device, b->hlc, b->wall_ms, b->received_ms, b->position};
}

/* The time by which it was written: when the office received it, or now. */
static uint64_t written_until(const struct review_print *p, const struct written *w)
{
    return w->position == MERGE_NOT_ACCEPTED ? p->written_ms : w->received_ms;
}

static void words_who(struct review_print *p, const struct written *w)
{
    FILE *out = p->cli->out;
    char label[NAME_MAX_BYTES], name[ID_BRIEF], when[MOMENT_WRITTEN];
    int is_waiting = w->position == MERGE_NOT_ACCEPTED;
    char import[REVIEW_IMPORT];
    if (review_import(p->db, w->dot, import, NULL) == 1) {
        cli_line(out, import);
        (void)fputs(", which was run by ", out);
    }
    words_user(p, w->author);
    moment_written(w->hlc, w->wall_ms, written_until(p, w), when);
    (void)fprintf(out, ", %s by the clock of ", when);
    device_label(p->db, w->device, label);
    if (label[0] != '\0') {
        cli_line(out, label);
        (void)fputc(' ', out);
    }
    (void)id_brief(w->device, name);
    cli_time(w->received_ms, when);
    (void)fprintf(out, "%s; %s%s\n", name, is_waiting ? "not at the office yet" : "at the office ",
                  is_waiting ? "" : when);
}

static void words_seen(struct review_print *p, const struct review *r, const struct review_value *v)
{
    FILE *out = p->cli->out;
    const char *between = "";
    (void)fputs("        had seen: ", out);
    for (size_t i = 0; i < v->seen_count; i++) {
        (void)fputs(between, out);
        p->value(p->arg, r->conflict.kind, r->conflict.field, v->seen[i], 18);
        between = "; ";
    }
    if (v->more != 0)
        (void)fprintf(out, "; and %zu more", v->more);
    if (v->unknown != 0)
        (void)fprintf(out, "%s%zu earlier %s not in this store", between, v->unknown,
                      v->unknown == 1 ? "value that is" : "values that are");
    if (v->seen_count + v->unknown == 0)
        (void)fputs("nothing", out);
    (void)fputc('\n', out);
}

static void words_values(struct review_print *p, const struct review *r)
{
    FILE *out = p->cli->out;
    for (size_t i = 0; i < r->field.count; i++) {
        const struct record_op *op = &r->field.ops[i];
        const struct written w = written_op(op);
        (void)fprintf(out, "    %zu %s ", i + 1,
                      r->field.merged != NULL    ? "version:"
                      : i < r->field.shown.count ? "shown: "
                                                 : "beside:");
        p->value(p->arg, r->conflict.kind, r->conflict.field, op->merge.value, 14);
        (void)fputs("\n        by ", out);
        words_who(p, &w);
        words_seen(p, r, &r->values[i]);
    }
}

/* Prints a contested void. It has no values to choose from, so: who voided, and who went on. */
static void words_void(struct review_print *p, const struct review *r)
{
    FILE *out = p->cli->out;
    for (size_t i = 0; i < r->field.count; i++) {
        const struct record_op *op = &r->field.ops[i];
        const struct written w = written_op(op);
        (void)fprintf(out, "    %s by ", slice_is_nil(op->merge.value) ? "void taken back" : "voided");
        words_who(p, &w);
    }
    for (size_t i = 0; i < r->beside_count; i++) {
        const struct review_beside *b = &r->beside[i];
        const struct schema_field *field = schema_field(r->conflict.kind, b->field);
        const struct written w = written_beside(b);
        (void)fprintf(out, "    %s written by ",
                      field != NULL ? field->name : "a field that this version does not know");
        words_who(p, &w);
    }
}

/* Prints a contested closing: who closed, and what was not seen then. */
static void words_closing(struct review_print *p, const struct review *r)
{
    FILE *out = p->cli->out;
    for (size_t i = 0; i < r->field.count; i++) {
        const struct record_op *op = &r->field.ops[i];
        const struct written w = written_op(op);
        (void)fputs("    ", out);
        p->value(p->arg, r->conflict.kind, r->conflict.field, op->merge.value, 4);
        (void)fputs(" by ", out);
        words_who(p, &w);
    }
    for (size_t i = 0; i < r->beside_count; i++) {
        const struct review_beside *b = &r->beside[i];
        const struct written w = written_beside(b);
        const struct schema_kind *kind = schema_kind(b->kind);
        const struct schema_field *field = kind != NULL ? schema_field(kind, b->field) : NULL;
        if (field == NULL || field->type == SCHEMA_DOTS) {
            (void)fprintf(out, "    %s",
                          field == NULL            ? "something that this version does not know"
                          : slice_is_nil(b->value) ? "a void was taken back"
                                                   : "a record was voided");
        } else {
            (void)fprintf(out, "    %s, %s%s: ", kind->name, field->name, b->removes ? " taken out" : "");
            p->value(p->arg, kind, field, b->value, 8);
        }
        (void)fputs("\n        not seen then, by ", out);
        words_who(p, &w);
    }
}

static void words_way(struct review_print *p, const struct review *r)
{
    FILE *out = p->cli->out;
    char record[ID_BRIEF];
    (void)id_brief(&r->conflict.record, record);
    if (r->field.shown.erased != 0)
        (void)fprintf(
            out,
            "    count it as nothing: satchel resolve %s %s without --seen %s   (what it was, if it is known: "
            "satchel add %s %s=NUMBER)\n",
            record, r->conflict.field->name, r->code, record, r->conflict.field->name);
    else if (schema_traits(r->conflict.field)->adds_up && r->conflict.field->number != FIELD_VOID)
        (void)fprintf(out, "    correct it: satchel add %s %s=-NUMBER\n", record, r->conflict.field->name);
    else if (r->conflict.field->number == FIELD_VOID)
        (void)fprintf(out, "    decide: satchel resolve %s void yes|no --seen %s\n", record, r->code);
    else if (r->field.unseen)
        (void)fprintf(out,
                      "    it stays so: satchel resolve %s %s 1 --seen %s\n    it is opened again: satchel resolve %s "
                      "%s %s --seen %s\n",
                      record, r->conflict.field->name, r->code, record, r->conflict.field->name,
                      review_reopened(r->conflict.kind), r->code);
    else if (r->field.merged != NULL && r->field.merged->text.overlaps == 0)
        (void)fprintf(out, "    settle: satchel resolve %s %s merged --seen %s   (or a value, or its number above)\n",
                      record, r->conflict.field->name, r->code);
    else
        (void)fprintf(out, "    %s: satchel resolve %s %s VALUE --seen %s   (a value, or its number above)\n",
                      r->conflict.loud ? "decide" : "settle", record, r->conflict.field->name, r->code);
}

static void print_words(struct review_print *p, const struct review *r)
{
    words_heading(p, r);
    if (r->conflict.field->number == FIELD_VOID)
        words_void(p, r);
    else if (r->field.unseen)
        words_closing(p, r);
    else
        words_values(p, r);
    if (r->field.merged != NULL && p->merged != NULL)
        p->merged(p->arg, &r->field, 4);
    if (p->decides)
        words_way(p, r);
}

/* --- JSON --- */

static void json_owners(struct review_print *p, const struct review *r)
{
    char text[NAME_MAX_BYTES];
    json_array(json_key(p->json, "owners"));
    for (size_t i = 0; i < r->owner_count; i++) {
        json_object(p->json);
        json_id(json_key(p->json, "id"), &r->owners[i]);
        look_up_name(p->db, "SELECT coalesce(login, '') FROM \"user\" WHERE id = ?", &r->owners[i], text);
        json_text(json_key(p->json, "login"), text);
        user_name(p->db, &r->owners[i], text);
        json_text(json_key(p->json, "name"), text);
        json_end(p->json);
    }
    json_end(p->json);
}

/* Writes author, device and times, which each value has, and each op beside a void. */
static void json_who(struct review_print *p, const struct written *w)
{
    char text[NAME_MAX_BYTES], import[REVIEW_IMPORT];
    user_name(p->db, w->author, text);
    json_text(json_key(p->json, "author"), text);
    json_id(json_key(p->json, "author_id"), w->author);
    json_id(json_key(p->json, "device"), w->device);
    device_label(p->db, w->device, text);
    json_text(json_key(p->json, "device_label"), text);
    json_uint(json_key(p->json, "wall_ms"), w->wall_ms);
    json_uint(json_key(p->json, "received_ms"), w->received_ms);
    json_flag(json_key(p->json, "wrong_clock"), clock_off(w->hlc, w->wall_ms, written_until(p, w)) != 0);
    json_text(json_key(p->json, "import"), review_import(p->db, w->dot, import, NULL) == 1 ? import : NULL);
}

static void json_value(struct review_print *p, const struct review *r, size_t number)
{
    const struct record_conflict *c = &r->conflict;
    const struct record_op *op = &r->field.ops[number];
    const struct review_value *v = &r->values[number];
    const struct written w = written_op(op);
    json_object(p->json);
    json_key(p->json, "value");
    schema_json(p->json, c->kind, c->field, op->merge.value, p->room);
    json_who(p, &w);
    json_flag(json_key(p->json, "shown"), number < r->field.shown.count);
    json_array(json_key(p->json, "seen"));
    for (size_t i = 0; i < v->seen_count && c->field->number != FIELD_VOID; i++)
        schema_json(p->json, c->kind, c->field, v->seen[i], p->room);
    json_end(p->json);
    json_uint(json_key(p->json, "seen_more"), v->more);
    json_uint(json_key(p->json, "seen_unknown"), v->unknown);
    json_end(p->json);
}

static void json_beside(struct review_print *p, const struct review *r)
{
    json_array(json_key(p->json, "beside"));
    for (size_t i = 0; i < r->beside_count; i++) {
        const struct schema_kind *kind = r->field.unseen ? schema_kind(r->beside[i].kind) : r->conflict.kind;
        const struct schema_field *field = kind != NULL ? schema_field(kind, r->beside[i].field) : NULL;
        const struct written w = written_beside(&r->beside[i]);
        json_object(p->json);
        json_text(json_key(p->json, "field"), field != NULL ? field->name : NULL);
        if (r->field.unseen) {
            json_text(json_key(p->json, "kind"), kind != NULL ? kind->name : NULL);
            json_id(json_key(p->json, "record"), &r->beside[i].record);
            json_key(p->json, "value");
            if (field != NULL && field->type != SCHEMA_DOTS)
                schema_json(p->json, kind, field, r->beside[i].value, p->room);
            else
                json_null(p->json);
        }
        json_who(p, &w);
        json_end(p->json);
    }
    json_end(p->json);
}

static void json_review(struct review_print *p, const struct review *r)
{
    const struct record_conflict *c = &r->conflict;
    struct json *j = p->json;
    char name[NAME_MAX_BYTES], died[WHOSE_BIRTH];
    json_object(j);
    json_text(json_key(j, "kind"), c->kind->name);
    json_id(json_key(j, "record"), &c->record);
    json_id(json_key(j, "scope"), &c->scope);
    person_name(p->db, &c->scope, name);
    json_text(json_key(j, "person"), name);
    whose_day_of_death(p->db, &c->scope, died);
    json_text(json_key(j, "died"), died[0] != '\0' ? died : NULL);
    json_text(json_key(j, "field"), c->field->name);
    json_flag(json_key(j, "loud"), c->loud);
    json_text(json_key(j, "label"), review_label(c->loud));
    json_text(json_key(j, "sentence"), r->sentence);
    json_uint(json_key(j, "since_ms"), r->since_ms);
    json_flag(json_key(j, "at_office"), r->at_office);
    json_text(json_key(j, "code"), r->code);
    json_owners(p, r);
    json_array(json_key(j, "values"));
    for (size_t i = 0; i < r->field.count; i++)
        json_value(p, r, i);
    json_end(j);
    if (r->field.merged != NULL && p->merged != NULL) {
        json_key(j, "merged");
        p->merged(p->arg, &r->field, 0);
    }
    if (c->field->number == FIELD_VOID || r->field.unseen)
        json_beside(p, r);
    json_end(j);
}

void review_print(struct review_print *p, const struct review *r)
{
    if (p->json != NULL)
        json_review(p, r);
    else
        print_words(p, r);
    *(r->conflict.loud ? &p->loud : &p->quiet) += 1;
}

void review_print_count(const struct review_print *p)
{
    char loud[64], quiet[64];
    (void)fprintf(p->cli->err, "%s to decide, %s\n", cli_count(p->loud, "conflict", "conflicts", loud, sizeof loud),
                  cli_count(p->quiet, "parallel edit", "parallel edits", quiet, sizeof quiet));
    if (!p->decides && p->loud != 0)
        (void)fputs(
            "a conflict is decided on a laptop that holds its case: `satchel conflicts` there has the command\n",
            p->cli->err);
}
