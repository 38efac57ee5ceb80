/* The record: the projection of the log into SQL tables, one for each kind with one column for each field, and the
 * conflicts that wait for a person. It can be thrown away and made again (record_rebuild), and always equals what a
 * replay of the log gives: record_dump writes both in one form.
 *
 * Unless it says otherwise a function returns 0 or an error, and e (which may be NULL) says why. Beside the errors
 * named below every function may return the store's (db.h) and E_MEMORY, and E_VERIFY if the store holds what cannot be
 * read.
 *
 * Tables beside those of schema_sql; ids are blobs of 16 bytes (in schema_sql's tables they are text):
 *   op(record, field, entry, op, action, at, size)      the live ops: entry is entry.id, op the op's index in it; the
 *                                                       value is size bytes from at on in entry.body
 *   superseded(device, epoch, seq, op, record, field)   dots that were superseded before they were applied
 *   applied(entry, live)                                the entries whose ops are in the record, and which of their
 *                                                       ops live: bits as in log_entry's mask; NULL: none
 *   place(record, kind, scope, voided)                  where each record stands: what its first change said
 *   conflict(record, field, kind, scope, loud)          fields with more than one live value, or a contested void
 *   closing(record, entry, op, field, scope, witness)   closings that say what their authors had seen, and an entry
 *                                                       that contests each (0: none does)
 *   held(device, epoch, seq, record)                    changes that a `hold` record holds: not applied
 *   background(record, field, entry)                    entries that a contested text or status was written over
 *   newer(record, field, kind, scope)                   fields that this version does not know and somebody wrote to
 *   scope_digest(scope, digest)                         the digest of a scope's live ops, if nothing has changed since
 *                                                       it was made; empty: nothing lives there
 *   erased(...)                                         in log.h: what `erasure` records name, and the skeletons
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

/* Makes the tables that are missing, and brings those that another version made, older or newer, to this version's
 * schema: it makes their records again from the log, with what that version did not know, and without what this one
 * does not know. If the tables are this version's it only reads. The caller must have called log_create. Runs inside
 * the caller's transaction, or in one of its own. */
int record_create(struct db *db, struct error *e);

/* 1: record_create would find nothing to do; 0: the store is another version's; -1: failed. Only reads. */
int record_is_current(struct db *db, struct error *e);

/* Applies an entry that log_add has stored: its live ops go into op, what they supersede leaves it, and every touched
 * field is shown anew. An entry that a `hold` record names is marked as held and not applied. If the entry is a `hold`
 * that becomes "released", the entry that it names is applied; if it turns to "held", that entry is taken out again.
 * Ops of unknown kinds and fields are kept in op and not shown. A change that names another kind or scope than the
 * record's first change stays in the log alone. A second call for an entry does nothing. Runs inside the caller's
 * transaction. */
int record_apply(struct db *db, const struct log_entry *entry, struct error *e);

/* Takes an entry (entry.id) out of the record if held is not 0, or lets it in again. For a laptop, which hears of holds
 * from the office and has no `hold` records. E_NOT_FOUND: no such entry. Runs inside the caller's transaction. */
int record_set_held(struct db *db, int64_t entry, int held, struct error *e);

/* Takes heed of an erasure before its turn comes: what the change that it names wrote is read from its skeleton from
 * now on, whenever that change comes. For a replay of a log whose words are gone already. Runs inside the caller's
 * transaction. */
int record_foresee(struct db *db, const struct change *erasure, struct error *e);

/* Gives the ops of an applied change that lived when it was applied; the others had been superseded before it came. A
 * laptop that got a scope in its compact form may lack the changes that named those, so a dealt entry carries this mask
 * (bits as in log_entry, *bytes of them). *all: not 0 if every op lived. */
int record_mask(struct db *db, const struct change *c, uint8_t mask[CHANGE_MASK_MAX], size_t *bytes, int *all,
                struct error *e);
/* Gives the ops of a change that live now, in the same form: for an entry that is dealt compact, or after a release. No
 * op of an entry that is not applied lives. */
int record_mask_living(struct db *db, const struct log_entry *entry, uint8_t mask[CHANGE_MASK_MAX], size_t *bytes,
                       int *all, struct error *e);

/* Shows the fields of a change anew, after its receipt or position has become known. Runs inside the caller's
 * transaction. */
int record_refresh(struct db *db, const struct change *c, struct error *e);

/* Throws the projection away and makes it again from the log; entries that are marked as held stay out. Runs inside the
 * caller's transaction. No statement may still have rows. */
int record_rebuild(struct db *db, struct error *e);

/* Drops a scope: its entries, and everything that was made of them. E_REFUSED: the office has not accepted every change
 * of that scope yet; nothing is dropped. Runs inside the caller's transaction. */
int record_purge(struct db *db, const struct id *scope, struct error *e);

/* --- reading --- */

/* A live op, with its author and time. */
struct record_op {
    struct merge_op merge; /* value, dot, hlc, receipt, position */
    struct id author;
    uint64_t wall_ms; /* milliseconds since 1970, by the author's clock */
};

/* Several versions of a text, brought together over the text that they were written over. */
struct record_merged {
    struct text_merged text; /* bit i of a text_writers stands for ops[text.order[i]] of the field; of equal versions
                              * only the one that was accepted first counts */
    struct slice base;       /* the text that they were written over */
    char *words;             /* the whole text with its overlaps marked, as the column has it; no NUL at its end */
    size_t words_bytes;
    void *memory; /* holds base */
    size_t memory_bytes;
};

/* The live ops of a field in merge_show_over's order, and what is shown of them. For the void field shown.conflict is
 * MERGE_LOUD if the void is contested, for a status also if all agree that the record is closed, and somebody contests
 * that (unseen is not 0 then). If a text has several versions and they could be brought together, `merged`
 * holds the result, and the conflict is MERGE_QUIET if nothing overlaps. The caller frees it with record_field_free,
 * after a failure too. A field without a live op, or of a record that the store lacks, has count 0. */
struct record_field {
    struct merge_shown shown;
    size_t count;
    struct record_op *ops;
    struct record_merged *merged; /* NULL: nothing was brought together */
    int unseen;                   /* not 0: record_closing_contest has what contests the closing */
    int newer_rule; /* not 0: because the office does so by a newer rule than this program has (TEXT_RULE) */
    void *memory;   /* holds the values */
    size_t memory_bytes;
};
int record_field_load(struct db *db, const struct id *record, const struct schema_kind *kind,
                      const struct schema_field *field, struct record_field *out, struct error *e);
void record_field_free(struct record_field *f);

/* Finds where a record stands. E_NOT_FOUND: the store has no such record, or its kind is one that this version does not
 * know (the sentence says which). */
struct record_place {
    const struct schema_kind *kind;
    struct id scope;
    int voided; /* not 0: it is voided */
};
int record_find(struct db *db, const struct id *record, struct record_place *out, struct error *e);

/* Hands `each` the conflicts of records that are not voided: loud ones first, then by record and field. Stops at the
 * first return of `each` that is not 0, and returns that. *c is valid during the call alone. */
struct record_conflict {
    struct id record, scope;
    const struct schema_kind *kind;
    const struct schema_field *field;
    int loud;
    unsigned count; /* live ops */
};
int record_conflicts(struct db *db, int (*each)(void *arg, const struct record_conflict *c, struct error *e), void *arg,
                     struct error *e);

/* --- closings --- */

/* 1: the change gives a record a status that closes it (schema_closes); 0: it does not. */
int record_closes(const struct change *c);

/* 1: an import wrote the change (it says from which rows, FIELD_SOURCE_HASH): nobody's words of the day, which contest
 * no closing, whether they were seen or not; 0: it is none. */
int record_is_import(const struct change *c);

/* A change that contests a closing. Everything is valid during the call alone. */
struct record_unseen {
    const struct change *change;
    struct slice live; /* which of its ops live: bits as in log_entry's mask; those on FIELD_SEEN do not count */
    uint64_t position; /* MERGE_NOT_ACCEPTED: the office does not have it; then received_ms means nothing */
    uint64_t received_ms;
};
/* Hands `each` what contests the closing that a status of this record says (field), in the office's order: what lives
 * in the scope, was not seen by who closed it, and was written by somebody who did not know of that. Of two closings
 * that agree, what contests either is handed over. Stops at the first return of `each` that is not 0, and returns that.
 * E_NOT_FOUND: no such record. */
int record_closing_contest(struct db *db, const struct id *record, const struct schema_field *field,
                           int (*each)(void *arg, const struct record_unseen *u, struct error *e), void *arg,
                           struct error *e);
/* Appends the value of FIELD_SEEN for a change that closes a record: for each device and epoch the last change in the
 * scope up to which the author has seen all that lives there, at most RECORD_SEEN_MAX of them. Seen is what the author
 * was shown, what contests nothing, and what does not contest a closing of the record that the new one replaces. */
#define RECORD_SEEN_MAX 1024
struct record_seeing {
    struct id author;
    int (*was_shown)(void *arg, const struct dot *dot, const struct id *op_author,
                     struct error *e); /* as edit_seen's */
    void *arg;
};
int record_closing_seen(struct db *db, const struct id *scope, const struct id *record,
                        const struct record_seeing *seeing, struct pack *value, struct error *e);
/* Hands `each` the closings of a scope that say what their authors had seen: the dot of the op that closes, and its
 * author. Stops as above. */
int record_closing_known(struct db *db, const struct id *scope,
                         int (*each)(void *arg, const struct dot *closing, const struct id *author, struct error *e),
                         void *arg, struct error *e);

/* Writes the dump: UTF-8 lines, sorted, the same bytes for the same live ops and the same background (docs/MERGE.md,
 * "The dump"). options NULL: everything. scopes: the scopes to dump, in any order (the zero scope stands for what is
 * office-wide), or NULL for all. `write` gets one piece after the other, without a final NUL; its first return that is
 * not 0 ends the dump and is returned. */
struct record_dump_options {
    const struct id *scopes;
    size_t scope_count;
};
int record_dump(struct db *db, const struct record_dump_options *options,
                int (*write)(void *arg, const char *text, size_t bytes, struct error *e), void *arg, struct error *e);

/* Gives the BLAKE2b-256 of the dump. It is equal for two projections that show the same, to the last column; programs
 * of different schemas cannot compare it. */
int record_dump_digest(struct db *db, const struct record_dump_options *options, uint8_t out[32], struct error *e);

/* Gives the digest of a caseload (docs/MERGE.md, "The digest"): BLAKE2b-256 over the digests of these scopes, each over
 * the live ops in it, with all that decides which of them are shown. Programs of different schemas get the same, since
 * it covers ops that they do not know too. scopes: in any order, doubles allowed; the zero scope stands for what is
 * office-wide; kinds that no laptop gets are left out. A scope's digest is kept in the store and made only after the
 * scope has changed; what is made inside a transaction that writes is kept. */
int record_digest(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e);
/* 1: *out is the same, and nothing had to be made; 0: the digest of one of the scopes is not kept; -1: failed, e says
 * why. Only reads. */
int record_digest_kept(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e);
/* Gives the same, made wholly from the live ops: what is kept is neither read nor written. scopes NULL: everything,
 * with the kinds that no laptop gets. */
int record_digest_anew(struct db *db, const struct id *scopes, size_t scope_count, uint8_t out[32], struct error *e);
/* E_VERIFY: a digest that is kept is not the one that its scope has. Only reads. */
int record_digest_check(struct db *db, struct error *e);

/* --- what is newer than this program --- */

/* A field that this version does not know, of a kind that it may or may not know, and how many ops live on it. */
struct record_newer {
    struct id record, scope;
    unsigned kind, field;
    uint64_t count;
};
/* Hands `each` the unknown fields that hold something, by scope, record and field. record NULL: those of all records
 * that are not voided. Stops at the first return of `each` that is not 0, and returns that. */
int record_newer(struct db *db, const struct id *record,
                 int (*each)(void *arg, const struct record_newer *n, struct error *e), void *arg, struct error *e);
/* Counts such fields of records that are not voided. */
int record_newer_count(struct db *db, uint64_t *count, struct error *e);
/* Loads the live ops of such a field, the smallest effective time first, since nobody here knows what its policy would
 * show. The caller frees *out with record_field_free, after a failure too. */
int record_newer_load(struct db *db, const struct id *record, unsigned field, struct record_field *out,
                      struct error *e);

#endif
