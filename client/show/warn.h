/* What a visitor must know of a person before all else: allergies, alerts, and the risk in other cases, from every
 * record that is linked as this person's (person.h), each with the record that it stands on. A record that is
 * not here, or not whole, is said to be so, and never taken for one that has nothing. Both fail with E_MEMORY or the
 * store's errors (db.h). */
#ifndef SATCHEL_WARN_H
#define SATCHEL_WARN_H

#include "error.h"
#include "id.h"
#include "printer.h"

/* shown_case: the case that is shown, whose own risk need not be told; NULL: the client is shown, with its own cases.
 */
int warn_words(struct printer *v, const struct id *client, const struct id *shown_case, struct error *e);

/* The members "same_person", "more_records" and "other_risks" of the object that is open on v->json: the other records
 * of the person, with their fields, and the risk in open cases. Nothing if the client is linked to nothing. */
int warn_json(struct printer *v, const struct id *client, const struct id *shown_case, struct error *e);

#endif
