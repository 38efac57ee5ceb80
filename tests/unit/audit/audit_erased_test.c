/* Tests: client/audit/audit_erased.c client/audit/audit_replay.c client/audit/audit_verify.c
 *     common/judge/trial_erased.c
 * Words that are gone: what the log must say of it, and what is a breach. */
#include "audit_ask_fixture.h"

#include "skeleton.h"

/* The office erases the change at a position: `skeleton_of` is the position whose skeleton it gives for it; UINT64_MAX:
 * none. */
static void write_erasure(struct audit_office *o, uint64_t position, uint64_t skeleton_of)
{
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct id record = id_derive("test", "erasure", position == skeleton_of ? "1" : "2");
    struct edit edit;
    struct error e;
    struct pack skeleton;
    char hex[2000], number[24];
    pack_start(&skeleton);
    if (skeleton_of != UINT64_MAX) {
        assert_int_equal(log_load(o->own.db, (int64_t)skeleton_of + 1, 1, &memory, &entry, &e), 0);
        assert_int_equal(entry.position, skeleton_of);
        assert_int_equal(skeleton_write(&entry.change, &skeleton, &e), 0);
    }
    assert_int_equal(log_load(o->own.db, (int64_t)position + 1, 1, &memory, &entry, &e), 0);
    audit_start(&edit, &o->own, KIND_ERASURE, &entry.change.scope, &record);
    sodium_bin2hex(hex, sizeof hex, entry.change.device.b, ID_BYTES);
    audit_set(&edit, "device", hex);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)entry.change.epoch);
    audit_set(&edit, "epoch", number);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)entry.change.seq);
    audit_set(&edit, "seq", number);
    audit_set(&edit, "reason", "the client asked for it");
    if (skeleton_of != UINT64_MAX) {
        sodium_bin2hex(hex, sizeof hex, pack_bytes(&skeleton).p, pack_bytes(&skeleton).size);
        audit_set(&edit, "skeleton", hex);
    }
    log_memory_free(&memory);
    pack_free(&skeleton);
    audit_write_own(o, &edit);
    audit_add_head(o, &o->own);
    audit_state_checkpoint(o);
}

/* The position of the first change of this kind. */
static uint64_t position_of(const struct audit_office *o, unsigned kind)
{
    sqlite3_stmt *s;
    uint64_t position;
    assert_int_equal(db_first(o->own.db, &s, NULL, "SELECT position, id FROM entry WHERE kind = ? ORDER BY position",
                              "u", (uint64_t)kind),
                     1);
    position = db_uint(s, 0);
    assert_int_equal(db_uint(s, 1), position + 1);
    db_done(o->own.db, s);
    return position;
}

static void same_digest(struct audit_office *o)
{
    uint8_t ops[32], replayed[32];
    struct error e;
    struct db *db = audit_replayed(UINT64_MAX, NULL);
    assert_int_equal(record_digest_anew(db, NULL, 0, replayed, &e), 0);
    assert_int_equal(record_digest_anew(o->own.db, NULL, 0, ops, &e), 0);
    assert_memory_equal(ops, replayed, sizeof ops);
    db_close(db);
}

/* An erased body with its erasure leaves a proof that holds, and a replay that shows what the office shows; a replay up
 * to a time before the erasure knows it too, so that old values do not come back there. */
static void erased_body(void **state)
{
    struct audit_verify_result r;
    struct audit_office o;
    struct error e;
    struct db *db;
    sqlite3_stmt *s;
    uint64_t entries;
    (void)state;
    audit_open_office(&o, 1);
    write_erasure(&o, position_of(&o, KIND_NOTE), position_of(&o, KIND_NOTE));
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, &r, &e), 0);
    assert_int_equal(r.erased, 1);
    assert_int_equal(r.bodies, o.tree.size - 1);
    same_digest(&o);
    assert_int_equal(
        db_first(o.own.db, &s, NULL, "SELECT received FROM entry WHERE position = ?", "u", o.tree.size - 2), 1);
    db = audit_replayed(db_uint(s, 0), &entries);
    db_done(o.own.db, s);
    assert_int_equal(entries, o.tree.size - 1);
    assert_int_equal(db_exists(db, NULL, "SELECT 1 FROM note WHERE text LIKE '%(erased)%'", ""), 1);
    db_close(db);
    audit_close_office(&o);
}

/* Words that are gone without an erasure are exit 13, with the entry's position. */
static void an_erased_body_without_its_entry_is_a_breach(void **state)
{
    struct audit_office o;
    struct error e;
    char at[32];
    (void)state;
    audit_open_office(&o, 1);
    (void)snprintf(at, sizeof at, "entry %llu:", (unsigned long long)position_of(&o, KIND_NOTE));
    assert_int_equal(
        db_run(o.own.db, NULL, "UPDATE entry SET body = NULL WHERE position = ?", "u", position_of(&o, KIND_NOTE)), 0);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, at);
    assert_says(&e, "its words are gone, and no erasure of the office says so");
    audit_close_office(&o);
}

/* An erasure that says another thing than the words that are there, or than another erasure, or nothing of a change
 * whose words the office had. */
static void an_erasure_that_contradicts_the_words_is_a_breach(void **state)
{
    struct audit_office o;
    struct error e;
    struct pack kept;
    sqlite3_stmt *s;
    uint64_t note;
    (void)state;
    for (int way = 0; way < 2; way++) {
        audit_open_office(&o, 1);
        note = position_of(&o, KIND_NOTE);
        pack_start(&kept);
        assert_int_equal(db_first(o.own.db, &s, NULL, "SELECT body FROM entry WHERE position = ?", "u", note), 1);
        pack_raw(&kept, db_slice(s, 0));
        db_done(o.own.db, s);
        write_erasure(&o, note, way == 0 ? position_of(&o, KIND_CASE) : UINT64_MAX);
        /* The office leaves the words where they were. */
        assert_int_equal(
            db_run(o.own.db, NULL, "UPDATE entry SET body = ? WHERE position = ?", "bu", pack_bytes(&kept), note), 0);
        pack_free(&kept);
        audit_write_archive(&o);
        assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
        assert_says(&e, way == 0 ? "is not what that change says" : "does not say what that had replaced");
        audit_close_office(&o);
    }
    audit_open_office(&o, 1);
    note = position_of(&o, KIND_NOTE);
    write_erasure(&o, note, note);
    write_erasure(&o, note, position_of(&o, KIND_CASE));
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_says(&e, "different things");
    audit_close_office(&o);
}

/* An erasure of what the office alone writes is a breach, whether or not the words are gone. */
static void an_erasure_of_the_offices_own_is_a_breach(void **state)
{
    struct audit_office o;
    struct error e;
    uint64_t user;
    (void)state;
    audit_open_office(&o, 1);
    user = position_of(&o, KIND_USER);
    write_erasure(&o, user, user);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_says(&e, "cannot be erased");
    audit_close_office(&o);
}

/* An erasure that a laptop wrote, and that is not held, is a breach: the office alone erases. */
static void an_erasure_by_a_laptop_is_a_breach(void **state)
{
    struct audit_office o;
    struct error e;
    struct edit edit;
    struct id record = id_new(START_MS);
    (void)state;
    audit_open_office(&o, 1);
    audit_start(&edit, &o.anna, KIND_ERASURE, &o.scope, &record);
    audit_set(&edit, "reason", "so that nobody reads it");
    audit_commit(&o.anna, &edit, NULL);
    audit_push(&o, &o.anna);
    audit_state_checkpoint(&o);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_says(&e, "only the office itself writes records of kind erasure");
    audit_close_office(&o);
}

/* With the words of a hold erased a replay would apply what was held: an archive without them fails, by its position.
 */
static void what_the_office_alone_writes_cannot_be_erased(void **state)
{
    struct audit_office o;
    struct error e;
    (void)state;
    audit_open_office(&o, 1);
    assert_int_equal(db_exec(o.own.db, "UPDATE entry SET body = NULL WHERE position = 11", NULL), 0);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, "entry 11:");
    assert_says(&e, "its words were erased");
    audit_close_office(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erased_body),
        cmocka_unit_test(an_erased_body_without_its_entry_is_a_breach),
        cmocka_unit_test(an_erasure_that_contradicts_the_words_is_a_breach),
        cmocka_unit_test(an_erasure_of_the_offices_own_is_a_breach),
        cmocka_unit_test(an_erasure_by_a_laptop_is_a_breach),
        cmocka_unit_test(what_the_office_alone_writes_cannot_be_erased),
    };
    return cmocka_run_group_tests(tests, audit_ask_begin, audit_ask_end);
}
