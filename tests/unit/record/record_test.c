/* Tests: common/record/record.c common/record/record_dump.c common/record/record_field.c common/record/record_mask.c
 *     common/record/record_show.c common/record/record_void.c
 * The record, one rule after another. record_hold_test has what takes records and changes out of
 * sight, and record_property_test holds it all against the merge. */
#include "people_fixture.h"

/* --- what the tables hold --- */

static void columns_hold_what_is_shown(void **state)
{
    /* Goal: each type and policy has its form in the table, and a cleared field is NULL. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct pack value;
    struct dot first;
    (void)state;
    history_begin(h, 0, KIND_CASE, people_a_case, people_a_case);
    history_put_id(h, 10, &people_client);
    history_put_text(h, 12, CHANGE_SET, "housing", NULL, 0);
    history_put_number(h, 20, CHANGE_SET, 4, NULL, 0);
    first = history_dot(h, history_end(h), 1);
    people_client_change(h, 0);
    history_put_text(h, 18, CHANGE_ADD, "Urdu", NULL, 0);
    history_put_text(h, 18, CHANGE_ADD, "En\"glish", NULL, 0);
    pack_start(&value);
    pack_flag(&value, 1);
    history_put_op(h, 24, CHANGE_SET, &value, NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, KIND_SERVICE, people_a_case, people_service);
    history_put_number(h, 15, CHANGE_ADD, 30, NULL, 0);
    history_put_number(h, 15, CHANGE_ADD, -5, NULL, 0);
    history_put_text(h, 16, CHANGE_ADD, "not a sum", NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, KIND_NOTE, people_a_case, people_note_record);
    history_put_text(h, 10, CHANGE_SET, "seen", NULL, 0);
    (void)history_end(h);
    history_begin(h, 1, KIND_NOTE, people_a_case, people_note_record);
    history_put_text(h, 10, CHANGE_SET, "seen twice", NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    assert_string_equal(history_text(db, "SELECT client FROM \"case\""), "01900000-0000-0000-0000-000000000001");
    assert_string_equal(history_text(db, "SELECT scope FROM \"case\""), history_text(db, "SELECT id FROM \"case\""));
    assert_string_equal(history_text(db, "SELECT title FROM \"case\""), "housing");
    assert_string_equal(history_text(db, "SELECT risk FROM \"case\""), "high");
    assert_string_equal(history_text(db, "SELECT language FROM client"), "[\"Urdu\",\"En\\\"glish\"]"); /* by bytes */
    assert_int_equal(history_number(db, "SELECT veteran = 1 AND typeof(veteran) = 'integer' FROM client"), 1);
    assert_int_equal(history_number(db, "SELECT units FROM service"), 25);
    assert_int_equal(history_number(db, "SELECT amount IS NULL FROM service"), 1);
    assert_string_equal(history_text(db, "SELECT text FROM note"), "[\"seen\",\"seen twice\"]");
    /* Cleared. */
    history_begin(h, 0, KIND_CASE, people_a_case, people_a_case);
    history_put_text(h, 12, CHANGE_SET, NULL, &first, 1);
    (void)history_take(db, h, history_end(h));
    assert_int_equal(history_number(db, "SELECT title IS NULL FROM \"case\""), 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM conflict"), 0);
    db_close(db);
    history_free(h);
}

static void two_versions_of_a_text_stand_side_by_side(void **state)
{
    /* Goal: of two narratives that live both are in the column, whole, and a person is called. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    (void)state;
    for (unsigned device = 0; device < 2; device++) {
        history_begin(h, device, KIND_CASE, people_a_case, people_a_case);
        history_put_text(h, 23, CHANGE_SET, device == 0 ? "one" : "two", NULL, 0);
        (void)history_end(h);
    }
    history_take_all(db, h);
    assert_string_equal(history_text(db, "SELECT assessment FROM \"case\""),
                        "one\n\n[another version, to be brought together]\n\ntwo");
    assert_int_equal(history_number(db, "SELECT contested FROM \"case\""), 1);
    db_close(db);
    history_free(h);
}

static void contested_ends_when_it_is_decided(void **state)
{
    /* Goal: a loud conflict marks the row until an op supersedes both; a quiet one does not mark it. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct dot both[2];
    (void)state;
    both[0] = history_dot(h, people_set_client(h, 0, 10, "Ada", NULL, 0), 0);
    both[1] = history_dot(h, people_set_client(h, 1, 10, "Adah", NULL, 0), 0);
    (void)people_set_client(h, 0, 15, "1", NULL, 0);
    (void)people_set_client(h, 1, 15, "2", NULL, 0);
    history_take_all(db, h);
    assert_string_equal(history_text(db, "SELECT legal_name FROM client"), "Ada");
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "2");
    assert_int_equal(history_number(db, "SELECT contested FROM client"), 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM conflict"), 2);
    (void)history_take(db, h, people_set_client(h, 2, 10, "Adah", both, 2));
    assert_string_equal(history_text(db, "SELECT legal_name FROM client"), "Adah");
    assert_int_equal(history_number(db, "SELECT contested FROM client"), 0);
    assert_int_equal(history_number(db, "SELECT count(*) FROM conflict WHERE loud = 0"), 1);
    db_close(db);
    history_free(h);
}

/* --- superseding --- */

static void superseded_op_never_comes_back(void **state)
{
    /* Goal: applying an old change again, or late, does not bring back what was superseded. */
    struct history *h = history_new();
    struct db *db = history_store_new(), *late = history_store_new();
    struct log_entry entry;
    uint8_t mask[CHANGE_MASK_MAX];
    size_t bytes;
    int all;
    struct dot dot = history_dot(h, people_set_client(h, 0, 15, "old", NULL, 0), 0);
    (void)state;
    (void)people_set_client(h, 1, 15, "new", &dot, 1);
    history_take_all(db, h);
    history_entry_of(h, 0, &entry);
    entry.id = 1;
    assert_done(record_apply(db, &entry, NULL));
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "new");
    assert_int_equal(history_number(db, "SELECT count(*) FROM op"), 1);
    (void)history_take(late, h, 1);
    (void)history_take(late, h, 0);
    assert_same_dump(db, late, NULL);
    /* Only if it came late was it dead when it came. */
    assert_done(record_mask(db, &h->entries[0].change, mask, &bytes, &all, NULL));
    assert_int_equal(all, 1);
    assert_int_equal(bytes, 1);
    assert_int_equal(mask[0], 1);
    assert_done(record_mask(late, &h->entries[0].change, mask, &bytes, &all, &history_error));
    assert_int_equal(all, 0);
    assert_int_equal(mask[0], 0);
    db_close(db);
    db_close(late);
    history_free(h);
}

static void op_reaches_its_own_record_and_field_alone(void **state)
{
    /* Goal: naming a dot of another field or record, or itself, replaces nothing; naming one beside it in the same
     * change does. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct dot dots[2], own;
    (void)state;
    people_client_change(h, 0);
    history_put_text(h, 15, CHANGE_SET, "phone", NULL, 0);
    history_put_text(h, 16, CHANGE_SET, "mail", NULL, 0);
    dots[0] = history_dot(h, history_end(h), 0);
    dots[1] = history_dot(h, 0, 1);
    history_begin(h, 1, KIND_CLIENT, people_other_client, people_other_client);
    history_put_text(h, 15, CHANGE_SET, "other", dots, 2);
    (void)history_end(h);
    (void)people_set_client(h, 1, 17, "address", dots, 2);
    people_client_change(h, 2);
    own = (struct dot){h->draft.device, 1, h->draft.seq, 1};
    history_put_text(h, 11, CHANGE_SET, "first", NULL, 0);
    history_put_text(h, 14, CHANGE_SET, "itself", &own, 1);
    own.index = 0;
    history_put_text(h, 11, CHANGE_SET, "second", &own, 1);
    (void)history_end(h);
    history_take_all(db, h);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op"), 6);
    assert_string_equal(history_text(db, "SELECT phone || email || address || gender || preferred_name FROM client "
                                         "WHERE phone <> 'other'"),
                        "phonemailaddressitselfsecond");
    db_close(db);
    history_free(h);
}

static void record_with_many_live_ops(void **state)
{
    /* Goal: a record with more live ops than are looked at in memory is kept as exactly. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct dot dot;
    (void)state;
    history_begin(h, 0, KIND_SERVICE, people_a_case, people_service);
    for (unsigned i = 0; i < 200; i++)
        history_put_number(h, 15, CHANGE_ADD, 1, NULL, 0);
    dot = history_dot(h, history_end(h), 150);
    history_begin(h, 1, KIND_SERVICE, people_a_case, people_service);
    history_put_number(h, 15, CHANGE_SET, 1000, &dot, 1);
    (void)history_end(h);
    history_take_all(db, h);
    assert_int_equal(history_number(db, "SELECT units FROM service"), 1199);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op"), 200);
    assert_int_equal(history_number(db, "SELECT count(*) FROM superseded"), 0);
    db_close(db);
    history_free(h);
}

static void record_cannot_be_taken_over(void **state)
{
    /* Goal: a change that names another kind or scope than the record's first is in the log and nowhere else. */
    struct history *h = history_new();
    struct db *db = history_store_new(), *plain = history_store_new();
    struct record_place place;
    struct dot dot = history_dot(h, people_set_client(h, 0, 15, "mine", NULL, 0), 0);
    (void)state;
    (void)history_take(plain, h, 0);
    history_begin(h, 1, KIND_CLIENT, people_other_client, people_client);
    history_put_text(h, 15, CHANGE_SET, "stolen", &dot, 1);
    (void)history_end(h);
    history_begin(h, 1, KIND_CONTACT, people_client, people_client);
    history_put_text(h, 12, CHANGE_SET, "stolen", &dot, 1);
    (void)history_end(h);
    history_begin(h, 1, 999, people_client, people_client);
    history_put_text(h, 15, CHANGE_SET, "stolen", &dot, 1);
    (void)history_end(h);
    history_take_all(db, h);
    assert_same_dump(plain, db, NULL);
    assert_done(record_refresh(db, &h->entries[2].change, &history_error));
    assert_same_dump(plain, db, NULL);
    assert_done(record_find(db, &people_client, &place, &history_error));
    assert_int_equal(place.kind->number, KIND_CLIENT);
    assert_true(id_equal(&place.scope, &people_client));
    assert_int_equal(history_number(db, "SELECT count(*) FROM contact"), 0);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op"), 1);
    assert_int_equal(history_number(db, "SELECT count(*) FROM entry"), 4);
    db_close(db);
    db_close(plain);
    history_free(h);
}

static void what_is_unknown_is_carried(void **state)
{
    /* Goal: kinds and fields of a newer version are kept op by op, shown nowhere, and disturb nothing. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct record_place place;
    struct dot dot;
    (void)state;
    history_begin(h, 0, 999, people_a_case, people_service);
    history_put_text(h, 10, CHANGE_SET, "a", NULL, 0);
    dot = history_dot(h, history_end(h), 0);
    history_begin(h, 0, 999, people_a_case, people_service);
    history_put_text(h, 10, CHANGE_SET, "b", &dot, 1);
    (void)history_end(h);
    people_client_change(h, 0);
    history_put_text(h, 500, CHANGE_SET, "c", NULL, 0);
    history_put_text(h, 15, CHANGE_SET, "d", NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    assert_int_equal(history_number(db, "SELECT count(*) FROM op"), 3);
    assert_string_equal(history_text(db, "SELECT phone FROM client"), "d");
    assert_int_equal(record_find(db, &people_service, &place, &history_error), E_NOT_FOUND);
    assert_int_equal(record_find(db, &people_nowhere, &place, NULL), E_NOT_FOUND);
    assert_done(record_refresh(db, &h->entries[0].change, &history_error));
    db_close(db);
    history_free(h);
}

static void erased_body_shows_nothing(void **state)
{
    /* Goal: a change whose body was erased by law makes no record, and an op whose body is erased later is not read. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct log_entry entry;
    struct record_field field;
    const struct schema_kind *kind = schema_kind(KIND_CLIENT);
    (void)state;
    (void)people_set_client(h, 0, 15, "gone", NULL, 0);
    history_entry_of(h, 0, &entry);
    assert_done(change_read(pack_bytes(&h->entries[0].header), (struct slice){NULL, 0}, &entry.change, &history_error));
    assert_done(log_add(db, &entry, &history_error));
    assert_done(record_apply(db, &entry, &history_error));
    assert_int_equal(history_number(db, "SELECT (SELECT count(*) FROM client) + (SELECT count(*) FROM place)"), 0);
    (void)people_set_client(h, 0, 15, "gone too", NULL, 0);
    (void)history_take(db, h, 1);
    assert_done(db_exec(db, "UPDATE entry SET body = NULL", &history_error));
    assert_done(record_field_load(db, &people_client, kind, schema_field(kind, 15), &field, &history_error));
    assert_int_equal(field.count, 0);
    record_field_free(&field);
    assert_done(record_rebuild(db, &history_error));
    assert_int_equal(history_number(db, "SELECT count(*) FROM client"), 0);
    db_close(db);
    history_free(h);
}

/* --- refreshing, purging --- */

static void acceptance_decides_a_review(void **state)
{
    /* Goal: once the office's position is known, a refresh shows what it accepted first. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    int64_t entry;
    (void)state;
    (void)people_set_client(h, 0, 10, "theirs", NULL, 0);
    (void)people_set_client(h, 1, 10, "ours", NULL, 0);
    h->entries[0].waiting = 1;
    (void)history_take(db, h, 1);
    entry = history_take(db, h, 0);
    assert_string_equal(history_text(db, "SELECT legal_name FROM client"), "ours");
    assert_done(log_accept(db, entry, 0, TODAY, &history_error));
    assert_done(record_refresh(db, &h->entries[0].change, NULL));
    assert_string_equal(history_text(db, "SELECT legal_name FROM client"), "theirs");
    assert_int_equal(history_number(db, "SELECT contested FROM client"), 1);
    db_close(db);
    history_free(h);
}

static void purged_scope_leaves_nothing(void **state)
{
    /* Goal: a purge takes a scope's entries and everything made of them, nothing else; a change that the office has not
     * got forbids it; the scope can come again. */
    struct history *h = history_new();
    struct db *db = history_store_new(), *without = history_store_new(), *all = history_store_new();
    struct dot unseen = {history_id(0xd009), 1, 7, 0};
    struct error e;
    (void)state;
    (void)people_set_client(h, 0, 10, "Ada", NULL, 0);
    (void)people_set_client(h, 1, 10, "Adah", &unseen, 1);
    history_begin(h, 0, KIND_CLIENT, people_other_client, people_other_client);
    history_put_text(h, 10, CHANGE_SET, "Bo", NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    history_take_all(all, h);
    (void)history_take(without, h, 2);
    (void)people_set_client(h, 2, 15, "waits", NULL, 0);
    h->entries[3].waiting = 1;
    (void)history_take(db, h, 3);
    assert_int_equal(record_purge(db, &people_client, &e), E_REFUSED);
    assert_non_null(strstr(e.text, "sync first"));
    assert_int_equal(history_number(db, "SELECT count(*) FROM client"), 2);
    assert_done(log_accept(db, 4, 3, TODAY, &history_error));
    assert_done(record_purge(db, &people_client, NULL));
    assert_same_dump(db, without, NULL);
    assert_int_equal(history_number(db, "SELECT (SELECT count(*) FROM entry) || (SELECT count(*) FROM op) || (SELECT "
                                        "count(*) FROM place) || (SELECT count(*) FROM applied)"),
                     1111);
    assert_int_equal(history_number(db, "SELECT (SELECT count(*) FROM superseded) + (SELECT count(*) FROM conflict)"),
                     0);
    (void)history_take(db, h, 1);
    (void)history_take(db, h, 0);
    assert_same_dump(db, all, NULL);
    db_close(db);
    db_close(without);
    db_close(all);
    history_free(h);
}

/* --- reading --- */

static int keep_kinds(void *arg, const struct record_conflict *c, struct error *e)
{
    char *words = arg;
    (void)e;
    (void)snprintf(words + strlen(words), 200 - strlen(words), "%s.%s %d %u; ", c->kind->name, c->field->name, c->loud,
                   c->count);
    return strlen(words) > 60 ? E_INPUT : 0;
}

static void conflicts_come_loud_ones_first(void **state)
{
    /* Goal: loud before quiet, then by record and field; voided records have none; the callback's no ends the walk. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    char words[200] = "";
    struct dot seen[6];
    (void)state;
    for (unsigned device = 0; device < 2; device++) {
        people_client_change(h, device);
        history_put_text(h, 15, CHANGE_SET, device == 0 ? "1" : "2", NULL, 0);
        history_put_text(h, 12, CHANGE_SET, device == 0 ? "1984-05-31" : "1984-05-13", NULL, 0);
        history_put_text(h, 10, CHANGE_SET, device == 0 ? "Ada" : "Adah", NULL, 0);
        (void)history_end(h);
        for (unsigned i = 0; i < 3; i++)
            seen[3 * device + i] = history_dot(h, device, i);
    }
    history_take_all(db, h);
    assert_int_equal(record_conflicts(db, keep_kinds, words, NULL), E_INPUT);
    assert_string_equal(words, "client.legal_name 1 2; client.birth_date 1 2; client.phone 0 2; ");
    people_client_change(h, 2);
    history_put_void(h, seen, 6, NULL, 0);
    (void)history_end(h);
    (void)history_take(db, h, 2);
    words[0] = 0;
    assert_done(record_conflicts(db, keep_kinds, words, &history_error));
    assert_string_equal(words, "");
    db_close(db);
    history_free(h);
}

static struct db *store_with_a_bit_of_all(struct history *h)
{
    struct db *db = history_store_new();
    history_begin(h, 0, KIND_USER, people_nowhere, history_id(50));
    history_put_text(h, 10, CHANGE_SET, "Uma", NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, KIND_DEVICE, people_nowhere, history_id(51));
    history_put_text(h, 11, CHANGE_SET, "laptop", NULL, 0);
    (void)history_end(h);
    people_client_change(h, 0);
    history_put_text(h, 3, CHANGE_SET, NULL, NULL, 0);
    history_put_text(h, 10, CHANGE_SET, "Ada\t\\ \"A\"\n", NULL, 0);
    history_put_text(h, 2, CHANGE_SET, "k", NULL, 0);
    (void)history_end(h);
    people_client_change(h, 1);
    history_put_text(h, 10, CHANGE_SET, NULL, NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, KIND_SERVICE, people_a_case, people_service);
    history_put_number(h, 16, CHANGE_ADD, -1250, NULL, 0);
    (void)history_end(h);
    history_take_all(db, h);
    return db;
}

static void dump_has_one_form(void **state)
{
    /* Goal: the dump is these bytes, and scopes choose what is in it. */
    static const char user[] = "user 01900000-0000-0000-0000-000000000032 00000000-0000-0000-0000-000000000000 "
                               "voided=0 name=\"Uma\"\n";
    static const char device[] = "device 01900000-0000-0000-0000-000000000033 00000000-0000-0000-0000-000000000000 "
                                 "voided=0 label=\"laptop\"\n";
    static const char person[] = "client 01900000-0000-0000-0000-000000000001 01900000-0000-0000-0000-000000000001 "
                                 "voided=0 source_id=\"k\" legal_name=\"Ada\\u0009\\\\ \\\"A\\\"\\n\"\n";
    static const char served[] = "service 01900000-0000-0000-0000-000000000004 01900000-0000-0000-0000-000000000003 "
                                 "voided=0 amount=-1250\n";
    static const char conflict[] =
        "conflict client 01900000-0000-0000-0000-000000000001 legal_name loud\n"
        "live client 01900000-0000-0000-0000-000000000001 legal_name \"Ada\\u0009\\\\ \\\"A\\\"\\n\" "
        "01900000-0000-0000-0000-00000000d000/1/3/1 01900000-0000-0000-0000-00000000a000\n"
        "live client 01900000-0000-0000-0000-000000000001 legal_name null "
        "01900000-0000-0000-0000-00000000d001/1/1/0 01900000-0000-0000-0000-00000000a001\n";
    struct history *h = history_new();
    struct db *db = store_with_a_bit_of_all(h);
    struct id scopes[2] = {people_a_case, {{0}}};
    struct record_dump_options options = {scopes, 2};
    char wanted[2000], *text = history_dump(db, NULL);
    (void)state;
    (void)snprintf(wanted, sizeof wanted, "%s%s%s%s%s", user, device, person, served, conflict);
    assert_string_equal(text, wanted);
    free(text);
    text = history_dump(db, &options);
    (void)snprintf(wanted, sizeof wanted, "%s%s%s", user, device, served);
    assert_string_equal(text, wanted);
    free(text);
    scopes[0] = people_client;
    options.scope_count = 1;
    text = history_dump(db, &options);
    (void)snprintf(wanted, sizeof wanted, "%s%s", person, conflict);
    assert_string_equal(text, wanted);
    free(text);
    options.scope_count = 0;
    text = history_dump(db, &options);
    assert_string_equal(text, "");
    free(text);
    db_close(db);
    history_free(h);
}

static void dump_leaves_out_what_others_cannot_have(void **state)
{
    /* Goal: a record without a live op is not in the dump, since a compact scope has nothing of it. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    char *text;
    struct dot ring;
    (void)state;
    for (unsigned device = 0; device < 2; device++) {
        people_client_change(h, device);
        ring = (struct dot){history_id(0xd000 + 1 - device), 1, 1, 0};
        history_put_text(h, 15, CHANGE_SET, "dead", &ring, 1);
        (void)history_end(h);
    }
    history_take_all(db, h);
    assert_int_equal(history_number(db, "SELECT count(*) FROM client WHERE phone IS NULL"), 1);
    text = history_dump(db, NULL);
    assert_string_equal(text, "");
    free(text);
    db_close(db);
    history_free(h);
}

static int refuse_second(void *arg, const char *text, size_t bytes, struct error *e)
{
    size_t *pieces = arg;
    (void)text;
    assert_true(bytes > 0);
    return ++*pieces == 2 ? error_set(e, E_FULL, "full") : 0;
}

static void dump_streams_and_is_digested(void **state)
{
    /* Goal: a large dump comes in pieces, the writer's error ends it, and the digest is the hash of its bytes. */
    struct history *h = history_new();
    struct db *db = history_store_new();
    uint8_t digest[32], hash[32];
    size_t pieces = 0;
    char *words = malloc(50001), *text;
    (void)state;
    assert_non_null(words);
    memset(words, 'x', 50000);
    words[50000] = 0;
    for (unsigned i = 0; i < 5; i++) {
        history_begin(h, 0, KIND_CLIENT, history_id(100 + i), history_id(100 + i));
        history_put_text(h, 17, CHANGE_SET, words, NULL, 0);
        (void)history_end(h);
    }
    history_take_all(db, h);
    assert_int_equal(record_dump(db, NULL, refuse_second, &pieces, NULL), E_FULL);
    assert_int_equal(pieces, 2);
    text = history_dump(db, NULL);
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, strlen(text), NULL, 0);
    assert_done(record_dump_digest(db, NULL, digest, &history_error));
    assert_memory_equal(hash, digest, 32);
    free(text);
    free(words);
    db_close(db);
    history_free(h);
}

/* --- when the store fails --- */

static int steps_left;

static int count_down(void *arg)
{
    (void)arg;
    return steps_left >= 0 && steps_left-- == 0;
}

static int do_it(struct db *db, const struct history *h, unsigned what, struct error *e)
{
    struct log_entry entry;
    uint8_t digest[32];
    history_entry_of(h, 5, &entry);
    entry.id = 6;
    if (what == 0)
        return record_apply(db, &entry, e);
    if (what == 1)
        return record_set_held(db, 4, 1, e);
    if (what == 2)
        return record_purge(db, &people_a_case, e);
    return record_dump_digest(db, NULL, digest, e);
}

static void failure_anywhere_is_told(void **state)
{
    /* Goal: wherever the store fails, the call says so with a code, and after a rollback it can be done again. */
    struct history *h = history_new();
    struct db *db = store_with_a_bit_of_all(h);
    struct dot both[2] = {history_dot(h, 2, 1), history_dot(h, 3, 0)};
    struct log_entry entry;
    (void)state;
    (void)people_set_client(h, 2, 10, "decided", both, 2);
    history_entry_of(h, 5, &entry);
    assert_done(log_add(db, &entry, &history_error));
    assert_int_equal(entry.id, 6);
    for (unsigned what = 0; what < 4; what++) {
        int failed_ones = 0, code;
        char *before = history_dump(db, NULL), *after;
        for (int at = 0;; at++) {
            struct error e = {0, ""};
            assert_done(db_begin(db, &history_error));
            steps_left = at;
            sqlite3_progress_handler(db_handle(db), 1, count_down, NULL);
            code = do_it(db, h, what, &e);
            sqlite3_progress_handler(db_handle(db), 0, NULL, NULL);
            if (code == 0)
                break;
            assert_int_equal(code, e.code);
            assert_true(strlen(e.text) > 0);
            db_rollback(db);
            failed_ones++;
        }
        db_rollback(db);
        after = history_dump(db, NULL);
        assert_string_equal(before, after);
        assert_true(failed_ones > 20);
        free(before);
        free(after);
    }
    db_close(db);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_hold_what_is_shown),
        cmocka_unit_test(two_versions_of_a_text_stand_side_by_side),
        cmocka_unit_test(contested_ends_when_it_is_decided),
        cmocka_unit_test(superseded_op_never_comes_back),
        cmocka_unit_test(op_reaches_its_own_record_and_field_alone),
        cmocka_unit_test(record_with_many_live_ops),
        cmocka_unit_test(record_cannot_be_taken_over),
        cmocka_unit_test(what_is_unknown_is_carried),
        cmocka_unit_test(erased_body_shows_nothing),
        cmocka_unit_test(acceptance_decides_a_review),
        cmocka_unit_test(purged_scope_leaves_nothing),
        cmocka_unit_test(conflicts_come_loud_ones_first),
        cmocka_unit_test(dump_has_one_form),
        cmocka_unit_test(dump_leaves_out_what_others_cannot_have),
        cmocka_unit_test(dump_streams_and_is_digested),
        cmocka_unit_test(failure_anywhere_is_told),
    };
    return cmocka_run_group_tests(tests, people_name_records, NULL);
}
