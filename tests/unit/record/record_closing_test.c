/* Tests: common/record/record_closing.c
 * Closings beside writing: what lives in a case, and who closed it had not seen. */
#include "people_fixture.h"

/* --- the story's parts --- */

enum { CASE_STATUS = 19, CASE_RISK = 20, PLAN_STATUS = 14, NOTE_TEXT = 10, ANNA = 0, BEN = 1, CARA = 2 };

static struct id file, note, other_note, plan;

static int name_them(void **state)
{
    (void)state;
    file = history_id(0xca5e);
    note = history_id(0x107e);
    other_note = history_id(0x107f);
    plan = history_id(0x91a);
    return 0;
}

static void put_seen(struct history *h, const struct dot *dots, size_t count)
{
    struct pack value;
    pack_start(&value);
    pack_array(&value, count);
    for (size_t i = 0; i < count; i++)
        dot_pack(&value, &dots[i]);
    history_put_op(h, FIELD_SEEN, CHANGE_SET, &value, NULL, 0);
}

/* A status; seen NULL: the change does not say what its author had seen. */
static struct dot set_status(struct history *h, unsigned device, struct id record, int64_t code, const struct dot *over,
                             const struct dot *seen, size_t seen_count)
{
    int is_case = id_equal(&record, &file);
    history_begin(h, device, is_case ? KIND_CASE : KIND_PLAN, file, record);
    history_put_number(h, is_case ? CASE_STATUS : PLAN_STATUS, CHANGE_SET, code, over, over != NULL);
    if (seen != NULL)
        put_seen(h, seen, seen_count);
    return history_dot(h, history_end(h), 0);
}

/* A note; knows NULL: its author names no closing. */
static struct dot write_note(struct history *h, unsigned device, struct id record, const char *text,
                             const struct dot *knows)
{
    history_begin(h, device, KIND_NOTE, file, record);
    history_put_text(h, NOTE_TEXT, CHANGE_SET, text, NULL, 0);
    if (knows != NULL)
        put_seen(h, knows, 1);
    return history_dot(h, history_end(h), 0);
}

static void assert_contested(struct db *db, const char *kind, int contested)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql, "SELECT coalesce(max(contested), 0) FROM \"%s\"", kind);
    assert_int_equal(history_number(db, sql), contested);
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM conflict WHERE kind = %u AND loud = 1",
                   schema_kind_named(kind)->number);
    assert_int_equal(history_number(db, sql), contested);
}

/* In every rotation of the order of arrival, and made anew. */
static void assert_all_orders(const struct history *h, const char *kind, int contested)
{
    for (size_t first = 0; first < h->count; first++) {
        struct db *db = history_store_new();
        for (size_t i = 0; i < h->count; i++)
            (void)history_take(db, h, (first + i) % h->count);
        assert_contested(db, kind, contested);
        assert_done(record_rebuild(db, &history_error));
        assert_contested(db, kind, contested);
        db_close(db);
    }
}

/* --- who contests --- */

static void what_the_closer_had_not_seen_contests(void **state)
{
    /* Goal: a live op of the scope beyond the vector, by somebody who was not shown the closing, contests it; one that
     * the vector reaches does not. */
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0), seen = write_note(h, BEN, note, "well", NULL);
    (void)state;
    (void)set_status(h, ANNA, file, 3, &open, &seen, 1);
    assert_all_orders(h, "case", 0);
    (void)write_note(h, BEN, other_note, "needs insulin", NULL);
    assert_all_orders(h, "case", 1);
    history_free(h);
}

static void an_op_whose_author_was_shown_the_closing_names_its_dot_and_contests_nothing(void **state)
{
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0), closing, other;
    (void)state;
    closing = set_status(h, ANNA, file, 3, &open, &open, 0);
    (void)write_note(h, BEN, note, "goodbye", &closing);
    assert_all_orders(h, "case", 0);
    /* Another dot of the same change is not the closing's. */
    other = closing;
    other.index = 1;
    (void)write_note(h, BEN, other_note, "hello", &other);
    assert_all_orders(h, "case", 1);
    history_free(h);
}

static void the_closers_own_words_contest_nothing(void **state)
{
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0);
    (void)state;
    (void)set_status(h, ANNA, file, 3, &open, &open, 0);
    (void)write_note(h, ANNA, note, "one thing more", NULL);
    assert_all_orders(h, "case", 0);
    history_free(h);
}

static void what_an_import_wrote_contests_nothing(void **state)
{
    /* Goal: of an import's record it is counted that nobody looked at it; it was not shown, and is no news of the day.
     */
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0);
    struct pack hash;
    (void)state;
    (void)set_status(h, ANNA, file, 3, &open, &open, 0);
    history_begin(h, BEN, KIND_NOTE, file, note);
    history_put_text(h, NOTE_TEXT, CHANGE_SET, "of another system", NULL, 0);
    pack_start(&hash);
    pack_bin(&hash, "0123456789abcdef", 16);
    history_put_op(h, FIELD_SOURCE_HASH, CHANGE_SET, &hash, NULL, 0);
    (void)history_end(h);
    assert_all_orders(h, "case", 0);
    (void)write_note(h, BEN, other_note, "needs insulin", NULL);
    assert_all_orders(h, "case", 1);
    history_free(h);
}

static void a_closing_without_a_vector_follows_status_alone(void **state)
{
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0);
    (void)state;
    (void)set_status(h, ANNA, file, 3, &open, NULL, 0);
    (void)write_note(h, BEN, note, "needs insulin", NULL);
    assert_all_orders(h, "case", 0);
    history_free(h);
}

static void two_who_close_agree_and_one_who_had_seen_all_is_enough(void **state)
{
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0), insulin;
    (void)state;
    (void)set_status(h, ANNA, file, 3, &open, &open, 0);
    insulin = write_note(h, BEN, note, "needs insulin", NULL);
    assert_all_orders(h, "case", 1);
    (void)set_status(h, CARA, file, 3, &open, &insulin, 1);
    assert_all_orders(h, "case", 0);
    history_free(h);
}

static void a_plan_is_contested_by_what_stands_in_its_case(void **state)
{
    struct history *h = history_new();
    struct dot active = set_status(h, ANNA, plan, 2, NULL, NULL, 0);
    (void)state;
    (void)set_status(h, ANNA, plan, 4, &active, &active, 0);
    (void)write_note(h, BEN, note, "needs insulin", NULL);
    assert_all_orders(h, "plan", 1);
    history_free(h);
}

/* --- what ends it --- */

static void a_decision_with_all_in_view_or_a_reopening_ends_it(void **state)
{
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0), closing, insulin, stays;
    (void)state;
    closing = set_status(h, ANNA, file, 3, &open, &open, 0);
    insulin = write_note(h, BEN, note, "needs insulin", NULL);
    stays = set_status(h, CARA, file, 3, &closing, &insulin, 1);
    assert_all_orders(h, "case", 0);
    (void)write_note(h, BEN, other_note, "and a wheelchair", NULL);
    assert_all_orders(h, "case", 1);
    (void)set_status(h, CARA, file, 1, &stays, NULL, 0);
    assert_all_orders(h, "case", 0);
    history_free(h);
}

static void what_is_held_voided_or_dead_contests_nothing(void **state)
{
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0), closing, insulin;
    struct db *db = history_store_new();
    int64_t row;
    (void)state;
    closing = set_status(h, ANNA, file, 3, &open, &open, 0);
    insulin = write_note(h, BEN, note, "needs insulin", NULL);
    (void)history_take(db, h, 0);
    (void)history_take(db, h, 1);
    row = history_take(db, h, 2);
    assert_contested(db, "case", 1);
    /* 1. Held, and let in. */
    assert_done(record_set_held(db, row, 1, &history_error));
    assert_contested(db, "case", 0);
    assert_done(record_set_held(db, row, 0, &history_error));
    assert_contested(db, "case", 1);
    /* 2. Voided by its author, who knows by then; and the void taken back. */
    history_begin(h, BEN, KIND_NOTE, file, note);
    history_put_void(h, &insulin, 1, NULL, 0);
    put_seen(h, &closing, 1);
    (void)history_end(h);
    (void)history_take(db, h, 3);
    assert_int_equal(history_number(db, "SELECT voided FROM note"), 1);
    assert_contested(db, "case", 0);
    history_begin(h, BEN, KIND_NOTE, file, note);
    history_put_text(h, FIELD_VOID, CHANGE_SET, NULL, &(struct dot){history_id(0xd000 + BEN), 1, 2, 0}, 1);
    put_seen(h, &closing, 1);
    (void)history_end(h);
    (void)history_take(db, h, 4);
    assert_contested(db, "case", 1);
    db_close(db);
    history_free(h);
}

static void a_risk_that_was_not_seen_and_is_replaced_by_who_knows_contests_no_more(void **state)
{
    struct history *h = history_new();
    struct dot open = set_status(h, ANNA, file, 1, NULL, NULL, 0), closing, risk;
    (void)state;
    closing = set_status(h, ANNA, file, 3, &open, &open, 0);
    history_begin(h, BEN, KIND_CASE, file, file);
    history_put_number(h, CASE_RISK, CHANGE_SET, 4, NULL, 0);
    risk = history_dot(h, history_end(h), 0);
    assert_all_orders(h, "case", 1);
    history_begin(h, CARA, KIND_CASE, file, file);
    history_put_number(h, CASE_RISK, CHANGE_SET, 2, &risk, 1);
    put_seen(h, &closing, 1);
    (void)history_end(h);
    assert_all_orders(h, "case", 0);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_closer_had_not_seen_contests),
        cmocka_unit_test(an_op_whose_author_was_shown_the_closing_names_its_dot_and_contests_nothing),
        cmocka_unit_test(the_closers_own_words_contest_nothing),
        cmocka_unit_test(what_an_import_wrote_contests_nothing),
        cmocka_unit_test(a_closing_without_a_vector_follows_status_alone),
        cmocka_unit_test(two_who_close_agree_and_one_who_had_seen_all_is_enough),
        cmocka_unit_test(a_plan_is_contested_by_what_stands_in_its_case),
        cmocka_unit_test(a_decision_with_all_in_view_or_a_reopening_ends_it),
        cmocka_unit_test(what_is_held_voided_or_dead_contests_nothing),
        cmocka_unit_test(a_risk_that_was_not_seen_and_is_replaced_by_who_knows_contests_no_more)};
    return cmocka_run_group_tests(tests, name_them, NULL);
}
