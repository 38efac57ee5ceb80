/* `satcheld case list`, `conflicts`, `held list|release`: cases, and what waits for a person. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fold.h"
#include "json.h"
#include "judge.h"
#include "log.h"
#include "record.h"
#include "review_print.h"
#include "schema.h"
#include "task.h"
#include "task_find.h"
#include "whose.h"

/* --- the list --- */

/* Finds who answers for a case, by login; "": nobody holds it. */
static int responsible_login(struct task *t, const char *kase, char out[256], struct error *e)
{
    struct error none = {0, ""};
    struct id scope, user;
    char text[ID_TEXT];
    sqlite3_stmt *s;
    int row, code = id_parse(kase, &scope, e);
    out[0] = 0;
    if (code != 0)
        return code;
    if ((code = review_responsible(t->central->db, &scope, &user, &none)) != 0)
        return code == E_NOT_FOUND ? 0 : error_set(e, code, "%s", none.text);
    id_format(&user, text);
    if ((row = db_first(t->central->db, &s, e, "SELECT coalesce(login, id) FROM \"user\" WHERE id = ?", "t", text)) < 0)
        return error_code(e);
    if (row == 1) {
        (void)snprintf(out, 256, "%s", db_text(s, 0));
        db_done(t->central->db, s);
    }
    return 0;
}

enum { CASE, NUMBER, NAME, BIRTH, STATUS, RISK, USERS, COLUMNS, WORDS = COLUMNS, DIED };

/* Prints a row of the list; a missing value is null, or a dash. */
static void print_case(struct task *t, struct json *j, sqlite3_stmt *s, const char *responsible)
{
    static const char *const names[] = {"case",   "number", "name",  "birth_date",
                                        "status", "risk",   "users", "responsible"};
    if (t->cli->json)
        json_object(j);
    for (int i = 0; i <= COLUMNS; i++) {
        const char *text = i == COLUMNS ? responsible : db_is_null(s, i) ? NULL : db_text(s, i);
        if (t->cli->json) {
            json_text(json_key(j, names[i]), text);
            continue;
        }
        if (i == CASE && text != NULL)
            text += strlen(text) - (ID_BRIEF - 1);
        (void)fputs(i == 0 ? "" : "  ", t->cli->out);
        if (i == NAME && !db_is_null(s, DIED))
            (void)fprintf(t->cli->out, "[died %s] ", db_text(s, DIED));
        cli_line(t->cli->out, text != NULL ? text : "-");
    }
    if (t->cli->json)
        json_text(json_key(j, "died"), db_is_null(s, DIED) ? NULL : db_text(s, DIED));
    if (t->cli->json)
        json_end(j);
    else
        (void)fputc('\n', t->cli->out);
}

/* 1: the row has each of the words, in a number, a name, a title, a birth date or a login. */
static int has_words(const char *row, char *const *folded, int count)
{
    for (int i = 0; i < count; i++)
        if (folded[i][0] != 0 && fold_find(row, folded[i]) == NULL)
            return 0;
    return 1;
}

/* Prints the cases of a person, or (user NULL) all, that have all the words. */
static int each_case(struct task *t, const char *user, char *const *folded, int words, struct error *e)
{
    static const char sql[] =
        "SELECT c.id, coalesce(c.number, c.source_id), coalesce(p.legal_name, p.preferred_name), p.birth_date, "
        "c.status, c.risk, "
        "(SELECT group_concat(coalesce(u.login, u.id) || coalesce(' (until ' || a.until || ')', ''), ' ') FROM "
        "assignment a JOIN \"user\" u ON "
        "u.id = a.\"user\" WHERE a.scope = c.id AND a.status = 'active' AND a.voided = 0) AS users, "
        "coalesce(c.number, '') || ' ' || coalesce(c.source_id, '') || ' ' || coalesce(p.legal_name, '') || ' ' || "
        "coalesce(p.preferred_name, '') || ' ' || coalesce(p.birth_date, '') || ' ' || coalesce(c.title, ''), "
        "p.death_date FROM \"case\" c "
        "LEFT JOIN client p ON p.id = c.client "
        "WHERE c.voided = 0 AND (?1 IS NULL OR EXISTS(SELECT 1 FROM assignment a WHERE a.scope = c.id AND "
        "a.\"user\" = ?1 AND a.status = 'active' AND a.voided = 0)) ORDER BY c.id";
    struct json j = json_start(t->cli->out);
    char responsible[256];
    sqlite3_stmt *s;
    int row, code, any = 0;
    if ((code = db_query(t->central->db, &s, e, sql, "t", user)) != 0)
        return code;
    if (t->cli->json)
        json_array(&j);
    while ((row = db_next(t->central->db, s, e)) == 1) {
        if (!has_words(db_text(s, WORDS), folded, words))
            continue;
        if ((code = responsible_login(t, db_text(s, CASE), responsible, e)) != 0) {
            db_done(t->central->db, s);
            return code;
        }
        print_case(t, &j, s, responsible[0] != 0 ? responsible : NULL);
        any = 1;
    }
    if (t->cli->json)
        json_end(&j);
    if (row == 0 && !any)
        (void)fprintf(t->cli->err, "there is no%s case\n", words != 0 || user != NULL ? " such" : "");
    return row < 0 ? error_code(e) : 0;
}

static int list_cases(struct task *t, struct usage_call *call, struct error *e)
{
    const char *login = usage_text(call, "user");
    char user[ID_TEXT], **folded = NULL;
    struct id id;
    int code;
    if (login != NULL && (code = central_user(t->central, login, &id, e)) != 0)
        return code;
    if (login != NULL)
        id_format(&id, user);
    if ((folded = calloc((size_t)call->count + 1, sizeof *folded)) == NULL)
        return error_memory(e);
    code = 0;
    for (int i = 0; i < call->count && code == 0; i++)
        code = (folded[i] = fold_text(call->words[i])) != NULL ? 0 : error_memory(e);
    if (code == 0)
        code = each_case(t, login != NULL ? user : NULL, folded, call->count, e);
    for (int i = 0; i < call->count; i++)
        free(folded[i]);
    free(folded);
    return code;
}

const struct task_row task_case_list = {
    .usage = {.group = "case",
              .name = "list",
              .words = "[WORD...]",
              .options = {{.name = "user", .value = "LOGIN", .help = "only those that this person holds"}},
              .help = "list the cases, whose they are, and who holds them",
              .more = "With words only the cases that have all of them, in their number or title, or in the client's "
                      "name or birth\n"
                      "date; a part of one will do.",
              .example = "satcheld case list /srv/office byron 1984"},
    .run = list_cases,
    .way = TASK_READS,
};

/* --- conflicts --- */

struct printing {
    struct review_print print;
    const struct id *owner; /* NULL: everybody's */
};

static void print_value(void *arg, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                        int indent)
{
    struct printing *p = arg;
    (void)kind;
    (void)indent;
    schema_format(field, value, p->print.room, SCHEMA_FORMAT_MAX);
    cli_line(p->print.cli->out, slice_is_nil(value) ? "(cleared)" : p->print.room);
}

static int print_conflict(void *arg, const struct review *r, struct error *e)
{
    struct printing *p = arg;
    (void)e;
    if (p->owner == NULL || review_owns(r, p->owner))
        review_print(&p->print, r);
    return 0;
}

static int list_conflicts(struct task *t, struct usage_call *call, struct error *e)
{
    const char *login = usage_text(call, "owner");
    struct json j = json_start(t->cli->out);
    struct printing p = {.owner = NULL};
    struct id owner;
    char *room;
    int code;
    if (login != NULL && (code = central_user(t->central, login, &owner, e)) != 0)
        return code;
    if ((room = malloc(SCHEMA_FORMAT_MAX)) == NULL)
        return error_memory(e);
    p.print = (struct review_print){
        .db = t->central->db, .cli = t->cli, .now_ms = clock_wall(), .written_ms = clock_wall(), .decides = 0};
    p.print.json = t->cli->json ? &j : NULL;
    p.print.room = room;
    p.print.value = print_value;
    p.print.arg = &p;
    p.owner = login != NULL ? &owner : NULL;
    if (t->cli->json)
        json_array(&j);
    code = review_each(t->central->db, print_conflict, &p, e);
    if (t->cli->json)
        json_end(&j);
    sodium_memzero(room, SCHEMA_FORMAT_MAX);
    free(room);
    if (code == 0)
        review_print_count(&p.print);
    t->waiting = p.print.loud != 0;
    return code;
}

const struct task_row task_conflicts = {
    .usage = {.name = "conflicts",
              .options = {{.name = "owner", .value = "LOGIN", .help = "only what this person must decide"}},
              .help = "list what waits for a decision, since when, and who must decide",
              .example = "satcheld conflicts /srv/office --owner anna"},
    .run = list_conflicts,
    .way = TASK_READS,
};

/* --- held changes --- */

/* Prints "of Ada Byron, case 2024-171": the change itself is in no table, so its scope says whose it is. */
static void say_held_whose(FILE *out, struct db *db, const struct id *scope)
{
    struct whose w;
    if (whose_find(db, scope, &w, NULL) != 0 || (!w.has_person && !w.has_case))
        return;
    (void)fputs("of ", out);
    whose_print(out, &w);
    (void)fputs(", ", out);
}

/* Prints "3  of Ada Byron, case 2024-171, by ben on the laptop "ben's", change 12: not in the caseload". */
static void held_words(struct task *t, sqlite3_stmt *s)
{
    FILE *out = t->cli->out;
    struct id scope = db_id(s, 7);
    (void)fprintf(out, "%s  ", db_text(s, 0));
    say_held_whose(out, t->central->db, &scope);
    (void)fputs("by ", out);
    cli_line(out, db_text(s, 5));
    (void)fputs(" on the laptop \"", out);
    cli_line(out, db_text(s, 4));
    (void)fprintf(out, "\", change %s: %s\n", db_text(s, 3), db_text(s, 6));
}

static void held_json(struct json *j, sqlite3_stmt *s)
{
    static const char *const names[] = {"number", "hold", "device", "seq", "laptop", "author", "reason"};
    json_object(j);
    for (int i = 0; i < 7; i++) {
        json_key(j, names[i]);
        if (i == 0 || i == 3)
            json_int(j, db_int(s, i));
        else
            json_text(j, db_is_null(s, i) ? NULL : db_text(s, i));
    }
    json_end(j);
}

static int list_held(struct task *t, struct usage_call *call, struct error *e)
{
    static const char sql[] =
        "SELECT n.number, h.id, h.device, h.seq, coalesce(d.label, substr(h.device, -8)), coalesce(u.login, h.author), "
        "h.reason, "
        "entry.scope FROM hold h JOIN " TASK_NUMBERED("6") " n ON n.id = h.id LEFT JOIN \"user\" u ON u.id = h.author "
                                                           "LEFT JOIN device d ON d.id = id_text(id_blob(h.device)) "
                                                           "LEFT JOIN entry ON entry.device = id_blob(h.device) "
                                                           "AND entry.epoch = h.epoch AND entry.seq = h.seq WHERE "
                                                           "h.status = 'held' AND h.voided = 0 ORDER BY n.number";
    struct json j = json_start(t->cli->out);
    sqlite3_stmt *s;
    unsigned count = 0;
    int row, code;
    (void)call;
    if ((code = db_query(t->central->db, &s, e, sql, "")) != 0)
        return code;
    if (t->cli->json)
        json_array(&j);
    for (; (row = db_next(t->central->db, s, e)) == 1; count++) {
        if (t->cli->json)
            held_json(&j, s);
        else
            held_words(t, s);
    }
    if (t->cli->json)
        json_end(&j);
    t->waiting = count != 0;
    if (row == 0 && count == 0)
        (void)fputs("nothing is held\n", t->cli->err);
    return row < 0 ? error_code(e) : 0;
}

const struct task_row task_held_list = {
    .usage = {.group = "held",
              .name = "list",
              .help = "list the changes that could not be applied, and why",
              .more = "The number at the beginning of a line stays what it is; `satcheld held release` takes it.",
              .example = "satcheld held list /srv/office"},
    .run = list_held,
};

/* Reads the entry that a hold names. E_NOT_FOUND: there is none. */
static int find_held(struct db *db, const struct id *hold, int64_t *entry, struct error *e)
{
    char text[ID_TEXT];
    struct id device = {{0}};
    uint64_t epoch = 0, seq = 0;
    sqlite3_stmt *s;
    int row;
    *entry = 0;
    id_format(hold, text);
    if ((row = db_first(db, &s, e, "SELECT device, epoch, seq FROM hold WHERE id = ?", "t", text)) < 0)
        return error_code(e);
    if (row == 1) {
        (void)sodium_hex2bin(device.b, sizeof device.b, db_text(s, 0), strlen(db_text(s, 0)), NULL, NULL, NULL);
        epoch = db_uint(s, 1);
        seq = db_uint(s, 2);
        db_done(db, s);
    }
    if ((*entry = log_find(db, &device, epoch, seq, NULL, e)) < 0)
        return error_code(e);
    return *entry != 0 ? 0 : error_set(e, E_NOT_FOUND, "the change that %s holds is not in the log", text);
}

/* Refuses a release after which the change would not be applied, since whoever releases it expects that it is. The log
 * has the change in any case. */
static int check_release(struct db *db, const struct id *hold, struct error *e)
{
    static const char sql[] = "SELECT entry.kind, place.kind <> entry.kind OR place.scope <> entry.scope, entry.scope "
                              "FROM entry LEFT JOIN place ON place.record = entry.record WHERE entry.id = ?";
    const struct judge judge = {.db = db, .version = schema_version()};
    struct change change = {0};
    int64_t entry;
    sqlite3_stmt *s;
    int elsewhere, code;
    if ((code = find_held(db, hold, &entry, e)) != 0)
        return code;
    if (db_first(db, &s, e, sql, "i", entry) != 1)
        return error_code(e);
    change.kind = (unsigned)db_uint(s, 0);
    change.scope = db_id(s, 2);
    elsewhere = db_int(s, 1) != 0; /* a record that is nowhere yet gives NULL, which is 0 */
    db_done(db, s);
    if (schema_is_office_only(change.kind))
        return error_set(e, E_REFUSED,
                         "records of kind %s are the office's own, so what a laptop says of them is never applied; if "
                         "it is right, write it here",
                         schema_kind(change.kind) != NULL ? schema_kind(change.kind)->name : "that number");
    if (!judge_knows(&judge, &change))
        return error_set(e, E_REFUSED,
                         "its kind %u is newer than this program, and every laptop would get it; update satcheld, then "
                         "release it",
                         change.kind);
    return !elsewhere ? 0
                      : error_set(e, E_REFUSED,
                                  "its record stands in another case, or is of another kind, so it cannot be applied; "
                                  "it stays held, and in the log");
}

static int release_hold(struct task *t, void *arg, struct error *e)
{
    struct edit edit;
    int code;
    if ((code = edit_open(&edit, t->central->db, arg, e)) != 0 ||
        (code = edit_set_text(&edit, "status", "released", e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->central, &edit, NULL, e);
}

/* Prints "held change 3, of Ada Byron, case 2024-171, is released and applied". */
static void say_released(struct task *t, const struct id *hold)
{
    char text[ID_TEXT];
    struct id scope;
    sqlite3_stmt *s;
    id_format(hold, text);
    if (db_first(
            t->central->db, &s, NULL,
            "SELECT n.number, entry.scope FROM hold h JOIN " TASK_NUMBERED(
                "6") " n ON n.id = h.id LEFT JOIN entry ON "
                     "entry.device = id_blob(h.device) AND entry.epoch = h.epoch AND entry.seq = h.seq WHERE h.id = ?",
            "t", text) != 1)
        return;
    (void)fprintf(t->cli->err, "held change %s, ", db_text(s, 0));
    scope = db_id(s, 1);
    db_done(t->central->db, s);
    say_held_whose(t->cli->err, t->central->db, &scope);
    (void)fputs("is released and applied\n", t->cli->err);
}

static int release_held(struct task *t, struct usage_call *call, struct error *e)
{
    struct id hold;
    int code = task_find_held(t, call->words[0], &hold, e);
    if (code == 0 && (code = check_release(t->central->db, &hold, e)) == 0 &&
        (code = task_write(t, usage_text(call, "as"), release_hold, &hold, e)) == 0)
        say_released(t, &hold);
    return code;
}

const struct task_row task_held_release = {
    .usage = {.group = "held",
              .name = "release",
              .words = "HOLD",
              .options = {TASK_AS},
              .help = "apply a held change after all",
              .more = "HOLD is the number that `satcheld held list` shows.",
              .example = "satcheld held release /srv/office 3"},
    .run = release_held,
};
