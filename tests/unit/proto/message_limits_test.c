/* Tests: proto/message.c
 * What a single element of a message may be: its length, its range and its form, for the one who reads and for the one
 * who writes. */
#include "message_fixture.h"

/* What reading gives for a full message of that type whose element `index` is replaced by `element`. */
static int with_element(enum message_type type, size_t index, struct slice element)
{
    struct message m, back;
    struct pack w, other;
    struct unpack r;
    size_t count;
    int code;
    sample_full(type, &m);
    assert_int_equal(message_write(&m, &w, NULL), 0);
    unpack_start(&r, pack_bytes(&w));
    count = unpack_array(&r);
    assert_true(index < count);
    pack_start(&other);
    pack_array(&other, count);
    for (size_t i = 0; i < count; i++) {
        struct slice any = unpack_any(&r);
        pack_raw(&other, i == index ? element : any);
    }
    assert_int_equal(unpack_end(&r, "message", NULL), 0);
    code = message_read(pack_bytes(&other), &back, NULL);
    pack_free(&other);
    pack_free(&w);
    return code;
}

static int with_bin(enum message_type type, size_t index, const uint8_t *p, size_t size)
{
    struct pack w;
    int code;
    pack_start(&w);
    pack_bin(&w, p, size);
    code = with_element(type, index, pack_bytes(&w));
    pack_free(&w);
    return code;
}

static int with_text(enum message_type type, size_t index, size_t size)
{
    struct pack w;
    int code;
    pack_start(&w);
    pack_text(&w, (const char *)sample_big, size);
    code = with_element(type, index, pack_bytes(&w));
    pack_free(&w);
    return code;
}

static int with_number(enum message_type type, size_t index, uint64_t value)
{
    struct pack w;
    int code;
    pack_start(&w);
    pack_uint(&w, value);
    code = with_element(type, index, pack_bytes(&w));
    pack_free(&w);
    return code;
}

/* Goal: each length is taken at its limit and refused, as a limit, one over it. */
static void lengths_end_at_their_limits(void **state)
{
    static const struct {
        size_t index, max;
        enum message_type type;
        int is_text;
    } rows[] = {
        {5, CHECKPOINT_TEXT_MAX - 1, MESSAGE_WELCOME, 1},  {1, CHAIN_HEAD_MAX, MESSAGE_PUSH, 0},
        {2, BATCH_DEFLATED_MAX, MESSAGE_PUSH, 0},          {6, CHECKPOINT_TEXT_MAX - 1, MESSAGE_PUSHED, 1},
        {1, BATCH_DEFLATED_MAX, MESSAGE_ENTRIES, 0},       {1, MESSAGE_CODE_MAX, MESSAGE_FAIL, 1},
        {2, MESSAGE_SENTENCE_MAX, MESSAGE_FAIL, 1},        {4, MESSAGE_LABEL_MAX, MESSAGE_ENROL, 1},
        {4, MESSAGE_NAME_MAX, MESSAGE_ENROLLED, 1},        {5, MESSAGE_NAME_MAX, MESSAGE_ENROLLED, 1},
        {6, CHECKPOINT_VKEY_MAX - 1, MESSAGE_ENROLLED, 1}, {1, CHAIN_HEAD_MAX, MESSAGE_FORK, 0},
        {2, BATCH_DEFLATED_MAX, MESSAGE_FORK, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].is_text) {
            assert_int_equal(with_text(rows[i].type, rows[i].index, rows[i].max), 0);
            assert_int_equal(with_text(rows[i].type, rows[i].index, rows[i].max + 1), E_LIMIT);
        } else {
            assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_big, rows[i].max), 0);
            assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_big, rows[i].max + 1), E_LIMIT);
        }
    }
}

/* Goal: a batch of a fork comes with its head, or there is neither. */
static void a_batch_has_its_head(void **state)
{
    (void)state;
    assert_int_equal(with_bin(MESSAGE_FORK, 1, sample_big, 0), E_INPUT);
    assert_int_equal(with_bin(MESSAGE_FORK, 2, sample_big, 0), E_INPUT);
}

/* Goal: proofs are whole hashes, at most MERKLE_PROOF_MAX of them. */
static void proofs_are_whole_hashes(void **state)
{
    static const struct {
        enum message_type type;
        size_t index;
    } rows[] = {{MESSAGE_WELCOME, 6}, {MESSAGE_PUSHED, 7}, {MESSAGE_PUSHED, 8}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_big, (size_t)MERKLE_PROOF_MAX * MERKLE_BYTES), 0);
        assert_int_equal(
            with_bin(rows[i].type, rows[i].index, sample_big, (size_t)(MERKLE_PROOF_MAX + 1) * MERKLE_BYTES), E_LIMIT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_big, MERKLE_BYTES - 1), E_INPUT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_big, MERKLE_BYTES + 1), E_INPUT);
    }
}

/* Goal: lists of scopes are whole ids within the limit, and a caseload is sorted with each scope once. */
static void scopes_are_whole_and_sorted(void **state)
{
    static const struct {
        enum message_type type;
        size_t index;
    } rows[] = {{MESSAGE_PULL, 3}, {MESSAGE_ENTRIES, 2}, {MESSAGE_ENTRIES, 3}, {MESSAGE_ENTRIES, 9}};
    uint8_t twice[32], swapped[32];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_scopes, (size_t)LIMITS_CASELOAD_MAX * 16), 0);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_scopes, sizeof sample_scopes), E_LIMIT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_scopes, 15), E_INPUT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, sample_scopes, 17), E_INPUT);
    }
    memcpy(twice, sample_scopes, 16);
    memcpy(twice + 16, sample_scopes, 16);
    assert_int_equal(with_bin(MESSAGE_PULL, 3, twice, 32), E_INPUT);
    memcpy(swapped, sample_scopes + 16, 16);
    memcpy(swapped + 16, sample_scopes, 16);
    assert_int_equal(with_bin(MESSAGE_PULL, 3, swapped, 32), E_INPUT);
}

/* Goal: recovery officers come in whole pairs, at most MESSAGE_PAIRS_MAX of them; keys are whole keys. */
static void officers_come_in_pairs(void **state)
{
    static const size_t pairs = MESSAGE_PAIRS_MAX;
    (void)state;
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, sample_big, 0), 0);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, sample_big, pairs * MESSAGE_PAIR_BYTES), 0);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, sample_big, (pairs + 1) * MESSAGE_PAIR_BYTES), E_LIMIT);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, sample_big, MESSAGE_PAIR_BYTES - 1), E_INPUT);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, sample_big, MESSAGE_PAIR_BYTES + 1), E_INPUT);
    for (size_t index = 12; index <= 13; index++) {
        assert_int_equal(with_bin(MESSAGE_WELCOME, index, sample_big, 31), E_INPUT);
        assert_int_equal(with_bin(MESSAGE_WELCOME, index, sample_big, 33), E_INPUT);
    }
    for (size_t index = 8; index <= 9; index++) {
        assert_int_equal(with_bin(MESSAGE_ENROLLED, index, sample_big, 31), E_INPUT);
        assert_int_equal(with_bin(MESSAGE_ENROLLED, index, sample_big, 33), E_INPUT);
    }
}

/* Goal: numbers end where SQLite's do. */
static void numbers_fit_the_store(void **state)
{
    static const struct {
        enum message_type type;
        size_t index;
    } rows[] = {
        {MESSAGE_HELLO, 2},   {MESSAGE_HELLO, 3},    {MESSAGE_HELLO, 5},    {MESSAGE_HELLO, 7},
        {MESSAGE_HELLO, 9},   {MESSAGE_WELCOME, 2},  {MESSAGE_WELCOME, 3},  {MESSAGE_WELCOME, 7},
        {MESSAGE_WELCOME, 8}, {MESSAGE_PUSHED, 1},   {MESSAGE_PUSHED, 2},   {MESSAGE_PUSHED, 3},
        {MESSAGE_PUSHED, 4},  {MESSAGE_PUSHED, 5},   {MESSAGE_PULL, 1},     {MESSAGE_PULL, 2},
        {MESSAGE_ENTRIES, 4}, {MESSAGE_ENROLLED, 7}, {MESSAGE_WELCOME, 14}, {MESSAGE_ENROLLED, 10},
        {MESSAGE_EPOCH, 1},   {MESSAGE_EPOCH, 2},    {MESSAGE_RESUME, 2},   {MESSAGE_RESUME, 3},
        {MESSAGE_RESUMED, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(with_number(rows[i].type, rows[i].index, INT64_MAX), 0);
        assert_int_equal(with_number(rows[i].type, rows[i].index, (uint64_t)INT64_MAX + 1), E_INPUT);
        assert_int_equal(with_number(rows[i].type, rows[i].index, UINT64_MAX), E_INPUT);
    }
}

static void pack_held(struct pack *w, size_t count, size_t reason)
{
    pack_start(w);
    pack_array(w, count);
    for (size_t i = 0; i < count; i++) {
        pack_array(w, 2);
        pack_uint(w, i + 1);
        pack_text(w, (const char *)sample_big, reason);
    }
}

/* Goal: held changes are listed up to the limit, each can be taken in turn, and what is not such a list is refused. */
static void held_changes_are_listed(void **state)
{
    static const uint8_t not_pairs[] = {0x91, 0x91, 0x01}, not_text[] = {0x91, 0x92, 0x01, 0xc0};
    struct message m;
    struct message_held one;
    struct unpack r;
    struct pack w;
    (void)state;
    sample_full(MESSAGE_PUSHED, &m);
    unpack_start(&r, m.as.pushed.held);
    assert_int_equal(unpack_array(&r), 2);
    one = message_next_held(&r);
    assert_int_equal(one.seq, 191);
    assert_slices(one.reason, sample_text("not in your caseload"));
    one = message_next_held(&r);
    assert_int_equal(one.seq, 193);
    assert_slices(one.reason, sample_text("unknown author"));
    assert_int_equal(unpack_end(&r, "held", NULL), 0);
    (void)message_next_held(&r); /* one too many */
    assert_int_equal(unpack_end(&r, "held", NULL), E_INPUT);

    pack_held(&w, MESSAGE_HELD_MAX, 0);
    assert_int_equal(with_element(MESSAGE_PUSHED, 9, pack_bytes(&w)), 0);
    pack_free(&w);
    pack_held(&w, MESSAGE_HELD_MAX + 1, 0);
    assert_int_equal(with_element(MESSAGE_PUSHED, 9, pack_bytes(&w)), E_LIMIT);
    pack_free(&w);
    pack_held(&w, 1, MESSAGE_SENTENCE_MAX);
    assert_int_equal(with_element(MESSAGE_PUSHED, 9, pack_bytes(&w)), 0);
    pack_free(&w);
    pack_held(&w, 1, MESSAGE_SENTENCE_MAX + 1);
    assert_int_equal(with_element(MESSAGE_PUSHED, 9, pack_bytes(&w)), E_LIMIT);
    pack_free(&w);
    assert_int_equal(with_element(MESSAGE_PUSHED, 9, (struct slice){not_pairs, sizeof not_pairs}), E_INPUT);
    assert_int_equal(with_element(MESSAGE_PUSHED, 9, (struct slice){not_text, sizeof not_text}), E_INPUT);
}

/* Goal: a claim of four thousand million elements costs nothing, and a message over the limit is not looked at. */
static void claims_are_not_believed(void **state)
{
    static const uint8_t array[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t bin[] = {0x93, 0x03, 0xc6, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t list[] = {0xdd, 0x7f, 0xff, 0xff, 0xff};
    struct message m;
    (void)state;
    assert_int_equal(message_read((struct slice){array, sizeof array}, &m, NULL), E_INPUT);
    assert_int_equal(message_read((struct slice){bin, sizeof bin}, &m, NULL), E_INPUT);
    assert_int_equal(with_element(MESSAGE_PUSHED, 9, (struct slice){list, sizeof list}), E_INPUT);
    assert_int_equal(message_read(sample_many(LIMITS_MESSAGE_MAX), &m, NULL), E_INPUT);
    assert_int_equal(message_read(sample_many(LIMITS_MESSAGE_MAX + 1), &m, NULL), E_LIMIT);
}

/* One head of `head` bytes with `headers` headers of `bytes`. */
static int with_vouched(size_t head, size_t headers, size_t bytes)
{
    struct pack w;
    int code;
    pack_start(&w);
    pack_array(&w, 1);
    pack_array(&w, 2);
    pack_bin(&w, sample_big, head);
    pack_array(&w, headers);
    for (size_t i = 0; i < headers; i++)
        pack_bin(&w, sample_big, bytes);
    code = with_element(MESSAGE_ENTRIES, 11, pack_bytes(&w));
    pack_free(&w);
    return code;
}

/* Goal: what vouches for a laptop's own has whole heads and headers, no more of them than one push brings. */
static void what_vouches_keeps_the_limits(void **state)
{
    static const uint8_t bare[] = {0x91, 0xc4, 0x01, 0x61};
    (void)state;
    assert_int_equal(with_vouched(CHAIN_HEAD_MAX, MESSAGE_VOUCHED_MAX, 200), 0);
    assert_int_equal(with_vouched(CHAIN_HEAD_MAX, MESSAGE_VOUCHED_MAX + 1, 200), E_LIMIT);
    assert_int_equal(with_vouched(CHAIN_HEAD_MAX + 1, 1, 200), E_LIMIT);
    assert_int_equal(with_vouched(CHAIN_HEAD_MAX, 1, CHANGE_HEADER_MAX), 0);
    assert_int_equal(with_vouched(CHAIN_HEAD_MAX, 1, CHANGE_HEADER_MAX + 1), E_LIMIT);
    assert_int_equal(with_element(MESSAGE_ENTRIES, 11, (struct slice){bare, sizeof bare}), E_INPUT);
}

/* Goal: digest and purges come with the last batch of entries alone, whichever side would have it otherwise. */
static void purges_come_last(void **state)
{
    static const uint8_t nil[] = {0xc0}, no[] = {0xc2};
    struct message m;
    struct pack w;
    (void)state;
    assert_int_equal(with_element(MESSAGE_ENTRIES, 6, (struct slice){nil, 1}), E_INPUT);
    assert_int_equal(with_element(MESSAGE_ENTRIES, 5, (struct slice){no, 1}), E_INPUT);
    sample_full(MESSAGE_ENTRIES, &m);
    m.as.entries.done = 0;
    assert_int_equal(message_write(&m, &w, NULL), E_INTERNAL);
    pack_free(&w);
}

static void assert_not_written(const struct message *m, int expected)
{
    struct error e = {0, ""};
    struct pack w;
    assert_int_equal(message_write(m, &w, &e), expected);
    assert_int_equal(e.code, expected);
    assert_true(e.text[0] != 0);
    pack_free(&w);
}

/* Goal: what a peer would refuse is not written in the first place. */
static void writing_keeps_the_limits(void **state)
{
    struct message m;
    (void)state;
    sample_full(MESSAGE_WELCOME, &m);
    m.as.welcome.consistency.count = MERKLE_PROOF_MAX + 1;
    assert_not_written(&m, E_LIMIT);
    sample_full(MESSAGE_WELCOME, &m);
    m.as.welcome.set_back_proof.count = MERKLE_PROOF_MAX + 1;
    assert_not_written(&m, E_LIMIT);
    sample_full(MESSAGE_ENTRIES, &m);
    m.as.entries.consistency.count = MERKLE_PROOF_MAX + 1;
    assert_not_written(&m, E_LIMIT);
    sample_full(MESSAGE_PUSHED, &m);
    m.as.pushed.range.count = SIZE_MAX;
    assert_not_written(&m, E_LIMIT);
    sample_full(MESSAGE_PUSHED, &m);
    m.as.pushed.held_count = 1;
    assert_not_written(&m, E_INTERNAL);
    sample_full(MESSAGE_ENTRIES, &m);
    m.as.entries.vouched_count = 2;
    assert_not_written(&m, E_INTERNAL);
    sample_full(MESSAGE_FAIL, &m);
    m.as.fail.sentence = sample_many(MESSAGE_SENTENCE_MAX + 1);
    assert_not_written(&m, E_LIMIT);
    sample_full(MESSAGE_FAIL, &m);
    m.as.fail.sentence = sample_text("\xc3"); /* half a letter */
    assert_not_written(&m, E_INTERNAL);
    sample_full(MESSAGE_HELLO, &m);
    m.as.hello.cursor = UINT64_MAX;
    assert_not_written(&m, E_INTERNAL);
    sample_full(MESSAGE_PUSH, &m);
    m.as.push.batch = sample_many(BATCH_DEFLATED_MAX + 1);
    assert_not_written(&m, E_LIMIT);
    sample_full(MESSAGE_ENTRIES, &m); /* each is within its limit, the whole is not */
    m.as.entries.batch = sample_many(BATCH_DEFLATED_MAX);
    m.as.entries.arrived = (struct slice){sample_scopes, (size_t)LIMITS_CASELOAD_MAX * 16};
    assert_not_written(&m, E_LIMIT);
    sample_empty((enum message_type)(TYPES + 1), &m);
    assert_not_written(&m, E_INTERNAL);
}

/* Goal: the code of a fail is a name that can stand in a log: no line ends, no escapes, no words of a record. */
static void codes_are_names(void **state)
{
    static const char *const names[] = {"no-store", "", "two words", "a\nb", "\x1b[2J", "Busy", "b\xc3\xbcsy"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct pack w;
        pack_start(&w);
        pack_text(&w, names[i], strlen(names[i]));
        assert_int_equal(with_element(MESSAGE_FAIL, 1, pack_bytes(&w)), i < 2 ? 0 : E_INPUT);
        pack_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_end_at_their_limits),   cmocka_unit_test(a_batch_has_its_head),
        cmocka_unit_test(proofs_are_whole_hashes),       cmocka_unit_test(scopes_are_whole_and_sorted),
        cmocka_unit_test(officers_come_in_pairs),        cmocka_unit_test(numbers_fit_the_store),
        cmocka_unit_test(held_changes_are_listed),       cmocka_unit_test(claims_are_not_believed),
        cmocka_unit_test(what_vouches_keeps_the_limits), cmocka_unit_test(purges_come_last),
        cmocka_unit_test(writing_keeps_the_limits),      cmocka_unit_test(codes_are_names),
    };
    return cmocka_run_group_tests(tests, message_fixture_set_up, message_fixture_tear_down);
}
