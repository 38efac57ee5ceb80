/* A dot: the name of one op of one change. */
#ifndef SATCHEL_DOT_H
#define SATCHEL_DOT_H

#include <stdint.h>

#include "id.h"
#include "pack.h"

#define DOT_INDEX_MAX 255

struct dot {
    struct id device;
    uint64_t epoch, seq; /* from 1 */
    unsigned index;      /* of the op within its change, from 0 to DOT_INDEX_MAX */
};

/* Order: by device, epoch, seq, index. Below 0, 0, above 0, as memcmp. */
int dot_compare(const struct dot *a, const struct dot *b);
int dot_equal(const struct dot *a, const struct dot *b); /* 1 or 0 */
/* msgpack [device, epoch, seq, index] (docs/CHANGE.md). */
void dot_pack(struct pack *w, const struct dot *dot);
/* If the next object is no dot, or a number is out of its range, r has failed and all is zero. */
struct dot dot_unpack(struct unpack *r);

#endif
