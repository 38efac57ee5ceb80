/* What the commands that write share: the end of an edit, and the line that says so. */
#include "with_store.h"

#include <string.h>
#include <unistd.h>

#include "doubts.h"
#include "log.h"
#include "unsent.h"

/* Writes the edit, and asks about what can hardly be right and was not so before. */
static int write_asking(struct store *s, struct cli *cli, struct edit *edit, const char *reason, struct error *e)
{
    struct plausible_doubts before, now;
    const struct schema_kind *kind = edit->kind;
    const struct id record = edit->record;
    uint64_t wall = s->author.wall();
    int code = plausible_check(s->db, kind, &record, wall, &before, e);
    if (code != 0) {
        edit_free(edit);
        return code;
    }
    if ((code = edit_commit(edit, &s->author, reason, NULL, e)) != 0 ||
        (code = plausible_check(s->db, kind, &record, wall, &now, e)) != 0)
        return code;
    doubts_new(&before, &now);
    return doubts_ask(cli, &now, e);
}

int with_store_commit(struct store *s, struct cli *cli, struct edit *edit, const char *reason, struct error *e)
{
    int code = write_asking(s, cli, edit, reason, e);
    if (code != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}

int with_store_check_reason(const struct edit *edit, const char *reason, struct error *e)
{
    if (edit->lowers == NULL || (reason != NULL && reason[0] != '\0'))
        return 0;
    return error_set(e, E_REFUSED,
                     "this lowers %s: say why, with --reason TEXT, which is kept with it; nothing was written",
                     edit->lowers->name);
}

int with_store_ask_reason(struct cli *cli, const struct schema_field *lowers, char typed[WITH_STORE_REASON])
{
    if (cli->json || cli->err != stderr || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return 0;
    (void)fprintf(cli->err, "this lowers %s; why? ", lowers->name);
    (void)fflush(cli->err);
    if (fgets(typed, WITH_STORE_REASON, stdin) == NULL)
        return 0;
    typed[strcspn(typed, "\r\n")] = '\0';
    return typed[strspn(typed, " \t")] != '\0';
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
