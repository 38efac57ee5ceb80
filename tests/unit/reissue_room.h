/* What a laptop and its office do about a fork, without a link between them. */
#ifndef SATCHEL_REISSUE_ROOM_H
#define SATCHEL_REISSUE_ROOM_H

#include "office_world.h"
#include "reissue.h"

/* Hands over what waits, a few hundred bytes at a time, as reissue_ask does. */
static PAIR_UNUSED struct message_epoch reissue_room_ask(struct pair *p)
{
    struct fork_claim claim = {.epoch = p->author.chain.epoch};
    struct message_epoch answer;
    uint64_t from = 0;
    for (;;) {
        struct queue_batch batch;
        PAIR_OK(queue_take(p->db, &p->author.chain, p->sign_secret, from, 300, &batch, &pair_e));
        if (batch.count == 0)
            break;
        PAIR_OK(central_begin(p->office, &pair_e));
        PAIR_OK(fork_take(p->office, &p->device, &claim,
                          &(struct message_push){{batch.head, batch.head_bytes}, batch.bytes}, &pair_e));
        PAIR_OK(central_commit(p->office, &pair_e));
        from = batch.last_seq + 1;
        queue_free(&batch);
    }
    PAIR_OK(central_begin(p->office, &pair_e));
    PAIR_OK(fork_close(p->office, &p->device, &claim, &answer.epoch, &pair_e));
    PAIR_OK(central_commit(p->office, &pair_e));
    answer.common = claim.common;
    return answer;
}

static PAIR_UNUSED uint64_t reissue_room_go_on(struct pair *p, const struct message_epoch *answer)
{
    uint64_t typed;
    PAIR_OK(db_begin(p->db, &pair_e));
    PAIR_OK(reissue_write(p->db, &p->author, answer, &typed, &pair_e));
    PAIR_OK(db_commit(p->db, &pair_e));
    p->device.epoch = answer->epoch;
    return typed;
}

#endif
