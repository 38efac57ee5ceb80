/* An office and a laptop in memory, for tests of what they do to each other without a wire between them: the laptop's
 * queue and apply against the office's own receive and deal. */
#ifndef SATCHEL_TEST_PAIR_H
#define SATCHEL_TEST_PAIR_H

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apply.h"
#include "backup.h"
#include "central.h"
#include "clock.h"
#include "db_meta.h"
#include "deal.h"
#include "fork.h"
#include "log.h"
#include "queue.h"
#include "receive.h"
#include "record.h"
#include "setback.h"
#include "tables.h"

#define PAIR_UNUSED __attribute__((unused))

struct pair {
    struct central *office;
    struct id user; /* the laptop's */
    struct device device;
    struct db *db; /* the laptop's store */
    struct edit_author author;
    uint8_t sign_secret[64];
    uint64_t sent_size;  /* of the last checkpoint that the office sent */
    void *announcement;  /* of the last welcome */
    struct setback back; /* what the last meeting followed */
    int forked;          /* so said the last welcome */
};

static const struct id pair_everywhere;

/* What must work works, or the sentence says why not. */
#define PAIR_OK(call)                                                                                                  \
    do {                                                                                                               \
        struct error pair_e = {0, ""};                                                                                 \
        int pair_code = (call);                                                                                        \
        if (pair_code != 0)                                                                                            \
            fail_msg("%s: %d %s", #call, pair_code, pair_e.text);                                                      \
    } while (0)

static PAIR_UNUSED struct central *pair_office_new(const uint8_t *sign_secret)
{
    struct central *c = calloc(1, sizeof *c);
    struct id device;
    assert_non_null(c);
    c->keys = sodium_malloc(sizeof *c->keys);
    assert_non_null(c->keys);
    memcpy(c->keys->sign_secret, sign_secret, 64);
    crypto_box_keypair(c->seal_public, c->keys->seal_secret);
    crypto_sign_ed25519_sk_to_pk(c->vkey.public_key, sign_secret);
    (void)strcpy(c->vkey.origin, "satchel/test");
    device = id_of_device(c->vkey.public_key);
    c->office = id_new(1000);
    PAIR_OK(db_open_memory(&c->db, &pair_e));
    PAIR_OK(central_tables(c->db, &pair_e));
    PAIR_OK(edit_author_create(c->db, &device, &pair_e));
    PAIR_OK(edit_author_load(c->db, &c->author, &pair_e));
    c->author.person = c->office;
    return c;
}

static PAIR_UNUSED void pair_office_free(struct central *c)
{
    db_close(c->db);
    sodium_free(c->keys);
    free(c);
}

/* The office writes one record's fields: pairs of names and words, ended by NULL. A new record, or one that is there.
 */
static PAIR_UNUSED void pair_office_write(struct central *c, unsigned kind, const struct id *scope,
                                          const struct id *record, int is_new, ...)
{
    struct edit edit;
    va_list args;
    const char *name;
    PAIR_OK(central_begin(c, &pair_e));
    if (is_new)
        PAIR_OK(edit_new(&edit, c->db, schema_kind(kind), scope, record, &pair_e));
    else
        PAIR_OK(edit_open(&edit, c->db, record, &pair_e));
    va_start(args, is_new);
    while ((name = va_arg(args, const char *)) != NULL)
        PAIR_OK(edit_set_text(&edit, name, va_arg(args, const char *), &pair_e));
    va_end(args);
    PAIR_OK(central_write(c, &edit, NULL, &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
}

/* A case of one client, given to the user. */
static PAIR_UNUSED void pair_office_case(struct central *c, const struct id *user, struct id *client, struct id *kase,
                                         struct id *assignment)
{
    char text[ID_TEXT];
    *client = id_new(clock_wall());
    *kase = id_new(clock_wall());
    *assignment = id_new(clock_wall());
    pair_office_write(c, KIND_CLIENT, client, client, 1, "legal_name", "Ada Byron", "phone", "1", NULL);
    id_format(client, text);
    pair_office_write(c, KIND_CASE, kase, kase, 1, "client", text, "title", "housing", "risk", "low", NULL);
    id_format(user, text);
    pair_office_write(c, KIND_ASSIGNMENT, kase, assignment, 1, "user", text, "status", "active", NULL);
}

/* The laptop writes, as a person does. */
static PAIR_UNUSED void pair_field_write(struct pair *p, unsigned kind, const struct id *scope, const struct id *record,
                                         int is_new, ...)
{
    struct edit edit;
    va_list args;
    const char *name;
    PAIR_OK(db_begin(p->db, &pair_e));
    if (is_new)
        PAIR_OK(edit_new(&edit, p->db, schema_kind(kind), scope, record, &pair_e));
    else
        PAIR_OK(edit_open(&edit, p->db, record, &pair_e));
    va_start(args, is_new);
    while ((name = va_arg(args, const char *)) != NULL)
        PAIR_OK(edit_set_text(&edit, name, va_arg(args, const char *), &pair_e));
    va_end(args);
    PAIR_OK(edit_commit(&edit, &p->author, NULL, LOG_NO_POSITION, 0, NULL, &pair_e));
    PAIR_OK(db_commit(p->db, &pair_e));
}

static PAIR_UNUSED void pair_start(struct pair *p)
{
    uint8_t public_key[32], secret[64];
    memset(p, 0, sizeof *p);
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    p->office = pair_office_new(secret);
    p->user = id_new(clock_wall());
    pair_office_write(p->office, KIND_OFFICE, &pair_everywhere, &p->office->office, 1, "name", "Test", NULL);
    pair_office_write(p->office, KIND_USER, &pair_everywhere, &p->user, 1, "name", "Anna", "status", "active", NULL);
    crypto_sign_keypair(public_key, p->sign_secret);
    p->device.device = id_of_device(public_key);
    p->device.user = p->user;
    p->device.epoch = 1;
    memcpy(p->device.sign_key, public_key, sizeof public_key);
    PAIR_OK(db_open_memory(&p->db, &pair_e));
    PAIR_OK(log_create(p->db, &pair_e));
    PAIR_OK(record_create(p->db, &pair_e));
    PAIR_OK(tables_create(p->db, &pair_e));
    PAIR_OK(edit_author_create(p->db, &p->device.device, &pair_e));
    PAIR_OK(edit_author_load(p->db, &p->author, &pair_e));
    p->author.person = p->user;
}

static PAIR_UNUSED void pair_end(struct pair *p)
{
    free(p->announcement);
    pair_office_free(p->office);
    db_close(p->db);
}

/* What the office says when the laptop comes. consistency is made for what the laptop saw. */
static PAIR_UNUSED void pair_welcome(struct pair *p, struct message_welcome *w)
{
    struct central *c = p->office;
    struct message_hello hello = {.cursor = 0};
    uint8_t known[MESSAGE_SET_BACKS_MAX * CHANGE_HASH_BYTES];
    struct unsent_seen seen;
    enum backup_verdict verdict;
    uint64_t epoch;
    int given;
    memset(w, 0, sizeof *w);
    PAIR_OK(unsent_seen(p->db, &seen, &pair_e));
    hello.checkpoint_size = seen.size;
    hello.checkpoint_root = seen.root;
    hello.set_backs.p = known;
    PAIR_OK(setback_known(p->db, known, &hello.set_backs.size, &pair_e));
    free(p->announcement);
    p->announcement = NULL;
    epoch = p->author.chain.epoch;
    given = device_was_given(c->db, &p->device.device, epoch, NULL);
    assert_true(given >= 0);
    if (given == 0)
        PAIR_OK(device_newest_epoch(c->db, &p->device.device, &epoch, &pair_e));
    PAIR_OK(log_chain_end(c->db, &p->device.device, epoch, &w->have, &pair_e));
    w->checkpoint = (struct slice){(const uint8_t *)c->checkpoint, strlen(c->checkpoint)};
    PAIR_OK(backup_tell(c, &hello, w, &verdict, &p->announcement, &pair_e));
    p->sent_size = c->checkpoint_size;
}

static PAIR_UNUSED int pair_meet(struct pair *p, const struct message_welcome *w, struct error *e)
{
    int code;
    PAIR_OK(db_begin(p->db, &pair_e));
    code = setback_follow(p->db, &p->author, &p->office->vkey, w, &p->back, e);
    if (code == 0)
        code = queue_welcome(p->db, &p->author.chain, &p->office->vkey, w, &p->forked, e);
    if (code != 0)
        db_rollback(p->db);
    else
        PAIR_OK(db_commit(p->db, &pair_e));
    return code;
}

/* The office takes a batch, durably; the answer is made for the checkpoint that it sent last. */
static PAIR_UNUSED void pair_receive(struct pair *p, const struct unsent_batch *batch, struct message_pushed *answer,
                                     struct pack *memory)
{
    struct message_push push = {{batch->head, batch->head_bytes}, batch->bytes};
    struct receive_result result;
    PAIR_OK(central_begin(p->office, &pair_e));
    PAIR_OK(receive_push(p->office, &p->device, &push, &result, &pair_e));
    PAIR_OK(central_commit(p->office, &pair_e));
    PAIR_OK(receive_answer(p->office, &result, p->sent_size, answer, memory, &pair_e));
    receive_free(&result);
}

static PAIR_UNUSED int pair_accept(struct pair *p, const struct unsent_batch *batch, const struct message_pushed *m,
                                   size_t *held, struct error *e)
{
    struct chain from = p->author.chain;
    int code;
    from.epoch = batch->epoch;
    PAIR_OK(db_begin(p->db, &pair_e));
    code = queue_pushed(p->db, &from, &p->office->vkey, batch, m, held, e);
    if (code != 0)
        db_rollback(p->db);
    else
        PAIR_OK(db_commit(p->db, &pair_e));
    return code;
}

/* Meets, and sends all that waits. Returns how many changes the office holds back. */
static PAIR_UNUSED size_t pair_push(struct pair *p)
{
    struct message_welcome welcome;
    size_t held, all = 0;
    pair_welcome(p, &welcome);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    for (;;) {
        struct chain from = p->author.chain;
        struct unsent_batch batch;
        struct message_pushed answer;
        struct pack memory;
        PAIR_OK(unsent_oldest(p->db, &p->author.chain, 0, &from.epoch, &pair_e));
        PAIR_OK(unsent_take(p->db, &from, p->sign_secret, 0, LIMITS_BATCH_MAX, &batch, &pair_e));
        if (batch.count == 0)
            return all;
        pair_receive(p, &batch, &answer, &memory);
        PAIR_OK(pair_accept(p, &batch, &answer, &held, &pair_e));
        p->sent_size = p->office->checkpoint_size;
        all += held;
        pack_free(&memory);
        unsent_free(&batch);
    }
}

/* Begins a deal for what the laptop holds. */
static PAIR_UNUSED void pair_deal(struct pair *p, struct deal *deal)
{
    struct caseload held;
    PAIR_OK(apply_restart(p->db, &pair_e));
    PAIR_OK(apply_scopes(p->db, &held.scopes, &held.count, &pair_e));
    PAIR_OK(deal_start(deal, p->office, &p->device, &held, db_meta_uint(p->db, "pull_cursor"), &pair_e));
}

/* Takes a batch, with the office's checkpoint of now where it came without one. */
static PAIR_UNUSED int pair_apply(struct pair *p, const struct message_entries *m, struct apply_result *result,
                                  struct error *e)
{
    struct message_entries with = *m;
    struct unsent_seen seen;
    int code;
    PAIR_OK(unsent_seen(p->db, &seen, &pair_e));
    if (with.checkpoint.size == 0)
        PAIR_OK(deal_witness(p->office, seen.size, &with, &pair_e));
    PAIR_OK(db_begin(p->db, &pair_e));
    code = apply_entries(p->db, &p->author, &p->office->vkey, &with, result, e);
    if (code != 0)
        db_rollback(p->db);
    else
        PAIR_OK(db_commit(p->db, &pair_e));
    return code;
}

/* Pulls to the end. Returns how many batches it took. */
static PAIR_UNUSED unsigned pair_pull(struct pair *p, struct apply_result *result)
{
    struct deal deal;
    unsigned batches = 0;
    memset(result, 0, sizeof *result);
    pair_deal(p, &deal);
    while (!result->done) {
        struct message_entries m;
        struct deal_memory memory;
        PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
        PAIR_OK(pair_apply(p, &m, result, &pair_e));
        deal_release(&memory);
        batches++;
    }
    deal_free(&deal);
    return batches;
}

/* One number from a store. */
static PAIR_UNUSED uint64_t pair_count(struct db *db, const char *sql)
{
    sqlite3_stmt *s;
    uint64_t n;
    PAIR_OK(db_query(db, &s, &pair_e, sql, ""));
    assert_int_equal(db_next(db, s, NULL), 1);
    n = db_uint(s, 0);
    db_done(db, s);
    return n;
}

#endif
