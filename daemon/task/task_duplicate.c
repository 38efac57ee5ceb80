/* `duplicates`, `link`, `unlink`, `different` at the office: lists the client records that may be of one person, and
 * writes what a person says of two of them. */
#include <stdio.h>
#include <string.h>

#include "match_print.h"
#include "pairing.h"
#include "record.h"
#include "schema.h"
#include "task.h"
#include "task_find.h"

enum { LISTED = 1000 };

static int list_duplicates(struct task *t, struct usage_call *call, struct error *e)
{
    struct match_result found;
    int code;
    (void)call;
    if ((code = match_all(t->central->db, LISTED, &found, e)) == 0) {
        match_print(t->central->db, &found, t->cli, "satcheld");
        t->waiting = found.count != 0;
    }
    match_free(&found);
    return code;
}

const struct task_row task_duplicates = {
    .usage = {.name = "duplicates",
              .help = "list client records that may be of one person, with the evidence",
              .more = "Nothing is linked by it.",
              .example = "satcheld duplicates /srv/office"},
    .run = list_duplicates,
    .way = TASK_READS,
};

struct saying {
    const struct pairing *what;
    const char *reason;
    struct id both[2];
    size_t written;
};

static int write(struct task *t, void *arg, struct error *e)
{
    struct saying *w = arg;
    struct person_edits edits;
    int code = w->what->make(t->central->db, &w->both[0], &w->both[1], &edits, e);
    if (code != 0)
        return code;
    w->written = edits.count;
    for (size_t i = 0; i < edits.count; i++) {
        if (code == 0)
            code = central_write(t->central, &edits.edits[i], w->reason, e);
        else
            edit_free(&edits.edits[i]);
    }
    return code;
}

static int say(struct task *t, struct usage_call *call, const struct pairing *what, struct error *e)
{
    struct saying w = {.what = what, .reason = usage_text(call, "reason")};
    int code;
    if ((code = task_find_client(t, call->words[0], &w.both[0], e)) != 0 ||
        (code = task_find_client(t, call->words[1], &w.both[1], e)) != 0 ||
        (code = task_write(t, usage_text(call, "as"), write, &w, e)) != 0)
        return code;
    /* This always names the two that were found: a key of the other system may name somebody else than was meant. */
    code = pairing_tell(what, t->central->db, t->cli, w.both, w.written != 0, e);
    (void)fputc('\n', t->cli->err);
    return code;
}

static int link_both(struct task *t, struct usage_call *call, struct error *e)
{
    return say(t, call, &pairing_link, e);
}

const struct task_row task_link = {
    .usage = {.name = "link",
              .words = "CLIENT CLIENT",
              .options = {TASK_AS, {.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "say that two records are one person's: who holds one gets the other",
              .more = "A client is named by the whole name, or by the key in the system that the record came from.",
              .example = "satcheld link /srv/office 'Ada Byron' 1187"},
    .run = link_both,
};

static int unlink_both(struct task *t, struct usage_call *call, struct error *e)
{
    return say(t, call, &pairing_unlink, e);
}

const struct task_row task_unlink = {
    .usage = {.name = "unlink",
              .words = "CLIENT CLIENT",
              .options = {TASK_AS, {.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "take a link back: each record is as it was",
              .example = "satcheld unlink /srv/office 1042 1187 --reason 'two sisters'"},
    .run = unlink_both,
};

static int part_both(struct task *t, struct usage_call *call, struct error *e)
{
    return say(t, call, usage_flag(call, "undo") ? &pairing_unpart : &pairing_part, e);
}

const struct task_row task_different = {
    .usage = {.name = "different",
              .words = "CLIENT CLIENT",
              .options = {TASK_AS,
                          {.name = "undo", .help = "take that back: they are not marked as two people any more"},
                          {.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "say that two records that look alike are of two people",
              .example = "satcheld different /srv/office 1042 1187"},
    .run = part_both,
};
