/* Counts the queued changes, and packs them into batches. Nothing is changed here. */
#include "unsent.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "log.h"
#include "schema.h"

int unsent_count(struct db *db, uint64_t *count, struct error *e)
{
    return unsent_count_through(db, INT64_MAX, INT64_MAX, count, e);
}

int unsent_count_through(struct db *db, uint64_t epoch, uint64_t seq, uint64_t *count, struct error *e)
{
    return db_number_of(db, count, e,
                        "SELECT count(*) FROM entry WHERE position IS NULL AND kind NOT IN (?, ?) AND (epoch, seq) <= "
                        "(?, ?)",
                        "uuuu", (uint64_t)KIND_RECEIPT, (uint64_t)KIND_EVENT, epoch, seq);
}

int unsent_waits(struct db *db, int *waits, struct error *e)
{
    int row = db_exists(db, e, "SELECT 1 FROM entry WHERE position IS NULL LIMIT 1", "");
    *waits = row == 1;
    return row < 0 ? error_code(e) : 0;
}

int unsent_acked(struct db *db, uint64_t epoch, uint64_t *seq, struct error *e)
{
    uint64_t of;
    int code;
    if ((code = db_meta_get_uint(db, "acked_epoch", &of, e)) != 0 ||
        (code = db_meta_get_uint(db, "acked_seq", seq, e)) != 0)
        return code;
    if (of != epoch)
        *seq = 0;
    return 0;
}

int unsent_seen(struct db *db, struct unsent_seen *out, struct error *e)
{
    int code;
    memset(out, 0, sizeof *out);
    if ((code = db_meta_get_uint(db, "checkpoint_size", &out->size, e)) != 0)
        return code;
    return out->size == 0 ? 0 : db_meta_get(db, "checkpoint_root", out->root.b, sizeof out->root.b, e);
}

int unsent_oldest(struct db *db, const struct chain *own, uint64_t from, uint64_t *epoch, struct error *e)
{
    return db_number_of(
        db, epoch, e,
        "SELECT coalesce(min(epoch), ?3) FROM entry WHERE position IS NULL AND device = ?1 AND epoch >= ?2", "duu",
        &own->device, from, own->epoch);
}

/* Adds queued changes until the batch is full, or the next is not the one after the last. end follows the chain of what
 * was added. */
static int add_queued(struct db *db, const struct unsent_from *from, struct batch_writer *w, struct unsent_batch *out,
                      struct chain *end, struct error *e)
{
    static const char sql[] = "SELECT seq, header, body FROM entry WHERE position IS NULL AND device = ? AND epoch = ? "
                              "AND seq >= ? ORDER BY seq";
    struct change c;
    sqlite3_stmt *s;
    size_t bytes = 0;
    int row, code;
    if ((code = db_query(db, &s, e, sql, "duu", &end->device, end->epoch, from->seq)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct slice header = db_slice(s, 1), body = db_slice(s, 2);
        bytes += header.size + body.size;
        if ((out->count != 0 && bytes > from->room) || !batch_has_room(w, header.size + body.size))
            break;
        if ((code = change_read_header(header, &c, e)) != 0)
            break;
        if (out->count != 0 && c.seq != out->last_seq + 1)
            break; /* a batch is one chain */
        batch_add_change(w, header, body);
        if (out->count++ == 0)
            out->first_seq = c.seq;
        out->last_seq = c.seq;
        out->typed += c.kind != KIND_RECEIPT && c.kind != KIND_EVENT;
        end->seq = c.seq;
        memcpy(end->hash, c.hash, sizeof end->hash);
    }
    if (row == 1)
        db_done(db, s);
    return row < 0 ? error_code(e) : code;
}

int unsent_take(struct db *db, const struct unsent_from *from, struct unsent_batch *out, struct error *e)
{
    const struct chain *own = from->own;
    struct chain_head head;
    struct unsent_seen seen;
    struct batch_writer w;
    int code;
    memset(out, 0, sizeof *out);
    memset(&head, 0, sizeof head);
    out->epoch = own->epoch;
    head.end.device = own->device;
    head.end.epoch = own->epoch;
    batch_start(&w);
    if ((code = unsent_seen(db, &seen, e)) != 0 || (code = add_queued(db, from, &w, out, &head.end, e)) != 0 ||
        out->count == 0)
        goto out;
    head.checkpoint_size = seen.size;
    head.checkpoint_root = seen.root;
    chain_sign(&head, from->secret, out->head, &out->head_bytes);
    code = batch_finish(&w, &out->bytes, e);
out:
    batch_free(&w);
    return code;
}

void unsent_free(struct unsent_batch *batch)
{
    free((void *)batch->bytes.p);
    batch->bytes = (struct slice){NULL, 0};
}
