/* Names of records, people, devices and sittings: 16 bytes. Records get UUIDv7 (RFC 9562 section 5.7), made without
 * asking anybody; what is imported gets UUIDv8 (section 5.8) from a hash of where it came from, so that a second import
 * meets the same records; a device's id is BLAKE2b-128 of its Ed25519 public key. */
#ifndef SATCHEL_ID_H
#define SATCHEL_ID_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define ID_BYTES 16
#define ID_TEXT 37 /* 36 characters and NUL */

struct id {
    uint8_t b[ID_BYTES];
};

/* Makes a UUIDv7 for unix_ms (milliseconds); its random bits come from randombytes_buf, which a simulator replaces. */
struct id id_new(uint64_t unix_ms);

/* Makes the UUIDv8 of ("satchel import", source, table, key): BLAKE2b over the length-prefixed strings. */
struct id id_derive(const char *source, const char *table, const char *key);

/* Makes the id of a device: BLAKE2b-128 of its Ed25519 public key, keyed "satchel device 1". */
struct id id_of_device(const uint8_t public_key[32]);

int id_is_zero(const struct id *id);
int id_equal(const struct id *a, const struct id *b);
int id_compare(const struct id *a, const struct id *b); /* as memcmp */

/* Write and read lower-case text with hyphens. id_parse takes either case and needs all 36 characters, else E_INPUT. */
void id_format(const struct id *id, char out[ID_TEXT]);
int id_parse(const char *text, struct id *out, struct error *e);

/* Writes the last 8 characters of the text, which are all random: people see them and may type them. Returns out. */
#define ID_BRIEF 9 /* with NUL */
char *id_brief(const struct id *id, char out[ID_BRIEF]);

#endif
