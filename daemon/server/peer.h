/* A laptop's connection: a session (proto), a socket, a clock. */
#ifndef SATCHEL_PEER_H
#define SATCHEL_PEER_H

#include "error.h"
#include "receive.h"
#include "server.h"

/* Takes the next connection from the server's listener. */
void peer_accept(struct server *s);

/* The push of this peer has been committed (result), or not (result NULL; e says why). Answers and goes on. */
void peer_pushed(struct peer *p, const struct receive_result *result, const struct error *e);

/* Ends every connection; at the server's end. */
void peer_close_all(struct server *s);

#endif
