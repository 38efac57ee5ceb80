/* The skeleton of a change: what is left of its body when its words are erased. The office writes it into an `erasure`
 * record (docs/CHANGE.md, "The skeleton"), so that what the change had replaced stays replaced.
 *
 *   skeleton  msgpack [op, ...]; op: [field, action, kept, supersedes], in the order of the change's ops
 *
 * `kept` is nil, or the value itself if that is no words: the id that a field of type ref holds, the dots that a void
 * lists. An op whose value is gone has a value of no bytes (size 0), which no value that somebody wrote has. */
#ifndef SATCHEL_SKELETON_H
#define SATCHEL_SKELETON_H

#include "change.h"
#include "error.h"
#include "pack.h"

#define SKELETON_PART 60000 /* bytes of a skeleton that one op of an erasure holds, at most */

/* Appends the skeleton of a change that has its ops to w, which the caller started and frees. E_MEMORY. */
int skeleton_write(const struct change *c, struct pack *w, struct error *e);

/* Reads a skeleton into the ops of a change whose body is gone. The slices point into `skeleton`. E_INPUT: it is none;
 * E_LIMIT: it has too many ops or dots. */
int skeleton_read(struct slice skeleton, struct change *out, struct error *e);

/* As change_read, for what a store holds: if body.p is NULL and skeleton.p is not, the ops are read from that. */
int skeleton_change(struct slice header, struct slice body, struct slice skeleton, struct change *out, struct error *e);

/* 1: the skeleton is that of the change, which has its body; 0: it contradicts it, or is none. */
int skeleton_fits(struct slice skeleton, const struct change *c);

/* Which change an erasure names. */
struct skeleton_erasure {
    struct id device;
    uint64_t epoch, seq;
    struct pack skeleton; /* put together from its parts; freed with pack_free, whatever was returned */
    int has_skeleton;     /* 0: the office never had the words */
};
/* Reads a change of kind erasure. 1: it names a change; 0: it names none (another kind, a number is missing); -1:
 * E_MEMORY. */
int skeleton_erasure(const struct change *c, struct skeleton_erasure *out, struct error *e);

#endif
