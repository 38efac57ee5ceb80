/* Tells at the end of a sync, in words and by name, what came from others that somebody should hear of at once: risks
 * and levels of care that were raised, deaths, alerts, allergies, closings, new cases. What is told was shown (seen.h);
 * everything else that came was not. */
#ifndef SATCHEL_TOLD_NEWS_H
#define SATCHEL_TOLD_NEWS_H

#include "error.h"
#include "printer.h"

#define TOLD_NEWS_LINES 20 /* at most; how many more there are is said */

/* Prints the news on v->cli->out, the most pressing first. *told: how many lines. Errors: E_MEMORY, the store's. */
int told_news(struct printer *v, size_t *told, struct error *e);

#endif
