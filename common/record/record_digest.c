/* The digest of a caseload, in the form that docs/MERGE.md gives ("The digest"). It is made from the log's own bytes,
 * with their receipt and position, never from what a version of the schema shows, so that programs of different schemas
 * agree on it. */
#include "record_private.h"

#include <sodium.h>
#include <string.h>

#define PIECE 65536 /* bytes */

/* Lists the scopes in a table of the connection's own, which never gets into the store. It is read in the order of its
 * key. */
static int list_scopes(struct db *db, const struct id *scopes, size_t count, struct error *e)
{
    int code;
    if ((code = db_exec(db, "CREATE TEMP TABLE IF NOT EXISTS digest_scope(id BLOB PRIMARY KEY) WITHOUT ROWID", e)) !=
            0 ||
        (code = db_run(db, e, "DELETE FROM temp.digest_scope", "")) != 0)
        return code;
    for (size_t i = 0; i < count && code == 0; i++)
        code = db_run(db, e, "INSERT OR IGNORE INTO temp.digest_scope(id) VALUES(?)", "d", &scopes[i]);
    return code;
}

/* Bytes are collected before they are hashed. */
struct digesting {
    crypto_generichash_state hash;
    struct pack piece;
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
    if (value.p == NULL)
        pack_nil(&d->piece); /* the body was erased, as the law asked */
    else
        pack_raw(&d->piece, value);
    return pack_bytes(&d->piece).size < PIECE ? 0 : hash_piece(d, e);
}

/* Selects the rows in one pass, in the order of the keys, so that SQLite sorts only the ops of one field. (It sees that
 * if the ORDER BY names the outermost table's own column, s.id; if it names the equal place.scope, it sorts
 * everything.) Receipts and events, which no laptop gets, are passed over without a look at their ops: there is one for
 * each sync that ever was. */
static int select_rows(struct db *db, const struct id *scopes, size_t scope_count, sqlite3_stmt **s, struct error *e)
{
#define COLUMNS                                                                                                        \
    "SELECT entry.position, entry.received, entry.header, op.op, op.field, op.action,"                                 \
    " substr(entry.body, op.at + 1, op.size), place.kind FROM "
#define OPS " CROSS JOIN op ON op.record = place.record CROSS JOIN entry ON entry.id = op.entry "
#define ORDER(scope)                                                                                                   \
    " ORDER BY " scope ", place.kind, place.record, op.field, entry.device, entry.epoch, entry.seq, op.op"
    static const char everything[] = COLUMNS "place INDEXED BY place_scope" OPS ORDER("place.scope");
    static const char some[] =
        COLUMNS "temp.digest_scope s CROSS JOIN place INDEXED BY place_scope ON place.scope = s.id" OPS
                "WHERE place.kind NOT IN (?, ?)" ORDER("s.id");
#undef COLUMNS
#undef OPS
#undef ORDER
    int code;
    if (scopes == NULL)
        return db_query(db, s, e, everything, "");
    code = list_scopes(db, scopes, scope_count, e);
    return code != 0 ? code : db_query(db, s, e, some, "uu", (uint64_t)KIND_RECEIPT, (uint64_t)KIND_EVENT);
}

int record_digest(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e)
{
    struct digesting d;
    struct error own;
    sqlite3_stmt *s;
    int row = 0, code;
    if (e == NULL)
        e = &own;
    if ((code = select_rows(db, scopes, scope_count, &s, e)) != 0)
        return code;
    crypto_generichash_init(&d.hash, NULL, 0, 32);
    pack_start(&d.piece);
    while (code == 0 && (row = db_next(db, s, e)) == 1)
        if (scopes == NULL || schema_is_dealt((unsigned)db_uint(s, 7)))
            code = take_op(&d, s, e);
    if (row == 1)
        db_done(db, s);
    if (row < 0)
        code = e->code;
    if (code == 0 && (code = hash_piece(&d, e)) == 0)
        crypto_generichash_final(&d.hash, out, 32);
    pack_free(&d.piece);
    return code;
}
