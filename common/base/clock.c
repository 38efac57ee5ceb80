/* Stamps of the hybrid logical clock: the next one, one that was seen, one that a receipt bounds; the wall clock, and
 * how far it was off.
 */
#include "clock.h"

#include <time.h>

uint64_t clock_ms(uint64_t hlc)
{
    return hlc >> 16;
}

/* Stamps in a change are at most INT64_MAX, as SQLite's integers are. A laptop whose clock says the year 7000 must
 * still be able to save. */
#define STAMP_MAX ((uint64_t)INT64_MAX)

uint64_t clock_next(uint64_t last, uint64_t wall_ms)
{
    uint64_t wall = (wall_ms > clock_ms(STAMP_MAX) ? clock_ms(STAMP_MAX) : wall_ms) << 16;
    /* A full counter carries into the milliseconds, so that stamps go on rising. */
    if (wall > last)
        return wall;
    return last >= STAMP_MAX ? STAMP_MAX : last + 1;
}

uint64_t clock_seen(uint64_t last, uint64_t theirs)
{
    return theirs > last ? theirs : last;
}

uint64_t clock_effective(uint64_t hlc, uint64_t received_ms)
{
    uint64_t bound;
    if (received_ms == 0 || received_ms > CLOCK_MS_MAX)
        return hlc;
    bound = received_ms << 16 | 0xffff;
    return hlc < bound ? hlc : bound;
}

int64_t clock_off(uint64_t hlc, uint64_t wall_ms, uint64_t received_ms)
{
    if (received_ms != 0 && received_ms < wall_ms && wall_ms - received_ms > (uint64_t)CLOCK_FITS_MS)
        return (int64_t)(wall_ms - received_ms);
    if (wall_ms < clock_ms(hlc) && clock_ms(hlc) - wall_ms > (uint64_t)CLOCK_FITS_MS)
        return -(int64_t)(clock_ms(hlc) - wall_ms);
    return 0;
}

uint64_t clock_wall(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_steady(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int clock_text(uint64_t unix_ms, char out[CLOCK_TEXT])
{
    time_t when = (time_t)(unix_ms / 1000);
    struct tm tm;
    if (gmtime_r(&when, &tm) != NULL && strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) != 0)
        return 0;
    out[0] = 0;
    return -1;
}
