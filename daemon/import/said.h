/* What a source said last of a record. Nothing is stored for it: it is read from the ops that imports wrote, so a
 * replay of the log knows it as well. An op is an import's if its change is of the office's own chain and its session
 * is an `import` record. What an import that takes another one back names as replaced counts as not said. */
#ifndef SATCHEL_SAID_H
#define SATCHEL_SAID_H

#include <stddef.h>

#include "change.h"
#include "db.h"
#include "error.h"
#include "id.h"
#include "log.h"

struct said_op {
    unsigned field;
    enum change_action action;
    struct slice value; /* no bytes: its words were erased */
    struct dot dot;
    int is_undo;   /* it takes another op back, and says nothing itself */
    int is_undone; /* it was taken back */
};

/* Every op that imports wrote to one record, in the order of the log. */
struct said {
    size_t count, room;
    struct said_op *ops;
    size_t entry_count, entry_room;
    struct log_memory *entries; /* hold the values */
};

/* office: the device of the office's own chain. The caller frees *out with said_free, after a failure too. Errors: the
 * store's, E_MEMORY. */
int said_load(struct db *db, const struct id *office, const struct id *record, struct said *out, struct error *e);
void said_free(struct said *s);

/* The last op that says something of a field, or of one element of it; NULL: nothing was ever said of it. */
const struct said_op *said_last(const struct said *s, unsigned field);
const struct said_op *said_element(const struct said *s, unsigned field, struct slice value);
/* 1: this is the last op of its field and element, and puts the element into the set. 0: not. */
int said_holds(const struct said *s, const struct said_op *op);
/* 1: an import wrote this op; 0: somebody else did. */
int said_wrote(const struct said *s, const struct dot *dot);
/* 1: a value of this field that an import said was erased since. 0: none was. */
int said_erased(const struct said *s, unsigned field);

#endif
