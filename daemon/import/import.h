/* Importing: rows of another system become records, written as changes of the office's own chain.
 *
 * Each file is read into a table of a staging database (a scratch one, vault.h), so that what a mapping (mapping.h)
 * makes of it is a query. Record ids are derived from the source's own keys. What became of each row is in the
 * account (account.h).
 *
 * An import is itself a record (kind `import`), and the session of each change that it writes is that record's id: so
 * the log says which op came from which export, and what a source said last is read from it (said.h). A field is
 * written only if the source says something else than it said last, whatever the record holds by now: what a person
 * changed, and the source did not, stays. If both changed it, the source's word stands beside the person's, and is
 * contested as between two people. */
#ifndef SATCHEL_IMPORT_H
#define SATCHEL_IMPORT_H

#include <dirent.h>
#include <stdint.h>

#include "account.h"
#include "central.h"
#include "db.h"
#include "error.h"
#include "id.h"
#include "moment.h"
#include "schema.h"

#define IMPORT_FIELDS_MAX 32
#define IMPORT_SETS_MAX 8
#define IMPORT_COUNTS_MAX 64

/* How many records of a kind were "new", "changed" or "unchanged". What was left: account.h. */
struct import_count {
    const char *kind, *what;
    uint64_t records;
};

struct import {
    struct central *central;
    struct db *staging;         /* with the tables of account.h */
    const char *system;         /* "", or a name for one of several source systems, whose keys may be the same */
    const char *encoding;       /* as csv_open takes it */
    int is_older;               /* an export may be older than one that was taken: it then fills in what is missing */
    int dry_run;                /* central is a copy that is thrown away (snapshot.h): it changes what is said alone */
    int tells;                  /* keep in the account what is written of each field (account_change) */
    char source[128];           /* the format ("hmis", "synthea") and the system: part of every derived id */
    struct id id;               /* of the import's own record */
    struct id session;          /* of the acting person before; import_close puts it back */
    char exported[MOMENT_TEXT]; /* "": the export does not say when it was made */
    uint8_t files[32];          /* digest of the export's files */
    int is_begun;               /* the import's record is written, or would be */
    int fills;                  /* the export is older, and only fills in what is missing */
    unsigned in_transaction;    /* records since the last commit */
    struct progress *progress;  /* NULL: nobody looks */
    int takes_turns;            /* it may run beside the loop, and commits in between; else it keeps the record */
    struct central_pause pause; /* others have the record */
    uint64_t since_ms;          /* when the record was taken last, by a clock that only goes forward */
    uint64_t created, changed, withdrawn, contested;
    size_t count_count;
    struct import_count counts[IMPORT_COUNTS_MAX];
};

/* Opens the staging database, with the account's tables, and with functions for the mappings' queries: words(...)
 * joins what is not empty with spaces, words_by(BETWEEN, ...) with that; code(VALUE, FROM, TO, ...); and
 * record_id(TABLE, KEY), the id of the record that is derived from them, "" for "". im->central is set. import_close
 * frees it, also after an error. Errors: db_open_scratch's. */
int import_open(struct import *im, struct error *e);
void import_close(struct import *im);

/* Lists the CSV files of a folder, by name. Returns how many; less than 0: the folder cannot be read. The caller frees
 * each and *names. */
int import_files(const char *folder, struct dirent ***names);
/* 1: the folder has name.csv; 0: it has not. */
int import_has(const char *folder, const char *name);

/* Reads folder/name.csv into the staging table `name`: the column `line` first, then `columns`: names with a space
 * between them, in quotes if they hold one, the row's key first; behind a name "!": the mapping cannot do without it;
 * "#": a day; "@": a time, which are written as the schema has them; then `old` and `later` (import_old), 0. A column
 * that the file lacks, and a day that cannot be read, is NULL: nothing is known of it; a file that is not there becomes
 * an empty table. *found 0: there is no such file. Every row is in the account, open; those that cannot be read, and
 * every column that is not named here, with what became of it. E_INPUT: the file has no heading, lacks a column, or is
 * of another encoding; E_IO, E_MEMORY.
 */
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

/* A column of a row that a query stands at; NULL: nothing is known of it. It points into the statement's row. */
const char *import_known(sqlite3_stmt *s, int column);

/* --- the import itself (import_mark.c) --- */

/* Sets im->source; to be called before any id is derived. E_INPUT: the system's name is too long. */
int import_source(struct import *im, const char *format, struct error *e);

/* Begins the import of a folder that was staged: from here on what the office writes is this import's. exported: when
 * the source made the export, as import_stage writes a time; "": it does not say. E_REFUSED: an export of this source
 * that was made later has been taken, and is_older is 0. Errors: the store's; E_IO. */
int import_begin(struct import *im, const char *folder, const char *exported, struct error *e);

/* Sets `old` of the staged rows whose column `updated` is before the time that a row of the same key had when it was
 * taken last, and settles them: nothing is to be made of them; and `later` of those in which it is after that. Of a row
 * that hung on another one then, by the column `parent` (NULL: that is not asked), where it hung is kept in the staging
 * table `gone`, as of a deleted row. Of an export that fills in, no row is old. Errors: the store's. */
int import_old(struct import *im, const char *table, const char *key, const char *updated, const char *parent,
               struct error *e);
/* Remembers the times of a query's rows that were taken: its columns are the key, the time, and what the row
 * hangs on (of a file in which nothing does: anything). */
int import_remember(struct import *im, const char *file, const char *sql, struct error *e);

/* Writes the import's own record to its end, unless nothing was written and the same export was taken before; commits
 * what is not committed yet. Errors: central_commit's. */
int import_end(struct import *im, struct error *e);
/* Others may wait for the record (central_turn). import_give commits, and lets them have it while something is done
 * that does not need it; import_take takes it back if it was given; import_rest does both if somebody wants the record,
 * and now and then for the loop's timers. Errors: import_flush's, central_take's. */
int import_give(struct import *im, struct error *e);
int import_take(struct import *im, struct error *e);
int import_rest(struct import *im, struct error *e);

/* Commits what is not committed yet. */
int import_flush(struct import *im, struct error *e);
/* Opens a transaction if none is open, with the import's own record in front; commits one that has grown large. */
int import_transaction(struct import *im, struct error *e);

/* --- one record (import_write.c) --- */

/* A record as the source has it. Values are words, as schema_parse takes them. */
struct import_record {
    const struct schema_kind *kind;
    struct id scope, id;
    const char *source_id;
    const char *label; /* what the account calls it; NULL: source_id */
    const char *table; /* id is derived from it and source_id, and the source may move the record to another scope: it
                        * then becomes another record there. NULL: it cannot be moved */
    struct account_row row; /* that it is made of; its file NULL: of none */
    int is_left;            /* set by import_write: its row was left, or it was voided here and stays so */
    size_t count;
    struct {
        const char *field, *value;
        int only_new; /* it is written into a new record, and left to people afterwards */
    } fields[IMPORT_FIELDS_MAX];
    size_t set_count;
    const char *sets[IMPORT_SETS_MAX]; /* sets and sums of which the source says all: what is not in `elements` goes */
    size_t element_count;              /* elements to add to sets, contributions to sums */
    struct {
        const char *field, *value;
    } * elements; /* the caller's */
};
/* Add a field. value NULL: nothing is known of it, and nothing changes; "": the source has none, which clears what it
 * had before. All are the caller's. import_field_new: what a person changed since stays, whatever the source says. */
void import_field(struct import_record *r, const char *field, const char *value);
void import_field_new(struct import_record *r, const char *field, const char *value);
/* Counts a record as one of its kind that became `what`. E_INTERNAL. */
int import_count(struct import *im, const struct schema_kind *kind, const char *what, struct error *e);
/* Says that `elements` has all that the source knows of a set or a sum. */
void import_set(struct import_record *r, const char *field);
/* Writes what the source says anew of a record, and settles its row. A value that its field cannot hold is left; a
 * record whose case does not exist, that a person voided, or that is larger than a change may be, is left with its row.
 * Errors: the store's. */
int import_write(struct import *im, struct import_record *r, struct error *e);

/* --- what the source has no more (import_withdraw.c) --- */

/* Voids a record, for a reason, and settles its row as passed over. What people wrote in it, or in its case, or living
 * cases of the client, contest that: then a person decides. A record that is voided already, or that a person took back
 * from an earlier import, stays as it is. Errors: the store's. */
int import_withdraw(struct import *im, const struct schema_kind *kind, const struct id *record,
                    const struct account_row *row, const char *why, struct error *e);

/* Finds the records of a kind that stand on a row which says something else now. records: a query of the office's store
 * for their id, scope and key; has_gone: a query over the staging tables, with these as ?1 to ?3, that gives a number
 * if the record is to go. take gets each: id, kind, scope, number. Errors: take's, the store's. */
struct import_orphans {
    const char *kind, *records, *has_gone;
};
int import_orphaned(struct import *im, const struct import_orphans *all, size_t count, import_row *take,
                    struct error *e);

/* Assigns a case to a user for the source (table "assignment"), or for whoever runs the import ("assignment in turn").
 * label: what the account calls the case. Errors: import_write's. */
int import_assign(struct import *im, const char *table, const struct id *scope, const struct id *user,
                  const char *label, struct error *e);

#endif
