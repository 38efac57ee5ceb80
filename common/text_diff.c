/* The edits of one version, in three passes, each within what the one before found changed:
 *
 *   paragraphs   a paragraph that is equal to another stays
 *   words        then words alone: what stands between them must not decide which words stay
 *   pieces       then, between words that stay, everything: words, marks, white space, line ends
 *
 * Each pass cuts both texts into pieces, gives equal pieces equal numbers, and asks for the shortest script from one
 * sequence of numbers to the other. Runs of changed pieces are hunks. They are tidied, so that one edit is one hunk
 * wherever the script might have put it: equal pieces at both ends of a hunk stay, what can slide slides towards the
 * end of the text, and hunks that touch are one. */
#include "text_private.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A piece of the pass WORDS is a word with what follows it up to the next; the first piece has no word. */
enum pass { PARAGRAPHS, WORDS, PIECES };

/* One side of a comparison. */
struct pieces {
    struct slice text;
    uint32_t *at;   /* where each begins, and the end */
    uint32_t *word; /* the bytes of each that are compared: its word, or all */
    uint32_t *number;
    uint8_t *marked;
    size_t count, room;
};

struct job {
    struct slice base, other;
    unsigned version;
    uint64_t work;
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct text_hunks *out;
    struct error *e;
};

static int no_memory(struct error *e)
{
    return error_set(e, E_MEMORY, "there is no memory left to compare two versions of a text");
}

/* --- pieces and their numbers --- */

static void forget(struct pieces *p)
{
    free(p->at);
    free(p->word);
    free(p->number);
    free(p->marked);
}

/* The bytes of the next piece, and how many of them are compared. */
static size_t cut_one(struct slice rest, enum pass pass, int first, size_t *word)
{
    enum text_piece what;
    size_t at = 0;
    if (pass == PARAGRAPHS)
        return *word = text_cut_paragraph(rest.p, rest.size);
    if (pass == PIECES)
        return *word = text_cut_piece(rest.p, rest.size, &what);
    if (!first)
        at = text_cut_piece(rest.p, rest.size, &what);
    *word = at;
    while (at < rest.size) {
        size_t bytes = text_cut_piece(rest.p + at, rest.size - at, &what);
        if (what == TEXT_WORD)
            break;
        at += bytes;
    }
    return at;
}

static int make_room(struct pieces *p, struct error *e)
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
        return no_memory(e);
    p->room = room;
    return 0;
}

static int cut(struct pieces *p, enum pass pass, struct error *e)
{
    size_t at = 0, word;
    int code;
    while ((code = make_room(p, e)) == 0) {
        assert(p->at != NULL && p->word != NULL);
        p->at[p->count] = (uint32_t)at;
        if (at == p->text.size && (pass != WORDS || p->count > 0))
            break;
        at += cut_one((struct slice){p->text.p + at, p->text.size - at}, pass, p->count == 0, &word);
        p->word[p->count++] = (uint32_t)word;
    }
    if (code != 0)
        return code;
    p->number = malloc((p->count + 1) * sizeof *p->number);
    p->marked = calloc(p->count + 1, 1);
    return p->number == NULL || p->marked == NULL ? no_memory(e) : 0;
}

static struct slice piece(const struct pieces *p, size_t i)
{
    return (struct slice){p->text.p + p->at[i], p->at[i + 1] - p->at[i]};
}

static struct slice key(const struct pieces *p, size_t i)
{
    return (struct slice){p->text.p + p->at[i], p->word[i]};
}

/* The number of a piece is the place of the first that equals it, base first: the same whatever the hash is. The hash
 * is keyed, so that nobody can write a text whose pieces all fall on one place. */
static int number(struct job *j, struct pieces sides[2])
{
    size_t slots = 16, total = sides[0].count + sides[1].count;
    uint32_t *table;
    while (slots < 2 * total)
        slots *= 2;
    if ((table = calloc(slots, sizeof *table)) == NULL) /* number + 1; 0: free */
        return no_memory(j->e);
    for (size_t i = 0; i < total; i++) {
        size_t base_count = sides[0].count, own = i < base_count ? i : i - base_count, slot;
        struct pieces *side = &sides[i >= base_count];
        struct slice this = key(side, own);
        uint8_t hash[crypto_shorthash_BYTES];
        uint32_t start;
        (void)crypto_shorthash(hash, this.p, this.size, j->key);
        memcpy(&start, hash, sizeof start);
        for (slot = start & (slots - 1); table[slot] != 0; slot = (slot + 1) & (slots - 1)) {
            size_t there = table[slot] - 1;
            if (slice_equal(this, there < base_count ? key(&sides[0], there) : key(&sides[1], there - base_count)))
                break;
        }
        if (table[slot] == 0)
            table[slot] = (uint32_t)i + 1;
        side->number[own] = table[slot] - 1;
    }
    free(table);
    return 0;
}

/* --- hunks --- */

static int add(struct text_hunks *out, struct text_hunk hunk, struct error *e)
{
    if (out->count == out->room) {
        size_t room = out->room == 0 ? 64 : 2 * out->room;
        struct text_hunk *more = realloc(out->p, room * sizeof *more);
        if (more == NULL)
            return no_memory(e);
        out->p = more;
        out->room = room;
    }
    out->p[out->count++] = hunk;
    return 0;
}

/* The next hunk from (i, k) on, counted in pieces. Not 0: there is one. */
static int next_hunk(const struct pieces sides[2], size_t *i, size_t *k, struct text_hunk *h)
{
    const struct pieces *base = &sides[0], *other = &sides[1];
    while (*i < base->count && *k < other->count && !base->marked[*i] && !other->marked[*k])
        (*i)++, (*k)++;
    h->base_from = *i;
    h->from = *k;
    while (*i < base->count && base->marked[*i])
        (*i)++;
    while (*k < other->count && other->marked[*k])
        (*k)++;
    h->base_to = *i;
    h->to = *k;
    return h->base_to > h->base_from || h->to > h->from;
}

/* Pieces that are equal at both ends of a hunk stay as they are. A script that was bounded can have such. */
static void trim(const struct pieces sides[2], struct text_hunk *h)
{
    const uint32_t *base = sides[0].number, *other = sides[1].number;
    while (h->base_from < h->base_to && h->from < h->to && base[h->base_from] == other[h->from])
        h->base_from++, h->from++;
    while (h->base_from < h->base_to && h->from < h->to && base[h->base_to - 1] == other[h->to - 1])
        h->base_to--, h->to--;
}

static int is_empty(const struct text_hunk *h)
{
    return h->base_from == h->base_to && h->from == h->to;
}

/* What was only put in, or only taken out, may stand in several places: "a [b a] b", "a b [a b]". It slides as far as
 * it can before `limit`, where the next hunk begins in the base. */
static void slide(const struct pieces sides[2], struct text_hunk *h, size_t limit)
{
    const uint32_t *base = sides[0].number, *other = sides[1].number;
    if (h->base_from == h->base_to)
        while (h->base_to < limit && other[h->from] == base[h->base_to])
            h->base_from++, h->base_to++, h->from++, h->to++;
    else if (h->from == h->to)
        while (h->base_to < limit && base[h->base_from] == base[h->base_to])
            h->base_from++, h->base_to++, h->from++, h->to++;
}

/* All hunks, tidy, counted in pieces. */
static int find_hunks(const struct pieces sides[2], struct text_hunks *out, struct error *e)
{
    struct text_hunk h;
    size_t i = 0, k = 0;
    int code;
    while (next_hunk(sides, &i, &k, &h)) {
        struct text_hunk *last = out->count == 0 ? NULL : &out->p[out->count - 1];
        trim(sides, &h);
        if (is_empty(&h))
            continue;
        if (last != NULL)
            slide(sides, last, h.base_from);
        if (last != NULL && last->base_to == h.base_from) {
            last->base_to = h.base_to;
            last->to = h.to;
            trim(sides, last);
            out->count -= (size_t)is_empty(last);
        } else if ((code = add(out, h, e)) != 0) {
            return code;
        }
    }
    if (out->count != 0)
        slide(sides, &out->p[out->count - 1], sides[0].count);
    return 0;
}

static int compare(struct job *j, enum pass pass, struct text_hunk where);

/* A place in bytes: to the list, or to the next pass. */
static int deliver(struct job *j, enum pass pass, struct text_hunk h)
{
    if (pass == PIECES || h.base_from == h.base_to || h.from == h.to)
        return add(j->out, h, j->e);
    return compare(j, pass == PARAGRAPHS ? WORDS : PIECES, h);
}

static int deliver_hunks(struct job *j, enum pass pass, const struct pieces sides[2], struct text_hunk where,
                         const struct text_hunks *hunks)
{
    int code = 0;
    for (size_t i = 0; i < hunks->count && code == 0; i++) {
        const struct text_hunk *h = &hunks->p[i];
        code = deliver(j, pass,
                       (struct text_hunk){where.base_from + sides[0].at[h->base_from],
                                          where.base_from + sides[0].at[h->base_to], where.from + sides[1].at[h->from],
                                          where.from + sides[1].at[h->to], j->version});
    }
    return code;
}

/* Between two words that stay: what follows the first one, and the words of a hunk up to the second. The first pieces
 * of both sides have no word and stay, so that every hunk stands behind a word that stays. */
static int deliver_between_words(struct job *j, const struct pieces sides[2], struct text_hunk where,
                                 const struct text_hunks *hunks)
{
    size_t next = 0, i = 0, k = 0;
    int code;
    while (i < sides[0].count) {
        struct slice base = piece(&sides[0], i), other = piece(&sides[1], k);
        struct text_hunk between = {sides[0].at[i] + sides[0].word[i], sides[0].at[i + 1],
                                    sides[1].at[k] + sides[1].word[k], sides[1].at[k + 1], j->version};
        int same = slice_equal(base, other);
        i++, k++;
        if (next < hunks->count && hunks->p[next].base_from == i) {
            i = hunks->p[next].base_to;
            k = hunks->p[next++].to;
            between.base_to = sides[0].at[i];
            between.to = sides[1].at[k];
            same = 0;
        }
        between.base_from += where.base_from;
        between.base_to += where.base_from;
        between.from += where.from;
        between.to += where.from;
        if (!same && (code = deliver(j, WORDS, between)) != 0)
            return code;
    }
    return 0;
}

static int compare(struct job *j, enum pass pass, struct text_hunk where)
{
    struct pieces sides[2] = {
        {{j->base.p + where.base_from, where.base_to - where.base_from}, NULL, NULL, NULL, NULL, 0, 0},
        {{j->other.p + where.from, where.to - where.from}, NULL, NULL, NULL, NULL, 0, 0}};
    struct text_hunks hunks = {NULL, 0, 0};
    int code;
    if ((code = cut(&sides[0], pass, j->e)) != 0 || (code = cut(&sides[1], pass, j->e)) != 0 ||
        (code = number(j, sides)) != 0 ||
        (code = text_script(sides[0].number, sides[0].count, sides[1].number, sides[1].count, sides[0].marked,
                            sides[1].marked, &j->work, j->e)) != 0 ||
        (code = find_hunks(sides, &hunks, j->e)) != 0)
        goto out;
    code =
        pass == WORDS ? deliver_between_words(j, sides, where, &hunks) : deliver_hunks(j, pass, sides, where, &hunks);
out:
    free(hunks.p);
    forget(&sides[0]);
    forget(&sides[1]);
    return code;
}

int text_diff(struct slice base, struct slice other, unsigned version, struct text_hunks *out, struct error *e)
{
    struct job j = {base, other, version, TEXT_WORK, {0}, out, e};
    struct text_hunk whole = {0, base.size, 0, other.size, version};
    assert(base.size <= TEXT_BYTES_MAX && other.size <= TEXT_BYTES_MAX);
    crypto_shorthash_keygen(j.key);
    return compare(&j, PARAGRAPHS, whole);
}
