/* Merges versions of a text by this rule:
 *
 *   1. Each version is compared with the base (text_diff.c). That gives its edits; each is a stretch of the base and
 *      the version's text in its stead.
 *   2. Two edits stand apart if the base has a word or a line end between them, which then stays. They also stand apart
 *      if they meet where a line starts, and the first edit leaves a line start there; or where a line ends, and the
 *      second leaves a line end there: a paragraph is inserted or deleted beside one that changes. Insertions at one
 *      point never stand apart. (White space and punctuation keep nothing apart: two people who change two words side
 *      by side change one phrase.)
 *   3. Edits that do not stand apart are joined to one region of the base, until no more edits join. Each version that
 *      has an edit in a region has one wording of it: its own text from the start of the region to its end.
 *   4. If all wordings of a region are equal, they are one edit, made by all who have it. If not, the region is an
 *      overlap, with every wording.
 *
 * The base outside of all regions is common. So each edit of each version is in the result, in an edit or in an
 * alternative. */
#include "text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "text_private.h"

_Static_assert(TEXT_VERSIONS_MAX == 64, "one bit of text_writers for each version");

struct merging {
    struct slice base;
    struct slice texts[TEXT_VERSIONS_MAX]; /* in the order of dots */
    struct text_hunks hunks;
    struct text_merged *out;
    size_t segment_room, alternative_room;
    size_t told; /* the base up to here is in the result */
    struct error *e;
};

/* --- the result --- */

static int add_segment(struct merging *m, struct text_segment segment)
{
    struct text_merged *out = m->out;
    if (out->segment_count == m->segment_room) {
        size_t room = m->segment_room == 0 ? 16 : 2 * m->segment_room;
        struct text_segment *more = realloc(out->segments, room * sizeof *more);
        if (more == NULL)
            return error_memory(m->e);
        out->segments = more;
        m->segment_room = room;
    }
    out->segments[out->segment_count++] = segment;
    return 0;
}

static int add_alternative(struct merging *m, struct slice text, text_writers writers)
{
    struct text_merged *out = m->out;
    if (out->alternative_count == m->alternative_room) {
        size_t room = m->alternative_room == 0 ? 16 : 2 * m->alternative_room;
        struct text_alternative *more = realloc(out->alternatives, room * sizeof *more);
        if (more == NULL)
            return error_memory(m->e);
        out->alternatives = more;
        m->alternative_room = room;
    }
    out->alternatives[out->alternative_count++] = (struct text_alternative){text, writers};
    return 0;
}

static struct slice part(struct slice text, size_t from, size_t to)
{
    return (struct slice){text.p + from, to - from};
}

/* Adds the base from `told` up to `to` as common. The caller then adds what follows, and moves `told` behind it. */
static int add_common(struct merging *m, size_t to)
{
    struct text_segment common = {TEXT_COMMON, part(m->base, m->told, to), part(m->base, m->told, to), 0, 0, 0};
    return m->told == to ? 0 : add_segment(m, common);
}

/* --- 2. apart --- */

/* A region: the edits that were joined so far are hunks[first .. end), and they cover base[from .. to). */
struct region {
    size_t first, end, from, to;
    int line_start; /* a line starts at `to`, also in each version that changed what stands before */
};

static int is_kept_apart(struct slice base, size_t from, size_t to)
{
    enum text_piece what = TEXT_LOOSE;
    while (from < to && what == TEXT_LOOSE)
        from += text_cut_piece(base.p + from, to - from, &what);
    return what != TEXT_LOOSE;
}

/* 1: a line ends where the edit hunks[next] begins, in the base and in every version that has an edit there. */
static int leaves_line_end(const struct merging *m, size_t next)
{
    size_t at = m->hunks.p[next].base_from;
    if (!text_at_line_end(m->base, at))
        return 0;
    for (size_t i = next; i < m->hunks.count && m->hunks.p[i].base_from == at; i++)
        if (!text_at_line_end(m->texts[m->hunks.p[i].version], m->hunks.p[i].from))
            return 0;
    return 1;
}

static int stands_apart(const struct merging *m, const struct region *p, size_t next)
{
    size_t from = m->hunks.p[next].base_from;
    return from >= p->to && (is_kept_apart(m->base, p->to, from) || p->line_start || leaves_line_end(m, next));
}

static void take_one(const struct merging *m, struct region *p)
{
    const struct text_hunk *h = &m->hunks.p[p->end++];
    int line_start = text_at_line_start(m->base, h->base_to) && text_at_line_start(m->texts[h->version], h->to);
    if (h->base_to == p->to && p->end - p->first > 1) {
        p->line_start &= line_start;
    } else if (h->base_to >= p->to) {
        p->to = h->base_to;
        p->line_start = line_start;
    }
}

/* Joins the next edit to the region; if it is an insertion, also all other insertions at that point. */
static void take_region(const struct merging *m, struct region *p)
{
    const struct text_hunk *hunks = m->hunks.p, *h = &hunks[p->end];
    take_one(m, p);
    while (h->base_from == h->base_to && p->end < m->hunks.count && hunks[p->end].base_to == h->base_from)
        take_one(m, p);
}

/* --- 3. wordings --- */

/* For each version that has an edit in the region: its wording is texts[version][from .. to). */
struct wordings {
    text_writers writers;
    size_t from[TEXT_VERSIONS_MAX], to[TEXT_VERSIONS_MAX];
};

static void find_wordings(const struct merging *m, const struct region *p, struct wordings *w)
{
    w->writers = 0;
    for (size_t i = p->first; i < p->end; i++) {
        const struct text_hunk *h = &m->hunks.p[i];
        text_writers bit = (text_writers)1 << h->version;
        if (!(w->writers & bit))
            w->from[h->version] = h->from - (h->base_from - p->from);
        w->to[h->version] = h->to + (p->to - h->base_to); /* the version's last edit decides */
        w->writers |= bit;
    }
}

/* --- 4. edit or overlap --- */

/* All have one wording: adds the hunks of the first writer, and what is common between them. */
static int tell_edit(struct merging *m, const struct region *p, text_writers writers, unsigned version)
{
    int code;
    for (size_t i = p->first; i < p->end; i++) {
        const struct text_hunk *h = &m->hunks.p[i];
        struct text_segment edit = {TEXT_EDIT, {NULL, 0}, {NULL, 0}, writers, 0, 0};
        if (h->version != version)
            continue;
        edit.text = part(m->texts[version], h->from, h->to);
        edit.base = part(m->base, h->base_from, h->base_to);
        if ((code = add_common(m, h->base_from)) != 0 || (code = add_segment(m, edit)) != 0)
            return code;
        m->told = h->base_to;
    }
    return 0;
}

static int tell_region(struct merging *m, const struct region *p)
{
    struct text_merged *out = m->out;
    struct text_segment overlap = {TEXT_OVERLAP,           {NULL, 0}, part(m->base, p->from, p->to), 0,
                                   out->alternative_count, 0};
    struct wordings w;
    int code;
    find_wordings(m, p, &w);
    /* 1. Each different wording, with who wrote it. */
    for (unsigned i = 0; i < out->version_count; i++) {
        struct slice own;
        size_t k = overlap.first;
        if (!(w.writers >> i & 1))
            continue;
        own = part(m->texts[i], w.from[i], w.to[i]);
        while (k < out->alternative_count && !slice_equal(out->alternatives[k].text, own))
            k++;
        if (k == out->alternative_count && (code = add_alternative(m, own, 0)) != 0)
            return code;
        out->alternatives[k].writers |= (text_writers)1 << i;
    }
    overlap.count = out->alternative_count - overlap.first;
    /* 2. One wording alone is an edit. */
    if (overlap.count == 1) {
        unsigned version = 0;
        while (!(w.writers >> version & 1))
            version++;
        out->alternative_count = overlap.first;
        return tell_edit(m, p, w.writers, version);
    }
    /* 3. Several wordings are an overlap. */
    overlap.writers = w.writers;
    if ((code = add_common(m, p->from)) != 0 || (code = add_segment(m, overlap)) != 0)
        return code;
    m->told = p->to;
    out->overlaps++;
    return 0;
}

/* --- the whole --- */

static int by_region(const void *left, const void *right)
{
    const struct text_hunk *a = left, *b = right;
    if (a->base_from != b->base_from)
        return a->base_from < b->base_from ? -1 : 1;
    if (a->base_to != b->base_to)
        return a->base_to < b->base_to ? -1 : 1;
    return a->version < b->version ? -1 : 1; /* a version has at most one hunk for one stretch of the base */
}

static int tell_all(struct merging *m)
{
    struct region p;
    int code;
    if (m->hunks.count > 1)
        qsort(m->hunks.p, m->hunks.count, sizeof *m->hunks.p, by_region);
    for (size_t i = 0; i < m->hunks.count; i = p.end) {
        p = (struct region){i, i, m->hunks.p[i].base_from, m->hunks.p[i].base_from, 0};
        take_region(m, &p);
        while (p.end < m->hunks.count && !stands_apart(m, &p, p.end))
            take_region(m, &p);
        if ((code = tell_region(m, &p)) != 0)
            return code;
    }
    return add_common(m, m->base.size);
}

static int check_versions(struct slice base, const struct text_version *versions, size_t count, struct error *e)
{
    size_t together = base.size;
    if (count > TEXT_VERSIONS_MAX)
        return error_set(e, E_LIMIT, "%zu versions of one text are more than can be brought together (%d)", count,
                         TEXT_VERSIONS_MAX);
    for (size_t i = 0; i <= count; i++) {
        size_t size = i < count ? versions[i].text.size : base.size;
        if (size > TEXT_BYTES_MAX)
            return error_set(e, E_LIMIT, "a text of %zu bytes is too long to be brought together with another", size);
        together += i < count ? size : 0;
    }
    if (together > TEXT_BYTES_TOGETHER)
        return error_set(e, E_LIMIT, "the versions of a text are too long together (%zu bytes)", together);
    for (size_t i = 0; i <= count; i++) {
        struct slice text = i < count ? versions[i].text : base;
        if (text.size != 0 && !pack_is_utf8(text.p, text.size))
            return error_set(e, E_INPUT, "a version of a text is not UTF-8");
    }
    return 0;
}

static struct slice never_null(struct slice text)
{
    return text.size == 0 ? (struct slice){(const uint8_t *)"", 0} : text;
}

/* Sorts the versions by their dots. By insertion, since there are few. E_INPUT: two have one dot. */
static int put_in_order(const struct text_version *versions, struct merging *m)
{
    size_t *order = m->out->order;
    for (size_t i = 0; i < m->out->version_count; i++) {
        size_t k = i;
        int compared = 1;
        while (k > 0 && (compared = dot_compare(&versions[order[k - 1]].dot, &versions[i].dot)) > 0) {
            order[k] = order[k - 1];
            k--;
        }
        if (k > 0 && compared == 0)
            return error_set(m->e, E_INPUT, "two versions of a text have one dot; each change has its own");
        order[k] = i;
    }
    for (size_t i = 0; i < m->out->version_count; i++)
        m->texts[i] = never_null(versions[order[i]].text);
    return 0;
}

int text_merge(struct slice base, const struct text_version *versions, size_t count, struct text_merged *out,
               struct error *e)
{
    struct merging m;
    struct text_base compared;
    int code;
    memset(out, 0, sizeof *out);
    memset(&m, 0, sizeof m);
    m.base = never_null(base);
    m.out = out;
    m.e = e;
    if ((code = check_versions(base, versions, count, e)) != 0)
        return code;
    out->rule = TEXT_RULE;
    out->version_count = count;
    if ((code = put_in_order(versions, &m)) != 0)
        return code;
    text_base_begin(&compared, m.base);
    for (unsigned i = 0; i < count && code == 0; i++)
        code = text_diff(&compared, m.texts[i], i, count > 2 ? 2 * TEXT_WORK / count : TEXT_WORK, &m.hunks, e);
    text_base_free(&compared);
    if (code == 0)
        code = tell_all(&m);
    free(m.hunks.p);
    return code;
}

void text_merged_free(struct text_merged *m)
{
    free(m->segments);
    free(m->alternatives);
    memset(m, 0, sizeof *m);
}
