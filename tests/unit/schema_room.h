/* What the tests of the schema share: its fields by name, and bytes as values. */
#ifndef SATCHEL_SCHEMA_ROOM_H
#define SATCHEL_SCHEMA_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema.h"

static struct error e;

static inline const struct schema_field *field_of(const char *kind, const char *name)
{
    const struct schema_field *field = schema_field_named(schema_kind_named(kind), name);
    assert_non_null(field);
    return field;
}

static inline struct slice bytes_of(const void *p, size_t size)
{
    return (struct slice){p, size};
}

#endif
