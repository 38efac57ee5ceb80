/* A session is a link, the messages on it, and the order in which they may come. One table has both sides' states; a
 * message that is out of order ends the session. There is no I/O. docs/PROTOCOL.md, "Sessions", has the states.
 *
 *   sync   hello, welcome, then any number of (push, pushed), (pull, entries) and (fork, epoch) in any order, then end;
 *          if the link breaks, another goes on with the session: resume, resumed, and then the rest of what broke off
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
    SESSION_NOTHING,   /* give it more bytes */
    SESSION_TICKET,    /* office: the ticket's id is in event.ticket; answer with session_secret */
    SESSION_READY,     /* the handshake is done; event.peer is the peer's static Noise key; the laptop sends first */
    SESSION_MESSAGE,   /* event.message; its slices live until the next session_next */
    SESSION_RESUMED,   /* laptop: the office goes on with the session; the answer that was due is still due */
    SESSION_FORGOTTEN, /* laptop: the office does not; this link begins another session, with a hello */
    SESSION_END        /* the peer said that it has ended */
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
/* Gives the next event; call until SESSION_NOTHING. E_PEER, E_INPUT, E_LIMIT, E_MEMORY, and E_VERIFY (the
 * office would go on with what this laptop did not say); then every later call fails with the same code, and only
 * session_fail can still be said. A fail message from the peer is an event like any other message; answer it with
 * session_end. After our own fail what the peer still says is dropped, up to its end. */
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

/* --- going on over another link (session_resume.c) --- */

/* The link has broken: keeps what has come of a message, and frees the link. 1: the session can go on over another;
 * 0: it cannot (nothing was said, it has failed or ended, it is an enrolment, or the peer broke the protocol). */
int session_break(struct session *s);
/* Laptop, after session_break or session_load: gives the session a new link. After SESSION_READY it asks the office to
 * go on, and SESSION_RESUMED or SESSION_FORGOTTEN comes. Keys as in link_new_initiator. E_MEMORY. */
int session_relink(struct session *s, const uint8_t s_secret[32], const uint8_t rs[32], struct error *e);
/* 1: a new link is there, and the office has not said yet whether it goes on. */
int session_resumes(const struct session *s);
/* A number that grows with each byte of which both sides know, after SESSION_RESUMED, that it has come. */
uint64_t session_reached(const struct session *s);
/* Laptop: the message to which the answer is due; its slices live until that has come. Errors: message_read's. */
int session_pending(const struct session *s, struct message *out, struct error *e);
/* Office: answers a resume on the link of s, from an earlier session of the same laptop without a link, or NULL: there
 * is none. 1: s has taken over all that the other was, and goes on; the other is empty. 0: it is not that one, or not
 * at that place; s waits for a hello. -1: failed, e says why (session_send's errors). */
int session_take_up(struct session *s, struct session *earlier, const struct message_resume *m, struct error *e);
size_t session_bytes(const struct session *s); /* of memory, without the link */
/* Laptop: packs a session without a link, and makes it again. Only one that waits for
 * a welcome, a pushed or entries can be packed (else E_INTERNAL). *out of
 * session_save is freed with pack_free, after an error too. E_MEMORY; session_load also E_INPUT. */
int session_save(const struct session *s, struct pack *out, struct error *e);
int session_load(struct slice saved, struct session **out, struct error *e);

#endif
