#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "archive.h"
#include "archive_tamper.h"
#include "audit_history.h"
#include "audit_replay.h"
#include "audit_verify.h"
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

static uint64_t next_minute(void)
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

static void open_device(struct device *d, const char *user)
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

static void add_leaf(struct office *o, uint64_t received_ms, struct slice header)
{
    struct merkle_hash leaf;
    uint64_t position;
    log_leaf(received_ms, header, &leaf);
    assert_int_equal(log_tree_append(o->own.db, &o->tree, &leaf, &position, NULL), 0);
}

/* A head of the device's chain, with the log as it stands now as the last that it saw. */
static void add_head(struct office *o, const struct device *d)
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
static void write_own(struct office *o, struct edit *edit)
{
    uint64_t position = o->tree.size, received_ms = next_minute();
    struct log_entry *entry = malloc(sizeof *entry);
    int64_t row;
    assert_non_null(entry);
    assert_int_equal(edit_commit(edit, &o->own.author, NULL, position, received_ms, NULL, NULL), 0);
    row = log_find(o->own.db, &o->own.id, 1, o->own.author.chain.seq, NULL, NULL);
    assert_true(row > 0);
    assert_int_equal(log_load(o->own.db, row, 0, entry, NULL), 0);
    add_leaf(o, received_ms, entry->change.header);
    free(entry);
}

static void start(struct edit *edit, struct device *d, enum schema_kind_number kind, const struct id *scope,
                  const struct id *record)
{
    assert_int_equal(edit_new(edit, d->db, schema_kind(kind), scope, record, NULL), 0);
}

static void set(struct edit *edit, const char *field, const char *text)
{
    struct error e;
    int code = edit_set_text(edit, field, text, &e);
    if (code != 0)
        fail_msg("%s: %s", field, e.text);
}

static void enrol(struct office *o, struct device *d, const char *name)
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

static int push_one(void *arg, struct log_entry *from, struct error *e)
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

static void push(struct office *o, struct device *d)
{
    void *both[] = {o, d};
    add_head(o, d);
    assert_int_equal(log_each(d->db, 0, push_one, both, NULL), 0);
}

static int pull_one(void *arg, struct log_entry *from, struct error *e)
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
static void hold_next(struct office *o, const struct device *d)
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

static void commit(struct device *d, struct edit *edit, const char *reason)
{
    assert_int_equal(edit_commit(edit, &d->author, reason, LOG_NO_POSITION, 0, NULL, NULL), 0);
}

static void state_checkpoint(struct office *o)
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
static void work(struct office *o)
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

static void open_office(struct office *o, int enrol_ben)
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

static void close_office(struct office *o)
{
    db_close(o->own.db);
    db_close(o->anna.db);
    db_close(o->ben.db);
}

static void write_archive(const struct office *o)
{
    struct archive_options options = {path, o->log_key, o->note, PASSPHRASE, strlen(PASSPHRASE), 1};
    struct error e;
    unlink(path);
    if (archive_write(o->own.db, &options, NULL, &e) != 0)
        fail_msg("%s", e.text);
}

/* --- asking --- */

static struct office office;
static struct tamper whole; /* its archive */

static int verify_file(const char *file, const char *key, int with, struct audit_verify_result *r, struct error *e)
{
    struct audit_verify_options options = {file, key, with ? PASSPHRASE : NULL, strlen(PASSPHRASE), NULL};
    struct audit_verify_result mine;
    memset(e, 0, sizeof *e);
    return audit_verify(&options, r != NULL ? r : &mine, e);
}

/* Verifies these bytes under the office's key. */
static int verify_bytes(const struct tamper *t, int with, struct error *e)
{
    tamper_store(other, t->p, t->size);
    return verify_file(other, office.log_key, with, NULL, e);
}

static void assert_says(const struct error *e, const char *words)
{
    if (strstr(e->text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, e->text);
}

static void assert_begins(const struct error *e, const char *words)
{
    if (strncmp(e->text, words, strlen(words)) != 0)
        fail_msg("\"%s\" does not begin: %s", words, e->text);
}

static struct db *replay(uint64_t until_ms, uint64_t *entries)
{
    struct audit_replay_options options = {path, PASSPHRASE, strlen(PASSPHRASE), until_ms, NULL};
    struct db *db;
    struct error e;
    if (audit_replay(&options, &db, entries, &e) != 0)
        fail_msg("%s", e.text);
    return db;
}

static int set_up(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    setenv("TZ", "UTC", 1);
    tzset();
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/log", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/key", folder);
    open_office(&office, 1);
    write_archive(&office);
    tamper_load(&whole, path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tamper_free(&whole);
    close_office(&office);
    unlink(path);
    unlink(other);
    unlink(key_path);
    return rmdir(folder);
}

/* --- verify --- */

/* An honest archive is verified as a whole with the passphrase, and without it in part, which is said. */
static void honest_archive(void **state)
{
    struct audit_verify_result r;
    struct error e;
    char line[CHECKPOINT_VKEY_MAX + 2];
    char *text;
    size_t bytes;
    struct cli cli = {open_memstream(&text, &bytes), stderr, 0, 0};
    (void)state;
    assert_int_equal(verify_file(path, office.log_key, 1, &r, &e), 0);
    assert_int_equal(r.entries, office.tree.size);
    assert_int_equal(r.bodies, office.tree.size);
    assert_int_equal(r.erased + r.sealed + r.heads_unchecked, 0);
    assert_int_equal(r.heads, whole.heads);
    assert_int_equal(r.devices, 3);
    assert_int_equal(audit_verify_print(&cli, &r), 0);
    (void)snprintf(line, sizeof line, "%s\n", office.log_key);
    tamper_store(key_path, (const uint8_t *)line, strlen(line));
    assert_int_equal(verify_file(path, key_path, 0, &r, &e), 0);
    assert_int_equal(r.sealed, office.tree.size);
    assert_int_equal(r.heads_unchecked, 3); /* the laptops'; the office's stand under its own key */
    assert_int_equal(audit_verify_print(&cli, &r), ERROR_STATUS_WAITING);
    fclose(cli.out);
    assert_non_null(strstr(text, "verified: nothing was altered"));
    assert_non_null(strstr(text, "verified in part"));
    free(text);
}

/* A key that is none, another office's, and a wrong passphrase are refused. */
static void wrong_keys(void **state)
{
    struct checkpoint_vkey vkey = office.vkey;
    char text[CHECKPOINT_VKEY_MAX];
    struct error e;
    (void)state;
    vkey.public_key[0] ^= 1;
    assert_int_equal(checkpoint_vkey_format(&vkey, text, NULL), 0);
    assert_int_equal(verify_file(path, text, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, "checkpoint:");
    assert_int_equal(verify_file(path, "no key", 1, NULL, &e), E_INPUT);
    assert_int_equal(verify_file(path, path, 1, NULL, &e), E_INPUT);
    assert_int_equal(verify_file(path, folder, 1, NULL, &e), E_IO);
}

/* One flipped bit anywhere fails the proof, and the sentence begins with the record's name. */
static void flipped_bits(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    tamper_copy(&t, &whole);
    for (size_t at = 0, i = 0; at < t.size; at++) {
        int code;
        while (i + 1 < t.count && at >= t.record[i + 1].at)
            i++;
        t.p[at] ^= (uint8_t)(1 << at % 8);
        code = verify_bytes(&t, 1, &e);
        t.p[at] ^= (uint8_t)(1 << at % 8);
        assert_int_equal(code, at < tamper_magic() ? E_INPUT : E_VERIFY);
        if (at >= tamper_magic())
            assert_begins(&e, tamper_name(&t, i, name));
    }
    tamper_free(&t);
}

/* Where the checksum is made right again, the proof still fails: for an entry by its name, for a head or a checkpoint
 * by its own or by that of the entry that it no longer fits. */
static void tampering(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    tamper_copy(&t, &whole);
    for (size_t i = 0; i < t.count; i++) {
        tamper_name(&t, i, name);
        for (size_t at = t.record[i].at + 4; at < t.record[i].at + t.record[i].size - TAMPER_SUM; at++) {
            int code;
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            code = verify_bytes(&t, 1, &e);
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            assert_true(code == E_VERIFY || (i == 0 && code == E_WRONG_KEY));
            if (i >= 2 + t.heads || i == 1)
                assert_begins(&e, name);
            else if (i >= 2)
                assert_true(strstr(e.text, "head ") != NULL);
        }
    }
    tamper_free(&t);
}

/* The same without the passphrase: nothing but a sealed body can be changed unseen, and an altered time of receipt is
 * told by the entries between which the devices' heads enclose it. */
static void tampering_without_passphrase(void **state)
{
    struct tamper t;
    struct error e;
    (void)state;
    tamper_copy(&t, &whole);
    for (size_t i = 2 + t.heads; i < t.count; i++) {
        struct archive *a;
        struct archive_record r;
        size_t start_at = t.record[i].at + 4;
        size_t header_end = 0;
        uint64_t first, last;
        char *rest;
        uint64_t n = i - 2 - t.heads;
        /* Where its header ends. */
        assert_int_equal(archive_open(&a, path, NULL, 0, NULL), 0);
        do {
            assert_int_equal(archive_next(a, &r, NULL), 0);
        } while (r.type != ARCHIVE_ENTRY || r.position != n);
        for (size_t at = start_at; header_end == 0; at++)
            if (memcmp(t.p + at, r.header.p, r.header.size) == 0)
                header_end = at + r.header.size;
        for (size_t at = start_at; at < header_end; at++) {
            int code;
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            code = verify_bytes(&t, 0, &e);
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            assert_int_equal(code, E_VERIFY);
        }
        archive_close(a);
        /* The last byte of the time of receipt stands before the header and its two bytes of length. */
        t.p[header_end - r.header.size - 3] ^= 1;
        tamper_seal(&t, i);
        assert_int_equal(verify_bytes(&t, 0, &e), E_VERIFY);
        t.p[header_end - r.header.size - 3] ^= 1;
        tamper_seal(&t, i);
        assert_begins(&e, "entry ");
        first = last = strtoull(e.text + 6, &rest, 10);
        if (strncmp(rest, " to entry ", 10) == 0)
            last = strtoull(rest + 10, &rest, 10);
        assert_int_equal(*rest, ':');
        assert_true(first <= n && n <= last && last - first < office.tree.size / 2);
    }
    tamper_free(&t);
}

/* Entries and heads that were dropped, swapped or doubled are named. */
static void moved_records(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    for (size_t i = 0; i < whole.count; i++) {
        tamper_copy(&t, &whole);
        tamper_drop(&t, i);
        assert_int_equal(verify_bytes(&t, 1, &e), E_VERIFY);
        assert_begins(&e, tamper_name(&whole, i, name));
        tamper_free(&t);
        tamper_copy(&t, &whole);
        tamper_double(&t, i, i + 1);
        assert_int_equal(verify_bytes(&t, 1, &e), E_VERIFY);
        assert_begins(&e, tamper_name(&whole, i + 1, name));
        tamper_free(&t);
        if (i + 1 == whole.count)
            continue;
        tamper_copy(&t, &whole);
        tamper_swap(&t, i);
        assert_int_equal(verify_bytes(&t, 1, &e), E_VERIFY);
        assert_begins(&e, tamper_name(&whole, i, name));
        tamper_free(&t);
    }
}

/* An office that rewrites its own log, tree and checkpoint included, is told by what its laptops have signed. */
static void rewritten_history(void **state)
{
    struct office o;
    struct error e;
    sqlite3_stmt *s;
    (void)state;
    open_office(&o, 1);
    assert_int_equal(
        db_exec(o.own.db, "UPDATE entry SET received = received + 1 WHERE position = 2;DELETE FROM node", NULL), 0);
    memset(&o.tree, 0, sizeof o.tree);
    assert_int_equal(db_query(o.own.db, &s, NULL, "SELECT received, header FROM entry ORDER BY position", ""), 0);
    while (db_next(o.own.db, s, NULL) == 1)
        add_leaf(&o, db_uint(s, 0), db_slice(s, 1));
    state_checkpoint(&o);
    write_archive(&o);
    assert_int_equal(verify_file(path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, "head ");
    assert_says(&e, "with another root");
    close_office(&o);
}

/* Runs SQL on an office's store, writes the archive, and expects this of its proof. */
static void expect(const char *sql, const char *begins, const char *says)
{
    struct office o;
    struct error e;
    open_office(&o, 1);
    assert_int_equal(db_exec(o.own.db, sql, NULL), 0);
    write_archive(&o);
    assert_int_equal(verify_file(path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, begins);
    assert_says(&e, says);
    close_office(&o);
}

/* An entry for which nobody signed, a head without its signature, and times that run backwards are named. */
static void what_nobody_signed(void **state)
{
    (void)state;
    /* Position 0: the office; 1..4: two people, two laptops; 5..7: Anna's; 8: Ben's; 9: the hold; 10: what is held. */
    expect("DELETE FROM head WHERE device = (SELECT device FROM entry WHERE position = 5)",
           "entry 5:", "no signed head of device");
    expect("DELETE FROM head WHERE device = (SELECT device FROM entry WHERE position = 8) AND seq = 2",
           "entry 10:", "covers its change 2");
    expect("UPDATE head SET signed = substr(signed, 1, length(signed) - 1) || x'00' WHERE device = "
           "(SELECT device FROM entry WHERE position = 5)",
           "head ", "does not carry its signature");
    expect("UPDATE head SET signed = (SELECT signed FROM head AS h WHERE h.device = head.device AND h.seq = 1) "
           "WHERE device = (SELECT device FROM entry WHERE position = 8) AND seq = 2",
           "entry 10:", "covers its change 2");
    expect("UPDATE head SET signed = (SELECT signed FROM head AS h WHERE h.device = (SELECT device FROM entry WHERE "
           "position = 8) AND h.seq = 1) WHERE device = (SELECT device FROM entry WHERE position = 5)",
           "entry 5:", "no signed head of device");
}

/* A laptop that the office never enrolled is named at its first entry; without the passphrase it stays unchecked. */
static void unknown_device(void **state)
{
    struct audit_verify_result r;
    struct office o;
    struct error e;
    (void)state;
    open_office(&o, 0);
    write_archive(&o);
    assert_int_equal(verify_file(path, o.log_key, 1, NULL, &e), E_VERIFY);
    assert_begins(&e, "entry 6:");
    assert_says(&e, "had not been enrolled");
    assert_int_equal(verify_file(path, o.log_key, 0, &r, &e), 0);
    assert_int_equal(r.heads_unchecked, 3);
    close_office(&o);
}

/* A body that was erased by law leaves a proof that holds, and a replay that goes on without it. */
static void erased_body(void **state)
{
    struct audit_verify_result r;
    struct office o;
    struct error e;
    struct db *db;
    uint64_t entries;
    (void)state;
    open_office(&o, 1);
    assert_int_equal(db_exec(o.own.db, "UPDATE entry SET body = NULL WHERE position = 7", NULL), 0);
    write_archive(&o);
    assert_int_equal(verify_file(path, o.log_key, 1, &r, &e), 0);
    assert_int_equal(r.erased, 1);
    assert_int_equal(r.bodies, o.tree.size - 1);
    db = replay(UINT64_MAX, &entries);
    assert_int_equal(entries, o.tree.size);
    db_close(db);
    close_office(&o);
}

/* --- replay --- */

static void assert_same_record(struct db *a, struct db *b)
{
    uint8_t x[32], y[32];
    assert_int_equal(record_digest(a, NULL, x, NULL), 0);
    assert_int_equal(record_digest(b, NULL, y, NULL), 0);
    assert_memory_equal(x, y, sizeof x);
}

/* The replay of a whole archive is the office's record, and what is printed is that record's dump and digest. */
static void replay_is_the_record(void **state)
{
    uint64_t entries;
    struct db *db;
    uint8_t digest[32], printed[32];
    char hex[65];
    char *text;
    size_t bytes;
    struct cli cli = {NULL, stderr, 0, 0};
    (void)state;
    write_archive(&office);
    db = replay(UINT64_MAX, &entries);
    assert_int_equal(entries, office.tree.size);
    assert_same_record(db, office.own.db);
    assert_int_equal(record_digest(office.own.db, NULL, digest, NULL), 0);
    cli.out = open_memstream(&text, &bytes);
    assert_int_equal(audit_replay_print(&cli, db, NULL, entries, NULL), 0);
    fclose(cli.out);
    crypto_generichash(printed, sizeof printed, (uint8_t *)text, bytes, NULL, 0);
    assert_memory_equal(printed, digest, sizeof digest);
    free(text);
    cli.out = open_memstream(&text, &bytes);
    assert_int_equal(audit_replay_print_digest(&cli, db, NULL, entries, NULL), 0);
    fclose(cli.out);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    assert_int_equal(bytes, 65);
    assert_memory_equal(text, hex, 64);
    free(text);
    /* One case is less than everything, and something. */
    cli.out = open_memstream(&text, &bytes);
    assert_int_equal(audit_replay_print(&cli, db, &office.scope, entries, NULL), 0);
    fclose(cli.out);
    assert_non_null(strstr(text, "laughed"));
    assert_null(strstr(text, "Anna Berg"));
    free(text);
    db_close(db);
}

/* At any time, the replay is the record as a store shows it that took the entries up to then. */
static void replay_at_times(void **state)
{
    (void)state;
    write_archive(&office);
    for (uint64_t position = 0; position < office.tree.size; position++) {
        struct log_entry *entry = malloc(sizeof *entry);
        struct device store;
        sqlite3_stmt *s;
        struct db *db;
        uint64_t entries, until = 0;
        assert_non_null(entry);
        open_device(&store, "nobody");
        assert_int_equal(db_query(office.own.db, &s, NULL, "SELECT id FROM entry WHERE position <= ? ORDER BY position",
                                  "u", position),
                         0);
        while (db_next(office.own.db, s, NULL) == 1) {
            assert_int_equal(log_load(office.own.db, db_int(s, 0), 1, entry, NULL), 0);
            until = entry->received_ms;
            assert_int_equal(pull_one(&store, entry, NULL), 0);
        }
        db = replay(until, &entries);
        assert_int_equal(entries, position + 1);
        assert_same_record(db, store.db);
        db_close(db);
        db_close(store.db);
        free(entry);
    }
}

/* An archive with a bad end is no archive to replay, though the time asked for is long before it. */
static void replay_refuses(void **state)
{
    struct audit_replay_options options = {other, PASSPHRASE, strlen(PASSPHRASE), START_MS, NULL};
    struct tamper t;
    struct error e;
    struct db *db;
    (void)state;
    tamper_copy(&t, &whole);
    tamper_drop(&t, t.count - 1);
    tamper_store(other, t.p, t.size);
    assert_int_equal(audit_replay(&options, &db, NULL, &e), E_VERIFY);
    assert_null(db);
    assert_begins(&e, "entry 10:");
    options.passphrase = "another horse";
    tamper_store(other, whole.p, whole.size);
    assert_int_equal(audit_replay(&options, &db, NULL, &e), E_WRONG_KEY);
    tamper_free(&t);
}

/* Times are read as people write them, and count to the end of what was said. */
static void times(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"2026-11-23", 1795478399999ull},          {"2026-11-23 20:45", 1795466759999ull},
        {"2026-11-23T20:45", 1795466759999ull},    {"2026-11-23T20:45Z", 1795466759999ull},
        {"2026-11-23 20:45:30", 1795466730999ull}, {"2026-11-23T20:45:30Z", 1795466730999ull},
        {"2026-11-23Z", 1795478399999ull},         {"2028-02-29", 1835481599999ull},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-11",
                                      "2026-1-23",
                                      "2026-11-31",
                                      "2026-13-01",
                                      "2026-11-23 24:00",
                                      "2026-11-23 20",
                                      "2026-11-23 20:60",
                                      "2026-11-23 20:45:60",
                                      "2026-11-23x",
                                      "2027-02-29",
                                      "2026-11-23 20:45 Z",
                                      "1969-12-31",
                                      "2026-11-23T20:45:30+01"};
    uint64_t ms;
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(audit_replay_time(good[i].text, &ms, &e), 0);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (audit_replay_time(bad[i], &ms, &e) != E_INPUT)
            fail_msg("taken for a time: %s", bad[i]);
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    assert_int_equal(audit_replay_time("2026-10-25", &ms, &e), 0); /* a day of 25 hours */
    assert_int_equal(ms, 1792969199999ull);
    assert_int_equal(audit_replay_time("2026-11-23 21:45", &ms, &e), 0);
    assert_int_equal(ms, 1795466759999ull);
    setenv("TZ", "UTC", 1);
    tzset();
}

/* --- history --- */

/* What history prints of this id, freed by the caller. */
static char *history(const struct id *id, int json)
{
    struct db *db = replay(UINT64_MAX, NULL);
    char *text;
    size_t bytes;
    struct cli cli = {open_memstream(&text, &bytes), stderr, json, 0};
    struct error e;
    if (audit_history(&cli, db, id, &e) != 0)
        fail_msg("%s", e.text);
    fclose(cli.out);
    db_close(db);
    return text;
}

static void assert_in(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("\"%s\" is not in:\n%s", words, text);
}

/* The history of a case tells every change of it, who, when, instead of what, and what is held; nobody's words can pass
 * for ours. */
static void history_of_a_case(void **state)
{
    char *text;
    (void)state;
    write_archive(&office);
    text = history(&office.scope, 0);
    assert_in(text, "entry 6   received 2026-11-23 ");
    assert_in(text, "by Anna Berg (");
    assert_in(text, "set risk: moderate\n");
    assert_in(text, "set risk: high\n        instead of entry 6: moderate\n");
    assert_in(text, "\n      entry 99   received never\n");
    assert_in(text, "reason: a visit\n      entry 98\n");
    assert_in(text, "   HELD\n");
    assert_in(text, "held: not in the caseload\n");
    assert_in(text, "set title: held title\n");
    assert_null(strchr(text, '\x1b'));
    assert_null(strstr(text, "\nentry 9"));
    assert_null(strstr(text, "Ada Byron"));
    free(text);
    text = history(&office.client, 0);
    assert_in(text, "set legal_name: Ada Byron\n");
    free(text);
    text = history(&office.scope, 1);
    assert_in(text, "[{\"entry\": 6, ");
    assert_in(text, "\"author_name\": \"Anna Berg\"");
    assert_in(text, "{\"field\": \"risk\", \"action\": \"set\", \"value\": \"high\", \"supersedes\": "
                    "[{\"entry\": 6, \"value\": \"moderate\"}]}");
    assert_in(text, "\"held\": true, \"hold\": \"held: not in the caseload\"");
    assert_null(strchr(text, '\x1b'));
    free(text);
}

/* Of an id that nothing names there is no history. */
static void history_of_nothing(void **state)
{
    struct id id = id_derive("test", "nothing", "1");
    struct db *db;
    struct cli cli = {stdout, stderr, 0, 0};
    struct error e;
    (void)state;
    write_archive(&office);
    db = replay(UINT64_MAX, NULL);
    assert_int_equal(audit_history(&cli, db, &id, &e), E_NOT_FOUND);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_archive),
        cmocka_unit_test(wrong_keys),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(tampering),
        cmocka_unit_test(tampering_without_passphrase),
        cmocka_unit_test(moved_records),
        cmocka_unit_test(rewritten_history),
        cmocka_unit_test(what_nobody_signed),
        cmocka_unit_test(unknown_device),
        cmocka_unit_test(erased_body),
        cmocka_unit_test(replay_is_the_record),
        cmocka_unit_test(replay_at_times),
        cmocka_unit_test(replay_refuses),
        cmocka_unit_test(times),
        cmocka_unit_test(history_of_a_case),
        cmocka_unit_test(history_of_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
