/* Follows an office that was put back from a backup: hears of it, proves it, and makes this store go on from the
 * backup.
 *
 * One change of another device, as its row in `entry` tells:
 *
 *   DEALT      a position below LOG_STRAY            it is in the office's log
 *   STRAY      a position from LOG_STRAY on          the office lost it; it stays in the log and in view here
 *   APART      the same, held and without a number   another change has its number now; it is out of the record
 *   GONE       no row
 *
 * and what moves it:
 *
 *   DEALT -> STRAY   the backup ends before it                              set_aside
 *   STRAY -> DEALT   the office deals it again, at a new position           take_known (apply.c)
 *   STRAY -> APART   the office deals another change under its number       setback_set_apart, add_apart (apply.c)
 *   STRAY -> GONE    its laptop wrote it once more in a new epoch           setback_drop_repeated
 *   DEALT -> GONE    its scope leaves this laptop                           purge (apply.c)
 *
 * A stray keeps its scope here (setback_is_alone). What becomes of our own changes is told in queue.c.
 *
 * An announcement of the office: unknown -> known (a row in set_back), by keep_announcement, whether this laptop had to
 * go back or not. A known one covers no second step back. */
#include "setback.h"

#include <string.h>

#include "announcement.h"
#include "batch.h"
#include "clock.h"
#include "log.h"
#include "queue.h"
#include "record.h"
#include "schema.h"

#define CALL "; nothing was lost or changed here: leave this laptop as it is and call the office"

static unsigned long long number(uint64_t n)
{
    return n;
}

int setback_count(struct db *db, uint64_t *count, struct error *e)
{
    return db_number_of(db, count, e, "SELECT count(*) FROM entry WHERE position >= ?", "u", (uint64_t)LOG_STRAY);
}

int setback_set_apart(struct db *db, int64_t id, struct error *e)
{
    uint64_t stray = 0;
    if (db_number_of(db, &stray, e, "SELECT position >= ? FROM entry WHERE id = ?", "ui", (uint64_t)LOG_STRAY, id) !=
            0 ||
        (stray && (record_set_held(db, id, 1, e) != 0 || log_set_apart(db, id, e) != 0)))
        return -1;
    return stray != 0;
}

/* The id of the stray that a dealt change repeats; 0: it repeats none; -1: failed. Few stores have any stray at all. */
static int64_t find_repeated(struct db *db, const struct change *dealt, struct error *e)
{
    struct change stray;
    sqlite3_stmt *s;
    int64_t id = 0;
    int row;
    if (db_query(db, &s, e, "SELECT id, header, body FROM entry WHERE position >= ? AND device = ? AND +record = ?",
                 "udd", (uint64_t)LOG_STRAY, &dealt->device, &dealt->record) != 0)
        return -1;
    while (id == 0 && (row = db_next(db, s, e)) == 1) {
        if (change_read(db_slice(s, 1), db_slice(s, 2), &stray, e) != 0)
            id = -1;
        else if (memcmp(stray.hash, dealt->hash, sizeof stray.hash) != 0 && change_repeats(&stray, dealt))
            id = db_int(s, 0);
        if (id != 0)
            db_done(db, s);
    }
    return id == 0 && row < 0 ? -1 : id;
}

int setback_drop_repeated(struct db *db, const struct change *dealt, struct error *e)
{
    /* A first epoch repeats nothing, so most changes need no search through the strays. */
    int64_t id = dealt->epoch == 1 ? 0 : find_repeated(db, dealt, e);
    int code;
    if (id <= 0)
        return id == 0 ? 0 : error_code(e);
    if ((code = record_set_held(db, id, 1, e)) != 0)
        return code;
    return db_run(db, e, "DELETE FROM entry WHERE id = ?", "i", id);
}

int setback_keep_headers(struct db *db, const struct id *device, const struct id *scope, struct error *e)
{
    return db_run(db, e,
                  "INSERT OR REPLACE INTO own_header(epoch, seq, position, header) SELECT epoch, seq, position, header "
                  "FROM entry WHERE scope = ? AND device = ? AND position IS NOT NULL",
                  "dd", scope, device);
}

int setback_is_alone(struct db *db, const struct id *scope, struct error *e)
{
    uint64_t found = 0;
    if (db_number_of(db, &found, e, "SELECT 1 FROM entry WHERE scope = ? AND position >= ? AND kind <> ? LIMIT 1",
                     "duu", scope, (uint64_t)LOG_STRAY, (uint64_t)KIND_ASSIGNMENT) != 0)
        return -1;
    return found != 0;
}

/* --- the digest --- */

/* Holds every stray, so that the digest is of what the office has. The caller rolls it back. */
static int hold_strays(struct db *db, struct error *e)
{
    uint64_t id;
    int code = 0;
    while (code == 0) {
        if ((code = db_number_of(db, &id, e, "SELECT id FROM entry WHERE position >= ? AND held = 0 LIMIT 1", "u",
                                 (uint64_t)LOG_STRAY)) != 0 ||
            id == 0)
            break;
        code = record_set_held(db, (int64_t)id, 1, e);
    }
    return code;
}

int setback_digest(struct db *db, const struct id *scopes, size_t count, uint8_t out[32], struct error *e)
{
    uint64_t strays;
    int back, code = setback_count(db, &strays, e);
    if (code != 0 || strays == 0)
        return code != 0 ? code : record_digest(db, scopes, count, out, e);
    if ((code = db_exec(db, "SAVEPOINT digest", e)) != 0)
        return code;
    if ((code = hold_strays(db, e)) == 0)
        code = record_digest(db, scopes, count, out, e);
    back = db_back_to(db, "ROLLBACK TO digest", code == 0 ? e : NULL);
    (void)db_exec(db, "RELEASE digest", NULL);
    return code != 0 ? code : back;
}

/* --- the announcement --- */

struct announcement {
    uint64_t position, size;
    uint8_t hash[CHANGE_HASH_BYTES];
};

int setback_known(struct db *db, uint8_t out[MESSAGE_SET_BACKS_MAX * CHANGE_HASH_BYTES], size_t *bytes, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    *bytes = 0;
    if ((code = db_query(db, &s, e, "SELECT hash FROM set_back ORDER BY told DESC LIMIT ?", "i",
                         (int64_t)MESSAGE_SET_BACKS_MAX)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct slice hash = db_slice(s, 0);
        if (hash.size != CHANGE_HASH_BYTES)
            continue;
        memcpy(out + *bytes, hash.p, hash.size);
        *bytes += hash.size;
    }
    return row < 0 ? error_code(e) : 0;
}

static int is_false(struct error *e)
{
    return error_set(e, E_VERIFY,
                     "the office says that it was put back from a backup, and its proof of that is false" CALL);
}

/* Reads the announcement that came with a welcome. E_VERIFY if it is anything but one event of the office's own chain
 * that is proved to be in the log of the checkpoint c, and that names as many entries as stand before it there. */
static int read_announcement(const struct message_welcome *m, const struct checkpoint_vkey *key,
                             const struct checkpoint *c, struct announcement *out, struct error *e)
{
    struct id office = id_of_device(key->public_key);
    struct batch_reader r;
    struct batch_item item;
    struct change change;
    struct merkle_hash leaf;
    int good = 0, code = batch_open(&r, m->set_back, 1, e);
    if (code != 0)
        return code;
    if (r.count == 1 && batch_next(&r, &item, NULL) == 1 && item.body.p != NULL &&
        change_read(item.header, item.body, &change, NULL) == 0 && id_equal(&change.device, &office)) {
        log_leaf(item.received_ms, item.header, &leaf);
        out->position = item.position;
        out->size = out->position; /* announcement_judge sees to it */
        memcpy(out->hash, change.hash, sizeof out->hash);
        good = announcement_judge(&change, out->position) == 1 && out->position < c->size &&
               merkle_verify_inclusion(&leaf, out->position, c->size, &c->root, &m->set_back_proof, NULL) == 0;
    }
    batch_close(&r);
    return good ? 0 : is_false(e);
}

/* --- going back --- */

/* Makes an announcement known. seen: the size of the log that this laptop forgets because of it, 0 if it forgets none;
 * the office's signed statement of that log is kept as evidence, and put into statement. */
static int keep_announcement(struct db *db, const struct announcement *a, uint64_t seen,
                             char statement[CHECKPOINT_TEXT_MAX], struct error *e)
{
    statement[0] = 0;
    if (seen != 0)
        db_meta_text(db, "checkpoint", statement, CHECKPOINT_TEXT_MAX);
    return db_run(db, e, "INSERT OR IGNORE INTO set_back(hash, size, seen, told, note) VALUES(?,?,?,?,?)", "buuut",
                  (struct slice){a->hash, sizeof a->hash}, a->size, seen, clock_wall(), statement);
}

/* Which changes of our device the office has lost. ?1: our epoch; ?2: the size of the backup's log; ?3 and ?4: seq and
 * epoch of what the office has of us.
 *   - If it does not know our epoch, a change of an earlier one that it lost is perhaps nowhere else: it counts as
 * ours.
 *   - If it does, it had all of our earlier changes before it gave that epoch. A change of an earlier epoch that it
 * lost was then written by a copy of this store, and is treated like a colleague's. */
#define LOST "((position >= ?2 AND (epoch = ?1 OR ?4 <> ?1)) OR (epoch = ?1 AND (?4 <> ?1 OR seq > ?3)))"

/* Brings own changes that left with their case back into the queue, as headers: the chain cannot be sent over a gap. */
static int bring_headers(struct db *db, const struct chain *own, uint64_t size, const struct chain *have,
                         struct error *e)
{
    static const struct slice none;
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e,
                         "SELECT header FROM own_header WHERE " LOST " AND NOT "
                         "EXISTS(SELECT 1 FROM entry WHERE device = ?5 AND entry.epoch = own_header.epoch AND "
                         "entry.seq = own_header.seq) ORDER BY epoch, seq",
                         "uuuud", own->epoch, size, have->seq, have->epoch, &own->device)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct log_entry header;
        memset(&header, 0, offsetof(struct log_entry, change));
        header.position = LOG_NO_POSITION;
        if ((code = change_read(db_slice(s, 0), none, &header.change, e)) != 0 ||
            (code = log_add(db, &header, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Queues again every own change that the office has lost, held or not. */
static int queue_again(struct db *db, const struct chain *own, uint64_t size, const struct chain *have, struct error *e)
{
    int code;
    if ((code = bring_headers(db, own, size, have, e)) != 0 ||
        (code = db_run(db, e,
                       "UPDATE entry SET position = NULL, received = 0, held = 0 WHERE device = ?5 AND position IS NOT "
                       "NULL AND " LOST,
                       "uuuud", own->epoch, size, have->seq, have->epoch, &own->device)) != 0)
        return code;
    return db_run(db, e,
                  "DELETE FROM held_note WHERE (epoch, seq) IN (SELECT epoch, seq FROM entry WHERE device = ? AND "
                  "position IS NULL)",
                  "d", &own->device);
}

/* Remembers that our chain is proved to be at the office no further than the office says now. */
static int take_back_acked(struct db *db, const struct chain *own, const struct chain *have, struct error *e)
{
    uint8_t hash[CHANGE_HASH_BYTES];
    uint64_t acked, seq = have->epoch == own->epoch ? have->seq : 0;
    struct change c;
    sqlite3_stmt *s;
    int64_t id;
    int row, code;
    if ((code = unsent_acked(db, own->epoch, &acked, e)) != 0)
        return code;
    if (seq >= acked)
        return 0; /* nothing asks how far an earlier epoch was proved */
    memcpy(hash, have->hash, sizeof hash);
    if ((id = log_find(db, &own->device, own->epoch, seq, hash, e)) < 0)
        return error_code(e);
    /* The change left with its case: its header tells the hash that the office must have there. */
    if (id == 0) {
        if ((row = db_first(db, &s, e, "SELECT header FROM own_header WHERE epoch = ? AND seq = ?", "uu", own->epoch,
                            seq)) < 0)
            return error_code(e);
        if (row == 1) {
            code = change_read_header(db_slice(s, 0), &c, e);
            db_done(db, s);
            if (code != 0)
                return code;
            memcpy(hash, c.hash, sizeof hash);
        }
    }
    if ((code = db_meta_set_uint(db, "acked_epoch", own->epoch, e)) != 0 ||
        (code = db_meta_set_uint(db, "acked_seq", seq, e)) != 0)
        return code;
    return db_meta_set(db, "acked_hash", hash, sizeof hash, e);
}

/* Makes strays of others' changes from the backup's end on, in their order. The office's erasures of that time go: it
 * has those words again, and deals them, until somebody erases them once more. */
static int set_aside(struct db *db, uint64_t size, struct error *e)
{
    int code = db_run(db, e, "DELETE FROM entry WHERE position >= ? AND kind = ?", "uu", size, (uint64_t)KIND_ERASURE);
    if (code != 0)
        return code;
    return db_run(db, e,
                  "UPDATE entry SET position = (SELECT max(?2, max(position) + 1) FROM entry) + position - ?1 "
                  "WHERE position >= ?1 AND position < ?2",
                  "uu", size, (uint64_t)LOG_STRAY);
}

/* Has everything dealt anew: a scope may have come compact, over a change that is lost, or may have left because of
 * one. */
static int begin_anew(struct db *db, uint64_t size, struct error *e)
{
    uint64_t cursor;
    int code;
    if ((code = db_meta_get_uint(db, "pull_cursor", &cursor, e)) != 0 ||
        (code = db_meta_set_uint(db, "pull_cursor", cursor < size ? cursor : size, e)) != 0 ||
        (code = db_meta_set_uint(db, "checkpoint_size", 0, e)) != 0 ||
        (code = db_run(db, e, "UPDATE scope SET complete = 0", "")) != 0 ||
        (code = db_run(db, e, "DELETE FROM arriving", "")) != 0)
        return code;
    return record_rebuild(db, e);
}

static int go_back(struct db *db, const struct chain *own, const struct chain *have, struct setback *b, struct error *e)
{
    int code;
    if ((code = queue_again(db, own, b->size, have, e)) != 0 || (code = take_back_acked(db, own, have, e)) != 0 ||
        (code = set_aside(db, b->size, e)) != 0 || (code = begin_anew(db, b->size, e)) != 0 ||
        (code = unsent_count(db, &b->sent_again, e)) != 0)
        return code;
    return setback_count(db, &b->kept, e);
}

int setback_follow(struct db *db, const struct edit_author *author, const struct checkpoint_vkey *key,
                   const struct message_welcome *m, struct setback *out, struct error *e)
{
    const struct chain *own = &author->chain;
    struct announcement a = {0};
    struct unsent_seen seen;
    struct checkpoint c;
    uint64_t waited = 0;
    int code;
    memset(out, 0, sizeof *out);
    /* queue_welcome says what else may be wrong: another key, or a fork. */
    if (m->set_back.size == 0 || checkpoint_open((const char *)m->checkpoint.p, m->checkpoint.size, key, &c, NULL) != 0)
        return 0;
    if ((code = unsent_seen(db, &seen, e)) != 0 || (code = read_announcement(m, key, &c, &a, e)) != 0)
        return code;
    if (seen.size <= c.size &&
        merkle_verify_consistency(seen.size, &seen.root, c.size, &c.root, &m->consistency, NULL) == 0)
        return keep_announcement(db, &a, 0, out->statement, e);
    if (a.size >= seen.size)
        return error_set(e, E_VERIFY,
                         "the office says that it was put back to a backup of %llu changes, but its log differs from "
                         "the %llu that this laptop has seen before that" CALL,
                         number(a.size), number(seen.size));
    if ((code = keep_announcement(db, &a, seen.size, out->statement, e)) != 0)
        return code;
    if (db_changes(db) == 0)
        return 0; /* it was known: it covers no second step back, and queue_welcome refuses */
    out->size = a.size;
    memcpy(out->hash, a.hash, sizeof out->hash);
    out->seen = seen.size;
    if ((code = unsent_count(db, &waited, e)) != 0 || (code = go_back(db, own, &m->have, out, e)) != 0)
        return code;
    out->sent_again -= waited < out->sent_again ? waited : out->sent_again;
    out->found = 1;
    return 0;
}
