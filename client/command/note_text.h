/* Where the words of a note come from: typed at the terminal, an editor, or the standard input; and the draft in the
 * store that keeps them until they are written. */
#ifndef SATCHEL_NOTE_TEXT_H
#define SATCHEL_NOTE_TEXT_H

#include "cli.h"
#include "error.h"
#include "id.h"
#include "store.h"

struct note_text {
    struct store *s;
    struct cli *cli;
    struct id scope;   /* the case */
    char *text;        /* NUL-ended; NULL: nothing was read */
    int is_from_draft; /* a draft that was there went into it, or it was kept as a draft while it was typed */
    int is_unkept;     /* it could not be kept as a draft while it was typed */
};

/* Reads the words. At a terminal it first offers the draft of this case, and keeps a draft as the person types.
 * with_editor: $VISUAL or $EDITOR gets the words in a file in memory, with the draft in it. Of the standard input all
 * is read. E_IO; E_LIMIT: too long, t->text has what was read; E_INPUT: a NUL byte; E_REFUSED: the person stopped;
 * E_USAGE: no editor. t->text is freed with note_text_free in every case. */
int note_text_read(struct note_text *t, int with_editor, struct error *e);

/* The note was not written: keeps its words as the draft, and says so. If even that fails, prints them on the terminal
 * that they were typed on. */
void note_text_failed(struct note_text *t, const char *text);

/* The note was written: ends its draft, inside the caller's transaction, if these words have it. */
int note_text_written(struct note_text *t, const char *text, struct error *e);
/* Says that there is a draft still, which these words were not. */
void note_text_say_left(struct note_text *t);

/* Reads a line of the standard input, byte by byte: what follows it is the note. -1: there is none. */
int note_text_line(char *line, size_t room);

void note_text_free(struct note_text *t); /* wipes */

#endif
