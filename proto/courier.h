/* A courier file has a laptop's unsent changes, sealed to its office, so that they can be taken out and carried without
 * any key. The laptop's outbox (store.outbox) is one. There is no I/O: bytes come from the caller's reader.
 * docs/COURIER.md has the bytes.
 *
 * Only the office can open an item; the laptop that made it cannot. Anybody can seal one, so an item proves nothing: in
 * it is a push, whose signed head and chain are verified as in a sync. */
#ifndef SATCHEL_COURIER_H
#define SATCHEL_COURIER_H

#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "chain.h"
#include "error.h"
#include "id.h"

#define COURIER_KEY_BYTES 32
#define COURIER_SUM_BYTES 16
#define COURIER_HEADER_BYTES (18 + ID_BYTES + COURIER_KEY_BYTES + COURIER_SUM_BYTES)
#define COURIER_HEAD_BYTES 32 /* of an item, in clear before its sealed bytes */
#define COURIER_SEAL_BYTES 48 /* what crypto_box_seal adds */
#define COURIER_PLAIN_MAX (1 + 2 + CHAIN_HEAD_MAX + 5 + BATCH_DEFLATED_MAX)
#define COURIER_SEALED_MAX (COURIER_PLAIN_MAX + COURIER_SEAL_BYTES)

struct courier_header {
    struct id device;
    uint8_t seal_key[COURIER_KEY_BYTES]; /* the office's, X25519 */
};

/* The clear part of an item: it has the changes first_seq .. last_seq of the device's chain, of which a person made
 * `typed`. */
struct courier_item {
    uint64_t epoch, first_seq, last_seq;
    uint32_t typed;
    struct slice sealed;
};

/* --- writing --- */

void courier_header_write(const struct courier_header *h, uint8_t out[COURIER_HEADER_BYTES]);

/* Seals a signed head and its deflated batch into one whole item; numbers->sealed is ignored. The caller frees out with
 * free((void *)out->p). E_MEMORY; E_VERIFY: the seal key is no key; E_INTERNAL: numbers, head or batch break this
 * header's limits. */
int courier_seal(const struct courier_header *h, const struct courier_item *numbers, struct slice head,
                 struct slice batch, struct slice *out, struct error *e);

/* --- reading --- */

/* `read` reads up to `size` bytes into out, fewer only at the end. It returns 0, or an error code with its sentence. */
struct courier_source {
    int (*read)(void *arg, uint8_t *out, size_t size, size_t *got, struct error *e);
    void *arg;
};

enum courier_end {
    COURIER_WHOLE,  /* it ends behind a whole item */
    COURIER_TORN,   /* it ends within an item: a copy or a write that broke off */
    COURIER_DAMAGED /* an item is not as it was written; what follows it cannot be found */
};

struct courier_reader {
    struct courier_source source;
    struct courier_header header;
    enum courier_end end;     /* once courier_next has returned 0 */
    uint64_t good_bytes;      /* where the last whole item ends */
    uint64_t items;           /* that were whole so far, and in them: */
    uint64_t changes, typed;  /* how many changes, and how many of these a person made */
    uint64_t epoch, last_seq; /* the last change; 0: none */
    uint64_t run_seq;         /* from this one to the last none is missing */
    uint8_t *bytes;           /* of the item at hand */
    size_t room;
};

/* Reads the header. E_INPUT: not a courier file, one of a newer Satchel, or its header is damaged. courier_close may
 * follow in every case. */
int courier_start(struct courier_reader *r, struct courier_source source, struct error *e);

/* Reads the next item. 1: a whole item, whose bytes live until the next call; 0: there is no more, and r->end says how
 * the file ended; -1: the source failed or there is no memory, e says so. It checks a length before it takes memory. */
int courier_next(struct courier_reader *r, struct courier_item *out, struct error *e);
void courier_close(struct courier_reader *r);

/* Reads the whole file at once, passes over the items and closes r, which has counted them. Errors: courier_start's,
 * and the source's. */
int courier_walk(struct courier_reader *r, struct courier_source source, struct error *e);

/* --- opening, at the office --- */

struct courier_opened {
    struct slice head, batch; /* as in a push; inside plain */
    uint8_t *plain;
    size_t plain_bytes;
};

/* Opens an item. The head's signature is not checked here: receive_push does that. E_VERIFY: it is not sealed to this
 * key, or what was sealed is no push of the header's device that ends at the item's last_seq; E_MEMORY. courier_wipe
 * may follow in every case. */
int courier_open(const struct courier_header *h, const struct courier_item *r,
                 const uint8_t seal_secret[COURIER_KEY_BYTES], struct courier_opened *out, struct error *e);
void courier_wipe(struct courier_opened *o);

#endif
