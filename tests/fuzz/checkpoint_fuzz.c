/* Notes and verifier keys from any bytes. Nobody can make up a signature, so the input also stands as a statement under
 * the office's good signature, and as the lines beside it. What is opened under vkey is written again as it was; what
 * is taken for a key is the only text of that key. */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"

#define ORIGIN "a.example/log"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct checkpoint_vkey vkey = {.origin = ORIGIN};
static uint8_t secret[64];

/* Opens a note in memory of just its size, so that no read past it goes unseen. */
static int open_note(const char *note, size_t bytes, struct checkpoint *out)
{
    struct error e;
    char *exact = malloc(bytes != 0 ? bytes : 1);
    int code;
    if (exact == NULL)
        abort();
    if (bytes != 0)
        memcpy(exact, note, bytes);
    code = checkpoint_open(exact, bytes, &vkey, out, &e);
    free(exact);
    return code;
}

/* The first three lines of an accepted note are those that we would sign. */
static void compare(const char *note, size_t bytes, const struct checkpoint *c)
{
    char again[CHECKPOINT_TEXT_MAX];
    struct error e;
    size_t body;
    if (checkpoint_sign(c, secret, again, &e) != 0)
        abort();
    body = (size_t)(strstr(again, "\n\n") + 2 - again);
    if (body > bytes || memcmp(note, again, body) != 0)
        abort();
}

static void try_key(const char *text)
{
    struct checkpoint_vkey k;
    char again[CHECKPOINT_VKEY_MAX];
    struct error e;
    if (checkpoint_vkey_parse(text, &k, &e) == 0 &&
        (checkpoint_vkey_format(&k, again, &e) != 0 || strcmp(text, again) != 0))
        abort();
}

/* The input as a statement that the office signed. */
static void try_body(const char *text, size_t size, const char *signature)
{
    char note[3 * CHECKPOINT_TEXT_MAX];
    uint8_t bytes[4 + 64];
    char base64[128];
    struct checkpoint c;
    size_t used = size;
    /* The key id stands in the signature line of any note of ours. */
    if (sodium_base642bin(bytes, sizeof bytes, signature, strcspn(signature, "\n"), NULL, &used, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        abort();
    crypto_sign_detached(bytes + 4, NULL, (const uint8_t *)text, size, secret);
    (void)sodium_bin2base64(base64, sizeof base64, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
    memcpy(note, text, size);
    used = size + (size_t)snprintf(note + size, sizeof note - size, "\n\xe2\x80\x94 " ORIGIN " %s\n", base64);
    if (open_note(note, used, &c) == 0)
        compare(note, used, &c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = {7};
    char text[CHECKPOINT_TEXT_MAX + 1], good[CHECKPOINT_TEXT_MAX], note[3 * CHECKPOINT_TEXT_MAX];
    struct checkpoint c = {.origin = ORIGIN, .size = 42};
    size_t bytes;
    struct error e;
    if (size > CHECKPOINT_TEXT_MAX)
        return 0;
    crypto_sign_seed_keypair(vkey.public_key, secret, seed);
    if (checkpoint_sign(&c, secret, good, &e) != 0)
        abort();
    if (size != 0)
        memcpy(text, data, size);
    text[size] = 0;
    try_key(text);
    if (open_note(text, size, &c) == 0)
        compare(text, size, &c);
    try_body(text, size, strrchr(good, ' ') + 1);
    /* The input as more signature lines. */
    bytes = strlen(good);
    memcpy(note, good, bytes);
    memcpy(note + bytes, text, size);
    if (open_note(note, bytes + size, &c) == 0)
        compare(note, bytes + size, &c);
    return 0;
}
