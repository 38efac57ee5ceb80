/* The central record: the office's store, its keys, its log and tree. There is one writer: whatever the office writes
 * goes through the functions below. docs/CODE.md shows who calls whom. */
#ifndef SATCHEL_CENTRAL_H
#define SATCHEL_CENTRAL_H

#include <stdatomic.h>
#include <stdint.h>

#include "checkpoint.h"
#include "db.h"
#include "edit.h"
#include "error.h"
#include "keyfile.h"
#include "merkle.h"
#include "progress.h"

struct central_keys { /* in locked memory */
    uint8_t sign_secret[64];
    uint8_t noise_secret[32];
    uint8_t seal_secret[32];  /* X25519: opens what laptops seal to the office (courier.h) */
    uint8_t lease_secret[32]; /* the leases of all laptops are derived from it (lease.h) */
    uint8_t data_key[32];     /* the store's key: to write the key file's slots anew */
    uint8_t own_key[32];      /* the four secrets above and the tickets' are sealed under it (hidden.h) */
};

/* Whoever else waits for the record while a long command has it: functions that give it away and take it back, and say
 * if somebody wants it now. take: 1: the command is to end. */
struct central_turn {
    void (*give)(void *arg);
    int (*take)(void *arg);
    int (*is_wanted)(void *arg);
    void *arg;
};

struct central {
    char *folder;
    struct db *db;
    struct central_keys *keys;
    uint8_t noise_public[32];
    uint8_t seal_public[32];
    struct checkpoint_vkey vkey;
    struct id office;          /* the record of kind office */
    struct edit_author author; /* the office's own chain, its clock, and the person who acts now */
    struct merkle_frontier tree;
    char checkpoint[CHECKPOINT_TEXT_MAX]; /* the newest signed note */
    uint64_t checkpoint_size;
    uint64_t backup_size; /* 0: this is the office; else a backup with so many entries, in which nothing is written */
    int is_snapshot;      /* it only shows what was committed when it was opened (snapshot.h) */
    atomic_int is_told_to_end; /* of a snapshot: whoever reads it is to end */
    int is_read_only;          /* not 0: it is on a disk that cannot be written, and nothing is written in it either */
    uint64_t wrong, wrong_ms;  /* wrong passphrases that central_settle writes down, and when the last was tried */
    int has_new_key;           /* so too that a new data key was made */
    uint64_t receipt_ms;       /* 0: entries are received now, by the clock; else at this time (a courier file's) */
    char cover_day[16];        /* the day on which covers that have ended were looked for last (cover.h) */
    const struct central_turn *turn; /* of a long command that runs beside the loop; NULL: nobody else waits */
    struct progress *progress;       /* of a long command, for whoever waits for it; NULL: nobody looks */
    struct error failure; /* code not 0: the disk failed during a commit, and the store must be opened anew */
    /* Copies from central_begin: a rollback puts them back, a commit signs what differs from them. */
    struct edit_author author_before;
    struct merkle_frontier tree_before;
};

#define CENTRAL_KEY_LABEL "office" /* of the passphrase slot that an office is set up with */

struct central_options {
    const char *folder;
    const char *name; /* the office's name */
    const char *admin_login, *admin_name;
    const char *passphrase;
    size_t passphrase_bytes;
};

/* Sets up a new office in an empty or absent folder: key file, store, keys, the records of the office and of its first
 * administrator. After an error nothing of it is left. E_EXISTS: the folder has an office; E_INPUT: a passphrase or
 * name that cannot be; E_REFUSED: others may write to the folder (folder.h); E_IO, E_FULL, E_MEMORY. */
int central_create(const struct central_options *options, struct error *e);

/* Opens the office in `folder` with the data key of its key file. opened: what opening the key file reported, or NULL:
 * wrong passphrases before the right one are written as an event. *out is freed with central_close; NULL after an
 * error. E_NO_STORE, E_WRONG_KEY, E_BUSY (a daemon has the store: use its socket), E_VERIFY (the store was altered, or
 * never set up to its end), E_IO, E_FULL, E_MEMORY. */
int central_open_key(struct central **out, const char *folder, const uint8_t key[32],
                     const struct keyfile_opened *opened, struct error *e);
/* The same, but writes nothing in the log: a copy that was put in the office's place must say so before anything else
 * is written in it. central_settle writes then what central_open_key would have written. */
int central_open_unwritten(struct central **out, const char *folder, const uint8_t key[32],
                           const struct keyfile_opened *opened, struct error *e);
/* Writes down what opening the office found: that this program's schema is another one, wrong passphrases; and brings
 * the key file's recovery pairs up to date. Does nothing to a backup. Errors: the store's. */
int central_settle(struct central *c, struct error *e);
/* NULL is ignored. An open transaction is rolled back. */
void central_close(struct central *c);

/* Makes the tables of an office's store that are missing: the log's, the record's, the office's own. Inside the
 * caller's transaction, or each in its own. Errors: the store's (db.h). */
int central_tables(struct db *db, struct error *e);

/* "folder/name". Freed with free; NULL: no memory. */
char *central_path(const char *folder, const char *name);

/* Begins a transaction. E_REFUSED: this is a backup. E_FULL, E_IO. */
int central_begin(struct central *c, struct error *e);
/* Signs the end of the office's chain if it has grown, and a checkpoint if the log has; stores both, and returns once
 * all is on the disk. After an error the transaction is rolled back. E_FULL: nothing was changed. E_IO is kept in
 * c->failure as well: after a sync that failed nobody knows what the disk holds, and the vault refuses further writes
 * (docs/VAULT.md, trap 14); the store has to be opened anew. */
int central_commit(struct central *c, struct error *e);
/* Also takes back author (but for its person and session) and tree. */
void central_rollback(struct central *c);
/* Ends a transaction whose work returned `code`: commits if it is 0; else rolls back and returns it, with e as the work
 * left it. */
int central_end(struct central *c, int code, struct error *e);

/* For a long command. central_give lets others have the record until central_take; nothing may be uncommitted, and
 * nothing of the record is read or written in between. *pause keeps who acts. Both do nothing if nobody waits (turn
 * NULL). E_BUSY: the daemon stops, or whoever called hung up: the command has the record again, and is to end. */
struct central_pause {
    struct id person, session;
    int is_given;
};
void central_give(struct central *c, struct central_pause *pause);
int central_take(struct central *c, struct central_pause *pause, struct error *e);

/* Writes an edit of the office's own at the end of the log, by c->author; one without ops writes nothing. Inside a
 * transaction. reason: the change's, or NULL. The edit is freed in every case. Errors: edit_commit's, the store's. */
int central_write(struct central *c, struct edit *edit, const char *reason, struct error *e);

/* A field of a new record: its text, in the words that the schema takes; or else an id; or else a number. */
struct central_field {
    const char *name;
    const char *text;
    const struct id *id;
    uint64_t number;
};
struct central_record {
    unsigned kind;
    const struct id *scope; /* NULL: office-wide */
    const struct id *record;
    const struct central_field *fields; /* ended by one whose name is NULL */
    const char *reason;                 /* of the change, or NULL */
};
/* Writes a new record of the office's own, as central_write does. */
int central_write_record(struct central *c, const struct central_record *r, struct error *e);

/* Appends a change of somebody else's, which the caller has checked, at the end of the log, and applies it with
 * record_apply, which leaves it held if a `hold` record names it. Inside a transaction. *received_ms: 0 takes the time
 * of receipt from the clock, and gets it. *position gets the entry's. Errors: the store's. */
int central_append(struct central *c, const struct change *change, uint64_t *received_ms, uint64_t *position,
                   struct error *e);

/* Writes an event record of the office's own in a transaction of its own, with the office itself as the author: `what`
 * is one of those that schema_table.c lists ("recovered", "new data key", ...), count the number that belongs to it.
 * at_ms: when it happened, 0 for now. officers: the two officers of a recovery, or NULL. Errors: central_write's,
 * central_commit's. */
int central_event(struct central *c, const char *what, uint64_t count, uint64_t at_ms, const struct id *officers,
                  struct error *e);

/* Makes an active administrator, named by login or id, the author of what follows, and begins a new session of theirs.
 * login NULL: the only administrator that there is. E_REFUSED: there is no such active administrator. E_USAGE: login is
 * NULL and there are several. */
int central_act_as(struct central *c, const char *login, struct error *e);
/* Makes the office's own record the author of what follows, without a session: for what no person at the office wrote,
 * so that it stands neither under an administrator's name nor under that of a laptop's user. */
void central_act_as_office(struct central *c);
/* Finds a user by login or id, whatever the status. E_NOT_FOUND. */
int central_user(struct central *c, const char *login, struct id *out, struct error *e);

#endif
