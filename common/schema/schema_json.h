/* A value of a field as JSON has it, at every program: the same for a record, an op of the log and a conflict. */
#ifndef SATCHEL_SCHEMA_JSON_H
#define SATCHEL_SCHEMA_JSON_H

#include "json.h"
#include "schema.h"

/* Writes a value. An integer or an amount of money becomes a number, a flag true or false. A void becomes true, or
 * false if it was taken back. A cleared field becomes null. Every other value, and one that does not fit the field's
 * type, becomes the text that schema_format gives. room: SCHEMA_FORMAT_MAX bytes; they hold the value's words
 * afterwards, and the caller wipes them. */
void schema_json(struct json *j, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                 char *room);

/* Writes a value of a field that this version does not know, by its number: as text (schema_format_unknown), or null.
 */
void schema_json_unknown(struct json *j, unsigned field, struct slice value, char *room);

#endif
