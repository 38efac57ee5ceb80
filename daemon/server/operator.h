/* The operator's socket: while the daemon runs, satcheld commands are carried out by it, since there is one writer.
 *
 * A stream socket, mode 0600, in the office's folder; only the daemon's own user and root are heard (SO_PEERCRED). A
 * request is a 32-bit big-endian length and msgpack [folder it was called in, [argv...], secret or nil]; the answer is
 * a length and [exit status, stdout, stderr]. One request for each connection. */
#ifndef SATCHEL_OPERATOR_H
#define SATCHEL_OPERATOR_H

#include "cli.h"
#include "error.h"
#include "server.h"

#define OPERATOR_REQUEST_MAX 65536 /* bytes */
#define OPERATOR_ANSWER_MAX (256u << 20)

int operator_listen(struct server *s, struct error *e); /* E_BUSY: another daemon answers there */
void operator_stop(struct server *s);                   /* closes it and takes the socket away */

/* From another process: asks the daemon of this folder to run a command, and prints what it answers. *status: the exit
 * status. E_NOT_FOUND: no daemon is running (open the store yourself). secret may be NULL. */
int operator_ask(const char *folder, int argc, char **argv, const char *secret, size_t secret_bytes, int *status,
                 struct error *e);

#endif
