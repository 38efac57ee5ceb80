/* The office's disk is gone, and an older one takes its place: what it had accepted since is not on it. */
#ifndef SATCHEL_SIM_RESTORE_H
#define SATCHEL_SIM_RESTORE_H

#include "world.h"

/* backup: as a night would make one. */
void restore_back_up(struct world *w);
/* putback: the last backup takes the office's place, and that is said. */
void restore_put_back(struct world *w);

/* What is on the office's disk is kept, as other programs than satcheld copy it. Where the office does not run,
 * nothing. */
int restore_keep(struct world *w);
/* That copy takes the office's place: said; or not, as somebody would do who does not know that it matters: then it is
 * put there once more later, and said. 0; -1: it cannot be copied. */
int restore_image(struct world *w, int said);

#endif
