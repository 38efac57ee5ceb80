/* What became of each row of an export: kept in tables beside the staged rows, so that a report accounts for every
 * row, value, column and file of the folder, and nothing is skipped in silence.
 *
 * A row is *taken* (records stand on it); *passed over* (the source says that it does not count: it is deleted there,
 * or has ended); *left* (something is wrong with it); or *not read* (Satchel has no place for its file). A value may be
 * left by itself, while its row is taken. */
#ifndef SATCHEL_ACCOUNT_H
#define SATCHEL_ACCOUNT_H

#include <stdint.h>
#include <stdio.h>

#include "db.h"
#include "error.h"

enum account_outcome { ACCOUNT_OPEN, ACCOUNT_TAKEN, ACCOUNT_PASSED, ACCOUNT_LEFT, ACCOUNT_NOT_READ };

/* A row of the export. file: without ".csv". key: the source's own for it, "" if it has none or is not known. */
struct account_row {
    const char *file;
    uint64_t line;
    const char *key;
};

/* All functions that have an e: the store's errors. */

/* Makes the tables. */
int account_create(struct db *db, struct error *e);

/* Adds a row whose outcome is still open (ACCOUNT_OPEN), or known already. why: "" while it is open. */
int account_add(struct db *db, const struct account_row *row, enum account_outcome outcome, const char *why,
                struct error *e);

/* Says what became of a row that was added. What is taken stays taken: more that was made of it is added to why. */
int account_settle(struct db *db, const struct account_row *row, enum account_outcome outcome, const char *why,
                   struct error *e);

/* A value of a row that was left. column: the file's own name for it. */
int account_value(struct db *db, const struct account_row *row, const char *column, const char *value, const char *why,
                  struct error *e);

/* A file that is not read, with its rows, and why; or a column of one that is read: filled is how many rows have a
 * value in it. A column that the file lacks has filled 0 and is_absent 1. */
int account_file(struct db *db, const char *file, uint64_t rows, const char *why, struct error *e);
int account_column(struct db *db, const char *file, const char *column, uint64_t filled, int is_absent,
                   struct error *e);

/* What an import writes of a field: of which row, on which record (by its kind and its key in the source), what the
 * record said before, what it says then, and whether a person's value stands beside it. All are words. */
struct account_change {
    const struct account_row *row;
    const char *kind, *key, *field, *before, *after;
    int is_contested;
};
int account_change(struct db *db, const struct account_change *c, struct error *e);

/* Ends the account: a row whose outcome is still open was left, since nothing used it. */
int account_end(struct db *db, struct error *e);

/* How many rows and values were left. */
int account_left(struct db *db, uint64_t *rows, uint64_t *values, struct error *e);

/* Prints, for people, what was left (up to `most` lines "FILE:LINE KEY: reason", and how many more there are), and what
 * was not read. */
int account_print(struct db *db, FILE *out, unsigned most, struct error *e);

/* Prints, for people, up to `most` of the changes, and how many more there are. */
int account_print_changes(struct db *db, FILE *out, unsigned most, struct error *e);

/* Prints everything as CSV (RFC 4180): one line for each row of the source, one for each value that was left, one for
 * each column and file that was not read, and one for each field that is written, if the changes were kept (outcome
 * "writes"; column: the field; why: what it was before): file, line, key, column, outcome, why, value. */
int account_report(struct db *db, FILE *out, struct error *e);

#endif
