/* Tests: common/key/rekey.c common/base/file.c
 * A new data key on a disk that fails: it is the old store or the new one, and going on ends it. */
#include "file_failure_fixture.h"

#include "rekey_fixture.h"

/* The whole job, with the n-th call failing, on the files as they were. Returns 0 if there was no such call. */
static int try_with(enum file_mood mood, uint64_t n, const uint8_t *old_key, const struct content *before,
                    struct bytes db, struct bytes keys)
{
    struct rekey_options o = rekey_usual_options();
    uint8_t key[KEYFILE_KEY_BYTES];
    struct error e = {0, ""};
    int code, failed;
    (void)rekey_each_file(1);
    rekey_save(rekey_db_path, db);
    rekey_save(rekey_keys_path, keys);
    file_failure_begin(mood, n);
    code = rekey_run(&o, key, NULL, &e);
    failed = file_failure_end();
    if (code != 0 && (mood != FILE_BROKEN || !failed || code != E_IO))
        fail_msg("call %llu: %d %s", (unsigned long long)n, code, e.text);
    assert_int_equal(code == 0, !sodium_is_zero(key, sizeof key));
    if (code != 0 && rekey_opens_with(old_key) == 0) {
        /* It has not happened: what there is says what it said, nothing is left of the try but where it says so, and
         * one more comes to its end. */
        struct content now = rekey_read_all(old_key);
        assert_memory_equal(&now, before, sizeof now);
        if (strstr(e.text, "could not be replaced; try again") == NULL) {
            assert_int_equal(access(rekey_next_db, F_OK), -1);
            assert_int_equal(access(rekey_next_keys, F_OK), -1);
        }
        rekey_run_to_end(old_key, before);
        return failed;
    }
    if (code != 0) {
        /* It has happened but for the key file's change of place, or to the last sync of the folder. */
        int rest = access(rekey_next_keys, F_OK) == 0;
        assert_int_equal(rekey_finish(&o, key, NULL, NULL), rest ? 0 : E_NOT_FOUND);
        if (!rest)
            assert_int_equal(keyfile_open(rekey_keys_path, TYPED(PASS, PASS_BYTES, NOW), key, NULL, NULL), 0);
    }
    rekey_must_be_done(old_key, key, before);
    return failed;
}

static uint64_t try_each(enum file_mood mood)
{
    uint8_t old_key[KEYFILE_KEY_BYTES];
    struct content before;
    struct bytes db, keys;
    uint64_t n = 1;
    rekey_make_store(old_key);
    rekey_sql(old_key, "DELETE FROM t WHERE a > 5; VACUUM"); /* each try writes every page */
    before = rekey_read_all(old_key);
    db = rekey_load(rekey_db_path);
    keys = rekey_load(rekey_keys_path);
    while (try_with(mood, n, old_key, &before, db, keys))
        n++;
    free(db.p);
    free(keys.p);
    (void)rekey_each_file(1);
    return n - 1;
}

static void a_bad_disk_leaves_the_old_store_or_the_new_one(void **state)
{
    /* Goal: whichever call to the disk fails: the old store, and nothing beside it; or half a job, which is ended by
     * going on. What it said it says. */
    (void)state;
    assert_true(try_each(FILE_BROKEN) > 40);
}

static void signals_and_short_answers_are_nothing(void **state)
{
    /* Goal: what is interrupted, or does part of what it should, goes on: the job comes to its end. */
    (void)state;
    assert_true(try_each(FILE_INTERRUPTED) > 10);
    assert_true(try_each(FILE_SHORT) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bad_disk_leaves_the_old_store_or_the_new_one, rekey_fixture_set_up,
                                        rekey_fixture_tear_down),
        cmocka_unit_test_setup_teardown(signals_and_short_answers_are_nothing, rekey_fixture_set_up,
                                        rekey_fixture_tear_down),
    };
    return vault_init(NULL) != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
