#include "apply.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "clock.h"
#include "decided.h"
#include "log.h"
#include "queue.h"
#include "record.h"
#include "reissue.h"
#include "schema.h"
#include "setback.h"

int apply_restart(struct db *db, struct error *e)
{
    return db_run(db, e, "DELETE FROM arriving", "");
}

/* --- scopes --- */

/* Scopes that are complete, or that are not. As apply_scopes. */
static int list(struct db *db, int complete, struct id **out, size_t *count, struct error *e)
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
    return list(db, 1, out, count, e);
}

/* 1, 0 or -1. */
static int exists(struct db *db, const char *sql, const struct id *scope, struct error *e)
{
    sqlite3_stmt *s;
    int row;
    if (db_query(db, &s, e, sql, "d", scope) != 0)
        return -1;
    if ((row = db_next(db, s, e)) == 1)
        db_done(db, s);
    return row;
}

static int is_complete(struct db *db, const struct id *scope, struct error *e)
{
    return exists(db, "SELECT 1 FROM scope WHERE id = ? AND complete = 1", scope, e);
}

/* Is anything of it in the log? */
static int is_here(struct db *db, const struct id *scope, struct error *e)
{
    return exists(db, "SELECT 1 FROM entry WHERE scope = ? LIMIT 1", scope, e);
}

static int set_complete(struct db *db, const struct id *scope, int complete, struct error *e)
{
    return db_run(db, e, "INSERT OR REPLACE INTO scope(id, complete) VALUES(?, ?)", "di", scope, (int64_t)complete);
}

/* Lists of scopes in a message are 16 bytes each. */
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

/* It is here already: our own, or one that came before a break. One that the office had held back and now deals has
 * been released. An own change that waits for its proof goes on waiting: its place is the proof's to give. One whose
 * place was lost with the office's set-back gets its new one. */
static int take_known(struct db *db, struct log_entry *entry, struct error *e)
{
    sqlite3_stmt *s;
    int row, code, waits = 0, held = 0, stray = 0;
    if ((code = db_query(db, &s, e, "SELECT position IS NULL, held, position >= ?2 FROM entry WHERE id = ?1", "iu",
                         entry->id, (uint64_t)LOG_STRAY)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return error_code(e);
    if (row == 1) {
        waits = db_int(s, 0) != 0;
        held = db_int(s, 1) != 0;
        stray = db_int(s, 2) != 0;
        db_done(db, s);
    }
    if (waits || entry->position >= LOG_STRAY)
        return 0;
    /* What ended its ops at the office may never come here: the case may have been dealt anew without what is dead. */
    if ((held || stray) && entry->mask.p != NULL &&
        (code = db_run(db, e, "UPDATE entry SET mask = ? WHERE id = ?", "bi", entry->mask, entry->id)) != 0)
        return code;
    if (stray && ((code = log_clear(db, entry->position, entry->id, e)) != 0 ||
                  (code = log_accept(db, entry->id, entry->position, entry->received_ms, e)) != 0 ||
                  (code = record_refresh(db, &entry->change, e)) != 0))
        return code;
    return held ? record_set_held(db, entry->id, 0, e) : record_apply(db, entry, e);
}

static int add_as_it_is(struct db *db, struct log_entry *entry, struct error *e)
{
    return log_add(db, &entry->change, entry->position, entry->received_ms, entry->mask, &entry->id, e);
}

/* A stray that comes back after its scope was dealt anew, and whose number another change has by now. */
static int add_apart(struct db *db, struct log_entry *entry, struct error *e)
{
    struct change under_no_number = entry->change;
    int code;
    under_no_number.epoch = LOG_STRAY;
    if ((code = log_add(db, &under_no_number, entry->position, entry->received_ms, entry->mask, &entry->id, e)) != 0)
        return code;
    entry->held = 1;
    return log_set_apart(db, entry->id, e);
}

/* Adds it to the log. An entry of another history that has its place, or its number, gives way. */
static int add(struct db *db, struct log_entry *entry, struct error *e)
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
    return apart ? add(db, entry, e) : code;
}

/* Into the log and the record. */
static int take(struct db *db, struct edit_author *author, struct log_entry *entry, struct error *e)
{
    struct error why = {0, ""};
    int code = add(db, entry, &why);
    int exists_here = code == E_EXISTS;
    if (code != 0 && !exists_here)
        return error_set(e, code, "%s", why.text);
    edit_author_saw(author, clock_effective(entry->change.hlc, entry->received_ms));
    /* What the office deals it does not hold back any more; also where the held change has left with its case. */
    if (!entry->held && id_equal(&entry->change.device, &author->chain.device) &&
        (code = db_run(db, e, "DELETE FROM held_note WHERE epoch = ? AND seq = ?", "uu", entry->change.epoch,
                       entry->change.seq)) != 0)
        return code;
    if (entry->position < LOG_STRAY && (code = setback_drop_repeated(db, &entry->change, e)) != 0)
        return code;
    if (exists_here)
        return take_known(db, entry, e);
    if (entry->held)
        return log_set_held(db, entry->id, 1, e);
    return record_apply(db, entry, e);
}

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
        if ((code = read_staged(s, &entry, e)) != 0 || (code = take(db, author, &entry, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    if (row < 0)
        return error_code(e);
    return db_run(db, e, "DELETE FROM arriving WHERE scope = ?", "d", scope);
}

/* What of it decides over words of ours, which are about to leave the log for what was dealt. */
static int note_staged(struct db *db, const struct id *person, const struct id *scope, struct error *e)
{
    struct log_entry entry;
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e, READ_STAGED, "d", scope);
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = read_staged(s, &entry, e)) == 0 && entry.position < LOG_STRAY)
            code = decided_note(db, person, &entry.change, e);
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

/* Puts what was dealt of a scope in the place of what was here: an op that ended while we were not told would else live
 * on. What the office holds back of ours is kept beside it, and what others wrote and the office lost. */
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
        if (code != 0 || (code = note_staged(db, &author->person, scope, e)) != 0)
            return code;
        /* Changes that wait to be sent keep everything of their scope here; the digest tells if that matters. */
        if ((code = purge(db, author, scope, &why)) != 0 && code != E_REFUSED)
            return error_set(e, code, "%s", why.text);
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
};

static int is_beyond(struct error *e)
{
    return error_set(e, E_VERIFY,
                     "the office deals entries that its own checkpoint does not cover; nothing was changed here: sync "
                     "again, and if it stays so, call the office");
}

/* Did a copy of this store write it, while this sync runs? In the log here it would have the number of what is written
 * next. The next welcome tells of the fork. */
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
            "the copy is in use; nothing was changed here: sync again, and this store gets an epoch of "
            "its own",
            (unsigned long long)entry.change.seq);
    entry.position = item->position;
    entry.received_ms = item->received_ms;
    entry.mask = item->mask;
    if ((complete = is_complete(a->db, scope, e)) < 0)
        return error_code(e);
    /* What is to take the place of something here waits for the end of the batch, also where it is the last. */
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
    /* News of what was here. What arrives for the first time is no news, whatever was decided in it. */
    if (!arrives && (code = decided_note(a->db, &a->author->person, &entry.change, e)) != 0)
        return code;
    return take(a->db, a->author, &entry, e);
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
    /* Those whose last entry came with an earlier batch, and those that are empty. */
    for (size_t i = 0; code == 0 && i < a->m->arrived.size / ID_BYTES; i++) {
        struct id scope = scope_at(a->m->arrived, i);
        int complete = is_complete(a->db, &scope, e);
        if (complete < 0)
            return error_code(e);
        if (!complete)
            code = settle(a->db, a->author, &scope, e);
        a->result->arrived++;
    }
    return code;
}

/* --- the end of a deal --- */

/* Lets go of one scope. */
static int let_go(struct applying *a, const struct id *scope, struct error *e)
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

/* Scopes that the office names, and those that were dealt once, were not complete any more, and did not come again. */
static int let_go_of_all(struct applying *a, struct error *e)
{
    struct id *left;
    size_t count;
    int code = 0;
    for (size_t i = 0; code == 0 && i < a->m->purge.size / ID_BYTES; i++) {
        struct id scope = scope_at(a->m->purge, i);
        code = let_go(a, &scope, e);
    }
    /* What was written here, sent, and never dealt has no row yet. */
    if (code != 0 || (code = db_run(a->db, e, "DELETE FROM arriving", "")) != 0 ||
        (code = db_run(a->db, e,
                       "INSERT OR IGNORE INTO scope(id, complete) SELECT DISTINCT scope, 0 FROM entry WHERE scope <> "
                       "zeroblob(16)",
                       "")) != 0 ||
        (code = list(a->db, 0, &left, &count, e)) != 0)
        return code;
    for (size_t i = 0; code == 0 && i < count; i++)
        if (!is_in(a->m->purge, &left[i]))
            code = let_go(a, &left[i], e);
    free(left);
    return code;
}

/* Is the digest of all that is held whole the office's? */
static int compare(struct applying *a, struct error *e)
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

static int finish(struct applying *a, struct error *e)
{
    struct apply_result *r = a->result;
    int code;
    if ((code = let_go_of_all(a, e)) != 0 || (code = compare(a, e)) != 0)
        return code;
    if (!r->agrees) {
        r->rebuilt = 1;
        if ((code = record_rebuild(a->db, e)) != 0 || (code = compare(a, e)) != 0)
            return code;
    }
    /* The log itself differs: everything is dealt again at the next sync, and takes the place of what is here. */
    if (!r->agrees && (code = db_run(a->db, e, "UPDATE scope SET complete = 0", "")) != 0)
        return code;
    r->done = 1;
    r->position = a->m->cursor;
    if ((code = db_meta_set_uint(a->db, "agrees", r->agrees ? 1 : 2, e)) != 0)
        return code;
    return db_meta_set_uint(a->db, "digest_position", r->position, e);
}

int apply_entries(struct db *db, struct edit_author *author, const struct checkpoint_vkey *key,
                  const struct message_entries *m, struct apply_result *result, struct error *e)
{
    struct applying a = {db, author, m, result, 0};
    int code;
    if ((code = queue_witness(db, key, m->checkpoint, &m->consistency, &a.size, e)) != 0)
        return code;
    if (m->cursor > a.size)
        return is_beyond(e);
    if ((code = take_batch(&a, e)) != 0 || (code = db_meta_set_uint(db, "pull_cursor", m->cursor, e)) != 0)
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
    return edit_commit(&edit, author, NULL, LOG_NO_POSITION, 0, NULL, e);
}
