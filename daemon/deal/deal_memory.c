/* What the office remembers of a laptop between its syncs: the scopes that it has (the table dealt), and in dealt_end
 * the digest of their ids, the digest of their records, and up to which position of the log both are known to hold. So
 * a sync for which nothing has changed is answered from one row, whatever the log and the caseload have grown to. */
#include "deal_private.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "record.h"
#include "schema.h"

enum {
    LOOK_MAX = 4096, /* entries that are looked at to say that nothing has changed */
    STEP = 256       /* so many that passed are remembered to have passed */
};

/* --- the scopes --- */

int deal_remembered(struct central *c, const struct device *device, struct caseload *has, struct error *e)
{
    sqlite3_stmt *s;
    size_t room = 0;
    int row, code;
    memset(has, 0, sizeof *has);
    if ((code = db_query(c->db, &s, e, "SELECT scope FROM dealt WHERE device = ? ORDER BY scope", "d",
                         &device->device)) != 0)
        return code;
    while ((row = db_next(c->db, s, e)) == 1) {
        if (has->count == room) {
            struct id *more = realloc(has->scopes, (room = 2 * room + 64) * sizeof *more);
            if (more == NULL) {
                db_done(c->db, s);
                caseload_free(has);
                return error_memory(e);
            }
            has->scopes = more;
        }
        has->scopes[has->count++] = db_id(s, 0);
    }
    if (row < 0)
        caseload_free(has);
    return row < 0 ? error_code(e) : 0;
}

int deal_remembers(struct central *c, const struct device *device, const uint8_t digest[32], struct error *e)
{
    uint8_t none[32];
    int known = db_exists(c->db, e, "SELECT 1 FROM dealt_end WHERE device = ?", "d", &device->device);
    if (known != 0)
        return known < 0 ? -1
                         : db_exists(c->db, e, "SELECT 1 FROM dealt_end WHERE device = ? AND caseload = ?", "db",
                                     &device->device, (struct slice){digest, 32});
    message_caseload_digest(NULL, 0, none);
    return memcmp(none, digest, sizeof none) == 0;
}

/* --- how far the digest holds --- */

static int note_end(const struct deal *d, struct central *c, struct error *e)
{
    uint8_t caseload[32];
    message_caseload_digest(d->may.scopes, d->may.count, caseload);
    return db_run(c->db, e,
                  "INSERT OR REPLACE INTO dealt_end(device, schema, caseload, position, digest) VALUES(?,?,?,?,?)",
                  "dubub", &d->device.device, (uint64_t)schema_version(), (struct slice){caseload, sizeof caseload},
                  d->cursor, (struct slice){d->digest, sizeof d->digest});
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
    return code != 0 ? code : note_end(d, c, e);
}

/* Writes one small transaction. What it writes spares work and is no record of anything: if the disk is full or busy,
 * the deal goes on without it. */
static int write_small(struct central *c, int (*write)(void *arg, struct central *c, struct error *e), void *arg)
{
    if (db_begin(c->db, NULL) != 0)
        return -1;
    if (write(arg, c, NULL) == 0 && db_commit(c->db, NULL) == 0)
        return 0;
    db_rollback(c->db);
    return -1;
}

static int write_end(void *arg, struct central *c, struct error *e)
{
    return note_end(arg, c, e);
}

int deal_note_idle(const struct deal *d, struct central *c, struct error *e)
{
    struct deal now = *d;
    uint8_t caseload[32];
    uint64_t known = 0;
    int code;
    if (!d->nothing || d->has.count != d->may.count)
        return 0; /* its receipt will say it */
    /* The scopes may be the laptop's own list, of which dealt knows nothing until a receipt comes. */
    message_caseload_digest(d->may.scopes, d->may.count, caseload);
    if ((code = db_number_of(c->db, &known, e, "SELECT position FROM dealt_end WHERE device = ? AND caseload = ?", "db",
                             &d->device.device, (struct slice){caseload, sizeof caseload})) != 0)
        return code;
    if (known != 0 && d->cursor >= known + STEP)
        (void)write_small(c, write_end, &now);
    return 0;
}

/* What an idle sync's answer needs. */
struct end {
    const struct device *device;
    uint64_t position;
};

static int move_end(void *arg, struct central *c, struct error *e)
{
    const struct end *end = arg;
    return db_run(c->db, e, "UPDATE dealt_end SET position = ? WHERE device = ?", "ud", end->position,
                  &end->device->device);
}

/* 1: an entry from `from` on may be for the laptop, or may change its caseload; 0: none; -1: failed. What stands in a
 * case of others, says nothing of who has which case and is of no record with a conflict that somebody must decide, is
 * passed over; of any other kind, and of those that this version does not know, nothing is assumed. */
static int may_concern(struct central *c, const struct device *device, uint64_t from, struct error *e)
{
    return db_exists(
        c->db, e,
        "SELECT 1 FROM entry WHERE position >= ?1 AND kind NOT IN (?2, ?3, ?4) AND (kind NOT IN (?5, ?6, ?7, "
        "?8) OR EXISTS(SELECT 1 FROM dealt WHERE dealt.device = ?9 AND dealt.scope = entry.scope) "
        "OR EXISTS(SELECT 1 FROM conflict WHERE conflict.record = entry.record AND conflict.loud = 1)) LIMIT 1",
        "uuuuuuuud", from, (uint64_t)KIND_RECEIPT, (uint64_t)KIND_EVENT, (uint64_t)KIND_TICKET, (uint64_t)KIND_CONTACT,
        (uint64_t)KIND_NOTE, (uint64_t)KIND_SERVICE, (uint64_t)KIND_PLAN, &device->device);
}

int deal_unchanged(struct central *c, const struct device *device, uint64_t cursor, struct message_entries *out,
                   struct deal_memory *memory, struct error *e)
{
    struct end end = {device, c->checkpoint_size};
    struct batch_writer w;
    struct slice digest;
    sqlite3_stmt *s;
    uint64_t from;
    int row, code;
    memset(out, 0, sizeof *out);
    memset(memory, 0, sizeof *memory);
    if ((row = db_first(c->db, &s, e, "SELECT position, digest FROM dealt_end WHERE device = ? AND schema = ?", "du",
                        &device->device, (uint64_t)schema_version())) != 1)
        return row;
    from = db_uint(s, 0);
    digest = db_slice(s, 1);
    if (digest.size == sizeof out->digest)
        memcpy(out->digest, digest.p, sizeof out->digest);
    else
        from = UINT64_MAX;
    db_done(c->db, s);
    if (cursor < from || cursor > c->checkpoint_size || c->checkpoint_size - from > LOOK_MAX ||
        c->tree.size != c->checkpoint_size)
        return 0;
    if ((row = may_concern(c, device, from, e)) != 0)
        return row < 0 ? -1 : 0;
    if (c->checkpoint_size - from >= STEP)
        (void)write_small(c, move_end, &end);
    out->cursor = c->checkpoint_size;
    out->done = 1;
    batch_start(&w);
    code = batch_finish(&w, &memory->batch, e);
    out->batch = memory->batch;
    batch_free(&w);
    return code != 0 ? -1 : 1;
}

/* --- the digest --- */

struct making {
    const struct caseload *may;
    uint8_t *out;
};

static int make_digest(void *arg, struct central *c, struct error *e)
{
    const struct making *m = arg;
    return record_digest(c->db, m->may->scopes, m->may->count, m->out, e);
}

int deal_digest(struct central *c, const struct caseload *may, uint8_t out[32], struct error *e)
{
    struct making m = {may, out};
    int kept = record_digest_kept(c->db, may->scopes, may->count, out, e);
    if (kept != 0)
        return kept < 0 ? error_code(e) : 0;
    return write_small(c, make_digest, &m) == 0 ? 0 : make_digest(&m, c, e);
}
