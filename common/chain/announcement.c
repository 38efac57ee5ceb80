/* Reads the announcement of a set-back. */
#include "announcement.h"

#include <string.h>

#include "schema.h"

int announcement_read(const struct change *c, uint64_t *size)
{
    const struct schema_kind *kind = schema_kind(KIND_EVENT);
    const struct schema_field *what = schema_field_named(kind, "what"), *count = schema_field_named(kind, "count");
    int named = 0, is_set_back = 0;
    char text[64];
    if (c->kind != KIND_EVENT)
        return 0;
    for (size_t i = 0; i < c->op_count; i++) {
        const struct change_op *op = &c->ops[i];
        if (op->field == what->number && schema_format(what, op->value, text, sizeof text) != 0)
            is_set_back = strcmp(text, "set back") == 0;
        else if (op->field == count->number) {
            struct unpack r;
            unpack_start(&r, op->value);
            *size = unpack_uint(&r);
            named = unpack_end(&r, "size", NULL) == 0;
        }
    }
    return is_set_back && named;
}
