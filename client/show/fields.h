/* One record as a person sees it: every field that has a value, every value that lives, who wrote it. */
#ifndef SATCHEL_FIELDS_H
#define SATCHEL_FIELDS_H

#include "error.h"
#include "id.h"
#include "printer.h"
#include "record.h"

#define FIELDS_LABEL 18 /* columns before a value */

/* Begins a line after `indent` spaces: prints the name of the value that follows, filled up to FIELDS_LABEL columns. */
void fields_label(struct printer *v, const char *name, int indent);

/* Prints a heading, whether the record is voided, and its fields. A client's allergies and alerts are left out:
 * warn_words prints them, before all else. is_part: 1 if the record is one of several on a case's page, so that what
 * only its own page needs is left out. E_NOT_FOUND, E_MEMORY, or the store's errors, as the next two. */
int fields_words(struct printer *v, const struct id *record, int is_part, struct error *e);

/* Prints a record on one line; if a field is contested, or newer than this program, as fields_words does. */
int fields_line(struct printer *v, const struct id *record, struct error *e);

/* Writes the members "id" to "newer" of a record's object on v->json, which the caller begins and ends. Fields without
 * a value are left out. place: the record's. */
int fields_json(struct printer *v, const struct id *record, const struct record_place *place, struct error *e);

#endif
