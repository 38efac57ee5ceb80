#include "caseload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "record.h"
#include "schema.h"
#include "wire_limits.h"

int caseload_compare(const void *a, const void *b)
{
    return id_compare(a, b);
}

void caseload_free(struct caseload *l)
{
    free(l->scopes);
    l->scopes = NULL;
    l->count = 0;
}

int caseload_has(const struct caseload *l, const struct id *scope)
{
    return l->count != 0 && bsearch(scope, l->scopes, l->count, sizeof *l->scopes, caseload_compare) != NULL;
}

int caseload_load(struct central *c, const struct id *user, struct caseload *out, struct error *e)
{
    static const char sql[] =
        "SELECT scope FROM assignment WHERE \"user\" = ?1 AND status = 'active' AND voided = 0 UNION "
        "SELECT client FROM \"case\" WHERE client IS NOT NULL AND id IN "
        "(SELECT scope FROM assignment WHERE \"user\" = ?1 AND status = 'active' AND voided = 0) "
        "EXCEPT SELECT '00000000-0000-0000-0000-000000000000'";
    char text[ID_TEXT];
    sqlite3_stmt *s;
    size_t room = 64;
    int row, code;
    id_format(user, text);
    out->count = 0;
    if ((out->scopes = malloc(room * sizeof *out->scopes)) == NULL)
        return error_set(e, E_MEMORY, "there is no memory left for a caseload");
    memset(&out->scopes[out->count++], 0, sizeof *out->scopes); /* what is office-wide */
    if ((code = db_query(c->db, &s, e, sql, "t", text)) != 0)
        goto fail;
    while ((row = db_next(c->db, s, e)) == 1) {
        if (out->count == LIMITS_CASELOAD_MAX) {
            code = error_set(e, E_LIMIT, "the caseload of user %s has more than %d cases and clients", text,
                             LIMITS_CASELOAD_MAX);
        } else if (out->count == room) {
            struct id *more = realloc(out->scopes, 2 * room * sizeof *more);
            if (more == NULL) {
                code = error_set(e, E_MEMORY, "there is no memory left for a caseload");
            } else {
                out->scopes = more;
                room *= 2;
            }
        }
        if (code != 0 || (code = id_parse(db_text(s, 0), &out->scopes[out->count], e)) != 0) {
            db_done(c->db, s);
            goto fail;
        }
        out->count++;
    }
    if (row < 0) {
        code = e != NULL ? e->code : E_IO;
        goto fail;
    }
    qsort(out->scopes, out->count, sizeof *out->scopes, caseload_compare);
    return 0;
fail:
    caseload_free(out);
    return code;
}

/* --- judging a change --- */

/* 1: nothing of the scope has been applied yet, or this device made it and nobody holds it yet; 0: no; -1: failed. */
static int is_unclaimed(struct central *c, const struct id *scope, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    char text[ID_TEXT];
    struct id maker;
    int row;
    if (db_query(c->db, &s, e, "SELECT device FROM entry WHERE scope = ? AND held = 0 ORDER BY position LIMIT 1", "d",
                 scope) != 0)
        return -1;
    if ((row = db_next(c->db, s, e)) <= 0)
        return row < 0 ? -1 : 1;
    maker = db_id(s, 0);
    db_done(c->db, s);
    if (!id_equal(&maker, device))
        return 0;
    id_format(scope, text);
    if (db_query(c->db, &s, e, "SELECT 1 FROM assignment WHERE scope = ? LIMIT 1", "t", text) != 0)
        return -1;
    if ((row = db_next(c->db, s, e)) == 1)
        db_done(c->db, s);
    return row < 0 ? -1 : !row;
}

/* A case or person taken down in the field by this device: unclaimed, and every case that names the person is, too. */
static int is_taken_down_here(struct central *c, const struct id *scope, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    char text[ID_TEXT];
    int row, answer = is_unclaimed(c, scope, device, e);
    if (answer != 1)
        return answer;
    id_format(scope, text);
    if (db_query(c->db, &s, e, "SELECT id FROM \"case\" WHERE client = ?", "t", text) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        struct id naming;
        answer = id_parse(db_text(s, 0), &naming, e) != 0 ? -1 : is_unclaimed(c, &naming, device, e);
        if (answer != 1) {
            db_done(c->db, s);
            return answer;
        }
    }
    return row < 0 ? -1 : 1;
}

static int may_touch(struct central *c, const struct caseload *l, const struct id *scope, const struct id *device,
                     struct error *e)
{
    return caseload_has(l, scope) ? 1 : is_taken_down_here(c, scope, device, e);
}

/* Does the record stand where records of its kind stand, and where it stood before? A kind that this version does not
 * know stands in cases and persons alone: a newer office may keep what is office-wide to itself. */
static int is_in_place(struct central *c, const struct change *change, struct error *e)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    struct id scope;
    sqlite3_stmt *s;
    int row, same;
    switch (kind != NULL ? kind->place : SCHEMA_CASE) {
    case SCHEMA_OFFICE:
        if (!id_is_zero(&change->scope))
            return 0;
        break;
    case SCHEMA_CLIENT:
        if (!id_equal(&change->scope, &change->record))
            return 0;
        break;
    case SCHEMA_CASE:
        if (id_is_zero(&change->scope) ||
            (kind != NULL && (kind->number == KIND_CASE) != id_equal(&change->scope, &change->record)))
            return 0;
        break;
    }
    if (db_query(c->db, &s, e, "SELECT kind, scope FROM place WHERE record = ?", "d", &change->record) != 0 ||
        (row = db_next(c->db, s, e)) < 0)
        return -1;
    if (row == 0)
        return 1;
    scope = db_id(s, 1);
    same = db_uint(s, 0) == change->kind && id_equal(&scope, &change->scope);
    db_done(c->db, s);
    return same;
}

/* Does each op replace only what is in the log? An honest author names what was shown to it; naming what a colleague
 * has not written yet would keep that from ever being seen. */
static int are_seen(struct central *c, const struct change *change, struct error *e)
{
    for (size_t i = 0; i < change->op_count; i++) {
        struct unpack r;
        for (size_t left = change_supersedes(&change->ops[i], &r); left > 0; left--) {
            struct dot dot = dot_unpack(&r);
            int64_t entry;
            if (id_equal(&dot.device, &change->device) && dot.epoch == change->epoch && dot.seq <= change->seq)
                continue; /* its own, which may be held in this batch */
            if ((entry = log_find(c->db, &dot.device, dot.epoch, dot.seq, NULL, e)) <= 0)
                return (int)entry;
        }
    }
    return 1;
}

/* Each op: a value that its field can hold; and a case may name only a person whom the laptop may touch, or naming
 * somebody would be a way to read that person's record. */
static int are_ops_right(struct central *c, const struct caseload *l, const struct schema_kind *kind,
                         const struct change *change, char reason[200], struct error *e)
{
    for (size_t i = 0; i < change->op_count; i++) {
        const struct schema_field *field = schema_field(kind, change->ops[i].field);
        struct error wrong;
        struct id person;
        if (field == NULL)
            continue;
        if (schema_check(kind, field, change->ops[i].value, &wrong) != 0) {
            (void)snprintf(reason, 200, "%.199s", wrong.text);
            return 0;
        }
        if (field->type == SCHEMA_REF && field->ref == KIND_CLIENT && slice_id(change->ops[i].value, &person)) {
            int may = may_touch(c, l, &person, &change->device, e);
            if (may != 1) {
                (void)snprintf(reason, 200, "it names a person who is not in the caseload");
                return may;
            }
        }
    }
    return 1;
}

int caseload_judge(struct central *c, const struct caseload *l, const struct id *user, const struct change *change,
                   char reason[200], struct error *e)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    int right;
    reason[0] = 0;
    if (!id_equal(&change->author, user)) {
        (void)snprintf(reason, 200, "its author is not the person that this laptop was enrolled for");
        return 1;
    }
    if (kind != NULL && kind->office_only) {
        (void)snprintf(reason, 200, "only the office itself writes records of kind %s", kind->name);
        return 1;
    }
    if ((right = may_touch(c, l, &change->scope, &change->device, e)) != 1) {
        (void)snprintf(reason, 200, "its case is not in the caseload of its author");
        return right < 0 ? -1 : 1;
    }
    if ((right = is_in_place(c, change, e)) != 1) {
        (void)snprintf(reason, 200, "its record stands in another case, or is of another kind");
        return right < 0 ? -1 : 1;
    }
    if ((right = are_seen(c, change, e)) != 1) {
        (void)snprintf(reason, 200, "it replaces what nobody has written yet");
        return right < 0 ? -1 : 1;
    }
    if (kind == NULL)
        return 0;
    right = are_ops_right(c, l, kind, change, reason, e);
    return right < 0 ? -1 : !right;
}
