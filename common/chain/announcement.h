/* The office's announcement that it was put back from a backup: an event "set back" of its own chain (docs/LOG.md,
 * "Set-backs"). */
#ifndef SATCHEL_ANNOUNCEMENT_H
#define SATCHEL_ANNOUNCEMENT_H

#include <stdint.h>

#include "change.h"

/* 1: the change is an event "set back" that says how many entries the backup had, and *size is that number. 0: it is
 * none. The caller knows whether the office wrote it. */
int announcement_read(const struct change *c, uint64_t *size);

/* What a laptop's event "set back" has as evidence; empty if it does not say. The slices live as long as the change. */
struct announcement_heard {
    struct slice statement; /* text: the office's signed statement of the log that is lost */
    struct slice hash;      /* of the office's announcement */
};
void announcement_read_heard(const struct change *c, struct announcement_heard *out);

/* Judges a change that the office wrote, as the log has it at that position. 1: it is an announcement as it must be:
 * the first change of an epoch after the first, and the backup that it names had as many entries as stand before it. 0:
 * it is none, and needs to be none. -1: it begins such an epoch and says nothing of a set-back, or it announces a
 * set-back that cannot be: of another size, or in the middle of a chain. */
int announcement_judge(const struct change *c, uint64_t position);

#endif
