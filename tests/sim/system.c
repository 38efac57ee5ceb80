/* What the operating system and libsodium give a program, as the simulation has it: the time is the machine's clock,
 * random numbers come from the seed, nobody sleeps, and a passphrase costs nothing. These stand before the C library's
 * and libsodium's own, in the whole process. */
#include "system.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "luck.h"
#include "process.h"

static struct luck random_luck;

static uint32_t next_number(void)
{
    return (uint32_t)(luck_next(&random_luck) >> 32);
}

static void fill(void *const out, const size_t size)
{
    uint8_t *at = out;
    for (size_t left = size; left != 0;) {
        uint64_t n = luck_next(&random_luck);
        size_t part = left < sizeof n ? left : sizeof n;
        memcpy(at, &n, part);
        at += part;
        left -= part;
    }
}

static const char *name(void)
{
    return "seed";
}

static struct randombytes_implementation seeded = {.implementation_name = name, .random = next_number, .buf = fill};

void system_seed(uint64_t seed)
{
    luck_seed(&random_luck, seed);
    (void)randombytes_set_implementation(&seeded);
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed & 0x7fffffff) | 1, (sqlite3 *)NULL);
}

/* The system's own names for the parameters are reserved ones. */
int clock_gettime(clockid_t which, struct timespec *out)
{
    uint64_t ms = which == CLOCK_REALTIME ? process_clock(process_machine()) : process_now_ms;
    out->tv_sec = (time_t)(ms / 1000);
    out->tv_nsec = (long)(ms % 1000) * 1000000;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    uint64_t ms = process_clock(process_machine());
    (void)zone;
    out->tv_sec = (time_t)(ms / 1000);
    out->tv_usec = (suseconds_t)(ms % 1000) * 1000;
    return 0;
}

time_t time(time_t *out)
{
    time_t now = (time_t)(process_clock(process_machine()) / 1000);
    if (out != NULL)
        *out = now;
    return now;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)wanted, (void)left;
    return 0;
}

int usleep(useconds_t wanted)
{
    (void)wanted;
    return 0;
}

int crypto_pwhash(unsigned char *const out, unsigned long long size, const char *const passphrase,
                  unsigned long long bytes, const unsigned char *const salt, unsigned long long operations,
                  size_t memory, int algorithm)
{
    crypto_generichash_state state;
    (void)operations, (void)memory, (void)algorithm;
    (void)crypto_generichash_init(&state, salt, crypto_pwhash_SALTBYTES, (size_t)size);
    (void)crypto_generichash_update(&state, (const unsigned char *)passphrase, bytes);
    return crypto_generichash_final(&state, out, (size_t)size);
}

/* --- allocations: the linker sends those of our own code here (--wrap); the simulator's, compiled as __real_malloc,
 * not --- */

static uint64_t until_failure[PROCESS_MACHINES]; /* 0: none fails */

void system_fail_allocation(unsigned machine, uint64_t n)
{
    until_failure[machine] = n;
}

int system_allocation_waits(unsigned machine)
{
    return until_failure[machine] != 0;
}

/* Does this one fail? Only those of programs: the simulator's own do not. */
static int fails(void)
{
    uint64_t *left = &until_failure[process_machine()];
    return process_current() != NULL && *left != 0 && --*left == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return fails() ? NULL : __real_realloc(at, size);
}
