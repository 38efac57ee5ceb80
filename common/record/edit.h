/* An edit: a change in the making, by the device that this store belongs to. The laptop writes a person's edits so, and
 * the office its own (users, devices, assignments, imports): the office is a device too.
 *
 * Every op names what it supersedes: the live ops of its field as this store shows them now, which is what the person
 * saw. */
#ifndef SATCHEL_EDIT_H
#define SATCHEL_EDIT_H

#include "chain.h"
#include "db.h"
#include "error.h"
#include "log.h"
#include "record.h"
#include "schema.h"

/* The device's own chain, and who sits before it. Loaded once, moved on by edit_commit. */
struct edit_author {
    struct chain chain;     /* where our own chain ends */
    uint64_t hlc;           /* the last stamp given or seen */
    struct id person;       /* the user; set by the caller */
    struct id session;      /* the sitting; set by the caller */
    uint64_t (*wall)(void); /* clock_wall, or a simulator's */
};

/* Reads chain and hlc from the store's meta (own_device, own_epoch, own_seq, own_hash, own_hlc). E_NOT_FOUND where the
 * store has no device yet. */
int edit_author_load(struct db *db, struct edit_author *author, struct error *e);
/* Stores a new device identity: epoch 1, seq 0. */
int edit_author_create(struct db *db, const struct id *device, struct error *e);
/* A stamp was seen (effective; clock_effective). Kept in memory; edit_author_save stores it. */
void edit_author_saw(struct edit_author *author, uint64_t hlc);
int edit_author_save(struct db *db, const struct edit_author *author, struct error *e);

/* What a person writes at once. Behind a fork it may be written once more (client/sync/reissue.h), and each dot of 22
 * bytes or more, in an epoch of one byte, then gets an epoch of nine: it stays below CHANGE_BODY_MAX whatever it says.
 */
#define EDIT_BODY_MAX 188416 /* bytes: 184 KiB */

struct edit {
    struct db *db;
    const struct schema_kind *kind;
    struct id scope, record;
    int is_new; /* the record has nothing yet: nothing to supersede */
    struct change_draft draft;
};

/* Starts an edit. A new record: hand in id and scope; an old one: edit_open finds both (E_NOT_FOUND). */
int edit_new(struct edit *edit, struct db *db, const struct schema_kind *kind, const struct id *scope,
             const struct id *record, struct error *e);
int edit_open(struct edit *edit, struct db *db, const struct id *record, struct error *e);
void edit_free(struct edit *edit);

/* Sets a field that holds one value: supersedes all its live ops. A once field that has a value already gets an
 * amendment, which supersedes nothing. value: canonical; checked against the schema (E_INPUT). */
int edit_set(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e);
/* As edit_set, but supersedes only these dots (the importer, resolve). */
int edit_set_over(struct edit *edit, const struct schema_field *field, struct slice value, const struct dot *dots,
                  size_t dot_count, struct error *e);
/* Adds an element to a set (supersedes the live adds of the same element, and the live removes of any) or a
 * contribution to a sum. A reference to the record itself is E_INPUT. */
int edit_add(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e);
/* Takes an element out: supersedes its live adds, and the live removes of any element. E_NOT_FOUND where it is not in
 * the set. */
int edit_remove(struct edit *edit, const struct schema_field *field, struct slice value, struct error *e);
/* Voids the record: the op's value lists every live op that is seen now. reason: a sentence, kept in the body. */
int edit_void(struct edit *edit, struct error *e);
/* As edit_set and edit_add, from words (schema_parse). */
int edit_set_text(struct edit *edit, const char *field, const char *text, struct error *e);
int edit_add_text(struct edit *edit, const char *field, const char *text, struct error *e);
int edit_remove_text(struct edit *edit, const char *field, const char *text, struct error *e);
int edit_set_id(struct edit *edit, const char *field, const struct id *id, struct error *e);

/* Where a change of the office's own stands in its log. */
struct edit_place {
    uint64_t position;
    uint64_t received_ms; /* milliseconds since 1970 */
};
/* Writes the change into the log and the record, at the end of the author's chain, and saves the author's state. place:
 * NULL on a laptop, whose change waits for the office. reason: why, in the person's words; kept in the change's body;
 * NULL: none. Runs inside the caller's transaction; after a rollback the caller must load the author again. An edit
 * without ops writes nothing and succeeds. The edit is freed in every case. E_LIMIT: the change would have more than
 * EDIT_BODY_MAX bytes, or more than a change can hold; nothing is written. Other errors: the store's. */
int edit_commit(struct edit *edit, struct edit_author *author, const char *reason, const struct edit_place *place,
                struct error *e);

#endif
