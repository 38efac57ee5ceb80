/* Any bytes as a signed head, and as a head that we sign under the device that it names: what opens must be exactly
 * what we would have signed. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char domain[] = "satchel head 1";
    static const uint8_t seed[crypto_sign_SEEDBYTES];
    static uint8_t public_key[32], secret_key[64];
    static int ready;
    uint8_t text[sizeof domain + CHAIN_HEAD_MAX], head[CHAIN_HEAD_MAX], again[CHAIN_HEAD_MAX];
    struct chain_head out;
    struct id device;
    size_t bytes = 0;
    if (!ready)
        must(sodium_init() >= 0 && crypto_sign_seed_keypair(public_key, secret_key, seed) == 0);
    ready = 1;
    /* 1. As it is: nobody signs by chance. */
    (void)chain_peek((struct slice){data, size}, &out, NULL);
    must(chain_open((struct slice){data, size}, public_key, &out, NULL) != 0);
    /* 2. Signed. The device's bytes stand behind array, version and the bin's header. */
    if (size < 20 || size > CHAIN_HEAD_MAX - 64)
        return 0;
    device = id_of_device(public_key);
    memcpy(head, data, size);
    memcpy(head + 4, device.b, sizeof device.b);
    memcpy(text, domain, sizeof domain);
    memcpy(text + sizeof domain, head, size);
    crypto_sign_detached(head + size, NULL, text, sizeof domain + size, secret_key);
    if (chain_open((struct slice){head, size + 64}, public_key, &out, NULL) == 0) {
        chain_sign(&out, secret_key, again, &bytes);
        must(bytes == size + 64 && memcmp(head, again, bytes) == 0);
        must(out.end.epoch != 0 && out.end.seq <= INT64_MAX);
    }
    return 0;
}
