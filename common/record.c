/* Applying: from an entry of the log to the live ops.
 *
 *   op holds what lives. A change takes out of it what its ops supersede, and puts its own ops in, unless somebody has
 *   superseded them already. The order in which changes come must not matter, so what is superseded before it is
 *   applied is noted (`superseded`), and an entry is applied once and never again (`applied`):
 *
 *     the named op is    live              it leaves op
 *                        applied, dead     nothing to do: it can never come back
 *                        not applied yet   a row in superseded waits for it: not arrived, left out of a compact scope,
 *                                          or held
 *
 *   An op supersedes ops of its own record and field alone. Where an op came masked (dead at the office), it is not put
 *   in, but what it names is dead all the same.
 *
 *   A record stands where its first change says (`place`): a change that names another kind or scope is not applied. At
 *   the office, and in a replay, first means first in the log.
 *
 * Which fields show what is decided anew for each field that a change touches (record_show.c), then whether the record
 * is voided (record_void.c), then, for a hold, what it holds (record_hold.c). */
#include "record_private.h"

#include <stdlib.h>
#include <string.h>

#define LIVING_MAX 64 /* live ops of a record that are looked at in memory, not one by one in the store */

/* --- applying one entry --- */

/* What the store knows of an entry before it is applied. */
struct standing {
    int held, applied;
    int awaited; /* superseded has dots of this change */
    int may_have_conflict, may_have_void;
    int placed;
    uint64_t kind;
    struct id scope;
};

static int look_up(struct db *db, const struct log_entry *entry, struct standing *out, struct error *e)
{
    static const char sql[] =
        "SELECT coalesce((SELECT held FROM entry WHERE id = ?1), 0)"
        " OR EXISTS(SELECT 1 FROM held WHERE device = ?2 AND epoch = ?3 AND seq = ?4),"
        " EXISTS(SELECT 1 FROM applied WHERE entry = ?1),"
        " EXISTS(SELECT 1 FROM superseded WHERE device = ?2 AND epoch = ?3 AND seq = ?4),"
        " EXISTS(SELECT 1 FROM conflict WHERE record = ?5), EXISTS(SELECT 1 FROM op WHERE record = ?5 AND field = ?6),"
        " place.kind, place.scope FROM (SELECT 1) LEFT JOIN place ON place.record = ?5";
    const struct change *c = &entry->change;
    sqlite3_stmt *s;
    int code;
    memset(out, 0, sizeof *out);
    if ((code = db_query(db, &s, e, sql, "iduudu", entry->id, &c->device, c->epoch, c->seq, &c->record,
                         (uint64_t)FIELD_VOID)) != 0)
        return code;
    if (db_next(db, s, e) != 1)
        return e->code;
    out->held = db_int(s, 0) != 0;
    out->applied = db_int(s, 1) != 0;
    out->awaited = db_int(s, 2) != 0;
    out->may_have_conflict = db_int(s, 3) != 0;
    out->may_have_void = db_int(s, 4) != 0;
    out->placed = !db_is_null(s, 5);
    out->kind = db_uint(s, 5);
    out->scope = db_id(s, 6);
    db_done(db, s);
    return 0;
}

/* What lives in a record that has little: the usual case, for which one statement saves many. */
struct living {
    int known; /* it has no more than this */
    size_t count;
    unsigned fields[LIVING_MAX];
    struct {
        int64_t entry;
        struct dot dot;
    } ops[LIVING_MAX];
};

static int list_living(struct db *db, const struct change *c, const struct standing *standing, struct living *out,
                       struct error *e)
{
    static const char sql[] = "SELECT op.field, op.entry, op.op, entry.device, entry.epoch, entry.seq "
                              "FROM op CROSS JOIN entry ON entry.id = op.entry WHERE op.record = ? LIMIT ?";
    sqlite3_stmt *s;
    int row, code;
    out->known = 1;
    out->count = 0;
    if (!standing->placed)
        return 0;
    if ((code = db_query(db, &s, e, sql, "di", &c->record, (int64_t)LIVING_MAX + 1)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if (out->count == LIVING_MAX) {
            out->known = 0;
            db_done(db, s);
            return 0;
        }
        out->fields[out->count] = (unsigned)db_uint(s, 0);
        out->ops[out->count].entry = db_int(s, 1);
        out->ops[out->count].dot = (struct dot){db_id(s, 3), db_uint(s, 4), db_uint(s, 5), (unsigned)db_uint(s, 2)};
        out->count++;
    }
    return row < 0 ? e->code : 0;
}

/* Takes a dot out of op. *found: it was there. */
static int end_life(struct db *db, const struct change *c, unsigned field, const struct dot *dot, struct living *living,
                    int *found, struct error *e)
{
    size_t i = 0;
    int code;
    *found = 0;
    if (!living->known) {
        code = db_run(db, e,
                      "DELETE FROM op WHERE record = ?1 AND field = ?2 AND op = ?3 AND entry = "
                      "(SELECT id FROM entry WHERE device = ?4 AND epoch = ?5 AND seq = ?6)",
                      "duuduu", &c->record, (uint64_t)field, (uint64_t)dot->index, &dot->device, dot->epoch, dot->seq);
        *found = code == 0 && db_changes(db) != 0;
        return code;
    }
    while (i < living->count && (living->fields[i] != field || !dot_equal(&living->ops[i].dot, dot)))
        i++;
    if (i == living->count)
        return 0;
    *found = 1;
    code = db_run(db, e, "DELETE FROM op WHERE record = ? AND field = ? AND entry = ? AND op = ?", "duiu", &c->record,
                  (uint64_t)field, living->ops[i].entry, (uint64_t)dot->index);
    living->count--;
    living->fields[i] = living->fields[living->count];
    living->ops[i] = living->ops[living->count];
    return code;
}

/* *found: not 0 where the entry that a dot stands in is applied. */
static int is_applied(struct db *db, const struct dot *dot, int *found, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e,
                         "SELECT 1 FROM entry JOIN applied ON applied.entry = entry.id "
                         "WHERE entry.device = ? AND entry.epoch = ? AND entry.seq = ?",
                         "duu", &dot->device, dot->epoch, dot->seq)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return e->code;
    if (row == 1)
        db_done(db, s);
    *found = row == 1;
    return 0;
}

/* One dot that an op of this change names. */
static int supersede(struct db *db, const struct change *c, unsigned field, const struct dot *dot,
                     struct living *living, struct error *e)
{
    int found = 0, code;
    /* 1. It lives: it leaves op. */
    if ((code = end_life(db, c, field, dot, living, &found, e)) != 0 || found)
        return code;
    /* 2. It was applied, and is dead, or never was of this field. */
    if ((code = is_applied(db, dot, &found, e)) != 0 || found)
        return code;
    /* 3. It is still to come. */
    return db_run(db, e, "INSERT OR IGNORE INTO superseded(device, epoch, seq, op, record, field) VALUES(?,?,?,?,?,?)",
                  "duuudu", &dot->device, dot->epoch, dot->seq, (uint64_t)dot->index, &c->record, (uint64_t)field);
}

/* *awaited becomes 1 where the change names an op of its own. */
static int supersede_all(struct db *db, const struct change *c, struct living *living, int *awaited, struct error *e)
{
    for (size_t i = 0; i < c->op_count; i++) {
        struct unpack r;
        size_t left;
        int code;
        for (left = change_supersedes(&c->ops[i], &r); left > 0; left--) {
            struct dot dot = dot_unpack(&r);
            if (dot.epoch == c->epoch && dot.seq == c->seq && id_equal(&dot.device, &c->device)) {
                if (dot.index == i) /* an op that names itself replaced nothing */
                    continue;
                *awaited = 1;
            }
            if ((code = supersede(db, c, c->ops[i].field, &dot, living, e)) != 0)
                return code;
        }
    }
    return 0;
}

static int insert_ops(struct db *db, const struct log_entry *entry, const uint8_t *live, struct error *e)
{
    const struct change *c = &entry->change;
    int code = 0;
    for (size_t i = 0; i < c->op_count && code == 0; i++) {
        const struct change_op *op = &c->ops[i];
        if (live[i])
            code = db_run(db, e, "INSERT INTO op(record, field, entry, op, action, at, size) VALUES(?,?,?,?,?,?,?)",
                          "duiuuuu", &c->record, (uint64_t)op->field, entry->id, (uint64_t)i, (uint64_t)op->action,
                          (uint64_t)(op->value.p - c->body.p), (uint64_t)op->value.size);
    }
    return code;
}

static int is_masked(const struct log_entry *entry, size_t op)
{
    if (entry->mask.p == NULL)
        return 0;
    return op / 8 >= entry->mask.size || (entry->mask.p[op / 8] >> op % 8 & 1) == 0;
}

/* Brings the ops of an entry into the record. What it is was looked up before. */
static int take_ops(struct db *db, const struct log_entry *entry, const struct standing *standing, struct error *e)
{
    const struct change *c = &entry->change;
    const struct schema_kind *kind = schema_kind(c->kind);
    uint8_t live[CHANGE_OPS_MAX] = {0};
    struct living living;
    struct record_view view;
    int awaited = standing->awaited, code;
    /* 1. A change without ops, as one whose body was erased, makes no record; one that names another place than the
     * record's changes none. */
    if (c->op_count == 0 || (standing->placed && (standing->kind != c->kind || !id_equal(&standing->scope, &c->scope))))
        return 0;
    if (!standing->placed && (code = db_run(db, e, "INSERT INTO place(record, kind, scope) VALUES(?,?,?)", "dud",
                                            &c->record, (uint64_t)c->kind, &c->scope)) != 0)
        return code;
    /* 2. What it supersedes, whether or not its ops live. */
    if ((code = list_living(db, c, standing, &living, e)) != 0 ||
        (code = supersede_all(db, c, &living, &awaited, e)) != 0)
        return code;
    /* 3. What of it lives. */
    for (size_t i = 0; i < c->op_count; i++)
        live[i] = !is_masked(entry, i);
    if ((awaited && (code = record_mask_awaited(db, c, live, e)) != 0) ||
        (code = insert_ops(db, entry, live, e)) != 0 ||
        (code = db_run(db, e, "INSERT INTO applied(entry) VALUES(?)", "i", entry->id)) != 0)
        return code;
    /* 4. What is shown now. */
    view = (struct record_view){living.known,           live, living.fields, living.count, standing->may_have_conflict,
                                standing->may_have_void};
    return kind == NULL ? 0 : record_show_change(db, kind, entry, &view, e);
}

/* Applies one entry. *released: one that it sets free, to be applied next; 0: none. */
static int apply_one(struct db *db, const struct log_entry *entry, int64_t *released, struct error *e)
{
    struct standing standing;
    struct id record = entry->change.record;
    int code;
    *released = 0;
    if ((code = look_up(db, entry, &standing, e)) != 0)
        return code;
    if (standing.held)
        return log_set_held(db, entry->id, 1, e);
    if (standing.applied)
        return 0;
    if ((code = take_ops(db, entry, &standing, e)) != 0 || entry->change.kind != KIND_HOLD)
        return code;
    return record_hold_follow(db, &record, released, e);
}

/* The columns that read_entry wants. */
#define ENTRY_COLUMNS "id, position, received, held, mask, header, body"

static int read_entry(sqlite3_stmt *s, struct log_entry *out, struct error *e)
{
    out->id = db_int(s, 0);
    out->position = db_is_null(s, 1) ? LOG_NO_POSITION : db_uint(s, 1);
    out->received_ms = db_uint(s, 2);
    out->held = db_int(s, 3) != 0;
    out->mask = db_slice(s, 4);
    if (change_read(db_slice(s, 5), db_slice(s, 6), &out->change, e) != 0) {
        error_prefix(e, "entry %lld of the store", (long long)out->id);
        return e->code = E_VERIFY;
    }
    return 0;
}

/* Applies an entry by its id. */
static int apply_stored(struct db *db, int64_t id, int64_t *released, struct error *e)
{
    struct log_entry entry;
    sqlite3_stmt *s;
    int row, code;
    *released = 0;
    if ((code = db_query(db, &s, e, "SELECT " ENTRY_COLUMNS " FROM entry WHERE id = ?", "i", id)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return e->code;
    if (row == 0)
        return error_set(e, E_NOT_FOUND, "the log has no entry %lld", (long long)id);
    if ((code = read_entry(s, &entry, e)) == 0)
        code = apply_one(db, &entry, released, e);
    db_done(db, s);
    return code;
}

/* A released change may be a hold, which releases another. This ends: each was waiting, and is applied once. */
static int apply_released(struct db *db, int64_t released, struct error *e)
{
    int code = 0;
    while (code == 0 && released != 0)
        code = apply_stored(db, released, &released, e);
    return code;
}

int record_apply(struct db *db, const struct log_entry *entry, struct error *e)
{
    struct error own;
    int64_t released;
    int code;
    if (e == NULL)
        e = &own;
    code = apply_one(db, entry, &released, e);
    return code != 0 ? code : apply_released(db, released, e);
}

int record_set_held(struct db *db, int64_t entry, int held, struct error *e)
{
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    if (held)
        return record_hold_entry(db, entry, e);
    code = log_set_held(db, entry, 0, e);
    return code != 0 ? code : apply_released(db, entry, e);
}

int record_refresh(struct db *db, const struct change *c, struct error *e)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    static const struct record_view nothing_known = {0, NULL, NULL, 0, 1, 1};
    struct log_entry entry;
    struct standing standing;
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    if (kind == NULL)
        return 0;
    memset(&entry, 0, offsetof(struct log_entry, change));
    entry.change = *c;
    if ((code = look_up(db, &entry, &standing, e)) != 0 || !standing.placed || standing.kind != c->kind ||
        !id_equal(&standing.scope, &c->scope))
        return code;
    return record_show_change(db, kind, &entry, &nothing_known, e);
}

/* --- making anew --- */

/* Deletes a row of a kind's table, or all that a scope has in it. */
static int delete_rows(struct db *db, const struct schema_kind *kind, const char *column, const struct id *id,
                       struct error *e)
{
    struct record_text sql = {NULL, 0, 0, 0};
    char text[ID_TEXT];
    int code;
    id_format(id, text);
    record_text_words(&sql, "DELETE FROM \"");
    record_text_words(&sql, kind->name);
    record_text_words(&sql, "\" WHERE ");
    record_text_words(&sql, column);
    record_text_words(&sql, " = ?");
    record_text_add(&sql, "", 1);
    if ((code = record_text_check(&sql, e)) == 0)
        code = db_run(db, e, sql.p, "t", text);
    record_text_free(&sql);
    return code;
}

static int forget_record(struct db *db, const struct id *record, struct error *e)
{
    static const char *const all[] = {"DELETE FROM op WHERE record = ?",
                                      "DELETE FROM superseded WHERE record = ?",
                                      "DELETE FROM conflict WHERE record = ?",
                                      "DELETE FROM background WHERE record = ?",
                                      "DELETE FROM place WHERE record = ?",
                                      "DELETE FROM applied WHERE entry IN (SELECT id FROM entry WHERE record = ?)"};
    struct record_place place;
    int code = record_find(db, record, &place, e);
    if (code == E_NOT_FOUND)
        code = 0;
    if (code == 0 && place.kind != NULL)
        code = delete_rows(db, place.kind, "id", record, e);
    for (size_t i = 0; code == 0 && i < sizeof all / sizeof *all; i++)
        code = db_run(db, e, all[i], "d", record);
    return code;
}

int record_redo(struct db *db, const struct id *record, struct error *e)
{
    struct log_entry entry;
    struct standing standing;
    sqlite3_stmt *s;
    int row, code;
    if ((code = forget_record(db, record, e)) != 0 ||
        (code = db_query(db, &s, e,
                         "SELECT " ENTRY_COLUMNS " FROM entry WHERE record = ? ORDER BY position IS NULL, position, id",
                         "d", record)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = read_entry(s, &entry, e)) != 0 || (code = look_up(db, &entry, &standing, e)) != 0 ||
            (!standing.held && (code = take_ops(db, &entry, &standing, e)) != 0)) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? e->code : 0;
}

#define DROP_TABLES                                                                                                    \
    "DROP TABLE IF EXISTS op; DROP TABLE IF EXISTS superseded; DROP TABLE IF EXISTS applied;"                          \
    "DROP TABLE IF EXISTS place; DROP TABLE IF EXISTS conflict; DROP TABLE IF EXISTS held;"                            \
    "DROP TABLE IF EXISTS background;"

static int apply_each(void *arg, struct log_entry *entry, struct error *e)
{
    return record_apply(arg, entry, e);
}

int record_rebuild(struct db *db, struct error *e)
{
    const struct schema_kind *kinds;
    struct error own;
    size_t count;
    int code;
    if (e == NULL)
        e = &own;
    if ((code = db_exec(db, DROP_TABLES, e)) != 0)
        return code;
    kinds = schema_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS \"%s\"", kinds[i].name);
        if ((code = db_exec(db, sql, e)) != 0)
            return code;
    }
    if ((code = record_create(db, e)) != 0)
        return code;
    return log_each(db, 0, apply_each, db, e);
}

/* --- letting go --- */

static int has_unsent(struct db *db, const struct id *scope, int *found, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT 1 FROM entry WHERE scope = ? AND position IS NULL LIMIT 1", "d", scope)) !=
        0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return e->code;
    if (row == 1)
        db_done(db, s);
    *found = row == 1;
    return 0;
}

int record_purge(struct db *db, const struct id *scope, struct error *e)
{
    static const char *const all[] = {
        "DELETE FROM op WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM superseded WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM conflict WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM background WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM held WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM applied WHERE entry IN (SELECT id FROM entry WHERE scope = ?)",
        "DELETE FROM place WHERE scope = ?",
        "DELETE FROM entry WHERE scope = ?"};
    const struct schema_kind *kinds;
    struct error own;
    char text[ID_TEXT];
    size_t count;
    int unsent = 0, code;
    if (e == NULL)
        e = &own;
    if ((code = has_unsent(db, scope, &unsent, e)) != 0)
        return code;
    if (unsent) {
        id_format(scope, text);
        return error_set(e, E_REFUSED, "%s has changes that the office has not got yet; sync first", text);
    }
    kinds = schema_kinds(&count);
    for (size_t i = 0; i < count && code == 0; i++)
        code = delete_rows(db, &kinds[i], "scope", scope, e);
    for (size_t i = 0; i < sizeof all / sizeof *all && code == 0; i++)
        code = db_run(db, e, all[i], "d", scope);
    return code;
}

/* --- reading --- */

int record_find(struct db *db, const struct id *record, struct record_place *out, struct error *e)
{
    struct error own;
    char text[ID_TEXT];
    sqlite3_stmt *s;
    int row, code;
    if (e == NULL)
        e = &own;
    memset(out, 0, sizeof *out);
    if ((code = db_query(db, &s, e, "SELECT kind, scope, voided FROM place WHERE record = ?", "d", record)) != 0)
        return code;
    if ((row = db_next(db, s, e)) < 0)
        return e->code;
    if (row == 1) {
        out->kind = schema_kind((unsigned)db_uint(s, 0));
        out->scope = db_id(s, 1);
        out->voided = db_int(s, 2) != 0;
        db_done(db, s);
    }
    if (out->kind != NULL)
        return 0;
    id_format(record, text);
    return error_set(e, E_NOT_FOUND, "there is no record %s here", text);
}

/* One row of conflict. Fields that this version does not know have none. */
static int read_conflict(sqlite3_stmt *s, struct record_conflict *out)
{
    out->record = db_id(s, 0);
    out->scope = db_id(s, 1);
    out->kind = schema_kind((unsigned)db_uint(s, 2));
    out->field = out->kind == NULL ? NULL : schema_field(out->kind, (unsigned)db_uint(s, 3));
    out->loud = db_int(s, 4) != 0;
    out->count = (unsigned)db_uint(s, 5);
    return out->field != NULL;
}

int record_conflicts(struct db *db, int (*each)(void *arg, const struct record_conflict *c, struct error *e), void *arg,
                     struct error *e)
{
    struct record_conflict conflict;
    struct error own;
    sqlite3_stmt *s;
    int row, code;
    if (e == NULL)
        e = &own;
    if ((code = db_query(db, &s, e,
                         "SELECT conflict.record, conflict.scope, conflict.kind, field, loud, count "
                         "FROM conflict JOIN place ON place.record = conflict.record WHERE place.voided = 0 "
                         "ORDER BY loud DESC, conflict.record, field",
                         "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if (read_conflict(s, &conflict) && (code = each(arg, &conflict, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? e->code : 0;
}
