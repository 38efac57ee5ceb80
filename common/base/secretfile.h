/* A secret in a file of its own: 32 random bytes that open a slot of a key file (keyfile.h), for a program that no
 * person unlocks. "satchel secret 1", a newline, the bytes in base64 with padding, a newline: 62 bytes. */
#ifndef SATCHEL_SECRETFILE_H
#define SATCHEL_SECRETFILE_H

#include <stdint.h>

#include "error.h"

#define SECRETFILE_BYTES 32

/* Makes a new secret and a new file for it, mode 0600, synced with its folder. Errors: E_EXISTS (something is there;
 * it is left as it is), E_NO_STORE (no such folder), E_IO, E_FULL; secret is zeros then, and no file is left. */
int secretfile_create(const char *path, uint8_t secret[SECRETFILE_BYTES], struct error *e);

/* Reads the secret of the file. Errors: E_NOT_FOUND, E_REFUSED (no regular file, or a symbolic link; owned by somebody
 * else than this user or root; others may read or write it. The group may read it if it is in the folder that
 * $CREDENTIALS_DIRECTORY names, which systemd made for this program alone), E_INPUT (not such a file), E_IO; secret is
 * zeros then. */
int secretfile_read(const char *path, uint8_t secret[SECRETFILE_BYTES], struct error *e);

/* Checks an open file that holds a secret, which opens a store: nobody else may use it, or can have put it there. path:
 * for the sentence. E_REFUSED, E_IO. */
int secretfile_check(int fd, const char *path, struct error *e);

#endif
