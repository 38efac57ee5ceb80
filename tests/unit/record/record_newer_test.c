/* Tests: common/record/record_newer.c
 * What is newer than this program: kept, told, never superseded by who does not know it. */
#include "edit.h"
#include "people_fixture.h"

struct found {
    size_t count;
    struct record_newer items[16];
};

static int find_one(void *arg, const struct record_newer *n, struct error *e)
{
    struct found *f = arg;
    (void)e;
    assert_true(f->count < 16);
    f->items[f->count++] = *n;
    return 0;
}

static struct found newer_in(struct db *db, const struct id *record)
{
    struct found f = {.count = 0};
    assert_done(record_newer(db, record, find_one, &f, &history_error));
    return f;
}

static void fields_and_kinds_are_told(void **state)
{
    /* Goal: each field that is not known is told with its kind, number and how much lives on it; what is dead is not,
     * and what this version knows never is. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct found f;
    struct dot first;
    (void)state;
    people_client_change(h, 0);
    history_put_text(h, 10, CHANGE_SET, "Ada", NULL, 0);
    history_put_text(h, 1900, CHANGE_SET, "they", NULL, 0);
    history_put_text(h, 1902, CHANGE_ADD, "stick", NULL, 0);
    history_put_text(h, 1902, CHANGE_ADD, "glasses", NULL, 0);
    (void)history_end(h);
    history_begin(h, 1, 900, people_a_case, people_service);
    history_put_text(h, 10, CHANGE_SET, "walk", NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    f = newer_in(db, NULL);
    assert_int_equal(f.count, 3);
    assert_true(f.items[0].kind == KIND_CLIENT && f.items[0].field == 1900 && f.items[0].count == 1);
    assert_true(f.items[1].kind == KIND_CLIENT && f.items[1].field == 1902 && f.items[1].count == 2);
    assert_true(f.items[2].kind == 900 && f.items[2].field == 10 && f.items[2].count == 1);
    assert_true(id_equal(&f.items[2].record, &people_service) && id_equal(&f.items[2].scope, &people_a_case));
    assert_int_equal(newer_in(db, &people_client).count, 2);
    assert_int_equal(newer_in(db, &people_a_case).count, 0);
    /* A newer version clears one, by an op that this version knows as little. */
    first = history_dot(h, 0, 1);
    people_client_change(h, 1);
    history_put_text(h, 1903, CHANGE_SET, "x", NULL, 0);
    history_put_text(h, 1900, CHANGE_SET, "she", &first, 1);
    (void)history_take(db, h, history_end(h));
    f = newer_in(db, &people_client);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.items[0].count, 1);
    /* A rebuild finds the same; who lets the scope go has nothing left. */
    assert_done(record_rebuild(db, &history_error));
    assert_int_equal(newer_in(db, NULL).count, 4);
    assert_done(record_purge(db, &people_a_case, &history_error));
    assert_int_equal(newer_in(db, NULL).count, 3);
    assert_int_equal(history_number(db, "SELECT count(*) FROM newer"), 3);
    db_close(db);
    history_free(h);
}

static void values_can_be_read(void **state)
{
    /* Goal: the live values of such a field, with their authors, in the order of their effective times. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct record_field f;
    struct record_place place;
    struct error e = {0, ""};
    char words[64];
    (void)state;
    (void)people_set_client(h, 0, 1901, "Ada", NULL, 0);
    (void)people_set_client(h, 1, 1901, "Byron", NULL, 0);
    history_begin(h, 1, 900, people_a_case, people_service);
    history_put_text(h, 10, CHANGE_SET, "walk", NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    assert_done(record_newer_load(db, &people_client, 1901, &f, &history_error));
    assert_int_equal(f.count, 2);
    assert_int_equal(f.shown.count, 2);
    assert_string_equal(schema_format_unknown(f.ops[0].merge.value, words, sizeof words), "Ada");
    assert_string_equal(schema_format_unknown(f.ops[1].merge.value, words, sizeof words), "Byron");
    assert_true(id_equal(&f.ops[1].author, &h->entries[1].change.author));
    record_field_free(&f);
    /* A kind that is not known is no missing record. */
    assert_int_equal(record_find(db, &people_service, &place, &e), E_NOT_FOUND);
    assert_non_null(strstr(e.text, "kind 900, which is newer than this program"));
    db_close(db);
    history_free(h);
}

static uint64_t wall(void)
{
    return TODAY + 100;
}

static void start_author(struct db *db, struct edit_author *author)
{
    struct id device = history_id(0xe000);
    assert_done(edit_author_create(db, &device, &history_error));
    assert_done(edit_author_load(db, author, &history_error));
    author->person = history_id(0xa0ff);
    author->wall = wall;
}

static void an_edit_leaves_what_it_does_not_know(void **state)
{
    /* Goal: setting a known field supersedes nothing of a field that is not known; voiding lists what lives there, so
     * that the record is voided, and what comes to it later brings the record back. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct edit_author author;
    struct edit edit;
    (void)state;
    people_client_change(h, 0);
    history_put_text(h, 15, CHANGE_SET, "1", NULL, 0);
    history_put_text(h, 1900, CHANGE_SET, "they", NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    start_author(db, &author);
    assert_done(edit_open(&edit, db, &people_client, &history_error));
    assert_done(edit_set_text(&edit, "phone", "2", &history_error));
    assert_done(edit_commit(&edit, &author, NULL, NULL, &history_error));
    assert_int_equal(history_number(db, "SELECT count(*) FROM op WHERE field = 1900"), 1);
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "2");
    assert_done(edit_open(&edit, db, &people_client, &history_error));
    assert_done(edit_void(&edit, &history_error));
    assert_done(edit_commit(&edit, &author, "double", NULL, &history_error));
    assert_int_equal(history_number(db, "SELECT voided FROM client"), 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op WHERE field = 1900"), 1);
    assert_int_equal(newer_in(db, NULL).count, 0); /* of a voided record nothing is listed */
    assert_int_equal(newer_in(db, &people_client).count, 1);
    (void)people_set_client(h, 1, 1902, "stick", NULL, 0);
    (void)history_take(db, h, 1);
    assert_int_equal(history_number(db, "SELECT voided FROM client"), 0);
    assert_int_equal(history_number(db, "SELECT contested FROM client"), 1);
    db_close(db);
    history_free(h);
}

static void masks_know_no_schema(void **state)
{
    /* Goal: the mask of a change tells which of its ops live, on fields and kinds that are not known as well. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    uint8_t mask[CHANGE_MASK_MAX];
    struct dot awaited = {history_id(0xd000), 1, 1, 1};
    size_t bytes;
    int all;
    (void)state;
    history_begin(h, 0, 1900, people_nowhere, people_service);
    history_put_text(h, 10, CHANGE_SET, "walk", NULL, 0);
    history_put_text(h, 11, CHANGE_SET, "run", NULL, 0);
    (void)history_end(h);
    history_begin(h, 1, 1900, people_nowhere, people_service);
    history_put_text(h, 11, CHANGE_SET, "swim", &awaited, 1);
    (void)history_end(h);
    (void)history_take(db, h, 1);
    (void)history_take(db, h, 0);
    assert_int_equal(newer_in(db, &people_service).count, 2);
    assert_done(record_mask(db, &h->entries[0].change, mask, &bytes, &all, &history_error));
    assert_true(!all && bytes == 1 && mask[0] == 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op WHERE field = 11"), 1);
    db_close(db);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_kinds_are_told),
        cmocka_unit_test(values_can_be_read),
        cmocka_unit_test(an_edit_leaves_what_it_does_not_know),
        cmocka_unit_test(masks_know_no_schema),
    };
    return cmocka_run_group_tests(tests, people_name_records, NULL);
}
