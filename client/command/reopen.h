/* A case that is opened again. */
#ifndef SATCHEL_REOPEN_H
#define SATCHEL_REOPEN_H

#include "edit.h"
#include "error.h"

/* If the edit gives a case that is closed another status, ends outcome and day of closing with it, in the same change,
 * but for what the edit writes itself. status: the new status in words; fields (count of them): what the edit writes.
 * *ended: how many were ended. Errors: the store's. */
int reopen_case(struct edit *edit, const char *status, const struct schema_field *const *fields, size_t count,
                unsigned *ended, struct error *e);

#endif
