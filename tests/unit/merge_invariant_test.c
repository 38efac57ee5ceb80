/* What people's safety hangs on, each said once and plainly. tests/fault/merge_storm holds the same of histories made
 * at random. */
#include "merge_world.h"

static struct merge_shown show(const struct schema_field *field, struct merge_op *ops, size_t *live)
{
    *live = merge_live(ops, *live);
    return merge_show(field, ops, *live);
}

static void live_value_is_never_invisible(void **state)
{
    /* Goal: of two values that live, each is shown, or the field is in conflict, which lists both; under any policy. */
    (void)state;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct merge_op ops[] = {action(op(1, 1, integer(1)), CHANGE_ADD), action(op(2, 2, integer(2)), CHANGE_ADD)};
        size_t live = 2;
        struct merge_shown shown = show(&fields[i], ops, &live);
        assert_int_equal(live, 2);
        assert_true(shown.count == 2 || shown.conflict != MERGE_AGREED);
    }
}

static void risk_falls_only_by_an_op_that_names_the_higher_one(void **state)
{
    /* Goal: whatever is written later, by whatever clock and whoever is accepted first, the high risk stands until it
     * is named. */
    struct merge_op high = op(1, 1, integer(2)), later = op(9, 50, integer(1)), cleared = op(8, 60, nil()), all[3];
    size_t live = 3;
    (void)state;
    later.hlc = MS(YEAR_2099);
    later.position = 0;
    later.received_ms = 0;
    all[0] = later;
    all[1] = cleared;
    all[2] = high;
    assert_int_equal(show(highest, all, &live).conflict, MERGE_LOUD);
    assert_true(dot_equal(&all[0].dot, &high.dot));
    all[0] = over(later, &high, 1);
    all[1] = high;
    live = 2;
    assert_int_equal(show(highest, all, &live).conflict, MERGE_AGREED);
    assert_true(dot_equal(&all[0].dot, &later.dot));
}

static void add_is_never_lost_to_a_concurrent_remove(void **state)
{
    /* Goal: removes that did not see an add, as many and as late as they like, leave its element. */
    struct merge_op seen = action(op(1, 1, text("penicillin")), CHANGE_ADD), all[6];
    size_t live = 6;
    struct merge_shown shown;
    (void)state;
    all[0] = seen;
    all[1] = action(op(2, 2, text("penicillin")), CHANGE_ADD);
    for (unsigned i = 2; i < 6; i++)
        all[i] = action(over(op(3 + i, 100 + i, text("penicillin")), &seen, 1), CHANGE_REMOVE);
    shown = show(set, all, &live);
    assert_int_equal(live, 5);
    assert_int_equal(shown.count, 1);
    assert_int_equal(all[0].dot.device.b[0], 2);
}

static void note_is_never_lost(void **state)
{
    /* Goal: notes of one minute, one text and one author all stand, and so does what amends them. */
    struct merge_op all[4];
    size_t live = 4;
    struct merge_shown shown;
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        all[i] = op(1, 7, text("the door was open"));
        all[i].dot.index = i;
    }
    shown = show(once, all, &live);
    assert_int_equal(shown.count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(all[i].dot.index, i);
}

static void resolving_twice_is_the_same_as_once(void **state)
{
    /* Goal: two people who take one value, without having seen each other or after one another, leave it shown, with no
     * conflict; under every policy that has one. */
    static const unsigned decided[] = {0, 1, 2, 5}; /* latest, highest, review, text */
    (void)state;
    for (size_t i = 0; i < sizeof decided / sizeof *decided; i++) {
        struct merge_op values[] = {op(1, 1, integer(1)), op(2, 2, integer(2))};
        struct merge_op first = over(op(3, 3, integer(1)), values, 2), second = over(op(4, 4, integer(1)), values, 2);
        struct merge_op after = over(op(4, 4, integer(1)), &first, 1);
        struct merge_op apart[] = {values[0], values[1], first, second},
                        in_turn[] = {after, values[1], first, values[0]};
        struct merge_shown shown;
        size_t live = 4;
        shown = show(&fields[decided[i]], apart, &live);
        assert_int_equal(live, 2);
        assert_int_equal(shown.conflict, MERGE_AGREED);
        assert_int_equal(shown.count, 1);
        assert_true(slice_equal(apart[0].value, integer(1)));
        live = 4;
        shown = show(&fields[decided[i]], in_turn, &live);
        assert_int_equal(live, 1);
        assert_int_equal(shown.conflict, MERGE_AGREED);
        assert_true(slice_equal(in_turn[0].value, integer(1)));
    }
}

int main(void)
{
    /* A void never hides an edit that it did not see: record_hold_test. The reader's clock: merge_storm_test, whose
     * clock jumps by years whenever something is looked at. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_value_is_never_invisible),
        cmocka_unit_test(risk_falls_only_by_an_op_that_names_the_higher_one),
        cmocka_unit_test(add_is_never_lost_to_a_concurrent_remove),
        cmocka_unit_test(note_is_never_lost),
        cmocka_unit_test(resolving_twice_is_the_same_as_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
