#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "log.h"
#include "record.h"
#include "schema.h"
#include "setback.h"

#define CALL "; nothing was lost or changed here: leave this laptop as it is and call the office"
#define PUT_BACK                                                                                                       \
    "; nothing was lost or changed here: leave this laptop as it is and call the office. If it was put back from a "   \
    "backup, whoever runs it must say so with `satcheld restored`, and this laptop then goes on by itself"

static unsigned long long number(uint64_t n)
{
    return n;
}

/* --- the office's log, as we saw it --- */

static int keep_checkpoint(struct db *db, struct slice note, const struct checkpoint *c, struct error *e)
{
    int code;
    if ((code = db_meta_set(db, "checkpoint", note.p, note.size, e)) != 0 ||
        (code = db_meta_set_uint(db, "checkpoint_size", c->size, e)) != 0)
        return code;
    return db_meta_set(db, "checkpoint_root", c->root.b, sizeof c->root.b, e);
}

/* Is the note the office's, and does its log continue the one that we saw? */
static int check_checkpoint(struct db *db, const struct checkpoint_vkey *key, struct slice note,
                            const struct merkle_proof *consistency, struct checkpoint *out, struct error *e)
{
    struct unsent_seen seen;
    struct error why = {0, ""};
    int code;
    if (checkpoint_open((const char *)note.p, note.size, key, out, &why) != 0)
        return error_set(e, E_VERIFY, "the office's statement of its log is not signed with its key (%s)" CALL,
                         why.text);
    if ((code = unsent_seen(db, &seen, e)) != 0)
        return code;
    if (out->size < seen.size)
        return error_set(e, E_VERIFY,
                         "the office's log has shrunk: it states %llu entries, and this laptop has seen %llu" PUT_BACK,
                         number(out->size), number(seen.size));
    if (merkle_verify_consistency(seen.size, &seen.root, out->size, &out->root, consistency, &why) != 0)
        return error_set(e, E_VERIFY,
                         "the office's history has changed: its log of %llu entries does not continue the one of %llu "
                         "that this laptop has seen" PUT_BACK,
                         number(out->size), number(seen.size));
    return 0;
}

/* --- our chain, as the office has it --- */

/* The hash of our change with that number. 1: found; 0: it has been let go of; -1: failed. */
static int own_hash(struct db *db, const struct chain *own, uint64_t seq, uint8_t hash[CHANGE_HASH_BYTES],
                    struct error *e)
{
    uint64_t acked;
    int64_t id;
    if (seq == own->seq) {
        memcpy(hash, own->hash, CHANGE_HASH_BYTES);
        return 1;
    }
    if (unsent_acked(db, own->epoch, &acked, e) != 0)
        return -1;
    if (seq != 0 && seq == acked)
        return db_meta_get(db, "acked_hash", hash, CHANGE_HASH_BYTES, e) == 0 ? 1 : -1;
    id = log_find(db, &own->device, own->epoch, seq, hash, e);
    return id < 0 ? -1 : id != 0;
}

/* Does all wait that the office does not have? What it lost may have been let go of here, and then what comes after
 * cannot follow under its old numbers. */
static int find_gap(struct db *db, const struct chain *own, uint64_t have, int *gap, struct error *e)
{
    sqlite3_stmt *s;
    uint64_t lacks;
    int code;
    if ((code = db_query(db, &s, e,
                         "SELECT count(*) < ?3 - ?4 FROM entry WHERE device = ?1 AND epoch = ?2 AND seq > ?4 AND "
                         "position IS NULL",
                         "duuu", &own->device, own->epoch, own->seq, have)) != 0)
        return code;
    if ((code = db_number(db, s, &lacks, e)) != 0)
        return code;
    *gap = lacks != 0;
    return 0;
}

/* What the office has of our epoch must hold at least what it has proved to hold. Where it is no beginning of our chain
 * the store was copied, or an old copy put back; where it does not know our epoch, or lost what is not here any more,
 * it was put back itself: what waits goes on in a new epoch. */
static int check_chain(struct db *db, const struct chain *own, const struct chain *have, int *forked, struct error *e)
{
    uint64_t acked;
    uint8_t hash[CHANGE_HASH_BYTES];
    int found, code = unsent_acked(db, own->epoch, &acked, e);
    if (code != 0)
        return code;
    /* An office that does not know our epoch speaks of another. */
    *forked = !id_equal(&have->device, &own->device) || have->epoch != own->epoch || have->seq > own->seq;
    if (*forked)
        return 0;
    if (have->seq < acked)
        return error_set(e, E_VERIFY,
                         "the office has lost changes of this laptop: it has %llu, and had proved to hold %llu" CALL,
                         number(have->seq), number(acked));
    if (have->seq == 0)
        return find_gap(db, own, 0, forked, e);
    if ((found = own_hash(db, own, have->seq, hash, e)) < 0)
        return error_code(e);
    /* Only what is acknowledged is ever let go of, and the last of that is remembered. */
    *forked = found == 0 || memcmp(hash, have->hash, sizeof hash) != 0;
    return *forked ? 0 : find_gap(db, own, have->seq, forked, e);
}

int queue_witness(struct db *db, const struct checkpoint_vkey *key, struct slice note,
                  const struct merkle_proof *consistency, uint64_t *size, struct error *e)
{
    struct checkpoint c = {.size = 0};
    int code = check_checkpoint(db, key, note, consistency, &c, e);
    *size = c.size;
    return code != 0 ? code : keep_checkpoint(db, note, &c, e);
}

int queue_welcome(struct db *db, const struct chain *own, const struct checkpoint_vkey *key,
                  const struct message_welcome *m, int *forked, struct error *e)
{
    struct checkpoint c = {.size = 0};
    int code;
    if ((code = check_checkpoint(db, key, m->checkpoint, &m->consistency, &c, e)) != 0 ||
        (code = check_chain(db, own, &m->have, forked, e)) != 0)
        return code;
    return keep_checkpoint(db, m->checkpoint, &c, e);
}

/* --- the office's answer --- */

/* The leaves of our changes first .. last, as the office must have logged them. Each is looked at before anything is
 * written: one with a place already must keep it. */
static int make_leaves(struct db *db, const struct chain *own, const struct message_pushed *m,
                       struct merkle_hash *leaves, struct error *e)
{
    static const char sql[] =
        "SELECT seq, position, header FROM entry WHERE device = ? AND epoch = ? AND seq BETWEEN ? "
        "AND ? ORDER BY seq";
    uint64_t count = m->seq - m->first_seq + 1, found = 0;
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, sql, "duuu", &own->device, own->epoch, m->first_seq, m->seq)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if (db_uint(s, 0) != m->first_seq + found ||
            (!db_is_null(s, 1) && db_uint(s, 1) != m->first_position + found)) {
            code = error_set(e, E_VERIFY, "the office gives change %llu of this laptop another place in its log" CALL,
                             number(db_uint(s, 0)));
            db_done(db, s);
            return code;
        }
        log_leaf(m->received_ms, db_slice(s, 2), &leaves[found++]);
    }
    if (row < 0)
        return error_code(e);
    if (found != count)
        return error_set(e, E_VERIFY,
                         "the office acknowledges changes of this laptop that its store does not have" CALL);
    return 0;
}

/* All that must hold before a change may leave the queue. */
static int verify(struct db *db, const struct chain *own, const struct checkpoint_vkey *key,
                  const struct unsent_batch *sent, const struct message_pushed *m, struct checkpoint *c,
                  struct error *e)
{
    struct merkle_hash *leaves;
    struct error why = {0, ""};
    uint64_t count, end;
    int code;
    if (m->epoch != sent->epoch || m->first_seq == 0 || m->first_seq > sent->first_seq || m->seq < sent->first_seq ||
        m->seq > sent->last_seq || m->seq - m->first_seq >= LIMITS_BATCH_CHANGES_MAX)
        return error_set(e, E_PEER, "the office acknowledges changes %llu to %llu, and %llu to %llu were sent" CALL,
                         number(m->first_seq), number(m->seq), number(sent->first_seq), number(sent->last_seq));
    if ((code = check_checkpoint(db, key, m->checkpoint, &m->consistency, c, e)) != 0)
        return code;
    count = m->seq - m->first_seq + 1;
    end = m->first_position + count;
    if ((leaves = calloc(count, sizeof *leaves)) == NULL)
        return error_memory(e);
    if ((code = make_leaves(db, own, m, leaves, e)) == 0 &&
        (end > c->size || merkle_verify_range(leaves, m->first_position, end, c->size, &c->root, &m->range, &why) != 0))
        code = error_set(e, E_VERIFY,
                         "the office says that it holds changes %llu to %llu of this laptop, and its proof of that is "
                         "false; they stay queued" CALL,
                         number(m->first_seq), number(m->seq));
    free(leaves);
    return code;
}

/* Reads one entry of ours whole and shows its fields anew. */
static int refresh(struct db *db, int64_t id, struct error *e)
{
    struct change c;
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT header, body FROM entry WHERE id = ?", "i", id)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return error_code(e);
    if (row == 1) {
        if ((code = change_read(db_slice(s, 0), db_slice(s, 1), &c, e)) == 0)
            code = record_refresh(db, &c, e);
        db_done(db, s);
    }
    return code;
}

/* Notes what the office holds back, and takes it out of the record: on this laptop as at the office. */
static int note_held(struct db *db, const struct chain *own, const struct message_pushed *m, size_t *held,
                     struct error *e)
{
    static const char note[] = "INSERT OR REPLACE INTO held_note(epoch, seq, record, kind, reason) "
                               "SELECT epoch, seq, record, kind, ?2 FROM entry WHERE id = ?1";
    struct unpack r;
    int code = 0;
    *held = 0;
    unpack_start(&r, m->held);
    (void)unpack_array(&r);
    for (size_t i = 0; code == 0 && i < m->held_count; i++) {
        struct message_held h = message_next_held(&r);
        char reason[MESSAGE_SENTENCE_MAX + 1];
        int64_t id;
        if (h.seq < m->first_seq || h.seq > m->seq)
            return error_set(e, E_PEER, "the office holds back change %llu of this laptop, which was not sent" CALL,
                             number(h.seq));
        if ((id = log_find(db, &own->device, own->epoch, h.seq, NULL, e)) <= 0)
            return error_code(e);
        memcpy(reason, h.reason.p, h.reason.size);
        reason[h.reason.size] = '\0';
        if ((code = record_set_held(db, id, 1, e)) == 0 && (code = db_run(db, e, note, "it", id, reason)) == 0)
            ++*held;
    }
    return code;
}

/* How far our chain is proved to be at the office. */
static int note_acked(struct db *db, const struct chain *own, uint64_t seq, struct error *e)
{
    uint8_t hash[CHANGE_HASH_BYTES];
    uint64_t epoch, acked;
    int code;
    if ((code = db_meta_get_uint(db, "acked_epoch", &epoch, e)) != 0 ||
        (code = unsent_acked(db, own->epoch, &acked, e)) != 0)
        return code;
    if (epoch > own->epoch || acked >= seq)
        return 0;
    if (log_find(db, &own->device, own->epoch, seq, hash, e) <= 0)
        return error_code(e);
    if ((code = db_meta_set_uint(db, "acked_epoch", own->epoch, e)) != 0 ||
        (code = db_meta_set_uint(db, "acked_seq", seq, e)) != 0)
        return code;
    return db_meta_set(db, "acked_hash", hash, sizeof hash, e);
}

int queue_pushed(struct db *db, const struct chain *own, const struct checkpoint_vkey *key,
                 const struct unsent_batch *sent, const struct message_pushed *m, size_t *held, struct error *e)
{
    struct checkpoint c = {.size = 0};
    int64_t id;
    int code;
    *held = 0;
    if ((code = verify(db, own, key, sent, m, &c, e)) != 0 || (code = keep_checkpoint(db, m->checkpoint, &c, e)) != 0)
        return code;
    for (uint64_t seq = m->first_seq; seq <= m->seq; seq++) {
        uint64_t position = m->first_position + (seq - m->first_seq);
        if ((id = log_find(db, &own->device, own->epoch, seq, NULL, e)) <= 0)
            return error_code(e);
        /* The place is proved: nothing else here can have it. */
        if ((code = log_clear(db, position, id, e)) != 0 ||
            (code = log_accept(db, id, position, m->received_ms, e)) != 0 || (code = refresh(db, id, e)) != 0)
            return code;
    }
    code = note_acked(db, own, m->seq, e);
    return code != 0 ? code : note_held(db, own, m, held, e);
}
