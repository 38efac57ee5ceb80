/* The tables of a store, row by row and column by column, against what the naive merge says (oracle_log.h). */
#ifndef SATCHEL_SIM_ORACLE_ROWS_H
#define SATCHEL_SIM_ORACLE_ROWS_H

#include "db.h"
#include "oracle_log.h"

/* who: for findings. scopes: those that the store holds whole; NULL: it is the office's, which has all. By the schema
 * of the machine that the simulator acts on. 0; -1: the tables cannot be read, and nothing is said of them. */
int oracle_rows_check(const struct oracle_log *log, struct db *db, const char *who, const struct id *scopes,
                      size_t scope_count);

#endif
