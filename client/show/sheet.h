/* One record as a person sees it: every field that has a value, every value that lives, who wrote it. */
#ifndef SATCHEL_SHEET_H
#define SATCHEL_SHEET_H

#include "error.h"
#include "id.h"
#include "record.h"
#include "view.h"

#define SHEET_LABEL 18 /* columns before a value */

/* Begins a line: the name of what follows, filled up to SHEET_LABEL columns. */
void sheet_label(struct view *v, const char *name, int indent);

/* A heading, whether it is voided, its fields. A client's allergies and alerts are left out: they stand first, and
 * elsewhere. is_part: among others in a case, so what only its own page needs is left out. */
int sheet_words(struct view *v, const struct id *record, int is_part, struct error *e);

/* All of a record on one line; where a field is contested, or newer than this program, as sheet_words. */
int sheet_line(struct view *v, const struct id *record, struct error *e);

/* {"id": ..., "fields": {...}, "conflicts": {...}, "newer": [...]: without the closing brace, so that more can follow.
 * Fields without a value are left out. */
int sheet_json(struct view *v, const struct id *record, const struct record_place *place, struct error *e);

#endif
