/* Remembers which of this person's values others replaced by a decision, until the person has been told. */
#include "decided.h"

#include <stdlib.h>
#include <string.h>

#include "review.h"
#include "schema.h"

/* --- remembering --- */

static int remember_decision(struct db *db, const struct change *c, size_t number, struct slice mine, struct error *e)
{
    const struct change_op *op = &c->ops[number];
    return db_run(db, e,
                  "INSERT OR IGNORE INTO decided(device, epoch, seq, op, record, kind, field, scope, author, wall, "
                  "value, mine) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
                  "duuuduuddubb", &c->device, c->epoch, c->seq, (uint64_t)number, &c->record, (uint64_t)c->kind,
                  (uint64_t)op->field, &c->scope, &c->author, c->wall_ms, op->value, mine);
}

/* The values that op `number` of a change replaces, as far as they are in this log. */
struct replaced {
    struct db *db;
    const struct id *person; /* whose laptop this is */
    const struct change *change;
    size_t number;
    struct log_entry entry;   /* room for the change that is looked at */
    struct log_memory memory; /* its bytes */
    struct slice first;       /* a copy of the first value; p NULL: there is none yet */
    struct slice mine;        /* a copy of the last that this person wrote; p NULL: there is none */
    int differ;               /* 1: the values are not all the same, or some are not here */
};

static int copy(struct slice *out, struct slice value, struct error *e)
{
    uint8_t *bytes = malloc(value.size + 1);
    if (bytes == NULL)
        return error_memory(e);
    memcpy(bytes, value.p, value.size);
    free((void *)out->p);
    *out = (struct slice){bytes, value.size};
    return 0;
}

/* Adds what the op with this dot wrote. */
static int add_replaced(struct replaced *r, const struct dot *dot, struct error *e)
{
    int64_t id = log_find(r->db, &dot->device, dot->epoch, dot->seq, NULL, e);
    const struct change *old = &r->entry.change;
    struct slice value;
    int code = 0;
    if (id < 0)
        return error_code(e);
    if (id != 0 && (code = log_load(r->db, id, 1, &r->memory, &r->entry, e)) != 0)
        return code;
    if (id == 0 || dot->index >= old->op_count) {
        r->differ = 1;
        return 0;
    }
    /* An op that supersedes one of another record or field has no effect on it. */
    if (!id_equal(&old->record, &r->change->record) || old->ops[dot->index].field != r->change->ops[r->number].field)
        return 0;
    value = old->ops[dot->index].value;
    r->differ |= r->first.p != NULL && !slice_equal(r->first, value);
    if (r->first.p == NULL)
        code = copy(&r->first, value, e);
    if (code == 0 && id_equal(&old->author, r->person))
        code = copy(&r->mine, value, e);
    return code;
}

/* 1: the field is a text whose versions were merged without overlap, so writing on is no decision between them; 0: it
 * is not; -1: failed. */
static int is_brought_together(struct db *db, const struct change *c, const struct schema_field *field, struct error *e)
{
    if (!schema_traits(field)->is_narrative)
        return 0;
    return db_exists(db, e, "SELECT 1 FROM conflict WHERE record = ? AND field = ? AND loud = 0", "du", &c->record,
                     (uint64_t)field->number);
}

/* Remembers an op that replaces several values, one of them this person's. */
static int remember_field(struct db *db, const struct id *person, const struct change *c, size_t number,
                          struct error *e)
{
    struct replaced *r;
    struct unpack dots;
    size_t left = change_supersedes(&c->ops[number], &dots);
    int code = 0;
    if (left < 2)
        return 0;
    if ((r = calloc(1, sizeof *r)) == NULL)
        return error_memory(e);
    r->db = db;
    r->person = person;
    r->change = c;
    r->number = number;
    for (; code == 0 && left > 0; left--) {
        struct dot dot = dot_unpack(&dots);
        code = add_replaced(r, &dot, e);
    }
    if (code == 0 && r->mine.p != NULL && r->differ)
        code = remember_decision(db, c, number, r->mine, e);
    free((void *)r->first.p);
    free((void *)r->mine.p);
    log_memory_free(&r->memory);
    free(r);
    return code;
}

/* Remembers an op that decides a contested void: it writes the void field. The decision concerns those who voided the
 * record, and those who went on writing in it. */
static int remember_void(struct db *db, const struct id *person, const struct change *c, size_t number, struct error *e)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    struct record_conflict conflict = {c->record, c->scope, kind, schema_field(kind, FIELD_VOID), 1, 0};
    const struct record_op *mine = NULL;
    struct review r;
    int concerned = 0, code = review_load(db, &conflict, &r, e);
    if (code == 0 && r.field.shown.conflict == MERGE_LOUD) {
        for (size_t i = 0; i < r.field.count; i++)
            if (id_equal(&r.field.ops[i].author, person))
                mine = &r.field.ops[i];
        for (size_t i = 0; i < r.beside_count; i++)
            concerned |= id_equal(&r.beside[i].author, person);
        if (mine != NULL || concerned)
            code = remember_decision(db, c, number, mine != NULL ? mine->merge.value : (struct slice){NULL, 0}, e);
    }
    review_free(&r);
    return code;
}

static int holds_one(const struct schema_field *field)
{
    return schema_holds_one(field) && !schema_traits(field)->is_amended;
}

int decided_remember(struct db *db, const struct id *person, const struct change *c, struct error *e)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    int code = 0, together;
    if (kind == NULL || id_equal(&c->author, person))
        return 0;
    for (size_t i = 0; code == 0 && i < c->op_count; i++) {
        const struct schema_field *field = schema_field(kind, c->ops[i].field);
        if (field == NULL || !holds_one(field))
            continue;
        if (field->number == FIELD_VOID)
            code = remember_void(db, person, c, i, e);
        else if ((together = is_brought_together(db, c, field, e)) < 0)
            code = error_code(e);
        else if (!together)
            code = remember_field(db, person, c, i, e);
    }
    return code;
}

int decided_forget(struct db *db, const struct id *scope, struct error *e)
{
    return db_run(db, e, "DELETE FROM decided WHERE scope = ?", "d", scope);
}

/* --- what has been told --- */

int decided_count(struct db *db, uint64_t *count, struct error *e)
{
    return db_number_of(db, count, e, "SELECT count(*) FROM decided WHERE told < 2", "");
}

static int mark_told(struct store *s, const char *sql, struct error *e)
{
    int code = store_begin(s, e);
    if (code != 0)
        return code;
    if ((code = db_run(s->db, e, sql, "")) != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}

int decided_told(struct store *s, struct error *e)
{
    return mark_told(s, "UPDATE decided SET told = 1 WHERE told = 0", e);
}

int decided_looked_at(struct store *s, struct error *e)
{
    return mark_told(s, "UPDATE decided SET told = 2 WHERE told < 2", e);
}
