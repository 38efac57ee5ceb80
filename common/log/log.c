/* The log's tables: reading and writing of entries, signed heads and the nodes of the office's tree. */
#include "log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "skeleton.h"

int log_create(struct db *db, struct error *e)
{
    return db_exec(db,
                   "CREATE TABLE IF NOT EXISTS entry("
                   "  id INTEGER PRIMARY KEY, position INTEGER UNIQUE, received INTEGER NOT NULL,"
                   "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
                   "  scope BLOB NOT NULL, record BLOB NOT NULL, kind INTEGER NOT NULL,"
                   "  header BLOB NOT NULL, body BLOB, mask BLOB, held INTEGER NOT NULL DEFAULT 0,"
                   "  UNIQUE(device, epoch, seq));"
                   "CREATE INDEX IF NOT EXISTS entry_scope ON entry(scope, held, position);"
                   "CREATE INDEX IF NOT EXISTS entry_record ON entry(record);"
                   "CREATE INDEX IF NOT EXISTS entry_waiting ON entry(id) WHERE position IS NULL;"
                   "CREATE INDEX IF NOT EXISTS entry_hold ON entry(position) WHERE kind = 6;"
                   "CREATE TABLE IF NOT EXISTS erased("
                   "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, erasure BLOB NOT NULL,"
                   "  scope BLOB NOT NULL, skeleton BLOB, PRIMARY KEY(device, epoch, seq, erasure)) WITHOUT ROWID;"
                   "CREATE TABLE IF NOT EXISTS head("
                   "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, signed BLOB NOT NULL,"
                   "  PRIMARY KEY(device, epoch, seq)) WITHOUT ROWID;"
                   "CREATE TABLE IF NOT EXISTS node("
                   "  level INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL,"
                   "  PRIMARY KEY(level, number)) WITHOUT ROWID;",
                   e);
}

/* Computes the hash of an entry's header, which is not stored, from the header. */
static int header_hash(struct slice header, uint8_t hash[CHANGE_HASH_BYTES], struct error *e)
{
    struct change c;
    int code = change_read_header(header, &c, e);
    if (code == 0)
        memcpy(hash, c.hash, CHANGE_HASH_BYTES);
    return code == 0 ? 0 : error_set(e, E_VERIFY, "a header in the store cannot be read; run a check of the store");
}

int64_t log_find(struct db *db, const struct id *device, uint64_t epoch, uint64_t seq, uint8_t *hash, struct error *e)
{
    sqlite3_stmt *s;
    int64_t id = 0;
    int row;
    row = db_first(db, &s, e, "SELECT id, header FROM entry WHERE device = ? AND epoch = ? AND seq = ?", "duu", device,
                   epoch, seq);
    if (row < 0)
        return -1;
    if (row == 1) {
        id = db_int(s, 0);
        if (hash != NULL && header_hash(db_slice(s, 1), hash, e) != 0)
            id = -1;
        db_done(db, s);
    }
    return id;
}

int log_add(struct db *db, struct log_entry *entry, struct error *e)
{
    static const char with[] =
        "INSERT OR IGNORE INTO entry(position, received, device, epoch, seq, scope, record, kind, "
        "header, body, mask) VALUES(?,?,?,?,?,?,?,?,?,?,?)";
    static const char without[] =
        "INSERT OR IGNORE INTO entry(received, device, epoch, seq, scope, record, kind, header,"
        " body, mask) VALUES(?,?,?,?,?,?,?,?,?,?)";
    const struct change *c = &entry->change;
    uint8_t there[CHANGE_HASH_BYTES];
    int64_t old;
    int code;
    if (entry->position == LOG_NO_POSITION)
        code = db_run(db, e, without, "uduuddubbb", entry->received_ms, &c->device, c->epoch, c->seq, &c->scope,
                      &c->record, (uint64_t)c->kind, c->header, c->body, entry->mask);
    else
        code = db_run(db, e, with, "uuduuddubbb", entry->position, entry->received_ms, &c->device, c->epoch, c->seq,
                      &c->scope, &c->record, (uint64_t)c->kind, c->header, c->body, entry->mask);
    if (code != 0)
        return code;
    if (db_changes(db) == 1) {
        entry->id = db_last_rowid(db);
        return 0;
    }
    /* Nothing was inserted: the store has this change, another one with its name, or another one at its position. */
    old = log_find(db, &c->device, c->epoch, c->seq, there, e);
    if (old < 0)
        return error_code(e);
    if (old == 0)
        return error_set(e, E_VERIFY, "two entries claim position %llu of the log",
                         (unsigned long long)entry->position);
    entry->id = old;
    if (memcmp(there, c->hash, sizeof there) == 0)
        return error_set(e, E_EXISTS, "this change is in the log already");
    return error_set(e, E_VERIFY,
                     "this store has another change with the number (epoch %llu, seq %llu) of its device: the chain "
                     "has forked",
                     (unsigned long long)c->epoch, (unsigned long long)c->seq);
}

int log_accept(struct db *db, int64_t id, uint64_t position, uint64_t received_ms, struct error *e)
{
    return db_run(db, e, "UPDATE entry SET position = ?, received = ? WHERE id = ?", "uui", position, received_ms, id);
}

int log_clear(struct db *db, uint64_t position, int64_t id, struct error *e)
{
    return db_run(db, e,
                  "UPDATE entry SET position = (SELECT max(?3, max(position) + 1) FROM entry) "
                  "WHERE position = ?1 AND id <> ?2",
                  "uiu", position, id, (uint64_t)LOG_STRAY);
}

int log_set_held(struct db *db, int64_t id, int held, struct error *e)
{
    return db_run(db, e, "UPDATE entry SET held = ? WHERE id = ?", "ii", (int64_t)(held != 0), id);
}

/* No change has a negative epoch and no two entries have one id, so the new name is free. */
int log_set_apart(struct db *db, int64_t id, struct error *e)
{
    return db_run(db, e, "UPDATE entry SET epoch = -id WHERE id = ?", "i", id);
}

/* The columns of an entry, as every statement below selects them. */
#define ENTRY_COLUMNS "id, position, received, held, mask, header, body, " LOG_SKELETON

/* The slices of an entry, of a row or copied. */
struct entry_bytes {
    struct slice mask, header, body, skeleton;
};

static int read_row(sqlite3_stmt *s, const struct entry_bytes *bytes, struct log_entry *out, struct error *e)
{
    int code;
    out->id = db_int(s, 0);
    out->position = db_is_null(s, 1) ? LOG_NO_POSITION : db_uint(s, 1);
    out->received_ms = db_uint(s, 2);
    out->held = db_int(s, 3) != 0;
    out->mask = bytes->mask;
    code = skeleton_change(bytes->header, bytes->body, bytes->skeleton, &out->change, e);
    if (code != 0) {
        error_prefix(e, "entry %lld of the store", (long long)out->id);
        return error_set(e, E_VERIFY, "the store holds a change that cannot be read; its log is damaged");
    }
    return 0;
}

void log_memory_free(struct log_memory *memory)
{
    if (memory->bytes != NULL)
        sodium_memzero(memory->bytes, memory->room);
    free(memory->bytes);
    *memory = (struct log_memory){NULL, 0};
}

/* Makes room for `size` bytes; what was in the memory is lost. */
static int reserve_memory(struct log_memory *memory, size_t size, struct error *e)
{
    size_t room = 1024; /* most entries fit */
    if (memory->bytes != NULL && size <= memory->room)
        return 0;
    while (room < size)
        room *= 2;
    log_memory_free(memory);
    if ((memory->bytes = malloc(room)) == NULL)
        return error_memory(e);
    memory->room = room;
    return 0;
}

/* Copies a column's bytes to *to, and moves *to behind them. NULL stays NULL. */
static struct slice copy_column(sqlite3_stmt *s, int column, uint8_t **to)
{
    struct slice bytes = db_slice(s, column);
    if (bytes.p == NULL)
        return bytes;
    memcpy(*to, bytes.p, bytes.size);
    bytes.p = *to;
    *to += bytes.size;
    return bytes;
}

/* Makes the slices of out point into copies. A row that stayed current would keep its statement in use, and then the
 * store's write-ahead log could never begin anew. */
static int load_row(sqlite3_stmt *s, struct log_memory *memory, struct log_entry *out, struct error *e)
{
    struct entry_bytes bytes;
    uint8_t *to;
    int code = reserve_memory(memory,
                              db_slice(s, 4).size + db_slice(s, 5).size + db_slice(s, 6).size + db_slice(s, 7).size, e);
    if (code != 0)
        return code;
    to = memory->bytes;
    bytes.mask = copy_column(s, 4, &to);
    bytes.header = copy_column(s, 5, &to);
    bytes.body = copy_column(s, 6, &to);
    bytes.skeleton = copy_column(s, 7, &to);
    return read_row(s, &bytes, out, e);
}

int log_load(struct db *db, int64_t id, int want_body, struct log_memory *memory, struct log_entry *out,
             struct error *e)
{
    static const char whole[] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE id = ?";
    static const char bare[] = "SELECT id, position, received, held, mask, header, NULL, NULL FROM entry WHERE id = ?";
    sqlite3_stmt *s;
    int row, code;
    if ((row = db_first(db, &s, e, want_body ? whole : bare, "i", id)) < 0)
        return error_code(e);
    if (row == 0)
        return error_set(e, E_NOT_FOUND, "the log has no entry %lld", (long long)id);
    code = load_row(s, memory, out, e);
    db_done(db, s);
    return code;
}

int log_chain_end(struct db *db, const struct id *device, uint64_t epoch, struct chain *out, struct error *e)
{
    sqlite3_stmt *s;
    int row, code = 0;
    memset(out, 0, sizeof *out);
    out->device = *device;
    out->epoch = epoch;
    if ((row = db_first(db, &s, e,
                        "SELECT seq, header FROM entry WHERE device = ? AND epoch = ? ORDER BY seq DESC LIMIT 1", "du",
                        device, epoch)) < 0)
        return error_code(e);
    if (row == 1) {
        out->seq = db_uint(s, 0);
        code = header_hash(db_slice(s, 1), out->hash, e);
        db_done(db, s);
    }
    return code;
}

static int each_of(struct db *db, const char *sql, uint64_t from,
                   int (*each)(void *arg, struct log_entry *entry, struct error *e), void *arg, struct error *e)
{
    struct log_entry entry;
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, sql, "u", from)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        const struct entry_bytes bytes = {db_slice(s, 4), db_slice(s, 5), db_slice(s, 6), db_slice(s, 7)};
        if ((code = read_row(s, &bytes, &entry, e)) != 0 || (code = each(arg, &entry, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

int log_each(struct db *db, uint64_t from, int (*each)(void *arg, struct log_entry *entry, struct error *e), void *arg,
             struct error *e)
{
    int code =
        each_of(db, "SELECT " ENTRY_COLUMNS " FROM entry WHERE position >= ? ORDER BY position", from, each, arg, e);
    if (code != 0)
        return code;
    return each_of(db, "SELECT " ENTRY_COLUMNS " FROM entry WHERE position IS NULL AND id >= ? ORDER BY id", 0, each,
                   arg, e);
}

int log_head_add(struct db *db, const struct chain_head *head, struct slice signed_head, struct error *e)
{
    return db_run(db, e, "INSERT OR REPLACE INTO head(device, epoch, seq, signed) VALUES(?,?,?,?)", "duub",
                  &head->end.device, head->end.epoch, head->end.seq, signed_head);
}

int log_heads(struct db *db, int (*each)(void *arg, struct slice signed_head, struct error *e), void *arg,
              struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT signed FROM head ORDER BY device, epoch, seq", "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = each(arg, db_slice(s, 0), e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* --- the office's tree --- */

/* Writes into memory of a fixed size, so that there is never a leaf of half an entry: [received, header] has at most
 * 1 + 9 + 3 + CHANGE_HEADER_MAX bytes, and no longer header is ever read from a change. */
void log_leaf(uint64_t received_ms, struct slice header, struct merkle_hash *out)
{
    uint8_t bytes[16 + CHANGE_HEADER_MAX];
    struct pack_fixed leaf = {bytes, 0, sizeof bytes};
    msgpack_packer w;
    msgpack_packer_init(&w, &leaf, pack_fixed_write);
    msgpack_pack_array(&w, 2);
    msgpack_pack_uint64(&w, received_ms);
    msgpack_pack_bin_with_body(&w, header.p, header.size);
    merkle_leaf(leaf.p, leaf.size, out);
}

static int store_node(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash, struct error *e)
{
    struct db *db = arg;
    return db_run(db, e, "INSERT INTO node(level, number, hash) VALUES(?,?,?)", "uub", (uint64_t)level, index,
                  (struct slice){hash->b, sizeof hash->b});
}

static int load_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out, struct error *e)
{
    struct db *db = arg;
    sqlite3_stmt *s;
    struct slice hash;
    int row, code = 0;
    if ((row = db_first(db, &s, e, "SELECT hash FROM node WHERE level = ? AND number = ?", "uu", (uint64_t)level,
                        index)) < 0)
        return error_code(e);
    hash = row == 1 ? db_slice(s, 0) : (struct slice){NULL, 0};
    if (hash.size == sizeof out->b)
        memcpy(out->b, hash.p, sizeof out->b);
    else
        code = error_set(e, E_VERIFY, "the log's tree lacks node %u/%llu", level, (unsigned long long)index);
    if (row == 1)
        db_done(db, s);
    return code;
}

struct merkle_source log_tree(struct db *db)
{
    return (struct merkle_source){load_node, db};
}

int log_tree_append(struct db *db, struct merkle_frontier *frontier, const struct merkle_hash *leaf, uint64_t *position,
                    struct error *e)
{
    *position = frontier->size;
    return merkle_append(frontier, leaf, store_node, db, e);
}

/* Loads the frontier: one full subtree for each bit of the size, the largest first. */
static int load_frontier(struct db *db, uint64_t size, struct merkle_frontier *out, struct error *e)
{
    uint64_t start = 0;
    int code, n = 0;
    memset(out, 0, sizeof *out);
    for (int level = 62; level >= 0; level--) {
        if ((size >> level & 1) == 0)
            continue;
        if ((code = load_node(db, (unsigned)level, start >> level, &out->roots[n++], e)) != 0)
            return code;
        start += 1ull << level;
    }
    out->size = size;
    return 0;
}

int log_root(struct db *db, uint64_t size, struct merkle_hash *out, struct error *e)
{
    struct merkle_frontier f;
    int code = load_frontier(db, size, &f, e);
    if (code == 0)
        merkle_root(&f, out);
    return code;
}

int log_frontier(struct db *db, struct merkle_frontier *out, struct error *e)
{
    sqlite3_stmt *s;
    uint64_t size = 0;
    int row;
    if ((row = db_first(db, &s, e, "SELECT coalesce(max(number) + 1, 0) FROM node WHERE level = 0", "")) < 0)
        return error_code(e);
    if (row == 1) {
        size = db_uint(s, 0);
        db_done(db, s);
    }
    return load_frontier(db, size, out, e);
}
