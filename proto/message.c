/* Messages, encoded and decoded. docs/PROTOCOL.md, "Messages", lists the fields of each in the order of this file. To
 * add a message: its struct and type in message.h, a write_ and a read_ function here, and their row in `rows`.
 *
 * A message is an array of its type and a fixed number of fields. Reading keeps to the reader of pack.h, which refuses
 * what is not canonical; every length is checked against the bytes that are there and against its own limit, and what
 * is too long is told apart from what is malformed. */
#include "message.h"

#include <sodium.h>
#include <string.h>

#include "batch.h"

/* --- writing --- */

struct writer {
    struct pack *out;
    struct error *e;
    int code; /* 0, or the code of the first thing that is not as message.h says; e has its sentence */
};

static void write_slice(struct writer *w, struct slice s)
{
    pack_bin(w->out, s.p, s.size);
}

static void write_text(struct writer *w, struct slice s)
{
    pack_text(w->out, s.size == 0 ? "" : (const char *)s.p, s.size);
}

static void write_chain(struct writer *w, const struct chain *c)
{
    pack_id(w->out, &c->device);
    pack_uint(w->out, c->epoch);
    pack_uint(w->out, c->seq);
    pack_bin(w->out, c->hash, sizeof c->hash);
}

/* A count beyond the array must not be followed into memory that is not ours. */
static void write_proof(struct writer *w, const struct merkle_proof *p)
{
    if (p->count <= MERKLE_PROOF_MAX)
        pack_bin(w->out, p->hashes, p->count * MERKLE_BYTES);
    else if (w->code == 0)
        w->code = error_set(w->e, E_LIMIT, "a proof has more than %d hashes", MERKLE_PROOF_MAX);
}

static void write_hello(struct writer *w, const struct message *message)
{
    const struct message_hello *m = &message->as.hello;
    write_chain(w, &m->end);
    pack_uint(w->out, m->cursor);
    pack_bin(w->out, m->caseload_digest, sizeof m->caseload_digest);
    pack_uint(w->out, m->checkpoint_size);
    pack_bin(w->out, m->checkpoint_root.b, sizeof m->checkpoint_root.b);
    pack_uint(w->out, m->wall_ms);
    write_slice(w, m->set_backs);
    pack_bin(w->out, m->officers, sizeof m->officers);
}

static void write_welcome(struct writer *w, const struct message *message)
{
    const struct message_welcome *m = &message->as.welcome;
    write_chain(w, &m->have);
    write_text(w, m->checkpoint);
    write_proof(w, &m->consistency);
    pack_uint(w->out, m->schema_version);
    pack_uint(w->out, m->office_ms);
    pack_flag(w->out, m->want_caseload);
    pack_flag(w->out, m->revoked);
    pack_flag(w->out, m->wipe);
    pack_bin(w->out, m->seal_key, sizeof m->seal_key);
    pack_bin(w->out, m->lease_secret, sizeof m->lease_secret);
    pack_uint(w->out, m->lease_until_ms);
    if (m->has_recovery)
        write_slice(w, m->recovery);
    else
        pack_nil(w->out);
    write_slice(w, m->set_back);
    write_proof(w, &m->set_back_proof);
}

static void write_push(struct writer *w, const struct message *message)
{
    const struct message_push *m = &message->as.push;
    write_slice(w, m->head);
    write_slice(w, m->batch);
}

/* Returns how many elements a packed list says that it has. The reader checks that it is well formed. */
static size_t listed(struct slice list)
{
    struct unpack r;
    if (list.size == 0)
        return 0;
    unpack_start(&r, list);
    return unpack_array(&r);
}

static void write_pushed(struct writer *w, const struct message *message)
{
    const struct message_pushed *m = &message->as.pushed;
    pack_uint(w->out, m->epoch);
    pack_uint(w->out, m->seq);
    pack_uint(w->out, m->first_seq);
    pack_uint(w->out, m->first_position);
    pack_uint(w->out, m->received_ms);
    write_text(w, m->checkpoint);
    write_proof(w, &m->consistency);
    write_proof(w, &m->range);
    if (m->held.size == 0)
        pack_array(w->out, 0);
    else
        pack_raw(w->out, m->held);
    if (w->code == 0 && listed(m->held) != m->held_count)
        w->code = error_set(w->e, E_INTERNAL, "a pushed message's count of held changes is not that of its list");
}

static void write_pull(struct writer *w, const struct message *message)
{
    const struct message_pull *m = &message->as.pull;
    pack_uint(w->out, m->cursor);
    pack_uint(w->out, m->credit);
    if (m->has_caseload)
        write_slice(w, m->caseload);
    else
        pack_nil(w->out);
}

static void write_entries(struct writer *w, const struct message *message)
{
    const struct message_entries *m = &message->as.entries;
    write_slice(w, m->batch);
    write_slice(w, m->arrived);
    write_slice(w, m->purge);
    pack_uint(w->out, m->cursor);
    pack_flag(w->out, m->done);
    if (m->done)
        pack_bin(w->out, m->digest, sizeof m->digest);
    else
        pack_nil(w->out);
    write_text(w, m->checkpoint);
    write_proof(w, &m->consistency);
    write_slice(w, m->anew);
    if (m->held.size == 0)
        pack_array(w->out, 0);
    else
        pack_raw(w->out, m->held);
    if (w->code == 0 && listed(m->held) != m->held_count)
        w->code = error_set(w->e, E_INTERNAL, "an entries message's count of held changes is not that of its list");
    if (m->vouched.size == 0)
        pack_array(w->out, 0);
    else
        pack_raw(w->out, m->vouched);
    if (w->code == 0 && listed(m->vouched) != m->vouched_count)
        w->code = error_set(w->e, E_INTERNAL, "an entries message's count of heads is not that of its list");
}

static void write_fail(struct writer *w, const struct message *message)
{
    const struct message_fail *m = &message->as.fail;
    write_text(w, m->code);
    write_text(w, m->sentence);
}

static void write_enrol(struct writer *w, const struct message *message)
{
    const struct message_enrol *m = &message->as.enrol;
    pack_id(w->out, &m->ticket);
    pack_bin(w->out, m->sign_key, sizeof m->sign_key);
    pack_bin(w->out, m->proof, sizeof m->proof);
    write_text(w, m->label);
}

static void write_enrolled(struct writer *w, const struct message *message)
{
    const struct message_enrolled *m = &message->as.enrolled;
    pack_id(w->out, &m->device);
    pack_id(w->out, &m->user);
    pack_id(w->out, &m->office);
    write_text(w, m->user_name);
    write_text(w, m->office_name);
    write_text(w, m->log_key);
    pack_uint(w->out, m->office_ms);
    pack_bin(w->out, m->seal_key, sizeof m->seal_key);
    pack_bin(w->out, m->lease_secret, sizeof m->lease_secret);
    pack_uint(w->out, m->lease_until_ms);
}

static void write_fork(struct writer *w, const struct message *message)
{
    const struct message_fork *m = &message->as.fork;
    write_slice(w, m->head);
    write_slice(w, m->batch);
    pack_flag(w->out, m->last);
}

static void write_epoch(struct writer *w, const struct message *message)
{
    const struct message_epoch *m = &message->as.epoch;
    pack_uint(w->out, m->epoch);
    pack_uint(w->out, m->common);
}

static void write_resume(struct writer *w, const struct message *message)
{
    const struct message_resume *m = &message->as.resume;
    pack_id(w->out, &m->session);
    pack_uint(w->out, m->turn);
    pack_uint(w->out, m->bytes);
    pack_bin(w->out, m->hash, sizeof m->hash);
}

static void write_resumed(struct writer *w, const struct message *message)
{
    const struct message_resumed *m = &message->as.resumed;
    pack_flag(w->out, m->goes_on);
    pack_uint(w->out, m->bytes);
    pack_bin(w->out, m->hash, sizeof m->hash);
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

static void read_hello(struct reader *m, struct message *message)
{
    struct message_hello *out = &message->as.hello;
    read_chain(m, &out->end);
    out->cursor = read_number(m);
    unpack_fixed(&m->r, out->caseload_digest, sizeof out->caseload_digest);
    out->checkpoint_size = read_number(m);
    unpack_fixed(&m->r, out->checkpoint_root.b, sizeof out->checkpoint_root.b);
    out->wall_ms = read_number(m);
    out->set_backs = read_many(m, MESSAGE_SET_BACKS_MAX, CHANGE_HASH_BYTES, "list of set-backs");
    unpack_fixed(&m->r, out->officers, sizeof out->officers);
}

static void read_welcome(struct reader *m, struct message *message)
{
    struct message_welcome *out = &message->as.welcome;
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
    out->has_recovery = !unpack_nil(&m->r);
    out->recovery = (struct slice){m->r.p, 0};
    if (out->has_recovery)
        out->recovery = read_many(m, MESSAGE_PAIRS_MAX, MESSAGE_PAIR_BYTES, "list of recovery officers");
    out->set_back = read_bin(m, BATCH_DEFLATED_MAX, "announcement of a set-back");
    read_proof(m, &out->set_back_proof, "proof of a set-back");
}

static void read_push(struct reader *m, struct message *message)
{
    struct message_push *out = &message->as.push;
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

static struct message_held_late read_held_late(struct reader *m)
{
    struct message_held_late held = {0, 0, {NULL, 0}};
    if (unpack_array(&m->r) != 3)
        refuse(m);
    held.epoch = read_number(m);
    held.seq = read_number(m);
    held.reason = read_text(m, MESSAGE_SENTENCE_MAX, "reason of a held change");
    return held;
}

/* The count of a list, which follows. */
static size_t read_count(struct reader *m, size_t max, const char *field)
{
    size_t count = unpack_array(&m->r);
    if (count <= max)
        return count;
    if (m->over == NULL)
        m->over = field;
    refuse(m);
    return 0;
}

static size_t read_held_count(struct reader *m)
{
    return read_count(m, MESSAGE_HELD_MAX, "list of held changes");
}

/* A signed head, and the count of its headers, which follow. */
static size_t read_vouched(struct reader *m, struct slice *signed_head)
{
    if (unpack_array(&m->r) != 2)
        refuse(m);
    *signed_head = read_bin(m, CHAIN_HEAD_MAX, "head");
    return read_count(m, MESSAGE_VOUCHED_MAX, "list of headers");
}

static void read_pushed(struct reader *m, struct message *message)
{
    struct message_pushed *out = &message->as.pushed;
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
    out->held_count = read_held_count(m);
    for (size_t i = 0; i < out->held_count && !m->r.failed; i++)
        (void)read_held(m);
    out->held = (struct slice){start, (size_t)(m->r.p - start)};
}

static void read_pull(struct reader *m, struct message *message)
{
    struct message_pull *out = &message->as.pull;
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

static void read_entries(struct reader *m, struct message *message)
{
    struct message_entries *out = &message->as.entries;
    const uint8_t *start;
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
    out->anew = read_scopes(m, "list of scopes that come anew");
    start = m->r.p;
    out->held_count = read_held_count(m);
    for (size_t i = 0; i < out->held_count && !m->r.failed; i++)
        (void)read_held_late(m);
    out->held = (struct slice){start, (size_t)(m->r.p - start)};
    start = m->r.p;
    out->vouched_count = read_count(m, MESSAGE_VOUCHED_MAX, "list of heads");
    for (size_t i = 0; i < out->vouched_count && !m->r.failed; i++) {
        struct slice signed_head;
        size_t headers = read_vouched(m, &signed_head);
        for (size_t k = 0; k < headers && !m->r.failed; k++)
            (void)read_bin(m, CHANGE_HEADER_MAX, "header");
    }
    out->vouched = (struct slice){start, (size_t)(m->r.p - start)};
}

static void read_fail(struct reader *m, struct message *message)
{
    struct message_fail *out = &message->as.fail;
    out->code = read_text(m, MESSAGE_CODE_MAX, "code");
    /* The code goes into logs as it is, so it has only letters and hyphens, as in error.h. */
    for (size_t i = 0; i < out->code.size; i++)
        if (out->code.p[i] != '-' && (out->code.p[i] < 'a' || out->code.p[i] > 'z'))
            refuse(m);
    out->sentence = read_text(m, MESSAGE_SENTENCE_MAX, "sentence");
}

static void read_enrol(struct reader *m, struct message *message)
{
    struct message_enrol *out = &message->as.enrol;
    out->ticket = unpack_id(&m->r);
    unpack_fixed(&m->r, out->sign_key, sizeof out->sign_key);
    unpack_fixed(&m->r, out->proof, sizeof out->proof);
    out->label = read_text(m, MESSAGE_LABEL_MAX, "label");
}

static void read_enrolled(struct reader *m, struct message *message)
{
    struct message_enrolled *out = &message->as.enrolled;
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

static void read_fork(struct reader *m, struct message *message)
{
    struct message_fork *out = &message->as.fork;
    out->head = read_bin(m, CHAIN_HEAD_MAX, "head");
    out->batch = read_bin(m, BATCH_DEFLATED_MAX, "batch");
    out->last = unpack_flag(&m->r);
    if ((out->head.size == 0) != (out->batch.size == 0))
        refuse(m);
}

static void read_epoch(struct reader *m, struct message *message)
{
    struct message_epoch *out = &message->as.epoch;
    out->epoch = read_number(m);
    out->common = read_number(m);
}

static void read_resume(struct reader *m, struct message *message)
{
    struct message_resume *out = &message->as.resume;
    out->session = unpack_id(&m->r);
    out->turn = read_number(m);
    out->bytes = read_number(m);
    unpack_fixed(&m->r, out->hash, sizeof out->hash);
}

static void read_resumed(struct reader *m, struct message *message)
{
    struct message_resumed *out = &message->as.resumed;
    out->goes_on = unpack_flag(&m->r);
    out->bytes = read_number(m);
    unpack_fixed(&m->r, out->hash, sizeof out->hash);
}

/* --- the messages --- */

struct row {
    size_t elements; /* of the array, its type included; 0: there is no such type */
    void (*write)(struct writer *w, const struct message *message);
    void (*read)(struct reader *m, struct message *message);
};

static const struct row rows[] = {
    [MESSAGE_HELLO] = {12, write_hello, read_hello},
    [MESSAGE_WELCOME] = {18, write_welcome, read_welcome},
    [MESSAGE_PUSH] = {3, write_push, read_push},
    [MESSAGE_PUSHED] = {10, write_pushed, read_pushed},
    [MESSAGE_PULL] = {4, write_pull, read_pull},
    [MESSAGE_ENTRIES] = {12, write_entries, read_entries},
    [MESSAGE_FAIL] = {3, write_fail, read_fail},
    [MESSAGE_ENROL] = {5, write_enrol, read_enrol},
    [MESSAGE_ENROLLED] = {11, write_enrolled, read_enrolled},
    [MESSAGE_FORK] = {4, write_fork, read_fork},
    [MESSAGE_EPOCH] = {3, write_epoch, read_epoch},
    [MESSAGE_RESUME] = {5, write_resume, read_resume},
    [MESSAGE_RESUMED] = {4, write_resumed, read_resumed},
};

/* Finds the row of a type. NULL: this version knows no such message. */
static const struct row *row_of(uint64_t type)
{
    return type < sizeof rows / sizeof *rows && rows[type].elements != 0 ? &rows[type] : NULL;
}

int message_write(const struct message *m, struct pack *out, struct error *e)
{
    struct writer w = {out, e, 0};
    const struct row *row = row_of(m->type);
    struct message back;
    int code;
    pack_start(out);
    if (row == NULL)
        return error_set(e, E_INTERNAL, "there is no message of type %d", (int)m->type);
    pack_array(out, row->elements);
    pack_uint(out, m->type);
    row->write(&w, m);
    if (w.code != 0)
        return w.code;
    if ((code = pack_finish(out, e)) != 0)
        return code;
    /* The reader knows every rule there is. What it refuses here is a mistake of the caller, or simply too large. */
    code = message_read(pack_bytes(out), &back, e);
    if (code != 0 && code != E_LIMIT) {
        code = E_INTERNAL;
        if (e != NULL)
            e->code = code;
    }
    return code;
}

int message_read(struct slice bytes, struct message *out, struct error *e)
{
    struct reader m = {.over = NULL};
    const struct row *row;
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
    if ((row = row_of(type)) == NULL)
        return error_set(e, E_PEER,
                         "the peer speaks a newer protocol or not ours (a message of type %llu); "
                         "update the older of the two programs",
                         (unsigned long long)type);
    if (count != row->elements)
        return error_set(e, E_INPUT, "a message of type %llu is not as it should be: it has %zu elements, not %zu",
                         (unsigned long long)type, count, row->elements);
    out->type = (enum message_type)type;
    row->read(&m, out);
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

struct message_held_late message_next_held_late(struct unpack *r)
{
    struct reader m = {.r = *r, .over = NULL};
    struct message_held_late held = read_held_late(&m);
    *r = m.r;
    return held;
}

size_t message_next_vouched(struct unpack *r, struct slice *signed_head)
{
    struct reader m = {.r = *r, .over = NULL};
    size_t headers = read_vouched(&m, signed_head);
    *r = m.r;
    return headers;
}

void message_caseload_digest(const struct id *sorted, size_t count, uint8_t out[32])
{
    static const uint8_t domain[] = "satchel caseload 1";
    crypto_generichash(out, 32, count == 0 ? NULL : sorted->b, count * ID_BYTES, domain, sizeof domain - 1);
}
