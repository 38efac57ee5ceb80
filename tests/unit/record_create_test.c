/* The tables of the record are brought up to the schema of this version when a store is opened. */
#include "record_people.h"

/* A user with a login, a telephone and, in a second change, an officer's key. */
static void write_user(struct history *h, struct id user)
{
    struct pack key;
    begin(h, 0, KIND_USER, nowhere, user);
    put_text(h, 10, CHANGE_SET, "Ada", NULL, 0);
    put_text(h, 15, CHANGE_SET, "ada", NULL, 0);
    (void)end(h);
    begin(h, 0, KIND_USER, nowhere, user);
    pack_start(&key);
    pack_bin(&key, (const uint8_t *)"\1\2\3", 3);
    put_op(h, 16, CHANGE_SET, &key, NULL, 0);
    (void)end(h);
}

static void digest_of(struct db *db, uint8_t out[32])
{
    assert_done(record_digest(db, NULL, out, &world_error));
}

static void a_missing_column_is_added_and_filled(void **state)
{
    /* Goal: a store whose table lacks a field opens, and shows what the log says of it; other records stay as they
     * are. */
    struct history *h = history_new();
    struct db *db = store_new();
    uint8_t before[32], after[32];
    (void)state;
    write_user(h, hold);
    (void)set_client(h, 1, 15, "phone", NULL, 0);
    take_all(db, h);
    digest_of(db, before);
    assert_string_equal(text_in(db, "SELECT recovery_key FROM \"user\""), "010203");
    assert_done(db_exec(db, "ALTER TABLE \"user\" DROP COLUMN recovery_key", &world_error));
    assert_done(db_exec(db, "ALTER TABLE client DROP COLUMN phone", &world_error));
    assert_done(record_create(db, &world_error));
    assert_string_equal(text_in(db, "SELECT recovery_key FROM \"user\""), "010203");
    assert_string_equal(text_in(db, "SELECT login FROM \"user\""), "ada");
    assert_string_equal(text_in(db, "SELECT phone FROM client"), "phone");
    digest_of(db, after);
    assert_memory_equal(before, after, sizeof before);
    db_close(db);
    history_free(h);
}

static void a_kind_that_was_not_known_is_filled(void **state)
{
    /* Goal: records of a kind that the older version only carried appear when a version comes that knows it. */
    struct history *h = history_new();
    struct db *db = store_new();
    (void)state;
    begin(h, 0, KIND_EVENT, nowhere, other_hold);
    put_number(h, 12, CHANGE_SET, 7, NULL, 0);
    (void)end(h);
    take_all(db, h);
    /* The older version has place, op and applied of it, and no table. */
    assert_done(db_exec(db, "DROP TABLE event", &world_error));
    assert_done(record_create(db, &world_error));
    assert_int_equal(number_in(db, "SELECT count FROM event"), 7);
    assert_int_equal(number_in(db, "SELECT count(*) FROM op"), 1);
    db_close(db);
    history_free(h);
}

static void tables_of_an_older_form_are_made_anew(void **state)
{
    /* Goal: a store whose version did not note which ops of an entry live gets all its tables again from the log, and
     * shows the same. */
    struct history *h = history_new();
    struct db *db = store_new();
    uint8_t before[32], after[32];
    struct dot first;
    (void)state;
    write_user(h, hold);
    first = dot_at(h, set_client(h, 1, 15, "phone", NULL, 0), 0);
    (void)set_client(h, 1, 15, "another phone", &first, 1);
    take_all(db, h);
    digest_of(db, before);
    assert_done(db_exec(db, "ALTER TABLE applied DROP COLUMN live; CREATE INDEX op_entry ON op(entry)", &world_error));
    assert_done(record_create(db, &world_error));
    digest_of(db, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(number_in(db, "SELECT count(*) FROM applied"), 4);
    assert_int_equal(number_in(db, "SELECT count(*) FROM applied WHERE live IS NULL"), 1);
    assert_int_equal(number_in(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'op_entry'"), 0);
    db_close(db);
    history_free(h);
}

static void a_store_that_is_up_to_date_is_left_alone(void **state)
{
    /* Goal: nothing is written where nothing is missing. */
    struct history *h = history_new();
    struct db *db = store_new();
    int64_t before;
    (void)state;
    write_user(h, hold);
    take_all(db, h);
    before = number_in(db, "SELECT total_changes()");
    assert_done(record_create(db, &world_error));
    assert_int_equal(number_in(db, "SELECT total_changes()"), before);
    assert_int_equal(db_in_transaction(db), 0);
    /* In the caller's transaction it stays there, and goes with it. */
    assert_done(db_begin(db, &world_error));
    assert_done(db_exec(db, "ALTER TABLE \"user\" DROP COLUMN recovery_key", &world_error));
    assert_done(record_create(db, &world_error));
    assert_int_equal(db_in_transaction(db), 1);
    db_rollback(db);
    db_close(db);
    history_free(h);
}

static void a_failure_leaves_the_store_as_it_was(void **state)
{
    /* Goal: where the records cannot be made again, no empty column is left that would pass for filled. */
    struct history *h = history_new();
    struct db *db = store_new();
    struct error e = {0, ""};
    (void)state;
    write_user(h, hold);
    take_all(db, h);
    assert_done(db_exec(db, "ALTER TABLE \"user\" DROP COLUMN recovery_key", &world_error));
    assert_done(db_exec(db, "UPDATE entry SET header = x'00'", &world_error));
    assert_int_equal(record_create(db, &e), E_VERIFY);
    assert_int_equal(db_in_transaction(db), 0);
    assert_int_equal(number_in(db, "SELECT count(*) FROM pragma_table_info('user') WHERE name = 'recovery_key'"), 0);
    assert_string_equal(text_in(db, "SELECT login FROM \"user\""), "ada");
    db_close(db);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_column_is_added_and_filled),
        cmocka_unit_test(a_kind_that_was_not_known_is_filled),
        cmocka_unit_test(tables_of_an_older_form_are_made_anew),
        cmocka_unit_test(a_store_that_is_up_to_date_is_left_alone),
        cmocka_unit_test(a_failure_leaves_the_store_as_it_was),
    };
    return cmocka_run_group_tests(tests, name_records, NULL);
}
