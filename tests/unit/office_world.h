/* Laptops that say whatever a test wants, honest or not, against an office in memory; and what must hold of an office
 * whatever they said. */
#ifndef SATCHEL_TEST_OFFICE_WORLD_H
#define SATCHEL_TEST_OFFICE_WORLD_H

#include "pair.h"

#include <stdio.h>

#include "batch.h"
#include "change.h"
#include "schema.h"

#define WORLD_BATCH_MAX 4200

/* A laptop's chain, without a store: what it writes next follows on `chain`. */
struct world_laptop {
    struct device device;
    uint8_t secret[64];
    struct chain chain;
    struct id author;
    uint64_t hlc;
};

struct world_op {
    const char *field, *words; /* in the words that schema_parse takes */
    enum change_action action; /* 0: set */
    const struct dot *supersedes;
    size_t supersedes_count;
    unsigned number;  /* where field is NULL: a field by its number, ... */
    struct slice raw; /* ... with these bytes */
};

struct world_batch {
    struct batch_writer w;
    size_t count;
    uint64_t first_seq;
    struct pack headers[WORLD_BATCH_MAX];
};

static PAIR_UNUSED void world_hex(const void *bytes, size_t size, char *out)
{
    sodium_bin2hex(out, 2 * size + 1, bytes, size);
}

static PAIR_UNUSED struct id world_user(struct central *c, const char *login, const char *role)
{
    struct id user = id_new(clock_wall());
    pair_office_write(c, KIND_USER, &pair_everywhere, &user, 1, "name", login, "login", login, "role", role, "status",
                      "active", NULL);
    return user;
}

/* An office with its own record, and an administrator `boss`. */
static PAIR_UNUSED struct central *world_office_new(void)
{
    uint8_t public_key[32], secret[64];
    struct central *c;
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    c = pair_office_new(secret);
    PAIR_OK(db_exec(c->db, "CREATE TABLE ticket_secret(ticket BLOB PRIMARY KEY, secret BLOB NOT NULL)", &pair_e));
    randombytes_buf(c->keys->lease_secret, sizeof c->keys->lease_secret);
    pair_office_write(c, KIND_OFFICE, &pair_everywhere, &c->office, 1, "name", "Test", NULL);
    (void)world_user(c, "boss", "administrator");
    return c;
}

/* A test's set-up and teardown, where such an office is all it needs. */
static PAIR_UNUSED int world_office(void **state)
{
    *state = world_office_new();
    return 0;
}

/* A laptop of a user, in the office's record. */
static PAIR_UNUSED void world_laptop(struct central *c, const struct id *user, struct world_laptop *l)
{
    char text[ID_TEXT], sign[65], noise[65];
    uint8_t public_key[32];
    memset(l, 0, sizeof *l);
    crypto_sign_keypair(public_key, l->secret);
    l->device.device = id_of_device(public_key);
    l->device.user = l->author = *user;
    l->device.epoch = 1;
    memcpy(l->device.sign_key, public_key, sizeof public_key);
    l->chain.device = l->device.device;
    l->chain.epoch = 1;
    id_format(user, text);
    world_hex(public_key, 32, sign);
    public_key[0] ^= 1; /* any 32 bytes do for a Noise key here */
    world_hex(public_key, 32, noise);
    pair_office_write(c, KIND_DEVICE, &pair_everywhere, &l->device.device, 1, "user", text, "sign_key", sign,
                      "noise_key", noise, "status", "active", NULL);
}

static PAIR_UNUSED struct world_batch *world_batch(void)
{
    struct world_batch *b = calloc(1, sizeof *b);
    assert_non_null(b);
    batch_start(&b->w);
    return b;
}

static PAIR_UNUSED void world_batch_free(struct world_batch *b)
{
    batch_free(&b->w);
    for (size_t i = 0; i < b->count; i++)
        pack_free(&b->headers[i]);
    free(b);
}

static PAIR_UNUSED void world_draft(struct change_draft *d, unsigned kind, const struct world_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct schema_kind *k = schema_kind(kind);
        unsigned number = ops[i].number;
        struct pack value;
        pack_start(&value);
        if (ops[i].field != NULL) {
            const struct schema_field *field = schema_field_named(k, ops[i].field);
            assert_non_null(field);
            number = field->number;
            PAIR_OK(schema_parse(k, field, ops[i].words, &value, &pair_e));
        } else {
            pack_raw(&value, ops[i].raw);
        }
        change_draft_op(d, number, ops[i].action != 0 ? ops[i].action : CHANGE_SET, pack_bytes(&value),
                        ops[i].supersedes, ops[i].supersedes_count);
        pack_free(&value);
    }
}

/* Writes a change at the end of the laptop's chain and puts it into the batch. Returns its seq. */
static PAIR_UNUSED uint64_t world_write(struct world_laptop *l, struct world_batch *b, unsigned kind,
                                        const struct id *scope, const struct id *record, const struct world_op *ops,
                                        size_t count)
{
    struct pack *header = &b->headers[b->count], body;
    struct change_draft d;
    change_draft_start(&d);
    d.device = l->chain.device;
    d.epoch = l->chain.epoch;
    d.seq = l->chain.seq + 1;
    memcpy(d.previous, l->chain.hash, sizeof d.previous);
    d.wall_ms = clock_wall();
    d.hlc = l->hlc = clock_next(l->hlc, d.wall_ms);
    d.author = l->author;
    d.scope = *scope;
    d.record = *record;
    d.kind = kind;
    world_draft(&d, kind, ops, count);
    PAIR_OK(change_write(&d, header, &body, l->chain.hash, &pair_e));
    l->chain.seq = d.seq;
    batch_add_change(&b->w, pack_bytes(header), pack_bytes(&body));
    if (b->count++ == 0)
        b->first_seq = d.seq;
    pack_free(&body);
    change_draft_free(&d);
    return d.seq;
}

/* One field of one record: the usual change. */
static PAIR_UNUSED uint64_t world_set(struct world_laptop *l, struct world_batch *b, unsigned kind,
                                      const struct id *scope, const struct id *record, const char *field,
                                      const char *words)
{
    const struct world_op op = {.field = field, .words = words};
    return world_write(l, b, kind, scope, record, &op, 1);
}

/* The batch, deflated; and the head over where the laptop's chain ends now. Both are freed with free. */
static PAIR_UNUSED struct message_push world_seal(const struct world_laptop *l, struct world_batch *b,
                                                  uint8_t head[CHAIN_HEAD_MAX])
{
    struct chain_head signed_head = {.end = l->chain};
    struct message_push push;
    memset(&push, 0, sizeof push);
    chain_sign(&signed_head, l->secret, head, &push.head.size);
    push.head.p = head;
    PAIR_OK(batch_finish(&b->w, &push.batch, &pair_e));
    return push;
}

/* Gives a push to the office as its loop does: whatever comes of it, the transaction is committed. */
static PAIR_UNUSED int world_give(struct central *c, const struct world_laptop *l, const struct message_push *push,
                                  struct receive_result *result, struct error *e)
{
    int code;
    PAIR_OK(central_begin(c, &pair_e));
    code = receive_push(c, &l->device, push, result, e);
    PAIR_OK(central_commit(c, &pair_e));
    return code;
}

static PAIR_UNUSED int world_push(struct central *c, const struct world_laptop *l, struct world_batch *b,
                                  struct receive_result *result, struct error *e)
{
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push = world_seal(l, b, head);
    int code = world_give(c, l, &push, result, e);
    free((void *)push.batch.p);
    return code;
}

/* A push that is taken; returns how many of it are held. */
static PAIR_UNUSED size_t world_push_well(struct central *c, const struct world_laptop *l, struct world_batch *b)
{
    struct receive_result result;
    struct error e = {0, ""};
    size_t held;
    if (world_push(c, l, b, &result, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(result.first_seq, b->first_seq);
    assert_int_equal(result.seq, l->chain.seq);
    held = result.held_count;
    receive_free(&result);
    return held;
}

/* The office's answer proves to the laptop that just these changes are in its log. */
static PAIR_UNUSED void world_check_answer(struct central *c, const struct world_batch *b,
                                           const struct receive_result *r, uint64_t previous_size,
                                           const struct merkle_hash *previous_root)
{
    struct merkle_hash *leaves = calloc(b->count + 1, sizeof *leaves);
    struct checkpoint checkpoint;
    struct message_pushed m;
    struct pack memory;
    PAIR_OK(receive_answer(c, r, previous_size, &m, &memory, &pair_e));
    assert_int_equal(m.held_count, r->held_count);
    PAIR_OK(checkpoint_open((const char *)m.checkpoint.p, m.checkpoint.size, &c->vkey, &checkpoint, &pair_e));
    for (uint64_t seq = m.first_seq; seq <= m.seq; seq++)
        log_leaf(m.received_ms, pack_bytes(&b->headers[seq - b->first_seq]), &leaves[seq - m.first_seq]);
    PAIR_OK(merkle_verify_range(leaves, m.first_position, m.first_position + (m.seq - m.first_seq) + 1, checkpoint.size,
                                &checkpoint.root, &m.range, &pair_e));
    PAIR_OK(merkle_verify_consistency(previous_size, previous_root, checkpoint.size, &checkpoint.root, &m.consistency,
                                      &pair_e));
    /* And of one more it proves nothing. */
    leaves[0].b[0] ^= 1;
    assert_int_equal(merkle_verify_range(leaves, m.first_position, m.first_position + (m.seq - m.first_seq) + 1,
                                         checkpoint.size, &checkpoint.root, &m.range, NULL),
                     E_VERIFY);
    pack_free(&memory);
    free(leaves);
}

/* --- what must hold of an office --- */

struct world_replay {
    struct db *copy;
    struct merkle_frontier tree;
    uint64_t last_received;
};

static PAIR_UNUSED int world_replay_one(void *arg, struct log_entry *entry, struct error *e)
{
    struct world_replay *r = arg;
    struct log_entry again = *entry;
    struct merkle_hash leaf;
    struct slice none = {NULL, 0};
    assert_int_equal(entry->position, r->tree.size);
    assert_true(entry->received_ms >= r->last_received); /* an auditor refuses a log whose time runs backwards */
    r->last_received = entry->received_ms;
    log_leaf(entry->received_ms, entry->change.header, &leaf);
    PAIR_OK(merkle_append(&r->tree, &leaf, NULL, NULL, &pair_e));
    again.held = 0;
    PAIR_OK(log_add(r->copy, &entry->change, entry->position, entry->received_ms, none, &again.id, &pair_e));
    PAIR_OK(record_apply(r->copy, &again, &pair_e));
    (void)e;
    return 0;
}

/* The log stands in order, the checkpoint is its root, a replay of it and a rebuild give what the tables show. */
static PAIR_UNUSED void world_check_office(struct central *c)
{
    uint8_t ours[32], replayed[32];
    struct world_replay r = {0};
    struct checkpoint checkpoint;
    struct merkle_hash root;
    PAIR_OK(db_open_memory(&r.copy, &pair_e));
    PAIR_OK(log_create(r.copy, &pair_e));
    PAIR_OK(record_create(r.copy, &pair_e));
    PAIR_OK(db_begin(r.copy, &pair_e));
    PAIR_OK(log_each(c->db, 0, world_replay_one, &r, &pair_e));
    PAIR_OK(db_commit(r.copy, &pair_e));
    PAIR_OK(checkpoint_open(c->checkpoint, strlen(c->checkpoint), &c->vkey, &checkpoint, &pair_e));
    merkle_root(&r.tree, &root);
    assert_int_equal(checkpoint.size, r.tree.size);
    assert_int_equal(checkpoint.size, c->checkpoint_size);
    assert_memory_equal(root.b, checkpoint.root.b, sizeof root.b);
    PAIR_OK(record_dump_digest(c->db, NULL, ours, &pair_e));
    PAIR_OK(record_dump_digest(r.copy, NULL, replayed, &pair_e));
    assert_memory_equal(ours, replayed, sizeof ours);
    PAIR_OK(db_begin(c->db, &pair_e));
    PAIR_OK(record_rebuild(c->db, &pair_e));
    PAIR_OK(record_dump_digest(c->db, NULL, replayed, &pair_e));
    db_rollback(c->db);
    assert_memory_equal(ours, replayed, sizeof ours);
    db_close(r.copy);
}

static PAIR_UNUSED void world_root(const struct central *c, struct merkle_hash *out)
{
    merkle_root(&c->tree, out);
}

/* One text of the store; "" where there is no row or it is NULL. */
static PAIR_UNUSED void world_text(struct db *db, const char *sql, const struct id *id, char *out, size_t out_max)
{
    char text[ID_TEXT];
    sqlite3_stmt *s;
    id_format(id, text);
    out[0] = 0;
    PAIR_OK(db_query(db, &s, &pair_e, sql, "t", text));
    if (db_next(db, s, NULL) == 1) {
        (void)snprintf(out, out_max, "%s", db_text(s, 0));
        db_done(db, s);
    }
}

static PAIR_UNUSED void world_expect(struct db *db, const char *sql, const struct id *id, const char *expected)
{
    char text[512];
    world_text(db, sql, id, text, sizeof text);
    assert_string_equal(text, expected);
}

static PAIR_UNUSED int world_office_end(void **state)
{
    world_check_office(*state);
    pair_office_free(*state);
    return 0;
}

#endif
