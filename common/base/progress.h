/* How far a long command is: counted by the thread that works, read by any other. */
#ifndef SATCHEL_PROGRESS_H
#define SATCHEL_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

#define PROGRESS_WORDS 96

struct progress {
    const char *_Atomic what; /* "rows read": lasts as long as the program; NULL: there is nothing to tell yet */
    atomic_ullong done;
    int is_shown; /* on this process's terminal, by who works */
    uint64_t shown_ms;
};

/* Begins to count something. p NULL: nobody looks, here and below. */
void progress_begin(struct progress *p, const char *what);
/* One more is done. Shows it on the terminal (stderr) if it is to be shown there, twice a second at most. */
void progress_step(struct progress *p);
/* Writes "12345 rows read" into out; "" if there is nothing to tell. */
void progress_words(struct progress *p, char out[PROGRESS_WORDS]);
/* Shows words on the terminal's line, in place of those before; "": clears the line. */
void progress_print(const char *words);

#endif
