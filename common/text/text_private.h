/* What the files of text_merge share. */
#ifndef SATCHEL_TEXT_PRIVATE_H
#define SATCHEL_TEXT_PRIVATE_H

#include <sodium.h>

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

/* The bytes before the first word, at the start of a text or behind a piece; all, if there is none. */
size_t text_cut_to_word(const uint8_t *p, size_t size);

/* Is `at`, where the text may be cut, where a line starts; where one ends? */
int text_at_line_start(struct slice text, size_t at);
int text_at_line_end(struct slice text, size_t at);

/* --- text_script.c: the shortest way from one sequence to another --- */

/* For one version, and twice that for all together: of three and more each has an equal part. */
#define TEXT_WORK ((uint64_t)8 << 20)

struct text_sequence {
    const uint32_t *numbers;
    size_t count;
    uint8_t *marked; /* a flag for each number, not 0: it is not in the other sequence at its place; zeroed before */
};

/* Marks what has to leave a and what has to come from b. The fewest marks, as long as *work lasts (steps; it is counted
 * down and shared between calls); then about as few. E_MEMORY. */
int text_script(struct text_sequence a, struct text_sequence b, uint64_t *work, struct error *e);

/* --- text_number.c: a text as a sequence of numbers --- */

/* What a text is cut into. A piece of the pass WORDS is a word with what follows it up to the next; the first one has
 * no word. */
enum text_pass { TEXT_PARAGRAPHS, TEXT_WORDS, TEXT_PIECES, TEXT_PASSES };

#define TEXT_NEW UINT32_MAX /* the number of what the base has not */

struct text_pieces {
    struct slice text;
    uint32_t *at;     /* where each begins, and the end */
    uint32_t *word;   /* the bytes of each that are compared: its word, or all */
    uint32_t *number; /* those of the base are equal where the pieces are; those of a version say which of the base's */
    size_t count, room;
};

/* The base of a merge; for each pass the part of it that was asked for last. */
struct text_base {
    struct slice text;
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct text_part {
        struct text_pieces pieces;
        uint32_t *table;
        size_t slots;
    } parts[TEXT_PASSES];
};

void text_base_begin(struct text_base *b, struct slice text); /* the text has to stay */
void text_base_free(struct text_base *b);

/* Has b->parts[pass] be what stands in from .. to of the base, cut and numbered. E_MEMORY. */
int text_number_base(struct text_base *b, enum text_pass pass, size_t from, size_t to, struct error *e);

/* Cuts and numbers a text by what b->parts[pass] has. Freed with text_pieces_free, on failure too. E_MEMORY. */
int text_number_other(const struct text_base *b, enum text_pass pass, struct slice text, struct text_pieces *p,
                      struct error *e);
void text_pieces_free(struct text_pieces *p);

/* --- text_diff.c: the edits of one version --- */

/* base[base_from .. base_to) became other[from .. to), in bytes. One side may be empty, not both. */
struct text_hunk {
    uint32_t base_from, base_to, from, to;
    uint32_t version;
};

struct text_hunks {
    struct text_hunk *p;
    size_t count, room;
};

/* Appends the edits that make `other` of `base`, in their order; between two of them at least one piece stays as it
 * is. work: as for text_script. E_MEMORY. */
int text_diff(struct text_base *base, struct slice other, unsigned version, uint64_t work, struct text_hunks *out,
              struct error *e);

#endif
