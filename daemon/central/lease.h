/* The lease: how long a laptop may open its store without meeting the office. The office gives each laptop a secret of
 * its own, always the same, which a leased slot of the laptop's key file needs beside the passphrase (docs/VAULT.md); a
 * laptop that is revoked gets it no more. */
#ifndef SATCHEL_LEASE_H
#define SATCHEL_LEASE_H

#include <stdint.h>

#include "central.h"
#include "error.h"

#define LEASE_DAYS 30 /* where the office has not said */
#define LEASE_DAYS_MAX 400

/* What the office's record says; LEASE_DAYS where it says nothing, or what no lease can be. */
int lease_days(struct central *c, unsigned *days, struct error *e);

/* A laptop's lease from now on: the secret, and its end in milliseconds since 1970. revoked: zeros and 0. */
int lease_of(struct central *c, const struct id *device, int revoked, uint64_t now_ms, uint8_t secret[32],
             uint64_t *until_ms, struct error *e);

#endif
