/* Tests: common/record/record.c common/record/record_ancestry.c common/record/record_living.c
 *     common/record/record_mask.c common/record/merge.c
 * The record against the merge: over histories made at random, what the tables hold must be what merge_live,
 * merge_show_over, merge_base and text_merge say of all ops, whatever the order in which the changes came. */
#include "history_fixture.h"
#include "merge_live_fixture.h"

#include "text.h"

static uint64_t random_state;

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

/* --- histories --- */

/* Three records, whose fields are of every policy. */
static const struct {
    unsigned kind, scope, record;
    unsigned fields[8];
} records[] = {{KIND_CLIENT, 1, 1, {10, 15, 18, 17, 2, 12, 24, 99}},
               {KIND_CASE, 2, 2, {20, 23, 19, 12, 21, 11, 10, 24}},
               {KIND_SERVICE, 2, 3, {15, 16, 10, 11, 15, 16, 12, 17}},
               {KIND_NOTE, 2, 4, {10, 11, 12, 10, 10, 11, 12, 10}},
               {999, 2, 5, {10, 11, 12, 13, 14, 15, 16, 17}}};
#define RECORD_COUNT (sizeof records / sizeof *records)

static unsigned which(const struct change *c)
{
    return (unsigned)c->record.b[15] - 1;
}

/* Dots of the history: mostly of the same record and field, sometimes of others, or of what is still to be written. */
static size_t any_dots(const struct history *h, unsigned record, unsigned field, struct dot *dots, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < h->count && count < max; i++) {
        const struct change *c = &h->entries[i].change;
        for (size_t k = 0; k < c->op_count && count < max; k++) {
            int fits = which(c) == record && c->ops[k].field == field;
            if (below(fits ? 2 : 40) == 0)
                dots[count++] = history_dot(h, i, (unsigned)k);
        }
    }
    if (count < max && below(8) == 0)
        dots[count++] = (struct dot){history_id(0xd000 + below(3)), 1, 1 + below(20), below(3)};
    return count;
}

static void any_value(unsigned kind, unsigned field, struct pack *value)
{
    static const char *const words[] = {"a", "b", "c \"quoted\"", "d\nnext line"};
    const struct schema_kind *k = schema_kind(kind);
    const struct schema_field *f = k == NULL ? NULL : schema_field(k, field);
    struct id id = history_id(below(3));
    unsigned word = below(4);
    pack_start(value);
    if (below(8) == 0)
        pack_nil(value);
    else if (f != NULL && f->type == SCHEMA_REF)
        pack_id(value, &id);
    else if (f != NULL && f->type == SCHEMA_FLAG)
        pack_flag(value, (int)below(2));
    else if (f != NULL && (f->type == SCHEMA_CHOICE || f->type == SCHEMA_INTEGER || f->type == SCHEMA_MONEY))
        pack_int(value, (int64_t)below(7) - (f->type == SCHEMA_CHOICE ? 0 : 3));
    else if (f != NULL && f->type == SCHEMA_DATE)
        pack_text(value, below(2) == 0 ? "1984-05-31" : "1984-05-13", 10);
    else
        pack_text(value, words[word], strlen(words[word]));
}

static void any_change(struct history *h)
{
    unsigned r = below(RECORD_COUNT), ops = 1 + below(4);
    struct dot dots[200], seen[200];
    history_begin(h, below(3), records[r].kind, history_id(records[r].scope), history_id(records[r].record));
    for (unsigned i = 0; i < ops; i++) {
        unsigned field = records[r].fields[below(8)];
        struct pack value;
        size_t count = any_dots(h, r, field, dots, 200);
        any_value(records[r].kind, field, &value);
        history_put_op(h, field, (enum change_action)(1 + below(3)), &value, dots, count);
    }
    if (below(6) == 0) {
        size_t count = any_dots(h, r, FIELD_VOID, dots, 200), listed = 0;
        /* It lists everything there is of the record, or nearly. */
        for (size_t i = 0; i < h->count; i++)
            for (size_t k = 0; which(&h->entries[i].change) == r && k < h->entries[i].change.op_count; k++)
                if (listed < 199 && below(30) != 0)
                    seen[listed++] = history_dot(h, i, (unsigned)k);
        for (unsigned k = 0; k < ops; k++)
            seen[listed++] = (struct dot){h->draft.device, 1, h->draft.seq, k};
        if (below(5) == 0)
            history_put_text(h, FIELD_VOID, CHANGE_SET, NULL, dots, count);
        else
            history_put_void(h, seen, listed < 200 ? listed : 200, dots, count);
    }
    (void)history_end(h);
}

static struct history *any_history(size_t count)
{
    struct history *h = history_new();
    while (h->count < count)
        any_change(h);
    return h;
}

static void any_order(size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t k = below((unsigned)i), kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
}

/* --- the model --- */

/* All ops of a history on one field of a record. */
static size_t ops_of(const struct history *h, unsigned record, unsigned field, struct merge_op *out)
{
    size_t count = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct change *c = &h->entries[i].change;
        for (size_t k = 0; which(c) == record && k < c->op_count; k++) {
            if (c->ops[k].field != field)
                continue;
            memset(&out[count], 0, sizeof *out);
            out[count].dot = history_dot(h, i, (unsigned)k);
            out[count].hlc = c->hlc;
            out[count].received_ms = TODAY + i;
            out[count].position = i;
            out[count].action = c->ops[k].action;
            out[count].value = c->ops[k].value;
            out[count].supersedes = c->ops[k].supersedes;
            count++;
        }
    }
    return count;
}

static int names(const struct merge_op *op, const struct dot *dot)
{
    struct unpack r;
    unpack_start(&r, op->supersedes);
    for (size_t left = unpack_array(&r); left > 0; left--) {
        struct dot named = dot_unpack(&r);
        if (dot_equal(&named, dot))
            return 1;
    }
    return 0;
}

/* Of the ops behind the live ones, those that some live op leads to; they are brought to the front. */
static size_t ancestors(struct merge_op *ops, size_t live, size_t count)
{
    size_t found = live;
    for (size_t i = 0; i < found; i++)
        for (size_t k = found; k < count; k++) {
            struct merge_op kept = ops[k];
            if (!names(&ops[i], &kept.dot))
                continue;
            ops[k] = ops[found];
            ops[found++] = kept;
        }
    return found - live;
}

/* Do the versions that are shown come together, with nothing that overlaps? */
static int is_clean(const struct schema_kind *kind, const struct schema_field *field, const struct merge_op *ops,
                    size_t live, size_t versions, size_t dead)
{
    struct text_version texts[TEXT_VERSIONS_MAX];
    struct text_merged merged;
    struct merge_base base = merge_base(ops, live, ops + live, dead);
    struct slice was;
    int clean;
    if (base.base == MERGE_NO_BASE || versions > TEXT_VERSIONS_MAX || !slice_text(ops[live + base.base].value, &was))
        return 0;
    for (size_t i = 0; i < versions; i++) {
        texts[i].dot = ops[i].dot;
        if (!slice_text(ops[i].value, &texts[i].text) || schema_check(kind, field, ops[i].value, &history_error) != 0)
            return 0;
    }
    assert_done(text_merge(was, texts, versions, &merged, &history_error));
    clean = merged.overlaps == 0;
    text_merged_free(&merged);
    return clean;
}

/* What a field shows, with its live ops in order. */
static struct merge_shown shown_of(const struct history *h, unsigned record, const struct schema_kind *kind,
                                   const struct schema_field *field, struct merge_op *ops, size_t *live)
{
    size_t count = ops_of(h, record, field->number, ops), dead;
    struct merge_shown shown;
    *live = merge_live(ops, count);
    dead = ancestors(ops, *live, count);
    shown = merge_show_over(field, ops, *live, ops + *live, dead);
    if (field->policy == SCHEMA_TEXTUAL && shown.count > 1 && is_clean(kind, field, ops, *live, shown.count, dead))
        shown.conflict = MERGE_QUIET;
    return shown;
}

static int lists(struct slice value, const struct dot *dot)
{
    struct unpack r;
    size_t left;
    unpack_start(&r, value);
    for (left = unpack_array(&r); left > 0; left--) {
        struct dot listed = dot_unpack(&r);
        if (dot_equal(&listed, dot))
            return 1;
    }
    return 0;
}

/* As MERGE.md says it: no live void op clears, and one lists every other live op. *contested as well. */
static int is_voided(const struct history *h, unsigned record, int *contested)
{
    static struct merge_op voids[400], ops[400];
    size_t live = merge_live(voids, ops_of(h, record, FIELD_VOID, voids));
    int taken_back = 0, wanted = 0, voided = 0;
    for (size_t v = 0; v < live; v++) {
        int all = 1;
        if (slice_is_nil(voids[v].value)) {
            taken_back = 1;
            continue;
        }
        wanted = 1;
        for (unsigned field = 2; field < 120 && all; field++) {
            size_t count = merge_live(ops, ops_of(h, record, field, ops));
            for (size_t i = 0; i < count && all; i++)
                all = lists(voids[v].value, &ops[i].dot);
        }
        voided |= all;
    }
    voided = voided && !taken_back;
    *contested = wanted && !voided;
    return voided;
}

static void assert_field(struct db *db, const struct history *h, unsigned record, const struct schema_kind *kind,
                         const struct schema_field *field)
{
    static struct merge_op ops[400];
    struct id id = history_id(records[record].record);
    size_t live;
    struct merge_shown shown = shown_of(h, record, kind, field, ops, &live);
    struct record_field stored;
    assert_done(record_field_load(db, &id, kind, field, &stored, &history_error));
    assert_int_equal(stored.count, live);
    assert_int_equal(stored.shown.count, shown.count);
    assert_true(stored.shown.sum == shown.sum);
    if (field->number != FIELD_VOID)
        assert_int_equal(stored.shown.conflict, shown.conflict);
    for (size_t i = 0; i < live; i++) {
        assert_true(dot_equal(&stored.ops[i].merge.dot, &ops[i].dot));
        assert_true(slice_equal(stored.ops[i].merge.value, ops[i].value));
        assert_int_equal(stored.ops[i].merge.position, ops[i].position);
        assert_int_equal(stored.ops[i].merge.hlc, ops[i].hlc);
    }
    record_field_free(&stored);
}

struct found {
    size_t count;
    struct record_conflict list[200];
};

static int note(void *arg, const struct record_conflict *c, struct error *e)
{
    struct found *found = arg;
    (void)e;
    found->list[found->count++] = *c;
    return 0;
}

/* The conflicts that the store lists are those that the model has, for one field. */
static void assert_conflict(const struct found *found, const struct history *h, unsigned record,
                            const struct schema_field *field, int voided, int void_contested)
{
    static struct merge_op ops[400];
    struct id id = history_id(records[record].record);
    size_t live, times = 0;
    enum merge_conflict wanted = shown_of(h, record, schema_kind(records[record].kind), field, ops, &live).conflict;
    if (field->number == FIELD_VOID)
        wanted = void_contested ? MERGE_LOUD : MERGE_AGREED;
    for (size_t i = 0; i < found->count; i++) {
        if (!id_equal(&found->list[i].record, &id) || found->list[i].field != field)
            continue;
        times++;
        assert_int_equal(found->list[i].count, live);
        assert_int_equal(found->list[i].loud, wanted == MERGE_LOUD);
    }
    assert_int_equal(times, wanted != MERGE_AGREED && !voided);
}

static void assert_is_the_merge(struct db *db, const struct history *h)
{
    struct found found = {0, {{{{0}}, {{0}}, NULL, NULL, 0, 0}}};
    assert_done(record_conflicts(db, note, &found, &history_error));
    for (unsigned r = 0; r < RECORD_COUNT; r++) {
        const struct schema_kind *kind = schema_kind(records[r].kind);
        struct id id = history_id(records[r].record);
        struct record_place place;
        int contested, voided = is_voided(h, r, &contested);
        int code = record_find(db, &id, &place, &history_error);
        if (kind == NULL) {
            assert_int_equal(code, E_NOT_FOUND);
            continue;
        }
        if (code == 0)
            assert_int_equal(place.voided, voided);
        for (unsigned field = 1; field < 120; field++) {
            const struct schema_field *f = schema_field(kind, field);
            if (f == NULL)
                continue;
            assert_field(db, h, r, kind, f);
            assert_conflict(&found, h, r, f, voided, contested);
        }
    }
}

/* --- properties --- */

static void any_order_gives_the_merge(void **state)
{
    /* Goal: in whatever order changes are applied, and however often, the record is what the merge says of them all,
     * and so it is when it is made again from the log. */
    (void)state;
    random_state = 88172645463325252ull;
    for (unsigned round = 0; round < 40; round++) {
        struct history *h = any_history(2 + below(45));
        struct db *first = history_store_new();
        history_take_all(first, h);
        assert_is_the_merge(first, h);
        for (unsigned times = 0; times < 3; times++) {
            struct db *db = history_store_new();
            size_t order[HISTORY_MAX];
            any_order(order, h->count);
            for (size_t i = 0; i < h->count; i++) {
                struct log_entry again;
                int64_t id = history_take(db, h, order[i]);
                size_t earlier = order[below((unsigned)i + 1)];
                history_entry_of(h, earlier, &again);
                again.id = log_find(db, &again.change.device, 1, again.change.seq, NULL, &history_error);
                assert_true(id > 0 && again.id > 0);
                assert_done(record_apply(db, &again, &history_error));
            }
            assert_same_dump(first, db, NULL);
            assert_is_the_merge(db, h);
            if (times == 0) {
                assert_done(record_rebuild(db, &history_error));
                assert_same_dump(first, db, NULL);
            }
            db_close(db);
        }
        db_close(first);
        history_free(h);
    }
}

/* The mask of an entry's live ops, as the office deals it, which is that of the rows of op. Returns how many live. */
static size_t mask_of(struct db *office, struct history *h, size_t number, int64_t entry, uint8_t mask[CHANGE_MASK_MAX])
{
    uint8_t rows[CHANGE_MASK_MAX] = {0};
    struct log_entry again;
    sqlite3_stmt *s;
    size_t live = 0, bytes;
    int all;
    history_entry_of(h, number, &again);
    again.id = entry;
    assert_done(record_mask_living(office, &again, mask, &bytes, &all, &history_error));
    assert_int_equal(bytes, (again.change.op_count + 7) / 8);
    assert_done(db_query(office, &s, &history_error, "SELECT op FROM op WHERE entry = ?", "i", entry));
    while (db_next(office, s, &history_error) == 1) {
        rows[db_uint(s, 0) / 8] |= (uint8_t)(1u << db_uint(s, 0) % 8);
        live++;
    }
    assert_memory_equal(mask, rows, CHANGE_MASK_MAX);
    assert_int_equal(all, live == again.change.op_count);
    return live;
}

/* Was a contested text or status of the office written over this entry? */
static int is_background(struct db *office, int64_t entry)
{
    sqlite3_stmt *s;
    int row;
    assert_done(db_query(office, &s, &history_error, "SELECT 1 FROM background WHERE entry = ? LIMIT 1", "i", entry));
    if ((row = db_next(office, s, &history_error)) == 1)
        db_done(office, s);
    return row;
}

/* What the laptop lacks of that, of one record. */
static void tell_background(struct db *office, struct db *laptop, struct history *h, const int64_t *ids, size_t of)
{
    for (size_t i = 0; i < of; i++) {
        const struct change *c = &h->entries[i].change;
        uint8_t mask[CHANGE_MASK_MAX];
        if (which(c) != which(&h->entries[of].change) || !is_background(office, ids[i]) ||
            log_find(laptop, &c->device, c->epoch, c->seq, NULL, &history_error) != 0)
            continue;
        (void)mask_of(office, h, i, ids[i], mask);
        (void)history_take_masked(laptop, h, i, (struct slice){mask, (c->op_count + 7) / 8});
    }
}

static void compact_scope_shows_the_same(void **state)
{
    /* Goal: a laptop that gets only the entries with live ops and what these were written over, masked, in any order,
     * shows what the office shows, and goes on showing it when the rest of the history comes. */
    (void)state;
    random_state = 362436069362436069ull;
    for (unsigned round = 0; round < 150; round++) {
        struct history *h = any_history(4 + below(40));
        struct db *office = history_store_new(), *laptop = history_store_new();
        size_t half = h->count / 2, order[HISTORY_MAX];
        int64_t ids[HISTORY_MAX];
        for (size_t i = 0; i < half; i++)
            ids[i] = history_take(office, h, i);
        any_order(order, half);
        for (size_t i = 0; i < half; i++) {
            uint8_t mask[CHANGE_MASK_MAX];
            size_t ops = h->entries[order[i]].change.op_count;
            if (mask_of(office, h, order[i], ids[order[i]], mask) != 0 || is_background(office, ids[order[i]]))
                (void)history_take_masked(laptop, h, order[i], (struct slice){mask, (ops + 7) / 8});
        }
        assert_same_dump(office, laptop, NULL);
        /* What was named before it came is masked: the laptop may lack the change that named it. */
        for (size_t i = half; i < h->count; i++) {
            uint8_t mask[CHANGE_MASK_MAX];
            size_t bytes;
            int all;
            ids[i] = history_take(office, h, i);
            tell_background(office, laptop, h, ids, i);
            assert_done(record_mask(office, &h->entries[i].change, mask, &bytes, &all, &history_error));
            (void)history_take_masked(laptop, h, i, all ? (struct slice){NULL, 0} : (struct slice){mask, bytes});
        }
        assert_same_dump(office, laptop, NULL);
        assert_done(record_rebuild(laptop, &history_error));
        assert_same_dump(office, laptop, NULL);
        db_close(office);
        db_close(laptop);
        history_free(h);
    }
}

static void held_and_released_leaves_no_trace(void **state)
{
    /* Goal: a change that is taken out of the record leaves it as if it had never come, and one that is let in again as
     * if it had never been away. */
    (void)state;
    random_state = 521288629521288629ull;
    for (unsigned round = 0; round < 40; round++) {
        struct history *h = any_history(2 + below(30));
        struct db *all = history_store_new(), *without = history_store_new(), *tested = history_store_new();
        size_t out = below((unsigned)h->count);
        int64_t entry = 0;
        for (size_t i = 0; i < h->count; i++) {
            int64_t id = history_take(tested, h, i);
            (void)history_take(all, h, i);
            if (i == out)
                entry = id;
            else
                (void)history_take(without, h, i);
        }
        assert_done(record_set_held(tested, entry, 1, &history_error));
        assert_same_dump(without, tested, NULL);
        assert_done(record_rebuild(tested, &history_error));
        assert_same_dump(without, tested, NULL);
        assert_done(record_set_held(tested, entry, 0, &history_error));
        assert_same_dump(all, tested, NULL);
        db_close(all);
        db_close(without);
        db_close(tested);
        history_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_merge),
        cmocka_unit_test(compact_scope_shows_the_same),
        cmocka_unit_test(held_and_released_leaves_no_trace),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
