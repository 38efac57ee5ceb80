/* Telling what others decided over this person's words: at the end of a sync, and by `satchel decided`. */
#include "decisions.h"

#include "command.h"
#include "decided.h"
#include "log.h"
#include "schema.h"
#include "whose.h"
#include "with_store.h"

struct decision {
    struct id record, scope, author;
    const struct schema_kind *kind;
    const struct schema_field *field;
    uint64_t wall_ms;
    struct slice value, mine; /* mine.p NULL: the person did not write on the field itself, but went on beside a void */
    int told;
    struct dot dot; /* of the op that decided */
};

#define DECISION_COLUMNS "record, scope, author, kind, field, wall, value, mine, told, device, epoch, seq, op"

/* 1: *d is set; 0: this version does not know the kind or the field. */
static int read_decision(sqlite3_stmt *s, struct decision *d)
{
    d->record = db_id(s, 0);
    d->scope = db_id(s, 1);
    d->author = db_id(s, 2);
    d->kind = schema_kind((unsigned)db_uint(s, 3));
    d->field = d->kind == NULL ? NULL : schema_field(d->kind, (unsigned)db_uint(s, 4));
    d->wall_ms = db_uint(s, 5);
    d->value = db_slice(s, 6);
    d->mine = db_slice(s, 7);
    d->told = (int)db_int(s, 8);
    d->dot = (struct dot){db_id(s, 9), db_uint(s, 10), db_uint(s, 11), (unsigned)db_uint(s, 12)};
    return d->field != NULL;
}

static void print_value(struct printer *v, const struct decision *d, struct slice value)
{
    if (d->field->number == FIELD_VOID)
        (void)fputs(slice_is_nil(value) ? "no" : "yes", v->cli->out);
    else
        printer_line(v->cli->out, printer_value(v, d->field, value), 60);
}

/* 1: the decision took what the person wrote; 0: it took something else. Two voids count as the same, whatever each of
 * them had seen. */
static int is_taken(const struct decision *d)
{
    if (d->mine.p == NULL)
        return 0;
    return d->field->number == FIELD_VOID ? slice_is_nil(d->mine) == slice_is_nil(d->value)
                                          : slice_equal(d->mine, d->value);
}

/* Prints "The conflict over risk of Ada Byron, case 2024-171 was decided by Bea Example: high (yours: critical)" */
static void print_words(struct printer *v, const struct decision *d)
{
    FILE *out = v->cli->out;
    int quiet = !schema_traits(d->field)->is_loud;
    char record[PRINTER_ID], author[PRINTER_NAME];
    printer_author(v->db, &d->author, author);
    (void)fprintf(out, "The %s %s of ", quiet ? "parallel edits of" : "conflict over", d->field->name);
    if (d->kind->place == SCHEMA_CASE && d->kind->number != KIND_CASE) {
        printer_id(&d->record, record);
        (void)fprintf(out, "%s %s of ", d->kind->name, record);
    }
    whose_say(out, v->db, &d->record);
    (void)fputs(quiet ? " were settled by " : " was decided by ", out);
    printer_line(out, author, 0);
    (void)fputs(": ", out);
    print_value(v, d, d->value);
    if (is_taken(d)) {
        (void)fputs(" (as you wrote)", out);
    } else if (d->mine.p != NULL) {
        (void)fputs(" (yours: ", out);
        print_value(v, d, d->mine);
        (void)fputc(')', out);
    }
    (void)fputc('\n', out);
}

/* 1: it was decided under a wrong clock; 0: it was not, or the change is not here. */
static int was_off(const struct printer *v, const struct decision *d)
{
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    int64_t id = log_find(v->db, &d->dot.device, d->dot.epoch, d->dot.seq, NULL, NULL);
    int is_off = id > 0 && log_load(v->db, id, 0, &memory, &entry, NULL) == 0 &&
                 printer_is_off(v, entry.change.hlc, entry.change.wall_ms, entry.received_ms);
    log_memory_free(&memory);
    return is_off;
}

static void print_json(struct printer *v, const struct decision *d)
{
    struct json *j = &v->json;
    json_object(j);
    json_text(json_key(j, "kind"), d->kind->name);
    json_id(json_key(j, "record"), &d->record);
    json_id(json_key(j, "scope"), &d->scope);
    json_text(json_key(j, "field"), d->field->name);
    printer_json_author(v, &d->author);
    json_key(j, "value");
    printer_json_value(v, d->kind, d->field, d->value);
    json_key(j, "yours");
    if (d->mine.p != NULL)
        printer_json_value(v, d->kind, d->field, d->mine);
    else
        json_null(j);
    json_uint(json_key(j, "wall_ms"), d->wall_ms);
    json_flag(json_key(j, "wrong_clock"), was_off(v, d));
    json_flag(json_key(j, "looked_at"), d->told == 2);
    json_end(j);
}

/* Prints the decisions that a statement gives; *count: how many. */
static int print_all(struct printer *v, const char *sql, size_t *count, struct error *e)
{
    struct decision d;
    sqlite3_stmt *s;
    int row, code = db_query(v->db, &s, e, sql, "");
    *count = 0;
    if (code != 0)
        return code;
    while ((row = db_next(v->db, s, e)) == 1) {
        if (!read_decision(s, &d))
            continue;
        if (v->cli->json)
            print_json(v, &d);
        else
            print_words(v, &d);
        if (d.field->type != SCHEMA_TEXT || v->cli->json) /* a text is cut */
            seen_dot(v->seen, &d.dot);
        ++*count;
    }
    return row < 0 ? error_code(e) : 0;
}

int decisions_tell(struct printer *v, size_t *count, struct error *e)
{
    return print_all(v, "SELECT " DECISION_COLUMNS " FROM decided WHERE told = 0 ORDER BY id", count, e);
}

static int list_decided(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct printer v;
    char words[64];
    size_t count;
    int code;
    if ((code = printer_open(&v, s->db, cli, e)) != 0)
        return code;
    v.seen = &s->seen;
    if (cli->json)
        json_array(&v.json);
    code = print_all(&v, "SELECT " DECISION_COLUMNS " FROM decided ORDER BY id", &count, e);
    if (cli->json)
        json_end(&v.json);
    printer_close(&v);
    if (code != 0)
        return code;
    (void)fprintf(cli->err, "%s over what you wrote\n", cli_count(count, "decision", "decisions", words, sizeof words));
    /* Tell again what did not reach its reader. */
    return !cli_is_out(cli) ? 0 : decided_looked_at(s, e);
}

const struct command command_decided = {
    .usage = {.name = "decided",
              .options = {COMMAND_SEEN},
              .help = "list what others decided over what you wrote",
              .example = "satchel decided"},
    .writes = list_decided,
};
