/* Makes a script that fails shorter: takes events out for as long as the same property still breaks (delta debugging,
 * Zeller and Hildebrandt 2002). */
#ifndef SATCHEL_SIM_SHRINK_H
#define SATCHEL_SIM_SHRINK_H

#include "script.h"

/* Does the script still fail with these events? */
typedef int (*shrink_check)(const struct script *s, const char *kept, const void *arg);

/* kept: one flag for each event, all set at the beginning; at the end those that are needed. Returns their number. */
size_t shrink(const struct script *s, char *kept, shrink_check check, const void *arg);

#endif
