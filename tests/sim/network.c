/* Carries bytes between two ends in pieces that take their time, and lets the weather cut, delay or alter them. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

#include "process.h"

uint64_t network_bytes;

struct network_link *network_connect(const struct loop_link *weather, struct luck *luck)
{
    struct network_link *l = calloc(1, sizeof *l);
    l->weather = *weather;
    l->luck = luck;
    for (unsigned side = 0; side < 2; side++) {
        l->end[side].link = l;
        l->end[side].side = side;
        l->end[side].last = &l->end[side].first;
    }
    return l;
}

static void put(struct network_end *to, struct network_piece *p)
{
    *to->last = p;
    to->last = &p->next;
}

/* Both ends lose the link; unless it is a silent one, they hear of it. */
static void cut(struct network_link *l, uint64_t at_ms)
{
    l->is_cut = 1;
    for (unsigned side = 0; side < 2; side++) {
        struct network_end *end = &l->end[side];
        if (end->is_over || l->weather.silent)
            continue;
        end->is_over = end->broke = 1;
        end->over_ms = at_ms;
    }
}

/* Is the place within the next `size` bytes of this way? */
static int meets(uint64_t place, uint64_t sent, size_t size)
{
    return place != 0 && place > sent && place <= sent + size;
}

static struct network_piece *make(struct network_link *l, unsigned way, const uint8_t *bytes, size_t size)
{
    struct network_piece *p = calloc(1, sizeof *p + size);
    uint64_t due = process_now_ms + l->weather.delay_ms;
    if (l->weather.jitter_ms != 0)
        due += luck_below(l->luck, l->weather.jitter_ms + 1);
    if (due < l->last_due_ms[way])
        due = l->last_due_ms[way];
    l->last_due_ms[way] = p->due_ms = due;
    p->size = size;
    memcpy(p->bytes, bytes, size);
    return p;
}

static void send_piece(struct network_link *l, unsigned way, const uint8_t *bytes, size_t size)
{
    struct network_end *to = &l->end[1 - way];
    const struct loop_link *w = &l->weather;
    struct network_piece *p;
    uint64_t before = l->sent[way];
    int cuts = meets(w->cut[way], before, size);
    if (cuts)
        size = (size_t)(w->cut[way] - before);
    p = make(l, way, bytes, size);
    l->sent[way] = before + size;
    if (meets(w->flip[way], before, size))
        p->bytes[w->flip[way] - before - 1] ^= (uint8_t)(1u << luck_below(l->luck, 8));
    if (meets(w->lose[way], before, size)) {
        free(p);
    } else if (meets(w->swap[way], before, size)) {
        l->held_back[way] = p;
    } else {
        put(to, p);
        if (meets(w->twice[way], before, size))
            put(to, make(l, way, p->bytes, size));
        if (l->held_back[way] != NULL) {
            l->held_back[way]->due_ms = p->due_ms;
            put(to, l->held_back[way]);
            l->held_back[way] = NULL;
        }
    }
    if (cuts)
        cut(l, l->last_due_ms[way]);
}

void network_send(struct network_end *from, const uint8_t *bytes, size_t size)
{
    struct network_link *l = from->link;
    while (size != 0 && !l->is_cut) {
        /* A write is one piece, or falls apart. */
        size_t piece = luck_chance(l->luck, 850) ? size : 1 + luck_below(l->luck, size < 4096 ? (uint32_t)size : 4096);
        send_piece(l, from->side, bytes, piece);
        bytes += piece;
        size -= piece;
    }
}

uint64_t network_due(const struct network_end *end)
{
    if (end->first != NULL)
        return end->first->due_ms;
    return end->is_over ? end->over_ms : UINT64_MAX;
}

size_t network_take(struct network_end *end, uint8_t *out, size_t size)
{
    struct network_piece *p = end->first;
    if (p == NULL || p->due_ms > process_now_ms)
        return 0;
    if (size > p->size - p->taken)
        size = p->size - p->taken;
    memcpy(out, p->bytes + p->taken, size);
    p->taken += size;
    network_bytes += size;
    if (p->taken == p->size) {
        if ((end->first = p->next) == NULL)
            end->last = &end->first;
        free(p);
    }
    return size;
}

int network_over(const struct network_end *end)
{
    if (end->first != NULL || !end->is_over || end->over_ms > process_now_ms)
        return 0;
    return end->broke ? -1 : 1;
}

static void drop_pieces(struct network_end *end)
{
    while (end->first != NULL) {
        struct network_piece *p = end->first;
        end->first = p->next;
        free(p);
    }
    end->last = &end->first;
}

void network_close(struct network_end *end, int aborted, int mute)
{
    struct network_link *l = end->link;
    struct network_end *other = &l->end[1 - end->side];
    end->owner = NULL;
    drop_pieces(end);
    if (end->side < 2 && !other->is_over && !mute && !(l->is_cut && l->weather.silent)) {
        uint64_t due = process_now_ms + l->weather.delay_ms;
        other->is_over = 1;
        other->broke = aborted;
        other->over_ms = due > l->last_due_ms[end->side] ? due : l->last_due_ms[end->side];
    }
    end->side |= 2; /* closed */
    if ((other->side & 2) == 0)
        return;
    drop_pieces(other);
    free(l->held_back[0]);
    free(l->held_back[1]);
    free(l);
}
