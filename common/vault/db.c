/* SQLite with our errors. Statements are prepared once and kept in a small set-associative cache: a text always goes to
 * the same set, and the statement that was asked for longest ago makes room. A statement that is in use is never handed
 * out twice: a second caller gets a statement of its own, which is finalized when that caller is done with it. */
#include "db.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "vault.h"

enum { SETS = 64, WAYS = 4, NEAR = 256 };

struct cached {
    sqlite3_stmt *statement; /* NULL: free */
    int in_use;
    uint64_t asked; /* the greater, the later */
};

struct db {
    sqlite3 *handle;
    sqlite3_stmt *rollback; /* prepared before a transaction begins, since it is needed when memory fails */
    uint64_t asked;
    struct cached cache[SETS][WAYS];
    struct cached *near[NEAR]; /* a short cut: where the text at an address was found last */
};

/* --- opening and closing --- */

static int make_meta(struct db *db, struct error *e)
{
    return db_exec(db, "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID", e);
}

static int allocate_db(struct db **out, struct error *e)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? error_memory(e) : 0;
}

/* id_text(BLOB): an id as people read it; NULL if it is not 16 bytes. */
static void id_text(sqlite3_context *context, int count, sqlite3_value **values)
{
    char text[ID_TEXT];
    struct id id;
    (void)count;
    if (sqlite3_value_type(values[0]) != SQLITE_BLOB || sqlite3_value_bytes(values[0]) != ID_BYTES)
        return;
    memcpy(id.b, sqlite3_value_blob(values[0]), ID_BYTES);
    id_format(&id, text);
    sqlite3_result_text(context, text, ID_TEXT - 1, SQLITE_TRANSIENT);
}

/* id_blob(TEXT): the 16 bytes of an id, which is 32 hexadecimal digits; hyphens are passed over. NULL if it is none. */
static void id_blob(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    size_t bytes;
    struct id id;
    (void)count;
    if (text != NULL && sodium_hex2bin(id.b, ID_BYTES, text, strlen(text), "-", &bytes, NULL) == 0 && bytes == ID_BYTES)
        sqlite3_result_blob(context, id.b, ID_BYTES, SQLITE_TRANSIENT);
}

/* fold(TEXT): as fold_text (fold.h); NULL for NULL. */
static void fold(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    char *folded;
    (void)count;
    if (text == NULL)
        return;
    if ((folded = fold_text(text)) == NULL)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text(context, folded, -1, free);
}

/* digits(TEXT): its ASCII digits alone; NULL for NULL. */
static void digits(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    char *out;
    size_t size;
    (void)count;
    if (text == NULL)
        return;
    size = strlen(text) + 1;
    if ((out = malloc(size)) == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    (void)fold_digits(text, out, size);
    sqlite3_result_text(context, out, -1, free);
}

static int make_functions(struct db *db, struct error *e)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int rc = sqlite3_create_function(db->handle, "id_text", 1, flags, NULL, id_text, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db->handle, "id_blob", 1, flags, NULL, id_blob, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db->handle, "fold", 1, flags, NULL, fold, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db->handle, "digits", 1, flags, NULL, digits, NULL, NULL);
    return rc == SQLITE_OK ? 0 : error_memory(e);
}

/* Ends an opening that has come so far with this code: hands the database out, or closes it. */
static int end_opening(struct db *db, int code, int has_meta, struct db **out, struct error *e)
{
    if (code == 0)
        code = make_functions(db, e);
    if (code == 0 && has_meta)
        code = make_meta(db, e);
    if (code == 0)
        *out = db;
    else
        db_close(db);
    return code;
}

int db_open(struct db **out, const char *path, const uint8_t key[32], int flags, int wait_ms, struct error *e)
{
    struct db *db;
    int code = allocate_db(&db, e);
    *out = NULL;
    if (code == 0)
        code = vault_open(&db->handle, path, key, flags, wait_ms, e);
    return end_opening(db, code, (flags & VAULT_READ) == 0, out, e);
}

int db_open_memory(struct db **out, struct error *e)
{
    int reserve = VAULT_RESERVE_BYTES; /* so that its pages can be copied into an encrypted store */
    struct db *db;
    int code = allocate_db(&db, e);
    *out = NULL;
    if (code == 0 &&
        sqlite3_open_v2(":memory:", &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                        NULL) != SQLITE_OK)
        code = error_set(e, E_MEMORY, "there is no memory for a store in memory; close other programs and try again");
    if (code == 0)
        (void)sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    if (code == 0)
        code = db_exec(db, "PRAGMA foreign_keys=ON", e);
    return end_opening(db, code, 1, out, e);
}

int db_open_scratch(struct db **out, const char *folder, struct error *e)
{
    struct db *db;
    int code = allocate_db(&db, e);
    *out = NULL;
    if (code == 0)
        code = vault_open_scratch(&db->handle, folder, e);
    return end_opening(db, code, 1, out, e);
}

void db_close(struct db *db)
{
    sqlite3_stmt *s;
    if (db == NULL)
        return;
    /* All statements, also those that a caller forgot: a handle with a statement would stay open, and keep its key. */
    while (db->handle != NULL && (s = sqlite3_next_stmt(db->handle, NULL)) != NULL)
        (void)sqlite3_finalize(s);
    vault_close(db->handle);
    free(db);
}

sqlite3 *db_handle(struct db *db)
{
    return db->handle;
}

/* --- errors --- */

/* Turns SQLite's last error into ours. A statement that does not fit the tables is our own mistake, and its text holds
 * no values. */
static int failed(struct db *db, const char *what, struct error *e)
{
    if ((sqlite3_errcode(db->handle) & 0xff) == SQLITE_ERROR)
        return error_set(e, E_INTERNAL, "%s: the store does not know the statement (%s); update Satchel", what,
                         sqlite3_errmsg(db->handle));
    return vault_error(db->handle, what, e);
}

static const char *what_of(sqlite3_stmt *s)
{
    return sqlite3_stmt_readonly(s) ? "reading the store" : "writing the store";
}

int db_exec(struct db *db, const char *sql, struct error *e)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(db, "changing the store", e);
}

/* --- statements --- */

/* The set of a text. Texts are long and asked for often, so they are hashed eight bytes at a time. */
static struct cached *set_of(struct db *db, const char *sql)
{
    size_t left = strlen(sql);
    uint64_t hash = left, word;
    for (; left >= sizeof word; left -= sizeof word, sql += sizeof word) {
        memcpy(&word, sql, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u; /* odd, and without a pattern */
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, sql, left);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return db->cache[(hash >> 32) % SETS];
}

/* The short cut for an address. Most texts are constants, and are asked for at the same address each time. The text
 * there may have changed since, so the caller compares it. */
static struct cached **near(struct db *db, const void *address)
{
    return &db->near[((uintptr_t)address * 0x9e3779b97f4a7c15u >> 32) % NEAR];
}

static int prepare(struct db *db, sqlite3_stmt **out, const char *sql, struct error *e)
{
    const char *tail = NULL;
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, &tail) != SQLITE_OK)
        return failed(db, "preparing a statement", e);
    /* One statement and nothing behind it, since the cache finds it again by its whole text. */
    assert(*out != NULL && *tail == '\0');
    return 0;
}

/* Finds or prepares the statement for a text. It is marked as in use, if it is the cache's. */
static int take_statement(struct db *db, sqlite3_stmt **out, const char *sql, struct error *e)
{
    struct cached *set, *way = *near(db, sql);
    int code;
    *out = NULL;
    if (way != NULL && !way->in_use && strcmp(sqlite3_sql(way->statement), sql) == 0) {
        way->in_use = 1;
        way->asked = ++db->asked;
        *out = way->statement;
        return 0;
    }
    set = set_of(db, sql);
    way = NULL;
    /* 1. It is in the cache. If another caller is reading from it, this one gets its own, and the cache stays as it is.
     */
    for (int i = 0; i < WAYS; i++) {
        if (set[i].statement == NULL || strcmp(sqlite3_sql(set[i].statement), sql) != 0)
            continue;
        if (set[i].in_use)
            return prepare(db, out, sql, e);
        set[i].in_use = 1;
        set[i].asked = ++db->asked;
        *near(db, sql) = &set[i];
        *out = set[i].statement;
        return 0;
    }
    /* 2. It takes the way that was asked for longest ago (a free one has asked 0); if all are in use, it is not cached.
     */
    if ((code = prepare(db, out, sql, e)) != 0)
        return code;
    for (int i = 0; i < WAYS; i++)
        if (!set[i].in_use && (way == NULL || set[i].asked < way->asked))
            way = &set[i];
    if (way != NULL) {
        (void)sqlite3_finalize(way->statement);
        *way = (struct cached){*out, 1, ++db->asked};
        *near(db, sql) = *near(db, *out) = way;
    }
    return 0;
}

/* Finds a statement in the cache; NULL: it is not the cache's. */
static struct cached *cached_of(struct db *db, sqlite3_stmt *statement)
{
    struct cached *set = set_of(db, sqlite3_sql(statement));
    for (int i = 0; i < WAYS; i++)
        if (set[i].statement == statement)
            return &set[i];
    return NULL;
}

void db_done(struct db *db, sqlite3_stmt *statement)
{
    struct cached *way;
    if (statement == NULL)
        return;
    way = *near(db, statement);
    if (way == NULL || way->statement != statement)
        way = cached_of(db, statement);
    if (way == NULL) {
        (void)sqlite3_finalize(statement);
        return;
    }
    /* The bound values may be freed now: the next caller binds all parameters anew. */
    (void)sqlite3_reset(statement);
    way->in_use = 0;
}

static int bind_slice(sqlite3_stmt *s, int number, struct slice bytes)
{
    return bytes.p == NULL ? sqlite3_bind_null(s, number)
                           : sqlite3_bind_blob64(s, number, bytes.p, bytes.size, SQLITE_STATIC);
}

/* Binds one parameter; SQLITE_MISMATCH for a number that SQLite cannot hold. */
static int bind_one(sqlite3_stmt *s, int number, char type, va_list *args)
{
    switch (type) {
    case 'i':
        return sqlite3_bind_int64(s, number, va_arg(*args, int64_t));
    case 'u': {
        uint64_t value = va_arg(*args, uint64_t);
        return value > INT64_MAX ? SQLITE_MISMATCH : sqlite3_bind_int64(s, number, (int64_t)value);
    }
    case 'b':
        return bind_slice(s, number, va_arg(*args, struct slice));
    case 'd':
        return sqlite3_bind_blob64(s, number, va_arg(*args, const struct id *)->b, ID_BYTES, SQLITE_STATIC);
    case 't': {
        const char *text = va_arg(*args, const char *);
        return text == NULL ? sqlite3_bind_null(s, number) : sqlite3_bind_text(s, number, text, -1, SQLITE_STATIC);
    }
    default:
        assert(type == 'n');
        return sqlite3_bind_null(s, number);
    }
}

static int bind_all(struct db *db, sqlite3_stmt *s, const char *format, va_list *args, struct error *e)
{
    assert((size_t)sqlite3_bind_parameter_count(s) == strlen(format));
    for (int i = 0; format[i] != '\0'; i++) {
        int rc = bind_one(s, i + 1, format[i], args);
        if (rc == SQLITE_MISMATCH)
            return error_set(e, E_LIMIT, "a number is larger than the store can hold (9223372036854775807)");
        if (rc != SQLITE_OK)
            return vault_error(db->handle, what_of(s), e);
    }
    return 0;
}

static int query(struct db *db, sqlite3_stmt **out, struct error *e, const char *sql, const char *format, va_list *args)
{
    int code = take_statement(db, out, sql, e);
    if (code != 0)
        return code;
    if ((code = bind_all(db, *out, format, args, e)) != 0) {
        db_done(db, *out);
        *out = NULL;
    }
    return code;
}

int db_query(struct db *db, sqlite3_stmt **out, struct error *e, const char *sql, const char *format, ...)
{
    va_list args;
    int code;
    va_start(args, format);
    code = query(db, out, e, sql, format, &args);
    va_end(args);
    return code;
}

int db_next(struct db *db, sqlite3_stmt *statement, struct error *e)
{
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE)
        (void)failed(db, what_of(statement), e);
    db_done(db, statement);
    return rc == SQLITE_DONE ? 0 : -1;
}

int db_run(struct db *db, struct error *e, const char *sql, const char *format, ...)
{
    struct error own = {E_OK, ""}; /* so that the code is known if the caller passed no error */
    sqlite3_stmt *s;
    va_list args;
    int code, row;
    va_start(args, format);
    code = query(db, &s, &own, sql, format, &args);
    va_end(args);
    if (code == 0) {
        while ((row = db_next(db, s, &own)) == 1)
            continue;
        code = row < 0 ? own.code : 0;
    }
    if (code != 0 && e != NULL)
        *e = own;
    return code;
}

/* --- one row or none --- */

static int first(struct db *db, sqlite3_stmt **out, struct error *e, const char *sql, const char *format, va_list *args)
{
    return query(db, out, e, sql, format, args) != 0 ? -1 : db_next(db, *out, e);
}

int db_first(struct db *db, sqlite3_stmt **out, struct error *e, const char *sql, const char *format, ...)
{
    va_list args;
    int row;
    va_start(args, format);
    row = first(db, out, e, sql, format, &args);
    va_end(args);
    return row;
}

int db_exists(struct db *db, struct error *e, const char *sql, const char *format, ...)
{
    sqlite3_stmt *s;
    va_list args;
    int row;
    va_start(args, format);
    row = first(db, &s, e, sql, format, &args);
    va_end(args);
    if (row == 1)
        db_done(db, s);
    return row;
}

int db_number_of(struct db *db, uint64_t *out, struct error *e, const char *sql, const char *format, ...)
{
    struct error own = {E_OK, ""}; /* so that the code is known if the caller wants no words */
    sqlite3_stmt *s;
    va_list args;
    int row;
    *out = 0;
    va_start(args, format);
    row = first(db, &s, &own, sql, format, &args);
    va_end(args);
    if (row == 1) {
        *out = db_uint(s, 0);
        db_done(db, s);
    }
    if (row < 0 && e != NULL)
        *e = own;
    return row < 0 ? error_code(&own) : 0;
}

/* --- columns --- */

int64_t db_int(sqlite3_stmt *s, int column)
{
    return sqlite3_column_int64(s, column);
}

uint64_t db_uint(sqlite3_stmt *s, int column)
{
    int64_t value = sqlite3_column_int64(s, column);
    return value < 0 ? 0 : (uint64_t)value;
}

struct slice db_slice(sqlite3_stmt *s, int column)
{
    static const uint8_t nothing; /* SQLite gives NULL for bytes of size 0 too */
    struct slice bytes = {NULL, 0};
    if (sqlite3_column_type(s, column) == SQLITE_NULL)
        return bytes;
    bytes.p = sqlite3_column_blob(s, column);
    bytes.size = (size_t)sqlite3_column_bytes(s, column);
    if (bytes.p == NULL)
        bytes = (struct slice){&nothing, 0};
    return bytes;
}

const char *db_text(sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);
    return text == NULL ? "" : (const char *)text;
}

struct id db_id(sqlite3_stmt *s, int column)
{
    struct slice bytes = db_slice(s, column);
    struct id id = {{0}};
    if (bytes.size == sizeof id.b)
        memcpy(id.b, bytes.p, sizeof id.b);
    return id;
}

int db_is_null(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL;
}

int64_t db_last_rowid(struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int db_changes(struct db *db)
{
    return sqlite3_changes(db->handle);
}

/* --- transactions --- */

int db_begin(struct db *db, struct error *e)
{
    int code = db->rollback != NULL ? 0 : prepare(db, &db->rollback, "ROLLBACK", e);
    return code != 0 ? code : db_run(db, e, "BEGIN IMMEDIATE", "");
}

int db_commit(struct db *db, struct error *e)
{
    return db_run(db, e, "COMMIT", "");
}

/* If the disk is full or fails, SQLite has rolled back by itself, and there is nothing to do. */
void db_rollback(struct db *db)
{
    if (db_in_transaction(db) && db->rollback != NULL) {
        (void)sqlite3_step(db->rollback);
        (void)sqlite3_reset(db->rollback);
    }
    if (db_in_transaction(db))
        (void)db_run(db, NULL, "ROLLBACK", "");
}

int db_back_to(struct db *db, const char *sql, struct error *e)
{
    int code = db_exec(db, sql, e);
    if (code != 0)
        db_rollback(db);
    return code;
}

int db_in_transaction(struct db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

/* --- meta --- */

#define META_SET "INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2"
#define META_GET "SELECT value FROM meta WHERE name = ?"

int db_meta_set(struct db *db, const char *name, const void *bytes, size_t size, struct error *e)
{
    static const uint8_t nothing;
    return db_run(db, e, META_SET, "tb", name, (struct slice){size == 0 ? &nothing : bytes, size});
}

int db_meta_set_uint(struct db *db, const char *name, uint64_t value, struct error *e)
{
    return db_run(db, e, META_SET, "tu", name, value);
}

int db_meta_set_text(struct db *db, const char *name, const char *text, struct error *e)
{
    return db_run(db, e, META_SET, "tt", name, text);
}

int db_meta_get(struct db *db, const char *name, void *out, size_t size, struct error *e)
{
    struct error own = {E_OK, ""};
    struct slice value;
    sqlite3_stmt *s;
    int row = db_first(db, &s, &own, META_GET, "t", name), code = row < 0 ? own.code : 0;
    if (code == 0) {
        value = row == 1 ? db_slice(s, 0) : (struct slice){NULL, 0};
        if (value.p != NULL && value.size == size)
            memcpy(out, value.p, size);
        else
            code = error_set(&own, E_NOT_FOUND, "the store does not hold \"%s\" as it should", name);
    }
    if (row == 1)
        db_done(db, s);
    if (code != 0 && e != NULL)
        *e = own;
    return code;
}

int db_meta_get_uint(struct db *db, const char *name, uint64_t *out, struct error *e)
{
    return db_number_of(db, out, e, META_GET, "t", name);
}

void db_meta_text(struct db *db, const char *name, char *out, size_t out_max)
{
    sqlite3_stmt *s;
    out[0] = '\0';
    if (db_first(db, &s, NULL, META_GET, "t", name) == 1) {
        const char *text = db_text(s, 0);
        size_t size = strlen(text);
        if (size > out_max - 1)
            size = out_max - 1;
        /* A cut goes before a whole character. */
        while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80)
            size--;
        memcpy(out, text, size);
        out[size] = '\0';
        db_done(db, s);
    }
}
