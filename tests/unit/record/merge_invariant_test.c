/* Tests: common/record/merge.c
 * What people's safety hangs on, each said once and plainly. tests/fault/merge_storm holds the same of histories made
 * at random. */
#include "merge_fixture.h"

#include "text.h"

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
        struct merge_op ops[] = {merge_op_as(merge_op_at(1, 1, merge_integer(1)), CHANGE_ADD),
                                 merge_op_as(merge_op_at(2, 2, merge_integer(2)), CHANGE_ADD)};
        size_t live = 2;
        struct merge_shown shown = show(&merge_fields[i], ops, &live);
        assert_int_equal(live, 2);
        assert_true(shown.count == 2 || shown.conflict != MERGE_AGREED);
    }
}

static void risk_falls_only_by_an_op_that_names_the_higher_one(void **state)
{
    /* Goal: whatever is written later, by whatever clock and whoever is accepted first, the high risk stands until it
     * is named. */
    struct merge_op high = merge_op_at(1, 1, merge_integer(2)), later = merge_op_at(9, 50, merge_integer(1)),
                    cleared = merge_op_at(8, 60, merge_nil()), all[3];
    size_t live = 3;
    (void)state;
    later.hlc = MS(YEAR_2099);
    later.position = 0;
    later.received_ms = 0;
    all[0] = later;
    all[1] = cleared;
    all[2] = high;
    assert_int_equal(show(merge_highest, all, &live).conflict, MERGE_LOUD);
    assert_true(dot_equal(&all[0].dot, &high.dot));
    all[0] = merge_op_over(later, &high, 1);
    all[1] = high;
    live = 2;
    assert_int_equal(show(merge_highest, all, &live).conflict, MERGE_AGREED);
    assert_true(dot_equal(&all[0].dot, &later.dot));
}

static void add_is_never_lost_to_a_concurrent_remove(void **state)
{
    /* Goal: removes that did not see an add, as many and as late as they like, leave its element. */
    struct merge_op seen = merge_op_as(merge_op_at(1, 1, merge_text("penicillin")), CHANGE_ADD), all[6];
    size_t live = 6;
    struct merge_shown shown;
    (void)state;
    all[0] = seen;
    all[1] = merge_op_as(merge_op_at(2, 2, merge_text("penicillin")), CHANGE_ADD);
    for (unsigned i = 2; i < 6; i++)
        all[i] =
            merge_op_as(merge_op_over(merge_op_at(3 + i, 100 + i, merge_text("penicillin")), &seen, 1), CHANGE_REMOVE);
    shown = show(merge_set, all, &live);
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
        all[i] = merge_op_at(1, 7, merge_text("the door was open"));
        all[i].dot.index = i;
    }
    shown = show(merge_once, all, &live);
    assert_int_equal(shown.count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(all[i].dot.index, i);
}

static void resolving_twice_is_the_same_as_once(void **state)
{
    /* Goal: two people who take one value, without having seen each other or after one another, leave it shown, with no
     * conflict; under every policy that has one. */
    static const unsigned decided[] = {0, 1, 2, 5, 7}; /* latest, highest, review, text, status */
    (void)state;
    for (size_t i = 0; i < sizeof decided / sizeof *decided; i++) {
        struct merge_op values[] = {merge_op_at(1, 1, merge_integer(1)), merge_op_at(2, 2, merge_integer(2))};
        struct merge_op first = merge_op_over(merge_op_at(3, 3, merge_integer(1)), values, 2),
                        second = merge_op_over(merge_op_at(4, 4, merge_integer(1)), values, 2);
        struct merge_op after = merge_op_over(merge_op_at(4, 4, merge_integer(1)), &first, 1);
        struct merge_op apart[] = {values[0], values[1], first, second},
                        in_turn[] = {after, values[1], first, values[0]};
        struct merge_shown shown;
        size_t live = 4;
        shown = show(&merge_fields[decided[i]], apart, &live);
        assert_int_equal(live, 2);
        assert_int_equal(shown.conflict, MERGE_AGREED);
        assert_int_equal(shown.count, 1);
        assert_true(slice_equal(apart[0].value, merge_integer(1)));
        live = 4;
        shown = show(&merge_fields[decided[i]], in_turn, &live);
        assert_int_equal(live, 1);
        assert_int_equal(shown.conflict, MERGE_AGREED);
        assert_true(slice_equal(in_turn[0].value, merge_integer(1)));
    }
}

static void status_is_never_one_whose_start_was_gone(void **state)
{
    /* Goal: of changes that come one after the other to the office, each with a start of its own, the one that is shown
     * named the one that was shown before it came; whoever wrote others, and whatever of it has been replaced. */
    for (unsigned round = 0; round < 500; round++) {
        struct merge_op all[12], before = {.hlc = 0};
        uint64_t chance = 6364136223846793005u * (round + 1) + 1442695040888963407u;
        for (unsigned n = 0; n < 12; n++) {
            struct merge_op now[12];
            size_t live = n + 1;
            struct merge_shown shown;
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            /* Over the one that is shown, or over some other one, each with a value of its own. */
            all[n] = merge_op_at(1 + n, n + 1, merge_integer((int64_t)n));
            if (n != 0)
                all[n] = merge_op_over(all[n], (chance >> 33) % 2 == 0 ? &before : &all[(chance >> 40) % n], 1);
            memcpy(now, all, (n + 1) * sizeof *all);
            live = merge_live(now, live);
            shown = merge_show_over(merge_status, now, live, now + live, n + 1 - live);
            assert_int_equal(shown.conflict, live > 1 ? MERGE_LOUD : MERGE_AGREED);
            if (n != 0 && !dot_equal(&now[0].dot, &before.dot)) {
                struct merge_op named = merge_op_over(all[n], &before, 1);
                assert_true(dot_equal(&now[0].dot, &all[n].dot));
                assert_true(slice_equal(all[n].supersedes, named.supersedes));
            }
            before = now[0];
        }
    }
    (void)state;
}

static int stands_in(struct slice whole, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= whole.size; i++)
        if (memcmp(whole.p + i, part, size) == 0)
            return 1;
    return 0;
}

static void what_somebody_typed_is_in_the_text(void **state)
{
    /* Goal: three edit one text: what each typed stands in the result, whole; if two typed in one place neither is
     * mixed with the other. */
    static const char *const typed[] = {"stayed in bed all of Monday", "says that nothing hurts at all",
                                        "was out walking"};
    struct merge_op base = merge_op_at(9, 1, merge_text("Ada was up.\n\nShe eats well.\n")), versions[3], set_of[4];
    struct text_version texts[3];
    struct text_merged merged;
    struct merge_base found;
    size_t live = 4;
    struct slice was;
    struct {
        uint8_t bytes[256];
        size_t size;
    } apart = {.size = 0};
    (void)state;
    versions[0] =
        merge_op_over(merge_op_at(1, 2, merge_text("Ada stayed in bed all of Monday.\n\nShe eats well.\n")), &base, 1);
    versions[1] =
        merge_op_over(merge_op_at(2, 3, merge_text("Ada was up.\n\nShe says that nothing hurts at all.\n")), &base, 1);
    versions[2] = merge_op_over(merge_op_at(3, 4, merge_text("Ada was out walking.\n\nShe eats well.\n")), &base, 1);
    set_of[0] = versions[2];
    set_of[1] = base;
    set_of[2] = versions[0];
    set_of[3] = versions[1];
    assert_int_equal(show(merge_textual, set_of, &live).count, 3);
    assert_int_equal(live, 3);
    found = merge_base(set_of, 3, set_of + 3, 1);
    assert_int_equal(found.base, 0);
    assert_true(slice_text(set_of[3].value, &was));
    for (size_t i = 0; i < 3; i++) {
        texts[i].dot = set_of[i].dot;
        assert_true(slice_text(set_of[i].value, &texts[i].text));
    }
    assert_int_equal(text_merge(was, texts, 3, &merged, NULL), 0);
    /* 1. If two typed in one place, each has a version of it. */
    for (size_t i = 0; i < 3; i += 2) {
        int whole = 0;
        for (size_t k = 0; k < merged.alternative_count; k++)
            whole += stands_in(merged.alternatives[k].text, typed[i]);
        assert_int_equal(whole, 1);
    }
    /* 2. What stands apart runs on through the text. */
    for (size_t k = 0; k < merged.segment_count; k++)
        if (merged.segments[k].form != TEXT_OVERLAP) {
            memcpy(apart.bytes + apart.size, merged.segments[k].text.p, merged.segments[k].text.size);
            apart.size += merged.segments[k].text.size;
        }
    assert_true(stands_in((struct slice){apart.bytes, apart.size}, typed[1]));
    assert_int_equal(merged.overlaps, 1);
    text_merged_free(&merged);
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
        cmocka_unit_test(status_is_never_one_whose_start_was_gone),
        cmocka_unit_test(what_somebody_typed_is_in_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
