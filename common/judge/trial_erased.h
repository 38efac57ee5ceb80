/* What trial.c knows of erased words. Only trial*.c include it. */
#ifndef SATCHEL_TRIAL_ERASED_H
#define SATCHEL_TRIAL_ERASED_H

#include "trial.h"

struct trial_erased {
    struct trial_fault first; /* reason NULL: none so far */
    uint8_t *skeleton;        /* the one that the ops of the entry at hand point into */
    size_t room;
};

/* Looks at the next entry, before it is applied: judges it if it is an erasure, or if an erasure names it; and gives a
 * change without words its ops from the skeleton, if one is known. Errors: E_MEMORY, the store's. */
int trial_erased_take(struct trial_erased *x, struct db *db, const struct id *office, struct change *c,
                      uint64_t position, struct error *e);
/* trial_erasures. */
int trial_erased_fault(const struct trial_erased *x, struct db *db, struct trial_fault *out, struct error *e);
void trial_erased_free(struct trial_erased *x);

#endif
