/* The key file as a whole: reading and checking it, its list of slots, the chain end, replacing it.
 * Everything that a slot claims about lengths and costs is checked here, before anybody spends work on it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "keyfile_private.h"
#include "pack.h"

#define MAGIC_BYTES 16
#define CHAIN_END_BYTES 48
#define CHAIN_END_AT MAGIC_BYTES
#define SLOT_VERSION 1
#define CIPHER_XCHACHA20 1
#define NUMBER_MAX 255

/* The most work that opening a slot may take, whatever the slot asks for: a forged one must not stop the machine. */
#define PASSES_MAX 16
#define MEMORY_MAX (1ull << 30)

_Static_assert(CHAIN_END_AT + KEYFILE_NONCE_BYTES + CHAIN_END_BYTES + KEYFILE_TAG_BYTES == KEYFILE_SLOTS_AT,
               "the layout");

static const uint8_t magic[MAGIC_BYTES] = "satchel keys 1\n";
static const uint8_t slot_magic[4] = {'S', 'L', 'O', 'T'};

void keyfile_image_put_le(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

uint64_t keyfile_image_get_le(const uint8_t *in, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | in[i];
    return value;
}

/* ---- checking ---- */

static int is_known_type(uint8_t type)
{
    return type >= KEYFILE_PASSPHRASE && type <= KEYFILE_REPORTS;
}

/* The bytes that a slot of one of our types has. */
static size_t expected_bytes(const uint8_t *slot)
{
    switch (slot[KEYFILE_AT_TYPE]) {
    case KEYFILE_PASSPHRASE:
        return keyfile_slot_is_leased(slot) ? KEYFILE_LEASED_BYTES : KEYFILE_PASSPHRASE_BYTES;
    case KEYFILE_RECOVERY:
        return KEYFILE_RECOVERY_BYTES;
    case KEYFILE_DEVICE:
        return KEYFILE_DEVICE_BYTES;
    case KEYFILE_SECRET:
        return KEYFILE_SECRET_BYTES;
    case KEYFILE_REPORTS:
        return KEYFILE_REPORTS_BYTES;
    default:
        return KEYFILE_ATTEMPTS_BYTES;
    }
}

/* 1: UTF-8 without control characters, since a label is shown on terminals. */
static int is_label(const uint8_t *label, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (label[i] < 0x20 || label[i] == 0x7f || (label[i] == 0xc2 && i + 1 < bytes && label[i + 1] < 0xa0))
            return 0;
    return pack_is_utf8(label, bytes);
}

/* 1: the header of a slot of our types is whole, and `bytes` is its type's length. */
static int header_fits(const uint8_t *slot, uint64_t bytes)
{
    const uint8_t *label = slot + KEYFILE_AT_LABEL;
    size_t used = strnlen((const char *)label, KEYFILE_LABEL_MAX);
    uint8_t flags = slot[KEYFILE_AT_FLAGS];
    return slot[KEYFILE_AT_VERSION] == SLOT_VERSION && bytes == expected_bytes(slot) &&
           (flags == 0 || (flags == KEYFILE_FLAG_LEASED && slot[KEYFILE_AT_TYPE] == KEYFILE_PASSPHRASE)) &&
           sodium_is_zero(slot + KEYFILE_AT_FLAGS + 1, KEYFILE_AT_LABEL - KEYFILE_AT_FLAGS - 1) &&
           is_label(label, used) && sodium_is_zero(label + used, KEYFILE_LABEL_MAX - used);
}

/* Returns the length of the slot that begins at `at`; 0: no slot begins there. */
static size_t slot_bytes(const struct keyfile_image *image, size_t at)
{
    const uint8_t *slot = image->bytes + at;
    uint64_t bytes;
    if (image->count - at < KEYFILE_HEADER_BYTES || memcmp(slot, slot_magic, sizeof slot_magic) != 0)
        return 0;
    bytes = keyfile_image_get_le(slot + KEYFILE_AT_BYTES, 4);
    if (bytes < KEYFILE_HEADER_BYTES || bytes > image->count - at)
        return 0;
    if (is_known_type(slot[KEYFILE_AT_TYPE]) && !header_fits(slot, bytes))
        return 0;
    return (size_t)bytes;
}

/* E_VERIFY: a cipher that we do not have, or more work than any key file asks for. */
static int check_cost(const uint8_t *slot, const char *path, struct error *e)
{
    uint64_t passes = keyfile_image_get_le(slot + KEYFILE_AT_PASSES, 4);
    uint64_t memory = keyfile_image_get_le(slot + KEYFILE_AT_MEMORY, 8);
    if (slot[KEYFILE_AT_CIPHER] != CIPHER_XCHACHA20)
        return error_set(e, E_VERIFY, "%s names a cipher that this program does not have; use a newer one", path);
    if (slot[KEYFILE_AT_TYPE] != KEYFILE_PASSPHRASE ? passes != 0 || memory != 0
                                                    : passes < crypto_pwhash_OPSLIMIT_MIN || passes > PASSES_MAX ||
                                                          memory < crypto_pwhash_MEMLIMIT_MIN || memory > MEMORY_MAX)
        return error_set(e, E_VERIFY, "%s asks for more work than any key file does; restore it from a backup", path);
    return 0;
}

int keyfile_image_check(const struct keyfile_image *image, struct error *e)
{
    const char *path = image->path;
    uint8_t numbers[NUMBER_MAX + 1] = {0}, types[KEYFILE_REPORTS + 1] = {0};
    size_t bytes;
    int code;
    if (image->count < KEYFILE_SLOTS_AT || memcmp(image->bytes, magic, sizeof magic) != 0)
        return error_set(e, E_VERIFY, "%s is not a key file of this version; restore it from a backup", path);
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count; at += bytes) {
        const uint8_t *slot = image->bytes + at;
        uint8_t type = slot[KEYFILE_AT_TYPE];
        bytes = slot_bytes(image, at);
        if (bytes == 0)
            return error_set(e, E_VERIFY, "%s is damaged or cut short at byte %zu; restore it from a backup", path, at);
        if (!is_known_type(type))
            continue;
        if ((code = check_cost(slot, path, e)) != 0)
            return code;
        /* A number names one slot; there is at most one device slot and one count. */
        if (numbers[slot[KEYFILE_AT_NUMBER]]++ != 0 ||
            (types[type]++ != 0 && (type == KEYFILE_DEVICE || type == KEYFILE_ATTEMPTS)))
            return error_set(e, E_VERIFY, "%s has a slot twice, at byte %zu; restore it from a backup", path, at);
    }
    if (image->count == KEYFILE_SLOTS_AT)
        return error_set(e, E_VERIFY, "%s has no slot in it; restore it from a backup", path);
    return 0;
}

int keyfile_image_read(struct keyfile_image *image, const char *path, struct error *e)
{
    ssize_t got = 1;
    int number = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(e, errno == ENOENT || errno == ENOTDIR ? E_NO_STORE : E_IO, errno,
                            "the key file %s could not be opened", path);
    image->count = 0;
    image->path = path;
    while (got != 0 && image->count < sizeof image->bytes) {
        got = read(fd, image->bytes + image->count, sizeof image->bytes - image->count);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            number = errno;
            break;
        }
        image->count += (size_t)got;
    }
    (void)close(fd);
    if (number != 0)
        return error_system(e, E_IO, number, "the key file %s could not be read", path);
    if (image->count > KEYFILE_FILE_MAX)
        return error_set(e, E_VERIFY, "%s is too large for a key file; restore it from a backup", path);
    return keyfile_image_check(image, e);
}

/* ---- the list of slots ---- */

size_t keyfile_image_slot(const struct keyfile_image *image, size_t at)
{
    return (size_t)keyfile_image_get_le(image->bytes + at + KEYFILE_AT_BYTES, 4);
}

size_t keyfile_image_find(const struct keyfile_image *image, uint8_t type, size_t from)
{
    size_t at = from;
    while (at < image->count && image->bytes[at + KEYFILE_AT_TYPE] != type)
        at += keyfile_image_slot(image, at);
    return at;
}

size_t keyfile_image_numbered(const struct keyfile_image *image, uint8_t number)
{
    size_t at = KEYFILE_SLOTS_AT;
    for (; at < image->count; at += keyfile_image_slot(image, at)) {
        const uint8_t *slot = image->bytes + at;
        if (slot[KEYFILE_AT_NUMBER] == number &&
            (slot[KEYFILE_AT_TYPE] == KEYFILE_PASSPHRASE || slot[KEYFILE_AT_TYPE] == KEYFILE_SECRET ||
             slot[KEYFILE_AT_TYPE] == KEYFILE_REPORTS))
            break;
    }
    return at;
}

/* The number of a new slot. It is above all others, so that a removed slot's number does not come back soon; if 255 is
 * taken, it is the lowest free one. The attempts, which come and go, count down from 255. */
static uint8_t next_number(const struct keyfile_image *image, uint8_t type)
{
    uint8_t taken[NUMBER_MAX + 1] = {0};
    int highest = -1, number;
    for (size_t at = KEYFILE_SLOTS_AT; at < image->count; at += keyfile_image_slot(image, at)) {
        number = image->bytes[at + KEYFILE_AT_NUMBER];
        taken[number] = 1;
        if (number > highest && image->bytes[at + KEYFILE_AT_TYPE] != KEYFILE_ATTEMPTS)
            highest = number;
    }
    if (type == KEYFILE_ATTEMPTS) {
        for (number = NUMBER_MAX; taken[number];)
            number--;
        return (uint8_t)number;
    }
    if (highest < NUMBER_MAX && !taken[highest + 1])
        return (uint8_t)(highest + 1);
    for (number = 0; taken[number];)
        number++;
    return (uint8_t)number; /* a file has no room for 256 slots */
}

void keyfile_image_header(const struct keyfile_image *image, uint8_t *slot, uint8_t type, size_t bytes,
                          const char *label)
{
    memset(slot, 0, bytes);
    memcpy(slot, slot_magic, sizeof slot_magic);
    slot[KEYFILE_AT_VERSION] = SLOT_VERSION;
    slot[KEYFILE_AT_NUMBER] = next_number(image, type);
    slot[KEYFILE_AT_TYPE] = type;
    slot[KEYFILE_AT_CIPHER] = CIPHER_XCHACHA20;
    keyfile_image_put_le(slot + KEYFILE_AT_BYTES, bytes, 4);
    for (size_t i = 0; label != NULL && label[i] != '\0'; i++)
        slot[KEYFILE_AT_LABEL + i] = (uint8_t)label[i];
}

int keyfile_image_label(const char *label, struct error *e)
{
    size_t bytes = strlen(label);
    if (bytes > KEYFILE_LABEL_MAX || !is_label((const uint8_t *)label, bytes))
        return error_set(e, E_INPUT, "a label in a key file is UTF-8 text of at most %d bytes", KEYFILE_LABEL_MAX);
    return 0;
}

int keyfile_image_put(struct keyfile_image *image, size_t at, const uint8_t *slot, size_t bytes, struct error *e)
{
    size_t old = at < image->count ? keyfile_image_slot(image, at) : 0;
    size_t count = image->count - old + bytes, kept = 0;
    if (keyfile_image_find(image, KEYFILE_ATTEMPTS, KEYFILE_SLOTS_AT) == image->count &&
        (bytes == 0 || slot[KEYFILE_AT_TYPE] != KEYFILE_ATTEMPTS))
        kept = KEYFILE_ATTEMPTS_BYTES;
    if (bytes > old && count + kept > KEYFILE_FILE_MAX)
        return error_set(e, E_LIMIT, "%s has no room for another slot; remove one first", image->path);
    memmove(image->bytes + at + bytes, image->bytes + at + old, image->count - at - old);
    if (bytes > 0)
        memcpy(image->bytes + at, slot, bytes);
    image->count = count;
    return 0;
}

/* ---- the end of the device's chain ---- */

static void chain_end_key(uint8_t out[KEYFILE_KEY_BYTES], const uint8_t key[KEYFILE_KEY_BYTES])
{
    static const uint8_t domain[] = "satchel key file head 1";
    crypto_generichash(out, KEYFILE_KEY_BYTES, domain, sizeof domain - 1, key, KEYFILE_KEY_BYTES);
}

void keyfile_image_seal_chain_end(struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES],
                                  const struct keyfile_chain_end *end)
{
    uint8_t own[KEYFILE_KEY_BYTES], plain[CHAIN_END_BYTES];
    uint8_t *nonce = image->bytes + CHAIN_END_AT;
    chain_end_key(own, key);
    keyfile_image_put_le(plain, end->epoch, 8);
    keyfile_image_put_le(plain + 8, end->seq, 8);
    memcpy(plain + 16, end->hash, sizeof end->hash);
    randombytes_buf(nonce, KEYFILE_NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + KEYFILE_NONCE_BYTES, NULL, plain, sizeof plain, image->bytes,
                                               MAGIC_BYTES, NULL, nonce, own);
    sodium_memzero(own, sizeof own);
}

int keyfile_image_open_chain_end(const struct keyfile_image *image, const uint8_t key[KEYFILE_KEY_BYTES],
                                 struct keyfile_chain_end *end, struct error *e)
{
    uint8_t own[KEYFILE_KEY_BYTES], plain[CHAIN_END_BYTES];
    const uint8_t *nonce = image->bytes + CHAIN_END_AT;
    int rc;
    chain_end_key(own, key);
    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, nonce + KEYFILE_NONCE_BYTES,
                                                    CHAIN_END_BYTES + KEYFILE_TAG_BYTES, image->bytes, MAGIC_BYTES,
                                                    nonce, own);
    sodium_memzero(own, sizeof own);
    if (rc != 0)
        return error_set(e, E_VERIFY, "%s was altered, or belongs to another store; restore it from a backup",
                         image->path);
    end->epoch = keyfile_image_get_le(plain, 8);
    end->seq = keyfile_image_get_le(plain + 8, 8);
    memcpy(end->hash, plain + 16, sizeof end->hash);
    return 0;
}

/* ---- replacing ---- */

void keyfile_image_start(struct keyfile_image *image, const char *path, const uint8_t key[KEYFILE_KEY_BYTES],
                         const struct keyfile_chain_end *end)
{
    memcpy(image->bytes, magic, sizeof magic);
    image->count = KEYFILE_SLOTS_AT;
    image->path = path;
    image->folder = -1;
    keyfile_image_seal_chain_end(image, key, end);
}

int keyfile_image_begin(struct keyfile_image *image, const char *path, const uint8_t *key, struct error *e)
{
    struct keyfile_chain_end end;
    int code = file_lock(path, &image->folder, e);
    if (code != 0)
        return code;
    code = keyfile_image_read(image, path, e);
    if (code == 0 && key != NULL)
        code = keyfile_image_open_chain_end(image, key, &end, e);
    if (code != 0)
        keyfile_image_leave(image);
    return code;
}

int keyfile_image_end(const struct keyfile_image *image, int code, struct error *e)
{
    if (code == 0)
        code = file_replace(image->folder, image->path, image->bytes, image->count, e);
    keyfile_image_leave(image);
    return code;
}

void keyfile_image_leave(const struct keyfile_image *image)
{
    file_unlock(image->folder);
}
