/* Admitting laptops: tickets and enrolment. A ticket's secret stands beside the log, never in it. */
#ifndef SATCHEL_ADMIT_H
#define SATCHEL_ADMIT_H

#include <stdint.h>

#include "central.h"
#include "error.h"
#include "message.h"
#include "ticket.h"

#define ADMIT_HOURS_MAX 24

/* Makes a ticket for a user: its record in the log, its secret beside it. In a transaction of its own. hours: 1 to
 * ADMIT_HOURS_MAX. E_REFUSED (the user is disabled), E_INPUT. */
int admit_invite(struct central *c, const struct id *user, unsigned hours, const char *host, unsigned port,
                 struct ticket *out, struct error *e);

/* The secret for a handshake: the ticket's, also where it has been used or has expired, so that the laptop can be told;
 * random bytes for one that the office never made. */
int admit_secret(struct central *c, const struct id *ticket, uint8_t secret[32], struct error *e);

/* What the office answers to an enrolment; texts are in the struct. */
struct admit_answer {
    struct message_enrolled message;
    char user_name[1024], office_name[1024], log_key[CHECKPOINT_VKEY_MAX];
};
/* Enrols a laptop, durably, in a transaction of its own. ticket: the one that the handshake named. The same laptop with
 * the same ticket once more gets the same answer: its first may have been lost. E_REFUSED: expired, used by another,
 * the user is disabled, the proof fails. */
int admit_enrol(struct central *c, const struct id *ticket, const struct message_enrol *m, const uint8_t noise_key[32],
                struct admit_answer *out, struct error *e);

#endif
