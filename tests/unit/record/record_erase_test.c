/* Tests: common/record/record_erase.c common/chain/skeleton.c
 * Erased words: what a change had replaced stays replaced, and what it said is shown as erased, whatever its policy,
 * and whether the erasure comes before or after the change. */
#include "people_fixture.h"

#include "edit.h"
#include "skeleton.h"

/* Adds an erasure of a change of the history, as the office writes it. with_skeleton 0: the office never had its words.
 */
static size_t erase(struct history *h, size_t at, int with_skeleton)
{
    const struct change *c = &h->entries[at].change;
    struct pack skeleton, value;
    struct error e;
    history_begin(h, 15, KIND_ERASURE, c->scope, history_id(0x4000 + (unsigned)h->count));
    pack_start(&value);
    pack_bin(&value, c->device.b, ID_BYTES);
    history_put_op(h, 10, CHANGE_SET, &value, NULL, 0);
    history_put_number(h, 11, CHANGE_SET, (int64_t)c->epoch, NULL, 0);
    history_put_number(h, 12, CHANGE_SET, (int64_t)c->seq, NULL, 0);
    history_put_text(h, 13, CHANGE_SET, "the client asked for it", NULL, 0);
    pack_start(&skeleton);
    assert_int_equal(skeleton_write(c, &skeleton, &e), 0);
    pack_start(&value);
    pack_bin(&value, pack_bytes(&skeleton).p, pack_bytes(&skeleton).size);
    if (with_skeleton)
        history_put_op(h, 14, CHANGE_SET, &value, NULL, 0);
    else
        pack_free(&value);
    pack_free(&skeleton);
    return history_end(h);
}

static void take(struct db *db, const struct history *h, size_t at, int without_words)
{
    struct log_entry entry;
    int code;
    history_entry_of(h, at, &entry);
    if (without_words)
        assert_done(
            change_read(pack_bytes(&h->entries[at].header), (struct slice){NULL, 0}, &entry.change, &history_error));
    if ((code = log_add(db, &entry, &history_error)) != E_EXISTS)
        assert_done(code);
    assert_done(record_apply(db, &entry, &history_error));
}

static void assert_same(struct db *a, struct db *b)
{
    uint8_t x[32], y[32];
    assert_same_dump(a, b, NULL);
    assert_done(record_digest_anew(a, NULL, 0, x, &history_error));
    assert_done(record_digest_anew(b, NULL, 0, y, &history_error));
    assert_memory_equal(x, y, sizeof x);
}

/* Keeps the digests of the scopes of a history, so that what comes next has to unkeep them. */
static void keep_digests(struct db *db)
{
    struct id scopes[3] = {people_client, people_a_case, people_nowhere};
    uint8_t digest[32];
    assert_done(db_begin(db, &history_error));
    assert_done(record_digest(db, scopes, 3, digest, &history_error));
    assert_done(db_commit(db, &history_error));
}

/* Takes all: the one change with its words, then its erasure. The same must come out if the words never come, if the
 * erasure comes first, if everything comes the other way round, and if the record is made anew. */
static struct db *take_every_way(const struct history *h, size_t erased)
{
    struct db *db = history_store_new();
    history_take_all(db, h);
    assert_int_equal(history_number(db, "SELECT count(*) FROM entry WHERE body IS NULL"), 1);
    for (unsigned way = 0; way < 3; way++) {
        struct db *other = history_store_new();
        if (way == 1) /* the erasure first, and then the words all the same */
            take(other, h, h->count - 1, 0);
        for (size_t i = 0; i < h->count; i++) {
            size_t at = way == 2 ? h->count - 1 - i : i;
            if (way != 1 || at != h->count - 1)
                take(other, h, at, at == erased && way != 1);
            assert_done(record_digest_check(other, &history_error));
            keep_digests(other);
        }
        assert_int_equal(history_number(other, "SELECT count(*) FROM entry WHERE body IS NULL"), 1);
        assert_same(db, other);
        assert_done(record_digest_check(other, &history_error));
        assert_done(record_rebuild(other, &history_error));
        assert_same(db, other);
        db_close(other);
    }
    return db;
}

static void old_values_do_not_come_back(void **state)
{
    /* Goal: what an erased change had superseded stays superseded, though its own words are gone; what superseded it
     * stands. */
    struct history *h = history_new();
    struct db *db;
    struct dot dot;
    (void)state;
    dot = history_dot(h, people_set_client(h, 0, 15, "555 0100", NULL, 0), 0);
    (void)people_set_client(h, 1, 15, "the secret number", &dot, 1);
    (void)erase(h, 1, 1);
    db = take_every_way(h, 1);
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "(erased)");
    db_close(db);
    history_free(h);
    h = history_new();
    dot = history_dot(h, people_set_client(h, 0, 15, "555 0100", NULL, 0), 0);
    dot = history_dot(h, people_set_client(h, 1, 15, "the secret number", &dot, 1), 0);
    (void)people_set_client(h, 0, 15, "555 0102", &dot, 1);
    (void)erase(h, 1, 1);
    db = take_every_way(h, 1);
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "555 0102");
    db_close(db);
    history_free(h);
}

static void set_case_number(struct history *h, unsigned device, unsigned field, int64_t number, const struct dot *over,
                            size_t count)
{
    history_begin(h, device, KIND_CASE, people_a_case, people_a_case);
    history_put_number(h, field, CHANGE_SET, number, over, count);
    (void)history_end(h);
}

static void no_case_becomes_safe_by_an_erasure(void **state)
{
    /* Goal: an erased risk is shown as erased, above every other that lives, and a person must decide; never as absent,
     * and never as the lower one. */
    struct history *h = history_new();
    struct db *db;
    (void)state;
    set_case_number(h, 0, 20, 5, NULL, 0);
    set_case_number(h, 1, 20, 2, NULL, 0);
    (void)erase(h, 0, 1);
    db = take_every_way(h, 0);
    assert_string_equal(history_text(db, "SELECT risk FROM \"case\""), "(erased)");
    assert_int_equal(history_number(db, "SELECT contested FROM \"case\""), 1);
    db_close(db);
    history_free(h);
    h = history_new();
    set_case_number(h, 0, 20, 5, NULL, 0);
    (void)erase(h, 0, 1);
    db = take_every_way(h, 0);
    assert_string_equal(history_text(db, "SELECT risk FROM \"case\""), "(erased)");
    db_close(db);
    history_free(h);
}

static void an_erased_status_goes_on_in_the_line(void **state)
{
    /* Goal: whoever started from an erased status still did so; an erased end of the line is shown as erased. */
    struct history *h = history_new();
    struct db *db;
    struct dot dot;
    (void)state;
    set_case_number(h, 0, 19, 1, NULL, 0);
    dot = history_dot(h, 0, 0);
    set_case_number(h, 0, 19, 3, &dot, 1);
    set_case_number(h, 1, 19, 2, &dot, 1); /* its start was gone */
    dot = history_dot(h, 1, 0);
    set_case_number(h, 2, 19, 1, &dot, 1);
    (void)erase(h, 1, 1);
    db = take_every_way(h, 1);
    assert_string_equal(history_text(db, "SELECT status FROM \"case\""), "open");
    assert_int_equal(history_number(db, "SELECT contested FROM \"case\""), 1);
    db_close(db);
    history_free(h);
    h = history_new();
    set_case_number(h, 0, 19, 1, NULL, 0);
    dot = history_dot(h, 0, 0);
    set_case_number(h, 0, 19, 3, &dot, 1);
    (void)erase(h, 1, 1);
    db = take_every_way(h, 1);
    assert_string_equal(history_text(db, "SELECT status FROM \"case\""), "(erased)");
    db_close(db);
    history_free(h);
}

static void lists_and_totals_say_that_something_was_erased(void **state)
{
    /* Goal: an erased allergy stands in the list as erased, and an erased note as an entry; an erased remove still
     * removes; a total with an erased contribution is contested. */
    struct history *h = history_new();
    struct db *db;
    struct dot dot;
    (void)state;
    people_client_change(h, 0);
    history_put_text(h, 19, CHANGE_ADD, "latex", NULL, 0);
    history_put_text(h, 19, CHANGE_ADD, "dust", NULL, 0);
    dot = history_dot(h, history_end(h), 1);
    people_client_change(h, 1);
    history_put_text(h, 19, CHANGE_ADD, "nuts", NULL, 0);
    history_put_text(h, 19, CHANGE_REMOVE, "dust", &dot, 1);
    (void)history_end(h);
    (void)erase(h, 1, 1);
    db = take_every_way(h, 1);
    assert_string_equal(history_text(db, "SELECT allergy FROM client"), "[\"(erased)\",\"latex\"]");
    db_close(db);
    history_free(h);
    h = history_new();
    history_begin(h, 0, KIND_NOTE, people_a_case, people_note_record);
    history_put_text(h, 10, CHANGE_SET, "what was said", NULL, 0);
    (void)history_end(h);
    (void)erase(h, 0, 1);
    db = take_every_way(h, 0);
    assert_string_equal(history_text(db, "SELECT text FROM note"), "[\"(erased)\"]");
    db_close(db);
    history_free(h);
    h = history_new();
    for (unsigned i = 0; i < 2; i++) {
        history_begin(h, i, KIND_SERVICE, people_a_case, people_service);
        history_put_number(h, 15, CHANGE_ADD, 30, NULL, 0);
        (void)history_end(h);
    }
    (void)erase(h, 0, 1);
    db = take_every_way(h, 0);
    assert_string_equal(history_text(db, "SELECT units FROM service"), "(erased)");
    assert_int_equal(history_number(db, "SELECT contested FROM service"), 1);
    db_close(db);
    history_free(h);
}

static void count_without(struct db *db, struct edit_author *author)
{
    const struct schema_field *units = schema_field(schema_kind(KIND_SERVICE), 15);
    struct edit edit;
    assert_done(edit_open(&edit, db, &people_service, &history_error));
    assert_done(edit_add_without(&edit, units, &history_error));
    assert_done(edit_commit(&edit, author, NULL, NULL, &history_error));
}

static void what_was_erased_of_a_total_is_counted_as_nothing(void **state)
{
    /* Goal: a total of which something was erased is decided: what was erased counts as nothing, the rest as it is. */
    const struct schema_field *units = schema_field(schema_kind(KIND_SERVICE), 15);
    struct history *h = history_new();
    struct id device = history_id(77);
    struct edit_author author;
    struct edit edit;
    struct db *db;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        history_begin(h, i, KIND_SERVICE, people_a_case, people_service);
        history_put_number(h, 15, CHANGE_ADD, 30, NULL, 0);
        (void)history_end(h);
    }
    (void)erase(h, 0, 1);
    db = take_every_way(h, 0);
    assert_done(edit_author_create(db, &device, &history_error));
    assert_done(edit_author_load(db, &author, &history_error));
    count_without(db, &author);
    assert_int_equal(history_number(db, "SELECT units FROM service"), 30);
    assert_int_equal(history_number(db, "SELECT contested FROM service"), 0);
    assert_done(edit_open(&edit, db, &people_service, &history_error));
    assert_int_equal(edit_add_without(&edit, units, &history_error), E_REFUSED);
    edit_free(&edit);
    db_close(db);
    history_free(h);
}

static void an_erased_base_brings_no_texts_together(void **state)
{
    /* Goal: versions of a text whose base is erased stand whole beside each other, and an erased version stands as one.
     */
    struct history *h = history_new();
    struct db *db;
    struct dot dot;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        static const char *const words[] = {"One.\n\nTwo.\n", "One more.\n\nTwo.\n", "One.\n\nTwo more.\n"};
        history_begin(h, i, KIND_CASE, people_a_case, people_a_case);
        history_put_text(h, 23, CHANGE_SET, words[i], &dot, i != 0);
        (void)history_end(h);
        dot = history_dot(h, 0, 0);
    }
    (void)erase(h, 0, 1);
    db = take_every_way(h, 0);
    assert_int_equal(history_number(db, "SELECT contested FROM \"case\""), 1);
    assert_non_null(strstr(history_text(db, "SELECT assessment FROM \"case\""), "[another version"));
    db_close(db);
    history_free(h);
}

static void an_erased_void_still_voids(void **state)
{
    /* Goal: the list of a void and the person of a case are no words, and stay: nothing comes into view, and nobody's
     * caseload changes, by an erasure. */
    struct history *h = history_new();
    struct db *db;
    struct dot dot;
    (void)state;
    dot = history_dot(h, people_set_client(h, 0, 15, "555 0100", NULL, 0), 0);
    people_client_change(h, 1);
    history_put_void(h, &dot, 1, NULL, 0);
    (void)history_end(h);
    (void)erase(h, 1, 1);
    db = take_every_way(h, 1);
    assert_int_equal(history_number(db, "SELECT voided FROM client"), 1);
    db_close(db);
    history_free(h);
    h = history_new();
    history_begin(h, 0, KIND_CASE, people_a_case, people_a_case);
    history_put_id(h, 10, &people_client);
    history_put_text(h, 12, CHANGE_SET, "housing", NULL, 0);
    (void)history_end(h);
    (void)erase(h, 0, 1);
    db = take_every_way(h, 0);
    assert_string_not_equal(history_text(db, "SELECT client FROM \"case\""), "(erased)");
    assert_string_equal(history_text(db, "SELECT title FROM \"case\""), "(erased)");
    db_close(db);
    history_free(h);
}

static void what_the_office_alone_writes_keeps_its_words(void **state)
{
    /* Goal: an erasure of what the office alone writes, or of what a store says of itself, has no effect. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    (void)state;
    history_begin(h, 0, KIND_PROVIDER, (struct id){{0}}, people_service);
    history_put_text(h, 10, CHANGE_SET, "the clinic", NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, KIND_EVENT, (struct id){{0}}, people_note_record);
    history_put_number(h, 12, CHANGE_SET, 7, NULL, 0);
    (void)history_end(h);
    (void)erase(h, 0, 1);
    (void)erase(h, 1, 1);
    (void)erase(h, 2, 1);
    history_take_all(db, h);
    assert_int_equal(history_number(db, "SELECT count(*) FROM entry WHERE body IS NULL"), 0);
    assert_string_equal(history_text(db, "SELECT name FROM provider"), "the clinic");
    db_close(db);
    history_free(h);
}

static void a_change_that_came_without_words_is_named(void **state)
{
    /* Goal: an erasure without a skeleton names a change of which nothing is known: it shows nothing; where the words
     * are it drops none, since they may be the last copy. A purge of the scope takes the erasure with it. */
    struct history *h = history_new();
    struct db *db = history_store_new(), *last = history_store_new();
    (void)state;
    (void)people_set_client(h, 0, 15, "555 0100", NULL, 0);
    (void)erase(h, 0, 0);
    take(db, h, 1, 0);
    take(db, h, 0, 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM client"), 0);
    assert_int_equal(history_number(db, "SELECT count(*) FROM erasure"), 1);
    take(last, h, 0, 0);
    take(last, h, 1, 0);
    assert_string_equal(history_text(last, "SELECT phone FROM client"), "555 0100");
    db_close(last);
    assert_done(record_purge(db, &people_client, &history_error));
    assert_int_equal(history_number(db, "SELECT count(*) FROM erased"), 0);
    db_close(db);
    history_free(h);
}

static void a_skeleton_holds_no_words(void **state)
{
    /* Goal: a skeleton keeps ids and dots alone; one with a text in it is none; one of another change does not fit. */
    struct history *h = history_new();
    struct change *read = malloc(sizeof *read);
    struct pack w;
    struct error e;
    struct dot dot;
    (void)state;
    dot = history_dot(h, people_set_client(h, 0, 15, "555 0100", NULL, 0), 0);
    (void)people_set_client(h, 0, 15, "555 0101", &dot, 1);
    pack_start(&w);
    assert_int_equal(skeleton_write(&h->entries[1].change, &w, &e), 0);
    assert_true(skeleton_fits(pack_bytes(&w), &h->entries[1].change));
    assert_false(skeleton_fits(pack_bytes(&w), &h->entries[0].change));
    assert_int_equal(skeleton_read(pack_bytes(&w), read, &e), 0);
    assert_int_equal(read->op_count, 1);
    assert_int_equal(read->ops[0].value.size, 0);
    pack_free(&w);
    pack_start(&w);
    pack_array(&w, 1);
    pack_array(&w, 4);
    pack_uint(&w, 15);
    pack_uint(&w, CHANGE_SET);
    pack_text(&w, "555 0100", 8);
    pack_array(&w, 0);
    assert_int_equal(pack_finish(&w, &e), 0);
    assert_int_equal(skeleton_read(pack_bytes(&w), read, &e), E_INPUT);
    pack_free(&w);
    pack_start(&w);
    pack_array(&w, CHANGE_OPS_MAX + 1);
    for (int i = 0; i < CHANGE_OPS_MAX + 1; i++)
        pack_nil(&w);
    assert_int_equal(pack_finish(&w, &e), 0);
    assert_int_equal(skeleton_read(pack_bytes(&w), read, &e), E_LIMIT);
    pack_free(&w);
    free(read);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_values_do_not_come_back),
        cmocka_unit_test(no_case_becomes_safe_by_an_erasure),
        cmocka_unit_test(an_erased_status_goes_on_in_the_line),
        cmocka_unit_test(lists_and_totals_say_that_something_was_erased),
        cmocka_unit_test(what_was_erased_of_a_total_is_counted_as_nothing),
        cmocka_unit_test(an_erased_base_brings_no_texts_together),
        cmocka_unit_test(an_erased_void_still_voids),
        cmocka_unit_test(what_the_office_alone_writes_keeps_its_words),
        cmocka_unit_test(a_change_that_came_without_words_is_named),
        cmocka_unit_test(a_skeleton_holds_no_words),
    };
    return cmocka_run_group_tests(tests, people_name_records, NULL);
}
