/* A session: a link, the messages on it, and the order in which they may come. One table holds both sides' states; a
 * message that is out of order ends the session. No I/O. docs/PROTOCOL.md, "Sessions", has the states.
 *
 *   sync   hello, welcome, then any number of (push, pushed), (pull, entries) and (fork, epoch) in any order, then end
 *   enrol  enrol, enrolled, end */
#ifndef SATCHEL_SESSION_H
#define SATCHEL_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "link.h"
#include "message.h"

struct session;

enum session_event_type {
    SESSION_NOTHING, /* give it more bytes */
    SESSION_TICKET,  /* office: the ticket's id is in event.ticket; answer with session_secret */
    SESSION_READY,   /* the handshake is done; event.peer is the peer's static Noise key; the laptop sends first */
    SESSION_MESSAGE, /* event.message; its slices live until the next session_next */
    SESSION_END      /* the peer said that it has ended */
};

struct session_event {
    enum session_event_type type;
    struct id ticket;
    uint8_t peer[32];
    struct message message;
};

/* See link_new_initiator and link_new_responder. NULL: no memory. */
struct session *session_new_laptop(enum link_mode mode, const uint8_t s_secret[32], const uint8_t rs[32],
                                   const struct id *ticket, const uint8_t *secret);
struct session *session_new_office(const uint8_t s_secret[32]);
void session_free(struct session *s);

int session_receive(struct session *s, const uint8_t *bytes, size_t size, struct error *e);
/* Call until SESSION_NOTHING. E_PEER, E_INPUT, E_LIMIT; then every later call fails with the same code, and all that
 * can still be said is session_fail. A fail message from the peer is an event like any other message; after it answer
 * with session_end. After our own fail what the peer still says is dropped, up to its end. */
int session_next(struct session *s, struct session_event *event, struct error *e);
int session_secret(struct session *s, const uint8_t secret[32], struct error *e);
/* E_INTERNAL: it is not our turn to say this; E_LIMIT, E_MEMORY: nothing was sent, and it is still our turn. */
int session_send(struct session *s, const struct message *m, struct error *e);
/* Sends code and sentence (cut to what a message carries), then the end. E_INTERNAL before SESSION_READY and after our
 * own fail or end: then there is nothing to do but to hang up. */
int session_fail(struct session *s, int code, const char *sentence, struct error *e);
/* The laptop may end when no answer is due, the office when it has enrolled a laptop; either once the other has failed
 * or ended. E_INTERNAL otherwise. */
int session_end(struct session *s, struct error *e);

const uint8_t *session_output(const struct session *s, size_t *size);
void session_sent(struct session *s, size_t size);
int session_is_ready(const struct session *s);
int session_has_ended(const struct session *s); /* the peer has ended as it should */
enum link_mode session_mode(const struct session *s);

#endif
