/* How implausible values (plausible.h) look to a person: a mark in a list, a line under a record, a question before
 * something is written. */
#ifndef SATCHEL_DOUBTS_H
#define SATCHEL_DOUBTS_H

#include <stddef.h>

#include "db.h"
#include "error.h"
#include "id.h"
#include "plausible.h"
#include "printer.h"

/* The records of some kinds that have a doubt. */
struct doubts {
    struct id *ids; /* sorted */
    size_t count, room;
};
/* Adds those of a kind; *out begins as zeros, and is freed with doubts_free, on failure too. E_MEMORY, or the store's
 * errors, as of the next two. */
int doubts_load(struct db *db, const struct schema_kind *kind, struct doubts *out, struct error *e);
int doubts_has(const struct doubts *d, const struct id *record);
void doubts_free(struct doubts *d);

/* Prints a line for each doubt of a record, after `indent` spaces. */
int doubts_words(struct printer *v, const struct schema_kind *kind, const struct id *record, int indent,
                 struct error *e);
/* Writes the member "implausible" of the object that is open: an array of {field, words}. */
int doubts_json(struct printer *v, const struct schema_kind *kind, const struct id *record, struct error *e);

/* Leaves in `now` what is not in `before`. */
void doubts_new(const struct plausible_doubts *before, struct plausible_doubts *now);
/* 1: somebody sits at a terminal and can be asked; 0: not. */
int doubts_can_ask(const struct cli *cli);
/* Says the doubts, and asks at the terminal if they are to be written all the same; waits as long as it takes. 1: yes;
 * 0: no. Nothing else should have to wait meanwhile: not the store. */
int doubts_ask(struct cli *cli, const struct plausible_doubts *doubts);
/* Says the doubts, and that they are written and marked. */
void doubts_say(struct cli *cli, const struct plausible_doubts *doubts);

#endif
