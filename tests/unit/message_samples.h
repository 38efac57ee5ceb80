/* A message of every type, full and empty: for the tests of what goes over the wire. */
#ifndef SATCHEL_MESSAGE_SAMPLES_H
#define SATCHEL_MESSAGE_SAMPLES_H

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

static inline struct slice text(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static inline struct slice many(size_t size)
{
    return (struct slice){big, size};
}

static inline struct id an_id(uint8_t first)
{
    struct id id;
    for (int i = 0; i < ID_BYTES; i++)
        id.b[i] = (uint8_t)(first + i);
    return id;
}

static inline struct chain a_chain(void)
{
    struct chain c = {.device = an_id(1), .epoch = 2, .seq = INT64_MAX};
    memset(c.hash, 0x5a, sizeof c.hash);
    return c;
}

static inline void a_proof(struct merkle_proof *p, size_t count)
{
    p->count = count;
    for (size_t i = 0; i < count; i++)
        memset(p->hashes[i].b, (int)(i + 1), MERKLE_BYTES);
}

/* A message with every field set, each to something else. */
static inline void full(enum message_type type, struct message *m)
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

static inline void empty(enum message_type type, struct message *m)
{
    memset(m, 0, sizeof *m);
    m->type = type;
}

static inline void assert_slices(struct slice a, struct slice b)
{
    assert_int_equal(a.size, b.size);
    assert_true(slice_equal(a, b));
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    (void)state;
    pack_free(&held);
    return 0;
}

#endif
