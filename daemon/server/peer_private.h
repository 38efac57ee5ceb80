/* What the parts of a laptop's connection share. Only peer*.c include it. */
#ifndef SATCHEL_PEER_PRIVATE_H
#define SATCHEL_PEER_PRIVATE_H

#include "device.h"
#include "exchange.h"
#include "message.h"
#include "peer.h"
#include "strangers.h"

struct peer {
    struct server *server;
    struct peer *next, **link;
    uv_tcp_t tcp;
    uv_timer_t timer, rest;
    int open_handles; /* of tcp, timer and rest; at 0 the memory is freed */
    int closing;
    struct strangers_host host; /* where it comes from */
    int is_stranger;            /* it has not proved a key that the office knows, nor enrolled */
    int is_told;                /* stranger: the journal has heard of it */
    int has_ticket;             /* the handshake proved `ticket` */
    struct exchange *x;         /* what it and the laptop are at; NULL: closing */
    struct id ticket;           /* the ticket that the handshake named */
    uint8_t noise_key[32];
    int known; /* device is filled */
    struct device device;
    int rests; /* it was dealt much in a short time (pace.h): its next message waits until `rest` fires */
    int refused;
    int writing; /* a write is under way, of the bytes in `out` */
    uint8_t *out;
};

/* Writes a line about the peer into the journal; of a stranger's link one alone, and not of each (strangers.h). */
void peer_say(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Answers a message. After an error the peer is refused, and told why. Errors: what answers a message fails with;
 * E_REFUSED (the laptop is shut out), E_PEER (a laptop does not say that). */
int peer_answer(struct peer *p, const struct message *m, struct error *e);
/* Says what became of a push. A link that broke meanwhile gets it when the laptop goes on. Errors: receive_answer's,
 * session_send's. */
int peer_answer_push(struct exchange *x, const struct receive_result *result, struct error *e);

#endif
