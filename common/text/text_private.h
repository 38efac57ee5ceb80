/* What the files of text_merge share. */
#ifndef SATCHEL_TEXT_PRIVATE_H
#define SATCHEL_TEXT_PRIVATE_H

#include <sodium.h>

#include "text.h"

/* --- text_cut.c: where a text may be cut --- */

/* Texts are valid UTF-8; sizes and positions are in bytes. */

/* The size of the first paragraph of a text that is not empty: a line with its end, and the blank lines after it. */
size_t text_cut_paragraph(const uint8_t *p, size_t size);

/* The size of the first piece of a text that is not empty; *what is its sort. Cutting may begin at any cut: the cuts
 * after it are the same. */
enum text_piece {
    TEXT_WORD,
    TEXT_LINE_END,
    TEXT_LOOSE /* a punctuation mark, a run of white space: keeps no two edits apart */
};
size_t text_cut_piece(const uint8_t *p, size_t size, enum text_piece *what);

/* The bytes before the first word, from the start of a text or from a cut on; all, if there is no word. */
size_t text_cut_to_word(const uint8_t *p, size_t size);

/* 1: a line starts (ends) at `at`, which is a cut; 0: none does. */
int text_at_line_start(struct slice text, size_t at);
int text_at_line_end(struct slice text, size_t at);

/* --- text_script.c: the shortest way from one sequence to another --- */

/* Steps for one version. All versions together have twice that, so from three on each has an equal part. */
#define TEXT_WORK ((uint64_t)8 << 20)

struct text_sequence {
    const uint32_t *numbers;
    size_t count;
    uint8_t *marked; /* a flag for each number; the caller sets all to 0; 1: the number has no partner in the other */
};

/* Marks the numbers to take out of a and those to put in from b. The marks are as few as can be while *work lasts
 * (steps; each call counts it down), and then about as few. E_MEMORY. */
int text_script(struct text_sequence a, struct text_sequence b, uint64_t *work, struct error *e);

/* --- text_number.c: a text as a sequence of numbers --- */

/* What a text is cut into. A piece of TEXT_WORDS is a word and the text after it up to the next word; the first piece
 * has no word. */
enum text_pass { TEXT_PARAGRAPHS, TEXT_WORDS, TEXT_PIECES, TEXT_PASSES };

#define TEXT_NEW UINT32_MAX /* the number of a piece that the base does not have */

struct text_pieces {
    struct slice text;
    uint32_t *at;     /* count + 1: where each piece begins, then the end of the text */
    uint32_t *word;   /* how many bytes of each are compared: its word, or all */
    uint32_t *number; /* the index of the first piece of the base that equals it, or TEXT_NEW */
    size_t count, room;
};

/* The base of a merge, and for each pass the part of it that was numbered last. */
struct text_base {
    struct slice text;
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct text_part {
        struct text_pieces pieces;
        uint32_t *table;
        size_t slots;
    } parts[TEXT_PASSES];
};

void text_base_begin(struct text_base *b, struct slice text); /* the text must outlive *b; see text_base_free */
void text_base_free(struct text_base *b);

/* Cuts and numbers bytes from .. to of the base into b->parts[pass], if they are not what it has already. E_MEMORY. */
int text_number_base(struct text_base *b, enum text_pass pass, size_t from, size_t to, struct error *e);

/* Cuts a text, and numbers its pieces by those of b->parts[pass]. *p points into the text; it is freed with
 * text_pieces_free, on failure too. E_MEMORY. */
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

/* Appends to *out the edits that turn `base` into `other`, in their order; at least one piece between two of them
 * stays. version: what the hunks carry. work: steps, as for text_script. The caller frees out->p, on failure too.
 * E_MEMORY. */
int text_diff(struct text_base *base, struct slice other, unsigned version, uint64_t work, struct text_hunks *out,
              struct error *e);

#endif
