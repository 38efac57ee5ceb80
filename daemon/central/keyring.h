/* The office's key file, from the command line: what opens it, its slots, its recovery by two officers. These functions
 * work on the file itself, and a daemon may run meanwhile unless a function says otherwise. */
#ifndef SATCHEL_KEYRING_H
#define SATCHEL_KEYRING_H

#include "central.h"
#include "cli.h"
#include "error.h"
#include "usage.h"

/* Where a passphrase comes from: a file or a descriptor, as cli_secret takes them; both NULL: the terminal. */
struct keyring_secret {
    const char *file, *fd;
};

struct keyring_options {
    struct keyring_secret office;        /* the passphrase that opens the office */
    const char *key_file;                /* or the file of a secret slot */
    struct keyring_secret fresh;         /* a new passphrase of the office */
    struct keyring_secret officer;       /* a new officer's */
    struct keyring_secret first, second; /* the two officers' of a recovery */
    struct keyring_secret archive;       /* an archive's */
    int is_unwritten;                    /* opening writes nothing in the log (central_open_unwritten) */
};

/* The options of the whole program, of which a call may give what opens the office. */
#define KEYRING_OPTIONS                                                                                                \
    USAGE_SECRET("", "the office's passphrase"),                                                                       \
    {                                                                                                                  \
        .name = "key-file", .value = "FILE", .help = "or open the office with a key that `satcheld key add` made"      \
    }

/* Those of a call whose program has KEYRING_OPTIONS. */
void keyring_options_of(const struct usage_call *call, struct keyring_options *out);

/* Opens the office: with --key-file, or a passphrase that was handed in, or $CREDENTIALS_DIRECTORY/satchel-office-key
 * if systemd put one there, or a passphrase that is asked for. *out is closed with central_close. Errors: E_NO_STORE,
 * E_USAGE, E_REFUSED (others may read the key file), keyfile_open's and central_open_key's. */
int keyring_open_office(const char *folder, const struct keyring_options *o, struct central **out, struct error *e);

/* The commands on the key file, a row each. rotate and recover need the store for themselves: E_BUSY while the daemon
 * runs. */
struct keyring;
struct keyring_command {
    struct usage usage;
    int (*ring)(struct keyring *k, struct error *e); /* over the key file that is there; or: */
    int (*run)(struct usage_call *call, const struct keyring_options *o, struct error *e);
};
#define KEYRING_LIST(X)                                                                                                \
    X(list)                                                                                                            \
    X(add)                                                                                                             \
    X(passphrase)                                                                                                      \
    X(change)                                                                                                          \
    X(remove)                                                                                                          \
    X(rotate)                                                                                                          \
    X(recover)
#define KEYRING_DECLARE(name) extern const struct keyring_command keyring_##name;
KEYRING_LIST(KEYRING_DECLARE)
#undef KEYRING_DECLARE
int keyring_work(const struct keyring_command *command, struct usage_call *call, struct error *e);

/* Makes an officer's key file at `path`, under a passphrase of its own, and returns its public key in hexadecimal, with
 * the final NUL. Errors: cli_secret's and keyfile_create's. */
int keyring_officer(const char *path, const char *login, const struct keyring_options *o, char public_hex[65],
                    struct error *e);

#endif
