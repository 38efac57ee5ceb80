/* Prints allergies, alerts and risks from every record of a person, and says of each record that is missing that it is.
 */
#include "warn.h"

#include <string.h>

#include "fields.h"
#include "person.h"
#include "record.h"
#include "schema.h"
#include "whose.h"

#define LABEL FIELDS_LABEL

struct warning {
    struct printer *v;
    const struct id *client, *shown_case;
    struct person person;
    const char *title; /* of what is listed */
    size_t lines;      /* that stand under it */
};

/* Begins a line under the title. */
static void line(struct warning *w)
{
    fields_label(w->v, w->lines++ == 0 ? w->title : "", 0);
}

static int is_own(const struct warning *w, const struct person_record *r)
{
    return id_equal(&r->id, w->client);
}

/* --- allergies and alerts --- */

static int print_values(struct warning *w, const struct person_record *r, const char *name, struct error *e)
{
    const struct schema_kind *kind = schema_kind(KIND_CLIENT);
    const struct schema_field *field = schema_field_named(kind, name);
    FILE *out = w->v->cli->out;
    char brief[PRINTER_ID];
    struct record_field f;
    int code = record_field_load(w->v->db, &r->id, kind, field, &f, e);
    if (code != 0)
        return code;
    printer_id(&r->id, brief);
    for (size_t i = 0; i < f.shown.count; i++) {
        if (slice_is_nil(f.ops[i].merge.value))
            continue;
        line(w);
        printer_block(out, printer_value(w->v, field, f.ops[i].merge.value), LABEL);
        if (!is_own(w, r))
            (void)fprintf(out, "  (recorded on %s%s)", brief, r->voided ? ", which is voided" : "");
        (void)fputc('\n', out);
    }
    printer_saw(w->v, &f);
    record_field_free(&f);
    return 0;
}

/* Prints the days of death that the person's records have, before all else; nothing if none has one. */
static int print_died(struct warning *w, struct error *e)
{
    int code = 0;
    w->title = "DIED";
    w->lines = 0;
    for (int others = 0; others < 2; others++)
        for (size_t i = 0; code == 0 && i < w->person.count; i++)
            if (is_own(w, &w->person.all[i]) != others && !w->person.all[i].absent)
                code = print_values(w, &w->person.all[i], "death_date", e);
    return code;
}

/* Says why a record may have more than what is printed: it is not here, not whole, or held back. No line if it is
 * whole. */
static int print_missing(struct warning *w, const struct person_record *r, struct error *e)
{
    FILE *out = w->v->cli->out;
    char brief[PRINTER_ID];
    int arriving, held_back, any = w->lines != 0;
    printer_id(&r->id, brief);
    if ((arriving = printer_is_arriving(w->v->db, &r->id, e)) < 0 ||
        (held_back = printer_is_held_back(w->v->db, &r->id, e)) < 0)
        return error_code(e);
    if (!r->absent && !arriving && !held_back)
        return 0;
    line(w);
    (void)fputs(any ? "there may be more: " : "", out);
    if (r->absent && is_own(w, r))
        (void)fprintf(out, "not known here: the client %s has not arrived on this laptop\n", brief);
    else if (r->absent)
        (void)fprintf(out, "another record of this person (%s) is not on this laptop: it may hold more\n", brief);
    else if (arriving)
        (void)fprintf(out, "not all of %s%s%s has arrived yet\n",
                      is_own(w, r) ? "this person's record" : "another record of this person (",
                      is_own(w, r) ? "" : brief, is_own(w, r) ? "" : ")");
    else
        (void)fprintf(out, "the office holds back what you wrote of this person%s%s; `satchel status` says why\n",
                      is_own(w, r) ? "" : " on record ", is_own(w, r) ? "" : brief);
    return 0;
}

static int print_first(struct warning *w, const char *name, const char *title, const char *nothing, struct error *e)
{
    int code = 0;
    w->title = title;
    w->lines = 0;
    /* The record that is shown goes first, then the others by their ids. */
    for (int others = 0; others < 2; others++)
        for (size_t i = 0; code == 0 && i < w->person.count; i++)
            if (is_own(w, &w->person.all[i]) != others && !w->person.all[i].absent)
                code = print_values(w, &w->person.all[i], name, e);
    for (size_t i = 0; code == 0 && i < w->person.count; i++)
        code = print_missing(w, &w->person.all[i], e);
    if (code == 0 && w->person.more) {
        line(w);
        (void)fputs("this person has more records than are looked at here: they may hold more\n", w->v->cli->out);
    }
    if (code == 0 && w->lines == 0) {
        line(w);
        (void)fprintf(w->v->cli->out, "%s\n", nothing);
    }
    return code;
}

/* --- the person's other records and cases --- */

typedef void tell_risk(struct warning *w, const struct person_record *r, sqlite3_stmt *s);

static void risk_words(struct warning *w, const struct person_record *r, sqlite3_stmt *s)
{
    FILE *out = w->v->cli->out;
    const char *id = db_text(s, 0);
    char brief[PRINTER_ID];
    printer_id(&r->id, brief);
    line(w);
    (void)fprintf(out, "%s in case %s", db_text(s, 1), strlen(id) > 8 ? id + strlen(id) - 8 : id);
    (void)fputs(db_is_null(s, 2) ? "" : " (", out);
    printer_line(out, db_text(s, 2), 0);
    (void)fprintf(out, "%s, of the record %s\n", db_is_null(s, 2) ? "" : ")", brief);
}

static void risk_json(struct warning *w, const struct person_record *r, sqlite3_stmt *s)
{
    struct json *j = &w->v->json;
    json_object(j);
    json_text(json_key(j, "case"), db_text(s, 0));
    json_id(json_key(j, "client"), &r->id);
    json_text(json_key(j, "risk"), db_text(s, 1));
    json_end(j);
}

/* The risk of a case was printed. */
static int saw_risk(struct printer *v, const char *text, struct error *e)
{
    unsigned risk = schema_field_named(schema_kind(KIND_CASE), "risk")->number;
    struct id id;
    return id_parse(text, &id, NULL) != 0 ? 0 : seen_columns(v->seen, &id, &risk, 1, e);
}

/* Tells the risk in each open case of the person that the page does not show anyway. */
static int each_risk(struct warning *w, tell_risk *tell, struct error *e)
{
    static const char sql[] =
        "SELECT id, risk, number FROM \"case\" WHERE client = ? AND voided = 0 AND risk IS NOT NULL "
        "AND coalesce(status, '') <> 'closed' AND id IS NOT ? ORDER BY id";
    char client[ID_TEXT], shown[ID_TEXT];
    w->title = "RISK ELSEWHERE";
    w->lines = 0;
    if (w->shown_case != NULL)
        id_format(w->shown_case, shown);
    for (size_t i = 0; i < w->person.count; i++) {
        const struct person_record *r = &w->person.all[i];
        sqlite3_stmt *s;
        int row, code;
        if (is_own(w, r) && w->shown_case == NULL)
            continue;
        id_format(&r->id, client);
        if ((code = db_query(w->v->db, &s, e, sql, "tt", client, w->shown_case != NULL ? shown : NULL)) != 0)
            return code;
        while ((row = db_next(w->v->db, s, e)) == 1) {
            tell(w, r, s);
            if ((code = saw_risk(w->v, db_text(s, 0), e)) != 0) {
                db_done(w->v->db, s);
                return code;
            }
        }
        if (row < 0)
            return error_code(e);
    }
    return 0;
}

static void print_records(struct warning *w)
{
    FILE *out = w->v->cli->out;
    w->title = "SAME PERSON AS";
    w->lines = 0;
    for (size_t i = 0; i < w->person.count; i++) {
        const struct person_record *r = &w->person.all[i];
        char name[PRINTER_NAME], brief[PRINTER_ID];
        if (is_own(w, r))
            continue;
        printer_id(&r->id, brief);
        printer_name(w->v->db, &r->id, name);
        line(w);
        (void)fprintf(out, "%s%s", brief, name[0] != '\0' ? "  " : "");
        whose_died(out, w->v->db, &r->id);
        printer_line(out, name, 0);
        (void)fputs(r->absent ? "  (not on this laptop)\n" : r->voided ? "  (voided)\n" : "\n", out);
    }
}

static int start_warning(struct warning *w, struct printer *v, const struct id *client, const struct id *shown_case,
                         struct error *e)
{
    memset(w, 0, sizeof *w);
    w->v = v;
    w->client = client;
    w->shown_case = shown_case;
    return person_same(v->db, client, &w->person, e);
}

int warn_words(struct printer *v, const struct id *client, const struct id *shown_case, struct error *e)
{
    struct warning w;
    int code = start_warning(&w, v, client, shown_case, e);
    if (code != 0 || (code = print_died(&w, e)) != 0 ||
        (code = print_first(&w, "allergy", "ALLERGIES", "no allergies recorded", e)) != 0 ||
        (code = print_first(&w, "alert", "ALERTS", "no alerts recorded", e)) != 0 || w.person.count == 1)
        return code;
    if ((code = each_risk(&w, risk_words, e)) == 0)
        print_records(&w);
    return code;
}

static int record_json(struct printer *v, const struct person_record *r, struct error *e)
{
    struct record_place place;
    int code;
    json_object(&v->json);
    if (r->absent) {
        json_id(json_key(&v->json, "id"), &r->id);
        json_text(json_key(&v->json, "kind"), "client");
    } else if ((code = record_find(v->db, &r->id, &place, e)) != 0 || (code = fields_json(v, &r->id, &place, e)) != 0) {
        return code;
    }
    json_flag(json_key(&v->json, "here"), !r->absent);
    json_end(&v->json);
    return 0;
}

int warn_json(struct printer *v, const struct id *client, const struct id *shown_case, struct error *e)
{
    struct json *j = &v->json;
    struct warning w;
    int code = start_warning(&w, v, client, shown_case, e);
    if (code != 0 || w.person.count == 1)
        return code;
    json_array(json_key(j, "same_person"));
    for (size_t i = 0; code == 0 && i < w.person.count; i++)
        if (!is_own(&w, &w.person.all[i]))
            code = record_json(v, &w.person.all[i], e);
    if (code != 0)
        return code;
    json_end(j);
    json_flag(json_key(j, "more_records"), w.person.more);
    json_array(json_key(j, "other_risks"));
    if ((code = each_risk(&w, risk_json, e)) == 0)
        json_end(j);
    return code;
}
