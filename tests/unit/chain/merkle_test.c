/* Tests: common/chain/merkle.c
 * merkle.c against the definitions of RFC 9162 written down once more as they stand, and against proofs that were
 * tampered with. The published vectors are in merkle_vectors_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "error.h"
#include "merkle.h"

#define LEAVES ((size_t)70) /* the trees that are gone through whole */
#define TAMPERED 14         /* those of which every range proof is tampered with */
#define SHAPE (4 * LEAVES)

/* --- the definitions, without a thought for speed --- */

static struct merkle_hash leaf_hashes[LEAVES];
static struct merkle_hash mth[LEAVES + 1][LEAVES + 1]; /* [begin][end] */

/* A proof and the calculation that it belongs to: if two are the same, a verifier cannot tell them apart. */
struct reference {
    struct merkle_proof proof;
    char shape[SHAPE];
};

static size_t split(size_t n)
{
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static void reference_fill(void)
{
    for (size_t i = 0; i < LEAVES; i++) {
        uint8_t entry[3] = {0x00, 'e', (uint8_t)i};
        crypto_hash_sha256(leaf_hashes[i].b, entry, sizeof entry);
        crypto_hash_sha256(mth[i][i].b, NULL, 0);
        mth[i][i + 1] = leaf_hashes[i];
    }
    for (size_t n = 2; n <= LEAVES; n++) {
        for (size_t begin = 0; begin + n <= LEAVES; begin++) {
            uint8_t both[65] = {0x01};
            memcpy(both + 1, mth[begin][begin + split(n)].b, 32);
            memcpy(both + 33, mth[begin + split(n)][begin + n].b, 32);
            crypto_hash_sha256(mth[begin][begin + n].b, both, sizeof both);
        }
    }
}

static void note(struct reference *r, const char *shape)
{
    assert_true(strlen(r->shape) + strlen(shape) < SHAPE);
    memcpy(r->shape + strlen(r->shape), shape, strlen(shape) + 1);
}

static void add(struct reference *r, size_t begin, size_t end, const char *shape)
{
    r->proof.hashes[r->proof.count++] = mth[begin][end];
    note(r, shape);
}

/* PATH(m, D[begin:end]), RFC 9162 2.1.3.1. */
static void reference_path(size_t m, size_t begin, size_t end, struct reference *r)
{
    size_t k;
    if (end - begin == 1)
        return;
    k = split(end - begin);
    if (m < k) {
        reference_path(m, begin, begin + k, r);
        add(r, begin + k, end, "r");
    } else {
        reference_path(m - k, begin + k, end, r);
        add(r, begin, begin + k, "l");
    }
}

/* SUBPROOF(m, D[begin:end], whole), RFC 9162 2.1.4.1. */
static void reference_subproof(size_t m, size_t begin, size_t end, int whole, struct reference *r)
{
    size_t k;
    if (m == end - begin) {
        if (whole)
            note(r, "o");
        else
            add(r, begin, end, "p");
        return;
    }
    k = split(end - begin);
    if (m <= k) {
        reference_subproof(m, begin, begin + k, whole, r);
        add(r, begin + k, end, "r");
    } else {
        reference_subproof(m - k, begin + k, end, 0, r);
        add(r, begin, begin + k, "l");
    }
}

static void reference_range(size_t start, size_t stop, size_t begin, size_t end, struct reference *r)
{
    if (end <= start || begin >= stop) {
        add(r, begin, end, "h");
    } else if (end - begin == 1) {
        note(r, "x");
    } else {
        note(r, "(");
        reference_range(start, stop, begin, begin + split(end - begin), r);
        reference_range(start, stop, begin + split(end - begin), end, r);
        note(r, ")");
    }
}

/* --- claims, true and false --- */

enum kind { INCLUSION, CONSISTENCY, RANGE };

struct claim {
    enum kind kind;
    uint64_t a, b, size; /* index; old; start and end */
    const struct merkle_hash *leaves;
    struct merkle_hash old_root, root;
};

static int verify(const struct claim *c, const struct merkle_proof *proof)
{
    struct error e = {0, ""};
    int code;
    if (c->kind == INCLUSION)
        code = merkle_verify_inclusion(c->leaves, c->a, c->size, &c->root, proof, &e);
    else if (c->kind == CONSISTENCY)
        code = merkle_verify_consistency(c->a, &c->old_root, c->size, &c->root, proof, &e);
    else
        code = merkle_verify_range(&(struct merkle_leaves){c->leaves, c->a, c->b}, c->size, &c->root, proof, &e);
    if (code != 0) {
        assert_int_equal(code, E_VERIFY);
        assert_int_equal(e.code, E_VERIFY);
        assert_true(e.text[0] != 0);
    }
    return code;
}

static void must_refuse(const struct claim *c, const struct merkle_proof *proof)
{
    assert_int_equal(verify(c, proof), E_VERIFY);
}

/* Every way to spoil a good proof by one hash. */
static void tamper(const struct claim *c, const struct merkle_proof *good)
{
    static struct merkle_proof bad;
    for (size_t i = 0; i <= good->count; i++) {
        bad = *good;
        memmove(&bad.hashes[i + 1], &bad.hashes[i], (good->count - i) * sizeof bad.hashes[0]);
        bad.hashes[i] = c->root;
        bad.count++;
        must_refuse(c, &bad);
    }
    for (size_t i = 0; i < good->count; i++) {
        bad = *good;
        bad.hashes[i].b[i % 32] ^= (uint8_t)(1 << (i + c->a) % 8);
        must_refuse(c, &bad);
        bad = *good;
        bad.count--;
        memmove(&bad.hashes[i], &bad.hashes[i + 1], (bad.count - i) * sizeof bad.hashes[0]);
        must_refuse(c, &bad);
        /* All pairs in a short proof, neighbours in a long one. */
        for (size_t j = i < 8 ? 0 : i - 1; j < i; j++) {
            if (memcmp(&good->hashes[i], &good->hashes[j], 32) == 0)
                continue;
            bad = *good;
            bad.hashes[i] = good->hashes[j];
            bad.hashes[j] = good->hashes[i];
            must_refuse(c, &bad);
        }
    }
    bad = *good;
    bad.count = SIZE_MAX;
    must_refuse(c, &bad);
}

static void tamper_root(const struct claim *c, const struct merkle_proof *good)
{
    struct claim other = *c;
    other.root.b[31] ^= 1;
    must_refuse(&other, good);
    if (c->kind == CONSISTENCY) {
        other = *c;
        other.old_root.b[0] ^= 0x80;
        must_refuse(&other, good);
    }
}

/* A leaf that is not the one of the tree, at each place. */
static void tamper_leaves(const struct claim *c, size_t count, const struct merkle_proof *good)
{
    struct merkle_hash others[LEAVES];
    struct claim other = *c;
    memcpy(others, c->leaves, count * sizeof others[0]);
    other.leaves = others;
    for (size_t i = 0; i < count; i++) {
        others[i].b[i % 32] ^= 4;
        must_refuse(&other, good);
        others[i].b[i % 32] ^= 4;
    }
}

/* --- a source that appending fills --- */

#define LEVELS 7

struct store {
    struct merkle_hash nodes[LEVELS][LEAVES];
    size_t calls, fail_at; /* fail_at: which call fails, counting from 1; 0: none */
    unsigned last_level;
};

static int store_complete(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash, struct error *e)
{
    struct store *s = arg;
    if (++s->calls == s->fail_at)
        return error_set(e, E_FULL, "full");
    assert_true(level < LEVELS && index < LEAVES);
    assert_true(level == 0 || level == s->last_level + 1);
    assert_memory_equal(hash, &mth[index << level][(index + 1) << level], 32);
    s->nodes[level][index] = *hash;
    s->last_level = level;
    return 0;
}

static int store_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out, struct error *e)
{
    static const struct merkle_hash nothing;
    struct store *s = arg;
    if (++s->calls == s->fail_at)
        return error_set(e, E_IO, "broken");
    assert_true(level < LEVELS && index < LEAVES);
    assert_memory_not_equal(&s->nodes[level][index], &nothing, 32);
    *out = s->nodes[level][index];
    return 0;
}

static struct store tree;
static const struct merkle_source source = {store_node, &tree};

static int prepare(void **state)
{
    struct merkle_frontier f = {0};
    struct error e;
    (void)state;
    reference_fill();
    memset(&tree, 0, sizeof tree);
    for (size_t i = 0; i < LEAVES; i++) {
        if (merkle_append(&f, &leaf_hashes[i], store_complete, &tree, &e) != 0)
            return -1;
    }
    tree.calls = 0;
    return 0;
}

/* Goal: leaves and nodes are hashed as the RFC says, and the frontier's root is the definition's for every size. */
static void test_append(void **state)
{
    struct merkle_frontier f = {0};
    struct merkle_hash hash, again;
    struct error e;
    (void)state;
    merkle_leaf((const uint8_t *)"e\x07", 2, &hash);
    assert_memory_equal(&hash, &leaf_hashes[7], 32);
    merkle_leaf(NULL, 0, &hash);
    crypto_hash_sha256(again.b, (const uint8_t *)"", 1);
    assert_memory_equal(&hash, &again, 32);
    for (size_t i = 0; i <= LEAVES; i++) {
        merkle_root(&f, &hash);
        assert_memory_equal(&hash, &mth[0][i], 32);
        assert_int_equal(f.size, i);
        if (i < LEAVES)
            assert_int_equal(merkle_append(&f, &leaf_hashes[i], NULL, NULL, &e), 0);
    }
    /* Each full subtree was handed out: as many as 70 leaves have. */
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < LEAVES; i++) {
            static const struct merkle_hash nothing;
            int is_there = memcmp(&tree.nodes[level][i], &nothing, 32) != 0;
            assert_int_equal(is_there, (i + 1) << level <= LEAVES);
        }
    }
}

/* Goal: if a subtree cannot be kept, or the log is as large as 64 bits count, appending leaves the frontier alone.
 */
static void test_append_fails(void **state)
{
    struct merkle_frontier f = {0}, before;
    struct store s = {.fail_at = 0};
    struct error e;
    (void)state;
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(merkle_append(&f, &leaf_hashes[i], NULL, NULL, &e), 0);
    before = f;
    for (s.fail_at = 1; s.fail_at <= 4; s.fail_at++) {
        s.calls = 0;
        assert_int_equal(merkle_append(&f, &leaf_hashes[7], store_complete, &s, &e), E_FULL);
        assert_int_equal(s.calls, s.fail_at);
        assert_memory_equal(&f, &before, sizeof f);
    }
    s.calls = 0;
    assert_int_equal(merkle_append(&f, &leaf_hashes[7], store_complete, &s, &e), 0);
    assert_int_equal(s.calls, 4);
    f.size = UINT64_MAX;
    before = f;
    assert_int_equal(merkle_append(&f, &leaf_hashes[8], NULL, NULL, &e), E_LIMIT);
    assert_memory_equal(&f, &before, sizeof f);
}

/* --- every proof of the small trees --- */

/* Goal: each inclusion proof is the RFC's and is accepted; spoilt, for another leaf, index or shape it is refused. */
static void test_inclusion(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++) {
        for (size_t index = 0; index < size; index++) {
            struct claim c = {INCLUSION, index, 0, size, &leaf_hashes[index], {{0}}, mth[0][size]};
            struct reference r = {.shape = ""};
            struct merkle_proof proof;
            struct error e;
            reference_path(index, 0, size, &r);
            assert_int_equal(merkle_inclusion(&source, index, size, &proof, &e), 0);
            assert_int_equal(proof.count, r.proof.count);
            assert_memory_equal(proof.hashes, r.proof.hashes, r.proof.count * 32);
            assert_int_equal(verify(&c, &proof), 0);
            tamper(&c, &proof);
            tamper_root(&c, &proof);
            tamper_leaves(&c, 1, &proof);
            for (c.a = 0; c.a <= size; c.a++) {
                if (c.a != index)
                    must_refuse(&c, &proof);
            }
            c.a = index;
            for (c.size = 0; c.size <= LEAVES; c.size++) {
                struct reference other = {.shape = ""};
                if (index >= c.size) {
                    must_refuse(&c, &proof);
                    continue;
                }
                reference_path(index, 0, (size_t)c.size, &other);
                assert_int_equal(verify(&c, &proof), strcmp(r.shape, other.shape) == 0 ? 0 : E_VERIFY);
            }
        }
    }
}

/* Goal: each consistency proof is the RFC's and is accepted; spoilt, or for sizes of another shape, it is refused. */
static void test_consistency(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++) {
        for (size_t old = 1; old <= size; old++) {
            struct claim c = {CONSISTENCY, old, 0, size, NULL, mth[0][old], mth[0][size]};
            struct reference r = {.shape = ""};
            struct merkle_proof proof;
            struct error e;
            reference_subproof(old, 0, size, 1, &r);
            assert_int_equal(merkle_consistency(&source, old, size, &proof, &e), 0);
            assert_int_equal(proof.count, r.proof.count);
            assert_memory_equal(proof.hashes, r.proof.hashes, r.proof.count * 32);
            assert_int_equal(verify(&c, &proof), 0);
            tamper(&c, &proof);
            tamper_root(&c, &proof);
            for (c.a = 1; c.a <= LEAVES; c.a++) {
                struct reference other = {.shape = ""};
                if (c.a <= size)
                    reference_subproof((size_t)c.a, 0, size, 1, &other);
                assert_int_equal(verify(&c, &proof), strcmp(r.shape, other.shape) == 0 ? 0 : E_VERIFY);
            }
            c.a = old;
            for (c.size = 0; c.size <= LEAVES; c.size++) {
                struct reference other = {.shape = ""};
                if (old <= c.size)
                    reference_subproof(old, 0, (size_t)c.size, 1, &other);
                assert_int_equal(verify(&c, &proof), strcmp(r.shape, other.shape) == 0 ? 0 : E_VERIFY);
            }
        }
    }
}

/* Goal: from size 0 an empty proof is made and accepted, whatever the old root is, and no other proof. */
static void test_consistency_from_nothing(void **state)
{
    struct merkle_proof proof;
    struct error e;
    (void)state;
    for (size_t size = 0; size <= 9; size++) {
        struct claim c = {CONSISTENCY, 0, 0, size, NULL, mth[3][9], mth[0][size]};
        assert_int_equal(merkle_consistency(&source, 0, size, &proof, &e), 0);
        assert_int_equal(proof.count, 0);
        assert_int_equal(verify(&c, &proof), 0);
        proof.hashes[proof.count++] = mth[0][size];
        must_refuse(&c, &proof);
    }
}

/* Goal: each range proof has the maximal subtrees outside the range, from left to right, and is accepted; spoilt, for
 * another range, size or leaf it is refused. */
static void test_range(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++) {
        for (size_t start = 0; start < size; start++) {
            for (size_t end = start + 1; end <= size; end++) {
                struct claim c = {RANGE, start, end, size, &leaf_hashes[start], {{0}}, mth[0][size]};
                struct reference r = {.shape = ""};
                struct merkle_proof proof;
                struct error e;
                reference_range(start, end, 0, size, &r);
                assert_int_equal(merkle_range(&source, start, end, size, &proof, &e), 0);
                assert_int_equal(proof.count, r.proof.count);
                assert_memory_equal(proof.hashes, r.proof.hashes, r.proof.count * 32);
                assert_int_equal(verify(&c, &proof), 0);
                if (size > TAMPERED)
                    continue;
                tamper(&c, &proof);
                tamper_root(&c, &proof);
                tamper_leaves(&c, end - start, &proof);
                for (c.size = 0; c.size <= LEAVES; c.size++) {
                    struct reference other = {.shape = ""};
                    if (end <= c.size)
                        reference_range(start, end, 0, (size_t)c.size, &other);
                    assert_int_equal(verify(&c, &proof), strcmp(r.shape, other.shape) == 0 ? 0 : E_VERIFY);
                }
                /* The same leaves, said to stand elsewhere; or one of them left out. */
                c.size = size;
                for (c.a = 0; c.a + (end - start) <= size; c.a++) {
                    c.b = c.a + (end - start);
                    assert_int_equal(verify(&c, &proof), c.a == start ? 0 : E_VERIFY);
                }
                c.a = start;
                for (c.b = start; c.b < end; c.b++)
                    must_refuse(&c, &proof);
                /* One more than there are, and none at all, which the bare root would prove. */
                c.b = size + 1;
                must_refuse(&c, &proof);
                proof = (struct merkle_proof){.count = 1, .hashes = {c.root}};
                c.a = c.b = start;
                must_refuse(&c, &proof);
            }
        }
    }
}

/* Goal: a proof of what is not there is not made, and a source that fails at any call has the last word. */
static void test_making_fails(void **state)
{
    struct merkle_proof proof;
    struct error e;
    size_t calls;
    (void)state;
    assert_int_equal(merkle_inclusion(&source, 0, 0, &proof, &e), E_INPUT);
    assert_int_equal(merkle_inclusion(&source, 9, 9, &proof, &e), E_INPUT);
    assert_int_equal(merkle_inclusion(&source, UINT64_MAX, UINT64_MAX, &proof, &e), E_INPUT);
    assert_int_equal(merkle_consistency(&source, 10, 9, &proof, &e), E_INPUT);
    assert_int_equal(merkle_range(&source, 3, 3, 9, &proof, &e), E_INPUT);
    assert_int_equal(merkle_range(&source, 4, 3, 9, &proof, &e), E_INPUT);
    assert_int_equal(merkle_range(&source, 3, 10, 9, &proof, &e), E_INPUT);
    for (int kind = INCLUSION; kind <= RANGE; kind++) {
        for (tree.fail_at = 1;; tree.fail_at++) {
            int code;
            tree.calls = 0;
            if (kind == INCLUSION)
                code = merkle_inclusion(&source, 33, 67, &proof, &e);
            else if (kind == CONSISTENCY)
                code = merkle_consistency(&source, 33, 67, &proof, &e);
            else
                code = merkle_range(&source, 33, 35, 67, &proof, &e);
            calls = tree.calls;
            if (calls < tree.fail_at) {
                assert_int_equal(code, 0);
                break;
            }
            assert_int_equal(code, E_IO);
            assert_int_equal(calls, tree.fail_at);
        }
        assert_true(tree.fail_at > 5);
    }
    tree.fail_at = 0;
}

/* --- trees as large as numbers go: all their leaves are the same, so that a subtree's hash says its level only --- */

static struct merkle_hash level_hashes[64];

static int uniform_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out, struct error *e)
{
    const uint64_t *size = arg;
    (void)e;
    assert_true(level < 64 && index < *size >> level);
    *out = level_hashes[level];
    return 0;
}

static struct merkle_hash uniform_root(uint64_t size)
{
    struct merkle_frontier f = {.size = size};
    struct merkle_hash root;
    size_t n = 0;
    for (int level = 63; level >= 0; level--) {
        if ((size >> level & 1) != 0)
            f.roots[n++] = level_hashes[level];
    }
    merkle_root(&f, &root);
    return root;
}

static const uint64_t giants[] = {
    (UINT64_C(1) << 62) + 12345, (UINT64_C(1) << 63) - 1, UINT64_C(1) << 63,
    (UINT64_C(1) << 63) + 1,     UINT64_MAX - 1,          UINT64_MAX,
};

/* Goal: near 2^63 and at the end of 64 bits proofs are made, accepted, and refused when spoilt. */
static void test_giants(void **state)
{
    struct merkle_hash leaves[2];
    size_t most = 0;
    (void)state;
    merkle_leaf((const uint8_t *)"same", 4, &level_hashes[0]);
    for (int level = 1; level < 64; level++)
        merkle_node(&level_hashes[level - 1], &level_hashes[level - 1], &level_hashes[level]);
    leaves[0] = leaves[1] = level_hashes[0];
    for (size_t i = 0; i < sizeof giants / sizeof giants[0]; i++) {
        uint64_t size = giants[i];
        const uint64_t at[] = {1,
                               5,
                               UINT64_C(1) << 61,
                               (UINT64_C(1) << 62) - 1,
                               UINT64_C(1) << 62,
                               size / 3,
                               size / 2,
                               size - 6,
                               size - 5,
                               size - 1,
                               size / 3 * 2,
                               (UINT64_C(1) << 63) - 1};
        struct merkle_source uniform = {uniform_node, &size};
        struct merkle_proof proof;
        struct error e;
        for (size_t j = 0; j < sizeof at / sizeof at[0]; j++) {
            struct claim c = {INCLUSION, at[j], 0, size, leaves, {{0}}, uniform_root(size)};
            if (at[j] >= size)
                continue;
            assert_int_equal(merkle_inclusion(&uniform, at[j], size, &proof, &e), 0);
            assert_int_equal(verify(&c, &proof), 0);
            tamper(&c, &proof);
            c.kind = CONSISTENCY;
            c.old_root = uniform_root(at[j]);
            assert_int_equal(merkle_consistency(&uniform, at[j], size, &proof, &e), 0);
            assert_int_equal(verify(&c, &proof), 0);
            tamper(&c, &proof);
            if (size - at[j] < 2)
                continue;
            c.kind = RANGE;
            c.b = at[j] + 2;
            assert_int_equal(merkle_range(&uniform, at[j], c.b, size, &proof, &e), 0);
            most = proof.count > most ? proof.count : most;
            assert_int_equal(verify(&c, &proof), 0);
            tamper(&c, &proof);
        }
    }
    /* The most that a proof can have: all to the left of 2^63 - 1, all to the right of 2^63. */
    assert_int_equal(most, 2 * 63);
}

/* Goal: the verifiers end, and refuse, for sizes at the edges with a proof that is empty or full. */
static void test_edges(void **state)
{
    static const uint64_t edges[] = {
        0, 1, 2, (UINT64_C(1) << 63) - 1, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, UINT64_MAX - 1, UINT64_MAX};
    static struct merkle_proof empty, full = {.count = MERKLE_PROOF_MAX};
    const size_t count = sizeof edges / sizeof edges[0];
    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct claim c = {INCLUSION, edges[i], 0, edges[j], leaf_hashes, mth[0][5], mth[0][6]};
            must_refuse(&c, &empty);
            must_refuse(&c, &full);
            c.kind = CONSISTENCY;
            if (edges[i] != 0)
                must_refuse(&c, &empty);
            must_refuse(&c, &full);
            c.kind = RANGE;
            c.b = edges[i] + 1; /* wraps to 0 at the last */
            must_refuse(&c, &empty);
            must_refuse(&c, &full);
            c.b = edges[i];
            must_refuse(&c, &empty);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),       cmocka_unit_test(test_append_fails),
        cmocka_unit_test(test_inclusion),    cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_range),        cmocka_unit_test(test_consistency_from_nothing),
        cmocka_unit_test(test_making_fails), cmocka_unit_test(test_giants),
        cmocka_unit_test(test_edges),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, prepare, NULL);
}
