/* A session is a link, the messages on it, and the order in which they may come. One table has both sides' states; a
 * message that is out of order ends the session. There is no I/O. docs/PROTOCOL.md, "Sessions", has the states.
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

/* Make a session on a new link; see link_new_initiator and link_new_responder. NULL: no memory. */
struct session *session_new_laptop(enum link_mode mode, const uint8_t s_secret[32], const uint8_t rs[32],
                                   const struct id *ticket, const uint8_t *secret);
struct session *session_new_office(const uint8_t s_secret[32]);
void session_free(struct session *s);

/* As link_receive. */
int session_receive(struct session *s, const uint8_t *bytes, size_t size, struct error *e);
/* Gives the next event; call until SESSION_NOTHING. E_PEER, E_INPUT, E_LIMIT, E_MEMORY; then every later call fails
 * with the same code, and only session_fail can still be said. A fail message from the peer is an event like any other
 * message; answer it with session_end. After our own fail what the peer still says is dropped, up to its end. */
int session_next(struct session *s, struct session_event *event, struct error *e);

/* As link_secret. */
int session_secret(struct session *s, const uint8_t secret[32], struct error *e);

/* Queues a message. E_INTERNAL: it is not our turn to say this; E_LIMIT, E_MEMORY: nothing was queued, and it is still
 * our turn. */
int session_send(struct session *s, const struct message *m, struct error *e);

/* Queues a fail with code and sentence (cut to what a message carries), then the end. E_INTERNAL before SESSION_READY
 * and after our own fail or end: then hang up. */
int session_fail(struct session *s, int code, const char *sentence, struct error *e);

/* Queues the end. The laptop may end when no answer is due, the office when it has enrolled a laptop, and either once
 * the other has failed or ended; else E_INTERNAL. */
int session_end(struct session *s, struct error *e);

/* As link_output, link_sent and link_is_ready. */
const uint8_t *session_output(const struct session *s, size_t *size);
void session_sent(struct session *s, size_t size);
int session_is_ready(const struct session *s);
int session_has_ended(const struct session *s); /* the peer has ended as it should */
enum link_mode session_mode(const struct session *s);

#endif
