/* Tests: common/record/merge.c
 * Properties of the merge over sets made at random: any order of a set gives one result, and replicas that saw it in
 * pieces agree in the end. */
#include "merge_fixture.h"

static uint64_t random_state;

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

/* An op from a small world, so that ties, copies and rings are common. */
static struct merge_op any_op(const struct slice *values, unsigned value_count)
{
    struct merge_op o, named[3];
    memset(&o, 0, sizeof o);
    o.dot = merge_dot_of(below(3), 1 + below(3), below(2));
    o.dot.epoch = 1 + below(2);
    o.hlc = below(4) == 0 ? MS(YEAR_2099) : MS(TODAY) + below(3);
    o.received_ms = below(3) == 0 ? 0 : TODAY + below(2);
    o.position = below(3) == 0 ? MERGE_NOT_ACCEPTED : below(4);
    o.action = (enum change_action)(1 + below(3));
    o.value = values[below(value_count)];
    o.tag = 0;
    for (size_t i = 0; i < 3; i++)
        named[i].dot = merge_dot_of(below(3), 1 + below(3), below(2));
    return below(2) == 0 ? o : merge_op_over(o, named, below(4));
}

static void assert_same_ops(const struct merge_op *a, const struct merge_op *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(dot_equal(&a[i].dot, &b[i].dot));
        assert_true(slice_equal(a[i].value, b[i].value));
        assert_int_equal(a[i].position, b[i].position);
        assert_int_equal(a[i].received_ms, b[i].received_ms);
        assert_int_equal(a[i].hlc, b[i].hlc);
        assert_int_equal(a[i].action, b[i].action);
    }
}

static void assert_same_result(const struct schema_field *field, const struct merge_op *a, const struct merge_op *b,
                               size_t count)
{
    struct merge_op left[64], right[64];
    struct merge_shown one, other;
    size_t live;
    assert_true(count <= 64);
    /* As a set of live ops, whatever it is... */
    memcpy(left, a, count * sizeof *a);
    memcpy(right, b, count * sizeof *b);
    one = merge_show(field, left, count);
    other = merge_show(field, right, count);
    assert_int_equal(one.conflict, other.conflict);
    assert_int_equal(one.count, other.count);
    assert_true(one.sum == other.sum);
    assert_same_ops(left, right, count);
    /* ...and as a history. */
    memcpy(left, a, count * sizeof *a);
    memcpy(right, b, count * sizeof *b);
    live = merge_live(left, count);
    assert_int_equal(merge_live(right, count), live);
    assert_same_ops(left, right, live);
    one = merge_show(field, left, live);
    other = merge_show(field, right, live);
    assert_int_equal(one.conflict, other.conflict);
    assert_int_equal(one.count, other.count);
    assert_true(one.sum == other.sum);
    assert_same_ops(left, right, live);
}

static void swap(struct merge_op *a, struct merge_op *b)
{
    struct merge_op kept = *a;
    *a = *b;
    *b = kept;
}

/* All orders of up to five ops (Heap's way, without recursion). */
static void assert_any_order(const struct schema_field *field, const struct merge_op *ops, size_t count)
{
    struct merge_op order[5];
    size_t done[5] = {0}, i = 1;
    memcpy(order, ops, count * sizeof *ops);
    while (i < count) {
        if (done[i] < i) {
            swap(&order[i % 2 == 0 ? 0 : done[i]], &order[i]);
            assert_same_result(field, ops, order, count);
            done[i]++;
            i = 1;
        } else {
            done[i++] = 0;
        }
    }
}

static void shuffle(struct merge_op *ops, size_t count)
{
    for (size_t i = count; i > 1; i--)
        swap(&ops[i - 1], &ops[below((unsigned)i)]);
}

static size_t any_values(struct slice *values)
{
    size_t n = 0;
    for (int64_t i = -1; i < 5; i++)
        values[n++] = merge_integer(i);
    values[n++] = merge_nil();
    values[n++] = merge_text("a");
    values[n++] = merge_text("b");
    values[n++] = merge_integer(INT64_MAX);
    values[n++] = merge_integer(INT64_MIN);
    return n;
}

static void order_does_not_matter(void **state)
{
    /* Goal: every order of a small set, and many orders of a larger one, give one result under every policy. */
    struct slice values[16];
    unsigned value_count = (unsigned)any_values(values);
    struct merge_op ops[48], shuffled[48];
    size_t before = merge_arena_used;
    (void)state;
    random_state = 88172645463325252ull;
    for (unsigned round = 0; round < 400; round++) {
        const struct schema_field *field = &merge_fields[round % FIELD_COUNT];
        size_t count = 1 + below(5);
        merge_arena_used = before;
        for (size_t i = 0; i < count; i++)
            ops[i] = any_op(values, value_count);
        assert_any_order(field, ops, count);
    }
    for (unsigned round = 0; round < 400; round++) {
        const struct schema_field *field = &merge_fields[round % FIELD_COUNT];
        size_t count = 6 + below(42);
        merge_arena_used = before;
        for (size_t i = 0; i < count; i++)
            ops[i] = any_op(values, value_count);
        memcpy(shuffled, ops, sizeof ops);
        for (unsigned times = 0; times < 5; times++) {
            shuffle(shuffled, count);
            assert_same_result(field, ops, shuffled, count);
        }
    }
}

/* Replicas that write over what they see of a history, and hear of each other in pieces. */
struct replica {
    struct merge_op seen[64];
    size_t count;
};

static void hear(struct replica *r, const struct merge_op *o)
{
    for (size_t i = 0; i < r->count; i++)
        if (dot_equal(&r->seen[i].dot, &o->dot))
            return;
    r->seen[r->count++] = *o;
}

static struct merge_op write_over(struct replica *r, unsigned device, uint64_t at, struct slice value)
{
    struct merge_op live[64], o = merge_op_as(merge_op_at(device, at, value), (enum change_action)(1 + below(3)));
    size_t count;
    memcpy(live, r->seen, sizeof live);
    count = merge_live(live, r->count);
    if (below(4) == 0)
        o.hlc = MS(YEAR_2099);
    return merge_op_over(o, live, below(3) == 0 ? below((unsigned)count + 1) : count);
}

static void replicas_agree_in_the_end(void **state)
{
    /* Goal: replicas that saw different parts of a history in different orders show the same once they have it all. */
    struct slice values[16];
    unsigned value_count = (unsigned)any_values(values);
    size_t before = merge_arena_used;
    (void)state;
    random_state = 362436069362436069ull;
    for (unsigned round = 0; round < 500; round++) {
        const struct schema_field *field = &merge_fields[round % FIELD_COUNT];
        struct replica replicas[4];
        struct merge_op history[40], orders[4][40];
        size_t count = 2 + below(38);
        merge_arena_used = before;
        memset(replicas, 0, sizeof replicas);
        for (size_t i = 0; i < count; i++) {
            unsigned who = below(4);
            for (unsigned times = below(6); i > 0 && times > 0; times--)
                hear(&replicas[who], &history[below((unsigned)i)]);
            history[i] = write_over(&replicas[who], who, i + 1, values[below(value_count)]);
            hear(&replicas[who], &history[i]);
        }
        for (unsigned who = 0; who < 4; who++) {
            memcpy(orders[who], history, sizeof history);
            shuffle(orders[who], count);
            for (size_t i = 0; i < count; i++)
                hear(&replicas[who], &orders[who][i]);
            assert_int_equal(replicas[who].count, count);
            assert_same_result(field, history, replicas[who].seen, count);
        }
    }
}

static void live_op_is_never_lost(void **state)
{
    /* Goal: every op that lives is in the result, shown or behind the shown: the merge drops nothing. */
    struct slice values[16];
    unsigned value_count = (unsigned)any_values(values);
    size_t before = merge_arena_used;
    (void)state;
    random_state = 521288629521288629ull;
    for (unsigned round = 0; round < 300; round++) {
        struct merge_op ops[30];
        int found[30] = {0};
        merge_arena_used = before;
        for (size_t i = 0; i < 30; i++) {
            ops[i] = any_op(values, value_count);
            ops[i].tag = i;
        }
        (void)merge_show(&merge_fields[round % FIELD_COUNT], ops, 30);
        for (size_t i = 0; i < 30; i++)
            found[ops[i].tag]++;
        for (size_t i = 0; i < 30; i++)
            assert_int_equal(found[i], 1);
        for (size_t i = 0; i < 30; i++)
            found[i] = 0;
        (void)merge_live(ops, 30);
        for (size_t i = 0; i < 30; i++)
            found[ops[i].tag]++;
        for (size_t i = 0; i < 30; i++)
            assert_int_equal(found[i], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(replicas_agree_in_the_end),
        cmocka_unit_test(live_op_is_never_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
