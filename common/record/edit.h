/* An edit: a change in the making, by the device that this store belongs to. The laptop writes a person's edits this
 * way, and the office writes its own (users, devices, assignments, imports): the office is a device too.
 *
 * Every op names what it supersedes. The office's ops name all live ops of their field. A person's op names those that
 * the person was shown (edit_seen): what only lies in the store was seen by nobody. */
#ifndef SATCHEL_EDIT_H
#define SATCHEL_EDIT_H

#include "chain.h"
#include "db.h"
#include "error.h"
#include "log.h"
#include "record.h"
#include "schema.h"

/* The device's own chain, and the person at its keyboard. Loaded once; edit_commit moves it on. */
struct edit_author {
    struct chain chain;     /* where the device's own chain ends */
    uint64_t hlc;           /* the last stamp given or seen (clock.h) */
    struct id person;       /* the user; set by the caller */
    struct id session;      /* the session that the person opened; set by the caller */
    uint64_t (*wall)(void); /* milliseconds since 1970: clock_wall, or a simulator's */
};

/* Reads chain and hlc from the store's meta (own_device, own_epoch, own_seq, own_hash, own_hlc). E_NOT_FOUND: the store
 * belongs to no device yet. Other errors: the store's. */
int edit_author_load(struct db *db, struct edit_author *author, struct error *e);
/* Stores a new device identity: epoch 1, seq 0. Errors: the store's. */
int edit_author_create(struct db *db, const struct id *device, struct error *e);
/* Tells the author's clock of a stamp that was seen (an effective one: clock_effective). It is kept in memory. */
void edit_author_saw(struct edit_author *author, uint64_t hlc);
/* Stores the end of the chain and the clock. Errors: the store's. */
int edit_author_save(struct db *db, const struct edit_author *author, struct error *e);

/* The largest change that a person can write at once, in bytes: 184 KiB. After a fork the change may be written once
 * more (client/sync/reissue.h). A dot takes 22 bytes or more with an epoch of one byte, and its new epoch may take
 * nine: this limit keeps the new change below CHANGE_BODY_MAX, whatever it says. */
#define EDIT_BODY_MAX 188416

/* Says what the author of an edit was shown. */
struct edit_seen {
    /* 1: the person was shown this op, or wrote it; 0: not; -1: failed, e says why. NULL: everything counts as seen. */
    int (*was_shown)(void *arg, const struct dot *dot, const struct id *op_author, struct error *e);
    void *arg;
};

struct edit {
    struct db *db;
    const struct schema_kind *kind;
    struct id scope, record;
    int is_new;                        /* the record has nothing yet: nothing to supersede */
    struct edit_seen seen;             /* set by the caller after edit_open; as it is then, everything counts as seen */
    const struct schema_field *lowers; /* a field of the policy `highest` on which an op of this edit names an op of a
                                        * higher rank than its own value has; NULL: there is none */
    int closes;                        /* 1: an op of this edit closes the record (schema_closes); set by edit_set */
    struct change_draft draft;
};

/* edit_new starts the first edit of a new record. It cannot fail. edit_open starts an edit of a record that the store
 * has, and finds its kind and scope; E_NOT_FOUND: there is no such record, or its kind is unknown; other errors: the
 * store's. Both leave an edit for edit_free or edit_commit, also after a failure. db and kind must outlive it. */
int edit_new(struct edit *edit, struct db *db, const struct schema_kind *kind, const struct id *scope,
             const struct id *record, struct error *e);
int edit_open(struct edit *edit, struct db *db, const struct id *record, struct error *e);
void edit_free(struct edit *edit);

/* The most closings that one change names. */
#define RECORD_KNOWN_MAX 256

/* The calls below add ops to the edit's change; nothing is stored before edit_commit. value: canonical, and copied.
 * E_INPUT: the schema does not allow the value. Other errors: the store's. */

/* Sets a field that holds one value: the op supersedes all live ops of the field that its author was shown; of a field
 * of the policy `highest` also those that were not shown and rank no higher than the value. An op on a field of the
 * policy `once` is an amendment and supersedes nothing. E_USAGE: the field holds several values. */
int edit_set(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e);
/* As edit_set, for any field, but the op supersedes only these dots (the importer, resolve). */
int edit_set_over(struct edit *edit, const struct schema_field *field, struct slice value, const struct dot *dots,
                  size_t dot_count, struct error *e);
/* Adds an element to a set, or a contribution to a sum. An element's op supersedes the live adds of the same element,
 * and the live removes of any element. E_INPUT also: the element is a reference to the record itself. */
int edit_add(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e);
/* Counts as nothing what was erased of a sum: an addition of 0 that names the erased contributions. Two who do that
 * beside each other agree. E_REFUSED: nothing of it was erased. */
int edit_add_without(struct edit *edit, const struct schema_field *field, struct error *e);
/* Takes an element out of a set: the op supersedes its live adds, and the live removes of any element. E_NOT_FOUND: the
 * element is not in the set. */
int edit_remove(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e);
/* Voids the record: the op's value lists every live op of the record that the author was shown. */
int edit_void(struct edit *edit, struct error *e);
/* As edit_set, edit_add and edit_remove; the field by its name, the value in a person's words (schema_parse).
 * E_NOT_FOUND: the kind has no such field. */
int edit_set_text(struct edit *edit, const char *field, const char *text, struct error *e);
int edit_add_text(struct edit *edit, const char *field, const char *text, struct error *e);
int edit_remove_text(struct edit *edit, const char *field, const char *text, struct error *e);
int edit_set_id(struct edit *edit, const char *field, const struct id *id, struct error *e);

/* Where a change of the office's own stands in its log. */
struct edit_place {
    uint64_t position;
    uint64_t received_ms; /* milliseconds since 1970 */
};
/* Adds what the author had seen (FIELD_SEEN): a person's edit that closes a record says how far the case was seen, and
 * any other edit names the closings of the scope that its author was shown (docs/MERGE.md, "Closing").
 *
 * Writes the change into the log and the record, at the end of the author's chain, and saves the author's state. place:
 * NULL on a laptop, whose change waits for the office. reason: why, in the person's words; kept in the change's body;
 * NULL: none. Runs inside the caller's transaction; after a rollback the caller must load the author again. An edit
 * without ops writes nothing and succeeds. The edit is freed in every case. E_LIMIT: the change would have more than
 * EDIT_BODY_MAX bytes, or more than a change can hold; nothing is written. Other errors: the store's. */
int edit_commit(struct edit *edit, struct edit_author *author, const char *reason, const struct edit_place *place,
                struct error *e);

#endif
