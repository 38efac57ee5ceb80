/* Works out from the log's entries alone who may hold which case, and judges property 4. */
#include "oracle_caseload.h"

#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "oracle_book.h"
#include "oracle_erased.h"
#include "process.h"
#include "schema.h"
#include "versions.h"

enum { ASSIGNMENT_USER = 10, ASSIGNMENT_STATUS = 11, ASSIGNMENT_UNTIL = 13, ACTIVE = 1 };
enum { HOLD_DEVICE = 10, HOLD_EPOCH = 11, HOLD_SEQ = 12, HOLD_STATUS = 15, RELEASED = 2 };
enum { CASE_CLIENT = 10, CASE_SECOND_CLIENT = 1913, OFFICE_SCHEMA = 13, CLIENT_SAME_AS = 26, DEVICE_USER = 10 };
enum { USER_LOGIN = 15, USER_ROLE = 11, USER_SUPERVISOR = 17, SUPERVISOR = 4, DIRECTOR = 5, ADMINISTRATOR = 7 };

struct let_go {
    unsigned machine;
    struct id user, scope;
    size_t from; /* the log's size when the sync began */
};
static struct let_go *gone;
static size_t gone_count, gone_room;
static size_t started[PROCESS_MACHINES]; /* the log's size when its last sync began */

void oracle_caseload_reset(void)
{
    free(gone);
    gone = NULL;
    gone_count = gone_room = 0;
    memset(started, 0, sizeof started);
}

void oracle_caseload_sync_starts(unsigned machine)
{
    started[machine] = oracle_book_count();
}

void oracle_caseload_set_back(void)
{
    gone_count = 0;
    memset(started, 0, sizeof started);
}

void oracle_caseload_purges(unsigned machine, struct db *db, const struct id *scope)
{
    struct let_go *g;
    sqlite3_stmt *s;
    int row;
    if (db_query(db, &s, NULL, "SELECT 1 FROM scope WHERE id = ?", "d", scope) != 0 || (row = db_next(db, s, NULL)) < 0)
        return;
    if (row == 1) {
        db_done(db, s);
        return; /* dealt anew */
    }
    if (gone_count == gone_room && (gone = realloc(gone, (gone_room = 2 * gone_room + 16) * sizeof *gone)) == NULL)
        abort();
    g = &gone[gone_count++];
    *g = (struct let_go){.machine = machine, .scope = *scope, .from = started[machine]};
    (void)db_meta_get(db, "user", g->user.b, ID_BYTES, NULL);
}

/* --- the caseload, at a size of the log --- */

struct ids {
    size_t count, room;
    struct id *all;
};

static int has(const struct ids *l, const struct id *id)
{
    for (size_t i = 0; i < l->count; i++)
        if (id_equal(&l->all[i], id))
            return 1;
    return 0;
}

/* 1: it was not there. */
static int put(struct ids *l, const struct id *id)
{
    if (has(l, id))
        return 0;
    if (l->count == l->room && (l->all = realloc(l->all, (l->room = 2 * l->room + 32) * sizeof *l->all)) == NULL)
        abort();
    l->all[l->count++] = *id;
    return 1;
}

/* What a field of a record that the office alone writes says: what was written last. NULL: nothing yet. */
static const struct oracle_book_op *last(const struct id *record, unsigned field, size_t size)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count), *found = NULL;
    for (size_t i = 0; i < count && ops[i].entry < size; i++)
        if (ops[i].field == field && id_equal(&ops[i].record, record))
            found = &ops[i];
    return found;
}

static int64_t number(const struct oracle_book_op *op)
{
    int64_t n = 0;
    return op != NULL && slice_int(op->value, &n) ? n : 0;
}

/* Does a hold of this time hold the entry? */
static int is_held(const struct oracle_book_entry *entry, size_t size)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    for (size_t i = 0; i < count && ops[i].entry < size; i++) {
        struct unpack r;
        struct slice device;
        if (ops[i].kind != KIND_HOLD || ops[i].field != HOLD_DEVICE)
            continue;
        unpack_start(&r, ops[i].value);
        device = unpack_bin(&r);
        if (device.size == ID_BYTES && memcmp(device.p, entry->device.b, ID_BYTES) == 0 &&
            (uint64_t)number(last(&ops[i].record, HOLD_EPOCH, size)) == entry->epoch &&
            (uint64_t)number(last(&ops[i].record, HOLD_SEQ, size)) == entry->seq &&
            number(last(&ops[i].record, HOLD_STATUS, size)) != RELEASED)
            return 1;
    }
    return 0;
}

/* An op of this field that counts: not held, and named by no other that counts. */
static int lives(const struct oracle_book_op *op, size_t size)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    if (is_held(oracle_book_at(op->entry), size))
        return 0;
    for (size_t i = 0; i < count && ops[i].entry < size; i++)
        if (&ops[i] != op && ops[i].kind == op->kind && ops[i].field == op->field &&
            id_equal(&ops[i].record, &op->record) && oracle_book_names(&ops[i], &op->dot) &&
            !is_held(oracle_book_at(ops[i].entry), size))
            return 0;
    return 1;
}

/* Does this record, at this size of the log, assign its case to the user? */
static int assigns(const struct id *record, const struct id *user, size_t size)
{
    const struct oracle_book_op *who = last(record, ASSIGNMENT_USER, size), *voided = last(record, FIELD_VOID, size);
    struct id id;
    return who != NULL && slice_id(who->value, &id) && id_equal(&id, user) &&
           number(last(record, ASSIGNMENT_STATUS, size)) == ACTIVE && (voided == NULL || slice_is_nil(voided->value));
}

/* The cases that are assigned to the user. */
static void add_cases(const struct id *user, size_t size, struct ids *out)
{
    static const struct id everywhere;
    (void)put(out, &everywhere);
    for (size_t i = 0; i < size && i < oracle_book_count(); i++) {
        const struct oracle_book_entry *entry = oracle_book_at(i);
        if (entry->kind == KIND_ASSIGNMENT && assigns(&entry->record, user, size))
            (void)put(out, &entry->scope);
    }
}

/* Does the office run a newer program at this size of the log? Its own record says so. */
static int is_newer(size_t size)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    int64_t version = 0;
    for (size_t i = 0; i < count && ops[i].entry < size; i++)
        if (ops[i].kind == KIND_OFFICE && ops[i].field == OFFICE_SCHEMA)
            version = number(&ops[i]);
    return version == versions_newest();
}

/* Whom these cases name in a field: of several, whom the office accepted first. */
static void add_named(size_t size, unsigned field, size_t cases, struct ids *out)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    for (size_t k = 0; k < cases; k++)
        for (size_t i = 0; i < count && ops[i].entry < size; i++) {
            struct id client;
            if (ops[i].kind != KIND_CASE || ops[i].field != field || !id_equal(&ops[i].record, &out->all[k]) ||
                !lives(&ops[i], size))
                continue;
            if (slice_id(ops[i].value, &client))
                (void)put(out, &client);
            break;
        }
}

/* Whom these cases are about. */
static void add_clients(size_t size, struct ids *out)
{
    size_t cases = out->count;
    add_named(size, CASE_CLIENT, cases, out);
    if (is_newer(size))
        add_named(size, CASE_SECOND_CLIENT, cases, out);
}

/* Of several clients that a case is said to have: the one whom the office accepted first. */
static int is_first(const struct oracle_book_op *ops, size_t at, size_t size)
{
    for (size_t i = 0; i < at; i++)
        if (ops[i].kind == KIND_CASE && ops[i].field == CASE_CLIENT && id_equal(&ops[i].record, &ops[at].record) &&
            lives(&ops[i], size))
            return 0;
    return 1;
}

/* Taken down by this device, and given to nobody yet. An erasure may stand in front of the first change, if that came
 * without its words. */
static int is_taken_down_by(const struct id *device, const struct id *scope, size_t size)
{
    size_t count, first = SIZE_MAX;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    for (size_t i = 0; i < size && i < oracle_book_count(); i++) {
        const struct oracle_book_entry *entry = oracle_book_at(i);
        if (!id_equal(&entry->scope, scope) || is_held(entry, size))
            continue;
        if (entry->kind == KIND_ASSIGNMENT)
            return 0;
        if (first == SIZE_MAX && entry->kind != KIND_ERASURE)
            first = i;
    }
    if (first == SIZE_MAX || !id_equal(&oracle_book_at(first)->device, device))
        return 0;
    for (size_t i = 0; i < count && ops[i].entry < size; i++) {
        struct id client;
        if (ops[i].kind == KIND_CASE && ops[i].field == CASE_CLIENT && slice_id(ops[i].value, &client) &&
            id_equal(&client, scope) && lives(&ops[i], size) && is_first(ops, i, size))
            for (size_t k = 0; k < size && k < oracle_book_count(); k++)
                if (oracle_book_at(k)->kind == KIND_ASSIGNMENT &&
                    id_equal(&oracle_book_at(k)->scope, &oracle_book_at(ops[i].entry)->scope))
                    return 0;
    }
    return 1;
}

/* Persons whom a laptop of the user took down, and whose case nobody has been given. */
static void add_taken_down(const struct id *user, size_t size, struct ids *out)
{
    for (size_t i = 0; i < size && i < oracle_book_count(); i++) {
        const struct oracle_book_entry *entry = oracle_book_at(i);
        const struct oracle_book_op *owner;
        struct id id;
        if (entry->kind == KIND_CLIENT && (owner = last(&entry->device, DEVICE_USER, size)) != NULL &&
            slice_id(owner->value, &id) && id_equal(&id, user) && is_taken_down_by(&entry->device, &entry->scope, size))
            (void)put(out, &entry->scope);
    }
}

/* What kind of record it is at the office, 0: it is not there. */
static unsigned kind_of(const struct id *record, size_t size)
{
    for (size_t i = 0; i < size && i < oracle_book_count(); i++)
        if (id_equal(&oracle_book_at(i)->record, record) && !is_held(oracle_book_at(i), size))
            return oracle_book_at(i)->kind;
    return 0;
}

/* The other records of the same persons, over links, for as long as more are found. */
static void add_linked(size_t size, struct ids *out)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    struct ids persons = {0, 0, NULL};
    int more = 1;
    for (size_t i = 0; i < out->count; i++)
        (void)put(&persons, &out->all[i]);
    while (more) {
        more = 0;
        for (size_t i = 0; i < count && ops[i].entry < size; i++) {
            struct id other;
            unsigned kind;
            if (ops[i].kind != KIND_CLIENT || ops[i].field != CLIENT_SAME_AS || ops[i].action != CHANGE_ADD ||
                !slice_id(ops[i].value, &other) || has(&persons, &ops[i].record) == has(&persons, &other) ||
                !lives(&ops[i], size) || ((kind = kind_of(&other, size)) != 0 && kind != KIND_CLIENT))
                continue;
            more |= put(&persons, &ops[i].record) | put(&persons, &other);
        }
    }
    for (size_t i = 0; i < persons.count; i++)
        if (kind_of(&persons.all[i], size) != 0)
            (void)put(out, &persons.all[i]);
    free(persons.all);
}

/* Freed by the caller. */
static struct ids caseload(const struct id *user, size_t size)
{
    struct ids l = {0, 0, NULL};
    add_cases(user, size, &l);
    add_clients(size, &l);
    add_taken_down(user, size, &l);
    add_linked(size, &l);
    return l;
}

/* --- what waits for somebody's decision --- */

/* Is the user one of those who may have to decide in cases of others? */
static int decides_for_others(const struct id *user, size_t size)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    for (size_t i = 0; i < count && ops[i].entry < size; i++) {
        int64_t role = ops[i].field == USER_ROLE ? number(&ops[i]) : 0;
        struct id named;
        if (ops[i].kind != KIND_USER)
            continue;
        if (id_equal(&ops[i].record, user) && (role == SUPERVISOR || role == DIRECTOR || role == ADMINISTRATOR))
            return 1;
        if (ops[i].field == USER_SUPERVISOR && slice_id(ops[i].value, &named) && id_equal(&named, user))
            return 1;
    }
    return 0;
}

/* Does the user stand in for somebody whom the case names: by a role, or as the supervisor of that person? Such a one
 * writes there whether or not something waits: two may decide at a time, and the case may have left a caseload since.
 */
static int stands_in(const struct id *user, const struct id *scope, size_t size)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    int64_t role = number(last(user, USER_ROLE, size));
    if (role == SUPERVISOR || role == DIRECTOR || role == ADMINISTRATOR)
        return 1;
    for (size_t i = 0; i < count && ops[i].entry < size; i++) {
        const struct oracle_book_op *supervisor;
        struct id named;
        if (id_equal(&oracle_book_at(ops[i].entry)->scope, scope) && slice_id(ops[i].value, &named) &&
            (supervisor = last(&named, USER_SUPERVISOR, size)) != NULL && slice_id(supervisor->value, &named) &&
            id_equal(&named, user))
            return 1;
    }
    return 0;
}

/* Does it close a case or a plan, as the third code of a status and what follows it do? */
static int may_close(const struct oracle_book_op *op)
{
    const struct schema_kind *kind = schema_kind(op->kind);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
    return field != NULL && field->policy == SCHEMA_STATUS && number(op) >= 3;
}

/* Can these two be what a person must decide between? One of them may be a void, the other anything of the record; or
 * one a closing, and the other anything of the case. */
static int contest(const struct oracle_book_op *a, const struct oracle_book_op *b)
{
    const struct schema_kind *kind = schema_kind(a->kind);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, a->field);
    if (a->entry != b->entry && (may_close(a) || may_close(b)) &&
        id_equal(&oracle_book_at(a->entry)->scope, &oracle_book_at(b->entry)->scope))
        return 1;
    if (!id_equal(&a->record, &b->record) || a->entry == b->entry)
        return 0;
    if (a->field == FIELD_VOID || b->field == FIELD_VOID)
        return 1;
    return a->field == b->field && (field == NULL || schema_traits(field)->is_loud);
}

/* Is this op one of a total that no integer holds, or that nobody knows since part of it was erased? */
static int spoils_total(const struct oracle_book_op *op, size_t size, int now)
{
    const struct schema_kind *kind = schema_kind(op->kind);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    double total = 0;
    if (field == NULL || field->policy != SCHEMA_SUM)
        return 0;
    for (size_t i = 0; i < count && ops[i].entry < size; i++)
        if (ops[i].field == op->field && id_equal(&ops[i].record, &op->record) && (!now || lives(&ops[i], size))) {
            if (oracle_erased_knows(oracle_book_at(ops[i].entry)->hash))
                return 1;
            total += (double)number(&ops[i]);
        }
    return total >= (double)INT64_MAX || total <= (double)INT64_MIN;
}

/* Is something of the scope contested at this size of the log (now 1), or can it ever have been (now 0)? */
static int is_contested(const struct id *scope, size_t size, int now)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    for (size_t i = 0; i < count && ops[i].entry < size; i++) {
        if (!id_equal(&oracle_book_at(ops[i].entry)->scope, scope) || (now && !lives(&ops[i], size)))
            continue;
        if (spoils_total(&ops[i], size, now))
            return 1;
        for (size_t k = 0; k < i; k++)
            if (contest(&ops[i], &ops[k]) && (!now || lives(&ops[k], size)))
                return 1;
    }
    return 0;
}

/* The same of a scope, and if it is a client's, of the cases that name the client. */
static int waits_about(const struct id *scope, size_t size, int now)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    if (is_contested(scope, size, now))
        return 1;
    for (size_t i = 0; i < count && ops[i].entry < size; i++) {
        struct id client;
        if (ops[i].kind == KIND_CASE && (ops[i].field == CASE_CLIENT || ops[i].field == CASE_SECOND_CLIENT) &&
            slice_id(ops[i].value, &client) && id_equal(&client, scope) &&
            is_contested(&oracle_book_at(ops[i].entry)->scope, size, now))
            return 1;
    }
    return 0;
}

/* May the user have this scope, or a record that is linked to it, in order to decide something? It is the most that the
 * office may deal: who of the deciders it is, is not worked out here. */
static int may_decide(const struct id *user, const struct id *scope, size_t size, int now)
{
    struct ids l = {0, 0, NULL};
    int may = 0;
    if (!decides_for_others(user, size))
        return 0;
    (void)put(&l, scope);
    add_linked(size, &l);
    for (size_t i = 0; i < l.count && !may; i++)
        may = waits_about(&l.all[i], size, now);
    free(l.all);
    return may;
}

/* Does it ever matter to a caseload? */
static int rules(unsigned kind)
{
    return kind == KIND_ASSIGNMENT || kind == KIND_HOLD || kind == KIND_CASE || kind == KIND_CLIENT ||
           kind == KIND_OFFICE;
}

/* Was the scope in (or, want 0, outside) the user's caseload at some size of the log from `from` to now? */
static int was(const struct id *user, const struct id *scope, size_t from, int want)
{
    size_t now = oracle_book_count();
    for (size_t size = now;; size--) {
        /* 1. Only where something changed. */
        if (size == now || rules(oracle_book_at(size)->kind)) {
            struct ids l = caseload(user, size);
            int is = has(&l, scope);
            free(l.all);
            if (is == want)
                return 1;
        }
        if (size == 0 || size <= from)
            return 0;
    }
}

void oracle_caseload_judge(void)
{
    for (size_t i = 0; i < gone_count; i++) {
        const struct let_go *g = &gone[i];
        char text[ID_BRIEF];
        if (!was(&g->user, &g->scope, g->from, 0))
            oracle_found("4: laptop %u let go of scope %s, which was in its user's caseload from size %zu of the log "
                         "to size %zu",
                         g->machine, id_brief(&g->scope, text), g->from, oracle_book_count());
    }
    gone_count = 0;
}

/* --- who writes where --- */

/* Was this change ever held? */
static int was_ever_held(size_t at)
{
    for (size_t size = oracle_book_count(); size > 0; size--)
        if (oracle_book_at(size - 1)->kind == KIND_HOLD && is_held(oracle_book_at(at), size))
            return 1;
    return 0;
}

/* Is the scope a case that others have been given by then, and the user has not? */
static int is_anothers(const struct id *scope, const struct id *user, size_t size)
{
    int is_given = 0;
    for (size_t i = 0; i < size; i++) {
        const struct oracle_book_entry *entry = oracle_book_at(i);
        if (entry->kind != KIND_ASSIGNMENT || !id_equal(&entry->scope, scope))
            continue;
        if (assigns(&entry->record, user, size))
            return 0;
        is_given = 1;
    }
    return is_given;
}

/* Who opens a case has it. */
static void judge_opened(size_t at, const struct id *user)
{
    const struct oracle_book_entry *entry = oracle_book_at(at);
    char text[ID_BRIEF];
    if (entry->kind != KIND_CASE || was_ever_held(at))
        return;
    for (size_t i = 0; i < oracle_book_count(); i++) {
        const struct oracle_book_entry *other = oracle_book_at(i);
        const struct oracle_book_op *who;
        struct id id;
        if (!id_equal(&other->scope, &entry->scope))
            continue;
        if (other->kind != KIND_ASSIGNMENT && i < at)
            return; /* it was opened before */
        if (other->kind == KIND_ASSIGNMENT &&
            (who = last(&other->record, ASSIGNMENT_USER, oracle_book_count())) != NULL && slice_id(who->value, &id) &&
            id_equal(&id, user))
            return;
    }
    oracle_found("4: case %s was opened on a laptop, and is not in its author's caseload",
                 id_brief(&entry->scope, text));
}

void oracle_caseload_writers(void)
{
    for (size_t i = 0; i < oracle_book_count(); i++) {
        const struct oracle_book_entry *entry = oracle_book_at(i);
        const struct oracle_book_op *owner = last(&entry->device, DEVICE_USER, oracle_book_count());
        struct id user;
        char text[ID_BRIEF];
        if (owner == NULL || !slice_id(owner->value, &user))
            continue;
        judge_opened(i, &user);
        if (is_anothers(&entry->scope, &user, i) && !was_ever_held(i) && !stands_in(&user, &entry->scope, i) &&
            !may_decide(&user, &entry->scope, i, 0))
            oracle_found("4: change %llu.%llu, at position %zu, was applied in case %s, which its author did not have",
                         (unsigned long long)entry->epoch, (unsigned long long)entry->seq, i,
                         id_brief(&entry->scope, text));
    }
}

/* --- what a laptop has --- */

/* At the end: what it holds whole is the caseload, no more and no less. */
static void judge_whole(unsigned machine, struct db *db, const struct id *user)
{
    struct ids l = caseload(user, oracle_book_count());
    struct error e = {0, ""};
    size_t whole = 0;
    char text[ID_BRIEF];
    sqlite3_stmt *s;
    int row = -1;
    if (db_query(db, &s, &e, "SELECT id FROM scope WHERE complete = 1 ORDER BY id", "") == 0)
        while ((row = db_next(db, s, &e)) == 1) {
            struct id scope = db_id(s, 0);
            if (!has(&l, &scope) && may_decide(user, &scope, oracle_book_count(), 1))
                continue;
            whole++;
            if (!has(&l, &scope))
                oracle_found("4: laptop %u holds scope %s whole, which is not in its user's caseload", machine,
                             id_brief(&scope, text));
        }
    if (row != 0)
        oracle_found("4: the scopes of laptop %u cannot be read: %s", machine, e.text);
    if (whole != l.count)
        oracle_found("4: laptop %u holds %zu scopes whole, and its user's caseload has %zu", machine, whole, l.count);
    free(l.all);
}

void oracle_caseload_laptop(unsigned machine, struct db *db, int at_end)
{
    /* What waits there, is held, or was lost by the office with a set-back keeps its scope; one that could not go is
     * marked, and goes with the next sync. */
    static const char sql[] =
        "SELECT scope FROM entry GROUP BY scope HAVING max(position IS NULL) = 0 AND min(held) = 0 AND "
        "max(position) < 4611686018427387904 AND "
        "(?1 OR NOT EXISTS(SELECT 1 FROM scope s WHERE s.id = scope AND complete = 0)) ORDER BY scope";
    size_t from = at_end ? oracle_book_count() : started[machine];
    struct error e = {0, ""};
    struct id user;
    struct ids now;
    sqlite3_stmt *s;
    int row = -1;
    if (db_meta_get(db, "user", user.b, ID_BYTES, &e) != 0) {
        if (at_end)
            oracle_found("4: laptop %u does not know whose it is: %s", machine, e.text);
        return;
    }
    now = caseload(&user, oracle_book_count());
    if (db_query(db, &s, &e, sql, "i", (int64_t)at_end) == 0)
        while ((row = db_next(db, s, &e)) == 1) {
            struct id scope = db_id(s, 0);
            char text[ID_BRIEF];
            if (!has(&now, &scope) && !was(&user, &scope, from, 1) &&
                !may_decide(&user, &scope, oracle_book_count(), at_end))
                oracle_found("4: laptop %u has entries of scope %s, which is not in its user's caseload", machine,
                             id_brief(&scope, text));
        }
    if (row != 0 && at_end)
        oracle_found("4: the log of laptop %u cannot be read: %s", machine, e.text);
    free(now.all);
    if (at_end)
        judge_whole(machine, db, &user);
}

/* --- covers, and caseloads that went to somebody else --- */

void oracle_caseload_covers(const char *today)
{
    for (size_t i = 0; i < oracle_book_count(); i++) {
        const struct oracle_book_entry *entry = oracle_book_at(i);
        const struct oracle_book_op *until, *voided;
        struct unpack r;
        struct slice day;
        char text[ID_BRIEF];
        if (entry->kind != KIND_ASSIGNMENT ||
            (until = last(&entry->record, ASSIGNMENT_UNTIL, oracle_book_count())) == NULL || until->entry != i)
            continue;
        voided = last(&entry->record, FIELD_VOID, oracle_book_count());
        unpack_start(&r, until->value);
        day = unpack_text(&r);
        if (!r.failed && day.size == strlen(today) && memcmp(day.p, today, day.size) < 0 &&
            number(last(&entry->record, ASSIGNMENT_STATUS, oracle_book_count())) == ACTIVE &&
            (voided == NULL || slice_is_nil(voided->value)))
            oracle_found("4: case %s is covered until %.*s, and today is %s", id_brief(&entry->scope, text),
                         (int)day.size, (const char *)day.p, today);
    }
}

/* The user with this login; 0: there is none. */
static int find_user(const char *login, struct id *user)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    for (size_t i = 0; i < count; i++) {
        struct unpack r;
        struct slice text;
        if (ops[i].kind != KIND_USER || ops[i].field != USER_LOGIN)
            continue;
        unpack_start(&r, ops[i].value);
        text = unpack_text(&r);
        if (!r.failed && text.size == strlen(login) && memcmp(text.p, login, text.size) == 0) {
            *user = ops[i].record;
            return 1;
        }
    }
    return 0;
}

void oracle_caseload_transferred(const char *from, const char *to, size_t before)
{
    struct ids had = {0, 0, NULL}, left = {0, 0, NULL}, has_now = {0, 0, NULL};
    size_t now = oracle_book_count();
    struct id one, other;
    char text[ID_BRIEF];
    if (!find_user(from, &one) || !find_user(to, &other))
        return;
    add_cases(&one, before, &had);
    add_cases(&one, now, &left);
    add_cases(&other, now, &has_now);
    for (size_t i = 0; i < had.count; i++) {
        if (id_is_zero(&had.all[i]))
            continue;
        if (has(&left, &had.all[i]))
            oracle_found("4: case %s went from %s to %s, and is still in the caseload of %s",
                         id_brief(&had.all[i], text), from, to, from);
        if (!has(&has_now, &had.all[i]))
            oracle_found("4: case %s went from %s to %s, and is not in the caseload of %s", id_brief(&had.all[i], text),
                         from, to, to);
    }
    free(had.all);
    free(left.all);
    free(has_now.all);
}
