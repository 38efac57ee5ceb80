/* A laptop's connection: a session (proto/session.h), a socket and a timer. The states are in peer.c. */
#ifndef SATCHEL_PEER_H
#define SATCHEL_PEER_H

#include "error.h"
#include "receive.h"
#include "server.h"

/* Takes the next connection from the server's listener. It is a stranger's until its handshake is done, and may push an
 * older stranger out (STRANGERS_MAX, STRANGERS_HOST_MAX), never a laptop. */
void peer_accept(struct server *s);

/* Answers the push of an exchange and goes on with its peer's next message, if it has one. result: what was taken, on
 * the disk now; NULL: the push failed, and e says why. */
void peer_pushed(struct exchange *x, const struct receive_result *result, const struct error *e);

/* Closes every connection, when the server stops. */
void peer_close_all(struct server *s);

#endif
