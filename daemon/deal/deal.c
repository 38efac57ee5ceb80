/* A deal: what one laptop gets, from its pull to its receipt.
 *
 *   state      what struct deal says                 what it means
 *   news       cursor < the end of the log           entries in scopes that the laptop has are still to come
 *   arrivals   next_scope < may.count                scopes that it does not have yet are still to come
 *   done       done                                  the last batch is made: it lists the scopes to let go of
 *   confirmed  (the table dealt, not the struct)     the laptop's receipt has come: it has what was dealt
 *
 *   from       to          function        when
 *   -          news        deal_start      a pull comes and no deal is under way; the laptop's list of scopes is known
 *   news       news        tell_late       there is more to tell of what is held by now than one batch takes
 *   news       news        deal_news       the batch is full: cursor stands on the first entry that did not fit
 *   news       arrivals    deal_news       the log has been read to its end
 *   arrivals   arrivals    deal_arrivals   the batch is full: next_position stands on the first entry that did not fit
 *   arrivals   news        deal_next       the next batch begins: the log may have grown, so it begins with the news
 *   arrivals   done        finish_deal     every scope of `may` is out
 *   done       confirmed   deal_confirm    the push with the receipt is committed (commit.c)
 *   done       news        deal_start      the next pull of the same session
 *   any        -           deal_free       the link ends; the laptop's next pull begins anew from the cursor that it
 * has
 *
 * The caseload `may` is the one of deal_start to the end, so that scopes do not come and go within a deal. Each batch
 * is made from the record as it is when the batch is made. Functions that fill a batch return 1: all that they were
 * asked for is in; 0: the batch is full; -1: failed, e says why. */
#include "deal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deal_private.h"
#include "log.h"
#include "record.h"
#include "schema.h"
#include "wire_limits.h"

/* The batch that is being made, and of what. */
struct filling {
    struct deal *d;
    struct central *c;
    struct batch_writer *w;
    struct deal_vouch *vouch;
};

/* --- what was held behind its entry --- */

/* An entry that was in the record when a hold of it came. */
struct held_late {
    struct id scope, device;
    uint64_t epoch, seq;
    char reason[MESSAGE_SENTENCE_MAX + 1];
};

/* 1: the hold record names an entry in front of its own first one, and is not released; *out is filled. 0: not so; -1:
 * failed. A hold stands in front of what it names, unless a newer program of the office judged what an older one took.
 */
static int is_late(struct central *c, const struct id *hold, struct held_late *out, struct error *e)
{
    char text[ID_TEXT];
    sqlite3_stmt *s;
    int row, whole;
    id_format(hold, text);
    if ((row =
             db_first(c->db, &s, e, "SELECT device, epoch, seq, reason FROM hold WHERE id = ? AND status <> 'released'",
                      "t", text)) <= 0)
        return row;
    whole = device_from_hex(db_text(s, 0), &out->device) == 0;
    out->epoch = db_uint(s, 1);
    out->seq = db_uint(s, 2);
    (void)snprintf(out->reason, sizeof out->reason, "%s", db_text(s, 3));
    db_done(c->db, s);
    if (!whole)
        return 0;
    if ((row = db_first(c->db, &s, e,
                        "SELECT scope FROM entry WHERE device = ? AND epoch = ? AND seq = ? AND position < "
                        "(SELECT min(position) FROM entry WHERE record = ?)",
                        "duud", &out->device, out->epoch, out->seq, hold)) <= 0)
        return row;
    out->scope = db_id(s, 0);
    db_done(c->db, s);
    return 1;
}

/* Takes a scope out of the list of what the laptop has, so that it arrives anew. 1: it was in it. */
static int take_out(struct caseload *has, const struct id *scope)
{
    struct id *at = (struct id *)caseload_find(has, scope);
    if (at == NULL)
        return 0;
    memmove(at, at + 1, (size_t)(has->scopes + has->count - (at + 1)) * sizeof *at);
    has->count--;
    return 1;
}

/* Calls `each` for such holds at positions from..end-1, until it returns other than 0: that, or -1 if the store fails.
 * How many holds there are bounds the work, and not how long the log is: the laptop chose the cursor. */
static int each_late(struct central *c, uint64_t from, uint64_t end,
                     int (*each)(void *arg, const struct held_late *late, uint64_t position, struct error *e),
                     void *arg, struct error *e)
{
    sqlite3_stmt *s;
    int row, result = 0;
    static_assert(KIND_HOLD == 6, "the index entry_hold of the log, and the statement that needs it, name it");
    if (db_query(c->db, &s, e,
                 "SELECT record, position FROM entry WHERE position >= ? AND position < ? AND kind = 6 "
                 "ORDER BY position",
                 "uu", from, end) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        struct id hold = db_id(s, 0);
        struct held_late late;
        if ((result = is_late(c, &hold, &late, e)) == 1)
            result = each(arg, &late, db_uint(s, 1), e);
        if (result != 0) {
            db_done(c->db, s);
            return result;
        }
    }
    return row < 0 ? -1 : 0;
}

/* Looks at one hold: what was dealt of its scope has what is held by now, and may lack what that had replaced. */
static int note_late(void *arg, const struct held_late *late, uint64_t position, struct error *e)
{
    struct deal *d = arg;
    struct id *more;
    if (caseload_has(&d->may, &late->scope) && take_out(&d->has, &late->scope)) {
        if ((more = realloc(d->anew, (d->anew_count + 1) * sizeof *more)) == NULL) {
            (void)error_memory(e);
            return -1;
        }
        d->anew = more;
        d->anew[d->anew_count++] = late->scope;
    }
    if (id_equal(&late->device, &d->device.device) && d->late_from == d->late_end)
        d->late_from = position;
    return 0;
}

/* The list of what is held by now, as far as it goes into one batch. */
struct telling {
    struct deal *d;
    struct pack items;
    size_t count;
};

/* Adds one of the laptop's own entries to the list. 1: the list is full. */
static int pack_late(void *arg, const struct held_late *late, uint64_t position, struct error *e)
{
    enum { LATE_BYTES_MAX = 512 << 10, ITEM_BYTES_MAX = MESSAGE_SENTENCE_MAX + 32 };
    struct telling *t = arg;
    (void)e;
    if (!id_equal(&late->device, &t->d->device.device))
        return 0;
    if (t->count == MESSAGE_HELD_MAX || pack_bytes(&t->items).size + ITEM_BYTES_MAX > LATE_BYTES_MAX) {
        t->d->late_from = position;
        return 1;
    }
    pack_array(&t->items, 3);
    pack_uint(&t->items, late->epoch);
    pack_uint(&t->items, late->seq);
    pack_text(&t->items, late->reason, strlen(late->reason));
    t->count++;
    return 0;
}

/* Tells the laptop, with the first batch, what comes anew, and with it and those behind it which of its changes are
 * held. *list is the packed list, until pack_free. 1: all is told; 0: the next batch goes on; -1: failed. */
static int tell_late(struct deal *d, struct central *c, struct message_entries *out, struct pack *list, struct error *e)
{
    struct telling t = {.d = d};
    int full;
    pack_start(list);
    if (!d->told)
        out->anew = (struct slice){(const uint8_t *)d->anew, d->anew_count * sizeof *d->anew};
    d->told = 1;
    if (d->late_from == d->late_end)
        return 1;
    pack_start(&t.items);
    if ((full = each_late(c, d->late_from, d->late_end, pack_late, &t, e)) == 0)
        d->late_from = d->late_end;
    if (full >= 0 && (out->held_count = t.count) != 0) {
        pack_array(list, t.count);
        pack_raw(list, pack_bytes(&t.items));
        out->held = pack_bytes(list);
        if (pack_finish(list, e) != 0)
            full = -1;
    }
    pack_free(&t.items);
    return full < 0 ? -1 : !full;
}

int deal_start(struct deal *d, struct central *c, const struct device *device, struct caseload *has, uint64_t cursor,
               struct error *e)
{
    struct caseload none = {NULL, 0};
    int code;
    memset(d, 0, sizeof *d);
    d->device = *device;
    d->has = *has;
    *has = none;
    d->cursor = cursor;
    d->owed = UINT64_MAX;
    d->nothing = 1;
    d->late_from = d->late_end = c->checkpoint_size;
    if (cursor > c->checkpoint_size)
        return error_set(e, E_INPUT, "the laptop's cursor is beyond the end of the log");
    /* A laptop without any scope needs no news: all that it may have comes as an arrival. */
    if (d->has.count == 0)
        d->cursor = c->checkpoint_size;
    if ((code = caseload_load(c->db, &device->user, schema_version(), &d->may, e)) != 0)
        return code;
    return each_late(c, d->cursor, d->late_end, note_late, d, e) != 0 ? error_code(e) : 0;
}

void deal_free(struct deal *d)
{
    caseload_free(&d->may);
    caseload_free(&d->has);
    free(d->background);
    free(d->anew);
    memset(d, 0, sizeof *d);
}

/* --- one entry --- */

/* Adds an entry to the batch unless the batch would outgrow the laptop's credit: with small batches a link of a few
 * seconds still makes progress. An empty batch takes any entry. An entry of the laptop's own that a copy of its store
 * wrote comes with what vouches for it. 1: it is in; 0: the batch is full; -1: failed. */
static int add_to_batch(const struct filling *f, const struct log_entry *entry, struct slice mask, struct error *e)
{
    const struct device *device = &f->d->device;
    size_t bytes = entry->change.header.size + entry->change.body.size + 64, room = SIZE_MAX;
    if (!batch_has_room(f->w, bytes))
        return 0;
    if (f->w->count != 0) {
        size_t there = pack_bytes(&f->w->items).size + pack_bytes(&f->vouch->items).size + bytes;
        room = f->d->credit < LIMITS_BATCH_MAX ? (size_t)f->d->credit : LIMITS_BATCH_MAX;
        if (there > room)
            return 0;
        room -= there;
    }
    if (id_equal(&entry->change.device, &device->device) && entry->change.epoch != device->epoch) {
        int vouched = deal_vouch_add(f->vouch, f->c, &entry->change, room, e);
        if (vouched != 1)
            return vouched;
    }
    batch_add_entry(f->w, entry->position, entry->received_ms, entry->change.header, entry->change.body, mask);
    return 1;
}

/* 1: the record has applied the entry; 0: it has not (the change is held, or its record stands in another scope), and
 * no laptop may apply it either; -1: failed. */
static int is_applied(struct central *c, int64_t id, struct error *e)
{
    return db_exists(c->db, e, "SELECT 1 FROM applied WHERE entry = ?", "i", id);
}

/* 1: news of this scope are for the laptop: it may have the scope, and has it already or has got a part of it in this
 * deal. A scope that is still to arrive brings its entries then. */
static int follows(const struct deal *d, const struct id *scope)
{
    const struct id *found = caseload_find(&d->may, scope);
    size_t dealt = d->next_scope + (d->next_position != 0);
    return found != NULL && (found < d->may.scopes + dealt || caseload_has(&d->has, scope));
}

/* 1: the laptop needs this entry as news. It has its own changes already, unless their scope is new to it; changes of
 * its device in another epoch than its present one were written by a copy of its store, and it needs them. */
static int is_wanted(const struct deal *d, unsigned kind, const struct id *scope, const struct id *device,
                     uint64_t epoch)
{
    return schema_is_dealt(kind) && follows(d, scope) &&
           (!id_equal(device, &d->device.device) || epoch != d->device.epoch || !caseload_has(&d->has, scope));
}

/* Remembers the first entry that is passed over in a scope which the laptop has and must let go of. The cursor that the
 * laptop is told stays there until the deal is done: if the link breaks and the scope comes back to it meanwhile, it
 * has missed nothing. */
static void pass_over(struct deal *d, const struct id *scope, uint64_t position)
{
    if (position < d->owed && caseload_has(&d->has, scope) && !caseload_has(&d->may, scope))
        d->owed = position;
}

/* --- background: what a contested field was written over --- */

/* The index at which an entry stands, or would stand, in the list of background that this deal has sent. */
static size_t background_index(const struct deal *d, int64_t id)
{
    size_t low = 0, high = d->background_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->background[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_background_sent(const struct deal *d, int64_t id)
{
    size_t at = background_index(d, id);
    return at < d->background_count && d->background[at] == id;
}

static int remember_background(struct deal *d, int64_t id, struct error *e)
{
    size_t at = background_index(d, id);
    if (d->background_count == d->background_room) {
        size_t room = 2 * d->background_room + 16;
        int64_t *more = realloc(d->background, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        d->background = more;
        d->background_room = room;
    }
    memmove(&d->background[at + 1], &d->background[at], (d->background_count - at) * sizeof *d->background);
    d->background[at] = id;
    d->background_count++;
    return 0;
}

static int deal_background_entry(const struct filling *f, int64_t id, struct error *e)
{
    uint8_t mask[CHANGE_MASK_MAX];
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    size_t bytes;
    int all, more = -1;
    if (log_load(f->c->db, id, 1, &memory, &entry, e) != 0 ||
        record_mask_living(f->c->db, &entry, mask, &bytes, &all, e) != 0)
        goto out;
    if ((more = add_to_batch(f, &entry, all ? (struct slice){NULL, 0} : (struct slice){mask, bytes}, e)) == 1 &&
        remember_background(f->d, id, e) != 0)
        more = -1;
out:
    log_memory_free(&memory);
    return more;
}

static int touches(const struct change *c, uint64_t field)
{
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == field)
            return 1;
    return 0;
}

/* Deals the background of the contested fields that a change touches: the laptop may have got the change's scope before
 * the fields were contested, and so without it. Each entry is sent once in a deal, whether or not the laptop has it
 * already; if the batch is full in between, the next one goes on behind those that were sent. An entry at or behind
 * `position` is left to its turn: its mask says what lives now, so it would end values before the laptop has got what
 * replaced them. */
static int deal_background(const struct filling *f, const struct change *change, uint64_t position, struct error *e)
{
    struct db *db = f->c->db;
    sqlite3_stmt *s;
    int row, more = 1;
    if (db_query(db, &s, e,
                 "SELECT background.field, entry.id FROM background JOIN entry ON entry.id = background.entry "
                 "WHERE background.record = ? AND entry.position < ? ORDER BY entry.position",
                 "du", &change->record, position) != 0)
        return -1;
    while ((row = db_next(db, s, e)) == 1) {
        int64_t id = db_int(s, 1);
        if (!touches(change, db_uint(s, 0)) || is_background_sent(f->d, id))
            continue;
        if ((more = deal_background_entry(f, id, e)) != 1) {
            db_done(db, s);
            return more;
        }
    }
    return row < 0 ? -1 : 1;
}

/* --- news: entries in scopes that the laptop has --- */

/* The entry that a `hold` record let go of, if it is released: the laptop skipped that entry when the cursor passed it,
 * so it is dealt where the hold stands. 0: none; -1: failed. */
static int64_t released_entry(struct central *c, const struct id *hold, struct error *e)
{
    char text[ID_TEXT];
    struct id device;
    uint64_t epoch, seq;
    sqlite3_stmt *s;
    int row, whole;
    id_format(hold, text);
    if ((row = db_first(c->db, &s, e, "SELECT device, epoch, seq FROM hold WHERE id = ? AND status = 'released'", "t",
                        text)) < 0)
        return -1;
    if (row == 0)
        return 0;
    whole = device_from_hex(db_text(s, 0), &device) == 0;
    epoch = db_uint(s, 1);
    seq = db_uint(s, 2);
    db_done(c->db, s);
    return whole ? log_find(c->db, &device, epoch, seq, NULL, e) : 0;
}

/* Deals the erasure of an entry without words in front of it, once in a deal: otherwise the laptop would go on showing
 * what the entry had replaced, if the link broke between the two. */
static int deal_erasure(const struct filling *f, const struct change *c, struct error *e)
{
    int64_t id = 0;
    sqlite3_stmt *s;
    int row;
    if (c->body.p != NULL)
        return 1;
    if ((row = db_first(f->c->db, &s, e,
                        "SELECT entry.id FROM erased JOIN entry ON entry.record = erased.erasure WHERE erased.device = "
                        "? AND erased.epoch = ? AND erased.seq = ? AND erased.scope = ? "
                        "ORDER BY erased.skeleton IS NULL, erased.erasure LIMIT 1",
                        "duud", &c->device, c->epoch, c->seq, &c->scope)) < 0)
        return -1;
    if (row == 1) {
        id = db_int(s, 0);
        db_done(f->c->db, s);
    }
    return id == 0 || is_background_sent(f->d, id) ? 1 : deal_background_entry(f, id, e);
}

/* Deals the entry that the cursor meets at `position`, with its background before it; an entry that the laptop does not
 * need counts as dealt. released: the entry is dealt because a hold let go of it. The mask leaves out the ops that
 * something had ended before the entry came, which a scope that was dealt compact does not show. */
static int deal_entry(const struct filling *f, int64_t id, uint64_t position, int released, struct error *e)
{
    struct db *db = f->c->db;
    uint8_t mask[CHANGE_MASK_MAX];
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    size_t bytes;
    int all, more = -1, code, applied = is_applied(f->c, id, e);
    if (applied != 1)
        return applied < 0 ? -1 : 1;
    if (log_load(db, id, 1, &memory, &entry, e) != 0)
        goto out;
    if (!schema_is_dealt(entry.change.kind) || !follows(f->d, &entry.change.scope)) {
        pass_over(f->d, &entry.change.scope, position);
        more = 1;
        goto out;
    }
    if ((more = deal_erasure(f, &entry.change, e)) != 1)
        goto out;
    if ((more = deal_background(f, &entry.change, position, e)) != 1)
        goto out;
    code = released ? record_mask_living(db, &entry, mask, &bytes, &all, e)
                    : record_mask(db, &entry.change, mask, &bytes, &all, e);
    more = code != 0 ? -1 : add_to_batch(f, &entry, all ? (struct slice){NULL, 0} : (struct slice){mask, bytes}, e);
out:
    log_memory_free(&memory);
    return more;
}

/* Deals from the cursor to the end of the log, but looks at no more than STEP entries, since the loop serves nobody
 * else meanwhile; 1 only if the end was reached. */
static int deal_news(const struct filling *f, struct error *e)
{
    enum { STEP = 4096 };
    struct deal *d = f->d;
    struct db *db = f->c->db;
    sqlite3_stmt *s;
    uint64_t from = d->cursor;
    int row;
    if (db_query(db, &s, e,
                 "SELECT position, id, kind, scope, device, record, epoch FROM entry WHERE position >= ? ORDER BY "
                 "position LIMIT ?",
                 "ui", from, (int64_t)STEP) != 0)
        return -1;
    while ((row = db_next(db, s, e)) == 1) {
        uint64_t position = db_uint(s, 0);
        unsigned kind = (unsigned)db_uint(s, 2);
        struct id scope = db_id(s, 3), device = db_id(s, 4), record = db_id(s, 5);
        int64_t id = db_int(s, 1);
        int more = 1;
        if (kind == KIND_HOLD)
            id = released_entry(f->c, &record, e);
        if (id < 0)
            more = -1;
        else if (id != 0 && (kind == KIND_HOLD || is_wanted(d, kind, &scope, &device, db_uint(s, 6))))
            more = deal_entry(f, id, position, kind == KIND_HOLD, e);
        else
            pass_over(d, &scope, position);
        if (more != 1) {
            db_done(db, s);
            return more;
        }
        d->cursor = position + 1;
    }
    if (row < 0)
        return -1;
    return d->cursor >= f->c->checkpoint_size;
}

/* --- arrivals: scopes that are new to the laptop --- */

/* Deals one scope from next_position on: each entry that holds a live op or is background; and the laptop's own entries
 * that were held once and are applied now, which it would otherwise take for held for ever. */
static int deal_scope(const struct filling *f, const struct id *scope, struct error *e)
{
    static const char sql[] = "SELECT id, position, kind FROM entry WHERE scope = ?1 AND position >= ?2 AND held = 0 "
                              "AND ((SELECT live FROM applied WHERE applied.entry = entry.id) IS NOT NULL OR "
                              "id IN (SELECT own.id FROM hold JOIN entry AS own ON own.device = ?3 AND "
                              "own.epoch = hold.epoch AND own.seq = hold.seq JOIN applied ON applied.entry = own.id "
                              "WHERE hold.device = ?4) OR "
                              "EXISTS(SELECT 1 FROM background WHERE background.entry = entry.id)) ORDER BY position";
    struct deal *d = f->d;
    struct db *db = f->c->db;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    uint8_t mask[CHANGE_MASK_MAX];
    sqlite3_stmt *s;
    size_t bytes;
    char device[DEVICE_HEX];
    int row, all, code = 1;
    device_hex(&d->device.device, device);
    if (db_query(db, &s, e, sql, "dudt", scope, d->next_position, &d->device.device, device) != 0)
        return -1;
    while ((row = db_next(db, s, e)) == 1) {
        uint64_t position = db_uint(s, 1);
        struct slice live;
        if (!schema_is_dealt((unsigned)db_uint(s, 2)))
            continue;
        if (log_load(db, db_int(s, 0), 1, &memory, &entry, e) != 0 ||
            record_mask_living(db, &entry, mask, &bytes, &all, e) != 0) {
            code = -1;
            break;
        }
        live = all ? (struct slice){NULL, 0} : (struct slice){mask, bytes};
        if ((code = add_to_batch(f, &entry, live, e)) == 0)
            d->next_position = position;
        if (code != 1)
            break;
    }
    if (row == 1)
        db_done(db, s);
    log_memory_free(&memory);
    if (row < 0)
        return -1;
    if (code == 1)
        d->next_position = 0;
    return code;
}

/* Deals every scope of the caseload that the laptop does not have; arrived gets those that are complete with this
 * batch. */
static int deal_arrivals(const struct filling *f, struct id *arrived, size_t *count, struct error *e)
{
    struct deal *d = f->d;
    while (d->next_scope < d->may.count) {
        const struct id *scope = &d->may.scopes[d->next_scope];
        if (!caseload_has(&d->has, scope)) {
            int complete = deal_scope(f, scope, e);
            if (complete != 1)
                return complete;
            arrived[(*count)++] = *scope;
        }
        d->next_scope++;
    }
    return 1;
}

/* --- a batch --- */

/* Everything is dealt: lists the scopes to let go of, and the digest of what the laptop must show now. */
static int finish_deal(struct deal *d, struct central *c, struct message_entries *out, struct deal_memory *memory,
                       struct error *e)
{
    size_t count = 0;
    int code;
    if (d->has.count != 0 && (memory->purge = malloc(d->has.count * sizeof *memory->purge)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < d->has.count; i++)
        if (!caseload_has(&d->may, &d->has.scopes[i]))
            memory->purge[count++] = d->has.scopes[i];
    out->purge = (struct slice){(const uint8_t *)memory->purge, count * sizeof *memory->purge};
    out->done = d->done = 1;
    d->nothing &= count == 0;
    if ((code = deal_digest(c, &d->may, d->digest, e)) != 0)
        return code;
    memcpy(out->digest, d->digest, sizeof out->digest);
    return deal_note_idle(d, c, e);
}

int deal_next(struct deal *d, struct central *c, uint64_t credit, struct message_entries *out,
              struct deal_memory *memory, struct error *e)
{
    struct batch_writer w;
    struct deal_vouch vouch;
    struct filling f = {d, c, &w, &vouch};
    size_t arrived = 0;
    int more, code = 0;
    d->credit = credit;
    memset(out, 0, sizeof *out);
    memset(memory, 0, sizeof *memory);
    /* Deal only what a signed checkpoint covers. */
    if (c->tree.size != c->checkpoint_size)
        return error_set(e, E_INTERNAL, "the office was asked to deal in the middle of a commit; sync again");
    batch_start(&w);
    deal_vouch_start(&vouch);
    if ((memory->arrived = malloc(d->may.count * sizeof *memory->arrived)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((more = tell_late(d, c, out, &memory->held, e)) == 1 && (more = deal_news(&f, e)) == 1)
        more = deal_arrivals(&f, memory->arrived, &arrived, e);
    if (more < 0) {
        code = error_code(e);
        goto out;
    }
    out->arrived = (struct slice){(const uint8_t *)memory->arrived, arrived * sizeof *memory->arrived};
    out->cursor = more == 1 || d->cursor < d->owed ? d->cursor : d->owed;
    d->nothing &= w.count == 0 && arrived == 0;
    if (more == 1 && (code = finish_deal(d, c, out, memory, e)) != 0)
        goto out;
    if ((code = deal_vouch_finish(&vouch, out, &memory->vouched, e)) == 0)
        code = batch_finish(&w, &memory->batch, e);
    out->batch = memory->batch;
out:
    deal_vouch_free(&vouch);
    batch_free(&w);
    if (code != 0)
        deal_release(memory);
    return code;
}

int deal_witness(struct central *c, uint64_t previous_size, struct message_entries *out, struct error *e)
{
    struct merkle_source tree = log_tree(c->db);
    out->checkpoint = (struct slice){(const uint8_t *)c->checkpoint, strlen(c->checkpoint)};
    return merkle_consistency(&tree, previous_size, c->checkpoint_size, &out->consistency, e);
}

void deal_release(struct deal_memory *memory)
{
    free((void *)memory->batch.p);
    free(memory->arrived);
    free(memory->purge);
    pack_free(&memory->held);
    pack_free(&memory->vouched);
    memset(memory, 0, sizeof *memory);
}
