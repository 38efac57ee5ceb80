/* Machines and what is run on them: satchel's commands on laptops, satcheld and its operator's commands on the office.
 * Machine 0 is the office. Each has the folder ROOT/m<N> on the simulated disk. */
#ifndef SATCHEL_SIM_MACHINE_H
#define SATCHEL_SIM_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "central.h"

#define MACHINE_OFFICE 0u
#define MACHINE_PORT 7400u
#define MACHINE_WORDS_MAX 24
#define MACHINE_PASSPHRASE "a passphrase of the simulation" /* of the office, and of its archives */

/* One command, from its start to what it said. */
struct machine_run {
    struct machine_run *next;
    unsigned machine;
    int argc;
    char *argv[MACHINE_WORDS_MAX + 1];
    int status;      /* its exit status */
    int died;        /* its machine died under it: whatever it said, nobody saw it end */
    int is_beside;   /* it ran while a sync waited */
    char *out, *err; /* what it printed */
    uint64_t started_ms;
    /* ... */
    struct process *process;
    size_t out_bytes, err_bytes;
};

/* folder: an empty one; stays the caller's until machine_reset. */
void machine_start(const char *folder);
/* The machines' folders have come into another root (disk_house); no program runs. */
void machine_house(const char *folder);
/* Everything off and forgotten; the folder's contents are removed. */
void machine_reset(void);

/* A command of satchel on a laptop; argv without the program's name, copied. Runs until it ends or waits for the
 * network. NULL: one runs there already. Otherwise it stands in machine_runs until machine_take. */
struct machine_run *machine_command(unsigned machine, int argc, const char *const *argv);
/* The same, beside a sync that runs there and waits. NULL: none does. */
struct machine_run *machine_command_beside(unsigned machine, int argc, const char *const *argv);
/* The next run that is over, in the order in which they ended; NULL: none. Freed with machine_free. */
struct machine_run *machine_take(void);
void machine_free(struct machine_run *run);
int machine_is_busy(unsigned machine);

/* --- the office --- */

int machine_office_init(void);           /* `satcheld init`. 0: done */
int machine_office_start(unsigned port); /* `satcheld run`. 0: it listens */
void machine_office_stop(void);          /* SIGTERM; it ends within the next steps */
const char *machine_journal(void);       /* the last line that satcheld wrote */
const char *machine_journal_whole(void); /* all that it wrote */
struct central *machine_office(void);    /* the running office's store; NULL: it does not run */
/* The folder of the office's backup number n, for its operator. */
const char *machine_backup(unsigned n);
/* The operator puts backup n in the office's place, and says so (`satcheld restored`). satcheld does not run. The run
 * as machine_task gives it; NULL: there is no such backup. */
struct machine_run *machine_put_back(unsigned n);
/* He says so of a disk that is in the office's place already: so many entries its log has. */
struct machine_run *machine_restored(uint64_t size);
/* An operator's command while satcheld runs, done when this returns; freed with machine_free. NULL: it does not run. */
struct machine_run *machine_task(int argc, const char *const *argv);

/* --- power --- */

/* The programs of the machine die now; its disk must have gone dark before (disk_cut, disk_kill). */
void machine_die(unsigned machine);
/* The folder of a machine; static, overwritten by the next call. */
const char *machine_folder(unsigned machine);
/* Programs of a newer version run on this machine from now on (1), or of this one (0). */
void machine_version(unsigned machine, int newer);
int machine_is_newer(unsigned machine);

#endif
