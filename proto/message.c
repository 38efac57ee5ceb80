/* Messages, encoded and decoded. docs/PROTOCOL.md, "Messages", lists the fields of each in the order of this file.
 *
 * A message is an array of its type and a fixed number of fields. Reading keeps to the reader of pack.h, which refuses
 * what is not canonical; every length is checked against the bytes that are there and against its own limit, and what
 * is too long is told apart from what is malformed. */
#include "message.h"

#include <sodium.h>
#include <string.h>

#include "batch.h"

/* --- writing --- */

static void write_slice(struct pack *w, struct slice s)
{
    pack_bin(w, s.p, s.size);
}

static void write_text(struct pack *w, struct slice s)
{
    pack_text(w, s.size == 0 ? "" : (const char *)s.p, s.size);
}

static void write_chain(struct pack *w, const struct chain *c)
{
    pack_id(w, &c->device);
    pack_uint(w, c->epoch);
    pack_uint(w, c->seq);
    pack_bin(w, c->hash, sizeof c->hash);
}

static void write_proof(struct pack *w, const struct merkle_proof *p)
{
    pack_bin(w, p->hashes, p->count * MERKLE_BYTES);
}

static void write_hello(struct pack *w, const struct message_hello *m)
{
    write_chain(w, &m->end);
    pack_uint(w, m->cursor);
    pack_bin(w, m->caseload_digest, sizeof m->caseload_digest);
    pack_uint(w, m->checkpoint_size);
    pack_bin(w, m->checkpoint_root.b, sizeof m->checkpoint_root.b);
    pack_uint(w, m->wall_ms);
    write_slice(w, m->set_backs);
}

static void write_welcome(struct pack *w, const struct message_welcome *m)
{
    write_chain(w, &m->have);
    write_text(w, m->checkpoint);
    write_proof(w, &m->consistency);
    pack_uint(w, m->schema_version);
    pack_uint(w, m->office_ms);
    pack_flag(w, m->want_caseload);
    pack_flag(w, m->revoked);
    pack_flag(w, m->wipe);
    pack_bin(w, m->seal_key, sizeof m->seal_key);
    pack_bin(w, m->lease_secret, sizeof m->lease_secret);
    pack_uint(w, m->lease_until_ms);
    write_slice(w, m->recovery);
    write_slice(w, m->set_back);
    write_proof(w, &m->set_back_proof);
}

static void write_push(struct pack *w, const struct message_push *m)
{
    write_slice(w, m->head);
    write_slice(w, m->batch);
}

static void write_pushed(struct pack *w, const struct message_pushed *m)
{
    pack_uint(w, m->epoch);
    pack_uint(w, m->seq);
    pack_uint(w, m->first_seq);
    pack_uint(w, m->first_position);
    pack_uint(w, m->received_ms);
    write_text(w, m->checkpoint);
    write_proof(w, &m->consistency);
    write_proof(w, &m->range);
    if (m->held.size == 0)
        pack_array(w, 0);
    else
        pack_raw(w, m->held);
}

static void write_pull(struct pack *w, const struct message_pull *m)
{
    pack_uint(w, m->cursor);
    pack_uint(w, m->credit);
    if (m->has_caseload)
        write_slice(w, m->caseload);
    else
        pack_nil(w);
}

static void write_entries(struct pack *w, const struct message_entries *m)
{
    write_slice(w, m->batch);
    write_slice(w, m->arrived);
    write_slice(w, m->purge);
    pack_uint(w, m->cursor);
    pack_flag(w, m->done);
    if (m->done)
        pack_bin(w, m->digest, sizeof m->digest);
    else
        pack_nil(w);
    write_text(w, m->checkpoint);
    write_proof(w, &m->consistency);
}

static void write_fail(struct pack *w, const struct message_fail *m)
{
    write_text(w, m->code);
    write_text(w, m->sentence);
}

static void write_enrol(struct pack *w, const struct message_enrol *m)
{
    pack_id(w, &m->ticket);
    pack_bin(w, m->sign_key, sizeof m->sign_key);
    pack_bin(w, m->proof, sizeof m->proof);
    write_text(w, m->label);
}

static void write_enrolled(struct pack *w, const struct message_enrolled *m)
{
    pack_id(w, &m->device);
    pack_id(w, &m->user);
    pack_id(w, &m->office);
    write_text(w, m->user_name);
    write_text(w, m->office_name);
    write_text(w, m->log_key);
    pack_uint(w, m->office_ms);
    pack_bin(w, m->seal_key, sizeof m->seal_key);
    pack_bin(w, m->lease_secret, sizeof m->lease_secret);
    pack_uint(w, m->lease_until_ms);
}

static void write_fork(struct pack *w, const struct message_fork *m)
{
    write_slice(w, m->head);
    write_slice(w, m->batch);
    pack_flag(w, m->last);
}

static void write_epoch(struct pack *w, const struct message_epoch *m)
{
    pack_uint(w, m->epoch);
    pack_uint(w, m->common);
}

/* How many elements a message of this type has, its type included; 0: there is no such type. */
static size_t elements(uint64_t type)
{
    switch (type) {
    case MESSAGE_HELLO:
        return 11;
    case MESSAGE_WELCOME:
        return 18;
    case MESSAGE_PUSH:
        return 3;
    case MESSAGE_PUSHED:
        return 10;
    case MESSAGE_PULL:
        return 4;
    case MESSAGE_ENTRIES:
        return 9;
    case MESSAGE_FAIL:
        return 3;
    case MESSAGE_ENROL:
        return 5;
    case MESSAGE_ENROLLED:
        return 11;
    case MESSAGE_FORK:
        return 4;
    case MESSAGE_EPOCH:
        return 3;
    default:
        return 0;
    }
}

static void write_fields(struct pack *w, const struct message *m)
{
    switch (m->type) {
    case MESSAGE_HELLO:
        write_hello(w, &m->as.hello);
        break;
    case MESSAGE_WELCOME:
        write_welcome(w, &m->as.welcome);
        break;
    case MESSAGE_PUSH:
        write_push(w, &m->as.push);
        break;
    case MESSAGE_PUSHED:
        write_pushed(w, &m->as.pushed);
        break;
    case MESSAGE_PULL:
        write_pull(w, &m->as.pull);
        break;
    case MESSAGE_ENTRIES:
        write_entries(w, &m->as.entries);
        break;
    case MESSAGE_FAIL:
        write_fail(w, &m->as.fail);
        break;
    case MESSAGE_ENROL:
        write_enrol(w, &m->as.enrol);
        break;
    case MESSAGE_ENROLLED:
        write_enrolled(w, &m->as.enrolled);
        break;
    case MESSAGE_FORK:
        write_fork(w, &m->as.fork);
        break;
    case MESSAGE_EPOCH:
        write_epoch(w, &m->as.epoch);
        break;
    }
}

/* A count beyond the array must not be followed into memory that is not ours, nor a large text be copied in vain. */
static int proofs_fit(const struct message *m)
{
    if (m->type == MESSAGE_WELCOME)
        return m->as.welcome.consistency.count <= MERKLE_PROOF_MAX &&
               m->as.welcome.set_back_proof.count <= MERKLE_PROOF_MAX;
    if (m->type == MESSAGE_ENTRIES)
        return m->as.entries.consistency.count <= MERKLE_PROOF_MAX;
    if (m->type == MESSAGE_PUSHED)
        return m->as.pushed.consistency.count <= MERKLE_PROOF_MAX && m->as.pushed.range.count <= MERKLE_PROOF_MAX;
    return 1;
}

int message_write(const struct message *m, struct pack *out, struct error *e)
{
    struct message back;
    int code;
    back.as.pushed.held_count = 0;
    pack_start(out);
    if (elements(m->type) == 0)
        return error_set(e, E_INTERNAL, "there is no message of type %d", (int)m->type);
    if (!proofs_fit(m))
        return error_set(e, E_LIMIT, "a proof has more than %d hashes", MERKLE_PROOF_MAX);
    pack_array(out, elements(m->type));
    pack_uint(out, m->type);
    write_fields(out, m);
    code = pack_finish(out, e);
    if (code != 0)
        return code;
    /* The reader knows every rule there is. What it refuses here is a mistake of the caller, or simply too large. */
    code = message_read(pack_bytes(out), &back, e);
    if (code == 0 && m->type == MESSAGE_PUSHED && back.as.pushed.held_count != m->as.pushed.held_count)
        code = error_set(e, E_INTERNAL, "a pushed message's count of held changes is not that of its list");
    if (code != 0 && code != E_LIMIT) {
        code = E_INTERNAL;
        if (e != NULL)
            e->code = code;
    }
    return code;
}

/* --- reading --- */

struct reader {
    struct unpack r;
    const char *over; /* the field that is larger than its limit; NULL: none so far */
};

static void refuse(struct reader *m)
{
    m->r.failed = 1;
    m->r.p = m->r.end;
}

static struct slice within(struct reader *m, struct slice s, size_t max, const char *field)
{
    if (s.size <= max)
        return s;
    if (m->over == NULL)
        m->over = field;
    refuse(m);
    return (struct slice){m->r.end, 0};
}

static struct slice read_text(struct reader *m, size_t max, const char *field)
{
    return within(m, unpack_text(&m->r), max, field);
}

static struct slice read_bin(struct reader *m, size_t max, const char *field)
{
    return within(m, unpack_bin(&m->r), max, field);
}

/* Numbers go into SQLite, whose integers are signed. */
static uint64_t read_number(struct reader *m)
{
    uint64_t value = unpack_uint(&m->r);
    if (value > INT64_MAX) {
        refuse(m);
        return 0;
    }
    return value;
}

static void read_chain(struct reader *m, struct chain *c)
{
    c->device = unpack_id(&m->r);
    c->epoch = read_number(m);
    c->seq = read_number(m);
    unpack_fixed(&m->r, c->hash, sizeof c->hash);
}

/* Whole items of `each` bytes, at most max of them. */
static struct slice read_many(struct reader *m, size_t max, size_t each, const char *field)
{
    struct slice s = read_bin(m, max * each, field);
    if (s.size % each != 0) {
        refuse(m);
        s.size = 0;
    }
    return s;
}

static void read_proof(struct reader *m, struct merkle_proof *p, const char *field)
{
    struct slice s = read_many(m, MERKLE_PROOF_MAX, MERKLE_BYTES, field);
    p->count = s.size / MERKLE_BYTES;
    if (s.size != 0)
        memcpy(p->hashes, s.p, s.size);
}

static struct slice read_scopes(struct reader *m, const char *field)
{
    return read_many(m, LIMITS_CASELOAD_MAX, ID_BYTES, field);
}

static void read_hello(struct reader *m, struct message_hello *out)
{
    read_chain(m, &out->end);
    out->cursor = read_number(m);
    unpack_fixed(&m->r, out->caseload_digest, sizeof out->caseload_digest);
    out->checkpoint_size = read_number(m);
    unpack_fixed(&m->r, out->checkpoint_root.b, sizeof out->checkpoint_root.b);
    out->wall_ms = read_number(m);
    out->set_backs = read_many(m, MESSAGE_SET_BACKS_MAX, CHANGE_HASH_BYTES, "list of set-backs");
}

static void read_welcome(struct reader *m, struct message_welcome *out)
{
    read_chain(m, &out->have);
    out->checkpoint = read_text(m, CHECKPOINT_TEXT_MAX - 1, "checkpoint");
    read_proof(m, &out->consistency, "consistency proof");
    out->schema_version = read_number(m);
    out->office_ms = read_number(m);
    out->want_caseload = unpack_flag(&m->r);
    out->revoked = unpack_flag(&m->r);
    out->wipe = unpack_flag(&m->r);
    unpack_fixed(&m->r, out->seal_key, sizeof out->seal_key);
    unpack_fixed(&m->r, out->lease_secret, sizeof out->lease_secret);
    out->lease_until_ms = read_number(m);
    out->recovery = read_many(m, MESSAGE_PAIRS_MAX, MESSAGE_PAIR_BYTES, "list of recovery officers");
    out->set_back = read_bin(m, BATCH_DEFLATED_MAX, "announcement of a set-back");
    read_proof(m, &out->set_back_proof, "proof of a set-back");
}

static void read_push(struct reader *m, struct message_push *out)
{
    out->head = read_bin(m, CHAIN_HEAD_MAX, "head");
    out->batch = read_bin(m, BATCH_DEFLATED_MAX, "batch");
}

static struct message_held read_held(struct reader *m)
{
    struct message_held held = {0, {NULL, 0}};
    if (unpack_array(&m->r) != 2)
        refuse(m);
    held.seq = read_number(m);
    held.reason = read_text(m, MESSAGE_SENTENCE_MAX, "reason of a held change");
    return held;
}

static void read_pushed(struct reader *m, struct message_pushed *out)
{
    const uint8_t *start;
    out->epoch = read_number(m);
    out->seq = read_number(m);
    out->first_seq = read_number(m);
    out->first_position = read_number(m);
    out->received_ms = read_number(m);
    out->checkpoint = read_text(m, CHECKPOINT_TEXT_MAX - 1, "checkpoint");
    read_proof(m, &out->consistency, "consistency proof");
    read_proof(m, &out->range, "range proof");
    start = m->r.p;
    out->held_count = unpack_array(&m->r);
    if (out->held_count > MESSAGE_HELD_MAX) {
        if (m->over == NULL)
            m->over = "list of held changes";
        refuse(m);
        out->held_count = 0;
    }
    for (size_t i = 0; i < out->held_count && !m->r.failed; i++)
        (void)read_held(m);
    out->held = (struct slice){start, (size_t)(m->r.p - start)};
}

static void read_pull(struct reader *m, struct message_pull *out)
{
    out->cursor = read_number(m);
    out->credit = read_number(m);
    out->has_caseload = !unpack_nil(&m->r);
    if (!out->has_caseload) {
        out->caseload = (struct slice){m->r.p, 0};
        return;
    }
    out->caseload = read_scopes(m, "caseload");
    /* Sorted, each scope once: both sides hash the same bytes. */
    for (size_t at = ID_BYTES; at < out->caseload.size; at += ID_BYTES)
        if (memcmp(out->caseload.p + at - ID_BYTES, out->caseload.p + at, ID_BYTES) >= 0) {
            refuse(m);
            return;
        }
}

static void read_entries(struct reader *m, struct message_entries *out)
{
    out->batch = read_bin(m, BATCH_DEFLATED_MAX, "batch");
    out->arrived = read_scopes(m, "list of scopes that arrived");
    out->purge = read_scopes(m, "list of scopes to purge");
    out->cursor = read_number(m);
    out->done = unpack_flag(&m->r);
    memset(out->digest, 0, sizeof out->digest);
    if (out->done)
        unpack_fixed(&m->r, out->digest, sizeof out->digest);
    else if (!unpack_nil(&m->r) || out->purge.size != 0)
        refuse(m); /* digest and purges come with the last batch alone */
    out->checkpoint = read_text(m, CHECKPOINT_TEXT_MAX - 1, "checkpoint");
    read_proof(m, &out->consistency, "consistency proof");
}

static void read_fail(struct reader *m, struct message_fail *out)
{
    out->code = read_text(m, MESSAGE_CODE_MAX, "code");
    /* It goes into logs as it is: letters and hyphens, as error.h has them. */
    for (size_t i = 0; i < out->code.size; i++)
        if (out->code.p[i] != '-' && (out->code.p[i] < 'a' || out->code.p[i] > 'z'))
            refuse(m);
    out->sentence = read_text(m, MESSAGE_SENTENCE_MAX, "sentence");
}

static void read_enrol(struct reader *m, struct message_enrol *out)
{
    out->ticket = unpack_id(&m->r);
    unpack_fixed(&m->r, out->sign_key, sizeof out->sign_key);
    unpack_fixed(&m->r, out->proof, sizeof out->proof);
    out->label = read_text(m, MESSAGE_LABEL_MAX, "label");
}

static void read_enrolled(struct reader *m, struct message_enrolled *out)
{
    out->device = unpack_id(&m->r);
    out->user = unpack_id(&m->r);
    out->office = unpack_id(&m->r);
    out->user_name = read_text(m, MESSAGE_NAME_MAX, "user's name");
    out->office_name = read_text(m, MESSAGE_NAME_MAX, "office's name");
    out->log_key = read_text(m, CHECKPOINT_VKEY_MAX - 1, "log key");
    out->office_ms = read_number(m);
    unpack_fixed(&m->r, out->seal_key, sizeof out->seal_key);
    unpack_fixed(&m->r, out->lease_secret, sizeof out->lease_secret);
    out->lease_until_ms = read_number(m);
}

static void read_fork(struct reader *m, struct message_fork *out)
{
    out->head = read_bin(m, CHAIN_HEAD_MAX, "head");
    out->batch = read_bin(m, BATCH_DEFLATED_MAX, "batch");
    out->last = unpack_flag(&m->r);
    if ((out->head.size == 0) != (out->batch.size == 0))
        refuse(m);
}

static void read_epoch(struct reader *m, struct message_epoch *out)
{
    out->epoch = read_number(m);
    out->common = read_number(m);
}

static void read_fields(struct reader *m, struct message *out)
{
    switch (out->type) {
    case MESSAGE_HELLO:
        read_hello(m, &out->as.hello);
        break;
    case MESSAGE_WELCOME:
        read_welcome(m, &out->as.welcome);
        break;
    case MESSAGE_PUSH:
        read_push(m, &out->as.push);
        break;
    case MESSAGE_PUSHED:
        read_pushed(m, &out->as.pushed);
        break;
    case MESSAGE_PULL:
        read_pull(m, &out->as.pull);
        break;
    case MESSAGE_ENTRIES:
        read_entries(m, &out->as.entries);
        break;
    case MESSAGE_FAIL:
        read_fail(m, &out->as.fail);
        break;
    case MESSAGE_ENROL:
        read_enrol(m, &out->as.enrol);
        break;
    case MESSAGE_ENROLLED:
        read_enrolled(m, &out->as.enrolled);
        break;
    case MESSAGE_FORK:
        read_fork(m, &out->as.fork);
        break;
    case MESSAGE_EPOCH:
        read_epoch(m, &out->as.epoch);
        break;
    }
}

int message_read(struct slice bytes, struct message *out, struct error *e)
{
    struct reader m = {.over = NULL};
    size_t count;
    uint64_t type;
    if (bytes.size > LIMITS_MESSAGE_MAX)
        return error_set(e, E_LIMIT, "a message is larger than the %u bytes that the protocol allows",
                         LIMITS_MESSAGE_MAX);
    unpack_start(&m.r, bytes);
    count = unpack_array(&m.r);
    type = unpack_uint(&m.r);
    if (m.r.failed)
        return unpack_end(&m.r, "a message", e);
    if (elements(type) == 0)
        return error_set(e, E_PEER,
                         "the peer speaks a newer protocol or not ours (a message of type %llu); "
                         "update the older of the two programs",
                         (unsigned long long)type);
    if (count != elements(type))
        return error_set(e, E_INPUT, "a message of type %llu is not as it should be: it has %zu elements, not %zu",
                         (unsigned long long)type, count, elements(type));
    out->type = (enum message_type)type;
    read_fields(&m, out);
    if (m.over != NULL)
        return error_set(e, E_LIMIT, "the %s in a message of type %llu is larger than the protocol allows", m.over,
                         (unsigned long long)type);
    return unpack_end(&m.r, "a message", e);
}

struct message_held message_next_held(struct unpack *r)
{
    struct reader m = {.r = *r, .over = NULL};
    struct message_held held = read_held(&m);
    *r = m.r;
    return held;
}

void message_caseload_digest(const struct id *sorted, size_t count, uint8_t out[32])
{
    static const uint8_t domain[] = "satchel caseload 1";
    crypto_generichash(out, 32, count == 0 ? NULL : sorted->b, count * ID_BYTES, domain, sizeof domain - 1);
}
