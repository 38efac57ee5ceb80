/* Tests: common/record/record_hold.c
 * What takes a record or a change out of sight: voiding, and holds. */
#include "people_fixture.h"

/* --- voiding --- */

static void assert_voided(struct db *db, int voided, int contested)
{
    struct record_place place;
    assert_done(record_find(db, &people_client, &place, &history_error));
    assert_int_equal(place.voided, voided);
    assert_int_equal(history_number(db, "SELECT voided FROM client"), voided);
    assert_int_equal(history_number(db, "SELECT contested FROM client"), contested);
    assert_int_equal(history_number(db, "SELECT count(*) FROM conflict WHERE field = 1 AND loud = 1"), contested);
}

static void void_holds_for_what_its_author_saw(void **state)
{
    /* Goal: a void that lists every live op voids; an edit that it does not list brings the record back, contested; a
     * void that saw both, or a cleared void, ends that. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct dot seen[3], voids[2];
    struct dot *edit = &seen[1];
    (void)state;
    seen[0] = history_dot(h, people_set_client(h, 0, 15, "1", NULL, 0), 0);
    people_client_change(h, 0);
    history_put_void(h, seen, 1, NULL, 0);
    voids[0] = history_dot(h, history_end(h), 0);
    history_take_all(db, h);
    assert_voided(db, 1, 0);
    /* 1. An edit that nobody who voided saw, on a field of its own. */
    *edit = history_dot(h, people_set_client(h, 1, 16, "mail", NULL, 0), 0);
    (void)history_take(db, h, 2);
    assert_voided(db, 0, 1);
    /* 2. A second person voids it and has seen all, at the same time as the first: they agree. */
    people_client_change(h, 2);
    history_put_void(h, seen, 2, NULL, 0);
    voids[1] = history_dot(h, history_end(h), 0);
    (void)history_take(db, h, 3);
    assert_voided(db, 1, 0);
    /* 3. One who saw the first void takes it back; the second stands beside that: contested. */
    people_client_change(h, 0);
    history_put_text(h, FIELD_VOID, CHANGE_SET, NULL, voids, 1);
    voids[0] = history_dot(h, history_end(h), 0);
    (void)history_take(db, h, 4);
    assert_voided(db, 0, 1);
    /* 4. Taken back by one who saw both. */
    people_client_change(h, 0);
    history_put_text(h, FIELD_VOID, CHANGE_SET, NULL, voids, 2);
    (void)history_end(h);
    (void)history_take(db, h, 5);
    assert_voided(db, 0, 0);
    assert_done(record_rebuild(db, &history_error));
    assert_voided(db, 0, 0);
    db_close(db);
    history_free(h);
}

static void void_comes_first_or_is_no_list(void **state)
{
    /* Goal: a void that arrives before what it lists ends as one that arrives after; a value that is no list voids
     * nothing and is contested; an op on an unknown field counts. */
    struct history *h = history_new();
    struct db *db = history_store_new(), *odd = history_store_new();
    struct dot seen;
    (void)state;
    seen = history_dot(h, people_set_client(h, 0, 500, "of a newer version", NULL, 0), 0);
    people_client_change(h, 1);
    history_put_void(h, &seen, 1, NULL, 0);
    (void)history_end(h);
    (void)history_take(db, h, 1);
    assert_voided(db, 1, 0);
    (void)history_take(db, h, 0);
    assert_voided(db, 1, 0);
    people_client_change(h, 2);
    history_put_text(h, FIELD_VOID, CHANGE_SET, "no list", NULL, 0);
    (void)history_end(h);
    (void)history_take(odd, h, 0);
    (void)history_take(odd, h, 2);
    assert_voided(odd, 0, 1);
    db_close(db);
    db_close(odd);
    history_free(h);
}

static void void_that_nobody_upholds_leaves_no_mark(void **state)
{
    /* Goal: if the last void ops end each other, the record is neither voided nor contested, in any order. */
    static const size_t orders[3][4] = {{0, 1, 3, 2}, {0, 1, 2, 3}, {2, 3, 1, 0}};
    struct history *h = history_new();
    struct dot seen, named[2];
    (void)state;
    seen = history_dot(h, people_set_client(h, 0, 15, "1", NULL, 0), 0);
    people_client_change(h, 0);
    history_put_void(h, &seen, 1, NULL, 0);
    named[0] = history_dot(h, history_end(h), 0);
    named[1] = (struct dot){history_id(0xd002), 1, 1, 0};
    people_client_change(h, 1);
    history_put_void(h, &seen, 1, named, 2);
    named[0] = history_dot(h, history_end(h), 0);
    people_client_change(h, 2);
    history_put_void(h, &seen, 1, named, 1);
    (void)history_end(h);
    for (size_t i = 0; i < 3; i++) {
        struct db *db = history_store_new();
        for (size_t k = 0; k < 4; k++)
            (void)history_take(db, h, orders[i][k]);
        assert_voided(db, 0, 0);
        db_close(db);
    }
    history_free(h);
}

/* --- holds --- */

/* A change of a hold: what it names (seq 0: nothing) and its status (0: not touched). */
static size_t put_hold(struct history *h, const struct id *record, const struct change *named, int64_t status,
                       const struct dot *over, size_t count)
{
    struct pack value;
    history_begin(h, 15, KIND_HOLD, people_nowhere, *record);
    if (named != NULL) {
        pack_start(&value);
        pack_id(&value, &named->device);
        history_put_op(h, 10, CHANGE_SET, &value, NULL, 0);
        history_put_number(h, 11, CHANGE_SET, (int64_t)named->epoch, NULL, 0);
        history_put_number(h, 12, CHANGE_SET, (int64_t)named->seq, NULL, 0);
    }
    if (status != 0)
        history_put_number(h, 15, CHANGE_SET, status, over, count);
    return history_end(h);
}

static int is_held(struct db *db, int64_t entry)
{
    sqlite3_stmt *s;
    int held;
    assert_done(db_query(db, &s, &history_error, "SELECT held FROM entry WHERE id = ?", "i", entry));
    assert_int_equal(db_next(db, s, &history_error), 1);
    held = (int)db_int(s, 0);
    db_done(db, s);
    return held;
}

static void held_change_waits_for_its_release(void **state)
{
    /* Goal: a change that a hold names is kept and not applied, whichever comes first; the release applies it. */
    struct history *h = history_new();
    size_t bad, held, released;
    struct dot status;
    (void)state;
    (void)people_set_client(h, 0, 15, "good", NULL, 0);
    bad = people_set_client(h, 1, 15, "bad", NULL, 0);
    held = put_hold(h, &people_hold, &h->entries[bad].change, 1, NULL, 0);
    status = history_dot(h, held, 3);
    released = put_hold(h, &people_hold, NULL, 2, &status, 1);
    for (unsigned hold_first = 0; hold_first < 2; hold_first++) {
        struct db *db = history_store_new();
        int64_t entry;
        (void)history_take(db, h, 0);
        if (hold_first)
            (void)history_take(db, h, held);
        entry = history_take(db, h, bad);
        assert_int_equal(is_held(db, entry), hold_first);
        if (!hold_first)
            (void)history_take(db, h, held);
        assert_int_equal(is_held(db, entry), 1);
        assert_string_equal(history_text(db, "SELECT phone FROM client"), "good");
        assert_int_equal(history_number(db, "SELECT count(*) FROM held"), 1);
        assert_done(record_rebuild(db, &history_error));
        assert_int_equal(is_held(db, entry), 1);
        assert_string_equal(history_text(db, "SELECT phone FROM client"), "good");
        (void)history_take(db, h, released);
        assert_int_equal(is_held(db, entry), 0);
        assert_string_equal(history_text(db, "SELECT phone FROM client"), "bad");
        assert_int_equal(history_number(db, "SELECT count(*) FROM held"), 0);
        assert_done(record_rebuild(db, &history_error));
        assert_string_equal(history_text(db, "SELECT phone FROM client"), "bad");
        db_close(db);
    }
    history_free(h);
}

static void two_holds_and_a_hold_that_moves(void **state)
{
    /* Goal: a change that two holds name waits for both; a hold that comes to name another change lets go of the first.
     */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct dot status[2];
    size_t one, two, moved;
    int64_t first, second;
    struct pack value;
    (void)state;
    one = people_set_client(h, 0, 15, "one", NULL, 0);
    two = people_set_client(h, 0, 15, "two", NULL, 0);
    status[0] = history_dot(h, put_hold(h, &people_hold, &h->entries[one].change, 1, NULL, 0), 3);
    status[1] = history_dot(h, put_hold(h, &people_other_hold, &h->entries[one].change, 3, NULL, 0), 3); /* kept out */
    (void)history_take(db, h, 2);
    (void)history_take(db, h, 3);
    first = history_take(db, h, one);
    second = history_take(db, h, two);
    (void)history_take(db, h, put_hold(h, &people_hold, NULL, 2, &status[0], 1));
    assert_int_equal(is_held(db, first), 1);
    /* The other hold moves on to the second change. */
    history_begin(h, 15, KIND_HOLD, people_nowhere, people_other_hold);
    pack_start(&value);
    pack_uint(&value, h->entries[two].change.seq);
    history_put_op(h, 12, CHANGE_SET, &value, NULL, 0);
    moved = history_end(h);
    (void)history_take(db, h, moved);
    assert_int_equal(is_held(db, first), 0);
    assert_int_equal(is_held(db, second), 1);
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "one");
    /* A release of what never came is no error. */
    (void)history_take(db, h, put_hold(h, &people_other_hold, NULL, 2, &status[1], 1));
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "two");
    db_close(db);
    history_free(h);
}

static void held_hold_releases_in_turn(void **state)
{
    /* Goal: a hold that was held itself is applied when it is released, and holds then what it names; a hold that has
     * been applied is not taken out by another. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct dot status;
    size_t edit, inner, outer, released;
    int64_t applied;
    (void)state;
    edit = people_set_client(h, 0, 15, "edit", NULL, 0);
    inner = put_hold(h, &people_hold, &h->entries[edit].change, 1, NULL, 0);
    outer = put_hold(h, &people_other_hold, &h->entries[inner].change, 1, NULL, 0);
    status = history_dot(h, outer, 3);
    released = put_hold(h, &people_other_hold, NULL, 2, &status, 1);
    (void)history_take(db, h, edit);
    (void)history_take(db, h, outer);
    (void)history_take(db, h, inner);
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "edit");
    (void)history_take(db, h, released);
    assert_int_equal(history_number(db, "SELECT count(*) FROM client"), 0);
    db_close(db);
    db = history_store_new();
    (void)history_take(db, h, edit);
    applied = history_take(db, h, inner);
    (void)history_take(db, h, outer);
    assert_int_equal(history_number(db, "SELECT count(*) FROM client"), 0);
    assert_int_equal(is_held(db, applied), 0);
    assert_int_equal(history_number(db, "SELECT count(*) FROM hold WHERE status = 'held'"), 2);
    db_close(db);
    history_free(h);
}

static void laptop_takes_out_what_the_office_holds(void **state)
{
    /* Goal: record_set_held takes an entry out of the record and lets it in again; an unknown entry is refused. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    int64_t entry;
    (void)state;
    (void)people_set_client(h, 0, 15, "first", NULL, 0);
    (void)people_set_client(h, 1, 15, "second", NULL, 0);
    (void)history_take(db, h, 0);
    entry = history_take(db, h, 1);
    assert_done(record_set_held(db, entry, 1, NULL));
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "first");
    assert_int_equal(history_number(db, "SELECT count(*) FROM conflict"), 0);
    assert_done(record_set_held(db, entry, 0, &history_error));
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "second");
    assert_int_equal(history_number(db, "SELECT count(*) FROM conflict"), 1);
    assert_int_equal(record_set_held(db, 99, 1, &history_error), E_NOT_FOUND);
    assert_int_equal(record_set_held(db, 99, 0, &history_error), E_NOT_FOUND);
    db_close(db);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(void_holds_for_what_its_author_saw),      cmocka_unit_test(void_comes_first_or_is_no_list),
        cmocka_unit_test(void_that_nobody_upholds_leaves_no_mark), cmocka_unit_test(held_change_waits_for_its_release),
        cmocka_unit_test(two_holds_and_a_hold_that_moves),         cmocka_unit_test(held_hold_releases_in_turn),
        cmocka_unit_test(laptop_takes_out_what_the_office_holds),
    };
    return cmocka_run_group_tests(tests, people_name_records, NULL);
}
