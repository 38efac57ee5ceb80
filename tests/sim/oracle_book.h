/* The office's log as the oracle reads it: all entries in their order, with their ops. oracle_book_read brings it up to
 * date; in between everything stays where it is. */
#ifndef SATCHEL_SIM_ORACLE_BOOK_H
#define SATCHEL_SIM_ORACLE_BOOK_H

#include <stddef.h>
#include <stdint.h>

#include "change.h"

struct oracle_book_entry {
    uint8_t hash[CHANGE_HASH_BYTES];
    struct id device, scope, record;
    uint64_t epoch, seq;
    unsigned kind;
    struct slice body; /* p NULL: it is not there */
    int held, applied; /* as when it was read */
    int lives;         /* the office says that some op of it lives */
    size_t first_op, op_count;
};

struct oracle_book_op {
    size_t entry; /* its position in the log */
    struct dot dot;
    struct id record;
    unsigned kind, field;
    enum change_action action;
    struct slice value, supersedes;
};

/* Reads what is new in the log of the running office, or all of it anew. 0: it does not run, or cannot be read; then
 * what was read before stays. Not from within a program. */
int oracle_book_read(int anew);
void oracle_book_forget(void);

/* Entry i has position i. */
size_t oracle_book_count(void);
const struct oracle_book_entry *oracle_book_at(size_t position);
const struct oracle_book_entry *oracle_book_find(const uint8_t hash[CHANGE_HASH_BYTES]); /* the first; NULL */
const struct oracle_book_op *oracle_book_ops(size_t *count);

/* Does an op name this dot among what it supersedes? */
int oracle_book_names(const struct oracle_book_op *op, const struct dot *dot);
/* Does any op of an entry that is not held name it, on the same field? */
int oracle_book_is_named(const struct oracle_book_op *op);

#endif
