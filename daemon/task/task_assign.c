/* `satcheld case assign|release|responsible`: who holds a case, and who answers for it. Whoever answers for a case
 * stays so unless the call says otherwise, and each answer names them. */
#include "task_assign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "review.h"
#include "schema.h"
#include "task_find.h"
#include "whose.h"

/* --- writing --- */

int task_assign_write(struct task *t, const struct assignment *a, struct error *e)
{
    struct db *db = t->central->db;
    char scope[ID_TEXT], user[ID_TEXT];
    struct id record = {{0}};
    struct edit edit = {0};
    sqlite3_stmt *s;
    int row, code, is_so = 0;
    id_format(&a->scope, scope);
    id_format(&a->user, user);
    if ((row = db_first(db, &s, e,
                        "SELECT id, coalesce(status, '') = ?3 AND coalesce(until, '') = ?4 AND voided = 0 FROM "
                        "assignment WHERE scope = ?1 AND \"user\" = ?2 ORDER BY id LIMIT 1",
                        "tttt", scope, user, a->status, a->until)) < 0)
        return error_code(e);
    if (row == 1) {
        code = id_parse(db_text(s, 0), &record, e);
        is_so = db_int(s, 1) != 0;
        db_done(db, s);
        if (code != 0 || is_so)
            return code;
        code = edit_open(&edit, db, &record, e);
    } else if (strcmp(a->status, "active") != 0) {
        return error_set(e, E_NOT_FOUND, "this case is not in that person's caseload");
    } else {
        record = id_new(clock_wall());
        if ((code = edit_new(&edit, db, schema_kind(KIND_ASSIGNMENT), &a->scope, &record, e)) == 0)
            code = edit_set_id(&edit, "user", &a->user, e);
    }
    if (code != 0 || (code = edit_set_text(&edit, "status", a->status, e)) != 0 ||
        (code = edit_set_text(&edit, "until", a->until, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->central, &edit, NULL, e);
}

int task_assign_holds(struct task *t, const struct id *scope, const struct id *user, char until[COVER_DAY],
                      struct error *e)
{
    char case_text[ID_TEXT], user_text[ID_TEXT];
    sqlite3_stmt *s;
    int row;
    id_format(scope, case_text);
    id_format(user, user_text);
    until[0] = '\0';
    if ((row = db_first(t->central->db, &s, e,
                        "SELECT coalesce(until, '') FROM assignment WHERE scope = ? AND \"user\" = ? AND "
                        "status = 'active' AND voided = 0 ORDER BY until IS NOT NULL LIMIT 1",
                        "tt", case_text, user_text)) != 1)
        return row < 0 ? -1 : 0;
    (void)snprintf(until, COVER_DAY, "%s", db_text(s, 0));
    db_done(t->central->db, s);
    return 1;
}

/* --- who answers for a case --- */

int task_assign_answering(struct task *t, const struct id *scope, struct task_answering *out, struct error *e)
{
    struct error none = {0, ""};
    char user[ID_TEXT];
    int row, code = review_responsible(t->central->db, scope, &out->user, &none);
    out->is_somebody = code == 0;
    out->is_stand_in = 0;
    if (code != 0)
        return code == E_NOT_FOUND ? 0 : error_set(e, code, "%s", none.text);
    id_format(&out->user, user);
    if ((row = db_exists(t->central->db, e,
                         "SELECT 1 FROM \"user\" u WHERE u.id = ?1 AND u.source_id IS NOT NULL AND NOT EXISTS(SELECT 1 "
                         "FROM device d WHERE d.\"user\" = u.id AND d.voided = 0)",
                         "t", user)) < 0)
        return error_code(e);
    out->is_stand_in = row;
    return 0;
}

/* Sets or takes back the flag of one assignment. */
static int write_responsible(struct task *t, const struct id *assignment, const char *words, struct error *e)
{
    struct edit edit;
    int code = edit_open(&edit, t->central->db, assignment, e);
    if (code != 0)
        return code;
    if ((code = edit_set_text(&edit, "responsible", words, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->central, &edit, NULL, e);
}

/* Finds the next assignment of a case, by its id, and what is to become of its flag. 1: found; 0: there is none; -1:
 * failed, e says why. */
static int next_holder(struct db *db, const char *scope, const char *user, struct id *assignment, int *is_user,
                       int *is_flagged, struct error *e)
{
    char last[ID_TEXT];
    sqlite3_stmt *s;
    int row;
    id_format(assignment, last);
    if ((row = db_first(db, &s, e,
                        "SELECT id, \"user\" = ?2 AND status = 'active', coalesce(responsible, 0) FROM assignment "
                        "WHERE scope = ?1 AND voided = 0 AND id > ?3 ORDER BY id LIMIT 1",
                        "ttt", scope, user, last)) < 0)
        return -1;
    if (row == 0)
        return 0;
    *is_user = db_int(s, 1) != 0;
    *is_flagged = db_int(s, 2) != 0;
    row = id_parse(db_text(s, 0), assignment, e) == 0 ? 1 : -1;
    db_done(db, s);
    return row;
}

int task_assign_make(struct task *t, const struct id *scope, const struct id *user, struct error *e)
{
    char case_text[ID_TEXT], user_text[ID_TEXT];
    struct id assignment = {{0}};
    int row, is_user, is_flagged, found = 0, code = 0;
    id_format(scope, case_text);
    id_format(user, user_text);
    while (code == 0 &&
           (row = next_holder(t->central->db, case_text, user_text, &assignment, &is_user, &is_flagged, e)) != 0) {
        if (row < 0)
            return error_code(e);
        if (is_user != is_flagged)
            code = write_responsible(t, &assignment, is_user ? "yes" : "", e);
        found |= is_user;
    }
    if (code == 0 && !found)
        return error_set(e, E_NOT_FOUND, "this person does not hold this case; `satcheld case assign` it first");
    return code;
}

int task_assign_keep(struct task *t, const struct id *scope, const struct task_answering *before, struct error *e)
{
    struct task_answering now;
    char until[COVER_DAY];
    int holds, code = task_assign_answering(t, scope, &now, e);
    if (code != 0 || !before->is_somebody || before->is_stand_in ||
        (now.is_somebody && id_equal(&now.user, &before->user)))
        return code;
    if ((holds = task_assign_holds(t, scope, &before->user, until, e)) < 0)
        return error_code(e);
    return holds ? task_assign_make(t, scope, &before->user, e) : 0;
}

static int json_login(struct task *t, const char *name, const struct task_answering *who, struct error *e)
{
    char user[ID_TEXT];
    sqlite3_stmt *s;
    int row = 0;
    id_format(&who->user, user);
    if (who->is_somebody &&
        (row = db_first(t->central->db, &s, e, "SELECT login FROM \"user\" WHERE id = ?", "t", user)) < 0)
        return error_code(e);
    json_text(json_key(t->json, name), row == 1 ? db_text(s, 0) : NULL);
    if (row == 1)
        db_done(t->central->db, s);
    return 0;
}

/* The members of a case, and who has it. */
static int json_case(struct task *t, const struct id *scope, struct error *e)
{
    char text[ID_TEXT];
    struct whose w;
    sqlite3_stmt *s;
    int row, code;
    id_format(scope, text);
    if ((code = whose_find(t->central->db, scope, &w, e)) != 0)
        return code;
    json_id(json_key(t->json, "case"), scope);
    json_text(json_key(t->json, "number"), w.number[0] != '\0' ? w.number : NULL);
    json_text(json_key(t->json, "name"), w.name[0] != '\0' ? w.name : NULL);
    json_text(json_key(t->json, "died"), w.died[0] != '\0' ? w.died : NULL);
    json_array(json_key(t->json, "holders"));
    if ((code = db_query(t->central->db, &s, e,
                         "SELECT u.login, a.until FROM assignment a JOIN \"user\" u ON u.id = a.\"user\" WHERE "
                         "a.scope = ? AND a.status = 'active' AND a.voided = 0 ORDER BY u.login",
                         "t", text)) != 0)
        return code;
    while ((row = db_next(t->central->db, s, e)) == 1) {
        json_object(t->json);
        json_text(json_key(t->json, "login"), db_text(s, 0));
        json_text(json_key(t->json, "until"), db_is_null(s, 1) ? NULL : db_text(s, 1));
        json_end(t->json);
    }
    json_end(t->json);
    return row < 0 ? error_code(e) : 0;
}

static int json_answering(struct task *t, const struct id *scope, const struct task_answering *before,
                          const struct task_answering *now, struct error *e)
{
    int code;
    json_object(t->json);
    if ((code = json_case(t, scope, e)) != 0 || (code = json_login(t, "responsible", now, e)) != 0 ||
        (code = json_login(t, "responsible_before", before, e)) != 0)
        return code;
    json_end(t->json);
    return 0;
}

int task_assign_say_answering(struct task *t, const struct id *scope, const struct task_answering *before,
                              struct error *e)
{
    struct task_answering now;
    int is_same, code = task_assign_answering(t, scope, &now, e);
    if (code != 0)
        return code;
    is_same = now.is_somebody && before->is_somebody && id_equal(&now.user, &before->user);
    (void)fputs("; responsible: ", t->cli->err);
    if (now.is_somebody)
        task_say_user(t, &now.user);
    else
        (void)fputs("nobody, since nobody has it", t->cli->err);
    (void)fputs(is_same ? ", as before" : before->is_somebody ? ", before: " : "", t->cli->err);
    if (!is_same && before->is_somebody)
        task_say_user(t, &before->user);
    (void)fputc('\n', t->cli->err);
    return t->json != NULL ? json_answering(t, scope, before, &now, e) : 0;
}

/* --- a rehearsal, or the thing itself --- */

/* Runs `work`; what it says goes to t->cli. */
static int run_quietly(struct task *t, const char *as, int rehearse,
                       int (*work)(struct task *t, void *arg, struct error *e), void *arg, struct error *e)
{
    struct json j = json_start(t->cli->out);
    int code;
    json_object(&j);
    json_flag(json_key(&j, "written"), !rehearse);
    json_array(json_key(&j, "cases"));
    t->json = t->cli->json ? &j : NULL;
    if ((code = central_act_as(t->central, as, e)) == 0 && (code = central_begin(t->central, e)) == 0) {
        code = work(t, arg, e);
        if (code == 0 && rehearse)
            central_rollback(t->central);
        else
            code = central_end(t->central, code, e);
    }
    t->json = NULL;
    if (code == 0) {
        json_end(&j);
        json_end(&j);
    }
    return code;
}

int task_assign_run(struct task *t, const char *as, int rehearse,
                    int (*work)(struct task *t, void *arg, struct error *e), void *arg, struct error *e)
{
    struct cli *cli = t->cli, quiet = *t->cli;
    char *said = NULL, *answer = NULL;
    size_t bytes = 0, answer_bytes = 0;
    int code;
    if ((quiet.err = open_memstream(&said, &bytes)) == NULL)
        return error_memory(e);
    if ((quiet.out = open_memstream(&answer, &answer_bytes)) == NULL) {
        (void)fclose(quiet.err);
        free(said);
        return error_memory(e);
    }
    t->cli = &quiet;
    code = run_quietly(t, as, rehearse, work, arg, e);
    t->cli = cli;
    if ((fclose(quiet.err) != 0) + (fclose(quiet.out) != 0) != 0 && code == 0)
        code = error_memory(e);
    if (code == 0) {
        (void)fputs(cli->json ? answer : "", cli->out);
        (void)fputs(rehearse ? "This is what would be done:\n" : "", cli->err);
        (void)fputs(said, cli->err);
        (void)fputs(rehearse ? "Nothing was written: the same command with --yes does it\n" : "", cli->err);
        t->waiting = rehearse;
    }
    free(said);
    free(answer);
    return code;
}

/* --- the commands --- */

/* Cases that a call names, and a person. */
struct naming {
    struct id *scopes;
    size_t count;
    struct id user;
    int moves; /* --responsible */
};

/* Finds the cases and the person that a call names: all words but the last, and the last. Frees nothing: the caller
 * does with free(out->scopes), on failure too. */
static int find_named(struct task *t, const struct usage_call *call, struct naming *out, struct error *e)
{
    int code = central_user(t->central, call->words[call->count - 1], &out->user, e);
    if (code == 0 && (out->scopes = calloc((size_t)call->count, sizeof *out->scopes)) == NULL)
        return error_memory(e);
    for (int i = 0; code == 0 && i + 1 < call->count; i++)
        code = task_find_case(t, call->words[i], &out->scopes[out->count++], e);
    return code;
}

/* Prints "Ada Byron, case 2024-171, is in the caseload of Anna Berg (anna)". */
static void say_held(struct task *t, const struct id *scope, const char *what, const struct id *user)
{
    whose_say(t->cli->err, t->central->db, scope);
    (void)fprintf(t->cli->err, ", %s ", what);
    task_say_user(t, user);
}

static int assign_all(struct task *t, void *arg, struct error *e)
{
    const struct naming *n = arg;
    int code = 0;
    for (size_t i = 0; code == 0 && i < n->count; i++) {
        const struct assignment a = {n->scopes[i], n->user, "active", ""};
        struct task_answering before;
        if ((code = task_assign_answering(t, &a.scope, &before, e)) != 0 || (code = task_assign_write(t, &a, e)) != 0 ||
            (code = n->moves ? task_assign_make(t, &a.scope, &a.user, e) : task_assign_keep(t, &a.scope, &before, e)) !=
                0)
            return code;
        say_held(t, &a.scope, "is in the caseload of", &a.user);
        code = task_assign_say_answering(t, &a.scope, &before, e);
    }
    return code;
}

static int assign_case(struct task *t, struct usage_call *call, struct error *e)
{
    struct naming n = {.moves = usage_flag(call, "responsible")};
    int code = find_named(t, call, &n, e);
    if (code == 0)
        code = task_assign_run(t, usage_text(call, "as"), n.count > 1 && !usage_flag(call, "yes"), assign_all, &n, e);
    free(n.scopes);
    return code;
}

static int release_all(struct task *t, void *arg, struct error *e)
{
    const struct naming *n = arg;
    int code = 0;
    for (size_t i = 0; code == 0 && i < n->count; i++) {
        const struct assignment a = {n->scopes[i], n->user, "disabled", ""};
        struct task_answering before;
        if ((code = task_assign_answering(t, &a.scope, &before, e)) != 0 || (code = task_assign_write(t, &a, e)) != 0 ||
            (code = task_assign_keep(t, &a.scope, &before, e)) != 0)
            return code;
        say_held(t, &a.scope, "has left the caseload of", &a.user);
        code = task_assign_say_answering(t, &a.scope, &before, e);
    }
    return code;
}

static int release_case(struct task *t, struct usage_call *call, struct error *e)
{
    struct naming n = {.moves = 0};
    int code = find_named(t, call, &n, e);
    if (code == 0)
        code = task_assign_run(t, usage_text(call, "as"), n.count > 1 && !usage_flag(call, "yes"), release_all, &n, e);
    free(n.scopes);
    return code;
}

static int make_responsible(struct task *t, void *arg, struct error *e)
{
    const struct naming *n = arg;
    struct task_answering before;
    int code = task_assign_answering(t, &n->scopes[0], &before, e);
    if (code != 0 || (code = task_assign_make(t, &n->scopes[0], &n->user, e)) != 0)
        return code;
    whose_say(t->cli->err, t->central->db, &n->scopes[0]);
    return task_assign_say_answering(t, &n->scopes[0], &before, e);
}

static int set_responsible(struct task *t, struct usage_call *call, struct error *e)
{
    struct naming n = {.moves = 1};
    int code = find_named(t, call, &n, e);
    if (code == 0)
        code = task_assign_run(t, usage_text(call, "as"), 0, make_responsible, &n, e);
    free(n.scopes);
    return code;
}

#define CASE_IS "CASE is a whole case number, or the whole name of a client who has one open case."

const struct task_row task_case_assign = {
    .usage = {.group = "case",
              .name = "assign",
              .words = "CASE... LOGIN",
              .options = {{.name = "responsible", .help = "this person answers for the case from now on"},
                          TASK_YES,
                          TASK_AS},
              .help = "put a case, or several, into somebody's caseload",
              .more = CASE_IS " Who answers for it stays so without\n"
                              "--responsible. Of several cases it shows first what would be done; --yes does it.",
              .example = "satcheld case assign /srv/office 2024-171 anna"},
    .run = assign_case,
};

const struct task_row task_case_release = {
    .usage = {.group = "case",
              .name = "release",
              .words = "CASE... LOGIN",
              .options = {TASK_YES, TASK_AS},
              .help = "take a case, or several, out of somebody's caseload",
              .more = CASE_IS " Of several cases it shows first\nwhat would be done; --yes does it.",
              .example = "satcheld case release /srv/office 2024-171 anna"},
    .run = release_case,
};

const struct task_row task_case_responsible = {
    .usage = {.group = "case",
              .name = "responsible",
              .words = "CASE LOGIN",
              .options = {TASK_AS},
              .help = "say who of those who hold a case decides what is contested in it",
              .more = CASE_IS,
              .example = "satcheld case responsible /srv/office 2024-171 anna"},
    .run = set_responsible,
};
