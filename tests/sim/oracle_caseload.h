/* Property 4: nobody holds a case outside his caseload after the purge, and nothing is let go of that is in it; nor
 * does anybody write outside it. The caseload is worked out here once more, from the log's entries alone: assignments,
 * the clients of cases, links. */
#ifndef SATCHEL_SIM_ORACLE_CASELOAD_H
#define SATCHEL_SIM_ORACLE_CASELOAD_H

#include "db.h"
#include "id.h"
#include "machine.h"

void oracle_caseload_reset(void);

/* From within a laptop's sync: it begins; and, before the commit, a scope was purged in this transaction. */
void oracle_caseload_sync_starts(unsigned machine);
void oracle_caseload_purges(unsigned machine, struct db *db, const struct id *scope);

/* The office was set back: what was let go of before cannot be judged any more. */
void oracle_caseload_set_back(void);

/* With the office's log just read: was what went outside the caseload at some moment of the sync that let go of it? */
void oracle_caseload_judge(void);
/* And does nothing count that somebody wrote in a case that others had then? What a person released does. */
void oracle_caseload_writers(void);
/* And does nobody cover a case any more whose last day (today: "2026-03-08") has gone by? At the end, when the office
 * has done something on that day. */
void oracle_caseload_covers(const char *today);
/* All cases of one person were given to another, and before that the log had this size: has the one none of them left,
 * and the other all of them? */
void oracle_caseload_transferred(const char *from, const char *to, size_t before);
/* After a sync that came to its end: what the laptop has is in its user's caseload as it was at some moment of it.
 * at_end: nothing happens at the office any more, and what it holds whole is the caseload. */
void oracle_caseload_laptop(unsigned machine, struct db *db, int at_end);

#endif
