/* Takes a laptop whose chain forked into a new epoch: hands over what is queued, and writes once more what the office
 * does not have.
 *
 * A queued change, on that way:
 *
 *   QUEUED       in its old epoch
 *   HANDED OVER  the same; the office has its bytes, and has said how much of that epoch it takes as ours (common)
 *   STRANDED     out of the log; its bytes are in `stranded`, and at the office as evidence
 *
 *   QUEUED      -> HANDED OVER          sent in a batch, answered                        hand_batch, reissue_heard
 *   HANDED OVER -> QUEUED               its number is at most `common`: it is sent again by an ordinary push, which
 *                                       proves it; or the link broke, and the next sync hands it over again
 *   HANDED OVER -> STRANDED             its number is above `common`                     strand
 *   STRANDED    -> QUEUED, as another   in the new epoch, if its body is here            write_again
 *   STRANDED    -> (forgotten)          its scope leaves this laptop                     reissue_forget
 *
 * reissue_write makes all steps from HANDED OVER on in one transaction; the chain is at the beginning of the new epoch
 * before write_again, and the event "new epoch" ends what it wrote. */
#include "reissue.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "record.h"
#include "schema.h"
#include "seen.h"
#include "store_event.h"
#include "unsent.h"

int reissue_forget(struct db *db, const struct id *scope, struct error *e)
{
    return db_run(db, e, "DELETE FROM stranded WHERE scope = ?", "d", scope);
}

int reissue_count(struct db *db, uint64_t *count, struct error *e)
{
    return db_number_of(db, count, e, "SELECT count(*) FROM stranded WHERE new_seq IS NOT NULL AND kind NOT IN (?, ?)",
                        "uu", (uint64_t)KIND_RECEIPT, (uint64_t)KIND_EVENT);
}

/* --- writing a change once more --- */

struct reissuing {
    struct db *db;
    struct edit_author *author; /* its chain is the new epoch's */
    struct dot *dots;           /* room for those of one op */
    size_t room;
};

static int compare_dots(const void *a, const void *b)
{
    return dot_compare(a, b);
}

/* Gives a dot of ours the name that its change has in the new epoch, since the office does not know the old one. A dot
 * of a change that is not stranded stays. *gone: 1 if the change is not written once more, because its body is not
 * here. */
static int rename_dot(struct reissuing *r, struct dot *dot, int *gone, struct error *e)
{
    sqlite3_stmt *s;
    int row;
    *gone = 0;
    if (!id_equal(&dot->device, &r->author->chain.device))
        return 0;
    if ((row = db_first(r->db, &s, e, "SELECT new_seq FROM stranded WHERE new_epoch = ? AND epoch = ? AND seq = ?",
                        "uuu", r->author->chain.epoch, dot->epoch, dot->seq)) < 0)
        return error_code(e);
    if (row == 1) {
        *gone = db_is_null(s, 0);
        dot->epoch = r->author->chain.epoch;
        dot->seq = db_uint(s, 0);
        db_done(r->db, s);
    }
    return 0;
}

/* Reads a list of *count dots into r->dots under their new names, sorted, without those that are gone. *count: how many
 * there are then. *ok: 0 if it was no list of dots. */
static int read_dots(struct reissuing *r, struct unpack *list, size_t *count, int *ok, struct error *e)
{
    size_t all = *count, kept = 0;
    if (all > r->room) {
        struct dot *more = realloc(r->dots, all * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        r->dots = more;
        r->room = all;
    }
    for (size_t i = 0; i < all && !list->failed; i++) {
        int gone, code;
        r->dots[kept] = dot_unpack(list);
        if (list->failed)
            break;
        if ((code = rename_dot(r, &r->dots[kept], &gone, e)) != 0)
            return code;
        kept += !gone;
    }
    *ok = !list->failed;
    *count = kept;
    if (*ok && kept != 0)
        qsort(r->dots, kept, sizeof *r->dots, compare_dots);
    return 0;
}

/* Packs the value of an op. The values of a void and of `seen` list the dots that the author saw, which get their new
 * names; any other value stays as it was. */
static int write_value(struct reissuing *r, const struct change_op *op, struct pack *value, struct error *e)
{
    struct unpack list;
    size_t count = 0;
    int ok = 0, code;
    pack_start(value);
    unpack_start(&list, op->value);
    if (op->field == FIELD_VOID || op->field == FIELD_SEEN) {
        count = unpack_array(&list);
        if (!list.failed && (code = read_dots(r, &list, &count, &ok, e)) != 0)
            return code;
    }
    if (ok) {
        pack_array(value, count);
        for (size_t i = 0; i < count; i++)
            dot_pack(value, &r->dots[i]);
    } else {
        pack_raw(value, op->value);
    }
    return pack_finish(value, e);
}

/* Adds an op to the draft, with what it supersedes under new names. */
static int add_op(struct reissuing *r, struct change_draft *d, const struct change_op *op, struct error *e)
{
    struct unpack list;
    struct pack value;
    size_t count;
    int ok, code = write_value(r, op, &value, e);
    if (code == 0) {
        count = change_supersedes(op, &list);
        if ((code = read_dots(r, &list, &count, &ok, e)) == 0)
            change_draft_op(d, op->field, op->action, pack_bytes(&value), r->dots, count);
    }
    pack_free(&value);
    return code;
}

/* Adds the draft to the log, at the end of the new chain. Times, author and sitting are the old ones: what was typed on
 * Monday was typed on Monday, and does not replace a later value because it had to be written twice. */
static int append_again(struct reissuing *r, struct change_draft *d, struct error *e)
{
    struct chain *chain = &r->author->chain;
    uint8_t hash[CHANGE_HASH_BYTES];
    struct pack header, body;
    struct log_entry written;
    int code;
    d->device = chain->device;
    d->epoch = chain->epoch;
    d->seq = chain->seq + 1;
    memcpy(d->previous, chain->hash, sizeof d->previous);
    memset(&written, 0, offsetof(struct log_entry, change));
    written.position = LOG_NO_POSITION;
    if ((code = change_write(d, &header, &body, hash, e)) == 0 &&
        (code = change_read(pack_bytes(&header), pack_bytes(&body), &written.change, e)) == 0 &&
        (code = log_add(r->db, &written, e)) == 0) {
        chain->seq = d->seq;
        memcpy(chain->hash, hash, sizeof chain->hash);
    }
    pack_free(&header);
    pack_free(&body);
    return code;
}

/* Writes a stranded change once more. */
static int write_again(struct reissuing *r, const struct change *c, struct error *e)
{
    struct change_draft d;
    char *reason = c->reason.size == 0 ? NULL : strndup((const char *)c->reason.p, c->reason.size);
    int code = 0;
    if (c->reason.size != 0 && reason == NULL)
        return error_memory(e);
    change_draft_start(&d);
    for (size_t i = 0; code == 0 && i < c->op_count; i++)
        code = add_op(r, &d, &c->ops[i], e);
    d.hlc = c->hlc;
    d.wall_ms = c->wall_ms;
    d.author = c->author;
    d.session = c->session;
    d.scope = c->scope;
    d.record = c->record;
    d.kind = c->kind;
    d.reason = reason;
    if (code == 0)
        code = append_again(r, &d, e);
    change_draft_free(&d);
    free(reason);
    return code;
}

/* --- the transaction --- */

int reissue_heard(struct reissue_answer *answer, uint64_t epoch, uint64_t common, struct error *e)
{
    if (answer->count == 0 || answer->had[answer->count - 1].epoch != epoch) {
        if (answer->count == LIMITS_EPOCHS_MAX)
            return error_set(e, E_PEER,
                             "this store was copied or put back more often than an office allows; call the office");
        answer->had[answer->count++].epoch = epoch;
    }
    answer->had[answer->count - 1].common = common;
    return 0;
}

/* How far the office has our changes of that epoch; 0: it has none. */
static uint64_t common_of(const struct reissue_answer *m, uint64_t epoch)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->had[i].epoch == epoch)
            return m->had[i].common;
    return 0;
}

/* Takes the queued changes of one epoch with a number above `common` out of the log, into `stranded`. Each that has a
 * body gets its number in the new epoch there. */
static int strand(struct reissuing *r, uint64_t epoch, uint64_t common, uint64_t new_epoch, struct error *e)
{
    static const char aside[] =
        "INSERT INTO stranded(new_epoch, epoch, seq, new_seq, scope, kind, header, body) SELECT ?1, epoch, seq, "
        "CASE WHEN body IS NOT NULL THEN ?2 + sum(body IS NOT NULL) OVER (ORDER BY seq) END, scope, kind, header, body "
        "FROM entry WHERE position IS NULL AND device = ?3 AND epoch = ?4 AND seq > ?5";
    const struct id *device = &r->author->chain.device;
    uint64_t before;
    int code;
    if ((code = db_number_of(r->db, &before, e, "SELECT coalesce(max(new_seq), 0) FROM stranded WHERE new_epoch = ?",
                             "u", new_epoch)) != 0 ||
        (code = db_run(r->db, e, aside, "uuduu", new_epoch, before, device, epoch, common)) != 0)
        return code;
    return db_run(r->db, e, "DELETE FROM entry WHERE position IS NULL AND device = ? AND epoch = ? AND seq > ?", "duu",
                  device, epoch, common);
}

/* *typed: adds how many of them a person made. */
static int write_all_again(struct reissuing *r, uint64_t *typed, struct error *e)
{
    struct change change;
    sqlite3_stmt *s;
    int row,
        code =
            db_query(r->db, &s, e,
                     "SELECT header, body FROM stranded WHERE new_epoch = ? AND new_seq IS NOT NULL ORDER BY new_seq",
                     "u", r->author->chain.epoch);
    if (code != 0)
        return code;
    while ((row = db_next(r->db, s, e)) == 1) {
        if ((code = change_read(db_slice(s, 0), db_slice(s, 1), &change, e)) != 0 ||
            (code = write_again(r, &change, e)) != 0) {
            db_done(r->db, s);
            return code;
        }
        *typed += change.kind != KIND_RECEIPT && change.kind != KIND_EVENT;
    }
    return row < 0 ? error_code(e) : 0;
}

int reissue_write(struct db *db, struct edit_author *author, const struct reissue_answer *m, uint64_t *typed,
                  struct error *e)
{
    struct reissuing r = {.db = db, .author = author};
    struct event event = {.what = "new epoch", .at_ms = author->wall()};
    int code;
    *typed = 0;
    if (m->epoch <= author->chain.epoch || m->epoch > INT64_MAX ||
        common_of(m, author->chain.epoch) > author->chain.seq)
        return error_set(
            e, E_PEER,
            "the office's answer about the copy of this store cannot be right (%llu after %llu); nothing was "
            "changed here: tell the office",
            (unsigned long long)m->epoch, (unsigned long long)author->chain.epoch);
    for (size_t i = 0; i < m->count; i++)
        if ((code = strand(&r, m->had[i].epoch, m->had[i].common, m->epoch, e)) != 0)
            return code;
    author->chain.epoch = m->epoch;
    author->chain.seq = 0;
    memset(author->chain.hash, 0, sizeof author->chain.hash);
    code = write_all_again(&r, typed, e);
    free(r.dots);
    if (code != 0 || (code = seen_rename(db, &author->chain.device, m->epoch, e)) != 0)
        return code;
    event.count = *typed;
    if ((code = record_rebuild(db, e)) != 0 || (code = store_event_add(db, author, &event, e)) != 0 ||
        (code = db_meta_set_uint(db, "put_back", 0, e)) != 0 || (code = db_run(db, e, "DELETE FROM arriving", "")) != 0)
        return code;
    return db_run(db, e, "UPDATE scope SET complete = 0", "");
}

/* --- asking --- */

/* Hands over one batch, as it is and signed, and remembers the answer. last: nothing is queued behind it. */
static int hand_batch(struct wire *w, const struct unsent_batch *batch, int last, struct reissue_answer *out,
                      struct error *e)
{
    struct message m = {.type = MESSAGE_FORK};
    int code;
    m.as.fork.head = (struct slice){batch->head, batch->head_bytes};
    m.as.fork.batch = batch->bytes;
    m.as.fork.last = last;
    if ((code = wire_send(w, &m, e)) != 0 || (code = wire_receive(w, &m, e)) != 0)
        return code;
    if (m.type != MESSAGE_EPOCH)
        return error_set(e, E_PEER, "the office answers out of turn (message %d)", (int)m.type);
    out->epoch = m.as.epoch.epoch;
    return batch->count == 0 ? 0 : reissue_heard(out, batch->epoch, m.as.epoch.common, e);
}

/* Hands over what is queued, epoch by epoch and batch by batch. The answer to the last batch has the new epoch. */
static int hand_over(struct store *s, struct wire *w, size_t room, struct reissue_answer *out, struct error *e)
{
    const struct chain *own = &s->author.chain;
    struct chain from = *own;
    uint64_t seq = 0;
    int last = 0, code = unsent_oldest(s->db, own, 0, &from.epoch, e);
    while (code == 0 && !last) {
        struct unsent_batch batch;
        if ((code = unsent_take(s->db, &(struct unsent_from){&from, s->sign_secret, seq, room}, &batch, e)) != 0)
            return code;
        if (batch.count == 0 && from.epoch != own->epoch) {
            seq = 0;
            code = unsent_oldest(s->db, own, from.epoch + 1, &from.epoch, e);
            continue;
        }
        last = batch.count == 0 || (from.epoch == own->epoch && batch.last_seq == own->seq);
        seq = batch.last_seq + 1;
        code = hand_batch(w, &batch, last, out, e);
        unsent_free(&batch);
    }
    return code;
}

int reissue_ask(struct store *s, struct wire *w, size_t room, struct reissue_done *done, struct error *e)
{
    struct reissue_answer answer = {.epoch = 0};
    uint64_t *typed = &done->typed;
    int put_back = s->put_back, code;
    memset(done, 0, sizeof *done);
    if ((code = hand_over(s, w, room, &answer, e)) != 0)
        return code;
    if (answer.epoch == 0) {
        done->handed_over = 1;
        return error_set(e, E_REFUSED,
                         "the office has disabled this laptop or its user, and this laptop's store was copied, or an "
                         "old copy was put back: what the office had not got is received there now, as evidence, and "
                         "is in no record. Nothing typed is lost: talk to the office");
    }
    if ((code = store_begin(s, e)) != 0)
        return code;
    if ((code = reissue_write(s->db, &s->author, &answer, typed, e)) != 0) {
        store_rollback(s);
        return code;
    }
    s->put_back = 0; /* so that store_commit lets the key file follow the chain again */
    if ((code = store_commit(s, e)) != 0)
        s->put_back = put_back;
    return code;
}
