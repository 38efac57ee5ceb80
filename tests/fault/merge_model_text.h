/* What the model makes of several versions of a text. Stories (merge_case.h) are brought together here, paragraph by
 * paragraph: each is a word of its own, and a line end that stays stands between any two. Of other texts only the base
 * is the model's; they go through text_merge, which has a model of its own (tests/unit/text_reference.h). */
#ifndef SATCHEL_TESTS_MERGE_MODEL_TEXT_H
#define SATCHEL_TESTS_MERGE_MODEL_TEXT_H

#include "fault/merge_model.h"
#include "text.h"

#define MODEL_TEXT_MAX 16384

/* Puts a piece behind a text, which has room for MODEL_TEXT_MAX bytes. */
static inline void model_add(char *out, const char *piece, size_t size)
{
    size_t used = strlen(out);
    case_must(used + size < MODEL_TEXT_MAX, "no room for a text");
    if (size != 0)
        memcpy(out + used, piece, size);
    out[used + size] = 0;
}

static inline void model_say(char *out, const char *words)
{
    model_add(out, words, strlen(words));
}

enum model_together { MODEL_APART, MODEL_CLEAN, MODEL_OVERLAPS };

static inline int model_is_story(const struct model_op *o)
{
    return o->op->value >= CASE_FIRST_STORY;
}

/* Which word a story has in a paragraph. */
static inline const char *model_paragraph(const struct model_op *o, unsigned paragraph)
{
    static const char *const words[CASE_PARAGRAPHS][3] = {
        {"ant", "asp", "auk"}, {"bee", "bug", "bat"}, {"cat", "cow", ""}};
    unsigned number = o->op->value - CASE_FIRST_STORY;
    unsigned which[CASE_PARAGRAPHS] = {number / 6, number / 2 % 3, number % 2};
    return words[paragraph][which[paragraph]];
}

/* "On lines of their own." */
static inline void model_mark(char *out, const char *mark)
{
    size_t size = strlen(out);
    if (size != 0 && out[size - 1] != '\n')
        model_say(out, "\n");
    model_say(out, mark);
}

/* One place: in the order of the dots of who wrote first, each wording once. */
static inline int model_place(const struct model_op *base, const struct model_op *const *by_dot, size_t count,
                              unsigned paragraph, char *out)
{
    const char *was = model_paragraph(base, paragraph), *wordings[CASE_FIELD_OPS];
    size_t different = 0;
    for (size_t i = 0; i < count; i++) {
        const char *now = model_paragraph(by_dot[i], paragraph);
        size_t k = 0;
        while (k < different && strcmp(wordings[k], now) != 0)
            k++;
        if (strcmp(now, was) != 0 && k == different)
            wordings[different++] = now;
    }
    if (different < 2) {
        model_say(out, different == 0 ? was : wordings[0]);
        return 0;
    }
    for (size_t k = 0; k < different; k++) {
        model_mark(out, k == 0 ? "[versions of this place, to be brought together:]\n" : "[or:]\n");
        model_say(out, wordings[k]);
    }
    model_mark(out, "[end of the versions]\n");
    return 1;
}

static inline enum model_together model_stories(const struct model_op *base, const struct model_op *const *by_dot,
                                                size_t count, char *out)
{
    int overlaps = 0;
    out[0] = 0;
    for (unsigned paragraph = 0; paragraph < CASE_PARAGRAPHS; paragraph++) {
        overlaps |= model_place(base, by_dot, count, paragraph, out);
        model_say(out, paragraph + 1 < CASE_PARAGRAPHS ? "\n\n" : "\n");
    }
    return overlaps ? MODEL_OVERLAPS : MODEL_CLEAN;
}

static inline enum model_together model_others_together(const struct model_op *base,
                                                        const struct model_op *const *by_dot, size_t count, char *out)
{
    struct text_version versions[CASE_FIELD_OPS];
    struct slice was = {NULL, 0};
    struct text_merged m;
    enum model_together together;
    out[0] = 0;
    case_must(slice_text(base->value, &was), "a base that is no text");
    for (size_t i = 0; i < count; i++) {
        versions[i].dot = case_real_dot(by_dot[i]->dot);
        case_must(slice_text(by_dot[i]->value, &versions[i].text), "a version that is no text");
    }
    case_must(text_merge(was, versions, count, &m, NULL) == 0, "texts that cannot be merged");
    for (size_t i = 0; i < m.segment_count; i++) {
        const struct text_segment *s = &m.segments[i];
        if (s->form != TEXT_OVERLAP)
            model_add(out, (const char *)s->text.p, s->text.size);
        for (size_t k = 0; s->form == TEXT_OVERLAP && k < s->count; k++) {
            const struct slice *t = &m.alternatives[s->first + k].text;
            model_mark(out, k == 0 ? "[versions of this place, to be brought together:]\n" : "[or:]\n");
            if (t->size == 0)
                model_say(out, "[nothing: it was taken out]\n");
            else
                model_add(out, (const char *)t->p, t->size);
        }
        if (s->form == TEXT_OVERLAP)
            model_mark(out, "[end of the versions]\n");
    }
    together = m.overlaps != 0 ? MODEL_OVERLAPS : MODEL_CLEAN;
    text_merged_free(&m);
    return together;
}

/* The versions (the shown ones, each once) over what all live ops were written over. out: the whole text, where they
 * could be brought together. */
static inline enum model_together model_together(const struct model_op *all, size_t all_count,
                                                 const struct model_op *live, size_t live_count, size_t versions,
                                                 char *out)
{
    const struct model_op *base = model_base(all, all_count, live, live_count), *by_dot[CASE_FIELD_OPS];
    int stories = 1, texts = 1;
    if (base == NULL || versions < 2)
        return MODEL_APART;
    for (size_t i = 0; i <= versions; i++) {
        const struct model_op *o = i < versions ? &live[i] : base;
        size_t place = i;
        texts &= case_values[o->op->value].type == CASE_TEXT;
        stories &= model_is_story(o);
        for (; i < versions && place > 0 && model_dot_before(o->dot, by_dot[place - 1]->dot); place--)
            by_dot[place] = by_dot[place - 1];
        if (i < versions)
            by_dot[place] = o;
    }
    if (!texts)
        return MODEL_APART;
    return stories ? model_stories(base, by_dot, versions, out) : model_others_together(base, by_dot, versions, out);
}

#endif
