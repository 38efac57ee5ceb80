/* Preloaded into a program, it takes a hash in place of Argon2id: the same slots, files and ways, without the half
 * second and the 256 MiB that each passphrase is made to cost. Most end-to-end tests open some dozens of times; those
 * of the key file itself run without it. The programs have no such switch: what they are given here, an attacker with
 * the key file could only give to a program of his own. */
#include <sodium.h>
#include <string.h>

int crypto_pwhash(unsigned char *const out, unsigned long long out_bytes, const char *const passphrase,
                  unsigned long long passphrase_bytes, const unsigned char *const salt, unsigned long long passes,
                  size_t memory, int algorithm)
{
    unsigned long long cost[3] = {passes, memory, (unsigned long long)algorithm};
    crypto_generichash_state state;
    if (out_bytes < crypto_generichash_BYTES_MIN || out_bytes > crypto_generichash_BYTES_MAX ||
        crypto_generichash_init(&state, salt, crypto_pwhash_SALTBYTES, (size_t)out_bytes) != 0)
        return -1;
    (void)crypto_generichash_update(&state, (const unsigned char *)cost, sizeof cost);
    (void)crypto_generichash_update(&state, (const unsigned char *)passphrase, passphrase_bytes);
    return crypto_generichash_final(&state, out, (size_t)out_bytes);
}
