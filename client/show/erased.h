/* How erased words look to a person: who erased them, when, and why. */
#ifndef SATCHEL_ERASED_H
#define SATCHEL_ERASED_H

#include "change.h"
#include "error.h"
#include "id.h"
#include "printer.h"

/* Prints a line for each change of a record whose words were erased, after `indent` spaces; for a case or a person also
 * for those that are not here. Errors: the store's, E_VERIFY (a header cannot be read). */
int erased_words(struct printer *v, const struct id *record, int indent, struct error *e);

/* Writes on v->json the member `erased`: an array with an object for each of these (docs/JSON.md). The same errors. */
int erased_json(struct printer *v, const struct id *record, struct error *e);

/* Prints the line of one change without words; if no erasure of it is here, it says that its words are not here. The
 * same errors. */
int erased_change_words(struct printer *v, const struct change *c, int indent, struct error *e);

#endif
