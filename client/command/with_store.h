/* The record commands: what each does between the opening of the store and its closing. command_<name> is
 * with_store_write or with_store_read around one of these; a test hands in a store of its own.
 *
 * argv[0] is the command's name; options are taken out of argv. Reading commands see one state of the store; writing
 * commands begin and commit their own transaction, after everything that a person still has to type. */
#ifndef SATCHEL_WITH_STORE_H
#define SATCHEL_WITH_STORE_H

#include "cli.h"
#include "edit.h"
#include "error.h"
#include "store.h"

typedef int with_store_work(struct store *s, struct cli *cli, int argc, char **argv, int *waiting, struct error *e);

/* Opens the store, works, closes it. with_store_read lets a reading command see one state of the store throughout. */
int with_store_write(with_store_work *work, struct cli *cli, int argc, char **argv, int *waiting, struct error *e);
int with_store_read(with_store_work *work, struct cli *cli, int argc, char **argv, int *waiting, struct error *e);

/* Ends an edit: writes it (reason may be NULL) and commits. The edit is freed and the transaction is over in every
 * case. */
int with_store_commit(struct store *s, struct edit *edit, const char *reason, struct error *e);
/* Ends the line that says what was done: " (queued: 3 changes wait for the office)". */
int with_store_say_queued(struct store *s, struct cli *cli, struct error *e);

/* find.c: as store_find, but only for records of one kind; a case is also found by what names its client. kind NULL:
 * any. */
int find_record(struct store *s, const struct schema_kind *kind, const char *words, struct id *record, struct error *e);

/* write.c: a case that something new may stand in (E_REFUSED: it is voided), and the id of what was written on stdout,
 * where a script wants it. */
int write_find_case(struct store *s, const char *words, struct id *scope, struct error *e);
void write_id(struct cli *cli, const struct schema_kind *kind, const struct id *record);

with_store_work list_run, show_run, search_run, conflicts_run, conflicts_resolve, history_run;
/* duplicates.c: says on err what a new client looks like, and what to do. It never fails what was done before it. */
void duplicates_tell(struct store *s, struct cli *cli, const struct id *client);

/* decisions.c: `satchel decided`: all, the newest last. */
with_store_work decisions_run;
with_store_work duplicates_run, duplicates_link, duplicates_unlink, duplicates_different;
with_store_work write_new, write_set, write_add, write_remove, write_void, note_run;

#endif
