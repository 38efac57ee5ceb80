/* Tests: proto/message.c
 * Messages come back as they went, in the bytes that docs/PROTOCOL.md gives; what was cut, flipped or is of another
 * protocol is refused. */
#include "message_fixture.h"

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
        assert_int_equal(a->as.welcome.has_recovery, b->as.welcome.has_recovery);
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
    } else if (a->type == MESSAGE_RESUME) {
        assert_true(id_equal(&a->as.resume.session, &b->as.resume.session));
        assert_int_equal(a->as.resume.turn, b->as.resume.turn);
        assert_int_equal(a->as.resume.bytes, b->as.resume.bytes);
        assert_memory_equal(a->as.resume.hash, b->as.resume.hash, 32);
    } else if (a->type == MESSAGE_RESUMED) {
        assert_int_equal(a->as.resumed.goes_on, b->as.resumed.goes_on);
        assert_int_equal(a->as.resumed.bytes, b->as.resumed.bytes);
        assert_memory_equal(a->as.resumed.hash, b->as.resumed.hash, 32);
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
        assert_slices(a->as.entries.anew, b->as.entries.anew);
        assert_int_equal(a->as.entries.held_count, b->as.entries.held_count);
        if (a->as.entries.held_count != 0)
            assert_slices(a->as.entries.held, b->as.entries.held);
        assert_int_equal(a->as.entries.vouched_count, b->as.entries.vouched_count);
        if (a->as.entries.vouched_count != 0)
            assert_slices(a->as.entries.vouched, b->as.entries.vouched);
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
        sample_full((enum message_type)type, &m);
        round_trip(&m);
        sample_empty((enum message_type)type, &m);
        round_trip(&m);
    }
    sample_full(MESSAGE_PULL, &m); /* an empty caseload is not the same as none */
    m.as.pull.caseload.size = 0;
    round_trip(&m);
    sample_full(MESSAGE_ENTRIES, &m);
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
    sample_empty(MESSAGE_FAIL, &m);
    m.as.fail = (struct message_fail){sample_text("busy"), sample_text("wait")};
    assert_int_equal(message_write(&m, &w, NULL), 0);
    assert_int_equal(w.buffer.size, sizeof fail);
    assert_memory_equal(w.buffer.data, fail, sizeof fail);
    pack_free(&w);
    sample_empty(MESSAGE_PULL, &m);
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
        sample_full((enum message_type)type, &m);
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
        sample_full((enum message_type)type, &m);
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

/* Goal: the caseload's digest is BLAKE2b-256 of the ids one after another, and tells caseloads apart. */
static void digests_tell_caseloads_apart(void **state)
{
    struct id ids[2] = {sample_id(1), sample_id(2)}, other[2] = {sample_id(1), sample_id(3)};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back),
        cmocka_unit_test(bytes_are_as_described),
        cmocka_unit_test(cut_messages_are_refused),
        cmocka_unit_test(flipped_bits_never_hurt),
        cmocka_unit_test(unknown_types_are_another_protocol),
        cmocka_unit_test(digests_tell_caseloads_apart),
    };
    return cmocka_run_group_tests(tests, message_fixture_set_up, message_fixture_tear_down);
}
