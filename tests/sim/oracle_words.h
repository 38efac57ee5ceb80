/* Property 3, from the words that people typed: no note is lost, nothing that was added to a set, and a risk never
 * falls but by an op that names the higher one. */
#ifndef SATCHEL_SIM_ORACLE_WORDS_H
#define SATCHEL_SIM_ORACLE_WORDS_H

#include "machine.h"

void oracle_words_reset(void);
/* A command of a laptop has ended: what it said is done is in the changes that it wrote, word for word. */
void oracle_words_command(const struct machine_run *run);
/* At the end, with the office's log just read: all that nobody took back is shown at the office. */
void oracle_words_end(void);

#endif
