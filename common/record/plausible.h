/* Values that can hardly be right: a birth in the future, a closing before the opening, a number that two cases have.
 * They are neither refused nor taken silently: a person at a terminal is asked once, and wherever the record is shown
 * they are marked. Nothing of it is stored: it is a function of the record and of the day. */
#ifndef SATCHEL_PLAUSIBLE_H
#define SATCHEL_PLAUSIBLE_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "error.h"
#include "id.h"
#include "schema.h"

#define PLAUSIBLE_MAX 8 /* rules of one kind */

struct plausible_doubt {
    const char *field; /* the name of the field that it is about */
    const char *words; /* "the birth date lies in the future" */
};

/* The doubts of one record, in the table's order. */
struct plausible_doubts {
    struct plausible_doubt all[PLAUSIBLE_MAX];
    size_t count;
};

/* Gives the doubts of a record. now_ms: the wall clock. A record that the
 * store lacks, or is voided, has none. Errors: the store's. */
int plausible_check(struct db *db, const struct schema_kind *kind, const struct id *record, uint64_t now_ms,
                    struct plausible_doubts *out, struct error *e);

/* Hands `each` every doubt of the kind's records that are not voided, by rule and id; kind NULL: of all kinds. Stops at
 * the first return of `each` that is not 0, and returns that. Errors: also the store's. */
int plausible_each(struct db *db, const struct schema_kind *kind, uint64_t now_ms,
                   int (*each)(void *arg, const struct schema_kind *kind, const struct id *record,
                               const struct plausible_doubt *doubt, struct error *e),
                   void *arg, struct error *e);

#endif
