/* Tests: daemon/intake/fork.c common/judge/device.c
 * What the office does if a laptop's chain forked: evidence, epochs, and laptops that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "office_fixture.h"

struct room {
    struct central *office;
    struct office_laptop laptop;
    struct id anna, client, kase;
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct id assignment;
    assert_non_null(r);
    r->office = office_new();
    r->anna = office_user(r->office, "anna", "case manager");
    pair_office_case(r->office, &r->anna, &r->client, &r->kase, &assignment);
    office_laptop(r->office, &r->anna, &r->laptop);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    office_check(r->office);
    PAIR_OK(fork_check(r->office->db, &pair_e));
    assert_int_equal(pair_count(r->office->db, "SELECT coalesce(sum(bytes), 0) FROM evidence_size"),
                     pair_count(r->office->db, "SELECT coalesce(sum(length(header) + length(body)), 0) FROM evidence"));
    pair_office_free(r->office);
    free(r);
    return 0;
}

static void write_notes(struct room *r, struct office_laptop *l, struct office_batch *b, unsigned count)
{
    while (count-- != 0) {
        struct id note = id_new(clock_wall());
        (void)office_set(l, b, KIND_NOTE, &r->kase, &note, "text", "seen at home");
    }
}

static void push_notes(struct room *r, struct office_laptop *l, unsigned count)
{
    struct office_batch *b = office_batch();
    write_notes(r, l, b, count);
    assert_int_equal(office_push_well(r->office, l, b), 0);
    office_batch_free(b);
}

/* Hands one batch over, in a transaction of its own. */
static int hand_over(struct room *r, const struct office_laptop *l, struct office_batch *b, struct fork_claim *claim,
                     struct error *e)
{
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push = office_seal(l, b, head);
    int code;
    PAIR_OK(central_begin(r->office, &pair_e));
    code = fork_take(r->office, &l->device, claim, &push, e);
    PAIR_OK(central_commit(r->office, &pair_e));
    free((void *)push.batch.p);
    return code;
}

static uint64_t close_claim(struct room *r, const struct fork_claim *claim)
{
    uint64_t epoch = 0;
    PAIR_OK(central_begin(r->office, &pair_e));
    PAIR_OK(fork_close(r->office, &r->laptop.device, claim, &epoch, &pair_e));
    PAIR_OK(central_commit(r->office, &pair_e));
    return epoch;
}

static uint64_t evidence(const struct room *r)
{
    return pair_count(r->office->db, "SELECT count(*) FROM evidence");
}

/* Goal: what the log has under its number is counted, the rest is kept with its head and named in the log; asking
 * again, as after a lost answer, keeps nothing twice and gives yet another epoch. */
static void what_is_handed_over_is_kept_once(void **state)
{
    struct room *r = *state;
    struct office_laptop copy = r->laptop, before;
    struct fork_claim claim = {.epoch = 1};
    uint64_t given;
    struct office_batch *both = office_batch(), *more = office_batch();
    write_notes(r, &copy, both, 2);
    r->laptop = copy; /* they were sent before the disks parted */
    {
        struct office_laptop sent = r->laptop;
        assert_int_equal(office_push_well(r->office, &sent, both), 0);
    }
    push_notes(r, &r->laptop, 2);
    write_notes(r, &copy, both, 1);
    PAIR_OK(hand_over(r, &copy, both, &claim, &pair_e));
    assert_int_equal(claim.common, 2);
    assert_int_equal(claim.count, 1);
    before = copy;
    write_notes(r, &copy, more, 2);
    PAIR_OK(hand_over(r, &copy, more, &claim, &pair_e));
    assert_int_equal(claim.first, 3);
    assert_int_equal(claim.last, 5);
    assert_memory_equal(claim.hash, copy.chain.hash, 32);
    given = close_claim(r, &claim);
    assert_true(given > 1);
    assert_int_equal(evidence(r), 3);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM evidence WHERE head IS NOT NULL"), 2);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM fork WHERE epoch = 1 AND first_seq = 3 AND "
                                               "last_seq = 5 AND new_epoch > 1 AND length(hash) = 64"),
                     1);
    claim = (struct fork_claim){.epoch = 1};
    PAIR_OK(hand_over(r, &before, both, &claim, &pair_e));
    PAIR_OK(hand_over(r, &copy, more, &claim, &pair_e));
    assert_true(close_claim(r, &claim) > given);
    assert_int_equal(evidence(r), 3);
    office_batch_free(both);
    office_batch_free(more);
}

/* Goal: a laptop goes on in the epoch that it was given, and its copy in the old one, in turn; an epoch that was never
 * given is refused, and nothing of it stands in the log. */
static void epochs_are_the_offices_to_give(void **state)
{
    struct room *r = *state;
    struct office_laptop copy;
    struct fork_claim claim = {.epoch = 1};
    struct receive_result result;
    struct office_batch *b = office_batch();
    struct error e;
    push_notes(r, &r->laptop, 1);
    copy = r->laptop;
    /* What it will be given, or nearly: the clock has not got there. */
    copy.chain = (struct chain){.device = copy.chain.device, .epoch = clock_wall() + 1000000};
    write_notes(r, &copy, b, 1);
    assert_int_equal(office_push(r->office, &copy, b, &result, &e), E_VERIFY);
    assert_non_null(strstr(e.text, "never gave"));
    receive_free(&result);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM entry WHERE epoch > 1 AND device <> (SELECT value "
                                               "FROM meta WHERE name = 'own_device')"),
                     0);
    claim.epoch = copy.chain.epoch - 1;
    assert_int_equal(close_claim(r, &claim), copy.chain.epoch);
    assert_int_equal(office_push_well(r->office, &copy, b), 0);
    office_batch_free(b);
    for (int i = 0; i < 3; i++) {
        push_notes(r, &r->laptop, 1);
        push_notes(r, &copy, 2);
    }
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM note"), 1 + 1 + 9);
    PAIR_OK(device_by_id(r->office->db, &copy.device.device, &copy.device, &pair_e));
    assert_int_equal(copy.device.epoch, copy.chain.epoch);
}

/* Goal: forged bytes, another laptop's, another epoch's, and what is no chain are refused, and nothing is kept. */
static void forged_claims_keep_nothing(void **state)
{
    struct room *r = *state;
    struct office_laptop copy = r->laptop, other;
    struct fork_claim claim = {.epoch = 1};
    struct office_batch *b = office_batch(), *gap = office_batch();
    struct error e;
    push_notes(r, &r->laptop, 1);
    office_laptop(r->office, &r->anna, &other);
    write_notes(r, &copy, b, 2);
    memcpy(other.secret, copy.secret, 32); /* a key that is neither's */
    other.chain = copy.chain;
    other.device = copy.device;
    assert_int_equal(hand_over(r, &other, b, &claim, &e), E_VERIFY);
    claim.epoch = 2;
    assert_int_equal(hand_over(r, &copy, b, &claim, &e), E_VERIFY);
    claim.epoch = 1;
    write_notes(r, &copy, gap, 1);
    {
        struct office_batch *unsent = office_batch();
        write_notes(r, &copy, unsent, 1);
        office_batch_free(unsent);
    }
    write_notes(r, &copy, gap, 1);
    assert_int_equal(hand_over(r, &copy, gap, &claim, &e), E_VERIFY);
    assert_int_equal(claim.count, 0);
    assert_int_equal(evidence(r), 0);
    office_batch_free(b);
    office_batch_free(gap);
}

/* Goal: a laptop that asks without end gets no more than LIMITS_EPOCHS_MAX. */
static void epochs_end(void **state)
{
    struct room *r = *state;
    struct fork_claim claim = {.epoch = 1};
    uint64_t epoch, last = 1;
    struct error e;
    for (int i = 2; i <= LIMITS_EPOCHS_MAX; i++) {
        epoch = close_claim(r, &claim);
        assert_true(epoch > last);
        last = epoch;
    }
    PAIR_OK(central_begin(r->office, &pair_e));
    assert_int_equal(fork_close(r->office, &r->laptop.device, &claim, &epoch, &e), E_LIMIT);
    assert_non_null(strstr(e.text, "nothing is lost"));
    PAIR_OK(central_commit(r->office, &pair_e));
    assert_int_equal(device_was_given(r->office->db, &r->laptop.device.device, 2, NULL), 0);
    assert_int_equal(device_was_given(r->office->db, &r->laptop.device.device, last, NULL), 1);
}

/* Goal: an epoch is one that an office which was set back, and gave some behind the backup, cannot give again: the
 * clock's, and above the laptop's own if a clock is behind. */
static void epochs_are_given_once(void **state)
{
    struct room *r = *state;
    struct fork_claim claim = {.epoch = 1};
    uint64_t before = clock_wall(), epoch = close_claim(r, &claim);
    struct error e;
    assert_true(epoch >= before && epoch <= clock_wall());
    claim.epoch = epoch + 1000000;
    assert_int_equal(close_claim(r, &claim), epoch + 1000001);
    claim.epoch = INT64_MAX;
    PAIR_OK(central_begin(r->office, &pair_e));
    assert_int_equal(fork_close(r->office, &r->laptop.device, &claim, &epoch, &e), E_LIMIT);
    PAIR_OK(central_commit(r->office, &pair_e));
}

/* Goal: evidence of one device ends at LIMITS_EVIDENCE_MAX: what is over it is refused whole. */
static void evidence_ends(void **state)
{
    struct room *r = *state;
    struct office_laptop copy = r->laptop;
    struct fork_claim claim = {.epoch = 1};
    struct office_batch *b = office_batch();
    struct error e;
    push_notes(r, &r->laptop, 1);
    PAIR_OK(db_run(r->office->db, &pair_e,
                   "INSERT INTO evidence(device, epoch, seq, hash, received, header, body) "
                   "VALUES(?, 1, 1, zeroblob(32), 0, '', zeroblob(?))",
                   "du", &copy.device.device, (uint64_t)LIMITS_EVIDENCE_MAX));
    PAIR_OK(central_tables(r->office->db, &pair_e)); /* counts it */
    write_notes(r, &copy, b, 1);
    assert_int_equal(hand_over(r, &copy, b, &claim, &e), E_LIMIT);
    assert_int_equal(claim.count, 0);
    assert_int_equal(evidence(r), 1);
    PAIR_OK(db_run(r->office->db, &pair_e, "DELETE FROM evidence", ""));
    PAIR_OK(db_run(r->office->db, &pair_e, "DELETE FROM evidence_size", ""));
    PAIR_OK(hand_over(r, &copy, b, &claim, &pair_e));
    office_batch_free(b);
}

/* Two copies of the laptop's chain that go on, each in an epoch that it was given, and a batch of two changes that the
 * office has not seen, of each. */
struct twins {
    struct office_laptop one, other;
    struct office_batch *of_one, *of_other;
};

static void make_twins(struct room *r, struct twins *t)
{
    struct fork_claim claim = {.epoch = 1};
    push_notes(r, &r->laptop, 1);
    t->one = t->other = r->laptop;
    t->other.chain = (struct chain){.device = t->one.chain.device, .epoch = close_claim(r, &claim)};
    t->of_one = office_batch();
    t->of_other = office_batch();
    write_notes(r, &t->one, t->of_one, 2);
    write_notes(r, &t->other, t->of_other, 2);
}

static void free_twins(struct twins *t)
{
    office_batch_free(t->of_one);
    office_batch_free(t->of_other);
}

/* Hands over a batch that may be of another epoch than the one before. */
static int hand_over_next(struct room *r, const struct office_laptop *l, struct office_batch *b,
                          struct fork_claim *claim, struct error *e)
{
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push = office_seal(l, b, head);
    int code;
    PAIR_OK(central_begin(r->office, &pair_e));
    code = fork_take_next(r->office, &l->device, claim, &push, e);
    PAIR_OK(central_commit(r->office, &pair_e));
    free((void *)push.batch.p);
    return code;
}

static uint64_t told(const struct room *r)
{
    return pair_count(r->office->db, "SELECT count(*) FROM fork WHERE new_epoch IS NULL");
}

/* Goal: a laptop that hands two epochs over in turns, and is cut off each time, has each of them named in the log once;
 * what it has more the next time is named then. */
static void the_same_fork_is_told_once(void **state)
{
    struct room *r = *state;
    struct twins t;
    make_twins(r, &t);
    for (int i = 0; i < 3; i++) {
        struct fork_claim claim = {.epoch = 1};
        PAIR_OK(hand_over_next(r, &t.one, t.of_one, &claim, &pair_e));
        PAIR_OK(hand_over_next(r, &t.other, t.of_other, &claim, &pair_e));
        PAIR_OK(hand_over_next(r, &t.one, t.of_one, &claim, &pair_e));
    }
    assert_int_equal(told(r), 2);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM fork WHERE new_epoch IS NULL AND epoch = 1 AND "
                                               "first_seq = 2 AND last_seq = 3"),
                     1);
    {
        struct fork_claim claim = {.epoch = 1};
        write_notes(r, &t.one, t.of_one, 1);
        PAIR_OK(hand_over_next(r, &t.one, t.of_one, &claim, &pair_e));
        PAIR_OK(hand_over_next(r, &t.other, t.of_other, &claim, &pair_e));
    }
    assert_int_equal(told(r), 3);
    assert_int_equal(evidence(r), 5);
    free_twins(&t);
}

/* Goal: one that always has more ends at LIMITS_FORKS_MAX; what it wrote before is kept. */
static void telling_ends(void **state)
{
    struct room *r = *state;
    struct fork_claim claim = {.epoch = 1, .count = 1};
    struct error e;
    int code = 0;
    PAIR_OK(central_begin(r->office, &pair_e));
    for (claim.first = 1; code == 0 && claim.first <= LIMITS_FORKS_MAX + 1; claim.first++) {
        claim.last = claim.first;
        randombytes_buf(claim.hash, sizeof claim.hash);
        code = fork_log(r->office, &r->laptop.device, &claim, &e);
    }
    PAIR_OK(central_commit(r->office, &pair_e));
    assert_int_equal(code, E_LIMIT);
    assert_non_null(strstr(e.text, "nothing is lost"));
    assert_int_equal(told(r), LIMITS_FORKS_MAX);
}

/* Goal: the sizes of what an office kept before it counted them are counted when it is opened. */
static void what_was_kept_is_counted(void **state)
{
    struct room *r = *state;
    struct office_laptop copy = r->laptop;
    struct fork_claim claim = {.epoch = 1};
    struct office_batch *b = office_batch();
    push_notes(r, &r->laptop, 1);
    write_notes(r, &copy, b, 3);
    PAIR_OK(hand_over(r, &copy, b, &claim, &pair_e));
    PAIR_OK(db_exec(r->office->db, "DROP TABLE evidence_size", &pair_e));
    PAIR_OK(central_tables(r->office->db, &pair_e));
    PAIR_OK(central_tables(r->office->db, &pair_e));
    office_batch_free(b);
}

/* Goal: `satcheld check` finds changes of an epoch that was never given, and evidence that was altered. */
static void checking_finds_both(void **state)
{
    struct room *r = *state;
    struct office_laptop copy = r->laptop;
    struct fork_claim claim = {.epoch = 1};
    struct office_batch *b = office_batch();
    push_notes(r, &r->laptop, 1);
    write_notes(r, &copy, b, 1);
    PAIR_OK(hand_over(r, &copy, b, &claim, &pair_e));
    office_batch_free(b);
    PAIR_OK(db_begin(r->office->db, &pair_e));
    PAIR_OK(db_exec(r->office->db, "UPDATE evidence SET body = CAST(replace(body, 'seen', 'sold') AS BLOB)", &pair_e));
    assert_int_equal(fork_check(r->office->db, NULL), E_VERIFY);
    db_rollback(r->office->db);
    PAIR_OK(db_begin(r->office->db, &pair_e));
    PAIR_OK(db_exec(r->office->db, "UPDATE entry SET epoch = 2 WHERE kind = 10", &pair_e));
    assert_int_equal(fork_check(r->office->db, NULL), E_VERIFY);
    db_rollback(r->office->db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_handed_over_is_kept_once, start, end),
        cmocka_unit_test_setup_teardown(epochs_are_the_offices_to_give, start, end),
        cmocka_unit_test_setup_teardown(forged_claims_keep_nothing, start, end),
        cmocka_unit_test_setup_teardown(epochs_end, start, end),
        cmocka_unit_test_setup_teardown(epochs_are_given_once, start, end),
        cmocka_unit_test_setup_teardown(evidence_ends, start, end),
        cmocka_unit_test_setup_teardown(the_same_fork_is_told_once, start, end),
        cmocka_unit_test_setup_teardown(telling_ends, start, end),
        cmocka_unit_test_setup_teardown(what_was_kept_is_counted, start, end),
        cmocka_unit_test_setup_teardown(checking_finds_both, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
