/* A case or plan that was closed by somebody who had not seen what others wrote in it meanwhile. */
#ifndef SATCHEL_CLOSING_H
#define SATCHEL_CLOSING_H

#include "error.h"
#include "printer.h"
#include "record.h"

/* Prints the status of a record whose closing is contested (f->unseen): who closed it, what that person had not seen
 * and by whom it is, and the two commands that decide. v->seen hears of all of it. Errors: the store's, E_MEMORY. */
int closing_words(struct printer *v, const struct id *record, const struct schema_kind *kind,
                  const struct schema_field *field, const struct record_field *f, int indent, struct error *e);

/* Prints in one paragraph, for every contested closing in this store, whose it is, who closed it, who went on and how
 * it is decided; at most CLOSING_TOLD of them. *told: how many there are. Errors as above. */
#define CLOSING_TOLD 20
int closing_tell(struct printer *v, size_t *told, struct error *e);

#endif
