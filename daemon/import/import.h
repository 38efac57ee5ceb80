/* Importing: rows of another system become records, written as changes of the office's own chain.
 *
 * Each file is read into a table of a staging database in memory, so that the mappings (import_hmis.c,
 * import_synthea.c) are queries. Record ids are derived from the source's own keys, and each record keeps a hash of
 * what it was made from: a second import of the same files writes nothing, and a later one writes only what the source
 * has changed. An import never supersedes what a person has written since: both values stand, as a conflict. */
#ifndef SATCHEL_IMPORT_H
#define SATCHEL_IMPORT_H

#include <stdint.h>

#include "central.h"
#include "db.h"
#include "error.h"
#include "id.h"
#include "schema.h"

#define IMPORT_FIELDS_MAX 32
#define IMPORT_REASON_MAX 96
#define IMPORT_ELEMENTS_MAX 4096

enum import_outcome {
    IMPORT_TAKEN,
    IMPORT_LEFT_ROW,  /* the row was not imported */
    IMPORT_LEFT_VALUE /* the row was imported without this value */
};

/* How many rows of a kind or file were taken or left, by reason. */
struct import_count {
    const char *what;               /* a kind's or a file's name */
    char reason[IMPORT_REASON_MAX]; /* "new", "changed", "unchanged", or why it was left */
    enum import_outcome outcome;
    uint64_t rows; /* or values, for IMPORT_LEFT_VALUE */
};

struct import {
    struct central *central;
    struct db *staging;
    const char *system;   /* "", or a name for one of several source systems, whose keys may be the same */
    const char *encoding; /* as csv_open takes it */
    char source[128];     /* the format ("hmis", "synthea") and the system: part of every derived id */
    int dry_run;
    unsigned in_transaction; /* records since the last commit */
    size_t count_count;
    struct import_count counts[128];
};

/* Reads folder/name.csv into the staging table `name`: the column `line` first, then the file's, all text. Rows that
 * cannot be read are counted as left. columns: the names that the mapping needs, ended by NULL. *found 0: there is no
 * such file. E_INPUT: the file has no heading, or lacks one of columns; E_IO, E_MEMORY. */
int import_stage(struct import *im, const char *folder, const char *name, const char *const *columns, int *found,
                 struct error *e);

/* Calls take for each row of a query over the staging tables; stops at the first error and returns it. */
typedef int import_row(struct import *im, sqlite3_stmt *row, struct error *e);
int import_each(struct import *im, const char *sql, import_row *take, struct error *e);

/* Counts a row of the file `what` that is not imported, by reason. */
void import_left(struct import *im, const char *what, const char *reason);

/* A record as the source has it. Values are words, as schema_parse takes them. */
struct import_record {
    const struct schema_kind *kind;
    struct id scope, id;
    const char *source_id;
    const char *file; /* the file it comes from, for the counts */
    size_t count;
    struct {
        const char *field, *value;
    } fields[IMPORT_FIELDS_MAX];
    size_t element_count; /* elements to add to sets, contributions to sums */
    struct {
        const char *field, *value;
    } * elements; /* the caller's */
};
/* Adds a field. value NULL or "": the source has none, which clears what it had before. Both are the caller's. */
void import_field(struct import_record *r, const char *field, const char *value);
/* Writes the record, if it is new or the source has changed it. A value that its field cannot hold is left out and
 * counted; a record whose case does not exist, or that is larger than a change may be, is left and counted. Errors: the
 * store's. */
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
