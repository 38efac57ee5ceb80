/* The conflicts that are this laptop's person's to decide: those that matter. Held before and after a sync, they say
 * what is new. */
#ifndef SATCHEL_OWNED_H
#define SATCHEL_OWNED_H

#include <stddef.h>

#include "db.h"
#include "error.h"
#include "id.h"

struct owned_field {
    struct id record;
    unsigned field;
};

struct owned {
    struct owned_field *fields;
    size_t count, room;
    size_t all; /* loud conflicts on this laptop, whoever owns them */
};

/* Freed with owned_free, on failure too. E_MEMORY, or the store's errors. */
int owned_load(struct db *db, const struct id *person, struct owned *out, struct error *e);
void owned_free(struct owned *o);

/* How many of `now` were not there before. */
size_t owned_new(const struct owned *before, const struct owned *now);

#endif
