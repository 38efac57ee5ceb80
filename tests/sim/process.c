/* Runs a program as a fiber: its stack, its turn, its clock, its end. */
#include "process.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBERS_ARE_TOLD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBERS_ARE_TOLD 1
#endif
#endif
#ifdef FIBERS_ARE_TOLD
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK_BYTES (1u << 20)

struct process {
    ucontext_t context, back;
    struct process *before; /* who resumed it */
    uint8_t *stack;
    int (*run)(void *arg);
    void *arg;
    unsigned machine;
    int is_over, is_dying, result;
    void *fake, *fake_back; /* AddressSanitizer's, of this stack and of who resumed it */
    const void *back_stack;
    size_t back_bytes;
};

void (*process_on_switch)(unsigned machine);
uint64_t process_now_ms;

static struct process *current;
static unsigned acting; /* the machine that the simulator acts on while no process runs */

/* Stacks that are free: making one costs more than most commands. */
static uint8_t *stacks[64];
static size_t stack_count;

/* --- switching --- */

static void switched(void)
{
    if (process_on_switch != NULL)
        process_on_switch(process_machine());
}

static void start_switch(void **fake, const void *stack, size_t bytes)
{
#ifdef FIBERS_ARE_TOLD
    __sanitizer_start_switch_fiber(fake, stack, bytes);
#else
    (void)fake, (void)stack, (void)bytes;
#endif
}

static void finish_switch(void *fake, const void **stack, size_t *bytes)
{
#ifdef FIBERS_ARE_TOLD
    __sanitizer_finish_switch_fiber(fake, stack, bytes);
#else
    (void)fake, (void)stack, (void)bytes;
#endif
}

static void entry(void)
{
    struct process *p = current;
    finish_switch(NULL, &p->back_stack, &p->back_bytes);
    p->result = p->run(p->arg);
    p->is_over = 1;
    start_switch(NULL, p->back_stack, p->back_bytes);
    (void)setcontext(&p->back);
    abort();
}

void process_resume(struct process *p)
{
    assert(!p->is_over && p != current);
    p->before = current;
    current = p;
    switched();
    start_switch(&p->fake_back, p->stack, STACK_BYTES);
    (void)swapcontext(&p->back, &p->context);
    finish_switch(p->fake_back, NULL, NULL);
    current = p->before;
    switched();
}

void process_park(void)
{
    struct process *p = current;
    assert(p != NULL);
    start_switch(&p->fake, p->back_stack, p->back_bytes);
    (void)swapcontext(&p->context, &p->back);
    finish_switch(p->fake, &p->back_stack, &p->back_bytes);
}

struct process *process_start(unsigned machine, int (*run)(void *arg), void *arg)
{
    struct process *p = calloc(1, sizeof *p);
    if (p == NULL)
        abort();
    p->stack = stack_count != 0 ? stacks[--stack_count]
                                : mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p->stack == MAP_FAILED || getcontext(&p->context) != 0)
        abort();
    p->run = run;
    p->arg = arg;
    p->machine = machine;
    p->context.uc_stack.ss_sp = p->stack;
    p->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&p->context, entry, 0);
    process_resume(p);
    return p;
}

void process_free(struct process *p)
{
    if (p == NULL)
        return;
    assert(p->is_over);
    if (stack_count < sizeof stacks / sizeof *stacks)
        stacks[stack_count++] = p->stack;
    else
        (void)munmap(p->stack, STACK_BYTES);
    free(p);
}

void process_kill(struct process *p)
{
    p->is_dying = 1;
    while (!p->is_over)
        process_resume(p);
}

int process_is_over(const struct process *p)
{
    return p->is_over;
}

int process_result(const struct process *p)
{
    return p->result;
}

int process_is_dying(const struct process *p)
{
    return p->is_dying;
}

struct process *process_current(void)
{
    return current;
}

/* --- machines --- */

unsigned process_machine(void)
{
    return current != NULL ? current->machine : acting;
}

void process_act_on(unsigned machine)
{
    assert(current == NULL);
    acting = machine;
    switched();
}

/* --- time --- */

static struct {
    uint64_t from_ms;  /* at this true time ... */
    uint64_t shown_ms; /* ... the clock said this */
    enum process_clock how;
} clocks[PROCESS_MACHINES];

uint64_t process_clock(unsigned machine)
{
    uint64_t passed = process_now_ms - clocks[machine].from_ms, shown = clocks[machine].shown_ms;
    switch (clocks[machine].how) {
    case CLOCK_STANDS:
        return shown;
    case CLOCK_RUNS_BACK:
        return shown > passed ? shown - passed : 0;
    case CLOCK_RUNS:
        break;
    }
    return shown + passed;
}

void process_clock_set(unsigned machine, int64_t jump_ms, enum process_clock how)
{
    uint64_t shown = process_clock(machine);
    uint64_t back = jump_ms < 0 ? 0 - (uint64_t)jump_ms : 0;
    shown = jump_ms >= 0 ? shown + (uint64_t)jump_ms : shown > back ? shown - back : 0;
    clocks[machine].from_ms = process_now_ms;
    clocks[machine].shown_ms = shown;
    clocks[machine].how = how;
}

void process_clock_right(unsigned machine)
{
    clocks[machine].from_ms = clocks[machine].shown_ms = process_now_ms;
    clocks[machine].how = CLOCK_RUNS;
}

void process_reset(uint64_t now_ms)
{
    assert(current == NULL);
    process_now_ms = now_ms;
    acting = 0;
    for (unsigned i = 0; i < PROCESS_MACHINES; i++)
        process_clock_right(i);
}
