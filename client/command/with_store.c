/* What the commands that write share: the end of an edit, and the line that says so. */
#include "with_store.h"

#include "log.h"
#include "unsent.h"

int with_store_commit(struct store *s, struct edit *edit, const char *reason, struct error *e)
{
    int code = edit_commit(edit, &s->author, reason, NULL, e);
    if (code != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
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
