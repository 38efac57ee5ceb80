/* The office's key file, from the command line: what opens it, its slots, its recovery by two officers. All of this
 * works on the file itself, whether or not a daemon runs, but for what says otherwise. */
#ifndef SATCHEL_KEYRING_H
#define SATCHEL_KEYRING_H

#include "central.h"
#include "cli.h"
#include "error.h"

/* Where secrets come from: files or descriptors as cli_secret takes them, NULL for the terminal. */
struct keyring_secret {
    const char *file, *fd;
};

struct keyring_options {
    struct keyring_secret office;        /* the passphrase that opens the office */
    const char *key_file;                /* or the file of a secret slot */
    struct keyring_secret fresh;         /* a new passphrase of the office */
    struct keyring_secret officer;       /* a new officer's */
    struct keyring_secret first, second; /* the two officers' of a recovery */
};

/* Opens the office: with --key-file, or a passphrase that was handed in, or $CREDENTIALS_DIRECTORY/satchel-office-key
 * where systemd put one there, or a passphrase that is asked for. E_NO_STORE, E_USAGE, E_REFUSED (others may read the
 * key file), and all that central_open tells. */
int keyring_open_office(const char *folder, const struct keyring_options *o, struct central **out, struct error *e);

/* `key list|add|passphrase|change|remove|rotate`: argv[0] is "key". rotate needs the store for itself (E_BUSY). */
int keyring_command(const char *folder, const struct keyring_options *o, int argc, char **argv, struct cli *cli,
                    struct error *e);
extern const char keyring_help[];

/* `recover --officer FILE --officer FILE`: two officers set a new passphrase. E_BUSY while the daemon runs. */
int keyring_recover(const char *folder, const struct keyring_options *o, int argc, char **argv, const struct cli *cli,
                    struct error *e);

/* Makes an officer's key file at `path`, under a passphrase of its own, and tells its public key in hexadecimal. */
int keyring_officer(const char *path, const char *login, const struct keyring_options *o, char public_hex[65],
                    struct error *e);

#endif
