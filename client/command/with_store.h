/* What the commands share that work over an open store. */
#ifndef SATCHEL_WITH_STORE_H
#define SATCHEL_WITH_STORE_H

#include "cli.h"
#include "edit.h"
#include "error.h"
#include "plausible.h"
#include "store.h"

/* What can hardly be right in an edit, and what the person at the terminal said of it. It begins as zeros. */
struct with_store_doubts {
    struct plausible_doubts doubts;
    int waits, is_accepted;
};
/* Ends an edit: writes it (reason may be NULL), and commits. E_INPUT with d->waits: a person at a terminal is to be
 * asked first about what can hardly be right (doubts.h), with with_store_ask_doubts; nothing is written. The edit is
 * freed and the transaction is over in every case. */
int with_store_commit(struct store *s, struct cli *cli, struct edit *edit, const char *reason,
                      struct with_store_doubts *d, struct error *e);
/* Asks, if with_store_commit said so, with the store let go: others can write meanwhile. 1: make the edit once more, in
 * a new transaction; s->db is another one now. 0: there is nothing to ask, or the answer was no (e stays as it was), or
 * the store could not be taken again (e says why, and s->db is NULL). Outside of a transaction. */
int with_store_ask_doubts(struct store *s, struct cli *cli, struct with_store_doubts *d, struct error *e);
/* E_REFUSED: the edit lowers a risk or a level of care, and no reason was given; the sentence says how one is. 0: it
 * does not, or there is one. */
int with_store_check_reason(const struct edit *edit, const char *reason, struct error *e);
/* Asks the person for the reason, if there is one at a terminal, with the store let go as above. 1: `typed` has it; 0:
 * there is none. */
#define WITH_STORE_REASON 1024
int with_store_ask_reason(struct store *s, struct cli *cli, const struct schema_field *lowers,
                          char typed[WITH_STORE_REASON], struct error *e);
/* Ends the line that says what was done: " (queued: 3 changes wait for the office)". */
int with_store_say_queued(struct store *s, struct cli *cli, struct error *e);

/* write.c: a case that something new may stand in (E_REFUSED: it is voided), and the id of what was written on stdout,
 * where a script wants it. */
int write_find_case(struct store *s, struct cli *cli, const char *words, struct id *scope, struct error *e);
void write_id(struct cli *cli, const struct schema_kind *kind, const struct id *record);

/* duplicates.c: says on err what a new client looks like, and what to do. It never fails what was done before it. */
void duplicates_tell(struct store *s, struct cli *cli, const struct id *client);

#endif
