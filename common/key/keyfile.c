/* The public functions of the key file about passphrases, secrets, slots and the chain end. keyfile_private.h has the
 * bytes, and says which file does what. */
#include "keyfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "keyfile_private.h"
#include "vault.h"

const char *keyfile_type_name(uint8_t type)
{
    static const char *const names[] = {"newer", "passphrase", "recovery", "lease", "key file", "attempts", "reports"};
    return names[type < sizeof names / sizeof *names ? type : 0];
}

/* ---- passphrases ---- */

int keyfile_create(const char *path, const struct keyfile_new_passphrase *first, uint8_t key[KEYFILE_KEY_BYTES],
                   struct error *e)
{
    static const struct keyfile_chain_end none;
    uint8_t slot[KEYFILE_LEASED_BYTES];
    struct keyfile_image image;
    struct stat status;
    int code;
    randombytes_buf(key, KEYFILE_KEY_BYTES);
    keyfile_image_start(&image, path, key, &none);
    if ((code = keyfile_image_label(first->label, e)) != 0)
        goto out;
    keyfile_image_header(&image, slot, KEYFILE_PASSPHRASE, sizeof slot, first->label);
    if ((code = keyfile_slot_make(slot, key, first, NULL, e)) != 0 ||
        (code = keyfile_image_put(&image, image.count, slot, KEYFILE_PASSPHRASE_BYTES, e)) != 0 ||
        (code = file_lock(path, &image.folder, e)) != 0)
        goto out;
    if (lstat(path, &status) == 0)
        code = error_set(e, E_EXISTS, "there is a key file at %s already; it is left as it is", path);
    else if (errno != ENOENT)
        code = error_system(e, E_IO, errno, "%s could not be looked at", path);
    code = keyfile_image_end(&image, code, e);
out:
    if (code != 0)
        sodium_memzero(key, KEYFILE_KEY_BYTES);
    return code;
}

void keyfile_opened_fill(struct keyfile_opened *opened, const struct keyfile_try *t, size_t at)
{
    const uint8_t *slot = t->image.bytes + at;
    if (opened == NULL)
        return;
    memset(opened, 0, sizeof *opened);
    opened->slot = slot[KEYFILE_AT_NUMBER];
    memcpy(opened->label, slot + KEYFILE_AT_LABEL, KEYFILE_LABEL_MAX);
    opened->wrong = t->wrong;
    opened->wrong_ms = t->wrong_ms;
}

int keyfile_open(const char *path, const struct keyfile_attempt *attempt, uint8_t key[KEYFILE_KEY_BYTES],
                 struct keyfile_opened *opened, struct error *e)
{
    struct keyfile_try t;
    uint8_t own[KEYFILE_KEY_BYTES];
    size_t at = 0;
    int code = keyfile_attempts_begin(&t, path, attempt, e);
    memset(key, 0, KEYFILE_KEY_BYTES);
    if (code != 0)
        return code;
    code = keyfile_slot_match(&t.image, attempt->passphrase, &at, own, e);
    if (code == 0) {
        const uint8_t *slot = t.image.bytes + at;
        if (keyfile_slot_is_leased(slot))
            code = keyfile_lease_open(&t.image, slot, own, key, e);
        else
            (void)keyfile_slot_open(slot, own, NULL, key); /* it opens: keyfile_slot_match tried */
    }
    keyfile_attempts_end(&t, code);
    if (code == 0)
        keyfile_opened_fill(opened, &t, at);
    sodium_memzero(own, sizeof own);
    sodium_memzero(&t, sizeof t);
    return code;
}

int keyfile_open_link(const char *path, const struct keyfile_attempt *attempt, uint8_t link[32], struct error *e)
{
    struct keyfile_try t;
    uint8_t own[KEYFILE_KEY_BYTES];
    size_t at = 0;
    int code = keyfile_attempts_begin(&t, path, attempt, e);
    memset(link, 0, 32);
    if (code != 0)
        return code;
    code = keyfile_slot_match(&t.image, attempt->passphrase, &at, own, e);
    if (code == 0 && !keyfile_slot_is_leased(t.image.bytes + at))
        code = error_set(e, E_NOT_FOUND, "this passphrase of %s is not bound to a lease; unlock with it", path);
    else if (code == 0)
        (void)keyfile_slot_open_link(t.image.bytes + at, own, link); /* it opens: keyfile_slot_match tried */
    /* Only opening the data key ends the count: whoever opens that tells the office how many wrong ones there were. */
    keyfile_attempts_end(&t, code == 0 ? E_LOCKED : code);
    sodium_memzero(own, sizeof own);
    sodium_memzero(&t, sizeof t);
    return code;
}

/* Fills the passphrase slot whose header stands in slot, and puts it into the image at `at`. */
static int put_passphrase(struct keyfile_image *image, size_t at, uint8_t slot[KEYFILE_LEASED_BYTES],
                          const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_new_passphrase *fresh,
                          struct error *e)
{
    size_t bytes = fresh->link != NULL ? KEYFILE_LEASED_BYTES : KEYFILE_PASSPHRASE_BYTES;
    uint8_t lease[32] = {0};
    int code = 0;
    if (fresh->link != NULL)
        code = keyfile_lease_secret(image, key, lease, e);
    if (code == 0)
        code = keyfile_slot_make(slot, key, fresh, lease, e);
    if (code == 0)
        code = keyfile_image_put(image, at, slot, bytes, e);
    sodium_memzero(lease, sizeof lease);
    return code;
}

int keyfile_change(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t slot,
                   const struct keyfile_new_passphrase *fresh, struct error *e)
{
    uint8_t made[KEYFILE_LEASED_BYTES] = {0};
    struct keyfile_image image;
    size_t at;
    int code = keyfile_image_begin(&image, path, key, e);
    if (code != 0)
        return code;
    at = keyfile_image_numbered(&image, slot);
    if (at == image.count || image.bytes[at + KEYFILE_AT_TYPE] != KEYFILE_PASSPHRASE) {
        code = error_set(e, E_NOT_FOUND, "%s has no passphrase in slot %u", path, (unsigned)slot);
    } else {
        memcpy(made, image.bytes + at, KEYFILE_HEADER_BYTES);
        code = put_passphrase(&image, at, made, key, fresh, e);
    }
    code = keyfile_image_end(&image, code, e);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_add_passphrase(const char *path, const uint8_t key[KEYFILE_KEY_BYTES],
                           const struct keyfile_new_passphrase *fresh, struct error *e)
{
    uint8_t made[KEYFILE_LEASED_BYTES];
    struct keyfile_image image;
    int code = keyfile_image_label(fresh->label, e);
    if (code != 0 || (code = keyfile_image_begin(&image, path, key, e)) != 0)
        return code;
    keyfile_image_header(&image, made, KEYFILE_PASSPHRASE, sizeof made, fresh->label);
    code = put_passphrase(&image, image.count, made, key, fresh, e);
    code = keyfile_image_end(&image, code, e);
    sodium_memzero(&image, sizeof image);
    return code;
}

/* ---- secrets ---- */

static int add_slot(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], enum keyfile_type type, const char *label,
                    const uint8_t secret[32], struct error *e)
{
    uint8_t made[KEYFILE_SECRET_BYTES], pages[KEYFILE_KEY_BYTES];
    struct keyfile_image image;
    int code = keyfile_image_label(label, e);
    if (code != 0 || (code = keyfile_image_begin(&image, path, key, e)) != 0)
        return code;
    vault_pages_key(key, pages);
    keyfile_image_header(&image, made, (uint8_t)type, sizeof made, label);
    keyfile_slot_make_secret(made, type == KEYFILE_REPORTS ? pages : key, secret);
    sodium_memzero(pages, sizeof pages);
    code = keyfile_image_put(&image, image.count, made, sizeof made, e);
    code = keyfile_image_end(&image, code, e);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_add_secret(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *label,
                       const uint8_t secret[32], struct error *e)
{
    return add_slot(path, key, KEYFILE_SECRET, label, secret, e);
}

int keyfile_add_reports(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *label,
                        const uint8_t secret[32], struct error *e)
{
    return add_slot(path, key, KEYFILE_REPORTS, label, secret, e);
}

/* 1: a slot of this type opens; key is what it holds, or zeros. */
static int open_slot(const struct keyfile_image *image, enum keyfile_type type, const uint8_t secret[32],
                     uint8_t key[KEYFILE_KEY_BYTES])
{
    int rc = -1;
    memset(key, 0, KEYFILE_KEY_BYTES);
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count && rc != 0; at += keyfile_image_slot(image, at))
        if (image->bytes[at + KEYFILE_AT_TYPE] == type)
            rc = keyfile_slot_open_secret(image->bytes + at, secret, key);
    return rc == 0;
}

int keyfile_open_secret(const char *path, const uint8_t secret[32], uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    struct keyfile_image image;
    int code = keyfile_image_read(&image, path, e);
    memset(key, 0, KEYFILE_KEY_BYTES);
    if (code != 0)
        return code;
    if (open_slot(&image, KEYFILE_REPORTS, secret, key))
        code = error_set(e, E_WRONG_KEY,
                         "the secret is one for reports: it reads the tables of %s, and opens nothing else", path);
    else if (!open_slot(&image, KEYFILE_SECRET, secret, key))
        code = error_set(e, E_WRONG_KEY, "the secret opens nothing in %s; use the one that was made for it", path);
    if (code != 0)
        sodium_memzero(key, KEYFILE_KEY_BYTES);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_open_reports(const char *path, const uint8_t secret[32], uint8_t pages[KEYFILE_KEY_BYTES], struct error *e)
{
    struct keyfile_image image;
    int code = keyfile_image_read(&image, path, e);
    memset(pages, 0, KEYFILE_KEY_BYTES);
    if (code != 0)
        return code;
    if (open_slot(&image, KEYFILE_SECRET, secret, pages))
        code = error_set(e, E_REFUSED,
                         "this secret opens all of %s, also the office's private keys; make one that reads and nothing "
                         "else: `satcheld key add --reports`",
                         path);
    else if (!open_slot(&image, KEYFILE_REPORTS, secret, pages))
        code = error_set(e, E_WRONG_KEY, "the secret opens nothing in %s; use the one that was made for it", path);
    if (code != 0)
        sodium_memzero(pages, KEYFILE_KEY_BYTES);
    sodium_memzero(&image, sizeof image);
    return code;
}

/* ---- slots ---- */

int keyfile_remove(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], uint8_t slot, struct error *e)
{
    struct keyfile_image image;
    size_t at, openers = 0;
    int code = keyfile_image_begin(&image, path, key, e);
    if (code != 0)
        return code;
    for (at = KEYFILE_SLOTS_AT; at < image.count; at += keyfile_image_slot(&image, at)) {
        uint8_t type = image.bytes[at + KEYFILE_AT_TYPE];
        openers += type == KEYFILE_PASSPHRASE || type == KEYFILE_SECRET;
    }
    at = keyfile_image_numbered(&image, slot);
    if (at == image.count)
        code = error_set(e, E_NOT_FOUND, "%s has no passphrase and no secret in slot %u", path, (unsigned)slot);
    else if (openers == 1 && image.bytes[at + KEYFILE_AT_TYPE] != KEYFILE_REPORTS)
        code =
            error_set(e, E_REFUSED, "slot %u is the last that opens %s; add another one first", (unsigned)slot, path);
    else
        code = keyfile_image_put(&image, at, NULL, 0, e);
    code = keyfile_image_end(&image, code, e);
    sodium_memzero(&image, sizeof image);
    return code;
}

static void describe_slot(const uint8_t *slot, struct keyfile_slot *out)
{
    memset(out, 0, sizeof *out);
    out->number = slot[KEYFILE_AT_NUMBER];
    out->type = slot[KEYFILE_AT_TYPE];
    if (out->type < KEYFILE_PASSPHRASE || out->type > KEYFILE_REPORTS)
        return;
    out->leased = keyfile_slot_is_leased(slot);
    memcpy(out->label, slot + KEYFILE_AT_LABEL, KEYFILE_LABEL_MAX);
    out->passes = keyfile_image_get_le(slot + KEYFILE_AT_PASSES, 4);
    out->memory_bytes = keyfile_image_get_le(slot + KEYFILE_AT_MEMORY, 8);
    if (out->type == KEYFILE_RECOVERY) {
        memcpy(out->officers[0].b, slot + KEYFILE_HEADER_BYTES, ID_BYTES);
        memcpy(out->officers[1].b, slot + KEYFILE_HEADER_BYTES + ID_BYTES + 32, ID_BYTES);
    }
}

int keyfile_list(const char *path, struct keyfile_slot *out, size_t max, size_t *count, struct error *e)
{
    struct keyfile_image image;
    int code = keyfile_image_read(&image, path, e);
    *count = 0;
    if (code != 0)
        return code;
    for (size_t at = KEYFILE_SLOTS_AT; at < image.count; at += keyfile_image_slot(&image, at)) {
        if (*count < max)
            describe_slot(image.bytes + at, &out[*count]);
        ++*count;
    }
    sodium_memzero(&image, sizeof image);
    return 0;
}

/* ---- the end of the device's chain ---- */

int keyfile_chain_end_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_chain_end *end,
                          struct error *e)
{
    struct keyfile_image image;
    int code = keyfile_image_read(&image, path, e);
    if (code == 0)
        code = keyfile_image_open_chain_end(&image, key, end, e);
    sodium_memzero(&image, sizeof image);
    return code;
}

int keyfile_chain_end_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_chain_end *end,
                          struct error *e)
{
    struct keyfile_image image;
    int code = keyfile_image_begin(&image, path, key, e);
    if (code != 0)
        return code;
    keyfile_image_seal_chain_end(&image, key, end);
    code = keyfile_image_end(&image, 0, e);
    sodium_memzero(&image, sizeof image);
    return code;
}
