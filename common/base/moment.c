/* Turns local time in words into UTC, and back. */
#include "moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define SHOWN "%Y-%m-%d %H:%M %Z"

/* 1: both name one time on the clock. timegm and mktime move a time that is on none, such as 31 April or the hour that
 * is skipped in spring, to another. */
static int is_same_clock(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday && a->tm_hour == b->tm_hour &&
           a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* Finds the unix time at which the clock here shows just that. zone: its name as people read it, which tells the hour
 * that comes twice in autumn, or "": any. later: of two the later one, else the earlier. -1: there is no such time
 * here. */
static int find_time(const struct tm *local, const char *zone, int later, time_t *when)
{
    /* -1 alone would not do: of an hour that comes twice it gives either, by what was asked before. */
    static const int summer[] = {1, 0, -1};
    int found = 0;
    for (size_t i = 0; i < sizeof summer / sizeof *summer; i++) {
        struct tm again = *local;
        char name[MOMENT_TEXT];
        time_t one;
        again.tm_isdst = summer[i];
        one = mktime(&again);
        if (one == (time_t)-1 || !is_same_clock(&again, local))
            continue;
        if (zone[0] != '\0' && (strftime(name, sizeof name, "%Z", &again) == 0 || strcmp(name, zone) != 0))
            continue;
        if (!found || (later ? one > *when : one < *when))
            *when = one;
        found = 1;
    }
    return found ? 0 : -1;
}

int moment_find_utc(const struct tm *utc, time_t *when)
{
    struct tm again = *utc;
    *when = timegm(&again);
    return is_same_clock(&again, utc) ? 0 : -1;
}

int moment_find_local(const struct tm *local, int later, time_t *when)
{
    return find_time(local, "", later, when);
}

int moment_from_words(const char *words, char out[MOMENT_TEXT], struct error *e)
{
    struct tm local, utc;
    size_t length = strlen(words);
    const char *rest;
    time_t when;
    if (length >= MOMENT_TEXT)
        return error_set(e, E_INPUT, "this is no time: write it as 2025-05-31 14:30");
    (void)snprintf(out, MOMENT_TEXT, "%s", words);
    if (length == 0 || words[length - 1] == 'Z')
        return 0;
    memset(&local, 0, sizeof local);
    if ((rest = strptime(words, "%Y-%m-%d", &local)) == NULL || (*rest != ' ' && *rest != 'T'))
        return 0;
    if ((rest = strptime(rest + 1, "%H:%M", &local)) == NULL || (*rest != 0 && *rest != ':' && *rest != ' '))
        return 0;
    if (*rest == ':' && ((rest = strptime(rest + 1, "%S", &local)) == NULL || (*rest != 0 && *rest != ' ')))
        return 0;
    rest += *rest == ' ';
    if ((strcmp(rest, "UTC") == 0 ? moment_find_utc(&local, &when) : find_time(&local, rest, 0, &when)) != 0)
        return error_set(e, E_INPUT, "there is no such time on this laptop's clock: %s; write it as 2025-05-31 14:30",
                         words);
    if (gmtime_r(&when, &utc) == NULL || strftime(out, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return error_set(e, E_INPUT, "this is no time: write it as 2025-05-31 14:30");
    return 0;
}

void moment_to_words(const char *moment, char out[MOMENT_TEXT])
{
    struct tm utc, local;
    time_t when;
    const char *rest;
    memset(&utc, 0, sizeof utc);
    (void)snprintf(out, MOMENT_TEXT, "%.*s", MOMENT_TEXT - 1, moment);
    rest = strptime(moment, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (rest == NULL || *rest != 0)
        return;
    when = timegm(&utc);
    if (localtime_r(&when, &local) == NULL || strftime(out, MOMENT_TEXT, SHOWN, &local) == 0)
        (void)snprintf(out, MOMENT_TEXT, "%.*s", MOMENT_TEXT - 1, moment);
}

void moment_of(uint64_t unix_ms, char out[MOMENT_TEXT])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL || strftime(out, MOMENT_TEXT, SHOWN, &local) == 0)
        (void)snprintf(out, MOMENT_TEXT, "no time");
}

void moment_span(uint64_t ms, char out[MOMENT_TEXT])
{
    static const struct {
        uint64_t ms;
        const char *name;
    } units[] = {{31556952000u, "year"}, {86400000u, "day"}, {3600000u, "hour"}, {60000u, "minute"}};
    size_t i = 0;
    while (i < 3 && ms < units[i].ms)
        i++;
    ms /= units[i].ms;
    (void)snprintf(out, MOMENT_TEXT, "%llu %s%s", (unsigned long long)ms, units[i].name, ms == 1 ? "" : "s");
}

void moment_written(uint64_t hlc, uint64_t wall_ms, uint64_t received_ms, char out[MOMENT_WRITTEN])
{
    int64_t off = clock_off(hlc, wall_ms, received_ms);
    char when[MOMENT_TEXT], span[MOMENT_TEXT];
    moment_of(wall_ms, when);
    moment_span((uint64_t)(off < 0 ? -off : off), span);
    if (off == 0)
        (void)snprintf(out, MOMENT_WRITTEN, "%s", when);
    else
        (void)snprintf(out, MOMENT_WRITTEN, "%s [wrong clock: at least %s %s]", when, span,
                       off > 0 ? "ahead" : "behind");
}
