/* Cases and what waits for a person: case assign|release|list, conflicts, held list|release. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caseload.h"
#include "clock.h"
#include "log.h"
#include "record.h"
#include "schema.h"
#include "task.h"

/* A case by its id, its number or its key in the system that it came from. */
static int find_case(struct task *t, const char *words, struct id *out, struct error *e)
{
    struct db *db = t->central->db;
    sqlite3_stmt *s;
    int row, code, count = 0;
    if ((code = db_query(db, &s, e,
                         "SELECT id FROM \"case\" WHERE (id = ?1 OR number = ?1 OR source_id = ?1) AND voided = 0", "t",
                         words)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1 && code == 0)
        if (count++ == 0)
            code = id_parse(db_text(s, 0), out, e);
    if (row < 0)
        return error_code(e);
    if (row == 1)
        db_done(db, s);
    if (code == 0 && count != 1)
        code = error_set(e, count == 0 ? E_NOT_FOUND : E_INPUT,
                         count == 0 ? "there is no case %s; `satcheld case list` names them"
                                    : "several cases are called %s; say which by its id",
                         words);
    return code;
}

/* --- assignments --- */

struct assignment {
    struct id scope, user;
    const char *status;
};

/* One record for each (case, user): found again, or made. */
static int write_assignment(struct task *t, void *arg, struct error *e)
{
    struct assignment *a = arg;
    struct db *db = t->central->db;
    char scope[ID_TEXT], user[ID_TEXT];
    struct id record = {{0}};
    struct edit edit = {0};
    sqlite3_stmt *s;
    int row, code;
    id_format(&a->scope, scope);
    id_format(&a->user, user);
    if ((code = db_query(db, &s, e, "SELECT id FROM assignment WHERE scope = ? AND \"user\" = ? ORDER BY id LIMIT 1",
                         "tt", scope, user)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return error_code(e);
    if (row == 1) {
        code = id_parse(db_text(s, 0), &record, e);
        db_done(db, s);
        if (code == 0)
            code = edit_open(&edit, db, &record, e);
    } else if (strcmp(a->status, "active") != 0) {
        return error_set(e, E_NOT_FOUND, "this case is not in that person's caseload");
    } else {
        record = id_new(clock_wall());
        if ((code = edit_new(&edit, db, schema_kind(KIND_ASSIGNMENT), &a->scope, &record, e)) == 0)
            code = edit_set_id(&edit, "user", &a->user, e);
    }
    if (code != 0 || (code = edit_set_text(&edit, "status", a->status, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->central, &edit, NULL, e);
}

static int assignment(struct task *t, int argc, char **argv, const char *form, const char *status, struct error *e)
{
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct assignment a = {.status = status};
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 || (code = task_words(argc, 2, 2, form, e)) != 0 ||
        (code = find_case(t, argv[2], &a.scope, e)) != 0 || (code = central_user(t->central, argv[3], &a.user, e)) != 0)
        return code;
    return task_write(t, as, write_assignment, &a, e);
}

int task_case_assign(struct task *t, int argc, char **argv, struct error *e)
{
    return assignment(t, argc, argv, "case assign DIR CASE LOGIN", "active", e);
}

int task_case_release(struct task *t, int argc, char **argv, struct error *e)
{
    return assignment(t, argc, argv, "case release DIR CASE LOGIN", "disabled", e);
}

int task_case_list(struct task *t, int argc, char **argv, struct error *e)
{
    static const char sql[] =
        "SELECT c.id, coalesce(c.number, c.source_id, '-'), coalesce(c.status, '-'), coalesce(c.risk, '-'), "
        "coalesce((SELECT group_concat(coalesce(u.login, u.id), ' ') FROM assignment a JOIN \"user\" u ON "
        "u.id = a.\"user\" WHERE a.scope = c.id AND a.status = 'active' AND a.voided = 0), '-') FROM \"case\" c "
        "WHERE c.voided = 0 AND (?1 IS NULL OR EXISTS(SELECT 1 FROM assignment a WHERE a.scope = c.id AND "
        "a.\"user\" = ?1 AND a.status = 'active' AND a.voided = 0)) ORDER BY c.id";
    static const char *const names[] = {"case", "number", "status", "risk", "users"};
    const char *login = NULL;
    const struct cli_option options[] = {{"user", &login, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    char user[ID_TEXT];
    struct id id;
    sqlite3_stmt *s;
    int row, code, first = 1;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 0, "case list DIR [--user LOGIN]", e)) != 0 ||
        (login != NULL && (code = central_user(t->central, login, &id, e)) != 0))
        return code;
    if (login != NULL)
        id_format(&id, user);
    if ((code = db_query(t->central->db, &s, e, sql, "t", login != NULL ? user : NULL)) != 0)
        return code;
    if (t->cli->json)
        (void)fputs("[", t->cli->out);
    while ((row = db_next(t->central->db, s, e)) == 1) {
        if (t->cli->json)
            (void)fputs(first ? "\n{" : ",\n{", t->cli->out);
        for (int i = 0; i < 5; i++) {
            if (t->cli->json) {
                (void)fprintf(t->cli->out, "%s\"%s\": ", i == 0 ? "" : ", ", names[i]);
                cli_json_text(t->cli->out, db_text(s, i), strlen(db_text(s, i)));
            } else {
                (void)fputs(i == 0 ? "" : "  ", t->cli->out);
                cli_line(t->cli->out, db_text(s, i));
            }
        }
        (void)fputs(t->cli->json ? "}" : "\n", t->cli->out);
        first = 0;
    }
    if (t->cli->json)
        (void)fputs("\n]\n", t->cli->out);
    return row < 0 ? error_code(e) : 0;
}

/* --- conflicts --- */

/* The name that people know a user by; the id where the record has none. */
static void user_name(struct db *db, const struct id *user, char *out, size_t out_max)
{
    sqlite3_stmt *s;
    id_format(user, out);
    if (db_query(db, &s, NULL,
                 "SELECT coalesce(login, name) FROM \"user\" WHERE id = ? AND coalesce(login, name) IS NOT NULL", "t",
                 out) == 0 &&
        db_next(db, s, NULL) == 1) {
        (void)snprintf(out, out_max, "%s", db_text(s, 0));
        db_done(db, s);
    }
}

static void print_deciders(struct task *t, const struct id *scope)
{
    char text[ID_TEXT];
    sqlite3_stmt *s;
    id_format(scope, text);
    if (db_query(
            t->central->db, &s, NULL,
            "SELECT coalesce(group_concat(login, ', '), '') FROM \"user\" WHERE id IN (SELECT \"user\" FROM assignment "
            "WHERE (scope = ?1 OR scope IN (SELECT id FROM \"case\" WHERE client = ?1)) AND status = 'active' AND "
            "voided = 0)",
            "t", text) != 0 ||
        db_next(t->central->db, s, NULL) != 1)
        return;
    if (t->cli->json) {
        (void)fputs(", \"decide\": ", t->cli->out);
        cli_json_text(t->cli->out, db_text(s, 0), strlen(db_text(s, 0)));
    } else {
        (void)fprintf(t->cli->out, "    to decide: ");
        cli_line(t->cli->out, db_text(s, 0)[0] != 0 ? db_text(s, 0) : "nobody holds this case; assign it");
        (void)fputc('\n', t->cli->out);
    }
    db_done(t->central->db, s);
}

struct printing {
    struct task *t;
    unsigned loud, quiet;
};

static void print_value(struct printing *p, const struct record_conflict *c, const struct record_op *op, int first)
{
    char value[4096], author[256], when[32];
    FILE *out = p->t->cli->out;
    schema_format(c->field, op->merge.value, value, sizeof value);
    user_name(p->t->central->db, &op->author, author, sizeof author);
    if (p->t->cli->json) {
        (void)fprintf(out, "%s{\"value\": ", first ? "" : ", ");
        cli_json_text(out, value, strlen(value));
        (void)fprintf(out, ", \"author\": ");
        cli_json_text(out, author, strlen(author));
        (void)fprintf(out, ", \"wall_ms\": %llu, \"received_ms\": %llu}", (unsigned long long)op->wall_ms,
                      (unsigned long long)op->merge.received_ms);
    } else {
        cli_time(op->wall_ms, when);
        (void)fputs(first ? "    shown:  " : "    beside: ", out);
        cli_line(out, value);
        (void)fprintf(out, "  (");
        cli_line(out, author);
        (void)fprintf(out, ", %s)\n", when);
    }
}

static int print_conflict(void *arg, const struct record_conflict *c, struct error *e)
{
    struct printing *p = arg;
    FILE *out = p->t->cli->out;
    struct record_field f;
    char record[ID_TEXT];
    int code;
    if ((code = record_field_load(p->t->central->db, &c->record, c->kind, c->field, &f, e)) != 0)
        return code;
    id_format(&c->record, record);
    if (p->t->cli->json)
        (void)fprintf(out, "%s\n{\"kind\": \"%s\", \"record\": \"%s\", \"field\": \"%s\", \"loud\": %s, \"values\": [",
                      p->loud + p->quiet == 0 ? "" : ",", c->kind->name, record, c->field->name,
                      c->loud ? "true" : "false");
    else
        (void)fprintf(out, "%s %s  %s%s\n", c->kind->name, record, c->field->name,
                      c->loud ? "  A PERSON MUST DECIDE" : "  (kept for review)");
    for (size_t i = 0; i < f.count; i++)
        print_value(p, c, &f.ops[i], i == 0);
    record_field_free(&f);
    if (p->t->cli->json)
        (void)fputs("]", out);
    if (c->loud)
        print_deciders(p->t, &c->scope);
    if (p->t->cli->json)
        (void)fputs("}", out);
    *(c->loud ? &p->loud : &p->quiet) += 1;
    return 0;
}

int task_conflicts(struct task *t, int argc, char **argv, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct printing p = {t, 0, 0};
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 || (code = task_words(argc, 1, 0, "conflicts DIR", e)) != 0)
        return code;
    if (t->cli->json)
        (void)fputs("[", t->cli->out);
    code = record_conflicts(t->central->db, print_conflict, &p, e);
    if (t->cli->json)
        (void)fputs("\n]\n", t->cli->out);
    if (code == 0)
        (void)fprintf(t->cli->err, "%u to decide, %u kept for review\n", p.loud, p.quiet);
    t->waiting = p.loud != 0;
    return code;
}

/* --- held changes --- */

int task_held_list(struct task *t, int argc, char **argv, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct db *db = t->central->db;
    sqlite3_stmt *s;
    unsigned count = 0;
    int row, code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 0, "held list DIR", e)) != 0 ||
        (code = db_query(db, &s, e,
                         "SELECT h.id, h.device, h.seq, coalesce(u.login, h.author), h.reason FROM hold h LEFT JOIN "
                         "\"user\" u ON u.id = h.author WHERE h.status = 'held' AND h.voided = 0 ORDER BY h.id",
                         "")) != 0)
        return code;
    if (t->cli->json)
        (void)fputs("[", t->cli->out);
    while ((row = db_next(db, s, e)) == 1) {
        if (t->cli->json) {
            (void)fprintf(t->cli->out, "%s\n{\"hold\": \"%s\", \"device\": \"%s\", \"seq\": %llu, \"author\": ",
                          count == 0 ? "" : ",", db_text(s, 0), db_text(s, 1), (unsigned long long)db_uint(s, 2));
            cli_json_text(t->cli->out, db_text(s, 3), strlen(db_text(s, 3)));
            (void)fputs(", \"reason\": ", t->cli->out);
            cli_json_text(t->cli->out, db_text(s, 4), strlen(db_text(s, 4)));
            (void)fputs("}", t->cli->out);
        } else {
            (void)fprintf(t->cli->out, "%s  device %s change %llu by ", db_text(s, 0), db_text(s, 1),
                          (unsigned long long)db_uint(s, 2));
            cli_line(t->cli->out, db_text(s, 3));
            (void)fprintf(t->cli->out, ": %s\n", db_text(s, 4));
        }
        count++;
    }
    if (t->cli->json)
        (void)fputs("\n]\n", t->cli->out);
    t->waiting = count != 0;
    return row < 0 ? error_code(e) : 0;
}

/* The entry that a hold names. E_NOT_FOUND. */
static int find_held(struct db *db, const struct id *hold, int64_t *entry, struct error *e)
{
    char text[ID_TEXT];
    struct id device = {{0}};
    uint64_t epoch = 0, seq = 0;
    sqlite3_stmt *s;
    int row, code;
    *entry = 0;
    id_format(hold, text);
    if ((code = db_query(db, &s, e, "SELECT device, epoch, seq FROM hold WHERE id = ?", "t", text)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
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

/* Would a release have the change applied, as whoever releases it expects? The log carries it in any case. */
static int check_release(struct db *db, const struct id *hold, struct error *e)
{
    static const char sql[] = "SELECT entry.kind, place.kind <> entry.kind OR place.scope <> entry.scope, entry.scope "
                              "FROM entry LEFT JOIN place ON place.record = entry.record WHERE entry.id = ?";
    struct change change = {0};
    int64_t entry;
    sqlite3_stmt *s;
    int elsewhere, code;
    if ((code = find_held(db, hold, &entry, e)) != 0 || (code = db_query(db, &s, e, sql, "i", entry)) != 0)
        return code;
    if (db_next(db, s, e) != 1)
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
    if (!caseload_knows(&change))
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

int task_held_release(struct task *t, int argc, char **argv, struct error *e)
{
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct record_place place;
    struct id hold;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 1, "held release DIR HOLD", e)) != 0 || (code = id_parse(argv[2], &hold, e)) != 0)
        return code;
    if (record_find(t->central->db, &hold, &place, NULL) != 0 || place.kind->number != KIND_HOLD)
        return error_set(e, E_NOT_FOUND, "there is no hold %s; `satcheld held list` names them", argv[2]);
    if ((code = check_release(t->central->db, &hold, e)) != 0)
        return code;
    return task_write(t, as, release_hold, &hold, e);
}
