/* A ticket: what enrols one laptop, once. A text file of lines, made by `satcheld device invite`, read by
 * `satchel enrol`. It holds a secret: mode 0600, and it is handed over like a key.
 *
 *   -----BEGIN SATCHEL TICKET-----
 *   base64 of msgpack [1, ticket, secret, user, noise_key, log_key, expires_ms, host, port] and 8 bytes of its BLAKE2b
 *   -----END SATCHEL TICKET----- */
#ifndef SATCHEL_TICKET_H
#define SATCHEL_TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "id.h"

#define TICKET_TEXT_MAX 2048
#define TICKET_HOST_MAX 256

struct ticket {
    struct id ticket, user;
    uint8_t secret[32];
    uint8_t noise_key[32]; /* the office's static key */
    char log_key[320];     /* the office's verifier key (checkpoint_vkey_format) */
    uint64_t expires_ms;
    char host[TICKET_HOST_MAX];
    unsigned port;
};

int ticket_format(const struct ticket *t, char out[TICKET_TEXT_MAX], struct error *e); /* E_INPUT */
/* E_INPUT: "this is not a ticket", cut short, or damaged. Whether it has expired is the office's to say. */
int ticket_parse(const char *text, size_t bytes, struct ticket *out, struct error *e);

#endif
