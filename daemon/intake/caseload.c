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
    CASES_MAX = 64,  /* of one person, taken down in the field and not given to anybody yet */
    LIVE_MAX = 1000, /* live ops of one field: fewer than one op can supersede, so that a person can decide them all */
    VOIDS_MAX = 16,  /* live voids of a record: each is held against all that lives in it, at every change */
    LINKS_MAX = 64   /* live links of a record: all of them are followed whenever a laptop comes */
};

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

/* room: how many fit so far. */
static int add_scope(struct caseload *l, size_t *room, const struct id *scope, const struct id *user, struct error *e)
{
    char text[ID_TEXT];
    if (l->count == LIMITS_CASELOAD_MAX) {
        id_format(user, text);
        return error_set(e, E_LIMIT, "the caseload of user %s has more than %d cases and clients", text,
                         LIMITS_CASELOAD_MAX);
    }
    if (l->scopes == NULL || l->count == *room) {
        struct id *more = realloc(l->scopes, (*room = 2 * *room + 64) * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        l->scopes = more;
    }
    l->scopes[l->count++] = *scope;
    return 0;
}

/* The cases that are assigned to the user, and their clients. */
static int add_assigned(struct central *c, const struct id *user, struct caseload *out, size_t *room, struct error *e)
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
    id_format(user, text);
    if ((code = db_query(c->db, &s, e, sql, "t", text)) != 0)
        return code;
    while ((row = db_next(c->db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &scope, e)) != 0 || (code = add_scope(out, room, &scope, user, e)) != 0) {
            db_done(c->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Whoever visits a person must know what every record of that person says: so the other records come, but not their
 * cases; of one person as many as are told, the first by their ids. Else one laptop could link a colleague's client to
 * so many that the colleague's laptop gets nothing any more. What the office has never heard of comes to nobody by
 * being named, and what is no client's record is in no map. */
static int add_linked(struct central *c, const struct id *user, struct caseload *out, size_t *room, struct error *e)
{
    struct person_map map;
    enum { PERSON = 1, RECORD = 2 };
    uint8_t *held = NULL;  /* PERSON: at the first of a person's records, one of which is held; RECORD: it is itself */
    uint8_t *added = NULL; /* at the first of a person's records: how many others */
    size_t assigned = out->count;
    int code = person_map_load(c->db, &map, e);
    if (code == 0 && ((held = calloc(map.count + 1, 1)) == NULL || (added = calloc(map.count + 1, 1)) == NULL))
        code = error_memory(e);
    /* 1. Whose records these are. */
    for (size_t i = 0; code == 0 && i < assigned; i++) {
        size_t at = person_map_find(&map, &out->scopes[i]);
        if (at == SIZE_MAX)
            continue;
        held[at] |= RECORD;
        held[map.group[at]] |= PERSON;
    }
    /* 2. All others of theirs. */
    for (size_t i = 0; code == 0 && i < map.count; i++) {
        struct record_place place;
        struct error why;
        int found;
        if (!(held[map.group[i]] & PERSON) || (held[i] & RECORD) || added[map.group[i]] == PERSON_RECORDS_MAX ||
            out->count == LIMITS_CASELOAD_MAX)
            continue;
        if ((found = record_find(c->db, &map.ids[i], &place, &why)) != 0) {
            /* What could not be read must not look like what is not there: it would be let go of. */
            code = found == E_NOT_FOUND ? 0 : error_set(e, found, "%s", why.text);
            continue;
        }
        code = add_scope(out, room, &map.ids[i], user, e);
        added[map.group[i]]++;
    }
    free(held);
    free(added);
    person_map_free(&map);
    return code;
}

/* --- judging a change --- */

/* What is new gets a UUIDv7, which nobody can tell before it is there. Other ids are the office's to give: those of an
 * import are made from the keys of its source, and who knows such a key could take the record's place beforehand. */
static int is_anybodys(const struct id *id)
{
    return id->b[6] >> 4 == 7;
}

/* 1: nothing of the scope has been applied yet, or this device made it and nobody holds it yet; 0: no; -1: failed. */
static int is_unclaimed(struct central *c, const struct id *scope, const struct id *device, struct error *e)
{
    sqlite3_stmt *s;
    char text[ID_TEXT];
    struct id maker;
    int row;
    if ((row = db_first(c->db, &s, e, "SELECT device FROM entry WHERE scope = ? AND held = 0 ORDER BY position LIMIT 1",
                        "d", scope)) <= 0)
        return row < 0 ? -1 : is_anybodys(scope);
    maker = db_id(s, 0);
    db_done(c->db, s);
    if (!id_equal(&maker, device))
        return 0;
    id_format(scope, text);
    row = db_exists(c->db, e, "SELECT 1 FROM assignment WHERE scope = ? LIMIT 1", "t", text);
    return row < 0 ? -1 : !row;
}

/* A case or person taken down in the field by this device: unclaimed, and every case that names the person is, too.
 * Nobody takes down more than a few cases of one person; for each of many, all would have to be looked at. */
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

/* Persons whom one of the user's laptops took down, and whose case has not come yet: nobody else has them. */
static int add_taken_down_by(struct central *c, const struct id *device, const struct id *user, struct caseload *out,
                             size_t *room, struct error *e)
{
    sqlite3_stmt *s;
    int row, mine, code;
    if ((code = db_query(c->db, &s, e, "SELECT DISTINCT scope FROM entry WHERE device = ? AND kind = ? AND held = 0",
                         "du", device, (uint64_t)KIND_CLIENT)) != 0)
        return code;
    while ((row = db_next(c->db, s, e)) == 1) {
        struct id scope = db_id(s, 0);
        if ((mine = is_taken_down_here(c, &scope, device, e)) < 0 ||
            (mine == 1 && add_scope(out, room, &scope, user, e) != 0)) {
            db_done(c->db, s);
            return error_code(e);
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int add_taken_down(struct central *c, const struct id *user, struct caseload *out, size_t *room, struct error *e)
{
    char text[ID_TEXT];
    struct id device;
    sqlite3_stmt *s;
    int row, code;
    id_format(user, text);
    if ((code = db_query(c->db, &s, e, "SELECT id FROM device WHERE \"user\" = ?", "t", text)) != 0)
        return code;
    while ((row = db_next(c->db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &device, e)) != 0 ||
            (code = add_taken_down_by(c, &device, user, out, room, e)) != 0) {
            db_done(c->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

int caseload_load(struct central *c, const struct id *user, struct caseload *out, struct error *e)
{
    static const struct id everywhere;
    size_t room = 0;
    int code;
    out->scopes = NULL;
    out->count = 0;
    if ((code = add_scope(out, &room, &everywhere, user, e)) != 0 ||
        (code = add_assigned(c, user, out, &room, e)) != 0 || (code = add_taken_down(c, user, out, &room, e)) != 0 ||
        (code = add_linked(c, user, out, &room, e)) != 0) {
        caseload_free(out);
        return code;
    }
    qsort(out->scopes, out->count, sizeof *out->scopes, caseload_compare);
    return 0;
}

static int may_touch(struct central *c, const struct caseload *l, const struct id *scope, const struct id *device,
                     struct error *e)
{
    return caseload_has(l, scope) ? 1 : is_taken_down_here(c, scope, device, e);
}

/* Does the record stand where records of its kind stand, and where it stood before? Where a kind stands that this
 * version does not know, it cannot tell. */
static int is_in_place(struct central *c, const struct change *change, struct error *e)
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
        return is_anybodys(&change->record);
    scope = db_id(s, 1);
    same = db_uint(s, 0) == change->kind && id_equal(&scope, &change->scope);
    db_done(c->db, s);
    return same;
}

/* What no laptop gets is what one says of itself (what it holds, what happened to its store): nobody else says it for
 * it. 1, 0, -1. */
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

/* Is each dot of this list in the log? 1, 0, -1. */
static int are_written(struct central *c, const struct change *change, struct slice dots, struct error *e)
{
    struct unpack r;
    unpack_start(&r, dots);
    for (size_t left = unpack_array(&r); left > 0; left--) {
        struct dot dot = dot_unpack(&r);
        int64_t entry;
        if (r.failed)
            break; /* no list of dots: that is judged elsewhere */
        if (id_equal(&dot.device, &change->device) && dot.epoch == change->epoch && dot.seq <= change->seq)
            continue; /* its own, which may be held in this batch */
        if ((entry = log_find(c->db, &dot.device, dot.epoch, dot.seq, NULL, e)) <= 0)
            return entry < 0 ? -1 : 0;
    }
    return 1;
}

/* Does each op replace, or void, only what is in the log? An honest author names what was shown to it; naming what a
 * colleague has not written yet would keep that from ever being seen. */
static int are_seen(struct central *c, const struct change *change, struct error *e)
{
    int seen = 1;
    for (size_t i = 0; i < change->op_count && seen == 1; i++) {
        const struct change_op *op = &change->ops[i];
        seen = are_written(c, change, op->supersedes, e);
        if (seen == 1 && op->field == FIELD_VOID)
            seen = are_written(c, change, op->value, e);
    }
    return seen;
}

/* --- how much lives on a field --- */

/* Ops that live on a field (0: on the whole record), up to one more than LIVE_MAX; -1. */
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

/* How many of the live ops of its field an op ends; -1. */
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

/* Would more than `most` ops live on the field that op number `first` of the change is the first to name? 1, 0, -1. */
static int are_too_many(struct central *c, const struct change *change, size_t first, int most, struct error *e)
{
    unsigned field = change->ops[first].field;
    int live = count_live(c, &change->record, field, e), own = 0, ended = 0;
    if (live < 0)
        return -1;
    for (size_t i = first; i < change->op_count; i++)
        own += change->ops[i].field == field;
    /* Two ops may end the same ones: what one of them ends is sure. */
    for (size_t i = first; i < change->op_count && live + own - ended > most; i++) {
        int more = change->ops[i].field == field ? count_ended(c, &change->record, &change->ops[i], e) : 0;
        if (more < 0)
            return -1;
        ended = more > ended ? more : ended;
    }
    return live + own - ended > most;
}

/* How many ops may live on the field of an op. */
static int most_live(const struct change *change, size_t op)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, change->ops[op].field);
    if (change->ops[op].field == FIELD_VOID)
        return VOIDS_MAX;
    return field != NULL && schema_traits(field)->has_elements && field->type == SCHEMA_REF ? LINKS_MAX : LIVE_MAX;
}

/* Does what would live on each field stay few enough? Who fills a field without end would make each further change of
 * it slow, here and on every laptop, and nobody could decide over it any more. */
static int are_few(struct central *c, const struct change *change, struct error *e)
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

/* Does the op name a person? Taking somebody out of a set opens nothing, whoever it is: a link that the office undid in
 * the meantime may be undone once more. */
static int names_person(const struct schema_field *field, const struct change_op *op, struct id *person)
{
    return field->type == SCHEMA_REF && field->ref == KIND_CLIENT && slice_id(op->value, person) &&
           !(schema_traits(field)->has_elements && op->action == CHANGE_REMOVE);
}

/* Each op: a value that its field can hold; what is written once is amended, never replaced; and a case may name, a
 * record be linked to, only a person whom the laptop may touch, or naming somebody would be a way to read that person's
 * record. */
static int are_ops_right(struct central *c, const struct caseload *l, const struct schema_kind *kind,
                         const struct change *change, char reason[200], struct error *e)
{
    for (size_t i = 0; i < change->op_count; i++) {
        const struct schema_field *field = schema_field(kind, change->ops[i].field);
        struct unpack dots;
        struct error wrong;
        struct id person;
        if (field == NULL)
            continue;
        if (schema_check(kind, field, change->ops[i].value, &wrong) != 0) {
            (void)snprintf(reason, 200, "%.199s", wrong.text);
            return 0;
        }
        if (schema_traits(field)->is_amended && change_supersedes(&change->ops[i], &dots) != 0) {
            (void)snprintf(reason, 200, "it replaces what is written once; an amendment stands beside it");
            return 0;
        }
        if (names_person(field, &change->ops[i], &person)) {
            int may = may_touch(c, l, &person, &change->device, e);
            if (may != 1) {
                (void)snprintf(reason, 200, "it names a person who is not in the caseload");
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
    if (schema_is_office_only(change->kind)) {
        (void)snprintf(reason, 200, "only the office itself writes records of kind %s",
                       kind != NULL ? kind->name : "that number, which is newer than its program");
        return 1;
    }
    if (!caseload_knows(change)) {
        (void)snprintf(reason, 200,
                       "its kind is newer than the office's program, and every laptop would get it: the office updates "
                       "its program, then releases it");
        return 1;
    }
    if ((right = may_touch(c, l, &change->scope, &change->device, e)) != 1) {
        (void)snprintf(reason, 200, "its case is not in the caseload of its author");
        return right < 0 ? -1 : 1;
    }
    if ((right = is_in_place(c, change, e)) != 1) {
        (void)snprintf(
            reason, 200,
            "its record stands in another case, is of another kind, or has an id that the office alone gives");
        return right < 0 ? -1 : 1;
    }
    if ((right = is_own_word(c, change, e)) != 1) {
        (void)snprintf(reason, 200, "it changes what another laptop, or the office, said of itself");
        return right < 0 ? -1 : 1;
    }
    if ((right = are_seen(c, change, e)) != 1) {
        (void)snprintf(reason, 200, "it replaces or voids what nobody has written yet");
        return right < 0 ? -1 : 1;
    }
    if ((right = are_few(c, change, e)) != 1) {
        (void)snprintf(reason, 200, "a field of its record would have too many values beside each other");
        return right < 0 ? -1 : 1;
    }
    if (kind == NULL)
        return 0;
    right = are_ops_right(c, l, kind, change, reason, e);
    return right < 0 ? -1 : !right;
}
