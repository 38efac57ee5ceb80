/* The laptop's store, opened with the key that the agent has, and the device and person that it belongs to.
 *
 * Folder: $SATCHEL_HOME, else $XDG_DATA_HOME/satchel, else ~/.local/share/satchel; mode 0700. In it store.db (the
 * vault), store.keys (the key file), store.outbox (the sealed copy of what is unsent), store.office
 * (where the office is); while an agent runs its socket (or in $XDG_RUNTIME_DIR, if there is one), and while an
 * enrolment or a wipe is under way its marker. */
#ifndef SATCHEL_STORE_H
#define SATCHEL_STORE_H

#include <stdint.h>

#include "checkpoint.h"
#include "db.h"
#include "edit.h"
#include "error.h"
#include "keyfile.h"
#include "outbox.h"
#include "seen.h"

#define STORE_DB "store.db"
#define STORE_KEYS "store.keys"
#define STORE_ENROLLING "enrolling" /* there while an enrolment is under way: the store may be taken away again */

struct store {
    char *folder;
    struct db *db;
    uint8_t *key;              /* 32 bytes in locked memory */
    struct edit_author author; /* person and session are set */
    struct id user;            /* whom the laptop was enrolled for */
    uint8_t *sign_secret;      /* 64 bytes in locked memory */
    uint8_t *noise_secret;     /* 32 bytes in locked memory */
    struct checkpoint_vkey office_key;
    uint8_t office_noise[32];
    char office_host[256];
    unsigned office_port;
    struct keyfile_chain_end kept; /* the end of our chain as the key file remembers it */
    int put_back;                  /* 1: it is an older copy of this store, or a copy that went its own way */
    int told;                      /* 1: store_warn has said so */
    struct outbox outbox;          /* the sealed copy of what is unsent */
    struct error unsealed;         /* why it is behind; code 0: it is not */
    uint64_t lease_until_ms;       /* the end of the lease; 0: there is none */
    struct seen seen;              /* what the person was shown */
    int writes;                    /* 1: db is open to write; store_let_go closes it */
};

/* *out: the folder's path, without a slash at its end, freed with free; the folder may not exist yet. E_MEMORY, E_INPUT
 * (no HOME). */
int store_folder(char **out, struct error *e);
/* Checks that there is a store in the folder. E_NO_STORE: there is none, or its enrolment is not finished. E_VERIFY:
 * its key file is missing. E_REFUSED: the office had it wiped; if that broke off, it is finished here. E_IO, E_MEMORY.
 */
int store_check(const char *folder, struct error *e);
/* "folder/name", freed with free; NULL: no memory. */
char *store_path(const char *folder, const char *name);

/* Opens the store with the agent's key. E_NO_STORE (not enrolled: `satchel enrol`), E_LOCKED (`satchel unlock` first),
 * E_BUSY, E_VERIFY (a page failed). If the key file or the outbox remembers another end of our own chain than the
 * store has, an older copy has been put back: it opens with put_back set, and store_warn says so. E_LOCKED also if the
 * lease is over: then the agent has been stopped. */
int store_open(struct store **out, struct error *e);
/* The same, only to read: it works beside another command of ours that writes, such as a sync. If another version of
 * the program had the store last, it is written once (E_BUSY). */
int store_open_reading(struct store **out, struct error *e);
/* Opens the store to write, with a data key (32 bytes, copied), for a sitting. Errors: as store_open. */
int store_open_with(struct store **out, const char *folder, const uint8_t *key, const struct id *session,
                    struct error *e);
/* The same for two recovery officers, who need no lease. */
int store_open_recovered(struct store **out, const char *folder, const uint8_t *key, const struct id *session,
                         struct error *e);
void store_close(struct store *s); /* wipes; NULL allowed */
/* After a command that only read: writes down what it showed, if that is news. The output must be out, and no
 * transaction open; a store that was opened to read is closed for it, and opened once more to write, so that nothing
 * but store_close may follow. It never fails: what cannot be written down was not shown. */
void store_keep_seen(struct store *s);

/* The link key: the Noise secret that a passphrase slot of this store keeps beside the data key, so that the laptop can
 * meet the office when its lease is over. The store's own memory. NULL: there is no lease. */
const uint8_t *store_link(const struct store *s);

/* For a command that waits for something else than the store, such as a sync for the network. store_let_go closes the
 * database, so that other commands may write meanwhile; db is NULL after it. store_take opens it to write, once more,
 * with the same key, and reads where our own chain ends now; it does nothing if db is open to write. wait_ms: how
 * long to wait for another command to end; STORE_TAKE_MS is as long as an office waits for a laptop. What was read from
 * the store before must be read again, but for whose it is and its keys. E_BUSY (another command has it, or another
 * version of the program used it meanwhile), E_MEMORY, and db_open's errors: then db is NULL. */
#define STORE_TAKE_MS 60000
void store_let_go(struct store *s);
int store_take(struct store *s, int wait_ms, struct error *e);

/* A transaction around edits. store_commit writes the end of our chain into the key file, and the sealed copy of what
 * is new into the outbox, after the database has it. Neither can make it fail; a commit that fails is rolled back.
 * Errors: the store's. */
int store_begin(struct store *s, struct error *e);
int store_commit(struct store *s, struct error *e);
void store_rollback(struct store *s);
/* Says on err, once each, that an older copy was put back, and that what was saved has no sealed copy, and why. Says
 * nothing if neither is so. */
void store_warn(struct store *s, FILE *err);

#endif
