/* Finds the edits of one version in three passes, each within the hunks of the one before:
 *
 *   paragraphs   paragraphs that are equal stay
 *   words        words alone: the text between words must not decide which words stay
 *   pieces       between words that stay, all pieces: words, marks, white space, line ends
 *
 * Each pass cuts both texts into pieces, gives equal pieces equal numbers (text_number.c), and finds the shortest
 * script from one sequence of numbers to the other (text_script.c). Runs of changed pieces are hunks. They are tidied,
 * so that one edit is the same hunk wherever the script might have put it: equal pieces at both ends of a hunk stay, a
 * hunk that can slide slides towards the end of the text, and hunks that touch become one. */
#include "text_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct text_base *base;
    struct slice other;
    unsigned version;
    uint64_t work;
    struct text_hunks *out;
    struct error *e;
};

/* The two sides of a comparison. */
struct sides {
    const struct text_pieces *base;
    struct text_pieces other;
    uint8_t *base_marked, *other_marked; /* one flag for each piece: it does not stay; one allocation for both */
};

/* --- hunks --- */

static int add_hunk(struct text_hunks *out, struct text_hunk hunk, struct error *e)
{
    if (out->count == out->room) {
        size_t room = out->room == 0 ? 64 : 2 * out->room;
        struct text_hunk *more = realloc(out->p, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        out->p = more;
        out->room = room;
    }
    out->p[out->count++] = hunk;
    return 0;
}

/* Finds the next hunk from (i, k) on, counted in pieces. 1: *h is it; 0: there are no more. */
static int next_hunk(const struct sides *s, uint32_t *i, uint32_t *k, struct text_hunk *h)
{
    size_t base_count = s->base->count, other_count = s->other.count;
    while (*i < base_count && *k < other_count && !s->base_marked[*i] && !s->other_marked[*k])
        (*i)++, (*k)++;
    h->base_from = *i;
    h->from = *k;
    while (*i < base_count && s->base_marked[*i])
        (*i)++;
    while (*k < other_count && s->other_marked[*k])
        (*k)++;
    h->base_to = *i;
    h->to = *k;
    return h->base_to > h->base_from || h->to > h->from;
}

/* Takes equal pieces off both ends of a hunk. A script that was bounded can have such. */
static void trim(const struct sides *s, struct text_hunk *h)
{
    const uint32_t *base = s->base->number, *other = s->other.number;
    while (h->base_from < h->base_to && h->from < h->to && base[h->base_from] == other[h->from])
        h->base_from++, h->from++;
    while (h->base_from < h->base_to && h->from < h->to && base[h->base_to - 1] == other[h->to - 1])
        h->base_to--, h->to--;
}

static int is_empty(const struct text_hunk *h)
{
    return h->base_from == h->base_to && h->from == h->to;
}

/* Slides an insertion or a deletion towards the end of the text, as far as it can before `limit`, where the next hunk
 * begins in the base: "a [b a] b" and "a b [a b]" are one edit, and become one hunk. */
static void slide(const struct sides *s, struct text_hunk *h, size_t limit)
{
    const uint32_t *base = s->base->number, *other = s->other.number;
    if (h->base_from == h->base_to)
        while (h->base_to < limit && other[h->from] == base[h->base_to])
            h->base_from++, h->base_to++, h->from++, h->to++;
    else if (h->from == h->to)
        while (h->base_to < limit && base[h->base_from] == base[h->base_to])
            h->base_from++, h->base_to++, h->from++, h->to++;
}

/* Finds all hunks, tidied, counted in pieces. */
static int find_hunks(const struct sides *s, struct text_hunks *out, struct error *e)
{
    struct text_hunk h = {0, 0, 0, 0, 0};
    uint32_t i = 0, k = 0;
    int code;
    while (next_hunk(s, &i, &k, &h)) {
        struct text_hunk *last = out->count == 0 ? NULL : &out->p[out->count - 1];
        trim(s, &h);
        if (is_empty(&h))
            continue;
        if (last != NULL)
            slide(s, last, h.base_from);
        if (last != NULL && last->base_to == h.base_from) {
            last->base_to = h.base_to;
            last->to = h.to;
            trim(s, last);
            out->count -= (size_t)is_empty(last);
        } else if ((code = add_hunk(out, h, e)) != 0) {
            return code;
        }
    }
    if (out->count != 0)
        slide(s, &out->p[out->count - 1], s->base->count);
    return 0;
}

static struct slice piece(const struct text_pieces *p, size_t i)
{
    return (struct slice){p->text.p + p->at[i], p->at[i + 1] - p->at[i]};
}

static int compare_texts(struct job *j, enum text_pass pass, struct text_hunk where);

/* Adds a hunk, in bytes, to the result, or compares its two sides by the next pass. */
static int deliver(struct job *j, enum text_pass pass, struct text_hunk h)
{
    if (pass == TEXT_PIECES || h.base_from == h.base_to || h.from == h.to)
        return add_hunk(j->out, h, j->e);
    return compare_texts(j, pass == TEXT_PARAGRAPHS ? TEXT_WORDS : TEXT_PIECES, h);
}

static int deliver_hunks(struct job *j, enum text_pass pass, const struct sides *s, struct text_hunk where,
                         const struct text_hunks *hunks)
{
    int code = 0;
    for (size_t i = 0; i < hunks->count && code == 0; i++) {
        const struct text_hunk *h = &hunks->p[i];
        code = deliver(j, pass,
                       (struct text_hunk){where.base_from + s->base->at[h->base_from],
                                          where.base_from + s->base->at[h->base_to], where.from + s->other.at[h->from],
                                          where.from + s->other.at[h->to], j->version});
    }
    return code;
}

/* Delivers the text between each two words that stay: what follows the first word, and the words of a hunk up to the
 * second. The first pieces of both sides have no word and stay, so that every hunk has a piece that stays before it. */
static int deliver_between_words(struct job *j, const struct sides *s, struct text_hunk where,
                                 const struct text_hunks *hunks)
{
    size_t next = 0, i = 0, k = 0;
    int code;
    while (i < s->base->count) {
        struct slice base = piece(s->base, i), other = piece(&s->other, k);
        struct text_hunk between = {s->base->at[i] + s->base->word[i], s->base->at[i + 1],
                                    s->other.at[k] + s->other.word[k], s->other.at[k + 1], j->version};
        int same = slice_equal(base, other);
        i++, k++;
        if (next < hunks->count && hunks->p[next].base_from == i) {
            i = hunks->p[next].base_to;
            k = hunks->p[next++].to;
            between.base_to = s->base->at[i];
            between.to = s->other.at[k];
            same = 0;
        }
        between.base_from += where.base_from;
        between.base_to += where.base_from;
        between.from += where.from;
        between.to += where.from;
        if (!same && (code = deliver(j, TEXT_WORDS, between)) != 0)
            return code;
    }
    return 0;
}

static int compare_texts(struct job *j, enum text_pass pass, struct text_hunk where)
{
    struct sides s = {&j->base->parts[pass].pieces, {{NULL, 0}, NULL, NULL, NULL, 0, 0}, NULL, NULL};
    struct slice other = {j->other.p + where.from, where.to - where.from};
    struct text_hunks hunks = {NULL, 0, 0};
    int code;
    if ((code = text_number_base(j->base, pass, where.base_from, where.base_to, j->e)) != 0 ||
        (code = text_number_other(j->base, pass, other, &s.other, j->e)) != 0)
        goto out;
    if ((s.base_marked = calloc(s.base->count + s.other.count + 1, 1)) == NULL) {
        code = error_memory(j->e);
        goto out;
    }
    s.other_marked = s.base_marked + s.base->count;
    if ((code = text_script((struct text_sequence){s.base->number, s.base->count, s.base_marked},
                            (struct text_sequence){s.other.number, s.other.count, s.other_marked}, &j->work, j->e)) !=
            0 ||
        (code = find_hunks(&s, &hunks, j->e)) != 0)
        goto out;
    code = pass == TEXT_WORDS ? deliver_between_words(j, &s, where, &hunks) : deliver_hunks(j, pass, &s, where, &hunks);
out:
    free(hunks.p);
    free(s.base_marked);
    text_pieces_free(&s.other);
    return code;
}

int text_diff(struct text_base *base, struct slice other, unsigned version, uint64_t work, struct text_hunks *out,
              struct error *e)
{
    struct job j = {base, other, version, work, out, e};
    struct text_hunk whole = {0, (uint32_t)base->text.size, 0, (uint32_t)other.size, version};
    assert(base->text.size <= TEXT_BYTES_MAX && other.size <= TEXT_BYTES_MAX);
    return compare_texts(&j, TEXT_PARAGRAPHS, whole);
}
