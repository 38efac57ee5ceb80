/* Erases at the office, remembers what was erased, and looks for it. */
#include "oracle_erased.h"

#include <stdlib.h>
#include <string.h>

#include "erasure.h"
#include "oracle.h"
#include "oracle_book.h"
#include "oracle_replay.h"
#include "schema.h"

enum { REMEMBERED = 64 };

static struct erased {
    struct id device;
    uint64_t epoch, seq;
    uint8_t hash[CHANGE_HASH_BYTES];
    struct slice body;
    uint8_t kept[CHANGE_OPS_MAX]; /* which values the skeleton keeps, by what the office that erased it knew */
    int is_sure;                  /* it is erased, and no backup has brought it back */
    int is_told;                  /* the office's log has the erasure, with what the change wrote and replaced */
} all[REMEMBERED];
static size_t count;

void oracle_erased_reset(void)
{
    for (size_t i = 0; i < count; i++)
        free((void *)all[i].body.p);
    count = 0;
}

static struct erased *find_erased(const uint8_t hash[CHANGE_HASH_BYTES])
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(all[i].hash, hash, CHANGE_HASH_BYTES) == 0)
            return &all[i];
    return NULL;
}

int oracle_erased_knows(const uint8_t hash[CHANGE_HASH_BYTES])
{
    return find_erased(hash) != NULL;
}

/* "The id that a field of type ref holds, the dots that a void lists." */
static void keep_values(struct erased *x, const struct change *c)
{
    for (size_t i = 0; i < c->op_count; i++) {
        const struct schema_field *field = schema_field(schema_kind(c->kind), c->ops[i].field);
        int64_t number;
        struct slice text;
        x->kept[i] = field != NULL && (field->type == SCHEMA_REF || field->type == SCHEMA_DOTS) &&
                     !slice_is_nil(c->ops[i].value) && !slice_int(c->ops[i].value, &number) &&
                     !slice_text(c->ops[i].value, &text);
    }
}

/* NULL: there is no such change any more. */
static struct erased *remember(struct central *c, unsigned n)
{
    static struct change change;
    struct erased *x = NULL;
    sqlite3_stmt *s;
    if (count == REMEMBERED || db_first(c->db, &s, NULL,
                                        "SELECT header, body FROM entry WHERE body IS NOT NULL AND kind BETWEEN 7 AND "
                                        "12 ORDER BY position DESC LIMIT 1 OFFSET ?",
                                        "u", (uint64_t)n) != 1)
        return NULL;
    if (change_read(db_slice(s, 0), db_slice(s, 1), &change, NULL) == 0 && (x = find_erased(change.hash)) == NULL) {
        uint8_t *body = malloc(change.body.size);
        if (body == NULL)
            abort();
        memcpy(body, change.body.p, change.body.size);
        x = &all[count++];
        *x = (struct erased){.device = change.device, .epoch = change.epoch, .seq = change.seq};
        memcpy(x->hash, change.hash, sizeof x->hash);
        x->body = (struct slice){body, change.body.size};
    }
    if (x != NULL)
        keep_values(x, &change);
    db_done(c->db, s);
    return x;
}

int oracle_erased_erase(struct central *c, unsigned n, FILE *err)
{
    struct error e = {0, ""};
    struct erased *x = remember(c, n);
    int code;
    if (x == NULL)
        return 0;
    if ((code = central_begin(c, &e)) == 0) {
        central_act_as_office(c);
        code = central_end(c, erasure_write(c, &x->device, x->epoch, x->seq, "the client asked for it", &e), &e);
    }
    if (code != 0) {
        (void)fprintf(err, "erase: %s\n", e.text);
        return error_status(code);
    }
    x->is_sure = 1;
    oracle_book_forget();
    oracle_replay_forget();
    return 0;
}

/* The value of an erasure's field; without bytes if it has none. */
static struct slice value_of(const struct change *c, const char *name)
{
    uint32_t number = schema_field_named(schema_kind(KIND_ERASURE), name)->number;
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == number)
            return c->ops[i].value;
    return (struct slice){NULL, 0};
}

static void take_erasure(const struct change *c)
{
    struct id device;
    int64_t epoch, seq;
    if (value_of(c, "skeleton").size == 0 || !slice_id(value_of(c, "device"), &device) ||
        !slice_int(value_of(c, "epoch"), &epoch) || !slice_int(value_of(c, "seq"), &seq))
        return;
    for (size_t i = 0; i < count; i++)
        all[i].is_told |=
            id_equal(&all[i].device, &device) && all[i].epoch == (uint64_t)epoch && all[i].seq == (uint64_t)seq;
}

int oracle_erased_learn(struct db *db)
{
    static struct change c;
    sqlite3_stmt *s;
    int row;
    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        all[i].is_told = 0;
    if (db_query(db, &s, NULL, "SELECT header, body FROM entry WHERE kind = ? AND held = 0 AND body IS NOT NULL", "u",
                 (uint64_t)KIND_ERASURE) != 0)
        return -1;
    while ((row = db_next(db, s, NULL)) == 1)
        if (change_read(db_slice(s, 0), db_slice(s, 1), &c, NULL) == 0)
            take_erasure(&c);
    return row;
}

int oracle_erased_read(struct slice header, struct slice body, struct change *out, struct error *e)
{
    const struct erased *x;
    int code = change_read(header, body, out, e);
    /* "An erasure without one names a change that came without its words: of that nothing is known." */
    if (code != 0 || body.p != NULL || (x = find_erased(out->hash)) == NULL || !x->is_told)
        return code;
    if ((code = change_read(header, x->body, out, e)) != 0)
        return code;
    out->body = body;
    for (size_t i = 0; i < out->op_count; i++)
        if (!x->kept[i])
            out->ops[i].value.size = 0;
    return 0;
}

void oracle_erased_set_back(void)
{
    for (size_t i = 0; i < count; i++)
        all[i].is_sure = 0;
}

static void judge(struct db *db, const char *sql, const char *who)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].is_sure && db_exists(db, NULL, sql, "duu", &all[i].device, all[i].epoch, all[i].seq) == 1)
            oracle_found("3: the words of change %llu.%llu were erased, and %s has them",
                         (unsigned long long)all[i].epoch, (unsigned long long)all[i].seq, who);
}

void oracle_erased_office(struct db *db)
{
    judge(db, "SELECT 1 FROM entry WHERE device = ? AND epoch = ? AND seq = ? AND body IS NOT NULL", "the office");
}

void oracle_erased_laptop(struct db *db, unsigned machine)
{
    char who[32];
    (void)snprintf(who, sizeof who, "laptop %u", machine);
    judge(db,
          "SELECT 1 FROM entry WHERE device = ? AND epoch = ? AND seq = ? AND body IS NOT NULL AND held = 0 AND "
          "position IS NOT NULL AND scope IN (SELECT id FROM scope WHERE complete = 1)",
          who);
}
