/* A case: a short history of changes in plain numbers, that merge_storm makes at random, shrinks, and prints as C. */
#ifndef SATCHEL_TESTS_MERGE_CASE_H
#define SATCHEL_TESTS_MERGE_CASE_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "schema.h"

enum {
    CASE_CHANGES = 24,
    CASE_OPS = 4,
    CASE_NAMES = 12,  /* dots that an op supersedes */
    CASE_LISTED = 40, /* dots that a void lists */
    CASE_FIELD_OPS = CASE_CHANGES * CASE_OPS + 8
};
#define CASE_TODAY 1800000000000ull /* ms: when the first change is received */

struct case_dot {
    uint8_t device, epoch, seq, index;
};

struct case_op {
    uint8_t field, action; /* CHANGE_SET ... */
    uint8_t value;         /* a number in case_values */
    uint8_t named_count, listed_count;
    struct case_dot named[CASE_NAMES], listed[CASE_LISTED]; /* listed: the value, where it is CASE_LIST */
};

struct case_change {
    uint8_t record; /* a number in case_records */
    uint8_t device, epoch, seq;
    uint8_t position; /* in the office's log; it was received as many milliseconds after CASE_TODAY */
    uint8_t op_count;
    uint64_t hlc;
    struct case_op ops[CASE_OPS];
};

struct case_history {
    size_t count;
    struct case_change changes[CASE_CHANGES];
};

/* --- values --- */

struct case_value {
    enum { CASE_NIL, CASE_TEXT, CASE_NUMBER, CASE_FLAG, CASE_DEVICE, CASE_DOTS } type;
    const char *text;
    int64_t number;
};
#define CASE_LIST 1 /* the value of a void: the dots that it lists */
static const struct case_value case_values[] = {{CASE_NIL, NULL, 0},
                                                {CASE_DOTS, NULL, 0},
                                                {CASE_TEXT, "a", 0},
                                                {CASE_TEXT, "b", 0},
                                                {CASE_TEXT, "aa", 0},
                                                {CASE_TEXT, "c \"quoted\"", 0},
                                                {CASE_TEXT, "d\nnext line", 0},
                                                {CASE_NUMBER, NULL, 0},
                                                {CASE_NUMBER, NULL, 1},
                                                {CASE_NUMBER, NULL, 2},
                                                {CASE_NUMBER, NULL, 3},
                                                {CASE_NUMBER, NULL, 4},
                                                {CASE_NUMBER, NULL, 5},
                                                {CASE_NUMBER, NULL, 77},
                                                {CASE_NUMBER, NULL, -3},
                                                {CASE_NUMBER, NULL, INT64_MAX},
                                                {CASE_NUMBER, NULL, INT64_MIN},
                                                {CASE_FLAG, NULL, 0},
                                                {CASE_FLAG, NULL, 1},
                                                {CASE_DEVICE, NULL, 0},
                                                {CASE_DEVICE, NULL, 1},
                                                {CASE_DEVICE, NULL, 2},
                                                {CASE_DEVICE, NULL, 3},
                                                /* Stories of three paragraphs, each of one word of its own. */
                                                {CASE_TEXT, "ant\n\nbee\n\ncat\n", 0},
                                                {CASE_TEXT, "ant\n\nbee\n\ncow\n", 0},
                                                {CASE_TEXT, "ant\n\nbug\n\ncat\n", 0},
                                                {CASE_TEXT, "ant\n\nbug\n\ncow\n", 0},
                                                {CASE_TEXT, "ant\n\nbat\n\ncat\n", 0},
                                                {CASE_TEXT, "ant\n\nbat\n\ncow\n", 0},
                                                {CASE_TEXT, "asp\n\nbee\n\ncat\n", 0},
                                                {CASE_TEXT, "asp\n\nbee\n\ncow\n", 0},
                                                {CASE_TEXT, "asp\n\nbug\n\ncat\n", 0},
                                                {CASE_TEXT, "asp\n\nbug\n\ncow\n", 0},
                                                {CASE_TEXT, "asp\n\nbat\n\ncat\n", 0},
                                                {CASE_TEXT, "asp\n\nbat\n\ncow\n", 0},
                                                {CASE_TEXT, "auk\n\nbee\n\ncat\n", 0},
                                                {CASE_TEXT, "auk\n\nbee\n\ncow\n", 0},
                                                {CASE_TEXT, "auk\n\nbug\n\ncat\n", 0},
                                                {CASE_TEXT, "auk\n\nbug\n\ncow\n", 0},
                                                {CASE_TEXT, "auk\n\nbat\n\ncat\n", 0},
                                                {CASE_TEXT, "auk\n\nbat\n\ncow\n", 0}};
enum {
    CASE_FIRST_TEXT = 2,
    CASE_FIRST_NUMBER = 7,
    CASE_FIRST_FLAG = 17,
    CASE_FIRST_DEVICE = 19,
    CASE_FIRST_STORY = 23,
    CASE_PARAGRAPHS = 3, /* of a story: its number, from CASE_FIRST_STORY on, is (first * 3 + second) * 2 + third */
    CASE_VALUES = sizeof case_values / sizeof *case_values
};

/* --- records: fields of every policy, one that is unknown, and a kind that is --- */

struct case_record {
    unsigned kind, scope, id;
    uint8_t fields[5];
};
static const struct case_record case_records[] = {
    {KIND_CLIENT, 1, 1, {10, 15, 19, 24, 99}},  /* review, latest, set, latest (flag), unknown */
    {KIND_CASE, 2, 2, {20, 23, 19, 12, 21}},    /* highest, text, status, latest, highest */
    {KIND_SERVICE, 2, 3, {15, 15, 17, 10, 15}}, /* sum, latest */
    {KIND_NOTE, 2, 4, {10, 12, 10, 10, 11}},    /* once */
    {999, 2, 5, {10, 11, 10, 11, 12}},          /* of a newer version */
    {KIND_HOLD, 0, 6, {10, 11, 12, 15, 13}},    /* device, epoch, seq, status, reason */
    {KIND_HOLD, 0, 7, {10, 11, 12, 15, 13}}};
enum {
    CASE_CLIENT,
    CASE_FILE,
    CASE_SERVICE,
    CASE_NOTE,
    CASE_NEWER,
    CASE_HOLD,
    CASE_OTHER_HOLD,
    CASE_RECORDS = sizeof case_records / sizeof *case_records
};

static inline struct id case_id(unsigned number)
{
    struct id id = {{0}};
    if (number == 0)
        return id;
    id.b[0] = 1;
    id.b[1] = 0x90;
    id.b[14] = (uint8_t)(number >> 8);
    id.b[15] = (uint8_t)number;
    return id;
}

static inline struct id case_device(unsigned device)
{
    return case_id(0xd000 + device);
}

static inline int case_is_hold(const struct case_change *c)
{
    return case_records[c->record].kind == KIND_HOLD;
}

static inline int case_same_dot(struct case_dot a, struct case_dot b)
{
    return a.device == b.device && a.epoch == b.epoch && a.seq == b.seq && a.index == b.index;
}

static inline struct case_dot case_dot_of(const struct case_change *c, unsigned op)
{
    return (struct case_dot){c->device, c->epoch, c->seq, (uint8_t)op};
}

static inline struct dot case_real_dot(struct case_dot d)
{
    return (struct dot){case_device(d.device), d.epoch, d.seq, d.index};
}

/* Does an op name a dot? */
static inline int case_names(const struct case_op *op, struct case_dot dot)
{
    for (size_t i = 0; i < op->named_count; i++)
        if (case_same_dot(op->named[i], dot))
            return 1;
    return 0;
}

static inline int case_lists(const struct case_op *op, struct case_dot dot)
{
    for (size_t i = 0; op->value == CASE_LIST && i < op->listed_count; i++)
        if (case_same_dot(op->listed[i], dot))
            return 1;
    return 0;
}

/* --- the same as bytes: made once for each history, by change and op --- */

struct case_bytes {
    struct slice values[CASE_CHANGES][CASE_OPS], supersedes[CASE_CHANGES][CASE_OPS];
    size_t used;
    uint8_t room[1 << 18];
};

/* An allocation or an encoding that fails ends the program: the tests have no way on. */
static inline void case_must(int right, const char *what)
{
    if (right)
        return;
    (void)fprintf(stderr, "merge_storm: %s\n", what);
    exit(2);
}

static inline struct slice case_keep(struct case_bytes *b, struct pack *w)
{
    struct slice kept = {b->room + b->used, pack_bytes(w).size};
    case_must(pack_finish(w, NULL) == 0 && b->used + kept.size <= sizeof b->room, "no room for the bytes of a case");
    memcpy(b->room + b->used, pack_bytes(w).p, kept.size);
    b->used += kept.size;
    pack_free(w);
    return kept;
}

static inline void case_pack_dots(struct pack *w, const struct case_dot *dots, size_t count)
{
    pack_array(w, count);
    for (size_t i = 0; i < count; i++) {
        struct dot dot = case_real_dot(dots[i]);
        dot_pack(w, &dot);
    }
}

static inline void case_pack_value(struct pack *w, const struct case_op *op)
{
    const struct case_value *v = &case_values[op->value];
    struct id device = case_device((unsigned)v->number);
    if (v->type == CASE_NIL)
        pack_nil(w);
    else if (v->type == CASE_DOTS)
        case_pack_dots(w, op->listed, op->listed_count);
    else if (v->type == CASE_TEXT)
        pack_text(w, v->text, strlen(v->text));
    else if (v->type == CASE_NUMBER)
        pack_int(w, v->number);
    else if (v->type == CASE_FLAG)
        pack_flag(w, (int)v->number);
    else
        pack_id(w, &device);
}

static inline void case_encode(const struct case_history *h, struct case_bytes *b)
{
    static struct slice values[CASE_VALUES], nobody;
    static struct case_bytes kept; /* what does not differ from case to case */
    b->used = 0;
    for (size_t i = 0; i < h->count; i++) {
        for (size_t k = 0; k < h->changes[i].op_count; k++) {
            const struct case_op *op = &h->changes[i].ops[k];
            struct pack w;
            if (op->value == CASE_LIST || values[op->value].p == NULL) {
                struct case_bytes *where = op->value == CASE_LIST ? b : &kept;
                pack_start(&w);
                case_pack_value(&w, op);
                b->values[i][k] = case_keep(where, &w);
                if (op->value != CASE_LIST)
                    values[op->value] = b->values[i][k];
            }
            if (op->value != CASE_LIST)
                b->values[i][k] = values[op->value];
            if (op->named_count != 0 || nobody.p == NULL) {
                pack_start(&w);
                case_pack_dots(&w, op->named, op->named_count);
                b->supersedes[i][k] = case_keep(op->named_count != 0 ? b : &kept, &w);
                if (op->named_count == 0)
                    nobody = b->supersedes[i][k];
            } else {
                b->supersedes[i][k] = nobody;
            }
        }
    }
}

/* --- printed as a test to paste into tests/unit/merge_storm_test.c --- */

static inline void case_print_dots(FILE *out, const char *name, const struct case_dot *dots, size_t count)
{
    if (count == 0)
        return;
    (void)fprintf(out, ", .%s_count = %zu, .%s = {", name, count, name);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s{%u, %u, %u, %u}", i == 0 ? "" : ", ", dots[i].device, dots[i].epoch, dots[i].seq,
                      dots[i].index);
    (void)fprintf(out, "}");
}

static inline void case_print(FILE *out, const struct case_history *h, const char *failed, uint64_t seed)
{
    (void)fprintf(out,
                  "static void %s_%llu(void **state)\n{\n    /* Goal: %s; found by merge_storm, seed %llu. */\n"
                  "    static const struct case_history h = {\n        %zu,\n        {",
                  failed, (unsigned long long)seed, failed, (unsigned long long)seed, h->count);
    for (size_t i = 0; i < h->count; i++) {
        const struct case_change *c = &h->changes[i];
        (void)fprintf(out,
                      "%s{.record = %u, .device = %u, .epoch = %u, .seq = %u, .position = %u, .hlc = %lluu,\n"
                      "          .op_count = %u, .ops = {",
                      i == 0 ? "" : ",\n         ", c->record, c->device, c->epoch, c->seq, c->position,
                      (unsigned long long)c->hlc, c->op_count);
        for (size_t k = 0; k < c->op_count; k++) {
            const struct case_op *op = &c->ops[k];
            (void)fprintf(out, "%s{.field = %u, .action = %u, .value = %u", k == 0 ? "" : ",\n                   ",
                          op->field, op->action, op->value);
            case_print_dots(out, "named", op->named, op->named_count);
            case_print_dots(out, "listed", op->listed, op->value == CASE_LIST ? op->listed_count : 0);
            (void)fprintf(out, "}");
        }
        (void)fprintf(out, "}}");
    }
    (void)fprintf(out, "}};\n    (void)state;\n    assert_holds(&h);\n}\n");
}

#endif
