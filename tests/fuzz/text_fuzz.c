/* A base and up to three versions, separated by 0xff; what is no UTF-8 is refused. The result holds each version and
 * the base, whole, and is the same for the other order. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice wording(const struct text_merged *m, const struct text_segment *g, size_t version)
{
    if (version < m->version_count && g->form == TEXT_EDIT && g->writers >> version & 1)
        return g->text;
    for (size_t k = g->first; k < g->first + g->count && version < m->version_count; k++)
        if (m->alternatives[k].writers >> version & 1)
            return m->alternatives[k].text;
    return g->base;
}

static void check_whole(const struct text_merged *m, struct slice whole, size_t version)
{
    size_t at = 0;
    for (size_t i = 0; i < m->segment_count; i++) {
        struct slice here = wording(m, &m->segments[i], version);
        if (whole.size - at < here.size || !slice_equal(here, (struct slice){whole.p + at, here.size}) ||
            (here.size != 0 && !pack_is_utf8(here.p, here.size)))
            abort();
        at += here.size;
    }
    if (at != whole.size)
        abort();
}

static void check_same(const struct text_merged *a, const struct text_merged *b)
{
    if (a->segment_count != b->segment_count || a->overlaps != b->overlaps)
        abort();
    for (size_t i = 0; i < a->segment_count; i++) {
        const struct text_segment *x = &a->segments[i], *y = &b->segments[i];
        if (x->form != y->form || x->writers != y->writers || x->count != y->count || !slice_equal(x->text, y->text) ||
            !slice_equal(x->base, y->base))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text_version versions[3], turned[3];
    struct slice parts[4] = {{data, 0}};
    struct text_merged m, n;
    size_t count = 1;
    memset(versions, 0, sizeof versions);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == 0xff && count < 4)
            parts[count++] = (struct slice){data + i + 1, 0};
        else
            parts[count - 1].size++;
    }
    count--;
    for (size_t i = 0; i < count; i++) {
        versions[i].dot.seq = i + 1;
        versions[i].text = parts[i + 1];
        turned[count - 1 - i] = versions[i];
    }
    if (text_merge(parts[0], versions, count, &m, NULL) == 0) {
        if (text_merge(parts[0], turned, count, &n, NULL) != 0)
            abort();
        check_whole(&m, parts[0], count);
        for (size_t i = 0; i < count; i++)
            check_whole(&m, parts[1 + i], i);
        check_same(&m, &n);
        text_merged_free(&n);
    }
    text_merged_free(&m);
    return 0;
}
