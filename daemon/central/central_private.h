/* What central.c shares with snapshot.c. */
#ifndef SATCHEL_CENTRAL_PRIVATE_H
#define SATCHEL_CENTRAL_PRIVATE_H

#include "central.h"

/* Makes a struct central without a store. NULL: no memory. */
struct central *central_new(const char *folder);

/* Loads chain, tree and checkpoint from c->db, and the secrets that are sealed under c->keys->own_key. Errors: the
 * store's; E_VERIFY: the store is not complete, or was altered. */
int central_load(struct central *c, struct error *e);

/* Remembers the data key, and derives from it what seals the office's secrets. */
void central_keep_key(struct central *c, const uint8_t key[32]);

#endif
