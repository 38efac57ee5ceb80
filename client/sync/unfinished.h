/* A sync that broke off: the session with the office that the next one goes on with (session.h, "Going on"), if the
 * office still has it, and how large the pieces are that this laptop's link carries.
 *
 * Own table (tables.h): unfinished(session, flags, epoch, seen): one row or none. In meta: room.
 *
 * What takes an error fails with E_MEMORY or the store's errors (db.h). */
#ifndef SATCHEL_UNFINISHED_H
#define SATCHEL_UNFINISHED_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "error.h"
#include "message.h"
#include "pack.h"
#include "unsent.h"
#include "wire.h"

/* What the welcome of that session said, and how far the sync had come. */
enum {
    UNFINISHED_WANTS_CASELOAD = 1,
    UNFINISHED_REVOKED = 2,
    UNFINISHED_DEAL = 4,   /* a deal is under way: its first pull was said */
    UNFINISHED_RECEIPT = 8 /* the office should have a receipt for what came */
};

struct unfinished {
    uint8_t *session; /* packed; NULL: nothing is unfinished */
    size_t size;
    unsigned flags;
};

/* Loads it; *out is freed with unfinished_free. It counts as none if this laptop has another epoch since, or has seen
 * another checkpoint of the office: what the office would say belongs to the ones of then. */
int unfinished_load(struct db *db, const struct chain *own, struct unfinished *out, struct error *e);
void unfinished_free(struct unfinished *u);

/* After the link broke: keeps the wire's session, in a transaction of its own. E_NOT_FOUND: there is nothing to go on
 * with; and the store's errors. */
int unfinished_keep(struct db *db, const struct chain *own, struct wire *wire, unsigned flags);
/* In a transaction, or as one. */
int unfinished_forget(struct db *db, struct error *e);

/* Reads from a push that was said which changes were in it. *out needs no unsent_free. Errors: chain_peek's and
 * batch_open's too. */
int unfinished_batch(const struct message_push *push, struct unsent_batch *out, struct error *e);

/* Bytes of the next piece, each way. It halves with each break and doubles with each piece that came through, between
 * UNFINISHED_ROOM_MIN and what one message takes; the next sync begins with what this one ended with, at most
 * UNFINISHED_ROOM. */
#define UNFINISHED_ROOM_MIN 4096u
#define UNFINISHED_ROOM 65536u
size_t unfinished_room(struct db *db);
/* The next room, after `breaks` breaks on the way of one piece. */
size_t unfinished_next_room(size_t room, unsigned breaks);
/* Remembers it, in a transaction of its own, if it is another than the one that is remembered. */
int unfinished_keep_room(struct db *db, size_t room, struct error *e);

#endif
