/* Taking an import back: what it wrote is written over by changes of their own, of an import whose record says which
 * one it undoes. What people, or later imports, built on stays, and is told. */
#ifndef SATCHEL_IMPORT_UNDO_H
#define SATCHEL_IMPORT_UNDO_H

#include "central.h"
#include "error.h"
#include "id.h"
#include "schema.h"

/* What stays: a record that the import took down, or (field not NULL) a value that it wrote. */
struct import_kept {
    const struct schema_kind *kind;
    struct id record;
    const struct schema_field *field;
};

struct import_undo {
    struct central *central;
    struct id import;
    int (*kept)(void *arg, const struct import_kept *k, struct error *e); /* gets each; not 0 ends the work with it */
    void *arg;
    struct id id; /* of the record of the taking back; set by import_undo */
    uint64_t voided, changed, stayed;
};

/* Takes the import back, in a transaction of the caller's; c->author's session is the caller's again afterwards.
 * E_NOT_FOUND: there is no such import. E_REFUSED: it is taken back already, or is itself a taking back. Others: the
 * store's. */
int import_undo(struct import_undo *u, struct error *e);

#endif
