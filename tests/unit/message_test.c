#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "batch.h"
#include "message.h"

#define TYPES 11

static uint8_t big[2 * LIMITS_MESSAGE_MAX];            /* 'a' throughout: text and bytes of any size */
static uint8_t scopes[(LIMITS_CASELOAD_MAX + 1) * 16]; /* sorted, each once */
static struct pack held;                               /* two of them */

static struct slice text(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static struct slice many(size_t size)
{
    return (struct slice){big, size};
}

static struct id an_id(uint8_t first)
{
    struct id id;
    for (int i = 0; i < ID_BYTES; i++)
        id.b[i] = (uint8_t)(first + i);
    return id;
}

static struct chain a_chain(void)
{
    struct chain c = {.device = an_id(1), .epoch = 2, .seq = INT64_MAX};
    memset(c.hash, 0x5a, sizeof c.hash);
    return c;
}

static void a_proof(struct merkle_proof *p, size_t count)
{
    p->count = count;
    for (size_t i = 0; i < count; i++)
        memset(p->hashes[i].b, (int)(i + 1), MERKLE_BYTES);
}

/* A message with every field set, each to something else. */
static void full(enum message_type type, struct message *m)
{
    memset(m, 0, sizeof *m);
    m->type = type;
    switch (type) {
    case MESSAGE_HELLO:
        m->as.hello = (struct message_hello){.end = a_chain(),
                                             .cursor = 70000,
                                             .checkpoint_size = 71000,
                                             .wall_ms = 1790000000000,
                                             .set_backs = {scopes, 64}};
        memset(m->as.hello.caseload_digest, 0x21, 32);
        memset(m->as.hello.checkpoint_root.b, 0x22, 32);
        break;
    case MESSAGE_WELCOME:
        m->as.welcome.have = a_chain();
        m->as.welcome.checkpoint = text("office.example\n3\nAAAA\n\n\xe2\x80\x94 office.example BBBB\n");
        a_proof(&m->as.welcome.consistency, 3);
        m->as.welcome.schema_version = 4;
        m->as.welcome.office_ms = 1790000000001;
        m->as.welcome.want_caseload = 1;
        m->as.welcome.revoked = 1;
        m->as.welcome.wipe = 1;
        memset(m->as.welcome.seal_key, 0x51, 32);
        memset(m->as.welcome.lease_secret, 0x52, 32);
        m->as.welcome.lease_until_ms = 1790000000004;
        m->as.welcome.recovery = many(2 * (size_t)MESSAGE_PAIR_BYTES);
        m->as.welcome.set_back = text("an announcement");
        a_proof(&m->as.welcome.set_back_proof, 4);
        break;
    case MESSAGE_PUSH:
        m->as.push = (struct message_push){text("a head"), text("a batch")};
        break;
    case MESSAGE_PUSHED:
        m->as.pushed.epoch = 1;
        m->as.pushed.seq = 200;
        m->as.pushed.first_seq = 190;
        m->as.pushed.first_position = 100000;
        m->as.pushed.received_ms = 1790000000002;
        m->as.pushed.checkpoint = text("a checkpoint");
        a_proof(&m->as.pushed.consistency, MERKLE_PROOF_MAX);
        a_proof(&m->as.pushed.range, 1);
        m->as.pushed.held_count = 2;
        m->as.pushed.held = pack_bytes(&held);
        break;
    case MESSAGE_PULL:
        m->as.pull = (struct message_pull){12, LIMITS_BATCH_MAX, 1, {scopes, (size_t)3 * 16}};
        break;
    case MESSAGE_ENTRIES:
        m->as.entries = (struct message_entries){.batch = text("entries"),
                                                 .arrived = {scopes, 32},
                                                 .purge = {scopes + 32, 16},
                                                 .cursor = 99,
                                                 .done = 1,
                                                 .checkpoint = text("a checkpoint")};
        a_proof(&m->as.entries.consistency, 5);
        memset(m->as.entries.digest, 0x33, 32);
        break;
    case MESSAGE_FAIL:
        m->as.fail = (struct message_fail){text("refused"), text("Das Gerät ist gesperrt.")};
        break;
    case MESSAGE_ENROL:
        m->as.enrol = (struct message_enrol){.ticket = an_id(7), .label = text("Laptop 12")};
        memset(m->as.enrol.sign_key, 0x44, 32);
        memset(m->as.enrol.proof, 0x45, 64);
        break;
    case MESSAGE_ENROLLED:
        m->as.enrolled = (struct message_enrolled){an_id(1),       an_id(2),
                                                   an_id(3),       text("Ada"),
                                                   text("Office"), text("office+01234567+AAAA"),
                                                   1790000000003,  .lease_until_ms = 1790000000004};
        memset(m->as.enrolled.seal_key, 0x51, 32);
        memset(m->as.enrolled.lease_secret, 0x52, 32);
        break;
    case MESSAGE_FORK:
        m->as.fork = (struct message_fork){many(CHAIN_HEAD_MAX), many(3000), 1};
        break;
    case MESSAGE_EPOCH:
        m->as.epoch = (struct message_epoch){70000, 71000};
        break;
    }
}

static void empty(enum message_type type, struct message *m)
{
    memset(m, 0, sizeof *m);
    m->type = type;
}

static void assert_slices(struct slice a, struct slice b)
{
    assert_int_equal(a.size, b.size);
    assert_true(slice_equal(a, b));
}

static void assert_chains(const struct chain *a, const struct chain *b)
{
    assert_true(id_equal(&a->device, &b->device));
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->seq, b->seq);
    assert_memory_equal(a->hash, b->hash, sizeof a->hash);
}

static void assert_proofs(const struct merkle_proof *a, const struct merkle_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hashes, b->hashes, a->count * MERKLE_BYTES);
}

static void assert_sync_same(const struct message *a, const struct message *b)
{
    if (a->type == MESSAGE_HELLO) {
        assert_chains(&a->as.hello.end, &b->as.hello.end);
        assert_int_equal(a->as.hello.cursor, b->as.hello.cursor);
        assert_memory_equal(a->as.hello.caseload_digest, b->as.hello.caseload_digest, 32);
        assert_int_equal(a->as.hello.checkpoint_size, b->as.hello.checkpoint_size);
        assert_memory_equal(a->as.hello.checkpoint_root.b, b->as.hello.checkpoint_root.b, 32);
        assert_int_equal(a->as.hello.wall_ms, b->as.hello.wall_ms);
    } else if (a->type == MESSAGE_WELCOME) {
        assert_chains(&a->as.welcome.have, &b->as.welcome.have);
        assert_slices(a->as.welcome.checkpoint, b->as.welcome.checkpoint);
        assert_proofs(&a->as.welcome.consistency, &b->as.welcome.consistency);
        assert_int_equal(a->as.welcome.schema_version, b->as.welcome.schema_version);
        assert_int_equal(a->as.welcome.office_ms, b->as.welcome.office_ms);
        assert_int_equal(a->as.welcome.want_caseload, b->as.welcome.want_caseload);
        assert_int_equal(a->as.welcome.revoked, b->as.welcome.revoked);
        assert_int_equal(a->as.welcome.wipe, b->as.welcome.wipe);
        assert_memory_equal(a->as.welcome.seal_key, b->as.welcome.seal_key, 32);
        assert_memory_equal(a->as.welcome.lease_secret, b->as.welcome.lease_secret, 32);
        assert_int_equal(a->as.welcome.lease_until_ms, b->as.welcome.lease_until_ms);
        assert_slices(a->as.welcome.recovery, b->as.welcome.recovery);
        assert_slices(a->as.welcome.set_back, b->as.welcome.set_back);
        assert_proofs(&a->as.welcome.set_back_proof, &b->as.welcome.set_back_proof);
    } else if (a->type == MESSAGE_PUSH) {
        assert_slices(a->as.push.head, b->as.push.head);
        assert_slices(a->as.push.batch, b->as.push.batch);
    } else if (a->type == MESSAGE_FORK) {
        assert_slices(a->as.fork.head, b->as.fork.head);
        assert_slices(a->as.fork.batch, b->as.fork.batch);
        assert_int_equal(a->as.fork.last, b->as.fork.last);
    } else if (a->type == MESSAGE_EPOCH) {
        assert_int_equal(a->as.epoch.epoch, b->as.epoch.epoch);
        assert_int_equal(a->as.epoch.common, b->as.epoch.common);
    } else if (a->type == MESSAGE_PULL) {
        assert_int_equal(a->as.pull.cursor, b->as.pull.cursor);
        assert_int_equal(a->as.pull.credit, b->as.pull.credit);
        assert_int_equal(a->as.pull.has_caseload, b->as.pull.has_caseload);
        assert_slices(a->as.pull.caseload, b->as.pull.caseload);
    }
}

static void assert_same(const struct message *a, const struct message *b)
{
    assert_int_equal(a->type, b->type);
    assert_sync_same(a, b);
    if (a->type == MESSAGE_PUSHED) {
        assert_int_equal(a->as.pushed.epoch, b->as.pushed.epoch);
        assert_int_equal(a->as.pushed.seq, b->as.pushed.seq);
        assert_int_equal(a->as.pushed.first_seq, b->as.pushed.first_seq);
        assert_int_equal(a->as.pushed.first_position, b->as.pushed.first_position);
        assert_int_equal(a->as.pushed.received_ms, b->as.pushed.received_ms);
        assert_slices(a->as.pushed.checkpoint, b->as.pushed.checkpoint);
        assert_proofs(&a->as.pushed.consistency, &b->as.pushed.consistency);
        assert_proofs(&a->as.pushed.range, &b->as.pushed.range);
        assert_int_equal(a->as.pushed.held_count, b->as.pushed.held_count);
        if (a->as.pushed.held_count != 0)
            assert_slices(a->as.pushed.held, b->as.pushed.held);
    } else if (a->type == MESSAGE_ENTRIES) {
        assert_slices(a->as.entries.batch, b->as.entries.batch);
        assert_slices(a->as.entries.arrived, b->as.entries.arrived);
        assert_slices(a->as.entries.purge, b->as.entries.purge);
        assert_int_equal(a->as.entries.cursor, b->as.entries.cursor);
        assert_int_equal(a->as.entries.done, b->as.entries.done);
        assert_memory_equal(a->as.entries.digest, b->as.entries.digest, 32);
        assert_slices(a->as.entries.checkpoint, b->as.entries.checkpoint);
        assert_proofs(&a->as.entries.consistency, &b->as.entries.consistency);
    } else if (a->type == MESSAGE_FAIL) {
        assert_slices(a->as.fail.code, b->as.fail.code);
        assert_slices(a->as.fail.sentence, b->as.fail.sentence);
    } else if (a->type == MESSAGE_ENROL) {
        assert_true(id_equal(&a->as.enrol.ticket, &b->as.enrol.ticket));
        assert_memory_equal(a->as.enrol.sign_key, b->as.enrol.sign_key, 32);
        assert_memory_equal(a->as.enrol.proof, b->as.enrol.proof, 64);
        assert_slices(a->as.enrol.label, b->as.enrol.label);
    } else if (a->type == MESSAGE_ENROLLED) {
        assert_true(id_equal(&a->as.enrolled.device, &b->as.enrolled.device));
        assert_true(id_equal(&a->as.enrolled.user, &b->as.enrolled.user));
        assert_true(id_equal(&a->as.enrolled.office, &b->as.enrolled.office));
        assert_slices(a->as.enrolled.user_name, b->as.enrolled.user_name);
        assert_slices(a->as.enrolled.office_name, b->as.enrolled.office_name);
        assert_slices(a->as.enrolled.log_key, b->as.enrolled.log_key);
        assert_int_equal(a->as.enrolled.office_ms, b->as.enrolled.office_ms);
        assert_memory_equal(a->as.enrolled.seal_key, b->as.enrolled.seal_key, 32);
        assert_memory_equal(a->as.enrolled.lease_secret, b->as.enrolled.lease_secret, 32);
        assert_int_equal(a->as.enrolled.lease_until_ms, b->as.enrolled.lease_until_ms);
    }
}

static void round_trip(const struct message *m)
{
    struct message back;
    struct pack w;
    struct error e = {0, ""};
    assert_int_equal(message_write(m, &w, &e), 0);
    memset(&back, 0xee, sizeof back);
    assert_int_equal(message_read(pack_bytes(&w), &back, &e), 0);
    assert_same(m, &back);
    pack_free(&w);
}

/* Goal: every message comes back as it went, with all fields set and with none. */
static void messages_come_back(void **state)
{
    struct message m;
    (void)state;
    for (int type = 1; type <= TYPES; type++) {
        full((enum message_type)type, &m);
        round_trip(&m);
        empty((enum message_type)type, &m);
        round_trip(&m);
    }
    full(MESSAGE_PULL, &m); /* an empty caseload is not the same as none */
    m.as.pull.caseload.size = 0;
    round_trip(&m);
    full(MESSAGE_ENTRIES, &m);
    m.as.entries.done = 0;
    m.as.entries.purge.size = 0;
    memset(m.as.entries.digest, 0, 32);
    round_trip(&m);
}

/* Goal: the bytes are those that the protocol's description gives, not merely what both sides agree on. */
static void bytes_are_as_described(void **state)
{
    static const uint8_t fail[] = {0x93, 0x07, 0xa4, 'b', 'u', 's', 'y', 0xa4, 'w', 'a', 'i', 't'};
    static const uint8_t pull[] = {0x94, 0x05, 0xcd, 0x01, 0x00, 0x07, 0xc0};
    struct message m;
    struct pack w;
    (void)state;
    empty(MESSAGE_FAIL, &m);
    m.as.fail = (struct message_fail){text("busy"), text("wait")};
    assert_int_equal(message_write(&m, &w, NULL), 0);
    assert_int_equal(w.buffer.size, sizeof fail);
    assert_memory_equal(w.buffer.data, fail, sizeof fail);
    pack_free(&w);
    empty(MESSAGE_PULL, &m);
    m.as.pull.cursor = 256;
    m.as.pull.credit = 7;
    assert_int_equal(message_write(&m, &w, NULL), 0);
    assert_int_equal(w.buffer.size, sizeof pull);
    assert_memory_equal(w.buffer.data, pull, sizeof pull);
    pack_free(&w);
}

/* Reads a copy of exactly that size, so that a sanitizer sees a read past its end. */
static int read_copy(const uint8_t *p, size_t size, struct message *out, uint8_t **copy)
{
    *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(*copy);
    if (size != 0)
        memcpy(*copy, p, size);
    return message_read((struct slice){*copy, size}, out, NULL);
}

/* Goal: a message that is cut at any byte, or that goes on after its end, is refused. */
static void cut_messages_are_refused(void **state)
{
    struct message m, back;
    struct pack w;
    uint8_t *copy;
    (void)state;
    for (int type = 1; type <= TYPES; type++) {
        full((enum message_type)type, &m);
        assert_int_equal(message_write(&m, &w, NULL), 0);
        for (size_t size = 0; size < w.buffer.size; size++) {
            assert_int_equal(read_copy((const uint8_t *)w.buffer.data, size, &back, &copy), E_INPUT);
            free(copy);
        }
        pack_nil(&w);
        assert_int_equal(read_copy((const uint8_t *)w.buffer.data, w.buffer.size, &back, &copy), E_INPUT);
        free(copy);
        pack_free(&w);
    }
}

/* Goal: a message with any bit flipped is refused, or is another message whose only encoding these very bytes are. */
static void flipped_bits_never_hurt(void **state)
{
    struct message m, back;
    struct pack w, again;
    uint8_t *copy;
    size_t accepted = 0, refused = 0;
    (void)state;
    for (int type = 1; type <= TYPES; type++) {
        full((enum message_type)type, &m);
        assert_int_equal(message_write(&m, &w, NULL), 0);
        for (size_t bit = 0; bit < 8 * w.buffer.size; bit++) {
            w.buffer.data[bit / 8] = (char)(w.buffer.data[bit / 8] ^ (1 << (bit % 8)));
            if (read_copy((const uint8_t *)w.buffer.data, w.buffer.size, &back, &copy) == 0) {
                accepted++;
                assert_int_equal(message_write(&back, &again, NULL), 0);
                assert_slices(pack_bytes(&again), pack_bytes(&w));
                pack_free(&again);
            } else {
                refused++;
            }
            free(copy);
            w.buffer.data[bit / 8] = (char)(w.buffer.data[bit / 8] ^ (1 << (bit % 8)));
        }
        pack_free(&w);
    }
    assert_true(accepted > 1000 && refused > 1000);
}

/* What reading gives for a full message of that type whose element `index` is replaced by `element`. */
static int with_element(enum message_type type, size_t index, struct slice element)
{
    struct message m, back;
    struct pack w, other;
    struct unpack r;
    size_t count;
    int code;
    full(type, &m);
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
    pack_text(&w, (const char *)big, size);
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
            assert_int_equal(with_bin(rows[i].type, rows[i].index, big, rows[i].max), 0);
            assert_int_equal(with_bin(rows[i].type, rows[i].index, big, rows[i].max + 1), E_LIMIT);
        }
    }
}

/* Goal: a batch of a fork comes with its head, or there is neither. */
static void a_batch_has_its_head(void **state)
{
    (void)state;
    assert_int_equal(with_bin(MESSAGE_FORK, 1, big, 0), E_INPUT);
    assert_int_equal(with_bin(MESSAGE_FORK, 2, big, 0), E_INPUT);
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
        assert_int_equal(with_bin(rows[i].type, rows[i].index, big, (size_t)MERKLE_PROOF_MAX * MERKLE_BYTES), 0);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, big, (size_t)(MERKLE_PROOF_MAX + 1) * MERKLE_BYTES),
                         E_LIMIT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, big, MERKLE_BYTES - 1), E_INPUT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, big, MERKLE_BYTES + 1), E_INPUT);
    }
}

/* Goal: lists of scopes are whole ids within the limit, and a caseload is sorted with each scope once. */
static void scopes_are_whole_and_sorted(void **state)
{
    static const struct {
        enum message_type type;
        size_t index;
    } rows[] = {{MESSAGE_PULL, 3}, {MESSAGE_ENTRIES, 2}, {MESSAGE_ENTRIES, 3}};
    uint8_t twice[32], swapped[32];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(with_bin(rows[i].type, rows[i].index, scopes, (size_t)LIMITS_CASELOAD_MAX * 16), 0);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, scopes, sizeof scopes), E_LIMIT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, scopes, 15), E_INPUT);
        assert_int_equal(with_bin(rows[i].type, rows[i].index, scopes, 17), E_INPUT);
    }
    memcpy(twice, scopes, 16);
    memcpy(twice + 16, scopes, 16);
    assert_int_equal(with_bin(MESSAGE_PULL, 3, twice, 32), E_INPUT);
    memcpy(swapped, scopes + 16, 16);
    memcpy(swapped + 16, scopes, 16);
    assert_int_equal(with_bin(MESSAGE_PULL, 3, swapped, 32), E_INPUT);
}

/* Goal: recovery officers come in whole pairs, at most MESSAGE_PAIRS_MAX of them; keys are whole keys. */
static void officers_come_in_pairs(void **state)
{
    static const size_t pairs = MESSAGE_PAIRS_MAX;
    (void)state;
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, big, 0), 0);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, big, pairs * MESSAGE_PAIR_BYTES), 0);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, big, (pairs + 1) * MESSAGE_PAIR_BYTES), E_LIMIT);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, big, MESSAGE_PAIR_BYTES - 1), E_INPUT);
    assert_int_equal(with_bin(MESSAGE_WELCOME, 15, big, MESSAGE_PAIR_BYTES + 1), E_INPUT);
    for (size_t index = 12; index <= 13; index++) {
        assert_int_equal(with_bin(MESSAGE_WELCOME, index, big, 31), E_INPUT);
        assert_int_equal(with_bin(MESSAGE_WELCOME, index, big, 33), E_INPUT);
    }
    for (size_t index = 8; index <= 9; index++) {
        assert_int_equal(with_bin(MESSAGE_ENROLLED, index, big, 31), E_INPUT);
        assert_int_equal(with_bin(MESSAGE_ENROLLED, index, big, 33), E_INPUT);
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
        {MESSAGE_EPOCH, 1},   {MESSAGE_EPOCH, 2},
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
        pack_text(w, (const char *)big, reason);
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
    full(MESSAGE_PUSHED, &m);
    unpack_start(&r, m.as.pushed.held);
    assert_int_equal(unpack_array(&r), 2);
    one = message_next_held(&r);
    assert_int_equal(one.seq, 191);
    assert_slices(one.reason, text("not in your caseload"));
    one = message_next_held(&r);
    assert_int_equal(one.seq, 193);
    assert_slices(one.reason, text("unknown author"));
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

/* Goal: a type that we do not know is told apart from damage; a known one has exactly its elements. */
static void unknown_types_are_another_protocol(void **state)
{
    struct message m;
    struct error e;
    struct pack w;
    static const uint64_t types[] = {0, TYPES + 1, 255, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        pack_start(&w);
        pack_array(&w, 2);
        pack_uint(&w, types[i]);
        pack_nil(&w);
        assert_int_equal(message_read(pack_bytes(&w), &m, &e), E_PEER);
        assert_non_null(strstr(e.text, "the peer speaks a newer protocol or not ours"));
        pack_free(&w);
    }
    for (unsigned type = 1; type <= TYPES; type++) {
        pack_start(&w);
        pack_array(&w, 2);
        pack_uint(&w, type);
        pack_nil(&w);
        assert_int_equal(message_read(pack_bytes(&w), &m, NULL), E_INPUT);
        pack_free(&w);
    }
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
    assert_int_equal(message_read(many(LIMITS_MESSAGE_MAX), &m, NULL), E_INPUT);
    assert_int_equal(message_read(many(LIMITS_MESSAGE_MAX + 1), &m, NULL), E_LIMIT);
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
    full(MESSAGE_ENTRIES, &m);
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
    full(MESSAGE_WELCOME, &m);
    m.as.welcome.consistency.count = MERKLE_PROOF_MAX + 1;
    assert_not_written(&m, E_LIMIT);
    full(MESSAGE_WELCOME, &m);
    m.as.welcome.set_back_proof.count = MERKLE_PROOF_MAX + 1;
    assert_not_written(&m, E_LIMIT);
    full(MESSAGE_ENTRIES, &m);
    m.as.entries.consistency.count = MERKLE_PROOF_MAX + 1;
    assert_not_written(&m, E_LIMIT);
    full(MESSAGE_PUSHED, &m);
    m.as.pushed.range.count = SIZE_MAX;
    assert_not_written(&m, E_LIMIT);
    full(MESSAGE_PUSHED, &m);
    m.as.pushed.held_count = 1;
    assert_not_written(&m, E_INTERNAL);
    full(MESSAGE_FAIL, &m);
    m.as.fail.sentence = many(MESSAGE_SENTENCE_MAX + 1);
    assert_not_written(&m, E_LIMIT);
    full(MESSAGE_FAIL, &m);
    m.as.fail.sentence = text("\xc3"); /* half a letter */
    assert_not_written(&m, E_INTERNAL);
    full(MESSAGE_HELLO, &m);
    m.as.hello.cursor = UINT64_MAX;
    assert_not_written(&m, E_INTERNAL);
    full(MESSAGE_PUSH, &m);
    m.as.push.batch = many(BATCH_DEFLATED_MAX + 1);
    assert_not_written(&m, E_LIMIT);
    full(MESSAGE_ENTRIES, &m); /* each is within its limit, the whole is not */
    m.as.entries.batch = many(BATCH_DEFLATED_MAX);
    m.as.entries.arrived = (struct slice){scopes, (size_t)LIMITS_CASELOAD_MAX * 16};
    assert_not_written(&m, E_LIMIT);
    empty((enum message_type)(TYPES + 1), &m);
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

/* Goal: the caseload's digest is BLAKE2b-256 of the ids one after another, and tells caseloads apart. */
static void digests_tell_caseloads_apart(void **state)
{
    struct id ids[2] = {an_id(1), an_id(2)}, other[2] = {an_id(1), an_id(3)};
    uint8_t whole[32], part[32], none[32], differs[32], expected[32];
    (void)state;
    message_caseload_digest(ids, 2, whole);
    message_caseload_digest(ids, 1, part);
    message_caseload_digest(NULL, 0, none);
    message_caseload_digest(other, 2, differs);
    crypto_generichash(expected, 32, (const uint8_t *)ids, 32, (const uint8_t *)"satchel caseload 1", 18);
    assert_memory_equal(whole, expected, 32);
    assert_memory_not_equal(whole, part, 32);
    assert_memory_not_equal(part, none, 32);
    assert_memory_not_equal(whole, differs, 32);
}

static int set_up(void **state)
{
    (void)state;
    memset(big, 'a', sizeof big);
    for (size_t i = 0; i < sizeof scopes / 16; i++) {
        scopes[16 * i] = (uint8_t)(i >> 16);
        scopes[16 * i + 1] = (uint8_t)(i >> 8);
        scopes[16 * i + 2] = (uint8_t)i;
    }
    pack_start(&held);
    pack_array(&held, 2);
    pack_array(&held, 2);
    pack_uint(&held, 191);
    pack_text(&held, "not in your caseload", 20);
    pack_array(&held, 2);
    pack_uint(&held, 193);
    pack_text(&held, "unknown author", 14);
    return sodium_init() < 0;
}

static int tear_down(void **state)
{
    (void)state;
    pack_free(&held);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back),           cmocka_unit_test(bytes_are_as_described),
        cmocka_unit_test(cut_messages_are_refused),     cmocka_unit_test(flipped_bits_never_hurt),
        cmocka_unit_test(lengths_end_at_their_limits),  cmocka_unit_test(a_batch_has_its_head),
        cmocka_unit_test(proofs_are_whole_hashes),      cmocka_unit_test(scopes_are_whole_and_sorted),
        cmocka_unit_test(officers_come_in_pairs),       cmocka_unit_test(numbers_fit_the_store),
        cmocka_unit_test(held_changes_are_listed),      cmocka_unit_test(unknown_types_are_another_protocol),
        cmocka_unit_test(claims_are_not_believed),      cmocka_unit_test(purges_come_last),
        cmocka_unit_test(writing_keeps_the_limits),     cmocka_unit_test(codes_are_names),
        cmocka_unit_test(digests_tell_caseloads_apart),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
