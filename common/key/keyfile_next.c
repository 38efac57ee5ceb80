/* The key file that takes another's place when a store gets a new data key (rekey.c).
 *
 * A slot can be made again only by whoever has what opens it. So the next file begins with the slot of the passphrase
 * or secret at hand. What the data key vouches for is carried over when the files change places: head and lease. Pairs
 * of recovery officers are carried where somebody answers for the office's signature, since nothing in the file does: a
 * pair that a stranger put in would be given the new key. */
#include <string.h>

#include "file.h"
#include "keyfile_private.h"

/* Finds the slot that this opener opens. own is what Argon2id made of a passphrase. */
static int match(const struct keyfile_image *image, const char *path, const struct keyfile_opener *with, size_t *at,
                 uint8_t own[KEYFILE_KEY_BYTES], struct error *e)
{
    uint8_t plain[KEYFILE_KEY_BYTES];
    int rc = -1;
    if (with->secret == NULL)
        return keyfile_slot_match(image, with->passphrase, with->passphrase_bytes, at, own, e);
    memset(own, 0, KEYFILE_KEY_BYTES);
    for (*at = keyfile_image_find(image, KEYFILE_SECRET, KEYFILE_SLOTS_AT); *at < image->count;
         *at = keyfile_image_find(image, KEYFILE_SECRET, *at + keyfile_image_slot(image, *at))) {
        rc = keyfile_slot_open_secret(image->bytes + *at, with->secret, plain);
        sodium_memzero(plain, sizeof plain);
        if (rc == 0)
            return 0;
    }
    return error_set(e, E_WRONG_KEY, "the secret opens nothing in %s; use the one that was made for it", path);
}

int keyfile_next_open(const char *next, const struct keyfile_opener *with, const uint8_t *lease_secret,
                      uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    struct keyfile_image image;
    uint8_t own[KEYFILE_KEY_BYTES] = {0};
    size_t at;
    int rc = 0, code = keyfile_image_read(next, &image, e);
    memset(key, 0, KEYFILE_KEY_BYTES);
    if (code == 0)
        code = match(&image, next, with, &at, own, e);
    if (code == 0) {
        const uint8_t *slot = image.bytes + at;
        if (with->secret != NULL)
            rc = keyfile_slot_open_secret(slot, with->secret, key);
        else if (!keyfile_slot_is_leased(slot))
            rc = keyfile_slot_open(slot, own, NULL, key);
        else
            rc = lease_secret == NULL ? -1 : keyfile_slot_open(slot, own, lease_secret, key);
        if (rc != 0)
            code = error_set(e, E_WRONG_KEY, "%s was made under another lease", next);
    }
    sodium_memzero(own, sizeof own);
    sodium_memzero(&image, sizeof image);
    return code;
}

/* The slot of the opener, made again around the new key. */
static int make_opener(const struct keyfile_image *from, size_t at, struct keyfile_image *to, const char *next,
                       const struct keyfile_opener *with, enum keyfile_cost cost, const uint8_t own[KEYFILE_KEY_BYTES],
                       const uint8_t *lease_secret, const uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    const uint8_t *old = from->bytes + at;
    uint8_t slot[KEYFILE_LEASED_BYTES], link[32] = {0};
    char label[KEYFILE_LABEL_MAX + 1] = {0};
    size_t bytes = KEYFILE_SECRET_BYTES;
    int leased = keyfile_slot_is_leased(old), code = 0;
    memcpy(label, old + KEYFILE_AT_LABEL, KEYFILE_LABEL_MAX);
    if (with->secret != NULL) {
        keyfile_image_header(to, slot, KEYFILE_SECRET, bytes, label);
        keyfile_slot_make_secret(slot, key, with->secret);
    } else {
        bytes = leased ? KEYFILE_LEASED_BYTES : KEYFILE_PASSPHRASE_BYTES;
        keyfile_image_header(to, slot, KEYFILE_PASSPHRASE, bytes, label);
        if (leased)
            (void)keyfile_slot_open_link(old, own, link); /* the match was that it opens */
        code = keyfile_slot_make(slot, key, with->passphrase, with->passphrase_bytes, cost, leased ? link : NULL,
                                 leased ? lease_secret : NULL, e);
    }
    if (code == 0)
        code = keyfile_image_put(to, to->count, slot, bytes, next, e);
    sodium_memzero(link, sizeof link);
    return code;
}

int keyfile_next_make(const char *path, const char *next, const struct keyfile_opener *with, enum keyfile_cost cost,
                      const uint8_t *lease_secret, uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    static const struct keyfile_head none;
    struct keyfile_image from, to;
    uint8_t own[KEYFILE_KEY_BYTES] = {0};
    size_t at;
    int folder, code = keyfile_image_begin(path, NULL, &from, &folder, e);
    memset(key, 0, KEYFILE_KEY_BYTES);
    if (code != 0)
        return code;
    code = match(&from, path, with, &at, own, e);
    if (code == 0 && with->secret == NULL && keyfile_slot_is_leased(from.bytes + at) && lease_secret == NULL)
        code = error_set(e, E_LOCKED, "the lease in %s is over; connect this laptop to its office", path);
    if (code == 0) {
        randombytes_buf(key, KEYFILE_KEY_BYTES);
        keyfile_image_start(&to, key, &none);
        code = make_opener(&from, at, &to, next, with, cost, own, lease_secret, key, e);
    }
    if (code == 0)
        code = file_replace(folder, next, to.bytes, to.count, e);
    file_unlock(folder);
    if (code != 0)
        sodium_memzero(key, KEYFILE_KEY_BYTES);
    sodium_memzero(own, sizeof own);
    sodium_memzero(&from, sizeof from);
    return code;
}

/* How many slots of from stay behind: those of other persons and programs, and of types that we do not know. */
static size_t left_behind(const struct keyfile_image *from)
{
    size_t count = 0;
    for (size_t at = KEYFILE_SLOTS_AT; at < from->count; at += keyfile_image_slot(from, at)) {
        uint8_t type = from->bytes[at + KEYFILE_AT_TYPE];
        count += type != KEYFILE_RECOVERY && type != KEYFILE_DEVICE && type != KEYFILE_ATTEMPTS;
    }
    return count - 1; /* the opener's */
}

int keyfile_next_carry(const char *path, const uint8_t old_key[KEYFILE_KEY_BYTES], const char *next, int folder,
                       const uint8_t key[KEYFILE_KEY_BYTES], keyfile_next_holds *holds, void *context, size_t *dropped,
                       struct error *e)
{
    struct keyfile_image from, to;
    struct keyfile_head head;
    int code;
    *dropped = 0;
    if ((code = keyfile_image_read(path, &from, e)) == 0 &&
        (code = keyfile_image_open_head(&from, path, old_key, &head, e)) == 0 &&
        (code = keyfile_image_read(next, &to, e)) == 0) {
        *dropped = left_behind(&from);
        keyfile_image_seal_head(&to, key, &head);
        code = keyfile_lease_carry(&from, path, old_key, &to, next, key, e);
    }
    if (code == 0)
        code = keyfile_recovery_carry(&from, &to, next, key, holds, context, dropped, e);
    if (code == 0)
        code = file_replace(folder, next, to.bytes, to.count, e);
    sodium_memzero(&from, sizeof from);
    sodium_memzero(&to, sizeof to);
    return code;
}
