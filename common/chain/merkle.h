/* The Merkle tree of a log, as in RFC 6962 section 2 and RFC 9162 section 2.1: SHA-256, 0x00 before a leaf, 0x01 before
 * a node. There is no I/O: hashes come from a source that the caller hands in. */
#ifndef SATCHEL_MERKLE_H
#define SATCHEL_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define MERKLE_BYTES 32
#define MERKLE_PROOF_MAX 128 /* hashes in any proof: twice the 64 levels */

struct merkle_hash {
    uint8_t b[MERKLE_BYTES];
};

struct merkle_proof {
    size_t count;
    struct merkle_hash hashes[MERKLE_PROOF_MAX];
};

/* A source of full subtrees: `node` gives the hash of the subtree over leaves [index << level, (index + 1) << level),
 * which the caller must have stored; level 0 is the leaves. It returns 0 or an error code. */
struct merkle_source {
    int (*node)(void *arg, unsigned level, uint64_t index, struct merkle_hash *out, struct error *e);
    void *arg;
};

void merkle_leaf(const uint8_t *entry, size_t bytes, struct merkle_hash *out);
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *out);

/* The frontier is the roots of the full subtrees of a tree of `size` leaves, the largest first. Appending needs only
 * it. */
struct merkle_frontier {
    uint64_t size;
    struct merkle_hash roots[64]; /* as many as `size` has bits set */
};

/* Appends a leaf hash. Calls `complete` (may be NULL) for each full subtree that this completes, in rising order of
 * level and beginning with level 0, the leaf itself. Returns 0, or what complete returned; then the frontier is as it
 * was. E_LIMIT at 2^63 - 1 leaves. */
int merkle_append(struct merkle_frontier *f, const struct merkle_hash *leaf,
                  int (*complete)(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash,
                                  struct error *e),
                  void *arg, struct error *e);

/* Computes the root of the tree that the frontier is of; of an empty tree it is SHA-256 of nothing. */
void merkle_root(const struct merkle_frontier *f, struct merkle_hash *out);

/* Make proofs from a source. Inclusion needs index < size, consistency old <= size, range start < end <= size; else
 * E_INPUT. Other errors are the source's. The hashes are in the order of RFC 9162, 2.1.3.1 and 2.1.4.1. */
int merkle_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size, struct merkle_proof *out,
                     struct error *e);
int merkle_consistency(const struct merkle_source *s, uint64_t old, uint64_t size, struct merkle_proof *out,
                       struct error *e);

/* Makes one proof that all of the leaves [start, end) are in the tree: the hashes of the largest subtrees of RFC 6962's
 * recursion that have none of them, from left to right. It has at most 2 * 63 hashes. */
int merkle_range(const struct merkle_source *s, uint64_t start, uint64_t end, uint64_t size, struct merkle_proof *out,
                 struct error *e);

/* Verify a proof: 0, or E_VERIFY with a sentence. A proof with a hash too many or too few is refused. Consistency from
 * size 0 is accepted with an empty proof (C2SP tlog-witness), whatever the old root is. A proof does not prove a size:
 * if trees of different sizes have the same way up, one proof serves both. So take sizes, like roots, from checkpoints
 * and never from whoever sends the proof. */
int merkle_verify_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                            const struct merkle_hash *root, const struct merkle_proof *proof, struct error *e);
int merkle_verify_consistency(uint64_t old, const struct merkle_hash *old_root, uint64_t size,
                              const struct merkle_hash *root, const struct merkle_proof *proof, struct error *e);
struct merkle_leaves {
    const struct merkle_hash *hashes; /* end - start of them */
    uint64_t start, end;
};
int merkle_verify_range(const struct merkle_leaves *leaves, uint64_t size, const struct merkle_hash *root,
                        const struct merkle_proof *proof, struct error *e);

#endif
