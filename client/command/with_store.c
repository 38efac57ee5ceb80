#include "with_store.h"

#include "log.h"
#include "unsent.h"

int with_store_write(with_store_work *work, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    struct store *s;
    int code = store_open(&s, e);
    if (code != 0)
        return code;
    code = work(s, cli, argc, argv, waiting, e);
    store_close(s);
    return code;
}

int with_store_read(with_store_work *work, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    struct store *s;
    int code = store_open_reading(&s, e);
    if (code != 0)
        return code;
    /* A sync that runs meanwhile must not show us half of what it brings. */
    if ((code = db_exec(s->db, "BEGIN", e)) == 0)
        code = work(s, cli, argc, argv, waiting, e);
    db_rollback(s->db);
    store_close(s);
    return code;
}

int with_store_commit(struct store *s, struct edit *edit, const char *reason, struct error *e)
{
    int code = edit_commit(edit, &s->author, reason, LOG_NO_POSITION, 0, NULL, e);
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
