/* One record as a person sees it: every field that has a value, every value that lives, who wrote it. */
#ifndef SATCHEL_FIELDS_H
#define SATCHEL_FIELDS_H

#include "error.h"
#include "id.h"
#include "printer.h"
#include "record.h"

#define FIELDS_LABEL 18 /* columns before a value */

/* Begins a line: the name of what follows, filled up to FIELDS_LABEL columns. */
void fields_label(struct printer *v, const char *name, int indent);

/* A heading, whether it is voided, its fields. A client's allergies and alerts are left out: they stand first, and
 * elsewhere. is_part: among others in a case, so what only its own page needs is left out. */
int fields_words(struct printer *v, const struct id *record, int is_part, struct error *e);

/* All of a record on one line; where a field is contested, or newer than this program, as fields_words. */
int fields_line(struct printer *v, const struct id *record, struct error *e);

/* The members "id" to "newer" of a record's object on v->json, which the caller begins and ends. Fields without a value
 * are left out. */
int fields_json(struct printer *v, const struct id *record, const struct record_place *place, struct error *e);

#endif
