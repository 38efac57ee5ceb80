/* What the commands share that work over an open store. */
#ifndef SATCHEL_WITH_STORE_H
#define SATCHEL_WITH_STORE_H

#include "cli.h"
#include "edit.h"
#include "error.h"
#include "store.h"

/* Ends an edit: writes it (reason may be NULL), asks at a terminal about what can hardly be right (doubts.h), and
 * commits. E_INPUT: the person does not want it written. The edit is freed and the transaction is over in every
 * case. */
int with_store_commit(struct store *s, struct cli *cli, struct edit *edit, const char *reason, struct error *e);
/* E_REFUSED: the edit lowers a risk or a level of care, and no reason was given; the sentence says how one is. 0: it
 * does not, or there is one. */
int with_store_check_reason(const struct edit *edit, const char *reason, struct error *e);
/* Asks the person for the reason, if there is one at a terminal. 1: `typed` has it; 0: there is none. */
#define WITH_STORE_REASON 1024
int with_store_ask_reason(struct cli *cli, const struct schema_field *lowers, char typed[WITH_STORE_REASON]);
/* Ends the line that says what was done: " (queued: 3 changes wait for the office)". */
int with_store_say_queued(struct store *s, struct cli *cli, struct error *e);

/* write.c: a case that something new may stand in (E_REFUSED: it is voided), and the id of what was written on stdout,
 * where a script wants it. */
int write_find_case(struct store *s, struct cli *cli, const char *words, struct id *scope, struct error *e);
void write_id(struct cli *cli, const struct schema_kind *kind, const struct id *record);

/* duplicates.c: says on err what a new client looks like, and what to do. It never fails what was done before it. */
void duplicates_tell(struct store *s, struct cli *cli, const struct id *client);

#endif
