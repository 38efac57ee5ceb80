/* What must hold of a history in the projection: in every order of arrival, with changes that come twice, receipts
 * that come later, holds, masks, and made again from the log, each replica dumps what the model does. */
#ifndef SATCHEL_TESTS_MERGE_STORE_H
#define SATCHEL_TESTS_MERGE_STORE_H

#include "fault/merge_check.h"
#include "fault/merge_model_dump.h"
#include "record.h"

struct store_case {
    const struct case_history *h;
    const struct case_bytes *bytes;
    struct pack headers[CASE_CHANGES], bodies[CASE_CHANGES];
    struct change changes[CASE_CHANGES];
};

static struct error store_error;

static inline void store_must(int code, const char *what)
{
    if (code != 0)
        (void)fprintf(stderr, "%s: %s\n", what, store_error.text);
    case_must(code == 0, what);
}

static inline void store_build(struct store_case *s, const struct case_history *h, const struct case_bytes *b)
{
    s->h = h;
    s->bytes = b;
    for (size_t i = 0; i < h->count; i++) {
        const struct case_change *c = &h->changes[i];
        uint8_t hash[CHANGE_HASH_BYTES];
        struct change_draft d;
        change_draft_start(&d);
        d.device = case_device(c->device);
        d.epoch = c->epoch;
        d.seq = c->seq;
        d.hlc = c->hlc;
        d.wall_ms = c->hlc >> 16;
        d.author = case_id(0xa000u + c->device);
        d.scope = case_id(case_records[c->record].scope);
        d.record = case_id(case_records[c->record].id);
        d.kind = case_records[c->record].kind;
        for (size_t k = 0; k < c->op_count; k++) {
            struct dot dots[CASE_NAMES];
            for (size_t n = 0; n < c->ops[k].named_count; n++)
                dots[n] = case_real_dot(c->ops[k].named[n]);
            change_draft_op(&d, c->ops[k].field, (enum change_action)c->ops[k].action, b->values[i][k], dots,
                            c->ops[k].named_count);
        }
        store_must(change_write(&d, &s->headers[i], &s->bodies[i], hash, &store_error), "a change");
        store_must(change_read(pack_bytes(&s->headers[i]), pack_bytes(&s->bodies[i]), &s->changes[i], &store_error),
                   "a change");
        change_draft_free(&d);
    }
}

static inline void store_free(struct store_case *s)
{
    for (size_t i = 0; i < s->h->count; i++) {
        pack_free(&s->headers[i]);
        pack_free(&s->bodies[i]);
    }
}

/* Two stores, made once; each replica lives in a transaction that is rolled back. */
static inline struct db *store_open(unsigned which)
{
    static struct db *stores[2];
    if (stores[which] == NULL) {
        store_must(db_open_memory(&stores[which], &store_error), "a store");
        store_must(log_create(stores[which], &store_error), "a store");
        store_must(record_create(stores[which], &store_error), "a store");
    }
    return stores[which];
}

static inline int64_t store_entry(struct db *db, const struct store_case *s, size_t i)
{
    const struct change *c = &s->changes[i];
    int64_t id = log_find(db, &c->device, c->epoch, c->seq, NULL, &store_error);
    case_must(id >= 0, "the log");
    return id;
}

/* A change arrives, perhaps not for the first time. */
static inline void store_take(struct db *db, const struct store_case *s, size_t i, int accepted, struct slice mask)
{
    static struct log_entry entry;
    memset(&entry, 0, offsetof(struct log_entry, change));
    check_clock_jumps();
    entry.change = s->changes[i];
    entry.position = accepted ? s->h->changes[i].position : LOG_NO_POSITION;
    entry.received_ms = accepted ? CASE_TODAY + s->h->changes[i].position : 0;
    entry.mask = mask;
    entry.id = store_entry(db, s, i);
    if (entry.id == 0)
        store_must(log_add(db, &entry.change, entry.position, entry.received_ms, mask, &entry.id, &store_error), "add");
    store_must(record_apply(db, &entry, &store_error), "apply");
}

/* The office's receipt of a change arrives. */
static inline void store_accept(struct db *db, const struct store_case *s, size_t i)
{
    unsigned position = s->h->changes[i].position;
    check_clock_jumps();
    store_must(log_accept(db, store_entry(db, s, i), position, CASE_TODAY + position, &store_error), "accept");
    store_must(record_refresh(db, &s->changes[i], &store_error), "refresh");
}

/* --- one state of a store against the model --- */

static inline int store_write(void *arg, const char *text, size_t bytes, struct error *e)
{
    (void)e;
    return fwrite(text, 1, bytes, arg) == bytes ? 0 : E_IO;
}

static inline int store_dumps(struct db *db, const char *wanted)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);
    int same;
    case_must(memory != NULL, "no memory");
    check_clock_jumps();
    store_must(record_dump(db, NULL, store_write, memory, &store_error), "dump");
    case_must(fclose(memory) == 0, "no memory");
    same = strcmp(text, wanted) == 0;
    if (!same && getenv("MERGE_STORM_DUMPS") != NULL)
        (void)fprintf(stderr, "the store:\n%sthe model:\n%s", text, wanted);
    free(text);
    return same;
}

static inline int64_t store_number(struct db *db, const char *sql, const struct id *id)
{
    sqlite3_stmt *statement;
    int64_t number = -1;
    store_must(db_query(db, &statement, &store_error, sql, "d", id), sql);
    if (db_next(db, statement, &store_error) == 1) {
        number = db_int(statement, 0);
        db_done(db, statement);
    }
    return number;
}

/* A void never hides an edit that it did not see: while a record is voided, whatever nobody replaced stands in the list
 * of a void. Reads the history alone, not the model's own idea of voided. */
static inline int store_void_saw_all(const struct store_case *s, struct model_known in, unsigned record)
{
    struct model_op ops[CASE_FIELD_OPS], voids[CASE_FIELD_OPS];
    size_t count = model_others(s->h, s->bytes, in, record, ops);
    size_t void_count = model_ops(s->h, s->bytes, in, record, FIELD_VOID, voids);
    for (size_t i = 0; i < count; i++) {
        int seen = 0;
        for (size_t k = 0; k < void_count; k++)
            seen |= case_lists(voids[k].op, ops[i].dot);
        if (!seen)
            return 0;
    }
    return 1;
}

static inline const char *store_check_record(struct db *db, const struct store_case *s, struct model_known in,
                                             unsigned record)
{
    struct id id = case_id(case_records[record].id);
    static struct model_view view;
    struct model_op ops[CASE_FIELD_OPS];
    struct record_place place;
    size_t live = model_others(s->h, s->bytes, in, record, ops) +
                  model_live(ops, model_ops(s->h, s->bytes, in, record, FIELD_VOID, ops));
    int64_t loud = 0;
    /* Nothing that lives has left the store, whatever is shown of it. */
    if (store_number(db, "SELECT count(*) FROM op WHERE record = ?", &id) != (int64_t)live)
        return "live_op_stays_in_the_store";
    if (record_find(db, &id, &place, &store_error) == 0 && place.voided && !store_void_saw_all(s, in, record))
        return "void_hides_only_what_it_saw";
    for (unsigned number = FIELD_VOID; number < 100; number++) {
        const struct schema_field *field = model_field(record, number);
        if (field == NULL)
            continue;
        model_look(s->h, s->bytes, in, record, field, &view);
        loud += view.shown.conflict == MODEL_LOUD;
    }
    if (store_number(db, "SELECT count(*) FROM conflict WHERE record = ? AND loud = 1", &id) != loud)
        return "conflicts_are_the_model";
    return NULL;
}

static inline const char *store_check(struct db *db, const struct store_case *s, struct model_known known)
{
    struct model_known in = model_without_held(s->h, s->bytes, known);
    char *wanted = model_dump(s->h, s->bytes, known);
    const char *failed = store_dumps(db, wanted) ? NULL : "record_is_the_model";
    free(wanted);
    for (unsigned record = 0; record < CASE_RECORDS && failed == NULL; record++)
        failed = store_check_record(db, s, in, record);
    return failed;
}

/* --- orders --- */

static inline const char *store_check_digest(struct db *db, const struct store_case *s, struct model_known known)
{
    uint8_t digest[32], wanted[32];
    char *text = model_dump(s->h, s->bytes, known);
    crypto_generichash(wanted, sizeof wanted, (const uint8_t *)text, strlen(text), NULL, 0);
    free(text);
    store_must(record_dump_digest(db, NULL, digest, &store_error), "digest");
    return memcmp(digest, wanted, sizeof wanted) == 0 ? NULL : "every_replica_has_one_digest";
}

/* An order at random: changes that come twice, receipts that come later; looked at once on the way and at the end. */
static inline const char *store_random_order(const struct store_case *s)
{
    struct db *db = store_open(0);
    size_t order[CASE_CHANGES], look = check_below((unsigned)s->h->count);
    struct model_known known = {0, 0};
    const char *failed = NULL;
    for (size_t i = 0; i < s->h->count; i++) {
        size_t k = check_below((unsigned)i + 1);
        order[i] = i;
        order[i] = order[k];
        order[k] = i;
    }
    store_must(db_begin(db, &store_error), "begin");
    for (size_t n = 0; n < s->h->count && failed == NULL; n++) {
        size_t i = order[n], again = order[check_below((unsigned)n + 1)];
        int accepted = case_is_hold(&s->h->changes[i]) || check_below(3) != 0;
        store_take(db, s, i, accepted, (struct slice){NULL, 0});
        known.here |= 1u << i;
        known.accepted |= (uint32_t)accepted << i;
        if (check_below(3) == 0)
            store_take(db, s, again, 1, (struct slice){NULL, 0});
        if (check_below(2) == 0 && !model_has(known.accepted, again)) {
            store_accept(db, s, again);
            known.accepted |= 1u << again;
        }
        if (n == look)
            failed = store_check(db, s, known);
    }
    for (size_t i = 0; i < s->h->count && failed == NULL; i++)
        if (!model_has(known.accepted, i))
            store_accept(db, s, i);
    known.accepted = known.here;
    if (failed == NULL && (failed = store_check(db, s, known)) == NULL)
        failed = store_check_digest(db, s, known);
    if (failed == NULL && check_below(8) == 0) {
        store_must(record_rebuild(db, &store_error), "rebuild");
        if ((failed = store_check(db, s, known)) != NULL)
            failed = "rebuilt_is_the_same";
    }
    db_rollback(db);
    return failed;
}

/* Every order of what is left, from one state; each state on the way is looked at. */
static inline const char *store_all_orders(struct db *db, const struct store_case *s, struct model_known known)
{
    const char *failed = NULL;
    for (size_t i = 0; i < s->h->count && failed == NULL; i++) {
        struct model_known next = {known.here | 1u << i, known.accepted | 1u << i};
        if (model_has(known.here, i))
            continue;
        store_must(db_exec(db, "SAVEPOINT arrival", &store_error), "savepoint");
        store_take(db, s, i, 1, (struct slice){NULL, 0});
        if ((failed = store_check(db, s, next)) == NULL)
            failed = store_all_orders(db, s, next);
        store_must(db_exec(db, "ROLLBACK TO arrival; RELEASE arrival", &store_error), "savepoint");
    }
    return failed;
}

/* --- masks: a laptop that gets a scope in its compact form, and then the news --- */

static inline size_t store_mask(const struct store_case *s, struct model_known known, size_t i,
                                uint8_t mask[CHANGE_MASK_MAX])
{
    const struct case_change *c = &s->h->changes[i];
    size_t live = 0;
    memset(mask, 0, CHANGE_MASK_MAX);
    for (unsigned k = 0; k < c->op_count; k++) {
        struct model_op ops[CASE_FIELD_OPS];
        size_t count = model_live(ops, model_ops(s->h, s->bytes, known, c->record, c->ops[k].field, ops));
        for (size_t n = 0; n < count; n++)
            if (ops[n].op == &c->ops[k]) {
                mask[k / 8] |= (uint8_t)(1u << k % 8);
                live++;
            }
    }
    return live;
}

/* Is this change one that a contested text or status of the office was written over? */
static inline int store_is_background(struct db *office, const struct store_case *s, size_t i)
{
    sqlite3_stmt *statement;
    int64_t id = store_entry(office, s, i);
    int row;
    store_must(db_query(office, &statement, &store_error, "SELECT 1 FROM background WHERE entry = ? LIMIT 1", "i", id),
               "background");
    if ((row = db_next(office, statement, &store_error)) == 1)
        db_done(office, statement);
    return row == 1;
}

/* What the fields of a change were written over goes before it, or now and then behind it. */
static inline void store_background(struct db *office, struct db *laptop, const struct store_case *s,
                                    struct model_known known, size_t of)
{
    uint8_t mask[CHANGE_MASK_MAX];
    for (size_t i = 0; i < s->h->count; i++) {
        if (!model_has(known.here, i) || s->h->changes[i].record != s->h->changes[of].record ||
            !store_is_background(office, s, i))
            continue;
        (void)store_mask(s, known, i, mask);
        store_take(laptop, s, i, 1, (struct slice){mask, CHANGE_MASK_MAX});
    }
}

static inline const char *store_compact(const struct store_case *s)
{
    struct db *office = store_open(0), *laptop = store_open(1);
    size_t half = check_below((unsigned)s->h->count + 1), first = half == 0 ? 0 : check_below((unsigned)half);
    struct model_known known = {0, 0};
    const char *failed = NULL;
    uint8_t mask[CHANGE_MASK_MAX];
    for (size_t i = 0; i < s->h->count; i++)
        if (case_is_hold(&s->h->changes[i])) /* laptops get none */
            return NULL;
    store_must(db_begin(office, &store_error), "begin");
    store_must(db_begin(laptop, &store_error), "begin");
    for (size_t i = 0; i < half; i++) {
        store_take(office, s, i, 1, (struct slice){NULL, 0});
        known.here |= 1u << i;
    }
    known.accepted = known.here;
    /* 1. Compact: what lives, from some change on and round; the order does not matter. */
    for (size_t n = 0; n < half; n++) {
        size_t i = (first + n) % half;
        if (store_mask(s, known, i, mask) != 0 || store_is_background(office, s, i))
            store_take(laptop, s, i, 1, (struct slice){mask, CHANGE_MASK_MAX});
    }
    failed = store_check(laptop, s, known);
    /* 2. The news, with the office's own mask. */
    for (size_t i = half; i < s->h->count && failed == NULL; i++) {
        size_t bytes;
        int all, late = check_below(4) == 0;
        store_take(office, s, i, 1, (struct slice){NULL, 0});
        known.here |= 1u << i;
        known.accepted = known.here;
        if (!late)
            store_background(office, laptop, s, known, i);
        store_must(record_mask(office, &s->changes[i], mask, &bytes, &all, &store_error), "mask");
        store_take(laptop, s, i, 1, all ? (struct slice){NULL, 0} : (struct slice){mask, bytes});
        if (late)
            store_background(office, laptop, s, known, i);
    }
    if (failed == NULL)
        failed = store_check(laptop, s, known);
    db_rollback(office);
    db_rollback(laptop);
    return failed == NULL ? NULL : "compact_scope_shows_the_same";
}

/* --- all of it --- */

static inline const char *store_merge(const struct case_history *h, const struct case_bytes *b, int every_order)
{
    static struct store_case s;
    struct db *db = store_open(0);
    struct model_known nothing = {0, 0};
    const char *failed = NULL;
    store_build(&s, h, b);
    for (unsigned times = 0; times < 2 && failed == NULL; times++)
        failed = store_random_order(&s);
    if (failed == NULL)
        failed = store_compact(&s);
    if (failed == NULL && every_order) {
        store_must(db_begin(db, &store_error), "begin");
        failed = store_all_orders(db, &s, nothing);
        db_rollback(db);
    }
    store_free(&s);
    return failed;
}

#endif
