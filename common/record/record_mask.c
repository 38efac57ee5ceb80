/* Which ops of an entry are live, as a mask of bits. It travels with each entry of a compact caseload; a store that
 * has applied the entry works it out. */
#include "record_private.h"

#include <string.h>

int record_mask_awaited(struct db *db, const struct change *c, uint8_t *live, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e,
                         "SELECT op, field FROM superseded WHERE device = ? AND epoch = ? AND seq = ? AND record = ?",
                         "duud", &c->device, c->epoch, c->seq, &c->record)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        uint64_t op = db_uint(s, 0);
        if (op < c->op_count && c->ops[op].field == db_uint(s, 1))
            live[op] = 0;
    }
    return row < 0 ? e->code : 0;
}

int record_mask(struct db *db, const struct change *c, uint8_t mask[CHANGE_MASK_MAX], size_t *bytes, int *all,
                struct error *e)
{
    uint8_t live[CHANGE_OPS_MAX];
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    memset(live, 1, sizeof live);
    memset(mask, 0, CHANGE_MASK_MAX);
    *bytes = (c->op_count + 7) / 8;
    *all = 1;
    if ((code = record_mask_awaited(db, c, live, e)) != 0)
        return code;
    for (size_t i = 0; i < c->op_count; i++) {
        if (live[i])
            mask[i / 8] |= (uint8_t)(1u << i % 8);
        else
            *all = 0;
    }
    return 0;
}

int record_mask_living(struct db *db, const struct log_entry *entry, uint8_t mask[CHANGE_MASK_MAX], size_t *bytes,
                       int *all, struct error *e)
{
    sqlite3_stmt *s;
    struct error own;
    int row;
    if (e == NULL)
        e = &own;
    memset(mask, 0, CHANGE_MASK_MAX);
    *bytes = (entry->change.op_count + 7) / 8;
    if ((row = db_first(db, &s, e, "SELECT live FROM applied WHERE entry = ?", "i", entry->id)) < 0)
        return e->code;
    if (row == 1) {
        struct slice live = db_slice(s, 0);
        if (live.p != NULL)
            memcpy(mask, live.p, live.size < *bytes ? live.size : *bytes);
        db_done(db, s);
    }
    *all = 1;
    for (size_t i = 0; i < entry->change.op_count; i++)
        *all &= mask[i / 8] >> i % 8 & 1;
    return 0;
}
