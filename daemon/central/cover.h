/* Covers: assignments with an end (assignment.until). The office ends them itself. */
#ifndef SATCHEL_COVER_H
#define SATCHEL_COVER_H

#include "central.h"

#define COVER_DAY 16

/* Writes the day that it is here, at the office: "2026-11-23"; "" if the clock shows none. */
void cover_today(const struct central *c, char out[COVER_DAY]);

/* Ends the assignments whose last day has gone by: in the log, by the office itself, so that office, laptops and
 * auditor know of it by the same entry. Looks once a day; a backup, and a store that cannot be written, stay as they
 * are. Called outside of a transaction. Errors: the store's. */
int cover_end(struct central *c, struct error *e);

#endif
