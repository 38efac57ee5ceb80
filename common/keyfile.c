/* The key file. Its bytes (integers are little endian):
 *
 *   0    16   "satchel keys 1\n" and a zero
 *   16   24   nonce of the head
 *   40   48   the head, sealed: epoch 8, seq 8, hash 32
 *   88   16   tag of the head; its key is derived from the data key, its additional data are bytes 0 to 15
 *   104  ...  slots, one after the other, to the end of the file
 *
 * A slot, whose first 64 bytes are the additional data of the wrapped key:
 *
 *   0    4    "SLOT"
 *   4    1    version, 1
 *   5    1    number of the slot
 *   6    1    type: 1 passphrase, 2 recovery, 3 device, 4 lease
 *   7    1    cipher of the store: 1 XChaCha20-Poly1305
 *   8    4    bytes of this slot with its header (152 for a passphrase)
 *   12   4    Argon2id: passes
 *   16   8    Argon2id: bytes of memory
 *   24   40   zero
 *   64   16   salt
 *   80   24   nonce
 *   104  48   the data key, sealed under Argon2id(passphrase, salt)
 *
 * Slots of a type that this program does not know are carried along untouched. The head is sealed from the beginning,
 * zeros while there is none, so that nobody can say "none yet" by wiping it. */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault_private.h"

#define FILE_MAX_BYTES 8192
#define MAGIC_BYTES 16
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_BYTES 48
#define HEAD_AT MAGIC_BYTES
#define SLOTS_AT (HEAD_AT + NONCE_BYTES + HEAD_BYTES + TAG_BYTES)
#define SLOT_HEADER_BYTES 64
#define SLOT_BYTES (SLOT_HEADER_BYTES + crypto_pwhash_SALTBYTES + NONCE_BYTES + KEYFILE_KEY_BYTES + TAG_BYTES)
#define SLOT_SALT_AT SLOT_HEADER_BYTES
#define SLOT_NONCE_AT (SLOT_SALT_AT + crypto_pwhash_SALTBYTES)
#define SLOT_KEY_AT (SLOT_NONCE_AT + NONCE_BYTES)
#define SLOT_VERSION 1
#define SLOT_TYPE_PASSPHRASE 1
#define SLOT_CIPHER_XCHACHA20 1

/* What an opener will spend at most, whatever a slot asks for: a forged one must not stop the machine. */
#define PASSES_MAX 16
#define MEMORY_MAX (1ull << 30)

_Static_assert(SLOTS_AT == 104 && SLOT_BYTES == 152, "the layout above");

/* The whole file; nothing in it is secret. */
struct image {
    uint8_t bytes[FILE_MAX_BYTES];
    size_t count;
};

static const uint8_t magic[MAGIC_BYTES] = "satchel keys 1\n";
static const uint8_t slot_magic[4] = {'S', 'L', 'O', 'T'};

static void put_le(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *in, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | in[i];
    return value;
}

/* ---- the file as a whole ---- */

/* The slot that begins at `at`; 0 for bytes that are none, otherwise its length. */
static size_t slot_bytes(const struct image *image, size_t at)
{
    const uint8_t *slot = image->bytes + at;
    uint64_t bytes;
    if (image->count - at < SLOT_HEADER_BYTES || memcmp(slot, slot_magic, sizeof slot_magic) != 0)
        return 0;
    bytes = get_le(slot + 8, 4);
    if (bytes < SLOT_HEADER_BYTES || bytes > image->count - at)
        return 0;
    if (slot[6] == SLOT_TYPE_PASSPHRASE && (slot[4] != SLOT_VERSION || bytes != SLOT_BYTES))
        return 0;
    return (size_t)bytes;
}

static int check_image(const struct image *image, const char *path, struct error *e)
{
    size_t bytes;
    if (image->count < SLOTS_AT || memcmp(image->bytes, magic, sizeof magic) != 0)
        return error_set(e, E_VERIFY, "%s is not a key file of this version; restore it from a backup", path);
    for (size_t at = SLOTS_AT; at < image->count; at += bytes) {
        bytes = slot_bytes(image, at);
        if (bytes == 0)
            return error_set(e, E_VERIFY, "%s is damaged or cut short at byte %zu; restore it from a backup", path, at);
    }
    if (image->count == SLOTS_AT)
        return error_set(e, E_VERIFY, "%s has no slot in it; restore it from a backup", path);
    return 0;
}

static int read_image(const char *path, struct image *image, struct error *e)
{
    ssize_t got = 1;
    int number = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(e, errno == ENOENT || errno == ENOTDIR ? E_NO_STORE : E_IO, errno,
                            "the key file %s could not be opened", path);
    image->count = 0;
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
    if (image->count == sizeof image->bytes)
        return error_set(e, E_VERIFY, "%s is too large for a key file; restore it from a backup", path);
    return check_image(image, path, e);
}

/* ---- the head ---- */

static void head_key(uint8_t out[KEYFILE_KEY_BYTES], const uint8_t key[KEYFILE_KEY_BYTES])
{
    static const uint8_t domain[] = "satchel key file head 1";
    crypto_generichash(out, KEYFILE_KEY_BYTES, domain, sizeof domain - 1, key, KEYFILE_KEY_BYTES);
}

static void seal_head(struct image *image, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_head *head)
{
    uint8_t own[KEYFILE_KEY_BYTES], plain[HEAD_BYTES];
    uint8_t *nonce = image->bytes + HEAD_AT;
    head_key(own, key);
    put_le(plain, head->epoch, 8);
    put_le(plain + 8, head->seq, 8);
    memcpy(plain + 16, head->hash, sizeof head->hash);
    randombytes_buf(nonce, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_BYTES, NULL, plain, sizeof plain, image->bytes,
                                               MAGIC_BYTES, NULL, nonce, own);
    sodium_memzero(own, sizeof own);
}

static int open_head(const struct image *image, const char *path, const uint8_t key[KEYFILE_KEY_BYTES],
                     struct keyfile_head *head, struct error *e)
{
    uint8_t own[KEYFILE_KEY_BYTES], plain[HEAD_BYTES];
    const uint8_t *nonce = image->bytes + HEAD_AT;
    int rc;
    head_key(own, key);
    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, nonce + NONCE_BYTES, HEAD_BYTES + TAG_BYTES,
                                                    image->bytes, MAGIC_BYTES, nonce, own);
    sodium_memzero(own, sizeof own);
    if (rc != 0)
        return error_set(e, E_VERIFY, "%s was altered, or belongs to another store; restore it from a backup", path);
    head->epoch = get_le(plain, 8);
    head->seq = get_le(plain + 8, 8);
    memcpy(head->hash, plain + 16, sizeof head->hash);
    return 0;
}

/* ---- a passphrase's slot ---- */

static int stretch(uint8_t out[KEYFILE_KEY_BYTES], const uint8_t slot[SLOT_BYTES], const char *passphrase,
                   size_t passphrase_bytes, struct error *e)
{
    if (crypto_pwhash(out, KEYFILE_KEY_BYTES, passphrase, passphrase_bytes, slot + SLOT_SALT_AT, get_le(slot + 12, 4),
                      (size_t)get_le(slot + 16, 8), crypto_pwhash_ALG_ARGON2ID13) != 0)
        return error_set(e, E_MEMORY,
                         "there is no memory to check the passphrase (%llu MiB are needed); close other programs",
                         (unsigned long long)(get_le(slot + 16, 8) >> 20));
    return 0;
}

/* Makes slot `number` around key. */
static int make_slot(uint8_t slot[SLOT_BYTES], uint8_t number, const uint8_t key[KEYFILE_KEY_BYTES],
                     const char *passphrase, size_t passphrase_bytes, enum keyfile_cost cost, struct error *e)
{
    uint8_t own[KEYFILE_KEY_BYTES];
    int code;
    if (passphrase_bytes < KEYFILE_PASSPHRASE_MIN || passphrase_bytes > KEYFILE_PASSPHRASE_MAX)
        return error_set(e, E_INPUT, "a passphrase has %d to %d bytes; six random words are a good one",
                         KEYFILE_PASSPHRASE_MIN, KEYFILE_PASSPHRASE_MAX);
    memset(slot, 0, SLOT_BYTES);
    memcpy(slot, slot_magic, sizeof slot_magic);
    slot[4] = SLOT_VERSION;
    slot[5] = number;
    slot[6] = SLOT_TYPE_PASSPHRASE;
    slot[7] = SLOT_CIPHER_XCHACHA20;
    put_le(slot + 8, SLOT_BYTES, 4);
    put_le(slot + 12, cost == KEYFILE_MINIMUM ? crypto_pwhash_OPSLIMIT_MIN : crypto_pwhash_OPSLIMIT_MODERATE, 4);
    put_le(slot + 16, cost == KEYFILE_MINIMUM ? crypto_pwhash_MEMLIMIT_MIN : crypto_pwhash_MEMLIMIT_MODERATE, 8);
    randombytes_buf(slot + SLOT_SALT_AT, crypto_pwhash_SALTBYTES + NONCE_BYTES);
    code = stretch(own, slot, passphrase, passphrase_bytes, e);
    if (code == 0)
        crypto_aead_xchacha20poly1305_ietf_encrypt(slot + SLOT_KEY_AT, NULL, key, KEYFILE_KEY_BYTES, slot,
                                                   SLOT_HEADER_BYTES, NULL, slot + SLOT_NONCE_AT, own);
    sodium_memzero(own, sizeof own);
    return code;
}

/* Tries the passphrase on one slot: 0, E_WRONG_KEY, E_VERIFY (not to be tried at all) or E_MEMORY. */
static int try_slot(const uint8_t slot[SLOT_BYTES], const char *path, const char *passphrase, size_t passphrase_bytes,
                    uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    uint64_t passes = get_le(slot + 12, 4), memory = get_le(slot + 16, 8);
    uint8_t own[KEYFILE_KEY_BYTES];
    int code;
    if (slot[7] != SLOT_CIPHER_XCHACHA20)
        return error_set(e, E_VERIFY, "%s names a cipher that this program does not have; use a newer one", path);
    if (passes < crypto_pwhash_OPSLIMIT_MIN || passes > PASSES_MAX || memory < crypto_pwhash_MEMLIMIT_MIN ||
        memory > MEMORY_MAX)
        return error_set(e, E_VERIFY, "%s asks for more work than any key file does; restore it from a backup", path);
    code = stretch(own, slot, passphrase, passphrase_bytes, e);
    if (code == 0 &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, slot + SLOT_KEY_AT, KEYFILE_KEY_BYTES + TAG_BYTES,
                                                   slot, SLOT_HEADER_BYTES, slot + SLOT_NONCE_AT, own) != 0)
        code = error_set(e, E_WRONG_KEY, "the passphrase is wrong; try again");
    sodium_memzero(own, sizeof own);
    return code;
}

/* ---- what others call ---- */

int keyfile_create(const char *path, const char *passphrase, size_t passphrase_bytes, enum keyfile_cost cost,
                   uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    static const struct keyfile_head none;
    struct image image;
    struct stat status;
    int folder = -1, code;
    memcpy(image.bytes, magic, sizeof magic);
    image.count = SLOTS_AT + SLOT_BYTES;
    randombytes_buf(key, KEYFILE_KEY_BYTES);
    seal_head(&image, key, &none);
    code = make_slot(image.bytes + SLOTS_AT, 0, key, passphrase, passphrase_bytes, cost, e);
    if (code == 0)
        code = vault_file_lock(path, &folder, e);
    if (code != 0)
        goto out;
    if (lstat(path, &status) == 0)
        code = error_set(e, E_EXISTS, "there is a key file at %s already; it is left as it is", path);
    else if (errno != ENOENT)
        code = error_system(e, E_IO, errno, "%s could not be looked at", path);
    else
        code = vault_file_replace(folder, path, image.bytes, image.count, e);
    vault_file_unlock(folder);
out:
    if (code != 0)
        sodium_memzero(key, KEYFILE_KEY_BYTES);
    return code;
}

int keyfile_open(const char *path, const char *passphrase, size_t passphrase_bytes, uint8_t key[KEYFILE_KEY_BYTES],
                 struct error *e)
{
    struct image image;
    int code = read_image(path, &image, e);
    if (code != 0)
        return code;
    /* What no slot can have been made with is wrong at once. */
    code = error_set(e, E_WRONG_KEY, "the passphrase is wrong; try again");
    if (passphrase_bytes < KEYFILE_PASSPHRASE_MIN || passphrase_bytes > KEYFILE_PASSPHRASE_MAX)
        return code;
    for (size_t at = SLOTS_AT; at < image.count && code == E_WRONG_KEY; at += slot_bytes(&image, at))
        if (image.bytes[at + 6] == SLOT_TYPE_PASSPHRASE)
            code = try_slot(image.bytes + at, path, passphrase, passphrase_bytes, key, e);
    if (code != 0)
        sodium_memzero(key, KEYFILE_KEY_BYTES);
    return code;
}

/* Locks path's folder, reads the file, and sees that it is this key's. On 0 the caller unlocks. */
static int begin_change(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], struct image *image, int *folder,
                        struct error *e)
{
    struct keyfile_head head;
    int code = vault_file_lock(path, folder, e);
    if (code != 0)
        return code;
    code = read_image(path, image, e);
    if (code == 0)
        code = open_head(image, path, key, &head, e);
    if (code != 0)
        vault_file_unlock(*folder);
    return code;
}

int keyfile_change(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const char *passphrase,
                   size_t passphrase_bytes, enum keyfile_cost cost, struct error *e)
{
    struct image image;
    size_t at = SLOTS_AT;
    int folder = -1, code = begin_change(path, key, &image, &folder, e);
    if (code != 0)
        return code;
    while (at < image.count && image.bytes[at + 6] != SLOT_TYPE_PASSPHRASE)
        at += slot_bytes(&image, at);
    if (at == image.count)
        code = error_set(e, E_VERIFY, "%s has no passphrase to change; restore it from a backup", path);
    else
        code = make_slot(image.bytes + at, image.bytes[at + 5], key, passphrase, passphrase_bytes, cost, e);
    if (code == 0)
        code = vault_file_replace(folder, path, image.bytes, image.count, e);
    vault_file_unlock(folder);
    return code;
}

int keyfile_head_get(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], struct keyfile_head *head, struct error *e)
{
    struct image image;
    int code = read_image(path, &image, e);
    return code != 0 ? code : open_head(&image, path, key, head, e);
}

int keyfile_head_set(const char *path, const uint8_t key[KEYFILE_KEY_BYTES], const struct keyfile_head *head,
                     struct error *e)
{
    struct image image;
    int folder = -1, code = begin_change(path, key, &image, &folder, e);
    if (code != 0)
        return code;
    seal_head(&image, key, head);
    code = vault_file_replace(folder, path, image.bytes, image.count, e);
    vault_file_unlock(folder);
    return code;
}
