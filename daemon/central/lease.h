/* The lease: how long a laptop may open its store without meeting the office. The office gives each laptop a secret of
 * its own, always the same, which a leased slot of the laptop's key file needs beside the passphrase (docs/VAULT.md). A
 * laptop that is revoked does not get it any more. */
#ifndef SATCHEL_LEASE_H
#define SATCHEL_LEASE_H

#include <stdint.h>

#include "central.h"
#include "error.h"

#define LEASE_DAYS 30 /* unless the office has said otherwise (`satcheld lease`) */
#define LEASE_DAYS_MAX 400

/* The days that the office's record says; LEASE_DAYS if it says none, or more than LEASE_DAYS_MAX. Errors: the store's.
 */
int lease_days(struct central *c, unsigned *days, struct error *e);

struct lease {
    uint8_t secret[32];
    uint64_t until_ms; /* when it ends, in milliseconds since 1970 */
};

/* A laptop's lease from now_ms on; all zeros for one that is revoked, and after an error. Errors: the store's. */
int lease_of(struct central *c, const struct id *device, int revoked, uint64_t now_ms, struct lease *out,
             struct error *e);

#endif
