/* A ticket enrols one laptop, once. It is a text file: `satcheld device invite` makes it, `satchel enrol` reads it.
 * There is a secret in it, so it has mode 0600 and is handed over like a key.
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

/* Writes the ticket's text, NUL-ended. E_INPUT: the host, the port, the verifier key or the expiry cannot stand in one;
 * E_MEMORY. */
int ticket_format(const struct ticket *t, char out[TICKET_TEXT_MAX], struct error *e);

/* Reads a ticket's text. E_INPUT: it is no ticket, cut short, damaged, or of a newer version; out is then zeros. Only
 * the office can tell if it has expired. */
int ticket_parse(const char *text, size_t bytes, struct ticket *out, struct error *e);

#endif
