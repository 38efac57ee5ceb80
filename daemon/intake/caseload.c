/* The caseload of a user, and the rules by which the office judges a laptop's change.
 *
 * The rules, in the order of caseload_judge. Each is a function that returns 1: the change keeps the rule; 0: it breaks
 * it; -1: failed, e says why.
 *
 *   may_touch         the change's scope is in the caseload, or this laptop took it down
 *   keeps_scope       the record stands in the scope and is of the kind that it had before
 *   is_own_word       what a laptop reports of itself is changed by that laptop alone
 *   names_written     the ops replace and void only what is in the log
 *   leaves_few_live   no field gets more live ops than a person can review
 *   are_values_right  values fit their fields, and persons that are named are in the caseload */
#include "caseload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "person.h"
#include "record.h"
#include "schema.h"
#include "wire_limits.h"

enum {
    CASES_MAX = 64,  /* cases of one person that were taken down in the field and are not assigned yet */
    LIVE_MAX = 1000, /* live ops of one field: fewer than one op can supersede, so that one decision ends them all */
    VOIDS_MAX = 16,  /* live voids of a record: every change of it compares each with all that lives in the record */
    LINKS_MAX = 64   /* live links of a record: all of them are followed whenever a laptop comes */
};

/* A caseload that is being filled. */
struct loading {
    struct central *c;
    const struct id *user;
    struct caseload *out;
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
    if (l->count == LIMITS_CASELOAD_MAX) {
        id_format(g->user, text);
        return error_set(e, E_LIMIT,
                         "the caseload of user %s has more than %d cases and clients; release some of the cases "
                         "(`satcheld case release`)",
                         text, LIMITS_CASELOAD_MAX);
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

/* Adds the cases that are assigned to the user, and their clients. */
static int add_assigned(struct loading *g, struct error *e)
{
    static const char sql[] =
        "SELECT scope FROM assignment WHERE \"user\" = ?1 AND status = 'active' AND voided = 0 UNION "
        "SELECT client FROM \"case\" WHERE client IS NOT NULL AND id IN "
        "(SELECT scope FROM assignment WHERE \"user\" = ?1 AND status = 'active' AND voided = 0) "
        "EXCEPT SELECT '00000000-0000-0000-0000-000000000000'";
    char text[ID_TEXT];
    struct id scope;
    sqlite3_stmt *s;
    int row, code;
    id_format(g->user, text);
    if ((code = db_query(g->c->db, &s, e, sql, "t", text)) != 0)
        return code;
    while ((row = db_next(g->c->db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &scope, e)) != 0 || (code = add_scope(g, &scope, e)) != 0) {
            db_done(g->c->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Adds the other records of every person of whom the caseload has one, since whoever visits a person must know what
 * each record of that person says; their cases are not added. Of one person PERSON_RECORDS_MAX records are added, the
 * first by their ids: otherwise one laptop could link a colleague's client to so many records that the colleague's
 * laptop gets nothing any more. A record that a link names but the office does not have is not added; one that is no
 * client's is in no map. */
static int add_linked(struct loading *g, struct error *e)
{
    struct person_map map;
    struct caseload *out = g->out;
    enum { PERSON = 1, RECORD = 2 };
    uint8_t *mine = NULL;  /* by record. RECORD: it is in the caseload; PERSON, at a person's first: one of its is */
    uint8_t *added = NULL; /* at a person's first record: how many others were added */
    size_t before = out->count;
    int code = person_map_load(g->c->db, &map, e);
    if (code == 0 && ((mine = calloc(map.count + 1, 1)) == NULL || (added = calloc(map.count + 1, 1)) == NULL))
        code = error_memory(e);
    /* 1. Mark the persons whose records the caseload has. */
    for (size_t i = 0; code == 0 && i < before; i++) {
        size_t at = person_map_find(&map, &out->scopes[i]);
        if (at == SIZE_MAX)
            continue;
        mine[at] |= RECORD;
        mine[map.group[at]] |= PERSON;
    }
    /* 2. Add their other records. */
    for (size_t i = 0; code == 0 && i < map.count; i++) {
        struct record_place place;
        struct error why;
        int found;
        if (!(mine[map.group[i]] & PERSON) || (mine[i] & RECORD) || added[map.group[i]] == PERSON_RECORDS_MAX ||
            out->count == LIMITS_CASELOAD_MAX)
            continue;
        if ((found = record_find(g->c->db, &map.ids[i], &place, &why)) != 0) {
            /* A record that could not be read must not count as absent: laptops would let go of it. */
            code = found == E_NOT_FOUND ? 0 : error_set(e, found, "%s", why.text);
            continue;
        }
        code = add_scope(g, &map.ids[i], e);
        added[map.group[i]]++;
    }
    free(mine);
    free(added);
    person_map_free(&map);
    return code;
}

/* --- what was taken down in the field --- */

/* 1: anybody may make a record with this id: it is a UUIDv7, which nobody can guess before it exists. Other ids are the
 * office's to give: an import derives them from the keys of its source, and somebody who knows such a key could
 * otherwise make the record first. */
static int is_free_id(const struct id *id)
{
    return id->b[6] >> 4 == 7;
}

/* 1: nothing of the scope has been applied yet, or this device made it and it is assigned to nobody; 0; -1: failed. */
static int is_unclaimed(struct central *c, const struct id *scope, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    char text[ID_TEXT];
    struct id maker;
    int row;
    if ((row = db_first(c->db, &s, e, "SELECT device FROM entry WHERE scope = ? AND held = 0 ORDER BY position LIMIT 1",
                        "d", scope)) <= 0)
        return row < 0 ? -1 : is_free_id(scope);
    maker = db_id(s, 0);
    db_done(c->db, s);
    if (!id_equal(&maker, device))
        return 0;
    id_format(scope, text);
    row = db_exists(c->db, e, "SELECT 1 FROM assignment WHERE scope = ? LIMIT 1", "t", text);
    return row < 0 ? -1 : !row;
}

/* 1: this device took the case or person down in the field: the scope is unclaimed, and so is every case that names the
 * person. 0: it did not, or the person has more than CASES_MAX cases, which nobody takes down in the field and which
 * would all have to be looked at for each change; -1: failed. */
static int is_taken_down_here(struct central *c, const struct id *scope, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    char text[ID_TEXT];
    int row, answer = is_unclaimed(c, scope, device, e), cases = 0;
    if (answer != 1)
        return answer;
    id_format(scope, text);
    if (db_query(c->db, &s, e, "SELECT id FROM \"case\" WHERE client = ?", "t", text) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        struct id naming;
        if (++cases > CASES_MAX)
            answer = 0;
        else
            answer = id_parse(db_text(s, 0), &naming, e) != 0 ? -1 : is_unclaimed(c, &naming, device, e);
        if (answer != 1) {
            db_done(c->db, s);
            return answer;
        }
    }
    return row < 0 ? -1 : 1;
}

/* Adds the persons whom a laptop of the user took down and of whom no case has come yet: no other caseload has them. */
static int add_taken_down_by(struct loading *g, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    int row, mine, code;
    if ((code = db_query(g->c->db, &s, e, "SELECT DISTINCT scope FROM entry WHERE device = ? AND kind = ? AND held = 0",
                         "du", device, (uint64_t)KIND_CLIENT)) != 0)
        return code;
    while ((row = db_next(g->c->db, s, e)) == 1) {
        struct id scope = db_id(s, 0);
        if ((mine = is_taken_down_here(g->c, &scope, device, e)) < 0 || (mine == 1 && add_scope(g, &scope, e) != 0)) {
            db_done(g->c->db, s);
            return error_code(e);
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int add_taken_down(struct loading *g, struct error *e)
{
    char text[ID_TEXT];
    struct id device;
    sqlite3_stmt *s;
    int row, code;
    id_format(g->user, text);
    if ((code = db_query(g->c->db, &s, e, "SELECT id FROM device WHERE \"user\" = ?", "t", text)) != 0)
        return code;
    while ((row = db_next(g->c->db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &device, e)) != 0 || (code = add_taken_down_by(g, &device, e)) != 0) {
            db_done(g->c->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

int caseload_load(struct central *c, const struct id *user, struct caseload *out, struct error *e)
{
    static const struct id everywhere;
    struct loading g = {.c = c, .user = user, .out = out};
    int code;
    out->scopes = NULL;
    out->count = 0;
    if ((code = add_scope(&g, &everywhere, e)) != 0 || (code = add_assigned(&g, e)) != 0 ||
        (code = add_taken_down(&g, e)) != 0 || (code = add_linked(&g, e)) != 0) {
        caseload_free(out);
        return code;
    }
    qsort(out->scopes, out->count, sizeof *out->scopes, compare_ids);
    return 0;
}

/* --- judging: where the record stands --- */

static int may_touch(struct central *c, const struct caseload *l, const struct id *scope, const struct id *device,
                     struct error *e)
{
    return caseload_has(l, scope) ? 1 : is_taken_down_here(c, scope, device, e);
}

/* 1: the record is where records of its kind belong (office-wide, with a client, in a case) and where it stood before,
 * as the kind that it was before; a new one has an id that anybody may take. Of a kind that this version does not know
 * only the second can be judged. */
static int keeps_scope(struct central *c, const struct change *change, struct error *e)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    struct id scope;
    sqlite3_stmt *s;
    int row, same;
    switch (kind != NULL ? kind->place : id_is_zero(&change->scope) ? SCHEMA_OFFICE : SCHEMA_CASE) {
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
    if ((row = db_first(c->db, &s, e, "SELECT kind, scope FROM place WHERE record = ?", "d", &change->record)) < 0)
        return -1;
    if (row == 0)
        return is_free_id(&change->record);
    scope = db_id(s, 1);
    same = db_uint(s, 0) == change->kind && id_equal(&scope, &change->scope);
    db_done(c->db, s);
    return same;
}

/* 1: the record is of a kind that is dealt, or new, or this device made it. Kinds that are not dealt are a laptop's
 * reports of itself (what it received, what happened to its store), and no other device may change one. */
static int is_own_word(struct central *c, const struct change *change, struct error *e)
{
    struct id first;
    sqlite3_stmt *s;
    int row;
    if (schema_is_dealt(change->kind))
        return 1;
    if ((row =
             db_first(c->db, &s, e, "SELECT device FROM entry WHERE record = ? AND held = 0 ORDER BY position LIMIT 1",
                      "d", &change->record)) < 0)
        return -1;
    if (row == 0)
        return 1;
    first = db_id(s, 0);
    db_done(c->db, s);
    return id_equal(&first, &change->device);
}

/* --- judging: what it replaces --- */

/* 1: each dot of the list is in the log, or one of the change's own device that stands before it: that one may be held
 * in this very batch. A value that is no list of dots passes here; schema_check finds it. */
static int are_dots_written(struct central *c, const struct change *change, struct slice dots, struct error *e)
{
    struct unpack r;
    unpack_start(&r, dots);
    for (size_t left = unpack_array(&r); left > 0; left--) {
        struct dot dot = dot_unpack(&r);
        int64_t entry;
        if (r.failed)
            break;
        if (id_equal(&dot.device, &change->device) && dot.epoch == change->epoch && dot.seq <= change->seq)
            continue;
        if ((entry = log_find(c->db, &dot.device, dot.epoch, dot.seq, NULL, e)) <= 0)
            return entry < 0 ? -1 : 0;
    }
    return 1;
}

/* 1: the ops replace and void only what is in the log. An honest author names what was shown to it; one that named what
 * a colleague has not written yet would keep that from ever being seen. */
static int names_written(struct central *c, const struct change *change, struct error *e)
{
    int seen = 1;
    for (size_t i = 0; i < change->op_count && seen == 1; i++) {
        const struct change_op *op = &change->ops[i];
        seen = are_dots_written(c, change, op->supersedes, e);
        if (seen == 1 && op->field == FIELD_VOID)
            seen = are_dots_written(c, change, op->value, e);
    }
    return seen;
}

/* --- judging: how much lives on a field --- */

/* The number of ops that live on a field (0: on the whole record), at most LIVE_MAX + 1; -1: failed. */
static int count_live(struct central *c, const struct id *record, unsigned field, struct error *e)
{
    static const char of_record[] = "SELECT count(*) FROM (SELECT 1 FROM op WHERE record = ? LIMIT ?)";
    static const char of_field[] = "SELECT count(*) FROM (SELECT 1 FROM op WHERE record = ? AND field = ? LIMIT ?)";
    uint64_t count;
    int code = field == 0
                   ? db_number_of(c->db, &count, e, of_record, "di", record, (int64_t)LIVE_MAX + 1)
                   : db_number_of(c->db, &count, e, of_field, "dui", record, (uint64_t)field, (int64_t)LIVE_MAX + 1);
    return code != 0 ? -1 : (int)count;
}

/* The number of live ops of its field that an op ends; -1: failed. */
static int count_ended(struct central *c, const struct id *record, const struct change_op *op, struct error *e)
{
    static const char sql[] = "SELECT 1 FROM op WHERE record = ? AND field = ? AND op = ? AND entry = "
                              "(SELECT id FROM entry WHERE device = ? AND epoch = ? AND seq = ?)";
    struct unpack r;
    int ended = 0;
    for (size_t left = change_supersedes(op, &r); left > 0; left--) {
        struct dot dot = dot_unpack(&r);
        int lives = db_exists(c->db, e, sql, "duuduu", record, (uint64_t)op->field, (uint64_t)dot.index, &dot.device,
                              dot.epoch, dot.seq);
        if (lives < 0)
            return -1;
        ended += lives;
    }
    return ended;
}

/* 1: more than `most` ops would live on the field that the change names first in its op number `first`; 0; -1. */
static int are_too_many(struct central *c, const struct change *change, size_t first, int most, struct error *e)
{
    unsigned field = change->ops[first].field;
    int live = count_live(c, &change->record, field, e), own = 0, ended = 0;
    if (live < 0)
        return -1;
    for (size_t i = first; i < change->op_count; i++)
        own += change->ops[i].field == field;
    /* Two ops of the change may end the same ones, so only the largest number that one op ends is certain. */
    for (size_t i = first; i < change->op_count && live + own - ended > most; i++) {
        int more = change->ops[i].field == field ? count_ended(c, &change->record, &change->ops[i], e) : 0;
        if (more < 0)
            return -1;
        ended = more > ended ? more : ended;
    }
    return live + own - ended > most;
}

/* The number of ops that may live on the field of an op. */
static int most_live(const struct change *change, size_t op)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, change->ops[op].field);
    if (change->ops[op].field == FIELD_VOID)
        return VOIDS_MAX;
    return field != NULL && schema_traits(field)->has_elements && field->type == SCHEMA_REF ? LINKS_MAX : LIVE_MAX;
}

/* Rejects a change that would leave more than LIVE_MAX live ops on a field (VOIDS_MAX voids, LINKS_MAX links): every
 * later change of that field would be slow, here and on each laptop, and no person could review it. */
static int leaves_few_live(struct central *c, const struct change *change, struct error *e)
{
    int live = count_live(c, &change->record, 0, e), most = LIVE_MAX;
    if (live < 0)
        return -1;
    for (size_t i = 0; i < change->op_count; i++)
        most = most_live(change, i) < most ? most_live(change, i) : most;
    if (live + (int)change->op_count <= most)
        return 1; /* the usual case */
    for (size_t i = 0; i < change->op_count; i++) {
        unsigned field = change->ops[i].field;
        size_t first = 0;
        int many;
        while (change->ops[first].field != field)
            first++;
        if (first == i && (many = are_too_many(c, change, i, most_live(change, i), e)) != 0)
            return many < 0 ? -1 : 0;
    }
    return 1;
}

/* --- judging: the values --- */

/* 1: the op names a person, who goes to *person. Removing somebody from a set does not count: it gives nobody access,
 * and a link that the office has undone meanwhile may be undone once more. */
static int names_person(const struct schema_field *field, const struct change_op *op, struct id *person)
{
    return field->type == SCHEMA_REF && field->ref == KIND_CLIENT && slice_id(op->value, person) &&
           !(schema_traits(field)->has_elements && op->action == CHANGE_REMOVE);
}

/* 1: each value is one that its field can hold; a field that is written once is amended and not replaced; and every
 * person whom a case or a link names is one whom the laptop may touch: otherwise naming a person would give access to
 * that person's record. 0: reason says which it is. */
static int are_values_right(struct central *c, const struct caseload *l, const struct schema_kind *kind,
                            const struct change *change, char reason[CASELOAD_REASON], struct error *e)
{
    for (size_t i = 0; i < change->op_count; i++) {
        const struct schema_field *field = schema_field(kind, change->ops[i].field);
        struct unpack dots;
        struct error wrong;
        struct id person;
        if (field == NULL)
            continue;
        if (schema_check(kind, field, change->ops[i].value, &wrong) != 0) {
            (void)snprintf(reason, CASELOAD_REASON, "%.199s", wrong.text);
            return 0;
        }
        if (schema_traits(field)->is_amended && change_supersedes(&change->ops[i], &dots) != 0) {
            (void)snprintf(reason, CASELOAD_REASON, "it replaces what is written once; an amendment stands beside it");
            return 0;
        }
        if (names_person(field, &change->ops[i], &person)) {
            int may = may_touch(c, l, &person, &change->device, e);
            if (may != 1) {
                (void)snprintf(reason, CASELOAD_REASON, "it names a person who is not in the caseload");
                return may;
            }
        }
    }
    return 1;
}

int caseload_knows(const struct change *change)
{
    return schema_kind(change->kind) != NULL || !id_is_zero(&change->scope) || !schema_is_dealt(change->kind);
}

/* Writes the reason of a hold. */
static int refuse_because(char reason[CASELOAD_REASON], const char *why)
{
    (void)snprintf(reason, CASELOAD_REASON, "%s", why);
    return 1;
}

/* The rules that need nothing of the store: author and kind. 0: kept; 1: broken. */
static int judge_kind(const struct id *user, const struct change *change, char reason[CASELOAD_REASON])
{
    const struct schema_kind *kind = schema_kind(change->kind);
    if (!id_equal(&change->author, user))
        return refuse_because(reason, "its author is not the person that this laptop was enrolled for");
    if (schema_is_office_only(change->kind)) {
        (void)snprintf(reason, CASELOAD_REASON, "only the office itself writes records of kind %s",
                       kind != NULL ? kind->name : "that number, which is newer than its program");
        return 1;
    }
    if (!caseload_knows(change))
        return refuse_because(reason,
                              "its kind is newer than the office's program, and every laptop would get it: the office "
                              "updates its program, then releases it");
    return 0;
}

int caseload_judge(struct central *c, const struct caseload *l, const struct id *user, const struct change *change,
                   char reason[CASELOAD_REASON], struct error *e)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    int right;
    reason[0] = 0;
    if (judge_kind(user, change, reason) != 0)
        return 1;
    if ((right = may_touch(c, l, &change->scope, &change->device, e)) != 1)
        return right < 0 ? -1 : refuse_because(reason, "its case is not in the caseload of its author");
    if ((right = keeps_scope(c, change, e)) != 1)
        return right < 0 ? -1
                         : refuse_because(reason, "its record stands in another case, is of another kind, or has an id "
                                                  "that the office alone gives");
    if ((right = is_own_word(c, change, e)) != 1)
        return right < 0 ? -1 : refuse_because(reason, "it changes what another laptop, or the office, said of itself");
    if ((right = names_written(c, change, e)) != 1)
        return right < 0 ? -1 : refuse_because(reason, "it replaces or voids what nobody has written yet");
    if ((right = leaves_few_live(c, change, e)) != 1)
        return right < 0 ? -1
                         : refuse_because(reason, "a field of its record would have too many values beside each other");
    if (kind == NULL)
        return 0;
    right = are_values_right(c, l, kind, change, reason, e);
    return right < 0 ? -1 : !right;
}
