/* Tests: common/log/log.c
 * The log in a store: what is added comes back as it was; the same again is told from a fork and from a position that
 * is taken; the tree's nodes give proofs. */
#include "office_fixture.h"

static struct db *db;

static int start(void **state)
{
    (void)state;
    if (sodium_init() < 0 || db_open_memory(&db, NULL) != 0 || log_create(db, NULL) != 0)
        return -1;
    return log_create(db, NULL); /* once more: nothing happens */
}

static int end(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

struct written {
    struct pack header, body;
    struct change change;
};

/* A change of a device (by its first byte) with a value. */
static void write_change(struct written *w, uint8_t device, uint64_t epoch, uint64_t seq, const char *words)
{
    struct change_draft d;
    struct pack value;
    change_draft_start(&d);
    memset(&d.device, device, sizeof d.device);
    d.epoch = epoch;
    d.seq = seq;
    d.kind = KIND_NOTE;
    d.scope.b[0] = 1;
    d.record.b[0] = 2;
    pack_start(&value);
    pack_text(&value, words, strlen(words));
    change_draft_op(&d, 10, CHANGE_SET, pack_bytes(&value), NULL, 0);
    PAIR_OK(change_write(&d, &w->header, &w->body, w->change.hash, &pair_e));
    PAIR_OK(change_read(pack_bytes(&w->header), pack_bytes(&w->body), &w->change, &pair_e));
    pack_free(&value);
    change_draft_free(&d);
}

static void forget(struct written *w)
{
    pack_free(&w->header);
    pack_free(&w->body);
}

static const struct slice none = {NULL, 0};

/* Adds a change; *id is as log_add sets it. */
static int add_to_log(const struct change *c, uint64_t position, uint64_t received_ms, struct slice mask, int64_t *id,
                      struct error *e)
{
    struct log_entry entry = {.position = position, .received_ms = received_ms, .mask = mask, .change = *c};
    int code = log_add(db, &entry, e);
    *id = entry.id;
    return code;
}

/* Goal: an entry comes back with every byte and number, with and without its body; its slices outlive the statement and
 * every load into other memory; nothing stays open. */
static void test_load(void **state)
{
    struct written a, b;
    struct log_memory memory = {NULL, 0}, other_memory = {NULL, 0};
    struct log_entry entry, other;
    static const uint8_t mask[] = {5};
    int64_t id, waiting;
    (void)state;
    write_change(&a, 1, 1, 1, "first");
    write_change(&b, 2, 1, 1, "waits");
    PAIR_OK(add_to_log(&a.change, 7, 1234, (struct slice){mask, 1}, &id, &pair_e));
    PAIR_OK(add_to_log(&b.change, LOG_NO_POSITION, 0, none, &waiting, &pair_e));
    PAIR_OK(log_load(db, id, 1, &memory, &entry, &pair_e));
    assert_int_equal(entry.id, id);
    assert_int_equal(entry.position, 7);
    assert_int_equal(entry.received_ms, 1234);
    assert_int_equal(entry.held, 0);
    assert_int_equal(entry.mask.size, 1);
    assert_int_equal(entry.mask.p[0], 5);
    assert_true(slice_equal(entry.change.header, pack_bytes(&a.header)));
    assert_true(slice_equal(entry.change.body, pack_bytes(&a.body)));
    assert_int_equal(entry.change.op_count, 1);
    for (int i = 0; i < 100; i++) /* other statements, also the same one, do not move it */
        assert_int_equal(log_find(db, &b.change.device, 1, 1, NULL, NULL), waiting);
    assert_true(slice_equal(entry.change.body, pack_bytes(&a.body)));
    PAIR_OK(log_load(db, waiting, 0, &other_memory, &other, &pair_e));
    assert_int_equal(other.position, LOG_NO_POSITION);
    assert_null(other.change.body.p);
    assert_null(other.mask.p);
    assert_int_equal(other.change.op_count, 0);
    assert_int_equal(log_load(db, 999, 1, &other_memory, &other, NULL), E_NOT_FOUND);
    assert_true(slice_equal(entry.change.header, pack_bytes(&a.header)));
    assert_true(slice_equal(entry.change.body, pack_bytes(&a.body)));
    assert_int_equal(entry.mask.p[0], 5);
    PAIR_OK(log_accept(db, waiting, 8, 99, &pair_e));
    PAIR_OK(log_set_held(db, waiting, 5, &pair_e));
    PAIR_OK(log_load(db, waiting, 1, &other_memory, &other, &pair_e));
    assert_int_equal(other.position, 8);
    assert_int_equal(other.received_ms, 99);
    assert_int_equal(other.held, 1);
    for (int i = 0; i < 1000; i++)
        PAIR_OK(log_load(db, id, 1, &memory, &entry, &pair_e));
    assert_true(slice_equal(other.change.body, pack_bytes(&b.body)));
    for (sqlite3_stmt *s = sqlite3_next_stmt(db_handle(db), NULL); s != NULL; s = sqlite3_next_stmt(db_handle(db), s))
        assert_int_equal(sqlite3_stmt_busy(s), 0);
    log_memory_free(&memory);
    log_memory_free(&memory); /* it is as it began */
    log_memory_free(&other_memory);
    forget(&a);
    forget(&b);
}

/* Goal: the same change again is E_EXISTS, another one with its number is a fork, another one at its position is
 * neither, and none of them changes the store. */
static void test_twice(void **state)
{
    struct written a, b, c;
    uint8_t hash[32];
    int64_t id, again = 0;
    (void)state;
    write_change(&a, 1, 1, 1, "one");
    write_change(&b, 1, 1, 1, "another");
    write_change(&c, 2, 1, 1, "elsewhere");
    PAIR_OK(add_to_log(&a.change, 0, 1, none, &id, &pair_e));
    assert_int_equal(add_to_log(&a.change, 0, 1, none, &again, NULL), E_EXISTS);
    assert_int_equal(again, id);
    assert_int_equal(add_to_log(&a.change, 5, 1, none, &again, NULL), E_EXISTS);
    assert_int_equal(add_to_log(&b.change, 1, 1, none, &again, NULL), E_VERIFY);
    assert_int_equal(add_to_log(&c.change, 0, 1, none, &again, NULL), E_VERIFY);
    assert_int_equal(pair_count(db, "SELECT count(*) FROM entry"), 1);
    assert_int_equal(log_find(db, &a.change.device, 1, 1, hash, NULL), id);
    assert_memory_equal(hash, a.change.hash, 32);
    assert_int_equal(log_find(db, &a.change.device, 1, 2, NULL, NULL), 0);
    forget(&a);
    forget(&b);
    forget(&c);
}

struct order {
    uint64_t seqs[8];
    unsigned count, stop;
};

static int note_order(void *arg, struct log_entry *entry, struct error *e)
{
    struct order *o = arg;
    (void)e;
    o->seqs[o->count++] = entry->change.seq;
    return o->count == o->stop ? 77 : 0;
}

/* Goal: entries come by position, then those that wait, in the order in which they were written; the caller can stop; a
 * chain ends in each of its epochs for itself. */
static void test_order(void **state)
{
    static const uint64_t positions[] = {2, LOG_NO_POSITION, 0, LOG_NO_POSITION, 1};
    struct order o = {.stop = 0}, stopped = {.stop = 2}, from = {.stop = 0};
    struct written w;
    struct chain chain;
    int64_t id;
    (void)state;
    PAIR_OK(log_chain_end(db, &pair_everywhere, 1, &chain, &pair_e));
    assert_int_equal(chain.seq, 0);
    for (unsigned i = 0; i < 5; i++) {
        write_change(&w, 3, 1, i + 1, "x");
        PAIR_OK(add_to_log(&w.change, positions[i], 1, none, &id, &pair_e));
        forget(&w);
    }
    PAIR_OK(log_each(db, 0, note_order, &o, &pair_e));
    assert_int_equal(o.count, 5);
    assert_memory_equal(o.seqs, ((uint64_t[]){3, 5, 1, 2, 4}), 5 * sizeof *o.seqs);
    assert_int_equal(log_each(db, 0, note_order, &stopped, NULL), 77);
    assert_int_equal(stopped.count, 2);
    PAIR_OK(log_each(db, 2, note_order, &from, &pair_e));
    assert_memory_equal(from.seqs, ((uint64_t[]){1, 2, 4}), 3 * sizeof *o.seqs);
    write_change(&w, 3, 2, 1, "a new epoch");
    PAIR_OK(add_to_log(&w.change, 3, 1, none, &id, &pair_e));
    PAIR_OK(log_chain_end(db, &w.change.device, 1, &chain, &pair_e));
    assert_int_equal(chain.seq, 5);
    PAIR_OK(log_chain_end(db, &w.change.device, 2, &chain, &pair_e));
    assert_int_equal(chain.epoch, 2);
    assert_int_equal(chain.seq, 1);
    assert_memory_equal(chain.hash, w.change.hash, 32);
    forget(&w);
}

/* Goal: a header or a body that was changed in the store is seen when it is read. */
static void test_damaged(void **state)
{
    static const char *const damages[] = {
        "UPDATE entry SET body = X'93' || substr(body, 2, 20)", "UPDATE entry SET header = substr(header, 1, 30)",
        "UPDATE entry SET body = zeroblob(300000)", "UPDATE entry SET header = zeroblob(600)"};
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct written w;
        struct log_memory memory = {NULL, 0};
        struct log_entry entry;
        struct error e = {0, ""};
        int64_t id;
        write_change(&w, 4, 1, i + 1, "x");
        PAIR_OK(db_exec(db, "DELETE FROM entry", &pair_e));
        PAIR_OK(add_to_log(&w.change, 0, 1, none, &id, &pair_e));
        PAIR_OK(db_exec(db, damages[i], &pair_e));
        assert_int_equal(log_load(db, id, 1, &memory, &entry, &e), E_VERIFY);
        log_memory_free(&memory);
        assert_int_equal(log_each(db, 0, note_order, &(struct order){.stop = 0}, &e), E_VERIFY);
        forget(&w);
    }
}

/* Goal: the stored tree is the tree: for every size its frontier has the root, and its nodes prove every leaf; a node
 * that is lost is told. */
static void test_tree(void **state)
{
    struct merkle_source source = log_tree(db);
    struct merkle_frontier tree, loaded;
    struct merkle_hash leaves[70], root, again;
    struct merkle_proof proof;
    struct error e = {0, ""};
    uint64_t position;
    (void)state;
    PAIR_OK(log_frontier(db, &tree, &pair_e));
    assert_int_equal(tree.size, 0);
    for (uint64_t i = 0; i < 70; i++) {
        uint8_t byte = (uint8_t)i;
        log_leaf(1000 + i, (struct slice){&byte, 1}, &leaves[i]);
        PAIR_OK(log_tree_append(db, &tree, &leaves[i], &position, &pair_e));
        assert_int_equal(position, i);
        PAIR_OK(log_frontier(db, &loaded, &pair_e));
        assert_int_equal(loaded.size, i + 1);
        merkle_root(&tree, &root);
        merkle_root(&loaded, &again);
        assert_memory_equal(root.b, again.b, 32);
        PAIR_OK(merkle_inclusion(&source, i / 2, i + 1, &proof, &pair_e));
        PAIR_OK(merkle_verify_inclusion(&leaves[i / 2], i / 2, i + 1, &root, &proof, &pair_e));
    }
    PAIR_OK(db_exec(db, "DELETE FROM node WHERE level = 2 AND number = 16", &pair_e));
    assert_int_equal(log_frontier(db, &loaded, &e), E_VERIFY);
    assert_non_null(strstr(e.text, "2/16"));
}

static unsigned heads;
static int count_head(void *arg, struct slice signed_head, struct error *e)
{
    (void)e;
    assert_int_equal(signed_head.size, 3);
    heads++;
    return *(int *)arg;
}

/* Goal: heads come back in order, and one that comes twice is kept once. */
static void test_heads(void **state)
{
    struct chain_head head = {.end = {.epoch = 1}};
    int none_stops = 0, stops = 9;
    (void)state;
    for (uint64_t seq = 1; seq <= 3; seq++)
        for (int twice = 0; twice < 2; twice++) {
            head.end.seq = seq;
            PAIR_OK(log_head_add(db, &head, (struct slice){(const uint8_t *)"abc", 3}, &pair_e));
        }
    heads = 0;
    PAIR_OK(log_heads(db, count_head, &none_stops, &pair_e));
    assert_int_equal(heads, 3);
    heads = 0;
    assert_int_equal(log_heads(db, count_head, &stops, NULL), 9);
    assert_int_equal(heads, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_load), TEST(test_twice), TEST(test_order), TEST(test_damaged), TEST(test_tree), TEST(test_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
