/* Finds client records that may be of one person: candidates, each with the evidence for it, best first. The program
 * only proposes; a person looks at both and links them (person.h) or marks them as two people.
 *
 * It compares names (spelling, sound, order of the parts), dates of birth, identifiers, telephone, electronic mail and
 * address; of a contested field it compares every live value. It leaves out voided records, records that are linked
 * already, and those that somebody marked as different people. What each piece of evidence weighs, and why:
 * docs/DUPLICATES.md. */
#ifndef SATCHEL_MATCH_H
#define SATCHEL_MATCH_H

#include <stddef.h>

#include "db.h"
#include "error.h"
#include "id.h"

enum match_class {
    MATCH_NONE,
    MATCH_POSSIBLE,
    MATCH_LIKELY,
    MATCH_CONTRADICTED /* linked as one person, and marked as different: a person must look */
};

enum match_reason {
    MATCH_NAME_SAME,
    MATCH_NAME_PART_MISSING, /* the same but for a part that one of them lacks */
    MATCH_NAME_ALIKE,        /* by a letter or two, or by their sound */
    MATCH_NAME_SHARED,       /* one part in common, the others differ, as in a family */
    MATCH_NAME_DIFFERENT,
    MATCH_BIRTH_SAME,
    MATCH_BIRTH_SAME_YEAR, /* the same first of January, which people write if nobody knows the day */
    MATCH_BIRTH_SWAPPED,   /* day and month */
    MATCH_BIRTH_DIGIT,     /* one digit differs, or two neighbours are swapped */
    MATCH_BIRTH_UNKNOWN_DAY,
    MATCH_BIRTH_DIFFERENT,
    MATCH_IDENTIFIER,
    MATCH_IDENTIFIER_DIFFERENT, /* two numbers of one sort */
    MATCH_PHONE,
    MATCH_EMAIL,
    MATCH_ADDRESS,
    MATCH_BOTH_MARKS, /* of MATCH_CONTRADICTED */
    MATCH_REASONS
};

#define MATCH_EVIDENCE_MAX 8
struct match_evidence {
    enum match_reason reason;
    int weight;        /* what it adds to the score, in bits (docs/DUPLICATES.md) */
    const char *a, *b; /* what the two records say; NULL: there is nothing to quote */
};

struct match_pair {
    struct id a, b;              /* a is the smaller */
    const char *a_name, *b_name; /* the first of each record's names; "": none */
    enum match_class class;
    int score;
    size_t count;
    struct match_evidence evidence[MATCH_EVIDENCE_MAX];
};

struct match_result {
    size_t count;
    struct match_pair *pairs; /* contradicted first, then likely, then possible; then by score, then by ids */
    size_t more;              /* pairs beyond the limit */
    size_t clients;           /* records that were compared */
    /* How many values (of names, births, contacts) so many clients share that they were not compared over them. */
    size_t common_names, common_births, common_contacts;
    void *memory; /* what the pairs point to */
};

/* Finds at most `limit` pairs among all clients of the store. *out is freed with match_free, on failure too. E_MEMORY,
 * or the store's errors (db.h); match_one fails likewise. */
int match_all(struct db *db, size_t limit, struct match_result *out, struct error *e);
/* Finds at most `limit` pairs of one client and any other: it is compared with all, and nothing counts as too common.
 * If the client is not in the store, or voided, there are none. */
int match_one(struct db *db, const struct id *client, size_t limit, struct match_result *out, struct error *e);
/* Frees a result, and all that its pairs point to. */
void match_free(struct match_result *result);

/* "none", "possible", "likely" or "contradicted". */
const char *match_class_name(enum match_class class);
/* Writes one piece of evidence in words into out: "the same name". quote 1: with what the records say. That is for the
 * standard output alone, since the standard error may end in a log. What does not fit into out_max bytes is cut.
 * Returns out. */
char *match_words(const struct match_evidence *evidence, int quote, char *out, size_t out_max);

#endif
