/* The wire: drives a session of proto/ over TCP with libuv, for a program that does one thing after another. The only
 * file of the laptop's program that knows of the network. Times out; never blocks for ever. */
#ifndef SATCHEL_WIRE_H
#define SATCHEL_WIRE_H

#include <stdint.h>

#include "error.h"
#include "id.h"
#include "message.h"
#include "session.h"

#define WIRE_CONNECT_MS 10000 /* for each address of the office */
#define WIRE_END_MS 5000      /* how long the office gets to say its end */

struct wire_options {
    const char *host;
    unsigned port;
    enum link_mode mode;
    const uint8_t *noise_secret; /* 32 bytes: ours */
    const uint8_t *office_noise; /* 32 bytes: the office's public key */
    const struct id *ticket;     /* enrolment only, with its secret of 32 bytes */
    const uint8_t *secret;
    uint64_t break_after; /* for drills: the link breaks after so many bytes have come; 0: it does not */
};

struct wire;

/* Connects and shakes hands. E_NET (nobody answers: the sentence says where and why), E_PEER (who answers does not hold
 * the office's key), E_MEMORY. */
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

void wire_close(struct wire *w); /* NULL allowed */

#endif
