/* Prints names, values, lines and columns; nothing in a record can drive the terminal. */
#include "printer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "moment.h"
#include "schema_json.h"
#include "skew.h"
#include "whose.h"

int printer_open(struct printer *v, struct db *db, struct cli *cli, struct error *e)
{
    *v = (struct printer){db, cli, malloc(SCHEMA_FORMAT_MAX), json_start(cli->out), skew_now(db), NULL};
    return v->room != NULL ? 0 : error_memory(e);
}

void printer_close(struct printer *v)
{
    if (v->room != NULL)
        sodium_memzero(v->room, SCHEMA_FORMAT_MAX);
    free(v->room);
    v->room = NULL;
}

void printer_id(const struct id *id, char out[PRINTER_ID])
{
    (void)id_brief(id, out);
}

static int is_there(struct db *db, const char *sql, const struct id *id, struct error *e)
{
    return db_exists(db, e, sql, "d", id);
}

int printer_is_arriving(struct db *db, const struct id *scope, struct error *e)
{
    return is_there(db, "SELECT 1 FROM scope WHERE id = ? AND complete = 0", scope, e);
}

int printer_is_held_back(struct db *db, const struct id *record, struct error *e)
{
    return is_there(db, "SELECT 1 FROM held_note WHERE record = ? LIMIT 1", record, e);
}

/* --- names --- */

/* The value of one field of a record, as its column has it; "" if there is none. */
static void field_text(struct db *db, const struct schema_kind *kind, const char *field, const struct id *record,
                       char out[PRINTER_NAME])
{
    char id[ID_TEXT], *sql = sqlite3_mprintf("SELECT \"%w\" FROM \"%w\" WHERE id = ?", field, kind->name);
    sqlite3_stmt *s;
    out[0] = '\0';
    id_format(record, id);
    if (sql != NULL && db_first(db, &s, NULL, sql, "t", id) == 1) {
        cli_cut(out, PRINTER_NAME, db_text(s, 0));
        db_done(db, s);
    }
    sqlite3_free(sql);
}

void printer_name(struct db *db, const struct id *record, char out[PRINTER_NAME])
{
    struct record_place place;
    struct id at = *record, other;
    out[0] = '\0';
    /* A case is called by its client's name; a title's title is none. */
    for (int steps = 0; steps < 2 && record_find(db, &at, &place, NULL) == 0; steps++, at = other) {
        const struct schema_field *field = NULL;
        for (size_t i = 0; i < SCHEMA_TITLES && place.kind->title[i] != NULL && out[0] == '\0'; i++) {
            field = schema_field_named(place.kind, place.kind->title[i]);
            field_text(db, place.kind, field->name, &at, out);
        }
        if (field == NULL || field->type != SCHEMA_REF)
            return;
        if (id_parse(out, &other, NULL) != 0)
            break;
        out[0] = '\0';
    }
    out[0] = '\0';
}

void printer_author(struct db *db, const struct id *user, char out[PRINTER_NAME])
{
    printer_name(db, user, out);
    if (out[0] == '\0')
        id_format(user, out);
}

/* --- values --- */

/* Puts a reference in words into v->room: "[died 2026-03-01] Ada Byron (c3d4e5f6)", and whether that record is voided
 * or not here. */
static void refer(struct printer *v, struct slice value)
{
    char name[PRINTER_NAME], brief[PRINTER_ID], full[ID_TEXT], died[WHOSE_BIRTH];
    struct record_place place;
    struct id id;
    if (!slice_id(value, &id))
        return;
    whose_day_of_death(v->db, &id, died);
    printer_id(&id, brief);
    id_format(&id, full);
    printer_name(v->db, &id, name);
    if (record_find(v->db, &id, &place, NULL) != 0)
        (void)snprintf(v->room, SCHEMA_FORMAT_MAX, "%s (not on this laptop)", full);
    else
        (void)snprintf(v->room, SCHEMA_FORMAT_MAX, "%s%s%s%s%s(%s%s)", died[0] != '\0' ? "[died " : "", died,
                       died[0] != '\0' ? "] " : "", name, name[0] != '\0' ? " " : "", brief,
                       place.voided ? ", voided" : "");
}

const char *printer_value(struct printer *v, const struct schema_field *field, struct slice value)
{
    if (slice_is_nil(value)) {
        cli_cut(v->room, SCHEMA_FORMAT_MAX, "(cleared)");
        return v->room;
    }
    schema_format(field, value, v->room, SCHEMA_FORMAT_MAX);
    if (field->type == SCHEMA_REF)
        refer(v, value);
    else if (field->type == SCHEMA_TIME) {
        char moment[MOMENT_TEXT];
        moment_to_words(v->room, moment);
        cli_cut(v->room, SCHEMA_FORMAT_MAX, moment);
    }
    return v->room;
}

void printer_saw(struct printer *v, const struct record_field *f)
{
    for (size_t i = 0; i < f->count; i++)
        seen_dot(v->seen, &f->ops[i].merge.dot);
}

/* --- on a terminal --- */

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* Prints one character of a text by cli_text, so that nothing in a record drives the terminal. Returns the next one. */
static const char *put_character(FILE *out, const char *p)
{
    char one[5];
    size_t n = 0;
    do
        one[n++] = *p++;
    while (n < 4 && ((unsigned char)*p & 0xc0) == 0x80);
    one[n] = '\0';
    cli_text(out, one[0] == '\n' || one[0] == '\t' ? " " : one);
    return p;
}

void printer_line(FILE *out, const char *text, size_t max)
{
    int is_cut = max > 3 && characters(text) > max;
    size_t left = is_cut ? max - 3 : SIZE_MAX;
    while (*text != '\0' && left-- > 0)
        text = put_character(out, text);
    if (is_cut)
        (void)fputs("...", out);
}

void printer_cell(FILE *out, const char *text, size_t width, int cut)
{
    printer_line(out, text, cut ? width : 0);
    for (size_t i = characters(text); i < width; i++)
        (void)fputc(' ', out);
}

void printer_block(FILE *out, const char *text, int indent)
{
    while (*text != '\0') {
        if (*text == '\n' && text[1] != '\0')
            (void)fprintf(out, "\n%*s", indent, "");
        if (*text == '\n')
            text++;
        else
            text = put_character(out, text);
    }
}

/* --- JSON --- */

void printer_json_value(struct printer *v, const struct schema_kind *kind, const struct schema_field *field,
                        struct slice value)
{
    schema_json(&v->json, kind, field, value, v->room);
}

void printer_json_author(struct printer *v, const struct id *author)
{
    char name[PRINTER_NAME];
    printer_author(v->db, author, name);
    json_text(json_key(&v->json, "author"), name);
    json_id(json_key(&v->json, "author_id"), author);
}

static uint64_t bound_of(const struct printer *v, uint64_t received_ms)
{
    return received_ms != 0 ? received_ms : v->now_ms;
}

int printer_is_off(const struct printer *v, uint64_t hlc, uint64_t wall_ms, uint64_t received_ms)
{
    return clock_off(hlc, wall_ms, bound_of(v, received_ms)) != 0;
}

void printer_written(const struct printer *v, const struct record_op *op, char out[MOMENT_WRITTEN])
{
    moment_written(op->merge.hlc, op->wall_ms, bound_of(v, op->merge.received_ms), out);
}

void printer_written_change(const struct printer *v, const struct change *c, uint64_t received_ms,
                            char out[MOMENT_WRITTEN])
{
    moment_written(c->hlc, c->wall_ms, bound_of(v, received_ms), out);
}

void printer_json_op(struct printer *v, const struct record_op *op)
{
    printer_json_author(v, &op->author);
    json_uint(json_key(&v->json, "wall_ms"), op->wall_ms);
    json_uint(json_key(&v->json, "received_ms"), op->merge.received_ms);
    json_flag(json_key(&v->json, "wrong_clock"), printer_is_off(v, op->merge.hlc, op->wall_ms, op->merge.received_ms));
}

/* --- a contested field --- */

static void ops_json(struct printer *v, const struct schema_kind *kind, const struct schema_field *field,
                     const struct record_field *f)
{
    json_array(&v->json);
    for (size_t i = 0; i < f->count; i++) {
        json_object(&v->json);
        json_key(&v->json, "value");
        printer_json_value(v, kind, field, f->ops[i].merge.value);
        printer_json_op(v, &f->ops[i]);
        json_end(&v->json);
    }
    json_end(&v->json);
}

void printer_ops(struct printer *v, const struct schema_kind *kind, const struct schema_field *field,
                 const struct record_field *f, int indent)
{
    FILE *out = v->cli->out;
    if (v->cli->json) {
        ops_json(v, kind, field, f);
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        char author[PRINTER_NAME], when[MOMENT_WRITTEN];
        printer_author(v->db, &f->ops[i].author, author);
        printer_written(v, &f->ops[i], when);
        (void)fprintf(out, "%*s%zu %s ", indent, "", i + 1,
                      f->merged != NULL    ? "version:"
                      : i < f->shown.count ? "shown: "
                                           : "beside:");
        printer_block(out, printer_value(v, field, f->ops[i].merge.value), indent + 10);
        (void)fputs("  (", out);
        printer_line(out, author, 0);
        (void)fprintf(out, ", %s)\n", when);
    }
}
