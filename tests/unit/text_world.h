/* What the tests of the text merge share: texts, versions, a result as one line that can be read. */
#ifndef SATCHEL_TEXT_WORLD_H
#define SATCHEL_TEXT_WORLD_H

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static inline struct slice words(const char *text)
{
    return (struct slice){(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
}

static inline struct text_version version(unsigned device, const char *text)
{
    struct text_version v = {{{{0}}, 1, 1, 0}, words(text)};
    v.dot.device.b[0] = (uint8_t)device;
    return v;
}

/* A growing text. */
struct shown {
    char *p;
    size_t used, room;
};

static inline void show_bytes(struct shown *s, const void *bytes, size_t size)
{
    if (s->room - s->used < size + 1) {
        s->room = 2 * (s->used + size + 64);
        s->p = realloc(s->p, s->room);
        assert_non_null(s->p);
    }
    assert(s->p != NULL);
    if (size != 0)
        memcpy(s->p + s->used, bytes, size);
    s->used += size;
    s->p[s->used] = 0;
}

static inline void show_words(struct shown *s, const char *text)
{
    show_bytes(s, text, strlen(text));
}

static inline void show_writers(struct shown *s, text_writers writers)
{
    char letter = 'A';
    for (; writers != 0; writers >>= 1, letter++)
        if (writers & 1)
            show_bytes(s, &letter, 1);
}

static inline void show_slice(struct shown *s, struct slice text)
{
    show_bytes(s, text.p, text.size);
}

/* "common {A:new<old} common [A:his|B:hers<old]" */
static inline struct shown show(const struct text_merged *m)
{
    struct shown s = {NULL, 0, 0};
    show_words(&s, "");
    for (size_t i = 0; i < m->segment_count; i++) {
        const struct text_segment *g = &m->segments[i];
        if (g->form == TEXT_COMMON) {
            show_slice(&s, g->text);
            continue;
        }
        show_words(&s, g->form == TEXT_EDIT ? "{" : "[");
        if (g->form == TEXT_EDIT) {
            show_writers(&s, g->writers);
            show_words(&s, ":");
            show_slice(&s, g->text);
        }
        for (size_t k = 0; g->form == TEXT_OVERLAP && k < g->count; k++) {
            show_words(&s, k == 0 ? "" : "|");
            show_writers(&s, m->alternatives[g->first + k].writers);
            show_words(&s, ":");
            show_slice(&s, m->alternatives[g->first + k].text);
        }
        show_words(&s, "<");
        show_slice(&s, g->base);
        show_words(&s, g->form == TEXT_EDIT ? "}" : "]");
    }
    return s;
}

/* What is always so, whatever was merged: the common and what edits replaced make the base; for each version, what is
 * common, its edits, its alternatives, and the base where it has neither make that version. So nothing is lost, and an
 * alternative is one whole piece of the version that it is of. */
static inline void assert_is_made_of(const struct text_merged *m, struct slice base,
                                     const struct text_version *versions)
{
    size_t overlaps = 0, alternatives = 0;
    for (size_t i = 0; i < m->segment_count; i++)
        alternatives += m->segments[i].count;
    assert_int_equal(alternatives, m->alternative_count);
    assert_int_equal(m->rule, TEXT_RULE);
    for (size_t v = 0; v <= m->version_count; v++) {
        struct slice whole = versions != NULL && v < m->version_count ? versions[m->order[v]].text : base;
        size_t at = 0;
        overlaps = 0;
        for (size_t i = 0; i < m->segment_count; i++) {
            const struct text_segment *g = &m->segments[i];
            struct slice here = g->base;
            assert_true(g->form != TEXT_COMMON || (g->text.size != 0 && slice_equal(g->text, g->base) && !g->writers));
            assert_true(g->form != TEXT_EDIT || (g->writers != 0 && !slice_equal(g->text, g->base)));
            if (g->form == TEXT_EDIT && v < m->version_count && g->writers >> v & 1)
                here = g->text;
            if (g->form == TEXT_OVERLAP) {
                text_writers all = 0;
                overlaps++;
                assert_true(g->count >= 2);
                for (size_t k = g->first; k < g->first + g->count; k++) {
                    assert_true((all & m->alternatives[k].writers) == 0);
                    all |= m->alternatives[k].writers;
                    if (v < m->version_count && m->alternatives[k].writers >> v & 1)
                        here = m->alternatives[k].text;
                    for (size_t other = g->first; other < k; other++)
                        assert_false(slice_equal(m->alternatives[k].text, m->alternatives[other].text));
                }
                assert_true(all == g->writers);
            }
            assert_true(whole.size - at >= here.size);
            assert_true(here.size == 0 || memcmp(whole.p + at, here.p, here.size) == 0);
            at += here.size;
        }
        assert_int_equal(at, whole.size);
    }
    assert_int_equal(overlaps, m->overlaps);
}

#endif
