/* A checkpoint is the office's signed statement of its log: C2SP tlog-checkpoint in a C2SP signed note, with one
 * Ed25519 signature.
 *
 *     <origin>\n<size in decimal>\n<root in base64>\n\n— <origin> <base64(key id || signature)>\n */
#ifndef SATCHEL_CHECKPOINT_H
#define SATCHEL_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "merkle.h"

/* Bytes of a whole signed note, with its final NUL: room for 16 signatures under the longest names, which C2SP
 * signed-note asks of every reader, and for witnesses' keys of other kinds. */
#define CHECKPOINT_TEXT_MAX 8192
#define CHECKPOINT_ORIGIN_MAX 200 /* bytes, with its final NUL: printable ASCII, no spaces, no '+' */
#define CHECKPOINT_VKEY_MAX 320

struct checkpoint {
    char origin[CHECKPOINT_ORIGIN_MAX];
    uint64_t size; /* leaves, at most 2^63 - 1 */
    struct merkle_hash root;
};

/* A verifier key as C2SP signed-note writes it: "<origin>+<8 hex digits>+<base64(0x01 || public key)>". */
struct checkpoint_vkey {
    char origin[CHECKPOINT_ORIGIN_MAX];
    uint8_t public_key[32];
};

/* Reads a verifier key. E_INPUT: it is none, or its key id is not that of its key. */
int checkpoint_vkey_parse(const char *text, struct checkpoint_vkey *out, struct error *e);

/* Writes a verifier key as text. E_INPUT: the origin may not stand in a key. */
int checkpoint_vkey_format(const struct checkpoint_vkey *vkey, char out[CHECKPOINT_VKEY_MAX], struct error *e);

/* Writes the signed note. secret_key: libsodium's 64-byte Ed25519 secret key. E_INPUT for a bad origin or size. */
int checkpoint_sign(const struct checkpoint *c, const uint8_t secret_key[64], char out[CHECKPOINT_TEXT_MAX],
                    struct error *e);

/* Parses a signed note and verifies it under vkey; its origin must be vkey's. Other keys' signature lines are ignored
 * if they have a signature line's form; a false one under vkey's name and key id is refused, even beside a good one.
 * Trailing bytes, extension lines, sizes with leading zeros, over-long lines, control characters and what is not UTF-8
 * are refused. out is written on success only. E_INPUT (not a checkpoint), E_VERIFY (no valid signature by vkey). */
int checkpoint_open(const char *signed_note, size_t bytes, const struct checkpoint_vkey *vkey, struct checkpoint *out,
                    struct error *e);

#endif
