/* Tests: common/record/record_create.c
 * The tables of the record are brought to the schema of this version when a store is opened. */
#include "people_fixture.h"

/* A user with a login, a telephone and, in a second change, an officer's key. */
static void write_user(struct history *h, struct id user)
{
    struct pack key;
    history_begin(h, 0, KIND_USER, people_nowhere, user);
    history_put_text(h, 10, CHANGE_SET, "Ada", NULL, 0);
    history_put_text(h, 15, CHANGE_SET, "ada", NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, KIND_USER, people_nowhere, user);
    pack_start(&key);
    pack_bin(&key, (const uint8_t *)"\1\2\3", 3);
    history_put_op(h, 16, CHANGE_SET, &key, NULL, 0);
    (void)history_end(h);
}

/* As a version left it that made the kind by something else. */
static void made_otherwise(struct db *db, unsigned kind)
{
    assert_done(db_run(db, &history_error, "UPDATE shape SET print = x'00' WHERE kind = ?", "u", (uint64_t)kind));
}

static void digest_of(struct db *db, uint8_t out[32])
{
    assert_done(record_dump_digest(db, NULL, out, &history_error));
}

static void a_missing_column_is_added_and_filled(void **state)
{
    /* Goal: a store whose table lacks a field opens, and shows what the log says of it; other records stay as they
     * are. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    uint8_t before[32], after[32];
    (void)state;
    write_user(h, people_hold);
    (void)people_set_client(h, 1, 15, "phone", NULL, 0);
    history_take_all(db, h);
    digest_of(db, before);
    assert_string_equal(history_text(db, "SELECT recovery_key FROM \"user\""), "010203");
    assert_done(db_exec(db, "ALTER TABLE \"user\" DROP COLUMN recovery_key", &history_error));
    made_otherwise(db, KIND_USER);
    assert_done(db_exec(db, "ALTER TABLE client DROP COLUMN phone", &history_error));
    made_otherwise(db, KIND_CLIENT);
    assert_done(record_create(db, &history_error));
    assert_string_equal(history_text(db, "SELECT recovery_key FROM \"user\""), "010203");
    assert_string_equal(history_text(db, "SELECT login FROM \"user\""), "ada");
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "phone");
    digest_of(db, after);
    assert_memory_equal(before, after, sizeof before);
    db_close(db);
    history_free(h);
}

static void a_kind_that_was_not_known_is_filled(void **state)
{
    /* Goal: records of a kind that the older version only carried appear when a version comes that knows it. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    (void)state;
    history_begin(h, 0, KIND_EVENT, people_nowhere, people_other_hold);
    history_put_number(h, 12, CHANGE_SET, 7, NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    /* The older version has place, op and applied of it, and no table. */
    assert_done(db_exec(db, "DROP TABLE event; DELETE FROM shape WHERE kind = 15", &history_error));
    assert_done(record_create(db, &history_error));
    assert_int_equal(history_number(db, "SELECT count FROM event"), 7);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op"), 1);
    db_close(db);
    history_free(h);
}

static void tables_of_an_older_form_are_made_anew(void **state)
{
    /* Goal: a store whose version did not note which ops of an entry live gets all its tables again from the log, and
     * shows the same. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    uint8_t before[32], after[32];
    struct dot first;
    (void)state;
    write_user(h, people_hold);
    first = history_dot(h, people_set_client(h, 1, 15, "phone", NULL, 0), 0);
    (void)people_set_client(h, 1, 15, "another phone", &first, 1);
    history_take_all(db, h);
    digest_of(db, before);
    assert_done(db_exec(db,
                        "DELETE FROM shape WHERE name = 'all tables'; ALTER TABLE applied DROP COLUMN live;"
                        "CREATE INDEX op_entry ON op(entry)",
                        &history_error));
    assert_done(record_create(db, &history_error));
    digest_of(db, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(history_number(db, "SELECT count(*) FROM applied"), 4);
    assert_int_equal(history_number(db, "SELECT count(*) FROM applied WHERE live IS NULL"), 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'op_entry'"), 0);
    db_close(db);
    history_free(h);
}

static void a_store_that_is_up_to_date_is_left_alone(void **state)
{
    /* Goal: nothing is written if nothing is missing. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    int64_t before;
    (void)state;
    write_user(h, people_hold);
    history_take_all(db, h);
    before = history_number(db, "SELECT total_changes()");
    assert_done(record_create(db, &history_error));
    assert_int_equal(history_number(db, "SELECT total_changes()"), before);
    assert_int_equal(db_in_transaction(db), 0);
    /* What another version had of these tables, or had not, is made. */
    assert_done(db_exec(db, "UPDATE shape SET print = x'00' WHERE name = 'all tables'; DROP INDEX place_scope",
                        &history_error));
    assert_int_equal(record_is_current(db, &history_error), 0);
    assert_done(record_create(db, &history_error));
    assert_int_equal(record_is_current(db, &history_error), 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'place_scope'"), 1);
    /* In the caller's transaction it stays there, and goes with it. */
    assert_done(db_begin(db, &history_error));
    assert_done(db_exec(db, "ALTER TABLE \"user\" DROP COLUMN recovery_key", &history_error));
    made_otherwise(db, KIND_USER);
    assert_done(record_create(db, &history_error));
    assert_int_equal(db_in_transaction(db), 1);
    db_rollback(db);
    db_close(db);
    history_free(h);
}

static void a_failure_leaves_the_store_as_it_was(void **state)
{
    /* Goal: if the records cannot be made again, no empty column is left that would pass for filled. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct error e = {0, ""};
    int64_t before;
    (void)state;
    write_user(h, people_hold);
    history_take_all(db, h);
    assert_done(db_exec(db, "ALTER TABLE \"user\" DROP COLUMN recovery_key", &history_error));
    made_otherwise(db, KIND_USER);
    before = history_number(db, "SELECT count(*) FROM pragma_table_info('user')");
    assert_done(db_exec(db, "UPDATE entry SET header = x'00'", &history_error));
    assert_int_equal(record_create(db, &e), E_VERIFY);
    assert_int_equal(db_in_transaction(db), 0);
    assert_int_equal(history_number(db, "SELECT count(*) FROM pragma_table_info('user')"), before);
    assert_int_equal(history_number(db, "SELECT count(*) FROM shape WHERE kind = 2 AND print = x'00'"), 1);
    assert_string_equal(history_text(db, "SELECT login FROM \"user\""), "ada");
    db_close(db);
    history_free(h);
}

static void a_store_without_shapes_is_made_anew(void **state)
{
    /* Goal: a store of a version that noted no shapes opens: every table is made again, whatever it lacked. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    uint8_t before[32], after[32];
    (void)state;
    write_user(h, people_hold);
    (void)people_set_client(h, 1, 15, "phone", NULL, 0);
    history_take_all(db, h);
    digest_of(db, before);
    /* What version 3 of the schema brought. */
    assert_done(
        db_exec(db,
                "DROP TABLE shape; DROP TABLE newer; DROP INDEX place_scope; DROP TABLE person_link;"
                "DROP TRIGGER same_as_made; DROP TRIGGER same_as_set; DROP TRIGGER same_as_gone;"
                "DROP TRIGGER different_from_made; DROP TRIGGER different_from_set; DROP TRIGGER different_from_gone;"
                "ALTER TABLE client DROP COLUMN identifier; ALTER TABLE client DROP COLUMN same_as;"
                "ALTER TABLE client DROP COLUMN different_from; ALTER TABLE \"user\" DROP COLUMN supervisor;"
                "ALTER TABLE assignment DROP COLUMN responsible; ALTER TABLE office DROP COLUMN text_rule",
                &history_error));
    assert_int_equal(record_is_current(db, &history_error), 0);
    assert_done(record_create(db, &history_error));
    digest_of(db, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(history_number(db, "SELECT count(*) FROM pragma_table_info('client') WHERE name IN ('identifier', "
                                        "'same_as', 'different_from')"),
                     3);
    db_close(db);
    history_free(h);
}

static void what_a_newer_version_made_goes_and_is_carried(void **state)
{
    /* Goal: a store that a newer version wrote opens: its column and its table go, its ops stay and are marked as
     * newer; when the newer version comes again, nothing of its own stands there that this one did not keep up. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    uint8_t before[32], after[32];
    (void)state;
    people_client_change(h, 0);
    history_put_text(h, 15, CHANGE_SET, "phone", NULL, 0);
    history_put_text(h, 1900, CHANGE_SET, "they", NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, 900, people_a_case, people_other_client);
    history_put_text(h, 10, CHANGE_SET, "walk", NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    digest_of(db, before);
    assert_int_equal(history_number(db, "SELECT count(*) FROM newer"), 2);
    /* As the newer version would have it. */
    assert_done(db_exec(db,
                        "DELETE FROM newer; ALTER TABLE client ADD COLUMN pronouns TEXT;"
                        "UPDATE client SET pronouns = 'they'; CREATE TABLE goal(id TEXT PRIMARY KEY, title TEXT);"
                        "INSERT INTO goal VALUES('01', 'walk'); INSERT INTO shape VALUES(900, 'goal', x'00')",
                        &history_error));
    assert_int_equal(record_is_current(db, &history_error), 0);
    assert_done(db_exec(db, "DELETE FROM shape WHERE kind = 900", &history_error));
    assert_int_equal(record_is_current(db, &history_error), 1);
    made_otherwise(db, KIND_CLIENT);
    assert_int_equal(record_is_current(db, &history_error), 0);
    assert_done(db_exec(db, "INSERT INTO shape VALUES(900, 'goal', x'00')", &history_error));
    assert_done(record_create(db, &history_error));
    assert_int_equal(history_number(db, "SELECT count(*) FROM pragma_table_info('client') WHERE name = 'pronouns'"), 0);
    assert_int_equal(history_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'goal'"), 0);
    assert_int_equal(history_number(db, "SELECT count(*) FROM shape WHERE kind = 900"), 0);
    assert_int_equal(record_is_current(db, &history_error), 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM newer"), 2);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op"), 3);
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "phone");
    digest_of(db, after);
    assert_memory_equal(before, after, sizeof before);
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
        cmocka_unit_test(a_store_without_shapes_is_made_anew),
        cmocka_unit_test(what_a_newer_version_made_goes_and_is_carried),
        cmocka_unit_test(a_failure_leaves_the_store_as_it_was),
    };
    return cmocka_run_group_tests(tests, people_name_records, NULL);
}
