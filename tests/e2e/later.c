/* Preloaded into a program, it moves the wall clock by LATER_SECONDS (may be negative); all other clocks stay. So a
 * test can see a ticket expire, and a laptop whose clock is wrong. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const char *seconds = getenv("LATER_SECONDS");
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME && seconds != NULL)
        now->tv_sec += strtol(seconds, NULL, 10);
    return result;
}

/* SQLite asks this one. */
int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec t;
    int result = clock_gettime(CLOCK_REALTIME, &t);
    (void)zone;
    now->tv_sec = t.tv_sec;
    now->tv_usec = t.tv_nsec / 1000;
    return result;
}
