/* Turns live ops into what a table shows: one column for each field, one statement for each change.
 *
 *   latest, highest, review, status   the value; NULL: it is cleared
 *   sum                               the total; NULL: nobody contributed
 *   set, once                         a JSON array of the values, in the merge's order; NULL: there is none
 *   text                              the text
 *
 * If several versions of a text live, the column has what they make together (record_contest.c), or else all of them
 * with a marked line between. Integers, money and flags are numbers; everything else is text as schema_format writes
 * it. */
#include "record_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char between_versions[] = "\n\n[another version, to be brought together]\n\n";

struct column {
    const struct schema_field *field;
    enum { NOTHING, NUMBER, WORDS } form;
    int64_t number;
    size_t at, size;           /* in showing.words */
    enum merge_conflict noted; /* what the table conflict says of it so far */
};

struct showing {
    struct db *db;
    const struct schema_kind *kind;
    const struct log_entry *entry;
    const struct record_view *view;
    struct record_live others; /* if all that lives is known: the live ops of other changes on these fields */
    struct merge_op *ops;      /* then room for those of one field; else NULL */
    struct record_text words;
    size_t count;
    int changed;
    struct column columns[CHANGE_OPS_MAX];
};

/* --- conflicts --- */

int record_show_conflict(struct db *db, const struct change *c, unsigned field, enum merge_conflict conflict,
                         int *changed, struct error *e)
{
    int code;
    if (conflict == MERGE_AGREED)
        code = db_run(db, e, "DELETE FROM conflict WHERE record = ? AND field = ?", "du", &c->record, (uint64_t)field);
    else
        code = db_run(db, e, "INSERT OR REPLACE INTO conflict(record, field, kind, scope, loud) VALUES(?,?,?,?,?)",
                      "duudu", &c->record, (uint64_t)field, (uint64_t)c->kind, &c->scope,
                      (uint64_t)(conflict == MERGE_LOUD));
    if (code == 0 && db_changes(db) != 0)
        *changed = 1;
    return code;
}

/* --- columns --- */

static int is_number(enum schema_type type)
{
    return type == SCHEMA_INTEGER || type == SCHEMA_MONEY || type == SCHEMA_FLAG;
}

static void put_words(struct showing *s, struct column *column, struct slice value)
{
    record_text_value(&s->words, column->field, value);
    column->form = WORDS;
}

static void put_value(struct showing *s, struct column *column, struct slice value)
{
    struct unpack r;
    if (slice_is_nil(value))
        return;
    unpack_start(&r, value);
    if (column->field->type == SCHEMA_FLAG)
        column->number = unpack_flag(&r);
    else if (is_number(column->field->type))
        column->number = unpack_int(&r);
    if (is_number(column->field->type) && !r.failed)
        column->form = NUMBER;
    else
        put_words(s, column, value); /* it is text, or a value that this version cannot read */
}

static void put_array(struct showing *s, struct column *column, const struct merge_op *ops, size_t count)
{
    if (count == 0)
        return;
    record_text_words(&s->words, "[");
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            record_text_words(&s->words, ",");
        record_text_json_value(&s->words, column->field, ops[i].value);
    }
    record_text_words(&s->words, "]");
    column->form = WORDS;
}

static void put_versions(struct showing *s, struct column *column, const struct merge_op *ops, size_t count)
{
    if (count == 1) {
        put_value(s, column, ops[0].value);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            record_text_words(&s->words, between_versions);
        put_words(s, column, ops[i].value);
    }
}

static void put_column(struct showing *s, struct column *column, const struct merge_op *ops,
                       const struct record_contest *contest)
{
    const struct schema_traits *traits = schema_traits(column->field);
    const struct merge_shown *shown = &contest->shown;
    column->form = NOTHING;
    column->at = s->words.used;
    if (traits->is_list) {
        put_array(s, column, ops, shown->count);
    } else if (shown->erased != 0) {
        put_words(s, column, (struct slice){NULL, 0});
    } else if (traits->adds_up) {
        column->number = shown->sum;
        if (shown->count != 0)
            column->form = NUMBER;
    } else if (traits->is_narrative && contest->merged != NULL) {
        record_text_add(&s->words, contest->merged->words, contest->merged->words_bytes);
        column->form = WORDS;
    } else if (traits->is_narrative) {
        put_versions(s, column, ops, shown->count);
    } else if (shown->count != 0) {
        put_value(s, column, ops[0].value);
    }
    column->size = s->words.used - column->at;
}

/* --- one field --- */

/* Puts the live ops of a field into s->ops: the change's own, then those of other changes. */
static size_t gather(struct showing *s, unsigned field)
{
    const struct change *c = &s->entry->change;
    size_t count = 0;
    for (size_t i = 0; i < c->op_count; i++) {
        struct merge_op *op = &s->ops[count];
        if (!s->view->live[i] || c->ops[i].field != field)
            continue;
        memset(op, 0, sizeof *op);
        op->dot = (struct dot){c->device, c->epoch, c->seq, (unsigned)i};
        op->position = s->entry->position == LOG_NO_POSITION ? MERGE_NOT_ACCEPTED : s->entry->position;
        op->received_ms = s->entry->received_ms;
        op->hlc = c->hlc;
        op->action = c->ops[i].action;
        op->value = c->ops[i].value;
        count++;
    }
    for (size_t i = 0; i < s->others.count; i++)
        if (s->others.ops[i].tag == field)
            s->ops[count++] = s->others.ops[i];
    return count;
}

static int show_field(struct showing *s, struct column *column, struct error *e)
{
    const struct change *c = &s->entry->change;
    struct record_live stored = {0, 0, NULL, NULL, {NULL, 0, 0, 0}};
    struct record_contest contest = {.kind = s->kind, .field = column->field, .record = &c->record};
    struct merge_op *ops = s->ops;
    size_t count;
    int code = 0;
    /* 1. Find its live ops. */
    if (s->ops != NULL) {
        count = gather(s, column->field->number);
    } else {
        if ((code = record_field_live(s->db, &c->record, column->field->number, &stored, e)) != 0)
            goto out;
        ops = stored.ops;
        count = stored.count;
    }
    /* 2. Work out what they show, and whether they agree. */
    if (column->noted != MERGE_AGREED && (code = record_contest_end(s->db, &c->record, column->field, e)) != 0)
        goto out;
    if ((code = record_contest_show(s->db, &contest, ops, count, RECORD_BACKGROUND, e)) != 0)
        goto out;
    put_column(s, column, ops, &contest);
    if (contest.shown.conflict != column->noted) {
        int quiet = contest.shown.conflict != MERGE_LOUD && column->noted != MERGE_LOUD, changed;
        code = record_show_conflict(s->db, c, column->field->number, contest.shown.conflict,
                                    quiet ? &changed : &s->changed, e);
    }
out:
    record_contest_free(&contest);
    record_field_forget(&stored);
    return code;
}

/* Lists each known field that the change touches, once. Fields of dots have no column. */
static void list_fields(struct showing *s)
{
    const struct change *c = &s->entry->change;
    s->count = 0;
    for (size_t i = 0; i < c->op_count; i++) {
        const struct schema_field *field = schema_field(s->kind, c->ops[i].field);
        size_t k = 0;
        if (field == NULL || field->type == SCHEMA_DOTS)
            continue;
        while (k < s->count && s->columns[k].field != field)
            k++;
        if (k == s->count)
            s->columns[s->count++] = (struct column){field, NOTHING, 0, 0, 0, MERGE_AGREED};
    }
}

static int read_noted(struct showing *s, struct error *e)
{
    sqlite3_stmt *statement;
    int row, code;
    if ((code = db_query(s->db, &statement, e, "SELECT field, loud FROM conflict WHERE record = ?", "d",
                         &s->entry->change.record)) != 0)
        return code;
    while ((row = db_next(s->db, statement, e)) == 1)
        for (size_t i = 0; i < s->count; i++)
            if (s->columns[i].field->number == db_uint(statement, 0))
                s->columns[i].noted = db_int(statement, 1) != 0 ? MERGE_LOUD : MERGE_QUIET;
    return row < 0 ? e->code : 0;
}

/* Reads for all fields together what would else be asked for each. */
static int prepare(struct showing *s, struct error *e)
{
    const struct change *c = &s->entry->change;
    int code = s->view->may_have_conflict ? read_noted(s, e) : 0;
    if (code != 0 || !s->view->living->known)
        return code;
    if ((code = record_field_others(s->db, s->view->living, c, &s->others, e)) != 0)
        return code;
    s->ops = malloc((c->op_count + s->others.count) * sizeof *s->ops);
    if (s->ops == NULL)
        return error_memory(e);
    return 0;
}

/* --- the row --- */

/* Writes: INSERT INTO "kind"(id, scope, "a") VALUES(?,?,?) ON CONFLICT(id) DO UPDATE SET "a" = excluded."a". */
static void write_sql(const struct showing *s, struct record_text *sql)
{
    record_text_words(sql, "INSERT INTO \"");
    record_text_words(sql, s->kind->name);
    record_text_words(sql, "\"(id,scope");
    for (size_t i = 0; i < s->count; i++) {
        record_text_words(sql, ",\"");
        record_text_words(sql, s->columns[i].field->name);
        record_text_words(sql, "\"");
    }
    record_text_words(sql, ") VALUES(?,?");
    for (size_t i = 0; i < s->count; i++)
        record_text_words(sql, ",?");
    record_text_words(sql, ") ON CONFLICT(id) DO ");
    record_text_words(sql, s->count == 0 ? "NOTHING" : "UPDATE SET ");
    for (size_t i = 0; i < s->count; i++) {
        record_text_words(sql, i == 0 ? "\"" : ",\"");
        record_text_words(sql, s->columns[i].field->name);
        record_text_words(sql, "\"=excluded.\"");
        record_text_words(sql, s->columns[i].field->name);
        record_text_words(sql, "\"");
    }
    record_text_add(sql, "", 1);
}

static int bind_columns(const struct showing *s, sqlite3_stmt *statement)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < s->count && rc == SQLITE_OK; i++) {
        const struct column *c = &s->columns[i];
        int number = (int)i + 3;
        if (c->form == NUMBER)
            rc = sqlite3_bind_int64(statement, number, c->number);
        else if (c->form == WORDS)
            rc = sqlite3_bind_text64(statement, number, c->size == 0 ? "" : s->words.p + c->at, c->size, SQLITE_STATIC,
                                     SQLITE_UTF8);
    }
    return rc;
}

static int write_row(const struct showing *s, struct error *e)
{
    char format[CHANGE_OPS_MAX + 3], id[ID_TEXT], scope[ID_TEXT];
    struct record_text sql = {NULL, 0, 0, 0};
    sqlite3_stmt *statement;
    int code;
    /* All columns are bound as NULL first; then those that hold something are bound again. */
    memset(format, 'n', sizeof format);
    format[0] = format[1] = 't';
    format[s->count + 2] = 0;
    id_format(&s->entry->change.record, id);
    id_format(&s->entry->change.scope, scope);
    write_sql(s, &sql);
    if ((code = record_text_check(&sql, e)) != 0 || (code = record_text_check(&s->words, e)) != 0 ||
        (code = db_query(s->db, &statement, e, sql.p, format, id, scope)) != 0)
        goto out;
    if (bind_columns(s, statement) != SQLITE_OK) {
        db_done(s->db, statement);
        code = error_memory(e);
        goto out;
    }
    if (db_next(s->db, statement, e) < 0)
        code = e->code;
out:
    record_text_free(&sql);
    return code;
}

int record_show_mark(struct db *db, const struct schema_kind *kind, const struct id *record, struct error *e)
{
    struct record_text sql = {NULL, 0, 0, 0};
    char id[ID_TEXT];
    int code;
    id_format(record, id);
    record_text_words(&sql, "UPDATE \"");
    record_text_words(&sql, kind->name);
    record_text_words(&sql,
                      "\" SET contested = EXISTS(SELECT 1 FROM conflict WHERE record = ? AND loud = 1) WHERE id = ?");
    record_text_add(&sql, "", 1);
    if ((code = record_text_check(&sql, e)) == 0)
        code = db_run(db, e, sql.p, "dt", record, id);
    record_text_free(&sql);
    return code;
}

static int touches_void(const struct change *c)
{
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == FIELD_VOID)
            return 1;
    return 0;
}

int record_show_change(struct db *db, const struct schema_kind *kind, const struct log_entry *entry,
                       const struct record_view *view, struct error *e)
{
    const struct change *c = &entry->change;
    struct showing s;
    int has_void = touches_void(c) || !view->living->known || record_living_has(view->living, FIELD_VOID);
    int64_t rule = 0, rule_now = 0;
    int code;
    s.db = db;
    s.kind = kind;
    s.entry = entry;
    s.view = view;
    memset(&s.others, 0, sizeof s.others);
    s.ops = NULL;
    s.words = (struct record_text){NULL, 0, 0, 0};
    s.changed = 0;
    /* 1. Show the fields, one by one. */
    if (kind->number == KIND_OFFICE && (code = record_contest_rule(db, &rule, e)) != 0)
        return code;
    list_fields(&s);
    code = prepare(&s, e);
    for (size_t i = 0; code == 0 && i < s.count; i++)
        code = show_field(&s, &s.columns[i], e);
    /* 2. Write the row. */
    if (code == 0)
        code = write_row(&s, e);
    /* 3. Decide whether the record is voided: any change may bring it back. */
    if (code == 0 && has_void)
        code = record_void_show(db, kind, c, touches_void(c), &s.changed, e);
    if (code == 0 && s.changed)
        code = record_show_mark(db, kind, &c->record, e);
    /* 4. If the office's rule for texts has changed, make all contested records again. */
    if (code == 0 && kind->number == KIND_OFFICE && (code = record_contest_rule(db, &rule_now, e)) == 0 &&
        rule != rule_now)
        code = record_contest_redo(db, e);
    record_text_free(&s.words);
    record_field_forget(&s.others);
    free(s.ops);
    return code;
}
