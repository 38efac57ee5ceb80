/* The names that a script gives to records (:c1), and what is read out of what commands print. */
#ifndef SATCHEL_SIM_NAMES_H
#define SATCHEL_SIM_NAMES_H

#include <stddef.h>

#include "world.h"

void names_reset(void);
/* The record that this output (JSON, "record": "ID") speaks of, or the one of this id, gets the name. */
void names_learn(const char *name, const char *out);
void names_give(const char *name, const char *id);

/* argv with names replaced: `:c1` and `field=:c1` by the record's id, `@anna` by the device of anna's laptop. words
 * point into argv or to static room that lasts until the next call. -1: a name that nothing has got yet. */
int names_put(const struct world *w, int argc, char *const *argv, const char **words);

/* The text of the n-th `"key": "text"` in some JSON, from 0, wrapping round where there are fewer. 0: there is none. */
int names_nth(const char *json, const char *key, unsigned n, char *out, size_t size);
/* The last text of `key` before that n-th one of `mark`. */
int names_before(const char *json, const char *mark, unsigned n, const char *key, char *out, size_t size);
/* The first. Empty where there is none. */
void names_value(const char *json, const char *key, char *out, size_t size);

#endif
