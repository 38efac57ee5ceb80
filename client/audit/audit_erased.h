/* Erasures that stand further on in an archive than what they name. */
#ifndef SATCHEL_AUDIT_ERASED_H
#define SATCHEL_AUDIT_ERASED_H

#include <stddef.h>

#include "change.h"
#include "error.h"

/* Hands each erasure that the office wrote, by the archive's own key, to `each`, in log order. The archive is read anew
 * for that: it is done when the first entry without words is met, and not before. Stops at the first return of `each`
 * that is not 0, and returns that. Errors: archive_open's and archive_next's. */
int audit_erased_each(const char *archive, const char *passphrase, size_t passphrase_bytes,
                      int (*each)(void *arg, const struct change *erasure, struct error *e), void *arg,
                      struct error *e);

#endif
