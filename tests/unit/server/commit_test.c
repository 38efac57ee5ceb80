/* Tests: daemon/server/commit.c
 * Group commit: several pushes in one transaction; one that must be refused takes nothing from the others; if the
 * disk is full all of them fail together, and the office goes on as it was. */
#include "office_fixture.h"

#include "commit.h"
#include "quota.h"

struct room {
    struct server server;
    struct id user, client, kase;
    struct office_laptop laptops[3];
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    struct id assignment;
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    r->server.central = pair_office_new(secret);
    r->server.last = &r->server.first;
    r->user = office_user(r->server.central, "anna", "case manager");
    pair_office_case(r->server.central, &r->user, &r->client, &r->kase, &assignment);
    for (int i = 0; i < 3; i++)
        office_laptop(r->server.central, &r->user, &r->laptops[i]);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    office_check(r->server.central);
    pair_office_free(r->server.central);
    free(r);
    return 0;
}

/* Queues notes of a laptop, as from a peer that is gone. Damaged: its head is not its own. */
static void queue(struct room *r, int laptop, int notes, size_t note_bytes, int damaged)
{
    struct office_laptop *l = &r->laptops[laptop];
    struct office_batch *b = office_batch();
    uint8_t head[CHAIN_HEAD_MAX];
    char *text = malloc(note_bytes + 1);
    struct message_push push;
    assert_non_null(text);
    memset(text, 'x', note_bytes);
    text[note_bytes] = 0;
    for (int i = 0; i < notes; i++) {
        struct id note = id_new(clock_wall());
        office_set(l, b, KIND_NOTE, &r->kase, &note, "text", text);
    }
    push = office_seal(l, b, head);
    head[push.head.size - 1] ^= (uint8_t)damaged;
    PAIR_OK(commit_queue(&r->server, NULL, &l->device, &push, NULL, &pair_e));
    memset(head, 0, sizeof head); /* the queue has its own copy */
    memset((void *)push.batch.p, 0, push.batch.size);
    free((void *)push.batch.p);
    free(text);
    office_batch_free(b);
}

/* Goal: of three pushes in one turn the broken one leaves nothing and the other two are durable, under one checkpoint.
 */
static void test_one_bad(void **state)
{
    struct room *r = *state;
    struct central *c = r->server.central;
    uint64_t before = c->tree.size;
    commit_run(&r->server); /* nothing to do */
    assert_int_equal(c->tree.size, before);
    queue(r, 0, 3, 10, 0);
    queue(r, 1, 5, 10, 1);
    queue(r, 2, 4, 10, 0);
    assert_int_equal(c->tree.size, before); /* not before its turn */
    commit_run(&r->server);
    assert_int_equal(c->tree.size, before + 7);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM note"), 7);
    assert_null(r->server.first);
    commit_run(&r->server);
    assert_int_equal(c->tree.size, before + 7);
}

/* Goal: if the disk is full in the middle of a turn, nothing of any push stays, the log and the checkpoint agree,
 * and once there is room everything is taken. */
static void test_full(void **state)
{
    struct room *r = *state;
    struct central *c = r->server.central;
    struct office_laptop before[3];
    uint64_t size = c->tree.size;
    char sql[64];
    memcpy(before, r->laptops, sizeof before);
    for (int room = 2; room < 40; room += 6) {
        uint64_t pages = pair_count(c->db, "PRAGMA page_count");
        (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %llu", (unsigned long long)pages + (unsigned)room);
        (void)pair_count(c->db, sql);
        memcpy(r->laptops, before, sizeof before);
        queue(r, 0, 1, 10, 0);
        queue(r, 1, 8, 30000, 0);
        queue(r, 2, 1, 10, 0);
        commit_run(&r->server);
        assert_int_equal(db_in_transaction(c->db), 0);
        assert_int_equal(c->tree.size, c->checkpoint_size);
        assert_int_equal(pair_count(c->db, "SELECT count(*) FROM entry"), c->tree.size);
        assert_int_equal(pair_count(c->db, "SELECT count(*) FROM node WHERE level = 0"), c->tree.size);
        if (c->tree.size != size)
            break; /* SQLite gave up the one statement alone: the large push failed by itself */
    }
    (void)pair_count(c->db, "PRAGMA max_page_count = 1000000");
    for (int i = 0; i < 3; i++) {
        struct chain end;
        r->laptops[i] = before[i];
        PAIR_OK(log_chain_end(c->db, &before[i].device.device, 1, &end, &pair_e));
        r->laptops[i].chain.seq = end.seq;
        memcpy(r->laptops[i].chain.hash, end.hash, sizeof end.hash);
        queue(r, i, 2, 30000, 0);
    }
    size = c->tree.size;
    commit_run(&r->server);
    assert_int_equal(c->tree.size, size + 6);
}

/* Goal: a laptop that has sent much does not keep others waiting: a turn has one push of each. */
static void laptops_take_turns(void **state)
{
    struct room *r = *state;
    struct central *c = r->server.central;
    uint64_t before = c->tree.size;
    for (int i = 0; i < 4; i++)
        queue(r, 0, 5, 10, 0);
    queue(r, 1, 1, 10, 0);
    queue(r, 2, 2, 10, 0);
    commit_run(&r->server);
    assert_int_equal(c->tree.size, before + 5 + 1 + 2);
    assert_non_null(r->server.first);
    queue(r, 1, 1, 10, 0); /* behind what is left */
    commit_run(&r->server);
    assert_int_equal(c->tree.size, before + 5 + 1 + 2 + 5 + 1);
    commit_run(&r->server);
    commit_run(&r->server);
    assert_int_equal(c->tree.size, before + 20 + 2 + 2);
    assert_null(r->server.first);
    assert_ptr_equal(r->server.last, &r->server.first);
}

/* Goal: the link of a laptop that is shut out is closed by what it brings too much of, and by nothing else that is
 * refused; one that is let in is never closed. */
static void only_what_is_too_much_closes_a_link(void **state)
{
    struct room *r = *state;
    struct central *c = r->server.central;
    const struct device *device = &r->laptops[0].device;
    struct device now;
    struct office_laptop before;
    uint64_t size;
    pair_office_write(c, KIND_DEVICE, &pair_everywhere, &device->device, 0, "status", "disabled", "quota", "1", NULL);
    PAIR_OK(device_by_id(c->db, &device->device, &now, &pair_e));
    assert_int_equal(now.revoked, 1);
    before = r->laptops[0];
    queue(r, 0, 5, 10, 1); /* its head is not its own */
    commit_run(&r->server);
    PAIR_OK(quota_check_link(c, &now, &pair_e));
    r->laptops[0] = before;
    queue(r, 0, 60, 10, 0);
    commit_run(&r->server);
    PAIR_OK(quota_check_link(c, &now, &pair_e));
    size = c->tree.size;
    queue(r, 0, 60, 10, 0);
    commit_run(&r->server);
    assert_int_equal(c->tree.size, size);
    assert_int_equal(quota_check_link(c, &now, NULL), E_REFUSED);
    pair_office_write(c, KIND_DEVICE, &pair_everywhere, &r->laptops[1].device.device, 0, "quota", "1", NULL);
    for (int i = 0; i < 8; i++)
        queue(r, 1, 100, 10, 0);
    while (r->server.first != NULL)
        commit_run(&r->server);
    PAIR_OK(device_by_id(c->db, &r->laptops[1].device.device, &now, &pair_e));
    PAIR_OK(quota_check_link(c, &now, &pair_e));
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM brought WHERE closed = 1"), 1);
}

enum { LARGE_NOTES = 20, LAPTOPS = 12 };

/* Queues notes of a laptop, half a megabyte, of which nothing is shorter on the way. */
static void queue_large(struct room *r, struct office_laptop *l)
{
    struct office_batch *b = office_batch();
    uint8_t head[CHAIN_HEAD_MAX], bytes[25000];
    char *text = malloc(2 * sizeof bytes + 1);
    struct message_push push;
    assert_non_null(text);
    for (int i = 0; i < LARGE_NOTES; i++) {
        struct id note = id_new(clock_wall());
        randombytes_buf(bytes, sizeof bytes);
        office_hex(bytes, sizeof bytes, text);
        office_set(l, b, KIND_NOTE, &r->kase, &note, "text", text);
    }
    push = office_seal(l, b, head);
    PAIR_OK(commit_queue(&r->server, NULL, &l->device, &push, NULL, &pair_e));
    free((void *)push.batch.p);
    free(text);
    office_batch_free(b);
}

/* Goal: a turn is bounded by bytes, whoever they are of; each turn takes something, so the queue comes to an end. */
static void a_turn_is_bounded_by_bytes(void **state)
{
    struct room *r = *state;
    struct office_laptop *all = calloc(LAPTOPS, sizeof *all);
    uint64_t size;
    int turns = 0;
    assert_non_null(all);
    for (int i = 0; i < LAPTOPS; i++) {
        office_laptop(r->server.central, &r->user, &all[i]);
        queue_large(r, &all[i]);
    }
    size = r->server.central->tree.size;
    for (; r->server.first != NULL; turns++) {
        uint64_t before = r->server.central->tree.size;
        commit_run(&r->server);
        assert_in_range(r->server.central->tree.size, before + LARGE_NOTES, before + 10 * LARGE_NOTES);
    }
    assert_in_range(turns, 2, 4);
    assert_int_equal(r->server.central->tree.size, size + LARGE_NOTES * LAPTOPS);
    free(all);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {TEST(test_one_bad), TEST(test_full), TEST(laptops_take_turns),
                                       TEST(only_what_is_too_much_closes_a_link), TEST(a_turn_is_bounded_by_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
