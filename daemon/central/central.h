/* The central record: the office's store, its keys, its log and tree. Everything that writes goes through here: one
 * writer. docs/CODE.md shows who calls whom. */
#ifndef SATCHEL_CENTRAL_H
#define SATCHEL_CENTRAL_H

#include <stdint.h>

#include "checkpoint.h"
#include "db.h"
#include "edit.h"
#include "error.h"
#include "keyfile.h"
#include "merkle.h"

struct central_keys { /* in locked memory */
    uint8_t sign_secret[64];
    uint8_t noise_secret[32];
    uint8_t seal_secret[32];  /* X25519: opens what laptops seal to the office (courier.h) */
    uint8_t lease_secret[32]; /* lease.h */
    uint8_t data_key[32];     /* the key file's: for its slots alone */
};

struct central {
    char *folder;
    struct db *db;
    struct central_keys *keys;
    uint8_t noise_public[32];
    uint8_t seal_public[32];
    struct checkpoint_vkey vkey;
    struct id office;          /* the record of kind office */
    struct edit_author author; /* the office's own chain; person: who acts now */
    struct merkle_frontier tree;
    char checkpoint[CHECKPOINT_TEXT_MAX]; /* the newest signed note */
    uint64_t checkpoint_size;
    uint64_t backup_size; /* 0: the office; else a backup of it with so many entries (backup.h): nothing is written */
    uint64_t receipt_ms;  /* 0: what comes is received now; else then, where it was received as one */
    struct error failure; /* the disk failed under a commit; code 0: it did not */
    /* as they stood at central_begin, for a rollback, and to see what a commit has to sign */
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
 * administrator. E_EXISTS where there is one. */
int central_create(const struct central_options *options, struct error *e);

/* Opens. E_NO_STORE, E_WRONG_KEY, E_BUSY (the daemon holds it: use its socket), E_VERIFY. */
int central_open(struct central **out, const char *folder, const char *passphrase, size_t passphrase_bytes,
                 struct error *e);
/* The same with the key file's data key. opened: what opening the key file told (wrong passphrases are written as an
 * event), or NULL. E_BUSY as above. */
int central_open_key(struct central **out, const char *folder, const uint8_t key[32],
                     const struct keyfile_opened *opened, struct error *e);
void central_close(struct central *c);

/* The tables of an office's store: of the log, of the record, and its own. Makes those that are not there. Inside the
 * caller's transaction, or in one of its own. Errors: of the store (db.h). */
int central_tables(struct db *db, struct error *e);

/* "folder/name". Freed with free; NULL: no memory. */
char *central_path(const char *folder, const char *name);

/* A transaction. central_commit signs the office's own head if its chain moved and a new checkpoint if the log grew,
 * stores both, and returns once all is durable. E_IO is kept in c->failure: after a sync that failed nobody knows what
 * the disk holds, and the vault writes no more (docs/VAULT.md, trap 14), so only who opens the store anew can go on.
 * central_rollback also takes author and tree back. E_REFUSED from central_begin: this is a backup. */
int central_begin(struct central *c, struct error *e);
int central_commit(struct central *c, struct error *e);
void central_rollback(struct central *c);

/* Commits an edit of the office's own at the end of the log. Inside a transaction. The edit is freed in every case. */
int central_write(struct central *c, struct edit *edit, const char *reason, struct error *e);

/* Appends somebody else's change (checked already) at the end of the log; record_apply applies it, or keeps it held
 * where a `hold` record says so. Inside a transaction. *received_ms: 0 takes the time now, and tells it. */
int central_append(struct central *c, const struct change *change, uint64_t *received_ms, uint64_t *position,
                   struct error *e);

/* Writes an event record of the office's own ("recovered", "new data key", ...: schema_table.c), in a transaction of
 * its own. at_ms: when, 0 for now. officers: the two of a recovery, or NULL. */
int central_event(struct central *c, const char *what, uint64_t count, uint64_t at_ms, const struct id *officers,
                  struct error *e);

/* The acting person: an active administrator, by login or id. Sets author.person and a new session id. E_REFUSED. login
 * NULL: the only administrator there is, else E_USAGE ("say who you are with --as"). */
int central_act_as(struct central *c, const char *login, struct error *e);
/* The office writes in the name of nobody who sits there: the first administrator's would be false, a laptop's user's
 * too. The office's own record is the author. */
void central_act_as_office(struct central *c);
/* A user by login or id, whatever the status. E_NOT_FOUND. */
int central_user(struct central *c, const char *login, struct id *out, struct error *e);

#endif
