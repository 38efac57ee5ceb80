/* Tickets from any text, and from any fields under a right sum, so that the fuzzer gets behind it. What is taken for a
 * ticket can be written, and is then the same ticket. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, size_t size)
{
    static char again[TICKET_TEXT_MAX], third[TICKET_TEXT_MAX];
    struct ticket t, back;
    struct error e;
    if (ticket_parse(text, size, &t, &e) != 0)
        return;
    if (ticket_format(&t, again, &e) != 0 || ticket_parse(again, strlen(again), &back, &e) != 0)
        abort();
    if (ticket_format(&back, third, &e) != 0 || strcmp(again, third) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char base64[2048], text[4096];
    uint8_t fields[1024 + 8], hash[32];
    parse((const char *)data, size);
    if (size > 1024)
        return 0;
    if (size != 0)
        memcpy(fields, data, size);
    crypto_generichash(hash, sizeof hash, fields, size, (const uint8_t *)"satchel ticket 1", 16);
    memcpy(fields + size, hash, 8);
    sodium_bin2base64(base64, sizeof base64, fields, size + 8, sodium_base64_VARIANT_ORIGINAL);
    parse(text, (size_t)snprintf(text, sizeof text,
                                 "-----BEGIN SATCHEL TICKET-----\n%s\n-----END SATCHEL TICKET-----\n", base64));
    return 0;
}
