/* Applying an entry of the log to the live ops.
 *
 *   The table op has what lives. A change takes out of it what its ops supersede, and puts its own ops in, unless
 * another change has superseded them already. The order in which changes come must not matter: so a dot that is
 * superseded before it is applied is written into superseded, and an entry is applied once and never again (applied):
 *
 *     the named op is    live              it is taken out of op
 *                        applied, dead     nothing is done: it can never come back
 *                        not applied yet   a row in superseded waits for it
 *
 *   An op is not applied yet if it has not arrived, was left out of a compact scope, or is held. An op supersedes ops
 * of its own record and field alone. An op that came masked (it is dead at the office) is not put in, but what it names
 *   is dead all the same.
 *
 *   A record stands where its first change says (place). A change that names another kind or scope is not applied. At
 *   the office, and in a replay, first means first in the log.
 *
 * Then every field that the change touches is shown anew (record_show.c), it is decided whether the record is voided
 * (record_void.c), and if it is a hold or an erasure, the entry that it names follows it (record_hold.c,
 * record_erase.c). */
#include "record_private.h"

#include <stdlib.h>
#include <string.h>

#include "skeleton.h"

/* --- applying one entry --- */

/* What the store knows of an entry before it is applied. */
struct standing {
    int held, applied;
    int awaited; /* superseded has dots of this change */
    int may_have_conflict;
    int placed;
    uint64_t kind;
    struct id scope;
};

static int find_standing(struct db *db, const struct log_entry *entry, struct standing *out, struct error *e)
{
    static const char sql[] = "SELECT coalesce((SELECT held FROM entry WHERE id = ?1), 0)"
                              " OR EXISTS(SELECT 1 FROM held WHERE device = ?2 AND epoch = ?3 AND seq = ?4),"
                              " EXISTS(SELECT 1 FROM applied WHERE entry = ?1),"
                              " EXISTS(SELECT 1 FROM superseded WHERE device = ?2 AND epoch = ?3 AND seq = ?4),"
                              " EXISTS(SELECT 1 FROM conflict WHERE record = ?5),"
                              " place.kind, place.scope FROM (SELECT 1) LEFT JOIN place ON place.record = ?5";
    const struct change *c = &entry->change;
    sqlite3_stmt *s;
    memset(out, 0, sizeof *out);
    if (db_first(db, &s, e, sql, "iduud", entry->id, &c->device, c->epoch, c->seq, &c->record) != 1)
        return e->code;
    out->held = db_int(s, 0) != 0;
    out->applied = db_int(s, 1) != 0;
    out->awaited = db_int(s, 2) != 0;
    out->may_have_conflict = db_int(s, 3) != 0;
    out->placed = !db_is_null(s, 4);
    out->kind = db_uint(s, 4);
    out->scope = db_id(s, 5);
    db_done(db, s);
    return 0;
}

#define OP_ROW "(?1,?2,?,?,?,?,?)"
#define INSERT_OP "INSERT OR FAIL INTO op(record, entry, field, op, action, at, size) VALUES" OP_ROW
enum { OP_ROW_ITEMS = 5, OP_ROWS_MAX = 8 };

/* Inserts up to OP_ROWS_MAX ops with one statement; most changes need no second one. OR FAIL spares SQLite a copy of
 * each page, which it would need to undo the first rows if a later one failed: the caller then rolls everything back.
 */
static int insert_rows(struct db *db, const struct log_entry *entry, const uint8_t *ops, size_t count, struct error *e)
{
    static const char *const sql[OP_ROWS_MAX] = {
        INSERT_OP,
        INSERT_OP "," OP_ROW,
        INSERT_OP "," OP_ROW "," OP_ROW,
        INSERT_OP "," OP_ROW "," OP_ROW "," OP_ROW,
        INSERT_OP "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW,
        INSERT_OP "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW,
        INSERT_OP "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW,
        INSERT_OP "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW "," OP_ROW};
    const struct change *c = &entry->change;
    char format[3 + OP_ROW_ITEMS * OP_ROWS_MAX];
    sqlite3_stmt *s;
    int code, rc = SQLITE_OK;
    /* Bind every value of the rows as NULL first. */
    memset(format, 'n', sizeof format);
    format[0] = 'd';
    format[1] = 'i';
    format[2 + OP_ROW_ITEMS * count] = 0;
    if ((code = db_query(db, &s, e, sql[count - 1], format, &c->record, entry->id)) != 0)
        return code;
    for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
        const struct change_op *op = &c->ops[ops[i]];
        const uint8_t *start = c->body.p != NULL ? c->body.p : c->skeleton.p;
        const int64_t row[OP_ROW_ITEMS] = {op->field, ops[i], op->action, op->value.size == 0 ? 0 : op->value.p - start,
                                           (int64_t)op->value.size};
        for (int k = 0; k < OP_ROW_ITEMS && rc == SQLITE_OK; k++)
            rc = sqlite3_bind_int64(s, 3 + (int)i * OP_ROW_ITEMS + k, row[k]);
    }
    if (rc != SQLITE_OK) {
        db_done(db, s);
        return error_memory(e);
    }
    return db_next(db, s, e) < 0 ? e->code : 0;
}

/* Writes into newer that an op is on a field that this version does not know, so that a person can be told. */
static int note_newer(struct db *db, const struct change *c, const struct change_op *op, struct error *e)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    if (kind != NULL && schema_field(kind, op->field) != NULL)
        return 0;
    return db_run(db, e, "INSERT OR IGNORE INTO newer(record, field, kind, scope) VALUES(?,?,?,?)", "duud", &c->record,
                  (uint64_t)op->field, (uint64_t)c->kind, &c->scope);
}

/* Puts the live ops of an entry into op, and the entry into applied. */
static int insert_ops(struct db *db, const struct log_entry *entry, const uint8_t *live, struct error *e)
{
    const struct change *c = &entry->change;
    uint8_t mask[CHANGE_MASK_MAX] = {0}, ops[CHANGE_OPS_MAX];
    size_t count = 0;
    int code = 0;
    for (size_t i = 0; i < c->op_count && code == 0; i++) {
        if (!live[i])
            continue;
        code = note_newer(db, c, &c->ops[i], e);
        ops[count++] = (uint8_t)i;
        mask[i / 8] |= (uint8_t)(1u << i % 8);
    }
    for (size_t i = 0; i < count && code == 0; i += OP_ROWS_MAX)
        code = insert_rows(db, entry, ops + i, count - i < OP_ROWS_MAX ? count - i : OP_ROWS_MAX, e);
    if (code != 0)
        return code;
    return db_run(db, e, "INSERT INTO applied(entry, live) VALUES(?,?)", "ib", entry->id,
                  (struct slice){count != 0 ? mask : NULL, (c->op_count + 7) / 8});
}

static int is_masked(const struct log_entry *entry, size_t op)
{
    if (entry->mask.p == NULL)
        return 0;
    return op / 8 >= entry->mask.size || (entry->mask.p[op / 8] >> op % 8 & 1) == 0;
}

/* Brings the ops of an entry into the record. standing: what was looked up before. */
static int take_ops(struct db *db, const struct log_entry *entry, const struct standing *standing, struct error *e)
{
    const struct change *c = &entry->change;
    const struct schema_kind *kind = schema_kind(c->kind);
    uint8_t live[CHANGE_OPS_MAX] = {0};
    struct record_living living;
    struct record_view view;
    int awaited = standing->awaited, code;
    /* 1. Find the record's place. A change without ops (its body is gone, and no skeleton is known) makes no record;
     * one that names another place than the record's changes nothing. */
    if (c->op_count == 0 || (standing->placed && (standing->kind != c->kind || !id_equal(&standing->scope, &c->scope))))
        return 0;
    if (!standing->placed && (code = db_run(db, e, "INSERT INTO place(record, kind, scope) VALUES(?,?,?)", "dud",
                                            &c->record, (uint64_t)c->kind, &c->scope)) != 0)
        return code;
    /* 2. End what it supersedes, whether or not its own ops live. */
    living.known = 1;
    living.count = 0;
    if ((standing->placed && (code = record_living_list(db, &c->record, &living, e)) != 0) ||
        (code = record_living_end(db, c, &living, &awaited, e)) != 0)
        return code;
    /* 3. Insert those of its ops that live. */
    for (size_t i = 0; i < c->op_count; i++)
        live[i] = !is_masked(entry, i);
    if ((awaited && (code = record_mask_awaited(db, c, live, e)) != 0) || (code = insert_ops(db, entry, live, e)) != 0)
        return code;
    /* 4. Show its fields anew. */
    view = (struct record_view){&living, live, standing->may_have_conflict};
    if (kind != NULL && (code = record_show_change(db, kind, entry, &view, e)) != 0)
        return code;
    if (c->kind == KIND_ERASURE && (code = record_erase_follow(db, c, e)) != 0)
        return code;
    /* 5. See whether it contests a closing, or is one. */
    return record_closing_follow(db, entry->id, c, e);
}

/* Applies one entry. *released: an entry that it released, to be applied next; 0: none. */
static int apply_one(struct db *db, const struct log_entry *entry, int64_t *released, struct error *e)
{
    struct standing standing;
    struct id record = entry->change.record;
    int code;
    *released = 0;
    if ((code = find_standing(db, entry, &standing, e)) != 0)
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
#define ENTRY_COLUMNS "id, position, received, held, mask, header, body, " LOG_SKELETON

static int read_entry(sqlite3_stmt *s, struct log_entry *out, struct error *e)
{
    out->id = db_int(s, 0);
    out->position = db_is_null(s, 1) ? LOG_NO_POSITION : db_uint(s, 1);
    out->received_ms = db_uint(s, 2);
    out->held = db_int(s, 3) != 0;
    out->mask = db_slice(s, 4);
    if (skeleton_change(db_slice(s, 5), db_slice(s, 6), db_slice(s, 7), &out->change, e) != 0) {
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
    if ((row = db_first(db, &s, e, "SELECT " ENTRY_COLUMNS " FROM entry WHERE id = ?", "i", id)) < 0)
        return e->code;
    if (row == 0)
        return error_set(e, E_NOT_FOUND, "the log has no entry %lld", (long long)id);
    if ((code = read_entry(s, &entry, e)) == 0)
        code = apply_one(db, &entry, released, e);
    db_done(db, s);
    return code;
}

/* Applies a released entry. It may be a hold itself that releases another. This ends, since every such entry was
 * waiting and is applied once. */
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
    int code, again;
    if (e == NULL)
        e = &own;
    if ((again = record_erase_late(db, entry, e)) < 0)
        return e->code;
    code = again ? apply_stored(db, entry->id, &released, e) : apply_one(db, entry, &released, e);
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
    static const struct record_living unknown = {.known = 0};
    static const struct record_view nothing_known = {&unknown, NULL, 1};
    struct log_entry entry;
    struct standing standing;
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    if (kind == NULL)
        return 0;
    if (c->body.p == NULL)
        return record_redo(db, &c->record, e); /* the skeleton that the store has may not be in c */
    memset(&entry, 0, offsetof(struct log_entry, change));
    entry.change = *c;
    if ((code = find_standing(db, &entry, &standing, e)) != 0 || !standing.placed || standing.kind != c->kind ||
        !id_equal(&standing.scope, &c->scope))
        return code;
    if ((code = record_show_change(db, kind, &entry, &nothing_known, e)) != 0)
        return code;
    return record_closing_scope(db, &c->scope, e);
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
                                      "DELETE FROM closing WHERE record = ?",
                                      "DELETE FROM background WHERE record = ?",
                                      "DELETE FROM newer WHERE record = ?",
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
    struct record_place place;
    sqlite3_stmt *s;
    int row, code;
    code = record_find(db, record, &place, e); /* of a kind that is not known it gives the scope as well */
    if ((code != 0 && code != E_NOT_FOUND) || (code = forget_record(db, record, e)) != 0 ||
        (code = db_query(db, &s, e,
                         "SELECT " ENTRY_COLUMNS " FROM entry WHERE record = ? ORDER BY position IS NULL, position, id",
                         "d", record)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = read_entry(s, &entry, e)) != 0 || (code = find_standing(db, &entry, &standing, e)) != 0 ||
            (!standing.held && (code = take_ops(db, &entry, &standing, e)) != 0)) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? e->code : record_closing_scope(db, &place.scope, e);
}

#define DROP_TABLES                                                                                                    \
    "DROP TABLE IF EXISTS op; DROP TABLE IF EXISTS superseded; DROP TABLE IF EXISTS applied;"                          \
    "DROP TABLE IF EXISTS place; DROP TABLE IF EXISTS conflict; DROP TABLE IF EXISTS held;"                            \
    "DROP TABLE IF EXISTS closing;"                                                                                    \
    "DROP TABLE IF EXISTS background; DROP TABLE IF EXISTS newer; DROP TABLE IF EXISTS scope_digest;"                  \
    "DROP TABLE IF EXISTS person_link;"

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
    if ((code = db_exec(db, "DELETE FROM erased;" DROP_TABLES, e)) != 0)
        return code;
    kinds = schema_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS \"%s\"", kinds[i].name);
        if ((code = db_exec(db, sql, e)) != 0)
            return code;
    }
    if ((code = record_make(db, e)) != 0)
        return code;
    return log_each(db, 0, apply_each, db, e);
}

/* --- letting go --- */

static int has_unsent(struct db *db, const struct id *scope, int *found, struct error *e)
{
    int row;
    if ((row = db_exists(db, e, "SELECT 1 FROM entry WHERE scope = ? AND position IS NULL LIMIT 1", "d", scope)) < 0)
        return e->code;
    *found = row == 1;
    return 0;
}

int record_purge(struct db *db, const struct id *scope, struct error *e)
{
    static const char *const all[] = {
        "DELETE FROM op WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM superseded WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM conflict WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM closing WHERE scope = ?",
        "DELETE FROM background WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM held WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM newer WHERE record IN (SELECT record FROM place WHERE scope = ?)",
        "DELETE FROM applied WHERE entry IN (SELECT id FROM entry WHERE scope = ?)",
        "DELETE FROM place WHERE scope = ?",
        "DELETE FROM erased WHERE scope = ?",
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
    unsigned kind = 0;
    sqlite3_stmt *s;
    int row;
    if (e == NULL)
        e = &own;
    memset(out, 0, sizeof *out);
    if ((row = db_first(db, &s, e, "SELECT kind, scope, voided FROM place WHERE record = ?", "d", record)) < 0)
        return e->code;
    if (row == 1) {
        kind = (unsigned)db_uint(s, 0);
        out->kind = schema_kind(kind);
        out->scope = db_id(s, 1);
        out->voided = db_int(s, 2) != 0;
        db_done(db, s);
    }
    if (out->kind != NULL)
        return 0;
    id_format(record, text);
    if (row == 1)
        return error_set(e, E_NOT_FOUND,
                         "record %s is of kind %u, which is newer than this program: it is kept; update the program",
                         text, kind);
    return error_set(e, E_NOT_FOUND, "there is no record %s here", text);
}

/* Reads a row of conflict. Fields that this version does not know have none. */
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
                         "SELECT conflict.record, conflict.scope, conflict.kind, conflict.field, loud, "
                         "(SELECT count(*) FROM op WHERE op.record = conflict.record AND op.field = conflict.field) "
                         "FROM conflict JOIN place ON place.record = conflict.record WHERE place.voided = 0 "
                         "ORDER BY loud DESC, conflict.record, conflict.field",
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
