/* What the tests of the record share: changes by several devices, stores that apply them, and the dump as a text. */
#ifndef SATCHEL_RECORD_WORLD_H
#define SATCHEL_RECORD_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "record.h"

#define TODAY 1800000000000ull
#define HISTORY_MAX 80

static struct error world_error;

#define assert_done(call) world_must((call), #call)
static inline void world_must(int code, const char *what)
{
    if (code != 0)
        print_error("%s: %d: %s\n", what, code, world_error.text);
    assert_int_equal(code, 0);
}

/* --- a history: changes in the order of the office's log --- */

struct history {
    size_t count;
    struct {
        struct pack header, body;
        struct change change;
        int waiting; /* the office has not got it */
    } entries[HISTORY_MAX];
    uint64_t seq[16];          /* the last of each device */
    struct change_draft draft; /* the change in the making */
};

static inline struct id id_of(unsigned number)
{
    struct id id = {{0x01, 0x90}};
    id.b[14] = (uint8_t)(number >> 8);
    id.b[15] = (uint8_t)number;
    return id;
}

static inline struct history *history_new(void)
{
    struct history *h = calloc(1, sizeof *h);
    assert_non_null(h);
    return h;
}

static inline void history_free(struct history *h)
{
    for (size_t i = 0; i < h->count; i++) {
        pack_free(&h->entries[i].header);
        pack_free(&h->entries[i].body);
    }
    free(h);
}

/* Begins a change of a device (0 to 15). */
static inline void begin(struct history *h, unsigned device, unsigned kind, struct id scope, struct id record)
{
    struct change_draft *d = &h->draft;
    change_draft_start(d);
    d->device = id_of(0xd000 + device);
    d->epoch = 1;
    d->seq = ++h->seq[device];
    d->hlc = (TODAY + h->count) << 16;
    d->wall_ms = TODAY + h->count;
    d->author = id_of(0xa000 + device);
    d->scope = scope;
    d->record = record;
    d->kind = kind;
}

static inline struct dot dot_at(const struct history *h, size_t entry, unsigned op)
{
    const struct change *c = &h->entries[entry].change;
    return (struct dot){c->device, c->epoch, c->seq, op};
}

static inline void put_op(struct history *h, unsigned field, enum change_action action, struct pack *value,
                          const struct dot *dots, size_t count)
{
    assert_int_equal(pack_finish(value, NULL), 0);
    change_draft_op(&h->draft, field, action, pack_bytes(value), dots, count);
    pack_free(value);
}

/* A text; NULL: a nil. */
static inline void put_text(struct history *h, unsigned field, enum change_action action, const char *text,
                            const struct dot *dots, size_t count)
{
    struct pack value;
    pack_start(&value);
    if (text == NULL)
        pack_nil(&value);
    else
        pack_text(&value, text, strlen(text));
    put_op(h, field, action, &value, dots, count);
}

static inline void put_number(struct history *h, unsigned field, enum change_action action, int64_t number,
                              const struct dot *dots, size_t count)
{
    struct pack value;
    pack_start(&value);
    pack_int(&value, number);
    put_op(h, field, action, &value, dots, count);
}

static inline void put_id(struct history *h, unsigned field, const struct id *id)
{
    struct pack value;
    pack_start(&value);
    pack_id(&value, id);
    put_op(h, field, CHANGE_SET, &value, NULL, 0);
}

/* A void op that lists `seen`. */
static inline void put_void(struct history *h, const struct dot *seen, size_t seen_count, const struct dot *dots,
                            size_t count)
{
    struct pack value;
    pack_start(&value);
    pack_array(&value, seen_count);
    for (size_t i = 0; i < seen_count; i++)
        dot_pack(&value, &seen[i]);
    put_op(h, FIELD_VOID, CHANGE_SET, &value, dots, count);
}

/* Ends the change; returns its number in the history. */
static inline size_t end(struct history *h)
{
    uint8_t hash[CHANGE_HASH_BYTES];
    size_t at = h->count++;
    assert_true(at < HISTORY_MAX);
    assert_done(change_write(&h->draft, &h->entries[at].header, &h->entries[at].body, hash, &world_error));
    assert_done(change_read(pack_bytes(&h->entries[at].header), pack_bytes(&h->entries[at].body),
                            &h->entries[at].change, &world_error));
    change_draft_free(&h->draft);
    return at;
}

/* --- stores --- */

static inline struct db *store_new(void)
{
    struct db *db;
    assert_done(db_open_memory(&db, &world_error));
    assert_done(log_create(db, &world_error));
    assert_done(record_create(db, &world_error));
    return db;
}

static inline void entry_of(const struct history *h, size_t at, struct log_entry *out)
{
    memset(out, 0, offsetof(struct log_entry, change));
    out->change = h->entries[at].change;
    out->position = h->entries[at].waiting ? LOG_NO_POSITION : at;
    out->received_ms = h->entries[at].waiting ? 0 : TODAY + at;
}

/* Adds a change, with a mask (p NULL: none), and applies it. */
static inline int64_t take_masked(struct db *db, const struct history *h, size_t at, struct slice mask)
{
    struct log_entry entry;
    entry_of(h, at, &entry);
    entry.mask = mask;
    assert_done(log_add(db, &entry.change, entry.position, entry.received_ms, entry.mask, &entry.id, &world_error));
    assert_done(record_apply(db, &entry, &world_error));
    return entry.id;
}

static inline int64_t take(struct db *db, const struct history *h, size_t at)
{
    return take_masked(db, h, at, (struct slice){NULL, 0});
}

static inline void take_all(struct db *db, const struct history *h)
{
    for (size_t i = 0; i < h->count; i++)
        (void)take(db, h, i);
}

static inline int64_t number_in(struct db *db, const char *sql)
{
    sqlite3_stmt *s;
    int64_t number;
    assert_done(db_query(db, &s, &world_error, sql, ""));
    assert_int_equal(db_next(db, s, &world_error), 1);
    number = db_int(s, 0);
    db_done(db, s);
    return number;
}

/* A single text, "" for NULL or no row; valid until the next call. */
static inline const char *text_in(struct db *db, const char *sql)
{
    static char text[512];
    sqlite3_stmt *s;
    text[0] = 0;
    assert_done(db_query(db, &s, &world_error, sql, ""));
    if (db_next(db, s, &world_error) == 1) {
        (void)snprintf(text, sizeof text, "%s", db_text(s, 0));
        db_done(db, s);
    }
    return text;
}

static inline int write_to_memory(void *arg, const char *text, size_t bytes, struct error *e)
{
    (void)e;
    return fwrite(text, 1, bytes, arg) == bytes ? 0 : E_IO;
}

/* Freed by the caller. */
static inline char *dump_of(struct db *db, const struct record_dump_options *options)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);
    assert_non_null(memory);
    assert_done(record_dump(db, options, write_to_memory, memory, &world_error));
    assert_int_equal(fclose(memory), 0);
    return text;
}

static inline void assert_same_dump(struct db *a, struct db *b, const struct record_dump_options *options)
{
    char *one = dump_of(a, options), *other = dump_of(b, options);
    assert_string_equal(one, other);
    free(one);
    free(other);
}

#endif
