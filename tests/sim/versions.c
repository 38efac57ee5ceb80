/* Puts the schema's table of the right version under schema.c before a machine's turn. */
#include "versions.h"

#include <assert.h>
#include <string.h>

#include "schema.h"

/* common/schema/schema_table.c, compiled twice under other names: this version's, and a newer one's. */
extern const int versions_old_version, versions_new_version;
extern const struct schema_kind versions_old_kinds[], versions_new_kinds[];
extern const size_t versions_old_count, versions_new_count;
extern const struct schema_field versions_old_shared[], versions_new_shared[];
extern const size_t versions_old_shared_count, versions_new_shared_count;

/* What schema.c sees, in the place of common/schema/schema_table.c: to it these are constants. A kind that both
 * versions have keeps its place, so that what points to one stays right. */
enum { KINDS = 32, SHARED = 8 };
int schema_table_version;
struct schema_kind schema_table[KINDS];
size_t schema_table_count;
struct schema_field schema_table_shared[SHARED];
size_t schema_table_shared_count;

void versions_use(int newer)
{
    schema_table_version = newer ? versions_new_version : versions_old_version;
    schema_table_count = newer ? versions_new_count : versions_old_count;
    schema_table_shared_count = newer ? versions_new_shared_count : versions_old_shared_count;
    assert(schema_table_count <= KINDS && schema_table_shared_count <= SHARED);
    memcpy(schema_table, newer ? versions_new_kinds : versions_old_kinds, schema_table_count * sizeof *schema_table);
    memcpy(schema_table_shared, newer ? versions_new_shared : versions_old_shared,
           schema_table_shared_count * sizeof *schema_table_shared);
}

int versions_newest(void)
{
    return versions_new_version;
}

int versions_is_new(unsigned kind, unsigned field)
{
    for (size_t i = 0; i < versions_old_count; i++)
        for (size_t k = 0; versions_old_kinds[i].number == kind && k < versions_old_kinds[i].field_count; k++)
            if (versions_old_kinds[i].fields[k].number == field)
                return 0;
    for (size_t i = 0; i < versions_old_shared_count; i++)
        if (versions_old_shared[i].number == field)
            return 0;
    return 1;
}
