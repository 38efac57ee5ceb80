/* Preloaded into a program, it moves the time of day, and the time since the machine was started, by as many seconds as
 * the file LATER_FILE says, whenever it is asked. So a test sees a ticket expire, a wrong clock, a laptop that slept.
 * Where the file says "N awake", the time that the machine was awake moves as well: the laptop did not sleep. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t later(clockid_t clock)
{
    const char *path = getenv("LATER_FILE");
    char text[32] = "";
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    close(fd);
    if (clock == CLOCK_MONOTONIC && strstr(text, "awake") == NULL)
        return 0;
    return strtol(text, NULL, 10);
}

/* The system's own names for the parameters are reserved ones. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME || clock == CLOCK_MONOTONIC))
        now->tv_sec += later(clock);
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
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
