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

/* Opens an encrypted store (path to wait_ms and errors as vault_open's), one in memory (E_MEMORY), or a scratch one
 * (folder and errors as vault_open_scratch's). *out is closed with db_close (NULL is allowed), and is NULL on an error.
 * The table meta is made, unless VAULT_READ is given.
 *
 * All know four functions in SQL: id_text(BLOB), an id of 16 bytes as id_format writes it, and id_blob(TEXT), the 16
 * bytes of an id in 32 hexadecimal digits, with or without hyphens; NULL for all that is no id. fold(TEXT), what two
 * texts are compared by, and digits(TEXT), the digits of a telephone number (fold.h). Views and triggers may not name
 * them: the stores are read by programs that lack them too. */
int db_open(struct db **out, const char *path, const uint8_t key[32], int flags, int wait_ms, struct error *e);
int db_open_memory(struct db **out, struct error *e);
int db_open_scratch(struct db **out, const char *folder, struct error *e);
void db_close(struct db *db);
/* SQLite's handle, which stays db's. */
sqlite3 *db_handle(struct db *db);

/* Runs statements without parameters or rows. Errors of this and of all functions below that have an e: those of
 * vault_error, and E_INTERNAL (the statement does not fit the tables). */
int db_exec(struct db *db, const char *sql, struct error *e);

/* Prepares one statement, or takes it from the cache by its text, and binds its parameters. format has one character
 * for each parameter: i int64_t; u uint64_t (refused over INT64_MAX); b slice (struct slice by value; p NULL binds
 * NULL); d const struct id * (16 bytes); t const char * (NULL binds NULL); n NULL (no argument). The caller keeps
 * what is bound until the statement is done. *out is never finalized by the caller: it is done when db_next returns 0
 * or -1, or with db_done. If the statement is in use already, *out is a copy. Errors: also E_LIMIT (u over INT64_MAX).
 */
int db_query(struct db *db, sqlite3_stmt **out, struct error *e, const char *sql, const char *format, ...);
/* 1: there is a row; 0: there is no further row, and the statement is done; -1: failed, e says why, and the statement
 * is done. */
int db_next(struct db *db, sqlite3_stmt *statement, struct error *e);
void db_done(struct db *db, sqlite3_stmt *statement);
/* Runs a statement to its end, for statements that give no rows. */
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
struct id db_id(sqlite3_stmt *s, int column);       /* zeros if it is not 16 bytes */
int db_is_null(sqlite3_stmt *s, int column);
int64_t db_last_rowid(struct db *db);
int db_changes(struct db *db);

/* Transactions. db_begin takes the write lock at once (E_BUSY). db_rollback never fails, and does nothing outside of a
 * transaction. db_in_transaction: not 0 inside of one. */
int db_begin(struct db *db, struct error *e);
int db_commit(struct db *db, struct error *e);
void db_rollback(struct db *db);
/* Goes back to a savepoint, by its statement ("ROLLBACK TO name"). If that fails (E_MEMORY, E_IO), the whole
 * transaction is rolled back, so that nothing of it can be committed, and the caller must write nothing more. */
int db_back_to(struct db *db, const char *sql, struct error *e);
int db_in_transaction(struct db *db);

/* The table meta(name, value): a program's own small state, not part of the record. Made by db_open. */
int db_meta_set(struct db *db, const char *name, const void *bytes, size_t size, struct error *e);
/* Copies the value into out (size bytes). E_NOT_FOUND: absent or of another size. */
int db_meta_get(struct db *db, const char *name, void *out, size_t size, struct error *e);
int db_meta_set_uint(struct db *db, const char *name, uint64_t value, struct error *e);
int db_meta_get_uint(struct db *db, const char *name, uint64_t *out, struct error *e); /* 0: absent */
int db_meta_set_text(struct db *db, const char *name, const char *text, struct error *e);
/* "" if absent; out_max: bytes of out, with the final NUL; a longer text is cut before a whole character. */
void db_meta_text(struct db *db, const char *name, char *out, size_t out_max);

#endif
