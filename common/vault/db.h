/* SQLite with our errors: cached statements, typed binding, transactions, and the small table `meta`. */
#ifndef SATCHEL_DB_H
#define SATCHEL_DB_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "id.h"
#include "pack.h"

struct db;

/* An encrypted store (vault_open), or one in memory. Closed with db_close (NULL allowed).
 *
 * Both know two functions in SQL: id_text(BLOB), an id of 16 bytes as id_format writes it, and id_blob(TEXT), the 16
 * bytes of an id in 32 hexadecimal digits, with or without hyphens; NULL for all that is no id. Views and triggers may
 * not name them: the stores are read by programs that lack them too. */
int db_open(struct db **out, const char *path, const uint8_t key[32], int flags, int wait_ms, struct error *e);
int db_open_memory(struct db **out, struct error *e);
void db_close(struct db *db);
sqlite3 *db_handle(struct db *db);

/* Runs statements without parameters or rows. */
int db_exec(struct db *db, const char *sql, struct error *e);

/* Prepares (or takes from the cache: sql must be the same pointer or the same text) and binds. Formats, one character
 * for each parameter: i int64_t; u uint64_t (refused over INT64_MAX); b slice (struct slice by value; p NULL binds
 * NULL); d const struct id * (16 bytes); t const char * (NULL binds NULL); n NULL (no argument). What is bound must
 * stay until the statement is done. The statement stays the cache's: do not finalize it, and reset it with db_done when
 * the rows are not read to their end. A statement that is in use already gets a copy of its own. */
int db_query(struct db *db, sqlite3_stmt **out, struct error *e, const char *sql, const char *format, ...);
/* 1: a row; 0: done (the statement has been reset); -1: failed, e says why, the statement has been reset. */
int db_next(struct db *db, sqlite3_stmt *statement, struct error *e);
void db_done(struct db *db, sqlite3_stmt *statement);
/* db_query and db_next to the end, for what gives no rows. */
int db_run(struct db *db, struct error *e, const char *sql, const char *format, ...);

/* One row or none; sql, format and what follows are as for db_query.
 * db_first: 1: *out stands at the first row, and the caller ends it with db_done; 0: there is no row; -1: failed, e
 * says why. db_exists: 1: there is a row; 0: there is none; -1: failed. db_number_of: the first column of the first
 * row; 0 if there is no row, or if it is NULL or negative. It returns 0, or an error of the store. */
int db_first(struct db *db, sqlite3_stmt **out, struct error *e, const char *sql, const char *format, ...);
int db_exists(struct db *db, struct error *e, const char *sql, const char *format, ...);
int db_number_of(struct db *db, uint64_t *out, struct error *e, const char *sql, const char *format, ...);

/* Columns of the current row. A slice or text is valid until the next db_next or db_done. */
int64_t db_int(sqlite3_stmt *s, int column);
uint64_t db_uint(sqlite3_stmt *s, int column);
struct slice db_slice(sqlite3_stmt *s, int column); /* p NULL for a NULL column */
const char *db_text(sqlite3_stmt *s, int column);   /* "" for a NULL column */
struct id db_id(sqlite3_stmt *s, int column);       /* zero where it is not 16 bytes */
int db_is_null(sqlite3_stmt *s, int column);
int64_t db_last_rowid(struct db *db);
int db_changes(struct db *db);

/* Transactions. db_begin takes the write lock at once. db_rollback never fails. db_in_transaction: not 0 inside. */
int db_begin(struct db *db, struct error *e);
int db_commit(struct db *db, struct error *e);
void db_rollback(struct db *db);
/* Back to a savepoint, by its statement ("ROLLBACK TO name"). Where that fails the whole transaction is rolled back, so
 * that nothing of it can be committed, and the caller must write nothing more: E_MEMORY, E_IO. */
int db_back_to(struct db *db, const char *sql, struct error *e);
int db_in_transaction(struct db *db);

/* The table meta(name, value): a program's own small state, not part of the record. Made by db_open. */
int db_meta_set(struct db *db, const char *name, const void *bytes, size_t size, struct error *e);
/* Copies into out (size bytes); E_NOT_FOUND where absent or of another size. */
int db_meta_get(struct db *db, const char *name, void *out, size_t size, struct error *e);
int db_meta_set_uint(struct db *db, const char *name, uint64_t value, struct error *e);
int db_meta_get_uint(struct db *db, const char *name, uint64_t *out, struct error *e); /* 0 where absent */
int db_meta_set_text(struct db *db, const char *name, const char *text, struct error *e);
/* "" where absent; out_max bytes with the final NUL. */
void db_meta_text(struct db *db, const char *name, char *out, size_t out_max);

#endif
