/* Of properties 1 and 3: what was erased. The simulation remembers what each erased change said, from before it was
 * erased: what it had replaced must stay dead, and its words must be in no store any more. */
#ifndef SATCHEL_SIM_ORACLE_ERASED_H
#define SATCHEL_SIM_ORACLE_ERASED_H

#include "central.h"
#include "change.h"
#include "pack.h"

void oracle_erased_reset(void);

/* The office erases the n-th of the changes that can be erased, from the last one on; inside the office's program.
 * Returns a command's exit status, and writes why on err. */
int oracle_erased_erase(struct central *c, unsigned n, FILE *err);

/* Notes which erasures the office's log has: after a set-back it may have lost some. Before reading changes of it. -1:
 * the store cannot be read. */
int oracle_erased_learn(struct db *db);
/* Reads a change from the log: if its words are gone, its ops are those that it had, and those of its values that were
 * words have no bytes; it has none if the log has lost the erasure. Errors: change_read's. */
int oracle_erased_read(struct slice header, struct slice body, struct change *out, struct error *e);
/* 1: the change with this hash was erased, as far as the simulation knows. */
int oracle_erased_knows(const uint8_t hash[CHANGE_HASH_BYTES]);

/* The office may have again what was erased: it was put back. */
void oracle_erased_set_back(void);
/* Looks for erased words in a store; who: whose it is. */
void oracle_erased_office(struct db *db);
/* A laptop hears of it with the case; what is held there it keeps. */
void oracle_erased_laptop(struct db *db, unsigned machine);

#endif
