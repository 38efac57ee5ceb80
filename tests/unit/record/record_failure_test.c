/* Tests: common/record/record.c common/record/record_create.c common/record/record_digest.c
 *     common/record/record_dump.c common/record/record_field.c common/record/record_mask.c
 *     common/record/record_newer.c
 * The record when the store or the memory fails: nothing is half done, and nothing is said to be done that is not. */
#include "store_failure_fixture.h"

#include "people_fixture.h"

#define RISK 17
#define STATUS 19
#define ASSESSMENT 23

static const char before[] = "The stove works.\n\nThe dog is kind.\n";

/* What has happened when something fails, and what comes then. */
static struct history *story;
static size_t late; /* the change that an act applies */

static size_t case_text(unsigned device, const char *text, const size_t *over, size_t count)
{
    struct dot dots[4];
    for (size_t i = 0; i < count; i++)
        dots[i] = history_dot(story, over[i], 0);
    history_begin(story, device, KIND_CASE, people_a_case, people_a_case);
    history_put_text(story, ASSESSMENT, CHANGE_SET, text, dots, count);
    return history_end(story);
}

static size_t case_number(unsigned device, unsigned field, int64_t number, const size_t *over, size_t count)
{
    struct dot dots[4];
    for (size_t i = 0; i < count; i++)
        dots[i] = history_dot(story, over[i], 0);
    history_begin(story, device, KIND_CASE, people_a_case, people_a_case);
    history_put_number(story, field, CHANGE_SET, number, dots, count);
    return history_end(story);
}

static size_t hold_of(const struct change *named)
{
    struct pack value;
    history_begin(story, 15, KIND_HOLD, people_nowhere, people_hold);
    pack_start(&value);
    pack_id(&value, &named->device);
    history_put_op(story, 10, CHANGE_SET, &value, NULL, 0);
    history_put_number(story, 11, CHANGE_SET, (int64_t)named->epoch, NULL, 0);
    history_put_number(story, 12, CHANGE_SET, (int64_t)named->seq, NULL, 0);
    history_put_number(story, 15, CHANGE_SET, 1, NULL, 0);
    return history_end(story);
}

static size_t new_client(void)
{
    people_client_change(story, 0);
    history_put_text(story, 10, CHANGE_SET, "Ada Moss", NULL, 0);
    history_put_text(story, 15, CHANGE_SET, "030 1", NULL, 0);
    history_put_text(story, 1900, CHANGE_SET, "of a newer version", NULL, 0);
    return history_end(story);
}

/* A store with a client, and a case whose assessment, risk and status are each contested. */
static struct db *tell(void)
{
    struct db *db = history_store_new();
    size_t first;
    story = history_new();
    (void)new_client();
    first = case_text(1, before, NULL, 0);
    (void)case_text(2, "The stove leaks.\n\nThe dog is kind.\n", &first, 1);
    (void)case_text(3, "The stove works.\n\nThe dog bites.\n", &first, 1);
    (void)case_number(1, RISK, 4, NULL, 0);
    (void)case_number(2, RISK, 2, NULL, 0);
    first = case_number(1, STATUS, 1, NULL, 0);
    (void)case_number(2, STATUS, 2, &first, 1);
    (void)case_number(3, STATUS, 3, &first, 1);
    history_take_all(db, story);
    return db;
}

static void forget(struct db *db)
{
    db_close(db);
    history_free(story);
}

static int apply_late(struct db *db, struct error *e)
{
    struct log_entry entry;
    int code;
    history_entry_of(story, late, &entry);
    if ((code = log_add(db, &entry, e)) != 0)
        return code;
    return record_apply(db, &entry, e);
}

/* --- applying --- */

static void a_change_is_applied_whole_or_not_at_all(void **state)
{
    /* Goal: whatever fails while a change is applied, none of it is in the record: the first of a record; another one
     * of a text, a status and a rank that are contested; a void and what contests it. */
    struct db *db = tell();
    struct dot seen[2];
    size_t over[2] = {1, 2};
    (void)state;
    history_begin(story, 4, KIND_SERVICE, people_a_case, people_service);
    history_put_number(story, 17, CHANGE_ADD, 3, NULL, 0);
    late = history_end(story);
    assert_true(store_failure_each(db, apply_late) > 15);
    late = case_text(4, "The stove works.\n\nThe cat is kind.\n", over, 1);
    assert_true(store_failure_each(db, apply_late) > 40);
    late = case_text(5, "The stove leaks.\n\nThe dog bites.\n", over, 2);
    assert_true(store_failure_each(db, apply_late) > 40);
    over[0] = 6;
    late = case_number(4, STATUS, 4, over, 1);
    assert_true(store_failure_each(db, apply_late) > 40);
    late = case_number(4, RISK, 5, NULL, 0);
    assert_true(store_failure_each(db, apply_late) > 20);
    seen[0] = history_dot(story, 0, 0);
    seen[1] = history_dot(story, 0, 1);
    people_client_change(story, 1);
    history_put_void(story, seen, 2, NULL, 0);
    late = history_end(story);
    assert_true(store_failure_each(db, apply_late) > 20);
    forget(db);
}

static void a_hold_is_followed_whole_or_not_at_all(void **state)
{
    /* Goal: the same of a hold that takes a change out of the record, and of its release. */
    struct db *db = tell();
    struct dot status;
    size_t held;
    (void)state;
    late = held = hold_of(&story->entries[3].change);
    assert_true(store_failure_each(db, apply_late) > 60);
    (void)history_take(db, story, held);
    status = history_dot(story, held, 3);
    history_begin(story, 15, KIND_HOLD, people_nowhere, people_hold);
    history_put_number(story, 15, CHANGE_SET, 2, &status, 1);
    late = history_end(story);
    assert_true(store_failure_each(db, apply_late) > 60);
    forget(db);
}

static int apply_masked(struct db *db, struct error *e)
{
    static const uint8_t mask[1] = {1};
    struct log_entry entry;
    int code;
    history_entry_of(story, late, &entry);
    entry.mask = (struct slice){mask, 1};
    if ((code = log_add(db, &entry, e)) != 0)
        return code;
    return record_apply(db, &entry, e);
}

static void what_is_dealt_compact_is_applied_whole(void **state)
{
    /* Goal: the same of a change that comes with a mask of what lives of it. */
    struct db *db = tell();
    (void)state;
    people_client_change(story, 2);
    history_put_text(story, 16, CHANGE_SET, "a@example.org", NULL, 0);
    history_put_text(story, 10, CHANGE_SET, "Ada", NULL, 0);
    late = history_end(story);
    assert_true(store_failure_each(db, apply_masked) > 20);
    forget(db);
}

/* --- what changes the record otherwise --- */

static int purge(struct db *db, struct error *e)
{
    return record_purge(db, &people_a_case, e);
}

static int hold_entry(struct db *db, struct error *e)
{
    return record_set_held(db, 4, 1, e);
}

static int hold_and_release_entry(struct db *db, struct error *e)
{
    int code = record_set_held(db, 4, 1, e);
    return code != 0 ? code : record_set_held(db, 4, 0, e);
}

static int refresh(struct db *db, struct error *e)
{
    return record_refresh(db, &story->entries[2].change, e);
}

/* As versions left it that made one kind otherwise, and knew another one less. */
static int create_anew(struct db *db, struct error *e)
{
    char sql[200];
    int code;
    (void)snprintf(sql, sizeof sql,
                   "UPDATE shape SET print = x'00' WHERE kind = %d; ALTER TABLE client DROP COLUMN phone;"
                   "DELETE FROM shape WHERE kind = %d; DROP TABLE service",
                   KIND_CLIENT, KIND_SERVICE);
    code = db_exec(db, sql, e);
    return code != 0 ? code : record_create(db, e);
}

static void the_projection_is_made_whole_or_stays(void **state)
{
    /* Goal: purging, holding, releasing, showing anew, rebuilding, and what brings the tables of another version to
     * this one: each is done, or has not begun. */
    struct db *db = tell(), *small = history_store_new();
    (void)state;
    for (size_t i = 0; i < 4; i++)
        (void)history_take(small, story, i);
    assert_true(store_failure_each(db, purge) > 10);
    assert_true(store_failure_each(db, hold_entry) > 40);
    assert_true(store_failure_each(db, hold_and_release_entry) > 80);
    assert_true(store_failure_each(db, refresh) > 10);
    assert_true(store_failure_each(small, record_rebuild) > 100);
    assert_true(store_failure_each(small, create_anew) > 60);
    db_close(small);
    forget(db);
}

/* --- reading --- */

static int read_fields(struct db *db, struct error *e)
{
    static const unsigned fields[] = {RISK, STATUS, ASSESSMENT};
    const struct schema_kind *kind = schema_kind(KIND_CASE);
    struct record_place place;
    int code = record_find(db, &people_a_case, &place, e);
    for (size_t i = 0; code == 0 && i < 3; i++) {
        struct record_field f;
        code = record_field_load(db, &people_a_case, kind, schema_field(kind, fields[i]), &f, e);
        assert_true(code != 0 || f.count >= 2);
        record_field_free(&f);
    }
    return code;
}

static int count_conflict(void *arg, const struct record_conflict *c, struct error *e)
{
    (void)c;
    (void)e;
    ++*(size_t *)arg;
    return 0;
}

static int read_conflicts(struct db *db, struct error *e)
{
    size_t count = 0;
    int code = record_conflicts(db, count_conflict, &count, e);
    assert_true(code != 0 || count == 3);
    return code;
}

static int read_newer(struct db *db, struct error *e)
{
    struct record_field f;
    uint64_t count;
    int code = record_newer_count(db, &count, e);
    if (code != 0)
        return code;
    assert_int_equal(count, 1);
    code = record_newer_load(db, &people_client, 1900, &f, e);
    assert_true(code != 0 || f.count == 1);
    record_field_free(&f);
    return code;
}

static int read_masks(struct db *db, struct error *e)
{
    struct log_entry entry;
    uint8_t mask[CHANGE_MASK_MAX];
    size_t bytes;
    int all, code = record_mask(db, &story->entries[1].change, mask, &bytes, &all, e);
    if (code != 0)
        return code;
    assert_true(all); /* when it came it lived */
    history_entry_of(story, 1, &entry);
    entry.id = 2;
    code = record_mask_living(db, &entry, mask, &bytes, &all, e);
    assert_true(code != 0 || !all); /* two have replaced it */
    return code;
}

static int write_nowhere(void *arg, const char *text, size_t bytes, struct error *e)
{
    (void)text;
    (void)e;
    *(size_t *)arg += bytes;
    return 0;
}

static int read_dump(struct db *db, struct error *e)
{
    const struct id scopes[] = {people_client, people_a_case};
    const struct record_dump_options options = {scopes, 2};
    uint8_t digest[32];
    size_t bytes = 0;
    int code = record_dump(db, &options, write_nowhere, &bytes, e);
    if (code == 0)
        code = record_dump_digest(db, NULL, digest, e);
    return code != 0 ? code : record_digest(db, scopes, 2, digest, e);
}

static int read_current(struct db *db, struct error *e)
{
    int current = record_is_current(db, e);
    assert_true(current != 0);
    return current > 0 ? 0 : e != NULL ? e->code : E_IO;
}

static void what_cannot_be_read_is_told(void **state)
{
    /* Goal: a reader is told of every failure, and never shown less than there is; what was found by then is freed. */
    struct db *db = tell();
    (void)state;
    assert_true(store_failure_each(db, read_fields) > 40);
    assert_true(store_failure_each(db, read_conflicts) > 3);
    assert_true(store_failure_each(db, read_newer) > 8);
    assert_true(store_failure_each(db, read_masks) > 4);
    assert_true(store_failure_each(db, read_dump) > 60);
    assert_true(store_failure_each(db, read_current) > 3);
    forget(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_applied_whole_or_not_at_all),
        cmocka_unit_test(a_hold_is_followed_whole_or_not_at_all),
        cmocka_unit_test(what_is_dealt_compact_is_applied_whole),
        cmocka_unit_test(the_projection_is_made_whole_or_stays),
        cmocka_unit_test(what_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, people_name_records, NULL);
}
