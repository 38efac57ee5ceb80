/* The outbox: the sealed copy of what this laptop has not sent, so that whatever happens to passphrase, key file or
 * store, it can be taken out without any key. It is a courier file (courier.h) named store.outbox in the store's
 * folder, mode 0600.
 *
 * It follows the store: a change is durable there first, and here a moment later. The store still has whatever is
 * missing here. So a tail that broke off or is damaged is cut and written again, and an outbox that is missing or
 * sealed to another key is made anew from the queue. Once the office has acknowledged everything it is cut back to its
 * header. Only the one process that may write the store may call this. */
#ifndef SATCHEL_OUTBOX_H
#define SATCHEL_OUTBOX_H

#include <stdint.h>
#include <stdio.h>

#include "chain.h"
#include "courier.h"
#include "db.h"
#include "error.h"

#define OUTBOX_FILE "store.outbox"

struct outbox { /* zeroed: closed */
    int is_open, fd;
    struct courier_header header; /* as the file has it */
    uint64_t bytes;               /* the file ends here */
    /* Every change of ours in `epoch` up to `through` is in the file, or acknowledged; from `from` on none is missing.
     */
    uint64_t epoch, from, through;
};

void outbox_close(struct outbox *o);

/* Brings the outbox of the store in `folder` to where the store is: opens it or makes it, cuts off what is not whole,
 * appends what is queued and not in it, and cuts it back if nothing is queued. If acknowledged changes are queued again
 * (setback.h), and come before those in it, it is made anew. own: where our chain ends. secret: our signing
 * key. Outside of a transaction. A store that knows no seal key yet has no outbox, and that is no error.
 *
 * E_EXISTS: it holds later changes of our own chain than the store: the store is an older copy. It is left as it is
 * (outbox_set_aside).
 * Any other error (E_IO, E_FULL, E_MEMORY, E_REFUSED if it is no regular file, a failure of the store): it is
 * behind; the next call tries again. */
int outbox_follow(struct outbox *o, const char *folder, struct db *db, const struct chain *own, const uint8_t *secret,
                  struct error *e);

/* Sets the folder's outbox aside under a name of its own: store.outbox.DEVICE.N, a courier file as it is. E_IO. */
int outbox_set_aside(const char *folder, const struct id *device, struct error *e);
/* Names on err each outbox that was set aside in the folder, and says what to do with it. Returns how many there are.
 */
unsigned outbox_warn(const char *folder, FILE *err);

/* *count: how many of the queued changes that a person made have their sealed copy. Errors: the store's. */
int outbox_count(const struct outbox *o, struct db *db, uint64_t *count, struct error *e);

/* How many changes that a person made have their sealed copy in the folder's outbox; some may be acknowledged by now.
 * Needs no key. 0 also if there is no outbox, or it cannot be read. */
uint64_t outbox_sealed(const char *folder);

/* Opens the outbox of a folder for reading (a courier_source's arg); out is closed with fclose. E_NOT_FOUND,
 * E_REFUSED, E_IO. */
int outbox_read(const char *folder, FILE **out, struct error *e);
/* The read of a courier_source whose arg is a FILE. */
int outbox_source(void *file, uint8_t *out, size_t size, size_t *got, struct error *e);

#endif
