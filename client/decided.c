#include "decided.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "review.h"
#include "schema.h"

int decided_create(struct db *db, struct error *e)
{
    return db_exec(db,
                   "CREATE TABLE IF NOT EXISTS decided("
                   "  id INTEGER PRIMARY KEY, device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
                   "  op INTEGER NOT NULL, record BLOB NOT NULL, kind INTEGER NOT NULL, field INTEGER NOT NULL,"
                   "  scope BLOB NOT NULL, author BLOB NOT NULL, wall INTEGER NOT NULL, value BLOB NOT NULL, mine BLOB,"
                   "  told INTEGER NOT NULL DEFAULT 0, UNIQUE(device, epoch, seq, op));",
                   e);
}

/* --- noting --- */

static int insert(struct db *db, const struct change *c, size_t number, struct slice mine, struct error *e)
{
    const struct change_op *op = &c->ops[number];
    return db_run(db, e,
                  "INSERT OR IGNORE INTO decided(device, epoch, seq, op, record, kind, field, scope, author, wall, "
                  "value, mine) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
                  "duuuduuddubb", &c->device, c->epoch, c->seq, (uint64_t)number, &c->record, (uint64_t)c->kind,
                  (uint64_t)op->field, &c->scope, &c->author, c->wall_ms, op->value, mine);
}

/* What an op replaces, as far as it is in this log. */
struct replaced {
    struct log_entry entry; /* room for the one that is looked at */
    struct slice first;     /* copies; p NULL: none yet */
    struct slice mine;      /* the last that the person of this laptop wrote */
    int differ;             /* not all values are one, or some are not here */
};

static int copy(struct slice *out, struct slice value, struct error *e)
{
    uint8_t *bytes = malloc(value.size + 1);
    if (bytes == NULL)
        return error_memory(e);
    memcpy(bytes, value.p, value.size);
    free((void *)out->p);
    *out = (struct slice){bytes, value.size};
    return 0;
}

static int look_at(struct db *db, const struct id *person, const struct change *c, unsigned field,
                   const struct dot *dot, struct replaced *r, struct error *e)
{
    int64_t id = log_find(db, &dot->device, dot->epoch, dot->seq, NULL, e);
    const struct change *old = &r->entry.change;
    struct slice value;
    int code = 0;
    if (id < 0)
        return error_code(e);
    if (id != 0 && (code = log_load(db, id, 1, &r->entry, e)) != 0)
        return code;
    if (id == 0 || dot->index >= old->op_count) {
        r->differ = 1;
        return 0;
    }
    if (!id_equal(&old->record, &c->record) || old->ops[dot->index].field != field)
        return 0; /* such a name has no effect */
    value = old->ops[dot->index].value;
    r->differ |= r->first.p != NULL && !slice_equal(r->first, value);
    if (r->first.p == NULL)
        code = copy(&r->first, value, e);
    if (code == 0 && id_equal(&old->author, person))
        code = copy(&r->mine, value, e);
    return code;
}

/* 1: a text whose versions stand in one already: to write on is no decision between them; 0; -1. */
static int is_brought_together(struct db *db, const struct change *c, const struct schema_field *field, struct error *e)
{
    sqlite3_stmt *s;
    int row;
    if (field->policy != SCHEMA_TEXTUAL)
        return 0;
    if (db_query(db, &s, e, "SELECT 1 FROM conflict WHERE record = ? AND field = ? AND loud = 0", "du", &c->record,
                 (uint64_t)field->number) != 0)
        return -1;
    if ((row = db_next(db, s, e)) == 1)
        db_done(db, s);
    return row;
}

static int note_field(struct db *db, const struct id *person, const struct change *c, size_t number, struct error *e)
{
    struct replaced *r;
    struct unpack dots;
    size_t left = change_supersedes(&c->ops[number], &dots);
    int code = 0;
    if (left < 2)
        return 0;
    if ((r = calloc(1, sizeof *r)) == NULL)
        return error_memory(e);
    for (; code == 0 && left > 0; left--) {
        struct dot dot = dot_unpack(&dots);
        code = look_at(db, person, c, c->ops[number].field, &dot, r, e);
    }
    if (code == 0 && r->mine.p != NULL && r->differ)
        code = insert(db, c, number, r->mine, e);
    free((void *)r->first.p);
    free((void *)r->mine.p);
    free(r);
    return code;
}

/* A contested void is decided by who writes on the void field; it concerns who voided, and who went on. */
static int note_void(struct db *db, const struct id *person, const struct change *c, size_t number, struct error *e)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    struct record_conflict conflict = {c->record, c->scope, kind, schema_field(kind, FIELD_VOID), 1, 0};
    const struct record_op *mine = NULL;
    struct review r;
    int concerned = 0, code = review_load(db, &conflict, &r, e);
    if (code == 0 && r.field.shown.conflict == MERGE_LOUD) {
        for (size_t i = 0; i < r.field.count; i++)
            if (id_equal(&r.field.ops[i].author, person))
                mine = &r.field.ops[i];
        for (size_t i = 0; i < r.beside_count; i++)
            concerned |= id_equal(&r.beside[i].author, person);
        if (mine != NULL || concerned)
            code = insert(db, c, number, mine != NULL ? mine->merge.value : (struct slice){NULL, 0}, e);
    }
    review_free(&r);
    return code;
}

static int holds_one(const struct schema_field *field)
{
    return field->policy != SCHEMA_SET && field->policy != SCHEMA_SUM && field->policy != SCHEMA_ONCE;
}

int decided_note(struct db *db, const struct id *person, const struct change *c, struct error *e)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    int code = 0, together;
    if (kind == NULL || id_equal(&c->author, person))
        return 0;
    for (size_t i = 0; code == 0 && i < c->op_count; i++) {
        const struct schema_field *field = schema_field(kind, c->ops[i].field);
        if (field == NULL || !holds_one(field))
            continue;
        if (field->number == FIELD_VOID)
            code = note_void(db, person, c, i, e);
        else if ((together = is_brought_together(db, c, field, e)) < 0)
            code = error_code(e);
        else if (!together)
            code = note_field(db, person, c, i, e);
    }
    return code;
}

int decided_forget(struct db *db, const struct id *scope, struct error *e)
{
    return db_run(db, e, "DELETE FROM decided WHERE scope = ?", "d", scope);
}

/* --- telling --- */

int decided_count(struct db *db, uint64_t *count, struct error *e)
{
    sqlite3_stmt *s;
    int code = db_query(db, &s, e, "SELECT count(*) FROM decided WHERE told < 2", "");
    *count = 0;
    if (code != 0)
        return code;
    if (db_next(db, s, e) != 1)
        return error_code(e);
    *count = db_uint(s, 0);
    db_done(db, s);
    return 0;
}

struct decision {
    struct id record, scope, author;
    const struct schema_kind *kind;
    const struct schema_field *field;
    uint64_t wall_ms;
    struct slice value, mine; /* mine.p NULL: the person did not write on the field itself, but went on beside a void */
    int told;
};

#define DECISION_COLUMNS "record, scope, author, kind, field, wall, value, mine, told"

/* 0 where this version does not know kind or field any more. */
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
    return d->field != NULL;
}

static void print_value(struct view *v, const struct decision *d, struct slice value)
{
    if (d->field->number == FIELD_VOID)
        (void)fputs(slice_is_nil(value) ? "no" : "yes", v->cli->out);
    else
        view_line(v->cli->out, view_value(v, d->field, value), 60);
}

/* Was what the person wrote taken? Two voids are one, whatever each of them had seen. */
static int is_taken(const struct decision *d)
{
    if (d->mine.p == NULL)
        return 0;
    return d->field->number == FIELD_VOID ? slice_is_nil(d->mine) == slice_is_nil(d->value)
                                          : slice_equal(d->mine, d->value);
}

/* "The conflict over risk of case 7f3a91c2 was decided by Bea Example: high (yours: critical)" */
static void print_words(struct view *v, const struct decision *d)
{
    FILE *out = v->cli->out;
    int quiet = d->field->policy == SCHEMA_LATEST;
    char record[VIEW_ID], author[VIEW_NAME];
    view_id(&d->record, record);
    view_author(v->db, &d->author, author);
    (void)fprintf(out, "The %s %s of %s %s %s by ", quiet ? "parallel edits of" : "conflict over", d->field->name,
                  d->kind->name, record, quiet ? "were settled" : "was decided");
    view_line(out, author, 0);
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

static void json_value(struct view *v, const struct decision *d, const char *name, struct slice value)
{
    (void)fprintf(v->cli->out, ", \"%s\": ", name);
    if (value.p == NULL)
        (void)fputs("null", v->cli->out);
    else if (d->field->number == FIELD_VOID)
        (void)fputs(slice_is_nil(value) ? "\"no\"" : "\"yes\"", v->cli->out);
    else
        view_json_value(v, d->kind, d->field, value);
}

static void print_json(struct view *v, const struct decision *d, int first)
{
    FILE *out = v->cli->out;
    char author[VIEW_NAME];
    view_author(v->db, &d->author, author);
    (void)fprintf(out, "%s\n {\"kind\": \"%s\", ", first ? "" : ",", d->kind->name);
    view_json_id(out, "record", &d->record);
    (void)fputs(", ", out);
    view_json_id(out, "scope", &d->scope);
    (void)fprintf(out, ", \"field\": \"%s\", ", d->field->name);
    view_json_pair(out, "author", author);
    (void)fputs(", ", out);
    view_json_id(out, "author_id", &d->author);
    json_value(v, d, "value", d->value);
    json_value(v, d, "yours", d->mine);
    (void)fprintf(out, ", \"wall_ms\": %llu, \"looked_at\": %s}", (unsigned long long)d->wall_ms,
                  d->told == 2 ? "true" : "false");
}

/* The decisions that a statement gives. *count of them. */
static int print_all(struct view *v, const char *sql, size_t *count, struct error *e)
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
            print_json(v, &d, *count == 0);
        else
            print_words(v, &d);
        ++*count;
    }
    return row < 0 ? error_code(e) : 0;
}

int decided_tell(struct view *v, size_t *count, struct error *e)
{
    return print_all(v, "SELECT " DECISION_COLUMNS " FROM decided WHERE told = 0 ORDER BY id", count, e);
}

static int mark(struct store *s, const char *sql, struct error *e)
{
    int code = store_begin(s, e);
    if (code != 0)
        return code;
    if ((code = db_run(s->db, e, sql, "")) != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}

int decided_told(struct store *s, struct error *e)
{
    return mark(s, "UPDATE decided SET told = 1 WHERE told = 0", e);
}

int decided_run(struct store *s, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &cli->json}, {NULL, NULL, NULL}};
    struct view v;
    char words[64];
    size_t count;
    int code;
    (void)waiting;
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    if (argc != 1)
        return error_set(e, E_USAGE, "decided takes no arguments; `satchel log RECORD` shows all of one record");
    if ((code = view_open(&v, s->db, cli, e)) != 0)
        return code;
    if (cli->json)
        (void)fputs("[", cli->out);
    code = print_all(&v, "SELECT " DECISION_COLUMNS " FROM decided ORDER BY id", &count, e);
    if (cli->json)
        (void)fputs("\n]\n", cli->out);
    view_close(&v);
    if (code != 0)
        return code;
    (void)fprintf(cli->err, "%s over what you wrote\n", cli_count(count, "decision", "decisions", words, sizeof words));
    /* What did not reach its reader is told again. */
    return fflush(cli->out) != 0 ? 0 : mark(s, "UPDATE decided SET told = 2 WHERE told < 2", e);
}

int command_decided(struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    return desk_run(decided_run, cli, argc, argv, waiting, e);
}
