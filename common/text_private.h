/* What the files of text_merge share. */
#ifndef SATCHEL_TEXT_PRIVATE_H
#define SATCHEL_TEXT_PRIVATE_H

#include "text.h"

/* --- text_cut.c: where a text may be cut --- */

/* The bytes of the first paragraph of a text that is not empty: a line with its end, and the blank lines after it. */
size_t text_cut_paragraph(const uint8_t *p, size_t size);

/* The bytes of the first piece of a text that is not empty, and what it is. A text that is cut from a cut on is cut in
 * the same places. */
enum text_piece {
    TEXT_WORD,
    TEXT_LINE_END,
    TEXT_LOOSE /* a punctuation mark, a run of white space: keeps no two edits apart */
};
size_t text_cut_piece(const uint8_t *p, size_t size, enum text_piece *what);

/* Is `at`, where the text may be cut, where a line starts; where one ends? */
int text_at_line_start(struct slice text, size_t at);
int text_at_line_end(struct slice text, size_t at);

/* --- text_script.c: the shortest way from one sequence to another --- */

#define TEXT_WORK ((uint64_t)8 << 20)

/* Marks what has to leave a and what has to come from b. The marked flags come in zeroed. The fewest marks, as long as
 * *work lasts (steps; it is counted down and shared between calls); then about as few. E_MEMORY. */
int text_script(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count, uint8_t *a_marked,
                uint8_t *b_marked, uint64_t *work, struct error *e);

/* --- text_diff.c: the edits of one version --- */

/* base[base_from .. base_to) became other[from .. to), in bytes. One side may be empty, not both. */
struct text_hunk {
    size_t base_from, base_to, from, to;
    unsigned version;
};

struct text_hunks {
    struct text_hunk *p;
    size_t count, room;
};

/* Appends the edits that make `other` of `base`, in their order; between two of them at least one piece stays as it
 * is. E_MEMORY. */
int text_diff(struct slice base, struct slice other, unsigned version, struct text_hunks *out, struct error *e);

#endif
