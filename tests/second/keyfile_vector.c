/* keyfile_vector FILE: makes a key file with a slot of each kind that a second implementation needs to open one: a
 * passphrase at the cost that programs use, a secret, a key for reports. Prints what opens it, and what comes out, in
 * the lines of docs/vectors/store.txt. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "keyfile.h"
#include "vault.h"

#define PASSPHRASE "pond herons wait: sieben kühle Tage"

enum { SLOT = 104, SALT = SLOT + 64 }; /* docs/VAULT.md, "The key file" */

static void put(const char *name, const uint8_t bytes[32])
{
    char hex[65];
    (void)printf("%s %s\n", name, sodium_bin2hex(hex, sizeof hex, bytes, 32));
}

/* What the passphrase derives to, with the salt that stands in the file. */
static int derive(const char *path, uint8_t out[32])
{
    uint8_t bytes[SALT + crypto_pwhash_SALTBYTES];
    struct keyfile_slot slot;
    size_t count;
    FILE *f = fopen(path, "rb");
    size_t got = f == NULL ? 0 : fread(bytes, 1, sizeof bytes, f);
    if (f != NULL)
        (void)fclose(f);
    return got == sizeof bytes && keyfile_list(path, &slot, 1, &count, NULL) == 0 &&
                   crypto_pwhash(out, 32, PASSPHRASE, strlen(PASSPHRASE), bytes + SALT, slot.passes,
                                 (size_t)slot.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0
               ? 0
               : E_MEMORY;
}

int main(int argc, char **argv)
{
    static const struct keyfile_new_passphrase first = {
        {PASSPHRASE, sizeof PASSPHRASE - 1}, "Ana", KEYFILE_MEASURED, NULL};
    uint8_t key[32], pages[32], secret[32], reports[32], derived[32];
    struct error e = {0, ""};
    int code = argc == 2 ? vault_init(&e) : error_set(&e, E_USAGE, "one argument: the file to make");
    randombytes_buf(secret, sizeof secret);
    randombytes_buf(reports, sizeof reports);
    if (code == 0 && (code = keyfile_create(argv[1], &first, key, &e)) == 0 &&
        (code = keyfile_add_secret(argv[1], key, "daemon", secret, &e)) == 0)
        code = keyfile_add_reports(argv[1], key, "figures", reports, &e);
    if (code == 0)
        code = derive(argv[1], derived);
    if (code != 0) {
        (void)fprintf(stderr, "keyfile_vector: %s\n", e.text);
        return 2;
    }
    vault_pages_key(key, pages);
    (void)printf("passphrase %s\n", PASSPHRASE);
    put("derived", derived);
    put("secret", secret);
    put("reports", reports);
    put("data_key", key);
    put("pages_key", pages);
    return 0;
}
