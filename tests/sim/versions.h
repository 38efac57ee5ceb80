/* The schema of programs of two versions in one process: schema.c reads the table that stands here, and it changes with
 * the machine whose turn it is. */
#ifndef SATCHEL_SIM_VERSIONS_H
#define SATCHEL_SIM_VERSIONS_H

/* From now on: this version's schema, or the one of tests/e2e/newer_schema.h. */
void versions_use(int newer);

/* The number of the newer one. */
int versions_newest(void);

/* Has only the newer one this field? */
int versions_is_new(unsigned kind, unsigned field);

#endif
