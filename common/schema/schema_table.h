/* The declarative table that schema.c reads. Only schema*.c and record_create.c include this. */
#ifndef SATCHEL_SCHEMA_TABLE_H
#define SATCHEL_SCHEMA_TABLE_H

#include "schema.h"

extern const int schema_table_version;
extern const struct schema_kind schema_table[];
extern const size_t schema_table_count;
extern const struct schema_field schema_table_shared[];
extern const size_t schema_table_shared_count;

#endif
