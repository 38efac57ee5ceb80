/* Tests: daemon/central/snapshot.c
 * A snapshot shows the office as it was when it was opened, and writes nothing; a copy can be written, and nothing of
 * that is the office's; whoever reads is told to end. */
#include "central_fixture.h"
#include "office_fixture.h"

#include <unistd.h>

#include "snapshot.h"

static const char passphrase[] = "correct horse battery";

struct room {
    char folder[64];
    struct central *c;
};

static int set_up(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct central_options o = {.name = "Test",
                                .admin_login = "boss",
                                .admin_name = "Boss",
                                .passphrase = passphrase,
                                .passphrase_bytes = sizeof passphrase - 1};
    assert_non_null(r);
    PAIR_OK(vault_init(&pair_e));
    (void)snprintf(r->folder, sizeof r->folder, "/tmp/snapshot_test.XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    o.folder = r->folder;
    PAIR_OK(central_create(&o, &pair_e));
    PAIR_OK(central_fixture_open(&r->c, r->folder, passphrase, sizeof passphrase - 1, &pair_e));
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"office.db", "office.db-wal", "office.db-lock", "office.keys"};
    struct room *r = *state;
    central_close(r->c);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = central_path(r->folder, files[i]);
        (void)unlink(path);
        free(path);
    }
    assert_int_equal(rmdir(r->folder), 0); /* nothing else is left in it */
    free(r);
    return 0;
}

static uint64_t users(const struct central *c)
{
    return pair_count(c->db, "SELECT count(*) FROM \"user\"");
}

/* Writes one user more, in the office or in a copy. */
static int write_user(struct central *c, struct error *e)
{
    const struct id id = id_new(clock_wall());
    const struct central_field fields[] = {{"name", .text = "One"}, {"login", .text = "one"}, {.name = NULL}};
    int code = central_act_as(c, NULL, e);
    if (code != 0 || (code = central_begin(c, e)) != 0)
        return code;
    code = central_write_record(c, &(struct central_record){.kind = KIND_USER, .record = &id, .fields = fields}, e);
    return central_end(c, code, e);
}

/* Goal: what is committed after it was opened is not in it; another one shows that. */
static void it_shows_one_moment(void **state)
{
    struct room *r = *state;
    struct central *before, *after;
    PAIR_OK(central_snapshot(r->c, &before, &pair_e));
    PAIR_OK(write_user(r->c, &pair_e));
    PAIR_OK(central_snapshot(r->c, &after, &pair_e));
    assert_int_equal(users(before), 1);
    assert_int_equal(users(after), 2);
    assert_int_equal(before->tree.size + 1, after->tree.size);
    assert_int_equal(after->checkpoint_size, r->c->checkpoint_size);
    assert_string_equal(after->checkpoint, r->c->checkpoint);
    PAIR_OK(write_user(r->c, &pair_e));
    assert_int_equal(users(after), 2);
    central_close(before);
    central_close(after);
}

/* Goal: a command that should only read and would write is refused, and nothing is written. */
static void nothing_is_written_by_it(void **state)
{
    struct room *r = *state;
    struct central *s;
    struct error e = {0, ""};
    PAIR_OK(central_snapshot(r->c, &s, &pair_e));
    assert_int_equal(write_user(s, &e), E_INTERNAL);
    assert_int_not_equal(db_exec(s->db, "DELETE FROM \"user\"", &e), 0);
    central_close(s);
    assert_int_equal(users(r->c), 1);
}

/* Goal: a copy takes what the office takes, also a transaction that is rolled back, and none of it is the office's. */
static void a_copy_is_written_for_nobody(void **state)
{
    struct room *r = *state;
    struct central *s, *copy;
    uint64_t size = r->c->tree.size;
    PAIR_OK(central_snapshot(r->c, &s, &pair_e));
    PAIR_OK(central_copy(s, &copy, &pair_e));
    central_close(s);
    PAIR_OK(write_user(copy, &pair_e));
    PAIR_OK(central_begin(copy, &pair_e));
    PAIR_OK(db_exec(copy->db, "DELETE FROM \"user\"", &pair_e));
    central_rollback(copy);
    assert_int_equal(users(copy), 2);
    assert_int_equal(copy->tree.size, size + 1);
    central_close(copy);
    assert_int_equal(users(r->c), 1);
    assert_int_equal(r->c->tree.size, size);
}

/* Goal: whoever is told to end does, in a statement that would go on for ever, in one that begins later, and in a copy
 * of what was told. */
static void who_is_told_to_end_ends(void **state)
{
    static const char endless[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    struct room *r = *state;
    struct central *s, *copy, *late;
    struct error e = {0, ""};
    uint64_t count;
    PAIR_OK(central_snapshot(r->c, &s, &pair_e));
    PAIR_OK(central_copy(s, &copy, &pair_e));
    central_tell_to_end(s);
    assert_int_equal(db_number_of(s->db, &count, &e, endless, ""), E_BUSY);
    assert_non_null(strstr(e.text, "told to end"));
    assert_int_equal(db_number_of(copy->db, &count, &e, endless, ""), E_BUSY);
    assert_int_equal(central_copy(s, &late, &e), E_BUSY);
    assert_null(late);
    central_close(copy);
    central_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_shows_one_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_written_by_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_is_written_for_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_told_to_end_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
