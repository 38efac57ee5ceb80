/* `satcheld backup` and `restored`: copies the office; and writes into its log that a copy has taken its place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "backup.h"
#include "task.h"

static int back_up(struct task *t, struct usage_call *call, struct error *e)
{
    const char *to = call->words[0];
    unsigned long long entries = (unsigned long long)t->central->checkpoint_size;
    char *path;
    int code;
    if (t->central->backup_size != 0)
        return error_set(e, E_REFUSED, "this is a backup itself: copy its folder, nothing in it changes");
    if ((path = task_path(t, to)) == NULL)
        return error_memory(e);
    code = backup_make(t->central, path, e);
    free(path);
    if (code != 0)
        return code;
    if (t->cli->json)
        task_number_json(t, "entries", entries);
    else
        (void)fprintf(t->cli->out, "%s: a backup of the office, with %llu changes in its log\n", to, entries);
    (void)fprintf(
        t->cli->err,
        "it opens with the office's passphrase: `satcheld check %s` verifies it. Put in the office's place, it "
        "needs `satcheld restored` before anything else\n",
        to);
    return 0;
}

const struct task_row task_backup = {
    .usage = {.name = "backup",
              .words = "TO",
              .help = "copy the office as it is now into a new folder; the daemon may run",
              .more = "The copy opens with the same passphrase.",
              .example = "satcheld backup /srv/office /media/disk/office-2026-11-23"},
    .run = back_up,
    .way = TASK_READS,
};

static int announce(struct task *t, void *size, struct error *e)
{
    return backup_announce(t->central, *(const uint64_t *)size, e);
}

static int announce_restored(struct task *t, struct usage_call *call, struct error *e)
{
    struct central *c = t->central;
    uint64_t size = usage_number(call, "size", 0), marked = c->backup_size;
    int code;
    backup_wake(c);
    if ((code = task_write(t, usage_text(call, "as"), announce, &size, e)) != 0) {
        c->backup_size = marked;
        return code;
    }
    if ((code = central_settle(c, e)) != 0)
        error_prefix(e, "it is said in the log that this office was put back; then");
    if (size == 0)
        size = marked;
    if (t->cli->json)
        task_number_json(t, "size", size);
    else
        (void)fprintf(t->cli->out,
                      "the log says now that this office was put back to a backup with %llu changes in its log; each "
                      "laptop hears of "
                      "it at its next sync, and sends again what is not here any more\n",
                      (unsigned long long)size);
    (void)fputs(
        "Tell everybody. Accounts, assignments, tickets and what else the office itself wrote after the backup are "
        "gone: do them again\n",
        t->cli->err);
    return code;
}

const struct task_row task_restored = {
    .usage = {.name = "restored",
              .options = {TASK_AS,
                          {.name = "size",
                           .value = "CHANGES",
                           .help = "how many changes the copy's log had, if it was made by other means",
                           .min = 1,
                           .max = INT64_MAX}},
              .help = "say, once, that a backup was put in the office's place",
              .more = "Laptops hear of it at their next sync, and send again what the backup lacks.",
              .example = "satcheld restored /srv/office"},
    .run = announce_restored,
    .is_unwritten = 1,
};
