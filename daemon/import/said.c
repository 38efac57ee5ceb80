/* Reads the ops that imports wrote to a record. */
#include "said.h"

#include <stdlib.h>
#include <string.h>

/* 1: the session is an import; *undoes: not 0 if it is one that takes another back. 0: it is none; -1: failed. */
static int is_import(struct db *db, const struct id *session, int *undoes, struct error *e)
{
    sqlite3_stmt *s;
    int row = db_first(db, &s, e, "SELECT undoes IS NOT NULL FROM \"import\" WHERE id = id_text(?)", "d", session);
    if (row != 1)
        return row;
    *undoes = (int)db_int(s, 0);
    db_done(db, s);
    return 1;
}

/* --- loading --- */

static int make_room_for_said(struct said *s, size_t ops, struct error *e)
{
    if (s->entry_count == s->entry_room) {
        size_t room = 2 * s->entry_room + 4;
        struct log_memory *more = realloc(s->entries, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        s->entries = more;
        s->entry_room = room;
    }
    if (s->room - s->count < ops) {
        size_t room = 2 * s->room + ops;
        struct said_op *more = realloc(s->ops, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        s->ops = more;
        s->room = room;
    }
    return 0;
}

/* Marks what an op of a taking back names: it counts as not said. */
static void take_back(struct said *s, const struct change_op *op)
{
    struct unpack r;
    for (size_t left = change_supersedes(op, &r); left > 0; left--) {
        struct dot dot = dot_unpack(&r);
        for (size_t i = 0; i < s->count && !r.failed; i++)
            s->ops[i].is_undone |= dot_equal(&s->ops[i].dot, &dot);
    }
}

static int add_entry(struct db *db, int64_t id, int undoes, struct said *s, struct error *e)
{
    struct log_memory *memory;
    struct log_entry *entry = malloc(sizeof *entry);
    const struct change *c;
    int code = entry == NULL ? error_memory(e) : make_room_for_said(s, 0, e);
    if (code != 0) {
        free(entry);
        return code;
    }
    memory = &s->entries[s->entry_count++];
    *memory = (struct log_memory){NULL, 0};
    c = &entry->change;
    if ((code = log_load(db, id, 1, memory, entry, e)) == 0 && (code = make_room_for_said(s, c->op_count, e)) == 0) {
        for (size_t i = 0; i < c->op_count; i++) {
            if (undoes)
                take_back(s, &c->ops[i]);
            s->ops[s->count++] = (struct said_op){c->ops[i].field, c->ops[i].action,
                                                  c->ops[i].value, {c->device, c->epoch, c->seq, (unsigned)i},
                                                  undoes,          0};
        }
    }
    free(entry);
    return code;
}

int said_load(struct db *db, const struct id *office, const struct id *record, struct said *out, struct error *e)
{
    struct change *c = malloc(sizeof *c);
    sqlite3_stmt *s;
    int row = 0, is = 0, undoes = 0, code;
    *out = (struct said){0, 0, NULL, 0, 0, NULL};
    if (c == NULL)
        return error_memory(e);
    code = db_query(db, &s, e,
                    "SELECT id, header FROM entry WHERE record = ? AND device = ? AND held = 0 ORDER BY position", "dd",
                    record, office);
    while (code == 0 && (row = db_next(db, s, e)) == 1) {
        if ((code = change_read_known(db_slice(s, 1), c, e)) == 0 && (is = is_import(db, &c->session, &undoes, e)) < 0)
            code = error_code(e);
        if (code == 0 && is)
            code = add_entry(db, db_int(s, 0), undoes, out, e);
        if (code != 0)
            db_done(db, s);
    }
    free(c);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

void said_free(struct said *s)
{
    for (size_t i = 0; i < s->entry_count; i++)
        log_memory_free(&s->entries[i]);
    free(s->entries);
    free(s->ops);
    *s = (struct said){0, 0, NULL, 0, 0, NULL};
}

/* --- asking --- */

static int counts(const struct said_op *op, unsigned field)
{
    return op->field == field && !op->is_undo && !op->is_undone;
}

const struct said_op *said_last(const struct said *s, unsigned field)
{
    for (size_t i = s->count; i > 0; i--)
        if (counts(&s->ops[i - 1], field))
            return &s->ops[i - 1];
    return NULL;
}

const struct said_op *said_element(const struct said *s, unsigned field, struct slice value)
{
    for (size_t i = s->count; i > 0; i--)
        if (counts(&s->ops[i - 1], field) && slice_equal(s->ops[i - 1].value, value))
            return &s->ops[i - 1];
    return NULL;
}

int said_holds(const struct said *s, const struct said_op *op)
{
    return op->action != CHANGE_REMOVE && op == said_element(s, op->field, op->value);
}

int said_wrote(const struct said *s, const struct dot *dot)
{
    for (size_t i = 0; i < s->count; i++)
        if (dot_equal(&s->ops[i].dot, dot))
            return 1;
    return 0;
}

int said_erased(const struct said *s, unsigned field)
{
    for (size_t i = 0; i < s->count; i++)
        if (counts(&s->ops[i], field) && s->ops[i].value.size == 0)
            return 1;
    return 0;
}
