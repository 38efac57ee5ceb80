/* What the commands that write share: the end of an edit, and the line that says so. */
#include "with_store.h"

#include <string.h>
#include <unistd.h>

#include "doubts.h"
#include "log.h"
#include "unsent.h"

/* Writes the edit, and finds what can hardly be right and was not so before. */
static int write_doubting(struct store *s, struct edit *edit, const char *reason, struct plausible_doubts *now,
                          struct error *e)
{
    struct plausible_doubts before;
    const struct schema_kind *kind = edit->kind;
    const struct id record = edit->record;
    uint64_t wall = s->author.wall();
    int code = plausible_check(s->db, kind, &record, wall, &before, e);
    /* What lies in the store was seen by nobody: not even a new record's author knows of a closing by that. */
    if (edit->seen.was_shown == NULL)
        edit->seen = (struct edit_seen){seen_was_shown, &s->seen};
    if (code != 0) {
        edit_free(edit);
        return code;
    }
    if ((code = edit_commit(edit, &s->author, reason, NULL, e)) != 0 ||
        (code = plausible_check(s->db, kind, &record, wall, now, e)) != 0)
        return code;
    doubts_new(&before, now);
    return 0;
}

/* 1: the person has said yes to all of them. */
static int is_accepted(const struct with_store_doubts *d, const struct plausible_doubts *now)
{
    struct plausible_doubts left = *now;
    if (d->is_accepted)
        doubts_new(&d->doubts, &left);
    return left.count == 0;
}

int with_store_commit(struct store *s, struct cli *cli, struct edit *edit, const char *reason,
                      struct with_store_doubts *d, struct error *e)
{
    struct plausible_doubts now = {.count = 0};
    int code = write_doubting(s, edit, reason, &now, e);
    d->waits = code == 0 && doubts_can_ask(cli) && !is_accepted(d, &now);
    if (d->waits) {
        d->doubts = now;
        code = error_set(e, E_INPUT, "nothing was written");
    }
    if (code != 0) {
        store_rollback(s);
        return code;
    }
    if (!doubts_can_ask(cli))
        doubts_say(cli, &now);
    return store_commit(s, e);
}

int with_store_ask_doubts(struct store *s, struct cli *cli, struct with_store_doubts *d, struct error *e)
{
    if (!d->waits)
        return 0;
    d->waits = 0;
    store_let_go(s);
    d->is_accepted = doubts_ask(cli, &d->doubts);
    return store_take(s, STORE_TAKE_MS, d->is_accepted ? e : NULL) == 0 && d->is_accepted;
}

int with_store_check_reason(const struct edit *edit, const char *reason, struct error *e)
{
    if (edit->lowers == NULL || (reason != NULL && reason[0] != '\0'))
        return 0;
    return error_set(e, E_REFUSED,
                     "this lowers %s: say why, with --reason TEXT, which is kept with it; nothing was written",
                     edit->lowers->name);
}

int with_store_ask_reason(struct store *s, struct cli *cli, const struct schema_field *lowers,
                          char typed[WITH_STORE_REASON], struct error *e)
{
    int is_typed;
    if (cli->json || cli->err != stderr || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return 0;
    (void)fprintf(cli->err, "this lowers %s; why? ", lowers->name);
    (void)fflush(cli->err);
    store_let_go(s);
    if (fgets(typed, WITH_STORE_REASON, stdin) == NULL)
        typed[0] = '\0';
    typed[strcspn(typed, "\r\n")] = '\0';
    is_typed = typed[strspn(typed, " \t")] != '\0';
    return store_take(s, STORE_TAKE_MS, is_typed ? e : NULL) == 0 && is_typed;
}

int with_store_say_queued(struct store *s, struct cli *cli, struct error *e)
{
    char words[64];
    uint64_t count;
    int code = unsent_count(s->db, &count, e);
    if (code == 0)
        (void)fprintf(cli->err, " (queued: %s for the office)\n",
                      cli_count(count, "change waits", "changes wait", words, sizeof words));
    store_warn(s, cli->err);
    return code;
}
