/* Tests: common/review/review.c common/review/review_owner.c
 * The review queue when the store or the memory fails. */
#include "store_failure_fixture.h"

#include "review.h"

enum { OFFICE = 15, WORKER = 1, CHIEF = 2, CASE_MANAGER = 2, SUPERVISOR = 4, ACTIVE = 1 };

static const struct id nowhere;
static struct history *story;
static struct id a_case, a_client;

static struct id person(unsigned number)
{
    return history_id(0xa000 + number);
}

static unsigned number_of(unsigned kind, const char *field)
{
    return schema_field_named(schema_kind(kind), field)->number;
}

static void write_user(unsigned number, int role)
{
    history_begin(story, OFFICE, KIND_USER, nowhere, person(number));
    history_put_number(story, number_of(KIND_USER, "role"), CHANGE_SET, role, NULL, 0);
    history_put_number(story, number_of(KIND_USER, "status"), CHANGE_SET, ACTIVE, NULL, 0);
    (void)history_end(story);
}

static size_t write_risk(unsigned device, int64_t risk, const struct dot *dots, size_t count)
{
    history_begin(story, device, KIND_CASE, a_case, a_case);
    history_put_number(story, number_of(KIND_CASE, "risk"), CHANGE_SET, risk, dots, count);
    return history_end(story);
}

/* A client who is voided and written on, with a case that a worker holds and whose risk two people changed. */
static struct db *tell(void)
{
    struct db *db = history_store_new();
    struct id worker = person(WORKER);
    struct dot seen;
    story = history_new();
    a_case = history_id(1);
    a_client = history_id(2);
    write_user(WORKER, CASE_MANAGER);
    write_user(CHIEF, SUPERVISOR);
    history_begin(story, OFFICE, KIND_ASSIGNMENT, a_case, history_id(3));
    history_put_id(story, number_of(KIND_ASSIGNMENT, "user"), &worker);
    history_put_number(story, number_of(KIND_ASSIGNMENT, "status"), CHANGE_SET, ACTIVE, NULL, 0);
    (void)history_end(story);
    history_begin(story, OFFICE, KIND_CASE, a_case, a_case);
    history_put_id(story, number_of(KIND_CASE, "client"), &a_client);
    (void)history_end(story);
    seen = history_dot(story, write_risk(1, 3, NULL, 0), 0);
    (void)write_risk(2, 4, &seen, 1);
    (void)write_risk(3, 2, &seen, 1);
    history_begin(story, 1, KIND_CLIENT, a_client, a_client);
    history_put_text(story, number_of(KIND_CLIENT, "phone"), CHANGE_SET, "030 1", NULL, 0);
    seen = history_dot(story, history_end(story), 0);
    history_begin(story, 2, KIND_CLIENT, a_client, a_client);
    history_put_void(story, &seen, 1, NULL, 0);
    (void)history_end(story);
    history_begin(story, 3, KIND_CLIENT, a_client, a_client);
    history_put_text(story, number_of(KIND_CLIENT, "email"), CHANGE_SET, "a@example.org", NULL, 0);
    (void)history_end(story);
    history_take_all(db, story);
    return db;
}

static int see(void *arg, const struct review *r, struct error *e)
{
    (void)e;
    assert_true(r->sentence[0] != '\0' && r->code[0] != '\0' && r->owner_count == 2);
    assert_int_equal(r->field.count, r->conflict.field->number == FIELD_VOID ? 1 : 2);
    ++*(size_t *)arg;
    return 0;
}

static int read_queue(struct db *db, struct error *e)
{
    size_t count = 0;
    int code = review_each(db, see, &count, e);
    assert_true(code != 0 || count == 2);
    return code;
}

static int find_responsible(struct db *db, struct error *e)
{
    const struct id *scopes[] = {&a_case, &a_client}, worker = person(WORKER);
    int code = 0;
    for (size_t i = 0; code == 0 && i < 2; i++) {
        struct id user;
        code = review_responsible(db, scopes[i], &user, e);
        assert_true(code != 0 || id_equal(&user, &worker));
    }
    return code;
}

static int find_leaders(struct db *db, struct error *e)
{
    const struct id nobodys = history_id(99);
    struct id *owners;
    size_t count;
    int code = review_owners(db, &nobodys, 1, &owners, &count, e);
    assert_int_equal(count, code == 0 ? 1 : 0);
    free(owners);
    return code;
}

static void the_queue_is_whole_or_fails(void **state)
{
    /* Goal: whoever asks for the queue, or whose turn it is, is told of every failure, and never shown a shorter queue,
     * fewer owners, or somebody else. */
    struct db *db = tell();
    (void)state;
    assert_true(store_failure_each(db, read_queue) > 60);
    assert_true(store_failure_each(db, find_responsible) > 10);
    assert_true(store_failure_each(db, find_leaders) > 4);
    db_close(db);
    history_free(story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_queue_is_whole_or_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
