/* Any bytes as a key file, and as the slots of an otherwise good one. What is taken for a key file can be walked
 * through, listed, and changed: each slot taken away and put back gives the same bytes; a new slot gets a number of its
 * own; and where trying costs little, no passphrase, secret or officer that never was put in opens anything. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keyfile_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[KEYFILE_KEY_BYTES] = {1}, stranger[32] = {2};

static void must(int holds)
{
    if (!holds)
        abort();
}

/* Takes each slot out and puts it back where it was. */
static void change(const struct keyfile_image *image)
{
    struct keyfile_image changed;
    uint8_t slot[KEYFILE_FILE_MAX];
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count; at += keyfile_image_slot(image, at)) {
        size_t bytes = keyfile_image_slot(image, at);
        must(bytes >= KEYFILE_HEADER_BYTES && bytes <= image->count - at);
        changed = *image;
        memcpy(slot, image->bytes + at, bytes);
        must(keyfile_image_put(&changed, at, NULL, 0, NULL) == 0);
        must(changed.count == image->count - bytes);
        must(changed.count == KEYFILE_SLOTS_AT || keyfile_image_check(&changed, NULL) == 0);
        /* A slot that is put in at another's place replaces it; so only the last goes back where it was. */
        if (at + bytes == image->count && image->count + KEYFILE_ATTEMPTS_BYTES <= KEYFILE_FILE_MAX) {
            must(keyfile_image_put(&changed, at, slot, bytes, NULL) == 0);
            must(changed.count == image->count && memcmp(changed.bytes, image->bytes, image->count) == 0);
        }
    }
    changed = *image;
    keyfile_image_header(&changed, slot, KEYFILE_SECRET, KEYFILE_SECRET_BYTES, "fuzz");
    keyfile_slot_make_secret(slot, key, key);
    if (keyfile_image_put(&changed, changed.count, slot, KEYFILE_SECRET_BYTES, NULL) == 0)
        must(keyfile_image_check(&changed, NULL) == 0);
    else
        must(image->count + KEYFILE_SECRET_BYTES + KEYFILE_ATTEMPTS_BYTES > KEYFILE_FILE_MAX);
    changed = *image;
    (void)keyfile_attempts_forget(&changed);
    (void)keyfile_lease_expire(&changed, UINT64_MAX);
    must(changed.count == KEYFILE_SLOTS_AT || keyfile_image_check(&changed, NULL) == 0);
}

/* Whether every passphrase of the file is tried in no time. */
static int is_cheap(const struct keyfile_image *image)
{
    uint64_t work = 0;
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count; at += keyfile_image_slot(image, at))
        if (image->bytes[at + KEYFILE_AT_TYPE] == KEYFILE_PASSPHRASE)
            work += keyfile_image_get_le(image->bytes + at + KEYFILE_AT_PASSES, 4) *
                    keyfile_image_get_le(image->bytes + at + KEYFILE_AT_MEMORY, 8);
    return work <= 1u << 18;
}

static void open_all(const struct keyfile_image *image)
{
    uint8_t out[32];
    size_t at;
    for (at = KEYFILE_SLOTS_AT; at < image->count; at += keyfile_image_slot(image, at))
        if (image->bytes[at + KEYFILE_AT_TYPE] == KEYFILE_SECRET)
            must(keyfile_slot_open_secret(image->bytes + at, stranger, out) != 0 && sodium_is_zero(out, sizeof out));
    if (is_cheap(image))
        must(keyfile_slot_match(image, (struct keyfile_passphrase){"a passphrase", 12}, &at, out, NULL) == E_WRONG_KEY);
    must(keyfile_lease_secret(image, key, out, NULL) != 0 && sodium_is_zero(out, sizeof out));
}

static void take(const struct keyfile_image *image)
{
    if (keyfile_image_check(image, NULL) != 0)
        return;
    change(image);
    open_all(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct keyfile_chain_end none;
    static struct keyfile_image image;
    if (size > KEYFILE_FILE_MAX - KEYFILE_SLOTS_AT)
        return 0;
    if (sodium_init() < 0)
        abort();
    memcpy(image.bytes, data, size);
    image.count = size;
    image.path = "fuzz";
    take(&image);
    keyfile_image_start(&image, "fuzz", key, &none);
    memcpy(image.bytes + KEYFILE_SLOTS_AT, data, size);
    image.count = KEYFILE_SLOTS_AT + size;
    take(&image);
    return 0;
}
