/* A program that runs within the simulation: one command of satchel, or satcheld. Each is a fiber with a stack of its
 * own, so that programs that wait (in uv_run, see loop.c) take turns in one process, in the order that the seed says.
 *
 * Time is the simulation's: process_now_ms is what is true, and a machine's clock is what its owner made of it. */
#ifndef SATCHEL_SIM_PROCESS_H
#define SATCHEL_SIM_PROCESS_H

#include <stdint.h>

#define PROCESS_MACHINES 16

struct process;

/* Starts a program on a machine and runs it until it waits for something, or ends. arg stays the caller's. */
struct process *process_start(unsigned machine, int (*run)(void *arg), void *arg);
int process_is_over(const struct process *p);
/* What run returned; once it is over. */
int process_result(const struct process *p);
/* Frees one that is over. */
void process_free(struct process *p);

/* The machine dies under it: it finds no disk and no network any more, and is let run to its end, so that what it holds
 * of the simulator is given back. Nothing that it says then counts. Its machine's disk must be dark. */
void process_kill(struct process *p);
int process_is_dying(const struct process *p);

/* --- from within --- */

/* Who runs now; NULL: the simulator itself. */
struct process *process_current(void);
/* Waits until process_resume. */
void process_park(void);
void process_resume(struct process *p);

/* --- machines --- */

/* Whose turn it is: of the process that runs, or what process_act_on said. */
unsigned process_machine(void);
/* The simulator does something on a machine: its clock, its folder, its version count. */
void process_act_on(unsigned machine);
/* Called whenever the machine in turn changes: sets what a program finds in its process (its environment, its schema).
 */
extern void (*process_on_switch)(unsigned machine);

/* --- time --- */

extern uint64_t process_now_ms; /* true, since 1970 */

enum process_clock { CLOCK_RUNS, CLOCK_STANDS, CLOCK_RUNS_BACK };
/* The machine's clock jumps by so many milliseconds, and goes on from there as said. Never below 0. */
void process_clock_set(unsigned machine, int64_t jump_ms, enum process_clock how);
/* Right again. */
void process_clock_right(unsigned machine);
/* What the machine's clock says, in milliseconds since 1970. */
uint64_t process_clock(unsigned machine);

/* The machines' clocks and all processes as at the beginning; none may be left over. */
void process_reset(uint64_t now_ms);

#endif
