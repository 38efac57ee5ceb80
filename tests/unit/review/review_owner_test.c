/* Tests: common/review/review_owner.c
 * Who is to decide: each rule, one by one. */
#include "history_fixture.h"

#include "review.h"

enum { WORKER = 1, OTHER = 2, THIRD = 3, CHIEF = 4, SECOND_CHIEF = 5, LEADER = 6, ADMIN = 7 };
enum { CASE_MANAGER = 2, SUPERVISOR = 4, DIRECTOR = 5, ADMINISTRATOR = 7 };
enum { OFFICE = 15 }; /* the device that writes users and assignments */
enum { ACTIVE = 1, DISABLED = 2, OPEN = 1, CLOSED = 3 };

static const struct id nowhere;

static struct id person(unsigned number)
{
    return history_id(0xa000 + number);
}

static unsigned number_of(unsigned kind, const char *field)
{
    return schema_field_named(schema_kind(kind), field)->number;
}

/* --- what the office writes --- */

static void write_user(struct history *h, unsigned number, int role)
{
    history_begin(h, OFFICE, KIND_USER, nowhere, person(number));
    history_put_number(h, number_of(KIND_USER, "role"), CHANGE_SET, role, NULL, 0);
    history_put_number(h, number_of(KIND_USER, "status"), CHANGE_SET, ACTIVE, NULL, 0);
    (void)history_end(h);
}

/* One field that is a number, over what stood in a change's op. */
static size_t rewrite_number(struct history *h, unsigned kind, struct id scope, struct id record, const char *field,
                             int64_t value, size_t over, unsigned over_op)
{
    struct dot dot = history_dot(h, over, over_op);
    history_begin(h, OFFICE, kind, scope, record);
    history_put_number(h, number_of(kind, field), CHANGE_SET, value, &dot, 1);
    return history_end(h);
}

/* Op 0: the user, op 1: the status. */
static size_t assign(struct history *h, struct id kase, struct id assignment, unsigned user)
{
    struct id id = person(user);
    history_begin(h, OFFICE, KIND_ASSIGNMENT, kase, assignment);
    history_put_id(h, number_of(KIND_ASSIGNMENT, "user"), &id);
    history_put_number(h, number_of(KIND_ASSIGNMENT, "status"), CHANGE_SET, ACTIVE, NULL, 0);
    return history_end(h);
}

static void make_responsible(struct history *h, struct id kase, struct id assignment)
{
    struct pack value;
    history_begin(h, OFFICE, KIND_ASSIGNMENT, kase, assignment);
    pack_start(&value);
    pack_flag(&value, 1);
    history_put_op(h, number_of(KIND_ASSIGNMENT, "responsible"), CHANGE_SET, &value, NULL, 0);
    (void)history_end(h);
}

static void name_supervisor(struct history *h, unsigned user, unsigned supervisor)
{
    struct id id = person(supervisor);
    history_begin(h, OFFICE, KIND_USER, nowhere, person(user));
    history_put_id(h, number_of(KIND_USER, "supervisor"), &id);
    (void)history_end(h);
}

static void write_case(struct history *h, struct id kase, struct id client, int status)
{
    history_begin(h, OFFICE, KIND_CASE, kase, kase);
    history_put_id(h, number_of(KIND_CASE, "client"), &client);
    history_put_number(h, number_of(KIND_CASE, "status"), CHANGE_SET, status, NULL, 0);
    (void)history_end(h);
}

/* The owners of a scope by their numbers: "1 4". */
static const char *owners(const struct history *h, struct id scope, int loud)
{
    static char text[64];
    struct db *db = history_store_new();
    struct id *ids;
    size_t count, at = 0;
    history_take_all(db, h);
    assert_done(review_owners(db, &scope, loud, &ids, &count, &history_error));
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%u", i == 0 ? "" : " ", ids[i].b[15]);
    free(ids);
    db_close(db);
    return text;
}

/* Goal: of those who hold a case the one whom the office made responsible decides, the last of several; else the one
 * who has held it longest without a break. Who is disabled, released, or whose assignment is voided, does not. */
static void the_responsible_worker_owns(void **state)
{
    struct history *h = history_new();
    struct id kase = history_id(1), a = history_id(30), b = history_id(20), c = history_id(10);
    size_t first, released;
    struct dot seen[2];
    (void)state;
    for (unsigned i = WORKER; i <= THIRD; i++)
        write_user(h, i, CASE_MANAGER);
    first = assign(h, kase, a, WORKER);
    (void)assign(h, kase, b, OTHER);
    (void)assign(h, kase, c, THIRD);
    assert_string_equal(owners(h, kase, 0), "1");
    /* Whoever was released and comes again has not held it since. */
    released = rewrite_number(h, KIND_ASSIGNMENT, kase, a, "status", DISABLED, first, 1);
    assert_string_equal(owners(h, kase, 0), "2");
    (void)rewrite_number(h, KIND_ASSIGNMENT, kase, a, "status", ACTIVE, released, 0);
    assert_string_equal(owners(h, kase, 0), "2");
    make_responsible(h, kase, c);
    assert_string_equal(owners(h, kase, 0), "3");
    make_responsible(h, kase, a);
    assert_string_equal(owners(h, kase, 0), "1");
    /* The user is disabled: the one before is asked. */
    (void)rewrite_number(h, KIND_USER, nowhere, person(WORKER), "status", DISABLED, 0, 1);
    assert_string_equal(owners(h, kase, 0), "3");
    seen[0] = history_dot(h, 5, 0);
    seen[1] = history_dot(h, 5, 1);
    history_begin(h, OFFICE, KIND_ASSIGNMENT, kase, c);
    {
        struct dot all[3] = {seen[0], seen[1], history_dot(h, 8, 0)};
        history_put_void(h, all, 3, NULL, 0);
    }
    (void)history_end(h);
    assert_string_equal(owners(h, kase, 0), "2");
    history_free(h);
}

/* Goal: a worker who is known from an import alone comes after one whom the office took on itself, unless the office
 * says otherwise; if there is no other, he is asked all the same. */
static void an_imported_worker_comes_last(void **state)
{
    struct history *h = history_new();
    struct id kase = history_id(1);
    (void)state;
    write_user(h, WORKER, CASE_MANAGER);
    write_user(h, OTHER, CASE_MANAGER);
    history_begin(h, OFFICE, KIND_USER, nowhere, person(WORKER));
    history_put_text(h, FIELD_SOURCE_ID, CHANGE_SET, "U1", NULL, 0);
    (void)history_end(h);
    (void)assign(h, kase, history_id(10), WORKER);
    assert_string_equal(owners(h, kase, 0), "1");
    (void)assign(h, kase, history_id(11), OTHER);
    assert_string_equal(owners(h, kase, 0), "2");
    make_responsible(h, kase, history_id(11));
    make_responsible(h, kase, history_id(10));
    assert_string_equal(owners(h, kase, 0), "1");
    history_free(h);
}

/* Goal: what is loud the supervisor owns too: the one whom the office named; else all who supervise; else who leads. */
static void supervisors_own_what_is_loud(void **state)
{
    struct history *h = history_new();
    struct id kase = history_id(1);
    size_t chief;
    (void)state;
    write_user(h, WORKER, CASE_MANAGER);
    (void)assign(h, kase, history_id(10), WORKER);
    assert_string_equal(owners(h, kase, 1), "1");
    write_user(h, LEADER, DIRECTOR);
    write_user(h, ADMIN, ADMINISTRATOR);
    assert_string_equal(owners(h, kase, 1), "1 6 7");
    chief = h->count;
    write_user(h, CHIEF, SUPERVISOR);
    write_user(h, SECOND_CHIEF, SUPERVISOR);
    assert_string_equal(owners(h, kase, 1), "1 4 5");
    assert_string_equal(owners(h, kase, 0), "1");
    name_supervisor(h, WORKER, CHIEF);
    assert_string_equal(owners(h, kase, 1), "1 4");
    (void)rewrite_number(h, KIND_USER, nowhere, person(CHIEF), "status", DISABLED, chief, 1);
    assert_string_equal(owners(h, kase, 1), "1 5");
    /* Nobody supervises himself; and who was released answers for nothing. */
    name_supervisor(h, SECOND_CHIEF, SECOND_CHIEF);
    (void)assign(h, history_id(2), history_id(11), SECOND_CHIEF);
    assert_string_equal(owners(h, history_id(2), 1), "5 6 7");
    (void)rewrite_number(h, KIND_ASSIGNMENT, kase, history_id(10), "status", DISABLED, 1, 1);
    assert_string_equal(owners(h, kase, 1), "5");
    history_free(h);
}

/* Goal: nothing is nobody's: if nobody holds the case, those own it who can say who shall. */
static void nothing_is_nobodys(void **state)
{
    struct history *h = history_new();
    (void)state;
    write_user(h, WORKER, CASE_MANAGER);
    write_user(h, ADMIN, ADMINISTRATOR);
    assert_string_equal(owners(h, history_id(1), 0), "7");
    write_user(h, LEADER, DIRECTOR);
    assert_string_equal(owners(h, history_id(1), 1), "6 7");
    write_user(h, CHIEF, SUPERVISOR);
    assert_string_equal(owners(h, history_id(1), 0), "4");
    /* What is office-wide is the office's. */
    assert_string_equal(owners(h, nowhere, 1), "7");
    history_free(h);
}

/* Goal: a person's record is the worker's of that one of the person's cases that was made first and is open; if
 * nobody holds that one, the next. */
static void a_person_is_the_first_open_cases(void **state)
{
    struct history *h = history_new();
    struct id client = history_id(1), closed = history_id(2), late = history_id(3), early = history_id(4);
    (void)state;
    for (unsigned i = WORKER; i <= THIRD; i++)
        write_user(h, i, CASE_MANAGER);
    write_user(h, CHIEF, SUPERVISOR);
    write_case(h, closed, client, CLOSED);
    write_case(h, early, client, OPEN);
    write_case(h, late, client, OPEN);
    assert_string_equal(owners(h, client, 0), "4");
    (void)assign(h, closed, history_id(10), WORKER);
    assert_string_equal(owners(h, client, 0), "1");
    (void)assign(h, late, history_id(11), OTHER);
    assert_string_equal(owners(h, client, 0), "2");
    (void)assign(h, early, history_id(12), THIRD);
    assert_string_equal(owners(h, client, 0), "3");
    assert_string_equal(owners(h, client, 1), "3 4");
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_responsible_worker_owns),      cmocka_unit_test(an_imported_worker_comes_last),
        cmocka_unit_test(supervisors_own_what_is_loud),     cmocka_unit_test(nothing_is_nobodys),
        cmocka_unit_test(a_person_is_the_first_open_cases),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
