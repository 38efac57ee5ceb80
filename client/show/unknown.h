/* What is newer than this program, as a person sees it: kinds and fields by their numbers, values by their own form,
 * marked as such. It is kept and dealt as everything is; it is only not understood, and that is never passed over. What
 * takes an error fails with E_MEMORY, with the store's errors (db.h), and with what else it names. */
#ifndef SATCHEL_UNKNOWN_H
#define SATCHEL_UNKNOWN_H

#include <stdint.h>

#include "error.h"
#include "id.h"
#include "printer.h"

/* "client", or "kind 900 (newer than this program)". */
#define UNKNOWN_KIND 64
void unknown_kind(unsigned kind, char out[UNKNOWN_KIND]);

/* A value of a field that is not known, in words, in v->room. */
const char *unknown_value(struct printer *v, unsigned field, struct slice value);

/* The fields of a record that are not known, each with every value that lives and who wrote it: lines with an indent,
 * or with v->cli->json an array [{"field": 1900, "values": [...]}, ...]. */
int unknown_fields(struct printer *v, const struct id *record, int indent, struct error *e);

/* A record of a kind that is not known, in words or JSON. E_NOT_FOUND: there is no such record, or nothing in it. */
int unknown_record(struct printer *v, const struct id *record, struct error *e);
/* All records of kinds that are not known in a case, or of a person: paragraphs, or an array. */
int unknown_records(struct printer *v, const struct id *scope, struct error *e);

/* Everything that is newer than this program, record by record: what `satchel list newer` prints. If there is
 * nothing, says so on stderr. */
int unknown_list(struct printer *v, struct error *e);

/* Fields that are not known and hold several values: whether these agree, only a newer program can say. In JSON each is
 * an element of the array that `satchel conflicts` has open. *count: how many. */
int unknown_values(struct printer *v, uint64_t *count, struct error *e);

/* Says on stderr, in one line, how much in the store is newer than this program; nothing if nothing is. */
int unknown_say(struct cli *cli, struct db *db, struct error *e);

#endif
