/* The device slot: how long this laptop may be opened without meeting its office.
 *
 *   64   32   lease secret, in clear; zeros: erased
 *   96   8    end of the lease
 *   104  8    latest time that this laptop saw
 *   112  32   MAC over all before it: BLAKE2b-256 under BLAKE2b-256(key = data key, "satchel lease mac 1")
 *
 * Opening a leased slot takes the lease secret, so erasing that secret locks the store for everybody who has a
 * passphrase and nothing else. An erased slot has no MAC, since whoever erases it may not have the key. */
#include <string.h>

#include "keyfile_private.h"

#define SECRET_AT KEYFILE_HEADER_BYTES
#define UNTIL_AT (SECRET_AT + 32)
#define SEEN_AT (UNTIL_AT + 8)
#define MAC_AT (SEEN_AT + 8)
#define MAC_BYTES 32
#define SEEN_STEP_MS 60000 /* the latest time seen is written at most once in this time */

_Static_assert(MAC_AT + MAC_BYTES == KEYFILE_DEVICE_BYTES, "the layout");

static void make_mac(uint8_t out[MAC_BYTES], const uint8_t *slot, const uint8_t key[KEYFILE_KEY_BYTES])
{
    static const uint8_t domain[] = "satchel lease mac 1";
    uint8_t own[KEYFILE_KEY_BYTES];
    crypto_generichash(own, sizeof own, domain, sizeof domain - 1, key, KEYFILE_KEY_BYTES);
    crypto_generichash(out, MAC_BYTES, slot, MAC_AT, own, sizeof own);
    sodium_memzero(own, sizeof own);
}

static int is_erased(const uint8_t *slot)
{
    return sodium_is_zero(slot + SECRET_AT, 32);
}

static void erase(uint8_t *slot)
{
    sodium_memzero(slot + SECRET_AT, 32);
    memset(slot + MAC_AT, 0, MAC_BYTES);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static int is_over(const uint8_t *slot, uint64_t now_ms)
{
    return later(now_ms, keyfile_image_get_le(slot + SEEN_AT, 8)) >= keyfile_image_get_le(slot + UNTIL_AT, 8);
}

int keyfile_lease_expire(struct keyfile_image *image, uint64_t now_ms)
{
    size_t at = keyfile_image_find(image, KEYFILE_DEVICE, KEYFILE_SLOTS_AT);
    uint8_t *slot = image->bytes + at;
    if (at == image->count || is_erased(slot) || !is_over(slot, now_ms))
        return 0;
    erase(slot);
    return 1;
}

/* ---- words ---- */

static int ended(struct error *e)
{
    return error_set(e, E_LOCKED,
                     "the time for which this laptop may be used without its office is over; connect it "
                     "to the office");
}

static int altered(const struct keyfile_image *image, struct error *e)
{
    return error_set(e, E_VERIFY, "the lease in %s was altered or is damaged; connect this laptop to its office",
                     image->path);
}

/* ---- reading ---- */

/* 1: a passphrase slot is leased. */
static int has_leased(const struct keyfile_image *image)
{
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count; at += keyfile_image_slot(image, at))
        if (image->bytes[at + KEYFILE_AT_TYPE] == KEYFILE_PASSPHRASE && keyfile_slot_is_leased(image->bytes + at))
            return 1;
    return 0;
}

/* Verifies the device slot; *at is its offset. If it is missing although a slot is leased, somebody removed it: that
 * counts as erased (E_LOCKED). */
static int verify(const struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES], size_t *at, struct error *e)
{
    uint8_t mac[MAC_BYTES];
    const uint8_t *slot;
    *at = keyfile_image_find(image, KEYFILE_DEVICE, KEYFILE_SLOTS_AT);
    if (*at == image->count && has_leased(image))
        return ended(e);
    if (*at == image->count)
        return error_set(e, E_NOT_FOUND, "there is no lease in %s; connect this laptop to its office", image->path);
    slot = image->bytes + *at;
    if (is_erased(slot))
        return ended(e);
    make_mac(mac, slot, key);
    return sodium_memcmp(mac, slot + MAC_AT, sizeof mac) == 0 ? 0 : altered(image, e);
}

int keyfile_lease_secret(const struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t secret[32],
                         struct error *e)
{
    size_t at;
    int code = verify(image, key, &at, e);
    memset(secret, 0, 32);
    if (code == 0)
        memcpy(secret, image->bytes + at + SECRET_AT, 32);
    return code;
}

int keyfile_lease_open(const struct keyfile_image *image, const uint8_t *slot, const uint8_t own[KEYFILE_KEY_BYTES],
                       uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    size_t at = keyfile_image_find(image, KEYFILE_DEVICE, KEYFILE_SLOTS_AT);
    int code;
    if (at == image->count || is_erased(image->bytes + at))
        return ended(e);
    if (keyfile_slot_open(slot, own, image->bytes + at + SECRET_AT, key) != 0)
        return altered(image, e);
    code = verify(image, key, &at, e);
    if (code != 0)
        sodium_memzero(key, KEYFILE_KEY_BYTES);
    return code;
}

/* ---- writing ---- */

/* Puts the lease into image. *same: 1: the same lease was there already. */
static int put_lease(struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES],
                     const struct keyfile_lease *lease, int *same, struct error *e)
{
    uint8_t slot[KEYFILE_DEVICE_BYTES];
    size_t at = keyfile_image_find(image, KEYFILE_DEVICE, KEYFILE_SLOTS_AT);
    int code;
    keyfile_image_header(image, slot, KEYFILE_DEVICE, sizeof slot, NULL);
    if (at < image->count)
        slot[KEYFILE_AT_NUMBER] = image->bytes[at + KEYFILE_AT_NUMBER];
    memcpy(slot + SECRET_AT, lease->secret, sizeof lease->secret);
    keyfile_image_put_le(slot + UNTIL_AT, lease->until_ms, 8);
    keyfile_image_put_le(slot + SEEN_AT, lease->seen_ms, 8);
    if (!is_erased(slot))
        make_mac(slot + MAC_AT, slot, key);
    *same = at < image->count && sodium_memcmp(slot, image->bytes + at, sizeof slot) == 0;
    code = keyfile_image_put(image, at, slot, sizeof slot, e);
    sodium_memzero(slot, sizeof slot);
    return code;
}

int keyfile_lease_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_lease *lease,
                      struct error *e)
{
    struct keyfile_image image;
    uint8_t had[32];
    int same = 0, code = keyfile_image_begin(&image, path, key, e);
    if (code != 0)
        return code;
    /* Leased slots are wrapped under the secret; another secret would lock them for ever. */
    if (keyfile_lease_secret(&image, key, had, NULL) == 0 && has_leased(&image) && !sodium_is_zero(lease->secret, 32) &&
        sodium_memcmp(had, lease->secret, 32) != 0)
        code =
            error_set(e, E_REFUSED, "the lease that the office gave is another laptop's; %s was left as it was", path);
    sodium_memzero(had, sizeof had);
    if (code == 0)
        code = put_lease(&image, key, lease, &same, e);
    if (code == 0 && !same)
        code = keyfile_image_end(&image, 0, e);
    else
        keyfile_image_leave(&image);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_lease_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint64_t now_ms,
                      struct keyfile_lease *out, struct error *e)
{
    struct keyfile_image image;
    uint8_t *slot;
    size_t at;
    int writes = 0, code = keyfile_image_begin(&image, path, key, e);
    memset(out, 0, sizeof *out);
    if (code != 0)
        return code;
    code = verify(&image, key, &at, e);
    slot = image.bytes + at;
    if (code == 0 && keyfile_lease_expire(&image, now_ms)) {
        writes = 1;
        code = ended(e);
    } else if (code == 0) {
        uint64_t seen_ms = keyfile_image_get_le(slot + SEEN_AT, 8);
        writes = now_ms > seen_ms && now_ms - seen_ms >= SEEN_STEP_MS;
        if (writes) {
            keyfile_image_put_le(slot + SEEN_AT, now_ms, 8);
            make_mac(slot + MAC_AT, slot, key);
        }
        memcpy(out->secret, slot + SECRET_AT, sizeof out->secret);
        out->until_ms = keyfile_image_get_le(slot + UNTIL_AT, 8);
        out->seen_ms = later(now_ms, seen_ms);
    }
    /* The answer does not depend on whether this can be written. */
    if (writes)
        (void)keyfile_image_end(&image, 0, NULL);
    else
        keyfile_image_leave(&image);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_lease_carry(const struct keyfile_next *n, const struct keyfile_image *from, struct keyfile_image *to,
                        struct error *e)
{
    size_t at = keyfile_image_find(from, KEYFILE_DEVICE, KEYFILE_SLOTS_AT);
    size_t there = keyfile_image_find(to, KEYFILE_DEVICE, KEYFILE_SLOTS_AT);
    struct keyfile_lease lease;
    int same, code = 0;
    if (at == from->count)
        return there == to->count ? 0 : keyfile_image_put(to, there, NULL, 0, e);
    if (!is_erased(from->bytes + at)) /* an erased one is carried over as it is */
        code = verify(from, n->old_key, &at, e);
    if (code != 0)
        return code;
    memcpy(lease.secret, from->bytes + at + SECRET_AT, sizeof lease.secret);
    lease.until_ms = keyfile_image_get_le(from->bytes + at + UNTIL_AT, 8);
    lease.seen_ms = keyfile_image_get_le(from->bytes + at + SEEN_AT, 8);
    code = put_lease(to, n->key, &lease, &same, e);
    sodium_memzero(&lease, sizeof lease);
    return code;
}

/* ---- renewing ---- */

/* Puts the lease into the file and ends the count of wrong passphrases, in one replacement. */
static int save_lease(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_lease *lease,
                      struct error *e)
{
    struct keyfile_image image;
    int same, code = keyfile_image_begin(&image, path, key, e);
    if (code != 0)
        return code;
    (void)keyfile_attempts_forget(&image);
    code = put_lease(&image, key, lease, &same, e);
    code = keyfile_image_end(&image, code, e);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_lease_renew(const char *path, const struct keyfile_attempt *attempt, const struct keyfile_lease *lease,
                        uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_opened *opened, struct error *e)
{
    struct keyfile_try t;
    uint8_t own[KEYFILE_KEY_BYTES];
    size_t at = 0;
    int code;
    memset(key, 0, KEYFILE_KEY_BYTES);
    if (sodium_is_zero(lease->secret, sizeof lease->secret) ||
        later(attempt->now_ms, lease->seen_ms) >= lease->until_ms)
        return error_set(e, E_LOCKED,
                         "the office gave this laptop no lease that ends after now; see that the clock is "
                         "right, and ask its administrator");
    if ((code = keyfile_attempts_begin(&t, path, attempt, e)) != 0)
        return code;
    code = keyfile_slot_match(&t.image, attempt->passphrase, &at, own, e);
    if (code == 0) {
        const uint8_t *slot = t.image.bytes + at;
        if (keyfile_slot_open(slot, own, keyfile_slot_is_leased(slot) ? lease->secret : NULL, key) != 0)
            code = error_set(e, E_VERIFY, "the lease that the office gave is another laptop's; ask its administrator");
    }
    if (code == 0)
        code = save_lease(path, key, lease, e);
    keyfile_attempts_end(&t, code);
    if (code == 0)
        keyfile_opened_fill(opened, &t, at);
    else
        sodium_memzero(key, KEYFILE_KEY_BYTES);
    sodium_memzero(own, sizeof own);
    sodium_memzero(&t, sizeof t);
    return code;
}
