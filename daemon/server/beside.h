/* A long command of the operator's, which runs in a thread of its own beside the loop, one at a time.
 *
 * The record has one owner at a time. The thread begins with it; it gives it to the loop between pieces of its work
 * (central_give, central_take), when nothing of it is uncommitted, and does without it what needs no record. While the
 * thread has the record the loop waits, so that laptops wait for a piece, and never for the whole:
 *
 *   who            event              state after
 *   loop           beside_start       the record is the thread's
 *   thread         central_give       the loop's; the loop goes on
 *   thread         central_take       asked for; the loop hands it over once it comes round, and waits
 *   loop           beside_stop        the thread is told at its next central_take, and ends its command
 *   thread         ends               the loop answers the caller */
#ifndef SATCHEL_BESIDE_H
#define SATCHEL_BESIDE_H

#include "error.h"
#include "server.h"

struct beside;

/* Starts `work` in the thread, with the record; `done` is called on the loop after it. name: the command, for whoever
 * asks for a second one; copied. Sets s->beside until `done` has been called. E_BUSY: another one runs, and the
 * sentence says which and since when; E_MEMORY. */
int beside_start(struct server *s, const char *name, void (*work)(void *arg), void (*done)(void *arg), void *arg,
                 struct error *e);

/* Tells the command to end at its next piece. */
void beside_stop(struct beside *b);

#endif
