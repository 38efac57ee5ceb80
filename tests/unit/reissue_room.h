/* What a laptop and its office do about a fork, without a link between them. */
#ifndef SATCHEL_REISSUE_ROOM_H
#define SATCHEL_REISSUE_ROOM_H

#include "office_world.h"
#include "reissue.h"

/* Hands over what waits, a few hundred bytes at a time, as reissue_ask does. */
static PAIR_UNUSED struct reissue_answer reissue_room_ask(struct pair *p)
{
    struct fork_claim claim = {.epoch = p->author.chain.epoch};
    struct reissue_answer answer = {.epoch = 0};
    struct chain from = p->author.chain;
    uint64_t seq = 0;
    p->device.epoch = p->author.chain.epoch;
    PAIR_OK(unsent_oldest(p->db, &p->author.chain, 0, &from.epoch, &pair_e));
    for (;;) {
        struct unsent_batch batch;
        PAIR_OK(unsent_take(p->db, &from, p->sign_secret, seq, 300, &batch, &pair_e));
        if (batch.count == 0 && from.epoch == p->author.chain.epoch)
            break;
        seq = batch.count == 0 ? 0 : batch.last_seq + 1;
        if (batch.count == 0) {
            PAIR_OK(unsent_oldest(p->db, &p->author.chain, from.epoch + 1, &from.epoch, &pair_e));
            continue;
        }
        PAIR_OK(central_begin(p->office, &pair_e));
        PAIR_OK(fork_take_next(p->office, &p->device, &claim,
                               &(struct message_push){{batch.head, batch.head_bytes}, batch.bytes}, &pair_e));
        PAIR_OK(central_commit(p->office, &pair_e));
        PAIR_OK(reissue_heard(&answer, batch.epoch, claim.common, &pair_e));
        unsent_free(&batch);
    }
    PAIR_OK(central_begin(p->office, &pair_e));
    PAIR_OK(fork_close(p->office, &p->device, &claim, &answer.epoch, &pair_e));
    PAIR_OK(central_commit(p->office, &pair_e));
    return answer;
}

static PAIR_UNUSED uint64_t reissue_room_go_on(struct pair *p, const struct reissue_answer *answer)
{
    uint64_t typed;
    PAIR_OK(db_begin(p->db, &pair_e));
    PAIR_OK(reissue_write(p->db, &p->author, answer, &typed, &pair_e));
    PAIR_OK(db_commit(p->db, &pair_e));
    p->device.epoch = answer->epoch;
    return typed;
}

#endif
