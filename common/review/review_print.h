/* How the queue looks, for people and as JSON: the same from a laptop and from the office. */
#ifndef SATCHEL_REVIEW_PRINT_H
#define SATCHEL_REVIEW_PRINT_H

#include "cli.h"
#include "review.h"

struct review_print {
    struct db *db;
    struct cli *cli;
    uint64_t now_ms; /* the reader's clock: what is printed beside a time as its age, and nothing else */
    int decides;     /* the reader can decide: print the command that does */
    /* A value as the program shows it, on cli->out: words whose later lines begin with `indent` spaces, or JSON. */
    void (*value)(void *arg, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                  int indent);
    /* Who wrote what of a text that was brought together: lines with an indent, or a JSON object. NULL: not said. */
    void (*merged)(void *arg, const struct record_field *field, int indent);
    void *arg;
    size_t loud, quiet; /* printed so far */
};

/* One conflict. In JSON: an object, with a comma before it where it is not the first. */
void review_print(struct review_print *p, const struct review *r);

/* "2 conflicts to decide, 1 parallel edit" on cli->err, and where they are decided, if not here. */
void review_print_count(const struct review_print *p);

#endif
