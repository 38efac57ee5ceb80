/* Tests: client/audit/audit_verify.c client/audit/audit_verify_print.c client/audit/audit_set_back.c
 * common/log/archive.c common/chain/announcement.c An honest archive is verified; whatever was altered in one is found,
 * by somebody with its passphrase and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit_ask_fixture.h"

/* --- the proof --- */

/* An honest archive is verified as a whole with the passphrase, and without it in part, which is said. */
static void honest_archive(void **state)
{
    struct audit_verify_result r;
    struct error e;
    char line[CHECKPOINT_VKEY_MAX + 2];
    char *text;
    size_t bytes;
    struct cli cli = {open_memstream(&text, &bytes), stderr, 0, 0};
    (void)state;
    assert_int_equal(audit_ask_file(audit_path, audit_asked.log_key, 1, &r, &e), 0);
    assert_int_equal(r.entries, audit_asked.tree.size);
    assert_int_equal(r.bodies, audit_asked.tree.size);
    assert_int_equal(r.erased + r.sealed + r.heads_unchecked, 0);
    assert_int_equal(r.heads, audit_archive.heads);
    assert_int_equal(r.devices, 3);
    assert_int_equal(audit_verify_print(&cli, &r), 0);
    (void)snprintf(line, sizeof line, "%s\n", audit_asked.log_key);
    tamper_store(audit_key_path, (const uint8_t *)line, strlen(line));
    assert_int_equal(audit_ask_file(audit_path, audit_key_path, 0, &r, &e), 0);
    assert_int_equal(r.sealed, audit_asked.tree.size);
    assert_int_equal(r.heads_unchecked, 3); /* the laptops'; the office's stand under its own key */
    assert_int_equal(audit_verify_print(&cli, &r), ERROR_STATUS_WAITING);
    cli.json = 1;
    assert_int_equal(audit_verify_print(&cli, &r), ERROR_STATUS_WAITING);
    fclose(cli.out);
    assert_non_null(strstr(text, "{\"verified\": true, \"complete\": false, \"origin\": \"satchel/test\", "));
    assert_non_null(strstr(text, "verified: nothing was altered"));
    assert_non_null(strstr(text, "verified in part"));
    free(text);
}

/* A key that is none, another office's, and a wrong passphrase are refused. */
static void wrong_keys(void **state)
{
    struct checkpoint_vkey vkey = audit_asked.vkey;
    char text[CHECKPOINT_VKEY_MAX];
    struct error e;
    (void)state;
    vkey.public_key[0] ^= 1;
    assert_int_equal(checkpoint_vkey_format(&vkey, text, NULL), 0);
    assert_int_equal(audit_ask_file(audit_path, text, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, "checkpoint:");
    assert_int_equal(audit_ask_file(audit_path, "no key", 1, NULL, &e), E_INPUT);
    assert_int_equal(audit_ask_file(audit_path, audit_path, 1, NULL, &e), E_INPUT);
    assert_int_equal(audit_ask_file(audit_path, audit_folder, 1, NULL, &e), E_IO);
}

/* Entries and heads that were dropped, swapped or doubled are named. */
static void moved_records(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    for (size_t i = 0; i < audit_archive.count; i++) {
        tamper_copy(&t, &audit_archive);
        tamper_drop(&t, i);
        assert_int_equal(audit_ask_bytes(&t, 1, &e), E_VERIFY);
        assert_begins(&e, tamper_name(&audit_archive, i, name));
        tamper_free(&t);
        tamper_copy(&t, &audit_archive);
        tamper_double(&t, i, i + 1);
        assert_int_equal(audit_ask_bytes(&t, 1, &e), E_VERIFY);
        assert_begins(&e, tamper_name(&audit_archive, i + 1, name));
        tamper_free(&t);
        if (i + 1 == audit_archive.count)
            continue;
        tamper_copy(&t, &audit_archive);
        tamper_swap(&t, i);
        assert_int_equal(audit_ask_bytes(&t, 1, &e), E_VERIFY);
        assert_begins(&e, tamper_name(&audit_archive, i, name));
        tamper_free(&t);
    }
}

/* The office rewrites an entry of its log, and the tree over it; the checkpoint is stated anew by the caller. */
static void rewrite(struct audit_office *o)
{
    sqlite3_stmt *s;
    assert_int_equal(
        db_exec(o->own.db, "UPDATE entry SET received = received + 1 WHERE position = 2;DELETE FROM node", NULL), 0);
    memset(&o->tree, 0, sizeof o->tree);
    assert_int_equal(db_query(o->own.db, &s, NULL, "SELECT received, header FROM entry ORDER BY position", ""), 0);
    while (db_next(o->own.db, s, NULL) == 1)
        audit_add_leaf(o, db_uint(s, 0), db_slice(s, 1));
}

/* An office that rewrites its own log, tree and checkpoint included, is told by what its laptops have signed. */
static void rewritten_history(void **state)
{
    struct audit_office o;
    struct error e;
    (void)state;
    audit_open_office(&o, 1);
    rewrite(&o);
    audit_state_checkpoint(&o);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, "head ");
    assert_says(&e, "with another root");
    audit_close_office(&o);
}

/* The office begins a new epoch of its chain with an event: what it says, of how many entries. */
static void begin_epoch(struct audit_office *o, const char *what, uint64_t size)
{
    struct chain *own = &o->own.author.chain;
    struct id record = id_new(audit_now_ms);
    struct edit edit;
    char count[24];
    own->epoch += 1000;
    own->seq = 0;
    memset(own->hash, 0, sizeof own->hash);
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)size);
    audit_start(&edit, &o->own, KIND_EVENT, &audit_everywhere, &record);
    audit_set(&edit, "what", what);
    audit_set(&edit, "count", count);
    audit_write_own(o, &edit);
    audit_add_head(o, &o->own);
    audit_state_checkpoint(o);
}

/* A head of anna's that saw a log of `size` entries that are not ours. */
static void see_another(struct audit_office *o, uint64_t size)
{
    struct merkle_frontier kept = o->tree;
    memset(&o->tree, 0, sizeof o->tree);
    for (uint64_t i = 0; i < size; i++) {
        struct merkle_hash leaf;
        merkle_leaf((const uint8_t *)"x", 1, &leaf);
        assert_int_equal(merkle_append(&o->tree, &leaf, NULL, NULL, NULL), 0);
    }
    audit_add_head(o, &o->anna);
    o->tree = kept;
}

/* Anna writes a change, which the office takes with a head that saw the log as it is. */
static void write_more(struct audit_office *o)
{
    struct edit edit;
    assert_int_equal(edit_open(&edit, o->anna.db, &o->client, NULL), 0);
    audit_set(&edit, "phone", o->anna.sent % 2 ? "1" : "2");
    audit_commit(&o->anna, &edit, NULL);
    audit_push(o, &o->anna);
    audit_state_checkpoint(o);
}

/* Writes the archive and expects this of its proof, with the passphrase: set-backs, and heads that they explain. */
static void expect_lost(struct audit_office *o, uint64_t lost_heads, struct audit_verify_result *r)
{
    struct error e;
    audit_write_archive(o);
    if (audit_ask_file(audit_path, o->log_key, 1, r, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(r->set_backs, 1);
    assert_int_equal(r->lost_heads, lost_heads);
}

/* Writes the archive and expects that it fails, with these words. */
static void expect_failure(struct audit_office *o, const char *says)
{
    struct error e;
    audit_write_archive(o);
    assert_int_equal(audit_ask_file(audit_path, o->log_key, 1, NULL, &e), E_VERIFY);
    assert_says(&e, says);
}

/* An office that was put back says so at the beginning of a new epoch: that is told, and what laptops saw beyond the
 * backup, in heads of changes that came after the announcement, is excused by it. */
static void set_backs(void **state)
{
    struct audit_verify_result r;
    struct audit_office o;
    uint64_t size;
    (void)state;
    audit_open_office(&o, 1);
    size = o.tree.size;
    begin_epoch(&o, "set back", size);
    expect_lost(&o, 0, &r);
    assert_int_equal(r.set_back_size, size);
    assert_int_equal(r.losers, 0);
    write_more(&o);
    /* of the log's own size, and beyond its end */
    for (uint64_t seen = size + 1; seen < size + 4; seen++) {
        see_another(&o, seen);
        expect_lost(&o, 1, &r);
        assert_int_equal(r.lost_size, seen);
        assert_int_equal(r.losers, 1);
    }
    /* what the backup had is not excused */
    see_another(&o, size);
    expect_failure(&o, "with another root");
    audit_close_office(&o);
}

/* Without the passphrase the announcement is taken to be of the size that the log has there, and no other. */
static void sealed_set_back(void **state)
{
    struct audit_verify_result r;
    struct audit_office o;
    struct error e;
    uint64_t size;
    (void)state;
    audit_open_office(&o, 1);
    size = o.tree.size;
    begin_epoch(&o, "set back", size);
    write_more(&o);
    see_another(&o, size + 2);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 0, &r, &e), 0);
    assert_int_equal(r.set_backs, 1);
    assert_int_equal(r.set_back_size, size);
    assert_int_equal(r.lost_heads, 1);
    see_another(&o, size);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 0, &r, &e), E_VERIFY);
    audit_close_office(&o);
}

/* The attack: an office rewrites an entry, signs all again with its own keys, and announces a set-back to excuse the
 * witnesses. Of another size than the log has there it is refused; of the true size it excuses no head in front. */
static void set_back_to_hide(void **state)
{
    struct audit_office o;
    (void)state;
    for (uint64_t behind = 0; behind < 3; behind++) {
        audit_open_office(&o, 1);
        rewrite(&o);
        begin_epoch(&o, "set back", behind == 0 ? 1 : o.tree.size - behind + 1);
        expect_failure(&o, behind == 1 ? "with another root" : "of another size");
        audit_close_office(&o);
    }
}

/* A head whose change stands in front of the announcement was signed before it, whatever size of log it names. */
static void heads_before_the_announcement(void **state)
{
    struct audit_office o;
    (void)state;
    audit_open_office(&o, 1);
    see_another(&o, o.tree.size + 2);
    begin_epoch(&o, "set back", o.tree.size);
    expect_failure(&o, "has shrunk");
    audit_close_office(&o);
}

/* What a laptop says of a set-back in its own chain. */
struct says {
    uint64_t size;
    const char *checkpoint;
    const uint8_t *hash;
};

static void hear(struct audit_office *o, const struct says *says)
{
    struct id record = id_new(audit_now_ms);
    char count[24], hex[65];
    struct edit edit;
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)says->size);
    audit_start(&edit, &o->anna, KIND_EVENT, &audit_everywhere, &record);
    audit_set(&edit, "what", "set back");
    audit_set(&edit, "count", count);
    if (says->checkpoint != NULL)
        audit_set(&edit, "checkpoint", says->checkpoint);
    if (says->hash != NULL) {
        sodium_bin2hex(hex, sizeof hex, says->hash, 32);
        audit_set(&edit, "announcement", hex);
    }
    audit_commit(&o->anna, &edit, NULL);
    audit_push(o, &o->anna);
    audit_state_checkpoint(o);
}

/* A laptop that has said in its chain that it heard of the set-back signs for no lost log any more. */
static void heads_after_it_had_heard(void **state)
{
    static const uint8_t another[32] = {1};
    struct audit_verify_result r;
    struct audit_office o;
    struct says says = {0};
    (void)state;
    for (int named = 0; named < 3; named++) {
        audit_open_office(&o, 1);
        says.size = o.tree.size;
        begin_epoch(&o, "set back", o.tree.size);
        /* The announcement is the office's last change. 2: it heard of one that was lost by this one. */
        says.hash = named == 0 ? NULL : named == 1 ? o.own.author.chain.hash : another;
        hear(&o, &says);
        expect_lost(&o, 0, &r);
        assert_int_equal(r.losers, 1);
        write_more(&o);
        see_another(&o, o.tree.size - 1);
        if (named == 2)
            expect_lost(&o, 1, &r);
        else
            expect_failure(&o, "with another root");
        audit_close_office(&o);
    }
}

/* A statement of the office's that it signed over a log of so many entries. */
static void state_lost(struct audit_office *o, uint64_t size, const uint8_t secret[64], char out[CHECKPOINT_TEXT_MAX])
{
    struct checkpoint c;
    memset(&c, 0, sizeof c);
    memcpy(c.origin, o->vkey.origin, sizeof c.origin);
    c.size = size;
    memset(c.root.b, 7, sizeof c.root.b);
    assert_int_equal(checkpoint_sign(&c, secret, out, NULL), 0);
}

/* The office's own signature over what is lost, as a laptop hands it in, is checked and told. */
static void statements(void **state)
{
    struct audit_verify_result r;
    char note[CHECKPOINT_TEXT_MAX];
    struct audit_office o;
    struct says says = {0};
    (void)state;
    audit_open_office(&o, 1);
    says.size = o.tree.size;
    says.checkpoint = note;
    begin_epoch(&o, "set back", o.tree.size);
    state_lost(&o, 4711, o.own.secret, note);
    hear(&o, &says);
    expect_lost(&o, 0, &r);
    assert_int_equal(r.stated_size, 4711);
    assert_int_equal(r.lost_size, 4711);
    assert_int_equal(r.false_stated, 0);
    /* the laptop's own signature proves nothing */
    state_lost(&o, 9999, o.anna.secret, note);
    hear(&o, &says);
    expect_lost(&o, 0, &r);
    assert_int_equal(r.stated_size, 4711);
    assert_int_equal(r.false_stated, 1);
    /* the office signed another log, no longer than the backup: no set-back explains it */
    state_lost(&o, says.size, o.own.secret, note);
    hear(&o, &says);
    expect_failure(&o, "no set-back in this log goes back so far");
    audit_close_office(&o);
}

/* A set-back that a laptop heard of, and that the log is silent on, is told by the laptop's entry. */
static void heard_of_none(void **state)
{
    struct audit_office o;
    struct says says = {.size = 3};
    (void)state;
    for (int announced = 0; announced < 2; announced++) {
        audit_open_office(&o, 1);
        if (announced)
            begin_epoch(&o, "set back", o.tree.size);
        hear(&o, &says);
        expect_failure(&o, "this log does not say so");
        audit_close_office(&o);
    }
}

/* Any set-back ends the proof with exit status 1, and a last line that says what was lost. */
static void told_set_back(void **state)
{
    struct audit_verify_result r;
    char note[CHECKPOINT_TEXT_MAX];
    struct audit_office o;
    struct says says = {0};
    char *text;
    size_t bytes;
    struct cli cli = {open_memstream(&text, &bytes), stderr, 0, 0};
    (void)state;
    audit_open_office(&o, 1);
    begin_epoch(&o, "set back", o.tree.size);
    expect_lost(&o, 0, &r);
    assert_int_equal(audit_verify_print(&cli, &r), ERROR_STATUS_WAITING);
    (void)fflush(cli.out);
    assert_non_null(strstr(text, "verified, but the office was put back from a backup on 2026-11-23"));
    assert_non_null(strstr(text, "what it had received after 13 entries is lost; no laptop had seen more\n"));
    assert_null(strstr(text, "nothing was altered"));
    says.size = r.set_back_size;
    says.checkpoint = note;
    state_lost(&o, 4711, o.own.secret, note);
    hear(&o, &says);
    expect_lost(&o, 0, &r);
    assert_int_equal(audit_verify_print(&cli, &r), ERROR_STATUS_WAITING);
    cli.json = 1;
    assert_int_equal(audit_verify_print(&cli, &r), ERROR_STATUS_WAITING);
    (void)fclose(cli.out);
    assert_non_null(strstr(text, "the office had signed a log of 4711 entries"));
    assert_non_null(strstr(text, "is lost; 1 laptop had seen more, up to 4711 entries\n"));
    assert_non_null(strstr(text, "\"stated_size\": 4711"));
    free(text);
    audit_close_office(&o);
}

/* A new epoch of the office's that does not begin with the announcement, or with one that cannot be, is refused; so is
 * an announcement in the middle of a chain. */
static void epochs_without_a_word(void **state)
{
    static const char *const whats[] = {"new data key", "set back", "set back"};
    struct audit_office o;
    struct id record = id_new(START_MS);
    struct edit edit;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        audit_open_office(&o, 1);
        begin_epoch(&o, whats[i], i == 0 ? o.tree.size : i == 1 ? o.tree.size + 1 : o.tree.size - 1);
        expect_failure(&o, "does not say that it was put back");
        audit_close_office(&o);
    }
    audit_open_office(&o, 1);
    audit_start(&edit, &o.own, KIND_EVENT, &audit_everywhere, &record);
    audit_set(&edit, "what", "set back");
    audit_set(&edit, "count", "13");
    audit_write_own(&o, &edit);
    audit_add_head(&o, &o.own);
    audit_state_checkpoint(&o);
    expect_failure(&o, "of another size");
    audit_close_office(&o);
}

/* A device may sign before its first change, and before it has seen a checkpoint; that it signed for a longer log than
 * the archive's is told. */
static void heads_at_the_edges(void **state)
{
    struct audit_verify_result r;
    struct merkle_frontier kept;
    struct audit_device carl;
    struct audit_office o;
    struct error e;
    (void)state;
    audit_open_office(&o, 1);
    audit_open_device(&carl, "carl");
    audit_enrol(&o, &carl, "Carl");
    audit_state_checkpoint(&o);
    kept = o.tree;
    memset(&o.tree, 0, sizeof o.tree);
    audit_add_head(&o, &carl);
    o.tree = kept;
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, &r, &e), 0);
    assert_int_equal(r.devices, 4);
    audit_add_leaf(&o, START_MS, (struct slice){(const uint8_t *)"x", 1});
    audit_add_head(&o, &o.anna);
    o.tree = kept;
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, &r, &e), E_VERIFY);
    assert_begins(&e, "head ");
    assert_says(&e, "has shrunk");
    db_close(carl.db);
    audit_close_office(&o);
}

/* Runs SQL on an office's store, writes the archive, and expects this of its proof. */
static void expect(const char *sql, const char *begins, const char *says)
{
    struct audit_office o;
    struct error e;
    audit_open_office(&o, 1);
    assert_int_equal(db_exec(o.own.db, sql, NULL), 0);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, begins);
    assert_says(&e, says);
    audit_close_office(&o);
}

/* An entry for which nobody signed, a head without its signature, and times that run backwards are named. */
static void what_nobody_signed(void **state)
{
    (void)state;
    /* Position 0: the office; 1..4: two people, two laptops; 5..7: Anna's; 8, 9: to whom the office gives
     * her case; 10: Ben's; 11: the hold; 12: what is held. */
    expect("DELETE FROM head WHERE device = (SELECT device FROM entry WHERE position = 5)",
           "entry 5:", "no signed head of device");
    expect("DELETE FROM head WHERE device = (SELECT device FROM entry WHERE position = 10) AND seq = 2",
           "entry 12:", "covers its change 2");
    /* A signature's last byte is 0x00 to 0x10, so one in sixteen is 0x00 already: the other value is always another. */
    expect("UPDATE head SET signed = CAST(substr(signed, 1, length(signed) - 1) || CASE substr(signed, -1) WHEN x'00' "
           "THEN x'01' ELSE x'00' END AS BLOB) WHERE device = (SELECT device FROM entry WHERE position = 5)",
           "head ", "does not carry its signature");
    expect("UPDATE head SET signed = (SELECT signed FROM head AS h WHERE h.device = head.device AND h.seq = 1) "
           "WHERE device = (SELECT device FROM entry WHERE position = 10) AND seq = 2",
           "entry 12:", "covers its change 2");
    expect("UPDATE head SET signed = (SELECT signed FROM head AS h WHERE h.device = (SELECT device FROM entry WHERE "
           "position = 10) AND h.seq = 1) WHERE device = (SELECT device FROM entry WHERE position = 5)",
           "entry 5:", "no signed head of device");
}

/* A laptop that the office never enrolled is named at its first entry; without the passphrase it stays unchecked. */
static void unknown_device(void **state)
{
    struct audit_verify_result r;
    struct audit_office o;
    struct error e;
    (void)state;
    audit_open_office(&o, 0);
    audit_write_archive(&o);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, "entry 8:");
    assert_says(&e, "had not been enrolled");
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 0, &r, &e), 0);
    assert_int_equal(r.heads_unchecked, 3);
    audit_close_office(&o);
}

/* A change of Ben's in epoch 2, which the office gave him before, or never. */
static void open_epochs(struct audit_office *o, int given)
{
    struct id fork = id_derive("test", "fork", "1"), note = id_new(START_MS);
    struct chain chain = {.device = o->ben.id, .epoch = 2};
    struct log_entry *entry = malloc(sizeof *entry);
    struct log_memory memory = {NULL, 0};
    void *both[] = {o, &o->ben};
    char hex[33];
    struct edit edit;
    assert_non_null(entry);
    audit_open_office(o, 1);
    chain.device = o->ben.id;
    if (given) {
        sodium_bin2hex(hex, sizeof hex, o->ben.id.b, ID_BYTES);
        audit_start(&edit, &o->own, KIND_FORK, &audit_everywhere, &fork);
        audit_set(&edit, "device", hex);
        audit_set(&edit, "epoch", "1");
        audit_set(&edit, "new_epoch", "2");
        audit_write_own(o, &edit);
        audit_add_head(o, &o->own);
    }
    o->ben.author.chain = chain;
    o->ben.sent = 0;
    audit_start(&edit, &o->ben, KIND_NOTE, &o->scope, &note);
    audit_set(&edit, "text", "once more");
    audit_commit(&o->ben, &edit, NULL);
    audit_add_head(o, &o->ben);
    assert_int_equal(log_load(o->ben.db, log_find(o->ben.db, &o->ben.id, 2, 1, NULL, NULL), 1, &memory, entry, NULL),
                     0);
    assert_int_equal(audit_push_one(both, entry, NULL), 0);
    log_memory_free(&memory);
    free(entry);
    audit_state_checkpoint(o);
    audit_write_archive(o);
}

/* Several epochs of one device are verified, each as a chain of its own; one that the office never gave is named. */
static void epochs(void **state)
{
    struct audit_office o;
    struct error e;
    struct db *db;
    uint64_t entries;
    (void)state;
    open_epochs(&o, 1);
    if (audit_ask_file(audit_path, o.log_key, 1, NULL, &e) != 0)
        fail_msg("%s", e.text);
    db = audit_replayed(UINT64_MAX, &entries);
    assert_int_equal(entries, o.tree.size);
    db_close(db);
    audit_close_office(&o);
    open_epochs(&o, 0);
    assert_int_equal(audit_ask_file(audit_path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_says(&e, "never gave its device");
    audit_close_office(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_archive),
        cmocka_unit_test(wrong_keys),
        cmocka_unit_test(moved_records),
        cmocka_unit_test(rewritten_history),
        cmocka_unit_test(what_nobody_signed),
        cmocka_unit_test(unknown_device),
        cmocka_unit_test(epochs),
        cmocka_unit_test(heads_at_the_edges),
        cmocka_unit_test(set_backs),
        cmocka_unit_test(sealed_set_back),
        cmocka_unit_test(set_back_to_hide),
        cmocka_unit_test(heads_before_the_announcement),
        cmocka_unit_test(heads_after_it_had_heard),
        cmocka_unit_test(statements),
        cmocka_unit_test(heard_of_none),
        cmocka_unit_test(told_set_back),
        cmocka_unit_test(epochs_without_a_word),
    };
    return cmocka_run_group_tests(tests, audit_ask_begin, audit_ask_end);
}
