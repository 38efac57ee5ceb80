/* A mapping: tables that say which files of an export are read, which of their rows count, and which field of which
 * kind of record comes from which column, by what conversion and policy. HMIS and Synthea are such tables
 * (import_hmis.c, import_synthea.c); a mapping file (map_file.h) makes one for any other source.
 *
 * Conversions are SQL expressions over the staged rows (import_stage), with these functions besides SQLite's own:
 * words(...), words_by(BETWEEN, ...), record_id(TABLE, KEY) (import_open), and code(VALUE, FROM, TO, ...), the TO
 * behind the FROM that is the value, else "". NULL: nothing is known; "": the source has none. */
#ifndef SATCHEL_MAPPING_H
#define SATCHEL_MAPPING_H

#include "import.h"

#define MAPPING_SPLIT "\x1f" /* between the elements of one expression */

/* A file of the export; its rows are sifted in the order of the mapping's files. */
struct mapping_file {
    const char *name;    /* without ".csv" */
    const char *key;     /* the column that is a row's key; NULL: its rows have none */
    const char *parent;  /* the column that names what a row hangs on, kept of deleted rows; NULL: none */
    const char *updated; /* the column that says when a row was changed last; NULL: the first row of a key counts */
    const char *deleted; /* a row with a value in this column is deleted in the source; NULL: none is */
    const char *stays;   /* what is said of a deleted row if its record stands all the same; NULL: it does not */
    const char *means;   /* what its rows say of records of other rows; NULL: they make records of their own */
    const char *columns; /* as import_stage takes them */
};

/* A column that names a row of another file by its key. */
struct mapping_reference {
    const char *file, *column, *to;
    const char *why; /* if it names none */
    int is_needed;   /* then the row is left; else this value alone */
};

/* Rows of which no record is made, by a condition in SQL. */
struct mapping_sift {
    const char *file, *condition;
    enum account_outcome outcome;
    const char *why;
};

enum mapping_policy {
    MAPPING_SET,
    MAPPING_NEW,     /* into a new record alone: what it is afterwards people say */
    MAPPING_ELEMENTS /* elements of a set or a part of a sum, MAPPING_SPLIT between them; the source says all of it
                      * unless one of the field's expressions is NULL */
};
struct mapping_field {
    const char *field, *value; /* value: an expression */
    enum mapping_policy policy;
};

/* Records that are made of rows, in the order of the mapping; they are withdrawn in the reverse. */
struct mapping_record {
    const char *kind;
    const char *file;  /* whose rows they stand on; NULL: of none that the account follows */
    const char *table; /* the name in the ids that are derived from key */
    const char *key;   /* an expression */
    const char *scope; /* an expression for the id of the case that it stands in; NULL: it is a case or a client, or
                        * stands in none */
    const char *label; /* an expression: what the account calls it; NULL: its key */
    const char *from;  /* what stands behind FROM, with a column `line` */
    int moves;         /* the source may move it to another case */
    int goes;          /* it is withdrawn if the row of its key is deleted */
    int has_no_key;    /* its key is not the source's own, and not written */
    const struct mapping_field *fields;
    size_t field_count;
};

/* For tables that are arrays. */
#define MAPPING_COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define MAPPING_FIELDS(list) .fields = (list), .field_count = MAPPING_COUNT(list)

struct mapping {
    const char *format;         /* part of every derived id */
    const char *needs[3];       /* files without which a folder is no such export; up to a NULL */
    const char *export_file;    /* with `export_columns`; NULL: the export does not say when it was made */
    const char *export_columns; /* as import_stage takes them */
    const char *export_time;    /* a query */
    const struct mapping_file *files;
    size_t file_count;
    const struct mapping_reference *references;
    size_t reference_count;
    const struct mapping_sift *sifts; /* after the references */
    size_t sift_count;
    const char *prepare; /* SQL after that: tables and indexes for the records' queries; NULL: none */
    const struct mapping_record *records;
    size_t record_count;
    const struct import_orphans *orphans;
    size_t orphan_count;
};

extern const struct mapping mapping_hmis, mapping_synthea;

/* 1: the folder holds such an export; 0: it does not. */
int mapping_fits(const struct mapping *m, const char *folder);

/* Imports a whole folder. Errors: import_stage's, import_write's; E_REFUSED as import_begin. */
int mapping_import(struct import *im, const struct mapping *m, const char *folder, struct error *e);

#endif
