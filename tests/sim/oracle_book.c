/* Reads the office's log into memory, entry by entry, and keeps it there. */
#include "oracle_book.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "disk.h"
#include "machine.h"
#include "oracle.h"
#include "oracle_erased.h"
#include "process.h"

static struct {
    struct oracle_book_entry *entries;
    size_t count, room;
    struct oracle_book_op *ops;
    size_t op_count, op_room;
} office;

void oracle_book_forget(void)
{
    for (size_t i = 0; i < office.count; i++)
        free((void *)office.entries[i].body.p);
    free(office.entries);
    free(office.ops);
    memset(&office, 0, sizeof office);
}

static void *grown(void *p, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return p;
    *room = 2 * *room + 64;
    if ((p = realloc(p, *room * size)) == NULL)
        abort();
    return p;
}

static void add_ops(struct oracle_book_entry *entry, const struct change *c)
{
    entry->first_op = office.op_count;
    entry->op_count = c->op_count;
    for (size_t i = 0; i < c->op_count; i++) {
        office.ops = grown(office.ops, office.op_count, &office.op_room, sizeof *office.ops);
        office.ops[office.op_count++] = (struct oracle_book_op){.entry = office.count,
                                                                .dot = {c->device, c->epoch, c->seq, (unsigned)i},
                                                                .record = c->record,
                                                                .kind = c->kind,
                                                                .field = c->ops[i].field,
                                                                .action = c->ops[i].action,
                                                                .value = c->ops[i].value,
                                                                .supersedes = c->ops[i].supersedes};
    }
}

static void add(sqlite3_stmt *s)
{
    static struct change c;
    struct oracle_book_entry *entry;
    struct slice body = db_slice(s, 2);
    uint8_t *kept = NULL;
    struct error e = {0, ""};
    if (db_uint(s, 0) != office.count) {
        oracle_found("2: the office's log has a gap before position %llu", (unsigned long long)db_uint(s, 0));
        return;
    }
    if (body.p != NULL) {
        if ((kept = malloc(body.size + 1)) == NULL)
            abort();
        memcpy(kept, body.p, body.size);
        body.p = kept;
    }
    office.entries = grown(office.entries, office.count, &office.room, sizeof *office.entries);
    entry = &office.entries[office.count];
    memset(entry, 0, sizeof *entry);
    if (oracle_erased_read(db_slice(s, 1), body, &c, &e) != 0) {
        oracle_found("2: position %zu of the office's log cannot be read: %s", office.count, e.text);
        memset(&c, 0, sizeof c);
    }
    memcpy(entry->hash, c.hash, sizeof entry->hash);
    entry->device = c.device;
    entry->scope = c.scope;
    entry->record = c.record;
    entry->epoch = c.epoch;
    entry->seq = c.seq;
    entry->kind = c.kind;
    entry->body = body;
    entry->held = db_int(s, 3) != 0;
    entry->applied = db_int(s, 4) != 0;
    entry->lives = db_int(s, 5) != 0;
    add_ops(entry, &c);
    office.count++;
}

int oracle_book_read(int anew)
{
    static const char sql[] = "SELECT position, header, body, held, applied.entry IS NOT NULL, live IS NOT NULL FROM "
                              "entry LEFT JOIN applied ON applied.entry = entry.id WHERE position >= ? ORDER BY "
                              "position";
    struct central *c = machine_office();
    unsigned acting = process_machine();
    struct error e = {0, ""};
    sqlite3_stmt *s;
    int row = -1;
    assert(process_current() == NULL);
    if (c == NULL || disk_is_dark(MACHINE_OFFICE) || db_in_transaction(c->db))
        return 0;
    process_act_on(MACHINE_OFFICE);
    if (anew)
        oracle_book_forget();
    if (oracle_erased_learn(c->db) == 0 && db_query(c->db, &s, &e, sql, "u", (uint64_t)office.count) == 0)
        while ((row = db_next(c->db, s, &e)) == 1)
            add(s);
    process_act_on(acting);
    return row == 0;
}

size_t oracle_book_count(void)
{
    return office.count;
}

const struct oracle_book_entry *oracle_book_at(size_t position)
{
    return &office.entries[position];
}

const struct oracle_book_entry *oracle_book_find(const uint8_t hash[CHANGE_HASH_BYTES])
{
    for (size_t i = 0; i < office.count; i++)
        if (memcmp(office.entries[i].hash, hash, CHANGE_HASH_BYTES) == 0)
            return &office.entries[i];
    return NULL;
}

const struct oracle_book_op *oracle_book_ops(size_t *count)
{
    *count = office.op_count;
    return office.ops;
}

int oracle_book_names(const struct oracle_book_op *op, const struct dot *dot)
{
    struct unpack r;
    unpack_start(&r, op->supersedes);
    for (size_t left = unpack_array(&r); left > 0; left--) {
        struct dot named = dot_unpack(&r);
        if (r.failed)
            return 0;
        if (dot_equal(&named, dot))
            return 1;
    }
    return 0;
}

int oracle_book_is_named(const struct oracle_book_op *op)
{
    for (size_t i = 0; i < office.op_count; i++) {
        const struct oracle_book_op *other = &office.ops[i];
        if (other != op && other->field == op->field && id_equal(&other->record, &op->record) &&
            !office.entries[other->entry].held && oracle_book_names(other, &op->dot))
            return 1;
    }
    return 0;
}
