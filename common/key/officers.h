/* Recovery officers: any two of them together open every store. The office signs each pair that it names (Ed25519, with
 * its log's key, over "satchel recovery 1\0", id A, key A, id B, key B), so that a laptop accepts no other pair. A is
 * the smaller id.
 *
 * On the wire a pair has OFFICERS_PAIR_BYTES: id A, key A, id B, key B, signature. */
#ifndef SATCHEL_OFFICERS_H
#define SATCHEL_OFFICERS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "keyfile.h"
#include "pack.h"

#define OFFICERS_PAIR_BYTES 160

/* Signs a pair whose ids and keys are set, in their order. sign_secret: Ed25519, 64 bytes. */
void officers_sign(struct keyfile_pair *pair, const uint8_t sign_secret[64]);

/* Writes a pair as it goes over the wire. */
void officers_pack(const struct keyfile_pair *pair, uint8_t out[OFFICERS_PAIR_BYTES]);

/* Reads the pairs that a welcome carries, and checks the office's signature of each. *count: how many. office_key:
 * Ed25519, as in the log's verifier key. E_VERIFY: not whole, too many, not in order, or not signed by the office. */
int officers_read(struct slice bytes, const uint8_t office_key[32], struct keyfile_pair pairs[KEYFILE_PAIRS_MAX],
                  size_t *count, struct error *e);

/* BLAKE2b-256, keyed "satchel officers 1", of the pairs as they go over the wire, the smaller bytes first: a hello says
 * by it which pairs the laptop has. */
void officers_digest(const struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], size_t count, uint8_t out[32]);

#endif
