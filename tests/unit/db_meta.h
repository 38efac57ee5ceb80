/* A number of a store's meta, for tests: it must be there to be read. */
#ifndef SATCHEL_TEST_DB_META_H
#define SATCHEL_TEST_DB_META_H

#include <stdlib.h>

#include "db.h"

static inline uint64_t db_meta_uint(struct db *db, const char *name)
{
    uint64_t n;
    if (db_meta_get_uint(db, name, &n, NULL) != 0)
        abort();
    return n;
}

#endif
