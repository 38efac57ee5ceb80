#include "event.h"

#include <stdio.h>

#include "clock.h"

static int fill(struct edit *edit, const struct event *event, struct error *e)
{
    char text[CLOCK_TEXT];
    int code = edit_set_text(edit, "what", event->what, e);
    /* A clock that is far from all reason has no words for its time. */
    if (code == 0 && clock_text(event->at_ms, text) == 0)
        code = edit_set_text(edit, "at", text, e);
    if (code == 0 && event->count != 0) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)event->count);
        code = edit_set_text(edit, "count", text, e);
    }
    if (code == 0 && event->officers != NULL && (code = edit_set_id(edit, "officer", &event->officers[0], e)) == 0)
        code = edit_set_id(edit, "second_officer", &event->officers[1], e);
    return code;
}

int event_add(struct db *db, struct edit_author *author, const struct event *event, struct error *e)
{
    static const struct id everywhere;
    struct id record = id_new(clock_wall());
    struct edit edit;
    int code = edit_new(&edit, db, schema_kind(KIND_EVENT), &everywhere, &record, e);
    if (code != 0)
        return code;
    if ((code = fill(&edit, event, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return edit_commit(&edit, author, NULL, LOG_NO_POSITION, 0, NULL, e);
}

int event_write(struct store *s, const struct event *event, struct error *e)
{
    int code = store_begin(s, e);
    if (code != 0)
        return code;
    if ((code = event_add(s->db, &s->author, event, e)) != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}

int event_wrong(const struct cli *cli, struct store *s, const struct keyfile_opened *opened, struct error *e)
{
    struct event event = {.what = "wrong passphrases", .at_ms = opened->wrong_ms, .count = opened->wrong};
    char when[32], count[64];
    if (opened->wrong == 0)
        return 0;
    cli_time(opened->wrong_ms, when);
    fprintf(cli->err, "%s since this store was last opened, the last on %s\n",
            cli_count(opened->wrong, "wrong passphrase was tried", "wrong passphrases were tried", count, sizeof count),
            when);
    return event_write(s, &event, e);
}
