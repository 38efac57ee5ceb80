/* Tests: daemon/intake/receive.c
 * Receiving: what an honest laptop brings is in the log and proved to it, also what is held; what is broken or forged
 * is refused as a whole, and never stands in the way of the next. */
#include "receive_fixture.h"

static uint64_t entries(const struct receive_fixture *r)
{
    return pair_count(r->office->db, "SELECT count(*) FROM entry");
}

/* Goal: an honest batch is durable as it came, one after another, and its proof holds; sent again it changes nothing
 * and is proved again. */
static void test_honest(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct receive_result first, again;
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push;
    struct merkle_hash root;
    uint64_t size = r->office->checkpoint_size, before;
    struct id note;
    office_root(r->office, &root);
    for (int i = 0; i < 20; i++)
        (void)receive_write_note(r, b, &r->kase, &note);
    office_set(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, "risk", "high");
    push = office_seal(&r->laptop, b, head);
    before = entries(r);
    PAIR_OK(office_give(r->office, &r->laptop, &push, &first, &pair_e));
    assert_int_equal(first.first_seq, 1);
    assert_int_equal(first.seq, 21);
    assert_int_equal(first.first_position, size);
    assert_int_equal(first.held_count, 0);
    assert_int_equal(first.receipt, 0);
    assert_int_equal(entries(r), before + 21);
    office_check_answer(r->office, b, &first, size, &root);
    office_expect(r->office->db, "SELECT risk FROM \"case\" WHERE id = ?", &r->kase, "high");
    /* The answer got lost: the same bytes once more. */
    PAIR_OK(office_give(r->office, &r->laptop, &push, &again, &pair_e));
    assert_int_equal(entries(r), before + 21);
    assert_int_equal(again.first_seq, 1);
    assert_int_equal(again.seq, 21);
    assert_int_equal(again.first_position, first.first_position);
    assert_int_equal(again.received_ms, first.received_ms);
    office_check_answer(r->office, b, &again, size, &root);
    receive_free(&first);
    receive_free(&again);
    free((void *)push.batch.p);
    office_batch_free(b);
}

/* Goal: a batch that begins with what the office has is answered for that part; the rest goes with the next push. */
static void test_overlap(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch(), *longer = office_batch();
    struct office_laptop before = r->laptop;
    struct receive_result result;
    struct id note = id_new(clock_wall());
    uint64_t size;
    office_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", "one");
    assert_int_equal(office_push_well(r->office, &r->laptop, b), 0);
    /* The same first change (a chain is made of hashes: so it is made of the same bytes), and one more. */
    r->laptop = before;
    batch_free(&longer->w);
    batch_start(&longer->w);
    {
        struct log_memory memory = {NULL, 0};
        struct log_entry entry;
        int64_t id = log_find(r->office->db, &r->laptop.device.device, 1, 1, NULL, NULL);
        PAIR_OK(log_load(r->office->db, id, 1, &memory, &entry, &pair_e));
        batch_add_change(&longer->w, entry.change.header, entry.change.body);
        pack_start(&longer->headers[0]);
        pack_raw(&longer->headers[0], entry.change.header);
        longer->count = 1;
        longer->first_seq = 1;
        r->laptop.chain.seq = 1;
        memcpy(r->laptop.chain.hash, entry.change.hash, sizeof entry.change.hash);
        log_memory_free(&memory);
    }
    office_set(&r->laptop, longer, KIND_NOTE, &r->kase, &note, "text", "two");
    size = entries(r);
    PAIR_OK(office_push(r->office, &r->laptop, longer, &result, &pair_e));
    assert_int_equal(result.first_seq, 1);
    assert_int_equal(result.seq, 1); /* not 2: that is not durable */
    assert_int_equal(entries(r), size);
    receive_free(&result);
    office_batch_free(b);
    office_batch_free(longer);
}

/* A push that must be refused as a whole with E_VERIFY, leaving nothing. */
static void refuse(struct receive_fixture *r, struct office_batch *b, const char *words)
{
    struct receive_result result;
    struct error e = {0, ""};
    uint64_t before = entries(r), heads = pair_count(r->office->db, "SELECT count(*) FROM head");
    struct merkle_frontier tree = r->office->tree;
    struct edit_author author = r->office->author;
    assert_int_equal(office_push(r->office, &r->laptop, b, &result, &e), E_VERIFY);
    if (strstr(e.text, words) == NULL)
        fail_msg("refused because %s", e.text);
    assert_int_equal(entries(r), before);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM head"), heads);
    assert_int_equal(tree.size, r->office->tree.size);
    assert_int_equal(author.chain.seq, r->office->author.chain.seq);
    assert_int_equal(author.hlc, r->office->author.hlc);
    receive_free(&result);
    office_batch_free(b);
}

/* Goal: a gap, another previous hash, another epoch, another device's change and a head that names something else are
 * refused as a whole, whatever stands before them in the batch; then the honest batch is taken. */
static void test_broken_chain(void **state)
{
    struct receive_fixture *r = *state;
    struct office_laptop honest = r->laptop, strange;
    struct office_batch *b;
    struct id note;
    for (int broken = 0; broken < 6; broken++) {
        b = office_batch();
        r->laptop = honest;
        (void)receive_write_note(r, b, &r->kase, &note);
        (void)receive_write_note(r, b, &r->other, &note); /* one that would be held: the second pass is undone, too */
        if (broken == 0)
            r->laptop.chain.seq++;
        else if (broken == 1)
            r->laptop.chain.hash[5] ^= 1;
        else if (broken == 2)
            r->laptop.chain.epoch++;
        else if (broken == 3) {
            office_laptop(r->office, &r->ben, &strange);
            r->laptop.chain.device = strange.device.device;
        }
        (void)receive_write_note(r, b, &r->kase, &note);
        r->laptop.chain.device = honest.chain.device;
        if (broken == 4)
            r->laptop.chain.seq++; /* of the head alone */
        else if (broken == 5)
            r->laptop.chain.hash[0] ^= 1;
        refuse(r, b, broken >= 4 ? "head" : "");
    }
    r->laptop = honest;
    r->laptop.chain.seq = 3; /* nothing of 1 to 3 has come */
    b = office_batch();
    (void)receive_write_note(r, b, &r->kase, &note);
    refuse(r, b, "");
    r->laptop = honest;
    b = office_batch();
    (void)receive_write_note(r, b, &r->kase, &note);
    assert_int_equal(office_push_well(r->office, &r->laptop, b), 0);
    office_batch_free(b);
}

/* Goal: a head that another key signed, or of which any bit was changed, is refused. */
static void test_forged_head(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    uint8_t head[CHAIN_HEAD_MAX], key[32], secret[64];
    struct office_laptop forger = r->laptop;
    struct receive_result result;
    struct message_push push;
    uint64_t before = entries(r);
    struct id note;
    (void)receive_write_note(r, b, &r->kase, &note);
    forger.chain = r->laptop.chain;
    crypto_sign_keypair(key, secret);
    memcpy(forger.secret, secret, sizeof secret);
    push = office_seal(&forger, b, head);
    assert_int_equal(office_give(r->office, &r->laptop, &push, &result, NULL), E_VERIFY);
    receive_free(&result);
    free((void *)push.batch.p);
    {
        struct chain_head honest = {.end = r->laptop.chain};
        chain_sign(&honest, r->laptop.secret, head, &push.head.size);
    }
    office_batch_free(b);
    r->laptop.chain.seq = 0;
    memset(r->laptop.chain.hash, 0, sizeof r->laptop.chain.hash);
    b = office_batch();
    (void)receive_write_note(r, b, &r->kase, &note);
    push = office_seal(&r->laptop, b, head);
    for (size_t bit = 0; bit < 8 * push.head.size; bit++) {
        head[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(office_give(r->office, &r->laptop, &push, &result, NULL), 0);
        receive_free(&result);
        head[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < push.head.size; size++) {
        struct message_push cut = push;
        cut.head.size = size;
        assert_int_not_equal(office_give(r->office, &r->laptop, &cut, &result, NULL), 0);
        receive_free(&result);
    }
    for (size_t size = 0; size < push.batch.size; size++) {
        struct message_push cut = push;
        cut.batch.size = size;
        assert_int_not_equal(office_give(r->office, &r->laptop, &cut, &result, NULL), 0);
        receive_free(&result);
    }
    assert_int_equal(entries(r), before);
    free((void *)push.batch.p);
    office_batch_free(b);
}

/* Goal: an empty batch is refused with a sentence. */
static void test_empty_batch(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct receive_result result;
    struct error e = {0, ""};
    assert_int_equal(office_push(r->office, &r->laptop, b, &result, &e), E_INPUT);
    assert_non_null(strstr(e.text, "no change"));
    receive_free(&result);
    office_batch_free(b);
}

/* Goal: a disk image that was put back writes another change with a number that the office has: refused, with words for
 * the one who reads them; what the office has stays. */
static void test_fork(void **state)
{
    struct receive_fixture *r = *state;
    struct office_laptop image = r->laptop;
    struct office_batch *b = office_batch();
    struct id note;
    (void)receive_write_note(r, b, &r->kase, &note);
    (void)receive_write_note(r, b, &r->kase, &note);
    assert_int_equal(office_push_well(r->office, &r->laptop, b), 0);
    office_batch_free(b);
    r->laptop = image;
    b = office_batch();
    (void)receive_write_note(r, b, &r->kase, &note);
    refuse(r, b, "copied or put back");
}

/* Goal: a change out of scope is held; its hold stands before it in the log, the rest of the batch is applied, and all
 * of it stands together and is proved; a lost answer is given again with its reason. */
static void test_held(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct receive_result result, again;
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push;
    struct merkle_hash root;
    struct id note, foreign;
    uint64_t size = r->office->checkpoint_size;
    office_root(r->office, &root);
    (void)receive_write_note(r, b, &r->kase, &note);
    (void)receive_write_note(r, b, &r->other, &foreign);
    (void)receive_write_note(r, b, &r->kase, &note);
    push = office_seal(&r->laptop, b, head);
    PAIR_OK(office_give(r->office, &r->laptop, &push, &result, &pair_e));
    assert_int_equal(result.held_count, 1);
    assert_int_equal(result.held[0].seq, 2);
    assert_int_equal(result.first_position, size + 1); /* behind the hold */
    assert_int_equal(result.seq, 3);
    office_check_answer(r->office, b, &result, size, &root);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM note"), 2);
    assert_int_equal(pair_count(r->office->db, "SELECT held FROM entry WHERE seq = 2 AND kind = 10"), 1);
    assert_int_equal(pair_count(r->office->db,
                                "SELECT count(*) FROM entry h, entry n WHERE h.kind = 6 AND n.kind = 10 AND n.held = 1 "
                                "AND h.position < n.position"),
                     1);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM hold WHERE status = 'held' AND seq = 2"), 1);
    PAIR_OK(office_give(r->office, &r->laptop, &push, &again, &pair_e));
    assert_int_equal(again.held_count, 1);
    assert_string_equal(again.held[0].reason, result.held[0].reason);
    assert_int_equal(again.first_position, result.first_position);
    office_check_answer(r->office, b, &again, size, &root);
    receive_free(&result);
    receive_free(&again);
    free((void *)push.batch.p);
    office_batch_free(b);
}

static uint64_t tick;
static uint64_t ticking(void)
{
    return tick += 1000;
}

/* Goal: the time of receipt never runs backwards in the log, also if holds are written between two passes over a
 * batch, and if the office's clock was put back. (The end of each test checks the log; an auditor refuses one whose
 * time does.) */
static void test_time(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct id note;
    tick = clock_wall();
    r->office->author.wall = ticking; /* every look at the clock is a second later */
    (void)receive_write_note(r, b, &r->kase, &note);
    (void)receive_write_note(r, b, &r->other, &note);
    (void)receive_write_note(r, b, &r->other, &note);
    receive_expect_held(r, b, 6, "caseload");
    tick = 1000000;
    b = office_batch();
    (void)receive_write_note(r, b, &r->kase, &note);
    (void)receive_write_note(r, b, &r->other, &note);
    receive_expect_held(r, b, 2, "caseload");
}

/* Goal: a held change that is released is applied, and a replay says the same; released again it changes nothing. */
static void test_release(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct id note, hold;
    char text[ID_TEXT];
    (void)receive_write_note(r, b, &r->other, &note);
    office_set(&r->laptop, b, KIND_NOTE, &r->other, &note, "text", "an amendment");
    receive_expect_held(r, b, 3, "caseload");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM note"), 0);
    for (unsigned seq = 1; seq <= 2; seq++) {
        char sql[80];
        (void)snprintf(sql, sizeof sql, "SELECT id FROM hold WHERE seq = %u AND ?1 IS NOT NULL", seq);
        office_text(r->office->db, sql, &note, text, sizeof text);
        PAIR_OK(id_parse(text, &hold, &pair_e));
        pair_office_write(r->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
        office_check(r->office);
    }
    office_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &note, "[\"seen at home\",\"an amendment\"]");
    pair_office_write(r->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
    pair_office_write(r->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "kept out", NULL);
    office_check(r->office);
    office_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &note, "[\"seen at home\"]");
}

/* Goal: the largest batch, all of it held, and all of it new cases, is taken without its work growing with the square
 * of its size (this test would run for minutes), and its receipt is seen. */
static void test_large(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct receive_result result;
    struct id record;
    for (int i = 0; i < 1500; i++)
        (void)receive_write_note(r, b, &r->other, &record);
    PAIR_OK(office_push(r->office, &r->laptop, b, &result, &pair_e));
    assert_int_equal(result.held_count, 1500);
    receive_free(&result);
    office_batch_free(b);
    b = office_batch();
    for (int i = 0; i < 1500; i++) {
        record = id_new(clock_wall());
        office_set(&r->laptop, b, KIND_CASE, &record, &record, "title", "new");
    }
    record = id_new(clock_wall());
    office_set(&r->laptop, b, KIND_RECEIPT, &pair_everywhere, &record, "position", "1");
    PAIR_OK(office_push(r->office, &r->laptop, b, &result, &pair_e));
    assert_int_equal(result.held_count, 0);
    assert_int_equal(result.receipt, 1);
    receive_free(&result);
    office_batch_free(b);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"), 1502);
}

/* Goal: what comes without its words (a laptop had let go of them, and the office had lost them) is taken, and an entry
 * of the office in front of the batch says so; sent again it changes nothing. */
static void what_comes_without_words_gets_an_entry_in_front(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct receive_result result;
    struct batch_reader reader;
    struct batch_writer bare;
    struct batch_item item;
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push;
    struct slice whole;
    struct id note;
    uint64_t before = entries(r);
    (void)receive_write_note(r, b, &r->kase, &note);
    (void)receive_write_note(r, b, &r->kase, &note);
    push = office_seal(&r->laptop, b, head);
    whole = push.batch;
    batch_start(&bare);
    PAIR_OK(batch_open(&reader, whole, 0, &pair_e));
    for (int i = 0; batch_next(&reader, &item, NULL) == 1; i++)
        batch_add_change(&bare, item.header, i == 0 ? (struct slice){NULL, 0} : item.body);
    PAIR_OK(batch_finish(&bare, &push.batch, &pair_e));
    for (int i = 0; i < 2; i++) {
        PAIR_OK(office_give(r->office, &r->laptop, &push, &result, &pair_e));
        assert_int_equal(entries(r), before + 3);
        assert_int_equal(result.held_count, 0);
        assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM erased WHERE skeleton IS NULL AND seq = 1"),
                         1);
        assert_int_equal(pair_count(r->office->db, "SELECT min(position) FROM entry WHERE kind = 1000"), before);
        assert_int_equal(result.first_position, before + 1);
        receive_free(&result);
    }
    batch_close(&reader);
    batch_free(&bare);
    free((void *)push.batch.p);
    free((void *)whole.p);
    office_batch_free(b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, receive_fixture_set_up, receive_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_comes_without_words_gets_an_entry_in_front, receive_fixture_set_up,
                                        receive_fixture_tear_down),
        TEST(test_honest),
        TEST(test_overlap),
        TEST(test_broken_chain),
        TEST(test_forged_head),
        TEST(test_empty_batch),
        TEST(test_fork),
        TEST(test_held),
        TEST(test_time),
        TEST(test_release),
        TEST(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
