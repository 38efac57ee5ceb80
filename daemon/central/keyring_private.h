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

/* The path of the key file, which must be there: E_NO_STORE. Freed with free. */
int keyring_find(const char *folder, char **path, struct error *e);
/* From a file, a descriptor or the terminal, as cli_secret. */
int keyring_ask(const struct keyring_secret *from, const char *prompt, int confirm, char **secret, size_t *bytes,
                struct error *e);
int keyring_ask_fresh(const struct keyring_options *o, char **secret, size_t *bytes, struct error *e);
/* What opens the office; freed with keyring_forget, on failure too. must_ask: a passphrase, whatever systemd has. */
int keyring_take(const struct keyring_options *o, int must_ask, struct keyring_handed *out, struct error *e);
void keyring_forget(struct keyring_handed *h);
/* The data key. opened: zeros where a key file opens. */
int keyring_open(const char *path, const struct keyring_handed *h, uint8_t key[KEYFILE_KEY_BYTES],
                 struct keyfile_opened *opened, struct error *e);
/* To be called before a slot changes: where a rotation died between its last two steps, the key file is about to be
 * replaced, and what is done to its slots would be lost or lock everybody out. Ends that rotation; key and opened are
 * those of the new file then. E_BUSY (a rotation goes on, or was broken off and a daemon runs), E_WRONG_KEY (it was
 * begun with another passphrase or key), rekey.h's errors. */
int keyring_settle(const char *folder, const char *path, const struct keyring_handed *h, uint8_t *key,
                   struct keyfile_opened *opened, struct error *e);

#endif
