/* What the parts of the keyring share. Only keyring*.c include it. */
#ifndef SATCHEL_KEYRING_PRIVATE_H
#define SATCHEL_KEYRING_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "keyfile.h"
#include "keyring.h"

/* What somebody handed in to open the office: a passphrase, or the 32 bytes of a key file. In locked memory; the other
 * is NULL. */
struct keyring_handed {
    char *passphrase;
    size_t passphrase_bytes;
    uint8_t *secret;
};

/* *path: the path of the key file, freed with free. E_NO_STORE: there is no key file. */
int keyring_find(const char *folder, char **path, struct error *e);
/* Asks for a passphrase, from a file, a descriptor or the terminal, as cli_secret; cli_secret_free frees it. */
int keyring_ask(const struct keyring_secret *from, const char *prompt, int confirm, char **secret, size_t *bytes,
                struct error *e);
int keyring_ask_fresh(const struct keyring_options *o, char **secret, size_t *bytes, struct error *e);
/* Takes what opens the office; keyring_forget frees it, on failure too. must_ask: 1: a passphrase, even if systemd
 * handed over a credential. */
int keyring_take(const struct keyring_options *o, int must_ask, struct keyring_handed *out, struct error *e);
void keyring_forget(struct keyring_handed *h);
/* Opens the data key. opened: zeros if a secret opens. Errors: keyfile_open's and keyfile_open_secret's. */
int keyring_open(const char *path, const struct keyring_handed *h, uint8_t key[KEYFILE_KEY_BYTES],
                 struct keyfile_opened *opened, struct error *e);
/* Call this before a slot changes. If a rotation died between its last two steps, the key file is about to be replaced,
 * and a change of its slots would be lost or lock everybody out. This ends that rotation; key and opened are those of
 * the new file then. Errors: E_BUSY (a rotation goes on, or was broken off and a daemon runs), E_WRONG_KEY (it was
 * begun with another passphrase or key), rekey.h's errors. */
int keyring_settle(const char *folder, const char *path, const struct keyring_handed *h, uint8_t *key,
                   struct keyfile_opened *opened, struct error *e);

#endif
