/* Takes what the office deals into the log and the record, and lets go of what has left the caseload.
 *
 * The states of a scope here, as the tables tell them:
 *
 *   UNKNOWN    no row in `scope`     nothing of it was dealt; at most, something of it was written here
 *   ARRIVING   a row, complete 0     what is dealt of it waits in `arriving`; people see what was here before
 *   COMPLETE   a row, complete 1     news of it are applied as they come
 *
 * and what moves it:
 *
 *   UNKNOWN, ARRIVING -> ARRIVING   an entry of it comes, and more may follow           take_item
 *   UNKNOWN, ARRIVING -> COMPLETE   the office says that it has arrived                 settle
 *   ARRIVING -> ARRIVING            the same, but a change is queued in it (`refused`)  settle
 *   COMPLETE -> ARRIVING            the digests differ, even with the record made anew  finish
 *   COMPLETE -> ARRIVING            the office was put back                             begin_anew (setback.c)
 *   COMPLETE -> ARRIVING            our chain got a new epoch                           reissue_write (reissue.c)
 *   COMPLETE -> ARRIVING            the office holds something that it had dealt of it   mark_anew
 *   any -> UNKNOWN                  the office names it as gone, or dealt all but it    let_go_of_scope
 *   any -> ARRIVING                 the same, but something of it is nowhere else       let_go_of_scope
 *
 * let_go_of_scope runs at the end of a whole deal only. */
#include "apply.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "clock.h"
#include "decided.h"
#include "forget.h"
#include "log.h"
#include "news.h"
#include "queue.h"
#include "record.h"
#include "reissue.h"
#include "schema.h"
#include "setback.h"
#include "vouch.h"

int apply_restart(struct db *db, struct error *e)
{
    return db_exec(db, "DELETE FROM arriving; DELETE FROM refused", e);
}

/* --- scopes --- */

/* The scopes that are complete, or (complete 0) those that are not. Otherwise as apply_scopes. */
static int list_scopes(struct db *db, int complete, struct id **out, size_t *count, struct error *e)
{
    sqlite3_stmt *s;
    size_t room = 64;
    int row, code;
    *count = 0;
    if ((*out = malloc(room * sizeof **out)) == NULL)
        return error_memory(e);
    if ((code = db_query(db, &s, e, "SELECT id FROM scope WHERE complete = ? ORDER BY id", "i", (int64_t)complete)) !=
        0)
        goto fail;
    while ((row = db_next(db, s, e)) == 1) {
        if (*count == room) {
            struct id *more = realloc(*out, 2 * room * sizeof *more);
            if (more == NULL) {
                db_done(db, s);
                code = error_memory(e);
                goto fail;
            }
            *out = more;
            room *= 2;
        }
        (*out)[(*count)++] = db_id(s, 0);
    }
    if (row == 0)
        return 0;
    code = error_code(e);
fail:
    free(*out);
    *out = NULL;
    *count = 0;
    return code;
}

int apply_scopes(struct db *db, struct id **out, size_t *count, struct error *e)
{
    return list_scopes(db, 1, out, count, e);
}

/* 1: the query has a row for the scope; 0: it has none; -1: failed, e says why. */
static int scope_has(struct db *db, const char *sql, const struct id *scope, struct error *e)
{
    return db_exists(db, e, sql, "d", scope);
}

static int is_complete(struct db *db, const struct id *scope, struct error *e)
{
    return scope_has(db, "SELECT 1 FROM scope WHERE id = ? AND complete = 1", scope, e);
}

/* 1: something of the scope is in the log; 0: nothing is; -1. */
static int is_here(struct db *db, const struct id *scope, struct error *e)
{
    return scope_has(db, "SELECT 1 FROM entry WHERE scope = ? LIMIT 1", scope, e);
}

static int set_complete(struct db *db, const struct id *scope, int complete, struct error *e)
{
    return db_run(db, e, "INSERT OR REPLACE INTO scope(id, complete) VALUES(?, ?)", "di", scope, (int64_t)complete);
}

/* A message lists scopes as ids of 16 bytes, one after the other. */
static struct id scope_at(struct slice list, size_t number)
{
    struct id id;
    memcpy(id.b, list.p + number * ID_BYTES, ID_BYTES);
    return id;
}

static int is_in(struct slice list, const struct id *scope)
{
    for (size_t at = 0; at < list.size; at += ID_BYTES)
        if (memcmp(list.p + at, scope->b, ID_BYTES) == 0)
            return 1;
    return 0;
}

/* --- one entry --- */

/* A stray comes back with its words, which were erased here: the office lost that erasure with the change, and a laptop
 * that never heard of it sent the change again (LOG.md, "Erasures"). The record then takes it as if it had just come.
 */
static int give_words_back(struct db *db, const struct log_entry *entry, struct error *e)
{
    int code, erased = db_exists(db, e, "SELECT 1 FROM entry WHERE id = ? AND body IS NULL", "i", entry->id);
    if (erased != 1)
        return erased < 0 ? error_code(e) : 0;
    if ((code = record_set_held(db, entry->id, 1, e)) != 0 ||
        (code = db_run(db, e, "UPDATE entry SET body = ? WHERE id = ?", "bi", entry->change.body, entry->id)) != 0)
        return code;
    return record_set_held(db, entry->id, 0, e);
}

/* A stray comes back. The mask that it had tells which of its ops were dead in the log that the office lost; what ended
 * them there may be gone, or held by now. The new mask counts, and the record takes the entry by it. */
static int take_mask_anew(struct db *db, const struct log_entry *entry, struct error *e)
{
    int code = record_set_held(db, entry->id, 1, e);
    if (code != 0 ||
        (code = db_run(db, e, "UPDATE entry SET mask = ? WHERE id = ?", "bi", entry->mask, entry->id)) != 0)
        return code;
    return record_set_held(db, entry->id, 0, e);
}

/* The entry is already in the log: ours, or received before the link broke.
 *   - If it is ours and unproved, leave it queued: only queue_pushed sets its position.
 *   - If it is held here, the office has released it: apply it.
 *   - If it is a stray (the office lost its position when it was put back), give it the new position. */
static int take_known(struct db *db, struct log_entry *entry, struct error *e)
{
    sqlite3_stmt *s;
    int row, code, waits = 0, held = 0, stray = 0, is_masked = 0;
    if ((row = db_first(db, &s, e,
                        "SELECT position IS NULL, held, position >= ?2, mask IS NOT NULL FROM entry WHERE id = ?1",
                        "iu", entry->id, (uint64_t)LOG_STRAY)) < 0)
        return error_code(e);
    if (row == 1) {
        waits = db_int(s, 0) != 0;
        held = db_int(s, 1) != 0;
        stray = db_int(s, 2) != 0;
        is_masked = db_int(s, 3) != 0;
        db_done(db, s);
    }
    if (waits || entry->position >= LOG_STRAY)
        return 0;
    /* The mask says which of its ops are dead. What ended them at the office may never come here: a case that is dealt
     * anew comes without the changes that have no live op. */
    if (stray && !held && is_masked) {
        if ((code = take_mask_anew(db, entry, e)) != 0)
            return code;
    } else if ((held || stray) && entry->mask.p != NULL &&
               (code = db_run(db, e, "UPDATE entry SET mask = ? WHERE id = ?", "bi", entry->mask, entry->id)) != 0)
        return code;
    if (stray && entry->change.body.p != NULL && (code = give_words_back(db, entry, e)) != 0)
        return code;
    if (stray && ((code = log_clear(db, entry->position, entry->id, e)) != 0 ||
                  (code = log_accept(db, entry->id, entry->position, entry->received_ms, e)) != 0 ||
                  (code = record_refresh(db, &entry->change, e)) != 0))
        return code;
    return held ? record_set_held(db, entry->id, 0, e) : record_apply(db, entry, e);
}

static int add_as_it_is(struct db *db, struct log_entry *entry, struct error *e)
{
    return log_add(db, entry, e);
}

/* Adds a stray that comes back after its scope was dealt anew, and whose number another change has by now: held, and
 * out of the way of that one. */
static int add_apart(struct db *db, struct log_entry *entry, struct error *e)
{
    struct log_entry under_no_number = *entry;
    int code;
    under_no_number.change.epoch = LOG_STRAY;
    code = log_add(db, &under_no_number, e);
    entry->id = under_no_number.id;
    if (code != 0)
        return code;
    entry->held = 1;
    return log_set_apart(db, entry->id, e);
}

/* Adds a dealt entry to the log. An entry of another history that has its position, or its number, gives way. E_EXISTS:
 * it is here already. */
static int add_dealt(struct db *db, struct log_entry *entry, struct error *e)
{
    const struct change *c = &entry->change;
    struct error own = {0, ""};
    int64_t there;
    int apart, code = add_as_it_is(db, entry, e);
    if (code != E_VERIFY)
        return code;
    if ((there = log_find(db, &c->device, c->epoch, c->seq, NULL, &own)) < 0)
        return error_set(e, own.code, "%s", own.text);
    if (there == 0)
        return (code = log_clear(db, entry->position, 0, e)) != 0 ? code : add_as_it_is(db, entry, e);
    if (entry->position >= LOG_STRAY)
        return add_apart(db, entry, e);
    if ((apart = setback_set_apart(db, there, &own)) < 0)
        return error_set(e, own.code, "%s", own.text);
    return apart ? add_dealt(db, entry, e) : code;
}

/* Takes a dealt entry into the log and the record. */
static int take_dealt(struct db *db, struct edit_author *author, struct log_entry *entry, struct error *e)
{
    struct error why = {0, ""};
    int code = add_dealt(db, entry, &why);
    int exists_here = code == E_EXISTS;
    if (code != 0 && !exists_here)
        return error_set(e, code, "%s", why.text);
    edit_author_saw(author, clock_effective(entry->change.hlc, entry->received_ms));
    /* The office does not hold a change that it deals. That is so also if the held change left with its case. */
    if (!entry->held && id_equal(&entry->change.device, &author->chain.device) &&
        (code = db_run(db, e, "DELETE FROM held_note WHERE epoch = ? AND seq = ?", "uu", entry->change.epoch,
                       entry->change.seq)) != 0)
        return code;
    if (entry->position < LOG_STRAY && (code = setback_drop_repeated(db, &entry->change, e)) != 0)
        return code;
    if ((code = forget_words(db, &author->chain.device, &entry->change, e)) != 0)
        return code;
    if (exists_here)
        return take_known(db, entry, e);
    if (entry->held)
        return log_set_held(db, entry->id, 1, e);
    return record_apply(db, entry, e);
}

/* Keeps an entry of a scope that is arriving. */
static int stage(struct db *db, const struct log_entry *entry, struct error *e)
{
    const struct change *c = &entry->change;
    return db_run(db, e,
                  "INSERT OR REPLACE INTO arriving(device, epoch, seq, scope, position, received, header, body, mask) "
                  "VALUES(?,?,?,?,?,?,?,?,?)",
                  "duuduubbb", &c->device, c->epoch, c->seq, &c->scope, entry->position, entry->received_ms, c->header,
                  c->body, entry->mask);
}

/* --- a scope arrives --- */

#define READ_STAGED                                                                                                    \
    "SELECT position, received, held, header, body, mask FROM arriving WHERE scope = ? ORDER BY position"

static int read_staged(sqlite3_stmt *s, struct log_entry *entry, struct error *e)
{
    entry->position = db_uint(s, 0);
    entry->received_ms = db_uint(s, 1);
    entry->held = db_int(s, 2) != 0;
    entry->mask = db_slice(s, 5);
    return change_read(db_slice(s, 3), db_slice(s, 4), &entry->change, e);
}

static int take_staged(struct db *db, struct edit_author *author, const struct id *scope, struct error *e)
{
    struct log_entry entry;
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, READ_STAGED, "d", scope)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = read_staged(s, &entry, e)) != 0 || (code = take_dealt(db, author, &entry, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    if (row < 0)
        return error_code(e);
    return db_run(db, e, "DELETE FROM arriving WHERE scope = ?", "d", scope);
}

/* Remembers which of the staged changes are news, and which decide over this person's words, before what is here leaves
 * the log. */
static int remember_staged(struct db *db, const struct id *person, const struct id *scope, struct error *e)
{
    struct log_entry entry;
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e, READ_STAGED, "d", scope);
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = read_staged(s, &entry, e)) == 0 && entry.position < LOG_STRAY)
            code = decided_remember(db, person, &entry.change, e);
        if (code == 0 && entry.position < LOG_STRAY)
            code = news_remember(db, person, &entry.change, e);
        if (code != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int purge(struct db *db, const struct edit_author *author, const struct id *scope, struct error *e)
{
    int code = setback_keep_headers(db, &author->chain.device, scope, e);
    return code != 0 ? code : record_purge(db, scope, e);
}

/* Replaces what was here of a scope by what was dealt of it: otherwise an op that ended without our being told would
 * live on. Two things are kept beside what was dealt: our changes that the office holds, and the strays of others. */
static int settle(struct db *db, struct edit_author *author, const struct id *scope, struct error *e)
{
    struct error why = {0, ""};
    int code, there = is_here(db, scope, e);
    if (there < 0)
        return error_code(e);
    if (there) {
        code = db_run(db, e,
                      "INSERT OR IGNORE INTO arriving(device, epoch, seq, scope, position, received, held, header, "
                      "body, mask) SELECT device, epoch, seq, scope, position, received, held, header, body, mask "
                      "FROM entry WHERE scope = ? AND (held = 1 OR position >= ?) AND position IS NOT NULL",
                      "du", scope, (uint64_t)LOG_STRAY);
        if (code != 0 || (code = remember_staged(db, &author->person, scope, e)) != 0)
            return code;
        /* E_REFUSED: a change was written in this scope since the deal began, so nothing of it may go. It stays as it
         * is, incomplete, and comes again once that change has been sent (apply_result.waits): also if it is sent
         * before the deal, which broke off, comes to its end. */
        if ((code = purge(db, author, scope, &why)) == E_REFUSED) {
            code = db_run(db, e, "DELETE FROM arriving WHERE scope = ?", "d", scope);
            return code != 0 ? code : db_run(db, e, "INSERT OR IGNORE INTO refused VALUES (?)", "d", scope);
        }
        if (code != 0)
            return error_set(e, code, "%s", why.text);
    } else if ((code = news_remember_scope(db, scope, e)) != 0) {
        return code;
    }
    if ((code = take_staged(db, author, scope, e)) != 0)
        return code;
    return set_complete(db, scope, 1, e);
}

/* --- a batch --- */

struct applying {
    struct db *db;
    struct edit_author *author;
    const struct message_entries *m;
    struct apply_result *result;
    uint64_t size; /* of the office's log, as its checkpoint states it */
    struct vouch vouch;
};

static int is_beyond(struct error *e)
{
    return error_set(
        e, E_VERIFY,
        "the office sends changes that its own signed statement does not cover; nothing was changed here: sync "
        "again, and if it stays so, call the office");
}

/* 1: a copy of this store wrote the change, while this sync runs. In the log here it would have the number of what we
 * write next, so it is refused; the next welcome tells of the fork. */
static int is_of_a_copy(const struct applying *a, const struct change *c)
{
    const struct chain *own = &a->author->chain;
    return id_equal(&c->device, &own->device) && c->epoch == own->epoch && c->seq > own->seq;
}

static int take_item(struct applying *a, const struct batch_item *item, struct error *e)
{
    struct log_entry entry;
    const struct id *scope = &entry.change.scope;
    int code, complete, arrives, waits;
    memset(&entry, 0, offsetof(struct log_entry, change));
    if (item->position >= a->size)
        return is_beyond(e);
    if ((code = change_read(item->header, item->body, &entry.change, e)) != 0)
        return code;
    if (is_of_a_copy(a, &entry.change))
        return error_set(
            e, E_VERIFY,
            "the office has change %llu of this laptop, which this store did not write: it was copied, and "
            "the copy is in use; nothing was changed here: sync again, and this store goes on beside the "
            "copy",
            (unsigned long long)entry.change.seq);
    if ((code = vouch_judge(&a->vouch, &entry.change, e)) != 0)
        return code;
    entry.position = item->position;
    entry.received_ms = item->received_ms;
    entry.mask = item->mask;
    if ((complete = is_complete(a->db, scope, e)) < 0)
        return error_code(e);
    /* What replaces something that is here waits for the end of the batch, even if it is the last entry of its scope.
     */
    arrives = is_in(a->m->arrived, scope);
    waits = complete ? 0 : arrives ? is_here(a->db, scope, e) : 1;
    if (waits < 0)
        return error_code(e);
    if (waits) {
        if ((code = set_complete(a->db, scope, 0, e)) != 0)
            return code;
        return stage(a->db, &entry, e);
    }
    if (!complete && (code = settle(a->db, a->author, scope, e)) != 0)
        return code;
    /* A decision in a scope that arrives for the first time is not news to this person. */
    if (!arrives && ((code = decided_remember(a->db, &a->author->person, &entry.change, e)) != 0 ||
                     (code = news_remember(a->db, &a->author->person, &entry.change, e)) != 0))
        return code;
    return take_dealt(a->db, a->author, &entry, e);
}

static int take_batch(struct applying *a, struct error *e)
{
    struct batch_reader r;
    struct batch_item item;
    int more = 1, code = batch_open(&r, a->m->batch, 1, e);
    while (code == 0 && (more = batch_next(&r, &item, e)) == 1) {
        code = take_item(a, &item, e);
        a->result->entries++;
    }
    if (more < 0)
        code = error_code(e);
    batch_close(&r);
    /* The scopes that take_item did not settle: the last entry came with an earlier batch, or there is none at all. */
    for (size_t i = 0; code == 0 && i < a->m->arrived.size / ID_BYTES; i++) {
        struct id scope = scope_at(a->m->arrived, i);
        int complete = is_complete(a->db, &scope, e);
        if (complete < 0)
            return error_code(e);
        if (!complete &&
            ((code = settle(a->db, a->author, &scope, e)) != 0 || (complete = is_complete(a->db, &scope, e)) != 1)) {
            if (code == 0 && complete < 0)
                code = error_code(e);
            continue;
        }
        a->result->arrived++;
        a->result->cases += !id_is_zero(&scope);
    }
    return code;
}

/* --- the end of a deal --- */

/* Removes a scope from log and record. It stays, incomplete, if a change in it is queued or may be nowhere else. */
static int let_go_of_scope(struct applying *a, const struct id *scope, struct error *e)
{
    struct error why = {0, ""};
    int code, alone = setback_is_alone(a->db, scope, e);
    if (alone < 0)
        return error_code(e);
    code = alone ? E_REFUSED : purge(a->db, a->author, scope, &why);
    if (code == E_REFUSED) {
        a->result->kept++;
        return set_complete(a->db, scope, 0, e);
    }
    if (code != 0)
        return error_set(e, code, "%s", why.text);
    a->result->purged++;
    if ((code = decided_forget(a->db, scope, e)) != 0 || (code = reissue_forget(a->db, scope, e)) != 0)
        return code;
    return db_run(a->db, e, "DELETE FROM scope WHERE id = ?", "d", scope);
}

/* 1: the scope came in this deal, and was not taken. */
static int is_refused(struct db *db, const struct id *scope, struct error *e)
{
    return db_exists(db, e, "SELECT 1 FROM refused WHERE scope = ?", "d", scope);
}

/* Lets go of the scopes that the office names, and of those that are not complete now that a whole deal has come: they
 * would have come again if they were still ours. */
static int let_go_of_all(struct applying *a, struct error *e)
{
    struct id *left;
    size_t count;
    int code = 0;
    for (size_t i = 0; code == 0 && i < a->m->purge.size / ID_BYTES; i++) {
        struct id scope = scope_at(a->m->purge, i);
        code = let_go_of_scope(a, &scope, e);
    }
    /* A scope that was written here, sent, and never dealt has no row yet: give it one. */
    if (code != 0 || (code = db_run(a->db, e, "DELETE FROM arriving", "")) != 0 ||
        (code = db_run(a->db, e,
                       "INSERT OR IGNORE INTO scope(id, complete) SELECT DISTINCT scope, 0 FROM entry WHERE scope <> "
                       "zeroblob(16)",
                       "")) != 0 ||
        (code = list_scopes(a->db, 0, &left, &count, e)) != 0)
        return code;
    for (size_t i = 0; code == 0 && i < count; i++) {
        int stays = is_in(a->m->purge, &left[i]) ? 1 : is_refused(a->db, &left[i], e);
        if (stays == 0)
            code = let_go_of_scope(a, &left[i], e);
        else if (stays < 0)
            code = error_code(e);
    }
    free(left);
    return code;
}

/* Compares the digest of all complete scopes with the office's; the result says if they agree. */
static int compare_digests(struct applying *a, struct error *e)
{
    struct id *scopes;
    size_t count;
    int code = apply_scopes(a->db, &scopes, &count, e);
    if (code != 0)
        return code;
    code = setback_digest(a->db, scopes, count, a->result->digest, e);
    a->result->agrees = code == 0 && memcmp(a->result->digest, a->m->digest, sizeof a->m->digest) == 0;
    free(scopes);
    return code;
}

/* *waits: 1: a change is queued, or a scope that came was not taken: the digest here cannot be the office's. */
static int look_if_it_waits(struct db *db, int *waits, struct error *e)
{
    int refused, code = unsent_waits(db, waits, e);
    if (code != 0 || *waits)
        return code;
    if ((refused = db_exists(db, e, "SELECT 1 FROM refused", "")) < 0)
        return error_code(e);
    *waits = refused;
    return 0;
}

static int finish(struct applying *a, struct error *e)
{
    struct apply_result *r = a->result;
    int code;
    r->kept = 0; /* of the last deal alone */
    if ((code = let_go_of_all(a, e)) != 0 || (code = look_if_it_waits(a->db, &r->waits, e)) != 0 || r->waits ||
        (code = compare_digests(a, e)) != 0)
        return code;
    if (!r->agrees) {
        r->rebuilt = 1;
        if ((code = record_rebuild(a->db, e)) != 0 || (code = compare_digests(a, e)) != 0)
            return code;
    }
    /* The log itself differs: the next sync has everything dealt again, which then replaces what is here. */
    if (!r->agrees && (code = db_run(a->db, e, "UPDATE scope SET complete = 0", "")) != 0)
        return code;
    r->done = 1;
    r->position = a->m->cursor;
    if ((code = db_meta_set_uint(a->db, "agrees", r->agrees ? 1 : 2, e)) != 0)
        return code;
    return db_meta_set_uint(a->db, "digest_position", r->position, e);
}

/* Marks the scopes that come anew: what of them is here stays in view until all of it has come. */
static int mark_anew(struct applying *a, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < a->m->anew.size / ID_BYTES; i++) {
        struct id scope = scope_at(a->m->anew, i);
        int complete = is_complete(a->db, &scope, e);
        if (complete < 0)
            return error_code(e);
        if (complete)
            code = set_complete(a->db, &scope, 0, e);
    }
    return code;
}

/* Takes our changes out of the record that the office holds by now, though it had taken them, and remembers why. */
static int hold_late(struct applying *a, struct error *e)
{
    struct unpack r;
    int code = 0;
    unpack_start(&r, a->m->held);
    if (a->m->held_count != 0)
        (void)unpack_array(&r);
    for (size_t i = 0; code == 0 && i < a->m->held_count; i++) {
        struct message_held_late h = message_next_held_late(&r);
        char reason[MESSAGE_SENTENCE_MAX + 1];
        int64_t id = log_find(a->db, &a->author->chain.device, h.epoch, h.seq, NULL, e);
        if (id < 0)
            return error_code(e);
        memcpy(reason, h.reason.p, h.reason.size);
        reason[h.reason.size] = '\0';
        if (id != 0 && (code = record_set_held(a->db, id, 1, e)) == 0)
            code = queue_remember_held(a->db, id, reason, e);
    }
    return code;
}

int apply_entries(struct db *db, struct edit_author *author, const struct checkpoint_vkey *key,
                  const struct message_entries *m, struct apply_result *result, struct error *e)
{
    struct applying a = {.db = db, .author = author, .m = m, .result = result};
    struct queue queue = {db, &author->chain, key};
    int code;
    if ((code = queue_witness(&queue, m->checkpoint, &m->consistency, &a.size, e)) != 0)
        return code;
    if (m->cursor > a.size)
        return is_beyond(e);
    if ((code = vouch_open(&a.vouch, db, &author->chain, m, e)) == 0 && (code = mark_anew(&a, e)) == 0 &&
        (code = hold_late(&a, e)) == 0)
        code = take_batch(&a, e);
    vouch_free(&a.vouch);
    if (code != 0 || (code = db_meta_set_uint(db, "pull_cursor", m->cursor, e)) != 0)
        return code;
    if (m->done && (code = finish(&a, e)) != 0)
        return code;
    return edit_author_save(db, author, e);
}

/* --- the receipt --- */

static void pack_value(struct pack *w, const char *name, const struct apply_result *r)
{
    pack_start(w);
    if (strcmp(name, "position") == 0)
        pack_uint(w, r->position);
    else if (strcmp(name, "digest") == 0)
        pack_bin(w, r->digest, sizeof r->digest);
    else if (strcmp(name, "agrees") == 0)
        pack_flag(w, r->agrees);
    else
        pack_uint(w, r->purged);
}

int apply_receipt(struct db *db, struct edit_author *author, const struct apply_result *result, struct error *e)
{
    static const char *const names[] = {"position", "digest", "agrees", "purged"};
    static const struct id everywhere;
    const struct schema_kind *kind = schema_kind(KIND_RECEIPT);
    struct id record = id_new(author->wall());
    struct edit edit;
    struct pack value;
    int code = edit_new(&edit, db, kind, &everywhere, &record, e);
    for (size_t i = 0; code == 0 && i < sizeof names / sizeof *names; i++) {
        pack_value(&value, names[i], result);
        if ((code = pack_finish(&value, e)) == 0)
            code = edit_set(&edit, schema_field_named(kind, names[i]), pack_bytes(&value), e);
        pack_free(&value);
    }
    if (code != 0) {
        edit_free(&edit);
        return code;
    }
    return edit_commit(&edit, author, NULL, NULL, e);
}
