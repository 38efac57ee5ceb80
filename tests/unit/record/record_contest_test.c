/* Tests: common/record/record_contest.c common/record/record_show.c
 * A text or a status with several live values: what the record shows, what it notes, and that every store that has what
 * was noted shows the same. */
#include "history_fixture.h"

#include "text.h"

#define CASE_ID 2
#define STATUS 19
#define ASSESSMENT 23

static const char before[] = "The stove works.\n\nThe dog is kind.\n";

/* --- what the tests write --- */

static size_t write_text(struct history *h, unsigned device, unsigned field, const char *text, const size_t *over,
                         size_t count)
{
    struct dot dots[8];
    for (size_t i = 0; i < count; i++)
        dots[i] = history_dot(h, over[i], 0);
    history_begin(h, device, KIND_CASE, history_id(CASE_ID), history_id(CASE_ID));
    history_put_text(h, field, CHANGE_SET, text, dots, count);
    return history_end(h);
}

static size_t write_over(struct history *h, unsigned device, const char *text, size_t over)
{
    return write_text(h, device, ASSESSMENT, text, &over, 1);
}

static size_t write_status(struct history *h, unsigned device, int64_t status, const size_t *over, size_t count)
{
    struct dot dots[8];
    for (size_t i = 0; i < count; i++)
        dots[i] = history_dot(h, over[i], 0);
    history_begin(h, device, KIND_CASE, history_id(CASE_ID), history_id(CASE_ID));
    history_put_number(h, STATUS, CHANGE_SET, status, dots, count);
    return history_end(h);
}

static size_t write_rule(struct history *h, int64_t rule)
{
    history_begin(h, 9, KIND_OFFICE, history_id(0), history_id(9));
    history_put_number(h, 15, CHANGE_SET, rule, NULL, 0);
    return history_end(h);
}

/* Two laptops over one text: what each makes of it. */
static struct history *two_versions(const char *one, const char *other)
{
    struct history *h = history_new();
    (void)write_text(h, 1, ASSESSMENT, before, NULL, 0);
    (void)write_over(h, 2, one, 0);
    (void)write_over(h, 3, other, 0);
    return h;
}

/* --- what the store says --- */

static const char *column(struct db *db)
{
    return history_text(db, "SELECT assessment FROM \"case\"");
}

/* 'q', 'l' or '-'. */
static int conflict_in(struct db *db)
{
    int64_t loud = history_number(db, "SELECT coalesce((SELECT loud FROM conflict), -1)");
    if (loud < 0)
        return '-';
    return loud != 0 ? 'l' : 'q';
}

static struct record_field load(struct db *db, unsigned field)
{
    const struct schema_kind *kind = schema_kind(KIND_CASE);
    struct id id = history_id(CASE_ID);
    struct record_field out;
    assert_done(record_field_load(db, &id, kind, schema_field(kind, field), &out, &history_error));
    return out;
}

static int64_t background(struct db *db)
{
    return history_number(db, "SELECT count(*) FROM background");
}

/* A store that gets what lives or was noted, masked, in an order of its own, shows the same. */
static void assert_compact_shows_the_same(struct db *office, const struct history *h, size_t turn)
{
    struct db *laptop = history_store_new();
    for (size_t n = 0; n < h->count; n++) {
        size_t i = turn < h->count ? (turn + n) % h->count : (turn + h->count - n) % h->count;
        const struct change *c = &h->entries[i].change;
        int64_t id = log_find(office, &c->device, c->epoch, c->seq, NULL, &history_error);
        uint8_t mask[CHANGE_MASK_MAX] = {0};
        sqlite3_stmt *s;
        int wanted = 0;
        assert_done(db_query(office, &s, &history_error,
                             "SELECT op FROM op WHERE entry = ?1 UNION ALL "
                             "SELECT -1 FROM background WHERE entry = ?1",
                             "i", id));
        while (db_next(office, s, &history_error) == 1) {
            wanted = 1;
            if (db_int(s, 0) >= 0)
                mask[db_uint(s, 0) / 8] |= (uint8_t)(1u << db_uint(s, 0) % 8);
        }
        if (wanted)
            (void)history_take_masked(laptop, h, i, (struct slice){mask, (c->op_count + 7) / 8});
    }
    assert_same_dump(office, laptop, NULL);
    assert_int_equal(background(laptop), background(office));
    assert_done(record_rebuild(laptop, &history_error));
    assert_same_dump(office, laptop, NULL);
    db_close(laptop);
}

/* In the other order, too. */
static struct db *take_both_ways(const struct history *h)
{
    struct db *db = history_store_new(), *other = history_store_new();
    history_take_all(db, h);
    for (size_t i = h->count; i-- > 0;)
        (void)history_take(other, h, i);
    assert_same_dump(db, other, NULL);
    for (size_t turn = 0; turn < 2 * h->count; turn++)
        assert_compact_shows_the_same(db, h, turn);
    db_close(other);
    return db;
}

/* --- texts --- */

static void edits_apart_are_both_in(void **state)
{
    /* Goal: two people change different paragraphs: both are in, quietly, and a reader can say who wrote what. */
    struct history *h = two_versions("The stove leaks.\n\nThe dog is kind.\n", "The stove works.\n\nThe dog bites.\n");
    struct db *db = take_both_ways(h);
    struct record_field f;
    (void)state;
    assert_string_equal(column(db), "The stove leaks.\n\nThe dog bites.\n");
    assert_int_equal(conflict_in(db), 'q');
    assert_int_equal(history_number(db, "SELECT contested FROM \"case\""), 0);
    assert_int_equal(background(db), 1);
    f = load(db, ASSESSMENT);
    assert_int_equal(f.shown.conflict, MERGE_QUIET);
    assert_int_equal(f.count, 2);
    assert_non_null(f.merged);
    assert_int_equal(f.merged->text.rule, TEXT_RULE);
    assert_int_equal(f.merged->text.overlaps, 0);
    assert_int_equal(f.merged->base.size, sizeof before - 1);
    for (size_t i = 0; i < f.merged->text.segment_count; i++) {
        const struct text_segment *s = &f.merged->text.segments[i];
        unsigned device = s->text.size == 5 && memcmp(s->text.p, "leaks", 5) == 0 ? 2 : 3;
        if (s->form == TEXT_EDIT)
            assert_int_equal(f.ops[f.merged->text.order[s->writers == 1 ? 0 : 1]].merge.dot.device.b[15], device);
    }
    record_field_free(&f);
    /* Who writes over both ends it. */
    (void)write_text(h, 2, ASSESSMENT, "The dog bites.\n", (size_t[]){1, 2}, 2);
    (void)history_take(db, h, 3);
    assert_int_equal(conflict_in(db), '-');
    assert_int_equal(background(db), 0);
    db_close(db);
    history_free(h);
}

static void overlap_stands_whole(void **state)
{
    /* Goal: two people change one place: it is loud, and each version stands whole between marked lines; what else they
     * changed is in. */
    struct history *h =
        two_versions("The stove leaks gas.\n\nThe dog is kind.\n", "The stove is new.\n\nThe dog bites.\n");
    struct db *db = take_both_ways(h);
    struct record_field f;
    (void)state;
    assert_string_equal(column(db),
                        "The stove \n[versions of this place, to be brought together:]\nleaks gas\n[or:]\nis "
                        "new\n[end of the versions]\n.\n\nThe dog bites.\n");
    assert_int_equal(conflict_in(db), 'l');
    assert_int_equal(history_number(db, "SELECT contested FROM \"case\""), 1);
    f = load(db, ASSESSMENT);
    assert_int_equal(f.shown.conflict, MERGE_LOUD);
    assert_int_equal(f.merged->text.overlaps, 1);
    record_field_free(&f);
    db_close(db);
    history_free(h);
}

static void place_that_was_taken_out_is_said_to_be(void **state)
{
    /* Goal: one takes a word out that another changes: both are shown, the empty one in words. */
    struct history *h = two_versions("stove works.\n\nThe dog is kind.\n", "Our stove works.\n\nThe dog is kind.\n");
    struct db *db = take_both_ways(h);
    (void)state;
    assert_non_null(strstr(column(db), "[nothing: it was taken out]\n"));
    assert_non_null(strstr(column(db), "[or:]\nOur"));
    assert_int_equal(conflict_in(db), 'l');
    db_close(db);
    history_free(h);
}

static void equal_versions_count_once(void **state)
{
    /* Goal: three live versions, two of them equal: they are brought together as two, and the base is that of all. */
    struct history *h = two_versions("The stove leaks.\n\nThe dog is kind.\n", "The stove works.\n\nThe dog bites.\n");
    struct db *db;
    (void)state;
    (void)write_over(h, 4, "The stove leaks.\n\nThe dog is kind.\n", 0);
    db = take_both_ways(h);
    assert_string_equal(column(db), "The stove leaks.\n\nThe dog bites.\n");
    assert_int_equal(history_number(db, "SELECT count(*) FROM op WHERE field = 23"), 3);
    db_close(db);
    history_free(h);
}

static void versions_without_a_base_stand_whole(void **state)
{
    /* Goal: nothing in common, a cleared version, a cleared base, what is no text: every version stands whole, loud. */
    static const char whole[] = "one\n\n[another version, to be brought together]\n\ntwo";
    for (unsigned turn = 0; turn < 4; turn++) {
        struct history *h = history_new();
        struct db *db;
        struct record_field f;
        (void)write_text(h, 1, ASSESSMENT, turn == 1 ? NULL : before, NULL, 0);
        if (turn == 2) {
            history_begin(h, 2, KIND_CASE, history_id(CASE_ID), history_id(CASE_ID));
            history_put_number(h, ASSESSMENT, CHANGE_SET, 7, (struct dot[]){history_dot(h, 0, 0)}, 1);
            (void)history_end(h);
        } else {
            (void)write_over(h, 2, "one", 0);
        }
        (void)write_text(h, 3, ASSESSMENT, turn == 3 ? NULL : "two", (size_t[]){0}, turn == 0 ? 0 : 1);
        if (turn == 0)
            (void)write_text(h, 4, ASSESSMENT, "two", NULL, 0);
        db = take_both_ways(h);
        assert_int_equal(conflict_in(db), 'l');
        if (turn < 2)
            assert_string_equal(column(db), whole);
        else
            assert_non_null(strstr(column(db), "[another version, to be brought together]"));
        f = load(db, ASSESSMENT);
        assert_null(f.merged);
        assert_int_equal(f.newer_rule, 0);
        record_field_free(&f);
        db_close(db);
        history_free(h);
    }
    (void)state;
}

static void nearest_base_is_found_by_way_of_the_dead(void **state)
{
    /* Goal: one writes twice over what the other wrote over once: the base is two generations away, and what is further
     * is not looked at. */
    struct history *h = history_new();
    struct db *db;
    (void)state;
    (void)write_text(h, 1, ASSESSMENT, "oldest", NULL, 0);
    (void)write_over(h, 1, "older", 0);
    (void)write_over(h, 1, before, 1);
    (void)write_over(h, 2, "The stove leaks.\n\nThe dog is kind.\n", 2);
    (void)write_over(h, 2, "The stove leaks badly.\n\nThe dog is kind.\n", 3);
    (void)write_over(h, 3, "The stove works.\n\nThe dog bites.\n", 2);
    db = take_both_ways(h);
    assert_string_equal(column(db), "The stove leaks badly.\n\nThe dog bites.\n");
    assert_int_equal(conflict_in(db), 'q');
    assert_int_equal(background(db), 3);
    db_close(db);
    history_free(h);
}

static void generation_of_the_base_is_known_whole(void **state)
{
    /* Goal: an ancestor of all is at hand in the first generation, but only the second makes it one; there is another
     * one in that, with equal right: no base, and a store that got it compact finds the same. */
    struct history *h = history_new();
    struct db *db;
    (void)state;
    (void)write_text(h, 1, ASSESSMENT, before, NULL, 0);
    (void)write_text(h, 2, ASSESSMENT, "another beginning", NULL, 0);
    (void)write_text(h, 3, ASSESSMENT, "over both", (size_t[]){0, 1}, 2);
    (void)write_text(h, 4, ASSESSMENT, "over the second", (size_t[]){1}, 1);
    (void)write_text(h, 5, ASSESSMENT, "one", (size_t[]){2}, 1);
    (void)write_text(h, 6, ASSESSMENT, "two", (size_t[]){0, 3}, 2);
    db = take_both_ways(h);
    assert_int_equal(conflict_in(db), 'l');
    assert_string_equal(column(db), "one\n\n[another version, to be brought together]\n\ntwo");
    assert_int_equal(background(db), 4);
    db_close(db);
    history_free(h);
}

static void base_that_is_held_is_not_there(void **state)
{
    /* Goal: while what both were written over is held, they stand whole; once it is let in, they come together. */
    struct history *h = two_versions("The stove leaks.\n\nThe dog is kind.\n", "The stove works.\n\nThe dog bites.\n");
    struct db *db = take_both_ways(h);
    int64_t entry;
    (void)state;
    entry = history_number(db, "SELECT min(id) FROM entry");
    assert_done(record_set_held(db, entry, 1, &history_error));
    assert_int_equal(conflict_in(db), 'l');
    assert_int_equal(background(db), 0);
    assert_done(record_set_held(db, entry, 0, &history_error));
    assert_int_equal(conflict_in(db), 'q');
    assert_string_equal(column(db), "The stove leaks.\n\nThe dog bites.\n");
    db_close(db);
    history_free(h);
}

static void dots_of_other_fields_lead_nowhere(void **state)
{
    /* Goal: versions that name an op of another field, or of another record, have no base through it. */
    struct history *h = history_new();
    struct db *db;
    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        struct dot named;
        history_begin(h, 1, KIND_CASE, history_id(CASE_ID + turn), history_id(CASE_ID + turn));
        history_put_text(h, turn == 0 ? 12 : ASSESSMENT, CHANGE_SET, before, NULL, 0);
        named = history_dot(h, history_end(h), 0);
        for (unsigned device = 2; device < 4; device++) {
            history_begin(h, device, KIND_CASE, history_id(CASE_ID), history_id(CASE_ID));
            history_put_text(h, ASSESSMENT, CHANGE_SET, device == 2 ? "one" : "two", &named, 1);
            (void)history_end(h);
        }
    }
    db = take_both_ways(h);
    assert_int_equal(conflict_in(db), 'l');
    assert_int_equal(background(db), 0);
    assert_null(strstr(column(db), "[versions of this place"));
    db_close(db);
    history_free(h);
}

/* A chain of versions, each over the one before, in changes of up to 100 ops; `over`: what the first names. */
static struct dot write_chain(struct history *h, size_t length, struct dot over)
{
    while (length > 0) {
        size_t some = length < 100 ? length : 100;
        history_begin(h, 1, KIND_CASE, history_id(CASE_ID), history_id(CASE_ID));
        for (size_t i = 0; i < some; i++) {
            history_put_text(h, ASSESSMENT, CHANGE_SET, before, &over, 1);
            over = (struct dot){h->draft.device, 1, h->draft.seq, (unsigned)i};
        }
        (void)history_end(h);
        length -= some;
    }
    return over;
}

static void ancestry_has_an_end(void **state)
{
    /* Goal: a base that is 255 generations away is found; if more than 256 ops lie on the way the versions stand
     * whole, at a store that got the scope compact as well. */
    (void)state;
    for (size_t length = 254; length <= 256; length++) {
        struct history *h = history_new();
        struct db *db;
        struct dot first, last;
        (void)write_text(h, 1, ASSESSMENT, before, NULL, 0);
        first = history_dot(h, 0, 0);
        last = write_chain(h, length, first);
        history_begin(h, 2, KIND_CASE, history_id(CASE_ID), history_id(CASE_ID));
        history_put_text(h, ASSESSMENT, CHANGE_SET, "The stove leaks.\n\nThe dog is kind.\n", &last, 1);
        (void)history_end(h);
        (void)write_over(h, 3, "The stove works.\n\nThe dog bites.\n", 0);
        db = history_store_new();
        history_take_all(db, h);
        assert_compact_shows_the_same(db, h, 2 * h->count - 1);
        assert_int_equal(conflict_in(db), length < 256 ? 'q' : 'l');
        assert_int_equal(background(db), 4);
        db_close(db);
        history_free(h);
    }
}

static void newer_rule_leaves_versions_whole(void **state)
{
    /* Goal: an office whose record names a newer rule than this program has: the versions stand whole, and a reader
     * hears why; in whatever order it comes, and for texts that were in conflict before; and back. */
    struct history *h = two_versions("The stove leaks.\n\nThe dog is kind.\n", "The stove works.\n\nThe dog bites.\n");
    struct db *db;
    struct record_field f;
    (void)state;
    (void)write_rule(h, TEXT_RULE);
    db = take_both_ways(h);
    assert_int_equal(conflict_in(db), 'q');
    (void)write_rule(h, TEXT_RULE + 1);
    (void)history_take(db, h, 4);
    assert_int_equal(conflict_in(db), 'l');
    assert_non_null(strstr(column(db), "[another version, to be brought together]"));
    assert_int_equal(background(db), 1);
    f = load(db, ASSESSMENT);
    assert_null(f.merged);
    assert_int_equal(f.newer_rule, 1);
    record_field_free(&f);
    db_close(db);
    db = take_both_ways(h);
    (void)write_rule(h, TEXT_RULE);
    (void)history_take(db, h, 5);
    assert_int_equal(conflict_in(db), 'q');
    db_close(db);
    history_free(h);
}

/* --- status --- */

static void status_of_the_line_is_shown(void **state)
{
    /* Goal: open, closed over it, on hold over the open that is gone, open again over closed: the case is open, loud,
     * with "on hold" beside it; a store that got it compact shows the same. */
    struct history *h = history_new();
    struct db *db;
    struct record_field f;
    (void)state;
    (void)write_status(h, 1, 1, NULL, 0);
    (void)write_status(h, 2, 3, (size_t[]){0}, 1);
    (void)write_status(h, 3, 2, (size_t[]){0}, 1);
    db = take_both_ways(h);
    assert_string_equal(history_text(db, "SELECT status FROM \"case\""), "closed");
    db_close(db);
    (void)write_status(h, 4, 1, (size_t[]){1}, 1);
    db = take_both_ways(h);
    assert_string_equal(history_text(db, "SELECT status FROM \"case\""), "open");
    assert_int_equal(conflict_in(db), 'l');
    assert_int_equal(background(db), 2);
    f = load(db, STATUS);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.ops[0].merge.dot.device.b[15], 4);
    assert_int_equal(f.ops[1].merge.dot.device.b[15], 3);
    record_field_free(&f);
    /* Who has seen both decides. */
    (void)write_status(h, 1, 2, (size_t[]){2, 3}, 2);
    (void)history_take(db, h, 4);
    assert_string_equal(history_text(db, "SELECT status FROM \"case\""), "on hold");
    assert_int_equal(conflict_in(db), '-');
    assert_int_equal(background(db), 0);
    db_close(db);
    history_free(h);
}

static void what_was_noted_goes_with_its_scope(void **state)
{
    /* Goal: a scope that is let go of leaves nothing in background. */
    struct history *h = two_versions("one", "two");
    struct id scope = history_id(CASE_ID);
    struct db *db = take_both_ways(h);
    (void)state;
    assert_int_equal(background(db), 1);
    assert_done(record_purge(db, &scope, &history_error));
    assert_int_equal(background(db), 0);
    db_close(db);
    history_free(h);
}

static void what_an_older_version_showed_is_shown_anew(void **state)
{
    /* Goal: a store of a version that looked at live ops alone opens: its contested text is brought together, and what
     * that needs is noted. */
    struct history *h = two_versions("The stove leaks.\n\nThe dog is kind.\n", "The stove works.\n\nThe dog bites.\n");
    struct db *db = take_both_ways(h);
    (void)state;
    assert_done(db_exec(db,
                        "DELETE FROM shape WHERE name = 'all tables'; DROP TABLE background; ALTER TABLE applied DROP "
                        "COLUMN live; UPDATE conflict SET loud = 1;"
                        "UPDATE \"case\" SET assessment = 'both', contested = 1",
                        &history_error));
    assert_done(record_create(db, &history_error));
    assert_string_equal(column(db), "The stove leaks.\n\nThe dog bites.\n");
    assert_int_equal(conflict_in(db), 'q');
    assert_int_equal(background(db), 1);
    db_close(db);
    history_free(h);
}

static int count_statement(unsigned what, void *count, void *statement, void *sql)
{
    (void)what;
    (void)statement;
    (void)sql;
    ++*(int *)count;
    return 0;
}

static void a_change_named_many_times_is_read_once(void **state)
{
    /* Goal: versions that name, beside what they replace, every op of a change of another field, and dots that nobody
     * wrote, cost a look at that change and no more: else one laptop could make each further change of a text take
     * seconds. */
    enum { NAMED = 250 };
    static const char *const texts[] = {"The stove leaks.\n\nThe dog is kind.\n",
                                        "The stove works.\n\nThe dog bites.\n"};
    struct history *h = history_new();
    struct dot dots[NAMED + 3];
    struct db *db = history_store_new();
    struct id record = history_id(CASE_ID);
    struct record_field f;
    int statements = 0;
    (void)state;
    (void)write_text(h, 1, ASSESSMENT, before, NULL, 0);
    history_begin(h, 1, KIND_CASE, record, record);
    for (int i = 0; i < NAMED; i++)
        history_put_text(h, 12, CHANGE_SET, "a title", NULL, 0);
    (void)history_end(h);
    for (unsigned k = 0; k < 2; k++) {
        dots[0] = history_dot(h, 0, 0);
        for (unsigned i = 0; i < NAMED; i++)
            dots[1 + i] = history_dot(h, 1, i);
        dots[NAMED + 1] = (struct dot){dots[0].device, 1, 98, 0};
        dots[NAMED + 2] = (struct dot){dots[0].device, 1, 98, 1};
        history_begin(h, 2 + k, KIND_CASE, record, record);
        history_put_text(h, ASSESSMENT, CHANGE_SET, texts[k], dots, NAMED + 3);
        (void)history_end(h);
    }
    history_take_all(db, h);
    assert_string_equal(column(db), "The stove leaks.\n\nThe dog bites.\n");
    assert_int_equal(sqlite3_trace_v2(db_handle(db), SQLITE_TRACE_STMT, count_statement, &statements), SQLITE_OK);
    f = load(db, ASSESSMENT);
    assert_int_equal(sqlite3_trace_v2(db_handle(db), 0, NULL, NULL), SQLITE_OK);
    record_field_free(&f);
    assert_true(statements > 0 && statements < 20);
    db_close(db);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_apart_are_both_in),
        cmocka_unit_test(overlap_stands_whole),
        cmocka_unit_test(place_that_was_taken_out_is_said_to_be),
        cmocka_unit_test(equal_versions_count_once),
        cmocka_unit_test(versions_without_a_base_stand_whole),
        cmocka_unit_test(nearest_base_is_found_by_way_of_the_dead),
        cmocka_unit_test(generation_of_the_base_is_known_whole),
        cmocka_unit_test(base_that_is_held_is_not_there),
        cmocka_unit_test(dots_of_other_fields_lead_nowhere),
        cmocka_unit_test(ancestry_has_an_end),
        cmocka_unit_test(newer_rule_leaves_versions_whole),
        cmocka_unit_test(status_of_the_line_is_shown),
        cmocka_unit_test(what_was_noted_goes_with_its_scope),
        cmocka_unit_test(what_an_older_version_showed_is_shown_anew),
        cmocka_unit_test(a_change_named_many_times_is_read_once),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
