/* Turns a text into a sequence of numbers: cuts it into pieces, and gives equal pieces equal numbers.
 *
 * The base is compared with each version. The part of it that was cut and numbered for one version serves the next, if
 * that asks for the same part. It always does for paragraphs, and in texts of one paragraph.
 *
 * The number of a piece is the index of the first piece of the base's part that equals it, so the hash has no influence
 * on it. The hash is keyed, so that nobody can write a text whose pieces all fall into one slot. A piece of a version
 * that the base's part does not have gets TEXT_NEW: two such pieces are never compared with one another. */
#include "text_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    AHEAD = 3, /* how many pieces of the base are compared before the table is asked */
    LOST = 8   /* after so many pieces in a row for which the table was asked, the guess starts anew */
};

/* --- pieces --- */

/* The bytes of the next piece; *word: how many of them are compared. */
static size_t cut_one(struct slice rest, enum text_pass pass, int first, size_t *word)
{
    enum text_piece what;
    if (pass == TEXT_PARAGRAPHS)
        return *word = text_cut_paragraph(rest.p, rest.size);
    if (pass == TEXT_PIECES)
        return *word = text_cut_piece(rest.p, rest.size, &what);
    *word = first ? 0 : text_cut_piece(rest.p, rest.size, &what);
    return *word + text_cut_to_word(rest.p + *word, rest.size - *word);
}

static int room_for_piece(struct text_pieces *p, struct error *e)
{
    size_t room = p->room == 0 ? 64 : 2 * p->room;
    uint32_t *at, *word;
    if (p->count < p->room)
        return 0;
    if ((at = realloc(p->at, room * sizeof *at)) != NULL)
        p->at = at;
    if ((word = realloc(p->word, room * sizeof *word)) != NULL)
        p->word = word;
    if (at == NULL || word == NULL)
        return error_memory(e);
    p->room = room;
    return 0;
}

static int cut(struct text_pieces *p, enum text_pass pass, struct error *e)
{
    size_t at = 0, word;
    int code;
    while ((code = room_for_piece(p, e)) == 0) {
        assert(p->at != NULL && p->word != NULL);
        p->at[p->count] = (uint32_t)at;
        if (at == p->text.size)
            break;
        at += cut_one((struct slice){p->text.p + at, p->text.size - at}, pass, p->count == 0, &word);
        p->word[p->count++] = (uint32_t)word;
    }
    if (code != 0)
        return code;
    p->number = malloc((p->count + 1) * sizeof *p->number);
    return p->number == NULL ? error_memory(e) : 0;
}

static struct slice compared(const struct text_pieces *p, size_t i)
{
    return (struct slice){p->text.p + p->at[i], p->word[i]};
}

void text_pieces_free(struct text_pieces *p)
{
    free(p->at);
    free(p->word);
    free(p->number);
    memset(p, 0, sizeof *p);
}

/* --- the base --- */

void text_base_begin(struct text_base *b, struct slice text)
{
    memset(b, 0, sizeof *b);
    b->text = text;
    crypto_shorthash_keygen(b->key);
}

static void free_part(struct text_part *part)
{
    text_pieces_free(&part->pieces);
    free(part->table);
    memset(part, 0, sizeof *part);
}

void text_base_free(struct text_base *b)
{
    for (size_t i = 0; i < sizeof b->parts / sizeof *b->parts; i++)
        free_part(&b->parts[i]);
}

/* The slot of a part's table that has the piece; if none has, the free one for it. */
static size_t slot_of(const struct text_base *b, const struct text_part *part, struct slice piece)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t start;
    size_t slot;
    (void)crypto_shorthash(hash, piece.p, piece.size, b->key);
    memcpy(&start, hash, sizeof start);
    for (slot = start & (part->slots - 1); part->table[slot] != 0; slot = (slot + 1) & (part->slots - 1))
        if (slice_equal(piece, compared(&part->pieces, part->table[slot] - 1)))
            break;
    return slot;
}

static int number_part(const struct text_base *b, struct text_part *part, struct error *e)
{
    struct text_pieces *p = &part->pieces;
    part->slots = 16;
    while (part->slots < 2 * p->count)
        part->slots *= 2;
    if ((part->table = calloc(part->slots, sizeof *part->table)) == NULL) /* number + 1; 0: free */
        return error_memory(e);
    for (size_t i = 0; i < p->count; i++) {
        size_t slot = slot_of(b, part, compared(p, i));
        if (part->table[slot] == 0)
            part->table[slot] = (uint32_t)i + 1;
        p->number[i] = part->table[slot] - 1;
    }
    return 0;
}

int text_number_base(struct text_base *b, enum text_pass pass, size_t from, size_t to, struct error *e)
{
    struct text_part *part = &b->parts[pass];
    struct slice text = {b->text.p + from, to - from};
    int code;
    if (part->table != NULL && part->pieces.text.p == text.p && part->pieces.text.size == text.size)
        return 0;
    free_part(part);
    part->pieces.text = text;
    if ((code = cut(&part->pieces, pass, e)) != 0 || (code = number_part(b, part, e)) != 0)
        free_part(part);
    return code;
}

/* --- a version --- */

/* Most of a version is in the base, in the same order: so the next piece is first looked for behind the last one that
 * was found, without a hash. That only saves time; the numbers are the same. */
static void number_other(const struct text_base *b, const struct text_part *part, struct text_pieces *p)
{
    const struct text_pieces *base = &part->pieces;
    size_t next = 0, asked = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct slice piece = compared(p, i);
        size_t guess = next, end = base->count - next > AHEAD ? next + AHEAD : base->count;
        while (guess < end && !slice_equal(piece, compared(base, guess)))
            guess++;
        if (guess < end) {
            p->number[i] = base->number[guess];
            next = guess + 1;
            asked = 0;
            continue;
        }
        p->number[i] = part->table[slot_of(b, part, piece)] - 1;
        if (++asked >= LOST && p->number[i] != TEXT_NEW)
            next = p->number[i] + 1;
    }
}

int text_number_other(const struct text_base *b, enum text_pass pass, struct slice text, struct text_pieces *p,
                      struct error *e)
{
    int code;
    memset(p, 0, sizeof *p);
    p->text = text;
    if ((code = cut(p, pass, e)) == 0)
        number_other(b, &b->parts[pass], p);
    return code;
}
