/* Loads conflicts as a person decides them: each with its values, their authors, since when it waits, who must decide,
 * a sentence that says how it came about, and the code that proves what the person saw. */
#include "review.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "merge.h"

const char *review_label(int loud)
{
    return loud ? "conflict" : "parallel edit";
}

int review_owns(const struct review *r, const struct id *user)
{
    for (size_t i = 0; i < r->owner_count; i++)
        if (id_equal(&r->owners[i], user))
            return 1;
    return 0;
}

int review_concerns(const struct review *r, const struct id *user)
{
    int concerned = 0;
    for (size_t i = 0; r->field.unseen && i < r->field.count; i++)
        concerned |= id_equal(&r->field.ops[i].author, user);
    for (size_t i = 0; r->field.unseen && i < r->beside_count; i++)
        concerned |= id_equal(&r->beside[i].author, user);
    return concerned;
}

const char *review_age(uint64_t since_ms, uint64_t now_ms, char out[REVIEW_AGE])
{
    static const struct {
        uint64_t ms;
        const char *one, *many;
    } units[] = {{86400000, "day", "days"}, {3600000, "hour", "hours"}, {60000, "minute", "minutes"}};
    uint64_t age = now_ms > since_ms ? now_ms - since_ms : 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        unsigned long long n = age / units[i].ms;
        if (n != 0) {
            (void)snprintf(out, REVIEW_AGE, "%llu %s", n, n == 1 ? units[i].one : units[i].many);
            return out;
        }
    }
    (void)snprintf(out, REVIEW_AGE, "less than a minute");
    return out;
}

/* --- the live ops of a record beside its void --- */

struct beside {
    struct review_beside *ops;
    size_t count, room;
};

static int add_beside(struct beside *b, const struct review_beside *op, struct error *e)
{
    if (b->count == b->room) {
        size_t room = b->room == 0 ? 16 : 2 * b->room;
        struct review_beside *more = realloc(b->ops, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        b->ops = more;
        b->room = room;
    }
    b->ops[b->count++] = *op;
    return 0;
}

static int read_beside(sqlite3_stmt *s, struct review_beside *out, struct error *e)
{
    struct change header;
    if (change_read_header(db_slice(s, 7), &header, NULL) != 0)
        return error_set(e, E_VERIFY, "a header in the store cannot be read; run a check of the store");
    *out = (struct review_beside){.dot = {db_id(s, 0), db_uint(s, 1), db_uint(s, 2), (unsigned)db_uint(s, 3)},
                                  .field = (unsigned)db_uint(s, 4),
                                  .author = header.author,
                                  .hlc = header.hlc,
                                  .wall_ms = header.wall_ms,
                                  .received_ms = db_uint(s, 6),
                                  .position = db_is_null(s, 5) ? MERGE_NOT_ACCEPTED : db_uint(s, 5)};
    return 0;
}

/* Lists every live op of the record's other fields, in the office's order. The caller frees b->ops, on failure too. */
static int list_beside(struct db *db, const struct id *record, struct beside *b, struct error *e)
{
    static const char sql[] =
        "SELECT entry.device, entry.epoch, entry.seq, op.op, op.field, entry.position, entry.received, entry.header "
        "FROM op CROSS JOIN entry ON entry.id = op.entry WHERE op.record = ? AND op.field NOT IN (1, 4) "
        "ORDER BY entry.position IS NULL, entry.position, entry.device, entry.epoch, entry.seq, op.op";
    struct review_beside op;
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e, sql, "d", record);
    *b = (struct beside){NULL, 0, 0};
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = read_beside(s, &op, e)) != 0 || (code = add_beside(b, &op, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int is_listed(struct slice dots, const struct dot *dot)
{
    struct unpack r;
    unpack_start(&r, dots);
    for (size_t left = unpack_array(&r); left > 0 && !r.failed; left--) {
        struct dot one = dot_unpack(&r);
        if (!r.failed && dot_equal(&one, dot))
            return 1;
    }
    return 0;
}

/* Keeps only the ops that the void does not list. dots: the void's value. */
static void keep_unlisted(struct beside *b, struct slice dots)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->count; i++)
        if (!is_listed(dots, &b->ops[i].dot))
            b->ops[kept++] = b->ops[i];
    b->count = kept;
}

/* --- the code --- */

static void hash_dot(crypto_generichash_state *hash, const struct dot *dot)
{
    uint8_t bytes[ID_BYTES + 20];
    memcpy(bytes, dot->device.b, ID_BYTES);
    for (size_t i = 0; i < 8; i++) {
        bytes[ID_BYTES + i] = (uint8_t)(dot->epoch >> 8 * i);
        bytes[ID_BYTES + 8 + i] = (uint8_t)(dot->seq >> 8 * i);
    }
    for (size_t i = 0; i < 4; i++)
        bytes[ID_BYTES + 16 + i] = (uint8_t)((uint32_t)dot->index >> 8 * i);
    (void)crypto_generichash_update(hash, bytes, sizeof bytes);
}

static int compare_beside(const void *a, const void *b)
{
    return dot_compare(&((const struct review_beside *)a)->dot, &((const struct review_beside *)b)->dot);
}

int review_code(struct db *db, const struct id *record, const struct schema_field *field, const struct record_field *f,
                char out[REVIEW_CODE], struct error *e)
{
    struct beside beside = {NULL, 0, 0};
    crypto_generichash_state hash;
    uint8_t digest[crypto_generichash_BYTES];
    int code = 0;
    out[0] = '\0';
    (void)crypto_generichash_init(&hash, NULL, 0, sizeof digest);
    /* The code covers the order too, since a number in the list must not come to mean another value. */
    for (size_t i = 0; i < f->count; i++)
        hash_dot(&hash, &f->ops[i].merge.dot);
    if (field->number == FIELD_VOID)
        code = list_beside(db, record, &beside, e);
    else if (f->unseen)
        code = review_unseen(db, record, field, &beside.ops, &beside.count, e);
    if (code == 0) {
        if (beside.count != 0)
            qsort(beside.ops, beside.count, sizeof *beside.ops, compare_beside);
        for (size_t i = 0; i < beside.count; i++)
            hash_dot(&hash, &beside.ops[i].dot);
    }
    review_unseen_free(beside.ops, beside.count);
    if (code != 0)
        return code;
    (void)crypto_generichash_final(&hash, digest, sizeof digest);
    (void)sodium_bin2hex(out, REVIEW_CODE, digest, (REVIEW_CODE - 1) / 2);
    return 0;
}

/* --- since when --- */

/* The office's order; then the ops that the office does not have, by the clocks of their laptops. */
static int compare_arrival(const void *a, const void *b)
{
    const struct record_op *x = a, *y = b;
    if (x->merge.position != y->merge.position)
        return x->merge.position < y->merge.position ? -1 : 1;
    if (x->merge.position == MERGE_NOT_ACCEPTED && x->wall_ms != y->wall_ms)
        return x->wall_ms < y->wall_ms ? -1 : 1;
    return dot_compare(&x->merge.dot, &y->merge.dot);
}

/* 1: the first `count` ops are in conflict; 0: they are not. The ops before the last one are not in conflict. */
static int is_contested(const struct schema_field *field, const struct record_op *ops, size_t count,
                        struct merge_op *room)
{
    if (!schema_traits(field)->adds_up)
        return count > 1 && !slice_equal(ops[count - 1].merge.value, ops[0].merge.value);
    for (size_t i = 0; i < count; i++)
        room[i] = ops[i].merge;
    return merge_show(field, room, count).conflict == MERGE_LOUD;
}

static void set_since(struct review *r, uint64_t position, uint64_t received_ms, uint64_t wall_ms)
{
    r->at_office = position != MERGE_NOT_ACCEPTED;
    r->since_ms = r->at_office ? received_ms : wall_ms;
}

/* Sets the time of the op that made it a conflict: the first one, in the office's order, that differs from those
 * before it. */
static int find_since(struct review *r, struct error *e)
{
    size_t count = r->field.count, n = 1;
    struct record_op *ops = calloc(count + 1, sizeof *ops);
    struct merge_op *room = calloc(count + 1, sizeof *room);
    if (ops == NULL || room == NULL) {
        free(ops);
        free(room);
        return error_memory(e);
    }
    if (count != 0) {
        memcpy(ops, r->field.ops, count * sizeof *ops);
        qsort(ops, count, sizeof *ops, compare_arrival);
        while (n < count && !is_contested(r->conflict.field, ops, n, room))
            n++;
        set_since(r, ops[n - 1].merge.position, ops[n - 1].merge.received_ms, ops[n - 1].wall_ms);
    }
    free(ops);
    free(room);
    return 0;
}

/* The first op of a void field, in the office's order, that voids; NULL: none. */
static const struct record_op *first_void(const struct record_field *f)
{
    const struct record_op *first = NULL;
    for (size_t i = 0; i < f->count; i++) {
        const struct record_op *op = &f->ops[i];
        if (!slice_is_nil(op->merge.value) && (first == NULL || compare_arrival(op, first) < 0))
            first = op;
    }
    return first;
}

/* The first op of a void field that takes a void back; NULL: none. */
static const struct record_op *first_nil(const struct record_field *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (slice_is_nil(f->ops[i].merge.value))
            return &f->ops[i];
    return NULL;
}

/* Sets since when a void or a closing is contested: since there were both that and an op that it does not list. */
static void void_since(struct review *r)
{
    const struct record_op *first = first_void(&r->field), *back = first_nil(&r->field);
    if (first == NULL)
        return;
    set_since(r, first->merge.position, first->merge.received_ms, first->wall_ms);
    if (r->beside_count != 0) {
        const struct review_beside *b = &r->beside[0];
        if (b->position > first->merge.position ||
            (b->position == first->merge.position && b->wall_ms > first->wall_ms))
            set_since(r, b->position, b->received_ms, b->wall_ms);
    } else if (back != NULL && compare_arrival(back, first) > 0) {
        set_since(r, back->merge.position, back->merge.received_ms, back->wall_ms);
    }
}

/* --- what each had seen --- */

enum { LOOKED_AT_MAX = 32 }; /* ops that one op supersedes */

static int keep_seen(struct review_value *v, struct slice value, struct error *e)
{
    uint8_t *copy;
    for (size_t i = 0; i < v->seen_count; i++)
        if (slice_equal(v->seen[i], value))
            return 0;
    if ((copy = malloc(value.size + 1)) == NULL)
        return error_memory(e);
    memcpy(copy, value.p, value.size);
    v->seen[v->seen_count++] = (struct slice){copy, value.size};
    return 0;
}

struct looked_at {
    struct log_entry entry;
    struct log_memory memory;
};

/* Finds the op that a dot names. *out is NULL if it is not in this store, or of another field; else it is valid until
 * the next find_op. */
static int find_op(struct db *db, const struct review *r, const struct dot *dot, const struct change_op **out,
                   struct looked_at *at, struct error *e)
{
    const struct change *c = &at->entry.change;
    int64_t id = log_find(db, &dot->device, dot->epoch, dot->seq, NULL, e);
    int code;
    *out = NULL;
    if (id < 0)
        return error_code(e);
    if (id == 0)
        return 0;
    if ((code = log_load(db, id, 1, &at->memory, &at->entry, e)) != 0)
        return code;
    if (dot->index < c->op_count && id_equal(&c->record, &r->conflict.record) &&
        c->ops[dot->index].field == r->conflict.field->number)
        *out = &c->ops[dot->index];
    return 0;
}

/* Copies the dots that an op supersedes, since the next find_op invalidates the op. The caller frees *dots, on failure
 * too. */
static int copy_dots(const struct change_op *op, struct dot **dots, size_t *count, struct error *e)
{
    struct unpack r;
    *count = op == NULL ? 0 : change_supersedes(op, &r);
    if ((*dots = calloc(*count + 1, sizeof **dots)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < *count; i++)
        (*dots)[i] = dot_unpack(&r);
    return 0;
}

static int look_at(struct db *db, struct review *r, size_t number, struct looked_at *at, struct error *e)
{
    struct review_value *v = &r->values[number];
    const struct change_op *op;
    struct dot *dots = NULL;
    size_t count = 0;
    int code = find_op(db, r, &r->field.ops[number].merge.dot, &op, at, e);
    if (code == 0)
        code = copy_dots(op, &dots, &count, e);
    for (size_t i = 0; code == 0 && i < count; i++) {
        /* Stop after LOOKED_AT_MAX: missing ops and equal values are not worth reading a thousand changes. */
        if (v->seen_count == REVIEW_SEEN_MAX || i == LOOKED_AT_MAX) {
            v->more = count - i;
            break;
        }
        if ((code = find_op(db, r, &dots[i], &op, at, e)) != 0)
            break;
        if (op == NULL)
            v->unknown++;
        else
            code = keep_seen(v, op->value, e);
    }
    free(dots);
    return code;
}

static int load_seen(struct db *db, struct review *r, struct error *e)
{
    struct looked_at *at = calloc(1, sizeof *at);
    int code = 0;
    if (at == NULL || (r->values = calloc(r->field.count + 1, sizeof *r->values)) == NULL) {
        free(at);
        return error_memory(e);
    }
    for (size_t i = 0; code == 0 && i < r->field.count; i++)
        code = look_at(db, r, i, at, e);
    log_memory_free(&at->memory);
    free(at);
    return code;
}

/* --- the sentence --- */

static const char *number_words(size_t n, char room[24])
{
    static const char *const words[] = {"No",  "One",   "Two",   "Three", "Four", "Five",
                                        "Six", "Seven", "Eight", "Nine",  "Ten"};
    if (n < sizeof words / sizeof *words)
        return words[n];
    (void)snprintf(room, 24, "%zu", n);
    return room;
}

/* "level_of_care" -> "level of care" */
static void plain_name(const struct schema_field *field, char out[64])
{
    (void)snprintf(out, 64, "%s", field->name);
    for (char *p = out; *p != '\0'; p++)
        if (*p == '_')
            *p = ' ';
}

/* Counts the authors of the live ops, and their devices. */
static void count_authors(const struct record_field *f, size_t *people, size_t *devices)
{
    *people = *devices = 0;
    for (size_t i = 0; i < f->count; i++) {
        int person = 1, device = 1;
        for (size_t k = 0; k < i; k++) {
            person = person && !id_equal(&f->ops[k].author, &f->ops[i].author);
            device = device && !id_equal(&f->ops[k].merge.dot.device, &f->ops[i].merge.dot.device);
        }
        *people += (size_t)person;
        *devices += (size_t)device;
    }
}

static void void_sentence(struct review *r)
{
    if (first_nil(&r->field) != NULL && r->beside_count == 0)
        (void)snprintf(r->sentence, sizeof r->sentence,
                       "Somebody voided this %s while somebody took an older void back", r->conflict.kind->name);
    else
        (void)snprintf(r->sentence, sizeof r->sentence,
                       "Somebody went on with this %s, without having seen that it was voided", r->conflict.kind->name);
}

static void closing_sentence(struct review *r)
{
    (void)snprintf(r->sentence, sizeof r->sentence,
                   "Somebody went on with the case, without having seen that this %s was %s, and who did that had not "
                   "seen it",
                   r->conflict.kind->name, r->conflict.kind->number == KIND_CASE ? "closed" : "ended");
}

static void people_sentence(struct review *r, const char *name)
{
    size_t people, devices;
    char room[24];
    const struct schema_traits *traits = schema_traits(r->conflict.field);
    const char *many;
    count_authors(&r->field, &people, &devices);
    many = number_words(people, room);
    if (people == 1 && devices > 1)
        (void)snprintf(r->sentence, sizeof r->sentence,
                       "One person changed the %s on %s laptops, on each without what the other had", name,
                       devices == 2 ? "two" : "several");
    else if (people == 1)
        (void)snprintf(r->sentence, sizeof r->sentence, "One person wrote several values of the %s beside each other",
                       name);
    else if (traits->is_narrative && r->conflict.loud && r->field.merged == NULL)
        (void)snprintf(r->sentence, sizeof r->sentence,
                       "%s people wrote the %s without seeing each other's words; a person must bring them together",
                       many, name);
    else if (traits->is_narrative && r->conflict.loud)
        (void)snprintf(r->sentence, sizeof r->sentence,
                       "%s people edited the %s; where they wrote in one place, a person must bring it together", many,
                       name);
    else if (traits->is_narrative)
        (void)snprintf(r->sentence, sizeof r->sentence, "%s people edited the %s in different places; %s are in", many,
                       name, people == 2 ? "both edits" : "all edits");
    else if (traits->looks_back)
        (void)snprintf(r->sentence, sizeof r->sentence,
                       "%s people changed the %s; what is not shown started from a status that no longer held", many,
                       name);
    else
        (void)snprintf(r->sentence, sizeof r->sentence, "%s people changed the %s without seeing each other's change",
                       many, name);
}

static void write_sentence(struct review *r)
{
    char name[64];
    plain_name(r->conflict.field, name);
    if (r->conflict.field->number == FIELD_VOID)
        void_sentence(r);
    else if (r->field.unseen)
        closing_sentence(r);
    else if (r->field.shown.erased != 0)
        (void)snprintf(r->sentence, sizeof r->sentence, "Part of the total of %s was erased, so nobody knows it", name);
    else if (schema_traits(r->conflict.field)->adds_up)
        (void)snprintf(r->sentence, sizeof r->sentence, "The total of %s is too large to be right", name);
    else
        people_sentence(r, name);
}

/* --- one conflict --- */

static int load_beside(struct db *db, struct review *r, struct error *e)
{
    const struct record_op *first = first_void(&r->field);
    struct beside beside = {NULL, 0, 0};
    int code;
    if (r->field.unseen)
        return review_unseen(db, &r->conflict.record, r->conflict.field, &r->beside, &r->beside_count, e);
    code = list_beside(db, &r->conflict.record, &beside, e);
    if (code == 0 && first != NULL)
        keep_unlisted(&beside, first->merge.value);
    r->beside = beside.ops;
    r->beside_count = beside.count;
    return code;
}

/* Loads what the conflict's turn in the queue depends on. */
static int load_place(struct db *db, const struct record_conflict *conflict, struct review *out, struct error *e)
{
    int code;
    memset(out, 0, sizeof *out);
    out->conflict = *conflict;
    if ((code = record_field_load(db, &conflict->record, conflict->kind, conflict->field, &out->field, e)) != 0)
        return code;
    if (conflict->field->number != FIELD_VOID && !out->field.unseen)
        return find_since(out, e);
    if ((code = load_beside(db, out, e)) == 0)
        void_since(out);
    return code;
}

int review_load(struct db *db, const struct record_conflict *conflict, struct review *out, struct error *e)
{
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    if ((code = load_place(db, conflict, out, e)) != 0 || (code = load_seen(db, out, e)) != 0 ||
        (code = review_code(db, &conflict->record, conflict->field, &out->field, out->code, e)) != 0 ||
        (code = review_owners(db, &conflict->scope, conflict->loud, &out->owners, &out->owner_count, e)) != 0)
        return code;
    write_sentence(out);
    return review_import_sentence(db, out, e);
}

void review_free(struct review *r)
{
    for (size_t i = 0; r->values != NULL && i < r->field.count; i++)
        for (size_t k = 0; k < r->values[i].seen_count; k++) {
            sodium_memzero((void *)r->values[i].seen[k].p, r->values[i].seen[k].size);
            free((void *)r->values[i].seen[k].p);
        }
    free(r->values);
    review_unseen_free(r->beside, r->beside_count);
    free(r->owners);
    record_field_free(&r->field);
    memset(r, 0, sizeof *r);
}

/* --- the queue --- */

struct waiting {
    struct record_conflict conflict;
    uint64_t since_ms;
    int at_office;
};

struct line {
    struct db *db;
    struct waiting *all;
    size_t count, room;
};

static int stand_in_line(void *arg, const struct record_conflict *c, struct error *e)
{
    struct line *l = arg;
    struct review r;
    int code;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : 2 * l->room;
        struct waiting *more = realloc(l->all, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        l->all = more;
        l->room = room;
    }
    if ((code = load_place(l->db, c, &r, e)) == 0)
        l->all[l->count++] = (struct waiting){*c, r.since_ms, r.at_office};
    review_free(&r);
    return code;
}

static int compare_waiting(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    int records;
    if (x->conflict.loud != y->conflict.loud)
        return x->conflict.loud ? -1 : 1;
    if (x->at_office != y->at_office)
        return x->at_office ? -1 : 1;
    if (x->since_ms != y->since_ms)
        return x->since_ms < y->since_ms ? -1 : 1;
    if ((records = id_compare(&x->conflict.record, &y->conflict.record)) != 0)
        return records;
    return x->conflict.field->number < y->conflict.field->number ? -1 : 1;
}

int review_each(struct db *db, int (*each)(void *arg, const struct review *r, struct error *e), void *arg,
                struct error *e)
{
    struct line l = {db, NULL, 0, 0};
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    if ((code = record_conflicts(db, stand_in_line, &l, e)) == 0 && l.count != 0)
        qsort(l.all, l.count, sizeof *l.all, compare_waiting);
    for (size_t i = 0; code == 0 && i < l.count; i++) {
        struct review r;
        if ((code = review_load(db, &l.all[i].conflict, &r, e)) == 0)
            code = each(arg, &r, e);
        review_free(&r);
    }
    free(l.all);
    return code;
}
