/* The operator's socket: while the daemon runs it carries out the commands of satcheld, since an office has one writer.
 *
 * A stream socket, mode 0600, in the office's folder; only the daemon's own user and root are heard (SO_PEERCRED). A
 * request is a 32-bit big-endian length and msgpack [folder it was called in, [argv...], secret or nil, 1 or 0: it
 * shows progress]; the answer is a length and [exit status, stdout, stderr]. Before it may come, each with its length,
 * how far a long command is: [words]. One request for each connection. */
#ifndef SATCHEL_OPERATOR_H
#define SATCHEL_OPERATOR_H

#include "cli.h"
#include "error.h"
#include "server.h"

#define OPERATOR_REQUEST_MAX 65536 /* bytes */
#define OPERATOR_ANSWER_MAX (256u << 20)

/* Makes the socket and listens. E_INPUT: the folder's path is too long for a socket; E_IO. */
int operator_listen(struct server *s, struct error *e);
/* Hangs up, closes the socket and removes its file. */
void operator_stop(struct server *s);

/* Checks, before there is an office, that its daemon can have its socket. E_INPUT: the folder's path is too long. */
int operator_check(const char *folder, struct error *e);
/* In another process: 1: a daemon of this folder listens; 0: none does, or not to this user. */
int operator_is_there(const char *folder);
/* In another process: asks the daemon of this folder to carry out a command, and prints its output. secret: a
 * passphrase that belongs to the command, p NULL: none. *status gets the exit status. E_NOT_FOUND: no daemon runs, so
 * the caller opens the store itself; E_REFUSED: it is another user's, or who listens may not be the daemon, and was
 * told nothing; E_INPUT, E_LIMIT (request or answer too large), E_IO. */
int operator_ask(const char *folder, int argc, char **argv, struct slice secret, int *status, struct error *e);

#endif
