/* Writes the events of this laptop's store, and tells its owner of wrong passphrases. */
#include "store_event.h"

#include <stdio.h>

int store_event_add(struct db *db, struct edit_author *author, const struct event *event, struct error *e)
{
    struct edit edit;
    int code = event_edit(&edit, db, author, event, e);
    return code != 0 ? code : edit_commit(&edit, author, NULL, NULL, e);
}

int store_event_write(struct store *s, const struct event *event, struct error *e)
{
    int code = store_begin(s, e);
    if (code != 0)
        return code;
    if ((code = store_event_add(s->db, &s->author, event, e)) != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}

int store_event_wrong(const struct cli *cli, struct store *s, const struct keyfile_opened *opened, struct error *e)
{
    struct event event = {.what = "wrong passphrases", .at_ms = opened->wrong_ms, .count = opened->wrong};
    char when[32], count[64];
    if (opened->wrong == 0)
        return 0;
    cli_time(opened->wrong_ms, when);
    fprintf(cli->err, "%s since this store was last opened, the last on %s\n",
            cli_count(opened->wrong, "wrong passphrase was tried", "wrong passphrases were tried", count, sizeof count),
            when);
    return store_event_write(s, &event, e);
}
