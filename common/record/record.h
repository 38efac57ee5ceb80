/* The record: the projection of the log into SQL tables, one for each kind with one column for each field, and the
 * conflicts that wait for a person. It can be thrown away and made again (record_rebuild), and equals what a replay of
 * the log gives: record_dump is the common form of both.
 *
 * Tables beside those of schema_sql; ids are blobs of 16 bytes (in schema_sql's tables they are text):
 *   op(record, field, entry, op, action, at, size)      the live ops: entry is entry.id, op the op's index in it; the
 *                                                       value is size bytes from at on in entry.body
 *   superseded(device, epoch, seq, op, record, field)   dots that were superseded before they were applied
 *   applied(entry, live)                                the entries whose ops are in the record, and which of their
 *                                                       ops live: bits as in log_entry's mask; NULL: none
 *   place(record, kind, scope, voided)                  where each record stands: what its first change said
 *   conflict(record, field, kind, scope, loud)          fields with more than one live value, or a contested void
 *   held(device, epoch, seq, record)                    changes that a `hold` record holds: not applied
 *   background(record, field, entry)                    entries that a contested text or status was written over
 *   newer(record, field, kind, scope)                   fields that this version does not know and somebody wrote to
 *   shape(kind, name, print)                            what each kind's table was made by (schema_print);
 *                                                       a row more for the tables above, when all are there
 * docs/MERGE.md, "The projection", says why each is there. */
#ifndef SATCHEL_RECORD_H
#define SATCHEL_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "db.h"
#include "error.h"
#include "log.h"
#include "merge.h"
#include "schema.h"
#include "text.h"

/* Makes the tables where they are not there, and brings those that another version made, older or newer, to this one's
 * schema: what was made otherwise is made again from the log, with what that version did not know, and without what
 * this one does not. Inside the caller's transaction, or in one of its own. log_create
 * comes first. Where the tables are this version's it only reads. */
int record_create(struct db *db, struct error *e);

/* 1: record_create would find nothing to do; 0: the store is another version's; -1: failed. Only reads. */
int record_is_current(struct db *db, struct error *e);

/* Applies an entry that log_add has stored: its live ops go into op, what they supersede leaves it, and every touched
 * field is shown anew. An entry that is held is marked and not applied; a `hold` that becomes "released" applies the
 * entry it holds, and one that turns to "held" takes it out again. Unknown kinds and fields are kept in op and not
 * shown. A change that names another kind or scope than the record's first change is carried in the log alone.
 * Idempotent. Inside the caller's transaction. */
int record_apply(struct db *db, const struct log_entry *entry, struct error *e);

/* Takes an entry out of the record (held not 0), or lets it in again: for a laptop, which hears of it from the office
 * and has no `hold` records. E_NOT_FOUND: no such entry. Inside the caller's transaction. */
int record_set_held(struct db *db, int64_t entry, int held, struct error *e);

/* Which ops of an applied change lived when it was applied; the others had been superseded before it came. What was
 * dealt compact may lack the change that named those, so a dealt entry carries this mask (bits as in log_entry, *bytes
 * of them; *all: not 0 where every op lived). */
int record_mask(struct db *db, const struct change *c, uint8_t mask[CHANGE_MASK_MAX], size_t *bytes, int *all,
                struct error *e);
/* The same of what lives now: for what is dealt compact, or after a release. Of an entry that is not applied nothing
 * lives. */
int record_mask_living(struct db *db, const struct log_entry *entry, uint8_t mask[CHANGE_MASK_MAX], size_t *bytes,
                       int *all, struct error *e);

/* Shows the fields of a change anew: its receipt or position has become known. */
int record_refresh(struct db *db, const struct change *c, struct error *e);

/* Throws the projection away and makes it again from the log; entries that are marked as held stay out. Inside the
 * caller's transaction, and not while a statement still has rows. */
int record_rebuild(struct db *db, struct error *e);

/* Drops a scope: its entries, and all that was made of them. E_REFUSED where a change of that scope has not been
 * accepted by the office yet. Inside the caller's transaction. */
int record_purge(struct db *db, const struct id *scope, struct error *e);

/* --- reading --- */

/* One live op with who wrote it and when. */
struct record_op {
    struct merge_op merge; /* value, dot, hlc, receipt, position */
    struct id author;
    uint64_t wall_ms;
};

/* Several versions of a text, brought together over the text that they were written over. */
struct record_merged {
    struct text_merged text; /* bit i of a text_writers is ops[text.order[i]] of the field; an equal version counts
                              * once, for the first that was accepted */
    struct slice base;       /* the text that they were written over */
    char *words;             /* the whole text with its overlaps marked, as the column has it; no NUL at its end */
    size_t words_bytes;
    void *memory; /* what base stands in */
    size_t memory_bytes;
};

/* The live ops of a field in merge_show_over's order, with what is shown. For the void field shown.conflict is LOUD
 * where the void is contested. A text of several versions that could be brought together has `merged`; its conflict is
 * QUIET where nothing overlaps. Freed with record_field_free, on failure too. */
struct record_field {
    struct merge_shown shown;
    size_t count;
    struct record_op *ops;
    struct record_merged *merged; /* NULL: nothing was brought together */
    int newer_rule; /* not 0: since the office does that by a newer rule than this program has (TEXT_RULE) */
    void *memory;   /* what the values stand in */
    size_t memory_bytes;
};
int record_field_load(struct db *db, const struct id *record, const struct schema_kind *kind,
                      const struct schema_field *field, struct record_field *out, struct error *e);
void record_field_free(struct record_field *f);

/* Where a record stands. E_NOT_FOUND, also for a record of a kind that this version does not know (the sentence says
 * so). voided: not 0 where
 * it is voided. */
struct record_place {
    const struct schema_kind *kind;
    struct id scope;
    int voided;
};
int record_find(struct db *db, const struct id *record, struct record_place *out, struct error *e);

/* Conflicts of records that are not voided, loud ones first, then by record and field. Stops at the first non-zero
 * return and returns it. */
struct record_conflict {
    struct id record, scope;
    const struct schema_kind *kind;
    const struct schema_field *field;
    int loud;
    unsigned count; /* live ops */
};
int record_conflicts(struct db *db, int (*each)(void *arg, const struct record_conflict *c, struct error *e), void *arg,
                     struct error *e);

/* The dump: UTF-8 lines, sorted, the same bytes for the same live ops and the same background (docs/MERGE.md, "The
 * dump"). options NULL: everything. scopes: which (in any order; the zero scope stands for what is office-wide), or
 * NULL for all. write gets pieces of it; its first non-zero return ends the dump and is returned. */
struct record_dump_options {
    const struct id *scopes;
    size_t scope_count;
};
int record_dump(struct db *db, const struct record_dump_options *options,
                int (*write)(void *arg, const char *text, size_t bytes, struct error *e), void *arg, struct error *e);

/* BLAKE2b-256 of the dump: whether two projections show the same, to the last column. Only between programs of one
 * schema. */
int record_dump_digest(struct db *db, const struct record_dump_options *options, uint8_t out[32], struct error *e);

/* The digest of a caseload (docs/MERGE.md, "The digest"): BLAKE2b-256 over the live ops of these scopes, with all that
 * decides what of them is shown. The same at programs of different schemas: what they do not know counts too. Scopes:
 * in any order, doubles allowed; the zero scope is what is office-wide. Kinds that no laptop gets are left out. scopes
 * NULL: everything, with those kinds. */
int record_digest(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e);

/* --- what is newer than this program --- */

/* A field that this version does not know, of a kind that it may or may not know, and how many ops live on it. */
struct record_newer {
    struct id record, scope;
    unsigned kind, field;
    uint64_t count;
};
/* Those that hold something, by scope, record and field; record NULL: of all that are not voided. Stops at the first
 * non-zero return and returns it. */
int record_newer(struct db *db, const struct id *record,
                 int (*each)(void *arg, const struct record_newer *n, struct error *e), void *arg, struct error *e);
/* How many such fields hold something, of records that are not voided. */
int record_newer_count(struct db *db, uint64_t *count, struct error *e);
/* The live ops of such a field, the smallest effective time first: what its policy would show is not known. Freed with
 * record_field_free. */
int record_newer_load(struct db *db, const struct id *record, unsigned field, struct record_field *out,
                      struct error *e);

#endif
