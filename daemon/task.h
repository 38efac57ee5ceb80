/* The commands of satcheld that work on an open office: run by the daemon for its operator, or by satcheld itself where
 * no daemon runs. One table in task.c; one function each, task_<name>, in task_<subject>.c. */
#ifndef SATCHEL_TASK_H
#define SATCHEL_TASK_H

#include "central.h"
#include "cli.h"
#include "error.h"

struct task {
    struct central *central;
    struct cli *cli;    /* where its output goes */
    const char *folder; /* that the command was called in: what relative paths are relative to */
    const char *secret; /* asked for by satcheld before; NULL: none */
    size_t secret_bytes;
    int waiting; /* set to 1: done, and something waits for a person */
};

/* argv[0]: the command ("user"), the rest its words and options. Returns the exit status; errors are printed. */
int task_run(struct task *t, int argc, char **argv);

/* Does this command want a secret (archive: the passphrase of the archive), and the words to ask for it with? */
const char *task_secret_prompt(int argc, char **argv);

void task_help(FILE *out);

#endif
