/* Finds who is to decide a conflict: by rule, from the tables of users and assignments, which laptops have too. */
#include "review.h"

#include <stdlib.h>
#include <string.h>

#define ACTIVE_USER "voided = 0 AND coalesce(status, 'active') = 'active'"
#define NEVER INT64_MAX /* the position of an op that the office has not accepted yet: after all others */

struct owners {
    struct id *ids;
    size_t count, room;
};

static int add_owner(struct owners *o, const struct id *user, struct error *e)
{
    for (size_t i = 0; i < o->count; i++)
        if (id_equal(&o->ids[i], user))
            return 0;
    if (o->count == o->room) {
        size_t room = o->room == 0 ? 4 : 2 * o->room;
        struct id *more = realloc(o->ids, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        o->ids = more;
        o->room = room;
    }
    o->ids[o->count++] = *user;
    return 0;
}

/* Adds the users that a statement finds. */
static int add_all(struct db *db, struct owners *o, const char *sql, struct error *e)
{
    sqlite3_stmt *s;
    struct id user;
    int row, code = db_query(db, &s, e, sql, "");
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &user, e)) != 0 || (code = add_owner(o, &user, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int add_role(struct db *db, struct owners *o, const char *role, struct error *e)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql, "SELECT id FROM \"user\" WHERE role = '%s' AND " ACTIVE_USER " ORDER BY id", role);
    return add_all(db, o, sql, e);
}

/* --- the worker who answers for a case --- */

/* Finds the position of the live op on a field: of several the last (last 1) or the first. It looks at live ops alone,
 * since a compact caseload has no others. */
static int position_of(struct db *db, const struct id *record, const struct schema_field *field, int last, int64_t *out,
                       struct error *e)
{
    sqlite3_stmt *s;
    int row = db_first(db, &s, e,
                       last ? "SELECT max(coalesce(entry.position, 9223372036854775807)) FROM op JOIN entry ON "
                              "entry.id = op.entry WHERE op.record = ? AND op.field = ?"
                            : "SELECT min(coalesce(entry.position, 9223372036854775807)) FROM op JOIN entry ON "
                              "entry.id = op.entry WHERE op.record = ? AND op.field = ?",
                       "du", record, (uint64_t)field->number);
    *out = NEVER;
    if (row < 0)
        return error_code(e);
    if (row == 1) {
        *out = db_is_null(s, 0) ? NEVER : db_int(s, 0);
        db_done(db, s);
    }
    return 0;
}

struct holder {
    struct id user;
    int flagged;
    int imported;     /* known from another system alone, so perhaps without a laptop */
    int64_t position; /* the position of the op that flagged the user; if none did, of the one that assigned the case */
};

/* 1: a answers for the case before b. First comes the user who was made responsible, of several the last one; then
 * users whom the office took on itself; of these the one who has had the case longest. */
static int is_before(const struct holder *a, const struct holder *b)
{
    if (a->flagged != b->flagged)
        return a->flagged;
    if (!a->flagged && a->imported != b->imported)
        return b->imported;
    if (a->position != b->position)
        return a->flagged ? a->position > b->position : a->position < b->position;
    return id_compare(&a->user, &b->user) < 0;
}

/* Reads one row: assignment, user, responsible, imported. */
static int read_holder(struct db *db, sqlite3_stmt *s, struct holder *h, struct error *e)
{
    struct id assignment;
    int code;
    h->flagged = db_int(s, 2) != 0;
    h->imported = db_int(s, 3) != 0;
    if ((code = id_parse(db_text(s, 0), &assignment, e)) != 0 || (code = id_parse(db_text(s, 1), &h->user, e)) != 0)
        return code;
    return position_of(db, &assignment,
                       schema_field_named(schema_kind(KIND_ASSIGNMENT), h->flagged ? "responsible" : "status"),
                       h->flagged, &h->position, e);
}

static int worker_of_case(struct db *db, const char *scope, struct id *user, int *found, struct error *e)
{
    static const char sql[] =
        "SELECT a.id, u.id, a.responsible, u.source_id IS NOT NULL FROM assignment a JOIN (SELECT id, source_id FROM "
        "\"user\" WHERE " ACTIVE_USER ") u ON u.id = a.\"user\" WHERE a.scope = ? AND a.status = 'active' AND "
        "a.voided = 0";
    struct holder best, one;
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e, sql, "t", scope);
    *found = 0;
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = read_holder(db, s, &one, e)) != 0) {
            db_done(db, s);
            return code;
        }
        if (!*found || is_before(&one, &best))
            best = one;
        *found = 1;
    }
    if (row < 0)
        return error_code(e);
    if (*found)
        *user = best.user;
    return 0;
}

struct kase {
    struct id user;
    int open;
    int64_t position; /* the position of the op that says whose case it is */
    struct id id;
};

static int is_earlier(const struct kase *a, const struct kase *b)
{
    if (a->open != b->open)
        return a->open;
    return a->position != b->position ? a->position < b->position : id_compare(&a->id, &b->id) < 0;
}

/* Finds the worker of the first of the client's cases that are assigned; open cases come before others. */
static int worker_of_client(struct db *db, const char *client, struct id *user, int *found, struct error *e)
{
    const struct schema_field *client_field = schema_field_named(schema_kind(KIND_CASE), "client");
    struct kase best, one;
    sqlite3_stmt *s;
    int row, held,
        code = db_query(db, &s, e,
                        "SELECT id, coalesce(status, '') = 'open' FROM \"case\" WHERE client = ? AND voided = 0", "t",
                        client);
    *found = 0;
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        one.open = db_int(s, 1) != 0;
        if ((code = id_parse(db_text(s, 0), &one.id, e)) != 0 ||
            (code = worker_of_case(db, db_text(s, 0), &one.user, &held, e)) != 0 ||
            (held && (code = position_of(db, &one.id, client_field, 0, &one.position, e)) != 0)) {
            db_done(db, s);
            return code;
        }
        if (held && (!*found || is_earlier(&one, &best))) {
            best = one;
            *found = 1;
        }
    }
    if (row < 0)
        return error_code(e);
    if (*found)
        *user = best.user;
    return 0;
}

static int find_worker(struct db *db, const struct id *scope, struct id *user, int *found, struct error *e)
{
    char text[ID_TEXT];
    int code;
    id_format(scope, text);
    if ((code = worker_of_case(db, text, user, found, e)) != 0 || *found)
        return code;
    return worker_of_client(db, text, user, found, e);
}

int review_responsible(struct db *db, const struct id *scope, struct id *user, struct error *e)
{
    char text[ID_TEXT];
    int found, code = find_worker(db, scope, user, &found, e);
    id_format(scope, text);
    return code != 0 || found ? code : error_set(e, E_NOT_FOUND, "nobody holds %s; assign it", text);
}

/* --- the owners --- */

/* Adds every supervisor; if there is none, those who lead the office. */
static int add_supervisors(struct db *db, struct owners *o, struct error *e)
{
    size_t before = o->count;
    int code = add_role(db, o, "supervisor", e);
    if (code != 0 || o->count != before)
        return code;
    if ((code = add_role(db, o, "director", e)) == 0)
        code = add_role(db, o, "administrator", e);
    return code;
}

/* Adds the supervisor whom the office named for a worker; if it named none, all supervisors. */
static int add_supervisor(struct db *db, struct owners *o, const struct id *worker, struct error *e)
{
    static const char sql[] = "SELECT id FROM \"user\" WHERE id = (SELECT supervisor FROM \"user\" WHERE id = ?1) AND "
                              "id <> ?1 AND " ACTIVE_USER;
    char text[ID_TEXT];
    struct id supervisor;
    sqlite3_stmt *s;
    int row, code;
    id_format(worker, text);
    if ((row = db_first(db, &s, e, sql, "t", text)) < 0)
        return error_code(e);
    if (row == 0)
        return add_supervisors(db, o, e);
    code = id_parse(db_text(s, 0), &supervisor, e);
    db_done(db, s);
    return code != 0 ? code : add_owner(o, &supervisor, e);
}

static int list_owners(struct db *db, struct owners *o, const struct id *scope, int loud, struct error *e)
{
    struct id worker;
    int found = 0, code;
    /* 1. Records of all the office are written by the office itself. */
    if (id_is_zero(scope))
        return add_role(db, o, "administrator", e);
    /* 2. The worker decides; if the conflict is loud, the worker's supervisor may too. */
    if ((code = find_worker(db, scope, &worker, &found, e)) != 0)
        return code;
    if (found) {
        if ((code = add_owner(o, &worker, e)) == 0 && loud)
            code = add_supervisor(db, o, &worker, e);
        return code;
    }
    /* 3. The case is assigned to nobody: it waits for those who can assign it. */
    return add_supervisors(db, o, e);
}

int review_owners(struct db *db, const struct id *scope, int loud, struct id **owners, size_t *count, struct error *e)
{
    struct owners o = {NULL, 0, 0};
    struct error own;
    int code = list_owners(db, &o, scope, loud, e != NULL ? e : &own);
    if (code != 0) {
        free(o.ids);
        o = (struct owners){NULL, 0, 0};
    }
    *owners = o.ids;
    *count = o.count;
    return code;
}
