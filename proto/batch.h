/* Batches: changes or entries, one after another, deflated as a whole. Inflated into a bound that is checked while it
 * inflates (zlib gives 1000:1). */
#ifndef SATCHEL_BATCH_H
#define SATCHEL_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "pack.h"

/* --- writing --- */
struct batch_writer {
    struct pack items;
    size_t count;
};
void batch_start(struct batch_writer *w);
/* Would `bytes` more still fit (LIMITS_BATCH_MAX, LIMITS_BATCH_CHANGES_MAX)? An empty batch takes anything that is
 * within LIMITS_BATCH_MAX. */
int batch_has_room(const struct batch_writer *w, size_t bytes);
void batch_add_change(struct batch_writer *w, struct slice header, struct slice body);
/* body.p NULL: erased; mask.p NULL: all ops count. */
void batch_add_entry(struct batch_writer *w, uint64_t position, uint64_t received_ms, struct slice header,
                     struct slice body, struct slice mask);
/* Deflates into out, which is freed with free(out->p). E_MEMORY. */
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
/* Inflates and counts. E_INPUT, E_LIMIT, E_MEMORY. */
int batch_open(struct batch_reader *r, struct slice deflated, int entries, struct error *e);
/* 1: an item; 0: the end; -1: not as it should be, e says why. Slices live until batch_close. */
int batch_next(struct batch_reader *r, struct batch_item *out, struct error *e);
void batch_close(struct batch_reader *r);

#endif
