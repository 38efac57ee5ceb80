/* The office as it stood at one moment, to be read while the office goes on (for a long command that only reads), and a
 * copy of it to try things on. Both are a struct central of their own, are used by one thread, and are freed with
 * central_close. */
#ifndef SATCHEL_SNAPSHOT_H
#define SATCHEL_SNAPSHOT_H

#include "central.h"
#include "error.h"

/* Opens a handle of its own on the office's store, which shows what is committed now for as long as it is open; the
 * store's log cannot shrink meanwhile. Nothing can be written by it. from: an office that is open; of it only its
 * folder and keys are read. Errors: central_open_key's but for E_WRONG_KEY. */
int central_snapshot(const struct central *from, struct central **out, struct error *e);

/* Copies the whole store into a scratch database (vault.h) in the office's folder. In the copy everything can be
 * written that can be written in the office, and none of it is kept. If `from` is told to end, so is the copy. Not
 * within a transaction of `from`. E_FULL, E_IO, E_MEMORY, E_BUSY (told to end). */
int central_copy(struct central *from, struct central **out, struct error *e);

/* Tells whoever reads the snapshot to end: whatever statement runs, or is run later, fails with E_BUSY. Of all
 * functions of a struct central this one may be called by another thread. */
void central_tell_to_end(struct central *c);

#endif
