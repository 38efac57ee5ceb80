/* Tells a person what they had not been shown of what they write over. */
#include "unseen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "find.h"
#include "log.h"
#include "printer.h"
#include "record.h"
#include "review.h"
#include "schema.h"
#include "unknown.h"

#define VALUE_MAX 60 /* characters of a value in a command that is proposed */

void unseen_ask(const struct unseen *u, struct edit *edit)
{
    edit->seen = (struct edit_seen){seen_was_shown, &u->s->seen};
}

static int was_shown(const struct unseen *u, const struct record_op *op, struct error *e)
{
    return seen_was_shown(&u->s->seen, &op->merge.dot, &op->author, e);
}

/* --- what an import wrote --- */

#define IMPORTED_KINDS 32 /* there are fewer in a case */

struct unseen_imports {
    size_t count;
    struct {
        const struct schema_kind *kind;
        struct id last; /* which was counted last */
        uint64_t records;
    } kinds[IMPORTED_KINDS];
};

static void count_import(const struct unseen *u)
{
    struct unseen_imports *n = u->imports;
    size_t i = 0;
    while (i < n->count && n->kinds[i].kind != u->kind)
        i++;
    if (i == IMPORTED_KINDS)
        return;
    if (i == n->count) {
        n->count++;
        n->kinds[i].kind = u->kind;
        n->kinds[i].records = 0;
        memset(&n->kinds[i].last, 0, sizeof n->kinds[i].last);
    }
    n->kinds[i].records += !id_equal(&n->kinds[i].last, u->record);
    n->kinds[i].last = *u->record;
}

/* 1: an import wrote the op, in a case that is looked through, and it is counted; a risk, and a status that is about to
 * be replaced, are shown like all else. 0: not; -1: failed. */
static int is_counted(const struct unseen *u, const struct schema_field *field, const struct record_op *op,
                      struct error *e)
{
    const struct dot *dot = &op->merge.dot;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    int64_t id;
    int found = 0;
    if (u->imports == NULL || (field != NULL && (field->policy == SCHEMA_HIGHEST || field->policy == SCHEMA_STATUS)))
        return 0;
    if ((id = log_find(u->s->db, &dot->device, dot->epoch, dot->seq, NULL, e)) < 0)
        return -1;
    if (id != 0) {
        if (log_load(u->s->db, id, 1, &memory, &entry, e) != 0)
            found = -1;
        else
            found = record_is_import(&entry.change);
    }
    log_memory_free(&memory);
    if (found == 1)
        count_import(u);
    return found;
}

/* Prints "  an import wrote 1 case, 100 services and 3 notes, which are not listed here: `satchel show 2024-171` shows
 * them"; nothing if it wrote nothing. */
static void say_imports(const struct unseen *u, const struct id *scope)
{
    const struct unseen_imports *n = u->imports;
    FILE *out = u->cli->err;
    char name[FIND_NAME];
    if (n->count == 0)
        return;
    (void)fputs("  an import wrote ", out);
    for (size_t i = 0; i < n->count; i++) {
        const char *kind = n->kinds[i].kind != NULL ? n->kinds[i].kind->name : "newer record";
        (void)fprintf(out, "%s%llu %s%s",
                      i == 0             ? ""
                      : i + 1 < n->count ? ", "
                                         : " and ",
                      (unsigned long long)n->kinds[i].records, kind, n->kinds[i].records == 1 ? "" : "s");
    }
    (void)fprintf(out, " that you have not looked at whole; `satchel show %s` shows what is in the case\n",
                  find_name(u->s->db, scope, name));
}

/* 1: the person was not shown the op, and it is no import's that is only counted; 0: else; -1: failed. */
static int is_unseen(const struct unseen *u, const struct schema_field *field, const struct record_op *op,
                     struct error *e)
{
    int shown = was_shown(u, op, e), counted;
    if (shown != 0)
        return shown < 0 ? -1 : 0;
    counted = is_counted(u, field, op, e);
    return counted < 0 ? -1 : !counted;
}

/* --- by whom, when and why --- */

static void print_author(struct printer *v, const struct record_op *op)
{
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    time_t seconds = (time_t)(op->wall_ms / 1000);
    char author[PRINTER_NAME], when[MOMENT_WRITTEN];
    struct tm day = {.tm_wday = 0};
    printer_author(v->db, &op->author, author);
    printer_written(v, op, when);
    (void)localtime_r(&seconds, &day);
    (void)fputs("by ", v->cli->out);
    printer_line(v->cli->out, author, 0);
    (void)fprintf(v->cli->out, " on %s %s", days[day.tm_wday], when);
}

/* Prints the reason that the op's author gave, in quotes; nothing if they gave none. */
static int print_reason(struct printer *v, const struct record_op *op, struct error *e)
{
    const struct dot *dot = &op->merge.dot;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    int64_t id = log_find(v->db, &dot->device, dot->epoch, dot->seq, NULL, e);
    int code = 0;
    if (id < 0)
        return error_code(e);
    if (id != 0 && (code = log_load(v->db, id, 1, &memory, &entry, e)) == 0 && entry.change.reason.size != 0) {
        size_t size = entry.change.reason.size < SCHEMA_TEXT_MAX ? entry.change.reason.size : SCHEMA_TEXT_MAX;
        (void)snprintf(v->room, SCHEMA_FORMAT_MAX, "%.*s", (int)size, (const char *)entry.change.reason.p);
        (void)fputs(": '", v->cli->out);
        printer_line(v->cli->out, v->room, 0);
        (void)fputc('\'', v->cli->out);
    }
    log_memory_free(&memory);
    return code;
}

/* --- before --- */

/* Print it where sentences are printed, beside the data. */
static int open_printer(const struct unseen *u, struct printer *v, struct cli *words, struct error *e)
{
    int code;
    *words = *u->cli;
    words->out = u->cli->err;
    words->json = 0;
    code = printer_open(v, u->s->db, words, e);
    v->seen = &u->s->seen;
    return code;
}

static int look_first(const struct unseen *u, const char *what, struct error *e)
{
    char brief[PRINTER_ID];
    printer_id(u->scope != NULL ? u->scope : u->record, brief);
    return error_set(e, E_REFUSED,
                     "%s of %s %s holds what you were not shown, and --json shows nothing: look first, with `satchel "
                     "show %s`; nothing was written",
                     what, u->scope != NULL ? "a" : "this", u->kind != NULL ? u->kind->name : "record", brief);
}

/* Prints what the person was not shown of a field; field NULL: of one that this version does not know. */
static int print_unseen(const struct unseen *u, struct printer *v, const struct schema_field *field, unsigned number,
                        const struct record_field *f, struct error *e)
{
    FILE *out = v->cli->out;
    for (size_t i = 0; i < f->count; i++) {
        const struct record_op *op = &f->ops[i];
        int unseen = is_unseen(u, field, op, e);
        if (unseen < 0)
            return error_code(e);
        if (!unseen)
            continue;
        /* Keys of imports, and what was taken out, are no words of anybody's. */
        if (number != FIELD_VOID && number != FIELD_SOURCE_ID && number != FIELD_SOURCE_HASH && number != FIELD_SEEN &&
            op->merge.action != CHANGE_REMOVE) {
            (void)fprintf(out, "  %s%s%s ", u->scope != NULL && u->kind != NULL ? u->kind->name : "",
                          u->scope != NULL && u->kind != NULL ? ": " : "",
                          field != NULL ? field->name : "a field that is newer than this program");
            print_author(v, op);
            (void)fputs("; you had not seen it:\n    ", out);
            printer_block(out,
                          field != NULL ? printer_value(v, field, op->merge.value)
                                        : unknown_value(v, number, op->merge.value),
                          4);
            (void)fputc('\n', out);
        }
        seen_dot(v->seen, &op->merge.dot);
    }
    return 0;
}

/* 1: the field has an op that the person was not shown; 0: none; -1: failed. */
static int has_unseen(const struct unseen *u, const struct schema_field *field, const struct record_field *f,
                      struct error *e)
{
    int unseen = 0;
    for (size_t i = 0; i < f->count && unseen == 0; i++)
        unseen = is_unseen(u, field, &f->ops[i], e);
    return unseen;
}

/* E_IO: what was printed is not out, so the person was not shown it, and nothing may be written over it. */
static int is_shown(struct printer *v, struct error *e)
{
    return cli_is_out(v->cli) ? 0
                              : error_set(e, E_IO, "what you had not seen could not be shown, so nothing was written");
}

/* Prints the unseen part of one field. */
static int show_field(const struct unseen *u, struct printer *v, const struct schema_field *field, struct error *e)
{
    struct record_field f;
    int unseen, code = record_field_load(u->s->db, u->record, u->kind, field, &f, e);
    if (code != 0)
        return code;
    if ((unseen = has_unseen(u, field, &f, e)) < 0)
        code = error_code(e);
    else if (unseen)
        code = u->s->seen.off ? look_first(u, field->name, e) : print_unseen(u, v, field, field->number, &f, e);
    record_field_free(&f);
    return code == 0 && unseen ? is_shown(v, e) : code;
}

int unseen_text(const struct unseen *u, const struct schema_field *field, struct error *e)
{
    struct printer v;
    struct cli words;
    int code = open_printer(u, &v, &words, e);
    if (code == 0)
        code = show_field(u, &v, field, e);
    printer_close(&v);
    return code;
}

struct newer {
    const struct unseen *u;
    struct printer *v;
};

static int show_newer(void *arg, const struct record_newer *n, struct error *e)
{
    const struct newer *w = arg;
    struct record_field f;
    int unseen, code = record_newer_load(w->u->s->db, &n->record, n->field, &f, e);
    if (code != 0)
        return code;
    if ((unseen = has_unseen(w->u, NULL, &f, e)) < 0)
        code = error_code(e);
    else if (unseen)
        code = w->u->s->seen.off ? look_first(w->u, "a field that is newer than this program", e)
                                 : print_unseen(w->u, w->v, NULL, n->field, &f, e);
    record_field_free(&f);
    return code == 0 && unseen ? is_shown(w->v, e) : code;
}

int unseen_record(const struct unseen *u, struct error *e)
{
    static const unsigned every_kind[] = {FIELD_VOID, FIELD_SOURCE_ID, FIELD_SOURCE_HASH, FIELD_SEEN};
    struct printer v;
    struct cli words;
    struct newer newer = {u, &v};
    int code = open_printer(u, &v, &words, e);
    for (size_t i = 0; code == 0 && u->kind != NULL && i < u->kind->field_count; i++)
        code = show_field(u, &v, &u->kind->fields[i], e);
    for (size_t i = 0; code == 0 && u->kind != NULL && i < sizeof every_kind / sizeof *every_kind; i++)
        code = show_field(u, &v, schema_field(u->kind, every_kind[i]), e);
    if (code == 0)
        code = record_newer(u->s->db, u->record, show_newer, &newer, e);
    printer_close(&v);
    return code;
}

int unseen_case(const struct unseen *u, const struct id *scope, struct error *e)
{
    struct unseen_imports imports = {.count = 0};
    struct unseen all = *u;
    struct id record = {{0}};
    sqlite3_stmt *s;
    int row, code = 0;
    all.imports = &imports;
    all.scope = scope;
    /* One after the other: what is printed may be looked up in the same tables. */
    while (code == 0 && (row = db_first(u->s->db, &s, e,
                                        "SELECT record, kind FROM place WHERE scope = ? AND record > ? AND voided = 0 "
                                        "ORDER BY record LIMIT 1",
                                        "dd", scope, &record)) != 0) {
        unsigned kind = row == 1 ? (unsigned)db_uint(s, 1) : 0;
        struct unseen one = all;
        one.record = &record;
        one.kind = schema_kind(kind);
        if (row < 0)
            return error_code(e);
        record = db_id(s, 0);
        db_done(u->s->db, s);
        if (!schema_is_office_only(kind))
            code = unseen_record(&one, e);
    }
    if (code == 0)
        say_imports(&all, scope);
    return code;
}

/* --- after --- */

/* Prints "  critical, by Bo Lind on Monday 2026-11-23 20:45: 'threats with a knife'; you had not seen it". */
static int print_beside(const struct unseen *u, struct printer *v, const struct schema_field *field,
                        const struct record_op *op, struct error *e)
{
    int code, shown = was_shown(u, op, e);
    if (shown < 0)
        return error_code(e);
    (void)fputs("  ", v->cli->out);
    printer_block(v->cli->out, printer_value(v, field, op->merge.value), 4);
    (void)fputs(", ", v->cli->out);
    print_author(v, op);
    if ((code = print_reason(v, op, e)) == 0)
        (void)fputs(shown ? "; you saw it only now\n" : "; you had not seen it\n", v->cli->out);
    seen_dot(v->seen, &op->merge.dot);
    return code;
}

/* Prints what the field shows now, and how it is decided. */
static int print_way(const struct unseen *u, struct printer *v, const struct schema_field *field,
                     const struct record_field *f, const char *value, struct error *e)
{
    FILE *out = v->cli->out;
    int ranks = field->policy == SCHEMA_HIGHEST, loud = f->shown.conflict == MERGE_LOUD, code;
    int is_own = id_equal(&f->ops[0].merge.dot.device, &u->s->author.chain.device);
    char brief[PRINTER_ID], seen[REVIEW_CODE];
    if ((code = review_code(u->s->db, u->record, field, f, seen, e)) != 0)
        return code;
    printer_id(u->record, brief);
    (void)fprintf(out, "  %s %s ", field->name, is_own ? "is now" : "stays");
    if (f->merged != NULL)
        (void)fputs("what both of you wrote", out);
    else
        printer_line(out, printer_value(v, field, f->ops[0].merge.value), VALUE_MAX);
    (void)fprintf(out, "; %s: `satchel resolve %s %s ",
                  ranks  ? "to lower it"
                  : loud ? "both are kept, and a person must decide"
                         : "both are kept; to settle it",
                  brief, field->name);
    printer_line(out, ranks ? value : "VALUE", VALUE_MAX);
    (void)fprintf(out, " --seen %s%s`\n", seen, ranks ? " --reason WHY" : "");
    return 0;
}

int unseen_tell(const struct unseen *u, const struct schema_field *field, const char *value, int *waiting,
                struct error *e)
{
    struct record_field f;
    struct printer v;
    struct cli words;
    size_t told = 0;
    int code = record_field_load(u->s->db, u->record, u->kind, field, &f, e);
    if (code != 0)
        return code;
    code = open_printer(u, &v, &words, e);
    for (size_t i = 0; code == 0 && f.shown.conflict != MERGE_AGREED && i < f.count; i++) {
        if (id_equal(&f.ops[i].author, &u->s->seen.person))
            continue;
        code = print_beside(u, &v, field, &f.ops[i], e);
        told++;
    }
    if (code == 0 && told != 0) {
        *waiting |= f.shown.conflict == MERGE_LOUD;
        code = print_way(u, &v, field, &f, value, e);
    }
    printer_close(&v);
    record_field_free(&f);
    return code;
}
