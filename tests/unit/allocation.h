/* Allocations of a program, counted, and failed where a test wants it. Its target is linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free, so that what this repository's code asks for comes by
 * here; what shared libraries ask for among themselves does not. */
#ifndef SATCHEL_ALLOCATION_H
#define SATCHEL_ALLOCATION_H

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static struct {
    uint64_t fail_at; /* this allocation, counted from 1, fails, once; 0: none does */
    uint64_t asked;   /* allocations since allocation_begin */
    size_t live, peak;
} allocation;

/* Counts from here on. What was allocated before must not be freed while counting goes on. */
static inline void allocation_begin(uint64_t fail_at)
{
    allocation.fail_at = fail_at;
    allocation.asked = 0;
    allocation.live = allocation.peak = 0;
}

static inline int allocation_fails(void)
{
    return ++allocation.asked == allocation.fail_at;
}

static inline void *allocation_add(void *p)
{
    allocation.live += p == NULL ? 0 : malloc_usable_size(p);
    allocation.peak = allocation.live > allocation.peak ? allocation.live : allocation.peak;
    return p;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : allocation_add(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : allocation_add(__real_calloc(count, size));
}

/* While it moves both the old block and the new one are there. */
void *__wrap_realloc(void *p, size_t size)
{
    size_t old = p == NULL ? 0 : malloc_usable_size(p);
    void *moved;
    if (allocation_fails() || (moved = __real_realloc(p, size)) == NULL)
        return NULL;
    (void)allocation_add(moved);
    allocation.live -= old;
    return moved;
}

void __wrap_free(void *p)
{
    allocation.live -= p == NULL ? 0 : malloc_usable_size(p);
    __real_free(p);
}

#endif
