/* Importing: rows of another system become records, written as changes of the office's own chain.
 *
 * Each file is read into a table of a staging database in memory, so that the mappings (import_hmis.c,
 * import_synthea.c) are queries. Record ids are derived from the source's own keys, and each record keeps a hash of
 * what it was made from: a second import of the same files writes nothing, and a later one writes only what the source
 * has changed. An import never supersedes what a person has written since: both values stand, as a conflict. What
 * became of each row is in the account (account.h). */
#ifndef SATCHEL_IMPORT_H
#define SATCHEL_IMPORT_H

#include <stdint.h>

#include "account.h"
#include "central.h"
#include "db.h"
#include "error.h"
#include "id.h"
#include "schema.h"

#define IMPORT_FIELDS_MAX 32
#define IMPORT_COUNTS_MAX 64

/* How many records of a kind were "new", "changed" or "unchanged". What was left: account.h. */
struct import_count {
    const char *kind, *what;
    uint64_t records;
};

struct import {
    struct central *central;
    struct db *staging;   /* with the tables of account.h */
    const char *system;   /* "", or a name for one of several source systems, whose keys may be the same */
    const char *encoding; /* as csv_open takes it */
    char source[128];     /* the format ("hmis", "synthea") and the system: part of every derived id */
    int dry_run;
    unsigned in_transaction; /* records since the last commit */
    size_t count_count;
    struct import_count counts[IMPORT_COUNTS_MAX];
};

/* Opens the staging database, with the account's tables, and with two functions for the mappings' queries: words(...)
 * joins what is not empty with spaces, words_by(BETWEEN, ...) with that. import_close frees it, also after an error.
 * E_MEMORY. */
int import_open(struct import *im, struct error *e);
void import_close(struct import *im);

/* 1: the folder has name.csv; 0: it has not. */
int import_has(const char *folder, const char *name);

/* Reads folder/name.csv into the staging table `name`: the column `line` first, then `columns`: names with a space
 * between them, the row's key first; behind a name "!": the mapping cannot do without it; "#": a day; "@": a time,
 * which are written as the schema has them. A column that the file lacks, and a day that cannot be read, is NULL:
 * nothing is known of it; a file that is not there becomes an empty table. *found 0: there is no such file. Every row
 * is in the account, open; those that cannot be read, and every column that is not named here, with what became of it.
 * E_INPUT: the file has no heading, lacks a column, or is of another encoding; E_IO, E_MEMORY. */
int import_stage(struct import *im, const char *folder, const char *name, const char *columns, int *found,
                 struct error *e);

/* Puts every file of the folder that was not staged into the account, with the number of its rows. */
int import_unread(struct import *im, const char *folder, struct error *e);

/* Calls take for each row of a query over the staging tables; stops at the first error and returns it. */
typedef int import_row(struct import *im, sqlite3_stmt *row, struct error *e);
int import_each(struct import *im, const char *sql, import_row *take, struct error *e);

/* Settles the staged rows of a table for which a condition in SQL holds, and removes them from the table. key: the
 * column that is the row's key. Errors: the store's. */
int import_sift(struct import *im, const char *table, const char *condition, enum account_outcome outcome,
                const char *why, struct error *e);

/* Of a row that a query stands at. import_row_at: where it stands in its file; the query's first column is the key, its
 * last the line. import_known: a column; NULL: nothing is known of it. Both point into the statement's row. */
struct account_row import_row_at(const char *file, sqlite3_stmt *s);
const char *import_known(sqlite3_stmt *s, int column);

/* A record as the source has it. Values are words, as schema_parse takes them. */
struct import_record {
    const struct schema_kind *kind;
    struct id scope, id;
    const char *source_id;
    struct account_row row; /* that it is made of; its file "": of none */
    size_t count;
    struct {
        const char *field, *value;
        int only_new; /* it is written into a new record, and left to people afterwards */
    } fields[IMPORT_FIELDS_MAX];
    size_t element_count; /* elements to add to sets, contributions to sums */
    struct {
        const char *field, *value;
    } * elements; /* the caller's */
};
/* Add a field. value NULL: nothing is known of it, and nothing changes; "": the source has none, which clears what it
 * had before. All are the caller's. import_field_new: what a person changed since stays, whatever the source says. */
void import_field(struct import_record *r, const char *field, const char *value);
void import_field_new(struct import_record *r, const char *field, const char *value);
/* Writes the record, if it is new or the source has changed it, and settles its row. A value that its field cannot hold
 * is left; a record whose case does not exist, or that is larger than a change may be, is left with its row. Errors:
 * the store's. */
int import_write(struct import *im, struct import_record *r, struct error *e);

/* Sets im->source; to be called before any id is derived. E_INPUT: the system's name is too long. */
int import_source(struct import *im, const char *format, struct error *e);

/* Commits what is not committed yet; a dry run rolls it back. Errors: central_commit's. */
int import_flush(struct import *im, struct error *e);

/* Assigns a case to a user, unless an import has done so before. Errors: import_write's. */
int import_assign(struct import *im, const struct id *scope, const struct id *user, struct error *e);

/* The mappings: import a whole folder. *found 0: it holds no such export. Errors: import_stage's, import_write's. */
int import_hmis(struct import *im, const char *folder, int *found, struct error *e);
int import_synthea(struct import *im, const char *folder, int *found, struct error *e);

#endif
