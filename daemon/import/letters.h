/* The text of a file, byte by byte as UTF-8, whatever encoding the file has. */
#ifndef SATCHEL_LETTERS_H
#define SATCHEL_LETTERS_H

#include <stdint.h>
#include <stdio.h>

#include "error.h"

struct letters;

/* Opens a regular file to read its bytes; the caller closes it. Anything else could keep the daemon waiting for ever,
 * as a pipe that nobody writes to does. E_INPUT: it is none; E_IO. */
int letters_regular(const char *path, FILE **out, struct error *e);

/* Opens a regular file and reads it once, so that a text of another encoding is refused before any of it is used. A
 * byte order mark says that it is UTF-8 or UTF-16 (RFC 3629 section 6, RFC 2781 section 3.2), and is no part of the
 * text; without one it is UTF-8 if all of it is. Else it is what `encoding` says, a name as iconv(3) knows it; NULL: it
 * must not be. *out: until letters_close. E_INPUT: no regular file, not of the encoding (the sentence names the first
 * line that shows it, and --encoding), or an encoding that iconv does not know; E_IO, E_MEMORY. */
int letters_open(const char *path, const char *encoding, struct letters **out, struct error *e);
void letters_close(struct letters *l);

/* The next byte of the text, or EOF (stdio.h). */
int letters_next(struct letters *l);

/* E_IO: the file could not be read to its end, or was changed meanwhile; only after EOF. */
int letters_check(const struct letters *l, struct error *e);

#endif
