/* The office's private keys in its store: sealed once more, under a key that comes from the data key and not from the
 * key of the pages. Whoever reads the tables with a key for reports finds nothing that he could sign or open with. */
#ifndef SATCHEL_HIDDEN_H
#define SATCHEL_HIDDEN_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "error.h"

#define HIDDEN_MAX 64  /* bytes of a secret */
#define HIDDEN_MORE 40 /* bytes that sealing adds: nonce, tag */

/* Derives the key from the store's data key. Both in locked memory. */
void hidden_key(const uint8_t data_key[32], uint8_t own_key[32]);

/* Seal a secret of at most HIDDEN_MAX bytes for a name, and open it: what was sealed for another name does not open.
 * out of hidden_seal has size + HIDDEN_MORE bytes. E_VERIFY: it does not open, or is of another size; out is zeros. */
void hidden_seal(const uint8_t own_key[32], struct slice name, struct slice secret, uint8_t *out);
int hidden_open(const uint8_t own_key[32], struct slice name, struct slice sealed, uint8_t *out, size_t size,
                struct error *e);

/* Keep a secret in meta, and read it. E_NOT_FOUND: there is none of that name. E_VERIFY as above. */
int hidden_set(struct db *db, const uint8_t own_key[32], const char *name, const uint8_t *secret, size_t size,
               struct error *e);
int hidden_get(struct db *db, const uint8_t own_key[32], const char *name, uint8_t *out, size_t size, struct error *e);

/* Seals all of them anew in the database at path, which has a new data key already: in meta, and the tickets'. Opens
 * and closes the database. A secret that does not open is an error: E_VERIFY. */
int hidden_renew(const char *path, const uint8_t old_data_key[32], const uint8_t data_key[32], struct error *e);

#endif
