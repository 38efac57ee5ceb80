/* The review queue: who is to decide a conflict, since when it waits, what each of its authors wrote and had seen, and
 * a sentence that says what happened. It is a pure function of the store: nothing here depends on the reader's clock,
 * and two stores with the same content give the same queue. docs/MERGE.md, "The review queue", has the rules.
 *
 * Every function that takes an error fails with E_MEMORY, with the store's errors (db.h), and with those that it names.
 * Times are milliseconds since 1970. */
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
#define REVIEW_SEEN_MAX 8   /* values that an author had seen; the ops beyond these are only counted */
#define REVIEW_AGE 32       /* bytes, with NUL */

/* What the author of one live op had seen on the field: the values of the ops that it supersedes. If seen_count, more
 * and unknown are all 0, the author had seen no value. */
struct review_value {
    struct slice seen[REVIEW_SEEN_MAX]; /* each value once */
    size_t seen_count;
    size_t more;    /* further ops, not looked at */
    size_t unknown; /* ops that are not here: a compact caseload has no dead ones, or they were erased by law */
};

/* Of a contested void: a live op of another field that the first void does not list. Of a contested closing: a live op
 * anywhere in the case, that one who closed had not seen. */
struct review_beside {
    struct dot dot;
    unsigned field;
    struct id author;
    uint64_t hlc, wall_ms, received_ms;
    uint64_t position; /* MERGE_NOT_ACCEPTED: the office does not have it; then received_ms means nothing */
    /* Of a contested closing alone: */
    struct id record;
    unsigned kind;
    int removes; /* 1: it takes the value out of a set */
    struct slice value;
};

struct review {
    struct record_conflict conflict;
    struct record_field field;   /* the live ops, in the order in which they are shown and numbered */
    struct review_value *values; /* one for each live op */
    struct review_beside *beside;
    size_t beside_count;
    struct id *owners; /* users who are to decide, the first of them before all; none only if no user has such a role */
    size_t owner_count;
    /* When it became a conflict. at_office 1: when the office received it; 0: the office does not have it yet, and the
     * time is by the clock of its author's laptop, which is evidence and not truth. */
    uint64_t since_ms;
    int at_office;
    char code[REVIEW_CODE];
    char sentence[REVIEW_SENTENCE]; /* "Two people changed the risk without seeing each other's change" */
};

/* Loads all of one conflict. *out is freed with review_free, on failure too. E_VERIFY: the store cannot be read. */
int review_load(struct db *db, const struct record_conflict *conflict, struct review *out, struct error *e);
void review_free(struct review *r);

/* Calls `each` for the whole queue, of records that are not voided: loud conflicts first, then the oldest first (those
 * that the office does not have yet come after all that it has), then by record and field. Each review is freed
 * after the callback. Stops at the first callback that returns non-zero, and returns that. */
int review_each(struct db *db, int (*each)(void *arg, const struct review *r, struct error *e), void *arg,
                struct error *e);

/* 1: this user is one of the owners; 0: not. */
int review_owns(const struct review *r, const struct id *user);
/* 1: it is the closing of a case or plan that is contested, and this user closed it, or wrote what was not seen then;
 * 0: not. */
int review_concerns(const struct review *r, const struct id *user);

/* Lists what contests the closing that a status of a record says (record_closing_contest), op by op in the office's
 * order; none if nobody contests it. *ops is freed with review_unseen_free; on failure it is NULL. (review_closing.c)
 */
int review_unseen(struct db *db, const struct id *record, const struct schema_field *field, struct review_beside **ops,
                  size_t *count, struct error *e);
/* The status that a record of this kind gets when it is opened again. */
const char *review_reopened(const struct schema_kind *kind);
void review_unseen_free(struct review_beside *ops, size_t count);

/* Writes the name of the import that an op came with, "the import of hmis, export of 2026-05-01 10:00 CEST". 1: done;
 * 0: it came with none, or is not in this store, and out is ""; -1: failed. (review_import.c) */
#define REVIEW_IMPORT 256 /* bytes, with NUL */
int review_import(struct db *db, const struct dot *dot, char out[REVIEW_IMPORT], struct error *e);

/* Writes the sentence anew if an import and a person changed one field. Errors: the store's. */
int review_import_sentence(struct db *db, struct review *r, struct error *e);

/* "conflict" (loud 1): it matters, and a person must decide. "parallel edit" (loud 0): it does not, and is kept for
 * review. */
const char *review_label(int loud);

/* Writes the code of what somebody saw of a field: 24 bits of a digest of its live ops, in the order in which they are
 * numbered. A user who gives the code back decides over these ops and no others. The code of the void field covers all
 * live ops of the record, since a void lists those, and that of a closing what contests it. The field need not be in
 * conflict. On failure out is "". */
int review_code(struct db *db, const struct id *record, const struct schema_field *field, const struct record_field *f,
                char out[REVIEW_CODE], struct error *e);

/* Lists the users who are to decide over a record of a scope (the zero scope: a record of all the office), each once,
 * the first of them first. *owners is freed with free; on failure it is NULL. (review_owner.c) */
int review_owners(struct db *db, const struct id *scope, int loud, struct id **owners, size_t *count, struct error *e);
/* Finds the worker who answers for a case, or for a client. E_NOT_FOUND: the case is assigned to nobody, or no case of
 * the client is to anybody. */
int review_responsible(struct db *db, const struct id *scope, struct id *user, struct error *e);

/* Writes how long ago since_ms is, in words: "3 days"; "less than a minute" if the reader's clock is behind. Returns
 * out. */
const char *review_age(uint64_t since_ms, uint64_t now_ms, char out[REVIEW_AGE]);

#endif
