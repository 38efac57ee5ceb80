#include "deal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "record.h"
#include "schema.h"
#include "wire_limits.h"

int deal_remembers(struct central *c, const struct device *device, const uint8_t digest[32], struct caseload *held,
                   struct error *e)
{
    uint8_t ours[32];
    sqlite3_stmt *s;
    size_t room = 0;
    int row;
    memset(held, 0, sizeof *held);
    if (db_query(c->db, &s, e, "SELECT scope FROM dealt WHERE device = ? ORDER BY scope", "d", &device->device) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        if (held->count == room) {
            struct id *more = realloc(held->scopes, (room = 2 * room + 64) * sizeof *more);
            if (more == NULL) {
                db_done(c->db, s);
                caseload_free(held);
                return error_memory(e), -1;
            }
            held->scopes = more;
        }
        held->scopes[held->count++] = db_id(s, 0);
    }
    if (row == 0) {
        message_caseload_digest(held->scopes, held->count, ours);
        if (memcmp(ours, digest, sizeof ours) == 0)
            return 1;
    }
    caseload_free(held);
    return row;
}

int deal_start(struct deal *d, struct central *c, const struct device *device, struct caseload *held, uint64_t cursor,
               struct error *e)
{
    struct caseload none = {NULL, 0};
    memset(d, 0, sizeof *d);
    d->device = *device;
    d->held = *held;
    *held = none;
    d->cursor = cursor;
    d->owed = UINT64_MAX;
    if (cursor > c->checkpoint_size)
        return error_set(e, E_INPUT, "the laptop's cursor is beyond the end of the log");
    /* Who holds nothing needs nothing from before. */
    if (d->held.count == 0)
        d->cursor = c->checkpoint_size;
    return caseload_load(c, &device->user, &d->may, e);
}

void deal_free(struct deal *d)
{
    caseload_free(&d->may);
    caseload_free(&d->held);
    free(d->told);
    memset(d, 0, sizeof *d);
}

/* --- what is new in scopes that the laptop holds --- */

/* A hold that has been released brings its change with it: the laptop skipped it when it went by. 0: none. */
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
    whole = sodium_hex2bin(device.b, sizeof device.b, db_text(s, 0), 2 * sizeof device.b, NULL, NULL, NULL) == 0;
    epoch = db_uint(s, 1);
    seq = db_uint(s, 2);
    db_done(c->db, s);
    return whole ? log_find(c->db, &device, epoch, seq, NULL, e) : 0;
}

/* The laptop's credit bounds a batch, so that a link of a few seconds still makes progress; one entry always fits. */
static int add(const struct deal *d, struct batch_writer *w, const struct log_entry *entry, struct slice mask)
{
    size_t bytes = entry->change.header.size + entry->change.body.size + 64;
    if (!batch_has_room(w, bytes) || (w->count != 0 && pack_bytes(&w->items).size + bytes > d->credit))
        return 0;
    batch_add_entry(w, entry->position, entry->received_ms, entry->change.header, entry->change.body, mask);
    return 1;
}

/* Has the laptop this scope, from before or from this deal, and may it keep it? One that is being dealt counts once a
 * part of it is out: what ends an op of that part may not be missed. */
static int follows(const struct deal *d, const struct id *scope)
{
    const struct id *found =
        d->may.count == 0 ? NULL : bsearch(scope, d->may.scopes, d->may.count, sizeof *scope, caseload_compare);
    size_t dealt = d->next_scope + (d->next_position != 0);
    return found != NULL && (found < d->may.scopes + dealt || caseload_has(&d->held, scope));
}

/* Is this the laptop's business? Its own changes it has, but where their scope comes to it as new; those of another
 * epoch than its own a copy of its store wrote. */
static int is_wanted(const struct deal *d, unsigned kind, const struct id *scope, const struct id *device,
                     uint64_t epoch)
{
    return schema_is_dealt(kind) && follows(d, scope) &&
           (!id_equal(device, &d->device.device) || epoch != d->device.epoch || !caseload_has(&d->held, scope));
}

/* What the record here has not applied (held, or a record that stands elsewhere) no laptop applies either. 1, 0, -1. */
static int is_applied(struct central *c, int64_t id, struct error *e)
{
    return db_exists(c->db, e, "SELECT 1 FROM applied WHERE entry = ?", "i", id);
}

static void pass_over(struct deal *d, const struct id *scope, uint64_t position)
{
    if (position < d->owed && caseload_has(&d->held, scope) && !caseload_has(&d->may, scope))
        d->owed = position;
}

/* --- what a contested field was written over --- */

/* Where an entry stands, or would stand, among those that were told. */
static size_t told_place(const struct deal *d, int64_t id)
{
    size_t low = 0, high = d->told_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->told[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int was_told(const struct deal *d, int64_t id)
{
    size_t at = told_place(d, id);
    return at < d->told_count && d->told[at] == id;
}

static int note_told(struct deal *d, int64_t id, struct error *e)
{
    size_t at = told_place(d, id);
    if (d->told_count == d->told_room) {
        size_t room = 2 * d->told_room + 16;
        int64_t *more = realloc(d->told, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        d->told = more;
        d->told_room = room;
    }
    memmove(&d->told[at + 1], &d->told[at], (d->told_count - at) * sizeof *d->told);
    d->told[at] = id;
    d->told_count++;
    return 0;
}

/* 1: it is in; 0: the batch is full; -1: failed. */
static int deal_background_entry(struct deal *d, struct central *c, struct batch_writer *w, int64_t id, struct error *e)
{
    uint8_t mask[CHANGE_MASK_MAX];
    struct log_entry entry;
    size_t bytes;
    int all;
    if (log_load(c->db, id, 1, &entry, e) != 0 || record_mask_living(c->db, &entry, mask, &bytes, &all, e) != 0)
        return -1;
    if (!add(d, w, &entry, all ? (struct slice){NULL, 0} : (struct slice){mask, bytes}))
        return 0;
    return note_told(d, id, e) != 0 ? -1 : 1;
}

static int touches(const struct change *c, uint64_t field)
{
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == field)
            return 1;
    return 0;
}

/* What the fields that a change touches were written over, where they are contested: the laptop may have got its scope
 * before they were, and so without. Once in a deal, whether or not it has them; where a batch is full on the way, those
 * that are in are not dealt again. What stands at or behind this position comes in its turn: its mask says what lives
 * now, so before its time it would end values without what took their place since. 1, 0, -1 as above. */
static int deal_background(struct deal *d, struct central *c, struct batch_writer *w, const struct change *change,
                           uint64_t position, struct error *e)
{
    sqlite3_stmt *s;
    int row, more = 1;
    if (db_query(c->db, &s, e,
                 "SELECT background.field, entry.id FROM background JOIN entry ON entry.id = background.entry "
                 "WHERE background.record = ? AND entry.position < ? ORDER BY entry.position",
                 "du", &change->record, position) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        int64_t id = db_int(s, 1);
        if (!touches(change, db_uint(s, 0)) || was_told(d, id))
            continue;
        if ((more = deal_background_entry(d, c, w, id, e)) != 1) {
            db_done(c->db, s);
            return more;
        }
    }
    return row < 0 ? -1 : 1;
}

/* The entry that is met at this position; released: it is dealt for a hold that let it go. Its mask tells which of its
 * ops something had ended before it came, which what was dealt compact may not show. 1: it is in, or not wanted; 0: the
 * batch is full; -1: failed. */
static int deal_entry(struct deal *d, struct central *c, struct batch_writer *w, int64_t id, uint64_t position,
                      int released, struct error *e)
{
    uint8_t mask[CHANGE_MASK_MAX];
    struct log_entry entry;
    size_t bytes, told = d->told_count;
    int all, more, code, applied = is_applied(c, id, e);
    if (applied != 1)
        return applied < 0 ? -1 : 1;
    if (log_load(c->db, id, 1, &entry, e) != 0)
        return -1;
    if (!schema_is_dealt(entry.change.kind) || !follows(d, &entry.change.scope)) {
        pass_over(d, &entry.change.scope, position);
        return 1;
    }
    if ((more = deal_background(d, c, w, &entry.change, position, e)) != 1)
        return more;
    /* What was told took the place that the entry had been loaded to. */
    if (d->told_count != told && log_load(c->db, id, 1, &entry, e) != 0)
        return -1;
    code = released ? record_mask_living(c->db, &entry, mask, &bytes, &all, e)
                    : record_mask(c->db, &entry.change, mask, &bytes, &all, e);
    if (code != 0)
        return -1;
    return add(d, w, &entry, all ? (struct slice){NULL, 0} : (struct slice){mask, bytes});
}

/* 1: everything up to the log's end is in; 0: the batch is full; -1: failed. */
static int deal_news(struct deal *d, struct central *c, struct batch_writer *w, struct error *e)
{
    enum { STEP = 4096 }; /* entries looked at in one batch: a bound on how long the loop is held up */
    sqlite3_stmt *s;
    uint64_t from = d->cursor;
    int row;
    if (db_query(c->db, &s, e,
                 "SELECT position, id, kind, scope, device, record, epoch FROM entry WHERE position >= ? ORDER BY "
                 "position LIMIT ?",
                 "ui", from, (int64_t)STEP) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        uint64_t position = db_uint(s, 0);
        unsigned kind = (unsigned)db_uint(s, 2);
        struct id scope = db_id(s, 3), device = db_id(s, 4), record = db_id(s, 5);
        int64_t id = db_int(s, 1);
        int more = 1;
        if (kind == KIND_HOLD)
            id = released_entry(c, &record, e);
        if (id < 0)
            more = -1;
        else if (id != 0 && (kind == KIND_HOLD || is_wanted(d, kind, &scope, &device, db_uint(s, 6))))
            more = deal_entry(d, c, w, id, position, kind == KIND_HOLD, e);
        else
            pass_over(d, &scope, position);
        if (more != 1) {
            db_done(c->db, s);
            return more;
        }
        d->cursor = position + 1;
    }
    if (row < 0)
        return -1;
    return d->cursor >= c->checkpoint_size;
}

/* --- scopes that are new to the laptop --- */

/* One scope from next_position on: what lives, or is needed to show that; and of the laptop's own what was held and is
 * not any more, which it would take for held for ever. 1: it is complete; 0: the batch is full; -1: failed. */
static int deal_scope(struct deal *d, struct central *c, struct batch_writer *w, const struct id *scope,
                      struct error *e)
{
    static const char sql[] = "SELECT id, position, kind FROM entry WHERE scope = ?1 AND position >= ?2 AND held = 0 "
                              "AND ((SELECT live FROM applied WHERE applied.entry = entry.id) IS NOT NULL OR "
                              "id IN (SELECT own.id FROM hold JOIN entry AS own ON own.device = ?3 AND "
                              "own.epoch = hold.epoch AND own.seq = hold.seq JOIN applied ON applied.entry = own.id "
                              "WHERE hold.device = ?4) OR "
                              "EXISTS(SELECT 1 FROM background WHERE background.entry = entry.id)) ORDER BY position";
    struct log_entry entry;
    uint8_t mask[CHANGE_MASK_MAX];
    sqlite3_stmt *s;
    size_t bytes;
    char device[2 * ID_BYTES + 1];
    int row, all, code = 1;
    sodium_bin2hex(device, sizeof device, d->device.device.b, ID_BYTES);
    if (db_query(c->db, &s, e, sql, "dudt", scope, d->next_position, &d->device.device, device) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        uint64_t position = db_uint(s, 1);
        struct slice live;
        if (!schema_is_dealt((unsigned)db_uint(s, 2)))
            continue;
        if (log_load(c->db, db_int(s, 0), 1, &entry, e) != 0 ||
            record_mask_living(c->db, &entry, mask, &bytes, &all, e) != 0) {
            code = -1;
            break;
        }
        live = all ? (struct slice){NULL, 0} : (struct slice){mask, bytes};
        if (!add(d, w, &entry, live)) {
            d->next_position = position;
            code = 0;
            break;
        }
    }
    if (row == 1)
        db_done(c->db, s);
    if (row < 0)
        return -1;
    if (code == 1)
        d->next_position = 0;
    return code;
}

static int deal_arrivals(struct deal *d, struct central *c, struct batch_writer *w, struct id *arrived, size_t *count,
                         struct error *e)
{
    while (d->next_scope < d->may.count) {
        const struct id *scope = &d->may.scopes[d->next_scope];
        if (!caseload_has(&d->held, scope)) {
            int complete = deal_scope(d, c, w, scope, e);
            if (complete != 1)
                return complete;
            arrived[(*count)++] = *scope;
        }
        d->next_scope++;
    }
    return 1;
}

/* --- a batch --- */

static int finish(struct deal *d, struct central *c, struct message_entries *out, struct deal_memory *memory,
                  struct error *e)
{
    size_t count = 0;
    if (d->held.count != 0 && (memory->purge = malloc(d->held.count * sizeof *memory->purge)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < d->held.count; i++)
        if (!caseload_has(&d->may, &d->held.scopes[i]))
            memory->purge[count++] = d->held.scopes[i];
    out->purge = (struct slice){(const uint8_t *)memory->purge, count * sizeof *memory->purge};
    out->done = d->done = 1;
    return record_digest(c->db, d->may.scopes, d->may.count, out->digest, e);
}

int deal_next(struct deal *d, struct central *c, uint64_t credit, struct message_entries *out,
              struct deal_memory *memory, struct error *e)
{
    struct batch_writer w;
    size_t arrived = 0;
    int more, code = 0;
    d->credit = credit;
    memset(out, 0, sizeof *out);
    memset(memory, 0, sizeof *memory);
    /* Nothing is dealt that no signed checkpoint covers. */
    if (c->tree.size != c->checkpoint_size)
        return error_set(e, E_INTERNAL, "the office was asked to deal in the middle of a commit; sync again");
    batch_start(&w);
    if ((memory->arrived = malloc(d->may.count * sizeof *memory->arrived)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((more = deal_news(d, c, &w, e)) == 1)
        more = deal_arrivals(d, c, &w, memory->arrived, &arrived, e);
    if (more < 0) {
        code = error_code(e);
        goto out;
    }
    out->arrived = (struct slice){(const uint8_t *)memory->arrived, arrived * sizeof *memory->arrived};
    out->cursor = more == 1 || d->cursor < d->owed ? d->cursor : d->owed;
    if (more == 1 && (code = finish(d, c, out, memory, e)) != 0)
        goto out;
    code = batch_finish(&w, &memory->batch, e);
    out->batch = memory->batch;
out:
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
    memset(memory, 0, sizeof *memory);
}

int deal_confirm(struct deal *d, struct central *c, struct error *e)
{
    int code;
    if (!d->done)
        return 0;
    if ((code = db_run(c->db, e, "DELETE FROM dealt WHERE device = ?", "d", &d->device.device)) != 0)
        return code;
    for (size_t i = 0; code == 0 && i < d->may.count; i++)
        code = db_run(c->db, e, "INSERT OR IGNORE INTO dealt(device, scope) VALUES(?,?)", "dd", &d->device.device,
                      &d->may.scopes[i]);
    return code;
}
