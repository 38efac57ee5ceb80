/* Works out what lives of the office's log, by docs/MERGE.md and without the program's rules. */
#include "oracle_log.h"

#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "oracle_erased.h"

__extension__ typedef __int128 wide;

static void *need(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

/* --- reading --- */

static struct slice keep(struct slice bytes)
{
    uint8_t *p;
    if (bytes.p == NULL)
        return bytes;
    p = need(malloc(bytes.size + 1));
    memcpy(p, bytes.p, bytes.size);
    return (struct slice){p, bytes.size};
}

static void take_op(struct oracle_log *log, struct oracle_entry *entry, const struct change *c, size_t index)
{
    const struct change_op *from = &c->ops[index];
    struct oracle_op *op = &log->written[log->written_count++];
    struct unpack r;
    memset(op, 0, sizeof *op);
    op->entry = entry;
    op->dot = (struct dot){c->device, c->epoch, c->seq, (unsigned)index};
    op->field = from->field;
    op->action = from->action;
    op->value = from->value;
    op->name_count = change_supersedes(from, &r);
    op->names = need(calloc(op->name_count + 1, sizeof *op->names));
    for (size_t i = 0; i < op->name_count; i++)
        op->names[i] = dot_unpack(&r);
}

static void take_entry(struct oracle_log *log, sqlite3_stmt *s, size_t *room)
{
    static struct change c;
    struct oracle_entry *entry = &log->entries[log->entry_count++];
    struct error e = {0, ""};
    memset(entry, 0, sizeof *entry);
    entry->position = db_uint(s, 0);
    entry->received_ms = db_uint(s, 1);
    entry->is_held = db_int(s, 2) != 0;
    entry->header = keep(db_slice(s, 3));
    entry->body = keep(db_slice(s, 4));
    if (oracle_erased_read(entry->header, entry->body, &c, &e) != 0) {
        oracle_found("5: entry %llu of the office's log cannot be read: %s", (unsigned long long)entry->position,
                     e.text);
        return;
    }
    entry->device = c.device;
    entry->epoch = c.epoch;
    entry->seq = c.seq;
    entry->hlc = c.hlc;
    entry->record = c.record;
    entry->scope = c.scope;
    entry->kind = c.kind;
    entry->first = log->written_count;
    entry->op_count = c.op_count;
    if (log->written_count + c.op_count > *room) {
        *room = 2 * *room + CHANGE_OPS_MAX;
        log->written = need(realloc(log->written, *room * sizeof *log->written));
    }
    for (size_t i = 0; i < c.op_count; i++)
        take_op(log, entry, &c, i);
}

static int read_entries(struct oracle_log *log, struct db *db)
{
    size_t room = 0;
    int row;
    sqlite3_stmt *s;
    if (db_query(db, &s, NULL, "SELECT count(*) FROM entry", "") != 0 || db_next(db, s, NULL) != 1)
        return -1;
    log->entries = need(calloc(db_uint(s, 0) + 1, sizeof *log->entries));
    db_done(db, s);
    if (db_query(db, &s, NULL, "SELECT position, received, held, header, body FROM entry ORDER BY position", "") != 0)
        return -1;
    while ((row = db_next(db, s, NULL)) == 1)
        take_entry(log, s, &room);
    if (row < 0)
        return -1;
    for (size_t i = 0; i < log->entry_count; i++)
        if (log->entries[i].position != i)
            oracle_found("5: entry %zu of the office's log has the position %llu", i,
                         (unsigned long long)log->entries[i].position);
    return 0;
}

/* --- what counts, and what lives --- */

static int by_id(const void *a, const void *b)
{
    return id_compare(&((const struct oracle_record *)a)->id, &((const struct oracle_record *)b)->id);
}

/* "First for place means first applied: in the log's order at the office." */
static void place_records(struct oracle_log *log)
{
    log->record_count = 0;
    for (size_t i = 0; i < log->entry_count; i++) {
        const struct oracle_entry *e = &log->entries[i];
        struct oracle_record r = {.id = e->record, .scope = e->scope, .kind = e->kind};
        size_t at = 0;
        if (e->is_out || e->op_count == 0)
            continue;
        while (at < log->record_count && id_compare(&log->records[at].id, &r.id) < 0)
            at++;
        if (at < log->record_count && id_equal(&log->records[at].id, &r.id))
            continue;
        memmove(&log->records[at + 1], &log->records[at], (log->record_count++ - at) * sizeof r);
        log->records[at] = r;
    }
}

const struct oracle_record *oracle_log_record(const struct oracle_log *log, const struct id *id)
{
    struct oracle_record wanted = {.id = *id};
    return log->record_count == 0 ? NULL : bsearch(&wanted, log->records, log->record_count, sizeof wanted, by_id);
}

static int by_place(const void *a, const void *b)
{
    const struct oracle_op *x = a, *y = b;
    int order = id_compare(&x->entry->record, &y->entry->record);
    if (order != 0)
        return order;
    if (x->field != y->field)
        return x->field < y->field ? -1 : 1;
    if (x->entry->position != y->entry->position)
        return x->entry->position < y->entry->position ? -1 : 1;
    return x->dot.index < y->dot.index ? -1 : x->dot.index > y->dot.index;
}

static int names(const struct oracle_op *op, const struct oracle_op *other)
{
    if (dot_equal(&op->dot, &other->dot)) /* "or its own, has no effect" */
        return 0;
    for (size_t i = 0; i < op->name_count; i++)
        if (dot_equal(&op->names[i], &other->dot))
            return 1;
    return 0;
}

/* "An op is live if no other op of the set names it." */
static void end_lives(struct oracle_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count && ops[i].name_count != 0; k++)
            ops[k].is_dead |= names(&ops[i], &ops[k]);
}

static void sort_out(struct oracle_log *log)
{
    place_records(log);
    log->op_count = 0;
    for (size_t i = 0; i < log->written_count; i++) {
        const struct oracle_entry *e = log->written[i].entry;
        const struct oracle_record *r = e->is_out ? NULL : oracle_log_record(log, &e->record);
        /* "A change that names another kind or scope is carried in the log and not applied." */
        if (r != NULL && r->kind == e->kind && id_equal(&r->scope, &e->scope))
            log->ops[log->op_count++] = log->written[i];
    }
    qsort(log->ops, log->op_count, sizeof *log->ops, by_place);
    for (size_t i = 0, r = 0; r < log->record_count; r++) {
        struct oracle_record *record = &log->records[r];
        record->first = i;
        while (i < log->op_count && id_equal(&log->ops[i].entry->record, &record->id))
            i++;
        record->count = i - record->first;
    }
    for (size_t i = 0, end; i < log->op_count; i = end) {
        for (end = i; end < log->op_count && log->ops[end].field == log->ops[i].field &&
                      id_equal(&log->ops[end].entry->record, &log->ops[i].entry->record);)
            end++;
        end_lives(&log->ops[i], end - i);
    }
}

const struct oracle_op *oracle_log_field(const struct oracle_log *log, const struct oracle_record *record,
                                         unsigned field, size_t *count)
{
    const struct oracle_op *ops = log->ops + record->first;
    size_t at = 0;
    *count = 0;
    while (at < record->count && ops[at].field != field)
        at++;
    while (at + *count < record->count && ops[at + *count].field == field)
        ++*count;
    return ops + at;
}

size_t oracle_log_living(const struct oracle_op *ops, size_t count)
{
    size_t live = 0;
    for (size_t i = 0; i < count; i++)
        live += !ops[i].is_dead;
    return live;
}

/* --- orders: is a before b? --- */

/* "min(hlc, the last stamp of the millisecond of the office's receipt)" */
static uint64_t effective(const struct oracle_op *o)
{
    uint64_t last = o->entry->received_ms * 65536 + 65535;
    return o->entry->hlc < last ? o->entry->hlc : last;
}

static int latest_before(const struct oracle_op *a, const struct oracle_op *b)
{
    return effective(a) != effective(b) ? effective(a) > effective(b) : dot_compare(&b->dot, &a->dot) < 0;
}

static int accepted_before(const struct oracle_op *a, const struct oracle_op *b)
{
    if (a->entry->position != b->entry->position)
        return a->entry->position < b->entry->position;
    return dot_compare(&a->dot, &b->dot) < 0;
}

/* As bytes: below 0, 0, above 0. */
static int bytes_compare(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++)
        if (a.p[i] != b.p[i])
            return a.p[i] < b.p[i] ? -1 : 1;
    return a.size < b.size ? -1 : a.size > b.size;
}

/* "A nil ranks below all. A code that this version does not know ranks above all it knows." */
static int rank(const struct schema_field *field, const struct oracle_op *o)
{
    int64_t code;
    if (slice_is_nil(o->value))
        return -1;
    for (int i = 0; slice_int(o->value, &code) && field->choices[i].name != NULL; i++)
        if (code == (int64_t)field->choices[i].code)
            return i;
    return 1000;
}

static int before(const struct schema_field *field, const struct oracle_op *a, const struct oracle_op *b)
{
    int order;
    switch (field->policy) {
    case SCHEMA_LATEST:
        return latest_before(a, b);
    case SCHEMA_HIGHEST:
        order = rank(field, b) - rank(field, a);
        return order != 0 ? order < 0 : latest_before(a, b);
    case SCHEMA_REVIEW:
    case SCHEMA_STATUS:
    case SCHEMA_TEXTUAL:
        return accepted_before(a, b);
    case SCHEMA_SET:
        order = bytes_compare(a->value, b->value);
        return order != 0 ? order < 0 : dot_compare(&a->dot, &b->dot) < 0;
    case SCHEMA_SUM:
        return dot_compare(&a->dot, &b->dot) < 0;
    case SCHEMA_ONCE:
        return effective(a) != effective(b) ? effective(a) < effective(b) : dot_compare(&a->dot, &b->dot) < 0;
    }
    return 0;
}

/* --- what is shown --- */

static int is_shown(const struct schema_field *field, const struct oracle_op *const *live, size_t count, size_t i)
{
    const struct oracle_op *o = live[i];
    int is_set = field->policy == SCHEMA_SET, several = is_set || field->policy == SCHEMA_TEXTUAL;
    int64_t number;
    /* "Removes, nils and what is no integer add nothing." */
    if (field->policy == SCHEMA_SUM)
        return o->action != CHANGE_REMOVE && slice_int(o->value, &number);
    if (field->policy == SCHEMA_ONCE)
        return 1;
    if (is_set && (o->action == CHANGE_REMOVE || slice_is_nil(o->value)))
        return 0;
    /* Every element and every version once, of all others the first. */
    for (size_t k = 0; k < count; k++)
        if ((!several || bytes_compare(live[k]->value, o->value) == 0) &&
            !(is_set && live[k]->action == CHANGE_REMOVE) && before(field, live[k], o))
            return 0;
    return 1;
}

/* The ancestors of all live ops, marked. */
static void mark_ancestry(const struct oracle_op *ops, size_t count, uint8_t *in)
{
    for (int more = 1; more;) {
        more = 0;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < count; k++)
                if (!in[k] && (in[i] || !ops[i].is_dead) && names(&ops[i], &ops[k]))
                    more = in[k] = 1;
    }
}

/* "All ops of the field that are live or in its ancestry, in the office's order. The first begins a line; each that
 * names the end of the line becomes its end." They stand in that order. */
static const struct oracle_op *end_of_line(const struct oracle_op *ops, size_t count)
{
    uint8_t *in = need(calloc(count, 1));
    const struct oracle_op *end = NULL;
    mark_ancestry(ops, count, in);
    for (size_t i = 0; i < count; i++)
        if ((in[i] || !ops[i].is_dead) && (end == NULL || names(&ops[i], end)))
            end = &ops[i];
    free(in);
    return end == NULL || end->is_dead ? NULL : end;
}

/* Puts one op of the list in front of the others. */
static void put_first(const struct oracle_op **list, const struct oracle_op *first)
{
    size_t at = 0;
    while (list[at] != first)
        at++;
    for (; at > 0; at--)
        list[at] = list[at - 1];
    list[0] = first;
}

static void sort(const struct schema_field *field, struct oracle_shown *s)
{
    int *shown = need(calloc(s->live + 1, sizeof *shown));
    const struct oracle_op **from = need(calloc(s->live + 1, sizeof(const struct oracle_op *)));
    memcpy(from, s->ops, s->live * sizeof(const struct oracle_op *));
    for (size_t i = 0; i < s->live; i++)
        s->count += (size_t)(shown[i] = is_shown(field, from, s->live, i));
    for (size_t place = 0; place < s->live; place++) {
        size_t first = s->live;
        for (size_t i = 0; i < s->live; i++)
            if (from[i] != NULL && (first == s->live || shown[i] > shown[first] ||
                                    (shown[i] == shown[first] && before(field, from[i], from[first]))))
                first = i;
        s->ops[place] = from[first];
        from[first] = NULL;
    }
    free(shown);
    free(from);
}

static void add_up(struct oracle_shown *s)
{
    wide sum = 0;
    int64_t number = 0;
    for (size_t i = 0; i < s->count; i++)
        if (slice_int(s->ops[i]->value, &number))
            sum += number;
    /* "An erased one adds nothing, and the total is loud: nobody knows it." */
    for (size_t i = 0; i < s->live; i++)
        if (s->ops[i]->value.size == 0 && s->ops[i]->action != CHANGE_REMOVE)
            s->conflict = ORACLE_LOUD;
    if (sum > INT64_MAX || sum < INT64_MIN)
        s->conflict = ORACLE_LOUD;
    s->sum = sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

struct oracle_shown oracle_log_show(const struct schema_field *field, const struct oracle_op *ops, size_t count)
{
    struct oracle_shown s = {ORACLE_AGREED, 0, 0, 0, 0, need(calloc(count + 1, sizeof(const struct oracle_op *)))};
    int differ = 0, has_nil = 0, written_over = 0;
    for (size_t i = 0; i < count; i++)
        if (!ops[i].is_dead)
            s.ops[s.live++] = &ops[i];
    for (size_t i = 0; i < s.live; i++) {
        differ |= bytes_compare(s.ops[i]->value, s.ops[0]->value) != 0;
        has_nil |= slice_is_nil(s.ops[i]->value) || s.ops[i]->value.size == 0;
        written_over |= s.live < count && s.ops[i]->name_count != 0;
    }
    sort(field, &s);
    if (field->policy == SCHEMA_SUM)
        add_up(&s);
    if (!differ || field->policy == SCHEMA_SET || field->policy == SCHEMA_SUM || field->policy == SCHEMA_ONCE)
        return s;
    s.conflict = field->policy == SCHEMA_LATEST ? ORACLE_QUIET : ORACLE_LOUD;
    if (field->policy == SCHEMA_STATUS) {
        const struct oracle_op *end = end_of_line(ops, count);
        if (end != NULL)
            put_first(s.ops, end);
    }
    if (field->policy == SCHEMA_TEXTUAL) {
        s.is_apart = 1;
        /* "Not, if one of them is a nil, or if there is no base." */
        s.conflict = has_nil || !written_over ? ORACLE_LOUD : ORACLE_QUIET;
    }
    return s;
}

/* --- voiding --- */

static int lists(struct slice value, const struct dot *dot)
{
    struct unpack r;
    size_t count;
    unpack_start(&r, value);
    count = unpack_array(&r);
    for (size_t i = 0; i < count && !r.failed; i++) {
        struct dot listed = dot_unpack(&r);
        if (!r.failed && dot_equal(&listed, dot))
            return 1;
    }
    return 0;
}

/* "Voided if no op of V is a nil, and one op of V lists every live op of the record's other fields." */
int oracle_log_voided(const struct oracle_log *log, const struct oracle_record *record, int *contested)
{
    const struct oracle_op *ops = log->ops + record->first;
    int wanted = 0, taken_back = 0, one_lists_all = 0;
    for (size_t v = 0; v < record->count; v++) {
        int all = 1;
        if (ops[v].field != FIELD_VOID || ops[v].is_dead)
            continue;
        if (slice_is_nil(ops[v].value)) {
            taken_back = 1;
            continue;
        }
        wanted = 1;
        for (size_t i = 0; i < record->count; i++)
            if (ops[i].field != FIELD_VOID && ops[i].field != FIELD_SEEN && !ops[i].is_dead)
                all = all && lists(ops[v].value, &ops[i].dot);
        one_lists_all |= all;
    }
    *contested = wanted && (taken_back || !one_lists_all);
    return wanted && !taken_back && one_lists_all;
}

/* --- holds --- */

/* What a hold record says in a field; p NULL: nothing. */
static struct slice hold_says(const struct oracle_log *log, const struct oracle_record *hold, unsigned number)
{
    const struct schema_field *field = schema_field(schema_kind(KIND_HOLD), number);
    size_t count;
    const struct oracle_op *ops = oracle_log_field(log, hold, number, &count);
    struct oracle_shown s = oracle_log_show(field, ops, count);
    struct slice value = {NULL, 0};
    if (s.count != 0 && !slice_is_nil(s.ops[0]->value))
        value = s.ops[0]->value;
    free(s.ops);
    return value;
}

/* "While a record of kind hold names a change and its status is anything but released, that change is out." Holds
 * themselves are the office's own, and nobody holds them. */
static void take_out_held(struct oracle_log *log)
{
    enum { DEVICE = 10, EPOCH = 11, SEQ = 12, STATUS = 15, RELEASED = 2 };
    for (size_t r = 0; r < log->record_count; r++) {
        struct id device;
        int64_t epoch, seq, status = 0;
        if (log->records[r].kind != KIND_HOLD || !slice_int(hold_says(log, &log->records[r], EPOCH), &epoch) ||
            !slice_int(hold_says(log, &log->records[r], SEQ), &seq) ||
            !slice_id(hold_says(log, &log->records[r], DEVICE), &device) ||
            (slice_int(hold_says(log, &log->records[r], STATUS), &status) && status == RELEASED))
            continue;
        for (size_t i = 0; i < log->entry_count; i++) {
            struct oracle_entry *e = &log->entries[i];
            e->is_out |= e->kind != KIND_HOLD && id_equal(&e->device, &device) && e->epoch == (uint64_t)epoch &&
                         e->seq == (uint64_t)seq;
        }
    }
}

/* --- all of it --- */

int oracle_log_load(struct db *db, struct oracle_log *out)
{
    int any = 0;
    memset(out, 0, sizeof *out);
    if (oracle_erased_learn(db) != 0 || read_entries(out, db) != 0)
        return -1;
    out->records = need(calloc(out->entry_count + 1, sizeof *out->records));
    out->ops = need(calloc(out->written_count + 1, sizeof *out->ops));
    sort_out(out);
    take_out_held(out);
    for (size_t i = 0; i < out->entry_count; i++) {
        const struct oracle_entry *e = &out->entries[i];
        any |= e->is_out;
        if (e->is_out != e->is_held)
            oracle_found("1: entry %zu of the office's log is %s, and by its hold records it is %s", i,
                         e->is_held ? "held" : "applied", e->is_out ? "held" : "applied");
    }
    if (any)
        sort_out(out);
    return 0;
}

void oracle_log_free(struct oracle_log *log)
{
    for (size_t i = 0; i < log->entry_count; i++) {
        free((void *)log->entries[i].header.p);
        free((void *)log->entries[i].body.p);
    }
    for (size_t i = 0; i < log->written_count; i++)
        free(log->written[i].names);
    free(log->entries);
    free(log->written);
    free(log->ops);
    free(log->records);
    memset(log, 0, sizeof *log);
}
