/* `satcheld case transfer|cover`: a whole caseload goes to somebody else, for good or until a day. Both show first what
 * they would do, case by case. */
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "task_assign.h"
#include "task_find.h"
#include "whose.h"

/* The cases of one person, and who is to have them. */
struct handing {
    struct id from, to;
    const char *until; /* of a cover */
    struct id *scopes;
    size_t count;
};

/* Lists the cases that somebody has. lasting 1: without those that this person covers for others. */
static int find_held_cases(struct task *t, struct handing *h, int lasting, struct error *e)
{
    char user[ID_TEXT];
    size_t room = 0;
    sqlite3_stmt *s;
    int row, code;
    id_format(&h->from, user);
    if ((code = db_query(
             t->central->db, &s, e,
             "SELECT DISTINCT a.scope, c.number FROM assignment a LEFT JOIN \"case\" c ON c.id = a.scope WHERE "
             "a.\"user\" = ? AND a.status = 'active' AND a.voided = 0 AND (NOT ? OR a.until IS NULL) "
             "ORDER BY c.number, a.scope",
             "ti", user, (int64_t)lasting)) != 0)
        return code;
    while ((row = db_next(t->central->db, s, e)) == 1) {
        if (h->count == room) {
            struct id *more = realloc(h->scopes, (room = 2 * room + 64) * sizeof *more);
            if (more == NULL) {
                db_done(t->central->db, s);
                return error_memory(e);
            }
            h->scopes = more;
        }
        if ((code = id_parse(db_text(s, 0), &h->scopes[h->count++], e)) != 0) {
            db_done(t->central->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Finds the two persons and the cases. E_INPUT: it is one person; E_NOT_FOUND: there is nothing to hand over, or no
 * such person; E_REFUSED: who would get the cases is disabled. */
static int find_handing(struct task *t, const struct usage_call *call, int lasting, struct handing *h, struct error *e)
{
    char to[ID_TEXT];
    int row, code;
    if ((code = central_user(t->central, call->words[0], &h->from, e)) != 0 ||
        (code = central_user(t->central, call->words[1], &h->to, e)) != 0)
        return code;
    if (id_equal(&h->from, &h->to))
        return error_set(e, E_INPUT, "%s and %s are one person; name two", call->words[0], call->words[1]);
    id_format(&h->to, to);
    if ((row = db_exists(t->central->db, e, "SELECT 1 FROM \"user\" WHERE id = ? AND status = 'disabled'", "t", to)) <
        0)
        return error_code(e);
    if (row == 1)
        return error_set(e, E_REFUSED, "%s is disabled, and could not work on the cases; `satcheld user enable` first",
                         call->words[1]);
    if ((code = find_held_cases(t, h, lasting, e)) != 0)
        return code;
    return h->count != 0 ? 0 : error_set(e, E_NOT_FOUND, "%s has no cases; nothing was written", call->words[0]);
}

static void say_count(struct task *t, const struct handing *h, const char *what)
{
    char count[64];
    (void)fprintf(t->cli->err, "%s of ", cli_count(h->count, "case", "cases", count, sizeof count));
    task_say_user(t, &h->from);
    (void)fprintf(t->cli->err, " %s ", what);
    task_say_user(t, &h->to);
    (void)fputs(h->until[0] != '\0' ? " until " : "", t->cli->err);
    (void)fprintf(t->cli->err, "%s\n", h->until);
}

/* What is left of a cover goes on as one; a case that both have loses one of them. */
static int transfer_one(struct task *t, const struct handing *h, const struct id *scope, struct error *e)
{
    struct assignment to = {*scope, h->to, "active", ""}, from = {*scope, h->from, "disabled", ""};
    char covered[COVER_DAY], theirs[COVER_DAY];
    struct task_answering before;
    int holds, code = task_assign_answering(t, scope, &before, e);
    if (code != 0)
        return code;
    if (task_assign_holds(t, scope, &h->from, covered, e) < 0 ||
        (holds = task_assign_holds(t, scope, &h->to, theirs, e)) < 0)
        return error_code(e);
    if (!holds || (theirs[0] != '\0' && strcmp(covered, theirs) > 0))
        to.until = covered;
    else
        to.until = covered[0] == '\0' ? "" : theirs;
    if ((code = task_assign_write(t, &to, e)) != 0 || (code = task_assign_write(t, &from, e)) != 0)
        return code;
    code = before.is_somebody && id_equal(&before.user, &h->from) ? task_assign_make(t, scope, &h->to, e)
                                                                  : task_assign_keep(t, scope, &before, e);
    if (code != 0)
        return code;
    (void)fputs("  ", t->cli->err);
    whose_say(t->cli->err, t->central->db, scope);
    (void)fputs(holds ? ", which both had" : "", t->cli->err);
    return task_assign_say_answering(t, scope, &before, e);
}

static int transfer_all(struct task *t, void *arg, struct error *e)
{
    const struct handing *h = arg;
    int code = 0;
    say_count(t, h, h->count == 1 ? "goes to" : "go to");
    for (size_t i = 0; code == 0 && i < h->count; i++)
        code = transfer_one(t, h, &h->scopes[i], e);
    return code;
}

static int transfer_cases(struct task *t, struct usage_call *call, struct error *e)
{
    struct handing h = {.until = ""};
    int code = find_handing(t, call, 0, &h, e);
    if (code == 0)
        code = task_assign_run(t, usage_text(call, "as"), !usage_flag(call, "yes"), transfer_all, &h, e);
    free(h.scopes);
    return code;
}

/* --- for some days --- */

static int cover_one(struct task *t, const struct handing *h, const struct id *scope, struct error *e)
{
    const struct assignment to = {*scope, h->to, "active", h->until};
    char theirs[COVER_DAY];
    struct task_answering before;
    int holds, has, code = task_assign_answering(t, scope, &before, e);
    if (code != 0)
        return code;
    if ((holds = task_assign_holds(t, scope, &h->to, theirs, e)) < 0)
        return error_code(e);
    has = holds && (theirs[0] == '\0' || strcmp(theirs, h->until) >= 0);
    if (!has && ((code = task_assign_write(t, &to, e)) != 0 || (code = task_assign_keep(t, scope, &before, e)) != 0))
        return code;
    (void)fputs("  ", t->cli->err);
    whose_say(t->cli->err, t->central->db, scope);
    if (has) {
        (void)fputs(", which ", t->cli->err);
        task_say_user(t, &h->to);
        (void)fprintf(t->cli->err, " has already%s%s", theirs[0] != '\0' ? ", until " : "", theirs);
    }
    return task_assign_say_answering(t, scope, &before, e);
}

static int cover_all(struct task *t, void *arg, struct error *e)
{
    const struct handing *h = arg;
    int code = 0;
    say_count(t, h, h->count == 1 ? "is covered by" : "are covered by");
    for (size_t i = 0; code == 0 && i < h->count; i++)
        code = cover_one(t, h, &h->scopes[i], e);
    return code;
}

/* E_INPUT: it is no day, or one that has gone by. */
static int check_day(struct task *t, const char *day, struct error *e)
{
    const struct schema_field *field = schema_field_named(schema_kind(KIND_ASSIGNMENT), "until");
    char today[COVER_DAY];
    struct error why = {0, ""};
    struct pack value;
    int code;
    pack_start(&value);
    code = schema_parse(schema_kind(KIND_ASSIGNMENT), field, day, &value, &why);
    pack_free(&value);
    cover_today(t->central, today);
    if (code != 0 || day[0] == '\0')
        return error_set(e, E_INPUT, "--until takes the last day of the cover, such as %s", today);
    if (strcmp(day, today) < 0)
        return error_set(e, E_INPUT, "%s has gone by; --until takes the last day of the cover, and today is %s", day,
                         today);
    return 0;
}

static int cover_cases(struct task *t, struct usage_call *call, struct error *e)
{
    struct handing h = {.until = usage_text(call, "until")};
    int code = check_day(t, h.until, e);
    if (code == 0 && (code = find_handing(t, call, 1, &h, e)) == 0)
        code = task_assign_run(t, usage_text(call, "as"), !usage_flag(call, "yes"), cover_all, &h, e);
    free(h.scopes);
    return code;
}

const struct task_row task_case_transfer = {
    .usage = {.group = "case",
              .name = "transfer",
              .words = "LOGIN TO",
              .options = {TASK_YES, TASK_AS},
              .help = "give all cases of one person to another",
              .more = "It shows first, case by case, what would be done. Who gets a case answers for it if LOGIN did.",
              .example = "satcheld case transfer /srv/office anna ben --yes"},
    .run = transfer_cases,
};

const struct task_row task_case_cover = {
    .usage =
        {.group = "case",
         .name = "cover",
         .words = "LOGIN BY",
         .options = {{.name = "until", .value = "DAY", .help = "the last day of it", .required = 1}, TASK_YES, TASK_AS},
         .help = "let somebody have all cases of a colleague until a day",
         .more = "It shows first, case by case, what would be done. LOGIN keeps the cases, and answers for them. The\n"
                 "office takes them out of BY's caseload by itself at the first sync or command after that day.",
         .example = "satcheld case cover /srv/office anna ben --until 2026-12-24 --yes"},
    .run = cover_cases,
};
