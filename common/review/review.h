/* The review queue: whose turn a conflict is, since when it waits, what each of its authors wrote and had seen, and a
 * sentence that says what happened. A pure function of the store: nothing here depends on the reader's clock, and two
 * stores that hold the same say the same. docs/MERGE.md, "The review queue", has the rules.
 *
 * What takes an error fails with E_MEMORY, with the store's errors (db.h), and with what else it names. */
#ifndef SATCHEL_REVIEW_H
#define SATCHEL_REVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "error.h"
#include "record.h"
#include "schema.h"

#define REVIEW_CODE 7       /* six lower-case hex digits and NUL */
#define REVIEW_SENTENCE 256 /* bytes, with NUL */
#define REVIEW_SEEN_MAX 8   /* values that an author had seen; what is more is counted */
#define REVIEW_AGE 32

/* What the author of one live op had seen on the field: the values of the ops that it supersedes. Where seen_count,
 * more and unknown are all 0, nothing. */
struct review_value {
    struct slice seen[REVIEW_SEEN_MAX]; /* each value once */
    size_t seen_count;
    size_t more;    /* further ops, not looked at */
    size_t unknown; /* ops that are not in this store: a compact caseload leaves out what is dead; or erased by law */
};

/* Of a contested void: an op that lives on another field, and that the first void did not list. */
struct review_beside {
    struct dot dot;
    unsigned field;
    struct id author;
    uint64_t wall_ms, received_ms;
    uint64_t position; /* MERGE_NOT_ACCEPTED: the office has not got it */
};

struct review {
    struct record_conflict conflict;
    struct record_field field;   /* the live ops, in the order in which they are shown and numbered */
    struct review_value *values; /* one for each of them */
    struct review_beside *beside;
    size_t beside_count;
    struct id *owners; /* users who are to decide, the first of them before all; never none where an office works */
    size_t owner_count;
    uint64_t since_ms; /* when it became a conflict: by the office's receipt, or, while the office has not got it... */
    int at_office;     /* ...(0 here), by the clock of its author's laptop: evidence, not truth */
    char code[REVIEW_CODE];
    char sentence[REVIEW_SENTENCE]; /* "Two people changed the risk without seeing each other's change" */
};

/* All of one conflict. Freed with review_free, on failure too. E_MEMORY, E_VERIFY (the store cannot be read). */
int review_load(struct db *db, const struct record_conflict *conflict, struct review *out, struct error *e);
void review_free(struct review *r);

/* The whole queue, of records that are not voided: loud ones first, then the oldest first (what is not at the office
 * yet after all that is); then by record and field. Each is freed after the callback. Stops at the first non-zero
 * return and returns it. */
int review_each(struct db *db, int (*each)(void *arg, const struct review *r, struct error *e), void *arg,
                struct error *e);

/* Is this user among the owners? */
int review_owns(const struct review *r, const struct id *user);

/* "conflict": it matters, and a person must decide. "parallel edit": it does not; it is kept for review. */
const char *review_label(int loud);

/* The code stands for what somebody saw of a field: 24 bits of a digest of its live ops, in the order in which they are
 * numbered. Whoever hands it back decides over these and no others. Of the void field it stands for all that lives on
 * the record, since a void lists that. `field` may be agreed as well. */
int review_code(struct db *db, const struct id *record, const struct schema_field *field, const struct record_field *f,
                char out[REVIEW_CODE], struct error *e);

/* Who is to decide over a record of a scope (the zero scope: what is office-wide): review_owner.c. *owners is freed
 * with free; each stands in it once. */
int review_owners(struct db *db, const struct id *scope, int loud, struct id **owners, size_t *count, struct error *e);
/* The worker who answers for a case, or for a person. E_NOT_FOUND: nobody holds it. */
int review_responsible(struct db *db, const struct id *scope, struct id *user, struct error *e);

/* How long ago, in words, for a reader: "3 days"; "less than a minute" where the reader's clock is behind. */
const char *review_age(uint64_t since_ms, uint64_t now_ms, char out[REVIEW_AGE]);

#endif
