/* `satcheld import list` and `import undo N`: which imports there were, by whom, what each changed; and taking one
 * back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "clock.h"
#include "import_undo.h"
#include "moment.h"
#include "record.h"
#include "task.h"
#include "task_find.h"

/* --- the list --- */

#define NUMBERS TASK_NUMBERED("1001")
/* clang-format off: it would break the query at its macros. */
static const char imports[] =
    "SELECT n.number, entry.header, entry.received, i.source, i.exported, i.created, i.changed, i.withdrawn, "
    "i.disputed, "
    "i.\"left\", i.ended, i.older, "
    "(SELECT u.number FROM \"import\" d JOIN " NUMBERS " u ON u.id = d.id WHERE d.undoes = i.id), "
    "(SELECT u.number FROM " NUMBERS " u WHERE u.id = i.undoes) "
    "FROM " NUMBERS " n JOIN \"import\" i ON i.id = n.id JOIN entry ON entry.record = id_blob(i.id) AND "
    "entry.position = (SELECT min(position) FROM entry one WHERE one.record = entry.record) ORDER BY n.number";
/* clang-format on */
enum {
    NUMBER,
    HEADER,
    RECEIVED,
    SOURCE,
    EXPORTED,
    CREATED,
    CHANGED,
    WITHDRAWN,
    DISPUTED,
    LEFT,
    ENDED,
    OLDER,
    UNDONE,
    UNDOES
};

/* The login, or else the id, of the author of a header. */
static void author_of(struct task *t, struct slice header, char *out, size_t out_max)
{
    struct change c;
    sqlite3_stmt *s;
    char id[ID_TEXT];
    out[0] = '\0';
    if (change_read_known(header, &c, NULL) != 0)
        return;
    id_format(&c.author, id);
    (void)snprintf(out, out_max, "%s", id);
    if (db_first(t->central->db, &s, NULL, "SELECT coalesce(login, name, id) FROM \"user\" WHERE id = ?", "t", id) != 1)
        return;
    cli_cut(out, out_max, db_text(s, 0));
    db_done(t->central->db, s);
}

static void list_json(struct task *t, struct json *j, sqlite3_stmt *s)
{
    static const struct {
        const char *name;
        int column;
    } numbers[] = {{"created", CREATED}, {"changed", CHANGED},  {"withdrawn", WITHDRAWN}, {"contested", DISPUTED},
                   {"left", LEFT},       {"undone_by", UNDONE}, {"undoes", UNDOES}};
    char who[256];
    author_of(t, db_slice(s, HEADER), who, sizeof who);
    json_object(j);
    json_uint(json_key(j, "number"), db_uint(s, NUMBER));
    json_text(json_key(j, "by"), who);
    json_uint(json_key(j, "received_ms"), db_uint(s, RECEIVED));
    json_text(json_key(j, "source"), db_text(s, SOURCE));
    json_text(json_key(j, "exported"), db_is_null(s, EXPORTED) ? NULL : db_text(s, EXPORTED));
    json_flag(json_key(j, "older"), db_int(s, OLDER) != 0);
    json_text(json_key(j, "ended"), db_is_null(s, ENDED) ? NULL : db_text(s, ENDED));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_key(j, numbers[i].name);
        if (db_is_null(s, numbers[i].column))
            json_null(j);
        else
            json_uint(j, db_uint(s, numbers[i].column));
    }
    json_end(j);
}

static void list_words(struct task *t, sqlite3_stmt *s)
{
    FILE *out = t->cli->out;
    char when[MOMENT_TEXT], who[256];
    moment_of(db_uint(s, RECEIVED), when);
    author_of(t, db_slice(s, HEADER), who, sizeof who);
    (void)fprintf(out, "%llu  %s  by ", (unsigned long long)db_uint(s, NUMBER), when);
    cli_line(out, who);
    if (!db_is_null(s, UNDOES)) {
        (void)fprintf(out, "  took import %llu back\n", (unsigned long long)db_uint(s, UNDOES));
        return;
    }
    (void)fputs("  ", out);
    cli_line(out, db_text(s, SOURCE));
    moment_to_words(db_text(s, EXPORTED), when);
    (void)fprintf(out, ", %s%s%s\n   ", when[0] != '\0' ? "export of " : "export of an unknown day", when,
                  db_int(s, OLDER) ? ", older than the last" : "");
    if (db_is_null(s, ENDED))
        (void)fputs(" broken off before its end", out);
    else
        (void)fprintf(out, " %llu new, %llu changed, %llu withdrawn, %llu contested, %llu left",
                      (unsigned long long)db_uint(s, CREATED), (unsigned long long)db_uint(s, CHANGED),
                      (unsigned long long)db_uint(s, WITHDRAWN), (unsigned long long)db_uint(s, DISPUTED),
                      (unsigned long long)db_uint(s, LEFT));
    if (!db_is_null(s, UNDONE))
        (void)fprintf(out, "; taken back by %llu", (unsigned long long)db_uint(s, UNDONE));
    (void)fputc('\n', out);
}

static int list(struct task *t, struct usage_call *call, struct error *e)
{
    struct json j = json_start(t->cli->out);
    sqlite3_stmt *s;
    int row, any = 0, code = db_query(t->central->db, &s, e, imports, "");
    (void)call;
    if (code != 0)
        return code;
    if (t->cli->json)
        json_array(&j);
    while ((row = db_next(t->central->db, s, e)) == 1) {
        any = 1;
        if (t->cli->json)
            list_json(t, &j, s);
        else
            list_words(t, s);
    }
    if (t->cli->json)
        json_end(&j);
    if (row == 0 && !any)
        (void)fputs("nothing was imported\n", t->cli->err);
    return row < 0 ? error_code(e) : 0;
}

const struct task_row task_import_list = {
    .usage = {.group = "import",
              .name = "list",
              .help = "list the imports: when, by whom, from where, and how much each changed",
              .example = "satcheld import list /srv/office"},
    .run = list,
};

/* --- taking one back --- */

enum { KEPT_SHOWN = 20 };

struct taking_back {
    struct task *t;
    struct import_undo undo;
    const char *words; /* which import */
    struct json json;
    int is_begun; /* the JSON is */
    uint64_t shown;
};

static void begin_json(struct taking_back *b)
{
    if (b->is_begun++)
        return;
    json_object(&b->json);
    json_array(json_key(&b->json, "stays"));
}

/* The record's title, or its key in the other system. */
static void say_record(struct task *t, const struct import_kept *k, FILE *out)
{
    char id[ID_TEXT], *sql = sqlite3_mprintf("SELECT source_id FROM \"%w\" WHERE id = ?", k->kind->name);
    sqlite3_stmt *s;
    id_format(&k->record, id);
    if (sql != NULL && db_first(t->central->db, &s, NULL, sql, "t", id) == 1) {
        (void)fprintf(out, "%s ", k->kind->name);
        cli_line(out, db_text(s, 0)[0] != '\0' ? db_text(s, 0) : id);
        db_done(t->central->db, s);
    }
    sqlite3_free(sql);
}

static int say_kept(void *arg, const struct import_kept *k, struct error *e)
{
    struct taking_back *b = arg;
    FILE *out = b->t->cli->out;
    (void)e;
    if (b->t->cli->json) {
        begin_json(b);
        json_object(&b->json);
        json_text(json_key(&b->json, "kind"), k->kind->name);
        json_id(json_key(&b->json, "record"), &k->record);
        json_text(json_key(&b->json, "field"), k->field != NULL ? k->field->name : NULL);
        json_end(&b->json);
        return 0;
    }
    if (b->shown++ >= KEPT_SHOWN)
        return 0;
    (void)fputs("stays, since something was built on it: ", out);
    say_record(b->t, k, out);
    (void)fprintf(out, "%s%s\n", k->field != NULL ? ", " : "", k->field != NULL ? k->field->name : "");
    return 0;
}

static int take_back(struct task *t, void *arg, struct error *e)
{
    struct taking_back *b = arg;
    sqlite3_stmt *s;
    int code, row = db_first(t->central->db, &s, e, "SELECT id FROM " NUMBERS " WHERE CAST(number AS TEXT) = ?", "t",
                             b->words);
    if (row < 0)
        return error_code(e);
    if (row == 0)
        return error_set(e, E_NOT_FOUND, "there is no import %s; `satcheld import list` has their numbers", b->words);
    code = id_parse(db_text(s, 0), &b->undo.import, e);
    db_done(t->central->db, s);
    return code != 0 ? code : import_undo(&b->undo, e);
}

static int undo(struct task *t, struct usage_call *call, struct error *e)
{
    struct taking_back b = {.t = t,
                            .undo = {.central = t->central, .kept = say_kept, .arg = &b},
                            .words = call->words[0],
                            .json = json_start(t->cli->out)};
    int code;
    if ((code = task_write(t, usage_text(call, "as"), take_back, &b, e)) != 0)
        return code;
    if (t->cli->json) {
        begin_json(&b);
        json_end(&b.json);
        json_uint(json_key(&b.json, "voided"), b.undo.voided);
        json_uint(json_key(&b.json, "changed"), b.undo.changed);
        json_end(&b.json);
    } else {
        if (b.shown > KEPT_SHOWN)
            (void)fprintf(t->cli->out, "and %llu more stay\n", (unsigned long long)(b.shown - KEPT_SHOWN));
        (void)fprintf(t->cli->err,
                      "import %s is taken back: %llu records voided, %llu changes "
                      "undone, %llu stay\n",
                      b.words, (unsigned long long)b.undo.voided, (unsigned long long)b.undo.changed,
                      (unsigned long long)b.undo.stayed);
    }
    t->waiting = b.undo.stayed != 0;
    return 0;
}

const struct task_row task_import_undo = {
    .usage = {.group = "import",
              .name = "undo",
              .words = "NUMBER",
              .options = {TASK_AS},
              .help = "take an import back, by its number in the list",
              .more = "What it took down is voided, and what it changed is as "
                      "before, by changes of their own. What people, "
                      "or later imports, built on stays, and is named.",
              .example = "satcheld import undo /srv/office 3"},
    .run = undo,
};
