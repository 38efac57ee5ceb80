/* An office with two users and a case of each, and the laptop of one of them: for the tests of the receiving. */
#ifndef SATCHEL_RECEIVE_ROOM_H
#define SATCHEL_RECEIVE_ROOM_H

#include "office_world.h"

struct room {
    struct central *office;
    struct id anna, ben;        /* users */
    struct id client, kase;     /* Anna's */
    struct id stranger, other;  /* Ben's client and case */
    struct world_laptop laptop; /* Anna's */
};

static inline int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    struct id assignment;
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    r->office = pair_office_new(secret);
    pair_office_write(r->office, KIND_OFFICE, &pair_everywhere, &r->office->office, 1, "name", "Test", NULL);
    r->anna = world_user(r->office, "anna", "case manager");
    r->ben = world_user(r->office, "ben", "case manager");
    pair_office_case(r->office, &r->anna, &r->client, &r->kase, &assignment);
    pair_office_case(r->office, &r->ben, &r->stranger, &r->other, &assignment);
    world_laptop(r->office, &r->anna, &r->laptop);
    *state = r;
    return 0;
}

static inline int end(void **state)
{
    struct room *r = *state;
    world_check_office(r->office);
    pair_office_free(r->office);
    free(r);
    return 0;
}

static inline uint64_t write_note(struct room *r, struct world_batch *b, const struct id *kase, struct id *note)
{
    *note = id_new(clock_wall());
    return world_set(&r->laptop, b, KIND_NOTE, kase, note, "text", "seen at home");
}

/* Pushes a batch that must be held in just these changes (bit i: change i). */
static inline void expect_held(struct room *r, struct world_batch *b, unsigned held, const char *reason)
{
    struct receive_result result;
    struct error e = {0, ""};
    size_t next = 0;
    if (world_push(r->office, &r->laptop, b, &result, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(result.seq, r->laptop.chain.seq);
    for (size_t i = 0; i < b->count; i++) {
        if ((held >> i & 1) == 0)
            continue;
        assert_true(next < result.held_count);
        assert_int_equal(result.held[next].seq, b->first_seq + i);
        if (strstr(result.held[next].reason, reason) == NULL)
            fail_msg("held because %s", result.held[next].reason);
        next++;
    }
    assert_int_equal(next, result.held_count);
    receive_free(&result);
    world_batch_free(b);
}

#endif
