/* Importing: rows of another system become records, as changes of the office's own chain.
 *
 * The files are read into a staging database in memory, one table for each, so that the mappings (import_hmis.c,
 * import_synthea.c) are queries. Record ids are made from the source's own keys, and each record keeps a hash of what
 * it was made from: a second import of the same files writes nothing, and a later one writes only what the source
 * changed. It never supersedes what a person wrote since: then both stand, as a conflict. */
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

/* What was taken, and what was left, by reason. */
struct import_count {
    const char *what;               /* a kind's or a file's name */
    char reason[IMPORT_REASON_MAX]; /* "new", "changed", "unchanged", or why it was left */
    int left; /* 0 taken; 1 a row that was left; 2 a single value that was left out of a row that was taken */
    uint64_t rows;
};

struct import {
    struct central *central;
    struct db *staging;
    const char *system; /* "", or which of several source systems this is: their keys may be the same */
    char source[128];   /* "hmis", "synthea" and the system: part of every derived id */
    int dry_run;
    unsigned in_transaction; /* records since the last commit */
    size_t count_count;
    struct import_count counts[128];
};

/* Reads folder/name.csv into the staging table `name` (column `line` first), all columns text. Rows that are not as
 * they should be are counted as left. columns: the names that the mapping needs, NULL-ended; one that the file lacks is
 * E_INPUT. *found is 0 where there is no such file. */
int import_stage(struct import *im, const char *folder, const char *name, const char *const *columns, int *found,
                 struct error *e);

/* Calls back for each row of a query over the staging tables; stops at the first non-zero return. */
typedef int import_row(struct import *im, sqlite3_stmt *row, struct error *e);
int import_each(struct import *im, const char *sql, import_row *take, struct error *e);

void import_left(struct import *im, const char *what, const char *reason);

/* A record as the source has it. Values are words, as schema_parse takes them; NULL or "": the source has none, which
 * clears what it had before. */
struct import_record {
    const struct schema_kind *kind;
    struct id scope, id;
    const char *source_id;
    const char *file; /* for the counts of what is left */
    size_t count;
    struct {
        const char *field, *value;
    } fields[IMPORT_FIELDS_MAX];
    size_t element_count; /* adds to sets and sums */
    struct {
        const char *field, *value;
    } * elements; /* the caller's */
};
void import_field(struct import_record *r, const char *field, const char *value);
/* Writes it, if it is new or the source has changed it. A value that its field cannot hold leaves the record out, with
 * the reason, and so does a case that is not there; only a failure of the store is an error. */
int import_write(struct import *im, struct import_record *r, struct error *e);

/* Sets the source; to be called before any id is derived. E_INPUT: the system's name is too long. */
int import_source(struct import *im, const char *format, struct error *e);

/* Commits what is under way. */
int import_flush(struct import *im, struct error *e);

/* An active assignment of a case to a user, if there is none. */
int import_assign(struct import *im, const struct id *scope, const struct id *user, struct error *e);

/* The mappings. *found: the folder holds such an export. */
int import_hmis(struct import *im, const char *folder, int *found, struct error *e);
int import_synthea(struct import *im, const char *folder, int *found, struct error *e);

#endif
