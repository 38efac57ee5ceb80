/* Prints the review queue, in words or as JSON: the same on a laptop and at the office. */
#ifndef SATCHEL_REVIEW_PRINT_H
#define SATCHEL_REVIEW_PRINT_H

#include "cli.h"
#include "json.h"
#include "review.h"

struct review_print {
    struct db *db;
    struct cli *cli;
    uint64_t now_ms;     /* the reader's clock, in ms since 1970: only for the age that is printed beside a time */
    uint64_t written_ms; /* the latest time at which what no office has received can have been written */
    int decides;         /* 1: the reader can decide, so print the command that does; 0: not */
    struct json *json;   /* where JSON goes; NULL: print words on cli->out */
    char *room;          /* with json: SCHEMA_FORMAT_MAX bytes for values, which the caller wipes */
    /* Prints a value in the program's words on cli->out; lines after the first begin with `indent` spaces. */
    void (*value)(void *arg, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                  int indent);
    /* Prints who wrote what of a text that was merged: lines with an indent, or an object on json. NULL: do not. */
    void (*merged)(void *arg, const struct record_field *field, int indent);
    void *arg;
    size_t loud, quiet; /* printed so far */
};

/* Prints one conflict; as JSON: an object in the array that the caller has open. */
void review_print(struct review_print *p, const struct review *r);

/* Prints "2 conflicts to decide, 1 parallel edit" on cli->err, and where they are decided, if not here. */
void review_print_count(const struct review_print *p);

#endif
