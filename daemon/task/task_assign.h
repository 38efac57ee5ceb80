/* Who holds which case, and who answers for it: what the commands of one case and those of a whole caseload share. */
#ifndef SATCHEL_TASK_ASSIGN_H
#define SATCHEL_TASK_ASSIGN_H

#include "cover.h"
#include "task.h"

struct assignment {
    struct id scope, user;
    const char *status; /* "active", "disabled" */
    const char *until;  /* the last day of a cover; "": it has no end */
};

/* Writes an assignment, or its end: each (case, user) has one record, which is found again or made. If the user holds
 * the case so already, nothing changes: who has held it longest answers for it, so that time must not begin anew.
 * Inside a transaction. E_NOT_FOUND: it is to end, and was not there; else central_write's. */
int task_assign_write(struct task *t, const struct assignment *a, struct error *e);

/* Finds how a user holds a case: 1: it is in the caseload, and until has the last day of a cover ("": it has no end);
 * 0: it is not; -1: the store's errors. */
int task_assign_holds(struct task *t, const struct id *scope, const struct id *user, char until[COVER_DAY],
                      struct error *e);

/* Who answers for a case. */
struct task_answering {
    int is_somebody; /* 0: nobody holds the case */
    struct id user;
    int is_stand_in; /* known from another system alone, and without a laptop */
};
int task_assign_answering(struct task *t, const struct id *scope, struct task_answering *out, struct error *e);
/* Makes one of those who hold the case answer for it. Inside a transaction. E_NOT_FOUND: this person does not. */
int task_assign_make(struct task *t, const struct id *scope, const struct id *user, struct error *e);
/* Gives responsibility back to who had it, if something else that was written has moved it; not to a stand-in, and not
 * to somebody who has not the case any more. Inside a transaction. */
int task_assign_keep(struct task *t, const struct id *scope, const struct task_answering *before, struct error *e);

/* Prints "; Ben Carr (ben) is responsible, as before" or "...; before: Anna Berg (anna)". With --json it adds the case
 * to the answer: who has it now, until when, and who answers for it. */
int task_assign_say_answering(struct task *t, const struct id *scope, const struct task_answering *before,
                              struct error *e);

/* Runs `work` in a transaction, as task_write does. What it prints on err comes when it is written, and so does the one
 * object that --json gives (docs/JSON.md). rehearse 1: nothing
 * stays written, and what work printed is told as what would be done, with how it is done: by `--yes`. */
int task_assign_run(struct task *t, const char *as, int rehearse,
                    int (*work)(struct task *t, void *arg, struct error *e), void *arg, struct error *e);

#define TASK_YES                                                                                                       \
    {                                                                                                                  \
        .name = "yes", .help = "do it; without it, what would be done is shown and nothing is written"                 \
    }

#endif
