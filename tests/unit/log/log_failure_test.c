/* Tests: common/log/log.c
 * The log when the store or the memory fails. */
#include "store_failure_fixture.h"

#include "chain.h"

static struct history *story;

/* Two changes, a head and a tree of three leaves. */
static struct db *tell(void)
{
    static const uint8_t secret[64] = {1};
    struct chain_head head = {{history_id(0xd001), 1, 2, {7}}, 0, {{0}}};
    struct merkle_frontier tree = {.size = 0};
    uint8_t bytes[CHAIN_HEAD_MAX];
    struct db *db = history_store_new();
    struct merkle_hash leaf;
    uint64_t position;
    size_t size;
    story = history_new();
    for (unsigned i = 0; i < 2; i++) {
        history_begin(story, 1, KIND_CLIENT, history_id(1), history_id(1));
        history_put_text(story, 15, CHANGE_SET, i == 0 ? "one" : "two", NULL, 0);
        (void)history_end(story);
    }
    history_take_all(db, story);
    chain_sign(&head, secret, bytes, &size);
    assert_done(log_head_add(db, &head, (struct slice){bytes, size}, &history_error));
    for (uint64_t i = 0; i < 3; i++) {
        log_leaf(TODAY + i, story->entries[i % 2].change.header, &leaf);
        assert_done(log_tree_append(db, &tree, &leaf, &position, &history_error));
    }
    return db;
}

static int add_again(struct db *db, struct error *e)
{
    struct log_entry entry;
    int code;
    history_entry_of(story, 0, &entry);
    code = log_add(db, &entry, e);
    return code == E_EXISTS ? 0 : code;
}

static int append_leaf(struct db *db, struct error *e)
{
    struct merkle_frontier tree;
    struct merkle_hash leaf;
    uint64_t position;
    int code = log_frontier(db, &tree, e);
    if (code != 0)
        return code;
    assert_int_equal(tree.size, 3);
    log_leaf(TODAY, story->entries[0].change.header, &leaf);
    return log_tree_append(db, &tree, &leaf, &position, e);
}

static int prove(struct db *db, struct error *e)
{
    struct merkle_source tree = log_tree(db);
    struct merkle_proof proof;
    int code = merkle_inclusion(&tree, 2, 3, &proof, e);
    assert_true(code != 0 || proof.count == 1);
    return code;
}

static int count_head(void *arg, struct slice signed_head, struct error *e)
{
    (void)signed_head;
    (void)e;
    ++*(size_t *)arg;
    return 0;
}

static int count_entry(void *arg, struct log_entry *entry, struct error *e)
{
    (void)e;
    assert_non_null(entry->change.body.p);
    ++*(size_t *)arg;
    return 0;
}

static int read_log(struct db *db, struct error *e)
{
    struct id device = history_id(0xd001);
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct chain history_end;
    size_t heads = 0, entries = 0;
    int code = log_chain_end(db, &device, 1, &history_end, e);
    assert_true(code != 0 || history_end.seq == 2);
    if (code == 0)
        code = log_load(db, 2, 1, &memory, &entry, e);
    assert_true(code != 0 || entry.change.seq == 2);
    log_memory_free(&memory);
    if (code != 0)
        return code;
    if ((code = log_heads(db, count_head, &heads, e)) != 0 || (code = log_each(db, 0, count_entry, &entries, e)) != 0)
        return code;
    assert_true(heads == 1 && entries == 2);
    return 0;
}

static void the_log_is_whole_or_the_call_fails(void **state)
{
    /* Goal: a change that is there is not added twice, a leaf is appended with all its nodes or not at all, and who
     * reads entries, heads, chains or proofs is told of every failure, and never given less. */
    struct db *db = tell();
    (void)state;
    assert_true(store_failure_each(db, add_again) > 3);
    assert_true(store_failure_each(db, append_leaf) > 8);
    assert_true(store_failure_each(db, prove) > 2);
    assert_true(store_failure_each(db, read_log) > 8);
    db_close(db);
    history_free(story);
}

static void a_header_that_cannot_be_read_is_told(void **state)
{
    /* Goal: what stands in the store instead of a header is told as damage, wherever it is met, and nothing is taken
     * for new that may be there. */
    struct db *db = tell();
    struct id device = history_id(0xd001);
    uint8_t hash[CHANGE_HASH_BYTES];
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct chain history_end;
    (void)state;
    assert_done(log_create(db, &history_error)); /* it is there, and stays */
    assert_done(db_exec(db, "UPDATE entry SET header = x'00'", &history_error));
    assert_int_equal(log_find(db, &device, 1, 1, hash, &history_error), -1);
    assert_int_equal(history_error.code, E_VERIFY);
    history_entry_of(story, 1, &entry);
    assert_int_equal(log_add(db, &entry, &history_error), E_VERIFY);
    assert_int_equal(log_load(db, 1, 1, &memory, &entry, &history_error), E_VERIFY);
    log_memory_free(&memory);
    assert_int_equal(log_chain_end(db, &device, 1, &history_end, &history_error), E_VERIFY);
    assert_int_equal(history_number(db, "SELECT count(*) FROM entry"), 2);
    db_close(db);
    history_free(story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_whole_or_the_call_fails),
        cmocka_unit_test(a_header_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
