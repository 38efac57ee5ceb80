/* What the tests of the merge share: fields of every policy, values, ops. */
#ifndef SATCHEL_MERGE_WORLD_H
#define SATCHEL_MERGE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "merge.h"

#define MS(ms) ((uint64_t)(ms) << 16)
#define YEAR_2099 4070908800000ull
#define TODAY 1800000000000ull

static const struct schema_choice risks[] = {{1, "none"}, {3, "low"}, {2, "high"}, {0, NULL}}; /* 2 ranks above 3 */
static const struct schema_field fields[] = {{10, SCHEMA_TEXT, "phone", SCHEMA_LATEST, 0, NULL, ""},
                                             {11, SCHEMA_CHOICE, "risk", SCHEMA_HIGHEST, 0, risks, ""},
                                             {12, SCHEMA_TEXT, "legal_name", SCHEMA_REVIEW, 0, NULL, ""},
                                             {13, SCHEMA_TEXT, "need", SCHEMA_SET, 0, NULL, ""},
                                             {14, SCHEMA_INTEGER, "units", SCHEMA_SUM, 0, NULL, ""},
                                             {15, SCHEMA_TEXT, "narrative", SCHEMA_TEXTUAL, 0, NULL, ""},
                                             {16, SCHEMA_TEXT, "note", SCHEMA_ONCE, 0, NULL, ""},
                                             {17, SCHEMA_TEXT, "status", SCHEMA_STATUS, 0, NULL, ""}};
static const struct schema_field *const latest = &fields[0], *const highest = &fields[1], *const review = &fields[2],
                                        *const set = &fields[3], *const sum = &fields[4], *const textual = &fields[5],
                                        *const once = &fields[6], *const status = &fields[7];
#define FIELD_COUNT (sizeof fields / sizeof *fields)

/* Values: encoded once, kept until the program ends. */
static uint8_t arena[1 << 20];
static size_t arena_used;

static inline struct slice keep(struct pack *w)
{
    struct slice kept = {arena + arena_used, pack_bytes(w).size};
    assert_int_equal(pack_finish(w, NULL), 0);
    assert_true(arena_used + kept.size <= sizeof arena);
    memcpy(arena + arena_used, pack_bytes(w).p, kept.size);
    arena_used += kept.size;
    pack_free(w);
    return kept;
}

static inline struct slice text(const char *words)
{
    struct pack w;
    pack_start(&w);
    pack_text(&w, words, strlen(words));
    return keep(&w);
}

static inline struct slice integer(int64_t value)
{
    struct pack w;
    pack_start(&w);
    pack_int(&w, value);
    return keep(&w);
}

static inline struct slice nil(void)
{
    struct pack w;
    pack_start(&w);
    pack_nil(&w);
    return keep(&w);
}

static inline struct dot dot_of(unsigned device, uint64_t seq, unsigned index)
{
    struct dot dot = {{{0}}, 1, seq, index};
    dot.device.b[0] = (uint8_t)device;
    return dot;
}

/* An op that was received in the millisecond in which it was written, and accepted at position `at`. */
static inline struct merge_op op(unsigned device, uint64_t at, struct slice value)
{
    struct merge_op o;
    memset(&o, 0, sizeof o);
    o.dot = dot_of(device, at, 0);
    o.hlc = MS(TODAY + at);
    o.received_ms = TODAY + at;
    o.position = at;
    o.action = CHANGE_SET;
    o.value = value;
    return o;
}

static inline struct merge_op over(struct merge_op o, const struct merge_op *named, size_t count)
{
    struct pack w;
    pack_start(&w);
    pack_array(&w, count);
    for (size_t i = 0; i < count; i++)
        dot_pack(&w, &named[i].dot);
    o.supersedes = keep(&w);
    return o;
}

static inline struct merge_op action(struct merge_op o, enum change_action what)
{
    o.action = what;
    return o;
}

/* Shows two ops in both orders; the winner must be the same. Returns the conflict. */
static inline enum merge_conflict assert_wins(const struct schema_field *field, struct merge_op winner,
                                              struct merge_op loser)
{
    struct merge_op one[2] = {winner, loser}, other[2] = {loser, winner};
    struct merge_shown a = merge_show(field, one, 2), b = merge_show(field, other, 2);
    assert_true(dot_equal(&one[0].dot, &winner.dot));
    assert_true(dot_equal(&other[0].dot, &winner.dot));
    assert_int_equal(a.conflict, b.conflict);
    assert_int_equal(a.count, b.count);
    return a.conflict;
}

#endif
