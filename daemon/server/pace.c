/* A leaking bucket for each laptop that was dealt something lately: bytes flow in as they are dealt, and out at
 * PACE_PER_SECOND. */
#include "pace.h"

#include <stdlib.h>
#include <string.h>

struct pace_laptop {
    struct id device;
    uint64_t bytes, at_ms; /* in the bucket, at that time */
};

static uint64_t left_at(const struct pace_laptop *l, uint64_t now_ms)
{
    uint64_t gone = (now_ms - l->at_ms) * (PACE_PER_SECOND / 1024) / 1000 * 1024;
    return gone < l->bytes ? l->bytes - gone : 0;
}

static struct pace_laptop *find_laptop(const struct pace *p, const struct id *device)
{
    for (size_t i = 0; i < p->count; i++)
        if (id_equal(&p->all[i].device, device))
            return &p->all[i];
    return NULL;
}

/* The place for one more laptop: that of one whose bucket is empty, or a new one. NULL: there is none. */
static struct pace_laptop *new_place(struct pace *p, uint64_t now_ms)
{
    struct pace_laptop *more;
    for (size_t i = 0; i < p->count; i++)
        if (left_at(&p->all[i], now_ms) == 0)
            return &p->all[i];
    if (p->count == PACE_LAPTOPS_MAX || (more = realloc(p->all, (p->count + 1) * sizeof *more)) == NULL)
        return NULL;
    p->all = more;
    return &more[p->count++];
}

void pace_spend(struct pace *p, const struct id *device, uint64_t bytes, uint64_t now_ms)
{
    struct pace_laptop *l = find_laptop(p, device);
    if (l != NULL)
        bytes += left_at(l, now_ms);
    else if ((l = new_place(p, now_ms)) == NULL)
        return;
    *l = (struct pace_laptop){*device, bytes, now_ms};
}

uint64_t pace_wait_ms(const struct pace *p, const struct id *device, uint64_t now_ms)
{
    const struct pace_laptop *l = find_laptop(p, device);
    uint64_t left = l == NULL ? 0 : left_at(l, now_ms);
    return left <= PACE_BURST ? 0 : (left - PACE_BURST) * 1000 / PACE_PER_SECOND + 1;
}

void pace_free(struct pace *p)
{
    free(p->all);
    memset(p, 0, sizeof *p);
}
