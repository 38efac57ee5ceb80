/* A device's changes form one chain: seq counts from 1 without a gap within an epoch, previous is the hash of the
 * change before. Its end is signed: one Ed25519 signature vouches for every change before it. docs/LOG.md, "Heads".
 *
 *   head    msgpack [1, device, epoch, seq, hash, checkpoint size, checkpoint root], then the 64-byte signature of
 *           "satchel head 1\0" and those bytes. */
#ifndef SATCHEL_CHAIN_H
#define SATCHEL_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "change.h"
#include "error.h"
#include "merkle.h"

#define CHAIN_HEAD_MAX 192 /* bytes of a signed head */

/* The end of a chain. seq 0: the epoch has no change yet, and hash is 32 zero bytes. */
struct chain {
    struct id device;
    uint64_t epoch, seq;
    uint8_t hash[CHANGE_HASH_BYTES];
};

/* Moves the chain on to c. E_VERIFY: c is not the next of the chain (a gap, another previous hash, another device or
 * epoch); the sentence names (device, epoch, seq) and nothing else. */
int chain_follow(struct chain *chain, const struct change *c, struct error *e);

struct chain_head {
    struct chain end;
    uint64_t checkpoint_size; /* the last checkpoint that the device saw; 0: none */
    struct merkle_hash checkpoint_root;
};

/* Signs a head into out; *bytes is how many were written. secret_key: libsodium's 64 bytes. */
void chain_sign(const struct chain_head *head, const uint8_t secret_key[64], uint8_t out[CHAIN_HEAD_MAX],
                size_t *bytes);

/* Reads a signed head, checks the signature under public_key, and that the device is the hash of that key. E_INPUT,
 * E_VERIFY. */
int chain_open(struct slice signed_head, const uint8_t public_key[32], struct chain_head *out, struct error *e);

/* Reads a signed head without checking the signature, to learn which device's key to ask for. E_INPUT. */
int chain_peek(struct slice signed_head, struct chain_head *out, struct error *e);

#endif
