/* Dots: their order, and their form in msgpack. */
#include "dot.h"

#define DOT_ITEMS 4

int dot_compare(const struct dot *a, const struct dot *b)
{
    int order = id_compare(&a->device, &b->device);
    if (order != 0)
        return order;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    return a->index == b->index ? 0 : a->index < b->index ? -1 : 1;
}

int dot_equal(const struct dot *a, const struct dot *b)
{
    return dot_compare(a, b) == 0;
}

void dot_pack(struct pack *w, const struct dot *dot)
{
    pack_array(w, DOT_ITEMS);
    pack_id(w, &dot->device);
    pack_uint(w, dot->epoch);
    pack_uint(w, dot->seq);
    pack_uint(w, dot->index);
}

struct dot dot_unpack(struct unpack *r)
{
    static const struct dot none;
    struct dot dot;
    unpack_items(r, DOT_ITEMS);
    dot.device = unpack_id(r);
    dot.epoch = unpack_uint_between(r, 1, INT64_MAX);
    dot.seq = unpack_uint_between(r, 1, INT64_MAX);
    dot.index = (unsigned)unpack_uint_between(r, 0, DOT_INDEX_MAX);
    return r->failed ? none : dot;
}
