/* Group commit: one transaction for the pushes of a turn. Laptops take turns: a turn has one push of each laptop at
 * most, the oldest first, until it has TURN_BYTES; what is left waits for the next, so that nobody waits behind all
 * that one laptop sends, and no transaction grows without bound. */
#include "commit.h"

#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "quota.h"

enum { TURN_BYTES = 4 << 20 };

struct commit_item {
    struct commit_item *next;
    struct exchange *exchange; /* NULL: nobody waits for the answer */
    struct device device;
    struct deal *deal;
    struct message_push push; /* its slices point into bytes */
    uint8_t *bytes;
    struct receive_result result;
    struct error error;
    int code;
};

int commit_queue(struct server *s, struct exchange *exchange, const struct device *device,
                 const struct message_push *push, struct deal *deal, struct error *e)
{
    struct commit_item *item = calloc(1, sizeof *item);
    uint8_t *bytes = malloc(push->head.size + push->batch.size + 1);
    if (item == NULL || bytes == NULL) {
        free(item);
        free(bytes);
        return error_set(e, E_MEMORY, "the office has no memory left; your changes are kept, try again later");
    }
    memcpy(bytes, push->head.p, push->head.size);
    memcpy(bytes + push->head.size, push->batch.p, push->batch.size);
    item->exchange = exchange;
    item->device = *device;
    item->deal = deal;
    item->bytes = bytes;
    item->push.head = (struct slice){bytes, push->head.size};
    item->push.batch = (struct slice){bytes + push->head.size, push->batch.size};
    *s->last = item;
    s->last = &item->next;
    return 0;
}

void commit_forget(struct server *s, const struct exchange *exchange)
{
    for (struct commit_item *item = s->first; item != NULL; item = item->next) {
        if (item->exchange == exchange) {
            item->exchange = NULL;
            item->deal = NULL;
        }
    }
}

/* Takes one push. A receipt among its changes confirms what its peer was dealt. The device is loaded anew: an operator
 * may have disabled it, or its user, since the push was queued, and the log says so in front of what it brings. */
static void take_push(struct server *s, struct commit_item *item)
{
    struct device now;
    item->code = device_by_id(s->central->db, &item->device.device, &now, &item->error);
    if (item->code != 0)
        return;
    now.epoch = item->device.epoch;
    item->device = now;
    item->code = receive_bounded(s->central, &item->device, &item->push, &item->result, &item->error);
    if (item->result.is_more) {
        struct error why = {0, ""};
        if (quota_close(s->central, &item->device, &why) != 0)
            item->code = error_set(&item->error, why.code, "%s", why.text);
    }
    if (item->code == 0 && item->result.receipt && item->deal != NULL)
        item->code = deal_confirm(item->deal, s->central, &item->error);
}

/* 1: the list has a push of that laptop. */
static int has_laptop(const struct commit_item *list, const struct id *device)
{
    while (list != NULL && !id_equal(&list->device.device, device))
        list = list->next;
    return list != NULL;
}

/* Takes the pushes of one turn out of the queue. */
static struct commit_item *take_turn(struct server *s)
{
    struct commit_item *turn = NULL, **end = &turn, **at = &s->first;
    size_t bytes = 0;
    while (*at != NULL && bytes < TURN_BYTES) {
        struct commit_item *item = *at;
        if (has_laptop(turn, &item->device.device)) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        item->next = NULL;
        *end = item;
        end = &item->next;
        bytes += item->push.head.size + item->push.batch.size;
    }
    for (s->last = &s->first; *s->last != NULL;)
        s->last = &(*s->last)->next;
    return turn;
}

void commit_run(struct server *s)
{
    struct commit_item *items = take_turn(s), *item;
    struct error e = {0};
    int code;
    if (items == NULL)
        return;
    if ((code = central_begin(s->central, &e)) == 0) {
        for (item = items; item != NULL && db_in_transaction(s->central->db); item = item->next)
            take_push(s, item);
        code = central_commit(s->central, &e);
    }
    if (code != 0)
        server_say(s, "nothing of what laptops sent just now was stored, and they are told so: %s", e.text);
    while ((item = items) != NULL) {
        items = item->next;
        if (item->exchange != NULL) {
            if (code != 0)
                peer_pushed(item->exchange, NULL, &e);
            else if (item->code != 0)
                peer_pushed(item->exchange, NULL, &item->error);
            else
                peer_pushed(item->exchange, &item->result, NULL);
        }
        receive_free(&item->result);
        free(item->bytes);
        free(item);
    }
}
