/* The tree over n leaves is one leaf, or a node over the first k and the other n - k, where k is the greatest power of
 * two below n (RFC 9162, section 2.1.1). Everything here follows that one recursion:
 *
 *   hash       of [start, end): a full subtree (size a power of two, start a multiple of it) comes from the source; any
 *              other is split at k.
 *   inclusion  the siblings on the way from the leaf to the root, the lowest first.
 *   consistency  the roots that give both the old and the new tree, the lowest first (2.1.4.1).
 *   range      the subtrees that hold nothing of the range, from left to right.
 *
 * The depth of the recursion is at most 64. */
#include "merkle.h"

#include <sodium.h>
#include <string.h>

void merkle_leaf(const uint8_t *entry, size_t bytes, struct merkle_hash *out)
{
    static const uint8_t prefix = 0;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    crypto_hash_sha256_update(&state, entry, bytes);
    crypto_hash_sha256_final(&state, out->b);
}

void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *out)
{
    static const uint8_t prefix = 1;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    crypto_hash_sha256_update(&state, left->b, sizeof left->b);
    crypto_hash_sha256_update(&state, right->b, sizeof right->b);
    crypto_hash_sha256_final(&state, out->b);
}

/* --- appending --- */

static unsigned bits(uint64_t n)
{
    return (unsigned)__builtin_popcountll(n);
}

int merkle_append(struct merkle_frontier *f, const struct merkle_hash *leaf,
                  int (*complete)(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash,
                                  struct error *e),
                  void *arg, struct error *e)
{
    struct merkle_hash hash = *leaf;
    unsigned count = bits(f->size);
    uint64_t index = f->size;
    unsigned level = 0;
    int code;
    if (f->size >= (uint64_t)INT64_MAX)
        return error_set(e, E_LIMIT, "the log is full");
    for (;;) {
        if (complete != NULL && (code = complete(arg, level, index, &hash, e)) != 0)
            return code;
        /* A right child meets its left sibling, which is the last root of the frontier. */
        if ((index & 1) == 0)
            break;
        merkle_node(&f->roots[--count], &hash, &hash);
        index >>= 1;
        level++;
    }
    f->roots[count] = hash;
    f->size++;
    return 0;
}

void merkle_root(const struct merkle_frontier *f, struct merkle_hash *out)
{
    unsigned count = bits(f->size);
    if (count == 0) {
        crypto_hash_sha256(out->b, NULL, 0);
        return;
    }
    *out = f->roots[--count];
    while (count != 0)
        merkle_node(&f->roots[--count], out, out);
}

/* --- making proofs --- */

/* Returns the greatest power of two below n, for n > 1. */
static uint64_t split(uint64_t n)
{
    return 1ull << (63 - __builtin_clzll(n - 1));
}

static int hash_of(const struct merkle_source *s, uint64_t start, uint64_t end, struct merkle_hash *out,
                   struct error *e)
{
    uint64_t n = end - start;
    struct merkle_hash left, right;
    int code;
    if ((n & (n - 1)) == 0) {
        unsigned level = (unsigned)__builtin_ctzll(n);
        return s->node(s->arg, level, start >> level, out, e);
    }
    if ((code = hash_of(s, start, start + split(n), &left, e)) != 0 ||
        (code = hash_of(s, start + split(n), end, &right, e)) != 0)
        return code;
    merkle_node(&left, &right, out);
    return 0;
}

/* What makes a proof: its source, its result, and the leaves that it is of. */
struct making {
    const struct merkle_source *source;
    struct merkle_proof *proof;
    uint64_t start, end; /* the leaves that it is of; of consistency: [0, old) */
};

static int add_subtree(const struct making *m, uint64_t low, uint64_t high, struct error *e)
{
    if (m->proof->count == MERKLE_PROOF_MAX)
        return error_set(e, E_INTERNAL, "a proof is longer than any tree is deep");
    return hash_of(m->source, low, high, &m->proof->hashes[m->proof->count++], e);
}

int merkle_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size, struct merkle_proof *out,
                     struct error *e)
{
    const struct making m = {s, out, index, index + 1};
    uint64_t siblings[64][2], start = 0, end = size;
    unsigned depth = 0;
    int code = 0;
    out->count = 0;
    if (index >= size)
        return error_set(e, E_INPUT, "there is no leaf %llu in a log of %llu", (unsigned long long)index,
                         (unsigned long long)size);
    /* Goes down to the leaf and keeps the side that it does not take; then goes up. */
    while (end - start > 1) {
        uint64_t middle = start + split(end - start);
        siblings[depth][0] = index < middle ? middle : start;
        siblings[depth++][1] = index < middle ? end : middle;
        if (index < middle)
            end = middle;
        else
            start = middle;
    }
    while (code == 0 && depth-- != 0)
        code = add_subtree(&m, siblings[depth][0], siblings[depth][1], e);
    return code;
}

/* Adds SUBPROOF of RFC 9162, 2.1.4.1, for the subtree [low, high). known: the verifier has the root of [low, old). */
static int add_consistency(const struct making *m, uint64_t low, uint64_t high, int known, struct error *e)
{
    uint64_t middle;
    int code;
    if (m->end == high)
        return known ? 0 : add_subtree(m, low, high, e);
    middle = low + split(high - low);
    if (m->end <= middle) {
        if ((code = add_consistency(m, low, middle, known, e)) != 0)
            return code;
        return add_subtree(m, middle, high, e);
    }
    if ((code = add_consistency(m, middle, high, 0, e)) != 0)
        return code;
    return add_subtree(m, low, middle, e);
}

int merkle_consistency(const struct merkle_source *s, uint64_t old, uint64_t size, struct merkle_proof *out,
                       struct error *e)
{
    const struct making m = {s, out, 0, old};
    out->count = 0;
    if (old > size)
        return error_set(e, E_INPUT, "a log of %llu has no consistency with an older one of %llu",
                         (unsigned long long)size, (unsigned long long)old);
    return old == 0 || old == size ? 0 : add_consistency(&m, 0, size, 1, e);
}

/* Adds the subtrees of [low, high) that hold none of the leaves. */
static int add_range(const struct making *m, uint64_t low, uint64_t high, struct error *e)
{
    uint64_t middle;
    int code;
    if (high <= m->start || low >= m->end)
        return add_subtree(m, low, high, e);
    if (low >= m->start && high <= m->end)
        return 0;
    middle = low + split(high - low);
    if ((code = add_range(m, low, middle, e)) != 0)
        return code;
    return add_range(m, middle, high, e);
}

int merkle_range(const struct merkle_source *s, uint64_t start, uint64_t end, uint64_t size, struct merkle_proof *out,
                 struct error *e)
{
    const struct making m = {s, out, start, end};
    out->count = 0;
    if (start >= end || end > size)
        return error_set(e, E_INPUT, "the entries %llu to %llu are not in a log of %llu", (unsigned long long)start,
                         (unsigned long long)end, (unsigned long long)size);
    return add_range(&m, 0, size, e);
}

/* --- verifying --- */

static int same(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Verifies as in RFC 9162, section 2.1.3.2. */
int merkle_verify_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                            const struct merkle_hash *root, const struct merkle_proof *proof, struct error *e)
{
    struct merkle_hash hash = *leaf;
    uint64_t fn = index, sn = size - 1;
    if (index >= size)
        goto bad;
    for (size_t i = 0; i < proof->count; i++) {
        if (sn == 0)
            goto bad;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(&proof->hashes[i], &hash, &hash);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(&hash, &proof->hashes[i], &hash);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn == 0 && same(&hash, root))
        return 0;
bad:
    return error_set(e, E_VERIFY, "the proof does not show entry %llu in the log of %llu", (unsigned long long)index,
                     (unsigned long long)size);
}

/* Verifies as in RFC 9162, section 2.1.4.2. */
int merkle_verify_consistency(uint64_t old, const struct merkle_hash *old_root, uint64_t size,
                              const struct merkle_hash *root, const struct merkle_proof *proof, struct error *e)
{
    struct merkle_hash fr, sr;
    uint64_t fn = old - 1, sn = size - 1;
    size_t i = 0;
    if (old == 0 && proof->count == 0)
        return 0;
    if (old == 0 || old > size)
        goto bad;
    if (old == size) {
        if (proof->count == 0 && same(old_root, root))
            return 0;
        goto bad;
    }
    if (proof->count == 0)
        goto bad;
    /* If the old tree is one full subtree, its root is the first hash, and is not sent. */
    fr = (old & (old - 1)) == 0 ? *old_root : proof->hashes[i++];
    sr = fr;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    for (; i < proof->count; i++) {
        if (sn == 0)
            goto bad;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(&proof->hashes[i], &fr, &fr);
            merkle_node(&proof->hashes[i], &sr, &sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(&sr, &proof->hashes[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn == 0 && same(&fr, old_root) && same(&sr, root))
        return 0;
bad:
    return error_set(e, E_VERIFY, "the log of %llu entries does not go on from the one of %llu that was seen before",
                     (unsigned long long)size, (unsigned long long)old);
}

/* A range proof that is being read: leaves and hashes are each taken in order, once. */
struct reading {
    const struct merkle_leaves *leaves;
    const struct merkle_proof *proof;
    size_t next;
};

/* Computes the hash of [low, high). 1: done; 0: the proof is too short. */
static int range_hash(struct reading *r, uint64_t low, uint64_t high, struct merkle_hash *out)
{
    struct merkle_hash left, right;
    uint64_t middle;
    if (high <= r->leaves->start || low >= r->leaves->end) {
        if (r->next == r->proof->count)
            return 0;
        *out = r->proof->hashes[r->next++];
        return 1;
    }
    if (high - low == 1) {
        *out = r->leaves->hashes[low - r->leaves->start];
        return 1;
    }
    middle = low + split(high - low);
    if (!range_hash(r, low, middle, &left) || !range_hash(r, middle, high, &right))
        return 0;
    merkle_node(&left, &right, out);
    return 1;
}

int merkle_verify_range(const struct merkle_leaves *leaves, uint64_t size, const struct merkle_hash *root,
                        const struct merkle_proof *proof, struct error *e)
{
    struct reading r = {leaves, proof, 0};
    struct merkle_hash hash;
    if (leaves->start < leaves->end && leaves->end <= size && range_hash(&r, 0, size, &hash) &&
        r.next == proof->count && same(&hash, root))
        return 0;
    return error_set(e, E_VERIFY, "the proof does not show the entries %llu to %llu in the log of %llu",
                     (unsigned long long)leaves->start, (unsigned long long)leaves->end, (unsigned long long)size);
}
