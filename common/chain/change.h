/* A change: everything that one save wrote. Two byte strings, kept verbatim: docs/CHANGE.md has the format.
 *
 *   header  msgpack [1, device, epoch, seq, previous, hlc, wall, author, session, scope, record, kind, body_hash]
 *   body    msgpack [salt, ops, reason]; op: [field, action, value, supersedes]; dot: [device, epoch, seq, index]
 *
 * hash = BLAKE2b-256 of the header, keyed "satchel change 1"; body_hash the same of the body, keyed "satchel body 1".
 * `scope` is the case that the record stands in, or the client's own id for a person, or zero for what is office-wide.
 * (DESIGN.md calls it `case`; persons stand beside cases, because one person can have several.) */
#ifndef SATCHEL_CHANGE_H
#define SATCHEL_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "dot.h"
#include "error.h"
#include "id.h"
#include "pack.h"

#define CHANGE_VERSION 1
#define CHANGE_HASH_BYTES 32
#define CHANGE_SALT_BYTES 16
#define CHANGE_HEADER_MAX 512        /* bytes */
#define CHANGE_BODY_MAX (256 * 1024) /* bytes */
#define CHANGE_OPS_MAX 256
#define CHANGE_SUPERSEDES_MAX 1024 /* dots in one op */
#define CHANGE_MASK_MAX                                                                                                \
    (CHANGE_OPS_MAX / 8) /* bytes of a mask: bit i (of byte i/8, from the lowest) stands for op i                      \
                          */

enum change_action { CHANGE_SET = 1, CHANGE_ADD = 2, CHANGE_REMOVE = 3 };
/* The action's name, as commands and JSON have it: "set", "add" or "remove". */
const char *change_action_name(enum change_action action);

struct change_op {
    unsigned field;
    enum change_action action;
    struct slice value;      /* one canonical msgpack object */
    struct slice supersedes; /* a msgpack array of dots, checked; read it with change_supersedes */
};

struct change {
    struct id device;
    uint64_t epoch, seq;
    uint8_t previous[CHANGE_HASH_BYTES];
    uint64_t hlc, wall_ms;
    struct id author, session, scope, record;
    unsigned kind;
    uint8_t body_hash[CHANGE_HASH_BYTES];

    uint8_t hash[CHANGE_HASH_BYTES]; /* of the header */
    struct slice header, body;       /* verbatim; body.p is NULL if the body has been erased */
    struct slice skeleton;           /* then: what the ops were read from (skeleton.h); p NULL: nothing is known */
    size_t op_count;                 /* 0 if the body has been erased, and there is no skeleton */
    struct change_op ops[CHANGE_OPS_MAX];
    struct slice reason; /* text; size 0: none */
};

/* Reads a header alone: ops are left empty. E_INPUT, E_LIMIT. All slices point into the caller's bytes. */
int change_read_header(struct slice header, struct change *out, struct error *e);

/* As change_read_header, for a header that is in the log already: its hash is not made. */
int change_read_known(struct slice header, struct change *out, struct error *e);

/* Reads header and body, and checks body_hash. body.p NULL: erased. E_INPUT, E_LIMIT, E_VERIFY (the hash differs).
 * What an op says is not checked against the schema: an older version carries what it does not know. */
int change_read(struct slice header, struct slice body, struct change *out, struct error *e);

/* 1: these two changes of one device are one that a person made, written once more after a fork: they differ in number,
 * salt and the dots that they name alone. 0: they are not, or the body of one is erased, so that nobody can say. */
int change_repeats(const struct change *a, const struct change *b);

/* Starts on the dots of an op; returns how many there are. Take each with dot_unpack. */
size_t change_supersedes(const struct change_op *op, struct unpack *r);

/* --- writing --- */

/* What change_write encodes: everything of the header but the hashes, and the ops as they are added. */
struct change_draft {
    struct id device;
    uint64_t epoch, seq;
    uint8_t previous[CHANGE_HASH_BYTES];
    uint64_t hlc, wall_ms;
    struct id author, session, scope, record;
    unsigned kind;
    const char *reason; /* NULL: none */
    size_t op_count;
    struct pack ops; /* the ops, one after another */
};

/* Starts an empty draft; freed with change_draft_free. */
void change_draft_start(struct change_draft *d);
/* Adds an op. value: one canonical object, copied; supersedes: in any order. Errors are told by change_write. */
void change_draft_op(struct change_draft *d, unsigned field, enum change_action action, struct slice value,
                     const struct dot *supersedes, size_t supersedes_count);
void change_draft_free(struct change_draft *d);

/* Encodes once. header and body are started here and freed by the caller with pack_free, on failure too. hash: of the
 * header. E_LIMIT (too many ops or bytes), E_MEMORY. */
int change_write(const struct change_draft *d, struct pack *header, struct pack *body, uint8_t hash[CHANGE_HASH_BYTES],
                 struct error *e);

#endif
