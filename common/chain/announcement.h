/* The office's announcement that it was put back from a backup: an event "set back" of its own chain (docs/LOG.md,
 * "Set-backs"). */
#ifndef SATCHEL_ANNOUNCEMENT_H
#define SATCHEL_ANNOUNCEMENT_H

#include <stdint.h>

#include "change.h"

/* 1: the change is an event "set back" that says how many entries the backup had, and *size is that number. 0: it is
 * none. The caller knows whether the office wrote it. */
int announcement_read(const struct change *c, uint64_t *size);

#endif
