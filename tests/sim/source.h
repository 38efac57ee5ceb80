/* The office's other system: some persons with a case each, and services that move between the cases. It changes by
 * chance from one export to the next, as HMIS CSV. */
#ifndef SATCHEL_SIM_SOURCE_H
#define SATCHEL_SIM_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "id.h"
#include "luck.h"

enum { SOURCE_PERSONS = 5, SOURCE_SERVICES = 6, SOURCE_FIELDS = 2 };

#define SOURCE_FORMAT "hmis reg" /* what the ids are derived from: the format, and the name of --source */

void source_reset(void);

/* Changes the rows by chance and writes the next export into a folder beneath root. Returns its number, from 1 on; 0:
 * nothing could be written. */
unsigned source_export(struct luck *l, const char *root, uint64_t now_ms);
unsigned source_newest(void);

/* The record of a person, case or service. */
enum source_what { SOURCE_PERSON, SOURCE_CASE, SOURCE_SERVICE };
struct id source_id(enum source_what what, unsigned number);

/* What the newest export says of a person: words of legal_name and gender. NULL: the row is deleted. */
extern const char *const source_fields[SOURCE_FIELDS];
const char *source_says(unsigned person, unsigned field);
/* 1: some export said these words of that field. */
int source_said(unsigned person, unsigned field, const char *words, size_t size);

#endif
