/* A link: an authenticated, encrypted stream of whole messages over any stream of bytes. No I/O: bytes go in and come
 * out, and events say what happened. docs/PROTOCOL.md, "The link", has the bytes.
 *
 *   preface (clear, 8 bytes, from the initiator): "SATCHEL" and a mode byte: 's' sync (XK) or 'e' enrolment (XKpsk3).
 *   The Noise prologue is the preface and the protocol's version string, LINK_VERSION.
 *   handshake messages and transport messages: 16-bit big-endian length, then the Noise message.
 *   Inside transport messages a stream of frames: 32-bit big-endian length and type byte (0 a message, 1 the end, 2 the
 *   rest of a message that began on an earlier link), then the bytes. A stream that ends without an end frame broke
 * off. A link's first transport messages are short, so that one that breaks early has carried something. */
#ifndef SATCHEL_LINK_H
#define SATCHEL_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "noise.h"
#include "pack.h"

#define LINK_VERSION "satchel/2"

enum link_mode { LINK_SYNC = 's', LINK_ENROL = 'e' };

enum link_event_type {
    LINK_NOTHING, /* give it more bytes */
    LINK_TICKET,  /* responder, enrolment: the initiator named a ticket (event.bytes, 16); answer with link_secret */
    LINK_READY,   /* the handshake is done; event.bytes (32) is the peer's static key; the responder must look it up */
    LINK_MESSAGE, /* event.bytes is one whole message */
    LINK_REST,    /* event.bytes is the rest of a message, which link_await_rest allowed */
    LINK_END      /* the peer ended the stream as it should; nothing follows */
};

struct link_event {
    enum link_event_type type;
    const uint8_t *bytes; /* inside the link; valid until the next link_next or link_free */
    size_t size;
};

struct link; /* until the handshake is done it takes at most LIMITS_HANDSHAKE_PEER_MAX bytes, buffers included */

/* Makes a link. The initiator gives its static secret key s_secret and the office's static key rs; ticket (16 bytes)
 * and secret (32) are for LINK_ENROL, else NULL; its first bytes stand in link_output at once. The responder reads the
 * mode from the preface. Everything is copied. NULL: no memory. If rs is no key (of low order), the link is made, and
 * its first link_next says so. */
struct link *link_new_initiator(enum link_mode mode, const uint8_t s_secret[NOISE_KEY_BYTES],
                                const uint8_t rs[NOISE_KEY_BYTES], const uint8_t *ticket, const uint8_t *secret);
struct link *link_new_responder(const uint8_t s_secret[NOISE_KEY_BYTES]);
void link_free(struct link *l); /* wipes; NULL is allowed */

/* Copies all of these bytes from the peer. At most LIMITS_RECEIVE_MAX may wait for link_next, so call that until
 * LINK_NOTHING after each read. E_LIMIT if more would wait or the peer speaks before its turn, E_MEMORY. Errors in what
 * the bytes say come from link_next. */
int link_receive(struct link *l, const uint8_t *bytes, size_t size, struct error *e);

/* Gives the next event; call until LINK_NOTHING. E_PEER (not authentic, or not our protocol: the sentence says which),
 * E_LIMIT, E_MEMORY. After an error of link_receive or link_next the link is dead: its keys are wiped, it has no
 * output, and every later call repeats the error. */
int link_next(struct link *l, struct link_event *event, struct error *e);

/* The responder hands in the secret of the ticket that LINK_TICKET named; until then the peer gets no answer. Hand in a
 * random secret for a ticket that is unknown or used, so that a stranger learns nothing. Whoever recorded an enrolment
 * can make LINK_TICKET happen again, so use a ticket up after LINK_READY and not when it is named. E_INTERNAL if no
 * ticket is waiting, E_MEMORY. */
int link_secret(struct link *l, const uint8_t secret[32], struct error *e);

/* Queues a whole message, once the handshake is done. E_LIMIT (LIMITS_MESSAGE_MAX, LIMITS_OUTPUT_MAX), E_MEMORY,
 * E_INTERNAL (too early, or after link_end): nothing was queued, and the link lives on. */
int link_send(struct link *l, const uint8_t *message, size_t size, struct error *e);

/* Queues the rest of a message whose beginning the peer has from an earlier link. Errors as link_send's. */
int link_send_rest(struct link *l, const uint8_t *rest, size_t size, struct error *e);
/* The next frame may be the rest of a message, of at most max bytes. Until this is called, and after one has come, a
 * rest is refused. */
void link_await_rest(struct link *l, size_t max);
/* What has come of the message or rest that has not come whole. *is_rest: it is a rest. Size 0: nothing has, or the
 * link is dead, has ended or is not open. Valid until the next link_next or link_free; call it after LINK_NOTHING. */
struct slice link_unfinished(const struct link *l, int *is_rest);
/* Copies the first 16 bytes of the handshake's hash, which both sides of this link have and nobody else, once the
 * handshake is done. */
void link_name(const struct link *l, uint8_t out[16]);

/* Queues the end frame; nothing can be sent after it. Errors as link_send's. */
int link_end(struct link *l, struct error *e);

/* Returns the bytes that are to be written to the peer (*size 0: none). They stay valid until the next call that takes
 * a link that is not const. link_sent drops the first `size` bytes once they have been written. */
const uint8_t *link_output(const struct link *l, size_t *size);
void link_sent(struct link *l, size_t size);

int link_is_ready(const struct link *l);           /* the handshake is done */
enum link_mode link_mode_of(const struct link *l); /* a responder knows it after its first event */

#endif
