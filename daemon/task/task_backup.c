/* backup DIR TO, restored DIR: a copy of the office, and the first thing that is said after one took its place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "backup.h"
#include "task.h"

int task_backup(struct task *t, int argc, char **argv, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    unsigned long long entries = (unsigned long long)t->central->checkpoint_size;
    char *path;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 || (code = task_words(argc, 1, 1, "backup DIR TO", e)) != 0)
        return code;
    if (t->central->backup_size != 0)
        return error_set(e, E_REFUSED, "this is a backup itself: copy its folder, nothing in it changes");
    if ((path = task_path(t, argv[1])) == NULL)
        return error_memory(e);
    code = backup_make(t->central, path, e);
    free(path);
    if (code != 0)
        return code;
    if (t->cli->json)
        (void)fprintf(t->cli->out, "{\"entries\": %llu}\n", entries);
    else
        (void)fprintf(t->cli->out, "%s: a backup of the office with the log's %llu entries\n", argv[1], entries);
    (void)fprintf(
        t->cli->err,
        "it opens with the office's passphrase: `satcheld check %s` verifies it. Put in the office's place, it "
        "needs `satcheld restored` before anything else\n",
        argv[1]);
    return 0;
}

static int announce(struct task *t, void *size, struct error *e)
{
    return backup_announce(t->central, *(const uint64_t *)size, e);
}

int task_restored(struct task *t, int argc, char **argv, struct error *e)
{
    const char *as = NULL, *words = NULL;
    const struct cli_option options[] = {
        {"as", &as, NULL}, {"size", &words, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct central *c = t->central;
    uint64_t size = 0, marked = c->backup_size;
    char *end = NULL;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 1, 0, "restored DIR [--size N]", e)) != 0)
        return code;
    if (words != NULL) {
        errno = 0;
        size = strtoull(words, &end, 10);
        if (words[0] < '0' || words[0] > '9' || *end != 0 || errno != 0 || size == 0 || size > INT64_MAX)
            return error_set(e, E_USAGE, "--size takes the number of entries that the copy's log had");
    }
    backup_wake(c);
    if ((code = task_write(t, as, announce, &size, e)) != 0) {
        c->backup_size = marked;
        return code;
    }
    if (size == 0)
        size = marked;
    if (t->cli->json)
        (void)fprintf(t->cli->out, "{\"size\": %llu}\n", (unsigned long long)size);
    else
        (void)fprintf(
            t->cli->out,
            "the log says now that this office was put back to a backup of %llu entries; each laptop hears of "
            "it at its next sync, and sends again what is not here any more\n",
            (unsigned long long)size);
    (void)fputs(
        "Tell everybody. Accounts, assignments, tickets and what else the office itself wrote after the backup are "
        "gone: do them again\n",
        t->cli->err);
    return 0;
}
