/* Tests: common/record/record_digest.c
 * The digest of a caseload: what it covers, what it leaves out, and that no schema is in it. */
#include "people_fixture.h"

/* Whatever is kept, it is what is made anew. */
static void digest_in(struct db *db, const struct id *scopes, size_t count, uint8_t out[32])
{
    uint8_t anew[32];
    assert_done(record_digest_anew(db, scopes, count, out, &history_error));
    if (scopes == NULL)
        return;
    assert_done(record_digest(db, scopes, count, anew, &history_error));
    assert_memory_equal(anew, out, 32);
    assert_done(record_digest_check(db, &history_error));
}

/* Keeps the digests of the scopes in the store. */
static void keep_digests(struct db *db, const struct id *scopes, size_t count)
{
    uint8_t kept[32], digest[32];
    assert_done(db_begin(db, &history_error));
    assert_done(record_digest(db, scopes, count, digest, &history_error));
    assert_done(db_commit(db, &history_error));
    assert_int_equal(record_digest_kept(db, scopes, count, kept, &history_error), 1);
    assert_memory_equal(kept, digest, 32);
}

/* A client with a name, what this version does not know of it, and a case with a record of a kind that it does not. */
static struct history *some_history(void)
{
    struct history *h = history_new();
    people_client_change(h, 0);
    history_put_text(h, 10, CHANGE_SET, "Ada", NULL, 0);
    history_put_text(h, 1900, CHANGE_SET, "they", NULL, 0);
    (void)history_end(h);
    history_begin(h, 1, KIND_CASE, people_a_case, people_a_case);
    history_put_number(h, 20, CHANGE_SET, 6, NULL, 0);
    (void)history_end(h);
    history_begin(h, 1, 900, people_a_case, people_service);
    history_put_text(h, 10, CHANGE_SET, "walk", NULL, 0);
    (void)history_end(h);
    return h;
}

static void has_one_form(void **state)
{
    /* Goal: the digest is the hash of the live ops as docs/MERGE.md writes them, in that order: of each scope, and then
     * of all of them. */
    struct history *h = some_history();
    struct id scopes[3] = {people_a_case, people_client, people_a_case};
    struct db *db = history_store_new();
    uint8_t digest[32], wanted[32];
    crypto_generichash_state whole;
    /* by scope, kind, record and field: the client's two fields, the case's, the newer record's */
    static const size_t entry[] = {0, 0, 1, 2};
    static const unsigned op[] = {0, 1, 0, 0};
    (void)state;
    history_take_all(db, h);
    crypto_generichash_init(&whole, (const uint8_t *)"satchel record 1", 16, 32);
    for (size_t half = 0; half < 2; half++) {
        struct pack all;
        pack_start(&all);
        for (size_t i = 2 * half; i < 2 * half + 2; i++) {
            const struct change *c = &h->entries[entry[i]].change;
            pack_array(&all, 7);
            pack_uint(&all, entry[i]);
            pack_uint(&all, TODAY + entry[i]);
            pack_bin(&all, c->header.p, c->header.size);
            pack_uint(&all, op[i]);
            pack_uint(&all, c->ops[op[i]].field);
            pack_uint(&all, c->ops[op[i]].action);
            pack_raw(&all, c->ops[op[i]].value);
        }
        assert_int_equal(pack_finish(&all, NULL), 0);
        crypto_generichash(wanted, sizeof wanted, pack_bytes(&all).p, pack_bytes(&all).size,
                           (const uint8_t *)"satchel scope 1", 15);
        crypto_generichash_update(&whole, half == 0 ? people_client.b : people_a_case.b, ID_BYTES);
        crypto_generichash_update(&whole, wanted, sizeof wanted);
        pack_free(&all);
    }
    crypto_generichash_final(&whole, wanted, sizeof wanted);
    digest_in(db, scopes, 3, digest);
    assert_memory_equal(digest, wanted, sizeof wanted);
    db_close(db);
    history_free(h);
}

static void is_of_live_ops_alone(void **state)
{
    /* Goal: a store that came to the same by another order, without what is dead, has the same digest; and a rebuild.
     */
    struct history *h = some_history();
    struct db *whole = history_store_new(), *compact = history_store_new();
    struct dot first = history_dot(h, 0, 0);
    struct id scopes[2] = {people_client, people_a_case};
    uint8_t mask = 2, one[32], other[32];
    (void)state;
    (void)people_set_client(h, 1, 10, "Ada Byron", &first, 1);
    history_take_all(whole, h);
    (void)history_take(compact, h, 3);
    (void)history_take(compact, h, 2);
    (void)history_take(compact, h, 1);
    (void)history_take_masked(compact, h, 0, (struct slice){&mask, 1});
    digest_in(whole, scopes, 2, one);
    digest_in(compact, scopes, 2, other);
    assert_memory_equal(one, other, 32);
    assert_done(record_rebuild(whole, &history_error));
    digest_in(whole, scopes, 2, other);
    assert_memory_equal(one, other, 32);
    db_close(whole);
    db_close(compact);
    history_free(h);
}

static void tells_whatever_decides_what_is_shown(void **state)
{
    /* Goal: a value, a receipt, a position, an op more or less, known or not: each changes the digest. */
    static const char *const changes[] = {
        "UPDATE entry SET received = received + 1 WHERE id = 1",
        "UPDATE entry SET position = 77 WHERE id = 3",
        "UPDATE entry SET position = NULL WHERE id = 3",
        "UPDATE op SET size = size - 1, at = at + 1 WHERE field = 20",
        "UPDATE op SET action = 2 WHERE field = 1900",
        "UPDATE entry SET body = NULL WHERE id = 3",
        "DELETE FROM op WHERE field = 1900",
        "DELETE FROM op WHERE entry = 3",
        "UPDATE op SET field = 1901 WHERE field = 1900",
    };
    struct history *h = some_history();
    struct id scopes[2] = {people_client, people_a_case};
    struct db *db = history_store_new();
    uint8_t before[32], after[32];
    (void)state;
    history_take_all(db, h);
    digest_in(db, scopes, 2, before);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_done(db_begin(db, &history_error));
        assert_done(db_exec(db, changes[i], &history_error));
        digest_in(db, scopes, 2, after);
        db_rollback(db);
        if (memcmp(before, after, 32) == 0)
            fail_msg("not told: %s", changes[i]);
    }
    /* What is of one store alone, and what a version shows, is not in it. */
    assert_done(db_exec(db, "UPDATE client SET legal_name = 'x'; DELETE FROM newer", &history_error));
    digest_in(db, scopes, 2, after);
    assert_memory_equal(before, after, 32);
    db_close(db);
    history_free(h);
}

static void is_made_anew_for_what_changed_alone(void **state)
{
    /* Goal: a digest that is kept is never that of an earlier record: whatever changes a scope (a change, a hold, its
     * release, a receipt of the office, a purge, making all anew) makes its digest unkept, and no other's. */
    struct history *h = some_history();
    struct id scopes[2] = {people_client, people_a_case};
    struct db *db = history_store_new();
    struct dot first = history_dot(h, 0, 0);
    uint8_t digest[32];
    (void)state;
    history_take_all(db, h);
    keep_digests(db, scopes, 2);
    (void)history_take(db, h, people_set_client(h, 1, 10, "Ada Byron", &first, 1));
    assert_int_equal(record_digest_kept(db, &scopes[0], 1, digest, NULL), 0);
    assert_int_equal(record_digest_kept(db, &scopes[1], 1, digest, NULL), 1);
    digest_in(db, scopes, 2, digest);
    for (int held = 1; held >= 0; held--) {
        keep_digests(db, scopes, 2);
        assert_done(record_set_held(db, 3, held, &history_error));
        assert_int_equal(record_digest_kept(db, &scopes[0], 1, digest, NULL), 1);
        assert_int_equal(record_digest_kept(db, &scopes[1], 1, digest, NULL), 0);
        digest_in(db, scopes, 2, digest);
    }
    keep_digests(db, scopes, 2);
    assert_done(log_accept(db, 3, 88, TODAY + 9, &history_error));
    digest_in(db, scopes, 2, digest);
    keep_digests(db, scopes, 2);
    assert_done(record_purge(db, &scopes[1], &history_error));
    digest_in(db, scopes, 2, digest);
    keep_digests(db, scopes, 2);
    assert_done(record_rebuild(db, &history_error));
    assert_int_equal(record_digest_kept(db, scopes, 2, digest, NULL), 0);
    digest_in(db, scopes, 2, digest);
    db_close(db);
    history_free(h);
}

static void whatever_goes_from_a_table_unkeeps_its_scope(void **state)
{
    /* Goal: a digest that is kept is never of rows that have gone or moved since, in whichever table that the digest is
     * made from: the client's is made anew, and the case's stays. */
    static const char *const changes[] = {
        "DELETE FROM entry WHERE id = 1",
        "DELETE FROM entry WHERE device = (SELECT device FROM entry WHERE id = 1) AND scope = ?1",
        "DELETE FROM place WHERE scope = ?1",
        "UPDATE place SET kind = kind + 1 WHERE scope = ?1",
        "UPDATE place SET scope = x'000102030405060708090a0b0c0d0e0f' WHERE scope = ?1",
        "DELETE FROM op WHERE record = ?1",
        "UPDATE op SET size = size - 1, at = at + 1 WHERE record = ?1 AND field = 10",
        "UPDATE entry SET body = NULL WHERE scope = ?1",
        "UPDATE entry SET received = received + 1 WHERE scope = ?1",
        "UPDATE entry SET position = position + 1000 WHERE scope = ?1",
        "UPDATE entry SET epoch = -id WHERE scope = ?1",
        "INSERT INTO erased(device, epoch, seq, erasure, scope) SELECT device, epoch, seq, record, scope FROM entry "
        "WHERE "
        "id = 1",
    };
    struct history *h = some_history();
    struct id scopes[2] = {people_client, people_a_case};
    struct db *db = history_store_new();
    uint8_t digest[32], anew[32];
    (void)state;
    history_take_all(db, h);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        keep_digests(db, scopes, 2);
        assert_done(db_begin(db, &history_error));
        assert_done(db_run(db, &history_error, changes[i], strstr(changes[i], "?1") != NULL ? "d" : "", &scopes[0]));
        if (record_digest_kept(db, &scopes[0], 1, digest, NULL) != 0)
            fail_msg("still kept: %s", changes[i]);
        assert_int_equal(record_digest_kept(db, &scopes[1], 1, digest, NULL), 1);
        assert_done(record_digest(db, scopes, 2, digest, &history_error));
        assert_done(record_digest_anew(db, scopes, 2, anew, &history_error));
        assert_memory_equal(digest, anew, 32);
        db_rollback(db);
    }
    /* What an erasure says of a change that is gone again counts as well. */
    assert_done(db_exec(db, changes[sizeof changes / sizeof *changes - 1], &history_error));
    keep_digests(db, scopes, 2);
    assert_done(db_exec(db, "DELETE FROM erased", &history_error));
    assert_int_equal(record_digest_kept(db, &scopes[0], 1, digest, NULL), 0);
    db_close(db);
    history_free(h);
}

static void a_false_digest_is_found(void **state)
{
    /* Goal: the check compares what is kept with what is made anew; and a read alone keeps nothing. */
    struct history *h = some_history();
    struct db *db = history_store_new();
    uint8_t digest[32];
    (void)state;
    history_take_all(db, h);
    digest_in(db, &people_client, 1, digest);
    assert_int_equal(record_digest_kept(db, &people_client, 1, digest, NULL), 0);
    keep_digests(db, &people_client, 1);
    assert_done(db_exec(db, "UPDATE scope_digest SET digest = zeroblob(32)", &history_error));
    assert_int_equal(record_digest_check(db, NULL), E_VERIFY);
    assert_done(db_exec(db, "UPDATE scope_digest SET digest = x''", &history_error));
    assert_int_equal(record_digest_check(db, NULL), E_VERIFY);
    assert_done(db_exec(db, "UPDATE scope_digest SET digest = x'00'", &history_error));
    assert_int_equal(record_digest_check(db, NULL), E_VERIFY);
    db_close(db);
    history_free(h);
}

static void scopes_choose(void **state)
{
    /* Goal: only what stands in the scopes counts, in whatever order they are named; of what is office-wide, not the
     * kinds that no laptop gets, be they known (receipts, devices) or newer. */
    static const unsigned undealt[] = {KIND_DEVICE, KIND_TICKET, KIND_HOLD, KIND_RECEIPT, KIND_EVENT, 2900, 3900};
    struct history *h = some_history();
    struct id scopes[3] = {people_client, people_a_case, people_nowhere},
              turned[3] = {people_nowhere, people_client, people_a_case};
    struct db *db = history_store_new();
    uint8_t all[32], other[32], none[32], everything[32];
    (void)state;
    history_take_all(db, h);
    digest_in(db, scopes, 3, all);
    digest_in(db, turned, 3, other);
    assert_memory_equal(all, other, 32);
    digest_in(db, scopes, 0, none);
    digest_in(db, &people_nowhere, 1, other);
    assert_memory_equal(none, other, 32);
    for (size_t i = 0; i < 2; i++) {
        digest_in(db, scopes, i, other);
        assert_memory_not_equal(all, other, 32);
    }
    digest_in(db, NULL, 0, everything);
    assert_memory_equal(all, everything, 32);
    for (size_t i = 0; i < sizeof undealt / sizeof *undealt; i++) {
        history_begin(h, 2, undealt[i], people_nowhere, history_id(200 + (unsigned)i));
        history_put_text(h, 13, CHANGE_SET, "x", NULL, 0);
        (void)history_take(db, h, history_end(h));
        digest_in(db, scopes, 3, other);
        assert_memory_equal(all, other, 32);
        /* Of everything they are a part. */
        digest_in(db, NULL, 0, other);
        assert_memory_not_equal(everything, other, 32);
        memcpy(everything, other, 32);
    }
    history_begin(h, 2, 1900, people_nowhere, history_id(300));
    history_put_text(h, 10, CHANGE_SET, "2026-05-01", NULL, 0);
    (void)history_take(db, h, history_end(h));
    digest_in(db, scopes, 3, other);
    assert_memory_not_equal(all, other, 32);
    db_close(db);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_one_form),
        cmocka_unit_test(is_of_live_ops_alone),
        cmocka_unit_test(tells_whatever_decides_what_is_shown),
        cmocka_unit_test(is_made_anew_for_what_changed_alone),
        cmocka_unit_test(whatever_goes_from_a_table_unkeeps_its_scope),
        cmocka_unit_test(a_false_digest_is_found),
        cmocka_unit_test(scopes_choose),
    };
    return cmocka_run_group_tests(tests, people_name_records, NULL);
}
