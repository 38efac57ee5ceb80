/* Collects the conflicts that matter and that this laptop's person is to decide. Two collections, from before and after
 * a sync, show which are new. */
#ifndef SATCHEL_OWN_CONFLICTS_H
#define SATCHEL_OWN_CONFLICTS_H

#include <stddef.h>

#include "db.h"
#include "error.h"
#include "id.h"

struct own_conflicts_field {
    struct id record;
    unsigned field;
};

struct own_conflicts {
    struct own_conflicts_field *fields;
    size_t count, room;
    size_t all; /* loud conflicts on this laptop, whoever owns them */
};

/* Reads them. person: whose laptop it is. *out is freed with own_conflicts_free, on failure too. E_MEMORY, or the
 * store's errors. */
int own_conflicts_load(struct db *db, const struct id *person, struct own_conflicts *out, struct error *e);
void own_conflicts_free(struct own_conflicts *o);

/* How many conflicts in `now` are not in `before`. */
size_t own_conflicts_new(const struct own_conflicts *before, const struct own_conflicts *now);

#endif
