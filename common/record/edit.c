/* One save: what a person writes into a record becomes ops that name what was shown and is replaced; edit_commit makes
 * them one change in the author's chain, logs it and applies it like a change from anybody else. */
#include "edit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* --- the author --- */

int edit_author_load(struct db *db, struct edit_author *author, struct error *e)
{
    int code;
    memset(author, 0, sizeof *author);
    author->wall = clock_wall;
    code = db_meta_get(db, "own_device", author->chain.device.b, ID_BYTES, e);
    if (code == E_NOT_FOUND)
        return error_set(e, E_NOT_FOUND, "this store belongs to no device yet; enrol it first");
    /* A number that cannot be read must not be taken for 0: a chain that began anew would be a fork. */
    if (code != 0 || (code = db_meta_get_uint(db, "own_epoch", &author->chain.epoch, e)) != 0 ||
        (code = db_meta_get_uint(db, "own_seq", &author->chain.seq, e)) != 0 ||
        (code = db_meta_get_uint(db, "own_hlc", &author->hlc, e)) != 0)
        return code;
    if (author->chain.seq != 0)
        return db_meta_get(db, "own_hash", author->chain.hash, sizeof author->chain.hash, e);
    return 0;
}

int edit_author_save(struct db *db, const struct edit_author *author, struct error *e)
{
    int code;
    if ((code = db_meta_set_uint(db, "own_epoch", author->chain.epoch, e)) != 0 ||
        (code = db_meta_set_uint(db, "own_seq", author->chain.seq, e)) != 0 ||
        (code = db_meta_set_uint(db, "own_hlc", author->hlc, e)) != 0)
        return code;
    return db_meta_set(db, "own_hash", author->chain.hash, sizeof author->chain.hash, e);
}

int edit_author_create(struct db *db, const struct id *device, struct error *e)
{
    struct edit_author author;
    int code = db_meta_set(db, "own_device", device->b, ID_BYTES, e);
    memset(&author, 0, sizeof author);
    author.chain.epoch = 1;
    return code != 0 ? code : edit_author_save(db, &author, e);
}

void edit_author_saw(struct edit_author *author, uint64_t hlc)
{
    author->hlc = clock_seen(author->hlc, hlc);
}

/* --- the edit --- */

static void start_edit(struct edit *edit, struct db *db, const struct schema_kind *kind, const struct id *scope,
                       const struct id *record)
{
    memset(edit, 0, sizeof *edit);
    edit->db = db;
    edit->kind = kind;
    edit->scope = *scope;
    edit->record = *record;
    change_draft_start(&edit->draft);
}

int edit_new(struct edit *edit, struct db *db, const struct schema_kind *kind, const struct id *scope,
             const struct id *record, struct error *e)
{
    (void)e;
    start_edit(edit, db, kind, scope, record);
    edit->is_new = 1;
    return 0;
}

int edit_open(struct edit *edit, struct db *db, const struct id *record, struct error *e)
{
    static const struct id none;
    struct record_place place;
    int code;
    start_edit(edit, db, NULL, &none, record);
    if ((code = record_find(db, record, &place, e)) != 0)
        return code;
    edit->kind = place.kind;
    edit->scope = place.scope;
    return 0;
}

void edit_free(struct edit *edit)
{
    change_draft_free(&edit->draft);
}

int edit_set_over(struct edit *edit, const struct schema_field *field, struct slice value, const struct dot *dots,
                  size_t dot_count, struct error *e)
{
    int code = schema_check(edit->kind, field, value, e);
    edit->closes |= code == 0 && schema_closes(field, value);
    if (code == 0)
        change_draft_op(&edit->draft, field->number, CHANGE_SET, value, dots, dot_count);
    return code;
}

/* The dots of live ops of a field; p is freed by the caller. */
struct live_dots {
    struct dot *p;
    size_t count;
    size_t holds; /* how many of them, from the first on, put the element into the set */
};

/* 1: the author was shown this op, or wrote it; 0: not; -1: failed, e says why. */
static int was_shown(const struct edit *edit, const struct dot *dot, const struct id *op_author, struct error *e)
{
    return edit->seen.was_shown == NULL ? 1 : edit->seen.was_shown(edit->seen.arg, dot, op_author, e);
}

static int load_live(struct edit *edit, const struct schema_field *field, struct record_field *live,
                     struct live_dots *out, struct error *e)
{
    int code;
    *out = (struct live_dots){NULL, 0, 0};
    memset(live, 0, sizeof *live);
    if (edit->is_new)
        return 0;
    if ((code = record_field_load(edit->db, &edit->record, edit->kind, field, live, e)) != 0)
        return code;
    if (live->count == 0 || (out->p = malloc(live->count * sizeof *out->p)) != NULL)
        return 0;
    record_field_free(live);
    return error_memory(e);
}

/* Finds the dots that a new value of a field names: those of the live ops that its author was shown, and those that
 * rank no higher, where ranks count: what is not seen may be raised, never lowered. value NULL: of no rank. */
static int find_replaced(struct edit *edit, const struct schema_field *field, const struct slice *value,
                         struct live_dots *out, struct error *e)
{
    uint64_t rank = value == NULL || field->policy != SCHEMA_HIGHEST ? 0 : merge_rank(field, *value);
    struct record_field live;
    int code = load_live(edit, field, &live, out, e);
    for (size_t i = 0; code == 0 && i < live.count; i++) {
        const struct record_op *op = &live.ops[i];
        int is_higher = field->policy == SCHEMA_HIGHEST && merge_rank(field, op->merge.value) > rank;
        int is_ranked = field->policy == SCHEMA_HIGHEST && !is_higher;
        int shown = is_ranked ? 1 : was_shown(edit, &op->merge.dot, &op->author, e);
        if (shown < 0)
            code = error_code(e);
        else if (shown)
            out->p[out->count++] = op->merge.dot;
        if (shown > 0 && is_higher)
            edit->lowers = field;
    }
    record_field_free(&live);
    return code;
}

/* Finds the dots of the live ops that put an element into a set, then those of the removes, which have done their work
 * and would only pile up. */
static int find_live_dots(struct edit *edit, const struct schema_field *field, const struct slice *element,
                          struct live_dots *out, struct error *e)
{
    struct record_field live;
    int code = load_live(edit, field, &live, out, e);
    if (code != 0)
        return code;
    for (size_t i = 0; i < live.count; i++)
        if (slice_equal(*element, live.ops[i].merge.value) && live.ops[i].merge.action != CHANGE_REMOVE)
            out->p[out->count++] = live.ops[i].merge.dot;
    out->holds = out->count;
    for (size_t i = 0; i < live.count && out->count < CHANGE_SUPERSEDES_MAX; i++)
        if (live.ops[i].merge.action == CHANGE_REMOVE)
            out->p[out->count++] = live.ops[i].merge.dot;
    record_field_free(&live);
    return 0;
}

int edit_set(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e)
{
    struct live_dots dots = {NULL, 0, 0};
    int code = 0;
    if (!schema_holds_one(field))
        return error_set(e, E_USAGE, "%s of a %s holds several values: use add and remove", field->name,
                         edit->kind->name);
    /* A `once` field is amended, not replaced: an amendment supersedes nothing. */
    if (!schema_traits(field)->is_amended)
        code = find_replaced(edit, field, &value, &dots, e);
    if (code == 0)
        code = edit_set_over(edit, field, value, dots.p, dots.count, e);
    free(dots.p);
    return code;
}

int edit_add(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e)
{
    struct live_dots dots = {NULL, 0, 0};
    struct id named;
    int code;
    if (schema_holds_one(field))
        return error_set(e, E_USAGE, "%s of a %s holds one value: use set", field->name, edit->kind->name);
    if (slice_is_nil(value))
        return error_set(e, E_INPUT, "nothing to add: the value is empty");
    if ((code = schema_check(edit->kind, field, value, e)) != 0)
        return code;
    if (field->type == SCHEMA_REF && slice_id(value, &named) && id_equal(&named, &edit->record))
        return error_set(e, E_INPUT, "%s of a %s cannot name the record itself; name another one", field->name,
                         edit->kind->name);
    /* The same element once more takes the place of every add of it that lives here, shown or not: it says the same. A
     * contribution to a sum stands for itself. */
    if (schema_traits(field)->has_elements)
        code = find_live_dots(edit, field, &value, &dots, e);
    if (code == 0)
        change_draft_op(&edit->draft, field->number, CHANGE_ADD, value, dots.p, dots.count);
    free(dots.p);
    return code;
}

int edit_add_without(struct edit *edit, const struct schema_field *field, struct error *e)
{
    struct live_dots dots = {NULL, 0, 0};
    struct record_field live;
    struct pack nothing;
    int code = load_live(edit, field, &live, &dots, e);
    if (code != 0)
        return code;
    for (size_t i = 0; i < live.count && dots.count < CHANGE_SUPERSEDES_MAX; i++)
        if (merge_is_erased(&live.ops[i].merge))
            dots.p[dots.count++] = live.ops[i].merge.dot;
    record_field_free(&live);
    pack_start(&nothing);
    pack_int(&nothing, 0);
    if (!schema_traits(field)->adds_up || dots.count == 0)
        code = error_set(e, E_REFUSED, "nothing of the total of %s was erased", field->name);
    else if ((code = pack_finish(&nothing, e)) == 0)
        change_draft_op(&edit->draft, field->number, CHANGE_ADD, pack_bytes(&nothing), dots.p, dots.count);
    pack_free(&nothing);
    free(dots.p);
    return code;
}

int edit_remove(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e)
{
    struct live_dots dots = {NULL, 0, 0};
    int code;
    if (!schema_traits(field)->has_elements)
        return error_set(e, E_USAGE, "%s of a %s is not a set: use set", field->name, edit->kind->name);
    code = find_live_dots(edit, field, &value, &dots, e);
    if (code == 0 && dots.holds == 0)
        code = error_set(e, E_NOT_FOUND, "%s of this %s does not hold that; `satchel show` lists what it holds",
                         field->name, edit->kind->name);
    if (code == 0)
        change_draft_op(&edit->draft, field->number, CHANGE_REMOVE, value, dots.p, dots.count);
    free(dots.p);
    return code;
}

/* Adds to `dots` those of the live ops of the record's other fields that the voider was shown. */
static int list_shown(struct edit *edit, struct pack *dots, size_t *count, struct error *e)
{
    struct change header;
    sqlite3_stmt *s = NULL;
    int row, code, shown;
    *count = 0;
    if ((code = db_query(edit->db, &s, e,
                         "SELECT entry.device, entry.epoch, entry.seq, op.op, entry.header FROM op JOIN entry ON "
                         "entry.id = op.entry WHERE op.record = ? AND op.field NOT IN (?, ?) ORDER BY 1, 2, 3, 4",
                         "duu", &edit->record, (uint64_t)FIELD_VOID, (uint64_t)FIELD_SEEN)) != 0)
        return code;
    while ((row = db_next(edit->db, s, e)) == 1) {
        struct dot dot = {db_id(s, 0), db_uint(s, 1), db_uint(s, 2), (unsigned)db_uint(s, 3)};
        if ((code = change_read_known(db_slice(s, 4), &header, e)) != 0 ||
            (shown = was_shown(edit, &dot, &header.author, e)) < 0) {
            db_done(edit->db, s);
            return error_code(e);
        }
        if (shown)
            dot_pack(dots, &dot);
        *count += shown != 0;
    }
    return row < 0 ? error_code(e) : 0;
}

int edit_void(struct edit *edit, struct error *e)
{
    const struct schema_field *field = schema_field(edit->kind, FIELD_VOID);
    struct live_dots before = {NULL, 0, 0};
    size_t count;
    struct pack dots, value;
    int code;
    pack_start(&dots);
    pack_start(&value);
    /* An op that is not on the list brings the record back. */
    if ((code = find_replaced(edit, field, NULL, &before, e)) != 0 || (code = list_shown(edit, &dots, &count, e)) != 0)
        goto out;
    pack_array(&value, count);
    pack_raw(&value, pack_bytes(&dots));
    if ((code = pack_finish(&dots, e)) == 0 && (code = pack_finish(&value, e)) == 0)
        code = edit_set_over(edit, field, pack_bytes(&value), before.p, before.count, e);
out:
    pack_free(&dots);
    pack_free(&value);
    free(before.p);
    return code;
}

static int from_words(struct edit *edit, const char *name, const char *text,
                      int (*apply)(struct edit *edit, const struct schema_field *field, struct slice value,
                                   struct error *e),
                      struct error *e)
{
    const struct schema_field *field = schema_field_named(edit->kind, name);
    struct pack value;
    int code;
    if (field == NULL || field->number == FIELD_VOID)
        return error_set(e, E_NOT_FOUND, "a %s has no field %s; `satchel help %s` lists its fields", edit->kind->name,
                         name, edit->kind->name);
    pack_start(&value);
    code = schema_parse(edit->kind, field, text, &value, e);
    if (code == 0)
        code = pack_finish(&value, e);
    if (code == 0)
        code = apply(edit, field, pack_bytes(&value), e);
    pack_free(&value);
    return code;
}

int edit_set_text(struct edit *edit, const char *field, const char *text, struct error *e)
{
    return from_words(edit, field, text, edit_set, e);
}

int edit_add_text(struct edit *edit, const char *field, const char *text, struct error *e)
{
    return from_words(edit, field, text, edit_add, e);
}

int edit_remove_text(struct edit *edit, const char *field, const char *text, struct error *e)
{
    return from_words(edit, field, text, edit_remove, e);
}

int edit_set_id(struct edit *edit, const char *field, const struct id *id, struct error *e)
{
    char text[ID_TEXT];
    id_format(id, text);
    return edit_set_text(edit, field, text, e);
}

/* --- closings --- */

struct knowing {
    struct edit *edit;
    struct id author;
    struct dot dots[RECORD_KNOWN_MAX];
    size_t count;
};

/* Keeps the closing if this author was shown it. Who wrote it needs not say so. */
static int keep_known(void *arg, const struct dot *closing, const struct id *author, struct error *e)
{
    struct knowing *k = arg;
    int shown;
    if (k->count == RECORD_KNOWN_MAX || id_equal(author, &k->author))
        return 0;
    if ((shown = was_shown(k->edit, closing, author, e)) < 0)
        return error_code(e);
    if (shown)
        k->dots[k->count++] = *closing;
    return 0;
}

static int by_known_dot(const void *a, const void *b)
{
    return dot_compare(a, b);
}

/* Writes into `value` the closings of the scope that the author knows. *any: 0: there is none. */
static int list_known(struct edit *edit, const struct id *author, struct pack *value, int *any, struct error *e)
{
    struct knowing *k = calloc(1, sizeof *k);
    int code;
    if (k == NULL)
        return error_memory(e);
    k->edit = edit;
    k->author = *author;
    if ((code = record_closing_known(edit->db, &edit->scope, keep_known, k, e)) == 0 && k->count != 0) {
        qsort(k->dots, k->count, sizeof *k->dots, by_known_dot);
        pack_array(value, k->count);
        for (size_t i = 0; i < k->count; i++)
            dot_pack(value, &k->dots[i]);
    }
    *any = k->count != 0;
    free(k);
    return code;
}

/* Adds what the author had seen: of the case, if the edit closes a record of it; of its closings, if there are any. A
 * record that is taken down as closed, and what an office's import closes, follow the status alone. */
static int add_seen(struct edit *edit, const struct edit_author *author, struct error *e)
{
    const struct schema_field *field = schema_field(edit->kind, FIELD_SEEN);
    const struct record_seeing seeing = {author->person, edit->seen.was_shown, edit->seen.arg};
    struct live_dots before = {NULL, 0, 0};
    struct record_field live;
    struct pack value;
    int any = 1, code;
    if (edit->kind->place != SCHEMA_CASE)
        return 0;
    pack_start(&value);
    if (!edit->closes)
        code = list_known(edit, &author->person, &value, &any, e);
    else if (edit->is_new || edit->seen.was_shown == NULL)
        code = any = 0;
    else
        code = record_closing_seen(edit->db, &edit->scope, &edit->record, &seeing, &value, e);
    if (code == 0 && any && (code = load_live(edit, field, &live, &before, e)) == 0) {
        for (size_t i = 0; i < live.count; i++)
            before.p[before.count++] = live.ops[i].merge.dot;
        record_field_free(&live);
        if ((code = pack_finish(&value, e)) == 0)
            code = edit_set_over(edit, field, pack_bytes(&value), before.p, before.count, e);
    }
    free(before.p);
    pack_free(&value);
    return code;
}

/* Stores the encoded change and applies it, as if it had come from somebody else. */
static int store(struct edit *edit, struct slice header, struct slice body, const struct edit_place *place,
                 struct error *e)
{
    struct log_entry entry;
    int code;
    memset(&entry, 0, offsetof(struct log_entry, change));
    if ((code = change_read(header, body, &entry.change, e)) != 0)
        return code;
    entry.position = place == NULL ? LOG_NO_POSITION : place->position;
    entry.received_ms = place == NULL ? 0 : place->received_ms;
    if ((code = log_add(edit->db, &entry, e)) != 0)
        return code;
    return record_apply(edit->db, &entry, e);
}

int edit_commit(struct edit *edit, struct edit_author *author, const char *reason, const struct edit_place *place,
                struct error *e)
{
    struct change_draft *d = &edit->draft;
    uint8_t made[CHANGE_HASH_BYTES];
    struct pack header, body;
    struct edit_author next = *author;
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    if (d->op_count == 0) {
        edit_free(edit);
        return 0;
    }
    if ((code = add_seen(edit, author, e)) != 0) {
        edit_free(edit);
        return code;
    }
    d->device = author->chain.device;
    d->epoch = author->chain.epoch;
    d->seq = author->chain.seq + 1;
    memcpy(d->previous, author->chain.hash, sizeof d->previous);
    d->wall_ms = author->wall();
    d->hlc = clock_next(author->hlc, d->wall_ms);
    d->author = author->person;
    d->session = author->session;
    d->scope = edit->scope;
    d->record = edit->record;
    d->kind = edit->kind->number;
    d->reason = reason;
    code = change_write(d, &header, &body, made, e);
    if (code == 0 && pack_bytes(&body).size > EDIT_BODY_MAX)
        code = error_set(e, E_LIMIT, "one change would have %zu bytes; at most %d are allowed: save it in parts",
                         pack_bytes(&body).size, EDIT_BODY_MAX);
    if (code == 0) {
        next.chain.seq = d->seq;
        next.hlc = d->hlc;
        memcpy(next.chain.hash, made, sizeof made);
        if ((code = store(edit, pack_bytes(&header), pack_bytes(&body), place, e)) == 0 &&
            (code = edit_author_save(edit->db, &next, e)) == 0)
            *author = next;
    }
    pack_free(&header);
    pack_free(&body);
    edit_free(edit);
    return code;
}
