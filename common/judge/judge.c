/* The rules by which a laptop's change is judged, by the record as it is in front of the change.
 *
 * The rules that need a look at the record, in the order of judge_change. Each is a function that returns 1: the change
 * keeps the rule; 0: it breaks it; -1: failed, e says why.
 *
 *   may_write_in      the change's scope is in the caseload, or this laptop took it down, or its user decides there
 *   keeps_scope       the record stands in the scope and is of the kind that it had before
 *   is_own_word       what a laptop reports of itself is changed by that laptop alone
 *   names_written     the ops replace and void only what is in the log
 *   has_no_gap        a closing reaches over no change that waits for a decision
 *   leaves_few_live   no field gets more live ops than a person can review
 *   are_values_right  values fit their fields, and persons that are named are in the caseload */
#include "judge.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "record.h"
#include "schema.h"

enum {
    LIVE_MAX = 1000, /* live ops of one field: fewer than one op can supersede, so that one decision ends them all */
    VOIDS_MAX = 16,  /* live voids of a record: every change of it compares each with all that lives in the record */
    LINKS_MAX = 64   /* live links of a record: all of them are followed whenever a laptop comes */
};

/* --- what the judging version knows --- */

static const struct schema_kind *known_kind(const struct judge *j, unsigned number)
{
    const struct schema_kind *kind = schema_kind(number);
    return kind != NULL && kind->since <= j->version ? kind : NULL;
}

static const struct schema_field *known_field(const struct judge *j, const struct schema_kind *kind, unsigned number)
{
    const struct schema_field *field = schema_field(kind, number);
    return field != NULL && field->since <= j->version ? field : NULL;
}

int judge_since(const struct change *change)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    int since = kind != NULL ? kind->since : 0;
    for (size_t i = 0; kind != NULL && i < change->op_count; i++) {
        const struct schema_field *field = schema_field(kind, change->ops[i].field);
        if (field != NULL && field->since > since)
            since = field->since;
    }
    return since;
}

/* --- where the record stands --- */

static int may_touch(const struct judge *j, const struct id *scope, const struct id *device, struct error *e)
{
    return caseload_has(j->caseload, scope) ? 1 : caseload_is_taken_down(j->db, scope, device, e);
}

/* 1: may_touch, or the user is one who decides what is contested in the scope. Such a scope leaves the caseload with
 * the decision, and two may decide at a time, or one may write a note beside it: that is no reason to hold the second.
 * It gives nobody access to what the scope says. */
static int may_write_in(const struct judge *j, const struct change *change, struct error *e)
{
    int may = may_touch(j, &change->scope, &change->device, e);
    return may != 0 ? may : caseload_decides(j->db, &j->device->user, &change->scope, e);
}

/* 1: the record is where records of its kind belong (office-wide, with a client, in a case) and where it stood before,
 * as the kind that it was before; a new one has an id that anybody may take. Of a kind that this version does not know
 * only the second can be judged. */
static int keeps_scope(const struct judge *j, const struct change *change, struct error *e)
{
    const struct schema_kind *kind = known_kind(j, change->kind);
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
    if ((row = db_first(j->db, &s, e, "SELECT kind, scope FROM place WHERE record = ?", "d", &change->record)) < 0)
        return -1;
    if (row == 0)
        return caseload_is_free_id(&change->record);
    scope = db_id(s, 1);
    same = db_uint(s, 0) == change->kind && id_equal(&scope, &change->scope);
    db_done(j->db, s);
    return same;
}

/* 1: the record is of a kind that is dealt, or new, or this device made it. Kinds that are not dealt are a laptop's
 * reports of itself (what it received, what happened to its store), and no other device may change one. */
static int is_own_word(struct db *db, const struct change *change, struct error *e)
{
    struct id first;
    sqlite3_stmt *s;
    int row;
    if (schema_is_dealt(change->kind))
        return 1;
    if ((row = db_first(db, &s, e, "SELECT device FROM entry WHERE record = ? AND held = 0 ORDER BY position LIMIT 1",
                        "d", &change->record)) < 0)
        return -1;
    if (row == 0)
        return 1;
    first = db_id(s, 0);
    db_done(db, s);
    return id_equal(&first, &change->device);
}

/* --- what it replaces --- */

/* 1: each dot of the list is in the log, or one of the change's own device that stands before it: that one may be held
 * in this very batch. scope: it must stand there; NULL: anywhere. A value that is no list of dots passes here;
 * schema_check finds it. */
static int are_dots_written(struct db *db, const struct change *change, struct slice dots, const struct id *scope,
                            struct error *e)
{
    struct unpack r;
    unpack_start(&r, dots);
    for (size_t left = unpack_array(&r); left > 0; left--) {
        struct dot dot = dot_unpack(&r);
        int64_t entry;
        int in;
        if (r.failed)
            break;
        if (id_equal(&dot.device, &change->device) && dot.epoch == change->epoch && dot.seq <= change->seq)
            continue;
        if ((entry = log_find(db, &dot.device, dot.epoch, dot.seq, NULL, e)) <= 0)
            return entry < 0 ? -1 : 0;
        if (scope != NULL &&
            (in = db_exists(db, e, "SELECT 1 FROM entry WHERE id = ? AND scope = ?", "id", entry, scope)) != 1)
            return in;
    }
    return 1;
}

/* 1: the ops replace, void and claim to have seen only what is in the log. An honest author names what was shown to it;
 * one that named what a colleague has not written yet would keep that from ever being seen. */
static int names_written(struct db *db, const struct change *change, struct error *e)
{
    int seen = 1;
    for (size_t i = 0; i < change->op_count && seen == 1; i++) {
        const struct change_op *op = &change->ops[i];
        seen = are_dots_written(db, change, op->supersedes, NULL, e);
        if (seen == 1 && op->field == FIELD_VOID)
            seen = are_dots_written(db, change, op->value, NULL, e);
        if (seen == 1 && op->field == FIELD_SEEN)
            seen = are_dots_written(db, change, op->value, &change->scope, e);
    }
    return seen;
}

/* 1: a closing reaches over a change of another laptop that waits for a decision (held): its author cannot have seen
 * that, though what came later from the same laptop was seen; 0: none; -1: failed. */
static int reaches_over_held(struct db *db, const struct change *change, struct slice seen, struct error *e)
{
    static const char sql[] =
        "SELECT 1 FROM entry WHERE scope = ? AND held = 1 AND device = ? AND epoch = ? AND seq <= ? AND EXISTS(SELECT "
        "1 FROM hold WHERE hold.device = lower(hex(entry.device)) AND hold.epoch = entry.epoch AND hold.seq = "
        "entry.seq AND hold.status IS 'held')";
    struct unpack r;
    int found = 0;
    unpack_start(&r, seen);
    for (size_t left = unpack_array(&r); left > 0 && found == 0; left--) {
        struct dot dot = dot_unpack(&r);
        if (r.failed)
            break;
        if (!id_equal(&dot.device, &change->device))
            found = db_exists(db, e, sql, "dduu", &change->scope, &dot.device, dot.epoch, dot.seq);
    }
    return found;
}

/* 1: what a closing says that its author had seen has no such gap; 0; -1. */
static int has_no_gap(struct db *db, const struct change *change, struct error *e)
{
    int over = 0;
    for (size_t i = 0; i < change->op_count && over == 0 && record_closes(change); i++)
        if (change->ops[i].field == FIELD_SEEN)
            over = reaches_over_held(db, change, change->ops[i].value, e);
    return over < 0 ? -1 : !over;
}

/* --- how much lives on a field --- */

/* The number of ops that live on a field (0: on the whole record), at most LIVE_MAX + 1; -1: failed. */
static int count_live(struct db *db, const struct id *record, unsigned field, struct error *e)
{
    static const char of_record[] = "SELECT count(*) FROM (SELECT 1 FROM op WHERE record = ? LIMIT ?)";
    static const char of_field[] = "SELECT count(*) FROM (SELECT 1 FROM op WHERE record = ? AND field = ? LIMIT ?)";
    uint64_t count;
    int code = field == 0
                   ? db_number_of(db, &count, e, of_record, "di", record, (int64_t)LIVE_MAX + 1)
                   : db_number_of(db, &count, e, of_field, "dui", record, (uint64_t)field, (int64_t)LIVE_MAX + 1);
    return code != 0 ? -1 : (int)count;
}

/* The number of live ops of its field that an op ends; -1: failed. */
static int count_ended(struct db *db, const struct id *record, const struct change_op *op, struct error *e)
{
    static const char sql[] = "SELECT 1 FROM op WHERE record = ? AND field = ? AND op = ? AND entry = "
                              "(SELECT id FROM entry WHERE device = ? AND epoch = ? AND seq = ?)";
    struct unpack r;
    int ended = 0;
    for (size_t left = change_supersedes(op, &r); left > 0; left--) {
        struct dot dot = dot_unpack(&r);
        int lives = db_exists(db, e, sql, "duuduu", record, (uint64_t)op->field, (uint64_t)dot.index, &dot.device,
                              dot.epoch, dot.seq);
        if (lives < 0)
            return -1;
        ended += lives;
    }
    return ended;
}

/* 1: more than `most` ops would live on the field that the change names first in its op number `first`; 0; -1. */
static int are_too_many(struct db *db, const struct change *change, size_t first, int most, struct error *e)
{
    unsigned field = change->ops[first].field;
    int live = count_live(db, &change->record, field, e), own = 0, ended = 0;
    if (live < 0)
        return -1;
    for (size_t i = first; i < change->op_count; i++)
        own += change->ops[i].field == field;
    /* Two ops of the change may end the same ones, so only the largest number that one op ends is certain. */
    for (size_t i = first; i < change->op_count && live + own - ended > most; i++) {
        int more = change->ops[i].field == field ? count_ended(db, &change->record, &change->ops[i], e) : 0;
        if (more < 0)
            return -1;
        ended = more > ended ? more : ended;
    }
    return live + own - ended > most;
}

/* The number of ops that may live on the field of an op. */
static int most_live(const struct judge *j, const struct change *change, size_t op)
{
    const struct schema_kind *kind = known_kind(j, change->kind);
    const struct schema_field *field = kind == NULL ? NULL : known_field(j, kind, change->ops[op].field);
    if (change->ops[op].field == FIELD_VOID)
        return VOIDS_MAX;
    return field != NULL && schema_traits(field)->has_elements && field->type == SCHEMA_REF ? LINKS_MAX : LIVE_MAX;
}

/* Rejects a change that would leave more than LIVE_MAX live ops on a field (VOIDS_MAX voids, LINKS_MAX links): every
 * later change of that field would be slow, here and on each laptop, and no person could review it. */
static int leaves_few_live(const struct judge *j, const struct change *change, struct error *e)
{
    int live = count_live(j->db, &change->record, 0, e), most = LIVE_MAX;
    if (live < 0)
        return -1;
    for (size_t i = 0; i < change->op_count; i++)
        most = most_live(j, change, i) < most ? most_live(j, change, i) : most;
    if (live + (int)change->op_count <= most)
        return 1; /* the usual case */
    for (size_t i = 0; i < change->op_count; i++) {
        unsigned field = change->ops[i].field;
        size_t first = 0;
        int many;
        while (change->ops[first].field != field)
            first++;
        if (first == i && (many = are_too_many(j->db, change, i, most_live(j, change, i), e)) != 0)
            return many < 0 ? -1 : 0;
    }
    return 1;
}

/* --- the values --- */

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
static int are_values_right(const struct judge *j, const struct schema_kind *kind, const struct change *change,
                            char reason[JUDGE_REASON], struct error *e)
{
    for (size_t i = 0; i < change->op_count; i++) {
        const struct schema_field *field = known_field(j, kind, change->ops[i].field);
        struct unpack dots;
        struct error wrong;
        struct id person;
        if (field == NULL)
            continue;
        if (change->ops[i].value.size != 0 && schema_check(kind, field, change->ops[i].value, &wrong) != 0) {
            (void)snprintf(reason, JUDGE_REASON, "%.199s", wrong.text);
            return 0;
        }
        if (schema_traits(field)->is_amended && change_supersedes(&change->ops[i], &dots) != 0) {
            (void)snprintf(reason, JUDGE_REASON, "it replaces what is written once; an amendment stands beside it");
            return 0;
        }
        if (names_person(field, &change->ops[i], &person)) {
            int may = may_touch(j, &person, &change->device, e);
            if (may != 1) {
                (void)snprintf(reason, JUDGE_REASON, "it names a person who is not in the caseload");
                return may;
            }
        }
    }
    return 1;
}

int judge_knows(const struct judge *j, const struct change *change)
{
    return known_kind(j, change->kind) != NULL || !id_is_zero(&change->scope) || !schema_is_dealt(change->kind);
}

/* --- the whole change --- */

/* 1: the log has the same change already, in another epoch of the same device: an old copy of a store, put back after
 * its changes had gone out in a new epoch, writes them once more without knowing of the first time. 0: it has not, or
 * the change is a laptop's report of itself, of which a second one does no harm. -1: failed. */
static int is_repeat(struct db *db, const struct change *change, struct error *e)
{
    struct change other;
    sqlite3_stmt *s;
    int row, same = 0;
    if (!schema_is_dealt(change->kind))
        return 0;
    if (db_query(db, &s, e, "SELECT header, body FROM entry WHERE record = ? AND +device = ? AND epoch <> ?", "ddu",
                 &change->record, &change->device, change->epoch) != 0)
        return -1;
    while (!same && (row = db_next(db, s, e)) == 1) {
        if (change_read(db_slice(s, 0), db_slice(s, 1), &other, e) != 0) {
            db_done(db, s);
            return -1;
        }
        if ((same = change_repeats(change, &other)) != 0)
            db_done(db, s);
    }
    return row < 0 ? -1 : same;
}

/* Writes the reason of a hold. */
static int refuse_because(char reason[JUDGE_REASON], const char *why)
{
    (void)snprintf(reason, JUDGE_REASON, "%s", why);
    return 1;
}

/* What the laptop and its user may write at all. Events are heard from every laptop, most of all from one that is to be
 * wiped. 0: kept; 1: broken; -1: failed. */
static int judge_writer(const struct judge *j, const struct change *change, char reason[JUDGE_REASON], struct error *e)
{
    int repeats = 0;
    if (j->device->revoked && change->kind != KIND_EVENT)
        return refuse_because(reason, "this laptop, or its user, has been disabled");
    if (j->device->reads_only && change->kind != KIND_RECEIPT && change->kind != KIND_EVENT)
        return refuse_because(reason, "an auditor reads, and writes no records");
    if (j->has_forked && (repeats = is_repeat(j->db, change, e)) != 0)
        return repeats < 0 ? -1 : refuse_because(reason, "it was written once more after a fork, and is here already");
    return 0;
}

/* 1: the change says of itself that an import wrote it. Such a change contests no closing (record_is_import). */
static int poses_as_import(const struct change *change)
{
    for (size_t i = 0; i < change->op_count; i++)
        if (change->ops[i].field == FIELD_SOURCE_ID || change->ops[i].field == FIELD_SOURCE_HASH)
            return 1;
    return 0;
}

/* The rules that need nothing of the store: author and kind. 0: kept; 1: broken. */
static int judge_kind(const struct judge *j, const struct change *change, char reason[JUDGE_REASON])
{
    const struct schema_kind *kind = known_kind(j, change->kind);
    if (!id_equal(&change->author, &j->device->user))
        return refuse_because(reason, "its author is not the person that this laptop was enrolled for");
    if (schema_is_office_only(change->kind)) {
        (void)snprintf(reason, JUDGE_REASON, "only the office itself writes records of kind %s",
                       kind != NULL ? kind->name : "that number, which is newer than its program");
        return 1;
    }
    if (poses_as_import(change))
        return refuse_because(reason, "it says that an import wrote it, and imports are the office's alone");
    if (!judge_knows(j, change))
        return refuse_because(reason,
                              "its kind is newer than the office's program, and every laptop would get it: the office "
                              "updates its program, then releases it");
    return 0;
}

int judge_change(const struct judge *j, const struct change *change, char reason[JUDGE_REASON], struct error *e)
{
    const struct schema_kind *kind = known_kind(j, change->kind);
    int right;
    reason[0] = 0;
    if ((right = judge_writer(j, change, reason, e)) != 0)
        return right;
    if (judge_kind(j, change, reason) != 0)
        return 1;
    if ((right = may_write_in(j, change, e)) != 1)
        return right < 0 ? -1 : refuse_because(reason, "its case is not in the caseload of its author");
    if ((right = keeps_scope(j, change, e)) != 1)
        return right < 0 ? -1
                         : refuse_because(reason, "its record stands in another case, is of another kind, or has an id "
                                                  "that the office alone gives");
    if ((right = is_own_word(j->db, change, e)) != 1)
        return right < 0 ? -1 : refuse_because(reason, "it changes what another laptop, or the office, said of itself");
    if ((right = names_written(j->db, change, e)) != 1)
        return right < 0
                   ? -1
                   : refuse_because(reason, "it replaces, voids or claims to have seen what nobody has written yet");
    if ((right = has_no_gap(j->db, change, e)) != 1)
        return right < 0 ? -1
                         : refuse_because(reason, "it closes what somebody else went on with, in a change that is held "
                                                  "and waits for a decision: decide about that one first");
    if ((right = leaves_few_live(j, change, e)) != 1)
        return right < 0 ? -1
                         : refuse_because(reason, "a field of its record would have too many values beside each other");
    if (kind == NULL)
        return 0;
    right = are_values_right(j, kind, change, reason, e);
    return right < 0 ? -1 : !right;
}
