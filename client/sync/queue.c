/* Moves this laptop's own changes from "saved here" to "proved to be at the office", and takes them out of the record
 * if the office does not apply them.
 *
 * The states of one of our own changes, as the store tells them:
 *
 *   QUEUED     position NULL                    saved here; every push sends it again
 *   RECEIVED   a position, held 0               proved to be in the office's log; it counts here as it does there
 *   HELD       a position, held 1               proved to be there, but not applied; held_note has the reason
 *   GONE       no row                           its case has left this laptop; own_header keeps its header
 *   STRANDED   no row; one in `stranded`        evidence of a fork; its words go on in a new change
 *
 * and what moves it:
 *
 *   (typed)           -> QUEUED     a person saves, or the laptop writes of itself    edit_commit (edit.c)
 *   QUEUED            -> RECEIVED   the office's proof of it holds                    queue_pushed
 *   QUEUED            -> HELD       the same, and the office says that it holds it    queue_pushed, remember_held
 *   HELD              -> RECEIVED   the office releases it, and deals it              take_known (apply.c)
 *   RECEIVED or HELD  -> GONE       its case leaves the caseload                      purge (apply.c)
 *   RECEIVED or HELD  -> QUEUED     the office lost it when it was put back           queue_again (setback.c)
 *   GONE              -> QUEUED     the same; its header alone comes back             bring_headers (setback.c)
 *   QUEUED            -> STRANDED   the chain forked                                  strand (reissue.c)
 *
 * Nothing else moves a change. Each function runs inside the caller's transaction, so a link that breaks moves none. */
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

static int keep_checkpoint(struct db *db, struct slice signed_note, const struct checkpoint *c, struct error *e)
{
    int code;
    if ((code = db_meta_set(db, "checkpoint", signed_note.p, signed_note.size, e)) != 0 ||
        (code = db_meta_set_uint(db, "checkpoint_size", c->size, e)) != 0)
        return code;
    return db_meta_set(db, "checkpoint_root", c->root.b, sizeof c->root.b, e);
}

/* Opens a checkpoint. E_VERIFY if the office did not sign it, or if its log does not continue the one that this laptop
 * saw last. */
static int check_checkpoint(const struct queue *q, struct slice signed_note, const struct merkle_proof *consistency,
                            struct checkpoint *out, struct error *e)
{
    struct unsent_seen seen;
    struct error why = {0, ""};
    int code;
    if (checkpoint_open((const char *)signed_note.p, signed_note.size, q->key, out, &why) != 0)
        return error_set(e, E_VERIFY, "the office's statement of its log is not signed with its key (%s)" CALL,
                         why.text);
    if ((code = unsent_seen(q->db, &seen, e)) != 0)
        return code;
    if (out->size < seen.size)
        return error_set(e, E_VERIFY,
                         "the office's log has shrunk: it has %llu changes, and this laptop has seen %llu" PUT_BACK,
                         number(out->size), number(seen.size));
    if (merkle_verify_consistency(seen.size, &seen.root, out->size, &out->root, consistency, &why) != 0)
        return error_set(e, E_VERIFY,
                         "the office's history has changed: its log of %llu changes does not continue the one of %llu "
                         "that this laptop has seen" PUT_BACK,
                         number(out->size), number(seen.size));
    return 0;
}

/* --- our chain, as the office has it --- */

/* The hash of our change with that number. 1: found; 0: it is gone from here; -1: failed. */
static int own_hash(const struct queue *q, uint64_t seq, uint8_t hash[CHANGE_HASH_BYTES], struct error *e)
{
    const struct chain *own = q->own;
    uint64_t acked;
    int64_t id;
    if (seq == own->seq) {
        memcpy(hash, own->hash, CHANGE_HASH_BYTES);
        return 1;
    }
    if (unsent_acked(q->db, own->epoch, &acked, e) != 0)
        return -1;
    if (seq != 0 && seq == acked)
        return db_meta_get(q->db, "acked_hash", hash, CHANGE_HASH_BYTES, e) == 0 ? 1 : -1;
    id = log_find(q->db, &own->device, own->epoch, seq, hash, e);
    return id < 0 ? -1 : id != 0;
}

/* *gap: 1 if a change that the office does not have is not queued here either. The office may have lost a change that
 * is gone from here, too; then those after it cannot follow under their old numbers. */
static int find_gap(const struct queue *q, uint64_t have, int *gap, struct error *e)
{
    const struct chain *own = q->own;
    uint64_t lacks;
    int code;
    if ((code = db_number_of(q->db, &lacks, e,
                             "SELECT count(*) < ?3 - ?4 FROM entry WHERE device = ?1 AND epoch = ?2 AND seq > ?4 AND "
                             "position IS NULL",
                             "duuu", &own->device, own->epoch, own->seq, have)) != 0)
        return code;
    *gap = lacks != 0;
    return 0;
}

/* Compares what the office has of our chain with what is here. E_VERIFY if it lacks a change that it has proved to
 * have. *forked: 1 if the queue must go on in a new epoch. That is so
 *   - if what the office has is not a beginning of our chain: this store was copied, or an older copy was put back;
 *   - if the office does not know our epoch, or lost a change that is gone from here, too: the office was put back. */
static int check_chain(const struct queue *q, const struct chain *have, int *forked, struct error *e)
{
    const struct chain *own = q->own;
    uint64_t acked;
    uint8_t hash[CHANGE_HASH_BYTES];
    int found, code = unsent_acked(q->db, own->epoch, &acked, e);
    if (code != 0)
        return code;
    /* An office that does not know our epoch names another one. */
    *forked = !id_equal(&have->device, &own->device) || have->epoch != own->epoch || have->seq > own->seq;
    if (*forked)
        return 0;
    if (have->seq < acked)
        return error_set(e, E_VERIFY,
                         "the office has lost changes of this laptop: it has %llu, and had proved to have %llu" CALL,
                         number(have->seq), number(acked));
    if (have->seq == 0)
        return find_gap(q, 0, forked, e);
    if ((found = own_hash(q, have->seq, hash, e)) < 0)
        return error_code(e);
    /* Only acknowledged changes ever go from here, and meta keeps the hash of the last of them: so a change that is not
     * found is one of another chain. */
    *forked = found == 0 || memcmp(hash, have->hash, sizeof hash) != 0;
    return *forked ? 0 : find_gap(q, have->seq, forked, e);
}

int queue_witness(const struct queue *q, struct slice signed_note, const struct merkle_proof *consistency,
                  uint64_t *size, struct error *e)
{
    struct checkpoint c = {.size = 0};
    int code = check_checkpoint(q, signed_note, consistency, &c, e);
    *size = c.size;
    return code != 0 ? code : keep_checkpoint(q->db, signed_note, &c, e);
}

int queue_welcome(const struct queue *q, const struct message_welcome *m, int *forked, struct error *e)
{
    struct checkpoint c = {.size = 0};
    int code;
    if ((code = check_checkpoint(q, m->checkpoint, &m->consistency, &c, e)) != 0 ||
        (code = check_chain(q, &m->have, forked, e)) != 0)
        return code;
    return keep_checkpoint(q->db, m->checkpoint, &c, e);
}

/* --- the office's answer --- */

/* Makes the leaves that the office's log must have for our changes m->first_seq to m->seq. Nothing is written yet.
 * E_VERIFY if one of them has another position already, or if one is not here. */
static int make_leaves(const struct queue *q, const struct message_pushed *m, struct merkle_hash *leaves,
                       struct error *e)
{
    const struct chain *own = q->own;
    struct db *db = q->db;
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
            code =
                error_set(e, E_VERIFY, "the office gives change %llu of this laptop another position in its log" CALL,
                          number(db_uint(s, 0)));
            db_done(db, s);
            return code;
        }
        log_leaf(m->received_ms, db_slice(s, 2), &leaves[found++]);
    }
    if (row < 0)
        return error_code(e);
    if (found != count)
        return error_set(e, E_VERIFY, "the office confirms changes of this laptop that its store does not have" CALL);
    return 0;
}

/* Checks everything that must hold before a change may leave the queue. E_PEER: the answer is not to what was sent.
 * E_VERIFY: one of its proofs is false. */
static int verify_pushed(const struct queue *q, const struct unsent_batch *sent, const struct message_pushed *m,
                         struct checkpoint *c, struct error *e)
{
    struct merkle_hash *leaves;
    struct merkle_leaves range;
    struct error why = {0, ""};
    uint64_t count, end;
    int code;
    if (m->epoch != sent->epoch || m->first_seq == 0 || m->first_seq > sent->first_seq || m->seq < sent->first_seq ||
        m->seq > sent->last_seq || m->seq - m->first_seq >= LIMITS_BATCH_CHANGES_MAX)
        return error_set(e, E_PEER, "the office confirms changes %llu to %llu, and %llu to %llu were sent" CALL,
                         number(m->first_seq), number(m->seq), number(sent->first_seq), number(sent->last_seq));
    if ((code = check_checkpoint(q, m->checkpoint, &m->consistency, c, e)) != 0)
        return code;
    count = m->seq - m->first_seq + 1;
    end = m->first_position + count;
    if ((leaves = calloc(count, sizeof *leaves)) == NULL)
        return error_memory(e);
    range = (struct merkle_leaves){leaves, m->first_position, end};
    if ((code = make_leaves(q, m, leaves, e)) == 0 &&
        (end > c->size || merkle_verify_range(&range, c->size, &c->root, &m->range, &why) != 0))
        code = error_set(e, E_VERIFY,
                         "the office says that it has changes %llu to %llu of this laptop, and its proof of that is "
                         "false; they stay queued" CALL,
                         number(m->first_seq), number(m->seq));
    free(leaves);
    return code;
}

/* Shows the fields of one of our changes anew: its time of receipt bounds its effective time. */
static int refresh_own(struct db *db, int64_t id, struct error *e)
{
    struct change c;
    sqlite3_stmt *s;
    int row, code = 0;
    if ((row = db_first(db, &s, e, "SELECT header, body FROM entry WHERE id = ?", "i", id)) < 0)
        return error_code(e);
    if (row == 1) {
        if ((code = change_read(db_slice(s, 0), db_slice(s, 1), &c, e)) == 0)
            code = record_refresh(db, &c, e);
        db_done(db, s);
    }
    return code;
}

int queue_remember_held(struct db *db, int64_t id, const char *reason, struct error *e)
{
    return db_run(db, e,
                  "INSERT OR REPLACE INTO held_note(epoch, seq, record, kind, reason, header, body) "
                  "SELECT epoch, seq, record, kind, ?2, header, body FROM entry WHERE id = ?1",
                  "it", id, reason);
}

/* Takes each change that the office holds out of the record, as the office does, and remembers it.
 * E_PEER: it names a change that was not sent. */
static int remember_held(const struct queue *q, const struct message_pushed *m, size_t *held, struct error *e)
{
    struct db *db = q->db;
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
        if ((id = log_find(db, &q->own->device, q->own->epoch, h.seq, NULL, e)) <= 0)
            return error_code(e);
        memcpy(reason, h.reason.p, h.reason.size);
        reason[h.reason.size] = '\0';
        if ((code = record_set_held(db, id, 1, e)) == 0 && (code = queue_remember_held(db, id, reason, e)) == 0)
            ++*held;
    }
    return code;
}

/* Remembers how far our chain is proved to be at the office. An older epoch, or an earlier change, does not take it
 * back: only setback.c does. */
static int remember_acked(const struct queue *q, uint64_t seq, struct error *e)
{
    const struct chain *own = q->own;
    struct db *db = q->db;
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

int queue_pushed(const struct queue *q, const struct unsent_batch *sent, const struct message_pushed *m, size_t *held,
                 struct error *e)
{
    struct checkpoint c = {.size = 0};
    struct db *db = q->db;
    int64_t id;
    int code;
    *held = 0;
    if ((code = verify_pushed(q, sent, m, &c, e)) != 0 || (code = keep_checkpoint(db, m->checkpoint, &c, e)) != 0)
        return code;
    for (uint64_t seq = m->first_seq; seq <= m->seq; seq++) {
        uint64_t position = m->first_position + (seq - m->first_seq);
        if ((id = log_find(db, &q->own->device, q->own->epoch, seq, NULL, e)) <= 0)
            return error_code(e);
        /* The position is proved, so whatever else has it here is of another history. */
        if ((code = log_clear(db, position, id, e)) != 0 ||
            (code = log_accept(db, id, position, m->received_ms, e)) != 0 || (code = refresh_own(db, id, e)) != 0)
            return code;
    }
    code = remember_acked(q, m->seq, e);
    return code != 0 ? code : remember_held(q, m, held, e);
}
