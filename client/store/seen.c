/* Keeps what this laptop's person was shown: collects the dots of what is printed, and writes them down afterwards. */
#include "seen.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "schema.h"

#define TIDY_EACH 4096 /* rows that are added between two clearings of those whose ops are dead */

void seen_begin(struct seen *s, int off)
{
    s->count = 0;
    s->off = off;
}

void seen_free(struct seen *s)
{
    free(s->dots);
    s->dots = NULL;
    s->count = s->room = 0;
}

void seen_dot(struct seen *s, const struct dot *dot)
{
    if (s == NULL || s->off || s->count == SEEN_DOTS_MAX)
        return;
    if (s->count == s->room) {
        size_t room = s->room == 0 ? 64 : 2 * s->room;
        struct dot *more = realloc(s->dots, room * sizeof *more);
        if (more == NULL)
            return;
        s->dots = more;
        s->room = room;
    }
    s->dots[s->count++] = *dot;
}

/* --- columns --- */

/* Of a contested field: the ops that say what is shown. */
static int column_contested(struct seen *s, const struct id *record, unsigned number, struct error *e)
{
    const struct schema_field *field;
    struct record_place place;
    struct record_field f;
    int code = record_find(s->db, record, &place, e);
    if (code != 0 || (field = schema_field(place.kind, number)) == NULL)
        return code;
    if ((code = record_field_load(s->db, record, place.kind, field, &f, e)) != 0)
        return code;
    for (size_t i = 0; i < f.count; i++)
        if (f.merged != NULL || i < f.shown.count || slice_equal(f.ops[i].merge.value, f.ops[0].merge.value))
            seen_dot(s, &f.ops[i].merge.dot);
    record_field_free(&f);
    return 0;
}

int seen_columns(struct seen *s, const struct id *record, const unsigned *fields, size_t count, struct error *e)
{
    static const char sql[] =
        "SELECT op.field, entry.device, entry.epoch, entry.seq, op.op, EXISTS(SELECT 1 FROM conflict c WHERE c.record "
        "= op.record AND c.field = op.field) FROM op JOIN entry ON entry.id = op.entry WHERE op.record = ? "
        "ORDER BY op.field";
    int contested[SEEN_FIELDS_MAX] = {0};
    sqlite3_stmt *q;
    int row, code = 0;
    if (s == NULL || s->off)
        return 0;
    if ((code = db_query(s->db, &q, e, sql, "d", record)) != 0)
        return code;
    while ((row = db_next(s->db, q, e)) == 1) {
        struct dot dot = {db_id(q, 1), db_uint(q, 2), db_uint(q, 3), (unsigned)db_uint(q, 4)};
        for (size_t i = 0; i < count && i < SEEN_FIELDS_MAX; i++) {
            if (fields[i] != (unsigned)db_uint(q, 0))
                continue;
            contested[i] |= db_int(q, 5) != 0;
            if (db_int(q, 5) == 0)
                seen_dot(s, &dot);
        }
    }
    if (row < 0)
        return error_code(e);
    for (size_t i = 0; code == 0 && i < count && i < SEEN_FIELDS_MAX; i++)
        if (contested[i])
            code = column_contested(s, record, fields[i], e);
    return code;
}

/* --- the table --- */

static int is_collected(const struct seen *s, const struct dot *dot)
{
    for (size_t i = 0; i < s->count; i++)
        if (dot_equal(&s->dots[i], dot))
            return 1;
    return 0;
}

int seen_was_shown(void *seen, const struct dot *dot, const struct id *op_author, struct error *e)
{
    const struct seen *s = seen;
    if (id_equal(op_author, &s->person) || is_collected(s, dot))
        return 1;
    return db_exists(s->db, e,
                     "SELECT 1 FROM seen WHERE person = ? AND device = ? AND epoch = ? AND seq = ? AND op = ?", "dduuu",
                     &s->person, &dot->device, dot->epoch, dot->seq, (uint64_t)dot->index);
}

/* 1: the op lives, and the table does not have it; 0: not; -1: failed. */
static int is_wanted(struct seen *s, const struct dot *dot, struct error *e)
{
    return db_exists(s->db, e,
                     "SELECT 1 FROM entry JOIN op ON op.record = entry.record AND op.entry = entry.id AND op.op = ?5 "
                     "WHERE entry.device = ?2 AND entry.epoch = ?3 AND entry.seq = ?4 AND NOT EXISTS(SELECT 1 FROM "
                     "seen WHERE person = ?1 AND device = ?2 AND epoch = ?3 AND seq = ?4 AND op = ?5)",
                     "dduuu", &s->person, &dot->device, dot->epoch, dot->seq, (uint64_t)dot->index);
}

int seen_is_new(struct seen *s, struct error *e)
{
    for (size_t i = 0; i < s->count; i++) {
        int wanted = is_wanted(s, &s->dots[i], e);
        if (wanted != 0)
            return wanted;
    }
    return 0;
}

/* Clears away, now and then, the rows whose ops are dead: nobody can replace those. */
static int tidy(struct seen *s, uint64_t added, struct error *e)
{
    uint64_t before;
    int code = db_meta_get_uint(s->db, "seen_added", &before, e);
    if (code != 0)
        return code;
    if (before + added < TIDY_EACH)
        return db_meta_set_uint(s->db, "seen_added", before + added, e);
    if ((code = db_run(s->db, e,
                       "DELETE FROM seen WHERE NOT EXISTS(SELECT 1 FROM entry JOIN op ON op.record = entry.record AND "
                       "op.entry = entry.id AND op.op = seen.op WHERE entry.device = seen.device AND entry.epoch = "
                       "seen.epoch AND entry.seq = seen.seq)",
                       "")) != 0)
        return code;
    return db_meta_set_uint(s->db, "seen_added", 0, e);
}

static int keep_all(struct seen *s, struct error *e)
{
    uint64_t added = 0;
    int wanted, code = 0;
    for (size_t i = 0; code == 0 && i < s->count; i++) {
        const struct dot *dot = &s->dots[i];
        if ((wanted = is_wanted(s, dot, e)) < 0)
            return error_code(e);
        if (wanted)
            code = db_run(s->db, e, "INSERT INTO seen(person, device, epoch, seq, op) VALUES(?,?,?,?,?)", "dduuu",
                          &s->person, &dot->device, dot->epoch, dot->seq, (uint64_t)dot->index);
        added += wanted != 0;
    }
    return code != 0 ? code : tidy(s, added, e);
}

int seen_keep(struct seen *s, struct error *e)
{
    int code = seen_is_new(s, e);
    if (code == 1 && (code = db_begin(s->db, e)) == 0 &&
        ((code = keep_all(s, e)) != 0 || (code = db_commit(s->db, e)) != 0))
        db_rollback(s->db);
    s->count = 0;
    return code < 0 ? error_code(e) : code;
}

int seen_rename(struct db *db, const struct id *device, uint64_t new_epoch, struct error *e)
{
    return db_run(db, e,
                  "INSERT OR IGNORE INTO seen(person, device, epoch, seq, op) SELECT seen.person, seen.device, "
                  "stranded.new_epoch, stranded.new_seq, seen.op FROM stranded JOIN seen ON seen.device = ?1 AND "
                  "seen.epoch = stranded.epoch AND seen.seq = stranded.seq WHERE stranded.new_epoch = ?2 AND "
                  "stranded.new_seq IS NOT NULL",
                  "du", device, new_epoch);
}
