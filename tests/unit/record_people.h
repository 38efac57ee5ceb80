/* The records that record_test and record_hold_test write about. */
#ifndef SATCHEL_RECORD_PEOPLE_H
#define SATCHEL_RECORD_PEOPLE_H

#include "record_world.h"

static struct id client, other_client, a_case, service, note_record, nowhere, hold, other_hold;

static inline int name_records(void **state)
{
    (void)state;
    client = id_of(1);
    other_client = id_of(2);
    a_case = id_of(3);
    service = id_of(4);
    note_record = id_of(5);
    hold = id_of(6);
    other_hold = id_of(7);
    return sodium_init() < 0;
}

static inline void client_change(struct history *h, unsigned device)
{
    begin(h, device, KIND_CLIENT, client, client);
}

/* A change that sets one text of the client; over: what it supersedes. */
static inline size_t set_client(struct history *h, unsigned device, unsigned field, const char *text,
                                const struct dot *over, size_t count)
{
    client_change(h, device);
    put_text(h, field, CHANGE_SET, text, over, count);
    return end(h);
}

#endif
