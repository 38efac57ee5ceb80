/* What goes with a batch to vouch for entries of the laptop's own device that a copy of its store wrote: the head that
 * the copy signed over each, and the headers from the entry up to it. The laptop takes them as its own on its own
 * signature alone (client/sync/vouch.h). */
#include "deal_private.h"

#include <stdlib.h>
#include <string.h>

/* The first head that the device signed at or behind a change. */
struct signed_head {
    uint64_t seq;
    size_t bytes;
    uint8_t signed_bytes[CHAIN_HEAD_MAX];
};

void deal_vouch_start(struct deal_vouch *v)
{
    memset(v, 0, sizeof *v);
    pack_start(&v->items);
}

void deal_vouch_free(struct deal_vouch *v)
{
    pack_free(&v->items);
    free(v->runs);
    v->runs = NULL;
}

/* 1: what is in the list already vouches for the change. */
static int is_covered(const struct deal_vouch *v, const struct change *c)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->runs[i].epoch == c->epoch && v->runs[i].from <= c->seq && c->seq <= v->runs[i].to)
            return 1;
    return 0;
}

/* 1: found; 0: no head is over the change (the laptop will refuse it); -1: failed. */
static int find_head(struct db *db, const struct change *c, struct signed_head *out, struct error *e)
{
    sqlite3_stmt *s;
    struct slice bytes;
    int row = db_first(db, &s, e,
                       "SELECT seq, signed FROM head WHERE device = ? AND epoch = ? AND seq >= ? ORDER BY seq LIMIT 1",
                       "duu", &c->device, c->epoch, c->seq);
    if (row != 1)
        return row;
    bytes = db_slice(s, 1);
    out->seq = db_uint(s, 0);
    out->bytes = bytes.size <= sizeof out->signed_bytes ? bytes.size : 0;
    if (out->bytes != 0)
        memcpy(out->signed_bytes, bytes.p, out->bytes);
    db_done(db, s);
    return out->bytes != 0 && out->seq - c->seq < MESSAGE_VOUCHED_MAX;
}

static int remember_run(struct deal_vouch *v, const struct change *c, uint64_t to, struct error *e)
{
    struct deal_vouch_run *more = realloc(v->runs, (v->count + 1) * sizeof *more);
    if (more == NULL) {
        (void)error_memory(e);
        return -1;
    }
    v->runs = more;
    v->runs[v->count++] = (struct deal_vouch_run){c->epoch, c->seq, to};
    return 1;
}

static int pack_run(struct deal_vouch *v, struct db *db, const struct change *c, const struct signed_head *head,
                    struct error *e)
{
    sqlite3_stmt *s;
    int row;
    pack_array(&v->items, 2);
    pack_bin(&v->items, head->signed_bytes, head->bytes);
    pack_array(&v->items, (size_t)(head->seq - c->seq + 1));
    if (db_query(db, &s, e,
                 "SELECT header FROM entry WHERE device = ? AND epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq", "duuu",
                 &c->device, c->epoch, c->seq, head->seq) != 0)
        return -1;
    while ((row = db_next(db, s, e)) == 1) {
        struct slice header = db_slice(s, 0);
        pack_bin(&v->items, header.p, header.size);
    }
    return row < 0 ? -1 : remember_run(v, c, head->seq, e);
}

int deal_vouch_add(struct deal_vouch *v, struct central *c, const struct change *change, size_t room, struct error *e)
{
    struct signed_head head;
    uint64_t bytes, count;
    int found;
    if (is_covered(v, change))
        return 1;
    if ((found = find_head(c->db, change, &head, e)) != 1)
        return found < 0 ? -1 : 1;
    if (v->count == MESSAGE_VOUCHED_MAX)
        return 0;
    if (db_number_of(c->db, &count, e,
                     "SELECT count(*) FROM entry WHERE device = ? AND epoch = ? AND seq BETWEEN ? AND ?", "duuu",
                     &change->device, change->epoch, change->seq, head.seq) != 0 ||
        db_number_of(c->db, &bytes, e,
                     "SELECT sum(length(header) + 3) FROM entry WHERE device = ? AND epoch = ? AND seq BETWEEN ? AND "
                     "?",
                     "duuu", &change->device, change->epoch, change->seq, head.seq) != 0)
        return -1;
    if (count != head.seq - change->seq + 1)
        return 1; /* the log lacks one of them: nothing can be said, and the laptop will refuse the entry */
    if (bytes + CHAIN_HEAD_MAX + 8 > room)
        return 0;
    return pack_run(v, c->db, change, &head, e);
}

int deal_vouch_finish(struct deal_vouch *v, struct message_entries *out, struct pack *list, struct error *e)
{
    pack_start(list);
    out->vouched_count = v->count;
    if (v->count == 0)
        return 0;
    pack_array(list, v->count);
    pack_raw(list, pack_bytes(&v->items));
    out->vouched = pack_bytes(list);
    return pack_finish(list, e);
}
