/* The digest of a caseload, in the form that docs/MERGE.md gives ("The digest"): of each scope a digest over its live
 * ops, and over these the digest of the whole. It is made from the log's own bytes, with their receipt and position,
 * never from what a version of the schema shows, so that programs of different schemas agree on it.
 *
 *   A scope's digest is kept in the table scope_digest. Triggers (record_create.c) delete the row as soon as anything
 * changes that it was made of: an entry's ops come into the record together with its row in applied, they leave op one
 * by one, and everything else stands in entry, place and erased. */
#include "record_private.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536 /* bytes */
#define SCOPE_KEY "satchel scope 1"
#define RECORD_KEY "satchel record 1"

enum { DIGEST_BYTES = 32 };

static void hash_start(crypto_generichash_state *hash, const char *key)
{
    crypto_generichash_init(hash, (const uint8_t *)key, strlen(key), DIGEST_BYTES);
}

/* --- one scope --- */

/* Bytes are collected before they are hashed. */
struct digesting {
    crypto_generichash_state hash;
    struct pack piece;
    int any; /* not 0: the scope has a live op */
};

static int hash_piece(struct digesting *d, struct error *e)
{
    int code = pack_finish(&d->piece, e);
    if (code == 0)
        crypto_generichash_update(&d->hash, pack_bytes(&d->piece).p, pack_bytes(&d->piece).size);
    pack_free(&d->piece);
    pack_start(&d->piece);
    return code;
}

static int take_op(struct digesting *d, sqlite3_stmt *s, struct error *e)
{
    struct slice header = db_slice(s, 2), value = db_slice(s, 6);
    d->any = 1;
    pack_array(&d->piece, 7);
    if (db_is_null(s, 0))
        pack_nil(&d->piece); /* the office has not accepted it yet */
    else
        pack_uint(&d->piece, db_uint(s, 0));
    pack_uint(&d->piece, db_uint(s, 1));
    pack_bin(&d->piece, header.p, header.size);
    pack_uint(&d->piece, db_uint(s, 3));
    pack_uint(&d->piece, db_uint(s, 4));
    pack_uint(&d->piece, db_uint(s, 5));
    if (value.size == 0)
        pack_nil(&d->piece); /* it was erased */
    else
        pack_raw(&d->piece, value);
    return pack_bytes(&d->piece).size < PIECE ? 0 : hash_piece(d, e);
}

/* The rows come in the order of the keys, so that SQLite sorts only the ops of one field. Receipts and events, which no
 * laptop gets, are passed over without a look at their ops: there is one for each sync that ever was. */
static int select_rows(struct db *db, const struct id *scope, int all_kinds, sqlite3_stmt **s, struct error *e)
{
#define COLUMNS                                                                                                        \
    "SELECT entry.position, entry.received, entry.header, op.op, op.field, op.action,"                                 \
    " substr(" LOG_VALUES ", op.at + 1, op.size), place.kind FROM place INDEXED BY place_scope"                        \
    " CROSS JOIN op ON op.record = place.record CROSS JOIN entry ON entry.id = op.entry WHERE place.scope = ?"
#define ORDER " ORDER BY place.kind, place.record, op.field, entry.device, entry.epoch, entry.seq, op.op"
    if (all_kinds)
        return db_query(db, s, e, COLUMNS ORDER, "d", scope);
    return db_query(db, s, e, COLUMNS " AND place.kind NOT IN (?, ?)" ORDER, "duu", scope, (uint64_t)KIND_RECEIPT,
                    (uint64_t)KIND_EVENT);
#undef COLUMNS
#undef ORDER
}

/* Makes a scope's digest: out has DIGEST_BYTES, and *bytes is that, or 0 if nothing lives in the scope. */
static int digest_scope(struct db *db, const struct id *scope, int all_kinds, uint8_t *out, size_t *bytes,
                        struct error *e)
{
    struct digesting d = {.any = 0};
    sqlite3_stmt *s;
    int row = 0, code = select_rows(db, scope, all_kinds, &s, e);
    if (code != 0)
        return code;
    hash_start(&d.hash, SCOPE_KEY);
    pack_start(&d.piece);
    while (code == 0 && (row = db_next(db, s, e)) == 1)
        if (all_kinds || schema_is_dealt((unsigned)db_uint(s, 7)))
            code = take_op(&d, s, e);
    if (row == 1)
        db_done(db, s);
    if (row < 0)
        code = e->code;
    if (code == 0 && (code = hash_piece(&d, e)) == 0)
        crypto_generichash_final(&d.hash, out, DIGEST_BYTES);
    pack_free(&d.piece);
    *bytes = d.any ? DIGEST_BYTES : 0;
    return code;
}

/* --- what is kept --- */

/* 1: the scope's digest is kept, and out and *bytes are as digest_scope makes them; 0: it is not; -1: failed. */
static int find_kept(struct db *db, const struct id *scope, uint8_t *out, size_t *bytes, struct error *e)
{
    struct slice kept;
    sqlite3_stmt *s;
    int row = db_first(db, &s, e, "SELECT digest FROM scope_digest WHERE scope = ?", "d", scope);
    if (row != 1)
        return row;
    kept = db_slice(s, 0);
    if ((*bytes = kept.size) == DIGEST_BYTES)
        memcpy(out, kept.p, DIGEST_BYTES);
    db_done(db, s);
    return *bytes == DIGEST_BYTES || *bytes == 0;
}

/* Gives a scope's digest, from the table if it is kept there; keeps it if the caller's transaction writes. */
static int scope_digest(struct db *db, const struct id *scope, uint8_t *out, size_t *bytes, struct error *e)
{
    int code, kept = find_kept(db, scope, out, bytes, e);
    if (kept != 0)
        return kept < 0 ? e->code : 0;
    if ((code = digest_scope(db, scope, 0, out, bytes, e)) != 0 ||
        sqlite3_txn_state(db_handle(db), "main") != SQLITE_TXN_WRITE)
        return code;
    return db_run(db, e, "INSERT OR REPLACE INTO scope_digest(scope, digest) VALUES(?,?)", "db", scope,
                  (struct slice){out, *bytes});
}

/* --- several scopes --- */

static void add_scope(crypto_generichash_state *hash, const struct id *scope, const uint8_t *digest, size_t bytes)
{
    if (bytes == 0)
        return; /* a scope without a live op is as none */
    crypto_generichash_update(hash, scope->b, ID_BYTES);
    crypto_generichash_update(hash, digest, bytes);
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* How a scope's digest is come by: as scope_digest, or as find_kept. */
enum source { KEPT_OR_MADE, KEPT_ALONE, MADE };

/* 1: *out is the digest of these scopes; 0: one is not kept, and it was not to be made; -1: failed. */
static int digest_scopes(struct db *db, const struct id *scopes, size_t count, enum source source, uint8_t out[32],
                         struct error *e)
{
    struct id *sorted = malloc((count + 1) * sizeof *sorted);
    crypto_generichash_state hash;
    int found = 1;
    if (sorted == NULL)
        return error_memory(e), -1;
    if (count != 0)
        memcpy(sorted, scopes, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_ids);
    hash_start(&hash, RECORD_KEY);
    for (size_t i = 0; i < count && found == 1; i++) {
        uint8_t digest[DIGEST_BYTES];
        size_t bytes = 0;
        if (i != 0 && id_equal(&sorted[i], &sorted[i - 1]))
            continue;
        if (source == KEPT_ALONE)
            found = find_kept(db, &sorted[i], digest, &bytes, e);
        else if (source == MADE)
            found = digest_scope(db, &sorted[i], 0, digest, &bytes, e) == 0 ? 1 : -1;
        else
            found = scope_digest(db, &sorted[i], digest, &bytes, e) == 0 ? 1 : -1;
        add_scope(&hash, &sorted[i], digest, bytes);
    }
    free(sorted);
    if (found == 1)
        crypto_generichash_final(&hash, out, DIGEST_BYTES);
    return found;
}

int record_digest(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e)
{
    struct error own;
    if (e == NULL)
        e = &own;
    return digest_scopes(db, scopes, scope_count, KEPT_OR_MADE, out, e) < 0 ? e->code : 0;
}

int record_digest_kept(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e)
{
    struct error own;
    return digest_scopes(db, scopes, scope_count, KEPT_ALONE, out, e != NULL ? e : &own);
}

/* 1: *scope becomes the first scope behind it in which a record stands; 0: there is none; -1: failed. */
static int next_scope(struct db *db, struct id *scope, int first, struct error *e)
{
    sqlite3_stmt *s;
    int row = first ? db_first(db, &s, e, "SELECT scope FROM place ORDER BY scope LIMIT 1", "")
                    : db_first(db, &s, e, "SELECT scope FROM place WHERE scope > ? ORDER BY scope LIMIT 1", "d", scope);
    if (row != 1)
        return row;
    *scope = db_id(s, 0);
    db_done(db, s);
    return 1;
}

int record_digest_anew(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e)
{
    crypto_generichash_state hash;
    struct id scope = {{0}};
    struct error own;
    int row, first = 1;
    if (e == NULL)
        e = &own;
    if (scopes != NULL)
        return digest_scopes(db, scopes, scope_count, MADE, out, e) < 0 ? e->code : 0;
    hash_start(&hash, RECORD_KEY);
    while ((row = next_scope(db, &scope, first, e)) == 1) {
        uint8_t digest[DIGEST_BYTES];
        size_t bytes;
        int code = digest_scope(db, &scope, 1, digest, &bytes, e);
        if (code != 0)
            return code;
        add_scope(&hash, &scope, digest, bytes);
        first = 0;
    }
    crypto_generichash_final(&hash, out, DIGEST_BYTES);
    return row < 0 ? e->code : 0;
}

int record_digest_check(struct db *db, struct error *e)
{
    uint8_t kept[DIGEST_BYTES], made[DIGEST_BYTES];
    struct error own;
    sqlite3_stmt *s;
    int row, code;
    if (e == NULL)
        e = &own;
    if ((code = db_query(db, &s, e, "SELECT scope FROM scope_digest ORDER BY scope", "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct id scope = db_id(s, 0);
        size_t kept_bytes, made_bytes;
        char text[ID_TEXT];
        int found = find_kept(db, &scope, kept, &kept_bytes, e);
        if (found < 0)
            code = e->code;
        else if ((code = digest_scope(db, &scope, 0, made, &made_bytes, e)) == 0 &&
                 (found == 0 || kept_bytes != made_bytes || memcmp(kept, made, made_bytes) != 0)) {
            id_format(&scope, text);
            code = error_set(e, E_VERIFY, "the digest that is kept of %s is not that of its records", text);
        }
        if (code != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? e->code : 0;
}
