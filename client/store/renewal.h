/* The lease: how long this laptop opens its store without meeting the office. It is in the key file (keyfile.h); the
 * office gives a new one at every sync. When it is over the passphrase alone does not open the store. With a network
 * the laptop meets the office by the link key, which the passphrase still opens, and gets a new lease. Without one,
 * unsent work is sealed to the office, and `satchel courier out` takes it out. renewal.c begins with the states of a
 * lease. */
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

/* Keeps the lease that a welcome brought, secret and end; until_ms 0: it brought none, and the one that is there stays.
 * office_ms: the office's time when it gave it. Errors: keyfile.h's. */
int renewal_keep(struct store *s, const uint8_t secret[32], uint64_t until_ms, uint64_t office_ms, struct error *e);

/* Gives each pair of the office's recovery officers, as a welcome brought them, a slot in the key file. Only pairs that
 * the office has signed are taken (officers.h): E_VERIFY, and the key file is as it was. Errors: also keyfile.h's. */
int renewal_officers(struct store *s, struct slice recovery, struct error *e);

/* officers_digest of the pairs that have a slot in the key file, for a hello; zeros, if it cannot be read: then the
 * office sends them all. */
void renewal_officers_digest(const char *folder, uint8_t out[32]);

/* Says on cli->err when the lease ends, if that is within RENEWAL_WARN_DAYS. until_ms: its end; 0: there is no lease.
 */
void renewal_warn(const struct cli *cli, uint64_t until_ms);

/* Writes store.office: where the office is and by which key it is known, in clear beside the store, for when the store
 * does not open. A file that is there and whole stays as it is. noise: the office's public key. The enrolment calls it,
 * and each opening. Errors: E_IO, E_FULL, E_MEMORY. */
struct renewal_office {
    const char *host;
    unsigned port;
    const uint8_t *noise; /* the office's public key, 32 bytes */
    const uint8_t *link;  /* the laptop's link key, which vouches for that in the file */
};
int renewal_remember_office(const char *folder, const struct renewal_office *office, struct error *e);
int renewal_remember_own_office(const struct store *s, struct error *e);
/* E_VERIFY: store.office names another office's key than the store. A file that is missing or damaged is no error: it
 * is made again. Asked before anything is sent. */
int renewal_check_office(const struct store *s, struct error *e);

/* Remembers in store.office that the office answers at another address now (host NULL, port 0: as it was). Its key
 * stays the one that is known, so a wrong address costs nothing but an answer. E_LOCKED (no office is known), E_USAGE,
 * E_IO, E_MEMORY. */
int renewal_moved(const char *folder, const char *host, unsigned port, struct error *e);

/* Opens the key file with a passphrase. key: gets the 32 bytes of the data key. If the lease is over or damaged, meets
 * the office first, which gives a new one; if a `key rotate` died between its last two steps, ends it. E_LOCKED (the
 * lease is over and no office is in reach, or none is known: the sentence says how to go on), E_REFUSED (the office has
 * disabled this laptop), keyfile.h's, rekey.h's and the wire's errors. */
int renewal_open(const char *folder, struct keyfile_passphrase passphrase, uint8_t *key, struct keyfile_opened *opened,
                 struct error *e);

/* Fetches a new lease from the office that store.office names, for officers who have opened the store without a
 * passphrase. link: the store's own Noise secret (32 bytes). out: secret memory of the caller, who wipes it. Errors: as
 * renewal_open's of the office and the wire. */
int renewal_fetch(const char *folder, const uint8_t *link, struct keyfile_lease *out, struct error *e);

#endif
