/* Takes events out of a script that fails, for as long as it fails in the same property. */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>

static size_t count_kept(const struct script *s, const char *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += kept[i] != 0;
    return count;
}

/* Without the kept events number from .. to - 1: does it still fail? Then they stay out. */
static int without(const struct script *s, char *kept, size_t from, size_t to, shrink_check check, const void *arg)
{
    char *tried = malloc(s->count + 1);
    size_t number = 0;
    int fails;
    if (tried == NULL)
        abort();
    memcpy(tried, kept, s->count);
    for (size_t i = 0; i < s->count; i++)
        if (kept[i] && number++ >= from && number <= to)
            tried[i] = 0;
    if ((fails = check(s, tried, arg)))
        memcpy(kept, tried, s->count);
    free(tried);
    return fails;
}

size_t shrink(const struct script *s, char *kept, shrink_check check, const void *arg)
{
    size_t count = count_kept(s, kept), size = count / 2;
    while (size > 0) {
        int any = 0;
        /* From the end: what comes last leans on what came first. */
        for (size_t to = count; to > 0; to = to > size ? to - size : 0) {
            size_t from = to > size ? to - size : 0;
            if (without(s, kept, from, to, check, arg))
                any = 1;
        }
        count = count_kept(s, kept);
        if (!any || size > count)
            size = size > count ? count / 2 : size / 2;
    }
    return count;
}
