/* How the queue looks, for people and as JSON: the same from a laptop and from the office. */
#ifndef SATCHEL_REVIEW_PRINT_H
#define SATCHEL_REVIEW_PRINT_H

#include "cli.h"
#include "json.h"
#include "review.h"

struct review_print {
    struct db *db;
    struct cli *cli;
    uint64_t now_ms;   /* the reader's clock: what is printed beside a time as its age, and nothing else */
    int decides;       /* the reader can decide: print the command that does */
    struct json *json; /* where JSON goes; NULL: words on cli->out */
    char *room;        /* with json: SCHEMA_FORMAT_MAX bytes for values, which the caller wipes */
    /* A value in the program's words, on cli->out; its later lines begin with `indent` spaces. */
    void (*value)(void *arg, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                  int indent);
    /* Who wrote what of a text that was brought together: lines with an indent, or an object on json. NULL: not said.
     */
    void (*merged)(void *arg, const struct record_field *field, int indent);
    void *arg;
    size_t loud, quiet; /* printed so far */
};

/* One conflict. In JSON: an object, in the array that the caller has open. */
void review_print(struct review_print *p, const struct review *r);

/* "2 conflicts to decide, 1 parallel edit" on cli->err, and where they are decided, if not here. */
void review_print_count(const struct review_print *p);

#endif
