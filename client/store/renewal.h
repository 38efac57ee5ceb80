/* The lease: how long this laptop opens its store without meeting the office. It stands in the key file (keyfile.h);
 * the office gives a new one at every sync. When it is over the passphrase alone opens nothing. With a network the
 * laptop meets the office by the link key that the passphrase still opens, and gets its lease back; without one, what
 * is unsent is sealed to the office, and `satchel courier out` takes it out. */
#ifndef SATCHEL_RENEWAL_H
#define SATCHEL_RENEWAL_H

#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "error.h"
#include "keyfile.h"
#include "pack.h"
#include "store.h"

#define RENEWAL_WARN_DAYS 7

/* Keeps the lease that a welcome brought; until_ms 0: it brought none, and what is there stays. Errors: keyfile.h's. */
int renewal_keep(struct store *s, const uint8_t secret[32], uint64_t until_ms, uint64_t office_ms, struct error *e);

/* Gives each pair of the office's recovery officers, as a welcome brought them, a slot in the key file. Only pairs that
 * the office has signed are taken (officers.h): E_VERIFY, and the key file is as it was. Errors: also keyfile.h's. */
int renewal_officers(struct store *s, struct slice recovery, struct error *e);

/* "the lease ends on ...": where the end is near, a line on cli->err. */
void renewal_warn(const struct cli *cli, uint64_t until_ms);

/* Where the office is and how it is known, in clear beside the store, for when the store does not open. Written by the
 * enrolment, and at an opening where it is missing or damaged. noise: the office's public key. Errors: E_IO, E_FULL,
 * E_MEMORY. */
int renewal_note(const char *folder, const char *host, unsigned port, const uint8_t noise[32], struct error *e);
/* The same, as the store knows it. */
int renewal_note_office(const struct store *s, struct error *e);

/* The office answers at another address now (host NULL, port 0: as it was): remembered there. Its key stays the one
 * that is known, so a wrong address costs nothing but an answer. E_LOCKED (no office is known), E_USAGE, E_IO,
 * E_MEMORY. */
int renewal_moved(const char *folder, const char *host, unsigned port, struct error *e);

/* From a passphrase to the data key: by the key file; where the lease is over or damaged, by meeting the office, which
 * gives a new one; where a `key rotate` died between its last two steps, by ending it. key: 32 bytes. E_LOCKED (the
 * lease is over and no office is in reach, or none is known: the sentence says how to go on), E_REFUSED (the office has
 * disabled this laptop), keyfile.h's, rekey.h's and the wire's errors. */
int renewal_open(const char *folder, const char *passphrase, size_t bytes, uint8_t *key, struct keyfile_opened *opened,
                 struct error *e);

/* A new lease, for officers who have opened the store without a passphrase; link is the store's own Noise secret. */
int renewal_fetch(const char *folder, const uint8_t *link, struct keyfile_lease *out, struct error *e);

#endif
