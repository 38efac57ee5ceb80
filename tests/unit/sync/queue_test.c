/* Tests: client/sync/queue.c client/store/unsent.c
 * The queue: a change leaves it with the office's proof, and with nothing less. */
#include "pair_fixture.h"

#include "batch.h"

static int start(void **state)
{
    struct pair *p = malloc(sizeof *p);
    pair_start(p);
    *state = p;
    return 0;
}

static int end(void **state)
{
    pair_end(*state);
    free(*state);
    return 0;
}

/* A client and a case, taken down in the field, and `notes` notes. */
static void take_down(struct pair *p, unsigned notes)
{
    struct id client = id_new(clock_wall()), kase = id_new(clock_wall());
    char text[ID_TEXT];
    id_format(&client, text);
    pair_field_write(p, KIND_CLIENT, &client, &client, 1, "legal_name", "Bea", NULL);
    pair_field_write(p, KIND_CASE, &kase, &kase, 1, "client", text, "title", "heating", NULL);
    for (unsigned i = 0; i < notes; i++) {
        struct id note = id_new(clock_wall());
        pair_field_write(p, KIND_NOTE, &kase, &note, 1, "text", "all is well", NULL);
    }
}

static uint64_t queued(struct pair *p)
{
    uint64_t n;
    PAIR_OK(unsent_count(p->db, &n, &pair_e));
    return n;
}

/* Goal: what waits is sent in the order of its chain, under a head that names the last of it. */
static void test_take(void **state)
{
    struct pair *p = *state;
    struct unsent_batch batch;
    struct batch_reader r;
    struct batch_item item;
    struct chain_head head;
    struct change c;
    struct chain chain = {.device = p->device.device, .epoch = 1};
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    assert_int_equal(batch.count, 0);
    take_down(p, 3);
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    assert_int_equal(batch.count, 5);
    assert_int_equal(batch.typed, 5);
    assert_int_equal(batch.first_seq, 1);
    assert_int_equal(batch.last_seq, 5);
    PAIR_OK(batch_open(&r, batch.bytes, 0, &pair_e));
    while (batch_next(&r, &item, NULL) == 1) {
        PAIR_OK(change_read(item.header, item.body, &c, &pair_e));
        PAIR_OK(chain_follow(&chain, &c, &pair_e));
    }
    batch_close(&r);
    PAIR_OK(chain_open((struct slice){batch.head, batch.head_bytes}, p->device.sign_key, &head, &pair_e));
    assert_int_equal(head.end.seq, 5);
    assert_memory_equal(head.end.hash, chain.hash, sizeof chain.hash);
    assert_int_equal(head.checkpoint_size, 0);
    unsent_free(&batch);
}

/* Goal: a verified answer gives every change its place; the checkpoint is kept; nothing waits any more. */
static void test_pushed(void **state)
{
    struct pair *p = *state;
    struct unsent_seen seen;
    take_down(p, 3);
    assert_int_equal(queued(p), 5);
    assert_int_equal(pair_push(p), 0);
    assert_int_equal(queued(p), 0);
    PAIR_OK(unsent_seen(p->db, &seen, &pair_e));
    assert_int_equal(seen.size, p->office->checkpoint_size);
    assert_int_equal(db_meta_uint(p->db, "acked_seq"), 5);
    /* Places and receipts are the office's. */
    for (uint64_t seq = 1; seq <= 5; seq++) {
        struct log_memory memory = {NULL, 0};
        struct log_entry here, there;
        int64_t id = log_find(p->db, &p->device.device, 1, seq, NULL, NULL);
        PAIR_OK(log_load(p->db, id, 0, &memory, &here, &pair_e));
        id = log_find(p->office->db, &p->device.device, 1, seq, NULL, NULL);
        PAIR_OK(log_load(p->office->db, id, 0, &memory, &there, &pair_e));
        log_memory_free(&memory); /* their numbers alone are looked at */
        assert_int_equal(here.position, there.position);
        assert_int_equal(here.received_ms, there.received_ms);
    }
    /* And again, from where it stands now. */
    take_down(p, 0);
    assert_int_equal(pair_push(p), 0);
    assert_int_equal(queued(p), 0);
    assert_int_equal(db_meta_uint(p->db, "acked_seq"), 7);
}

/* Goal: an answer that was lost on its way is given again for the same changes, and works; one that comes twice too. */
static void test_resend(void **state)
{
    struct pair *p = *state;
    struct message_welcome welcome;
    struct unsent_batch batch;
    struct message_pushed answer;
    struct pack memory;
    size_t held;
    take_down(p, 2);
    pair_welcome(p, &welcome);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    pair_receive(p, &batch, &answer, &memory); /* durable there; the laptop never hears of it */
    pack_free(&memory);
    unsent_free(&batch);
    assert_int_equal(queued(p), 4);
    take_down(p, 1);
    /* The next time the office has four of seven. */
    pair_welcome(p, &welcome);
    assert_int_equal(welcome.have.seq, 4);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    assert_int_equal(batch.first_seq, 1);
    assert_int_equal(batch.last_seq, 7);
    pair_receive(p, &batch, &answer, &memory);
    assert_int_equal(answer.seq, 4);
    PAIR_OK(pair_accept(p, &batch, &answer, &held, &pair_e));
    assert_int_equal(queued(p), 3);
    /* The same answer twice. The consistency is from the checkpoint that is the newest already. */
    answer.consistency.count = 0;
    PAIR_OK(pair_accept(p, &batch, &answer, &held, &pair_e));
    assert_int_equal(queued(p), 3);
    pack_free(&memory);
    unsent_free(&batch);
    assert_int_equal(pair_push(p), 0);
    assert_int_equal(queued(p), 0);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM note"), 3);
}

/* Goal: whatever is false in an answer, nothing leaves the queue and nothing is stored. */
static void test_false_answers(void **state)
{
    struct pair *p = *state;
    struct message_welcome welcome;
    struct unsent_batch batch;
    struct message_pushed good, bad;
    struct pack memory;
    char note[CHECKPOINT_TEXT_MAX];
    size_t held, note_bytes;
    struct error e;
    uint64_t seen;
    take_down(p, 2);
    pair_welcome(p, &welcome);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    seen = db_meta_uint(p->db, "checkpoint_size");
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    pair_receive(p, &batch, &good, &memory);
    assert_true(good.consistency.count != 0 && good.range.count != 0);
#define REFUSED(code)                                                                                                  \
    do {                                                                                                               \
        assert_int_equal(pair_accept(p, &batch, &bad, &held, &e), code);                                               \
        assert_int_equal(queued(p), 4);                                                                                \
        assert_int_equal(db_meta_uint(p->db, "checkpoint_size"), seen);                                                \
        assert_int_equal(db_meta_uint(p->db, "acked_seq"), 0);                                                         \
        assert_non_null(strstr(e.text, "nothing was lost"));                                                           \
    } while (0)
    /* Every byte of the note: the statement, the signature. */
    note_bytes = good.checkpoint.size;
    memcpy(note, good.checkpoint.p, note_bytes);
    for (size_t i = 0; i < note_bytes; i++) {
        bad = good;
        bad.checkpoint = (struct slice){(const uint8_t *)note, note_bytes};
        note[i] ^= 1;
        REFUSED(E_VERIFY);
        note[i] ^= 1;
    }
    for (size_t i = 0; i < good.consistency.count; i++) {
        bad = good;
        bad.consistency.hashes[i].b[7] ^= 0x10;
        REFUSED(E_VERIFY);
    }
    for (size_t i = 0; i < good.range.count; i++) {
        bad = good;
        bad.range.hashes[i].b[31] ^= 1;
        REFUSED(E_VERIFY);
    }
    bad = good;
    bad.range.count--;
    REFUSED(E_VERIFY);
    bad = good;
    bad.consistency.count--;
    REFUSED(E_VERIFY);
    bad = good;
    bad.first_position++;
    REFUSED(E_VERIFY);
    bad = good;
    bad.first_position = INT64_MAX;
    REFUSED(E_VERIFY);
    bad = good;
    bad.received_ms++;
    REFUSED(E_VERIFY);
    bad = good;
    bad.seq--; /* less than the proof is of */
    REFUSED(E_VERIFY);
    bad = good;
    bad.seq++; /* more than was sent */
    REFUSED(E_PEER);
    bad = good;
    bad.seq = 0;
    REFUSED(E_PEER);
    bad = good;
    bad.first_seq++;
    REFUSED(E_PEER);
    bad = good;
    bad.epoch++;
    REFUSED(E_PEER);
    /* And the true one is taken after all. */
    PAIR_OK(pair_accept(p, &batch, &good, &held, &pair_e));
    assert_int_equal(queued(p), 0);
#undef REFUSED
    pack_free(&memory);
    unsent_free(&batch);
}

static void refused_at_the_door(struct pair *p, const struct message_welcome *w, const char *words)
{
    struct unsent_seen before, after;
    struct error e;
    PAIR_OK(unsent_seen(p->db, &before, &pair_e));
    assert_int_equal(pair_meet(p, w, &e), E_VERIFY);
    assert_non_null(strstr(e.text, words));
    PAIR_OK(unsent_seen(p->db, &after, &pair_e));
    assert_memory_equal(&before, &after, sizeof before);
}

/* Goal: an office whose log shrank or changed is refused when we meet, loudly, and nothing is stored. */
static void test_other_history(void **state)
{
    struct pair *p = *state;
    struct central *office = p->office, *other = pair_office_new(office->keys->sign_secret);
    struct message_welcome w;
    take_down(p, 2);
    pair_push(p);
    /* Another log under the same key, shorter, as long, and longer. */
    p->office = other;
    pair_office_write(other, KIND_OFFICE, &pair_everywhere, &other->office, 1, "name", "Other", NULL);
    pair_welcome(p, &w);
    refused_at_the_door(p, &w, "has shrunk");
    while (other->checkpoint_size < office->checkpoint_size) {
        struct id record = id_new(clock_wall());
        pair_office_write(other, KIND_PROVIDER, &pair_everywhere, &record, 1, "name", "x", NULL);
    }
    pair_welcome(p, &w);
    refused_at_the_door(p, &w, "history has changed");
    pair_office_write(other, KIND_OFFICE, &pair_everywhere, &other->office, 0, "name", "Longer", NULL);
    pair_welcome(p, &w);
    refused_at_the_door(p, &w, "history has changed");
    p->office = office;
    pair_office_free(other);
    /* The true one is met as if nothing had been. */
    pair_welcome(p, &w);
    PAIR_OK(pair_meet(p, &w, &pair_e));
}

static void forks(struct pair *p, const struct message_welcome *w)
{
    PAIR_OK(pair_meet(p, w, &pair_e));
    assert_true(p->forked);
}

/* Goal: what the office has of our epoch is a beginning of our chain, or that has forked; and it is no less than the
 * office has proved to hold. */
static void test_forks(void **state)
{
    struct pair *p = *state;
    struct message_welcome good, bad;
    take_down(p, 2);
    pair_push(p);
    take_down(p, 1);
    pair_welcome(p, &good);
    assert_int_equal(good.have.seq, 4);
    bad = good;
    bad.have.seq = 8; /* ahead of us */
    forks(p, &bad);
    bad = good;
    bad.have.hash[0] ^= 1;
    forks(p, &bad);
    bad = good;
    bad.have.seq = 6; /* not acknowledged yet, and another one's hash */
    forks(p, &bad);
    bad = good;
    bad.have.epoch = 2;
    forks(p, &bad);
    bad = good;
    bad.have.device.b[3] ^= 1;
    forks(p, &bad);
    bad = good;
    bad.have.seq = 3;
    refused_at_the_door(p, &bad, "has lost changes");
    bad = good;
    bad.have.seq = 0;
    memset(bad.have.hash, 0, sizeof bad.have.hash);
    refused_at_the_door(p, &bad, "has lost changes");
    assert_int_equal(queued(p), 3);
    PAIR_OK(pair_meet(p, &good, &pair_e));
    assert_false(p->forked);
}

/* Goal: what the office holds back leaves the record, stays in the log, and is noted with the reason. */
static void test_held(void **state)
{
    struct pair *p = *state;
    sqlite3_stmt *s;
    take_down(p, 1);
    assert_int_equal(pair_push(p), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 1);
    p->device.revoked = 1;
    take_down(p, 2);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 3);
    assert_int_equal(pair_push(p), 4);
    assert_int_equal(queued(p), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry WHERE held = 1 AND position IS NOT NULL"), 4);
    PAIR_OK(db_query(p->db, &s, &pair_e, "SELECT seq, kind, reason FROM held_note ORDER BY seq LIMIT 1", ""));
    assert_int_equal(db_next(p->db, s, NULL), 1);
    assert_int_equal(db_uint(s, 0), 4);
    assert_int_equal(db_uint(s, 1), KIND_CLIENT);
    assert_non_null(strstr(db_text(s, 2), "disabled"));
    db_done(p->db, s);
    /* A rebuild does not bring them back. */
    PAIR_OK(record_rebuild(p->db, &pair_e));
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 1);
}

/* Goal: more than fits one batch goes out in several, each whole, none twice. */
static void test_many(void **state)
{
    enum { NOTES = LIMITS_BATCH_CHANGES_MAX + 100 };
    struct pair *p = *state;
    struct unsent_batch batch;
    take_down(p, NOTES);
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    assert_true(batch.count < NOTES);
    assert_true(batch.count > 100);
    unsent_free(&batch);
    /* A small one holds less, and never nothing. */
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, 2000}, &batch, &pair_e));
    assert_in_range(batch.count, 2, 10);
    unsent_free(&batch);
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, 1}, &batch, &pair_e));
    assert_int_equal(batch.count, 1);
    unsent_free(&batch);
    assert_int_equal(pair_push(p), 0);
    assert_int_equal(queued(p), 0);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM note"), NOTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_take, start, end),
        cmocka_unit_test_setup_teardown(test_pushed, start, end),
        cmocka_unit_test_setup_teardown(test_resend, start, end),
        cmocka_unit_test_setup_teardown(test_false_answers, start, end),
        cmocka_unit_test_setup_teardown(test_other_history, start, end),
        cmocka_unit_test_setup_teardown(test_forks, start, end),
        cmocka_unit_test_setup_teardown(test_held, start, end),
        cmocka_unit_test_setup_teardown(test_many, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
