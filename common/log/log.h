/* The log in a store: entries (changes with what the office said of them), signed heads, and the office's tree.
 *
 * Both programs use this one form. At the office every entry has a position, which is its leaf in the tree; on a laptop
 * an entry without one is a change that waits to be sent or acknowledged. docs/LOG.md has what is hashed and
 * signed. */
#ifndef SATCHEL_LOG_H
#define SATCHEL_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "change.h"
#include "db.h"
#include "error.h"
#include "merkle.h"

#define LOG_NO_POSITION UINT64_MAX
/* Positions from here on are not of the office's log. Strays stand at them, in their order: others' changes that lost
 * their position because the office was put back from a backup (docs/LOG.md, "Set-backs"). They stay
 * strays until they are dealt again. */
#define LOG_STRAY (UINT64_C(1) << 62)

/* An SQL expression for a statement that reads the table entry: the skeleton of an entry without a body; NULL: the body
 * is there, or nothing is known of it. Several erasures of one change say the same. */
#define LOG_SKELETON                                                                                                   \
    "CASE WHEN entry.body IS NULL THEN (SELECT skeleton FROM erased WHERE erased.device = entry.device AND "           \
    "erased.epoch = entry.epoch AND erased.seq = entry.seq AND skeleton IS NOT NULL ORDER BY erasure LIMIT 1) END"
/* The bytes that op.at counts in: those of the body or of the skeleton. */
#define LOG_VALUES "CASE WHEN entry.body IS NOT NULL THEN entry.body ELSE " LOG_SKELETON " END"

struct log_entry {
    int64_t id;        /* rowid in this store; says nothing elsewhere */
    uint64_t position; /* LOG_NO_POSITION: not accepted yet */
    uint64_t received_ms;
    int held;             /* kept, not applied: a `hold` record says why */
    struct slice mask;    /* p NULL: all ops count; else which ops were live when this came with a compact scope */
    struct change change; /* its slices are the lender's: see the function that filled it */
};

/* The caller's memory for the bytes of one loaded entry. It starts as {0}; slices into it are valid until the next
 * log_load into it or log_memory_free. Use two of these for two entries at a time. */
struct log_memory {
    uint8_t *bytes;
    size_t room;
};

/* Creates those of the tables entry, erased, head and node that are missing. erased(device, epoch, seq, erasure, scope,
 * skeleton) has a row for each change that an `erasure` record (erasure: its id) names, in this store or not; the
 * record fills it (record.h). What a change without words wrote is read from there. */
int log_create(struct db *db, struct error *e);

/* Adds the entry's change with its position, time of receipt and mask, not held, and sets its id. E_EXISTS: the store
 * has this very change; its id is set and nothing is done. E_VERIFY: another change has its (device, epoch, seq), which
 * is a fork, or its position. */
int log_add(struct db *db, struct log_entry *entry, struct error *e);

/* Gives an entry the position and the time of receipt that the office accepted it with. */
int log_accept(struct db *db, int64_t id, uint64_t position, uint64_t received_ms, struct error *e);
/* Frees a position for the entry `id` (0: for one that is not in the store yet). If another entry has it, which a proof
 * or the office's word denies, that becomes a stray. */
int log_clear(struct db *db, uint64_t position, int64_t id, struct error *e);
/* Marks an entry as held (kept, not applied), or as not held. */
int log_set_held(struct db *db, int64_t id, int held, struct error *e);
/* Takes its (device, epoch, seq) from a stray, since the office gave that number to another change: from then on the
 * stray is found by its record and its id alone. */
int log_set_apart(struct db *db, int64_t id, struct error *e);

/* Returns the id of an entry by its change; 0: there is none; -1: failed, e says why. hash (may be NULL) gets the hash
 * of its header. */
int64_t log_find(struct db *db, const struct id *device, uint64_t epoch, uint64_t seq, uint8_t *hash, struct error *e);

/* Loads one entry by id; want_body 0: without its body, as if that were erased. The slices of out point into memory,
 * and live until the next log_load into it or log_memory_free. E_NOT_FOUND, E_VERIFY (the store's copy of the change
 * cannot be read), E_MEMORY, or what the database says. */
int log_load(struct db *db, int64_t id, int want_body, struct log_memory *memory, struct log_entry *out,
             struct error *e);
/* Clears and frees what the loads into memory took, and leaves it as {0}: it may be loaded into again. */
void log_memory_free(struct log_memory *memory);

/* Finds the end of a device's chain of an epoch in this store (seq 0: the store has nothing of it). */
int log_chain_end(struct db *db, const struct id *device, uint64_t epoch, struct chain *out, struct error *e);

/* Calls back for each entry in log order: by position, then those without one in the order of their writing. from: the
 * first position. Stops at the first non-zero return and returns it. The callback may write to the store. */
int log_each(struct db *db, uint64_t from, int (*each)(void *arg, struct log_entry *entry, struct error *e), void *arg,
             struct error *e);

/* Signed heads, kept as they came. position: the log's size when it was stored (the office), else 0. */
int log_head_add(struct db *db, const struct chain_head *head, struct slice signed_head, struct error *e);
int log_heads(struct db *db, int (*each)(void *arg, struct slice signed_head, struct error *e), void *arg,
              struct error *e);

/* --- the office's tree --- */

/* Computes the leaf of an entry: merkle_leaf of msgpack [received_ms, header]. */
void log_leaf(uint64_t received_ms, struct slice header, struct merkle_hash *out);
/* Appends a leaf to the stored tree; *position is its own. frontier is the caller's, as log_frontier loaded it. */
int log_tree_append(struct db *db, struct merkle_frontier *frontier, const struct merkle_hash *leaf, uint64_t *position,
                    struct error *e);
int log_frontier(struct db *db, struct merkle_frontier *out, struct error *e);
/* Computes the root of the log's first `size` entries. E_VERIFY: the log has fewer. */
int log_root(struct db *db, uint64_t size, struct merkle_hash *out, struct error *e);
/* Returns the stored tree as a source of proofs. */
struct merkle_source log_tree(struct db *db);

#endif
