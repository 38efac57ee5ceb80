/* Finding a record by what a person calls it: in one manner to look at it, in a stricter one to write to it. */
#ifndef SATCHEL_FIND_H
#define SATCHEL_FIND_H

#include "cli.h"
#include "error.h"
#include "id.h"
#include "schema.h"
#include "store.h"

/* Both find the record that `words` name: of one kind, or (kind NULL) of any. If a case is asked for, what names its
 * client names the client's case. What is voided is named by its id, and by its number if no other case has that.
 *
 * find_record is for looking: a whole id, a beginning or an end of at least 4 characters of one, a part of a case
 * number, title or name. A whole case number and the 8 characters that `satchel list` shows go before the beginning of
 * those 8, and that goes before the rest.
 *
 * find_to_write is for writing, and takes nothing less than: a whole id; the whole 8 characters of one that are shown;
 * a whole case number; a whole legal or preferred name, if it is no part of anybody else's name either. In place of a
 * case it takes what names the client, if the client has one case, or one that is not closed.
 *
 * If several match, or if find_to_write got a part, they are listed on cli->err, with the person, the birth date, the
 * case number, the id that is shown, and what to type. *record is set on success alone. E_USAGE: no words. E_NOT_FOUND:
 * none matches. E_INPUT: several match, or only a part was given; the sentence says which. Else the store's errors. */
int find_record(struct store *s, struct cli *cli, const struct schema_kind *kind, const char *words, struct id *record,
                struct error *e);
int find_to_write(struct store *s, struct cli *cli, const struct schema_kind *kind, const char *words,
                  struct id *record, struct error *e);

#define FIND_NAME 280 /* bytes */
/* Writes what find_to_write takes for a record: a case's number, a person's name in quotes, else the 8 characters that
 * are shown, and the whole id if even these are somebody else's too. Returns out. */
const char *find_name(struct db *db, const struct id *record, char out[FIND_NAME]);

#endif
