/* The three-way merge of texts: what several people made of one text without having seen each other's words, brought
 * together by paragraph and then by word. docs/MERGE.md, "Texts", has the rule.
 *
 *   - Edits that stand apart all apply. Edits that do not are an overlap: each version of that place is kept whole,
 *     beside the others, never interleaved. Edits that are equal count once.
 *   - Nothing that a person typed is changed on the way: every piece of the result is a slice of what was handed in,
 *     cut between characters.
 *   - The result depends on the base and on the set of (dot, text) alone: not on the order in which they are handed in.
 *   - Time and memory are bounded, whatever the texts are: time by a fixed number of steps for all versions and a
 *     multiple of the texts' size; memory by some 70 bytes for each byte of the base and of the longest version and 40
 *     for each byte of the others. Where the steps run out edits come out coarser than they need be, the same ones
 *     everywhere. */
#ifndef SATCHEL_TEXT_H
#define SATCHEL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "dot.h"
#include "error.h"
#include "pack.h"

/* The rule's version. A result that is kept or shown later names the version that made it; any change of the rule that
 * could alter a single result gets the next number, and the old rule stays beside it. */
#define TEXT_RULE 1

#define TEXT_VERSIONS_MAX 64
#define TEXT_BYTES_MAX ((size_t)2 << 20)       /* of one text */
#define TEXT_BYTES_TOGETHER ((size_t)16 << 20) /* of all that is handed in */

struct text_version {
    struct dot dot;
    struct slice text; /* valid UTF-8 */
};

/* Who: bit i stands for the i-th version in the order of dots. */
typedef uint64_t text_writers;

enum text_form {
    TEXT_COMMON, /* stands in the base and was left as it is */
    TEXT_EDIT,   /* stands in place of `base`; empty where that was taken out */
    TEXT_OVERLAP /* there are at least two alternatives */
};

struct text_segment {
    enum text_form form;
    struct slice text;    /* COMMON, EDIT */
    struct slice base;    /* what stood here; empty where something was put in between */
    text_writers writers; /* EDIT: who made it; OVERLAP: all who have an alternative; COMMON: nobody */
    size_t first, count;  /* OVERLAP: alternatives[first .. first + count) */
};

/* One version of the place of an overlap, whole. Alternatives stand in the order of their first writers' dots. */
struct text_alternative {
    struct slice text; /* may be empty: taken out */
    text_writers writers;
};

struct text_merged {
    unsigned rule; /* TEXT_RULE */
    size_t version_count;
    size_t order[TEXT_VERSIONS_MAX]; /* versions[order[i]], as they were handed in, is the i-th in the order of dots */
    size_t overlaps;                 /* 0: the merge is clean */
    size_t segment_count;
    struct text_segment *segments; /* in the order of the text; none is empty on both sides */
    size_t alternative_count;
    struct text_alternative *alternatives;
};

/* Merges the versions that were written over `base`. The result points into what was handed in, which has to stay. No
 * versions: the base. Freed with text_merged_free, on failure too.
 * E_LIMIT: more than the limits above allow (nothing was allocated). E_INPUT: a text is not UTF-8, or two versions have
 * one dot. E_MEMORY. */
int text_merge(struct slice base, const struct text_version *versions, size_t count, struct text_merged *out,
               struct error *e);
void text_merged_free(struct text_merged *m);

#endif
