/* Replays a log in a store in memory and judges each change of a laptop before it is applied.
 *
 * A caseload is computed once and kept until something changes that caseloads are made of: an assignment, a case, a
 * person who is new or linked, a user, what is contested, a hold, the version that the office judges by. Batches of one
 * office never mix, so one batch is under way at a time; its caseload stays as it was when it began, as at the office.
 */
#include "trial.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "schema.h"
#include "trial_erased.h"

enum { CASELOADS_KEPT = 32 }; /* those of the users who wrote last */

/* A user's caseload, as it was when `made` was the trial's generation. */
struct kept {
    struct id user;
    uint64_t made; /* 0: never */
    uint64_t used; /* 0: the place is free; the higher, the later */
    struct caseload caseload;
};

/* The batch that is under way. */
struct batch_under_way {
    int open;
    struct device device;
    int has_forked;
    size_t kept; /* the index of its user's caseload */
};

struct trial {
    struct db *db;
    struct id office;
    int version; /* the schema that the office judges by, as its record says; 0: it has not said so yet */
    uint64_t generation;
    struct kept kept[CASELOADS_KEPT];
    uint64_t uses; /* how often one was looked for */
    struct batch_under_way batch;
    struct trial_breach *breaches;
    size_t breach_count, breach_room;
    int has_first; /* the first is there of those that broke a rule of their time: no other one is needed */
    struct trial_count counted;
    struct trial_erased erased;
};

int trial_open(struct trial **out, const struct id *office, struct error *e)
{
    struct trial *t = calloc(1, sizeof *t);
    int code;
    *out = NULL;
    if (t == NULL)
        return error_memory(e);
    t->office = *office;
    t->generation = 1;
    if ((code = db_open_memory(&t->db, e)) == 0 && (code = log_create(t->db, e)) == 0 &&
        (code = record_create(t->db, e)) == 0 && (code = db_begin(t->db, e)) == 0)
        *out = t;
    else
        trial_close(t);
    return code;
}

void trial_close(struct trial *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < CASELOADS_KEPT; i++)
        caseload_free(&t->kept[i].caseload);
    free(t->breaches);
    trial_erased_free(&t->erased);
    if (t->db != NULL && db_in_transaction(t->db))
        db_rollback(t->db);
    db_close(t->db);
    free(t);
}

struct trial_count trial_counted(const struct trial *t)
{
    return t->counted;
}

struct db *trial_record(const struct trial *t)
{
    return t->db;
}

const struct trial_breach *trial_breaches(const struct trial *t, size_t *count)
{
    *count = t->breach_count;
    return t->breaches;
}

/* --- caseloads --- */

/* The place of a user's caseload: the one that he has, or else the one that was not used for the longest time. */
static size_t place_of(const struct trial *t, const struct id *user)
{
    size_t oldest = 0;
    for (size_t i = 0; i < CASELOADS_KEPT; i++) {
        if (t->kept[i].used != 0 && id_equal(&t->kept[i].user, user))
            return i;
        if (t->kept[i].used < t->kept[oldest].used)
            oldest = i;
    }
    return oldest;
}

/* Finds the caseload of a user, computed anew if it may have changed. No batch is under way: its caseload may be
 * replaced. */
static int load_kept(struct trial *t, const struct id *user, size_t *index, struct error *e)
{
    size_t i = place_of(t, user);
    struct kept *k = &t->kept[i];
    if (k->used == 0 || !id_equal(&k->user, user)) {
        k->made = 0;
        k->user = *user;
    }
    k->used = ++t->uses;
    *index = i;
    if (k->made == t->generation)
        return 0;
    k->made = 0;
    caseload_free(&k->caseload);
    if (caseload_load(t->db, user, t->version, &k->caseload, e) != 0)
        return error_code(e);
    k->made = t->generation;
    return 0;
}

/* 1: the change writes a field of its kind that names a client, or voids its record. */
static int names_client(const struct change *c)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    for (size_t i = 0; i < c->op_count; i++) {
        const struct schema_field *field = schema_field(kind, c->ops[i].field);
        if (c->ops[i].field == FIELD_VOID || (field != NULL && field->type == SCHEMA_REF && field->ref == KIND_CLIENT))
            return 1;
    }
    return 0;
}

/* 1: what caseloads are made of changes with this entry, which is not applied yet; 0: it does not; -1: failed. */
static int changes_caseloads(struct trial *t, const struct change *c, struct error *e)
{
    int there;
    switch (c->kind) {
    case KIND_OFFICE: /* its version */
    case KIND_USER:   /* who decides for whom */
    case KIND_DEVICE:
    case KIND_ASSIGNMENT:
    case KIND_HOLD:
    case KIND_CASE: /* whom it is about; and of a client's cases the open ones say who decides */
        return 1;
    case KIND_CLIENT:
        if (names_client(c))
            return 1;
        there = db_exists(t->db, e, "SELECT 1 FROM place WHERE record = ?", "d", &c->record);
        return there < 0 ? -1 : !there;
    default:
        return c->op_count == 0; /* erased or lost: nobody knows what it said */
    }
}

/* 1: something of the record is contested that a person must decide; 0: nothing is; -1: failed. */
static int is_contested(struct trial *t, const struct id *record, struct error *e)
{
    return db_exists(t->db, e, "SELECT 1 FROM conflict WHERE record = ? AND loud = 1", "d", record);
}

/* --- judging --- */

static int add_breach(struct trial *t, const struct log_entry *entry, int since, const char *reason, struct error *e)
{
    const struct change *c = &entry->change;
    struct trial_breach *b;
    if (since == 0 && t->has_first)
        return 0;
    t->has_first |= since == 0;
    if (t->breach_count == t->breach_room) {
        size_t room = 2 * t->breach_room + 16;
        struct trial_breach *more = realloc(t->breaches, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        t->breaches = more;
        t->breach_room = room;
    }
    b = &t->breaches[t->breach_count++];
    memset(b, 0, sizeof *b);
    b->position = entry->position;
    b->device = c->device;
    b->author = c->author;
    b->epoch = c->epoch;
    b->seq = c->seq;
    b->since = since;
    memcpy(b->reason, reason, sizeof b->reason);
    return 0;
}

/* Begins the batch that the entry is the first of. *known 0: no record of a laptop has its device. */
static int begin_batch(struct trial *t, const struct id *device, int *known, struct error *e)
{
    struct error why = {0, ""};
    int code = device_by_id(t->db, device, &t->batch.device, &why);
    *known = code == 0;
    if (code != 0)
        return code == E_REFUSED ? 0 : error_set(e, code, "%s", why.text);
    t->batch.has_forked = t->batch.device.epoch > 1;
    if ((code = load_kept(t, &t->batch.device.user, &t->batch.kept, e)) == 0)
        t->batch.open = 1;
    return code;
}

/* Judges the change as each version does that knows more of it than the office's program of that time, by the record
 * and the caseload of that time. The first that finds a rule broken counts. *breaks: that version, or 0. */
static int judge_later(struct trial *t, struct judge *judge, const struct change *c, int *breaks,
                       char reason[JUDGE_REASON], struct error *e)
{
    int last = judge_since(c), held;
    *breaks = 0;
    for (judge->version = t->version + 1; judge->version <= last; judge->version++) {
        if ((held = judge_change(judge, c, reason, e)) < 0)
            return error_code(e);
        if (held) {
            *breaks = judge->version;
            return 0;
        }
    }
    return 0;
}

/* Judges a change of a laptop that nothing in front of it holds. */
static int judge_entry(struct trial *t, const struct log_entry *entry, struct error *e)
{
    const struct change *c = &entry->change;
    struct judge judge = {t->db, &t->batch.device, &t->kept[t->batch.kept].caseload, t->batch.has_forked, t->version};
    char reason[JUDGE_REASON];
    int held, since;
    if (t->version > schema_version()) {
        t->counted.unjudged++;
        return 0;
    }
    t->counted.judged++;
    if ((held = judge_change(&judge, c, reason, e)) < 0)
        return error_code(e);
    if (held)
        return add_breach(t, entry, 0, reason, e);
    if (judge_later(t, &judge, c, &since, reason, e) != 0)
        return error_code(e);
    t->counted.late += since != 0;
    return since == 0 ? 0 : add_breach(t, entry, since, reason, e);
}

/* 1: a hold in front of the change keeps it out; 0: none does; -1: failed. */
static int is_held(struct trial *t, const struct change *c, struct error *e)
{
    return db_exists(t->db, e, "SELECT 1 FROM held WHERE device = ? AND epoch = ? AND seq = ?", "duu", &c->device,
                     c->epoch, c->seq);
}

static int take_laptop(struct trial *t, const struct log_entry *entry, struct error *e)
{
    const struct change *c = &entry->change;
    int code, held, known = 1;
    if (t->batch.open && !id_equal(&t->batch.device.device, &c->device))
        t->batch.open = 0;
    if (!t->batch.open && (code = begin_batch(t, &c->device, &known, e)) != 0)
        return code;
    if ((held = is_held(t, c, e)) < 0)
        return error_code(e);
    t->counted.held += held != 0;
    if (held)
        return 0;
    if (!known) {
        char reason[JUDGE_REASON] = "the office had not enrolled its laptop";
        return add_breach(t, entry, 0, reason, e);
    }
    return judge_entry(t, entry, e);
}

/* Reads which version the office judges by from here on. */
static int follow_version(struct trial *t, struct error *e)
{
    uint64_t version;
    int code = db_number_of(t->db, &version, e, "SELECT max(schema_version) FROM office", "");
    if (code == 0)
        t->version = version > INT32_MAX ? INT32_MAX : (int)version;
    return code;
}

int trial_take(struct trial *t, struct log_entry *entry, int ends_batch, struct error *e)
{
    const struct change *c = &entry->change;
    int is_own = id_equal(&c->device, &t->office), code, changes, before, after;
    if ((code = trial_erased_take(&t->erased, t->db, &t->office, &entry->change, entry->position, e)) != 0)
        return code;
    if (is_own)
        t->batch.open = 0;
    else if ((code = take_laptop(t, entry, e)) != 0)
        return code;
    if ((changes = changes_caseloads(t, c, e)) < 0 || (before = is_contested(t, &c->record, e)) < 0)
        return error_code(e);
    if ((code = log_add(t->db, entry, e)) != 0 || (code = record_apply(t->db, entry, e)) != 0)
        return code;
    if ((after = is_contested(t, &c->record, e)) < 0)
        return error_code(e);
    t->generation += changes || before || after;
    if (ends_batch)
        t->batch.open = 0;
    return is_own && c->kind == KIND_OFFICE ? follow_version(t, e) : 0;
}

int trial_foresee(struct trial *t, const struct change *erasure, struct error *e)
{
    return id_equal(&erasure->device, &t->office) ? record_foresee(t->db, erasure, e) : 0;
}

int trial_erasures(const struct trial *t, struct trial_fault *out, struct error *e)
{
    return trial_erased_fault(&t->erased, t->db, out, e);
}

/* 1: some hold names the change, whatever became of it. 0: none does; -1: failed. */
static int was_held(const struct trial *t, const struct trial_breach *b, struct error *e)
{
    char hex[DEVICE_HEX];
    device_hex(&b->device, hex);
    return db_exists(t->db, e, "SELECT 1 FROM hold WHERE device = ? AND epoch = ? AND seq = ?", "tuu", hex, b->epoch,
                     b->seq);
}

const struct trial_breach *trial_unheld(const struct trial *t, struct error *e)
{
    e->code = 0;
    for (size_t i = 0; i < t->breach_count; i++) {
        const struct trial_breach *b = &t->breaches[i];
        int held;
        if (b->since == 0)
            return b;
        if (b->since > t->version)
            continue;
        if ((held = was_held(t, b, e)) < 0)
            return NULL;
        if (!held)
            return b;
    }
    return NULL;
}
