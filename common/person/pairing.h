/* What a person says of two client records, at a laptop or at the office: that they are one person's, or two people's,
 * or that one of these is taken back. Both programs print the same words; each writes the edits in its own way. */
#ifndef SATCHEL_PAIRING_H
#define SATCHEL_PAIRING_H

#include "cli.h"
#include "person.h"

struct pairing {
    /* Makes the edits: a function of person.h, with its errors. No edit: the two are as they should be already. */
    int (*make)(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);
    const char *done, *already; /* what is told of the two; already NULL: make then fails */
};
extern const struct pairing pairing_link, pairing_unlink, pairing_part, pairing_unpart;

/* Tells what became of the two: on cli->err a line that the caller ends, and with cli->json an object on cli->out.
 * written: the edits were written, and db has them; 0: there were none. After pairing_unlink the line also names the
 * record through which the two are one person's still, if there is one. E_MEMORY, and the store's errors (db.h). */
int pairing_tell(const struct pairing *what, struct db *db, const struct cli *cli, const struct id both[2], int written,
                 struct error *e);

#endif
