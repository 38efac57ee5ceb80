/* Prints records and fields that are newer than this program: kinds and fields by their numbers, values by their own
 * form, marked as such. The program keeps and deals them as all others; it only does not understand them, and always
 * says so. Every function that takes an error fails with E_MEMORY, with the store's errors (db.h), and with those that
 * it names. */
#ifndef SATCHEL_UNKNOWN_H
#define SATCHEL_UNKNOWN_H

#include <stdint.h>

#include "error.h"
#include "id.h"
#include "printer.h"

/* Writes "client", or "kind 900 (newer than this program)". */
#define UNKNOWN_KIND 64
void unknown_kind(unsigned kind, char out[UNKNOWN_KIND]);

/* Writes a value of a field that is not known in words into v->room, and returns that. */
const char *unknown_value(struct printer *v, unsigned field, struct slice value);

/* Prints the fields of a record that are not known, each with every live value and who wrote it: lines with an indent,
 * or with v->cli->json an array [{"field": 1900, "values": [...]}, ...]. */
int unknown_fields(struct printer *v, const struct id *record, int indent, struct error *e);

/* Prints a record of a kind that is not known, in words or JSON. E_NOT_FOUND: there is no such record, or nothing in
 * it. */
int unknown_record(struct printer *v, const struct id *record, struct error *e);
/* Prints all records of kinds that are not known in a case, or of a client: paragraphs, or an array. */
int unknown_records(struct printer *v, const struct id *scope, struct error *e);

/* Prints everything that is newer than this program, record by record, for `satchel list newer`. If there is nothing,
 * it says so on stderr. */
int unknown_list(struct printer *v, struct error *e);

/* Prints the fields that are not known and have several values: only a newer program can say whether these agree. In
 * JSON each is an element of the array that `satchel conflicts` has open. *count: how many there are. */
int unknown_values(struct printer *v, uint64_t *count, struct error *e);

/* Says on stderr, in one line, how much in the store is newer than this program; nothing if nothing is. */
int unknown_say(struct cli *cli, struct db *db, struct error *e);

#endif
