/* msgpack in canonical form: shortest integers and lengths, UTF-8 checked, no floats, no extension types, map keys
 * sorted and unique.
 *
 * Writing is msgpack-c's packer. Reading is a strict cursor of our own over the bytes: msgpack-c accepts what is not
 * canonical and allocates what a header claims (4 GiB for 5 bytes), and a change's values must stay slices of the
 * bytes that were signed. The tests and the fuzzer hold this reader against msgpack-c's. */
#ifndef SATCHEL_PACK_H
#define SATCHEL_PACK_H

#include <msgpack.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "id.h"

#define PACK_DEPTH_MAX 8

/* Bytes whose owner is somebody else. */
struct slice {
    const uint8_t *p;
    size_t size;
};

int slice_equal(struct slice a, struct slice b);   /* 1: the same bytes; 0: not */
int slice_compare(struct slice a, struct slice b); /* as memcmp; if one is the beginning of the other, it is less */

/* --- writing --- */

/* A writer. If memory runs out, it goes on without writing, and pack_finish says so. */
struct pack {
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    int failed;
};

void pack_start(struct pack *w); /* pack_free ends it */
void pack_array(struct pack *w, size_t count);
void pack_nil(struct pack *w);
void pack_flag(struct pack *w, int flag);
void pack_uint(struct pack *w, uint64_t value);
void pack_int(struct pack *w, int64_t value);
void pack_text(struct pack *w, const char *text, size_t bytes); /* the caller has checked the UTF-8 */
void pack_bin(struct pack *w, const void *bytes, size_t size);
void pack_id(struct pack *w, const struct id *id);
void pack_raw(struct pack *w, struct slice canonical); /* one whole object, encoded already */
/* Says if all was written: 0, or E_MEMORY. The bytes (pack_bytes) stay until pack_free, which zeroes them and may be
 * called again. */
int pack_finish(struct pack *w, struct error *e);
struct slice pack_bytes(const struct pack *w);
void pack_free(struct pack *w);

/* The caller's memory of a fixed size, for objects that have a greatest length. Writing to it cannot fail; an assert
 * checks that it is large enough. */
struct pack_fixed {
    uint8_t *p;
    size_t size, room;
};
int pack_fixed_write(void *fixed, const char *bytes, size_t size); /* for msgpack_packer_init; 0 */

/* --- reading --- */

enum pack_type { PACK_NONE, PACK_NIL, PACK_FLAG, PACK_INTEGER, PACK_TEXT, PACK_BIN, PACK_ARRAY, PACK_MAP };

/* A reader. Once an object is not as asked for, the reader has failed: that call and every later one return zeros, and
 * unpack_end says so. All slices point into the bytes that are read. */
struct unpack {
    const uint8_t *p, *end;
    int failed;
};

void unpack_start(struct unpack *r, struct slice bytes);
enum pack_type unpack_peek(const struct unpack *r); /* PACK_NONE at the end, or for what canonical form forbids */
size_t unpack_array(struct unpack *r);              /* the count, never more than the bytes that are left */
int unpack_nil(struct unpack *r);                   /* 1: a nil is next, and is taken; 0: nothing is taken */
int unpack_flag(struct unpack *r);
uint64_t unpack_uint(struct unpack *r);
int64_t unpack_int(struct unpack *r);
struct slice unpack_text(struct unpack *r); /* UTF-8, without NUL bytes */
struct slice unpack_bin(struct unpack *r);
void unpack_fixed(struct unpack *r, void *out, size_t size); /* a bin of exactly that size */
struct id unpack_id(struct unpack *r);

/* Read the header of an array of exactly `count`, and an integer in [low, high]. For anything else r has failed. */
void unpack_items(struct unpack *r, size_t count);
uint64_t unpack_uint_between(struct unpack *r, uint64_t low, uint64_t high);

/* Makes r fail, because what was read is not allowed. */
void unpack_refuse(struct unpack *r);

/* Reads one whole object and checks that it is canonical and at most PACK_DEPTH_MAX deep. Only this reads maps. */
struct slice unpack_any(struct unpack *r);

/* 0 if r has not failed and no byte is left, else E_INPUT: "<what> is not as it should be: ...". */
int unpack_end(const struct unpack *r, const char *what, struct error *e);

/* 1: the bytes are UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL; 0: they are not. */
int pack_is_utf8(const uint8_t *p, size_t size);

/* Read a value that is one canonical integer, text or id. 1: out has it (the text points into value); 0: it is none. */
int slice_int(struct slice value, int64_t *out);
int slice_text(struct slice value, struct slice *out);
int slice_id(struct slice value, struct id *out);
int slice_is_nil(struct slice value); /* 1: value is one nil; 0: it is not */

#endif
