/* Which client records may be of one person: candidates, each with the evidence for it, best first. It proposes; a
 * person looks at both and links them (person.h) or says that they are two people. Nothing is linked by itself.
 *
 * Compared are names (spelling, sound, order of the parts), dates of birth, identifiers, telephone, electronic mail and
 * address, with every live value where several are contested. Left out are voided records, records that are linked
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
    MATCH_NAME_SHARED,       /* one part in common, the others differ: as in a family */
    MATCH_NAME_DIFFERENT,
    MATCH_BIRTH_SAME,
    MATCH_BIRTH_SAME_YEAR, /* the first of January of one year: so a day that nobody knows is written */
    MATCH_BIRTH_SWAPPED,   /* day and month */
    MATCH_BIRTH_DIGIT,     /* one digit, or two that stand the wrong way round */
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
    int weight;        /* what it adds to the score */
    const char *a, *b; /* what the records say; NULL where there is nothing to quote */
};

struct match_pair {
    struct id a, b;              /* a is the smaller */
    const char *a_name, *b_name; /* what people call them; "" */
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
    /* What so many share that not all who share it were compared with each other over it. */
    size_t common_names, common_births, common_contacts;
    void *memory;
};

/* Among all clients of the store: at most `limit` pairs. E_MEMORY, or the store's errors; so match_one. */
int match_all(struct db *db, size_t limit, struct match_result *out, struct error *e);
/* Between one client and every other: nothing is too common here. */
int match_one(struct db *db, const struct id *client, size_t limit, struct match_result *out, struct error *e);
/* Freed in every case, on failure too; what a pair points to goes with it. */
void match_free(struct match_result *result);

const char *match_class_name(enum match_class class);
/* One piece of evidence as a sentence: "names are alike". quote: with what the records say, for the standard output
 * alone, as what goes to the standard error may end in a log. Returns out. */
char *match_words(const struct match_evidence *evidence, int quote, char *out, size_t out_max);

#endif
