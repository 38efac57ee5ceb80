/* The office's log in memory, and what of it lives, by docs/MERGE.md: every definition written down as plainly as it
 * can be, and as slow as that is. It shares no rule with common/record/merge.c and common/record*.c. */
#ifndef SATCHEL_SIM_ORACLE_LOG_H
#define SATCHEL_SIM_ORACLE_LOG_H

#include "change.h"
#include "db.h"
#include "schema.h"

struct oracle_entry {
    uint64_t position, received_ms;
    struct id device, record, scope;
    uint64_t epoch, seq, hlc;
    unsigned kind;
    int is_held;  /* the office's table says so */
    int is_out;   /* a hold record says so */
    size_t first; /* of its ops */
    size_t op_count;
    struct slice header, body; /* body.p NULL: erased */
};

struct oracle_op {
    const struct oracle_entry *entry;
    struct dot dot;
    unsigned field;
    enum change_action action;
    struct slice value;
    struct dot *names; /* what it supersedes */
    size_t name_count;
    int is_dead;
};

/* All that stands in the log of one record, where it counts. */
struct oracle_record {
    struct id id, scope;
    unsigned kind;
    size_t first, count; /* in ops: sorted by field, then in the office's order */
};

struct oracle_log {
    struct oracle_entry *entries;
    struct oracle_op *written;     /* all ops, in the log's order */
    struct oracle_op *ops;         /* those that count, by record and field */
    struct oracle_record *records; /* by id */
    size_t entry_count, written_count, op_count, record_count;
};

/* Reads it from the office's store. 0; -1: the store cannot be read. Freed with oracle_log_free, on failure too. */
int oracle_log_load(struct db *db, struct oracle_log *out);
void oracle_log_free(struct oracle_log *log);

/* NULL: there is none. */
const struct oracle_record *oracle_log_record(const struct oracle_log *log, const struct id *id);

/* The ops of a field, live and dead. */
const struct oracle_op *oracle_log_field(const struct oracle_log *log, const struct oracle_record *record,
                                         unsigned field, size_t *count);
size_t oracle_log_living(const struct oracle_op *ops, size_t count); /* how many of them live */

/* What a field shows. Of a text that several different values live of, it is not said how they come together: is_apart
 * is set, and conflict is the least that there must be. */
enum oracle_conflict { ORACLE_AGREED, ORACLE_QUIET, ORACLE_LOUD };
struct oracle_shown {
    enum oracle_conflict conflict;
    int is_apart;
    size_t live, count; /* ops[0 .. count) are shown */
    int64_t sum;
    const struct oracle_op **ops; /* freed by the caller */
};
struct oracle_shown oracle_log_show(const struct schema_field *field, const struct oracle_op *ops, size_t count);

/* Is the record voided? *contested: somebody wants it to be, and it is not. */
int oracle_log_voided(const struct oracle_log *log, const struct oracle_record *record, int *contested);

#endif
