/* Tests: client/sync/unfinished.c
 * What an unfinished sync leaves for the next one counts for the same chain and the same log alone; pieces halve and
 * grow within their bounds. */
#include "pair_fixture.h"

#include "unfinished.h"

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

static void put(struct pair *p, const char *session, uint64_t epoch, uint64_t seen)
{
    PAIR_OK(db_run(p->db, &pair_e, "INSERT INTO unfinished(session, flags, epoch, seen) VALUES(?, 5, ?, ?)", "buu",
                   (struct slice){(const uint8_t *)session, strlen(session)}, epoch, seen));
}

static size_t loaded(struct pair *p)
{
    struct unfinished u;
    size_t size;
    PAIR_OK(unfinished_load(p->db, &p->author.chain, &u, &pair_e));
    size = u.size;
    if (size != 0) {
        assert_memory_equal(u.session, "a session", 9);
        assert_int_equal(u.flags, UNFINISHED_WANTS_CASELOAD | UNFINISHED_DEAL);
    }
    unfinished_free(&u);
    assert_null(u.session);
    return size;
}

/* Goal: after another checkpoint has been seen, or in another epoch, nothing is unfinished. */
static void test_it_counts_for_its_chain_and_log(void **state)
{
    struct pair *p = *state;
    assert_int_equal(loaded(p), 0);
    PAIR_OK(db_meta_set_uint(p->db, "checkpoint_size", 70, &pair_e));
    PAIR_OK(db_meta_set(p->db, "checkpoint_root", "00000000000000000000000000000000", 32, &pair_e));
    put(p, "a session", 1, 70);
    assert_int_equal(loaded(p), 9);
    p->author.chain.epoch = 2;
    assert_int_equal(loaded(p), 0);
    p->author.chain.epoch = 1;
    PAIR_OK(db_meta_set_uint(p->db, "checkpoint_size", 71, &pair_e));
    assert_int_equal(loaded(p), 0);
    PAIR_OK(db_meta_set_uint(p->db, "checkpoint_size", 70, &pair_e));
    assert_int_equal(loaded(p), 9);
    PAIR_OK(unfinished_forget(p->db, &pair_e));
    assert_int_equal(loaded(p), 0);
    PAIR_OK(unfinished_forget(p->db, &pair_e));
}

/* Goal: what was in a push is read from it as it was taken from the queue. */
static void test_the_batch_of_a_push(void **state)
{
    struct pair *p = *state;
    struct unsent_batch taken, read;
    struct message_push push;
    struct id client = id_new(clock_wall());
    struct error e = {0, ""};
    for (int i = 0; i < 3; i++)
        pair_field_write(p, KIND_CLIENT, &client, &client, i == 0, "legal_name", i == 0 ? "Bea" : "Bea B.", NULL);
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 2, LIMITS_BATCH_MAX}, &taken,
                        &pair_e));
    push.head = (struct slice){taken.head, taken.head_bytes};
    push.batch = taken.bytes;
    PAIR_OK(unfinished_batch(&push, &read, &pair_e));
    assert_int_equal(read.count, 2);
    assert_int_equal(read.epoch, taken.epoch);
    assert_int_equal(read.first_seq, taken.first_seq);
    assert_int_equal(read.last_seq, taken.last_seq);
    push.batch.size--;
    assert_int_equal(unfinished_batch(&push, &read, &e), E_INPUT);
    push.head.size = 3;
    assert_int_equal(unfinished_batch(&push, &read, &e), E_INPUT);
    unsent_free(&taken);
}

/* Goal: pieces halve with each break, down to a bound, double with each that came through, up to another; and the next
 * sync begins with what this one ended with, and no larger than a first one does. */
static void test_pieces_halve_and_grow(void **state)
{
    struct pair *p = *state;
    assert_int_equal(unfinished_next_room(UNFINISHED_ROOM, 1), UNFINISHED_ROOM / 2);
    assert_int_equal(unfinished_next_room(UNFINISHED_ROOM, 3), UNFINISHED_ROOM / 8);
    assert_int_equal(unfinished_next_room(UNFINISHED_ROOM, 4000), UNFINISHED_ROOM_MIN);
    assert_int_equal(unfinished_next_room(UNFINISHED_ROOM_MIN, 0), 2 * UNFINISHED_ROOM_MIN);
    assert_int_equal(unfinished_next_room(LIMITS_BATCH_MAX, 0), LIMITS_BATCH_MAX);
    assert_int_equal(unfinished_next_room(LIMITS_BATCH_MAX - 5, 0), LIMITS_BATCH_MAX);
    assert_int_equal(unfinished_room(p->db), UNFINISHED_ROOM);
    PAIR_OK(unfinished_keep_room(p->db, 5000, &pair_e));
    assert_int_equal(unfinished_room(p->db), 5000);
    PAIR_OK(unfinished_keep_room(p->db, LIMITS_BATCH_MAX, &pair_e));
    assert_int_equal(unfinished_room(p->db), UNFINISHED_ROOM);
    PAIR_OK(db_meta_set_uint(p->db, "room", 1, &pair_e));
    assert_int_equal(unfinished_room(p->db), UNFINISHED_ROOM_MIN);
    PAIR_OK(db_meta_set_uint(p->db, "room", INT64_MAX, &pair_e));
    assert_int_equal(unfinished_room(p->db), UNFINISHED_ROOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_counts_for_its_chain_and_log, start, end),
        cmocka_unit_test_setup_teardown(test_the_batch_of_a_push, start, end),
        cmocka_unit_test_setup_teardown(test_pieces_halve_and_grow, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
