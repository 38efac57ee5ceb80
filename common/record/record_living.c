/* What lives in a record, and which of it a change ends.
 *
 * The rows of op are read once for each change. The entry of a dot is looked up once for all dots of that entry that
 * follow one another: if a person replaces a whole form, every op names the same change. */
#include "record_private.h"

#include <string.h>

enum { NAMED_MAX = 4 }; /* entries that are remembered */

/* An entry that a dot stands in. */
struct named {
    struct id device;
    uint64_t epoch, seq;
    int64_t entry; /* 0: it is not in the log */
    int applied;
    int ended; /* not 0: an op of it was ended, so live must be written down */
    uint8_t live[CHANGE_MASK_MAX];
    size_t live_bytes;
};

struct ending {
    struct db *db;
    const struct change *change;
    struct record_living *living;
    size_t listed; /* in living->ops: first what lives, then what has ended */
    struct named named[NAMED_MAX];
    size_t named_count, next;
};

int record_living_list(struct db *db, const struct id *record, struct record_living *out, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    out->known = 1;
    out->count = 0;
    if ((code = db_query(db, &s, e, "SELECT field, entry, op, action, at, size FROM op WHERE record = ?", "d",
                         record)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if (out->count == RECORD_LIVING_MAX) {
            out->known = 0;
            db_done(db, s);
            return 0;
        }
        out->ops[out->count++] =
            (struct record_life){(unsigned)db_uint(s, 0), db_int(s, 1),          (unsigned)db_uint(s, 2),
                                 (unsigned)db_uint(s, 3), (size_t)db_uint(s, 4), (size_t)db_uint(s, 5)};
    }
    return row < 0 ? e->code : 0;
}

int record_living_has(const struct record_living *living, unsigned field)
{
    for (size_t i = 0; i < living->count; i++)
        if (living->ops[i].field == field)
            return 1;
    return 0;
}

static int load_named(struct db *db, struct named *named, struct error *e)
{
    struct slice live;
    sqlite3_stmt *s;
    int row;
    if ((row = db_first(db, &s, e,
                        "SELECT entry.id, applied.entry, applied.live FROM entry "
                        "LEFT JOIN applied ON applied.entry = entry.id "
                        "WHERE entry.device = ? AND entry.epoch = ? AND entry.seq = ?",
                        "duu", &named->device, named->epoch, named->seq)) <= 0)
        return row < 0 ? e->code : 0;
    named->entry = db_int(s, 0);
    named->applied = !db_is_null(s, 1);
    live = db_slice(s, 2);
    named->live_bytes = live.size < sizeof named->live ? live.size : sizeof named->live;
    if (live.p != NULL)
        memcpy(named->live, live.p, named->live_bytes);
    db_done(db, s);
    return 0;
}

/* Writes down which ops of an entry still live, if any was ended. */
static int write_down(struct db *db, struct named *named, struct error *e)
{
    size_t left = 0;
    if (!named->ended)
        return 0;
    named->ended = 0;
    while (left < named->live_bytes && named->live[left] == 0)
        left++;
    return db_run(db, e, "UPDATE applied SET live = ? WHERE entry = ?", "bi",
                  (struct slice){left == named->live_bytes ? NULL : named->live, named->live_bytes}, named->entry);
}

/* NULL: failed. */
static struct named *find_named(struct ending *x, const struct dot *dot, struct error *e)
{
    struct named *named;
    for (size_t i = 0; i < x->named_count; i++) {
        named = &x->named[i];
        if (named->seq == dot->seq && named->epoch == dot->epoch && id_equal(&named->device, &dot->device))
            return named;
    }
    /* Replace the one that was looked up the longest ago. */
    named = &x->named[x->next];
    x->next = (x->next + 1) % NAMED_MAX;
    if (write_down(x->db, named, e) != 0)
        return NULL;
    memset(named, 0, sizeof *named);
    named->device = dot->device;
    named->epoch = dot->epoch;
    named->seq = dot->seq;
    if (load_named(x->db, named, e) != 0)
        return NULL;
    if (x->named_count < NAMED_MAX)
        x->named_count++;
    return named;
}

static int is_listed(const struct record_life *ops, size_t count, int64_t entry)
{
    for (size_t i = 0; i < count; i++)
        if (ops[i].entry == entry)
            return 1;
    return 0;
}

static int delete_op(struct ending *x, unsigned field, int64_t entry, unsigned op, struct error *e)
{
    return db_run(x->db, e, "DELETE FROM op WHERE record = ? AND field = ? AND entry = ? AND op = ?", "duiu",
                  &x->change->record, (uint64_t)field, entry, (uint64_t)op);
}

/* Deletes from op what has left `living`. If nothing of an entry lives any more, one statement deletes all its rows; it
 * looks at the few rows of the record alone. */
static int delete_ended(struct ending *x, struct error *e)
{
    const struct record_living *living = x->living;
    const struct record_life *ended = living->ops + living->count;
    int code = 0;
    for (size_t i = 0; living->known && i < x->listed - living->count && code == 0; i++) {
        if (is_listed(living->ops, living->count, ended[i].entry))
            code = delete_op(x, ended[i].field, ended[i].entry, ended[i].op, e);
        else if (!is_listed(ended, i, ended[i].entry))
            code = db_run(x->db, e, "DELETE FROM op WHERE record = ? AND entry = ?", "di", &x->change->record,
                          ended[i].entry);
    }
    return code;
}

/* Ends an op if it lives: it leaves op, or `living`, and then delete_ended deletes it from op. */
static int end_life(struct ending *x, unsigned field, struct named *named, unsigned op, struct error *e)
{
    struct record_living *living = x->living;
    size_t i = 0;
    int code;
    if (living->known) {
        struct record_life life;
        while (i < living->count &&
               (living->ops[i].field != field || living->ops[i].entry != named->entry || living->ops[i].op != op))
            i++;
        if (i == living->count)
            return 0;
        life = living->ops[i];
        living->ops[i] = living->ops[--living->count];
        living->ops[living->count] = life;
    } else if ((code = delete_op(x, field, named->entry, op, e)) != 0 || db_changes(x->db) == 0) {
        return code;
    }
    if (op / 8 < named->live_bytes)
        named->live[op / 8] &= (uint8_t) ~(1u << op % 8);
    named->ended = 1;
    return 0;
}

/* Supersedes the dot that an op of this change names. */
static int supersede(struct ending *x, unsigned field, const struct dot *dot, struct error *e)
{
    struct named *named = find_named(x, dot, e);
    if (named == NULL)
        return e->code;
    /* The op was applied: it lives, or is dead already, or never was on this field. */
    if (named->applied)
        return end_life(x, field, named, dot->index, e);
    /* The op was not applied yet. */
    return db_run(
        x->db, e, "INSERT OR IGNORE INTO superseded(device, epoch, seq, op, record, field) VALUES(?,?,?,?,?,?)",
        "duuudu", &dot->device, dot->epoch, dot->seq, (uint64_t)dot->index, &x->change->record, (uint64_t)field);
}

int record_living_end(struct db *db, const struct change *c, struct record_living *living, int *awaited,
                      struct error *e)
{
    struct ending x = {.db = db, .change = c, .living = living, .listed = living->count};
    int code;
    for (size_t i = 0; i < c->op_count; i++) {
        struct unpack r;
        size_t left;
        for (left = change_supersedes(&c->ops[i], &r); left > 0; left--) {
            struct dot dot = dot_unpack(&r);
            if (dot.epoch == c->epoch && dot.seq == c->seq && id_equal(&dot.device, &c->device)) {
                if (dot.index == i) /* an op that names itself replaced nothing */
                    continue;
                *awaited = 1;
            }
            if ((code = supersede(&x, c->ops[i].field, &dot, e)) != 0)
                return code;
        }
    }
    if ((code = delete_ended(&x, e)) != 0)
        return code;
    for (size_t i = 0; i < x.named_count; i++)
        if ((code = write_down(db, &x.named[i], e)) != 0)
            return code;
    return 0;
}
