/* Fault sweeps: one sync, played over and over. Each allocation, open, read, write, sync, truncation, rename and
 * removal that it makes fails once, on the laptop and at the office; and the power goes at each step that reaches the
 * disk. After each of them the weather clears, and everything must hold. */
#ifndef SATCHEL_SIM_SWEEP_H
#define SATCHEL_SIM_SWEEP_H

/* keep: a folder for the scripts of findings, or NULL. Prints a line for each sort of fault. Returns the findings. */
unsigned sweep(const char *keep);

#endif
