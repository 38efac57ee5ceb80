/* Typing a long text at a terminal. The terminal's own line has room for 4,095 bytes and drops the rest in silence, so
 * it is read key by key; what is typed is handed out to be kept at each line, about once a second, and before a signal
 * or a terminal that goes away ends the program. */
#ifndef SATCHEL_TYPING_H
#define SATCHEL_TYPING_H

#include <stddef.h>

#include "error.h"

struct typing {
    int input, output; /* the terminal; output -1: nothing is shown */
    char *text;        /* what is there already and may be gone on with, NUL-ended; then what was typed */
    size_t used, room; /* bytes of the text without the NUL, and of the memory */
    void (*keep)(void *arg, const char *text); /* keeps what is typed so far; it says by itself if it cannot */
    void (*gone)(void *arg, const char *text); /* says, before a signal ends the program, that it is kept */
    void *arg;
};

/* Reads until Ctrl-D at the beginning of a line. Backspace takes back a character of the last line, Ctrl-W a word,
 * Ctrl-U all of the line; what else is no text, such as an arrow key, is dropped. What a terminal brackets as pasted
 * is taken as it is. The terminal is as it was before, on return, at a signal, and while the program is stopped
 * (Ctrl-Z). SIGINT, SIGTERM, SIGHUP and SIGQUIT: keeps, calls gone, and ends the program with that signal. E_IO: the
 * terminal is gone, or cannot be read; all before it is in text, and kept. E_LIMIT: there is no room for more; the
 * same. */
int typing_read(struct typing *t, struct error *e);

#endif
