/* All commands of satcheld: init, run and those on the key file, which work on the office's folder by themselves; and
 * the tasks (task.h), which a running daemon carries out for us, or we on the store if none runs. */
#ifndef SATCHEL_OFFICE_COMMAND_H
#define SATCHEL_OFFICE_COMMAND_H

#include "cli.h"
#include "error.h"
#include "usage.h"

extern const struct usage_program office_command_program;

/* A usage_run. *status is that of the daemon, if it was asked. */
int office_command_run(struct cli *cli, int argc, char **argv, int *status, struct error *e);

#endif
