/* What is newer than this program, as a person sees it: kinds and fields by their numbers, values by their own form,
 * marked as such. It is kept and dealt as everything is; it is only not understood, and that is never passed over. What
 * takes an error fails with E_MEMORY, with the store's errors (db.h), and with what else it names. */
#ifndef SATCHEL_NEWER_H
#define SATCHEL_NEWER_H

#include <stdint.h>

#include "error.h"
#include "id.h"
#include "view.h"

/* "client", or "kind 900 (newer than this program)". */
#define NEWER_KIND 64
void newer_kind(unsigned kind, char out[NEWER_KIND]);

/* A value of a field that is not known, in words, in v->room. */
const char *newer_value(struct view *v, unsigned field, struct slice value);

/* The fields of a record that are not known, each with every value that lives and who wrote it: lines with an indent,
 * or with v->cli->json an array [{"field": 1900, "values": [...]}, ...]. */
int newer_fields(struct view *v, const struct id *record, int indent, struct error *e);

/* A record of a kind that is not known, in words or JSON. E_NOT_FOUND where it is none, or holds nothing. */
int newer_record(struct view *v, const struct id *record, struct error *e);
/* All of them in a case, or of a person: paragraphs, or an array. */
int newer_records(struct view *v, const struct id *scope, struct error *e);

/* Everything that is newer than this program, record by record: what `satchel list newer` prints. On stderr where there
 * is nothing. */
int newer_list(struct view *v, struct error *e);

/* Fields that are not known and hold several values: whether these agree, only a newer program can say. In JSON each is
 * an element of `satchel conflicts`, the first without a comma where first is not 0. *count: how many. */
int newer_values(struct view *v, int first, uint64_t *count, struct error *e);

/* One line on stderr where the store holds anything that is newer. */
int newer_say(struct cli *cli, struct db *db, struct error *e);

#endif
