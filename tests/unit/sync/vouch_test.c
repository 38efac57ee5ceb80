/* Tests: client/sync/vouch.c daemon/deal/deal_vouch.c client/sync/apply.c
 * What an office deals as the laptop's own is what the laptop wrote, or what its own key signed; else nothing of it is
 * taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reissue_fixture.h"

struct room {
    struct pair p;
    struct id client, kase, assignment;
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    char text[ID_TEXT], sign[65], noise[65];
    struct apply_result result;
    assert_non_null(r);
    pair_start(&r->p);
    id_format(&r->p.user, text);
    office_hex(r->p.device.sign_key, 32, sign);
    office_hex(r->p.device.sign_key, 31, noise);
    (void)strncat(noise, "00", sizeof noise - strlen(noise) - 1);
    pair_office_write(r->p.office, KIND_DEVICE, &pair_everywhere, &r->p.device.device, 1, "user", text, "sign_key",
                      sign, "noise_key", noise, "status", "active", NULL);
    pair_office_case(r->p.office, &r->p.user, &r->client, &r->kase, &r->assignment);
    (void)pair_push(&r->p);
    (void)pair_pull(&r->p, &result);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    pair_end(&r->p);
    free(r);
    return 0;
}

static struct id note(struct room *r, const char *text)
{
    struct id record = id_new(clock_wall());
    pair_field_write(&r->p, KIND_NOTE, &r->kase, &record, 1, "text", text, NULL);
    return record;
}

/* A copy of the disk writes `count` notes and brings them to the office in one push; then it is as if this disk had
 * never heard of them. This disk writes one of its own, finds the fork, and goes on in a new epoch. */
static void fork_after(struct room *r, unsigned count)
{
    struct pair *p = &r->p;
    struct edit_author before = p->author;
    struct reissue_answer answer;
    struct message_welcome welcome;
    struct unsent_batch batch;
    struct message_pushed pushed;
    struct pack memory;
    for (unsigned i = 0; i < count; i++)
        (void)note(r, "of the copy");
    PAIR_OK(unsent_take(p->db,
                        &(struct unsent_from){&p->author.chain, p->sign_secret, before.chain.seq + 1, LIMITS_BATCH_MAX},
                        &batch, &pair_e));
    pair_receive(p, &batch, &pushed, &memory);
    pack_free(&memory);
    unsent_free(&batch);
    PAIR_OK(db_run(p->db, &pair_e, "DELETE FROM entry WHERE position IS NULL AND seq > ?", "u", before.chain.seq));
    PAIR_OK(record_rebuild(p->db, &pair_e));
    p->author = before;
    PAIR_OK(edit_author_save(p->db, &before, &pair_e));
    (void)note(r, "of this laptop");
    pair_welcome(p, &welcome);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    assert_true(p->forked);
    answer = reissue_fixture_ask(p);
    assert_int_equal(reissue_fixture_go_on(p, &answer), 1);
    assert_int_equal(pair_push(p), 0);
}

/* Reads the office's copy of a change of the laptop, and writes another one with its number in its place: the same but
 * for the text of its ops. */
static void rewrite_at_office(struct room *r, uint64_t epoch, uint64_t seq)
{
    struct central *c = r->p.office;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct change_draft d;
    struct pack header, body, value;
    uint8_t hash[CHANGE_HASH_BYTES];
    int64_t id = log_find(c->db, &r->p.device.device, epoch, seq, NULL, NULL);
    assert_true(id > 0);
    PAIR_OK(log_load(c->db, id, 1, &memory, &entry, &pair_e));
    change_draft_start(&d);
    pack_start(&value);
    pack_text(&value, "never written", 13);
    for (size_t i = 0; i < entry.change.op_count; i++)
        change_draft_op(&d, entry.change.ops[i].field, entry.change.ops[i].action, pack_bytes(&value), NULL, 0);
    d.device = entry.change.device;
    d.epoch = entry.change.epoch;
    d.seq = entry.change.seq;
    memcpy(d.previous, entry.change.previous, sizeof d.previous);
    d.hlc = entry.change.hlc;
    d.wall_ms = entry.change.wall_ms;
    d.author = entry.change.author;
    d.session = entry.change.session;
    d.scope = entry.change.scope;
    d.record = entry.change.record;
    d.kind = entry.change.kind;
    PAIR_OK(change_write(&d, &header, &body, hash, &pair_e));
    PAIR_OK(db_run(c->db, &pair_e, "UPDATE entry SET header = ?, body = ? WHERE id = ?", "bbi", pack_bytes(&header),
                   pack_bytes(&body), id));
    change_draft_free(&d);
    pack_free(&value);
    pack_free(&header);
    pack_free(&body);
    log_memory_free(&memory);
}

/* The laptop takes what is dealt until something is refused: that must be E_VERIFY, with these words, and nothing of
 * that batch stays. */
static void assert_refused(struct room *r, const char *words)
{
    struct pair *p = &r->p;
    struct apply_result result;
    struct error e = {0, ""};
    struct deal deal;
    uint64_t entries = pair_count(p->db, "SELECT count(*) FROM entry");
    uint64_t arriving = pair_count(p->db, "SELECT count(*) FROM arriving");
    struct message_entries m;
    struct deal_memory memory;
    memset(&result, 0, sizeof result);
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    assert_int_equal(pair_apply(p, &m, &result, &e), E_VERIFY);
    if (strstr(e.text, words) == NULL || strstr(e.text, "nothing was lost or changed here") == NULL ||
        strstr(e.text, "tell your administrator and whoever audits the office") == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry"), entries);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM arriving"), arriving);
    deal_release(&memory);
    deal_free(&deal);
}

/* The case leaves the laptop, and with it what the laptop wrote there. */
static void leave(struct room *r)
{
    struct apply_result result;
    pair_office_write(r->p.office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "disabled", NULL);
    (void)pair_pull(&r->p, &result);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM note"), 0);
}

static void come_back(struct room *r)
{
    pair_office_write(r->p.office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "active", NULL);
}

/* Goal: what the laptop wrote, in a case that left and comes back, is held against the header that stayed. */
static void own_of_a_case_that_left_is_what_it_wrote(void **state)
{
    struct room *r = *state;
    struct apply_result result;
    uint64_t seq;
    (void)note(r, "as it was");
    seq = r->p.author.chain.seq;
    assert_int_equal(pair_push(&r->p), 0);
    (void)pair_pull(&r->p, &result);
    leave(r);
    come_back(r);
    (void)pair_pull(&r->p, &result);
    assert_true(result.agrees);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM note"), 1);
    leave(r);
    rewrite_at_office(r, 1, seq);
    come_back(r);
    assert_refused(r, "this laptop did not write it");
}

/* Goal: what is still in the laptop's log is held against that, though the scope is dealt anew. */
static void own_that_is_here_is_what_is_here(void **state)
{
    struct room *r = *state;
    struct apply_result result;
    (void)note(r, "as it was");
    assert_int_equal(pair_push(&r->p), 0);
    (void)pair_pull(&r->p, &result);
    rewrite_at_office(r, 1, r->p.author.chain.seq);
    PAIR_OK(db_run(r->p.db, &pair_e, "UPDATE scope SET complete = 0", ""));
    assert_refused(r, "this laptop did not write it");
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM note"), 1);
}

/* Goal: in the epoch that this store is in nobody else writes, so a number that it gave to nothing that it has is not
 * its own, whoever signed it. */
static void own_that_is_nowhere_is_not_its_own(void **state)
{
    struct room *r = *state;
    struct apply_result result;
    (void)note(r, "as it was");
    assert_int_equal(pair_push(&r->p), 0);
    (void)pair_pull(&r->p, &result);
    leave(r);
    PAIR_OK(db_run(r->p.db, &pair_e, "DELETE FROM own_header WHERE seq = ?", "u", r->p.author.chain.seq));
    come_back(r);
    assert_refused(r, "this laptop did not write it");
}

/* Goal: what a copy of the store wrote comes with the head that the copy signed, and is taken; in the smallest batches,
 * too. */
static void what_a_copy_signed_is_taken(void **state)
{
    struct room *r = *state;
    struct pair *p = &r->p;
    struct apply_result result;
    struct deal deal;
    uint64_t vouched = 0;
    memset(&result, 0, sizeof result);
    fork_after(r, 20);
    pair_deal(p, &deal);
    while (!result.done) {
        struct message_entries m;
        struct deal_memory memory;
        PAIR_OK(deal_next(&deal, p->office, 2500, &m, &memory, &pair_e));
        vouched += m.vouched_count;
        assert_true(m.vouched.size + 200 < 20 * 250);
        PAIR_OK(pair_apply(p, &m, &result, &pair_e));
        deal_release(&memory);
    }
    deal_free(&deal);
    assert_true(vouched > 1);
    assert_true(result.agrees);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 21); /* and the one of this laptop */
}

/* Goal: in one batch each head stands once, whatever number of entries it vouches for. */
static void a_head_comes_once(void **state)
{
    struct room *r = *state;
    struct deal deal;
    struct message_entries m;
    struct deal_memory memory;
    struct apply_result result = {0};
    fork_after(r, 20);
    pair_deal(&r->p, &deal);
    PAIR_OK(deal_next(&deal, r->p.office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    assert_int_equal(m.vouched_count, 1);
    PAIR_OK(pair_apply(&r->p, &m, &result, &pair_e));
    assert_true(result.agrees);
    deal_release(&memory);
    deal_free(&deal);
}

/* Goal: what no head of this device vouches for is refused: a change that was altered, or a head that is not there. */
static void what_nothing_signed_vouches_for_is_refused(void **state)
{
    struct room *r = *state;
    uint64_t seq = r->p.author.chain.seq + 2;
    fork_after(r, 3);
    PAIR_OK(db_run(r->p.office->db, &pair_e, "UPDATE head SET seq = seq - 3 WHERE device = ? AND epoch = 1 AND seq = ?",
                   "du", &r->p.device.device, seq + 1));
    assert_refused(r, "nothing that this laptop signed vouches for it");
    PAIR_OK(db_run(r->p.office->db, &pair_e, "UPDATE head SET seq = seq + 3 WHERE device = ? AND epoch = 1 AND seq = ?",
                   "du", &r->p.device.device, seq - 2));
    rewrite_at_office(r, 1, seq);
    assert_refused(r, "not signed by this laptop, or was altered");
}

/* Goal: any change to what vouches makes it vouch for nothing: no bit of a head or of a header can be another one. */
static void no_bit_of_what_vouches_can_be_another(void **state)
{
    struct room *r = *state;
    struct pair *p = &r->p;
    struct deal deal;
    struct message_entries m;
    struct deal_memory memory;
    struct apply_result result = {0};
    uint8_t *bytes;
    fork_after(r, 3);
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    bytes = (uint8_t *)m.vouched.p;
    for (size_t i = 0; i < m.vouched.size; i++) {
        struct message_entries bad = m;
        struct pack w;
        struct message back, out = {.type = MESSAGE_ENTRIES};
        bytes[i] ^= (uint8_t)(1u << (i % 8));
        PAIR_OK(deal_witness(p->office, p->sent_size, &bad, &pair_e));
        out.as.entries = bad;
        /* What the message's reader refuses never comes here. */
        if (message_write(&out, &w, NULL) == 0 && message_read(pack_bytes(&w), &back, NULL) == 0) {
            struct error e = {0, ""};
            int code = pair_apply(p, &m, &result, &e);
            if (code != E_VERIFY && code != E_INPUT)
                fail_msg("byte %zu: %d %s", i, code, e.text);
        }
        pack_free(&w);
        bytes[i] ^= (uint8_t)(1u << (i % 8));
    }
    memset(&result, 0, sizeof result);
    PAIR_OK(pair_apply(p, &m, &result, &pair_e));
    assert_true(result.agrees);
    deal_release(&memory);
    deal_free(&deal);
}

/* Goal: a head that another device signed vouches for nothing of this one. */
static void another_devices_head_vouches_for_nothing(void **state)
{
    struct room *r = *state;
    struct pair *p = &r->p;
    uint8_t public_key[32], secret[64], signed_head[CHAIN_HEAD_MAX];
    struct chain_head head = {.checkpoint_size = 0};
    size_t size;
    fork_after(r, 1);
    crypto_sign_keypair(public_key, secret);
    PAIR_OK(log_chain_end(p->office->db, &p->device.device, 1, &head.end, &pair_e));
    chain_sign(&head, secret, signed_head, &size);
    PAIR_OK(db_run(p->office->db, &pair_e, "UPDATE head SET signed = ? WHERE device = ? AND epoch = 1", "bd",
                   (struct slice){signed_head, size}, &p->device.device));
    assert_refused(r, "not signed by this laptop, or was altered");
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 1); /* the one of this laptop */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(own_of_a_case_that_left_is_what_it_wrote, start, end),
        cmocka_unit_test_setup_teardown(own_that_is_here_is_what_is_here, start, end),
        cmocka_unit_test_setup_teardown(own_that_is_nowhere_is_not_its_own, start, end),
        cmocka_unit_test_setup_teardown(what_a_copy_signed_is_taken, start, end),
        cmocka_unit_test_setup_teardown(a_head_comes_once, start, end),
        cmocka_unit_test_setup_teardown(what_nothing_signed_vouches_for_is_refused, start, end),
        cmocka_unit_test_setup_teardown(no_bit_of_what_vouches_can_be_another, start, end),
        cmocka_unit_test_setup_teardown(another_devices_head_vouches_for_nothing, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
