/* An office with several laptops, and a pull that must agree at its end: for the tests of the dealing. */
#ifndef SATCHEL_DEAL_ROOM_H
#define SATCHEL_DEAL_ROOM_H

#include "office_world.h"
#include "tables.h"

#define LAPTOPS 3

/* More laptops of one office: each a pair that shares it. */
static inline void add_laptop(struct pair *first, struct pair *p, const struct id *user)
{
    uint8_t public_key[32];
    memset(p, 0, sizeof *p);
    p->office = first->office;
    p->user = *user;
    crypto_sign_keypair(public_key, p->sign_secret);
    p->device.device = id_of_device(public_key);
    p->device.user = *user;
    p->device.epoch = 1;
    memcpy(p->device.sign_key, public_key, sizeof public_key);
    PAIR_OK(db_open_memory(&p->db, &pair_e));
    PAIR_OK(log_create(p->db, &pair_e));
    PAIR_OK(record_create(p->db, &pair_e));
    PAIR_OK(tables_create(p->db, &pair_e));
    PAIR_OK(edit_author_create(p->db, &p->device.device, &pair_e));
    PAIR_OK(edit_author_load(p->db, &p->author, &pair_e));
    p->author.person = *user;
}

/* The office's digest of what the user may hold. */
static inline void office_digest(struct pair *p, uint8_t out[32])
{
    struct caseload may;
    PAIR_OK(caseload_load(p->office, &p->user, &may, &pair_e));
    PAIR_OK(record_digest(p->office->db, may.scopes, may.count, out, &pair_e));
    caseload_free(&may);
}

/* Does the laptop show of its cases and persons what the office shows, to the last column? The zero scope stands first
 * in a caseload; laptops do not get all of that. */
static inline void assert_shows_the_same(struct pair *p)
{
    struct record_dump_options cases;
    uint8_t office[32], laptop[32];
    struct caseload may;
    PAIR_OK(caseload_load(p->office, &p->user, &may, &pair_e));
    cases = (struct record_dump_options){may.scopes + 1, may.count - 1};
    PAIR_OK(record_dump_digest(p->office->db, &cases, office, &pair_e));
    PAIR_OK(record_dump_digest(p->db, &cases, laptop, &pair_e));
    assert_memory_equal(office, laptop, 32);
    caseload_free(&may);
}

/* A pull with this credit; after `batches` of them (0: never) the link breaks: 0 is returned. between, if not NULL, is
 * called after each batch. The end must agree at once: no rebuild, nothing dealt twice. */
static inline int pull(struct pair *p, uint64_t credit, unsigned batches, void (*between)(void *arg), void *arg)
{
    struct apply_result result = {0};
    struct deal deal;
    uint8_t ours[32];
    unsigned n = 0;
    pair_deal(p, &deal);
    while (!result.done) {
        struct message_entries m;
        struct deal_memory memory;
        if (batches != 0 && n == batches) {
            deal_free(&deal);
            return 0;
        }
        PAIR_OK(deal_next(&deal, p->office, credit, &m, &memory, &pair_e));
        PAIR_OK(pair_apply(p, &m, &result, &pair_e));
        deal_release(&memory);
        assert_true(++n < 100000);
        if (between != NULL && !result.done)
            between(arg);
    }
    deal_free(&deal);
    if (!result.agrees || result.rebuilt)
        fail_msg("after %u batches of %llu bytes the laptop %s", n, (unsigned long long)credit,
                 result.agrees ? "had to make its record anew" : "shows something else than the office");
    office_digest(p, ours);
    if (between == NULL) {
        assert_memory_equal(ours, result.digest, 32);
        assert_shows_the_same(p);
    }
    return 1;
}

struct room {
    struct pair p[LAPTOPS];
    struct id client, kase, assignment;
};

static inline int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    pair_start(&r->p[0]);
    for (int i = 1; i < LAPTOPS; i++) {
        struct id user = world_user(r->p[0].office, "colleague", "case manager");
        add_laptop(&r->p[0], &r->p[i], &user);
    }
    pair_office_case(r->p[0].office, &r->p[0].user, &r->client, &r->kase, &r->assignment);
    *state = r;
    return 0;
}

static inline int end(void **state)
{
    struct room *r = *state;
    world_check_office(r->p[0].office);
    for (int i = 1; i < LAPTOPS; i++)
        db_close(r->p[i].db);
    pair_end(&r->p[0]);
    free(r);
    return 0;
}

#endif
