/* The caseload of a user: what is assigned, whom that is about, what waits for the user's decision, and what the user's
 * laptops took down in the field. */
#include "caseload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "person.h"
#include "record.h"
#include "review.h"
#include "schema.h"

enum {
    CASES_MAX = 64,     /* cases of one person that were taken down in the field and are not assigned yet */
    DECIDES_MAX = 1024, /* cases and persons that a user has only in order to decide */
    LOOKED_MAX = 4096,  /* contested ones that are looked at for that: each costs some queries */
    NEAR_MAX = 1024,    /* records of one person that are walked through */
    WALKED_MAX = 65536  /* records of all persons of a caseload that are walked through */
};

/* A caseload that is being filled. */
struct loading {
    struct db *db;
    const struct id *user;
    struct caseload *out;
    int version; /* of the schema that is followed */
    size_t room; /* scopes that fit into out's memory */
};

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

void caseload_free(struct caseload *l)
{
    free(l->scopes);
    l->scopes = NULL;
    l->count = 0;
}

const struct id *caseload_find(const struct caseload *l, const struct id *scope)
{
    return l->count == 0 ? NULL : bsearch(scope, l->scopes, l->count, sizeof *l->scopes, compare_ids);
}

int caseload_has(const struct caseload *l, const struct id *scope)
{
    return caseload_find(l, scope) != NULL;
}

/* --- loading a caseload --- */

static int add_scope(struct loading *g, const struct id *scope, struct error *e)
{
    struct caseload *l = g->out;
    char text[ID_TEXT];
    if (l->count == CASELOAD_MAX) {
        id_format(g->user, text);
        return error_set(e, E_LIMIT,
                         "the caseload of user %s has more than %d cases and clients; release some of the cases "
                         "(`satcheld case release`)",
                         text, CASELOAD_MAX);
    }
    if (l->scopes == NULL || l->count == g->room) {
        struct id *more = realloc(l->scopes, (g->room = 2 * g->room + 64) * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        l->scopes = more;
    }
    l->scopes[l->count++] = *scope;
    return 0;
}

/* Adds the scopes that a statement with the user finds. A reference that was erased before this version knew its field
 * is shown as "(erased)", and names nobody. */
static int add_found(struct loading *g, const char *sql, struct error *e)
{
    char text[ID_TEXT];
    struct id scope;
    sqlite3_stmt *s;
    int row, code;
    id_format(g->user, text);
    if ((code = db_query(g->db, &s, e, sql, "t", text)) != 0)
        return code;
    while ((row = db_next(g->db, s, e)) == 1) {
        if (id_parse(db_text(s, 0), &scope, NULL) == 0 && (code = add_scope(g, &scope, e)) != 0) {
            db_done(g->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Sorts the scopes, and leaves each once: two fields may name one client. */
static void sort_scopes(struct caseload *l)
{
    size_t left = 0;
    qsort(l->scopes, l->count, sizeof *l->scopes, compare_ids);
    for (size_t i = 0; i < l->count; i++)
        if (i == 0 || !id_equal(&l->scopes[i], &l->scopes[left - 1]))
            l->scopes[left++] = l->scopes[i];
    l->count = left;
}

#define ASSIGNED "SELECT scope FROM assignment WHERE \"user\" = ?1 AND status = 'active' AND voided = 0"

/* Adds the cases that are assigned to the user, and the clients whom they name: in whichever field of a case that the
 * version knows. */
static int add_assigned(struct loading *g, struct error *e)
{
    static const char cases[] = ASSIGNED " EXCEPT SELECT '00000000-0000-0000-0000-000000000000'";
    const struct schema_kind *kind = schema_kind(KIND_CASE);
    int code = add_found(g, cases, e);
    for (size_t i = 0; code == 0 && i < kind->field_count; i++) {
        const struct schema_field *field = &kind->fields[i];
        char *sql;
        if (field->type != SCHEMA_REF || field->ref != KIND_CLIENT || field->since > g->version)
            continue;
        sql = sqlite3_mprintf("SELECT DISTINCT \"%w\" FROM \"case\" WHERE \"%w\" IS NOT NULL AND id IN (" ASSIGNED
                              ") EXCEPT SELECT '00000000-0000-0000-0000-000000000000'",
                              field->name, field->name);
        code = sql == NULL ? error_memory(e) : add_found(g, sql, e);
        sqlite3_free(sql);
    }
    return code;
}

/* --- what waits for the user's decision --- */

/* 1: the user may have to decide conflicts in cases of others: as a supervisor, by a role that stands in for one, or
 * named for a worker. 0: not; -1: failed. */
static int decides_for_others(struct db *db, const struct id *user, struct error *e)
{
    char text[ID_TEXT];
    id_format(user, text);
    return db_exists(db, e,
                     "SELECT 1 FROM \"user\" WHERE voided = 0 AND (supervisor = ?1 OR "
                     "(id = ?1 AND role IN ('supervisor', 'director', 'administrator'))) LIMIT 1",
                     "t", text);
}

/* *decides: 1 if the user is among those who are to decide what is contested in the scope, else 0. */
static int finds_decider(struct db *db, const struct id *user, const struct id *scope, int *decides, struct error *e)
{
    struct id *owners;
    size_t count;
    int code = review_owners(db, scope, 1, &owners, &count, e);
    *decides = 0;
    for (size_t i = 0; code == 0 && i < count; i++)
        *decides |= id_equal(&owners[i], user);
    free(owners);
    return code;
}

/* Adds the clients whom a case names, since who decides in a case must know of whom it is. Of a client's own scope
 * nothing is found. */
static int add_clients_of(struct loading *g, const struct id *scope, struct error *e)
{
    const struct schema_kind *kind = schema_kind(KIND_CASE);
    char text[ID_TEXT];
    int code = 0;
    id_format(scope, text);
    for (size_t i = 0; code == 0 && i < kind->field_count; i++) {
        const struct schema_field *field = &kind->fields[i];
        struct id client;
        sqlite3_stmt *s;
        char sql[160];
        int row;
        if (field->type != SCHEMA_REF || field->ref != KIND_CLIENT || field->since > g->version)
            continue;
        (void)snprintf(sql, sizeof sql, "SELECT \"%s\" FROM \"case\" WHERE id = ? AND \"%s\" IS NOT NULL", field->name,
                       field->name);
        if ((row = db_first(g->db, &s, e, sql, "t", text)) < 0)
            return error_code(e);
        if (row == 0)
            continue;
        row = id_parse(db_text(s, 0), &client, NULL) == 0;
        db_done(g->db, s);
        if (row == 1)
            code = add_scope(g, &client, e);
    }
    return code;
}

/* 1: the scope is among the first `count` of the list, which are sorted. */
static int has_among(const struct caseload *l, size_t count, const struct id *scope)
{
    return bsearch(scope, l->scopes, count, sizeof *l->scopes, compare_ids) != NULL;
}

int caseload_decides(struct db *db, const struct id *user, const struct id *scope, struct error *e)
{
    int decides = id_is_zero(scope) ? 0 : decides_for_others(db, user, e);
    if (decides == 1 && finds_decider(db, user, scope, &decides, e) != 0)
        return -1;
    return decides;
}

/* Adds the cases and persons in which something is contested that the user is to decide, and whom these cases are
 * about: a decision that waits for somebody must come to that person's laptop. Once it is decided they go again. What
 * somebody has been given comes first: otherwise one laptop could fill the list with persons whom it made up. */
static int add_decided(struct loading *g, struct error *e)
{
    static const char sql[] =
        "SELECT DISTINCT conflict.scope, NOT EXISTS(SELECT 1 FROM assignment a WHERE a.status = 'active' AND a.voided "
        "= 0 "
        "AND (a.scope = id_text(conflict.scope) OR a.scope IN (SELECT id FROM \"case\" WHERE client = "
        "id_text(conflict.scope)))) FROM conflict JOIN place ON place.record = conflict.record "
        "WHERE loud = 1 AND (place.voided = 0 OR field = ?) ORDER BY 2, 1 LIMIT ?";
    sqlite3_stmt *s;
    size_t added = 0, given;
    int row, decides = decides_for_others(g->db, g->user, e), code = 0;
    if (decides <= 0)
        return decides < 0 ? error_code(e) : 0;
    sort_scopes(g->out);
    given = g->out->count;
    if ((code = db_query(g->db, &s, e, sql, "ui", (uint64_t)FIELD_VOID, (int64_t)LOOKED_MAX)) != 0)
        return code;
    while ((row = db_next(g->db, s, e)) == 1) {
        struct id scope = db_id(s, 0);
        if (id_is_zero(&scope) || has_among(g->out, given, &scope))
            continue;
        if ((code = finds_decider(g->db, g->user, &scope, &decides, e)) == 0 && decides &&
            (code = add_scope(g, &scope, e)) == 0) {
            code = add_clients_of(g, &scope, e);
            added++;
        }
        if (code != 0 || added == DECIDES_MAX || g->out->count + DECIDES_MAX > CASELOAD_MAX) {
            db_done(g->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Adding the other records of the persons of whom the caseload has one. */
struct linking {
    struct loading *loading;
    size_t before; /* the first scopes of the caseload, sorted: what it has without links */
    uint8_t *met;  /* by these: 1: a walk has come to it */
    size_t added;  /* by the walk that is under way */
    size_t left;   /* records that may still be walked through */
};

/* A walk has come to a record. */
static int add_near(void *arg, const struct id *record, struct error *e)
{
    struct linking *l = arg;
    struct caseload *out = l->loading->out;
    const struct id *there = bsearch(record, out->scopes, l->before, sizeof *out->scopes, compare_ids);
    struct record_place place;
    struct error why;
    int found;
    if (l->left > 0)
        l->left--;
    if (there != NULL) {
        l->met[there - out->scopes] = 1;
        return 0;
    }
    if ((found = record_find(l->loading->db, record, &place, &why)) == E_NOT_FOUND)
        return 0;
    /* A record that could not be read must not count as absent: laptops would let go of it. */
    if (found != 0)
        return error_set(e, found, "%s", why.text), -1;
    if (add_scope(l->loading, record, e) != 0)
        return -1;
    return ++l->added == PERSON_RECORDS_MAX || out->count == CASELOAD_MAX;
}

/* Adds the other records of every person of whom the caseload has one, since whoever visits a person must know what
 * each record of that person says; their cases are not added. From one record on PERSON_RECORDS_MAX are added, the
 * nearest first: otherwise one laptop could link a colleague's client to so many records that the colleague's laptop
 * gets nothing any more. A record that a link names but the office does not have is not added; one that is no client's
 * joins nothing.
 *
 * A push of anybody waits for this, so it costs what the caseload's own persons have of links, within bounds: a walk
 * goes through NEAR_MAX records, and all walks through WALKED_MAX. */
static int add_linked(struct loading *g, struct error *e)
{
    struct linking l = {.loading = g, .left = WALKED_MAX};
    int code = 0, row = db_exists(g->db, e, "SELECT 1 FROM person_link WHERE field = 'same_as' LIMIT 1", "");
    if (row <= 0)
        return row < 0 ? error_code(e) : 0;
    sort_scopes(g->out);
    l.before = g->out->count;
    if ((l.met = calloc(l.before + 1, 1)) == NULL)
        return error_memory(e);
    for (size_t i = 0; code == 0 && i < l.before && l.left > 0 && g->out->count < CASELOAD_MAX; i++) {
        struct id from = g->out->scopes[i];
        if (l.met[i])
            continue;
        l.added = 0;
        code = person_near(g->db, &from, add_near, &l, l.left < NEAR_MAX ? l.left : NEAR_MAX, e);
    }
    free(l.met);
    return code;
}

/* --- what was taken down in the field --- */

int caseload_is_free_id(const struct id *id)
{
    return id->b[6] >> 4 == 7;
}

/* 1: nothing of the scope has been applied yet, or this device made it and it is assigned to nobody; 0; -1: failed. An
 * erasure that stands in front of a change which came without words makes nothing. */
static int is_unclaimed(struct db *db, const struct id *scope, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    char text[ID_TEXT];
    struct id maker;
    int row;
    if ((row = db_first(db, &s, e,
                        "SELECT device FROM entry WHERE scope = ? AND held = 0 AND kind <> ? ORDER BY position LIMIT 1",
                        "du", scope, (uint64_t)KIND_ERASURE)) <= 0)
        return row < 0 ? -1 : caseload_is_free_id(scope);
    maker = db_id(s, 0);
    db_done(db, s);
    if (!id_equal(&maker, device))
        return 0;
    id_format(scope, text);
    row = db_exists(db, e, "SELECT 1 FROM assignment WHERE scope = ? LIMIT 1", "t", text);
    return row < 0 ? -1 : !row;
}

/* The scope is unclaimed, and so is every case that names the person. A person with more than CASES_MAX cases was not
 * taken down in the field, and all of the cases would have to be looked at for each change. */
int caseload_is_taken_down(struct db *db, const struct id *scope, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    char text[ID_TEXT];
    int row, answer = is_unclaimed(db, scope, device, e), cases = 0;
    if (answer != 1)
        return answer;
    id_format(scope, text);
    if (db_query(db, &s, e, "SELECT id FROM \"case\" WHERE client = ?", "t", text) != 0)
        return -1;
    while ((row = db_next(db, s, e)) == 1) {
        struct id naming;
        if (++cases > CASES_MAX)
            answer = 0;
        else
            answer = id_parse(db_text(s, 0), &naming, e) != 0 ? -1 : is_unclaimed(db, &naming, device, e);
        if (answer != 1) {
            db_done(db, s);
            return answer;
        }
    }
    return row < 0 ? -1 : 1;
}

/* Calls `each` for the persons whom a laptop took down and of whom no case has come yet, until it returns other than 0,
 * and returns that. */
static int each_taken_down(struct db *db, const struct id *device,
                           int (*each)(void *arg, const struct id *person, struct error *e), void *arg, struct error *e)
{
    sqlite3_stmt *s;
    int row, mine, code;
    if ((code = db_query(db, &s, e, "SELECT DISTINCT scope FROM entry WHERE device = ? AND kind = ? AND held = 0", "du",
                         device, (uint64_t)KIND_CLIENT)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct id scope = db_id(s, 0);
        if ((mine = caseload_is_taken_down(db, &scope, device, e)) < 0 || (mine == 1 && each(arg, &scope, e) != 0)) {
            db_done(db, s);
            return error_code(e);
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int count_person(void *arg, const struct id *person, struct error *e)
{
    (void)person;
    (void)e;
    ++*(uint64_t *)arg;
    return 0;
}

int caseload_count_taken_down(struct db *db, const struct id *device, uint64_t *count, struct error *e)
{
    *count = 0;
    return each_taken_down(db, device, count_person, count, e);
}

/* No other caseload has them. */
static int add_person(void *arg, const struct id *person, struct error *e)
{
    return add_scope(arg, person, e);
}

static int add_taken_down(struct loading *g, struct error *e)
{
    char text[ID_TEXT];
    struct id device;
    sqlite3_stmt *s;
    int row, code;
    id_format(g->user, text);
    if ((code = db_query(g->db, &s, e, "SELECT id FROM device WHERE \"user\" = ?", "t", text)) != 0)
        return code;
    while ((row = db_next(g->db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &device, e)) != 0 ||
            (code = each_taken_down(g->db, &device, add_person, g, e)) != 0) {
            db_done(g->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

int caseload_load(struct db *db, const struct id *user, int version, struct caseload *out, struct error *e)
{
    static const struct id everywhere;
    struct loading g = {.db = db, .user = user, .out = out, .version = version};
    int code;
    out->scopes = NULL;
    out->count = 0;
    if ((code = add_scope(&g, &everywhere, e)) != 0 || (code = add_assigned(&g, e)) != 0 ||
        (code = add_decided(&g, e)) != 0 || (code = add_taken_down(&g, e)) != 0 || (code = add_linked(&g, e)) != 0) {
        caseload_free(out);
        return code;
    }
    sort_scopes(out);
    return 0;
}
