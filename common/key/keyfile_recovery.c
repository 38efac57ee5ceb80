/* Recovery slots: two officers together open a store that nobody else can open any more.
 *
 *   64    48   officer A: id 16, X25519 public key 32
 *   112   48   officer B: the same
 *   160   64   the office's signature of the pair; whoever puts the pair in has checked it
 *   224   128  seal to A of (seal to B of the data key), libsodium's sealed boxes
 *
 * A sealed box does not say who made it, so the key that comes out must also open the file's chain end. */
#include <string.h>

#include "keyfile_private.h"

#define PAIR_AT KEYFILE_HEADER_BYTES
#define OFFICER_BYTES ((size_t)ID_BYTES + crypto_box_PUBLICKEYBYTES)
#define SIGNATURE_AT (PAIR_AT + 2 * OFFICER_BYTES)
#define SIGNATURE_BYTES 64
#define PAIR_BYTES (2 * OFFICER_BYTES + SIGNATURE_BYTES)
#define SEALED_AT (PAIR_AT + PAIR_BYTES)
#define INNER_BYTES (KEYFILE_KEY_BYTES + crypto_box_SEALBYTES)
#define OUTER_BYTES (INNER_BYTES + crypto_box_SEALBYTES)

_Static_assert(SEALED_AT + OUTER_BYTES == KEYFILE_RECOVERY_BYTES, "the layout");

/* ---- putting in ---- */

static void put_pair(uint8_t out[PAIR_BYTES], const struct keyfile_pair *pair)
{
    for (size_t i = 0; i < 2; i++) {
        memcpy(out + i * OFFICER_BYTES, pair->officers[i].b, ID_BYTES);
        memcpy(out + i * OFFICER_BYTES + ID_BYTES, pair->public_keys[i], crypto_box_PUBLICKEYBYTES);
    }
    memcpy(out + 2 * OFFICER_BYTES, pair->signature, SIGNATURE_BYTES);
}

/* 1: a recovery slot of image is for this pair. */
static int has_pair(const struct keyfile_image *image, const uint8_t pair[PAIR_BYTES])
{
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count; at += keyfile_image_slot(image, at))
        if (image->bytes[at + KEYFILE_AT_TYPE] == KEYFILE_RECOVERY &&
            memcmp(image->bytes + at + PAIR_AT, pair, PAIR_BYTES) == 0)
            return 1;
    return 0;
}

/* 1: the recovery slots of image are for exactly these pairs. */
static int has_exactly(const struct keyfile_image *image, const struct keyfile_pair *pairs, size_t count)
{
    uint8_t pair[PAIR_BYTES];
    size_t had = 0;
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count; at += keyfile_image_slot(image, at))
        had += image->bytes[at + KEYFILE_AT_TYPE] == KEYFILE_RECOVERY;
    for (size_t i = 0; i < count && had == count; i++) {
        put_pair(pair, &pairs[i]);
        if (!has_pair(image, pair))
            return 0;
    }
    return had == count;
}

/* 1: the same two officers, in either order. */
static int are_equal(const struct keyfile_pair *a, const struct keyfile_pair *b)
{
    return (id_equal(&a->officers[0], &b->officers[0]) && id_equal(&a->officers[1], &b->officers[1])) ||
           (id_equal(&a->officers[0], &b->officers[1]) && id_equal(&a->officers[1], &b->officers[0]));
}

static int check_pairs(const struct keyfile_pair *pairs, size_t count, struct error *e)
{
    if (count > KEYFILE_PAIRS_MAX)
        return error_set(e, E_LIMIT, "there are %zu pairs of recovery officers; a key file takes %d", count,
                         KEYFILE_PAIRS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (id_equal(&pairs[i].officers[0], &pairs[i].officers[1]) ||
            memcmp(pairs[i].public_keys[0], pairs[i].public_keys[1], sizeof pairs[i].public_keys[0]) == 0)
            return error_set(e, E_INPUT, "recovery takes two officers with a key each; one was named twice");
        for (size_t j = 0; j < i; j++)
            if (are_equal(&pairs[i], &pairs[j]))
                return error_set(e, E_INPUT, "a pair of recovery officers was named twice; name it once");
    }
    return 0;
}

static int add_pair(struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_pair *pair,
                    struct error *e)
{
    uint8_t slot[KEYFILE_RECOVERY_BYTES], inner[INNER_BYTES];
    keyfile_image_header(image, slot, KEYFILE_RECOVERY, sizeof slot, NULL);
    put_pair(slot + PAIR_AT, pair);
    if (crypto_box_seal(inner, key, KEYFILE_KEY_BYTES, pair->public_keys[1]) != 0 ||
        crypto_box_seal(slot + SEALED_AT, inner, sizeof inner, pair->public_keys[0]) != 0)
        return error_set(e, E_INPUT, "a recovery officer's public key is none; make that officer a new one");
    return keyfile_image_put(image, image->count, slot, sizeof slot, e);
}

static void remove_pairs(struct keyfile_image *image)
{
    size_t at;
    while ((at = keyfile_image_find(image, KEYFILE_RECOVERY, KEYFILE_SLOTS_AT)) < image->count)
        (void)keyfile_image_put(image, at, NULL, 0, NULL);
}

int keyfile_recovery_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_pair *pairs,
                         size_t count, struct error *e)
{
    struct keyfile_image image;
    int same, code = check_pairs(pairs, count, e);
    if (code != 0 || (code = keyfile_image_begin(&image, path, key, e)) != 0)
        return code;
    same = has_exactly(&image, pairs, count);
    if (!same)
        remove_pairs(&image);
    for (size_t i = 0; i < count && !same && code == 0; i++)
        code = add_pair(&image, key, &pairs[i], e);
    if (same)
        keyfile_image_leave(&image);
    else
        code = keyfile_image_end(&image, code, e);
    sodium_memzero(&image, sizeof image);
    return code;
}

/* ---- carrying over ---- */

static void get_pair(const uint8_t *slot, struct keyfile_pair *pair)
{
    const uint8_t *at = slot + PAIR_AT;
    for (size_t i = 0; i < 2; i++) {
        memcpy(pair->officers[i].b, at + i * OFFICER_BYTES, ID_BYTES);
        memcpy(pair->public_keys[i], at + i * OFFICER_BYTES + ID_BYTES, crypto_box_PUBLICKEYBYTES);
    }
    memcpy(pair->signature, at + 2 * OFFICER_BYTES, SIGNATURE_BYTES);
}

int keyfile_recovery_pairs(const char *path, struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], size_t *count,
                           struct error *e)
{
    struct keyfile_image image;
    int code = keyfile_image_read(&image, path, e);
    *count = 0;
    for (size_t at = KEYFILE_SLOTS_AT; code == 0 && at < image.count; at += keyfile_image_slot(&image, at))
        if (image.bytes[at + KEYFILE_AT_TYPE] == KEYFILE_RECOVERY && *count < KEYFILE_PAIRS_MAX)
            get_pair(image.bytes + at, &pairs[(*count)++]);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_recovery_carry(const struct keyfile_next *n, const struct keyfile_image *from, struct keyfile_image *to,
                           size_t *dropped, struct error *e)
{
    struct keyfile_pair pair;
    int code = 0;
    remove_pairs(to);
    for (size_t at = KEYFILE_SLOTS_AT; at < from->count && code == 0; at += keyfile_image_slot(from, at)) {
        if (from->bytes[at + KEYFILE_AT_TYPE] != KEYFILE_RECOVERY)
            continue;
        get_pair(from->bytes + at, &pair);
        if (n->holds != NULL && n->holds(n->context, &pair))
            code = add_pair(to, n->key, &pair, e);
        else
            ++*dropped;
    }
    return code;
}

/* ---- opening ---- */

static int open_boxes(const uint8_t *slot, const uint8_t secret_a[32], const uint8_t secret_b[32],
                      uint8_t key[KEYFILE_KEY_BYTES])
{
    const uint8_t *public_a = slot + PAIR_AT + ID_BYTES, *public_b = public_a + OFFICER_BYTES;
    uint8_t inner[INNER_BYTES];
    int rc = crypto_box_seal_open(inner, slot + SEALED_AT, OUTER_BYTES, public_a, secret_a);
    if (rc == 0)
        rc = crypto_box_seal_open(key, inner, sizeof inner, public_b, secret_b);
    sodium_memzero(inner, sizeof inner);
    return rc == 0 ? 0 : -1;
}

/* Tries one slot with the two secrets, in either order. */
static int open_slot(const uint8_t *slot, uint8_t secrets[2][32], uint8_t publics[2][32],
                     uint8_t key[KEYFILE_KEY_BYTES], struct id officers[2])
{
    const uint8_t *pair = slot + PAIR_AT;
    for (int turned = 0; turned < 2; turned++) {
        int a = turned, b = !turned;
        if (memcmp(publics[a], pair + ID_BYTES, 32) != 0 ||
            memcmp(publics[b], pair + OFFICER_BYTES + ID_BYTES, 32) != 0)
            continue;
        memcpy(officers[a].b, pair, ID_BYTES);
        memcpy(officers[b].b, pair + OFFICER_BYTES, ID_BYTES);
        return open_boxes(slot, secrets[a], secrets[b], key);
    }
    return -1;
}

int keyfile_open_recovery(const char *path, const uint8_t secret_a[32], const uint8_t secret_b[32],
                          uint8_t key[KEYFILE_KEY_BYTES], struct id officers[2], struct error *e)
{
    struct keyfile_image image;
    struct keyfile_chain_end end;
    uint8_t secrets[2][32], publics[2][32];
    size_t at;
    int rc = -1, code = keyfile_image_read(&image, path, e);
    memset(key, 0, KEYFILE_KEY_BYTES);
    memset(officers, 0, 2 * sizeof *officers);
    if (code != 0)
        return code;
    at = keyfile_image_find(&image, KEYFILE_RECOVERY, KEYFILE_SLOTS_AT);
    if (at == image.count)
        return error_set(e, E_NOT_FOUND, "%s was never given recovery officers; nobody else can open it", path);
    memcpy(secrets[0], secret_a, 32);
    memcpy(secrets[1], secret_b, 32);
    crypto_scalarmult_base(publics[0], secret_a);
    crypto_scalarmult_base(publics[1], secret_b);
    if (memcmp(publics[0], publics[1], sizeof publics[0]) != 0)
        for (; at < image.count && rc != 0;
             at = keyfile_image_find(&image, KEYFILE_RECOVERY, at + keyfile_image_slot(&image, at)))
            rc = open_slot(image.bytes + at, secrets, publics, key, officers);
    if (rc == 0)
        code = keyfile_image_open_chain_end(&image, key, &end, e);
    else
        code = error_set(e, E_WRONG_KEY,
                         "these two are no pair of recovery officers of %s; two different officers of one "
                         "pair are needed",
                         path);
    if (code != 0) {
        sodium_memzero(key, KEYFILE_KEY_BYTES);
        memset(officers, 0, 2 * sizeof *officers);
    }
    sodium_memzero(secrets, sizeof secrets);
    sodium_memzero(&image, sizeof image);
    return code;
}
