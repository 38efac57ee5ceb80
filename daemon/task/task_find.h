/* Finding what a command of the office names: a case, a client, a laptop, a held change. People name them by what they
 * have: a number, a name, a label, a login.
 *
 * Each takes the whole of it, or an id, or the last 8 characters of one, and never a part. If several match they are
 * listed on the operator's terminal, with who and since when, and with what to type. *out is set on success alone.
 * E_NOT_FOUND: nothing is called so; E_INPUT: several are; else the store's errors. */
#ifndef SATCHEL_TASK_FIND_H
#define SATCHEL_TASK_FIND_H

#include "task.h"

/* By its number, its key in the system that it came from, or the whole name of a client who has one case, or one that
 * is not closed. The name must be no part of anybody else's, even if that person has no case. */
int task_find_case(struct task *t, const char *words, struct id *out, struct error *e);
/* By the whole name, if it is no part of anybody else's, or the key in the system that it came from. */
int task_find_client(struct task *t, const char *words, struct id *out, struct error *e);
/* By its label, if that is nobody else's login; else by the login of its person, who then has one laptop. */
int task_find_device(struct task *t, const char *words, struct id *out, struct error *e);
/* By the number that `satcheld held list` shows, or its id. */
int task_find_held(struct task *t, const char *words, struct id *out, struct error *e);
/* By the number that `satcheld fork list` shows, or its id. */
int task_find_fork(struct task *t, const char *words, struct id *out, struct error *e);

/* Records of a kind with the numbers that people call them by, as a table of SQL (id, number): 1 for the first that
 * came into the log, and so on, so that a number stays what it is. kind: its number, as text. */
#define TASK_NUMBERED(kind)                                                                                            \
    "(SELECT id_text(record) AS id, row_number() OVER (ORDER BY (SELECT min(position) FROM entry one WHERE "           \
    "one.record = place.record), record) AS number FROM place WHERE kind = " kind ")"

/* Print what an answer begins with: "Anna Berg (anna)"; "the laptop \"anna's\" of Anna Berg (anna)". */
void task_say_user(struct task *t, const struct id *user);
void task_say_device(struct task *t, const struct id *device);

#endif
