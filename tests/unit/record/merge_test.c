/* Tests: common/record/merge.c
 * Each policy's steps in the order of merge.c, each comparison in both directions. merge_property_test has what holds
 * of any set. */
#include "merge_fixture.h"

#include <signal.h>

/* --- live --- */

static void live_is_what_nobody_names(void **state)
{
    /* Goal: an op lives until another op of the set names it, whether or not that other lives. */
    struct merge_op a = merge_op_at(1, 1, merge_text("a")),
                    b = merge_op_over(merge_op_at(1, 2, merge_text("b")), &a, 1),
                    c = merge_op_over(merge_op_at(2, 3, merge_text("c")), &b, 1);
    struct merge_op d = merge_op_at(3, 4, merge_text("d"));
    struct merge_op all[] = {d, a, c, b}, without_b[] = {c, a}, alone[] = {b};
    (void)state;
    assert_int_equal(merge_live(all, 4), 2);
    assert_true(dot_equal(&all[0].dot, &c.dot)); /* in the order of dots */
    assert_true(dot_equal(&all[1].dot, &d.dot));
    /* Why a compact scope comes with masks: without b, nothing says that a is dead. */
    assert_int_equal(merge_live(without_b, 2), 2);
    assert_int_equal(merge_live(alone, 1), 1);
    assert_int_equal(merge_live(NULL, 0), 0);
}

static void live_counts_a_copy_once(void **state)
{
    /* Goal: an op that is there twice counts once, and of two copies the accepted one stays. */
    struct merge_op a = merge_op_at(1, 1, merge_text("a")), waiting = a, b;
    struct merge_op twice[3];
    (void)state;
    waiting.position = MERGE_NOT_ACCEPTED;
    waiting.received_ms = 0;
    twice[0] = waiting;
    twice[1] = a;
    twice[2] = waiting;
    assert_int_equal(merge_live(twice, 3), 1);
    assert_int_equal(twice[0].position, 1);
    b = merge_op_over(merge_op_at(2, 2, merge_text("b")), &a, 1);
    twice[0] = a;
    twice[1] = b;
    twice[2] = a;
    assert_int_equal(merge_live(twice, 3), 1);
    assert_true(dot_equal(&twice[0].dot, &b.dot));
}

/* The one of two copies that stays, in both orders. */
static void assert_stays(struct merge_op winner, struct merge_op loser)
{
    struct merge_op both[2] = {winner, loser};
    winner.tag = both[0].tag = 1;
    assert_int_equal(merge_live(both, 2), 1);
    assert_int_equal(both[0].tag, 1);
    both[0] = loser;
    both[1] = winner;
    assert_int_equal(merge_live(both, 2), 1);
    assert_int_equal(both[0].tag, 1);
    /* The merge's own order ends in the same: nothing is a contribution to a sum here, so the dot decides, and then the
     * rest. */
    both[0] = winner;
    both[1] = loser;
    (void)merge_show(merge_sum, both, 2);
    assert_int_equal(both[0].tag, 1);
    both[0] = loser;
    both[1] = winner;
    (void)merge_show(merge_sum, both, 2);
    assert_int_equal(both[0].tag, 1);
}

static void copies_have_an_order_to_the_last_byte(void **state)
{
    /* Goal: of two ops with one dot the smaller position stays, then the earlier receipt, hlc, the smaller action,
     * value, list: what no honest author makes different is decided by bytes, the same everywhere. */
    struct merge_op a = merge_op_at(1, 5, merge_text("a")), b, named = merge_op_at(2, 1, merge_text("x")),
                    other = merge_op_at(2, 2, merge_text("y"));
    (void)state;
    a = merge_op_over(a, &named, 1);
    /* Each step is against what all the later steps would say. */
    b = merge_op_as(merge_op_over(merge_op_at(1, 5, merge_text("0")), NULL, 0), CHANGE_SET);
    a.action = CHANGE_ADD;
    b.hlc = 1;
    b.received_ms = 1;
    b.position = 6;
    assert_stays(a, b);
    b.position = a.position;
    assert_stays(b, a);
    b.received_ms = a.received_ms + 1;
    assert_stays(a, b);
    b.received_ms = a.received_ms;
    assert_stays(b, a);
    b.hlc = a.hlc + 1;
    assert_stays(a, b);
    b.hlc = a.hlc;
    assert_stays(b, a);
    b.action = CHANGE_REMOVE;
    assert_stays(a, b);
    b.action = a.action;
    assert_stays(b, a);
    b.value = merge_text("b");
    assert_stays(a, b);
    b.value = a.value;
    assert_stays(b, a);
    b = merge_op_over(b, &other, 1);
    assert_stays(a, b);
}

static void live_survives_what_no_author_writes(void **state)
{
    /* Goal: an op that names itself lives; a ring is dead; a list that cannot be read names nothing more. */
    static const uint8_t cut[] = {0x92, 0x94, 0xc4};
    struct merge_op a = merge_op_at(1, 1, merge_text("a")), b = merge_op_at(2, 2, merge_text("b")),
                    self = merge_op_over(a, &a, 1);
    struct merge_op ring[2] = {merge_op_over(a, &b, 1), merge_op_over(b, &a, 1)};
    struct merge_op broken[2] = {a, b};
    (void)state;
    assert_int_equal(merge_live(&self, 1), 1);
    assert_int_equal(merge_live(ring, 2), 0);
    for (size_t size = 0; size <= sizeof cut; size++) {
        broken[0] = a;
        broken[1] = b;
        broken[1].supersedes = (struct slice){cut, size};
        assert_int_equal(merge_live(broken, 2), 2);
    }
    /* What cannot be read is not taken for the dot of zeros. */
    memset(&a.dot, 0, sizeof a.dot);
    broken[0] = a;
    broken[1] = b;
    broken[1].supersedes = (struct slice){cut, sizeof cut};
    assert_int_equal(merge_live(broken, 2), 2);
}

static void keys_are_the_merges_own(void **state)
{
    /* Goal: what stands in the key of an op beforehand changes nothing, under any policy. */
    (void)state;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct merge_op clean[3] = {merge_op_at(1, 1, merge_integer(3)), merge_op_at(2, 2, merge_integer(1)),
                                    merge_op_at(3, 3, merge_integer(2))},
                        used[3];
        struct merge_shown one, other;
        memcpy(used, clean, sizeof used);
        for (unsigned k = 0; k < 3; k++)
            used[k].key = k == 1 ? 7 : 3 * k;
        one = merge_show(&merge_fields[i], clean, 3);
        other = merge_show(&merge_fields[i], used, 3);
        assert_int_equal(one.conflict, other.conflict);
        assert_int_equal(one.count, other.count);
        for (unsigned k = 0; k < 3; k++)
            assert_true(dot_equal(&clean[k].dot, &used[k].dot));
    }
}

/* --- latest --- */

static void latest_is_the_greatest_time(void **state)
{
    /* Goal: latest shows the greatest effective time, then device, then the rest of the dot; quietly. */
    struct merge_op early = merge_op_at(9, 1, merge_text("1")), late = merge_op_at(1, 2, merge_text("2")), same = late,
                    second = late;
    (void)state;
    /* 1. Effective time. */
    assert_int_equal(assert_wins(merge_latest, late, early), MERGE_QUIET);
    /* 2. Device. */
    same.dot = merge_dot_of(2, 2, 0);
    same.value = merge_text("3");
    assert_int_equal(assert_wins(merge_latest, same, late), MERGE_QUIET);
    /* 3. The rest of the dot: what the device wrote last. */
    second.dot.index = 1;
    second.value = merge_text("4");
    assert_int_equal(assert_wins(merge_latest, second, late), MERGE_QUIET);
    second.dot = merge_dot_of(1, 3, 0);
    assert_int_equal(assert_wins(merge_latest, second, late), MERGE_QUIET);
    second.dot = merge_dot_of(1, 1, 0);
    second.dot.epoch = 2;
    assert_int_equal(assert_wins(merge_latest, second, late), MERGE_QUIET);
}

static void clock_that_runs_ahead_does_not_win(void **state)
{
    /* Goal: a stamp of 2099 counts for the time of its receipt, so that a later op wins once it has been received. */
    struct merge_op ahead = merge_op_at(9, 1, merge_text("from 2099")), later = merge_op_at(1, 2, merge_text("today")),
                    before = later;
    (void)state;
    ahead.hlc = MS(YEAR_2099);
    assert_int_equal(assert_wins(merge_latest, later, ahead), MERGE_QUIET);
    /* Over what was received before it, it wins as any later op does. */
    before.hlc = MS(TODAY);
    before.received_ms = TODAY;
    assert_int_equal(assert_wins(merge_latest, ahead, before), MERGE_QUIET);
    /* On the laptop that wrote it, before the office has seen it, it still counts as it says. */
    ahead.received_ms = 0;
    ahead.position = MERGE_NOT_ACCEPTED;
    assert_int_equal(assert_wins(merge_latest, ahead, later), MERGE_QUIET);
    /* It wins nothing if a person saw it and wrote over it. */
    {
        struct merge_op both[2] = {ahead, merge_op_over(later, &ahead, 1)};
        assert_int_equal(merge_live(both, 2), 1);
        assert_true(dot_equal(&both[0].dot, &later.dot));
    }
}

static void equal_values_agree(void **state)
{
    /* Goal: equal values never conflict, whoever wrote them, under any policy. */
    (void)state;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct merge_op ops[3] = {merge_op_at(1, 1, merge_integer(1)), merge_op_at(2, 2, merge_integer(1)),
                                  merge_op_at(3, 3, merge_integer(1))};
        assert_int_equal(merge_show(&merge_fields[i], ops, 3).conflict, MERGE_AGREED);
        ops[0] = merge_op_at(1, 1, merge_nil());
        ops[1] = merge_op_at(2, 2, merge_nil());
        assert_int_equal(merge_show(&merge_fields[i], ops, 2).conflict, MERGE_AGREED);
    }
}

static void cleared_field_competes(void **state)
{
    /* Goal: a nil is a value: it is shown if it wins, and conflicts with another value. */
    struct merge_op words = merge_op_at(1, 1, merge_text("a")), cleared = merge_op_at(2, 2, merge_nil());
    struct merge_shown shown;
    (void)state;
    assert_int_equal(assert_wins(merge_latest, cleared, words), MERGE_QUIET);
    shown = merge_show(merge_latest, &cleared, 1);
    assert_int_equal(shown.count, 1);
    assert_int_equal(shown.conflict, MERGE_AGREED);
    assert_int_equal(assert_wins(merge_review, words, cleared), MERGE_LOUD);
}

/* --- highest --- */

static void risk_falls_only_where_all_was_seen(void **state)
{
    /* Goal: of a risk raised and one lowered at the same time the raised one is shown, loudly; it falls only by an op
     * that names every higher one. */
    struct merge_op first = merge_op_at(1, 1, merge_integer(3)), raised, lowered, third, decided, all[5];
    (void)state;
    raised = merge_op_over(merge_op_at(1, 2, merge_integer(2)), &first, 1);
    lowered = merge_op_over(merge_op_at(2, 3, merge_integer(1)), &first, 1);
    assert_int_equal(assert_wins(merge_highest, raised, lowered), MERGE_LOUD);
    /* A second op raised it as well, unseen by the one who lowers it. */
    third = merge_op_over(merge_op_at(3, 4, merge_integer(2)), &first, 1);
    decided = merge_op_over(merge_op_at(2, 5, merge_integer(1)), (struct merge_op[]){raised, lowered}, 2);
    all[0] = decided;
    all[1] = third;
    all[2] = lowered;
    all[3] = first;
    all[4] = raised;
    assert_int_equal(merge_live(all, 5), 2);
    assert_int_equal(merge_show(merge_highest, all, 2).conflict, MERGE_LOUD);
    assert_true(dot_equal(&all[0].dot, &third.dot));
    /* All seen: it falls. */
    all[0] = merge_op_over(decided, (struct merge_op[]){raised, lowered, third}, 3);
    all[1] = third;
    all[2] = lowered;
    all[3] = first;
    all[4] = raised;
    assert_int_equal(merge_live(all, 5), 1);
    assert_int_equal(merge_show(merge_highest, all, 1).conflict, MERGE_AGREED);
    assert_true(dot_equal(&all[0].dot, &decided.dot));
}

static void highest_ranks(void **state)
{
    /* Goal: rank, not code, not time; nothing below all; what cannot be read above all; ties by time, then dot. */
    struct merge_op low = merge_op_at(2, 9, merge_integer(3)), high = merge_op_at(1, 1, merge_integer(2)),
                    late_high = merge_op_at(1, 5, merge_integer(2));
    struct merge_op other = high;
    (void)state;
    assert_int_equal(assert_wins(merge_highest, high, low), MERGE_LOUD);
    assert_int_equal(assert_wins(merge_highest, low, merge_op_at(1, 20, merge_nil())), MERGE_LOUD);
    assert_int_equal(assert_wins(merge_highest, merge_op_at(1, 1, merge_integer(77)), late_high), MERGE_LOUD);
    assert_int_equal(assert_wins(merge_highest, merge_op_at(1, 1, merge_integer(-1)), late_high), MERGE_LOUD);
    assert_int_equal(assert_wins(merge_highest, merge_op_at(1, 1, merge_text("?")), late_high), MERGE_LOUD);
    assert_int_equal(assert_wins(merge_highest, late_high, high), MERGE_AGREED);
    assert_int_equal(
        assert_wins(merge_highest, merge_op_at(1, 5, merge_integer(78)), merge_op_at(2, 4, merge_integer(77))),
        MERGE_LOUD);
    other.dot = merge_dot_of(2, 1, 0);
    assert_int_equal(assert_wins(merge_highest, other, high), MERGE_AGREED);
}

static void highest_without_choices_knows_nothing_and_something(void **state)
{
    /* Goal: a field without choices has two ranks, nothing said and something said. */
    static const struct schema_field bare = {17, SCHEMA_INTEGER, "bare", SCHEMA_HIGHEST, 0, NULL, "", 0};
    (void)state;
    assert_int_equal(assert_wins(&bare, merge_op_at(1, 2, merge_integer(1)), merge_op_at(1, 1, merge_integer(5))),
                     MERGE_LOUD);
    assert_int_equal(assert_wins(&bare, merge_op_at(1, 1, merge_integer(-1)), merge_op_at(1, 2, merge_nil())),
                     MERGE_LOUD);
}

/* --- review --- */

static void review_shows_what_was_accepted_first(void **state)
{
    /* Goal: position, then hlc, then dot; what waits comes last; always loud. */
    struct merge_op first = merge_op_at(9, 1, merge_text("1")), second = merge_op_at(1, 2, merge_text("2")),
                    waits = second, other;
    (void)state;
    first.hlc = MS(YEAR_2099);
    assert_int_equal(assert_wins(merge_review, first, second), MERGE_LOUD);
    waits.position = MERGE_NOT_ACCEPTED;
    waits.received_ms = 0;
    waits.hlc = 1;
    assert_int_equal(assert_wins(merge_review, first, waits), MERGE_LOUD);
    other = waits;
    other.dot = merge_dot_of(0, 0, 0);
    other.value = merge_text("3");
    other.hlc = 2;
    assert_int_equal(assert_wins(merge_review, waits, other), MERGE_LOUD);
    other.hlc = waits.hlc;
    assert_int_equal(assert_wins(merge_review, other, waits), MERGE_LOUD);
}

/* --- set --- */

static void add_beats_a_concurrent_remove(void **state)
{
    /* Goal: an element is shown while an add of it lives, and a remove ends only the adds that it names. */
    struct merge_op first = merge_op_as(merge_op_at(1, 1, merge_text("penicillin")), CHANGE_ADD), again, removed,
                    all[3];
    struct merge_shown shown;
    size_t live;
    (void)state;
    again = merge_op_as(merge_op_over(merge_op_at(1, 2, merge_text("penicillin")), &first, 1), CHANGE_ADD);
    removed = merge_op_as(merge_op_over(merge_op_at(2, 3, merge_text("penicillin")), &first, 1), CHANGE_REMOVE);
    all[0] = first;
    all[1] = removed;
    all[2] = again;
    live = merge_live(all, 3);
    shown = merge_show(merge_set, all, live);
    assert_int_equal(live, 2);
    assert_int_equal(shown.count, 1);
    assert_int_equal(shown.conflict, MERGE_AGREED);
    assert_true(dot_equal(&all[0].dot, &again.dot));
    /* The remove alone: the element is gone. */
    all[0] = first;
    all[1] = removed;
    live = merge_live(all, 2);
    shown = merge_show(merge_set, all, live);
    assert_int_equal(live, 1);
    assert_int_equal(shown.count, 0);
    assert_int_equal(shown.conflict, MERGE_AGREED);
}

static void set_is_in_the_order_of_its_elements(void **state)
{
    /* Goal: elements once each, by bytes; of equal adds the first by dot; then the adds again, then what is no element.
     */
    struct merge_op ops[] = {merge_op_as(merge_op_at(3, 1, merge_text("b")), CHANGE_ADD),
                             merge_op_as(merge_op_at(2, 2, merge_text("b")), CHANGE_ADD),
                             merge_op_as(merge_op_at(1, 3, merge_text("c")), CHANGE_REMOVE),
                             merge_op_at(1, 4, merge_text("a")), merge_op_at(1, 5, merge_nil())};
    struct merge_shown shown;
    (void)state;
    shown = merge_show(merge_set, ops, 5);
    assert_int_equal(shown.count, 2);
    assert_true(slice_equal(ops[0].value, merge_text("a")));
    assert_true(slice_equal(ops[1].value, merge_text("b")));
    assert_int_equal(ops[1].dot.device.b[0], 2);
    assert_int_equal(ops[2].dot.device.b[0], 3);
    assert_int_equal(ops[3].dot.seq, 3);
    assert_int_equal(ops[4].dot.seq, 5);
}

/* --- sum --- */

static struct merge_shown sum_of(const int64_t *values, size_t count)
{
    struct merge_op ops[8];
    for (size_t i = 0; i < count; i++)
        ops[i] = merge_op_as(merge_op_at(1, i + 1, merge_integer(values[i])), CHANGE_ADD);
    return merge_show(merge_sum, ops, count);
}

static void sum_adds_what_lives(void **state)
{
    /* Goal: contributions add up, negative ones too; what is no contribution adds nothing; no conflict. */
    static const int64_t some[] = {5, -7, 1000000000000, -1};
    struct merge_op ops[] = {merge_op_as(merge_op_at(1, 1, merge_integer(2)), CHANGE_REMOVE),
                             merge_op_at(2, 2, merge_text("x")), merge_op_at(3, 3, merge_integer(4)),
                             merge_op_at(1, 4, merge_nil()),
                             merge_op_as(merge_op_at(1, 5, merge_integer(8)), CHANGE_ADD)};
    struct merge_shown shown = sum_of(some, 4);
    (void)state;
    assert_true(shown.sum == 999999999997);
    assert_int_equal(shown.count, 4);
    assert_int_equal(shown.conflict, MERGE_AGREED);
    shown = merge_show(merge_sum, ops, 5);
    assert_true(shown.sum == 12);
    assert_int_equal(shown.count, 2);
    assert_int_equal(shown.conflict, MERGE_AGREED);
    assert_int_equal(ops[0].dot.seq, 5); /* in the order of dots */
    assert_int_equal(ops[1].dot.seq, 3);
}

static void sum_clamps_loudly(void **state)
{
    /* Goal: a total outside int64 is clamped and loud; what only passes outside on the way is not. */
    static const int64_t over_it[] = {INT64_MAX, 1}, under_it[] = {INT64_MIN, -1};
    static const int64_t at_its_edge[] = {INT64_MAX, 0}, at_its_other[] = {INT64_MIN, 0};
    static const int64_t passes[] = {INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN, 2, 9};
    struct merge_shown shown = sum_of(over_it, 2);
    (void)state;
    assert_true(shown.sum == INT64_MAX && shown.conflict == MERGE_LOUD);
    shown = sum_of(under_it, 2);
    assert_true(shown.sum == INT64_MIN && shown.conflict == MERGE_LOUD);
    shown = sum_of(at_its_edge, 2);
    assert_true(shown.sum == INT64_MAX && shown.conflict == MERGE_AGREED);
    shown = sum_of(at_its_other, 2);
    assert_true(shown.sum == INT64_MIN && shown.conflict == MERGE_AGREED);
    shown = sum_of(passes, 6);
    assert_true(shown.sum == 9 && shown.conflict == MERGE_AGREED);
}

/* --- textual and once --- */

static void textual_shows_every_version(void **state)
{
    /* Goal: two versions that live are both shown, whole, in the order of their acceptance, and a person is called. */
    struct merge_op ops[] = {merge_op_at(1, 3, merge_text("c")), merge_op_at(2, 2, merge_text("a")),
                             merge_op_at(3, 1, merge_text("b")), merge_op_at(4, 4, merge_text("b"))};
    struct merge_shown shown;
    (void)state;
    ops[0].position = MERGE_NOT_ACCEPTED;
    shown = merge_show(merge_textual, ops, 4);
    assert_int_equal(shown.count, 3);
    assert_int_equal(shown.conflict, MERGE_LOUD);
    assert_int_equal(ops[0].dot.device.b[0], 3);
    assert_int_equal(ops[1].dot.device.b[0], 2);
    assert_int_equal(ops[2].dot.device.b[0], 1);
    assert_int_equal(ops[3].dot.device.b[0], 4);
    shown = merge_show(merge_textual, ops, 1);
    assert_int_equal(shown.count, 1);
    assert_int_equal(shown.conflict, MERGE_AGREED);
}

static void once_shows_the_entry_and_its_amendments(void **state)
{
    /* Goal: everything is shown, the earliest first, by effective time and then by dot; no conflict. */
    struct merge_op ops[] = {merge_op_at(1, 3, merge_text("amended")), merge_op_at(9, 1, merge_text("entry")),
                             merge_op_at(5, 2, merge_text("amended too"))};
    struct merge_shown shown;
    (void)state;
    ops[1].hlc = MS(YEAR_2099); /* bounded by its receipt, so it stays the entry */
    shown = merge_show(merge_once, ops, 3);
    assert_int_equal(shown.count, 3);
    assert_int_equal(shown.conflict, MERGE_AGREED);
    assert_int_equal(ops[0].dot.device.b[0], 9);
    assert_int_equal(ops[1].dot.device.b[0], 5);
    assert_int_equal(ops[2].dot.device.b[0], 1);
    assert_wins(merge_once, merge_op_at(1, 1, merge_text("a")),
                merge_op_at(2, 1, merge_text("b"))); /* the times are equal */
    assert_wins(merge_once, merge_op_at(2, 1, merge_text("a")), merge_op_at(1, 2, merge_text("b")));
}

static void nothing_shows_nothing(void **state)
{
    /* Goal: a field without live ops shows nothing, under any policy. */
    (void)state;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct merge_shown shown = merge_show(&merge_fields[i], NULL, 0);
        assert_int_equal(shown.count, 0);
        assert_int_equal(shown.conflict, MERGE_AGREED);
        assert_true(shown.sum == 0);
    }
}

static sigjmp_buf out_of_abort;

static void leave(int number)
{
    siglongjmp(out_of_abort, number);
}

static void what_is_no_policy_ends_the_program(void **state)
{
    /* Goal: a mistake of our own shows nothing at all, rather than something wrong. */
    static const struct schema_field odd = {18, SCHEMA_TEXT, "odd", (enum schema_policy)99, 0, NULL, "", 0};
    void (*before)(int) = signal(SIGABRT, leave);
    (void)state;
    if (sigsetjmp(out_of_abort, 1) == 0) {
        (void)merge_show(&odd, NULL, 0);
        fail();
    }
    (void)signal(SIGABRT, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_is_what_nobody_names),
        cmocka_unit_test(live_counts_a_copy_once),
        cmocka_unit_test(copies_have_an_order_to_the_last_byte),
        cmocka_unit_test(live_survives_what_no_author_writes),
        cmocka_unit_test(keys_are_the_merges_own),
        cmocka_unit_test(latest_is_the_greatest_time),
        cmocka_unit_test(clock_that_runs_ahead_does_not_win),
        cmocka_unit_test(equal_values_agree),
        cmocka_unit_test(cleared_field_competes),
        cmocka_unit_test(risk_falls_only_where_all_was_seen),
        cmocka_unit_test(highest_ranks),
        cmocka_unit_test(highest_without_choices_knows_nothing_and_something),
        cmocka_unit_test(review_shows_what_was_accepted_first),
        cmocka_unit_test(add_beats_a_concurrent_remove),
        cmocka_unit_test(set_is_in_the_order_of_its_elements),
        cmocka_unit_test(sum_adds_what_lives),
        cmocka_unit_test(sum_clamps_loudly),
        cmocka_unit_test(textual_shows_every_version),
        cmocka_unit_test(once_shows_the_entry_and_its_amendments),
        cmocka_unit_test(nothing_shows_nothing),
        cmocka_unit_test(what_is_no_policy_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
