/* Property 5: the log is the record. The archive verifies, and its replay shows what the office shows, now and at
 * checkpoints on the way; the tree is that of RFC 6962, made by plain recursion, and every laptop's proof of it holds.
 */
#ifndef SATCHEL_SIM_ORACLE_REPLAY_H
#define SATCHEL_SIM_ORACLE_REPLAY_H

#include "oracle_log.h"

void oracle_replay_reset(void);

/* Between commands: notes, now and then, what the office shows. */
void oracle_replay_note(void);

/* With the office's log just read, after a command: a laptop goes on with no office whose log does not continue the one
 * that it has seen, but where it heard that the office was put back. */
void oracle_replay_met(unsigned machine);
/* The office was set back: whom a laptop met before nobody can say any more. */
/* What was noted of the office says nothing any more: words were erased since. */
void oracle_replay_forget(void);
void oracle_replay_set_back(void);

/* At the end, while the office runs. */
void oracle_replay_office(const struct oracle_log *log);
/* Is the checkpoint that a laptop's store keeps one of this log? */
int oracle_replay_continues(const struct oracle_log *log, struct db *db);
void oracle_replay_laptop(const struct oracle_log *log, unsigned machine);

#endif
