/* An office's log, and its archive in a folder of its own. Shared by the tests of archive.c. */
#ifndef SATCHEL_TESTS_ARCHIVE_OFFICE_H
#define SATCHEL_TESTS_ARCHIVE_OFFICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "archive.h"
#include "chain.h"
#include "change.h"
#include "keyfile.h"
#include "log.h"

#define ENTRIES 5
#define PASSPHRASE "correct horse"
#define START_MS 1795466759999ull

static char folder[] = "/tmp/satchel-archive-XXXXXX";
static char path[64], other[64];

/* A log of one device, as an office keeps it: change i sets field 10 to the integer i. */
struct office {
    struct db *db;
    uint8_t secret[64];
    struct checkpoint_vkey vkey;
    char log_key[CHECKPOINT_VKEY_MAX], note[CHECKPOINT_TEXT_MAX];
    struct chain chain;
    struct merkle_frontier tree;
};

static inline void add_entry(struct office *o, uint64_t number)
{
    struct change_draft d;
    struct pack header, body, value;
    struct change c;
    struct merkle_hash leaf;
    uint64_t position;
    int64_t id;
    change_draft_start(&d);
    d.device = o->chain.device;
    d.epoch = 1;
    d.seq = o->chain.seq + 1;
    memcpy(d.previous, o->chain.hash, sizeof d.previous);
    d.hlc = START_MS << 16 | number;
    d.wall_ms = START_MS + number;
    d.author = id_derive("test", "user", "anna");
    d.session = id_derive("test", "session", "1");
    d.scope = id_derive("test", "case", "1");
    d.record = d.scope;
    d.kind = 8;
    pack_start(&value);
    pack_uint(&value, number);
    change_draft_op(&d, 10, CHANGE_SET, pack_bytes(&value), NULL, 0);
    assert_int_equal(change_write(&d, &header, &body, o->chain.hash, NULL), 0);
    o->chain.seq++;
    assert_int_equal(change_read(pack_bytes(&header), pack_bytes(&body), &c, NULL), 0);
    assert_int_equal(log_add(o->db, &c, o->tree.size, START_MS + number, (struct slice){NULL, 0}, &id, NULL), 0);
    log_leaf(START_MS + number, c.header, &leaf);
    assert_int_equal(log_tree_append(o->db, &o->tree, &leaf, &position, NULL), 0);
    pack_free(&header);
    pack_free(&body);
    pack_free(&value);
    change_draft_free(&d);
}

static inline void add_head(struct office *o)
{
    struct chain_head head = {o->chain, 0, {{0}}};
    uint8_t bytes[CHAIN_HEAD_MAX];
    size_t size;
    chain_sign(&head, o->secret, bytes, &size);
    assert_int_equal(log_head_add(o->db, &head, (struct slice){bytes, size}, NULL), 0);
}

static inline void state_checkpoint(struct office *o)
{
    struct checkpoint c = {{0}, 0, {{0}}};
    memcpy(c.origin, o->vkey.origin, sizeof c.origin);
    c.size = o->tree.size;
    merkle_root(&o->tree, &c.root);
    assert_int_equal(checkpoint_sign(&c, o->secret, o->note, NULL), 0);
}

static inline void open_office(struct office *o)
{
    memset(o, 0, sizeof *o);
    crypto_sign_keypair(o->vkey.public_key, o->secret);
    memcpy(o->vkey.origin, "satchel/test", 13);
    assert_int_equal(checkpoint_vkey_format(&o->vkey, o->log_key, NULL), 0);
    o->chain.device = id_of_device(o->vkey.public_key);
    o->chain.epoch = 1;
    assert_int_equal(db_open_memory(&o->db, NULL), 0);
    assert_int_equal(log_create(o->db, NULL), 0);
    for (uint64_t i = 0; i < ENTRIES; i++) {
        add_entry(o, i);
        if (i % 2 == 0)
            add_head(o);
    }
    state_checkpoint(o);
}

static inline int write_archive(struct office *o, uint64_t *entries, struct error *e)
{
    struct archive_options options = {path, o->log_key, o->note, PASSPHRASE, strlen(PASSPHRASE), 1};
    unlink(path);
    return archive_write(o->db, &options, entries, e);
}

/* Reads to the end; 0 or the first error. */
static inline int read_all(const char *file, const char *passphrase, struct error *e)
{
    struct archive *a;
    struct archive_record r;
    struct error again;
    int code = archive_open(&a, file, passphrase, passphrase == NULL ? 0 : strlen(passphrase), e);
    if (code != 0) {
        assert_null(a);
        return code;
    }
    do {
        code = archive_next(a, &r, e);
    } while (code == 0 && r.type != ARCHIVE_END);
    if (code != 0) { /* a reader that goes on learns nothing else */
        assert_int_equal(archive_next(a, &r, &again), code);
        assert_string_equal(again.text, e->text);
        assert_int_equal(r.type, ARCHIVE_END);
    }
    archive_close(a);
    return code;
}

static struct office office;

static inline int set_up(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/log", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    open_office(&office);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    db_close(office.db);
    unlink(path);
    unlink(other);
    return rmdir(folder); /* fails where a temporary file was left */
}

#endif
