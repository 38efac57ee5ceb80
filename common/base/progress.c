/* Counts, and shows what was counted. */
#include "progress.h"

#include <stdio.h>

#include "clock.h"

void progress_begin(struct progress *p, const char *what)
{
    if (p == NULL)
        return;
    atomic_store(&p->done, 0);
    atomic_store(&p->what, what);
}

void progress_step(struct progress *p)
{
    enum { OFTEN_MS = 500, LOOKS = 64 };
    char words[PROGRESS_WORDS];
    uint64_t now;
    if (p == NULL || atomic_fetch_add(&p->done, 1) % LOOKS != 0 || !p->is_shown)
        return;
    if ((now = clock_steady()) - p->shown_ms < OFTEN_MS)
        return;
    p->shown_ms = now;
    progress_words(p, words);
    progress_print(words);
}

void progress_words(struct progress *p, char out[PROGRESS_WORDS])
{
    const char *what = atomic_load(&p->what);
    out[0] = '\0';
    if (what != NULL)
        (void)snprintf(out, PROGRESS_WORDS, "%llu %s", atomic_load(&p->done), what);
}

void progress_print(const char *words)
{
    (void)fprintf(stderr, "\r%s\033[K", words);
    (void)fflush(stderr);
}
