/* Held changes. A record of kind `hold` names a change (device, epoch, seq) that the office may not apply, and says
 * why.
 *
 * While its status is not "released", the table held has a row for the change. The change is marked in the log and
 * stays out of the record, whether it comes later or is there already. If the status becomes "released", the row is
 * deleted; if no other hold names the change, it is unmarked and applied.
 *
 * Only the office writes holds (they are office_only, which admission checks). A hold that names a change of kind hold
 * that has been applied already leaves it applied: otherwise two holds could undo each other for ever. */
#include "record_private.h"

#include <sodium.h>
#include <string.h>

/* The change that a hold names. */
struct named {
    int any;
    struct id device;
    uint64_t epoch, seq;
};

static int same(const struct named *a, const struct named *b)
{
    if (!a->any || !b->any)
        return a->any == b->any;
    return a->epoch == b->epoch && a->seq == b->seq && id_equal(&a->device, &b->device);
}

/* Reads what the hold record shows. Its table has the device as hex digits. */
static int read_wanted(struct db *db, const struct id *hold, struct named *out, struct error *e)
{
    char id[ID_TEXT];
    sqlite3_stmt *s;
    size_t bytes = 0;
    int row;
    memset(out, 0, sizeof *out);
    id_format(hold, id);
    if ((row = db_first(db, &s, e,
                        "SELECT device, epoch, seq FROM hold WHERE id = ? AND status IS NOT 'released' "
                        "AND device IS NOT NULL AND epoch > 0 AND seq > 0",
                        "t", id)) < 0)
        return e->code;
    if (row == 1) {
        const char *hex = db_text(s, 0);
        out->any =
            sodium_hex2bin(out->device.b, ID_BYTES, hex, strlen(hex), NULL, &bytes, NULL) == 0 && bytes == ID_BYTES;
        out->epoch = db_uint(s, 1);
        out->seq = db_uint(s, 2);
        db_done(db, s);
    }
    return 0;
}

static int read_current(struct db *db, const struct id *hold, struct named *out, struct error *e)
{
    sqlite3_stmt *s;
    int row;
    memset(out, 0, sizeof *out);
    if ((row = db_first(db, &s, e, "SELECT device, epoch, seq FROM held WHERE record = ?", "d", hold)) < 0)
        return e->code;
    if (row == 1) {
        *out = (struct named){1, db_id(s, 0), db_uint(s, 1), db_uint(s, 2)};
        db_done(db, s);
    }
    return 0;
}

/* Lets go of a hold's change. *released: its entry; 0: it is not here. If another hold still names it, that is found
 * out when it is applied. */
static int let_go(struct db *db, const struct id *hold, const struct named *named, int64_t *released, struct error *e)
{
    int code = db_run(db, e, "DELETE FROM held WHERE record = ?", "d", hold);
    if (code != 0)
        return code;
    if ((*released = log_find(db, &named->device, named->epoch, named->seq, NULL, e)) < 0)
        return e->code;
    return *released == 0 ? 0 : log_set_held(db, *released, 0, e);
}

/* Reads which record an entry writes, of which kind, and whether it is applied. E_NOT_FOUND: no such entry. */
static int read_entry(struct db *db, int64_t entry, struct id *record, uint64_t *kind, int *applied, struct error *e)
{
    sqlite3_stmt *s;
    int row;
    if ((row = db_first(db, &s, e,
                        "SELECT record, kind, EXISTS(SELECT 1 FROM applied WHERE applied.entry = entry.id) "
                        "FROM entry WHERE id = ?",
                        "i", entry)) < 0)
        return e->code;
    if (row == 0)
        return error_set(e, E_NOT_FOUND, "the log has no entry %lld", (long long)entry);
    *record = db_id(s, 0);
    *kind = db_uint(s, 1);
    *applied = db_int(s, 2) != 0;
    db_done(db, s);
    return 0;
}

int record_hold_entry(struct db *db, int64_t entry, struct error *e)
{
    struct id record;
    uint64_t kind = 0;
    int applied = 0, code;
    if ((code = read_entry(db, entry, &record, &kind, &applied, e)) != 0 || (applied && kind == KIND_HOLD) ||
        (code = log_set_held(db, entry, 1, e)) != 0)
        return code;
    return applied ? record_redo(db, &record, e) : 0;
}

int record_hold_follow(struct db *db, const struct id *hold, int64_t *released, struct error *e)
{
    struct named wanted, current;
    int64_t entry;
    int code;
    *released = 0;
    if ((code = read_wanted(db, hold, &wanted, e)) != 0 || (code = read_current(db, hold, &current, e)) != 0 ||
        same(&wanted, &current))
        return code;
    if (current.any && (code = let_go(db, hold, &current, released, e)) != 0)
        return code;
    if (!wanted.any)
        return 0;
    if ((code = db_run(db, e, "INSERT INTO held(device, epoch, seq, record) VALUES(?,?,?,?)", "duud", &wanted.device,
                       wanted.epoch, wanted.seq, hold)) != 0)
        return code;
    if ((entry = log_find(db, &wanted.device, wanted.epoch, wanted.seq, NULL, e)) < 0)
        return e->code;
    return entry == 0 ? 0 : record_hold_entry(db, entry, e);
}
