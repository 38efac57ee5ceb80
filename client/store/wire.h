/* The wire: drives a session of proto/ over TCP with libuv, for a program that does one thing after another. The only
 * file of the laptop's program that knows of the network. Times out; never blocks for ever.
 *
 * If the link breaks while an answer is due, and the caller wants it (goes_on), wire_receive connects again and goes on
 * with the session where the two stopped, as often as that gets further; the caller hears nothing of it. */
#ifndef SATCHEL_WIRE_H
#define SATCHEL_WIRE_H

#include <stdint.h>

#include "error.h"
#include "id.h"
#include "message.h"
#include "pack.h"
#include "session.h"

#define WIRE_CONNECT_MS 10000 /* for each address of the office, and for its first answer: two ways of the link */
#define WIRE_END_MS 5000      /* how long the office gets to say its end */
#define WIRE_TRIES 3          /* connections in a row that may get no further */
#define WIRE_LINKS_MAX 4096   /* connections of one wire */

struct wire_options {
    const char *host;
    unsigned port;
    enum link_mode mode;
    const uint8_t *noise_secret; /* 32 bytes: ours */
    const uint8_t *office_noise; /* 32 bytes: the office's public key */
    const struct id *ticket;     /* enrolment only, with its secret of 32 bytes */
    const uint8_t *secret;
    uint64_t break_after;    /* for drills: the link breaks after so many bytes have come; 0: it does not */
    int goes_on;             /* connect again if the link breaks; a drill does not */
    struct slice unfinished; /* a session that broke off, of wire_unfinished, to go on with; size 0: none */
};

struct wire;

/* Connects and shakes hands; asks the office to go on with the session that is given, if there is one. E_NET (nobody
 * answers: the sentence says where and why), E_PEER (who answers does not hold the office's key), E_MEMORY; E_VERIFY
 * (the session that it was given is not the one that the office has). */
int wire_open(struct wire **out, const struct wire_options *options, struct error *e);

/* Queues a message; it goes out while the next one is waited for. Errors: session_send's. */
int wire_send(struct wire *w, const struct message *m, struct error *e);

/* Waits for the next message; its slices live until the next call. E_NET (the link broke, or the office said nothing
 * for LIMITS_IDLE_MS), the code of a fail message with the office's sentence, E_PEER, E_INPUT, E_LIMIT. */
int wire_receive(struct wire *w, struct message *out, struct error *e);

/* Says the end and waits for the office's, or for the end of the connection, for WIRE_END_MS at most. */
void wire_end(struct wire *w);

/* Tells the office why we give up, as well as it can be told. */
void wire_fail(struct wire *w, const struct error *why);

/* 1: the office goes on with the session that wire_open was given: an answer is due, to the message that wire_pending
 * gives. 0: a session begins, with a hello. */
int wire_goes_on(const struct wire *w);
/* 1: wire_receive failed because the office does not know the session any more, and the link that it was told over is
 * open: another session can begin on it. */
int wire_begins_anew(const struct wire *w);
/* The message to which the answer is due; its slices live until that has come. Errors: message_read's. */
int wire_pending(const struct wire *w, struct message *out, struct error *e);
/* How often the link broke and the session went on over another. */
unsigned wire_breaks(const struct wire *w);
/* After E_NET of wire_receive: packs what another wire_open can go on with. 1: it is in *out, which is freed with
 * pack_free in every case; 0: there is nothing to go on with. */
int wire_unfinished(struct wire *w, struct pack *out);

void wire_close(struct wire *w); /* NULL allowed */

#endif
