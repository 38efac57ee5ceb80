/* The three-way merge of texts: merges the versions that several people made of one text without having seen each
 * other's words, by paragraph and then by word. docs/MERGE.md, "Texts", has the rule.
 *
 *   - All edits that stand apart apply. Edits that do not are an overlap: each version of that part of the text is kept
 *     whole, beside the others, never interleaved. Equal edits count once.
 *   - The merge changes nothing that a person typed: every piece of the result is a slice of a text that the caller
 *     passed, cut between characters.
 *   - The result depends only on the base and the set of (dot, text), not on the order in which the versions are
 *     passed.
 *   - Time and memory are bounded, whatever the texts are: time by a fixed number of steps for all versions and a
 *     multiple of the texts' size; memory by about 70 bytes for each byte of the base and of the longest version and 40
 *     for each byte of the others. If the steps run out, edits are coarser than they need be, and are the same on every
 *     machine. */
#ifndef SATCHEL_TEXT_H
#define SATCHEL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "dot.h"
#include "error.h"
#include "pack.h"

/* The version of the rule. A result that is kept or shown later names the version that made it. A change of the rule
 * that could alter any result gets the next number, and the old rule stays beside it. */
#define TEXT_RULE 1

#define TEXT_VERSIONS_MAX 64
#define TEXT_BYTES_MAX ((size_t)2 << 20)       /* of one text */
#define TEXT_BYTES_TOGETHER ((size_t)16 << 20) /* of the base and all versions together */

struct text_version {
    struct dot dot;
    struct slice text; /* valid UTF-8 */
};

/* A set of versions: bit i stands for the i-th version in the order of dots. */
typedef uint64_t text_writers;

enum text_form {
    TEXT_COMMON, /* of the base, unchanged in every version */
    TEXT_EDIT,   /* replaces `base`; an empty text: `base` was deleted */
    TEXT_OVERLAP /* there are at least two alternatives */
};

struct text_segment {
    enum text_form form;
    struct slice text;    /* COMMON, EDIT */
    struct slice base;    /* the part of the base that this segment is made of; empty: the segment was inserted */
    text_writers writers; /* EDIT: who made it; OVERLAP: all who have an alternative; COMMON: nobody */
    size_t first, count;  /* OVERLAP: alternatives[first .. first + count) */
};

/* One wording of an overlap, whole. The alternatives of an overlap are in the order of their first writers' dots. */
struct text_alternative {
    struct slice text; /* empty: these writers deleted it */
    text_writers writers;
};

struct text_merged {
    unsigned rule; /* TEXT_RULE */
    size_t version_count;
    size_t order[TEXT_VERSIONS_MAX]; /* versions[order[i]], as the caller passed them, is the i-th in order of dots */
    size_t overlaps;                 /* 0: the merge is clean */
    size_t segment_count;
    struct text_segment *segments; /* in the order of the text; in none are both `text` and `base` empty */
    size_t alternative_count;
    struct text_alternative *alternatives;
};

/* Merges the versions that were written over `base`. If there are none, the result is the base. *out points into `base`
 * and the versions' texts, which must outlive it; it is freed with text_merged_free, on failure too. E_LIMIT: more than
 * the limits above allow (nothing was allocated). E_INPUT: a text is not UTF-8, or two versions have one dot.
 * E_MEMORY. */
int text_merge(struct slice base, const struct text_version *versions, size_t count, struct text_merged *out,
               struct error *e);
void text_merged_free(struct text_merged *m);

#endif
