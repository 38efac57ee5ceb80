/* Prints what a visitor must know of a person before all else: allergies, alerts, and the risk in other cases, from
 * every record that is linked as this person's (person.h), each with its record. If a record is not here, or not whole,
 * that is printed, and the record is never taken for one that has nothing. Both functions fail with E_MEMORY or the
 * store's errors (db.h). */
#ifndef SATCHEL_WARN_H
#define SATCHEL_WARN_H

#include "error.h"
#include "id.h"
#include "printer.h"

/* Prints them in words. shown_case: the case whose page this is, and whose own risk the page prints itself; NULL: it is
 * the client's page, with all of its cases. */
int warn_words(struct printer *v, const struct id *client, const struct id *shown_case, struct error *e);

/* Writes the members "same_person", "more_records" and "other_risks" of the object that is open on v->json: the other
 * records of the person, with their fields, and the risk in open cases. If the client is linked to no other record, it
 * writes nothing. */
int warn_json(struct printer *v, const struct id *client, const struct id *shown_case, struct error *e);

#endif
