/* Admitting laptops: tickets and enrolment. A ticket's record stands in the log; its secret does not, but in a table
 * beside it (ticket_secret). */
#ifndef SATCHEL_ADMIT_H
#define SATCHEL_ADMIT_H

#include <stdint.h>

#include "central.h"
#include "error.h"
#include "message.h"
#include "ticket.h"

#define ADMIT_HOURS_MAX 24

/* Where laptops meet the office. */
struct admit_address {
    const char *host;
    unsigned port;
};

/* Makes a ticket for a user, in a transaction of its own, by c->author. hours: how long it is good for, 1 to
 * ADMIT_HOURS_MAX. E_REFUSED (the user is disabled, or there is none), E_INPUT (hours, host or port), the store's. */
int admit_invite(struct central *c, const struct id *user, unsigned hours, const struct admit_address *address,
                 struct ticket *out, struct error *e);

/* The secret for the handshake with a ticket. One that was used or has expired has its secret still, so that the laptop
 * can be told; for one that the office never made the secret is random. Errors: the store's. */
int admit_secret(struct central *c, const struct id *ticket, uint8_t secret[32], struct error *e);

/* What the office answers to an enrolment. message's slices point into the struct. */
struct admit_answer {
    struct message_enrolled message;
    char user_name[1024], office_name[1024], log_key[CHECKPOINT_VKEY_MAX];
};
/* Enrols a laptop, in a transaction of its own. ticket: the one that the handshake named; noise_key: the laptop's, from
 * the handshake. The same laptop with the same ticket gets the same answer a second time, since the first may have been
 * lost. E_REFUSED (the ticket is unknown, expired or used by another laptop; the user is disabled; the laptop is
 * enrolled already; the proof fails), the store's. */
int admit_enrol(struct central *c, const struct id *ticket, const struct message_enrol *m, const uint8_t noise_key[32],
                struct admit_answer *out, struct error *e);

#endif
