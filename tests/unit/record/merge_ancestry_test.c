/* Tests: common/record/merge.c
 * What the merge makes of the ops that the live ones were written over: the line of a status, the base of a text. */
#include "merge_fixture.h"

/* --- the line of a status --- */

/* Ops in the office's order, live and dead as one set; shows them whatever the order they are handed in, and with their
 * dead in any order. Returns what stands first. */
static struct merge_op show_line(const struct merge_op *ops, size_t count, struct merge_shown *shown)
{
    struct merge_op first = {.hlc = 0};
    for (size_t turn = 0; turn < count; turn++) {
        struct merge_op all[16];
        size_t live;
        struct merge_shown now;
        for (size_t i = 0; i < count; i++)
            all[i] = ops[(turn + (turn % 2 == 0 ? i : count - i)) % count];
        live = merge_live(all, count);
        now = merge_show_over(merge_status, all, live, all + live, count - live);
        if (turn != 0) {
            assert_true(dot_equal(&first.dot, &all[0].dot));
            assert_int_equal(now.conflict, shown->conflict);
            assert_int_equal(now.count, shown->count);
        }
        for (size_t i = 2; i < live; i++)
            assert_true(all[i - 1].position <= all[i].position);
        first = all[0];
        *shown = now;
    }
    return first;
}

static void assert_line_ends(const struct merge_op *ops, size_t count, const struct merge_op *wanted)
{
    struct merge_shown shown;
    struct merge_op first = show_line(ops, count, &shown);
    assert_true(dot_equal(&first.dot, &wanted->dot));
    assert_int_equal(shown.conflict, MERGE_LOUD);
    assert_int_equal(shown.count, 1);
}

static void status_whose_start_is_gone_is_not_shown(void **state)
{
    /* Goal: open, closed by A; B, who was out, puts it on hold; C, who has not got B's, opens it again. The case is
     * open; as review it would be on hold, which never held. */
    struct merge_op all[4], as_review[2];
    (void)state;
    all[0] = merge_op_at(1, 1, merge_text("open"));
    all[1] = merge_op_over(merge_op_at(2, 2, merge_text("closed")), &all[0], 1);
    all[2] = merge_op_over(merge_op_at(3, 3, merge_text("on hold")), &all[0], 1);
    assert_line_ends(all, 3, &all[1]);
    all[3] = merge_op_over(merge_op_at(4, 4, merge_text("open")), &all[1], 1);
    assert_line_ends(all, 4, &all[3]);
    as_review[0] = all[3];
    as_review[1] = all[2];
    (void)merge_show(merge_review, as_review, 2);
    assert_true(dot_equal(&as_review[0].dot, &all[2].dot));
}

static void status_that_follows_a_contested_one_is_contested(void **state)
{
    /* Goal: what somebody writes over his own change, which was contested, is contested as that was; who has seen both
     * decides. */
    struct merge_op all[5], both[2];
    struct merge_shown shown;
    (void)state;
    all[0] = merge_op_at(1, 1, merge_text("open"));
    all[1] = merge_op_over(merge_op_at(2, 2, merge_text("closed")), &all[0], 1);
    all[2] = merge_op_over(merge_op_at(3, 3, merge_text("on hold")), &all[0], 1);
    all[3] = merge_op_over(merge_op_at(3, 4, merge_text("ended")), &all[2], 1);
    assert_line_ends(all, 4, &all[1]);
    both[0] = all[3];
    both[1] = all[1];
    all[4] = merge_op_over(merge_op_at(5, 5, merge_text("open")), both, 2);
    (void)show_line(all, 5, &shown);
    assert_int_equal(shown.conflict, MERGE_AGREED);
}

static void line_goes_by_the_office_s_order(void **state)
{
    /* Goal: not when they were written, nor by whom, but which the office accepted first decides what held; then the
     * stamp, then the dot. What is not accepted comes last. */
    struct merge_op all[3];
    (void)state;
    all[0] = merge_op_at(9, 1, merge_text("open"));
    all[1] = merge_op_over(merge_op_at(8, 3, merge_text("closed")), &all[0], 1);
    all[2] = merge_op_over(merge_op_at(7, 2, merge_text("on hold")), &all[0], 1);
    assert_line_ends(all, 3, &all[2]);
    all[1].position = all[2].position = MERGE_NOT_ACCEPTED;
    assert_line_ends(all, 3, &all[2]);
    all[1].hlc = all[2].hlc;
    assert_line_ends(all, 3, &all[2]);
    all[1].dot = merge_dot_of(6, 3, 0);
    assert_line_ends(all, 3, &all[1]);
    all[2].position = 7;
    assert_line_ends(all, 3, &all[2]);
}

static void without_ancestry_status_is_as_review(void **state)
{
    /* Goal: if nothing is known of what lived before, the first of the live ops stands; of broken lists as well. */
    static const uint8_t broken[] = {0x92, 0x94, 0xc4};
    struct merge_op a = merge_op_at(1, 2, merge_text("open")), b = merge_op_at(2, 1, merge_text("closed"));
    (void)state;
    assert_int_equal(assert_wins(merge_status, b, a), MERGE_LOUD);
    a.supersedes = b.supersedes = (struct slice){broken, sizeof broken};
    assert_int_equal(assert_wins(merge_status, b, a), MERGE_LOUD);
    b.value = a.value;
    assert_int_equal(assert_wins(merge_status, b, a), MERGE_AGREED);
}

static void equal_status_never_conflicts(void **state)
{
    /* Goal: two who close a case agree, whatever each started from; then the office's first stands first. */
    struct merge_op all[4];
    struct merge_shown shown;
    struct merge_op first;
    (void)state;
    all[0] = merge_op_at(1, 1, merge_text("open"));
    all[1] = merge_op_over(merge_op_at(2, 2, merge_text("on hold")), &all[0], 1);
    all[2] = merge_op_over(merge_op_at(3, 3, merge_text("closed")), &all[0], 1);
    all[3] = merge_op_over(merge_op_at(4, 4, merge_text("closed")), &all[1], 1);
    first = show_line(all, 4, &shown);
    assert_int_equal(shown.conflict, MERGE_AGREED);
    assert_true(dot_equal(&first.dot, &all[2].dot));
}

static void a_line_that_ends_in_the_dead_shows_the_first_that_lives(void **state)
{
    /* Goal: an op that names a later one, which no honest author can, still leaves one answer for everybody. */
    struct merge_op all[3], later = merge_op_at(5, 5, merge_text("later"));
    (void)state;
    all[0] = merge_op_over(merge_op_at(1, 1, merge_text("a")), &later, 1);
    all[1] = merge_op_at(2, 2, merge_text("b"));
    all[2] = merge_op_over(later, &all[0], 1); /* each names the other: both are dead */
    all[0] = merge_op_over(all[0], &all[2], 1);
    {
        struct merge_op four[] = {all[0], all[1], all[2], merge_op_at(3, 3, merge_text("c"))};
        assert_line_ends(four, 4, &all[1]);
    }
}

/* --- the base of a text --- */

static struct merge_op dead_of(unsigned device)
{
    return merge_op_at(device, 1, merge_text("before"));
}

/* -1: none. The dead are handed in in every rotation. */
static int base_of(const struct merge_op *live, size_t count, const struct merge_op *dead, size_t dead_count,
                   unsigned generation)
{
    struct merge_op turned[16] = {0};
    int found = -2;
    for (size_t turn = 0; turn < dead_count || turn == 0; turn++) {
        struct merge_base base;
        int now = -1;
        for (size_t i = 0; i < dead_count; i++)
            turned[i] = dead[(i + turn) % dead_count];
        base = merge_base(live, count, turned, dead_count);
        assert_int_equal(base.generation, generation);
        for (size_t i = 0; i < dead_count && base.base != MERGE_NO_BASE; i++)
            if (dot_equal(&turned[base.base].dot, &dead[i].dot))
                now = (int)i;
        assert_true(found == -2 || found == now);
        found = now;
    }
    return found;
}

static void base_is_what_all_versions_were_written_over(void **state)
{
    /* Goal: two over one text have it for their base; with a version that somebody wrote over another one, it is the
     * text before both. */
    struct merge_op dead[2], live[2];
    (void)state;
    dead[0] = dead_of(1);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), dead, 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), dead, 1);
    assert_int_equal(base_of(live, 2, dead, 1, 1), 0);
    dead[1] = merge_op_over(dead_of(2), dead, 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), &dead[1], 1);
    assert_int_equal(base_of(live, 2, dead, 2, 2), 0);
    assert_int_equal(base_of(live, 1, dead, 2, 1), 0);
}

static void base_is_the_nearest(void **state)
{
    /* Goal: of several common ancestors the last counts, not those that it was written over: whether it is found in the
     * same generation or an earlier one. */
    struct merge_op dead[4], both[2], live[2];
    (void)state;
    dead[0] = dead_of(1);
    dead[1] = merge_op_over(dead_of(2), &dead[0], 1);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), &dead[1], 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), &dead[1], 1);
    assert_int_equal(base_of(live, 2, dead, 2, 1), 1);
    both[0] = dead[0];
    both[1] = dead[1];
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), both, 2);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), both, 2);
    assert_int_equal(base_of(live, 2, dead, 2, 1), 1);
    /* By way of one that was reached as well. */
    dead[3] = merge_op_over(dead_of(9), &dead[0], 1);
    dead[1] = merge_op_over(dead_of(2), &dead[3], 1);
    {
        struct merge_op three[] = {dead[0], dead[1], dead[3]};
        live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), three, 3);
        live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), both, 2);
        assert_int_equal(base_of(live, 2, three, 3, 1), 1);
        /* But not by way of one that was not. */
        live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), both, 2);
        assert_int_equal(base_of(live, 2, three, 3, 1), -1);
        assert_int_equal(base_of(live, 2, three, 2, 1), -1);
    }
}

static void base_is_not_shaken_by_what_lies_around_it(void **state)
{
    /* Goal: neither what leads back to the base, nor what all versions have in common further away, takes its place. */
    struct merge_op dead[4], live[2], two[2];
    (void)state;
    dead[0] = dead_of(1);
    dead[1] = merge_op_over(dead_of(2), &dead[0], 1);
    dead[0] = merge_op_over(dead[0], &dead[1], 1);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), dead, 2);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), dead, 1);
    assert_int_equal(base_of(live, 2, dead, 2, 1), 0);
    dead[0] = dead_of(1);
    dead[1] = dead_of(2);
    dead[2] = merge_op_over(dead_of(5), &dead[1], 1);
    dead[3] = merge_op_over(dead_of(6), &dead[1], 1);
    two[0] = dead[0];
    two[1] = dead[2];
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), two, 2);
    two[1] = dead[3];
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), two, 2);
    assert_int_equal(base_of(live, 2, dead, 4, 1), 0);
}

static void without_one_nearest_there_is_no_base(void **state)
{
    /* Goal: nothing in common, two with equal right, two that name each other, broken lists, nothing at all: no base.
     */
    static const uint8_t broken[] = {0x92, 0x94, 0xc4};
    struct merge_op dead[3], live[2];
    (void)state;
    dead[0] = dead_of(1);
    dead[1] = dead_of(2);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), &dead[0], 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), &dead[1], 1);
    assert_int_equal(base_of(live, 2, dead, 2, 0), -1);
    assert_int_equal(base_of(live, 2, dead, 0, 0), -1);
    assert_int_equal(base_of(live, 0, dead, 1, 0), -1);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), dead, 2);
    assert_int_equal(base_of(live, 2, dead, 2, 1), 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), dead, 2);
    assert_int_equal(base_of(live, 2, dead, 2, 1), -1);
    dead[0] = merge_op_over(dead[0], &dead[1], 1);
    dead[1] = merge_op_over(dead[1], &dead[0], 1);
    assert_int_equal(base_of(live, 2, dead, 2, 1), -1);
    live[1].supersedes = (struct slice){broken, sizeof broken};
    assert_int_equal(base_of(live, 2, dead, 2, 0), -1);
    /* What cannot be read names nothing, and not the dot of zeros. */
    memset(&dead[0].dot, 0, sizeof dead[0].dot);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), dead, 1);
    assert_int_equal(base_of(live, 2, dead, 1, 0), -1);
}

static void naming_oneself_leads_nowhere(void **state)
{
    /* Goal: an op that names itself was not written over itself: neither a live one of which a copy is at hand, nor a
     * dead one, which stays the nearest. */
    struct merge_op dead[2], live[2];
    (void)state;
    live[0] = merge_op_at(3, 3, merge_text("x"));
    live[0] = merge_op_over(live[0], &live[0], 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), &live[0], 1);
    dead[0] = live[0];
    assert_int_equal(base_of(live, 2, dead, 1, 0), -1);
    dead[0] = dead_of(1);
    dead[0] = merge_op_over(dead[0], &dead[0], 1);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), dead, 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), dead, 1);
    assert_int_equal(base_of(live, 2, dead, 1, 1), 0);
}

static void base_may_be_far(void **state)
{
    /* Goal: as many dead as may be, in one chain, of which the last is what both were written over; with one more there
     * is no base. */
    static struct merge_op dead[MERGE_DEAD_MAX + 1];
    struct merge_op live[2];
    struct merge_base base;
    (void)state;
    for (size_t i = 0; i <= MERGE_DEAD_MAX; i++)
        dead[i] = i == 0 ? dead_of(1) : merge_op_over(merge_op_at(2, i + 1, merge_text("before")), &dead[i - 1], 1);
    live[0] = merge_op_over(merge_op_at(3, 3, merge_text("x")), &dead[MERGE_DEAD_MAX - 1], 1);
    live[1] = merge_op_over(merge_op_at(4, 4, merge_text("y")), &dead[0], 1);
    base = merge_base(live, 2, dead, MERGE_DEAD_MAX);
    assert_int_equal(base.generation, MERGE_DEAD_MAX);
    assert_int_equal(base.base, 0);
    base = merge_base(live, 2, dead, MERGE_DEAD_MAX + 1);
    assert_int_equal(base.generation, 0);
    assert_true(base.base == MERGE_NO_BASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_whose_start_is_gone_is_not_shown),
        cmocka_unit_test(status_that_follows_a_contested_one_is_contested),
        cmocka_unit_test(line_goes_by_the_office_s_order),
        cmocka_unit_test(without_ancestry_status_is_as_review),
        cmocka_unit_test(equal_status_never_conflicts),
        cmocka_unit_test(a_line_that_ends_in_the_dead_shows_the_first_that_lives),
        cmocka_unit_test(base_is_what_all_versions_were_written_over),
        cmocka_unit_test(base_is_the_nearest),
        cmocka_unit_test(base_is_not_shaken_by_what_lies_around_it),
        cmocka_unit_test(without_one_nearest_there_is_no_base),
        cmocka_unit_test(naming_oneself_leads_nowhere),
        cmocka_unit_test(base_may_be_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
