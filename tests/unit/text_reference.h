/* The rule of the text merge once more, as plainly as it can be written, for small texts of ideographs (each a word),
 * ideographic commas (punctuation) and line feeds: tables, no bounds, loops over everything.
 *
 * It knows only texts whose alignment leaves no choice: there is one longest common subsequence of paragraphs, and one
 * of words within each pair of changed paragraphs. For others it says so. */
#ifndef SATCHEL_TEXT_REFERENCE_H
#define SATCHEL_TEXT_REFERENCE_H

#include "text_world.h"

enum { SIGNS = 64, REFERENCE_VERSIONS = 4, EDITS = REFERENCE_VERSIONS * SIGNS };
enum { LINE_FEED = 0, COMMA = 1 }; /* from 2 on: ideographs */

struct signs {
    int at[SIGNS];
    int count;
};

struct edit_of {
    int base_from, base_to, from, to, who, place;
};

static inline void write_sign(struct shown *out, int sign)
{
    char ideograph[4] = "\xe4\xb8\x80";
    ideograph[2] = (char)(0x80 + sign);
    show_words(out, sign == LINE_FEED ? "\n" : sign == COMMA ? "\xe3\x80\x81" : ideograph);
}

static inline void write_signs(struct shown *out, const struct signs *s, int from, int to)
{
    for (int i = from; i < to; i++)
        write_sign(out, s->at[i]);
}

/* The one longest common subsequence of a and b into match (index in b, or -1); 0: there are several. */
static inline int align(const int *a, int n, const int *b, int m, int *match)
{
    static int longest[SIGNS + 1][SIGNS + 1];
    static double ways[SIGNS + 1][SIGNS + 1]; /* to choose the pairs of it */
    for (int i = 0; i <= n; i++)
        for (int k = 0; k <= m; k++) {
            int equal = i > 0 && k > 0 && a[i - 1] == b[k - 1], *l = &longest[i][k];
            double *w = &ways[i][k];
            *l = 0;
            *w = 1;
            if (i == 0 || k == 0)
                continue;
            *l = longest[i - 1][k] > longest[i][k - 1] ? longest[i - 1][k] : longest[i][k - 1];
            if (equal && longest[i - 1][k - 1] + 1 > *l)
                *l = longest[i - 1][k - 1] + 1;
            *w = equal && *l == longest[i - 1][k - 1] + 1 ? ways[i - 1][k - 1] : 0;
            *w += *l == longest[i - 1][k] ? ways[i - 1][k] : 0;
            *w += *l == longest[i][k - 1] ? ways[i][k - 1] : 0;
            *w -= *l == longest[i - 1][k - 1] ? ways[i - 1][k - 1] : 0;
        }
    for (int i = 0; i < n; i++)
        match[i] = -1;
    for (int i = n, k = m; i > 0 && k > 0;)
        if (longest[i][k] == longest[i - 1][k])
            i--;
        else if (longest[i][k] == longest[i][k - 1])
            k--;
        else
            match[--i] = --k;
    return ways[n][m] == 1;
}

/* Where each paragraph begins; returns how many there are. */
static inline int paragraphs(const struct signs *s, int *begin)
{
    int count = 0;
    for (int i = 0; i < s->count; i++)
        if (i == 0 || (s->at[i - 1] == LINE_FEED && s->at[i] != LINE_FEED))
            begin[count++] = i;
    begin[count] = s->count;
    return count;
}

/* Equal paragraphs get equal numbers. */
static inline void number_paragraphs(const struct signs *s[2], int begin[2][SIGNS + 1], const int *count,
                                     int number[2][SIGNS])
{
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < count[side]; i++) {
            number[side][i] = side * SIGNS + i;
            for (int other = side; other >= 0; other--)
                for (int k = (other == side ? i : count[other]) - 1; k >= 0; k--) {
                    int size = begin[side][i + 1] - begin[side][i];
                    if (size == begin[other][k + 1] - begin[other][k] &&
                        memcmp(s[side]->at + begin[side][i], s[other]->at + begin[other][k],
                               (size_t)size * sizeof(int)) == 0)
                        number[side][i] = number[other][k];
                }
        }
}

/* Matches what stays of base[from .. to) in version[w_from .. w_to): first words alone, then everything between two
 * words that stay. 0: there is a choice. */
static inline int match_words(const struct signs *base, int from, int to, const struct signs *version, int w_from,
                              int w_to, int *match)
{
    int word[2][SIGNS], at[2][SIGNS + 1], n[2] = {0, 0}, own[SIGNS];
    for (int i = from; i < to; i++)
        if (base->at[i] > COMMA) {
            word[0][n[0]] = base->at[i];
            at[0][n[0]++] = i;
        }
    for (int i = w_from; i < w_to; i++)
        if (version->at[i] > COMMA) {
            word[1][n[1]] = version->at[i];
            at[1][n[1]++] = i;
        }
    if (!align(word[0], n[0], word[1], n[1], own))
        return 0;
    for (int w = 0; w < n[0]; w++)
        match[at[0][w]] = own[w] < 0 ? -1 : at[1][own[w]];
    for (int i = from, k = w_from; i <= to; i++, k++) {
        int last = i, k_last, between[SIGNS];
        while (last < to && match[last] < 0)
            last++;
        k_last = last < to ? match[last] : w_to;
        if (!align(base->at + i, last - i, version->at + k, k_last - k, between))
            return 0;
        for (int w = i; w < last; w++)
            match[w] = between[w - i] < 0 ? -1 : k + between[w - i];
        i = last;
        k = k_last;
    }
    return 1;
}

/* Appends the edits from base to version; 0: the alignment leaves a choice. */
static inline int edits_of(const struct signs *base, const struct signs *version, int who, struct edit_of *edits,
                           int *count)
{
    const struct signs *s[2] = {base, version};
    int begin[2][SIGNS + 1], number[2][SIGNS], lines[SIGNS], match[SIGNS], n[2];
    /* 1. The paragraphs that stay keep their signs. */
    for (int side = 0; side < 2; side++)
        n[side] = paragraphs(s[side], begin[side]);
    number_paragraphs(s, begin, n, number);
    if (!align(number[0], n[0], number[1], n[1], lines))
        return 0;
    for (int i = 0; i < base->count; i++)
        match[i] = -1;
    for (int i = 0, k = 0; i <= n[0]; i++) {
        /* 2. Between two that stay, words are compared. */
        int last = i, from, to, words_from, words_to;
        while (last < n[0] && lines[last] < 0)
            last++;
        from = begin[0][i];
        to = begin[0][last];
        words_from = begin[1][k];
        words_to = begin[1][last < n[0] ? lines[last] : n[1]];
        if (from < to && words_from < words_to && !match_words(base, from, to, version, words_from, words_to, match))
            return 0;
        if (last < n[0])
            for (int w = begin[0][last]; w < begin[0][last + 1]; w++)
                match[w] = words_to + w - begin[0][last];
        k = last < n[0] ? lines[last] + 1 : n[1];
        i = last;
    }
    /* 3. What is not matched is an edit. */
    for (int i = 0, k = 0; i < base->count || k < version->count;) {
        struct edit_of e = {i, i, k, k, who, 0};
        if (i < base->count && match[i] == k) {
            i++, k++;
            continue;
        }
        while (e.base_to < base->count && match[e.base_to] < 0)
            e.base_to++;
        e.to = e.base_to < base->count ? match[e.base_to] : version->count;
        edits[(*count)++] = e;
        i = e.base_to;
        k = e.to;
    }
    return 1;
}

static inline int starts_line(const struct signs *s, int at)
{
    return at == 0 || s->at[at - 1] == LINE_FEED;
}

static inline int ends_line(const struct signs *s, int at)
{
    return at == s->count || s->at[at] == LINE_FEED;
}

static inline int touch(const struct edit_of *x, const struct edit_of *y)
{
    if (x->base_from == x->base_to && y->base_from == y->base_to)
        return x->base_from == y->base_from;
    return x->base_from < y->base_to && y->base_from < x->base_to;
}

static inline void join(struct edit_of *edits, int count, int one, int other)
{
    for (int i = 0; i < count; i++)
        if (edits[i].place == other)
            edits[i].place = one;
}

/* Does anything keep what ends at `end` (the edits of `place`) from what begins at `begin` (the edits behind it)? */
static inline int is_wall(const struct signs *base, const struct signs *versions, const struct edit_of *edits,
                          int count, int place, int end, int begin, const int *is_before)
{
    int line_start = starts_line(base, end), line_end = ends_line(base, begin);
    for (int i = end; i < begin; i++)
        if (base->at[i] != COMMA)
            return 1;
    for (int i = 0; i < count; i++) {
        const struct edit_of *x = &edits[i];
        if (x->place == place && x->base_to == end && !starts_line(&versions[x->who], x->to))
            line_start = 0;
        if (!is_before[i] && x->base_from == begin && !ends_line(&versions[x->who], x->from))
            line_end = 0;
    }
    return line_start || line_end;
}

/* Places: first what touches; then, from the left, what no wall keeps apart. */
static inline void find_places(const struct signs *base, const struct signs *versions, struct edit_of *edits, int count)
{
    int is_before[EDITS] = {0}, current = -1, end = 0;
    for (int i = 0; i < count; i++)
        edits[i].place = i;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++)
            if (touch(&edits[i], &edits[k]) && edits[i].place != edits[k].place)
                join(edits, count, edits[i].place, edits[k].place);
    for (;;) {
        /* The next place: the one that begins first; of two that begin at one point, the one that only puts in. */
        int next = -1, from = 0, to = 0;
        for (int p = 0; p < count; p++) {
            int p_from = SIGNS + 1, p_to = -1;
            for (int i = 0; i < count; i++)
                if (edits[i].place == p && !is_before[i]) {
                    p_from = edits[i].base_from < p_from ? edits[i].base_from : p_from;
                    p_to = edits[i].base_to > p_to ? edits[i].base_to : p_to;
                }
            if (p_to >= 0 && (next < 0 || p_from < from || (p_from == from && p_to < to))) {
                next = p;
                from = p_from;
                to = p_to;
            }
        }
        if (next < 0)
            return;
        if (current >= 0 && !is_wall(base, versions, edits, count, current, end, from, is_before))
            join(edits, count, current, next);
        else
            current = next;
        for (int i = 0; i < count; i++)
            is_before[i] |= edits[i].place == current;
        end = to > end ? to : end;
    }
}

/* The merge, written as show() writes it; 0: an alignment leaves a choice. */
static inline int reference_merge(const struct signs *base, const struct signs *versions, int version_count,
                                  struct shown *out)
{
    struct edit_of edits[EDITS];
    int count = 0, told = 0;
    for (int v = 0; v < version_count; v++)
        if (!edits_of(base, &versions[v], v, edits, &count))
            return 0;
    find_places(base, versions, edits, count);
    for (;;) {
        /* 1. The next place, and each version's wording of it. */
        int place = -1, from = SIGNS + 1, to = -1, wordings = 0, put_in = 0;
        struct shown text[REFERENCE_VERSIONS];
        text_writers who[REFERENCE_VERSIONS] = {0};
        for (int i = 0; i < count; i++) {
            const struct edit_of *x = &edits[i];
            if (x->place < 0)
                continue;
            if (x->base_from < from || (x->base_from == from && x->base_from == x->base_to && !put_in)) {
                place = x->place;
                from = x->base_from;
                put_in = x->base_from == x->base_to;
            }
        }
        if (place < 0)
            break;
        for (int i = 0; i < count; i++)
            if (edits[i].place == place) {
                from = edits[i].base_from < from ? edits[i].base_from : from;
                to = edits[i].base_to > to ? edits[i].base_to : to;
            }
        for (int v = 0; v < version_count; v++) {
            struct shown own = {NULL, 0, 0};
            int at = from, edited = 0, k;
            show_words(&own, "");
            for (int i = 0; i < count; i++)
                if (edits[i].place == place && edits[i].who == v) {
                    write_signs(&own, base, at, edits[i].base_from);
                    write_signs(&own, &versions[v], edits[i].from, edits[i].to);
                    at = edits[i].base_to;
                    edited = 1;
                }
            write_signs(&own, base, at, to);
            for (k = 0; edited && k < wordings && strcmp(text[k].p, own.p) != 0; k++)
                ;
            if (edited)
                who[k] |= (text_writers)1 << v;
            if (edited && k == wordings)
                text[wordings++] = own;
            else
                free(own.p);
        }
        /* 2. One: its edits. Several: all of them. */
        for (int i = 0, first = -1; wordings == 1 && i < count; i++) {
            if (edits[i].place != place || (first >= 0 && edits[i].who != first))
                continue;
            first = edits[i].who;
            write_signs(out, base, told, edits[i].base_from);
            show_words(out, "{");
            show_writers(out, who[0]);
            show_words(out, ":");
            write_signs(out, &versions[first], edits[i].from, edits[i].to);
            show_words(out, "<");
            write_signs(out, base, edits[i].base_from, edits[i].base_to);
            show_words(out, "}");
            told = edits[i].base_to;
        }
        if (wordings > 1) {
            write_signs(out, base, told, from);
            for (int k = 0; k < wordings; k++) {
                show_words(out, k == 0 ? "[" : "|");
                show_writers(out, who[k]);
                show_words(out, ":");
                show_bytes(out, text[k].p, text[k].used);
            }
            show_words(out, "<");
            write_signs(out, base, from, to);
            show_words(out, "]");
            told = to;
        }
        for (int k = 0; k < wordings; k++)
            free(text[k].p);
        for (int i = 0; i < count; i++)
            if (edits[i].place == place)
                edits[i].place = -1;
    }
    write_signs(out, base, told, base->count);
    return 1;
}

#endif
