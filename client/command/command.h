/* The commands of satchel. A command is a row, command_<name>, that stands in its own file beside the function that it
 * calls; this list names them in the order of --help. To add one, write its file, and its name here. */
#ifndef SATCHEL_COMMAND_H
#define SATCHEL_COMMAND_H

#include "cli.h"
#include "error.h"
#include "usage.h"

struct store;

/* Each returns 0 or an error code with its sentence in e. call->waiting is set to 1 if the command did its work and
 * something waits for a person (exit status 1). */
typedef int command_work(struct usage_call *call, struct error *e);
typedef int command_store_work(struct store *s, struct usage_call *call, struct error *e);

/* One of the three functions is set. */
struct command {
    struct usage usage;
    command_work *run;          /* opens by itself what it needs */
    command_store_work *reads;  /* over the open store, of which it sees one state throughout */
    command_store_work *writes; /* over the open store; begins and commits its own transaction, after everything that a
                                   person still has to type */
};

/* The option of every command that reads. */
#define COMMAND_SEEN                                                                                                   \
    {                                                                                                                  \
        .name = "seen", .help = "with --json: you read what is printed, so it counts as shown to you"                  \
    }

#define COMMAND_LIST(X)                                                                                                \
    X(enrol)                                                                                                           \
    X(unlock)                                                                                                          \
    X(lock)                                                                                                            \
    X(passphrase)                                                                                                      \
    X(key_list)                                                                                                        \
    X(key_add)                                                                                                         \
    X(key_remove)                                                                                                      \
    X(key_rotate)                                                                                                      \
    X(recover)                                                                                                         \
    X(list)                                                                                                            \
    X(show)                                                                                                            \
    X(search)                                                                                                          \
    X(new)                                                                                                             \
    X(set)                                                                                                             \
    X(add)                                                                                                             \
    X(remove)                                                                                                          \
    X(note)                                                                                                            \
    X(drafts)                                                                                                          \
    X(void)                                                                                                            \
    X(conflicts)                                                                                                       \
    X(resolve)                                                                                                         \
    X(decided)                                                                                                         \
    X(duplicates)                                                                                                      \
    X(link)                                                                                                            \
    X(unlink)                                                                                                          \
    X(different)                                                                                                       \
    X(sync)                                                                                                            \
    X(courier)                                                                                                         \
    X(held)                                                                                                            \
    X(status)                                                                                                          \
    X(log)

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

/* Does a command's work over an open store. What it shows is collected in s->seen: not with --json, unless --seen was
 * given. Errors: the command's. */
int command_over(struct store *s, const struct command *command, struct usage_call *call, struct error *e);

/* The program, for usage.h. */
extern const struct usage_program command_program;

/* A usage_run: parses the call, opens the store if the command works over it, and runs it. */
int command_run(struct cli *cli, int argc, char **argv, int *status, struct error *e);

#endif
