/* A small office with two laptops, made through the same doors as a real one, and its archive. For audit_test and
 * audit_history_test. */
#ifndef SATCHEL_AUDIT_OFFICE_H
#define SATCHEL_AUDIT_OFFICE_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "audit_replay.h"
#include "chain.h"
#include "edit.h"
#include "log.h"
#include "record.h"
#include "schema.h"

#define PASSPHRASE "correct horse"
#define START_MS 1795466700000ull /* 2026-11-23 20:45 UTC */
#define MINUTE_MS 60000ull

static char folder[] = "/tmp/satchel-audit-XXXXXX";
static char path[64], other[64], key_path[64];
static const struct id everywhere;

/* A clock that is a minute later with every look. */
static uint64_t now_ms;

static inline uint64_t next_minute(void)
{
    return now_ms += MINUTE_MS;
}

/* --- a small office with two laptops --- */

struct device {
    struct db *db;
    uint8_t secret[64], key[32];
    struct id id, user;
    struct edit_author author;
    uint64_t sent; /* up to which seq */
};

struct office {
    struct device own;
    struct checkpoint_vkey vkey;
    char log_key[CHECKPOINT_VKEY_MAX], note[CHECKPOINT_TEXT_MAX];
    struct merkle_frontier tree;
    struct device anna, ben;
    struct id client, scope, note_record;
};

static inline void open_device(struct device *d, const char *user)
{
    memset(d, 0, sizeof *d);
    crypto_sign_keypair(d->key, d->secret);
    d->id = id_of_device(d->key);
    d->user = id_derive("test", "user", user);
    assert_int_equal(db_open_memory(&d->db, NULL), 0);
    assert_int_equal(log_create(d->db, NULL), 0);
    assert_int_equal(record_create(d->db, NULL), 0);
    assert_int_equal(edit_author_create(d->db, &d->id, NULL), 0);
    assert_int_equal(edit_author_load(d->db, &d->author, NULL), 0);
    d->author.person = d->user;
    d->author.session = id_derive("test", "session", user);
    d->author.wall = next_minute;
}

static inline void add_leaf(struct office *o, uint64_t received_ms, struct slice header)
{
    struct merkle_hash leaf;
    uint64_t position;
    log_leaf(received_ms, header, &leaf);
    assert_int_equal(log_tree_append(o->own.db, &o->tree, &leaf, &position, NULL), 0);
}

/* A head of the device's chain, with the log as it stands now as the last that it saw. */
static inline void add_head(struct office *o, const struct device *d)
{
    struct chain_head head;
    uint8_t bytes[CHAIN_HEAD_MAX];
    size_t size;
    memset(&head, 0, sizeof head);
    head.end = d->author.chain;
    head.checkpoint_size = o->tree.size;
    merkle_root(&o->tree, &head.checkpoint_root);
    chain_sign(&head, d->secret, bytes, &size);
    assert_int_equal(log_head_add(o->own.db, &head, (struct slice){bytes, size}, NULL), 0);
}

/* The office's own edit, at the end of the log. */
static inline void write_own(struct office *o, struct edit *edit)
{
    uint64_t position = o->tree.size, received_ms = next_minute();
    struct log_entry *entry = malloc(sizeof *entry);
    int64_t row;
    assert_non_null(entry);
    assert_int_equal(edit_commit(edit, &o->own.author, NULL, position, received_ms, NULL, NULL), 0);
    row = log_find(o->own.db, &o->own.id, o->own.author.chain.epoch, o->own.author.chain.seq, NULL, NULL);
    assert_true(row > 0);
    assert_int_equal(log_load(o->own.db, row, 0, entry, NULL), 0);
    add_leaf(o, received_ms, entry->change.header);
    free(entry);
}

static inline void start(struct edit *edit, struct device *d, enum schema_kind_number kind, const struct id *scope,
                         const struct id *record)
{
    assert_int_equal(edit_new(edit, d->db, schema_kind(kind), scope, record, NULL), 0);
}

static inline void set(struct edit *edit, const char *field, const char *text)
{
    struct error e;
    int code = edit_set_text(edit, field, text, &e);
    if (code != 0)
        fail_msg("%s: %s", field, e.text);
}

static inline void enrol(struct office *o, struct device *d, const char *name)
{
    char hex[65];
    struct edit edit;
    start(&edit, &o->own, KIND_USER, &everywhere, &d->user);
    set(&edit, "name", name);
    set(&edit, "login", "x");
    write_own(o, &edit);
    sodium_bin2hex(hex, sizeof hex, d->key, sizeof d->key);
    start(&edit, &o->own, KIND_DEVICE, &everywhere, &d->id);
    assert_int_equal(edit_set_id(&edit, "user", &d->user, NULL), 0);
    set(&edit, "sign_key", hex);
    write_own(o, &edit);
    add_head(o, &o->own);
}

static inline int push_one(void *arg, struct log_entry *from, struct error *e)
{
    struct office *o = ((void **)arg)[0];
    struct device *d = ((void **)arg)[1];
    uint64_t received_ms = next_minute();
    struct log_entry *entry;
    if (!id_equal(&from->change.device, &d->id) || from->change.seq <= d->sent)
        return 0;
    entry = malloc(sizeof *entry);
    assert_non_null(entry);
    *entry = *from;
    entry->position = o->tree.size;
    entry->received_ms = received_ms;
    assert_int_equal(log_add(o->own.db, &entry->change, entry->position, received_ms, entry->mask, &entry->id, e), 0);
    add_leaf(o, received_ms, entry->change.header);
    assert_int_equal(record_apply(o->own.db, entry, e), 0);
    d->sent = entry->change.seq;
    free(entry);
    return 0;
}

static inline void push(struct office *o, struct device *d)
{
    void *both[] = {o, d};
    add_head(o, d);
    assert_int_equal(log_each(d->db, 0, push_one, both, NULL), 0);
}

static inline int pull_one(void *arg, struct log_entry *from, struct error *e)
{
    struct device *d = arg;
    struct log_entry *entry = malloc(sizeof *entry);
    int code;
    assert_non_null(entry);
    *entry = *from;
    code = log_add(d->db, &entry->change, entry->position, entry->received_ms, entry->mask, &entry->id, e);
    assert_true(code == 0 || code == E_EXISTS);
    if (code == 0)
        assert_int_equal(record_apply(d->db, entry, e), 0);
    free(entry);
    return 0;
}

/* The office's own change that holds the next change of d. */
static inline void hold_next(struct office *o, const struct device *d)
{
    struct id record = id_derive("test", "hold", "1");
    char hex[33], seq[24];
    struct edit edit;
    sodium_bin2hex(hex, sizeof hex, d->id.b, ID_BYTES);
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)d->sent + 1);
    start(&edit, &o->own, KIND_HOLD, &everywhere, &record);
    set(&edit, "device", hex);
    set(&edit, "epoch", "1");
    set(&edit, "seq", seq);
    set(&edit, "reason", "not in the caseload");
    set(&edit, "status", "held");
    write_own(o, &edit);
    add_head(o, &o->own);
}

static inline void commit(struct device *d, struct edit *edit, const char *reason)
{
    assert_int_equal(edit_commit(edit, &d->author, reason, LOG_NO_POSITION, 0, NULL, NULL), 0);
}

static inline void state_checkpoint(struct office *o)
{
    struct checkpoint c;
    memset(&c, 0, sizeof c);
    memcpy(c.origin, o->vkey.origin, sizeof c.origin);
    c.size = o->tree.size;
    merkle_root(&o->tree, &c.root);
    assert_int_equal(checkpoint_sign(&c, o->own.secret, o->note, NULL), 0);
}

/* What the laptops do: Anna takes down a client and a case and writes a note; Ben, who has pulled it, raises the risk;
 * then he writes what the office holds. */
static inline void work(struct office *o)
{
    struct edit edit;
    start(&edit, &o->anna, KIND_CLIENT, &o->client, &o->client);
    set(&edit, "legal_name", "Ada Byron");
    commit(&o->anna, &edit, NULL);
    start(&edit, &o->anna, KIND_CASE, &o->scope, &o->scope);
    assert_int_equal(edit_set_id(&edit, "client", &o->client, NULL), 0);
    set(&edit, "risk", "moderate");
    commit(&o->anna, &edit, NULL);
    start(&edit, &o->anna, KIND_NOTE, &o->scope, &o->note_record);
    set(&edit, "text", "She \x1b[31mlaughed.\nentry 99   received never");
    commit(&o->anna, &edit, "a visit\nentry 98");
    push(o, &o->anna);
    assert_int_equal(log_each(o->own.db, 0, pull_one, &o->ben, NULL), 0);
    assert_int_equal(edit_open(&edit, o->ben.db, &o->scope, NULL), 0);
    set(&edit, "risk", "high");
    commit(&o->ben, &edit, NULL);
    push(o, &o->ben);
    assert_int_equal(edit_open(&edit, o->ben.db, &o->scope, NULL), 0);
    set(&edit, "title", "held title");
    commit(&o->ben, &edit, NULL);
    hold_next(o, &o->ben);
    push(o, &o->ben);
}

static inline void open_office(struct office *o, int enrol_ben)
{
    struct edit edit;
    struct id record = id_derive("test", "office", "1");
    memset(o, 0, sizeof *o);
    now_ms = START_MS;
    open_device(&o->own, "office");
    open_device(&o->anna, "anna");
    open_device(&o->ben, "ben");
    o->client = id_derive("test", "client", "1");
    o->scope = id_derive("test", "case", "1");
    o->note_record = id_derive("test", "note", "1");
    memcpy(o->vkey.public_key, o->own.key, sizeof o->own.key);
    memcpy(o->vkey.origin, "satchel/test", 13);
    assert_int_equal(checkpoint_vkey_format(&o->vkey, o->log_key, NULL), 0);
    o->own.author.person = record;
    start(&edit, &o->own, KIND_OFFICE, &everywhere, &record);
    set(&edit, "name", "The office");
    write_own(o, &edit);
    add_head(o, &o->own);
    enrol(o, &o->anna, "Anna Berg");
    if (enrol_ben)
        enrol(o, &o->ben, "Ben\x1b]0;x\x07 Carr");
    work(o);
    state_checkpoint(o);
}

static inline void close_office(struct office *o)
{
    db_close(o->own.db);
    db_close(o->anna.db);
    db_close(o->ben.db);
}

static inline void write_archive(const struct office *o)
{
    struct archive_options options = {path, o->log_key, o->note, PASSPHRASE, strlen(PASSPHRASE), 1};
    struct error e;
    unlink(path);
    if (archive_write(o->own.db, &options, NULL, &e) != 0)
        fail_msg("%s", e.text);
}

static inline void assert_says(const struct error *e, const char *words)
{
    if (strstr(e->text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, e->text);
}

static inline void assert_begins(const struct error *e, const char *words)
{
    if (strncmp(e->text, words, strlen(words)) != 0)
        fail_msg("\"%s\" does not begin: %s", words, e->text);
}

static inline struct db *replay(uint64_t until_ms, uint64_t *entries)
{
    struct audit_replay_options options = {path, PASSPHRASE, strlen(PASSPHRASE), until_ms, NULL};
    struct db *db;
    struct error e;
    if (audit_replay(&options, &db, entries, &e) != 0)
        fail_msg("%s", e.text);
    return db;
}

/* A folder for the files of a test. */
static inline void make_folder(void)
{
    assert_true(sodium_init() >= 0);
    setenv("TZ", "UTC", 1);
    tzset();
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/log", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/key", folder);
}

static inline int remove_folder(void)
{
    unlink(path);
    unlink(other);
    unlink(key_path);
    return rmdir(folder);
}

#endif
