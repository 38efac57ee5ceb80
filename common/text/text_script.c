/* Finds the shortest edit script of two sequences of numbers, in linear space: E. W. Myers, "An O(ND) Difference
 * Algorithm and Its Variations", Algorithmica 1 (1986), section 4b.
 *
 * A point (x, y) says that x numbers of a and y of b are done. A number from a or from b alone costs 1, equal numbers
 * from both cost nothing. Diagonal k holds the points with x - y = k. A search goes from both corners of a box at once,
 * and keeps for each diagonal the furthest point that d steps reach. The box is split at the point where the two
 * directions meet; each half costs half.
 *
 * A search is bounded by REACH steps, and by REACH_SPENT when the work is used up. It then splits at the furthest point
 * it has, which is a good split and not always the best one. Only the two sequences, and the work that is left, decide
 * where that happens. */
#include "text_private.h"

#include <assert.h>
#include <stdlib.h>

enum {
    REACH = 2048,        /* steps of one search while there is work left */
    REACH_SPENT = 32,    /* steps of one search when there is none */
    BOXES = 64,          /* enough: the smaller half is done first, so the box in hand at least halves each time */
    NOWHERE = -(1 << 30) /* a diagonal that was not reached */
};

struct box {
    int32_t a_from, a_to, b_from, b_to;
};

struct search {
    const uint32_t *a, *b;
    uint8_t *a_marked, *b_marked;
    int32_t *forward, *backward; /* x of the furthest point of each diagonal, from -reach - 1 to reach + 1 */
    uint64_t *work;
    int short_reach; /* the work was used up before this search began */
};

/* A point of a box, counted from its first corner. */
struct point {
    int32_t x, y;
};

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* How many numbers are equal from (x, y) on. reversed: counted from the last corner, backwards. */
static inline int32_t equal_run(const struct search *s, const struct box *q, int32_t x, int32_t y, int reversed)
{
    int32_t rest_a = q->a_to - q->a_from - x, rest_b = q->b_to - q->b_from - y;
    int32_t rest = rest_a < rest_b ? rest_a : rest_b, run = 0;
    const uint32_t *a = reversed ? s->a + q->a_to - x : s->a + q->a_from + x;
    const uint32_t *b = reversed ? s->b + q->b_to - y : s->b + q->b_from + y;
    if (reversed)
        while (run < rest && a[-1 - run] == b[-1 - run])
            run++;
    else
        while (run < rest && a[run] == b[run])
            run++;
    return run;
}

enum outcome { GOES_ON, MET, SPENT };

/* Extends one direction from d - 1 steps to d. Reversed, everything is counted from the last corner, so that the other
 * direction's diagonal is n - m - k and its x counts down from n. Each direction is compiled for itself, since a merge
 * of unlike texts spends its time here. */
__attribute__((always_inline)) static inline enum outcome extend(struct search *s, const struct box *q, int32_t d,
                                                                 int reversed, struct point *met)
{
    int32_t n = q->a_to - q->a_from, m = q->b_to - q->b_from, delta = n - m;
    int32_t *own = reversed ? s->backward : s->forward;
    const int32_t *other = reversed ? s->forward : s->backward;
    int32_t reached = reversed ? d : d - 1; /* steps of the other direction so far */
    int may_meet = (delta & 1) != reversed; /* forwards they can meet after an odd number of steps, backwards an even */
    enum outcome outcome = GOES_ON;
    uint64_t work = *s->work;
    /* 1. Leave out diagonals outside of the box; mark those next to the new ones as not reached. */
    int32_t low = smaller(d, m), high = smaller(d, n);
    low = -(low - ((d - low) & 1));
    own[-d - 1] = own[d + 1] = NOWHERE;
    for (int32_t k = low; k <= high; k += 2) {
        /* 2. Take one step from the better neighbour, then go along equal numbers. */
        int32_t x = d == 0 ? 0 : own[k - 1] + 1 > own[k + 1] ? own[k - 1] + 1 : own[k + 1], run;
        if (x < 0 || x > n || x - k > m) {
            own[k] = NOWHERE;
            continue;
        }
        run = equal_run(s, q, x, x - k, reversed);
        own[k] = x += run;
        /* 3. See if it meets the other direction. */
        if (may_meet && delta - k >= -reached && delta - k <= reached && x + other[delta - k] >= n) {
            *met = reversed ? (struct point){n - x, m - (x - k)} : (struct point){x, x - k};
            outcome = MET;
            break;
        }
        /* 4. Count the work. After two steps each direction has left its corner, so there is a point to split at. */
        work -= work > (uint64_t)run ? (uint64_t)run + 1 : work;
        if (work == 0 && !s->short_reach && d >= 2) {
            outcome = SPENT;
            break;
        }
    }
    *s->work = work;
    return outcome;
}

/* Finds the point with the most done that d steps reached in one direction. Returns how much is done (x + y), or -1. It
 * is never the far corner: a direction that gets there has met the other one before. */
static int32_t furthest(const int32_t *own, int32_t d, struct point *best)
{
    int32_t most = -1;
    for (int32_t k = -d; k <= d; k++) {
        int32_t done = own[k] < 0 ? -1 : 2 * own[k] - k;
        if (done > most) {
            most = done;
            *best = (struct point){own[k], own[k] - k};
        }
    }
    return most;
}

/* A point of a box through which a cheap script leads; neither of the two corners. */
static struct point split_box(struct search *s, const struct box *q)
{
    int32_t n = q->a_to - q->a_from, m = q->b_to - q->b_from;
    struct point forward = {0, 0}, backward = {0, 0};
    int32_t reach, d;
    s->short_reach = *s->work == 0;
    reach = smaller(s->short_reach ? REACH_SPENT : REACH, (n + m + 1) / 2);
    for (d = 0; d <= reach; d++) {
        enum outcome outcome;
        if ((outcome = extend(s, q, d, 0, &forward)) == GOES_ON)
            outcome = extend(s, q, d, 1, &forward);
        if (outcome == MET)
            return forward;
        if (outcome == SPENT)
            break;
    }
    d = smaller(d, reach);
    /* The two are too far apart. If the work ran out, round d is unfinished; the points that it has are valid. */
    if (furthest(s->forward, d, &forward) >= furthest(s->backward, d, &backward))
        return forward;
    return (struct point){n - backward.x, m - backward.y};
}

static void mark(uint8_t *marked, int32_t from, int32_t to)
{
    for (int32_t i = from; i < to; i++)
        marked[i] = 1;
}

static void find_script(struct search *s, struct box whole)
{
    struct box waiting[BOXES];
    size_t count = 1;
    waiting[0] = whole;
    while (count > 0) {
        struct box q = waiting[--count], left, right;
        struct point p;
        /* 1. Equal numbers at both ends stay. */
        int32_t same = equal_run(s, &q, 0, 0, 0);
        q.a_from += same;
        q.b_from += same;
        same = equal_run(s, &q, 0, 0, 1);
        q.a_to -= same;
        q.b_to -= same;
        /* 2. If one side is empty, mark the other. */
        if (q.a_from == q.a_to || q.b_from == q.b_to) {
            mark(s->a_marked, q.a_from, q.a_to);
            mark(s->b_marked, q.b_from, q.b_to);
            continue;
        }
        /* 3. If not, split the box; the smaller half is done first. */
        p = split_box(s, &q);
        left = right = q;
        left.a_to = right.a_from = q.a_from + p.x;
        left.b_to = right.b_from = q.b_from + p.y;
        assert(p.x >= 0 && p.y >= 0 && left.a_to <= q.a_to && left.b_to <= q.b_to);
        assert(p.x + p.y > 0 && (left.a_to < q.a_to || left.b_to < q.b_to) && count + 2 <= BOXES);
        if (p.x + p.y < q.a_to - left.a_to + q.b_to - left.b_to) {
            waiting[count++] = right;
            waiting[count++] = left;
        } else {
            waiting[count++] = left;
            waiting[count++] = right;
        }
    }
}

int text_script(struct text_sequence a, struct text_sequence b, uint64_t *work, struct error *e)
{
    size_t half = (a.count + b.count + 1) / 2, reach = half < REACH ? half : REACH, room = 2 * reach + 3;
    struct search s = {a.numbers, b.numbers, a.marked, b.marked, NULL, NULL, work, 0};
    struct box whole = {0, (int32_t)a.count, 0, (int32_t)b.count};
    int32_t *memory = calloc(2 * room, sizeof *memory);
    if (memory == NULL)
        return error_memory(e);
    s.forward = memory + reach + 1;
    s.backward = s.forward + room;
    find_script(&s, whole);
    free(memory);
    return 0;
}
