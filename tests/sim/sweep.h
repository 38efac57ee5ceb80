/* Fault sweeps: one sync, played over and over. Each allocation, open, read, write, sync, truncation, rename and
 * removal that it makes fails once, on the laptop and at the office; and the power goes at each step that reaches the
 * disk. After each of them the weather clears, and everything must hold. */
#ifndef SATCHEL_SIM_SWEEP_H
#define SATCHEL_SIM_SWEEP_H

/* wanted: words, NULL-ended, none for all of it: a side (anna, office), a word of a fault (memory, power, read), and
 * the call to begin with, 1 being the first. keep: a folder for the scripts of findings, or NULL. Prints a line for
 * each sort of fault, and on stderr how far it is. Returns the findings. */
unsigned sweep(char *const *wanted, const char *keep);

#endif
