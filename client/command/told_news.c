/* Tells what came from others, by name: the most pressing first. */
#include "told_news.h"

#include <string.h>

#include "log.h"
#include "news.h"
#include "record.h"
#include "schema.h"
#include "whose.h"

/* What is told, the most pressing first. */
enum sort { RAISED, DIED, ALERT, ALLERGY, STATUS, LOWERED, BESIDE, NEW_CASE, SORTS };

struct telling_news {
    struct printer *v;
    enum sort sort; /* what is told now */
    size_t lines, more;
    struct log_memory memory; /* of the change that is looked at */
    struct log_entry entry;
};

/* --- which sort --- */

/* The highest rank of what an op replaced, as far as it is in this log. */
static int rank_before(struct telling_news *t, const struct schema_field *field, const struct change_op *op,
                       uint64_t *rank, struct error *e)
{
    struct log_memory memory = {NULL, 0};
    struct log_entry old;
    struct unpack dots;
    size_t left = change_supersedes(op, &dots);
    int code = 0;
    *rank = 0;
    for (; code == 0 && left > 0; left--) {
        struct dot dot = dot_unpack(&dots);
        int64_t id = log_find(t->v->db, &dot.device, dot.epoch, dot.seq, NULL, e);
        if (id < 0)
            code = error_code(e);
        else if (id != 0 && (code = log_load(t->v->db, id, 1, &memory, &old, e)) == 0 &&
                 dot.index < old.change.op_count && id_equal(&old.change.record, &t->entry.change.record)) {
            uint64_t one = merge_rank(field, old.change.ops[dot.index].value);
            *rank = one > *rank ? one : *rank;
        }
    }
    log_memory_free(&memory);
    return code;
}

/* The highest rank of what the field holds now. */
static int rank_now(struct telling_news *t, const struct schema_field *field, uint64_t *rank, struct error *e)
{
    struct record_field f;
    int code = record_field_load(t->v->db, &t->entry.change.record, schema_kind(t->entry.change.kind), field, &f, e);
    *rank = 0;
    for (size_t i = 0; code == 0 && i < f.count; i++) {
        uint64_t one = merge_rank(field, f.ops[i].merge.value);
        *rank = one > *rank ? one : *rank;
    }
    if (code == 0)
        record_field_free(&f);
    return code;
}

/* Of an op that is told (news_tells). */
static int sort_of(struct telling_news *t, const struct schema_field *field, const struct change_op *op,
                   enum sort *sort, struct error *e)
{
    uint64_t before, now, rank = merge_rank(field, op->value);
    int code = 0;
    if (field->policy == SCHEMA_HIGHEST) {
        if ((code = rank_before(t, field, op, &before, e)) == 0 && (code = rank_now(t, field, &now, e)) == 0)
            *sort = rank < now ? BESIDE : rank > before ? RAISED : LOWERED;
    } else if (field->policy == SCHEMA_STATUS) {
        *sort = STATUS;
    } else {
        *sort = strcmp(field->name, "alert") == 0 ? ALERT : strcmp(field->name, "allergy") == 0 ? ALLERGY : DIED;
    }
    return code;
}

/* --- the lines --- */

/* 1: there is room for another line, which is counted; 0: there is none. */
static int next_line(struct telling_news *t)
{
    if (t->lines == TOLD_NEWS_LINES) {
        t->more++;
        return 0;
    }
    t->lines++;
    (void)fputs("  ", t->v->cli->out);
    return 1;
}

/* Prints "of Ada Byron (case 2024-17)". */
static void print_whose(struct telling_news *t, const struct id *record, const struct id *scope)
{
    FILE *out = t->v->cli->out;
    char name[PRINTER_NAME], id[ID_TEXT];
    sqlite3_stmt *s;
    printer_name(t->v->db, scope, name);
    if (name[0] == '\0')
        printer_name(t->v->db, record, name);
    (void)fputs("of ", out);
    whose_died(out, t->v->db, scope);
    printer_line(out, name[0] != '\0' ? name : "a person whose name is not here", 0);
    id_format(scope, id);
    if (db_first(t->v->db, &s, NULL, "SELECT number FROM \"case\" WHERE id = ? AND number IS NOT NULL", "t", id) == 1) {
        (void)fputs(" (case ", out);
        printer_line(out, db_text(s, 0), 0);
        (void)fputc(')', out);
        db_done(t->v->db, s);
    }
}

static void print_by(struct telling_news *t)
{
    const struct change *c = &t->entry.change;
    FILE *out = t->v->cli->out;
    char author[PRINTER_NAME], when[MOMENT_WRITTEN];
    printer_author(t->v->db, &c->author, author);
    printer_written_change(t->v, c, t->entry.received_ms, when);
    (void)fputs(", by ", out);
    printer_line(out, author, 0);
    (void)fprintf(out, ", %s", when);
    if (c->reason.size != 0) {
        size_t size = c->reason.size < SCHEMA_TEXT_MAX ? c->reason.size : SCHEMA_TEXT_MAX;
        (void)snprintf(t->v->room, SCHEMA_FORMAT_MAX, "%.*s", (int)size, (const char *)c->reason.p);
        (void)fputs(": '", out);
        printer_line(out, t->v->room, 0);
        (void)fputc('\'', out);
    }
    (void)fputc('\n', out);
}

/* Prints "risk of Ada Byron (case 2024-17) was raised: critical, by Bo Lind, 2026-11-23 20:45: 'threats'". */
static void print_op(struct telling_news *t, const struct schema_field *field, unsigned index)
{
    static const char *const verbs[SORTS] = {
        [RAISED] = " was raised",
        [LOWERED] = " was lowered",
        [BESIDE] = " stays as high as it was, and lower was written beside it",
    };
    const struct change *c = &t->entry.change;
    FILE *out = t->v->cli->out;
    if (!next_line(t))
        return;
    (void)fprintf(out, "%s %s", c->kind == KIND_PLAN ? "plan's status" : field->name,
                  t->sort == ALERT || t->sort == ALLERGY ? "newly recorded " : "");
    print_whose(t, &c->record, &c->scope);
    (void)fprintf(out, "%s: ", verbs[t->sort] != NULL ? verbs[t->sort] : "");
    printer_line(out, printer_value(t->v, field, c->ops[index].value), 0);
    print_by(t);
    seen_dot(t->v->seen, &(struct dot){c->device, c->epoch, c->seq, index});
}

static int tell_change(struct telling_news *t, int64_t entry, struct error *e)
{
    const struct schema_kind *kind;
    const struct schema_field *field;
    enum sort sort;
    int lives, code = log_load(t->v->db, entry, 1, &t->memory, &t->entry, e);
    if (code != 0 || (kind = schema_kind(t->entry.change.kind)) == NULL)
        return code;
    for (size_t i = 0; code == 0 && i < t->entry.change.op_count; i++) {
        if ((field = schema_field(kind, t->entry.change.ops[i].field)) == NULL)
            continue;
        lives = db_exists(t->v->db, e, "SELECT 1 FROM op WHERE record = ? AND field = ? AND entry = ? AND op = ?",
                          "duiu", &t->entry.change.record, (uint64_t)field->number, entry, (uint64_t)i);
        if (lives < 0)
            return error_code(e);
        if (lives == 0 || !news_tells(kind, field, &t->entry.change.ops[i]))
            continue;
        if ((code = sort_of(t, field, &t->entry.change.ops[i], &sort, e)) == 0 && sort == t->sort)
            print_op(t, field, (unsigned)i);
    }
    return code;
}

/* Prints "new case of Ada Byron (case 2024-17): risk critical, open". */
static int tell_case(struct telling_news *t, const struct id *scope, struct error *e)
{
    static const char *const names[] = {"number", "risk", "status"};
    const struct schema_kind *kind = schema_kind(KIND_CASE);
    unsigned fields[3], name = schema_field_named(schema_kind(KIND_CLIENT), "legal_name")->number;
    struct id client;
    FILE *out = t->v->cli->out;
    char id[ID_TEXT];
    sqlite3_stmt *s;
    int row;
    id_format(scope, id);
    if ((row = db_first(t->v->db, &s, e, "SELECT risk, status, client FROM \"case\" WHERE id = ? AND voided = 0", "t",
                        id)) <= 0)
        return row < 0 ? error_code(e) : 0;
    if (next_line(t)) {
        (void)fputs("new case ", out);
        print_whose(t, scope, scope);
        (void)fprintf(out, ": risk %s, %s\n", db_is_null(s, 0) ? "not said" : db_text(s, 0),
                      db_is_null(s, 1) ? "no status" : db_text(s, 1));
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            fields[i] = schema_field_named(kind, names[i])->number;
        row = seen_columns(t->v->seen, scope, fields, sizeof names / sizeof *names, e);
        if (row == 0 && id_parse(db_text(s, 2), &client, NULL) == 0)
            row = seen_columns(t->v->seen, &client, &name, 1, e);
    } else {
        row = 0;
    }
    db_done(t->v->db, s);
    return row;
}

static int tell_one(void *arg, const struct news *news, struct error *e)
{
    struct telling_news *t = arg;
    if (news->entry != 0)
        return t->sort == NEW_CASE ? 0 : tell_change(t, news->entry, e);
    return t->sort == NEW_CASE ? tell_case(t, &news->scope, e) : 0;
}

int told_news(struct printer *v, size_t *told, struct error *e)
{
    struct telling_news t = {.v = v};
    char more[64];
    uint64_t dropped;
    int code = news_dropped(v->db, &dropped, e);
    for (; code == 0 && t.sort < SORTS; t.sort++)
        code = news_each(v->db, tell_one, &t, e);
    if (code == 0 && t.more != 0)
        (void)fprintf(v->cli->out, "  and %s; `satchel list` shows all cases\n",
                      cli_count(t.more, "more of the kind", "more of the kind", more, sizeof more));
    if (code == 0 && dropped != 0)
        (void)fprintf(v->cli->out, "  and %s too long ago to be told one by one: look at each of your cases\n",
                      cli_count(dropped, "that came", "that came", more, sizeof more));
    log_memory_free(&t.memory);
    *told = t.lines;
    return code;
}
