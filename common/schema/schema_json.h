/* A value of a field as JSON has it, at every program: the same for a record, an op of the log and a conflict. */
#ifndef SATCHEL_SCHEMA_JSON_H
#define SATCHEL_SCHEMA_JSON_H

#include "json.h"
#include "schema.h"

/* A number or an amount is a number, a flag true or false; a void is true, and false where it was taken back; what was
 * cleared is null. All else, and what does not fit the field's type, is the text that schema_format gives.
 * room: SCHEMA_FORMAT_MAX bytes, which hold the value's words afterwards; the caller wipes them. */
void schema_json(struct json *j, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                 char *room);

/* The same of a field that this version does not know, by its number: text (schema_format_unknown), or null. */
void schema_json_unknown(struct json *j, unsigned field, struct slice value, char *room);

#endif
