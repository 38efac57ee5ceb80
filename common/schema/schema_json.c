/* Values of fields as JSON: which are numbers, flags, null or text. */
#include "schema_json.h"

#include <string.h>

void schema_json(struct json *j, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                 char *room)
{
    int is_right;
    if (field->number == FIELD_VOID || slice_is_nil(value)) {
        schema_json_unknown(j, field->number, value, room);
        return;
    }
    schema_format(field, value, room, SCHEMA_FORMAT_MAX);
    is_right = schema_check(kind, field, value, NULL) == 0;
    if (is_right && field->type == SCHEMA_FLAG)
        json_flag(j, strcmp(room, "yes") == 0);
    else if (is_right && (field->type == SCHEMA_INTEGER || field->type == SCHEMA_MONEY))
        json_json(j, room);
    else
        json_text(j, room);
}

void schema_json_unknown(struct json *j, unsigned field, struct slice value, char *room)
{
    if (field == FIELD_VOID)
        json_flag(j, !slice_is_nil(value));
    else if (slice_is_nil(value))
        json_null(j);
    else
        json_text(j, schema_format_unknown(value, room, SCHEMA_FORMAT_MAX));
}
