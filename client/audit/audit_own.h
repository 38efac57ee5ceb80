/* Who wrote in the office's own chain: the office signs all of it, whoever stands there as the author. A change under a
 * worker's name was signed by nobody's laptop. */
#ifndef SATCHEL_AUDIT_OWN_H
#define SATCHEL_AUDIT_OWN_H

#include <stddef.h>
#include <stdint.h>

#include "change.h"
#include "error.h"
#include "id.h"

/* A person, by what the log says of him; name and role are "" if it says nothing, or could not be opened. */
struct audit_person {
    struct id id;
    uint64_t changes; /* in the office's own chain, under his name */
    uint64_t last;    /* the position of the last of them */
    char name[128], role[32];
};

/* Zeros are the beginning; ended with audit_own_free. */
struct audit_own {
    struct audit_person *people; /* sorted by id */
    size_t count, room;
    uint64_t changes; /* of the office's own chain, whoever is named */
    int has_office;
    struct id office; /* its record, the only one: the author of what it writes on its own behalf */
};

/* Takes the next change of the office's own chain. E_VERIFY: it writes a second record of an office, in whose name a
 * person's could be hidden. E_MEMORY. */
int audit_own_take(struct audit_own *o, uint64_t position, const struct change *c, struct error *e);
void audit_own_free(struct audit_own *o);

/* Copies the persons who wrote, the most changes first, at most max, into out; *others: how many more wrote. The office
 * itself is none of them. Returns how many were copied. */
size_t audit_own_writers(const struct audit_own *o, struct audit_person *out, size_t max, uint64_t *others);

#endif
