/* Reads the announcement of a set-back, and judges where it stands. */
#include "announcement.h"

#include <string.h>

#include "schema.h"

static const struct schema_field *event_field(const char *name)
{
    return schema_field_named(schema_kind(KIND_EVENT), name);
}

/* The value of a field of an event; empty if the event does not set it. */
static struct slice value_of(const struct change *c, const char *name)
{
    const struct schema_field *field = event_field(name);
    for (size_t i = c->op_count; i-- > 0;)
        if (c->ops[i].field == field->number)
            return c->ops[i].value;
    return (struct slice){NULL, 0};
}

static int is_set_back(const struct change *c)
{
    struct slice what = value_of(c, "what");
    char text[64];
    return c->kind == KIND_EVENT && what.p != NULL &&
           schema_format(event_field("what"), what, text, sizeof text) != 0 && strcmp(text, "set back") == 0;
}

int announcement_read(const struct change *c, uint64_t *size)
{
    struct slice count = value_of(c, "count");
    struct unpack r;
    if (!is_set_back(c) || count.p == NULL)
        return 0;
    unpack_start(&r, count);
    *size = unpack_uint(&r);
    return unpack_end(&r, "size", NULL) == 0;
}

void announcement_read_heard(const struct change *c, struct announcement_heard *out)
{
    struct slice checkpoint = value_of(c, "checkpoint"), hash = value_of(c, "announcement");
    struct unpack r;
    memset(out, 0, sizeof *out);
    unpack_start(&r, checkpoint);
    if (checkpoint.p != NULL)
        out->statement = unpack_text(&r);
    if (r.failed)
        out->statement = (struct slice){NULL, 0};
    unpack_start(&r, hash);
    if (hash.p != NULL)
        out->hash = unpack_bin(&r);
    if (r.failed)
        out->hash = (struct slice){NULL, 0};
}

int announcement_judge(const struct change *c, uint64_t position)
{
    int begins = c->epoch != 1 && c->seq == 1;
    uint64_t size = 0;
    if (!announcement_read(c, &size))
        return begins || is_set_back(c) ? -1 : 0;
    return begins && size == position ? 1 : -1;
}
