/* The oracle: what must hold of office and laptops whatever happened. It knows what was typed, acknowledged, purged and
 * decided because it listens at the programs' own steps (the linker's --wrap), and it is naive on purpose: it shares no
 * rule with the code that it judges, and is as slow as that is.
 *
 * oracle.c holds the first finding; oracle_*.c each judge one thing, in the order of docs/SIMULATION.md. A later
 * capability adds a file here and its calls to oracle.c. */
#ifndef SATCHEL_SIM_ORACLE_H
#define SATCHEL_SIM_ORACLE_H

#include "machine.h"

/* A new seed begins: nothing is known. */
void oracle_reset(void);

/* A command of satchel has ended, or its machine died under it (run->died). */
void oracle_command(const struct machine_run *run);
/* An operator's command has ended. */
void oracle_task(const struct machine_run *run);

/* What the weather did to disks. The oracle forgives what nobody could keep, and nothing else. */
void oracle_put_back(unsigned machine, unsigned image); /* machine's disk is now what image (a machine's number) kept */
void oracle_copied(unsigned from, unsigned to);         /* an image was taken, or a laptop cloned */
void oracle_lost(unsigned machine);                     /* the disk is gone: stolen, or the store was wiped */
void oracle_broken(unsigned machine);                   /* the store is gone, and the outbox is not */
/* A courier brought what the machine's outbox holds, be it nothing, and the office took it. */
void oracle_brought(unsigned machine);
/* The office runs (again): after a start, a power cut, a restore. */
void oracle_office_up(void);
/* The office's disk is now an older backup's: what it had accepted since is not on it. */
void oracle_office_set_back(void);

/* Now and then while the office runs, and nothing is under way. */
void oracle_look(void);
/* At the end: the weather is clear, the rounds are over. laptops: a bit for each that must be in order; shut_out:
 * for each whose work must have come all the same, to be held. */
void oracle_end(unsigned laptops, unsigned shut_out);

/* 1: this laptop's store has nothing that waits, and everything has arrived. */
int oracle_is_settled(unsigned machine);

/* The first property that did not hold, as a sentence with its number ("2: change 3 of laptop 1 is gone"); NULL: all
 * hold. */
const char *oracle_finding(void);
/* Notes a finding; the first one stays. */
void oracle_found(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
