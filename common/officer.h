/* Recovery officers: two of them together open a store, no one alone. What the office says of a pair, and signs with
 * the key of its log, so that no one else can put officers into a laptop's key file:
 *
 *   "satchel recovery 1" and a zero, then for each of the two, the smaller id first: user id 16, X25519 public key 32
 */
#ifndef SATCHEL_OFFICER_H
#define SATCHEL_OFFICER_H

#include <stdint.h>

#include "error.h"
#include "keyfile.h"
#include "pack.h"

#define OFFICER_PAIR_BYTES 160 /* on the wire: id, key, id, key, signature */

/* Puts the two into order and signs. secret: Ed25519, 64 bytes. */
void officer_sign(struct keyfile_pair *pair, const uint8_t secret[64]);

/* A pair on the wire, and back. Reading demands the order and the office's signature. E_VERIFY. */
void officer_write(const struct keyfile_pair *pair, uint8_t out[OFFICER_PAIR_BYTES]);
int officer_read(const uint8_t in[OFFICER_PAIR_BYTES], const uint8_t public_key[32], struct keyfile_pair *out,
                 struct error *e);

#endif
