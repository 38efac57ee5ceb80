/* The key file that takes another's place when a store gets a new data key (rekey.c).
 *
 * A slot can be made again only with the passphrase or secret that opens it. So the next file begins with the slot of
 * the one at hand. The chain end and the lease are carried over when the files change places, since the old data key
 * vouches for them. A pair of recovery officers is carried over only if the caller vouches for the office's signature,
 * since nothing in the file does: otherwise a pair that a stranger put in would be given the new key. */
#include <string.h>

#include "file.h"
#include "keyfile_private.h"

/* Finds the slot that n->with opens; *at is its offset, own what Argon2id made of a passphrase. */
static int match_opener(const struct keyfile_next *n, const struct keyfile_image *image, size_t *at,
                        uint8_t own[KEYFILE_KEY_BYTES], struct error *e)
{
    const struct keyfile_opener *with = &n->with;
    uint8_t plain[KEYFILE_KEY_BYTES];
    int rc = -1;
    if (with->secret == NULL)
        return keyfile_slot_match(image, with->passphrase, at, own, e);
    memset(own, 0, KEYFILE_KEY_BYTES);
    for (*at = keyfile_image_find(image, KEYFILE_SECRET, KEYFILE_SLOTS_AT); *at < image->count;
         *at = keyfile_image_find(image, KEYFILE_SECRET, *at + keyfile_image_slot(image, *at))) {
        rc = keyfile_slot_open_secret(image->bytes + *at, with->secret, plain);
        sodium_memzero(plain, sizeof plain);
        if (rc == 0)
            return 0;
    }
    return error_set(e, E_WRONG_KEY, "the secret opens nothing in %s; use the one that was made for it", image->path);
}

int keyfile_next_open(const struct keyfile_next *n, struct error *e)
{
    struct keyfile_image image;
    uint8_t own[KEYFILE_KEY_BYTES] = {0};
    size_t at;
    int rc = 0, code = keyfile_image_read(&image, n->next, e);
    memset(n->key, 0, KEYFILE_KEY_BYTES);
    if (code == 0)
        code = match_opener(n, &image, &at, own, e);
    if (code == 0) {
        const uint8_t *slot = image.bytes + at;
        if (n->with.secret != NULL)
            rc = keyfile_slot_open_secret(slot, n->with.secret, n->key);
        else if (!keyfile_slot_is_leased(slot))
            rc = keyfile_slot_open(slot, own, NULL, n->key);
        else
            rc = n->lease == NULL ? -1 : keyfile_slot_open(slot, own, n->lease, n->key);
        if (rc != 0)
            code = error_set(e, E_WRONG_KEY, "%s was made under another lease", n->next);
    }
    sodium_memzero(own, sizeof own);
    sodium_memzero(&image, sizeof image);
    return code;
}

/* Makes the opener's slot, which is at `at` in from, again around n->key, and adds it to to. */
static int make_opener(const struct keyfile_next *n, const struct keyfile_image *from, size_t at,
                       const uint8_t own[KEYFILE_KEY_BYTES], struct keyfile_image *to, struct error *e)
{
    const uint8_t *old = from->bytes + at;
    uint8_t slot[KEYFILE_LEASED_BYTES], link[32] = {0};
    char label[KEYFILE_LABEL_MAX + 1] = {0};
    struct keyfile_new_passphrase fresh = {n->with.passphrase, label, n->cost, NULL};
    size_t bytes = KEYFILE_SECRET_BYTES;
    int code = 0;
    memcpy(label, old + KEYFILE_AT_LABEL, KEYFILE_LABEL_MAX);
    if (n->with.secret != NULL) {
        keyfile_image_header(to, slot, KEYFILE_SECRET, bytes, label);
        keyfile_slot_make_secret(slot, n->key, n->with.secret);
    } else {
        bytes = keyfile_slot_is_leased(old) ? KEYFILE_LEASED_BYTES : KEYFILE_PASSPHRASE_BYTES;
        keyfile_image_header(to, slot, KEYFILE_PASSPHRASE, bytes, label);
        if (keyfile_slot_is_leased(old)) {
            (void)keyfile_slot_open_link(old, own, link); /* it opens: match_opener tried */
            fresh.link = link;
        }
        code = keyfile_slot_make(slot, n->key, &fresh, n->lease, e);
    }
    if (code == 0)
        code = keyfile_image_put(to, to->count, slot, bytes, e);
    sodium_memzero(link, sizeof link);
    return code;
}

int keyfile_next_make(const struct keyfile_next *n, struct error *e)
{
    static const struct keyfile_chain_end none;
    struct keyfile_image from, to;
    uint8_t own[KEYFILE_KEY_BYTES] = {0};
    size_t at;
    int code = keyfile_image_begin(&from, n->path, NULL, e);
    memset(n->key, 0, KEYFILE_KEY_BYTES);
    if (code != 0)
        return code;
    code = match_opener(n, &from, &at, own, e);
    if (code == 0 && n->with.secret == NULL && keyfile_slot_is_leased(from.bytes + at) && n->lease == NULL)
        code = error_set(e, E_LOCKED, "the lease in %s is over; connect this laptop to its office", n->path);
    if (code == 0) {
        randombytes_buf(n->key, KEYFILE_KEY_BYTES);
        keyfile_image_start(&to, n->next, n->key, &none);
        code = make_opener(n, &from, at, own, &to, e);
    }
    if (code == 0)
        code = file_replace(from.folder, n->next, to.bytes, to.count, e);
    keyfile_image_leave(&from);
    if (code != 0)
        sodium_memzero(n->key, KEYFILE_KEY_BYTES);
    sodium_memzero(own, sizeof own);
    sodium_memzero(&from, sizeof from);
    return code;
}

/* Returns how many slots of from stay behind: those of other persons and programs, and of types that we do not know. */
static size_t left_behind(const struct keyfile_image *from)
{
    size_t count = 0;
    for (size_t at = KEYFILE_SLOTS_AT; at < from->count; at += keyfile_image_slot(from, at)) {
        uint8_t type = from->bytes[at + KEYFILE_AT_TYPE];
        count += type != KEYFILE_RECOVERY && type != KEYFILE_DEVICE && type != KEYFILE_ATTEMPTS;
    }
    return count - 1; /* the opener's own slot was made again */
}

int keyfile_next_carry(const struct keyfile_next *n, int folder, size_t *dropped, struct error *e)
{
    struct keyfile_image from, to;
    struct keyfile_chain_end end;
    int code;
    *dropped = 0;
    if ((code = keyfile_image_read(&from, n->path, e)) == 0 &&
        (code = keyfile_image_open_chain_end(&from, n->old_key, &end, e)) == 0 &&
        (code = keyfile_image_read(&to, n->next, e)) == 0) {
        *dropped = left_behind(&from);
        keyfile_image_seal_chain_end(&to, n->key, &end);
        code = keyfile_lease_carry(n, &from, &to, e);
    }
    if (code == 0)
        code = keyfile_recovery_carry(n, &from, &to, dropped, e);
    if (code == 0)
        code = file_replace(folder, n->next, to.bytes, to.count, e);
    sodium_memzero(&from, sizeof from);
    sodium_memzero(&to, sizeof to);
    return code;
}
