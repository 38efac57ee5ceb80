/* A batch is changes or entries, one after another, deflated as a whole. Its bound is checked while it inflates, since
 * zlib inflates up to 1000:1. */
#ifndef SATCHEL_BATCH_H
#define SATCHEL_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "pack.h"
#include "wire_limits.h"

#define BATCH_DEFLATED_MAX (LIMITS_BATCH_MAX + LIMITS_BATCH_MAX / 1024) /* what deflating may add at worst */

/* --- writing --- */
struct batch_writer {
    struct pack items; /* one after another; the array's header goes before them at the end */
    size_t count;
};
void batch_start(struct batch_writer *w);
/* 1: an item of `bytes` (header, body and mask together; what stands around them is added here) still fits in
 * LIMITS_BATCH_MAX and LIMITS_BATCH_CHANGES_MAX. One change always fits in an empty batch. */
int batch_has_room(const struct batch_writer *w, size_t bytes);

/* Adds a change. body.p NULL: its author's laptop has let go of it, with its case. */
void batch_add_change(struct batch_writer *w, struct slice header, struct slice body);

/* Adds an entry. body.p NULL: it is erased; mask.p NULL: all ops count. */
void batch_add_entry(struct batch_writer *w, uint64_t position, uint64_t received_ms, struct slice header,
                     struct slice body, struct slice mask);

/* Deflates into out; the caller frees it with free((void *)out->p). E_MEMORY; E_LIMIT: batch_has_room was not
 * asked. */
int batch_finish(struct batch_writer *w, struct slice *out, struct error *e);
void batch_free(struct batch_writer *w);

/* --- reading --- */
struct batch_item {
    uint64_t position, received_ms; /* entries only */
    struct slice header, body, mask;
};
struct batch_reader {
    uint8_t *bytes; /* inflated */
    size_t size, count, next;
    struct unpack unpack;
    int entries; /* items are entries, not changes */
};
/* Inflates and counts. E_INPUT, E_LIMIT, E_MEMORY. batch_close may follow in every case. */
int batch_open(struct batch_reader *r, struct slice deflated, int entries, struct error *e);

/* Reads the next item. 1: an item; 0: the end; -1: the batch is not as it should be, e says why (E_INPUT, E_LIMIT).
 * Slices live until batch_close. */
int batch_next(struct batch_reader *r, struct batch_item *out, struct error *e);
void batch_close(struct batch_reader *r);

#endif
