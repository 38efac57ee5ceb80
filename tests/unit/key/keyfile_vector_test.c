/* Tests: common/key/keyfile.c common/key/keyfile_slot.c
 * The published key file (docs/vectors/store.keys) opens as docs/VAULT.md says, step by step and by the program: so the
 * parameters of Argon2id are those of the page, and a second implementation that follows it opens every key file. */
#include "keyfile_fixture.h"

enum { HEADER = 64, SLOTS = 104, NONCE = 24, WRAPPED = 72, TEXT_MAX = 2048 };

struct room {
    uint8_t file[KEYFILE_FILE_MAX];
    size_t size;
    char text[TEXT_MAX];
};

static size_t load(const char *path, void *bytes, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t size;
    assert_non_null(f);
    size = fread(bytes, 1, room, f);
    assert_int_equal(fclose(f), 0);
    return size;
}

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->size = load("docs/vectors/store.keys", r->file, sizeof r->file);
    (void)load("docs/vectors/store.txt", r->text, sizeof r->text - 1);
    *state = r;
    return keyfile_fixture_set_up(NULL);
}

static int end(void **state)
{
    free(*state);
    return keyfile_fixture_tear_down(NULL);
}

/* The words behind a name at the beginning of a line. Returns how many bytes. */
static size_t words(const struct room *r, const char *name, const char **out)
{
    char at[32];
    const char *found;
    (void)snprintf(at, sizeof at, "%s ", name);
    found = strncmp(r->text, at, strlen(at)) == 0 ? r->text : strstr(r->text, at);
    assert_non_null(found);
    *out = found + strlen(at);
    return strcspn(*out, "\n");
}

static void number(const struct room *r, const char *name, uint8_t out[32])
{
    const char *hex;
    size_t bytes, size = words(r, name, &hex);
    assert_int_equal(sodium_hex2bin(out, 32, hex, size, NULL, &bytes, NULL), 0);
    assert_int_equal(bytes, 32);
}

static uint64_t little(const uint8_t *p, size_t bytes)
{
    uint64_t n = 0;
    while (bytes-- != 0)
        n = n << 8 | p[bytes];
    return n;
}

/* The slot of a type, found as the page says: by the bytes that each slot says that it has. */
static const uint8_t *slot_of(const struct room *r, uint8_t type)
{
    for (size_t at = SLOTS; at < r->size; at += little(r->file + at + 8, 4)) {
        assert_memory_equal(r->file + at, "SLOT\1", 5);
        if (r->file[at + 6] == type)
            return r->file + at;
    }
    fail_msg("there is no slot of type %d", (int)type);
    return NULL;
}

/* Opens what a slot wraps: XChaCha20-Poly1305, its header the additional data. */
static void unwrap(const uint8_t *slot, const uint8_t *wrapped, const uint8_t with[32], uint8_t out[32])
{
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, wrapped + NONCE, WRAPPED - NONCE, slot,
                                                                HEADER, wrapped, with),
                     0);
}

/* BLAKE2b-256 of a word, keyed. */
static void keyed(const uint8_t key[32], const char *word, uint8_t out[32])
{
    crypto_generichash(out, 32, (const uint8_t *)word, strlen(word), key, 32);
}

/* Goal: Argon2id is version 1.3 with one lane, the slot's passes and memory, a salt of 16 bytes and 32 bytes of output:
 * the vector's number, which the reference implementation of Argon2 gives too (tests/second/keyfile.py). */
static void the_passphrase_derives_as_the_page_says(void **state)
{
    const struct room *r = *state;
    const uint8_t *slot = slot_of(r, KEYFILE_PASSPHRASE);
    const char *passphrase;
    size_t size = words(r, "passphrase", &passphrase);
    uint8_t derived[32], expected[32], key[32];
    assert_true(little(slot + 12, 4) >= 3);
    assert_int_equal(little(slot + 16, 8), 256 << 20);
    assert_int_equal(little(slot + 8, 4), HEADER + 16 + WRAPPED);
    assert_int_equal(crypto_pwhash(derived, sizeof derived, passphrase, size, slot + HEADER, little(slot + 12, 4),
                                   little(slot + 16, 8), crypto_pwhash_ALG_ARGON2ID13),
                     0);
    number(r, "derived", expected);
    assert_memory_equal(derived, expected, 32);
    unwrap(slot, slot + HEADER + 16, derived, key);
    number(r, "data_key", expected);
    assert_memory_equal(key, expected, 32);
}

/* Goal: a secret and a key for reports open what the page says: the data key, and the pages key alone. */
static void secrets_open_as_the_page_says(void **state)
{
    const struct room *r = *state;
    const uint8_t *slot = slot_of(r, KEYFILE_SECRET);
    uint8_t secret[32], with[32], key[32], data[32], pages[32];
    number(r, "data_key", data);
    number(r, "pages_key", pages);
    number(r, "secret", secret);
    keyed(secret, "satchel secret 1", with);
    unwrap(slot, slot + HEADER, with, key);
    assert_memory_equal(key, data, 32);
    slot = slot_of(r, KEYFILE_REPORTS);
    number(r, "reports", secret);
    keyed(secret, "satchel reports 1", with);
    unwrap(slot, slot + HEADER, with, key);
    assert_memory_equal(key, pages, 32);
    keyed(data, "satchel pages 1", with);
    assert_memory_equal(with, pages, 32);
}

/* Goal: the program opens the published file, with all three. */
static void the_program_opens_it(void **state)
{
    const struct room *r = *state;
    const char *passphrase;
    size_t size = words(r, "passphrase", &passphrase);
    uint8_t secret[32], key[32], expected[32];
    keyfile_save(r->file, r->size);
    number(r, "data_key", expected);
    assert_int_equal(keyfile_open(keyfile_path, &(struct keyfile_attempt){{passphrase, size}, NOW}, key, NULL, NULL),
                     0);
    assert_memory_equal(key, expected, 32);
    number(r, "secret", secret);
    assert_int_equal(keyfile_open_secret(keyfile_path, secret, key, NULL), 0);
    assert_memory_equal(key, expected, 32);
    number(r, "reports", secret);
    assert_int_equal(keyfile_open_reports(keyfile_path, secret, key, NULL), 0);
    number(r, "pages_key", expected);
    assert_memory_equal(key, expected, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_passphrase_derives_as_the_page_says, start, end),
        cmocka_unit_test_setup_teardown(secrets_open_as_the_page_says, start, end),
        cmocka_unit_test_setup_teardown(the_program_opens_it, start, end),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
